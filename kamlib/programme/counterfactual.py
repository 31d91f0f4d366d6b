"""What key accounts would have earned without the programme: the arithmetic under the programme return.

Accounts are admitted when they look strong, often on a peak, and a peak falls back by itself. So an account is
compared with accounts of the same past: the margin after admission is regressed on **all** whole years before it,
on accounts that were not (yet) key in the same calendar months. The calendar's ups and downs, and the fall back from a
peak, are then in the comparison and not in the effect. Works on arrays, account × month.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEVER = 10**6
"""Month number of an admission that has not happened."""

OWN_SPREAD_FROM = 5
"""From so many key accounts on, their own spread sets the interval; below, the comparison accounts' does."""


@dataclass(frozen=True)
class Spells:
    """When each account (row of the margin array) was in the programme, as month numbers.

    ``start`` is the first whole month in the programme (`NEVER` without one), ``before`` the first month that is no longer
    wholly before it, ``end`` the first month no longer in it, ``first`` the month of the account's first order.
    """

    start: Ints
    before: Ints
    end: Ints
    first: Ints


def damped_log(ratio: Floats, *, knee: float = 0.5) -> Floats:
    """Logarithm above the knee, its tangent below: a year without margin counts as a loss and not as minus infinity.

    >>> damped_log(np.array([1.0, 0.5, 0.0, -0.5])).round(3).tolist()
    [0.0, -0.693, -1.693, -2.693]
    """
    return np.where(ratio >= knee, np.log(np.maximum(ratio, knee)), np.log(knee) + (ratio - knee) / knee)


def past_years(margin: Floats, start: int, first: Ints) -> tuple[list[Floats], Ints]:
    """Margin of the whole years before ``start``, latest first, and how many in a row each account has with a margin."""
    years: list[Floats] = []
    count = np.zeros(len(margin), dtype=np.int64)
    unbroken = np.ones(len(margin), dtype=bool)
    for end in range(start, 11, -12):
        year = margin[:, end - 12 : end].sum(axis=1)
        unbroken = unbroken & (year > 0) & (first <= end - 12)
        count += unbroken
        years.append(year)
    return years, count


def blocks(start: int, end: int) -> list[tuple[int, int]]:
    """The months of an account in the programme as years; a rest of less than half a year joins the year before.

    >>> blocks(10, 40), blocks(10, 38), blocks(10, 13)
    ([(10, 22), (22, 34), (34, 40)], [(10, 22), (22, 38)], [(10, 13)])
    """
    cuts = list(range(start, end, 12)) + [end]
    if len(cuts) > 2 and cuts[-1] - cuts[-2] < 6:
        del cuts[-2]
    return list(zip(cuts[:-1], cuts[1:], strict=True))


@dataclass(frozen=True)
class Window:
    """The regression of one year in the programme on all years before, over the comparison accounts."""

    low: int
    high: int
    controls: Ints
    gain: Floats
    """Member × comparison account: how a residual of the one moves the prediction of the other."""
    surprise: Floats
    """Member: log points above its prediction."""
    residual: Floats
    """Comparison account: residual over one less its leverage, so that the few that steer the line count as such."""
    spread: float
    level: Floats
    """Account: expected margin a month before the calendar's share is applied."""
    centre: Floats
    """How the level of the comparison accounts as a whole moves with each residual."""


def fit_window(
    margin: Floats,
    past: Floats,
    fit: NDArray[np.bool_],
    spells: Spells,
    members: list[int],
    low: int,
    high: int,
    *,
    fewest: int,
) -> Window | None:
    """Fit one window; None where fewer than ``fewest`` comparison accounts are left."""
    controls = np.flatnonzero(fit & (spells.start >= high))
    if len(controls) < fewest + past.shape[1] + 1:
        return None
    design = np.column_stack([np.ones(len(past)), past])
    scale = np.exp(past.mean(axis=1)) / 12
    ratio = margin[:, low:high].mean(axis=1) / scale
    typical = max(float(np.median(ratio[controls])), 0.05)
    outcome = damped_log(ratio / typical)
    x = design[controls]
    weights = np.linalg.pinv(x.T @ x) @ x.T
    slope = weights @ outcome[controls]
    rest = outcome[controls] - x @ slope
    leverage = np.clip(np.einsum("ij,ji->i", x, weights), 0, 0.9)
    level = scale * typical * np.exp(np.clip(design @ slope, -6, 6))
    return Window(
        low=low,
        high=high,
        controls=controls,
        gain=design[members] @ weights,
        surprise=outcome[members] - design[members] @ slope,
        residual=rest / (1 - leverage),
        spread=float(np.sqrt(rest @ rest / (len(controls) - x.shape[1]))),
        level=level,
        centre=(level[controls] @ x / level[controls].sum()) @ weights,
    )


@dataclass
class Comparison:
    """What the regression says, per measured account (row of the margin array) and over all of them."""

    account: list[int]
    effect: list[float]
    """Log points above the counterfactual, mean over the months in the programme."""
    spread: list[float]
    """Standard deviation of a comparison account around its prediction, log points."""
    past_years: list[int]
    control_count: list[int]
    reasons: dict[int, str]
    """Accounts that could not be measured."""
    counterfactual: Floats
    """Account × month, money; zero outside the programme."""
    margin: Floats
    """Account × month, money; zero outside the programme."""
    log_influence: Floats
    """How far each comparison account moves the sum of the effects."""
    money_influence: Floats
    """How far each comparison account moves the cumulative counterfactual by each month."""
    money_noise: Floats
    """Variance of the cumulative counterfactual by month that no past tells about."""
    freedom: int
    """Degrees of freedom of the smallest regression."""

    def add_effect(self, members: list[int], windows: list[Window], years: int) -> None:
        """Mean surprise of each member over its windows, by months."""
        months = np.array([w.high - w.low for w in windows], dtype=float)
        share = months / months.sum()
        effect = np.sum([s * w.surprise for s, w in zip(share, windows, strict=True)], axis=0)
        for i, value in zip(members, effect.tolist(), strict=True):
            self.account.append(i)
            self.effect.append(value)
            self.spread.append(float(sum(s * w.spread for s, w in zip(share, windows, strict=True))))
            self.past_years.append(years)
            self.control_count.append(min(len(w.controls) for w in windows))
        for s, w in zip(share, windows, strict=True):
            self.log_influence[w.controls] += s * w.gain.sum(axis=0) * w.residual
            self.freedom = min(self.freedom, len(w.controls) - years - 1)

    def add_money(self, margin: Floats, members: list[int], windows: list[Window]) -> None:
        """Level from the regression, the calendar's share of each month from the comparison accounts as a whole."""
        months = margin.shape[1]
        beyond = np.zeros(len(margin))
        expected_so_far = np.zeros(len(margin))
        for w in windows:
            season = margin[w.controls, w.low : w.high].sum(axis=0) / w.level[w.controls].sum()
            expected = w.level[:, None] * season
            self.counterfactual[members, w.low : w.high] = expected[members]
            self.margin[members, w.low : w.high] = margin[members, w.low : w.high]
            drift = (margin[w.controls, w.low : w.high] - expected[w.controls]).cumsum(axis=1)
            pull = (w.gain - w.centre) * w.residual
            moved = w.level[members].sum() / w.level[w.controls].sum() * drift + pull.T @ expected[members].cumsum(
                axis=1
            )
            self.money_influence[w.controls, w.low : w.high] += moved
            self.money_influence[w.controls, w.high :] += moved[:, -1:]
            so_far = expected_so_far[:, None] + expected.cumsum(axis=1)
            relative = (beyond[w.controls, None] + drift) / np.maximum(so_far[w.controls], 1e-12)
            noise = (relative**2).mean(axis=0) * (so_far[members] ** 2).sum(axis=0)
            self.money_noise[w.low : w.high] += noise
            if w is windows[-1]:
                self.money_noise[w.high : months] += noise[-1]
            beyond[w.controls] += drift[:, -1]
            expected_so_far += expected.sum(axis=1)


def compare(
    margin: Floats,
    spells: Spells,
    *,
    counted: NDArray[np.bool_],
    min_controls: int = 12,
    min_months: int = 3,
    size_band: float = 5.0,
) -> Comparison:
    """Compare the counted accounts with accounts that were not in the programme in the same months.

    Comparison accounts have the same whole years of history, a margin in each of them, and on average between
    1/``size_band`` and ``size_band`` times the margin of the accounts they stand for. An account admitted later serves until then.
    """
    n, months = margin.shape
    result = Comparison(
        [], [], [], [], [], {}, *np.zeros((2, n, months)), np.zeros(n), np.zeros((n, months)), np.zeros(months), n
    )
    groups: dict[tuple[int, int, int, int], list[int]] = {}
    for i in np.flatnonzero(counted).tolist():
        start, before, end = int(spells.start[i]), int(spells.before[i]), min(int(spells.end[i]), months)
        count = int(past_years(margin[[i]], before, spells.first[[i]])[1][0])
        if end - start < min_months:
            result.reasons[i] = f"fewer than {min_months} whole months in the programme"
        elif count == 0:
            result.reasons[i] = "no whole year with a margin before the admission"
        else:
            groups.setdefault((start, before, end, count), []).append(i)
    for (start, before, end, count), members in sorted(groups.items()):
        years, available = past_years(margin, before, spells.first)
        past = np.log(np.maximum(np.stack(years[:count], axis=1), 1e-300))
        size = past.mean(axis=1)
        band = np.log(size_band)
        fit = (available >= count) & (size >= size[members].min() - band) & (size <= size[members].max() + band)
        windows: list[Window] = []
        for low, high in blocks(start, end):
            window = fit_window(margin, past, fit, spells, members, low, high, fewest=min_controls)
            if window is None:
                break
            windows.append(window)
        if windows:
            result.add_effect(members, windows, count)
            result.add_money(margin, members, windows)
        else:
            result.reasons |= dict.fromkeys(members, f"fewer than {min_controls} comparable accounts")
    return result


def placebo_admissions(margin: Floats, spells: Spells, found: Comparison, *, each: int = 2) -> Comparison:
    """Compare accounts that were never admitted as if they had been, at the same time as the key accounts they resemble.

    For every measured account the ``each`` accounts are taken, once each, that are nearest to it in size and in how far the
    last year stood above the mean of all years before the admission.
    """
    never = spells.start >= NEVER
    start, before, end = spells.start.copy(), spells.before.copy(), spells.end.copy()
    pretended = np.zeros(len(margin), dtype=bool)
    for i, count in zip(found.account, found.past_years, strict=True):
        years, available = past_years(margin, int(spells.before[i]), spells.first)
        past = np.log(np.maximum(np.stack(years[:count], axis=1), 1e-300))
        traits = np.column_stack([past.mean(axis=1), past[:, 0] - past.mean(axis=1)])
        free = np.flatnonzero(never & ~pretended & (available >= count))
        if not len(free):
            continue
        unit = np.maximum(traits[free].std(axis=0), 1e-9)
        distance = (((traits[free] - traits[i]) / unit) ** 2).sum(axis=1)
        for j in free[np.argsort(distance, kind="stable")[:each]]:
            pretended[j] = True
            start[j], before[j], end[j] = spells.start[i], spells.before[i], spells.end[i]
    return compare(margin, Spells(start, before, end, spells.first), counted=pretended)
