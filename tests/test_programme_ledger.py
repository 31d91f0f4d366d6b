"""Targets, debts, decisions and readiness over the programme (M31, M39–M41)."""

import numpy as np
import pandas as pd

from kamlib import programme
from kamlib.book import FiscalYear, ProgrammeSettings
from kamlib.story.programme_tables import tell_decision_log
from kamlib.story.readiness import tell_readiness
from kamlib.tables import empty_table, shaped, typed

from .programme import ACCOUNTS, AS_OF, KEYS, day, table


def months_of(revenue_days, start="2022-01-31", count=48):
    ends = pd.date_range(start, periods=count, freq="ME").as_unit("us")
    return pd.DataFrame(
        {
            "account_id": "A",
            "month": ends,
            "revenue": 100.0,
            "cost": 60.0,
            "order_count": 1,
            "order_day_count": revenue_days,
        }
    )


def test_targets_to_date_and_pipeline():
    ends = pd.to_datetime(["2025-01-31", "2025-06-30", "2025-09-30"])
    targets = typed(
        pd.DataFrame({"account_id": "A", "month": ends, "revenue": [500.0, 300.0, 900.0]}),
        "targets",
    )
    deals = table(
        "opportunities",
        {
            "opportunity_id": "1",
            "account_id": "A",
            "opened_date": day("2025-01-01"),
            "outcome": "open",
            "value": 100.0,
            "probability": 0.4,
        },
        {
            "opportunity_id": "2",
            "account_id": "A",
            "opened_date": day("2025-01-01"),
            "outcome": "won",
            "value": 100.0,
            "probability": 1.0,
        },
    )
    found = programme.account_targets(
        months_of(1), targets, deals, KEYS, ACCOUNTS, as_of=day("2025-06-30")
    ).set_index("account_id")
    assert found.loc["A", ["revenue", "target_revenue", "revenue_gap", "margin"]].to_list() == [
        600.0,
        800.0,
        -200.0,
        240.0,
    ]
    assert found.loc["A", "year_target_revenue"] == 1700.0
    assert found.loc["A", ["open_deal_count", "weighted_pipeline"]].to_list() == [1, 40.0]
    assert found.loc["A", "is_behind"]
    assert np.isnan(found.loc["B", "revenue_gap"])
    fiscal = programme.account_targets(
        months_of(1),
        targets,
        deals,
        KEYS,
        ACCOUNTS,
        as_of=day("2025-06-30"),
        fiscal_year=FiscalYear(first_month=4),
    )
    assert fiscal.set_index("account_id").loc["A", "revenue"] == 300.0


def test_decisions_beside_the_evidence():
    log = table(
        "decisions",
        {"account_id": "A", "date": day("2025-01-01"), "decision": "watch", "by": "board"},
        {
            "account_id": "A",
            "date": day("2025-06-01"),
            "decision": "Keep",
            "by": "board",
            "reason": "new plant",
        },
        {"account_id": "B", "date": day("2025-03-01"), "decision": "keep", "by": "board"},
        {"account_id": "B", "date": day("2026-03-01"), "decision": "review"},
    )
    evidence = pd.DataFrame(
        {
            "account_id": ["A", "B"],
            "proposal": ["keep", "review"],
            "is_overridden": [False, True],
        }
    )
    older = programme.decision_log(log, ACCOUNTS, evidence.assign(is_overridden=False), as_of=AS_OF)
    assert not older["is_overridden"].any()  # the words differ, the evidence is no newer
    found = programme.decision_log(log, ACCOUNTS, evidence, as_of=AS_OF)
    assert found["account_id"].to_list() == ["A", "B", "A"]
    assert found["is_overridden"].to_list() == [False, True, False]
    assert tell_decision_log(found)["note"].to_list() == [
        "",
        "the evidence says review; no reason recorded",
        "no reason recorded",
    ]
    assert found["proposal"].to_list() == ["keep", "review", ""]


def test_readiness_answers_asks_and_believes_the_book():
    deals = table(
        "opportunities",
        *(
            {
                "opportunity_id": str(i),
                "account_id": "A",
                "opened_date": day("2025-01-01"),
                "closed_date": day("2025-04-01"),
                "outcome": "won",
            }
            for i in range(5)
        ),
    )
    needs = table(
        "needs",
        {"account_id": "A", "category": "tools", "annual_spend": 1000.0, "attainable_share": 0.5},
    )
    bought = months_of(1).assign(category="tools", quantity=1.0)
    rivals = table("competitors", {"account_id": "A", "competitor": "Rival"})
    figures = programme.readiness_figures(
        KEYS,
        months_of(1),
        bought,
        deals,
        rivals,
        needs,
        shaped("manager_dependence", []),
        shaped("workload", []),
        shaped("competence", []),
        as_of=AS_OF,
    )
    own = ProgrammeSettings(readiness={"capability": "24 months"})
    found = programme.readiness(figures, programme=own)
    assert found["answer"].to_list() == ["yes", "no", "to be answered", "yes", "24 months"]
    assert found["source"].to_list() == ["data", "data", "asked", "data", "book"]
    said = tell_readiness(found, figures).replace("\u00a0", " ", regex=True)
    assert said["evidence"].to_list() == [
        "5 won deals took 90 days in the median",
        "attainable and not yet ours: 0 % of the key accounts' revenue",
        "no key account began inside the data and two years ago",
        "rivals are named at 1 of 2 key accounts; 0 deals lost there",
        "",
    ]
    assert said["asks"].to_list() == ["", "", "a longer history", "", ""]


def test_what_data_cannot_say_is_asked():
    none = [empty_table(name) for name in ("opportunities", "competitors", "needs")]
    tables = [shaped(name, []) for name in ("manager_dependence", "workload", "competence")]
    months = months_of(1).head(0)
    bought = months.assign(category=pd.Series(dtype="str"))
    figures = programme.readiness_figures(KEYS.head(0), months, bought, *none, *tables, as_of=AS_OF)
    found = programme.readiness(figures)
    assert set(found["answer"]) == {"to be answered"}
    assert tell_readiness(found, figures)["asks"].ne("").all()


def test_key_accounts_that_began_small_have_grown():
    """A and B began in May 2022 and buy twice as much now; C buys half; D began with the data."""
    months = months_of(1)
    late = months[months["month"].ge("2022-05-31")].reset_index(drop=True)
    now = late["month"].gt("2024-12-31")
    parts = [
        late.assign(account_id=name, revenue=late["revenue"].where(~now, 100.0 * times))
        for name, times in (("A", 2), ("B", 2), ("C", 0.5))
    ]
    months = pd.concat([*parts, months.assign(account_id="D")], ignore_index=True)
    keys = pd.DataFrame({"account_id": list("ABCD"), "is_key": True})
    none = [empty_table(name) for name in ("opportunities", "competitors", "needs")]
    tables = [shaped(name, []) for name in ("manager_dependence", "workload", "competence")]
    figures = programme.readiness_figures(
        keys, months, months.assign(category="tools"), *none, *tables, as_of=AS_OF
    )
    value = figures.set_index("figure")["value"]
    # D had its first order with the data's first month
    assert value[["landed", "grown"]].to_list() == [3, 2]
    assert programme.readiness(figures).set_index("question_code").loc["expand", "answer"] == "yes"


def test_money_owed_by_key_accounts_alone():
    owed = pd.DataFrame(
        {
            "account_id": ["A", "Z", "B"],
            "open_amount": [100.0, 900.0, 0.0],
            "overdue_amount": [40.0, 900.0, 0.0],
            "overdue_count": 1,
            "oldest_due_date": pd.NaT,
            "oldest_late_days": 9.0,
            "mean_late_days": 3.0,
            "trend": "later",
        }
    )
    found = programme.programme_owed(owed, KEYS, ACCOUNTS)
    assert found["account_id"].to_list() == ["A"]
    assert found["overdue_share"].to_list() == [0.4]


def test_all_key_accounts_are_one_in_the_outlook():
    months = pd.concat(
        [months_of(1), months_of(1).assign(account_id="B"), months_of(1).assign(account_id="Z")]
    )
    targets = typed(
        pd.DataFrame({"account_id": ["A", "Z"], "month": AS_OF, "revenue": [3000.0, 9.0]}),
        "targets",
    )
    found = programme.programme_outlook(months, targets, shaped("pipeline", []), KEYS, as_of=AS_OF)
    assert found["measure"].to_list() == ["revenue", "margin"]
    assert found.loc[0, ["to_date", "year_target", "outlook_gap"]].to_list() == [2400, 3000, -600]
    assert set(found["account_id"]) == {"key accounts"}
