"""Charts: titles state the finding; small, large, odd and empty books are drawn."""

from __future__ import annotations

import inspect

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from kamlib.book import BookSettings, SegmentationSettings
from kamlib.period.calendar import parse_period
from kamlib.plots import matrices
from kamlib.plots import segmentation as draw
from kamlib.plots.style import FINDING, SUBTITLE
from kamlib.segmentation import (
    abc_cross,
    abc_xyz_matrix,
    class_migration,
    class_moves,
    concentration,
    key_accounts,
    lorenz,
    pareto,
    rfm_scores,
    rfm_segments,
    whale_curve,
)
from kamlib.story import segmentation_charts as say
from kamlib.story.statements import Said
from kamlib.tables import shaped

from .segmentation import account_classes

AS_OF = pd.Timestamp("2025-12-31")
NO_TIERS = pd.DataFrame({"account_id": [], "tier": [], "start_date": [], "end_date": []}).astype(
    {
        "account_id": "str",
        "tier": "str",
        "start_date": "datetime64[us]",
        "end_date": "datetime64[us]",
    }
)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def months_of(
    revenue: np.ndarray, cost: float, name: str = "Account {}"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    ids = pd.Series([f"a{i:04d}" for i in range(len(revenue))], dtype="str")
    counts = {"order_count": 1, "order_day_count": 1}
    old = pd.DataFrame(
        {
            "account_id": ids,
            "month": pd.Timestamp("2020-01-31"),
            "revenue": 1.0,
            "cost": cost,
            **counts,
        }
    )
    now = pd.DataFrame(
        {"account_id": ids, "month": AS_OF, "revenue": revenue, "cost": revenue * cost, **counts}
    )
    accounts = pd.DataFrame(
        {"account_id": ids, "name": pd.Series([name.format(i) for i in ids], dtype="str")}
    )
    return pd.concat([old, now]).astype({"account_id": "str", "month": "datetime64[us]"}), accounts


def charts_of(
    revenue: np.ndarray, cost: float = np.nan, name: str = "Account {}"
) -> dict[str, object]:
    """Every chart of the segmentation for one book, by name."""
    months, accounts = months_of(revenue, cost, name)
    classes = account_classes(months, accounts, as_of=AS_OF)
    then = account_classes(
        months.assign(revenue=months["revenue"].to_numpy()[::-1]), accounts, as_of=AS_OF
    )
    keys = key_accounts(accounts, NO_TIERS, classes, as_of=AS_OF)
    shares = concentration(classes, accounts, keys)
    products = pd.DataFrame(
        {n: [] for n in ("account_id", "product_id", "window", "quantity", "revenue")}
    ).astype({"quantity": "float64", "revenue": "float64"})
    before = then if len(revenue) else None
    moves = class_moves(classes, before, products)
    scores = rfm_scores(months.rename(columns={"month": "date"}), as_of=AS_OF)
    tables = {
        "pareto": pareto(classes),
        "whale_curve": whale_curve(classes),
        "lorenz": lorenz(classes),
        "concentration": shares,
        "abc_xyz_matrix": abc_xyz_matrix(classes),
        "abc_cross": abc_cross(classes),
        "class_migration": class_migration(moves),
        "class_moves": moves,
        "rfm_segments": rfm_segments(scores),
        "previous_account_classes": before,
    }
    charts = {name: drawn(name, tables) for name in tables if name != "previous_account_classes"}
    return charts | {"variability": drawn("abc_xyz_matrix", tables, basis="variability")}


FACTS = {
    "as_of": AS_OF,
    "segmentation": SegmentationSettings(),
    "previous_span": parse_period("2025-Q3"),
    "previous_account_classes": NO_TIERS,
    "is_previous_whole": True,
    "book": None,
}


def said_over(name: str, tables: dict, **options) -> Said:
    """What the story says over a chart."""
    story = getattr(say, f"chart_{name}")
    known = FACTS | tables | options
    return story(**{one: known[one] for one in inspect.signature(story).parameters if one in known})


def drawn(name: str, tables: dict, **options):
    """A chart under what the story says over it."""
    said = said_over(name, tables, **options)
    plot = getattr(draw, f"plot_{name}", None) or getattr(matrices, f"plot_{name}")
    own = {one: tables[one] for one in inspect.signature(plot).parameters if one in tables}
    return plot(**own, **options, title=said.title, subtitle=said.subtitle)


def finding(ax) -> str:
    texts = [
        child for child in ax.get_children() if getattr(child, "get_gid", lambda: None)() == FINDING
    ]
    return texts[0].kam_text.replace("\xa0", " ")


def test_titles_state_the_finding():
    charts = charts_of(np.array([60.0, 25.0, 10.0, 4.0, 1.0]), cost=0.5)
    found = {name: finding(ax) for name, ax in charts.items()}
    assert found["pareto"] == "2 of 5 accounts bring 85 % of revenue"
    assert found["whale_curve"] == "No account costs more than it brings"
    assert found["lorenz"] == "The smaller half of accounts brings 5.0 % of revenue (Gini 0.56)"
    assert found["concentration"] == "The largest account brings 60 % of revenue"
    assert found["abc_xyz_matrix"] == "2 accounts in AZ bring 85, 85 % of revenue"
    assert found["abc_cross"] == "Every account of class A by revenue is A by margin too"
    assert found["class_moves"].endswith("only because of the others")


@pytest.mark.parametrize(
    ("causes", "finding"),
    [
        (["own", "own"], "2 accounts changed class"),
        (["neighbours"], "1 account changed class, only because of the others"),
        (["neighbours", "own"], "2 accounts changed class, 1 only because of the others"),
        (["neighbours"] * 2, "2 accounts changed class, all only because of the others"),
        ([], "No account changed its revenue class"),
    ],
)
def test_moves_are_counted_in_plain_words(causes, finding):
    moves = pd.DataFrame({"cause": causes, "move_kind": "move"}, dtype="str")
    assert said_over("class_moves", {"class_moves": moves}).title == finding
    nothing = {"class_moves": moves.iloc[:0], "previous_account_classes": None}
    assert said_over("class_moves", nothing).title == "No earlier period to compare with"
    part = {"class_moves": moves.iloc[:0], "is_previous_whole": False}
    cells = part | {"class_migration": class_migration(shaped("class_moves", []))}
    for said in (said_over("class_moves", part), said_over("class_migration", cells)):
        assert said.title == "The data do not hold the window of the previous period whole"


@pytest.mark.parametrize(
    ("moves", "finding"),
    [
        ({("A", "A"): 3, ("A", "B"): 1}, "1 account moved down"),
        ({("A", "B"): 2, ("B", "A"): 1}, "2 accounts moved down, 1 moved up"),
        ({("C", "A"): 2}, "2 accounts moved up"),
        ({("A", "A"): 3}, "No account changed its class"),
        ({}, "No account had a class then and has one now"),
    ],
)
def test_migrations_are_counted_in_plain_words(moves, finding):
    pairs = [(then, now) for then in "ABC" for now in "ABC"]
    cells = pd.DataFrame(pairs, columns=["class_then", "class_now"])
    cells = cells.assign(class_basis="abc", account_count=[moves.get(pair, 0) for pair in pairs])
    assert said_over("class_migration", {"class_migration": cells}).title == finding


def test_the_largest_segment_is_told():
    segments = pd.DataFrame(
        {
            "segment": ["Lost", "Champions"],
            "account_count": [3, 1],
            "revenue": [0.0, 5.0],
            "revenue_share": [0.0, 1.0],
        }
    )
    said = said_over("rfm_segments", {"rfm_segments": segments})
    assert said.title.replace("\xa0", " ") == "1 account in “Champions” brings 100 % of revenue"
    assert said.subtitle.replace("\xa0", " ").endswith("by RFM segment, 12 months to 31 Dec 2025")
    assert said.alt.startswith("Bars of the share of revenue of each RFM segment")


def test_figures_are_written_as_the_book_writes_them():
    book = BookSettings(title="T", locale="de", currency="EUR")
    points = {"abc_revenue": ["A", "A"], "rank": [1, 1200], "cumulative_revenue_share": [0.2, 0.5]}
    said = said_over("pareto", {"pareto": pd.DataFrame(points)}, book=book)
    assert said.title.startswith("1.200 of 2 accounts bring 50")
    table = pd.DataFrame({"scope": ["accounts"], "gini": [0.5]})
    curve = {"cumulative_account_share": [0.0], "cumulative_revenue_share": [0.0]}
    tables = {"lorenz": pd.DataFrame(curve), "concentration": table}
    assert said_over("lorenz", tables, book=book).title.endswith("(Gini 0,50)")


def test_losses_are_told_in_the_title_of_the_whale_curve():
    assert (
        finding(charts_of(np.array([60.0, 25.0, 10.0, 5.0]), cost=1.5)["whale_curve"])
        == "4 accounts cost 50 more than they bring"
    )


@pytest.mark.parametrize(
    ("revenue", "cost"),
    [
        (np.array([]), np.nan),
        (np.array([7.0]), 0.5),
        (np.full(5, 3.0), np.nan),
        (np.array([50.0, 30.0, -40.0, 0.0, 2.0]), 0.9),
        (np.array([-5.0, -1.0]), np.nan),
    ],
    ids=["empty", "one", "all equal, no cost", "negative totals", "nothing positive"],
)
def test_odd_books_are_drawn_and_say_so(revenue, cost):
    for name, ax in charts_of(revenue, cost).items():
        ax.figure.canvas.draw()
        assert finding(ax), name
        assert any(text.get_gid() == SUBTITLE for text in ax.texts), name


def test_five_thousand_accounts_stay_readable_and_light():
    revenue = np.random.default_rng(5).lognormal(8, 2, 5000).round(2)
    charts = charts_of(revenue, cost=0.7)
    for name in ("pareto", "whale_curve", "lorenz"):
        assert sum(len(line.get_xdata()) for line in charts[name].lines) < 1500, name
    assert len(charts["class_moves"].get_yticks()) == 15
    texts = charts["class_moves"].texts
    assert "the 15 largest of" in next(t.kam_text for t in texts if t.get_gid() == SUBTITLE)


def test_names_from_the_data_are_drawn_as_text():
    charts = charts_of(np.array([60.0, 25.0, 10.0]), name="$x^2$ <b>{}</b> & Söhne " + "long " * 30)
    labels = [text for text in charts["pareto"].texts if "$x^2$" in text.get_text()]
    assert labels
    assert all(not text.get_parse_math() and len(text.get_text()) < 60 for text in labels)
    charts["class_moves"].figure.canvas.draw()
