"""A deadline for a whole run: past it the run ends in order, and at once where it cannot."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator

from kamlib.stop import StoppedError, forget, stop

_GRACE = 60
"""Seconds that a run may take to end in order after its deadline."""


@contextlib.contextmanager
def deadline(seconds: float, grace: float = _GRACE) -> Iterator[None]:
    """Raise in the main thread when the block takes longer; end the process where that is no use.

    A library that waits inside the system (for the other end of a pipe, say) cannot be interrupted
    by an error; ``grace`` seconds later the process ends, and the next clears what it leaves.

    Raises
    ------
    KamError
        The block took longer.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # elsewhere nothing can be interrupted; the owner of the thread has its own deadline
        return
    is_late, is_over = threading.Event(), threading.Event()
    late = StoppedError(
        f"The run took longer than {seconds:g} seconds, which is its deadline.",
        where="--deadline",
        next="What was published before is unchanged. Look at what the last step waits for, "
        "or allow it more time.",
        exit_code=1,
    )

    def watch() -> None:
        if is_over.wait(seconds):
            return
        is_late.set()
        if hasattr(signal, "pthread_kill") and main.ident is not None:
            signal.pthread_kill(main.ident, _SIGNAL)
        else:
            signal.raise_signal(_SIGNAL)
        if not is_over.wait(grace):
            sys.stderr.write(f"{late}\n")
            sys.stderr.flush()
            os._exit(late.exit_code)

    def end(*_: object) -> None:
        if not is_over.is_set():
            stop(late)

    main = threading.main_thread()
    before = signal.signal(_SIGNAL, end)
    threading.Thread(target=watch, name="deadline", daemon=True).start()
    try:
        yield
    except BaseException:
        if is_late.is_set():
            raise late from None
        raise
    finally:
        is_over.set()
        if is_late.is_set():
            forget()
        signal.signal(_SIGNAL, before)


_SIGNAL = getattr(signal, "SIGALRM", signal.SIGINT)
