"""Published totals of real data come out through ``kam check`` and through the activity tables."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from kamlib.book import read_settings
from kamlib.cli import main
from kamlib.intake import read_book
from kamlib.intake.sources import open_engine
from kamlib.period.snapshot import open_period

from .forked import kam

ROOT = Path(__file__).resolve().parents[1]


def check(capsys, book: Path) -> dict:
    capsys.readouterr()
    assert main(["check", "--book", str(book), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


class TestNorthwind:
    """Totals as published for the Northwind sample database; late orders the published way (shipped
    ≥ required).
    """

    book = ROOT / "data" / "northwind"

    def test_control_totals(self, capsys):
        found = check(capsys, self.book)
        assert round(found["totals"]["revenue"], 2) == 1_265_793.04
        assert found["totals"]["orders"] == 830
        orders = found["tables"]["orders"]
        assert orders["read"] == orders["used"] + sum(orders["set_aside"].values()) == 2155

    def test_revenue_by_year(self):
        days = open_period(self.book, "1998").account_days
        by_year = days.groupby(days["date"].dt.year)["revenue"].sum().round(2).to_dict()
        assert by_year == {1996: 208_083.97, 1997: 617_085.20, 1998: 440_623.87}

    @pytest.mark.parametrize(
        "years", [("1998",), pytest.param(("1996", "1997", "1998"), marks=pytest.mark.soak)]
    )
    def test_published_tables_sum_to_the_years(self, tmp_path, years):
        out = tmp_path / "site"
        request = ["--period", f"{years[0]}..{years[-1]}", "--only", "segmentation", "--out", out]
        assert kam("report", "--book", self.book, *request, "--accounts", "none").returncode == 0
        published = {}
        for year in years:
            classes = pd.read_csv(out / year / "tables" / "account_classes.csv", dtype="str")
            published[year] = sum(map(Decimal, classes["revenue"].dropna()))
        known = {"1996": "208083.97", "1997": "617085.20", "1998": "440623.87"}
        assert {year: f"{total:.2f}" for year, total in published.items()} == {
            year: known[year] for year in years
        }
        assert len(years) == 1 or round(sum(published.values()), 2) == Decimal("1265793.04")

    def test_late_orders_by_manager(self):
        data = open_period(self.book, "1998")
        late = data.deliveries.assign(closed=lambda f: f["late_count"] - f["open_late_count"])
        names = data.managers.set_index("manager_id")["name"].str.split().str[-1]
        assert late.groupby(late["manager_id"].map(names))["closed"].sum().to_dict() == {
            "Peacock": 10,
            "Leverling": 5,
            "Callahan": 5,
            "Dodsworth": 5,
            "King": 4,
            "Fuller": 4,
            "Davolio": 3,
            "Suyama": 3,
            "Buchanan": 1,
        }


@pytest.fixture(scope="module")
def online_retail(tmp_path_factory, shared) -> Path:
    """A throw-away book of one .sql file and a folder."""
    folder = tmp_path_factory.mktemp("retail")
    (folder / "book.toml").write_text('title = "Online Retail"\ncurrency = "GBP"\n')
    (folder / "raw").mkdir()
    (folder / "raw" / "lines").symlink_to(shared / "online_retail" / "by-day")
    shutil.copy(Path(__file__).parent / "data" / "online_retail.sql", folder / "orders.sql")
    return folder


class TestOnlineRetail:
    """Totals as published for the cleaned UCI data set (repeated lines kept)."""

    def test_every_line_is_used_or_set_aside_and_the_published_totals_come_out(
        self, capsys, online_retail
    ):
        found = check(capsys, online_retail)
        orders, totals = found["tables"]["orders"], found["totals"]
        assert orders["read"] == 541_909
        assert orders["used"] == 397_884
        assert orders["used"] + sum(orders["set_aside"].values()) == orders["read"]
        amounts = orders["revenue"]
        assert (
            round(amounts["used"] + sum(amounts["set_aside"].values()), 3)
            == round(amounts["read"], 3)
            == 9_747_747.934
        )
        assert round(totals["revenue"], 2) == 8_911_407.90
        assert (totals["orders"], totals["accounts"]) == (18_532, 4_338)
        assert orders["set_aside"]["cancellation"] == 9_288

    def test_the_products_of_the_cleaned_lines(self, online_retail):
        with open_engine() as engine:
            lines = read_book(online_retail, read_settings(online_retail), engine).orders
            used = lines.filter(lines["_reason"].isnull())
            assert used["product_id"].nunique().execute() == 3_665
