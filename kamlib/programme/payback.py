"""When the programme has paid for itself, and where it stood after 12, 24 and 36 months."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.tables import shaped

STAND = ["month", "months_since_first_cost", "cumulative", "cumulative_low", "cumulative_high"]


def programme_payback(programme_return: pd.DataFrame) -> pd.DataFrame:
    """One row per question: when the programme paid for itself, and where it stood after 12, 24 and
    36 months.

    Payback is the first month after the first cost from which the running total stays at or above
    zero to the last month known. Its earliest and latest dates read the upper and lower end of the
    interval the same way. Without costs nothing can be told.

    Parameters
    ----------
    programme_return
        Margin above expectation, cost and running total by month.

    Examples
    --------
    >>> months = pd.date_range("2025-01-31", periods=3, freq="ME")
    >>> total = pd.DataFrame({"month": months, "months_since_first_cost": range(3),
    ...     "cumulative": [-9.0, -2.0, 5.0]}).eval("cumulative_low = cumulative - 3")
    >>> payback = programme_payback(total.eval("cumulative_high = cumulative + 3"))
    >>> payback[["question", "answer", "months_since_first_cost"]].head(2)
        question           answer  months_since_first_cost
    0    payback        paid back                      2.0
    1  12 months  not reached yet                      NaN
    """
    known = programme_return.dropna(subset=["months_since_first_cost"])
    paid = _first_above(known, "cumulative")
    earliest, latest = (_first_above(known, f"cumulative_{end}") for end in ("high", "low"))
    answer = "cannot be told: the interval holds zero"
    if known.empty:
        answer = "cannot be told"
    elif len(latest):
        answer = "paid back"
    elif earliest.empty:
        answer = "not paid back yet"
    dates = {
        "earliest_date": next(iter(earliest["month"]), pd.NaT),
        "latest_date": next(iter(latest["month"]), pd.NaT),
    }
    rows = [{"question": "payback", "answer": answer, **dates, **_stand(paid)}]
    for months in (12, 24, 36):
        then = known[known["months_since_first_cost"].eq(months)]
        answer = "not reached yet" if len(known) else "cannot be told"
        if then["cumulative_low"].ge(0).any():
            answer = "above zero"
        elif then["cumulative_high"].lt(0).any():
            answer = "below zero"
        elif len(then):
            answer = "cannot be told: the interval holds zero"
        rows.append({"question": f"{months} months", "answer": answer, **_stand(then)})
    return shaped("programme_payback", rows)


def _first_above(known: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the first month after the first cost from which a column stays at or above zero."""
    after = known[known["months_since_first_cost"].gt(0)]
    stays = after[column].ge(0)[::-1].cummin()[::-1]
    return after[stays].head(1)


def _stand(month: pd.DataFrame) -> dict[Any, Any]:
    return {} if month.empty else month.iloc[0][STAND].to_dict()
