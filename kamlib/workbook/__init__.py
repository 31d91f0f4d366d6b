"""The workbook of a period: classes and scores as live formulas that a spreadsheet user can play
with.

Formulas keep to what every spreadsheet program knows (no XLOOKUP, FILTER or LET) and look only at
their own row and at whole columns, so that sorting a sheet breaks nothing. Text from data is
written as text: never a formula, never a link. The same tables give the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from kamlib.book import BookSettings
from kamlib.words import phrase, say
from kamlib.workbook.blocks import Sheet, cell_text
from kamlib.workbook.cells import formats_of, printed, put, sheet_name
from kamlib.workbook.classes import write_accounts, write_limits, write_matrix
from kamlib.workbook.lists import write_below, write_list
from kamlib.workbook.scoring import write_scoring

CORE = (
    "account_classes",
    "account_months",
    "criterion_scores",
    "account_scores",
    "account_actions",
    "account_status",
    "calendar",
    "calendar_by_owner",
    "account_health",
    "category_alerts",
    "account_alerts",
    "win_back",
    "key_figures",
)
"""What the workbook of a period holds, so that it prints in few pages; other lists are details."""
_LISTS = {
    "account_actions": (
        phrase("What to do"),
        "account_actions",
        phrase("The one thing to do about each account, the most pressing first."),
    ),
    "account_status": (
        phrase("Retention"),
        "retention",
        phrase("Accounts by status: who is silent, since when, what it is worth."),
    ),
    "calendar": (
        phrase("Calendar"),
        "calendar",
        phrase("What is due in the next 180 days, and what was due and is not done."),
    ),
    "open_deals": (phrase("Open deals"), "open_deals", phrase("Open deals by stage and age.")),
    "win_rates": (
        phrase("Win rates"),
        "win_rates",
        phrase("Deals decided in two years by rival, manager, category, size and reason."),
    ),
    "category_map": (
        phrase("Map"),
        "category_map",
        phrase("Accounts by category: bought, once bought, needed, held by whom, in reach."),
    ),
    "return_per_account": (
        phrase("Return"),
        "return_per_account",
        phrase("Margin of each account less what its care costs."),
    ),
    "service_creep": (
        phrase("Service creep"),
        "service_creep",
        phrase(
            "Hours of contacts, order days, credits, requests and booked costs per 10,000 of "
            "revenue, three years."
        ),
    ),
    "manager_potential": (
        phrase("Potential"),
        "manager_potential",
        phrase("Managers' revenue beside what the accounts they hold could bring."),
    ),
    "status_offers": (
        phrase("Status"),
        "status_offers",
        phrase("Candidates: what key-account status would cost, and what it could bring."),
    ),
    "feedback_topics": (
        phrase("Voice"),
        "feedback_topics",
        phrase("What clients asked for, unanswered first."),
    ),
    "event_outcomes": (
        phrase("Events"),
        "event_outcomes",
        phrase("Events at clients: revenue before and after, beside like accounts."),
    ),
    "sponsor_activity": (
        phrase("Sponsors"),
        "sponsor_activity",
        phrase("How often the top people of accounts were met."),
    ),
    "measured_objectives": (
        phrase("Measured objectives"),
        "measured_objectives",
        phrase("Objectives of account plans that are measured from data."),
    ),
    "bonus_brackets": (
        phrase("Bonus"),
        "bonus_brackets",
        phrase("Bonus thresholds of agreements in force: reached, missing, within reach."),
    ),
    "price_realisation": (
        phrase("Prices"),
        "price_realisation",
        phrase(
            "What accounts pay of the book's median price, and what accounts of their size pay."
        ),
    ),
    "account_health": (
        phrase("Health"),
        "account_health",
        phrase("Health of accounts and its parts, 0 to 100, the poorest first."),
    ),
    "category_alerts": (
        phrase("Falling"),
        "category_alerts",
        phrase("Categories that active accounts stopped or cut, beyond what chance explains."),
    ),
    "account_alerts": (
        phrase("Falling accounts"),
        "account_alerts",
        phrase("Active accounts that buy less of everything, beyond what chance explains."),
    ),
    "category_falls": (
        phrase("To ask about"),
        "category_falls",
        phrase("Categories down by over 60 % at active accounts that chance may explain."),
    ),
    "revenue_by": (
        phrase("Revenue by"),
        "revenue_by",
        phrase(
            "Revenue of the period and of what it is compared with, by every dimension of the book."
        ),
    ),
    "win_back": (
        phrase("Win-back"),
        "win_back",
        phrase("Lost accounts worth winning back, within the budget."),
    ),
    "key_figures": (
        phrase("Key figures"),
        "key_figures",
        phrase("The figures of the period and what they are compared with."),
    ),
}
_BELOW = {
    "revenue_by": ("revenue_by_two", phrase("Two dimensions crossed")),
    "category_map": ("rivals", phrase("Rivals across accounts")),
    "calendar": ("calendar_by_owner", phrase("The same by owner, counted")),
    "price_realisation": (
        "price_erosion",
        phrase("Accounts whose prices fell in two years running"),
    ),
}
"""Lists that stand below another on its sheet, and are not printed."""
TABLES = (
    "account_classes",
    "criterion_scores",
    "account_scores",
    *_LISTS,
    *(name for name, _ in _BELOW.values()),
)
"""What the two workbooks of a period are made of."""


_CUT = phrase("Texts longer than 32,767 characters are cut here; the CSV files hold them whole.")
_ABOUT = (
    phrase(
        "Yellow cells are yours to change: limits of the classes on 'Limits', weights on 'Scoring'."
    ),
    phrase(
        "Classes, scores and ranks follow at once; 'in the report' columns keep what was published."
    ),
    phrase(
        "A class is decided by the share of revenue held by the accounts before the account; "
        "equal accounts share a class; accounts at zero or less have none."
    ),
    phrase("Months before an account's first order are blank and do not count."),
    phrase(
        "Texts longer than 32,767 characters are cut here; the CSV files hold them whole. Of long "
        "lists the first rows are printed."
    ),
)
"""What the first sheet says, of the workbook with formulas and of one of lists alone."""
_DETAILS = (
    phrase("Lists for looking up; what to do with them stands in the workbook beside this."),
    _CUT,
)


def write_workbook(
    tables: Mapping[str, pd.DataFrame],
    path: Path,
    *,
    book: BookSettings,
    as_of: pd.Timestamp,
    period: str = "",
) -> Path:
    """Write the workbook of a period and return its path.

    Parameters
    ----------
    tables
        By name, each optional: `account_classes` and `account_months` (ABC-XYZ as formulas),
            `criterion_scores` and
        `account_scores` (scoring with weights to play with), `account_actions`, `account_status`,
            `win_back`, `key_figures` (lists).
    path
        Where to write.
    book
        The book's settings: title, currency, limits of the classes.
    as_of
        The last day of the period.
    period
        The period's label.
    """
    made = datetime(as_of.year, as_of.month, as_of.day)  # never the clock: the same bytes
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
        "default_date_format": "yyyy-mm-dd",
    }
    workbook = xlsxwriter.Workbook(str(path), options)
    workbook.worksheet_class = Sheet
    workbook.set_properties(
        {"title": cell_text(book.title), "subject": period, "created": made, "author": "kamlib"}
    )
    workbook.set_calc_mode("auto")
    formats = formats_of(workbook)
    classes = tables.get("account_classes")
    lines = _ABOUT if classes is not None else _DETAILS
    write_read_me(workbook, formats, book, as_of, period, lines)
    if classes is not None and len(classes):
        write_limits(workbook, formats, classes, book.segmentation, as_of)
        months, window = tables.get("account_months"), book.segmentation.window_months
        write_accounts(workbook, formats, classes, months, window_months=window, as_of=as_of)
        write_matrix(workbook, formats, classes)
    scores = tables.get("criterion_scores")
    if scores is not None and len(scores):
        write_scoring(workbook, formats, scores, tables.get("account_scores"))
    for name, (title, table_name, says) in _LISTS.items():
        if name in tables and len(tables[name]):
            sheet = write_list(workbook, formats, tables[name], title, table_name, says, book)
            below, called = _BELOW.get(name, ("", ""))
            if below in tables and len(tables[below]):
                top = len(tables[name]) + 6
                write_below(sheet, formats, tables[below], below, called, top, book)
    _list_sheets(workbook, formats)
    workbook.close()
    return path


def _list_sheets(workbook: Any, formats: dict[str, Any]) -> None:
    """List the sheets on the first, each a link."""
    first, *others = workbook.worksheets()
    for row, sheet in enumerate(others, start=9):
        name = sheet.get_name()
        first.write_url(row, 0, f"internal:'{name}'!A1", formats["text"], string=name)


def write_read_me(
    workbook: Any,
    formats: dict[str, Any],
    book: BookSettings,
    as_of: pd.Timestamp,
    period: str,
    lines: Sequence[str],
) -> None:
    """Write what the workbook is and what may be changed."""
    sheet = workbook.add_worksheet(sheet_name(phrase("Read me")))
    sheet.hide_gridlines(2)
    printed(sheet)
    sheet.set_column(0, 0, 100)
    put(sheet, 0, 0, book.title, "title", formats)
    said = say(
        "{period}, as of {as_of}. Money in {currency}.",
        period=period,
        as_of=as_of.date().isoformat(),
        currency=book.currency,
    )
    put(sheet, 1, 0, said, "quiet", formats)
    for row, line in enumerate(lines, start=3):
        sheet.write_string(row, 0, say(line), formats["text"])
