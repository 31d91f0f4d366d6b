"""Order lines in several files: a new month reads the new month alone, and the figures are those of
reading everything anew.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from kamlib.book import read_settings
from kamlib.intake import byfile, control_totals, read_book, row_account, set_aside_rows
from kamlib.intake.sources import open_engine, shelf
from kamlib.period.activity import activity_tables
from kamlib.period.calendar import parse_period

BOOK = 'title = "T"\ncurrency = "EUR"\n[input]\nmost_set_aside = 1.0\n'
COLUMNS = "[columns.orders]\norder_id = 'No'\naccount_id = 'Customer'\norder_date = 'Day'\n"
COLUMNS += "revenue = 'Net'\n"
PATTERN = 'SELECT * FROM "orders-*"'
SPAN = parse_period("2025-Q2")


def lines(months=6, count=200, seed=1, is_clean=True):
    """Order lines as an export has them: text, repeats, if asked cells to mend or without sense."""
    draw = np.random.default_rng(seed)
    number = draw.integers(0, count // 3, count)
    frame = pd.DataFrame(
        {
            "No": [f"o{one}" for one in number],
            "Customer": [f"A{one % 17}" for one in number],
            "Day": [f"2025-{1 + one % months:02d}-{1 + (7 * one) % 28:02d}" for one in number],
            "Net": draw.integers(-500, 90_000, count) / 100,
            "cost": draw.integers(0, 60_000, count) / 1000,
            "category": draw.choice(["x", "y", "z", ""], count),
            "manager_id": draw.choice(["m1", "m2"], count),
        }
    ).astype("str")
    if is_clean:
        return pd.concat([frame, frame.iloc[:5]], ignore_index=True)
    frame.loc[draw.integers(0, count, 3), "Net"] = "n/a"
    frame.loc[draw.integers(0, count, 2), "Customer"] = " A3 "
    frame.loc[draw.integers(0, count, 2), "Day"] = ""
    return pd.concat([frame, frame.iloc[:5]], ignore_index=True)


@pytest.fixture
def book(tmp_path, monkeypatch):
    monkeypatch.setenv("KAM_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "book"
    (folder / "raw").mkdir(parents=True)
    (folder / "book.toml").write_text(BOOK + COLUMNS, encoding="utf-8")
    (folder / "orders.sql").write_text(PATTERN, encoding="utf-8")
    return folder


def write(book, frame, name):
    file = book / "raw" / name
    if file.suffix == ".parquet":
        frame.assign(Net=pd.to_numeric(frame["Net"], errors="coerce")).to_parquet(file)
    else:
        frame.to_csv(file, index=False)


def write_months(book, frame, form="csv"):
    for month, own in frame.groupby(frame["Day"].str[:7].replace("", "2025-01")):
        write(book, own, f"orders-{month}.{form}")


@pytest.fixture
def parsed(monkeypatch):
    """The files of raw/ whose lines the engine reads, in order."""
    from kamlib.intake.sources.parts import Parts

    found, show = [], Parts.show

    def counted(parts, given, engine):
        found.extend(part.file.name for part in given)
        return show(parts, given, engine)

    monkeypatch.setattr(Parts, "show", counted)
    return found


def read(book, tmp_path, is_whole=False):
    """Everything that is told of a book: its lines, ledger, notices, if asked activity tables."""
    settings = read_settings(book)
    tables = {}
    with open_engine() as engine:
        intake = read_book(book, settings, engine)
        if is_whole:
            out = tmp_path / "out"
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir()
            tables |= activity_tables(intake, SPAN, settings, out)
            tables |= {file.stem: pd.read_parquet(file) for file in out.glob("*.parquet")}
        lines = intake.orders.order_by("_file", "_row").to_pandas()
        tables |= {"lines": lines, "account": row_account(intake), "rejected": intake.rejected}
        told = [str(notice) for notice in intake.notices]
        return tables, told, control_totals(intake)


def assert_as_anew(book, tmp_path, monkeypatch, is_whole=False):
    """Assert that a book reads as it does where nothing is kept."""
    tables, told, totals = read(book, tmp_path, is_whole)
    with monkeypatch.context() as bare:
        bare.setenv("KAM_CACHE", "")
        anew, told_anew, totals_anew = read(book, tmp_path, is_whole)
    assert told == told_anew and totals == totals_anew
    assert tables.keys() == anew.keys()
    for name, table in tables.items():
        assert_frame_equal(table, anew[name], check_exact=True, obj=name)
    return tables, told, totals


def kept(tmp_path):
    return sorted((tmp_path / "cache" / "lines").rglob("*.parquet"))


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_new_month_reads_the_new_month_alone(book, tmp_path, monkeypatch, parsed, form):
    frame = lines(is_clean=False)
    early = frame[frame["Day"] < "2025-06"]
    write_months(book, early, form)
    read(book, tmp_path)
    assert len(parsed) == 5 == len(kept(tmp_path))
    write_months(book, frame[~frame.index.isin(early.index)], form)
    parsed.clear()
    before = read(book, tmp_path)
    assert parsed == [f"orders-2025-06.{form}"]
    parsed.clear()
    tables, told, _ = assert_as_anew(book, tmp_path, monkeypatch)
    assert before[1] == told and len(parsed) == 6
    assert tables["account"]["rows"].sum() == len(frame)


@pytest.mark.parametrize("seed", range(2))
def test_however_lines_lie_in_files_the_figures_are_the_same(book, tmp_path, monkeypatch, seed):
    """Orders, repeats and accounts span the files, which come one after the other."""
    rules = BOOK.replace("1.0", '1.0\nduplicates = "set aside"') if seed % 2 else BOOK
    (book / "book.toml").write_text(rules + COLUMNS, encoding="utf-8")
    frame = lines(seed=seed, is_clean=False)
    place = np.random.default_rng(seed).integers(0, 4, len(frame))
    for number in range(4):
        write(book, frame[place == number], f"orders-{number}.csv")
        if number == 1:
            read(book, tmp_path)
    tables, *_, totals = assert_as_anew(book, tmp_path, monkeypatch, is_whole=True)
    (book / "orders.sql").unlink()
    shutil.rmtree(book / "raw")
    frame.to_csv(book / "orders.csv", index=False)
    whole, _, whole_totals = read(book, tmp_path, is_whole=True)
    assert totals == whole_totals
    for name in ("account_days", "category_months", "order_cells", "sales_cells", "account"):
        assert_frame_equal(tables[name], whole[name], check_exact=True, obj=name)


def test_what_is_set_aside_names_the_file_in_raw(book, tmp_path):
    frame = lines(is_clean=False)
    write_months(book, frame)
    with open_engine() as engine:
        aside = set_aside_rows(read_book(book, read_settings(book), engine))
    wrong = frame[frame["Net"].eq("n/a") & frame["Day"].ne("")]
    assert aside["reason"].eq("revenue is not an amount").sum() == len(wrong)
    assert aside["file"].str.fullmatch(r"orders-2025-0\d\.csv").all()


def change(book):
    file = book / "raw" / "orders-2025-02.csv"
    state = file.stat()
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("x,m1", "y,m1"), encoding="utf-8")
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
    return ["orders-2025-02.csv"]


def remove(book):
    (book / "raw" / "orders-2025-02.csv").unlink()
    return []


def rename(book):
    (book / "raw" / "orders-2025-02.csv").rename(book / "raw" / "orders-2025-2.csv")
    return ["orders-2025-2.csv"]


def remap(book):
    text = (book / "book.toml").read_text(encoding="utf-8")
    (book / "book.toml").write_text(text + "category = 'manager_id'\n", encoding="utf-8")
    return [f"orders-2025-{month:02d}.csv" for month in range(1, 7)]


def rule(book):
    text = (book / "book.toml").read_text(encoding="utf-8")
    text = text.replace("[input]", '[input]\nfold_case = true\ndecimal = "."')
    (book / "book.toml").write_text(text, encoding="utf-8")
    return [f"orders-2025-{month:02d}.csv" for month in range(1, 7)]


def restate(book):
    (book / "orders.sql").write_text(f"{PATTERN} WHERE category <> 'z'", encoding="utf-8")
    return [f"orders-2025-{month:02d}.csv" for month in range(1, 7)]


def widen(book):
    file = book / "raw" / "orders-2025-06.csv"
    pd.read_csv(file, dtype="str").assign(region="north").to_csv(file, index=False)
    return [f"orders-2025-{month:02d}.csv" for month in range(1, 7)]


@pytest.mark.parametrize("change", [change, remove, rename, remap, rule, restate, widen])
def test_what_is_otherwise_is_read_anew_and_falls_out(book, tmp_path, monkeypatch, parsed, change):
    write_months(book, lines())
    read(book, tmp_path)
    parsed.clear()
    wanted = change(book)
    assert_as_anew(book, tmp_path, monkeypatch)
    count = len(list((book / "raw").iterdir()))
    assert parsed[:-count] == wanted
    assert len(kept(tmp_path)) == count


def cut(file):
    os.truncate(file, file.stat().st_size // 2)


def garble(file):
    text = bytearray(file.read_bytes())
    text[len(text) // 3] ^= 255
    file.write_bytes(text)


def empty(file):
    file.write_bytes(b"")


def exchange(file):
    other = next(one for one in file.parent.glob("*.parquet") if one != file)
    shutil.copyfile(other, file)


@pytest.mark.parametrize("harm", [cut, garble, empty, exchange])
def test_what_is_kept_and_broken_is_not_believed(book, tmp_path, monkeypatch, parsed, harm):
    write_months(book, lines())
    read(book, tmp_path)
    parsed.clear()
    harm(kept(tmp_path)[2])
    assert_as_anew(book, tmp_path, monkeypatch)
    assert len(parsed) == 1 + 6
    assert all(file.stem[65:] == shelf.file_hash(file) for file in kept(tmp_path))


def test_without_a_place_to_keep_lines_nothing_is_kept(book, tmp_path, monkeypatch, parsed):
    write_months(book, lines())
    (tmp_path / "cache").write_text("no folder", encoding="utf-8")
    assert_as_anew(book, tmp_path, monkeypatch)
    assert len(parsed) == 12


def test_a_file_that_changes_while_it_is_read_is_not_kept(book, tmp_path, monkeypatch):
    write_months(book, lines())
    changed = book / "raw" / "orders-2025-03.csv"
    reading = byfile._read

    def disturbed(*given):
        made = reading(*given)
        with changed.open("a", encoding="utf-8") as stream:
            stream.write("o1,A1,2025-03-01,1.00,1.0,x,m1\n")
        return made

    monkeypatch.setattr(byfile, "_read", disturbed)
    read(book, tmp_path)
    assert len(kept(tmp_path)) == 5


def test_a_run_that_reads_keeps_its_files_from_being_let_go(book, tmp_path):
    write_months(book, lines())
    read(book, tmp_path)
    settings = read_settings(book)
    with open_engine() as engine:
        intake = read_book(book, settings, engine)
        change(book)
        read(book, tmp_path)
        assert len(kept(tmp_path)) == 7
        assert control_totals(intake)["revenue"]
    read(book, tmp_path)
    assert len(kept(tmp_path)) == 6
    assert not list((tmp_path / "cache" / "lines").rglob("held/*"))


def test_two_runs_at_once_read_the_same(book, tmp_path):
    write_months(book, lines())
    script = (
        "import sys; from pathlib import Path; from kamlib.book import read_settings\n"
        "from kamlib.intake import byfile, control_totals, read_book\n"
        "from kamlib.intake.sources import open_engine\n"
        "book = Path(sys.argv[1])\n"
        "with open_engine() as engine:\n"
        "    print(control_totals(read_book(book, read_settings(book), engine)))\n"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(book)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert said[0][0] == said[1][0] == f"{read(book, tmp_path)[2]}\n"
    assert len(kept(tmp_path)) == 6


def test_lines_of_a_book_that_is_gone_go_with_the_next_reading(book, tmp_path):
    write_months(book, lines())
    other = tmp_path / "other"
    shutil.copytree(book, other)
    read(other, tmp_path)
    shutil.rmtree(other)
    read(book, tmp_path)
    assert len(kept(tmp_path)) == 6


TOGETHER = {
    "a sum": 'SELECT No, min(Customer) AS Customer, min(Day) AS Day, sum(Net::DOUBLE) AS "Net" '
    "FROM \"orders-*\" WHERE Net <> 'n/a' GROUP BY No",
    "a row's number": f"{PATTERN} QUALIFY row_number() OVER (PARTITION BY No ORDER BY Day) = 1",
    "distinct rows": PATTERN.replace("SELECT", "SELECT DISTINCT"),
    "a limit": f"{PATTERN} ORDER BY No, Day, Net, cost LIMIT 50",
    "the day": f"{PATTERN} WHERE Day <= current_date::VARCHAR",
}


@pytest.mark.parametrize("statement", TOGETHER.values(), ids=TOGETHER)
def test_a_statement_over_all_files_reads_all_files(book, tmp_path, parsed, statement):
    write_months(book, lines())
    (book / "orders.sql").write_text(statement, encoding="utf-8")
    read(book, tmp_path)
    assert not parsed and not kept(tmp_path)


def test_a_folder_of_files_is_read_file_by_file_too(book, tmp_path, monkeypatch, parsed):
    write_months(book, lines())
    (book / "raw").rename(book / "months")
    (book / "raw").mkdir()
    (book / "months").rename(book / "raw" / "months")
    (book / "orders.sql").write_text(
        "SELECT t.No, t.Customer, replace(t.Day, '/', '-') AS Day, t.Net, t._file, t._row "
        "FROM months AS t WHERE t.category <> 'q'",
        encoding="utf-8",
    )
    read(book, tmp_path)
    assert len(parsed) == 6
    parsed.clear()
    read(book, tmp_path)
    assert not parsed
    assert_as_anew(book, tmp_path, monkeypatch)


def test_amounts_too_long_for_short_numbers_are_kept_whole(book, tmp_path, monkeypatch):
    frame = lines()
    frame.loc[0, "Net"] = "7654321987654.321"
    write_months(book, frame)
    *_, totals = assert_as_anew(book, tmp_path, monkeypatch)
    again = read(book, tmp_path)[2]
    assert totals == again and totals["revenue"] > 7e12
