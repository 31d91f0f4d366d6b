"""What the tables of the segmentation say row by row."""

from __future__ import annotations

import pandas as pd

from kamlib.book import BookSettings, KeyAccountSettings, SegmentationSettings
from kamlib.words import counted, money, number, percent, phrase, say

TREATMENTS = {
    "AX": phrase(
        "Protect: one owner, an executive sponsor and a framework agreement; no week without "
        "someone looking."
    ),
    "AY": phrase(
        "Smooth: agree call-offs and delivery plans; ask what makes the order months differ."
    ),
    "AZ": phrase(
        "Understand: large and irregular. Win the next project early and plan capacity with the "
        "client."
    ),
    "AN": phrase(
        "Settle in: a large newcomer. Agree a plan for its first year and check every delivery."
    ),
    "BX": phrase("Grow: a steady buyer with room. Offer the categories its peers buy."),
    "BY": phrase("Develop: a plan per account, and a visit each quarter."),
    "BZ": phrase(
        "Qualify: find out whether the rest goes to a competitor before spending more time."
    ),
    "BN": phrase("Watch: a promising newcomer. Ask for the second category after the third order."),
    "CX": phrase("Automate: standing orders, web shop, telephone; keep it cheap and on time."),
    "CY": phrase("Bundle: minimum order and fixed delivery days; inside sales."),
    "CZ": phrase("Serve on request: list prices, no visits."),
    "CN": phrase("Welcome: a standard start package; look again after {young}."),
}
MISSING_CLASSES = {
    "never": phrase("No order yet"),
    "silent": phrase("No revenue class: no revenue in the window"),
    "cancelled": phrase("No revenue class: orders and credit notes of the window cancel out"),
    "negative": phrase("No revenue class: credit notes exceed orders in the window"),
    "cost": phrase("No margin class: a cost of the window is unknown"),
    "margin": phrase("No margin class: margin is zero or less"),
    "few_days": phrase("No variability class: fewer than 3 order days in the window"),
    "mean": phrase("No variability class: mean revenue is not positive, or a single month"),
}
TURNS = {
    "own": phrase("Its own change moved it; the others alone would not have."),
    "neighbours": phrase(
        "Only because the others changed: with them as before it would still be {then}."
    ),
    "either": phrase("Its own change and the others' would each have moved it."),
    "both": phrase("Its own change and the others' together moved it; neither alone would have."),
}
LIMITS = {
    "cost": (
        phrase("Classes by margin, whale curve, breadwinners by profit"),
        phrase("No cost is known."),
        phrase("orders.cost: which accounts earn and which only turn over money."),
    ),
    "revenue": (
        phrase("Shares of revenue, the key accounts' share"),
        phrase("All revenue of the window adds up to zero or less."),
        phrase("Nothing; amounts and classes stand, shares of such a total would mislead."),
    ),
    "some_cost": (
        phrase("Margin of {concerned}"),
        phrase("A cost of their window is unknown."),
        phrase("The missing costs in orders.cost."),
    ),
    "groups": (
        phrase("Company groups"),
        phrase("No account has a parent in this book."),
        phrase("accounts.parent_id: subsidiaries counted as the one customer they are."),
    ),
    "tiers": (
        phrase("Key accounts as the company chose them"),
        phrase("The book has no tiers; the largest accounts stand in."),
        phrase("tiers (account_id, tier, start_date): who was a key account when."),
    ),
    "previous": (
        phrase("Class moves"),
        phrase("The data do not reach back to a window before."),
        phrase("Earlier orders: every class change explained."),
    ),
    "whole_previous": (
        phrase("Fair class moves"),
        phrase(
            "The data begin inside the window of the previous period, which so has fewer months "
            "than now."
        ),
        phrase("Earlier orders, or patience: {window} after the data begin the windows are whole."),
    ),
    "types": (
        phrase("Declared types of accounts"),
        phrase("No account has types."),
        phrase("accounts.types: image-makers and experts, which orders cannot show."),
    ),
    "noise": (
        phrase("XYZ by variability for {number} of {possible}"),
        phrase(
            "The CV is about what randomly timed orders would give: the class mostly measures "
            "order size and timing noise."
        ),
        phrase("Read XYZ by frequency instead, or a longer window."),
    ),
    "unclassed": (
        phrase("A revenue class for {concerned}"),
        phrase("Revenue of the window is zero or less."),
        phrase("Nothing; the full table lists them with the reason."),
    ),
}


def tell_account_classes(account_classes: pd.DataFrame) -> pd.DataFrame:
    """Say for each missing class why it is missing."""
    notes = [
        ". ".join(say(MISSING_CLASSES[code]) for code in codes.split()) or None
        for codes in account_classes["missing_codes"]
    ]
    return _sentences(account_classes, note=notes)


def tell_abc_xyz_matrix(
    abc_xyz_matrix: pd.DataFrame, *, segmentation: SegmentationSettings
) -> pd.DataFrame:
    """Say what to do with the accounts of each cell: the book's own words go before the kit's."""
    young = counted(max(segmentation.young_months, 1), "month")
    kit = {cell: say(text, young=young) for cell, text in TREATMENTS.items()}
    texts = {**kit, **segmentation.treatments}
    return _sentences(abc_xyz_matrix, treatment=[texts.get(c) for c in abc_xyz_matrix["cell"]])


def tell_key_accounts(key_accounts: pd.DataFrame, *, admission: KeyAccountSettings) -> pd.DataFrame:
    """Say by which rule key accounts are told."""
    rules = [key_rule(admission, is_so) for is_so in key_accounts["is_provisional"]]
    return _sentences(key_accounts, key_rule=rules)


def key_rule(admission: KeyAccountSettings, is_provisional: bool) -> str:
    """Return the rule that says who is a key account.

    >>> key_rule(KeyAccountSettings(), True)
    'provisional: revenue class A, at most 20'
    >>> key_rule(KeyAccountSettings(version="2025-1"), False)
    'named in the book, definition version 2025-1'
    """
    if not is_provisional:
        version = (
            say(", definition version {version}", version=admission.version)
            if admission.version
            else ""
        )
        return say("named in the book{version}", version=version)
    return say("provisional: revenue class A, at most {at_most}", at_most=admission.at_most)


def tell_concentration(
    concentration: pd.DataFrame,
    *,
    admission: KeyAccountSettings,
    book: BookSettings | None = None,
) -> pd.DataFrame:
    """Say which accounts or groups are measured, and by which rule key accounts are told."""
    notes = [
        say(
            "{account_count} {scope} with positive revenue; key accounts: {admission}",
            account_count=number(row["account_count"], book),
            scope=say(row["scope"]),
            admission=key_rule(admission, row["is_provisional"]),
        )
        for row in concentration.to_dict("records")
    ]
    return _sentences(concentration, note=notes)


def tell_account_types(
    account_types: pd.DataFrame, *, book: BookSettings | None = None
) -> pd.DataFrame:
    """Say what speaks for each type."""
    rows = account_types.to_dict("records")
    return _sentences(account_types, evidence=[_evidence(row, book) for row in rows])


def _evidence(row: dict, book: BookSettings | None) -> str:
    code, amount = row["evidence_code"], money(row["evidence_amount"], book)
    if code == "declared":
        return say("Declared in the accounts table.")
    if code == "incidents":
        times = number(row["evidence_count"], book)
        return say(
            "{times} incidents about quality or product knowledge in the last 12 months.",
            times=times,
        )
    if code in ("industry", "region"):
        return say(
            "{evidence_count} employees, at least twice the next of {rival_count} accounts in "
            "{code} {led_group}.",
            evidence_count=number(row["evidence_count"], book),
            rival_count=number(row["rival_count"], book),
            code=say(code),
            led_group=row["led_group"],
        )
    first = f"{row['first_order_month']:%Y-%m}"
    if code in ("needs", "pace"):
        budget = (
            say("needs of {amount} a year", amount=amount)
            if code == "needs"
            else say("{amount} a year at the pace so far", amount=amount)
        )
        line = money(row["compared_amount"], book)
        return say(
            "First order {first}; {budget}, the median of class A has {line}.",
            first=first,
            budget=budget,
            line=line,
        )
    whole = say("profit") if code == "profit" else say("revenue (margin is unknown)")
    share = percent(row["evidence_share"], book)
    return say(
        "{share} of all {whole}: {amount}; first order {first}.",
        share=share,
        whole=whole,
        amount=amount,
        first=first,
    )


def tell_class_moves(
    class_moves: pd.DataFrame, *, book: BookSettings | None = None
) -> pd.DataFrame:
    """Say of each account what happened, and whether it or its neighbours did it."""
    rows = class_moves.to_dict("records")
    return _sentences(class_moves, why=[_why(row, book) for row in rows])


def _why(row: dict, book: BookSettings | None) -> str:
    now, then = money(row["revenue_now"], book), money(row["revenue_then"], book)
    if row["move_kind"] == "new":
        return say(
            "New: first order since the last report, {now} so far, class {abc_now}.",
            now=now,
            abc_now=row["abc_now"],
        )
    if row["move_kind"] == "returned":
        return say(
            "Back after a window without revenue: {now}, class {abc_now}.",
            now=now,
            abc_now=row["abc_now"],
        )
    if row["move_kind"] == "stopped":
        return say(
            "No revenue left in the window, {then} before; it was {abc_then}.",
            then=then,
            abc_then=row["abc_then"],
        )
    regularity = _regularity(row, book)
    if row["move_kind"] == "same":
        return regularity
    turn = say(TURNS[row["cause"]], then=row["abc_then"])
    change = _change(row, now, then, book)
    text = say(
        "{abc_then} → {abc_now}. Revenue {change}. {turn} {regularity}",
        abc_then=row["abc_then"],
        abc_now=row["abc_now"],
        change=change,
        turn=turn,
        regularity=regularity,
    )
    return text.strip()


def _change(row: dict, now: str, then: str, book: BookSettings | None) -> str:
    before, after = row["revenue_then"], row["revenue_now"]
    if after == before:
        return say("unchanged at {now}", now=now)
    turn = say("up") if after > before else say("down")
    return f"{turn} {percent(abs(after / before - 1), book)}, {then} → {now}{_parts(row, book)}"


def _parts(row: dict, book: BookSettings | None) -> str:
    """Return the parts of the revenue change that weigh at least a tenth of the largest, largest
    first.
    """
    parts = {
        part: row[f"{part}_revenue_change"]
        for part in (phrase("price"), phrase("volume"), phrase("mix"))
    }
    if any(pd.isna(amount) for amount in parts.values()):
        return ""
    least = max(map(abs, parts.values())) / 10
    told = sorted(
        (item for item in parts.items() if abs(item[1]) >= least),
        key=lambda item: (-abs(item[1]), item[0]),
    )
    texts = [f"{say(part)} {'+' if value > 0 else ''}{money(value, book)}" for part, value in told]
    return f" ({', '.join(texts)})"


def _regularity(row: dict, book: BookSettings | None) -> str:
    """Say what changed in the two XYZ classes, when both periods have one and they differ."""
    texts = []
    if _differs(row, "xyz_frequency"):
        now, then = (
            say(
                "{active:.0f} of {counted:.0f}{months}",
                active=row[f"active_month_count_{side}"],
                counted=row[f"counted_month_count_{side}"],
                months=months,
            )
            for side, months in (("now", say(" months")), ("then", ""))
        )
        turn = f"{row['xyz_frequency_then']} → {row['xyz_frequency_now']}"
        texts.append(
            say("Frequency {turn}: orders in {now}, {then} before.", turn=turn, now=now, then=then)
        )
    if _differs(row, "xyz_variability"):
        now, then = (number(row[f"cv_{side}"], book, decimals=2) for side in ("now", "then"))
        turn = f"{row['xyz_variability_then']} → {row['xyz_variability_now']}"
        texts.append(
            say("Variability {turn}: CV {now}, {then} before.", turn=turn, now=now, then=then)
        )
    return " ".join(texts)


def _differs(row: dict, column: str) -> bool:
    then, now = row[f"{column}_then"], row[f"{column}_now"]
    return bool(pd.notna(then) and pd.notna(now) and then != now)


def tell_segmentation_limits(
    segmentation_limits: pd.DataFrame,
    *,
    segmentation: SegmentationSettings,
    book: BookSettings | None = None,
) -> pd.DataFrame:
    """Say what could not be done, why, and what would help."""
    months = segmentation.window_months
    texts = []
    for row in segmentation_limits.to_dict("records"):
        facts = {
            "concerned": counted(row["concerned_count"], "account", source=book),
            "possible": counted(row["possible_count"], "account", source=book),
            "number": number(row["concerned_count"], book),
            "window": say("a year") if months == 12 else counted(months, "month"),
        }
        texts.append([say(text, **facts) for text in LIMITS[row["limit_code"]]])
    columns = ["missing", "note", "adding"]
    return pd.DataFrame(texts, segmentation_limits.index, columns).astype("str")


def _sentences(rows: pd.DataFrame, **texts: list) -> pd.DataFrame:
    return pd.DataFrame(texts, index=rows.index, dtype="str")
