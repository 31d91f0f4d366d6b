"""Filling a period's staged folder: notebooks run side by side, each made a page as it finishes."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import nbformat
from filelock import FileLock

from kamlib.errors import KamError
from kamlib.intake import Intake
from kamlib.period import Period
from kamlib.period.held import HOLD, let_go
from kamlib.report import site, watch
from kamlib.report.about import write_run
from kamlib.report.agenda import write_calendars
from kamlib.report.kernel import end_kernels, run_notebook
from kamlib.report.pages import PAGES, Page, notebook_file
from kamlib.report.printing import print_pages
from kamlib.report.request import Request, check_account, ids
from kamlib.report.write import (
    Made,
    PageWriter,
    merge_tables,
    write_intake,
    write_period_workbook,
)
from kamlib.stop import StoppedError, heed
from kamlib.words import count_untranslated, speaking

Call = tuple[Page, str]
"""A page, and the account that it is about."""


_HEED_SECONDS = 1.0
"""How often who waits for notebooks asks whether the run is to stop."""


class Production:
    """One period on its way from its tables to a folder that can be published."""

    def __init__(
        self,
        request: Request,
        pages: list[Page],
        data: Period,
        staged: Path,
        kernels: dict[str, str],
        progress: Callable[[str, str, int, int], None],
        executor: Executor | None = None,
    ) -> None:
        self.request, self.data, self.staged = request, data, staged
        self.kernels, self.progress = kernels, progress
        self.work = site.stage(request.out, f"{data.span.label}-work")
        self.merging = threading.Lock()
        self.turn = threading.BoundedSemaphore(max(1, request.jobs))
        self.running: list = []
        self.executor, self.elsewhere = executor, list[Future]()
        self.failed: dict[str, KamError] = {}
        accounts: list[str] = []
        if PAGES["dossiers"] in pages:
            accounts = dossier_accounts(request.accounts, data)
        singles = [page for page in pages if page.name != "dossiers"]
        self.calls: list[Call] = [(page, "") for page in singles]
        self.calls += [(PAGES["dossiers"], account) for account in accounts]
        self.writer = PageWriter(data, staged, singles, accounts, has_digest=request.digest)
        self.names = self.writer.names
        self.links = {"": self.work / "links.json", "../": self.work / "near_links.json"}
        self.done: set[str] = set()
        self.late: Exception | None = None

    def make(
        self, whole: dict[str, Any], about: dict[str, Any], intake: Intake | None = None
    ) -> dict[str, KamError]:
        """Fill the staged folder; return what failed of it, where the request was to keep going.
        ``whole`` (see `whole_book`) and ``about`` go into ``run.json``; digests are made from the
        book as read.

        Raises
        ------
        KamError
            A page failed; with keep going, every page did.
        """
        count_untranslated(anew=True)
        label, count = self.data.span.label, len(self.calls)
        (self.staged / "tables").mkdir()
        self.progress(label, "starting", 0, count)
        seconds: dict[str, float] = {}
        try:
            # One more than may run: a kernel starts, or its page is made, while others' cells run.
            with ThreadPoolExecutor(max_workers=max(1, self.request.jobs) + 1) as pool:
                for one in self._all(pool):
                    seconds[one.title] = one.seconds
                    self.progress(label, one.account or one.page.title, len(seconds), count)
        finally:
            site.clear_staged(self.work)
        if self.failed and len(self.failed) == count:
            raise next(iter(self.failed.values()))
        if self.late is not None:
            raise self.late
        self._keep_last_good()
        write_intake(self.staged, self.data)
        self._write_accounts()
        self._write_books()
        if self.request.digest and intake is not None:
            self.progress(label, "digests", count, count)
            self.writer.write_digests(intake)
        self.writer.write_tables()
        if self.request.pdf:
            self.progress(label, "printing", count, count)
            print_pages(self.staged)
        failed = {name: str(error.what) for name, error in self.failed.items()}
        write_run(self.staged, self.data, whole, {**about, "timings": seconds, "failed": failed})
        return self.failed

    def _all(self, pool: ThreadPoolExecutor) -> Iterator[Made]:
        """Make pages side by side; the first failure, or a signal to stop, ends the others.

        Meanwhile this process does what needs no notebook, in the place of one of those that may
        run: at the end it would keep one processor alone. Then it lets go of all tables, which
        notebooks hold by themselves.
        """
        futures: list[Future[Made]] = []
        try:
            with self.turn:
                self._begin(pool, futures)
                if self.executor is None:
                    self._meanwhile(lambda: self._write_accounts(futures))
                    let_go(self.data)
                    self._meanwhile(lambda: self._write_books(futures))
                    let_go(self.data)
            waiting = deque(futures)
            while waiting:
                heed()
                if not waiting[0].done():
                    left = [one for one in waiting if not one.done()]
                    wait(left, _HEED_SECONDS, return_when=FIRST_COMPLETED)
                while waiting and waiting[0].done():
                    yield waiting.popleft().result()
        finally:
            self.writer.common.cancel()  # nobody waits for it any more
            for future in (*futures, *self.elsewhere):
                future.cancel()
            while wait(futures, timeout=0.2).not_done:  # none when all went well
                end_kernels(self.running)

    def _begin(self, pool: ThreadPoolExecutor, futures: list[Future[Made]]) -> None:
        """Have the notebooks begin, and make what all pages say: a notebook that asks where the
        page of an account is waits until the file is there. Elsewhere they begin after it.
        """
        with contextlib.ExitStack() as held:
            for file in self.links.values():
                held.enter_context(FileLock(f"{file}.lock"))
            if self.executor is None:
                futures += [pool.submit(self._one, *call) for call in self.calls]
            self.writer.prepare()
            for up, file in self.links.items():
                fresh = file.with_suffix(".part")
                fresh.write_text(json.dumps(self.writer.addresses(up)), encoding="utf-8")
                fresh.replace(file)
        if self.executor is not None:
            futures += [pool.submit(self._one, *call) for call in self.calls]

    def _meanwhile(self, do: Callable[[], None]) -> None:
        """Do a part of the work while notebooks run; its failure is told after theirs."""
        try:
            do()
        except StoppedError:
            raise
        except Exception as error:
            self.late = self.late or error

    def _write_accounts(self, futures: Sequence[Future[Made]] = ()) -> None:
        """Write the pages of accounts that no notebook makes, once, as long as none has failed."""
        if "accounts" not in self.done:
            self.done.add("accounts")
            self.writer.write_accounts(lambda: _has_failed(futures))

    def _write_books(self, futures: Sequence[Future[Made]] = ()) -> None:
        """Write the workbooks and calendars, once, unless a notebook has failed."""
        if "books" in self.done or _has_failed(futures):
            return
        self.done.add("books")
        with speaking(self.data.book.language):
            write_period_workbook(self.staged, self.data)
            if any(page.name == "ahead" for page, _ in self.calls):
                write_calendars(self.staged, self.data)

    def _one(self, page: Page, account: str) -> Made:
        """Run a notebook and make its page; where the request is to keep going, keep a failure."""
        began = time.monotonic()
        try:
            self._run(page, account)
        except Exception as error:
            if not self.request.keep_going:
                raise
            known = error if isinstance(error, KamError) else _unknown(error)
            self.failed[Made(page, account).name] = known
        return Made(page, account, round(time.monotonic() - began, 2))

    def _run(self, page: Page, account: str) -> None:
        tables = self.work / f"tables-{page.name}-{self.names.get(account, '')}"
        links = self.links["../" if account else ""]
        parameters = {
            "book": str(self.data.folder),
            "period": self.data.span.label,
            "manager_id": self.data.manager_id,
            **({"account_id": account} if account else {}),
        }
        own = {"KAM_TABLES": str(tables), "KAM_LINKS": str(links), HOLD: str(self.data.folder)}
        executed = self._executed(
            notebook_file(page),
            parameters,
            environment={**self.kernels, **own},
            timeout=self.request.timeout,
        )
        self.writer.write(page, account, executed)
        if (said := Path(f"{tables}{watch.UNTRANSLATED}")).is_file():
            count_untranslated(json.loads(said.read_text(encoding="utf-8")))
        all_tables = self.staged / "tables"
        into = all_tables / "dossiers" / self.names[account] if account else all_tables
        with self.merging:
            merge_tables(tables, into)

    def _executed(self, *notebook: Any, **options: Any) -> nbformat.NotebookNode:
        """Run a notebook here, or wherever the executor's workers are."""
        if self.executor is None:
            return run_notebook(*notebook, **options, running=self.running, turn=self.turn)
        future = self.executor.submit(run_notebook, *notebook, **options)
        self.elsewhere.append(future)
        return future.result()

    def _keep_last_good(self) -> None:
        """Put the last good version of what failed in its place, marked as such."""
        if not self.failed:
            return
        published = self.request.out / self.data.span.label
        run = site.published_run(self.request.out, self.data.span.label)
        for page, account in self.calls:
            if (error := self.failed.get(Made(page, account).name)) is not None:
                self.writer.write_last_good(page, account, published, run, error)
        if run is not None:
            merge_tables(published / "tables", self.staged / "tables", is_older=True)


def _has_failed(futures: Sequence[Future[Made]]) -> bool:
    return any(one.done() and one.exception() for one in futures)


def _unknown(error: Exception) -> KamError:
    return KamError(
        f"Something went wrong that the kit does not know: {type(error).__name__}: {error}",
        next="Run again with --debug and report what it shows.",
        exit_code=1,
    )


def dossier_accounts(choice: str, data: Period) -> list[str]:
    """Return the accounts that get a dossier: ``key``, ``all``, ``none``, or ids separated by
    commas.

    Raises
    ------
    KamError
        An id is not an account of the book.
    """
    known = data.accounts["account_id"].tolist()
    if choice == "none":
        return []
    if choice == "all":
        return known
    if choice == "key":
        keys = data.key_accounts
        return keys.loc[keys["is_key"], "account_id"].tolist()
    asked = [choice] if choice in known else ids(choice)  # an id may hold a comma
    for account in asked:
        check_account(account, known)
    return asked
