"""Forecasts earn their place on practice companies that nothing was tuned on (seeds from 7000)."""

from __future__ import annotations

import pandas as pd
import pytest

from kamlib import btyd, evidence
from kamlib.evidence.outlooks import outlook_terms
from kamlib.practice import activity, company
from kamlib.retention import return_record

from .retention import NO_ACCOUNTS, losses

AS_OF = pd.Timestamp("2025-12-31")
KEYS = pd.DataFrame({"account_id": [str(i) for i in range(12)], "is_key": True})


def records(seed: int) -> dict[str, pd.DataFrame]:
    """The records of one company's estimates, as its own report would keep them."""
    made = company(seed)
    days = activity(made, as_of=AS_OF).account_days
    model = btyd.fit_mbgcnbd(btyd.buyer_summary(days, as_of=AS_OF))
    years = btyd.past_years(days, model, as_of=AS_OF)
    lost = losses(days, NO_ACCOUNTS, made.tables["losses"], as_of=AS_OF)
    month = (days["date"] + pd.offsets.MonthEnd(0)).astype("datetime64[us]")
    months = days.assign(month=month).groupby(["account_id", "month"], as_index=False)
    return {
        "return_record": return_record(lost, days, as_of=AS_OF),
        "alive_record": btyd.alive_record(years),
        "value_record": btyd.value_record(days, years),
        "outlook_record": evidence.outlook_record(months[["revenue"]].sum(), KEYS, as_of=AS_OF),
    }


def together(seeds: range) -> dict[str, pd.DataFrame]:
    of_each = [records(seed) for seed in seeds]
    return {name: pd.concat([one[name] for one in of_each]) for name in of_each[0]}


def held(seeds: range, followed: str) -> tuple[int, int]:
    """How often the 80 % interval held, each year judged by the other years of its company."""
    terms = [outlook_terms(records(seed)["outlook_record"], followed) for seed in seeds]
    return sum(t["held_count"] for t in terms), sum(t["case_count"] for t in terms)


def check(found: dict[str, pd.DataFrame], room: float, money: tuple[float, float]) -> None:
    """Chances within ``room`` of what came in each fifth, money that came within ``money``."""
    told = evidence.chance_record(found["return_record"], found["alive_record"])
    off = (told["stated"] - told["came_share"]).abs()
    print(told[["estimate", "fifth", "case_count", "stated", "came_share"]].round(3).to_string())
    assert off[told["case_count"].ge(30)].le(room).all()
    value = found["value_record"]
    for stated in ("model_margin", "same_margin"):
        share = value["came_margin"].sum() / value[stated].sum()
        print(stated, round(share, 3))
        assert money[0] <= share <= money[1]


def test_chances_and_money_on_two_companies():
    found = together(range(7000, 7002))
    check(found, room=0.25, money=(0.6, 1.6))
    assert found["outlook_record"]["followed"].eq("together").sum() > 10


@pytest.mark.soak
def test_chances_and_money_on_many_companies():
    found = together(range(7000, 7060))
    back = found["return_record"].dropna(subset=["stated_margin", "came_margin"])
    print("money returned", back["came_margin"].sum() / back["stated_margin"].sum(), len(back))
    check(found, room=0.05, money=(0.75, 1.33))


@pytest.mark.soak
@pytest.mark.parametrize("followed", ["one account", "together"])
def test_intervals_of_outlooks_on_many_companies(followed):
    many, cases = held(range(7000, 7060), followed)
    print(followed, many, cases)
    assert cases >= 200 and 0.73 <= many / cases <= 0.87
