"""How tables and pages are made to be read: prose with room, names for ids, figures by kind, gaps
told at the end.
"""

from __future__ import annotations

import json

import nbformat
import pandas as pd
from bs4 import BeautifulSoup

from kamlib import page
from kamlib.page import pieces
from kamlib.story.statements import Card

from .browser import made

LONG = (
    "Protect: one owner, an executive sponsor and a framework agreement; no week without someone "
    "looking."
)


def soup_of(fragment):
    return BeautifulSoup(fragment.html, "html.parser")


def cells_of(fragment):
    return [
        [cell.get_text() for cell in row(["th", "td"])]
        for row in soup_of(fragment).select("tbody tr")
    ]


def test_long_texts_are_prose_and_short_ones_stay_on_one_line():
    frame = pd.DataFrame(
        {"cell": ["AX", "AY"], "treatment": [LONG, "Ask."], "manager_name": ["Amélie Laurent", ""]}
    )
    rows = soup_of(made.table(frame)).select("thead th")
    assert [head.get("class") for head in rows] == [["s"], ["p"], ["s"]]
    assert cells_of(made.table(frame))[0][1] == LONG


def test_words_are_shown_and_the_data_keep_their_own():
    frame = pd.DataFrame({"account_id": ["A1", "A2"], "revenue": [1.0, 2.0]})
    shown = made.table(frame, words={"account_id": {"A1": "Kettle & Sons"}})
    assert [row[0] for row in cells_of(shown)] == ["Kettle & Sons", "A2"]
    payload = json.loads(soup_of(shown).select_one("script.rows-of").string)
    assert payload["cells"][0] == ["A1", "A2"]
    assert payload["texts"][0] == ["Kettle & Sons", None]


def test_every_cell_is_written_before_the_page_is_read():
    frame = pd.DataFrame(
        {
            "name": ["N" * 99, "Bo"],
            "revenue": [1234.5, None],
            "revenue_share": [0.5, 0.5],
            "order_count": [7, 1200],
            "last_order_date": pd.to_datetime(["2025-09-30", None]),
            "is_key": [True, False],
        }
    )
    shown = made.table(frame)
    payload = json.loads(soup_of(shown).select_one("script.rows-of").string)
    assert made.texts_of(payload) == [
        ["N" * 59 + "…", "Bo"],
        ["1,235", "n/a"],
        ["50.0\u00a0%"] * 2,
        ["7", "1,200"],
        ["30\u00a0Sep\u00a02025", ""],
        ["yes", "no"],
    ]
    assert payload["texts"][3] == [None, "1,200"]  # a text that is its cell is not said twice
    assert payload["total"] == "2 rows"


def test_one_column_may_hold_figures_of_several_kinds():
    frame = pd.DataFrame(
        {"figure": list("abcde"), "value": [1234.5, 0.981, 14.0, 0.0336, float("nan")]}
    )
    kinds = dict(zip("abcde", ["money", "share", "count", "index", "share"], strict=True))
    figures = {name: {"kind": kind, "heading": name.upper()} for name, kind in kinds.items()}
    shown = made.table(frame, figures=figures)
    assert [row[0] for row in cells_of(shown)] == list("ABCDE")
    texts = [row[1].replace("\u00a0", " ") for row in cells_of(shown)]
    assert texts == ["€ 1,235", "98.1 %", "14", "0.034", "n/a"]
    head = soup_of(shown).select("thead th")[1]
    assert head.get_text() == "Value" and head["class"] == ["n"]


def test_the_first_rows_are_shown_and_the_whole_is_published(tmp_path, monkeypatch):
    monkeypatch.setenv("KAM_TABLES", str(tmp_path))
    frame = pd.DataFrame({"account_id": ["A1", "A2", "A3"], "revenue": [1.0, 3.0, 2.0]})
    page.table(frame, name="t", title="x", limit=2)
    assert (tmp_path / "t.csv").read_text() == "account_id,revenue\nA1,1\nA2,3\nA3,2\n"
    shown = made.table(frame, limit=2)
    assert [row[0] for row in cells_of(shown)] == ["A1", "A2"]
    assert "The published table has 3." in shown.html


def test_texts_that_no_row_has_are_left_out():
    frame = pd.DataFrame(
        {"account_id": ["A1"], "note": [""], "reason": [None], "score": [float("nan")]}
    )
    heads = soup_of(made.table(frame)).select("thead th")
    assert [head.get_text() for head in heads] == ["Account", "Score"]


def test_the_sixth_sentence_stands_in_a_fold():
    few = soup_of(pieces.headline(made.data_of(), "T", [f"Sentence {n}." for n in range(5)]))
    many = soup_of(pieces.headline(made.data_of(), "T", [f"Sentence {n}." for n in range(7)]))
    assert not few.select("details") and len(few.select("li")) == 5
    assert [line.get_text() for line in many.select("details li")] == ["Sentence 5.", "Sentence 6."]
    assert many.select_one("summary").get_text() == "2 more findings"


def section(title, *fragments):
    return [
        nbformat.v4.new_markdown_cell(f"## {title}\n\nHow to read it."),
        *map(made.code, fragments),
    ]


def test_a_section_of_nothing_but_gaps_is_told_in_one_line_at_the_end():
    gap, note = (
        pieces.gap("The book has no invoices."),
        pieces.note("Something to say."),
    )
    empty = made.table(made.accounts(0), "owed", title="What they owe")
    html = made.html_of(
        [*section("Money owed", gap, empty), *section("Silent"), *section("Mixed", gap, note)]
    )
    body = BeautifulSoup(html, "html.parser")
    assert [head.get_text().strip("¶") for head in body.select("main h2")] == [
        "Silent",
        "Mixed",
        "Not shown, and why",
    ]
    told = body.select_one(".gaps")
    assert [line.get_text() for line in told("dt")] == ["Money owed"]
    assert told.dd.select("p:not([hidden])")[0].get_text() == "The book has no invoices."
    assert body.find(id="owed") is not None  # links to it still lead somewhere


def test_a_chart_without_data_is_its_finding_alone():
    from kamlib.plots import style

    empty = pieces.chart(
        style.titles(style.axes(6, 3), "No manager has been rated", "Ratings"), alt="x"
    )
    assert (
        soup_of(empty).get_text().strip() == "No manager has been rated."
        and "<svg" not in empty.html
    )
    assert "<svg" in pieces.chart(made.bridge(), alt="x").html


def test_a_rise_from_nothing_says_so():
    risen = pieces.cards(
        made.data_of(), [Card("At risk", 357e3, "money", 0.0, float("nan"), good="down")]
    )
    changes = [one.get_text().replace("\u00a0", " ") for one in soup_of(risen).select(".change")]
    assert changes == ["▲ from € 0 on Q2 2025"]
