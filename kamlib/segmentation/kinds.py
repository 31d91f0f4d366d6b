"""Types of key accounts: breadwinner, prospective, image-maker, expert. Flags that may overlap."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from kamlib.period.calendar import trailing_months
from kamlib.segmentation.words import percent
from kamlib.words.amounts import money, number

TYPES = ("breadwinner", "prospective", "image-maker", "expert")
BREADWINNER_SHARE = 0.10
NEW_MONTHS = 12
BEFORE_HISTORY_MONTHS = 3
FEWEST_PACE_MONTHS = 3
FEWEST_PEERS = 5
LEADER_TIMES = 2.0
EXPERT_INCIDENTS = 3
EXPERT_KINDS = ("quality", "product_knowledge")


def account_types(
    classes: pd.DataFrame,
    accounts: pd.DataFrame,
    needs: pd.DataFrame | None = None,
    incidents: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
    breadwinner_share: float = BREADWINNER_SHARE,
    book: Any = None,
) -> pd.DataFrame:
    """One row per account and type that it has: the evidence, and whether data or people say so.

    From data:

    - *breadwinner*: at least ``breadwinner_share`` of the profit (of the sum of positive margins);
    without any
      known margin, of revenue, and the evidence says so.
    - *prospective*: first order in the last 12 months, and a budget of the median account of class
    A or
      more: its yearly spend in ``needs``, or its own revenue at the pace of at least 3 months.
          Accounts
      first seen in the first 3 months of the data are not taken for new.
    - *image-maker*: by employees at least twice the next of its industry (or region), among at
    least 5 accounts
      whose headcount is known.
    - *expert*: at least 3 incidents about quality or product knowledge in the last 12 months: it
    notices.

    Declared: the word stands in the account's ``types`` (split at commas, semicolons or bars).

    Columns
    -------
    account_id: the account
    name: its name
    manager_name: who owns the account
    type: breadwinner, prospective, image-maker or expert
    origin: data, declared, or data and declared
    evidence: what says so
    revenue: revenue of the window (book currency)
    """
    found = pd.concat(
        [
            _breadwinners(classes, breadwinner_share, book),
            _prospective(classes, needs, as_of, book),
            _image_makers(accounts, book),
            _experts(incidents, as_of),
        ],
        ignore_index=True,
    )
    declared = _declared(accounts)
    both = found.merge(declared, on=["account_id", "type"], how="outer")
    both["origin"] = "data and declared"
    both.loc[both["declared"].isna(), "origin"] = "data"
    both.loc[both["evidence"].isna(), "origin"] = "declared"
    both["evidence"] = both["evidence"].fillna(both["declared"])
    both["order"] = both["type"].map({name: place for place, name in enumerate(TYPES)})
    facts = classes[["account_id", "name", "manager_name", "revenue"]]
    return (
        both.merge(facts, on="account_id", how="inner")
        .sort_values(
            ["order", "revenue", "account_id"], ascending=[True, False, True], kind="stable"
        )
        .reset_index(drop=True)[
            ["account_id", "name", "manager_name", "type", "origin", "evidence", "revenue"]
        ]
        .astype(
            dict.fromkeys(
                ("account_id", "name", "manager_name", "type", "origin", "evidence"), "str"
            )
        )
    )


def _flags(accounts: pd.Series, kind: str, evidence: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": pd.Series(accounts.to_numpy(), dtype="str"),
            "type": pd.Series(kind, index=range(len(accounts)), dtype="str"),
            "evidence": pd.Series(evidence, dtype="str"),
        }
    )


def _breadwinners(classes: pd.DataFrame, limit: float, book: Any) -> pd.DataFrame:
    has_margin = classes["margin"].notna().any()
    measure, word = (
        ("margin", "profit") if has_margin else ("revenue", "revenue (margin is unknown)")
    )
    rows = classes[classes[f"{measure}_share"].round(12) >= limit]
    evidence = [
        f"{percent(row.share, book)} of all {word}: {money(row.amount, book)}; first order {row.first:%Y-%m}."
        for row in pd.DataFrame(
            {
                "share": rows[f"{measure}_share"],
                "amount": rows[measure],
                "first": rows["first_order_month"],
            }
        ).itertuples()
    ]
    return _flags(rows["account_id"], "breadwinner", evidence)


def _prospective(
    classes: pd.DataFrame, needs: pd.DataFrame | None, as_of: pd.Timestamp, book: Any
) -> pd.DataFrame:
    """Find newcomers whose budget would put them into class A."""
    line = classes.loc[classes["abc_revenue"].eq("A"), "revenue"].median()
    spend = (
        pd.Series(dtype="float64")
        if needs is None
        else needs.groupby("account_id")["annual_spend"].sum()
    )
    rows = classes[["account_id", "revenue", "counted_month_count", "first_order_month"]].copy()
    rows["spend"] = rows["account_id"].map(spend).astype("float64")
    enough = rows["counted_month_count"] >= FEWEST_PACE_MONTHS
    rows["pace"] = rows["revenue"] / rows["counted_month_count"].where(enough) * 12
    first = rows["first_order_month"]
    history = first.min() + pd.DateOffset(months=BEFORE_HISTORY_MONTHS)
    is_new = first.ge(trailing_months(as_of, NEW_MONTHS)[0]) & first.ge(history)
    rows = rows[is_new & (rows[["spend", "pace"]].max(axis=1) >= line)]
    columns = (rows["first_order_month"], rows["spend"], rows["pace"], rows["spend"] >= line)
    evidence = [
        f"First order {first_month:%Y-%m}; "
        + (
            f"needs of {money(spend, book)} a year"
            if has_needs
            else f"{money(pace, book)} a year at the pace so far"
        )
        + f", the median of class A has {money(line, book)}."
        for first_month, spend, pace, has_needs in zip(*columns, strict=True)
    ]
    return _flags(rows["account_id"], "prospective", evidence)


def _image_makers(accounts: pd.DataFrame, book: Any) -> pd.DataFrame:
    """Find the accounts that lead their industry, or else their region, by headcount."""
    parts = [_leaders(accounts, column, book) for column in ("industry", "region")]
    return pd.concat(parts, ignore_index=True).drop_duplicates(["account_id", "type"])


def _leaders(accounts: pd.DataFrame, column: str, book: Any) -> pd.DataFrame:
    if column not in accounts or "employees" not in accounts:
        return _flags(pd.Series(dtype="str"), "image-maker", [])
    known = accounts.loc[accounts["employees"].gt(0), ["account_id", column, "employees"]].dropna()
    known = known.sort_values(
        [column, "employees", "account_id"], ascending=[True, False, True], kind="stable"
    )
    by_group = known.groupby(column)["employees"]
    known["next"], known["peers"] = by_group.shift(-1), by_group.transform("size")
    leads = known.groupby(column).cumcount().eq(0) & known["employees"].ge(
        LEADER_TIMES * known["next"]
    )
    rows = known[leads & known["peers"].ge(FEWEST_PEERS)]
    evidence = [
        f"{number(row.employees, book)} employees, at least twice the next of {row.peers} accounts "
        f"in {column} {getattr(row, column)}."
        for row in rows.itertuples()
    ]
    return _flags(rows["account_id"], "image-maker", evidence)


def _experts(incidents: pd.DataFrame | None, as_of: pd.Timestamp) -> pd.DataFrame:
    if incidents is None or incidents.empty:
        return _flags(pd.Series(dtype="str"), "expert", [])
    since = as_of - pd.DateOffset(months=12)
    is_recent = incidents["opened_date"].gt(since) & incidents["opened_date"].le(as_of)
    rows = incidents[is_recent & incidents["kind"].isin(EXPERT_KINDS)]
    counts = rows.groupby("account_id").size()
    counts = counts[counts >= EXPERT_INCIDENTS]
    return _flags(
        pd.Series(counts.index),
        "expert",
        [
            f"{times} incidents about quality or product knowledge in the last 12 months."
            for times in counts
        ],
    )


def _declared(accounts: pd.DataFrame) -> pd.DataFrame:
    """Return the types that people gave, however they wrote them."""
    texts = (
        accounts[["account_id", "types"]].dropna()
        if "types" in accounts
        else accounts[["account_id"]].iloc[:0]
    )
    rows = [
        (row.account_id, kind)
        for row in texts.itertuples()
        for kind in TYPES
        if kind in map(_type_of, re.split(r"[,;|]", str(row.types)))
    ]
    return pd.DataFrame(
        {
            "account_id": pd.Series([account for account, _ in rows], dtype="str"),
            "type": pd.Series([kind for _, kind in rows], dtype="str"),
            "declared": pd.Series(
                "Declared in the accounts table.", index=range(len(rows)), dtype="str"
            ),
        }
    )


def _type_of(word: str) -> str | None:
    """Return the type that a word names, or None.

    >>> _type_of(" Image maker "), _type_of("bread-winner"), _type_of("friend")
    ('image-maker', 'breadwinner', None)
    """
    plain = re.sub(r"[^a-z]", "", word.lower())
    return {re.sub(r"[^a-z]", "", kind): kind for kind in TYPES}.get(plain)
