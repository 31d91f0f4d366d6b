"""Control totals: every table of the segmentation adds up to the revenue of the window."""

from __future__ import annotations

import pandas as pd

from kamlib.errors import KamError
from kamlib.period.calendar import trailing_months
from kamlib.tables import exact


def is_window_whole(
    first_date: pd.Timestamp | None, *, as_of: pd.Timestamp, window_months: int = 12
) -> bool:
    """Return whether the data reach back to the first month of the window that ends on ``as_of``.

    >>> is_window_whole(pd.Timestamp("2024-10-03"), as_of=pd.Timestamp("2025-09-30"))
    True
    >>> is_window_whole(pd.Timestamp("2024-12-01"), as_of=pd.Timestamp("2025-09-30"))
    False
    """
    return first_date is not None and bool(first_date <= trailing_months(as_of, window_months)[0])


def segmentation_control(
    account_months: pd.DataFrame,
    classes: pd.DataFrame,
    matrix: pd.DataFrame,
    concentration: pd.DataFrame,
    moves: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    window_months: int = 12,
) -> pd.DataFrame:
    """One row per figure: its revenue beside the window's, taken from the account months
    themselves.

    Class moves hold accounts with a class then or now; the revenue of all others is added back.

    Raises
    ------
    KamError
        A figure does not add up to the cent: nothing of this report may be published.

    Columns
    -------
    figure: what was summed
    revenue: its revenue (book currency)
    control_revenue: revenue of the account months of the window (book currency)
    """
    window = account_months[account_months["month"].isin(trailing_months(as_of, window_months))]
    control = float(exact(window["revenue"]).sum())
    unmoved = classes.loc[~classes["account_id"].isin(moves["account_id"]), "revenue"].sum()
    groups = concentration[concentration["scope"].eq("groups")]
    sums = {
        "classes": classes["revenue"].sum(),
        **{
            f"matrix by {basis}": part["revenue"].sum()
            for basis, part in matrix.groupby("basis", sort=False)
        },
        "groups": groups["revenue"].sum() + groups["excluded_revenue"].sum(),
        "class moves and the rest": moves["revenue_now"].sum() + unmoved,
    }
    table = pd.DataFrame(
        {
            "figure": pd.Series(list(sums), dtype="str"),
            "revenue": pd.Series(list(sums.values()), dtype="float64").round(6),
            "control_revenue": pd.Series(control, index=range(len(sums)), dtype="float64"),
        }
    )
    off = table[(table["revenue"] - control).abs() > 0.005]
    if len(off):
        raise KamError(
            f"The segmentation does not add up: {off['figure'].iloc[0]} {off['revenue'].iloc[0]:.2f}, "
            f"account months {control:.2f}.",
            where=f"window of {window_months} months to {as_of.date().isoformat()}",
            next="Do not use this report; this is a fault of the kit, please report it.",
            exit_code=1,
        )
    return table
