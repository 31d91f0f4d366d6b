"""One report says one thing: the same table, key and column on every page, in every CSV, sheet and
dossier, with every setting of the book off its default.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from pydantic import BaseModel

from kamlib.book import BookSettings, read_settings
from kamlib.page.export import restored
from kamlib.period import open_period
from kamlib.report.production import dossier_accounts
from kamlib.story.codes import code_words
from kamlib.tables import CANONICAL, catalogue

from .forked import kam

ROOT = Path(__file__).resolve().parents[1]
OFF_DEFAULT = """
title = "Everything otherwise"
currency = "CHF"
locale = "de_CH"
complete_to = 2025-12-31
[fiscal_year]
first_month = 4
[input]
encoding = "utf-8-sig"
delimiter = ","
decimal = "."
date_format = "%Y-%m-%d"
time_zone = "Europe/Zurich"
duplicates = "set aside"
fold_case = true
largest_file_mb = 100
sheet = "Orders"
header_line = 1
most_set_aside = 0.5
[freshness]
warn_after = 20
refuse_after = 60
[health]
rhythm = 0.3
trend = 0.2
breadth = 0.05
on_time = 0.04
satisfaction = 0.06
contact = 0.08
people = 0.04
plan = 0.06
payment = 0.04
margin = 0.1
renewal = 0.03
[key_accounts]
definition = "Whoever the committee names"
version = "7"
top_n = 3
at_most = 3
[segmentation]
window_months = 36
abc = [0.6, 0.9]
xyz_frequency = [0.6, 0.2]
xyz_variability = "classic"
young_months = 24
breadwinner_share = 0.05
rfm = "rfm"
[segmentation.treatments]
AX = "Look after them"
[loss]
overdue = 1.5
lost = 2.5
min_silence_days = 60
new_days = 120
min_gaps = 4
[win_back]
budget = 9000
second_life_share = 0.7
[value]
discount_rate = 0.2
[delivery]
on_day_is_late = true
[programme]
hours_per_contact = 5.0
contact_every_days = 45.0
hours_per_account = 3.0
service_holds_hours = true
hours_per_month = 100.0
accounts_per_manager = [2, 4]
revenue_per_manager = 900000
move_penalty = 0.1
team_roles = ["sales", "delivery"]
plan_fresh_days = 90
required_rating = 3.5
fixed = ["A0004"]
[programme.required_ratings]
negotiation = 4.0
[programme.readiness]
capability = "Twelve months"
"""
SCORING = """
[scoring]
draws = 300
concentration = 20.0
seed = 7
"""


NAMED = ["a0004", "a0012", "a0039"]


@pytest.fixture(scope="module", params=["tiers", pytest.param("no tiers", marks=pytest.mark.soak)])
def report(request, tmp_path_factory) -> Path:
    """A report of the sample book with every setting off its default; in the long form once more
    without any tier.
    """
    folder = tmp_path_factory.mktemp("odd")
    asked = ["--book", written(folder, has_tiers=request.param == "tiers"), "--period", "2025-Q3"]
    if request.param == "tiers":
        asked += ["--accounts", ",".join(NAMED)]
    run = kam("report", *asked, "--out", folder / "site")
    assert run.returncode == 0, run.stderr
    return folder / "site" / "2025-Q3"


def written(folder: Path, *, has_tiers: bool) -> Path:
    """Write the book."""
    book = folder / "book"
    shutil.copytree(ROOT / "data" / "sample", book)
    own = (book / "book.toml").read_text(encoding="utf-8")
    criteria = own[own.index("[[scoring.criteria]]") : own.index("# When is a customer lost?")]
    (book / "book.toml").write_text(OFF_DEFAULT + SCORING + criteria, encoding="utf-8")
    _without(book / "orders.csv", "currency")  # whose rates are those of the euro
    if not has_tiers:
        (book / "tiers.csv").unlink()
        _without(book / "accounts.csv", "tier")
    return book


def _without(file: Path, column: str) -> None:
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [name for name in rows[0] if name != column])
        writer.writeheader()
        writer.writerows({k: v for k, v in row.items() if k != column} for row in rows)


def read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def tables(report: Path) -> dict[str, list[dict[str, str]]]:
    return {file.stem: read(file) for file in sorted((report / "tables").glob("*.csv"))}


def shown(page: Path) -> list[dict[str, Any]]:
    text = page.read_text(encoding="utf-8")
    found = re.findall(r'<script (?=[^>]*class="rows-of")[^>]*>(.*?)</script>', text, re.S)
    return [json.loads(one) for one in found]


def as_published(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return str(cell).lower()
    return str(cell)


def same(one: str, other: str) -> bool:
    """Whether two published cells say the same: figures by value, texts by letter."""
    if one == other:
        return True
    try:
        return abs(float(one) - float(other)) <= 1e-6 * max(1.0, abs(float(one)))
    except ValueError:
        return restored(one) == restored(other)


def test_every_setting_is_off_its_default():
    said = tomllib.loads(OFF_DEFAULT + SCORING)
    fits = BookSettings.model_validate(said)
    for name, field in BookSettings.model_fields.items():
        if name in ("title", "columns", "connection"):  # where the data are, not what they say
            continue
        if name == "language":  # pages in another language: test_languages
            continue
        section, default = getattr(fits, name), field.get_default(call_default_factory=True)
        if not isinstance(section, BaseModel):
            assert section != default, name
            continue
        for key in type(section).model_fields:
            if (name, key) in (("key_accounts", "min_score"), ("scoring", "criteria")):
                continue  # top_n stands in its place; the criteria are the book's own
            if name == "input" and key in (*CANONICAL, "raw", "header_rows"):
                continue  # what differs for one table or file, and heads of two rows
            assert getattr(section, key) != getattr(default, key), (name, key)


def test_what_a_page_shows_is_what_is_published(report):
    published = tables(report)
    checked = 0
    for page in sorted(report.glob("*.html")):
        for table in shown(page):
            if table["name"] not in published:
                continue
            keys = [column["key"] for column in table["columns"]]
            rows = published[table["name"]]
            entry = catalogue().tables[table["name"]]
            key = [name for name in entry.key if name in keys]
            lines = list(zip(*table["cells"], strict=True))
            if key and set(key) == set(entry.key):
                by_key = {tuple(row[name] for name in key): row for row in rows}
                for line in lines:
                    cells = dict(zip(keys, line, strict=True))
                    row = by_key[tuple(as_published(cells[name]) for name in key)]
                    for name, cell in cells.items():
                        assert same(as_published(cell), row[name]), (page.name, table["name"], name)
                        checked += 1
            else:
                there = [tuple(row[name] for name in keys) for row in rows]
                for line in lines:
                    wanted = tuple(map(as_published, line))
                    assert any(all(map(same, wanted, row)) for row in there), (page.name, wanted)
                    checked += len(wanted)
    assert checked > 3000


def test_one_account_has_one_value_of_a_column_whatever_the_table(report):
    """Of amounts the same time: the window, the 12 months, the fiscal year."""
    known = catalogue()
    said: dict[tuple[str, str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for name, rows in tables(report).items():
        entry = known.tables.get(name)
        if entry is None or entry.key != ("account_id",):
            continue
        for row in rows:
            for column, value in row.items():
                if known.columns[column].type != "sentence" and value != "":
                    said[column, entry.time, row["account_id"]][value].add(name)
    several = {key: dict(values) for key, values in said.items() if len(values) > 1}
    differing = {
        key: values
        for key, values in several.items()
        if not all(same(next(iter(values)), other) for other in values)
    }
    by_column = {column: values for (column, *_), values in differing.items()}
    assert not by_column


def test_who_is_named_or_every_key_account_has_a_dossier_and_nobody_else(report):
    keys = {row["account_id"] for row in tables(report)["key_accounts"] if row["is_key"] == "true"}
    pages = {file.stem for file in (report / "dossiers").glob("*.html")} - {"index"}
    is_named = len(keys) > len(NAMED)
    assert pages == (set(NAMED) if is_named else keys) and len(pages) == 3
    figures = {(r["figure"], r["scope"]): r["value"] for r in tables(report)["key_figures"]}
    assert float(figures["accounts", "key"]) == len(keys)
    assert {
        row["account_id"] for row in tables(report)["account_scores"] if row["is_key"] == "true"
    } <= keys


def test_without_tiers_whoever_scores_as_key_is_given_a_dossier(tmp_path):
    """As a run asks for dossiers where no account is named."""
    q = open_period(written(tmp_path, has_tiers=False), "2025-Q3")
    keys = set(q.key_accounts.query("is_key")["account_id"])
    assert set(dossier_accounts("key", q)) == keys and len(keys) == 3
    assert set(q.account_scores.query("is_key")["account_id"]) <= keys


def test_a_dossier_says_of_its_account_what_the_pages_say(report):
    known = catalogue()
    whole = {
        name: {row["account_id"]: row for row in rows}
        for name, rows in tables(report).items()
        if name in known.tables and known.tables[name].key == ("account_id",)
    }
    checked = 0
    for folder in (report / "tables" / "dossiers").iterdir():
        identity = read(folder / "account_identity.csv")[0]
        account = identity["account_id"]
        for name in ("account_classes", "account_status", "account_scores", "key_accounts"):
            row = whole[name].get(account, {})
            for column, value in identity.items():
                if column in row and known.columns[column].type != "sentence":
                    assert same(value, row[column]), (account, name, column)
                    checked += 1
    assert checked > 20


def test_key_figures_are_those_of_the_tables_beside_them(report):
    found = tables(report)
    figures = {(r["figure"], r["scope"]): r["value"] for r in found["key_figures"]}
    for row in found["retention_figures"]:
        assert same(figures[row["figure"], row["scope"]], row["value"]), row
    groups = {"accounts": "all", "groups": "groups"}
    for row in found["concentration"]:
        for name in ("top_1_share", "hhi", "gini"):
            assert same(figures[name, groups[row["scope"]]], row[name]), name
    classes = {row["account_id"]: row for row in found["account_classes"]}
    revenue = sum(float(row["revenue"]) for row in classes.values() if row["revenue"])
    assert same(figures["revenue", "all"], str(revenue))


def test_the_workbook_holds_the_same(report):
    found = tables(report)
    book = openpyxl.load_workbook(report / "workbook.xlsx", data_only=True)
    checked = 0
    for sheet in book.worksheets:
        for table in sheet.tables.values():
            name = {"retention": "account_status"}.get(table.name, table.name)
            if name not in found:
                continue
            rows = list(sheet[table.ref])
            given = found[name]
            if name == "win_back":  # there the chosen offers stand first
                given = sorted(given, key=lambda row: row["is_chosen"] != "true")
            words = code_words(pd.DataFrame(given))  # codes stay in the CSV file alone
            # a column without any value has no place in a sheet
            columns = [
                column
                for column in catalogue().tables[name].columns
                if len(rows[0]) == len(given[0]) or any(row[column] for row in given)
            ]
            for cells, row in zip(rows[1:], given, strict=False):
                for column, cell in zip(columns, cells, strict=True):
                    value = "" if cell.value is None else str(cell.value)
                    if hasattr(cell.value, "date"):
                        value = cell.value.date().isoformat()
                    value = {"True": "true", "False": "false"}.get(value, value)
                    written = words.get(column, {}).get(row[column], row[column])
                    assert same(value, written) or value == "n/a", (name, column, value)
                    checked += 1
    assert checked > 500


def test_the_book_of_the_test_is_read_as_it_is_written(report):
    settings = read_settings(report.parents[1] / "book")
    assert (settings.segmentation.window_months, settings.key_accounts.at_most) == (36, 3)
