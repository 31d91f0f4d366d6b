"""Start a kernel with the libraries of a report loaded: cold (a new Python) against warm (a fork),
side by side; and say what an empty warm kernel costs the processor.

Run: python benchmarks/bench_kernels.py [--rounds 5]. The two are started by turns in the same run;
the best of the rounds counts. An empty kernel runs a notebook of one empty cell: what sixty of
them take beyond what their process takes by itself. Exit code 1: warm is not at least twice as
fast, or an empty kernel takes more than 0.08 s; 2: kernels cannot be forked on this system.
"""

from __future__ import annotations

import argparse
import resource
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
EMPTY = 60


def seconds_of(notebook: Path, environment: Mapping[str, str]) -> float:
    """Start a kernel, load the libraries in it, end it."""
    begun = time.perf_counter()
    run_notebook(notebook, {}, environment=environment)
    return time.perf_counter() - begun


def processor() -> float:
    """Processor seconds of the processes that this one has waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def processor_of(kernels: int, folder: Path) -> float:
    """Load what kernels share and run so many empty notebooks, each in a kernel; return the
    processor seconds of the kernels and of their process.
    """
    notebook = Path(folder) / "empty.ipynb"
    cells = [nbformat.v4.new_code_cell("", id="parameters", metadata={"tags": ["parameters"]})]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), notebook)
    used = processor()
    with ForkServer(ENVIRONMENT) as server:
        server.is_ready()
        for _ in range(kernels):
            run_notebook(notebook, {}, environment={**ENVIRONMENT, SOCKET: server.address})
    return processor() - used


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
        rounds = [
            (processor_of(0, Path(folder)), processor_of(EMPTY, Path(folder)))
            for _ in range(options.rounds)
        ]
        empty = (min(all_ for _, all_ in rounds) - min(none for none, _ in rounds)) / EMPTY
    sys.stdout.write(
        f"cold kernel  {min(cold):6.2f} s  (best of {options.rounds})\n"
        f"warm kernel  {min(warm):6.2f} s  (best of {options.rounds})\n"
        f"once a run   {loading:6.2f} s  to load what every warm kernel shares\n"
        f"ratio        {min(warm) / min(cold):6.2f}  (warm / cold; goal: at most 0.5)\n"
        f"empty kernel {empty:6.3f} s  of the processor (goal: at most 0.08)\n"
    )
    return int(min(warm) > 0.5 * min(cold) or empty > 0.08)


if __name__ == "__main__":
    sys.exit(main())
