"""Why they leave: lateness and incidents against leaving; a correlation that chance seldom passes
for.
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from statsmodels.genmod import families
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.tools.tools import add_constant

from kamlib.retention.order_days import DAY, looked_up, order_days

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
_COLUMNS = {
    "cause": "str",
    "measure": "str",
    "hazard_ratio": "float64",
    "hazard_ratio_low": "float64",
    "hazard_ratio_high": "float64",
    "p_value": "float64",
    "leaver_count": "int64",
    "exposed_leaver_count": "int64",
    "leaver_mean": "float64",
    "stayer_mean": "float64",
    "case_count": "int64",
    "note": "str",
}


def leaving_cases(
    account_days: pd.DataFrame,
    status: pd.DataFrame,
    deliveries: pd.DataFrame | None = None,
    incidents: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
    exposure_days: int = 90,
) -> pd.DataFrame:
    """One row per account × month with an order: what it had met with just before, and whether it
    never ordered again.

    Leavers and stayers are looked at in the same way: at the last order of a month, when what went
        wrong lies
    in the past for both. ``is_left``: the account is lost and this was its last order (it is dated
        here, not
    when it was noticed). A month counts only when it can be told whether the account left (before
        the as-of
    date less its detection lag), and once the account has a history as long as the exposure. Late
        orders are
    those promised in this month and the two before; incidents those opened in the ``exposure_days``
        up to the
    order. Late orders and incidents are n/a where the book records none yet.

    Columns
    -------
    account_id: the account
    order_date: its last order day of the month
    is_left: no order followed
    due_count: its orders promised in the month and the two before
    late_count: of these late
    late: incidents of lateness in the days before
    conflict: incidents of conflict
    unaware: incidents of not knowing the client
    unprepared: incidents of unprepared negotiation
    product_knowledge: incidents of weak product knowledge
    quality: incidents of quality
    other: other incidents
    incident_count: incidents of all kinds but late
    order_day_count: its order days of the 365 days to this one
    tenure_days: days since its first order
    """
    days = order_days(account_days, as_of=as_of)
    days = days.merge(
        status[["account_id", "status", "lost_after_days", "first_order_date"]], on="account_id"
    )
    key = days["date"].to_numpy().astype("datetime64[D]").astype("int64")
    code = pd.factorize(days["account_id"])[0].astype("int64") << 32
    days["order_day_count"] = np.arange(1, len(days) + 1) - np.searchsorted(
        code + key, code + key - 365, side="right"
    )
    month = days["date"].dt.year * 12 + days["date"].dt.month
    last_of_month = ~days["account_id"].eq(days["account_id"].shift(-1)) | month.ne(month.shift(-1))
    is_last = ~days["account_id"].eq(days["account_id"].shift(-1))
    days["is_left"] = is_last & days["status"].eq("lost")
    days["tenure_days"] = (days["date"] - days["first_order_date"]).dt.days
    known = days["date"] <= as_of - pd.to_timedelta(days["lost_after_days"], unit="D")
    cases = days[last_of_month & known & days["tenure_days"].ge(exposure_days)].reset_index(
        drop=True
    )
    cases = cases.rename(columns={"date": "order_date"})
    _add_deliveries(cases, deliveries)
    _add_incidents(cases, incidents, exposure_days)
    columns = [
        "account_id",
        "order_date",
        "is_left",
        "due_count",
        "late_count",
        *MISTAKES,
        "incident_count",
    ]
    return cases[[*columns, "order_day_count", "tenure_days"]]


def leaving_causes(
    cases: pd.DataFrame, *, min_leavers: int = 10, min_exposed: int = 3
) -> pd.DataFrame:
    """One row per possible cause: how much likelier an account was to leave after it, with a 95 %
    interval.

    A proportional-hazards model in discrete time (complementary log-log link: Prentice and
        Gloeckler 1978)
    over the table ``leaving_cases``: late orders and all other incidents in one model, then each
        kind of
    incident beside late orders and the remaining incidents. Always adjusted for how often the
        account orders,
    how many orders were due, its tenure and the calendar year. The hazard ratio is per late order,
        or per
    incident. It is a **correlation**: what else went wrong at the same time is not known. Fewer
        than
    ``min_leavers`` leavers, or so few events that fewer than ``min_exposed`` leavers would have met
        with one
    by chance: no figure, and ``note`` says so. Of many causes tested at 95 % one in twenty stands
        out by
    chance.

    Columns
    -------
    cause: late deliveries, incidents (all kinds but late), or the kind
    measure: what the ratio is per
    hazard_ratio: factor on the chance of leaving; above 1: likelier
    hazard_ratio_low: lower end of its 95 % interval
    hazard_ratio_high: upper end
    p_value: probability of a ratio this far from 1 by chance
    leaver_count: leavers among the cases
    exposed_leaver_count: of these with at least one such event before
    leaver_mean: mean number of events before a last order
    stayer_mean: mean number of events before any other order
    case_count: account-months with an order that were compared
    note: what keeps the figure from being known, or how to read it
    """
    rows = [
        _cause(
            cases,
            "late deliveries",
            "late order",
            "late_count",
            ["incident_count"],
            min_leavers,
            min_exposed,
        ),
        _cause(
            cases,
            "incidents",
            "incident",
            "incident_count",
            ["late_count"],
            min_leavers,
            min_exposed,
        ),
    ]
    for kind in MISTAKES:
        if kind == "late" and cases["late_count"].notna().any():
            continue  # the deliveries themselves say more than the complaints about them
        others = ["late_count", "rest"]
        of_kind = cases.assign(
            rest=cases["incident_count"] - (cases[kind] if kind != "late" else 0)
        )
        if cases[kind].sum() > 0:
            rows.append(
                _cause(of_kind, MISTAKES[kind], "incident", kind, others, min_leavers, min_exposed)
            )
    return pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)


def _cause(
    cases: pd.DataFrame,
    name: str,
    per: str,
    column: str,
    others: list[str],
    min_leavers: int,
    min_exposed: int,
) -> dict[str, object]:
    """Return the row of one cause."""
    usable = cases[cases[column].notna()]
    left = usable["is_left"].astype(bool)
    row: dict[str, object] = {
        "cause": name,
        "measure": per,
        "leaver_count": int(left.sum()),
        "exposed_leaver_count": int(usable.loc[left, column].gt(0).sum()),
        "leaver_mean": usable.loc[left, column].mean() if left.any() else np.nan,
        "stayer_mean": usable.loc[~left, column].mean() if (~left).any() else np.nan,
        "case_count": len(usable),
    }
    if usable.empty:
        return row | {"note": f"the book records no {per}s"}
    if left.sum() < min_leavers:
        return row | {"note": f"only {int(left.sum())} leavers: too few to tell"}
    if left.sum() * usable[column].gt(0).mean() < min_exposed:
        return row | {"note": "it happened too seldom to tell"}
    if not row["exposed_leaver_count"]:
        return row | {"note": "no leaver had met with it"}
    fitted = _hazard_model(usable, [column, *others])
    if fitted is None:
        return row | {"note": "the model finds no answer in so few cases"}
    slope, error, p_value = fitted
    return row | {
        "hazard_ratio": float(np.exp(slope)),
        "hazard_ratio_low": float(np.exp(slope - 1.959964 * error)),
        "hazard_ratio_high": float(np.exp(slope + 1.959964 * error)),
        "p_value": p_value,
        "note": "correlation, not proof",
    }


def _hazard_model(cases: pd.DataFrame, columns: list[str]) -> tuple[float, float, float] | None:
    """Return coefficient, standard error and p-value of the first column in the discrete-time
    hazard model.
    """
    design = pd.DataFrame({c: cases[c].fillna(0).astype("float64") for c in columns})
    design["frequency"] = np.log(cases["order_day_count"])
    design["due"] = np.log1p(cases["due_count"].fillna(0))
    design["tenure"] = np.log(cases["tenure_days"])
    design["year"] = (cases["order_date"] - cases["order_date"].min()) / (365.25 * DAY)
    first, rest = design.columns[0], design.columns[1:]
    varying = [c for c in rest if design[c].std() > 1e-9]
    design = design[[first, *varying]]
    centred = design - design.mean()
    if np.linalg.matrix_rank(centred.to_numpy()) < centred.shape[1]:
        return None
    left = cases["is_left"].astype("float64")
    model = GLM(
        left, add_constant(centred), family=families.Binomial(link=families.links.CLogLog())
    )
    start = np.zeros(centred.shape[1] + 1)
    start[0] = np.log(-np.log1p(-left.mean()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that fails is recognised below
        try:
            # from the null model, by Newton steps: scoring from the data overshoots with this link
            result = model.fit(start_params=start, method="newton", maxiter=100, disp=False)
        except np.linalg.LinAlgError:
            return None
    slope, error = float(result.params[first]), float(result.bse[first])
    if not result.mle_retvals["converged"] or not np.isfinite([slope, error]).all() or error > 10:
        return None
    return slope, error, float(result.pvalues[first])


def _add_deliveries(cases: pd.DataFrame, deliveries: pd.DataFrame | None) -> None:
    cases["due_count"] = cases["late_count"] = np.nan
    if deliveries is None or deliveries.empty or cases.empty:
        return
    months = deliveries.assign(
        number=deliveries["month"].dt.year * 12 + deliveries["month"].dt.month
    )
    months = months.groupby(["account_id", "number"])[["due_count", "late_count"]].sum()
    number = cases["order_date"].dt.year * 12 + cases["order_date"].dt.month
    sums = np.zeros((len(cases), 2))
    for back in range(3):
        at = pd.MultiIndex.from_arrays([cases["account_id"], number - back])
        sums += months.reindex(at).fillna(0).to_numpy()
    recorded = (
        number - 2 >= deliveries["month"].dt.year.mul(12).add(deliveries["month"].dt.month).min()
    )
    cases["due_count"] = pd.Series(sums[:, 0], index=cases.index).where(recorded & (sums[:, 0] > 0))
    cases["late_count"] = pd.Series(sums[:, 1], index=cases.index).where(cases["due_count"].notna())


def _add_incidents(cases: pd.DataFrame, incidents: pd.DataFrame | None, exposure_days: int) -> None:
    for kind in [*MISTAKES, "incident_count"]:
        cases[kind] = np.nan
    if incidents is None or incidents.empty or cases.empty:
        return
    accounts = pd.Series(
        np.arange(cases["account_id"].nunique()), index=cases["account_id"].unique()
    )
    day = cases["order_date"].to_numpy().astype("datetime64[D]").astype("int64")
    code = looked_up(cases["account_id"], accounts).to_numpy().astype("int64") << 32
    recorded = cases["order_date"].gt(
        incidents["opened_date"].min() + pd.Timedelta(days=exposure_days)
    )
    for kind in MISTAKES:
        rows = incidents[incidents["kind"].eq(kind) & incidents["account_id"].isin(accounts.index)]
        opened = rows["opened_date"].to_numpy().astype("datetime64[D]").astype("int64")
        keys = np.sort(
            (looked_up(rows["account_id"], accounts).to_numpy().astype("int64") << 32) + opened
        )
        until = np.searchsorted(keys, code + day, side="right")
        since = np.searchsorted(keys, code + day - exposure_days, side="right")
        cases[kind] = pd.Series((until - since).astype("float64"), index=cases.index).where(
            recorded
        )
    cases["incident_count"] = cases[list(KINDS)].sum(axis=1, min_count=len(KINDS))
