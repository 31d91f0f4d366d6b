"""A large text file's lines, read in one pass, come to what judging every line comes to."""

import random
from dataclasses import replace

import pandas as pd
import pytest

from kamlib.book import read_settings
from kamlib.errors import KamError
from kamlib.intake import control_totals, read_book, row_account, set_aside_rows, sieve
from kamlib.intake.columns import read_table
from kamlib.intake.sources import open_engine, read_sources, tables
from kamlib.tables import CANONICAL

from .test_intake_plain import BOOKS, DIRT, MARKS

WRITTEN = [
    lambda amount: f"{amount:.2f}",
    lambda amount: f"{amount:.0f}",
    lambda amount: f"{amount:.1f}",
    lambda amount: f"{amount:.3f}",
    lambda amount: repr(round(amount, 1)),
    lambda amount: f"{amount:.8g}",
]
COLUMNS = [column for column in CANONICAL["orders"].columns if column.name != "currency"]


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Every file is large."""
    monkeypatch.setattr(tables, "LARGE_TEXT", 0)


def written(pick, column, said, how):
    """Return a cell as all cells of its column are."""
    match column.type:
        case "id":
            return f"{column.name[0]}{pick.randrange(99)}"
        case "money" | "number":
            text = WRITTEN[how](pick.randrange(-5_000, 90_000) / 8)
            return text.replace(".", ",") if "comma" in said else text
        case "date":
            form = {"decimal comma": "%d.%m.%Y", "day before month": "%Y-%d-%m"}
            day = pd.Timestamp("2024-01-01") + pd.Timedelta(days=pick.randrange(700))
            return day.strftime(form.get(said, "%Y-%m-%d"))
    return pick.choice(["Bearings", "Öl", "a b", "NULL", " x"])


def dirty(pick, text):
    if pick.random() < 0.5:
        return pick.choice(DIRT)
    at = pick.randrange(len(text) + 1)
    return text[:at] + pick.choice(MARKS) + text[at + pick.randrange(2) :]


def book(folder, said, rows=2000):
    """Make a book of lines, of every second one of which one cell is dirt."""
    pick = random.Random(said)
    hows = {column.name: pick.randrange(len(WRITTEN)) for column in COLUMNS}
    lines = []
    for at in range(rows):
        line = {c.name: written(pick, c, said, hows[c.name]) for c in COLUMNS}
        if at % 2:
            name = pick.choice(COLUMNS).name
            line[name] = dirty(pick, line[name])
        lines.append(line)
    (folder / "book.toml").write_text(f'title = "x"\n{BOOKS[said]}', encoding="utf-8")
    pd.DataFrame(lines).to_csv(folder / "orders.csv", index=False)
    return read_settings(folder)


def frame(engine, rows):
    return engine.rows(f"SELECT * FROM {rows.get_name()} ORDER BY _row").to_pandas()


@pytest.mark.parametrize("said", [one for one in BOOKS if one != "day before month"])
def test_one_pass_comes_to_what_judging_each_line_does(tmp_path, monkeypatch, said):
    settings, table = book(tmp_path, said), CANONICAL["orders"]
    monkeypatch.setattr(sieve, "_MOST_HELD", 1)
    with open_engine() as engine:
        source = read_sources(tmp_path, settings, engine)["orders"]
        quick, rejected = sieve.sieved(source, source.unread, table, settings, engine)
        held = engine.one("SELECT count(_held) FROM kam_sieve")
        again = replace(quick, kept_rows=None)
        rows, _ = source.unread.scanned(engine)
        each = read_table(replace(source, rows=rows, unread=None), table, settings)
        assert rejected.empty and 300 < held <= 1000
        expected = frame(engine, each.rows)
        found = frame(engine, quick.rows)[expected.columns]
        pd.testing.assert_frame_equal(found, expected, check_exact=True)
        pd.testing.assert_frame_equal(frame(engine, again.rows), expected, check_exact=True)
        assert expected["_reason"].nunique() > 3 and expected["_reason"].isna().sum() > 1000
        amounts = [column.name for column in COLUMNS if column.type in ("money", "number")]
        cells = [engine.frame(f"SELECT * FROM {name} ORDER BY _row")[amounts]
                 for name in ("kam_sieve_cells", rows.get_name())]  # fmt: skip
        pd.testing.assert_frame_equal(*cells)


def told(folder, settings):
    """Return what a book says of its lines, or why it is refused."""
    with open_engine() as engine:
        try:
            intake = read_book(folder, settings, engine)
        except KamError as error:
            return str(error), error.next
        frames = (row_account(intake), set_aside_rows(intake), intake.rejected)
        said = [one.to_csv() for one in frames]
        return [*said, control_totals(intake), intake.notices]


@pytest.mark.parametrize("said", [*BOOKS, "open", "long lines", "unclosed", "one column", "empty"])
def test_a_book_says_the_same_of_its_lines(tmp_path, monkeypatch, said):
    base = said if said in BOOKS else "decimal point"
    settings = book(tmp_path, base, rows=300)
    file = tmp_path / "orders.csv"
    lines = file.read_text(encoding="utf-8").split("\n")
    lines = [line for line in lines if '"' not in line]  # a line break inside a cell
    if said == "open":
        lines = [line.replace("2024-", "01/02/", 1) for line in lines]
    elif said == "long lines":
        lines[7:9] = [lines[7] + ",1,50", lines[8].rpartition(",")[0]]
    elif said == "unclosed":
        lines[9] = lines[9].replace(",", ',"', 1)
    elif said == "one column":
        lines[1:] = ["1" for _ in lines[1:]]
    elif said == "empty":
        lines[1:] = [""]
    file.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(sieve, "_MOST_HELD", 1)
    quick = told(tmp_path, settings)
    monkeypatch.setattr(tables, "LARGE_TEXT", float("inf"))
    assert quick == told(tmp_path, settings)


def kept(folder, lines):
    """Return the engine's own tables after a book of these lines was read."""
    (folder / "book.toml").write_text('title = "x"\ncurrency = "EUR"\n', encoding="utf-8")
    text = ["order_id,account_id,order_date,revenue,category", *lines]
    (folder / "orders.csv").write_text("\n".join(text), encoding="utf-8")
    with open_engine() as engine:
        read_book(folder, read_settings(folder), engine)
        found = engine.rows("SELECT table_name, estimated_size FROM duckdb_tables()")
    return dict(zip(*found.to_pydict().values(), strict=True))


def test_no_text_is_kept_of_lines_written_as_most_are(tmp_path):
    lines = [f"{at},A{at % 7},2024-01-05,{at}.50,Öl" for at in range(100)]
    lines[50] = "50,A1,2024-01-05,(50.50),Öl"
    found = kept(tmp_path, lines)
    assert found["kam_sieve"] == 100 and found["kam_sieve_held"] == 1
    assert not any(name.startswith("kam_part") for name in found)


def test_lines_of_which_many_would_be_held_back_are_judged_at_once(tmp_path):
    found = kept(tmp_path, [f"{at},A{at % 7},2024-01-05,({at}.50),Öl" for at in range(100)])
    assert "kam_sieve" not in found and any(name.startswith("kam_part") for name in found)


def test_days_that_their_form_would_read_otherwise_are_judged_each(tmp_path):
    settings = book(tmp_path, "day before month", rows=20)
    with open_engine() as engine:
        source = read_sources(tmp_path, settings, engine)["orders"]
        read, _ = sieve.sieved(source, source.unread, CANONICAL["orders"], settings, engine)
    assert not read.is_kept
