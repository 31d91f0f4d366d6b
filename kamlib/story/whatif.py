"""What other settings would change, in one sentence."""

from __future__ import annotations

import pandas as pd

from kamlib.words import count, listed, say, started


def headline_what_if(moves: pd.DataFrame) -> str:
    """Say who would enter and leave which list.

    >>> moves = pd.DataFrame({"list": ["lost"], "change": ["enters"], "name": ["Alder"]})
    >>> headline_what_if(moves)
    'On the list "lost" Alder enters.'
    """
    if moves.empty:
        return say("Nobody enters or leaves a list: these settings change nothing that matters.")
    parts = []
    for name, rows in moves.groupby("list", sort=False):
        said = []
        for change, names in rows.groupby("change", sort=False)["name"]:
            verb = str(change)
            who = listed(list(names)) if len(names) <= 3 else count(len(names), "account")
            said.append(f"{who} {verb if len(names) == 1 else verb.removesuffix('s')}")
        parts.append(say('on the list "{name}" {said}', name=name, said=listed(said)))
    return f"{started('; '.join(parts))}."
