"""Lost accounts that came back: how many, by time and reason, and how well that was foretold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import betaincinv

from kamlib.period.months import trailing_months
from kamlib.retention.day_sums import DaySums, Floats, Ints, day_count, day_number, day_of
from kamlib.retention.losses import UNKNOWN, dated_losses
from kamlib.tables import shaped

ALL, RECORDED = "all", "any recorded"
LOST_FOR_DAYS = (0, 30, 90, 180, 365)
LOOKED_AT_DAYS = (15, 60, 135, 270, 540)
"""An account that has been lost for 30 to 90 days is judged by what came of others after 60."""
CHANCE = ["return_probability", "return_low", "return_high"]
LEAST_RETURNS = 5
LIKE_ALL = 2.0
"""So many recorded losses are taken to come back like all others, beside those that were seen."""
WITHIN_DAYS = 365
_LAID_OUT = (
    *("account_id", "reason", "last_order_date", "detection_date", "return_date"),
    *("recorded_date", "revenue_lost", "margin_lost"),
)
_CLOSED = re.compile(r"\bclosed\b(?!-)", re.IGNORECASE)


def return_rates(
    seen_losses: SeenLosses,
    day_sums: DaySums,
    *,
    as_of: pd.Timestamp,
    min_spells: int = 10,
    prior_spells: float = 10.0,
) -> pd.DataFrame:
    """One row per time lost × reason, one for all losses and one for those with a recorded reason:
    how many came back within a year.

    From the book's own history. Most silences that end do so soon, many were no loss at all: what
    counts for an account that has been lost for a while is how many came back of those that had
    been lost as long. So losses are looked at when they were 15, 60, 135, 270 and 540 days old, in
    the middle of the stretches that begin at 0, 30, 90, 180 and 365 days (``lost_for_days``); each
    only if it was still one then and the year after is over. Losses of the first year of the data
    are left out: of rhythms hardly known most are none. A reason counts from the day it was
    recorded: who comes back at once gets none, and those whose reason is only written down later
    would make "not recorded" a good sign; so its rate is never above that of all.

    Reasons are written down of accounts that left: fewer of them come back than of all that have
    been lost as long. The ratio is taken over all stretches, returns seen / returns expected at the
    rates of all losses, drawn towards 1 as if ``LIKE_ALL`` losses more had come back as expected.
    The rate of a reason is drawn as if by ``prior_spells`` losses towards that of all × the ratio
    (beta-binomial; half a return and half a loss are added to all, after Jeffreys); the interval is
    the 95 % one of the resulting beta distribution. Fewer than ``min_spells`` losses: no rate. An
    account known to have closed has none either, and is not among *all*: no chance is stated of it.

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
        Losses that the rate counts for towards which a reason's is drawn.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.return_rates["lost_for_days"].unique().tolist()
    [0.0, 30.0, 90.0, 180.0, 365.0]
    """
    rates = _rates_on(as_of, seen_losses, day_sums, min_spells, prior_spells)
    return shaped("return_rates", rates)


def return_record(
    seen_losses: SeenLosses, day_sums: DaySums, *, as_of: pd.Timestamp
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
    known = seen_losses
    if not len(known.detected):
        return shaped("return_record", [])
    first = pd.Timestamp(day_of(known.detected.min(keepdims=True))[0])
    reach = (as_of.year - first.year) * 12 + as_of.month - first.month + 1
    days = trailing_months(as_of, reach + 1)[::-1][12::6][::-1]
    parts = []
    for day in days[days >= first]:
        rates = _rates_on(day, known, day_sums)
        today = day_count(day)
        at = known.open_on(today)
        reason = known.reason_on(today)[at]
        since = stretch(today - known.detected[at])
        stated = chances(since, known.names[reason], rates)
        stated[known.closed[reason]] = np.nan
        share = rates["second_life_share"][:1]  # of a day without rates it holds nothing
        is_back = known.back[at] <= today + WITHIN_DAYS
        parts.append(
            {
                "as_of_date": np.full(len(at), day.to_datetime64()),
                "place": at,
                "reason": known.names[reason],
                "lost_for_days": since,
                "stated": stated[:, 0],
                "naive": stated[:, 3],
                "expected": known.margin[at] * (1.0 if np.isnan(share).all() else share[0]),
                "is_back": is_back,
                "back_date": day_of(np.where(is_back, known.back[at], np.nan)),
            }
        )
    if not parts:
        return shaped("return_record", [])
    found = _joined(parts)
    ids = known.account_id.iloc[found.pop("place")]
    came = _year_from(pd.Series(found["back_date"], index=ids.index), ids, day_sums)["margin"]
    is_over = found["as_of_date"] <= (as_of - pd.DateOffset(years=2)).to_datetime64()
    found |= {
        "account_id": ids.array,
        "came_margin": np.where(is_over, np.where(found["is_back"], came, 0.0), np.nan),
        "stated_margin": np.where(is_over, found["stated"] * found["expected"], np.nan),
    }
    return shaped("return_record", found)


_NO_RATES: dict[str, npt.NDArray[Any]] = {
    name: np.zeros(0, dtype=object if name == "reason" else float)
    for name in ("lost_for_days", "reason", *CHANCE, "second_life_share")
}


def stretch(days_lost: Any) -> npt.NDArray[np.int64]:
    """Return the beginning of the stretch of time lost that each loss is in.

    >>> stretch(np.array([12, 31, 800])).tolist()
    [0, 30, 365]
    """
    place = np.searchsorted(LOST_FOR_DAYS, days_lost, side="right") - 1
    return np.array(LOST_FOR_DAYS)[np.maximum(place, 0)]


def chances(lost_for_days: Any, reason: Any, return_rates: Any) -> Floats:
    """Return for each time lost (by its stretch) and reason the chance of a return, its interval
    and, last, the chance of all losses, which stands in for one that is not known; for a reason
    that was not seen before it is that of any recorded one.
    """
    known_names = dict.fromkeys([*return_rates["reason"], ALL, RECORDED])
    place = {name: at for at, name in enumerate(known_names)}
    known = np.full((len(LOST_FOR_DAYS), len(place) + 1, len(CHANCE)), np.nan)
    row = np.searchsorted(LOST_FOR_DAYS, return_rates["lost_for_days"])
    rates = np.column_stack([return_rates[name] for name in CHANCE])
    known[row, [place[name] for name in return_rates["reason"]]] = rates
    asked = np.asarray(reason, dtype=object)
    code, names = pd.factorize(asked)
    row = np.searchsorted(LOST_FOR_DAYS, lost_for_days)
    own = known[row, np.array([place.get(name, -1) for name in names], dtype="int64")[code]]
    of_all = known[row, place[ALL]]
    is_new = np.isnan(own) & (asked != UNKNOWN)[:, None]
    own = np.where(is_new, known[row, place[RECORDED]], own)
    return np.column_stack([np.where(np.isnan(own), of_all, own), of_all[:, 0]])


def is_closed(reason: pd.Series) -> pd.Series:
    """Return whether a recorded reason says that the account closed.

    >>> is_closed(pd.Series(["business closed", "Closed", "price", "closed-source"])).tolist()
    [True, True, False, False]
    """
    closed = [text for text in reason.dropna().unique() if _CLOSED.search(text)]
    return reason.isin(closed)


@dataclass(frozen=True, eq=False)
class SeenLosses:
    """Detected losses as arrays, in their order; days are numbers, n/a where there was none.

    `names` are the reasons and `closed` says which of these say that the account closed.
    """

    account_id: pd.Series
    account: Ints
    reason: Ints
    names: npt.NDArray[np.object_]
    closed: npt.NDArray[np.bool_]
    last: Floats
    detected: Floats
    back: Floats
    written: Floats
    revenue: Floats
    margin: Floats

    def open_on(self, day: float) -> Ints:
        """Return the places of the losses that an account had on a day, its latest."""
        at = np.flatnonzero((self.detected <= day) & ~(self.back <= day))
        latest = np.full(self.account.max(initial=-1) + 1, -1)
        latest[self.account[at]] = at  # of several the last is kept
        return at[latest[self.account[at]] == at]

    def reason_on(self, day: Any) -> Ints:
        """Return the reason of each loss that was known on a day."""
        return np.where(self.written <= day, self.reason, np.searchsorted(self.names, UNKNOWN))


def seen_losses(
    lost_accounts: pd.DataFrame, *, first_date: pd.Timestamp | None = None
) -> SeenLosses:
    """Return the detected losses as arrays, laid out for the chance of a return: those whose time
    is known.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> len(q.seen_losses.detected) == int(q.lost_accounts["detection_date"].notna().sum())
    True
    """
    table = dated_losses(lost_accounts, first_date)[[*_LAID_OUT]]
    row = np.flatnonzero(table["detection_date"].notna())
    table = table.iloc[row]
    reason = np.array(table["reason"], dtype=object)  # to_numpy may not copy a text, even if asked
    reason[pd.isna(reason)] = UNKNOWN
    names, code = np.unique(np.append(reason, UNKNOWN), return_inverse=True)
    return SeenLosses(
        account_id=table["account_id"],
        account=pd.factorize(table["account_id"])[0],
        reason=code[:-1],
        names=names,
        closed=is_closed(pd.Series(names)).to_numpy(),
        last=day_number(table["last_order_date"]),
        detected=day_number(table["detection_date"]),
        back=day_number(table["return_date"]),
        written=day_number(table["recorded_date"]),
        revenue=table["revenue_lost"].to_numpy(dtype="float64"),
        margin=table["margin_lost"].to_numpy(dtype="float64"),
    )


def _rates_on(
    day: pd.Timestamp,
    known: SeenLosses,
    day_sums: DaySums,
    min_spells: int = 10,
    prior_spells: float = 10.0,
) -> dict[str, npt.NDArray[Any]]:
    """Return the rates that losses gave on a day, column by column: of those whose year before the
    data hold whole, and whose year after was over.
    """
    today, whole = day_count(day), day_sums.first_year_end
    waited = known.back - known.detected
    looks, looked = [], []
    for since, at in zip(LOST_FOR_DAYS, LOOKED_AT_DAYS, strict=True):
        is_over = known.detected <= today - at - WITHIN_DAYS
        there = np.flatnonzero(is_over & (known.last >= whole) & ~(waited <= at))
        if not len(there):
            continue
        reason = known.reason_on(known.detected + at)[there]
        is_back = waited[there] <= at + WITHIN_DAYS
        seen = _Seen.of(since, reason, is_back, known)
        looks.append(seen)
        is_open = ~known.closed[reason]
        judged = {
            "place": there,
            "is_back": is_back,
            "over": known.detected[there] + at + WITHIN_DAYS,
            "chance": np.full(len(there), seen.rate if seen.total >= min_spells else np.nan),
        }
        looked.append({name: values[is_open] for name, values in judged.items()})
    if not looks:
        return _NO_RATES
    ratio = _ratio(looks)
    parts = [_rates(one, ratio, known, min_spells, prior_spells) for one in looks]
    share = _second_life(_joined(looked), known, day_sums, day)
    rates = _joined(parts)
    return rates | {"second_life_share": np.full(len(rates["reason"]), share)}


@dataclass(frozen=True, eq=False)
class _Seen:
    """The losses that were looked at after one stretch of time, and those that came back: by the
    place of their reason, all that may come back, and those of them with a recorded reason.
    """

    lost_for_days: int
    size: Ints
    came: Ints
    total: int
    back: int
    told: int
    told_back: int

    @classmethod
    def of(
        cls, since: int, reason: Ints, is_back: npt.NDArray[np.bool_], known: SeenLosses
    ) -> _Seen:
        """Return what was seen of losses, by reason."""
        size = np.bincount(reason, minlength=len(known.names))
        came = np.bincount(reason[is_back], minlength=len(known.names))
        told = ~known.closed & (known.names != UNKNOWN)
        of = [int(many[those].sum()) for those in (~known.closed, told) for many in (size, came)]
        return cls(since, size, came, *of)

    @property
    def rate(self) -> float:
        """Return how many of all came back."""
        return (self.back + 0.5) / (self.total + 1)


def _ratio(looks: list[_Seen]) -> float:
    """Return the returns of losses with a recorded reason as a share of those expected."""
    many = sum(one.told for one in looks)
    if not many:
        return 1.0
    expected = sum(one.told * one.back / one.total for one in looks if one.told)
    prior = LIKE_ALL * expected / many
    return (sum(one.told_back for one in looks) + prior) / (expected + prior) if expected else 1.0


def _joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: np.concatenate([one[name] for one in parts]) for name in parts[0]}


def _rates(
    seen: _Seen, ratio: float, known: SeenLosses, min_spells: int, prior_spells: float
) -> dict[str, npt.NDArray[Any]]:
    """Return the rates of all losses together, of those with a reason, and of each reason."""
    order = np.argsort(-seen.size, kind="stable")[: np.count_nonzero(seen.size)]  # names are sorted
    name = np.array([ALL, RECORDED, *known.names[order]], dtype=object)
    loss_count = np.array([seen.total, seen.told, *seen.size[order]])
    return_count = np.array([seen.back, seen.told_back, *seen.came[order]])
    rate, total, back = seen.rate, seen.total, seen.back
    towards = np.where(name == UNKNOWN, rate, min(rate * ratio, 1.0))
    a = return_count + np.where(name == ALL, 0.5, prior_spells * towards)
    b = loss_count - return_count + np.where(name == ALL, 0.5, prior_spells * (1 - towards))
    # "not recorded" is told as it was seen, but never taken for a good sign
    is_capped = (name == UNKNOWN) & (a / (a + b) > rate)
    a, b = np.where(is_capped, back + 0.5, a), np.where(is_capped, total - back + 0.5, b)
    is_known = ~np.append([False, False], known.closed[order]) & (total >= min_spells)
    return {
        "lost_for_days": np.full(len(name), seen.lost_for_days),
        "reason": name,
        "loss_count": loss_count,
        "return_count": return_count,
        "return_probability": np.where(is_known, a / (a + b), np.nan),
        "return_low": np.where(is_known, betaincinv(a, b, 0.025), np.nan),
        "return_high": np.where(is_known, betaincinv(a, b, 0.975), np.nan),
        "judged_count": np.full(len(name), total),
    }


def _second_life(
    looked: dict[str, Any], known: SeenLosses, day_sums: DaySums, day: pd.Timestamp
) -> float:
    """Return what the year after a return brings, as a share of the year before the loss."""
    is_over = looked["over"] <= day_count(day - pd.DateOffset(years=1))
    judged = is_over & ~np.isnan(looked["chance"])
    lost, back = looked["place"][judged], looked["place"][judged & looked["is_back"]]
    if len(np.unique(back)) < LEAST_RETURNS:
        return np.nan
    returned = pd.Series(day_of(known.back[back]))
    after = _year_from(returned, known.account_id.iloc[back], day_sums)
    is_margin = after["margin"].notna().all() and not np.isnan(known.margin[lost]).any()
    money = known.margin if is_margin else known.revenue
    before = np.nansum(looked["chance"][judged] * money[lost])
    came = after["margin" if is_margin else "revenue"].sum()
    return float(max(came, 0.0) / before) if before > 0 else np.nan


def _year_from(day: pd.Series, account_id: pd.Series, day_sums: DaySums) -> pd.DataFrame:
    """Return revenue and margin of each account in the 12 months that begin on a day."""
    eve = day - pd.Timedelta(days=1)
    return day_sums.of(account_id, eve, eve + pd.DateOffset(years=1))
