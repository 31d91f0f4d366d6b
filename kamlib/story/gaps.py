"""What a part of a page lacks, in words."""

from __future__ import annotations

from collections.abc import Mapping

from kamlib.words import say


def absent_tables(adds: Mapping[str, str], present: frozenset[str]) -> list[str]:
    """Return what tables would add that the book has not, each with the table's name.

    >>> absent_tables({"needs": "what is in reach", "orders": "sales"}, frozenset({"orders"}))
    ['what is in reach (table needs)']
    """
    return [
        say("{what} (table {table})", what=say(what), table=table)
        for table, what in adds.items()
        if table not in present
    ]
