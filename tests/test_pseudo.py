"""A report in a language of no country: what a reader meets in plain letters has escaped it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kamlib.period import open_period
from kamlib.report.pages import PAGES
from kamlib.story.reasons import reason_said
from kamlib.words import count_untranslated, speaking, untranslated

from . import here, pseudo

BOOK = Path("data/sample")
FORMS = (".html", ".xlsx", ".eml", ".pptx", ".ics")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The folder of the sample's site, in this language, and what it may say in plain letters."""
    folder = tmp_path_factory.mktemp("pseudo")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("KAM_LANGUAGES", str(pseudo.write_language(folder / "tongues")))
        q = open_period(BOOK, "2025-Q3")
        made = here.report(BOOK, q, folder / "site", language=pseudo.CODE, accounts="A0004,A0039")
        with speaking(pseudo.CODE):
            reasons = {reason_said(one) for one in q.intake["reason"].dropna()}
        yield made.parent, reasons, untranslated()
    count_untranslated(anew=True)


def test_no_text_that_a_reader_meets_is_left_in_plain_letters(report):
    """Pages, charts, what their script shows, workbook, digest, calendar."""
    site, reasons, _ = report
    known = pseudo.Known(BOOK)
    files = [one for one in sorted(site.rglob("*")) if one.suffix in FORMS]
    names = {one.name for one in files}
    assert {"index.html", "tables.html", "accounts.html", "A0004.html"} <= names
    assert {page.file for page in PAGES.values()} - names == {PAGES["dossiers"].file}
    assert {"workbook.xlsx", "details.xlsx", "digest.eml", "digest.html"} <= names
    assert ("digest.pptx" in names) == here.HAS_SLIDES
    where = {text: file.name for file in files for text in pseudo.said(file)}
    escaped = {
        (file, text, *left)
        for text, file in where.items()
        if text not in reasons and (left := known.escaped(text))
    }
    assert escaped == set()


def test_nothing_had_to_be_said_in_english(report):
    assert report[2] == frozenset()


@pytest.mark.parametrize(
    "escaped",
    [
        "<p>Áĺĺ of áććóúńţś</p>",
        "<title>Retention</title>",
        "<svg><g><title>tier: ķéý</title></g></svg>",
        '<div aria-label="Drawing"></div>',
        '<img alt="satisfaction">',
        '<td class="per" data-per="One row per">áććóúńţ</td>',
        '<script class="words">{"Find": "Find"}</script>',
        '<script class="rows-of">{"columns": [{"label": "Śţáţúś"}], "cells": [["overdue"]], '
        '"texts": [null], "total": "1"}</script>',
    ],
)
def test_a_plain_word_is_found_wherever_it_stands(escaped, tmp_path):
    page = tmp_path / "page.html"
    page.write_text(escaped, encoding="utf-8")
    known = pseudo.Known(BOOK)
    assert [left for text in pseudo.said(page) if (left := known.escaped(text))]
