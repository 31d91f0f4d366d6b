"""The command line as a process of its own, forked from one that has loaded all that it loads.

What a run is told, says and leaves is that of ``python -m kamlib``; the seconds that libraries take
to load are spent once. Where there is no fork that is safe, it is that program.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
import traceback
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from kamlib.report.server import can_fork

ROOT = Path(__file__).resolve().parents[1]


class Forked:
    """The process of warm kernels as a fork of this one, in place of a program of its own."""

    def __init__(self, command: list[str], *, env: dict[str, str], **_: Any) -> None:
        from kamlib.report import warm

        (its_in, mine_out), (mine_in, its_out) = os.pipe(), os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.setsid()
            os.dup2(its_in, 0)
            os.dup2(its_out, 1)
            os.closerange(3, 4096)
            try:
                os.environ.update(env)
                time.tzset()
                warm.serve(command[-1])
            finally:
                os._exit(0)
        os.close(its_in)
        os.close(its_out)
        self.stdin, self.stdout = os.fdopen(mine_out, "wb"), os.fdopen(mine_in, "rb")

    def kill(self) -> None:
        os.kill(self.pid, 9)

    def wait(self, timeout: float | None = None) -> None:
        os.waitpid(self.pid, 0)


def load() -> None:
    """Load what runs and their kernels use, and let kernels be forks of forks."""
    import gc

    from kamlib.report import server, warm

    warm.load()
    import kamlib.check
    import kamlib.cli
    import kamlib.intake.sources
    import kamlib.report.index
    import kamlib.report.production
    import kamlib.report.run  # noqa: F401

    server.subprocess = SimpleNamespace(  # type: ignore[attr-defined]
        Popen=Forked, PIPE=-1, DEVNULL=-3, TimeoutExpired=OSError
    )
    gc.collect()
    gc.freeze()


def serve() -> None:
    """Run the command line in a fork for each order, one after another."""
    load()
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _become_command(**json.loads(line))
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become_command(
    arguments: list[str],
    environment: dict[str, str],
    folder: str,
    kit: str,
    room: int,
    said: list[str],
) -> None:
    """Turn this fork into a run; never returns."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for standard, file in enumerate(said, start=1):
            os.dup2(os.open(file, os.O_WRONLY | os.O_APPEND), standard)
        os.environ.clear()
        os.environ.update(environment)
        time.tzset()
        os.chdir(folder)
        from kamlib.cli import main
        from kamlib.report import pages

        if kit:
            pages.kit_folder = lambda: Path(kit)
        if room:
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        code = main(arguments)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


class Running:
    """A run that has been started: its process, and what it came to."""

    def __init__(self, line: Any, said: list[Path], arguments: list[str]) -> None:
        self._line, self._said, self.args = line, said, arguments
        self.pid = int(line.readline())
        self.is_over = False

    def kill(self) -> None:
        """End the run at once, where it has not ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, 9)
        self.ended()

    def ended(self, seconds: float = 1800) -> subprocess.CompletedProcess[str]:
        """Wait for the end of the run."""
        if not select.select([self._line], [], [], seconds)[0]:
            self.kill()
            raise TimeoutError(f"{self.args} has not ended after {seconds} s")
        code, self.is_over = int(self._line.readline()), True
        out, error = (file.read_text(encoding="utf-8") for file in self._said)
        for file in self._said:
            file.unlink()
        return subprocess.CompletedProcess(self.args, code, out, error)


_STARTED: list[Running] = []


@cache
def _server() -> subprocess.Popen[bytes]:
    """The process that runs are forked from; it ends when this one does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.forked"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"},
        bufsize=0,
    )
    assert process.stdout is not None and process.stdout.readline() == b"ready\n"
    return process


def start(*arguments: str | Path, kit: Path | str = "", room: int = 0) -> Running:
    """Start the command line, with another kit where one is named, and with room for so many bytes
    in a file where that is said.
    """
    process = _server()
    if _STARTED and not _STARTED[-1].is_over:  # its test has failed
        _STARTED[-1].kill()
    said = []
    for kind in ("out", "err"):
        number, name = tempfile.mkstemp(suffix=f".{kind}")
        os.close(number)
        said.append(Path(name))
    order = {
        "arguments": [str(one) for one in arguments],
        "environment": dict(os.environ),
        "folder": str(ROOT),
        "kit": str(kit),
        "room": room,
        "said": [str(file) for file in said],
    }
    assert process.stdin is not None
    process.stdin.write(json.dumps(order).encode() + b"\n")
    _STARTED[:] = [Running(process.stdout, said, order["arguments"])]
    return _STARTED[-1]


def kam(*arguments: str | Path, kit: Path | str = "") -> subprocess.CompletedProcess[str]:
    """Run the command line and return what it came to."""
    if can_fork():
        return start(*arguments, kit=kit).ended()
    other = f"from pathlib import Path; pages.kit_folder = lambda: Path({str(kit)!r})"
    code = (
        f"import sys; from kamlib.report import pages; {other if kit else 'pass'}; "
        "from kamlib.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", cwd=ROOT, check=False
    )


if __name__ == "__main__":
    serve()
