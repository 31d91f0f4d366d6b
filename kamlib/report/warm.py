"""Warm kernels: one process loads the libraries once and every kernel is a fork of it.

:class:`WarmProvisioner` is a jupyter_client kernel provisioner (an entry point of the package).
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import pkgutil
import select
import signal
import socket
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

from kamlib.period.held import HOLD, hold
from kamlib.period.names import RUN
from kamlib.report.quick import quick_import
from kamlib.report.server import LANGUAGE, SOCKET
from kamlib.words import ENGLISH, learn

_LOADED = (
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.display",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "babel.numbers",
    "encodings.unicode_escape",
    "encodings.utf_8_sig",
    "faulthandler",
    "filelock",
    "ipykernel.debugger",
    "jinja2",
    "kamlib.page.export",
    "kamlib.page.show",
    "kamlib.period.snapshot",
    "kamlib.period.views",
    "kamlib.report.forked",
    "kamlib.report.watch",
    "lifelines",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "pandas.core.methods.to_dict",
    "pandas.core.reshape.reshape",
    "pandas.io.formats.string",
    "pyarrow.pandas_compat",
    "pyarrow.parquet",
    "scipy.optimize",
    "scipy.stats",
    "seaborn",
    "tornado.platform.asyncio",
    "tornado.queues",
)


class _Fork:
    """A forked kernel as its provisioner sees it: alive as long as it holds its end of the
    connection.
    """

    stdin = stdout = stderr = None

    def __init__(self, address: str, order: dict[str, Any]) -> None:
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._line.connect(address)
        self._line.sendall(json.dumps(order).encode() + b"\n")
        self.pid = int(self._line.makefile().readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return None while the kernel runs."""
        if self.returncode is None and select.select([self._line], [], [], 0)[0]:
            try:
                ended = self._line.recv(64) == b""
            except OSError:
                ended = True
            if ended:
                self.returncode = 0
                self._line.close()
        return self.returncode

    def wait(self) -> int:
        """Wait until the kernel has ended."""
        while self.poll() is None:
            select.select([self._line], [], [], 1)
        return self.returncode or 0

    def send_signal(self, number: int) -> None:
        """Send the kernel a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End the kernel at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)


class WarmProvisioner(LocalProvisioner):
    """Starts a kernel as a fork of the server that the environment names."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Start the kernel with the connection file that the command names."""
        environment = dict(kwargs.get("env") or os.environ)
        order = {
            "connection": cmd[cmd.index("-f") + 1],
            "environment": environment,
            "folder": str(kwargs.get("cwd") or os.getcwd()),
        }
        fork = _Fork(environment[SOCKET], order)
        self.process = fork  # type: ignore[assignment]
        self.pid = fork.pid
        self.pgid = self.pid
        return self.connection_info


def end_with_parent() -> None:
    """Have this process killed when the one that started it ends, however that ends."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended meanwhile
        os.kill(os.getpid(), signal.SIGKILL)


_PR_SET_PDEATHSIG = 1


def load() -> None:
    """Load whatever a kernel will use, so that all of them share it."""
    with quick_import():
        from kamlib import plots
        from kamlib.page.fragments import compile_templates
        from kamlib.period.graph import calculations, graph
        from kamlib.plots.svg import draw_one
        from kamlib.story import said_of

        charts = (f"kamlib.plots.{module.name}" for module in pkgutil.iter_modules(plots.__path__))
        made_in = (f"kamlib.{module}" for module in set(calculations().values()))
        for name in (*_LOADED, *charts, *made_in):
            import_module(name)
        said_of("")  # loads every story
        for scope in ("", "account"):
            graph(scope)
        compile_templates()
        draw_one()
        learn(os.environ.get(LANGUAGE, ENGLISH))
        import_module("kamlib.report.forked").ForkedApp.prepare()


def serve(address: str) -> None:
    """Load the libraries, then fork a kernel for every order, until standard input closes."""
    end_with_parent()
    load()
    gc.collect()
    gc.freeze()  # a kernel's collections leave what it shares with this process alone
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(address)
    server.listen(64)
    kernels: list[int] = []
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        ready, _, _ = select.select([server, sys.stdin], [], [])
        if sys.stdin in ready and not os.read(sys.stdin.fileno(), 1):
            break
        if server in ready:
            line, _ = server.accept()
            order = json.loads(line.makefile().readline())
            kernels = [one for one in kernels if not os.waitpid(one, os.WNOHANG)[0]]
            _hold(order["environment"])
            child = os.fork()
            if child == 0:
                server.close()
                _become_kernel(line, order)
            kernels.append(child)
            line.close()
    for kernel in kernels:
        for end in (os.killpg, os.kill):  # one that was forked just now leads no group yet
            with contextlib.suppress(ProcessLookupError, PermissionError):
                end(kernel, signal.SIGKILL)
        os.waitpid(kernel, 0)  # so that its time counts as that of the run


def _hold(environment: dict[str, str]) -> None:
    """Read what the kernel is to find read, as far as that is not held yet."""
    if folder := environment.get(HOLD):
        with contextlib.suppress(Exception):  # the kernel meets it again, and tells of it
            hold(Path(folder), environment.get(RUN, ""))


def _become_kernel(line: socket.socket, order: dict[str, Any]) -> None:
    """Turn this fork into a kernel; never returns."""
    code = 1
    try:
        os.setsid()
        end_with_parent()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nowhere, standard)
        os.environ.clear()
        os.environ.update(order["environment"])
        os.environ["JPY_PARENT_PID"] = str(os.getppid())
        os.chdir(order["folder"])
        line.sendall(f"{os.getpid()}\n".encode())
        from kamlib.report.forked import ForkedApp

        ForkedApp.launch_instance(argv=[], connection_file=order["connection"])
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    serve(sys.argv[1])
