"""What to decide about each account: keep, promote, watch or review, with the facts (M10, M41)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.book import ScoringSettings, SegmentationSettings
from kamlib.holes import NO_HOLES, Holes, is_broken_since
from kamlib.period.months import is_window_whole, trailing_months
from kamlib.scoring.demotion import risk_band
from kamlib.scoring.line import AdmissionRule
from kamlib.scoring.scores import column_of
from kamlib.tables import shaped

WITHIN = 0.10
LEAST_REGULARITY = 1 / 3
LEAST_COMPLETENESS = 0.60
ORDER = ("promote", "review", "narrow", "win back", "let go", "candidate", "watch", "keep")


def tier_decisions(
    account_scores: pd.DataFrame,
    year_ago_account_scores: pd.DataFrame | None,
    largest_order_scores: pd.DataFrame,
    criterion_scores: pd.DataFrame,
    criterion_measures: pd.DataFrame,
    key_accounts: pd.DataFrame,
    accounts: pd.DataFrame,
    latest_decisions: pd.DataFrame,
    account_status: pd.DataFrame,
    win_back: pd.DataFrame,
    return_per_account: pd.DataFrame,
    admission_rule: AdmissionRule,
    *,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None,
    holes: Holes = NO_HOLES,
    scoring: ScoringSettings = ScoringSettings(),
    segmentation: SegmentationSettings = SegmentationSettings(),
    within: float = WITHIN,
    least_regularity: float = LEAST_REGULARITY,
    least_completeness: float = LEAST_COMPLETENESS,
) -> pd.DataFrame:
    """One row per account that the evidence names: the decision proposed, or a candidate for one.

    Decisions are proposed only where somebody has placed accounts (tiers) and the book has its own
    ``[scoring]``:

    - **promote**: not key, active or new, above the line now and a year ago (two windows that share
      no month), and still above it without its largest order.
    - **review**: key, not lost, below the line now and a year ago.
    - **narrow**: key, not lost, not to review; its care has cost more than it brought in two years
      running, and what is in reach would not pay for it (``return_per_account``).
    - **watch**: not key, neither lost nor overdue; orders in at least a third of the months,
      revenue growing, and a score below the line by at most 10 % of it.
    - **keep**: every other key account that is not lost.
    - **win back**, **let go**: a key account that is lost, by what ``win_back`` says of it.

    An account above the line that is not key and not lost, but for which something is missing, is a
    **candidate**: ``lacking_code`` says what, in words parted by blanks: ``tiers``, ``scoring``,
    ``criteria`` (less than 60 % of its criteria by weight have a score), ``tie`` (more accounts
    share the line than it has places left), ``year`` (no whole year before), ``once`` (it was not
    above the line a year ago), ``order`` (only its largest order lifts it), ``overdue``. In a book
    without tiers or without ``[scoring]`` there are only candidates, key by size or not. Where more
    accounts share the line than it has places in all, the line parts nothing and nobody is named;
    nor is who lacks criteria where a hole in the data reaches into the window and takes them.

    The latest decision recorded stands beside the proposal. It is overridden only by evidence newer
    than itself: an order or a judgement after its day (``evidence_date`` is the latest of them).

    Parameters
    ----------
    within
        Share below the line at which an account is watched.
    least_regularity
        Regularity that a place on the watch list needs.
    least_completeness
        Share of the criteria, by weight, that a proposal needs.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> set(q.tier_decisions["proposal"]) >= {"promote", "watch", "keep"}
    True
    """
    is_key = key_accounts.set_index("account_id")["is_provisional"]
    lacks = {"tiers": bool(is_key.all()), "scoring": scoring.is_built_in}
    is_open = any(lacks.values())
    is_crowded = _crowd(account_scores) > (admission_rule.top_n or np.inf)
    status = account_status.set_index("account_id")[["status", "last_order_date"]]
    table = (
        account_scores.pipe(
            _compared, year_ago_account_scores, as_of, first_date, segmentation, holes
        )
        .pipe(_measured, criterion_measures)
        .join(status, on="account_id")
        .join(_alone(largest_order_scores), on="account_id")
    )
    is_lost = table["status"].eq("lost")
    is_complete = table["completeness_share"].ge(least_completeness - 1e-9)
    at_line = table["score"].eq(table["line_score"]) & table["is_above_line"]
    is_tied = at_line & (int(table["is_above_line"].sum()) > (admission_rule.top_n or np.inf))
    reasons = {
        "tiers": pd.Series(lacks["tiers"], index=table.index),
        "scoring": pd.Series(lacks["scoring"], index=table.index),
        "criteria": ~is_complete,
        "tie": is_tied,
        "year": table["year_ago_side"].eq(""),
        "once": table["year_ago_side"].eq("below"),
        "order": ~table["is_above_without"].eq(True),
        "overdue": table["status"].eq("overdue"),
    }
    lacking = pd.DataFrame(reasons, index=table.index)
    named = table["is_above_line"] & ~is_lost & (not is_crowded)
    if is_broken_since(trailing_months(as_of, segmentation.window_months + 1)[0], holes):
        named &= is_complete
    if is_open:
        proposal = pd.Series(np.where(named, "candidate", ""), index=table.index)
    else:
        gone = table["account_id"].map(win_back.set_index("account_id")["verdict"]).astype("str")
        is_sound = is_complete & (not is_crowded)
        is_near = table["score"].notna() & ~table["is_above_line"]
        is_near &= (1 - table["score"] / table["line_score"]).round(9).le(within)
        is_regular = table["regularity_share"].ge(least_regularity - 1e-9)
        narrow = return_per_account.query("verdict == 'narrow'")["account_id"]
        is_regular &= ~table["status"].isin(["lost", "overdue"])
        key, above = table["is_key"], table["is_above_line"]
        proposal = pd.Series(
            np.select(
                [
                    key & is_lost,
                    key & ~above & table["year_ago_side"].eq("below") & is_sound,
                    key & table["account_id"].isin(narrow),
                    key,
                    above & ~is_lost & ~lacking.any(axis=1) & (not is_crowded),
                    named,
                    is_near & is_regular & table["growth"].gt(0) & is_sound,
                ],
                [
                    gone.fillna("win back"),
                    "review",
                    "narrow",
                    "keep",
                    "promote",
                    "candidate",
                    "watch",
                ],
                default="",
            ),
            index=table.index,
        )
    table = table.assign(
        proposal=proposal,
        lacking_code=_codes(lacking).where(proposal.eq("candidate"), ""),
    ).query("proposal != ''")
    ids = pd.Index(table["account_id"])
    table = table.assign(
        weakest_criteria=table["account_id"].map(_weakest(criterion_scores)),
        band=risk_band(table["score"], table["line_score"]),
        owner=column_of(accounts, ids, "manager_name").fillna("").to_numpy(),
        evidence_date=_newest(table, criterion_scores),
    ).join(latest_decisions, on="account_id")
    recorded = table["recorded_decision"]
    is_other = recorded.str.strip().str.lower().ne(table["proposal"])
    is_newer = table["evidence_date"].gt(table["recorded_date"])
    decides = table["proposal"].ne("candidate")
    place = table["proposal"].map({name: place for place, name in enumerate(ORDER)})
    table = table.assign(
        is_overridden=recorded.notna() & is_other & is_newer & decides, _place=place
    )
    return shaped("tier_decisions", table.sort_values(["_place", "rank", "account_id"]))


def candidates(tier_decisions: pd.DataFrame) -> pd.DataFrame:
    """One row per account that the evidence would name: what is missing for a decision.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.candidates["account_id"].is_unique
    True
    """
    return shaped("candidates", tier_decisions[tier_decisions["proposal"].eq("candidate")])


def watch_list(tier_decisions: pd.DataFrame, criterion_measures: pd.DataFrame) -> pd.DataFrame:
    """One row per account that may become a key account: promotable, a candidate, or near the line.

    Lost accounts and those that are key already are not on it.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> set(q.watch_list["proposal"]) <= {"promote", "candidate", "watch"}
    True
    """
    is_mine = tier_decisions["proposal"].isin(["promote", "candidate", "watch"])
    is_mine &= ~tier_decisions["is_key"]
    table = tier_decisions[is_mine].pipe(_measured, criterion_measures)
    gap = (1 - table["score"] / table["line_score"]).round(9)
    return shaped("watch_list", table.assign(below_line_share=gap))


def _crowd(account_scores: pd.DataFrame) -> int:
    """Return how many accounts share the score at the line."""
    return int(account_scores["score"].eq(account_scores["line_score"]).sum())


def _compared(
    now: pd.DataFrame,
    year_ago: pd.DataFrame | None,
    as_of: pd.Timestamp,
    first_date: pd.Timestamp | None,
    segmentation: SegmentationSettings,
    holes: Holes,
) -> pd.DataFrame:
    """Return scores with those of a year ago, and on which side of the line that was.

    Nothing is compared where the two windows share a month, or the data do not hold the earlier one
    whole; an account with too few of its criteria then, or none, was not placed.
    """
    months = segmentation.window_months
    is_whole = (
        year_ago is not None
        and months <= 12
        and is_window_whole(first_date, as_of=as_of, window_months=12 + months, holes=holes)
        and year_ago["score"].notna().any()
    )
    if not is_whole or year_ago is None:
        return now.assign(year_ago_score=np.nan, year_ago_side="")
    before = year_ago.set_index("account_id")
    was_above = now["account_id"].isin(before.index[before["is_above_line"]])
    return now.assign(
        year_ago_score=now["account_id"].map(before["score"]),
        year_ago_side=np.where(was_above, "above", "below"),
    )


def _alone(largest_order_scores: pd.DataFrame) -> pd.DataFrame:
    """Return the score of each account without its largest order, by account id."""
    kept = largest_order_scores.set_index("account_id")
    return kept[["score_without", "is_above_without", "largest_order"]]


def _codes(lacking: pd.DataFrame) -> pd.Series:
    """Return the names of the columns that hold, parted by blanks."""
    told = [
        " ".join(name for name, holds in zip(lacking.columns, row, strict=True) if holds)
        for row in lacking.to_numpy()
    ]
    return pd.Series(told, index=lacking.index, dtype="str")


def _newest(table: pd.DataFrame, criterion_scores: pd.DataFrame) -> pd.Series:
    """Return the day of the newest order or judgement that each account's score rests on."""
    latest = pd.to_datetime(criterion_scores["judged_date"])
    latest = latest.groupby(criterion_scores["account_id"]).max()
    judged = pd.to_datetime(latest.reindex(table["account_id"])).set_axis(table.index)
    ordered = pd.to_datetime(table["last_order_date"])
    both = pd.DataFrame({"ordered": ordered, "judged": judged})
    return both["ordered"].where(both["judged"].isna() | both["ordered"].ge(both["judged"]), judged)


def _measured(table: pd.DataFrame, criterion_measures: pd.DataFrame) -> pd.DataFrame:
    """Return accounts with the measures that decisions rest on."""
    names = {"growth": "growth", "regularity": "regularity_share", "revenue": "revenue"}
    wide = criterion_measures.pivot(index="account_id", columns="measure", values="value")
    values = wide.reindex(columns=list(names)).rename(columns=names)
    return table.drop(columns=list(names.values()), errors="ignore").join(values, on="account_id")


def _weakest(criterion_scores: pd.DataFrame) -> pd.Series:
    """Return the two lowest criteria of each account with their scores, by account id."""
    known = criterion_scores.dropna(subset=["score"]).sort_values("score", kind="stable")
    weak = known.groupby("account_id").head(2)
    told = weak["criterion"] + " " + weak["score"].map("{:g}".format).astype("str")
    return told.groupby(weak["account_id"]).agg(", ".join)
