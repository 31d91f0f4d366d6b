"""Notebooks of one's own: copied with the kit's, and rendered with the report."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

from kamlib.book import read_settings
from kamlib.cli import main
from kamlib.errors import KamError
from kamlib.notebooks import copy_notebooks
from kamlib.page.fragments import Fragment
from kamlib.period.snapshot import open_period
from kamlib.report.mark import book_hashes, run_mark
from kamlib.report.pages import PAGES, own_pages, wanted_pages
from kamlib.report.request import Request

ROOT = Path(__file__).resolve().parents[1]
ORDERS = "order_id,account_id,order_date,revenue\n" + "".join(
    f"{number},A{number % 3},2025-0{1 + number % 9}-11,{10 * number + 10}\n" for number in range(30)
)


def notebook(*cells: str, heading: str = "# Our own view") -> str:
    node = nbformat.v4.new_notebook()
    node.cells = [nbformat.v4.new_markdown_cell(heading)]
    node.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
    node.cells[1].metadata["tags"] = ["parameters"]
    return nbformat.writes(node)


PARAMETERS = 'book = "../sample"\nperiod = ""\nmanager_id = ""'
SHOWN = """import kamlib as kam
q = kam.open_period(book, period, manager_id)
mine = q.account_classes[["account_id", "revenue"]].nlargest(2, "revenue")
kam.page.table(mine.reset_index(drop=True).copy(), name="two_largest", title="The two largest")"""


@pytest.fixture
def book(make_book) -> Path:
    return make_book(
        {"orders.csv": ORDERS, "notebooks/our_view.ipynb": notebook(PARAMETERS, SHOWN)}
    )


class TestOwnPage:
    @pytest.mark.usefixtures("warm")
    def test_it_is_rendered_linked_and_its_table_published(self, book, tmp_path):
        out = tmp_path / "site"
        request = ["report", "--book", str(book), "--out", str(out), "--accounts", "none"]
        assert main([*request, "--only", "segmentation", "--only", "our_view"]) == 0
        (period,) = [entry for entry in out.iterdir() if (entry / "run.json").is_file()]
        assert "The two largest" in (period / "our_view.html").read_text(encoding="utf-8")
        front = (period / "segmentation.html").read_text(encoding="utf-8")
        assert 'href="our_view.html"' in front
        assert front.index("Segmentation</a>") < front.index("Our own view</a>")
        rows = (period / "tables" / "two_largest.csv").read_text(encoding="utf-8").splitlines()
        assert rows[0] == "account_id,revenue" and len(rows) == 3

    def test_a_changed_one_is_rendered_anew(self, book):
        def mark() -> dict:
            request = Request(book=book, only=("our_view",))
            pages = wanted_pages(["our_view"], book)
            return run_mark(request, pages, read_settings(book), book_hashes(book))

        before = mark()
        assert mark() == before
        other = SHOWN.replace("The two largest", "Two of them")
        file = book / "notebooks" / "our_view.ipynb"
        file.write_text(notebook(PARAMETERS, other), encoding="utf-8")
        assert mark() != before

    def test_its_title_is_the_first_heading_or_its_name(self, make_book):
        plain = notebook(PARAMETERS, heading="No heading here")
        book = make_book(
            {"notebooks/by_region.ipynb": plain, "notebooks/a.ipynb": notebook(PARAMETERS)}
        )
        assert [page.title for page in own_pages(book)] == ["Our own view", "By region"]

    @pytest.mark.parametrize("name", ["overview", "01_segmentation", "tables", "über uns", "a b"])
    def test_a_name_that_is_taken_or_no_address_is_refused(self, make_book, name):
        book = make_book({f"notebooks/{name}.ipynb": notebook(PARAMETERS)})
        with pytest.raises(KamError, match="cannot be named"):
            own_pages(book)

    def test_a_file_that_is_no_notebook_is_named(self, make_book):
        book = make_book({"notebooks/mine.ipynb": "not json"})
        with pytest.raises(KamError, match="cannot be read") as error:
            wanted_pages([], book)
        assert "mine.ipynb" in error.value.where

    def test_without_any_the_pages_are_the_kits(self, make_book):
        assert wanted_pages([], make_book({})) == list(PAGES.values())


class TestCopies:
    def test_they_open_the_book_that_is_named(self, tmp_path, make_book):
        book = make_book({"orders.csv": ORDERS})
        made = copy_notebooks(tmp_path / "mine", book)
        copied = {file.relative_to(tmp_path / "mine").as_posix() for file in made}
        assert {"start.ipynb", "explore.ipynb", "00_overview.ipynb"} <= copied
        cells = json.loads((tmp_path / "mine" / "explore.ipynb").read_text("utf-8"))["cells"]
        assert f'book = "{book.resolve()}"' in "".join(cells[1]["source"])

    def test_nobodys_work_is_written_over(self, tmp_path, capsys):
        own = tmp_path / "explore.ipynb"
        own.write_text("mine", encoding="utf-8")
        assert main(["notebook", str(tmp_path)]) == 0
        assert own.read_text(encoding="utf-8") == "mine"
        assert "start.ipynb" in capsys.readouterr().out


class TestShow:
    @pytest.fixture
    def shown(self, monkeypatch) -> list[Fragment]:
        pieces: list[Fragment] = []
        monkeypatch.setattr("kamlib.page.fragments.display", pieces.append)
        return pieces

    def test_a_table_or_rows_of_it_are_shown_with_the_script_that_sorts(self, make_book, shown):
        q = open_period(make_book({"orders.csv": ORDERS}))
        q.show("account_classes")
        q.show(q.account_classes.query("account_id == 'A1'"))
        q.show(q.account_classes.groupby("abc_revenue")["revenue"].sum().reset_index())
        assert "A0" in shown[0].html and "A0" not in shown[1].html.split("<script>")[0]
        assert "ABC revenue" in shown[0].html
        assert all("rows-of" in piece.html and "<script>" in piece.html for piece in shown)
        assert '"name":"table"' in shown[2].html

    def test_a_name_that_is_no_table_is_answered_with_the_nearest(self, make_book):
        q = open_period(make_book({"orders.csv": ORDERS}))
        with pytest.raises(AttributeError, match="account_classes"):
            q.show("account_clases")
