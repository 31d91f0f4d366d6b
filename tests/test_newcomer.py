"""A newcomer's path from files as they are exported: kam new, kam check, kam report; no SQL."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from .forked import kam
from .test_start import SHAPES


def began(book: Path, *files: Path) -> dict:
    """Make a book of files and check it, as at a command line."""
    run = kam("new", book, "--from", *files, "--currency", "EUR")
    assert run.returncode == 0, run.stderr
    run = kam("check", "--book", book, "--json")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def reported(book: Path, out: Path) -> pd.DataFrame:
    """Render the first page of a book and return the figures that it publishes."""
    run = kam("report", "--book", book, "--only", "overview", "--accounts", "none", "--out", out)
    assert run.returncode == 0, run.stderr
    return pd.read_csv(next(out.rglob("period_figures.csv")))


def test_the_raw_files_of_northwind(shared, tmp_path):
    raw = shared / "northwind" / "csv"
    lines = pd.read_csv(raw / "order_details.csv", dtype="str")
    orders = pd.read_csv(raw / "orders.csv", dtype="str")
    money = [
        Decimal(price) * Decimal(many) * (1 - Decimal(less))
        for price, many, less in zip(*(lines[c] for c in PRICED), strict=True)
    ]
    found = began(tmp_path / "book", raw)
    assert found["tables"]["orders"]["used"] == len(lines) == 2155
    assert found["totals"]["orders"] == orders["orderID"].nunique()
    assert found["totals"]["accounts"] == orders["customerID"].nunique()
    assert found["totals"]["revenue"] == pytest.approx(float(sum(money)), abs=0.005)


PRICED = ("unitPrice", "quantity", "discount")


@pytest.mark.soak
def test_the_raw_workbook_of_online_retail(shared, tmp_path):
    file = shared / "online_retail_xlsx" / "online_retail_II.xlsx"
    sheets = pd.read_excel(file, sheet_name=None, dtype={"Customer ID": "str", "Invoice": "str"})
    rows = pd.concat(sheets.values())
    known = rows[rows["Customer ID"].notna()]
    found = began(tmp_path / "book", file)
    assert found["tables"]["orders"]["read"] == len(rows)
    assert found["tables"]["orders"]["used"] == len(known)
    revenue = (known["Quantity"] * known["Price"]).sum()
    assert found["totals"]["revenue"] == pytest.approx(revenue, abs=0.01)
    assert reported(tmp_path / "book", tmp_path / "site")["figure"].is_unique


@pytest.mark.soak
@pytest.mark.parametrize("shape", ["german excel", "salesforce", "sap"])
def test_the_export_becomes_a_first_page(tmp_path, shape):
    files, orders, accounts, revenue = SHAPES[shape]
    paths = []
    for name, content in files.items():
        paths.append(tmp_path / name)
        if isinstance(content, pd.DataFrame):
            content.to_excel(paths[-1], index=False)
        else:
            paths[-1].write_text(content, encoding="utf-8")
    found = began(tmp_path / "book", *paths)
    assert (found["totals"]["orders"], found["totals"]["accounts"]) == (orders, accounts)
    assert found["totals"]["revenue"] == pytest.approx(float(revenue), abs=1e-9)
    assert len(reported(tmp_path / "book", tmp_path / "site"))
