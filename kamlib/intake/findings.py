"""What is worth knowing of a table's rows, and when a table is refused for how it is written."""

from __future__ import annotations

import re
from collections.abc import Set

import ibis
import pandas as pd

from kamlib.errors import KamError
from kamlib.intake.casting import cleaned, is_mended, problem, reader
from kamlib.intake.columns import TypedRows
from kamlib.intake.contradictions import check_alike
from kamlib.intake.currencies import code_of, codes_of
from kamlib.intake.forms import GROUP, Reading, usual_reading
from kamlib.intake.notices import Notice
from kamlib.intake.sources.headers import folded, section
from kamlib.intake.sources.sheets import DAY
from kamlib.intake.typed import BETWEEN
from kamlib.tables import Column
from kamlib.words import count as written
from kamlib.words import listed, number

_WRITTEN = ("date", "month", "money", "number")
_MUCH, _MOST = 0.5, 0.9
_HEADS = 20
_MANY_BLANK = 0.1


def check_rows(read: TypedRows, found: pd.DataFrame) -> list[Notice]:
    """Return what is worth knowing of a table's rows.

    ``found`` has one row per reason (missing for rows used): n, mended, open.

    Raises
    ------
    KamError
        A cell can be read in two ways and the book does not say how; most cells of a required
        column are not read, and one line in the book would read them.
    """
    open_cells = found["open"].dropna()
    if len(open_cells):
        raise _unclear(read, open_cells.max())
    rows = int(found["n"].sum())
    if not rows:
        return [
            Notice(read.table.name, f"{read.where} has no rows.", "Add rows, or remove the file.")
        ]
    by_reason = found.dropna(subset=["reason"]).set_index("reason")["n"].to_dict()
    if any(str(reason).endswith(" is not a date") for reason in by_reason):
        _check_heads(read)
    notices = [*_mended(read, int(found["mended"].sum())), *_half_typed(read), *_grouped(read)]
    for column in (read.table.column(name) for name in read.table.names if name in read.given):
        unread = by_reason.get(problem(column), 0)
        if column.type in _WRITTEN:
            notices += check_alike(read, column, is_unread=bool(unread))
        if unread and column.type in _WRITTEN:
            notices += _unread(read, column, int(unread), rows)
        if column.most == 1 and (outside := by_reason.get(f"{column.name} is outside its limits")):
            notices.append(_no_share(read, column, int(outside)))
    for column in (read.table.column(name) for name in read.table.names if name in read.given):
        if column.type == "id" and (damaged := by_reason.get(problem(column))):
            notices.append(_damaged(read, column, int(damaged)))
    blank = by_reason.get("no account_id", 0)
    if blank >= max(2, _MANY_BLANK * rows):
        name = read.theirs["account_id"]
        notices.append(
            Notice(
                read.table.name,
                f"{written(int(blank), 'row')} of {number(rows)} have nothing in '{name}': "
                "it may stand once per group, in the group's first row or a merged cell.",
                "Fill it in every row (in Excel: unmerge, select the blanks, = the cell above).",
            )
        )
    return notices


def _damaged(read: TypedRows, column: Column, rows: int) -> Notice:
    """Tell of ids that a spreadsheet wrote as numbers or days, with one of them."""
    raw = read.cells[column.name]
    text = cleaned(raw)
    is_lost = reader(column, read.rules)(text).isnull() if raw.type().is_string() else raw.isnull()
    lost = read.cells.filter(text.notnull() & is_lost).select(text=text).limit(1)
    shown = "".join(f", such as '{one}'" for one in lost.execute()["text"])
    return Notice(
        read.table.name,
        f"{_where(read, column)}: {written(rows, 'id')} lost figures in a spreadsheet{shown}.",
        "Export again from the program itself; where it must pass through Excel, make the column "
        "text first (Data, From Text, Text).",
    )


def _no_share(read: TypedRows, column: Column, rows: int) -> Notice:
    """Tell how a share is written, of which some are above 1."""
    text = cleaned(read.cells[column.name])
    above = read.cells.filter(text.try_cast("float64") > 1).select(text=text).limit(1)
    shown = next(iter(above.execute()["text"]), "1.5")
    return Notice(
        read.table.name,
        f"{_where(read, column)}: a share is from 0 to 1, and that of {written(rows, 'row')} is "
        f"not, such as '{shown}'.",
        f"Write {shown} percent as {shown}%, or as a part of 1.",
    )


def _grouped(read: TypedRows) -> list[Notice]:
    """Tell of amounts whose point may part thousands in all of them, in a book that says nothing of
    it.
    """
    rules = read.rules
    if "revenue" not in read.given or rules.decimal or rules.has_local_comma:
        return []
    raw = read.cells["revenue"]
    if not raw.type().is_string():
        return []
    points = read.cells.filter(raw.contains(".")).select(text=raw)
    if points.filter(~points["text"].re_search(rf"^\D*{GROUP}\D*$")).limit(1).count().execute():
        return []
    shown = points.limit(1).execute()["text"]
    if shown.empty:
        return []
    return [
        Notice(
            read.table.name,
            f"Every amount with a point has three figures behind it, such as '{shown[0].strip()}': "
            "the point is read as the decimal mark.",
            f'If it parts thousands, say decimal = "," under {section(read.table.name)} in '
            "book.toml.",
        )
    ]


def _check_heads(read: TypedRows) -> None:
    """Refuse a file that repeats its header with the columns in another order: what stands below
    it is not what the first header says.
    """
    own = {name: folded(theirs) for name, theirs in read.theirs.items() if name in read.given}
    texts = {name: cleaned(read.cells[name]) for name in own}
    rows = read.cells.select(**texts)
    is_head = ibis.or_(*(rows[name].lower().isin([*own.values()]) for name in own))
    for row in rows.filter(is_head).limit(_HEADS).to_pyarrow().to_pylist():
        seen = {name: folded(cell or "") for name, cell in row.items()}
        moved = [name for name, cell in seen.items() if cell in own.values() and cell != own[name]]
        if len(moved) > 1 and sum(cell in own.values() for cell in seen.values()) > len(own) / 2:
            raise KamError(
                f"A row repeats the header in another order: '{row[moved[0]]}' stands in "
                f"'{read.theirs[moved[0]]}'. Files of different columns were joined by hand.",
                where=read.where,
                next="Give the parts as files of their own; the kit reads each by its header.",
            )


def are_mixed(signs: Set[str]) -> bool:
    """Return whether currency signs cannot all mean one currency."""
    return bool(signs) and code_of(*signs) is None


def sign_notices(read: TypedRows, signs: Set[str]) -> list[Notice]:
    """Tell of currency signs in the amounts of a book that names no currency."""
    if not signs or (read.rules.currency in {code_of(sign) for sign in signs} and len(signs) == 1):
        return []
    shown = ", ".join(sorted(sign.upper() for sign in signs))
    called = f"the book names no currency, so its figures are called {read.rules.currency}"
    if are_mixed(signs):
        what = (
            f"Amounts have the signs of several currencies ({shown}); {called}, and those of "
            "others are set aside."
        )
        return [Notice(read.table.name, what, "Add a column currency, and a table rates.")]
    others = [code for code in codes_of(*signs) if code != code_of(*signs)]
    more = f" (or {listed(others)})" if others else ""
    say = f'Say currency = "{code_of(*signs)}"{more} above the first [section] in book.toml.'
    return [Notice(read.table.name, f"Amounts have the sign {shown}; {called}.", say)]


def _mended(read: TypedRows, mended: int) -> list[Notice]:
    """Tell of ids that were mended, with one of them as it was written and as it is read."""
    if not mended:
        return []
    said = "had blanks, invisible characters or a number's '.0' around them: mended"
    cells, example = read.cells, ""
    for column in (read.table.column(name) for name in read.table.names if name in read.given):
        raw = cells[column.name]
        if column.type != "id" or not raw.type().is_string():
            continue
        value = reader(column, read.rules)(cleaned(raw))
        found = cells.select(raw=raw, value=value).filter(is_mended(raw, value, read.rules))
        for row in found.order_by("raw").limit(1).to_pyarrow().to_pylist():
            own = read.theirs[column.name]
            example = example or f", such as {row['raw']!r} in '{own}', read as '{row['value']}'"
    return [Notice(read.table.name, f"{written(mended, 'id')} {said}{example}.")]


def _unclear(read: TypedRows, open_cell: str) -> KamError:
    """Return the refusal of a table with a cell that has a meaning only by the book's word."""
    name, _, example = open_cell.partition(BETWEEN)
    column, place = read.table.column(name), section(read.table.name)
    found = usual_reading(column, read.cells, read.rules, place)
    if found is not None and len(found.settings) == 1 and found.open:
        form = re.search('date_format = "([^"]*)"', found.settings[0])
        check_alike(read, column, form=form and form[1], is_unread=False)
    if found is None or not found.settings:
        setting = "date_format" if column.type in ("date", "month") else "decimal"
        return KamError(
            f"'{example}' can be read in two ways, or in none.",
            where=_where(read, column),
            next=f"Say how the column is written: {setting} under {place} in book.toml.",
        )
    return KamError(_what(column, found), where=_where(read, column), next=_next(found))


def _unread(read: TypedRows, column: Column, unread: int, rows: int) -> list[Notice]:
    """Refuse a column that is mostly unread where a line would read it; else tell of the line."""
    found = usual_reading(column, read.cells, read.rules, section(read.table.name))
    if found is None or not found.settings:
        return []
    what = _what(column, found)
    if column.required and unread > _MUCH * rows and found.read >= _MOST * found.cells:
        raise KamError(what, where=_where(read, column), next=_next(found))
    if (form := read.rules.date_format) and f'"{_swapped(form)}"' in found.settings[0]:
        return [
            Notice(
                read.table.name,
                f"{_where(read, column)}: days such as '{found.example}' are written as "
                f"{_swapped(form)}, others as {form}: of those that both read, day and month may "
                "be swapped.",
                "Export the days again in one form, such as 2025-12-31.",
            )
        ]
    if found.is_whole:
        return [Notice(read.table.name, f"{_where(read, column)}: {what}", _next(found))]
    return []


def _swapped(form: str) -> str:
    """Return a form of days with day and month in each other's place.

    >>> _swapped("%d/%m/%Y")
    '%m/%d/%Y'
    """
    return re.sub("%[dm]", lambda part: "%m" if part[0] == "%d" else "%d", form)


def _what(column: Column, found: Reading) -> str:
    kind = "Days" if column.type in ("date", "month") else "Amounts"
    if len(found.settings) > 1:
        return f"'{found.open or found.example}' can be read in two ways."
    if found.open and found.telling:
        return (
            f"{kind} such as '{found.open}' can be read in two ways; "
            f"'{found.telling}' shows how they are written."
        )
    return f"{kind} such as '{found.telling or found.example}' are not read as the book stands."


def _next(found: Reading) -> str:
    if len(found.settings) > 1:
        return f"Say in book.toml which it is: {', or '.join(found.settings)}."
    left = "" if found.is_whole else f", not '{found.left}'"
    return (
        f"Say in book.toml: {found.settings[0]}; it reads {number(found.read)} of "
        f"{number(found.cells)}{left}."
    )


def _where(read: TypedRows, column: Column) -> str:
    own = read.theirs[column.name]
    named = f"column '{own}'" + ("" if own == column.name else f" ({column.name})")
    return f"{read.where}, {named}"


def _half_typed(read: TypedRows) -> list[Notice]:
    """Tell of columns in which some days are days to the workbook and others text."""
    notices = []
    for column in (read.table.column(name) for name in read.given):
        name = "kind_" + column.name
        if column.type != "date" or name not in read.shown:
            continue
        cells = read.cells.select(kind=read.cells[name], text=cleaned(read.cells[column.name]))
        cells = cells.filter(cells["text"].notnull()).mutate(
            is_day=(cells["kind"] == DAY).fill_null(False)
        )
        seen = cells.group_by("is_day").aggregate(n=cells.count(), text=cells["text"].min())
        by_kind = {row["is_day"]: row for row in seen.to_pyarrow().to_pylist()}
        if len(by_kind) == 2:
            days, texts = by_kind[True], by_kind[False]
            notices.append(
                Notice(
                    read.table.name,
                    f"{_where(read, column)}: {number(days['n'])} cells are days to the workbook "
                    f"(such as {days['text'][:10]}) and {number(texts['n'])} are text (such as "
                    f"'{texts['text']}'): a spreadsheet may have swapped day and month in the "
                    "first.",
                    "Check a few against their source; import the column as text, or export again.",
                )
            )
    return sorted(notices, key=lambda notice: notice.what)
