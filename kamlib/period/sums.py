"""What a published amount is the sum of: whose order lines, of which days, added or taken off.

A rule is said in words: ``revenue of account in window``, terms parted by ``;``, ``less`` before
one that is taken off, what stands under a share behind ``/``; ``by category`` keeps the lines of
the row's own category, ``by dimension`` those of the groups that it names. Whose accounts, which
days and which lines the words mean stands in `whose`, `days` and `groups`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from kamlib.period import days, whose
from kamlib.period.groups import Group, groups_of

if TYPE_CHECKING:
    from kamlib.period.period import Period

_WINDOW, _YEAR = "revenue of account in window", "revenue of account in year"
_STEP, _BASE = "revenue of accounts of the step", "revenue of accounts with a base"
_LOST = "revenue of lost accounts in their last year"
_LOOKED = "revenue of account in looked at months"
_NET = "margin of account in year; less cost to serve of account in year"
_SOLD = "revenue of all accounts in {} by dimension"
_MARGIN = "margin of all accounts in {} by dimension"
_ORDERS = "order_count of all accounts in {} by dimension"
_SALES = {
    "period_revenue": _SOLD.format("period"),
    "previous_period_revenue": _SOLD.format("previous period"),
    "year_ago_period_revenue": _SOLD.format("year ago period"),
    "period_change": f"{_SOLD.format('period')}; less {_SOLD.format('year ago period')}",
    "year_revenue": _SOLD.format("year"),
    "year_before_revenue": _SOLD.format("year before"),
    "revenue_share": f"{_SOLD.format('year')} / revenue of all accounts in year",
    "gross_margin": _MARGIN.format("year"),
    "period_gross_margin": _MARGIN.format("period"),
    "previous_period_gross_margin": _MARGIN.format("previous period"),
    "year_ago_period_gross_margin": _MARGIN.format("year ago period"),
    "order_count": _ORDERS.format("year"),
    "period_order_count": _ORDERS.format("period"),
    "previous_period_order_count": _ORDERS.format("previous period"),
    "year_ago_period_order_count": _ORDERS.format("year ago period"),
}

RULES: dict[str, dict[str, str]] = {
    "account_classes": {
        "revenue": _WINDOW,
        "margin": "margin of account in window; less cost to serve of account in window",
        "revenue_share": f"{_WINDOW} / revenue of buyers in window",
    },
    "abc_cross": {"revenue": "revenue of accounts of both classes in window"},
    "abc_xyz_matrix": {"revenue": "revenue of accounts of the cell in window"},
    "account_types": {"revenue": _WINDOW},
    "class_moves": {
        "revenue_now": _WINDOW,
        "revenue_then": "revenue of account in window before",
    },
    "concentration": {
        "revenue": "revenue of buyers in window",
        "key_revenue": "revenue of key accounts in window",
    },
    "pareto": {"revenue": _WINDOW},
    "whale_curve": {"revenue": _WINDOW},
    "rfm_scores": {"revenue": _WINDOW},
    "rfm_segments": {"revenue": "revenue of accounts of the segment in window"},
    "rollup_changes": {"revenue": "revenue of accounts of the group in window"},
    "segmentation_control": {
        "revenue": "revenue of all accounts in window",
        "control_revenue": "revenue of all accounts in window",
    },
    "watch_list": {"revenue": _WINDOW},
    "account_list": {"revenue": _YEAR},
    "account_load": {
        "revenue": _YEAR,
        "gross_margin": "margin of account in year",
        "margin": _NET,
    },
    "account_status": {
        "revenue": _YEAR,
        "gross_margin": "margin of account in year",
        "last_year_revenue": "revenue of account in its last year",
        "last_year_margin": "margin of account in its last year",
        "at_stake": "revenue of account in stake window",
    },
    "account_targets": {
        "revenue": "revenue of account in fiscal year",
        "margin": "margin of account in fiscal year",
    },
    "assignment_changes": {"revenue": _YEAR},
    "assignment_loads": {
        "revenue": "revenue of key accounts of manager in year",
        "proposed_revenue": "revenue of proposed accounts of manager in year",
    },
    "manager_dependence": {"revenue": "revenue of all accounts in year by manager_id"},
    "overdue_checkins": {"revenue": _YEAR},
    "proposed_assignment": {"revenue": _YEAR},
    "workload": {"revenue": "revenue of key accounts of manager in year"},
    "cohort_retention": {"revenue": "revenue of accounts of the cohort in months since"},
    "cohort_retention_by_year": {"revenue": "revenue of accounts of the cohort in months since"},
    "lost_accounts": {"revenue_lost": "revenue of account in year to last order"},
    "loss_dynamics": {"revenue_lost": _LOST},
    "retention_rates": {
        "base_revenue": "revenue of accounts with a base in year before",
        "nrr_share": f"{_BASE} in year / {_BASE} in year before",
        "grr_share": "revenue of accounts that shrank in year; "
        f"revenue of accounts that grew in year before / {_BASE} in year before",
    },
    "category_history": {"revenue": "revenue of account in month by category"},
    "category_totals": {
        "revenue": "revenue of account in year by category",
        "previous_revenue": "revenue of account in year before by category",
        "revenue_change": "revenue of account in year by category; "
        "less revenue of account in year before by category",
    },
    "group_tree": {"revenue": _YEAR, "previous_revenue": "revenue of account in year before"},
    "revenue_by": _SALES,
    "revenue_by_two": _SALES,
    "category_alerts": {"window_revenue": f"{_LOOKED} by dimension"},
    "category_falls": {"window_revenue": f"{_LOOKED} by dimension"},
    "account_alerts": {"window_revenue": _LOOKED},
    "health_parts": {"revenue": _YEAR},
    "category_map": {"revenue": "revenue of account in year by category"},
    "return_per_account": {"revenue": _YEAR, "margin": _NET},
    "service_creep": {"revenue": _YEAR},
    "status_offers": {"revenue": _YEAR},
    "manager_potential": {"revenue": "revenue of accounts of manager by name in year"},
    "event_outcomes": {
        "event_revenue_before": "revenue of account in months before the event",
        "event_revenue_after": "revenue of account in months after the event",
    },
    "account_days": {
        name: f"{name} of account in day" for name in ("revenue", "cost", "order_count")
    },
    "account_months": {
        name: f"{name} of account in month" for name in ("revenue", "cost", "order_count")
    },
    "category_months": {"revenue": "revenue of account in month by category"},
    "manager_months": {"revenue": "revenue of account in month by manager_id"},
}

BY_FIGURE: dict[str, dict[tuple[str, ...], str]] = {
    "key_figures": {
        ("revenue", "all"): "revenue of all accounts in window",
        ("revenue", "key"): "revenue of key accounts in window",
        ("revenue_at_risk", "all"): "revenue of overdue accounts in year",
        ("revenue_at_risk", "key"): "revenue of overdue key accounts in year",
        (
            "revenue_share",
            "key",
        ): "revenue of key accounts in window / revenue of all accounts in window",
        ("margin", "all"): "margin of buyers in window; less cost to serve of buyers in window",
        **{
            (figure, scope): RULES["retention_rates"][f"{figure.lower()}_share"]
            for figure in ("NRR", "GRR")
            for scope in ("all", "key")
        },
    },
    "period_figures": {
        ("revenue",): "revenue of all accounts in period",
        ("gross_margin",): "margin of all accounts in period",
        ("margin",): "margin of all accounts in period; "
        "less cost to serve of all accounts in period",
        ("orders",): "order_count of all accounts in period",
    },
    "revenue_bridge": {
        (scope, step): rule
        for scope in ("all", "key")
        for step, rule in {
            "base": "revenue of accounts of the scope in year before",
            "now": "revenue of accounts of the scope in year",
            "new": f"{_STEP} in year; less {_STEP} in year before",
            "returned": f"{_STEP} in year; less {_STEP} in year before",
            "expansion": f"{_STEP} in year; less {_STEP} in year before",
            "contraction": f"{_STEP} in year before; less {_STEP} in year",
            "stopped": f"{_STEP} in year before; less {_STEP} in year",
        }.items()
    },
}
"""Tables whose rows are figures: the row's key → its rule; the columns ``value`` or ``revenue``."""

_EARLIER = {"previous_value": "previous", "year_ago_value": "year ago"}
_FIGURE = ("value", "revenue", *_EARLIER)
_TERM = re.compile(
    r"(?P<less>less )?(?P<what>.+?) of (?P<whose>.+?) in (?P<when>.+?)( by (?P<by>\w+))?"
)


@dataclass(frozen=True)
class Term:
    """Order lines that count in a figure: what is summed, whose, when, added or taken off.

    ``spans`` has one row per account and span of days: account_id, first_date, last_date.
    ``amount`` is what a term adds that no order line holds.
    """

    said: str
    what: str
    sign: int
    spans: pd.DataFrame
    by: tuple[Group, ...] = ()
    is_base: bool = False
    amount: float | None = None


def terms(q: Period, table: str, row: pd.Series, column: str) -> list[Term] | None:
    """Return what a figure is the sum of; None where it is calculated and not summed."""
    from kamlib.tables import catalogue

    rule = RULES.get(table, {}).get(column)
    if rule is None and column in _FIGURE and table in BY_FIGURE:
        key = tuple(str(row[name]) for name in catalogue().tables[table].key)
        rule = BY_FIGURE[table].get(key)
        if rule is not None and column in _EARLIER and table == "period_figures":
            rule = rule.replace("in period", f"in {_EARLIER[column]} period")
        elif rule is not None and column in _EARLIER:
            q = q.at(getattr(q, f"{_EARLIER[column].replace(' ', '_')}_span").end)
    return None if rule is None else _said(q, rule, row)


def known_lines(q: Period, row: pd.Series) -> list[Term]:
    """Return the lines that a calculated figure rests on: of its account, else of all."""
    own = "account" if pd.notna(row.get("account_id")) else "all accounts"
    return _said(q, f"revenue of {own} in known days", row)


def _said(q: Period, rule: str, row: pd.Series) -> list[Term]:
    found = []
    for is_base, part in enumerate(rule.split(" / ")):
        for text in part.split("; "):
            said = _TERM.fullmatch(text)
            if said is None:
                raise ValueError(f"no rule: {text}")
            ids = whose.accounts_of(said["whose"], q, row)
            spans = days.spans(said["when"], q, row, ids)
            by = groups_of(said["by"], q, row) if said["by"] else ()
            amount = None
            if said["what"] == "cost to serve":
                amount = whose.cost_to_serve(q, ids, said["when"])
            sign = -1 if said["less"] else 1
            found.append(Term(text, said["what"], sign, spans, by, bool(is_base), amount))
    return found
