"""How long accounts stay: Kaplan–Meier curves with what is needed to read them honestly."""

from __future__ import annotations

import numpy as np
import pandas as pd
from lifelines import KaplanMeierFitter
from lifelines.exceptions import StatError
from lifelines.statistics import multivariate_logrank_test
from statsmodels.duration.survfunc import survdiff

from kamlib.holes import EARLY_MONTHS
from kamlib.retention.order_days import looked_up
from kamlib.tables import shaped

OVERALL = "all accounts"
DIMENSIONS = ("abc_revenue", "industry", "manager_name")


def account_lifetimes(
    account_status: pd.DataFrame,
    accounts: pd.DataFrame,
    size_classes: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None = None,
    history_months: int = EARLY_MONTHS,
) -> pd.DataFrame:
    """One row per account that ever ordered: how long it has been with us, as far as that can be
    known.

    A life begins with the first order; for accounts already there when the data begin (first seen
    in their first ``history_months`` months, or of those after a hole in them) with
    ``customer_since``, and then it is observed only from the first order in the data on, or after
    the hole (delayed entry: the account had survived so far). Without
    ``customer_since`` their age is not known: start and duration are blank. A lost account's life
    ended after its last order. Any other account is known to be there until the as-of date less its
    own detection lag (``lost_after_days``): it is censored that day; of younger ones the duration
    is blank. Accounts that were lost and came back count as staying. The classes are those of
    ``size_classes``, which classes lost accounts too: a class of the window would leave out those
    that were lost before it.

    Parameters
    ----------
    history_months
        Months after the first data in which a first order may be older than them.

    Examples
    --------
    >>> day = pd.to_datetime(["2024-01-01", "2024-09-01"])
    >>> status = shaped("account_status", {"account_id": ["A", "B"], "status": ["active", "lost"],
    ...     "first_order_date": day, "last_order_date": pd.Timestamp("2025-01-01")})
    >>> nothing = shaped("accounts", []), shaped("size_classes", [])
    >>> lives = account_lifetimes(status, *nothing, as_of=pd.Timestamp("2025-09-30"))
    >>> lives[["account_id", "is_lost", "duration_days"]].values.tolist()
    [['A', False, nan], ['B', True, 123.0]]
    """
    table = account_status[account_status["first_order_date"].notna()].sort_values(
        "account_id", ignore_index=True
    )
    known = accounts.drop_duplicates("account_id").set_index("account_id")
    nothing = pd.Series(dtype="str")
    for column in ("industry", "customer_since"):
        source = known.get(column, nothing)
        table[column] = looked_up(table["account_id"], source)
    letters = size_classes.set_index("account_id")["abc_revenue"]
    table["abc_revenue"] = looked_up(table["account_id"], letters)
    first, since = table["first_order_date"], table["customer_since"].astype("datetime64[us]")
    observed = first if first_date is None else first.where(first > first_date, first_date)
    before = first.lt(observed.min() + pd.DateOffset(months=history_months))
    dated = before & since.le(first)
    start = first.mask(dated, since).mask(before & ~dated)
    table["is_lost"] = table["status"].eq("lost")
    horizon = as_of - pd.to_timedelta(table["lost_after_days"].fillna(0), unit="D")
    end = table["last_order_date"].where(table["is_lost"], horizon)
    table["start_date"], table["entry_days"] = start, (observed - start).dt.days
    duration = (end - start).dt.days.astype("float64") + 1
    table["duration_days"] = duration.mask(duration.le(table["entry_days"]))
    return shaped("account_lifetimes", table)


def survival(account_lifetimes: pd.DataFrame, *, min_at_risk: int = 5) -> pd.DataFrame:
    """One row per age at which an account was lost or censored: the Kaplan–Meier curve of all.

    Accounts without a known life are left out. The interval is the log-log one at 95 % (lifelines).
    Where accounts enter late, few may be at risk at first and one loss would halve the curve: it
    then starts at the age at which ``min_at_risk`` are, and speaks of accounts that reached that
    age; a group that never has so many has no curve.

    Parameters
    ----------
    min_at_risk
        Accounts at risk below which a curve ends.

    Examples
    --------
    >>> lives = shaped("account_lifetimes", {"account_id": list("ABC"), "entry_days": 0,
    ...     "duration_days": [100.0, 200.0, 300.0], "is_lost": [True, True, False]})
    >>> curve = survival(lives, min_at_risk=1)
    >>> curve[["duration_days", "survival_share"]].round(2).values.tolist()
    [[0.0, 1.0], [100.0, 0.67], [200.0, 0.33], [300.0, 0.33]]
    """
    return shaped("survival", _curves(account_lifetimes, None, min_at_risk))


def survival_by_class(account_lifetimes: pd.DataFrame, *, min_at_risk: int = 5) -> pd.DataFrame:
    """One row per revenue class × age at which an account was lost or censored: its curve.

    Parameters
    ----------
    min_at_risk
        Accounts at risk below which a curve ends.

    Examples
    --------
    >>> lives = shaped("account_lifetimes", {"account_id": list("ABC"), "entry_days": 0,
    ...     "duration_days": [100.0, 200.0, 300.0], "is_lost": [True, True, False],
    ...     "abc_revenue": list("AAB")})
    >>> curves = survival_by_class(lives, min_at_risk=1)
    >>> curves.groupby("group")["survival_share"].last().to_dict()
    {'A': 0.0, 'B': 1.0}
    """
    return shaped("survival_by_class", _curves(account_lifetimes, "abc_revenue", min_at_risk))


def survival_by_industry(account_lifetimes: pd.DataFrame, *, min_at_risk: int = 5) -> pd.DataFrame:
    """One row per industry × age at which an account was lost or censored: its curve.

    Parameters
    ----------
    min_at_risk
        Accounts at risk below which a curve ends.

    Examples
    --------
    >>> lives = shaped("account_lifetimes", {"account_id": list("ABC"), "entry_days": 0,
    ...     "duration_days": [100.0, 200.0, 300.0], "is_lost": [True, True, False],
    ...     "industry": ["tea", "tea", "toys"]})
    >>> curves = survival_by_industry(lives, min_at_risk=1)
    >>> curves.groupby("group")["survival_share"].last().to_dict()
    {'tea': 0.0, 'toys': 1.0}
    """
    return shaped("survival_by_industry", _curves(account_lifetimes, "industry", min_at_risk))


def survival_by_manager(account_lifetimes: pd.DataFrame, *, min_at_risk: int = 5) -> pd.DataFrame:
    """One row per manager × age at which an account was lost or censored: the accounts' curve.

    Parameters
    ----------
    min_at_risk
        Accounts at risk below which a curve ends.

    Examples
    --------
    >>> lives = shaped("account_lifetimes", {"account_id": list("ABC"), "entry_days": 0,
    ...     "duration_days": [100.0, 200.0, 300.0], "is_lost": [True, True, False],
    ...     "manager_name": ["Ines", "Ines", "Bo"]})
    >>> curves = survival_by_manager(lives, min_at_risk=1)
    >>> curves.groupby("group")["survival_share"].last().to_dict()
    {'Bo': 1.0, 'Ines': 0.0}
    """
    return shaped("survival_by_manager", _curves(account_lifetimes, "manager_name", min_at_risk))


def survival_medians(account_lifetimes: pd.DataFrame, *, min_at_risk: int = 5) -> pd.DataFrame:
    """One row for all accounts and per group: the age by which half are lost, with its interval;
    blank while fewer are.

    The interval is read off the curve's own log-log limits (Brookmeyer and Crowley 1982).

    Parameters
    ----------
    min_at_risk
        Accounts at risk below which a curve ends.

    Examples
    --------
    >>> lives = shaped("account_lifetimes", {"account_id": list("ABC"), "entry_days": 0,
    ...     "duration_days": [100.0, 200.0, 300.0], "is_lost": [True, True, False]})
    >>> survival_medians(lives, min_at_risk=1)["median_days"].tolist()
    [200.0]
    """
    rows = []
    for dimension in (None, *DIMENSIONS):
        for group, part in _groups(account_lifetimes, dimension):
            curve = pd.DataFrame(_curve(part, min_at_risk), columns=[*_MEDIANS, "duration_days"])
            reached = part["duration_days"].max() >= 365
            year = curve.loc[curve["duration_days"].le(365), "survival_share"]
            rows.append(
                {
                    "dimension": dimension or OVERALL,
                    "group": group,
                    "account_count": len(part),
                    "lost_count": int(part["is_lost"].sum()),
                    "from_days": curve["duration_days"].min(),
                    "one_year_share": year.iloc[-1] if reached and len(year) else np.nan,
                }
                | {name: _first_at_half(curve, column) for column, name in _MEDIANS.items()}
            )
    return shaped("survival_medians", rows)


def survival_tests(account_lifetimes: pd.DataFrame, *, min_accounts: int = 5) -> pd.DataFrame:
    """One row per dimension: the log-rank test of whether its groups are lost at the same rate.

    With delayed entry the risk sets are those of statsmodels' ``survdiff``, else lifelines' test.
    Accounts without a group and groups of fewer than ``min_accounts`` accounts are left out. With
    fewer than two groups, no loss, or groups too small to compare, there is no test: n/a.

    Parameters
    ----------
    min_accounts
        Accounts that a group needs.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.survival_tests["dimension"].tolist()
    ['abc_revenue', 'industry', 'manager_name']
    """
    rows = []
    for dimension in DIMENSIONS:
        lives = account_lifetimes.dropna(subset=["duration_days", dimension])
        sizes = lives.groupby(dimension)["duration_days"].transform("size")
        lives = lives[sizes.ge(min_accounts)]
        groups = int(lives[dimension].nunique())
        known = groups > 1 and lives["is_lost"].any()
        statistic, p_value = _log_rank(lives, dimension) if known else (np.nan, np.nan)
        rows.append(
            {
                "dimension": dimension,
                "group_count": groups,
                "test_statistic": statistic,
                "p_value": p_value,
            }
        )
    return shaped("survival_tests", rows)


_MEDIANS = {
    "survival_share": "median_days",
    "survival_low": "median_low_days",
    "survival_high": "median_high_days",
}


def _log_rank(lives: pd.DataFrame, dimension: str) -> tuple[float, float]:
    """Return chi-square and p-value; n/a where the groups are too small to compare."""
    duration, lost, group = lives["duration_days"], lives["is_lost"], lives[dimension]
    if not lives["entry_days"].gt(0).any():
        result = multivariate_logrank_test(duration, group, lost)
        return result.test_statistic, result.p_value
    try:
        return survdiff(
            duration.to_numpy(),
            lost.astype("int64").to_numpy(),
            group.to_numpy(dtype=object),
            entry=lives["entry_days"].to_numpy(),
        )
    except np.linalg.LinAlgError:
        return np.nan, np.nan


def _groups(lifetimes: pd.DataFrame, dimension: str | None) -> list[tuple[str, pd.DataFrame]]:
    usable = lifetimes[lifetimes["duration_days"].notna()]
    if usable.empty:
        return []
    if dimension is None:
        return [(OVERALL, usable)]
    return [(str(group), part) for group, part in usable.groupby(dimension)]


def _curves(lifetimes: pd.DataFrame, dimension: str | None, min_at_risk: int) -> pd.DataFrame:
    """Return the curves of the groups of a dimension (None: of all accounts), one under another."""
    curves = [
        pd.DataFrame(_curve(part, min_at_risk)).assign(dimension=dimension or OVERALL, group=group)
        for group, part in _groups(lifetimes, dimension)
    ]
    return pd.concat(curves, ignore_index=True) if curves else pd.DataFrame()


def _curve(lives: pd.DataFrame, min_at_risk: int) -> dict[str, np.ndarray]:
    """Return the columns of one curve; none where too few are ever at risk at a time."""
    fitted = _fitted(lives, min_at_risk)
    if fitted is None:
        return {}
    events = fitted.event_table
    low, high = fitted.confidence_interval_.reindex(events.index).to_numpy().T
    return {
        "duration_days": events.index.to_numpy(dtype="float64"),
        "at_risk_count": events["at_risk"].to_numpy(),
        "lost_count": events["observed"].to_numpy(),
        "censored_count": events["censored"].to_numpy(),
        "survival_share": fitted.survival_function_.iloc[:, 0].reindex(events.index).to_numpy(),
        "survival_low": low,
        "survival_high": high,
    }


def _fitted(rows: pd.DataFrame, min_at_risk: int) -> KaplanMeierFitter | None:
    fitter = KaplanMeierFitter()
    if not rows["entry_days"].gt(0).any():
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
    """Return the first age at which enough are under observation; infinite where they never are."""
    entry, end = rows["entry_days"].to_numpy(), rows["duration_days"].to_numpy()
    seen = end > entry
    entries = np.sort(rows["entry_days"].unique())
    entered, gone = (
        np.searchsorted(np.sort(days[seen]), entries, side="right") for days in (entry, end)
    )
    enough = entries[entered - gone >= min_at_risk]
    return float(enough[0]) if len(enough) else np.inf


def _first_at_half(curve: pd.DataFrame, column: str) -> float:
    reached = curve.loc[curve[column].le(0.5), "duration_days"]
    return float(reached.iloc[0]) if len(reached) else np.nan
