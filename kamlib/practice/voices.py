"""What clients asked for, and what happened to them; a random stream of their own."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.practice.world import World

TOPICS = {
    "delivery time": "shorter delivery times",
    "invoice": "one invoice a month",
    "stock": "stock kept for us",
    "catalogue": "our item numbers in the catalogue",
    "training": "training of our staff",
}
EVENTS = {
    "strategy": "new strategy announced",
    "expansion": "a second plant opened",
    "lay-offs": "staff cut by a tenth",
    "merger": "bought by a larger group",
    "new buyer": "a new head of purchasing",
}


def feedback(world: World) -> pd.DataFrame:
    """One row per thing that a client asked for: most are answered within days."""
    setting, rng = world.setting, world.setting.rng("voices")
    known = np.flatnonzero(np.isfinite(world.first_day))
    rows = []
    for account in known:
        for _ in range(rng.poisson(1.2)):
            first, last = world.first_day[account], world.last_day[account]
            day = int(rng.integers(first, max(last, first) + 1))
            topic = str(rng.choice(list(TOPICS)))
            answered = day + int(rng.integers(1, 15)) if rng.random() < 0.85 else np.nan
            settled = answered + int(rng.integers(5, 60)) if rng.random() < 0.8 else np.nan
            score = float(rng.integers(4, 11))
            rows.append((world.id(account), day, topic, TOPICS[topic], answered, settled, score))
    columns = ["account_id", "date", "topic", "asked", "answered_date", "settled_date", "score"]
    table = pd.DataFrame(rows, columns=columns).sort_values(["date", "account_id"], kind="stable")
    for name in ("date", "answered_date", "settled_date"):
        days = table[name].to_numpy(dtype=float)
        table[name] = setting.date(np.where(days < setting.days, days, np.nan))
    return table.reset_index(drop=True)


def account_events(world: World) -> pd.DataFrame:
    """One row per thing that happened at a client; nothing follows from them here."""
    setting, rng = world.setting, world.setting.rng("voices")
    rng.random(10_000)  # far from what feedback drew
    known = np.flatnonzero(np.isfinite(world.first_day))
    rows = []
    for account in known:
        if rng.random() < 0.35:
            kind = str(rng.choice(list(EVENTS)))
            day = int(rng.integers(world.first_day[account], setting.days))
            rows.append((world.id(account), day, kind, EVENTS[kind]))
    table = pd.DataFrame(rows, columns=["account_id", "date", "kind", "note"])
    table = table.sort_values(["date", "account_id"], kind="stable").reset_index(drop=True)
    return table.assign(date=setting.date(table["date"].to_numpy(dtype=float)))
