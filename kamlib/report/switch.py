"""The switch between periods on every page: renewed in all of them whenever one is published."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path

from markupsafe import escape

from kamlib.book import BookSettings
from kamlib.period.calendar import parse_period
from kamlib.report import site
from kamlib.report.pages import front
from kamlib.words import say

_SWITCH = re.compile(r"<!--periods-->.*?<!--/periods-->", re.DOTALL)


def renew_switches(out: Path, book: BookSettings, *, mode: str = "owner") -> None:
    """Let every published page know all published periods; call it with the site locked.

    A period whose pages know them already is left alone. The others are made anew beside the site,
    what does not change as a second name of the same file, and exchanged in one step.
    """
    runs = site.published_runs(out)
    order = sorted(runs, key=lambda label: (runs[label]["period"]["as_of"], label), reverse=True)
    titles = {
        label: parse_period(label, first_month=book.fiscal_year.first_month).title
        for label in order
    }
    for label in order:
        known = _fingerprint(label, titles, runs)
        if runs[label].get("switch") == known:
            continue
        staged = site.stage(out, label)
        try:
            _fill(out / label, staged, runs[label], label, titles, runs, known)
            site.put(staged, out, label, mode=mode)
        finally:
            site.clear_staged(staged)


def _fingerprint(label: str, titles: dict[str, str], runs: dict[str, dict]) -> str:
    """Return what the switch of a period's pages is made from."""
    pages = {other: sorted(_pages(runs[other])) for other in titles}
    return hashlib.sha256(json.dumps([label, titles, pages]).encode()).hexdigest()


def _pages(run: dict) -> set[str]:
    return {file for file in run["files"] if file.endswith(".html")}


def _fill(
    published: Path,
    staged: Path,
    run: dict,
    label: str,
    titles: dict[str, str],
    runs: dict[str, dict],
    known: str,
) -> None:
    files = dict(run["files"])
    for file in sorted(files):
        source, target = published / file, staged / file
        target.parent.mkdir(parents=True, exist_ok=True)
        if not file.endswith(".html"):
            os.link(source, target)
            continue
        html = source.read_text(encoding="utf-8")
        switch = _switch(file, label, titles, runs)
        renewed = _SWITCH.sub(switch.replace("\\", r"\\"), html, count=1).encode("utf-8")
        target.write_bytes(renewed)
        files[file] = hashlib.sha256(renewed).hexdigest()
    site.write_run(staged, {**run, "files": files, "switch": known})


def _switch(file: str, label: str, titles: dict[str, str], runs: dict[str, dict]) -> str:
    """Return the list of periods on a page: each leads to the same page of its, else to its front.

    >>> runs = {"2025-Q3": {"files": {"index.html": ""}}}
    >>> _switch("scoring.html", "2025-Q4", {"2025-Q3": "Q3 2025"}, runs)[14:75]
    '<ul><li><a href="../2025-Q3/index.html">Q3 2025</a></li><li><'
    """
    up = "../" * (file.count("/") + 1)
    lines = []
    for other, title in titles.items():
        pages = _pages(runs[other])
        there = file if file in pages else front(runs[other])
        current = ' aria-current="page"' if other == label else ""
        lines.append(f'<li><a href="{up}{other}/{escape(there)}"{current}>{escape(title)}</a></li>')
    lines.append(f'<li><a href="{up}index.html">{say("All periods")}</a></li>')
    return f"<!--periods--><ul>{''.join(lines)}</ul><!--/periods-->"
