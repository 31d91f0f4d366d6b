"""ABC-XYZ as live formulas over one row per account, limits in cells that a spreadsheet user can
change.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from xlsxwriter.utility import xl_col_to_name

from kamlib.period.months import trailing_months
from kamlib.segmentation.xyz import LEAST_ORDER_DAYS, variability_limits
from kamlib.words import phrase, say
from kamlib.workbook.cells import (
    cells_of,
    class_text,
    named_table,
    paint,
    printed,
    put,
    put_formula,
    sheet_name,
)

_HEADINGS = (
    phrase("Account"),
    phrase("Name"),
    phrase("Owner"),
    phrase("Revenue"),
    phrase("Margin"),
    phrase("Held by larger, revenue"),
    phrase("ABC revenue"),
    phrase("Held by larger, margin"),
    phrase("ABC margin"),
    phrase("Months with orders"),
    phrase("Months counted"),
    phrase("Active share"),
    phrase("XYZ frequency"),
    phrase("Order days"),
    phrase("First order"),
    "CV",
    phrase("XYZ variability"),
    phrase("Cell"),
    phrase("ABC in the report"),
    phrase("Changed"),
)


def write_limits(
    workbook: Any,
    formats: dict[str, Any],
    classes: pd.DataFrame,
    segmentation: Any,
    as_of: pd.Timestamp,
) -> None:
    """Write the limits of the classes into named cells that a user can change."""
    sheet = workbook.add_worksheet(sheet_name(phrase("Limits")))
    printed(sheet)
    sheet.set_column(0, 0, 62)
    sheet.set_column(1, 1, 14)
    sheet.write_string(0, 0, say("Limits of the classes"), formats["title"])
    steady, uneven = variability_limits(segmentation.xyz_variability)
    limits: list[tuple[str, str, float]] = [
        (say("A while the share before the account is below"), "abc_a", segmentation.abc[0]),
        (say("B while it is below"), "abc_b", segmentation.abc[1]),
        (
            say("X (often): share of months with an order, at least"),
            "freq_x",
            segmentation.xyz_frequency[0],
        ),
        (say("Y (regularly): at least"), "freq_y", segmentation.xyz_frequency[1]),
        (say("X (even): coefficient of variation, at most"), "cv_x", steady),
        (say("Y (uneven): at most"), "cv_y", uneven),
        (say("No class by variability below this many order days"), "least_days", LEAST_ORDER_DAYS),
    ]
    for row, (says, name, value) in enumerate(limits, start=2):
        sheet.write_string(row, 0, says, formats["text"])
        sheet.write_number(row, 1, value, formats["input_number"])
        workbook.define_name(name, f"={cells_of('Limits')}$B${row + 1}")
    row = len(limits) + 2
    sheet.write_string(
        row, 0, say("N (new): first order in a month that ends on or after"), formats["text"]
    )
    young = trailing_months(as_of, segmentation.young_months)
    new_from = young[0] if len(young) else as_of + pd.Timedelta(days=1)
    sheet.write_datetime(row, 1, new_from.to_pydatetime(), formats["input_date"])
    workbook.define_name("new_from", f"={cells_of('Limits')}$B${row + 1}")
    for place, (key, letter) in enumerate((("revenue", "D"), ("margin", "E")), start=row + 2):
        values = f"{cells_of('Accounts')}${letter}$2:${letter}${len(classes) + 1}"
        total = float(classes[key].clip(lower=0).sum())
        sheet.write_string(
            place, 0, say("Sum of positive {key} (computed)", key=say(key)), formats["text"]
        )
        put_formula(sheet, place, 1, f'=SUMIF({values},">0")', total, "money", formats)
        workbook.define_name(f"total_{key}", f"={cells_of('Limits')}$B${place + 1}")


def write_accounts(
    workbook: Any,
    formats: dict[str, Any],
    classes: pd.DataFrame,
    months: pd.DataFrame | None,
    *,
    window_months: int,
    as_of: pd.Timestamp,
) -> None:
    """Write one row per account: what was measured, the months, and the classes as formulas over
    them.
    """
    sheet = workbook.add_worksheet(sheet_name("Accounts"))
    grid = _month_grid(classes, months, as_of, window_months)
    headings = [*map(say, _HEADINGS), *(f"{day:%Y-%m}" for day in grid.columns)]
    last = len(classes)
    first_month, last_month = (
        xl_col_to_name(len(_HEADINGS) + k) for k in (0, len(grid.columns) - 1)
    )
    revenues, margins = f"$D$2:$D${last + 1}", f"$E$2:$E${last + 1}"
    moved = say("moved")
    named_table(sheet, "accounts", headings, last, formats)
    before = {key: _held_before(classes[key]) for key in ("revenue", "margin")}
    for row, account in enumerate(classes.to_dict("records"), start=1):
        at = row + 1
        for column, key in enumerate(("account_id", "name", "manager_name")):
            put(sheet, row, column, account.get(key), "text", formats)
        put(sheet, row, 3, account["revenue"], "money", formats)
        put(sheet, row, 4, account.get("margin"), "money", formats)
        for column, values, letter, abc in (
            (5, revenues, "D", "revenue"),
            (7, margins, "E", "margin"),
        ):
            own = f"{letter}{at}"
            none = f'OR({own}="",{own}<=0)'
            held = f'=IF({none},"",ROUND(SUMPRODUCT(({values}>{own})*{values}),6))'
            put_formula(sheet, row, column, held, before[abc].iloc[row - 1], "money", formats)
            here = f"{xl_col_to_name(column)}{at}"
            of_a, of_b = (f"{here}<ROUND({limit}*total_{abc},6)" for limit in ("abc_a", "abc_b"))
            formula = f'=IF({none},"",IF({of_a},"A",IF({of_b},"B","C")))'
            put_formula(
                sheet, row, column + 1, formula, account.get(f"abc_{abc}"), "class", formats
            )
        put(sheet, row, 9, account.get("active_month_count"), "count", formats)
        put(sheet, row, 10, account.get("counted_month_count"), "count", formats)
        put_formula(
            sheet,
            row,
            11,
            f'=IF(K{at}>0,J{at}/K{at},"")',
            account.get("active_month_share"),
            "share",
            formats,
        )
        new = f'=IF(O{at}="","",IF(O{at}>=new_from,"N",{{}}))'
        often = new.format(f'IF(L{at}>=freq_x,"X",IF(L{at}>=freq_y,"Y","Z"))')
        put_formula(sheet, row, 12, often, account.get("xyz_frequency"), "class", formats)
        put(sheet, row, 13, account.get("window_order_day_count"), "count", formats)
        put(sheet, row, 14, account.get("first_order_month"), "date", formats)
        run = f"{first_month}{at}:{last_month}{at}"
        spread = f"ROUND(_xlfn.STDEV.S({run})/AVERAGE({run}),9)"
        cv = f'=IF(COUNT({run})<2,"",IF(AVERAGE({run})<=0,"",{spread}))'
        put_formula(sheet, row, 15, cv, account.get("cv"), "number", formats)
        even = f'IF(OR(N{at}<least_days,P{at}=""),"",IF(P{at}<=cv_x,"X",IF(P{at}<=cv_y,"Y","Z")))'
        put_formula(
            sheet, row, 16, new.format(even), account.get("xyz_variability"), "class", formats
        )
        cell_class = "".join(
            class_text(account.get(key)) for key in ("abc_revenue", "xyz_frequency")
        )
        put_formula(sheet, row, 17, f"=G{at}&M{at}", cell_class, "class", formats)
        put(sheet, row, 18, class_text(account.get("abc_revenue")), "class", formats)
        put_formula(sheet, row, 19, f'=IF(G{at}=S{at},"","{moved}")', "", "class", formats)
        for column, value in enumerate(grid.iloc[row - 1], start=len(_HEADINGS)):
            put(sheet, row, column, value, "money", formats)
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 2, 26)
    sheet.set_column(3, len(headings) - 1, 12)
    sheet.print_area(0, 0, last, len(_HEADINGS) - 1)  # the months are too many for paper
    for key, columns in (("ABC", (6, 8, 18)), ("XYZ", (12, 16))):
        for column in columns:
            for letter in key:
                paint(sheet, column, last, letter, formats)
    paint(sheet, 19, last, moved, formats, "moved")


def _month_grid(
    classes: pd.DataFrame, months: pd.DataFrame | None, as_of: pd.Timestamp, window_months: int
) -> pd.DataFrame:
    """Return accounts × months of revenue, in the order of `classes`; months that do not count are
    missing.
    """
    days = trailing_months(as_of, window_months)
    rows = (
        months[months["month"].isin(days)]
        if months is not None
        else pd.DataFrame(columns=["account_id", "month", "revenue"])
    )
    grid = rows.pivot_table(index="account_id", columns="month", values="revenue", aggfunc="sum")
    grid = grid.reindex(index=classes["account_id"], columns=days).fillna(0.0)
    counted = classes["counted_month_count"].to_numpy()[:, None]
    place = pd.RangeIndex(len(days)).to_numpy()[None, :]
    return grid.where(place >= len(days) - counted)


def write_matrix(workbook: Any, formats: dict[str, Any], classes: pd.DataFrame) -> None:
    """Write accounts and revenue by cell of the matrix, counted from the classes as they stand."""
    sheet = workbook.add_worksheet(sheet_name(phrase("Matrix")))
    last, own = len(classes) + 1, cells_of("Accounts")
    blocks = (
        (say("frequency: how often they order"), "M", "xyz_frequency"),
        (say("variability: how evenly"), "Q", "xyz_variability"),
    )
    printed(sheet)
    sheet.set_column(0, 0, 24)
    for block, (says, letter, key) in enumerate(blocks):
        top = block * 12
        sheet.write_string(
            top, 0, say("ABC by revenue × XYZ by {says}", says=says), formats["title"]
        )
        for offset, kind in ((0, say("Accounts")), (6, say("Revenue"))):
            left = 0 if offset == 0 else 6
            sheet.write_string(top + 1, left, kind, formats["heading"])
            for column, xyz in enumerate("XYZN", start=left + 1):
                sheet.write_string(top + 1, column, xyz, formats["heading"])
            for row, abc in enumerate("ABC", start=top + 2):
                sheet.write_string(row, left, abc, formats["heading"])
                for column, xyz in enumerate("XYZN", start=left + 1):
                    where = f'{own}$G$2:$G${last},"{abc}",{own}${letter}$2:${letter}${last},"{xyz}"'
                    here = classes[classes["abc_revenue"].eq(abc) & classes[key].eq(xyz)]
                    if offset == 0:
                        put_formula(
                            sheet, row, column, f"=COUNTIFS({where})", len(here), "count", formats
                        )
                    else:
                        sums = f"=SUMIFS({own}$D$2:$D${last},{where})"
                        put_formula(
                            sheet, row, column, sums, float(here["revenue"].sum()), "money", formats
                        )
    sheet.set_column(6, 10, 14)


def _held_before(values: pd.Series) -> pd.Series:
    """Return the sum of the values above each positive one.

    >>> _held_before(pd.Series([5.0, 3.0, 3.0, -1.0])).tolist()
    [0.0, 5.0, 5.0, nan]
    """
    by_size = values[values > 0].groupby(values).sum().sort_index(ascending=False)
    above = by_size.cumsum().shift(fill_value=0.0).round(6)
    return values.map(above).astype("float64")
