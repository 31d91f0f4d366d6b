"""The account plan: ``plans/<account_id>.toml``, or the file that says ``account_id``, read and
checked.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from pydantic import AfterValidator, Field, model_validator

from kamlib.book import Settings, line_of, validated
from kamlib.errors import KamError, nearest
from kamlib.tables import shaped


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("it is blank")
    return text.strip()


Words = Annotated[str, AfterValidator(_said)]
Horizon = Literal["short", "medium", "long"]


class Mark(Settings):
    """One entry of ``progress``: how far it was on a day."""

    date: date
    done: float = Field(ge=0, le=1)


class Relationship(Settings):
    """``[relationship]``: where we stand, contacts planned per month, the next meeting."""

    summary: str = ""
    rhythm: float | None = Field(None, ge=0)
    next_meeting: date | None = None


class AccountTexts(Settings):
    """``[account]``: the account's business, and what is critical to it."""

    goals: str = ""
    structure: str = ""
    environment: str = ""
    culture: str = ""
    financials: str = ""
    critical_to_customer: str = ""


class Swot(Settings):
    """``[swot]``: the account's business seen from four sides."""

    strengths: tuple[str, ...] = ()
    weaknesses: tuple[str, ...] = ()
    opportunities: tuple[str, ...] = ()
    threats: tuple[str, ...] = ()


OF_CATEGORY = ("revenue", "category_share")
MEASURES = (*OF_CATEGORY, "margin_rate", "categories", "on_time", "satisfaction", "users")
"""What an objective can be measured by, from the data of the book."""


class Objective(Settings):
    """``[[objectives]]``: what is to be reached, by whom and when."""

    id: Words
    horizon: Horizon
    kind: Literal["missed", "won", "growth"] = "growth"
    text: Words
    owner: Words
    due: date
    target: str | float | None = None
    measure: str = ""
    done: float = Field(0.0, ge=0, le=1)
    expected_value: float | None = None
    closed: date | None = None
    lesson: str = ""
    progress: tuple[Mark, ...] = ()

    @model_validator(mode="after")
    def _known_measure(self) -> Objective:
        what, colon, category = self.measure.partition(":")
        if not self.measure:
            return self
        if what not in MEASURES:
            raise ValueError(f"there is no measure '{what}'; measures are {', '.join(MEASURES)}")
        is_bare = what == "category_share" and not category
        if is_bare or (colon and what not in OF_CATEGORY):
            raise ValueError("only revenue and category_share are of a category: revenue:Drives")
        if not isinstance(self.target, float):
            raise ValueError("a measured objective needs a target that is a number")
        if self.target <= 0:
            raise ValueError("a measured objective needs a target above 0")
        return self

    @property
    def measured_category(self) -> str:
        """The category that the measure is of; nothing where it is of none."""
        return self.measure.partition(":")[2].strip()


class Action(Settings):
    """``[[actions]]``: a step towards an objective."""

    id: Words
    objective: str = ""
    horizon: Horizon
    text: Words
    owner: Words
    due: date
    done: float = Field(0.0, ge=0, le=1)
    progress: tuple[Mark, ...] = ()


class Programme(Settings):
    """``[programme]``: our own offer, the contact card, the sales–marketing coordination."""

    offer: str = ""
    contact_card: str = ""
    coordination: str = ""


class Plan(Settings):
    """An account plan as its file says it."""

    account_id: Words
    updated: date | None = None
    start: date | None = None
    relationship: Relationship = Field(
        default_factory=lambda: Relationship(rhythm=None, next_meeting=None)
    )
    account: AccountTexts = AccountTexts()
    swot: Swot = Swot()
    objectives: tuple[Objective, ...] = ()
    actions: tuple[Action, ...] = ()
    programme: Programme = Programme()


@dataclass(frozen=True)
class PlanReading:
    """What came of reading a plan: the plan, or none; and what is wrong with its file."""

    plan: Plan | None = None
    problem: KamError | None = None


def read_plan(path: Path | str, account_id: str | None = None) -> Plan:
    """Return the plan in a file.

    Raises
    ------
    KamError
        The first thing wrong, with file and line: not UTF-8, no TOML, an unknown key (the nearest
        known one is named), a missing owner, a value that does not fit, another account's id, an id
        used twice, an action of an unknown objective, a due or closing day before the plan's start.
    """
    return _plan_in(*_opened(Path(path)), account_id)


def _opened(path: Path) -> tuple[bytes, str]:
    """Return what a file holds, and the name that it is told of by."""
    shown = f"{path.parent.name}/{path.name}" if path.parent.name else path.name
    try:
        return path.read_bytes(), shown
    except OSError:
        raise KamError(
            "The plan cannot be opened.", where=shown, next="Check that the file is there."
        ) from None


def _plan_in(held: bytes, shown: str, account_id: str | None) -> Plan:
    try:
        text = held.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        content = tomllib.loads(text)
    except UnicodeDecodeError:
        raise KamError(
            "The plan is not written in UTF-8.", where=shown, next="Save it as UTF-8."
        ) from None
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        what = str(error).split(" (at ")[0]
        raise KamError(
            f"The plan is no valid TOML: {what}.",
            where=f"{shown}, line {line}",
            next="Mend that line.",
        ) from None
    outline = _outline(text)
    plan = validated(Plan, content, outline, shown)
    for loc, what, next_ in _contradictions(plan, account_id):
        raise KamError(
            what, where=f"{shown}, line {line_of(outline, loc)}, key '{loc[-1]}'", next=next_
        )
    return plan


def plan_reading(*, plans: dict[str, Path], account_id: str) -> PlanReading:
    """The account's plan, or none and what is wrong with its file.

    A missing plan is no problem: the dossier's completeness says that there is none.

    Examples
    --------
    >>> plan_reading(plans={}, account_id="A")
    PlanReading(plan=None, problem=None)
    """
    if account_id not in plans:
        return PlanReading()
    try:
        return PlanReading(_read_once(*_opened(plans[account_id]), account_id))
    except KamError as error:
        return PlanReading(problem=error)


@lru_cache(maxsize=1 << 16)
def _read_once(held: bytes, shown: str, account_id: str) -> Plan:
    """Return the plan in what a file holds: many tables ask for it, each period has a copy."""
    return _plan_in(held, shown, account_id).model_copy(update={"account_id": account_id})


def plan(plan_reading: PlanReading) -> Plan | None:
    """The account's plan, or none where there is none that can be read.

    Examples
    --------
    >>> import kamlib as kam
    >>> me = kam.open_period("data/sample", "2025-Q3").account("A0004")
    >>> me.plan.account_id
    'A0004'
    """
    return plan_reading.plan


def plan_problems(plan_reading: PlanReading, *, account_id: str) -> pd.DataFrame:
    """One row per problem that keeps the account's plan from being read: none, or the first.

    Examples
    --------
    >>> import kamlib as kam
    >>> me = kam.open_period("data/sample", "2025-Q3").account("A0004")
    >>> me.plan_problems.empty
    True
    """
    error = plan_reading.problem
    if error is None:
        return shaped("plan_problems", [])
    file, _, rest = error.where.partition(", line ")
    line = re.match(r"\d+", rest)
    row = {
        "account_id": account_id,
        "file": file,
        "line": int(line[0]) if line else 0,
        "problem": error.what,
        "next": error.next,
    }
    return shaped("plan_problems", [row])


def _outline(text: str) -> str:
    """Return the text with multi-line strings and comments emptied, line for line.

    What stands inside a text cannot then be taken for a key or a table.
    """
    blank = re.compile(
        r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL
    )

    def emptied(found: re.Match[str]) -> str:
        part = found[0]
        if part.startswith(('"""', "'''")):
            return '""' + "\n" * part.count("\n")
        return part if part.startswith(('"', "'")) else ""

    return blank.sub(emptied, text)


def plan_place(account_id: str) -> str:
    r"""Return where an account's plan belongs; an id that is no file name takes any.

    >>> plan_place("ACME")
    'plans/ACME.toml'
    >>> plan_place("12/7")
    "a file in plans/ that says account_id = '12/7'"
    """
    is_file_name = len(account_id) <= 80 and not re.search(r'[\\/:*?"<>|]', account_id)
    return (
        f"plans/{account_id}.toml"
        if is_file_name
        else f"a file in plans/ that says account_id = '{account_id}'"
    )


def plan_parts(plan: Plan) -> dict[str, bool]:
    """Return the plan's 17 parts and whether they say something."""
    near, account, swot = plan.relationship, plan.account, plan.swot
    parts: dict[str, object] = {
        "summary": near.summary,
        "rhythm": near.rhythm,
        "next meeting": near.next_meeting,
    }
    parts |= {name.replace("_", " "): getattr(account, name) for name in type(account).model_fields}
    parts |= {name: getattr(swot, name) for name in type(swot).model_fields}
    parts |= {"objectives": plan.objectives, "actions": plan.actions}
    parts |= {"offer": plan.programme.offer, "contact card": plan.programme.contact_card}
    return {name: _says_something(value) for name, value in parts.items()}


def _says_something(value: object) -> bool:
    return value.strip() != "" if isinstance(value, str) else value is not None and value != ()


def _plain(account_id: str) -> str:
    return unicodedata.normalize("NFC", account_id).strip().lower()


def _contradictions(plan: Plan, account_id: str | None):
    """Yield place, problem and remedy of what each value by itself cannot show."""
    if account_id is not None and _plain(plan.account_id) != _plain(account_id):
        what = (
            f"The plan is named for account '{account_id}' but says account_id = "
            f"'{plan.account_id}'."
        )
        yield ("account_id",), what, "Rename the file or mend account_id."
    both: tuple[tuple[str, str, tuple[Objective | Action, ...]], ...] = (
        ("objectives", "Objective", plan.objectives),
        ("actions", "Action", plan.actions),
    )
    for table, word, rows in both:
        seen: set[str] = set()
        for i, row in enumerate(rows):
            if row.id in seen:
                yield (
                    (table, i, "id"),
                    f"{word} '{row.id}' is there twice.",
                    "Give each its own id.",
                )
            seen.add(row.id)
            for key in ("due", "closed"):
                day = getattr(row, key, None)
                if plan.start and day and day < plan.start:
                    what = (
                        f"{word} '{row.id}': {key} {day} is before the plan's start {plan.start}."
                    )
                    remedy = "Mend the date, or the start at the top of the file."
                    yield (table, i, key), what, remedy
    objectives = {objective.id for objective in plan.objectives}
    for i, action in enumerate(plan.actions):
        if action.objective and action.objective not in objectives:
            what = f"Action '{action.id}' serves an unknown objective '{action.objective}'."
            help_ = nearest(action.objective, objectives) if objectives else "Add the objective."
            yield ("actions", i, "objective"), what, help_
