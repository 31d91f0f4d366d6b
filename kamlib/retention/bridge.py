"""Where the revenue went: the bridge between two years, NRR, GRR, churn and revenue at risk."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd

from kamlib.holes import NO_HOLES, Holes
from kamlib.period.months import is_base_whole
from kamlib.retention.order_days import looked_up, window_edges
from kamlib.tables import exact, exact_sums, shaped

STEPS = ("base", "new", "returned", "expansion", "contraction", "stopped", "now")
THERE = ("active", "overdue", "new", "resting")
"""Every status of an account that is not lost."""
_ZERO = Decimal(0)


def account_bridge(
    account_months: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None = None,
    holes: Holes = NO_HOLES,
) -> pd.DataFrame:
    """One row per account with revenue in either window: which step of the revenue bridge it
    belongs to.

    Base is the net revenue of the 12 months before the window, now that of the window. ``new``: its
    first revenue ever lies in the window. ``returned``: base ≤ 0, earlier revenue, revenue now.
    ``stopped``: base > 0 and now ≤ 0. ``expansion`` and ``contraction``: the rest by the sign of
    the change (a late credit note of a former account is a contraction). ``unchanged``: no change.
    *Stopped* (no revenue in the window) is not *lost* (the status). No rows where the data do not
    hold the base year whole.

    Examples
    --------
    >>> ends = pd.to_datetime(["2024-09-30", "2025-09-30"])
    >>> months = shaped("account_months", {"account_id": ["A", "A", "B"], "month": [*ends, ends[1]],
    ...     "revenue": [100.0, 130.0, 20.0], "order_day_count": 1})
    >>> bridge = account_bridge(months, as_of=pd.Timestamp("2025-09-30"))
    >>> bridge[["account_id", "step", "change"]].values.tolist()
    [['A', 'expansion', 30.0], ['B', 'new', 20.0]]
    """
    return shaped("account_bridge", _stepped(account_months, as_of, first_date, holes))


def revenue_bridge(
    account_months: pd.DataFrame,
    key_accounts_then: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None = None,
    holes: Holes = NO_HOLES,
) -> pd.DataFrame:
    """One row per scope × step: base + new + returned + expansion − contraction − stopped = now,
    exact to the cent.

    Steps are those of ``account_bridge``, summed in exact decimals; contraction and stopped are
    amounts that went away, so they are subtracted. Accounts close too: base + new + returned −
    stopped = now. ``key``: the accounts that were key on the first day of the window. No account in
    either window, or a year that the data do not hold whole: no rows.

    Examples
    --------
    >>> months = pd.DataFrame({"account_id": ["A", "B", "B"], "revenue": [100.0, 100.0, 60.0],
    ...     "month": pd.to_datetime(["2024-03-31", "2024-03-31", "2025-03-31"])})
    >>> keys = pd.DataFrame({"account_id": ["B"], "followed_over": ["year"]})
    >>> bridge = revenue_bridge(months, keys, as_of=pd.Timestamp("2025-12-31"))
    >>> amount = bridge.set_index(["scope", "step"])["revenue"]
    >>> float(amount["all", "stopped"]), float(amount["all", "now"]), float(amount["key", "base"])
    (100.0, 60.0, 100.0)
    """
    rows: list[dict[str, object]] = []
    stepped = _stepped(account_months, as_of, first_date, holes)
    for scope, part in _scopes(stepped, _then(key_accounts_then, "year")):
        for step in STEPS if len(part) else ():
            if step in ("base", "now"):
                amount, count = sum(part[step], _ZERO), int(part[step].gt(0).sum())
            else:
                inside = part[part["step"].eq(step)]
                sign = -1 if step in ("contraction", "stopped") else 1
                amount, count = sign * sum(inside["change"], _ZERO), len(inside)
            rows.append({"scope": scope, "step": step, "revenue": amount, "accounts": count})
    return shaped("revenue_bridge", rows)


def retention_rates(
    account_months: pd.DataFrame,
    key_accounts_then: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None = None,
    holes: Holes = NO_HOLES,
) -> pd.DataFrame:
    """One row per scope: net and gross revenue retention of the accounts with revenue in the 12
    months before.

    NRR = Σ now / Σ base; GRR = Σ per account min(base, max(now, 0)) / Σ base: what one account
    gains never hides what another lost. New and returning accounts are no part of the cohort.
    ``key``: the accounts that were key on the first day of the window. No base, or a base year that
    the data do not hold whole, or data that end before the period does: n/a.

    Examples
    --------
    >>> ends = pd.to_datetime(["2024-09-30", "2025-09-30"])
    >>> months = shaped("account_months", {"account_id": ["A", "A", "B"], "month": [*ends, ends[0]],
    ...     "revenue": [100.0, 130.0, 100.0], "order_day_count": 1})
    >>> rates = retention_rates(months, shaped("key_accounts_then", []), as_of=ends[1],
    ...     first_date=pd.Timestamp("2020-01-01"))
    >>> rates[["scope", "nrr_share", "grr_share"]].head(1).values.tolist()
    [['all', 0.65, 0.5]]
    """
    rows = []
    is_whole = is_base_whole(first_date, as_of, holes)
    windows = _exact_windows(account_months, as_of)
    for scope, part in _scopes(windows, _then(key_accounts_then, "year")):
        cohort = part[part["base"].gt(0) & is_whole]
        base, now = sum(cohort["base"], _ZERO), sum(cohort["now"], _ZERO)
        pairs = zip(cohort["base"], cohort["now"], strict=True)
        kept = sum((min(b, max(n, _ZERO)) for b, n in pairs), _ZERO)
        rows.append(
            {
                "scope": scope,
                "nrr_share": now / base if base else np.nan,
                "grr_share": kept / base if base else np.nan,
                "base_revenue": base,
                "cohort_count": len(cohort),
            }
        )
    return shaped("retention_rates", rows)


def retention_figures(
    retention_rates: pd.DataFrame,
    account_status: pd.DataFrame,
    previous_account_status: pd.DataFrame | None,
    key_accounts: pd.DataFrame,
    key_accounts_then: pd.DataFrame,
) -> pd.DataFrame:
    """One row per figure × scope: the retention figures an executive expects, as of one day.

    Churn and returns compare with the end of the period before; where the data do not reach back to
    it they are n/a. Logo churn = not lost at the start and lost at the end / not lost at the start;
    accounts that came back are shown apart. Churn, returns, NRR and GRR of key accounts follow
    those that were key on the first day (of the period, of the 12 months); n/a where nobody
    dated it. Revenue at risk and the counts are of today's key accounts: revenue of the window of
    accounts that are overdue.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.retention_figures.query("scope == 'all'")["figure"].tolist()[:4]
    ['NRR', 'GRR', 'logo_churn', 'lost_in_period']
    """
    rates = retention_rates.set_index("scope")
    rows = [
        {"figure": figure, "scope": scope, "value": rates.loc[scope, column]}
        for figure, column in (("NRR", "nrr_share"), ("GRR", "grr_share"))
        for scope in rates.index
    ]
    followed = dict(_scopes(account_status, _then(key_accounts_then, "period")))
    for scope, part in _scopes(account_status, _today(key_accounts)):
        at_risk = part[part["status"].eq("overdue")]
        figures = _churn(followed[scope], previous_account_status) | {
            "revenue_at_risk": sum(exact(at_risk["revenue"]), _ZERO),
            "at_risk_accounts": len(at_risk),
            "lost_accounts": part["status"].eq("lost").sum(),
            "active_accounts": part["status"].isin(["active", "new"]).sum(),
            "resting_accounts": part["status"].eq("resting").sum(),
        }
        rows += [{"figure": f, "scope": scope, "value": float(v)} for f, v in figures.items()]
    return shaped("retention_figures", rows)


def _churn(status: pd.DataFrame, before: pd.DataFrame | None) -> dict[str, float]:
    if before is None or status.empty:
        return {"logo_churn": np.nan, "lost_in_period": np.nan, "returned_in_period": np.nan}
    then = looked_up(status["account_id"], before.set_index("account_id")["status"])
    there = then.isin(THERE)
    is_lost = status["status"].eq("lost")
    gone = int((there & is_lost).sum())
    return {
        "logo_churn": gone / there.sum() if there.any() else np.nan,
        "lost_in_period": float(gone),
        "returned_in_period": float((then.eq("lost") & status["status"].isin(THERE)).sum()),
    }


def _stepped(
    account_months: pd.DataFrame,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None,
    holes: Holes,
) -> pd.DataFrame:
    """Return the accounts with revenue in either window, exact, with change and step."""
    sums = _exact_windows(account_months, as_of)
    is_either = sums["base"].astype(bool) | sums["now"].astype(bool)
    compares = is_base_whole(first_date, as_of, holes)
    sums = sums[is_either & compares]
    rows = zip(sums["base"], sums["now"], sums["is_early"], strict=True)
    return sums.assign(change=sums["now"] - sums["base"], step=[_step(*row) for row in rows])


def _exact_windows(account_months: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return per account the exact sums of both windows, and whether it bought before them."""
    after, until = window_edges(as_of)
    before, _ = window_edges(as_of, years_back=1)
    months = account_months[account_months["month"].le(until)]
    bought = months["revenue"].gt(0)
    if "order_day_count" in months:
        bought |= months["order_day_count"].gt(0)
    early = months.loc[months["month"].le(after) & bought, "account_id"].unique()
    recent = months[months["month"].gt(before)]
    is_now = recent["month"].gt(after)
    table = pd.DataFrame({"account_id": sorted(recent["account_id"].unique())})
    for column, part in (("base", recent[~is_now]), ("now", recent[is_now])):
        table[column] = exact_sums(part, "revenue", pd.Index(table["account_id"])).to_numpy()
    return table.assign(is_early=table["account_id"].isin(early))


def _step(base: Decimal, now: Decimal, is_early: bool) -> str:
    if base > 0:
        if now <= 0:
            return "stopped"
        return "expansion" if now > base else "contraction" if now < base else "unchanged"
    if now > 0:
        return "returned" if is_early else "new"
    return "expansion" if now > base else "contraction" if now < base else "unchanged"


def _today(key_accounts: pd.DataFrame) -> pd.Series:
    return key_accounts.loc[key_accounts["is_key"].astype(bool), "account_id"]


def _then(key_accounts_then: pd.DataFrame, window: str) -> pd.Series:
    return key_accounts_then.loc[key_accounts_then["followed_over"].eq(window), "account_id"]


def _scopes(
    table: pd.DataFrame, keys: pd.Series
) -> tuple[tuple[str, pd.DataFrame], tuple[str, pd.DataFrame]]:
    """Return the rows of all accounts, and of key accounts."""
    return ("all", table), ("key", table[table["account_id"].isin(keys)])
