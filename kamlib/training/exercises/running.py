"""Exercises on running the programme: chapters 10 and 11."""

from __future__ import annotations

import pandas as pd

from kamlib.training.exercise import Exercise, Mistake
from kamlib.training.known import Known

PAYER = "slow_payer"


def _by_manager(known: Known) -> pd.DataFrame:
    owner = known.company.tables["accounts"].set_index("account_id")["manager_id"]
    keys = pd.DataFrame({"account_id": known.keys})
    keys["manager_id"] = owner.reindex(keys["account_id"]).to_numpy()
    keys["revenue"] = known.revenue().reindex(keys["account_id"]).fillna(0).to_numpy()
    sums = keys.groupby("manager_id")["revenue"].agg(["sum", "count"])
    return sums.sort_values(["sum", "count"], ascending=False)


def _most_accounts(known: Known) -> str:
    owner = known.company.tables["accounts"]["manager_id"]
    return str(owner.value_counts().idxmax())


def _costs(known: Known, years: int) -> float:
    costs = known.company.tables["programme_costs"]
    since = known.as_of - pd.DateOffset(years=years)
    mine = costs["month"].gt(since) & costs["month"].le(known.as_of)
    return float(costs.loc[mine, "cost"].sum())


def _unpaid(known: Known) -> pd.DataFrame:
    bills = known.company.tables["invoices"]
    mine = bills["account_id"].eq(known.planted(PAYER)[0]) & bills["invoice_date"].le(known.as_of)
    is_open = bills["paid_date"].isna() | bills["paid_date"].gt(known.as_of)
    return bills[mine & is_open]


def _overdue(known: Known) -> float:
    bills = _unpaid(known)
    return float(bills.loc[bills["due_date"].lt(known.as_of), "amount"].sum())


def _late_share(known: Known, *accounts: str) -> float:
    """Return the share of orders delivered late in twelve months: of some accounts, or of all."""
    months = known.activity.deliveries
    year = months[months["month"].gt(known.as_of - pd.DateOffset(years=1))]
    mine = year[year["account_id"].isin(accounts)] if accounts else year
    return float(mine["late_count"].sum() / mine["due_count"].sum())


def _late_at_whale(known: Known) -> float:
    return _late_share(known, known.planted("whale")[0])


EXERCISES = (
    Exercise(
        id="10a",
        kind="word",
        question="Which manager (id, such as M1) carries the most revenue of key accounts in the "
        "last twelve months?",
        hints=(
            "Workload is judged by revenue and hours, not by the number of accounts.",
            "`mine.workload` has one row per manager of key accounts.",
            "`mine.workload.nlargest(1, 'revenue')`",
        ),
        answer=lambda known: str(_by_manager(known).index[0]),
        solution="mine.workload.nlargest(1, 'revenue')['manager_id'].item()",
        because="{answer}. If this person leaves, that revenue has lost its face: name a deputy "
        "for each account now.",
        mistakes=(
            Mistake(
                "the most accounts of any kind were counted",
                _most_accounts,
                "This manager owns the most accounts. Asked is the revenue of *key* accounts.",
            ),
            Mistake(
                "the most key accounts were counted",
                lambda known: str(_by_manager(known)["count"].idxmax()),
                "This manager has the most key accounts by number. By revenue it is another one.",
            ),
        ),
    ),
    Exercise(
        id="10b",
        kind="money",
        question="How much margin must each key account bring more, on average and a year, for the "
        "programme to pay for itself? (Its cost of the last twelve months, over the key accounts "
        "of today.)",
        hints=(
            "`mine.programme_costs` has the cost of each month.",
            "Twelve months of cost, divided by the number of key accounts.",
            "`costs[costs['month'] > mine.as_of - pd.DateOffset(years=1)]['cost'].sum()`",
        ),
        answer=lambda known: _costs(known, 1) / len(known.keys),
        solution=(
            "import pandas as pd\n"
            "costs = mine.programme_costs\n"
            "year = costs[costs['month'] > mine.as_of - pd.DateOffset(years=1)]\n"
            "float(year['cost'].sum() / mine.key_accounts['is_key'].sum())"
        ),
        because="{answer} *more* margin than it would have brought anyway: compare with similar "
        "accounts outside the programme, or growth pays for what it did not do.",
        mistakes=(
            Mistake(
                "the whole programme was divided",
                lambda known: _costs(known, 50) / len(known.keys),
                "This divides the cost of all years. Asked is one year.",
            ),
            Mistake(
                "the cost was not divided",
                lambda known: _costs(known, 1),
                "This is the cost of the whole programme in a year. Divide by the key accounts.",
            ),
        ),
    ),
    Exercise(
        id="11a",
        kind="money",
        question="You are to meet شركة الخليج للمعدات الصناعية, which pays ever later. How much is "
        "overdue on the last day of the period?",
        hints=(
            "Overdue is what is not paid and past its due day; what falls due later is only open.",
            "`mine.money_owed` has both for each account: `open_amount` and `overdue_amount`.",
            "Find the id by its name in `mine.accounts`.",
        ),
        answer=_overdue,
        solution=(
            "account = mine.accounts.query(\"name == 'شركة الخليج للمعدات الصناعية'\")\n"
            "owed = mine.money_owed.set_index('account_id')['overdue_amount']\n"
            "float(owed[account['account_id'].item()])"
        ),
        because="{answer}. Speak of it before prices, and offer terms that they can keep: who pays "
        "late pays by borrowing from you.",
        mistakes=(
            Mistake(
                "what is not due yet was counted",
                lambda known: float(_unpaid(known)["amount"].sum()),
                "This is all that is open. A part of it is not due yet: asking for it would be "
                "embarrassing.",
            ),
            Mistake(
                "the bills were counted",
                lambda known: len(_unpaid(known)),
                "This is a number of bills. Asked is the amount.",
            ),
        ),
    ),
    Exercise(
        id="11b",
        kind="share",
        question="What share of the orders promised to Hanseatische Werften AG for the last twelve "
        "months did we deliver late?",
        hints=(
            "You will be asked: know the figure before they tell you theirs.",
            "`mine.deliveries` has the orders due and the late ones, by account and month.",
            "Late over due, both summed over the twelve months.",
        ),
        answer=_late_at_whale,
        solution=(
            "import pandas as pd\n"
            "account = mine.accounts.query(\"name == 'Hanseatische Werften AG'\")\n"
            "due = mine.deliveries\n"
            "due = due[due['account_id'].eq(account['account_id'].item())]\n"
            "due = due[due['month'] > mine.as_of - pd.DateOffset(years=1)]\n"
            "float(due['late_count'].sum() / due['due_count'].sum())"
        ),
        because="{answer}. Late deliveries are the one mistake of ours that is proven to cost "
        "accounts here: bring what will be different, in writing.",
        mistakes=(
            Mistake(
                "on time was taken for late",
                lambda known: 1 - _late_at_whale(known),
                "This is the share that was on time. Asked is the share that was late.",
            ),
            Mistake(
                "all accounts were taken",
                _late_share,
                "This is the share over all accounts. They will speak of their own orders.",
            ),
        ),
    ),
)
