"""An executed notebook as a page: what nbconvert makes, without its second parsing."""

from __future__ import annotations

from unittest.mock import patch

import nbconvert.exporters.html as nbconvert_html
import nbformat
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter

from kamlib.page import pieces
from kamlib.page.site import Foot, page_resources
from kamlib.report.convert import _exporter, page_html
from kamlib.report.pages import kit_folder


def _notebook(*shown):
    outputs = [nbformat.v4.new_output("display_data", data=data) for data in shown]
    cells = [
        nbformat.v4.new_markdown_cell('## It\'s "quoted" & <b>bold</b>'),
        nbformat.v4.new_code_cell("page.note(q, '')", outputs=outputs),
    ]
    return nbformat.v4.new_notebook(cells=cells)


def _frame():
    foot = Foot("", "")
    return page_resources(
        title='An "account"\'s', book_title="A & B", period="Q3 2025", navigation=[], foot=foot
    )


HTML = [
    {"text/html": pieces.note('It\'s "so": 5 < 6 & more').html},
    {"text/html": '<a title="one &#34;two&#34; it&#39;s">x</a><br><svg viewBox="0 0 1 1"/>'},
    {"text/html": '<script type="application/json">{"a": "b &#39; c"}</script>'},
    {"text/html": "<p>A user&#39;s &amp;#39; and &#34;that&#34;</p>"},
]


@pytest.mark.parametrize("shown", [[one] for one in HTML] + [HTML])
def test_a_page_means_what_nbconvert_would_write(shown):
    node = _notebook(*shown)
    exporter = _exporter(kit_folder() / "templates")
    theirs, _ = HTMLExporter.from_notebook_node(exporter, node, resources=_frame())
    assert str(BeautifulSoup(page_html(node, _frame()), "html.parser")) == theirs


def test_a_page_without_pictures_is_not_parsed_again():
    with patch.object(nbconvert_html, "BeautifulSoup", side_effect=AssertionError("parsed")):
        assert "</html>" in page_html(_notebook(*HTML), _frame())


def test_a_picture_without_words_is_told_of():
    node = _notebook({"text/html": '<p><img src="data:image/png;base64,AA=="></p>'})
    assert 'alt="No description' in page_html(node, _frame())
