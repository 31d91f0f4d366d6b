"""One site per manager in one run."""

from __future__ import annotations

from dataclasses import replace

from kamlib.errors import KamError
from kamlib.report.request import Request

EVERY = "all"
"""What may be said for a manager beside an id."""


def each_manager(request: Request) -> list[Request]:
    """Return a request per manager that has an account, where every one is asked for; else itself.

    Raises
    ------
    KamError
        No account of the book has a manager.
    """
    if request.manager_id != EVERY:
        return [request]
    from kamlib.period.snapshot import open_period

    accounts = open_period(request.book).accounts
    managers = sorted(accounts["manager_id"].dropna().unique())
    if not managers:
        raise KamError(
            "No account of the book has a manager.",
            where="manager_id",
            next="Add manager_id to accounts or to orders, or leave the option out.",
        )
    return [replace(request, manager_id=str(one)) for one in managers]
