"""Price, volume and mix: what made an account's revenue change."""

from __future__ import annotations

import numpy as np
import pandas as pd


def price_volume_mix(
    product_windows: pd.DataFrame, *, window_then: str = "previous", window_now: str = "now"
) -> pd.DataFrame:
    """One row per account with products in either window: its revenue change by price, volume and
    mix.

    With quantity Q, revenue R, and per product q and average price p, then (0) and now (1):

    - volume = R₀·(Q₁/Q₀ − 1): more or fewer units, at the old mix and prices;
    - price = Σ (r₁ − p₀·q₁) over the products bought then: the same products at other prices;
    - mix = the rest: other products, or other proportions. Products bought only now are mix, for
      they have no old price.

    The three sum to R₁ − R₀. N/a where a quantity is unknown or the account bought nothing then.
        Units of
    unlike products are added as they are: with pieces and tonnes in one account read volume and mix
        together.

    Columns
    -------
    account_id: the account
    price_revenue_change: revenue change by prices (book currency)
    volume_revenue_change: revenue change by quantity (book currency)
    mix_revenue_change: revenue change by what was bought (book currency)
    """
    rows = product_windows[product_windows["window"].isin([window_then, window_now])]
    is_then = rows["window"].eq(window_then)
    lines = pd.DataFrame(
        {
            "account_id": rows["account_id"],
            "product_id": rows["product_id"].fillna(""),
            "q0": rows["quantity"].where(is_then, 0.0),
            "q1": rows["quantity"].where(~is_then, 0.0),
            "r0": rows["revenue"].where(is_then, 0.0),
            "r1": rows["revenue"].where(~is_then, 0.0),
            "is_unknown": rows["quantity"].isna(),
        }
    )
    products = lines.groupby(["account_id", "product_id"], as_index=False).sum()
    old_price = (products["r0"] / products["q0"]).where(products["q0"] > 0)
    products["price_revenue_change"] = (products["r1"] - old_price * products["q1"]).fillna(0.0)
    sums = products.groupby("account_id")[
        ["q0", "q1", "r0", "r1", "is_unknown", "price_revenue_change"]
    ].sum()
    known = sums["is_unknown"].eq(0) & (sums["q0"] > 0)
    volume = (sums["r0"] * (sums["q1"] / sums["q0"].where(known) - 1)).astype("float64")
    price = sums["price_revenue_change"].where(known)
    return pd.DataFrame(
        {
            "account_id": pd.Series(sums.index, dtype="str"),
            "price_revenue_change": pd.Series(price.to_numpy(), dtype="float64"),
            "volume_revenue_change": pd.Series(volume.to_numpy(), dtype="float64"),
            "mix_revenue_change": pd.Series(
                np.asarray(sums["r1"] - sums["r0"] - price - volume), dtype="float64"
            ),
        }
    )
