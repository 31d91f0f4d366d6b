"""How the front page writes its figures: their names for people, and what kind each is."""

from __future__ import annotations

import pandas as pd

_NAMES = {
    "revenue": "Revenue",
    "margin": "Margin",
    "accounts": "Accounts (of all: with revenue)",
    "revenue_share": "Share of all revenue",
    "top_1_share": "Share of the largest",
    "top_5_share": "Share of the 5 largest",
    "top_10_share": "Share of the 10 largest",
    "top_20_share": "Share of the 20 largest",
    "hhi": "Concentration (HHI, 0 to 1)",
    "effective_number": "Effective number (1 / HHI)",
    "gini": "Inequality (Gini, 0 to 1)",
    "NRR": "Net revenue retention (NRR)",
    "GRR": "Gross revenue retention (GRR)",
    "logo_churn": "Accounts lost in the period, share",
    "lost_in_period": "Accounts lost in the period",
    "returned_in_period": "Accounts returned in the period",
    "revenue_at_risk": "Revenue at risk (overdue accounts)",
    "at_risk_accounts": "Overdue accounts",
    "lost_accounts": "Accounts lost so far",
    "active_accounts": "Active accounts",
}
_SCOPES = {"all": "all accounts", "key": "key accounts", "groups": "company groups"}
_KINDS = {
    **dict.fromkeys(("revenue", "margin", "revenue_at_risk"), "money"),
    **dict.fromkeys(("NRR", "GRR", "logo_churn"), "share"),
    **dict.fromkeys(("hhi", "gini"), "index"),
    "effective_number": "number",
}


def figure_words() -> dict[str, dict[str, str]]:
    """Return how the figures and scopes of ``key_figures`` are written for people, by column.

    >>> figure_words()["figure"]["NRR"], figure_words()["scope"]["key"]
    ('Net revenue retention (NRR)', 'key accounts')
    """
    return {"figure": dict(_NAMES), "scope": dict(_SCOPES)}


def cell_words() -> dict[str, dict[str, str]]:
    """Return how the cells of ``abc_xyz_matrix`` without a class are written for people.

    >>> cell_words()["cell"]["none Z"]
    'no revenue in the window (Z)'
    """
    size = {f"none {xyz}": f"no revenue in the window ({xyz})" for xyz in "XYZN"}
    rhythm = {f"{abc} none": f"{abc}, rhythm not known" for abc in "ABC"}
    return {"cell": {**size, **rhythm, "none none": "no revenue in the window"}}


def figure_kinds(figures: pd.DataFrame) -> list[str]:
    """Return what the value of each row of ``key_figures`` is: money, share, count, number or
    index.

    >>> figure_kinds(pd.DataFrame({"figure": ["revenue", "NRR", "top_5_share", "lost_accounts"]}))
    ['money', 'share', 'share', 'count']
    """
    return [
        _KINDS.get(name, "share" if name.endswith("_share") else "count")
        for name in figures["figure"]
    ]
