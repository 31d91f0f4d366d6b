"""How good the alarms have been: the rule run as of past periods, against what happened next."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from kamlib.book import LossSettings
from kamlib.period.calendar import Span
from kamlib.period.months import trailing_months
from kamlib.retention.order_days import DAY, looked_up, order_days, order_gaps, year_later
from kamlib.retention.seasons import seasonal_on
from kamlib.tables import shaped
from kamlib.words import FEW

KS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0)
RESAMPLES, AT_ONCE = 400, 20


def alarm_dates(
    unbroken_days: pd.DataFrame, *, as_of: pd.Timestamp, every_months: int = 3
) -> pd.DatetimeIndex:
    """Return the past as-of days on which the alarm can be tested, oldest first.

    Each lies a whole number of ``every_months`` before the as-of day, at least 12 months before it
    (the truth is known) and at least 12 months after the first order (there is a history to judge
    by).
    """
    return _dates(order_days(unbroken_days, as_of=as_of), as_of, every_months)


def _dates(days: pd.DataFrame, as_of: pd.Timestamp, every_months: int = 3) -> pd.DatetimeIndex:
    if days.empty:
        return pd.DatetimeIndex([], dtype="datetime64[us]")
    first = days["date"].min()
    span = (as_of.year - first.year) * 12 + as_of.month - first.month + 1
    dates = trailing_months(as_of, span + 1)[::-1][12::every_months][::-1]
    return dates[dates >= year_later(first)]


def alarm_quality(
    unbroken_days: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    loss: LossSettings = LossSettings(),
    dates: Sequence[pd.Timestamp] | None = None,
    ks: Sequence[float] = KS,
) -> pd.DataFrame:
    """One row per rule × k: how often the alarm was false, how many losses it missed, how early it
    came.

    The rule is run as of each past date (default: ``alarm_dates``) on the order days known then;
    accounts with few gaps borrow the median gap of all accounts at that date. The truth is *no
    order in the next 12 months*. A case is an account on a date: it ordered within the 12 months
    before and is no longer new, so that accounts gone for years do not flatter the rule. Seasonal
    accounts are no cases. Two rules: ``overdue`` (silence > k × usual gap) and ``lost`` (the same,
    and silence long enough). Intervals are Wilson's at 95 %, on the number of cases that clustering
    by account leaves (design effect from the linearised variance of the rate). Lead time: from the
    first day the rule is true to the day on which 12 months without an order are complete, median
    over the leavers it caught, with the interval of the order statistics. Between random orders a
    gap exceeds k medians with probability 2^−k: k = 2 trips in 25 % of gaps, k = 3 in 12.5 %.

    ``is_suggested`` marks the k with the lowest sum of false-alarm and missed-loss rate, when at
    least 20 leavers were seen, that k had at least ten alarms (and lies below the book's ``lost``,
    if it is of the rule ``overdue``), and in 90 % of 400 resamples of accounts it beats the k that
    the book uses; otherwise the book's own k stays.

    Parameters
    ----------
    dates
        Days to judge as of; by default those of ``alarm_dates``.
    ks
        Multiples of the usual gap to compare.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.alarm_quality.query("is_book")[["rule", "k"]].values.tolist()
    [['overdue', 2.0], ['lost', 3.0]]
    """
    days = order_days(unbroken_days, as_of=as_of)
    chosen = _dates(days, as_of) if dates is None else dates
    chosen = [pd.Timestamp(d) for d in chosen if year_later(pd.Timestamp(d)) <= as_of]
    cases = _cases(days, chosen, loss)
    tables = []
    for rule, book_k, least in (
        ("overdue", loss.overdue, 0),
        ("lost", loss.lost, loss.min_silence_days),
    ):
        grid = np.array(sorted({*map(float, ks), float(book_k)}))
        table = _rates(cases, grid, least).assign(rule=rule, is_book=grid == book_k)
        below = loss.lost if rule == "overdue" else np.inf
        table["is_suggested"] = table["k"].eq(_suggested(cases, grid, least, book_k, below))
        tables.append(table)
    return shaped("alarm_quality", pd.concat(tables).assign(date_count=len(chosen)))


def alarm_cases(
    unbroken_days: pd.DataFrame, *, as_of: pd.Timestamp, loss: LossSettings = LossSettings()
) -> pd.DataFrame:
    """One row per past day × account that might have been warned of: was it, and did it leave.

    The cases of ``alarm_quality``, with the alarms of the book's own factors.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> bool(len(q.alarm_cases) == q.alarm_quality["case_count"].iloc[0])
    True
    """
    days = order_days(unbroken_days, as_of=as_of)
    dates = list(_dates(days, as_of))
    cases = _cases(days, dates, loss)
    ids = pd.factorize(days["account_id"])[1]
    alarm = {
        "is_warned_overdue": _alarms(cases, np.array([loss.overdue]), 0)[:, 0],
        "is_warned_lost": _alarms(cases, np.array([loss.lost]), loss.min_silence_days)[:, 0],
    }
    return shaped(
        "alarm_cases",
        pd.DataFrame(
            {
                "as_of_date": pd.DatetimeIndex(dates)[cases["date"].astype("int64")],
                "account_id": ids[cases["account"].astype("int64")],
                "has_left": cases["left"].astype(bool),
                **alarm,
            }
        ),
    )


def alarm_outcomes(
    account_status: pd.DataFrame,
    previous_account_status: pd.DataFrame | None,
    year_ago_account_status: pd.DataFrame | None,
    account_days: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    previous_span: Span,
    year_ago_span: Span,
) -> pd.DataFrame:
    """One row per past date × account that was overdue then: how the warning turned out by the
    as-of day.

    The dates are the ends of the period before and of the like period a year ago, where the data
    reach back to them. Accounts that had turned overdue count, not those already lost. Name and
    owner are today's.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> sorted(q.alarm_outcomes["outcome"].unique())
    ['lost', 'ordered again']
    """
    days = order_days(account_days, as_of=as_of)
    now = account_status.set_index("account_id")
    # a year has one period before it, which is the one a year ago
    past = {
        year_ago_span.end: year_ago_account_status,
        previous_span.end: previous_account_status,
    }
    tables = []
    for day, status in past.items():
        if status is None:
            continue
        then = status[status["status"].eq("overdue") & status["silence_days"].notna()]
        later = days[days["date"].gt(day)].groupby("account_id")["date"].min()
        then = then.assign(warned_date=day, next_order_date=looked_up(then["account_id"], later))
        for column in ("name", "manager_id", "manager_name"):
            then[column] = looked_up(then["account_id"], now[column])
        then["outcome"] = np.select(
            [
                then["next_order_date"].notna(),
                looked_up(then["account_id"], now["status"]).eq("lost"),
                looked_up(then["account_id"], now["status"]).eq("resting"),
            ],
            ["ordered again", "lost", "resting"],
            "still overdue",
        )
        tables.append(then)
    table = shaped("alarm_outcomes", pd.concat(tables) if tables else [])
    return table.sort_values(
        ["warned_date", "at_stake", "account_id"],
        ascending=[False, False, True],
        ignore_index=True,
    )


def _cases(
    days: pd.DataFrame, dates: list[pd.Timestamp], loss: LossSettings
) -> dict[str, np.ndarray]:
    """Return the cases as arrays: account, usual gap and silence then, and whether it left.

    Account code and day are packed into one sorted whole number, so that one search finds the
    orders of every account before and after a date.
    """
    codes, ids = pd.factorize(days["account_id"])
    day = days["date"].to_numpy().astype("datetime64[D]").astype("int64")
    starts = np.searchsorted(codes, np.arange(len(ids)))
    gaps = order_gaps(days)
    gap_code = (
        pd.Series(np.arange(len(ids)), index=ids)
        .reindex(gaps["account_id"])
        .to_numpy()
        .astype("int64")
    )
    gap_end = gaps["next_order_date"].to_numpy().astype("datetime64[D]").astype("int64")
    by_size = np.lexsort((gaps["gap_days"].to_numpy(), gap_code))
    gap_code, gap_end, gap = (
        gap_code[by_size],
        gap_end[by_size],
        gaps["gap_days"].to_numpy()[by_size],
    )
    key, span = codes * (1 << 32) + day, 1 << 32
    seasonal = seasonal_on(codes, day, dates)
    parts = []
    for number, date in enumerate(dates):
        now = int(np.datetime64(date, "D").astype("int64"))
        until = int(np.datetime64(year_later(date), "D").astype("int64"))
        since = int(np.datetime64(date - pd.DateOffset(months=12), "D").astype("int64"))
        account = np.arange(len(ids))
        after = np.searchsorted(key, account * span + now, side="right")
        seen = after - starts
        last = day[np.maximum(after - 1, 0)]
        known = gap_end <= now
        code, size = gap_code[known], gap[known]
        count = np.bincount(code, minlength=len(ids))
        begin = np.cumsum(count) - count
        usual = np.full(len(ids), np.median(size) if len(size) else np.nan)
        own = count >= loss.min_gaps
        low, high = begin + (count - 1) // 2, begin + count // 2
        usual[own] = (size[low[own]] + size[high[own]]) / 2
        first = day[np.minimum(starts, len(day) - 1)]
        is_new = (count < loss.min_gaps) & (first > now - loss.new_days)
        judged = (seen > 0) & ~is_new & (last > since) & ~np.isnan(usual)
        judged &= ~seasonal[number]
        next_key = np.append(key, np.iinfo("int64").max)[after]
        left = next_key > account * span + until
        parts.append(
            np.column_stack(
                [
                    account,
                    usual,
                    now - last,
                    left,
                    last,
                    ~own,
                    day[starts] + loss.new_days - last,
                    np.full(len(ids), number),
                ]
            )[judged]
        )
    joined = np.concatenate(parts) if parts else np.empty((0, 8))
    names = ("account", "usual", "silence", "left", "last", "borrowed", "until_grown", "date")
    return dict(zip(names, joined.T, strict=True))


def _alarms(cases: dict[str, np.ndarray], grid: np.ndarray, least: int) -> np.ndarray:
    """Return case × k: is the alarm on."""
    return (cases["silence"][:, None] > grid * cases["usual"][:, None]) & (
        cases["silence"][:, None] >= least
    )


def _by_account(cases: dict[str, np.ndarray], grid: np.ndarray, least: int) -> np.ndarray:
    """Return account × k × (alarms, false alarms, leavers, missed losses)."""
    alarm = _alarms(cases, grid, least)
    left = cases["left"].astype(bool)[:, None]
    counts = np.stack([alarm, alarm & ~left, left & np.ones_like(alarm), left & ~alarm], axis=-1)
    accounts, code = np.unique(cases["account"], return_inverse=True)
    flat = counts.reshape(len(code), len(grid) * counts.shape[-1])
    totals = [np.bincount(code, one, minlength=len(accounts)) for one in flat.T]
    return np.column_stack(totals).reshape(len(accounts), *counts.shape[1:])


def _rates(cases: dict[str, np.ndarray], grid: np.ndarray, least: int) -> pd.DataFrame:
    per_account = _by_account(cases, grid, least)
    total = per_account.sum(axis=0)
    table = pd.DataFrame({"k": grid})
    names = ("alarm_count", "false_alarm_count", "leaver_count", "missed_loss_count")
    table[list(names)] = total.astype("int64")
    for rate, of, part in (("false_alarm", 0, 1), ("missed_loss", 2, 3)):
        table[f"{rate}_rate"], table[f"{rate}_low"], table[f"{rate}_high"] = clustered_interval(
            per_account[..., part], per_account[..., of]
        )
    table[["lead_days", "lead_low_days", "lead_high_days"]] = [_lead(cases, k, least) for k in grid]
    table["case_count"] = len(cases["account"])
    table["account_count"] = len(np.unique(cases["account"]))
    return table


def clustered_interval(
    part: np.ndarray, whole: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rates and their Wilson 95 % limits; rows are clusters, columns the rates to estimate.

    The number of trials is divided by the design effect of the clusters; a rate of 0 or 1, whose
    variance says nothing, counts each cluster once.
    """
    n, x = whole.sum(axis=0), part.sum(axis=0)
    clusters = (whole > 0).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = x / n
        variance = (
            ((part - rate * whole) ** 2).sum(axis=0) / n**2 * clusters / np.maximum(clusters - 1, 1)
        )
        effective = np.clip(rate * (1 - rate) / variance, 1, n)
        effective = np.where((rate > 0) & (rate < 1) & (clusters > 1), effective, clusters)
        z = stats.norm.ppf(0.975)
        centre = (rate + z**2 / (2 * effective)) / (1 + z**2 / effective)
        half = (
            z
            / (1 + z**2 / effective)
            * np.sqrt(rate * (1 - rate) / effective + z**2 / (4 * effective**2))
        )
    return rate, np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def _lead(cases: dict[str, np.ndarray], k: float, least: int) -> list[float]:
    left = cases["left"].astype(bool) & _alarms(cases, np.array([k]), least)[:, 0]
    spell = np.unique(
        np.column_stack([cases["account"], cases["last"]])[left], axis=0, return_index=True
    )[1]
    usual, last = cases["usual"][left][spell], cases["last"][left][spell]
    tripped = np.maximum(np.floor(k * usual) + 1, least)
    borrowed = cases["borrowed"][left][spell].astype(bool)
    tripped = np.where(borrowed, np.maximum(tripped, cases["until_grown"][left][spell]), tripped)
    ends = last.astype("int64").astype("datetime64[D]")
    year = pd.DatetimeIndex(ends) + pd.DateOffset(months=12)
    leads = np.sort((year.to_numpy() - ends.astype("datetime64[us]")) / DAY - tripped)
    if not len(leads):
        return [np.nan] * 3
    rank = int(stats.binom.ppf(0.025, len(leads), 0.5))
    if rank < 1:
        return [float(np.median(leads)), np.nan, np.nan]
    return [float(np.median(leads)), float(leads[rank - 1]), float(leads[len(leads) - rank])]


def _suggested(
    cases: dict[str, np.ndarray], grid: np.ndarray, least: int, book_k: float, below: float
) -> float:
    per_account = _by_account(cases, grid, least)
    total = per_account.sum(axis=0) if len(per_account) else np.zeros((len(grid), 4))
    if not len(per_account) or total[0, 2] < 20:
        return book_k
    is_enough = (total[:, 0] >= FEW) & ((grid < below) | (grid == book_k))
    best = int(np.argmin(np.where(is_enough, _error(total), np.inf)))
    if not is_enough[best]:
        return book_k
    drawn = _drawn(per_account)
    book = int(np.flatnonzero(grid == book_k)[0])
    return float(grid[best]) if (drawn[:, best] < drawn[:, book]).mean() >= 0.9 else book_k


def _drawn(per_account: np.ndarray) -> np.ndarray:
    """Return resample × k: the error among accounts drawn anew, in parts, as all at once would be
    400 numbers an account.
    """
    rng, count = np.random.default_rng(0), len(per_account)
    even = np.full(count, 1 / count)
    return np.concatenate(
        [
            _error(np.tensordot(rng.multinomial(count, even, AT_ONCE), per_account, axes=1))
            for _ in range(0, RESAMPLES, AT_ONCE)
        ]
    )


def _error(total: np.ndarray) -> np.ndarray:
    """Return false-alarm rate + missed-loss rate; a rule without any alarm counts as all false."""
    alarms, false, leavers, missed = np.moveaxis(total, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(alarms > 0, false / alarms, 1.0) + np.where(
            leavers > 0, missed / leavers, 0.0
        )
