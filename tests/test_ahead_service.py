"""Service that creeps, of each kind that is dated; all by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from kamlib.ahead.service import service_creep
from kamlib.book import BookSettings
from kamlib.period.listed import accounts_as_of
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
    revenue: float | list[float] = 10_000.0,
    costs: pd.DataFrame | None = None,
) -> pd.DataFrame:
    met = typed(pd.DataFrame({"account_id": "A", "date": contacts or []}), "interactions")
    asked = {"account_id": "A", "date": requests or [], "topic": "stock"}
    months = {"account_id": "A", "month": [pd.Timestamp("2022-02-28"), *ENDS], "revenue": revenue}
    load = {"account_id": ["A"], "name": "Ada", "manager_id": "M"}
    people = {"manager_id": ["M"], "hours_per_month": [100.0], "cost_per_month": [1000.0]}
    return service_creep(
        met if contacts else empty_table("interactions"),
        typed(pd.DataFrame(asked), "feedback") if requests else empty_table("feedback"),
        empty_table("service_costs") if costs is None else costs,
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


def booked(ends: list[str], costs: list[float]) -> pd.DataFrame:
    rows = {"account_id": "A", "date": pd.to_datetime(ends), "cost": costs}
    return typed(pd.DataFrame(rows), "service_costs")


def by_month(*yearly: float, first: str = "2022-03-31") -> pd.DataFrame:
    """A twelfth of each year's cost at each month's end, from a month on."""
    ends = pd.date_range("2022-03-31", AS_OF, freq="ME")
    costs = [one / 12 for one in yearly for _ in range(12)]
    table = booked([str(day.date()) for day in ends], costs)
    return table[table["date"].ge(first)]


def test_booked_costs_that_outgrow_revenue_in_both_years_creep():
    table = creep_of(costs=by_month(600, 720, 900))
    own = table.loc["costs"]
    rates = [own[f"{name}service_rate"] for name in ("earlier_", "previous_", "")]
    assert rates == pytest.approx([600, 720, 900])
    assert own["is_creeping"] and own["service_count"] == 12
    assert own["crept_cost"] == pytest.approx(300)
    title = table_service_creep(table.reset_index(), KEYS, book=BOOK).title.replace("\u00a0", " ")
    assert "1 key account, € 300 a year: Ada (costs)" in title


def test_costs_that_stay_do_not_creep_where_revenue_falls():
    table = creep_of(costs=by_month(600, 600, 600), revenue=[1.0, 10_000.0, 8_000.0, 6_000.0])
    own = table.loc["costs"]
    assert own["service_rate"] == pytest.approx(1000) and not own["is_creeping"]


@pytest.mark.parametrize("yearly", [(600, 590, 900), (600, 900, 890), (600, 660, 740)])
def test_costs_that_rose_in_one_year_or_by_less_than_a_quarter_do_not_creep(yearly):
    assert not creep_of(costs=by_month(*yearly)).loc["costs", "is_creeping"]


@pytest.mark.parametrize(
    ("first", "is_told"), [("2022-03-31", True), ("2022-04-30", False), ("2023-03-31", False)]
)
def test_costs_by_the_month_are_told_from_the_first_month_on(first, is_told):
    assert ("costs" in creep_of(costs=by_month(600, 720, 900, first=first)).index) is is_told


def test_costs_booked_at_the_end_of_each_year_are_of_the_whole_year():
    ends = ["2023-02-28", "2024-02-29", "2025-02-28"]
    own = creep_of(costs=booked(ends, [600, 720, 900])).loc["costs"]
    assert own["is_creeping"] and own["service_count"] == 1
    late = creep_of(costs=booked(["2023-03-31", *ends[1:]], [600, 720, 900]))
    assert "costs" not in late.index


def test_a_cost_that_holds_contacts_too_is_not_told_twice():
    table = creep_of(costs=by_month(600, 720, 900), contacts=years(4, 8, 16)).reset_index()
    assert table["is_creeping"].sum() == 2
    title = table_service_creep(table, KEYS, book=BOOK).title.replace("\u00a0", " ")
    assert "1 key account, € 300 a year: Ada (contacts and costs)" in title


def test_an_account_without_a_yearly_figure_takes_what_was_booked_over_the_year():
    listed = pd.DataFrame({"account_id": ["A", "B", "C"], "cost_to_serve": [None, 70.0, None]})
    costs = pd.concat(
        [
            by_month(600, 720, 900),
            by_month(60, 60, 60).assign(account_id="B"),
            by_month(1, 1, 1, first="2024-04-30").assign(account_id="C"),
        ]
    )
    table = accounts_as_of(
        typed(listed, "accounts"), empty_table("tiers"), empty_table("managers"), costs,
        pd.DataFrame({"account_id": ["A"], "manager_id_latest": "M", "region_latest": "N"}),
        as_of=AS_OF,
    ).set_index("account_id")  # fmt: skip
    assert table["cost_to_serve"].tolist()[:2] == pytest.approx([900, 70])
    assert table["cost_to_serve"].isna().tolist() == [False, False, True]
