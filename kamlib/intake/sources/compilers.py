"""What ibis writes statements with, loaded engine by engine.

To import ibis's compilers loads those of twenty engines, and every dialect that they write, of
which a book's own engine needs one: a sixth of the time that a command takes to start.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any

_ALL = "ibis.backends.sql.compilers"


def load_when_asked() -> None:
    """Have each of ibis's compilers loaded when it is asked for; once they are, nothing is done."""
    spec = None if _ALL in sys.modules else find_spec(_ALL)
    if spec is None:
        return
    package = module_from_spec(spec)
    package.__dict__["__getattr__"] = _compiler
    sys.modules[_ALL] = package
    parent, _, name = _ALL.rpartition(".")
    setattr(sys.modules[parent], name, package)


def _compiler(name: str) -> Any:
    """Return a module of compilers, or a compiler by the name of its class."""
    module = name.removesuffix("Compiler").lower()
    if name.startswith("_") or find_spec(f"{_ALL}.{module}") is None:
        raise AttributeError(name)
    found = import_module(f"{_ALL}.{module}")
    return found if name == module else getattr(found, name)
