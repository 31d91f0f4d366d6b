"""Exercises on who the key accounts are: chapters 1 to 4."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kamlib.training.exercise import Exercise, Mistake
from kamlib.training.known import Known


def _ever_key(known: Known) -> int:
    tiers = known.company.tables["tiers"]
    return int(tiers.loc[tiers["tier"].eq("key"), "account_id"].nunique())


def _share_of(revenue: pd.Series, accounts: list[str]) -> float:
    return float(revenue.reindex(accounts).fillna(0).sum() / revenue.sum())


def _of_all_time(known: Known) -> pd.Series:
    return known.lines.groupby("account_id")["revenue"].sum()


def _positive(known: Known) -> pd.Series:
    revenue = known.revenue()
    return revenue[revenue > 0]


def _hhi(known: Known) -> float:
    held = _positive(known) / _positive(known).sum()
    return float((held**2).sum())


def _group_head(known: Known) -> str:
    accounts = known.company.tables["accounts"].set_index("account_id")["parent_id"]
    return next(one for one in known.planted("group") if pd.isna(accounts[one]))


def _class_a(revenue: pd.Series) -> int:
    """Count the accounts before which less than 80 % of the revenue stands."""
    ordered = revenue[revenue > 0].sort_values(ascending=False)
    before = ordered.cumsum() - ordered
    return int((before / ordered.sum() < 0.80).sum())


def _class_a_short(known: Known) -> int:
    ordered = _positive(known)
    return int((ordered.cumsum() / ordered.sum() <= 0.80).sum())


def _months_share(known: Known, account: str) -> float:
    lines = known.window()
    own = lines[lines["account_id"].eq(account) & lines["revenue"].gt(0)]
    return own["order_date"].dt.to_period("M").nunique() / 12


def _letter(part: float) -> str:
    return "X" if part >= 0.75 else "Y" if part >= 1 / 3 else "Z"


def _scores(known: Known) -> pd.DataFrame:
    scores = known.q.criterion_scores
    mine = scores[scores["account_id"].eq(known.planted("whale")[0])]
    return mine[mine["score"].notna()]


def _weighted(known: Known) -> float:
    scores = _scores(known)
    return float(np.average(scores["score"], weights=scores["weight"]))


def _on_the_line(known: Known, *, is_firm: bool) -> int:
    places = known.q.score_stability
    is_held = places["above_line_share"].ge(0.9).eq(is_firm)
    return int((places["is_above_line"] & is_held).sum())


EXERCISES = (
    Exercise(
        id="1a",
        kind="count",
        question="How many key accounts does your company have on the last day of the period?",
        hints=(
            "Who is key is written in a table of its own, with a day from which it holds.",
            "`mine.key_accounts` has one row per account; its column `is_key` says yes or no.",
            '`mine.key_accounts["is_key"].sum()` counts the yes.',
        ),
        answer=lambda known: len(known.keys),
        solution='int(mine.key_accounts["is_key"].sum())',
        because="{answer}, by the tiers in force on the last day. Who is key is decided by people "
        "and written down with a date; size alone makes nobody one.",
        mistakes=(
            Mistake(
                "every account was counted",
                lambda known: len(known.company.tables["accounts"]),
                "These are all accounts: `key_accounts` lists everybody, and `is_key` says who.",
            ),
            Mistake(
                "class A was taken for key",
                lambda known: _class_a(known.revenue()),
                "These are the accounts of class A. Being large is not being key: that is decided "
                "by people, by a written rule.",
            ),
        ),
    ),
    Exercise(
        id="1b",
        kind="share",
        question="What share of the revenue of the last twelve months do your key accounts bring?",
        hints=(
            "Divide the revenue of the key accounts by the revenue of all accounts.",
            "`mine.concentration` has it, in the row of all accounts: the column is `key_share`.",
            '`mine.concentration.query("scope == \'accounts\'")["key_share"].item()`',
        ),
        answer=lambda known: _share_of(known.revenue(), known.keys),
        solution=(
            "keys = mine.key_accounts.query('is_key')['account_id']\n"
            "revenue = mine.account_classes.set_index('account_id')['revenue']\n"
            "float(revenue.reindex(keys).sum() / revenue.sum())"
        ),
        because="{answer}. Hold it beside the usual 30 to 55 %: far below, the programme looks "
        "after the wrong accounts; far above, the company hangs on very few.",
        mistakes=(
            Mistake(
                "the share of accounts was taken",
                lambda known: len(known.keys) / len(known.company.tables["accounts"]),
                "This is their share of the *number* of accounts. Asked is their share of revenue.",
            ),
            Mistake(
                "all years were summed",
                lambda known: _share_of(_of_all_time(known), known.keys),
                "This sums every year on file. Asked are the last twelve months: what counts is "
                "what the accounts bring now.",
            ),
        ),
    ),
    Exercise(
        id="2a",
        kind="number",
        question="Your accounts differ in size. How many accounts of equal size would leave the "
        "company as dependent as it is? (One over the sum of the squared shares of revenue.)",
        hints=(
            "The sum of the squared shares is called HHI; one over it is the effective number.",
            "`mine.concentration` has it for accounts and for groups: `effective_number`.",
            '`mine.concentration.query("scope == \'accounts\'")["effective_number"].item()`',
        ),
        answer=lambda known: 1 / _hhi(known),
        solution=(
            "revenue = mine.account_classes['revenue']\n"
            "held = revenue[revenue > 0] / revenue[revenue > 0].sum()\n"
            "float(1 / (held ** 2).sum())"
        ),
        because="{answer}. Losing one customer hurts as if you had only so many.",
        mistakes=(
            Mistake(
                "the HHI itself was given",
                _hhi,
                "This is the HHI, the sum of the squared shares. Asked is one over it.",
            ),
            Mistake(
                "the accounts were counted",
                lambda known: len(_positive(known)),
                "So many accounts bought something. They are not equal: the effective number is "
                "smaller, because the large ones weigh more.",
            ),
        ),
    ),
    Exercise(
        id="2b",
        kind="share",
        question="The companies of the Nordwind group buy one by one. What share of the revenue of "
        "the last twelve months does the whole group bring?",
        hints=(
            "`mine.accounts` says which account belongs to which group: `group_name`.",
            "Take the ids of the group, and add up their revenue in `mine.account_classes`.",
            '`mine.accounts.query("group_name == \'Nordwind Gruppe SE\'")["account_id"]`',
        ),
        answer=lambda known: _share_of(known.revenue(), known.planted("group")),
        solution=(
            "group = mine.accounts.query(\"group_name == 'Nordwind Gruppe SE'\")['account_id']\n"
            "revenue = mine.account_classes.set_index('account_id')['revenue']\n"
            "float(revenue.reindex(group).sum() / revenue.sum())"
        ),
        because="{answer}. No single company of the group would be looked at; together they are a "
        "customer of the first rank, and want one owner and one price list.",
        mistakes=(
            Mistake(
                "only the head was counted",
                lambda known: _share_of(known.revenue(), [_group_head(known)]),
                "This is the head of the group alone. Its subsidiaries buy too, under their own "
                "names.",
            ),
        ),
    ),
    Exercise(
        id="3a",
        kind="count",
        question="How many of your accounts are in class A: those before which, largest first, "
        "less than 80 % of the revenue of the last twelve months stands?",
        hints=(
            "Sort by revenue, largest first. What counts is what stands *before* an account.",
            "`mine.account_classes` has the class in `abc_revenue`.",
            '`mine.account_classes["abc_revenue"].eq("A").sum()`',
        ),
        answer=lambda known: _class_a(known.revenue()),
        solution="int(mine.account_classes['abc_revenue'].eq('A').sum())",
        because="{answer}. The account that crosses the 80 % is still in: the limit asks what the "
        "larger ones hold before it, so class A is never empty.",
        mistakes=(
            Mistake(
                "the account that crosses the limit was left out",
                _class_a_short,
                "You stopped before the account that crosses 80 %. The limit looks at what stands "
                "before an account, not at what is reached with it.",
            ),
            Mistake(
                "80 % of the accounts were taken",
                lambda known: round(0.8 * len(_positive(known))),
                "This is 80 % of the accounts. Asked are those that bring 80 % of the revenue: "
                "far fewer.",
            ),
            Mistake(
                "all years were summed",
                lambda known: _class_a(_of_all_time(known)),
                "This ranks by the revenue of every year on file. Classes look at twelve months.",
            ),
        ),
    ),
    Exercise(
        id="3b",
        kind="word",
        question="Ferme & Jardin S.à r.l. orders from spring to late summer only, and then every "
        "week or two. Which class has it by frequency: X, Y or Z?",
        hints=(
            "The class by frequency counts the months of twelve in which there was an order.",
            "X from nine months of twelve, Y from four.",
            "Look for the name in `mine.account_classes`; the class is in `xyz_frequency`.",
        ),
        answer=lambda known: _letter(_months_share(known, known.planted("seasonal")[0])),
        solution=(
            "rows = mine.account_classes.set_index('name')\n"
            "rows.loc['Ferme & Jardin S.à r.l.', 'xyz_frequency']"
        ),
        because="{answer}: it orders in about half of the months. It is as regular as a calendar, "
        "and frequency cannot see that: a class is a way to look, not the account itself.",
        mistakes=(
            Mistake(
                "the rhythm within the season was taken",
                lambda known: "X",
                "Within its season it orders often, but the class counts the months of the whole "
                "year, winter too.",
            ),
            Mistake(
                "a season was taken for occasional",
                lambda known: "Z",
                "It has orders in more than a third of the months; Z begins below that.",
            ),
        ),
    ),
    Exercise(
        id="4a",
        kind="number",
        question="What is the weighted score of Hanseatische Werften AG? Work it out from its "
        "scores and their weights in `mine.criterion_scores`.",
        hints=(
            "Multiply each score by its weight, add up, and divide by the sum of the weights.",
            "Leave out a criterion without a score, and its weight too.",
            "`mine.account_scores` has the result, to compare.",
        ),
        answer=_weighted,
        solution=(
            "rows = mine.account_scores.set_index('name')\n"
            "float(rows.loc['Hanseatische Werften AG', 'score'])"
        ),
        because="{answer}. The weights say what matters to the company; who changes them changes "
        "who is key.",
        mistakes=(
            Mistake(
                "the plain mean was taken",
                lambda known: float(_scores(known)["score"].mean()),
                "This is the plain mean. The criteria do not count alike: multiply by the weights.",
            ),
            Mistake(
                "the scores were added up",
                lambda known: float(_scores(known)["score"].sum()),
                "This adds up the scores. A score of an account lies between 1 and 10.",
            ),
        ),
    ),
    Exercise(
        id="4b",
        kind="count",
        question="How many of the accounts above the admission line keep their place in fewer than "
        "nine of ten plausible weightings?",
        hints=(
            "`mine.score_stability` says for each account in how many weightings it is above.",
            "Ask two things at once: above the line, and a share below 0.9.",
            "`mine.score_stability.query('is_above_line and above_line_share < 0.9')`",
        ),
        answer=lambda known: _on_the_line(known, is_firm=False),
        solution="len(mine.score_stability.query('is_above_line and above_line_share < 0.9'))",
        because="{answer}. Their place is decided by the weights and not by the account: decide "
        "with other evidence, and wait a period where you can.",
        mistakes=(
            Mistake(
                "accounts below the line were counted too",
                lambda known: int(known.q.score_stability["above_line_share"].lt(0.9).sum()),
                "You counted accounts below the line as well. Only a place that somebody holds can "
                "be lost.",
            ),
            Mistake(
                "the firm ones were counted",
                lambda known: _on_the_line(known, is_firm=True),
                "These are the firm ones, with nine of ten or more. Asked are the others.",
            ),
        ),
    ),
)
