"""A report run: read the book once, run the notebooks, check what they made, publish it."""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kamlib.book import BookSettings, read_settings
from kamlib.errors import KamError
from kamlib.period.calendar import Span, resolve_periods
from kamlib.period.names import RUN
from kamlib.report import scratch, site
from kamlib.report.deadline import deadline
from kamlib.report.kept import Choice, Kept
from kamlib.report.mark import book_hashes, index_state, is_unchanged, run_mark, state
from kamlib.report.pages import Page, front, names_neighbours, wanted_pages
from kamlib.report.printing import browser
from kamlib.report.quick import quick_import
from kamlib.report.request import (
    WORDS,
    Request,
    check_known,
    check_place,
    check_words,
    in_own_folder,
)
from kamlib.report.server import LANGUAGE, SOCKET, ForkServer, can_fork
from kamlib.report.status import Status, status_file
from kamlib.stop import StoppedError, heed

if TYPE_CHECKING:
    from kamlib.intake import Intake
    from kamlib.period import Period
    from kamlib.period.undated import Undated


@dataclass(frozen=True)
class Outcome:
    """What became of one period, with the path of its front page.

    ``state`` is ``published``, ``unchanged`` or ``failed``; ``failed`` says what of it failed
    (page, or page and account → error), where the request was to keep going. ``warnings`` say what
    spoils its figures, ``lost`` that more of the order lines was lost than the book allows.
    """

    period: str
    state: str
    path: Path
    seconds: float
    failed: dict[str, KamError]
    warnings: tuple[str, ...] = ()
    lost: str = ""


Progress = Callable[[str, str, int, int], None]
Notice = Callable[[str], None]


def render(
    request: Request,
    *,
    today: date,
    progress: Progress = lambda *_: None,
    notice: Notice = lambda _: None,
    executor: Executor | None = None,
) -> list[Outcome]:
    """Render and publish the periods of a request; return what became of each.

    A manager's report is a site of its own, in the folder ``manager-<id>``: it never stands in for
    the whole one. Kernels run on this machine, or where the workers of an ``executor`` are: any of
    the form of `concurrent.futures`, such as that of a ``dask.distributed`` client. Its workers
    must see the scratch folder (``TMPDIR``), the kit and the site under the same paths.

    Raises
    ------
    KamError
        The request or the book is wrong (nothing was started), or a report failed (periods
        published before it stay, its own last good report is unchanged).
    """
    check_place(request)
    request = in_own_folder(request)
    status = Status(request.status or status_file(request.out), request.out, mode=request.mode)
    try:
        check_words(request)
        with _plain_words(request.out), deadline(request.deadline), scratch.run_folder() as folder:
            run = _Run(request, status, today, progress, notice, folder)
            run.executor = executor
            outcomes = run.outcomes()
    except BaseException as error:
        status.failure(error)
        raise
    failed = [error for outcome in outcomes for error in outcome.failed.values()]
    lost = [outcome.lost for outcome in outcomes if outcome.lost]
    status.failure(failed[0]) if failed else status.success(lost[0] if lost else "")
    return outcomes


class _Run:
    """One run on its way."""

    def __init__(
        self,
        request: Request,
        status: Status,
        today: date,
        progress: Progress,
        notice: Notice,
        folder: Path,
    ) -> None:
        self.request, self.status, self.today = request, status, today
        self.progress, self.notice, self.folder = progress, notice, folder
        self.executor: Executor | None = None
        self.now: Undated | None = None
        self.intake: Any = None
        self.last: Span | None = None
        self.started = datetime.now(UTC).isoformat(timespec="microseconds")
        self.settings: BookSettings = read_settings(request.book)
        self.pages: list[Page] = wanted_pages(list(request.only), request.book)
        if request.pdf or request.digest:
            browser()
        if request.digest:
            from kamlib.slides import new_deck

            new_deck()
        self.asked = resolve_periods(
            list(request.periods), first_month=self.settings.fiscal_year.first_month, today=today
        )
        self.hashes = book_hashes(request.book)
        self.mark = run_mark(request, self.pages, self.settings, self.hashes)
        self.kept = Kept(request, today, notice)

    def outcomes(self) -> list[Outcome]:
        """Render what has changed; where nothing has, the book is not even read."""
        out = self.request.out
        site.check_own(out, [span.label for span in self.asked])
        site.clear_scratch(out)
        for label in site.damaged_runs(out):
            self.notice(
                f"{label}/run.json is damaged, or not of this kit: it counts as not published."
            )
        known = self.asked or self._known_default()
        if known and all(self._is_done(period) for period in known):
            done = [self._unchanged(period) for period in known]
            self._mend_index()
            site.clear_scratch(out)
            return done
        with _folder(out, self.request.mode):
            try:
                return self._rendered()
            finally:
                site.clear_scratch(out)

    def _known_default(self) -> list[Span]:
        label = self.status.default_label(state(self.mark), self.today)
        first_month = self.settings.fiscal_year.first_month
        return resolve_periods([label], first_month=first_month) if label else []

    def _is_done(self, period: Span) -> bool:
        is_wanted = self.request.force or self.request.thaw
        return not is_wanted and is_unchanged(self.request.out, period.label, self.mark)

    def _unchanged(self, period: Span) -> Outcome:
        label = period.label
        site.set_mode_of(self.request.out, label, self.request.mode)
        self.status.period(label, "unchanged", {})
        return self._outcome(label, "unchanged", {}, time.monotonic())

    def _rendered(self) -> list[Outcome]:
        from kamlib.intake import read_book
        from kamlib.intake.sources import open_engine
        from kamlib.period.covered import check_reached, check_reaches_into

        with contextlib.ExitStack() as runs:
            kernels = runs.enter_context(
                _kernels(self.folder, self.executor, self.settings.language)
            )
            with quick_import():
                import kamlib.report.production  # noqa: F401 - while the kernels' process loads
            engine = runs.enter_context(open_engine())
            self.progress("", "reading the book", 0, 1)
            intake = read_book(self.request.book, self.settings, engine)
            if self.request.accounts not in WORDS:
                check_known(self.request.accounts, intake)
            periods = self.asked or [self._default(intake)]
            for period in periods:
                check_reached(period, intake)
                check_reaches_into(period, intake)
            if book_hashes(self.request.book) != self.hashes:
                raise KamError(
                    "A file of the book changed while it was read.",
                    where=str(self.request.book),
                    next="Wait until it is written, then run again.",
                )
            site.check_own(self.request.out, [period.label for period in periods])
            self.intake, self.last = intake, periods[-1]
            del intake  # it is let go of before the kernels of the last period start
            done = [self._one(period, kernels) for period in periods]
            self.kept.clear()
            return done

    def _default(self, intake: Intake) -> Span:
        from kamlib.period.snapshot import default_period

        found = default_period(intake, self.settings, self.today)
        is_lasting = default_period(intake, self.settings) == found
        self.status.said["default_period"] = {
            "state": state(self.mark),
            "label": found.label,
            "from": self.today.isoformat(),
            "until": None if is_lasting else self.today.isoformat(),
        }
        return found

    def _one(self, period: Span, kernels: Callable[[], dict[str, str]]) -> Outcome:
        """Render and publish one period, or say that nothing of it has changed."""
        label, began = period.label, time.monotonic()
        if self._is_done(period):
            return self._unchanged(period)
        failed: dict[str, KamError] = {}
        try:
            failed = self._publish(period, kernels)
            how = "published"
        except StoppedError:
            raise
        except KamError as error:
            self.status.period(label, "failed", {label: error})
            if not self.request.keep_going:
                raise
            failed, how = {label: error}, "failed"
        self.status.period(label, how, failed)
        return self._outcome(label, how, failed, began)

    def _outcome(self, label: str, how: str, failed: dict[str, KamError], began: float) -> Outcome:
        """Return what became of a period, with the warnings of what stands published."""
        run = site.published_run(self.request.out, label) or {}
        seconds = time.monotonic() - began
        said = () if how == "failed" else tuple(map(str, run.get("warnings", ())))
        lost = "" if how == "failed" else str(run.get("lost", ""))
        return Outcome(label, how, self._front(label), seconds, failed, said, lost)

    def _publish(self, period: Span, kernels: Callable[[], dict[str, str]]) -> dict[str, KamError]:
        from kamlib.report.production import Production
        from kamlib.story.pages import note_undated

        out, label = self.request.out, period.label
        data, choice, whole = self._prepared(period)
        staged = site.stage(out, label)
        try:
            report = (self.request, self.pages, data, staged)
            work = Production(*report, kernels(), self.progress, self.executor)
            work.writer.note = note_undated(choice.renewed)
            failed = work.make(whole, self._about(label, choice), self.intake)
            heed()
            self.kept.keep(choice)
            site.publish(staged, out, label, mode=self.request.mode)
            self._mend_index()
        finally:
            site.clear_staged(staged)
        return failed

    def _prepared(self, period: Span) -> tuple[Period, Choice, dict[str, Any]]:
        """Return a period, what it is made from, and what the whole book adds up to; after the last
        one nothing of the book is held.
        """
        from kamlib.period import Period
        from kamlib.period.graph import asked_of_neighbours
        from kamlib.period.held import give_back
        from kamlib.period.names import READ_TABLES
        from kamlib.period.snapshot import read_snapshot, write_snapshots
        from kamlib.period.undated import undated_of
        from kamlib.report.about import whole_book

        self.now = self.now or undated_of(self.intake)
        choice = self.kept.choice(period, self.now)
        home = self.folder / "periods" / choice.tables.word
        then = choice.tables.into(self.intake, home / "undated")
        manager = self.request.manager_id or ""
        near = READ_TABLES if names_neighbours(self.pages) else asked_of_neighbours()
        folders = write_snapshots(then, [period], home, manager_id=manager, of_neighbours=near)
        data = Period(read_snapshot(folders[period.label], is_of_run=True))
        whole = whole_book(self.intake, data)
        is_asked = self.request.digest  # digests are made from the lines of each manager
        if period == self.last and not is_asked:
            self.intake.let_go()
            self.intake = None
            del then
            give_back()
        return data, choice, whole

    def _about(self, label: str, choice: Choice) -> dict[str, Any]:
        """Return what ``run.json`` says beside what the report itself holds."""
        mark = {**self.mark, "period": label}
        return {"mark": mark, "started": self.started, "undated": choice.said()}

    def _front(self, label: str) -> Path:
        """Return the path of a published period's front page; the site's where there is none."""
        out = self.request.out
        run = site.published_run(out, label)
        return out / label / front(run) if run else out / "index.html"

    def _mend_index(self) -> None:
        """Write the site's front page anew, unless it is the one that the run before wrote, and
        nothing that it is made of has changed since.
        """
        out = self.request.out
        if self.status.said.get("index") == index_state(out, self.mark):
            return
        with quick_import():
            from kamlib.report.index import renew_index

        renew_index(out, self.settings, mode=self.request.mode)
        self.status.said["index"] = index_state(out, self.mark)


_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MPLBACKEND": "agg",
    "PYTHONSTARTUP": "",
}
"""What every kernel is told. What someone has written for their own sessions of Python and IPython
runs in none: their folder is another one, too (``IPYTHONDIR``).
"""


@contextlib.contextmanager
def _kernels(
    folder: Path, executor: Executor | None, language: str
) -> Iterator[Callable[[], dict[str, str]]]:
    """Give a function that returns the environment of kernels: warm ones where they can be had."""
    own = {"TMPDIR": str(folder), "IPYTHONDIR": str(folder / "ipython"), RUN: str(folder)}
    plain = {**_ENVIRONMENT, **own}
    if executor is not None or not can_fork():
        yield lambda: plain
        return
    with ForkServer({**plain, LANGUAGE: language}) as server:
        found: list[dict[str, str]] = []

        def environment() -> dict[str, str]:
            if not found:
                found.append({**plain, **({SOCKET: server.address} if server.is_ready() else {})})
            return found[0]

        yield environment


@contextlib.contextmanager
def _folder(out: Path, mode: str) -> Iterator[None]:
    """Make the folder of the site; where nothing came of the run, it goes again."""
    made = [folder for folder in (out, *out.parents) if not folder.exists()]
    out.mkdir(parents=True, exist_ok=True)
    site.set_mode(made if mode == "owner" else {*made, out}, mode)
    try:
        yield
    except BaseException:
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


_NO_ROOM = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


@contextlib.contextmanager
def _plain_words(out: Path) -> Iterator[None]:
    """Say in plain words that there is no room, or that writing is not allowed."""
    try:
        yield
    except OSError as error:
        raise _cannot_write(error.strerror or str(error), str(error.filename or out)) from error
    except Exception as error:
        if isinstance(error, KamError) or os.strerror(errno.ENOSPC) not in str(error):
            raise
        raise _cannot_write(os.strerror(errno.ENOSPC), str(out)) from error


def _cannot_write(why: str, where: str) -> KamError:
    return KamError(
        f"The report cannot be written: {why}.",
        where=where,
        next="Make room on the disk (the scratch space, TMPDIR, counts too) or mend the "
        "permissions, then run again. What was published before is unchanged.",
        exit_code=1,
    )
