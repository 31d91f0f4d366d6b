"""The digest as slides: the figures and what changed, then what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kamlib.digest.content import WATCHED, Digest
from kamlib.slides import ACCENT, QUIET, WIDTH, add_lines, add_slide, add_table, new_deck, save_deck
from kamlib.words import say

_MOST = 5
"""Figures beside one another, and sentences below them: what a slide can hold."""


def write_slides(digest: Digest, path: Path) -> Path:
    """Write a digest as slides and return its path.

    Raises
    ------
    KamError
        python-pptx is not installed.
    """
    deck = new_deck()
    first = add_slide(deck, digest.title, f"{digest.whom} · {digest.foot}")
    shown = digest.figures()[:_MOST]
    width = (WIDTH - 1.2) / max(1, len(shown))
    for place, figure in enumerate(shown):
        where: dict[str, Any] = {"left": 0.6 + place * width, "width": width - 0.15}
        add_lines(first, [figure["label"]], top=1.3, height=0.5, size=12, colour=QUIET, **where)
        add_lines(
            first,
            [figure["value"]],
            top=1.75,
            height=0.6,
            size=26,
            is_bold=True,
            colour=ACCENT,
            **where,
        )
        said = [text for text in (figure["compared"], figure["note"]) if text]
        add_lines(first, said or [""], top=2.35, height=0.9, size=11, colour=QUIET, **where)
    add_lines(first, digest.sentences[: _MOST + 1], top=3.5, height=3.2, size=16)
    second = add_slide(deck, say("What changed, what to do"), f"{digest.whom} · {digest.foot}")
    rows = [(one["changed"], one["to_do"], one["owner"], one["by"]) for one in digest.lines()]
    heads = (say("What changed"), say("What to do"), say("Owner"), say("By"))
    if rows:
        add_table(second, heads, rows, widths=(5.6, 3.8, 1.4, 1.3), size=12)
    else:
        add_lines(second, [say("Nothing needs doing.")])
    if digest.watched:
        third = add_slide(deck, say(WATCHED), f"{digest.whom} · {digest.foot}")
        add_lines(third, digest.watched, size=16)
    return save_deck(deck, path, made=digest.q.as_of.to_pydatetime())
