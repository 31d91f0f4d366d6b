"""Contracts and yearly renewals: how many are renewed, the first time and each time after."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import betaln, digamma

from kamlib.btyd.search import Fit, climb
from kamlib.tables import shaped
from kamlib.words import FEW

Numbers = NDArray[np.float64]
YEAR_DAYS = (275, 460)
"""Length of an agreement that counts as one year."""
BREAK_DAYS = 92
"""The next agreement begins within so many days of the end: a renewal, not a new beginning."""
LEAST_CONTRACTS = 20


@dataclass(frozen=True)
class RenewalModel(Fit):
    """A fitted shifted-beta-geometric model: shares of leaving at a renewal are beta(alpha, beta).

    ``geometric_log_likelihood`` is that of one and the same rate for all contracts and renewals:
    the naive answer.
    """

    alpha: float = math.nan
    beta: float = math.nan
    geometric_log_likelihood: float = math.nan
    renewed_share: float = math.nan

    @property
    def is_better(self) -> bool:
        """It beats one rate for all by the Bayesian information criterion."""
        gain = self.log_likelihood - self.geometric_log_likelihood
        return self.is_usable and gain > math.log(max(self.n, 1)) / 2


def contract_lives(
    agreements: pd.DataFrame, accounts: pd.DataFrame | None = None, *, as_of: pd.Timestamp
) -> pd.DataFrame:
    """One row per yearly contract: how often it has been renewed, and whether it has ended.

    A contract is a chain of agreements of one account and kind, each of about a year (275 to 460
    days), the next beginning at most 92 days after the end of the one before. It has ended when
    that time has passed since its last end without another; until then it counts as not decided.
    What begins after the as-of day is not known.

    Examples
    --------
    >>> from kamlib.tables import typed
    >>> agreements = typed(pd.DataFrame({"agreement_id": ["1", "2"], "account_id": ["A", "A"],
    ...     "start_date": pd.to_datetime(["2023-01-01", "2024-01-01"]),
    ...     "end_date": pd.to_datetime(["2023-12-31", "2024-12-31"])}), "agreements")
    >>> contract_lives(agreements, as_of=pd.Timestamp("2025-09-30"))[
    ...     ["renewal_count", "is_ended"]].values.tolist()
    [[1, True]]
    """
    own = agreements[agreements["start_date"].le(as_of)].copy()
    term = (own["end_date"] - own["start_date"]).dt.days + 1
    own = own[term.between(*YEAR_DAYS)].assign(kind=lambda t: t["kind"].fillna(""))
    own = own.sort_values(["account_id", "kind", "start_date", "end_date"], kind="stable")
    chain = own.groupby(["account_id", "kind"])
    since = (own["start_date"] - chain["end_date"].shift()).dt.days
    own["contract"] = (since.isna() | since.gt(BREAK_DAYS)).cumsum()
    lives = own.groupby("contract", as_index=False).agg(
        account_id=("account_id", "first"),
        kind=("kind", "first"),
        start_date=("start_date", "min"),
        end_date=("end_date", "max"),
        renewal_count=("agreement_id", "size"),
    )
    lives["renewal_count"] -= 1
    ended = (as_of - lives["end_date"]).dt.days.gt(BREAK_DAYS)
    names = lives["account_id"]
    if accounts is not None:
        known = accounts.drop_duplicates("account_id").set_index("account_id")["name"]
        names = names.map(known).fillna(names)
    return shaped("contract_lives", lives.assign(is_ended=ended, name=names))


def renewal_model(contract_lives: pd.DataFrame) -> RenewalModel:
    """Fit the shifted-beta-geometric model of Fader and Hardie (2007) to a book's contracts.

    Each contract is given up at each renewal with a share of its own, which varies over contracts
    as beta(alpha, beta). Of those that reach renewal t,

        given up at it   B(alpha+1, beta+t-1)/B(alpha, beta)
        kept beyond it   B(alpha, beta+t)/B(alpha, beta)

    Source: P. Fader and B. Hardie (2007), How to project customer retention, Journal of Interactive
    Marketing 21(1).

    Examples
    --------
    >>> kept = [1000, 869, 743, 653, 593, 551, 517, 491]
    >>> left = [a - b for a, b in zip(kept, kept[1:])]
    >>> lives = pd.DataFrame({"renewal_count": np.repeat([*range(7), 7], [*left, kept[-1]]),
    ...     "is_ended": np.repeat([True, False], [sum(left), kept[-1]])})
    >>> model = renewal_model(lives)
    >>> round(model.alpha, 3), round(model.beta, 3)
    (0.668, 3.806)
    """
    kept = contract_lives["renewal_count"].to_numpy(float)
    ended = contract_lives["is_ended"].to_numpy(bool)
    judged = ended | (kept > 0)
    kept, ended = kept[judged], ended[judged]
    decisions, losses = float(kept.sum() + ended.sum()), float(ended.sum())
    renewed = 1 - losses / decisions if decisions else math.nan
    model = RenewalModel(n=len(kept), renewed_share=renewed).lacking(
        ("few_contracts", len(kept), LEAST_CONTRACTS), ("few_ended", int(losses), FEW)
    )
    if model.note_code:
        return model
    found = climb(
        lambda at: renewal_likelihood(at, kept, ended),
        [np.log([1.0, renewed / (1 - renewed) + 0.5])],
        len(kept),
    )
    alpha, beta = (float(p) for p in np.exp(found.at))
    is_extreme = alpha + beta > 1000 or alpha < 1e-3
    naive = losses * math.log(1 - renewed) + (decisions - losses) * math.log(max(renewed, 1e-300))
    return replace(
        model,
        alpha=alpha,
        beta=beta,
        log_likelihood=found.value,
        geometric_log_likelihood=naive,
        status=found.status(is_extreme=is_extreme),
        note_code="contracts_alike" if is_extreme else "" if found.is_level else "not_settled",
    )


def renewal_rates(contract_lives: pd.DataFrame, renewal_model: RenewalModel) -> pd.DataFrame:
    """One row per renewal, the first, the second …: how many contracts were renewed at it, and how
    many to expect.

    ``renewed_share``: of those decided at that renewal; ``renewal_chance``: what to expect of the
    next ones, by the shifted-beta-geometric model where it beats one rate for all contracts and
    renewals, else that rate. The row after the last one seen is what lies ahead.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.renewal_rates["renewal_number"].tolist()[:2]
    [1, 2]
    """
    kept, ended = contract_lives["renewal_count"], contract_lives["is_ended"]
    last = int((kept + 1).max()) if len(contract_lives) else 0
    number = np.arange(1, last + 1)
    renewed = np.array([int(kept.ge(t).sum()) for t in number], dtype=float)
    given_up = np.array([int((kept.eq(t - 1) & ended).sum()) for t in number], dtype=float)
    decided = renewed + given_up
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(decided > 0, renewed / decided, math.nan)
    chance = np.full(last, renewal_model.renewed_share)
    if renewal_model.is_better:
        alpha, beta = renewal_model.alpha, renewal_model.beta
        chance = (beta + number - 1) / (alpha + beta + number - 1)
    elif renewal_model.n < FEW:
        chance = np.full(last, math.nan)
    return shaped(
        "renewal_rates",
        pd.DataFrame(
            {
                "renewal_number": number,
                "decided_contract_count": decided,
                "renewed_contract_count": renewed,
                "renewed_share": share,
                "open_contract_count": [int((kept.eq(t - 1) & ~ended).sum()) for t in number],
                "renewal_chance": chance,
                "renewal_rule": "sBG" if renewal_model.is_better else "one rate",
                **renewal_model.remark,
            }
        ),
    )


def renewal_likelihood(
    log_parameters: Numbers, kept: Numbers, ended: NDArray[np.bool_]
) -> tuple[float, Numbers]:
    """Return the log-likelihood of contracts kept so often, and its gradient in ln alpha, ln beta.

    >>> value, _ = renewal_likelihood(np.log([1.0, 1.0]), np.array([0.0]), np.array([True]))
    >>> round(math.exp(value), 6)
    0.5
    """
    alpha, beta = np.exp(log_parameters)
    a, b = alpha + ended, beta + kept
    value = betaln(a, b) - betaln(alpha, beta)
    both = digamma(a + b) - digamma(alpha + beta)
    slopes = (
        alpha * (digamma(a) - digamma(alpha) - both),
        beta * (digamma(b) - digamma(beta) - both),
    )
    return float(value.sum()), np.array([slope.sum() for slope in slopes])
