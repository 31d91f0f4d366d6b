"""What the paragraph at the top of a dossier says."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.ahead import fall_text
from kamlib.story.ahead_record import health_text
from kamlib.tables import each
from kamlib.words import change, count, date, listed, money, number, plural, share, started


def tell_dossier_findings(
    dossier_findings: pd.DataFrame,
    plan_problems: pd.DataFrame,
    account_identity: pd.DataFrame,
    dossier_figures: pd.DataFrame,
    category_totals: pd.DataFrame,
    promises_kept: pd.DataFrame,
    account_incidents: pd.DataFrame,
    agreement_renewals: pd.DataFrame,
    overdue_invoices: pd.DataFrame,
    stakeholder_map: pd.DataFrame,
    stakeholder_roles: pd.DataFrame,
    plan_objectives: pd.DataFrame,
    plan_actions: pd.DataFrame,
    tender_record: pd.DataFrame,
    pipeline: pd.DataFrame,
    opportunity_volume: pd.DataFrame,
    white_space: pd.DataFrame,
    dossier_completeness: pd.DataFrame,
    told_account_actions: pd.DataFrame,
    category_alerts: pd.DataFrame,
    account_alerts: pd.DataFrame,
    account_health: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    book: BookSettings,
) -> pd.DataFrame:
    """Say each finding in a sentence; findings joined by "and" share one."""
    renewals, status = agreement_renewals, agreement_renewals["agreement_status"]
    say: dict[str, Callable[[], str]] = {
        "broken plan": lambda: _broken_plan(plan_problems),
        "identity": lambda: _identity(account_identity, book),
        "action": lambda: f"To do: {told_account_actions['to_do'].iloc[0]}",
        "nothing ordered": lambda: f"Nothing was ordered up to {date(as_of)}",
        "revenue": lambda: _revenue(dossier_figures, category_totals, book),
        "silence": lambda: _silence(dossier_figures, account_identity),
        "falling": lambda: _falling(category_alerts, account_alerts, book),
        "health": lambda: health_text(next(each(account_health)), is_named=False),
        "late": lambda: _late(promises_kept),
        "incidents": lambda: _incidents(account_incidents),
        "renewal due": lambda: _ending(renewals[status.eq("renewal due")]),
        "terms broken": lambda: _terms(renewals[status.ne("ended")]),
        "overdue": lambda: _overdue(overdue_invoices, book),
        "derailers": lambda: _derailers(stakeholder_map),
        "roles": lambda: _missing_roles(stakeholder_roles),
        "steps overdue": lambda: _steps(plan_objectives, plan_actions),
        "decided": lambda: _decided(tender_record),
        "open": lambda: _open_deals(pipeline, book),
        "volume": lambda: _volume(opportunity_volume, book),
        "white space": lambda: _white_space(white_space, book),
        "empty parts": lambda: _empty_parts(dossier_completeness),
    }
    said = [
        _sentence("; ".join(say[part]() for part in finding.split(" and ")))
        for finding in dossier_findings["finding_code"]
    ]
    return pd.DataFrame({"sentence": said}, index=dossier_findings.index, dtype="str")


def _sentence(text: str) -> str:
    return started(text) + ("" if text.endswith((".", "…", "?", "!")) else ".")


def _broken_plan(problems: pd.DataFrame) -> str:
    row = next(each(problems))
    where = f"({row.file}, line {row.line})"
    return f"The account plan cannot be read: {row.problem} {where} {row.next}"


def _identity(identity: pd.DataFrame, book: BookSettings) -> str:
    row = next(each(identity))
    is_key = row.tier == "key"
    parts = [
        f"{row.tier} account" if row.tier else "",
        f"group {row.group_name}" if row.group_name else "",
        f"class {row.revenue_class}" if row.revenue_class else "",
        row.status,
        f"score {number(row.score, book)}, rank {row.rank:.0f}" if pd.notna(row.score) else "",
        f"owner {row.owner}" if row.owner else "no owner" if is_key else "",
        f"sponsor {row.sponsor}" if row.sponsor else "no executive sponsor" if is_key else "",
    ]
    return "; ".join(part for part in parts if part)


def _revenue(figures: pd.DataFrame, totals: pd.DataFrame, book: BookSettings) -> str:
    row = next(each(figures[figures["figure"].eq("revenue")]))
    parts = [f"Revenue of the last 12 months is {money(row.value, book)}"]
    if pd.notna(row.year_ago_value):
        moved = change(row.value, row.year_ago_value, book)
        parts = [f"{parts[0]}, {moved} on the year before"]
    moves = totals[~totals["trend"].isin(["steady", ""])]
    if len(totals) > 1 and len(moves):
        largest = moves.loc[moves["revenue_change"].abs().sort_values(kind="stable").index[-1]]
        word = "more" if largest["revenue_change"] > 0 else "less"
        size = money(abs(largest["revenue_change"]), book)
        parts.append(f"the largest move is {size} {word} of {largest['category']}")
    return "; ".join(parts)


def _silence(figures: pd.DataFrame, identity: pd.DataFrame) -> str:
    row = next(each(figures[figures["figure"].eq("silence")]))
    gap, days = "no usual gap yet", row.noted_days
    if pd.notna(days):
        gap = f"usual gap {days:.0f} days"
    return f"It is {identity['status'].iloc[0]}: {row.value:.0f} days without an order ({gap})"


def _falling(categories: pd.DataFrame, accounts: pd.DataFrame, book: BookSettings) -> str:
    rows = [*each(accounts), *each(categories)]
    said = [fall_text(row, book, is_named=False) for row in rows]
    return f"Falling while it still buys: {'; '.join(said[:3])}"


def _late(promises: pd.DataFrame) -> str:
    year = promises.tail(4)
    late, due, waiting = (
        int(year[name].sum()) for name in ("late_count", "due_count", "open_late_count")
    )
    still = f", {waiting} of them still open" if waiting else ""
    was = plural(late, "was", "were")
    return f"{late} of {due} deliveries promised in the last 12 months {was} late{still}"


def _incidents(incidents: pd.DataFrame) -> str:
    open_ = incidents[incidents["is_open"]]
    oldest = f"the oldest for {count(open_['open_days'].max(), 'day')}"
    return f"{count(len(open_), 'incident is', 'incidents are')} open, {oldest}"


def _ending(renewals: pd.DataFrame) -> str:
    row = next(each(renewals.sort_values(["notice_date", "agreement_id"], kind="stable")))
    ends = f"The {'agreement' if pd.isna(row.kind) else row.kind} ends {date(row.end_date)}"
    if row.days_to_notice_days <= 0:
        return f"{ends} and its notice day has come"
    return f"{ends}: act by {date(row.notice_date)}"


def _terms(running: pd.DataFrame) -> str:
    broken = running["terms_kept"].eq("broken").sum()
    return f"Terms of {count(broken, 'running agreement')} are not kept"


def _overdue(invoices: pd.DataFrame, book: BookSettings) -> str:
    late = f"the oldest {count(invoices['late_days'].max(), 'day')} late"
    amount = money(invoices["amount"].sum(), book)
    return f"{amount} is overdue in {count(len(invoices), 'invoice')}, {late}"


def _derailers(people: pd.DataFrame) -> str:
    return f"{listed(people.loc[people['is_derailer'], 'person'], most=2)} could derail us"


def _missing_roles(roles: pd.DataFrame) -> str:
    *others, last = roles.loc[roles["is_missing"], "role"]
    return f"we know no {', '.join(others)} and no {last}" if others else f"we know no {last}"


def _steps(objectives: pd.DataFrame, actions: pd.DataFrame) -> str:
    steps = pd.concat([objectives, actions], ignore_index=True)
    steps = steps[steps["status"].eq("overdue")]
    oldest = next(each(steps.sort_values("overdue_days", ascending=False, kind="stable")))
    many = count(len(steps), "step of the plan is", "steps of the plan are")
    days = count(oldest.overdue_days, "day")
    since = f"for {days}" if len(steps) == 1 else f"the longest for {days}"
    return f"{many} overdue (owner {listed(steps['owner'].unique())}), {since}: {oldest.text}"


def _decided(record: pd.DataFrame) -> str:
    decided = record[record["outcome"].ne("open")]
    won = int(decided["outcome"].eq("won").sum())
    return f"{won} of {count(len(decided), 'decided tender')} won"


def _open_deals(pipeline: pd.DataFrame, book: BookSettings) -> str:
    worth = money(pipeline["weighted_value"].sum(), book)
    return f"{len(pipeline)} open, worth {worth} at their chances"


def _volume(volume: pd.DataFrame, book: BookSettings) -> str:
    three = volume[volume["horizon_years"].eq(3)]
    reach, likely = three["in_reach"].sum(), three["likely_in_reach"].sum()
    text = f"In reach over three years, beyond what we sell: {money(reach, book)}"
    return f"{text}, {money(likely, book)} risk-adjusted"


def _white_space(white: pd.DataFrame, book: BookSettings) -> str:
    best = next(each(white))
    buyers = share(best.buyer_share, decimals=0)
    amount = money(best.white_space, book)
    return f"Peers buy {best.category} ({buyers} of them): {amount} a year in reach"


def _empty_parts(parts: pd.DataFrame) -> str:
    empty = parts["filled_share"].eq(0).sum()
    text = f"{empty} of {len(parts)} parts of this dossier are empty"
    return f"{text}: its table says what adding each gives"
