"""The book: a folder that describes one company's data, and the settings in its ``book.toml``.

Every setting is optional but the title; each default is the one of the definitions, and the value
used is printed in the reports.
"""

from __future__ import annotations

import os
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    field_validator,
    model_validator,
)

from kamlib.book.criteria import ScoringSettings
from kamlib.book.limits import SegmentationSettings
from kamlib.errors import KamError, nearest
from kamlib.tables import CANONICAL
from kamlib.words import languages

Model = TypeVar("Model", bound=BaseModel)


class Settings(BaseModel):
    """Base of all settings: unknown keys are refused, values never change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FiscalYear(Settings):
    """``[fiscal_year]``: the month it begins with; it is named for the year in which it ends."""

    first_month: int = Field(1, ge=1, le=12)


class TableInput(Settings):
    """How files are written: of the whole book (``[input]``) or of one table (``[input.orders]``).

    ``sheet`` names a workbook's sheet, or several that are alike; ``header_line`` is the line, or
    row of a sheet, that holds the column names; with ``header_rows = 2`` the one below it names
    the columns within its groups. More than ``most_set_aside`` of the rows, or of the
    money, that could not be used is announced; of orders it also makes the exit code 1.
    """

    encoding: str = "utf-8"
    delimiter: str | None = Field(None, min_length=1, max_length=1)
    decimal: Literal[".", ","] | None = None
    date_format: str | None = Field(None, min_length=1)
    time_zone: str | None = Field(None, min_length=1)
    duplicates: Literal["accept", "set aside"] = "accept"
    fold_case: bool = False
    largest_file_mb: int = Field(2000, ge=1)
    sheet: str | tuple[str, ...] | None = Field(None, min_length=1)
    most_set_aside: float = Field(0.10, ge=0, le=1)
    header_line: int | None = Field(None, ge=1)
    header_rows: int = Field(1, ge=1, le=2)


_OF_TABLES: dict[str, Any] = dict.fromkeys(CANONICAL, (TableInput | None, None))


class InputSettings(create_model("_PerTable", __base__=TableInput, **_OF_TABLES)):  # type: ignore[misc]
    """``[input]``: how the book's files are written; ``[input.<table>]``: where one differs.

    ``[input.raw.<name>]`` says it of one file, folder or sheet in ``raw/``.
    """

    raw: dict[str, TableInput] = Field(default_factory=dict)

    def of(self, table: str) -> TableInput:
        """Return how one table's files are written: what is said of it, else of the book.

        >>> InputSettings(decimal=",", orders={"decimal": "."}).of("orders").decimal
        '.'
        """
        kind, _, name = table.rpartition("/")
        own = self.raw.get(name) if kind else getattr(self, table, None)
        return self.model_copy(update=own.model_dump(exclude_unset=True) if own else {})


class FreshnessSettings(Settings):
    """``[freshness]``: how far the data may end before a period does, in days.

    Without ``warn_after`` it is :data:`QUIET_DAYS`, or the longest time without orders in the year
    before where that is more; without ``refuse_after`` a period is refused that the data do not
    reach into.
    """

    warn_after: int | None = Field(None, ge=0)
    refuse_after: int | None = Field(None, ge=0)


QUIET_DAYS = 14
"""A silence of so many days at a period's end is no news."""


class KeyAccountSettings(Settings):
    """``[key_accounts]``: what a key account is in this company, and the admission line."""

    definition: str = ""
    version: str = ""
    top_n: int | None = Field(None, ge=1)
    min_score: float | None = Field(None, ge=1, le=10)
    at_most: int = Field(20, ge=1)

    @model_validator(mode="after")
    def _one_line(self) -> KeyAccountSettings:
        if self.top_n is not None and self.min_score is not None:
            raise ValueError("give top_n or min_score, not both: there is one admission line")
        return self


class LossSettings(Settings):
    """``[loss]``: the loss criterion, in multiples of an account's usual gap."""

    overdue: float = Field(2.0, gt=0)
    lost: float = Field(3.0, gt=0)
    min_silence_days: int = Field(90, ge=0)
    new_days: int = Field(180, ge=0)
    min_gaps: int = Field(3, ge=1)


class WinBackSettings(Settings):
    """``[win_back]``: the money for offers."""

    budget: float | None = Field(None, ge=0)
    second_life_share: float | None = Field(None, ge=0)


class ValueSettings(Settings):
    """``[value]``: how later money is valued."""

    discount_rate: float = Field(0.10, ge=0, lt=1)


class DeliverySettings(Settings):
    """``[delivery]``: when a delivery counts as late."""

    on_day_is_late: bool = False


class HealthSettings(Settings):
    """``[health]``: the weights of the parts of an account's health; they need not sum to 1."""

    rhythm: float = Field(0.25, ge=0)
    trend: float = Field(0.15, ge=0)
    breadth: float = Field(0.10, ge=0)
    on_time: float = Field(0.08, ge=0)
    satisfaction: float = Field(0.08, ge=0)
    contact: float = Field(0.07, ge=0)
    people: float = Field(0.05, ge=0)
    plan: float = Field(0.05, ge=0)
    payment: float = Field(0.05, ge=0)
    margin: float = Field(0.07, ge=0)
    renewal: float = Field(0.05, ge=0)


class ProgrammeSettings(Settings):
    """``[programme]``: what the programme review measures against."""

    hours_per_contact: float = Field(3.0, gt=0)
    contact_every_days: float = Field(30.0, gt=0)
    hours_per_account: float = Field(0.0, ge=0)
    hours_per_month: float = Field(140.0, gt=0)
    accounts_per_manager: tuple[int, int] = (1, 3)
    revenue_per_manager: float | None = Field(None, gt=0)
    fixed: tuple[str, ...] = ()
    service_holds_hours: bool = False
    move_penalty: float = Field(0.05, ge=0)
    team_roles: tuple[str, ...] = ("sales", "marketing", "technical support", "delivery")
    plan_fresh_days: int = Field(180, ge=1)
    required_rating: float = Field(3.0, ge=1, le=5)
    required_ratings: dict[str, float] = Field(default_factory=dict)
    readiness: dict[
        Literal["sales_cycle", "potential", "expand", "competition", "capability"], str
    ] = Field(default_factory=dict)


class ConnectionSettings(Settings):
    """``[connection]``: the engine that the ``.sql`` files run in; without it the kit's own.

    ``url`` names variables of the environment, as ``${KAM_DB_URL}``: no secret stands in a book.
    ``dialect``: the statements are written in DuckDB's, or in the engine's own (``native``).
    """

    url: str = ""
    dialect: Literal["duckdb", "native"] = "duckdb"

    @field_validator("url")
    @classmethod
    def _no_secret(cls, value: str) -> str:
        is_file = re.match(r"(duckdb|sqlite)://", value)
        said = re.sub(r"\$\{\w+\}", "", value)
        if "@" in said or (value and said == value and not is_file):
            raise ValueError(
                'an address with a password does not belong here: say url = "${KAM_DB_URL}" '
                "and set that variable in the environment"
            )
        return value


class BookSettings(Settings):
    """Everything a ``book.toml`` may say.

    ``language`` is that of pages, charts, workbook and digest; ``locale`` says how figures
    are written, where it is not that of the language, and reads cells of files that have one
    meaning in it (``12,5``), never one of two (``1.234``).
    """

    title: str = Field(min_length=1)
    currency: str = Field("EUR", min_length=1, max_length=8)
    language: str = "en"
    locale: str = "en"
    complete_to: date | None = None
    fiscal_year: FiscalYear = FiscalYear()
    connection: ConnectionSettings = ConnectionSettings()
    input: InputSettings = InputSettings()
    columns: dict[str, dict[str, str]] = Field(default_factory=dict)
    freshness: FreshnessSettings = FreshnessSettings()
    key_accounts: KeyAccountSettings = KeyAccountSettings()
    segmentation: SegmentationSettings = SegmentationSettings()
    scoring: ScoringSettings = ScoringSettings()
    loss: LossSettings = LossSettings()
    win_back: WinBackSettings = WinBackSettings()
    value: ValueSettings = ValueSettings()
    delivery: DeliverySettings = DeliverySettings()
    programme: ProgrammeSettings = ProgrammeSettings()
    health: HealthSettings = HealthSettings()

    @field_validator("language")
    @classmethod
    def _known_language(cls, value: str) -> str:
        known = ["en", *languages()]
        if value not in known:
            raise ValueError(f"no language '{value}': {nearest(value, known)}")
        return value

    @field_validator("columns")
    @classmethod
    def _known_tables(cls, value: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        for table, renames in value.items():
            if table not in CANONICAL:
                raise ValueError(f"no table '{table}': {nearest(table, CANONICAL)}")
            for column in renames:
                if column not in CANONICAL[table].names:
                    raise ValueError(
                        f"{table} has no column '{column}': "
                        f"{nearest(column, CANONICAL[table].names)}"
                    )
        return value


def read_settings(folder: Path) -> BookSettings:
    """Return the settings of the book in a folder.

    Raises
    ------
    KamError
        There is no such folder or no ``book.toml``; it is not TOML; a key is unknown (the nearest
        known one is named); a value does not fit.
    """
    file = folder / "book.toml"
    if not os.path.isdir(folder):  # a name that is too long is that of no folder
        name = str(folder)[:200]
        raise KamError(
            f"There is no book '{name}'.", where=name, next="Check the path of the book."
        )
    if not file.is_file():
        raise KamError(
            "The folder is no book: it has no book.toml.",
            where=str(folder),
            next='Add a file book.toml with the line: title = "Your company"',
        )
    try:
        text = file.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text)
    except UnicodeDecodeError:
        raise KamError(
            "book.toml is not written in UTF-8.", where=str(file), next="Save it as UTF-8."
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise KamError(
            f"book.toml cannot be read: {error}.", where=str(file), next="Mend that line."
        ) from None
    return validated(BookSettings, content, text, str(file))


def validated(model: type[Model], content: dict[str, Any], text: str, file: str) -> Model:
    """Return TOML content as a settings object, or the first thing wrong with it, with its line."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        first = next(
            (e for e in error.errors() if e["type"] == "extra_forbidden"), error.errors()[0]
        )
        path = [part for part in first["loc"] if isinstance(part, str)]
        dotted = ".".join(str(part) for part in first["loc"])
        where = f"{file}, line {line_of(text, first['loc'])}, key '{dotted}'" if path else file
        if first["type"] == "extra_forbidden":
            known = _fields_at(model, first["loc"][:-1])
            raise KamError(
                f"Unknown key '{path[-1]}'.", where=where, next=nearest(path[-1], known)
            ) from None
        if first["type"] == "missing" and isinstance(first["loc"][-1], str):
            raise KamError(
                f"'{path[-1]}' is missing.", where=where, next=f"Add a line: {path[-1]} = …"
            ) from None
        message = first["msg"].removeprefix("Value error, ").rstrip(".")
        end = "" if message.endswith("?") else "."
        raise KamError(
            f"'{dotted}' does not fit: {message}{end}", where=where, next="Mend that value."
        ) from None


def line_of(text: str, loc: tuple[str | int, ...]) -> int:
    r"""Return the line of a TOML text in which a key stands; its table's line when the key is
    absent.

    >>> line_of('title = "x"\n\n[loss]\nlots = 3\n', ("loss", "lots"))
    4
    >>> line_of('[[actions]]\nid = "1"\n[[actions]]\nid = "2"\n', ("actions", 1, "owner"))
    3
    """
    tables = [part for part in loc[:-1] if isinstance(part, str)]
    wanted = ".".join(tables)
    nth = next((part for part in loc if isinstance(part, int)), 0)
    here, seen, best = "", -1, 1
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?", line)
        if header and "=" not in line.split("]")[0]:
            here = header[1].replace('"', "").replace("'", "")
            if here == wanted or (loc and here == str(loc[-1])):
                seen += 1
                if seen <= nth:
                    best = number
            continue
        key = re.match(r"\s*([\w.\"'-]+)\s*=", line)
        if not key or not loc:
            continue
        name = key[1].replace('"', "").replace("'", "")
        full = f"{here}.{name}" if here else name
        if full == ".".join([*tables, str(loc[-1])]) and (not wanted or seen in (-1, nth)):
            return number
        if name == (tables[0] if tables else loc[0]) and not here:
            best = number
    return best


def _fields_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """Return the known keys of the settings that a location leads to."""
    for part in loc:
        if isinstance(part, int):
            continue
        annotation = model.model_fields[part].annotation
        found = _models_in(annotation)
        if not found:
            return []
        model = found[0]
    return [field.alias or name for name, field in model.model_fields.items()]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in getattr(annotation, "__args__", ()) for model in _models_in(inner)]
