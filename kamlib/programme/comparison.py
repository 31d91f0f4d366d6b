"""Treated accounts against their counterfactual, each and on average, in ratios and in money."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from kamlib.programme.counterfactual import (
    Cohort, Fit, Floats, blocks, cohorts_of, fit_block, pre_period,
)  # fmt: skip
from kamlib.programme.panel import NEVER, SPELL, Panel, panel_of

PLACEBOS = 2
"""Accounts never admitted that stand in for a treated one in the placebo check."""


@dataclass(frozen=True)
class Comparison:
    """What the regressions say of the treated accounts.

    Attributes
    ----------
    panel, notes
        What was compared, and for each admitted account why it could not be measured, else blank.
    blocks
        One row per treated account × block (a year in the programme): ``outcome`` and
        ``counterfactual`` (margin against the pre-period, 1 where it is the typical one),
        ``months_count``, ``spread`` (standard deviation of a control around its counterfactual),
        ``past_years_count`` and ``control_count``.
    months
        One row per treated account × month in the programme: ``margin``, ``counterfactual_margin``.
    influence, money_influence
        How far the error of each account as a control, and last that of the size prior, moves the
        sum of the counterfactuals, and the money of all of them in each month.
    noise
        Variance, by month, of the running total of the counterfactual money that no past tells of.
    lift, feedback
        Share by which the margin of accounts admitted later was taken to be raised, and how much
        wider the intervals are because that is estimated too.
    """

    panel: Panel
    notes: pd.Series
    blocks: pd.DataFrame
    months: pd.DataFrame
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
    def att(self) -> float:
        """Average treatment effect on the treated, as a share of the counterfactual; 0 of nobody.

        A ratio of means, so an account that was to fall to nearly nothing does not decide.
        """
        means = self.treated[["outcome", "counterfactual"]].sum()
        effect = means["outcome"] - means["counterfactual"]
        return float(effect / max(means["counterfactual"], 1e-12))


def programme_comparison(
    account_months: pd.DataFrame, tiers: pd.DataFrame, *, as_of: pd.Timestamp
) -> Comparison:
    """Compare every account ever admitted with accounts of the same past.

    Accounts admitted later are controls too, since leaving them out would leave out those that were
    to grow; in the programme, their margin counts less the lift that the programme gives. That lift
    is the effect looked for, found by repeated substitution. The more the comparison rests on later
    admissions, the more an error feeds itself: ``feedback`` is 1 / (1 − that share).
    """
    panel, lift = panel_of(account_months, tiers, as_of), 0.0
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
    """Compare accounts never admitted as if they had been, when those they resemble were.

    For every treated account the two accounts are taken, once each, that are nearest to it in size
    and in how far the last year stood above the mean of the pre-period.
    """
    found, panel = programme_comparison, programme_comparison.panel
    margin, spells = panel.margin.to_numpy(), panel.spells.assign(is_treated=False)
    first, is_free = spells["first"].to_numpy(), spells["start"].eq(NEVER).to_numpy(copy=True)
    for account, count in found.treated["past_years_count"].astype(int).items():
        spell = panel.spells.loc[account, SPELL[:3]]
        years, available = pre_period(margin, spell["before"], first)
        size = np.maximum(years[:, :count].mean(axis=1), 1e-300)
        traits = np.column_stack([np.log(size), years[:, 0] / size])
        free = np.flatnonzero(is_free & (available >= count))
        if not len(free):
            continue
        unit = np.maximum(traits[free].std(axis=0), 1e-9)
        apart = (traits[free] - traits[spells.index.get_loc(account)]) / unit
        nearest = free[np.argsort((apart**2).sum(axis=1), kind="stable")[:PLACEBOS]]
        is_free[nearest] = False
        spells.loc[spells.index[nearest], [*SPELL[:3], "is_treated"]] = [*spell, True]
    pretended = replace(panel, spells=spells)
    return compare(pretended, *cohorts_of(pretended), lift=found.lift)


def compare(panel: Panel, cohorts: list[Cohort], notes: pd.Series, *, lift: float) -> Comparison:
    """Compare the treated accounts of a panel, cohort by cohort, with a given lift."""
    count, width = panel.margin.shape
    counterfactual = panel.margin * np.nan
    # One row more than accounts: the size prior moves the counterfactual as a control does.
    influence, money, noise = np.zeros(count + 1), np.zeros((count + 1, width)), np.zeros(width)
    rows: list[tuple[object, ...]] = []
    for cohort in cohorts:
        margin, treated = without_lift(panel, cohort, lift), cohort.treated
        expected, places = np.zeros((count, width)), np.append(cohort.controls, count)
        for low, high in blocks(cohort.start, cohort.end):
            fit = fit_block(margin, cohort, low, high)
            facts = (high - low, fit.spread, cohort.design.shape[1] - 1, len(cohort.controls))
            ratios = fit.outcome[treated], fit.prediction[treated]
            names = panel.margin.index[treated]
            rows += [(*one, *facts) for one in zip(names, *ratios, strict=True)]
            weight = (high - low) / (cohort.end - cohort.start)
            influence[places] += weight * fit.gain[treated].sum(axis=0) * fit.error
            expected[:, low:high], moved = in_money(margin[:, low:high], cohort, fit)
            money[places, low:high] += moved
        inside = slice(cohort.start, cohort.end)
        counterfactual.iloc[treated, inside] = expected[treated, inside]
        # No past tells of the mean square by which the running totals of the controls missed theirs
        # as a share, on the running totals of the treated; after the last month it stays.
        total = expected[:, inside].cumsum(axis=1)
        sold, due = margin[cohort.controls, inside].cumsum(axis=1), total[cohort.controls]
        missed = (((sold - due) / np.maximum(due, 1e-12)) ** 2).mean(axis=0)
        noise[inside] += missed * (total[treated] ** 2).sum(axis=0)
        noise[cohort.end :] += missed[-1] * (total[treated, -1] ** 2).sum()
    columns = ["account_id", "outcome", "counterfactual", "months_count", "spread"]
    columns += ["past_years_count", "control_count"]
    months = {"margin": panel.margin, "counterfactual_margin": counterfactual}
    return Comparison(
        panel,
        notes,
        blocks=pd.DataFrame(rows, columns=columns),
        months=pd.DataFrame({name: table.stack() for name, table in months.items()}).dropna(),
        influence=influence,
        money_influence=money,
        noise=noise,
        lift=lift,
    )


def without_lift(panel: Panel, cohort: Cohort, lift: float) -> Floats:
    """Return the margins (account × month), of others in the programme less the lift."""
    margin, month = panel.margin.to_numpy(), np.arange(panel.margin.shape[1])
    start, end = (panel.spells[side].to_numpy()[:, None] for side in ("start", "end"))
    is_inside = (month >= start) & (month < end)
    is_inside[cohort.treated] = False
    return np.where(is_inside, margin / (1 + lift), margin)


def in_money(margin: Floats, cohort: Cohort, fit: Fit) -> tuple[Floats, Floats]:
    """Return the counterfactual margin of a block (account × month), and how far each control moves
    that of all treated accounts together (control × month).

    The regression tells the level of an account, the controls each month's share of the level.
    """
    treated, controls = cohort.treated, cohort.controls
    prediction = np.maximum(fit.prediction, 0.05)
    level = cohort.size * prediction
    whole = level[controls].sum()
    calendar = margin[controls].sum(axis=0) / whole
    expected = np.outer(level, calendar)
    # A control moves it as it sells more in a month than expected, which moves the calendar …
    surplus = np.vstack([margin[controls] - expected[controls], np.zeros(len(calendar))])
    # … and as its error pulls the line, less the part by which it pulls the level of all controls:
    # that part is already in the calendar.
    centre = cohort.size[controls] @ fit.gain[controls] / whole
    pull = (fit.gain[treated] - np.outer(prediction[treated], centre)) * fit.error
    moved = level[treated].sum() / whole * surplus
    return expected, moved + np.outer(cohort.size[treated] @ pull, calendar)
