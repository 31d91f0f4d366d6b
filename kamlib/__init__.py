"""Analysis kit for key account management.

``import kamlib as kam`` gives a notebook everything by name: ``kam.open_period``, ``kam.page``,
every calculation and every plot. Modules are loaded when first used; ``__init__.pyi``, made by
``python -m kamlib.dictionary``, tells editors what there is.
"""

from typing import Any

import lazy_loader

__version__ = "0.1.0"

_load, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    """Return what is public under a name, or say which name is near."""
    if name.startswith("_") or name in __all__:
        return _load(name)
    from kamlib.errors import nearest

    raise AttributeError(f"kamlib has nothing named '{name}'. {nearest(name, __all__)}")
