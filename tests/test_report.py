"""The published report of the sample book: what is there, that it agrees with itself and with the
order lines.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import re
from decimal import Decimal
from types import SimpleNamespace

import pandas as pd
import pytest
from bs4 import BeautifulSoup

import kamlib as kam
from kamlib.errors import KamError
from kamlib.page.names import page_name
from kamlib.report.pages import PAGES
from kamlib.report.production import dossier_accounts

from .forked import kam as run_kam

AS_OF = pd.Timestamp("2025-09-30")
FILES = {
    "index.html",
    "segmentation.html",
    "scoring.html",
    "retention.html",
    "programme.html",
    "ahead.html",
    "evidence.html",
}
COLUMNS = {
    "account_classes": {
        "account_id",
        "revenue",
        "margin",
        "revenue_share",
        "abc_revenue",
        "abc_margin",
        "xyz_frequency",
        "xyz_variability",
        "cv",
    },
    "concentration": {"scope", "hhi", "gini", "effective_number", "top_1_share", "top_20_share"},
    "class_moves": {"account_id", "abc_then", "abc_now"},
    "account_scores": {"account_id", "score", "rank"},
    "score_stability": {"account_id", "rank_low", "rank_high"},
    "account_status": {"account_id", "last_order_date", "silence_days", "usual_gap_days", "status"},
    "key_figures": {"figure", "scope", "value", "previous_value", "year_ago_value"},
    "revenue_bridge": {"scope", "step", "revenue", "accounts"},
    "loss_dynamics": {"month", "lost_count", "revenue_lost", "margin_lost"},
    "cohort_retention": {"cohort", "months_since", "active_share"},
    "survival": {
        "duration_days",
        "survival_share",
        "survival_low",
        "survival_high",
        "at_risk_count",
    },
    "win_back": {"account_id", "return_probability", "cost", "offer_value", "is_chosen"},
    "intake": {"table", "reason", "rows", "revenue"},
}


@pytest.fixture(scope="module")
def report(sample_report):
    """The report with its pages parsed and its tables read."""
    folder = sample_report.folder
    pages = {
        path.relative_to(folder).as_posix(): BeautifulSoup(
            path.read_text(encoding="utf-8"), "html.parser"
        )
        for path in sorted(folder.rglob("*.html"))
    }
    pages["../index.html"] = BeautifulSoup(
        (sample_report.site / "index.html").read_text("utf-8"), "html.parser"
    )
    tables = {
        path.stem: pd.read_csv(path, dtype={"account_id": str})
        for path in (folder / "tables").glob("*.csv")
    }
    run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    return SimpleNamespace(**vars(sample_report), pages=pages, tables=tables, run=run)


def plain(node):
    """The text of a node without no-break spaces and double blanks."""
    return " ".join(node.get_text(" ").split())


# What is there


def test_the_last_line_is_the_path_of_the_site(report):
    assert report.last_line == str(report.site / "index.html")
    assert (report.site / "index.html").is_file()


def test_every_file_of_the_design_is_published(report):
    assert {path.name for path in report.folder.glob("*.html")} == FILES | {
        "tables.html",
        "accounts.html",
    }
    dossiers = {path.name for path in (report.folder / "dossiers").glob("*.html")}
    assert dossiers == {"index.html", *(f"{account}.html" for account in report.accounts)}
    assert (report.folder / "workbook.xlsx").is_file() and (report.folder / "run.json").is_file()
    assert {path.name for path in report.site.iterdir()} == {"index.html", "2025-Q3"}
    assert not [path for path in report.folder.rglob("*") if path.name.startswith(".")]


@pytest.mark.parametrize("name", COLUMNS)
def test_a_published_table_has_the_columns_promised(report, name):
    assert COLUMNS[name] <= set(report.tables[name].columns)
    assert len(report.tables[name])


def test_classes_and_reasons_are_the_words_promised(report):
    classes = report.tables["account_classes"]
    for column in ("abc_revenue", "abc_margin"):
        assert set(classes[column].dropna()) == {"A", "B", "C"}
    for column in ("xyz_frequency", "xyz_variability"):
        assert (
            set(classes[column].dropna()) <= {"X", "Y", "Z", "N"} and classes[column].notna().any()
        )
    assert "used" in set(report.tables["intake"]["reason"])
    assert set(report.tables["account_status"]["status"]) <= {
        "never",
        "new",
        "active",
        "overdue",
        "lost",
        "resting",
    }
    figures = set(report.tables["key_figures"]["figure"])
    assert {"revenue", "NRR", "GRR", "logo_churn", "hhi", "top_1_share"} <= figures


# Pages


def test_no_page_fetches_anything_or_runs_another_script(report):
    for name, page in report.pages.items():
        policy = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
        allowed = set(re.findall(r"'sha256-([^']+)'", policy))
        assert "default-src 'none'" in policy and len(allowed) == 1, name
        for script in page("script"):
            assert not script.get("src"), name
            if script.get("type") != "application/json":
                digest = hashlib.sha256(script.string.encode()).digest()
                assert base64.b64encode(digest).decode() in allowed, name
        for tag in page(True):
            for attribute, value in tag.attrs.items():
                assert not attribute.lower().startswith("on"), (name, tag.name, attribute)
                if attribute in ("src", "href", "xlink:href", "data", "action", "srcset"):
                    assert not re.match(r"\s*([a-z][a-z0-9+.-]*:(?!,)|//)", str(value), re.I), (
                        name,
                        value,
                    )
        assert not page(["iframe", "object", "embed", "base", "form"]), name


def test_every_link_inside_the_site_leads_somewhere(report):
    for name, page in report.pages.items():
        for link in page("a", href=True):
            target, _, anchor = link["href"].partition("#")
            path = (report.folder / name).parent / target if target else report.folder / name
            assert path.exists(), (name, link["href"])
            if anchor and not target:
                assert page.find(id=anchor), (name, link["href"])


@pytest.mark.parametrize(
    "page", [page for page in PAGES.values() if page.name != "overview"], ids=lambda page: page.name
)
def test_every_finding_leads_to_a_part_of_its_page(root, page):
    """Whatever the data: each anchor that a module's findings name is a table, a list or a heading
    of its notebook.
    """
    areas = {"dossiers": ["dossier"], "retention": ["retention", "leaving", "btyd"]}
    code = "".join(
        file.read_text(encoding="utf-8")
        for area in areas.get(page.name, [page.name])
        for file in (root / "kamlib" / "story").glob(f"{area}*.py")
    )
    notebook = json.loads((root / "notebooks" / f"{page.notebook}.ipynb").read_text("utf-8"))
    parts = set()
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            headings = re.findall(r"^#+ (.*?)\s*$", text, re.M)
            parts |= {heading.replace(" ", "-") for heading in headings}
        parts |= set(re.findall(r"page\.table\(\s*(?:q|me)\.(\w+)", text))
        parts |= set(re.findall(r"page\.points\(\s*(?:q|me), \w+\.points_(\w+)", text))
    anchors = set(re.findall(r'"#([A-Za-z][\w-]*)"', code))
    assert anchors <= parts and parts


def test_no_code_and_no_prompt_shows(report):
    for name, page in report.pages.items():
        assert not page.select(
            ".jp-InputArea, .jp-InputPrompt, .input_prompt, .jp-OutputPrompt, .highlight, pre"
        ), name
        text = plain(page.body)
        assert not re.search(r"\b(In|Out)\s?\[\d*\]|kam\.page\.|import kamlib|open_period", text), (
            name
        )


def test_nothing_says_nan_or_none(report):
    odd = re.compile(r"(?<![\w'’-])(nan|NaN|NaT|<NA>|None(?! of )|inf)(?![\w'’-])")
    for name, page in report.pages.items():
        body = BeautifulSoup(str(page.body), "html.parser")
        for tag in body(["script", "style"]):
            tag.extract()
        texts = [
            body.get_text(" "),
            *(str(tag["aria-label"]) for tag in body.select("[aria-label]")),
        ]
        assert not odd.search(" ".join(texts)), (name, odd.search(" ".join(texts)))
    for path in (report.folder / "tables").rglob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            cells = {cell for row in csv.reader(file) for cell in row}
        assert not cells & {"nan", "NaN", "NaT", "<NA>", "None", "inf", "-inf"}, path


def test_every_table_shown_is_published_with_its_rows(report):
    shown = 0
    for name, page in report.pages.items():
        for figure in page.select("figure.table"):
            path = report.folder / "tables" / f"{figure['id']}.csv"
            if name.startswith("dossiers/"):
                if name == "dossiers/index.html":
                    continue  # a list of links, made from the accounts
                path = report.folder / "tables" / "dossiers" / name[9:-5] / path.name
            assert path.is_file(), (name, figure["id"])
            published = pd.read_csv(path, dtype=str, keep_default_na=False)
            rows_of = figure.select_one("script.rows-of")
            if rows_of is None:
                assert published.empty and "No rows" in plain(figure), (name, figure["id"])
                continue
            data = json.loads(rows_of.string)
            assert figure["id"] == data["name"], (name, data["name"])
            rows = len(data["cells"][0]) if data["cells"] else 0
            assert rows <= len(published), (name, data["name"])
            assert {column["key"] for column in data["columns"]} <= set(published.columns), (
                name,
                data["name"],
            )
            shown += 1
    assert shown > 50


def test_the_list_of_tables_lists_them_all(report):
    listed = {link["href"] for link in report.pages["tables.html"].select("main a[href$='.csv']")}
    assert listed == {f"tables/{name}.csv" for name in report.tables}
    for row in report.pages["tables.html"].select("main tbody tr"):
        name, each, _ = (cell.get_text() for cell in row.select("th, td"))
        assert each and "ne row per" not in each, name


# run.json


def test_the_hash_of_every_file_is_right(report):
    files = {
        path.relative_to(report.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in report.folder.rglob("*")
        if path.is_file() and path.name != "run.json"
    }
    assert report.run["files"] == files


def test_every_row_of_every_file_is_accounted_for(report, root):
    rows = pd.DataFrame(report.run["rows"]["whole_book"])
    for file in (root / "data" / "sample").glob("*.csv"):
        with file.open(encoding="utf-8", newline="") as lines:
            read = sum(1 for _ in csv.reader(lines)) - 1
        assert rows.loc[rows["table"].eq(file.stem), "rows"].sum() == read, file.stem
    raw = pd.read_csv(root / "data" / "sample" / "orders.csv", dtype=str, keep_default_na=False)
    amounts = pd.to_numeric(raw["revenue"], errors="coerce").dropna().index
    whole = sum(Decimal(text) for text in raw.loc[amounts, "revenue"])
    told = rows.loc[rows["table"].eq("orders"), "revenue"].dropna()
    assert sum(Decimal(repr(value)) for value in told) == whole
    as_of = pd.DataFrame(report.run["rows"]["as_of"]).query("table == 'orders'")
    dates = pd.to_datetime(raw["order_date"], format="%Y-%m-%d", errors="coerce")
    assert as_of["rows"].sum() == int((dates.isna() | dates.le(AS_OF)).sum())
    intake = report.tables["intake"].query("table == 'orders'")
    assert (
        intake[["reason", "rows"]].to_numpy().tolist()
        == as_of[["reason", "rows"]].to_numpy().tolist()
    )


# Other requests


def test_a_range_renders_every_period_and_the_index_lists_the_newest_first(make_book, tmp_path):
    lines = "".join(
        f"{month}{account},{account},2025-{month:02d}-05,{10 * month}\n"
        for month in range(1, 7)
        for account in "AB"
    )
    book = make_book({"orders.csv": f"order_id,account_id,order_date,revenue\n{lines}"})
    request = ["--only", "segmentation", "--accounts", "none", "--out", tmp_path / "site"]
    run = run_kam("report", "--book", book, "--period", "2025-Q1..2025-Q2", *request)
    site = tmp_path / "site"
    assert run.returncode == 0, run.stderr
    assert [line.split(":")[0] for line in run.stdout.splitlines()[:2]] == ["2025-Q1", "2025-Q2"]
    assert run.stdout.splitlines()[-1] == str(site / "index.html")
    index = BeautifulSoup((site / "index.html").read_text(encoding="utf-8"), "html.parser")
    links = [
        link["href"].split("/")[0] for link in index.select("main a[href*='segmentation.html']")
    ]
    assert list(dict.fromkeys(links)) == ["2025-Q2", "2025-Q1"]
    for label in ("2025-Q1", "2025-Q2"):
        assert {path.name for path in (site / label).glob("*.html")} == {
            "segmentation.html",
            "tables.html",
            "accounts.html",
        }
        switch = BeautifulSoup(
            (site / label / "segmentation.html").read_text(encoding="utf-8"), "html.parser"
        ).select(".switch a")
        assert [link["href"] for link in switch] == [
            "../2025-Q2/segmentation.html",
            "../2025-Q1/segmentation.html",
            "../index.html",
        ]
        assert not (site / label / "dossiers").exists()


@pytest.fixture(scope="module")
def data(root):
    return kam.open_period(root / "data" / "sample", "2025-Q3")


def test_accounts_none_all_and_ids_choose_dossiers(data, report):
    assert dossier_accounts("none", data) == []
    assert dossier_accounts("all", data) == data.accounts["account_id"].tolist()
    one, two = report.accounts
    assert dossier_accounts(f"{two}, {one}", data) == [two, one]
    keys = report.tables["key_accounts"].query("is_key")["account_id"]
    assert sorted(dossier_accounts("key", data)) == sorted(keys)
    assert set(page_name(data.accounts["account_id"])) == set(data.accounts["account_id"])


def test_an_unknown_account_is_refused_with_the_nearest_one(data):
    one = data.accounts["account_id"].iloc[7]
    with pytest.raises(KamError, match=f"'{one}9' is not an account") as refused:
        dossier_accounts(f"{one},{one}9", data)
    assert one in str(refused.value) and refused.value.exit_code == 2
