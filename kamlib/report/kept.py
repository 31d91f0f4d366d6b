"""What a site keeps beside it so that an old period can be rendered again: its undated tables.

They lie in ``<site>.kept``, one file for each state they had, named for what it holds; ``run.json``
of a period names the one it was made from. Sites of one manager share those of the whole.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kamlib.errors import KamError
from kamlib.period.calendar import Span
from kamlib.report import site
from kamlib.report.request import Request

if TYPE_CHECKING:
    from kamlib.period.undated import Undated

_WEEK = 7 * 24 * 3600


def kept_folder(request: Request) -> Path:
    """Return the folder beside the site of a request (of the whole book, where it is for one
    manager).
    """
    whole = (request.out.parent if request.manager_id else request.out).absolute()
    return whole.with_name(f"{whole.name}.kept")


@dataclass(frozen=True)
class Choice:
    """The undated tables that a period is made from.

    ``is_lasting`` where they are kept for it; ``renewed`` is the day on which today's were taken
    for a period that was published before.
    """

    tables: Undated
    is_lasting: bool
    renewed: str | None = None

    def said(self) -> dict[str, Any] | None:
        """Return what ``run.json`` says of it."""
        return {"tables": self.tables.word, "renewed": self.renewed} if self.is_lasting else None


class Kept:
    """The kept tables of a site, and the choice for each period."""

    def __init__(self, request: Request, today: date, notice: Callable[[str], None]) -> None:
        self.request, self.today, self.notice = request, today, notice
        self.folder = kept_folder(request)

    def choice(self, period: Span, now: Undated) -> Choice:
        """Return the tables for a period: those of its first report after it was over, unless the
        request is to take today's.
        """
        if period.last_day >= self.today:
            return Choice(now, is_lasting=False)
        known = self._known(period.label)
        before = self._read(known["tables"], period) if known else None
        if known is None or before is None:
            return Choice(now, is_lasting=True)
        if self.request.thaw and before.word != now.word:
            return Choice(now, is_lasting=True, renewed=self.today.isoformat())
        return Choice(before, is_lasting=True, renewed=known["renewed"])

    def keep(self, choice: Choice) -> None:
        """Write the tables where they are not there yet; before the period that names them."""
        file = self._file(choice.tables.word)
        if not choice.is_lasting or file.is_file():
            return
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            site.write_file(file, choice.tables.packed)
        except (OSError, KamError) as error:
            why = getattr(error, "strerror", None) or error
            self.notice(
                f"The tables without dates cannot be kept in {self.folder} ({why}): a period that "
                "is rendered again will show owners, names and contacts of that day."
            )
        finally:
            site.clear_scratch(self.folder)

    def clear(self) -> None:
        """Remove what no period names any more, a week after it was written."""
        if not self.folder.is_dir():
            return
        whole = self.folder.with_name(self.folder.name.removesuffix(".kept"))
        sites = [whole, *whole.glob("manager-*")]
        runs = [run for one in sites for run in site.published_runs(one).values()]
        named = {said["tables"] for run in runs if (said := _said(run))}
        for file in self.folder.glob("*.zip"):
            with contextlib.suppress(OSError):
                if file.stem not in named and time.time() - file.stat().st_mtime > _WEEK:
                    file.unlink()

    def _known(self, label: str) -> dict[str, Any] | None:
        """Return what the whole site, else this one, says of a published period."""
        whole = self.request.out.parent if self.request.manager_id else self.request.out
        runs = (site.published_run(one, label) for one in (whole, self.request.out))
        return next((said for run in runs if run and (said := _said(run))), None)

    def _read(self, word: str, period: Span) -> Undated | None:
        from kamlib.period.undated import Undated

        with contextlib.suppress(OSError):
            found = Undated(self._file(word).read_bytes())
            if found.word == word:
                return found
        self.notice(
            f"The tables without dates that {period.label} was made from are not in {self.folder} "
            "any more, or are damaged: today's are used."
        )
        return None

    def _file(self, word: str) -> Path:
        return self.folder / f"{word}.zip"


def _said(run: dict) -> dict[str, Any] | None:
    said = run.get("undated")
    if not isinstance(said, dict) or not isinstance(said.get("tables"), str):
        return None
    return {"tables": said["tables"], "renewed": said.get("renewed")}
