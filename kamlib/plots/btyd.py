"""Charts of the buying models: how good the forecasts were, and who is likely still there."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kamlib.plots import style

_MOST_ACCOUNTS = 30


def plot_calibration(calibration: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw the order days that came beside those expected, one group of accounts per place on the
    axis.
    """
    drawn = style.axes(8, 4) if ax is None else ax
    if calibration.empty:
        return _nothing(
            drawn, "Forecasts cannot be checked yet", "No account had ordered before the hold-out"
        )
    days = int(calibration["holdout_days"].iloc[0])
    place = np.arange(len(calibration))
    actual = calibration["actual_orders"].to_numpy(float)
    reach = np.abs(calibration[["actual_low", "actual_high"]].to_numpy(float).T - actual)
    with style.style():
        drawn.errorbar(
            place,
            actual,
            yerr=np.nan_to_num(reach),
            fmt="o",
            color=style.COLOURS["actual"],
            capsize=3,
            label="came",
        )
        drawn.plot(
            place,
            calibration["expected_orders"],
            marker="D",
            markerfacecolor="none",
            linestyle="--",
            linewidth=1.2,
            color=style.COLOURS["accent"],
            label="expected",
        )
        labels = [
            f"{group}\n{count:,}"
            for group, count in zip(calibration["bin"], calibration["accounts"], strict=True)
        ]
        drawn.set_xticks(place, labels)
        by_tenths = calibration["bin_by"].iloc[0] == "decile"
        drawn.set_xlabel(
            "tenth of the accounts, least expected first; accounts below"
            if by_tenths
            else "repeat order days before the hold-out; accounts below"
        )
        drawn.set_ylim(0, 1.18 * drawn.get_ylim()[1])
        drawn.legend(loc="upper left", ncols=2)
    finding = _calibration_finding(calibration)
    return style.titles(
        drawn,
        finding,
        f"Mean order days per account in the {days} days held out, with 95 % interval; model fitted before",
    )


def plot_alive(
    alive: pd.DataFrame,
    *,
    names: dict[str, str] | None = None,
    most: int = _MOST_ACCOUNTS,
    ax: Axes | None = None,
) -> Axes:
    """Draw the probability of being there of the accounts in doubt (1 to 90 %), the ``most`` least
    likely first.
    """
    known = alive.dropna(subset="alive_probability")
    doubted = known[known["alive_probability"].between(0.01, 0.9)]
    shown = doubted.sort_values(["alive_probability", "account_id"]).head(most)
    drawn = style.axes(8, max(2.0, 1.2 + 0.24 * len(shown))) if ax is None else ax
    if known.empty:
        why = alive["reason"].iloc[0] if len(alive) else "No account has ordered"
        return _nothing(drawn, "Nothing can be said of who is still there", why)
    gone, doubtful = (int(known["alive_probability"].lt(limit).sum()) for limit in (0.01, 0.5))
    finding = (
        "Every account is more likely here than gone"
        if not doubtful
        else f"{doubtful:,} of {len(known):,} accounts {'is' if doubtful == 1 else 'are'} more likely gone than here"
    )
    if shown.empty:
        return _nothing(drawn, f"{finding}, and no other is in doubt" if doubtful else finding, "")
    place = np.arange(len(shown))
    chance = shown["alive_probability"].to_numpy(float)
    colours = [style.COLOURS["bad" if p < 0.5 else "accent"] for p in chance]
    with style.style():
        drawn.barh(place, chance, color=colours, height=0.7)
        style.label_bars(
            drawn,
            [
                f"{_percent(p)} · silent {days:,.0f} days"
                for p, days in zip(chance, shown["silence_days"], strict=True)
            ],
        )
        drawn.set_yticks(
            place, [style.short((names or {}).get(key, key)) for key in shown["account_id"]]
        )
        drawn.set_ylim(len(shown) - 0.4, -0.6)
        drawn.set_xlim(0, 1.3)
    style.no_axis(drawn.xaxis)
    cut = (
        "" if len(shown) == len(doubted) else f", the {len(shown)} least likely of {len(doubted):,}"
    )
    sure = f"; not drawn: {gone:,} below 1 %" if gone else ""
    return style.titles(
        drawn,
        finding,
        f"Probability of still being a customer, accounts between 1 and 90 %{cut}; {known['model'].iloc[0]}{sure}",
    )


def _calibration_finding(calibration: pd.DataFrame) -> str:
    model = calibration["model"].iloc[0]
    groups = calibration.dropna(subset="is_within")
    if calibration["expected_orders"].isna().all():
        return f"No forecast to check: {calibration['reason'].iloc[0]}"
    if groups.empty:
        return "Too few accounts to check the forecast"
    missed = groups[~groups["is_within"].astype(bool)]
    share = f"{len(missed)} of {len(groups)} groups"
    if missed.empty:
        return f"{model} was right within chance in {_every(len(groups))}"
    if (missed["expected_orders"] < missed["actual_low"]).all():
        return f"{model} expected too few orders in {share}"
    if (missed["expected_orders"] > missed["actual_high"]).all():
        return f"{model} expected too many orders in {share}"
    return f"{model} was off by more than chance in {share}"


def _every(groups: int) -> str:
    return {1: "the one group", 2: "both groups"}.get(groups, f"all {groups} groups")


def _percent(chance: float) -> str:
    return "< 1 %" if chance < 0.01 else f"{100 * chance:.0f} %"


def _nothing(ax: Axes, finding: str, subtitle: str) -> Axes:
    style.no_axis(ax.xaxis)
    style.no_axis(ax.yaxis)
    return style.titles(ax, finding, subtitle)
