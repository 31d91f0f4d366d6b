"""What the front page says of each change of the period: what changed and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.statements import Said
from kamlib.tables import each
from kamlib.words import date, money, number, plural


def tell_period_changes(
    period_changes: pd.DataFrame,
    account_status: pd.DataFrame,
    previous_account_status: pd.DataFrame | None,
    told_tier_decisions: pd.DataFrame,
    told_class_moves: pd.DataFrame,
    agreement_renewals: pd.DataFrame,
    rollup_changes: pd.DataFrame,
    recent_lateness: pd.DataFrame,
    alarm_quality: pd.DataFrame,
    *,
    book: BookSettings,
) -> pd.DataFrame:
    """Return what changed and what to do, for each change of the period.

    The first alarm says how often such alarms have been right.
    """
    was = pd.Series(dtype="str")
    if previous_account_status is not None:
        was = previous_account_status.set_index("account_id")["status"]
    facts = {
        "status": account_status.assign(was=account_status["account_id"].map(was)),
        "late": recent_lateness,
        "decision": told_tier_decisions,
        "move": told_class_moves,
        "group": rollup_changes.assign(account_id=rollup_changes["largest_id"]),
    }
    by_account = {name: _by(table, "account_id") for name, table in facts.items()}
    agreements = _by(agreement_renewals, "agreement_id")
    rows = []
    for row in each(period_changes):
        known = {name: rows.get(row.account_id) for name, rows in by_account.items()}
        known["agreement"] = agreements.get(row.agreement_id)
        rows.append(_SAID[row.kind](row, known, book))
    told = pd.DataFrame(rows, columns=["changed", "to_do"], index=period_changes.index, dtype="str")
    first = period_changes.index[period_changes["kind"].eq("overdue")][:1]
    told.loc[first, "changed"] = told.loc[first, "changed"].map(
        lambda text: f"{text} {_trust(alarm_quality)}".strip()
    )
    return told


def _by(table: pd.DataFrame, key: str) -> dict[str, dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_dict("records")  # type: ignore[assignment]
    return {row[key]: row for row in rows}


def _overdue(row: Any, facts: dict[str, Any], book: BookSettings) -> tuple[str, str]:
    status, late = facts["status"], facts["late"]
    still = "is still overdue" if status["was"] == "overdue" else "is overdue"
    days, usual = f"{status['silence_days']:.0f}", f"{status['usual_gap_days']:.0f}"
    changed = f"{row.name} {still}: {days} days without an order, usually {usual}."
    if not late or not late["late_count"]:
        return changed, "Call."
    many = int(late["late_count"])
    due = f"{many} of its {int(late['due_count'])} orders due in the last six months"
    return changed, f"Call. {due} {plural(many, 'was', 'were')} late."


def _lost(row: Any, facts: dict[str, Any], book: BookSettings) -> tuple[str, str]:
    since = date(facts["status"]["last_order_date"])
    brought = f"It brought {money(row.at_stake, book)} in its last 12 months."
    return (
        f"{row.name} counts as lost: no order since {since}. {brought}",
        "Find the reason; decide on an offer.",
    )


def _promoted(row: Any, facts: dict[str, Any], book: BookSettings) -> tuple[str, str]:
    evidence = facts["decision"]["evidence"]
    return f"{row.name}: {evidence}", "Decide whether to make it a key account."


def _reviewed(row: Any, facts: dict[str, Any], book: BookSettings) -> tuple[str, str]:
    evidence = facts["decision"]["evidence"]
    return f"{row.name}: {evidence}", "Review its place among the key accounts."


def _rose(row: Any, facts: dict[str, Any], book: BookSettings) -> tuple[str, str]:
    return facts["move"]["why"], "Find out what drives the growth."


def _fell(row: Any, facts: dict[str, Any], book: BookSettings) -> tuple[str, str]:
    is_still = facts["move"]["cause"] == "neighbours"
    to_do = (
        "Nothing: it did not change." if is_still else "Ask what changed; agree the next orders."
    )
    return facts["move"]["why"], to_do


def _renewed(row: Any, facts: dict[str, Any], book: BookSettings) -> tuple[str, str]:
    agreement = facts["agreement"]
    kind = agreement["kind"] if isinstance(agreement["kind"], str) else ""
    worth = f"{kind or 'agreement'} of {money(agreement['agreement_value'], book)}"
    return (
        f"{row.name}: its {worth} ends on {date(agreement['end_date'])}.",
        "Renew it, or say why not.",
    )


def _grouped(row: Any, facts: dict[str, Any], book: BookSettings) -> tuple[str, str]:
    group = facts["group"]
    size = f"counted as one group of {group['active_count']:.0f} accounts"
    place = f"is no. {group['group_rank']:.0f} ({money(group['revenue'], book)})"
    alone = f"its largest account alone is no. {group['largest_rank']:.0f}"
    return f"{group['group_name']}, {size}, {place}; {alone}.", "Ask for a group agreement."


_SAID: dict[str, Callable[[Any, dict[str, Any], BookSettings], tuple[str, str]]] = {
    "overdue": _overdue,
    "lost": _lost,
    "promote": _promoted,
    "review": _reviewed,
    "up": _rose,
    "down": _fell,
    "renewal": _renewed,
    "group": _grouped,
}


def _trust(quality: pd.DataFrame) -> str:
    """Say how often an alarm of the book's rule was right; nothing where there was none."""
    own = quality[quality["rule"].eq("overdue") & quality["is_book"]]
    if own.empty or not own["alarm_count"].iloc[0]:
        return ""
    alarms, wrong = int(own["alarm_count"].iloc[0]), int(own["false_alarm_count"].iloc[0])
    return f"Such an alarm was right in {number(alarms - wrong)} of {number(alarms)} past cases."


def tell_main_changes(
    main_changes: pd.DataFrame, told_period_changes: pd.DataFrame
) -> pd.DataFrame:
    """Return what changed and what to do, for the changes of the first screen."""
    said = told_period_changes.set_index("account_id")[["changed", "to_do"]]
    return said.loc[main_changes["account_id"]].set_axis(main_changes.index)


def table_period_changes(period_changes: pd.DataFrame, *, as_of: pd.Timestamp) -> Said:
    """Return how many changes there are, and what is at stake."""
    return Said(
        f"Changes, the most pressing first: {len(period_changes)}",
        f"As of {date(as_of)}; at stake is the revenue of the account's last 12 months",
    )
