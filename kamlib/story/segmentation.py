"""What the segmentation says: who moved, on whom the revenue hangs, what to do with whom."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kamlib.book import BookSettings, SegmentationSettings
from kamlib.period.calendar import Span
from kamlib.story.keys import called
from kamlib.story.statements import Said, Sentence
from kamlib.words import (
    count,
    counted,
    date,
    listed,
    money,
    number,
    ordinal,
    percent,
    phrase,
    plural,
    say,
    started,
)

DEPENDENT_SHARE = 0.20
SMALL_LOSS_SHARE = 0.01
NO_PREVIOUS = phrase("No earlier period to compare with")
NOT_WHOLE = phrase("The data do not hold the window of the previous period whole")


def uncompared(previous_account_classes: pd.DataFrame | None, *, is_previous_whole: bool) -> str:
    """Say why classes then and now are not compared; nothing where they are."""
    if previous_account_classes is None:
        return say(NO_PREVIOUS)
    return "" if is_previous_whole else say(NOT_WHOLE)


def window(segmentation: SegmentationSettings, as_of: pd.Timestamp) -> str:
    """Return the window in words.

    >>> window(SegmentationSettings(), pd.Timestamp("2025-12-31")).replace(chr(160), " ")
    '12 months to 31 Dec 2025'
    """
    return say(
        "{months} to {as_of}", months=count(segmentation.window_months, "month"), as_of=date(as_of)
    )


def headline_segmentation(
    account_classes: pd.DataFrame,
    concentration: pd.DataFrame,
    rollup_changes: pd.DataFrame,
    class_moves: pd.DataFrame,
    previous_account_classes: pd.DataFrame | None,
    *,
    is_previous_whole: bool,
    segmentation: SegmentationSettings,
    book: BookSettings | None = None,
) -> list[Sentence]:
    """Return the sentences of the first screen, what changed first.

    Nothing is said of change where no earlier period can be compared. Where the data begin inside
    the window then, classes rest on fewer months than now: no account is named for having moved.
    """
    moved = (
        [say("{not_whole}: who moved cannot be told yet.", not_whole=say(NOT_WHOLE))]
        if previous_account_classes is not None and not is_previous_whole
        else _moved(class_moves, segmentation, book)
    )
    said = [
        *(Sentence(text, "#class_moves" if is_previous_whole else "") for text in moved),
        *(Sentence(text, "#rollup_changes") for text in _grouped(rollup_changes, book)),
        *(Sentence(text, "#account_classes") for text in _losing(account_classes, book)),
        *(Sentence(text, "#concentration") for text in _dependent(concentration, book)),
        *(Sentence(text, "#concentration") for text in _key(concentration, book)),
        *(Sentence(text, "#account_classes") for text in _large(account_classes, book)),
    ]
    return said or [Sentence(say("No revenue in the window: there is nothing to segment."))]


def _moved(
    moves: pd.DataFrame, segmentation: SegmentationSettings, book: BookSettings | None
) -> list[str]:
    if moves.empty:
        return []
    change = moves["revenue_now"] - moves["revenue_then"]
    by_others = moves["cause"].eq("neighbours")
    down, up = moves["direction"].eq("down"), moves["direction"].eq("up")
    said = []
    if down.any():
        only = _only(by_others[down], say("because others grew"), book)
        said.append(
            say(
                "{down} moved down a class{only}{moves}.",
                down=_accounts(down.sum(), book),
                only=only,
                moves=_who(moves[down]),
            )
        )
    own = down & ~by_others
    if own.any():
        worst = moves[own].iloc[change[own].argmin()]
        months = segmentation.window_months
        what = (
            say("yearly revenue")
            if months == 12
            else say("revenue of {months}", months=count(months, "month"))
        )
        said.append(
            say(
                "{name} fell from {abc_then} to {abc_now}: its {what} went from {revenue_then} to "
                "{revenue_now}. {worst} should ask why.",
                name=worst["name"],
                abc_then=worst["abc_then"],
                abc_now=worst["abc_now"],
                what=what,
                revenue_then=money(worst["revenue_then"], book),
                revenue_now=money(worst["revenue_now"], book),
                worst=_owner(worst),
            )
        )
    if up.any():
        best = moves[up].iloc[change[up].argmax()]
        only = _only(by_others[up], say("because others shrank"), book)
        said.append(
            say(
                "{up} moved up a class{only}{moves}. {name} ({abc_then} to {abc_now}, now "
                "{revenue_now}) leads. {best} should review its treatment.",
                up=_accounts(up.sum(), book),
                only=only,
                moves=_who(moves[up]),
                name=best["name"],
                abc_then=best["abc_then"],
                abc_now=best["abc_now"],
                revenue_now=money(best["revenue_now"], book),
                best=_owner(best),
            )
        )
    return said or [say("No account changed its revenue class since the previous period.")]


def _who(moved: pd.DataFrame) -> str:
    """Name those that moved, the largest first."""
    return f": {listed(moved.sort_values('revenue_then', ascending=False, kind='stable')['name'])}"


def _only(is_so: pd.Series, because: str, book: BookSettings | None) -> str:
    """Say how many of those that moved did so only because of the others."""
    part, whole = int(is_so.sum()), len(is_so)
    if not part:
        return ""
    if whole == 1:
        return say(", only {because}", because=because)
    who = say("all of them") if part == whole else counted(part, "of them", "of them", book)
    return say(", {who} only {because}", who=who, because=because)


def _grouped(groups: pd.DataFrame, book: BookSettings | None) -> list[str]:
    gained = groups[
        (groups["rank_gain"] > 0) & groups["abc_group"].eq("A") & (groups["active_count"] > 1)
    ]
    if gained.empty:
        return []
    order = ["rank_gain", "group_id"]
    group = gained.sort_values(order, ascending=[False, True], kind="stable").iloc[0]
    return [
        say(
            "{group_name}, counted as one group, is our {group_rank} account ({revenue}); its "
            "largest company alone is the {largest_rank}. Give it one owner and ask for a group "
            "agreement.",
            group_name=group["group_name"],
            group_rank=ordinal(int(group["group_rank"])),
            revenue=money(group["revenue"], book),
            largest_rank=ordinal(int(group["largest_rank"])),
        )
    ]


def _losing(classes: pd.DataFrame, book: BookSettings | None) -> list[str]:
    losers = classes[classes["margin"].lt(0) & classes["revenue"].gt(0)]
    lost, earned = losers["margin"].sum(), classes["margin"].clip(lower=0).sum()
    if losers.empty or -lost < SMALL_LOSS_SHARE * earned:
        return []
    worst = losers.sort_values(["margin", "account_id"], kind="stable").iloc[0]
    cost = plural(len(losers), "costs more than it brings", "cost more than they bring")
    return [
        say(
            "{losers} {cost} ({lost}), most of all {name} ({margin}). {worst} should look at its "
            "prices and service.",
            losers=_accounts(len(losers), book),
            cost=cost,
            lost=money(lost, book),
            name=worst["name"],
            margin=money(worst["margin"], book),
            worst=_owner(worst),
        )
    ]


def _dependent(concentration: pd.DataFrame, book: BookSettings | None) -> list[str]:
    groups = concentration[concentration["scope"].eq("groups")]
    if groups.empty or not groups["top_1_share"].iloc[0] >= DEPENDENT_SHARE:
        return []
    equal = number(round(groups["effective_number"].iloc[0], 1), book)
    others = (
        say("no other") if equal == "1" else say("{equal} customers of equal size", equal=equal)
    )
    top = percent(groups["top_1_share"].iloc[0], book)
    single = concentration.loc[concentration["scope"].eq("accounts"), "effective_number"]
    if single.eq(groups["effective_number"].iloc[0]).any():  # no groups are known
        return [
            say(
                "{top_1_share} of revenue hangs on one customer: as if we had {others}.",
                top_1_share=top,
                others=others,
            )
        ]
    return [
        say(
            "{top_1_share} of revenue hangs on one customer (counted as a group): as if we had "
            "{others}.",
            top_1_share=top,
            others=others,
        )
    ]


def _key(concentration: pd.DataFrame, book: BookSettings | None) -> list[str]:
    rows = concentration[concentration["scope"].eq("accounts")]
    if rows.empty or pd.isna(rows["key_share"].iloc[0]) or not rows["key_count"].iloc[0]:
        return []
    row = rows.iloc[0]
    who = started(counted(row["key_count"], called(rows), source=book))
    provisional = say(" (provisional: the book has no tiers)") if row["is_provisional"] else ""
    return [
        say(
            "{who}{provisional} {bring} {key_share} of revenue{row}.",
            who=who,
            provisional=provisional,
            bring=plural(row["key_count"], "brings", "bring"),
            key_share=percent(row["key_share"], book),
            row=band_said(row),
        )
    ]


def band_said(row: Any) -> str:
    """Return how the share of key accounts stands to the usual band, where it is compared; why it
    is more than all where it is.
    """
    if row["key_share"] > 1:
        return say(", for other accounts gave back more than they bought")
    if pd.isna(row["key_band"]):
        return ""
    low, high = (f"{row[f'band_{end}_share'] * 100:.0f}" for end in ("low", "high"))
    return say(
        ", {key_band} the usual {low}–{high} %", key_band=say(row["key_band"]), low=low, high=high
    )


def _large(classes: pd.DataFrame, book: BookSettings | None) -> list[str]:
    classed = classes[classes["abc_revenue"].notna()]
    if classed.empty:
        return []
    largest, total = classed[classed["abc_revenue"].eq("A")], classed["revenue"].sum()
    return [
        say(
            "{of} {accounts} with revenue {are} {revenue} of {total}.",
            of=started(counted(len(largest), "of", "of", book)),
            accounts=counted(len(classed), "account", source=book),
            are=plural(len(largest), "is class A and brings", "are class A and bring"),
            revenue=percent(largest["revenue"].sum() / total, book),
            total=money(total, book),
        )
    ]


def _accounts(items: int, book: BookSettings | None) -> str:
    return started(counted(int(items), "account", source=book))


def _owner(row: pd.Series) -> str:
    manager = row["manager_name"]
    return manager if isinstance(manager, str) and manager else say("Its owner")


def table_account_classes(
    account_classes: pd.DataFrame,
    as_of: pd.Timestamp,
    segmentation: SegmentationSettings,
    book: BookSettings | None = None,
) -> Said:
    """Title and caption of ``account_classes``."""
    known = number(len(account_classes), book)
    classed = number(account_classes["abc_revenue"].notna().sum(), book)
    return Said(
        say(
            "Accounts known: {known}, with a revenue class: {classed}", known=known, classed=classed
        ),
        say(
            "Figures of {segmentation}; CV and noise as explained above",
            segmentation=window(segmentation, as_of),
        ),
    )


def table_abc_xyz_matrix(as_of: pd.Timestamp, segmentation: SegmentationSettings) -> Said:
    """Title and caption of ``abc_xyz_matrix``, of which the cells by frequency are shown."""
    what = say(
        "Accounts, revenue and margin by cell, {segmentation}",
        segmentation=window(segmentation, as_of),
    )
    return Said(say("What to do in each cell"), say("{what}; XYZ by frequency", what=what))


def table_account_types(
    account_types: pd.DataFrame, as_of: pd.Timestamp, segmentation: SegmentationSettings
) -> Said:
    """Title and caption of ``account_types``."""
    return Said(
        say("Accounts with a type: {account_id}", account_id=account_types["account_id"].nunique()),
        say(
            "One row per account and type, {segmentation}", segmentation=window(segmentation, as_of)
        ),
    )


def table_class_moves(
    class_moves: pd.DataFrame,
    previous_account_classes: pd.DataFrame | None,
    as_of: pd.Timestamp,
    previous_span: Span,
    segmentation: SegmentationSettings,
    is_previous_whole: bool,
    book: BookSettings | None = None,
) -> Said:
    """Title and caption of ``class_moves``, of which the accounts that changed are shown."""
    if why := uncompared(previous_account_classes, is_previous_whole=is_previous_whole):
        return Said(why)
    changed = number(class_moves["move_kind"].ne("same").sum(), book)
    return Said(
        say("Accounts that moved, came or went: {changed}", changed=changed),
        say(
            "Revenue of {segmentation} beside the window before, since {previous_period}; moves "
            "first, then new, returned and stopped accounts; effects in points of the share of "
            "revenue before the account",
            segmentation=window(segmentation, as_of),
            previous_period=previous_span.title,
        ),
    )


def table_concentration(as_of: pd.Timestamp, segmentation: SegmentationSettings) -> Said:
    """Title and caption of ``concentration``."""
    return Said(
        say("Concentration, as single accounts and as groups"),
        say(
            "Shares of revenue, {segmentation}; accounts or groups with revenue above zero",
            segmentation=window(segmentation, as_of),
        ),
    )


def table_rollup_changes(
    rollup_changes: pd.DataFrame, as_of: pd.Timestamp, segmentation: SegmentationSettings
) -> Said:
    """Title and caption of ``rollup_changes``."""
    if rollup_changes.empty:
        return Said(
            say(
                "No company groups are known: with accounts.parent_id subsidiaries would be "
                "counted as the one customer they are"
            )
        )
    higher = rollup_changes["rank_gain"].gt(0).sum()
    return Said(
        say(
            "Company groups that rank higher than their largest company alone: {higher} of "
            "{rollup_changes}",
            higher=higher,
            rollup_changes=len(rollup_changes),
        ),
        say("Groups of several accounts, {segmentation}", segmentation=window(segmentation, as_of)),
    )


def table_segmentation_control(as_of: pd.Timestamp, segmentation: SegmentationSettings) -> Said:
    """Title and caption of ``segmentation_control``."""
    return Said(
        say("Every table adds up to the revenue of the window"),
        say("Net revenue, {segmentation}", segmentation=window(segmentation, as_of)),
    )


def table_segmentation_limits(segmentation_limits: pd.DataFrame) -> Said:
    """Title of ``segmentation_limits``."""
    return Said(
        say(
            "What the data do not tell: {segmentation_limits}",
            segmentation_limits=len(segmentation_limits),
        )
    )


def note_sizes(segmentation: SegmentationSettings, book: BookSettings | None = None) -> str:
    """Say what A, B and C are under the book's limits."""
    first, second = (percent(limit, book) for limit in segmentation.abc)
    return say(
        "A are the accounts that stand before {first} of the revenue is reached, B those before "
        "{second}, C the rest. The names stand where a class ends.",
        first=first,
        second=second,
    )


def note_regularity(segmentation: SegmentationSettings, book: BookSettings | None = None) -> str:
    """Say what X, Y, Z and N are under the book's limits."""
    often, regularly = (percent(limit, book) for limit in segmentation.xyz_frequency)
    young = segmentation.young_months
    new = (
        say("; N is new, its first order younger than {months}", months=count(young, "month"))
        if young
        else ""
    )
    return say(
        "X are the accounts that ordered in at least {often} of the months, Y in at least "
        "{regularly}, Z in fewer{new}. Months before the first order do not count.",
        often=often,
        regularly=regularly,
        new=new,
    )


def note_class_moves(
    previous_account_classes: pd.DataFrame | None,
    first_date: pd.Timestamp | None,
    previous_span: Span,
    is_previous_whole: bool,
) -> str:
    """Warn where the window then has fewer months than now."""
    if previous_account_classes is None or is_previous_whole:
        return ""
    return say(
        "The data are whole only from {first_date} on, not for the whole window of "
        "{previous_period}: accounts would move only because of that. So none is said to have "
        "moved.",
        first_date=date(first_date),
        previous_period=previous_span.title,
    )
