"""Files of one table that are written unlike: days of one day first, of another month first; a
decimal point here, a decimal comma there.

A table is read by one form. A file none of whose cells needs that form, while some fit its
opposite alone, is written the other way; and then those of its cells that both read are misread
without anyone being told. So such a file is refused by name.
"""

from __future__ import annotations

import re

import pandas as pd

from kamlib.errors import KamError
from kamlib.intake.columns import TypedRows
from kamlib.intake.notices import Notice
from kamlib.intake.sources.engine import quoted, quoted_name
from kamlib.tables import Column
from kamlib.words import listed

_TWO_FIRST = re.compile(r"%-?([dm])([-/. ])%-?([dm])\2%-?[yY]")
"""A form of days that begins with day and month, or month and day, as numbers."""
_DOTTED = "%d.%m.%Y"
_HEAD = 10
_LAST_MONTH = 12
_SHOWN = 3
_FEWEST_MONTHS, _FEWEST_FILES = 3, 2
_OPEN = r"^\D*[1-9]\d{0,2}[.,]\d{3}[^\d.,]*$"
"""An amount whose mark may part thousands or be the decimal one."""
_ORDER = {"d": "day first", "m": "month first"}
_MARK = {".": "a decimal point", ",": "a decimal comma"}


def check_alike(
    read: TypedRows, column: Column, *, form: str | None = None, is_unread: bool
) -> list[Notice]:
    """Refuse files of a table that write a column of days or amounts otherwise than it is read;
    tell of a file whose days look as if.

    ``form`` is how the days are read, where that is not said in the book; ``is_unread`` whether
    cells of the column were not read.

    Raises
    ------
    KamError
        A file contradicts the form of the others, with a cell that shows it and one that would be
        misread.
    """
    if not read.cells[column.name].type().is_string():
        return []
    if column.type == "date":
        return _check_days(read, column, form)
    if column.type in ("money", "number") and is_unread and read.rules.decimal:
        _check_marks(read, column, read.rules.decimal)
    return []


def _check_days(read: TypedRows, column: Column, form: str | None) -> list[Notice]:
    form = form or read.rules.date_format or (_DOTTED if read.rules.has_dotted_days else "")
    said = _TWO_FIRST.match(form)
    if said is None or said[1] == said[3]:
        return []
    seen = _heads(read, column, said[2], is_day_first=said[1] == "d")
    if seen["file"].nunique() < _FEWEST_FILES:
        return []
    files = seen.groupby("file").agg(
        own=("is_own", "any"),
        other=("is_other", "any"),
        open=("is_open", "any"),
        days=("day", "nunique"),
        months=("month", "nunique"),
        day=("day", "min"),
        month=("month", "min"),
    )
    unlike = files.index[files["other"] & ~files["own"] & files["open"]]
    if len(unlike):
        shown = seen[seen["file"].eq(unlike[0])]
        example = shown.loc[shown["is_other"], "head"].iloc[0]
        misread = shown.loc[shown["is_open"], "head"].iloc[0]
        raise _refusal(
            read,
            column,
            list(unlike),
            f"The files do not write their days alike: {{}} {_ORDER[said[3]]} ('{example}'), so "
            f"that '{misread}' would be misread: the days are read as {form}.",
            _turned(form, said, list(unlike)),
        )
    return _odd_days(read, column, files, form, said)


def _heads(read: TypedRows, column: Column, mark: str, *, is_day_first: bool) -> pd.DataFrame:
    """Return one row per file and beginning of a day, of those that begin with two numbers: which
    numbers, and by which order they can be read.
    """
    cells, own = read.cells.get_backend(), quoted_name(column.name)
    table = f"({cells.compile(read.cells)})"
    if not cells.raw_sql(f"SELECT min(_file) <> max(_file) FROM {table}").fetchone()[0]:
        return pd.DataFrame({"file": []})
    seen = cells.raw_sql(
        f"SELECT _file AS file, left(trim({own}), {_HEAD}) AS head FROM {table} "
        f"WHERE contains({own}, {quoted(mark)}) GROUP BY ALL ORDER BY ALL"
    ).df()
    numbers = seen["head"].str.extract(rf"^(\d{{1,2}}){re.escape(mark)}(\d{{1,2}})(?!\d)")
    seen = seen[numbers.notna().all(axis=1)]
    first, second = (numbers.loc[seen.index, at].astype("int64") for at in (0, 1))
    day, month = (first, second) if is_day_first else (second, first)
    return seen.assign(
        day=day,
        month=month,
        is_own=(day > _LAST_MONTH) & (month <= _LAST_MONTH),
        is_other=(month > _LAST_MONTH) & (day <= _LAST_MONTH),
        is_open=(day <= _LAST_MONTH) & (month <= _LAST_MONTH) & (day != month),
    )


def _odd_days(
    read: TypedRows, column: Column, files: pd.DataFrame, form: str, said: re.Match[str]
) -> list[Notice]:
    """Refuse a file all of whose days fall on one day of several months where each of the others
    lies in one month: read the other way it does, too. Elsewhere tell of it.
    """
    is_odd = ~files["own"] & ~files["other"] & files["days"].eq(1) & files["months"].gt(1)
    odd, others = files[is_odd], files[~is_odd]
    if odd.empty or others.empty or not others["days"].gt(1).all():
        return []
    is_monthly = others["months"].eq(1).all() & ~odd["day"].isin(others["month"]).any()
    if not is_monthly and not odd["months"].ge(_FEWEST_MONTHS).all():
        return []
    name = odd.index[0]
    what = (
        f"The days of {name}, read as {form} like those of the other files, all fall on the "
        f"{odd['day'].iloc[0]}. of {odd['months'].iloc[0]} months; {_ORDER[said[3]]} they all lie "
        "in one month"
    )
    if is_monthly:
        raise _refusal(
            read,
            column,
            list(odd.index),
            f"{what}, as those of each other file do.",
            _turned(form, said, list(odd.index)),
        )
    return [
        Notice(
            read.table.name,
            f"{what}.",
            f"Check which is right. {_turned(form, said, list(odd.index))}",
        )
    ]


def _turned(form: str, said: re.Match[str], files: list[str]) -> str:
    """Return what a statement says to have some files' days read the other way, or as they are."""
    swapped = re.sub("%-?[dm]", lambda p: p[0][:-1] + ("m" if p[0][-1] == "d" else "d"), form)
    which = ", ".join(map(quoted, files[:_SHOWN]))
    return (
        f"CASE WHEN _file IN ({which}) THEN strptime(day, {quoted(swapped)})::DATE::VARCHAR ELSE "
        f"day END (with {quoted(form)} where they are right as they are)"
    )


def _check_marks(read: TypedRows, column: Column, mark: str) -> None:
    """Refuse a file whose amounts have the other decimal mark, while some of them are read."""
    other = "," if mark == "." else "."
    cells, own = read.cells.get_backend(), quoted_name(column.name)

    def shows(mark: str, other: str) -> str:
        m, o = re.escape(mark), re.escape(other)
        pattern = rf"^\D*(\d+{m}(\d{{1,2}}|\d{{4,}})|[\d{o}]*\d{o}\d{{3}}{m}\d*)[^\d.,]*$"
        return f"regexp_matches({own}, {quoted(pattern)})"

    is_open = f"regexp_matches({own}, {quoted(_OPEN)})"
    found = cells.raw_sql(
        f"SELECT _file, min({own}) FILTER ({shows(other, mark)}), min({own}) FILTER ({is_open}), "
        f"count_if({shows(mark, other)}) FROM ({cells.compile(read.cells)}) GROUP BY 1 ORDER BY 1"
    ).fetchall()
    unlike = [one for one in found if one[1] and one[2] and not one[3]]
    if len(found) < _FEWEST_FILES or not unlike:
        return
    _, example, misread, _ = unlike[0]
    files = [one[0] for one in unlike]
    which = ", ".join(map(quoted, files[:_SHOWN]))
    raise _refusal(
        read,
        column,
        files,
        f"The files do not write their amounts alike: {{}} with {_MARK[other]} ('{example}'), so "
        f"that '{misread}' would be misread: the amounts are read with {_MARK[mark]}.",
        f"CASE WHEN _file IN ({which}) THEN translate(amount, '{mark}{other}', '{other}{mark}') "
        "ELSE amount END",
    )


def _refusal(read: TypedRows, column: Column, files: list[str], what: str, turned: str) -> KamError:
    own = read.theirs[column.name]
    names = [*files[:_SHOWN], *(["others"] if len(files) > _SHOWN else [])]
    again = f"Export {listed(names)} again in the form of the others"
    days = ", or with days such as 2025-12-31" if column.type == "date" else ""
    next_step, statement = f"{again}{days}.", read.source.files[0]
    if statement.suffix.lower() == ".sql":
        cell = "day" if column.type == "date" else "amount"
        next_step += (
            f" Or say it in {statement.name}, where '{cell}' stands for what it selects as "
            f"{column.name}: {turned} AS {column.name}."
        )
    return KamError(
        what.format(f"those of {listed(names)} are"),
        where=f"{read.where}, column '{own}'",
        next=next_step,
    )
