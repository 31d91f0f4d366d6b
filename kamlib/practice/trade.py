"""When the accounts order, what arrives late, what goes wrong, and who leaves because of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kamlib.practice.cast import NEIGHBOUR_STORY, SEASON
from kamlib.practice.material import material
from kamlib.practice.setting import Setting

GRACE_MONTHS = 6
LATE_IN_SPELL, LATE_ELSE = 0.40, 0.04
SPELL_BEGINS, SPELL_LASTS = 0.04, 0.72
OTHER_CAUSES = material("market")["causes"]


@dataclass(frozen=True)
class Leaving:
    """The hazard model's outcome. `month`: the last month of each account (NaN: stays); `cause`:
    what drove it.
    """

    month: np.ndarray
    cause: np.ndarray
    return_day: np.ndarray
    base_hazard: float
    late_before: np.ndarray


def order_days(accounts: pd.DataFrame, setting: Setting) -> pd.DataFrame:
    """One row per order that would be placed if nobody left: account (row number in the roster) and
    day.

    Gaps are Erlang: sums of k exponentials with the account's mean gap (k = 1: irregular, large k:
    like a clock).
    """
    rng = setting.rng("days")
    gap, k = accounts["gap"].to_numpy(dtype=float), accounts["k"].to_numpy(dtype=float)
    first = accounts["first_day"].to_numpy(dtype=float)
    begin = np.where(first < 0, -3 * gap, first)
    width = int(np.max((setting.days - begin) / gap) * 1.25) + 25
    steps = rng.standard_gamma(k[:, None], (len(accounts), width)) / k[:, None] * gap[:, None]
    steps[:, 0] = np.where(first < 0, steps[:, 0], 0)
    day = np.floor(begin[:, None] + np.cumsum(steps, axis=1)).astype(np.int64)
    account = np.broadcast_to(np.arange(len(accounts))[:, None], day.shape)
    orders = pd.DataFrame({"account": account.ravel(), "day": _weekday(day.ravel(), setting)})
    orders = orders[(orders["day"] >= 0) & (orders["day"] < setting.days)]
    return _with_stories(orders.drop_duplicates().reset_index(drop=True), accounts, setting)


def _weekday(day: np.ndarray, setting: Setting) -> np.ndarray:
    """Saturday's orders come on Friday, Sunday's on Monday."""
    weekday = (setting.first_date.astype("datetime64[D]").astype(np.int64) + 3 + day) % 7
    return day + np.select([weekday == 5, weekday == 6], [-1, 1], 0)


def _with_stories(orders: pd.DataFrame, accounts: pd.DataFrame, setting: Setting) -> pd.DataFrame:
    day, who = orders["day"].to_numpy(), orders["account"].to_numpy()
    column = {
        name: accounts[name].to_numpy()[who]
        for name in ("story", "last_day", "pause_from", "pause_to")
    }
    keep = ~(day > column["last_day"]) & ~(
        (day > column["pause_from"]) & (day < column["pause_to"])
    )
    month = (setting.first_date + day).astype("datetime64[M]").astype(np.int64) % 12 + 1
    keep &= (column["story"] != "seasonal") | np.isin(month, SEASON)
    keep &= (column["story"] != NEIGHBOUR_STORY) & (column["story"] != "never")
    pinned = [
        pd.DataFrame(
            {"account": accounts.index[known], "day": accounts.loc[known, name].astype("int64")}
        )
        for name in ("last_day", "pause_from", "pause_to")
        for known in [accounts[name].notna()]
    ]
    clockwork = accounts.index[accounts["story"].eq(NEIGHBOUR_STORY)]
    pinned += [
        pd.DataFrame({"account": index, "day": setting.month_starts[:-1] + 14})
        for index in clockwork
    ]
    orders = pd.concat([orders[keep], *pinned], ignore_index=True)
    return (
        orders[orders["day"] >= 0]
        .drop_duplicates()
        .sort_values(["account", "day"])
        .reset_index(drop=True)
    )


def _closing(accounts: pd.DataFrame, left: Leaving) -> int:
    """The account that orders on the very last day, so that the last period is covered whole."""
    stays = accounts[
        accounts["last_day"].isna()
        & ~accounts["story"].isin(["never", "seasonal", NEIGHBOUR_STORY])
    ]
    stays = stays[~np.isfinite(left.month[stays.index])]
    stays = stays if len(stays) else accounts
    whale = stays.index[stays["story"].eq("whale")]
    busiest = stays.index[[int(np.argmin(stays["gap"].to_numpy()))]]
    return int((whale if len(whale) else busiest)[0])


def deliveries(orders: pd.DataFrame, accounts: pd.DataFrame, setting: Setting) -> pd.DataFrame:
    """One row per order, with promised and delivered day. Lateness comes in spells of some months
    per account.

    The cast has as much lateness, but no spells: what becomes of it is planted, and spells without
    an effect would blur the truth; less lateness would make those who cannot leave look better
    served.
    """
    rng = setting.rng("deliveries")
    state = np.zeros((len(accounts), setting.months), dtype=bool)
    draw = rng.random(state.shape)
    state[:, 0] = draw[:, 0] < 0.12
    for month in range(1, setting.months):
        state[:, month] = np.where(
            state[:, month - 1], draw[:, month] < SPELL_LASTS, draw[:, month] < SPELL_BEGINS
        )
    day, who = orders["day"].to_numpy(), orders["account"].to_numpy()
    story = accounts["story"].to_numpy()[who]
    usual = LATE_ELSE + (LATE_IN_SPELL - LATE_ELSE) * SPELL_BEGINS / (
        SPELL_BEGINS + 1 - SPELL_LASTS
    )
    chance = np.where(state[who, setting.month_of(day)], LATE_IN_SPELL, LATE_ELSE)
    is_late = rng.random(len(orders)) < np.where(story == "background", chance, usual)
    to_last = orders.groupby("account").cumcount(ascending=False).to_numpy()
    planted = (story == "late_leaver") & (to_last < 4)
    is_late = (is_late & (story != "steady")) | (planted & (to_last < 3))
    late_days = 1 + rng.geometric(0.2, len(orders))
    late_days[planted] = 6 + 4 * (2 - np.minimum(to_last[planted], 2))
    promised = day + rng.integers(3, 13, len(orders))
    promised[planted] = day[planted] + 7
    early = np.minimum(rng.integers(0, 4, len(orders)), promised - day)
    return orders.assign(
        promised=promised,
        delivered=np.where(is_late, promised + late_days, promised - early),
        is_late=is_late,
    )


def mistakes(accounts: pd.DataFrame, setting: Setting) -> np.ndarray:
    """Account × month: how many things went wrong that are not late deliveries."""
    return setting.rng("mistakes").poisson(0.022, (len(accounts), setting.months))


def leaving(
    orders: pd.DataFrame, wrongs: np.ndarray, accounts: pd.DataFrame, setting: Setting
) -> Leaving:
    """Who leaves and when: a proportional hazard, so that the truth is what a hazard model
    estimates.

    An account that ordered in month t asks itself at the end of that month whether to order again.
    The chance that it does not is 1 − exp(−h · r^late · q^incidents), with `late` the late orders
    promised in the three months up to t, `incidents` the other incidents of the same months, r and
    q the planted hazard ratios. h is set so that `leavers` departures are expected in the whole
    history. Everybody can leave from six months after the first order on, except the accounts of
    the cast, whose fate is planted.
    """
    rng = setting.rng("leaving")
    shape = (len(accounts), setting.months)
    late = orders[orders["is_late"] & (orders["promised"] < setting.days)]
    late_count = np.zeros(shape)
    np.add.at(
        late_count, (late["account"].to_numpy(), setting.month_of(late["promised"].to_numpy())), 1
    )
    late3, wrong3 = _three_months(late_count), _three_months(wrongs)
    risk = setting.late_hazard_ratio**late3 * setting.incident_hazard_ratio**wrong3
    ordered = np.zeros(shape, dtype=bool)
    ordered[orders["account"].to_numpy(), setting.month_of(orders["day"].to_numpy())] = True
    first = np.where(ordered.any(axis=1), ordered.argmax(axis=1), setting.months) + GRACE_MONTHS
    at_risk = ordered & (np.arange(setting.months) >= first[:, None])
    at_risk &= accounts["story"].eq("background").to_numpy()[:, None]
    at_risk[:, -1] = False
    total = np.cumsum(np.where(at_risk, risk, 0), axis=1)
    base = _base_hazard(total[:, -1], setting.leavers)
    threshold = rng.standard_exponential(len(accounts))
    leaves = base * total[:, -1] >= threshold
    month = np.where(leaves, np.argmax(base * total >= threshold[:, None], axis=1), 0)
    row = np.arange(len(accounts))
    push = np.tile([0.0, 0.0, *OTHER_CAUSES.values()], (len(row), 1))
    push[:, 0] = np.maximum(setting.late_hazard_ratio ** late3[row, month] - 1, 0)
    push[:, 1] = np.maximum(setting.incident_hazard_ratio ** wrong3[row, month] - 1, 0)
    pick = (
        rng.random(len(row))[:, None] > np.cumsum(push, axis=1) / push.sum(axis=1, keepdims=True)
    ).sum(axis=1)
    cause = np.array(["missed deadlines", "quality down", *OTHER_CAUSES])[pick]
    back = setting.month_starts[month + 1] + rng.integers(200, 460, len(row)).astype(float)
    comes_back = (
        leaves
        & (rng.random(len(row)) < setting.returns)
        & (back < setting.days - 60)
        & (cause != "business closed")
    )
    return Leaving(
        month=np.where(leaves, month, np.nan),
        cause=np.where(leaves, cause, ""),
        return_day=np.where(comes_back, back, np.nan),
        base_hazard=base,
        late_before=np.where(leaves, late3[row, month], np.nan),
    )


def _three_months(counts: np.ndarray) -> np.ndarray:
    padded = np.pad(np.cumsum(counts, axis=1), ((0, 0), (3, 0)))
    return padded[:, 3:] - padded[:, :-3]


def _base_hazard(total: np.ndarray, leavers: float) -> float:
    """The base hazard with which the expected number of accounts that leave is `leavers`
    (bisection).
    """
    if leavers <= 0 or not total.any():
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if (1 - np.exp(-middle * total)).sum() < leavers else (low, middle)
        )
    return (low + high) / 2


def placed(
    orders: pd.DataFrame, left: Leaving, accounts: pd.DataFrame, setting: Setting
) -> pd.DataFrame:
    """One row per order really placed: none after an account has left, until it returns; one on the
    last day.
    """
    who, day = orders["account"].to_numpy(), orders["day"].to_numpy()
    end = setting.month_starts[
        np.nan_to_num(left.month, nan=setting.months - 1).astype(np.int64) + 1
    ]
    orders = orders[(day < end[who]) | (day >= left.return_day[who])]
    last = setting.days - 1
    if len(orders) and orders["day"].max() < last:
        row = {
            "account": _closing(accounts, left),
            "day": last,
            "promised": last + 7,
            "delivered": last + 6,
            "is_late": False,
        }
        orders = pd.concat([orders, pd.DataFrame([row])])
    return orders.sort_values(["account", "day"], kind="stable").reset_index(drop=True)
