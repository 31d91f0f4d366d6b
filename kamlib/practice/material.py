"""What a practice company is made of: names, goods, people's words and figures, from ``data``."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data"


@cache
def material(name: str) -> dict[str, Any]:
    """Return the content of ``data/<name>.toml``, read once."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


_GOODS, _NAMES = material("goods"), material("names")

CATEGORIES = [one["name"] for one in _GOODS["categories"]]
PRODUCTS = [product for one in _GOODS["categories"] for product in one["products"]]
"""Name and list price, category by category."""

PER_CATEGORY = len(PRODUCTS) // len(CATEGORIES)
RIVALS, SEASON_OF_MONTH = _GOODS["rivals"], _GOODS["season"]
COUNTRIES = list(_NAMES["countries"])
FAMILIES = {code: one["families"] for code, one in _NAMES["countries"].items()}
LEGAL_FORMS = {code: one["legal_form"] for code, one in _NAMES["countries"].items()}
MANAGERS = [one["name"] for one in _NAMES["managers"]]
SPONSORS, TRADES = _NAMES["sponsors"], _NAMES["trades"]


def region_of(country: str) -> str:
    """Return the sales region of a country; those without one of their own are ``Export``."""
    return str(_NAMES["countries"].get(country, {}).get("region", "Export"))
