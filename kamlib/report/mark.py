"""What a period's report depends on, so that nothing is done twice and nothing is passed over."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import time
from pathlib import Path

import kamlib
from kamlib.book import BookSettings
from kamlib.errors import KamError
from kamlib.intake.sources.files import fingerprint, input_files
from kamlib.report import pages, site
from kamlib.report.pages import Page
from kamlib.report.request import Request


def book_hashes(book: Path) -> dict[str, str]:
    """Return the SHA-256 of every file that the book's figures rest on, by path.

    Raises
    ------
    KamError
        One is no file: a folder, a pipe, a link to nothing.
    """
    files = input_files(book)
    for file in files:
        if not file.is_file():
            raise KamError(
                f"'{file.name}' is no file: a folder, a pipe, or a link to nothing.",
                where=str(file),
                next="Put the file itself there.",
            )
    return fingerprint(files, book)


def run_mark(
    request: Request, wanted: list[Page], settings: BookSettings, hashes: dict[str, str]
) -> dict:
    """Return everything the reports of a run depend on, their periods apart.

    The settings count and not their file, so a comment in ``book.toml`` changes nothing; of the
    notebooks count those of the pages that are asked for.
    """
    kit, package = pages.kit_folder(), Path(kamlib.__file__).resolve().parent
    files = [file for kind in ("*.py", "*.toml") for file in package.rglob(kind)]
    files = sorted(file for file in files if "_kit" not in file.relative_to(package).parts)
    inputs = {name: value for name, value in hashes.items() if name != "book.toml"}
    inputs["settings"] = _hash(settings.model_dump_json(by_alias=True))
    if settings.connection.url:  # a database changes unseen: never the same twice
        inputs["read"] = _hash(repr(time.time_ns()))
    others = [pages.notebook_file(page) for page in wanted if page.folder is None]
    own = [pages.notebook_file(page) for page in wanted if page.folder is not None]
    others += sorted(file for file in (kit / "templates").rglob("*") if file.is_file())
    return {
        "only": sorted(request.only),
        "accounts": request.accounts,
        "manager_id": request.manager_id or "",
        "pdf": request.pdf,
        "digest": request.digest,
        "inputs": {"book": _hash(json.dumps(inputs, sort_keys=True))}
        if request.manager_id  # its readers may not know which accounts have a plan
        else inputs,
        "kit": fingerprint(files, package)
        | fingerprint(others, kit)
        | fingerprint(own, request.book),
        "versions": versions(),
    }


def is_unchanged(out: Path, label: str, mark: dict) -> bool:
    """Return whether a period is published whole, and from what a run would make it of now."""
    run = site.published_run(out, label)
    return (
        run is not None
        and not run.get("failed")
        and run.get("mark") == {**json.loads(json.dumps(mark)), "period": label}
        and site.is_whole(out, label)
    )


def index_state(out: Path, mark: dict) -> list[str]:
    """Return words for what the site's front page is made of, and for what it is."""
    made_of = [mark["inputs"].get("settings"), mark["kit"], mark["versions"]]
    for label in site.published_runs(out):
        made_of.append(hashlib.sha256((out / label / "run.json").read_bytes()).hexdigest())
    index = out / "index.html"
    is_now = hashlib.sha256(index.read_bytes()).hexdigest() if index.is_file() else ""
    return [_hash(json.dumps(made_of, sort_keys=True)), is_now]


def state(mark: dict) -> str:
    """Return a word for the book and the kit as they are."""
    return _hash(json.dumps([mark["inputs"], mark["kit"], mark["versions"]], sort_keys=True))


def versions() -> dict[str, str]:
    """Return the versions that a report's bytes depend on."""
    names = (
        "pandas",
        "numpy",
        "scipy",
        "matplotlib",
        "lifelines",
        "statsmodels",
        "ibis-framework",
        "duckdb",
        "nbconvert",
        "papermill",
    )
    found = {name: importlib.metadata.version(name) for name in names}
    return {"kamlib": kamlib.__version__, "python": platform.python_version(), **found}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
