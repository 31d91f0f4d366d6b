"""Buy till you die: who is still there, how often they will order, and what that is worth."""

from kamlib.btyd.alive import alive_probability, alive_record
from kamlib.btyd.buyers import buyer_holdout, buyer_summary
from kamlib.btyd.calibration import calibration
from kamlib.btyd.forecast import expected_orders
from kamlib.btyd.models import (
    BuyerModel,
    buyer_model,
    buyer_models,
    fit_bgcnbd,
    fit_bgnbd,
    fit_mbgcnbd,
    fit_mbgnbd,
    holdout_model,
    model_choice,
)
from kamlib.btyd.pareto import ParetoModel, pareto_forecast, pareto_model
from kamlib.btyd.past import PastYear, past_years
from kamlib.btyd.renewals import RenewalModel, contract_lives, renewal_model, renewal_rates
from kamlib.btyd.spend import SpendModel, expected_spend, fit_gamma_gamma, spend_model
from kamlib.btyd.value import TIMINGS, customer_value, lifetime_value, value_record
from kamlib.btyd.verdict import model_verdict

__all__ = [
    "TIMINGS",
    "BuyerModel",
    "ParetoModel",
    "PastYear",
    "RenewalModel",
    "SpendModel",
    "alive_probability",
    "alive_record",
    "buyer_holdout",
    "buyer_model",
    "buyer_models",
    "buyer_summary",
    "calibration",
    "contract_lives",
    "customer_value",
    "expected_orders",
    "expected_spend",
    "fit_bgcnbd",
    "fit_bgnbd",
    "fit_gamma_gamma",
    "fit_mbgcnbd",
    "fit_mbgnbd",
    "holdout_model",
    "lifetime_value",
    "model_choice",
    "model_verdict",
    "pareto_forecast",
    "pareto_model",
    "past_years",
    "renewal_model",
    "renewal_rates",
    "spend_model",
    "value_record",
]
