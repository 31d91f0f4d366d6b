"""What changes an export's amounts: units, taxes, discounts, money given back, repeated totals."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kamlib.intake.casting import foreign_sign
from kamlib.intake.currencies import code_of, codes_of
from kamlib.start.meanings import Recognised, fits, take_by_values
from kamlib.start.names import folded, words_of
from kamlib.start.sales import signed_already
from kamlib.start.taxes import settle_taxes
from kamlib.start.units import currency_in, unit_of, without_unit
from kamlib.words import count, listed, number

if TYPE_CHECKING:
    from kamlib.start.asking import Ask
    from kamlib.start.plan import TablePlan

_PERCENT = r"%|\b(percent|percentage|pct|prozent|satz|rate|taux|porcentaje)\b"
_REFUND = r"\brefund(ed|s)?\b|\b(erstattet|erstattung|rembourse|reembols\w+)\b|退款"
_FEWEST, _MOSTLY = 3, 0.95
_MANY_BLANK, _HALF, _HEADED = 0.1, 0.5, 0.8
_NET = r"\b(net|netto|discounted|actual|neto)\b"
_OPEN_SHARE = 0.9
"""From here on a discount in a column of percentages may be a share, or less than 1 %."""
_OWN = (
    r"\b(local|home|base|company|group|reporting|functional|our|lokal\w*|haus|eigen\w*)( |$)?"
    r"(currency|curr|cur|wahrung|waehrung|amount)\b|\bhauswahrung\b|\bconverted$"
    r"|\bin (lc|hw|hauswahrung)\b"
)
"""How columns of amounts in the company's own currency are called."""
_ONCE = ("product_id", "product", "quantity", "category", "category_id", "line_id")


def weigh(plan: TablePlan, given: Mapping[str, str], ask: Ask) -> list[str]:
    """Settle how the amounts of the orders are read; return what to tell of it.

    Raises
    ------
    KamError
        A total may be an order's or a line's, a discount a share or an amount, and nobody is there
        to be asked.
    """
    told = [text for part in (plan.base, *(part for part, _ in plan.joins)) for text in part.told]
    told += _one_currency(plan, given)
    told += settle_taxes(plan, given)
    if "revenue" not in plan.columns:
        plan.amount = amount_of(plan.base)
    told += _once(plan, given, ask)
    if plan.amount:
        _net_price(plan.base)
        _discount(plan.base, given, ask)
        _signed_discount(plan.base)
    used = [m for _, m in plan.columns.values()] + [
        plan.base.known[name]
        for name in ("unit_price", "discount_amount", "discount_share")
        if plan.amount and plan.base.has(name)
    ]
    told += [f"'{m.column}' is multiplied by {m.factor}." for m in used if m.factor != "1"]
    told += _discounts_told(plan)
    told += [
        f"'{said[1]}' stands above the header: amounts are read as they are written; if it is "
        "their unit, multiply them in orders.sql."
        for text in plan.base.export.told
        if (said := re.search(r"is not the header: it holds '(.*)'", text))
        and unit_of(said[1]) != "1"
    ]
    return told + _given_back(plan.base) + _refunded(plan)


def _one_currency(plan: TablePlan, given: Mapping[str, str]) -> list[str]:
    """Take the amounts that are all of one currency, by their name, where rows have several."""
    if not {"currency", "revenue"} <= plan.columns.keys():
        return []
    codes, said = plan.columns["currency"]
    part, meaning = plan.columns["revenue"]
    if codes.export.texts[said.column].nunique().execute() < 2:
        return []
    bare = folded(without_unit(meaning.column))
    others = [c for c in part.free if folded(without_unit(c)) == bare or re.search(_OWN, folded(c))]
    for column in (meaning.column, *(others if "revenue" not in given else ())):
        is_one = currency_in(column) or re.search(_OWN, folded(column))
        if not is_one or not (column == meaning.column or fits(part, "revenue", column)):
            continue
        if column != meaning.column:
            take_by_values(part, "revenue", column, "of one currency, by its name")
            plan.columns["revenue"] = (part, part.known["revenue"])
        del plan.columns["currency"]
        return [f"'{column}' holds all amounts in one currency, as its name says."]
    return []


def _refunded(plan: TablePlan) -> list[str]:
    """Tell of a column of money given back that the revenue does not lack."""
    part = plan.base
    for column in part.free:
        text = part.export.texts[column]
        if not re.search(_REFUND, folded(column)) or not fits(part, "revenue", column):
            continue
        many = part.export.texts.filter(text.re_search("[1-9]")).count().execute()
        if many:
            return [
                f"'{column}' is not taken off: {count(int(many), 'row')} of it "
                f"{'holds' if many == 1 else 'hold'} money given back. If revenue is to lack it, "
                "subtract it in orders.sql."
            ]
    return []


def currency_of(plans: Sequence[TablePlan]) -> str:
    """Return the one currency that the orders name: in a column, in the name of their amounts."""
    plan = plans[0]
    if "currency" in plan.columns:
        part, meaning = plan.columns["currency"]
        rows = part.export.texts.select(code=part.export.texts[meaning.column].upper())
        codes = set(rows.distinct().limit(3).execute()["code"].dropna())
        only = next(iter(codes)) if len(codes) == 1 else ""
        return only if re.fullmatch("[A-Z]{3}", only) else code_of(only) or ""
    known = [plan.columns["revenue"][1]] if "revenue" in plan.columns else []
    known += [plan.base.known["unit_price"]] if plan.amount else []
    return next((code for m in known if (code := currency_in(m.column))), "") or next(
        (code for m in known if (code := _signed(plan.base, m.column))), ""
    )


def _signed(part: Recognised, column: str) -> str:
    """Return the currency that all signs of a column's amounts mean; nothing where they could mean
    another.
    """
    if column not in part.export.columns or not part.export.rows[column].type().is_string():
        return ""
    signs = part.export.texts.select(sign=foreign_sign(part.export.texts[column]))
    found = set(signs.distinct().limit(3).execute()["sign"].dropna())
    codes = codes_of(*found)
    return codes[0] if len(codes) == 1 else ""


def without_lines(plan: TablePlan) -> str:
    """Return what to tell of orders that have no line in the list of lines."""
    header = next((part for part, key in plan.joins if key == "order_id"), None)
    if header is None:
        return ""
    keys = []
    for part in (plan.base, header):
        rows = part.export.texts
        column = rows[part.known["order_id"].column]
        keys.append(set(rows.select(key=column).distinct().execute()["key"].dropna()))
    bare = sorted(keys[1] - keys[0])
    if not bare:
        return ""
    return (
        f"{number(len(bare))} of {number(len(keys[1]))} orders of {header.export.title} have no "
        f"line in {plan.base.export.title} and so no revenue, such as {listed(bare)}."
    )


def filled_once(plan: TablePlan) -> list[str]:
    """Return the columns that hold a cell at the head of a group alone, as exports print it.

    Either order, day and customer stand in the first line of an order, or the customer stands in
    a line of its own above its amounts, or in the first of them and nowhere else. Customers that
    are blank otherwise are unknown.
    """
    base, amount = plan.base, plan.base.known.get("revenue") or plan.base.known.get("quantity")
    names = [name for name in ("account_id", "order_id", "order_date") if base.has(name)]
    if amount is None or "account_id" not in names or plan.sums:
        return []
    texts = {name: base.known[name].column for name in names}
    rows = base.export.texts.select(amount=amount.column, **texts)
    rows = rows.filter(rows["amount"].notnull())
    bare = rows.filter(rows["account_id"].isnull())
    blanks = {name: bare[name].isnull().sum() for name in names}
    found = bare.aggregate(n=bare.count(), **blanks).execute().iloc[0]
    if found["n"] < _FEWEST:
        return []
    share = found["n"] / rows.count().execute()
    filled = [name for name in names if found[name] > _MOSTLY * found["n"]]
    is_whole = len(names) == len(filled) > 1
    heads = rows["account_id"]
    is_each_once = rows.aggregate(it=heads.count() == heads.nunique()).execute()["it"].iloc[0]
    if share < (_MANY_BLANK if is_whole else _HALF if is_each_once else _HEADED):
        return []
    filled = filled if is_whole else ["account_id"]
    plan.told.append(
        f"'{base.known['account_id'].column}' stands once per group; the rows below take the one "
        "above them."
    )
    return [base.known[name].column for name in filled]


def _once(plan: TablePlan, given: Mapping[str, str], ask: Ask) -> list[str]:
    """Find an amount that stands the same in all lines of an order: it is the order's total."""
    if "revenue" not in plan.columns or "order_id" not in plan.columns:
        return []
    part, meaning = plan.columns["revenue"]
    if part is not plan.base or plan.columns["order_id"][0] is not part:
        return []
    lines = part.export.texts.select(
        order=part.known["order_id"].column, amount=meaning.column, file="_file"
    )
    orders = lines.filter(lines["order"].notnull() & lines["amount"].notnull())
    orders = orders.group_by(["order", "file"]).aggregate(
        n=orders.count(), kinds=orders["amount"].nunique(), amount=orders["amount"].min()
    )
    several = orders.filter(orders["n"] > 1)
    same = several.filter(several["kinds"] == 1)
    many, alike = several.count().execute(), same.count().execute()
    if many < _FEWEST or alike < _MOSTLY * many or same["amount"].nunique().execute() < _FEWEST:
        return []
    said = f"'{meaning.column}' is the same in all lines of an order"
    if part.has("unit_price", "quantity") and _is_product(part):
        return []
    if part.has("unit_price", "quantity"):
        del plan.columns["revenue"]
        plan.amount = amount_of(part)
        return [f"{said}: revenue is {plan.amount}."]
    answer = given.get("total") or ask(
        f"{said}. Is it the total of the order (then it counts once) or the amount of each line?",
        ["order", "line"],
        "--set total=order",
    )
    if answer != "order":
        return []
    plan.is_once = True
    for name in _ONCE:
        plan.columns.pop(name, None)
    return [f"{said}: it counts once per order, without products."]


def _is_product(part: Recognised) -> bool:
    """Return whether the amounts are prices × quantities, line by line."""
    names = ("revenue", "unit_price", "quantity")
    cells = part.export.texts.select(**{name: _size(part, name) for name in names})
    near = (cells["revenue"] - cells["unit_price"] * cells["quantity"]).abs() <= 0.01
    return bool((near.fill_null(True).mean() > _MOSTLY).execute())


def _size(part: Recognised, name: str) -> Any:
    """Return a cell's figures alone, as far as they can be read without knowing its form."""
    return _size_of(part, part.known[name].column)


def _size_of(part: Recognised, column: str) -> Any:
    text = part.export.texts[column]
    return text.re_replace(r"[^\d.,]", "").replace(",", ".").try_cast("float64")


def amount_of(base: Recognised) -> str:
    """Return in words how revenue is made of prices and quantities."""
    names = [base.known[name].column for name in ("unit_price", "quantity")]
    text = f"'{names[0]}' × '{names[1]}'"
    if base.has("price_unit"):
        text += f" per '{base.known['price_unit'].column}'"
    if base.has("discount_share"):
        text += f" less the share '{base.known['discount_share'].column}'"
    if base.has("discount_amount"):
        text += f" less '{base.known['discount_amount'].column}'"
    return text


def _discount(base: Recognised, given: Mapping[str, str], ask: Ask) -> None:
    """Settle whether a discount is a share, a percentage or an amount: by its largest cell."""
    if base.has("discount_share", "discount_amount"):  # one of them says it twice
        is_share = _is_nothing(base, "discount_amount")
        del base.known["discount_amount" if is_share else "discount_share"]
    if not base.has("discount_share") and not base.has("discount_amount"):
        called = [one for one in base.free if {*folded(one).split()} & words_of("discount")]
        for column in called:
            if fits(base, "discount_share", column):
                take_by_values(base, "discount_share", column, "its name says discount")
                break
    meaning = base.known.get("discount_share")
    if meaning is None:
        return
    text = base.export.texts[meaning.column]
    cells = base.export.texts.select(
        size=_size(base, "discount_share"), is_percent=text.contains("%")
    )
    found = cells.aggregate(most=cells["size"].max(), percent=cells["is_percent"].any()).execute()
    most, is_percent = found["most"].iloc[0], bool(found["percent"].iloc[0])
    is_called = bool(re.search(_PERCENT, f"{meaning.column} {folded(meaning.column)}"))
    if most is None or (most <= 1 and not is_percent and not (is_called and most >= _OPEN_SHARE)):
        return
    if most <= 1 and not is_percent:
        answer = given.get("discount") or ask(
            f"'{meaning.column}' goes up to {most:g}. Is that {most:g} % or a share of "
            f"{most * 100:g} %?",
            ["percent", "share"],
            "--set discount=percent",
        )
        if answer == "share":
            return
    if not (is_percent or re.search(_PERCENT, f"{meaning.column} {folded(meaning.column)}")):
        answer = given.get("discount") or ask(
            f"'{meaning.column}' goes up to {most:g}. Is it a percentage or an amount of money?",
            ["percent", "amount"],
            "--set discount=percent",
        )
        is_percent = answer == "percent"
    else:
        is_percent = True
    if is_percent:
        base.known["discount_share"] = replace(meaning, factor="0.01")
    else:
        base.known["discount_amount"] = base.known.pop("discount_share")


def _is_nothing(base: Recognised, name: str) -> bool:
    text = base.export.texts[base.known[name].column]
    return not base.export.texts.filter(text.re_search("[1-9]")).limit(1).count().execute()


def _discounts_told(plan: TablePlan) -> list[str]:
    """Tell of a discount of money that amounts as they are written may not lack, and of one that
    may be the order's.
    """
    base = plan.base
    known = base.known.get("discount_amount")
    if known is None or _is_nothing(base, "discount_amount"):
        return []
    if plan.amount:
        return [
            f"'{known.column}' is the same in all lines of an order and is taken off each of them: "
            "if it is the order's, take it off one of them in orders.sql."
        ] * _is_of_orders(base, known.column)
    return [
        f"'{known.column}' is not taken off: if '{plan.columns['revenue'][1].column}' is before "
        "it, subtract it in orders.sql."
    ] * (not _lacks(plan, known.column))


def _is_of_orders(base: Recognised, column: str) -> bool:
    """Whether a column is the same in all lines of each order that has several."""
    if not base.has("order_id"):
        return False
    lines = base.export.texts.select(order=base.known["order_id"].column, it=column)
    orders = lines.filter(lines["it"].re_search("[1-9]")).group_by("order")
    orders = orders.aggregate(n=lines["it"].count(), kinds=lines["it"].nunique())
    several = orders.filter(orders["n"] > 1)
    found = several.aggregate(n=several.count(), most=several["kinds"].max()).execute().iloc[0]
    return bool(found["n"] >= _FEWEST and found["most"] == 1)


def _lacks(plan: TablePlan, column: str) -> bool:
    """Whether amounts are price × quantity less a discount, or stand beside such a sum."""
    base = plan.base
    if not base.has("unit_price", "quantity") or plan.columns["revenue"][0] is not base:
        return False
    whole = _size(base, "unit_price") * _size(base, "quantity") - _size_of(base, column)
    near = base.export.texts.select(it=(_size(base, "revenue") - whole).abs() <= 0.011)["it"]
    return bool((near.fill_null(True).mean() > _MOSTLY).execute())


def _net_price(base: Recognised) -> None:
    """Take the price without the discount where a file has both, cell by cell no higher."""
    meaning = base.known["unit_price"]
    for column in meaning.rivals:
        if not re.search(_NET, folded(column)) or re.search(_NET, folded(meaning.column)):
            continue
        sizes = [_size_of(base, one) for one in (column, meaning.column)]
        near = base.export.texts.select(is_less=sizes[0] <= sizes[1])["is_less"]
        if column in base.free and bool((near.fill_null(True).mean() > _MOSTLY).execute()):
            take_by_values(base, "unit_price", column, "the price less the discount")
            for name in ("discount_share", "discount_amount"):
                base.known.pop(name, None)
            return


def _signed_discount(base: Recognised) -> None:
    """Turn a discount that is written with a minus: it is taken off all the same."""
    for name in ("discount_share", "discount_amount"):
        if base.has(name):
            meaning = base.known[name]
            text = base.export.texts[meaning.column]
            is_some = text.re_search("[1-9]")
            less = is_some & text.re_search(r"^[-−(]|-$")
            many = base.export.texts.aggregate(n=is_some.sum(), less=less.sum()).execute().iloc[0]
            if many["less"] > many["n"] / 2:
                base.known[name] = replace(meaning, factor=f"-{meaning.factor}")


def _given_back(base: Recognised) -> list[str]:
    rule = base.given_back
    if not rule:
        return []
    amount = base.known.get("revenue") or base.known.get("quantity")
    if amount is None or signed_already(base.export, rule, amount.column):
        base.given_back = {}
        return []
    values = listed([f"'{value}'" for value in rule["values"]])
    return [
        f"'{rule['column']}': {values} is money given back: its amounts are positive in the file "
        "and count as negative."
    ]
