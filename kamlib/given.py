"""What was typed on the command line: refused where nobody means it, errors told in its words."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from pathlib import Path

import typer

from kamlib.errors import KamError

_OPTIONS = {"period": "--period", "manager_id": "--manager", "accounts": "--accounts"}
"""Parameter of a notebook → option of the command line, for messages."""


def is_json(given: list[str]) -> bool:
    """Return whether the log is asked for as lines for machines."""
    return "--log=json" in given or ("--log", "json") in pairwise(given)


def check_given(given: list[str]) -> None:
    """Refuse words that are empty (an unset variable of a script) or hold signs nobody types."""
    for before, word in pairwise(["", *given]):
        option, sign, value = word.partition("=")
        is_option = word.startswith("--") and bool(sign)
        name, text = (option, value) if is_option else (before, word)
        where = name if name.startswith("--") else f"the word after '{name}'" if name else "kam"
        if not any(unicodedata.category(letter)[0] not in "CZ" for letter in text):
            raise KamError(
                f"{where} is empty.",
                where=f"kam {' '.join(given[:1])}",
                next="Nothing was started. Give it a value (is a variable of your script empty?), "
                "or leave it out.",
            )
        if any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") for letter in text):
            raise KamError(
                f"{where} holds a line break or a sign that cannot be seen.",
                where=ascii(text)[:100],
                next="Write it without.",
            )


def plain_error(error: BaseException, given: list[str]) -> KamError:
    """Return an error in plain words, whatever it was."""
    if isinstance(error, KamError):
        for parameter, option in _OPTIONS.items():
            error.where = re.sub(rf"^{parameter}\b( =)?", option, error.where)
        return error
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        next_ = "What was published before is unchanged."
        return KamError("The run was stopped.", next=next_, exit_code=1)
    if hasattr(error, "format_message"):  # a mistake in the request, found by the command line
        command = f"kam {' '.join(given[:1])}".strip()
        books = [word for word in given[1:] if (Path(word) / "book.toml").is_file()]
        named = f"{command} --book {books[0]}" if books and "--book" not in given else ""
        next_ = f"Name the book so: {named}" if named else f"{command} --help lists the options."
        return KamError(error.format_message(), next=next_)
    return KamError(
        f"Something went wrong that the kit does not know: {type(error).__name__}: {error}",
        next="Run again with --debug and report what it shows. "
        "What was published before is unchanged.",
        exit_code=1,
    )
