"""Scoring with weights to play with: score and rank follow the weights."""

from __future__ import annotations

from typing import Any

import pandas as pd
from xlsxwriter.utility import xl_col_to_name

from kamlib.words import say
from kamlib.workbook.blocks import Cells, cell_text
from kamlib.workbook.cells import (
    named_table,
    put,
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
    cells, own = Cells(sheet, formats), known.reindex(order)
    runs = [f"{left}{at}:{right}{at}" for at in range(5, last + 5)]
    present = [f"SUMPRODUCT({weighted},--ISNUMBER({run}))" for run in runs]
    scored = [
        f'=IF({there}<=0,"",ROUND(SUMPRODUCT({weighted},{run})/{there},9))'
        for there, run in zip(present, runs, strict=True)
    ]
    ranks = [f'=IF(C{at}="","",RANK(C{at},$C$5:$C${last + 4}))' for at in range(5, last + 5)]
    nothing = pd.Series(None, index=own.index, dtype="object")
    sheet.put_rows(
        4,
        [
            cells.values(pd.Series(order, dtype="str"), "text"),
            cells.values(own.get("name", nothing), "text"),
            cells.formulas(scored, own.get("score", nothing), "number"),
            cells.formulas(ranks, own.get("rank", nothing), "count"),
            *(cells.values(grid[criterion], "number") for criterion in grid),
            cells.values(own.get("rank", nothing), "count"),
        ],
    )
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 1, 30)
    sheet.set_column(2, 4 + len(weights), 13)
