"""Exercises on knowing accounts: chapters 8 and 9."""

from __future__ import annotations

import tomllib

import pandas as pd

from kamlib.training.exercise import Exercise, Mistake
from kamlib.training.known import Known

STEADY, WHALE = "Steinbach Präzision GmbH", "Hanseatische Werften AG"


def _persons(known: Known) -> pd.DataFrame:
    contacts = known.company.tables["contacts"]
    return contacts[contacts["account_id"].isin(known.keys)]


def _strong(known: Known) -> pd.Series:
    return _persons(known)["influence"].ge(4)


def _against(known: Known) -> pd.Series:
    return _persons(known)["attitude"].lt(0)


def _agreement(known: Known) -> pd.Series:
    agreements = known.company.tables["agreements"]
    mine = agreements[agreements["account_id"].eq(known.planted("steady")[0])]
    mine = mine[mine["kind"].eq("frame agreement") & mine["start_date"].le(known.as_of)]
    return mine.sort_values("end_date").iloc[-1]


def _notice(known: Known) -> pd.Timestamp:
    row = _agreement(known)
    return row["end_date"] - pd.Timedelta(days=float(row["notice_days"]))


def _objectives(known: Known) -> pd.DataFrame:
    """Return the objectives of a plan; how far one is that the data measure is theirs to say."""
    (account, *_) = known.planted("whale")
    rows = pd.DataFrame(tomllib.loads(known.company.plans[account])["objectives"])
    measured = known.q.account(account).plan_objectives.set_index("objective_id")["done_share"]
    stated = rows["done"] if "done" in rows else pd.Series(float("nan"), index=rows.index)
    return rows.assign(done=stated.fillna(rows["id"].map(measured)))


def _open_value(known: Known) -> float:
    rows = _objectives(known)
    return float((rows["expected_value"] * (1 - rows["done"])).sum())


EXERCISES = (
    Exercise(
        id="8a",
        kind="count",
        question="At all your key accounts together: how many people have much influence (4 or 5) "
        "and are against us (an attitude below zero)?",
        hints=(
            "`mine.contacts` has one row per person, of all accounts: take the key accounts.",
            "Two things have to hold at once: influence from 4 and attitude below 0.",
            "`rows.query('influence >= 4 and attitude < 0')`",
        ),
        answer=lambda known: int((_strong(known) & _against(known)).sum()),
        solution=(
            "keys = mine.key_accounts.query('is_key')['account_id']\n"
            "people = mine.contacts[mine.contacts['account_id'].isin(keys)]\n"
            "len(people.query('influence >= 4 and attitude < 0'))"
        ),
        because="{answer}. Each can stop a decision that others favour: know what they fear before "
        "the next meeting, and who of us they would listen to.",
        mistakes=(
            Mistake(
                "everybody against us was counted",
                lambda known: int(_against(known).sum()),
                "These are all who are against us. Asked are those who can decide as well: an "
                "influence of 4 or 5.",
            ),
            Mistake(
                "either of the two was counted",
                lambda known: int((_strong(known) | _against(known)).sum()),
                "You counted who is strong *or* against us. Both have to hold.",
            ),
        ),
    ),
    Exercise(
        id="8b",
        kind="day",
        question=f"The frame agreement of {STEADY} runs out. What is the last day on which it can "
        "be spoken of, before the period of notice begins?",
        hints=(
            "The end of the agreement is not the day to act: there is a period of notice.",
            "`mine.agreements` has `end_date` and `notice_days`; take the one that ends last.",
            "The end less the days of notice. `mine.agreement_renewals` has it as `notice_date`.",
        ),
        answer=_notice,
        solution=(
            f"account = mine.accounts.query(\"name == '{STEADY}'\")['account_id'].item()\n"
            "rows = mine.agreement_renewals.query('account_id == @account')\n"
            "rows = rows[rows['kind'].eq('frame agreement')]\n"
            "str(rows.sort_values('end_date')['notice_date'].iloc[-1].date())"
        ),
        because="{answer}. In the diary stands that day, with two months before it: who asks on "
        "the last day asks for a favour.",
        mistakes=(
            Mistake(
                "the end was taken",
                lambda known: _agreement(known)["end_date"],
                "This is the day on which it ends. By then the notice has long been given: take "
                "the days of notice off.",
            ),
            Mistake(
                "the start was taken",
                lambda known: _agreement(known)["start_date"],
                "This is the day on which it began.",
            ),
        ),
    ),
    Exercise(
        id="9a",
        kind="money",
        question=f"What is still to be won by the plan of {WHALE}: the expected values of its "
        "objectives, each times the part that is not done yet?",
        hints=(
            "`mine.account` with its id has the table `plan_objectives`.",
            "Value times one less the share done, for each objective, then the sum.",
            "`(rows['expected_value'] * (1 - rows['done_share'])).sum()`",
        ),
        answer=_open_value,
        solution=(
            f"account = mine.accounts.query(\"name == '{WHALE}'\")['account_id'].item()\n"
            "rows = mine.account(account).plan_objectives\n"
            "float((rows['expected_value'] * (1 - rows['done_share'])).sum())"
        ),
        because="{answer}. A plan is worth what is left of it; what is done belongs into the "
        "relationship history.",
        mistakes=(
            Mistake(
                "all was counted, also what is done",
                lambda known: float(_objectives(known)["expected_value"].sum()),
                "These are the whole values. A part of each is done already.",
            ),
            Mistake(
                "what is done was counted",
                lambda known: float(
                    (_objectives(known)["expected_value"] * _objectives(known)["done"]).sum()
                ),
                "This is what has been reached. Asked is what is left.",
            ),
        ),
    ),
    Exercise(
        id="9b",
        kind="word",
        question="In a SWOT of the *customer's* business, where does this belong: 'a rival of ours "
        "offers them consignment stock'? Answer strength, weakness, opportunity or threat.",
        hints=(
            "Whose business is looked at: ours or theirs?",
            "Inside or outside of the customer? Good or bad for the customer?",
            "It comes from outside, and the customer gains by it.",
        ),
        answer=lambda known: "opportunity",
        solution='"opportunity"',
        because="{answer}: it comes from outside and helps *them*. A plan that looks at the "
        "customer's business sees why they might take it.",
        mistakes=(
            Mistake(
                "it was seen from our side",
                lambda known: "threat",
                "It is a threat to *us*. The plan looks at the customer's business: for them it is "
                "a chance.",
            ),
            Mistake(
                "outside was taken for inside",
                lambda known: "strength",
                "Strengths are inside the customer. An offer of others comes from outside.",
            ),
        ),
    ),
)
