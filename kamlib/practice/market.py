"""What the accounts need, who courts them, what went wrong, who was lost, and who might come."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.practice.material import CATEGORIES, FAMILIES, PER_CATEGORY, RIVALS, TRADES, material
from kamlib.practice.world import World, where_known

REPORTED_LATE = 0.45
BAD_WALLET = 0.7


def incidents(world: World) -> pd.DataFrame:
    """One row per thing gone wrong: reported late deliveries and the other mistakes, while the
    account bought.
    """
    setting = world.setting
    rng = setting.rng("incidents")
    late = world.orders[world.orders["is_late"] & (world.orders["promised"] + 1 < setting.days)]
    planted = world.accounts["story"].eq("late_leaver").to_numpy()[late["account"].to_numpy()]
    late = late[(rng.random(len(late)) < REPORTED_LATE) | planted]
    account, month = np.nonzero(world.wrongs)
    account, month = (
        np.repeat(account, world.wrongs[account, month]),
        np.repeat(month, world.wrongs[account, month]),
    )
    day = setting.month_starts[month] + rng.integers(0, 28, len(month))
    inside = (day >= world.first_day[account]) & (day <= world.trade_end[account])
    mistakes = material("market")["mistakes"]
    up_to = [one["up_to"] for one in mistakes.values()]
    kind = np.array([*mistakes])[np.searchsorted(up_to, rng.random(len(account)))]
    notes = {name: one["note"] for name, one in mistakes.items()}
    own = [
        _planted_incidents(world, index)
        for index in world.accounts.index[world.accounts["story"].eq("incident_leaver")]
    ]
    rows = pd.concat(
        [
            pd.DataFrame(
                {
                    "account": late["account"].to_numpy(),
                    "day": late["promised"].to_numpy() + 1,
                    "kind": "late",
                }
            ),
            pd.DataFrame({"account": account, "day": day, "kind": kind})[inside],
            *own,
        ],
        ignore_index=True,
    )
    rows = rows.sort_values(["day", "account", "kind"], kind="stable").reset_index(drop=True)
    resolved = rows["day"] + rng.geometric(0.07, len(rows))
    return pd.DataFrame(
        {
            "account_id": world.ids(rows["account"].to_numpy()),
            "opened_date": setting.date(rows["day"].to_numpy()),
            "kind": rows["kind"],
            "severity": 1 + np.searchsorted([0.5, 0.85], rng.random(len(rows))),
            "resolved_date": setting.date(
                resolved.where(resolved < setting.days).to_numpy(dtype=float)
            ),
            "note": rows["kind"].map({**notes, "late": "delivery after the promised day"}),
        }
    )


def _planted_incidents(world: World, account: int) -> pd.DataFrame:
    last = int(world.last_day[account])
    day = [last - 70, last - 41, last - 20]
    return pd.DataFrame(
        {"account": account, "day": day, "kind": ["quality", "quality", "conflict"]}
    )


def needs(world: World) -> pd.DataFrame:
    """One row per account × category: what they spend a year, with us or elsewhere, and what we
    could get.
    """
    setting = world.setting
    rng = setting.rng("needs")
    month = setting.month_of(world.orders["day"].to_numpy())[world.lines["order"].to_numpy()]
    recent = world.lines[month >= setting.months - 12]
    category = recent["product"].to_numpy() // PER_CATEGORY
    bought = np.zeros((len(world.accounts), len(CATEGORIES)))
    np.add.at(bought, (recent["account"].to_numpy(), category), recent["revenue"].to_numpy())
    shape, total = bought.shape, bought.sum(axis=1, keepdims=True)
    share = np.clip(rng.normal(0.42, 0.14, shape) + 0.16 * world.is_key[:, None], 0.1, 0.92)
    spend = np.where(bought > 0.01 * total, bought / share, 0)
    elsewhere = (spend == 0) & (rng.random(shape) < np.where(world.is_key, 0.7, 0.3)[:, None])
    spend = np.where(elsewhere, total * rng.uniform(0.05, 0.35, shape), spend)
    if setting.has("bad_wallet"):
        spend[_badly_estimated(world)] = bought[_badly_estimated(world)] * BAD_WALLET
    account, number = np.nonzero((np.round(spend, -2) > 0) & (total > 0))
    ours = bought[account, number] > 0
    return pd.DataFrame(
        {
            "account_id": world.ids(account),
            "category": np.array(CATEGORIES)[number],
            "annual_spend": np.round(spend[account, number], -2),
            "attainable_share": np.round(
                np.where(
                    ours, rng.uniform(0.55, 0.9, len(account)), rng.uniform(0.15, 0.5, len(account))
                ),
                2,
            ),
            "probability": np.round(
                np.where(
                    ours,
                    rng.uniform(0.6, 0.95, len(account)),
                    rng.uniform(0.15, 0.55, len(account)),
                ),
                2,
            ),
            "previous_supplier": where_known(
                np.array(RIVALS)[rng.integers(0, len(RIVALS), len(account))], ~ours
            ),
            "note": where_known("told by the buyer", world.is_key[account]),
        }
    )


def _badly_estimated(world: World) -> np.ndarray:
    """The key account whose wallet was estimated too low, so that our share of it comes out above
    1.
    """
    keys = np.flatnonzero(
        world.is_key & (world.accounts["story"].isin(["background", "slow_payer"]).to_numpy())
    )
    return keys[:1]


def competitors(world: World) -> pd.DataFrame:
    """One row per rival at a key account or at an account that could become one."""
    rng = world.setting.rng("needs")
    wanted = np.flatnonzero(
        world.is_key | world.accounts["story"].isin(["promotable", "price_leaver"]).to_numpy()
    )
    rows = []
    for account in wanted:
        for rival in rng.permutation(len(RIVALS))[: int(rng.integers(1, 4))]:
            category = CATEGORIES[int(rng.integers(0, len(CATEGORIES)))]
            threat = int(rng.integers(1, 6))
            note = (
                "offers shorter delivery times"
                if world.accounts["story"].iloc[account] == "late_leaver"
                else None
            )
            rows.append(
                (
                    world.id(account),
                    RIVALS[rival],
                    category,
                    round(float(rng.uniform(0.05, 0.3)), 2),
                    threat,
                    note,
                )
            )
    return pd.DataFrame(
        rows, columns=["account_id", "competitor", "category", "share_estimate", "threat", "note"]
    )


def losses(world: World) -> pd.DataFrame:
    """One row per loss that a manager recorded, some weeks after the last order; one in eight is
    never recorded.
    """
    setting = world.setting
    rng = setting.rng("losses")
    accounts, rows = world.accounts, []
    for account in range(len(accounts)):
        story, notice = accounts["story"].iloc[account], int(rng.integers(15, 60))
        seen, cause = rng.random() < 0.87, str(world.left.cause[account])
        if np.isfinite(world.left.month[account]):
            end = setting.month_starts[int(world.left.month[account]) + 1]
            days = world.days_of(account)
            last = int(days[days < end].max())
        elif story in ("late_leaver", "price_leaver", "incident_leaver", "returned"):
            day = (
                accounts["pause_from"].iloc[account]
                if story == "returned"
                else accounts["last_day"].iloc[account]
            )
            last, cause, seen = int(day), str(accounts["cause"].iloc[account]), True
        else:
            continue
        recorded = last + max(60, round(2.5 * accounts["gap"].iloc[account])) + notice
        if seen and recorded < setting.days:
            rows.append((account, recorded, cause))
    frame = pd.DataFrame(rows, columns=["account", "day", "reason"]).sort_values(
        ["day", "account"], kind="stable"
    )
    return pd.DataFrame(
        {
            "account_id": world.ids(frame["account"].to_numpy(dtype=np.int64)),
            "lost_date": setting.date(frame["day"].to_numpy(dtype=float)),
            "reason": frame["reason"].to_numpy(),
            "note": where_known(
                "went to a cheaper supplier", frame["reason"].eq("price").to_numpy()
            ),
        }
    )


def offers() -> pd.DataFrame:
    """One row per win-back offer."""
    columns = ["offer", "cost", "reason", "return_probability"]
    return pd.DataFrame(material("market")["offers"], columns=columns)


def prospects(world: World) -> pd.DataFrame:
    """One row per prospect, judged by the three Ps; two are worth a key account manager, one of
    them with a doubt.
    """
    rng = world.setting.rng("prospects")
    sources, strong = material("market")["sources"], material("market")["strong_prospects"]
    rows = []
    for number in range(12):
        trade, industry = TRADES[int(rng.integers(0, len(TRADES)))]
        family = FAMILIES[("DE", "IT", "SE")[number % 3]][(number * 3 + 1) % 10]
        scores = [int(s) for s in rng.integers(2, 11, 3)]
        budget = float(np.round(np.exp(rng.normal(11, 0.7)), -3))
        source, rival = (
            sources[int(rng.integers(0, len(sources)))],
            RIVALS[int(rng.integers(0, len(RIVALS)))],
        )
        region = ("Central", "South", "North")[number % 3]
        if one := strong.get(str(number)):
            scores, source = one["scores"], "recommendation"
            budget = float(np.round(one["budget_share"] * world.setting.revenue, -3))
        rows.append(
            (
                f"L{number + 1:03d}",
                f"{family} {trade} (lead)",
                *scores,
                budget,
                source,
                rival,
                industry,
                region,
            )
        )
    columns = [
        "prospect_id",
        "name",
        "need",
        "solvency",
        "authority",
        "budget",
        "source",
        "current_supplier",
        "industry",
        "region",
    ]
    return pd.DataFrame(rows, columns=columns)
