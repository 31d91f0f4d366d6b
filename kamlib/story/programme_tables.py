"""What stands over the charts and in the tables of the programme review."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings, ProgrammeSettings
from kamlib.story.keys import called, several
from kamlib.story.outlook import outlook_notes
from kamlib.story.statements import Said
from kamlib.tables import each
from kamlib.words import count, date, number, phrase, plural, say, share

MOST_MANAGERS = 20
MOST_ACCOUNTS = 40
"""Managers and accounts that a chart has room for."""


def _told(table: pd.DataFrame, **columns: list[str]) -> pd.DataFrame:
    return pd.DataFrame(columns, index=table.index, dtype="str")


# ── who carries what ──────────────────────────────────────────────────────────


def tell_workload(workload: pd.DataFrame, *, programme: ProgrammeSettings) -> pd.DataFrame:
    """Say what stands out in the load of each manager."""
    notes = [_load_note(row, programme) for row in each(workload)]
    return _told(workload, note=notes)


def _load_note(row: Any, programme: ProgrammeSettings) -> str:
    if row.manager_id == "":
        return say("nobody carries these accounts")
    least, most = programme.accounts_per_manager
    parts = {
        say("more hours than the manager has"): row.is_over_hours,
        say(
            "{accounts}, usual {least}–{most}",
            accounts=count(row.key_count, "account"),
            least=least,
            most=most,
        ): row.is_count_outside,
    }
    return "; ".join(part for part, is_so in parts.items() if is_so)


def table_workload(as_of: pd.Timestamp) -> Said:
    """Say which months the load per manager is of."""
    months = say("12 months to {as_of}", as_of=date(as_of))
    return Said(
        say("Load per manager"),
        say("Hours a month, revenue of {months}", months=months),
    )


def chart_workload(
    workload: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    measure: str = "hours",
    book: BookSettings | None = None,
) -> Said:
    """Say who carries more than the hours there are, or who carries most revenue."""
    people = workload[workload["manager_id"].ne("")]
    months = say("12 months to {as_of}", as_of=date(as_of))
    every = say("; the table below has every value")
    if measure == "hours":
        cut = len(people) > MOST_MANAGERS
        heaviest = (
            say(
                "; the {most_managers} heaviest of {people} managers",
                most_managers=MOST_MANAGERS,
                people=len(people),
            )
            if cut
            else ""
        )
        return Said(
            _overloaded(people),
            say(
                "Hours a month; line: hours there are{heaviest}; {months}",
                heaviest=heaviest,
                months=months,
            ),
            say(
                "Bars of the hours a month by manager against the hours there are{every}",
                every=every,
            ),
        )
    limit = say("; line: limit") if people["revenue_limit"].notna().any() else ""
    return Said(
        _most_revenue(people, book),
        say("Revenue of {months}{limit}", months=months, limit=limit),
        say(
            "Bars of the revenue by manager against what one manager can carry{every}", every=every
        ),
    )


def _overloaded(people: pd.DataFrame) -> str:
    over = int(people["is_over_hours"].sum())
    if people.empty:
        return say("No manager is known for any account")
    if not over:
        return say("Nobody carries more hours than there are")
    managers = count(len(people), "manager")
    return say(
        "{over} of {managers} {carry} more hours than there are",
        over=over,
        managers=managers,
        carry=plural(over, "carries", "carry"),
    )


def _most_revenue(people: pd.DataFrame, book: BookSettings | None) -> str:
    total = people["revenue"].sum()
    if not total > 0:
        return say("No manager carries revenue")
    first = people.sort_values(["revenue", "manager_id"], kind="stable").iloc[-1]
    part = share(first.revenue / total, book, decimals=0)
    return say(
        "{manager_name} carries {part} of the revenue", manager_name=first.manager_name, part=part
    )


def tell_proposed_assignment(proposed_assignment: pd.DataFrame) -> pd.DataFrame:
    """Say how sure the proposal is; nothing where it is proven the best."""
    words = {
        "proven": "",
        "good": say("good, not proven the best: the search was cut"),
        "cut": say("the search was cut before it found a better assignment"),
    }
    return _told(proposed_assignment, note=[words[end] for end in proposed_assignment["search"]])


def tell_assignment_changes(
    assignment_changes: pd.DataFrame, assignment_loads: pd.DataFrame, *, book: BookSettings
) -> pd.DataFrame:
    """Say the hours of both managers before and after each move, and what it breaks."""
    loads = {row.manager_id: _load_change(row, book) for row in each(assignment_loads)}
    changes = [
        say(
            "{giver}; {to_manager} goes from {loads}",
            giver=_giver(row, loads, book),
            to_manager=row.to_manager,
            loads=loads[row.proposed_manager_id],
        )
        for row in each(assignment_changes)
    ]
    return _told(assignment_changes, why=changes)


def _giver(row: Any, loads: dict[str, str], book: BookSettings) -> str:
    if row.manager_id not in loads:
        return say("it has no manager today")
    known = ""
    if pd.notna(row.handled_share):
        handled = share(row.handled_share, book, decimals=0)
        known = say(
            "; it breaks a relationship: {handled} of the account's revenue came through ",
            handled=handled,
        )
        known += row.from_manager
    return say(
        "{from_manager} goes from {loads}{known}",
        from_manager=row.from_manager,
        loads=loads[row.manager_id],
        known=known,
    )


def _load_change(row: Any, book: BookSettings) -> str:
    now, then = row.hours_load_share, row.proposed_hours_load_share
    return say(
        "{now} to {then} of the hours",
        now=number(now * 100, book, decimals=0),
        then=share(then, book, decimals=0),
    )


def chart_assignment_loads(
    assignment_loads: pd.DataFrame, assignment_changes: pd.DataFrame, *, book: BookSettings
) -> Said:
    """Say what the proposal takes off the managers who carry too much."""
    before, after = (
        int(assignment_loads[f"{when}hours_load_share"].gt(1).sum()) for when in ("", "proposed_")
    )
    moves = count(len(assignment_changes), "move")
    finding = say("Nobody carries too much: nothing is moved")
    if assignment_loads.empty:
        finding = say("No managers to assign accounts to")
    elif before and len(assignment_changes):
        left = number(after) if after else say("nobody")
        finding = say(
            "{before} {carry} too much, {left} after ",
            before=number(before),
            carry=plural(before, "carries", "carry"),
            left=left,
        )
        finding += moves
    elif before:
        who = say(
            "{before} {carry} too much",
            before=number(before),
            carry=plural(before, "carries", "carry"),
        )
        finding = say("{who}, and nobody has room", who=who)
    elif len(assignment_changes):
        finding = say("Nobody carries too much; {moves} to give accounts a manager", moves=moves)
    return Said(
        finding,
        say("Hours that accounts ask for over the manager's hours; ● now, ◆ proposed"),
        say(
            "For each manager the load in hours, today and as proposed; the published table "
            "assignment_loads has every value"
        ),
    )


def table_manager_dependence(as_of: pd.Timestamp) -> Said:
    """Say which orders the dependence is of."""
    months = say("12 months to {as_of}", as_of=date(as_of))
    return Said(
        say("Profit by manager, and what is exposed if one leaves"),
        say("By the manager on the order, {months}", months=months),
    )


# ── what they have and lack ───────────────────────────────────────────────────

GAPS = {
    "sponsor": phrase("no sponsor"),
    "roles": phrase("no {missing_roles} known"),
    "people": phrase("nobody known"),
    "team": phrase("team lacks {missing_team_roles}"),
    "plan_unreadable": phrase("plan cannot be read"),
    "plan_missing": phrase("no plan"),
    "plan_old": phrase("plan older than {fresh_days} days"),
    "plan_undated": phrase("plan without a date"),
}
"""Code of a gap → how it is said."""


def tell_coverage(coverage: pd.DataFrame, *, programme: ProgrammeSettings) -> pd.DataFrame:
    """Say the gaps of each account."""
    days = programme.plan_fresh_days
    return _told(coverage, note=[_gaps(row, days) for row in each(coverage)])


def _gaps(row: Any, fresh_days: int) -> str:
    missing = {name: _roles(getattr(row, name)) for name in ("missing_roles", "missing_team_roles")}
    facts = {**row._asdict(), **missing, "fresh_days": fresh_days}
    return "; ".join(say(GAPS[code], **facts) for code in row.gap_codes.split())


def _roles(named: str) -> str:
    return ", ".join(map(say, named.split(", ")))


def table_coverage(coverage: pd.DataFrame, key_accounts: pd.DataFrame | None = None) -> Said:
    """Say how many key accounts have gaps."""
    gaps = int(coverage["coverage_gap_count"].gt(0).sum())
    whole = count(len(coverage), called(key_accounts))
    return Said(
        say("{gaps} of {whole} with gaps", gaps=gaps, whole=whole)
        if gaps
        else say("No gap is known"),
        say("The most gaps first"),
    )


def chart_coverage(
    coverage: pd.DataFrame,
    coverage_summary: pd.DataFrame,
    key_accounts: pd.DataFrame | None = None,
    *,
    span: Any,
) -> Said:
    """Say how many key accounts are covered without a gap, and what nobody recorded."""
    known = coverage_summary["covered_share"].notna()
    whole = int(coverage["coverage_gap_count"].eq(0).sum())
    finding = say(
        "{whole} of {accounts} {are} covered without a gap",
        whole=whole or say("None"),
        accounts=count(len(coverage), called(key_accounts)),
        are=plural(max(whole, 1), "is", "are"),
    )
    if coverage.empty:
        finding = say("No key accounts")
    elif not known.any():
        finding = say("How accounts are covered is not recorded")
    parts = [
        say("Filled = there, pale = in part, open = missing"),
        say(
            "the {most_accounts} with most gaps of {coverage}",
            most_accounts=MOST_ACCOUNTS,
            coverage=len(coverage),
        )
        if len(coverage) > MOST_ACCOUNTS
        else "",
        say("not recorded: {part}", part=", ".join(map(say, coverage_summary.loc[~known, "part"])))
        if not known.all()
        else "",
        span.title,
    ]
    return Said(
        finding,
        "; ".join(part for part in parts if part),
        say(
            "Grid of accounts by sponsor, decision roles, recent contact, team, plan and "
            "fresh plan; the table below names every gap"
        ),
    )


def tell_coverage_summary(coverage_summary: pd.DataFrame) -> pd.DataFrame:
    """Say who lacks a part: up to five names, the rest counted."""
    return _told(coverage_summary, missing=[_lacking(row) for row in each(coverage_summary)])


def _lacking(row: Any) -> str:
    more = row.key_count - row.covered_count - 5
    return (
        say("{lacking_names} and {more} more", lacking_names=row.lacking_names, more=more)
        if row.lacking_names and more > 0
        else row.lacking_names
    )


def tell_decision_log(decision_log: pd.DataFrame) -> pd.DataFrame:
    """Say what differs from the evidence, and what was not said."""
    notes = [
        "; ".join(
            [
                *(
                    [say("the evidence says {proposal}", proposal=say(row.proposal))]
                    if row.is_overridden
                    else []
                ),
                *([] if row.reason.strip() else [say("no reason recorded")]),
            ]
        )
        for row in each(decision_log)
    ]
    return _told(decision_log, note=notes)


def tell_programme_outlook(programme_outlook: pd.DataFrame, *, book: BookSettings) -> pd.DataFrame:
    """Say how the outlook of all key accounts was reached."""
    return outlook_notes(programme_outlook, book)


def table_programme_outlook(key_accounts: pd.DataFrame, programme_outlook: pd.DataFrame) -> Said:
    """Say whose outlook it is."""
    keys = several(called(key_accounts))
    has_interval = programme_outlook["outlook_low"].notna().any()
    return Said(
        say("All {keys}, to the year's end", keys=keys),
        say("Fiscal year; interval 80 %") if has_interval else say("Fiscal year"),
    )


def table_programme_owed(as_of: pd.Timestamp) -> Said:
    """Say as of which day the money is owed."""
    return Said(
        say("What is owed"),
        say("Invoices as of {as_of}; the largest overdue amount first", as_of=date(as_of)),
    )


def table_account_targets(present: frozenset[str]) -> Said:
    """Say that no account can be compared with its target, where the book has none."""
    missing = say("No targets are recorded: no account can be compared with its target")
    return Said(say("Account by account") if "targets" in present else missing)


# ── what the managers can do ──────────────────────────────────────────────────


def tell_training_needs(training_needs: pd.DataFrame, competence: pd.DataFrame) -> pd.DataFrame:
    """Say which managers are below the level of each skill, the largest gap first."""
    needs = competence[competence["is_training_need"]]
    needs = needs.sort_values(["gap", "manager_id"], ascending=[False, True])
    names = needs.groupby("skill")["manager_name"].agg(", ".join)
    nobody = say("nobody has been rated in it")
    managers = [
        names.get(row.skill, "") if row.rated_count else nobody for row in each(training_needs)
    ]
    return _told(training_needs, managers=managers)


def chart_competence(competence: pd.DataFrame, *, span: Any) -> Said:
    """Say how many ratings are below the level required, and in which skills."""
    counts = competence.loc[competence["is_training_need"], "skill"].value_counts(sort=False)
    most = sorted(counts.index[counts.eq(counts.max())])
    finding = say("Nobody is below the level required")
    if competence.empty:
        finding = say("No manager has been rated")
    elif len(counts):
        total = int(counts.sum())
        finding = say(
            "{ratings} {are} below the level required",
            ratings=count(total, "rating"),
            are=plural(total, "is", "are"),
        )
        if len(most) <= 2:
            place = say("most in") if len(counts) > len(most) else say("in")
            finding = f"{finding}, {place} {say(' and ').join(most)}"
    return Said(
        finding,
        say(
            "Latest rating, 1 to 5; ▲▼ against the one before; framed: below the level required; "
            "{period}",
            period=span.title,
        ),
        say(
            "Matrix of managers by skill with the latest rating and its change; the published "
            "table competence has every value"
        ),
    )


def chart_programme_engagement(
    programme_engagement: pd.DataFrame, engagement_trend: pd.DataFrame
) -> Said:
    """Say whether engagement and loyalty are both rising."""
    known = programme_engagement[["engagement_share", "loyalty_share"]].notna().sum().max()
    trend = engagement_trend.set_index("measure")["trend"]
    same = {
        "rising": say("Engagement and loyalty are both rising"),
        "too few quarters": say("Too few quarters to tell whether engagement and loyalty rise"),
        "no clear trend": say("Neither engagement nor loyalty has a clear trend"),
    }
    if not known >= 2:
        finding = say("Engagement and loyalty: too few quarters to draw")
        finding = finding if known > 0 else say("Engagement and loyalty are not known")
    elif trend.eq(trend.iloc[0]).all() and trend.iloc[0] in same:
        finding = same[trend.iloc[0]]
    else:
        told = ", ".join(f"{say(str(one))} {say(word)}" for one, word in trend.items())
        finding = say("Not both are rising: {told}", told=told)
    return Said(
        finding,
        say(
            "Mean over accounts by quarter: contacts made of those planned; satisfaction and "
            "expected orders"
        ),
        say(
            "Engagement and loyalty by quarter; the published table "
            "programme_engagement has every value"
        ),
    )
