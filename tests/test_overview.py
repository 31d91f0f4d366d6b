"""The front page: figures that compare, the most pressing changes first, sentences that say no more than is known."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings
from kamlib.overview import (
    figure_cards,
    figure_history,
    key_figures,
    main_changes,
    overview_findings,
    period_changes,
)
from kamlib.period.activity import account_months
from kamlib.period.calendar import month_of
from kamlib.tables import empty_table

END, BEFORE = pd.Timestamp("2025-09-30"), pd.Timestamp("2025-06-30")
BOOK = BookSettings(title="Test")


def days(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["account_id", "date", "revenue"])
    frame["date"] = pd.to_datetime(frame["date"]).astype("datetime64[us]")
    return frame.assign(cost=float("nan"), quantity=1.0, order_count=1, line_count=1).sort_values(
        ["account_id", "date"], ignore_index=True
    )


def months(frame: pd.DataFrame) -> pd.DataFrame:
    return (
        frame.assign(month=month_of(frame["date"], END), order_day_count=1)
        .groupby(["account_id", "month"], as_index=False)
        .agg(revenue=("revenue", "sum"), cost=("cost", "sum"), order_count=("order_count", "sum"),
             order_day_count=("order_day_count", "sum"))
    )  # fmt: skip


def accounts(*ids: str) -> pd.DataFrame:
    empty = dict.fromkeys(["parent_id", "industry", "region", "sponsor", "types"], pd.NA)
    frame = pd.DataFrame(
        {
            "account_id": ids,
            "name": [f"Company {i}" for i in ids],
            "group_id": ids,
            "group_name": ids,
        }
    )
    return frame.assign(
        manager_id="m",
        manager_name="Ines",
        cost_to_serve=float("nan"),
        is_listed=True,
        tier=pd.NA,
        **empty,
    )


def history(frame: pd.DataFrame, ends: list[pd.Timestamp], *ids: str) -> pd.DataFrame:
    return figure_history(
        frame, months(frame), accounts(*ids), empty_table("tiers"), ends=ends, book=BOOK
    )


def test_key_figures_by_hand():
    lines = [
        ("A", f"{y}-{m:02d}-10", 100.0)
        for y in (2023, 2024, 2025)
        for m in range(1, 13)
        if f"{y}{m:02d}" <= "202509"
    ]
    lines += [("B", f"2024-{m:02d}-20", 10.0) for m in range(1, 13)]
    ends = [
        pd.Timestamp(d)
        for d in ("2024-06-30", "2024-09-30", "2025-03-31", "2025-06-30", "2025-09-30")
    ]
    figures = key_figures(
        history(days(lines), ends, "A", "B"), as_of=END, previous=BEFORE, year_ago=ends[1]
    )
    found = figures.set_index(["figure", "scope"])
    assert found.loc[("revenue", "all")].tolist() == [1230.0, 1260.0, 1290.0]
    assert found.loc[("NRR", "all"), "value"] == round((1200 + 30) / (1200 + 90), 9)
    assert found.loc[("GRR", "all"), "value"] == round((1200 + 30) / (1200 + 90), 9)
    assert found.loc[("top_1_share", "all"), "value"] == round(1200 / 1230, 9)


def test_the_figures_of_past_weeks_are_those_of_twelve_whole_months():
    lines = [
        ("A", f"{y}-{m:02d}-{d:02d}", 100.0)
        for y in (2023, 2024, 2025)
        for m in range(1, 13)
        for d in (1, 28)
    ]
    ends = [pd.Timestamp("2025-07-20"), pd.Timestamp("2025-07-27"), pd.Timestamp("2025-08-03")]
    frame = days([line for line in lines if line[1] <= "2025-08-03"])
    own = account_months(frame, as_of=ends[-1])
    past = figure_history(frame, own, accounts("A"), empty_table("tiers"), ends=ends, book=BOOK)
    figures = key_figures(
        past, as_of=ends[2], previous=ends[1], year_ago=pd.Timestamp("2024-08-04")
    )
    found = figures.set_index(["figure", "scope"])
    assert found.loc[("revenue", "all"), ["value", "previous_value"]].tolist() == [2400, 2400]
    assert found.loc[("NRR", "key"), ["value", "previous_value"]].tolist() == [1, 1]


def test_half_a_window_is_no_base_for_a_comparison():
    lines = [("A", f"2025-{m:02d}-10", 100.0) for m in range(1, 10)]
    ends = [pd.Timestamp("2025-03-31"), BEFORE, END]
    figures = key_figures(
        history(days(lines), ends, "A"),
        as_of=END,
        previous=BEFORE,
        year_ago=pd.Timestamp("2024-09-30"),
    )
    row = figures.set_index(["figure", "scope"]).loc[("revenue", "all")]
    assert row["value"] == 900
    assert row[["previous_value", "year_ago_value"]].isna().all()


def status(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["account_id", "status", "last_year_revenue"])
    return frame.assign(
        name="Company " + frame["account_id"], manager_name="Ines", silence_days=61.0, usual_gap_days=19.0,
        last_order_date=pd.Timestamp("2025-07-31"), revenue=frame["last_year_revenue"],
    )  # fmt: skip


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
    keys = pd.DataFrame({"account_id": ["A", "B", "C", "D"], "is_key": [True, False, False, False]})
    quality = pd.DataFrame(
        {"rule": ["overdue"], "is_book": [True], "alarm_count": [10], "false_alarm_count": [3]}
    )
    changes = period_changes(now, then, keys, alarm_quality=quality, as_of=END, book=BOOK)
    assert changes["account_id"].tolist() == ["B", "C", "A"]
    assert changes.loc[0, "changed"] == (
        "Company B is still overdue: 61 days without an order, usually 19. Such an alarm was right in 7 of 10 past cases."
    )
    assert changes.loc[2, "changed"].endswith("usually 19.")  # how good alarms are is said once
    assert changes["owner"].eq("Ines").all()
    assert changes.loc[0, "due_date"] == pd.Timestamp("2025-10-07")


def test_the_first_screen_is_not_all_of_one_kind():
    now = status([(i, "overdue", 1000.0 - n) for n, i in enumerate("ABCD")] + [("E", "lost", 1.0)])
    then = status([("E", "active", 1.0)])
    first = main_changes(period_changes(now, then, as_of=END, book=BOOK), most=3)
    assert first["account_id"].tolist() == ["A", "B", "E"]


def test_nothing_known_is_said_so():
    empty = pd.DataFrame(
        {"figure": [], "scope": [], "value": [], "previous_value": [], "year_ago_value": []}
    )
    keys = pd.DataFrame({"account_id": ["A"], "is_key": [False]})
    said = overview_findings(empty, status([("A", "active", 5.0)]), keys, as_of=END, book=BOOK)
    assert [one.text.replace("\u00a0", " ") for one in said] == [
        "No key account is known as of 30 Sep 2025.",
        "No account is overdue.",
    ]


def figures(**values: tuple[float, float, float]) -> pd.DataFrame:
    scopes = {"NRR": "all", "GRR": "all"}
    rows = [(name, scopes.get(name, "key"), *row) for name, row in values.items()]
    return pd.DataFrame(
        rows, columns=["figure", "scope", "value", "previous_value", "year_ago_value"]
    )


def said(found: pd.DataFrame, **options) -> list[str]:
    keys = pd.DataFrame({"account_id": ["A", "B"], "is_key": [True, True], "key_rule": "tier key"})
    sentences = overview_findings(
        found, status([("A", "active", 5.0)]), keys, as_of=END, before="Q2 2025", **options
    )
    return [one.text.replace("\u00a0", " ") for one in sentences]


def test_revenue_of_key_accounts_is_compared_like_for_like():
    found = figures(
        revenue=(90.0, 200.0, 200.0), accounts=(2.0, 3.0, 3.0), lost_in_period=(1.0, 0.0, 0.0)
    )
    text = said(found, same_accounts=100.0)[0]
    assert text.startswith(
        "The 2 key accounts brought 90 in the 12 months to 30 Sep 2025, 10.0 % less than the same "
    )
    assert "than" not in said(found)[0]
    assert "as much as the same accounts" in said(found, same_accounts=90.0)[0]
    revenue, number = figure_cards(found, figure_history_of(found), same_accounts=100.0)
    assert revenue.note.replace("\u00a0", " ") == "▼ 10.0 % with the same accounts"
    assert (number.value, number.previous, number.note) == (2.0, 3.0, "1 lost in the period")
    assert figure_cards(found, figure_history_of(found), same_accounts=200.0)[0].note == ""


def figure_history_of(found: pd.DataFrame) -> pd.DataFrame:
    return found[["figure", "scope", "value"]].assign(as_of_date=END)


def test_half_a_base_year_tells_nothing_of_what_stays():
    found = figures(
        revenue=(90.0, 90.0, 90.0), NRR=(2.7, 4.0, float("nan")), GRR=(0.9, 0.9, float("nan"))
    )
    assert (
        said(found)[1]
        == "Of each 100 that accounts spent in the year before, 270 came back with growth (NRR) and 90 without (GRR)."
    )
    late = said(found, first_date=pd.Timestamp("2024-04-04"))[1]
    assert (
        late
        == "How much revenue stays (NRR, GRR) cannot be told yet: the data hold 6 of the 12 months of the year before."
    )
    assert said(found, first_date=pd.Timestamp("2023-10-31"))[1] == said(found)[1]
    cards = {
        card.label: card
        for card in figure_cards(
            found, figure_history_of(found), first_date=pd.Timestamp("2024-04-04")
        )
    }
    assert (cards["NRR, all accounts"].previous, cards["NRR, all accounts"].note) == (
        None,
        "on 6 of 12 months",
    )
    assert cards["Revenue of key accounts"].previous == 90.0


def outlook(note: str, **values: float) -> pd.DataFrame:
    row = {
        "to_date": 60.0,
        "outlook": 60.0,
        "outlook_low": 60.0,
        "outlook_high": 60.0,
        "year_target": 80.0,
    }
    row |= {"outlook_gap": -20.0} | values
    return pd.DataFrame([{"measure": "revenue", "note": note, **row}])


def test_a_year_that_is_over_is_told_as_a_result():
    found = figures(revenue=(60.0, 60.0, 60.0))
    over = said(found, outlook=outlook("the year is over"))[-1]
    assert over == "Key accounts ended the fiscal year at 60, 20 short of the target of 80."
    ahead = said(found, outlook=outlook("mean of 9 months", outlook_low=50.0, outlook_high=70.0))[
        -1
    ]
    assert ahead.startswith(
        "Key accounts are heading for 60 this fiscal year (80 % interval 50 to 70), 20 short of"
    )
    unknown = outlook("revenue in 1 of the last 12 months", outlook=float("nan"))
    assert said(found, outlook=unknown)[-1] == "No account is overdue."


def test_key_accounts_that_nobody_chose_are_said_to_stand_in():
    keys = pd.DataFrame(
        {"account_id": ["A"], "is_key": [True], "key_rule": ["provisional: class A"]}
    )
    found = figures(revenue=(90.0, 90.0, 90.0))
    text = overview_findings(
        found, status([("A", "active", 5.0)]), keys, as_of=END, same_accounts=45.0
    )[0].text
    assert (
        "100.0 % more than in the 12 months" in text.replace("\u00a0", " ")
        and "the largest stand in" in text
    )
