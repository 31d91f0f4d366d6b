"""What ``kam report`` is asked for, and what of it can be refused before the book is read."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from kamlib.errors import KamError, nearest
from kamlib.page.names import page_name
from kamlib.report.site import MODES

if TYPE_CHECKING:
    from kamlib.intake import Intake

WORDS = ("key", "all", "none")
"""What may be said for accounts beside ids."""


@dataclass(frozen=True)
class Request:
    """What ``kam report`` is asked for; ``manager_id`` None is the whole book, and an empty one is
    refused.
    """

    book: Path
    periods: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    accounts: str = "key"
    manager_id: str | None = None
    out: Path = Path("reports")
    jobs: int = 2
    force: bool = False
    timeout: int = 600
    pdf: bool = False
    deadline: int = 4 * 3600
    keep_going: bool = False
    digest: bool = False
    mode: str = "owner"
    status: Path | None = None
    thaw: bool = False


def check_words(request: Request) -> None:
    """Refuse a request whose words cannot be meant.

    Raises
    ------
    KamError
        Something is left empty, or holds signs that are no part of it, or names what does not fit
        the rest.
    """
    options = {
        "--manager": (request.manager_id,),
        "--accounts": (request.accounts,),
        "--only": request.only,
        "--period": request.periods,
    }
    for option, given in options.items():
        for text in given:
            if text is not None:
                _check_text(option, text)
    _check_accounts(request)


def in_own_folder(request: Request) -> Request:
    """Return a request whose site is a folder of its own, where it is for one manager."""
    if not request.manager_id:
        return request
    folder = next(iter(page_name([request.manager_id]).values()))
    return replace(request, out=request.out / f"manager-{folder}")


def _check_text(option: str, text: str) -> None:
    visible = [sign for sign in text if unicodedata.category(sign)[0] not in "CZ"]
    if not visible:
        raise KamError(
            f"{option} is empty.",
            where=f"{option} '{text}'",
            next="Nothing was started. Give it a value (is a variable of your script empty?), "
            "or leave the option out.",
        )
    if text != text.strip() or any(unicodedata.category(sign) in _CONTROL for sign in text):
        raise KamError(
            f"{option} holds a blank at an end, a line break or a sign that cannot be seen.",
            where=f"{option} {text!a}",
            next="Write it without.",
        )
    if option == "--period" and not text.isascii():
        raise KamError(
            f"'{text}' is not a period.",
            where=option,
            next="Write it with the digits 0 to 9: 2025-Q3.",
        )


_CONTROL = {"Cc", "Zl", "Zp"}


def _check_accounts(request: Request) -> None:
    if request.accounts in WORDS:
        return
    if request.only and "dossiers" not in request.only:
        raise KamError(
            "Accounts are named, and the dossiers that are made of them are not asked for.",
            where=f"--accounts {request.accounts}, --only {' '.join(request.only)}",
            next="Add --only dossiers, or leave --accounts out.",
        )
    if not ids(request.accounts):
        raise KamError(
            "No account is named.", where="--accounts", next="Say key, all, none, or ids: A1,A2."
        )


def ids(choice: str) -> list[str]:
    """Return the ids of a list with commas, once each.

    >>> ids("A1, A2,,A1")
    ['A1', 'A2']
    """
    return list(dict.fromkeys(part.strip() for part in choice.split(",") if part.strip()))


def check_account(account: str, known) -> None:
    """Refuse an account that is not known, and name the nearest."""
    if account in WORDS and account not in known:
        raise KamError(
            f"'{account}' is a word for accounts and stands alone.",
            where="--accounts",
            next="Say key, all or none, or ids: A1,A2.",
        )
    if account not in known:
        raise KamError(
            f"'{account}' is not an account of the book.",
            where="--accounts",
            next=nearest(account, [*known, *WORDS]),
        )


def check_known(choice: str, intake: Intake) -> None:
    """Refuse accounts that no table of the book knows, before anything is made."""
    orders = intake.orders
    used = orders.filter(orders["_reason"].isnull()).select("account_id").distinct().to_pandas()
    known = {*used["account_id"], *intake.frames["accounts"]["account_id"]}
    if choice not in known:  # an id may hold a comma
        for account in ids(choice):
            check_account(account, known)


def check_place(request: Request) -> None:
    """Refuse a site inside the book, where nothing can be written, or for readers of no kind.

    Raises
    ------
    KamError
        Says why.
    """
    if request.mode not in MODES:
        raise KamError(
            f"'{request.mode}' is no mode.", where="--mode", next=f"Say {', '.join(MODES)}."
        )
    if request.status is not None and (
        os.path.isdir(request.status) or not os.path.isdir(request.status.absolute().parent)
    ):
        raise KamError(
            "The health file cannot be there.",
            where=f"--status {str(request.status)[:100]}",
            next="Name a file in a folder that is there.",
        )
    out = request.out
    try:
        place, book = out.resolve(), request.book.resolve()
        there = next(folder for folder in (place, *place.parents) if folder.exists())
    except (OSError, ValueError, RuntimeError) as error:
        raise KamError(
            f"No folder can have this name: {getattr(error, 'strerror', None) or error}.",
            where=f"--out {str(out)[:100]}",
            next="Name another folder.",
        ) from error
    if place == book or book in place.parents:
        raise KamError(
            "The reports would stand inside the book, whose files they are made from.",
            where=f"--out {out}",
            next="Name a folder outside of it.",
        )
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return
    raise KamError(
        "The folder cannot be written to."
        if there.is_dir()
        else "There is a file where a folder is needed.",
        where=f"--out {out}: {there}",
        next="Name another folder after --out, or mend its permissions.",
    )
