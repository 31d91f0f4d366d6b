"""Classes of accounts straight from months, as the tests of the segmentation share them."""

from __future__ import annotations

import pandas as pd

import kamlib.segmentation as seg
from kamlib.book import SegmentationSettings


def account_classes(
    months: pd.DataFrame,
    accounts: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    segmentation: SegmentationSettings = SegmentationSettings(),
) -> pd.DataFrame:
    """The classes of accounts by some settings."""
    figures = seg.account_figures(months, accounts, as_of=as_of, of_figures=segmentation.of_figures)
    return seg.account_classes(figures, segmentation=segmentation)
