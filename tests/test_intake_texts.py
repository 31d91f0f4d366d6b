"""Tables of text are read together, each different text once: as if each were read by itself."""

import random

import pandas as pd
import pytest

from kamlib.book import read_settings
from kamlib.intake.book import in_order, read_book
from kamlib.intake.columns import read_table
from kamlib.intake.sources import open_engine, read_sources
from kamlib.intake.texts import is_of_text, read_texts
from kamlib.tables import CANONICAL

WRITTEN = [
    *("{}", "{}", "{}", " {} ", "\u00a0{}", "{}\u200b", "{}.0", '="{}"', "€ {}", "{} USD", "-{}"),
    *(
        "",
        "NULL",
        r"\N",
        "#N/A",
        "1,234.5",
        "1.234,50",
        "12,50",
        "100,-",
        "(12.5)",
        "２５",
        "1E+15",
    ),
    *("31.12.2024", "2024-02-30", "01/02/2024", "Mar 2024", "2024-03-05T10:00:00Z", "45321"),
    *("yes", "N", "Late", "product-knowledge", "99999999", "Total", "=1", "late\n", "é"),
]
USUAL = {
    "id": ["A1", "007", "B 2"],
    "money": ["12.5", "100"],
    "number": ["1", "0.5", "7"],
    "date": ["2024-03-05"],
    "month": ["2024-03"],
    "flag": ["true", "no"],
}
ORDERS = "order_id,account_id,order_date,revenue\n1,A1,2024-01-01,5\n"
BOOKS = {
    "plain": 'currency = "EUR"\n',
    "no currency": "",
    "decimal comma": 'currency = "EUR"\n[input]\ndecimal = ","\ndate_format = "%d.%m.%Y"\n',
    "German": 'locale = "de"\n[input]\nfold_case = true\n[input.tiers]\ndate_format = "%b %Y"\n',
}


def _cell(column, pick):
    usual = USUAL.get(column.type, list(column.choices) or ["some words"])
    return pick.choice(WRITTEN).replace("{}", pick.choice(usual))


def _tables(pick, form, folder):
    """Write every table but orders, dirty; some with words of the book's own."""
    for table in CANONICAL.values():
        if table.name == "orders":
            continue
        rows = [
            {column.name: _cell(column, pick) for column in table.columns}
            for _ in range(pick.randrange(1, 40))
        ]
        if pick.random() < 0.5:
            said = ["", " old ", "a test", f"no {table.required[0]}"]
            rows = [{**row, "set_aside": pick.choice(said)} for row in rows]
        rows.append(dict.fromkeys(rows[0], ""))
        frame = pd.DataFrame(rows)
        if form == "csv":
            frame.to_csv(folder / f"{table.name}.csv", index=False)
        else:
            frame = frame.map(lambda one: float(one) if one in ("12.5", "7", "007") else one)
            days = frame.map(lambda one: pd.Timestamp(one) if one == "2024-03-05" else one)
            days.to_excel(folder / f"{table.name}.xlsx", index=False)


@pytest.mark.parametrize("said", [*((name, "csv") for name in BOOKS), ("plain", "xlsx")], ids=str)
def test_each_table_is_as_if_read_by_itself(tmp_path, said):
    toml, form = BOOKS[said[0]], said[1]
    pick = random.Random(f"{toml}{form}")
    (tmp_path / "book.toml").write_text(f'title = "x"\n{toml}')
    (tmp_path / "orders.csv").write_text(ORDERS)
    _tables(pick, form, tmp_path)
    settings = read_settings(tmp_path)
    with open_engine() as engine:
        sources = read_sources(tmp_path, settings, engine)
        reads = [
            read_table(source, CANONICAL[name], settings)
            for name, source in sources.items()
            if name != "orders"
        ]
        assert all(map(is_of_text, reads))
        together = read_texts(reads, engine)
        reasons = set()
        for read in reads:
            alone = in_order(read, engine)
            shown = list(alone.columns)
            pd.testing.assert_frame_equal(
                together[read.table.name][shown], alone, check_exact=True, check_dtype=False
            )
            reasons |= set(alone["_reason"].dropna())
    assert len(reads) == 24 and len(reasons) > 40


def test_as_many_statements_for_twenty_rows_as_for_one(tmp_path, monkeypatch):
    """The engine is asked once for all columns of a kind, not once a table."""
    (tmp_path / "book.toml").write_text('title = "x"\ncurrency = "EUR"\n')
    (tmp_path / "orders.csv").write_text(ORDERS)
    for name in ("losses", "feedback", "account_events", "decisions", "service_costs", "team"):
        table = CANONICAL[name]
        row = [USUAL.get(one.type, list(one.choices) or ["words"])[0] for one in table.columns]
        lines = [",".join(table.names), ",".join(row)]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n")
    asked = []
    with open_engine() as engine:
        lent = engine.lent
        monkeypatch.setattr(engine, "lent", lambda *given: asked.append(given) or lent(*given))
        read_book(tmp_path, read_settings(tmp_path), engine)
    assert 0 < len(asked) <= 6
