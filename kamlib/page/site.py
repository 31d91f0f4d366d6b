"""Around the notebooks: what the page template wants, its security policy, and the index of all
periods.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kamlib.book import BookSettings
from kamlib.page.fragments import json_of, rendered, script, stylesheet
from kamlib.page.pieces import amount, bars, card_values
from kamlib.story.statements import Card
from kamlib.words import ENGLISH, date, money, number, phrase, say, spoken


@dataclass(frozen=True)
class Foot:
    """What a page rests on: rows read, used, left out on purpose (a source's own total) and not
    usable, with their money; the days, the version, the definitions.
    """

    as_of: str
    version: str
    rows_read: int = 0
    rows_used: int = 0
    rows_left_out: int = 0
    rows_unusable: int = 0
    revenue_unusable: float = 0.0
    fresh_to: str = ""
    reasons: tuple[tuple[str, str, int, float], ...] = ()
    definitions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Link:
    """An entry of a page's navigation."""

    title: str
    href: str
    is_current: bool = False


@dataclass(frozen=True)
class PeriodEntry:
    """A period on the site index: its label, address, key figures (oldest history first) and what
    it brought.
    """

    label: str
    href: str
    as_of: str
    figures: tuple[Card, ...] = ()
    published: tuple[Link, ...] = ()
    is_new: bool = False
    note: str = ""


def page_resources(
    *,
    title: str,
    book_title: str,
    period: str,
    navigation: Sequence[Link],
    foot: Foot,
    home: str = "../index.html",
    compared: str = "",
    around: Sequence[Link | None] = (),
    accounts: str = "",
    up: str = "",
    language: str = "",
    book: BookSettings | None = None,
) -> dict[str, Any]:
    """Return what to pass to nbconvert: `exporter.from_notebook_node(nb,
    resources=page_resources(…))`.

    `home` is the site index seen from the page; `compared` such as "2025-Q2 and 2024-Q3"; `around`
    the dossiers before and after; `accounts` what `search.account_search` made, `up` the period's
    folder seen from the page.
    """
    return {
        "kam": {
            **_frame(),
            "title": title,
            "book_title": book_title,
            "period": period,
            "navigation": list(navigation),
            "foot": _foot_values(foot, book),
            "home": home,
            "compared": compared,
            "around": list(zip("‹›", around, strict=False)),
            "accounts": accounts,
            "up": up,
            "language": language or spoken(),
            "words": _script_words(),
            "say": say,
        }
    }


def site_index(
    entries: Sequence[PeriodEntry],
    *,
    book_title: str,
    book: BookSettings | None = None,
    language: str = "",
    version: str = "",
) -> str:
    """Return the page of all periods, newest first: small multiples of the main figures, what was
    newly published.
    """
    newest = entries[0] if entries else None
    trends = [_trend(card, entries, book) for card in newest.figures] if newest else []
    periods = [
        {
            "entry": entry,
            "as_of": _day(entry.as_of),
            "cards": [
                {"label": c.label, "value": amount(c.value, c.unit, book)} for c in entry.figures
            ],
        }
        for entry in entries
    ]
    return rendered(
        "site_index.html.j2",
        frame=_frame(),
        book_title=book_title,
        language=language or spoken(),
        version=version,
        newest=newest,
        newest_day=_day(newest.as_of) if newest else "",
        trends=trends,
        periods=periods,
    )


def content_security_policy() -> str:
    """Return the policy of every page: nothing is loaded, no script runs but the kit's own, known
    by its hash.
    """
    digest = base64.b64encode(hashlib.sha256(script().encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src "
        "data:; base-uri 'none'; form-action 'none'"
    )


def _frame() -> dict[str, str]:
    return {"csp": content_security_policy(), "script": script(), "stylesheet": stylesheet()}


def _script_words() -> str:
    """Return what the page's script says, in another language than English."""
    return "" if spoken() == ENGLISH else json_of({text: say(text) for text in SCRIPT})


SCRIPT = (
    phrase("‹ Previous"),
    phrase("Next ›"),
    phrase("{rows} of {total}."),
    phrase("Page {page} of {pages}"),
    phrase("Find"),
    phrase("all"),
    phrase("(none)"),
    phrase("Rows"),
    phrase("Download CSV"),
    phrase("The first {rows} of {total} rows; all are in {file}."),
    phrase("Owner of accounts"),
    phrase("Owner"),
    phrase("Find in the list of all accounts"),
    phrase("No such account"),
    phrase("{number} found"),
)
"""What the page's script says."""


def _foot_values(foot: Foot, book: BookSettings | None) -> dict[str, Any]:
    reasons = [
        {
            "table": table,
            "reason": reason,
            "rows": number(rows, book),
            "revenue": money(revenue, book),
        }
        for table, reason, rows, revenue in foot.reasons
    ]
    return {
        "as_of": _day(foot.as_of),
        "fresh_to": _day(foot.fresh_to),
        "version": foot.version,
        "read": number(foot.rows_read, book) if foot.rows_read else "",
        "used": number(foot.rows_used, book),
        "left_out": number(foot.rows_left_out, book) if foot.rows_left_out else "",
        "unusable": number(foot.rows_unusable, book),
        "unusable_revenue": money(foot.revenue_unusable, book) if foot.revenue_unusable else "",
        "reasons": reasons,
        "definitions": foot.definitions,
    }


def _day(text: str) -> str:
    r"""Return an ISO day as people read it; any other text as it is.

    >>> _day("2025-09-30").replace("\u00a0", " "), _day("30 Sep 2025"), _day("")
    ('30 Sep 2025', '30 Sep 2025', '')
    """
    return date(text) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) else text


def _trend(card: Card, entries: Sequence[PeriodEntry], book: BookSettings | None) -> dict[str, Any]:
    """Return one small multiple: the figure over all periods, oldest first."""
    found: list[tuple[str, Any]] = []
    for entry in reversed(entries):
        same: Mapping[str, Card] = {one.label: one for one in entry.figures}
        found.append((entry.label, same[card.label].value if card.label in same else None))
    values = [value for _, value in found] if card.unit != "text" else []
    return {
        **card_values(card, book, (say("the period before"), say("a year ago"))),
        "bars": bars(values, 36),
        "history": ", ".join(f"{label} {amount(value, card.unit, book)}" for label, value in found),
    }
