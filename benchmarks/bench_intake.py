"""Online Retail, 541,909 order lines in 305 files: the kit's intake and activity against plain
pandas, side by side.

    python benchmarks/bench_intake.py --data ../shared/data/online_retail/by-day

Both read every file, leave out the lines that the published cleaning leaves out, and sum revenue by
account and day and by account and month; pandas accounts for no row and checks nothing. By turns in
the same run, the best of the rounds counts; the sums must agree to the cent. The same again
``--times`` as large: the files repeated with other order and account ids, in a temporary folder.
Exit code 1: they differ; 2: no data."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from kamlib.book import read_settings
from kamlib.intake import read_book, row_account
from kamlib.intake.sources import open_engine
from kamlib.period.activity import account_days, months_of_days, used_lines

AS_OF = pd.Timestamp("2011-12-31")
ORDERS = (Path(__file__).resolve().parents[1] / "tests" / "data" / "online_retail.sql").read_text(
    encoding="utf-8"
)


def with_pandas(folder: Path) -> tuple[int, pd.DataFrame]:
    """Read, clean and sum the lines with pandas alone; return the lines read and the sums by
    account and month.
    """
    files = sorted(folder.glob("*.csv"))
    read = pd.concat(
        [pd.read_csv(file, dtype={"CustomerID": str, "InvoiceNo": str}) for file in files]
    )
    lines = read[
        read["CustomerID"].notna()
        & ~read["InvoiceNo"].str.startswith("C")
        & read["Quantity"].gt(0)
        & read["UnitPrice"].gt(0)
    ].assign(
        date=lambda f: pd.to_datetime(f["InvoiceDate"]).dt.normalize(),
        revenue=lambda f: f["Quantity"] * f["UnitPrice"],
        account_id=lambda f: f["CustomerID"].str.removesuffix(".0"),
    )
    days = lines.groupby(["account_id", "date"], as_index=False).agg(
        revenue=("revenue", "sum"),
        quantity=("Quantity", "sum"),
        order_count=("InvoiceNo", "nunique"),
    )
    months = days.assign(month=days["date"] + pd.offsets.MonthEnd(0))
    return len(read), months.groupby(["account_id", "month"], as_index=False)["revenue"].sum()


def with_the_kit(book: Path) -> tuple[int, pd.DataFrame]:
    """Read the book, account for its rows, and sum the lines through the engine."""
    with open_engine() as engine:
        intake = read_book(book, read_settings(book), engine)
        read = row_account(intake).query("table == 'orders'")["rows"].sum()
        days = used_lines(intake).stored(account_days(as_of=AS_OF))
        months = pd.read_parquet(engine.stored(months_of_days(days, as_of=AS_OF)))
    return int(read), months[["account_id", "month", "revenue"]]


def repeated(folder: Path, times: int, target: Path) -> Path:
    """Write every file so many times over; each copy has order and account ids of its own."""
    target.mkdir()
    for file in sorted(folder.glob("*.csv")):
        lines = pd.read_csv(file, dtype="str", keep_default_na=False)
        for number in range(times):
            copy = lines.assign(
                InvoiceNo=lines["InvoiceNo"] + f"-{number}",
                CustomerID=lines["CustomerID"].mask(
                    lines["CustomerID"].ne(""), f"{number}-" + lines["CustomerID"]
                ),
            )
            copy.to_csv(target / f"{file.stem}-{number}.csv", index=False)
    return target


def compare(data: Path, rounds: int) -> bool:
    """Measure both by turns, say what came out, and return whether the sums agree."""
    plain: list[float] = []
    kit: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder)
        (book / "book.toml").write_text(
            'title = "Online Retail"\ncurrency = "GBP"\n', encoding="utf-8"
        )
        (book / "orders.sql").write_text(ORDERS, encoding="utf-8")
        (book / "raw").mkdir()
        (book / "raw" / "lines").symlink_to(data.resolve())
        for _ in range(rounds):
            begun = time.perf_counter()
            read, theirs = with_pandas(data)
            plain.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            ours_read, ours = with_the_kit(book)
            kit.append(time.perf_counter() - begun)
    both = ours.merge(
        theirs, on=["account_id", "month"], how="outer", suffixes=("", "_plain")
    ).fillna(0)
    same = read == ours_read and both["revenue"].sub(both["revenue_plain"]).abs().max() < 0.005
    sys.stdout.write(
        f"{read:,} lines, {len(ours):,} sums by account and month, "
        f"{'equal' if same else 'DIFFERENT'}\n"
        f"pandas  {min(plain):6.2f} s  (best of {rounds})\n"
        f"kamlib  {min(kit):6.2f} s  (best of {rounds}; with every row accounted for)\n"
        f"ratio   {min(kit) / min(plain):6.2f}  (kamlib / pandas)\n"
    )
    return bool(same)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/online_retail/by-day"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--times", type=int, default=10, help="how many times as large the second one is; 0: none"
    )
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.stdout.write(
            f"No {options.data}: give the folder of Online Retail, a file per day, with --data.\n"
        )
        return 2
    same = compare(options.data, options.rounds)
    if options.times:
        with tempfile.TemporaryDirectory() as folder:
            same &= compare(
                repeated(options.data, options.times, Path(folder) / "lines"), options.rounds
            )
    return int(not same)


if __name__ == "__main__":
    sys.exit(main())
