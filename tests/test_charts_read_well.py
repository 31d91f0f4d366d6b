"""Labels keep clear of lines and of one another; titles stand over their charts; charts without
data are left out.
"""

from __future__ import annotations

import warnings

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from kamlib.period.calendar import parse_period
from kamlib.plots import btyd, leaving, programme, retention, style
from kamlib.plots import scoring as draw_scoring
from kamlib.plots.strength import plot_attractiveness_strength
from kamlib.plots.svg import drawing
from kamlib.programme import coverage_summary
from kamlib.story.btyd import chart_alive
from kamlib.story.leaving import chart_engagement
from kamlib.story.programme_tables import chart_coverage, chart_workload

MONTHS = pd.date_range("2024-01-31", periods=6, freq="ME")


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


def said(ax) -> list:
    return [text for text in ax.texts if text.get_text() and text.get_gid() is None]


def test_a_bridge_of_nothing_draws_without_a_warning():
    steps = ("base", "new", "returned", "expansion", "contraction", "stopped", "now")
    nothing = pd.DataFrame({"scope": "all", "step": steps, "revenue": 0.0, "accounts": 0})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        retention.plot_revenue_bridge(nothing)


def test_loads_are_written_beyond_bar_and_limit():
    work = pd.DataFrame(
        {
            "manager_id": ["M1", "M2"],
            "manager_name": ["Ann", "Bo"],
            "key_count": [8, 1],
            "hours": [258.0, 60.0],
            "hours_load_share": [2.15, 0.41],
            "hours_per_month": [120.0, 145.0],
            "revenue": [4e6, 6e5],
            "revenue_load_share": [1.94, 0.31],
            "revenue_limit": [2.1e6, 2.1e6],
            "is_over_hours": [True, False],
        }
    )
    hours, revenue = (programme.plot_workload(work, measure=one) for one in ("hours", "revenue"))
    assert [text.xy[0] for text in said(hours)] == [145.0, 258.0]
    assert [text.xy[0] for text in said(revenue)] == [2.1e6, 4e6]
    day = pd.Timestamp("2025-12-31")
    assert chart_workload(work, as_of=day).title == (
        "1 of 2 managers carries more hours than there are"
    )
    most = chart_workload(work, as_of=day, measure="revenue").title
    assert most.replace("\u00a0", " ") == "Ann carries 87 % of the revenue"


def test_what_cannot_be_known_yet_is_said_above_the_bars():
    known = MONTHS < "2024-05-01"
    losses = pd.DataFrame(
        {
            "month": MONTHS,
            "is_known": known,
            "lost_count": 1,
            "revenue_lost": 10.0,
            "revenue_lost_12m": float("nan"),
            "lost_12m_count": float("nan"),
            "returned_count": 0,
        }
    )
    (note,) = said(retention.plot_loss_dynamics(losses))
    assert note.get_text() == "not known yet" and note.xy[1] == 1 and note.xyann[1] > 0


@pytest.mark.parametrize(("count", "first"), [(6, "Jan 2024"), (60, "2024")])
def test_months_are_written_as_people_read_them(count, first):
    ax = style.axes()
    ax.plot(pd.date_range("2023-12-31", periods=count, freq="ME"), range(count))
    style.month_axis(ax.xaxis)
    ax.figure.canvas.draw()
    written = [label.get_text().replace("\u00a0", " ") for label in ax.get_xticklabels()]
    assert first in written and len(written) <= 8


def test_the_finding_of_small_charts_stands_over_them_as_text_of_the_page():
    table = pd.DataFrame(
        {
            "account_id": ["A", "B"],
            "name": ["Ann", "Bo"],
            "contact_share": 1.0,
            "contact_trend": "none",
            "satisfaction": 8.0,
            "satisfaction_trend": "none",
            "order_share": 1.0,
            "order_trend": "none",
        }
    )
    series = pd.DataFrame({"account_id": "A", "period_end": MONTHS}).assign(
        contact_share=1.0, satisfaction=8.0, order_share=1.0
    )
    told = chart_engagement(table)
    figure = leaving.plot_engagement(series, table, title=told.title, subtitle=told.subtitle)
    drawn = drawing(figure)
    assert drawn.finding == "Engagement or loyalty clearly falls at none of 2 accounts"
    assert drawn.subtitle.startswith("Line at 1") and drawn.finding not in drawn.svg


def test_only_accounts_in_doubt_are_drawn():
    alive = pd.DataFrame(
        {
            "account_id": ["1", "2", "3"],
            "name": ["gone", "doubt", "here"],
            "alive_probability": [0.001, 0.4, 1.0],
            "silence_days": 9,
            "model": "BG/NBD",
        }
    )
    ax = btyd.plot_alive(alive)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["doubt"]
    assert chart_alive(alive).title == "2 of 3 accounts are more likely gone than here"
    said = chart_alive(alive[alive["name"].ne("doubt")]).title
    assert said == "1 of 2 accounts is more likely gone than here, and no other is in doubt"
    sure = btyd.plot_alive(alive[alive["name"].ne("doubt")], title=said)
    assert drawing(sure.figure).finding == said


def test_parts_that_are_recorded_of_nobody_take_no_column():
    cover = pd.DataFrame(
        {
            "account_id": ["A1"],
            "name": ["Ann"],
            "has_sponsor": False,
            "role_filled_share": 0.0,
            "contact_age_days": float("nan"),
            "is_contact_fresh": False,
            "team_filled_share": float("nan"),
            "has_plan": False,
            "is_plan_fresh": False,
            "coverage_gap_count": 1,
            "gap_codes": "roles",
        }
    )
    summary = coverage_summary(cover)
    ax = programme.plot_coverage(cover, summary)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["decision\nroles"]
    found = chart_coverage(cover, summary, span=parse_period("2025-Q4"))
    assert found.title == "None of 1 key account is covered without a gap"


def test_charts_without_data_are_left_out():
    matrix = pd.DataFrame(
        columns=["is_key", "strength_score", "attractiveness_score", "is_moved", "quadrant"]
    ).astype({"is_key": bool})
    for ax in (
        plot_attractiveness_strength(
            matrix.assign(
                year_ago_strength_score=None, year_ago_attractiveness_score=None, account_id=None
            )
        ),
        draw_scoring.plot_criterion_review(pd.DataFrame(columns=["criterion", "later_outcome"])),
        leaving.plot_leaving_causes(
            pd.DataFrame({"cause": ["late"], "hazard_ratio": float("nan")}),
        ),
    ):
        assert drawing(ax.figure).is_empty
