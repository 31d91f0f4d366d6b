"""The site's front page: every published period, newest first."""

from __future__ import annotations

from pathlib import Path

import kamlib
from kamlib.book import BookSettings
from kamlib.page.site import Link, PeriodEntry, site_index
from kamlib.period.calendar import parse_period
from kamlib.report import site
from kamlib.report.convert import check_page
from kamlib.report.pages import ORDER, PAGES, front
from kamlib.report.switch import renew_switches
from kamlib.story.overview_cards import CARDS, card_changes
from kamlib.story.statements import Card
from kamlib.words import say, speaking


def renew_index(out: Path, book: BookSettings, *, mode: str = "owner") -> None:
    """Let every page know all published periods, and write the site's front page from the
    ``run.json`` of each, newest first; what is as it should be is left alone.
    """
    with site.locked(out), speaking(book.language):
        renew_switches(out, book, mode=mode)
        html = _index(site.published_runs(out), book)
        index = out / "index.html"
        if not index.is_file() or index.read_bytes() != html:
            site.write_file(index, html, mode=mode)
        elif mode != "owner":
            site.set_mode([index], mode)


def _index(runs: dict[str, dict], book: BookSettings) -> bytes:
    newest = max((_started(run) for run in runs.values()), default="")
    entries = []
    for label, run in sorted(
        runs.items(), key=lambda item: (item[1]["period"]["as_of"], item[0]), reverse=True
    ):
        found = {(row["figure"], row["scope"]): row for row in run["figures"]}
        figures = tuple(
            Card(
                say(name),
                found[key]["value"],
                unit,
                *card_changes(figure, found[key]),
                good=good,
            )
            for figure, scope, name, unit, good in CARDS
            if (key := (figure, scope)) in found and found[key]["value"] is not None
        )
        links = [
            Link(say(PAGES[name].title), f"{label}/{PAGES[name].file}")
            for name in ORDER
            if PAGES[name].file in run["files"]
        ]
        if "dossiers/index.html" in run["files"]:
            links.append(Link(say("Dossiers"), f"{label}/dossiers/index.html"))
        entries.append(
            PeriodEntry(
                label=parse_period(label, first_month=book.fiscal_year.first_month).title,
                href=f"{label}/{front(run)}",
                as_of=run["period"]["as_of"],
                figures=figures,
                published=tuple(links),
                is_new=_started(run) == newest,
                note=_stale(run),
            )
        )
    html = site_index(entries, book_title=book.title, book=book, version=kamlib.__version__)
    check_page(html, "index.html")
    return html.encode("utf-8")


def _started(run: dict) -> str:
    """Return when the run that published a period began: what it published last is new."""
    return str(run.get("started") or run["rendered"])


def _stale(run: dict) -> str:
    """Return what a period's entry says of pages that could not be renewed."""
    failed = run.get("failed") or {}
    return say("Not renewed: {pages}.", pages=", ".join(sorted(failed))) if failed else ""
