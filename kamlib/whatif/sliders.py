"""The same under controls: move them, and see who enters and leaves."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import pandas as pd

from kamlib.errors import KamError
from kamlib.page import rows
from kamlib.period import Period
from kamlib.whatif.answer import Answer, what_if
from kamlib.words import MISSING, count, money, share

MOST_SHOWN = 30


def sliders(q: Period) -> Any:
    """Return controls for the settings of a period, with what they change below them.

    Works where notebooks show widgets (JupyterLab, VS Code); `what_if` gives the same without.

    Examples
    --------
    >>> import kamlib as kam
    >>> from kamlib.whatif import sliders
    >>> sliders(kam.open_period("data/sample", "2025-Q3"))    # doctest: +SKIP
    """
    return Board(q).box


class Board:
    """Controls and what they change. `controls`: name → control; `shown`, `lines`: the answer."""

    def __init__(self, q: Period) -> None:
        import ipywidgets

        self.q, self.kit = q, ipywidgets
        self.answer: Answer | None = None
        self.weights = {
            one.name: self._float(f"Weight: {one.name}", one.weight, 0.0, 1.0, 0.01)
            for one in q.book.scoring.in_use
        }
        rule, book = q.admission_rule, q.book
        if rule.min_score is None:
            self.line = self._int("Places on the line", rule.top_n or 1, 1, 60)
        else:
            self.line = self._float("Admission line", rule.min_score, 1.0, 10.0, 0.1)
        self.a = self._float("Class A ends at", book.segmentation.abc[0], 0.05, 0.95, 0.01)
        self.b = self._float("Class B ends at", book.segmentation.abc[1], 0.10, 1.0, 0.01)
        self.lost = self._float("Lost after, × usual gap", book.loss.lost, 1.0, 8.0, 0.1)
        most = max(float(q.offers["cost"].max() if len(q.offers) else 0) * 40, 1000.0)
        budget = book.win_back.budget
        self.budget = self._int(
            "Win-back budget",
            int(most if budget is None else budget),
            0,
            int(max(most, budget or 0)),
            step=max(int(most) // 100, 1),
        )
        self.start = {name: control.value for name, control in self.controls.items()}
        self.shown, self.lines = (
            ipywidgets.HTML(),
            ipywidgets.Textarea(
                description="book.toml", rows=6, layout={"width": "46rem"}, disabled=False
            ),
        )
        self.back = ipywidgets.Button(description="As in the book")
        self.back.on_click(lambda _: self.reset())
        for control in self.controls.values():
            control.observe(self._moved, names="value")
        self.box = ipywidgets.VBox([*self.controls.values(), self.back, self.shown, self.lines])
        self._moved()

    @property
    def controls(self) -> dict[str, Any]:
        """Every control by its name."""
        named = {"line": self.line, "a": self.a, "b": self.b, "lost": self.lost}
        return {**self.weights, **named, "budget": self.budget}

    def reset(self) -> None:
        """Put every control where the book has it."""
        for name, value in self.start.items():
            self.controls[name].value = value

    def wanted(self) -> dict[str, Any]:
        """Return what differs from the book, as `what_if` takes it."""
        moved = {
            name: control.value
            for name, control in self.controls.items()
            if control.value != self.start[name]
        }
        found: dict[str, Any] = {
            name: moved[name] for name in ("line", "lost", "budget") if name in moved
        }
        if self.weights.keys() & moved.keys():
            found["weights"] = {name: control.value for name, control in self.weights.items()}
        if {"a", "b"} & moved.keys():
            found["abc"] = (self.a.value, self.b.value)
        return found

    def _moved(self, *_: Any) -> None:
        try:
            self.answer = what_if(self.q, **self.wanted())
        except KamError as error:
            told = escape(f"{error.what} {error.next}")
            self.shown.value, self.lines.value = f"<p>{told}</p>", ""
            return
        self.shown.value = self._told(self.answer)
        self.lines.value = self.answer.toml

    def _told(self, answer: Answer) -> str:
        book = self.q.book
        figures = answer.figures
        wording: dict[str, Callable[[float], str]] = {
            "money": partial(money, source=book),
            "share": partial(share, source=book),
            "count": lambda value: f"{value:.0f}",
        }
        said = pd.DataFrame({"figure": figures["figure"]})
        for column in ("now", "then"):
            said[column] = [
                MISSING if value != value else wording[unit](value)
                for unit, value in zip(figures["unit"], figures[column], strict=True)
            ]
        said.columns = ["What", "As it is", "With these settings"]
        top = rows.table(said, name="what_if_figures", title=str(answer), book=book)
        moves = rows.table(
            answer.moves.head(MOST_SHOWN).drop(columns="account_id"),
            name="what_if_moves",
            title=f"Who enters and who leaves: {count(len(answer.moves), 'move')}",
            book=book,
        )
        return top.dressed() + moves.dressed()

    def _float(self, text: str, value: float, low: float, high: float, step: float) -> Any:
        return self.kit.FloatSlider(
            value=value,
            min=low,
            max=high,
            step=step,
            description=text,
            readout_format=".2f",
            continuous_update=False,
            style={"description_width": "14rem"},
            layout={"width": "40rem"},
        )

    def _int(self, text: str, value: int, low: int, high: int, step: int = 1) -> Any:
        return self.kit.IntSlider(
            value=value,
            min=low,
            max=max(high, value),
            step=step,
            description=text,
            continuous_update=False,
            style={"description_width": "14rem"},
            layout={"width": "40rem"},
        )
