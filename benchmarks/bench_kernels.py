"""Start a kernel with the libraries of a report loaded: cold (a new Python) against warm (a fork),
side by side.

Run: python benchmarks/bench_kernels.py [--rounds 5]. The two are started by turns in the same run;
    the best of the
rounds counts. Exit code 1: warm is not at least twice as fast, 2: kernels cannot be forked on this
    system.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import nbformat

from kamlib.report.kernel import run_notebook
from kamlib.report.server import SOCKET, ForkServer, can_fork

ENVIRONMENT = {"PYTHONHASHSEED": "0", "TZ": "UTC", "MPLBACKEND": "agg", "OPENBLAS_NUM_THREADS": "1"}
LOADS = """import kamlib as kam
import matplotlib.pyplot, seaborn, lifelines
import kamlib.page, kamlib.segmentation, kamlib.scoring, kamlib.retention, kamlib.dossier"""


def seconds_of(notebook: Path, environment: Mapping[str, str]) -> float:
    """Start a kernel, load the libraries in it, end it."""
    begun = time.perf_counter()
    run_notebook(notebook, {}, environment=environment)
    return time.perf_counter() - begun


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if not can_fork():
        sys.stdout.write("Kernels are not forked on this system: every start is cold.\n")
        return 2
    cold: list[float] = []
    warm: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        notebook = Path(folder) / "loads.ipynb"
        cells = [
            nbformat.v4.new_code_cell("", id="parameters", metadata={"tags": ["parameters"]}),
            nbformat.v4.new_code_cell(LOADS, id="loads"),
        ]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), notebook)
        begun = time.perf_counter()
        with ForkServer(ENVIRONMENT) as server:
            if not server.is_ready():
                sys.stdout.write("The process that kernels are forked from did not start.\n")
                return 1
            loading = time.perf_counter() - begun
            for _ in range(options.rounds):
                cold.append(seconds_of(notebook, ENVIRONMENT))
                warm.append(seconds_of(notebook, {**ENVIRONMENT, SOCKET: server.address}))
    sys.stdout.write(
        f"cold kernel  {min(cold):6.2f} s  (best of {options.rounds})\n"
        f"warm kernel  {min(warm):6.2f} s  (best of {options.rounds})\n"
        f"once a run   {loading:6.2f} s  to load what every warm kernel shares\n"
        f"ratio        {min(warm) / min(cold):6.2f}  (warm / cold; goal: at most 0.5)\n"
    )
    return int(min(warm) > 0.5 * min(cold))


if __name__ == "__main__":
    sys.exit(main())
