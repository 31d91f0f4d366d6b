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

AS_OF = pd.Timestamp("2025-09-30")


def months(*rows):
    frame = pd.DataFrame(rows, columns=["account_id", "category", "month", "revenue"])
    return frame.assign(month=pd.to_datetime(frame["month"]), quantity=1.0, cost=float("nan"))


def test_group_is_a_tree_from_the_ultimate_parent_with_the_larger_sibling_first():
    accounts = pd.DataFrame(
        {
            "account_id": ["D", "B", "C", "A", "X"],
            "name": ["d", "b", "c", "a", "x"],
            "parent_id": ["B", "A", "A", None, None],
        }
    )
    money = months(
        ("B", "k", "2025-09-30", 10), ("C", "k", "2025-09-30", 70), ("D", "k", "2025-09-30", 20)
    )
    tree = group_tree(accounts, money, "D", as_of=AS_OF)
    assert tree[["account_id", "depth", "revenue"]].values.tolist() == [
        ["A", 0, 0.0], ["C", 1, 70.0], ["B", 1, 10.0], ["D", 2, 20.0],
    ]  # fmt: skip
    assert tree["group_id"].eq("A").all()
    assert tree.loc[tree["is_self"], "account_id"].tolist() == ["D"]
    assert tree["revenue_share"].tolist() == [0.0, 0.7, 0.1, 0.2]


def test_a_parent_that_is_no_account_heads_the_tree():
    accounts = pd.DataFrame({"account_id": ["B"], "parent_id": ["HOLDING"]})
    tree = group_tree(accounts, months(("B", "k", "2025-09-30", 1)), "B", as_of=AS_OF)
    assert tree["account_id"].tolist() == ["HOLDING", "B"]


def test_a_ring_of_parents_ends():
    accounts = pd.DataFrame({"account_id": ["A", "B"], "parent_id": ["B", "A"]})
    tree = group_tree(accounts, months(), "A", as_of=AS_OF)
    assert sorted(tree["account_id"]) == ["A", "B"]


def test_group_without_revenue_has_no_shares():
    accounts = pd.DataFrame({"account_id": ["A"]})
    assert group_tree(accounts, months(), "A", as_of=AS_OF)["revenue_share"].isna().all()


def test_timeline_has_first_latest_and_largest_order_and_nothing_after_the_day():
    days = pd.DataFrame(
        {
            "account_id": ["A"] * 4 + ["B"],
            "date": pd.to_datetime(
                ["2024-01-05", "2024-06-01", "2025-03-01", "2025-10-02", "2024-02-02"]
            ),
            "revenue": [10.0, 90.0, -5.0, 500.0, 7.0],
        }
    )
    incidents = pd.DataFrame(
        {
            "account_id": ["A"],
            "opened_date": [pd.Timestamp("2024-07-01")],
            "kind": ["product_knowledge"],
            "resolved_date": [pd.Timestamp("2025-12-01")],
        }
    )
    table = account_timeline(days, "A", as_of=AS_OF, incidents=incidents)
    assert table[["event", "amount"]].fillna(-1).values.tolist() == [
        ["incident: product knowledge", -1], ["largest order day", 90.0], ["latest order", 90.0], ["first order", 10.0],
    ]  # fmt: skip


def test_timeline_tells_tiers_tenders_agreements_and_marks():
    day = pd.Timestamp
    table = account_timeline(
        pd.DataFrame({"account_id": [], "date": pd.to_datetime([]), "revenue": []}),
        "A",
        as_of=AS_OF,
        tiers=pd.DataFrame(
            {
                "account_id": ["A", "A"],
                "tier": ["regular", "key"],
                "start_date": [day("2023-01-01"), day("2024-01-01")],
            }
        ),
        agreements=pd.DataFrame(
            {
                "agreement_id": ["1"],
                "account_id": ["A"],
                "start_date": [day("2024-02-01")],
                "end_date": [day("2026-01-01")],
                "kind": ["frame"],
            }
        ),
        opportunities=pd.DataFrame(
            {
                "opportunity_id": ["9"],
                "account_id": ["A"],
                "opened_date": [day("2024-03-01")],
                "outcome": ["lost"],
                "closed_date": [day("2024-04-01")],
                "kind": ["tender"],
                "competitor": ["Rival"],
                "reason": ["price"],
            }
        ),
        interactions=pd.DataFrame(
            {"account_id": ["A", "A"], "date": [day("2024-05-01")] * 2, "satisfaction": [7.0, None]}
        ),
    )
    assert table["event"].tolist() == [
        "satisfaction 7 of 10", "tender lost", "tender opened", "frame began", "became key (was regular)", "became regular",
    ]  # fmt: skip
    assert table.loc[table["event"].eq("tender lost"), "note"].item() == "Rival, price"


def test_category_history_fills_months_without_orders_and_keeps_the_sum():
    money = months(
        ("A", "ink", "2025-09-30", 7),
        ("A", "paper", "2025-08-31", 9),
        ("A", "old", "2023-09-30", 99),
        ("B", "ink", "2025-09-30", 5),
    )
    table = category_history(money, "A", as_of=AS_OF)
    assert table.groupby("category", sort=False)["revenue"].agg(["size", "sum"]).to_dict("index") == {
        "paper": {"size": 24, "sum": 9.0}, "ink": {"size": 24, "sum": 7.0},
    }  # fmt: skip
    assert table["month"].min() == pd.Timestamp("2023-10-31")


def test_a_book_without_categories_has_one_nameless_category():
    money = months(("A", None, "2025-09-30", 7))
    empty = money.iloc[:0]
    assert category_totals(empty, "A", as_of=AS_OF, account_months=money)["category"].tolist() == [
        "(no category)"
    ]
    assert category_totals(money, "A", as_of=AS_OF)["category"].tolist() == ["(no category)"]


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
    table = category_totals(money, "A", as_of=AS_OF)
    assert table[["revenue", "previous_revenue", "trend"]].values.tolist() == [[now, before, trend]]


def deliveries(*rows):
    columns = [
        "account_id",
        "manager_id",
        "month",
        "due_count",
        "late_count",
        "open_late_count",
        "delay_days",
    ]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(month=pd.to_datetime(frame["month"]))


def test_promises_by_quarter_count_from_the_last_day_back():
    table = promises_kept(
        deliveries(
            ("A", "M", "2025-09-30", 3, 1, 1, 10.0), ("A", "N", "2025-07-31", 5, 1, 0, 4.0),
            ("A", "M", "2025-03-31", 2, 0, 0, None), ("A", "M", "2025-10-31", 9, 0, 0, None),
        ),
        "A",
        as_of=AS_OF,
        incidents=pd.DataFrame({"account_id": ["A"], "opened_date": [pd.Timestamp("2025-04-01")], "kind": ["late"]}),
    )  # fmt: skip
    assert table["quarter_end_date"].dt.strftime("%m-%d").tolist() == ["03-31", "06-30", "09-30"]
    assert table[["due_count", "late_count", "on_time_count", "open_late_count", "incident_count"]].values.tolist() == [
        [2, 0, 2, 0, 0], [0, 0, 0, 0, 1], [8, 2, 6, 1, 0],
    ]  # fmt: skip
    assert table["on_time_share"].fillna(-1).tolist() == [1.0, -1.0, 0.75]
    assert table["mean_delay_days"].fillna(-1).tolist() == [-1.0, -1.0, 7.0]


def test_incidents_open_first_and_resolved_later_counts_as_open():
    incidents = pd.DataFrame(
        {
            "account_id": ["A"] * 3,
            "opened_date": pd.to_datetime(["2025-01-01", "2025-09-01", "2025-08-01"]),
            "kind": ["late", "quality", "other"],
            "severity": [1.0, 1.0, 3.0],
            "resolved_date": pd.to_datetime(["2025-01-11", "2025-10-05", None]),
        }
    )
    table = account_incidents(incidents, "A", as_of=AS_OF)
    assert table[["kind", "is_open", "open_days"]].values.tolist() == [
        ["other", True, 60.0], ["quality", True, 29.0], ["late", False, 10.0],
    ]  # fmt: skip


def test_a_year_before_that_the_data_do_not_cover_is_no_comparison():
    money = months(("A", "k", "2025-09-30", 12), ("A", "k", "2024-09-30", 10))
    half = category_totals(money, "A", as_of=AS_OF, first_date=pd.Timestamp("2024-06-01"))
    whole = category_totals(money, "A", as_of=AS_OF, first_date=pd.Timestamp("2023-10-31"))
    assert half["previous_revenue"].isna().all() and half["trend"].tolist() == [""]
    assert whole[["previous_revenue", "trend"]].values.tolist() == [[10.0, "grown"]]
    days = money.rename(columns={"month": "date"})
    figures = dossier_figures(
        days, money, "A", as_of=AS_OF, first_date=pd.Timestamp("2024-06-01")
    ).set_index("figure")
    assert figures.loc["revenue", "value"] == 12 and pd.isna(
        figures.loc["revenue", "year_ago_value"]
    )
