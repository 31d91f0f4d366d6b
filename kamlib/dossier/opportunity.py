"""Opportunity: needs, share of wallet, white space against peers, and the volume in reach."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from kamlib.book import ValueSettings
from kamlib.dossier.window import in_window
from kamlib.tables import each, exact, shaped


def wallet(
    needs: pd.DataFrame,
    category_months: pd.DataFrame,
    *,
    account_id: str,
    as_of: pd.Timestamp,
    present: frozenset[str],
) -> pd.DataFrame:
    """One row per category the account needs or buys: the largest annual spend first.

    Share of wallet is our window revenue over the account's annual spend. A share above 1 (compared
    in exact decimals) means the estimate of the spend is wrong: it is flagged, and nothing is then
    said to be held by others. A book without needs has no wallet: no rows.

    Examples
    --------
    >>> from kamlib.tables import typed
    >>> needs = typed(pd.DataFrame({"category": ["Ink"], "annual_spend": [100.0]}), "needs")
    >>> day = pd.Timestamp("2025-09-30")
    >>> months = pd.DataFrame({"category": ["Ink"], "revenue": [120.0], "month": [day]})
    >>> table = wallet(needs, months, account_id="A", as_of=day, present=frozenset({"needs"}))
    >>> table[["wallet_share", "is_bad_estimate"]].values.tolist()
    [[1.2, True]]
    """
    if "needs" not in present:
        return shaped("wallet", [])
    own = needs.drop_duplicates("category").set_index("category")
    bought = in_window(category_months, as_of)
    sums = exact(bought["revenue"]).groupby(bought["category"]).sum()
    sums = sums[sums.ne(0)]
    table = own.reindex(own.index.union(sums.index)).rename_axis("category").reset_index()
    sold = table["category"].map(sums)
    sold = sold.map(lambda value: value if isinstance(value, Decimal) else Decimal(0))
    spend, revenue = table["annual_spend"], sold.astype(float)
    over = (sold > exact(spend)) & spend.gt(0)
    table = table.assign(
        account_id=account_id,
        revenue=revenue,
        wallet_share=revenue / spend.where(spend.gt(0)),
        is_bad_estimate=over.astype(bool),
        held_by_others=(spend - revenue).clip(lower=0).mask(over | ~spend.gt(0)),
        remark=table["note"],
    )
    order = ["annual_spend", "revenue", "category"]
    return shaped("wallet", table.sort_values(order, ascending=[False, False, True]))


def white_space(
    all_category_months: pd.DataFrame,
    all_accounts: pd.DataFrame,
    all_account_classes: pd.DataFrame,
    *,
    account_id: str,
    as_of: pd.Timestamp,
    bought_by: float = 0.40,
    min_peers: int = 5,
) -> pd.DataFrame:
    """One row per category that at least two in five of the peers buy: the largest white space
    first.

    Peers are the accounts of the same industry with revenue in the window; where they are fewer
    than ``min_peers``, those of the same revenue class; where these are too few as well, all
    accounts. With fewer than ``min_peers`` in all, or without revenue to scale to, there is no
    figure: ``note_code`` says why.

    White space = median over the peers that buy the category of (their spend in it × the account's
    window revenue / their own window revenue) − the account's current revenue in it, never below 0.

    Parameters
    ----------
    bought_by
        Share of peers that must buy a category.
    min_peers
        Peers needed to compare with.

    Examples
    --------
    >>> day, none = pd.Timestamp("2025-09-30"), pd.DataFrame(columns=["account_id", "industry"])
    >>> months = pd.DataFrame({"account_id": list("AABBCC"), "category": ["x", "y"] * 3,
    ...     "revenue": [100.0, 0.0, 50.0, 50.0, 75.0, 25.0], "month": day})
    >>> classes = none.rename(columns={"industry": "abc_revenue"})
    >>> table = white_space(months, none, classes, account_id="A", as_of=day, min_peers=2)
    >>> table[["category", "white_space", "peer_group"]].values.tolist()
    [['y', 37.5, 'all accounts'], ['x', 0.0, 'all accounts']]
    """
    window = in_window(all_category_months, as_of)
    named = window.dropna(subset="category").groupby(["account_id", "category"])["revenue"]
    sizes = window.groupby("account_id")["revenue"].sum()
    peers, group = _peers(account_id, sizes, all_accounts, all_account_classes, min_peers)
    spend = named.sum().unstack().reindex(peers)
    buyers = spend.gt(0)
    size = float(sizes.get(account_id, 0.0))
    own = window[window["account_id"].eq(account_id)].groupby("category")["revenue"].sum()
    why = "too few peers" if len(peers) < min_peers else "no revenue" if size <= 0 else ""
    counts = buyers.sum()
    # A share of exactly 40 % counts, which binary fractions would miss.
    usual = counts[counts.gt(0) & counts.ge(float(Decimal(str(bought_by)) * len(peers)))]
    scaled = spend.where(buyers).div(sizes.reindex(peers), axis=0).median() * size
    table = pd.DataFrame(
        {
            "account_id": account_id,
            "revenue": own.reindex(usual.index).fillna(0.0),
            "peer_revenue": float("nan") if why else scaled.reindex(usual.index),
            "buyer_count": usual,
            "buyer_share": usual / max(len(peers), 1),
            "peer_count": len(peers),
            "peer_group": group,
            "note_code": why,
            "least_count": min_peers if why else 0,
        },
        index=usual.index,
    )
    table["white_space"] = (table["peer_revenue"] - table["revenue"]).clip(lower=0.0)
    table = table.rename_axis("category").reset_index()
    order = ["white_space", "buyer_share", "category"]
    return shaped("white_space", table.sort_values(order, ascending=[False, False, True]))


def _peers(
    account_id: str,
    sizes: pd.Series,
    accounts: pd.DataFrame,
    account_classes: pd.DataFrame,
    min_peers: int,
) -> tuple[list[str], str]:
    """Return the peers and who they are: same industry, else same class, else all."""
    others = [str(account) for account in sizes[sizes.gt(0)].index if account != account_id]
    traits = (
        ("industry", accounts.set_index("account_id")["industry"]),
        ("class", account_classes.set_index("account_id")["abc_revenue"]),
    )
    for label, trait in traits:
        own = trait.get(account_id)
        if own is None or pd.isna(own):
            continue
        alike = set(trait.index[trait.eq(own).fillna(False)])
        peers = [account for account in others if account in alike]
        if len(peers) >= min_peers:
            return peers, f"{label} {own}"
    return others, "all accounts"


def opportunity_volume(
    needs: pd.DataFrame,
    wallet: pd.DataFrame,
    *,
    value: ValueSettings = ValueSettings(),
    horizons: tuple[int, ...] = (1, 3, 5),
) -> pd.DataFrame:
    """One row per need and horizon: what can be attained, and what of it is in reach, today's
    value.

    Theoretical: annual spend × attainable share × Σ 1/(1+d)ᵗ over t = 1 … n years (each year's
    money valued at that year's end). Risk-adjusted: × probability. Both include what competitors
    hold and what we already sell. In reach = theoretical less our present sales of as many years,
    valued alike, never below 0; likely in reach: × probability. An estimate below what we sell
    (`wallet` flags it) is wrong: nothing is in reach by it. Without an attainable share there is no
    volume, without a probability no risk-adjusted one.

    Parameters
    ----------
    horizons
        Horizons in years.

    Examples
    --------
    >>> needs = pd.DataFrame({"account_id": ["A"], "category": ["Ink"], "annual_spend": [1100.0],
    ...     "attainable_share": [0.5], "probability": [0.4]})
    >>> wallet = shaped("wallet", {"category": ["Ink"], "revenue": [330.0],
    ...     "is_bad_estimate": [False]})
    >>> table = opportunity_volume(needs, wallet, horizons=(1,))
    >>> table[["theoretical_volume", "in_reach", "likely_in_reach"]].round(6).values.tolist()
    [[500.0, 200.0, 80.0]]
    """
    rows = []
    bought = wallet.set_index("category")
    sold, is_bad = bought["revenue"].to_dict(), bought["is_bad_estimate"].to_dict()
    for need in each(needs):
        yearly = need.annual_spend * need.attainable_share
        for years in horizons:
            annuity = sum((1 + value.discount_rate) ** -t for t in range(1, years + 1))
            is_wrong = bool(is_bad.get(need.category, False))
            room = yearly - max(sold.get(need.category, 0.0), 0.0)
            reach = float("nan") if is_wrong or pd.isna(room) else max(room, 0.0) * annuity
            row = {
                "account_id": need.account_id,
                "category": need.category,
                "horizon_years": years,
                "annual_spend": need.annual_spend,
                "attainable_share": need.attainable_share,
                "probability": need.probability,
                "theoretical_volume": yearly * annuity,
                "risk_adjusted_volume": yearly * annuity * need.probability,
                "in_reach": reach,
                "likely_in_reach": reach * need.probability,
                "is_bad_estimate": is_wrong,
            }
            rows.append(row)
    table = shaped("opportunity_volume", rows)
    order = ["horizon_years", "in_reach", "category"]
    return table.sort_values(order, ascending=[True, False, True]).reset_index(drop=True)
