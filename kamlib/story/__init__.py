"""Story: every sentence that the kit says, made from the facts that analysis returns.

One module per area. ``tell_<table>`` makes the sentence columns of a table, ``table_<table>`` its
title where the title is a finding, ``chart_<x>`` what stands over ``plot_<x>``, ``headline_<page>``
the first screen. Their parameters are named for what they take, so a period can call them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from inspect import getmembers, isfunction
from pkgutil import iter_modules
from typing import Any

from kamlib.story.explained import explained
from kamlib.story.statements import Action, Card, Point, Said, Sentence

__all__ = ["Action", "Card", "Point", "Said", "Sentence", "explained", "said_of", "teller"]


def said_of(name: str) -> Callable[..., Any] | None:
    """Return the function of a story's name, such as ``chart_pareto``; None where there is none."""
    return _stories().get(name)


def teller(table: str) -> Callable[..., Any] | None:
    """Return the function that makes the sentence columns of a table; None where it has none."""
    return said_of(f"tell_{table}")


@cache
def _stories() -> dict[str, Callable[..., Any]]:
    found: dict[str, Callable[..., Any]] = {}
    for module in iter_modules(__path__):
        content = import_module(f"{__name__}.{module.name}")
        for name, function in getmembers(content, isfunction):
            if function.__module__ == content.__name__ and not name.startswith("_"):
                found[name] = function
    return found
