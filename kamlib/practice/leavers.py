"""Planted leavers against what the loss criterion found: the share caught, how early, and how often
it was wrong.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

LEAVERS = ("leaver", "late_leaver", "price_leaver", "incident_leaver", "unseen_loss", "returned")
"""Stories of the truth that end an account, for good or until it is won back."""

_FOUND = (
    "story account_id last_order_date detection_date silent_year_date is_known is_caught lead_days"
)


def found_leavers(
    truth: pd.DataFrame, spells: pd.DataFrame, *, as_of: pd.Timestamp
) -> pd.DataFrame:
    """One row per planted leaver up to the as-of day: when the loss criterion saw it, if it did.

    ``spells`` is the table ``lost_spells`` as of the same day. A leaver is *known* once its twelve
    months without an order are complete; younger ones may still be silent for too short a time. It
    is *caught* when the criterion saw it before that day, and the lead time is what was won against
    waiting for the whole year. An account that was back within the year is no leaver in this sense.
    """
    planted = truth[truth["story"].isin(LEAVERS) & truth["date"].le(as_of)]
    planted = planted[~(planted["story"].eq("returned") & planted["value"].le(365))]
    back = truth[truth["story"].eq("leaver_returned")].groupby("account_id")["date"].max()
    table = planted[["story", "account_id", "date"]].rename(columns={"date": "last_order_date"})
    table["silent_year_date"] = (table["last_order_date"] + pd.DateOffset(years=1)).astype(
        "datetime64[us]"
    )
    is_back = table["silent_year_date"].gt(back.reindex(table["account_id"]).set_axis(table.index))
    table = table[~is_back]
    table = table.merge(
        spells[["account_id", "last_order_date", "detection_date"]],
        on=["account_id", "last_order_date"],
        how="left",
    )
    table["is_known"] = table["silent_year_date"].le(as_of)
    table["is_caught"] = table["detection_date"].lt(table["silent_year_date"])
    table["lead_days"] = (table["silent_year_date"] - table["detection_date"]).dt.days.where(
        table["is_caught"]
    )
    table = table.astype({"story": "str", "account_id": "str", "lead_days": "float64"})
    return table.sort_values(["last_order_date", "account_id"], ignore_index=True)[_FOUND.split()]


def leaver_score(
    truth: pd.DataFrame, spells: pd.DataFrame, alarm_quality: pd.DataFrame, *, as_of: pd.Timestamp
) -> pd.DataFrame:
    """One row: planted leavers caught, the median lead time, and beside them how often the
    criterion was wrong.

    Two measures of wrong: against the truth (``false_share``), the losses it called for accounts
    that nobody planted to leave (a season, a pause, a gap that chance made long); and as the
    back-test ``alarm_quality`` saw it with the book's own k (``false_alarm_rate`` with its 95 %
    interval), without any knowledge of the truth. ``caught_share`` is that of the planted leavers
    whose silent year is complete, ``lead_days`` the median of the days won against waiting for it.
    """
    known = found_leavers(truth, spells, as_of=as_of).query("is_known")
    called = spells[spells["detection_date"].le(as_of)]
    planted = truth[truth["story"].isin(LEAVERS)]
    true = pd.MultiIndex.from_frame(planted[["account_id", "date"]])
    is_false = ~pd.MultiIndex.from_frame(called[["account_id", "last_order_date"]]).isin(true)
    tested = alarm_quality[alarm_quality["rule"].eq("lost") & alarm_quality["is_book"]]
    rates = tested[["false_alarm_rate", "false_alarm_low", "false_alarm_high"]]
    row: dict[str, object] = {
        "planted_count": len(known),
        "caught_count": int(known["is_caught"].sum()),
        "caught_share": float(known["is_caught"].mean()) if len(known) else np.nan,
        "lead_days": float(known["lead_days"].median()),
        "spell_count": len(called),
        "false_count": int(is_false.sum()),
        "false_share": float(is_false.mean()) if len(called) else np.nan,
    }
    return pd.DataFrame([row]).assign(
        **{str(name): rates[name].iloc[0] if len(rates) else np.nan for name in rates}
    )
