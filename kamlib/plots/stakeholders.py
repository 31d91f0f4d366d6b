"""The stakeholder map: every person in the cell of their influence and attitude."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from kamlib.plots.marks import is_narrow, mark
from kamlib.plots.style import (
    COLOURS,
    INK,
    QUIET,
    axes,
    columns_wide,
    no_axis,
    tint,
    titles,
    wrapped,
)
from kamlib.tables import each
from kamlib.words import phrase, say

_COLUMN, _LINE, _PAD, _EDGE = (
    108.0,
    12.0,
    7.0,
    62.0,
)  # points: width of a cell, a line of text, padding, left edge
_ATTITUDES = {
    -2: phrase("against us"),
    -1: phrase("critical"),
    0: phrase("neutral"),
    1: phrase("well disposed"),
    2: phrase("for us"),
}


def plot_stakeholder_map(
    stakeholder_map: pd.DataFrame,
    stakeholder_roles: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    ax: Axes | None = None,
    most: int = 5,
) -> Axes:
    """Draw every person in the cell of their influence and attitude: name, role, age of the last
    contact.

    A cell is as high as its people need, so names never lie over one another. People whose
    influence or attitude is not recorded stand below the grid, and the roles in which nobody is
    known below them.
    """
    people, roles = stakeholder_map, stakeholder_roles
    placed = people.dropna(subset=["influence", "attitude"])
    unknown = people[people["influence"].isna() | people["attitude"].isna()]
    cells: dict[tuple[int, int], list[Any]] = {}
    for person in each(placed):
        cells.setdefault((int(person.influence + 0.5), int(person.attitude + 2.5) - 2), []).append(
            person
        )
    heights = {level: _row_height(cells, level, most) for level in range(5, 0, -1)}
    below = [list(each(unknown))[i::5][:2] for i in range(5)]
    rest = max((_height(group) for group in below), default=0.0)
    missing = list(map(say, roles.loc[roles["is_missing"], "role"]))
    wide = _EDGE + 5 * _COLUMN
    tall = 32 + sum(heights.values()) + (rest + 20 if len(unknown) else 0) + (24 if missing else 0)
    ax = ax if ax is not None else axes(wide / 72 + 0.2, tall / 72 + 0.7)
    ax.set_xlim(0, wide)
    ax.set_ylim(tall, 0)
    no_axis(ax.xaxis)
    no_axis(ax.yaxis)
    for attitude, words in _ATTITUDES.items():
        head = wrapped(say(words), 12 if is_narrow() else 17)
        _write(ax, _EDGE + (attitude + 2.5) * _COLUMN, 14, head, QUIET, ha="center")
    top = 32.0
    for level, height in heights.items():
        _write(ax, 4, top + height / 2, say("influence {level}", level=level), QUIET, ha="left")
        for attitude in _ATTITUDES:
            left = _EDGE + (attitude + 2) * _COLUMN
            key = (
                "bad"
                if level >= 4 and attitude < 0
                else "good"
                if level >= 4 and attitude > 0
                else "quiet"
            )
            strength = 0.28 if key != "quiet" else 0.04
            box = (left + 1, top + 1), _COLUMN - 2, height - 2
            cell = ax.add_patch(Rectangle(*box, facecolor=tint(strength, key), edgecolor="none"))
            mark(cell, f"{say('influence {level}', level=level)}, {say(_ATTITUDES[attitude])}")
            _people(ax, cells.get((level, attitude), []), left, top, most)
        top += height
    if len(unknown):
        hidden = max(len(unknown) - 10, 0)
        more = say("; {hidden} more in the table", hidden=hidden) if hidden else ""
        _write(ax, 4, top + 12, say("Influence or attitude not recorded{more}:", more=more), QUIET)
        for column, group in enumerate(below):
            _people(ax, group, _EDGE + column * _COLUMN, top + 18, 2)
        top += rest + 20
    if missing:
        _write(
            ax,
            4,
            top + 14,
            say("Nobody known as: {missing}", missing=", ".join(missing)),
            COLOURS["bad"],
            weight="bold",
        )
    return titles(ax, title, subtitle)


def _name_lines(name: str) -> list[str]:
    """Return a name on at most two lines of a cell's width."""
    room = _letters()
    if columns_wide(name) <= room:
        return [name]
    first, rest = "", name
    for word in name.split(" "):
        if columns_wide(f"{first} {word}".strip()) > room:
            break
        first = f"{first} {word}".strip()
    if not first:
        return [cut_to(name, room)]
    rest = name[len(first) :].strip()
    return [first, cut_to(rest, room)]


def _letters() -> int:
    """Return how many letters a cell has room for."""
    return 9 if is_narrow() else 17


def _height(group: list[Any]) -> float:
    lines = sum(len(_name_lines(one.person)) + len(_role_lines(one)) for one in group)
    return lines * _LINE + 5 * len(group) + _PAD


def _role_lines(person: Any) -> list[str]:
    """Return a person's role and last contact, in lines of a cell's width; none on a phone, where
    the mark says it.
    """
    return [] if is_narrow() else wrapped(_role(person), 19).split("\n")


def _role(person: Any) -> str:
    days = (
        say("no date")
        if pd.isna(person.last_contact_days)
        else say("{last_contact_days:.0f} d ago", last_contact_days=person.last_contact_days)
    )
    role = say(person.role) if isinstance(person.role, str) else say("role?")
    return f"{role} · {days}"


def _row_height(cells: dict[tuple[int, int], list[Any]], level: int, most: int) -> float:
    groups = [cells.get((level, attitude), []) for attitude in _ATTITUDES]
    needed = [_height(group[:most]) + (_LINE if len(group) > most else 0) for group in groups]
    return max(30.0, *needed)


def _people(ax: Axes, group: list[Any], left: float, top: float, most: int) -> None:
    at = top + _PAD + 5
    for person in group[:most]:
        colour = {"derailer": "bad", "opponent": "overdue", "supporter": "good"}.get(
            person.stance, "quiet"
        )
        face = "none" if person.is_stale else COLOURS[colour]
        look: dict[str, Any] = {"markerfacecolor": face, "markeredgecolor": COLOURS[colour]}
        (spot,) = ax.plot(left + 9, at, "o", markersize=6, **look)
        mark(spot, f"{person.person}: {_role(person)}")
        for line in _name_lines(person.person):
            _write(ax, left + 16, at, line, INK)
            at += _LINE
        for line in _role_lines(person):
            _write(ax, left + 16, at, line, QUIET, fontsize=8)
            at += _LINE
        at += 5
    if len(group) > most:
        _write(
            ax,
            left + 16,
            at,
            say("+ {group} more in the table", group=len(group) - most),
            QUIET,
            fontsize=8,
        )


def _write(ax: Axes, x: float, y: float, text: str, colour: str, **options: Any) -> None:
    options = {"fontsize": 9, "ha": "left", "va": "center", **options}
    written = ax.text(x, y, text, color=colour, **options)
    written.set_parse_math(False)


def plot_org_chart(
    org_chart: pd.DataFrame,
    *,
    title: str = "",
    subtitle: str = "",
    ax: Axes | None = None,
    most: int = 30,
) -> Axes:
    """Draw who reports to whom: a line for each person, set in by level, coloured by stance."""
    drawn = org_chart.head(most)
    ax = ax if ax is not None else axes(6.2, 0.9 + 0.28 * max(len(drawn), 1))
    no_axis(ax.xaxis)
    no_axis(ax.yaxis)
    ax.set_xlim(0, 14)
    ax.set_ylim(len(drawn) - 0.4, -0.6)
    last: dict[int, int] = {}
    for place, person in enumerate(each(drawn)):
        at, top = 0.3 + 0.6 * person.chart_level, last.get(person.chart_level - 1)
        if person.chart_level and top is not None:
            ax.plot([at - 0.6, at - 0.6, at], [top, place, place], color=QUIET, linewidth=0.8)
        last[person.chart_level] = place
        hue = {"derailer": "bad", "opponent": "overdue", "supporter": "good"}.get(
            person.stance, "quiet"
        )
        what = " · ".join(say(one) for one in (person.title, person.role) if isinstance(one, str))
        (spot,) = ax.plot(at, place, "o", markersize=6, color=COLOURS[hue], zorder=3)
        mark(spot, f"{person.person}: {what}" if what else person.person)
        _write(ax, at + 0.3, place, cut_to(person.person, 26), INK)
        _write(ax, 7.4, place, cut_to(what, 40), QUIET, fontsize=8)
    return titles(ax, title, subtitle)


def cut_to(text: str, letters: float) -> str:
    """Return a text cut to the room of so many Latin letters, whatever its script."""
    flat = " ".join(str(text).split())
    if columns_wide(flat) <= letters:
        return flat
    kept = ""
    for letter in flat:
        if columns_wide(kept + letter) > letters - 1:
            break
        kept += letter
    return kept.rstrip() + "…"
