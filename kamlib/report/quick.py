"""Loading notebooks' libraries without what no report needs of them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

_SLOW = "rfc3987_syntax"
"""Builds a grammar of international addresses when it is loaded, for as long as all else takes;
jsonschema, which comes with nbformat, asks for it, and no notebook's schema has such an address."""


@contextlib.contextmanager
def quick_import() -> Iterator[None]:
    """Load what is imported inside without the slow part."""
    is_hidden = _SLOW not in sys.modules
    if is_hidden:
        sys.modules[_SLOW] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if is_hidden:
            del sys.modules[_SLOW]
