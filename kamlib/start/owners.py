"""The names of those who own accounts: from a list of people, where the orders know their ids."""

from __future__ import annotations

from collections.abc import Sequence

from kamlib.start.meanings import Meaning, Recognised
from kamlib.start.names import folded, person_names
from kamlib.start.plan import TablePlan


def plan_owners(found: Sequence[Recognised], plans: Sequence[TablePlan]) -> TablePlan | None:
    """Return how the table managers is made: of a file with the id of an owner and a name, in one
    column or in two.
    """
    used = {id(export) for plan in plans for export in plan.exports}
    if not any("manager_id" in plan.columns for plan in plans):
        return None
    for one in found:
        names = named_columns(one)
        if names and id(one.export) not in used and one.has("manager_id"):
            columns = {"manager_id": (one, one.known["manager_id"])}
            for place, name in zip(("name", "last name"), names, strict=False):
                columns[place] = (one, Meaning(name, "the name of a person"))
            return TablePlan("managers", one, columns, is_shared=True)
    return None


def named_columns(one: Recognised) -> list[str]:
    """Return the columns that make a person's name: one of the whole, else first and last."""
    own = {folded(column): column for column in reversed(one.export.columns)}
    parts = {
        part: next((own[name] for name in names if name in own), "")
        for part, names in person_names().items()
    }
    whole = [parts["whole"]] if parts["whole"] else [parts["first"], parts["last"]]
    return whole if all(whole) else []
