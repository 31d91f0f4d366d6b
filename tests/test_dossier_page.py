"""The dossier as a whole: empty books, the brief, completeness, findings, what comes back, and what is drawn."""

import inspect
import re
from types import SimpleNamespace

import pandas as pd
import pytest

import kamlib.dossier as dossier
from kamlib.book import BookSettings
from kamlib.errors import KamError
from kamlib.page import pieces
from kamlib.period.calendar import period_of
from kamlib.plots import dossier as draw
from kamlib.plots.svg import drawing
from kamlib.story.statements import Point
from kamlib.tables import CANONICAL, empty_table

AS_OF = pd.Timestamp("2025-09-30")
ACTIVITY = {
    "account_days": {"account_id": "str", "date": "datetime64[us]", "revenue": "float64", "cost": "float64"},
    "account_months": {"account_id": "str", "month": "datetime64[us]", "revenue": "float64", "cost": "float64"},
    "category_months": {
        "account_id": "str", "category": "str", "month": "datetime64[us]", "revenue": "float64", "cost": "float64",
        "quantity": "float64",
    },
    "deliveries": {
        "account_id": "str", "manager_id": "str", "month": "datetime64[us]", "due_count": "int64", "late_count": "int64",
        "open_late_count": "int64", "delay_days": "float64",
    },
}  # fmt: skip


def period(**tables) -> SimpleNamespace:
    """A period's data of the tables given; every other table is empty."""
    frames = {name: empty_table(name) for name in CANONICAL if name != "orders"}
    frames |= {
        name: pd.DataFrame({c: pd.Series(dtype=t) for c, t in columns.items()})
        for name, columns in ACTIVITY.items()
    }
    return SimpleNamespace(
        **(frames | tables),
        as_of=AS_OF,
        first_date=None,
        book=BookSettings(title="T"),
        plans={},
        period=period_of(AS_OF),
    )


def orders_alone() -> SimpleNamespace:
    """Two accounts with one order a month each, and nothing else."""
    months = pd.date_range("2023-10-31", AS_OF, freq="ME").as_unit("us")
    rows = [(account, month, 100.0) for account in "AB" for month in months]
    frame = pd.DataFrame(rows, columns=["account_id", "month", "revenue"]).assign(cost=float("nan"))
    return period(
        accounts=pd.DataFrame(
            {
                "account_id": ["A", "B"],
                "name": ["A", "B"],
                "group_id": ["A", "B"],
                "group_name": ["A", "B"],
            }
        ),
        account_months=frame,
        account_days=frame.rename(columns={"month": "date"}),
    )


def charts(tables):
    yield draw.plot_category_history(tables["category_history"], tables["category_totals"])
    yield draw.plot_promises_kept(tables["promises_kept"])
    yield draw.plot_stakeholder_map(tables["stakeholder_map"], tables["stakeholder_roles"])
    yield draw.plot_wallet(tables["wallet"])
    yield draw.plot_plan_progress(tables["plan_objectives"])
    yield draw.plot_account_timeline(tables["account_timeline"], as_of=AS_OF)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("data", [period(), orders_alone()], ids=["empty", "orders alone"])
def test_every_table_and_chart_comes_out_of_an_empty_book_and_of_orders_alone(data):
    tables = dossier.dossier_tables(data, "A")
    assert all(isinstance(table.index, pd.RangeIndex) for table in tables.values())
    assert len(tables["dossier_completeness"]) == 16
    findings = [drawing(ax.figure).finding for ax in charts(tables)]
    assert all(findings)


def test_an_empty_table_has_the_columns_and_types_of_a_full_one():
    empty, full = dossier.dossier_tables(period(), "A"), dossier.dossier_tables(orders_alone(), "A")
    for name, table in full.items():
        assert empty[name].dtypes.astype(str).to_dict() == table.dtypes.astype(str).to_dict(), name


def test_orders_alone_give_figures_a_brief_and_say_what_adding_gives():
    tables = dossier.dossier_tables(orders_alone(), "A")
    figures = tables["dossier_figures"].set_index("figure")
    assert figures.loc["revenue", ["value", "year_ago_value"]].tolist() == [
        1200.0,
        pytest.approx(1200.0),
    ]
    assert figures.loc["order days", "value"] == 12
    assert {"Position", "Ask"} <= set(tables["negotiation_brief"]["section"])
    assert tables["negotiation_brief"]["evidence"].str.len().gt(0).all()
    gaps = tables["dossier_completeness"].set_index("part")
    assert gaps.loc["People", "missing"] == "the book has no contacts"
    assert "stakeholder map" in dossier.gap_note(tables["dossier_completeness"], "People")
    assert (
        tables["dossier_findings"]["sentence"]
        .iloc[-1]
        .startswith("15 of 16 parts of this dossier are empty")
    )


def test_a_broken_plan_stands_at_the_top(tmp_path):
    data = orders_alone()
    file = tmp_path / "A.toml"
    file.write_text('account_id = "A"\nswott = 1\n', encoding="utf-8")
    data.plans = {"A": file}
    tables = dossier.dossier_tables(data, "A")
    first = tables["dossier_findings"]["sentence"].iloc[0]
    assert (
        first.startswith("The account plan cannot be read: Unknown key 'swott'.")
        and "line 2" in first
    )
    assert len(tables["category_totals"]) == 1


def test_completeness_counts_fields_and_ages_parts():
    people = pd.DataFrame(
        {
            "account_id": ["A", "A"], "name": ["P", "Q"], "role": ["buyer", None], "influence": [3.0, 4.0],
            "last_contact_date": pd.to_datetime(["2025-09-20", "2025-06-01"]),
        }
    )  # fmt: skip
    row = (
        dossier.dossier_completeness({"contacts": people}, "A", as_of=AS_OF)
        .set_index("part")
        .loc["People"]
    )
    assert (
        row["filled_share"] == 0.5
    )  # of 2 × (title, role, influence, attitude, last contact): 1 + 2 + 2
    assert (row["age_days"], row["missing"]) == (10.0, "title, attitude")


def test_an_unknown_account_is_refused_by_name():
    accounts = pd.DataFrame({"account_id": ["ACME", "BETA"]})
    assert dossier.known_account("ACME", accounts) == "ACME"
    with pytest.raises(KamError, match="no account 'ACM'"):
        dossier.known_account("ACM", accounts)


def test_the_largest_account_is_by_window_revenue_and_the_smaller_id_of_equals():
    months = pd.DataFrame(
        {
            "account_id": ["OLD", "C", "B"], "revenue": [900.0, 5.0, 5.0],
            "month": pd.to_datetime(["2023-01-31", "2025-09-30", "2025-09-30"]),
        }
    )  # fmt: skip
    assert dossier.largest_account(months, as_of=AS_OF) == "B"


NAMES = ["王小明", "పి. వెంకట రమణ", "محمد بن عبد الله", "Nguyễn Thị Ánh"]


@pytest.mark.filterwarnings("error")
def test_the_stakeholder_map_writes_every_script_as_text_and_no_two_names_at_one_place():
    people = pd.DataFrame(
        {"account_id": "A", "name": NAMES, "influence": 5.0, "attitude": -1.0, "role": "buyer"}
    )
    people = pd.concat([people, people.assign(influence=None, name=["甲", "乙", "丙", "丁"])])
    ax = draw.plot_stakeholder_map(
        dossier.stakeholder_map(people, "A", as_of=AS_OF),
        dossier.stakeholder_roles(people, "A", as_of=AS_OF),
    )
    svg = drawing(ax.figure).svg
    texts = "".join(re.findall(r">([^<>]+)</t", svg))
    for word in [part for name in NAMES for part in name.split()]:
        assert word in texts
    places = [
        tuple(round(x, 1) for x in text.get_position()) for text in ax.texts if text.get_text()
    ]
    assert len(set(places)) == len(places)


def test_the_map_cuts_a_crowd_and_says_so():
    people = pd.DataFrame(
        {
            "account_id": "A",
            "name": [f"Person {i}" for i in range(40)],
            "influence": 4.0,
            "attitude": 1.0,
        }
    )
    ax = draw.plot_stakeholder_map(dossier.stakeholder_map(people, "A", as_of=AS_OF))
    assert "+ 35 more in the table" in [text.get_text() for text in ax.texts]


def test_text_of_a_brief_never_becomes_markup():
    hostile = "<script>alert(1)</script>"
    html = pieces.points("brief", [Point(hostile, hostile, label=hostile, evidence=hostile)]).html
    assert "<script" not in html and html.count("&lt;script&gt;") == 4


@pytest.mark.filterwarnings("error")
def test_brief_profile_and_swot_are_points_with_every_text_of_their_tables():
    brief = pd.DataFrame(
        {
            "section": ["Position", "Ask"], "text": ["Revenue fell.", "Why?"], "evidence": ["orders", "contacts, P1"],
            "evidence_date": [pd.NaT, pd.Timestamp("2025-09-01")],
        }
    )  # fmt: skip
    assert [point.evidence for point in dossier.brief_points(brief)] == [
        "orders, undated",
        "contacts, P1, 1\xa0Sep\xa02025",
    ]
    profile = pd.DataFrame(
        {
            "part": ["Goals", "Goals"],
            "field": ["goals", "culture"],
            "value": ["grow", None],
            "is_filled": [True, False],
        }
    )
    said = [(point.section, point.label, point.text) for point in dossier.profile_points(profile)]
    assert said == [("Goals", "goals", "grow"), ("Goals", "not recorded", "culture")]
    swot = pd.DataFrame({"quadrant": ["strengths"], "text": ["<b>trust</b>"]})
    html = pieces.points("plan_swot", dossier.swot_points(swot)).html
    assert "Strengths" in html and "&lt;b&gt;trust&lt;/b&gt;" in html and "<b>trust" not in html


TABLES = [
    function
    for name, function in vars(dossier).items()
    if inspect.isfunction(function) and (function.__doc__ or "").startswith("One row")
]


@pytest.mark.parametrize("function", TABLES, ids=lambda function: function.__name__)
def test_documented_columns_are_the_ones_returned(function):
    listed = inspect.getdoc(function).split("-------\n")[1].split("\n\n")[0]
    documented = [line.split(":")[0] for line in listed.splitlines()]
    tables = dossier.dossier_tables(orders_alone(), "A") | {
        "plan_register": dossier.plan_register({}, as_of=AS_OF)
    }
    assert documented == list(tables[function.__name__].columns)


def test_the_brief_says_what_is_owed_what_to_ask_and_what_to_bring_each_with_its_row_and_day():
    day = pd.Timestamp
    agreements = pd.DataFrame(
        {
            "agreement_id": ["G1"], "account_id": ["A"], "start_date": [day("2024-11-01")], "kind": ["frame agreement"],
            "end_date": [day("2025-11-30")], "notice_days": [60.0], "is_kept": [False], "terms": ["free delivery"],
        }
    )  # fmt: skip
    needs = pd.DataFrame(
        {
            "account_id": ["A"],
            "category": ["Ink"],
            "annual_spend": [1100.0],
            "attainable_share": [1.0],
            "probability": [0.5],
        }
    )
    people = pd.DataFrame(
        {
            "account_id": ["A"],
            "name": ["Ada"],
            "role": ["decider"],
            "influence": [5.0],
            "attitude": [-2.0],
        }
    )
    data = orders_alone()
    data.agreements, data.needs, data.contacts = agreements, needs, people
    tables = dossier.dossier_tables(data, "A")
    brief = tables["negotiation_brief"].set_index("text")
    plain = {text.replace("\u00a0", " "): row for text, row in brief.to_dict("index").items()}
    assert (
        plain["Frame agreement ends 30 Nov 2025: act by 1 Oct 2025."]["evidence"]
        == "agreements, G1"
    )
    assert plain["Frame agreement: terms are not kept: free delivery."]["evidence_date"] == day(
        "2024-11-01"
    )
    assert plain["What would Ada need from us to stand behind it?"]["section"] == "Ask"
    assert (
        plain["Ink: up to € 1.00 k within 1 year, € 500 risk-adjusted; we sell € 0 now."]["section"]
        == "Bring"
    )
    said = " ".join(tables["dossier_findings"]["sentence"]).replace("\u00a0", " ")
    assert (
        "ends 30 Nov 2025: act by 1 Oct 2025." in said
        and "Terms of 1 running agreement are not kept." in said
    )
    assert "Ada could derail us; we know no approver" in said
