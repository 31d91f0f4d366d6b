"""Pages in three languages as a reader sees them: whole, apart, and open to everyone."""

from __future__ import annotations

import pytest

from .boxes import BOXES

LANGUAGES = ("en", "de", "vi")
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


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cut_off_or_written_over(visit, language, name, width):
    assert visit(language, name, width=width).evaluate(BOXES) == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_everyone_can_read_it(visit, language, name):
    from axe_playwright_python.sync_playwright import Axe

    tab = visit(language, name)
    assert tab.locator("html").get_attribute("lang") == language
    tab.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    found = Axe().run(tab).response["violations"]
    severe = [
        (one["id"], one["nodes"][0]["html"][:160])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert severe == [] and tab.seen == []


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
