"""Opportunity: needs, share of wallet, white space against peers, and the volume in reach."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from kamlib.dossier.shape import COUNT, FLAG, NUMBER, TEXT, in_window, rows_of, shaped
from kamlib.tables import each, exact

_WALLET = {
    "account_id": TEXT, "category": TEXT, "annual_spend": NUMBER, "revenue": NUMBER, "wallet_share": NUMBER,
    "is_bad_estimate": FLAG, "held_by_others": NUMBER, "attainable_share": NUMBER, "probability": NUMBER,
    "previous_supplier": TEXT, "note": TEXT,
}  # fmt: skip
_WHITE = {
    "account_id": TEXT, "category": TEXT, "white_space": NUMBER, "revenue": NUMBER, "peer_revenue": NUMBER,
    "buyer_count": COUNT, "buyer_share": NUMBER, "peer_count": COUNT, "peer_group": TEXT, "reason": TEXT,
}  # fmt: skip
_VOLUME = {
    "account_id": TEXT, "category": TEXT, "horizon_years": COUNT, "annual_spend": NUMBER, "attainable_share": NUMBER,
    "probability": NUMBER, "theoretical_volume": NUMBER, "risk_adjusted_volume": NUMBER, "note": TEXT,
}  # fmt: skip


def wallet(
    needs: pd.DataFrame, category_months: pd.DataFrame, account_id: str, *, as_of: pd.Timestamp
) -> pd.DataFrame:
    """One row per category the account needs or buys: the largest annual spend first.

    Share of wallet is our window revenue over the account's annual spend. A share above 1 (compared
    in exact decimals) means the estimate of the spend is wrong: it is flagged, and nothing is then
    said to be held by others. A book without needs has no wallet: no rows.

    Columns
    -------
    account_id: the account
    category: the category
    annual_spend: what the account spends a year with all suppliers; n/a where no need is recorded
    revenue: our net revenue of the window (book currency)
    wallet_share: revenue / annual spend; n/a without a positive spend
    is_bad_estimate: the share is above 1
    held_by_others: annual spend less revenue, never below 0; n/a for a bad estimate
    attainable_share: share of the spend we could win
    probability: of winning it
    previous_supplier: who had or has it
    note: what to notice

    >>> needs = pd.DataFrame({"account_id": ["A"], "category": ["Ink"], "annual_spend": [100.0]})
    >>> months = pd.DataFrame({"account_id": ["A"], "category": ["Ink"], "revenue": [120.0],
    ...     "month": [pd.Timestamp("2025-09-30")]})
    >>> table = wallet(needs, months, "A", as_of=pd.Timestamp("2025-09-30"))
    >>> table[["wallet_share", "is_bad_estimate"]].values.tolist()
    [[1.2, True]]
    """
    if needs is None or needs.empty:
        return shaped([], _WALLET)
    own = rows_of(needs, "needs", account_id).set_index("category")
    own = own[~own.index.duplicated()]
    bought = in_window(category_months[category_months["account_id"].eq(account_id)], as_of)
    sums = exact(bought["revenue"]).groupby(bought["category"]).sum()
    sums = sums[sums.ne(0)]
    table = own.reindex(own.index.union(sums.index)).rename_axis("category").reset_index()
    revenue = (
        table["category"]
        .map(sums)
        .map(lambda value: value if isinstance(value, Decimal) else Decimal(0))
    )
    spend = table["annual_spend"]
    over = (revenue > exact(spend)) & spend.gt(0)
    table = table.assign(
        account_id=account_id,
        revenue=revenue.astype(float),
        wallet_share=revenue.astype(float) / spend.where(spend.gt(0)),
        is_bad_estimate=over.astype(bool),
        held_by_others=(spend - revenue.astype(float)).clip(lower=0).mask(over | ~spend.gt(0)),
    )
    table["note"] = [_wallet_note(row) for row in each(table)]
    order = ["annual_spend", "revenue", "category"]
    return shaped(table.sort_values(order, ascending=[False, False, True]), _WALLET)


def _wallet_note(row) -> str:
    if pd.isna(row.annual_spend):
        return "bought, but no need recorded"
    if row.annual_spend <= 0:
        return "annual spend is not positive"
    if row.is_bad_estimate:
        return "bad estimate: we sell more than the recorded spend"
    return "" if pd.isna(row.note) else str(row.note)


def white_space(
    category_months: pd.DataFrame,
    accounts: pd.DataFrame,
    account_id: str,
    *,
    as_of: pd.Timestamp,
    classes: pd.DataFrame | None = None,
    bought_by: float = 0.40,
    min_peers: int = 5,
) -> pd.DataFrame:
    """One row per category that at least ``bought_by`` of the peers buy: the largest white space
    first.

    Peers are the accounts of the same industry with revenue in the window; where they are fewer
    than ``min_peers``, those of the same revenue class (from ``classes``: account_id, abc_revenue);
    where these are too few as well, all accounts. With fewer than ``min_peers`` in all there is no
    figure, and the reason says so.

    White space = median over the peers that buy the category of (their spend in it × the account's
    window revenue / their own window revenue) − the account's current revenue in it, never below 0.

    Columns
    -------
    account_id: the account
    category: the category
    white_space: revenue in reach if the account bought like its peers (book currency)
    revenue: the account's window revenue in the category
    peer_revenue: median of the buying peers, scaled to the account's size
    buyer_count: peers that buy it
    buyer_share: of the peers
    peer_count: peers in all
    peer_group: who the peers are
    reason: why there is no figure

    >>> months = pd.DataFrame({"account_id": list("AABBCC"), "category": ["x", "y"] * 3,
    ...     "revenue": [100.0, 0.0, 50.0, 50.0, 75.0, 25.0], "month": [pd.Timestamp("2025-09-30")] * 6})
    >>> table = white_space(months, pd.DataFrame(), "A", as_of=pd.Timestamp("2025-09-30"), min_peers=2)
    >>> table[["category", "white_space", "peer_group"]].values.tolist()
    [['y', 37.5, 'all accounts'], ['x', 0.0, 'all accounts']]
    """
    window = in_window(category_months, as_of)
    spend = (
        window.dropna(subset="category")
        .groupby(["account_id", "category"])["revenue"]
        .sum()
        .unstack()
    )
    sizes = window.groupby("account_id")["revenue"].sum()
    buying = [str(account) for account in sizes[sizes.gt(0)].index]
    peers, group = _peers(account_id, buying, accounts, classes, min_peers)
    spend = spend.reindex(peers)
    buyers = spend.gt(0)
    counts = buyers.sum()
    limit = Decimal(str(bought_by)) * len(peers)
    usual = [
        category
        for category, n in zip(counts.index.astype(str), counts, strict=True)
        if n > 0 and Decimal(int(n)) >= limit
    ]
    size = float(sizes.get(account_id, 0.0))
    scaled = spend.where(buyers).div(sizes.reindex(peers), axis=0).median() * size
    current = window[window["account_id"].eq(account_id)].groupby("category")["revenue"].sum()
    reason = ""
    if len(peers) < min_peers:
        reason = f"only {len(peers)} peers; at least {min_peers} are needed"
    elif size <= 0:
        reason = "no revenue in the window to scale to"
    rows = [
        {
            "account_id": account_id,
            "category": category,
            "white_space": max(scaled[category] - float(current.get(category, 0.0)), 0.0)
            if not reason
            else None,
            "revenue": float(current.get(category, 0.0)),
            "peer_revenue": scaled[category] if not reason else None,
            "buyer_count": int(counts[category]),
            "buyer_share": counts[category] / len(peers),
            "peer_count": len(peers),
            "peer_group": group,
            "reason": reason,
        }
        for category in usual
    ]
    table = shaped(rows, _WHITE)
    order = ["white_space", "buyer_share", "category"]
    return shaped(table.sort_values(order, ascending=[False, False, True]), _WHITE)


def _peers(
    account_id: str,
    buying: list[str],
    accounts: pd.DataFrame,
    classes: pd.DataFrame | None,
    min_peers: int,
) -> tuple[list[str], str]:
    """Return the peers and who they are: same industry, else same class, else all."""
    others = [account for account in buying if account != account_id]
    for frame, column, label in (
        (accounts, "industry", "industry"),
        (classes, "abc_revenue", "class"),
    ):
        if frame is None or frame.empty or column not in frame:
            continue
        traits = frame.set_index("account_id")[column]
        own = traits.get(account_id)
        if own is None or pd.isna(own):
            continue
        alike = set(traits.index[traits.eq(own).fillna(False)])
        peers = [account for account in others if account in alike]
        if len(peers) >= min_peers:
            return peers, f"{label} {own}"
    return others, "all accounts"


def opportunity_volume(
    needs: pd.DataFrame,
    account_id: str,
    *,
    discount_rate: float = 0.10,
    horizons: tuple[int, ...] = (1, 3, 5),
) -> pd.DataFrame:
    """One row per need and horizon: the revenue in reach, today's value.

    Theoretical: annual spend × attainable share × Σ 1/(1+d)ᵗ over t = 1 … n years (each year's
        money
    valued at that year's end). Risk-adjusted: × probability. Both include what competitors hold and
    what we already sell. Without an attainable share there is no volume, without a probability no
    risk-adjusted one; the note says so.

    Columns
    -------
    account_id: the account
    category: the need
    horizon_years: 1, 3 or 5
    annual_spend: what the account spends a year (book currency)
    attainable_share: share of it we could win
    probability: of winning it
    theoretical_volume: discounted revenue in reach
    risk_adjusted_volume: the same times the probability
    note: what is missing

    >>> needs = pd.DataFrame({"account_id": ["A"], "category": ["Ink"], "annual_spend": [1100.0],
    ...     "attainable_share": [0.5], "probability": [0.4]})
    >>> opportunity_volume(needs, "A", horizons=(1,))[["theoretical_volume", "risk_adjusted_volume"]].values.tolist()
    [[500.0, 200.0]]
    """
    own = rows_of(needs, "needs", account_id)
    rows = []
    for need in each(own):
        yearly = need.annual_spend * need.attainable_share
        gaps = [n for n in ("attainable_share", "probability") if pd.isna(getattr(need, n))]
        for years in horizons:
            annuity = sum((1 + discount_rate) ** -t for t in range(1, years + 1))
            rows.append(
                {
                    "account_id": account_id,
                    "category": need.category,
                    "horizon_years": years,
                    "annual_spend": need.annual_spend,
                    "attainable_share": need.attainable_share,
                    "probability": need.probability,
                    "theoretical_volume": yearly * annuity,
                    "risk_adjusted_volume": yearly * annuity * need.probability,
                    "note": f"not recorded: {', '.join(gaps).replace('_', ' ')}" if gaps else "",
                }
            )
    table = shaped(rows, _VOLUME)
    order = ["horizon_years", "theoretical_volume", "category"]
    return shaped(table.sort_values(order, ascending=[True, False, True]), _VOLUME)
