"""The front page: figures that compare, the most pressing changes first, sentences that say no more
than is known.
"""

from __future__ import annotations

from inspect import signature
from typing import Any

import pandas as pd
import pytest

import kamlib as kam
from kamlib.book import BookSettings
from kamlib.overview.changes import main_changes, period_changes
from kamlib.overview.figures import revenue_months
from kamlib.period.calendar import parse_period
from kamlib.plots import overview as overview_plots
from kamlib.scoring import latest_decisions
from kamlib.segmentation.dependence import concentration
from kamlib.story import overview as say
from kamlib.story import overview_cards
from kamlib.story.overview_changes import tell_period_changes
from kamlib.story.risk import risk_split
from kamlib.story.verdict import tell_account_actions
from kamlib.tables import empty_table, shaped
from kamlib.verdict import account_actions, account_standing

END = pd.Timestamp("2025-09-30")
BOOK = BookSettings(title="Test")
NOTHING = {
    name: shaped(name, [])
    for name in (
        "class_moves", "rollup_changes", "tier_decisions", "agreement_renewals", "due_renewals",
        "account_declines", "recent_lateness", "alarm_quality", "overdue_checkins", "win_back",
        "account_classes",
    )
} | {name: empty_table(name) for name in ("contacts", "decisions")}  # fmt: skip


def book_of(make_book, lines: list[tuple[str, str, float]]):
    rows = [f"{n},{account},{day},{revenue}" for n, (account, day, revenue) in enumerate(lines)]
    text = "\n".join(["order_id,account_id,order_date,revenue", *rows]) + "\n"
    return make_book({"orders.csv": text})


def figures_of(q: Any) -> pd.DataFrame:
    return q.key_figures.set_index(["figure", "scope"])


def test_the_year_is_told_with_an_interval_only_where_the_past_tried_one():
    row = {"measure": "revenue", "to_date": 50.0, "outlook": 90.0, "outlook_rule": "season"}
    told = {}
    for low, high in ((80.0, 99.0), (float("nan"), float("nan"))):
        outlook = shaped("programme_outlook", [row | {"outlook_low": low, "outlook_high": high}])
        told[low] = say._outlook(outlook, "key account", BOOK).text
    with_it, without = told.values()
    assert "(80 % interval € 80 to € 99)" in with_it.replace("\u00a0", " ")
    assert "interval: too few past cases" in without
    assert "n/a" not in without


def test_key_figures_by_hand(make_book):
    lines = [
        ("A", f"{y}-{m:02d}-10", 100.0)
        for y in (2023, 2024, 2025)
        for m in range(1, 13)
        if f"{y}{m:02d}" <= "202509"
    ]
    lines += [("B", f"2024-{m:02d}-20", 10.0) for m in range(1, 13)]
    found = figures_of(kam.open_period(book_of(make_book, lines), "2025-Q3"))
    assert found.loc[("revenue", "all")].tolist() == [1230.0, 1260.0, 1290.0]
    assert found.loc[("NRR", "all"), "value"] == round((1200 + 30) / (1200 + 90), 9)
    assert found.loc[("GRR", "all"), "value"] == round((1200 + 30) / (1200 + 90), 9)
    assert found.loc[("top_1_share", "all"), "value"] == round(1200 / 1230, 9)


def test_the_figures_of_past_weeks_are_those_of_twelve_whole_months(make_book):
    lines = [
        ("A", f"{y}-{m:02d}-{d:02d}", 100.0)
        for y in (2023, 2024, 2025)
        for m in range(1, 13)
        for d in (1, 28)
    ]
    lines = [line for line in lines if line[1] <= "2025-08-03"]
    found = figures_of(kam.open_period(book_of(make_book, lines), "2025-W31"))
    assert found.loc[("revenue", "all"), ["value", "previous_value"]].tolist() == [2400, 2400]
    assert found.loc[("NRR", "all"), ["value", "previous_value"]].tolist() == [1, 1]


def test_half_a_window_is_no_base_for_a_comparison(make_book):
    lines = [("A", f"2025-{m:02d}-10", 100.0) for m in range(1, 10)]
    row = figures_of(kam.open_period(book_of(make_book, lines), "2025-Q3")).loc[("revenue", "all")]
    assert row["value"] == 900
    assert row[["previous_value", "year_ago_value"]].isna().all()


def status(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["account_id", "status", "last_year_revenue"])
    return frame.assign(
        name="Company " + frame["account_id"],
        manager_name="Ines",
        silence_days=61.0,
        usual_gap_days=19.0,
        gap_basis="own",
        last_order_date=pd.Timestamp("2025-07-31"),
        revenue=frame["last_year_revenue"],
        at_stake=frame["last_year_revenue"],
        stake_window="as_of",
    )


def keys_of(**is_key: bool) -> pd.DataFrame:
    return pd.DataFrame(
        {"account_id": list(is_key), "is_key": list(is_key.values()), "is_provisional": False}
    )


def actions_of(
    now: pd.DataFrame, then: pd.DataFrame, keys: pd.DataFrame, **tables: pd.DataFrame
) -> pd.DataFrame:
    """What is to be done, with the words."""
    given = {**NOTHING, "account_status": now, "key_accounts": keys, **tables}
    given["previous_account_status"] = then
    given["latest_decisions"] = latest_decisions(given["decisions"], as_of=END)
    given["account_standing"] = called(account_standing, given)
    found = called(account_actions, given)
    empty = {
        "told_tier_decisions": given["tier_decisions"],
        "told_class_moves": given["class_moves"],
    }
    told = called(tell_account_actions, {**empty, **given, "account_actions": found, "book": BOOK})
    return found.join(told)


def called(function: Any, given: dict[str, Any]) -> pd.DataFrame:
    wanted = [name for name in signature(function).parameters if name in {*given, "as_of"}]
    return function(**{name: {**given, "as_of": END}[name] for name in wanted})


def changes_of(now: pd.DataFrame, then: pd.DataFrame, keys: pd.DataFrame) -> pd.DataFrame:
    return period_changes(actions_of(now, then, keys))


def test_the_most_pressing_changes_come_first_each_account_once():
    now = status(
        [
            ("A", "overdue", 100.0),
            ("B", "overdue", 900.0),
            ("C", "lost", 500.0),
            ("D", "lost", 800.0),
        ]
    )
    then = status(
        [("A", "active", 0.0), ("B", "overdue", 0.0), ("C", "active", 0.0), ("D", "lost", 0.0)]
    )
    late = pd.DataFrame({"account_id": ["A"], "due_count": [4], "late_count": [1]})
    keys = keys_of(A=True, B=False, C=False, D=False)
    told = actions_of(now, then, keys, recent_lateness=late)
    assert told["account_id"].tolist() == ["B", "C", "A", "D"]  # D was lost before: no change
    changes = period_changes(told)
    assert changes["account_id"].tolist() == ["B", "C", "A"]
    assert changes["owner"].eq("Ines").all()
    assert changes.loc[0, "due_date"] == pd.Timestamp("2025-10-07")
    quality = pd.DataFrame(
        {"rule": ["overdue"], "is_book": [True], "alarm_count": [10], "false_alarm_count": [3]}
    )
    said = tell_period_changes(changes, told, quality)
    assert said["changed"].tolist()[0] == (
        "Company B is still overdue: 61 days without an order, usually 19. "
        "Such an alarm was right in 7 of 10 past cases."
    )
    assert said.loc[2, "changed"].endswith("usually 19. (Right in 7 of 10.)")
    assert said["to_do"].tolist() == [
        "Call Company B.",
        "Ask Company C why it left and record the reason.",
        "Call Company A: 1 of its 4 orders due in the last six months was late.",
    ]


def test_the_first_screen_is_not_all_of_one_kind():
    now = status(
        [(i, "overdue", 1000.0 - n) for n, i in enumerate("ABCD")] + [("E", "lost", 100.0)]
    )
    then = status([("E", "active", 1.0)])
    first = main_changes(changes_of(now, then, keys_of()))
    assert first["account_id"].tolist() == ["A", "B", "E", "C", "D"]


IN_PERIOD = pd.DataFrame(
    {"figure": ["revenue"], "value": [80.0], "previous_value": [100.0], "year_ago_value": [64.0]}
)


def headline(
    found: pd.DataFrame,
    keys: pd.DataFrame,
    bridge: Any = None,
    spread: Any = None,
    risk: Any = None,
    **more: str,
) -> list[str]:
    said = say.headline_overview(
        found,
        status([("A", "active", 5.0)]),
        keys,
        shaped("revenue_bridge", []) if bridge is None else bridge,
        shaped("risk_changes", []) if risk is None else risk,
        shaped_interactions(),
        shaped("programme_outlook", []),
        shaped("category_alerts", []),
        shaped("category_falls", []),
        shaped("account_alerts", []),
        shaped("alert_record", []),
        shaped("calendar", []),
        shaped("due_renewals", []),
        shaped("account_bridge", []),
        shaped("account_declines", []),
        shaped("account_classes", []),
        IN_PERIOD,
        shaped("concentration", []) if spread is None else spread,
        {"year": "no_dated_tiers"},
        as_of=END,
        span=parse_period("2025-Q3"),
        previous_span=parse_period("2025-Q2"),
        year_ago_span=parse_period("2024-Q3"),
        first_date=pd.Timestamp("2020-01-01"),
        book=BOOK,
        **more,
    )
    return [one.text.replace("\u00a0", " ") for one in said]


def shaped_interactions() -> pd.DataFrame:
    return pd.DataFrame({"account_id": [], "date": pd.to_datetime([])})


def figures(**values: tuple[float, float, float]) -> pd.DataFrame:
    rows = [(name, "key", *row) for name, row in values.items()]
    columns = ["figure", "scope", "value", "previous_value", "year_ago_value"]
    return pd.DataFrame(rows, columns=columns)


def test_nothing_known_is_said_so():
    assert headline(figures(), keys_of(A=False)) == [
        "Q3 2025 brought € 80 from all accounts: 20.0 % less than in Q2 2025 and 25.0 % more than "
        "in Q3 2024.",
        "No account is overdue.",
        "No key account is known as of 30 Sep 2025.",
    ]


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ((80.0, 80.01, 64.0), "as much as in Q2 2025 and 25.0 % more than in Q3 2024."),
        ((float("nan"), 80.0, 64.0), "The data are whole only from 1 Jan 2020 on: of Q3 2025 they "
         "hold the days since then alone, so it is compared with no other period."),
    ],
)  # fmt: skip
def test_no_change_is_none_and_a_period_begun_by_the_data_is_no_figure(monkeypatch, own, told):
    table = pd.DataFrame([own], columns=["value", "previous_value", "year_ago_value"])
    monkeypatch.setitem(globals(), "IN_PERIOD", table.assign(figure="revenue"))
    assert headline(figures(), keys_of(A=False))[0].endswith(told)


def cards(
    found: pd.DataFrame, bridge: pd.DataFrame, risk: Any = None, keys: Any = None
) -> list[Any]:
    return overview_cards.cards_overview(
        found,
        IN_PERIOD,
        shaped("revenue_months", []),
        NOTHING["tier_decisions"],
        shaped("candidates", []),
        bridge,
        shaped("risk_changes", []) if risk is None else risk,
        keys_of(A=True) if keys is None else keys,
        span=parse_period("2025-Q3"),
        as_of=END,
        book=BOOK,
    )


def moved(scope: str, base: float, now: float, accounts: int = 3) -> pd.DataFrame:
    """A revenue bridge's first and last step."""
    return pd.DataFrame(
        {"scope": scope, "step": ["base", "now"], "revenue": [base, now], "accounts": accounts}
    )


def test_todays_key_accounts_carry_no_growth_and_those_of_the_first_day_do():
    found = figures(
        revenue=(90.0, float("nan"), float("nan")),
        accounts=(2.0, 3.0, 3.0),
        lost_in_period=(1.0, 0.0, 0.0),
    )
    keys = keys_of(A=True, B=True)
    told = headline(found, keys, moved("key", 200.0, 150.0), spread_of(keys))
    assert [told[-1], told[-2]] == [
        "Today’s 2 key accounts brought € 90 in the 12 months to 30 Sep 2025: 45.0 % of all sales, "
        "within the usual 30–55 %.",
        "The 3 accounts that were key on 1 Oct 2024 brought € 150, 25.0 % less than in the year "
        "before.",
    ]
    assert headline(found, keys, moved("all", 200.0, 210.0))[-2] == (
        "All accounts brought € 210, 5.0 % more than in the year before. How key accounts moved "
        "cannot be told: the book does not date who was a key account when, and a set chosen by "
        "today’s revenue proves itself."
    )
    everyone = found.assign(scope="all").head(1)
    both = pd.concat([found, everyone], ignore_index=True)
    period, year, number = cards(both, moved("key", 200.0, 150.0))
    assert (period.value, period.previous, period.year_ago) == (80.0, 100.0, 64.0)
    assert year.note.replace("\u00a0", " ") == "those key on 1 Oct 2024: ▼ 25.0 %"
    assert (number.value, number.year_ago, number.note) == (2.0, 3.0, "1 lost in the period")


def spread_of(keys: pd.DataFrame, **more: str) -> pd.DataFrame:
    """How much of € 200 hangs on A and B, which brought 90; C brought the rest."""
    rows = {"account_id": list("ABC"), "name": list("ABC"), "revenue": [50.0, 40.0, 110.0]}
    classes = shaped("account_classes", rows)
    return concentration(classes, classes[["account_id"]], keys, **more)


def test_neither_the_largest_nor_a_managers_accounts_are_compared_with_a_usual_share():
    keys = keys_of(A=True, B=True)
    stand_in = keys.assign(is_provisional=True)
    assert headline(figures(), stand_in, spread=spread_of(stand_in))[-1] == (
        "The two largest accounts brought € 90 in the 12 months to 30 Sep 2025: 45.0 % of all "
        "sales; they stand in for key accounts, as the book names none."
    )
    assert headline(figures(), stand_in)[1] == "No account is overdue."
    found = figures(revenue_at_risk=(5.0, 4.0, 4.0), at_risk_accounts=(2.0, 2.0, 2.0))
    labels = [card.label for card in cards(found, moved("all", 1.0, 1.0), keys=stand_in)]
    assert labels[1:] == ["At risk, 2 large accounts", "Today’s large accounts"]
    own = spread_of(keys, manager_id="M1")
    assert headline(figures(), keys, spread=own, manager_id="M1")[-1] == (
        "Today’s 2 key accounts brought € 90 in the 12 months to 30 Sep 2025: 45.0 % of these "
        "accounts’ sales."
    )


def at_risk(scope: str, **steps: float) -> pd.DataFrame:
    """Changes of the revenue at risk, each of one account."""
    risk = pd.DataFrame({"scope": scope, "step": list(steps), "revenue": list(steps.values())})
    return risk.assign(accounts=risk["revenue"].ne(0).astype("int64"))


STEPS = {"before": 100.0, "newly_overdue": 20.0, "recovered": 0.0, "gone_lost": -70.0}
STEPS |= {"revenue_changed": 0.0, "joined": 0.0, "left": 0.0, "now": 50.0}


def test_what_was_at_risk_before_says_of_whom():
    told = (
        "At the end of Q2 2025 € 100 a year was at risk in key accounts; since then € 20 newly "
        "overdue (1 account) and € 70 gone lost (1 account): what is lost is no improvement."
    )
    assert f"No account is overdue. {told}" in headline(
        figures(), keys_of(A=True), risk=at_risk("key", **STEPS)
    )
    before = parse_period("2025-Q2")
    everyone = risk_split(at_risk("all", **STEPS), "all", before, BOOK)
    assert everyone.replace("\u00a0", " ") == told.replace("key accounts", "all accounts")


def test_money_given_back_at_risk_keeps_its_sign():
    steps = STEPS | {"newly_overdue": -20.0, "recovered": 5.0, "gone_lost": -70.0}
    told = risk_split(at_risk("all", **steps), "all", parse_period("2025-Q2"), BOOK)
    said = "since then −€ 20 newly overdue (1 account), −€ 5 recovered (1 account) and € 70 gone"
    assert said in told.replace("\u00a0", " ")


def test_less_at_risk_because_more_is_lost_is_no_improvement():
    risk = at_risk("key", **STEPS)
    [_, card, _] = cards(figures(revenue_at_risk=(50.0, 100.0, 80.0)), moved("key", 1.0, 1.0), risk)
    assert (card.previous, card.year_ago) == (None, None)
    assert card.note.replace("\u00a0", " ") == "€ 20 newly, € 70 gone lost"


def test_a_book_that_loses_money_says_so_first():
    found = figures().reindex(range(1))
    found.loc[0] = ["margin", "all", -417_000.0, float("nan"), 420_000.0]
    assert headline(found, keys_of(A=False))[0] == (
        "The business loses money: a margin of −€ 417 k in the 12 months to 30 Sep 2025; the year "
        "before it was € 420 k."
    )


def test_a_figure_that_is_not_known_makes_no_card():
    found = figures().reindex(range(1))
    found.loc[0] = ["NRR", "all", float("nan"), 2.1, float("nan")]
    assert [card.label for card in cards(found, moved("all", 1.0, 1.0))] == [
        "Revenue in Q3 2025, all accounts",
        "Today’s key accounts",
    ]


def test_a_base_year_that_is_not_whole_is_said_to_be_no_base():
    said = say.note_short_base(first_date=pd.Timestamp("2024-03-05"), as_of=END)
    assert said.replace("\u00a0", " ").startswith("The data are whole only from 5 Mar 2024 on")
    assert say.note_short_base(first_date=pd.Timestamp("2020-03-05"), as_of=END) == ""


def test_the_periods_own_figures_by_hand(make_book):
    lines = [("A", "2024-07-05", 80.0), ("A", "2025-04-05", 50.0), ("B", "2025-05-05", 50.0)]
    lines += [("A", "2025-07-05", 60.0), ("A", "2025-08-05", -10.0), ("B", "2025-09-05", 5.0)]
    q = kam.open_period(book_of(make_book, [("A", "2024-06-30", 1.0), *lines]), "2025-Q3")
    found = q.period_figures.set_index("figure")
    assert found.loc["revenue"].tolist() == [55.0, 100.0, 80.0]
    assert found.loc["orders"].tolist() == [3.0, 2.0, 1.0]
    assert found.loc["buying_accounts"].tolist() == [2.0, 2.0, 1.0]
    assert found.loc["gross_margin"].isna().all()  # no cost is known
    title = q.call(say.table_period_figures).title.replace("\u00a0", " ")
    assert title == "Revenue in Q3 2025: € 55, ▼ 45.0 % on Q2 2025, ▼ 31.3 % on Q3 2024"


def test_a_period_that_the_data_do_not_hold_whole_is_no_comparison(make_book):
    q = kam.open_period(
        book_of(make_book, [("A", "2025-05-20", 5.0), ("A", "2025-07-05", 6.0)]), "2025-Q3"
    )
    assert q.period_figures["previous_value"].isna().all()


def test_months_before_the_data_begin_are_not_zero():
    ends = pd.date_range("2025-07-31", "2025-09-30", freq="ME").as_unit("us")
    sold = pd.DataFrame({"account_id": "A", "month": ends[[0, 2]], "revenue": [5.0, 7.0]})
    table = revenue_months(
        sold, span=parse_period("2025-Q3"), first_date=pd.Timestamp("2025-07-04"), as_of=ends[-1]
    )
    assert table["revenue"].isna().sum() == 21
    assert table["revenue"].tail(3).tolist() == [5.0, 0.0, 7.0]  # no order in August is a zero
    drawn = overview_plots.plot_revenue_months(table)
    assert len(drawn.patches) == 3
