"""The files of a new book: book.toml and the statements that select its tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kamlib.intake.sources.files import table_word
from kamlib.intake.sources.headers import section
from kamlib.intake.totals import TOTAL
from kamlib.start.exports import Export
from kamlib.start.figures import number_of
from kamlib.start.meanings import Meaning, Recognised
from kamlib.start.plan import TablePlan
from kamlib.start.sales import test_of
from kamlib.tables import CANONICAL

_ID = "regexp_replace(trim({}), '^([1-9][0-9]*)\\.0$', '\\1')"
_KEPT_RULES = ("date_format", "decimal")


def name(text: str) -> str:
    """Write a column's or a table's name for a statement.

    >>> name("Net value")
    '"Net value"'
    """
    return '"' + text.replace('"', '""') + '"'


def text_of(value: str) -> str:
    """Write text for a statement.

    >>> text_of("it's")
    "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"


def quoted(value: object) -> str:
    r"""Write a value for book.toml.

    >>> quoted('a "b"'), quoted(4), quoted(0.5)
    ('"a \\"b\\""', '4', '0.5')
    """
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(quoted, value))}]"
    plain = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + plain.replace("\n", " ") + '"'


def statement(plan: TablePlan, decimal: str) -> str:
    """Return the statement that selects a table from the files in raw/."""
    letters = {id(plan.base): "t"} | {
        id(part): f"j{number}" for number, (part, _) in enumerate(plan.joins, start=1)
    }

    def cell(part: Recognised, meaning: Meaning) -> str:
        own = f"{letters[id(part)]}.{name(meaning.column)}"
        if part is plan.base and meaning.column in plan.filled:
            return _filled(meaning.column, plan.filled)
        if not meaning.nothing:
            return own
        return f"CASE WHEN {own} NOT IN ({', '.join(map(text_of, meaning.nothing))}) THEN {own} END"

    if plan.table == "accounts" and len(plan.base.known) and plan.base.has("order_date"):
        return _accounts_of_orders(plan, cell)
    if plan.table == "managers":
        return _owners(plan, cell)
    if plan.table == "contacts" and "last name" in plan.columns:
        return _contacts(plan, cell)
    columns = {column: cell(*place) for column, place in plan.columns.items()}
    for column, (part, meaning) in plan.columns.items():
        if meaning.factor != "1":
            is_typed = part.export.source.is_typed
            own = number_of(cell(part, meaning), decimal, is_typed=is_typed)
            columns[column] = f"({own} * {meaning.factor})"
    if plan.table == "orders" and "order_id" not in columns:
        columns = {
            "order_id": f"concat_ws(' ', {columns['account_id']}, {columns['order_date']})",
            **columns,
        }
    if plan.amount:
        columns["revenue"] = _product(plan, decimal, cell)
    columns = {column: _given_back(plan, column, said) for column, said in columns.items()}
    orders = [plan.base, *(part for part, key in plan.joins if key == "order_id")]
    outs = [part for part in orders if part.left_out] if plan.table == "orders" else []
    if outs:
        order = columns["order_id"]
        cases = [
            f"WHEN {test_of(rule, letters[id(part)], order)} THEN {text_of(rule['why'])}"
            for part in outs
            for rule in part.left_out
        ]
        columns["set_aside"] = f"CASE {' '.join(cases)} END"
    if plan.table == "orders" and "set_aside" in plan.base.export.rows.columns:
        columns["set_aside"] = f"coalesce({columns.get('set_aside', 'NULL')}, t.set_aside)"
    if plan.filled:
        amount = columns["revenue"]
        bare = f"nullif(trim(({amount})::VARCHAR), '') IS NULL"
        heading = f"CASE WHEN {bare} THEN 'a heading, not an order line' END"
        columns["set_aside"] = f"coalesce({columns.get('set_aside', 'NULL')}, {heading})"
    if plan.sums:
        total = f"CASE WHEN {plan.sums} THEN {text_of(TOTAL)} END"
        columns["set_aside"] = f"coalesce({columns.get('set_aside', 'NULL')}, {total})"
    if plan.is_once:
        order = columns["order_id"]
        place = f"row_number() OVER (PARTITION BY {order} ORDER BY t._file, t._row::BIGINT)"
        first = f"CASE WHEN {place} > 1 THEN 'the order counts in its first line' END"
        aside = columns.get("set_aside", "NULL")
        columns["set_aside"] = f"coalesce({aside}, {first})"
    lines = [f"  {expression} AS {column}" for column, expression in columns.items()]
    lines.append("  t._file, t._row -- the file and row that messages name")
    tables = [f"FROM {plan.base.export.relation} AS t"]
    for part, key in plan.joins:
        others = [plan.base, *(p for p, _ in plan.joins)]
        owner = next(one for one in others if one is not part and one.has(key))
        left = f"trim({letters[id(owner)]}.{name(owner.known[key].column)}::VARCHAR)"
        own, letter = name(part.known[key].column), letters[id(part)]
        tables.append(
            f"LEFT JOIN (SELECT * FROM {part.export.relation} QUALIFY row_number() OVER "
            f"(PARTITION BY trim({own}::VARCHAR) ORDER BY _file, _row) = 1) AS {letter}\n"
            f"  ON trim({letter}.{own}::VARCHAR) = {left}"
        )
    told = "\n".join(f"-- {line}" for line in plan.told)
    head = f"-- One row per {CANONICAL[plan.table].row}.\n{told}".rstrip()
    return "\n".join([head, "SELECT", ",\n".join(lines), *tables]) + "\n"


def _accounts_of_orders(plan: TablePlan, cell) -> str:
    """Return the accounts that the orders name, each once."""
    identity = _ID.format(cell(*plan.columns["account_id"]) + "::VARCHAR")
    lines = [
        f"  max({cell(*place)}) AS {column}"
        for column, place in plan.columns.items()
        if column in ("name", "country", "industry", "region")
    ]
    return "\n".join(
        [
            "-- One row per account: as the orders name it.",
            "SELECT",
            ",\n".join([f"  {identity} AS account_id", *lines]),
            f"FROM {plan.base.export.relation} AS t",
            f"WHERE {identity} <> ''"
            + (" AND t.set_aside IS NULL" if "set_aside" in plan.base.export.rows.columns else ""),
            "GROUP BY 1\n",
        ]
    )


def _owners(plan: TablePlan, cell) -> str:
    """Return the people whose ids the orders name, each once."""
    identity = _ID.format(cell(*plan.columns["manager_id"]) + "::VARCHAR")
    named = ", ".join(f"trim({cell(*plan.columns[one])})" for one in plan.columns if "name" in one)
    return (
        f"-- One row per {CANONICAL['managers'].row}.\nSELECT\n  {identity} AS manager_id,\n"
        f"  max(concat_ws(' ', {named})) AS name\nFROM {plan.base.export.relation} AS t\n"
        f"WHERE {identity} <> ''\nGROUP BY 1\n"
    )


def _contacts(plan: TablePlan, cell) -> str:
    """Return the people at accounts, whose names stand in two columns."""
    named = ", ".join(f"trim({cell(*plan.columns[one])})" for one in plan.columns if "name" in one)
    told = {
        column: cell(*place) for column, place in plan.columns.items() if column != "last name"
    } | {"name": f"concat_ws(' ', {named})"}
    lines = [f"  {own} AS {column}" for column, own in told.items()]
    return (
        f"-- One row per {CANONICAL['contacts'].row}.\nSELECT\n"
        + ",\n".join([*lines, "  t._file, t._row -- the file and row that messages name"])
        + f"\nFROM {plan.base.export.relation} AS t\n"
    )


def _product(plan: TablePlan, decimal: str, cell) -> str:
    """Return price × quantity, less a discount; nothing where one of them is no number."""

    def number(meaning: str) -> str:
        known = plan.base.known[meaning]
        is_typed = plan.base.export.source.is_typed
        said = number_of(cell(plan.base, known), decimal, is_typed=is_typed)
        return said if known.factor == "1" else f"{said} * {known.factor}"

    text = f"{number('unit_price')} * {number('quantity')}"
    if plan.base.has("price_unit"):
        text += f" / coalesce(nullif({number('price_unit')}, 0), 1)"
    if plan.base.has("discount_share"):
        text += f" * (1 - coalesce({number('discount_share')}, 0))"
    if plan.base.has("discount_amount"):
        text += f" - coalesce({number('discount_amount')}, 0)"
    return f"({text})::DECIMAL(38, 6)"


def _filled(column: str, columns: Sequence[str]) -> str:
    """Return a cell; in a row without any of the columns, the one that stands last above it."""
    texts = [f"nullif(trim(t.{name(one)}::VARCHAR), '')" for one in columns]
    own = f"nullif(trim(t.{name(column)}::VARCHAR), '')"
    above = f"last_value({own} IGNORE NULLS) OVER (PARTITION BY t._file ORDER BY t._row::BIGINT)"
    return f"CASE WHEN coalesce({', '.join(texts)}) IS NULL THEN {above} ELSE {own} END"


def _given_back(plan: TablePlan, column: str, said: str) -> str:
    """Return an amount as one of money given back where the row's kind says so."""
    rule = plan.base.given_back
    if not rule or column not in ("revenue", "cost", "quantity"):
        return said
    part = plan.columns[column][0] if column in plan.columns else plan.base
    is_number = part.export.source.is_typed or column not in plan.columns
    less = f"-({said})" if is_number or " * " in said else f"'(' || trim({said}) || ')'"
    return f"CASE WHEN {test_of(rule, 't')} THEN {less} ELSE {said} END"


def book_toml(
    title: str, currency: str, plans: Sequence[TablePlan], scoring: str, locale: str = ""
) -> str:
    """Return a commented book.toml: where the data come from, how they are read, the scoring."""
    lines = [
        "# Everything but the title may be left out; data/sample/book.toml explains each setting.",
        f"title = {quoted(title)}",
        f"currency = {quoted(currency)}" if currency else '#currency = "EUR"   # not in your files',
        "#complete_to = 2025-12-31   # complete up to this day; else the last order day counts",
        "",
    ]
    whole, own = _rules(plans)
    if whole:
        lines += ["# How days and amounts of the files in raw/ are written.", "[input]"]
        lines += [f"{key} = {quoted(value)}" for key, value in whole.items()]
        lines.append("")
    for place, rules in own.items():
        lines += [f"# How {place.removeprefix('raw/')} is written.", section(place)]
        lines += [f"{key} = {quoted(value)}" for key, value in rules.items()]
        lines.append("")
    for plan in plans:
        if plan.is_plain:
            lines += [
                f"# What the columns of {plan.base.export.files[0].name} are called here.",
                f"[columns.{plan.table}]",
            ]
            for column, (_, meaning) in plan.columns.items():
                lines.append(f"{column} = {quoted(meaning.column)}   # {meaning.why}")
            lines.append("")
    lines += [
        "# How far the data may end before a period does, in days.",
        "[freshness]",
        "#warn_after = 14",
        "#refuse_after = 90",
        "",
        "# What a key account is in this company: printed in every report.",
        "[key_accounts]",
        '#definition = "A customer that …"',
        "#min_score = 6.5   # the admission line; or a number of places: top_n = 15",
        "",
    ]
    return "\n".join(lines) + (f"\n{scoring}" if scoring else "")


def _rules(
    plans: Sequence[TablePlan],
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return the rules of raw/ and those of each table that is a file of its own."""
    whole: dict[str, Any] = {}
    own: dict[str, dict[str, Any]] = {}
    for plan in plans:
        forms = {k: v for k, v in plan.rules.items() if k in _KEPT_RULES}
        if plan.is_plain:
            own |= {plan.table: said} if (said := {**plan.base.export.rules, **forms}) else {}
            continue
        whole |= {k: v for k, v in forms.items() if k not in whole}
        for export in plan.exports:
            is_file = export.name == export.place
            said = {k: v for k, v in export.rules.items() if k != "sheet" or is_file}
            names = [export.name] if len(export.sheets) < 2 else _sheet_tables(export)
            own |= {f"raw/{one}": said for one in names if said}
    return whole, own


def _sheet_tables(export: Export) -> list[str]:
    """Return the names of the tables that the sheets of a workbook are, each read by its rules."""
    return [f"{export.place}_{table_word(sheet)}" for sheet in export.sheets]
