"""What readers see: texts never become markup, figures are written one way, tables are published as
data.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from kamlib.page import fragments, pieces
from kamlib.page.export import csv_text
from kamlib.page.fragments import Fragment
from kamlib.page.names import page_name
from kamlib.page.site import (
    Link,
    PeriodEntry,
    content_security_policy,
    script,
    site_index,
    stylesheet,
)
from kamlib.plots import style
from kamlib.story.statements import Action, Card, Sentence

from .browser import made
from .payloads import MARKUP, TEXTS

ALLOWED = {
    "html",
    "head",
    "meta",
    "title",
    "link",
    "style",
    "body",
    "a",
    "header",
    "p",
    "strong",
    "span",
    "nav",
    "ul",
    "li",
    "main",
    "h1",
    "h2",
    "h3",
    "ol",
    "figure",
    "figcaption",
    "div",
    "table",
    "caption",
    "thead",
    "tr",
    "th",
    "tbody",
    "td",
    "bdi",
    "script",
    "footer",
    "details",
    "summary",
    "dl",
    "dt",
    "dd",
    "b",
    "em",
    "svg",
    "g",
    "path",
    "text",
    "defs",
    "clippath",
    "rect",
    "use",
    "section",
    "code",
    "img",
    "input",
    "label",
    "small",
}
ADDRESSES = (
    "href",
    "src",
    "action",
    "formaction",
    "data",
    "xlink:href",
    "srcset",
    "poster",
    "background",
)


def active(html):
    """List everything on a page that could run, load or lead elsewhere, the kit's own script
    aside.
    """
    soup = BeautifulSoup(html, "html.parser")
    found = [tag.name for tag in soup.find_all() if tag.name not in ALLOWED]
    for tag in soup.find_all():
        found += [
            f"{tag.name} {name}"
            for name in tag.attrs
            if name.startswith("on") or name in ("srcdoc", "autofocus")
        ]
        for name in ADDRESSES:
            address = str(tag.get(name, "")).strip().lower()
            picture = tag.name == "img" and re.fullmatch(
                r"data:image/(png|svg\+xml);base64,[a-z0-9+/=]+", address
            )
            if ":" in address.split("#")[0] and address != "data:," and not picture:
                found.append(f"{tag.name} {address}")
            if address.startswith("//"):
                found.append(f"{tag.name} {address}")
        if (
            tag.name == "script"
            and tag.get("type") != "application/json"
            and tag.string != script()
        ):
            found.append(f"script {tag.string}")
        if tag.name == "meta" and tag.get("http-equiv", "").lower() == "refresh":
            found.append("refresh")
        if tag.name == "style" and tag.string != stylesheet():
            found.append("style")
    return found


@pytest.fixture(scope="module")
def hostile_page():
    """A page on which every text of every piece is a payload."""
    data = made.data_of({text: f"dossiers/{name}.html" for text, name in page_name(TEXTS).items()})
    columns = {f"text_{number}": TEXTS for number in range(3)}
    table = pd.DataFrame({"account_id": TEXTS, "name": TEXTS, **columns, "revenue": 1.0})
    hostile_columns = pd.DataFrame([[1.0] * len(MARKUP)], columns=MARKUP)
    fragments = [
        pieces.headline(
            data, MARKUP[0], [*TEXTS, *(Sentence(t, link=t, account=t) for t in TEXTS)]
        ),
        pieces.cards(
            data,
            [Card(t, t, "text", note=t, link=t) for t in TEXTS],
            compared=(MARKUP[1], MARKUP[2]),
        ),
        pieces.actions(
            data, [Action(t, t, t, t, link=t, account=t) for t in TEXTS], title=MARKUP[19]
        ),
        *(pieces.note(text) for text in TEXTS),
        made.table(
            table,
            "accounts",
            title=MARKUP[0],
            caption=MARKUP[19],
            links=("name",),
            dossiers=data.dossiers,
        ),
        made.table(hostile_columns, "columns", headings={t: t for t in MARKUP}),
        pieces.chart(chart_of(MARKUP), alt=MARKUP[19]),
    ]
    cells = [made.code(fragment) for fragment in fragments]
    stray = [
        nbformat.v4.new_output("display_data", {"text/markdown": MARKUP[0]}),
        nbformat.v4.new_output("display_data", {"text/latex": MARKUP[0]}),
        nbformat.v4.new_output("display_data", {"application/javascript": "alert(1)"}),
        nbformat.v4.new_output("stream", text=MARKUP[0]),
        nbformat.v4.new_output("error", ename="E", evalue=MARKUP[0], traceback=["SECRET TRACE"]),
        nbformat.v4.new_output("execute_result", {"text/plain": "SECRET REPR"}, execution_count=1),
        nbformat.v4.new_output(
            "display_data",
            {"image/svg+xml": "<svg onload='alert(1)'/>"},
            metadata={"image/svg+xml": {"alt": MARKUP[19]}},
        ),
        nbformat.v4.new_output("display_data", {"image/png": "iVBORw0KGgo="}),
    ]
    cells.append(nbformat.v4.new_code_cell("secret_code()", outputs=stray))
    foot = made.foot(
        reasons=tuple((t, t, 1, 1.0) for t in TEXTS),
        definitions=tuple((t, t) for t in TEXTS),
        as_of=MARKUP[0],
    )
    links = [Link(text, "x.html") for text in TEXTS]
    return made.html_of(
        cells,
        MARKUP[15],
        book_title=MARKUP[0],
        period=MARKUP[1],
        navigation=links,
        foot=foot,
        compared=MARKUP[2],
    )


def chart_of(texts):
    ax = style.axes(8, 12)
    ax.barh(range(len(texts)), range(len(texts)))
    ax.set_yticks(range(len(texts)), texts)
    style.label(ax, 1, 1, texts[0])
    return style.titles(ax, texts[2], texts[1])


def test_no_text_becomes_markup(hostile_page):
    assert active(hostile_page) == []


def test_the_check_for_active_parts_sees_them():
    seen = [text for text in MARKUP if active(f"<p>{text}</p>")]
    assert len(seen) > 25


def test_every_payload_is_visible_as_text(hostile_page):
    soup = BeautifulSoup(hostile_page, "html.parser")
    for island in soup.find_all(["script", "style"]):
        island.decompose()
    words = " ".join(soup.get_text(" ").split())
    for text in MARKUP:
        assert " ".join(text.split()) in words, text


def test_payloads_in_the_data_of_a_table_stay_data(hostile_page):
    soup = BeautifulSoup(hostile_page, "html.parser")
    island = next(
        one
        for one in soup.find_all("script", type="application/json")
        if '"accounts"' in one.string
    )
    assert not re.search(
        r"[<>&\u2028\u2029]", island.string.replace("\u2028", "").replace("\u2029", "")
    )
    cells = json.loads(island.string)["cells"]
    assert cells[1] == TEXTS and cells[2] == TEXTS


def test_code_errors_and_stray_output_are_not_shown(hostile_page):
    assert "secret_code" not in hostile_page
    assert "SECRET" not in hostile_page


def test_every_picture_has_words(hostile_page):
    soup = BeautifulSoup(hostile_page, "html.parser")
    assert [picture["alt"] for picture in soup.find_all("img")] == [
        MARKUP[19],
        "Picture without a description",
    ]
    assert soup.find(attrs={"role": "img"})["aria-label"] == MARKUP[19]


def test_links_of_hostile_texts_stay_inside_the_report(hostile_page):
    soup = BeautifulSoup(hostile_page, "html.parser")
    addresses = {a["href"] for a in soup.find_all("a")}
    assert len(addresses) > 40
    assert not [
        address
        for address in addresses
        if re.search(r"^\s*[a-z]+:|^[/\\]|\.\.(?!/index.html)", address, re.I)
    ]


class Strict(HTMLParser):
    """Reads a page once more, by a parser that only knows what a browser would call tags."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.ids = []
        self.addresses = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.ids += [given["id"]] if "id" in given else []
        self.addresses += [given[name] for name in ("src", "href") if name in given]


@pytest.fixture(scope="module")
def front():
    return made.front_page()


def test_a_page_names_no_other_host_and_no_id_twice(front):
    reader = Strict()
    reader.feed(front)
    assert [i for i, n in Counter(reader.ids).items() if n > 1] == []
    assert not [a for a in reader.addresses if re.match(r"[a-z]+:", a) and a != "data:,"]
    assert not re.search(r"https?://(?!www\.w3\.org)", front)


def test_a_page_is_light_and_its_policy_knows_its_script(front):
    assert len(front.encode()) < 120_000
    soup = BeautifulSoup(front, "html.parser")
    policy = soup.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy == content_security_policy()
    assert (
        "default-src 'none'" in policy
        and "unsafe-inline'; img" in policy
        and "script-src 'sha256-" in policy
    )
    assert soup.find_all("script")[-1].string == script()


def test_a_page_has_one_main_heading_landmarks_and_scopes(front):
    soup = BeautifulSoup(front, "html.parser")
    assert [h.get_text() for h in soup.find_all("h1")] == ["Key accounts"]
    assert (
        soup.html["lang"] == "en" and soup.main and soup.nav["aria-label"] and soup.find("footer")
    )
    assert soup.find("a", class_="skip")["href"] == "#main"
    assert all(th.get("scope") in ("col", "row") for th in soup.find_all("th"))
    assert [h.get_text() for h in soup.find_all("h2")] == [
        "Where it stands¶"
    ] or "Where it stands" in soup.h2.get_text()


def test_a_page_without_a_headline_is_headed_by_its_title():
    soup = BeautifulSoup(
        made.html_of([nbformat.v4.new_markdown_cell("# Notes\n\nText.")], "Scoring"), "html.parser"
    )
    assert [h.get_text() for h in soup.find_all("h1")] == ["Scoring"]
    assert "Notes" in soup.h2.get_text()


def test_the_same_page_twice_is_the_same_bytes(front):
    assert made.front_page() == front


def test_five_thousand_rows_make_a_page_below_two_megabytes():
    fragment = made.table(made.accounts(5000), "account_classes", title="All")
    assert len(fragment.html.encode()) < 1_000_000
    soup = BeautifulSoup(fragment.html, "html.parser")
    assert len(soup.tbody.find_all("tr")) == 25
    assert len(json.loads(soup.script.string)["cells"][0]) == 5000


def test_five_hundred_accounts_make_a_page_of_at_most_250_kilobytes():
    assert len(made.front_page(500).encode()) <= 250_000


def test_empty_tables_and_lists_say_so():
    data = made.data_of()
    empty = made.table(made.accounts(0), "account_classes", title="Nobody ordered")
    assert (
        empty.html.strip()
        == '<p class="gap" id="account_classes">Nobody ordered: nothing to list.</p>'
    )
    assert "Nothing needs doing." in pieces.actions(data, []).html
    assert pieces.headline(data, "Quiet", []).text == "Quiet"


def test_long_names_are_cut_on_display_and_whole_in_the_data():
    name = "N" * 10_000
    frame = pd.DataFrame({"account_id": ["1"], "name": [name]})
    soup = BeautifulSoup(made.table(frame, "names").html, "html.parser")
    assert soup.tbody.find_all("bdi")[1].get_text() == "N" * 59 + "…"
    assert json.loads(soup.script.string)["cells"][1] == [name]
    assert name in csv_text(frame)


def test_a_table_links_accounts_that_have_a_dossier():
    frame = pd.DataFrame({"account_id": ["A", "B"], "name": ["Anna", "Bert"]})
    dossiers = {"A": "dossiers/A.html"}
    soup = BeautifulSoup(made.table(frame, links=("name",), dossiers=dossiers).html, "html.parser")
    assert [(a["href"], a.get_text()) for a in soup.find_all("a")] == [("dossiers/A.html", "Anna")]


def test_a_table_shows_only_the_columns_asked_for_in_their_order():
    frame = pd.DataFrame({"a": [1], "revenue": [2.5], "c": ["x"]})
    html = made.table(frame, headings={"c": "See", "revenue": "Sales"}).html
    assert [th.get_text() for th in BeautifulSoup(html, "html.parser").thead.find_all("th")] == [
        "See",
        "Sales, €",
    ]


# The index of periods


def test_a_card_of_a_year_compares_once():
    card = Card("Revenue", 110.0, "money", previous=100.0, year_ago=100.0)
    for compared, times in ((("2024", "2024"), 1), (("Q4", "Q1"), 2)):
        shown = pieces.cards(None, [card], compared=compared).html
        assert shown.count("10.0") == shown.count(" on ") == times


def test_the_site_index_lists_periods_newest_first():
    soup = BeautifulSoup(made.index_page(), "html.parser")
    heads = [a["href"] for a in soup.select(".periods h3 a")]
    assert heads[0] == "2025-Q4/index.html" and len(heads) == 8
    assert [n.get_text() for n in soup.select(".new")] == ["newly published"]
    assert len(soup.select(".cards .card")) == 3 and len(soup.select(".card:first-child rect")) == 8


def test_the_site_index_escapes_and_survives_emptiness():
    card = Card(MARKUP[0], MARKUP[1], "text")
    entry = PeriodEntry(
        MARKUP[2], "2025-Q3/index.html", MARKUP[3], (card,), (Link(MARKUP[4], "x.html"),)
    )
    assert active(site_index([entry], book_title=MARKUP[5])) == []
    assert "No period is published yet." in site_index([], book_title="x")


def test_a_notebook_shows_pieces_with_their_stylesheet_and_a_report_without(monkeypatch):
    import kamlib.page.fragments as fragments

    shown = []
    monkeypatch.setattr(fragments, "display", shown.append)
    piece = Fragment(
        '<p><a href="retention.html#x">Lost</a> <a href="#y">here</a></p>', "Lost here"
    )
    monkeypatch.delenv("KAM_TABLES", raising=False)
    piece.show()
    monkeypatch.setenv("KAM_TABLES", "tables")
    piece.show()
    alone, reported = shown
    assert reported is piece
    assert alone.text == "Lost here"
    soup = BeautifulSoup(alone.html, "html.parser")
    assert soup.style.string.startswith(".kam.kam.kam {") and ":root" not in soup.style.string
    assert "@page" not in soup.style.string and "\nbody" not in soup.style.string
    assert [a["href"] for a in soup.select("div.kam a")] == ["#y"]  # the other pages are not there
    assert soup.select_one("div.kam p").get_text() == "Lost here"


def test_a_notebook_waits_for_the_addresses_that_its_run_is_about_to_write(tmp_path, monkeypatch):
    file = tmp_path / "links.json"

    class Held:
        def __init__(self, lock) -> None:
            assert lock == Path(f"{file}.lock")

        def __enter__(self) -> None:
            file.write_text('{"A": "accounts/A.html"}')

        def __exit__(self, *_) -> None:
            pass

    monkeypatch.setenv("KAM_LINKS", str(file))
    assert fragments.dossier_links() == {}  # nobody is about to write it
    Path(f"{file}.lock").touch()
    monkeypatch.setattr("filelock.FileLock", Held)
    assert fragments.dossier_links() == {"A": "accounts/A.html"}
