"""Which line of a file holds the column names, and how names are compared."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence, Set
from pathlib import Path

from kamlib.errors import KamError

LOOKED_AT = 30
_OWN = ("_file", "_row")
_DAY_CELL = r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ]\d\d?:\d\d\S*)?"
_FEWEST_SHARED, _NEAR = 3, 0.7


def folded(name: str) -> str:
    r"""Return a column's name as names are compared: case, blanks and line breaks aside.

    >>> folded(" Net\nSales ")
    'net sales'
    """
    return " ".join(name.split()).casefold()


def column_names(cells: Sequence[str | None], where: str) -> list[str]:
    """Return the column names of a header, numbered where they are blank.

    Raises
    ------
    KamError
        Two columns have one name, or a column has a name that the kit needs itself.
    """
    names = [
        " ".join((cell or "").split()) or f"column_{number}"
        for number, cell in enumerate(cells, start=1)
    ]
    seen: set[str] = set()
    twice = [name for name, many in Counter(map(folded, names)).items() if many > 1]
    for name in names:
        if folded(name) in seen and len(twice) >= _FEWEST_SHARED:
            raise KamError(
                f"Two tables stand beside each other: '{twice[0]}', '{twice[1]}' and others are "
                "named twice.",
                where=where,
                next="Put the second table below the first, under one header.",
            )
        if folded(name) in seen:
            raise KamError(
                f"Two columns are named '{name}'.", where=where, next="Rename one of them."
            )
        if folded(name) in _OWN or name.startswith("_kind:"):
            raise KamError(
                f"A column is named '{name}'; the kit needs that name itself.",
                where=where,
                next="Rename the column.",
            )
        seen.add(folded(name))
    return names


def are_near(one: Set[str], other: Set[str]) -> bool:
    """Return whether two headers are of one table, a year's with a column more or less: of all
    their names, folded, they share most.

    >>> are_near({"no", "day", "net"}, {"no", "day", "net", "rep"})
    True
    >>> are_near({"no", "day", "net"}, {"no", "sku", "net"})
    False
    """
    return one == other or (
        len(one & other) >= _FEWEST_SHARED and len(one & other) >= _NEAR * len(one | other)
    )


def likely_header(lines: Sequence[Sequence[str | None]], wanted: Set[str]) -> int:
    """Return which of a file's first lines looks like its header: the first, unless a later one
    does far better.

    ``wanted`` are names that a header should hold, folded.

    >>> likely_header([["Sales"], [], ["order_id", "revenue"], ["1", "5"]], {"order_id", "revenue"})
    2
    >>> likely_header([["No", "Net"], ["1", "5"]], {"order_id", "revenue"})
    0
    """
    filled = [[folded(cell) for cell in line if cell and cell.strip()] for line in lines]
    filled = filled[:LOOKED_AT]
    if not filled or wanted & set(filled[0]):
        return 0
    if filled[0][:1] in (["extf"], ["dtvf"]):  # DATEV says in a first line what the file is
        return 1
    for number, cells in enumerate(filled):
        if len(wanted & set(cells)) >= 2:
            return number
    usual = Counter(len(cells) for cells in filled if cells).most_common(1)
    width, times = usual[0] if usual else (0, 0)
    if len(filled[0]) > 1 or width < 3 or times < 2:
        return 0
    for number, cells in enumerate(filled):
        if len(cells) == width and not any(map(_is_figure, cells)):
            return number
    return 0


def is_double(lines: Sequence[Sequence[str | None]]) -> bool:
    """Return whether the first two lines are one header: groups, and below them their columns.

    The upper one leaves blank, or repeats, what the lower one tells apart; the lower one holds no
    figure, where those below it do.

    >>> is_double([["Order", None, "Sum"], ["No", "Day", "Net"], ["1", "x", "5"], ["2", "y", "6"]])
    True
    >>> is_double([["No", "Day", "Money"], ["1", "x", "5"], ["2", "y", "6"]])
    False
    """
    texts = [[(cell or "").strip() for cell in line] for line in lines]
    below = [line for line in texts[2:LOOKED_AT] if sum(map(bool, line)) > 1]
    if len(texts) < 2 or not below:
        return False
    width = max(map(len, texts[:2]))
    upper, lower = (line + [""] * (width - len(line)) for line in texts[:2])
    filled = [folded(cell) for cell in upper if cell]
    gaps = [at for at in range(width) if not upper[at] and lower[at]]
    is_group = len(filled) > 1 and (gaps or len(set(filled)) < len(filled))
    has_names = sum(map(bool, lower)) > 1 and not any(cell[0].isdigit() for cell in lower if cell)
    names = grouped(upper, lower)
    is_apart = len({folded(name) for name in names if name}) == sum(map(bool, names))
    return bool(is_group and has_names and is_apart) and any(
        lower[at] and all(at < len(line) and _is_amount(line[at]) for line in below[:3])
        for at in range(width)
    )


def grouped(upper: Sequence[str | None], lower: Sequence[str | None]) -> list[str | None]:
    """Return the names of a header of two lines: the group's and the column's own.

    >>> grouped(["Order", None, "Net value"], ["Order no", "Day", None])
    ['Order no', 'Order Day', 'Net value']
    """
    names: list[str | None] = []
    group = ""
    for at in range(max(len(upper), len(lower))):
        over = " ".join((upper[at] or "").split()) if at < len(upper) else ""
        own = " ".join((lower[at] or "").split()) if at < len(lower) else ""
        group = over or (group if own else "")
        is_said = folded(own).startswith(folded(group))
        names.append((own if is_said and own else f"{group} {own}".strip()) or None)
    return names


def header_names(
    lines: Sequence[Sequence[str | None]],
    at: int,
    rows: int,
    where: Path,
    table: str,
    *,
    word: str,
) -> tuple[list[str | None], int]:
    """Return the names of a header that begins in a line, counted from 0, and its last line.

    ``rows`` is how many lines it has by the book's word; ``word`` what the file calls a line.

    Raises
    ------
    KamError
        The header has two lines and the book does not say so.
    """
    if rows == 2 and len(lines) > 1:
        return grouped(*lines[:2]), at + 1
    if not is_double(lines):
        return [*lines[0]] if lines else [], at
    shown = ", ".join(f"'{name}'" for name in grouped(*lines[:2])[:4] if name)
    raise KamError(
        f"{word.capitalize()}s {at + 1} and {at + 2} are one header: {shown} …",
        where=f"{where}, {word} {at + 1}",
        next=f"Say header_rows = 2 under {section(table)} in book.toml, or write the names in one "
        f"{word}.",
    )


def no_table(lines: Sequence[Sequence[str | None]], where: Path) -> KamError | None:
    """Return the refusal of a text file that has no header, or cells that nothing parts; nothing
    where it has both.
    """
    first = [(cell or "").strip() for cell in lines[0]] if lines else []
    days = [cell for cell in first if re.fullmatch(_DAY_CELL, cell)]
    figures = [cell for cell in first if re.fullmatch(r"-?\d+([.,]\d+)?", cell)]
    if days and figures and (len(days) < 3 or len(figures) > len(days)):
        return KamError(
            f"The first line is no header but a row ('{days[0]}', '{figures[0]}').",
            where=f"{where}, line 1",
            next="Write a line with the columns' names above it.",
        )
    if len(first) != 1:
        return None
    if any(first[0].count(mark) > 1 for mark in ",;\t|"):
        return KamError(
            "Each line stands in quotation marks as a whole, so that it is one cell.",
            where=f"{where}, line 1",
            next="Take the outer quotation marks away, or export it again.",
        )
    is_row = re.fullmatch(r"\S+(\s+[-\d.,/]+){2,}", first[0])
    if is_row or len(re.findall(r"\S {2,}(?=\S)", first[0])) > 1:
        return KamError(
            "Blanks alone part the columns.",
            where=f"{where}, line 1",
            next="In Excel: Data, From Text, Fixed width; then save it as CSV.",
        )
    return None


def no_header(number: int, first: str, where: Path, table: str, *, word: str) -> KamError:
    """Return the refusal of a file whose first line is a title."""
    return KamError(
        f"{word.capitalize()} 1 is not the header: it holds '{first[:60]}'.",
        where=f"{where}, {word} 1",
        next=f"{word.capitalize()} {number} looks like it: say header_line = {number} "
        f"under {section(table)} in book.toml, or delete what stands above.",
    )


def section(table: str) -> str:
    """Return the heading in ``book.toml`` under which a table's rules of reading stand."""
    from kamlib.tables import CANONICAL

    if table.startswith("raw/"):
        name = table.removeprefix("raw/")
        is_bare = name.isascii() and name.replace("-", "_").isidentifier()
        return f"[input.raw.{name if is_bare else json.dumps(name, ensure_ascii=False)}]"
    return f"[input.{table}]" if table in CANONICAL else "[input]"


def _is_figure(cell: str) -> bool:
    return cell.replace(".", "").replace(",", "").replace("-", "").isdigit()


def _is_amount(cell: str) -> bool:
    return cell.lstrip("-+(€$£ ")[:1].isdigit()
