"""5,000 weight draws on 5,000 accounts against drawing one chart of them: the draws must be the
cheaper of the two.

Run: python benchmarks/bench_stability.py. Exit code 1 when the draws cost more.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from io import BytesIO

import matplotlib as mpl
import numpy as np
import pandas as pd

from kamlib.book import ScoringSettings
from kamlib.plots.scoring import plot_account_scores
from kamlib.scoring import (
    AdmissionRule,
    account_scores,
    criterion_scores,
    score_grid,
    score_stability,
)
from kamlib.tables import empty_table

ACCOUNTS, DRAWS, REPEATS = 5000, 5000, 5
AS_OF = pd.Timestamp("2025-09-30")


def measures(count: int, seed: int = 1) -> pd.DataFrame:
    """Measures spread over all anchors, so that few accounts share a profile."""
    rng = np.random.default_rng(seed)
    ids = [f"A{number:05d}" for number in range(count)]
    spread = {
        "growth": (-0.3, 0.4),
        "margin_rate": (0.0, 0.6),
        "regularity": (0.0, 1.0),
        "breadth": (1, 11),
    }
    parts = [
        pd.DataFrame(
            {
                "account_id": ids,
                "measure": name,
                "value": rng.uniform(*limits, count),
                "note_code": "",
            }
        )
        for name, limits in spread.items()
    ]
    return pd.concat(parts, ignore_index=True).astype({"account_id": "str"})


def best_of(repeats: int, run: Callable[[], object]) -> float:
    """The least processor time of several runs, in seconds: the same on an idle and on a busy
    machine.
    """
    times = []
    for _ in range(repeats):
        started = time.process_time()
        run()
        times.append(time.process_time() - started)
    return min(times)


def main() -> int:
    mpl.use("svg")
    nobody = pd.DataFrame({"account_id": [], "is_key": []})
    judgements = empty_table("judgements")
    scores = criterion_scores(measures(ACCOUNTS), judgements, as_of=AS_OF)
    rule = AdmissionRule(top_n=20)
    grid = score_grid(scores)
    ranked = account_scores(grid, nobody, empty_table("accounts"), rule)
    scoring = ScoringSettings(draws=DRAWS)
    stability = score_stability(grid, ranked, rule, scoring=scoring)

    def draw_chart() -> None:
        figure = plot_account_scores(ranked, scores, stability).figure
        figure.savefig(BytesIO(), format="svg")
        mpl.pyplot.close(figure)

    drawing = best_of(REPEATS, draw_chart)
    weighing = best_of(REPEATS, lambda: score_stability(grid, ranked, rule, scoring=scoring))
    profiles = len(
        scores.pivot(index="account_id", columns="criterion", values="score").drop_duplicates()
    )
    sys.stdout.write(
        f"{ACCOUNTS:,} accounts, {profiles:,} different score profiles, {DRAWS:,} draws\n"
        f"score_stability      {weighing:6.3f} s\n"
        f"plot_account_scores  {drawing:6.3f} s\n"
        f"ratio                {weighing / drawing:6.2f}\n"
    )
    return 0 if weighing < drawing else 1


if __name__ == "__main__":
    raise SystemExit(main())
