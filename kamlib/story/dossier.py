"""What a dossier says over its tables, its key figures, and its lists."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings, ValueSettings
from kamlib.story.dossier_notes import figure_note, peers_said
from kamlib.story.outlook import outlook_finding
from kamlib.story.statements import Card, Point, Said, Sentence
from kamlib.tables import each
from kamlib.words import count, date, ended, money, plural, say, share, started

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


OF_A_MONTH = ("category moved", "category stopped")
"""Points whose evidence is a month with revenue: on which day of it is not known."""


def cards_dossier(dossier_figures: pd.DataFrame) -> list[Card]:
    """Return the account's first eight figures, each with the year before."""
    return [
        Card(
            started(say(row.figure)),
            row.value,
            row.unit if row.unit in ("money", "share") else "number",
            year_ago=None if pd.isna(row.year_ago_value) else row.year_ago_value,
            good=_GOOD.get(row.figure, "up"),  # type: ignore[arg-type]
            note=say("days {row}", row=figure_note(row))
            if row.unit == "days"
            else figure_note(row),
        )
        for row in each(dossier_figures.head(8))
    ]


def points_negotiation_brief(
    told_negotiation_brief: pd.DataFrame, negotiation_brief: pd.DataFrame
) -> list[Point]:
    """Return the brief under its sections, each point with the evidence it rests on and the day of
    that; its month, where only the month is known.
    """
    points = []
    for row, code in zip(
        each(told_negotiation_brief), negotiation_brief["point_code"], strict=True
    ):
        when = ended if code in OF_A_MONTH else date
        day = say("undated") if pd.isna(row.evidence_date) else when(row.evidence_date)
        evidence = f"{row.evidence.removesuffix('.')}, {day}"
        points.append(Point(say(row.section), row.point, evidence=evidence))
    return points


def points_account_profile(account_profile: pd.DataFrame) -> list[Point]:
    """Return the general part: what is recorded field by field, then what is not."""
    points = []
    for part, rows in account_profile.groupby("part", sort=False):
        for row in each(rows[rows["is_filled"]]):
            is_day = row.source == "accounts.customer_since"
            known = say(row.recorded) if row.field == "tier" else row.recorded
            text = date(row.recorded) if is_day else known
            points.append(Point(say(str(part)), text, label=say(row.field)))
        gaps = ", ".join(map(say, rows.loc[~rows["is_filled"], "field"]))
        points += [Point(say(str(part)), gaps, label=say("not recorded"))] if gaps else []
    return points


def points_plan_swot(plan_swot: pd.DataFrame) -> list[Point]:
    """Return the plan's SWOT: strengths, weaknesses, opportunities, threats."""
    return [Point(started(say(row.quadrant)), row.text) for row in each(plan_swot)]


def gap_engagement(
    engagement: pd.DataFrame, told_dossier_completeness: pd.DataFrame, *, present: frozenset[str]
) -> str:
    """Say why no engagement is drawn; nothing where it is."""
    if "interactions" not in present:
        return empty_part(told_dossier_completeness, "Contacts made")
    if len(engagement):
        return ""
    return say("Engagement is measured for key accounts, on the page Retention.")


def empty_part(completeness: pd.DataFrame, part: str) -> str:
    """Return what to say where a part of the dossier is empty: why, and what adding it gives."""
    row = next(each(completeness[completeness["part"].eq(part)]))
    gives = (
        say(" Adding it gives {adding_gives}.", adding_gives=row.adding_gives)
        if row.adding_gives
        else ""
    )
    return say(
        "Nothing here: {missing}.{gives}",
        missing=row.missing or say("nothing is recorded up to this period"),
        gives=gives,
    )


def _named(title: str, rows: pd.DataFrame, completeness: pd.DataFrame, part: str) -> Said:
    return Said(title if len(rows) else empty_part(completeness, part))


def table_account_incidents(
    account_incidents: pd.DataFrame, told_dossier_completeness: pd.DataFrame
) -> Said:
    """Say how many incidents are still open."""
    many = count(len(account_incidents), "incident")
    title = say(
        "{is_open} of {many} still open",
        is_open=account_incidents["is_open"].sum() or say("None"),
        many=many,
    )
    return _named(title, account_incidents, told_dossier_completeness, "Incidents")


def table_stakeholder_map(
    stakeholder_map: pd.DataFrame, told_dossier_completeness: pd.DataFrame
) -> Said:
    """Say whom the table holds, or why nobody."""
    title = say("People, those who could derail us first")
    return _named(title, stakeholder_map, told_dossier_completeness, "People")


def table_team_roles(team_roles: pd.DataFrame, told_dossier_completeness: pd.DataFrame) -> Said:
    """Say how many roles on our side are not filled."""
    open_, roles = int((~team_roles["is_filled"]).sum()), count(len(team_roles), "role")
    title = say(
        "{open} of {roles} on our side {are} not filled",
        open=open_,
        roles=roles,
        are=plural(open_, "is", "are"),
    )
    title = title if open_ else say("Each of {roles} on our side is filled", roles=roles)
    return _named(title, team_roles, told_dossier_completeness, "Team")


def table_tender_record(
    tender_record: pd.DataFrame, told_dossier_completeness: pd.DataFrame
) -> Said:
    """Say what the table holds, or why nothing."""
    return _named(
        say("Tenders, open ones first"), tender_record, told_dossier_completeness, "Tenders"
    )


def table_pipeline(pipeline: pd.DataFrame, book: BookSettings) -> Said:
    """Say what the open deals are worth."""
    if pipeline.empty:
        return Said(say("No deal is open"))
    return Said(
        say(
            "Open deals: {weighted_value} at their probability",
            weighted_value=money(pipeline["weighted_value"].sum(), book),
        )
    )


def table_account_competitors(
    account_competitors: pd.DataFrame, told_dossier_completeness: pd.DataFrame
) -> Said:
    """Say what the table holds, or why nothing."""
    title = say("Rivals at the account")
    return _named(title, account_competitors, told_dossier_completeness, "Rivals")


def table_wallet(wallet: pd.DataFrame, told_dossier_completeness: pd.DataFrame) -> Said:
    """Say what the table holds, or why nothing."""
    return _named(
        say("Spend by need and our share of it"), wallet, told_dossier_completeness, "Needs"
    )


def table_opportunity_volume(
    opportunity_volume: pd.DataFrame, value: ValueSettings, book: BookSettings
) -> Said:
    """Say what is in reach over the longest horizon, in all and risk-adjusted."""
    if opportunity_volume["in_reach"].isna().all():
        return Said(say("What is in reach is not known"))
    years = opportunity_volume["horizon_years"].max()
    longest = opportunity_volume[opportunity_volume["horizon_years"].eq(years)]
    reach = money(longest["in_reach"].sum(), book)
    risk = money(longest["likely_in_reach"].sum(), book)
    return Said(
        say(
            "In reach over {years} years: {reach}, {risk} risk-adjusted",
            years=years,
            reach=reach,
            risk=risk,
        ),
        say(
            "Annual spend × attainable share, less what we sell now (× probability), discounted "
            "at {discount_rate} a year; a spend below our sales is a wrong estimate and counts "
            "nowhere",
            discount_rate=share(value.discount_rate, book),
        ),
    )


def table_white_space(white_space: pd.DataFrame) -> Said:
    """Say what the peers buy, and who they are."""
    if white_space.empty:
        return Said(say("No category is bought by two in five of comparable accounts"))
    row = next(each(white_space))
    return Said(
        say("What its peers buy"),
        say(
            "Categories that at least 40 % of the {peer_count} peers buy ({peer_group}); median "
            "of the buyers, scaled to this account's size, per year",
            peer_count=row.peer_count,
            peer_group=peers_said(row.peer_group),
        ),
    )


def table_agreement_renewals(
    agreement_renewals: pd.DataFrame, told_dossier_completeness: pd.DataFrame
) -> Said:
    """Say how many renewals are due."""
    due = agreement_renewals["agreement_status"].eq("renewal due").sum()
    title = (
        say("{renewals} due", renewals=count(due, "renewal")) if due else say("No renewal is due")
    )
    return _named(title, agreement_renewals, told_dossier_completeness, "Agreements")


def table_target_outlook(target_outlook: pd.DataFrame, book: BookSettings) -> Said:
    """Say where the year will end."""
    if target_outlook.empty:
        return Said(say("No outlook: nothing was ordered yet"))
    return Said(outlook_finding(target_outlook, book))


def table_overdue_invoices(
    overdue_invoices: pd.DataFrame, money_owed: pd.DataFrame, book: BookSettings
) -> Said:
    """Say what is overdue, and how the habit of paying goes."""
    owed = (
        money(overdue_invoices["amount"].sum(), book)
        if len(overdue_invoices)
        else say("No invoice")
    )
    habit = (
        say("; habit of paying: {trend}", trend=say(money_owed["trend"].iloc[0]))
        if len(money_owed)
        else ""
    )
    return Said(say("{owed} overdue{habit}", owed=owed, habit=habit))


def table_payment_habit(
    payment_habit: pd.DataFrame, told_dossier_completeness: pd.DataFrame
) -> Said:
    """Say what the table holds, or why nothing."""
    return _named(say("Days late by quarter"), payment_habit, told_dossier_completeness, "Invoices")


def table_plan_objectives(
    plan_objectives: pd.DataFrame, told_dossier_completeness: pd.DataFrame
) -> Said:
    """Say what the table holds, or why nothing."""
    return _named(say("Objectives"), plan_objectives, told_dossier_completeness, "Account plan")


def table_group_tree(group_tree: pd.DataFrame) -> Said:
    """Say how many companies the group has."""
    return Said(
        say("The group: {companies}", companies=count(len(group_tree), "company", "companies"))
    )


def table_dossier_completeness(dossier_completeness: pd.DataFrame) -> Said:
    """Say how many parts are empty."""
    empty = dossier_completeness["filled_share"].eq(0).sum()
    are = plural(max(empty, 1), "is", "are")
    many = say(
        "{empty} of the {dossier_completeness} parts of this dossier",
        empty=empty or say("None"),
        dossier_completeness=len(dossier_completeness),
    )
    return Said(say("{many} {are} empty", many=many, are=are))
