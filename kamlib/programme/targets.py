"""Key accounts against target and in debt, over the whole programme."""

from __future__ import annotations

import pandas as pd

from kamlib.book import FiscalYear
from kamlib.holes import NO_HOLES, Holes, is_broken_since
from kamlib.outlook import outlook_choice, over_share, sold_since, year_outlook
from kamlib.period.calendar import period_of
from kamlib.programme.accounts import by_id, key_ids, names_of, summed
from kamlib.tables import shaped


def account_targets(
    account_months: pd.DataFrame,
    targets: pd.DataFrame,
    opportunities: pd.DataFrame,
    key_accounts: pd.DataFrame,
    accounts: pd.DataFrame,
    account_days: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
    fiscal_year: FiscalYear = FiscalYear(),
    holes: Holes = NO_HOLES,
) -> pd.DataFrame:
    """One row per key account: the fiscal year to date against target, and its pipeline.

    The furthest behind comes first. An account without orders this year has sold nothing: its
    revenue and margin are 0. Of the target of a month that is not over the days that are count.
    Targets are n/a where the book has none for the account, those to date
    also where data of the year are missing.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> len(q.account_targets) == q.key_accounts["is_key"].sum().item()
    True
    """
    ids = key_ids(key_accounts)
    year = period_of(as_of, "year", first_month=fiscal_year.first_month)
    done = summed(sold_since(year.start, account_months, account_days, as_of)).reindex(ids)
    revenue, margin = done["revenue"].fillna(0.0), done["margin"].where(done["revenue"].notna(), 0)
    aims = targets[targets["month"].between(year.start, year.end)]
    over = over_share(aims["month"], as_of)
    due = aims[["revenue", "margin"]].mul(over, axis=0).assign(account_id=aims["account_id"])
    due = due.head(0) if is_broken_since(year.start, holes) else due[over.gt(0)]
    due = due.groupby("account_id")[["revenue", "margin"]].sum(min_count=1).reindex(ids)
    year_target = aims.groupby("account_id")["revenue"].sum(min_count=1).reindex(ids)
    deals = opportunities[opportunities["outcome"].eq("open")]
    deals = deals[deals["opened_date"].le(as_of)]
    weighted = (deals["value"] * deals["probability"]).groupby(deals["account_id"]).sum()
    table = pd.DataFrame(
        {
            "name": names_of(ids, accounts).to_numpy(),
            "manager_name": by_id(accounts)["manager_name"].reindex(ids).fillna(""),
            "revenue": revenue,
            "target_revenue": due["revenue"],
            "revenue_gap": revenue - due["revenue"],
            "revenue_attained_share": (revenue / due["revenue"]).where(due["revenue"].gt(0)),
            "margin": margin,
            "target_margin": due["margin"],
            "margin_gap": margin - due["margin"],
            "year_target_revenue": year_target,
            "open_deal_count": deals["account_id"].value_counts().reindex(ids).fillna(0),
            "weighted_pipeline": weighted.reindex(ids).fillna(0.0),
            "is_behind": revenue.lt(due["revenue"]),
        },
        index=ids,
    ).reset_index()
    return shaped(
        "account_targets", table.sort_values(["revenue_gap", "account_id"], kind="stable")
    )


def programme_owed(
    money_owed: pd.DataFrame, key_accounts: pd.DataFrame, accounts: pd.DataFrame
) -> pd.DataFrame:
    """One row per key account that owes money: the largest overdue amount first.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.programme_owed["overdue_amount"].is_monotonic_decreasing
    True
    """
    is_own = money_owed["account_id"].isin(key_ids(key_accounts))
    own = money_owed[is_own & money_owed["open_amount"].ne(0)]
    share = own["overdue_amount"] / own["open_amount"]
    table = own.assign(
        name=names_of(own["account_id"], accounts),
        manager_name=own["account_id"]
        .map(by_id(accounts)["manager_name"])
        .astype("str")
        .fillna(""),
        overdue_share=share.where(own["open_amount"].gt(0)),
    )
    return shaped(
        "programme_owed",
        table.sort_values(["overdue_amount", "account_id"], ascending=[False, True], kind="stable"),
    )


def programme_outlook(
    account_months: pd.DataFrame,
    targets: pd.DataFrame,
    pipeline: pd.DataFrame,
    key_accounts: pd.DataFrame,
    estimate_choice: pd.DataFrame | None = None,
    account_days: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
    fiscal_year: FiscalYear = FiscalYear(),
    holes: Holes = NO_HOLES,
    first_date: pd.Timestamp | None = None,
) -> pd.DataFrame:
    """One row per measure (revenue, and margin where costs are known): where the year will end.

    All key accounts count as one; the arithmetic and its interval are those of
    `kamlib.outlook.year_outlook`, by the rule that did best for the largest accounts together on
    the book's past.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.programme_outlook["measure"].tolist()
    ['revenue', 'margin']
    """
    ids = key_ids(key_accounts)
    months, aims, deals = (
        table[table["account_id"].isin(ids)] for table in (account_months, targets, pipeline)
    )
    if account_days is not None:
        account_days = account_days[account_days["account_id"].isin(ids)]
    rows = year_outlook(
        months,
        aims,
        deals,
        as_of=as_of,
        fiscal_year=fiscal_year,
        holes=holes,
        first_date=first_date,
        book_months=account_months,
        account_days=account_days,
        **outlook_choice(estimate_choice, "outlook of key accounts"),
    )
    return shaped("programme_outlook", rows.assign(account_id="key accounts"))
