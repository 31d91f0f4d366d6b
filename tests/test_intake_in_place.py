"""Typed order lines are judged once and read where they lie: the same rows as from a copy."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pandas as pd
import pytest

from kamlib.book import read_settings
from kamlib.errors import KamError
from kamlib.intake import read_book, row_account, set_aside_rows, specimens
from kamlib.intake.columns import read_table
from kamlib.intake.judged import judged
from kamlib.intake.sources import open_engine, read_sources
from kamlib.period.activity import used_lines
from kamlib.tables import CANONICAL

CLEAN = """
    SELECT 'o' || i AS order_id, 'A' || i % 7 AS account_id, DATE '2025-01-01' + i::INT
        AS order_date, (i / 7)::DECIMAL(12, 2) AS revenue, i * 0.1::DOUBLE AS quantity
    FROM range(50) AS r(i)"""
DIRT = {
    "blanks around an id": "SELECT 'x', ' A1 ', DATE '2025-03-01', 5, 1",
    "an id cut short": "SELECT 'x', '1.2E+10', DATE '2025-03-01', 5, 1",
    "no account": "SELECT 'x', NULL, DATE '2025-03-01', 5, 1",
    "no day": "SELECT 'x', 'A1', NULL, 5, 1",
    "no number": "SELECT 'x', 'A1', DATE '2025-03-01', 5, 'nan'::DOUBLE",
    "a day of long ago": "SELECT 'x', 'A1', DATE '1755-03-01', 5, 1",
    "long amounts": "SELECT 'x', 'A1', DATE '2025-03-01', 5, 2e12",
    "many places": "SELECT 'x', 'A1', DATE '2025-03-01', 0.12345678::DECIMAL(20, 8), 1e-7",
    "a number of a spreadsheet": "SELECT '7.0', 'A1', DATE '2025-03-01', 5, 1",
    "a month for an id": "SELECT 'Mar-04', 'A1', DATE '2025-03-01', 5, 1",
    "no order": "SELECT NULL, 'A1', DATE '2025-03-01', 5, 1",
    "other letters": "SELECT 'Ñu 7', 'A1', DATE '2025-03-01', 5, 1",
    "an endless amount": "SELECT 'x', 'A1', DATE '2025-03-01', 5, '-inf'::DOUBLE",
    "marks, and no amount": "SELECT '2025-03/7_x', 'A-1', DATE '2025-03-01', NULL, 1",
    "instants": "SELECT 'x', 'A1', TIMESTAMP '2025-03-01 23:59:00', 5, 1",
    "whole numbers": "SELECT 'x', 'A1', DATE '2025-03-01', 5::BIGINT, 3",
}


@pytest.fixture
def book(tmp_path):
    (tmp_path / "book.toml").write_text('title = "T"\ncurrency = "EUR"\n', encoding="utf-8")
    return tmp_path


def _write(book, *selects):
    rows = " UNION ALL ".join(selects)
    duckdb.execute(f"COPY ({rows}) TO '{book / 'orders.parquet'}' (FORMAT parquet)")


def _rows(table, names):
    floats = {n: table[n].cast("float64") for n in names if table[n].type().is_decimal()}
    frame = table.mutate(**floats).select(names).to_pandas()
    return frame.sort_values(["_file", "_row"]).reset_index(drop=True)


@pytest.mark.parametrize("looked_at", [10, 100_000], ids=["varied", "few cells"])
@pytest.mark.parametrize("dirt", DIRT.values(), ids=DIRT)
def test_lines_in_place_are_those_of_a_copy(book, dirt, looked_at, monkeypatch):
    monkeypatch.setattr(specimens, "_LOOKED_AT", looked_at)
    _write(book, CLEAN, dirt)
    settings = read_settings(book)
    with open_engine() as engine:
        source = read_sources(book, settings, engine)["orders"]
        read = read_table(source, CANONICAL["orders"], settings)
        copy = engine.keep(read.rows, "copy")
        names = [name for name in copy.columns if name not in ("_mended", "_open", "_sign")]
        copied = _rows(copy, names)
        placed = _rows(read_book(book, settings, engine).orders, names)
    assert len(copied) == 51
    pd.testing.assert_frame_equal(placed, copied)


def test_no_line_is_kept_but_those_set_aside(book):
    _write(book, CLEAN, DIRT["no day"], DIRT["blanks around an id"])
    with open_engine() as engine:
        intake = read_book(book, read_settings(book), engine)
        used_lines(intake)
        kept = engine.connection.raw_sql("SELECT table_name FROM duckdb_tables()").fetchall()
        sizes = {name: engine.one(f"SELECT count(*) FROM {name}") for (name,) in kept}
        account = row_account(intake).set_index("reason")["rows"].to_dict()
        aside = set_aside_rows(intake)
    assert max(sizes.values()) == 1
    assert account == {"used": 51, "no order_date": 1}
    assert aside["row"].tolist() == [51]


def test_cells_that_need_something_have_their_lines_counted(book):
    _write(book, CLEAN, DIRT["no day"])
    settings = read_settings(book)
    with open_engine() as engine:
        source = read_sources(book, settings, engine)["orders"]
        read = read_table(source, CANONICAL["orders"], settings)
        found = judged(read, engine)[1]
    assert sorted(found["n"]) == [1, 50]


def test_whole_numbers_are_ids(book):
    lines = CLEAN.replace("'o' || i AS", "(i * 4 - 9)::BIGINT AS")
    _write(book, lines)
    with open_engine() as engine:
        intake = read_book(book, read_settings(book), engine)
        found = intake.orders.select("order_id", "_reason").to_pandas()
    assert sorted(found["order_id"]) == sorted(str(i * 4 - 9) for i in range(50))
    assert found["_reason"].isna().all()


def test_what_is_told_of_lines_is_asked_once(book):
    _write(book, CLEAN, CLEAN)
    with open_engine() as engine:
        intake = read_book(book, read_settings(book), engine)
        told = intake.notices
        assert replace(intake, frames={}).notices is told
    assert "Lines that repeat another one: 50" in told[0].what


def test_amounts_of_fractions_are_short_numbers_where_they_fit(book):
    _write(book, CLEAN, DIRT["whole numbers"])
    with open_engine() as engine:
        orders = read_book(book, read_settings(book), engine).orders
        assert orders["quantity"].type().precision == 18
    _write(book, CLEAN, DIRT["long amounts"])
    with open_engine() as engine:
        orders = read_book(book, read_settings(book), engine).orders
        assert orders["quantity"].type().precision == 38


def test_statements_read_raw_parquet_where_it_lies_and_no_other_file(book):
    (book / "raw").mkdir()
    _write(book, CLEAN)
    (book / "orders.parquet").rename(book / "raw" / "sales.parquet")
    (book / "orders.sql").write_text("SELECT * FROM sales", encoding="utf-8")
    with open_engine() as engine:
        assert read_book(book, read_settings(book), engine).orders.count().execute() == 50
    (book / "other.bin").write_bytes((book / "raw" / "sales.parquet").read_bytes())
    other = f"SELECT * FROM read_parquet('{book / 'other.bin'}')"
    (book / "orders.sql").write_text(other, encoding="utf-8")
    with open_engine() as engine, pytest.raises(KamError, match="does not run"):
        read_book(book, read_settings(book), engine)


def test_lines_that_share_their_row_of_origin_are_judged_one_by_one(book):
    (book / "raw").mkdir()
    (book / "raw" / "heads.csv").write_text("no,day\no1,2025-01-31\n", encoding="utf-8")
    select = "SELECT no AS order_id, who AS account_id, day::DATE AS order_date, 5.0 AS revenue"
    lines = "FROM heads, (VALUES ('A'), ('B'), (NULL)) AS v(who)"
    (book / "orders.sql").write_text(f"{select}, _file, _row {lines}", encoding="utf-8")
    with open_engine() as engine:
        account = row_account(read_book(book, read_settings(book), engine))
    assert account.set_index("reason")["rows"].to_dict() == {"used": 2, "no account_id": 1}


def test_the_environment_says_what_the_engine_may_hold(monkeypatch):
    said = "SELECT current_setting('memory_limit')"
    monkeypatch.setenv("KAM_MEMORY", "2GiB")
    with open_engine() as engine:
        assert engine.one(said) == "2.0 GiB"
    monkeypatch.setenv("KAM_MEMORY", "much")
    with pytest.raises(KamError, match="no amount of memory"):
        open_engine()


def test_too_little_memory_is_told_in_words(monkeypatch):
    monkeypatch.setenv("KAM_MEMORY", "20MB")
    with pytest.raises(KamError, match="more memory") as told, open_engine() as engine:
        engine.one("SELECT length(list(i)) FROM range(30000000) AS r(i)")
    assert "KAM_MEMORY" in told.value.next


def test_every_line_that_repeats_another_of_its_order_is_counted(book):
    """Orders of one line and of hundreds; equal lines of two orders are no repeats."""
    lines = """SELECT 'o' || i // {n} AS order_id, 'A' AS account_id, DATE '2025-01-01'
        AS order_date, (i % {n})::DECIMAL(12, 2) AS revenue FROM range({rows}) AS r(i)"""
    single, long = lines.format(n=1, rows=90), lines.format(n=400, rows=1200).replace("'o'", "'p'")
    again = f"SELECT * FROM ({long}) WHERE revenue IN (7, 399) AND order_id = 'p1'"
    _write(book, single, long, again, f"SELECT * FROM ({single}) WHERE order_id = 'o5'")
    with open_engine() as engine:
        told = [notice.what for notice in read_book(book, read_settings(book), engine).notices]
    assert [what for what in told if "repeat another one: 3 (EUR 406.00)" in what], told
