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
from kamlib.words import count, counted, date, listed, money, plural, say, share, started

_MUCH_GONE = 0.1  # of the revenue of the year before


def loss_sentence(found: pd.DataFrame, as_of: pd.Timestamp, book: BookSettings) -> Sentence | None:
    """Say that the book loses money, where it does, and what it was a year ago."""
    row: Any = found.loc[("margin", "all")] if ("margin", "all") in found.index else None
    if row is None or not row["value"] < 0:
        return None
    ago = row["year_ago_value"]
    before = "" if pd.isna(ago) else say("; the year before it was {ago}", ago=money(ago, book))
    return Sentence(
        say(
            "The business loses money: a margin of {amount} in the 12 months to {as_of}{before}.",
            amount=money(row["value"], book),
            as_of=date(as_of),
            before=before,
        ),
        "segmentation.html",
    )


_SEEN = 0.0005
"""A change that is shown as 0.0 % is none."""


def period_sentence(
    period_figures: pd.DataFrame,
    span: Span,
    previous_span: Span,
    year_ago_span: Span,
    book: BookSettings,
    *,
    manager_id: str = "",
    first_date: pd.Timestamp | None = None,
) -> Sentence:
    """Say what the period itself brought, beside the period before and the same a year ago; where
    the data do not hold its first day, that they do not.
    """
    row: Any = period_figures.set_index("figure").loc["revenue"]
    if pd.isna(row["value"]) and first_date is not None:
        text = say(
            "The data are whole only from {first_date} on: of {period} they hold the days since "
            "then alone, so it is compared with no other period.",
            first_date=date(first_date),
            period=span.title,
        )
        return Sentence(text, "#revenue_months-chart")
    said = {previous_span.title: row["previous_value"], year_ago_span.title: row["year_ago_value"]}
    compared = [
        say(
            "{abs} {more} than in {title}",
            abs=share(abs(row["value"] / before - 1), book),
            more=say("more") if row["value"] >= before else say("less"),
            title=title,
        )
        if abs(row["value"] / before - 1) >= _SEEN
        else say("as much as in {title}", title=title)
        for title, before in said.items()
        if before > 0
    ]
    told = f": {say(' and ').join(compared)}" if compared else ""
    brought, of = money(row["value"], book), say("these") if manager_id else say("all")
    text = say(
        "{period} brought {brought} from {of} accounts{told}.",
        period=span.title,
        brought=brought,
        of=of,
        told=told,
    )
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
        return Sentence(
            say("No key account is known as of {as_of}.", as_of=date(as_of)), "segmentation.html"
        )
    is_provisional, of = row["is_provisional"], say("these accounts’") if manager_id else say("all")
    stand_ins = (
        say("largest account") if many == 1 else counted(many, "largest account", source=book)
    )
    who = (
        say("The {stand_ins}", stand_ins=stand_ins)
        if is_provisional
        else say("Today’s {accounts}", accounts=count(many, "key account"))
    )
    part = (
        ""
        if pd.isna(row["key_share"])
        else say(": {key_share} of {of} sales", key_share=share(row["key_share"], book), of=of)
    )
    stand = plural(many, "it stands", "they stand")
    chosen = (
        say("; {stand} in for key accounts, as the book names none", stand=stand)
        if is_provisional
        else ""
    )
    return Sentence(
        say(
            "{who} brought {key_revenue} in the 12 months to {as_of}{part}{row}{chosen}.",
            who=who,
            key_revenue=money(row["key_revenue"], book),
            as_of=date(as_of),
            part=part,
            row=band_said(row),
            chosen=chosen,
        ),
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
    how = (
        say(" How key accounts moved cannot be told: {reason}.", reason=reason) if is_named else ""
    )
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
    named = [
        say(
            "{name} (last order {last_order_date})",
            name=row.name,
            last_order_date=date(row.last_order_date),
        )
        for row in each(gone)
    ]
    many = len(gone)
    who = counted(many, "account", source=book)
    return Sentence(
        say(
            "{who} that brought {base} of the {whole} of the year before {are} lost, without an "
            "order in the 12 months to {as_of}: {named}.",
            who=started(who),
            base=money(gone["base"].sum(), book),
            whole=money(whole, book),
            are=plural(many, "is", "are"),
            as_of=date(as_of),
            named=listed(named),
        ),
        "retention.html#lost_accounts",
    )


def renewals_sentence(due_renewals: pd.DataFrame, book: BookSettings) -> Sentence | None:
    """Say which agreements need a decision before the next report, the earliest first."""
    said = renewals_said(due_renewals, book)
    if not said:
        return None
    by = [
        say("{name} now", name=row.name)
        if row.days_to_notice_days <= 0
        else say("{name} by {notice_date}", name=row.name, notice_date=date(row.notice_date))
        for row in each(due_renewals)
    ]
    return Sentence(f"{said}: {listed(by, most=3)}.", "#due_renewals")


def declines_sentence(account_declines: pd.DataFrame, book: BookSettings) -> Sentence | None:
    """Name the key accounts that have shrunk over years, the largest fall first."""
    if account_declines.empty:
        return None
    rows = account_declines.to_dict("records")
    first, others = decline_said(rows[0], book), listed([row["name"] for row in rows[1:]])
    more = say("; shrinking too: {others}", others=others) if others else ""
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
    said = say(
        "{keys} {lose} money: {named}",
        keys=count(many, called(keys)),
        lose=plural(many, "loses", "lose"),
        named=listed(named),
    )
    return Sentence(f"{said}.", "segmentation.html")
