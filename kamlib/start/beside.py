"""Exports beside the orders that could be order lines, too: told, or refused as parts of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from kamlib.errors import KamError
from kamlib.intake.calendars import COUNTED, engine_form
from kamlib.intake.sources.engine import quoted, quoted_name
from kamlib.start.exports import PLANS, RETURNS
from kamlib.start.meanings import Recognised
from kamlib.start.names import folded
from kamlib.start.plan import TablePlan
from kamlib.words import listed

_FEWEST = 3


def beside(found: Sequence[Recognised], plans: Sequence[TablePlan]) -> Iterator[str]:
    """Yield what to tell of exports that could be order lines and are not used.

    Raises
    ------
    KamError
        Their days and columns show that they are the sales of other months.
    """
    used = {id(export) for plan in plans for export in plan.exports}
    counted = plans[0].base
    for one in found:
        is_paid = one.has("revenue") or one.has("quantity", "unit_price")
        is_sold = is_paid and one.has("account_id", "order_date") and one.topic != PLANS
        if id(one.export) in used or not is_sold:
            continue
        if one.topic == RETURNS:
            yield (
                f"{one.export.title} is not taken off, though its name says that it was given "
                f"back: put its rows below those of {counted.export.title}, with a minus."
            )
            continue
        _check_part(one, counted)
        yield (
            f"{one.export.title} holds amounts by customer and day, too; counted are those of "
            f"{counted.export.title} alone. If both are sales, put them under one header."
        )


def _check_part(one: Recognised, counted: Recognised) -> None:
    """Refuse an export of the same columns as the orders, but for some names, and other days."""
    own, others = (_days(part) for part in (one, counted))
    shared = {*map(folded, one.export.columns)} & {*map(folded, counted.export.columns)}
    if not own or not others or len(shared) < _FEWEST:
        return
    if own[0] <= others[1] and others[0] <= own[1]:
        return
    names = {folded(name): name for name in counted.export.columns}
    lacking = [name for name in one.export.columns if folded(name) not in names]
    fresh = [name for key, name in names.items() if key not in {*map(folded, one.export.columns)}]
    raise KamError(
        f"{one.export.title} holds sales of {own[0]} to {own[1]}, {counted.export.title} those of "
        f"{others[0]} to {others[1]}, under other names of columns: "
        f"{listed([f'{name!r}' for name in lacking]) or 'fewer'} there, "
        f"{listed([f'{name!r}' for name in fresh]) or 'fewer'} here.",
        where=one.export.title,
        next="Give the columns one name in all files, then kam new again.",
    )


def _days(part: Recognised) -> tuple[date, date] | None:
    """Return the first and the last day of an export, as far as its form tells them."""
    meaning, base = part.known["order_date"], part.export
    own = quoted_name(meaning.column)
    lines = meaning.reading.settings[:1] if meaning.reading else ()
    form = next((line.split('"')[1] for line in lines if "date_format" in line), "")
    if form in COUNTED:
        return None
    read = f"try_strptime({own}::VARCHAR, {quoted(engine_form(form))})" if form else "NULL"
    day = f"coalesce(TRY_CAST(left({own}::VARCHAR, 10) AS DATE), {read}::DATE)"
    table = quoted_name(base.texts.get_name())
    sql = f"SELECT min({day}), max({day}), count({day}) FROM {table}"
    first, last, many = base.texts.get_backend().raw_sql(sql).fetchone()
    return (first, last) if many else None
