"""Buy till you die: who is still there, how often they will order, and what that is worth."""

from kamlib.btyd.buyers import buyer_holdout, buyer_summary
from kamlib.btyd.calibration import calibration
from kamlib.btyd.forecast import alive_probability, expected_orders
from kamlib.btyd.models import (
    BuyerModel,
    choose_model,
    fit_bgcnbd,
    fit_bgnbd,
    fit_family,
    fit_mbgcnbd,
    fit_mbgnbd,
    model_choice,
)
from kamlib.btyd.spend import SpendModel, expected_spend, fit_gamma_gamma
from kamlib.btyd.value import TIMINGS, customer_value, expected_customer_value
from kamlib.btyd.verdict import model_verdict, verdict_finding

__all__ = [
    "TIMINGS",
    "BuyerModel",
    "SpendModel",
    "alive_probability",
    "buyer_holdout",
    "buyer_summary",
    "calibration",
    "choose_model",
    "customer_value",
    "expected_customer_value",
    "expected_orders",
    "expected_spend",
    "fit_bgcnbd",
    "fit_bgnbd",
    "fit_family",
    "fit_gamma_gamma",
    "fit_mbgcnbd",
    "fit_mbgnbd",
    "model_choice",
    "model_verdict",
    "verdict_finding",
]
