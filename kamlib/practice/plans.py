"""Account plans of a practice company: one TOML text per key account."""

from __future__ import annotations

import json
from datetime import date

import numpy as np

from kamlib.practice.material import CATEGORIES, MANAGERS, PER_CATEGORY, RIVALS, SPONSORS, material
from kamlib.practice.world import World, manager_id

SAYS = material("plans")
PLACES = (0, 3, 6)
"""Which category, by revenue, the objective of each horizon is about."""
MEASURED = "long"
"""The horizon whose objective data track, in the first plan."""


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
    is_tracked = tracked(world) == (account, category[PLACES[-1]])
    measured = _measured(world, account, category[PLACES[-1]], start) if is_tracked else {}
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
            summary=SAYS["summary"].format(first=category[0].lower(), second=category[1].lower()),
            rhythm=rhythm,
            next_meeting=None if meeting is None else _day(world, meeting),
        ),
        _table(
            "account",
            goals=SAYS["goals"][pick[0] % 4],
            structure=SAYS["structure"][
                "alone" if row["parent_id"] != row["parent_id"] else "grouped"
            ],
            environment=SAYS["environment"].format(
                industry=row["industry"], rival=RIVALS[pick[1] % 5]
            ),
            culture=SAYS["culture"][pick[2] % 3] if place % 7 != 5 else None,
            financials=SAYS["financials"]["slow" if row["story"] == "slow_payer" else "prompt"]
            if place % 5 != 3
            else None,
            critical_to_customer=SAYS["critical"][pick[3] % 4],
        ),
        _table(
            "swot",
            strengths=_two(SAYS["strengths"], pick[4]),
            weaknesses=SAYS["weaknesses"][1::-1]
            if row["story"] == "late_leaver"
            else _two(SAYS["weaknesses"], pick[5]),
            opportunities=_two(SAYS["chances"], pick[6]),
            threats=_two(SAYS["threats"], pick[7]) if place != 7 else [],
        ),
        *_objectives(world, owner, min(start, updated), updated, category, yearly, rng, measured),
        _table(
            "programme",
            offer=SAYS["offer"].format(first=category[0]),
            contact_card=SAYS["contact_card"].format(
                sponsor=SPONSORS[pick[8] % 4], manager=MANAGERS[row["manager"]]
            ),
            coordination=SAYS["coordination"] if place % 3 else None,
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
    measured: dict[str, object],
) -> list[str]:
    texts = []
    for number, (horizon, one) in enumerate(SAYS["objectives"].items(), start=1):
        due = start + int(rng.integers(*one["due_days"]))
        done = round(
            float(np.clip((updated - start) / (due - start) + rng.normal(0, 0.15), 0, 1)), 1
        )
        closed = (
            due - int(rng.integers(0, 20)) if horizon == "short" and rng.random() < 0.6 else None
        )
        closed = closed if closed is not None and start < closed <= updated else None
        done = 1.0 if closed is not None else min(done, 0.9)
        value = float(np.round(max(yearly, 20000.0) * rng.uniform(0.03, 0.12), -2))
        steps = _progress(world, done, start, updated if closed is None else closed)
        told: dict[str, object] = {"target": value, "done": done}
        fields = {
            "id": f"O{number}",
            "horizon": horizon,
            "kind": one["kind"],
            "text": one["text"].format(category=category[PLACES[number - 1]].lower()),
            "owner": owner,
            "due": _day(world, due),
            **(measured if measured and horizon == MEASURED else told),
            "expected_value": value,
            "closed": None if closed is None else _day(world, closed),
            "lesson": SAYS["lesson"] if closed is not None else None,
            "progress": None if measured and horizon == MEASURED else steps,
        }
        texts.append(_table("[objectives]", **fields))
    return texts + _actions(world, owner, start, updated, rng)


def tracked(world: World) -> tuple[int, str] | None:
    """The account whose plan has an objective that data track, and the category it is about."""
    keys = np.flatnonzero(world.is_key)
    return (int(keys[0]), _by_revenue(world, keys[0])[PLACES[-1]]) if len(keys) else None


def _measured(world: World, account: int, category: str, start: int) -> dict[str, object]:
    """What data track: a category's share, a tenth above that of the year before the plan.

    Nobody enters how far it is.
    """
    own = world.lines[world.lines["account"] == account]
    day = world.orders["day"].to_numpy()[own["order"].to_numpy()]
    before = own[(day < start) & (day >= start - 365)]
    mine = before["product"].to_numpy() // PER_CATEGORY == CATEGORIES.index(category)
    share = before["revenue"][mine].sum() / max(before["revenue"].sum(), 1.0)
    return {"measure": f"category_share:{category}", "target": min(round(share + 0.1, 2), 0.9)}


def _actions(
    world: World, owner: str, start: int, updated: int, rng: np.random.Generator
) -> list[str]:
    actions: list[str] = []
    for number, (horizon, one) in enumerate(SAYS["objectives"].items(), start=1):
        for step in range(2):
            text = one["actions"][(int(rng.integers(0, 3)) + step) % 3]
            due = start + int(rng.integers(*one["due_days"]))
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
    return [CATEGORIES[n] for n in np.argsort(-world.by_category[account], kind="stable")]


def _two(texts: list[str], start: int) -> list[str]:
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
