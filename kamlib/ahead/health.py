"""Health: one line per account that joins how it buys, how we serve it, and what it says of us."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kamlib.book import HealthSettings, LossSettings
from kamlib.holes import NO_HOLES, Holes
from kamlib.period.months import is_base_whole, trailing_months
from kamlib.tables import shaped

PARTS = tuple(HealthSettings.model_fields)
OF_DAY = ("silence_ratio", "revenue", "status")
PAST = range(4, 12)
LARGE_FALL = 1 / 3
_DRAWS = 300


def dated_health(
    account_status: pd.DataFrame,
    account_months: pd.DataFrame,
    category_months: pd.DataFrame,
    deliveries: pd.DataFrame,
    interactions: pd.DataFrame,
    contact_rhythms: pd.DataFrame,
    money_owed: pd.DataFrame,
    agreement_renewals: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None = None,
    holes: Holes = NO_HOLES,
    health: HealthSettings,
    loss: LossSettings = LossSettings(),
) -> pd.DataFrame:
    """Return the parts of ``health_parts`` that are known as of any day, and the health that they
    alone give: one row per account with revenue in the last 12 months.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.dated_health["dated_health"].tolist() == q.health_parts["dated_health"].tolist()
    True
    """
    own = account_status[account_status["revenue"].gt(0)].set_index("account_id")
    now, before = (_year(account_months, as_of, skip).reindex(own.index) for skip in (0, 12))
    if not is_base_whole(first_date, as_of, holes):
        before = before * float("nan")
    met = interactions[interactions["date"].le(as_of)]
    parts = pd.DataFrame(index=own.index)
    parts["rhythm"] = _falling(own["silence_days"] / own["usual_gap_days"], 1, loss.lost)
    change = now["revenue"] / before["revenue"].where(before["revenue"] > 0) - 1
    parts["trend"] = _rising(change, -LARGE_FALL, 0.10)
    parts["breadth"] = _breadth(category_months, as_of).reindex(own.index)
    parts["on_time"] = _on_time(deliveries, as_of).reindex(own.index)
    recent = met[met["date"].gt(as_of - pd.DateOffset(months=12))]
    parts["satisfaction"] = recent.groupby("account_id")["satisfaction"].mean().mul(10)
    planned = contact_rhythms.set_index("account_id")["contact_every_days"].reindex(own.index)
    since = (as_of - met.groupby("account_id")["date"].max().reindex(own.index)).dt.days
    parts["contact"] = _falling(since / planned, 1, 3).fillna(0.0 if len(met) else np.nan)
    parts["payment"] = _payment(money_owed, now["revenue"])
    rate = [(year["revenue"] - year["cost"]) / year["revenue"].where(year["revenue"] > 0)
            for year in (now, before)]  # fmt: skip
    parts["margin"] = _rising(rate[0] - rate[1], -0.05, 0.01)
    parts["renewal"] = _renewal(agreement_renewals)
    table = parts.assign(
        dated_health=weighted(parts, pd.Series(health.model_dump())),
        silence_ratio=own["silence_days"] / own["usual_gap_days"],
        revenue=own["revenue"],
        status=own["status"],
    )
    return table.reset_index()


def health_parts(
    dated_health: pd.DataFrame,
    contacts: pd.DataFrame,
    plan_register: pd.DataFrame,
    *,
    health: HealthSettings,
) -> pd.DataFrame:
    """One row per account with revenue in the last 12 months: its health, 0 to 100, and its parts.

    Each part is 0 to 100, n/a where the book does not tell:

    - rhythm: 100 up to one usual gap of silence, 0 from the factor of *lost* on
    - trend: revenue of 12 months on those before, −1/3 is 0, +10 % is 100
    - breadth: categories bought in the last 12 months, of those bought in the 24
    - on_time: orders due in 12 months, 70 % on time is 0
    - satisfaction: mean of 12 months, times 10
    - contact: 100 up to one planned rhythm since the last contact, 0 from three on
    - people: attitude of the contacts, weighted by influence, −2 is 0 and 2 is 100
    - plan: 100 up to half a year of age, 0 from a year on, and for steps overdue in proportion less
    - payment: nothing overdue is 100, a month's revenue overdue 0
    - margin: gross margin rate on the year before, 5 points less is 0, 1 point more 100
    - renewal: half a year to the notice day is 100, a notice day passed is 25

    Health is the mean of the known parts, weighted by the book's ``[health]``; with less
    than three known parts, or half of the weight unknown, it is n/a.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.health_parts["health"].dropna().between(0, 100).all().item()
    True
    """
    table = dated_health.set_index("account_id")
    undated = {"people": _people(contacts), "plan": _plan(plan_register)}
    parts = table.assign(**undated)[list(PARTS)]
    weights = pd.Series(health.model_dump())
    table = parts.add_suffix("_health").assign(
        health=weighted(parts, weights),
        known_part_count=parts.notna().sum(axis=1),
        weakest=_weakest(parts, weights),
        **{name: table[name] for name in ("dated_health", *OF_DAY)},
    )
    return shaped("health_parts", table.reset_index())


def weighted(parts: pd.DataFrame, weights: pd.Series) -> pd.Series:
    """Return the weighted mean of the known parts; n/a where less than half of the weight is known.

    >>> parts = pd.DataFrame({"rhythm": [100.0, 80.0], "trend": [50.0, None],
    ...     "margin": [0.0, None]})
    >>> weighted(parts, pd.Series({"rhythm": 2.0, "trend": 1.0, "margin": 1.0})).tolist()
    [62.5, nan]
    """
    known = parts.notna() & weights[parts.columns].gt(0)
    sums = known.mul(weights[parts.columns]).sum(axis=1)
    enough = known.sum(axis=1).ge(3) & sums.ge(0.5 * weights[parts.columns].sum())
    mean = parts.where(known, 0.0).mul(weights[parts.columns]).sum(axis=1) / sums.where(sums > 0)
    return mean.where(enough)


def account_health(
    health_parts: pd.DataFrame,
    key_accounts: pd.DataFrame,
    accounts: pd.DataFrame,
    previous_health_parts: pd.DataFrame | None,
) -> pd.DataFrame:
    """One row per key account that bought in the last 12 months: its health, the poorest first.

    ``health_change`` and the change of each part are against the end of the period before.

    Examples
    --------
    >>> parts = shaped("health_parts", {"account_id": ["A"], "health": [40.0]})
    >>> keys = shaped("key_accounts", {"account_id": ["A"], "is_key": [True]})
    >>> people = shaped("accounts", {"account_id": ["A"], "name": ["Ada"]})
    >>> account_health(parts, keys, people, parts.assign(health=50.0))["health_change"].tolist()
    [-10.0]
    """
    keys = key_accounts.loc[key_accounts["is_key"].eq(True), "account_id"]
    table = health_parts[health_parts["account_id"].isin(keys)].set_index("account_id")
    names = ["health", *(f"{part}_health" for part in PARTS)]
    then = pd.DataFrame(np.nan, index=table.index, columns=names)
    if previous_health_parts is not None:
        then = previous_health_parts.set_index("account_id").reindex(table.index)[names]
    known = accounts.set_index("account_id").reindex(table.index)
    changes = {f"{name}_change": table[name] - then[name] for name in names}
    table = table.assign(name=known["name"], owner=known["manager_name"], **changes)
    by = ["health", "account_id"]
    return shaped("account_health", table.reset_index().sort_values(by, na_position="last"))


def health_record(
    account_months: pd.DataFrame,
    *,
    at: Any,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None,
) -> pd.DataFrame:
    """One row: how well a low health told who would fall by a third or be lost within a year.

    All accounts that were not lost, as of up to eight past quarters, from what was known then; the
    parts that are not dated (people, plan) are left out. ``health_auc`` is the chance that of two
    accounts, one that fell and one that did not, the one that fell had the lower health; beside it
    the same of silence alone, in usual gaps. Intervals of 95 % by resampling accounts.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.health_record["health_auc"].between(0, 1).item()
    True
    """
    ends = [trailing_months(as_of, 3 * step + 1)[0] for step in PAST]
    days = [d for d in ends if first_date is not None and first_date <= trailing_months(d, 24)[0]]
    cases = [_cases(at(day).dated_health, account_months, day) for day in days]
    table = pd.concat(cases, ignore_index=True) if cases else pd.DataFrame({"fell": []})
    row = {"date_count": len(days), "case_count": len(table), "fall_count": table["fell"].sum()}
    if table["fell"].nunique() == 2:
        row |= _compared(table)
    return shaped("health_record", [row])


def _cases(parts: pd.DataFrame, months: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    known = parts[parts["status"].ne("lost")].dropna(subset=["dated_health", "silence_ratio"])
    end = day + pd.DateOffset(months=12, days=3)
    later = months[months["month"].gt(day) & months["month"].le(end)]
    sums = later.groupby("account_id")["revenue"].sum().reindex(known["account_id"]).fillna(0.0)
    fell = sums.to_numpy() <= (1 - LARGE_FALL) * known["revenue"].to_numpy()
    return known[["account_id", "dated_health", "silence_ratio"]].assign(fell=fell)


def _compared(table: pd.DataFrame) -> dict[str, float]:
    """Return both areas under the curve and their difference, with intervals over accounts."""
    scores = {
        "health": -table["dated_health"].to_numpy(),
        "silence": table["silence_ratio"].to_numpy(),
    }
    fell = table["fell"].to_numpy(dtype=bool)
    found = {name: auc(score, fell) for name, score in scores.items()}
    codes, accounts = pd.factorize(table["account_id"])
    many = len(accounts)
    ranks = [_ranks(score) for score in scores.values()]
    rng = np.random.default_rng(2025)
    drawn = []
    for _ in range(_DRAWS):
        times = np.bincount(rng.integers(0, many, many), minlength=many)[codes]
        if 0 < times[fell].sum() < times.sum():
            drawn.append([_area(rank, fell, times) for rank in ranks])
    both = np.array(drawn)
    gain = both[:, 0] - both[:, 1]
    low, high = np.quantile(np.column_stack([both, gain]), [0.025, 0.975], axis=0)
    return {
        "health_auc": found["health"],
        "health_auc_low": low[0],
        "health_auc_high": high[0],
        "silence_auc": found["silence"],
        "auc_gain": found["health"] - found["silence"],
        "auc_gain_low": low[2],
        "auc_gain_high": high[2],
        "is_better": bool(low[2] > 0),
    }


def auc(score: np.ndarray, is_case: np.ndarray) -> float:
    """Return the area under the ROC curve: P(score of a case > score of another), ties half.

    >>> auc(np.array([3.0, 1.0, 2.0]), np.array([True, False, False]))
    1.0
    """
    return _area(_ranks(score), is_case, np.ones(len(score)))


def _ranks(score: np.ndarray) -> np.ndarray:
    """Return the place of each score among the distinct ones, from 0."""
    return np.unique(score, return_inverse=True)[1]


def _area(rank: np.ndarray, is_case: np.ndarray, times: np.ndarray) -> float:
    """Return the area of rows that count so many times."""
    cases, others = (
        np.bincount(rank[kind], weights=times[kind], minlength=rank.max() + 1)
        for kind in (is_case, ~is_case)
    )
    before = others.cumsum() - others / 2
    return float((cases * before).sum() / (cases.sum() * others.sum()))


def _falling(value: pd.Series, best: float, worst: float) -> pd.Series:
    return (100 * (worst - value) / (worst - best)).clip(0, 100)


def _rising(value: pd.Series, worst: float, best: float) -> pd.Series:
    return (100 * (value - worst) / (best - worst)).clip(0, 100)


def _year(months: pd.DataFrame, as_of: pd.Timestamp, skip: int) -> pd.DataFrame:
    inside = months[months["month"].isin(trailing_months(as_of, 12 + skip)[:12])]
    sums = inside.groupby("account_id")[["revenue", "cost"]].sum(min_count=1)
    unknown = inside[inside["cost"].isna()]["account_id"]
    return sums.assign(cost=sums["cost"].mask(sums.index.isin(unknown)))


def _breadth(category_months: pd.DataFrame, as_of: pd.Timestamp) -> pd.Series:
    in_two_years = category_months["month"].isin(trailing_months(as_of, 24))
    bought = category_months[in_two_years & category_months["revenue"].gt(0)]
    latest = bought.groupby(["account_id", "category"])["month"].max()
    own = latest.gt(trailing_months(as_of, 13)[0]).groupby("account_id")
    return 100 * own.sum() / own.size()


def _on_time(deliveries: pd.DataFrame, as_of: pd.Timestamp) -> pd.Series:
    own = deliveries[deliveries["month"].isin(trailing_months(as_of, 12))]
    sums = own.groupby("account_id")[["due_count", "late_count"]].sum()
    return _rising(1 - sums["late_count"] / sums["due_count"].where(sums["due_count"] > 0), 0.7, 1)


def _people(contacts: pd.DataFrame) -> pd.Series:
    known = contacts.dropna(subset=["attitude"])
    weight = known["influence"].fillna(1.0)
    sums = (known["attitude"] * weight).groupby(known["account_id"]).sum()
    return _rising(sums / weight.groupby(known["account_id"]).sum(), -2, 2)


def _plan(register: pd.DataFrame) -> pd.Series:
    own = register.set_index("account_id")
    late = own["overdue_objective_count"] / own["objective_count"].where(own["objective_count"] > 0)
    return _falling(own["age_days"], 183, 365) * (1 - late.fillna(0.0))


def _payment(owed: pd.DataFrame, revenue: pd.Series) -> pd.Series:
    overdue = owed.set_index("account_id")["overdue_amount"].reindex(revenue.index)
    return _falling(overdue / (revenue.where(revenue > 0) / 12), 0, 1)


def _renewal(renewals: pd.DataFrame) -> pd.Series:
    own = renewals[renewals["agreement_status"].isin(["renewal due", "coming up", "in force"])]
    days = own.groupby("account_id")["days_to_notice_days"].min()
    return _rising(days, 0, 183).clip(lower=25)


def _weakest(parts: pd.DataFrame, weights: pd.Series) -> pd.Series:
    """Return the part that costs an account the most."""
    missed = (100 - parts).mul(weights[parts.columns]).fillna(-1.0)
    return missed.idxmax(axis=1).where(missed.max(axis=1).gt(0), "")
