"""A slip of the pen in a cell, answered in words and not by a traceback."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import pandas as pd

from kamlib.errors import KamError, nearest

SLIPS = (NameError, SyntaxError, AttributeError, KeyError, TypeError)
_FORMS = (
    'Text stands between straight quotes, as "Ada"; a decimal has a point and no percent sign, '
    "0.42 for 42 %; a bracket that opens is closed; a folder is written with / and not with \\."
)


def slip(error: BaseException, names: set[str], trail: TracebackType | None = None) -> str:
    """Return what a learner needs to hear of an error in a cell; nothing where it is another's.

    Parameters
    ----------
    error
        What Python raised.
    names
        The names that the notebook knows.
    trail
        Where it was raised.

    Examples
    --------
    >>> from kamlib.training.slip import slip
    >>> print(slip(NameError("", name="chek"), {"check"}))
    Nothing is called `chek` here.
      Next:  Did you mean 'check'?
    """
    if isinstance(error, SyntaxError):
        where = f"line {error.lineno}" if error.lineno else ""
        line = (error.text or "").strip()
        what = f"Python cannot read `{line}`." if line else "Python cannot read this cell."
        return str(KamError(what, where=where, next=_FORMS))
    if isinstance(error, NameError) and _depth(trail) <= 1:
        return str(KamError(f"Nothing is called `{error.name}` here.", next=_name(error, names)))
    if isinstance(error, AttributeError) and error.obj is None and _depth(trail) <= 1:
        return str(
            KamError(
                f"There is nothing yet that has `{error.name}`.",
                next='Put your name into `mine = start("")` and run that cell, then this one.',
            )
        )
    frame = _frame(trail)
    if isinstance(error, KeyError | AttributeError) and frame is not None:
        column = str(error.name if isinstance(error, AttributeError) else error.args[0])
        said = nearest(column, map(str, frame.columns))
        return str(KamError(f"The table has no column '{column}'.", next=said))
    if isinstance(error, AttributeError) and type(error.obj).__name__ == "Period":
        return str(error)
    if str(error) == "'Period' object is not subscriptable":
        return str(
            KamError("A period's table is named after a point.", next="For example mine.accounts")
        )
    return ""


def listen(shell: Any) -> None:
    """Let a notebook's shell answer slips in words; every other error is shown as ever."""

    def answer(
        shell: Any, kind: type, error: BaseException, trail: Any, tb_offset: int | None = None
    ) -> None:
        said = slip(error, set(shell.user_ns), trail)
        if said:
            shell.showtraceback((KamError, KamError(said), None))
        else:
            shell.showtraceback((kind, error, trail), tb_offset=tb_offset)

    shell.set_custom_exc(SLIPS, answer)


def _name(error: NameError, names: set[str]) -> str:
    said = nearest(str(error.name), {one for one in names if not one.startswith("_")})
    if said.startswith("Did you mean"):
        return said
    return (
        "If a cell above makes it, run that cell first. If it is text, it stands between quotes: "
        f'"{error.name}".'
    )


def _depth(trail: TracebackType | None) -> int:
    """Count the places of a trail from the cell on; the shell's own is not counted."""
    depth = 0
    while trail is not None:
        depth += "interactiveshell" not in trail.tb_frame.f_code.co_filename
        trail = trail.tb_next
    return depth


def _frame(trail: TracebackType | None) -> pd.DataFrame | None:
    """Return the table that was asked from the cell itself."""
    found, asked_by = None, ""
    while trail is not None:
        owner = trail.tb_frame.f_locals.get("self")
        name = trail.tb_frame.f_code.co_filename
        if isinstance(owner, pd.DataFrame) and "kamlib" not in asked_by:
            found = owner
        asked_by, trail = name, trail.tb_next
    return found
