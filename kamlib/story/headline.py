"""The front page's first sentences: is money lost, what key accounts brought, how they moved."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.period.calendar import Span
from kamlib.story.keys import called
from kamlib.story.overtime import followed, why_untold
from kamlib.story.segmentation import band_said
from kamlib.story.statements import Sentence
from kamlib.story.verdict import decline_said, renewals_said
from kamlib.tables import each
from kamlib.words import count, counted, date, listed, money, plural, share, started

_MUCH_GONE = 0.1  # of the revenue of the year before


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
    *,
    manager_id: str = "",
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
    brought, of = money(row["value"], book), "these" if manager_id else "all"
    text = f"{span.title} brought {brought} from {of} accounts{told}."
    return Sentence(text, "#revenue_months-chart")


def key_revenue_sentence(
    concentration: pd.DataFrame, as_of: pd.Timestamp, book: BookSettings, *, manager_id: str = ""
) -> Sentence:
    """Say what today's key accounts brought, and their share of all sales, or of one manager's.

    Where the book names no key account, say it of the largest, which stand in.
    """
    row: Any = concentration.set_index("scope").T.get("accounts", {"key_count": 0})
    many = int(row["key_count"])
    if not many:
        return Sentence(f"No key account is known as of {date(as_of)}.", "segmentation.html")
    is_provisional, of = row["is_provisional"], "these accounts’" if manager_id else "all"
    stand_ins = "largest account" if many == 1 else counted(many, "largest account", source=book)
    who = f"The {stand_ins}" if is_provisional else f"Today’s {count(many, 'key account')}"
    part = "" if pd.isna(row["key_share"]) else f": {share(row['key_share'], book)} of {of} sales"
    stand = plural(many, "it stands", "they stand")
    chosen = f"; {stand} in for key accounts, as the book names none" if is_provisional else ""
    return Sentence(
        f"{who} brought {money(row['key_revenue'], book)} in the 12 months to "
        f"{date(as_of)}{part}{band_said(row)}{chosen}.",
        "segmentation.html",
    )


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
    is_named = keys["is_key"].any() and not keys["is_provisional"].any() and reason
    how = f" How key accounts moved cannot be told: {reason}." if is_named else ""
    return Sentence(f"{everyone}{how}", "retention.html")


def gone_sentence(
    account_bridge: pd.DataFrame,
    account_status: pd.DataFrame,
    as_of: pd.Timestamp,
    book: BookSettings,
) -> Sentence | None:
    """Name the lost accounts that the year before rested on, where they brought a tenth of it.

    They may have been lost before this period, so that no other sentence names them.
    """
    stopped = account_bridge[account_bridge["step"].eq("stopped")]
    lost = account_status[account_status["status"].eq("lost")]
    gone = lost.merge(stopped[["account_id", "base"]], on="account_id").sort_values(
        ["base", "account_id"], ascending=[False, True]
    )
    whole = account_bridge["base"].clip(lower=0).sum()
    if gone.empty or gone["base"].sum() < _MUCH_GONE * whole:
        return None
    named = [f"{row.name} (last order {date(row.last_order_date)})" for row in each(gone)]
    many = len(gone)
    who = counted(many, "account", source=book)
    return Sentence(
        f"{started(who)} that brought {money(gone['base'].sum(), book)} of the "
        f"{money(whole, book)} of the year before {plural(many, 'is', 'are')} lost, without an "
        f"order in the 12 months to {date(as_of)}: {listed(named)}.",
        "retention.html#lost_accounts",
    )


def renewals_sentence(due_renewals: pd.DataFrame, book: BookSettings) -> Sentence | None:
    """Say which agreements need a decision before the next report, the earliest first."""
    said = renewals_said(due_renewals, book)
    if not said:
        return None
    by = [
        f"{row.name} now"
        if row.days_to_notice_days <= 0
        else f"{row.name} by {date(row.notice_date)}"
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
    said = f"{count(many, called(keys))} {plural(many, 'loses', 'lose')} money: {listed(named)}"
    return Sentence(f"{said}.", "segmentation.html")
