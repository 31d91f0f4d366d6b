"""Practice companies and their truth: of the planted leavers, how many are caught, how early, how
often it is wrong.

And the planted cause, late deliveries: its hazard ratio with interval, and how often the interval
    excludes 1 when the
cause is planted and when it is not. Run: python benchmarks/practice_truth.py [companies] [first
    seed]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
import pandas as pd

from kamlib.book import LossSettings
from kamlib.practice import Activity, activity, company, leaver_score
from kamlib.retention import (
    account_status,
    alarm_quality,
    closed_spells,
    day_sums,
    leaving_cases,
    leaving_causes,
    lost_spells,
    past_gaps,
    silences,
    spell_dates,
    usual_gaps,
)

AS_OF = pd.Timestamp("2025-12-31")


def statuses(known: Activity) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Status and lost spells of a company of which the orders alone are known."""
    days = known.account_days
    accounts = days[["account_id"]].drop_duplicates()
    classes, rule = accounts.assign(abc_revenue=None), LossSettings()
    least = {"min_gaps": rule.min_gaps, "min_silence_days": rule.min_silence_days}
    found = silences(accounts, day_sums(days), as_of=AS_OF, **least)
    gaps_then = past_gaps(found, classes, min_gaps=rule.min_gaps)
    closed = closed_spells(found, gaps_then)
    gaps = usual_gaps(found, classes, min_gaps=rule.min_gaps)
    status = account_status(found, gaps, closed, as_of=AS_OF)
    dates = spell_dates(status, closed, found)
    return status, lost_spells(dates, status, gaps_then)


def late_deliveries(known: Activity) -> pd.Series:
    """The row of late deliveries in the table of causes."""
    status, _ = statuses(known)
    cases = leaving_cases(
        status, known.account_days, known.deliveries, known.incidents, as_of=AS_OF
    )
    return leaving_causes(cases).set_index("cause").loc["late deliveries"]


def rows(seeds: range) -> Iterator[dict[str, float]]:
    """One row per seed: the leavers of the company with the cause, and the cause in both."""
    for seed in seeds:
        made = company(seed)
        known = activity(made, as_of=AS_OF)
        _, spells = statuses(known)
        quality = alarm_quality(known.account_days, as_of=AS_OF)
        score = leaver_score(made.truth, spells, quality, as_of=AS_OF).iloc[0]
        cause = late_deliveries(known)
        nothing = late_deliveries(activity(company(seed, late_hazard_ratio=1), as_of=AS_OF))
        names = ["planted_count", "caught_share", "lead_days", "false_alarm_rate", "false_share"]
        yield {
            "seed": seed,
            **score[names].to_dict(),
            **cause[["hazard_ratio", "hazard_ratio_low", "hazard_ratio_high"]].to_dict(),
            "is_found": bool(cause["hazard_ratio_low"] > 1),
            "is_found_unplanted": bool(
                nothing["hazard_ratio_low"] > 1 or nothing["hazard_ratio_high"] < 1
            ),
        }


def main() -> int:
    count, first = (int(word) for word in [*sys.argv[1:], *("20", "0")[len(sys.argv) - 1 :]][:2])
    found = []
    for row in rows(range(first, first + count)):
        found.append(row)
        sys.stdout.write(
            f"seed {row['seed']:4d}  leavers {row['planted_count']:3.0f}  caught "
            f"{row['caught_share']:.2f}  lead {row['lead_days']:3.0f} d  false alarms "
            f"{row['false_alarm_rate']:.2f}  hazard ratio {row['hazard_ratio']:.2f} "
            f"({row['hazard_ratio_low']:.2f}–{row['hazard_ratio_high']:.2f})\n"
        )
        sys.stdout.flush()
    table = pd.DataFrame(found)
    sys.stdout.write(
        "\n"
        f"{len(table)} companies, as of {AS_OF:%Y-%m-%d}; planted hazard ratio 2.5 per late order\n"
        "planted leavers caught           "
        f"{np.average(table['caught_share'], weights=table['planted_count']):.3f}\n"
        f"median lead time, days           {table['lead_days'].median():.0f}  (before twelve "
        "months of silence)\n"
        f"false-alarm rate, back-test      {table['false_alarm_rate'].mean():.3f}\n"
        f"losses called of non-leavers     {table['false_share'].mean():.3f}\n"
        f"hazard ratio, median             {table['hazard_ratio'].median():.2f}\n"
        f"intervals above 1                {table['is_found'].mean():.3f}\n"
        f"intervals without 1, unplanted   {table['is_found_unplanted'].mean():.3f}\n"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
