"""Every sentence that pages and tables say, held against slips of grammar.

The sentences of whole rendered sites are gathered: headlines, cards, actions, points, titles,
captions, notes, gaps, prose and the cells that are sentences, in pages and in CSV files. Each rule
is a function of one text that returns the slip it finds, with an example of its own that it must
find and one that it must leave alone.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from kamlib.page import pieces
from kamlib.page.export import csv_text, restored
from kamlib.story.statements import Action, Card, Point

from .browser import made

LEAST_WORDS = 3
"""A cell of so many words may be a sentence."""

SELECTORS = (
    "h1",
    "h2",
    "h3",
    ".sentences li",
    "summary",
    ".card .label",
    ".card .change",
    ".card .vh",
    ".changed",
    ".to-do",
    ".owner",
    ".by",
    "figcaption p",
    ".points h3",
    ".points li > .label",
    ".points li > bdi",
    ".points small",
    "p.note",
    "p.gap",
    ".prose p",
    ".prose li",
    ".gaps dt",
    ".gaps dd p",
    "dl.definitions dd",
    "p.rows",
)


class Said(NamedTuple):
    """A text, where it stands, and the text without the names of accounts, which have rules of
    their own.
    """

    where: str
    text: str
    bare: str = ""


def plain(text: object) -> str:
    return " ".join(str(text).replace("\u00a0", " ").replace("\u202f", " ").split())


def is_sentence(text: str) -> bool:
    """Whether a cell says something, and is no name, code or figure."""
    return text.count(" ") >= LEAST_WORDS - 1 and bool(re.search(r"[a-z]{2}", text))


def said_on_page(file: Path) -> Iterator[Said]:
    """Return every text of a page, and every cell of its tables that is a sentence, whole."""
    written = re.sub(r"<svg\b.*?</svg>", "", file.read_text(encoding="utf-8"), flags=re.S)
    soup = BeautifulSoup(written, "html.parser")
    for tag in soup.select(".anchor-link"):
        tag.extract()
    for tag in soup.select(", ".join(SELECTORS)):
        kind, where = ".".join([tag.name, *tag.get("class", ())]), tag.find_parent(id=True)
        yield Said(f"{file.name} {kind} in {where and where['id']}", plain(tag.get_text()))
    for tag in soup.select(".drawing[aria-label]"):
        yield Said(f"{file.name} drawing", plain(tag["aria-label"]))
    for island in soup.select("script.rows-of"):
        data = json.loads(island.string)
        for column, cells, texts in zip(
            data["columns"], data["cells"], made.texts_of(data), strict=True
        ):
            if column["kind"] in ("text", "prose"):
                whole = [
                    str(c) if t.endswith("…") else t for c, t in zip(cells, texts, strict=True)
                ]
                yield from cells_said(f"{file.name} {data['name']}.{column['key']}", whole)


def said_in_table(file: Path) -> Iterator[Said]:
    """Return every cell of a published table that is a sentence."""
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    for column in rows[0] if rows else ():
        yield from cells_said(f"{file.name} {column}", [restored(row[column]) for row in rows])


def cells_said(where: str, cells: list[str]) -> Iterator[Said]:
    for text in dict.fromkeys(map(plain, cells)):
        if is_sentence(text):
            yield Said(where, text)


def said_in(folder: Path) -> list[Said]:
    """Return what a rendered period says, each text once for each kind of place."""
    found = [one for file in sorted(folder.rglob("*.html")) for one in said_on_page(file)]
    found += [one for file in sorted(folder.rglob("*.csv")) for one in said_in_table(file)]
    names = names_in(folder)
    bare = {one.text: names.sub("Acme", one.text) for one in found}
    said = [one._replace(bare=bare[one.text]) for one in found]
    return list(
        {(one.where, one.text): one for one in said if one.bare not in ("", "Acme")}.values()
    )


def names_in(folder: Path) -> re.Pattern[str]:
    """Return a pattern of the names of all accounts and groups: "Sp. z o.o." is no slip."""
    names: set[str] = set()
    for file in folder.rglob("account_*.csv"):
        table = pd.read_csv(file, dtype="str", keep_default_na=False)
        for column in {"name", "group_name"} & set(table):
            names |= {plain(restored(name)) for name in table[column]}
    known = sorted((name for name in names if re.search(r"\D", name)), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, known)) or r"(?!)")


# The rules

Rule = Callable[[str], "str | None"]
RULES: dict[str, tuple[Rule, str, str]] = {}
SEES_NAMES = {"doubled_full_stop", "empty_quotes"}
"""Rules that a name can break with the words around it: "Ines Ltd..", "Bon app''s"."""

SINGULAR = (
    "account|customer|order|manager|day|week|month|quarter|year|period|contact|criterion|line|"
    "row|case|need|role|prospect|incident|invoice|agreement|opportunity|objective|action|"
    "decision|visit|point|group|category|product|place|class|loss|score|rating|tender|target|"
    "weighting|company|delivery|finding|dossier"
)
PLURAL = "|".join(
    f"{noun[:-1]}ies"
    if noun.endswith("y") and noun[-2] != "a"
    else f"{noun}es"
    if noun[-1] == "s"
    else f"{noun}s"
    for noun in SINGULAR.split("|")
).replace("criterions", "criteria")
FOLLOWS = (
    r"(?=[.,;:)]|$| (?:is|are|was|were|has|have|of|in|on|at|with|without|that|to|and|or|from|by|"
    r"for)\b)"
)
MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"


def rule(bad: str, fine: str) -> Callable[[Rule], Rule]:
    """File a rule with a text that it must find a slip in and one that it must not."""

    def file(function: Rule) -> Rule:
        RULES[function.__name__] = (function, bad, fine)
        return function

    return file


def found(pattern: str, text: str, flags: int = 0) -> str | None:
    match = re.search(pattern, text, flags)
    return match and match[0]


@rule("None of 4 managers is not rated.", "None of 4 managers is rated. That is not much.")
def none_of_not(text):
    """A double negation."""
    return found(r"\bNone of [^.;:]*\bnot\b", text)


@rule("1 of 4 managers have a rating.", "1 of 4 managers has a rating; 2 have none.")
def one_of_several_is_one(text):
    return found(
        r"(?<![\d.,])\b(?:1|[Oo]ne) of (?:the |our )?[\d,]+(?: [\w-]+){1,3} (?:have|are|were|do)\b",
        text,
    )


@rule("Below it 1 account were lost.", "1 account was lost; terms of 1 order are late.")
def one_thing_is_one(text):
    noun, verb = r"(?!of\b)[a-z-]+(?: (?!they|we|you)[a-z-]+)?", "(?:were|are|have)"
    return found(rf"(?<!of )(?<![\d.,/–-])\b(?:1|[Oo]ne) {noun} {verb}\b", text)


@rule("10 have ordered again, 1 are lost.", "10 have ordered again, 1 is lost.")
def one_alone_is_one(text):
    return found(r"(?<![\d.,/–-])\b1 (?:are|have|were)\b", text)


@rule("24 accounts is overdue.", "24 accounts are overdue; 1 of 24 accounts is lost.")
def several_things_are_several(text):
    return found(rf"(?:^|[.;:] )(?:[2-9]|\d{{2,}}) (?:{PLURAL}) (?:is|was|has)\b", text)


@rule("Key accounts: 6 = 0 on the year before.", "No group is (log-rank test, p = 0.16).")
def equal_sign_in_a_sentence(text):
    return found(r"(?:^|\S+ )= 0\b(?!\.\d)", text)


@rule("It counts as as lost.", "It counts as lost; so it is, is it?")
def doubled_word(text):
    return found(r"\b([^\W\d_]+) \1\b", text, re.IGNORECASE)


@rule("Take the the larger.", "Take the larger.")
def doubled_article(text):
    return found(r"\b(?:the|a|an) (?:the|a|an)\b", text)


@rule("It has a 8 in ten chance.", "It has an 8 in ten chance, a 12 % share and a 7.")
def a_before_a_vowel(text):
    return found(r"\ba (?:8\d*|11|18)\b(?![,.]\d{3})", text) or found(
        r"\ba (?:[aei]|o(?!ne|nce))(?!u|wr)[a-z]+\b", text
    )


@rule("It is an large share, an 7 in ten.", "It is an hour late, an 8 in ten, an NRR of 9.")
def an_before_a_consonant(text):
    return found(r"\ban (?:[1-79]\d?|10|1[2-79])\b", text) or found(
        r"\ban (?!hour|honest|heir)[bcdfghjklmnpqrstvwxyz][a-z]+\b", text
    )


@rule("Nothing is owed..", "It was Ines Ltd.'s order … and so on.")
def doubled_full_stop(text):
    return found(r"\S*(?<!\.)\.\.(?!\.)", text) or found(r"\S* ?\. \.", text)


@rule("Is it lost?.", "Is it lost? Yes.")
def doubled_punctuation(text):
    return found(r"\S*(?:[?!:;,]\.|[,;:]{2}|[.?!;:],|[.,?!];|…\.)", re.sub(r"\b\w+\.,", "", text))


@rule("Call , then visit.", "Call, then visit: 12.3 % … at once")
def space_before_punctuation(text):
    return found(r"\S+ [,.;:!?](?=\s|$)", text)


@rule("Lost (two of them.", "Lost (two of them).")
def unbalanced_brackets(text):
    depth = 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth < 0:
            break
    return None if depth == 0 else text


@rule("It is late. call them.", "It is late, e.g. by 3 days. Call them.")
def lower_case_after_a_full_stop(text):
    return found(r"(?<!e\.g)(?<!i\.e)(?<!vs)(?<!incl)(?<!etc)(?<!\bno)[.?!] [a-z]\w*", text)


@rule("the account is overdue, and late.", "The account is overdue.")
def lower_case_start(text):
    """Of whole sentences only: a cell may be half of one."""
    return found(r"^[a-z]+,? \w.*\.$", text) if text.count(" ") > 3 else None


@rule("It is silent for n/a days.", "Days silent, n/a where it never ordered.")
def gap_in_a_sentence(text):
    if not is_sentence(text) or re.search(r"n/a(?: where|:| means|,? if)|\bn/a\)?$", text):
        return None
    return found(r"(?:\S+ )?n/a\b.{0,12}", text)


@rule("Its margin is nan here.", "Nan Bo's margin is not known.")
def not_a_number(text):
    return found(r"\b(?:nan|NaN|NaT|null|inf)\b|<NA>", text)


@rule("Owner: None", "None of 24 is late. None is lost: None is known.")
def nothing_by_its_python_name(text):
    return found(
        r"(?<![.:;?!(“\"])(?<!^) ?(?<=[\w,:] )None\b(?! (?:of|is|are|has|was|needs)\b)", text
    )


@rule("It lost 1 accounts.", "It lost 1 account, and 1 is late.")
def one_of_a_plural(text):
    return found(rf"(?<![\d.,/–-])\b(?<!of )1 (?:[a-z]+ )?(?:{PLURAL})\b", text)


@rule("It lost 24 account.", "It lost 24 accounts; 2 account managers left, a 12-month window.")
def several_of_a_singular(text):
    return found(rf"(?<![\w.,/–-])(?:[2-9]|[1-9]\d+|\d+,\d{{3}}) (?:{SINGULAR}){FOLLOWS}", text)


@rule("Andrew Fuller 1. Call, the most money first.", "Andrew Fuller has 1. Paid 3 Jan 2025.")
def number_glued_to_a_name(text):
    name = rf"[A-Z][a-zé]+ (?!(?:{MONTHS})\b)[A-Z][a-zé]+"
    return found(rf"\b{name} \d+(?:[.,;]|$| and )(?!\d)", text)


@rule("It is called ''.", "It is called 'Bo', the owners' own.")
def empty_quotes(text):
    return found(r"(?:''|\"\"|‘’|“”|«»|\(\s*\))", text)


@rule("5 are lost, 0 still silent.", "5 are lost, none is silent; 0 of 9 late, 0 to 24 % of hours.")
def zero_things(text):
    return found(rf"(?<![\d.,])\b0 (?!days|weeks|months)(?:still|{PLURAL})\b", text)


@rule("No margin class: no margin; No revenue class.", "No revenue class; Ines Ltd was lost.")
def capital_after_a_semicolon(text):
    return found(r"; (?:No|None|The|It|Its|All|One|Two|Of|Only|New|Above|Below)\b", text)


@rule("Call them and", "Call them, then visit.")
def ends_midway(text):
    return found(r"\b(?:and|or|of|the|with|by|from|because)\.?$", text)


@rule("Key accounts is heading for € 3 k.", "A key account is heading for € 3 k.")
def plural_at_the_start_is_plural(text):
    return found(
        r"^(?:[A-Z][a-z]+ )?(?:accounts|orders|managers|months|days) (?:is|was|has)\b", text, re.I
    )


def slips(said: list[Said], *names: str) -> list[str]:
    """Return every slip, of the rules named or of all: the rule, the place, the slip, its text."""
    return [
        f"{name}: {slip!r} at {one.where}: {one.text}"
        for one in said
        for name in names or RULES
        if (slip := RULES[name][0](one.text if name in SEES_NAMES else one.bare or one.text))
    ]


# The rules find what they are for


@pytest.mark.parametrize("name", RULES)
def test_a_rule_finds_its_slip_and_nothing_else(name):
    check, bad, fine = RULES[name]
    assert check(bad), bad
    assert check(fine) is None, fine


@pytest.mark.parametrize("name", RULES)
def test_a_sentence_that_is_fine_passes_every_rule(name):
    fine = RULES[name][2]
    assert slips([Said("here", fine)]) == []


# Nothing that is said escapes


def test_a_slip_is_found_wherever_it_stands(tmp_path):
    bad = [f"Place {number} is is wrong here." for number in range(24)]
    data = made.data_of()
    prose = "x" * 61 + " and more than a cell shows"
    table = pd.DataFrame({"name": ["Ann", "Bo"], "note": [bad[0], prose + " " * 1 + bad[1]]})
    few = table.assign(note=bad[2])
    cells = [
        made.code(pieces.headline(data, bad[3], [*bad[4:11], bad[11], bad[12]])),
        made.code(pieces.cards(data, [Card(bad[13], 1.0, note=bad[14])])),
        made.code(pieces.actions(data, [Action(bad[15], bad[16], "Bo", bad[17])])),
        made.code(pieces.note(bad[18])),
        made.code(pieces.points("p", [Point(bad[19], "", bad[20], bad[21])])),
        made.code(made.table(table, "long", title=bad[22], caption=bad[23])),
        made.code(made.table(few, "few")),
    ]
    made.write(tmp_path, "page.html", made.html_of(cells))
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "t.csv").write_text(
        csv_text(pd.DataFrame({"account_id": ["A"], "why": ["The CSV is is wrong."]}))
    )
    text = "\n".join(slips(said_in(tmp_path)))
    missing = [one for one in [*bad, "The CSV is is wrong."] if one not in text]
    assert missing == []


# What is published


@pytest.fixture(
    scope="session",
    params=["sample", "orders_alone", pytest.param("northwind", marks=pytest.mark.soak)],
)
def said(request):
    """What one book's report says; in the long form of one more."""
    return said_in(request.getfixturevalue(f"{request.param}_report").folder)


def test_a_report_says_much(said):
    assert len(said) > 300


@pytest.mark.parametrize("name", RULES)
def test_no_sentence_slips(said, name):
    found = slips(said, name)
    assert found == [], "\n".join(found)


if __name__ == "__main__":  # python -m tests.test_sentences FOLDER: the slips of a rendered period
    import sys

    print("\n".join(line for folder in sys.argv[1:] for line in slips(said_in(Path(folder)))))
