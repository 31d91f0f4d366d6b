"""Is the company ready for key account management: five questions, answered from data where data
can (M31).
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from kamlib.period.calendar import trailing_months
from kamlib.programme.shape import COUNT, TEXT, canonical, key_ids, shaped

QUESTIONS = {
    "sales_cycle": "Is the sales cycle long, and does the representative's influence decide?",
    "potential": "Is there up-selling and cross-selling potential in the key accounts?",
    "expand": "Do accounts that start small grow (land and expand)?",
    "competition": "Do competitors court the key accounts?",
    "capability": "Do we have the people, and a runway of 12, 24 or 36 months?",
}
"""Key of the question in ``[programme.readiness]`` → the question as it is asked."""

_READINESS = {
    "question_number": COUNT,
    "question": TEXT,
    "answer": TEXT,
    "evidence": TEXT,
    "source": TEXT,
    "asks": TEXT,
}
_Answer = tuple[str, str, str]


def readiness(
    key_accounts: pd.DataFrame,
    account_months: pd.DataFrame,
    category_months: pd.DataFrame,
    opportunities: pd.DataFrame,
    competitors: pd.DataFrame,
    needs: pd.DataFrame,
    manager_dependence: pd.DataFrame,
    workload: pd.DataFrame,
    competence: pd.DataFrame,
    *,
    as_of: pd.Timestamp,
    answers: Mapping[str, str] | None = None,
    long_cycle_days: float = 60.0,
    least_potential_share: float = 0.10,
) -> pd.DataFrame:
    """One row per question: the answer, what it rests on, and what is asked where data cannot say.

    An answer of the book (``[programme.readiness]``) is shown as given, with the evidence of the
        data beside it.
    From data: *sales cycle* — yes when won deals took at least ``long_cycle_days`` in the median or
        half of the
    key accounts' profit knows one manager alone; *potential* — yes when the attainable spend not
        yet ours is at
    least ``least_potential_share`` of the key accounts' revenue; *expand* — yes when more than half
        of the key
    accounts with two years of history buy more than in their first year; *competition* — yes when
        rivals are
    named at half of them; *capability* — no when a manager lacks the hours, else asked: data cannot
        know the
    runway.

    Columns
    -------
    question_number: 1 to 5
    question: the question
    answer: yes, no, the book's own words, or "to be answered"
    evidence: the figures behind it
    source: "data", "book" or "asked"
    asks: what to add or to answer, where something is missing
    """
    keys = key_ids(key_accounts)
    told = {
        "sales_cycle": _sales_cycle(opportunities, manager_dependence, as_of, long_cycle_days),
        "potential": _potential(
            keys, account_months, category_months, needs, as_of, least_potential_share
        ),
        "expand": _expand(keys, account_months, as_of),
        "competition": _competition(keys, competitors, opportunities, as_of),
        "capability": _capability(workload, competence),
    }
    rows = []
    for number, (name, question) in enumerate(QUESTIONS.items(), start=1):
        answer, evidence, asks = told[name]
        source = "data" if answer else "asked"
        own = str((answers or {}).get(name, "")).strip()
        if own:
            answer, source, asks = own, "book", ""
        rows.append(
            {
                "question_number": number,
                "question": question,
                "answer": answer or "to be answered",
                "evidence": evidence,
                "source": source,
                "asks": asks,
            }
        )
    return shaped(rows, _READINESS)


def _sales_cycle(
    deals: pd.DataFrame, dependence: pd.DataFrame, as_of: pd.Timestamp, long_days: float
) -> _Answer:
    won = canonical(deals, "opportunities")
    won = won[won["outcome"].eq("won") & won["closed_date"].le(as_of)]
    days = (won["closed_date"] - won["opened_date"]).dt.days
    exposed = dependence["exposed_share"].sum() if len(dependence) else float("nan")
    evidence = []
    if len(days) >= 5:
        evidence.append(f"{len(days)} won deals took {days.median():.0f} days in the median")
    if len(dependence):
        evidence.append(f"{exposed * 100:.0f} % of key accounts' profit knows one manager alone")
    if len(days) < 5:
        return (
            "yes" if exposed >= 0.5 else "",
            "; ".join(evidence),
            "opportunities with at least five won deals",
        )
    return "yes" if days.median() >= long_days or exposed >= 0.5 else "no", "; ".join(evidence), ""


def _potential(
    keys: list[str],
    months: pd.DataFrame,
    categories: pd.DataFrame,
    needs: pd.DataFrame,
    as_of: pd.Timestamp,
    least: float,
) -> _Answer:
    window = trailing_months(as_of, 12)
    own = months[months["account_id"].isin(keys) & months["month"].isin(window)]["revenue"].sum()
    wanted = canonical(needs, "needs")
    wanted = wanted[wanted["account_id"].isin(keys)]
    if wanted.empty or not own > 0:
        return "", "", "needs: annual spend and attainable share per category"
    bought = (
        categories[categories["month"].isin(window)]
        .groupby(["account_id", "category"])["revenue"]
        .sum()
    )
    sold = (
        bought.reindex(pd.MultiIndex.from_frame(wanted[["account_id", "category"]]))
        .fillna(0.0)
        .to_numpy()
    )
    known = wanted["attainable_share"].notna().to_numpy()
    room = (wanted["annual_spend"] * wanted["attainable_share"] - sold).clip(lower=0)[known].sum()
    evidence = f"attainable and not yet ours: {room / own * 100:.0f} % of the key accounts' revenue"
    return (
        "yes" if room >= least * own else "no",
        evidence,
        "" if known.all() else "attainable shares of all needs",
    )


def _expand(keys: list[str], months: pd.DataFrame, as_of: pd.Timestamp) -> _Answer:
    own = months[months["account_id"].isin(keys) & months["month"].le(as_of)]
    window = trailing_months(as_of, 24)
    first = own[own["revenue"].gt(0)].groupby("account_id")["month"].min()
    history = months["month"].min() if len(months) else pd.NaT
    landed = first[first.le(window[0]) & first.gt(history + pd.DateOffset(months=3))]
    if len(landed) < 3:
        accounts = {0: "no key account", 1: "1 key account"}.get(
            len(landed), f"{len(landed)} key accounts"
        )
        return "", f"{accounts} began inside the data and two years ago", "a longer history"
    own = own[own["account_id"].isin(landed.index)]
    age = own["month"] < own["account_id"].map(landed) + pd.DateOffset(months=12) - pd.Timedelta(
        days=5
    )
    begin = own[age].groupby("account_id")["revenue"].sum()
    now = (
        own[own["month"].isin(window[12:])]
        .groupby("account_id")["revenue"]
        .sum()
        .reindex(begin.index)
        .fillna(0.0)
    )
    grown, times = int((now > begin).sum()), (now / begin).median()
    evidence = f"{grown} of {len(begin)} key accounts buy more than in their first year, {times:.1f} times in the median"
    return "yes" if grown > len(begin) / 2 else "no", evidence, ""


def _competition(
    keys: list[str], rivals: pd.DataFrame, deals: pd.DataFrame, as_of: pd.Timestamp
) -> _Answer:
    named = canonical(rivals, "competitors")
    named = named[named["account_id"].isin(keys)]
    lost = canonical(deals, "opportunities")
    lost = lost[
        lost["account_id"].isin(keys) & lost["outcome"].eq("lost") & lost["closed_date"].le(as_of)
    ]
    if (named.empty and lost.empty) or not keys:
        return "", "", "competitors: who courts which account"
    courted = len({*named["account_id"], *lost.loc[lost["competitor"].notna(), "account_id"]})
    evidence = (
        f"rivals are named at {courted} of {len(keys)} key accounts; {len(lost)} deals lost there"
    )
    return "yes" if 2 * courted >= len(keys) else "no", evidence, ""


def _capability(workload: pd.DataFrame, competence: pd.DataFrame) -> _Answer:
    evidence = []
    people = workload[workload["manager_id"].ne("")] if len(workload) else workload
    over = int(people["is_over_hours"].sum()) if len(people) else 0
    if len(people):
        evidence.append(f"{over} of {len(people)} managers have more key account work than hours")
    if len(competence):
        lacking = competence.loc[competence["is_training_need"], "manager_id"].nunique()
        evidence.append(
            f"{lacking} of {competence['manager_id'].nunique()} rated managers are below a level required"
        )
    asks = "the runway in months (12, 24 or 36), as capability under [programme.readiness] in book.toml"
    return "no" if over else "", "; ".join(evidence), asks
