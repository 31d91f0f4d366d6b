"""Whether the buying model earns its place: against the rule of silence, by proper scores."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from kamlib.book import LossSettings
from kamlib.btyd.buyers import held_out
from kamlib.btyd.calibration import mean_interval
from kamlib.btyd.forecast import expected_orders
from kamlib.btyd.likelihood import LEAST_ACCOUNTS
from kamlib.btyd.models import BuyerModel
from kamlib.tables import shaped

LOST = 3
"""The band of silence that the rule gives up; one-time buyers' bands lie four higher."""

Numbers = np.ndarray[Any, Any]


def model_verdict(
    unbroken_days: pd.DataFrame,
    buyer_holdout: pd.DataFrame,
    holdout_model: BuyerModel,
    *,
    as_of: pd.Timestamp,
    loss: LossSettings = LossSettings(),
    seed: int = 0,
) -> pd.DataFrame:
    """One row per measure: the buying model against the simple rule of silence, on the book's own
    hold-out.

    All measures are losses, lower is better, and proper: honest chances score best. *Will it order*
    (in the hold-out): the Brier score, which decides, and the logarithmic score; *how often*: the
    mean squared error of order days.

    The simple rule looks at silence / usual gap (≤ 1, ≤ 2, ≤ ``loss.lost``, above and silent for
    ``loss.min_silence_days``), one-time buyers apart; its chance is the share of such accounts that
    ordered in the stretch of the same length before the hold-out, (s + 1)/(n + 2). Where the data
    do not reach back so far, it is the share among the *other* accounts in the hold-out itself, a
    head start for the rule. How often: at the account's own pace if not lost, else never (Wübben
    and von Wangenheim 2008, Journal of Marketing 72(3): such rules are hard to beat).

    The interval is a 95 % bootstrap of the accounts. The model is preferred only where the whole
    interval of the difference is on its side: the simpler rule is preferred when it does as well.

    Parameters
    ----------
    seed
        Seed of the resampled intervals.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.model_verdict["forecast_measure"].tolist()[:2]
    ['will it order: Brier score', 'will it order: logarithmic score']
    """
    if buyer_holdout.empty:
        return shaped("model_verdict", [])
    days = int(buyer_holdout["holdout_days"].iloc[0])
    forecast = expected_orders(buyer_holdout, holdout_model, days=days)
    count = buyer_holdout["later_order_count"].to_numpy(float)
    band = bands(buyer_holdout, loss)
    past = held_out(unbroken_days, as_of - pd.Timedelta(days=days), days)
    is_learned = len(past) >= LEAST_ACCOUNTS
    chance = (
        _past_chance(band, bands(past, loss), past["later_order_count"].gt(0).to_numpy())
        if is_learned
        else _others_chance(band, count > 0)
    )
    pace = buyer_holdout["frequency"] / buyer_holdout["known_days"].clip(lower=1) * days
    at_own_pace = np.where(band % 4 == LOST, 0.0, pace)
    compared = {
        "will it order: Brier score": (_brier, "order_probability", chance),
        "will it order: logarithmic score": (_log_score, "order_probability", chance),
        "how often: squared error": (_squared, "expected_orders", at_own_pace),
    }
    rows: list[dict[str, Any]] = []
    for measure, (loss_of, column, simple_says) in compared.items():
        of_model = loss_of(forecast[column].to_numpy(), count)
        of_simple = loss_of(simple_says, count)
        # the same draw for every measure: of one account both losses together, so that what makes
        # it hard to foretell falls out of the difference
        low, high = mean_interval(of_model - of_simple, np.random.default_rng(seed))
        rows.append(
            {
                "forecast_measure": measure,
                "model_value": of_model.mean(),
                "simple_value": of_simple.mean(),
                "difference": (of_model - of_simple).mean(),
                "difference_low": low,
                "difference_high": high,
                "preferred": "model" if high < 0 else "simple rule",
                "is_deciding": not rows,
                "account_count": len(buyer_holdout),
                "holdout_days": days,
                "model": holdout_model.name,
                **holdout_model.remark,
                "note_code": _code(low, high, holdout_model, is_learned),
            }
        )
    return shaped("model_verdict", rows)


def bands(held: pd.DataFrame, loss: LossSettings) -> Numbers:
    """Return the band of silence, 0 … 3 (3 is lost), plus 4 for accounts with one order day."""
    silence = held["silence_days"].to_numpy(float)
    gap = held["usual_gap_days"].to_numpy(float)
    ratio = silence / np.where(np.isnan(gap), np.inf, gap)  # no gap known: never too long silent
    band = np.searchsorted([1.0, 2.0], ratio, side="left")
    band = np.where((ratio > loss.lost) & (silence >= loss.min_silence_days), LOST, band)
    return band + 4 * held["frequency"].eq(0).to_numpy()


def _past_chance(now: Numbers, then: Numbers, came: Numbers) -> Numbers:
    """Return for each account the share of its band that ordered in the stretch before."""
    share = [(came[then == band].sum() + 1) / ((then == band).sum() + 2) for band in range(8)]
    return np.array(share)[now]


def _others_chance(now: Numbers, came: Numbers) -> Numbers:
    """Return for each account the share of the others of its band that ordered in the hold-out."""
    # of each band all, less the account itself: its own outcome must not foretell it
    orders = np.bincount(now, weights=came, minlength=8)[now] - came
    others = np.bincount(now, minlength=8)[now] - 1
    return (orders + 1) / (others + 2)


def _brier(chance: Numbers, count: Numbers) -> Numbers:
    return (chance - (count > 0)) ** 2


def _log_score(chance: Numbers, count: Numbers) -> Numbers:
    return -np.log(np.maximum(np.where(count > 0, chance, 1 - chance), 1e-12))


def _squared(expected: Numbers, count: Numbers) -> Numbers:
    return (expected - count) ** 2


def _code(low: float, high: float, model: BuyerModel, is_learned: bool) -> str:
    """Return the codes of the remark: what came out, and the rule's head start where it had one."""
    if not model.is_usable:
        return f"no_model {model.note_code}"
    if math.isnan(low):
        return "one_account"
    found = "model_better" if high < 0 else "rule_better" if low > 0 else "no_difference"
    return found if is_learned else f"{found} head_start"
