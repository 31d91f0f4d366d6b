"""The key account programme of a practice company: tiers, judgements, decisions, targets, costs,
managers, skills.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.practice.material import MANAGERS, SEASON_OF_MONTH, SPONSORS, material
from kamlib.practice.world import World, manager_id, where_known

LAUNCH_COST, RUNNING_COST = 38000.0, 5200.0
SKILLS: list[str] = material("programme")["skills"]
REASONS: dict[str, str] = material("programme")["reasons"]


def accounts_table(world: World) -> pd.DataFrame:
    """One row per account, as the canonical table has it at the end of the history."""
    setting, accounts = world.setting, world.accounts
    rng = setting.rng("accounts")
    yearly = world.revenue_by(range(max(setting.months - 24, 0), setting.months))
    is_key = world.is_key
    since = setting.date(
        np.where(accounts["first_day"] < 0, accounts["first_day"], world.first_day)
    )
    staff = np.maximum(np.rint(np.exp(rng.normal(4.6, 0.8, len(accounts))) * (1 + yearly / 6e5)), 4)
    founded = np.minimum(rng.integers(1905, 2019, len(accounts)), since.year.to_numpy() - 2)
    sponsored = is_key & (rng.random(len(accounts)) < 0.8)
    sponsor = where_known(
        np.array(SPONSORS)[rng.integers(0, len(SPONSORS), len(accounts))], sponsored
    )
    image = (rng.random(len(accounts)) < 0.04) & (yearly > np.quantile(yearly, 0.6))
    types = accounts["types"].where(accounts["types"].notna() | ~image, "image-maker")
    described = accounts["industry"].str.capitalize() + ", " + accounts["country"]
    served = np.where(
        is_key, np.round(yearly * 0.012 + 2500, -2), np.round(yearly * 0.006 + 300, -2)
    )
    frame = accounts[["account_id", "name", "parent_id", "industry", "region", "country"]].assign(
        employees=staff,
        founded_year=founded,
        description=described + np.where(staff > 250, "; several plants", "; one plant"),
        manager_id=manager_id(accounts["manager"].to_numpy()),
        sponsor=sponsor,
        customer_since=since,
        tier=_tier_now(world),
        types=types,
        cost_to_serve=served,
        contact_every_days=np.where(
            is_key, np.array([14, 21, 30])[np.argsort(np.argsort(-yearly)) % 3], 90
        ),
    )
    return frame.sort_values("account_id", kind="stable").reset_index(drop=True)


def _tier_now(world: World) -> np.ndarray:
    candidate = world.accounts["story"].isin(["promotable"]).to_numpy()
    former = np.isfinite(world.demoted_day) & (world.demoted_day < world.setting.days)
    return np.select(
        [former, np.isfinite(world.values.admitted), candidate],
        ["former", "key", "candidate"],
        "regular",
    )


def tiers(world: World) -> pd.DataFrame:
    """One row per spell of an account in a tier: regular first, key from admission on, former after
    it left.
    """
    setting = world.setting
    rows = []
    candidate_day = setting.month_starts[max(setting.months - 6, 0)]
    for account in np.flatnonzero(np.isfinite(world.first_day)):
        start = min(
            float(world.accounts["first_day"].iloc[account]), float(world.first_day[account])
        )
        steps = [("regular", start)]
        admitted = world.values.admitted[account]
        if np.isfinite(admitted):
            steps.append(("key", float(setting.month_starts[int(admitted)])))
        if world.demoted_day[account] < setting.days:
            steps.append(("former", float(world.demoted_day[account])))
        if world.accounts["story"].iloc[account] == "promotable" and candidate_day > start:
            steps.append(("candidate", float(candidate_day)))
        ends = [day - 1 for _, day in steps[1:]] + [np.nan]
        rows += [(account, tier, day, end) for (tier, day), end in zip(steps, ends, strict=True)]
    frame = pd.DataFrame(rows, columns=["account", "tier", "start", "end"])
    return pd.DataFrame(
        {
            "account_id": world.ids(frame["account"].to_numpy()),
            "tier": frame["tier"],
            "start_date": setting.date(frame["start"].to_numpy()),
            "end_date": setting.date(frame["end"].to_numpy()),
        }
    ).sort_values(["account_id", "start_date"], kind="stable", ignore_index=True)


def decisions(world: World) -> pd.DataFrame:
    """One row per decision taken: admissions, the yearly reviews, and two that override what the
    figures say.
    """
    setting = world.setting
    rows: list[tuple[object, ...]] = []
    for account in np.flatnonzero(np.isfinite(world.values.admitted)):
        admitted = int(world.values.admitted[account])
        rows.append(
            (
                account,
                setting.month_starts[admitted] - 20,
                "promote",
                REASONS["promote"],
            )
        )
        for month in range(admitted + 12, setting.months, 12):
            day = setting.month_starts[month] - 20
            if not world.gone_day[account] < day:
                shrinking = (
                    world.accounts["story"].iloc[account] == "shrinking"
                    and month >= setting.months - 12
                )
                reason = REASONS["keep_shrinking" if shrinking else "keep"]
                rows.append((account, day, "keep", reason))
        if world.demoted_day[account] < setting.days:
            rows.append((account, int(world.demoted_day[account]), "former", REASONS["former"]))
    for account in world.accounts.index[world.accounts["story"].eq("promotable")]:
        rows.append(
            (
                account,
                setting.before_end(170),
                "watch",
                REASONS["watch"],
            )
        )
    frame = pd.DataFrame(rows, columns=["account", "day", "decision", "reason"])
    frame = frame[(frame["day"] >= 0) & (frame["day"] < setting.days)].sort_values(
        ["day", "account"], kind="stable"
    )
    return pd.DataFrame(
        {
            "account_id": world.ids(frame["account"].to_numpy(dtype=np.int64)),
            "date": setting.date(frame["day"].to_numpy(dtype=float)),
            "decision": frame["decision"].to_numpy(),
            "by": "steering group",
            "reason": frame["reason"].to_numpy(),
        }
    )


def judgements(world: World) -> pd.DataFrame:
    """One row per account × date: strategic fit, judged every December and in the last June, 1 to
    10.
    """
    setting = world.setting
    rng = setting.rng("judgements")
    months = [m for m in range(11, setting.months, 12) if m >= setting.months - 61]
    months = (
        sorted({*months, setting.months - 7} - {setting.months - 1})
        if setting.months > 12
        else [setting.months - 1]
    )
    months = [month for month in months if month >= 0]
    story = world.accounts["story"]
    fit = np.clip(
        rng.normal(4.4, 1.1, len(story)) + 3.1 * np.isfinite(world.values.admitted), 1, 10
    )
    fit = np.where(
        story.isin(["promotable", "whale"]), 8.4, np.where(story.eq("shrinking"), 5.0, fit)
    )
    frames = []
    for month in months:
        fit = np.clip(fit + rng.normal(0, 0.35, len(fit)), 1, 10)
        end = setting.month_starts[month + 1] - 8
        present = (world.first_day <= end) & ~(world.gone_day < end - 120)
        account = np.flatnonzero(present)
        score = np.rint(fit[account])
        frames.append(pd.DataFrame({"account": account, "score": score, "day": float(end)}))
    frame = pd.concat(frames)
    number = frame["account"].to_numpy()
    return pd.DataFrame(
        {
            "account_id": world.ids(number),
            "criterion": "strategic fit",
            "score": frame["score"].to_numpy(),
            "judged_date": setting.date(frame["day"].to_numpy()),
            "by": np.array(MANAGERS)[world.accounts["manager"].to_numpy()[number]],
        }
    ).sort_values(["judged_date", "account_id"], kind="stable", ignore_index=True)


def targets(world: World) -> pd.DataFrame:
    """One row per key account × month of the last two years and the next one: the year before, plus
    some per cent.
    """
    setting = world.setting
    rng = setting.rng("targets")
    season = np.array(SEASON_OF_MONTH) / np.mean(SEASON_OF_MONTH)
    first_calendar = int(setting.first_date.astype("datetime64[M]").astype(np.int64)) % 12
    last_year = 12 * (setting.months // 12)
    frames = []
    for start in range(last_year - 24, last_year + 12, 12):
        base = world.revenue_by(range(max(start - 12, 0), max(start, 1))) / 12
        rise = rng.uniform(1.02, 1.09, len(base))
        key = (
            np.isfinite(world.values.admitted)
            & (world.values.admitted <= max(start, 0))
            & (base > 0)
        )
        key &= ~(world.demoted_day < setting.month_starts[min(max(start, 0), setting.months)])
        for month in range(max(start, 0), start + 12):
            revenue = np.round(base * rise * season[(first_calendar + month) % 12], -2)[key]
            ends = setting.month_end(np.full(int(key.sum()), month))
            ids = world.ids(np.flatnonzero(key))
            frames.append(
                pd.DataFrame(
                    {
                        "account_id": ids,
                        "month": ends,
                        "revenue": revenue,
                        "margin": np.round(revenue * 0.275, -2),
                    }
                )
            )
    return pd.concat(frames).sort_values(["account_id", "month"], kind="stable", ignore_index=True)


def managers() -> pd.DataFrame:
    """One row per manager."""
    frame = pd.DataFrame(material("names")["managers"])
    frame.insert(0, "manager_id", manager_id(np.arange(len(frame))))
    return frame


def programme_costs(world: World) -> pd.DataFrame:
    """One row per month since the programme began: a start, then the running cost, a little higher
    every year.
    """
    setting = world.setting
    month = np.arange(setting.launch_month, setting.months)
    running = np.round(RUNNING_COST * 1.04 ** ((month - setting.launch_month) // 12), -1)
    scale = setting.revenue / 10.5e6
    cost = np.round((running + np.where(month == setting.launch_month, LAUNCH_COST, 0)) * scale, 2)
    note = where_known("training, customer portal and launch events", month == setting.launch_month)
    return pd.DataFrame({"month": setting.month_end(month), "cost": cost, "note": note})


def service_costs(world: World, accounts: pd.DataFrame) -> pd.DataFrame:
    """One row per key account × month of the last four years: what serving it cost.

    Those of the last year add up to the account's cost to serve; the years before cost less.
    """
    setting = world.setting
    rng = setting.rng("service")
    months = np.arange(max(setting.months - 48, 0), setting.months)
    yearly = accounts.set_index("account_id")["cost_to_serve"]
    frames = []
    for account in np.flatnonzero(world.is_key):
        weight = rng.lognormal(0, 0.2, len(months)) * 1.03 ** (months // 12)
        cost = np.round(yearly[world.id(account)] * weight / weight[-12:].sum(), 2)
        cost[-1] += round(yearly[world.id(account)] - cost[-12:].sum(), 2)
        frames.append(
            pd.DataFrame(
                {
                    "account_id": world.id(account),
                    "date": setting.month_end(months),
                    "cost": cost.round(2),
                }
            )
        )
    columns = ["account_id", "date", "cost"]
    table = pd.concat(frames) if frames else pd.DataFrame(columns=columns)
    return table.sort_values(["date", "account_id"], kind="stable", ignore_index=True)


def skills(world: World) -> pd.DataFrame:
    """One row per manager × skill × yearly assessment, 1 to 5."""
    setting = world.setting
    rng = setting.rng("skills")
    level = rng.normal(3.0, 0.8, (len(MANAGERS), len(SKILLS)))
    level[0, SKILLS.index("planning and execution")] = 2.0
    frames = []
    for month in range(max(setting.months - 37, 1), setting.months, 12):
        rating = np.clip(np.rint(level + rng.normal(0, 0.2, level.shape)), 1, 5)
        manager, skill = np.indices(level.shape).reshape(2, -1)
        frames.append(
            pd.DataFrame(
                {
                    "manager_id": manager_id(manager),
                    "skill": np.array(SKILLS)[skill],
                    "rating": rating.ravel(),
                    "assessed_date": setting.date(
                        np.full(len(skill), setting.month_starts[month] + 9)
                    ),
                }
            )
        )
        level = level + rng.normal(0.18, 0.25, level.shape)
    return pd.concat(frames, ignore_index=True)
