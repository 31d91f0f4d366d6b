"""Fit BG/NBD to all 23,570 CDNOW customers, beside the retired ``lifetimes`` on the same summary.

    python benchmarks/bench_btyd.py --data ../shared/data/cdnow \\
        --lifetimes-python /path/to/venv/bin/python

``lifetimes`` is no dependency: it lives in an environment of its own, whose interpreter is given
with ``--lifetimes-python`` or ``KAM_LIFETIMES_PYTHON``; without one, this interpreter is tried.
Both fits run one after the other, by turns, in the same run; the best of the rounds counts. Exit
code 1: ours took longer.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from kamlib.btyd import buyer_summary, fit_bgnbd, fit_mbgcnbd, fit_mbgnbd

END = pd.Timestamp("1998-06-30")
THEIRS = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import pandas as pd
from lifetimes import BetaGeoFitter
data = pd.read_csv(sys.argv[1])
begun = time.perf_counter()
fitter = BetaGeoFitter().fit(data["frequency"], data["recency"], data["T"])
seconds = time.perf_counter() - begun
print(json.dumps({"seconds": seconds, **{k: float(v) for k, v in fitter.params_.items()}}))
"""


def read_master(path: Path) -> pd.DataFrame:
    """One row per purchase of CDNOW_master.txt; one of 0.00 dollars counts as an order day."""
    table = pd.read_csv(
        path, sep=r"\s+", skiprows=1, names=["account_id", "date", "quantity", "revenue"], dtype=str
    )
    return table.assign(
        date=pd.to_datetime(table["date"], format="%Y%m%d"),
        revenue=table["revenue"].astype(float).clip(lower=0.01),
    )


def seconds_of(fit, summary: pd.DataFrame) -> tuple[float, object]:
    begun = time.perf_counter()
    model = fit(summary)
    return time.perf_counter() - begun, model


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/data/cdnow"))
    parser.add_argument(
        "--lifetimes-python", default=os.environ.get("KAM_LIFETIMES_PYTHON", sys.executable)
    )
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    master = options.data / "CDNOW_master.txt"
    if not master.exists():
        print(f"No {master}: give the folder of CDNOW_master.txt with --data.")
        return 2
    summary = buyer_summary(read_master(master), as_of=END)
    ours, theirs, found = [], [], {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "summary.csv"
        weeks = {
            "frequency": summary["frequency"],
            "recency": summary["span_days"] / 7,
            "T": summary["known_days"] / 7,
        }
        pd.DataFrame(weeks).to_csv(path, index=False)
        for _ in range(options.rounds):
            seconds, model = seconds_of(fit_bgnbd, summary)
            ours.append(seconds)
            run = subprocess.run(
                [options.lifetimes_python, "-c", THEIRS, str(path)],
                capture_output=True,
                text=True,
                check=False,
            )
            if run.returncode == 0:
                found = json.loads(run.stdout)
                theirs.append(found["seconds"])
    print(f"{len(summary):,} customers, {int(summary['frequency'].sum()):,} repeat order days")
    print(
        f"kamlib     {min(ours):7.3f} s  r {model.r:.4f}  alpha {model.alpha:.4f}  "
        f"a {model.a:.4f}  b {model.b:.4f}"
    )
    for name, fit in (("MBG/NBD", fit_mbgnbd), ("MBG/CNBD-k, k 1 … 12", fit_mbgcnbd)):
        seconds, model = seconds_of(fit, summary)
        print(
            f"           {seconds:7.3f} s  {name}: {model.name}, "
            f"log-likelihood {model.log_likelihood:.2f}"
        )
    if not theirs:
        print(
            f"lifetimes  not compared: {options.lifetimes_python} has no working lifetimes package."
        )
        print(
            "           python3 -m venv DIR; DIR/bin/pip install lifetimes; "
            "then --lifetimes-python DIR/bin/python"
        )
        return 0
    r, alpha, a, b = (found[name] for name in ("r", "alpha", "a", "b"))
    print(f"lifetimes  {min(theirs):7.3f} s  r {r:.4f}  alpha {alpha:.4f}  a {a:.4f}  b {b:.4f}")
    print(f"ratio      {min(ours) / min(theirs):7.3f}  (kamlib / lifetimes; goal: at most 1)")
    return int(min(ours) > min(theirs))


if __name__ == "__main__":
    sys.exit(main())
