"""The process that warm kernels are forked from, as the run that starts it sees it.

It starts with the run and ends with it: when its standard input closes it ends every kernel it has
forked. Where there is no fork that is safe (Windows, macOS) kernels start cold.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import Any

from kamlib.report import scratch

SOCKET = "KAM_WARM_SOCKET"
"""Environment variable: where the process is asked for a kernel."""

LANGUAGE = "KAM_LANGUAGE"
"""Environment variable of the process: the language that its kernels will speak."""

SETTINGS: dict[str, dict[str, Any]] = {
    "HistoryManager": {"enabled": False},
    "InteractiveShellApp": {"extra_extensions": ["kamlib.report.watch"]},
}
"""What a report's kernel is told of IPython's settings, however it starts."""


def can_fork() -> bool:
    """Return whether kernels may be forks here."""
    return sys.platform.startswith("linux")


class ForkServer:
    """The process that kernels are forks of; use it in a ``with`` block."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._folder = contextlib.ExitStack()
        self.address = str(self._folder.enter_context(scratch.socket_folder()) / "warm")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "kamlib.report.warm", self.address],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        self._is_asked = False

    def __enter__(self) -> ForkServer:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._is_asked:  # still loading, and no kernel can be there
            self._process.kill()
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
        self._folder.close()

    def is_ready(self) -> bool:
        """Wait until the libraries are loaded; return whether kernels can be had."""
        self._is_asked = True
        return bool(self._process.stdout and self._process.stdout.readline())
