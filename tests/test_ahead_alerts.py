"""What falls while it still buys: the test on tiny cells, what is no alert, and the record."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kamlib.ahead import steady
from kamlib.ahead.alerts import account_alerts, category_alerts, category_falls
from kamlib.ahead.steady import Cells, cells_of, false_discoveries
from kamlib.book import BookSettings
from kamlib.holes import Hole, Holes
from kamlib.story.ahead import (
    falling_text,
    lines_ahead,
    table_account_alerts,
    table_category_alerts,
    table_category_falls,
)
from kamlib.story.ahead_prices import table_price_erosion
from kamlib.story.ahead_record import tell_alert_record
from kamlib.tables import shaped

MONTHS = pd.date_range("2023-04-30", "2025-09-30", freq="ME").as_unit("us")
AS_OF = MONTHS[-1]
NO_KEYS = shaped("key_accounts", [])


def sold(account: str, group: str, revenue: list[float], times: list[int] | None = None):
    rows = {"account_id": account, "category": group, "month": MONTHS, "revenue": revenue}
    days = times or [2 if one > 0 else 0 for one in revenue]
    return pd.DataFrame({**rows, "order_day_count": days})


def status(*accounts: str, word: str = "active") -> pd.DataFrame:
    rows = {"account_id": list(accounts), "status": word, "manager_name": "Ines"}
    return shaped("account_status", {**rows, "name": list(accounts), "revenue": 0.0})


def alerts(*cells: pd.DataFrame, of: pd.DataFrame | None = None, products=None) -> pd.DataFrame:
    months = pd.concat(cells)
    whole = months.groupby(["account_id", "month"], as_index=False)[
        ["revenue", "order_day_count"]
    ].max()
    products = months.iloc[:0] if products is None else products
    of = status(*months["account_id"].unique()) if of is None else of
    return category_alerts(months, products, whole, of, NO_KEYS, as_of=AS_OF)


STEADY = [100.0] * 30
STOPPED = [100.0] * 24 + [0.0] * 6
OTHERS = [sold("A", name, STEADY) for name in ("ink", "pens")]


def test_a_category_that_stopped_at_an_active_account_is_found_with_its_yearly_fall():
    (found,) = alerts(*OTHERS, sold("A", "paper", STOPPED)).itertuples()
    assert (found.group, found.verdict, found.owner) == ("paper", "stopped", "Ines")
    assert found.yearly_fall == pytest.approx(1200)
    assert found.last_bought_month == pd.Timestamp("2025-03-31")
    assert found.tested_count == 3


def test_one_that_is_cut_is_falling():
    (found,) = alerts(*OTHERS, sold("A", "paper", [100.0] * 24 + [20.0] * 6)).itertuples()
    assert found.verdict == "falling"
    assert found.yearly_fall == pytest.approx(960)


def test_three_months_without_any_have_stopped_whatever_came_before():
    ended = [100.0] * 24 + [10.0] * 3 + [0.0] * 3
    assert alerts(*OTHERS, sold("A", "paper", ended))["verdict"].tolist() == ["stopped"]


@pytest.mark.parametrize("is_key", [True, False])
def test_an_alert_says_whether_the_account_is_key(is_key):
    cells = pd.concat([*OTHERS, sold("A", "paper", STOPPED)])
    whole = sold("A", "", STEADY)
    keys = shaped("key_accounts", {"account_id": ["A"], "is_key": is_key})
    found = category_alerts(cells, cells.iloc[:0], whole, status("A"), keys, as_of=AS_OF)
    assert found["is_key"].tolist() == [is_key]


def test_who_bought_had_a_chance_to_though_the_days_sum_is_no_order_day():
    rows = sold("A", "paper", STEADY).rename(columns={"category": "group"})
    none = rows.assign(order_day_count=0)
    cells = cells_of(rows, ["account_id", "group"], AS_OF, none)
    assert cells.chances.eq(cells.bought).all(axis=None) and cells.bought.eq(2).all(axis=None)


def test_the_level_of_a_steady_account_drifts_between_years():
    """By a fifth a year (coefficient of variation): so falls by two fifths still come by chance."""
    rng = np.random.default_rng(5)
    many = 3000
    level = np.repeat(rng.gamma(25, 1 / 25, (many, 3)), [12, 12, 6], axis=1)
    revenue = level * rng.gamma(25, 4.0, (many, 30))
    index = pd.Index(range(many), name="account_id")
    frames = [pd.DataFrame(one, index, MONTHS) for one in (revenue, revenue * 0 + 2)]
    test = steady.tested(Cells(frames[0], frames[1], frames[1]), 6)
    assert test.is_tested.all()
    assert (test.chance < 0.01).mean() <= 0.01


def test_a_steady_account_and_one_that_grows_are_no_alert():
    assert alerts(*OTHERS, sold("A", "paper", [100.0] * 24 + [150.0] * 6)).empty


def test_a_season_is_no_fall():
    of_year = [0.0 if month.month in (4, 5, 6, 7, 8, 9) else 100.0 for month in MONTHS]
    assert alerts(*OTHERS, sold("A", "salt", of_year)).empty


def test_an_account_that_is_silent_is_no_alert():
    gone = status("A", word="overdue")
    assert alerts(*OTHERS, sold("A", "paper", STOPPED), of=gone).empty


def test_what_was_bought_in_fewer_than_six_months_is_not_looked_at():
    rare = [100.0 if n in (1, 5, 9, 14, 20) else 0.0 for n in range(30)]
    assert alerts(*OTHERS, sold("A", "rare", rare)).empty


def test_products_are_looked_at_where_categories_are_few_and_a_replaced_one_is_no_alert():
    old = sold("A", "goods", STOPPED).assign(product="old")
    whole = sold("A", "goods", STEADY)
    assert alerts(whole, products=old).empty
    fell = alerts(sold("A", "goods", [200.0] * 24 + [100.0] * 6), products=old)
    assert fell[["dimension", "group", "verdict"]].values.tolist() == [
        ["product", "old", "stopped"]
    ]


def falls(*cells: pd.DataFrame) -> pd.DataFrame:
    """What ``category_falls`` finds beside the alerts on the same cells."""
    months = pd.concat(cells)
    whole = months.groupby(["account_id", "month"], as_index=False)[
        ["revenue", "order_day_count"]
    ].max()
    given = (months, months.iloc[:0], whole, status(*months["account_id"].unique()), NO_KEYS)
    return category_falls(*given, alerts(*cells), as_of=AS_OF)


def test_rare_purchases_that_pause_are_shown_with_their_chance_and_no_alert():
    """Six of 24 months, two chances a month: 12 of 48; Jeffreys' beta(12.5, 36.5) leaves out
    all of 12 chances in Γ(49)Γ(48.5)/(Γ(61)Γ(36.5)) of cases.
    """
    rare = sold("A", "paper", [100.0, 0.0, 0.0, 0.0] * 6 + [0.0] * 6)
    (found,) = falls(*OTHERS, rare).itertuples()
    assert (found.group, found.yearly_fall, found.bought_month_count) == ("paper", 300.0, 6)
    left_out = np.prod([(36.5 + step) / (49 + step) for step in range(12)])
    assert found.chance == pytest.approx(left_out)
    assert alerts(*OTHERS, rare).empty


def test_an_alert_and_a_fall_of_60_percent_are_not_shown_twice():
    assert falls(*OTHERS, sold("A", "paper", STOPPED)).empty
    kept = [100.0, 0.0, 0.0, 0.0] * 6 + [80.0, 0.0, 0.0, 0.0, 0.0, 0.0]  # 80 of 200: 60 % less
    assert falls(*OTHERS, sold("A", "paper", kept)).empty


def test_an_account_falls_as_a_whole():
    whole = sold("A", "", [100.0] * 24 + [10.0] * 6)
    found = account_alerts(whole, status("A"), NO_KEYS, as_of=AS_OF)
    assert found["verdict"].tolist() == ["falling"]
    steady = account_alerts(sold("A", "", STEADY), status("A"), NO_KEYS, as_of=AS_OF)
    assert steady.empty


def test_an_active_account_that_bought_nothing_of_late_falls_and_has_not_stopped():
    whole = sold("A", "", [100.0] * 27 + [0.0] * 3)
    found = account_alerts(whole, status("A"), NO_KEYS, as_of=AS_OF)
    assert found["verdict"].tolist() == ["falling"]


def test_what_falls_is_told_with_how_alerts_of_the_past_did():
    none, book = shaped("account_alerts", []), BookSettings(title="Demo")
    fell = {"account_id": ["A"], "name": "Ada", "group": "ink", "verdict": "stopped"}
    fell = shaped("category_alerts", {**fell, "dimension": "category", "yearly_fall": 10.0})
    tried = {"rule": ["category", "account"], "date_count": 8}
    record = shaped("alert_record", {**tried, "alert_count": [12, 0], "still_down_count": [9, 0]})
    right = "Of 12 alerts of the past 9 stayed down a year on."
    told = falling_text(fell, none, record, book).replace("\u00a0", " ")
    assert told == f"Falling while still buying: 1 category at 1 account, € 10 a year. {right}"
    lines = lines_ahead(fell, none, shaped("account_health", []), record, book=book)
    assert lines[1].replace("\u00a0", " ") == right and lines[0].startswith("Ada: ink stopped")
    quiet = record.assign(alert_count=0)
    assert "8 past quarters raised none" in falling_text(fell, none, quiet, book).replace(
        "\u00a0", " "
    )
    young = record.assign(date_count=0)
    assert "past" not in falling_text(fell, none, young, book)
    assert lines_ahead(fell.iloc[:0], none, shaped("account_health", []), record, book=book) == []


def test_the_chance_is_the_share_of_steady_buyers_that_buy_so_little():
    """A simulation: order days that hold the category by a coin whose odds are not known."""
    rng = np.random.default_rng(3)
    many, days = 4000, 2
    share = rng.beta(12, 12, many)[:, None]
    times = rng.binomial(days, share, (many, 30)).astype(float)
    revenue = rng.gamma(4 * np.fmax(times, 1e-9), 25.0)
    index = pd.Index(range(many), name="account_id")
    frames = [pd.DataFrame(one, index, MONTHS) for one in (revenue, times, times * 0 + days)]
    test = steady.tested(Cells(*frames), 6)
    said = test.chance[test.is_tested]
    for level in (0.01, 0.05):
        assert (said < level).mean() <= level * 1.3


def test_false_discoveries_are_those_of_benjamini_and_hochberg():
    # Benjamini and Hochberg (1995), example: the four smallest of 15 are found at 5 %.
    chances = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
        0.5719, 0.6528, 0.7590, 1.0,
    ]  # fmt: skip
    assert (false_discoveries(np.array(chances)) <= 0.05).sum() == 4


def test_months_before_the_first_purchase_are_not_held_against_a_cell():
    young = sold("A", "new", [0.0] * 12 + [100.0] * 18)
    cells = cells_of(
        young.rename(columns={"category": "group"}), ["account_id", "group"], AS_OF, young
    )
    assert cells.revenue.isna().sum().sum() == 12


def test_a_book_that_is_too_young_says_so_and_claims_nothing():
    """Fifteen months are needed; the same tables of an older book say that nothing fell."""
    none, book = shaped("category_alerts", []), BookSettings(title="Demo")
    whole = {"as_of": AS_OF, "book": book}
    young, old = (AS_OF - pd.DateOffset(months=many) for many in (10, 30))
    told = {
        first: [
            tell(none, **whole, first_date=first).title
            for tell in (table_category_alerts, table_account_alerts, table_category_falls)
        ]
        for first in (young, old)
    }
    assert "it takes 15 months of orders" in told[young][0]
    assert not any(text.startswith("No ") for text in told[young])
    assert told[old][0] == "No active account stopped or cut a category beyond chance"


TAIL = Holes([Hole(pd.Timestamp("2025-09-01"), AS_OF)])


def test_no_goods_are_said_to_fall_where_the_data_end_early_or_begin_late():
    cells = pd.concat([*OTHERS, sold("A", "paper", STOPPED)])
    asked = (cells, cells.iloc[:0], sold("A", "", STEADY), status("A"), NO_KEYS)
    none = shaped("category_alerts", [])
    whole, young = {"first_date": MONTHS[0]}, {"first_date": pd.Timestamp("2025-01-01")}
    assert len(category_alerts(*asked, as_of=AS_OF, **whole)) == 1
    assert len(category_falls(*asked, none, as_of=AS_OF, **whole)) == 1
    for how in (young, {**whole, "holes": TAIL}):
        assert category_alerts(*asked, as_of=AS_OF, **how).empty
        assert category_falls(*asked, none, as_of=AS_OF, **how).empty


def test_a_book_whose_data_end_early_says_that_it_cannot_tell():
    none, book = shaped("category_alerts", []), BookSettings(title="Demo")
    for tell in (table_category_alerts, table_account_alerts, table_category_falls):
        how = {"as_of": AS_OF, "first_date": MONTHS[0], "book": book}
        assert "cannot be told" in tell(none, **how, holes=TAIL).title
        assert "cannot be told" not in tell(none, **how).title


def test_a_book_that_tells_no_goods_apart_says_so_and_claims_nothing_of_them():
    none, book = shaped("category_alerts", []), BookSettings(title="Demo")
    goods = {"category_months": none, "product_months": none}
    whole = {"as_of": AS_OF, "book": book, "first_date": MONTHS[0]}
    alerts, paused = (
        tell(none, **goods, **whole).title for tell in (table_category_alerts, table_category_falls)
    )
    assert alerts == "No category or product is recorded to look at"
    assert paused == "What may have paused by chance cannot be told"
    tried = {"rule": ["category", "account"], "date_count": 8, "alert_count": [0, 3],
        "still_down_count": [0, 1], "fall_count": [0, 8], "seen_count": 0}  # fmt: skip
    told = tell_alert_record(shaped("alert_record", tried), **goods, book=book)["note"]
    category, account = told.str.replace("\N{NO-BREAK SPACE}", " ")
    assert category == "No category or product is recorded to look at."
    assert "3 alerts, of which 1 stayed down a year on. Of 8 falls by half" in account
    assert "none were alerted within two quarters" in account


def test_prices_of_fewer_than_three_years_are_not_said_to_hold():
    none, book = shaped("price_erosion", []), BookSettings(title="Demo")
    rows = {"account_id": "A", "product_id": "p", "year_number": [0, 1, 2], "revenue": 9.0}
    years = shaped("price_years", rows)
    assert "can be compared" in table_price_erosion(none, years.head(2), book=book).title
    assert "two years running" in table_price_erosion(none, years, book=book).title
