"""What the programme review found, in sentences: what to do, and who owns it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from kamlib.story.statements import Point, Sentence
from kamlib.words.amounts import money, share


def programme_findings(
    *,
    workload: pd.DataFrame | None = None,
    assignment_changes: pd.DataFrame | None = None,
    manager_dependence: pd.DataFrame | None = None,
    coverage: pd.DataFrame | None = None,
    coverage_summary: pd.DataFrame | None = None,
    objectives_tally: pd.DataFrame | None = None,
    programme_verdict: pd.DataFrame | None = None,
    programme_payback: pd.DataFrame | None = None,
    target_outlook: pd.DataFrame | None = None,
    programme_owed: pd.DataFrame | None = None,
    training_needs: pd.DataFrame | None = None,
    engagement_trend: pd.DataFrame | None = None,
    book: Any = None,
) -> list[Sentence]:
    """Return the sentences of the first screen, the most pressing first; at most seven.

    A table that is None or empty is passed over.
    """
    sentences = [
        *_return(_rows(programme_verdict), _rows(programme_payback), book),
        *_load(_rows(workload), _rows(assignment_changes)),
        *_target(_rows(target_outlook), book),
        *_dependence(_rows(manager_dependence), book),
        *_coverage(_rows(coverage), _rows(coverage_summary)),
        *_owed(_rows(programme_owed), book),
        *_objectives(_rows(objectives_tally), book),
        *_training(_rows(training_needs)),
        *_engagement(_rows(engagement_trend)),
    ]
    return sentences[:7] or [
        Sentence("Nothing can be said of the programme yet: no key accounts are known.")
    ]


NEEDED = {
    "tiers": "who was admitted when, and so what the programme brings",
    "programme_costs": "the return against cost and the month of payback",
    "managers": "load against the hours that each manager has",
    "contacts": "which decision roles are known",
    "interactions": "engagement, and who was not visited",
    "targets": "results against target",
    "opportunities": "the weighted pipeline in the outlook",
    "invoices": "money owed",
    "skills": "competences and training needs",
    "team": "account teams and their missing roles",
    "decisions": "the log of decisions",
}
"""What a table of the book would add to the programme review."""


def programme_limits(key_accounts: pd.DataFrame, *, has_cost: bool = True) -> str:
    """Return the sentence that says who is key by which rule, and what orders without cost cannot
    tell.

    >>> keys = pd.DataFrame({"account_id": ["A"], "is_key": [True], "key_rule": ["tier key of the book"]})
    >>> programme_limits(keys)
    'Key accounts: 1, by the rule: tier key of the book.'
    """
    count = int(key_accounts["is_key"].sum()) if len(key_accounts) else 0
    rule = key_accounts["key_rule"].iloc[0] if len(key_accounts) else "none"
    text = f"Key accounts: {count}, by the rule: {rule}."
    if not has_cost:
        text += (
            " Orders carry no cost: profit is measured as revenue and the return cannot be told."
        )
    return text


def programme_missing(present: Iterable[str]) -> list[Point]:
    """Return one point for each table that the book lacks: what it would add to the programme
    review.

    >>> [(point.label, point.text) for point in programme_missing({*NEEDED} - {"skills"})]
    [('skills', 'competences and training needs')]
    """
    there = set(present)
    return [Point("", adds, table) for table, adds in NEEDED.items() if table not in there]


def _rows(table: pd.DataFrame | None) -> pd.DataFrame:
    return pd.DataFrame() if table is None else table


def _return(verdict: pd.DataFrame, payback: pd.DataFrame, book: Any) -> Iterator[Sentence]:
    if verdict.empty:
        return
    row = verdict.iloc[0]
    if row["verdict"] == "cannot be told":
        yield Sentence(
            f"What the programme brings cannot be told. {row['reason']}", link="#programme_verdict"
        )
        return
    span = f"{_signed(row['effect_low_share'], book)} to {_signed(row['effect_high_share'], book)}"
    words = {
        "gain": "has raised",
        "loss": "has lowered",
        "no effect shown": "has not shown an effect on",
    }
    text = (
        f"The programme {words[row['verdict']]} the {row['measure']} of its key accounts: "
        f"{_signed(row['effect_share'], book)} against comparable accounts, 95 % interval {span}."
    )
    paid = payback[payback["question"].eq("payback")] if len(payback) else payback
    if len(paid) and paid["answer"].iloc[0] == "paid back":
        text += f" It paid for itself after {paid['months_count'].iloc[0]:.0f} months."
    elif len(paid) and paid["answer"].iloc[0] == "not paid back yet":
        text += " It has not paid for itself yet."
    elif len(paid):
        text += " Whether it has paid for itself cannot be told yet."
    yield Sentence(text, link="#programme_verdict")


def _load(workload: pd.DataFrame, changes: pd.DataFrame) -> Iterator[Sentence]:
    if workload.empty:
        return
    orphans = workload.loc[workload["manager_id"].eq(""), "key_count"].sum()
    if orphans and workload["manager_id"].eq("").all():
        yield Sentence(
            "No manager is known for any key account, so nothing can be said of workload.",
            link="#workload",
        )
        return
    if orphans:
        verb = "account has" if orphans == 1 else "accounts have"
        yield Sentence(f"{orphans} key {verb} no manager: name one.", link="#workload")
    over = workload[workload["is_over_hours"] | workload["is_over_revenue"]]
    if over.empty:
        yield Sentence(
            "Nobody carries more hours or revenue than the limits allow.", link="#workload"
        )
        return
    who = over.iloc[0]
    hours = (
        f"{who['hours_load_share'] * 100:.0f} % of the hours"
        if who["is_over_hours"]
        else "revenue above the limit"
    )
    text = f"{who['manager_name']} carries too much: {hours}, {who['key_count']} key accounts."
    if len(over) > 1:
        text += (
            " One more is over a limit."
            if len(over) == 2
            else f" {len(over) - 1} more are over a limit."
        )
    if len(changes):
        moved = "One move evens" if len(changes) == 1 else f"{len(changes)} moves even"
        text += (
            f" {moved} it out, first {changes['name'].iloc[0]} to {changes['to_manager'].iloc[0]}."
        )
    yield Sentence(text, link="#assignment_changes" if len(changes) else "#workload")


def _target(outlook: pd.DataFrame, book: Any) -> Iterator[Sentence]:
    row = outlook[outlook["measure"].eq("revenue")] if len(outlook) else outlook
    if row.empty or row[["year_target", "outlook"]].isna().any(axis=None):
        return
    own = row.iloc[0]
    side = "short of" if own["outlook_gap"] < 0 else "above"
    if own["note"].startswith("the year is over"):
        result, gap = money(own["to_date"], book), money(abs(own["outlook_gap"]), book)
        yield Sentence(
            f"Key accounts ended the year at {result}, {gap} {side} target.",
            link="#programme_outlook",
        )
        return
    certain = own["outlook_high"] < own["year_target"] or own["outlook_low"] > own["year_target"]
    yield Sentence(
        f"Key accounts are heading for {money(own['outlook'], book)} this year, {money(abs(own['outlook_gap']), book)} "
        f"{side} target{'' if certain else '; the interval holds the target'}.",
        link="#programme_outlook",
    )


def _dependence(table: pd.DataFrame, book: Any) -> Iterator[Sentence]:
    if table.empty or not table["exposed_profit"].max() > 0:
        return
    row = table.sort_values("exposed_profit", kind="stable").iloc[-1]
    accounts = (
        "1 key account knows"
        if row["sole_count"] == 1
        else f"{row['sole_count']} key accounts know"
    )
    yield Sentence(
        f"If {row['manager_name']} leaves, {money(row['exposed_profit'], book)} of yearly {row['measure']} is exposed: "
        f"{accounts} nobody else. Introduce a second person.",
        link="#manager_dependence",
    )


def _coverage(coverage: pd.DataFrame, summary: pd.DataFrame) -> Iterator[Sentence]:
    if summary.empty:
        return
    parts = [
        f"{row['key_count'] - row['covered_count']} of {row['key_count']} key accounts lack {word}"
        for part, word in (
            ("sponsor", "a sponsor"),
            ("plan", "a plan"),
            ("decision roles", "a known decision role"),
        )
        for _, row in summary[summary["part"].eq(part) & summary["covered_share"].lt(1)].iterrows()
    ]
    if parts:
        worst = coverage.iloc[0]
        yield Sentence(
            f"{'; '.join(parts)}. Begin with {worst['name']}: {worst['note']}.", link="#coverage"
        )


def _owed(table: pd.DataFrame, book: Any) -> Iterator[Sentence]:
    if table.empty or not table["overdue_amount"].gt(0).any():
        return
    row = table.iloc[0]
    yield Sentence(
        f"Key accounts owe {money(table['overdue_amount'].sum(), book)} past its due day, most of it {row['name']} "
        f"({money(row['overdue_amount'], book)}, {row['oldest_late_days']:.0f} days).",
        link="#programme_owed",
    )


def _objectives(tally: pd.DataFrame, book: Any) -> Iterator[Sentence]:
    own = tally[tally["horizon"].eq("all")] if len(tally) else tally
    if own.empty:
        return
    row = own.iloc[0]
    worth = (
        f"; the missed ones were worth {money(row['missed_value'], book)}"
        if row["missed_value"] > 0
        else ""
    )
    said = ", ".join(
        f"{row[f'{name}_count'] or 'none'} {name}" for name in ("overdue", "missed", "kept")
    )
    yield Sentence(f"Objectives: {said}{worth}.", link="#objectives_review")


def _training(needs: pd.DataFrame) -> Iterator[Sentence]:
    if len(needs) and needs["need_count"].iloc[0] > 0:
        row = needs.iloc[0]
        yield Sentence(
            f"Train {row['skill']} first: {row['need_count']} of {row['rated_count']} managers are below the level "
            f"required ({row['managers']}).",
            link="#training_needs",
        )


def _engagement(trend: pd.DataFrame) -> Iterator[Sentence]:
    if trend.empty:
        return
    words = trend.set_index("measure")["trend"]
    if words.eq("rising").all():
        yield Sentence("Engagement and loyalty are both rising.", link="#Engagement-and-loyalty")
    elif not words.eq("too few quarters").any():
        yield Sentence(
            f"Engagement and loyalty should both rise: engagement shows {_trend(words['engagement'])}, "
            f"loyalty {_trend(words['loyalty'])}.",
            link="#Engagement-and-loyalty",
        )


def _trend(word: str) -> str:
    return {"rising": "a rise", "falling": "a fall"}.get(word, word)


def _signed(value: float, book: Any) -> str:
    return ("+" if value > 0 else "") + share(value, book, decimals=0)
