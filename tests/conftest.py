"""What tests share: books made on the spot, and the real data beside a checkout."""

from __future__ import annotations

import contextlib
import csv
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from kamlib.practice.company import Company, company
from kamlib.report.quick import quick_import
from kamlib.report.server import SOCKET, ForkServer, can_fork

from . import examples  # noqa: F401
from .forked import kam

with quick_import():  # as a run loads it: without a grammar that takes seconds
    import nbformat  # noqa: F401

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

ROOT = Path(__file__).resolve().parents[1]
DEAR = (
    *("test_real_pages", "test_languages_seen", "test_start_shapes", "test_sentences"),
    *("test_engines", "test_one_report", "test_hostile_book", "test_pseudo", "test_start_exports"),
    *("test_report_cases", "test_pages", "test_report_failures", "test_intake_by_file"),
    *("test_report_books", "test_start", "test_explain", "test_report_whole_runs"),
    *("test_bad_input", "test_report", "test_report_repeat", "test_intake", "test_real_books"),
    *("test_report_history", "test_printing", "test_what_if", "test_training", "test_same_in_lab"),
    *("test_period", "test_verdict", "test_scale", "test_ways", "test_report_quiet"),
    *("test_consistency", "test_practice_stories", "test_report_killed"),
)
"""Modules that take longest, in this order: they come first, so that no worker is left with one
at the end.
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the golden tables be written anew."""
    parser.addoption(
        "--rewrite-golden", action="store_true", help="write tests/golden anew instead of comparing"
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    place = {name: number for number, name in enumerate(DEAR)}
    items.sort(key=lambda item: place.get(item.path.stem, len(DEAR)))


@pytest.fixture(scope="session")
def of_all_workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the test run that its workers share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if base.name.startswith("popen-") else base


@pytest.fixture(scope="session", autouse=True)
def prepared_periods(of_all_workers: Path) -> Iterator[None]:
    """Keep prepared periods in the folder of the test run, shared by its workers."""
    before = os.environ.get("KAM_CACHE")
    os.environ["KAM_CACHE"] = str(of_all_workers / "prepared-periods")
    yield
    os.environ.pop("KAM_CACHE")
    if before is not None:
        os.environ["KAM_CACHE"] = before


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the checkout."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data beside the checkout are not on this machine")
    return folder


@pytest.fixture
def make_book(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a book: file name → text or bytes."""

    def make(
        files: dict[str, str | bytes] | None = None, *, settings: str = 'title = "Test"\n'
    ) -> Path:
        folder = tmp_path / "book"
        for name, content in {"book.toml": settings, **(files or {})}.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return folder

    return make


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock file while another worker of the test run waits; without such locks do
    nothing.
    """
    with lock.open("w") as file:
        with contextlib.suppress(ImportError):
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _rendered(
    shared: Path, name: str, accounts: tuple[str, ...], *request: str | Path
) -> SimpleNamespace:
    """Render a report once per test run, whoever asks first: site, folder, last_line, accounts."""
    site, said = shared / f"{name}-report" / "site", shared / f"{name}-report" / "said.txt"
    said.parent.mkdir(exist_ok=True)
    with _alone(shared / f"{name}-report.lock"):
        if not said.is_file():
            run = kam("report", *request, "--accounts", ",".join(accounts), "--out", site)
            assert run.returncode == 0, run.stderr
            said.write_text(run.stdout, encoding="utf-8")
    last_line = said.read_text(encoding="utf-8").splitlines()[-1]
    folder = next(entry for entry in site.iterdir() if (entry / "run.json").is_file())
    return SimpleNamespace(site=site, folder=folder, last_line=last_line, accounts=accounts)


@pytest.fixture(scope="session")
def sample_report(of_all_workers: Path) -> SimpleNamespace:
    """The sample book's report for 2025-Q3 with two dossiers."""
    with (ROOT / "data" / "sample" / "tiers.csv").open(encoding="utf-8", newline="") as file:
        spells = [
            row
            for row in csv.DictReader(file)
            if row["tier"] == "key" and row["start_date"] <= "2025-09-30"
        ]
    accounts = tuple(sorted({row["account_id"] for row in spells if not row["end_date"]})[:2])
    return _rendered(of_all_workers, "sample", accounts, "--period", "2025-Q3")


@pytest.fixture(scope="session")
def spoken_report(
    sample_report: SimpleNamespace, of_all_workers: Path
) -> Callable[..., tuple[Path, str]]:
    """Return a function: language, its pages where some are enough -> the sample's report in it,
    and its first dossier's account.
    """

    from kamlib.period import open_period

    from . import here

    def report(language: str, *only: str) -> tuple[Path, str]:
        first = sample_report.accounts[0]
        if language == "en":
            return sample_report.folder, first
        home = of_all_workers / "-".join(["spoken", language, *only])
        with _alone(home.with_suffix(".lock")):
            if not (home / "2025-Q3" / "digest.html").is_file():  # the last that is written
                book = ROOT / "data" / "sample"
                q = open_period(book, "2025-Q3")
                here.report(book, q, home, language=language, accounts=first, only=only)
        return home / "2025-Q3", first

    return report


@pytest.fixture(scope="session")
def northwind_report(of_all_workers: Path) -> SimpleNamespace:
    """Northwind's report for its last whole quarter with two dossiers."""
    book = ROOT / "data" / "northwind"
    return _rendered(of_all_workers, "northwind", ("SAVEA", "HUNGO"), "--book", book)


@pytest.fixture(scope="session")
def orders_alone(of_all_workers: Path) -> Path:
    """A book of the sample's orders alone, four columns of them."""
    book = of_all_workers / "orders-alone"
    with _alone(book.with_suffix(".lock")):
        if not book.is_dir():
            book.mkdir()
            (book / "book.toml").write_text('title = "Orders alone"\n', encoding="utf-8")
            orders = pd.read_csv(ROOT / "data" / "sample" / "orders.csv", dtype="str")
            columns = ["order_id", "account_id", "order_date", "revenue"]
            orders[columns].to_csv(book / "orders.csv", index=False)
    return book


@pytest.fixture(scope="session")
def orders_alone_report(orders_alone: Path, of_all_workers: Path) -> SimpleNamespace:
    """The report of a book of orders alone, with two dossiers."""
    accounts = ("A0091", "A0051")
    return _rendered(of_all_workers, "orders-alone", accounts, "--book", orders_alone)


@pytest.fixture(scope="session")
def meridian() -> Company:
    """The practice company that the sample book is made of."""
    return company()


@pytest.fixture(scope="session")
def orders(meridian: Company) -> pd.DataFrame:
    """Its order lines."""
    return meridian.tables["orders"]


@pytest.fixture(scope="session")
def told(meridian: Company) -> dict[str, pd.DataFrame]:
    """story -> its rows of the truth."""
    return {story: rows.reset_index(drop=True) for story, rows in meridian.truth.groupby("story")}


@pytest.fixture(scope="session")
def kernels() -> Iterator[ForkServer]:
    """What kernels are forked from, for tests that run small notebooks."""
    if not can_fork():
        pytest.skip("needs warm kernels")
    with ForkServer({"PYTHONHASHSEED": "0"}) as process:
        assert process.is_ready()
        yield process


@pytest.fixture
def warm(kernels: ForkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs of this process fork their kernels from one that has loaded everything."""
    from kamlib.report import run

    @contextlib.contextmanager
    def ready(folder: Path, *_: object) -> Iterator[Callable[[], dict[str, str]]]:
        environment = {**run._ENVIRONMENT, "TMPDIR": str(folder), SOCKET: kernels.address}
        yield lambda: environment

    monkeypatch.setattr(run, "_kernels", ready)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium; where there is none the tests are skipped with the reason, in CI they fail."""
    program = (
        shutil.which("chromium")
        or shutil.which("chromium-browser")
        or shutil.which("google-chrome")
    )
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        program = None
    if program is None:
        reason = "needs chromium and the packages playwright and axe-playwright-python"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=QUIET)
        yield started
        started.close()
