"""Lost accounts that came back: how many, by time and reason, and how well that was foretold."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from scipy.special import betaincinv

from kamlib.period.months import trailing_months
from kamlib.retention.day_sums import DaySums
from kamlib.retention.losses import UNKNOWN
from kamlib.retention.order_days import looked_up
from kamlib.tables import shaped

ALL = "all"
LOST_FOR_DAYS = (0, 30, 90, 180, 365)
LOOKED_AT_DAYS = (15, 60, 135, 270, 540)
"""An account that has been lost for 30 to 90 days is judged by what came of others after 60."""
CHANCE = ["return_probability", "return_low", "return_high"]
LEAST_RETURNS = 5
WITHIN_DAYS = 365
_ASKED = [
    "account_id", "last_order_date", "detection_date", "return_date", "recorded_date", "reason",
    "revenue_lost", "margin_lost",
]  # fmt: skip
_CLOSED = re.compile(r"\bclosed\b(?!-)", re.IGNORECASE)


def return_rates(
    lost_accounts: pd.DataFrame,
    day_sums: DaySums,
    *,
    as_of: pd.Timestamp,
    min_spells: int = 10,
    prior_spells: float = 10.0,
) -> pd.DataFrame:
    """One row per time lost × reason, and one for all reasons: how many lost accounts came back
    within a year.

    From the book's own history. Most silences that end do so soon, many were no loss at all: what
    counts for an account that has been lost for a while is how many came back of those that had
    been lost as long. So losses are looked at when they were 15, 60, 135, 270 and 540 days old, in
    the middle of the stretches that begin at 0, 30, 90, 180 and 365 days (``lost_for_days``); each
    only if it was still one then and the year after is over. Losses of the first year of the data
    are left out: of rhythms hardly known most are none. A reason counts from the day it was
    recorded: who comes back at once gets none, and those whose reason is only written down later
    would make "not recorded" a good sign; so its rate is never above that of all. The rate of a
    reason is drawn towards that of all reasons as if ``prior_spells`` losses more had been seen at
    that rate (beta-binomial; half a return and half a loss are added to all, after Jeffreys); the
    interval is the 95 % one of the resulting beta distribution. Fewer than ``min_spells`` losses:
    no rate. An account known to have closed has none either, and is not among *all*: no chance is
    stated of it.

    ``second_life_share``: margin (revenue where costs are unknown) of the 12 months after the
    return of those that came back / of the 12 months before the loss of all that were as likely to,
    times that likelihood: were small accounts likelier to come back, it is the lower. At least 5
    returns whose year is over. These accounts came back by themselves or by what was done then: the
    rate is not what an offer adds.

    Parameters
    ----------
    min_spells
        Spells that a rate of their own needs.
    prior_spells
        Losses that the rate of all reasons counts for.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.return_rates["lost_for_days"].unique().tolist()
    [0.0, 30.0, 90.0, 180.0, 365.0]
    """
    over = as_of - pd.Timedelta(days=LOOKED_AT_DAYS[0] + WITHIN_DAYS)
    asked = lost_accounts.columns.intersection(_ASKED)
    known = lost_accounts.loc[lost_accounts["detection_date"].le(over), asked]
    spells = _with_a_year_before(known, day_sums)
    if spells.empty:
        return shaped("return_rates", [])
    written = (spells["recorded_date"] - spells["detection_date"]).dt.days
    waited = (spells["return_date"] - spells["detection_date"]).dt.days
    parts, looked = [], []
    for since, at in zip(LOST_FOR_DAYS, LOOKED_AT_DAYS, strict=True):
        judged = spells["detection_date"].le(as_of - pd.Timedelta(days=at + WITHIN_DAYS))
        is_asked = judged & ~waited.le(at)
        if not is_asked.any():
            continue
        there = spells[is_asked].assign(is_back=waited.le(at + WITHIN_DAYS)[is_asked], at=at)
        there["reason"] = there["reason"].where(written[is_asked].le(at)).fillna(UNKNOWN)
        rates = _rates(there, min_spells, prior_spells)
        parts.append(rates.assign(lost_for_days=since))
        chance = rates["return_probability"].iloc[0]
        looked.append(there[~is_closed(there["reason"])].assign(chance=chance))
    if not parts:
        return shaped("return_rates", [])
    share = _second_life(pd.concat(looked, ignore_index=True), day_sums, as_of)
    return shaped("return_rates", pd.concat(parts).assign(second_life_share=share))


def return_record(
    lost_accounts: pd.DataFrame, day_sums: DaySums, *, as_of: pd.Timestamp
) -> pd.DataFrame:
    """One row per past day × account lost then: the chance of a return that would have been stated,
    and what came within a year.

    The days are the ends of half-years back from the as-of day, from a year before it on. Chance
    and expected margin are those of ``return_rates`` and ``win_back`` from what was known on that
    day; the naive chance is that of all that had been lost as long, without their
    reasons. Of an account that is known to have closed no chance is stated.
    ``stated_margin`` is the chance times the expected margin of the year after the return, before
    any offer's cost, ``came_margin`` what that year brought; both n/a where it is not over.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.return_record["as_of_date"].max().date().isoformat()
    '2024-09-30'
    """
    spells = lost_accounts[lost_accounts["last_order_date"].notna()]
    if spells.empty:
        return shaped("return_record", [])
    first = spells["detection_date"].min()
    reach = (as_of.year - first.year) * 12 + as_of.month - first.month + 1
    days = trailing_months(as_of, reach + 1)[::-1][12::6][::-1]
    parts = []
    for day in days[days >= first]:
        known = spells[spells["detection_date"].le(day)]
        known = known.assign(
            return_date=known["return_date"].where(known["return_date"].le(day)),
            reason=known["reason"].where(known["recorded_date"].le(day)),
            recorded_date=known["recorded_date"].where(known["recorded_date"].le(day)),
        )
        rates = return_rates(known, day_sums, as_of=day)
        there = known[known["return_date"].isna()].drop_duplicates("account_id", keep="last")
        there = there.assign(reason=there["reason"].fillna(UNKNOWN).astype("str"))
        there["lost_for_days"] = time_lost(there["detection_date"], day)
        stated = chances(there, rates).where(~is_closed(there["reason"]))
        there["stated"], there["naive"] = stated["return_probability"], stated["of_all"]
        share = rates["second_life_share"].iloc[0] if len(rates) else np.nan
        there["expected_margin"] = there["margin_lost"] * (1.0 if np.isnan(share) else share)
        back = looked_up(there.index.to_series(), spells["return_date"])
        there["is_back"] = back.le(day + pd.Timedelta(days=WITHIN_DAYS))
        there["back_date"] = back.where(there["is_back"])
        parts.append(there.assign(as_of_date=day))
    if not parts:
        return shaped("return_record", [])
    table = pd.concat(parts, ignore_index=True)
    is_over = table["as_of_date"].le(as_of - pd.DateOffset(years=2))
    came = _year_from(table["back_date"], table, day_sums)["margin"]
    table["came_margin"] = came.where(table["is_back"], 0.0).where(is_over)
    table["stated_margin"] = (table["stated"] * table["expected_margin"]).where(is_over)
    return shaped("return_record", table)


def time_lost(detection_date: pd.Series, day: pd.Timestamp) -> np.ndarray:
    """Return the beginning of the stretch of time lost that each loss is in."""
    lost_for = (day - detection_date).dt.days.clip(lower=0)
    place = np.searchsorted(LOST_FOR_DAYS, lost_for, side="right") - 1
    return np.array(LOST_FOR_DAYS)[place]


def chances(rows: pd.DataFrame, return_rates: pd.DataFrame) -> pd.DataFrame:
    """Return the chance of each row's time lost and reason with its interval; without an own one,
    and as ``of_all``, that of all reasons.
    """
    own = return_rates[CHANCE].to_numpy(dtype="float64")
    known = zip(return_rates["lost_for_days"], return_rates["reason"], strict=True)
    place = {key: number for number, key in enumerate(known)}
    own = np.vstack([own, np.full(len(CHANCE), np.nan)])
    asked = list(zip(rows["lost_for_days"], rows["reason"], strict=True))
    one = own[[place.get(key, -1) for key in asked]]
    general = own[[place.get((since, ALL), -1) for since, _ in asked]]
    found = np.where(np.isnan(one), general, one)
    table = pd.DataFrame(found, columns=CHANCE, index=rows.index)
    return table.assign(of_all=general[:, CHANCE.index("return_probability")])


def is_closed(reason: pd.Series) -> pd.Series:
    """Return whether a recorded reason says that the account closed.

    >>> is_closed(pd.Series(["business closed", "Closed", "price", "closed-source"])).tolist()
    [True, True, False, False]
    """
    closed = {text: bool(_CLOSED.search(text)) for text in reason.dropna().unique()}
    return reason.map(closed).eq(True)


def _with_a_year_before(lost_accounts: pd.DataFrame, day_sums: DaySums) -> pd.DataFrame:
    """Return the spells of accounts whose year before the loss the data hold whole."""
    whole = day_sums.first + pd.DateOffset(years=1)
    return lost_accounts[lost_accounts["last_order_date"].ge(whole)]


def _rates(spells: pd.DataFrame, min_spells: int, prior_spells: float) -> pd.DataFrame:
    """Return the rates of all losses together and of each reason drawn towards them."""
    names, code = np.unique(spells["reason"].to_numpy(dtype=object), return_inverse=True)
    size = np.bincount(code)
    came = np.bincount(code, weights=spells["is_back"]).astype("int64")
    closed = is_closed(pd.Series(names)).to_numpy()
    total, back = int(size[~closed].sum()), int(came[~closed].sum())
    order = np.argsort(-size, kind="stable")  # names are sorted
    reason = np.array([ALL, *names[order]], dtype=object)
    loss_count, return_count = np.append(total, size[order]), np.append(back, came[order])
    rate = (back + 0.5) / (total + 1)
    is_all = reason == ALL
    a = return_count + np.where(is_all, 0.5, prior_spells * rate)
    b = loss_count - return_count + np.where(is_all, 0.5, prior_spells * (1 - rate))
    # "not recorded" is told as it was seen, but never taken for a good sign
    is_capped = (reason == UNKNOWN) & (a / (a + b) > rate)
    a, b = np.where(is_capped, back + 0.5, a), np.where(is_capped, total - back + 0.5, b)
    is_known = ~np.append(False, closed[order]) & (total >= min_spells)
    return pd.DataFrame(
        {
            "reason": reason,
            "loss_count": loss_count,
            "return_count": return_count,
            "return_probability": np.where(is_known, a / (a + b), np.nan),
            "return_low": np.where(is_known, betaincinv(a, b, 0.025), np.nan),
            "return_high": np.where(is_known, betaincinv(a, b, 0.975), np.nan),
            "judged_count": total,
        }
    )


def _second_life(looked: pd.DataFrame, day_sums: DaySums, as_of: pd.Timestamp) -> float:
    """Return what the year after a return brings, as a share of the year before the loss."""
    until = as_of - pd.DateOffset(years=1)
    over = looked["detection_date"] + pd.to_timedelta(looked["at"] + WITHIN_DAYS, unit="D")
    judged = looked[over.le(until) & looked["chance"].notna()].reset_index(drop=True)
    back = judged[judged["is_back"]]
    if back.drop_duplicates(["account_id", "return_date"]).shape[0] < LEAST_RETURNS:
        return np.nan
    after = _year_from(back["return_date"], back, day_sums)
    is_margin = after["margin"].notna().all() and judged["margin_lost"].notna().all()
    money = "margin" if is_margin else "revenue"
    before = (judged["chance"] * judged[f"{money}_lost"]).sum()
    return float(max(after[money].sum(), 0.0) / before) if before > 0 else np.nan


def _year_from(day: pd.Series, rows: pd.DataFrame, day_sums: DaySums) -> pd.DataFrame:
    """Return revenue and margin of each row's account in the 12 months that begin on a day."""
    eve = day - pd.Timedelta(days=1)
    return day_sums.of(rows["account_id"], eve, eve + pd.DateOffset(years=1))
