"""Which line of a file holds the column names, and how names are compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set
from pathlib import Path

from kamlib.errors import KamError

LOOKED_AT = 30
_OWN = ("_file", "_row")


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
    for name in names:
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

    return f"[input.{table}]" if table in CANONICAL else "[input]"


def _is_figure(cell: str) -> bool:
    return cell.replace(".", "").replace(",", "").replace("-", "").isdigit()
