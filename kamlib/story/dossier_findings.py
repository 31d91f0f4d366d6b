"""What the paragraph at the top of a dossier says."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from kamlib.book import BookSettings
from kamlib.story.ahead import fall_text
from kamlib.story.ahead_record import health_text
from kamlib.tables import each
from kamlib.words import change, count, date, listed, money, number, plural, say, share, started


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
    sentences: dict[str, Callable[[], str]] = {
        "broken plan": lambda: _broken_plan(plan_problems),
        "identity": lambda: _identity(account_identity, book),
        "action": lambda: say("To do: {to_do}", to_do=told_account_actions["to_do"].iloc[0]),
        "nothing ordered": lambda: say("Nothing was ordered up to {as_of}", as_of=date(as_of)),
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
        _sentence("; ".join(sentences[part]() for part in finding.split(" and ")))
        for finding in dossier_findings["finding_code"]
    ]
    return pd.DataFrame({"sentence": said}, index=dossier_findings.index, dtype="str")


def _sentence(text: str) -> str:
    return started(text) + ("" if text.endswith((".", "…", "?", "!")) else ".")


def _broken_plan(problems: pd.DataFrame) -> str:
    row = next(each(problems))
    where = say("({file}, line {line})", file=row.file, line=row.line)
    return say(
        "The account plan cannot be read: {problem} {where} {next}",
        problem=row.problem,
        where=where,
        next=row.next,
    )


def _identity(identity: pd.DataFrame, book: BookSettings) -> str:
    row = next(each(identity))
    is_key = row.tier == "key"
    parts = [
        say("{tier} account", tier=say(row.tier)) if row.tier else "",
        say("group {group_name}", group_name=row.group_name) if row.group_name else "",
        say("class {revenue_class}", revenue_class=row.revenue_class) if row.revenue_class else "",
        say(row.status),
        say("score {score}, rank {rank:.0f}", score=number(row.score, book), rank=row.rank)
        if pd.notna(row.score)
        else "",
        say("owner {owner}", owner=row.owner) if row.owner else say("no owner") if is_key else "",
        say("sponsor {sponsor}", sponsor=row.sponsor)
        if row.sponsor
        else say("no executive sponsor")
        if is_key
        else "",
    ]
    return "; ".join(part for part in parts if part)


def _revenue(figures: pd.DataFrame, totals: pd.DataFrame, book: BookSettings) -> str:
    row = next(each(figures[figures["figure"].eq("revenue")]))
    parts = [say("Revenue of the last 12 months is {amount}", amount=money(row.value, book))]
    if pd.notna(row.year_ago_value):
        moved = change(row.value, row.year_ago_value, book)
        parts = [say("{parts}, {moved} on the year before", parts=parts[0], moved=moved)]
    moves = totals[~totals["trend"].isin(["steady", ""])]
    if len(totals) > 1 and len(moves):
        largest = moves.loc[moves["revenue_change"].abs().sort_values(kind="stable").index[-1]]
        word = say("more") if largest["revenue_change"] > 0 else say("less")
        size = money(abs(largest["revenue_change"]), book)
        parts.append(
            say(
                "the largest move is {size} {word} of {category}",
                size=size,
                word=word,
                category=largest["category"],
            )
        )
    return "; ".join(parts)


def _silence(figures: pd.DataFrame, identity: pd.DataFrame) -> str:
    row = next(each(figures[figures["figure"].eq("silence")]))
    gap, days = say("no usual gap yet"), row.noted_days
    if pd.notna(days):
        gap = say("usual gap {days:.0f} days", days=days)
    return say(
        "It is {status}: {value:.0f} days without an order ({gap})",
        status=identity["status"].iloc[0],
        value=row.value,
        gap=gap,
    )


def _falling(categories: pd.DataFrame, accounts: pd.DataFrame, book: BookSettings) -> str:
    rows = [*each(accounts), *each(categories)]
    said = [fall_text(row, book, is_named=False) for row in rows]
    return say("Falling while it still buys: {said}", said="; ".join(said[:3]))


def _late(promises: pd.DataFrame) -> str:
    year = promises.tail(4)
    late, due, waiting = (
        int(year[name].sum()) for name in ("late_count", "due_count", "open_late_count")
    )
    still = say(", {waiting} of them still open", waiting=waiting) if waiting else ""
    was = plural(late, "was", "were")
    return say(
        "{late} of {due} deliveries promised in the last 12 months {was} late{still}",
        late=late,
        due=due,
        was=was,
        still=still,
    )


def _incidents(incidents: pd.DataFrame) -> str:
    open_ = incidents[incidents["is_open"]]
    oldest = say("the oldest for {days}", days=count(open_["open_days"].max(), "day"))
    return say(
        "{are} open, {oldest}", are=count(len(open_), "incident is", "incidents are"), oldest=oldest
    )


def _ending(renewals: pd.DataFrame) -> str:
    row = next(each(renewals.sort_values(["notice_date", "agreement_id"], kind="stable")))
    ends = say(
        "The {kind} ends {end_date}",
        kind=say("agreement") if pd.isna(row.kind) else row.kind,
        end_date=date(row.end_date),
    )
    if row.days_to_notice_days <= 0:
        return say("{ends} and its notice day has come", ends=ends)
    return say("{ends}: act by {notice_date}", ends=ends, notice_date=date(row.notice_date))


def _terms(running: pd.DataFrame) -> str:
    broken = running["terms_kept"].eq("broken").sum()
    return say("Terms of {agreements} are not kept", agreements=count(broken, "running agreement"))


def _overdue(invoices: pd.DataFrame, book: BookSettings) -> str:
    late = say("the oldest {days} late", days=count(invoices["late_days"].max(), "day"))
    amount = money(invoices["amount"].sum(), book)
    return say(
        "{amount} is overdue in {invoices}, {late}",
        amount=amount,
        invoices=count(len(invoices), "invoice"),
        late=late,
    )


def _derailers(people: pd.DataFrame) -> str:
    return say(
        "{person} could derail us",
        person=listed(people.loc[people["is_derailer"], "person"], most=2),
    )


def _missing_roles(roles: pd.DataFrame) -> str:
    *others, last = map(say, roles.loc[roles["is_missing"], "role"])
    return (
        say("we know no {others} and no {last}", others=", ".join(others), last=last)
        if others
        else say("we know no {last}", last=last)
    )


def _steps(objectives: pd.DataFrame, actions: pd.DataFrame) -> str:
    steps = pd.concat([objectives, actions], ignore_index=True)
    steps = steps[steps["status"].eq("overdue")]
    oldest = next(each(steps.sort_values("overdue_days", ascending=False, kind="stable")))
    many = count(len(steps), "step of the plan is", "steps of the plan are")
    days = count(oldest.overdue_days, "day")
    since = (
        say("for {days}", days=days)
        if len(steps) == 1
        else say("the longest for {days}", days=days)
    )
    return say(
        "{many} overdue (owner {owner}), {since}: {text}",
        many=many,
        owner=listed(steps["owner"].unique()),
        since=since,
        text=oldest.text,
    )


def _decided(record: pd.DataFrame) -> str:
    decided = record[record["outcome"].ne("open")]
    won = int(decided["outcome"].eq("won").sum())
    return say("{won} of {tenders} won", won=won, tenders=count(len(decided), "decided tender"))


def _open_deals(pipeline: pd.DataFrame, book: BookSettings) -> str:
    worth = money(pipeline["weighted_value"].sum(), book)
    return say(
        "{pipeline} open, worth {worth} at their chances", pipeline=len(pipeline), worth=worth
    )


def _volume(volume: pd.DataFrame, book: BookSettings) -> str:
    three = volume[volume["horizon_years"].eq(3)]
    reach, likely = three["in_reach"].sum(), three["likely_in_reach"].sum()
    text = say("In reach over three years, beyond what we sell: {reach}", reach=money(reach, book))
    return say("{text}, {likely} risk-adjusted", text=text, likely=money(likely, book))


def _white_space(white: pd.DataFrame, book: BookSettings) -> str:
    best = next(each(white))
    buyers = share(best.buyer_share, decimals=0)
    amount = money(best.white_space, book)
    return say(
        "Peers buy {category} ({buyers} of them): {amount} a year in reach",
        category=best.category,
        buyers=buyers,
        amount=amount,
    )


def _empty_parts(parts: pd.DataFrame) -> str:
    empty = parts["filled_share"].eq(0).sum()
    text = say("{empty} of {parts} parts of this dossier are empty", empty=empty, parts=len(parts))
    return say("{text}: its table says what adding each gives", text=text)
