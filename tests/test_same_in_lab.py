"""A page says what its notebook shows in JupyterLab: the same notebook, the same book, no report
run.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient import NotebookClient

from kamlib.period import open_period
from kamlib.report.pages import PAGES, notebook_file
from kamlib.report.server import SOCKET

ROOT = Path(__file__).resolve().parents[1]


def said(html: str) -> str:
    """Return the words of a piece of a page, without what only its script and style hold."""
    soup = BeautifulSoup(html, "html.parser")
    for part in soup(["script", "style"]):
        part.decompose()
    return re.sub(r"\s+", " ", soup.get_text(" ")).strip()


@pytest.fixture
def in_lab(kernels):
    """Return a function that opens a notebook by hand and gives the pieces that it shows in order.

    The kernel is one of Lab's, without what watches a report's steps, but forked.
    """

    def opened(notebook: Path, parameters: dict[str, str]) -> list[str]:
        node = nbformat.read(notebook, as_version=4)
        own = next(cell for cell in node.cells if "parameters" in cell.metadata.get("tags", []))
        for name, value in parameters.items():
            own.source = re.sub(rf"(?m)^{name} = .*$", f"{name} = {value!r}", own.source)
        environment = {name: own for name, own in os.environ.items() if name[:4] != "KAM_"}
        environment |= {"KAM_CACHE": os.environ["KAM_CACHE"], SOCKET: kernels.address}
        manager = AsyncKernelManager()
        manager._kernel_spec = KernelSpec(
            argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
            display_name="Python 3",
            language="python",
            metadata={"kernel_provisioner": {"provisioner_name": "kam-warm"}},
        )
        try:
            client = NotebookClient(node, km=manager, timeout=300)
            client.execute(env=environment, cleanup_kc=True)
        finally:
            run_sync(manager.shutdown_kernel)(now=True)
        return [
            said(output.data["text/html"])
            for cell in node.cells
            for output in cell.get("outputs", [])
            if "data" in output and "text/html" in output.data
        ]

    return opened


USUAL = ("overview", "retention")
"""Pages that are run by hand on every run; in the long form all are."""


@pytest.mark.parametrize(
    "name",
    [
        name if name in USUAL else pytest.param(name, marks=pytest.mark.soak)
        for name in PAGES
        if name != "dossiers"
    ],
)
def test_the_page_equals_what_the_notebook_shows(name, sample_report, in_lab):
    page = said((sample_report.folder / PAGES[name].file).read_text(encoding="utf-8"))
    book = {"book": str(ROOT / "data" / "sample"), "period": "2025-Q3"}
    pieces = in_lab(notebook_file(PAGES[name]), book)
    assert len(pieces) > 4
    assert not [piece[:200] for piece in pieces if piece not in page]


@pytest.mark.parametrize("name", PAGES)
def test_a_notebook_opens_the_sample_as_it_is_committed(name):
    notebook = notebook_file(PAGES[name])
    cells = nbformat.read(notebook, as_version=4).cells
    own = next(cell for cell in cells if "parameters" in cell.metadata.get("tags", []))
    given: dict[str, str] = {}
    exec(own.source, given)
    book = (notebook.parent / given["book"]).resolve()
    assert book == ROOT / "data" / "sample"
    assert (given["period"], given["manager_id"]) == ("", "")
    assert given.get("account_id", "") == ""


def test_a_dossier_of_no_account_in_particular_is_the_largests():
    q = open_period(ROOT / "data" / "sample", "2025-Q3")
    largest = q.account_classes.sort_values("revenue", ascending=False)["account_id"].iloc[0]
    assert q.account("").account_id == largest


def test_a_dossier_equals_what_the_notebook_shows(sample_report, in_lab):
    account = sample_report.accounts[0]
    page = said((sample_report.folder / "dossiers" / f"{account}.html").read_text("utf-8"))
    book = {"book": str(ROOT / "data" / "sample"), "period": "2025-Q3", "account_id": account}
    pieces = in_lab(notebook_file(PAGES["dossiers"]), book)
    assert len(pieces) > 10
    assert not [piece[:200] for piece in pieces if piece not in page]
