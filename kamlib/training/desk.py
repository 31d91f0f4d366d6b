"""What a learner calls in a notebook; each call shows one short paragraph."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from IPython import get_ipython
from IPython.display import Markdown, display

from kamlib.errors import KamError, nearest
from kamlib.period import Period
from kamlib.training.certificate import certificate_page
from kamlib.training.exercise import Exercise, form_of
from kamlib.training.exercises import EXERCISES
from kamlib.training.learner import Learner, learner
from kamlib.words import count

_HERE: list[Learner] = []
_TAKEN: Counter[str] = Counter()
"""Hints taken before somebody said who they are."""
_WHO = 'Say who you are first: `mine = start("Your name")`, then run this cell again.'
_WHOSE = "Asked is your own company, which answers as `mine`; `q` is the sample book."


def start(name: str) -> Period | None:
    """Begin, or go on: return the period of the practice company made for this name.

    The company is written to the folder ``my-training`` beside the notebook, once. Nobody else has
    the same one, and its truth is not in the folder.

    Examples
    --------
    >>> from kamlib.training import start
    >>> mine = start("Ada Lind")    # doctest: +SKIP
    """
    _HERE.clear()
    name = str(name)
    if not name.strip():
        _say('Put your name between the quotes and run this cell again: `start("Ada Lind")`.')
        return None
    _HERE.append(learner(name))
    if not _HERE[0].has_company:
        _say(
            "One moment: your company is being made, once, which may take a minute. While `[*]` "
            "stands beside the cell, it is at work."
        )
    known = _HERE[0].known
    done = sum(entry["is_right"] for entry in _HERE[0].progress.values())
    accounts = count(len(known.q.accounts), "account")
    _say(
        f"Welcome, {name.strip()}. Your company has {accounts}; no one else has the same. "
        f"{done} of {len(EXERCISES)} exercises are solved."
    )
    return known.q


def ask(exercise: str) -> None:
    """Show the question of an exercise, and how the answer is to be given.

    Examples
    --------
    >>> from kamlib.training import ask
    >>> ask("3a")    # doctest: +SKIP
    """
    one = _exercise(exercise)
    _say(f"**Exercise {one.id}.** {one.question} *Give {form_of(one.kind)}.*")


def hint(exercise: str = "") -> None:
    """Show the next hint for an exercise; there are three, the last one nearly solves it.

    Without an exercise: for the one that was tried last, or the first that is not solved yet.

    Examples
    --------
    >>> from kamlib.training import hint
    >>> hint("3a")    # doctest: +SKIP
    """
    asked = exercise or (_HERE[0].at if _HERE else next(iter(EXERCISES)))
    if not asked:
        _say("Everything is solved: `certificate()` says so.")
        return
    one = _exercise(asked)
    if _HERE:
        said = _HERE[0].hint(one.id)
    else:
        said = one.hints[min(_TAKEN[one.id], len(one.hints) - 1)]
        _TAKEN[one.id] += 1
    _say(said if exercise else f"**Exercise {one.id}.** {said}")


def check(exercise: str, answer: Any = None, *more: Any) -> None:
    """Say whether an answer is right, and why; right answers are kept.

    ``more`` is what a decimal comma leaves over.

    Examples
    --------
    >>> from kamlib.training import check
    >>> check("3a", 7)    # doctest: +SKIP
    """
    one = _exercise(exercise)
    if more:
        _say(
            f"This is more than one answer: a decimal has a point, not a comma. "
            f"Give {form_of(one.kind)}."
        )
    elif answer is None or answer is ... or (isinstance(answer, str) and not answer.strip()):
        _say(f'Not answered yet. Put your answer in place of `None`; `hint("{one.id}")` helps.')
    elif not _HERE:
        _say(_WHO)
    else:
        verdict = _HERE[0].check(one.id, answer)
        said = f"{'✓ **Right.**' if verdict.is_right else '✗ **Not right.**'} {verdict.text}"
        is_named = verdict.is_right or verdict.mistake or not verdict.is_read
        _say(said if is_named or "mine" in _cell() else f"{said} {_WHOSE}")


def certificate() -> Path | None:
    """Write the page that says what was shown, and say where it is.

    Examples
    --------
    >>> from kamlib.training import certificate
    >>> certificate()    # doctest: +SKIP
    """
    if not _HERE:
        _say(_WHO)
        return None
    file = _HERE[0].folder / "certificate.html"
    file.write_text(certificate_page(_HERE[0]), encoding="utf-8")
    left = [one for one in EXERCISES if not _HERE[0].progress.get(one, {}).get("is_right")]
    said = f"Still open: {', '.join(left)}." if left else "Everything is solved."
    _say(f"{said} The page is `{file}`: open it, print it.")
    return file


def _exercise(name: str) -> Exercise:
    name = str(name).strip().lower()
    if name not in EXERCISES:
        raise KamError(
            f"There is no exercise '{name}'.", where="training", next=nearest(name, EXERCISES)
        )
    return EXERCISES[name]


def _cell() -> str:
    """Return what stands in the cell that is run; nothing outside of a notebook."""
    shell = get_ipython()  # type: ignore[no-untyped-call]
    return str(shell.user_ns["In"][-1]) if shell else ""


def _say(text: str) -> None:
    display(Markdown(text))
