"""Cells that are plain take a short way: to the value, and the reason, of the long way."""

import random

import pandas as pd
import pytest

from kamlib.book import read_settings
from kamlib.intake import read_book, specimens, typed
from kamlib.intake.columns import read_table
from kamlib.intake.sources import open_engine, read_sources
from kamlib.tables import CANONICAL

PLAIN = {
    "id": ["A00123", "o17", "123456", "2024-0017", "A/7_b", "ab-cd-ef", "-1234567", "z"],
    "money": ["12.50", "0.07", "-3.00", "1200", "12.5", "-0.00", "999999999999.99", "1.234", "007"],
    "number": ["1", "12", "-3", "0.5", "100000000000", "2.25", "00"],
    "date": ["2024-02-29", "1900-01-01", "9999-12-31", "2025-06-30"],
    "text": ["Bearings", "a b", "x", "NULL", "Öl"],
}
DIRT = [
    *("1e5", "1_000", " 12 ", "inf", "-inf", "nan", "12,50", "1.234", "1,234", "1.234,5", "+5"),
    *("(5)", "5-", "5.", ".5", "-.5", "1.1234567", "0.000001", "1234567890123"),
    *("1234567890123.00", "12.00000", "９", "5 €", "EUR 5.00", "$5.00", "--5", "5.0.0", "1'000"),
    *("2024-02-30", "24-1-5", "2024-1-05", "2024-01-05 10:00", "2024-01-05T10:00:00Z"),
    *("10000-01-01", "1899-12-31", "0001-01-01", "infinity", "epoch", "05.01.2024"),
    *("Mar-04", "4-Mar", "04-Mar", "1.2E+10", "1E+15", "1.2E10", "1,2e10", "#N/A", "#REF!", "12.0"),
    *('="007"', '=""', "NULL", r"\N", "A\u00a01", "A1\u200b", "A1\t", "\nA1", "A1\x0b", "A.0"),
    *("é-12", "Total", "Summe", "-", "", ".0", "a+b", "Jan-25", "March-04", "_-Mar", "3-May"),
]  # fmt: skip
MARKS = "0123456789.,-+eE _#=\"'/\\\t\n\x0b\u00a0\u200b９€$()AMNaMar"
BOOKS = {
    "plain": 'currency = "EUR"\n',
    "no currency": "",
    "decimal point": 'currency = "EUR"\n[input]\ndecimal = "."\nfold_case = true\n',
    "decimal comma": 'currency = "EUR"\n[input]\ndecimal = ","\ndate_format = "%d.%m.%Y"\n',
    "German": 'locale = "de"\ncurrency = "EUR"\n',
    "day before month": 'currency = "EUR"\n[input]\ndate_format = "%Y-%d-%m"\n',
    "zone": 'currency = "EUR"\n[input]\ntime_zone = "Europe/Berlin"\n',
}


def cell(pick, type_, *, is_comma):
    """Return a plain cell of a type, one that was changed a little, or dirt."""
    text = pick.choice(PLAIN[type_])
    if is_comma and type_ in ("money", "number"):
        text = text.replace(".", ",")
    chance = pick.random()
    if chance < 0.5:
        return text
    if chance < 0.7:
        return pick.choice(DIRT)
    at = pick.randrange(len(text) + 1)
    return text[:at] + pick.choice(MARKS) + text[at + pick.randrange(2) :]


@pytest.mark.parametrize("said", BOOKS)
def test_the_short_way_comes_to_what_the_long_way_does(tmp_path, monkeypatch, said):
    pick = random.Random(said)
    columns = [column for column in CANONICAL["orders"].columns if column.name != "currency"]
    kinds = {column.name: column.type for column in columns}
    is_comma = "decimal comma" in said
    rows = [
        {name: cell(pick, type_, is_comma=is_comma) for name, type_ in kinds.items()}
        for _ in range(2000)
    ]
    rows += [
        {
            name: PLAIN[type_][0].replace(".", "," if is_comma else ".")
            for name, type_ in kinds.items()
        }
    ] * 5
    (tmp_path / "book.toml").write_text(f'title = "x"\n{BOOKS[said]}', encoding="utf-8")
    pd.DataFrame(rows).to_csv(tmp_path / "orders.csv", index=False)
    settings = read_settings(tmp_path)
    with open_engine() as engine:
        source = read_sources(tmp_path, settings, engine)["orders"]
        typed._piece.cache_clear()
        short = read_table(source, CANONICAL["orders"], settings)
        steps = short.rows.get_name() + typed.STEPS
        found = engine.rows(f"SELECT * FROM {steps} ORDER BY _row").to_pandas()
        monkeypatch.setattr(typed, "is_plain", lambda *_: None)
        typed._piece.cache_clear()
        long = read_table(source, CANONICAL["orders"], settings)
        both = [
            engine.rows(f"SELECT * FROM {read.rows.get_name()} ORDER BY _row").to_pandas()
            for read in (short, long)
        ]
    typed._piece.cache_clear()
    fits = found.filter(like="fit_")
    assert found["_reason"].isna().any() and found["_reason"].nunique() > 5
    assert ((fits.sum() > 0) & (fits.sum() < len(fits))).all() and len(fits.columns) >= 8
    pd.testing.assert_frame_equal(*both, check_exact=True)


def test_a_plain_cell_is_asked_by_no_pattern(tmp_path, monkeypatch):
    """A file of plain cells is judged by tests that cost less than a pattern does."""
    (tmp_path / "book.toml").write_text('title = "x"\ncurrency = "EUR"\n', encoding="utf-8")
    line = "o{0},A{0},2024-01-0{0},{0}.50"
    lines = ["order_id,account_id,order_date,revenue", *(line.format(n) for n in range(1, 9))]
    (tmp_path / "orders.csv").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(typed, "tidy", lambda column, text, *_: text.cast("int64").cast("string"))
    typed._piece.cache_clear()
    try:
        with open_engine() as engine:
            orders = read_book(tmp_path, read_settings(tmp_path), engine).orders
            assert orders["revenue"].sum().execute() == 40
    finally:
        typed._piece.cache_clear()


@pytest.mark.parametrize("said", BOOKS)
def test_columns_whose_every_cell_is_plain_are_read_untested_to_the_same(
    tmp_path, monkeypatch, said
):
    pick, is_comma = random.Random(said), "decimal comma" in said
    columns = [column for column in CANONICAL["orders"].columns if column.name != "currency"]
    plain = {kind: cells[:2] for kind, cells in PLAIN.items()}
    rows = [
        {
            column.name: pick.choice(plain[column.type]).replace(".", "," if is_comma else ".")
            if at % 3
            else cell(pick, column.type, is_comma=is_comma)
            for at, column in enumerate(columns)
        }
        for _ in range(500)
    ]
    (tmp_path / "book.toml").write_text(f'title = "x"\n{BOOKS[said]}', encoding="utf-8")
    pd.DataFrame(rows).to_csv(tmp_path / "orders.csv", index=False)
    settings = read_settings(tmp_path)
    monkeypatch.setattr(specimens, "_LEAST", 0)
    with open_engine() as engine:
        source = read_sources(tmp_path, settings, engine)["orders"]
        read = read_table(source, CANONICAL["orders"], settings)
        known = specimens.with_sound(read, engine)
        both = [
            engine.rows(f"SELECT * FROM {one.rows.get_name()} ORDER BY _row").to_pandas()
            for one in (known, read)
        ]
    mixed = {column.name for column in columns[::3]}
    assert len(known.sound) >= 3 and not known.sound & mixed
    assert both[0]["_reason"].nunique() > 3 and both[0]["_reason"].isna().any()
    pd.testing.assert_frame_equal(*both, check_exact=True)
