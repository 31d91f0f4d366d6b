"""Findings: the paragraph at the top of a dossier, most urgent first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from kamlib.dossier.shape import COUNT, TEXT, shaped, text_or
from kamlib.dossier.wording import count, listed
from kamlib.tables import each
from kamlib.words.amounts import change, date, money, number, share

_FINDINGS = {"account_id": TEXT, "position": COUNT, "kind": TEXT, "sentence": TEXT, "anchor": TEXT}
_NONE = pd.DataFrame()
_NOTABLE_LATE = 0.05  # a share of late deliveries below it is no news


def dossier_findings(
    tables: Mapping[str, pd.DataFrame],
    account_id: str,
    *,
    as_of: pd.Timestamp,
    book: Any = None,
    most: int = 6,
) -> pd.DataFrame:
    """One row per sentence of what matters now: a broken plan, who it is, its position, then the
    most urgent.

    Columns
    -------
    account_id: the account
    position: its place in the paragraph, from 1
    kind: position, service, people, money, tenders, opportunity, plan, gaps
    sentence: the sentence
    anchor: the table or part of the dossier that shows it

    >>> dossier_findings({}, "A", as_of=pd.Timestamp("2025-09-30")).shape[0]
    1
    """
    parts = (
        _position(tables, as_of, book),
        _service(tables),
        _agreements(tables, book),
        _people(tables),
        _plan(tables),
        _tenders(tables, book),
        _opportunity(tables, book),
        _gaps(tables),
    )
    first = [*_problems(tables), *_identity(tables, book)]
    sentences = first + [sentence for part in parts for sentence in part][:most]
    rows = [
        {
            "account_id": account_id,
            "position": place,
            "kind": kind,
            "sentence": text,
            "anchor": anchor,
        }
        for place, (kind, text, anchor) in enumerate(sentences, start=1)
    ]
    return shaped(rows, _FINDINGS)


Sentence = tuple[str, str, str]


def _problems(tables) -> Iterator[Sentence]:
    for row in each(tables.get("plan_problems", _NONE)):
        text = f"The account plan cannot be read: {row.problem} ({row.file}, line {row.line}) {row.next}"
        yield "gaps", text, "#plan_problems"


def _identity(tables, book: Any) -> Iterator[Sentence]:
    for row in each(tables.get("account_identity", _NONE)):
        said = [
            f"{row.tier} account" if row.tier else "",
            f"group {row.group_name}" if row.group_name else "",
        ]
        said += [f"class {row.revenue_class}" if row.revenue_class else "", row.status]
        if pd.notna(row.score):
            said.append(f"score {number(row.score, book)}, rank {row.rank:.0f}")
        said.append(f"owner {row.owner}" if row.owner else "no owner" if row.tier == "key" else "")
        said.append(
            f"sponsor {row.sponsor}"
            if row.sponsor
            else "no executive sponsor"
            if row.tier == "key"
            else ""
        )
        text = "; ".join(part for part in said if part)
        if text:
            yield "position", text[0].upper() + text[1:] + ".", "#account_profile"


def _position(tables, as_of: pd.Timestamp, book: Any) -> Iterator[Sentence]:
    figures = tables.get("dossier_figures", _NONE)
    known = {row.figure: row for row in each(figures)}
    if "revenue" not in known:
        yield "position", f"Nothing was ordered up to {date(as_of)}.", "#Where-we-stand"
        return
    revenue, text = (
        known["revenue"],
        f"Revenue of the last 12 months is {money(known['revenue'].value, book)}",
    )
    if pd.notna(revenue.year_ago_value):
        text += f", {change(revenue.value, revenue.year_ago_value, book)} on the year before"
    totals = tables.get("category_totals", _NONE)
    moved = totals[~totals["trend"].isin(["steady", ""])] if len(totals) > 1 else _NONE
    if len(moved):
        largest = moved.loc[moved["revenue_change"].abs().sort_values(kind="stable").index[-1]]
        word = "more" if largest["revenue_change"] > 0 else "less"
        text += f"; the largest move is {money(abs(largest['revenue_change']), book)} {word} of {largest['category']}"
    yield "position", text + ".", "#category_totals"
    silence = known.get("silence")
    status = " ".join(tables.get("account_identity", pd.DataFrame({"status": []}))["status"])
    if silence is not None and status in ("overdue", "lost"):
        yield (
            "position",
            f"It is {status}: {silence.value:.0f} days without an order ({silence.note.split('; ')[-1]}).",
            "#Where-we-stand",
        )


def _service(tables) -> Iterator[Sentence]:
    promises, incidents = tables.get("promises_kept", _NONE), tables.get("account_incidents", _NONE)
    texts = []
    if len(promises) and promises.tail(4)["due_count"].sum():
        year = promises.tail(4)
        late, due, waiting = (
            int(year[c].sum()) for c in ("late_count", "due_count", "open_late_count")
        )
        if waiting or late > due * _NOTABLE_LATE:
            still = f", {waiting} of them still open" if waiting else ""
            was = "was" if late == 1 else "were"
            texts.append(
                f"{late} of {due} deliveries promised in the last 12 months {was} late{still}"
            )
    open_ = incidents[incidents["is_open"]] if len(incidents) else _NONE
    if len(open_):
        oldest = f"the oldest for {open_['open_days'].max():.0f} days"
        texts.append(f"{count(len(open_), 'incident is', 'incidents are')} open, {oldest}")
    if texts:
        yield "service", "; ".join(texts) + ".", "#Promises-kept"


def _people(tables) -> Iterator[Sentence]:
    people, roles = tables.get("stakeholder_map", _NONE), tables.get("stakeholder_roles", _NONE)
    texts = []
    if len(people) and people["is_derailer"].any():
        names = listed(people.loc[people["is_derailer"], "name"], most=2)
        texts.append(f"{names} could derail us")
    if len(roles) and roles["is_missing"].any():
        texts.append(
            f"we know no {listed(roles.loc[roles['is_missing'], 'role'], most=6).replace(' and ', ' and no ')}"
        )
    if texts:
        text = "; ".join(texts)
        yield "people", text[0].upper() + text[1:] + ".", "#stakeholder_map"


def _agreements(tables, book: Any) -> Iterator[Sentence]:
    renewals, owed = tables.get("agreement_renewals", _NONE), tables.get("overdue_invoices", _NONE)
    due = renewals[renewals["status"].eq("renewal due")] if len(renewals) else _NONE
    if len(due):
        first = due.iloc[0]
        text = f"The {text_or(first['kind'], 'agreement')} ends {date(first['end_date'])} and its notice day has come"
        yield "money", text + ".", "#agreement_renewals"
    soon = renewals[renewals["status"].eq("coming up")] if len(renewals) else _NONE
    soon = soon[soon["days_to_notice_days"].le(30)] if len(soon) else _NONE
    if len(soon) and not len(due):
        first = soon.iloc[0]
        name, last_day = text_or(first["kind"], "agreement"), date(first["notice_date"])
        text = f"The {name} ends {date(first['end_date'])}: act by {last_day}."
        yield "money", text, "#agreement_renewals"
    broken = (
        renewals[renewals["terms_kept"].eq("broken") & renewals["status"].ne("ended")]
        if len(renewals)
        else _NONE
    )
    if len(broken):
        text = f"Terms of {count(len(broken), 'running agreement')} are not kept."
        yield "money", text, "#agreement_renewals"
    if len(owed):
        late = f"the oldest {owed['late_days'].max():.0f} days late"
        text = f"{money(owed['amount'].sum(), book)} is overdue in {count(len(owed), 'invoice')}, {late}."
        yield "money", text, "#overdue_invoices"


def _plan(tables) -> Iterator[Sentence]:
    steps = [
        tables[name] for name in ("plan_objectives", "plan_actions") if len(tables.get(name, _NONE))
    ]
    overdue = [table[table["status"].eq("overdue")] for table in steps]
    owners = [owner for table in overdue for owner in table["owner"]]
    if owners:
        oldest = max(
            (row for table in overdue for row in each(table)), key=lambda row: row.overdue_days
        )
        many = count(len(owners), "step of the plan is", "steps of the plan are")
        who = listed(dict.fromkeys(owners))
        since = "the longest for " if len(owners) > 1 else "for "
        text = f"{many} overdue (owner {who}), {since}{count(oldest.overdue_days, 'day')}: {oldest.text}."
        yield "plan", text, "#plan_objectives"


def _tenders(tables, book: Any) -> Iterator[Sentence]:
    open_ = tables.get("pipeline", _NONE)
    record = tables.get("tender_record", _NONE)
    decided = record[record["outcome"].ne("open")] if len(record) else _NONE
    texts = []
    if len(decided):
        texts.append(
            f"{int(decided['outcome'].eq('won').sum())} of {count(len(decided), 'decided tender')} won"
        )
    if len(open_):
        worth = f"worth {money(open_['weighted_value'].sum(), book)} at their chances"
        texts.append(f"{len(open_)} open, {worth}")
    if texts:
        yield "tenders", "; ".join(texts) + ".", "#tender_record"


def _opportunity(tables, book: Any) -> Iterator[Sentence]:
    volume, white = tables.get("opportunity_volume", _NONE), tables.get("white_space", _NONE)
    if len(volume) and volume["theoretical_volume"].notna().any():
        three = volume[volume["horizon_years"].eq(3)]
        reach, risk = three["theoretical_volume"].sum(), three["risk_adjusted_volume"].sum()
        text = (
            f"In reach over three years: {money(reach, book)}, {money(risk, book)} risk-adjusted."
        )
        yield "opportunity", text, "#opportunity_volume"
    elif len(white) and white["white_space"].gt(0).any():
        best = white.iloc[0]
        text = f"Peers buy {best['category']} ({share(best['buyer_share'], decimals=0)} of them): "
        yield (
            "opportunity",
            text + f"{money(best['white_space'], book)} a year in reach.",
            "#white_space",
        )


def _gaps(tables) -> Iterator[Sentence]:
    parts = tables.get("dossier_completeness", _NONE)
    empty = parts[parts["filled_share"].eq(0)] if len(parts) else _NONE
    if 2 * len(empty) >= len(parts) > 0:
        text = f"{len(empty)} of {len(parts)} parts of this dossier are empty: its table says what adding each gives."
        yield "gaps", text, "#dossier_completeness"
