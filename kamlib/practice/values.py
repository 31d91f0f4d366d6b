"""What the orders are worth: size, growth, good and bad years, season, the programme's effect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kamlib.practice.material import SEASON_OF_MONTH
from kamlib.practice.setting import Setting

PERSISTENCE = 0.6
KEY_SHARE = 14 / 120
OVERLAP = 0.5


@dataclass(frozen=True)
class Values:
    """`worth`: of each order; `lift`: 1 + effect where it works; `admitted`: month per account
    (NaN: never).
    """

    worth: np.ndarray
    lift: np.ndarray
    admitted: np.ndarray


def order_values(orders: pd.DataFrame, accounts: pd.DataFrame, setting: Setting) -> Values:
    """The money each order is made for, before it is split into whole numbers of products.

    log value = size + growth + deviation of the year (autoregressive, 0.6) + season + order noise
    (+ log(1 + effect) from the month in which a key account was admitted). Both revenue and cost
    follow, so margin does too.
    """
    rng = setting.rng("values")
    who, day = orders["account"].to_numpy(), orders["day"].to_numpy()
    month = setting.month_of(day)
    year = month // 12
    own = {
        name: accounts[name].to_numpy()
        for name in ("level", "growth", "gap", "order_sd", "year_sd", "story")
    }
    deviation = _year_deviations(rng, own["year_sd"], setting)
    calendar = (setting.first_date.astype("datetime64[M]").astype(np.int64) + month) % 12
    age = day / 365.25 - (setting.years - 0.5)
    noise = rng.standard_normal(len(orders)) * own["order_sd"][who] - own["order_sd"][who] ** 2 / 2
    season = np.where(
        np.isin(own["story"][who], ["steady", "seasonal"]), 1.0, np.array(SEASON_OF_MONTH)[calendar]
    )
    per_order = own["level"] * own["gap"] / 365.25 * np.where(own["story"] == "seasonal", 2.0, 1.0)
    worth = (
        per_order[who] * season * np.exp(own["growth"][who] * age + deviation[who, year] + noise)
    )
    worth = worth * _market(month, setting)
    worth = _to_scale(worth, day, who, accounts, setting)
    admitted = admissions(worth, orders, accounts, setting)
    lift = np.where(
        month >= np.nan_to_num(admitted, nan=np.inf)[who], 1 + setting.programme_effect, 1.0
    )
    return Values(
        worth=_with_shares(worth * lift, day, who, accounts, setting), lift=lift, admitted=admitted
    )


def _year_deviations(rng: np.random.Generator, sd: np.ndarray, setting: Setting) -> np.ndarray:
    shocks = rng.standard_normal((len(sd), setting.years))
    state = np.empty_like(shocks)
    state[:, 0] = shocks[:, 0]
    for year in range(1, setting.years):
        state[:, year] = (
            PERSISTENCE * state[:, year - 1] + np.sqrt(1 - PERSISTENCE**2) * shocks[:, year]
        )
    return state * sd[:, None]


def _market(month: np.ndarray, setting: Setting) -> np.ndarray:
    """A weak spring in the first year; otherwise the market is quiet."""
    return np.where((month >= 3) & (month <= 5) & (setting.months > 24), 0.84, 1.0)


def _to_scale(
    worth: np.ndarray, day: np.ndarray, who: np.ndarray, accounts: pd.DataFrame, setting: Setting
) -> np.ndarray:
    """Background accounts are scaled so that, with the cast's shares, the last year brings the
    wanted revenue.
    """
    is_cast = accounts["story"].ne("background").to_numpy()
    last_year = day >= setting.month_starts[max(setting.months - 12, 0)]
    total = setting.revenue * min(setting.months, 12) / 12
    share = (
        np.bincount(who[last_year], worth[last_year], len(accounts))[is_cast].sum()
        * total
        / setting.revenue
    )
    background = worth[last_year & ~is_cast[who]].sum()
    factor = max(total - share * setting.revenue, 0.2 * total) / background if background else 1.0
    return worth * np.where(is_cast, setting.revenue, factor)[who]


def _with_shares(
    worth: np.ndarray, day: np.ndarray, who: np.ndarray, accounts: pd.DataFrame, setting: Setting
) -> np.ndarray:
    """Stories told in shares of the last twelve months are made true: the whale, the group's parts,
    the huge order.
    """
    last_year = day >= setting.month_starts[max(setting.months - 12, 0)]
    sums = np.bincount(who[last_year], worth[last_year], len(accounts))
    exact = accounts["story"].isin(["whale", "group", "promotable"]).to_numpy() & (sums > 0)
    target = (
        accounts["level"].to_numpy()
        * sums[~exact].sum()
        / (1 - accounts["level"].to_numpy()[exact].sum())
    )
    worth = worth * np.where(exact, target / np.where(sums > 0, sums, 1), 1.0)[who]
    for account in accounts.index[accounts["story"].eq("huge_order")]:
        candidates = np.flatnonzero(
            (who == account) & (day >= setting.before_end(330)) & (day < setting.before_end(270))
        )
        candidates = candidates if len(candidates) else np.flatnonzero(who == account)
        worth[candidates[:1]] = 0.021 * sums.sum()
    return _below_class_a(worth, day, who, accounts, setting)


def _below_class_a(
    worth: np.ndarray, day: np.ndarray, who: np.ndarray, accounts: pd.DataFrame, setting: Setting
) -> np.ndarray:
    """The parts of the group are made small enough that each of them stays below class A in the
    last two quarters.
    """
    group = accounts["story"].eq("group").to_numpy()
    if not group.any():
        return worth
    factor = 1.0
    for end in (setting.months, setting.months - 3):
        inside = (day < setting.month_starts[end]) & (day >= setting.month_starts[max(end - 12, 0)])
        sums = np.bincount(who[inside], worth[inside], len(accounts))
        others = np.sort(sums[~group])[::-1]
        smallest_a = others[np.cumsum(others) - others < 0.80 * sums.sum()][-1]
        factor = min(factor, 0.94 * smallest_a / max(sums[group].max(), 1.0))
    return worth * np.where(group[who], factor, 1.0)


def admissions(
    worth: np.ndarray, orders: pd.DataFrame, accounts: pd.DataFrame, setting: Setting
) -> np.ndarray:
    """Month of admission per account (NaN: not a key account).

    Only accounts of the upper half by size, with revenue in every earlier year and still buying,
    can be admitted, and chance has its say, so that comparable accounts stay outside. `steady`: by
    size over all earlier years. `peak`: by how far the last year before admission stands above the
    years before it (selection on a peak).
    """
    rng = setting.rng("admission")
    wanted = max(round(setting.accounts * KEY_SHARE), 1) + int(
        accounts["story"].eq("incident_leaver").any()
    )
    who, month = orders["account"].to_numpy(), setting.month_of(orders["day"].to_numpy())
    admitted = np.full(len(accounts), np.nan)
    planned = accounts["planned_key"].to_numpy(dtype=bool)
    admitted[planned] = setting.launch_month
    luck = rng.standard_normal((len(setting.waves), len(accounts)))
    left_over = max(wanted - int(planned.sum()), 0)
    quota = np.diff(
        np.round(np.cumsum([0.0, *setting.waves]) / sum(setting.waves) * left_over)
    ).astype(int)
    for wave, count in enumerate(quota):
        start = setting.launch_month + 12 * wave
        years = np.stack(
            [np.bincount(who[m], worth[m], len(accounts)) for m in _years_before(month, start)],
            axis=1,
        )
        recent = (
            np.bincount(who[(month < start) & (month >= start - 4)], minlength=len(accounts)) > 0
        )
        fits = (
            (years > 0).all(axis=1)
            & recent
            & np.isnan(admitted)
            & accounts["story"].eq("background").to_numpy()
        )
        fits &= (
            years.sum(axis=1) >= np.quantile(years[fits].sum(axis=1), OVERLAP)
            if fits.any()
            else fits
        )
        score = _admission_score(years, luck[wave], setting)
        chosen = np.argsort(np.where(fits, -score, np.inf), kind="stable")[
            : min(count, int(fits.sum()))
        ]
        admitted[chosen] = start
    return np.where(admitted < setting.months, admitted, np.nan)


def _years_before(month: np.ndarray, start: int) -> list[np.ndarray]:
    """Masks of the whole years before a month, oldest first (at least one, even a short one)."""
    starts = range(start % 12, start, 12)
    return [(month >= first) & (month < first + 12) for first in starts] or [month < max(start, 1)]


def _admission_score(years: np.ndarray, luck: np.ndarray, setting: Setting) -> np.ndarray:
    size = np.log(np.maximum(years, 1))
    if setting.admission == "peak" and size.shape[1] > 1:
        return (size[:, -1] - size[:, :-1].mean(axis=1)) / 0.2 + 0.3 * luck
    return size.mean(axis=1) + 0.6 * luck
