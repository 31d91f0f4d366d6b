"""What was planted: the answers that the kit's figures can be held against."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.practice.cast import CAST, NOTES
from kamlib.practice.deals import FASTEST_DAYS, RENEWALS, SLOWEST_DAYS
from kamlib.practice.market import BAD_WALLET, _badly_estimated
from kamlib.practice.material import MANAGERS
from kamlib.practice.plans import tracked
from kamlib.practice.world import World

Row = tuple[str, str, pd.Timestamp | None, float | None, str]
TRUTH_COLUMNS = ["story", "account_id", "date", "value", "note"]


def truth(world: World, orders: pd.DataFrame, dirt: pd.DataFrame) -> pd.DataFrame:
    """One row per planted fact: story, account_id (blank: whole company), date, value, note."""
    rows = [
        *_company_rows(world),
        *_story_rows(world),
        *_leaver_rows(world),
        *_key_rows(world),
        *_rhythm_rows(world),
        *_tracked_rows(world, orders),
    ]
    rows += [
        ("dirt", text["account_id"], None, _number(text["revenue"]), text["note"])
        for text in dirt.to_dict("records")
    ]
    credits = orders[orders["revenue"] < 0]
    total = round(float(credits["revenue"].sum()), 2)
    note = NOTES["credit_notes"].format(count=len(credits))
    rows.append(("credit_notes", "", None, total, note))
    frame = pd.DataFrame(rows, columns=TRUTH_COLUMNS)
    frame["date"] = pd.to_datetime(frame["date"]).astype("datetime64[us]")
    frame["value"] = frame["value"].astype(float)
    return frame.astype({"story": "str", "account_id": "str", "note": "str"})


def _tracked_rows(world: World, orders: pd.DataFrame) -> list[Row]:
    """Where the objective that data track stands when the history ends."""
    found = tracked(world)
    if found is None:
        return []
    account, category = found
    end = pd.Timestamp(world.setting.date(world.setting.days - 1)[0])
    own = orders[orders["account_id"].eq(world.id(account))]
    year = own[own["order_date"].gt(end - pd.DateOffset(months=12))]
    if not len(year):
        return []
    share = year.loc[year["category"].eq(category), "revenue"].sum() / year["revenue"].sum()
    note = NOTES["measured_objective"].format(category=category)
    return [("measured_objective", world.id(account), end, share, note)]


def _company_rows(world: World) -> list[Row]:
    setting = world.setting
    exact = {
        "late_hazard_ratio": setting.late_hazard_ratio,
        "incident_hazard_ratio": setting.incident_hazard_ratio,
        "base_hazard": world.left.base_hazard,
        "programme_effect": setting.programme_effect,
        "expected_leavers": setting.leavers,
    }
    rows: list[Row] = [(name, "", None, value, NOTES[name]) for name, value in exact.items()]
    if setting.has("overload"):
        keys = int((world.is_key & world.accounts["manager"].eq(0).to_numpy()).sum())
        note = NOTES["overload"].format(manager=MANAGERS[0])
        rows.append(("overload", "", None, float(keys), note))
    return rows


def _story_rows(world: World) -> list[Row]:
    setting, accounts = world.setting, world.accounts
    rows: list[Row] = []
    own_notes = {role.story: role.note for role in setting.own}
    order = {role.story: place for place, role in enumerate((*CAST, *setting.own))}
    planted = accounts.index[accounts["story"].isin(list(order))]
    last_year = world.revenue_by(range(max(setting.months - 12, 0), setting.months))
    for account in sorted(planted, key=lambda index: (order[accounts["story"].iloc[index]], index)):
        row = accounts.iloc[account]
        story = str(row["story"])
        day, value = row["last_day"], None
        if story == "whale":
            value = row["level"]
        elif story == "group":
            value = round(float(last_year[account] / last_year.sum()), 4)
        elif story in ("shrinking", "promotable"):
            value = row["growth"]
        elif story == "late_leaver":
            value = 3.0
        elif story == "slow_payer":
            value = SLOWEST_DAYS
        elif story == "steady":
            value = row["gap"]
        elif story in ("false_alarm", "returned"):
            day, value = row["pause_from"], row["pause_to"] - row["pause_from"]
        elif story == "newcomer":
            day = world.first_day[account]
        elif story == "neighbours":
            value = round(float(last_year[account]) / 12, 2)
        elif story == "huge_order":
            own = world.lines[world.lines["account"] == account].groupby("order")["revenue"].sum()
            if len(own):
                day, value = float(world.orders["day"].iloc[own.idxmax()]), float(own.max())
        note = (NOTES.get(story) or own_notes[story]) + (
            f" ({world.neighbour_move or 'no change'})" if story == "neighbours" else ""
        )
        note += f" (from {FASTEST_DAYS:g})" if story == "slow_payer" else ""
        rows.append((story, str(row["account_id"]), setting.date(day)[0], value, note))
    for story, days in RENEWALS.items() if setting.has("renewal") else ():
        for account in accounts.index[accounts["story"].eq(story)]:
            end = setting.date(setting.before_end(days))[0]
            rows.append(("renewal", world.id(account), end, None, NOTES["renewal"]))
    if setting.has("bad_wallet"):
        for account in _badly_estimated(world):
            wallet = 1 / BAD_WALLET
            rows.append(("bad_wallet", world.id(account), None, wallet, NOTES["bad_wallet"]))
    return rows


def _leaver_rows(world: World) -> list[Row]:
    """The accounts that left by the hazard: last order before leaving, late orders of the last
    three months, cause.
    """
    setting = world.setting
    rows: list[Row] = []
    for account in np.flatnonzero(np.isfinite(world.left.month)):
        end = setting.month_starts[int(world.left.month[account]) + 1]
        days = world.days_of(account)
        if not (days < end).any():
            continue
        cause = str(world.left.cause[account])
        last = setting.date(int(days[days < end].max()))[0]
        rows.append(
            ("leaver", world.id(account), last, float(world.left.late_before[account]), cause)
        )
        if np.isfinite(world.left.return_day[account]) and (days >= end).any():
            back = setting.date(int(days[days >= end].min()))[0]
            note = NOTES["leaver_returned"]
            rows.append(("leaver_returned", world.id(account), back, None, note))
    return rows


def _key_rows(world: World) -> list[Row]:
    """Admissions with the planted effect, and what it added to each account's margin by year."""
    setting = world.setting
    rows: list[Row] = []
    lift = world.values.lift[world.lines["order"].to_numpy()]
    margin = world.lines["revenue"] - world.lines["cost"]
    year = setting.month_of(world.orders["day"].to_numpy())[world.lines["order"].to_numpy()] // 12
    added = (margin * (1 - 1 / lift)).groupby([world.lines["account"], year]).sum()
    for account in np.flatnonzero(np.isfinite(world.values.admitted)):
        admitted = int(world.values.admitted[account])
        start = setting.date(setting.month_starts[admitted])[0]
        note = NOTES["admitted"].format(admission=setting.admission)
        rows.append(("admitted", world.id(account), start, setting.programme_effect, note))
        for number in range(admitted // 12, setting.years):
            end = setting.month_end(np.array([min(12 * number + 11, setting.months - 1)]))[0]
            value = round(float(added.get((account, number), 0.0)), 2)
            rows.append(("added_margin", world.id(account), end, value, NOTES["added_margin"]))
    return rows


def _rhythm_rows(world: World) -> list[Row]:
    """Erlang shape k and rate (orders a day) of every account, as two rows each."""
    rows: list[Row] = []
    for account_id, gap, k in world.accounts[["account_id", "gap", "k"]].itertuples(index=False):
        rate = round(1 / float(gap), 6)
        rows.append(("rhythm_k", str(account_id), None, float(k), NOTES["rhythm_k"]))
        rows.append(("rhythm_rate", str(account_id), None, rate, NOTES["rhythm_rate"]))
    return rows


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
