"""Treated accounts against their counterfactual, each and on average, in ratios and in money."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from kamlib.programme.counterfactual import (
    Cohort,
    Fit,
    Floats,
    blocks,
    cohort_of,
    fit_block,
    pre_period,
)
from kamlib.programme.panel import NEVER, Panel, panel_of

LEAST_MONTHS = 3
"""Whole months in the programme that an account needs to be measured."""

LEAST_CONTROLS = 8
"""Controls that it needs, beyond the coefficients of the regression."""

BLOCKS = ["account_id", "months_count", "outcome", "counterfactual", "spread", "past_years_count",
          "control_count", "freedom"]
MONTHS = ["account_id", "month", "margin", "counterfactual_margin"]
SKIPPED = ["account_id", "note_code", "least_count"]


@dataclass(frozen=True)
class Comparison:
    """What the regressions say of the treated accounts, as tidy frames.

    Attributes
    ----------
    panel
        What was compared.
    skipped
        One row per account that could not be measured: ``account_id``, ``note_code`` and
        ``least_count``, how many months or controls it would have taken.
    blocks
        One row per treated account × block (a year in the programme): ``months_count``,
        ``outcome`` and ``counterfactual`` (margin against the pre-period, 1 where it is the typical
        one), ``spread`` (standard deviation of a control around its counterfactual),
        ``past_years_count``, ``control_count`` and ``freedom`` of the regression.
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
    skipped: pd.DataFrame
    blocks: pd.DataFrame
    months: pd.DataFrame
    influence: Floats
    money_influence: Floats
    noise: Floats
    lift: float = 0.0
    feedback: float = 1.0

    @property
    def treated(self) -> pd.DataFrame:
        """One row per treated account: the mean over its blocks, weighted by their months."""
        keys = ["account_id", "past_years_count", "control_count"]
        figures = ["outcome", "counterfactual", "spread"]
        months = self.blocks["months_count"]
        rows = self.blocks[keys].join(self.blocks[figures].mul(months, axis=0)).assign(m=months)
        sums = rows.groupby(keys, sort=False).sum().reset_index(keys[1:])
        return sums.assign(**sums[figures].div(sums["m"], axis=0)).drop(columns="m")

    @property
    def att(self) -> float:
        """Average treatment effect on the treated, as a share of the counterfactual; 0 of nobody.

        A ratio of means, so an account that was to fall to nearly nothing does not decide.
        """
        means = self.treated[["outcome", "counterfactual"]].sum()
        return float(
            (means["outcome"] - means["counterfactual"]) / max(means["counterfactual"], 1e-12)
        )


def programme_comparison(
    account_months: pd.DataFrame, tiers: pd.DataFrame, *, as_of: pd.Timestamp
) -> Comparison:
    """Compare every account ever admitted with accounts of the same past.

    Accounts admitted later are controls too, since leaving them out would leave out those that were
    to grow; in the programme, their margin counts less the lift that the programme gives. That lift
    is the effect looked for, found by repeated substitution. The more the comparison rests on later
    admissions, the more an error feeds itself: ``feedback`` is 1 / (1 − that share).
    """
    return settled(panel_of(account_months, tiers, as_of))


def settled(panel: Panel) -> Comparison:
    """Compare with the lift of later admissions equal to the effect found."""
    lift = 0.0
    for _ in range(8):
        found = compare(panel, lift=lift)
        effect = float(np.clip(found.att, -0.5, 1.0))
        if abs(effect - lift) < 1e-4:
            break
        lift = effect
    ahead = compare(panel, lift=lift + 0.1)
    share = float(np.clip((ahead.att - found.att) / 0.1, 0.0, 0.8))
    return replace(found, lift=lift, feedback=1 / (1 - share))


def placebo_comparison(programme_comparison: Comparison, *, each: int = 2) -> Comparison:
    """Compare accounts never admitted as if they had been, when those they resemble were.

    For every treated account the ``each`` accounts are taken, once each, that are nearest to it in
    size and in how far the last year stood above the mean of the pre-period.
    """
    found = programme_comparison
    margin, spells = found.panel.margin.to_numpy(), found.panel.spells
    first, is_free = spells["first"].to_numpy(), spells["start"].eq(NEVER).to_numpy(copy=True)
    pretended = spells.assign(admission_date=pd.NaT)
    dates = ["admission_date", "start", "before", "end"]
    for account, count in found.treated["past_years_count"].items():
        years, available = pre_period(margin, spells.at[account, "before"], first)
        size = np.maximum(years[:, :count].mean(axis=1), 1e-300)
        traits = np.column_stack([np.log(size), years[:, 0] / size])
        free = np.flatnonzero(is_free & (available >= count))
        if not len(free):
            continue
        unit = np.maximum(traits[free].std(axis=0), 1e-9)
        apart = traits[free] - traits[spells.index.get_loc(account)]
        nearest = free[np.argsort(((apart / unit) ** 2).sum(axis=1), kind="stable")[:each]]
        is_free[nearest] = False
        for date in dates:
            pretended.loc[spells.index[nearest], date] = spells.at[account, date]
    return compare(replace(found.panel, spells=pretended), lift=found.lift)


def compare(panel: Panel, *, lift: float = 0.0) -> Comparison:
    """Compare the admitted accounts of a panel, cohort by cohort, with a given lift."""
    cohorts, skipped = cohorts_of(panel)
    shape = (len(panel.spells) + 1, panel.margin.shape[1])  # the last row is the size prior
    mean, money, noise = np.zeros(shape[0]), np.zeros(shape), np.zeros(shape[1])
    block_rows, month_rows = [], []
    for cohort in cohorts:
        margin = without_lift(panel, cohort, lift)
        expected = np.zeros_like(margin)
        rows = np.append(cohort.controls, -1)
        for low, high in blocks(cohort.start, cohort.end):
            fit = fit_block(margin, cohort, low, high)
            block_rows.append(_block(panel, cohort, fit, high - low))
            weight = (high - low) / (cohort.end - cohort.start)
            mean[rows] += weight * fit.gain[cohort.treated].sum(axis=0) * fit.error
            expected[:, low:high], moved = in_money(margin[:, low:high], cohort, fit)
            money[rows, low:high] += moved
        month_rows.append(_months(panel, cohort, margin, expected))
        noise += _noise(cohort, margin, expected)
    return Comparison(
        panel,
        skipped,
        blocks=_stacked(block_rows, BLOCKS),
        months=_stacked(month_rows, MONTHS),
        influence=mean,
        money_influence=money,
        noise=noise,
        lift=lift,
    )


def cohorts_of(panel: Panel) -> tuple[list[Cohort], pd.DataFrame]:
    """Return the admitted accounts as cohorts with their controls, and those that have none."""
    margin, spells = panel.margin.to_numpy(), panel.spells.assign(row=range(len(panel.spells)))
    spells["end"] = spells["end"].clip(upper=margin.shape[1])
    admitted = spells[spells["admission_date"].notna()].assign(least_count=0)
    is_short = admitted["note_code"].eq("") & (admitted["end"] - admitted["start"]).lt(LEAST_MONTHS)
    admitted.loc[is_short, ["note_code", "least_count"]] = "few months", LEAST_MONTHS
    cohorts = []
    waves = admitted[admitted["note_code"].eq("")].groupby(["start", "before", "end"])
    for (_, before, end), wave in waves:
        _, available = pre_period(margin, before, spells["first"].to_numpy())
        for years, members in wave.groupby(available[wave["row"]]):
            if not years:
                admitted.loc[members.index, "note_code"] = "no year before"
                continue
            cohort = cohort_of(margin, spells, members["row"].to_numpy(), before, years, end)
            if cohort.freedom >= LEAST_CONTROLS:
                cohorts.append(cohort)
            else:
                lacking = ["note_code", "least_count"]
                admitted.loc[members.index, lacking] = "few controls", LEAST_CONTROLS
    return cohorts, admitted.loc[admitted["note_code"].ne(""), SKIPPED[1:]].reset_index()


def without_lift(panel: Panel, cohort: Cohort, lift: float) -> Floats:
    """Return the margins (account × month), of others in the programme less the lift."""
    margin, month = panel.margin.to_numpy(), np.arange(panel.margin.shape[1])
    start, end = (panel.spells[[side]].to_numpy() for side in ("start", "end"))
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


def _noise(cohort: Cohort, margin: Floats, expected: Floats) -> Floats:
    """Return the variance by month of the running total of the treated that no past tells of.

    It is the mean square by which the running totals of the controls missed theirs, as a share, on
    the running totals of the treated; after their last month it stays.
    """
    inside = slice(cohort.start, cohort.end)
    total = expected[:, inside].cumsum(axis=1)
    sold = margin[cohort.controls, inside].cumsum(axis=1)
    missed = (sold - total[cohort.controls]) / np.maximum(total[cohort.controls], 1e-12)
    variance = (missed**2).mean(axis=0) * (total[cohort.treated] ** 2).sum(axis=0)
    before, after = np.zeros(cohort.start), margin.shape[1] - cohort.end
    return np.concatenate([before, variance, np.repeat(variance[-1], after)])


def _block(panel: Panel, cohort: Cohort, fit: Fit, months: int) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": panel.spells.index[cohort.treated],
            "months_count": months,
            "outcome": fit.outcome[cohort.treated],
            "counterfactual": fit.prediction[cohort.treated],
            "spread": fit.spread,
            "past_years_count": cohort.years,
            "control_count": len(cohort.controls),
            "freedom": cohort.freedom,
        }
    )


def _months(panel: Panel, cohort: Cohort, margin: Floats, expected: Floats) -> pd.DataFrame:
    inside = slice(cohort.start, cohort.end)
    return pd.DataFrame(
        {
            "account_id": np.repeat(panel.spells.index[cohort.treated], cohort.end - cohort.start),
            "month": np.tile(panel.margin.columns[inside], len(cohort.treated)),
            "margin": margin[cohort.treated, inside].ravel(),
            "counterfactual_margin": expected[cohort.treated, inside].ravel(),
        }
    )


def _stacked(rows: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns)
