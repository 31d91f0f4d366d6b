"""Analysis kit for key account management.

``import kamlib as kam`` gives a notebook everything by name: ``kam.open_period``, ``kam.page``,
``kam.plots`` and every calculation. Modules are loaded when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HALL = {"open_period": "period"}
_MODULES = ("page", "plots", "story", "practice")


def _calculations() -> dict[str, str]:
    from kamlib.period.graph import calculations

    return calculations()


def __getattr__(name: str) -> Any:
    """Return a module, ``open_period``, or the calculation of that name, loading its module."""
    if name.startswith("_"):
        raise AttributeError(name)
    if name in _MODULES:
        return import_module(f"kamlib.{name}")
    module = _HALL.get(name) or _calculations().get(name)
    if module is None:
        from kamlib.errors import nearest

        raise AttributeError(f"kamlib has nothing named '{name}'. {nearest(name, __dir__())}")
    return getattr(import_module(f"kamlib.{module}"), name)


def __dir__() -> list[str]:
    """List what the kit offers: the calculations, the plots, pages, and how to open a period."""
    return sorted({*_HALL, *_MODULES, *_calculations(), "__version__"})
