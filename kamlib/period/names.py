"""What a period answers to beside calculations: tables that are read, settings, facts."""

from __future__ import annotations

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
    "manager_months",
    "deliveries",
)
READ_TABLES = (*ACTIVITY, *(name for name in CANONICAL if name != "orders"), "intake")
"""Tables that are read, not computed."""

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
}
"""Parameter of a calculation → section of ``book.toml``; two sections have the name of a table."""

FACTS = (
    "as_of",
    "span",
    "previous_span",
    "year_ago_span",
    "first_date",
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
