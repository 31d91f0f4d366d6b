"""The data dictionary: every table and column of the kit, read from the code that makes them.

``python -m kamlib.dictionary docs/tables.md`` writes it, with ``--check`` it only compares.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from kamlib.tables import CANONICAL

_MODULES = (
    "period.activity",
    "intake",
    "segmentation",
    "scoring",
    "retention",
    "btyd",
    "dossier",
    "programme",
    "overview",
)
_TYPES = {
    "id": "text, never a number",
    "text": "text",
    "choice": "one of",
    "date": "day",
    "month": "month",
    "money": "amount",
    "number": "number",
    "flag": "yes or no",
}


@dataclass(frozen=True)
class Entry:
    """One table that a function returns: its name, module, row and columns with their meaning."""

    name: str
    module: str
    row: str
    columns: dict[str, str]


def table_functions() -> Iterator[tuple[str, Callable]]:
    """Yield module and function for every calculation that documents the columns it returns."""
    for module_name in _MODULES:
        module = import_module(f"kamlib.{module_name}")
        for name, function in sorted(inspect.getmembers(module, inspect.isfunction)):
            own = function.__module__.startswith(f"kamlib.{module_name}")
            if own and not name.startswith("_") and "Columns\n" in (function.__doc__ or ""):
                yield module_name, function


def entries() -> list[Entry]:
    """Return every table that a calculation returns, by module and name."""
    return [
        Entry(function.__name__, module, _row(function), documented_columns(function))
        for module, function in table_functions()
    ]


def documented_columns(function: Callable) -> dict[str, str]:
    """Return column → meaning from the ``Columns`` section of a docstring."""
    lines = iter(inspect.cleandoc(function.__doc__ or "").splitlines())
    columns: dict[str, str] = {}
    for line in lines:
        if line.strip() == "Columns" and set(next(lines, "").strip()) == {"-"}:
            break
    last = ""
    for line in lines:
        if not line.strip():
            break
        if line.startswith(" ") and last:
            columns[last] += " " + line.strip()
            continue
        names, found, meaning = line.partition(":")
        if not found or set(names) == {"-"}:
            break
        for last in (name.strip() for name in names.split(",")):
            columns[last] = meaning.strip()
    return columns


def _row(function: Callable) -> str:
    return " ".join(inspect.cleandoc(function.__doc__ or "").split("\n\n")[0].split())


def dictionary() -> str:
    """Return the data dictionary as Markdown."""
    lines = [
        "# Tables",
        "",
        "Made from the code by `python -m kamlib.dictionary docs/tables.md`; do not edit.",
        "A published CSV has the name of the function that makes it. Shares are 0–1, money is in the book's currency,",
        "`month` is the month's last day.",
        "",
        "## What a book may hold",
        "",
    ]
    for table in CANONICAL.values():
        lines += [f"### {table.name}", "", f"One row per {table.row}. Gives {table.adds}.", ""]
        lines += ["| column | type |", "|---|---|"]
        for column in table.columns:
            kind = _TYPES[column.type] + (f" {', '.join(column.choices)}" if column.choices else "")
            if column.least is not None:
                most = f" to {column.most:g}" if column.most is not None else " or more"
                kind += f", {column.least:g}{most}"
            lines.append(
                f"| {'**' + column.name + '**' if column.required else column.name} | {kind} |"
            )
        lines.append("")
    module = ""
    for entry in entries():
        if entry.module != module:
            module = entry.module
            lines += [f"## kamlib.{module}", ""]
        lines += [f"### {entry.name}", "", entry.row, "", "| column | meaning |", "|---|---|"]
        lines += [
            f"| {name} | {meaning.replace('|', '/')} |" for name, meaning in entry.columns.items()
        ]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write the dictionary to a file, or compare it with ``--check``; return 1 where it is stale."""
    file = Path(next(argument for argument in arguments if not argument.startswith("-")))
    text = dictionary()
    if "--check" in arguments:
        return 0 if file.is_file() and file.read_text(encoding="utf-8") == text else 1
    file.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
