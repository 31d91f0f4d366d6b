"""Other languages: what is said in them, what is missing, and that a book turns them on."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from string import Formatter

import pandas as pd
import pytest
from babel.messages.pofile import read_po

from kamlib.book import BookSettings, validated
from kamlib.errors import KamError
from kamlib.messages import code_messages
from kamlib.page import rows
from kamlib.report.prose import in_its_language
from kamlib.story.losses import chart_loss_dynamics
from kamlib.words import (
    GAP,
    collated,
    count,
    count_untranslated,
    counted,
    date,
    languages,
    money,
    number,
    plural,
    say,
    speaking,
    untranslated,
)
from kamlib.words.language import FOLDER, TEMPLATE
from tests import grammar, pseudo

ENGLISH_WORDS = {"the", "of", "and", "with", "which", "their", "has", "have", "is", "are", "from"}
HEADER = 'msgid ""\nmsgstr ""\n"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
GERMAN = """
msgid "{accounts} with {amount} a year {were} lost"
msgstr "{accounts} mit {amount} im Jahr {were:ging|gingen} verloren"

msgid "{number} account"
msgid_plural "{number} accounts"
msgstr[0] "{number} Kunde"
msgstr[1] "{number} Kunden"

msgid "one account"
msgid_plural "{number} accounts"
msgstr[0] "ein Kunde"
msgstr[1] "{number} Kunden"

msgid "no accounts"
msgstr "keine Kunden"

msgid "two"
msgstr "zwei"

msgid "{currency} {amount}"
msgstr "{amount} {currency}"

msgid "k"
msgstr "Tsd."

msgid "no offer fits the reason"
msgstr "kein Angebot passt {zum Grund}"
"""
LOST = "{accounts} with {amount} a year {were} lost"


@pytest.fixture
def german(tmp_path, monkeypatch):
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / "messages.po").write_text(HEADER + GERMAN, encoding="utf-8")
    monkeypatch.setenv("KAM_LANGUAGES", str(tmp_path))
    count_untranslated(anew=True)
    with speaking("de"):
        yield
    count_untranslated(anew=True)


def lost(many: int) -> str:
    accounts, amount = count(many, "account"), money(1200 * many)
    were = plural(many, "was", "were")
    return say(LOST, accounts=accounts, amount=amount, were=were).replace(GAP, " ")


class TestGerman:
    @pytest.mark.parametrize(
        ("many", "said"),
        [
            (0, "0 Kunden mit 0 im Jahr gingen verloren"),
            (1, "1 Kunde mit 1,20 Tsd. im Jahr ging verloren"),
            (12, "12 Kunden mit 14,4 Tsd. im Jahr gingen verloren"),
        ],
    )
    def test_a_sentence_agrees_with_its_count(self, german, many, said):
        assert lost(many) == said

    def test_small_counts_are_words_where_the_language_has_them(self, german):
        said = [counted(many, "account") for many in (0, 1, 2, 3, 24)]
        assert said == ["keine Kunden", "ein Kunde", "zwei Kunden", "three Kunden", "24 Kunden"]

    def test_months_figures_and_money_are_of_the_language(self, german):
        book = BookSettings(title="T")
        told = [date("2025-10-05"), number(1234.5), money(1_240, book)]
        assert [one.replace(GAP, " ") for one in told] == ["5. Okt. 2025", "1.235", "1,24 Tsd. €"]

    def test_the_books_own_locale_goes_before(self, german):
        assert number(1234567, BookSettings(title="T", locale="en_US")) == "1,234,567"

    def test_what_is_missing_is_english_and_counted(self, german):
        assert say("it closed") == "it closed"
        assert say("Kettle & Sons") == "Kettle & Sons"
        assert untranslated() == {"it closed"}

    def test_a_translation_that_cannot_be_filled_in_is_english_and_counted(self, german):
        assert say("no offer fits the reason", reason=1) == "no offer fits the reason"
        assert untranslated() == {"no offer fits the reason"}

    def test_facts_stay_english_and_sentences_do_not(self, german):
        told = chart_loss_dynamics(
            pd.DataFrame(
                {
                    "month": pd.to_datetime(["2025-09-30"]),
                    "is_known": [True],
                    "lost_count": [1],
                    "lost_12m_count": [1.0],
                    "revenue_lost_12m": [1000.0],
                    "returned_count": [0],
                }
            ),
            book=BookSettings(title="T"),
        )
        assert told.title.replace(GAP, " ").startswith("1 Kunde mit 1,00 Tsd. € im Jahr ging")


def test_an_unknown_language_is_refused_with_the_nearest():
    with pytest.raises(KamError, match="no language 'zz'"):
        validated(BookSettings, {"title": "T", "language": "zz"}, "", "book.toml")


def test_english_is_as_it_stands_and_nothing_is_missing():
    count_untranslated(anew=True)
    assert lost(1) == "1 account with 1.20 k a year was lost"
    assert untranslated() == frozenset()


def test_an_agreement_word_is_marked_in_the_template():
    code = 'were = plural(n, "was", "were")\nsay("{many} {were} {back}", many=1, were=were, back=2)'
    [(message, notes)] = code_messages(code)
    assert message == "{many} {were} {back}"
    assert notes == ["{were} may be left out, or chosen by the count: {were:…|…}"]


@pytest.mark.parametrize("code", sorted(languages()))
class TestShippedLanguage:
    def catalog(self, code):
        with (FOLDER / code / "messages.po").open("rb") as file:
            return read_po(file, locale=code)

    def template(self):
        with (FOLDER / TEMPLATE).open("rb") as file:
            return {self.ids(one)[0]: one for one in read_po(file) if one.id}

    def ids(self, message):
        return message.id if isinstance(message.id, tuple) else (message.id,)

    def strings(self, message):
        return message.string if isinstance(message.string, tuple) else (message.string,)

    def fields(self, text):
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}

    def test_it_has_the_facts_of_each_message(self, code):
        template, wrong = self.template(), []
        for one in self.catalog(code):
            if not one.id or one.fuzzy or not all(self.strings(one)):
                continue
            known = template.get(self.ids(one)[0])
            notes = known.auto_comments if known else []
            optional = set(re.findall(r"\{(\w+)\} may be left out", " ".join(notes)))
            wanted = set.union(*map(self.fields, self.ids(one))) - optional
            for text in self.strings(one):
                extra = self.fields(text) - wanted - optional
                least = set() if isinstance(one.id, tuple) else wanted - self.fields(text)
                bare = [name for name in optional if f"{{{name}}}" in text]
                if extra or least or bare:
                    wrong.append((one.id, text))
        assert wrong == []

    def test_each_count_has_its_forms(self, code):
        catalog = self.catalog(code)
        several = [one for one in catalog if isinstance(one.id, tuple) and all(self.strings(one))]
        assert [one.id for one in several if len(one.string) != catalog.num_plurals] == []

    def test_no_english_is_left_in_it(self, code):
        """Its words are its own; names of files, settings and columns stay."""
        left = []
        for one in self.catalog(code):
            for text in self.strings(one) if one.id else ():
                own = re.sub(r"`[^`]*`|\{[^{}]*\}|\]\([^)]*\)|<[^>]*>", "", text)
                if ENGLISH_WORDS & set(re.findall(r"\w+", own.lower())):
                    left.append(text)
        assert left == []

    def test_it_says_of_most_what_there_is(self, code):
        catalog = [one for one in self.catalog(code) if one.id]
        said = [one for one in catalog if all(self.strings(one))]
        assert len(said) >= 0.95 * len(self.template())

    def test_an_empty_table_whose_title_says_so_says_no_more(self, code):
        none = {"de": "Kein Kunde wechselte", "vi": "Không khách hàng nào đổi hạng"}[code]
        with speaking(code):
            assert rows.nothing_said(none) == f"{none}."
            assert rows.nothing_said("ABC") != "ABC."

    @pytest.mark.parametrize("many", [0, 1, 2, 12])
    def test_a_sentence_has_no_braces_left(self, code, many):
        with speaking(code):
            assert "{" not in lost(many) + counted(many, "account")


@pytest.mark.parametrize("many", [0, 1, 2, 5])
@pytest.mark.parametrize("code", ["en", "de", "vi"])
def test_sentences_agree_with_their_count(code, many):
    said = tomllib.loads(Path("tests/data/sentences.toml").read_text(encoding="utf-8"))
    with speaking(code):
        assert grammar.told(many) == said[code][str(many)]["sentences"]


def test_what_key_accounts_are_called_is_said_inside_a_sentence():
    """A noun is counted, or said: as it stands it would be English in every language."""
    bare = [
        f"{file.name}:{node.lineno}"
        for file in sorted(Path("kamlib/story").glob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say"
        for fact in node.keywords
        if fact.arg == "key" and getattr(getattr(fact.value, "func", None), "id", "") != "say"
    ]
    assert bare == []


def test_names_stand_in_the_order_of_the_alphabet():
    names = ["Zeta", "Öz", "Ost", "ähnlich", "Ahorn"]
    with speaking("de"):
        assert sorted(names, key=collated) == ["ähnlich", "Ahorn", "Ost", "Öz", "Zeta"]
    with speaking("vi"):
        said = sorted(["Đức", "Dũng", "Ân", "Ánh", "Ăn", "An", "Ơn", "Ông", "Oanh"], key=collated)
    assert said == ["An", "Ánh", "Ăn", "Ân", "Dũng", "Đức", "Oanh", "Ông", "Ơn"]


class TestPseudo:
    """A language of brackets and accents: plain words on a page have escaped translation."""

    @pytest.fixture
    def tongue(self, tmp_path, monkeypatch):
        monkeypatch.setenv("KAM_LANGUAGES", str(pseudo.write_language(tmp_path / "tongues")))
        return BookSettings(title="T", language=pseudo.CODE)

    def test_prose_of_a_notebook_is_said_and_keeps_its_anchor(self, tongue):
        import nbformat

        from kamlib.report.pages import PAGES, notebook_file

        node = nbformat.read(notebook_file(PAGES["programme"]), as_version=4)
        with speaking(pseudo.CODE):
            told = [c for c in in_its_language(node).cells if c.cell_type == "markdown"]
        known = pseudo.Known(Path("data/sample"))
        plain = [known.escaped(c.source) for c in told if "parameters" not in c.source]
        anchors = [c.metadata["anchor"] for c in told if "anchor" in c.metadata]
        assert "Engagement-and-loyalty" in anchors
        assert plain == [[]] * len(plain)
