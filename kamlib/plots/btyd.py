"""Charts of the buying models: how good the forecasts were, and who is likely still there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from kamlib.plots import style
from kamlib.plots.marks import mark_points, mark_rows
from kamlib.story.btyd import MOST_DRAWN, in_doubt
from kamlib.words import count, number, phrase, say

GROUPS = {
    "frequency": phrase("repeat order days before the hold-out; accounts below"),
    "decile": phrase("tenth of the accounts, least expected first; accounts below"),
}
"""What the groups of a calibration are made by → the label of their axis."""


def plot_calibration(
    calibration: pd.DataFrame, *, title: str = "", subtitle: str = "", ax: Axes | None = None
) -> Axes:
    """Draw the order days that came beside those expected, one group of accounts per place on the
    axis.
    """
    drawn = style.axes(8, 4) if ax is None else ax
    if calibration.empty:
        return style.nothing(drawn, title, subtitle)
    place = np.arange(len(calibration))
    actual = calibration["actual_orders"].to_numpy(float)
    reach = np.abs(calibration[["actual_low", "actual_high"]].to_numpy(float).T - actual)
    expected = calibration["expected_orders"].to_numpy(float)
    with style.style():
        came: dict[str, Any] = {
            "fmt": "o",
            "color": style.COLOURS["actual"],
            "capsize": 3,
            "label": say("came"),
        }
        drawn.errorbar(place, actual, np.nan_to_num(reach), **came)
        hollow: dict[str, Any] = {
            "markerfacecolor": "none",
            "linewidth": 1.2,
            "label": say("expected"),
        }
        drawn.plot(place, expected, "--D", color=style.COLOURS["accent"], **hollow)
        groups = calibration["bin"].astype("str")
        for heights, words in ((actual, say("came")), (expected, say("expected"))):
            tips = [f"{g}: {number(h)} {words}" for g, h in zip(groups, heights, strict=True)]
            mark_points(drawn, place, heights, tips)
        counts = zip(calibration["bin"], calibration["account_count"], strict=True)
        drawn.set_xticks(place, [f"{group}\n{number(size)}" for group, size in counts])
        drawn.set_xlabel(say(GROUPS[calibration["bin_by"].iloc[0]]))
        drawn.set_ylim(0, 1.18 * drawn.get_ylim()[1])
        drawn.legend(loc="upper left", ncols=2)
    return style.titles(drawn, title, subtitle)


def plot_alive(
    alive_probability: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    most: int = MOST_DRAWN,
    ax: Axes | None = None,
) -> Axes:
    """Draw the probability of being there of the accounts in doubt (1 to 90 %), the ``most`` least
    likely first.
    """
    shown = in_doubt(alive_probability).head(most)
    drawn = style.axes(8, max(2.0, 1.2 + 0.24 * len(shown))) if ax is None else ax
    if shown.empty:
        return style.nothing(drawn, title, subtitle)
    place = np.arange(len(shown))
    chance = shown["alive_probability"].to_numpy(float)
    colours = [style.COLOURS["bad" if p < 0.5 else "accent"] for p in chance]
    silent = zip(chance, shown["silence_days"], strict=True)
    said = [
        say("{p:.0f} % · silent {days}", p=100 * p, days=count(days, "day")) for p, days in silent
    ]
    with style.style():
        bars = drawn.barh(place, chance, color=colours, height=0.7)
        style.label_bars(drawn, said)
        drawn.set_yticks(place, [style.short(name) for name in shown["name"]])
    tips = [f"{name}: {text}" for name, text in zip(shown["name"], said, strict=True)]
    mark_rows(drawn, bars, tips, list(shown["account_id"]))
    with style.style():
        drawn.set_ylim(len(shown) - 0.4, -0.6)
        drawn.set_xlim(0, 1.3)
    style.no_axis(drawn.xaxis)
    return style.titles(drawn, title, subtitle)
