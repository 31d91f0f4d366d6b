"""What changed in the period, what to do about it, who owns it and by when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from kamlib.overview.figures import base_months
from kamlib.page import Sentence, date, money, number, share
from kamlib.tables import each

_COLUMNS = [
    "kind",
    "account_id",
    "name",
    "changed",
    "to_do",
    "owner",
    "due_date",
    "at_stake",
    "link",
]
_URGENCY = {
    "overdue": 3.0,
    "lost": 2.5,
    "renewal": 1.5,
    "promote": 1.2,
    "review": 1.2,
    "down": 1.0,
    "group": 0.8,
    "up": 0.5,
}


def period_changes(
    status: pd.DataFrame,
    status_before: pd.DataFrame | None = None,
    keys: pd.DataFrame | None = None,
    moves: pd.DataFrame | None = None,
    rollup: pd.DataFrame | None = None,
    tier_decisions: pd.DataFrame | None = None,
    renewals: pd.DataFrame | None = None,
    alarm_quality: pd.DataFrame | None = None,
    deliveries: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
    book: Any = None,
) -> pd.DataFrame:
    """One row per change of the period: what it is, what to do, owner and day; the most pressing
    first.

    Pressing is the money at stake (revenue of the account's last 12 months) times the urgency of
    its kind, tripled for key accounts. Each account appears once, with its most pressing change.
    The first alarm says how often such alarms have been right.

    Columns
    -------
    kind: overdue, lost, renewal, promote, review, down, up or group
    account_id: the account
    name: its name
    changed: what changed, in a sentence
    to_do: what to do
    owner: who owns the account
    due_date: by when: a week for overdue accounts, two for lost ones, 30 days for decisions, the
        notice
        day for renewals
    at_stake: revenue of the account's last 12 months (book currency)
    link: where the evidence is
    """
    owners = status.set_index("account_id")["manager_name"]
    names = status.set_index("account_id")["name"]
    stake = status.set_index("account_id")["last_year_revenue"]
    is_key = set(keys.loc[keys["is_key"], "account_id"]) if keys is not None else set()
    rows = [
        *_silent(status, status_before, deliveries, as_of, book),
        *_decided(tier_decisions, as_of),
        *_moved(moves, as_of),
        *_renewed(renewals, names, is_key, as_of, book),
        *_grouped(rollup, as_of, book),
    ]
    table = pd.DataFrame(
        rows, columns=["kind", "account_id", "name", "changed", "to_do", "due_date", "link"]
    )
    table["owner"] = table["account_id"].map(owners).astype("str")
    table["at_stake"] = table["account_id"].map(stake).astype("float64").fillna(0.0)
    weight = table["kind"].map(_URGENCY).astype("float64") * table["account_id"].isin(is_key).map(
        {True: 3.0, False: 1.0}
    )
    table["pressing"] = weight * table["at_stake"].clip(lower=0)
    table = table.sort_values(["pressing", "account_id"], ascending=[False, True], kind="stable")
    table = table.drop_duplicates("account_id").reset_index(drop=True)
    alarms = table.index[table["kind"].eq("overdue")]
    table.loc[alarms[:1], "changed"] += _trust(alarm_quality)
    text = dict.fromkeys(("kind", "account_id", "name", "changed", "to_do", "link"), "str")
    return table.astype({**text, "due_date": "datetime64[us]"})[_COLUMNS]


def main_changes(
    period_changes: pd.DataFrame, *, most: int = 5, most_of_a_kind: int = 2
) -> pd.DataFrame:
    """One row per change for the first screen: the most pressing, not all of one kind.

    Columns
    -------
    kind: see ``period_changes``
    account_id: the account
    name: its name
    changed: what changed, in a sentence
    to_do: what to do
    owner: who owns the account
    due_date: by when
    at_stake: revenue of the account's last 12 months (book currency)
    link: where the evidence is
    """
    nth = period_changes.groupby("kind").cumcount()
    order = nth.ge(most_of_a_kind).sort_values(kind="stable").index
    return period_changes.loc[order].head(most).reset_index(drop=True)


def _silent(
    status: pd.DataFrame,
    before: pd.DataFrame | None,
    deliveries: pd.DataFrame | None,
    as_of: pd.Timestamp,
    book: Any,
) -> Iterator[tuple]:
    then = (
        before.set_index("account_id")["status"] if before is not None else pd.Series(dtype="str")
    )
    for row in each(status[status["status"].isin(["overdue", "lost"])]):
        was = then.get(row.account_id)
        if row.status == "overdue":
            still = "is still overdue" if was == "overdue" else "is overdue"
            silence = (
                f"{row.silence_days:.0f} days without an order, usually {row.usual_gap_days:.0f}"
            )
            changed = f"{row.name} {still}: {silence}."
            late = _late(deliveries, row.account_id, as_of)
            yield ("overdue", row.account_id, row.name, changed, f"Call.{late}", as_of + pd.Timedelta(days=7),
                   "retention.html")  # fmt: skip
        elif before is not None and was in ("active", "overdue", "new"):
            changed = (
                f"{row.name} counts as lost: no order since {date(row.last_order_date)}. "
                f"It brought {money(row.last_year_revenue, book)} in its last 12 months."
            )
            yield ("lost", row.account_id, row.name, changed, "Find the reason; decide on an offer.",
                   as_of + pd.Timedelta(days=14), "retention.html")  # fmt: skip


def _trust(quality: pd.DataFrame | None) -> str:
    if quality is None or quality.empty:
        return ""
    own = quality[quality["rule"].eq("overdue") & quality["is_book"]]
    if own.empty or not own["alarm_count"].iloc[0]:
        return ""
    alarms, wrong = int(own["alarm_count"].iloc[0]), int(own["false_alarm_count"].iloc[0])
    return f" Such an alarm was right in {number(alarms - wrong)} of {number(alarms)} past cases."


def _late(deliveries: pd.DataFrame | None, account_id: str, as_of: pd.Timestamp) -> str:
    if deliveries is None or deliveries.empty:
        return ""
    recent = deliveries[
        deliveries["account_id"].eq(account_id)
        & deliveries["month"].gt(as_of - pd.DateOffset(months=6))
    ]
    late, due = int(recent["late_count"].sum()), int(recent["due_count"].sum())
    was = "was" if late == 1 else "were"
    return f" {late} of its {due} orders due in the last six months {was} late." if late else ""


def _decided(decisions: pd.DataFrame | None, as_of: pd.Timestamp) -> Iterator[tuple]:
    if decisions is None:
        return
    words = {
        "promote": "Decide whether to make it a key account.",
        "review": "Review its place among the key accounts.",
    }
    for row in each(decisions[decisions["decision"].isin(words)]):
        yield (row.decision, row.account_id, row.name, f"{row.name}: {row.evidence}", words[row.decision],
               as_of + pd.Timedelta(days=30), "scoring.html")  # fmt: skip


def _moved(moves: pd.DataFrame | None, as_of: pd.Timestamp) -> Iterator[tuple]:
    if moves is None:
        return
    for row in each(moves[moves["direction"].isin(["up", "down"])]):
        if row.direction == "down":
            neighbours = row.cause == "neighbours"
            to_do = (
                "Nothing: it did not change."
                if neighbours
                else "Ask what changed; agree the next orders."
            )
        else:
            to_do = "Find out what drives the growth."
        yield (row.direction, row.account_id, row.name, str(row.why), to_do, as_of + pd.Timedelta(days=30),
               "segmentation.html")  # fmt: skip


def _renewed(
    renewals: pd.DataFrame | None, names: pd.Series, keys: set[str], as_of: pd.Timestamp, book: Any
) -> Iterator[tuple]:
    if renewals is None:
        return
    for row in each(
        renewals[renewals["status"].eq("renewal due") & renewals["account_id"].isin(keys)]
    ):
        name = names.get(row.account_id, row.account_id)
        kind = row.kind if isinstance(row.kind, str) and row.kind else "agreement"
        changed = f"{name}: its {kind} of {money(row.value, book)} ends on {date(row.end_date)}."
        due = (
            max(row.notice_date, as_of)
            if pd.notna(row.notice_date)
            else as_of + pd.Timedelta(days=30)
        )
        yield ("renewal", row.account_id, name, changed, "Renew it, or say why not.", due, "")


def _grouped(rollup: pd.DataFrame | None, as_of: pd.Timestamp, book: Any) -> Iterator[tuple]:
    if rollup is None:
        return
    for row in each(rollup[rollup["rank_gain"].ge(3) & rollup["group_rank"].le(10)]):
        changed = (
            f"{row.group_name}, counted as one group of {row.active_count:.0f} accounts, is no. {row.group_rank:.0f} "
            f"({money(row.revenue, book)}); its largest account alone is no. {row.largest_rank:.0f}."
        )
        yield ("group", row.largest_id, row.largest_name, changed, "Ask for a group agreement.",
               as_of + pd.Timedelta(days=30), "segmentation.html")  # fmt: skip


def overview_findings(
    key_figures: pd.DataFrame,
    status: pd.DataFrame,
    keys: pd.DataFrame,
    interactions: pd.DataFrame | None = None,
    outlook: pd.DataFrame | None = None,
    *,
    as_of: pd.Timestamp,
    before: str = "a period ago",
    same_accounts: float | None = None,
    first_date: pd.Timestamp | None = None,
    book: Any = None,
) -> list[Sentence]:
    """Return the front page's first sentences: the figures that matter, in words, each with its
    evidence.

    ``outlook`` is the table ``programme_outlook``; ``before`` names the previous period.
    ``same_accounts`` is what today's key accounts brought then (``same_key_revenue``): revenue is
    compared like for like or not at all. ``first_date`` is the day the data begin: half a base year
    is no base for NRR and GRR.
    """
    found = key_figures.set_index(["figure", "scope"])

    def value(figure: str, scope: str, column: str = "value") -> float:
        return found[column].get((figure, scope), float("nan"))

    said = []
    revenue, key_share = value("revenue", "key"), value("revenue_share", "key")
    count = int(keys["is_key"].sum())
    if count and revenue == revenue:
        trend = ""
        if same_accounts is not None and same_accounts > 0:
            change = revenue / same_accounts - 1
            moved = "as much as" if abs(change) < 0.0005 else (
                f"{share(abs(change), book)} {'more' if change > 0 else 'less'} than")  # fmt: skip
            who = " the same accounts" if count > 1 else ""
            trend = f", {moved}{who} in the 12 months to the end of {before}"
        is_chosen = (
            "key_rule" not in keys or not keys["key_rule"].str.startswith("provisional").any()
        )
        chosen = "" if is_chosen else "; the book names none, so the largest stand in"
        band = ""
        if key_share == key_share:
            place = "below" if key_share < 0.30 else "above" if key_share > 0.55 else "within"
            band = f": {share(key_share, book)} of all sales, {place} the usual 30–55 %"
        said.append(
            Sentence(
                f"The {count} key account{'s' if count > 1 else ''} brought {money(revenue, book)} in the 12 months to "
                f"{date(as_of)}{trend}{band}{chosen}.",
                "segmentation.html",
            )
        )
    else:
        said.append(Sentence(f"No key account is known as of {date(as_of)}.", "segmentation.html"))
    nrr, grr = value("NRR", "all"), value("GRR", "all")
    if nrr == nrr and (months := base_months(first_date, as_of)) < 12:
        said.append(
            Sentence(
                f"How much revenue stays (NRR, GRR) cannot be told yet: the data hold {months} of the 12 months of the "
                "year before.",
                "retention.html",
            )
        )
    elif nrr == nrr:
        text = f"Of each 100 that accounts spent in the year before, {nrr * 100:.0f} came back with growth (NRR)"
        said.append(Sentence(f"{text} and {grr * 100:.0f} without (GRR).", "retention.html"))
    said.append(Sentence(_risk(status, keys, interactions, as_of, book), "retention.html"))
    return [*said, *_targets(outlook, book)]


def _targets(outlook: pd.DataFrame | None, book: Any) -> list[Sentence]:
    if outlook is None or outlook.empty:
        return []
    found = outlook[outlook["measure"].eq("revenue")]
    if found.empty or pd.isna(found["outlook"].iloc[0]):
        return []
    row = found.iloc[0]
    if str(row["note"]).startswith("the year is over"):
        year = f"Key accounts ended the fiscal year at {money(row['to_date'], book)}"
    else:
        low, high = money(row["outlook_low"], book), money(row["outlook_high"], book)
        between = f"80 % interval {low} to {high}"
        year = f"Key accounts are heading for {money(row['outlook'], book)} this fiscal year ({between})"
    if pd.isna(row["year_target"]):
        return [Sentence(f"{year}; the book has no target.", "programme.html")]
    gap = row["outlook_gap"]
    place = f"{money(abs(gap), book)} {'above' if gap >= 0 else 'short of'} the target of {money(row['year_target'], book)}"
    return [Sentence(f"{year}, {place}.", "programme.html")]


def _risk(
    status: pd.DataFrame,
    keys: pd.DataFrame,
    interactions: pd.DataFrame | None,
    as_of: pd.Timestamp,
    book: Any,
) -> str:
    ids = set(keys.loc[keys["is_key"], "account_id"])
    at_risk = status[status["status"].eq("overdue") & status["account_id"].isin(ids)]
    if at_risk.empty:
        others = status[status["status"].eq("overdue")]
        if others.empty:
            return "No account is overdue."
        amount = money(others["revenue"].sum(), book)
        return f"No key account is overdue; {len(others)} other account{'s' * (len(others) > 1)} with {amount} a year are."
    owners = at_risk["manager_name"].dropna().unique()
    whose = f", {'all' if len(at_risk) > 2 else 'both'} {owners[0]}'s" if len(owners) == 1 and len(at_risk) > 1 else (
        f" of {owners[0]}" if len(owners) == 1 else "")  # fmt: skip
    visited = ""
    if interactions is not None and not interactions.empty:
        recent = interactions[interactions["date"].gt(as_of - pd.Timedelta(days=90))]
        alone = [name for account, name in zip(at_risk["account_id"], at_risk["name"], strict=True)
                 if account not in set(recent["account_id"])]  # fmt: skip
        if alone:
            visited = f"; {', '.join(alone[:3])} had no contact in the last 90 days"
    amount = money(at_risk["revenue"].sum(), book)
    return f"{amount} a year is at risk in {len(at_risk)} overdue key account{'s' * (len(at_risk) > 1)}{whose}{visited}."
