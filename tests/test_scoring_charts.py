"""The whole scoring from orders to charts: titles state the finding, for tiny, usual and large
books.
"""

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("svg")

from kamlib import scoring
from kamlib.book import BookSettings, ScoringSettings
from kamlib.book.criteria import BUILT_IN_CRITERIA
from kamlib.period.calendar import parse_period
from kamlib.period.graph import wanted
from kamlib.period.months import trailing_months
from kamlib.plots import scoring as draw
from kamlib.plots import strength
from kamlib.story import said_of, teller
from kamlib.tables import catalogue, empty_table

from .scoring import NOTHING, key_accounts

AS_OF, BEFORE, AGO = (pd.Timestamp(day) for day in ("2025-12-31", "2025-09-30", "2024-12-31"))


def orders(revenue):
    """Activity months of an account × month grid; zero is a month without an order."""
    months = trailing_months(AS_OF, revenue.shape[1])
    account, month = np.nonzero(revenue)
    ids = pd.Series([f"A{k:04d}" for k in account], dtype="str")
    amount = revenue[account, month].round(2)
    return pd.DataFrame(
        {
            "account_id": ids,
            "month": months[month],
            "revenue": amount,
            "cost": np.nan,
            "order_count": 1,
            "order_day_count": 1,
        }
    )


def usual(count, seed=1):
    rng = np.random.default_rng(seed)
    grid = np.exp(
        rng.normal(6, 1, (count, 1))
        + rng.normal(0, 0.4, (count, 60))
        + rng.normal(0, 0.02, (count, 1)) * np.arange(60)
    )
    return orders(grid * (rng.random((count, 60)) < rng.uniform(0.2, 1, (count, 1))))


class Book:
    """Tables by name, as a period answers with them, from orders and key accounts alone."""

    def __init__(self, months, keys, as_of=AS_OF):
        criteria = ScoringSettings(draws=500, criteria=BUILT_IN_CRITERIA)
        book = BookSettings(title="x", scoring=criteria)
        days = months.assign(date=months["month"])
        status = months.groupby("account_id")["month"].max().reset_index(name="last_order_date")
        self.kept = NOTHING | {
            "account_days": days,
            "account_status": status.assign(status="active"),
            "first_date": days["date"].min(),
            "account_months": months,
            "unbroken_months": months,
            "key_accounts": keys,
            "prospects": empty_table("prospects"),
            "as_of": as_of,
            "span": parse_period("2025-Q4"),
            "previous_span": parse_period("2025-Q3"),
            "year_ago_span": parse_period("2024-Q4"),
            "manager_id": "",
            "book": book,
            "scoring": book.scoring,
            "segmentation": book.segmentation,
            "admission": book.key_accounts,
        }
        del self.kept["largest_order_scores"]
        if as_of == AS_OF:
            for name, day in (("previous", BEFORE), ("year_ago", AGO)):
                self.kept[f"{name}_account_scores"] = Book(months, keys, day)["account_scores"]

    def __getitem__(self, name):
        if name.startswith("told_"):
            table = name.removeprefix("told_")
            return self[table].join(self.call(teller(table)))
        if name not in self.kept:
            self.kept[name] = self.call(getattr(scoring, name))
        return self.kept[name]

    def call(self, function, **given):
        known = {one for one in wanted(function) if one in self.kept or hasattr(scoring, one)}
        known |= {one for one in wanted(function) if one.startswith("told_")}
        return function(**{one: self[one] for one in known - set(given)}, **given)


def everything(months, key_count):
    """All tables of the page, from orders alone."""
    year = months[months["month"] > AGO].groupby("account_id")["revenue"].sum()
    return Book(months, key_accounts(*year.nlargest(key_count).index))


CHARTS = ("account_scores", "attractiveness_strength", "demotion_risk", "criterion_review")


def charts(tables):
    """Return what is said over each chart, and how many marks it has."""
    said, marks = {}, {}
    for name in CHARTS:
        over = said[name] = tables.call(said_of(f"chart_{name}"))
        plot = getattr(draw, f"plot_{name}", None) or getattr(strength, f"plot_{name}")
        ax = tables.call(plot, title=over.title, subtitle=over.subtitle)
        marks[name] = len(ax.patches) + len(ax.texts) + len(ax.lines)
        assert " ".join(ax.get_title(loc="left").split()) == " ".join(over.title.split())
        ax.figure.canvas.draw()
        mpl.pyplot.close(ax.figure)
    return said, marks


@pytest.mark.parametrize("count", [5, 400])
def test_titles_state_what_the_tables_hold(count):
    tables = everything(usual(count), key_count=4)
    said, marks = charts(tables)
    above = tables["score_stability"].query("is_above_line")
    firm = int(above["above_line_share"].ge(0.9).sum())
    assert said["account_scores"].title.startswith(f"{firm} of {len(above)} places above the line")
    matrix = tables["attractiveness_strength"]
    strategic = int((matrix["is_key"] & matrix["quadrant"].eq("strategic")).sum())
    assert said["attractiveness_strength"].title.startswith(f"{strategic} of 4 key accounts")
    risk = said["demotion_risk"].title
    assert "a year later" in risk or risk.startswith("Not enough history")
    assert max(marks.values()) < 400  # no mark per account
    if count > 30:
        scored = int(tables["account_scores"]["score"].notna().sum())
        around = f"30 of {scored} accounts, around the line"
        assert around in said["account_scores"].subtitle


def test_a_book_of_one_order_says_what_it_cannot_do():
    grid = np.zeros((1, 12))
    grid[0, -1] = 100
    tables = everything(orders(grid), key_count=1)
    titles = {name: over.title for name, over in charts(tables)[0].items()}
    said = "No account has enough criteria for its place to mean much"
    assert titles["account_scores"] == said
    assert titles["attractiveness_strength"] == "No account has both sub-scores"
    assert titles["demotion_risk"].startswith("Not enough history")
    assert titles["criterion_review"].startswith("Whether the criteria foretell growth or loyalty")
    assert tables["tier_decisions"]["proposal"].tolist() == ["keep"]
    assert tables["watch_list"].empty
    assert tables.call(said_of("actions_decisions")) == []
    told = " ".join(one.text for one in tables.call(said_of("headline_scoring")))
    assert f"{said}." in told and "Not scored for anyone" in told
    limits = {"promotions and reviews", "moves between the quadrants", "demotion risk", "prospects"}
    assert limits <= set(tables["told_scoring_limits"]["missing"])


def test_no_order_at_all_is_no_error():
    grid = np.zeros((1, 12))
    grid[0, 0] = 1
    months = orders(grid)
    tables = everything(months[months["month"] > AS_OF], key_count=0)
    said, _ = charts(tables)
    assert said["account_scores"].title == "No account can be scored"
    assert tables["tier_decisions"].empty


def test_actions_carry_their_evidence_and_owner():
    tables = everything(usual(60), key_count=6)
    actions = tables.call(said_of("actions_decisions"), most=3)
    told = tables["told_tier_decisions"]
    evidence = told.loc[told["proposal"].isin(["promote", "review", "watch"]), "evidence"]
    assert [one.changed for one in actions] == evidence.head(3).tolist()
    assert all(one.to_do.split()[0] in ("Promote", "Review", "Watch") for one in actions)


OURS = [name for name, table in catalogue().tables.items() if table.area == "scoring"]


@pytest.mark.parametrize("months", [usual(60), usual(60).head(0)], ids=["usual", "none"])
@pytest.mark.parametrize("name", OURS)
def test_a_table_and_its_sentences_are_the_published_columns(name, months):
    """Every sentence is the story's, and every other column the calculation's."""
    tables, table = everything(months, key_count=6), catalogue().tables[name]
    sentences = {one for one in table.columns if catalogue().columns[one].type == "sentence"}
    told = tables.call(teller(name)) if teller(name) else pd.DataFrame()
    assert set(told.columns) == sentences
    assert not told.isna().any(axis=None)
    plain = [one for one in (*table.columns, *table.facts) if one not in sentences]
    assert tables[name].columns.tolist() == plain
    if table.key and not set(table.key) & sentences:
        assert not tables[name].duplicated(list(table.key)).any()
