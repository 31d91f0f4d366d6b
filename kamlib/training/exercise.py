"""An exercise: a question, hints in steps, the answer that is known, and what people mistake."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from kamlib.training.known import Known
from kamlib.words import count, date, listed, money, number, share

Answer = Any


@dataclass(frozen=True)
class Mistake:
    """A common misconception: what it leads to, and why that is wrong."""

    name: str
    wrong: Callable[[Known], Answer]
    why: str


@dataclass(frozen=True)
class Exercise:
    """One exercise of a chapter.

    Attributes
    ----------
    id
        Chapter and letter: 3b.
    kind
        How it is answered: count, number, share, money, day, word, account or accounts.
    answer
        What is right, from what is known of the company.
    solution
        Lines of Python that a learner may write; the last one is the answer.
    because
        Why it is right; ``{answer}`` stands for the answer.
    fits
        For questions with more than one right answer: whether one is right.
    """

    id: str
    kind: str
    question: str
    hints: tuple[str, ...]
    answer: Callable[[Known], Answer]
    solution: str
    because: str
    mistakes: tuple[Mistake, ...]
    fits: Callable[[Known, Answer], bool] | None = None

    @property
    def chapter(self) -> int:
        """The number of the chapter."""
        return int(self.id[:-1])


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and why."""

    is_right: bool
    text: str
    mistake: str = ""
    is_read: bool = True


def judged(exercise: Exercise, known: Known, given: Answer) -> Verdict:
    """Return whether an answer is right, and why: from the truth, or by a known mistake."""
    form = _form(exercise.kind, given)
    if form:
        return Verdict(False, form, is_read=False)
    right = exercise.answer(known)
    if _is_right(exercise, known, given, right):
        return Verdict(True, exercise.because.format(answer=said(exercise.kind, right, known)))
    for mistake in exercise.mistakes:
        if is_same(exercise.kind, given, mistake.wrong(known)):
            return Verdict(False, mistake.why, mistake.name)
    return Verdict(False, _nearness(exercise.kind, given, right))


def _is_right(exercise: Exercise, known: Known, given: Answer, right: Answer) -> bool:
    if exercise.fits is not None:
        return exercise.fits(known, given)
    return is_same(exercise.kind, given, right)


def is_same(kind: str, given: Answer, right: Answer) -> bool:
    """Return whether two answers say the same: amounts to half a percent, names however written.

    >>> is_same("money", 1003, 1000), is_same("share", 0.52, 0.58), is_same("word", " y", "Y")
    (True, False, True)
    """
    if kind == "count":
        return float(given) == float(right)
    if kind in ("number", "share", "money"):
        least = {"share": 0.0051, "money": 1.0, "number": 0.051}[kind]
        return abs(float(given) - float(right)) <= max(least, 0.005 * abs(float(right)))
    if kind == "day":
        return pd.Timestamp(given).normalize() == pd.Timestamp(right).normalize()
    if kind == "accounts":
        return _ids(given) == _ids(right)
    return str(given).strip().casefold() == str(right).strip().casefold()


def said(kind: str, value: Answer, known: Known) -> str:
    """Return an answer as people read it."""
    book = known.q.book
    if kind == "account":
        return f"{known.name(str(value))} ({value})"
    if kind == "accounts":
        return listed([known.name(one) for one in sorted(_ids(value))])
    written: dict[str, Callable[[Any], str]] = {
        "count": lambda one: number(int(one), book),
        "number": lambda one: number(round(float(one), 2), book),
        "share": lambda one: share(one, book),
        "money": lambda one: money(one, book),
        "day": lambda one: date(pd.Timestamp(one)),
    }
    return written.get(kind, str)(value)


def _ids(given: Answer) -> set[str]:
    many = [given] if isinstance(given, str) else list(given)
    return {str(one).strip().upper() for one in many}


_FORMS = {
    "count": "a whole number, such as 12",
    "number": "a number, such as 3.7",
    "share": "a share between 0 and 1, such as 0.42 for 42 %",
    "money": "an amount, such as 125000",
    "day": 'a day, such as "2025-10-31"',
    "accounts": 'a list of account ids, such as ["A0001", "A0002"]',
    "account": 'an account id, such as "A0001"',
    "word": 'a word between quotes, such as "X"',
}


def form_of(kind: str) -> str:
    """Return how an answer is to be given."""
    return _FORMS[kind]


def _form(kind: str, given: Answer) -> str:
    """Return what is wrong with an answer's form; nothing where it can be judged."""
    wanted = f"Give {_FORMS[kind]}."
    try:
        if kind in ("count", "number", "share", "money"):
            value = float(given)
            if value != value:
                return f"This is no figure at all (nan). {wanted}"
            if kind == "share" and 2 < abs(value) <= 200:
                return f"As a share this is {value / 100:g}. {wanted}"
        elif kind == "day":
            pd.Timestamp(given)
        elif kind == "accounts":
            if isinstance(given, str) or not isinstance(given, Iterable):
                return wanted
        elif isinstance(given, pd.Series | pd.DataFrame | list | tuple | set):
            return f"That is more than one thing. {wanted}"
    except (TypeError, ValueError):
        return f"This cannot be read{_slip(given)}. {wanted}"
    return ""


def _slip(given: Answer) -> str:
    """Return what is in the way of a figure, for an answer that is text or a table."""
    if isinstance(given, pd.Series | pd.DataFrame):
        return ": it is a table, and one figure of it is asked"
    if isinstance(given, str) and re.search(r"\d", given):
        if "%" in given:
            return ": leave the percent sign out"
        if "," in given:
            return ": a decimal has a point, and thousands have no sign"
    return ""


def _nearness(kind: str, given: Answer, right: Answer) -> str:
    if kind in ("count", "number", "share", "money"):
        return "It is too high." if float(given) > float(right) else "It is too low."
    if kind == "accounts":
        common = len(_ids(given) & _ids(right))
        return f"{count(common, 'account')} of yours would be right."
    return "It is another one."
