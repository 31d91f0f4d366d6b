"""Charts of the scoring: ranked list and line, demotion, criteria."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from kamlib.book import BookSettings
from kamlib.plots import style
from kamlib.plots.marks import is_narrow, mark, mark_each, mark_points
from kamlib.plots.style import COLOURS
from kamlib.story.scoring import FIRM, MOST_BARS
from kamlib.story.scoring_rows import tell_criterion_review
from kamlib.words import count, number, say, share

SHAKY = 0.60
VERDICTS = {"foretold": "good", "misled": "bad", "cannot tell": "quiet"}


def plot_account_scores(
    account_scores: pd.DataFrame,
    criterion_scores: pd.DataFrame,
    score_stability: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    most: int = MOST_BARS,
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw ranked accounts as bars of what each criterion adds, the line, and how firm each is."""
    scored = account_scores[account_scores["rank"].notna()].reset_index(drop=True)
    shown = _around_the_line(scored, most)
    ax = ax or style.axes(8, 1.3 + 0.27 * max(len(shown), 3))
    if shown.empty:
        return style.nothing(ax, title, subtitle)
    places = pd.Series(range(len(shown)), index=shown["account_id"])
    drawn = criterion_scores[criterion_scores["account_id"].isin(places.index)]
    _stack(ax, drawn, places, shown, book)
    _marks_of_stability(ax, score_stability, places, shown, book)
    is_alike = len(scored["completeness_share"].unique()) == 1
    names = [_name(row, book, alike=is_alike) for row in shown.to_dict("records")]
    ax.set_yticks(range(len(shown)), names)
    mark_each(ax.get_yticklabels(), shown["name"], shown["account_id"])
    ax.set_ylim(len(shown) - 0.4, -1.4)
    ax.set_xlim(0, 13.6)
    style.no_axis(ax.xaxis)
    ax.spines["left"].set_visible(False)
    _line(ax, shown, book)
    return style.titles(ax, title, subtitle)


def plot_demotion_risk(
    demotion_risk: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    book: BookSettings | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how often accounts above the line fell below it later, with intervals and numbers."""
    ax = ax or style.axes(8, 0.8 + 0.4 * max(len(demotion_risk), 3))
    labels = []
    for place, row in enumerate(demotion_risk.to_dict("records")):
        band = say("any place") if row["band"] == "all" else say(row["band"])
        labels.append(f"{band}, {count(row['horizon_years'], 'year')}")
        followed = count(row["account_count"], "account")
        if row["risk_share"] != row["risk_share"]:
            said = say("not enough history ({followed})", followed=followed)
            style.label(ax, 0, place, said, colour=COLOURS["quiet"], dx=2)
            continue
        _interval(ax, place, row["risk_low"], row["risk_share"], row["risk_high"], "accent")
        said = say(
            "{risk_share} of {followed}",
            risk_share=share(row["risk_share"], book, decimals=0),
            followed=followed,
        )
        style.label(ax, row["risk_high"], place, said)
        mark_points(ax, [row["risk_share"]], [place], [f"{labels[-1]}: {said}"])
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(demotion_risk) - 0.4, -0.6)
    ax.set_xlim(-0.01, 1.2)
    style.share_axis(ax.xaxis, book)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
    return style.titles(ax, title, subtitle)


def plot_criterion_review(
    criterion_review: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw for each criterion how its past scores went with what followed, with intervals."""
    ax = ax or style.axes(8, 1.0 + 0.32 * max(len(criterion_review), 3))
    if criterion_review.empty:
        return style.nothing(ax, title, subtitle)
    told = criterion_review.assign(note=tell_criterion_review(criterion_review)["note"])
    rows = told.sort_values("later_outcome", kind="stable").reset_index(drop=True)
    labels = rows["criterion"].map(say) + " → " + rows["later_outcome"].map(say)
    for place, row in enumerate(rows.to_dict("records")):
        r, low, high = (row[f"correlation{end}"] for end in ("", "_low", "_high"))
        if r != r:
            note = style.short(row["note"], 20 if is_narrow() else 60)
            style.label(ax, 0, place, note, colour=COLOURS["quiet"])
            continue
        _interval(ax, place, low, r, high, VERDICTS[row["verdict"]])
        style.label(ax, high, place, say(row["verdict"]), colour=COLOURS[VERDICTS[row["verdict"]]])
        mark_points(ax, [r], [place], [f"{labels[place]}: {number(r, decimals=2)}"])
    ax.axvline(0, color=COLOURS["quiet"], linewidth=0.8)
    ax.set_yticks(
        range(len(labels)), [style.short(text, 18 if is_narrow() else 44) for text in labels]
    )
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(-1.05, 1.3)
    ticks = [-1, -0.5, 0, 0.5, 1]
    ax.set_xticks(ticks, [number(tick) for tick in ticks])
    return style.titles(ax, title, subtitle)


def _around_the_line(scored: pd.DataFrame, most: int) -> pd.DataFrame:
    above = int(scored["is_above_line"].sum())
    start = 0 if above + most // 3 <= most else above - most // 2
    start = max(0, min(start, len(scored) - most))
    return scored.iloc[start : start + most].reset_index(drop=True)


def _name(row: dict[Any, Any], book: BookSettings | None, *, alike: bool) -> str:
    known = row["completeness_share"]
    return (
        style.short(row["name"], 18 if is_narrow() else 32)
        + (
            ""
            if known > 0.999 or alike
            else say(" ({known} scored)", known=share(known, book, decimals=0))
        )
        + (" ●" if row["is_key"] else "")
    )


def _stack(
    ax: Axes,
    criterion_scores: pd.DataFrame,
    places: pd.Series,
    shown: pd.DataFrame,
    book: BookSettings | None,
) -> None:
    left = pd.Series(0.0, index=places.index)
    sides = {"attractiveness": "accent", "strength": "active"}
    seen = dict.fromkeys(sides, 0)
    for criterion, rows in criterion_scores.groupby("criterion", sort=False):
        side = rows["side"].iloc[0]
        part = rows.set_index("account_id")["contribution"].reindex(places.index).fillna(0.0)
        strength = (0.95, 0.6, 0.3, 0.1, 0.0)[seen[side]]
        seen[side] += 1
        colour = style.tint(strength, sides[side])
        bars = ax.barh(
            places.to_numpy(),
            part.to_numpy(),
            left=left.to_numpy(),
            height=0.72,
            color=colour,
            linewidth=0,
            label=style.short(str(criterion), 24),
        )
        told = zip(shown["name"], part, strict=True)
        tips = [
            say(
                "{name}: {criterion} adds {one}",
                name=name,
                criterion=criterion,
                one=number(one, book, decimals=2),
            )
            for name, one in told
        ]
        mark_each(bars, tips, shown["account_id"])
        left += part
    for place, score in zip(places, shown["score"], strict=True):
        style.label(ax, 10.6, place, number(score, book, decimals=2), dx=0, ha="right")
    style.label(ax, 10.6, -1, say("score"), colour=COLOURS["quiet"], dx=0, fontsize=8, ha="right")
    ax.legend(
        loc="upper left",
        bbox_to_anchor=(0, 0),
        ncols=2 if is_narrow() else 3,
        frameon=False,
        fontsize=9,
        borderaxespad=0.2,
        handlelength=1,
        columnspacing=1.2,
    )


def _marks_of_stability(
    ax: Axes,
    stability: pd.DataFrame,
    places: pd.Series,
    shown: pd.DataFrame,
    book: BookSettings | None,
) -> None:
    for row in stability[stability["account_id"].isin(places.index)].to_dict("records"):
        place = places[row["account_id"]]
        firm = row["above_line_share"] if row["is_above_line"] else 1 - row["above_line_share"]
        colour = COLOURS["good" if firm >= FIRM else "overdue" if firm >= SHAKY else "bad"]
        shape = "o" if firm >= FIRM else "D" if firm >= SHAKY else "X"
        (spot,) = ax.plot(11.3, place, shape, color=colour, markersize=6)
        low, high = number(row["rank_low"], book), number(row["rank_high"], book)
        ranks = low if low == high else f"{low}–{high}"
        above = "" if is_narrow() else f"{share(row['above_line_share'], book, decimals=0)} · "
        style.label(ax, 11.3, place, f"{above}{ranks}", dx=7)
        tip = say(
            "{name}: above the line in {firm} of the draws, rank {ranks}",
            name=shown["name"].iloc[place],
            firm=share(row["above_line_share"], book, decimals=0),
            ranks=ranks,
        )
        mark(spot, tip, row["account_id"])
    head = say("ranks") if is_narrow() else say("above · ranks")
    style.label(ax, 11.3, -1, head, colour=COLOURS["quiet"], dx=-4, fontsize=8, ha="left")


def _line(ax: Axes, shown: pd.DataFrame, book: BookSettings | None) -> None:
    line = shown["line_score"].iloc[0]
    if line == line:
        ax.plot(
            [line, line],
            [-0.5, len(shown) - 0.5],
            color=COLOURS["actual"],
            linewidth=1.2,
            linestyle=(0, (4, 3)),
        )
        style.label(
            ax,
            line,
            -0.9,
            say("line {line}", line=number(line, book, decimals=2)),
            dx=0,
            ha="right" if is_narrow() else "center",
        )
    above = int(shown["is_above_line"].sum())
    if 0 < above < len(shown):
        ax.plot([0, 13.4], [above - 0.5, above - 0.5], color=COLOURS["actual"], linewidth=0.8)


def _interval(ax: Axes, place: int, low: float, value: float, high: float, key: str) -> None:
    ax.plot([low, high], [place, place], color=COLOURS[key], linewidth=2)
    ax.plot(value, place, "o", color=COLOURS[key], markersize=6)
