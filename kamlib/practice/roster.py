"""The accounts of a practice company and the hidden numbers that drive each of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from kamlib.practice.cast import CAST, Role
from kamlib.practice.material import (
    COUNTRIES,
    FAMILIES,
    LEGAL_FORMS,
    TRADES,
    material,
    region_of,
)
from kamlib.practice.setting import Setting

SIZE_SPREAD, LARGEST = 2.0, 0.90
SHORTEST_GAP, LONGEST_GAP = 9.0, 100.0
SHORTEST_STORY = 80


def roster(setting: Setting) -> pd.DataFrame:
    """One row per account: its public data and the hidden numbers (size, rhythm, growth) that it is
    simulated from.

    `level` is the yearly revenue it is made for, in prices of the last year (for cast accounts a
    share of the company, for the others a relative size that is scaled later); `gap` and `k` are
    mean and shape of its Erlang gaps between orders; `first_day` is negative for accounts older
    than the data.
    """
    chosen = [*(role for role in CAST if setting.has(role.story)), *setting.own]
    cast = [role for role in chosen if _fits(role, setting)][: setting.accounts]
    background = _background(setting, setting.accounts - len(cast))
    rows = pd.concat(
        [pd.DataFrame([_cast_row(role, setting) for role in cast]), background], ignore_index=True
    )
    rows = rows.iloc[setting.rng("accounts").permutation(len(rows))].reset_index(drop=True)
    number = np.arange(1, len(rows) + 1)
    # most ids look like A0017; every twelfth keeps the leading zeros of an older system
    rows.insert(0, "account_id", [f"{n:05d}" if n % 12 == 5 else f"A{n:04d}" for n in number])
    by_name = rows.drop_duplicates("name").set_index("name")["account_id"]
    rows["parent_id"] = rows["parent"].map(by_name)
    return _with_groups(rows, setting)


def _fits(role: Role, setting: Setting) -> bool:
    """Whether the history is long enough for a role's story to happen in it."""
    events = [role.last, role.pause[0] if role.pause else None]
    return all(day is None or setting.before_end(day) > SHORTEST_STORY for day in events) and (
        role.first is None or setting.days > SHORTEST_STORY
    )


def _cast_row(role: Role, setting: Setting) -> dict[str, object]:
    return {
        "story": role.story,
        "name": role.name,
        "parent": role.parent or None,
        "country": role.country,
        "industry": role.industry,
        "region": region_of(role.country),
        "manager": role.manager if role.manager is not None else 0,
        "level": role.share,
        "growth": role.growth,
        "gap": role.gap,
        "k": float(role.k),
        "first_day": float(-400 if role.first is None else setting.before_end(role.first)),
        "last_day": float("nan") if role.last is None else float(setting.before_end(role.last)),
        "pause_from": float("nan")
        if role.pause is None
        else float(setting.before_end(role.pause[0])),
        "pause_to": float("nan")
        if role.pause is None
        else float(setting.before_end(role.pause[1])),
        "order_sd": role.order_sd,
        "year_sd": role.year_sd,
        "planned_key": role.is_key,
        "types": role.types or None,
        "cause": role.cause or None,
    }


def _background(setting: Setting, count: int) -> pd.DataFrame:
    rng = setting.rng("roster")
    rank = (rng.permutation(count) + 0.5) / max(count, 1)
    # a stratified log-normal with its top cut: the few large and the many small accounts of every
    # trading company
    level = np.exp(
        SIZE_SPREAD * ndtri(np.minimum(rank, LARGEST)) + 0.12 * rng.standard_normal(count)
    )
    # larger accounts order somewhat more often
    spread = np.clip(0.35 * (1 - rank) + 0.65 * rng.random(count), 0, 1)
    gap = SHORTEST_GAP * (LONGEST_GAP / SHORTEST_GAP) ** spread
    regular = rng.random(count) < 0.7
    k = np.where(regular, rng.integers(2, 9, count), 1).astype(float)
    if setting.rhythm is not None and len(setting.rhythm):
        like = setting.rhythm.iloc[rng.integers(0, len(setting.rhythm), count)]
        level, gap, k = (like[column].to_numpy(dtype=float) for column in ("level", "gap", "k"))
    is_old = rng.random(count) < 0.62
    start = np.where(
        is_old,
        -rng.integers(30, 4000, count),
        rng.integers(40, max(int(setting.days * 0.88), 41), count),
    )
    country = rng.integers(0, len(COUNTRIES), count)
    country[rng.random(count) < 0.3] = 0
    names, codes, industries = _names(setting, country)
    region = [region_of(code) for code in codes]
    return pd.DataFrame(
        {
            "story": "background",
            "name": names,
            "parent": None,
            "country": codes,
            "industry": industries,
            "region": region,
            "manager": _managers(rng, region, rank, setting),
            "level": level,
            "growth": rng.normal(0.02, 0.05, count),
            "gap": gap,
            "k": k,
            "first_day": start.astype(float),
            "last_day": np.nan,
            "pause_from": np.nan,
            "pause_to": np.nan,
            "order_sd": rng.uniform(0.2, 0.4, count) * setting.noise,
            "year_sd": 0.13 * setting.noise,
            "planned_key": False,
            "types": None,
            "cause": None,
        }
    )


def _names(setting: Setting, country: np.ndarray) -> tuple[list[str], list[str], list[str]]:
    """A name for every account, none twice: family and trade, in the legal form of the country."""
    rng = setting.rng("accounts")
    names, codes, industries = [], [], []
    foreign = material("names")["foreign"] if len(country) >= 30 else []
    decks = {
        code: iter(rng.permutation(len(FAMILIES[code]) * len(TRADES)).tolist())
        for code in COUNTRIES
    }
    for position, number in enumerate(country):
        if position < len(foreign):
            code, name, industry = foreign[position]
        else:
            code = COUNTRIES[number]
            card = next(decks[code], None)
            family = FAMILIES[code][(card if card is not None else position) % len(FAMILIES[code])]
            trade, industry = TRADES[
                (card if card is not None else position) // len(FAMILIES[code]) % len(TRADES)
            ]
            serial = "" if card is not None else f" {position}"
            name = f"{family} {trade}{serial} {LEGAL_FORMS[code]}"
        names.append(name)
        codes.append(code)
        industries.append(industry)
    return names, codes, industries


def _managers(
    rng: np.random.Generator, region: list[str], rank: np.ndarray, setting: Setting
) -> np.ndarray:
    """A manager per account by region; with the story `overload` the first one also gets many of
    the largest.
    """
    in_charge = material("names")["regions"]
    manager = np.array([in_charge[name] for name in region], dtype=np.int64)
    manager[rng.random(len(rank)) < 0.15] = 4
    if setting.has("overload"):
        manager[(rank > 0.86) & (rng.random(len(rank)) < 0.3)] = 0
    manager[rng.random(len(rank)) < 0.06] = 0
    return manager


def _with_groups(rows: pd.DataFrame, setting: Setting) -> pd.DataFrame:
    """Ties some background accounts into groups: a parent and two subsidiaries of the same family
    name each.
    """
    wanted = setting.groups - int(rows["story"].eq("group").any())
    free = rows.index[rows["story"].eq("background") & rows["country"].isin(COUNTRIES)]
    ids, names, parents = (rows[column].tolist() for column in ("account_id", "name", "parent_id"))
    countries = rows["country"].tolist()
    for number in range(min(max(wanted, 0), len(free) // 3)):
        parent, *children = free[3 * number : 3 * number + 3].tolist()
        family = next(
            name for name in FAMILIES[countries[parent]] if names[parent].startswith(name)
        )
        names[parent] = f"{family} Holding {LEGAL_FORMS[countries[parent]]}"
        for child, purpose in zip(children, ("Technik", "Logistik"), strict=True):
            parents[child] = ids[parent]
            names[child] = f"{family} {purpose} {LEGAL_FORMS[countries[child]]}"
    return rows.drop(columns="parent").assign(
        name=names, parent_id=pd.Series(parents, index=rows.index, dtype="str")
    )


def rhythm_like(account_days: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, object]]:
    """One row per account of another book with level (yearly revenue), gap and k; and the size of
    that book.

    `account_days` has account_id, date and revenue. k comes from the mean and the spread of the
    gaps.
    """
    days = account_days.loc[account_days["revenue"] > 0, ["account_id", "date", "revenue"]].copy()
    days["date"] = pd.to_datetime(days["date"])
    days = days.sort_values(["account_id", "date"], kind="stable")
    days["gap"] = days.groupby("account_id")["date"].diff().dt.days
    grouped = days.groupby("account_id")
    span = (grouped["date"].max() - grouped["date"].min()).dt.days
    shape = pd.DataFrame(
        {
            "gap": grouped["gap"].mean(),
            "sd": grouped["gap"].std(),
            "span": span,
            "revenue": grouped["revenue"].sum(),
        }
    )
    usual = float(shape["gap"].median()) if shape["gap"].notna().any() else 30.0
    shape["gap"] = shape["gap"].fillna(usual).clip(2, 365)
    shape["k"] = (shape["gap"] / shape["sd"]).pow(2).round().clip(1, 12).fillna(1.0)
    shape["level"] = shape["revenue"] / (shape["span"] + shape["gap"]).clip(lower=30) * 365.25
    first, last = days["date"].min(), days["date"].max()
    months = max((last.year - first.year) * 12 + last.month - first.month + 1, 3)
    size = {
        "accounts": len(shape),
        "start": f"{first:%Y-%m}",
        "months": months,
        "revenue": float(days.loc[days["date"] > last - pd.DateOffset(months=12), "revenue"].sum()),
    }
    return shape.reset_index()[["account_id", "level", "gap", "k"]], size
