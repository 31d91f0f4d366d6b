"""What an executive reads first: what is at risk, who is newly overdue, who owns it and what comes
next.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.story.statements import Sentence
from kamlib.words.amounts import date, money, number, share

_COLUMNS = {
    "topic": "str",
    "finding": "str",
    "account_id": "str",
    "manager_id": "str",
    "manager_name": "str",
    "next_step": "str",
}


def retention_findings(
    status: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    status_before: pd.DataFrame | None = None,
    keys: pd.DataFrame | None = None,
    figures: pd.DataFrame | None = None,
    outcomes: pd.DataFrame | None = None,
    quality: pd.DataFrame | None = None,
    lost: pd.DataFrame | None = None,
    causes: pd.DataFrame | None = None,
    checkins: pd.DataFrame | None = None,
    deliveries: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    offers: pd.DataFrame | None = None,
    at_most: int = 5,
    book: Any = None,
) -> pd.DataFrame:
    """One row per finding: what an executive reads, with owner and next step; the most pressing
    first.

    About a dozen; every table but the status may be missing.

    ``status_before`` is the status at the end of the period before, ``keys`` says who is key
    (account_id, is_key), ``figures``, ``outcomes``, ``quality``, ``lost``, ``causes``, ``checkins``
    and ``offers`` are the tables ``retention_figures``, ``alarm_outcomes``, ``alarm_quality``,
    ``lost_accounts``, ``leaving_causes``, ``overdue_checkins`` and ``win_back``. At most
    ``at_most`` accounts are named as newly overdue.

    Columns
    -------
    topic: at risk, newly overdue, lost, returned, retention, alarms, causes, check-ins, win-back or
        unknown
    finding: the sentence
    account_id: the account it speaks of, where it is one
    manager_id: who owns it
    manager_name: the owner's name
    next_step: what to do
    """
    is_key = _is_key(status, keys)
    rows = [
        *_at_risk(status, is_key, keys is not None, book),
        *_newly_overdue(
            status, status_before, is_key, deliveries, interactions, as_of, at_most, book
        ),
        *_lost_now(status, status_before, is_key, book),
        *_returned(status, status_before, book),
        *_rates(figures, book),
        *_alarms(outcomes, quality, book),
        *_unseen(lost, as_of, book),
        *_causes(causes, book),
        *_checkins(checkins, keys, book),
        *_win_back(offers, book),
    ]
    table = pd.DataFrame(rows, columns=list(_COLUMNS))
    table["finding"] = table["finding"].str.replace(r"\.\.$", ".", regex=True)
    return table.astype(_COLUMNS)


def _is_key(status: pd.DataFrame, keys: pd.DataFrame | None) -> pd.Series:
    if keys is None:
        return pd.Series(False, index=status.index)
    return status["account_id"].isin(keys.loc[keys["is_key"].astype(bool), "account_id"])


def _accounts(count: int, kind: str = "account") -> str:
    words = (
        "no",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    )
    return (
        f"{words[count] if count < len(words) else number(count)} {kind}{'' if count == 1 else 's'}"
    )


def _first(text: str) -> str:
    return text[:1].upper() + text[1:]


def _at_risk(
    status: pd.DataFrame, is_key: pd.Series, has_keys: bool, book: Any
) -> list[dict[str, Any]]:
    overdue = status["status"].eq("overdue")
    every, keyed = status[overdue], status[overdue & is_key]
    amount, of_key = every["revenue"].sum(), keyed["revenue"].sum()
    if every.empty:
        return [{"topic": "at risk", "finding": "No account is overdue."}]
    owners = keyed["manager_name"].fillna(keyed["manager_id"]).dropna().unique()
    whose = f", all of them {owners[0]}’s" if len(owners) == 1 and len(keyed) > 1 else ""
    if not has_keys:
        text = f"{money(amount, book)} a year is at risk in {_accounts(len(every), 'overdue account')}."
    elif keyed.empty:
        are = "is" if len(every) == 1 else "are"
        others = _accounts(len(every), "other account")
        text = f"No key account is overdue; {others} with {money(amount, book)} a year {are}."
    else:
        text = (
            f"{money(of_key, book)} a year is at risk in {_accounts(len(keyed), 'overdue key account')}{whose}; "
            f"over all accounts {money(amount, book)} in {number(len(every))}."
        )
    return [
        {
            "topic": "at risk",
            "finding": text,
            "next_step": "Call the overdue accounts, the largest first",
        }
    ]


def _newly_overdue(
    status: pd.DataFrame,
    before: pd.DataFrame | None,
    is_key: pd.Series,
    deliveries: pd.DataFrame | None,
    interactions: pd.DataFrame | None,
    as_of: pd.Timestamp,
    at_most: int,
    book: Any,
) -> list[dict[str, Any]]:
    now = status.assign(is_key=is_key)[status["status"].eq("overdue")]
    if before is not None:
        then = before.loc[
            before["status"].isin(["overdue", "lost"]), ["account_id", "last_order_date"]
        ]
        same = now.merge(then, on=["account_id", "last_order_date"])["account_id"]
        now = now[~now["account_id"].isin(same)]
    named = now.sort_values(
        ["is_key", "revenue", "account_id"], ascending=[False, False, True]
    ).head(at_most)
    rows = [_overdue(a, deliveries, interactions, as_of, book) for a in named.to_dict("records")]
    if len(now) > len(named):
        more = now[~now["account_id"].isin(named["account_id"])]
        further, amount = (
            _first(_accounts(len(more), "further account")),
            money(more["revenue"].sum(), book),
        )
        text = f"{further} became overdue, with {amount} a year{_by_owner(more)}."
        rows.append(
            {"topic": "newly overdue", "finding": text, "next_step": "Call, the most money first"}
        )
    return rows


def _by_owner(accounts: pd.DataFrame) -> str:
    """Say whose accounts these are: ``: Ines Costa 3, Paul Weiss 1``; nothing where no owner is
    known.
    """
    counts = (
        accounts["manager_name"]
        .fillna(accounts["manager_id"])
        .value_counts()
        .sort_index(kind="stable")
    )
    counts = counts.sort_values(ascending=False, kind="stable")
    return "".join(
        f"{', ' if i else ': '}{owner} {count}" for i, (owner, count) in enumerate(counts.items())
    )


def _overdue(
    account: dict[Any, Any],
    deliveries: pd.DataFrame | None,
    interactions: pd.DataFrame | None,
    as_of: pd.Timestamp,
    book: Any,
) -> dict[str, Any]:
    """Return the line of one newly overdue account: its silence, its money, what happened before,
    what to do.
    """
    usual = account["usual_gap_days"]
    rhythm = "" if pd.isna(usual) else f", usually {number(usual, decimals=0)}"
    borrowed = (
        ""
        if account["gap_basis"] == "own"
        else " (judged by like accounts: too few orders of its own)"
    )
    late, due = _late(deliveries, account["account_id"], as_of)
    verb = "was" if late == 1 else "were"
    why = f" {late} of its {due} orders due in the last three months {verb} late." if late else ""
    step = (
        "Call and ask what the late deliveries cost them"
        if late
        else "Call and ask when the next order comes"
    )
    if interactions is not None and len(interactions):
        last = _last_contact(interactions, account["account_id"])
        step += "; no contact on record" if last is None else f"; last contact {date(last)}"
        if last is not None and last < account["last_order_date"]:
            step += ", before its last order"
    text = (
        f"{account['name']} is newly overdue: {number(account['silence_days'])} days without an order{rhythm}"
        f"{borrowed}; {money(account['revenue'], book)} a year.{why}"
    )
    return {
        "topic": "newly overdue",
        "finding": text,
        **{c: account[c] for c in ("account_id", "manager_id", "manager_name")},
        "next_step": step,
    }


def _lost_now(
    status: pd.DataFrame, before: pd.DataFrame | None, is_key: pd.Series, book: Any
) -> list[dict[str, Any]]:
    if before is None:
        return []
    there = before.loc[before["status"].isin(["active", "overdue", "new"]), "account_id"]
    gone = status[status["status"].eq("lost") & status["account_id"].isin(there)]
    if gone.empty:
        return [{"topic": "lost", "finding": "No account was lost in the period."}]
    names = ", ".join(gone["name"].head(3)) + (" …" if len(gone) > 3 else "")
    of_key = int(is_key[gone.index].sum())
    kind = f", {_accounts(of_key, 'key account')} among them" if of_key else ""
    text = (
        f"{_first(_accounts(len(gone)))} {'was' if len(gone) == 1 else 'were'} lost in the period{kind}, with "
        f"{money(gone['last_year_revenue'].sum(), book)} in their last year: {names}."
    )
    return [
        {
            "topic": "lost",
            "finding": text,
            "next_step": "Record the reason; decide whether to win them back",
        }
    ]


def _returned(status: pd.DataFrame, before: pd.DataFrame | None, book: Any) -> list[dict[str, Any]]:
    if before is None:
        return []
    gone = before.loc[before["status"].eq("lost"), "account_id"]
    back = status[status["account_id"].isin(gone) & ~status["status"].isin(["lost", "never"])]
    if back.empty:
        return []
    names = ", ".join(back["name"].head(3)) + (" …" if len(back) > 3 else "")
    return [
        {
            "topic": "returned",
            "finding": f"{_first(_accounts(len(back)))} came back in the period: {names}.",
        }
    ]


def _rates(figures: pd.DataFrame | None, book: Any) -> list[dict[str, Any]]:
    if figures is None or figures.empty:
        return []
    value = figures.set_index(["figure", "scope"])["value"]
    scope = (
        "key"
        if ("NRR", "key") in value.index and value["NRR", "key"] == value["NRR", "key"]
        else "all"
    )
    nrr, grr = value.get(("NRR", scope)), value.get(("GRR", scope))
    if nrr is None or nrr != nrr:
        return [
            {
                "topic": "unknown",
                "finding": "Retention of revenue cannot be known yet: no revenue a year before.",
            }
        ]
    who = "Key accounts" if scope == "key" else "All accounts together"
    kept, grown = share(grr, book, decimals=0), share(nrr, book, decimals=0)
    text = f"{who} kept {kept} of last year’s revenue (GRR); with what grew, {grown} (NRR)."
    return [{"topic": "retention", "finding": text}]


def _alarms(
    outcomes: pd.DataFrame | None, quality: pd.DataFrame | None, book: Any
) -> list[dict[str, Any]]:
    rows = []
    if outcomes is not None and len(outcomes):
        last = outcomes[outcomes["warned_date"].eq(outcomes["warned_date"].max())]
        counts = last["outcome"].value_counts()
        text = (
            f"Of the {len(last)} warnings of {date(last['warned_date'].iloc[0])}, "
            f"{counts.get('ordered again', 0)} have ordered again, {counts.get('lost', 0)} are lost, "
            f"{counts.get('still overdue', 0)} still silent."
        )
        rows.append({"topic": "alarms", "finding": text})
    book_k = (
        pd.DataFrame()
        if quality is None
        else quality[quality["is_book"] & quality["rule"].eq("overdue")]
    )
    if len(book_k) and book_k["alarm_count"].iloc[0]:
        q = book_k.iloc[0]
        right = f"An overdue warning was right in {share(1 - q['false_alarm_rate'], book, decimals=0)} of past cases"
        missed = (
            f"; {share(q['missed_loss_rate'], book, decimals=0)} of leavers had no warning yet"
            if q["leaver_count"]
            else ""
        )
        rows.append({"topic": "alarms", "finding": f"{right}{missed}."})
    elif quality is not None:
        rows.append(
            {
                "topic": "unknown",
                "finding": "How good the warnings are cannot be known yet: it takes two years of orders.",
            }
        )
    return rows


def _unseen(lost: pd.DataFrame | None, as_of: pd.Timestamp, book: Any) -> list[dict[str, Any]]:
    if lost is None or not lost["recorded_date"].notna().any():
        return []
    recent = lost[
        lost["detection_date"].gt(as_of - pd.DateOffset(years=1)) & lost["return_date"].isna()
    ]
    unseen = recent[recent["seen"].eq("detected only")]
    if unseen.empty:
        return []
    subject = "One loss" if len(unseen) == 1 else _first(_accounts(len(unseen), "losse"))
    names = unseen.sort_values(["revenue_lost", "account_id"], ascending=[False, True])[
        "name"
    ].head(3)
    text = (
        f"{subject} of the last twelve months nobody recorded: {money(unseen['revenue_lost'].sum(), book)} a year, "
        f"{', '.join(names)}{' …' if len(unseen) > 3 else ''}."
    )
    return [{"topic": "lost", "finding": text, "next_step": "Ask the owners; record the reason"}]


def _causes(causes: pd.DataFrame | None, book: Any) -> list[dict[str, Any]]:
    if causes is None:
        return []
    clear = (
        causes[causes["hazard_ratio_low"].gt(1)]
        .sort_values("hazard_ratio_low", ascending=False)
        .head(2)
    )
    rows = []
    for c in clear.to_dict("records"):
        event = c["measure"] if c["measure"] != "incident" else f"incident ({c['cause']})"
        ratio, low, high = (
            number(c[column], book, decimals=2)
            for column in ("hazard_ratio", "hazard_ratio_low", "hazard_ratio_high")
        )
        likely = (
            f"After each {event} accounts were {ratio} times as likely to leave ({low} to {high})"
        )
        rows.append({"topic": "causes", "finding": f"{likely}: a correlation, not proof."})
    return rows


def _checkins(
    checkins: pd.DataFrame | None, keys: pd.DataFrame | None, book: Any
) -> list[dict[str, Any]]:
    if checkins is None or checkins.empty:
        return []
    own = (
        checkins
        if keys is None
        else checkins[checkins["account_id"].isin(keys.loc[keys["is_key"], "account_id"])]
    )
    if own.empty:
        return []
    worst = own.sort_values(["days_overdue", "account_id"], ascending=[False, True]).iloc[0]
    are = "is" if len(own) == 1 else "are"
    whom = "" if keys is None else " with key accounts"
    text = f"{_first(_accounts(len(own), 'check-in'))}{whom} {are} overdue"
    longest = (
        f"; longest: {worst['name']}, by {number(worst['days_overdue'])} days"
        if worst["days_overdue"] > 0
        else ""
    )
    return [
        {
            "topic": "check-ins",
            "finding": f"{text}{longest}.",
            "next_step": "Make the overdue contacts",
        }
    ]


def _win_back(offers: pd.DataFrame | None, book: Any) -> list[dict[str, Any]]:
    if offers is None or not offers["is_chosen"].any():
        return []
    chosen = offers[offers["is_chosen"]]
    text = (
        f"Offers to {_accounts(len(chosen), 'lost account')} for {money(chosen['cost'].sum(), book)} are worth "
        f"{money(chosen['value'].sum(), book)} after their cost, by expectation."
    )
    return [{"topic": "win-back", "finding": text, "next_step": "Make the offers on the list"}]


def _late(deliveries: pd.DataFrame | None, account_id: str, as_of: pd.Timestamp) -> tuple[int, int]:
    if deliveries is None or deliveries.empty:
        return 0, 0
    own = deliveries[
        deliveries["account_id"].eq(account_id)
        & deliveries["month"].gt(as_of - pd.DateOffset(months=3))
    ]
    return int(own["late_count"].sum()), int(own["due_count"].sum())


def _last_contact(interactions: pd.DataFrame, account_id: str) -> pd.Timestamp | None:
    dates = interactions.loc[interactions["account_id"].eq(account_id), "date"]
    return dates.max() if len(dates) else None


TOPIC_LINKS = {
    "at risk": "#account_status",
    "newly overdue": "#account_status",
    "lost": "#lost_accounts",
    "returned": "#account_status",
    "retention": "#revenue_bridge",
    "alarms": "#alarm_quality",
    "causes": "#leaving_causes",
    "check-ins": "#overdue_checkins",
    "win-back": "#win_back",
    "unknown": "#revenue_bridge",
}
"""The table that holds the evidence of each topic."""


def retention_sentences(findings: pd.DataFrame) -> list[Sentence]:
    """Return the findings as the sentences of the first screen: owner and next step added, each
    with its link.
    """
    rows = findings.astype(object).where(findings.notna(), "").to_dict("records")
    sentences = []
    for row in rows:
        step = f" {row['next_step']}." if row["next_step"] else ""
        owner = (
            f" {row['manager_name'] or row['manager_id']}:" if row["manager_id"] and step else ""
        )
        link = "" if row["account_id"] else TOPIC_LINKS[row["topic"]]
        sentences.append(
            Sentence(f"{row['finding']}{owner}{step}", link=link, account=row["account_id"])
        )
    return sentences
