"""What a period answers to beside calculations: tables that are read, settings, facts."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from kamlib.book import BookSettings
from kamlib.tables import CANONICAL

ACTIVITY = (
    "account_days",
    "account_months",
    "category_months",
    "product_months",
    "product_windows",
    "price_years",
    "sales_cells",
    "product_sales",
    "order_cells",
    "split_orders",
    "manager_months",
    "deliveries",
)
UNBROKEN = {
    "unbroken_days": "account_days",
    "unbroken_months": "account_months",
}
"""Tables that are read, less what lies before the last hole in the data: what looks for patterns
over time, or tries something on the past, asks for these.
"""
READ_TABLES = (*ACTIVITY, *(name for name in CANONICAL if name != "orders"), "intake", *UNBROKEN)
"""Tables that are read, not computed."""

RUN = "KAM_RUN"
"""Environment variable of a report's kernels: the scratch folder of their run."""

SECTIONS = {
    "fiscal_year": "fiscal_year",
    "freshness": "freshness",
    "admission": "key_accounts",
    "segmentation": "segmentation",
    "scoring": "scoring",
    "loss": "loss",
    "budget": "win_back",
    "value": "value",
    "delivery": "delivery",
    "programme": "programme",
    "health": "health",
    "window_months": "segmentation.window_months",
    "of_figures": "segmentation.of_figures",
    "min_gaps": "loss.min_gaps",
    "min_silence_days": "loss.min_silence_days",
}
"""Parameter of a calculation → section of ``book.toml``, or some keys of it where no other matters;
two sections have the name of a table.
"""


def setting(book: BookSettings, name: str) -> Any:
    """Return a section, or one key of it, by the parameter that asks for it.

    >>> setting(BookSettings(title="A"), "min_gaps")
    3
    """
    return attrgetter(SECTIONS[name])(book)


FACTS = (
    "as_of",
    "span",
    "previous_span",
    "year_ago_span",
    "first_date",
    "holes",
    "last_date",
    "usual_silence_days",
    "present",
    "has_cost",
    "manager_id",
    "plans",
    "at",
    "book",
)
"""What a calculation may ask for beside tables and settings."""

OF_A_DAY = ("as_of", "span", "previous_span", "year_ago_span", "holes", "at")
"""Facts that are others as of another day."""
