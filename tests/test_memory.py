"""Statements that need more memory than there is run for some accounts after others."""

from __future__ import annotations

import re

import duckdb
import pandas as pd
import pytest
from ibis.backends.duckdb import Backend
from pandas.testing import assert_frame_equal

from kamlib.book import read_settings
from kamlib.errors import KamError
from kamlib.intake import read_book
from kamlib.intake.sources import open_engine
from kamlib.period.activity import activity_tables
from kamlib.period.calendar import parse_period

LINES = """
    SELECT 'o' || i // 3 AS order_id, 'A' || hash(i // 3) % 23 || '''' AS account_id,
        DATE '2024-01-01' + (i // 3 * 7 % 700)::INT AS order_date,
        (hash(i) % 9000 / 7)::DECIMAL(12, 2) AS revenue, (hash(i) % 900)::DECIMAL(12, 2) AS cost,
        (1 + i % 4)::DOUBLE AS quantity, 'P' || i % 11 AS product_id, 'C' || i % 2 AS category,
        CASE WHEN i % 10 THEN 'M' || i % 2 END AS manager_id, order_date + 3 AS promised_date,
        CASE WHEN i % 5 THEN order_date + (i % 9)::INT END AS delivered_date
    FROM range(3000) AS r(i)"""


@pytest.fixture
def book(tmp_path):
    (tmp_path / "book.toml").write_text('title = "T"\ncurrency = "EUR"\n', encoding="utf-8")
    duckdb.execute(f"COPY ({LINES}) TO '{tmp_path / 'orders.parquet'}' (FORMAT parquet)")
    return tmp_path


def tables(book, name):
    out = book / name
    out.mkdir()
    settings = read_settings(book)
    with open_engine() as engine:
        intake = read_book(book, settings, engine)
        found = activity_tables(intake, parse_period("2025-Q3"), settings, out)
    return found | {file.stem: pd.read_parquet(file) for file in out.glob("*.parquet")}


def scarce(monkeypatch, most):
    """Let a statement over order lines fail that reads more accounts than there is room for, or of
    prices more products; return those that ran in pieces.
    """
    run, ran = Backend.raw_sql, []

    def limited(backend, query, **options):
        text = str(query)
        found = re.search(r"FROM (kam_used|read_parquet\('[^']*'\))", text)
        is_table = found is not None and ("COPY (" in text or "is_split" in text)
        is_piece = is_table and f"SELECT * {found[0]} WHERE" in text
        if is_table and (found[1] == "kam_used" or is_piece or "order_day_count" in text):
            bounds = text.partition(f"SELECT * {found[0]} WHERE ")[2].partition(")")[0] or "true"
            by = "product_id" if "middle AS (" in text else "account_id"
            count = run(backend, f"SELECT count(DISTINCT {by}) {found[0]} WHERE {bounds}")
            if count.fetchone()[0] > most:
                raise duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate")
            ran.append(text)
        return run(backend, query, **options)

    monkeypatch.setattr(Backend, "raw_sql", limited)
    return ran


@pytest.mark.parametrize("most", [9, 3])
def test_in_pieces_the_tables_are_the_same(book, monkeypatch, most):
    whole = tables(book, "whole")
    ran = scarce(monkeypatch, most)
    pieces = tables(book, "pieces")
    assert whole.keys() == pieces.keys() and len(ran) > 4 * 10
    for part in ("middle AS (", "due AS (", "FROM (SELECT * FROM read_parquet("):
        assert sum(part in text for text in ran) >= 4
    for name, table in whole.items():
        assert_frame_equal(pieces[name], table, check_exact=True, obj=name)


def test_what_does_not_fit_in_any_piece_is_told_in_words(book, monkeypatch):
    scarce(monkeypatch, 0)
    with pytest.raises(KamError, match="needs more memory"):
        tables(book, "none")
