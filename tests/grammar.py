"""The same sentences with counts, each from its story: what tests of grammar compare."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.ahead_calendar import table_calendar
from kamlib.story.dossier_charts import chart_promises_kept
from kamlib.story.leaving import table_overdue_checkins
from kamlib.story.losses import chart_loss_dynamics
from kamlib.story.programme_tables import chart_coverage, chart_workload, table_coverage
from kamlib.story.scoring_charts import moved_sentence
from kamlib.story.segmentation_charts import chart_whale_curve
from kamlib.words import GAP, count, counted, listed, rate, say

BOOK = BookSettings(title="T", currency="EUR")
DAY = pd.Timestamp("2025-09-30")


def told(many: int) -> list[str]:
    """Return every sentence with a count in it."""
    return [text.replace(GAP, " ") for text in _sentences(many)]


def _sentences(many: int) -> list[str]:
    five = [n < many for n in range(5)]
    rows = pd.DataFrame({"n": range(many)})
    covered = pd.DataFrame({"coverage_gap_count": [0 if one else 1 for one in five]})
    parts = pd.DataFrame({"part": ["plan"], "covered_share": [0.5]})
    people = pd.DataFrame(
        {"manager_id": list("abcde"), "is_over_hours": five, "revenue_limit": [None] * 5}
    )
    lost = pd.DataFrame(
        {
            "month": [DAY],
            "is_known": [True],
            "lost_count": [many],
            "lost_12m_count": [float(many)],
            "revenue_lost_12m": [1200.0 * many],
            "returned_count": [0],
        }
    )
    curve = pd.DataFrame({"margin": [9.0, *[-1.0] * many], "cumulative_margin": 9.0})
    curve["cumulative_margin"] = curve["margin"].cumsum()
    due = {"due_in": ["30"] * many + ["overdue"] * many, "owner": "Ines"}
    kept = pd.DataFrame({"late_count": [many], "due_count": [5], "incident_count": [many]})
    return [
        table_overdue_checkins(rows, present=frozenset({"interactions"})).title,
        chart_loss_dynamics(lost, book=BOOK).title,
        moved_sentence(pd.DataFrame({"is_moved": five, "year_ago_quadrant": "star"})),
        chart_coverage(covered, parts, span=SimpleNamespace(title="Q3 2025")).title,
        table_coverage(covered).title,
        chart_workload(people, as_of=DAY).title,
        chart_whale_curve(curve, DAY, BOOK.segmentation, BOOK).title,
        table_calendar(pd.DataFrame(due), as_of=DAY).title,
        chart_promises_kept(kept, pd.DataFrame({"name": ["Ada"]}), pd.DataFrame()).title,
        say("{dossiers}, the largest account first", dossiers=count(many, "dossier")),
        rate(many, 8),
        listed([counted(many, "key account"), count(many, "order line")]),
    ]
