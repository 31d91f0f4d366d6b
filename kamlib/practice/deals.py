"""The papers of a practice company: tenders and deals, agreements, invoices, exchange rates."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.practice.material import CATEGORIES, RIVALS, material
from kamlib.practice.world import World, manager_id, where_known

PAPERS = material("papers")
RENEWALS: dict[str, int] = PAPERS["renewals"]
"""Days before the end of the history on which the frame agreements of two stories end."""

INVOICED_MONTHS = 36


def opportunities(world: World) -> pd.DataFrame:
    """One row per tender or deal: closed ones won or lost with reason and rival, and the pipeline
    still open.
    """
    setting = world.setting
    rng = setting.rng("deals")
    month = np.arange(setting.months)
    admitted = np.nan_to_num(world.values.admitted, nan=np.inf)[:, None]
    rate = np.where(month >= admitted, 0.2, np.where(np.isfinite(admitted), 0.08, 0.012))
    rate = rate + 0.1 * world.accounts["story"].eq("promotable").to_numpy()[:, None]
    first = setting.month_of(np.nan_to_num(world.first_day).astype(np.int64))[:, None]
    last = np.where(
        np.isfinite(world.gone_day),
        setting.month_of(np.nan_to_num(world.gone_day).astype(np.int64)),
        9999,
    )[:, None]
    count = rng.poisson(
        np.where(
            (month >= first) & (month <= last) & np.isfinite(world.first_day)[:, None], rate, 0
        )
    )
    account, when = np.nonzero(count)
    account, when = np.repeat(account, count[account, when]), np.repeat(when, count[account, when])
    size = len(account)

    def any_of(texts: list[str]) -> np.ndarray:
        return np.array(texts)[rng.integers(0, len(texts), size)]

    opened = setting.month_starts[when] + rng.integers(0, 28, size)
    length = rng.integers(40, 280, size)
    closed = opened + length
    is_open = closed >= setting.days
    won = rng.random(size) < np.where(
        world.accounts["story"].to_numpy()[account] == "late_leaver", 0.1, 0.47
    )
    outcome = np.where(is_open, "open", np.where(won, "won", "lost"))
    progress = np.clip((setting.days - opened) / length, 0, 0.99)
    stages = PAPERS["stages"]
    stage = np.array([*stages])[np.floor(progress * len(stages)).astype(np.int64)]
    yearly = np.maximum(
        world.revenue_by(range(max(setting.months - 24, 0), setting.months)) / 2, 4000
    )[account]
    value = np.maximum(np.round(yearly * np.exp(rng.normal(-2.0, 0.6, size)), -2), 500)
    reason = np.where(won, any_of(PAPERS["won_reasons"]), any_of(PAPERS["lost_reasons"]))
    frame = pd.DataFrame(
        {
            "account_id": world.ids(account),
            "opened_date": setting.date(opened),
            "outcome": outcome,
            "closed_date": setting.date(np.where(is_open, np.nan, closed)),
            "expected_close": setting.date(closed + rng.integers(-25, 30, size)),
            "stage": np.where(is_open, stage, "closed"),
            "probability": np.where(
                is_open,
                np.array([*stages.values()])[
                    np.searchsorted([0.25, 0.5, 0.75], progress, side="right")
                ],
                won,
            ),
            "value": value,
            "kind": any_of(PAPERS["kinds"]),
            "category": any_of(CATEGORIES),
            "competitor": where_known(any_of(RIVALS), rng.random(size) < 0.75),
            "reason": where_known(reason, ~is_open),
            "manager_id": manager_id(world.accounts["manager"].to_numpy()[account]),
        }
    ).sort_values(["opened_date", "account_id"], kind="stable")
    frame.insert(0, "opportunity_id", [f"D{n:04d}" for n in range(1, size + 1)])
    return frame.reset_index(drop=True)


def agreements(world: World) -> pd.DataFrame:
    """One row per contract: yearly frame agreements of key accounts, some special ones, and some of
    other accounts.
    """
    setting = world.setting
    rng = setting.rng("agreements")
    rows: list[tuple[object, ...]] = []
    yearly = world.revenue_by(range(max(setting.months - 12, 0), setting.months))
    accounts = world.accounts
    others = np.flatnonzero(~world.is_key & (yearly > np.quantile(yearly, 0.7)))
    for account in sorted([*np.flatnonzero(np.isfinite(world.values.admitted)), *others[::3]]):
        story = accounts["story"].iloc[account]
        begin = (
            int(rng.integers(0, 365))
            if story not in RENEWALS or not setting.has("renewal")
            else None
        )
        length = 365 if begin is not None or story == "whale" else 730
        start = begin if begin is not None else setting.before_end(RENEWALS[story]) - length + 1
        start = start % length - (length if rng.random() < 0.5 else 0)
        gone = world.gone_day[account]
        stop = gone if np.isfinite(gone) else setting.days
        while start < stop:
            kept = (
                None
                if start + length > setting.days - 200 and rng.random() < 0.3
                else bool(rng.random() < 0.88)
            )
            kept = False if story == "late_leaver" and start + length > stop else kept
            rows.append(
                (
                    account,
                    start,
                    start + length - 1,
                    "frame agreement",
                    np.round(yearly[account] * length / 365, -3),
                    kept,
                )
            )
            start += length
        if accounts["planned_key"].iloc[account] and not np.isfinite(gone):
            rows.append(
                (
                    account,
                    setting.month_starts[setting.launch_month],
                    np.nan,
                    "service agreement",
                    0.0,
                    True,
                )
            )
    frame = pd.DataFrame(rows, columns=["account", "start", "end", "kind", "value", "is_kept"])
    frame = frame.sort_values(["start", "account"], kind="stable").reset_index(drop=True)
    number = frame["account"].to_numpy(dtype=np.int64)
    return pd.DataFrame(
        {
            "agreement_id": [f"G{n:04d}" for n in range(1, len(frame) + 1)],
            "account_id": world.ids(number),
            "start_date": setting.date(frame["start"].to_numpy(dtype=float)),
            "end_date": setting.date(frame["end"].to_numpy(dtype=float)),
            "kind": frame["kind"],
            "value": frame["value"].where(frame["value"] > 0),
            "notice_days": np.where(
                frame["kind"].eq("frame agreement"),
                np.array(PAPERS["notice_days"])[number % len(PAPERS["notice_days"])],
                180,
            ),
            "terms": np.array(PAPERS["terms"])[number % len(PAPERS["terms"])],
            "is_kept": frame["is_kept"].astype("boolean"),
        }
    )


def invoices(world: World) -> pd.DataFrame:
    """One row per invoice of the last three years: one per order, due after the account's terms,
    paid by its habit.
    """
    setting = world.setting
    rng = setting.rng("invoices")
    starts = setting.month_starts
    since = int(starts[max(setting.months - INVOICED_MONTHS, 0)])
    amount = np.bincount(
        world.lines["order"].to_numpy(), world.lines["revenue"].to_numpy(), len(world.orders)
    )
    orders = world.orders.assign(amount=np.round(amount, 2))
    orders = orders[(orders["day"] >= since) & (orders["amount"] > 0)].sort_values(
        ["day", "account"], kind="stable"
    )
    account = orders["account"].to_numpy()
    day = np.minimum(
        orders["delivered"].to_numpy(dtype=float), orders["promised"].to_numpy(dtype=float) + 30
    )
    terms = np.array(PAPERS["payment_days"])[rng.integers(0, 5, len(world.accounts))][account]
    habit = rng.normal(1.0, 6.0, len(world.accounts)) + np.where(
        rng.random(len(world.accounts)) < 0.1, 18.0, 0.0
    )
    story = world.accounts["story"].to_numpy()
    slow = (
        slowness(world, day)[account == np.flatnonzero(story == "slow_payer")]
        if (story == "slow_payer").any()
        else None
    )
    late = habit[account] + rng.normal(0, 5, len(account))
    if slow is not None:
        own = story[account] == "slow_payer"
        late[own] = slow + rng.normal(0, 3, int(own.sum()))
    due = day + terms
    paid = np.maximum(due + np.rint(late), day + 1)
    gone = np.nan_to_num(world.gone_day, nan=np.inf)[account]
    # some of those who left have not paid their last bills
    paid = np.where((day > gone - 20) & (rng.random(len(account)) < 0.5), np.nan, paid)
    issued = day < setting.days
    frame = pd.DataFrame(
        {
            "account_id": world.ids(account),
            "invoice_date": setting.date(day),
            "due_date": setting.date(due),
            "amount": orders["amount"].to_numpy(),
            "paid_date": setting.date(np.where(paid < setting.days, paid, np.nan)),
        }
    )[issued]
    frame = frame.sort_values(["invoice_date", "account_id"], kind="stable").reset_index(drop=True)
    frame.insert(0, "invoice_id", [f"R{n:05d}" for n in range(1, len(frame) + 1)])
    return frame


SLOWEST_DAYS, FASTEST_DAYS = 48.0, 2.0


def slowness(world: World, day: np.ndarray) -> np.ndarray:
    """Days after the due date by which the payer who gets slower pays: from 2 to 48 over the
    invoiced years.
    """
    since = world.setting.month_starts[max(world.setting.months - INVOICED_MONTHS, 0)]
    return FASTEST_DAYS + (SLOWEST_DAYS - FASTEST_DAYS) * (day - since) / (
        world.setting.days - since
    )


def rates(world: World) -> pd.DataFrame:
    """One row per month × foreign currency: euros for one unit. (Meridian's own orders are all in
    euros.)
    """
    setting = world.setting
    rng = setting.rng("rates")
    month = np.arange(setting.months)
    frames = []
    for currency, level in material("goods")["rates"].items():
        walk = np.cumsum(rng.normal(0, 0.008, setting.months))
        rate = np.round(level * np.exp(walk - walk.mean()), 4)
        frames.append(
            pd.DataFrame({"month": setting.month_end(month), "currency": currency, "rate": rate})
        )
    return (
        pd.concat(frames).sort_values(["month", "currency"], kind="stable").reset_index(drop=True)
    )
