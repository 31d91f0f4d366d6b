"""What is known of a learner's practice company: its tables, its period, and its hidden truth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from kamlib.errors import KamError
from kamlib.period import Period
from kamlib.practice import Activity, Company, activity

ACCOUNTS, MONTHS, START = 60, 48, "2022-01"
"""The size of a learner's company: small enough to be read at once, large enough to hold all."""


@dataclass(frozen=True)
class Known:
    """A practice company as those who made it know it; ``q`` is what the learner sees of it.

    Answers are worked out here from the company's own tables and its truth, not by the kit.
    """

    company: Company
    q: Period

    @property
    def as_of(self) -> pd.Timestamp:
        """The last day of the period."""
        return self.q.as_of

    @cached_property
    def lines(self) -> pd.DataFrame:
        """Every order line up to the last day."""
        orders = self.company.tables["orders"]
        return orders[orders["order_date"].le(self.as_of)]

    @cached_property
    def activity(self) -> Activity:
        """Order days, deliveries and incidents, straight from the tables."""
        return activity(self.company, as_of=self.as_of)

    def window(self, years_ago: int = 0) -> pd.DataFrame:
        """Return the order lines of the twelve months to the last day, or to that day years ago."""
        end = self.as_of - pd.DateOffset(years=years_ago)
        start = end - pd.DateOffset(years=1)
        days = self.lines["order_date"]
        return self.lines[days.gt(start) & days.le(end)]

    def revenue(self, years_ago: int = 0) -> pd.Series:
        """Return the revenue of each account in that window, largest first."""
        sums = self.window(years_ago).groupby("account_id")["revenue"].sum().round(2)
        return sums.sort_values(ascending=False)

    @cached_property
    def keys(self) -> list[str]:
        """The accounts that are key on the last day."""
        tiers = self.company.tables["tiers"]
        is_open = tiers["end_date"].isna() | tiers["end_date"].ge(self.as_of)
        mine = tiers["tier"].eq("key") & tiers["start_date"].le(self.as_of) & is_open
        return sorted(set(tiers.loc[mine, "account_id"]))

    def planted(self, *stories: str) -> list[str]:
        """Return the accounts that play a part in the hidden truth.

        Raises
        ------
        KamError
            Nobody plays it: the company is too small or too young for the story.
        """
        truth = self.company.truth
        found = truth.loc[truth["story"].isin(stories), "account_id"].tolist()
        if not found:
            raise KamError("This company has no such story.", where=", ".join(stories))
        return list(dict.fromkeys(found))

    def name(self, account_id: str) -> str:
        """Return an account's name."""
        accounts = self.company.tables["accounts"]
        return str(accounts.loc[accounts["account_id"].eq(account_id), "name"].iloc[0])
