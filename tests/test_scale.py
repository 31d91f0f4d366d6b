"""Size: pages stay light with 500 accounts and usable with 5,000; work grows with the accounts and
no faster.
"""

from __future__ import annotations

import statistics
import sys

import numpy as np
import openpyxl
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from kamlib.book import BookSettings
from kamlib.dossier import money_owed
from kamlib.practice import company, write_company
from kamlib.workbook import write_workbook

from . import office
from .forked import kam
from .segmentation import account_classes

AS_OF = pd.Timestamp("2025-09-30")
LIGHT, MOST = 250_000, 2_000_000
"""Bytes: of the median page with 500 accounts; of any page with any number of accounts."""


def sizes(site):
    """The bytes of every page of a site."""
    return {path.relative_to(site).as_posix(): path.stat().st_size for path in site.rglob("*.html")}


def rendered(folder, count, months, *options):
    """The site of a practice company of so many accounts."""
    start = f"{2026 - months // 12}-01"
    write_company(company(seed=5, accounts=count, start=start, months=months), folder / "book")
    site = folder / "site"
    run = kam(
        "report",
        "--book",
        folder / "book",
        "--period",
        "2025-Q3",
        "--out",
        site,
        "--debug",
        *options,
    )
    assert run.returncode == 0, run.stderr
    return site


def test_with_500_accounts_the_heaviest_analysis_page_is_light(tmp_path):
    """The segmentation page holds every account with all its columns."""
    site = rendered(tmp_path, 500, 24, "--only", "segmentation")
    found = {name: size for name, size in sizes(site).items() if "/accounts/" not in name}
    assert "2025-Q3/segmentation.html" in found and len(found) == 4, sorted(found)
    assert statistics.median(found.values()) <= LIGHT and max(found.values()) <= MOST, found


@pytest.mark.soak
def test_with_500_accounts_pages_and_40_dossiers_are_light(tmp_path):
    count = 500
    ids = sorted(
        company(seed=5, accounts=count, start="2022-01", months=48).tables["accounts"]["account_id"]
    )[:40]
    site = rendered(tmp_path, count, 48, "--accounts", ",".join(ids))
    found = sizes(site)
    dossiers = {name: size for name, size in found.items() if name.startswith("2025-Q3/dossiers/")}
    assert len(dossiers) == 41
    others = [size for name, size in found.items() if name not in dossiers]
    assert statistics.median(found.values()) <= LIGHT and statistics.median(others) <= LIGHT, found
    assert max(found.values()) <= MOST, found


@pytest.mark.soak
def test_with_5000_accounts_every_page_stays_under_two_megabytes(tmp_path):
    site = rendered(tmp_path, 5000, 36, "--accounts", "none", "--timeout", "1800")
    found = sizes(site)
    assert {
        "segmentation.html",
        "scoring.html",
        "retention.html",
        "programme.html",
        "index.html",
    } <= {name.removeprefix("2025-Q3/") for name in found}
    assert max(found.values()) <= MOST, found
    assert len(pd.read_csv(site / "2025-Q3" / "tables" / "account_classes.csv")) == 5000


def many(count):
    """Classes and months of so many accounts that buy at random, many of them at equal amounts."""
    draw = np.random.default_rng(3)
    months = pd.date_range(end=AS_OF, periods=14, freq="ME").as_unit("us")
    ids = np.array([f"A{number:05d}" for number in range(count)])
    frame = pd.DataFrame(
        {"account_id": np.repeat(ids, 14), "month": np.tile(months, count)}
    ).astype({"account_id": "str"})
    frame["revenue"] = draw.lognormal(5, 1.5, len(frame)).round(-1)
    frame = frame[draw.random(len(frame)) < 0.6].reset_index(drop=True)
    frame = frame.assign(cost=frame["revenue"] * 0.7, order_count=1, order_day_count=1)
    accounts = pd.DataFrame(
        {"account_id": ids, "name": ids, "manager_name": "M", "cost_to_serve": np.nan}
    ).astype({"account_id": "str", "name": "str", "manager_name": "str"})
    return frame, account_classes(frame, accounts, as_of=AS_OF)


BOOK = BookSettings(title="Many", currency="EUR", locale="en")


def calls(work):
    """How many Python functions are called while the work is done: no clock, no other load."""
    count = 0

    def counted(frame, event, argument):
        nonlocal count
        count += event == "call"

    work()  # what is loaded or kept once
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def test_the_workbook_grows_with_the_accounts_and_no_faster(tmp_path):
    def written(count):
        months, classes = many(count)
        tables = {
            "account_classes": classes,
            "account_months": months,
            "account_status": classes.head(0),
        }
        path = tmp_path / f"{count}.xlsx"
        return calls(lambda: write_workbook(tables, path, book=BOOK, as_of=AS_OF))

    assert written(1000) < 2.1 * written(500)


def test_the_workbook_of_5000_accounts_is_light(tmp_path):
    months, classes = many(5000)
    tables = {"account_classes": classes, "account_months": months}
    path = write_workbook(tables, tmp_path / "w.xlsx", book=BOOK, as_of=AS_OF)
    assert path.stat().st_size < 5_000_000


@pytest.mark.soak
def test_libreoffice_recalculates_the_workbook_of_5000_accounts(tmp_path):
    months, classes = many(5000)
    path = write_workbook(
        {"account_classes": classes, "account_months": months},
        tmp_path / "w.xlsx",
        book=BOOK,
        as_of=AS_OF,
    )
    bare = openpyxl.load_workbook(path)
    bare.save(tmp_path / "bare.xlsx")  # without a calculated value
    (made,) = office.converted("xlsx", tmp_path / "out", tmp_path / "bare.xlsx")
    sheet = openpyxl.load_workbook(made, data_only=True)["Accounts"]
    heads = [cell.value for cell in sheet[1]]
    found = {
        row[0]: row[heads.index("ABC revenue")] or None
        for row in sheet.iter_rows(min_row=2, values_only=True)
    }
    assert found == dict(
        zip(
            classes["account_id"],
            classes["abc_revenue"].where(classes["abc_revenue"].notna(), None),
            strict=False,
        )
    )


def invoices_of(count):
    draw = np.random.default_rng(5)
    rows = 12 * count
    dated = pd.Timestamp("2023-10-01") + pd.to_timedelta(draw.integers(0, 700, rows), unit="D")
    return pd.DataFrame(
        {
            "invoice_id": np.arange(rows).astype(str),
            "account_id": [f"A{number:05d}" for number in draw.integers(0, count, rows)],
            "invoice_date": dated,
            "due_date": dated + pd.Timedelta(days=30),
            "paid_date": dated + pd.to_timedelta(draw.integers(10, 60, rows), unit="D"),
            "amount": 100.0,
        }
    )


def test_what_many_accounts_owe_is_what_each_owes():
    invoices = invoices_of(1000)
    owed = money_owed(invoices, as_of=AS_OF).set_index("account_id")
    assert len(owed) == invoices["account_id"].nunique()
    for account in owed.index[:: len(owed) // 20]:
        own = money_owed(invoices[invoices["account_id"].eq(account)], as_of=AS_OF)
        assert_frame_equal(owed.loc[[account]], own.set_index("account_id"))
