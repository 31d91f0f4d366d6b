"""`kam report --pdf`: a PDF beside every page, with its text and its sheets; one clear message
without Chromium.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from kamlib.cli import main
from kamlib.errors import KamError
from kamlib.page import pieces
from kamlib.report import printing
from kamlib.report import run as report_run

from . import made

SHEETS = "<!doctype html><title>x</title>" + "".join(
    f'<p style="break-after: {"auto" if number == 3 else "page"}">Sheet number {number}</p>'
    for number in (1, 2, 3)
)


@pytest.fixture(scope="module")
def printer() -> str:
    """Chromium and poppler; where they are not the tests are skipped with the reason, in CI they
    fail.
    """
    try:
        program = printing.browser()
    except KamError:
        program = ""
    if not program or not shutil.which("pdftotext"):
        reason = "needs chromium and poppler-utils"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return program


def pdf_text(file: Path) -> list[str]:
    """The text of each sheet of a PDF."""
    assert file.read_bytes().startswith(b"%PDF")
    done = subprocess.run(
        ["pdftotext", "-layout", str(file), "-"], capture_output=True, text=True, check=True
    )
    return [" ".join(sheet.split()) for sheet in done.stdout.split("\f")[:-1]]


@pytest.mark.usefixtures("printer")
def test_every_page_of_a_site_is_printed_with_its_text_and_its_sheets(tmp_path):
    made.write(
        tmp_path,
        "index.html",
        made.html_of([made.code(pieces.note("All is well, Żółć 海天."))]),
    )
    made.write(tmp_path / "dossiers", "a b#1.html", SHEETS)
    written = printing.print_pages(tmp_path)
    assert written == [tmp_path / "dossiers" / "a b#1.pdf", tmp_path / "index.pdf"]
    long, short = map(pdf_text, written)
    assert long == ["Sheet number 1", "Sheet number 2", "Sheet number 3"]
    assert len(short) == 1 and "All is well, Żółć 海天." in short[0]
    before = [file.read_bytes() for file in written]
    assert [file.read_bytes() for file in printing.print_pages(tmp_path)] == before


@pytest.mark.usefixtures("printer", "warm")
def test_a_report_publishes_its_pdfs_and_names_them_in_its_manifest(make_book, tmp_path):
    book = make_book({"orders.csv": "order_id,account_id,order_date,revenue\n1,A,2025-05-05,10\n"})
    out = tmp_path / "site"
    assert (
        main(["report", "--book", str(book), "--out", str(out), "--only", "segmentation", "--pdf"])
        == 0
    )
    folder = out / "2025-Q2"
    assert {file.name for file in folder.glob("*.pdf")} == {
        "accounts.pdf",
        "segmentation.pdf",
        "tables.pdf",
    }
    assert "Who carries the revenue" in "".join(pdf_text(folder / "segmentation.pdf"))
    assert report_run.site.is_whole(out, "2025-Q2")
    assert '"segmentation.pdf"' in (folder / "run.json").read_text(encoding="utf-8")


def test_a_page_that_cannot_be_printed_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(printing, "browser", lambda: shutil.which("false") or "false")
    made.write(tmp_path, "index.html", SHEETS)
    with pytest.raises(KamError, match="could not be printed") as failed:
        printing.print_pages(tmp_path)
    assert (
        failed.value.exit_code == 1
        and "index.html" in str(failed.value)
        and "Next:" in str(failed.value)
    )
    assert not list(tmp_path.glob("*.pdf"))


def test_without_a_browser_one_message_says_how_to_get_it(make_book, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(printing.shutil, "which", lambda _: None)
    monkeypatch.setattr(printing, "_MACOS", tmp_path / "none")
    book = make_book({"orders.csv": "order_id,account_id,order_date,revenue\n1,A,2025-05-05,10\n"})
    assert main(["report", "--book", str(book), "--out", str(tmp_path / "site"), "--pdf"]) == 2
    error = capsys.readouterr().err
    assert "needs Chromium" in error and "--pdf" in error and "apt install chromium" in error
    assert not (tmp_path / "site").exists()
