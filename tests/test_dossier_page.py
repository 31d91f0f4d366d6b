"""The dossier as a whole: empty books, the brief, completeness, findings, and what is drawn."""

import re

import pandas as pd
import pytest

from kamlib.dossier import stakeholder_map, stakeholder_roles
from kamlib.dossier.stakeholders import org_chart
from kamlib.page import pieces
from kamlib.plots import dossier as draw
from kamlib.plots.svg import drawing
from kamlib.story import dossier as say
from kamlib.story import said_of
from kamlib.story.dossier_brief import tell_negotiation_brief
from kamlib.story.dossier_notes import figure_note
from kamlib.story.statements import Point
from kamlib.tables import catalogue, each, empty_table, shaped, typed

from .dossier import AS_OF, BOOK, orders_alone, seen_by, table

TABLES = [
    name
    for name, entry in catalogue().tables.items()
    if entry.area == "dossier" and entry.scope == "account"
]
PLOTS = [getattr(draw, name) for name in draw.__all__]


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.filterwarnings("error", "ignore::DeprecationWarning:statsmodels")
@pytest.mark.parametrize("me", [seen_by(""), orders_alone()], ids=["empty", "orders alone"])
class TestABookWithLittleInIt:
    def test_every_table_is_told_with_the_columns_of_the_catalogue(self, me):
        for name in TABLES:
            found = me.told(name)
            assert found.columns.tolist() == list(catalogue().tables[name].columns), name
            assert isinstance(found.index, pd.RangeIndex)

    def test_every_chart_and_table_has_a_title(self, me):
        for plot in PLOTS:
            said = me.call(said_of(plot.__name__.replace("plot_", "chart_")))
            ax = me.call(plot, title=said.title, subtitle=said.subtitle)
            assert drawing(ax.figure).finding == said.title != ""
        for name in TABLES:
            if story := said_of(f"table_{name}"):
                assert me.call(story).title

    def test_every_part_says_what_adding_it_gives(self, me):
        gaps = me.told("dossier_completeness")
        assert len(gaps) == 16
        assert gaps.loc[gaps["filled_share"].lt(1), "adding_gives"].ne("").all()


def test_an_empty_table_has_the_columns_and_types_of_a_full_one():
    empty, full = seen_by(""), orders_alone()
    for name in TABLES:
        types = [getattr(me, name).dtypes.astype(str).to_dict() for me in (empty, full)]
        assert types[0] == types[1], name


def test_orders_alone_give_figures_a_brief_and_say_what_adding_gives():
    me = orders_alone()
    figures = me.dossier_figures.set_index("figure")
    assert figures.loc["revenue", ["value", "year_ago_value"]].tolist() == [1200.0, 1200.0]
    assert figures.loc["order days", "value"] == 12
    brief = me.told("negotiation_brief")
    assert {"Position", "Ask"} <= set(brief["section"])
    assert brief["evidence"].str.len().gt(0).all()
    gaps = me.told("dossier_completeness").set_index("part")
    assert gaps.loc["People", "missing"] == "the book has no contacts"
    assert "stakeholder map" in me.call(say.table_stakeholder_map).title
    last = me.told("dossier_findings")["sentence"].iloc[-1]
    assert last.startswith("15 of 16 parts of this dossier are empty")


def test_a_broken_plan_stands_at_the_top(tmp_path):
    file = tmp_path / "A.toml"
    file.write_text('account_id = "A"\nswott = 1\n', encoding="utf-8")
    me = orders_alone(plans={"A": file})
    first = me.told("dossier_findings")["sentence"].iloc[0]
    assert first.startswith("The account plan cannot be read: Unknown key 'swott'.")
    assert "line 2" in first
    assert len(me.category_totals) == 1


def test_completeness_counts_fields_and_ages_parts():
    people = table(
        "contacts",
        {
            "account_id": "A",
            "name": "P",
            "role": "buyer",
            "influence": 3.0,
            "last_contact_date": pd.Timestamp("2025-09-20"),
        },
        {
            "account_id": "A",
            "name": "Q",
            "influence": 4.0,
            "last_contact_date": pd.Timestamp("2025-06-01"),
        },
    )
    row = orders_alone(contacts=people).told("dossier_completeness").set_index("part").loc["People"]
    # of 2 × (title, role, influence, attitude, last contact): 1 + 2 + 2
    assert row["filled_share"] == 0.5
    assert (row["age_days"], row["missing"]) == (10.0, "title, attitude")


def test_an_account_sees_its_own_rows_and_white_space_those_of_its_peers():
    months = [("A", "x", 80.0), *((f"P{i}", one, 50.0) for i in range(5) for one in "xy")]
    rows = [
        {"account_id": account, "category": category, "revenue": revenue, "month": AS_OF}
        for account, category, revenue in months
    ]
    me = orders_alone(category_months=shaped("category_months", rows))
    assert me.category_totals["category"].tolist() == ["x"]
    assert me.white_space.set_index("category")["white_space"].to_dict() == {"y": 40.0, "x": 0.0}


NAMES = ["王小明", "పి. వెంకట రమణ", "محمد بن عبد الله", "Nguyễn Thị Ánh"]


def map_of(people: pd.DataFrame):
    contacts = table("contacts", *people.assign(account_id="A").to_dict("records"))
    roles = stakeholder_roles(
        contacts, account_id="A", as_of=AS_OF, present=frozenset({"contacts"})
    )
    known = stakeholder_map(contacts, table("interactions"), as_of=AS_OF)
    return draw.plot_stakeholder_map(known, roles)


@pytest.mark.filterwarnings("error")
def test_the_stakeholder_map_writes_every_script_as_text_and_no_two_names_at_one_place():
    people = pd.DataFrame({"name": NAMES, "influence": 5.0, "attitude": -1.0, "role": "buyer"})
    unknown = people.assign(influence=float("nan"), name=["甲", "乙", "丙", "丁"])
    ax = map_of(pd.concat([people, unknown]))
    texts = "".join(re.findall(r">([^<>]+)</t", drawing(ax.figure).svg))
    for word in [part for name in NAMES for part in name.split()]:
        assert word in texts
    places = [tuple(round(x, 1) for x in t.get_position()) for t in ax.texts if t.get_text()]
    assert len(set(places)) == len(places)


def test_the_map_cuts_a_crowd_and_says_so():
    names = [f"Person {i}" for i in range(40)]
    ax = map_of(pd.DataFrame({"name": names, "influence": 4.0, "attitude": 1.0}))
    assert "+ 35 more in the table" in [text.get_text() for text in ax.texts]


def test_text_of_a_brief_never_becomes_markup():
    hostile = "<script>alert(1)</script>"
    html = pieces.points("brief", [Point(hostile, hostile, label=hostile, evidence=hostile)]).html
    assert "<script" not in html and html.count("&lt;script&gt;") == 4


@pytest.mark.filterwarnings("error")
def test_brief_profile_and_swot_are_points_with_every_text_of_their_tables():
    brief = pd.DataFrame(
        {
            "section": ["Position", "Ask", "Changes", "Ask"],
            "point": ["Revenue fell.", "Why?", "Ink: stopped.", "Ask for a group agreement."],
            "evidence": ["orders", "contacts, P1", "orders, category Ink", "Alone it is no. 11."],
            "evidence_date": pd.to_datetime([None, "2025-09-01", "2025-02-28", "2025-12-31"]),
        }
    )
    codes = pd.DataFrame({"point_code": ["figure", "derailer", "category stopped", "action"]})
    points = say.points_negotiation_brief(brief, codes)
    assert [plain(point.evidence) for point in points] == [
        "orders, undated",
        "contacts, P1, 1 Sep 2025",
        "orders, category Ink, Feb 2025",
        "Alone it is no. 11, 31 Dec 2025",
    ]
    rows = [
        ("goals", "grow", "plan, account.goals"),
        ("customer since", "2014-02-01", "accounts.customer_since"),
        ("culture", "", "plan, account.culture"),
    ]
    profile = pd.DataFrame(rows, columns=["field", "recorded", "source"]).assign(part="Goals")
    profile["is_filled"] = profile["recorded"].ne("")
    said = [(p.label, plain(p.text)) for p in say.points_account_profile(profile)]
    assert said == [
        ("goals", "grow"),
        ("customer since", "1 Feb 2014"),
        ("not recorded", "culture"),
    ]
    swot = pd.DataFrame({"quadrant": ["strengths"], "text": ["<b>trust</b>"]})
    html = pieces.points("plan_swot", say.points_plan_swot(swot)).html
    assert "Strengths" in html and "&lt;b&gt;trust&lt;/b&gt;" in html and "<b>trust" not in html


def figures(*rows: dict) -> pd.DataFrame:
    return shaped("dossier_figures", [{"source": "orders", **row} for row in rows])


def test_notes_of_figures_count_in_words():
    known = figures(
        {"figure": "overdue", "noted_count": 1},
        {"figure": "share of wallet", "noted_count": 2},
        {"figure": "silence"},
        {"figure": "weighted pipeline", "noted_count": 1, "noted_of_count": 4},
        {"figure": "days late, paying", "trend": "later"},
    )
    assert [figure_note(row) for row in each(known)] == [
        "1 invoice",
        "2 bad estimates left out",
        "since the last order; no usual gap yet",
        "4 open, 1 not weighted",
        "later",
    ]


def test_the_brief_reads_as_sentences():
    known = figures(
        {
            "figure": "on time",
            "unit": "share",
            "value": 18 / 19,
            "year_ago_value": 0.95,
            "noted_count": 1,
            "noted_of_count": 19,
        },
        {"figure": "silence", "unit": "days", "value": 40.0, "noted_days": 18},
        {"figure": "satisfaction", "unit": "count", "value": 9.0, "year_ago_value": 9.0},
    )
    points = [{"point_code": "figure", "source_row": row} for row in range(3)]
    me = orders_alone()
    others = {"negotiation_brief": shaped("negotiation_brief", points), "dossier_figures": known}
    said = me.call(tell_negotiation_brief, **others)["point"]
    assert [plain(text) for text in said] == [
        "On time: 94.7 %, a year before 95.0 % (▼ 0.3 pts); 1 of 19 late.",
        "Silence: 40 days since the last order (usual gap 18 days).",
        "Satisfaction: 9, as a year before; latest mark, of 10.",
    ]


def test_the_brief_says_what_is_owed_what_to_ask_and_what_to_bring_each_with_its_row_and_day():
    day = pd.Timestamp
    me = orders_alone(
        agreements=table(
            "agreements",
            {
                "agreement_id": "G1",
                "account_id": "A",
                "start_date": day("2024-11-01"),
                "kind": "frame agreement",
                "end_date": day("2025-11-30"),
                "notice_days": 60.0,
                "is_kept": False,
                "terms": "free delivery",
            },
        ),
        needs=table(
            "needs",
            {
                "account_id": "A",
                "category": "Ink",
                "annual_spend": 1100.0,
                "attainable_share": 1.0,
                "probability": 0.5,
            },
        ),
        contacts=table(
            "contacts",
            {
                "account_id": "A",
                "name": "Ada",
                "role": "decider",
                "influence": 5.0,
                "attitude": -2.0,
            },
        ),
    )
    brief = me.told("negotiation_brief").set_index("point")
    said = {plain(text): row for text, row in brief.to_dict("index").items()}
    renewal = said["Frame agreement ends 30 Nov 2025: act now."]
    assert renewal["evidence"] == "agreements, G1"
    broken = said["Frame agreement: terms are not kept: free delivery."]
    assert broken["evidence_date"] == day("2024-11-01")
    assert said["What would Ada need from us to stand behind it?"]["section"] == "Ask"
    reach = "Ink: up to € 1.00 k more within 1 year, € 500 risk-adjusted."
    assert said[reach]["section"] == "Bring"
    findings = plain(" ".join(me.told("dossier_findings")["sentence"]))
    assert "ends 30 Nov 2025: act by 1 Oct 2025." in findings
    assert "Terms of 1 running agreement are not kept." in findings
    assert "Ada could derail us; we know no approver" in findings


@pytest.mark.parametrize(
    ("finding", "tables", "sentence"),
    [
        (
            "late and incidents",
            {
                "promises_kept": [{"late_count": 1, "due_count": 4, "open_late_count": 1}],
                "account_incidents": [{"is_open": True, "open_days": 12.0}],
            },
            "1 of 4 deliveries promised in the last 12 months was late, 1 of them still open; "
            "1 incident is open, the oldest for 12 days.",
        ),
        (
            "steps overdue",
            {
                "plan_objectives": [
                    {"status": "overdue", "overdue_days": 1.0, "owner": "Ines", "text": "Win it."}
                ],
            },
            "1 step of the plan is overdue (owner Ines), for 1 day: Win it.",
        ),
        (
            "roles",
            {"stakeholder_roles": [{"role": one, "is_missing": True} for one in ("user", "buyer")]},
            "We know no user and no buyer.",
        ),
        (
            "decided and open",
            {
                "tender_record": [{"outcome": "won"}],
                "pipeline": [{"weighted_value": 50.0}],
            },
            "1 of 1 decided tender won; 1 open, worth € 50 at their chances.",
        ),
    ],
)
def test_a_finding_is_one_sentence(finding, tables, sentence):
    rows = shaped("dossier_findings", [{"finding_code": finding}])
    given = {name: shaped(name, rows) for name, rows in tables.items()}
    told = orders_alone().call(
        said_of("tell_dossier_findings"), dossier_findings=rows, book=BOOK, **given
    )
    assert plain(told["sentence"].item()) == sentence


def test_the_org_chart_stands_each_person_above_those_who_report_to_it_circles_too():
    ids = ["boss", "left", "leaf", "ring1", "ring2", "alone"]
    above = [None, "boss", "left", "ring2", "ring1", "nobody known"]
    people = {"account_id": "A", "contact_id": ids, "name": ids, "reports_to": above}
    contacts = typed(pd.DataFrame(people), "contacts")
    table = org_chart(contacts, stakeholder_map(contacts, empty_table("interactions"), as_of=AS_OF))
    assert table["person"].tolist() == ["alone", "boss", "left", "leaf", "ring1", "ring2"]
    assert table["chart_level"].tolist() == [0, 0, 1, 2, 0, 1]
    axes = draw.plot_org_chart(table)
    assert [text.get_text() for text in axes.texts][:12:2] == table["person"].tolist()
    blank = contacts.assign(reports_to=None)
    assert org_chart(blank, stakeholder_map(blank, empty_table("interactions"), as_of=AS_OF)).empty
