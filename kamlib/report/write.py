"""What a period's staged folder holds: pages, tables, ``run.json``; the index of all periods."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import wraps
from html import escape
from pathlib import Path
from typing import Any, TypeVar

import nbformat
import pandas as pd

import kamlib
from kamlib.errors import KamError
from kamlib.intake import Intake
from kamlib.page.export import csv_text
from kamlib.page.fragments import Fragment
from kamlib.page.names import page_name
from kamlib.page.search import account_search
from kamlib.page.site import Foot, Link, page_resources
from kamlib.period import Period
from kamlib.report.accounts import account_list, dossier_list, named_in_front, notebook, short_pages
from kamlib.report.convert import check_page, page_html
from kamlib.report.listing import table_list
from kamlib.report.pages import PAGES, Page, links_to, place
from kamlib.report.prose import in_its_language
from kamlib.story.pages import definitions, title_period
from kamlib.story.reasons import reason_said
from kamlib.tables import each
from kamlib.words import say, speaking
from kamlib.workbook import CORE, TABLES, write_workbook

Writing = TypeVar("Writing", bound=Callable[..., Any])


@dataclass(frozen=True)
class Made:
    """A page that was made: its kind, the account it is about, and how long it took."""

    page: Page
    account: str = ""
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """The page as requests name it, with its account.

        >>> from kamlib.report.pages import PAGES
        >>> Made(PAGES["dossiers"], "A1").name
        'dossiers A1'
        """
        return f"{self.page.name} {self.account}".strip()

    @property
    def title(self) -> str:
        """The notebook, with its account."""
        return f"{self.page.notebook} {self.account}".strip()


def _in_its_language(write: Writing) -> Writing:
    """Speak the language of the book while its pages are written: each thread has its own."""

    @wraps(write)
    def spoken(self: PageWriter, *given: Any, **named: Any) -> Any:
        data = given[0] if write.__name__ == "__init__" else self.data
        with speaking(data.book.language):
            return write(self, *given, **named)

    return spoken  # type: ignore[return-value]


class PageWriter:
    """Writes a period's pages: each as its notebook finishes, from several threads.

    What all pages say of the period is made once (``prepare``); who writes a page waits for it.
    """

    @_in_its_language
    def __init__(
        self,
        data: Period,
        staged: Path,
        singles: list[Page],
        accounts: list[str],
        *,
        has_digest: bool = False,
    ) -> None:
        self.has_digest = has_digest
        self.data, self.staged, self.accounts = data, staged, accounts
        self.names = page_name(data.accounts["account_id"])
        self.has_front = any(page.name == "overview" for page in singles)
        self.short: list[str] = []
        self.titles = data.accounts.set_index("account_id")["name"]
        self.singles = sorted(singles, key=place)
        self.note = ""
        self.common: Future[dict[str, Any]] = Future()
        self.dead = links_to([page for page in PAGES.values() if page not in singles])

    @_in_its_language
    def prepare(self) -> None:
        """Make what all pages say of the period, and find who has a page."""
        data = self.data
        try:
            self.short = named_in_front(data, self.accounts) if self.has_front else []
            others = (other.span.title for other in (data.previous, data.year_ago) if other)
            common = {
                "book_title": data.book.title,
                "period": data.call(title_period),
                "compared": " · ".join(dict.fromkeys(others)),
                "foot": foot(data),
                "book": data.book,
                "accounts": self._search(),
            }
        except BaseException as error:
            self.common.set_exception(error)
            raise
        self.common.set_result(common)

    @_in_its_language
    def write(self, page: Page, account: str, executed: nbformat.NotebookNode) -> None:
        """Write the page of a notebook that has run; refuse one that is not self-contained."""
        title = self._title(account) if account else say(page.title)
        file = self.file(page, account)
        self._write(file, title, page.name, executed, self._around(account))

    @_in_its_language
    def write_accounts(self, is_over: Callable[[], bool] = lambda: False) -> None:
        """Write the lists of accounts and dossiers, and the short pages of accounts, as long as it
        is not over.
        """
        listed = account_list(self.data, self.addresses())
        self._write("accounts.html", say("Accounts"), "accounts", listed)
        if self.accounts:
            near = {one: f"{self.names[one]}.html" for one in self.accounts}
            listed = dossier_list(self.data, self.accounts, near)
            self._write("dossiers/index.html", say("Dossiers"), "dossiers", listed)
        for account, page in short_pages(self.data, self.short):
            if is_over():
                return
            self._write(f"accounts/{self.names[account]}.html", self._title(account), "", page)

    @_in_its_language
    def write_tables(self) -> None:
        """Write the list of accounts as a table, and the list of all tables that are published."""
        every = csv_text(self.data.told("account_list"))
        (self.staged / "tables").mkdir(exist_ok=True)
        (self.staged / "tables" / "account_list.csv").write_bytes(every.encode("utf-8", "replace"))
        self._write("tables.html", say("Tables"), "tables", table_list(self.staged))

    def addresses(self, up: str = "") -> dict[str, str]:
        """Return where the page of each account is that has one, seen from a page."""
        short = {one: f"{up}accounts/{self.names[one]}.html" for one in self.short}
        return short | {one: f"{up}dossiers/{self.names[one]}.html" for one in self.accounts}

    def _title(self, account: str) -> str:
        return str(self.titles[account])

    def _search(self) -> str:
        known = self.data.accounts[["account_id", "name"]]
        places = dict.fromkeys(self.short, 1) | dict.fromkeys(self.accounts, 2)
        first = (
            known["account_id"].map(places).fillna(0).sort_values(ascending=False, kind="stable")
        )
        return account_search(known.loc[first.index], places, self.names)

    def _around(self, account: str) -> tuple[Link | None, Link | None]:
        """Return the dossiers before and after an account's."""
        if account not in self.accounts:
            return (None, None)
        place = self.accounts.index(account)
        near = (place - 1, place + 1)
        found = [self.accounts[i] if 0 <= i < len(self.accounts) else None for i in near]
        links = [one and Link(self._title(one), f"{self.names[one]}.html") for one in found]
        return (links[0] or None, links[1] or None)

    @_in_its_language
    def write_digests(self, intake: Intake) -> None:
        """Write the digests of the head and of each manager, and their list."""
        from kamlib.digest.forms import digest_list, write_digests  # they make pages of this kind

        listed = write_digests(self.staged, self.data, intake)
        self._write("digest/index.html", say("Digest"), "digest", digest_list(listed))

    @_in_its_language
    def write_last_good(
        self, page: Page, account: str, published: Path, run: dict | None, error: KamError
    ) -> None:
        """Write the last good version of a page that failed, with a line that says so; where there
        is none, a page that says why.
        """
        file = self.file(page, account)
        (self.staged / file).parent.mkdir(parents=True, exist_ok=True)
        if run is not None and (published / file).is_file():
            html = (published / file).read_text(encoding="utf-8")
            said = say(
                "This page could not be renewed. It is as it was made on {day}.",
                day=run["rendered"][:10],
            )
            html = _under_main(_STALE.sub("", html), _note(said))
            write_page(self.staged / file, file, html)
            return
        gap = _note(say("This page was not made. {why}", why=error.what))
        self.write(page, account, notebook(Fragment(gap, "")))

    def file(self, page: Page, account: str) -> str:
        """Return a page's file, within its period."""
        return page.file.format(account=self.names[account]) if account else page.file

    def _write(
        self,
        file: str,
        title: str,
        current: str,
        node: nbformat.NotebookNode,
        around: Sequence[Link | None] = (),
    ) -> None:
        up = "../" * file.count("/")
        resources = page_resources(
            title=title,
            navigation=self._links(current, up),
            home=f"{up}../index.html",
            up=up,
            around=around,
            **self.common.result(),
        )
        (self.staged / file).parent.mkdir(parents=True, exist_ok=True)
        html = self.dead.sub(r"\1", page_html(in_its_language(node), resources))
        if self.note:
            html = _MAIN.sub(
                lambda found: f"{found[0]}\n{_note(self.note, 'renewed')}", html, count=1
            )
        write_page(self.staged / file, file, html)

    def _links(self, current: str, up: str) -> list[Link]:
        found = [
            Link(say(page.title), up + page.file, page.name == current) for page in self.singles
        ]
        if self.accounts:
            title = say("Dossiers ({accounts})", accounts=len(self.accounts))
            found.append(Link(title, f"{up}dossiers/index.html", current == "dossiers"))
        found.append(Link(say("Accounts"), f"{up}accounts.html", current == "accounts"))
        if self.has_digest:
            found.append(Link(say("Digest"), f"{up}digest/index.html", current == "digest"))
        found.append(Link(say("Tables"), f"{up}tables.html", current == "tables"))
        books = {say("Workbook"): "workbook.xlsx", say("Details"): "details.xlsx"}
        return [*found, *(Link(title, up + file) for title, file in books.items())]


def _note(text: str, kind: str = "stale") -> str:
    return f'<p class="note {kind}" role="note">{escape(text)}</p>'


def _under_main(html: str, note: str) -> str:
    return _MAIN.sub(lambda found: f"{found[0]}\n{note}", html, count=1)


_MAIN = re.compile(r"<main\b[^>]*>")
_STALE = re.compile(r'\n<p class="note stale"[^>]*>.*?</p>', re.DOTALL)


def merge_tables(made: Path, into: Path, *, is_older: bool = False) -> None:
    """Move the tables of a notebook that has run to the others; ``is_older``: copy those that are
    not there.

    Raises
    ------
    KamError
        Two notebooks published different tables under one name.
    """
    for file in sorted(made.rglob("*.csv")):
        target = into / file.relative_to(made)
        target.parent.mkdir(parents=True, exist_ok=True)
        if is_older:
            if not target.exists():
                shutil.copyfile(file, target)
        elif target.is_file() and target.read_bytes() != file.read_bytes():
            raise KamError(
                f"Two different tables were published as '{file.stem}'.",
                where=target.name,
                next="Publish each table once, or under two names.",
                exit_code=1,
            )
        else:
            os.replace(file, target)


def write_period_workbook(staged: Path, data: Period) -> None:
    """Write ``workbook.xlsx``, the tables by name as every page has them, and ``details.xlsx`` with
    the lists that are for looking up.
    """
    tables = {name: data.told(name) for name in TABLES}
    tables["account_months"] = data.account_months
    for file in ("workbook.xlsx", "details.xlsx"):
        own = {
            name: one for name, one in tables.items() if (name in CORE) == (file == "workbook.xlsx")
        }
        path, period = staged / file, data.span.label
        write_workbook(own, path, book=data.book, as_of=data.as_of, period=period)


def write_page(path: Path, file: str, html: str) -> None:
    """Write a page that has passed its check."""
    check_page(html, file)
    path.write_text(html, encoding="utf-8", newline="\n")


def foot(data: Period) -> Foot:
    """Return what a page rests on: rows by what became of them, days, version, definitions used."""
    rows = data.intake
    orders = rows[rows["table"].eq("orders")].groupby("use")[["rows", "revenue"]].sum()
    orders = orders.reindex(["used", "left out", "unusable"], fill_value=0)
    aside = rows[rows["reason"].ne("used")]
    order_days = data.account_days["date"]
    return Foot(
        as_of=f"{data.as_of:%Y-%m-%d}",
        version=f"kamlib {kamlib.__version__}",
        rows_read=int(orders["rows"].sum()),
        rows_used=int(orders.loc["used", "rows"]),
        rows_left_out=int(orders.loc["left out", "rows"]),
        rows_unusable=int(orders.loc["unusable", "rows"]),
        revenue_unusable=float(orders.loc["unusable", "revenue"]),
        fresh_to=f"{order_days.max():%Y-%m-%d}" if len(order_days) else "",
        reasons=tuple(
            (
                say(row.table),
                reason_said(row.reason),
                int(row.rows),
                0.0 if pd.isna(row.revenue) else float(row.revenue),
            )
            for row in each(aside)
        ),
        definitions=data.call(definitions),
    )


def write_intake(staged: Path, data: Period) -> None:
    """Write the table ``intake``: rows used and set aside as of the period's end."""
    (staged / "tables" / "intake.csv").write_text(
        csv_text(data.intake), encoding="utf-8", newline="\n"
    )
