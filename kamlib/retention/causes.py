"""Why they leave: lateness and incidents against leaving; a correlation, no proof."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from kamlib.period.months import trailing_months
from kamlib.retention.hazard import fit_hazard
from kamlib.retention.order_days import DAY, looked_up, order_days
from kamlib.tables import shaped

KINDS = ("conflict", "unaware", "unprepared", "product_knowledge", "quality", "other")
MISTAKES = {
    "late": "lateness",
    "conflict": "conflict",
    "unaware": "not knowing the client",
    "unprepared": "unprepared negotiation",
    "product_knowledge": "weak product knowledge",
    "quality": "quality",
    "other": "other",
}


def recent_lateness(
    deliveries: pd.DataFrame, *, as_of: pd.Timestamp, months: int = 6
) -> pd.DataFrame:
    """One row per account with orders due in the last six months: how many, and how many were late.

    Parameters
    ----------
    months
        Months counted.

    Examples
    --------
    >>> due = pd.DataFrame({"account_id": "A", "due_count": [4, 2], "late_count": [4, 1],
    ...     "month": pd.to_datetime(["2025-03-31", "2025-04-30"])})
    >>> recent_lateness(due, as_of=pd.Timestamp("2025-09-30")).values.tolist()
    [['A', 2, 1]]
    """
    recent = deliveries[deliveries["month"].gt(trailing_months(as_of, months + 1)[0])]
    sums = recent.groupby("account_id")[["due_count", "late_count"]].sum()
    return shaped("recent_lateness", sums[sums["due_count"].gt(0)].reset_index())


def leaving_cases(
    account_status: pd.DataFrame,
    unbroken_days: pd.DataFrame,
    deliveries: pd.DataFrame,
    incidents: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    exposure_days: int = 90,
) -> pd.DataFrame:
    """One row per account × month with an order: what it had met with just before, and whether it
    never ordered again.

    Leavers and stayers are looked at in the same way: at the last order of a month, when what went
    wrong lies in the past for both. ``is_left``: the account is lost and this was its last order
    (it is dated here, not when it was noticed). A month counts only when it can be told whether the
    account left (before the as-of date less its detection lag), and once the account has a history
    as long as the exposure. Late orders are those promised in this month and the two before;
    incidents those opened in the ``exposure_days`` up to the order. Late orders and incidents are
    n/a where the book records none yet.

    Parameters
    ----------
    exposure_days
        Days before an order in which incidents count.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> sorted(q.leaving_cases["is_left"].unique().tolist())
    [False, True]
    """
    days = order_days(unbroken_days, as_of=as_of)
    facts = ["account_id", "status", "lost_after_days", "first_order_date"]
    days = days.merge(account_status[facts], on="account_id")
    # account and day in one sorted number: one search counts every account's days of a year
    key = _day_number(days["date"]) + (pd.factorize(days["account_id"])[0].astype("int64") << 32)
    earlier = np.searchsorted(key, key - 365, side="right")
    days["order_day_count"] = np.arange(1, len(days) + 1) - earlier
    month = _month_number(days["date"])
    is_last = ~days["account_id"].eq(days["account_id"].shift(-1))
    last_of_month = is_last | month.ne(month.shift(-1))
    days["is_left"] = is_last & days["status"].eq("lost")
    days["tenure_days"] = (days["date"] - days["first_order_date"]).dt.days
    known = days["date"] <= as_of - pd.to_timedelta(days["lost_after_days"], unit="D")
    counted = last_of_month & known & days["tenure_days"].ge(exposure_days)
    cases = days[counted].rename(columns={"date": "order_date"}).reset_index(drop=True)
    _add_deliveries(cases, deliveries)
    _add_incidents(cases, incidents, exposure_days)
    return shaped("leaving_cases", cases)


def leaving_causes(
    leaving_cases: pd.DataFrame, *, min_leavers: int = 10, min_exposed: int = 3
) -> pd.DataFrame:
    """One row per possible cause: how much likelier an account was to leave after it, with a 95 %
    interval.

    A proportional-hazards model in discrete time (complementary log-log link: Prentice and
    Gloeckler 1978): late orders and all other incidents in one model, then each kind of incident
    beside late orders and the remaining incidents. Always adjusted for how often the account
    orders, how many orders were due, its tenure and the calendar year. The hazard ratio is per late
    order, or per incident. It is a **correlation**: what else went wrong at the same time is not
    known. Fewer than ``min_leavers`` leavers, or so few events that fewer than ``min_exposed``
    leavers would have met with one by chance: no figure. Of many causes tested at 95 % one in
    twenty stands out by chance.

    ``note_code``: correlation where there is a figure; else not_recorded, few_leavers, too_seldom,
    none_exposed or no_answer.

    Parameters
    ----------
    min_leavers
        Leavers that a test needs.
    min_exposed
        Leavers that would have met the trouble by chance, for a figure.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.leaving_causes[["cause", "leaver_count"]].head(2).values.tolist()
    [['late deliveries', 27], ['incidents', 27]]
    """
    cases = leaving_cases
    asked = [
        ("late deliveries", "late order", "late_count", cases, ["incident_count"]),
        ("incidents", "incident", "incident_count", cases, ["late_count"]),
    ]
    for kind, name in MISTAKES.items():
        if kind == "late" and cases["late_count"].notna().any():
            continue  # the deliveries themselves say more than the complaints about them
        if cases[kind].sum() > 0:
            rest = cases["incident_count"] - (cases[kind] if kind != "late" else 0)
            others = ["late_count", "rest"]
            asked.append((name, "incident", kind, cases.assign(rest=rest), others))
    rows = [
        {"cause": name, "exposure": exposure}
        | _tested(among[among[column].notna()], column, others, min_leavers, min_exposed)
        for name, exposure, column, among, others in asked
    ]
    return shaped("leaving_causes", rows)


def _tested(
    cases: pd.DataFrame, column: str, others: list[str], min_leavers: int, min_exposed: int
) -> dict[str, object]:
    """Return what can be said of one cause, among the cases of which it is known."""
    left = cases["is_left"].astype(bool)
    events = cases[column]
    facts: dict[str, object] = {
        "leaver_count": int(left.sum()),
        "exposed_leaver_count": int(events[left].gt(0).sum()),
        "leaver_mean": events[left].mean(),
        "stayer_mean": events[~left].mean(),
        "case_count": len(cases),
    }
    if cases.empty:
        return facts | {"note_code": "not_recorded"}
    if left.sum() < min_leavers:
        return facts | {"note_code": "few_leavers"}
    if left.sum() * events.gt(0).mean() < min_exposed:
        return facts | {"note_code": "too_seldom"}
    if not facts["exposed_leaver_count"]:
        return facts | {"note_code": "none_exposed"}
    fitted = _hazard_model(cases, [column, *others])
    if fitted is None:
        return facts | {"note_code": "no_answer"}
    slope, error, p_value = fitted
    return facts | {
        "hazard_ratio": float(np.exp(slope)),
        "hazard_ratio_low": float(np.exp(slope - 1.959964 * error)),
        "hazard_ratio_high": float(np.exp(slope + 1.959964 * error)),
        "p_value": p_value,
        "note_code": "correlation",
    }


def _hazard_model(cases: pd.DataFrame, columns: list[str]) -> tuple[float, float, float] | None:
    """Return coefficient, standard error and p-value of the first column in the hazard model."""
    design = pd.DataFrame({c: cases[c].fillna(0).astype("float64") for c in columns})
    design["frequency"] = np.log(cases["order_day_count"])
    design["due"] = np.log1p(cases["due_count"].fillna(0))
    design["tenure"] = np.log(cases["tenure_days"])
    design["year"] = (cases["order_date"] - cases["order_date"].min()) / (365.25 * DAY)
    first, rest = design.columns[0], design.columns[1:]
    varying = [c for c in rest if design[c].std() > 1e-9]
    design = design[[first, *varying]]
    centred = design - design.mean()
    if _rank(centred.to_numpy()) < centred.shape[1]:
        return None
    rows = np.vstack([np.ones(len(centred)), centred.to_numpy().T])
    try:
        fit = fit_hazard(rows, cases["is_left"].to_numpy(dtype=bool))
    except np.linalg.LinAlgError:
        return None
    slope, error = float(fit.coefficients[1]), float(fit.errors[1])
    if not fit.is_settled or not np.isfinite([slope, error]).all() or error > 10:
        return None
    return slope, error, float(2 * stats.norm.sf(abs(slope / error)))


def _rank(design: np.ndarray) -> int:
    """Return the rank of a tall matrix, from the small triangle that has its singular values."""
    triangle = np.linalg.qr(design, mode="r")
    values = np.linalg.svd(triangle, compute_uv=False)
    return int((values > values.max(initial=0) * max(design.shape) * np.finfo(float).eps).sum())


def _add_deliveries(cases: pd.DataFrame, deliveries: pd.DataFrame) -> None:
    """Add the orders due in the month of each case and the two before; n/a where none is known."""
    cases["due_count"] = cases["late_count"] = np.nan
    if deliveries.empty or cases.empty:
        return
    months = deliveries.assign(number=_month_number(deliveries["month"]))
    first = months["number"].min()
    sums_of = months.groupby(["account_id", "number"])[["due_count", "late_count"]].sum()
    number = _month_number(cases["order_date"])
    sums = np.zeros((len(cases), 2))
    for back in range(3):
        at = pd.MultiIndex.from_arrays([cases["account_id"], number - back])
        sums += sums_of.reindex(at).fillna(0).to_numpy()
    known = (number - 2 >= first) & (sums[:, 0] > 0)
    cases["due_count"] = pd.Series(sums[:, 0], index=cases.index).where(known)
    cases["late_count"] = pd.Series(sums[:, 1], index=cases.index).where(known)


def _add_incidents(cases: pd.DataFrame, incidents: pd.DataFrame, exposure_days: int) -> None:
    """Add the incidents of each kind in the days up to each case; n/a where none is known yet."""
    for kind in [*MISTAKES, "incident_count"]:
        cases[kind] = np.nan
    if incidents.empty or cases.empty:
        return
    ids = cases["account_id"].unique()
    codes = pd.Series(np.arange(len(ids)), index=ids)

    def key(account_id: pd.Series, date: pd.Series) -> np.ndarray:
        code = looked_up(account_id, codes).to_numpy().astype("int64")
        return (code << 32) + _day_number(date)

    now = key(cases["account_id"], cases["order_date"])
    exposure = pd.Timedelta(days=exposure_days)
    recorded = cases["order_date"].gt(incidents["opened_date"].min() + exposure)
    for kind in MISTAKES:
        rows = incidents[incidents["kind"].eq(kind) & incidents["account_id"].isin(ids)]
        opened = np.sort(key(rows["account_id"], rows["opened_date"]))
        until = np.searchsorted(opened, now, side="right")
        since = np.searchsorted(opened, now - exposure_days, side="right")
        counts = pd.Series((until - since).astype("float64"), index=cases.index)
        cases[kind] = counts.where(recorded)
    cases["incident_count"] = cases[list(KINDS)].sum(axis=1, min_count=len(KINDS))


def _day_number(date: pd.Series) -> np.ndarray:
    return date.to_numpy().astype("datetime64[D]").astype("int64")


def _month_number(date: pd.Series) -> pd.Series:
    return date.dt.year * 12 + date.dt.month
