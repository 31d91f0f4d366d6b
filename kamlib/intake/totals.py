"""Rows of a sum among order lines: no sale, so not lost when they are set aside."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

TOTAL = "a total, not an order line"
EMPTY = "an empty row"
TOTALS = (
    r"(?i)^\s*((grand|sub|report)[ -]?)?totals?\b|\b(sub)?totals?\s*$"
    r"|^\s*(gesamt|summe|zwischensumme|endsumme|ergebnis|somme|sous-total|suma|importe total)"
    r"|\b(summe|gesamtergebnis|ergebnis)\s*$|^\s*t\S{1,2}ng( c\S{1,2}ng)?\b"
    r"|^\s*\*{1,3}\s*$"  # as lists of SAP mark them
    r"|^\s*(总计|合计|小计|總計|合計|小計)|(总计|合计|小计|總計|合計|小計)\s*$"
)
CALLED = (
    *("total", "totals", "subtotal", "sub total", "sub-total", "grand total", "invoice total"),
    *("sum", "year total", "summe", "zwischensumme", "gesamt", "gesamtsumme", "gesamtergebnis"),
    *("sous-total", "total général", "suma", "importe total", "tổng", "tổng cộng"),
    *("合计", "总计", "小计"),
)
"""What a product, or the column of a pivot, is called that is a sum of others, in small letters."""
_NAMING = ("order_id", "account_id", "order_date")


def is_total(rows: ir.Table, prefix: str = "") -> ir.BooleanValue:
    """Return where a row of order lines is a sum: it says so in the place of an id or a day, and
    one of the other two is blank.
    """
    texts = [rows[prefix + name] for name in _NAMING if prefix + name in rows.columns]
    texts = [text for text in texts if text.type().is_string()]
    if len(texts) < len(_NAMING):
        return ibis.literal(False)
    says_so, is_blank = ibis.literal(False), ibis.literal(False)
    for text in texts:
        says_so |= text.fill_null("").re_search(TOTALS)
        is_blank |= text.isnull()
    return is_blank & says_so
