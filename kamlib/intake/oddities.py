"""What is worth knowing of the order lines that are used: repeats, twins, gaps, amounts far off."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from kamlib.book import BookSettings
from kamlib.holes import holes, least_gap_days
from kamlib.intake.notices import Notice, amount_text, below_zero
from kamlib.intake.numbers import number_notices
from kamlib.intake.repeats import repeated, suspects
from kamlib.intake.sources.engine import quoted_name
from kamlib.intake.totals import CALLED
from kamlib.tables import CANONICAL
from kamlib.words import count, listed, number

if TYPE_CHECKING:
    from kamlib.intake.book import Intake

_FAR_OFF = 500  # times an account's usual line; a lost decimal mark makes 100 or 1,000
_LINES_TO_JUDGE = 5
_FEW = 0.01
_PLAIN = {ord("０") + at: ord("0") + at for at in range(-15, 79)}  # ！ to ～
_CASE_MATTERS = "[A-Za-z0-9]{15}"  # record ids of Salesforce


def line_sizes(orders: ir.Table) -> pd.DataFrame:
    """Return one row per account of the order lines that are used: how many have an amount, the
    largest, and the sum of their logarithms.
    """
    used = orders.filter(orders["_reason"].isnull())
    size = used["revenue"].abs().cast("float64")
    return (
        used.mutate(_size=(size > 0).ifelse(size, ibis.null("float64")))
        .group_by("account_id")
        .aggregate(
            n=ibis._["_size"].count(), most=ibis._["_size"].max(), logs=ibis._["_size"].ln().sum()
        )
        .to_pandas()
    )


def order_notices(
    orders: ir.Table,
    theirs: Mapping[str, str],
    accounts: pd.DataFrame | None,
    book: BookSettings,
    sizes: pd.DataFrame,
) -> list[Notice]:
    """Return what is worth knowing of the order lines.

    ``theirs`` are the file's own names of their columns, ``sizes`` the accounts of the order lines
    (see `line_sizes`); ``accounts`` those listed, None without a list.
    """
    given = frozenset(theirs).intersection(CANONICAL["orders"].names)
    used = orders.filter(orders["_reason"].isnull())
    days = used.group_by("order_date").aggregate(n=used.count()).to_pandas()
    ids, amiss = set(sizes["account_id"]), suspects(orders, given, book)
    found = [
        *repeated(orders, amiss, given, book),
        *_twins(ids, book),
        *_zero_twins(ids, theirs),
        *_wide_twins(ids, theirs),
        *number_notices(orders, theirs, amiss, book),
        *_far_off(sizes, book),
        *_misread(used, theirs, book),
        *_gaps(days),
        *_first_days(days, book),
        *_never_delivered(used, given),
        *(_unlisted(ids, set(accounts["account_id"])) if accounts is not None else []),
    ]
    return [Notice("orders", what, next_) for what, next_ in found]


def _twins(ids: set[str], book: BookSettings) -> list[tuple[str, str]]:
    if book.input.of("orders").fold_case:
        return []
    alike: dict[str, list[str]] = {}
    for one in ids:
        if not re.fullmatch(_CASE_MATTERS, one):
            alike.setdefault(one.lower(), []).append(one)
    twins = sorted(fold for fold, several in alike.items() if len(several) > 1)
    if not twins:
        return []
    first = alike[twins[0]]
    return [
        (
            "Account ids that differ from another one only by upper and lower case: "
            f"{number(len(twins))}, such as '{min(first)}' and '{max(first)}'.",
            "If they are the same account, say fold_case = true under [input] in book.toml.",
        )
    ]


def _zero_twins(ids: set[str], theirs: Mapping[str, str]) -> list[tuple[str, str]]:
    """Tell of ids that are one number, some of them without the zeros before it."""
    alike: dict[str, list[str]] = {}
    for one in ids:
        if one.isdigit():
            alike.setdefault(one.lstrip("0"), []).append(one)
    twins = {bare: sorted(several) for bare, several in alike.items() if len(several) > 1}
    if not twins:
        return []
    one, *_, other = twins[min(twins)]
    own = quoted_name(theirs.get("account_id", "account_id"))
    return [
        (
            "Account ids that differ from another one only by the zeros before them: "
            f"{number(len(twins))}, such as '{one}' and '{other}'. They count as accounts of their "
            "own; a spreadsheet may have taken the zeros away.",
            "Export again with the ids as text, or write all without zeros in orders.sql: "
            f"ltrim(trim({own}::VARCHAR), '0') AS account_id.",
        )
    ]


def _wide_twins(ids: set[str], theirs: Mapping[str, str]) -> list[tuple[str, str]]:
    """Tell of ids that are written with letters of full width here and plain ones there."""
    plain = {one: one.translate(_PLAIN) for one in ids if not one.isascii()}
    twins = sorted(one for one, bare in plain.items() if bare != one and bare in ids)
    if not twins:
        return []
    wide = "".join(sorted({letter for one in twins for letter in one if ord(letter) in _PLAIN}))
    own = quoted_name(theirs.get("account_id", "account_id"))
    return [
        (
            "Account ids that differ from another one only by letters of full width: "
            f"{number(len(twins))}, such as '{twins[0]}' and '{plain[twins[0]]}'. They count as "
            "accounts of their own.",
            "If they are the same account, write them alike in orders.sql: "
            f"translate({own}, '{wide}', '{wide.translate(_PLAIN)}') AS account_id.",
        )
    ]


def _far_off(sizes: pd.DataFrame, book: BookSettings) -> list[tuple[str, str]]:
    """Tell of an account's largest line where it is hundreds of times its others' geometric
    mean.
    """
    sizes = sizes[sizes["n"] >= _LINES_TO_JUDGE]
    sizes = sizes.assign(usual=np.exp((sizes["logs"] - np.log(sizes["most"])) / (sizes["n"] - 1)))
    off = sizes[sizes["most"] > _FAR_OFF * sizes["usual"]]
    if off.empty:
        return []
    row = off.sort_values(["most", "account_id"], ascending=[False, True]).iloc[0]
    many = len(off)
    amounts = [
        f"{book.currency} {number(row[name], book, decimals=2)}" for name in ("most", "usual")
    ]
    return [
        (
            f"{count(many, 'account has a line', 'accounts have a line')} more than "
            f"{_FAR_OFF} times as large as their usual one; the largest is {amounts[0]} of account "
            f"'{row['account_id']}', whose lines are about {amounts[1]}. They are used.",
            "Check them: a lost decimal mark multiplies by 100 or 1,000.",
        )
    ]


def _misread(
    used: ir.Table, theirs: Mapping[str, str], book: BookSettings
) -> list[tuple[str, str]]:
    """Tell of lines that may not be what they are taken for: pieces given back for money, sales
    with a minus, sums; all are looked for at once.
    """
    named = next((n for n in ("product", "category") if n in theirs and n in used.columns), "")
    money = used["revenue"]
    asked = {"total": money.sum()}
    if "quantity" in theirs and "quantity" in used.columns:
        is_back = (used["quantity"] < 0) & (money > 0)
        asked |= {"back": is_back.sum(), "back_money": money.sum(where=is_back)}
    groups = used.group_by(named) if named else used
    sums = groups.aggregate(n=used.count(), **asked)
    again = {name: sums[name].sum() for name in asked}
    if named:
        is_sum = sums[named].lower().isin(CALLED)
        again |= {"sums": sums["n"].sum(where=is_sum), "shown": sums[named].min(where=is_sum)}
        again["sums_money"] = sums["total"].sum(where=is_sum)
    row = sums.aggregate(**again).to_pyarrow().to_pylist()[0]
    own = {name: quoted_name(theirs.get(name, name)) for name in ("quantity", "revenue", named)}
    text, less = amount_text(own["revenue"]), below_zero(own["revenue"])

    def written(amount: object) -> str:
        return f"{book.currency} {number(float(str(amount)), book, decimals=2)}"

    told = []
    if row.get("back"):
        told.append(
            (
                f"{count(row['back'], 'line has', 'lines have')} a quantity below 0 and an amount "
                f"above 0 ({written(row['back_money'])}): they count as sales.",
                "If they are returns, turn them in orders.sql: CASE WHEN "
                f"{amount_text(own['quantity'])} LIKE '-%' THEN {less} ELSE {text} END AS revenue.",
            )
        )
    if row["total"] is not None and row["total"] < 0:
        told.append(
            (
                f"All revenue is {written(row['total'])}: sales may stand there with a minus, as "
                "on the credit side of a ledger.",
                f"If so, turn them in orders.sql: CASE WHEN {text} LIKE '-%' THEN "
                f"ltrim({text}, '-') ELSE '-' || {text} END AS revenue.",
            )
        )
    if row.get("sums"):
        told.append(
            (
                f"{count(row['sums'], 'line has', 'lines have')} '{row['shown']}' as its {named} "
                f"({written(row['sums_money'] or 0)}): they count as sales.",
                "If they are sums of others, leave them out in orders.sql: CASE WHEN "
                f"trim({own[named]}) = '{row['shown']}' THEN 'a total' END AS set_aside.",
            )
        )
    return told


def _gaps(days: pd.DataFrame) -> list[tuple[str, str]]:
    """Tell of the longest time without any order, and of a few days far from all others."""
    if len(days) < 3:
        return []
    days = days.sort_values("order_date")
    dates = pd.to_datetime(days["order_date"]).reset_index(drop=True)
    gaps = dates.diff().dt.days.fillna(0)
    at = int(gaps.to_numpy().argmax())
    if gaps[at] < least_gap_days(gaps[1:]):
        return []
    before, after = dates[at - 1].date(), dates[at].date()
    later = int(days["n"].iloc[at:].sum())
    if later <= max(1, _FEW * days["n"].sum()):
        last = dates.iloc[-1].date()
        dated = f"{after}" if after == last else f"from {after} to {last}"
        return [
            (
                f"{count(later, 'line is', 'lines are')} dated {dated}, "
                f"{number(gaps[at])} days after the one before.",
                "Check the dates: a mistyped year moves the last period.",
            )
        ]
    is_hole = any(hole.start.date() > before and hole.end.date() < after for hole in holes(dates))
    across = " No figure is compared across them, and no silence counts them."
    return [
        (
            f"There is no order line between {before} and {after}, {number(gaps[at])} days."
            f"{across if is_hole else ''}",
            "Check whether a part of the data is missing.",
        )
    ]


def later_lines(intake: Intake, today: date) -> list[Notice]:
    """Return the notice of order lines that are dated after today."""
    later = intake.orders.filter(
        intake.orders["_reason"].isnull() & (intake.orders["order_date"] > today)
    )
    found = later.aggregate(n=later.count(), last=later["order_date"].max()).to_pyarrow()
    row = found.to_pylist()[0]
    if not row["n"]:
        return []
    what = (
        f"{count(row['n'], 'line is', 'lines are')} dated after today, the last on {row['last']}: "
        "no period counts them until then."
    )
    return [Notice("orders", what, "Check the dates: a mistyped year moves orders.")]


def _first_days(days: pd.DataFrame, book: BookSettings) -> list[tuple[str, str]]:
    """Tell how monthly totals that are dated on the first of a month cover the last month."""
    dates = pd.to_datetime(days["order_date"])
    if len(dates) < 3 or not dates.dt.day.eq(1).all() or book.complete_to:
        return []
    end = (dates.max() + pd.offsets.MonthEnd(0)).date()
    return [
        (
            "Every order line is dated on the first of a month, as monthly totals are; so the last "
            "month does not count as whole.",
            f"If the data are complete, say complete_to = {end} above the first [section] in "
            "book.toml.",
        )
    ]


def _never_delivered(used: ir.Table, given: frozenset[str]) -> list[tuple[str, str]]:
    if "promised_date" not in given:
        return []
    if "delivered_date" in given and used["delivered_date"].count().execute():
        return []
    return [
        (
            "Orders have a promised_date and no delivered_date: whether any was late is unknown.",
            "Add the column delivered_date.",
        )
    ]


def _unlisted(ids: set[str], known: set[str]) -> list[tuple[str, str]]:
    unlisted = ids - known
    if not unlisted:
        return []
    by_bare = {one.lstrip("0"): one for one in known}
    if (one := min((one for one in unlisted if one.lstrip("0") in by_bare), default="")) != "":
        return [
            (
                "Accounts with orders that are not in the table accounts: "
                f"{number(len(unlisted))}, such as '{one}', which is "
                f"'{by_bare[one.lstrip('0')]}' there: a spreadsheet took the zeros away.",
                "Export again with the ids as text, in both files alike.",
            )
        ]
    return [
        (
            "Accounts with orders that are not in the table accounts: "
            f"{number(len(unlisted))} ({listed(sorted(unlisted))}); their id is their name.",
            "Add them to accounts.",
        )
    ]
