"""Objectives measured from data: checked when the plan is read, and read from orders by hand."""

from __future__ import annotations

import shutil

import pandas as pd
import pytest

from kamlib.check import check_book
from kamlib.dossier.measured import measured_objectives
from kamlib.dossier.objectives import plan_objectives
from kamlib.dossier.plans import MEASURES, read_plan
from kamlib.dossier.register import plan_register, plan_steps
from kamlib.errors import KamError
from kamlib.page.columns import columns_of, written
from kamlib.page.rows import figure_kinds
from kamlib.period.calendar import parse_period
from kamlib.period.snapshot import open_period
from kamlib.story.codes import code_words
from kamlib.story.measured import tell_measured_objectives, unknown_category
from kamlib.tables import catalogue, empty_table, shaped, typed
from kamlib.words import speaking
from kamlib.words.amounts import Wording

AS_OF = pd.Timestamp("2025-12-31")
PLAN = """account_id = "A"
[[objectives]]
id = "O1"
horizon = "short"
text = "more drives"
owner = "Ines"
due = 2026-06-30
"""


def plan(tmp_path, lines: str):
    file = tmp_path / "A.toml"
    file.write_text(PLAN + lines, encoding="utf-8")
    return file


YEAR_AGO, BEFORE = pd.Timestamp("2024-12-31"), parse_period("2025-Q3")


def measured(file, revenue: tuple[float, ...] = (200.0,), categories: str = "Drives", **tables):
    """The objectives of one plan, where one month a year is known."""
    days = [AS_OF, YEAR_AGO][: len(revenue)]
    months = shaped("account_months", {"account_id": "A", "month": days, "revenue": list(revenue)})
    parts = [months.assign(category=name, revenue=months["revenue"] * share)
             for name, share in ((categories, 0.25), ("Tools", 0.75))]  # fmt: skip
    people = {"manager_id": ["M1"], "name": ["Ines"]}
    return measured_objectives(
        months, pd.concat(parts), shaped("deliveries", []), empty_table("interactions"),
        tables.get("contacts", empty_table("contacts")),
        shaped("accounts", {"account_id": ["A"], "name": ["Ada"]}),
        typed(pd.DataFrame(people), "managers"),
        plans={"A": file}, as_of=AS_OF, previous_span=BEFORE,
    )  # fmt: skip


def test_the_state_is_read_from_orders(tmp_path):
    file = plan(tmp_path, 'measure = "category_share:Drives"\ntarget = 0.5\n')
    table = measured(file)
    assert table[["value", "target_value", "reached_share"]].values.tolist() == [[0.25, 0.5, 0.5]]
    assert table["year_ago_value"].isna().all()
    assert measured(file, revenue=(200.0, 100.0))["year_ago_value"].tolist() == [0.25]


def test_what_is_measured_is_how_far_the_objective_is_whatever_the_plan_says(tmp_path):
    file = plan(tmp_path, 'measure = "revenue"\ntarget = 400\ndone = 1.0\n')
    table = measured(file, revenue=(200.0, 100.0))  # as of 30 September 100 are known
    assert table[["reached_share", "previous_reached_share"]].values.tolist() == [[0.5, 0.25]]
    (row,) = plan_objectives(
        read_plan(file), empty_table("managers"), table, as_of=AS_OF, previous_span=BEFORE
    ).itertuples()
    assert (row.done_share, row.done_change, row.status) == (0.5, 0.25, "open")
    every = {"plans": {"A": file}, "as_of": AS_OF}
    steps = plan_steps(empty_table("managers"), table, **every, previous_span=BEFORE)
    assert steps["done_share"].tolist() == [0.5]
    assert plan_register(table, **every)["kept_count"].tolist() == [0]
    assert plan_register(**every)["kept_count"].tolist() == [1]


def test_the_samples_objective_is_its_share_of_the_orders_file(root):
    """Also as the generator recorded it for the end of the history."""
    book = root / "data" / "sample"
    truth = pd.read_csv(book / "truth" / "truth.csv").query("story == 'measured_objective'")
    orders = pd.read_csv(book / "orders.csv", dtype="str").query("account_id == 'A0004'")
    revenue, day = orders["revenue"].astype(float), orders["order_date"]
    q = open_period(book, "2025-Q4")
    for then, start, end in (
        (q.year_ago, "2024-01-01", "2024-12-31"),
        (q.previous, "2024-10-01", "2025-09-30"),
        (q, "2025-01-01", "2025-12-31"),
    ):
        (row,) = then.measured_objectives.itertuples()
        year = revenue[day.between(start, end)]
        share = year[orders["category"].eq("Drives")].sum() / year.sum()
        assert row.value == pytest.approx(share, abs=1e-9)
        assert row.reached_share == pytest.approx(share / row.target_value, abs=1e-9)
    assert truth[["account_id", "value"]].values.tolist() == [[row.account_id, row.value]]


def test_users_are_the_people_of_that_role(tmp_path):
    file = plan(tmp_path, 'measure = "users"\ntarget = 4\n')
    people = {"account_id": ["A", "A", "B"], "name": "x", "role": ["user", "buyer", "user"]}
    contacts = typed(pd.DataFrame(people), "contacts")
    assert measured(file, contacts=contacts)["reached_share"].tolist() == [0.25]


def test_a_category_that_no_order_has_is_said_with_those_there_are(tmp_path):
    file = plan(tmp_path, 'measure = "category_share:Drvies"\ntarget = 0.5\n')
    table = measured(file)
    assert table[["value", "reached_share"]].isna().all(axis=None)
    goods = pd.DataFrame({"category": ["Drives", "Tools"]})
    note = tell_measured_objectives(table, goods)["note"].item()
    assert note == "No order is of the category 'Drvies'. Did you mean 'Drives'?"
    bare = tell_measured_objectives(table, goods.iloc[:0])["note"].item()
    assert bare == "It needs orders.category."


def test_an_unknown_category_is_said_in_the_language_of_the_page():
    with speaking("de"):
        near, far = (unknown_category(name, ["Drives", "Tools"]) for name in ("Drvies", "Paper"))
    assert near == "Kein Auftrag gehört zur Warengruppe „Drvies“. Gemeint ist wohl „Drives“."
    assert far == "Kein Auftrag gehört zur Warengruppe „Paper“; es gibt Drives und Tools."


def test_kam_check_names_what_is_wrong_with_a_plan(root, tmp_path):
    sample, file = root / "data" / "sample", tmp_path / "book" / "plans" / "A0004.toml"
    file.parent.mkdir(parents=True)
    for name in ("book.toml", "plans/A0004.toml"):
        shutil.copy(sample / name, tmp_path / "book" / name)
    lines = pd.read_csv(sample / "orders.csv", dtype="str").query("account_id == 'A0004'")
    lines.to_csv(tmp_path / "book" / "orders.csv", index=False)
    text = file.read_text(encoding="utf-8")
    assert not [one for one in check_book(tmp_path / "book")["notices"] if one["table"] == "plans"]
    for measure, said in (
        ("revenue:Drvies", "'Drvies'. Did you mean 'Drives'?"),
        ("turnover", "no measure 'turnover'"),
    ):
        file.write_text(text.replace("[[objectives]]", f'[[objectives]]\nmeasure = "{measure}"', 1))
        (notice,) = [
            one for one in check_book(tmp_path / "book")["notices"] if one["table"] == "plans"
        ]
        assert "plans/A0004.toml" in notice["what"] and said in notice["what"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('measure = "shares"\ntarget = 0.5\n', "no measure 'shares'"),
        ('measure = "on_time:Drives"\ntarget = 0.5\n', "are of a category"),
        ('measure = "category_share"\ntarget = 0.5\n', "are of a category"),
        ('measure = "revenue"\ntarget = "a lot"\n', "a target that is a number"),
        ('measure = "revenue"\ntarget = 0\n', "a target above 0"),
    ],
)
def test_a_measure_that_cannot_be_is_said_when_the_plan_is_read(tmp_path, lines, said):
    with pytest.raises(KamError, match=said):
        read_plan(plan(tmp_path, lines))


def test_a_share_is_written_in_percent_and_a_measure_in_words(tmp_path):
    file = plan(tmp_path, 'measure = "category_share:Drives"\ntarget = 0.5\n')
    table, entry = measured(file), catalogue().tables["measured_objectives"]
    (kind,) = figure_kinds(table, entry)["value"]
    specs = columns_of(table, Wording("€"), kinds=dict(figure_kinds(table, entry)))
    (value,) = [one for one in specs if one.key == "value"]
    assert kind == "share" and written(table["value"], value, Wording("€")) == [
        "25.0\N{NO-BREAK SPACE}%"
    ]
    assert code_words(table)["objective_measure"] == {
        "category_share:Drives": "Share of its revenue: Drives"
    }


def test_every_measure_has_words_and_a_kind():
    assert set(MEASURES) <= set(catalogue().figures)
