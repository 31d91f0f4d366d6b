"""Pages in other languages as a reader sees them: whole, apart, and open to everyone."""

from __future__ import annotations

import pytest

from .boxes import BOXES
from .conftest import severe_findings

LANGUAGES = ("de", "vi")
"""Pages in English: test_real_pages."""
NAMES = (
    *("index", "segmentation", "scoring", "retention", "programme", "ahead", "evidence"),
    *("accounts", "tables", "dossiers/index", "dossiers/FIRST", "../index"),
)


@pytest.fixture
def visit(watched, spoken_report):
    """Return a function that opens a page of the sample's report in a language."""

    def open_page(language, name, **options):
        folder, first = spoken_report(language)
        return watched((folder / f"{name.replace('FIRST', first)}.html").resolve(), **options)

    return open_page


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cut_off_or_written_over_and_everyone_can_read_it(visit, language, name, width):
    tab = visit(language, name, width=width)
    assert tab.evaluate(BOXES) == []
    if width == 1440:
        assert tab.locator("html").get_attribute("lang") == language
        assert severe_findings(tab, are_colours_known=True) == [] and tab.seen == []


@pytest.mark.parametrize(
    ("language", "words"),
    [("de", ["aktiv", "überfällig", "verloren"]), ("vi", ["đang mua", "quá hạn", "đã mất"])],
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
