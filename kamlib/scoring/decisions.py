"""What to decide about each account: keep, promote, watch or review, with the facts (M10, M41)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.scoring.demotion import risk_band
from kamlib.scoring.scores import column_of
from kamlib.tables import shaped

WITHIN = 0.10
LEAST_REGULARITY = 1 / 3
ORDER = ("promote", "review", "confirm", "watch", "keep")


def tier_decisions(
    account_scores: pd.DataFrame,
    previous_account_scores: pd.DataFrame | None,
    criterion_scores: pd.DataFrame,
    criterion_measures: pd.DataFrame,
    accounts: pd.DataFrame,
    decisions: pd.DataFrame,
    account_status: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    within: float = WITHIN,
    least_regularity: float = LEAST_REGULARITY,
) -> pd.DataFrame:
    """One row per key account and per account that is or may become a candidate: what to decide.

    - **promote**: not key, above the line now and in the previous period.
    - **review**: key, below the line now and in the previous period (a key account without a score
      is below it).
    - **watch**: not key; orders in at least a third of the months, revenue growing, and a score
      below the line by at most 10 % of it.
    - **confirm**: not key, above the line for the first time: nothing to decide yet; the next
      period may promote it.
    - **keep**: every other key account.

    Without scores of a previous period nothing can be promoted or put under review. The latest
    decision recorded in the ``decisions`` table stands beside the proposal. A score looks back over
    a year, so the account's status stands there as well: it may have left since.

    Parameters
    ----------
    within
        Share below the line at which an account is watched.
    least_regularity
        Regularity that an admission needs.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.tier_decisions["proposal"].unique().tolist()
    ['promote', 'review', 'confirm', 'watch', 'keep']
    """
    table = (
        account_scores.pipe(_compared, previous_account_scores)
        .pipe(_measured, criterion_measures)
        .assign(proposal=lambda rows: _proposed(rows, within, least_regularity))
        .query("proposal != ''")
    )
    ids = pd.Index(table["account_id"])
    table = table.assign(
        weakest_criteria=table["account_id"].map(_weakest(criterion_scores)),
        band=risk_band(table["score"], table["line_score"]),
        owner=column_of(accounts, ids, "manager_name").fillna("").to_numpy(),
    )
    status = account_status.set_index("account_id")[["status", "last_order_date"]]
    table = table.join(status, on="account_id").join(_recorded(decisions, as_of), on="account_id")
    recorded = table["recorded_decision"]
    is_other = recorded.str.strip().str.lower().ne(table["proposal"])
    place = table["proposal"].map({name: place for place, name in enumerate(ORDER)})
    table = table.assign(is_overridden=recorded.notna() & is_other, _place=place)
    return shaped("tier_decisions", table.sort_values(["_place", "rank", "account_id"]))


def watch_list(tier_decisions: pd.DataFrame, criterion_measures: pd.DataFrame) -> pd.DataFrame:
    """One row per account that is not key but may become so: above the line, or near it.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.watch_list["proposal"].unique().tolist()
    ['promote', 'confirm', 'watch']
    """
    is_mine = tier_decisions["proposal"].isin(["promote", "confirm", "watch"])
    table = tier_decisions[is_mine].pipe(_measured, criterion_measures)
    gap = (1 - table["score"] / table["line_score"]).round(9)
    return shaped("watch_list", table.assign(below_line_share=gap))


def _compared(now: pd.DataFrame, previous: pd.DataFrame | None) -> pd.DataFrame:
    """Return scores with those of the previous period, and on which side of the line that was."""
    if previous is None or not previous["score"].notna().any():
        return now.assign(previous_score=np.nan, previous_side="")
    before = previous.set_index("account_id")
    was_above = now["account_id"].isin(before.index[before["is_above_line"]])
    return now.assign(
        previous_score=now["account_id"].map(before["score"]),
        previous_side=np.where(was_above, "above", "below"),
    )


def _measured(table: pd.DataFrame, criterion_measures: pd.DataFrame) -> pd.DataFrame:
    """Return accounts with the measures that decisions rest on."""
    names = {"growth": "growth", "regularity": "regularity_share", "revenue": "revenue"}
    wide = criterion_measures.pivot(index="account_id", columns="measure", values="value")
    values = wide.reindex(columns=list(names)).rename(columns=names)
    return table.drop(columns=list(names.values()), errors="ignore").join(values, on="account_id")


def _proposed(table: pd.DataFrame, within: float, least_regularity: float) -> np.ndarray:
    key, above = table["is_key"], table["is_above_line"]
    was = table["previous_side"]
    gap = (1 - table["score"] / table["line_score"]).round(9)
    is_near = table["score"].notna() & ~above & gap.le(within)
    is_regular = table["regularity_share"].ge(least_regularity - 1e-9)
    is_watched = is_near & is_regular & table["growth"].gt(0)
    return np.select(
        [key & ~above & was.eq("below"), key, above & was.eq("above"), above, is_watched],
        ["review", "keep", "promote", "confirm", "watch"],
        default="",
    )


def _weakest(criterion_scores: pd.DataFrame) -> pd.Series:
    """Return the two lowest criteria of each account with their scores, by account id."""
    known = criterion_scores.dropna(subset=["score"]).sort_values("score", kind="stable")
    weak = known.groupby("account_id").head(2)
    told = weak["criterion"] + " " + weak["score"].map("{:g}".format).astype("str")
    return told.groupby(weak["account_id"]).agg(", ".join)


def _recorded(decisions: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the latest decision recorded of each account, by account id."""
    known = decisions[decisions["date"] <= as_of].sort_values(["account_id", "date", "decision"])
    latest = known.drop_duplicates("account_id", keep="last").set_index("account_id")
    return latest.reindex(columns=["date", "decision", "by", "reason"]).add_prefix("recorded_")
