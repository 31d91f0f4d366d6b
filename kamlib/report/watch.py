"""Inside a report's kernel: what fails quietly is kept, and told when the notebook ends.

A cell may fail and look finished: its output is captured, redirected or cleared, it calls a program
whose end nobody looks at, a thread or a task fails that nobody asks. The IPython extension of this
module writes every such failure down where it happens; :func:`settle`, the last step of every
notebook, waits for what still runs and raises the first of them.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import multiprocessing.pool
import multiprocessing.process
import os
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import wraps
from pathlib import Path
from typing import Any

from kamlib.words import untranslated

SETTLE = "__import__('kamlib.report.watch', fromlist=['settle']).settle()"
"""The last step of a notebook that is watched."""

_PROGRAM = "a step calls a program of the system ({}), whose failure would not show"
_SYSTEM_CALLS = {"os.system", "os.exec", "os.spawn", "os.posix_spawn", "os.forkpty", "pty.spawn"}
_SHELLS = {"sh", "bash", "zsh", "dash", "ksh", "fish", "cmd", "powershell", "pwsh"}
_PASSED_BY = {
    "asyncio", "concurrent", "contextlib", "IPython", "ipykernel", "multiprocessing", "os",
    "pexpect", "ptyprocess", "pty", "subprocess", "threading", __name__,
}  # fmt: skip
_LIBRARIES = tuple(
    sysconfig.get_path(kind) for kind in ("stdlib", "platstdlib", "purelib", "platlib")
)


UNTRANSLATED = ".untranslated.json"
"""Ending of the file, beside a notebook's tables, that lists what it had to say in English."""


class QuietFailureError(Exception):
    """Something failed, or would fail, without the step that began it showing so."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


_failures: list[str] = []
_threads: list[threading.Thread] = []
_futures: list[Future] = []
_results: list[multiprocessing.pool.ApplyResult] = []
_processes: list[Any] = []
_watching: list[Any] = []


def load_ipython_extension(shell: Any) -> None:
    """Begin to watch; IPython calls it when the kernel starts."""
    if _watching:
        return
    _watching.append(shell)
    sys.addaudithook(_audit)
    subprocess.Popen.__init__ = _checked_program(  # type: ignore[method-assign]
        subprocess.Popen.__init__
    )
    threading.excepthook = _after(threading.excepthook, lambda failed: _keep(failed.exc_value))
    threading.Thread.start = _noting(  # type: ignore[method-assign]
        threading.Thread.start, _threads
    )
    Future.__init__ = _noting(Future.__init__, _futures)  # type: ignore[method-assign]
    results = multiprocessing.pool.ApplyResult
    results.__init__ = _noting(results.__init__, _results)  # type: ignore[method-assign]
    for owner, name in ((Future, "result"), (Future, "exception"), (results, "get")):
        setattr(owner, name, _asking(getattr(owner, name)))
    process = multiprocessing.process.BaseProcess
    process.start = _noting(process.start, _processes)  # type: ignore[method-assign]
    logging.getLogger("asyncio").addHandler(_NeverRetrieved())
    shown = shell._showtraceback

    def keep_and_show(kind: type, error: BaseException, text: list[str]) -> None:
        _keep(error)
        shown(kind, error, text)

    shell._showtraceback = keep_and_show
    shell.ask_exit = _leave
    shell.show_usage_error = lambda error: shell._showtraceback(
        type(error), error, [f"{type(error).__name__}: {error}"]
    )


def settle() -> None:
    """Wait for what the steps have started, and raise the first failure that did not show.

    Raises
    ------
    QuietFailureError
        Something failed; its message says what.
    """
    if not _watching:
        raise QuietFailureError("the steps of the notebook were not watched")
    for thread in _threads:
        if thread is not threading.current_thread():
            thread.join()
    wait(_futures)
    for future in _futures:
        if not (_is_asked(future) or future.cancelled()):
            _keep(future.exception())
    for result in _results:
        result.wait()
        if not (_is_asked(result) or result.successful()):
            _keep(result._value)  # type: ignore[attr-defined]
    for process in _processes:
        with contextlib.suppress(ValueError):  # closed: its owner has looked at it
            process.join()
            if process.exitcode:
                _failures.append(f"a process that a step started ended with {process.exitcode}")
    if found := untranslated():
        tables = Path(f"{os.environ['KAM_TABLES']}{UNTRANSLATED}")
        tables.write_text(json.dumps(sorted(found)), encoding="utf-8")
    gc.collect()  # a task that nobody asked tells of its failure when it goes
    if _failures:
        raise QuietFailureError(_failures[0])


def _leave() -> None:
    """Refuse ``exit()``, which the kernel hears of only when the notebook has ended."""
    _failures.append("a step leaves the notebook early")
    raise QuietFailureError(_failures[-1])


def _keep(error: BaseException | None) -> None:
    if error is None or isinstance(error, QuietFailureError):
        return  # None: nothing failed; the other was kept when it was raised
    _failures.append(f"{type(error).__name__}: {error}")


def _audit(event: str, arguments: tuple) -> None:
    is_call = event in _SYSTEM_CALLS or (
        event == "os.fork" and _module(sys._getframe(1)) != "multiprocessing"
    )
    if is_call and _is_by_a_step():
        _refuse(event)


def _refuse(what: str) -> None:
    _failures.append(_PROGRAM.format(what))
    raise QuietFailureError(_PROGRAM.format(what))


def _checked_program(begin: Callable[..., None]) -> Callable[..., None]:
    """Let a step start a program only where its failure raises: checked, and by no shell."""

    @wraps(begin)
    def checked(self: subprocess.Popen, args: Any, *more: Any, **options: Any) -> None:
        if _is_by_a_step():
            first = args if isinstance(args, (str, bytes, os.PathLike)) else next(iter(args), "")
            name = Path(os.fsdecode(first)).name
            is_shell = options.get("shell") or name.removesuffix(".exe").casefold() in _SHELLS
            if is_shell or not _is_checked():
                _refuse(f"{name[:60]}; say subprocess.run([…], check=True)")
        begin(self, args, *more, **options)

    return checked


def _is_checked() -> bool:
    """Return whether the call on its way raises when the program fails."""
    frame = sys._getframe(2)
    while frame is not None and _module(frame) in ("subprocess", __name__):
        if frame.f_code.co_name == "check_call" or frame.f_locals.get("check") is True:
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False


def _is_by_a_step() -> bool:
    """Return whether what happens now is a step's doing, and not a library's for itself.

    The nearest code that is neither this module's nor of those that only pass calls on decides.
    """
    frame = sys._getframe(1)
    while frame is not None:
        if _module(frame) not in _PASSED_BY and frame.f_globals.get("__name__") != __name__:
            return not frame.f_code.co_filename.startswith((*_LIBRARIES, "<frozen"))
        frame = frame.f_back  # type: ignore[assignment]
    return True


def _module(frame: Any) -> str:
    name = str(frame.f_globals.get("__name__", ""))
    return name if name == __name__ else name.partition(".")[0]


def _is_worker(one: Any) -> bool:
    """Return whether a thread or process waits for tasks of a pool, which are asked themselves."""
    module = getattr(getattr(one, "_target", None), "__module__", "")
    is_pools = module.startswith(("concurrent.futures", "multiprocessing"))
    is_manager = isinstance(one, threading.Thread) and type(one).__module__ == _MANAGER
    return is_pools or is_manager


_MANAGER = "concurrent.futures.process"


def _is_asked(task: Any) -> bool:
    return getattr(task, "_kam_is_asked", False)


def _noting(begin: Callable[..., None], noted: list) -> Callable[..., None]:
    @wraps(begin)
    def noting(self: Any, *given: Any, **options: Any) -> None:
        if not _is_worker(self) and _is_by_a_step():
            noted.append(self)
        begin(self, *given, **options)

    return noting


def _asking(ask: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(ask)
    def asking(self: Any, *given: Any, **options: Any) -> Any:
        self._kam_is_asked = True
        return ask(self, *given, **options)

    return asking


def _after(first: Callable[[Any], Any], then: Callable[[Any], None]) -> Callable[[Any], None]:
    def both(given: Any) -> None:
        then(given)
        first(given)

    return both


class _NeverRetrieved(logging.Handler):
    """Keeps the failure of a task that nobody awaited, which asyncio only logs."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what the record tells of."""
        if record.exc_info and record.exc_info[1] is not None:
            _keep(record.exc_info[1])
