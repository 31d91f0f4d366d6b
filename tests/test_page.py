"""What readers see: texts never become markup, figures are written one way, tables are published as data."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from html.parser import HTMLParser

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from kamlib import page
from kamlib.errors import KamError
from kamlib.page.amounts import GAP, Wording
from kamlib.page.site import script, stylesheet
from kamlib.plots import style
from kamlib.plots.svg import drawing

from .browser import made
from .payloads import IDS, MARKUP, TEXTS

ALLOWED = {
    "html", "head", "meta", "title", "link", "style", "body", "a", "header", "p", "strong", "span", "nav", "ul", "li", "main",
    "h1", "h2", "h3", "ol", "figure", "figcaption", "div", "table", "caption", "thead", "tr", "th", "tbody", "td", "bdi",
    "script", "footer", "details", "summary", "dl", "dt", "dd", "b", "em", "svg", "g", "path", "text", "defs", "clippath",
    "rect", "use", "section", "code", "img",
}  # fmt: skip
ADDRESSES = ("href", "src", "action", "formaction", "data", "xlink:href", "srcset", "poster", "background")


def active(html):
    """List everything on a page that could run, load or lead elsewhere, the kit's own script aside."""
    soup = BeautifulSoup(html, "html.parser")
    found = [tag.name for tag in soup.find_all() if tag.name not in ALLOWED]
    for tag in soup.find_all():
        found += [
            f"{tag.name} {name}" for name in tag.attrs if name.startswith("on") or name in ("srcdoc", "autofocus")
        ]
        for name in ADDRESSES:
            address = str(tag.get(name, "")).strip().lower()
            picture = tag.name == "img" and re.fullmatch(r"data:image/(png|svg\+xml);base64,[a-z0-9+/=]+", address)
            if ":" in address.split("#")[0] and address != "data:," and not picture:
                found.append(f"{tag.name} {address}")
            if address.startswith("//"):
                found.append(f"{tag.name} {address}")
        if tag.name == "script" and tag.get("type") != "application/json" and tag.string != script():
            found.append(f"script {tag.string}")
        if tag.name == "meta" and tag.get("http-equiv", "").lower() == "refresh":
            found.append("refresh")
        if tag.name == "style" and tag.string != stylesheet():
            found.append("style")
    return found


@pytest.fixture(scope="module")
def hostile_page():
    """A page on which every text of every piece is a payload."""
    data = made.data_of({text: f"dossiers/{name}.html" for text, name in page.page_name(TEXTS).items()})
    columns = {f"text_{number}": TEXTS for number in range(3)}
    table = pd.DataFrame({"account_id": TEXTS, "name": TEXTS, **columns, "revenue": 1.0})
    hostile_columns = pd.DataFrame([[1.0] * len(MARKUP)], columns=MARKUP)
    fragments = [
        page.headline_fragment(data, MARKUP[0], [*TEXTS, *(page.Sentence(t, link=t, account=t) for t in TEXTS)]),
        page.cards_fragment(
            data, [page.Card(t, t, "text", note=t, link=t) for t in TEXTS], compared=(MARKUP[1], MARKUP[2])
        ),
        page.actions_fragment(data, [page.Action(t, t, t, t, link=t, account=t) for t in TEXTS], title=MARKUP[19]),
        *(page.note_fragment(text) for text in TEXTS),
        page.table_fragment(data, table, "accounts", title=MARKUP[0], caption=MARKUP[19], links={"name": "dossier"}),
        page.table_fragment(data, hostile_columns, "columns", title="x", columns={t: t for t in MARKUP}),
        page.chart_fragment(chart_of(MARKUP), alt=MARKUP[19]),
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
        reasons=tuple((t, t, 1, 1.0) for t in TEXTS), definitions=tuple((t, t) for t in TEXTS), as_of=MARKUP[0]
    )
    links = [page.Link(text, "x.html") for text in TEXTS]
    return made.html_of(
        cells, MARKUP[15], book_title=MARKUP[0], period=MARKUP[1], navigation=links, foot=foot, compared=MARKUP[2]
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
    island = next(one for one in soup.find_all("script", type="application/json") if '"accounts"' in one.string)
    assert not re.search(r"[<>&\u2028\u2029]", island.string.replace("\u2028", "").replace("\u2029", ""))
    cells = json.loads(island.string)["cells"]
    assert cells[1] == TEXTS and cells[2] == TEXTS


def test_code_errors_and_stray_output_are_not_shown(hostile_page):
    assert "secret_code" not in hostile_page
    assert "SECRET" not in hostile_page


def test_every_picture_has_words(hostile_page):
    soup = BeautifulSoup(hostile_page, "html.parser")
    assert [picture["alt"] for picture in soup.find_all("img")] == [MARKUP[19], "Picture without a description"]
    assert soup.find(attrs={"role": "img"})["aria-label"] == MARKUP[19]


def test_links_of_hostile_texts_stay_inside_the_report(hostile_page):
    soup = BeautifulSoup(hostile_page, "html.parser")
    addresses = {a["href"] for a in soup.find_all("a")}
    assert len(addresses) > 40
    assert not [address for address in addresses if re.search(r"^\s*[a-z]+:|^[/\\]|\.\.(?!/index.html)", address, re.I)]


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
    assert policy == page.content_security_policy()
    assert "default-src 'none'" in policy and "unsafe-inline'; img" in policy and "script-src 'sha256-" in policy
    assert soup.find_all("script")[-1].string == script()


def test_a_page_has_one_main_heading_landmarks_and_scopes(front):
    soup = BeautifulSoup(front, "html.parser")
    assert [h.get_text() for h in soup.find_all("h1")] == ["Key accounts"]
    assert soup.html["lang"] == "en" and soup.main and soup.nav["aria-label"] and soup.find("footer")
    assert soup.find("a", class_="skip")["href"] == "#main"
    assert all(th.get("scope") in ("col", "row") for th in soup.find_all("th"))
    assert [h.get_text() for h in soup.find_all("h2")] == [
        "Where it stands¶"
    ] or "Where it stands" in soup.h2.get_text()


def test_a_page_without_a_headline_is_headed_by_its_title():
    soup = BeautifulSoup(made.html_of([nbformat.v4.new_markdown_cell("# Notes\n\nText.")], "Scoring"), "html.parser")
    assert [h.get_text() for h in soup.find_all("h1")] == ["Scoring"]
    assert "Notes" in soup.h2.get_text()


def test_the_same_page_twice_is_the_same_bytes(front):
    assert made.front_page() == front


def test_five_thousand_rows_make_a_page_below_two_megabytes():
    fragment = page.table_fragment(made.data_of(), made.accounts(5000), "account_classes", title="All")
    assert len(fragment.html.encode()) < 1_000_000
    soup = BeautifulSoup(fragment.html, "html.parser")
    assert len(soup.tbody.find_all("tr")) == 25
    assert len(json.loads(soup.script.string)["cells"][0]) == 5000


def test_five_hundred_accounts_make_a_page_of_at_most_250_kilobytes():
    assert len(made.front_page(500).encode()) <= 250_000


def test_empty_tables_and_lists_say_so():
    data = made.data_of()
    empty = page.table_fragment(data, made.accounts(0), "account_classes", title="Nobody ordered")
    assert "No rows." in empty.html and "Nobody ordered" in empty.html
    assert "Nothing needs doing." in page.actions_fragment(data, []).html
    assert page.headline_fragment(data, "Quiet", []).text == "Quiet"


def test_long_names_are_cut_on_display_and_whole_in_the_data():
    name = "N" * 10_000
    frame = pd.DataFrame({"account_id": ["1"], "name": [name]})
    soup = BeautifulSoup(page.table_fragment(made.data_of(), frame, "names", title="x").html, "html.parser")
    assert soup.tbody.find_all("bdi")[1].get_text() == "N" * 59 + "…"
    assert json.loads(soup.script.string)["cells"][1] == [name]
    assert name in page.csv_text(frame)


def test_a_table_links_accounts_that_have_a_dossier():
    frame = pd.DataFrame({"account_id": ["A", "B"], "name": ["Anna", "Bert"]})
    data = made.data_of({"A": "dossiers/A.html"})
    soup = BeautifulSoup(
        page.table_fragment(data, frame, "t", title="x", links={"name": "dossier"}).html, "html.parser"
    )
    assert [(a["href"], a.get_text()) for a in soup.find_all("a")] == [("dossiers/A.html", "Anna")]


def test_a_table_shows_only_the_columns_asked_for_in_their_order():
    frame = pd.DataFrame({"a": [1], "revenue": [2.5], "c": ["x"]})
    html = page.table_fragment(made.data_of(), frame, "t", title="x", columns={"c": "See", "revenue": "Sales"}).html
    assert [th.get_text() for th in BeautifulSoup(html, "html.parser").thead.find_all("th")] == ["See", "Sales, €"]


# Published tables


@pytest.mark.parametrize("text", TEXTS)
def test_no_csv_cell_is_a_formula_and_every_text_can_be_restored(text):
    cell = next(csv.reader(io.StringIO(page.csv_text(pd.DataFrame({"t": [text]})).split("\n", 1)[1])))[0]
    assert not re.match(r"\s*[=+\-@\t\r\n＝＋－＠]", cell)
    assert page.restored(cell) == text


def test_csv_is_plain_exact_and_the_same_on_every_machine():
    frame = pd.DataFrame(
        {
            "account_id": pd.Series(["00123", "NA", None], dtype="str"),
            "revenue": [0.1 + 0.2, -5.0, float("nan")],
            "revenue_share": [1 / 3, 0.5, float("nan")],
            "order_count": [1, 2, 3],
            "month": pd.to_datetime(["2025-01-31", None, "2025-02-28"]),
            "is_key": [True, False, True],
        }
    )
    assert page.csv_text(frame) == (
        "account_id,revenue,revenue_share,order_count,month,is_key\n"
        "00123,0.3,0.333333333333,1,2025-01-31,true\n"
        "NA,-5,0.5,2,,false\n"
        ",,,3,2025-02-28,true\n"
    )


def test_money_never_shows_an_exponent():
    text = page.csv_text(pd.DataFrame({"revenue": [1e-6, 1e15, 123456789.123456]}))
    assert text == "revenue\n0.000001\n1000000000000000\n123456789.123456\n"


def test_publishing_writes_csv_and_a_typed_copy(tmp_path, monkeypatch):
    frame = pd.DataFrame({"account_id": pd.Series(["00123", "NA"], dtype="str"), "revenue": [1.5, 2.0]})
    page.publish(made.data_of(), frame, "sales")
    assert page.published("sales") is None and not list(tmp_path.iterdir())
    monkeypatch.setenv("KAM_TABLES", str(tmp_path / "tables"))
    monkeypatch.setenv("KAM_TYPED", str(tmp_path / "typed"))
    page.publish(made.data_of(), frame, "sales")
    page.publish(made.data_of(), frame, "sales")
    assert (tmp_path / "tables" / "sales.csv").read_bytes() == b"account_id,revenue\n00123,1.5\nNA,2\n"
    pd.testing.assert_frame_equal(page.published("sales"), frame)
    with pytest.raises(KamError, match="Two different tables"):
        page.publish(made.data_of(), frame.head(1), "sales")


@pytest.mark.parametrize("name", ["../x", "A", "", "a b", "a.csv", "x" * 99, "a/b", "1a"])
def test_a_table_name_is_a_plain_word(name, tmp_path, monkeypatch):
    monkeypatch.setenv("KAM_TABLES", str(tmp_path))
    with pytest.raises(KamError):
        page.publish(made.data_of(), pd.DataFrame({"a": [1]}), name)
    assert list(tmp_path.iterdir()) == []


# Names of pages


def test_hostile_ids_have_harmless_names_of_their_own():
    names = page.page_name(IDS)
    assert list(names) == list(dict.fromkeys(IDS))
    assert len({name.lower() for name in names.values()}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) for name in names.values())
    assert not {name.lower() for name in names.values()} & {"con", "nul", "aux", "prn", "lpt1", "com9"}
    assert names["x" * 64] == "x" * 64 and names["a-b"] == "a-b"
    assert names["ACME"] != "ACME" and names["K"] != names["k"]


def test_names_do_not_depend_on_the_order_of_ids():
    assert page.page_name(reversed(IDS)) == dict(page.page_name(IDS))


def test_an_id_that_looks_like_another_ids_name_keeps_its_own_page():
    taken = page.page_name(["a b"])["a b"]
    names = page.page_name(["a b", taken])
    assert names[taken] == taken and names["a b"] != taken


# Amounts


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (1_240_312, "€ 1.24 m"), (412_000, "€ 412 k"), (999.5, "€ 1.00 k"), (999.4, "€ 999"), (0, "€ 0"), (-12, "−€ 12"),
        (12.5, "€ 12.5"), (1e9, "€ 1.00 bn"), (1e15, "€ 1,000,000 bn"), (-0.001, "€ 0.00"), (float("nan"), "n/a"),
        (None, "n/a"), (float("inf"), "n/a"), (pd.NA, "n/a"), (99_950, "€ 100 k"), (999_999_999, "€ 1.00 bn"),
    ],
)  # fmt: skip
def test_money_has_the_digits_it_needs(value, shown):
    assert page.money(value, Wording("€")).replace(GAP, " ") == shown


def test_separators_follow_the_locale():
    german = made.SimpleNamespace(currency="EUR", locale="de-DE")
    swiss = made.SimpleNamespace(currency="CHF", locale="de_CH")
    assert page.number(1234.5, german) == "1.235"
    assert page.number(999.25, german) == "999,25"
    assert page.share(0.1234, german).replace(GAP, " ") == "12,3 %"
    assert page.money(1_234_000, swiss).replace(GAP, " ") == "CHF 1.23 m"


# Charts


def test_a_chart_is_text_that_any_script_can_render(recwarn):
    names = ["東京電機株式会社", "شركة النور", "తెలుగు కంపెనీ", "e\u0301", "😀", "A$B$C", "\x00\ud800x"]
    ax = style.axes(8, 4)
    ax.barh(names[:6], range(6))
    ax.text(1, 1, names[6])
    done = drawing(ax.figure)
    texts = [text.get_text() for text in BeautifulSoup(done.svg, "html.parser").find_all("text")]
    assert set(names[:6]) <= set(texts) and "x" in texts
    assert not [w for w in recwarn if "lyph" in str(w.message)]


def test_nothing_of_a_chart_is_cut():
    ax = style.axes(4, 2)
    ax.plot([0, 1])
    ax.set_position([0.1, 0.1, 0.8, 0.8])
    ax.figure.set_layout_engine("none")
    style.label(ax, 1, 1, "a long label far beyond the right")
    assert drawing(ax.figure).width > 4 * 72 + 80


def test_two_charts_share_no_names_and_the_same_chart_is_the_same_bytes():
    def one(height):
        ax = style.axes(6, 3)
        ax.scatter(range(9), [height] * 9, color=style.COLOURS["A"])
        return drawing(style.titles(ax, "Found", "what").figure)

    first, second = one(1), one(2)
    ids = [re.findall(r'id="([^"]+)"', chart.svg) for chart in (first, second)]
    assert ids[0] and not set(ids[0]) & set(ids[1])
    assert one(1) == first
    assert (first.finding, first.subtitle) == ("Found", "what") and "Found" not in first.svg
    assert not re.search(r"<style|metadata|matplotlib|xmlns|font-family|\d\.\d{4}", first.svg)


def test_colours_of_charts_and_pages_agree_in_light_and_dark():
    light, dark = stylesheet().split("@media screen and (prefers-color-scheme: dark)", 1)
    for said, palette in ((light, style.COLOURS), (dark, style.DARK)):
        found = dict(re.findall(r"--kam-([a-z]+): (#[0-9a-f]{6})", said.split("* {")[0]))
        assert {word: found[word.lower()] for word in palette} == palette
    assert f"--kam-ink: {style.INK}" in light


def contrast(one, other):
    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_colours_used_for_text_can_be_read_and_marks_can_be_seen():
    for palette, paper in ((style.COLOURS, "#ffffff"), (style.DARK, "#12161c")):
        assert (
            min(contrast(palette[word], paper) for word in ("accent", "good", "bad", "quiet", "actual", "key")) >= 4.5
        )
        assert min(contrast(palette[word], paper) for word in ("A", "B", "X", "Y", "active", "lost")) >= 3
    for key, colour in style.COLOURS.items():
        words = {"#fefefe": ("#ffffff", "#ffffff"), "#101418": ("#101418", "#101418")}
        words |= {style.ON_DARK_TURNING: ("#ffffff", "#101418"), style.ON_LIGHT_TURNING: ("#101418", "#ffffff")}
        on_light, on_dark = words[style.text_on(colour)]
        assert contrast(on_light, colour) >= 3.5 and contrast(on_dark, style.DARK[key]) >= 3.5, key


# The index of periods


def test_the_site_index_lists_periods_newest_first():
    soup = BeautifulSoup(made.index_page(), "html.parser")
    heads = [a["href"] for a in soup.select(".periods h3 a")]
    assert heads[0] == "2025-Q4/index.html" and len(heads) == 8
    assert [n.get_text() for n in soup.select(".new")] == ["newly published"]
    assert len(soup.select(".cards .card")) == 3 and len(soup.select(".card:first-child rect")) == 8


def test_the_site_index_escapes_and_survives_emptiness():
    card = page.Card(MARKUP[0], MARKUP[1], "text")
    entry = page.PeriodEntry(MARKUP[2], "2025-Q3/index.html", MARKUP[3], (card,), (page.Link(MARKUP[4], "x.html"),))
    assert active(page.site_index([entry], book_title=MARKUP[5])) == []
    assert "No period is published yet." in page.site_index([], book_title="x")
