"""The people at accounts: from a list of contacts, by names of columns and by mail addresses."""

from __future__ import annotations

from collections.abc import Sequence

from kamlib.intake.sources.engine import quoted_name
from kamlib.start.meanings import Meaning, Recognised
from kamlib.start.names import folded, person_names
from kamlib.start.owners import named_columns
from kamlib.start.plan import TablePlan
from kamlib.tables import CANONICAL

CONTACTS = "contacts"
_MAIL = r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$"
_MOSTLY = 0.5
_WHY = "the name of a person"


def plan_contacts(found: Sequence[Recognised], plans: Sequence[TablePlan]) -> TablePlan | None:
    """Return how the table contacts is made: of a file with a person's name and the account by the
    id that the orders have, which its own name calls contacts or which has mail addresses.
    """
    used = {id(export) for plan in plans for export in plan.exports}
    orders, known = plans[0].columns["account_id"], person_names()
    for one in found:
        is_free = id(one.export) not in used and one.has("account_id")
        names = named_columns(one) if is_free and not one.has("order_date") else []
        if not names or not (one.topic == CONTACTS or _mails(one)):
            continue
        if _is_ours(one) or not _share_ids(one, orders):
            continue
        columns = {"account_id": (one, one.known["account_id"])}
        for place, name in zip(("name", "last name"), names, strict=False):
            columns[place] = (one, Meaning(name, _WHY))
        own = {folded(column): column for column in reversed(one.export.columns)}
        for place in ("contact_id", "title"):
            column = next((own[name] for name in known[place] if name in own), "")
            if column and column not in names:
                columns[place] = (one, Meaning(column, "by its name"))
        return TablePlan(CONTACTS, one, columns, is_shared=True)
    return None


def _is_ours(one: Recognised) -> bool:
    """Whether a file is the kit's own table, which comes along as it is."""
    own = {column.casefold() for column in one.export.columns}
    return one.export.name == CONTACTS and {*CANONICAL[CONTACTS].required} <= own


def _mails(one: Recognised) -> bool:
    """Whether a column holds addresses of mail."""
    table = quoted_name(one.export.texts.get_name())
    for column in one.export.columns:
        own, filled = quoted_name(column), one.export.held[column].filled
        sql = f"SELECT count_if(regexp_matches({own}, '{_MAIL}')) FROM {table}"
        if filled and one.export.texts.get_backend().raw_sql(sql).fetchone()[0] > _MOSTLY * filled:
            return True
    return False


def _share_ids(one: Recognised, orders: tuple[Recognised, Meaning]) -> bool:
    """Whether most accounts of a list are accounts of the orders."""
    part, meaning = orders
    parts = ((one, one.known["account_id"].column), (part, meaning.column))
    own, others = (
        set(p.export.texts.select(it=column).distinct().execute()["it"].dropna())
        for p, column in parts
    )
    return len(own & others) > _MOSTLY * len(own)
