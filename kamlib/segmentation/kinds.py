"""Types of key accounts: breadwinner, prospective, image-maker, expert. Flags that may overlap."""

from __future__ import annotations

import re

import pandas as pd

from kamlib.book import SegmentationSettings
from kamlib.holes import EARLY_MONTHS
from kamlib.period.months import trailing_months
from kamlib.tables import shaped

TYPES = ("breadwinner", "prospective", "image-maker", "expert")
NEW_MONTHS = 12
FEWEST_PACE_MONTHS = 3
FEWEST_PEERS = 5
LEADER_TIMES = 2.0
EXPERT_INCIDENTS = 3
EXPERT_MONTHS = 12
EXPERT_KINDS = ("quality", "product_knowledge")
FACTS = [
    "account_id",
    "type",
    "evidence_code",
    "evidence_share",
    "evidence_amount",
    "evidence_count",
    "compared_amount",
    "rival_count",
    "led_group",
]
"""What the finders of the four types return."""


def account_types(
    account_classes: pd.DataFrame,
    accounts: pd.DataFrame,
    needs: pd.DataFrame,
    incidents: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None = None,
    segmentation: SegmentationSettings = SegmentationSettings(),
) -> pd.DataFrame:
    """One row per account and type that it has: the evidence, and whether data or people say so.

    From data:

    - *breadwinner*: at least ``breadwinner_share`` of the profit (of the sum of positive margins);
      without any known margin, of revenue, and the evidence says so.
    - *prospective*: first order in the last 12 months, and a budget of the median account of class
      A or more: its yearly spend in ``needs``, or its own revenue at the pace of at least 3 months.
      Accounts first seen in the first 3 months of the data, or after a hole in them, are not taken
      for new.
    - *image-maker*: by employees at least twice the next of its industry (or region), among at
      least 5 accounts whose headcount is known.
    - *expert*: at least 3 incidents about quality or product knowledge in the last 12 months: it
      notices.

    Declared: the word stands in the account's ``types`` (split at commas, semicolons or bars).
    ``evidence_code`` says what the evidence is: profit, revenue, needs, pace, industry, region,
    incidents or declared.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> sorted(q.account_types["type"].unique())
    ['breadwinner', 'expert', 'image-maker', 'prospective']
    """
    found = pd.concat(
        [
            _breadwinners(account_classes, segmentation.breadwinner_share),
            _prospective(account_classes, needs, as_of, first_date),
            _image_makers(accounts),
            _experts(incidents, as_of),
        ],
        ignore_index=True,
    ).reindex(columns=FACTS)
    declared = _declared(accounts)
    both = found.merge(declared, on=["account_id", "type"], how="outer", indicator="origin")
    words = {"left_only": "data", "right_only": "declared", "both": "data and declared"}
    both["origin"] = both["origin"].astype("str").map(words)
    both["evidence_code"] = both["evidence_code"].fillna("declared")
    both["place"] = both["type"].map({name: place for place, name in enumerate(TYPES)})
    facts = account_classes[["account_id", "name", "manager_name", "revenue", "first_order_month"]]
    return shaped(
        "account_types",
        both.merge(facts, on="account_id", how="inner").sort_values(
            ["place", "revenue", "account_id"], ascending=[True, False, True], kind="stable"
        ),
    )


def _breadwinners(account_classes: pd.DataFrame, limit: float) -> pd.DataFrame:
    has_margin = account_classes["margin"].notna().any()
    code, measure = ("profit", "margin") if has_margin else ("revenue", "revenue")
    share = account_classes[f"{measure}_share"]
    rows = account_classes.assign(
        type="breadwinner",
        evidence_code=code,
        evidence_share=share,
        evidence_amount=account_classes[measure],
    )
    return rows[share.round(12) >= limit].reindex(columns=FACTS)


def _prospective(
    account_classes: pd.DataFrame,
    needs: pd.DataFrame,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None,
) -> pd.DataFrame:
    """Find newcomers whose budget would put them into class A."""
    line = account_classes.loc[account_classes["abc_revenue"].eq("A"), "revenue"].median()
    of_needs = needs.groupby("account_id")["annual_spend"].sum()
    spend = account_classes["account_id"].map(of_needs).astype("float64")
    spend = spend.where(spend.ge(account_classes["revenue"]))  # a spend below our sales is wrong
    counted, first = account_classes["counted_month_count"], account_classes["first_order_month"]
    pace = account_classes["revenue"] / counted.where(counted >= FEWEST_PACE_MONTHS) * 12
    begun = first.min() if first_date is None else max(first.min(), first_date)
    history = begun + pd.DateOffset(months=EARLY_MONTHS)
    is_new = first.ge(trailing_months(as_of, NEW_MONTHS)[0]) & first.ge(history)
    has_needs = spend.astype("float64") >= line
    rows = account_classes.assign(
        type="prospective",
        evidence_code=has_needs.map({True: "needs", False: "pace"}),
        evidence_amount=spend.where(has_needs, pace).astype("float64"),
        compared_amount=line,
    )
    return rows[is_new & (has_needs | (pace >= line))].reindex(columns=FACTS)


def _image_makers(accounts: pd.DataFrame) -> pd.DataFrame:
    """Find the accounts that lead their industry, or else their region, by headcount."""
    parts = [_leaders(accounts, column) for column in ("industry", "region")]
    return pd.concat(parts, ignore_index=True).drop_duplicates("account_id")


def _leaders(accounts: pd.DataFrame, column: str) -> pd.DataFrame:
    known = accounts.reindex(columns=["account_id", column, "employees"]).dropna()
    known = known[known["employees"].astype("float64").gt(0)].sort_values(
        [column, "employees", "account_id"], ascending=[True, False, True], kind="stable"
    )
    by_group = known.groupby(column)["employees"]
    peers = by_group.transform("size")
    is_largest = known.groupby(column).cumcount().eq(0)
    leads = is_largest & known["employees"].ge(LEADER_TIMES * by_group.shift(-1))
    rows = known.assign(
        type="image-maker",
        evidence_code=column,
        evidence_count=known["employees"],
        rival_count=peers,
        led_group=known[column],
    )
    return rows[leads & peers.ge(FEWEST_PEERS)].reindex(columns=FACTS)


def _experts(incidents: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    since = as_of - pd.DateOffset(months=EXPERT_MONTHS)
    is_recent = incidents["opened_date"].gt(since) & incidents["opened_date"].le(as_of)
    counts = (
        incidents[is_recent & incidents["kind"].isin(EXPERT_KINDS)].groupby("account_id").size()
    )
    rows = counts[counts >= EXPERT_INCIDENTS].rename("evidence_count").reset_index()
    return rows.assign(type="expert", evidence_code="incidents").reindex(columns=FACTS)


def _declared(accounts: pd.DataFrame) -> pd.DataFrame:
    """Return the types that people gave, however they wrote them."""
    texts = accounts.reindex(columns=["account_id", "types"]).dropna()
    rows = [
        (account, kind)
        for account, text in zip(texts["account_id"], texts["types"], strict=True)
        for kind in TYPES
        if kind in map(_type_of, re.split(r"[,;|]", str(text)))
    ]
    return pd.DataFrame(rows, columns=["account_id", "type"], dtype="str")


def _type_of(word: str) -> str | None:
    """Return the type that a word names, or None.

    >>> _type_of(" Image maker "), _type_of("bread-winner"), _type_of("friend")
    ('image-maker', 'breadwinner', None)
    """
    plain = re.sub(r"[^a-z]", "", word.lower())
    return {re.sub(r"[^a-z]", "", kind): kind for kind in TYPES}.get(plain)
