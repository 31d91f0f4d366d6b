"""The figures of the front page: one way of computing them for every as-of day, so that they
compare.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pandas as pd

from kamlib.book import BookSettings
from kamlib.period.calendar import trailing_months
from kamlib.retention import account_status, retention_figures
from kamlib.segmentation import account_classes, concentration, key_accounts
from kamlib.tables import each

_COLUMNS = ["as_of_date", "figure", "scope", "value"]


def figures_as_of(
    account_days: pd.DataFrame,
    account_months: pd.DataFrame,
    accounts: pd.DataFrame,
    tiers: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    before: pd.Timestamp,
    book: BookSettings,
) -> pd.DataFrame:
    """One row per figure × scope: the main figures as of one day, from what was known then.

    ``before`` is the end of the period before: churn counts from it. Revenue and margin are those
    of the 12 months to the day.

    Columns
    -------
    as_of_date: the day
    figure: revenue, margin, revenue_share, accounts, NRR, GRR, logo_churn, revenue_at_risk, hhi and
        others
    scope: key (key accounts), all, or groups (companies rolled up to their parent)
    value: share 0–1, money (book currency) or count
    """
    days = account_days[account_days["date"].le(as_of)]
    months = account_months[account_months["month"].le(as_of)]
    options = book.segmentation
    classes = account_classes(
        months,
        accounts,
        as_of=as_of,
        window_months=options.window_months,
        abc=options.abc,
        xyz_frequency=options.xyz_frequency,
        xyz_variability=options.xyz_variability,
    )
    keys = key_accounts(accounts, tiers, classes, as_of=as_of, at_most=book.key_accounts.at_most)
    rule = book.loss.model_dump()
    status = account_status(days, accounts, as_of=as_of, classes=classes, **rule)
    earlier = account_status(
        days[days["date"].le(before)], accounts, as_of=before, classes=classes, **rule
    )
    found = retention_figures(months, status, earlier, keys, as_of=as_of)
    spread = concentration(classes, accounts, keys)
    is_key = classes["account_id"].isin(keys.loc[keys["is_key"], "account_id"])
    bought = classes["revenue"].gt(0)
    rows = [
        ("revenue", "all", classes["revenue"].sum()),
        ("revenue", "key", classes.loc[is_key, "revenue"].sum()),
        (
            "margin",
            "all",
            classes.loc[bought, "margin"].sum(skipna=False) if bought.any() else float("nan"),
        ),
        ("margin", "key", classes.loc[is_key & bought, "margin"].sum(skipna=False)),
        ("accounts", "all", float(bought.sum())),
        ("accounts", "key", float(keys["is_key"].sum())),
    ]
    names = {"accounts": "all", "groups": "groups"}
    for row in each(spread):
        scope = names[str(row.scope)]
        rows += [(f"top_{n}_share", scope, getattr(row, f"top_{n}_share")) for n in (1, 5, 10, 20)]
        rows += [(name, scope, getattr(row, name)) for name in ("hhi", "effective_number", "gini")]
        if row.scope == "accounts":
            rows.append(("revenue_share", "key", row.key_share))
    own = pd.DataFrame(rows, columns=["figure", "scope", "value"])
    table = pd.concat([own, found], ignore_index=True).astype(
        {"figure": "str", "scope": "str", "value": "float64"}
    )
    return table.assign(as_of_date=as_of)[_COLUMNS].round({"value": 9})


def figure_history(
    account_days: pd.DataFrame,
    account_months: pd.DataFrame,
    accounts: pd.DataFrame,
    tiers: pd.DataFrame,
    *,
    ends: Sequence[pd.Timestamp],
    book: BookSettings,
) -> pd.DataFrame:
    """One row per as-of day × figure × scope: the main figures over past periods, oldest first.

    ``ends`` are the periods' last days, ascending; the first is only what the second is compared
    with. Past days whose 12 months the data do not cover whole are left out: half a window is no
    base for a comparison. ``account_months`` are those of the last of ``ends``; where a period does
    not end with a month (weeks), each earlier day gets months of its own.

    Columns
    -------
    as_of_date: the period's last day
    figure: see ``figures_as_of``
    scope: see ``figures_as_of``
    value: share 0–1, money (book currency) or count
    """
    first = account_days["date"].min()

    def months(end: pd.Timestamp) -> pd.DataFrame:
        if end == ends[-1] or (end.is_month_end and ends[-1].is_month_end):
            return account_months
        from kamlib.period import activity  # brings the engine with it

        return activity.account_months(account_days[account_days["date"].le(end)], as_of=end)

    parts = [
        figures_as_of(
            account_days, months(end), accounts, tiers, as_of=end, before=before, book=book
        )
        for before, end in pairwise(ends)
        if end == ends[-1] or (pd.notna(first) and end - pd.DateOffset(months=11) >= first)
    ]
    if not parts:
        return pd.DataFrame({"as_of_date": [], "figure": [], "scope": [], "value": []}).astype(
            {"as_of_date": "datetime64[us]", "figure": "str", "scope": "str", "value": "float64"}
        )
    return pd.concat(parts, ignore_index=True)


def base_months(first_date: pd.Timestamp | None, as_of: pd.Timestamp) -> int:
    """Return how many months of the year before the last 12 months the data hold.

    >>> base_months(pd.Timestamp("1996-07-04"), pd.Timestamp("1997-12-31"))
    6
    """
    return 12 if first_date is None else int((trailing_months(as_of, 24)[:12] >= first_date).sum())


def key_figures(
    figure_history: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    previous: pd.Timestamp,
    year_ago: pd.Timestamp,
) -> pd.DataFrame:
    """One row per figure × scope: its value, and the values a period and a year before.

    Columns
    -------
    figure: see ``figures_as_of``
    scope: key, all or groups
    value: as of the period's end
    previous_value: as of the previous period's end; n/a where the data do not reach back
    year_ago_value: as of the end of the like period a year before
    """
    by_day = {
        name: figure_history.loc[figure_history["as_of_date"].eq(day)].set_index(
            ["figure", "scope"]
        )["value"]
        for name, day in (
            ("value", as_of),
            ("previous_value", previous),
            ("year_ago_value", year_ago),
        )
    }
    table = pd.DataFrame({"value": by_day.pop("value")})
    for name, values in by_day.items():
        table[name] = values.reindex(table.index)
    return table.reset_index().astype({"figure": "str", "scope": "str"})
