"""An old period rendered again is the one rendered then, whatever the book says today."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from datetime import date
from html import escape
from pathlib import Path

import nbformat
import pytest

from kamlib.book import read_settings
from kamlib.intake import read_book
from kamlib.intake.sources import open_engine
from kamlib.period.calendar import parse_period
from kamlib.period.graph import asked_of_neighbours
from kamlib.period.names import READ_TABLES
from kamlib.period.snapshot import open_period, write_snapshots
from kamlib.period.undated import UNDATED, undated_of
from kamlib.report import Request, production, render, run
from kamlib.report.index import renew_index
from kamlib.report.kept import Kept
from kamlib.report.mark import is_unchanged
from kamlib.report.site import check_own

TODAY = date(2026, 3, 1)
THEN = {
    "accounts.csv": "account_id,name,manager_id,industry\nA,Alpha,M1,steel\nB,Beta,M2,paper\n",
    "managers.csv": "manager_id,name\nM1,Mia\nM2,Max\n",
    "contacts.csv": "account_id,name,role,influence,attitude\nA,Ann,decider,5,2\nB,Bob,user,2,1\n",
    "team.csv": "account_id,role,name\nA,service,Sue\n",
    "interactions.csv": "account_id,date,topic\nA,2025-11-03,stock\n",
    "plans/A.toml": 'account_id = "A"\n[account]\ngoals = "cut the stock"\n',
    "orders.csv": "order_id,account_id,order_date,revenue\n"
    + "".join(
        f"{year}{month}{account},{account},{year}-{month:02d}-0{number},{100 * number + month}\n"
        for year in (2024, 2025)
        for month in range(1, 13)
        for number, account in enumerate("AB", start=5)
    ),
}
NOW = {
    "accounts.csv": "account_id,name,manager_id,industry\nA,Omega,M2,glass\nB,Beta,M1,paper\n"
    "C,Gamma,M1,wood\n",
    "managers.csv": "manager_id,name\nM1,Moritz\nM2,Max\n",
    "contacts.csv": "account_id,name,role,influence,attitude\nA,Zoe,decider,1,-2\n",
    "interactions.csv": THEN["interactions.csv"] + "A,2026-02-01,price\n",
    "plans/A.toml": 'account_id = "A"\n[account]\ngoals = "grow"\n',
    "plans/B.toml": 'account_id = "B"\n[account]\ngoals = "new"\n',
    "orders.csv": THEN["orders.csv"] + "9,B,2026-02-02,77\n",
}


def published(site: Path) -> dict[str, bytes]:
    files = (file for file in site.rglob("*") if file.is_file())
    return {
        file.relative_to(site).as_posix(): file.read_bytes()
        for file in files
        if file.name != "run.json"
    }


def change(book: Path) -> None:
    """Give the book other owners, names, contacts, plans, and later rows."""
    for name, text in NOW.items():
        (book / name).write_text(text, encoding="utf-8")
    (book / "team.csv").unlink()


@pytest.fixture
def shows_all(monkeypatch):
    """Have every notebook show all that was read of the book, without a kernel."""

    def shown(_, parameters, **__):
        q = open_period(parameters["book"])
        texts = [q.told(name).to_html() for name in ("account_classes", "account_list")]
        texts += [getattr(q, name).to_html() for name in READ_TABLES]
        asked = sorted(asked_of_neighbours())  # no more of it is prepared
        texts += [getattr(q.previous, name).to_html() for name in asked]
        texts += [escape(file.read_text()) for file in q.plans.values()]
        outputs = [nbformat.v4.new_output("display_data", data={"text/html": t}) for t in texts]
        return nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(id="all", outputs=outputs)]
        )

    monkeypatch.setattr(production, "run_notebook", shown)
    monkeypatch.setattr(run, "can_fork", lambda: False)


@pytest.mark.usefixtures("shows_all")
def test_an_old_period_rendered_again_is_the_one_rendered_then(make_book, tmp_path):
    book, site = make_book(THEN), tmp_path / "site"
    request = Request(book, ("2025-Q4",), only=("overview", "dossiers"), accounts="A", out=site)
    render(request, today=TODAY)
    first = published(site)
    assert b"Ann" in first["2025-Q4/dossiers/A.html"]
    change(book)
    render(request, today=TODAY)
    again = published(site)
    assert sorted(again) == sorted(first)
    assert [name for name in first if again[name] != first[name]] == []

    render(replace(request, thaw=True), today=TODAY)
    thawed = published(site)
    page = thawed["2025-Q4/dossiers/A.html"].decode()
    assert "Zoe" in page and "Ann" not in page
    assert "not as when this period was first published" in page


@pytest.fixture
def read(make_book):
    """Return a function that reads the book as it is and gives its undated tables."""
    with open_engine() as engine:

        def undated(files: dict[str, str] = THEN):
            book = make_book(files)
            return undated_of(read_book(book, read_settings(book), engine))

        yield undated


def choice_of(site: Path, now, *, today: date = TODAY, thaw: bool = False, manager=None):
    """Choose for a period, keep what was chosen, and note it as a publication does."""
    out = site / f"manager-{manager}" if manager else site
    request = Request(Path("book"), out=out, thaw=thaw, manager_id=manager)
    notices: list[str] = []
    kept = Kept(request, today, notices.append)
    choice = kept.choice(parse_period("2025-Q4"), now)
    kept.keep(choice)
    folder = out / "2025-Q4"
    folder.mkdir(parents=True, exist_ok=True)
    run = {"period": {"label": "2025-Q4", "as_of": "2025-12-31"}, "rendered": "", "files": {}}
    (folder / "run.json").write_text(json.dumps({**run, "figures": [], "undated": choice.said()}))
    return choice, notices


def test_a_period_that_is_not_over_is_made_from_todays_tables(read, tmp_path):
    then, now = read(), read(NOW)
    running, _ = choice_of(tmp_path / "site", then, today=date(2025, 12, 31))
    over, _ = choice_of(tmp_path / "site", now)
    later, _ = choice_of(tmp_path / "site", then)
    assert (running.said(), over.tables, later.tables) == (None, now, now)


def test_managers_sites_share_the_tables_of_the_whole(read, tmp_path):
    then = read()
    choice_of(tmp_path / "site", then)
    mine, _ = choice_of(tmp_path / "site", read(NOW), manager="M1")
    assert mine.tables == then
    assert [file.stem for file in (tmp_path / "site.kept").iterdir()] == [then.word]


@pytest.mark.parametrize("lost", ["gone", "damaged"])
def test_kept_tables_that_are_lost_are_said_to_be(read, tmp_path, lost):
    site = tmp_path / "site"
    choice_of(site, read())
    file = next((tmp_path / "site.kept").iterdir())
    file.unlink() if lost == "gone" else file.write_bytes(b"PK")
    now = read(NOW)
    choice, notices = choice_of(site, now)
    assert choice.tables == now
    assert "today's are used" in notices[0]


def test_what_no_period_names_any_more_goes_after_a_week(read, tmp_path):
    site = tmp_path / "site"
    choice_of(site, read())
    now = read(NOW)
    choice_of(site, now, thaw=True)
    again, _ = choice_of(site, read(), today=date(2026, 4, 1))
    assert (again.tables, again.renewed) == (now, "2026-03-01")  # what was thawed is kept, too
    kept = Kept(Request(Path("book"), out=site), TODAY, print)
    kept.clear()
    assert len(list(kept.folder.iterdir())) == 2
    for file in kept.folder.iterdir():
        os.utime(file, (0, 0))
    kept.clear()
    assert [file.stem for file in kept.folder.iterdir()] == [now.word]


def test_a_place_that_cannot_be_written_to_is_said(read, tmp_path):
    (tmp_path / "site.kept").write_text("a file")
    _, notices = choice_of(tmp_path / "site", read())
    assert "cannot be kept" in notices[0]


def test_later_rows_change_no_table_of_an_earlier_period(make_book, tmp_path):
    period, tables = parse_period("2025-Q4"), []
    for files in (THEN, {**THEN, "orders.csv": NOW["orders.csv"]}, NOW):
        shutil.rmtree(tmp_path / "book", ignore_errors=True)
        book = make_book({**THEN, **files} if files is not NOW else {**THEN, **NOW})
        with open_engine() as engine:
            intake = read_book(book, read_settings(book), engine)
            if not tables:
                first = undated_of(intake)
            then = first.into(intake, tmp_path / f"plans-{len(tables)}")
            home = tmp_path / f"home-{len(tables)}"
            folder = write_snapshots(then, [period], home)["2025-Q4"]
        tables.append({file.name: file.read_bytes() for file in folder.glob("*.parquet")})
    assert len(tables[0]) > len(UNDATED)
    for other in tables[1:]:
        assert [name for name in tables[0] if other[name] != tables[0][name]] == []


def test_a_site_of_the_version_before_stays_readable_and_listed(read, make_book, tmp_path):
    site, then = tmp_path / "site", read()
    old = {  # as the first version wrote it: nothing of kept tables, of failures, of its start
        "period": {"label": "2019-Q3", "start": "2019-07-01", "as_of": "2019-09-30"},
        "book": "Test",
        "mark": {"period": "2019-Q3", "only": [], "inputs": {}},
        "figures": [
            dict.fromkeys(("figure", "scope"), "all")
            | dict.fromkeys(("value", "previous_value", "year_ago_value"), 1.0)
        ],
        "timings": {"01_segmentation": 2.0},
        "rendered": "2019-10-02T08:00:00+00:00",
        "files": {"segmentation.html": "0"},
    }
    folder = site / "2019-Q3"
    folder.mkdir(parents=True)
    (folder / "segmentation.html").write_text("<html></html>")
    (folder / "run.json").write_text(json.dumps(old))
    book = tmp_path / "book"
    renew_index(site, read_settings(book))
    assert 'href="2019-Q3/segmentation.html"' in (site / "index.html").read_text()
    assert not is_unchanged(site, "2019-Q3", {"only": []})
    request = Request(book, out=site)
    choice = Kept(request, TODAY, pytest.fail).choice(parse_period("2019-Q3"), then)
    assert (choice.tables, choice.is_lasting, choice.renewed) == (then, True, None)
    check_own(site, ["2019-Q3"])  # and may be rendered again
