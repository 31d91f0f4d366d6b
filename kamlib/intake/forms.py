"""Which usual form of days or amounts reads a column: what to say when the book declares none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import ibis
import ibis.expr.types as ir
import pandas as pd

from kamlib.intake.calendars import COUNTED, counted, engine_form, named_months
from kamlib.intake.casting import FIGURES, cleaned, foreign_sign, reader, tidy
from kamlib.intake.currencies import code_of
from kamlib.intake.rules import Rules
from kamlib.intake.sources.engine import quoted
from kamlib.tables import Column

_DAYS = [
    *(f"%d{mark}%m{mark}{year}" for mark in "./-" for year in ("%Y", "%y")),
    *(f"%m{mark}%d{mark}{year}" for mark in "/-" for year in ("%Y", "%y")),
    *("%Y/%m/%d", "%Y.%m.%d", "%Y-%m-%d", "%Y%m%d", "%d%m%Y", "%m%d%Y"),
    *(f"%y{mark}%m{mark}%d" for mark in "./-"),
    *(f"%d{mark}%b{mark}{year}" for mark in "-/. " for year in ("%Y", "%y")),
    *("%d %B %Y", "%d. %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%Y年%m月%d日", "%G-W%V"),
    *("%Y-%b-%d", "%d %m %Y", "%b-%d-%Y", "%b-%d-%y"),
]
_MONTHS = [
    *("%Y-%m", "%Y/%m", "%m/%Y", "%m.%Y", "%b %Y", "%B %Y", "%b-%Y", "%b-%y", "%b %y", "%Y%m"),
    *("%Y %b", "%Y-%b", "%Y.%m"),
]
_TIMES = ["", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S", ", %H:%M"]
_RARE = [
    *("%d.%m.%Y, %H:%M Uhr", "%d.%m.%Y %H:%M Uhr", "%d-%b-%y %I.%M.%S.%f %p", "%Y.%m.%d."),
    *("ngày %d tháng %m năm %Y", "%a %d.%m.%Y", "%a %d.%m.%y", "%a %d/%m/%Y"),
    *("%G-W%V-%u", "KW %V/%G", "KW%V/%G", "%d de %B de %Y", "%Y. %m. %d.", "%Y년 %m월 %d일"),
    *("%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ"),
]
_FORMS = [day + time for day in _DAYS for time in _TIMES] + _MONTHS + _RARE
_YEARS, _NO_END = (1950, 2199), 9999
_SHORT_YEARS = (1975, 2049)
"""What a year of two figures can be where orders have it."""
_SCATTERED = 3
_MOST = 5_000
"""So many cells, those most met, are tried by every form, and of each shape those that decide."""
_SHAPE = r"regexp_replace(regexp_replace(text, '\pL+', 'a', 'g'), '[0-9]', '9', 'g')"
_CELLS = "kam_cells"
GROUP = r"[1-9]\d{0,2}\.\d{3}"
"""An amount whose point may part thousands or be the decimal mark."""


@dataclass(frozen=True)
class Reading:
    """How cells that the rules do not read could be read, and how many of them are.

    ``settings`` are the lines for ``book.toml``, each of them enough, the likeliest first; more
    than one where the cells can be read in two ways. ``open`` is a cell that they read differently,
    ``telling`` one that only the first reads, ``left`` one that it does not.
    """

    settings: tuple[str, ...]
    read: int
    cells: int
    example: str
    open: str = ""
    telling: str = ""
    left: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether every cell is read."""
        return bool(self.settings) and self.read == self.cells


def usual_reading(column: Column, cells: ir.Table, rules: Rules, section: str) -> Reading | None:
    """Return the usual forms that read most of a column's cells; nothing where all are read.

    Of days the cells are those that the rules do not read; of amounts all of them, since one mark
    is the decimal one in a whole column. ``section`` is where the rules stand in ``book.toml``.
    """
    raw = cells[column.name]
    if not raw.type().is_string() and not (_is_day(column) and raw.type().is_integer()):
        return None
    has_codes = "currency" in cells.columns and column.type == "money"
    rows = cells.select(
        text=cleaned(raw), code=cleaned(cells["currency" if has_codes else column.name])
    )
    connection = cells.get_backend()
    return text_reading(
        column, connection, connection.compile(rows), rules, section, has_codes=has_codes
    )


def text_reading(
    column: Column,
    connection: ibis.backends.duckdb.Backend,
    texts: str,
    rules: Rules,
    section: str,
    *,
    has_codes: bool = False,
) -> Reading | None:
    """Return the usual forms that read most of the cells that a statement selects, as `text`
    (cleaned) and, where the rows have currencies of their own, `code`.
    """
    by = "text, code" if has_codes else "text"
    plain = f"translate(text, {', '.join(map(quoted, FIGURES))})"
    if _is_day(column):
        plain = f"regexp_replace({plain}, '^#(.+)#$', '\\1')"
    connection.raw_sql(
        f"CREATE OR REPLACE TEMP TABLE {_CELLS} AS SELECT * REPLACE ({plain} AS text) FROM (SELECT "
        f"{by}, count(*) AS n FROM ({texts}) WHERE text IS NOT NULL GROUP BY ALL)"
    )
    if _is_day(column):
        return _days(column, connection, rules, section)
    _few(_CELLS, connection)
    return _amounts(column, connection, rules, section, has_codes=has_codes)


def _few(table: str, connection: ibis.backends.duckdb.Backend) -> None:
    """Leave of a table's different cells those most met and, of each shape, the first and the last
    and those of the greatest numbers: a 31 shows which number is the day.
    """
    if connection.raw_sql(f"SELECT count(*) FROM {table}").fetchone()[0] <= _MOST:
        return
    numbers = (f"TRY_CAST(regexp_extract_all(text, '[0-9]+')[{at}] AS INT)" for at in (1, 2, 3))
    most = ", ".join(f"arg_max(text, {number})" for number in numbers)
    connection.raw_sql(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM {table} WHERE text IN "
        f"(SELECT unnest([min(text), max(text), {most}]) FROM {table} GROUP BY {_SHAPE}) OR text "
        f"IN (SELECT text FROM {table} ORDER BY n DESC, text LIMIT {_MOST})"
    )


def _is_day(column: Column) -> bool:
    return column.type in ("date", "month")


@cache
def _statement(
    column: Column, tried: tuple[Rules, ...], *, has_codes: bool, is_unread: bool = False
) -> str:
    """Write what selects the cells, those most met first, whether the first rules read them, the
    sign of a currency in them, and what the others read; written once, for it takes long.
    """
    codes = {"code": "string"} if has_codes else {}
    groups = ibis.table({"text": "string", **codes, "n": "int64"}, name=_CELLS)
    currency = groups["code"] if has_codes else None

    def read(rules: Rules) -> ir.Value:
        return reader(column, rules)(tidy(column, groups["text"], rules, currency))

    own, *others = tried
    shown = {"is_read": read(own).notnull()}
    if _is_day(column):
        numbers = {form: counted(groups["text"], form) for form in COUNTED}
        shown |= {"named": named_months(groups["text"]), **numbers}
    else:
        values = {f"read_{at}": read(other).cast("float64") for at, other in enumerate(others)}
        shown |= {"sign": foreign_sign(groups["text"]), **values}
    rows = groups.select("text", "n", **shown)
    if is_unread:
        rows = rows.filter(~rows["is_read"])
    rows = rows.order_by([rows["n"].desc(), "text"])
    return str(ibis.to_sql(rows, dialect="duckdb"))


def _days(
    column: Column, connection: ibis.backends.duckdb.Backend, rules: Rules, section: str
) -> Reading | None:
    sql = _statement(column, (rules,), has_codes=False, is_unread=True)
    connection.raw_sql(f"CREATE OR REPLACE TEMP TABLE {_CELLS}_unread AS {sql}")
    _few(f"{_CELLS}_unread", connection)
    texts = connection.raw_sql(f"SELECT text, named FROM {_CELLS}_unread").fetchall()
    if not texts:
        return None
    marks = [{_marks(row[is_named]) for row in texts} for is_named in (False, True)]
    forms = [form for form in _FORMS if _marks(_bare(form)) in marks[_has_name(form)]]
    days = "".join(
        f", try_strptime({'named' if _has_name(form) else 'text'}, {quoted(engine_form(form))})"
        for form in forms
    )
    seen = connection.raw_sql(
        f"SELECT text, n{days}, {', '.join(COUNTED)} FROM {_CELLS}_unread ORDER BY n DESC, text"
    ).df()
    forms += COUNTED
    seen.columns = pd.Index(["text", "n", *forms])  # names of the engine know no case
    days = seen[forms]
    forms = list(days.columns[days.notna().any()])
    years = {form: days[form].dt.year for form in forms}
    found = {form: own.between(*_YEARS) | own.eq(_NO_END) for form, own in years.items()}
    for form in found if column.name == "order_date" else ():
        if "%y" in form:
            found[form] &= years[form].between(*_SHORT_YEARS)
    found = _of_like_years(found, days)
    return _reading(
        seen, found, [f'date_format = "{form}" under {section}' for form in found], seen
    )


def _has_name(form: str) -> bool:
    """Whether a form holds the name of a month or of a day of the week."""
    return bool(re.search("%[abB]", form))


def _bare(form: str) -> str:
    return re.sub("%[A-Za-z]", "", engine_form(form))


def _marks(text: str) -> frozenset[str]:
    """Return what stands between a day's parts: where it differs, a form does not read a text.

    >>> sorted(_marks("31.08.2024 12:00"))
    ['.', ':']
    """
    return frozenset(re.sub(r"[\w\s]", "", text))


def _of_like_years(found: dict[str, pd.Series], days: pd.DataFrame) -> dict[str, pd.Series]:
    """Leave out readings of a year of two figures whose years scatter as days of a month do, where
    another place of the year has them close together.
    """
    spread = {
        form: days.loc[found[form], form].dt.year.nunique()
        for form in found
        if "%y" in form and found[form].all()
    }
    least = min(spread.values(), default=0)
    return {f: read for f, read in found.items() if spread.get(f, 0) <= _SCATTERED * least}


def _amounts(
    column: Column,
    connection: ibis.backends.duckdb.Backend,
    rules: Rules,
    section: str,
    *,
    has_codes: bool,
) -> Reading | None:
    def seen_by(codes: list[str]) -> tuple[pd.DataFrame, list[str]]:
        tried: dict[str, Rules] = {}
        for code in [None, *codes]:
            for mark in (".", ",") if rules.decimal is None else (rules.decimal,):
                lines = [f'decimal = "{mark}" under {section}'] if rules.decimal is None else []
                lines += [f'currency = "{code}" above the first [section]'] if code else []
                update = {"decimal": mark, "currency": code or rules.currency}
                if lines:
                    tried[" and ".join(lines)] = rules.model_copy(update=update)
        sql = _statement(column, (rules, *tried.values()), has_codes=has_codes)
        seen = connection.raw_sql(sql).df()
        seen.columns = pd.Index(["text", "n", "is_read", "sign", *tried])
        return seen, list(tried)

    seen, tried = seen_by([])
    signs = seen.loc[~seen["is_read"], "sign"].dropna()
    if not has_codes and (codes := sorted({code for sign in signs if (code := code_of(sign))})):
        seen, tried = seen_by(codes)
    seen = seen[seen["text"].str.contains(r"\d")]
    unread = seen[~seen["is_read"]]
    if unread.empty and rules.decimal is None and _are_groups(seen["text"]):
        unread = seen[seen["text"].str.contains(".", regex=False)]
    if unread.empty:
        return None
    return _reading(seen, {line: seen[line].notna() for line in tried}, tried, unread)


def _are_groups(texts: pd.Series) -> bool:
    """Return whether the point of every amount may part thousands: 1.234 here, 56 there.

    >>> _are_groups(pd.Series(["1.234", "56"])), _are_groups(pd.Series(["1.234", "5.6"]))
    (True, False)
    """
    figures = texts.str.replace(r"[^\d.,]", "", regex=True)
    is_group = figures.str.fullmatch(GROUP)
    return bool(is_group.any() and (is_group | figures.str.fullmatch(r"\d{1,3}")).all())


def _reading(
    seen: pd.DataFrame, found: dict[str, pd.Series], settings: list[str], unread: pd.DataFrame
) -> Reading:
    """Weigh the forms: the first that reads most, and others that read as much otherwise."""
    counts = {form: int(seen.loc[is_read, "n"].sum()) for form, is_read in found.items()}
    most = max(counts.values(), default=0)
    example, cells = str(unread["text"].iloc[0]), int(seen["n"].sum())
    if not most:
        return Reading((), 0, cells, example)
    best, *others = [form for form, n in counts.items() if n == most]
    also = next((form for form in others if not _same(seen, best, form)), None)
    by_form = dict(zip(found, settings, strict=True))
    rivals = [form for form in found if form not in (best, also) and counts[form]]
    differing = [form for form in ([also] if also else rivals) if not _same(seen, best, form)]
    open_ = next(
        (
            seen.loc[differs, "text"].iloc[0]
            for form in differing
            if (differs := _both(seen, best, form)).any()
        ),
        "",
    )
    alone = (
        found[best] & ~pd.concat([found[form] for form in rivals], axis=1).any(axis=1)
        if rivals
        else found[best]
    )
    return Reading(
        (by_form[best], *([by_form[also]] if also else [])),
        most,
        cells,
        example,
        open=str(open_),
        telling=next(iter(seen.loc[alone, "text"].astype(str)), ""),
        left=next(iter(seen.loc[~found[best], "text"].astype(str)), ""),
    )


def _both(seen: pd.DataFrame, one: str, other: str) -> pd.Series:
    """Return the cells that two forms read, and read differently."""
    return seen[one].notna() & seen[other].notna() & seen[one].ne(seen[other])


def _same(seen: pd.DataFrame, one: str, other: str) -> bool:
    return not _both(seen, one, other).any()
