"""Control totals: every table of the segmentation adds up to the revenue of the window."""

from __future__ import annotations

import pandas as pd

from kamlib.book import SegmentationSettings
from kamlib.errors import KamError
from kamlib.holes import NO_HOLES, Holes, is_broken_since
from kamlib.period.calendar import Span
from kamlib.period.months import is_window_whole, trailing_months
from kamlib.tables import exact, shaped


def is_previous_whole(
    *,
    first_date: pd.Timestamp | None,
    previous_span: Span,
    holes: Holes = NO_HOLES,
    segmentation: SegmentationSettings = SegmentationSettings(),
) -> bool:
    """Whether the windows of the period and of the one before lie wholly in the data: classes then
    and now rest on as many months, and a move between them says something of the account.

    Examples
    --------
    >>> from kamlib.period.calendar import parse_period
    >>> before = parse_period("2025-Q2")
    >>> [is_previous_whole(first_date=pd.Timestamp(day), previous_span=before)
    ...     for day in ("2023-01-05", "2025-01-05")]
    [True, False]
    """
    months = segmentation.window_months
    is_whole = is_window_whole(first_date, as_of=previous_span.end, window_months=months)
    return is_whole and not is_broken_since(previous_span.end, holes)


def segmentation_control(
    account_months: pd.DataFrame,
    account_classes: pd.DataFrame,
    abc_xyz_matrix: pd.DataFrame,
    concentration: pd.DataFrame,
    class_moves: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    segmentation: SegmentationSettings = SegmentationSettings(),
) -> pd.DataFrame:
    """One row per figure: its revenue beside the window's, taken from the account months
    themselves.

    Class moves hold accounts with a class then or now; the revenue of all others is added back.

    Raises
    ------
    KamError
        A figure does not add up to the cent: nothing of this report may be published.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.segmentation_control["figure"].tolist()[:3]
    ['classes', 'matrix by frequency', 'matrix by variability']
    """
    months = segmentation.window_months
    window = account_months[account_months["month"].isin(trailing_months(as_of, months))]
    control = float(exact(window["revenue"]).sum())
    is_unmoved = ~account_classes["account_id"].isin(class_moves["account_id"])
    unmoved = account_classes.loc[is_unmoved, "revenue"].sum()
    groups = concentration[concentration["scope"].eq("groups")]
    cells = abc_xyz_matrix.groupby("class_basis", sort=False)["revenue"].sum()
    sums = {
        "classes": account_classes["revenue"].sum(),
        **{f"matrix by {basis}": revenue for basis, revenue in cells.items()},
        "groups": groups["revenue"].sum() + groups["excluded_revenue"].sum(),
        "class moves and the rest": class_moves["revenue_now"].sum() + unmoved,
    }
    table = pd.DataFrame({"figure": list(sums), "revenue": list(sums.values())}).round(6)
    off = table[(table["revenue"] - control).abs() > 0.005]
    if len(off):
        raise KamError(
            f"The segmentation does not add up: {off['figure'].iloc[0]} "
            f"{off['revenue'].iloc[0]:.2f}, account months {control:.2f}.",
            where=f"window of {months} months to {as_of.date().isoformat()}",
            next="Do not use this report; this is a fault of the kit, please report it.",
            exit_code=1,
        )
    return shaped("segmentation_control", table.assign(control_revenue=control))
