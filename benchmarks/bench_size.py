"""Millions of typed Parquet lines to all activity tables: the kit, bare DuckDB statements, pandas.

    python benchmarks/bench_size.py --millions 5

Each runs in a process of its own on the same file, made here: 20,000 accounts, three years, orders
of four lines, twelve products an account. The statements yield the same tables as plainly as can
be (account × day, category, manager, product and window, the sales of five spans, prices beside the
median of three years, the latest manager) and check nothing; ``in order`` they sort each table by
its key, as the kit's are. ``months`` is account × month alone, without what is told of the lines,
which a report and ``kam check`` ask for (``kit`` and ``months and notices`` do).
The sums must agree to the cent. Processor seconds and the peak of memory are the process's own,
imports included. Goals: the kit ≤ 2 times the statements in order, peak ≤ 2 GB at 50 million, and
account × month by the kit a third of what pandas takes.

With ``--csv`` the lines are text: reading and judging them beside reading and casting them, at most
2.5 times; then the same lines in 36 files, read for the first time, and again when the last month
has come. Exit code 1: the sums differ; 2: a goal is missed."""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BOOK = """
title = "Size"
currency = "EUR"
[input]
largest_file_mb = 20000
"""
MAKE = """
COPY (SELECT (i // 4)::VARCHAR AS order_id, 'A' || lpad(a::VARCHAR, 5, '0') AS account_id,
    DATE '2023-01-01' + (i * 1096 // {lines})::INT AS order_date,
    ((hash(i) % 100000) / 100.0)::DECIMAL(18, 2) AS revenue,
    ((hash(i) % 100000) / 160.0)::DECIMAL(18, 2) AS cost,
    (1 + hash(i + 1) % 9)::DOUBLE AS quantity, 'P' || p::VARCHAR AS product_id,
    'C' || (p % 20)::VARCHAR AS category, 'M' || (a % 40)::VARCHAR AS manager_id
  FROM (SELECT i, hash(i // 4) % 20000 AS a, (a + hash(i + 2) % 12) % 500 AS p
    FROM range({lines}) AS r(i))) TO '{file}' (FORMAT parquet)
"""
STATEMENTS = [
    "SELECT account_id, order_date, sum(revenue) AS revenue, sum(cost), sum(quantity), "
    "count(DISTINCT order_id) FROM lines GROUP BY ALL",
    "SELECT account_id, category, last_day(order_date), sum(revenue), sum(cost), sum(quantity) "
    "FROM lines GROUP BY ALL",
    "SELECT account_id, manager_id, last_day(order_date), sum(revenue), sum(cost) FROM lines "
    "GROUP BY ALL",
    "WITH paid AS (SELECT account_id, product_id, year(order_date) AS y, month(order_date) AS m, "
    "sum(revenue) AS r, sum(quantity) AS q FROM lines WHERE revenue > 0 AND quantity > 0 "
    "GROUP BY ALL), middle AS (SELECT product_id, y, m, median(r / q) AS price FROM paid "
    "GROUP BY ALL HAVING count(*) >= 3) SELECT account_id, product_id, y, sum(r), sum(q * price), "
    "sum(q) FROM paid JOIN middle USING (product_id, y, m) GROUP BY ALL",
    "SELECT account_id, arg_max(manager_id, (order_date, order_id)) FROM lines GROUP BY ALL",
]
STATEMENTS += [
    "SELECT account_id, product_id, max(category), sum(revenue), sum(cost), sum(quantity) "
    f"FROM lines WHERE order_date BETWEEN DATE '{start}' AND DATE '{end}' GROUP BY ALL"
    for start, end in (
        ("2025-01-01", "2025-12-31"),
        ("2024-10-01", "2025-09-30"),
        ("2024-01-01", "2024-12-31"),
    )
]
SPANS = [
    ("2025-01-01", "2025-12-31"),
    ("2024-01-01", "2024-12-31"),
    ("2025-10-01", "2025-12-31"),
    ("2025-07-01", "2025-09-30"),
    ("2024-10-01", "2024-12-31"),
]
STATEMENTS += [
    f"SELECT {by}, "
    + ", ".join(
        f"sum({what}) FILTER (order_date BETWEEN DATE '{start}' AND DATE '{end}')"
        for start, end in SPANS
        for what in ("revenue", "cost")
    )
    + " FROM lines GROUP BY ALL"
    for by in ("account_id, category, manager_id", "account_id, product_id")
]
KEYS = (2, 3, 3, 3, 1, 2, 2, 2, 3, 2)
"""How many of each statement's first columns are its table's key."""
IN_ORDER = [
    f"FROM ({sql}) ORDER BY {', '.join(str(at + 1) for at in range(key))}"
    for sql, key in zip(STATEMENTS, KEYS, strict=True)
]
CAST = """
CREATE TABLE lines AS SELECT order_id, account_id, CAST(order_date AS DATE) AS order_date,
  CAST(revenue AS DECIMAL(18, 2)) AS revenue, CAST(cost AS DECIMAL(18, 2)) AS cost,
  CAST(quantity AS DOUBLE) AS quantity, product_id, category, manager_id
FROM read_csv('{file}', all_varchar = true)
"""
MONTHS = "SELECT account_id, last_day(order_date), sum(revenue) AS revenue FROM lines GROUP BY ALL"


def kit(book: Path) -> float:

    from kamlib.book import read_settings
    from kamlib.intake import read_book
    from kamlib.intake.sources import open_engine
    from kamlib.period.activity import activity_tables
    from kamlib.period.calendar import parse_period

    span, settings = parse_period("2025-Q4"), read_settings(book)
    with open_engine() as engine:
        intake = read_book(book, settings, engine)
        activity_tables(intake, span, settings, out(book))
        assert isinstance(intake.notices, tuple)  # a report tells them
    return revenue(out(book) / "account_days.parquet")


def read(book: Path) -> float:
    """Read a book and nothing else; return its revenue."""
    from kamlib.book import read_settings
    from kamlib.intake import control_totals, read_book
    from kamlib.intake.sources import open_engine

    with open_engine() as engine:
        intake = read_book(book, read_settings(book), engine)
        return float(str(control_totals(intake)["revenue"]))


def cast(book: Path) -> float:
    """Read a text file and cast its columns; return the revenue."""
    import duckdb

    with duckdb.connect() as con:
        con.execute(CAST.format(file=book / "orders.csv"))
        return float(con.execute("SELECT sum(revenue) FROM lines").fetchall()[0][0])


def kit_months(book: Path, *, is_told: bool = False) -> float:
    """Account × month by the kit: the lines read and judged, their sums by account and month;
    beside them, if asked, what is worth knowing of the lines.
    """
    from kamlib.book import read_settings
    from kamlib.intake import read_book
    from kamlib.intake.sources import open_engine
    from kamlib.period.activity import used_lines

    with open_engine() as engine:
        intake = read_book(book, read_settings(book), engine)
        assert not is_told or isinstance(intake.notices, tuple)
        used_lines(intake)
        file = engine.stored(MONTHS.replace("FROM lines", "FROM kam_used"))
        return revenue(file)


def bare(book: Path, statements: list[str] = STATEMENTS) -> float:
    import duckdb

    with duckdb.connect() as con:
        con.execute(f"CREATE VIEW lines AS SELECT * FROM '{book / 'orders.parquet'}'")
        for number, sql in enumerate(statements):
            file = out(book) / f"{number}.parquet"
            con.execute(f"COPY ({sql}) TO '{file}' (FORMAT parquet)")
    return revenue(out(book) / "0.parquet")


def out(book: Path) -> Path:
    """Return a folder for what a way makes."""
    folder = book / "made"
    folder.mkdir(exist_ok=True)
    return folder


def revenue(file: Path) -> float:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pq.read_table(file, columns=["revenue"])
    return float(pc.sum(table["revenue"]).as_py())


def plain(book: Path) -> float:
    import pandas as pd

    lines = pd.read_parquet(book / "orders.parquet")
    month = pd.to_datetime(lines["order_date"]).dt.to_period("M")
    return float(lines.groupby(["account_id", month])["revenue"].sum().sum())


WAYS = {
    "kit": kit,
    "bare": bare,
    "bare in order": lambda book: bare(book, IN_ORDER),
    "months by the kit": kit_months,
    "months and notices": lambda book: kit_months(book, is_told=True),
    "months by DuckDB": lambda book: bare(book, [MONTHS]),
    "months by pandas": plain,
}
TEXT = {"read by the kit": read, "read and cast": cast}
BY_FILE = {"35 files": read, "the 36th file": read, "nothing new": read}


def measured(way: str, book: Path) -> dict:
    """Run one way in a process of its own, what it keeps beside the book; return what it says and
    what it took.
    """
    run = subprocess.run(
        [sys.executable, __file__, "--way", way, "--book", str(book)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "KAM_CACHE": str(book.parent / "cache")},
    )
    return json.loads(run.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--millions", type=float, default=5)
    parser.add_argument("--skip", nargs="*", default=[], help="ways to leave out")
    parser.add_argument("--csv", action="store_true", help="text, in one file and in 36")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--book", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        begun = time.perf_counter()
        total = {**WAYS, **TEXT, **BY_FILE}[options.way](options.book)
        used = resource.getrusage(resource.RUSAGE_SELF)
        said = {
            "total": round(total, 2),
            "cpu": used.ru_utime + used.ru_stime,
            "wall": time.perf_counter() - begun,
            "peak": used.ru_maxrss / 1e6,
        }
        sys.stdout.write(json.dumps(said))
        return 0
    lines = int(options.millions * 1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder) / "book"
        book.mkdir()
        (book / "book.toml").write_text(BOOK, encoding="utf-8")
        made = text_ways if options.csv else typed_ways
        found = made(book, lines, options.skip)
    for way, row in found.items():
        sys.stdout.write(
            f"{way:<18} {row['cpu']:7.1f} s of processor  {row['wall']:6.1f} s  "
            f"{row['peak']:5.2f} GB  {row['total']:,.2f}\n"
        )
    totals = {row["total"] for way, row in found.items() if way != "35 files"}
    if len(totals) > 1:
        sys.stdout.write("The sums DIFFER.\n")
        return 1
    missed = [said for said, is_met in goals(found) if not is_met]
    sys.stdout.write("".join(f"MISSED: {said}\n" for said in missed))
    return 2 if missed else 0


def typed_ways(book: Path, lines: int, skip: list[str]) -> dict[str, dict]:
    import duckdb

    duckdb.execute(MAKE.format(lines=lines, file=book / "orders.parquet"))
    return {way: measured(way, book) for way in WAYS if way not in skip}


def text_ways(book: Path, lines: int, skip: list[str]) -> dict[str, dict]:
    """Measure text in one file, then in a file per month, the last of which comes later."""
    import duckdb

    with duckdb.connect() as con:
        made = MAKE.format(lines=lines, file=book / "orders.csv")
        con.execute(made.replace("(FORMAT parquet)", "(FORMAT csv)"))
        found = {way: measured(way, book) for way in TEXT if way not in skip}
        con.execute(f"CREATE VIEW lines AS FROM read_csv('{book}/orders.csv', all_varchar = true)")
        (book / "raw").mkdir()
        for month in range(36):
            file = book / "raw" / f"orders-{month:02}.csv"
            con.execute(
                f"COPY (FROM lines WHERE datediff('month', DATE '2023-01-01', order_date::DATE) "
                f"= {month}) TO '{file}' (FORMAT csv)"
            )
    (book / "orders.csv").unlink()
    (book / "orders.sql").write_text('SELECT * FROM "orders-*"', encoding="utf-8")
    last = (book / "raw" / "orders-35.csv").rename(book / "later")
    for way in BY_FILE:
        if way == "the 36th file":
            last.rename(book / "raw" / "orders-35.csv")
        if way not in skip:
            found[way] = measured(way, book)
    return found


def goals(found: dict[str, dict]) -> list[tuple[str, bool]]:
    """Return what was aimed at, of the ways that were measured, and whether it is met."""
    cpu = {way: row["cpu"] for way, row in found.items()}
    said = []
    for way, than, most in (
        ("kit", "bare in order", 2.0),
        ("months by the kit", "months by pandas", 1 / 3),
        ("read by the kit", "read and cast", 2.5),
    ):
        if {way, than} <= set(cpu):
            ratio = cpu[way] / cpu[than]
            sys.stdout.write(f"{way} ÷ {than}: {ratio:.2f}, at most {most:.2f}\n")
            said.append((f"{way} ÷ {than}", ratio <= most))
    if "kit" in found:
        said.append(("peak of the kit ≤ 2 GB", found["kit"]["peak"] <= 2))
    return said


if __name__ == "__main__":
    sys.exit(main())
