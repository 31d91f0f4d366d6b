"""Small and odd books: the period that is taken, and who is in a manager's report."""

from __future__ import annotations

import zipfile
from datetime import date

import pytest

from kamlib.book import read_settings
from kamlib.check import check_book
from kamlib.cli import main
from kamlib.dossier.plans import plan_reading
from kamlib.errors import KamError
from kamlib.intake import read_book
from kamlib.intake.sources import open_engine
from kamlib.period.graph import calculations
from kamlib.period.snapshot import default_period, open_period
from kamlib.report import production
from kamlib.report.write import foot
from kamlib.story.pages import title_period
from kamlib.tables import catalogue

BOOK = ("MINE", "ZEDHEAD", "zedhead")
HEADER = "order_id,account_id,order_date,revenue\n"


def default(book, today: date = date(2026, 1, 15)) -> str:
    settings = read_settings(book)
    with open_engine() as engine:
        return default_period(read_book(book, settings, engine), settings, today).label


@pytest.mark.parametrize(
    ("days", "settings", "label"),
    [
        (["2025-05-05"], "", "2025-Q2"),  # one order: no quarter is covered whole, its own is taken
        (["2025-05-05", "2025-06-29"], "", "2025-Q2"),
        (["2025-05-05", "2025-07-02"], "", "2025-Q2"),
        (["2025-02-05", "2025-06-29"], "", "2025-Q1"),
        (["2025-05-05"], "[fiscal_year]\nfirst_month = 2\n", "2026-Q2"),
        (["2025-05-05"], "complete_to = 2025-12-31\n", "2025-Q4"),
        (["2025-05-05", "2029-05-05"], "", "2025-Q2"),  # a mistyped year covers nothing
    ],
)
def test_the_default_period_holds_an_order(make_book, days, settings, label):
    lines = "".join(f"{number},A,{day},10\n" for number, day in enumerate(days))
    book = make_book({"orders.csv": HEADER + lines}, settings='title = "T"\n' + settings)
    assert default(book) == label


@pytest.mark.parametrize(
    ("account", "file", "settings"),
    [
        ("A-1", "A-1", ""),
        ("A/1", "first", ""),  # no file name: account_id decides
        ("a 1", "A 1", "[input]\nfold_case = true\n"),
        ("M\u00fcller", "Mu\u0308ller", ""),  # as some systems write names
    ],
)
def test_an_account_finds_its_plan(make_book, account, file, settings):
    said = account.replace("a 1", "A 1")
    book = make_book(
        {
            "orders.csv": HEADER + f"1,{said},2025-05-05,10\n2,B,2025-05-05,10\n",
            f"plans/{file}.toml": f'account_id = "{said}"\n',
            "plans/B.toml": 'account_id = "B"\n',
            "plans/again.toml": 'account_id = "B"\n',
            "plans/broken.toml": "account_id = \n",
            "plans/nobody.toml": 'account_id = "C"\n',
        },
        settings='title = "T"\n' + settings,
    )
    data = open_period(book, "2025-Q2")
    other = "b" if settings else "B"
    assert {name: path.name for name, path in data.plans.items()} == {
        account: f"{file}.toml",
        other: "B.toml",
    }
    assert plan_reading(plans=data.plans, account_id=account).problem is None
    told = [notice["what"].split()[2] for notice in check_book(book)["notices"]]
    assert told == ["again.toml", "broken.toml", "nobody.toml"]


@pytest.mark.parametrize(
    ("tier", "settings", "said"),
    [
        ("key", "", "named in the book"),
        ("key", 'definition = "The best"', "The best (no version stated)"),
        ("key", 'definition = "The best"\nversion = "2"', "The best (version 2)"),
        (
            "",
            'definition = "The best"',
            "provisional, as the book has no tiers: class A by revenue, at most 20; to be: The "
            "best (no version stated)",
        ),
    ],
)
def test_the_foot_says_who_is_called_a_key_account(make_book, tier, settings, said):
    book = make_book(
        {
            "orders.csv": HEADER + "1,A,2025-05-05,10\n",
            "accounts.csv": f"account_id,name,tier\nA,A,{tier}\n",
        },
        settings=f'title = "T"\n[key_accounts]\n{settings}\n',
    )
    assert dict(foot(open_period(book, "2025-Q2")).definitions)["Key account"] == said


def test_accounts_are_taken_once_and_an_id_may_hold_a_comma(make_book):
    book = make_book({"orders.csv": HEADER + '1,"A,B",2025-05-05,10\n2,C,2025-05-05,10\n'})
    data = open_period(book, "2025-Q2")
    assert production.dossier_accounts("A,B", data) == ["A,B"]
    assert production.dossier_accounts("C, C,", data) == ["C"]


def test_orders_of_the_future_alone_make_no_period(make_book):
    book = make_book({"orders.csv": HEADER + "1,A,2031-05-05,10\n"})
    with pytest.raises(KamError, match="dated after today, the first on 2031-05-05"):
        default(book)


@pytest.mark.parametrize(
    ("settings", "period", "said"),
    [
        ("", "2025-Q2", "Q2 2025 (data to 5 May 2025 only)"),
        ("freshness.warn_after = 60", "2025-Q2", "Q2 2025"),
        ("", "2025-Q3", "Q3 2025 (data to 5 May 2025 only)"),
        ("complete_to = 2025-06-20", "2025-Q2", "Q2 2025 (data to 20 Jun 2025 only)"),
        ("complete_to = 2025-06-30", "2025-Q2", "Q2 2025"),
    ],
)
def test_the_head_of_a_page_says_when_the_data_end_too_soon(make_book, settings, period, said):
    book = make_book(
        {"orders.csv": HEADER + "1,A,2025-05-05,10\n"}, settings=f'title = "T"\n{settings}\n'
    )
    assert open_period(book, period).call(title_period).replace("\xa0", " ") == said


def test_a_manager_is_not_given_the_plan_of_another(make_book):
    book = make_book(
        {
            "orders.csv": HEADER + "1,A/1,2025-05-05,10\n2,B/1,2025-05-05,10\n",
            "accounts.csv": "account_id,name,manager_id\nA/1,A,M1\nB/1,B,M2\n",
            "plans/a.toml": 'account_id = "A/1"\n',
            "plans/b.toml": 'account_id = "B/1"\n',
        }
    )
    data = open_period(book, "2025-Q2", "M1")
    assert list(data.plans) == ["A/1"]
    assert [file.name for file in (data.folder / "plans").iterdir()] == ["a.toml"]


@pytest.mark.usefixtures("warm")
def test_a_managers_report_holds_nothing_of_another(make_book, tmp_path):
    days = [f"2025-{month:02d}-05" for month in range(1, 13)]
    lines = "".join(
        f"{n}{a},{a},{day},{7 if a == 'MINE' else 1234567}\n"
        for n, day in enumerate(days)
        for a in BOOK
    )
    accounts = "account_id,name,manager_id,parent_id\nMINE,Own Ltd,M1,ZEDHEAD\n"
    accounts += "ZEDHEAD,Foreign Holding,M2,\nzedhead,Foreign Twin,M2,\n"
    book = make_book(
        {
            "orders.csv": HEADER + lines,
            "accounts.csv": accounts,
            "managers.csv": "manager_id,name\nM1,Ines Costa\nM2,Ulf Fremd\n",
            "plans/ZEDHEAD.toml": 'account_id = "ZEDHEAD"\n',
        },
        settings='title = "T"\ncomplete_to = 2025-12-31\n',
    )
    out = tmp_path / "site"
    assert (
        main(
            [
                "report",
                "--book",
                str(book),
                "--out",
                str(out),
                "--manager",
                "all",
                "--only",
                "segmentation",
            ]
        )
        == 0
    )
    sites = {name: out / f"manager-{name}" for name in ("M1", "M2")}
    said = {
        name: "\n".join(readable(file) for file in site.rglob("*") if file.is_file())
        for name, site in sites.items()
    }
    text = said["M1"]
    assert "Own Ltd" in text
    assert "Foreign Twin" in said["M2"] and "own ltd" not in said["M2"].casefold()
    for foreign in (
        "zedhead",
        "foreign",
        "fremd",
        ">m2<",
        "1234567",
        "1,234,567",
        "14814804",
        "14814888",
        "29629608",
    ):
        assert foreign not in text.casefold(), foreign


def readable(file) -> str:
    """What a file says, an unpacked workbook's parts included."""
    if not zipfile.is_zipfile(file):
        return file.read_text(encoding="utf-8")
    with zipfile.ZipFile(file) as archive:
        return "\n".join(
            archive.read(name).decode("utf-8", "replace") for name in archive.namelist()
        )


SPELLS = "account_id,tier,start_date,end_date\n"


@pytest.mark.parametrize(
    ("lines", "spells"),
    [
        pytest.param(10, "A,candidate,2024-01-01,\nB,regular,2024-01-01,\n", id="nobody is key"),
        pytest.param(
            10,
            "A,key,2026-02-01,\nB,regular,2024-01-01,\n",
            id="nobody is key yet",
            marks=pytest.mark.soak,
        ),
        pytest.param(0, "A,key,2024-01-01,\nB,regular,2024-01-01,\n", id="no revenue at all"),
    ],
)
def test_every_table_is_there_without_key_accounts_and_without_revenue(make_book, lines, spells):
    orders = "".join(
        f"{year}{month}{account},{account},{year}-{month:02d}-10,{lines * month}\n"
        for year in (2023, 2024, 2025)
        for month in range(1, 13)
        for account in "AB"
    )
    files = {"orders.csv": HEADER + orders, "tiers.csv": SPELLS + spells}
    q = open_period(make_book(files), "2025-Q4")
    for name, table in catalogue().tables.items():
        if name in calculations() and table.scope == "":
            assert set(q.told(name)) <= set(table.columns), name
    assert q.key_accounts["is_key"].sum() == (1 if ",key,2024" in spells else 0)
