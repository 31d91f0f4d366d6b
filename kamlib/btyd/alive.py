"""Who is still there: the model's probability, corrected by what came of like accounts."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import stats

from kamlib.book import LossSettings
from kamlib.btyd.forecast import alive_given, names_of
from kamlib.btyd.models import BuyerModel
from kamlib.btyd.past import PastYear
from kamlib.btyd.verdict import LOST, bands
from kamlib.choice import published
from kamlib.tables import shaped

GROUPS = 5
LEAST_CASES = 20
"""A group of like accounts has at least so many cases."""


def alive_record(
    past_years: list[PastYear], *, loss: LossSettings = LossSettings()
) -> pd.DataFrame:
    """One row per past day × account that was not lost then: the chance that would have been stated
    that it orders within a year, and whether it did.

    The days lie one, two and three years before the as-of day, where a year of history lies before
    them. ``model_probability``: of being there, by the buying model fitted on that day (with the
    regularity k of today's). ``stated``: that, corrected by what had come of like accounts until
    then (see ``alive_probability``); ``naive``: the share of the accounts in the same band of
    silence that ordered within a year, of the days before. Both are n/a on the first day, which has
    no past.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.alive_record["as_of_date"].nunique()
    3
    """
    parts: list[pd.DataFrame] = []
    for day, buyers, model in past_years:
        held = buyers.assign(silence_band=bands(buyers, loss))
        held["model_probability"] = alive_given(held, model)
        held = held[held["silence_band"] % 4 != LOST].reset_index(drop=True)
        held["is_back"] = held["later_order_count"].gt(0)
        past = pd.concat(parts) if parts else held.iloc[:0]
        held["stated"] = like(held["model_probability"], past, "model_probability")["chance"]
        held["naive"] = _of_band(held["silence_band"], past)
        parts.append(held.assign(as_of_date=day))
    return shaped("alive_record", pd.concat(parts) if parts else [])


def alive_probability(
    buyer_summary: pd.DataFrame,
    buyer_model: BuyerModel,
    accounts: pd.DataFrame | None = None,
    alive_record: pd.DataFrame | None = None,
    win_back: pd.DataFrame | None = None,
    estimate_choice: pd.DataFrame | None = None,
    *,
    loss: LossSettings = LossSettings(),
) -> pd.DataFrame:
    """One row per account: the probability that it is still there, as accounts like it were.

    ``model_probability`` is the model's: of being present given the account's own history,
    1 / (1 + e^D) with D the log-odds of having left after the last order (see
    ``kamlib.btyd.likelihood``). What is stated is what came of like accounts on the book's own
    past (``alive_record``): the cases are ranked by the model's probability and cut into groups of
    at least 20, merged where a higher group did not do better; of the account's group
    ``ordered_count`` of ``like_count`` ordered within a year, with the 80 % interval of that share
    ((s + ½)/(n + 1), after Jeffreys): never more extreme than what was seen. Where the bands of
    silence foretold better, they are the groups. A lost account has the chance of ``win_back``.
    Without a past it is n/a; without a record given, it is the model's own.

    Examples
    --------
    >>> model = BuyerModel("MBG/NBD", 1, True, r=0.525, alpha=6.183, a=0.891, b=1.614, n=2357,
    ...     status="converged")
    >>> buyers = pd.DataFrame({"account_id": ["A", "B"], "frequency": [2, 2],
    ...     "span_days": [213, 30], "known_days": [272, 272]})
    >>> alive_probability(buyers, model)["alive_probability"].round(2).tolist()
    [0.71, 0.09]
    """
    silence = buyer_summary["known_days"] - buyer_summary["span_days"]
    of_model = alive_given(buyer_summary, buyer_model)
    table = buyer_summary.assign(
        name=names_of(buyer_summary, accounts),
        silence_days=silence,
        model=buyer_model.name,
        **buyer_model.remark,
        model_probability=of_model,
        alive_probability=of_model,
        likeness="model",
    )
    is_once = table["frequency"].eq(0) & (not buyer_model.is_modified) & buyer_model.is_usable
    table["note_code"] = table["note_code"].mask(is_once, "one_time")
    if alive_record is None:
        return shaped("alive_probability", table)
    ranked = "model_probability"
    if published(estimate_choice, "still there") == "naive":
        ranked, table["likeness"] = "silence_band", "silence"
        table["silence_band"] = bands(buyer_summary, loss)
    found = like(table[ranked], alive_record, ranked)
    table["alive_probability"] = found["chance"].to_numpy()
    for column in ("alive_low", "alive_high", "like_count", "ordered_count"):
        table[column] = found[column].to_numpy()
    no_past = table["alive_probability"].isna() & buyer_model.is_usable
    table["note_code"] = table["note_code"].mask(no_past, "no_past")
    if win_back is not None:
        gone = win_back.drop_duplicates("account_id").set_index("account_id")
        is_lost = table["account_id"].isin(gone.index)
        chance = table["account_id"].map(gone["return_probability"].astype("float64"))
        is_known = is_lost & chance.notna()
        table["alive_probability"] = table["alive_probability"].mask(is_lost, chance)
        for column, of_gone in (("alive_low", "return_low"), ("alive_high", "return_high")):
            end = table["account_id"].map(gone[of_gone].astype("float64"))
            table[column] = table[column].mask(is_lost, end)
        for column in ("like_count", "ordered_count"):
            table[column] = table[column].mask(is_lost)
        table["likeness"] = table["likeness"].mask(is_lost, "returns")
        table["note_code"] = table["note_code"].mask(is_known, "")
        table["note_code"] = table["note_code"].mask(is_lost & ~is_known, "no_return_rate")
    return shaped("alive_probability", table)


def like(values: pd.Series, past: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return for each value what came of the past cases like it: the chance, its interval, counts.

    Past cases are grouped by ``column``: bands of silence as they are, else equal groups by rank.
    """
    empty = pd.DataFrame(
        math.nan,
        index=values.index,
        columns=["chance", "alive_low", "alive_high", "like_count", "ordered_count"],
    )
    past = past[past[column].notna()]
    if len(past) < LEAST_CASES:
        return empty
    key, came = past[column].to_numpy(float), past["is_back"].to_numpy(float)
    if column == "silence_band":
        edges = np.arange(0.5, 8.5)
        place, at = np.searchsorted(edges, key), np.searchsorted(edges, values.to_numpy(float))
    else:
        many = max(1, min(GROUPS, len(past) // LEAST_CASES))
        edges = np.unique(np.quantile(key, np.arange(1, many) / many))
        place, at = np.searchsorted(edges, key), np.searchsorted(edges, values.to_numpy(float))
    size = np.bincount(place, minlength=len(edges) + 1).astype(float)
    back = np.bincount(place, weights=came, minlength=len(edges) + 1)
    if column != "silence_band":
        size, back = _rising(size, back)
    else:
        few = size < LEAST_CASES  # a band hardly seen: all accounts that were not lost
        size, back = np.where(few, size.sum(), size), np.where(few, back.sum(), back)
    is_known = values.notna().to_numpy()
    told = {
        "chance": (back + 0.5) / (size + 1),
        "alive_low": stats.beta.ppf(0.1, back + 0.5, size - back + 0.5),
        "alive_high": stats.beta.ppf(0.9, back + 0.5, size - back + 0.5),
        "like_count": size,
        "ordered_count": back,
    }
    return pd.DataFrame(
        {name: np.where(is_known, found[at], math.nan) for name, found in told.items()},
        index=values.index,
    )


def _rising(size: np.ndarray, back: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Merge neighbouring groups until the share that came never falls (pool adjacent violators)."""
    blocks: list[list[float]] = []
    for n, s in zip(size, back, strict=True):
        blocks.append([n, s, 1])
        while len(blocks) > 1 and blocks[-2][1] * blocks[-1][0] > blocks[-1][1] * blocks[-2][0]:
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    counts = [int(block[2]) for block in blocks]
    sizes, backs = (np.repeat([block[i] for block in blocks], counts) for i in (0, 1))
    return sizes, backs


def _of_band(band: pd.Series, past: pd.DataFrame) -> pd.Series:
    """Return the share of the past cases in the same band of silence that ordered."""
    return like(band.astype("float64"), past, "silence_band")["chance"]
