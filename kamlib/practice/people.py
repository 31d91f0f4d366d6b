"""The people of a practice company: contacts, the contacts made with them, and our own teams."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.practice.material import FAMILIES, MANAGERS, material
from kamlib.practice.world import World, manager_id

PEOPLE = material("people")


def contacts(world: World) -> pd.DataFrame:
    """One row per person at an account: key accounts have five to seven known people, others one or
    two.
    """
    rng = world.setting.rng("contacts")
    count = np.where(
        world.is_key,
        rng.integers(5, 8, len(world.accounts)),
        rng.integers(1, 3, len(world.accounts)),
    )
    account = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(account)) - np.repeat(np.cumsum(count) - count, count)
    role = np.array([*PEOPLE["titles"]])[np.where(place < 6, place, 2)]
    # some roles nobody knows yet: a decision scheme with holes, as in life
    known = (place < 2) | (rng.random(len(account)) > 0.14)
    influence = np.clip(
        np.array([5, 4, 2, 3, 4, 2, 2])[np.minimum(place, 6)] + rng.integers(-1, 2, len(account)),
        1,
        5,
    )
    story = world.accounts["story"].to_numpy()[account]
    attitude = np.clip(np.rint(rng.normal(0.6, 1.0, len(account))), -2, 2)
    attitude = np.where((story == "late_leaver") & (place < 2), -2.0, attitude) + 0.0
    country = world.accounts["country"].to_numpy()[account]
    pick = rng.integers(0, 1000, (len(account), 2))
    start = pick[
        (np.cumsum(count) - count)[account]
    ]  # one place in the lists per account: nobody is there twice
    frame = pd.DataFrame(
        {
            "account": account,
            "account_id": world.ids(account),
            "name": [
                _person(c, i, p, q)
                for c, i, (p, q) in zip(country, place, start.tolist(), strict=True)
            ],
            "contact_id": [f"{i}-P{p + 1}" for i, p in zip(world.ids(account), place, strict=True)],
            "title": [
                PEOPLE["titles"][r][p % 2] for r, (p, _) in zip(role, pick.tolist(), strict=True)
            ],
            "role": role,
            "influence": influence,
            "attitude": attitude,
        }
    )
    return with_chart(frame[known].reset_index(drop=True), world)


def with_chart(people: pd.DataFrame, world: World) -> pd.DataFrame:
    """The people with whom they report to, at key accounts: users to the head of engineering where
    there is one, all others to the decider. A small company may have none of a role.
    """
    first = people.drop_duplicates(["account_id", "role"]).set_index("account_id")
    decider, engineer = (
        people["account_id"].map(first.loc[first["role"].eq(role), "contact_id"]).astype("str")
        for role in ("decider", "influencer")
    )
    above = engineer.where(people["role"].eq("user")).fillna(decider)
    led = world.is_key[people["account"]] & above.ne(people["contact_id"])
    return people.assign(reports_to=above.where(led))


def _person(country: str, place: int, first: int, second: int) -> str:
    given_names = material("names")["given"]
    if country in given_names:
        return str(given_names[country][(first + place) % len(given_names[country])])
    given, family = given_names["else"], FAMILIES.get(country, FAMILIES["IE"])
    return f"{given[(first + 3 * place) % len(given)]} {family[(second + place) % len(family)]}"


def interactions(world: World, people: pd.DataFrame) -> pd.DataFrame:
    """One row per contact made. Key accounts are seen often, more so since the programme began; two
    were forgotten.
    """
    setting = world.setting
    rng = setting.rng("interactions")
    month = np.arange(setting.months)
    admitted = np.nan_to_num(world.values.admitted, nan=np.inf)[:, None]
    rate = np.where(month >= admitted, 2.3, np.where(np.isfinite(admitted), 0.8, 0.28))
    first, gone = (
        setting.month_of(np.nan_to_num(world.first_day, nan=0).astype(np.int64)),
        world.gone_day,
    )
    gone_month = np.where(
        np.isfinite(gone),
        setting.month_of(np.nan_to_num(gone).astype(np.int64)) + 4,
        setting.months,
    )
    rate = np.where((month >= first[:, None] - 1) & (month < gone_month[:, None]), rate, 0)
    count = rng.poisson(rate)
    account, when = np.nonzero(count)
    account, when = np.repeat(account, count[account, when]), np.repeat(when, count[account, when])
    starts = setting.month_starts
    day = starts[when] + np.floor(rng.random(len(when)) * (starts[when + 1] - starts[when])).astype(
        np.int64
    )
    story = world.accounts["story"].to_numpy()[account]
    silent = np.array([PEOPLE["silent_days"].get(s, 0) for s in story])
    keep = (silent == 0) | (day <= setting.days - 1 - silent)
    known = people.groupby("account")["contact_id"].agg(list)
    pick = rng.random(len(account))
    who = [
        known[a][int(p * len(known[a]))]
        for a, p in zip(account.tolist(), pick.tolist(), strict=True)
    ]
    own = world.accounts["manager"].to_numpy()[account]
    ways, topics = PEOPLE["ways"], PEOPLE["topics"]
    frame = pd.DataFrame(
        {
            "account_id": world.ids(account),
            "date": setting.date(day),
            "manager_id": manager_id(own),
            "contact_id": who,
            "channel": np.array([*ways])[
                np.searchsorted([*ways.values()], rng.random(len(account)))
            ],
            "topic": np.array(topics)[rng.integers(0, len(topics), len(account))],
            "satisfaction": _satisfaction(world, rng, account, day),
        }
    )
    return (
        frame[keep]
        .sort_values(["date", "account_id", "contact_id"], kind="stable")
        .reset_index(drop=True)
    )


def _satisfaction(
    world: World, rng: np.random.Generator, account: np.ndarray, day: np.ndarray
) -> np.ndarray:
    """0 to 10, blank when nobody asked; late deliveries and incidents of the last three months cost
    points.
    """
    month = world.setting.month_of(day)
    late = world.orders[world.orders["is_late"] & (world.orders["promised"] < world.setting.days)]
    trouble = world.wrongs.astype(float)
    np.add.at(
        trouble,
        (late["account"].to_numpy(), world.setting.month_of(late["promised"].to_numpy())),
        1,
    )
    recent = sum(trouble[account, np.maximum(month - back, 0)] for back in range(3))
    liking = rng.normal(7.3, 0.7, len(world.accounts))[account]
    kept = np.where(month >= np.nan_to_num(world.values.admitted, nan=np.inf)[account], 0.5, 0.0)
    score = np.clip(np.rint(liking + kept - 0.8 * recent + rng.normal(0, 0.8, len(account))), 0, 10)
    return np.where(rng.random(len(account)) < 0.55, score, np.nan)


def with_last_contact(people: pd.DataFrame, meetings: pd.DataFrame) -> pd.DataFrame:
    """The contacts table: every person with the day of the last contact made with them."""
    last = meetings.groupby("contact_id")["date"].max()
    return people.assign(last_contact_date=people["contact_id"].map(last)).drop(columns="account")


def team(world: World) -> pd.DataFrame:
    """One row per our person and role on a key account; a few roles are not filled."""
    rng = world.setting.rng("contacts")
    rows = []
    for account in np.flatnonzero(world.is_key):
        rows.append((world.id(account), "sales", MANAGERS[world.accounts["manager"].iloc[account]]))
        for role, names in material("names")["support"].items():
            if rng.random() > 0.22:
                rows.append((world.id(account), role, names[int(rng.integers(0, len(names)))]))
    return pd.DataFrame(rows, columns=["account_id", "role", "name"])
