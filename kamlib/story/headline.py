"""The front page's first sentences: is money lost, what key accounts brought, how they moved."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.period.calendar import Span
from kamlib.story.overtime import followed, why_untold
from kamlib.story.statements import Sentence
from kamlib.story.verdict import decline_said, renewals_said
from kamlib.tables import each
from kamlib.words import count, date, listed, money, plural, share


def loss_sentence(found: pd.DataFrame, as_of: pd.Timestamp, book: BookSettings) -> Sentence | None:
    """Say that the book loses money, where it does, and what it was a year ago."""
    row: Any = found.loc[("margin", "all")] if ("margin", "all") in found.index else None
    if row is None or not row["value"] < 0:
        return None
    ago = row["year_ago_value"]
    before = "" if pd.isna(ago) else f"; the year before it was {money(ago, book)}"
    return Sentence(
        f"The business loses money: a margin of {money(row['value'], book)} in the 12 months to "
        f"{date(as_of)}{before}.",
        "segmentation.html",
    )


def period_sentence(
    period_figures: pd.DataFrame,
    span: Span,
    previous_span: Span,
    year_ago_span: Span,
    book: BookSettings,
) -> Sentence:
    """Say what the period itself brought, beside the period before and the same a year ago."""
    row: Any = period_figures.set_index("figure").loc["revenue"]
    said = {previous_span.title: row["previous_value"], year_ago_span.title: row["year_ago_value"]}
    compared = [
        f"{share(abs(row['value'] / before - 1), book)} "
        f"{'more' if row['value'] >= before else 'less'} than in {title}"
        for title, before in said.items()
        if before > 0
    ]
    told = f": {' and '.join(compared)}" if compared else ""
    text = f"{span.title} brought {money(row['value'], book)} from all accounts{told}."
    return Sentence(text, "#revenue_months-chart")


def key_revenue_sentence(
    found: pd.Series, keys: pd.DataFrame, as_of: pd.Timestamp, book: BookSettings
) -> Sentence:
    """Say what today's key accounts brought, and their share of all sales."""
    many, revenue = int(keys["is_key"].sum()), found.get(("revenue", "key"), float("nan"))
    if not many or pd.isna(revenue):
        return Sentence(f"No key account is known as of {date(as_of)}.", "segmentation.html")
    text = (
        f"Today’s {count(many, 'key account')} brought {money(revenue, book)} in the 12 months to "
        f"{date(as_of)}{_band(found.get(('revenue_share', 'key'), float('nan')), book)}"
    )
    is_provisional = keys["is_provisional"].any()
    chosen = "; the book names none, so the largest stand in" if is_provisional else ""
    return Sentence(f"{text}{chosen}.", "segmentation.html")


def followed_sentence(
    bridge: pd.DataFrame,
    keys: pd.DataFrame,
    why: dict[str, str],
    first_date: pd.Timestamp | None,
    as_of: pd.Timestamp,
    book: BookSettings,
) -> Sentence | None:
    """Say how the revenue of those key on the first day moved, else of all accounts, and why."""
    own = followed(bridge, "key", as_of, book)
    if own:
        return Sentence(own, "retention.html")
    everyone = followed(bridge, "all", as_of, book)
    if not everyone:
        return None
    reason = why_untold("year", why, first_date, as_of, book)
    is_named = keys["is_key"].any() and reason
    how = f" How key accounts moved cannot be told: {reason}." if is_named else ""
    return Sentence(f"{everyone}{how}", "retention.html")


def renewals_sentence(due_renewals: pd.DataFrame, book: BookSettings) -> Sentence | None:
    """Say which agreements need a decision before the next report, the earliest first."""
    said = renewals_said(due_renewals, book)
    if not said:
        return None
    by = [
        f"{row.name} now"
        if row.days_to_notice_days <= 0
        else f"{row.name} by {date(row.notice_date, book)}"
        for row in each(due_renewals)
    ]
    return Sentence(f"{said}: {listed(by, most=3)}.", "#due_renewals")


def declines_sentence(account_declines: pd.DataFrame, book: BookSettings) -> Sentence | None:
    """Name the key accounts that have shrunk over years, the largest fall first."""
    if account_declines.empty:
        return None
    rows = account_declines.to_dict("records")
    first, others = decline_said(rows[0], book), listed([row["name"] for row in rows[1:]])
    more = f"; shrinking too: {others}" if others else ""
    return Sentence(f"{first}{more}.", "#account_declines")


def losing_sentence(
    account_classes: pd.DataFrame, keys: pd.DataFrame, book: BookSettings
) -> Sentence | None:
    """Name the key accounts that lose money, the largest loss first."""
    key = account_classes["account_id"].isin(keys.loc[keys["is_key"], "account_id"])
    losing = account_classes[key & account_classes["margin"].lt(0)].sort_values("margin")
    if losing.empty:
        return None
    named = [f"{row.name} ({money(row.margin, book)})" for row in each(losing)]
    many = len(losing)
    said = f"{count(many, 'key account')} {plural(many, 'loses', 'lose')} money: {listed(named)}"
    return Sentence(f"{said}.", "segmentation.html")


def _band(key_share: float, book: BookSettings) -> str:
    if pd.isna(key_share):
        return ""
    place = "below" if key_share < 0.30 else "above" if key_share > 0.55 else "within"
    return f": {share(key_share, book)} of all sales, {place} the usual 30–55 %"
