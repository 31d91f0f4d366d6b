"""A book whose every text tries to become markup, script, link or formula: nothing of it does (S1,
S2, S3).
"""

from __future__ import annotations

import csv
import json
import re
import tomllib
import zipfile
from types import SimpleNamespace

import openpyxl
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from kamlib.page.export import neutralised
from kamlib.tables import CANONICAL

from .forked import kam
from .payloads import FORMULAS, MARKUP, TEXTS

CURRENCY = "<u>$</u>"
DOSSIERS = ("<script>alert(1)</script>", "../../x", "=1+1", '"onload=alert(1)')
ACCOUNTS = [*DOSSIERS, *(f"{text} {number}" for number, text in enumerate(TEXTS))]
MANAGERS = [f"{MARKUP[3 * number]} {number}" for number in range(5)]
IDS = {
    "account_id": ACCOUNTS,
    "manager_id": MANAGERS,
    "product_id": [f"{text} {number}" for number, text in enumerate(TEXTS)],
    "parent_id": [""] * 3 + [ACCOUNTS[1]],
}
AS_OF = pd.Timestamp("2025-09-30")


def cell(table, column, row):
    """The value of a cell: a payload in every text, something usable in every other column."""
    if column.name == "currency" and table == "orders":
        return CURRENCY
    if column.name == "account_id" and table not in ("accounts", "orders"):
        return DOSSIERS[row % len(DOSSIERS)]
    if column.name in IDS:
        return IDS[column.name][row % len(IDS[column.name])]
    if column.type == "text":
        return TEXTS[(row + sum(map(ord, column.name))) % len(TEXTS)]
    if column.type == "id":
        return f"{TEXTS[row % len(TEXTS)]} {table[:2]}{row}"
    if column.type == "choice":
        return column.choices[row % len(column.choices)]
    if column.type == "flag":
        return ("true", "false")[row % 2]
    if column.type in ("date", "month"):
        late = {"end_date": 400, "expected_close": 300, "due_date": 60, "resolved_date": 20}.get(
            column.name, 0
        )
        day = AS_OF - pd.Timedelta(days=(row * 37) % 700 + 1 - late)
        return f"{day + pd.offsets.MonthEnd(0) if column.type == 'month' else day:%Y-%m-%d}"
    least, most = column.least or 0, column.most or 500
    return (
        f"{least + (row % 7) / 7 * (most - least):.2f}"
        if column.type == "number"
        else f"{100 + row % 50}"
    )


def table_text(name):
    """A canonical table as CSV: as many rows as there are payloads, and rows to be set aside."""
    table = CANONICAL[name]
    if name == "orders":
        rows = [
            [cell(name, column, row) for column in table.columns]
            for row in range(len(ACCOUNTS) * 8)
        ]
    else:
        count = len(MANAGERS) if name == "managers" else len(ACCOUNTS)
        rows = [[cell(name, column, row) for column in table.columns] for row in range(count)]
    for payload in (MARKUP[0], FORMULAS[1]):
        rows.append(
            [payload if column.type != "id" else f"{payload} aside" for column in table.columns]
        )
    lines = [table.names, *rows]
    return (
        "\n".join(",".join('"' + text.replace('"', '""') + '"' for text in line) for line in lines)
        + "\n"
    )


def quoted(text):
    """Text as a TOML string."""
    return json.dumps(text).replace("\x7f", "\\u007f")


BOOK = f"""
title = {quoted(MARKUP[15])}
currency = {quoted(CURRENCY)}
[key_accounts]
definition = {quoted(MARKUP[7])}
version = {quoted(MARKUP[4])}
min_score = 4
[segmentation.treatments]
AX = {quoted(MARKUP[3])}
[programme]
team_roles = [{quoted(MARKUP[4])}, {quoted(FORMULAS[0])}]
[programme.required_ratings]
{quoted(MARKUP[9])} = 3
[programme.readiness]
potential = {quoted(MARKUP[2])}
[[scoring.criteria]]
name = {quoted(MARKUP[0])}
measure = "growth"
weight = 0.4
side = "attractiveness"
[[scoring.criteria]]
name = {quoted(FORMULAS[1])}
measure = "regularity"
weight = 0.3
side = "strength"
[[scoring.criteria]]
name = {quoted(MARKUP[19])}
judged = true
weight = 0.3
side = "attractiveness"
[scoring.criteria.texts]
"5" = {quoted(MARKUP[14])}
[win_back]
budget = 5000
"""


def plan_text(account):
    """An account plan with payloads in every text."""
    everything = ", ".join(map(quoted, TEXTS))
    said = "\n".join(
        f"{key} = {quoted(MARKUP[number])}"
        for number, key in enumerate(
            ["goals", "structure", "environment", "culture", "financials", "critical_to_customer"]
        )
    )
    objectives = "\n".join(
        f"[[objectives]]\nid = {quoted(f'{text} {number}')}\nhorizon = "
        f'"{("short", "medium", "long")[number % 3]}"\n'
        f"text = {quoted(text)}\nowner = {quoted(text)}\ndue = 2025-1{number % 3}-01\nlesson = "
        f"{quoted(text)}\n"
        f"target = {quoted(text)}\n"
        for number, text in enumerate(MARKUP)
    )
    actions = "\n".join(
        f'[[actions]]\nid = {quoted(f"{text} {number}")}\nhorizon = "short"\ntext = '
        f"{quoted(text)}\n"
        f"owner = {quoted(text)}\ndue = 2025-12-01\n"
        for number, text in enumerate(MARKUP)
    )
    return f"""account_id = {quoted(account)}
updated = 2025-07-26
start = 2025-01-01
[relationship]
summary = {quoted(MARKUP[8])}
[account]
{said}
[swot]
strengths = [{everything}]
weaknesses = [{everything}]
opportunities = [{everything}]
threats = [{everything}]
{objectives}
{actions}
[programme]
offer = {quoted(MARKUP[5])}
contact_card = {quoted(MARKUP[6])}
coordination = {quoted(MARKUP[12])}
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """The report of the hostile book, its pages parsed."""
    book, out = tmp_path_factory.mktemp("hostile"), tmp_path_factory.mktemp("site")
    (book / "plans").mkdir()
    (book / "book.toml").write_text(BOOK, encoding="utf-8")
    for name in CANONICAL:
        (book / f"{name}.csv").write_text(table_text(name), encoding="utf-8", newline="")
    for account in DOSSIERS[
        2:
    ]:  # a plan is named after its account; the other ids are no file names
        text = plan_text(account)
        assert tomllib.loads(text)["account_id"] == account
        (book / "plans" / f"{account}.toml").write_text(text, encoding="utf-8")
    run = kam(
        "report",
        "--book",
        book,
        "--period",
        "2025-Q3",
        "--accounts",
        ",".join(DOSSIERS),
        "--out",
        out,
        "--debug",
    )
    assert run.returncode == 0, run.stderr
    folder = out / "2025-Q3"
    pages = {
        path.relative_to(out).as_posix(): BeautifulSoup(
            path.read_text(encoding="utf-8"), "html.parser"
        )
        for path in sorted(out.rglob("*.html"))
    }
    return SimpleNamespace(out=out, folder=folder, pages=pages, run=run, book=book)


def normal(text):
    """Text as it reads: blanks joined; signs that cannot be seen, and apostrophes that guard,
    apart.
    """
    return " ".join(re.sub("[\u2028\u2029\u202e\u200b]", " ", text).split())


def texts_of(page):
    """Every text of a page that a reader can see or call up: what is drawn, and the rows its script
    draws.
    """
    copy = BeautifulSoup(str(page), "html.parser")
    rows = [json.loads(tag.string) for tag in copy.select("script.rows-of")]
    for tag in copy(["script", "style"]):
        tag.extract()
    cells = [
        str(text)
        for data in rows
        for column in data["cells"]
        for text in column
        if isinstance(text, str)
    ]
    return normal(copy.get_text(" ")) + "\n" + "\n".join(map(normal, cells))


def test_every_page_is_rendered_and_no_id_writes_outside(hostile):
    names = set(hostile.pages)
    assert {
        f"2025-Q3/{page}.html"
        for page in ("index", "segmentation", "scoring", "retention", "programme")
    } < names
    dossiers = [name for name in names if name.startswith("2025-Q3/dossiers/")]
    assert len(dossiers) == len(DOSSIERS) + 1
    assert all(
        re.fullmatch(r"2025-Q3/dossiers/[A-Za-z0-9_-]{1,80}\.html", name) for name in dossiers
    )
    assert {path.name for path in hostile.out.iterdir()} == {"index.html", "2025-Q3"}


def test_no_page_has_an_active_node(hostile):
    for name, page in hostile.pages.items():
        scripts = [tag for tag in page("script") if tag.get("type") != "application/json"]
        assert len(scripts) == 1, name
        assert not page(
            ["iframe", "object", "embed", "form", "base", "video", "math", "plaintext", "noscript"]
        ), name
        assert not page.body(["style", "link", "meta"]), name
        titles = [title for title in page("title") if title.find_parent("svg") is None]
        assert not [
            tag for tag in page.body("img") if not str(tag.get("src", "")).startswith("data:image/")
        ], name
        assert len(page("meta")) == 5 and len(titles) == 1, name
        for tag in page(True):
            for key, value in tag.attrs.items():
                assert not key.lower().startswith("on") and key not in ("srcdoc", "autofocus"), (
                    name,
                    tag.name,
                    key,
                )
                if key in ("href", "src", "action", "data", "xlink:href") and tag.name != "link":
                    assert not re.match(r"\s*([a-z][a-z0-9+.-]*:|//)", str(value), re.I), (
                        name,
                        tag.name,
                        value,
                    )


@pytest.mark.parametrize(
    ("page", "payloads"),
    [
        ("segmentation", TEXTS),
        ("scoring", TEXTS),
        ("retention", TEXTS),
        ("dossiers/1-1", MARKUP),
    ],
)
def test_every_payload_is_shown_as_text(hostile, page, payloads):
    found = [name for name in hostile.pages if name.startswith(f"2025-Q3/{page}")]
    assert len(found) == 1, sorted(hostile.pages)
    said = texts_of(hostile.pages[found[0]])
    assert [text for text in payloads if normal(text) not in said] == []


def test_the_title_the_currency_and_the_criteria_are_text(hostile):
    scoring = texts_of(hostile.pages["2025-Q3/scoring.html"])
    assert MARKUP[15] in texts_of(hostile.pages["index.html"])
    for text in (MARKUP[15], CURRENCY, MARKUP[0], FORMULAS[1], MARKUP[19]):
        assert text in scoring, text


def test_no_published_table_holds_a_formula(hostile):
    guarded = 0
    for path in hostile.folder.rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for cell_text in (one for row in csv.reader(file) for one in row):
                is_number = re.fullmatch(r"-?\d+(\.\d+)?", cell_text)
                assert (
                    is_number or neutralised(cell_text) == cell_text or cell_text.startswith("'")
                ), (path, cell_text)
                assert not re.match(r"\s*[=+@\t\r\n＝＋＠]", cell_text), (path.name, cell_text)
                guarded += cell_text.startswith("'")
    assert guarded > 100


def test_the_workbook_reopens_without_a_foreign_formula_or_link(hostile):
    path = hostile.folder / "workbook.xlsx"
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            content = archive.read(name).decode("utf-8")
            assert 'TargetMode="External"' not in content, name
            for link in re.findall(r"<hyperlink [^>]*>", content):  # to the workbook's own sheets
                assert 'location="' in link and "r:id" not in link, link
            for formula in re.findall(r"<f>(.*?)</f>", content):
                assert not re.search(r"HYPERLINK|WEBSERVICE|cmd|A1:A9|evil|script", formula), (
                    formula
                )
    book = openpyxl.load_workbook(path)
    texts = [
        one for sheet in book for row in sheet.iter_rows() for one in row if one.data_type == "s"
    ]
    linked = [one for one in texts if one.hyperlink]
    listed = [one for one in linked if one.parent is book.worksheets[0]]
    assert {one.value for one in listed} <= set(book.sheetnames)
    for one in linked:
        if one not in listed:  # to what stands below on the same sheet
            assert one.hyperlink.location.startswith(f"'{one.parent.title}'!A"), one.value
    seen = {normal(str(one.value)) for one in texts}
    assert [text for text in ACCOUNTS if normal(text) not in seen] == []


def test_rows_that_were_set_aside_are_counted_and_name_no_markup(hostile):
    run = json.loads((hostile.folder / "run.json").read_text(encoding="utf-8"))
    rows = pd.DataFrame(run["rows"]["whole_book"])
    aside = rows[rows["reason"].ne("used")].groupby("table")["rows"].sum()
    assert {"orders", "invoices", "tiers", "incidents"} <= set(aside.index)


ACTIVE = """() => [
    ...document.querySelectorAll('iframe, object, embed, form, base, video, math, plaintext, '
        + 'noscript, body style, body link, body meta, body img:not([src^="data:image/"])'),
    ...[...document.scripts].filter(s => s.type !== 'application/json').slice(1),
    ...[...document.querySelectorAll('*')].filter(
        e => [...e.attributes].some(a => a.name.startsWith('on'))),
    ...[...document.links].filter(a => a.protocol !== 'file:'),
].map(e => e.outerHTML.slice(0, 200))"""


def of_each_kind(names):
    """Every page, but of accounts and dossiers one each."""
    kinds = {}
    for name in names:
        folder = name.rpartition("/")[0]
        is_one_of_many = folder.endswith(("accounts", "dossiers")) and "index" not in name
        kinds.setdefault(folder if is_one_of_many else name, name)
    return list(kinds.values())


@pytest.mark.parametrize("chosen", [of_each_kind, pytest.param(list, marks=pytest.mark.soak)])
def test_in_a_browser_nothing_runs_and_nothing_is_asked_for(hostile, browser, chosen):
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    for name in chosen(hostile.pages):
        tab, seen = context.new_page(), []
        for event in ("request", "console", "pageerror", "dialog"):
            tab.on(
                event,
                lambda what, event=event, seen=seen: seen.append(
                    (event, getattr(what, "url", str(what)))
                ),
            )
        tab.goto((hostile.out / name).as_uri())
        assert [event for event, _ in seen] == ["request"], (name, seen)
        tab.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
        for fold in tab.locator(".more-rows").all():
            fold.click()
        for choice in tab.get_by_label("Rows", exact=True).all():
            choice.select_option("100")  # every row is drawn by the page's own script
        for button in tab.locator("thead button").all()[:6]:
            button.click()
        tab.mouse.move(400, 400)
        tab.keyboard.press("Tab")
        assert tab.evaluate(ACTIVE) == [], name
        assert len(seen) == 1, (name, seen)
        tab.close()
    context.close()
