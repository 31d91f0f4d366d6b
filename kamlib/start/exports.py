"""The files that people have, each a table of text in the engine, with what reading it takes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, reduce
from hashlib import sha256
from operator import or_
from pathlib import Path
from typing import Any

import pandas as pd

from kamlib.errors import KamError
from kamlib.intake.cells import Held, clean_cells, held
from kamlib.intake.rules import Rules
from kamlib.intake.sources import Engine
from kamlib.intake.sources.copies import database_tables
from kamlib.intake.sources.engine import quoted_name
from kamlib.intake.sources.files import FORMS, WORKBOOKS, table_word
from kamlib.intake.sources.headers import are_near
from kamlib.intake.sources.sheets import KIND, sheet_names
from kamlib.intake.sources.tables import Source, read_raw
from kamlib.start.encodings import check_encodings, encoding_of
from kamlib.start.encodings import told as read_as
from kamlib.start.names import about, all_names, folded, vocabulary
from kamlib.words import listed

DATABASES = (".duckdb", ".ddb", ".db", ".sqlite", ".sqlite3")
PLANS, RETURNS = "plans", "returns"
_TRIES = 6
_LONGEST_HEAD = 100_000
_SETTINGS = {
    "encoding": str,
    "header_line": int,
    "header_rows": int,
    "sheet": str,
    "delimiter": str,
}


@dataclass(frozen=True)
class Export:
    """A table as people have it.

    ``name`` is its name in ``raw/``; ``rules`` are the settings without which it is not read, and
    ``told`` why each is needed. ``turned`` is the statement that makes rows of it where its own are
    none, ``meant`` what the columns so made mean; ``called`` is what people know it by where its
    file was made here.
    """

    name: str
    files: tuple[Path, ...]
    source: Source
    rules: dict[str, Any] = field(default_factory=dict)
    told: tuple[str, ...] = ()
    turned: str = ""
    meant: Mapping[str, str] = field(default_factory=dict)
    called: str = ""

    @property
    def relation(self) -> str:
        """What a statement selects from: its table in ``raw/``, or what was made of that."""
        return self.turned or quoted_name(self.name)

    @property
    def rows(self) -> Any:
        """Its rows in the engine."""
        return self.source.rows

    @property
    def columns(self) -> list[str]:
        """Its own column names."""
        own = (c for c in self.rows.columns if c not in ("_file", "_row", "set_aside"))
        return [c for c in own if not c.startswith(KIND)]

    @cached_property
    def texts(self) -> Any:
        """Its rows with every cell as text, cleaned."""
        return clean_cells(self.rows, self.columns, is_typed=self.source.is_typed)

    @cached_property
    def held(self) -> Mapping[str, Held]:
        """What each of its columns holds."""
        return held(self.texts, self.columns)

    @property
    def title(self) -> str:
        """What to call it in a sentence."""
        if self.called:
            return self.called
        if self.sheets:
            return f"{self.files[0].name} [{listed(self.sheets)}]"
        more = f" and {len(self.files) - 1} more" if len(self.files) > 1 else ""
        return self.files[0].name + more

    @property
    def sheets(self) -> list[str]:
        """The sheets that it is, where its workbook has others too."""
        said = self.rules.get("sheet", ())
        return [said] if isinstance(said, str) else list(said)

    @property
    def topic(self) -> str:
        """What the name of its sheet, its file or its table says that it is about."""
        names = [*self.sheets[:1], self.files[0].stem, self.name]
        return next((topic for name in names if (topic := about(name))), "")

    @property
    def place(self) -> str:
        """The name of its file in ``raw/``, without its ending."""
        return table_word(self.files[0].stem) if self.sheets else self.name


def read_exports(given: Iterable[Path | str], engine: Engine, scratch: Path) -> list[Export]:
    """Read files, folders of files, database files and addresses of databases.

    Raises
    ------
    KamError
        A file is not there, or cannot be read by any setting that can be told for sure.
    """
    found: list[Export] = []
    for one in given:
        if "://" in str(one):
            found += _read_database(str(one), engine, scratch)
            continue
        path = Path(one)
        if path.is_dir():
            parts = sorted(p for p in path.iterdir() if p.suffix.lower() in FORMS)
            found += _read_parts(path, parts, engine)
        elif path.suffix.lower() in DATABASES:
            found += _read_database(path, engine, scratch)
        elif path.is_file():
            found += _read_file(path, engine)
        else:
            raise KamError("There is no such file.", where=str(path), next="Check its path.")
    return _named_apart(_united(_each_once(found), engine))


def _each_once(found: list[Export]) -> list[Export]:
    """Leave out a file that is another one again, as browsers keep what is fetched twice."""
    kept: dict[object, Export] = {}
    for one in found:
        content = b"".join(sha256(file.read_bytes()).digest() for file in one.files)
        key = (content, *one.sheets)
        if key not in kept:
            kept[key] = one
        elif one.files != kept[key].files:
            said = f"{one.title} is the same file again and is not read"
            kept[key] = replace(kept[key], told=(*kept[key].told, said))
    return [*kept.values()]


def _united(found: list[Export], engine: Engine) -> list[Export]:
    """Read files of one header and form as one table; lists of accounts stay apart."""
    return [
        group[0]
        if len(group) == 1
        else _read(group[0].name, [file for one in group for file in one.files], engine)
        for group in _alike(found, _form_of)
    ]


def _form_of(one: Export) -> object:
    """Return what tables share that can be one: lists of accounts, and sheets, stay apart; so does
    what plans, or was given back, by its name.
    """
    if one.topic == "accounts" or one.sheets:
        return id(one)
    place = [one.rules.get(rule) for rule in ("header_line", "header_rows")]
    return one.files[0].suffix.lower(), _apart(one.topic), place


def _apart(topic: str) -> str:
    return topic if topic in (PLANS, RETURNS) else ""


def _alike(found: list[Export], form_of: Callable[[Export], object]) -> list[list[Export]]:
    """Return tables in groups of one form and one header, give or take a column."""
    groups: list[list[Export]] = []
    for one in found:
        own = frozenset(map(folded, one.columns))
        for group in groups:
            first = frozenset(map(folded, group[0].columns))
            if form_of(one) == form_of(group[0]) and are_near(first, own):
                group.append(one)
                break
        else:
            groups.append([one])
    return groups


def _read_parts(folder: Path, parts: list[Path], engine: Engine) -> list[Export]:
    """Read a folder: files of one header are one table, others a table each."""
    if not parts:
        raise KamError(
            "The folder has no file that can be read.",
            where=str(folder),
            next=f"It may hold {', '.join(FORMS)}.",
        )
    single = [one for part in _of_each_head(parts) for one in _read_file(part, engine)]
    is_one_table = len(parts) > 1 == len({tuple(one.columns) for one in single})
    if is_one_table and len({part.suffix.lower() for part in parts}) == 1:
        return [_read(table_word(folder.name), parts, engine)]
    return [one for part in parts for one in _read_file(part, engine)]


def _of_each_head(parts: list[Path]) -> list[Path]:
    """Return one text file of each first line, and all workbooks."""
    found: dict[object, Path] = {}
    for part in parts:
        with part.open("rb") as stream:
            first = stream.readline(_LONGEST_HEAD)
        found.setdefault(part if part.suffix.lower() in WORKBOOKS else first, part)
    return [*found.values()]


def _read_file(file: Path, engine: Engine) -> list[Export]:
    """Read a file: a table, or of a workbook whose sheets differ one per header."""
    name = table_word(file.stem)
    if file.suffix.lower() not in WORKBOOKS or len(sheets := sheet_names(file)) == 1:
        return [_read(name, [file], engine)]
    found, refused = [], []
    for sheet in sheets:
        try:
            found.append(_read(f"{name}_{table_word(sheet)}", [file], engine, sheet=sheet))
        except KamError as error:
            refused.append((f"Sheet '{sheet}' is not read: {error.what}", error))
    if not found:
        raise refused[0][1]
    groups = _alike(found, _rules_of)
    apart = [one.sheets[0] for one in found if _apart(about(one.sheets[0]))]
    if any(0 < sum(one.sheets[0] in apart for one in group) < len(group) for group in groups):
        return [_without(apart, file, name, found, engine, is_whole=len(groups) == 1)]
    if len(groups) == 1 and not refused:
        return [_read(name, [file], engine, **_rules_of(found[0]))]
    tables = [
        group[0]
        if len(group) == 1
        else _read(
            group[0].name,
            [file],
            engine,
            **group[0].rules | {"sheet": tuple(one.sheets[0] for one in group)},
        )
        for group in groups
    ]
    tables[0] = replace(tables[0], told=(*tables[0].told, *(said for said, _ in refused)))
    return tables


def _without(
    apart: list[str], file: Path, name: str, found: list[Export], engine: Engine, *, is_whole: bool
) -> Export:
    """Read the sheets of a workbook but those that are no sale by their name, under one header."""
    if not is_whole:
        raise KamError(
            f"The sheets {listed(one.sheets[0] for one in found)} hold what is sold and what is "
            f"planned or given back ({listed(apart)}) under one header.",
            where=str(file),
            next=f"Keep {listed(apart)} in a file of its own.",
        )
    rest = tuple(one.sheets[0] for one in found if one.sheets[0] not in apart)
    read = _read(name, [file], engine, **_rules_of(found[0]), sheet=rest)
    said = [f"Sheet '{sheet}' is not read: by its name it is no sale" for sheet in apart]
    return replace(read, told=(*read.told, *said))


def _rules_of(one: Export) -> dict[str, Any]:
    return {key: value for key, value in one.rules.items() if key != "sheet"}


def _read(name: str, files: list[Path], engine: Engine, **said: Any) -> Export:
    """Read a table; where it is refused and the refusal names the setting, read it by that."""
    rules: dict[str, Any] = dict(said)
    told: list[str] = []
    engine.loaded += 1
    for _ in range(_TRIES):
        try:
            source = read_raw(
                f"kam_new_{engine.loaded}",
                files,
                Rules(currency="EUR", is_currency_said=False, **rules),  # type: ignore[arg-type]
                frozenset(all_names()),
                engine,
            )
            if _has_commas(source) and "decimal" not in rules:
                return _read(name, files, engine, **rules, decimal=",")
            if "encoding" in rules and "encoding" not in said:
                check_encodings(rules["encoding"], files)
            return Export(name, tuple(files), source, rules, tuple(told))
        except KamError as error:
            named = (file for file in files if str(file) in error.where)
            fresh = _proposed(error, next(named, files[0]))
            if not fresh or fresh.items() <= rules.items():
                raise
            rules |= fresh
            told.append(read_as(fresh["encoding"], files) if "encoding" in fresh else error.what)
    raise KamError("The file cannot be read.", where=str(files[0]), next="Export it again as CSV.")


def _has_commas(source: Source) -> bool:
    """Whether texts of a workbook have a decimal comma, as its numbers then must be written."""
    if not source.is_excel:
        return False
    cells = [source.rows[c].re_search(_COMMA).any() for c in source.rows.columns if c[0] != "_"]
    return bool(source.rows.aggregate(any=reduce(or_, cells)).execute()["any"].iloc[0])


_COMMA = r"^[-(]?(\d{1,3}(\.\d{3})+|\d+),\d{1,2}[-)]?$"


def _proposed(error: KamError, file: Path) -> dict[str, Any]:
    """Return the setting that a refusal names; of an encoding what the bytes look like."""
    said = re.search(
        r'\b(encoding|header_line|header_rows|sheet|delimiter) = ("[^"]*"|\[[^\]]*\]|\d+)',
        error.next,
    )
    if said is None:
        return {}
    if said[2].startswith("["):
        return {said[1]: tuple(json.loads(said[2]))}
    value = said[2].strip('"')
    if said[1] == "encoding" and not value.startswith("utf"):
        value = encoding_of([file])
    return {said[1]: _SETTINGS[said[1]](value)}


def _read_database(where: Path | str, engine: Engine, scratch: Path) -> list[Export]:
    """Copy the tables of a database that have a known column to Parquet and read those."""
    tables, views = database_tables(where)
    place = where.name if isinstance(where, Path) else ""
    found = _copied(tables, place, engine, scratch)
    if found and views:
        said = f"{listed(sorted(views))} is not read: the rows of a view stand in tables"
        found[0] = replace(found[0], told=(*found[0].told, said))
    found = found or _copied(views, place, engine, scratch)
    if not found:
        raise KamError(
            "The database has no table with orders or customers.",
            where=where.name if isinstance(where, Path) else "the address given",
            next="Name another one, or export its tables to CSV.",
        )
    return found


def _copied(
    tables: Mapping[str, pd.DataFrame], place: str, engine: Engine, scratch: Path
) -> list[Export]:
    found = []
    for name, frame in tables.items():
        known = {key for key, names in vocabulary().items() if _has(frame, names)}
        if not about(name) and not known & {"order_id", "account_id", "product_id"}:
            continue
        file = scratch / f"{table_word(name)}.parquet"
        frame.to_parquet(file, index=False)
        read = _read(table_word(name), [file], engine)
        found.append(replace(read, called=f"{place} [{name}]" if place else name))
    return found


def _has(frame: pd.DataFrame, names: Iterable[str]) -> bool:
    return bool({folded(column) for column in frame.columns} & set(names))


def _named_apart(found: list[Export]) -> list[Export]:
    names: set[str] = set()
    apart = []
    for one in found:
        name, number = one.name, 2
        if name in names and one.sheets:
            raise KamError(
                f"Two workbooks are called '{one.files[0].name}'.",
                where=str(one.files[0]),
                next="Rename one of them.",
            )
        while name in names:
            name, number = f"{one.name}_{number}", number + 1
        names.add(name)
        apart.append(replace(one, name=name))
    return apart
