"""A simulated company before it is written down as tables."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from kamlib.practice import lines as line_items
from kamlib.practice.material import CATEGORIES, PER_CATEGORY
from kamlib.practice.roster import roster
from kamlib.practice.setting import Setting
from kamlib.practice.trade import Leaving, deliveries, leaving, mistakes, order_days, placed
from kamlib.practice.values import Values, order_values

DEMOTED_AFTER = 120


def where_known(text: object, known: np.ndarray) -> np.ndarray:
    """The text where it is known, missing elsewhere."""
    texts = np.broadcast_to(np.asarray(text, dtype=object), known.shape)
    return np.asarray(pd.Series(texts, dtype="object").where(known), dtype=object)


def manager_id(number: np.ndarray) -> np.ndarray:
    """The ids of managers given by number."""
    return np.array([f"M{n}" for n in range(1, 10)])[number]


@dataclass(frozen=True)
class World:
    """What really happened. Accounts are numbered by their row in `accounts`, orders by their row
    in `orders`.
    """

    setting: Setting
    accounts: pd.DataFrame
    orders: pd.DataFrame
    lines: pd.DataFrame
    credits: pd.DataFrame
    wrongs: np.ndarray
    left: Leaving
    values: Values
    neighbour_move: str

    @cached_property
    def last_day(self) -> np.ndarray:
        """The day of each account's last order (NaN: it never ordered)."""
        last = self.orders.groupby("account")["day"].max()
        return last.reindex(self.accounts.index).to_numpy(dtype=float)

    @cached_property
    def first_day(self) -> np.ndarray:
        """The day of each account's first order in the data (NaN: it never ordered)."""
        first = self.orders.groupby("account")["day"].min()
        return first.reindex(self.accounts.index).to_numpy(dtype=float)

    @cached_property
    def gone_day(self) -> np.ndarray:
        """The last day on which an account that is gone for good traded (NaN: it still buys)."""
        planted = self.accounts["last_day"].to_numpy(dtype=float)
        planted = np.where(self.accounts["story"].eq("overdue"), np.nan, planted)
        hazard = np.isfinite(self.left.month) & ~np.isfinite(self.left.return_day)
        return np.where(hazard, self.last_day, planted)

    @cached_property
    def trade_end(self) -> np.ndarray:
        """The last day of each account's life as a customer: the end of its last month, or of the
        history.
        """
        end = np.where(np.isfinite(self.gone_day), self.gone_day, self.setting.days - 1)
        hazard = np.isfinite(self.left.month) & ~np.isfinite(self.left.return_day)
        return np.where(
            hazard,
            self.setting.month_starts[np.nan_to_num(self.left.month).astype(np.int64) + 1] - 1,
            end,
        )

    @cached_property
    def demoted_day(self) -> np.ndarray:
        """The day from which a key account is a former one (NaN: not demoted)."""
        known = ~self.accounts["story"].eq("late_leaver").to_numpy()
        day = np.where(
            known & np.isfinite(self.values.admitted), self.gone_day + DEMOTED_AFTER, np.nan
        )
        return np.where(day < self.setting.days, day, np.nan)

    @cached_property
    def is_key(self) -> np.ndarray:
        """Whether an account is a key account at the end of the history."""
        return np.isfinite(self.values.admitted) & ~np.isfinite(self.demoted_day)

    @cached_property
    def by_category(self) -> np.ndarray:
        """Revenue of each account in each category, from the order lines."""
        category = self.lines["product"].to_numpy() // PER_CATEGORY
        cell = self.lines["account"].to_numpy() * len(CATEGORIES) + category
        size = len(self.accounts) * len(CATEGORIES)
        sums = np.bincount(cell, self.lines["revenue"].to_numpy(), size)
        return sums.reshape(-1, len(CATEGORIES))

    def days_of(self, account: int | np.integer) -> np.ndarray:
        """The days of an account's orders; orders stand by account and day."""
        ends = np.searchsorted(self.orders["account"].to_numpy(), np.array([account, account + 1]))
        return self.orders["day"].to_numpy()[slice(*ends)]

    def revenue_by(self, months: range) -> np.ndarray:
        """Revenue of each account in some months, from the order lines."""
        month = self.setting.month_of(self.orders["day"].to_numpy())[self.lines["order"].to_numpy()]
        inside = (month >= months.start) & (month < months.stop)
        return np.bincount(
            self.lines["account"].to_numpy()[inside],
            self.lines["revenue"].to_numpy()[inside],
            len(self.accounts),
        )

    def ids(self, numbers: np.ndarray) -> np.ndarray:
        """The ids of accounts given by number."""
        return np.asarray(self.accounts["account_id"].to_numpy()[numbers])

    def id(self, number: int | np.integer) -> str:
        """The id of one account."""
        return str(self.accounts["account_id"].iloc[number])


def world(setting: Setting) -> World:
    """Simulates the company: accounts, order days, deliveries, mistakes, leaving, values, lines."""
    accounts = roster(setting)
    everything = deliveries(order_days(accounts, setting), accounts, setting)
    wrongs = mistakes(accounts, setting)
    left = leaving(everything, wrongs, accounts, setting)
    orders = placed(everything, left, accounts, setting)
    values = order_values(orders, accounts, setting)
    lines = line_items.order_lines(orders, values.worth, accounts, setting)
    credits = line_items.credit_notes(lines, orders, accounts, setting)
    lines, move = line_items.with_neighbours(lines, credits, orders, accounts, setting)
    return World(setting, accounts, orders, lines, credits, wrongs, left, values, move)
