"""The book.toml of a practice company: it uses or explains every setting that there is."""

from __future__ import annotations

import tomllib

from kamlib.practice.material import FOLDER


def book_text(size: float = 1.0) -> str:
    """The book.toml, with every setting used or explained.

    `size`: how large an account is on average, as a multiple of Meridian's; the limits of the
    margin go with it.
    """
    text = (FOLDER / "book.toml").read_text(encoding="utf-8")
    criteria = {one["name"]: one for one in tomllib.loads(text)["scoring"]["criteria"]}
    limits = criteria["margin"]["anchors"]
    scaled = ", ".join(f"{float(f'{limit * size:.2g}'):.10g}" for limit in limits)
    return text.replace(", ".join(map(str, limits)), scaled)
