"""Books of another kind: stories that are planted into a finished company, and in no other.

Each takes the tables, the book's text and a random stream of its own, and returns the tables, the
text and the rows of truth that it adds. None is part of ``all``: the usual company stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from kamlib.practice.changes import CHANGES
from kamlib.practice.falls import FALLS
from kamlib.tables import CANONICAL, typed

Tables = dict[str, pd.DataFrame]
Fact = tuple[str, str, pd.Timestamp | None, float | None, str]
SPRING = (3, 4, 5)
ORDER_PARTS = ["order_id", "account_id", "order_date", "revenue"]
DECLINE = 0.39
"""What is left of a slowly declining account after four years."""


@dataclass
class Planted:
    """A company while stories are planted into it."""

    tables: Tables
    book: str
    rng: np.random.Generator
    facts: list[Fact] = field(default_factory=list)

    @property
    def orders(self) -> pd.DataFrame:
        """The order lines."""
        return self.tables["orders"]

    @property
    def end(self) -> pd.Timestamp:
        """The last day of the history."""
        return self.orders["order_date"].max()

    def note(self, story: str, account: str, day: object, value: float | None, text: str) -> None:
        """Record a planted fact."""
        date = None if day is None else pd.Timestamp(day)  # type: ignore[arg-type]
        self.facts.append((story, account, date, value, text))

    def alone(self, *names: str) -> None:
        """Leave only these tables."""
        self.tables = {name: self.tables[name] for name in names}

    def buyer(self, *, is_key: bool = False, is_small: bool = False) -> str:
        """Return an account that bought often, in every year and to the end, taken at random."""
        sold = self.orders[self.orders["revenue"].gt(0)]
        days = sold.drop_duplicates(["account_id", "order_date"]).groupby("account_id")[
            "order_date"
        ]
        years = days.agg(lambda one: one.dt.year.nunique())
        late = days.max().gt(self.end - pd.DateOffset(months=3))
        often = days.size().ge(24) & years.eq(years.max()) & late
        if is_small:
            size = sold.groupby("account_id")["revenue"].sum()
            often &= size.le(size[often].median())
        keys = set(self.tables["tiers"].query("tier == 'key'")["account_id"])
        taken = {account for _, account, *_ in self.facts}
        ids = [
            account
            for account in often.index[often]
            if (account in keys) == is_key and account not in taken
        ]
        return str(self.rng.choice(sorted(ids or set(often.index[often]) - taken)))


def no_tiers(planted: Planted) -> None:
    """Nobody has placed accounts."""
    del planted.tables["tiers"]
    planted.tables["accounts"] = planted.tables["accounts"].assign(
        tier=pd.Series(pd.NA, index=planted.tables["accounts"].index, dtype="str")
    )
    planted.note("no_tiers", "", None, None, "the book has no tiers")


def no_criteria(planted: Planted) -> None:
    """The book states no criteria of its own."""
    text = re.sub(r"(?ms)^\[scoring\].*?(?=^\[(?!\[?scoring))", "", planted.book)
    planted.book = re.sub(r"(?m)^min_score.*\n", "", text)
    planted.note("no_criteria", "", None, None, "the book states no criteria")


def spring_buyer(planted: Planted) -> None:
    """An account buys in spring alone and did so in the last one: its silence is no loss."""
    account = planted.buyer()
    last = _only_in_spring(planted, account)
    planted.note("spring_buyer", account, last, None, "orders in spring alone, in every year")


def missed_season(planted: Planted) -> None:
    """An account bought in spring alone and missed the last one."""
    account = planted.buyer()
    _only_in_spring(planted, account)
    orders = planted.orders
    start = pd.Timestamp(planted.end.year, 1, 1)
    orders = orders[~(orders["account_id"].eq(account) & orders["order_date"].ge(start))]
    planted.tables["orders"] = orders.reset_index(drop=True)
    last = orders.loc[orders["account_id"].eq(account), "order_date"].max()
    planted.note("missed_season", account, last, None, "last order; it missed its last spring")


def _only_in_spring(planted: Planted, account: str) -> pd.Timestamp:
    """Move the orders of an account into the springs, a third as many, and return the last day."""
    orders = planted.orders
    own = orders["account_id"].eq(account)
    kept = ~own | orders["order_date"].dt.month.isin(SPRING)
    orders = orders[kept].reset_index(drop=True)
    own = orders["account_id"].eq(account)
    years = range(orders["order_date"].min().year, planted.end.year + 1)
    model = orders[own].drop_duplicates("order_id")
    made = []
    for year in years:  # two orders at least in each spring, so that each is seen
        for month in (3, 5):
            day = pd.Timestamp(year, month, int(planted.rng.integers(3, 26)))
            line = model.iloc[[int(planted.rng.integers(0, len(model)))]]
            name = f"S{account}{year}{month}"
            made.append(
                line.assign(
                    order_id=name,
                    line_id=f"{name}-1",
                    order_date=day,
                    promised_date=pd.NaT,
                    delivered_date=pd.NaT,
                )
            )
    both = pd.concat([orders, *made]).sort_values("order_date", kind="stable")
    planted.tables["orders"] = typed(both.reset_index(drop=True), "orders")
    return pd.Timestamp(both.loc[both["account_id"].eq(account), "order_date"].max())


def one_order(planted: Planted) -> None:
    """A small account is large by one order of the last year alone."""
    account = planted.buyer(is_small=True)
    orders = planted.orders
    year = orders["order_date"].gt(planted.end - pd.DateOffset(years=1))
    recent = year & orders["order_date"].le(planted.end - pd.DateOffset(months=4))
    line = orders.index[orders["account_id"].eq(account) & recent & orders["revenue"].gt(0)][0]
    amount = 0.03 * orders.loc[year, "revenue"].sum()
    factor = amount / orders.loc[line, "revenue"]
    for column in ("revenue", "cost", "quantity"):
        orders[column] = orders[column].astype("float64")
        orders.loc[line, column] = round(orders.loc[line, column] * factor, 2)
    day = orders.loc[line, "order_date"]
    planted.note(
        "one_order", account, day, float(orders.loc[line, "revenue"]), "its one large order"
    )


def slow_decline(planted: Planted) -> None:
    """A key account falls to two fifths over four years, a little every month."""
    account = planted.buyer(is_key=True)
    orders = planted.orders
    own = orders["account_id"].eq(account)
    age = (planted.end - orders["order_date"]).dt.days / 365.25
    left = DECLINE ** ((4 - age).clip(0, 4) / 4)
    for column in ("revenue", "cost"):
        orders[column] = orders[column].where(~own, (orders[column] * left).round(2))
    planted.note("slow_decline", account, None, DECLINE, "what is left of it after four years")


def renewals(planted: Planted) -> None:
    """Six agreements: three have their notice day in the quarter after the data end."""
    ends = [200, 150, 95, 170, 300, 700]
    rows = []
    for number, days in enumerate(ends):
        account = planted.buyer(is_key=number % 2 == 0)
        end = planted.end + pd.Timedelta(days=days)
        name = f"R{number}"
        rows.append((name, account, planted.end - pd.DateOffset(years=2), end, 90.0, 5e4))
        notice = end - pd.Timedelta(days=90)
        planted.note("renewals", account, notice, 5e4, f"notice day of agreement {name}")
    columns = ["agreement_id", "account_id", "start_date", "end_date", "notice_days", "value"]
    made = typed(pd.DataFrame(rows, columns=columns).assign(kind="supply contract"), "agreements")
    both = pd.concat([planted.tables["agreements"], made], ignore_index=True)
    planted.tables["agreements"] = typed(both, "agreements")


def loss_making(planted: Planted) -> None:
    """Costs of the last year are above revenue; the year before they were not."""
    orders = planted.orders
    year = orders["order_date"].gt(planted.end - pd.DateOffset(years=1))
    factor = 1.06 * orders.loc[year, "revenue"].sum() / orders.loc[year, "cost"].sum()
    orders["cost"] = orders["cost"].where(~year, (orders["cost"] * factor).round(2))
    lost = float((orders["revenue"] - orders["cost"])[year].sum())
    planted.note("loss_making", "", None, round(lost, 2), "gross margin of the last 12 months")


def resellers(planted: Planted) -> None:
    """A book of orders alone whose accounts order once a quarter."""
    orders = planted.orders
    orders = orders[orders["revenue"].gt(0)]
    month = orders["order_date"].dt.to_period("M")
    phase = orders["account_id"].map(
        {a: n % 3 for n, a in enumerate(sorted(orders["account_id"].unique()))}
    )
    begins = (month - ((month.dt.month - 1 - phase) % 3)).dt.to_timestamp()
    is_held = begins.ge(orders["order_date"].min())
    orders, day = orders[is_held], begins[is_held]
    name = orders["account_id"] + "-" + day.dt.strftime("%Y%m")
    made = orders.assign(order_id=name, order_date=day)[ORDER_PARTS]
    made = made.groupby(["order_id", "account_id", "order_date"], as_index=False)["revenue"].sum()
    planted.alone()
    planted.tables["orders"] = typed(made.sort_values("order_date", kind="stable"), "orders")
    planted.book = 'title = "Resellers"\n'
    planted.note("resellers", "", None, None, "orders alone, once a quarter")


def crm(planted: Planted) -> None:
    """A book as a deal list gives it: won deals for orders, lost ones with their rivals."""
    orders = planted.orders
    deals = (
        orders[orders["revenue"].gt(0)]
        .groupby("order_id", as_index=False)
        .agg(
            account_id=("account_id", "first"),
            order_date=("order_date", "first"),
            revenue=("revenue", "sum"),
        )
    )
    taken = deals.sample(
        frac=0.25, random_state=np.random.RandomState(int(planted.rng.integers(1_000_000_000)))
    )
    known = planted.tables["opportunities"].assign(value=np.nan)
    names = planted.tables["accounts"].reindex(columns=["account_id", "name", "manager_id"])
    planted.alone("managers")
    planted.tables["orders"] = typed(taken.sort_values(["order_date", "order_id"]), "orders")
    planted.tables["accounts"] = typed(names, "accounts")
    planted.tables["opportunities"] = typed(known, "opportunities")
    planted.book = 'title = "Deals"\n'
    lost = float(known["outcome"].eq("lost").sum())
    planted.note("crm", "", None, lost, "lost deals in the list")


BOOKS: dict[str, Callable[[Planted], None]] = {
    one.__name__: one
    for one in (
        spring_buyer,
        missed_season,
        one_order,
        slow_decline,
        renewals,
        loss_making,
        *FALLS,
        *CHANGES,
        no_tiers,
        no_criteria,
        resellers,
        crm,
    )
}
"""The stories by name, in the order in which they are planted."""


def plant(
    tables: Tables, book: str, stories: tuple[str, ...], seed: int
) -> tuple[Tables, str, list[Fact]]:
    """Plant stories into a company's tables: what they are then, the book's text, and the truth."""
    copies = {name: frame.copy() for name, frame in tables.items()}
    planted = Planted(copies, book, np.random.default_rng(seed))
    for name, story in BOOKS.items():
        if name in stories:
            planted.rng = np.random.default_rng([seed, *name.encode()])
            story(planted)
    made = {name: typed(planted.tables[name], name) for name in CANONICAL if name in planted.tables}
    return made, planted.book, planted.facts
