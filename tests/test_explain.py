"""What a figure is made from adds up to the cent: re-summed from the files by plain SQL."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

import kamlib as kam
from kamlib.errors import KamError
from kamlib.period.explain import row_key
from kamlib.period.graph import upstream
from kamlib.period.sums import BY_FIGURE, RULES, terms
from kamlib.tables import catalogue

from .forked import kam as command

_SUMMED = {
    "revenue": "sum(revenue)",
    "cost": "sum(cost)",
    "margin": "sum(revenue) - sum(cost)",
    "order_count": "count(DISTINCT (account_id, order_date, order_id))",
}
_DRAWN = 200


@pytest.fixture(scope="module")
def q(root):
    return kam.open_period(root / "data" / "sample", "2025-Q3")


@pytest.fixture(scope="module")
def lines(root):
    """The order lines as the file has them, read by plain SQL: what cannot be read falls out."""
    con = duckdb.connect()
    con.execute(
        f"""
        CREATE TABLE lines AS
        SELECT trim(account_id) AS account_id, order_id, category, manager_id, product_id,
            product, region, channel,
            try_cast(order_date AS DATE) AS order_date,
            try_cast(revenue AS DECIMAL(18, 6)) AS revenue, try_cast(cost AS DECIMAL(18, 6)) AS cost
        FROM read_csv('{root}/data/sample/orders.csv', all_varchar = true, null_padding = true)
        WHERE try_cast(order_date AS DATE) IS NOT NULL AND trim(account_id) <> ''
            AND try_cast(revenue AS DECIMAL(18, 6)) IS NOT NULL
            AND (cost IS NULL OR try_cast(cost AS DECIMAL(18, 6)) IS NOT NULL)
        QUALIFY row_number() OVER (PARTITION BY order_id, line_id) = 1
        """
    )
    yield con
    con.close()


def summed(con, found):
    """The figure that terms come to, by plain SQL."""
    above, under = 0.0, 0.0
    for term in found:
        if term.amount is None:
            con.register("spans", term.spans)
            where = "".join(f" AND {kept(con, n, one)}" for n, one in enumerate(term.by))
            amount = con.execute(
                f"""
                SELECT {_SUMMED[term.what]} FROM
                (SELECT lines.* FROM lines JOIN spans USING (account_id)
                 WHERE order_date BETWEEN first_date AND last_date {where})
                """
            ).fetchone()[0]
        else:
            amount = term.amount
        if term.is_base:
            under += term.sign * float(amount or 0)
        else:
            above += term.sign * float(amount or 0)
    return above / under if any(term.is_base for term in found) else above


def kept(con, number, group):
    """The lines of a group, as a condition: what the line says, else what its account does."""
    said = [f"lines.{name}" for name in group.columns]
    if group.own is not None:
        con.register(f"own_{number}", group.own.rename("said").reset_index())
        said.append(f"(SELECT said FROM own_{number} o WHERE o.account_id = lines.account_id)")
    value = f"coalesce({', '.join(said)})"
    names = ", ".join("'" + one.replace("'", "''") + "'" for one in group.values)
    return f"{value} IN ({names})" if group.values else f"{value} IS NULL"


def candidates(q):
    """Every published figure that is a sum of order lines: period, table, row, column."""
    account = q.account("A0004")
    for table in (*RULES, *BY_FIGURE):
        whose = account if kam_scope(table) else q
        frame = getattr(whose, table)
        columns = RULES.get(table) or [
            one for one in ("value", "revenue", "previous_value", "year_ago_value") if one in frame
        ]
        for column in columns:
            for place in np.flatnonzero(frame[column].notna()):
                yield whose, table, place, column


def kam_scope(table):
    return catalogue().tables[table].scope


@pytest.mark.parametrize("seed", [1, 2])
def test_two_hundred_figures_drawn_at_random_add_up_to_the_cent(q, lines, seed):
    """As many of small tables as of large ones: a table is drawn first, then a figure of it."""
    by_table: dict[tuple, list] = {}
    for one in candidates(q):
        by_table.setdefault((one[1], one[3]), []).append(one)
    draw = np.random.default_rng(seed)
    names = sorted(by_table)
    checked = 0
    while checked < _DRAWN // 2:
        whose, table, place, column = draw.choice(
            np.array(by_table[names[draw.integers(len(names))]], dtype=object)
        )
        row = getattr(whose, table).iloc[int(place)].copy()
        row["account_id"] = row.get("account_id", getattr(whose, "account_id", None))
        found = terms(whose, table, row, column)
        if found is None:
            continue
        total = summed(lines, found)
        is_share = any(term.is_base for term in found)
        near = 1e-6 if is_share else 0.005
        assert total == pytest.approx(row[column], abs=near), f"{table}: {column} of {dict(row)}"
        checked += 1


def test_the_revenue_of_every_account_is_that_of_a_plain_statement(q, lines):
    """Without any of the kit's rules: the window is written out."""
    plain = lines.execute(
        "SELECT account_id, sum(revenue)::DOUBLE AS revenue FROM lines "
        "WHERE order_date BETWEEN '2024-10-01' AND '2025-09-30' GROUP BY account_id"
    ).df()
    both = q.account_classes.merge(plain, on="account_id", how="outer", suffixes=("", "_plain"))
    assert both["revenue"].fillna(0).sub(both["revenue_plain"].fillna(0)).abs().max() < 0.005


@pytest.mark.parametrize(
    ("table", "row", "column"),
    [
        ("account_classes", "A0004", "margin"),
        ("key_figures", "NRR/key", "value"),
        ("category_totals", "A0004/Bearings", "revenue_change"),
    ],
)
def test_an_explanation_shows_the_lines_with_file_and_row(q, table, row, column):
    found = q.explain(table, row, column, most=100_000)
    assert found.adds_up is True
    assert found.total == pytest.approx(found.value, abs=0.005)
    assert len(found.lines) == found.sums["lines"].sum()
    assert set(found.lines["file"]) == {"orders.csv"} and found.lines["row"].min() >= 1
    assert {"setting", "order lines"} & set(found.rests_on["kind"])


def test_a_calculated_figure_says_so_and_shows_the_lines_behind_it(q):
    found = q.explain("account_scores", {"account_id": "A0004"}, "score")
    assert found.adds_up is None
    own = q.account_days[q.account_days["account_id"].eq("A0004")]
    assert found.sums["amount"].sum() == pytest.approx(own["revenue"].sum(), abs=0.005)
    assert "calculated" in repr(found) and "[scoring]" in repr(found)


AHEAD = sorted(
    name for name, table in catalogue().tables.items()
    if table.made_in.startswith("ahead.") or name in ("measured_objectives", "org_chart")
)  # fmt: skip
FIGURES = ("money", "number", "share", "count", "index", "date")


@pytest.mark.parametrize("table", AHEAD)
def test_every_table_of_what_lies_ahead_is_explained(q, table):
    """A cell of it is the sum of its order lines, or is calculated from tables that are named."""
    whose = q.account("A0004") if catalogue().tables[table].scope else q
    assert upstream(table)
    rows = getattr(whose, table).reset_index(drop=True)
    if rows.empty:
        return
    columns = [one for one in rows if catalogue().columns[one].type in FIGURES]
    column = next(one for one in (*RULES.get(table, ()), *columns) if rows[one].notna().any())
    row = rows[rows[column].notna()].iloc[0]
    found = whose.explain(table, row[list(catalogue().tables[table].key) or [column]], column)
    assert found.value == row[column] and len(found.rests_on)
    assert found.adds_up is (True if table in RULES else None)


def test_a_wrong_figure_would_be_seen(q):
    found = q.explain("account_classes", "A0004", "revenue")
    found.row["revenue"] += 0.01
    assert found.adds_up is False and "does not add up" in repr(found)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (("acount_classes", "A0004", "revenue"), "'account_classes'"),
        (("account_classes", "A0004", "revenu"), "'revenue'"),
        (("account_classes", "A9999", "revenue"), "no row 'A9999'"),
    ],
)
def test_what_is_not_there_is_named(q, request_, said):
    with pytest.raises(KamError) as refused:
        q.explain(*request_)
    assert said in str(refused.value)


def test_keys_of_two_columns_are_parted_by_strokes(q):
    assert "all/new" in set(row_key("revenue_bridge", q.revenue_bridge))


def test_the_command_line_explains_and_writes_all_lines(tmp_path):
    file = tmp_path / "lines.csv"
    run = command(
        "explain", "--period", "2025-Q3", "--table", "revenue_bridge",
        "--row", "all/stopped", "--column", "revenue", "--lines", file,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "It adds up: 100 order lines come to EUR 212,964.32." in run.stdout
    assert round(pd.read_csv(file)["revenue"].sum(), 2) == 212964.32
