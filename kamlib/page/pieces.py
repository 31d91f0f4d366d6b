"""The pieces of a page, each made of what is said in it: headlines, cards, actions, notes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from kamlib.page.fragments import Fragment, dossier_links, rendered
from kamlib.story.statements import Action, Card, Point, Sentence
from kamlib.words import MISSING, Source, change, date, money, number, phrase, say, share

MOST_SENTENCES = 5
"""Sentences of a first screen; further ones stand in a fold below."""

POINTS_TO_PIXELS = 1.44
"""A chart eight inches wide takes 830 pixels: its 9-point labels are as large as the page's small
print.
"""


NARROW_PIXELS = 500
"""A chart wider than this has a form of its own for phones."""
HALF_PIXELS = 660
"""A chart up to this width stands beside another one on a wide page, and shrinks to a phone's."""


def headline(data: Any, title: str, sentences: Iterable[str | Sentence]) -> Fragment:
    """Return the first screen."""
    said = [text if isinstance(text, Sentence) else Sentence(str(text)) for text in sentences]
    lines = [
        {
            "text": one.text,
            "link": _address(data, one.link, one.account),
            "is_warning": one.is_warning,
        }
        for one in said
    ]
    html = rendered("headline.html.j2", title=title, sentences=lines, most=MOST_SENTENCES)
    return Fragment(html, "\n".join([title, *(f"- {one.text}" for one in said)]))


def note(text: str) -> Fragment:
    """Return a quiet paragraph."""
    return Fragment(rendered("note.html.j2", text=str(text)), str(text))


def gap(text: str, name: str = "") -> Fragment:
    """Return a line on what is not there."""
    return Fragment(rendered("gap.html.j2", text=str(text), name=name), str(text))


def points(name: str, said: Sequence[Point], *, behind: str = "") -> Fragment:
    """Return points under their sections; in a fold of a title where ``behind`` says one."""
    sections: dict[str, list[Point]] = {}
    for point in said:
        sections.setdefault(point.section, []).append(point)
    lines = [f"{one.section}: {one.label} {one.text} ({one.evidence})" for one in said]
    is_paired = len(sections) in (2, 4)
    html = rendered(
        "points.html.j2", name=name, sections=sections, is_paired=is_paired, behind=behind
    )
    return Fragment(html, "\n".join(lines))


def cards(
    data: Any, figures: Sequence[Card], *, compared: tuple[str, str] | None = None
) -> Fragment:
    """Return key figures."""
    labels = compared or _compared(data)
    shown = [card_values(figure, data and data.book, labels) for figure in figures]
    text = "\n".join(
        f"{one['label']}: {one['value']} {one['changes_text']}".rstrip() for one in shown
    )
    return Fragment(rendered("cards.html.j2", cards=shown), text)


def actions(
    data: Any, lines: Sequence[Action], *, title: str = phrase("What changed, what to do")
) -> Fragment:
    """Return the list of actions."""
    shown = [
        {
            "changed": line.changed,
            "to_do": line.to_do,
            "owner": line.owner,
            "by": say(line.by) if isinstance(line.by, str) else date(line.by),
            "link": _address(data, line.link, line.account),
        }
        for line in lines
    ]
    text = [
        f"{i}. {a['changed']} → {a['to_do']}" + (f" ({who})" if who else "")
        for i, a in enumerate(shown, start=1)
        for who in [", ".join(filter(None, (a["owner"], a["by"])))]
    ]
    return Fragment(
        rendered(
            "actions.html.j2",
            title=say(title),
            actions=shown,
            owned=any(one["owner"] for one in shown),
            dated=any(one["by"] not in ("", say(MISSING)) for one in shown),
        ),
        "\n".join([title, *text]),
    )


def is_wide(drawn: Any) -> bool:
    """Return whether a figure needs a form of its own for phones."""
    return _figure(drawn).get_figwidth() * 72 * POINTS_TO_PIXELS > NARROW_PIXELS


def chart(
    drawn: Any,
    *,
    alt: str,
    narrow: Any = None,
    name: str = "",
    links: Mapping[str, str] | None = None,
    behind: bool = False,
) -> Fragment:
    """Return a figure as a piece of a page and close it, with its form for phones; in a fold under
    its title where it stands behind.
    """
    from kamlib.plots.svg import close, drawing

    figure = _figure(drawn)
    done = drawing(figure, links)
    close(figure)
    slim = None
    if narrow is not None:
        slim = drawing(_figure(narrow), links, is_slim=True)
        close(_figure(narrow))
    if done.is_empty:
        return gap(
            f"{done.finding.rstrip('.')}."
            if done.finding
            else say("Nothing to draw: nothing is recorded.")
        )
    width = round(done.width * POINTS_TO_PIXELS)
    is_half = width <= HALF_PIXELS
    html = rendered(
        "chart.html.j2",
        alt=alt,
        finding=done.finding,
        subtitle=done.subtitle,
        name=name,
        width=width,
        is_half=is_half,
        is_linked="<a href" in done.svg,
        svg=Markup(done.svg),
        slim=Markup(slim.svg) if slim else "",
        behind=behind,
    )
    return Fragment(html, "\n".join(part for part in (done.finding, done.subtitle, alt) if part))


def amount(value: Any, unit: str, book: Source = None) -> str:
    """Return an amount in its unit as people read it."""
    if unit == "text":
        return say(MISSING) if value is None else str(value)
    if unit == "money":
        return money(value, book)
    if unit == "share":
        return share(value, book, decimals=0 if value is not None and abs(value) >= 0.9995 else 1)
    return number(value, book)


def card_values(figure: Card, book: Source, labels: tuple[str, str]) -> dict[str, Any]:
    """Return what the template of a card needs."""
    changes = []
    named = (labels[0], figure.year_ago_label or labels[1])  # a year's two are the same
    compared = dict(zip(named, (figure.previous, figure.year_ago), strict=True))
    for label, before in compared.items():
        if before is None or figure.unit == "text":
            continue
        text = change(
            figure.value, before, book, unit="count" if figure.unit == "number" else figure.unit
        )
        if before != before:
            continue  # not known then: no comparison
        if (
            figure.unit == "money"
            and before == 0
            and figure.value == figure.value
            and figure.value > 0
        ):
            text = say("▲ from {amount}", amount=money(0, book))
        direction = {"▲": "up", "▼": "down"}.get(text[0], "")
        mood = (
            ""
            if not direction or figure.good == "neither"
            else "good"
            if direction == figure.good
            else "bad"
        )
        changes.append({"text": text, "mood": mood, "label": label})
    return {
        "label": figure.label,
        "value": amount(figure.value, figure.unit, book),
        "changes": changes,
        "changes_text": ", ".join(
            say("{text} on {label}", text=one["text"], label=one["label"]) for one in changes
        ),
        "note": figure.note,
        "link": figure.link if _is_safe(figure.link) else "",
        "bars": bars(figure.history),
        "history": ", ".join(amount(value, figure.unit, book) for value in figure.history),
    }


def bars(values: Sequence[Any], height: float = 24) -> list[dict[str, float]]:
    """Return the bars of a small history, oldest first; what is missing or below zero has no
    height.

    >>> bars([1, 2])
    [{'x': 0, 'y': 12.0, 'height': 12.0}, {'x': 8, 'y': 0.0, 'height': 24.0}]
    """
    sizes = [
        max(float(value), 0.0) if value is not None and value == value else 0.0 for value in values
    ]
    top = max(sizes, default=0.0) or 1.0
    tall = [round(height * size / top, 1) for size in sizes]
    return [
        {"x": 8 * i, "y": round(height - size, 1), "height": size} for i, size in enumerate(tall)
    ]


def _address(data: Any, link: str, account: str) -> str:
    if account:
        return dossier_links(data).get(account, link if _is_safe(link) else "")
    return link if _is_safe(link) else ""


def _is_safe(link: str) -> bool:
    """Only addresses inside the report: no scheme, no other host."""
    return bool(link) and ":" not in link.split("#")[0] and not link.startswith(("//", "\\", "/"))


def _compared(data: Any) -> tuple[str, str]:
    """Return the names of the two periods that figures are compared with."""
    if data is None or not hasattr(data, "previous_span"):
        return say("the period before"), say("a year ago")
    return data.previous_span.title, data.year_ago_span.title


def _figure(drawn: Any) -> Any:
    return drawn if hasattr(drawn, "savefig") else next(iter(_flat(drawn))).get_figure(root=True)


def _flat(drawn: Any) -> Iterable[Any]:
    return (
        drawn.ravel()
        if hasattr(drawn, "ravel")
        else drawn
        if isinstance(drawn, list | tuple)
        else [drawn]
    )
