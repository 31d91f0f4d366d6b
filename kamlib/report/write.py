"""What a period's staged folder holds: pages, tables, ``run.json``; the index of all periods."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pandas as pd

import kamlib
from kamlib.book import BookSettings
from kamlib.intake import Intake, control_totals, row_account
from kamlib.page import rows
from kamlib.page.export import csv_text
from kamlib.page.fragments import rendered
from kamlib.page.names import page_name
from kamlib.page.site import Foot, Link, PeriodEntry, page_resources, site_index
from kamlib.period import Period
from kamlib.period.calendar import parse_period
from kamlib.report import site
from kamlib.report.pages import PAGES, Page, check_page, page_html
from kamlib.story.overview import CARDS
from kamlib.story.pages import definitions, title_period
from kamlib.story.statements import Card
from kamlib.tables import catalogue, each
from kamlib.words import count
from kamlib.workbook import write_workbook

WORKBOOK_TABLES = (
    "account_classes",
    "criterion_scores",
    "account_scores",
    "account_actions",
    "account_status",
    "win_back",
    "key_figures",
)
"""The sheets of the workbook, by table."""
_ORDER = ("overview", "segmentation", "scoring", "retention", "programme")


@dataclass(frozen=True)
class Made:
    """A notebook that has run: its page, the account it is about, and its outputs."""

    page: Page
    account: str
    executed: nbformat.NotebookNode
    seconds: float


def page_names(data: Period) -> dict[str, str]:
    """Return the page name of every account of the book."""
    return page_name(data.accounts["account_id"])


def write_pages(made: list[Made], data: Period, staged: Path) -> None:
    """Write the pages of the notebooks that are asked for, and refuse one that is not
    self-contained.
    """
    names = page_names(data)
    titles = data.accounts.set_index("account_id")["name"]
    singles = sorted(
        (one.page for one in made if not one.account),
        key=lambda p: _ORDER.index(p.name),
    )
    accounts = [one.account for one in made if one.account]

    def links(current: str, up: str) -> list[Link]:
        found = [Link(page.title, up + page.file, page.name == current) for page in singles]
        if accounts:
            found.append(
                Link(
                    f"Dossiers ({len(accounts)})", f"{up}dossiers/index.html", current == "dossiers"
                )
            )
        found.append(Link("Tables", f"{up}tables.html", current == "tables"))
        if (staged / "workbook.xlsx").is_file():
            found.append(Link("Workbook", f"{up}workbook.xlsx"))
        return found

    listed = _resources("Tables", links("tables", ""), data, "")
    write_page(staged / "tables.html", "tables.html", page_html(_table_list(staged), listed))

    if accounts:
        (staged / "dossiers").mkdir(exist_ok=True)
        node = _dossier_list(data, accounts, names, staged)
        html = page_html(node, _resources("Dossiers", links("dossiers", "../"), data, "../"))
        write_page(staged / "dossiers" / "index.html", "dossiers/index.html", html)
    for one in made:
        up = "../" if one.account else ""
        file = one.page.file.format(account=names[one.account]) if one.account else one.page.file
        title = str(titles[one.account]) if one.account else one.page.title
        html = page_html(one.executed, _resources(title, links(one.page.name, up), data, up))
        write_page(staged / file, file, html)


def _dossier_list(
    data: Period, accounts: list[str], names: dict[str, str], staged: Path
) -> nbformat.NotebookNode:
    """Return the list of dossiers as a notebook of one output."""
    listed = data.account_list
    fragment = rows.table(
        listed[listed["account_id"].isin(accounts)],
        title=f"{count(len(accounts), 'dossier')}, the largest account first",
        links={account: f"{names[account]}.html" for account in accounts},
    )
    output = nbformat.v4.new_output(
        "display_data", data={"text/html": fragment.html, "text/plain": fragment.text}
    )
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(id="dossiers", outputs=[output])]
    )


def _table_list(staged: Path) -> nbformat.NotebookNode:
    """Return the list of published tables as a notebook of one output: each with its row, linked to
    its file.
    """
    known = catalogue().tables
    files = sorted(file.stem for file in (staged / "tables").glob("*.csv"))
    said = [(name, known[name].row.removesuffix(".") if name in known else "") for name in files]
    html = rendered("table_list.html.j2", lines=[(n, *_row_and_rest(text)) for n, text in said])
    output = nbformat.v4.new_output("display_data", data={"text/html": html})
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(id="tables", outputs=[output])]
    )


def _row_and_rest(text: str) -> tuple[str, str]:
    """Return what one row of a table is, and what is told of it.

    >>> _row_and_rest("One row per account: its score"), _row_and_rest("One row: the line")
    (('account', 'its score'), ('(one row)', 'the line'))
    """
    row, _, rest = text.partition(": ")
    return {"One row": "(one row)"}.get(
        row, row.removeprefix("One row ").removeprefix("per ")
    ), rest


def write_period_workbook(staged: Path, data: Period) -> None:
    """Write ``workbook.xlsx``: the tables by name, as every page has them."""
    tables = {name: data.told(name) for name in WORKBOOK_TABLES}
    tables["account_months"] = data.account_months
    path = staged / "workbook.xlsx"
    write_workbook(tables, path, book=data.book, as_of=data.as_of, period=data.span.label)


def write_page(path: Path, file: str, html: str) -> None:
    """Write a page that has passed its check."""
    check_page(html, file)
    path.write_text(html, encoding="utf-8", newline="\n")


def _resources(title: str, links: list[Link], data: Period, up: str) -> dict:
    return page_resources(
        title=title,
        book_title=data.book.title,
        period=data.call(title_period),
        compared=" · ".join(
            dict.fromkeys(other.span.title for other in (data.previous, data.year_ago) if other)
        ),
        navigation=links,
        home=f"{up}../index.html",
        foot=foot(data),
        book=data.book,
    )


def foot(data: Period) -> Foot:
    """Return what a page rests on: rows used and set aside, days, version, definitions used."""
    rows = data.intake
    orders = rows[rows["table"].eq("orders")]
    aside = rows[rows["reason"].ne("used")]
    order_days = data.account_days["date"]
    return Foot(
        as_of=f"{data.as_of:%Y-%m-%d}",
        version=f"kamlib {kamlib.__version__}",
        rows_read=int(orders["rows"].sum()),
        rows_used=int(orders.loc[orders["reason"].eq("used"), "rows"].sum()),
        rows_set_aside=int(orders.loc[orders["reason"].ne("used"), "rows"].sum()),
        revenue_set_aside=float(orders.loc[orders["reason"].ne("used"), "revenue"].sum()),
        fresh_to=f"{order_days.max():%Y-%m-%d}" if len(order_days) else "",
        reasons=tuple(
            (
                row.table,
                row.reason,
                int(row.rows),
                0.0 if pd.isna(row.revenue) else float(row.revenue),
            )
            for row in each(aside)
        ),
        definitions=data.call(definitions),
    )


def write_run(staged: Path, data: Period, intake: Intake, mark: dict, made: list[Made]) -> None:
    """Write ``run.json``: what the report was made from and how, and the hash of every file beside
    it.

    A manager's report leaves out what the whole book adds up to, and notices, which may name
    accounts.
    """
    run = {
        "period": {
            "label": data.span.label,
            "start": f"{data.span.start:%Y-%m-%d}",
            "as_of": f"{data.as_of:%Y-%m-%d}",
        },
        "book": data.book.title,
        "mark": mark,
        "figures": _records(data.key_figures),
        **({} if data.manager_id else _whole_book(intake, data.as_of)),
        "timings": {f"{one.page.notebook} {one.account}".strip(): one.seconds for one in made},
        "rendered": pd.Timestamp.now("UTC").isoformat(timespec="seconds"),
        "files": site.manifest(staged),
    }
    text = json.dumps(run, indent=1, sort_keys=True, ensure_ascii=False)
    (staged / "run.json").write_text(text + "\n", encoding="utf-8")


def _whole_book(intake: Intake, as_of: pd.Timestamp) -> dict:
    return {
        "rows": {
            "as_of": _records(row_account(intake, as_of)),
            "whole_book": _records(row_account(intake)),
        },
        "totals": control_totals(intake),
        "notices": [{"table": n.table, "what": n.what, "next": n.next} for n in intake.notices],
    }


def write_intake(staged: Path, data: Period) -> None:
    """Write the table ``intake``: rows used and set aside as of the period's end."""
    (staged / "tables" / "intake.csv").write_text(
        csv_text(data.intake), encoding="utf-8", newline="\n"
    )


def _records(frame: pd.DataFrame) -> list[dict]:
    return frame.astype("object").where(frame.notna(), None).to_dict("records")


def write_index(out: Path, title: str, newly: set[str], book: BookSettings) -> None:
    """Write the site's front page from the ``run.json`` of every published period, newest first."""
    runs = {
        folder.name: run
        for folder in out.iterdir()
        if folder.is_dir()
        and not folder.name.startswith(".")
        and (run := site.published_run(out, folder.name))
    }
    entries = []
    for label, run in sorted(
        runs.items(), key=lambda item: (item[1]["period"]["as_of"], item[0]), reverse=True
    ):
        found = {(row["figure"], row["scope"]): row for row in run["figures"]}
        figures = tuple(
            Card(
                name,
                found[key]["value"],
                unit,
                previous=found[key]["previous_value"],
                year_ago=found[key]["year_ago_value"],
                good=good,
            )
            for figure, scope, name, unit, good, _ in CARDS
            if (key := (figure, scope)) in found
        )
        pages = [PAGES[name] for name in _ORDER if PAGES[name].file in run["files"]]
        links = [Link(page.title, f"{label}/{page.file}") for page in pages]
        if "dossiers/index.html" in run["files"]:
            links.append(Link("Dossiers", f"{label}/dossiers/index.html"))
        front = (
            "index.html"
            if "index.html" in run["files"]
            else next((p.file for p in pages), "run.json")
        )
        entries.append(
            PeriodEntry(
                label=parse_period(label, first_month=book.fiscal_year.first_month).title,
                href=f"{label}/{front}",
                as_of=run["period"]["as_of"],
                figures=figures,
                published=tuple(links),
                is_new=label in newly,
            )
        )
    html = site_index(entries, book_title=title, book=book, version=kamlib.__version__)
    check_page(html, "index.html")
    site.write_file(out / "index.html", html.encode("utf-8"))


def versions() -> dict[str, str]:
    """Return the versions that a report's bytes depend on."""
    names = (
        "pandas",
        "numpy",
        "scipy",
        "matplotlib",
        "lifelines",
        "statsmodels",
        "ibis-framework",
        "duckdb",
        "nbconvert",
        "papermill",
    )
    found = {name: importlib.metadata.version(name) for name in names}
    return {"kamlib": kamlib.__version__, "python": platform.python_version(), **found}
