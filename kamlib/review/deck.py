"""Six slides of PowerPoint's own charts, tables and text, which a user can edit."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kamlib.period.views import AccountPeriod
from kamlib.slides import add_chart, add_lines, add_slide, add_table, new_deck, save_deck
from kamlib.story import review as story
from kamlib.words import month, say

_MOST_SERIES = 5


def write_review(q: AccountPeriod, path: Path) -> Path:
    """Write the review pack of an account and return its path.

    Raises
    ------
    KamError
        python-pptx is not installed.
    """
    deck = new_deck()
    book, name = q.book.title, str(q.accounts["name"].iloc[0])
    foot = f"{book} · {q.span.title}"
    first = add_slide(
        deck,
        say("{name} and {book}: review of {span}", name=name, book=book, span=q.span.title),
        foot,
    )
    add_lines(first, q.call(story.review_agenda), top=2.2, size=22)

    title, lines = q.call(story.review_delivered)
    slide = add_slide(deck, title, foot)
    months, series = _by_month(q.category_history)
    if series:
        add_chart(slide, "COLUMN_STACKED", months, series, number="#,##0")
        add_lines(slide, lines, left=9.4, width=3.4, size=14)
    else:
        add_lines(slide, lines or ["…"], size=18)

    title, lines = q.call(story.review_promises)
    slide = add_slide(deck, title, foot)
    quarters, shares = _by_quarter(q.promises_kept)
    if any(one is not None for one in shares):
        add_chart(
            slide, "COLUMN_CLUSTERED", quarters, {say("on time"): shares}, number="0%", most=1.0
        )
        add_lines(slide, lines, left=9.4, width=3.4, size=14)
    else:
        add_lines(slide, lines, size=18)

    title, points = q.call(story.review_open)
    slide = add_slide(deck, title, foot)
    if points:
        add_table(
            slide, [say("What"), say("Who"), say("Due")], points, widths=(8.0, 2.4, 1.7), size=14
        )
    else:
        add_lines(slide, [say("What else should be on this list?")], size=18)

    title, plans = q.call(story.review_plan)
    slide = add_slide(deck, title, foot)
    add_table(slide, [say("What"), say("Who"), say("By")], plans, widths=(8.0, 2.4, 1.7), size=14)
    below = min(2.4 + 0.45 * len(plans), 5.4)
    add_lines(slide, q.call(story.review_value), top=below, height=1.5, size=18)

    title, dates = q.call(story.review_dates)
    slide = add_slide(deck, title, foot)
    add_table(slide, [say("When"), say("What")], dates, widths=(2.2, 9.9), size=14)
    return save_deck(deck, path, made=q.as_of.to_pydatetime())


def _by_month(history: pd.DataFrame) -> tuple[list[str], dict[str, list[float]]]:
    """Return quarters and, for each of the largest categories and the rest, what was delivered."""
    if history.empty:
        return [], {}
    wide = history.pivot_table(index="month", columns="category", values="revenue", aggfunc="sum")
    order = wide.sum().sort_values(ascending=False, kind="stable").index
    large = wide[order[:_MOST_SERIES]].copy()
    if len(order) > _MOST_SERIES:
        large["other"] = wide[order[_MOST_SERIES:]].sum(axis=1)
    ends = large.index[2::3] if len(large) >= 3 else large.index
    sums = large.groupby(pd.Series(range(len(large)), index=large.index) // 3).sum()
    names = [say("to {end}", end=month(end)) for end in ends]
    sums = sums.iloc[: len(names)]
    return names, {str(name): [float(v) for v in sums[name]] for name in sums}


def _by_quarter(promises: pd.DataFrame) -> tuple[list[str], list[float | None]]:
    names = [say("to {end}", end=month(end)) for end in promises["quarter_end_date"]]
    return names, [None if pd.isna(one) else float(one) for one in promises["on_time_share"]]
