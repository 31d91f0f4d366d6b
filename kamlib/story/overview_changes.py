"""What changed in the period and what is to be done about it, as each account's action says it."""

from __future__ import annotations

import pandas as pd

from kamlib.story.statements import Said
from kamlib.words import FEW, date, number, say


def tell_period_changes(
    period_changes: pd.DataFrame, told_account_actions: pd.DataFrame, alarm_quality: pd.DataFrame
) -> pd.DataFrame:
    """Return what changed and what to do, as the account's one action says it.

    The first alarm says how often such alarms have been right, the others in a few words.
    """
    said = told_account_actions.set_index("account_id")[["why", "to_do"]]
    told = said.rename(columns={"why": "changed"}).reindex(period_changes["account_id"])
    told = told.set_axis(period_changes.index).astype("str")
    alarms = period_changes.index[period_changes["kind"].eq("overdue")]
    for place, alarm in enumerate(alarms):
        odds = _trust(alarm_quality, is_first=place == 0)
        told.loc[alarm, "changed"] = f"{told.loc[alarm, 'changed']} {odds}".strip()
    return told


def _trust(quality: pd.DataFrame, *, is_first: bool) -> str:
    """Say how often an alarm of the book's rule was right; nothing where there was none."""
    own = quality[quality["rule"].eq("overdue") & quality["is_book"]]
    if own.empty or not own["alarm_count"].iloc[0]:
        return ""
    alarms, wrong = int(own["alarm_count"].iloc[0]), int(own["false_alarm_count"].iloc[0])
    few = say(": too few to judge by") if alarms < FEW else ""
    right = number(alarms - wrong) if alarms > wrong else say("none")
    if not is_first:
        return say("(Right in {right} of {alarms}.)", right=right, alarms=number(alarms))
    return say(
        "Such an alarm was right in {right} of {alarms} past cases{few}.",
        right=right,
        alarms=number(alarms),
        few=few,
    )


def tell_main_changes(
    main_changes: pd.DataFrame, told_period_changes: pd.DataFrame
) -> pd.DataFrame:
    """Return what changed and what to do, for the changes of the first screen."""
    said = told_period_changes.set_index("account_id")[["changed", "to_do"]]
    return said.loc[main_changes["account_id"]].set_axis(main_changes.index)


def table_period_changes(period_changes: pd.DataFrame, *, as_of: pd.Timestamp) -> Said:
    """Return how many changes there are, and what is at stake."""
    return Said(
        say(
            "Changes, the most pressing first: {period_changes}", period_changes=len(period_changes)
        ),
        say(
            "At stake: revenue of the 12 months to {as_of}, of a lost account of the 12 months to "
            "its last order",
            as_of=date(as_of),
        ),
    )
