"""Treated accounts against their counterfactual, each and on average, in ratios and in money."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kamlib.programme.counterfactual import (
    Cohort,
    Floats,
    Ints,
    blocks,
    cohorts_of,
    fit_block,
    in_money,
    pre_period,
)
from kamlib.programme.panel import SPELL, Panel, panel_of

PLACEBOS = 2
"""Accounts that stand in for a treated one in the placebo check."""


@dataclass(frozen=True)
class Comparison:
    """What the regressions say of the treated accounts.

    Attributes
    ----------
    panel, notes
        What was compared, and for each admitted account why it could not be measured, else blank.
    blocks
        One row per treated account × block (a year since the admission): ``outcome`` and
        ``counterfactual`` (margin against the pre-period, 1 where it is the typical one),
        ``months_count``, ``spread`` (standard deviation of a control around its counterfactual),
        ``past_years_count`` and ``control_count``.
    counterfactual
        Margin expected without the programme, account × month; missing before the admission.
    influence, money_influence
        How far the error of each account as a control moves the sum of the counterfactuals, and the
        money of all of them in each month.
    noise
        Variance, by month, of the running total of the counterfactual money that no past tells of.
    lift, feedback
        Share by which the margin of accounts admitted later was taken to be raised, and how much
        wider the intervals are because that is estimated too.
    """

    panel: Panel
    notes: pd.Series
    blocks: pd.DataFrame
    counterfactual: pd.DataFrame
    influence: Floats
    money_influence: Floats
    noise: Floats
    lift: float
    feedback: float = 1.0

    @property
    def treated(self) -> pd.DataFrame:
        """One row per treated account: the means over its blocks, weighted by their months."""
        rows = self.blocks.set_index("account_id").astype("float64")
        months = rows["months_count"]
        sums = rows.mul(months, axis=0).assign(months_count=months)
        sums = sums.groupby(level="account_id", sort=False).sum()
        return sums.div(sums["months_count"], axis=0).assign(months_count=sums["months_count"])

    @property
    def months(self) -> pd.DataFrame:
        """One row per treated account × month from its admission on: margin, with and without."""
        sides = {"margin": self.panel.margin, "counterfactual_margin": self.counterfactual}
        return pd.DataFrame({name: side.T.unstack() for name, side in sides.items()}).dropna()

    @property
    def att(self) -> float:
        """Average treatment effect on the treated, as a share of the counterfactual; 0 of nobody.

        A ratio of means, so an account that was to fall to nearly nothing does not decide.
        """
        means = self.treated[["outcome", "counterfactual"]].sum()
        effect = means["outcome"] - means["counterfactual"]
        return float(effect / max(means["counterfactual"], 1e-12))


def programme_comparison(
    unbroken_months: pd.DataFrame, tiers: pd.DataFrame, *, as_of: pd.Timestamp
) -> Comparison:
    """Compare every account ever admitted with accounts of the same past.

    Accounts admitted later are controls too, since leaving them out would leave out those that were
    to grow; in the programme, their margin counts less the lift that the programme gives. That lift
    is the effect looked for, found by repeated substitution. The more the comparison rests on later
    admissions, the more an error feeds itself: ``feedback`` is 1 / (1 − that share).

    Parameters
    ----------
    unbroken_months
        Revenue and cost by account and month.
    tiers
        When each account was key.

    Examples
    --------
    Thirteen accounts of 100 a month, one of them of 130 from its admission on:

    >>> months = pd.date_range("2022-01-31", periods=48, freq="ME")
    >>> rows = pd.DataFrame({"account_id": np.repeat(list("ABCDEFGHIJKLM"), 48),
    ...     "month": np.tile(months, 13), "revenue": 100.0, "cost": 0.0})
    >>> rows.loc[rows["account_id"].eq("A") & rows["month"].gt("2024-12-31"), "revenue"] = 130.0
    >>> tiers = pd.DataFrame({"account_id": ["A"], "tier": "key",
    ...     "start_date": pd.Timestamp("2025-01-01")})
    >>> found = programme_comparison(rows, tiers, as_of=months[-1])
    >>> round(found.att, 6)
    0.3
    """
    panel, lift = panel_of(unbroken_months, tiers, as_of), 0.0
    cohorts, notes = cohorts_of(panel)
    for _ in range(8):
        found = compare(panel, cohorts, notes, lift=lift)
        effect = float(np.clip(found.att, -0.5, 1.0))
        if abs(effect - lift) < 1e-4:
            break
        lift = effect
    ahead = compare(panel, cohorts, notes, lift=lift + 0.1)
    share = float(np.clip((ahead.att - found.att) / 0.1, 0.0, 0.8))
    return replace(found, lift=lift, feedback=1 / (1 - share))


def placebo_comparison(programme_comparison: Comparison) -> Comparison:
    """Compare accounts that were not (yet) admitted as if they had been, when those they resemble
    were (placebos in space; Abadie, Diamond and Hainmueller 2010).

    For every treated account the two accounts are taken, once each, that are nearest to it in size
    and in how far the last year stood above the mean of the pre-period. Accounts admitted later may
    be taken, less the lift from then on: those that never were are known to have done worse, so
    they alone would show a loss. Where too few controls stay, there is no placebo.

    Parameters
    ----------
    programme_comparison
        The treated accounts against their counterfactual.

    Examples
    --------
    >>> months = pd.DataFrame(columns=["account_id", "month", "revenue", "cost"])
    >>> found = programme_comparison(months, pd.DataFrame(), as_of=pd.Timestamp("2025-12-31"))
    >>> len(placebo_comparison(found).treated)
    0
    """
    found = programme_comparison
    spells, nobody = found.panel.spells, np.array([], dtype="int64")
    panel = found.panel.with_margin(found.panel.without_lift(found.lift, of_all_but=nobody))
    margin, first = panel.margin.to_numpy(), spells["first"].to_numpy()
    start, before = (spells[side].to_numpy(dtype="int64") for side in SPELL[:2])
    placed = {side: spells[side].to_numpy(dtype="int64", copy=True) for side in SPELL[:2]}
    is_taken = np.zeros(len(spells), dtype=bool)
    traits_of = lru_cache(64)(lambda month, count: _traits(margin, month, count, first))
    lengths = found.treated["past_years_count"].astype(int)
    for row, count in zip(spells.index.get_indexer(lengths.index), lengths, strict=True):
        traits, is_able = traits_of(before[row], count)
        free = np.flatnonzero(~is_taken & (start > start[row]) & is_able)
        if not len(free):
            continue
        unit = np.maximum(traits[free].std(axis=0), 1e-9)
        apart = (((traits[free] - traits[row]) / unit) ** 2).sum(axis=1)
        last = min(PLACEBOS, len(free)) - 1
        near = np.flatnonzero(apart <= np.partition(apart, last)[last])
        nearest = free[near[np.argsort(apart[near], kind="stable")[:PLACEBOS]]]
        is_taken[nearest] = True
        placed["start"][nearest], placed["before"][nearest] = start[row], before[row]
    pretended = spells.assign(**placed, is_treated=is_taken)
    pretended["admission_date"] = pd.NaT
    panel = replace(panel, spells=pretended)
    return compare(panel, *cohorts_of(panel), lift=0.0)


def _traits(
    margin: Floats, before: int, count: int, first: Ints
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return of each account its size before a month and how far the last year stood above the mean
    of so many, and whether it has as many years.
    """
    years, available = pre_period(margin, before, first)
    size = np.maximum(years[:, :count].mean(axis=1), 1e-300)
    return np.column_stack([np.log(size), years[:, 0] / size]), available >= count


def compare(panel: Panel, cohorts: list[Cohort], notes: pd.Series, *, lift: float) -> Comparison:
    """Compare the treated accounts of a panel, cohort by cohort, with a given lift."""
    count, width = panel.margin.shape
    counterfactual, rows = panel.margin * np.nan, []
    influence, money, noise = np.zeros(count), np.zeros((count, width)), np.zeros(width)
    for cohort in cohorts:
        treated, controls = cohort.treated, cohort.controls
        margin = panel.without_lift(lift, of_all_but=treated)
        expected = np.zeros((count, width))
        for low, high in blocks(cohort.start, width):
            fit = fit_block(margin, cohort, low, high)
            facts = (high - low, fit.spread, cohort.design.shape[1] - 1, len(controls))
            means = panel.margin.index[treated], fit.outcome[treated], fit.prediction[treated]
            rows += [(*one, *facts) for one in zip(*means, strict=True)]
            # The ratios of an account are the means over its blocks, so its influence is too.
            weight = (high - low) / (width - cohort.start)
            influence[controls] += (
                weight * (cohort.design[treated].sum(axis=0) @ fit.gain) * fit.error
            )
            expected[:, low:high], moved = in_money(margin[:, low:high], cohort, fit)
            money[controls, low:high] += moved
        inside = slice(cohort.start, width)
        counterfactual.iloc[treated, inside] = expected[treated, inside]
        # What no past tells: the mean square by which the running totals of the controls missed
        # theirs, as a share, on the running totals of the treated.
        total = expected[:, inside].cumsum(axis=1)
        sold, due = margin[controls, inside].cumsum(axis=1), total[controls]
        missed = (((sold - due) / np.maximum(due, 1e-12)) ** 2).mean(axis=0)
        variance = missed * (total[treated] ** 2).sum(axis=0)
        noise[inside] += variance
    columns = ["account_id", "outcome", "counterfactual", "months_count", "spread"]
    columns += ["past_years_count", "control_count"]
    table = pd.DataFrame(rows, columns=columns)
    return Comparison(panel, notes, table, counterfactual, influence, money, noise, lift)
