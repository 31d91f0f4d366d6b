"""Scoring with weights to play with: score and rank follow the weights."""

from __future__ import annotations

from typing import Any

import pandas as pd
from xlsxwriter.utility import xl_col_to_name

from kamlib.words import say
from kamlib.workbook.cells import (
    cell_text,
    named_table,
    put,
    put_formula,
    sheet_name,
    unique_headings,
)


def write_scoring(
    workbook: Any, formats: dict[str, Any], scores: pd.DataFrame, ranked: pd.DataFrame | None
) -> None:
    """Write accounts × criteria with the weights above: score and rank follow the weights."""
    sheet = workbook.add_worksheet(sheet_name("Scoring"))
    weights = scores.drop_duplicates("criterion").set_index("criterion")["weight"]
    grid = scores.drop_duplicates(["account_id", "criterion"]).pivot(
        index="account_id", columns="criterion", values="score"
    )
    known = ranked.set_index("account_id") if ranked is not None else pd.DataFrame()
    order = [a for a in known.index if a in grid.index] if len(known) else list(grid.index)
    grid = grid.reindex(index=order, columns=weights.index)
    put(
        sheet,
        0,
        0,
        say("Weights (change the yellow cells; they need not sum to 1)"),
        "quiet",
        formats,
    )
    left, right = (xl_col_to_name(4 + k) for k in (0, len(weights) - 1))
    for column, weight in enumerate(weights, start=4):
        sheet.write_number(1, column, float(weight), formats["input_number"])
    criteria = unique_headings([cell_text(criterion) for criterion in weights.index])
    headings = [
        say("Account"),
        say("Name"),
        say("Score"),
        say("Rank"),
        *criteria,
        say("Rank in the report"),
    ]
    last = len(order)
    named_table(sheet, "scoring", headings, last, formats, top=3)
    weighted = f"${left}$2:${right}$2"
    for row, account in enumerate(order, start=4):
        at = row + 1
        run = f"{left}{at}:{right}{at}"
        own = known.loc[account] if account in known.index else {}
        put(sheet, row, 0, account, "text", formats)
        put(sheet, row, 1, own.get("name"), "text", formats)
        present = f"SUMPRODUCT({weighted},--ISNUMBER({run}))"
        score = f'=IF({present}<=0,"",ROUND(SUMPRODUCT({weighted},{run})/{present},9))'
        put_formula(sheet, row, 2, score, own.get("score"), "number", formats)
        rank = f'=IF(C{at}="","",RANK(C{at},$C$5:$C${last + 4}))'
        put_formula(sheet, row, 3, rank, own.get("rank"), "count", formats)
        for column, value in enumerate(grid.loc[account], start=4):
            put(sheet, row, column, value, "number", formats)
        put(sheet, row, 4 + len(weights), own.get("rank"), "count", formats)
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 1, 30)
    sheet.set_column(2, 4 + len(weights), 13)
