"""Who is lost, who is overdue: the loss criterion, for today and for every silence of the past."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kamlib.book import LossSettings
from kamlib.retention.day_sums import Floats, Ints, day_count, day_number, day_of
from kamlib.retention.order_days import pooled_medians, window_edges
from kamlib.retention.seasons import season_days
from kamlib.retention.silences import Silences
from kamlib.tables import coded, shaped

STATES = ("never", "new", "lost", "overdue", "active", "resting")
_KEPT = ("account_id", "first_order_date", "last_order_date", "order_day_count", "gap_count")
_OF_SPELL = ("account_id", "last_order_date", "detection_date")
_OF_ACCOUNT = (
    *("account_id", "name", "manager_id", "manager_name", "first_order_date", "last_order_date"),
    *("silence_days", "revenue", "gross_margin", "last_year_revenue", "last_year_margin"),
    "season_start_date",
)


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
    basis = np.where(is_own, 0, np.where(is_class, 1, 2 if len(of_gap) else -1))
    found = {
        **{name: accounts[name].array for name in _KEPT},
        "usual_gap_days": np.where(is_own, own, borrowed),
        "gap_basis": coded(("own", "class", "all"), basis),
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

    ``place`` is the account's among the silences' accounts, ``past_place`` the silence's own among
    the past ones.

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
    seasonal = silences.seasonal_past
    detected[seasonal.place] = season_days(seasonal.rows, loss)[1]
    at = np.flatnonzero(detected < day_number(past["next_order_date"]))
    return pd.DataFrame(
        {
            "account_id": past["account_id"].array.take(at),
            "place": past["place"].to_numpy()[at],
            "past_place": at,
            "last_order_date": past["last_order_date"].array[at],
            "detection_date": day_of(detected[at]),
            "return_date": past["next_order_date"].array[at],
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
    as-of day; days in a hole of the data are none (`silences`), but who was lost before one stays
    so until the next order. A seasonal account
    (``account_seasons``) that bought in its last season is
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
    basis[silences.seasonal_accounts.place] = "season"
    status, days = _judged(silences, usual, loss)
    is_lost = status == STATES.index("lost")
    after, _ = window_edges(as_of)
    is_back = day_number(closed_spells["return_date"]) > day_count(after)
    is_returned = np.zeros(len(accounts), dtype=bool)
    is_returned[closed_spells["place"].to_numpy()[is_back]] = True
    last_year, year = accounts["last_year_revenue"].to_numpy(), accounts["revenue"].to_numpy()
    at_stake = np.where(is_lost, last_year, year)
    # the accounts are sorted: a stable sort keeps them so among equals
    order = np.argsort(-at_stake, kind="stable")
    found = {name: accounts[name].array for name in _OF_ACCOUNT} | days
    found |= {
        "status": coded(STATES, status),
        "gap_basis": basis,
        "usual_gap_days": usual,
        "at_stake": at_stake,
        "stake_window": coded(("as_of", "last_order"), is_lost.astype("int64")),
        "is_returned": is_returned,
        "order_day_count": accounts["order_day_count"].fillna(0).to_numpy(),
    }
    return shaped("account_status", {name: values.take(order) for name, values in found.items()})


def spell_dates(
    account_status: pd.DataFrame, closed_spells: pd.DataFrame, silences: Silences
) -> pd.DataFrame:
    """One row per lost spell, by day: whose it is and its dates, whatever the usual gap was.

    ``place`` is the account's among the silences' accounts, ``past_place`` the silence's own among
    the past ones; −1 of one that has not ended.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> len(q.spell_dates) == len(q.lost_spells)
    True
    """
    at = np.flatnonzero(account_status["status"].to_numpy(dtype=object) == "lost")
    still = {name: account_status[name].array[at] for name in _OF_SPELL}
    still |= {
        "place": silences.ids.get_indexer(pd.Index(still["account_id"])),
        "past_place": np.full(len(at), -1),
        "return_date": np.full(len(at), np.datetime64("NaT"), dtype="datetime64[us]"),
    }
    found = {
        name: np.concatenate([np.asarray(closed_spells[name]), np.asarray(still[name])])
        for name in (*_OF_SPELL, "return_date", "place", "past_place")
    }
    # places follow ids: they put the spells of one day in the order of their accounts
    order = np.lexsort((found["place"], found["last_order_date"]))
    ids = pd.array(found["account_id"][order], dtype="str")
    dates = {name: values[order] for name, values in found.items()}
    return pd.DataFrame(dates | {"account_id": ids})


def lost_spells(
    spell_dates: pd.DataFrame, account_status: pd.DataFrame, past_gaps: pd.Series
) -> pd.DataFrame:
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
    now = account_status.set_index("account_id")["usual_gap_days"]
    gap = now.reindex(spell_dates["account_id"]).to_numpy(copy=True)
    place = spell_dates["past_place"].to_numpy()
    gap[place >= 0] = past_gaps.to_numpy()[place[place >= 0]]
    return shaped("lost_spells", spell_dates.assign(usual_gap_days=gap))


def _judged(silences: Silences, usual: Floats, loss: LossSettings) -> tuple[Ints, dict[str, Any]]:
    """Return the status of every account, by its place in ``STATES``, and the days on which it
    turned overdue and lost; of seasonal accounts by their season: silence counts inside it only.
    """
    accounts = _lost_before_holes(silences, usual, loss)
    never, new, lost_now, late, active, resting = range(len(STATES))
    last, today = accounts["silent_from"].to_numpy(), day_count(silences.until)
    overdue = _trip_day(accounts, usual, loss.overdue, 0, loss)
    lost = _trip_day(accounts, usual, loss.lost, loss.min_silence_days, loss)
    is_young = accounts["begun"].to_numpy() > today - loss.new_days
    is_new = (accounts["gap_count"].to_numpy() < loss.min_gaps) & is_young
    is_late, is_lost = overdue <= today, (lost <= today) & (overdue <= today)
    status = np.select(
        [np.isnan(last), is_new, is_lost, is_late | np.isnan(usual)],
        [never, new, lost_now, late],
        active,
    )
    since = np.where((status == late) | (status == lost_now), overdue, np.nan)
    detected = np.where(status == lost_now, np.maximum(lost, overdue), np.nan)

    at, own = silences.seasonal_accounts
    late_day, lost_day, within_day = season_days(own, loss)
    is_over = day_number(own["season_end_date"]) < today
    is_begun = day_number(own["season_start_date"]) <= today
    is_lost, is_late, is_within = lost_day <= today, late_day <= today, within_day <= today
    is_within &= ~is_over
    status[at] = np.select(
        [is_lost, is_late | is_within, is_over & ~is_begun],
        [lost_now, late, resting],
        active,
    )
    is_late |= is_lost | is_within
    since[at] = np.where(is_late, np.where(is_within, within_day, late_day), np.nan)
    detected[at], lost[at] = np.where(is_lost, lost_day, np.nan), lost_day
    return status, {
        "overdue_since_date": day_of(since),
        "detection_date": day_of(detected),
        "lost_after_days": lost - last,
        "silence_days": accounts["silence_days"].to_numpy(),
    }


def _lost_before_holes(silences: Silences, usual: Floats, loss: LossSettings) -> pd.DataFrame:
    """Return the accounts, the silence of those that were lost before the first hole since counted
    from their last order, less the days in holes: a hole brings nobody back.
    """
    accounts, until = silences.accounts, day_count(silences.until)
    last = day_number(accounts["last_order_date"])
    whole = accounts.assign(silent_from=last)
    lost = _trip_day(whole, usual, loss.lost, loss.min_silence_days, loss)
    is_before = (lost < accounts["unknown_from"]) & np.isfinite(accounts["unknown_from"])
    known = until - last - accounts["missing_days"]
    return accounts.assign(
        silent_from=np.where(is_before, last, accounts["silent_from"]),
        silence_days=np.where(is_before, known, accounts["silence_days"]),
    )


def _trip_day(
    table: pd.DataFrame, usual: Floats, k: float, min_silence_days: int, loss: LossSettings
) -> Floats:
    """Return the first day, as a number, on which silence > k × usual gap, is long enough, and the
    account no longer new.
    """
    silence = np.maximum(np.floor(k * usual) + 1, min_silence_days)
    day = table["silent_from"].to_numpy() + silence
    grown = table["begun"].to_numpy() + loss.new_days
    is_grown = (table["gap_count"].to_numpy() >= loss.min_gaps) | (day >= grown) | np.isnan(day)
    return np.where(is_grown, day, grown)
