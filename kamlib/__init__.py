"""Analysis kit for key account management.

``import kamlib as kam`` gives a notebook everything by name: ``kam.open_period`` and every
calculation of the sub-packages below. Modules are loaded when first used.
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

_MODULES = (
    "page",
    "plots",
    "segmentation",
    "scoring",
    "retention",
    "btyd",
    "dossier",
    "programme",
    "overview",
    "practice",
)
_CALCULATIONS = ("segmentation", "scoring", "retention", "btyd", "dossier", "programme", "overview")


def __getattr__(name: str) -> object:
    """Return a module, ``open_period``, or the calculation of that name, loading its module."""
    if name.startswith("_"):
        raise AttributeError(name)
    if name in _MODULES:
        return import_module(f"kamlib.{name}")
    if name == "open_period":
        from kamlib.period.snapshot import open_period

        return open_period
    for module in _CALCULATIONS:
        found = getattr(import_module(f"kamlib.{module}"), name, None)
        if found is not None:
            return found
    raise AttributeError(f"kamlib has nothing named '{name}'.")
