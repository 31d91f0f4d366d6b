"""The words of the scoring's codes: why a score is missing, what is not said and why."""

from __future__ import annotations

REMARKS = {
    "": "",
    "no_base": "no revenue in the {months} months before the window",
    "part_base": "first order within the {months} months before the window",
    "no_cost": "no cost in the orders",
    "cost_unknown": "cost unknown in part of the window",
    "no_revenue": "no revenue in the window",
    "young": "first order less than 6 months ago",
    "no_order": "no order yet",
    "no_categories": "no categories in the orders",
    "no_needs": "no needs recorded",
    "needs_undated": "the needs of accounts carry no date",
    "wallet_too_low": "above 1: the account's spend is estimated too low",
    "not_judged": "not judged",
    "judged_outside": "judged outside 1 to 10",
    "all_bought": "every account kept buying",
    "nothing_varied": "nothing varied",
    "scored_alike": "all accounts scored the same",
    "holds_zero": "the interval holds zero",
    "good_years_pass": "good years are followed by lesser ones whatever the criterion is worth",
}
ADDING = {
    "no_cost": "orders.cost: margins are then scored",
    "cost_unknown": "orders.cost on every line",
    "no_categories": "orders.category: breadth is then scored",
    "no_needs": "the table needs with annual_spend: share of wallet is then scored",
    "not_judged": "the table judgements with this criterion's name",
}
LACKING = {
    "tiers": "nobody has placed accounts (table tiers)",
    "scoring": "the book states no criteria of its own ([scoring])",
    "criteria": "less than 60 % of its criteria have a score",
    "tie": "more accounts share the line than it has places left",
    "year": "the year before is not held whole",
    "once": "not above the line a year ago",
    "order": "above the line only with its largest order",
    "overdue": "it is overdue",
}
LIMITS = {
    "size": (
        "size, fit, image",
        "the book states no criteria; size is not scored",
        "[scoring] in book.toml, 3 to 5 criteria",
    ),
    "places": (
        "places among all accounts",
        "only this manager's accounts are ranked",
        "the report of the whole book",
    ),
    "line": (
        "an agreed admission line",
        "the book sets none: {rule} are taken",
        "[key_accounts] top_n or min_score",
    ),
    "promotions": (
        "promotions and reviews",
        "no scores a year ago, from a window that shares no month with this one",
        "orders of earlier years",
    ),
    "moves": ("moves between the quadrants", "no scores a year ago", "orders of earlier years"),
    "risk": (
        "demotion risk",
        "too few accounts above the line at past year-ends",
        "orders of earlier years",
    ),
    "review": (
        "whether the criteria work",
        "no interval excludes chance",
        "orders and judgements of earlier years",
    ),
    "prospects": ("prospects", "none are recorded", "the table prospects"),
}
