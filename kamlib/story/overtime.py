"""Key accounts over time in words: who is followed, how they moved, and why it is not told."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.period.months import base_months, is_base_whole, trailing_months
from kamlib.story.keys import called, several
from kamlib.words import change, count, date, money, phrase, plural, say, share, started

WHY = {
    "no_dated_tiers": phrase(
        "the book does not date who was a key account when, and a set chosen by today’s revenue "
        "proves itself"
    ),
    "tiers_begin_later": phrase("the book’s tiers begin later than that"),
}
"""Why it is not known who was key on the first day."""

FOLLOWED_OVER = {
    "NRR": "year", "GRR": "year", "logo_churn": "period", "lost_in_period": "period",
    "returned_in_period": "period",
}  # fmt: skip
"""Figures that follow accounts through time, and over which window."""


def first_day(as_of: pd.Timestamp) -> pd.Timestamp:
    """Return the first day of the 12 months.

    >>> first_day(pd.Timestamp("2025-12-31")).date().isoformat()
    '2025-01-01'
    """
    return trailing_months(as_of, 13)[0] + pd.Timedelta(days=1)


def who(scope: str, many: float, as_of: pd.Timestamp) -> str:
    """Return who is followed."""
    if scope != "key":
        return say("all accounts")
    one = (
        say("the {accounts}", accounts=count(many, "account"))
        if many != 1
        else say("the one account")
    )
    return say(
        "{one} that {were} key on {as_of}",
        one=one,
        were=plural(many, "was", "were"),
        as_of=date(first_day(as_of)),
    )


def followed(
    bridge: pd.DataFrame,
    scope: str,
    as_of: pd.Timestamp,
    book: BookSettings,
    *,
    is_short: bool = False,
) -> str:
    """Say how the revenue of those followed moved; nothing where it is not known."""
    rows = bridge[bridge["scope"].eq(scope)].set_index("step")
    if rows.empty:
        return ""
    revenue: dict[str, float] = dict(rows["revenue"])  # type: ignore[call-overload]
    base, now = revenue["base"], revenue["now"]
    if not base > 0:
        return ""
    many = int(rows["accounts"].loc["base"])
    if is_short:
        return say(
            "those key on {as_of}: {now}", as_of=date(first_day(as_of)), now=change(now, base, book)
        )
    moved = now / base - 1
    how = say(
        "{moved} {more} than",
        moved=share(abs(moved), book),
        more=say("more") if moved > 0 else say("less"),
    )
    how = say("as much as") if abs(moved) < 0.0005 else how
    whose = who(scope, many, as_of)
    told = say(
        "{whose} brought {now}, {how} in the year before",
        whose=started(whose),
        now=money(now, book),
        how=how,
    )
    return f"{told}."


def why_untold(
    window: str,
    why: dict[str, str],
    first_date: pd.Timestamp | None,
    as_of: pd.Timestamp,
    book: BookSettings,
) -> str:
    """Return why a figure of key accounts over time is not known."""
    if window == "year" and not is_base_whole(first_date, as_of):
        return short_base(first_date, as_of)
    return say(WHY.get(why.get(window, ""), ""))


def short_base(first_date: pd.Timestamp | None, as_of: pd.Timestamp) -> str:
    """Return how much of the base year the data hold, or from when on they are whole."""
    if first_date is not None and not base_months(first_date, as_of):
        return say("the data are whole only from {first_date} on", first_date=date(first_date))
    return say(
        "the data hold {first_date} of the 12 months of the year before",
        first_date=base_months(first_date, as_of),
    )


def untold(
    figures: pd.DataFrame,
    why: dict[str, str],
    first_date: pd.Timestamp | None,
    as_of: pd.Timestamp,
    book: BookSettings,
    key_accounts: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Say of each figure why it is not known, and of whom a figure of key accounts is."""
    notes = []
    for figure, scope, value in zip(
        figures["figure"], figures["scope"], figures["value"], strict=True
    ):
        window, note = FOLLOWED_OVER.get(figure), None
        if window and pd.isna(value):
            is_short = window == "year" and not is_base_whole(first_date, as_of)
            if is_short:
                note = short_base(first_date, as_of)
            elif scope == "key":
                note = why_untold(window, why, first_date, as_of, book) or None
        elif scope == "key":
            keys = several(called(key_accounts))
            note = _whose(window, as_of) if window else say("of today’s {keys}", keys=keys)
        notes.append(note)
    return pd.DataFrame({"note": pd.Series(notes, index=figures.index, dtype="str")})


def _whose(window: str, as_of: pd.Timestamp) -> str:
    day = date(first_day(as_of)) if window == "year" else say("the first day of the period")
    return say("of those key on {day}", day=day)
