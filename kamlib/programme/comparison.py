"""Key accounts against what accounts of the same past did, each and on average, in ratios and in
money.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from kamlib.programme.counterfactual import (
    NEVER,
    Floats,
    Spells,
    Window,
    blocks,
    fit_window,
    overlapping,
    past_years,
)

OWN_SPREAD_FROM = 5
"""From so many key accounts on, their own spread sets the interval; below, the comparison accounts'
does.
"""


@dataclass
class Comparison:
    """What the regression says, per measured account (row of the margin array) and over all of
    them.
    """

    account: list[int]
    surprise: list[float]
    """How far above the expectation, mean over the months in the programme."""
    expected: list[float]
    """The expectation in the same unit: margin over the mean of the years before, 1 where it is the
    typical one.
    """
    spread: list[float]
    """Standard deviation of a comparison account around its prediction, in the same unit."""
    past_years: list[int]
    control_count: list[int]
    reasons: dict[int, str]
    """Accounts that could not be measured."""
    counterfactual: Floats
    """Account × month, money; zero outside the programme."""
    margin: Floats
    """Account × month, money; zero outside the programme."""
    influence: Floats
    """How far each comparison account moves the sum of the expectations."""
    steer: float
    """How far that sum would move if growth differed with size by one `SIZE_PRIOR`."""
    money_influence: Floats
    """How far each comparison account moves the cumulative counterfactual by each month."""
    money_steer: Floats
    money_noise: Floats
    """Variance of the cumulative counterfactual by month that no past tells about."""
    freedom: int
    """Degrees of freedom of the smallest regression."""
    lift: float = 0.0
    """Share by which the margin of accounts admitted later was taken to be raised."""
    feedback: float = 1.0
    """How much wider the intervals are because that lift is estimated too."""

    @classmethod
    def of_nobody(cls, accounts: int, months: int) -> Comparison:
        """The comparison before any account is measured."""
        return cls(
            account=[],
            surprise=[],
            expected=[],
            spread=[],
            past_years=[],
            control_count=[],
            reasons={},
            counterfactual=np.zeros((accounts, months)),
            margin=np.zeros((accounts, months)),
            influence=np.zeros(accounts),
            steer=0.0,
            money_influence=np.zeros((accounts, months)),
            money_steer=np.zeros(months),
            money_noise=np.zeros(months),
            freedom=accounts,
        )

    @property
    def effect(self) -> float:
        """Mean surprise over mean expectation; 0 where nobody is measured."""
        return sum(self.surprise) / max(sum(self.expected), 1e-12) if self.account else 0.0

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the ends of the interval of the effect.

        Three parts, as variances: what the past does not tell about a key account (their own spread
            from
        `OWN_SPREAD_FROM` of them on), the regression (by account: one that serves in many windows
            counts once), and
        the size prior. Student's t.
        """
        count, total = len(self.account), sum(self.expected)
        own = np.array(self.surprise) - self.effect * np.array(self.expected)
        noise, freedom = float(np.mean(np.square(self.spread))), max(self.freedom, 1)
        if count > 1:
            spread = float(own @ own) / (count - 1)
            noise = spread if count >= OWN_SPREAD_FROM else max(noise, spread)
            freedom = count - 1 if count >= OWN_SPREAD_FROM else freedom
        fit = (1 + self.effect) ** 2 * (float(self.influence @ self.influence) + self.steer**2)
        error = np.sqrt(count * noise + fit) / total * self.feedback
        half = float(stats.t.ppf((1 + confidence) / 2, freedom) * error)
        return self.effect - half, self.effect + half

    def money_half(self, confidence: float) -> Floats:
        """Return half the width of the interval of the cumulative margin above expectation, by
        month.
        """
        wider = 1.0
        if len(self.account) >= OWN_SPREAD_FROM:
            own = np.array(self.surprise) - self.effect * np.array(self.expected)
            wider = max(
                1.0, float(np.var(own, ddof=1)) / max(float(np.mean(np.square(self.spread))), 1e-12)
            )
        size = self.counterfactual[self.account].sum(axis=1)
        equal = size.sum() ** 2 / max(
            (size**2).sum(), 1e-12
        )  # so many accounts of one size would be as uncertain
        freedom = max(min(equal - 1, self.freedom), 2.0)
        variance = (
            wider * self.money_noise + (self.money_influence**2).sum(axis=0) + self.money_steer**2
        )
        return np.asarray(
            stats.t.ppf((1 + confidence) / 2, freedom) * np.sqrt(variance) * self.feedback,
            dtype=float,
        )

    def add_effect(self, members: list[int], windows: list[Window], years: int) -> None:
        """Add members: means over their windows, by months."""
        months = np.array([w.high - w.low for w in windows], dtype=float)
        share = (months / months.sum()).tolist()
        self.account += members
        self.surprise += np.sum(
            [s * w.surprise for s, w in zip(share, windows, strict=True)], axis=0
        ).tolist()
        self.expected += np.sum(
            [s * w.expected for s, w in zip(share, windows, strict=True)], axis=0
        ).tolist()
        self.spread += [sum(s * w.spread for s, w in zip(share, windows, strict=True))] * len(
            members
        )
        self.past_years += [years] * len(members)
        self.control_count += [min(len(w.controls) for w in windows)] * len(members)
        for s, w in zip(share, windows, strict=True):
            self.influence[w.controls] += s * w.gain.sum(axis=0) * w.residual
            self.steer += s * float(w.steer.sum())
            self.freedom = min(self.freedom, len(w.controls) - years - 1)

    def add_money(self, margin: Floats, members: list[int], windows: list[Window]) -> None:
        """Add members: level from the regression, the calendar's share of each month from the
        comparison accounts.
        """
        beyond, so_far = np.zeros(len(margin)), np.zeros(len(margin))
        for w in windows:
            months, later = slice(w.low, w.high), slice(w.high, None)
            whole = w.level[w.controls].sum()
            expected = w.level[:, None] * (margin[w.controls, months].sum(axis=0) / whole)
            self.counterfactual[members, months] = expected[members]
            self.margin[members, months] = margin[members, months]
            sums = expected[members].cumsum(axis=1)
            unit = (w.level / np.maximum(w.prediction, 1e-12))[
                members, None
            ]  # money a month per unit of prediction
            relative = sums / w.level[members, None] * unit
            steered = (w.steer - w.centre_steer * w.prediction[members]) @ relative
            self.money_steer[months] += steered
            self.money_steer[later] += steered[-1]
            drift = (margin[w.controls, months] - expected[w.controls]).cumsum(axis=1)
            pull = (w.gain - w.centre * w.prediction[members, None]) * w.residual
            moved = w.level[members].sum() / whole * drift + pull.T @ relative
            self.money_influence[w.controls, months] += moved
            self.money_influence[w.controls, later] += moved[:, -1:]
            total = so_far[:, None] + expected.cumsum(axis=1)
            missed = (beyond[w.controls, None] + drift) / np.maximum(total[w.controls], 1e-12)
            noise = (missed**2).mean(axis=0) * (total[members] ** 2).sum(axis=0)
            self.money_noise[months] += noise
            if w is windows[-1]:
                self.money_noise[later] += noise[-1]
            beyond[w.controls] += drift[:, -1]
            so_far += expected.sum(axis=1)


def compare(
    margin: Floats,
    spells: Spells,
    *,
    counted: NDArray[np.bool_],
    min_controls: int = 8,
    min_months: int = 3,
    size_band: float = 5.0,
    lift: float = 0.0,
) -> Comparison:
    """Compare the counted accounts with accounts that were not in the programme at their admission.

    An account admitted later belongs to the comparison too: leaving it out would leave out those
        that were to grow.
    From its admission on, its margin counts less ``lift``, the effect that is taken for it (see
        `settled`).
    """
    n, months = margin.shape
    result = Comparison.of_nobody(n, months)
    month = np.arange(months)[None, :]
    inside = (month >= spells.start[:, None]) & (month < spells.end[:, None])
    groups: dict[tuple[int, int, int, int], list[int]] = {}
    for i in np.flatnonzero(counted).tolist():
        start, before, end = (
            int(spells.start[i]),
            int(spells.before[i]),
            min(int(spells.end[i]), months),
        )
        count = int(past_years(margin[[i]], before, spells.first[[i]])[1][0])
        if end - start < min_months:
            result.reasons[i] = f"fewer than {min_months} whole months in the programme"
        elif count == 0:
            result.reasons[i] = "no whole year with a margin before the admission"
        else:
            groups.setdefault((start, before, end, count), []).append(i)
    for (start, before, end, count), members in sorted(groups.items()):
        others = ~np.isin(np.arange(n), members)
        free = np.where(inside & others[:, None], margin / (1 + lift), margin)
        past, fit = overlapping(free, spells, members, before, count, size_band=size_band)
        windows: list[Window] = []
        for low, high in blocks(start, end):
            window = fit_window(free, past, fit, members, low, high, fewest=min_controls)
            if window is None:
                break
            windows.append(window)
        if windows:
            result.add_effect(members, windows, count)
            result.add_money(free, members, windows)
        else:
            result.reasons |= dict.fromkeys(
                members, f"fewer than {min_controls} comparable accounts"
            )
    return result


def settled(margin: Floats, spells: Spells, *, counted: NDArray[np.bool_]) -> Comparison:
    """Compare with the lift of later admissions equal to the effect found, by repeated
    substitution.

    The more the comparison rests on later admissions, the more an error feeds itself: ``feedback``
        is
    1 / (1 − that share).
    """
    lift = 0.0
    for _ in range(8):
        found = compare(margin, spells, counted=counted, lift=lift)
        effect = float(np.clip(found.effect, -0.5, 1.0))
        if abs(effect - lift) < 1e-4:
            break
        lift = effect
    ahead = compare(margin, spells, counted=counted, lift=lift + 0.1)
    share = float(np.clip((ahead.effect - found.effect) / 0.1, 0.0, 0.8))
    found.lift, found.feedback = lift, 1 / (1 - share)
    return found


def placebo_admissions(
    margin: Floats, spells: Spells, found: Comparison, *, each: int = 2
) -> Comparison:
    """Compare accounts never admitted as if they had been, when the key accounts they resemble
    were.

    For every measured account the ``each`` accounts are taken, once each, that are nearest to it in
    size and in how far the last year stood above the mean of all years before the admission.
    """
    never = spells.start >= NEVER
    start, before, end = spells.start.copy(), spells.before.copy(), spells.end.copy()
    pretended = np.zeros(len(margin), dtype=bool)
    for i, count in zip(found.account, found.past_years, strict=True):
        years, available = past_years(margin, int(spells.before[i]), spells.first)
        past = np.stack(years[:count], axis=1)
        size = np.maximum(past.mean(axis=1), 1e-300)
        traits = np.column_stack([np.log(size), past[:, 0] / size])
        free = np.flatnonzero(never & ~pretended & (available >= count))
        if not len(free):
            continue
        unit = np.maximum(traits[free].std(axis=0), 1e-9)
        distance = (((traits[free] - traits[i]) / unit) ** 2).sum(axis=1)
        for j in free[np.argsort(distance, kind="stable")[:each]]:
            pretended[j] = True
            start[j], before[j], end[j] = spells.start[i], spells.before[i], spells.end[i]
    return compare(
        margin, Spells(start, before, end, spells.first), counted=pretended, lift=found.lift
    )
