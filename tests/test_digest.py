"""The digest: one page for a head or a manager, as a page to print, as slides, as a mail."""

from __future__ import annotations

import email
import re
from email.policy import default
from pathlib import Path

import pandas as pd
import pytest

from kamlib.book import BookSettings
from kamlib.cli import main
from kamlib.digest.content import read_digest
from kamlib.digest.mail import mail_text, write_mail
from kamlib.errors import KamError
from kamlib.period.snapshot import open_period
from kamlib.report import printing
from kamlib.story.digest import foot_digest

from . import office

HOSTILE = "<script>alert(1)</script> & =1+1"


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Path:
    """A small book of two managers: one account overdue, with a hostile name, and one lost."""
    folder = tmp_path_factory.mktemp("digest") / "book"
    folder.mkdir()
    (folder / "book.toml").write_text('title = "Test & Co"\n', encoding="utf-8")
    (folder / "accounts.csv").write_text(
        f"account_id,name,manager_id,tier\nA,{HOSTILE},M1,key\nB,Beta,M2,key\nC,Gamma,M1,regular\n",
        encoding="utf-8",
    )
    (folder / "managers.csv").write_text(
        "manager_id,name\nM1,Ines Costa\nM2,Paul Weiss\n", encoding="utf-8"
    )
    orders = ["order_id,account_id,order_date,revenue"]
    months = [f"{year}-{month:02d}" for year in (2024, 2025) for month in range(1, 13)]
    for number, month in enumerate(months):
        if month <= "2025-10":
            orders.append(f"a{number},A,{month}-05,1000")
        orders.append(f"c{number},C,{month}-28,200")
        if month <= "2025-09":
            orders.append(f"b{number},B,{month}-09,700")
    orders.append("last,C,2025-12-31,1")
    (folder / "orders.csv").write_text("\n".join(orders) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def digest(book):
    return read_digest(open_period(book, "2025-Q4"))


def test_a_digest_says_what_the_front_page_says(digest):
    from kamlib.story.overview import actions_overview, headline_overview

    text = mail_text(digest)
    assert digest.title == "Test & Co: key accounts, Q4 2025"
    for sentence in digest.q.call(headline_overview):
        assert sentence.text in text
    lines = digest.q.call(actions_overview)
    assert lines and all(line.changed in text and line.to_do in text for line in lines)
    assert digest.foot in text and digest.foot.endswith("from 68 order lines.")


def test_a_sources_own_total_is_no_money_that_was_lost():
    rows = [("orders", "used", "used", 5, 100.0), ("orders", "no account_id", "unusable", 2, 7.0)]
    rows += [("orders", "a total, not an order line", "left out", 1, 107.0)]
    intake = pd.DataFrame(rows, columns=["table", "reason", "use", "rows", "revenue"])
    as_of = pd.Timestamp("2025-12-31")
    book = BookSettings(title="x", currency="EUR")
    assert foot_digest(intake, as_of=as_of, book=book).replace("\u00a0", " ") == (
        "As of 31 Dec 2025, from 5 order lines; 1 line left out on purpose; 2 lines with € 7 "
        "unusable."
    )


def test_a_mail_reads_as_plain_text_and_fetches_nothing(digest, tmp_path):
    file = write_mail(digest, tmp_path / "a.eml")
    assert file.read_bytes() == write_mail(digest, tmp_path / "b.eml").read_bytes()
    assert file.stat().st_size <= 100_000
    mail = email.message_from_bytes(file.read_bytes(), policy=default)
    assert mail["Subject"] == digest.title
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    plain = mail.get_body(("plain",)).get_content()
    assert " ".join(plain.split()) == " ".join(mail_text(digest).split())
    html = mail.get_body(("html",)).get_content()
    assert not re.search(r"<(script|img|link|iframe)|https?:|src=|url\(", html)
    assert "&lt;script&gt;" in html


def test_slides_hold_text_and_tables_that_can_be_edited(digest, tmp_path):
    pptx = pytest.importorskip("pptx")
    from kamlib.digest.deck import write_slides

    file = write_slides(digest, tmp_path / "a.pptx")
    assert file.read_bytes() == write_slides(digest, tmp_path / "b.pptx").read_bytes()
    shapes = [shape for slide in pptx.Presentation(str(file)).slides for shape in slide.shapes]
    assert not [shape for shape in shapes if shape.shape_type == 13]  # no pictures
    said = " ".join(shape.text_frame.text for shape in shapes if shape.has_text_frame)
    assert all(figure["value"] in said for figure in digest.figures()[:5])
    table = next(shape.table for shape in shapes if shape.has_table)
    cells = [[cell.text for cell in row.cells] for row in table.rows]
    assert cells[0] == ["What changed", "What to do", "Owner", "By"]
    assert [row[1] for row in cells[1:]] == [line.to_do for line in digest.actions]


def test_a_printed_digest_is_one_page(digest, tmp_path):
    try:
        printing.browser()
    except KamError as error:
        pytest.skip(error.what)
    from kamlib.digest.sheet import write_pdf

    file = write_pdf(digest, tmp_path / "a.pdf")
    assert len(re.findall(rb"/Type ?/Page\b", file.read_bytes())) == 1
    assert re.search(rb"/MediaBox ?\[0 0 59[45]", file.read_bytes())  # A4


def test_a_managers_digest_names_nothing_of_others(book):
    mine = read_digest(open_period(book, "2025-Q4", "M2"))
    assert mine.whom == "For Paul Weiss"
    text = mail_text(mine)
    assert "Beta" in text and "Gamma" not in text and "script" not in text and "Ines" not in text


def test_the_command_writes_a_file_and_says_where(book, tmp_path, capsys):
    out = tmp_path / "q4.eml"
    request = ["--book", str(book), "--period", "2025-Q4", "--to", "eml"]
    assert main(["digest", *request, "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out) and out.is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "pdff"], "There is no form 'pdff'"),
        (["--to", "eml", "--out", "no/such/folder/a.eml"], "cannot be written there"),
        (["--to", "eml", "--manager", "M9"], "No account has the manager 'M9'"),
        (["--manager", ""], "is empty"),
    ],
)
def test_a_bad_request_is_refused_in_words(book, capsys, arguments, said):
    assert main(["digest", "--book", str(book), *arguments]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.soak
def test_a_report_writes_the_digests_of_the_head_and_of_every_manager(book, tmp_path):
    request = ["--book", str(book), "--period", "2025-Q4", "--only", "overview"]
    assert main(["report", *request, "--digest", "--accounts", "none", "--out", str(tmp_path)]) == 0
    made = sorted(file.name for file in (tmp_path / "2025-Q4" / "digest").iterdir())
    stems = ("digest-M1", "digest-M2", "digest")
    assert made == sorted(
        [*(f"{s}.{f}" for s in stems for f in ("eml", "pdf", "pptx")), "index.html"]
    )
    html = Path(tmp_path / "2025-Q4" / "digest" / "index.html").read_text(encoding="utf-8")
    assert "For Ines Costa" in html and 'href="digest-M1.eml"' in html


def test_libreoffice_opens_the_slides(digest, tmp_path):
    pytest.importorskip("pptx")
    from kamlib.digest.deck import write_slides

    (printed,) = office.converted("pdf", tmp_path, write_slides(digest, tmp_path / "a.pptx"))
    assert len(re.findall(rb"/Type ?/Page\b", printed.read_bytes())) == 2
