"""Objectives measured from data: checked when the plan is read, and read from orders by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from kamlib.dossier.measured import measured_objectives
from kamlib.dossier.plans import read_plan
from kamlib.errors import KamError
from kamlib.tables import empty_table, shaped

AS_OF = pd.Timestamp("2025-12-31")
PLAN = """account_id = "A"
[[objectives]]
id = "O1"
horizon = "short"
text = "more drives"
owner = "Ines"
due = 2026-06-30
"""


def plan(tmp_path, lines: str):
    file = tmp_path / "A.toml"
    file.write_text(PLAN + lines, encoding="utf-8")
    return file


def test_the_state_is_read_from_orders(tmp_path):
    file = plan(tmp_path, 'measure = "category_share:Drives"\ntarget = 0.5\n')
    day = {"account_id": "A", "month": AS_OF.as_unit("us")}
    months = shaped("account_months", {**day, "revenue": [200.0]})
    goods = pd.DataFrame({**day, "category": ["Drives", "Tools"], "revenue": [50.0, 150.0]})
    table = measured_objectives(
        months, goods, shaped("deliveries", []), empty_table("interactions"),
        shaped("accounts", {"account_id": ["A"], "name": ["Ada"]}), plans={"A": file}, as_of=AS_OF,
    )  # fmt: skip
    assert table[["value", "target_value", "reached_share"]].values.tolist() == [[0.25, 0.5, 0.5]]
    assert table["year_ago_value"].isna().all()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('measure = "shares"\ntarget = 0.5\n', "no measure 'shares'"),
        ('measure = "on_time:Drives"\ntarget = 0.5\n', "are of a category"),
        ('measure = "category_share"\ntarget = 0.5\n', "are of a category"),
        ('measure = "revenue"\ntarget = "a lot"\n', "a target that is a number"),
    ],
)
def test_a_measure_that_cannot_be_is_said_when_the_plan_is_read(tmp_path, lines, said):
    with pytest.raises(KamError, match=said):
        read_plan(plan(tmp_path, lines))
