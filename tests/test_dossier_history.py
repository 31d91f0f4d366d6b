"""The group, the timeline and what was supplied, worked by hand."""

import pandas as pd
import pytest

from kamlib.dossier import (
    account_incidents,
    account_timeline,
    category_history,
    category_totals,
    dossier_figures,
    group_tree,
    promises_kept,
)
from kamlib.story.dossier_notes import tell_account_timeline
from kamlib.tables import shaped

from .dossier import AS_OF, table

OWN = {"account_id": "A", "as_of": AS_OF}
RECORDS = (
    "accounts",
    "tiers",
    "agreements",
    "opportunities",
    "incidents",
    "interactions",
    "decisions",
)


def months(*rows):
    frame = pd.DataFrame(rows, columns=["account_id", "category", "month", "revenue"])
    return frame.assign(month=pd.to_datetime(frame["month"]), quantity=1.0, cost=float("nan"))


def test_group_is_a_tree_from_the_ultimate_parent_with_the_larger_sibling_first():
    parents = {"D": "B", "B": "A", "C": "A", "A": None, "X": None}
    rows = [{"account_id": one, "parent_id": above} for one, above in parents.items()]
    money = months(
        ("B", "k", "2025-09-30", 10), ("C", "k", "2025-09-30", 70), ("D", "k", "2025-09-30", 20)
    )
    tree = group_tree(table("accounts", *rows), money, account_id="D", as_of=AS_OF)
    assert tree[["account_id", "depth", "revenue"]].values.tolist() == [
        ["A", 0, 0.0],
        ["C", 1, 70.0],
        ["B", 1, 10.0],
        ["D", 2, 20.0],
    ]
    assert tree["group_id"].eq("A").all()
    assert tree.loc[tree["is_self"], "account_id"].tolist() == ["D"]
    assert tree["revenue_share"].tolist() == [0.0, 0.7, 0.1, 0.2]


def test_a_parent_that_is_no_account_heads_the_tree():
    accounts = table("accounts", {"account_id": "B", "parent_id": "HOLDING"})
    money = months(("B", "k", "2025-09-30", 1))
    tree = group_tree(accounts, money, account_id="B", as_of=AS_OF)
    assert tree["account_id"].tolist() == ["HOLDING", "B"]


def test_a_ring_of_parents_ends():
    rows = [{"account_id": "A", "parent_id": "B"}, {"account_id": "B", "parent_id": "A"}]
    tree = group_tree(table("accounts", *rows), months(), **OWN)
    assert sorted(tree["account_id"]) == ["A", "B"]


def test_group_without_revenue_has_no_shares():
    accounts = table("accounts", {"account_id": "A"})
    assert group_tree(accounts, months(), **OWN)["revenue_share"].isna().all()


def timeline(days=(), **tables):
    """The timeline of these order days and rows of the book's tables."""
    found = account_timeline(
        pd.DataFrame(list(days), columns=["date", "revenue"]).astype({"date": "datetime64[us]"}),
        *(table(name, *tables.get(name, ())) for name in RECORDS),
        **OWN,
    )
    return found.assign(event=tell_account_timeline(found)["event"])


def test_timeline_has_first_latest_and_largest_order_and_nothing_after_the_day():
    rows = {"2024-01-05": 10.0, "2024-06-01": 90.0, "2025-03-01": -5.0, "2025-10-02": 500.0}
    incident = {
        "opened_date": pd.Timestamp("2024-07-01"),
        "kind": "product_knowledge",
        "resolved_date": pd.Timestamp("2025-12-01"),
    }
    found = timeline(rows.items(), incidents=[incident])
    assert found[["event", "amount"]].fillna(-1).values.tolist() == [
        ["incident: product knowledge", -1],
        ["largest order day", 90.0],
        ["latest order", 90.0],
        ["first order", 10.0],
    ]


def test_timeline_tells_tiers_tenders_agreements_and_marks():
    day = pd.Timestamp
    deal = {
        "opened_date": day("2024-03-01"),
        "outcome": "lost",
        "closed_date": day("2024-04-01"),
        "kind": "tender",
        "competitor": "Rival",
        "reason": "price",
    }
    found = timeline(
        tiers=[
            {"tier": "regular", "start_date": day("2023-01-01")},
            {"tier": "key", "start_date": day("2024-01-01")},
        ],
        agreements=[
            {
                "start_date": day("2024-02-01"),
                "end_date": day("2026-01-01"),
                "kind": "frame",
            }
        ],
        opportunities=[deal],
        interactions=[{"date": day("2024-05-01"), "satisfaction": mark} for mark in (7.0, None)],
    )
    assert found["event"].tolist() == [
        "satisfaction 7 of 10",
        "tender lost",
        "tender opened",
        "frame began",
        "became key (was regular)",
        "became regular",
    ]
    assert found.loc[found["event"].eq("tender lost"), "remark"].item() == "Rival, price"


def test_category_history_fills_months_without_orders_and_keeps_the_sum():
    money = months(
        ("A", "ink", "2025-09-30", 7),
        ("A", "paper", "2025-08-31", 9),
        ("A", "old", "2023-09-30", 99),
    )
    found = category_history(money, money, **OWN)
    sums = found.groupby("category", sort=False)["revenue"].agg(["size", "sum"])
    assert sums.to_dict("index") == {
        "paper": {"size": 24, "sum": 9.0},
        "ink": {"size": 24, "sum": 7.0},
    }
    assert found["month"].min() == pd.Timestamp("2023-10-31")


def test_a_book_without_categories_has_one_nameless_category():
    money = months(("A", None, "2025-09-30", 7))
    empty = money.iloc[:0]
    for by_category in (empty, money):
        found = category_totals(by_category, money, **OWN)
        assert found["category"].tolist() == ["(no category)"]


@pytest.mark.parametrize(
    ("now", "before", "trend"),
    [
        (10, 0, "new"),
        (0, 10, "stopped"),
        (11, 10, "steady"),
        (9, 10, "steady"),
        (12, 10, "grown"),
        (8, 10, "shrunk"),
    ],
)
def test_trend_of_a_category(now, before, trend):
    money = months(("A", "k", "2025-09-30", now), ("A", "k", "2024-09-30", before))
    found = category_totals(money, money, **OWN)
    assert found[["revenue", "previous_revenue", "trend"]].values.tolist() == [[now, before, trend]]


def deliveries(*rows):
    columns = ["month", "due_count", "late_count", "open_late_count", "delay_days"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(month=pd.to_datetime(frame["month"]))


def test_promises_by_quarter_count_from_the_last_day_back():
    promised = deliveries(
        ("2025-09-30", 3, 1, 1, 10.0),
        ("2025-07-31", 5, 1, 0, 4.0),
        ("2025-03-31", 2, 0, 0, None),
        ("2025-10-31", 9, 0, 0, None),
    )
    opened = {"opened_date": pd.Timestamp("2025-04-01"), "kind": "late"}
    found = promises_kept(promised, table("incidents", opened), **OWN)
    assert found["quarter_end_date"].dt.strftime("%m-%d").tolist() == ["03-31", "06-30", "09-30"]
    counts = ["due_count", "late_count", "on_time_count", "open_late_count", "incident_count"]
    assert found[counts].values.tolist() == [[2, 0, 2, 0, 0], [0, 0, 0, 0, 1], [8, 2, 6, 1, 0]]
    assert found["on_time_share"].fillna(-1).tolist() == [1.0, -1.0, 0.75]
    assert found["mean_delay_days"].fillna(-1).tolist() == [-1.0, -1.0, 7.0]


def test_incidents_open_first_and_resolved_later_counts_as_open():
    rows = [
        ("2025-01-01", "late", 1.0, "2025-01-11"),
        ("2025-09-01", "quality", 1.0, "2025-10-05"),
        ("2025-08-01", "other", 3.0, None),
    ]
    frame = pd.DataFrame(rows, columns=["opened_date", "kind", "severity", "resolved_date"])
    for name in ("opened_date", "resolved_date"):
        frame[name] = pd.to_datetime(frame[name])
    found = account_incidents(table("incidents", *frame.to_dict("records")), as_of=AS_OF)
    assert found[["kind", "is_open", "open_days"]].values.tolist() == [
        ["other", True, 60.0],
        ["quality", True, 29.0],
        ["late", False, 10.0],
    ]


def test_a_year_before_that_the_data_do_not_cover_is_no_comparison():
    money = months(("A", "k", "2025-09-30", 12), ("A", "k", "2024-09-30", 10))
    begins = pd.Timestamp("2024-06-01")
    half = category_totals(money, money, **OWN, first_date=begins)
    whole = category_totals(money, money, **OWN, first_date=pd.Timestamp("2023-10-31"))
    assert half["previous_revenue"].isna().all() and half["trend"].tolist() == [""]
    assert whole[["previous_revenue", "trend"]].values.tolist() == [[10.0, "grown"]]
    days = money.rename(columns={"month": "date"})
    before = [shaped(one, []) for one in ("promises_kept", "account_incidents")]
    after = [shaped(one, []) for one in ("wallet", "money_owed", "pipeline")]
    nothing = (*before, table("interactions"), *after)
    figures = dossier_figures(days, money, half, *nothing, **OWN, first_date=begins)
    revenue = figures.set_index("figure").loc["revenue"]
    assert revenue["value"] == 12 and pd.isna(revenue["year_ago_value"])
