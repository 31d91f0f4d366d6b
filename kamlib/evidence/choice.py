"""Which answer is published: the estimate, or the naive one that did as well."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from kamlib.evidence.outlooks import NAIVE_RULE, outlook_terms
from kamlib.tables import shaped
from kamlib.words import FEW

HELD = (0.73, 0.87)
"""An 80 % interval that held a share of the past outside these limits holds not what it says."""
BY_CHANCE = 0.05
"""So seldom would an interval that is right be so far off by chance that it is not believed."""
MONEY = (0.75, 1.33)
"""Money that came as a share of money promised; outside, the promise is not believed."""
OUTLOOKS = {"one account": "outlook of an account", "together": "outlook of key accounts"}


def return_choice(return_record: pd.DataFrame) -> pd.DataFrame:
    """One row per estimate of returns: the rows of ``estimate_choice`` that rest on the record of
    returns alone.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.return_choice["estimate"].tolist()
    ['return', 'money returned']
    """
    return shaped("estimate_choice", pd.DataFrame(_of_returns(return_record)))


def estimate_choice(
    return_record: pd.DataFrame,
    alive_record: pd.DataFrame,
    value_record: pd.DataFrame,
    outlook_record: pd.DataFrame,
    alarm_record: pd.DataFrame,
) -> pd.DataFrame:
    """One row per estimate of the future: how it did on the book's own past, beside the naive
    answer, and which of the two is published.

    The estimate is published where it was nearer than the naive answer over at least ten cases, its
    interval held and its money came; else the naive one. Errors: of chances the Brier score
    (mean squared distance from what came); of money the sum of all distances / the sum of what
    came. Naive are: for a *return* the rate of all that had been lost as long, for *still
    there* the rate of the same band of silence, for *customer value* the margin of the last 12
    months, for outlooks the same months of the year before, for the *alarm* the share of all
    accounts that left. ``money returned``: margin that lost accounts were expected to bring and
    brought, in place of which what was expected is scaled to what came. ``held_share``: how
    often the 80 % interval held, each year judged by the factor of the others; ``is_held`` is
    false outside 73–87 % (of at least ten), unless so far off happens by chance in one book of
    twenty; ``is_money_held`` where what came lies outside 0.75–1.33 of what was stated. The
    rule and the factor are those of what is published.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.estimate_choice["published"].isin(["estimate", "naive", "not tried"]).all().item()
    True
    """
    returned, money_returned = _of_returns(return_record)
    rows = [
        returned,
        _chance("still there", alive_record),
        money_returned,
        _money("customer value", value_record, "model_margin", "same_margin"),
        *(_outlook(name, outlook_record, of) for of, name in OUTLOOKS.items()),
        _alarm(alarm_record),
    ]
    return shaped("estimate_choice", pd.DataFrame(rows))


def _of_returns(record: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        _chance("return", record),
        _money("money returned", record, "stated_margin", None),
    ]


def _chance(estimate: str, record: pd.DataFrame) -> dict[str, Any]:
    is_case = record["stated"].notna() & record["naive"].notna()
    cases = record.loc[is_case, ["as_of_date", "stated", "naive", "is_back"]]
    came = cases["is_back"].astype(float)
    row = {
        "error": ((cases["stated"] - came) ** 2).mean(),
        "naive_error": ((cases["naive"] - came) ** 2).mean(),
        "stated_value": cases["stated"].mean(),
        "came_value": came.mean(),
    }
    return _judged(estimate, row, len(cases), cases["as_of_date"].nunique())


def _money(estimate: str, record: pd.DataFrame, stated: str, naive: str | None) -> dict[str, Any]:
    money = [stated, "came_margin", *([naive] if naive else [])]
    cases = record.loc[record[money].notna().all(axis=1), ["as_of_date", *money]]
    came = cases["came_margin"]
    size = came.abs().sum() or math.nan
    row = {
        "error": (cases[stated] - came).abs().sum() / size,
        "naive_error": (cases[naive] - came).abs().sum() / size if naive else math.nan,
        "stated_value": cases[stated].sum(),
        "came_value": came.sum(),
    }
    found = _judged(estimate, row, len(cases), cases["as_of_date"].nunique())
    share = row["came_value"] / row["stated_value"] if row["stated_value"] > 0 else math.nan
    enough = len(cases) >= FEW and not math.isnan(share)
    found["is_money_held"] = bool(MONEY[0] <= share <= MONEY[1]) if enough else None
    if found["is_money_held"] is False:
        found["published"] = "naive"
    return found


def _outlook(estimate: str, record: pd.DataFrame, of: str) -> dict[str, Any]:
    terms = outlook_terms(record, of)
    many = terms["case_count"]
    row = {
        "error": terms.get("error", math.nan),
        "naive_error": terms.get("naive_error", math.nan),
        "stated_value": terms.get("stated", math.nan),
        "came_value": terms.get("came", math.nan),
        "held_count": terms.get("held_count"),
        "held_share": terms["held_count"] / many if many else math.nan,
        "interval_factor": terms["factor"],
        "outlook_rule": terms["rule"] if many >= FEW else "",
    }
    found = _judged(estimate, row, many, terms["year_count"])
    if many >= FEW:
        by_chance = binomtest(terms["held_count"], many, 0.8).pvalue >= BY_CHANCE
        found["is_held"] = by_chance or HELD[0] <= row["held_share"] <= HELD[1]
        if not found["is_held"]:
            naive = outlook_terms(record, of, rule=NAIVE_RULE)
            found["published"] = "naive"
            found["outlook_rule"], found["interval_factor"] = naive["rule"], naive["factor"]
    return found


def _alarm(record: pd.DataFrame) -> dict[str, Any]:
    own = record[record["rule"].eq("overdue")]
    sums = own[["case_count", "alarm_count", "true_alarm_count", "leaver_count"]].sum()
    cases, warned = float(sums["case_count"]), float(sums["alarm_count"])
    rate = float(sums["leaver_count"]) / cases if cases else math.nan
    right = float(sums["true_alarm_count"]) / warned if warned else math.nan
    missed = float(sums["leaver_count"] - sums["true_alarm_count"])
    calm = missed / (cases - warned) if cases > warned else 0.0
    row = {
        # both as chances of leaving: of those warned of and of the others, and one for all
        "error": (warned * right * (1 - right) + (cases - warned) * calm * (1 - calm)) / cases
        if warned
        else math.nan,
        "naive_error": rate * (1 - rate),
        "stated_value": right,
        "came_value": rate,
    }
    return _judged("alarm", row, int(warned), len(own))


def _judged(estimate: str, row: dict[str, Any], cases: int, days: int) -> dict[str, Any]:
    """Return the row with what is published."""
    error, naive = row["error"], row["naive_error"]
    if cases < FEW or np.isnan(error):
        answer = "not tried"
    else:
        answer = "estimate" if np.isnan(naive) or error < naive * (1 - 1e-9) else "naive"
    return {"estimate": estimate, "case_count": cases, "day_count": days, "published": answer} | row
