"""What a dossier says over its charts and tables, its key figures, and its lists."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings, ValueSettings
from kamlib.story.dossier_notes import event, figure_note
from kamlib.story.outlook import outlook_finding
from kamlib.story.statements import Card, Point, Said, Sentence
from kamlib.tables import each
from kamlib.words import change, count, date, listed, money, plural, share, started

MOST_CATEGORIES, MOST_NEEDS, MOST_OBJECTIVES, TIMELINE_YEARS = 8, 10, 12, 5
"""How much the charts of a dossier draw; what is left out stands in their tables."""
_GOOD = {
    "silence": "down",
    "open incidents": "down",
    "overdue": "down",
    "days late, paying": "down",
}


def title_dossier(accounts: pd.DataFrame) -> str:
    """Return the dossier's title: the account's name."""
    return next(iter(accounts["name"]), "")


def headline_dossier(told_dossier_findings: pd.DataFrame) -> list[Sentence]:
    """Return the findings, each leading to the table that shows it."""
    return [Sentence(row.sentence, row.anchor) for row in each(told_dossier_findings)]


def cards_dossier(dossier_figures: pd.DataFrame) -> list[Card]:
    """Return the account's first eight figures, each with the year before."""
    return [
        Card(
            started(row.figure),
            row.value,
            row.unit if row.unit in ("money", "share") else "number",
            year_ago=None if pd.isna(row.year_ago_value) else row.year_ago_value,
            good=_GOOD.get(row.figure, "up"),  # type: ignore[arg-type]
            note=f"days {figure_note(row)}" if row.unit == "days" else figure_note(row),
        )
        for row in each(dossier_figures.head(8))
    ]


def points_negotiation_brief(told_negotiation_brief: pd.DataFrame) -> list[Point]:
    """Return the brief under its sections, each point with the evidence it rests on."""
    return [
        Point(row.section, row.point, evidence=f"{row.evidence}, {_day(row.evidence_date)}")
        for row in each(told_negotiation_brief)
    ]


def _day(day: pd.Timestamp) -> str:
    return "undated" if pd.isna(day) else date(day)


def points_account_profile(account_profile: pd.DataFrame) -> list[Point]:
    """Return the general part: what is recorded field by field, then what is not."""
    points = []
    for part, rows in account_profile.groupby("part", sort=False):
        for row in each(rows[rows["is_filled"]]):
            is_day = row.source == "accounts.customer_since"
            text = date(row.recorded) if is_day else row.recorded
            points.append(Point(str(part), text, label=row.field))
        gaps = ", ".join(rows.loc[~rows["is_filled"], "field"])
        points += [Point(str(part), gaps, label="not recorded")] if gaps else []
    return points


def points_plan_swot(plan_swot: pd.DataFrame) -> list[Point]:
    """Return the plan's SWOT: strengths, weaknesses, opportunities, threats."""
    return [Point(row.quadrant.capitalize(), row.text) for row in each(plan_swot)]


def gap_engagement(
    engagement: pd.DataFrame, told_dossier_completeness: pd.DataFrame, *, present: frozenset[str]
) -> str:
    """Say why no engagement is drawn; nothing where it is."""
    if "interactions" not in present:
        return _gap(told_dossier_completeness, "Contacts made")
    if len(engagement):
        return ""
    return "Engagement is measured for key accounts, on the page Retention."


def _gap(completeness: pd.DataFrame, part: str) -> str:
    """Return what to say where a part of the dossier is empty: why, and what adding it gives."""
    row = next(each(completeness[completeness["part"].eq(part)]))
    gives = f" Adding it gives {row.adding_gives}." if row.adding_gives else ""
    return f"Nothing here: {row.missing or 'nothing is recorded up to this period'}.{gives}"


def _named(title: str, rows: pd.DataFrame, completeness: pd.DataFrame, part: str) -> Said:
    return Said(title if len(rows) else _gap(completeness, part))


def table_account_incidents(
    account_incidents: pd.DataFrame, told_dossier_completeness: pd.DataFrame
) -> Said:
    """Say how many incidents are still open."""
    many = count(len(account_incidents), "incident")
    title = f"{account_incidents['is_open'].sum() or 'None'} of {many} still open"
    return _named(title, account_incidents, told_dossier_completeness, "Incidents")


def table_stakeholder_map(
    stakeholder_map: pd.DataFrame, told_dossier_completeness: pd.DataFrame
) -> Said:
    """Say whom the table holds, or why nobody."""
    title = "People, those who could derail us first"
    return _named(title, stakeholder_map, told_dossier_completeness, "People")


def table_team_roles(team_roles: pd.DataFrame, told_dossier_completeness: pd.DataFrame) -> Said:
    """Say how many roles on our side are not filled."""
    open_, roles = int((~team_roles["is_filled"]).sum()), count(len(team_roles), "role")
    title = f"{open_} of {roles} on our side {plural(open_, 'is', 'are')} not filled"
    title = title if open_ else f"Each of {roles} on our side is filled"
    return _named(title, team_roles, told_dossier_completeness, "Team")


def table_tender_record(
    tender_record: pd.DataFrame, told_dossier_completeness: pd.DataFrame
) -> Said:
    """Say what the table holds, or why nothing."""
    return _named("Tenders, open ones first", tender_record, told_dossier_completeness, "Tenders")


def table_pipeline(pipeline: pd.DataFrame, book: BookSettings) -> Said:
    """Say what the open deals are worth."""
    if pipeline.empty:
        return Said("No deal is open")
    return Said(f"Open deals: {money(pipeline['weighted_value'].sum(), book)} at their probability")


def table_account_competitors(
    account_competitors: pd.DataFrame, told_dossier_completeness: pd.DataFrame
) -> Said:
    """Say what the table holds, or why nothing."""
    title = "Rivals at the account"
    return _named(title, account_competitors, told_dossier_completeness, "Rivals")


def table_wallet(wallet: pd.DataFrame, told_dossier_completeness: pd.DataFrame) -> Said:
    """Say what the table holds, or why nothing."""
    return _named("Spend by need and our share of it", wallet, told_dossier_completeness, "Needs")


def table_opportunity_volume(
    opportunity_volume: pd.DataFrame, value: ValueSettings, book: BookSettings
) -> Said:
    """Say what is in reach over the longest horizon, in all and risk-adjusted."""
    if opportunity_volume["in_reach"].isna().all():
        return Said("What is in reach is not known")
    years = opportunity_volume["horizon_years"].max()
    longest = opportunity_volume[opportunity_volume["horizon_years"].eq(years)]
    reach = money(longest["in_reach"].sum(), book)
    risk = money(longest["likely_in_reach"].sum(), book)
    return Said(
        f"In reach over {years} years: {reach}, {risk} risk-adjusted",
        "Annual spend × attainable share, less what we sell now (× probability), discounted at "
        f"{share(value.discount_rate, book)} a year; a spend below our sales is a wrong estimate "
        "and counts nowhere",
    )


def table_white_space(white_space: pd.DataFrame) -> Said:
    """Say what the peers buy, and who they are."""
    if white_space.empty:
        return Said("No category is bought by two in five of comparable accounts")
    row = next(each(white_space))
    return Said(
        "What its peers buy",
        f"Categories that at least 40 % of the {row.peer_count} peers buy ({row.peer_group}); "
        "median of the buyers, scaled to this account's size, per year",
    )


def table_agreement_renewals(
    agreement_renewals: pd.DataFrame, told_dossier_completeness: pd.DataFrame
) -> Said:
    """Say how many renewals are due."""
    due = agreement_renewals["agreement_status"].eq("renewal due").sum()
    title = f"{count(due, 'renewal')} due" if due else "No renewal is due"
    return _named(title, agreement_renewals, told_dossier_completeness, "Agreements")


def table_target_outlook(target_outlook: pd.DataFrame, book: BookSettings) -> Said:
    """Say where the year will end."""
    if target_outlook.empty:
        return Said("No outlook: nothing was ordered yet")
    return Said(outlook_finding(target_outlook, book))


def table_overdue_invoices(
    overdue_invoices: pd.DataFrame, money_owed: pd.DataFrame, book: BookSettings
) -> Said:
    """Say what is overdue, and how the habit of paying goes."""
    owed = money(overdue_invoices["amount"].sum(), book) if len(overdue_invoices) else "No invoice"
    habit = f"; habit of paying: {money_owed['trend'].iloc[0]}" if len(money_owed) else ""
    return Said(f"{owed} overdue{habit}")


def table_payment_habit(
    payment_habit: pd.DataFrame, told_dossier_completeness: pd.DataFrame
) -> Said:
    """Say what the table holds, or why nothing."""
    return _named("Days late by quarter", payment_habit, told_dossier_completeness, "Invoices")


def table_plan_objectives(
    plan_objectives: pd.DataFrame, told_dossier_completeness: pd.DataFrame
) -> Said:
    """Say what the table holds, or why nothing."""
    return _named("Objectives", plan_objectives, told_dossier_completeness, "Account plan")


def table_group_tree(group_tree: pd.DataFrame) -> Said:
    """Say how many companies the group has."""
    return Said(f"The group: {count(len(group_tree), 'company', 'companies')}")


def table_dossier_completeness(dossier_completeness: pd.DataFrame) -> Said:
    """Say how many parts are empty."""
    empty = dossier_completeness["filled_share"].eq(0).sum()
    are = plural(max(empty, 1), "is", "are")
    many = f"{empty or 'None'} of the {len(dossier_completeness)} parts of this dossier"
    return Said(f"{many} {are} empty")


def chart_category_history(
    category_history: pd.DataFrame,
    category_totals: pd.DataFrame,
    accounts: pd.DataFrame,
    *,
    book: BookSettings,
) -> Said:
    """Say what was bought, against the year before, and which category moved most."""
    whose = f"{title_dossier(accounts)}'s net revenue by month for each category"
    if category_history.empty:
        return Said("Nothing was supplied in the last two years")
    left = category_history["category"].nunique() - MOST_CATEGORIES
    smaller = plural(left, "category is", "categories are")
    cut = f"; {left} smaller {smaller} in the table" if left > 0 else ""
    return Said(
        _supplied(category_totals, book),
        f"Net revenue by month, last 12 months strong, the 12 before pale; one scale{cut}",
        f"Columns of {whose} over two years",
    )


def _supplied(totals: pd.DataFrame, book: BookSettings) -> str:
    now, before = money(totals["revenue"].sum(), book), float(totals["previous_revenue"].sum())
    if totals["previous_revenue"].isna().all():
        return f"{now} in the last 12 months; the data do not cover the year before"
    if before <= 0:
        return f"{now} in the last 12 months, nothing in the 12 before"
    total = f"{now}, {change(totals['revenue'].sum(), before, book)} on the year before"
    sizes = totals["revenue_change"].abs().sort_values(ascending=False, kind="stable")
    first = totals.loc[sizes.index[0]]
    moved = first["revenue_change"]
    if len(totals) < 2 or moved == 0:
        return total
    word = "rose" if moved > 0 else "fell"
    return f"{total}; {first['category']} {word} most, by {money(abs(moved), book)}"


def chart_promises_kept(
    promises_kept: pd.DataFrame,
    accounts: pd.DataFrame,
    told_dossier_completeness: pd.DataFrame,
) -> Said:
    """Say how many promises were late in the last four quarters, and how many incidents opened."""
    if not promises_kept[["due_count", "incident_count"]].to_numpy().sum():
        return Said(_gap(told_dossier_completeness, "Deliveries"))
    late, due, incidents = (
        int(promises_kept.tail(4)[name].sum())
        for name in ("late_count", "due_count", "incident_count")
    )
    were = plural(max(late, 1), "was", "were")
    finding = f"{late or 'None'} of {due} promised deliveries {were} late in the last four quarters"
    opened = f"; {count(incidents, 'incident')} opened" if incidents else ""
    return Said(
        (finding if due else "Nothing was due") + opened,
        "Orders by quarter of the promised day: on time grey, late red; share on time above",
        f"Deliveries promised to {title_dossier(accounts)} per quarter, on time and late, "
        "with the incidents opened in each quarter",
    )


def chart_org_chart(org_chart: pd.DataFrame) -> Said:
    """Say who stands at the top."""
    tops = org_chart.loc[org_chart["chart_level"].eq(0), "person"]
    return Said(
        f"At the top: {listed(tops)}",
        "Who reports to whom; red: could derail us, green: for us",
        "People of the account set in by whom they report to; the table has them all",
    )


def chart_stakeholder_map(
    stakeholder_map: pd.DataFrame, stakeholder_roles: pd.DataFrame, accounts: pd.DataFrame
) -> Said:
    """Say how many people are known, and what to worry about."""
    if stakeholder_map.empty:
        return Said("Nobody is known at this account")
    derailers, stale, missing = (
        int(flags.sum())
        for flags in (
            stakeholder_map["is_derailer"],
            stakeholder_map["is_stale"],
            stakeholder_roles["is_missing"],
        )
    )
    parts = [f"{count(len(stakeholder_map), 'person', 'people')} known"]
    parts += [f"{derailers} could derail us"] if derailers else []
    parts += [f"{stale} without recent contact"] if stale else []
    parts += [f"{missing} of {len(stakeholder_roles)} roles missing"] if missing else []
    return Said(
        ", ".join(parts),
        "People by influence (up) and attitude (right); red dot: could derail us, hollow: no "
        "recent contact",
        f"People at {title_dossier(accounts)} by influence and attitude, with role and age "
        "of the last contact; the table below has them all",
    )


def chart_wallet(wallet: pd.DataFrame, accounts: pd.DataFrame, *, book: BookSettings) -> Said:
    """Say what share of the known spend we supply, and what goes to others."""
    known = wallet[wallet["annual_spend"].gt(0)]
    if known.empty:
        return Said("No need on record")
    good = known[~known["is_bad_estimate"]]
    spend, ours = good["annual_spend"].sum(), good["revenue"].sum()
    others = money(good["held_by_others"].sum(), book)
    finding = "Every estimate of the spend is below what we sell"
    if spend > 0:
        supplied = share(ours / spend, decimals=0)
        finding = f"We supply {supplied} of the known spend; {others} a year goes to others"
    left = len(known) - MOST_NEEDS
    smallest = plural(left, "smallest need is", f"{left} smallest needs are")
    cut = f"; the {smallest} in the table" if left > 0 else ""
    return Said(
        finding,
        f"Annual spend (outline) and our last 12 months (bar) by need{cut}",
        f"Annual spend of {title_dossier(accounts)} by need, and what we supply of it",
    )


def chart_plan_progress(plan_objectives: pd.DataFrame, accounts: pd.DataFrame) -> Said:
    """Say how the objectives stand."""
    if plan_objectives.empty:
        return Said("No objective on record")
    counts = plan_objectives["status"].value_counts()
    stand = [f"{counts[n]} {n}" for n in ("overdue", "open", "kept", "missed") if n in counts]
    left = len(plan_objectives) - MOST_OBJECTIVES
    cut = f"; {left} more in the table" if left > 0 else ""
    is_known = plan_objectives["previous_done_share"].head(MOST_OBJECTIVES).notna().any()
    mark = "; the stroke is where it stood a period ago" if is_known else ""
    return Said(
        f"Objectives: {', '.join(stand)}",
        f"Share done of each objective{mark}{cut}",
        f"Objectives of the plan for {title_dossier(accounts)}: share done, due day and owner",
    )


def chart_account_timeline(
    account_timeline: pd.DataFrame, accounts: pd.DataFrame, *, as_of: pd.Timestamp
) -> Said:
    """Say what happened last beside orders."""
    start = as_of - pd.DateOffset(years=TIMELINE_YEARS)
    recent = account_timeline[account_timeline["date"].ge(start)]
    if recent.empty:
        return Said(f"No event in the last {TIMELINE_YEARS} years")
    news = recent[~recent["kind"].isin(["order", "satisfaction"])]
    # The last of the newest day, as the chart draws them.
    latest = list(each(_as_drawn(news if len(news) else recent)))[-1]
    beside = "Latest beside orders" if len(news) else "Latest"
    return Said(
        f"{beside}: {event(latest)}, {date(latest.date)}",
        f"Events of the last {TIMELINE_YEARS} years by kind, up to {date(as_of)}; all of them in "
        "the table",
        f"Events of the relationship with {title_dossier(accounts)} over five years, one "
        "lane per kind",
    )


def _as_drawn(events: pd.DataFrame) -> pd.DataFrame:
    told = events.assign(event=[event(row) for row in each(events)])
    return told.sort_values(["date", "event"], kind="stable")
