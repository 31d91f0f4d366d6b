"""Who is lost, who is overdue: the loss criterion, for today and for every silence of the past."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kamlib.book import LossSettings
from kamlib.retention.day_sums import Floats, day_count, day_number, day_of
from kamlib.retention.order_days import by_day_and_account, pooled_medians, window_edges
from kamlib.retention.seasons import season_days
from kamlib.retention.silences import Silences
from kamlib.tables import shaped

_KEPT = ("account_id", "first_order_date", "last_order_date", "order_day_count", "gap_count")


def usual_gaps(silences: Silences, account_classes: pd.DataFrame, *, min_gaps: int) -> pd.DataFrame:
    """One row per account with an order day: its usual gap, the median days between order days.

    All history up to the as-of day counts. An account with fewer than ``loss.min_gaps`` gaps
    borrows the median of all gaps of its revenue class, when the class has as many gaps itself,
    else of all accounts; ``gap_basis`` says so. When the whole book has no gap yet, the usual gap
    is n/a.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> sorted(q.usual_gaps["gap_basis"].unique())
    ['class', 'own']
    """
    letters = silences.letters(account_classes)
    pooled = np.full(len(letters), np.nan)
    of_gap = letters[silences.gap_place]
    for letter in range(letters.max(initial=-1) + 1):
        pool = silences.gap_days[of_gap == letter]
        if len(pool) >= min_gaps:
            pooled[letters == letter] = np.median(pool)
    of_all = np.median(silences.gap_days) if len(silences.gap_days) else np.nan
    accounts = silences.accounts
    has_order = accounts["last_order_date"].notna().to_numpy()
    is_own = accounts["gap_count"].to_numpy() >= min_gaps
    is_class = ~np.isnan(pooled)
    own, borrowed = accounts["own_gap_days"].to_numpy(), np.where(is_class, pooled, of_all)
    basis = np.full(len(accounts), "all" if len(of_gap) else None, dtype=object)
    basis[is_class], basis[is_own] = "class", "own"
    found = {
        **{name: accounts[name].array for name in _KEPT},
        "usual_gap_days": np.where(is_own, own, borrowed),
        "gap_basis": basis,
    }
    return shaped("usual_gaps", {name: values[has_order] for name, values in found.items()})


def past_gaps(silences: Silences, account_classes: pd.DataFrame, *, min_gaps: int) -> pd.Series:
    """Return the usual gap of every past silence, by what was known on the eve of its end: the
    account's gaps until then, or the pool's.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> len(q.past_gaps) == len(q.silences.past)
    True
    """
    past, letters = silences.past, silences.letters(account_classes)
    few = past["gap_count"].lt(min_gaps).to_numpy()
    letter = letters[past["place"].to_numpy()[few]]
    pool = (silences.gap_end, silences.gap_days, letters[silences.gap_place])
    of_class, count = pooled_medians(*pool, past["eve_number"].to_numpy()[few], letter)
    gap = past["own_gap_days"].copy()
    enough = (count >= min_gaps) & (letter >= 0)
    gap[few] = np.where(enough, of_class, past["all_gap_days"].to_numpy()[few])
    return gap


def closed_spells(
    silences: Silences, past_gaps: pd.Series, *, loss: LossSettings = LossSettings()
) -> pd.DataFrame:
    """One row per silence of the past that was a loss on the eve of the order that ended it.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.closed_spells["return_date"].le(q.as_of).all().item()
    True
    """
    past = silences.past
    detected = _trip_day(
        past, past_gaps.to_numpy(dtype="float64"), loss.lost, loss.min_silence_days, loss
    )
    seasonal = np.flatnonzero(past["start_month"].notna())
    detected[seasonal] = season_days(past.iloc[seasonal], loss)[1]
    is_loss = detected < day_number(past["next_order_date"])
    return pd.DataFrame(
        {
            "account_id": past["account_id"].array[is_loss],
            "last_order_date": past["last_order_date"].array[is_loss],
            "detection_date": day_of(detected[is_loss]),
            "return_date": past["next_order_date"].array[is_loss],
            "usual_gap_days": past_gaps.to_numpy()[is_loss],
        }
    )


def account_status(
    silences: Silences,
    usual_gaps: pd.DataFrame,
    closed_spells: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    loss: LossSettings = LossSettings(),
) -> pd.DataFrame:
    """One row per account: is it active, overdue or lost, by its silence against its usual gap.

    ``never``: no order day. ``new``: fewer than ``min_gaps`` gaps and first order less than
    ``new_days`` ago. Else with q = silence / usual gap: ``active`` q ≤ ``overdue``; ``lost`` q >
    ``lost`` and silence ≥ ``min_silence_days``; ``overdue`` everything between. Silence runs to the
    as-of day. A seasonal account (``account_seasons``) that bought in its last season is
    ``resting`` from that season's end to the usual start of the next; it is overdue and lost by its
    silence inside the season only: from the usual start plus the tolerance, by the gaps inside its
    seasons, at the latest when the season has passed. An account without any usual gap (no account
    in the book has ordered twice) is overdue once it is no longer new: neither active nor lost can
    be claimed. Sorted by what is at stake: revenue of the 12 months to the as-of day, of a lost
    account of the 12 months to its last order (``stake_window``).

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> sorted(q.account_status["status"].unique())
    ['active', 'lost', 'never', 'new', 'overdue', 'resting']
    """
    accounts = silences.accounts
    has_order = accounts["last_order_date"].notna().to_numpy()
    usual, basis = np.full(len(accounts), np.nan), np.full(len(accounts), None, dtype=object)
    usual[has_order] = usual_gaps["usual_gap_days"]
    basis[has_order] = usual_gaps["gap_basis"]
    judged = _judged(accounts, usual, basis, as_of, loss)
    is_lost = judged["status"] == "lost"
    after, _ = window_edges(as_of)
    back = closed_spells["account_id"].array[closed_spells["return_date"].gt(after).to_numpy()]
    last_year, year = accounts["last_year_revenue"].to_numpy(), accounts["revenue"].to_numpy()
    at_stake = np.where(is_lost, last_year, year)
    # the accounts are sorted: a stable sort keeps them so among equals
    order = np.argsort(-at_stake, kind="stable")
    found = {name: accounts[name].array for name in accounts} | judged
    found |= {
        "usual_gap_days": usual,
        "at_stake": at_stake,
        "stake_window": np.where(is_lost, "last_order", "as_of").astype(object),
        "is_returned": accounts["account_id"].isin(back).to_numpy(),
        "order_day_count": accounts["order_day_count"].fillna(0).to_numpy(),
    }
    return shaped("account_status", {name: values[order] for name, values in found.items()})


def lost_spells(account_status: pd.DataFrame, closed_spells: pd.DataFrame) -> pd.DataFrame:
    """One row per lost spell: a silence that was called a loss, ended by a return or not.

    A past silence is judged by what was known on its last day: the account's gaps until then, or
    the pool's.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.lost_spells["detection_date"].le(q.as_of).all().item()
    True
    """
    still = account_status[account_status["status"].eq("lost").to_numpy()]
    spells = pd.concat([closed_spells, still[list(closed_spells.columns.drop("return_date"))]])
    order = by_day_and_account(spells["last_order_date"], spells["account_id"])
    return shaped("lost_spells", spells.take(order))


def _judged(
    accounts: pd.DataFrame, usual: Floats, basis: Any, as_of: pd.Timestamp, loss: LossSettings
) -> dict[str, Any]:
    """Return the status of every account, what its usual gap rests on, and the days on which it
    turned overdue and lost; of seasonal accounts by their season: silence counts inside it only.
    """
    last, today = day_number(accounts["last_order_date"]), day_count(as_of)
    overdue = _trip_day(accounts, usual, loss.overdue, 0, loss)
    lost = _trip_day(accounts, usual, loss.lost, loss.min_silence_days, loss)
    is_young = day_number(accounts["first_order_date"]) > today - loss.new_days
    is_new = (accounts["gap_count"].to_numpy() < loss.min_gaps) & is_young
    is_late, is_lost = overdue <= today, (lost <= today) & (overdue <= today)
    status = np.select(
        [np.isnan(last), is_new, is_lost, is_late | np.isnan(usual)],
        [np.array(code, dtype=object) for code in ("never", "new", "lost", "overdue")],
        np.array("active", dtype=object),
    )
    since = np.where(np.isin(status, ["overdue", "lost"]), overdue, np.nan)
    detected = np.where(status == "lost", np.maximum(lost, overdue), np.nan)

    at = np.flatnonzero(accounts["start_month"].notna())
    own = accounts.iloc[at]
    late_day, lost_day, within_day = season_days(own, loss)
    is_over = day_number(own["season_end_date"]) < today
    is_begun = day_number(own["season_start_date"]) <= today
    is_lost, is_late, is_within = lost_day <= today, late_day <= today, within_day <= today
    is_within &= ~is_over
    status[at] = np.select(
        [is_lost, is_late | is_within, is_over & ~is_begun],
        [np.array(code, dtype=object) for code in ("lost", "overdue", "resting")],
        np.array("active", dtype=object),
    )
    is_late |= is_lost | is_within
    since[at] = np.where(is_late, np.where(is_within, within_day, late_day), np.nan)
    detected[at], lost[at] = np.where(is_lost, lost_day, np.nan), lost_day
    basis[at] = "season"
    return {
        "status": status,
        "gap_basis": basis,
        "overdue_since_date": day_of(since),
        "detection_date": day_of(detected),
        "lost_after_days": lost - last,
    }


def _trip_day(
    table: pd.DataFrame, usual: Floats, k: float, min_silence_days: int, loss: LossSettings
) -> Floats:
    """Return the first day, as a number, on which silence > k × usual gap, is long enough, and the
    account no longer new.
    """
    silence = np.maximum(np.floor(k * usual) + 1, min_silence_days)
    day = day_number(table["last_order_date"]) + silence
    grown = day_number(table["first_order_date"]) + loss.new_days
    is_grown = (table["gap_count"].to_numpy() >= loss.min_gaps) | (day >= grown) | np.isnan(day)
    return np.where(is_grown, day, grown)
