"""What ``kam check`` says of a book: rows read, used and set aside, control totals, what is
missing.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

from kamlib.book import read_settings
from kamlib.dossier import plan_reading
from kamlib.intake import (
    Intake,
    control_totals,
    later_lines,
    order_values,
    read_book,
    row_account,
    set_aside_rows,
)
from kamlib.intake.sources import open_engine
from kamlib.story.data_warnings import lost_rows
from kamlib.story.measured import unknown_category
from kamlib.tables import CANONICAL, each
from kamlib.words import count, number


def check_book(folder: Path, today: date | None = None) -> dict:
    """Return what was found: ``tables``, ``totals``, ``missing``, ``notices`` and the first rows
    set aside.

    ``warnings`` says of which tables more rows or money was lost than the book allows.
    ``tables`` has per table the rows read, used and set aside (by reason), and for orders the same
    for the amounts; read = used + set aside.
    """
    with open_engine() as engine:
        return check_intake(read_book(folder, read_settings(folder), engine), today)


def check_intake(intake: Intake, today: date | None = None) -> dict:
    """Return what `check_book` does, of a book that was read and whose engine is open."""
    settings = intake.book
    late = later_lines(intake, today) if today else []
    account = row_account(intake)
    totals = control_totals(intake)
    aside = set_aside_rows(intake, limit=20)
    notices = [{"table": n.table, "what": n.what, "next": n.next} for n in (*late, *intake.notices)]
    warnings = {name: lost_rows(account, name, settings) for name in sorted(intake.present)}
    notices += _plan_problems(intake)
    present, columns = intake.present, intake.order_columns
    tables: dict[str, dict] = {name: _empty() for name in CANONICAL if name in present}
    for row in each(account):
        entry = tables.setdefault(row.table, _empty())
        entry["read"] += row.rows
        if row.reason == "used":
            entry["used"] += row.rows
        else:
            entry["set_aside"][row.reason] = row.rows
        if row.table == "orders":
            amount = 0.0 if row.revenue != row.revenue else row.revenue
            sums = entry.setdefault("revenue", {"read": 0.0, "used": 0.0, "set_aside": {}})
            sums["read"] = round(sums["read"] + amount, 6)
            if row.reason == "used":
                sums["used"] = amount
            else:
                sums["set_aside"][row.reason] = amount
    return {
        "book": settings.title,
        "currency": settings.currency,
        "tables": tables,
        "totals": totals,
        "missing": {name: table.adds for name, table in CANONICAL.items() if name not in present},
        "missing_columns": [c for c in CANONICAL["orders"].names if c not in columns],
        "warnings": {name: text for name, text in warnings.items() if text},
        "notices": notices,
        "rows_set_aside": aside.astype("object").where(aside.notna(), None).to_dict("records"),
    }


def _plan_problems(intake: Intake) -> list[dict[str, str]]:
    """Return what is wrong with the account plans: the first of each, and unknown categories."""
    known = order_values(intake, "category")
    accounts = {*order_values(intake, "account_id"), *intake.frames["accounts"]["account_id"]}
    found = []
    for account, file in sorted(intake.plans(accounts).items()):
        reading = plan_reading(plans={account: file}, account_id=account)
        if (error := reading.problem) is not None:
            found.append((f"{error.where}: {error.what}", error.next))
        for objective in reading.plan.objectives if reading.plan else ():
            of = objective.measured_category
            if of and of not in known:
                where = f"plans/{file.name}, objective '{objective.id}'"
                found.append((f"{where}: {unknown_category(of, known)}", "Mend its measure."))
    return [{"table": "plans", "what": what, "next": next_} for what, next_ in found]


def _empty() -> dict:
    return {"read": 0, "used": 0, "set_aside": {}}


def shortened(text: str, most: int = 40) -> str:
    r"""Return a cell as it can be shown in a line.

    >>> shortened("a\nb"), shortened("x" * 50, 5)
    ('a b', 'xxxx…')
    """
    plain = " ".join(str(text).split())
    return plain if len(plain) <= most else plain[: most - 1] + "…"


def check_text(found: dict) -> str:
    """Return the same as people read it."""

    def exact(amount: float) -> str:
        return f"{found['currency']} {number(amount, decimals=2)}"

    lines = [found["book"], ""]
    width = max(len(name) for name in found["tables"])
    lines.append(f"{'table':<{width}}  {'read':>12}  {'used':>12}  {'set aside':>12}")
    for name, entry in found["tables"].items():
        aside = sum(entry["set_aside"].values())
        figures = (number(rows) for rows in (entry["read"], entry["used"], aside))
        lines.append(f"{name:<{width}}" + "".join(f"  {text:>12}" for text in figures))
        sums = entry.get("revenue", {}).get("set_aside", {})
        for reason, rows in entry["set_aside"].items():
            amount = f" ({exact(sums[reason])})" if reason in sums else ""
            lines.append(f"{'':<{width}}  {number(rows):>12}  {reason}{amount}")
    totals = found["totals"]
    cost = "no cost column" if totals["cost"] is None else exact(totals["cost"])
    lines += [
        "",
        f"Revenue  {exact(totals['revenue'])}",
        f"Cost     {cost}",
        f"Orders   {number(totals['orders'])} of {count(totals['accounts'], 'account')}",
        f"Dates    {totals['first_date'] or 'none'} to {totals['last_date'] or 'none'}",
    ]
    if found["rows_set_aside"]:
        lines += ["", "First rows set aside:"]
        for row in found["rows_set_aside"]:
            place = (
                f"line {row['line']:.0f}" if row["line"] is not None else f"row {row['row']:.0f}"
            )
            value = f" ('{shortened(row['value'])}')" if row["value"] is not None else ""
            lines.append(f"  {row['file']}, {place}: {row['reason']}{value}")
    if found["notices"]:
        lines += ["", "Worth knowing:"]
        for notice in found["notices"]:
            lines.append(f"  {notice['table']}: {notice['what']} {notice['next']}".rstrip())
    if found["missing"]:
        lines += ["", "Not in the book; adding it would give:"]
        lines += [f"  {name:<16}  {adds}" for name, adds in found["missing"].items()]
    if found["missing_columns"]:
        lines += [
            "",
            f"Columns that orders could also have: {', '.join(found['missing_columns'])}.",
        ]
    return "\n".join(lines)
