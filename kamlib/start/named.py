"""Files that are tables of the kit by their own name and columns: they come along as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kamlib.intake.sources.headers import folded
from kamlib.start.meanings import Meaning, Recognised
from kamlib.start.plan import TablePlan
from kamlib.tables import CANONICAL


def plan_named(found: Sequence[Recognised], plans: Sequence[TablePlan]) -> Iterator[TablePlan]:
    """Yield a plan for every file that is called like a table of the kit (``rates.csv``), has the
    columns that it needs, and makes no other table.
    """
    used = {id(export) for plan in plans for export in plan.exports}
    made = {plan.table for plan in plans}
    for one in found:
        export = one.export
        if export.name not in CANONICAL or export.name in made or id(export) in used:
            continue
        table, own = CANONICAL[export.name], {folded(name): name for name in export.columns}
        if not export.turned and not export.sheets and {*table.required} <= own.keys():
            columns = {
                name: (one, Meaning(own[name], "its own name"))
                for name in table.names
                if name in own
            }
            yield TablePlan(export.name, one, columns)
