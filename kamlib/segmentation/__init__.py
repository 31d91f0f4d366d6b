"""Segmentation: who the accounts are by size, regularity and kind, how few carry how much, and who
moved why.
"""

from kamlib.segmentation.abc import size_classes
from kamlib.segmentation.classes import AccountFigures, account_classes, account_figures
from kamlib.segmentation.control import is_previous_whole, segmentation_control
from kamlib.segmentation.curves import lorenz, pareto, whale_curve
from kamlib.segmentation.dependence import concentration, rollup_changes
from kamlib.segmentation.keys import key_accounts, key_accounts_then, untold_keys
from kamlib.segmentation.kinds import account_types
from kamlib.segmentation.limits import segmentation_limits
from kamlib.segmentation.matrix import abc_cross, abc_xyz_matrix
from kamlib.segmentation.moves import class_migration, class_moves
from kamlib.segmentation.price import price_volume_mix
from kamlib.segmentation.rfm import rfm_scores, rfm_segments

__all__ = [
    "AccountFigures",
    "abc_cross",
    "abc_xyz_matrix",
    "account_classes",
    "account_figures",
    "account_types",
    "class_migration",
    "class_moves",
    "concentration",
    "is_previous_whole",
    "key_accounts",
    "key_accounts_then",
    "lorenz",
    "pareto",
    "price_volume_mix",
    "rfm_scores",
    "rfm_segments",
    "rollup_changes",
    "segmentation_control",
    "segmentation_limits",
    "size_classes",
    "untold_keys",
    "whale_curve",
]
