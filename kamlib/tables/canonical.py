"""The canonical tables: what a book may hold, column by column.

One schema serves reading, checking, messages and documentation. Column types:

``id``     text that is never a number; trimmed, normalised, blank counts as missing
``text``   free text
``choice`` text out of a fixed list
``date``   a day
``month``  a month, held as its last day
``money``  an amount in the book's currency (exact to 6 decimals)
``number`` any finite number
``flag``   yes or no
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Column:
    """One column of a canonical table."""

    name: str
    type: str
    required: bool = False
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Table:
    """One canonical table: its row, columns, key and what having it adds to the reports.

    ``date`` names the column that says since when a row is known; a report leaves out rows dated
    after its as-of day. ``later`` maps columns that a later day may have filled to the columns
    and values that such a row shows instead as of an earlier day.
    """

    name: str
    row: str
    columns: tuple[Column, ...]
    adds: str
    key: tuple[str, ...] = ()
    date: str | None = None
    later: Mapping[str, Mapping[str, str | None]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """All column names, required ones first."""
        return [column.name for column in self.columns]

    @property
    def required(self) -> list[str]:
        """The names of the columns that must be there."""
        return [column.name for column in self.columns if column.required]

    def column(self, name: str) -> Column:
        """Return the column of that name."""
        return next(column for column in self.columns if column.name == name)


def _columns(text: str) -> tuple[Column, ...]:
    """Read ``name:type`` words; ``*`` marks required, ``[a|b]`` choices, ``<1..5>`` limits."""
    form = re.compile(r"(\w+):(\w+)(\*?)(?:\[([^\]]*)\])?(?:<(-?\d+)\.\.(-?\d*)>)?")
    columns = []
    for name, type_, star, choices, least, most in (m.groups() for m in form.finditer(text)):
        columns.append(
            Column(
                name,
                type_,
                bool(star),
                tuple(choices.split("|")) if choices else (),
                float(least) if least else None,
                float(most) if most else None,
            )
        )
    return tuple(columns)


_TIERS = "[key|candidate|regular|former]"
_ALL = [
    Table(
        "orders",
        "order line",
        _columns(
            "order_id:id* account_id:id* order_date:date* revenue:money* line_id:id cost:money "
            "quantity:number product_id:id product:text category:text region:text channel:text "
            "manager_id:id currency:text promised_date:date delivered_date:date"
        ),
        "everything: no report runs without it",
        date="order_date",
        later={"delivered_date": {}},
    ),
    Table(
        "accounts",
        "account",
        _columns(
            "account_id:id* name:text parent_id:id industry:text region:text country:text "
            "employees:number<0..> founded_year:number description:text manager_id:id "
            f"sponsor:text customer_since:date tier:choice{_TIERS} types:text cost_to_serve:money "
            "contact_every_days:number<1..>"
        ),
        "names, company groups, owners, industries, sponsors and tiers",
        key=("account_id",),
    ),
    Table(
        "tiers",
        "spell of an account in a tier",
        _columns(f"account_id:id* tier:choice*{_TIERS} start_date:date* end_date:date"),
        "who was a key account when: programme return, demotions and every look back",
        key=("account_id", "start_date"),
        date="start_date",
        later={"end_date": {}},
    ),
    Table(
        "managers",
        "manager",
        _columns("manager_id:id* name:text hours_per_month:number<0..> cost_per_month:money"),
        "managers' names, and workload against their hours",
        key=("manager_id",),
    ),
    Table(
        "targets",
        "account × month",
        _columns("account_id:id* month:month* revenue:money* margin:money"),
        "revenue and margin against target",
        key=("account_id", "month"),
    ),
    Table(
        "judgements",
        "account × criterion × date",
        _columns("account_id:id* criterion:text* score:number*<1..10> judged_date:date* by:text"),
        "scores of the criteria that people judge",
        key=("account_id", "criterion", "judged_date"),
        date="judged_date",
    ),
    Table(
        "decisions",
        "decision taken",
        _columns("account_id:id* date:date* decision:text* by:text reason:text"),
        "decisions beside what the evidence proposes",
        date="date",
    ),
    Table(
        "invoices",
        "invoice",
        _columns(
            "invoice_id:id* account_id:id* invoice_date:date* due_date:date* amount:money* "
            "paid_date:date"
        ),
        "money owed and payment habit",
        key=("invoice_id",),
        date="invoice_date",
        later={"paid_date": {}},
    ),
    Table(
        "rates",
        "month × currency",
        _columns("month:month* currency:text* rate:number*<0..>"),
        "orders in several currencies",
        key=("month", "currency"),
    ),
    Table(
        "contacts",
        "person at an account",
        _columns(
            "account_id:id* name:text* contact_id:id title:text "
            "role:choice[decider|approver|buyer|influencer|user|gatekeeper] influence:number<1..5> "
            "attitude:number<-2..2> last_contact_date:date reports_to:id"
        ),
        "the stakeholder map",
        later={"last_contact_date": {}},
    ),
    Table(
        "interactions",
        "contact made",
        _columns(
            "account_id:id* date:date* manager_id:id contact_id:id channel:text topic:text "
            "satisfaction:number<0..10>"
        ),
        "engagement, loyalty and overdue check-ins",
        date="date",
    ),
    Table(
        "incidents",
        "thing gone wrong",
        _columns(
            "account_id:id* opened_date:date* "
            "kind:choice*[late|conflict|unaware|unprepared|product_knowledge|quality|other] "
            "severity:number<1..3> resolved_date:date note:text"
        ),
        "the five mistakes, their trend, and whether they cost accounts",
        date="opened_date",
        later={"resolved_date": {}},
    ),
    Table(
        "opportunities",
        "tender or deal",
        _columns(
            "opportunity_id:id* account_id:id* opened_date:date* outcome:choice*[open|won|lost] "
            "closed_date:date expected_close:date stage:text probability:number<0..1> value:money "
            "kind:text category:text competitor:text reason:text manager_id:id"
        ),
        "tenders won and lost, and the weighted pipeline",
        key=("opportunity_id",),
        date="opened_date",
        later={
            "closed_date": {"outcome": "open", "reason": None, "stage": None, "probability": None}
        },
    ),
    Table(
        "agreements",
        "contract in force or past",
        _columns(
            "agreement_id:id* account_id:id* start_date:date* end_date:date kind:text value:money "
            "notice_days:number<0..> terms:text is_kept:flag bonus_kind:text bonus_threshold:money "
            "bonus_rate:number<0..1>"
        ),
        "agreements, and renewals falling due",
        key=("agreement_id",),
        date="start_date",
    ),
    Table(
        "feedback",
        "thing that a client asked for",
        _columns(
            "account_id:id* date:date* topic:text* asked:text answered_date:date "
            "settled_date:date score:number<0..10>"
        ),
        "the client's voice: what was asked, answered and settled",
        date="date",
        later={"answered_date": {}, "settled_date": {}},
    ),
    Table(
        "account_events",
        "event at a client",
        _columns("account_id:id* date:date* kind:text* note:text"),
        "what followed events at clients: strategy, hires, lay-offs, mergers",
        date="date",
    ),
    Table(
        "team",
        "our person × role on an account",
        _columns("account_id:id* role:text* name:text"),
        "account teams: roles filled or missing",
    ),
    Table(
        "competitors",
        "rival at an account",
        _columns(
            "account_id:id* competitor:text* category:text share_estimate:number<0..1> "
            "threat:number<1..5> note:text"
        ),
        "who courts the account",
    ),
    Table(
        "needs",
        "account × category",
        _columns(
            "account_id:id* category:text* annual_spend:money* attainable_share:number<0..1> "
            "probability:number<0..1> previous_supplier:text note:text"
        ),
        "share of wallet and opportunity volume",
        key=("account_id", "category"),
    ),
    Table(
        "prospects",
        "prospect",
        _columns(
            "prospect_id:id* name:text* need:number<1..10> solvency:number<1..10> "
            "authority:number<1..10> budget:money source:text current_supplier:text industry:text "
            "region:text"
        ),
        "prospects ranked by need, solvency and authority",
        key=("prospect_id",),
    ),
    Table(
        "losses",
        "recorded loss",
        _columns("account_id:id* lost_date:date* reason:text* note:text"),
        "reasons for losses, and losses nobody recorded",
        date="lost_date",
    ),
    Table(
        "offers",
        "win-back offer",
        _columns("offer:text* cost:money* reason:text return_probability:number<0..1>"),
        "the win-back list under a budget",
    ),
    Table(
        "programme_costs",
        "month",
        _columns("month:month* cost:money* note:text"),
        "the programme's return and payback",
        date="month",
    ),
    Table(
        "service_costs",
        "cost of serving an account",
        _columns("account_id:id* date:date* cost:money*"),
        "cost to serve over time, and margin after it where accounts have no yearly figure",
        date="date",
    ),
    Table(
        "skills",
        "manager × skill × date",
        _columns("manager_id:id* skill:text* rating:number*<1..5> assessed_date:date*"),
        "managers' competences and training needs",
        key=("manager_id", "skill", "assessed_date"),
        date="assessed_date",
    ),
]
CANONICAL: dict[str, Table] = {table.name: table for table in _ALL}
