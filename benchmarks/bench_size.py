"""Millions of typed Parquet lines to all activity tables: the kit, bare DuckDB statements, pandas.

    python benchmarks/bench_size.py --millions 5

Each runs in a process of its own on the same file, made here: 20,000 accounts, three years, orders
of four lines, twelve products an account. The statements yield the same tables as plainly as can
be (account × day, category, manager, product and window, the sales of five spans, prices beside the
median of three years, the latest manager) and check nothing; ``months`` is account × month alone.
The sums must agree to the cent. Processor seconds and the peak of memory are the process's own,
imports included. Goals: the kit ≤ 2 times the statements, peak ≤ 2 GB at 50 million. Exit code 1:
the sums differ; 2: a goal is missed."""

from __future__ import annotations

import argparse
import json
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
    return revenue(out(book) / "account_days.parquet")


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
    "months by DuckDB": lambda book: bare(book, [MONTHS]),
    "months by pandas": plain,
}


def measured(way: str, book: Path) -> dict:
    """Run one way in a process of its own; return what it says and what it took."""
    run = subprocess.run(
        [sys.executable, __file__, "--way", way, "--book", str(book)],
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(run.stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--millions", type=float, default=5)
    parser.add_argument("--skip", nargs="*", default=[], help="ways to leave out")
    parser.add_argument("--way", help=argparse.SUPPRESS)
    parser.add_argument("--book", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        begun = time.perf_counter()
        total = WAYS[options.way](options.book)
        used = resource.getrusage(resource.RUSAGE_SELF)
        said = {
            "total": round(total, 2),
            "cpu": used.ru_utime + used.ru_stime,
            "wall": time.perf_counter() - begun,
            "peak": used.ru_maxrss / 1e6,
        }
        sys.stdout.write(json.dumps(said))
        return 0
    import duckdb

    lines = int(options.millions * 1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder)
        (book / "book.toml").write_text(BOOK, encoding="utf-8")
        duckdb.execute(MAKE.format(lines=lines, file=book / "orders.parquet"))
        found = {way: measured(way, book) for way in WAYS if way not in options.skip}
    for way, row in found.items():
        sys.stdout.write(
            f"{way:<18} {row['cpu']:7.1f} s of processor  {row['wall']:6.1f} s  "
            f"{row['peak']:5.2f} GB  {row['total']:,.2f}\n"
        )
    if len({row["total"] for row in found.values()}) > 1:
        sys.stdout.write("The sums DIFFER.\n")
        return 1
    if not {"kit", "bare"} <= set(found):
        return 0
    ratio = found["kit"]["cpu"] / found["bare"]["cpu"]
    sys.stdout.write(f"{lines:,} lines: the kit takes {ratio:.1f} times the bare statements.\n")
    return 0 if ratio <= 2 and found["kit"]["peak"] <= 2 else 2


if __name__ == "__main__":
    sys.exit(main())
