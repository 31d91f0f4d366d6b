"""Running one notebook in a kernel of its own, through papermill's extension point for engines.

Kernels talk over sockets in a private folder, start with the environment they are given, and are
gone when the notebook ends, however it ends. papermill calls a notebook finished although a cell
left early (``sys.exit(0)``) or never ran; :func:`run_notebook` looks at every cell.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.execute import execute_notebook
from traitlets.config import Config

from kamlib.errors import KamError
from kamlib.report.warm import SOCKET

_ENGINE = "kam"


class KitEngine(Engine):
    """The papermill engine of the kit: a private kernel of this very Python."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, *, environment, timeout, **_):
        """Run a notebook's cells in a kernel that exists for it alone."""
        with tempfile.TemporaryDirectory(prefix="kam-") as private:
            manager = _manager(Path(private), is_warm=bool(environment.get(SOCKET)))
            client = PapermillNotebookClient(
                nb_man, km=manager, timeout=timeout, startup_timeout=120, kernel_name=kernel_name
            )
            try:
                return client.execute(env={**os.environ, **environment}, cleanup_kc=True)
            finally:
                _stop(manager)


def _manager(private: Path, *, is_warm: bool) -> AsyncKernelManager:
    config = Config()
    config.AsyncKernelManager.connection_file = str(private / "kernel.json")
    if sys.platform != "win32":
        config.AsyncKernelManager.transport = "ipc"
        config.AsyncKernelManager.ip = str(private / "k")
    manager = AsyncKernelManager(config=config)
    manager._kernel_spec = KernelSpec(
        argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--HistoryManager.enabled=False"],
        display_name="KAM kit",
        language="python",
        metadata={"kernel_provisioner": {"provisioner_name": "kam-warm"}} if is_warm else {},
    )
    return manager


def _stop(manager: AsyncKernelManager) -> None:
    from jupyter_core.utils import run_sync

    if run_sync(manager.is_alive)():
        run_sync(manager.shutdown_kernel)(now=True)
    manager.cleanup_connection_file()


papermill_engines.register(_ENGINE, KitEngine)


def run_notebook(
    notebook: Path, parameters: Mapping[str, str], *, environment: Mapping[str, str], timeout: int = 600
) -> nbformat.NotebookNode:
    """Return a notebook with its outputs.

    Raises
    ------
    KamError
        A cell fails, leaves early, is never reached, or takes too long; the kernel dies. Says which
        notebook, what happened and where.
    """
    node = nbformat.read(notebook, as_version=4)
    node.metadata.pop("papermill", None)
    try:
        executed = execute_notebook(
            node,
            None,
            parameters=dict(parameters),
            engine_name=_ENGINE,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            environment=environment,
            timeout=timeout,
        )
    except PapermillExecutionError as error:
        raise _failure(notebook, f"{error.ename}: {error.evalue}", error.source) from error
    except (CellTimeoutError, TimeoutError) as error:
        raise _failure(notebook, f"a step took longer than {timeout} seconds", "") from error
    except (DeadKernelError, RuntimeError) as error:
        raise _failure(notebook, f"its Python process ended ({error})", "") from error
    _check_every_cell(notebook, executed)
    return executed


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
            if output.output_type == "stream" and "Traceback (most recent call last)" in output.text:
                raise _failure(notebook, output.text.strip().splitlines()[-1], cell.source)


def _failure(notebook: Path, what: str, source: str) -> KamError:
    step = next((line for line in source.splitlines() if line.strip() and not line.startswith("#")), "")
    return KamError(
        f"The report '{notebook.stem}' failed: {what.removeprefix('KamError: ')}",
        where=f"{notebook.name}, step: {step[:100]}" if step else notebook.name,
        next="Nothing was published; the last good report is unchanged. Run again with --debug to see the details.",
        exit_code=1,
    )
