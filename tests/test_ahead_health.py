"""Health from its parts, and its record; the record of the alerts; all by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from kamlib.ahead.health import (
    PARTS,
    _area,
    _ranks,
    auc,
    dated_health,
    health_parts,
    health_record,
    weighted,
)
from kamlib.ahead.record import alert_record
from kamlib.book import BookSettings
from kamlib.dossier.agreements import agreement_renewals
from kamlib.period.calendar import period_of
from kamlib.practice import Company, activity, company
from kamlib.story.ahead_record import (
    gap_account_health,
    table_account_health,
    tell_alert_record,
    tell_health_record,
)
from kamlib.tables import empty_table, shaped, typed

AS_OF = pd.Timestamp("2025-12-31")
YEARS = pd.date_range("2024-01-31", AS_OF, freq="ME").as_unit("us")
BOOK = BookSettings(title="Demo")


def parts_of(*, first_date: pd.Timestamp = YEARS[0], **given: pd.DataFrame) -> pd.Series:
    months = {"account_id": "A", "month": YEARS, "revenue": [100.0] * 12 + [80.0] * 12}
    months |= {"cost": [60.0] * 12 + [48.0] * 12, "order_count": 1, "order_day_count": 1}
    status = {"account_id": ["A"], "status": "active", "silence_days": 40.0, "revenue": 960.0}
    tables = {
        "account_status": shaped("account_status", {**status, "usual_gap_days": 20.0}),
        "account_months": shaped("account_months", months),
        "category_months": shaped("category_months", []),
        "deliveries": shaped("deliveries", []),
        "interactions": empty_table("interactions"),
        "contact_rhythms": shaped("contact_rhythms", []),
        "contacts": empty_table("contacts"),
        "plan_register": shaped("plan_register", []),
        "money_owed": shaped("money_owed", []),
        "agreement_renewals": shaped("agreement_renewals", []),
    }
    tables |= given
    undated = {name: tables.pop(name) for name in ("contacts", "plan_register")}
    dated = dated_health(**tables, as_of=AS_OF, first_date=first_date, health=BOOK.health)
    return health_parts(dated, **undated, health=BOOK.health).iloc[0]


def test_rhythm_trend_and_margin_come_from_orders_alone():
    found = parts_of()
    assert found["rhythm_health"] == 50  # two gaps: half way from one to three
    assert found["trend_health"] == pytest.approx(100 * (-0.2 + 1 / 3) / (0.1 + 1 / 3))
    assert found["margin_health"] == pytest.approx(100 * 0.05 / 0.06)
    assert found["known_part_count"] == 3 and np.isnan(found["health"])  # half the weight unknown


def test_no_year_is_held_against_one_that_the_data_lack_a_part_of():
    found = parts_of(first_date=pd.Timestamp("2024-07-01"))
    assert found["rhythm_health"] == 50
    assert np.isnan(found["trend_health"]) and np.isnan(found["margin_health"])


def test_parts_of_service_people_and_money():
    met = typed(pd.DataFrame({"account_id": ["A"], "date": [pd.Timestamp("2025-11-01")],
        "satisfaction": [7.0]}), "interactions")  # fmt: skip
    rhythm = {"account_id": ["A"], "contact_every_days": [30.0], "rhythm_source": "plan"}
    people = {
        "account_id": "A",
        "name": ["x", "y"],
        "influence": [3.0, 1.0],
        "attitude": [2.0, -2.0],
    }
    due = {"account_id": "A", "month": YEARS[-2:], "due_count": 10, "late_count": [1, 0]}
    found = parts_of(
        interactions=met,
        contact_rhythms=shaped("contact_rhythms", rhythm),
        contacts=typed(pd.DataFrame(people), "contacts"),
        deliveries=shaped("deliveries", due),
        money_owed=shaped("money_owed", {"account_id": ["A"], "overdue_amount": [40.0]}),
        agreement_renewals=shaped("agreement_renewals", {"account_id": ["A"],
            "agreement_status": ["renewal due"], "days_to_notice_days": [-5.0]}),
    )  # fmt: skip
    assert found["satisfaction_health"] == 70
    assert found["contact_health"] == 50  # 60 days, two rhythms
    assert found["people_health"] == 75  # (3·2 − 2) / 4 = 1 on −2 … 2
    assert found["on_time_health"] == pytest.approx(100 * (0.95 - 0.7) / 0.3)
    assert found["payment_health"] == pytest.approx(50)  # half of a month's 80
    assert found["renewal_health"] == 25
    own = {k.removesuffix("_health"): v for k, v in found.items() if k.endswith("_health")}
    weights = pd.Series(BOOK.health.model_dump())
    known = pd.Series(own).drop("dated").dropna()
    assert found["health"] == pytest.approx(
        (known * weights[known.index]).sum() / weights[known.index].sum()
    )


def test_a_part_without_weight_does_not_count():
    parts = pd.DataFrame({"rhythm": [0.0], "trend": [100.0], "margin": [100.0], "plan": [100.0]})
    weights = pd.Series({"rhythm": 0.0, "trend": 1.0, "margin": 1.0, "plan": 1.0})
    assert weighted(parts, weights).tolist() == [100.0]


def test_the_area_under_the_curve_counts_pairs_with_ties_half():
    assert auc(np.array([2.0, 2.0, 1.0]), np.array([True, False, False])) == 0.75


def test_rows_that_count_more_than_once_are_as_many_rows():
    rng = np.random.default_rng(3)
    score, fell, times = rng.integers(0, 9, 50), rng.random(50) < 0.4, rng.integers(0, 4, 50)
    ranks = pd.Series(np.repeat(score, times)).rank()
    cases = np.repeat(fell, times)
    many, others = cases.sum(), (~cases).sum()
    by_hand = (ranks[cases].sum() - many * (many + 1) / 2) / (many * others)
    assert _area(_ranks(score), fell, times) == by_hand


def record_of(low_health_falls: bool) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    ids = [f"A{n}" for n in range(60)]
    falls = rng.random(60) < 0.3
    health = np.where(falls == low_health_falls, 30.0, 80.0) + rng.normal(0, 5, 60)
    months = pd.date_range("2021-01-31", AS_OF, freq="ME").as_unit("us")
    gone = months > "2024-12-31"
    rows = [
        pd.DataFrame({"account_id": one, "month": months, "revenue": 10.0 * ~(gone & bool(fell))})
        for one, fell in zip(ids, falls, strict=True)
    ]
    parts = {"account_id": ids, "dated_health": health, "silence_ratio": rng.random(60)}
    day = pd.DataFrame({**parts, "revenue": 120.0, "status": "active"})
    return health_record(
        pd.concat(rows), at=lambda _: SimpleNamespace(dated_health=day), as_of=AS_OF,
        first_date=pd.Timestamp("2022-12-01"),
    )  # fmt: skip


def test_health_that_foretells_is_said_to_and_one_that_does_not_is_not():
    good, bad = record_of(True), record_of(False)
    assert good["is_better"].item() and good["health_auc"].item() > 0.9
    assert not bad["is_better"].item()
    assert "Health tells more" in tell_health_record(good, book=BOOK)["note"].item()
    assert "not as a forecast" in tell_health_record(bad, book=BOOK)["note"].item()


MOST_BY_CHANCE = 5
"""Of a hundred companies, those whose interval of 95 % may lie above 0 by chance."""


def health_as_of(made: Company, day: pd.Timestamp) -> pd.DataFrame:
    """The health of a practice company as known on a day, straight from its tables."""
    own = {name: table for name, table in made.tables.items() if name != "orders"}
    days, due, _ = activity(made, as_of=day)
    month = (days["date"] + pd.offsets.MonthEnd(0)).dt.as_unit("us")
    months = days.assign(month=month).groupby(["account_id", "month"], as_index=False)
    lines = made.tables["orders"].query("order_date <= @day and category.notna()")
    ends = (lines["order_date"] + pd.offsets.MonthEnd(0)).dt.as_unit("us")
    goods = lines.assign(month=ends).groupby(["account_id", "category", "month"], as_index=False)
    sold = days[days["revenue"].gt(0)].sort_values("date")
    bought = sold.groupby("account_id")["date"]
    gap = bought.diff().dt.days.groupby(sold["account_id"]).median()
    silence = (day - bought.max()).dt.days
    bills = own["invoices"].query("invoice_date <= @day and not paid_date <= @day")
    overdue = bills["amount"].where(bills["due_date"].lt(day), 0.0).groupby(bills["account_id"])
    owed = overdue.sum().rename("overdue_amount").reset_index()
    year = days[days["date"].gt(day - pd.DateOffset(years=1))]
    status = pd.DataFrame({"usual_gap_days": gap, "silence_days": silence})
    status["status"] = np.where(silence.gt(3 * gap) & silence.ge(90), "lost", "active")
    status["revenue"] = year.groupby("account_id")["revenue"].sum()
    rhythm = own["accounts"][["account_id", "contact_every_days"]].dropna()
    return dated_health(
        shaped("account_status", status.reset_index()),
        shaped("account_months", months[["revenue", "cost"]].sum()),
        shaped("category_months", goods["revenue"].sum()),
        due,
        own["interactions"],
        shaped("contact_rhythms", rhythm.assign(rhythm_source="account")),
        shaped("money_owed", owed),
        agreement_renewals(own["agreements"], as_of=day, span=period_of(day)),
        as_of=day,
        health=BOOK.health,
    )


def foretold(seed: int) -> pd.Series:
    """What a practice company's record says of health, with its sentence."""
    made = company(seed)
    days = activity(made, as_of=AS_OF).account_days
    month = (days["date"] + pd.offsets.MonthEnd(0)).dt.as_unit("us")
    months = days.assign(month=month).groupby(["account_id", "month"], as_index=False)
    record = health_record(
        months["revenue"].sum(),
        at=lambda day: SimpleNamespace(dated_health=health_as_of(made, day)),
        as_of=AS_OF,
        first_date=days["date"].min(),
    )
    return record.assign(note=tell_health_record(record, book=BOOK)["note"]).iloc[0]


def claimed(seeds: range) -> tuple[int, float, float]:
    """How many companies claim a gain, and the interval of the mean gain, by resampling them."""
    table = pd.DataFrame([foretold(seed) for seed in seeds])
    says = table["note"].str.contains("Health tells more")
    assert says.equals(table["is_better"].astype(bool))
    assert (~says).equals(table["note"].str.contains("not as a forecast"))
    print(table[["case_count", "fall_count"]].sum().to_dict(), "claims", says.sum())
    print(table[["health_auc", "silence_auc", "auc_gain"]].astype(float).mean().to_dict())
    gain = table["auc_gain"].to_numpy(float)
    drawn = np.random.default_rng(1).choice(gain, (2000, len(gain))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    print("mean gain between", low, high)
    return int(says.sum()), low, high


def test_what_pages_claim_of_health_is_what_two_companies_measure():
    claims, low, high = claimed(range(500, 502))
    assert claims == 0 and low <= high < 0.1


@pytest.mark.soak
def test_what_pages_claim_of_health_is_what_a_hundred_companies_measure():
    """Nothing was chosen on these companies."""
    claims, low, _ = claimed(range(3000, 3100))
    assert low > 0 or claims <= MOST_BY_CHANCE


def test_no_health_is_said_to_be_poor_where_none_is_known():
    """Table and chart of one page say the same of a book of orders alone."""
    rows = shaped("account_health", {"account_id": ["A", "B"], "name": ["A", "B"]})
    largest = pd.DataFrame({"is_provisional": [True]})
    told = table_account_health(rows, largest, book=BOOK)
    assert told.title == "What is on record of the health of 2 large accounts"
    known = rows.assign(health=[40.0, 80.0])
    told = table_account_health(known, largest, book=BOOK)
    assert told.title == "Health of 2 large accounts, the poorest first"


def test_alerts_of_the_past_are_held_against_the_year_after():
    months = pd.date_range("2020-01-31", AS_OF, freq="ME").as_unit("us")
    sold = {"account_id": "A", "month": months}
    stops, back = [np.where(months > f"{day}", 0.0, 100.0) for day in ("2024-03-31", "2023-12-31")]
    back = np.where(months > "2024-06-30", 100.0, back)
    cells = pd.concat([
        pd.DataFrame({**sold, "category": name, "revenue": revenue, "order_day_count": 1})
        for name, revenue in (("stops", stops), ("back", back), ("steady", 100.0 + 0 * stops))
    ])  # fmt: skip
    raised = {"account_id": "A", "dimension": "category", "usual_yearly_revenue": 1200.0}

    def at(day: pd.Timestamp) -> SimpleNamespace:
        names = {"2024-06-30": ["back", "stops"], "2024-09-30": ["stops"]}.get(str(day.date()), [])
        rows = shaped(
            "category_alerts",
            {**raised, "group": names, "yearly_fall": [1200.0] * len(names)} if names else [],
        )
        return SimpleNamespace(category_alerts=rows, account_alerts=shaped("account_alerts", []))

    whole = cells.groupby(["account_id", "month"], as_index=False)["revenue"].sum()
    record = alert_record(
        cells, shaped("product_months", []), whole, at=at, as_of=AS_OF, first_date=months[0]
    ).set_index("rule")
    own = record.loc["category"]
    assert own[["alert_count", "still_down_count"]].tolist() == [2, 1]
    assert own[["fall_count", "seen_count"]].tolist() == [2, 2]
    told = tell_alert_record(record.reset_index(), book=BOOK)["note"]
    assert "2 alerts, of which 1 stayed down" in told.iloc[0]
    young = alert_record(cells, cells.iloc[:0], whole, at=at, as_of=AS_OF, first_date=AS_OF)
    assert "two and a half years" in tell_alert_record(young, book=BOOK)["note"].iloc[0]


def test_every_part_of_health_that_nobody_recorded_is_said_with_what_would_bring_it():
    """But the rhythm: every book has orders."""
    bare = shaped("account_health", {"account_id": ["A"]})
    said = gap_account_health(bare)
    assert all(part.replace("_", " ") in said for part in PARTS if part != "rhythm")
    known = bare.assign(plan_health=[50.0], people_health=[0.0])
    less = gap_account_health(known)
    assert "plan" not in less and "people" not in less and "margin" in less
    assert gap_account_health(bare.iloc[:0]) == ""
