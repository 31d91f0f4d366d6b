"""``kam new``: a book written from people's files, with what was recognised, why, and what not."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from kamlib.book import read_settings
from kamlib.check import check_intake
from kamlib.errors import KamError
from kamlib.intake import Intake, read_book
from kamlib.intake.sources import open_engine
from kamlib.start.amounts import currency_of
from kamlib.start.anchors import FEWEST, scoring_text
from kamlib.start.asking import Ask
from kamlib.start.beside import beside
from kamlib.start.booktext import book_toml, statement
from kamlib.start.contacts import plan_contacts
from kamlib.start.exports import Export, read_exports
from kamlib.start.meanings import Recognised, recognise
from kamlib.start.named import plan_named
from kamlib.start.names import vocabulary
from kamlib.start.owners import plan_owners
from kamlib.start.plan import TablePlan, plan_book
from kamlib.start.sales import test_accounts
from kamlib.start.shapes import shaped
from kamlib.tables import CANONICAL
from kamlib.words import count, listed, number, started

_SETTINGS = ("decimal", "date_format", "total", "discount", "year", "sums")
_FEW_ONCE = 20
_INNER = (
    "unit_price",
    "price_unit",
    "category_id",
    "discount_share",
    "discount_amount",
    "order_id",
    "product_id",
)


def empty_book(folder: Path, title: str) -> str:
    """Write a commented book.toml and the header of orders.csv; return what to do next."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "book.toml").write_text(book_toml(title, "", [], ""), encoding="utf-8")
    return (
        f"Written: {folder / 'book.toml'}.\n"
        f"Next: put orders.csv beside it ({', '.join(CANONICAL['orders'].required)}), or let the "
        f"kit read your files: kam new mybook --from FILE…"
    )


def new_book(
    folder: Path,
    files: Sequence[str | Path],
    *,
    given: Mapping[str, str],
    title: str,
    currency: str,
    sources: Path,
    ask: Ask,
) -> str:
    """Write a book that reads people's files; return what was recognised, why, and what was not.

    ``given`` says which column has a meaning (``revenue``: its name), or how files are written
    (``decimal``, ``date_format``).

    Raises
    ------
    KamError
        What is needed is not recognised for sure, and there is nobody to be asked.
    """
    for meaning in given:
        _check_meaning(meaning)
    with tempfile.TemporaryDirectory(prefix="kam-new-") as scratch, open_engine() as engine:
        read = read_exports(files, engine, Path(scratch))
        exports = [shaped(export, given, engine) for export in read]
        found = [recognise(export, given, sources) for export in exports]
        plans = plan_book(found, given, ask)
        if owners := plan_owners(found, plans):
            plans.append(owners)
        if contacts := plan_contacts(found, plans):
            plans.append(contacts)
        plans += plan_named(found, plans)
        besides = [*beside(found, plans), *test_accounts(plans)]
        signs = [plan.rules["currency"] for plan in plans if "currency" in plan.rules]
        currency = currency or next(iter(signs), "") or currency_of(plans)
        made = Path(scratch) / "book"
        _write(made, plans, title, currency)
        checked, scoring = _check(made, plans, Path(scratch) / "periods")
        if scoring:
            text = book_toml(title, currency, plans, scoring)
            (made / "book.toml").write_text(text, encoding="utf-8")
            read_settings(made)
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copytree(made, folder, dirs_exist_ok=True)
    told = [*_told(found, plans, besides), *_result(checked, folder, bool(scoring))]
    if not currency:
        called = checked["currency"]
        told.append(
            f"Your files name no currency; figures are called {called}: --currency says it."
        )
    return "\n".join(told)


def _check_meaning(meaning: str) -> None:
    from kamlib.errors import nearest

    known = {*vocabulary(), "discount_amount", *_SETTINGS, *CANONICAL["orders"].names}
    if meaning not in known:
        raise KamError(
            f"'{meaning}' is no column of the kit.",
            where=f"--map {meaning}=…",
            next=nearest(meaning, known),
        )


def _scoring(intake: Intake, checked: dict, scratch: Path) -> str:
    """Return the section [scoring] for a book as it was read; nothing where it has too few
    accounts.
    """
    listed = checked["tables"].get("accounts", {"used": 0})["used"]
    if max(checked["totals"]["accounts"], listed) < FEWEST:
        return ""
    try:
        return scoring_text(intake, scratch)
    except KamError:
        return ""


def _check(book: Path, plans: Sequence[TablePlan], scratch: Path) -> tuple[dict, str]:
    """Read a book that was begun; return what is said of it, and its scoring."""
    try:
        with open_engine() as engine:
            intake = read_book(book, read_settings(book), engine)
            checked = check_intake(intake)
            return checked, _scoring(intake, checked, scratch)
    except KamError as error:
        where = error.where.removeprefix(f"{book}/")
        for plan in plans:
            file = plan.base.export.files[0]
            where = where.replace(f"{plan.table}{file.suffix.lower()}", file.name)
        raise KamError(
            f"The files were recognised, but cannot be read so: {error.what}",
            where=where,
            next=re.sub(
                r'Say in book.toml: (\w+) = "([^"]*)"( under \[[^]]*\])?',
                r"Say it: --set \1='\2'",
                error.next.partition(" Or say it in ")[0],
            ).replace("Add a table rates (", "Give a file rates.csv with --from, too ("),
        ) from None


def _write(book: Path, plans: Sequence[TablePlan], title: str, currency: str) -> None:
    book.mkdir(exist_ok=True)
    (book / "book.toml").write_text(book_toml(title, currency, plans, ""), encoding="utf-8")
    for plan in plans:
        if plan.is_plain:
            file = plan.base.export.files[0]
            shutil.copyfile(file, book / f"{plan.table}{file.suffix.lower()}")
            continue
        sql = statement(plan, plan.rules.get("decimal", "."))
        (book / f"{plan.table}.sql").write_text(sql, encoding="utf-8")
    for export in {
        id(one): one for plan in plans if not plan.is_plain for one in plan.exports
    }.values():
        _copy(export, book / "raw")


def _copy(export: Export, raw: Path) -> None:
    raw.mkdir(exist_ok=True)
    if len(export.files) == 1:
        file = export.files[0]
        shutil.copyfile(file, raw / f"{export.place}{file.suffix.lower()}")
        return
    (raw / export.name).mkdir(exist_ok=True)
    for file in export.files:
        place = raw / export.name / file.name
        if place.exists():
            place = place.with_name(f"{file.parent.name}_{file.name}")
        shutil.copyfile(file, place)


def _told(
    found: Sequence[Recognised], plans: Sequence[TablePlan], besides: Sequence[str]
) -> list[str]:
    """Return what was recognised and why, table by table, then what was not."""
    lines = []
    for plan in plans:
        lines += ["", f"{plan.table}: {listed([export.title for export in plan.exports])}"]
        width = max(len(column) for column in plan.columns)
        for column, (part, meaning) in plan.columns.items():
            rivals = f"; also possible: {', '.join(meaning.rivals)}" if meaning.rivals else ""
            own = part.export.called or part.export.files[0].name
            file = f" of {own}" if part is not plan.base else ""
            lines.append(f"  {column:<{width}}  '{meaning.column}'{file} ({meaning.why}{rivals})")
        if plan.amount:
            lines.append(f"  {'revenue':<{width}}  {plan.amount}")
        if plan.table == "orders" and "order_id" not in plan.columns:
            lines.append(f"  {'order_id':<{width}}  an account's lines of a day are one order")
        for key, value in plan.rules.items():
            lines.append(f"  {key} is {value}")
        lines += [f"  {text}" for text in plan.told]
        for export in plan.exports:
            said = [f"  {export.title}: {text}" for text in export.told]
            lines += [text for text in said if text not in lines]
    used = {id(export) for plan in plans for export in plan.exports}
    unused = [one.export.title for one in found if id(one.export) not in used]
    if unused:
        lines += ["", f"Not used: {', '.join(unused)}."]
    lines += besides
    for one in found:
        if id(one.export) not in used:
            continue
        taken = {m.column for p in plans for part, m in p.columns.values() if part is one}
        taken |= {m.column for n, m in one.known.items() if n in _INNER}
        free = [column for column in one.export.columns if column not in taken]
        if free:
            lines.append(f"Not used of {one.export.title}: {', '.join(free[:20])}.")
        lines += [f"{one.export.title}: {text}." for text in one.refused]
    return lines


def _result(checked: dict, folder: Path, is_scored: bool) -> list[str]:
    orders, totals = checked["tables"]["orders"], checked["totals"]
    aside = ", ".join(f"{reason} ({number(rows)})" for reason, rows in orders["set_aside"].items())
    lines = [
        "",
        f"Read: {number(orders['used'])} of {count(orders['read'], 'order line')}, "
        f"{count(totals['orders'], 'order')} of {count(totals['accounts'], 'account')}, "
        f"{totals['first_date']} to {totals['last_date']}, {checked['currency']} "
        f"{number(totals['revenue'], decimals=2)}.",
    ]
    if aside:
        lines.append(f"Set aside: {aside}.")
    if totals["accounts"] == totals["orders"] >= _FEW_ONCE:
        lines.append(
            f"Each of the {number(totals['accounts'])} accounts has one order alone: if the column "
            "of the customer is made anew for each order, name another (--map account_id='Its "
            "name')."
        )
    lines += list(checked["warnings"].values())
    lines += [f"{one['what']} {one['next']}".strip() for one in checked["notices"]]
    if "orders" in checked["warnings"]:
        lines.append(
            "If that is right, raise most_set_aside under [input] in book.toml; until then kam "
            "report ends with exit code 1."
        )
    if is_scored:
        lines.append(
            "The anchors of [scoring] were read once from these data and stay as they are."
        )
    lines += ["", f"Written: {folder}. Next: kam check --book {folder}; kam report --book {folder}"]
    return lines


def title_of(folder: Path) -> str:
    """Return a title for a book in a folder.

    >>> title_of(Path("my-book"))
    'My book'
    """
    words = re.sub(r"[-_]+", " ", folder.name).strip() or "My company"
    return started(words)
