"""What the front page says: its first sentences, its cards, what changed and what to do."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.period.calendar import Span
from kamlib.period.months import base_months, is_base_whole
from kamlib.story.ahead import PAGE as AHEAD
from kamlib.story.ahead import falling_text, paused_sentence
from kamlib.story.ahead_calendar import calendar_sentence
from kamlib.story.headline import (
    declines_sentence,
    followed_sentence,
    gone_sentence,
    key_revenue_sentence,
    losing_sentence,
    loss_sentence,
    period_sentence,
    renewals_sentence,
)
from kamlib.story.keys import called, late, several
from kamlib.story.outlook import is_untried, untried
from kamlib.story.overtime import untold
from kamlib.story.overview_cards import AT_RISK
from kamlib.story.risk import risk_split
from kamlib.story.statements import Action, Said, Sentence
from kamlib.tables import each
from kamlib.words import change, count, date, ended, money, plural, say


def title_overview(span: Span) -> str:
    """Return the front page's title."""
    return say("Key accounts, {period}", period=span.title)


def headline_overview(
    key_figures: pd.DataFrame,
    account_status: pd.DataFrame,
    key_accounts: pd.DataFrame,
    revenue_bridge: pd.DataFrame,
    risk_changes: pd.DataFrame,
    interactions: pd.DataFrame,
    programme_outlook: pd.DataFrame,
    category_alerts: pd.DataFrame,
    category_falls: pd.DataFrame,
    account_alerts: pd.DataFrame,
    alert_record: pd.DataFrame,
    calendar: pd.DataFrame,
    due_renewals: pd.DataFrame,
    account_bridge: pd.DataFrame,
    account_declines: pd.DataFrame,
    account_classes: pd.DataFrame,
    period_figures: pd.DataFrame,
    concentration: pd.DataFrame,
    untold_keys: dict[str, str],
    *,
    as_of: pd.Timestamp,
    span: Span,
    previous_span: Span,
    year_ago_span: Span,
    first_date: pd.Timestamp | None,
    book: BookSettings,
    manager_id: str = "",
) -> list[Sentence]:
    """Return the front page's first sentences: the figures that matter, each with its evidence.

    A book that loses money says so first; then what the period itself brought.
    """
    found = key_figures.set_index(["figure", "scope"])
    risk = _risk(account_status, key_accounts, interactions, as_of, book)
    split = risk_split(risk_changes, "key", previous_span, book, key=called(key_accounts))
    falls = _falling(category_alerts, account_alerts, alert_record, book)
    said = [
        loss_sentence(found, as_of, book),
        period_sentence(
            period_figures,
            span,
            previous_span,
            year_ago_span,
            book,
            manager_id=manager_id,
            first_date=first_date,
        ),
        Sentence(" ".join(text for text in (risk, split) if text), AT_RISK),
        falls,
        declines_sentence(account_declines, book),
        losing_sentence(account_classes, key_accounts, book),
        calendar_sentence(calendar, book),
        _outlook(programme_outlook, called(key_accounts), book),
        None if falls else paused_sentence(category_falls, book, link=f"{AHEAD}#category_falls"),
        renewals_sentence(due_renewals, book),
        followed_sentence(revenue_bridge, key_accounts, untold_keys, first_date, as_of, book),
        _retained(found["value"], first_date, as_of),
        gone_sentence(account_bridge, account_status, as_of, book),
        key_revenue_sentence(concentration, as_of, book, manager_id=manager_id),
    ]
    return [one for one in said if one is not None]


def _falling(
    categories: pd.DataFrame, accounts: pd.DataFrame, record: pd.DataFrame, book: BookSettings
) -> Sentence | None:
    """Say what falls while it still buys, where something does."""
    if categories.empty and accounts.empty:
        return None
    return Sentence(falling_text(categories, accounts, record, book), AHEAD)


def _retained(
    found: pd.Series, first_date: pd.Timestamp | None, as_of: pd.Timestamp
) -> Sentence | None:
    """Say how much revenue stayed; half a base year is no base."""
    nrr, grr = found.get(("NRR", "all"), float("nan")), found.get(("GRR", "all"), float("nan"))
    if pd.isna(nrr):
        if is_base_whole(first_date, as_of) or not (months := base_months(first_date, as_of)):
            return None
        return Sentence(
            say(
                "How much revenue stays (NRR, GRR) cannot be told yet: the data hold {months} of "
                "the 12 months of the year before.",
                months=months,
            ),
            "retention.html",
        )
    return Sentence(
        say(
            "Of each 100 that accounts spent in the year before, {nrr:.0f} came back with growth "
            "(NRR) and {grr:.0f} without (GRR).",
            nrr=nrr * 100,
            grr=grr * 100,
        ),
        "retention.html",
    )


def _risk(
    status: pd.DataFrame,
    keys: pd.DataFrame,
    interactions: pd.DataFrame,
    as_of: pd.Timestamp,
    book: BookSettings,
) -> str:
    """Say what is at risk, whose it is, and who of them was not met lately."""
    overdue = status[status["status"].eq("overdue")]
    own = overdue[overdue["account_id"].isin(keys.loc[keys["is_key"], "account_id"])]
    if overdue.empty:
        return say("No account is overdue.")
    if own.empty:
        amount = money(overdue["revenue"].sum(), book)
        others = say(
            "{accounts} with {amount} a year",
            accounts=count(len(overdue), "other account"),
            amount=amount,
        )
        return say(
            "No {keys} is overdue; {others} {are}.",
            keys=say(called(keys)),
            others=others,
            are=plural(len(overdue), "is", "are"),
        )
    owners = own["manager_name"].dropna().unique()
    whose = "" if len(owners) != 1 else say(" of {owners}", owners=owners[0])
    if whose and len(own) > 1:
        whose = say(
            ", {own} {owners}'s", own=say("all") if len(own) > 2 else say("both"), owners=owners[0]
        )
    recent = interactions[interactions["date"].gt(as_of - pd.Timedelta(days=90))]
    alone = own.loc[~own["account_id"].isin(recent["account_id"]), "name"]
    unmet = ""
    if len(interactions) and len(alone):
        unmet = say("; {alone} had no contact in the last 90 days", alone=", ".join(alone.head(3)))
    return say(
        "{revenue} a year is at risk in {rests}{whose}{unmet}.",
        revenue=money(own["revenue"].sum(), book),
        rests=count(len(own), late(called(keys))),
        whose=whose,
        unmet=unmet,
    )


def _outlook(outlook: pd.DataFrame, key: str, book: BookSettings) -> Sentence | None:
    """Say where the key accounts' year ends, beside its target."""
    found = outlook[outlook["measure"].eq("revenue")]
    if found.empty or pd.isna(found["outlook"].iloc[0]):
        return None
    row = found.iloc[0]
    low, high = money(row["outlook_low"], book), money(row["outlook_high"], book)
    sure = (
        untried() if is_untried(row) else say("80 % interval {low} to {high}", low=low, high=high)
    )
    year = (
        say(
            "Today’s {keys} ended the fiscal year at {to_date}",
            keys=several(key),
            to_date=money(row["to_date"], book),
        )
        if row["outlook_rule"] == "over"
        else say(
            "Today’s {keys} are heading for {outlook} this fiscal year ({sure})",
            keys=several(key),
            outlook=money(row["outlook"], book),
            sure=sure,
        )
    )
    if pd.isna(row["year_target"]):
        return Sentence(say("{year}; the book has no target.", year=year), "programme.html")
    gap, target = row["outlook_gap"], money(row["year_target"], book)
    place = say(
        "{gap} {above} the target of {target}",
        gap=money(abs(gap), book),
        above=say("above") if gap >= 0 else say("short of"),
        target=target,
    )
    return Sentence(f"{year}, {place}.", "programme.html")


def tell_key_figures(
    key_figures: pd.DataFrame,
    untold_keys: dict[str, str],
    key_accounts: pd.DataFrame | None = None,
    *,
    first_date: pd.Timestamp | None,
    as_of: pd.Timestamp,
    book: BookSettings,
) -> pd.DataFrame:
    """Say why a figure is not known, and of whom a figure of key accounts is."""
    return untold(key_figures, untold_keys, first_date, as_of, book, key_accounts)


def actions_overview(told_main_changes: pd.DataFrame, *, as_of: pd.Timestamp) -> list[Action]:
    """Return the main changes as the lines of the first screen; what was due by now is due now."""
    return [
        Action(
            row.changed,
            row.to_do,
            row.owner if isinstance(row.owner, str) else "",
            "now" if row.due_date <= as_of else row.due_date,
            row.link,
            row.account_id,
        )
        for row in each(told_main_changes)
    ]


def table_key_figures(*, as_of: pd.Timestamp) -> Said:
    """Return what the key figures are of."""
    return Said(
        say("Key figures and what they were"),
        say(
            "12 months to {as_of}; the published table holds shares from 0 to 1", as_of=date(as_of)
        ),
    )


def table_period_figures(
    period_figures: pd.DataFrame,
    *,
    span: Span,
    previous_span: Span,
    year_ago_span: Span,
    book: BookSettings,
) -> Said:
    """Return the period's own revenue and how it compares."""
    row = period_figures.set_index("figure").loc["revenue"]
    compared = {
        previous_span.title: row["previous_value"],
        year_ago_span.title: row["year_ago_value"],
    }
    changes = [
        say("{change} on {title}", change=change(row["value"], before, book), title=title)
        for title, before in compared.items()
        if before > 0
    ]
    title = say(
        "Revenue in {period}: {amount}", period=span.title, amount=money(row["value"], book)
    )
    caption = say(
        "All accounts, orders of {period} alone; n/a: not held whole by the data",
        period=span.title,
    )
    if span.is_cut:
        caption = say(
            "All accounts, orders of {period} alone; {before} has more days, so it is not compared",
            period=span.title,
            before=previous_span.title,
        )
    return Said(", ".join([title, *changes]), caption)


def chart_revenue_months(
    revenue_months: pd.DataFrame,
    period_figures: pd.DataFrame,
    *,
    span: Span,
    as_of: pd.Timestamp,
    book: BookSettings,
    first_date: pd.Timestamp | None = None,
) -> Said:
    """Say which month of two years was the best, and how the period's compare with a year ago."""
    row = period_figures.set_index("figure").loc["revenue"]
    now, ago = row["value"], row["year_ago_value"]
    compared = say(", {now} on a year ago", now=change(now, ago, book)) if ago > 0 else ""
    if first_date is not None and first_date > span.start:
        now = revenue_months.loc[revenue_months["is_in_period"], "revenue"].sum()
        compared = say(
            " since {first_date}, from when on the data are whole", first_date=date(first_date)
        )
    title = say(
        "{period} brought {now}{compared}",
        period=span.title,
        now=money(now, book),
        compared=compared,
    )
    best: Any = revenue_months.iloc[int(revenue_months["revenue"].fillna(0.0).argmax())]
    own = (
        say("blue: {period}", period=span.title)
        if as_of.is_month_end
        else say("each month ends on day {day}; blue: with days of the period", day=as_of.day)
    )
    subtitle = say(
        "Net revenue of all accounts by month, two years to {as_of}; pale: the year before; {own}",
        as_of=date(as_of),
        own=own,
    )
    alt = say(
        "{title}. The best month was {month} with {revenue}.",
        title=title,
        month=ended(best["month"]),
        revenue=money(best["revenue"], book),
    )
    return Said(title, subtitle, alt)


def table_account_list(account_list: pd.DataFrame, *, as_of: pd.Timestamp) -> Said:
    """Return how many accounts there are."""
    return Said(
        say("{accounts}, the largest first", accounts=count(len(account_list), "account")),
        say("Revenue of the 12 months to {as_of}", as_of=date(as_of)),
    )


def note_short_base(*, first_date: pd.Timestamp | None, as_of: pd.Timestamp) -> str:
    """Return why nothing is compared with the year before, where the data do not hold it whole."""
    if is_base_whole(first_date, as_of) or first_date is None:
        return ""
    return say(
        "The data are whole only from {first_date} on: the year before is not, so nothing is "
        "compared with it.",
        first_date=date(first_date),
    )
