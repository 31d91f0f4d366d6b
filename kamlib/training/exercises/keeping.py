"""Exercises on keeping accounts: chapters 5 to 7."""

from __future__ import annotations

import pandas as pd

from kamlib.training.exercise import Answer, Exercise, Mistake
from kamlib.training.known import Known

LEAVERS = ("leaver", "late_leaver", "price_leaver", "incident_leaver", "unseen_loss")


def _both(known: Known) -> pd.DataFrame:
    both = pd.concat({"then": known.revenue(1), "now": known.revenue()}, axis=1).fillna(0.0)
    return both[both["then"] > 0]


def _grr(known: Known) -> float:
    both = _both(known)
    return float(both.min(axis=1).clip(lower=0).sum() / both["then"].sum())


def _nrr(known: Known) -> float:
    return float(_both(known)["now"].sum() / _both(known)["then"].sum())


def _stopped(known: Known) -> int:
    return int(_both(known)["now"].le(0).sum())


def _gone(known: Known) -> set[str]:
    """Return the accounts that left and have not come back."""
    truth = known.company.truth
    left = truth[truth["story"].isin(LEAVERS)].groupby("account_id")["date"].max()
    last = known.lines.groupby("account_id")["order_date"].max()
    return {str(account) for account, day in left.items() if last.get(account, day) <= day}


def _three_gone(known: Known, given: Answer) -> bool:
    ids = {str(one).strip().upper() for one in given}
    return len(ids) >= 3 and ids <= _gone(known)


def _with(known: Known, story: str) -> list[str]:
    return [*sorted(_gone(known))[:2], known.planted(story)[0]]


def _years(known: Known) -> pd.DataFrame:
    """Return the revenue of each key account that ordered in the last 90 days, by calendar year."""
    last = known.lines.groupby("account_id")["order_date"].max()
    still = set(last.index[last.gt(known.as_of - pd.Timedelta(days=90))])
    mine = known.lines[known.lines["account_id"].isin(still & set(known.keys))]
    sums = mine.groupby(["account_id", mine["order_date"].dt.year])["revenue"].sum()
    years = sums.unstack().fillna(0.0)
    return years[years.iloc[:, 0].gt(0)]


def _shrinking(known: Known) -> str:
    years = _years(known)
    return str((years.iloc[:, -1] / years.iloc[:, 0]).idxmin())


def _missing_money(known: Known, since: int = 0) -> float:
    """Return by how much its last year is below another one."""
    years = [float(one) for one in _years(known).loc[_shrinking(known)].to_numpy()]
    return years[since] - years[-1]


def _largest_account(known: Known) -> str:
    return str(_years(known).iloc[:, -1].idxmax())


def _quarter_drop(known: Known) -> float:
    own = known.lines[known.lines["account_id"].eq(_shrinking(known))]
    quarter = own.groupby(own["order_date"].dt.to_period("Q"))["revenue"].sum()
    now = known.as_of.to_period("Q")
    return float(quarter.get(now - 1, 0.0) - quarter.get(now, 0.0))


EXERCISES = (
    Exercise(
        id="5a",
        kind="share",
        question="Take the accounts that bought something in the twelve months a year ago. What "
        "share of that revenue is still there, with no credit for growth? (Gross revenue "
        "retention, GRR.)",
        hints=(
            "Of each account count the smaller of two figures: what it spent then, what it spends "
            "now.",
            "`mine.retention_rates` has it for all accounts and for the key accounts.",
            '`mine.retention_rates.query("scope == \'all\'")["grr_share"].item()`',
        ),
        answer=_grr,
        solution=(
            "then = mine.year_ago.account_classes.set_index('account_id')['revenue']\n"
            "now = mine.account_classes.set_index('account_id')['revenue']\n"
            "then = then[then > 0]\n"
            "kept = now.reindex(then.index).fillna(0).clip(lower=0).clip(upper=then)\n"
            "float(kept.sum() / then.sum())"
        ),
        because="{answer}. What is missing to 100 % went away, whatever others grew. It is the "
        "figure that growth cannot flatter.",
        mistakes=(
            Mistake(
                "growth was counted (NRR)",
                _nrr,
                "This is net retention (NRR): it lets the growth of some hide the loss of others. "
                "Cap each account at what it spent then.",
            ),
            Mistake(
                "accounts were counted, not money",
                lambda known: 1 - _stopped(known) / len(_both(known)),
                "This is the share of *accounts* that still buy. Asked is the share of revenue.",
            ),
        ),
    ),
    Exercise(
        id="5b",
        kind="count",
        question="How many accounts that bought a year ago bought nothing in the last twelve "
        "months? (The step *stopped* of the revenue bridge.)",
        hints=(
            "Stopped is counted over two windows of twelve months, lost by the account's own gap.",
            "`mine.revenue_bridge` has one row per step; the column `accounts` counts them.",
            "`mine.revenue_bridge.query(\"scope == 'all' and step == 'stopped'\")`",
        ),
        answer=_stopped,
        solution=(
            "row = mine.revenue_bridge.query(\"scope == 'all' and step == 'stopped'\")\n"
            "int(row['accounts'].item())"
        ),
        because="{answer}. Stopped looks back a whole year and is certain; lost looks at the "
        "account's own rhythm and comes months earlier, at the price of errors.",
        mistakes=(
            Mistake(
                "lost was taken for stopped",
                lambda known: int(known.q.account_status["status"].eq("lost").sum()),
                "These are the accounts that count as *lost*, by their silence against their own "
                "gap. Some of them still ordered within the year, others left longer ago.",
            ),
            Mistake(
                "everybody without revenue was counted",
                lambda known: int(
                    len(known.company.tables["accounts"]) - (known.revenue() > 0).sum()
                ),
                "You counted everybody who bought nothing, also those who bought nothing a year "
                "ago. Who was not there cannot stop.",
            ),
        ),
    ),
    Exercise(
        id="6a",
        kind="word",
        question="Ferme & Jardin S.à r.l. is silent since late summer, longer than three times its "
        "usual gap. Is it lost? Answer yes or no.",
        hints=(
            "Look at its orders of the years before: `mine.order_lines` with its id.",
            "In which months did it order, and what happened after each winter?",
            "`mine.account_status` has a status for accounts outside their season.",
        ),
        answer=lambda known: "no",
        solution=(
            "status = mine.account_status.set_index('name')['status']\n"
            "'yes' if status['Ferme & Jardin S.à r.l.'] == 'lost' else 'no'"
        ),
        because="{answer}: it was planted with a season, and comes back each spring. An alarm "
        "that knows only gaps would call it lost every winter.",
        mistakes=(
            Mistake(
                "a season was taken for a loss",
                lambda known: "yes",
                "It did the same in every winter on file and came back each spring. A season is no "
                "loss.",
            ),
        ),
    ),
    Exercise(
        id="6b",
        kind="accounts",
        question="Name at least three accounts that have left for good, as far as anybody can "
        "know. One that is only resting or merely late spoils the answer.",
        hints=(
            "Among the lost accounts, those silent for longest are the surest.",
            "Compare `silence_days` with `usual_gap_days` in `mine.account_status`.",
            "`mine.account_status.query(\"status == 'lost'\").nlargest(3, 'silence_days')`",
        ),
        answer=lambda known: sorted(_gone(known)),
        fits=_three_gone,
        solution=(
            "lost = mine.account_status.query(\"status == 'lost'\")\n"
            "lost.nlargest(3, 'silence_days')['account_id'].tolist()"
        ),
        because="They have left. In truth these had: {answer}.",
        mistakes=(
            Mistake(
                "a seasonal account was among them",
                lambda known: _with(known, "seasonal"),
                "One of them orders from spring to late summer only: it rests, and will be back.",
            ),
            Mistake(
                "a pause was taken for a loss",
                lambda known: _with(known, "false_alarm"),
                "One of them was silent for some months, and is back: look at its last order.",
            ),
            Mistake(
                "an account that never bought was among them",
                lambda known: _with(known, "never"),
                "One of them never ordered. Who never came cannot leave.",
            ),
        ),
    ),
    Exercise(
        id="7a",
        kind="account",
        question="Of the key accounts that ordered in the last 90 days, one has lost the largest "
        "part of its revenue since the first year on file, and no alarm by silence ever rang. "
        "Which one (id)?",
        hints=(
            "Compare the last calendar year with the first one, in percent, account by account.",
            "`mine.account_months` has the revenue of every month; `.dt.year` gives the year.",
            "Take the key accounts, sum by account and year, divide the last year by the first.",
        ),
        answer=_shrinking,
        solution=(
            "keys = mine.key_accounts.query('is_key')['account_id']\n"
            "still = mine.account_status.query('silence_days < 90')['account_id']\n"
            "months = mine.account_months.query('account_id in @keys and account_id in @still')\n"
            "years = months.assign(year=months['month'].dt.year).pivot_table(\n"
            "    index='account_id', columns='year', values='revenue', aggfunc='sum')\n"
            "years = years.fillna(0)[years.iloc[:, 0] > 0]\n"
            "str((years.iloc[:, -1] / years.iloc[:, 0]).idxmin())"
        ),
        because="{answer}. It falls a little every year and never skips an order: no alarm by "
        "silence can see that. Its plan wants a conversation about where the rest is bought.",
        mistakes=(
            Mistake(
                "the largest account was taken",
                _largest_account,
                "This is the largest of them. Asked is who *fell* most, as a part of what it was.",
            ),
            Mistake(
                "the seasonal account was taken",
                lambda known: known.planted("seasonal")[0],
                "Its quiet months are a season. Over whole years nothing is lost.",
            ),
            Mistake(
                "an account that left was taken",
                lambda known: known.planted("late_leaver")[0],
                "That one is gone, and the loss alarm said so. Asked is one that still orders.",
            ),
        ),
    ),
    Exercise(
        id="7b",
        kind="money",
        question="How much less did that account buy in the last calendar year than in the first "
        "year on file?",
        hints=(
            "Whole years beside whole years: quarters differ by season and by chance.",
            "`mine.account_months` for the one account, summed by year.",
            "The first year less the last one: a positive figure.",
        ),
        answer=_missing_money,
        solution=(
            "account = answers['7a']\n"
            "months = mine.account_months.query('account_id == @account')\n"
            "years = months.groupby(months['month'].dt.year)['revenue'].sum()\n"
            "float(years.iloc[0] - years.iloc[-1])"
        ),
        because="{answer} a year. Say this figure in the meeting, not the percentage.",
        mistakes=(
            Mistake(
                "two quarters were compared",
                _quarter_drop,
                "This compares the last two quarters. Take whole years: quarters swing by season "
                "and chance.",
            ),
            Mistake(
                "only the last year was looked at",
                lambda known: _missing_money(known, -2),
                "This is the fall of the last year alone. Asked is the whole way from the first "
                "year.",
            ),
            Mistake(
                "the sign was turned round",
                lambda known: -_missing_money(known),
                "Right in size. Asked is how much *less* it bought: a positive figure.",
            ),
        ),
    ),
)
