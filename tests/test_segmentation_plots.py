"""Charts of the segmentation: titles state the finding, small, large, odd and empty books are drawn."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from kamlib.plots import segmentation as draw
from kamlib.plots.style import FINDING, SUBTITLE
from kamlib.segmentation import (
    abc_cross,
    abc_xyz_matrix,
    account_classes,
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
    )
    moves = class_moves(
        then if len(revenue) else None,
        classes,
        products.astype({"quantity": "float64", "revenue": "float64"}),
    )
    days = months.rename(columns={"month": "date"})
    segments = rfm_segments(rfm_scores(days, as_of=AS_OF))
    return {
        "pareto": draw.plot_pareto(pareto(classes)),
        "whale": draw.plot_whale_curve(whale_curve(classes)),
        "lorenz": draw.plot_lorenz(lorenz(classes), shares),
        "concentration": draw.plot_concentration(shares),
        "matrix": draw.plot_abc_xyz_matrix(abc_xyz_matrix(classes), period="2025"),
        "variability": draw.plot_abc_xyz_matrix(abc_xyz_matrix(classes), basis="variability"),
        "cross": draw.plot_abc_cross(abc_cross(classes)),
        "migration": draw.plot_class_migration(class_migration(moves)),
        "moves": draw.plot_class_moves(moves),
        "rfm": draw.plot_rfm_segments(segments),
    }


def finding(ax) -> str:
    texts = [
        child for child in ax.get_children() if getattr(child, "get_gid", lambda: None)() == FINDING
    ]
    return texts[0].kam_text.replace("\xa0", " ")


def test_titles_state_the_finding():
    charts = charts_of(np.array([60.0, 25.0, 10.0, 4.0, 1.0]), cost=0.5)
    found = {name: finding(ax) for name, ax in charts.items()}
    assert found["pareto"] == "2 of 5 accounts bring 85 % of revenue"
    assert found["whale"] == "No account costs more than it brings"
    assert found["lorenz"] == "The smaller half of accounts brings 5.0 % of revenue (Gini 0.56)"
    assert found["concentration"] == "The largest account brings 60 % of revenue"
    assert found["matrix"] == "2 accounts in AZ bring 85, 85 % of revenue"
    assert found["cross"] == "Every account of class A by revenue is A by margin too"
    assert found["moves"].endswith("only because of the others")


def test_titles_count_in_plain_words():
    def moved(*causes: str) -> str:
        rows = [{"kind": "move", "cause": cause, "own_effect_share": 0.01, "neighbours_effect_share": 0.02,
                 "name": cause, "abc_then": "A", "abc_now": "B"} for cause in causes]  # fmt: skip
        return finding(draw.plot_class_moves(pd.DataFrame(rows)))

    assert moved("own", "own") == "2 accounts changed class"
    assert moved("neighbours") == "1 account changed class, only because of the others"
    assert moved("neighbours", "own") == "2 accounts changed class, 1 only because of the others"
    assert (
        moved("neighbours", "neighbours")
        == "2 accounts changed class, all only because of the others"
    )

    def migrated(*moves: tuple[str, str, int]) -> str:
        cells = pd.DataFrame(moves, columns=["class_then", "class_now", "account_count"]).assign(
            basis="abc"
        )
        grid = pd.MultiIndex.from_product(
            [list("ABC"), list("ABC")], names=["class_then", "class_now"]
        )
        full = cells.set_index(["class_then", "class_now"])["account_count"].reindex(
            grid, fill_value=0
        )
        return finding(draw.plot_class_migration(full.reset_index().assign(basis="abc")))

    assert migrated(("A", "A", 3), ("A", "B", 1)) == "1 account moved down"
    assert migrated(("A", "B", 2), ("B", "A", 1)) == "2 accounts moved down, 1 moved up"
    assert migrated(("A", "A", 3)) == "No account changed its class"

    segments = pd.DataFrame(
        {
            "segment": ["Lost", "Champions"],
            "account_count": [3, 1],
            "revenue": [0.0, 5.0],
            "revenue_share": [0.0, 1.0],
        }
    )
    assert (
        finding(draw.plot_rfm_segments(segments))
        == "1 account in “Champions” brings 100 % of revenue"
    )


def test_losses_are_told_in_the_title_of_the_whale_curve():
    assert (
        finding(charts_of(np.array([60.0, 25.0, 10.0, 5.0]), cost=1.5)["whale"])
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
    for name in ("pareto", "whale", "lorenz"):
        assert sum(len(line.get_xdata()) for line in charts[name].lines) < 1500, name
    assert len(charts["moves"].get_yticks()) == 15
    subtitle = next(text.kam_text for text in charts["moves"].texts if text.get_gid() == SUBTITLE)
    assert "the 15 largest of" in subtitle


def test_names_from_the_data_are_drawn_as_text():
    charts = charts_of(np.array([60.0, 25.0, 10.0]), name="$x^2$ <b>{}</b> & Söhne " + "long " * 30)
    labels = [text for text in charts["pareto"].texts if "$x^2$" in text.get_text()]
    assert labels
    assert all(not text.get_parse_math() and len(text.get_text()) < 60 for text in labels)
    charts["moves"].figure.canvas.draw()
