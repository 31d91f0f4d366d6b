"""What notebooks call: each finds what is said in the period, makes the piece, and shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypeVar

import pandas as pd

from kamlib.errors import KamError
from kamlib.page import pieces, rows
from kamlib.page.export import is_published, publish, publish_table
from kamlib.page.fragments import dossier_links
from kamlib.period import Period, origin
from kamlib.period.graph import wanted
from kamlib.story import said_of
from kamlib.story.statements import Action, Card, Point, Said, Sentence
from kamlib.words import ENGLISH, say, speaking

Shown = TypeVar("Shown", bound=Callable[..., Any])


def _in_its_language(shown: Shown) -> Shown:
    """Speak the language of the book while something of a period is shown."""

    @wraps(shown)
    def spoken(data: Any, *given: Any, **named: Any) -> Any:
        q = data if hasattr(data, "book") else origin(data)[0]
        with speaking(q.book.language if q is not None else ENGLISH):
            return shown(data, *given, **named)

    return spoken  # type: ignore[return-value]


@_in_its_language
def headline(
    q: Period,
    story: Callable[..., Sequence[Sentence]],
    *,
    title: str = "",
    warnings: Callable[..., Sequence[str]] | None = None,
) -> None:
    """Show the first screen: a title and sentences with figures, each leading to its evidence.

    ``story`` is a function of `kamlib.story` named ``headline_<page>``; the period fills in what
    its parameters name. The title is what ``title_<page>`` says, else the page's name. What spoils
    the figures stands before them, in red: a function ``warnings_<page>`` says it.
    """
    page = story.__name__.removeprefix("headline_")
    titled = said_of(f"title_{page}")
    title = title or (q.call(titled) if titled else say(page.capitalize()))
    first = [Sentence(text, is_warning=True) for text in (q.call(warnings) if warnings else ())]
    pieces.headline(q, title, [*first, *q.call(story)]).show()


@_in_its_language
def note(q: Period, story: Callable[..., str] | str) -> None:
    """Show a quiet paragraph, how to read it or what cannot be known; nothing for an empty text."""
    text = story if isinstance(story, str) else q.call(story)
    if text:
        pieces.note(say(text)).show()


@_in_its_language
def gap(q: Period, story: Callable[..., str] | str) -> None:
    """Show in one line what is not there and why; a page gathers the gaps of empty sections at its
    end. Nothing for an empty text.
    """
    text = story if isinstance(story, str) else q.call(story)
    if text:
        pieces.gap(say(text)).show()


@_in_its_language
def points(q: Period, story: Callable[..., Sequence[Point]], *, behind: str = "") -> None:
    """Show points under their sections as lists: a brief, a SWOT, a profile; nothing where there is
    none. Their anchor is the story's name without ``points_``; ``behind`` is the title of a fold
    around them.
    """
    said = q.call(story)
    if said:
        pieces.points(story.__name__.removeprefix("points_"), said, behind=say(behind)).show()


@_in_its_language
def cards(q: Period, story: Callable[..., Sequence[Card]]) -> None:
    """Show key figures with their change and history."""
    pieces.cards(q, q.call(story)).show()


@_in_its_language
def actions(
    q: Period,
    story: Callable[..., Sequence[Action]],
    *,
    title: str = "What changed, what to do",
) -> None:
    """Show what changed, what to do, who owns it and by when; one line each, the most important
    first.
    """
    pieces.actions(q, q.call(story), title=title).show()


@_in_its_language
def chart(
    q: Period,
    plot: Callable[..., Any],
    *,
    size: tuple[float, float] | None = None,
    behind: bool = False,
    **options: Any,
) -> None:
    """Show a chart of the period and publish the tables it draws.

    ``plot`` is a function of `kamlib.plots` named ``plot_<x>``; the period fills in the tables and
    settings that its parameters name. Title, subtitle and text alternative are what the story
    ``chart_<x>`` says; ``behind`` folds the chart behind its title. ``options`` go to both, where
    they take them.
    """
    story = said_of(plot.__name__.replace("plot_", "chart_", 1))
    own = {key: value for key, value in options.items() if story and key in wanted(story)}
    said = q.call(story, **own) if story else Said("")
    from kamlib.plots.marks import narrow
    from kamlib.plots.style import axes

    def draw() -> Any:
        own_axes = {} if size is None else {"ax": axes(*size)}
        return q.call(plot, title=said.title, subtitle=said.subtitle, **own_axes, **options)

    drawn, slim = draw(), None
    if pieces.is_wide(drawn):
        with narrow():
            slim = draw()
    for name in wanted(plot):
        if is_published(name):
            publish_table(q, name)
    picked = [str(value) for value in options.values() if isinstance(value, str)]
    name = "-".join([plot.__name__.removeprefix("plot_"), "chart", *picked])
    links = dossier_links(q)
    pieces.chart(drawn, alt=said.alt, narrow=slim, name=name, links=links, behind=behind).show()


@_in_its_language
def look(q: Period, frame: pd.DataFrame | str) -> None:
    """Show a table as its page does, to be sorted, searched and downloaded; nothing is published.

    What ``q.show(…)`` calls. ``frame`` is a table, some of its rows, or its name; any other frame
    is shown whole under made-up headings.
    """
    rows_ = getattr(q, frame) if isinstance(frame, str) else frame
    whose, known = origin(rows_)
    if whose is None or set(getattr(whose, known)) - set(rows_):  # sums of it are no rows of it
        rows_, known = pd.DataFrame(rows_).copy(), "table"
        rows_.attrs = {}
    rows.table(rows_, name=known, book=q.book).show(is_alive=True)


@_in_its_language
def table(
    frame: pd.DataFrame,
    *,
    title: str | None = None,
    caption: str | None = None,
    name: str = "",
    limit: int | None = None,
    behind: bool = False,
) -> None:
    """Show a table that a period answered with, and publish it whole as `tables/<name>.csv`.

    Headings, formats, words, links, the columns a reader sees and the order of rows are the
    catalogue's; title and caption are what the story `table_<name>` says, else the catalogue's.

    Parameters
    ----------
    frame
        The table, or some of its rows: `q.account_status.query("status == 'lost'")`. Any other
        frame is shown whole under made-up headings.
    title, caption
        The finding; and what it is, unit, period, where they are to differ.
    name
        The name to publish under, for a frame that no period answered with.
    limit
        Show only the first so many rows.
    behind
        Show the title alone, the table when it is asked for: what a chart beside it says already.
    """
    q, known = origin(frame)
    if not name and q is None:
        raise KamError(
            "A frame that no period answered with has no name of its own.",
            where="page.table",
            next="Say one: page.table(frame, name='my_table', title='What it shows').",
        )
    publish(frame, name)
    rows.table(
        frame, name=name or known, title=title, caption=caption, limit=limit, behind=behind
    ).show()
