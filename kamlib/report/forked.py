"""The application of a kernel that is a fork: ipykernel's, less what a fork need not do again.

A kernel that starts goes twice through every module that is loaded, and what a fork looks at is
copied for it: half of the memory that its start took. It reads a command line, a person's settings
and startup files and sets a log up; a report's kernel has none of these.
"""

from __future__ import annotations

import sys
from typing import Any

from ipykernel import ipkernel
from ipykernel.kernelapp import IPKernelApp
from traitlets.config import Config

from kamlib.report.server import SETTINGS


class _System:
    """The module ``sys`` without the modules that are loaded, which a debugger would ask for."""

    modules: dict[str, Any] = {}  # noqa: RUF012

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)


class ForkedApp(IPKernelApp):
    """Starts a kernel with the settings of a report's kernels."""

    loaded: set[str] = set()  # noqa: RUF012

    @classmethod
    def prepare(cls) -> None:
        """Note what is loaded, once for all forks."""
        ipkernel.sys = _System()  # type: ignore[assignment]
        cls.loaded = set(sys.modules)

    def parse_command_line(self, argv: Any = None) -> None:
        """Take the settings as they are; there is no command line."""
        self.argv = []
        self.update_config(Config(SETTINGS))

    def _configure_logging(self) -> None:
        """Leave the log alone: nobody reads what a kernel writes there."""

    def load_config_file(self, *_: Any, **__: Any) -> None:
        """Read no settings of a person's own."""

    def init_code(self) -> None:
        """Hide what a kernel brings along; there is nothing to run before its first cell."""
        shell: Any = self.shell
        shell.user_ns_hidden.update(shell.user_ns)
        shell._sys_modules_keys = self.loaded
