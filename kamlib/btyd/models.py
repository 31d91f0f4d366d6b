"""Fitted buying models: BG/NBD, MBG/NBD and their regular-buyer kin with Erlang-k gaps."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.special import gammaln

from kamlib.btyd.likelihood import Histories, Numbers, log_likelihood, needed_of, times_of
from kamlib.btyd.search import Fit, Summit, climb
from kamlib.errors import KamError
from kamlib.tables import shaped

MOST_K = 12
_EXTREME = 1000.0


@dataclass(frozen=True)
class BuyerModel(Fit):
    """One fitted model of the beta-geometric family.

    ``r`` and ``alpha`` shape the order rates, ``a`` and ``b`` the probability of leaving after an
    order; ``_se`` are their standard errors (n/a where the likelihood is flat). ``alpha`` is in
    units of ``unit_days`` days. An estimated k counts as a parameter.
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
    parameter_count: int = field(default=4, kw_only=True)


def fit_bgnbd(buyer_summary: pd.DataFrame, *, unit_days: float = 7.0) -> BuyerModel:
    """Fit the BG/NBD model of Fader, Hardie and Lee (2005) to a ``buyer_summary``.

    An account with one order day counts as present for certain in it: prefer ``fit_mbgnbd`` where
    that matters.
    """
    return _fit(buyer_summary, k=1, modified=False, unit_days=unit_days)


def fit_mbgnbd(buyer_summary: pd.DataFrame, *, unit_days: float = 7.0) -> BuyerModel:
    """Fit the MBG/NBD model of Batislam, Denizel and Filiztekin (2007): leaving after the first
    order too.
    """
    return _fit(buyer_summary, k=1, modified=True, unit_days=unit_days)


def fit_bgcnbd(
    buyer_summary: pd.DataFrame, *, k: int | None = None, unit_days: float = 7.0
) -> BuyerModel:
    """Fit the BG/CNBD-k model of Reutterer, Platzer and Schröder (2021); k by likelihood over 1 …
    12 unless given.
    """
    return _fit_k(buyer_summary, k=k, modified=False, unit_days=unit_days)


def fit_mbgcnbd(
    buyer_summary: pd.DataFrame, *, k: int | None = None, unit_days: float = 7.0
) -> BuyerModel:
    """Fit the MBG/CNBD-k model of Reutterer, Platzer and Schröder (2021); k by likelihood over 1 …
    12 unless given.
    """
    return _fit_k(buyer_summary, k=k, modified=True, unit_days=unit_days)


def buyer_models(buyer_summary: pd.DataFrame, *, unit_days: float = 7.0) -> list[BuyerModel]:
    """Fit the four members of the family: both forms, with exponential and with Erlang-k gaps.

    Parameters
    ----------
    unit_days
        Days of a time unit of the fit.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> [model.name for model in q.buyer_models]
    ['BG/NBD', 'MBG/NBD', 'BG/CNBD-3', 'MBG/CNBD-3']
    """
    plain = [fit(buyer_summary, unit_days=unit_days) for fit in (fit_bgnbd, fit_mbgnbd)]
    return [*plain, *(_most_regular(buyer_summary, one) for one in plain)]


def buyer_model(buyer_models: list[BuyerModel], *, with_plain: bool = False) -> BuyerModel:
    """Return the model to use: the lowest BIC among the usable modified forms.

    The plain forms take every one-time buyer for present, however long ago that was. They are
    chosen only ``with_plain``, or where no modified form is usable. Without any usable model,
    return one that says why.

    Parameters
    ----------
    with_plain
        Whether the plain forms may be chosen.

    Raises
    ------
    KamError
        No model was given.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.buyer_model.name, q.buyer_model.is_usable
    ('MBG/CNBD-3', True)
    """
    if not buyer_models:
        raise KamError(
            "There is no buying model to choose from.",
            next="Fit one first, for example buyer_models().",
        )

    def rank(model: BuyerModel) -> tuple[bool, bool, float, int]:
        bic = model.bic if math.isfinite(model.bic) else math.inf
        return not model.is_usable, not (model.is_modified or with_plain), bic, model.k

    return min(buyer_models, key=rank)


def holdout_model(buyer_holdout: pd.DataFrame) -> BuyerModel:
    """Return the model to use of those fitted before the hold-out alone: it has not seen it.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.holdout_model.n <= q.buyer_model.n
    True
    """
    return buyer_model(buyer_models(buyer_holdout))


def model_choice(buyer_models: list[BuyerModel], pareto_model: Fit | None = None) -> pd.DataFrame:
    """One row per fitted model: how well it fits, and which one is used.

    Pareto/NBD stands beside the others for comparison: it cannot know that gaps are regular, and is
    not used.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.model_choice.loc[q.model_choice["is_used"], "model"].tolist() == [q.buyer_model.name]
    True
    """
    used = buyer_model(buyer_models) if buyer_models else None
    rows = [
        {
            **asdict(model),
            "model": model.name,
            "erlang_k": model.k,
            "bic": model.bic,
            "account_count": model.n,
            "fit_status": model.status,
            "is_used": model is used,
        }
        for model in buyer_models
    ]
    if pareto_model is not None:
        beside = vars(pareto_model)
        rows.append(
            {
                **beside,
                "model": beside["name"],
                "erlang_k": 1,
                "bic": pareto_model.bic,
                "account_count": beside["n"],
                "fit_status": pareto_model.status,
                "is_used": False,
            }
        )
    return shaped("model_choice", rows)


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
    return _most_regular(summary, _fit(summary, k=1, modified=modified, unit_days=unit_days))


def _most_regular(summary: pd.DataFrame, plain: BuyerModel) -> BuyerModel:
    """Return the kin of a model of exponential gaps with the likeliest k, that of k = 1 known."""
    modified, unit_days = plain.is_modified, plain.unit_days
    best, worse = plain, 0
    # two worse ones in a row end the search
    for regularity in range(2, MOST_K + 1):
        if best.status == "too few" or worse == 2:
            break
        model = _fit(summary, k=regularity, modified=modified, unit_days=unit_days)
        is_better = model.is_usable and not (
            best.is_usable and model.log_likelihood <= best.log_likelihood
        )
        best, worse = (model, 0) if is_better else (best, worse + 1)
    if best.k == MOST_K:
        best = replace(
            best, note_code=f"{best.note_code} most_regular".strip(), note_limit=float(MOST_K)
        )
    return replace(best, name=_name(best.k, modified, True), parameter_count=5)


def _fit(summary: pd.DataFrame, *, k: int, modified: bool, unit_days: float) -> BuyerModel:
    """Maximise the likelihood in the logarithms of the parameters."""
    x, recency, age = times_of(summary, unit_days)
    empty = BuyerModel(_name(k, modified, k > 1), k, modified, unit_days=unit_days, n=len(x))
    empty = empty.lacking(*needed_of(x))
    if empty.note_code:
        return empty
    histories = Histories.of(x, recency, age)

    # the second start is for books whose accounts hardly leave: even rates, seldom the last order
    pace = x.sum() / age.sum()
    starts = [np.log([1.0, 1.0 / (k * pace), 1.0, 3.0]), np.log([5.0, 5.0 / (k * pace), 0.5, 20.0])]
    found = climb(lambda at: log_likelihood(at, histories, k=k, modified=modified), starts, len(x))
    r, alpha, a, b = (float(p) for p in np.exp(found.at))
    # the gaps' constant of the likelihood, needed to compare one k with another; a gap measured in
    # the model's unit is shorter by ln(unit) each
    gaps = (
        (k - 1) * float(summary["log_gap_sum"].sum() - x.sum() * math.log(unit_days))
        if k > 1
        else 0.0
    )
    errors = np.exp(found.at) * _log_errors(found.at, histories, k, modified)
    status, code = _judge(found, r, alpha * pace * k, a, b)
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
        note_code=code,
    )


def _judge(found: Summit, r: float, pace: float, a: float, b: float) -> tuple[str, str]:
    """Return the status of a search and the code of its remark."""

    def is_extreme(value: float) -> bool:
        return not 1 / _EXTREME < value < _EXTREME

    if math.isfinite(found.slope):
        if is_extreme(b / a) and b > a:
            return "at a limit", "no_leaving"
        if is_extreme(a) or is_extreme(b):
            return "at a limit", "leaving_alike"
        if is_extreme(r) or is_extreme(pace):
            return "at a limit", "pace_alike"
    return ("converged", "") if found.is_level else ("not converged", "not_settled")


def _log_errors(at: Numbers, histories: Histories, k: int, modified: bool) -> Numbers:
    """Return the standard errors of the parameters' logarithms, from the curvature at the top."""
    step = 1e-4  # of the logarithms; the gradient is exact, so its differences give the curvature
    slopes = [
        log_likelihood(at + move, histories, k=k, modified=modified)[1]
        - log_likelihood(at - move, histories, k=k, modified=modified)[1]
        for move in np.eye(4) * step
    ]
    curvature = -np.array(slopes) / (2 * step)
    curvature = (curvature + curvature.T) / 2  # differences leave it symmetric but for rounding
    if not np.isfinite(curvature).all() or np.linalg.eigvalsh(curvature)[0] <= 1e-8:
        return np.full(4, math.nan)
    return np.sqrt(np.diag(np.linalg.inv(curvature)))
