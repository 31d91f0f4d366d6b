"""When the programme has paid for itself, and where it stood after 12, 24 and 36 months (M32)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.programme.shape import DATE, NUMBER, TEXT, shaped

_PAYBACK = {
    "question": TEXT,
    "month": DATE,
    "months_count": NUMBER,
    "cumulative": NUMBER,
    "cumulative_low": NUMBER,
    "cumulative_high": NUMBER,
    "earliest_date": DATE,
    "latest_date": DATE,
    "answer": TEXT,
}


def programme_payback(programme_return: pd.DataFrame) -> pd.DataFrame:
    """One row per question: when the programme paid for itself, and where it stood after 12, 24 and
    36 months.

    Payback is the first month after the first cost from which the cumulative figure stays at or
    above zero to the last month known. Its earliest and latest dates read the upper and lower end
    of the interval the same way.

    Columns
    -------
    question: "payback", "12 months", "24 months" or "36 months"
    month: the month of the answer
    months_count: months since the first cost
    cumulative: incremental margin less cost by then (book currency)
    cumulative_low: lower end of its interval
    cumulative_high: upper end of its interval
    earliest_date: payback by the upper end of the interval
    latest_date: payback by the lower end; none: not yet
    answer: in words
    """
    known = programme_return.dropna(subset=["months_since_first_cost"]).reset_index(drop=True)
    rows: list[dict[str, object]] = []
    at = {
        name: _stays_above(known, name)
        for name in ("cumulative", "cumulative_low", "cumulative_high")
    }
    dates = {
        "earliest_date": known["month"][at["cumulative_high"]]
        if at["cumulative_high"] is not None
        else pd.NaT,
        "latest_date": known["month"][at["cumulative_low"]]
        if at["cumulative_low"] is not None
        else pd.NaT,
    }
    if known.empty:
        answer = "cannot be told"
    elif at["cumulative_low"] is not None:
        answer = "paid back"
    elif at["cumulative_high"] is None:
        answer = "not paid back yet"
    else:
        answer = "cannot be told: the interval holds zero"
    rows.append(
        {"question": "payback", **_stand(known, at["cumulative"]), **dates, "answer": answer}
    )
    for months in (12, 24, 36):
        hit = known.index[known["months_since_first_cost"].eq(months)]
        stand = _stand(known, hit[0] if len(hit) else None)
        answer = "not reached yet" if len(known) else "cannot be told"
        if len(hit):
            low, high = known.loc[hit[0], ["cumulative_low", "cumulative_high"]]
            answer = (
                "above zero"
                if low >= 0
                else "below zero"
                if high < 0
                else "cannot be told: the interval holds zero"
            )
        rows.append({"question": f"{months} months", **stand, "answer": answer})
    return shaped(rows, _PAYBACK)


def _stays_above(known: pd.DataFrame, column: str) -> int | None:
    """Return the row of the first month after the first cost from which the column stays at or
    above zero.
    """
    after = known[known["months_since_first_cost"].gt(0)]
    if after.empty or not after[column].iloc[-1] >= 0:
        return None
    below = after.index[~after[column].ge(0)]
    return int(after.index[0] if below.empty else below[-1] + 1)


def _stand(known: pd.DataFrame, at: int | None) -> dict[str, object]:
    if at is None:
        return {"month": pd.NaT, "months_count": np.nan}
    row = known.loc[at]
    return {
        "month": row["month"],
        "months_count": row["months_since_first_cost"],
        **{name: row[name] for name in ("cumulative", "cumulative_low", "cumulative_high")},
    }
