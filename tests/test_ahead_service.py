"""Service that creeps, of each kind that is dated; all by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from kamlib.ahead.service import service_creep
from kamlib.book import BookSettings
from kamlib.story.ahead_reach import table_service_creep
from kamlib.tables import empty_table, shaped, typed

AS_OF = pd.Timestamp("2025-02-28")
ENDS = pd.to_datetime(["2023-02-28", "2024-02-29", "2025-02-28"])
BOOK = BookSettings(title="Demo")
KEYS = shaped("key_accounts", {"account_id": ["A"], "is_key": True, "is_provisional": False})


def years(*counts: int, before: bool = True) -> list[pd.Timestamp]:
    """So many days in each of three years, and one before them: the first is held whole."""
    days = [day for day, many in zip(ENDS, counts, strict=True) for _ in range(many)]
    return [*([pd.Timestamp("2022-02-01")] if before else []), *days]


def creep_of(
    contacts: list[pd.Timestamp] | None = None,
    requests: list[pd.Timestamp] | None = None,
    orders: tuple[int, int, int] = (9, 9, 9),
    credits: dict[str, list] | None = None,
    revenue: float = 10_000.0,
) -> pd.DataFrame:
    met = typed(pd.DataFrame({"account_id": "A", "date": contacts or []}), "interactions")
    asked = {"account_id": "A", "date": requests or [], "topic": "stock"}
    months = {"account_id": "A", "month": [pd.Timestamp("2022-02-28"), *ENDS], "revenue": revenue}
    load = {"account_id": ["A"], "name": "Ada", "manager_id": "M"}
    people = {"manager_id": ["M"], "hours_per_month": [100.0], "cost_per_month": [1000.0]}
    return service_creep(
        met if contacts else empty_table("interactions"),
        typed(pd.DataFrame(asked), "feedback") if requests else empty_table("feedback"),
        shaped("account_days", {"account_id": "A", **(credits or {"date": [], "revenue": []})}),
        shaped("account_months", {**months, "order_day_count": [1, *orders]}),
        shaped("account_load", load),
        typed(pd.DataFrame(people), "managers"),
        as_of=AS_OF,
    ).set_index("service")


def test_hours_that_rise_in_both_years_creep_and_cost_what_goes_beyond_the_first():
    table = creep_of(contacts=years(4, 8, 16))
    own = table.loc["contacts"]
    assert own["is_creeping"] and own["service_count"] == 16
    assert [own[f"{name}service_rate"] for name in ("earlier_", "previous_", "")] == [12, 24, 48]
    assert own["crept_cost"] == (16 - 4) * 3 * 10  # 3 hours a contact at 10 an hour
    title = table_service_creep(table.reset_index(), KEYS, book=BOOK).title.replace("\u00a0", " ")
    assert "1 key account, € 360 a year: Ada (contacts)" in title


@pytest.mark.parametrize("counts", [(4, 9, 5), (8, 8, 8), (1, 2, 3)])
def test_what_falls_again_is_steady_or_may_be_chance_does_not_creep(counts):
    assert not creep_of(contacts=years(*counts)).loc["contacts", "is_creeping"]


def test_a_kind_is_told_of_three_whole_years_alone():
    assert "contacts" not in creep_of(contacts=years(4, 8, 16, before=False)).index
    assert "contacts" not in creep_of(contacts=years(0, 8, 16)).index


def test_small_orders_and_requests_creep_without_a_cost_that_nobody_records():
    table = creep_of(requests=years(3, 8, 12), orders=(6, 12, 24))
    assert table["is_creeping"].to_dict() == {"orders": True, "requests": True}
    assert table["crept_cost"].isna().all()
    assert table.loc["orders", "service_rate"] == 24


def test_a_month_counts_in_one_year_where_february_is_longer():
    table = creep_of()
    counts = table.loc["orders", ["earlier_service_count", "previous_service_count"]].tolist()
    assert counts == [9, 9] and table.loc["orders", "service_count"] == 9


def test_credits_are_told_in_money():
    days = years(1, 3, 8, before=False)
    table = creep_of(credits={"date": days, "revenue": [-10.0] * len(days)})
    assert table.loc["credits", ["service_rate", "crept_cost"]].tolist() == [80.0, 70.0]
    assert table.loc["credits", "is_creeping"]
