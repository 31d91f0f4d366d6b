"""Fitted buying models: BG/NBD, MBG/NBD and their regular-buyer kin with Erlang-k gaps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import gammaln

from kamlib.btyd.likelihood import Histories, Numbers, log_likelihood
from kamlib.btyd.search import Fit, Summit, climb
from kamlib.errors import KamError

LEAST_ACCOUNTS = 20
LEAST_REPEAT_ACCOUNTS = 10
MOST_K = 12
_EXTREME = 1000.0


@dataclass(frozen=True)
class BuyerModel(Fit):
    """One fitted model of the beta-geometric family.

    ``r`` and ``alpha`` shape the order rates, ``a`` and ``b`` the probability of leaving after an
    order; ``_se`` are their standard errors (n/a where the likelihood is flat). ``alpha`` is in
    units of ``unit_days`` days. ``status`` is ``converged``, ``at a limit`` (usable, but the data
    do not pin every parameter down), ``not converged`` or ``too few``; ``reason`` says why in
    words.
    """

    name: str
    k: int
    is_modified: bool
    r: float = math.nan
    alpha: float = math.nan
    a: float = math.nan
    b: float = math.nan
    r_se: float = math.nan
    alpha_se: float = math.nan
    a_se: float = math.nan
    b_se: float = math.nan
    unit_days: float = 7.0
    log_likelihood: float = math.nan
    n: int = 0
    parameter_count: int = 4
    status: str = "too few"
    reason: str = ""

    @property
    def bic(self) -> float:
        """Bayesian information criterion, lower is better; an estimated k counts as a parameter."""
        return (
            self.parameter_count * math.log(self.n) - 2 * self.log_likelihood
            if self.n
            else math.nan
        )


def fit_bgnbd(summary: pd.DataFrame, *, unit_days: float = 7.0) -> BuyerModel:
    """Fit the BG/NBD model of Fader, Hardie and Lee (2005) to a ``buyer_summary``.

    An account with one order day counts as present for certain in it: prefer ``fit_mbgnbd`` where
    that matters.
    """
    return _fit(summary, k=1, modified=False, unit_days=unit_days)


def fit_mbgnbd(summary: pd.DataFrame, *, unit_days: float = 7.0) -> BuyerModel:
    """Fit the MBG/NBD model of Batislam, Denizel and Filiztekin (2007): leaving after the first
    order too.
    """
    return _fit(summary, k=1, modified=True, unit_days=unit_days)


def fit_bgcnbd(
    summary: pd.DataFrame, *, k: int | None = None, unit_days: float = 7.0
) -> BuyerModel:
    """Fit the BG/CNBD-k model of Reutterer, Platzer and Schröder (2021); k by likelihood over 1 …
    12 unless given.
    """
    return _fit_k(summary, k=k, modified=False, unit_days=unit_days)


def fit_mbgcnbd(
    summary: pd.DataFrame, *, k: int | None = None, unit_days: float = 7.0
) -> BuyerModel:
    """Fit the MBG/CNBD-k model of Reutterer, Platzer and Schröder (2021); k by likelihood over 1 …
    12 unless given.
    """
    return _fit_k(summary, k=k, modified=True, unit_days=unit_days)


def fit_family(summary: pd.DataFrame, *, unit_days: float = 7.0) -> tuple[BuyerModel, ...]:
    """Fit the four members of the family: both forms, with exponential and with Erlang-k gaps."""
    return (
        fit_bgnbd(summary, unit_days=unit_days),
        fit_mbgnbd(summary, unit_days=unit_days),
        fit_bgcnbd(summary, unit_days=unit_days),
        fit_mbgcnbd(summary, unit_days=unit_days),
    )


def choose_model(models: Sequence[BuyerModel], *, with_plain: bool = False) -> BuyerModel:
    """Return the model to use: the lowest BIC among the usable modified forms.

    The plain forms take every one-time buyer for present, however long ago that was. They are
    chosen only ``with_plain``, or where no modified form is usable. Without any usable model,
    return one that says why.

    Raises
    ------
    KamError
        No model was given.
    """
    if not models:
        raise KamError(
            "There is no buying model to choose from.",
            next="Fit one first, for example fit_family().",
        )

    def rank(model: BuyerModel) -> tuple[bool, bool, float, int]:
        bic = model.bic if math.isfinite(model.bic) else math.inf
        return not model.is_usable, not (model.is_modified or with_plain), bic, model.k

    return min(models, key=rank)


def model_choice(models: Sequence[BuyerModel]) -> pd.DataFrame:
    """One row per fitted model: how well it fits, and which one is used.

    Columns
    -------
    model: name of the model
    k: regularity of the gaps; 1 is exponential, the higher the more regular
    r: shape of the order rates over accounts
    alpha: scale of the order rates, in units of unit_days
    a: first shape of the probability of leaving after an order
    b: second shape of the probability of leaving after an order
    r_se: standard error of r
    alpha_se: standard error of alpha
    a_se: standard error of a
    b_se: standard error of b
    unit_days: days in the model's unit of time
    log_likelihood: log-likelihood, of times in that unit
    bic: Bayesian information criterion, lower is better
    accounts: accounts fitted to
    status: converged, at a limit, not converged or too few
    reason: why the status is not converged; how the model was chosen
    is_chosen: the model used
    """
    columns = [
        "r",
        "alpha",
        "a",
        "b",
        "r_se",
        "alpha_se",
        "a_se",
        "b_se",
        "unit_days",
        "log_likelihood",
        "bic",
    ]
    chosen = choose_model(models) if models else None
    rows = [
        [m.name, m.k, *(getattr(m, c) for c in columns), m.n, m.status, m.reason, m is chosen]
        for m in models
    ]
    names = ["model", "k", *columns, "accounts", "status", "reason", "is_chosen"]
    types = {
        "model": "str",
        "k": "int64",
        **dict.fromkeys(columns, "float64"),
        "accounts": "int64",
        "status": "str",
        "reason": "str",
        "is_chosen": "bool",
    }
    return pd.DataFrame(rows, columns=names).astype(types)


def _name(k: int, modified: bool, erlang: bool) -> str:
    form = "MBG" if modified else "BG"
    return f"{form}/CNBD-{k}" if erlang else f"{form}/NBD"


def _fit_k(summary: pd.DataFrame, *, k: int | None, modified: bool, unit_days: float) -> BuyerModel:
    if k is not None:
        if not (isinstance(k, int) and k >= 1):
            raise KamError(f"The regularity k must be a whole number from 1, not {k}.")
        return replace(
            _fit(summary, k=k, modified=modified, unit_days=unit_days),
            name=_name(k, modified, True),
        )
    best = _fit(summary, k=1, modified=modified, unit_days=unit_days)
    worse = 0
    for regularity in range(2, MOST_K + 1):
        if best.status == "too few" or worse == 2:
            break
        model = _fit(summary, k=regularity, modified=modified, unit_days=unit_days)
        is_better = model.is_usable and not (
            best.is_usable and model.log_likelihood <= best.log_likelihood
        )
        best, worse = (model, 0) if is_better else (best, worse + 1)
    reason = best.reason
    if best.k == MOST_K:
        reason = f"{reason} Gaps are at least as regular as the highest k tried ({MOST_K}).".strip()
    return replace(best, name=_name(best.k, modified, True), parameter_count=5, reason=reason)


def _fit(summary: pd.DataFrame, *, k: int, modified: bool, unit_days: float) -> BuyerModel:
    """Maximise the likelihood in the logarithms of the parameters."""
    x = summary["frequency"].to_numpy(float)
    empty = BuyerModel(_name(k, modified, k > 1), k, modified, unit_days=unit_days, n=len(x))
    if len(x) < LEAST_ACCOUNTS:
        return replace(
            empty, reason=f"{len(x)} accounts with orders; a model needs {LEAST_ACCOUNTS}."
        )
    repeat_count = int((x > 0).sum())
    if repeat_count < LEAST_REPEAT_ACCOUNTS:
        return replace(
            empty,
            reason=f"{repeat_count} accounts ordered again; a model needs {LEAST_REPEAT_ACCOUNTS}.",
        )
    recency = summary["recency_days"].to_numpy(float) / unit_days
    age = summary["age_days"].to_numpy(float) / unit_days
    histories = Histories.of(x, recency, age)

    pace = x.sum() / age.sum()
    starts = [np.log([1.0, 1.0 / (k * pace), 1.0, 3.0]), np.log([5.0, 5.0 / (k * pace), 0.5, 20.0])]
    found = climb(lambda at: log_likelihood(at, histories, k=k, modified=modified), starts, len(x))
    r, alpha, a, b = (float(p) for p in np.exp(found.at))
    gaps = (
        (k - 1) * float(summary["log_gap_sum"].sum() - x.sum() * math.log(unit_days))
        if k > 1
        else 0.0
    )
    errors = np.exp(found.at) * _log_errors(found.at, histories, k, modified)
    status, reason = _judge(found, r, alpha * pace * k, a, b)
    return replace(
        empty,
        r=r,
        alpha=alpha,
        a=a,
        b=b,
        r_se=float(errors[0]),
        alpha_se=float(errors[1]),
        a_se=float(errors[2]),
        b_se=float(errors[3]),
        log_likelihood=float(found.value + gaps - x.sum() * gammaln(k)),
        status=status,
        reason=reason,
    )


def _judge(found: Summit, r: float, pace: float, a: float, b: float) -> tuple[str, str]:
    """Return the status of a search and its reason in words."""

    def is_extreme(value: float) -> bool:
        return not 1 / _EXTREME < value < _EXTREME

    if math.isfinite(found.slope) and is_extreme(b / a) and b > a:
        return (
            "at a limit",
            "Hardly any leaving can be seen: nearly every account counts as present.",
        )
    if math.isfinite(found.slope) and (is_extreme(a) or is_extreme(b)):
        return (
            "at a limit",
            "The data do not show how the readiness to leave differs between accounts.",
        )
    if math.isfinite(found.slope) and (is_extreme(r) or is_extreme(pace)):
        return (
            "at a limit",
            "The data do not show how the pace of ordering differs between accounts.",
        )
    if not found.is_level:
        return "not converged", "The search for the best parameters did not settle."
    return "converged", ""


def _log_errors(at: Numbers, histories: Histories, k: int, modified: bool) -> Numbers:
    """Return the standard errors of the parameters' logarithms, from the curvature at the maximum."""
    step = 1e-4
    slopes = [
        log_likelihood(at + move, histories, k=k, modified=modified)[1]
        - log_likelihood(at - move, histories, k=k, modified=modified)[1]
        for move in np.eye(4) * step
    ]
    curvature = -np.array(slopes) / (2 * step)
    curvature = (curvature + curvature.T) / 2
    if not np.isfinite(curvature).all() or np.linalg.eigvalsh(curvature)[0] <= 1e-8:
        return np.full(4, math.nan)
    return np.sqrt(np.diag(np.linalg.inv(curvature)))
