"""Where the revenue went: the bridge from one year to the next, NRR, GRR, churn and revenue at
risk.
"""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd

from kamlib.retention.order_days import looked_up, window_edges
from kamlib.tables import exact

STEPS = ("base", "new", "returned", "expansion", "contraction", "stopped", "now")
_ZERO = Decimal(0)


def account_bridge(account_months: pd.DataFrame, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per account with revenue in either window: which step of the revenue bridge it
    belongs to.

    Base is the net revenue of the 12 months before the window, now that of the window. ``new``: its
    first revenue ever lies in the window. ``returned``: base ≤ 0, earlier revenue, revenue now.
    ``stopped``: base > 0 and now ≤ 0. ``expansion`` and ``contraction``: the rest by the sign of
    the change (a late credit note of a former account is a contraction). ``unchanged``: no change.
    *Stopped* (no revenue in the window) is not *lost* (the status).

    Columns
    -------
    account_id: the account
    base: net revenue of the 12 months before the window
    now: net revenue of the window
    change: now − base
    step: new, returned, expansion, contraction, stopped or unchanged
    """
    sums = _exact_windows(account_months, as_of)
    sums["step"] = [
        _step(base, now, early)
        for base, now, early in zip(sums["base"], sums["now"], sums["is_early"], strict=True)
    ]
    sums["change"] = sums["now"] - sums["base"]
    table = sums[sums["base"].astype(bool) | sums["now"].astype(bool)]
    money = {column: table[column].astype("float64") for column in ("base", "now", "change")}
    return (
        table.assign(**money)[["account_id", "base", "now", "change", "step"]]
        .astype({"account_id": "str", "step": "str"})
        .reset_index(drop=True)
    )


def revenue_bridge(
    account_months: pd.DataFrame, keys: pd.DataFrame | None = None, *, as_of: pd.Timestamp
) -> pd.DataFrame:
    """One row per scope × step: base + new + returned + expansion − contraction − stopped = now,
    exact to the cent.

    Steps are those of ``account_bridge``, summed in exact decimals; contraction and stopped are
        amounts that
    went away, so they are subtracted. Accounts close too: base + new + returned − stopped = now.
        ``keys``
    (account_id, is_key) adds the scope ``key``: the key accounts as of the as-of day. No account in
        either
    window: no rows.

    Columns
    -------
    scope: all or key
    step: base, new, returned, expansion, contraction, stopped, now
    revenue: net revenue of the step (book currency)
    accounts: accounts in the step; for base and now those with revenue above 0

    Examples
    --------
    >>> months = pd.DataFrame({"account_id": ["A", "B", "B"], "revenue": [100.0, 100.0, 60.0],
    ...     "month": pd.to_datetime(["2024-03-31", "2024-03-31", "2025-03-31"])})
    >>> bridge = revenue_bridge(months, as_of=pd.Timestamp("2025-12-31"))
    >>> dict(zip(bridge["step"], bridge["revenue"]))["stopped"], dict(zip(bridge["step"], bridge["revenue"]))["now"]
    (100.0, 60.0)
    """
    sums = _exact_windows(account_months, as_of)
    sums = sums[sums["base"].astype(bool) | sums["now"].astype(bool)]
    sums["step"] = [
        _step(*row) for row in zip(sums["base"], sums["now"], sums["is_early"], strict=True)
    ]
    sums["change"] = sums["now"] - sums["base"]
    rows: list[dict[str, object]] = []
    for scope, part in _scopes(sums, keys):
        for step in STEPS if len(part) else ():
            if step in ("base", "now"):
                amount, count = sum(part[step], _ZERO), int(part[step].gt(0).sum())
            else:
                inside = part[part["step"].eq(step)]
                sign = -1 if step in ("contraction", "stopped") else 1
                amount, count = sign * sum(inside["change"], _ZERO), len(inside)
            rows.append({"scope": scope, "step": step, "revenue": float(amount), "accounts": count})
    types = {"scope": "str", "step": "str", "revenue": "float64", "accounts": "int64"}
    return pd.DataFrame(rows, columns=list(types)).astype(types)


def retention_rates(
    account_months: pd.DataFrame, keys: pd.DataFrame | None = None, *, as_of: pd.Timestamp
) -> pd.DataFrame:
    """One row per scope: net and gross revenue retention of the accounts with revenue in the 12
    months before.

    NRR = Σ now / Σ base; GRR = Σ per account min(base, max(now, 0)) / Σ base: what one account
    gains never hides what another lost. New and returning accounts are no part of the cohort. No
    base: n/a.

    Columns
    -------
    scope: all or key
    nrr_share: net revenue retention
    grr_share: gross revenue retention
    base_revenue: Σ base
    cohort_count: accounts with base > 0
    """
    sums = _exact_windows(account_months, as_of)
    rows = []
    for scope, part in _scopes(sums, keys):
        cohort = part[part["base"].gt(0)]
        base = sum(cohort["base"], _ZERO)
        kept = sum(
            (min(b, max(n, _ZERO)) for b, n in zip(cohort["base"], cohort["now"], strict=True)),
            _ZERO,
        )
        nrr, grr = (
            (float(sum(cohort["now"], _ZERO) / base), float(kept / base))
            if base
            else (np.nan, np.nan)
        )
        rows.append((scope, nrr, grr, float(base), len(cohort)))
    names = ["scope", "nrr_share", "grr_share", "base_revenue", "cohort_count"]
    return pd.DataFrame(rows, columns=names).astype(
        {"scope": "str", "nrr_share": "float64", "grr_share": "float64"}
    )


def retention_figures(
    account_months: pd.DataFrame,
    status: pd.DataFrame,
    status_before: pd.DataFrame | None = None,
    keys: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """One row per figure × scope: the retention figures an executive expects, as of one day.

    ``status`` and ``status_before`` are ``account_status`` at the period's end and at the end of
    the period before (None: churn and returns are n/a). Logo churn = not lost at the start and lost
    at the end / not lost at the start; accounts that came back are shown apart. Revenue at risk =
    revenue of the window of accounts that are overdue.

    Columns
    -------
    figure: NRR, GRR, logo_churn, lost_in_period, returned_in_period, revenue_at_risk, and three
        counts
    scope: all or key
    value: the figure: share 0–1, money or count
    """
    rows: list[tuple[str, str, float]] = []
    rates = retention_rates(account_months, keys, as_of=as_of)
    for figure, column in (("NRR", "nrr_share"), ("GRR", "grr_share")):
        rows += [
            (figure, scope, value)
            for scope, value in zip(rates["scope"], rates[column], strict=True)
        ]
    for scope, part in _scopes(status, keys):
        churn = _churn(part, status_before)
        at_risk = part[part["status"].eq("overdue")]
        rows += [(figure, scope, value) for figure, value in churn.items()]
        rows += [
            ("revenue_at_risk", scope, float(sum(exact(at_risk["revenue"]), _ZERO))),
            ("at_risk_accounts", scope, float(len(at_risk))),
            ("lost_accounts", scope, float(part["status"].eq("lost").sum())),
            ("active_accounts", scope, float(part["status"].isin(["active", "new"]).sum())),
        ]
    table = pd.DataFrame(rows, columns=["figure", "scope", "value"])
    return table.astype({"figure": "str", "scope": "str", "value": "float64"})


def _churn(status: pd.DataFrame, before: pd.DataFrame | None) -> dict[str, float]:
    if before is None:
        return {"logo_churn": np.nan, "lost_in_period": np.nan, "returned_in_period": np.nan}
    then = looked_up(status["account_id"], before.set_index("account_id")["status"])
    there = then.isin(["active", "overdue", "new"])
    is_lost = status["status"].eq("lost")
    gone = int((there & is_lost).sum())
    return {
        "logo_churn": gone / there.sum() if there.any() else np.nan,
        "lost_in_period": float(gone),
        "returned_in_period": float((then.eq("lost") & ~is_lost).sum()),
    }


def _exact_windows(account_months: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return per account the exact sums of both windows and whether it had revenue before the
    window.
    """
    after, until = window_edges(as_of)
    before, _ = window_edges(as_of, years_back=1)
    months = account_months[account_months["month"].le(until)]
    bought = months["revenue"].gt(0)
    if "order_day_count" in months:
        bought |= months["order_day_count"].gt(0)
    early = months.loc[months["month"].le(after) & bought, "account_id"].unique()
    recent = months[months["month"].gt(before)]
    recent = recent.assign(money=exact(recent["revenue"]), is_now=recent["month"].gt(after))
    table = pd.DataFrame({"account_id": sorted(recent["account_id"].unique())})
    for column, part in (("base", recent[~recent["is_now"]]), ("now", recent[recent["is_now"]])):
        totals: dict[str, Decimal] = {}
        for account, money in zip(part["account_id"], part["money"], strict=True):
            totals[account] = totals.get(account, _ZERO) + money
        table[column] = pd.Series([totals.get(a, _ZERO) for a in table["account_id"]], dtype=object)
    return table.assign(is_early=table["account_id"].isin(early))


def _step(base: Decimal, now: Decimal, is_early: bool) -> str:
    if base > 0:
        if now <= 0:
            return "stopped"
        return "expansion" if now > base else "contraction" if now < base else "unchanged"
    if now > 0:
        return "returned" if is_early else "new"
    return "expansion" if now > base else "contraction" if now < base else "unchanged"


def _scopes(table: pd.DataFrame, keys: pd.DataFrame | None) -> list[tuple[str, pd.DataFrame]]:
    """Return the scope ``all`` and, where it is known who is key, the scope ``key``."""
    if keys is None:
        return [("all", table)]
    chosen = keys.loc[keys["is_key"].astype(bool), "account_id"]
    return [("all", table), ("key", table[table["account_id"].isin(chosen)])]
