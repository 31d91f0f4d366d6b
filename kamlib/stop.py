"""What stops a run from outside: said once, and heard at the next step where a library lost it.

A signal becomes an error wherever the main thread happens to be. There a library may take it for a
failure of its own and go on; so a run also asks between its steps.
"""

from __future__ import annotations

from typing import NoReturn

from kamlib.errors import KamError

_SAID: list[StoppedError] = []


class StoppedError(KamError):
    """The whole run was ended, from outside or by its deadline: nothing of it goes on."""


def stop(error: StoppedError) -> NoReturn:
    """Stop the run that is under way.

    Raises
    ------
    StoppedError
        The one given.
    """
    _SAID.append(error)
    raise error


def heed() -> None:
    """Go on, where nothing has stopped the run.

    Raises
    ------
    StoppedError
        It was stopped.
    """
    if _SAID:
        raise _SAID[0]


def forget() -> None:
    """Let the next run begin: what stopped this one is over."""
    _SAID.clear()
