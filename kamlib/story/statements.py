"""What a page says, as data: sentences, key figures, actions. How they look is the page's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Sentence:
    """A sentence of a headline; `link` leads to its evidence, `account` to a dossier; a warning
    says what spoils the others.
    """

    text: str
    link: str = ""
    account: str = ""
    is_warning: bool = False


@dataclass(frozen=True)
class Card:
    """A key figure: its value, what to compare it with, its history, which way is good."""

    label: str
    value: Any
    unit: Literal["money", "share", "count", "number", "text"] = "money"
    previous: Any = None
    year_ago: Any = None
    history: tuple[Any, ...] = ()
    good: Literal["up", "down", "neither"] = "up"
    note: str = ""
    link: str = ""
    year_ago_label: str = ""  # without it the period a year ago


@dataclass(frozen=True)
class Action:
    """One line of the front page: what changed, what to do, who, by when."""

    changed: str
    to_do: str = ""
    owner: str = ""
    by: Any = ""
    link: str = ""
    account: str = ""


@dataclass(frozen=True)
class Point:
    """A point of a list that is read, under its section: a label where it has one, and the evidence
    it rests on.
    """

    section: str
    text: str
    label: str = ""
    evidence: str = ""


@dataclass(frozen=True)
class Said:
    """What stands over a chart or a table: the finding, what is shown, its alt text."""

    title: str
    subtitle: str = ""
    alt: str = ""
