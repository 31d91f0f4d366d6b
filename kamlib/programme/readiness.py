"""Is the company ready for key account management: five questions, answered from data where data
can.
"""

from __future__ import annotations

import pandas as pd

from kamlib.book import ProgrammeSettings
from kamlib.period.months import trailing_months
from kamlib.programme.accounts import key_ids
from kamlib.tables import shaped

LEAST_DEALS, LEAST_LANDED = 5, 3
"""Won deals from which their length is told, and key accounts from which their growth is."""


def readiness_figures(
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
) -> pd.DataFrame:
    """One row per question × figure: what data say to the five questions of readiness.

    *sales cycle*: won deals, the days they took in the median (n/a under five deals), and the share
    of the key accounts' profit that knows one manager alone; *potential*: attainable spend that is
    not yet ours as a share of the key accounts' revenue, and needs whose attainable share is not
    known; *expand*: key accounts that began inside the data and two years ago, those of them that
    buy more than in their first year, and how many times as much in the median; *competition*: key
    accounts, those where a rival is named or met, deals lost, those without a rival's name;
    *capability*: managers, those with
    more work than hours, managers rated, those below a level required. A figure that cannot be
    known is n/a.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.readiness_figures["figure"].tolist()[:3]
    ['won_deals', 'median_days', 'sole_profit_share']
    """
    is_decided = opportunities["closed_date"].le(as_of)
    won = opportunities[is_decided & opportunities["outcome"].eq("won")]
    lost = opportunities[is_decided & opportunities["outcome"].eq("lost")]
    keys = key_ids(key_accounts)
    people = workload[workload["manager_id"].ne("")]
    below = competence.loc[competence["is_training_need"], "manager_id"]
    figures = {
        "sales_cycle": _sales_cycle(won) | {"sole_profit_share": _sole_share(manager_dependence)},
        "potential": _potential(keys, account_months, category_months, needs, as_of),
        "expand": _expand(keys, account_months, as_of),
        "competition": _competition(keys, competitors, lost),
        "capability": {
            "managers": len(people),
            "managers_over_hours": people["is_over_hours"].sum(),
            "managers_rated": competence["manager_id"].nunique(),
            "managers_below_level": below.nunique(),
        },
    }
    rows = [
        {"question_code": code, "figure": figure, "value": value}
        for code, told in figures.items()
        for figure, value in told.items()
    ]
    return shaped("readiness_figures", rows)


def _sales_cycle(won: pd.DataFrame) -> dict[str, float | None]:
    days = (won["closed_date"] - won["opened_date"]).dt.days
    enough = len(days) >= LEAST_DEALS
    return {"won_deals": len(days), "median_days": days.median() if enough else None}


def _sole_share(manager_dependence: pd.DataFrame) -> float | None:
    return manager_dependence["exposed_share"].sum() if len(manager_dependence) else None


def _potential(
    keys: pd.Index,
    account_months: pd.DataFrame,
    category_months: pd.DataFrame,
    needs: pd.DataFrame,
    as_of: pd.Timestamp,
) -> dict[str, float | None]:
    window = trailing_months(as_of, 12)
    is_own = account_months["account_id"].isin(keys) & account_months["month"].isin(window)
    revenue = account_months.loc[is_own, "revenue"].sum()
    wanted = needs[needs["account_id"].isin(keys)]
    if wanted.empty or not revenue > 0:
        return {"open_share": None, "unknown_needs": None}
    pair = ["account_id", "category"]
    bought = category_months[category_months["month"].isin(window)].groupby(pair)["revenue"].sum()
    sold = bought.reindex(pd.MultiIndex.from_frame(wanted[pair])).fillna(0.0).to_numpy()
    room = (wanted["annual_spend"] * wanted["attainable_share"] - sold).clip(lower=0)
    room = room.where(wanted["annual_spend"].ge(sold), 0.0)  # a spend below our sales is wrong
    return {
        "open_share": room.sum() / revenue,
        "unknown_needs": wanted["attainable_share"].isna().sum(),
    }


def _expand(
    keys: pd.Index, account_months: pd.DataFrame, as_of: pd.Timestamp
) -> dict[str, float | None]:
    own = account_months[
        account_months["account_id"].isin(keys) & account_months["month"].le(as_of)
    ]
    window = trailing_months(as_of, 24)
    first = own[own["revenue"].gt(0)].groupby("account_id")["month"].min()
    # with an order in the data's first three months it may have begun before the data do
    begun_inside = first.gt(account_months["month"].min() + pd.DateOffset(months=3))
    landed = first[first.le(window[0]) & begun_inside]
    own = own[own["account_id"].isin(landed.index)]
    began = landed.reindex(own["account_id"]).set_axis(own.index)
    # a year from the first month, less five days: month ends are not all on the same day
    year_end = began + pd.DateOffset(months=12) - pd.Timedelta(days=5)
    begin = own[own["month"] < year_end].groupby("account_id")["revenue"].sum()
    now = own[own["month"].isin(window[12:])].groupby("account_id")["revenue"].sum()
    now = now.reindex(begin.index).fillna(0.0)
    return {
        "landed": len(landed),
        "grown": (now > begin).sum(),
        "growth_times": (now / begin).median(),
    }


def _competition(
    keys: pd.Index, competitors: pd.DataFrame, lost: pd.DataFrame
) -> dict[str, float | None]:
    named = competitors[competitors["account_id"].isin(keys)]
    lost = lost[lost["account_id"].isin(keys)]
    courted = {*named["account_id"], *lost.loc[lost["competitor"].notna(), "account_id"]}
    is_known = len(named) + len(lost) > 0
    return {
        "key_accounts": len(keys),
        "courted": len(courted) if is_known else None,
        "lost_deals": len(lost),
        "unnamed_deals": lost["competitor"].isna().sum(),
    }


def readiness(
    readiness_figures: pd.DataFrame,
    *,
    programme: ProgrammeSettings = ProgrammeSettings(),
    long_cycle_days: float = 60.0,
    least_potential_share: float = 0.10,
) -> pd.DataFrame:
    """One row per question: the answer, and whether data, the book or nobody gives it.

    An answer of the book (``[programme.readiness]``) is shown as given. From data: *sales cycle* —
    yes when won deals took at least ``long_cycle_days`` in the median or half of the key accounts'
    profit knows one manager alone; *potential* — yes when the attainable spend not yet ours is at
    least ``least_potential_share`` of the key accounts' revenue; *expand* — yes when more than half
    of at least three key accounts with two years of history buy more than in their first year;
    *competition* — yes when rivals are named or met at half of them, no only where every deal lost
    there names its rival; *capability* — no when a
    manager lacks the hours, else asked: data cannot know the runway.

    Parameters
    ----------
    long_cycle_days
        Median days of won deals from which buying takes long.
    least_potential_share
        Open share of the wallet that counts as potential.

    Examples
    --------
    >>> import kamlib as kam
    >>> q = kam.open_period("data/sample", "2025-Q3")
    >>> q.readiness[["question_code", "source"]].head(2).values.tolist()
    [['sales_cycle', 'data'], ['potential', 'data']]
    """
    value = readiness_figures.set_index("figure")["value"]
    is_personal = value["sole_profit_share"] >= 0.5
    is_courted = 2 * value["courted"] >= value["key_accounts"] > 0
    told = {  # question → whether it can be told, and whether it is so
        "sales_cycle": (
            value["won_deals"] >= LEAST_DEALS or is_personal,
            value["median_days"] >= long_cycle_days or is_personal,
        ),
        "potential": (pd.notna(value["open_share"]), value["open_share"] >= least_potential_share),
        "expand": (value["landed"] >= LEAST_LANDED, value["grown"] > value["landed"] / 2),
        # Deals lost to rivals that nobody named are no sign that there are none.
        "competition": (
            is_courted or (pd.notna(value["courted"]) and not value["unnamed_deals"] > 0),
            is_courted,
        ),
        "capability": (value["managers_over_hours"] > 0, False),
    }
    rows = []
    for number, (code, (is_told, is_so)) in enumerate(told.items(), start=1):
        own = programme.readiness.get(code, "").strip()  # type: ignore[call-overload]
        answer = ("yes" if is_so else "no") if is_told else "to be answered"
        rows.append(
            {
                "question_number": number,
                "question_code": code,
                "answer": own or answer,
                "source": "book" if own else "data" if is_told else "asked",
            }
        )
    return shaped("readiness", rows)
