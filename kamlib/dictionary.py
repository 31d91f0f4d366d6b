"""What the kit makes known of itself: the data dictionary, the public names, the graph of tables.

``python -m kamlib.dictionary`` writes ``docs/tables.md``, ``docs/graph.svg``,
``kamlib/__init__.pyi`` and ``kamlib/languages/messages.pot`` anew from the catalogue and the code;
with ``--check`` it only compares.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from inspect import getmembers, isfunction
from pathlib import Path
from pkgutil import iter_modules

from kamlib.period.graph import READ, calculations
from kamlib.tables import CANONICAL, OutputTable, catalogue

ROOT = Path(__file__).resolve().parents[1]
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
_TIMES = {
    "window": "window",
    "12 months": "12 months to the as-of day",
    "fiscal year": "fiscal year to date",
    "since admission": "time since admission",
}
_AREAS = {
    "intake": "What was read",
    "period": "Order lines, condensed by the engine",
    "segmentation": "Segmentation",
    "scoring": "Scoring",
    "retention": "Retention",
    "btyd": "Buying models",
    "dossier": "Dossier",
    "programme": "Programme",
    "evidence": "Evidence: how good the estimates were",
    "verdict": "One verdict an account",
    "ahead": "Ahead",
    "overview": "Front page",
}


def dictionary() -> str:
    """Return the data dictionary as Markdown."""
    lines = [
        "# Tables",
        "",
        "Made by `python -m kamlib.dictionary`; do not edit. A period answers by these names",
        "(`q.account_classes`), and a published CSV has its table's name. Shares are 0–1, money "
        "is in",
        "the book's currency, `month` is the month's last day. One name has one meaning "
        "everywhere.",
        "",
        "## What a book may hold",
        "",
    ]
    for table in CANONICAL.values():
        lines += [f"### {table.name}", "", f"One row per {table.row}. Gives {table.adds}.", ""]
        lines += ["| column | type |", "|---|---|"]
        for column in table.columns:
            kind = _TYPES[column.type]
            kind += f" {', '.join(column.choices)}" if column.choices else ""
            if column.least is not None:
                most = f" to {column.most:g}" if column.most is not None else " or more"
                kind += f", {column.least:g}{most}"
            name = f"**{column.name}**" if column.required else column.name
            lines.append(f"| {name} | {kind} |")
        lines.append("")
    for area, title in _AREAS.items():
        lines += [f"## {title}", ""]
        for output in catalogue().tables.values():
            if output.area == area:
                lines += _entry(output)
    return "\n".join(lines).rstrip() + "\n"


def _entry(table: OutputTable) -> list[str]:
    known = catalogue().columns
    where = "" if table.area in READ else f" Made by `kamlib.{table.made_in}.{table.name}`."
    of_one = " A table of one account: `q.account(…)`." if table.scope else ""
    time = f" Amounts are those of the {_TIMES[table.time]}." if table.time else ""
    rows = [
        f"| {name} | {known[name].type} | {known[name].heading} | {known[name].meaning} |"
        for name in table.columns
    ]
    return [
        f"### {table.name}",
        "",
        f"{table.row}{time}{of_one}{where}",
        "",
        "| column | type | heading | meaning |",
        "|---|---|---|---|",
        *rows,
        "",
    ]


def public_names() -> dict[str, str]:
    """Return public name → module: how to open a period, every calculation, every plot."""
    import kamlib.plots as plots

    found = {"open_period": "period", **calculations()}
    for module in iter_modules(plots.__path__):
        content = import_module(f"{plots.__name__}.{module.name}")
        for name, function in getmembers(content, isfunction):
            if name.startswith("plot_") and function.__module__ == content.__name__:
                found[name] = f"plots.{module.name}"
    return dict(sorted(found.items()))


def stub() -> str:
    """Return the stub of the package: every public name and where it comes from."""
    lines = [f"from .{module} import {name} as {name}" for name, module in public_names().items()]
    heads = ["from . import page as page", "from . import plots as plots"]
    return "\n".join([*heads, *sorted(lines), "", "__version__: str", ""])


def written() -> dict[Path, Callable[[], str]]:
    """Return each file made here with what makes it."""
    from kamlib.messages import POT, template
    from kamlib.plots.lineage import graph_picture

    return {
        ROOT / "docs" / "tables.md": dictionary,
        ROOT / "docs" / "graph.svg": graph_picture,
        ROOT / "kamlib" / "__init__.pyi": stub,
        POT: template,
    }


def main(arguments: list[str]) -> int:
    """Write the files, or compare them with ``--check``; return 1 where one is stale."""
    stale = 0
    for file, make in written().items():
        text = make()
        if "--check" in arguments:
            is_same = file.is_file() and file.read_text(encoding="utf-8") == text
            stale += not is_same
            sys.stdout.write(
                "" if is_same else f"{file.name} is stale: python -m kamlib.dictionary\n"
            )
        else:
            file.write_text(text, encoding="utf-8")
    return int(stale > 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
