"""How long accounts stay: Kaplan–Meier curves with what is needed to read them honestly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from lifelines import KaplanMeierFitter
from lifelines.exceptions import StatError
from lifelines.statistics import multivariate_logrank_test
from statsmodels.duration.survfunc import survdiff

from kamlib.retention.order_days import looked_up

OVERALL = "all accounts"
_CURVE = {
    "dimension": "str",
    "group": "str",
    "duration_days": "float64",
    "at_risk_count": "int64",
    "lost_count": "int64",
    "censored_count": "int64",
    "survival_share": "float64",
    "survival_low": "float64",
    "survival_high": "float64",
}


def account_lifetimes(
    status: pd.DataFrame,
    accounts: pd.DataFrame | None = None,
    classes: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
    history_months: int = 3,
) -> pd.DataFrame:
    """One row per account that ever ordered: how long it has been with us, as far as that can be
    known.

    A life begins with the first order; for accounts already there when the data begin (first seen
        in their
    first ``history_months`` months) with ``customer_since``, and then it is observed only from the
        first
    order in the data on (delayed entry: the account had survived so far). Without
        ``customer_since`` their
    age is not known: they are left out, and ``note`` says so. A lost account's life ended after its
        last
    order. Any other account is known to be there until the as-of date less its own detection lag
    (``lost_after_days``): it is censored that day; younger ones are left out. Accounts that were
        lost and
    came back count as staying. ``classes`` (account_id, abc_revenue) must class lost accounts too,
        like the
    table ``size_classes``: a class of the window would leave out those that were lost before it.

    Columns
    -------
    account_id: the account
    start_date: when its life began
    entry_days: age at which it is first observed (0 unless it began before the data)
    duration_days: age at the last order plus a day (lost), or at the day it is censored
    is_lost: the life ended; else it is censored
    industry: its industry
    manager_id: who owns it
    manager_name: the owner's name
    abc_revenue: its class of ``classes``
    note: why duration_days is blank, where it is
    """
    table = status[status["first_order_date"].notna()].reset_index(drop=True)
    begin = table["first_order_date"].min()
    known = (
        accounts.drop_duplicates("account_id").set_index("account_id")
        if accounts is not None
        else pd.DataFrame()
    )
    since = (
        looked_up(table["account_id"], known["customer_since"])
        if "customer_since" in known
        else pd.NaT
    )
    since = pd.Series(since, index=table.index).astype("datetime64[us]")
    before = table["first_order_date"].lt(begin + pd.DateOffset(months=history_months))
    dated = before & since.le(table["first_order_date"])
    start = table["first_order_date"].mask(dated, since).mask(before & ~dated)
    is_lost = table["status"].eq("lost")
    horizon = as_of - pd.to_timedelta(table["lost_after_days"].fillna(0), unit="D")
    end = table["last_order_date"].where(is_lost, horizon)
    table["start_date"] = start.astype("datetime64[us]")
    table["entry_days"] = (table["first_order_date"] - start).dt.days.astype("float64")
    duration = (end - start).dt.days.astype("float64") + 1
    too_young = duration.le(table["entry_days"])
    table["duration_days"] = duration.mask(too_young)
    table["is_lost"] = is_lost
    note = np.select(
        [table["start_date"].isna(), too_young],
        ["began before the data, no customer_since", "too young to tell"],
        "",
    )
    table["note"] = pd.Series(note, index=table.index).replace("", None).astype("str")
    industry = looked_up(table["account_id"], known["industry"]) if "industry" in known else None
    table["industry"] = pd.Series(industry, index=table.index, dtype="str")
    group = (
        looked_up(table["account_id"], classes.set_index("account_id")["abc_revenue"])
        if classes is not None
        else None
    )
    table["abc_revenue"] = pd.Series(group, index=table.index).astype("str")
    columns = [
        "account_id",
        "start_date",
        "entry_days",
        "duration_days",
        "is_lost",
        "industry",
        "manager_id",
        "manager_name",
    ]
    table = table.sort_values("account_id", ignore_index=True)
    return table[[*columns, "abc_revenue", "note"]]


def survival(
    lifetimes: pd.DataFrame, *, by: str | None = None, alpha: float = 0.05, min_at_risk: int = 5
) -> pd.DataFrame:
    """One row per group × age at which an account was lost or censored: the Kaplan–Meier curve.

    ``lifetimes`` has duration_days and is_lost, and where it applies entry_days; rows without a
        duration are
    left out. The interval is the log-log one (lifelines). Where accounts enter late, few may be at
        risk at
    first and one loss would halve the curve: it then starts at the age at which ``min_at_risk``
        are, and
    speaks of accounts that reached that age; a group that never has so many has no curve.

    Columns
    -------
    dimension: what the groups are: all accounts, industry, manager_id, abc_revenue …
    group: the group
    duration_days: age in days
    at_risk_count: accounts under observation just before that age
    lost_count: accounts lost at that age
    censored_count: accounts last observed at that age
    survival_share: share of accounts still there after that age
    survival_low: lower end of its 95 % interval
    survival_high: upper end
    """
    parts = []
    for group, rows in _groups(lifetimes, by):
        fitted = _fitted(rows, alpha, min_at_risk)
        if fitted is None:
            continue
        events = fitted.event_table
        limits = fitted.confidence_interval_
        curve = fitted.survival_function_.iloc[:, 0]
        part = pd.DataFrame(
            {
                "duration_days": events.index.to_numpy(dtype="float64"),
                "at_risk_count": events["at_risk"].to_numpy(),
                "lost_count": events["observed"].to_numpy(),
                "censored_count": events["censored"].to_numpy(),
                "survival_share": curve.reindex(events.index).to_numpy(),
                "survival_low": limits.iloc[:, 0].reindex(events.index).to_numpy(),
                "survival_high": limits.iloc[:, 1].reindex(events.index).to_numpy(),
            }
        )
        parts.append(part.assign(dimension=by or OVERALL, group=group))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    return table.reindex(columns=list(_CURVE)).astype(_CURVE)


def survival_medians(
    lifetimes: pd.DataFrame, *, by: Sequence[str] = (), alpha: float = 0.05, min_at_risk: int = 5
) -> pd.DataFrame:
    """One row for all accounts and per group: the age by which half are lost, with its interval;
    blank while fewer are.

    The interval is read off the curve's own log-log limits (Brookmeyer and Crowley 1982). ``by``
    names the columns to group by, one after the other.

    Columns
    -------
    dimension: what the groups are
    group: the group
    account_count: accounts with a known life
    lost_count: of these lost
    from_days: age at which the curve starts: it speaks of accounts that reached it
    median_days: median life in days; n/a while the curve stays above one half
    median_low_days: lower end of its 95 % interval
    median_high_days: upper end; n/a where the data do not reach it
    one_year_share: share still there after 365 days; n/a where no account was observed that long
    note: why the median is blank, where it is
    """
    rows = []
    for dimension in (None, *by):
        for group, part in _groups(lifetimes, dimension):
            curve = survival(part, alpha=alpha, min_at_risk=min_at_risk)
            median, low, high = (
                _first_at_half(curve, column)
                for column in ("survival_share", "survival_low", "survival_high")
            )
            reached = part["duration_days"].max() >= 365
            year = curve.loc[curve["duration_days"].le(365), "survival_share"]
            rows.append(
                {
                    "dimension": dimension or OVERALL,
                    "group": group,
                    "account_count": len(part),
                    "lost_count": int(part["is_lost"].sum()),
                    "from_days": curve["duration_days"].min() if len(curve) else np.nan,
                    "median_days": median,
                    "median_low_days": low,
                    "median_high_days": high,
                    "one_year_share": float(year.iloc[-1]) if reached and len(year) else np.nan,
                    "note": _median_note(curve, median),
                }
            )
    types = {
        "dimension": "str", "group": "str", "account_count": "int64", "lost_count": "int64", "from_days": "float64",
        "median_days": "float64", "median_low_days": "float64", "median_high_days": "float64",
        "one_year_share": "float64", "note": "str",
    }  # fmt: skip
    return pd.DataFrame(rows, columns=list(types)).astype(types)


def survival_test(lifetimes: pd.DataFrame, *, by: str, min_accounts: int = 5) -> pd.DataFrame:
    """One row: the log-rank test of whether the groups are lost at the same rate.

    With delayed entry the risk sets are those of statsmodels' ``survdiff``, else lifelines' test.
    Groups without a name are left out.

    Columns
    -------
    dimension: what the groups are
    group_count: groups compared
    test_statistic: log-rank chi-square
    p_value: probability of such a difference among like groups; n/a with fewer than two groups or
        no loss
    note: what keeps the test from being made, where something does
    """
    usable = lifetimes[lifetimes["duration_days"].notna() & lifetimes[by].notna()]
    usable = usable[usable.groupby(by)["duration_days"].transform("size").ge(min_accounts)]
    groups = int(usable[by].nunique())
    statistic = p_value = np.nan
    note = (
        "fewer than two groups"
        if groups < 2
        else None
        if usable["is_lost"].any()
        else "no account was lost"
    )
    if note is None:
        entry = (
            usable["entry_days"] if "entry_days" in usable else pd.Series(0.0, index=usable.index)
        )
        if entry.gt(0).any():
            try:
                statistic, p_value = survdiff(
                    usable["duration_days"].to_numpy(),
                    usable["is_lost"].astype("int64").to_numpy(),
                    usable[by].to_numpy(dtype=object),
                    entry=entry.to_numpy(),
                )
            except np.linalg.LinAlgError:
                note = "the groups are too small to compare"
        else:
            result = multivariate_logrank_test(
                usable["duration_days"], usable[by], usable["is_lost"]
            )
            statistic, p_value = result.test_statistic, result.p_value
    types = {
        "dimension": "str",
        "group_count": "int64",
        "test_statistic": "float64",
        "p_value": "float64",
        "note": "str",
    }
    return pd.DataFrame(
        [(by, groups, float(statistic), float(p_value), note)], columns=list(types)
    ).astype(types)


def _groups(lifetimes: pd.DataFrame, by: str | None) -> list[tuple[str, pd.DataFrame]]:
    usable = lifetimes[lifetimes["duration_days"].notna()]
    if usable.empty:
        return []
    return [(str(g), part) for g, part in usable.groupby(by)] if by else [(OVERALL, usable)]


def _median_note(curve: pd.DataFrame, median: float) -> str | None:
    if curve.empty:
        return "too few observed at any one age"
    return None if median == median else "more than half are still there"


def _fitted(rows: pd.DataFrame, alpha: float, min_at_risk: int) -> KaplanMeierFitter | None:
    """Return the fitted curve; None where too few are ever at risk at a time."""
    fitter = KaplanMeierFitter(alpha=alpha)
    if "entry_days" not in rows or not rows["entry_days"].gt(0).any():
        return fitter.fit(rows["duration_days"], rows["is_lost"])
    begin = _begin(rows, min_at_risk)
    known = rows[rows["duration_days"].gt(begin)]
    if known.empty:
        return None
    try:
        return fitter.fit(
            known["duration_days"], known["is_lost"], entry=known["entry_days"].clip(lower=begin)
        )
    except StatError:  # the first ones at risk were all lost at once
        return None


def _begin(rows: pd.DataFrame, min_at_risk: int) -> float:
    """Return the first age at which enough accounts are under observation; beyond every life where
    they never are.
    """
    entries = np.sort(rows["entry_days"].unique())
    at_risk = [
        (rows["entry_days"].le(age) & rows["duration_days"].gt(age)).sum() for age in entries
    ]
    enough = entries[np.array(at_risk) >= min_at_risk]
    return float(enough[0]) if len(enough) else np.inf


def _first_at_half(curve: pd.DataFrame, column: str) -> float:
    reached = curve.loc[curve[column].le(0.5), "duration_days"]
    return float(reached.iloc[0]) if len(reached) else np.nan
