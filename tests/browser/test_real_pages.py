"""The pages of a real report, as `kam report` publishes them, in a real browser."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from .boxes import BOXES
from .conftest import severe_findings, watched_tab

PAGES = [
    "../index",
    "index",
    "segmentation",
    "scoring",
    "retention",
    "programme",
    "ahead",
    "evidence",
    "accounts",
    "accounts/SHORT",
    "tables",
    "dossiers/index",
    "dossiers/FIRST",
    "dossiers/SECOND",
]
ALIKE = ("scoring", "programme", "ahead", "evidence", "dossiers/SECOND")
"""Pages of the same pieces as others, so of the same colours."""
PHONE, DESK = 390, 1440
SCREENS = {
    "index": 3,
    "segmentation": 8,
    "scoring": 8,
    "retention": 8,
    "programme": 8,
    "ahead": 8,
    "evidence": 8,
    "dossiers/FIRST": 6,
    "dossiers/SECOND": 6,
}
"""How many screens a page may be long."""
ACCOUNTS = ("account_status", "alive", "account_scores", "coverage", "account_health")
MARKED = {
    "index": ("revenue_months", "account_health"),
    "segmentation": ("abc_xyz_matrix", "class_moves", "class_migration", "abc_cross"),
    "scoring": ("account_scores", "attractiveness_strength"),
    "retention": ("account_status", "alive", "loss_dynamics", "cohort_retention_by_year"),
    "programme": ("coverage", "competence"),
    "ahead": ("account_health", "calendar", "category_map", "revenue_by_two"),
    "dossiers/FIRST": ("category_history", "promises_kept", "account_timeline"),
}
"""Charts whose marks stand for an account, a month or a cell."""
CUT_OFF = """() => [...document.querySelectorAll('.drawing svg')].filter((drawing) => {
    const box = drawing.getBoundingClientRect();
    const scroll = drawing.closest('.scroll');
    return box.width && (box.right > innerWidth + 1 || box.left < -1
        || scroll.scrollWidth > scroll.clientWidth + 1);
}).map((drawing) => drawing.closest('figure').id)"""
SMALL_TYPE = """() => {
  const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), own = walk.currentNode.parentElement;
    const box = own.getBoundingClientRect(), drawing = own.closest('svg');
    if (!text || !box.width || own.closest('script, style, title')) continue;
    const scale = drawing ? drawing.getScreenCTM().a : 1;
    const pixels = parseFloat(getComputedStyle(own).fontSize) * scale;
    const chart = own.closest('figure, section, header');
    if (pixels < 8.95) found.push(`${pixels.toFixed(1)} ${chart && chart.id} ${text}`);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def looked_at(request, browser, sample_report):
    """A page of the sample's report, its width and its tab, opened once for all that look at it."""
    name, width = request.param
    file = (sample_report.folder / f"{named(name, sample_report)}.html").resolve()
    tab = watched_tab(browser, file, width=width)
    yield name, width, tab
    tab.context.close()


def at(*widths, names=PAGES):
    """Have a test look at pages in some widths."""
    cases = [(name, width) for name in names for width in widths]
    return pytest.mark.parametrize(
        "looked_at", cases, indirect=True, ids=[f"{name} {width}" for name, width in cases]
    )


@pytest.fixture
def visit(watched, sample_report):
    """Return a function that opens a page of the sample's report and watches it."""
    return lambda name, **options: watched(
        (sample_report.folder / f"{named(name, sample_report)}.html").resolve(), **options
    )


def named(name, report):
    """Return a page's own name: FIRST and SECOND stand for the report's two accounts, SHORT for the
    first that has a short page.
    """
    short = min(file.stem for file in (Path(report.folder) / "accounts").glob("*.html"))
    own = {"FIRST": report.accounts[0], "SECOND": report.accounts[1], "SHORT": short}
    return next((name.replace(word, one) for word, one in own.items() if word in name), name)


def test_every_published_page_is_among_those_visited(browser, sample_report):
    folder = Path(sample_report.folder)
    published = {
        file.relative_to(folder).with_suffix("").as_posix() for file in folder.rglob("*.html")
    }
    known = {named(name, sample_report) for name in PAGES[1:]}
    others = {name for name in published if not name.startswith("accounts/")}
    assert others == {name for name in known if not name.startswith("accounts/")}


@at(PHONE, DESK)
def test_nothing_is_cut_off_or_written_over(looked_at):
    assert looked_at[2].evaluate(BOXES) == []


@at(PHONE)
def test_a_real_page_never_scrolls_sideways_on_a_phone_and_shows_its_charts_whole(looked_at):
    _, width, tab = looked_at
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate(CUT_OFF) == []
    assert tab.seen == []


@at(PHONE, DESK)
def test_type_is_nowhere_smaller_than_nine_pixels(looked_at):
    assert looked_at[2].evaluate(SMALL_TYPE) == []


@at(DESK, names=SCREENS)
def test_a_page_is_no_longer_than_a_reader_reads(looked_at):
    name, _, tab = looked_at
    assert tab.evaluate("document.documentElement.scrollHeight") <= SCREENS[name] * 900


@at(PHONE, DESK, names=MARKED)
def test_marks_say_what_they_stand_for_and_those_of_accounts_lead_there(looked_at):
    name, _, tab = looked_at
    for chart in MARKED[name]:
        drawing = tab.locator(f"[id^='{chart}-chart'] .drawing").first
        assert drawing.locator("title").count() > 2, chart
        assert chart not in ACCOUNTS or drawing.locator("a[href]").count() > 2, chart


@at(DESK)
def test_a_real_page_is_quiet_whole_and_accessible(looked_at):
    """Without the contrasts of its colours where they are those of another page (long form)."""
    name, _, tab = looked_at
    tab.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    for button in tab.locator("thead button").all()[:3]:
        button.click()
    tab.mouse.wheel(0, 50_000)
    assert tab.seen == []
    assert tab.locator("h1").count() == 1 and len(tab.locator("main").inner_text()) > 100
    assert severe_findings(tab, are_colours_known=name in ALIKE) == []


@pytest.mark.soak
@at(DESK, names=ALIKE)
def test_a_page_whose_colours_are_those_of_another_can_be_read(looked_at):
    assert severe_findings(looked_at[2]) == []


def test_a_real_drawing_is_never_wider_than_its_frame_on_a_desktop(visit):
    for name in ("index", "segmentation", "retention"):
        cut = (
            visit(name)
            .locator(".chart .scroll")
            .evaluate_all(
                "frames => frames.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => "
                "one.getAttribute('aria-label'))"
            )
        )
        assert cut == [], name


def test_a_real_table_sorts_filters_and_is_downloaded(visit, sample_report, tmp_path):
    tab = visit("segmentation")
    table = tab.locator("#account_classes")
    table.get_by_text("all 120 rows").click()
    head = table.get_by_role("columnheader", name="Revenue, €")
    head.get_by_role("button").click()
    amounts = [
        int(re.sub(r"\D", "", text))
        for text in table.locator("tbody tr td:nth-child(2)").all_text_contents()
    ]
    assert len(amounts) == 25 and amounts == sorted(amounts, reverse=True)
    with tab.expect_download() as started:
        table.get_by_role("button", name="Download CSV").click()
    started.value.save_as(tmp_path / "down.csv")
    published = Path(sample_report.folder) / "tables" / "account_classes.csv"
    with (tmp_path / "down.csv").open(encoding="utf-8", newline="") as file:
        mine = list(csv.DictReader(file))
    with published.open(encoding="utf-8", newline="") as file:
        theirs = list(csv.DictReader(file))
    by_name = {(row["name"], row["revenue"]) for row in theirs}
    assert len(mine) == len(theirs) and {(row["name"], row["revenue"]) for row in mine} == by_name
    select = table.get_by_label("ABC revenue")
    select.select_option(label="A")
    wanted = sum(row["abc_revenue"] == "A" for row in theirs)
    assert 0 < wanted < len(theirs)
    assert table.locator(".rows").text_content().startswith(f"{wanted} of {len(theirs)} rows")


def test_key_figures_are_written_by_their_kind(visit):
    """Money with its currency, shares in percent, counts whole: in the rows written and in those
    the script draws.
    """
    tab = visit("index")
    table = tab.locator("#key_figures")
    tab.locator("summary", has_text="Key figures and what they were").click()
    table.get_by_text(re.compile(r"^all \d+ rows$")).click()
    written = re.compile(
        r"€\u00a0[\d,]+|−?[\d.,]+\u00a0%|−?[\d,]+(\.\d{1,3})?|n/a|−€\u00a0[\d,]+|€\u00a0−[\d,]+"
    )

    def row(name, scope):
        head = tab.get_by_role("rowheader", name=name, exact=True)
        rows = table.locator("tbody tr").filter(has=head).filter(has_text=scope)
        return rows.first.locator("td").all_text_contents()[1]

    assert row("Net revenue retention (NRR)", "all accounts").endswith("%")
    table.get_by_role("columnheader", name="Figure").get_by_role("button").click()
    table.get_by_label("Rows", exact=True).select_option("100")
    assert row("Net revenue retention (NRR)", "key accounts").endswith("%")
    assert row("Revenue", "key accounts").startswith("€")
    cells = table.locator("tbody td.n").all_text_contents()
    assert len(cells) > 60 and not [text for text in cells if not written.fullmatch(text)]


def test_the_brief_is_printed_on_a_sheet_of_its_own(visit, sample_report):
    tab = visit(f"dossiers/{sample_report.accounts[0]}")
    tab.emulate_media(media="print")
    breaks = tab.locator("#negotiation_brief").evaluate("one => getComputedStyle(one).breakAfter")
    assert breaks == "page"
