"""What to decide about each account: keep, promote, watch or review, with the evidence (M10, M41)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kamlib.scoring.demotion import risk_band
from kamlib.scoring.scores import names_of
from kamlib.words.amounts import date, number, share

WITHIN = 0.10
LEAST_REGULARITY = 1 / 3
ORDER = ("promote", "review", "confirm", "watch", "keep")
COLUMNS = [
    "account_id", "name", "decision", "is_key", "score", "rank", "line_score", "previous_score", "completeness_share",
    "evidence", "owner", "recorded_decision", "recorded_date", "recorded_by", "recorded_reason", "is_overridden",
    "status",
]  # fmt: skip


def tier_decisions(
    account_scores: pd.DataFrame,
    previous_scores: pd.DataFrame,
    criterion_scores: pd.DataFrame,
    criterion_measures: pd.DataFrame,
    accounts: pd.DataFrame | None = None,
    decisions: pd.DataFrame | None = None,
    demotion_risk: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
    status: pd.DataFrame | None = None,
    within: float = WITHIN,
    least_regularity: float = LEAST_REGULARITY,
    book: Any = None,
) -> pd.DataFrame:
    """One row per key account and per account that is or may become a candidate: the decision the
    evidence proposes.

    - **promote**: not key, above the line now and in the previous period. - **review**: key, below
    the line now and in the previous period (a key account without a score is below it). -
    **watch**: not key; orders in at least a third of the months, revenue growing, and a score
      below the line by at most 10 % of it.
    - **keep**: every other key account. - **confirm**: not key, above the line for the first time:
    nothing to decide yet; the next period may promote it.

    Without scores of a previous period nothing can be promoted or put under review. The latest
    decision recorded in the ``decisions`` table stands beside the proposal. A score looks back over
    a year: where ``status`` (the table ``account_status``) calls an account lost or overdue, the
    evidence says so.

    Columns
    -------
    account_id: the account
    name: its name
    decision: promote, review, confirm, watch or keep
    is_key: it is a key account today
    score: weighted score now
    rank: rank now
    line_score: score at the admission line now
    previous_score: score in the previous period
    completeness_share: sum of the weights that have a score (0–1)
    evidence: the reason in a sentence
    owner: the account's manager; blank when none is recorded
    recorded_decision: the latest decision recorded; missing when there is none
    recorded_date: its date
    recorded_by: who took it
    recorded_reason: why
    is_overridden: the recorded decision is another than the one proposed
    status: new, active, overdue or lost, as in `account_status`; missing when that was not given
    """
    table = _compared(account_scores, previous_scores, criterion_scores, criterion_measures)
    table["decision"] = _decided(table, within=within, least_regularity=least_regularity)
    table = table[table["decision"].ne("")].reset_index(drop=True)
    table["evidence"] = _evidence(table, demotion_risk, book)
    table["status"] = pd.Series(None, index=table.index, dtype="str")
    if status is not None:
        table["evidence"] += table["account_id"].map(_silences(status, book)).fillna("")
        table["status"] = (
            table["account_id"].map(status.set_index("account_id")["status"]).astype("str")
        )
    owner = names_of(accounts, pd.Index(table["account_id"]), "manager_name")
    has_owner = owner.index != owner.to_numpy()
    table["owner"] = np.where(has_owner, owner.to_numpy(), "")
    table = table.merge(_recorded(decisions, as_of), on="account_id", how="left")
    table["is_overridden"] = table["recorded_decision"].notna() & (
        table["recorded_decision"].str.strip().str.lower() != table["decision"]
    )
    place = table["decision"].map({name: place for place, name in enumerate(ORDER)})
    ordered = table.assign(_place=place).sort_values(
        ["_place", "rank", "account_id"], ignore_index=True
    )
    told = ("decision", "evidence", "owner", "recorded_decision", "recorded_by", "recorded_reason")
    types = dict.fromkeys(told, "str") | {
        "is_overridden": "bool",
        "recorded_date": "datetime64[us]",
    }
    return ordered[COLUMNS].astype(types)


def watch_list(tier_decisions: pd.DataFrame, criterion_measures: pd.DataFrame) -> pd.DataFrame:
    """One row per account that is not key but may become so: promotable, above the line for the
    first time, or near it.

    Columns
    -------
    account_id: the account
    name: its name
    decision: promote, confirm or watch
    score: weighted score now
    line_score: score at the admission line now
    below_line_share: how far the score is below the line, as a share of it; negative above it
    growth: revenue of the window / revenue of the window before − 1
    regularity_share: share of the window's months with an order
    revenue: net revenue of the window (book currency)
    owner: the account's manager; blank when none is recorded
    """
    mine = tier_decisions[
        tier_decisions["decision"].isin(["promote", "confirm", "watch"])
    ].reset_index(drop=True)
    wide = criterion_measures.pivot(index="account_id", columns="measure", values="value").reindex(
        mine["account_id"]
    )
    table = mine.assign(below_line_share=(1 - mine["score"] / mine["line_score"]).round(9))
    for column, measure in (
        ("growth", "growth"),
        ("regularity_share", "regularity"),
        ("revenue", "revenue"),
    ):
        values = wide[measure].to_numpy(dtype="float64") if measure in wide else np.nan
        table[column] = pd.Series(values, index=table.index, dtype="float64")
    columns = [
        "account_id",
        "name",
        "decision",
        "score",
        "line_score",
        "below_line_share",
        "growth",
        "regularity_share",
    ]
    return table[[*columns, "revenue", "owner"]]


def _compared(
    now: pd.DataFrame,
    previous: pd.DataFrame,
    criterion_scores: pd.DataFrame,
    measures: pd.DataFrame,
) -> pd.DataFrame:
    before = previous[["account_id", "score", "is_above_line"]].rename(
        columns={"score": "previous_score", "is_above_line": "was_above"}
    )
    table = now.merge(before, on="account_id", how="left")
    has_previous = bool(previous["score"].notna().any())
    table["was_above"] = table["was_above"].astype("boolean").fillna(False).astype(bool)
    table["was_below"] = ~table["was_above"] & has_previous
    table["has_previous"] = has_previous
    for name in ("growth", "regularity"):
        mine = measures[measures["measure"] == name].set_index("account_id")["value"]
        table[name] = table["account_id"].map(mine).astype("float64")
    weak = (
        criterion_scores.dropna(subset=["score"])
        .sort_values("score", kind="stable")
        .groupby("account_id")
        .head(2)
    )
    told = (
        (weak["criterion"] + " " + weak["score"].map("{:g}".format).astype("str"))
        .groupby(weak["account_id"])
        .agg(", ".join)
    )
    table["weakest"] = table["account_id"].map(told)
    return table


def _decided(table: pd.DataFrame, *, within: float, least_regularity: float) -> np.ndarray:
    key, above = table["is_key"], table["is_above_line"]
    gap = (1 - table["score"] / table["line_score"]).round(9)
    is_near = table["score"].notna() & ~above & gap.le(within)
    is_watched = is_near & table["regularity"].ge(least_regularity - 1e-9) & table["growth"].gt(0)
    return np.select(
        [key & ~above & table["was_below"], key, above & table["was_above"], above, is_watched],
        ["review", "keep", "promote", "confirm", "watch"],
        default="",
    )


def _evidence(table: pd.DataFrame, demotion_risk: pd.DataFrame | None, book: Any) -> list[str]:
    bands = risk_band(table["score"], table["line_score"])
    risks = (
        {}
        if demotion_risk is None
        else demotion_risk[demotion_risk["horizon_years"] == 1]
        .set_index("band", drop=False)
        .to_dict("index")
    )
    return [
        _sentence(row, risks.get(band, {}), book) for row, band in zip(table.to_dict("records"), bands, strict=True)
    ]  # fmt: skip


def _silences(status: pd.DataFrame, book: Any) -> pd.Series:
    """Return a sentence per account that is lost or overdue, by account id."""
    silent = status[status["status"].isin(["lost", "overdue"])].set_index("account_id")
    return pd.Series(
        [
            f" But it counts as {word}: no order since {date(day, book)}."
            for word, day in zip(silent["status"], silent["last_order_date"], strict=True)
        ],
        index=silent.index,
        dtype="str",
    )


def _sentence(row: dict[Any, Any], risk: dict[Any, Any], book: Any) -> str:
    text = _position(row, book)
    if row["decision"] == "promote" and risk and risk["risk_share"] == risk["risk_share"]:
        text += (
            f" Of {risk['account_count']} accounts {risk['band']} in past years, "
            f"{_percent(risk['risk_share'], book)} were below it a year later "
            f"({_percent(risk['risk_low'], book)} to {_percent(risk['risk_high'], book)})."
        )
    if row["completeness_share"] < 0.75:
        known = _percent(row["completeness_share"], book)
        text += f" Only {known} of the weights have a score (missing: {row['missing_criteria']})."
    return text


def _position(row: dict[Any, Any], book: Any) -> str:
    score, line, was = row["score"], row["line_score"], row["previous_score"]
    if score != score:
        return f"No score can be given ({row['missing_criteria']}), so it is not above the line."
    said, lies = _points(score, book), _points(line, book) if line == line else "open"
    at = f"{said} (rank {row['rank']}, line {lies})" + (
        f", {_points(was, book)} before" if was == was else ""
    )
    decision = row["decision"]
    if decision == "promote":
        return f"Above the line in two successive periods: {at}."
    if decision == "review":
        return f"Below the line in two successive periods: {at}. Weakest: {row['weakest']}."
    then = "was not above it before" if row["is_above_line"] else "was above it before"
    compared = f"it {then}" if row["has_previous"] else "there is no earlier period to compare with"
    if decision == "confirm":
        return f"Above the line now: {at}; {compared}, so wait for the next period."
    if decision == "watch":
        return (
            f"{said} (rank {row['rank']}), {_percent(1 - score / line, book)} below the line of {lies}: orders in "
            f"{_percent(row['regularity'], book)} of the months, revenue up {_percent(row['growth'], book)}."
        )
    if row["is_above_line"]:
        return f"Above the line: {at}."
    return f"Below the line now: {at}; {compared}. Review it if it stays there. Weakest: {row['weakest']}."


def _points(score: float, book: Any) -> str:
    return number(score, book, decimals=2)


def _percent(value: float, book: Any) -> str:
    return share(value, book, decimals=0)


def _recorded(decisions: pd.DataFrame | None, as_of: pd.Timestamp) -> pd.DataFrame:
    names = {
        "date": "recorded_date",
        "decision": "recorded_decision",
        "by": "recorded_by",
        "reason": "recorded_reason",
    }
    types = {"account_id": "str", "recorded_date": "datetime64[us]", "recorded_decision": "str", "recorded_by": "str",
             "recorded_reason": "str"}  # fmt: skip
    if decisions is None or decisions.empty:
        return pd.DataFrame({column: pd.Series(dtype=type_) for column, type_ in types.items()})
    known = decisions[decisions["date"] <= as_of].sort_values(["account_id", "date", "decision"])
    latest = known.drop_duplicates("account_id", keep="last").rename(columns=names)
    return latest.reindex(columns=list(types)).astype(types)
