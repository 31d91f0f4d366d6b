"""How many examples a property is tried on: few in `make test`, many in `make soak`, which asks for
the profile of that name.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings

settings.register_profile("short", max_examples=20, deadline=None)
settings.register_profile("soak", max_examples=1000, deadline=None)
settings.load_profile("short")

_SHARE = 5


def cheap(**options: Any) -> settings:
    """Return the settings of a property that is tried in milliseconds."""
    return settings(**options)


def dear(**options: Any) -> settings:
    """Return the settings of a property of which an example takes long: a fifth of the examples."""
    return settings(max_examples=settings.default.max_examples // _SHARE, **options)
