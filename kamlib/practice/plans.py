"""Account plans of a practice company: one TOML text per key account."""

from __future__ import annotations

import json
from datetime import date

import numpy as np

from kamlib.practice.names import CATEGORIES, MANAGERS, RIVALS, SPONSORS
from kamlib.practice.world import World, manager_id

GOALS = (
    "halve unplanned downtime of the main line within two years",
    "move a third of purchasing to electronic orders",
    "open a second plant and supply it from one framework contract",
    "cut the stock of spare parts by a fifth",
)
CULTURE = (
    "engineers decide, purchasing negotiates; punctuality counts more than price",
    "family business; the owner wants to be asked before anything changes",
    "formal tenders every two years; short ways between them",
)
CRITICAL = (
    "delivery on the promised day",
    "one contact who knows the machines",
    "spare parts within 24 hours",
    "documented quality",
)
STRENGTHS = (
    "technical advice valued by engineering",
    "stock within 50 km",
    "electronic catalogue in use",
    "long personal trust",
)
WEAKNESSES = (
    "few contacts above purchasing",
    "late deliveries this year",
    "no price list for the second plant",
    "thin knowledge of their plans",
)
CHANCES = (
    "second plant in planning",
    "competitor has delivery problems",
    "wants fewer suppliers",
    "maintenance contract expires",
)
THREATS = (
    "central purchasing of the group",
    "rival offers consignment stock",
    "new buyer without a history with us",
    "import duties",
)
MISSED = "win back {category} after the lost tender"
WON = "secure {category} with a frame agreement"
GROWTH = "become first supplier for {category}"
ACTIONS = {
    "short": (
        "agree a delivery promise in writing",
        "visit the plant manager",
        "send the quality report of the quarter",
    ),
    "medium": (
        "present a consignment stock",
        "train their maintenance team",
        "propose a group price list",
    ),
    "long": (
        "bring both boards together once a year",
        "plan supply of the new plant",
        "audit of all spare parts",
    ),
}
SPANS = {"short": (60, 180), "medium": (300, 420), "long": (600, 1000)}


def plans(world: World) -> dict[str, str]:
    """Account id → plan text, for the key accounts at the end of the history; two are out of date,
    one is thin.
    """
    rng = world.setting.rng("plans")
    keys = np.flatnonzero(world.is_key)
    yearly = world.revenue_by(range(max(world.setting.months - 12, 0), world.setting.months))
    return {
        world.id(account): _plan(world, int(account), place, float(yearly[account]), rng)
        for place, account in enumerate(keys)
    }


def _plan(world: World, account: int, place: int, yearly: float, rng: np.random.Generator) -> str:
    setting, row = world.setting, world.accounts.iloc[account]
    owner = str(manager_id(np.array([row["manager"]]))[0])
    start_month = 12 * ((setting.months - 1) // 12)
    start = int(setting.month_starts[start_month])
    last = setting.days - 1
    age = 400 if place in (4, 9) else int(rng.integers(100, 190))
    updated = max(last - age, start if place not in (4, 9) else start - 200)
    pick = rng.integers(0, 1000, 12).tolist()
    category = _by_revenue(world, account)
    rhythm = int(rng.integers(2, 5)) if row["manager"] == 0 else int(rng.integers(1, 4))
    meeting = (
        last + int(rng.integers(8, 60)) if row["story"] not in ("late_leaver", "overdue") else None
    )
    parts = [
        _table(
            "",
            account_id=row["account_id"],
            updated=_day(world, min(updated, last)),
            start=_day(world, min(start, updated)),
        ),
        _table(
            "relationship",
            summary=f"Buys mainly {category[0].lower()} and {category[1].lower()}; our main contact is purchasing.",
            rhythm=rhythm,
            next_meeting=None if meeting is None else _day(world, meeting),
        ),
        _table(
            "account",
            goals=GOALS[pick[0] % 4],
            structure="one plant, purchasing and engineering apart"
            if row["parent_id"] != row["parent_id"]
            else "part of a group",
            environment=f"{row['industry']}: orders stable, energy costs high; courted by {RIVALS[pick[1] % 5]}",
            culture=CULTURE[pick[2] % 3] if place % 7 != 5 else None,
            financials=f"profitable, pays {'late' if row['story'] == 'slow_payer' else 'on time'}"
            if place % 5 != 3
            else None,
            critical_to_customer=CRITICAL[pick[3] % 4],
        ),
        _table(
            "swot",
            strengths=_two(STRENGTHS, pick[4]),
            weaknesses=[WEAKNESSES[1], WEAKNESSES[0]]
            if row["story"] == "late_leaver"
            else _two(WEAKNESSES, pick[5]),
            opportunities=_two(CHANCES, pick[6]),
            threats=_two(THREATS, pick[7]) if place != 7 else [],
        ),
        *_objectives(world, owner, min(start, updated), updated, category, yearly, rng),
        _table(
            "programme",
            offer=f"{category[0]} with a fixed price and delivery within 48 hours",
            contact_card=f"{SPONSORS[pick[8] % 4]} meets their management; first contact: {MANAGERS[row['manager']]}",
            coordination="sales, marketing and service meet on the first Monday of the month"
            if place % 3
            else None,
        ),
    ]
    return "\n".join(parts)


def _objectives(
    world: World,
    owner: str,
    start: int,
    updated: int,
    category: list[str],
    yearly: float,
    rng: np.random.Generator,
) -> list[str]:
    texts = []
    for number, (horizon, kind, text) in enumerate(
        zip(SPANS, ("won", "missed", "growth"), (WON, MISSED, GROWTH), strict=True), start=1
    ):
        low, high = SPANS[horizon]
        due = start + int(rng.integers(low, high))
        done = round(
            float(np.clip((updated - start) / (due - start) + rng.normal(0, 0.15), 0, 1)), 1
        )
        closed = (
            due - int(rng.integers(0, 20)) if horizon == "short" and rng.random() < 0.6 else None
        )
        closed = closed if closed is not None and start < closed <= updated else None
        done = 1.0 if closed is not None else min(done, 0.9)
        value = float(np.round(max(yearly, 20000.0) * rng.uniform(0.03, 0.12), -2))
        texts.append(
            _table(
                "[objectives]",
                id=f"O{number}",
                horizon=horizon,
                kind=kind,
                text=text.format(category=category[(0, 3, 6)[number - 1]].lower()),
                owner=owner,
                due=_day(world, due),
                target=value,
                done=done,
                expected_value=value,
                closed=None if closed is None else _day(world, closed),
                lesson="start earlier: their budget is decided in May"
                if closed is not None
                else None,
                progress=_progress(world, done, start, updated if closed is None else closed),
            )
        )
    return texts + _actions(world, owner, start, updated, rng)


def _actions(
    world: World, owner: str, start: int, updated: int, rng: np.random.Generator
) -> list[str]:
    actions: list[str] = []
    for number, horizon in enumerate(SPANS, start=1):
        for step in range(2):
            text = ACTIONS[horizon][(int(rng.integers(0, 3)) + step) % 3]
            due = start + int(rng.integers(*SPANS[horizon]))
            done = (
                1.0
                if due < updated and rng.random() < 0.75
                else round(float(rng.integers(0, 6)) / 10, 1)
            )
            is_logged = (
                step == 0
            )  # the first step of each horizon is followed up, the second only at the end
            actions.append(
                _table(
                    "[actions]",
                    id=f"A{len(actions) + 1}",
                    objective=f"O{number}",
                    horizon=horizon,
                    text=text,
                    owner=owner,
                    due=_day(world, due),
                    done=done,
                    progress=_progress(world, done, start, min(updated, due))
                    if is_logged
                    else None,
                )
            )
    return actions


def _progress(world: World, done: float, start: int, until: int) -> list[dict[str, object]] | None:
    """How far an objective or action was at three days between the plan's start and its last
    change.
    """
    if done == 0 or until - start < 30:
        return None
    steps = ((0.35, 0.3), (0.7, 0.7), (1.0, 1.0))
    return [
        {"date": _day(world, start + int(part * (until - start))), "done": round(done * share, 2)}
        for part, share in steps
    ]


def _by_revenue(world: World, account: int) -> list[str]:
    """The categories in the order in which the account buys them."""
    own = world.lines[world.lines["account"] == account]
    bought = np.bincount(own["product"].to_numpy() // 6, own["revenue"].to_numpy(), len(CATEGORIES))
    return [CATEGORIES[n] for n in np.argsort(-bought, kind="stable")]


def _two(texts: tuple[str, ...], start: int) -> list[str]:
    return [texts[start % len(texts)], texts[(start + 1) % len(texts)]]


def _day(world: World, day: int) -> date:
    found: date = world.setting.date(day)[0].date()
    return found


def _table(name: str, /, **values: object) -> str:
    """A TOML table; fields that are None are left out, as an honest plan leaves blank what nobody
    knows.
    """
    lines = [f"{key} = {toml_value(value)}" for key, value in values.items() if value is not None]
    return "\n".join([*([f"[{name}]"] if name else []), *lines, ""])


def toml_value(value: object) -> str:
    """A value as TOML text.

    >>> toml_value([1.5, "ü", {"done": 0.2}])
    '[1.5, "ü", {done = 0.2}]'
    """
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
