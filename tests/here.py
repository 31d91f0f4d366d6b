"""A report made in this process, of a period that is open: no kernel, in any language."""

from __future__ import annotations

import threading
from concurrent.futures import Executor, Future
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import patch

import nbformat

import kamlib
from kamlib.digest.content import read_digest
from kamlib.digest.deck import write_slides
from kamlib.digest.mail import write_mail
from kamlib.digest.sheet import sheet_html
from kamlib.intake import read_book
from kamlib.intake.sources import open_engine
from kamlib.page import fragments
from kamlib.period import Period
from kamlib.report import site
from kamlib.report.about import whole_book
from kamlib.report.index import renew_index
from kamlib.report.pages import wanted_pages
from kamlib.report.production import Production
from kamlib.report.request import Request
from kamlib.words import speaking

_ALONE = threading.Lock()
HAS_SLIDES = find_spec("pptx") is not None
"""Whether the package that writes slides is installed: reports have none without it."""


def report(
    book: Path, q: Period, out: Path, *, language: str, accounts: str, only: tuple[str, ...] = ()
) -> Path:
    """Publish a period in a language; return its folder. Tables that it has computed are its own
    in every language.
    """
    spoken = q.book.model_copy(update={"language": language})
    data, label = Period(q._snapshot, book=spoken), q.span.label
    request = Request(book, (label,), only, accounts, out=out)
    staged = site.stage(out, label)
    work = Production(
        request, wanted_pages(list(only)), data, staged, {}, lambda *_: None, _Here(data)
    )
    with open_engine() as engine:
        work.make(whole_book(read_book(book, q.book, engine), data), {"started": ""})
    site.publish(staged, out, label)
    renew_index(out, spoken)
    with speaking(language):
        digest = read_digest(data)
        write_mail(digest, out / label / "digest.eml")
        if HAS_SLIDES:
            write_slides(digest, out / label / "digest.pptx")
        (out / label / "digest.html").write_text(sheet_html(digest), encoding="utf-8")
    return out / label


class _Here(Executor):
    """Runs a report's notebooks in this process, one after another."""

    def __init__(self, data: Period) -> None:
        self.data = data

    def submit(self, _run: Any, notebook: Path, parameters: dict, /, **options: Any) -> Future:
        """Return a notebook with its outputs, in a future that is done."""
        done: Future = Future()
        with _ALONE, patch.dict("os.environ", options["environment"]):
            done.set_result(self._executed(notebook, parameters))
        return done

    def _executed(self, notebook: Path, parameters: dict[str, str]) -> nbformat.NotebookNode:
        node = nbformat.read(notebook, as_version=4)
        names: dict[str, Any] = {}
        for cell in node.cells:
            if cell.cell_type != "code":
                continue
            plain = "\n".join(line for line in cell.source.splitlines() if line[:1] != "%")
            with (
                patch.object(kamlib, "open_period", lambda *_: self.data, create=True),
                patch.object(fragments, "display") as shown,
            ):
                exec(compile(plain, str(notebook), "exec"), names)
            if "parameters" in cell.metadata.get("tags", []):
                names |= parameters
            pieces = [call.args[0].html for call in shown.call_args_list]
            cell.outputs = [
                nbformat.v4.new_output("display_data", data={"text/html": html}) for html in pieces
            ]
        return node
