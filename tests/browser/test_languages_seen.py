"""Pages in other languages as a reader sees them: whole, apart, and open to everyone."""

from __future__ import annotations

import pytest

from .boxes import BOXES
from .conftest import severe_findings

WHOLE, OTHER = "de", "vi"
"""Of the first every page is seen on a phone, of the other the first page and a dossier; the long
form sees every page of both, on a desk, too. Pages in English: test_real_pages.
"""
NAMES = (
    *("index", "segmentation", "scoring", "retention", "programme", "ahead", "evidence"),
    *("accounts", "tables", "dossiers/index", "dossiers/FIRST", "../index"),
)
FEW = ("index", "dossiers/FIRST")
PHONE, DESK = 390, 1440
SHORT = [*((WHOLE, name, PHONE) for name in NAMES), *((OTHER, name, PHONE) for name in FEW)]
LONG = [
    (language, name, width)
    for language in (WHOLE, OTHER)
    for name in NAMES
    for width in (PHONE, DESK)
    if (language, name, width) not in SHORT
]


@pytest.fixture
def visit(watched, spoken_report):
    """Return a function that opens a page of the sample's report in a language."""

    def open_page(language, name, **options):
        pages = ("overview", "dossiers") if language == OTHER and name in FEW else ()
        folder, first = spoken_report(language, *pages)
        return watched((folder / f"{name.replace('FIRST', first)}.html").resolve(), **options)

    return open_page


@pytest.mark.parametrize(
    ("language", "name", "width"),
    [*SHORT, *(pytest.param(*one, marks=pytest.mark.soak) for one in LONG)],
)
def test_nothing_is_cut_off_or_written_over_and_everyone_can_read_it(visit, language, name, width):
    tab = visit(language, name, width=width)
    assert tab.evaluate(BOXES) == []
    assert tab.locator("html").get_attribute("lang") == language and tab.seen == []
    if width == DESK or name in FEW:
        assert severe_findings(tab, are_colours_known=True) == [] and tab.seen == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (WHOLE, ["aktiv", "überfällig", "verloren"]),
        pytest.param(OTHER, ["đang mua", "quá hạn", "đã mất"], marks=pytest.mark.soak),
    ],
)
def test_a_filter_offers_what_the_cells_say(visit, language, words):
    table = visit(language, "retention").locator("#account_status")
    offered = table.locator("select option").all_text_contents()
    assert set(words) <= set(offered) and not {"active", "overdue", "lost"} & set(offered)


@pytest.mark.parametrize(
    "shown",
    [
        "<div style='width:900px'>wide</div>",
        "<p style='position:absolute;left:-40px'>off the screen</p>",
        "<p style='width:30px;overflow:hidden;white-space:nowrap'>cut by its own box</p>",
        "<div style='position:relative;height:40px'><b style='position:absolute'>one text</b>"
        "<i style='position:absolute'>over another</i></div>",
        "<div class='drawing'><svg width='90' height='30'><text x='60' y='20'>no room</text></svg>"
        "</div>",
    ],
)
def test_boxes_tell_what_is_wrong(browser, shown):
    tab = browser.new_page(viewport={"width": 390, "height": 900})
    tab.set_content(f"<body>{shown}</body>")
    found = tab.evaluate(BOXES)
    tab.close()
    assert found
