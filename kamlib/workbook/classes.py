"""ABC-XYZ as live formulas over one row per account, limits in cells that a spreadsheet user can
change.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from xlsxwriter.utility import xl_col_to_name

from kamlib.period.months import trailing_months
from kamlib.segmentation.xyz import LEAST_ORDER_DAYS, variability_limits
from kamlib.words import phrase, say
from kamlib.workbook.blocks import Cells
from kamlib.workbook.cells import (
    cells_of,
    class_text,
    named_table,
    paint,
    printed,
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
    moved = say("moved")
    named_table(sheet, "accounts", headings, last, formats)
    cells, rows = Cells(sheet, formats), range(2, last + 2)

    def told(name: str) -> pd.Series:
        return classes.get(name, pd.Series(None, index=classes.index, dtype="object"))

    def measured(name: str, kind: str) -> list[str]:
        return cells.values(told(name), kind)

    def follows(formula: Callable[[int], str], name: str, kind: str = "class") -> list[str]:
        return cells.formulas(map(formula, rows), told(name), kind)

    published = told("abc_revenue").map(class_text, na_action=None)
    cell_class = published.astype("str") + told("xyz_frequency").map(class_text, na_action=None)
    filled = [
        *(measured(name, "text") for name in ("account_id", "name", "manager_name")),
        measured("revenue", "money"),
        measured("margin", "money"),
    ]
    for letter, here, abc in (("D", "F", "revenue"), ("E", "H", "margin")):
        held, of_class = _classed(letter, here, abc, last)
        before = _held_before(classes[abc])
        filled += [
            cells.formulas(map(held, rows), before, "money"),
            follows(of_class, f"abc_{abc}"),
        ]
    filled += [
        measured("active_month_count", "count"),
        measured("counted_month_count", "count"),
        follows(lambda at: f'=IF(K{at}>0,J{at}/K{at},"")', "active_month_share", "share"),
        follows(_often, "xyz_frequency"),
        measured("window_order_day_count", "count"),
        measured("first_order_month", "date"),
        follows(lambda at: _cv(f"{first_month}{at}:{last_month}{at}"), "cv", "number"),
        follows(_even, "xyz_variability"),
        cells.formulas((f"=G{at}&M{at}" for at in rows), cell_class, "class"),
        cells.values(published, "class"),
        cells.formulas((f'=IF(G{at}=S{at},"","{moved}")' for at in rows), [""] * last, "class"),
        *(cells.values(grid[month], "money") for month in grid),
    ]
    sheet.put_rows(1, filled)
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 2, 26)
    sheet.set_column(3, len(headings) - 1, 12)
    sheet.print_area(0, 0, last, len(_HEADINGS) - 1)  # the months are too many for paper
    for key, columns in (("ABC", (6, 8, 18)), ("XYZ", (12, 16))):
        for column in columns:
            for letter in key:
                paint(sheet, column, last, letter, formats)
    paint(sheet, 19, last, moved, formats, "moved")


def _classed(
    letter: str, here: str, abc: str, last: int
) -> tuple[Callable[[int], str], Callable[[int], str]]:
    """Return the formulas, by row, of what larger accounts hold and of the class by it."""
    values = f"${letter}$2:${letter}${last + 1}"

    def none(at: int) -> str:
        return f'OR({letter}{at}="",{letter}{at}<=0)'

    def held(at: int) -> str:
        return f'=IF({none(at)},"",ROUND(SUMPRODUCT(({values}>{letter}{at})*{values}),6))'

    def of_class(at: int) -> str:
        of_a, of_b = (f"{here}{at}<ROUND({limit}*total_{abc},6)" for limit in ("abc_a", "abc_b"))
        return f'=IF({none(at)},"",IF({of_a},"A",IF({of_b},"B","C")))'

    return held, of_class


def _new_or(at: int, formula: str) -> str:
    return f'=IF(O{at}="","",IF(O{at}>=new_from,"N",{formula}))'


def _often(at: int) -> str:
    return _new_or(at, f'IF(L{at}>=freq_x,"X",IF(L{at}>=freq_y,"Y","Z"))')


def _even(at: int) -> str:
    by_spread = f'IF(P{at}<=cv_x,"X",IF(P{at}<=cv_y,"Y","Z"))'
    return _new_or(at, f'IF(OR(N{at}<least_days,P{at}=""),"",{by_spread})')


def _cv(run: str) -> str:
    spread = f"ROUND(_xlfn.STDEV.S({run})/AVERAGE({run}),9)"
    return f'=IF(COUNT({run})<2,"",IF(AVERAGE({run})<=0,"",{spread}))'


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
