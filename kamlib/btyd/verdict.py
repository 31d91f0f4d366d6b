"""Whether the buying model earns its place: against the simple rule of silence, by proper scores."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from kamlib.btyd.buyers import buyer_holdout
from kamlib.btyd.calibration import held_out, mean_interval
from kamlib.btyd.forecast import expected_orders
from kamlib.btyd.models import LEAST_ACCOUNTS, BuyerModel

_VERDICT = {
    "measure": "str",
    "model_value": "float64",
    "simple_value": "float64",
    "difference": "float64",
    "difference_low": "float64",
    "difference_high": "float64",
    "preferred": "str",
    "is_deciding": "bool",
    "accounts": "int64",
    "holdout_days": "int64",
    "model": "str",
    "reason": "str",
}
_HEAD_START = "The rule had a head start: its chances come from the hold-out itself."

Numbers = np.ndarray[Any, Any]


def model_verdict(
    account_days: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    holdout_days: int | None = None,
    lost: float = 3.0,
    least_days: int = 90,
    first_date: pd.Timestamp | None = None,
    model: BuyerModel | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """One row per measure: the buying model against the simple rule of silence, on the book's own
    hold-out.

    All measures are losses, lower is better, and proper: honest chances score best. *Will it order*
    (in the hold-out): the Brier score, which decides, and the logarithmic score; *how often*: the
        mean
    squared error of order days.

    The simple rule looks at silence / usual gap (≤ 1, ≤ 2, ≤ ``lost``, above and silent for
    ``least_days``), one-time buyers apart; its chance is the share of such accounts that ordered in
    the stretch of the same length before the hold-out, (s + 1)/(n + 2). Where the data do not reach
    back so far, it is the share among the *other* accounts in the hold-out itself, a head start for
    the rule. How often: at the account's own pace if not lost, else never (Wübben and von
    Wangenheim 2008, Journal of Marketing 72(3): such rules are hard to beat).

    The interval is a 95 % bootstrap of the accounts. The model is preferred only where the whole
    interval of the difference is on its side: the simpler rule is preferred when it does as well.

    Columns
    -------
    measure: what is compared
    model_value: the model's loss
    simple_value: the simple rule's loss
    difference: model less simple rule; negative where the model is better
    difference_low: lower end of its 95 % interval
    difference_high: upper end of its 95 % interval
    preferred: model or simple rule
    is_deciding: the measure that decides which of the two the report uses
    accounts: accounts in the comparison
    holdout_days: length of the hold-out
    model: model compared
    reason: why, in words
    """
    held, used = held_out(account_days, as_of, holdout_days, first_date, model)
    if held.empty:
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in _VERDICT.items()})
    days = int(held["holdout_days"].iloc[0])
    forecast = expected_orders(held, used, days=days)
    count = held["later_order_count"].to_numpy(float)
    bands = _bands(held, lost, least_days)
    past = buyer_holdout(
        account_days,
        as_of=as_of - pd.Timedelta(days=days),
        holdout_days=days,
        first_date=first_date,
    )
    learned = len(past) >= LEAST_ACCOUNTS
    if learned:
        chance = _past_chance(
            bands, _bands(past, lost, least_days), past["later_order_count"].gt(0).to_numpy()
        )
    else:
        chance = _others_chance(bands, count > 0)
    own_pace = held["frequency"].to_numpy() / held["age_days"].clip(lower=1).to_numpy() * days
    forecasts = {
        "will it order: Brier score": (_brier, forecast["order_probability"], chance),
        "will it order: logarithmic score": (_log_score, forecast["order_probability"], chance),
        "how often: squared error": (
            _squared,
            forecast["expected_orders"],
            np.where(bands % 4 == 3, 0.0, own_pace),
        ),
    }
    rows: list[dict[str, Any]] = []
    for measure, (loss, model_says, simple_says) in forecasts.items():
        of_model, of_simple = loss(model_says.to_numpy(), count), loss(simple_says, count)
        low, high = mean_interval(of_model - of_simple, np.random.default_rng(seed))
        rows.append(
            {
                "measure": measure,
                "model_value": of_model.mean(),
                "simple_value": of_simple.mean(),
                "difference": (of_model - of_simple).mean(),
                "difference_low": low,
                "difference_high": high,
                "preferred": "model" if high < 0 else "simple rule",
                "is_deciding": not rows,
                "reason": _why(low, high, used, learned),
            }
        )
    table = pd.DataFrame(rows).assign(accounts=len(held), holdout_days=days, model=used.name)
    return table[list(_VERDICT)].astype(_VERDICT)


def verdict_finding(verdict: pd.DataFrame) -> str:
    """Return what a ``model_verdict`` means for the reader, in a sentence.

    >>> verdict_finding(pd.DataFrame({"is_deciding": [True], "preferred": ["model"]}))
    'Go by these probabilities: on the past of this book they were better than the simple rule of silence.'
    """
    deciding = verdict[verdict["is_deciding"]]
    if deciding.empty:
        return "The orders are too few to try the model on the past of this book: read its figures as guesses."
    if deciding["preferred"].iloc[0] == "model":
        return "Go by these probabilities: on the past of this book they were better than the simple rule of silence."
    return (
        "Go by the status at the top of the page: on the past of this book the simple rule of silence told as well as "
        "the model who would order again. What follows is a second opinion."
    )


def _bands(held: pd.DataFrame, lost: float, least_days: int) -> np.ndarray[Any, Any]:
    """Return the band of silence, 0 … 3 (3 is lost), plus 4 for accounts with one order day."""
    silence = held["silence_days"].to_numpy(float)
    gap = held["usual_gap_days"].to_numpy(float)
    ratio = silence / np.where(np.isnan(gap), np.inf, gap)
    band = np.searchsorted([1.0, 2.0], ratio, side="left")
    band = np.where((ratio > lost) & (silence >= least_days), 3, band)
    return band + 4 * held["frequency"].eq(0).to_numpy()


def _past_chance(now: Numbers, then: Numbers, came: Numbers) -> Numbers:
    """Return for each account the share of its band that ordered in the stretch before."""
    share = [(came[then == band].sum() + 1) / ((then == band).sum() + 2) for band in range(8)]
    return np.array(share)[now]


def _others_chance(now: Numbers, came: Numbers) -> Numbers:
    """Return for each account the share of the others of its band that ordered in the hold-out."""
    orders = np.bincount(now, weights=came, minlength=8)[now] - came
    others = np.bincount(now, minlength=8)[now] - 1
    return (orders + 1) / (others + 2)


def _brier(chance: Numbers, count: Numbers) -> Numbers:
    return (chance - (count > 0)) ** 2


def _log_score(chance: Numbers, count: Numbers) -> Numbers:
    return -np.log(np.maximum(np.where(count > 0, chance, 1 - chance), 1e-12))


def _squared(expected: Numbers, count: Numbers) -> Numbers:
    return (expected - count) ** 2


def _why(low: float, high: float, model: BuyerModel, learned: bool) -> str:
    if not model.is_usable:
        return f"No model: {model.reason}"
    if math.isnan(low):
        return "Cannot be compared: one account."
    words = (
        "The model is better, and not by chance."
        if high < 0
        else "The simple rule is better, and not by chance."
        if low > 0
        else "No difference beyond chance: the simpler rule is preferred."
    )
    return words if learned else f"{words} {_HEAD_START}"
