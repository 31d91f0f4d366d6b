"""Marks of charts: each says what it stands for, and an account's leads to its page."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

LEAST, MOST, LEGEND = 4.0, 26.0, 6.6
"""Points: what is smaller is a line, what of a repeated shape is larger an area; the height of a
sample of colour in a legend.
"""


LEGENDS = {"evidence calibration-chart": 2}
"""Samples of spots in legends."""


def boxes_of(drawing):
    """Each mark of a drawing with the box of its shape: bars, cells and spots."""
    shapes = {one["id"]: box(one["d"]) for one in drawing.select("defs path[id]")}
    for one in drawing.select("path[d], use"):
        if one.find_parent(["defs", "clippath"]) or "fill:none" in one.get("style", ""):
            continue
        if one.name == "use":
            left, top, right, bottom = shapes[one["href"].removeprefix("#")]
            x, y = float(one.get("x", 0)), float(one.get("y", 0))
            found = (left + x, top + y, right + x, bottom + y)
            is_mark = max(right - left, bottom - top) <= MOST
        else:
            found = box(one["d"])
            is_mark = one["d"].count("L") in (3, 4) and not re.search("[CQ]", one["d"])
            is_mark &= found[3] - found[1] > LEGEND
        if is_mark and min(found[2] - found[0], found[3] - found[1]) >= LEAST:
            yield one, found


def box(path):
    """Left, top, right and bottom of a path."""
    numbers = list(map(float, re.findall(r"-?\d+\.?\d*", path)))
    return min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2])


def told(one):
    """What a mark says: the title of its group."""
    titles = (group.find("title", recursive=False) for group in one.find_parents(["g", "a"]))
    return next((title.get_text() for title in titles if title), "")


def covers(outer, inner):
    """Whether the middle of a box lies in another."""
    x, y = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] - 0.5 <= x <= outer[2] + 0.5 and outer[1] - 0.5 <= y <= outer[3] + 0.5


@pytest.fixture(scope="module")
def charts(sample_report):
    """Each chart of the sample's report as drawn for a desktop: page and chart, the drawing."""
    folder = Path(sample_report.folder)
    found = {}
    for file in sorted([*folder.glob("*.html"), *folder.glob("dossiers/*.html")]):
        page = BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")
        for chart in page.select("figure.chart"):
            if drawing := chart.select_one(".drawing svg"):
                found[f"{file.stem} {chart['id']}"] = drawing
    return found


def test_every_bar_cell_and_spot_says_what_it_stands_for(charts):
    silent = {}
    for name, drawing in charts.items():
        marks = [(told(one), found) for one, found in boxes_of(drawing)]
        speaking = [found for text, found in marks if text]
        lost = [m for text, m in marks if not text and not any(covers(s, m) for s in speaking)]
        if len(lost) > LEGENDS.get(name, 0):
            silent[name] = (len(lost), lost[:2])
    assert len(charts) > 50 and silent == {}


def test_a_mark_of_an_account_with_a_page_leads_there(charts, sample_report):
    folder = Path(sample_report.folder)
    pages = {
        file.stem for kind in ("accounts", "dossiers") for file in folder.glob(f"{kind}/*.html")
    }
    names = pd.read_csv(folder / "tables" / "account_list.csv", dtype="str")
    names = names[names["account_id"].isin(pages)].drop_duplicates("name", keep=False)
    paths = names.set_index("name")["account_id"]
    lost = set()
    for name, drawing in charts.items():
        for title in drawing.find_all("title"):
            account = paths.get(re.split(r"[:,]|  ", title.get_text())[0])
            link = title.find_parent("a")
            if account and not (link and link["href"].endswith(f"/{account}.html")):
                lost.add((name, title.get_text()))
    assert lost == set()


def test_marks_that_stand_for_nothing_are_found():
    drawing = BeautifulSoup(
        '<svg><defs><path id="o" d="M -3 -3 L 3 -3 L 3 3 L -3 3 z"></path></defs>'
        '<g><title>A, May: 3</title><path d="M 0 0 L 9 0 L 9 30 L 0 30 z"></path></g>'
        '<path d="M 20 0 L 29 0 L 29 30 L 20 30 z"></path><use href="#o" x="4" y="9"></use></svg>',
        "html.parser",
    )
    assert [told(one) for one, _ in boxes_of(drawing)] == ["A, May: 3", "", ""]
