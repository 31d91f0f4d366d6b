"""Running one notebook in a kernel of its own, through papermill's extension point for engines.

Kernels talk over sockets in a private folder, start with the environment they are given, and are
gone when the notebook ends, however it ends. papermill calls a notebook finished although a cell
left early (``sys.exit(0)``) or never ran; :func:`run_notebook` looks at every cell.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.execute import raise_for_execution_errors
from papermill.parameterize import parameterize_notebook
from traitlets.config import Config

from kamlib.errors import KamError
from kamlib.report import scratch, watch
from kamlib.report.server import SETTINGS, SOCKET

_ENGINE = "kam"


class KitEngine(Engine):
    """The papermill engine of the kit: a private kernel of this very Python."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man, kernel_name, *, environment, timeout, running, turn, **_
    ):
        """Run a notebook's cells in a kernel that exists for it alone, listed in ``running`` while
        it does.
        """
        with scratch.socket_folder() as private:
            manager = _manager(private, is_warm=bool(environment.get(SOCKET)))
            client = _Client(
                nb_man,
                km=manager,
                timeout=timeout,
                startup_timeout=120,
                kernel_name=kernel_name,
                shutdown_kernel="immediate",
                record_timing=False,
            )
            client.turn = turn
            running.append(manager)
            try:
                return client.execute(env={**os.environ, **environment}, cleanup_kc=True)
            finally:
                _stop(manager)
                running.remove(manager)


class _Client(PapermillNotebookClient):
    """Runs cells when it is their turn: kernels start and end while others' cells run."""

    turn: AbstractContextManager = contextlib.nullcontext()

    def papermill_execute_cells(self) -> None:
        """Run every cell of the notebook, up to one that fails."""
        with self.turn:
            for index, cell in enumerate(self.nb.cells):
                try:
                    self.execute_cell(cell, index)
                except CellExecutionError as error:
                    self.nb_man.cell_exception(cell, cell_index=index, exception=error)
                    break


def _manager(private: Path, *, is_warm: bool) -> AsyncKernelManager:
    config = Config()
    config.AsyncKernelManager.connection_file = str(private / "kernel.json")
    if sys.platform != "win32":
        config.AsyncKernelManager.transport = "ipc"
        config.AsyncKernelManager.ip = str(private / "k")
    manager = AsyncKernelManager(config=config)
    manager._kernel_spec = KernelSpec(
        argv=[
            sys.executable,
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
            *_arguments(),
        ],
        display_name="KAM kit",
        language="python",
        metadata={"kernel_provisioner": {"provisioner_name": "kam-warm"}} if is_warm else {},
    )
    return manager


def _arguments() -> Iterator[str]:
    """Yield what a kernel is told of IPython's settings as a command line says it."""
    for owner, settings in SETTINGS.items():
        for name, value in settings.items():
            for one in value if isinstance(value, list) else [value]:
                yield f"--{owner}.{name}={one}"


def _stop(manager: AsyncKernelManager) -> None:
    from jupyter_core.utils import run_sync

    if run_sync(manager.is_alive)():
        run_sync(manager.shutdown_kernel)(now=True)
    manager.cleanup_connection_file()


def end_kernels(running: list[AsyncKernelManager]) -> None:
    """End kernels at once; the notebooks that run in them fail. One that has not started yet is
    left alone.
    """
    for manager in list(running):
        process = getattr(manager.provisioner, "process", None)
        if process is not None and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


papermill_engines.register(_ENGINE, KitEngine)


def run_notebook(
    notebook: Path,
    parameters: Mapping[str, str],
    *,
    environment: Mapping[str, str],
    timeout: int = 600,
    running: list[AsyncKernelManager] | None = None,
    turn: AbstractContextManager | None = None,
) -> nbformat.NotebookNode:
    """Return a notebook with its outputs; its kernel is in ``running`` as long as it runs (see
    `end_kernels`), and its cells run inside ``turn``.

    Raises
    ------
    KamError
        A cell fails, however quietly (see `kamlib.report.watch`), leaves early, is never reached,
        or takes too long; the kernel dies. Says which notebook, what happened and where.
    """
    node = read_notebook(notebook)
    node.metadata["papermill"] = {}
    node.cells.append(nbformat.v4.new_code_cell(watch.SETTLE, id="settle"))
    for cell in node.cells:
        cell.metadata.setdefault("tags", [])
    language = {"kernel_name": "python3", "language": "python"}
    try:  # as papermill's execute_notebook, which writes the notebook out twice besides
        if parameters:
            node = parameterize_notebook(node, dict(parameters), engine_name=_ENGINE, **language)
        executed = papermill_engines.execute_notebook_with_engine(
            _ENGINE,
            node,
            kernel_name="python3",
            progress_bar=False,
            environment=environment,
            timeout=timeout,
            running=[] if running is None else running,
            turn=turn or contextlib.nullcontext(),
        )
        raise_for_execution_errors(executed, None)
    except PapermillExecutionError as error:
        what = f"{error.ename}: {error.evalue}".removeprefix(
            f"{watch.QuietFailureError.__name__}: "
        )
        source = "" if error.source == watch.SETTLE else error.source
        raise _failure(notebook, what, source) from error
    except (CellTimeoutError, TimeoutError) as error:
        raise _failure(notebook, f"a step took longer than {timeout} seconds", "") from error
    except (DeadKernelError, RuntimeError) as error:
        raise _failure(notebook, f"its Python process ended ({error})", "") from error
    _check_every_cell(notebook, executed)
    del executed.cells[-1]
    return executed


def read_notebook(notebook: Path) -> nbformat.NotebookNode:
    """Return a notebook as it is on disk.

    Raises
    ------
    KamError
        The file is no notebook, or is damaged.
    """
    try:
        return nbformat.read(notebook, as_version=4)
    except (*_DAMAGED, nbformat.ValidationError) as error:
        raise KamError(
            f"The notebook '{notebook.stem}' cannot be read: it is damaged, or no notebook.",
            where=str(notebook),
            next="Put it back, or install the kit again. Nothing was published.",
        ) from error


_DAMAGED = (OSError, ValueError, TypeError, LookupError, AttributeError)


def _check_every_cell(notebook: Path, executed: nbformat.NotebookNode) -> None:
    number = 0
    for cell in executed.cells:
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        number += 1
        if cell.execution_count != number:
            raise _failure(notebook, "a step was never run", cell.source)
        for output in cell.outputs:
            if output.output_type == "error":
                raise _failure(notebook, f"{output.ename}: {output.evalue}", cell.source)
            if (
                output.output_type == "stream"
                and "Traceback (most recent call last)" in output.text
            ):
                raise _failure(notebook, output.text.strip().splitlines()[-1], cell.source)


def _failure(notebook: Path, what: str, source: str) -> KamError:
    step = next(
        (line for line in source.splitlines() if line.strip() and not line.startswith("#")), ""
    )
    return KamError(
        f"The report '{notebook.stem}' failed: {what.removeprefix('KamError: ')}",
        where=f"{notebook.name}, step: {step[:100]}" if step else notebook.name,
        next="Nothing was published; the last good report is unchanged. Run again with --debug to "
        "see the details.",
        exit_code=1,
    )
