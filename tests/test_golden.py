"""Golden tables: what the sample book's report for 2025-Q3 said when last read and agreed to.

Figures may differ by 1e-9 of their size, texts and dates by nothing. After a change that is meant:
``python -m pytest tests/test_golden.py --rewrite-golden``, then read the difference before
committing it.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

GOLDEN = Path(__file__).parent / "golden"
KEYS = {
    "account_classes": ["account_id"],
    "account_scores": ["account_id"],
    "account_status": ["account_id"],
    "class_moves": ["account_id"],
    "cohort_retention": ["cohort", "months_since"],
    "concentration": ["scope"],
    "intake": ["table", "reason"],
    "key_figures": ["figure", "scope"],
    "loss_dynamics": ["month"],
    "revenue_bridge": ["scope", "step"],
    "score_stability": ["account_id"],
    "survival": ["dimension", "group", "duration_days"],
    "tier_decisions": ["account_id"],
    "win_back": ["account_id"],
}
"""Table → the columns that name its row: golden files are sorted by them, so that a difference
stays short.
"""


def read(path: Path, key: list[str]) -> pd.DataFrame:
    """A table as text, sorted by its key; every key stands there once."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    assert not table.duplicated(key).any(), f"{path.name}: a row twice"
    return table.sort_values(key, kind="stable").reset_index(drop=True)


def differences(now: pd.DataFrame, golden: pd.DataFrame, key: list[str]) -> list[str]:
    """Every cell that differs, in words; figures may differ by 1e-9 of their size."""
    if list(now.columns) != list(golden.columns):
        return [f"columns {list(now.columns)}, golden {list(golden.columns)}"]
    rows = [set(map(tuple, table[key].to_numpy())) for table in (now, golden)]
    found = [f"row {row} is new" for row in sorted(rows[0] - rows[1])]
    found += [f"row {row} is gone" for row in sorted(rows[1] - rows[0])]
    if found:
        return found
    for column in now.columns:
        numbers = [pd.to_numeric(table[column], errors="coerce") for table in (now, golden)]
        room = 1e-9 * numbers[1].abs().clip(lower=1)
        same = now[column].eq(golden[column]) | (numbers[0] - numbers[1]).abs().le(room)
        for row in now.index[~same]:
            name = ", ".join(now.loc[row, key])
            found.append(
                f"{name}: {column} {now.loc[row, column]!r}, golden {golden.loc[row, column]!r}"
            )
    return found


@pytest.mark.parametrize("name", KEYS)
def test_a_table_of_the_sample_is_its_golden_one(name, sample_report, request):
    now = read(sample_report.folder / "tables" / f"{name}.csv", KEYS[name])
    file = GOLDEN / f"{name}.csv"
    if request.config.getoption("--rewrite-golden"):
        GOLDEN.mkdir(exist_ok=True)
        now.to_csv(file, index=False, lineterminator="\n", encoding="utf-8")
    found = differences(now, read(file, KEYS[name]), KEYS[name])
    assert not found, "\n".join([f"{len(found)} differences in {name}:", *found[:20]])


def test_there_is_no_golden_file_without_a_test():
    assert {file.stem for file in GOLDEN.glob("*")} == set(KEYS)


def test_a_difference_is_noticed_and_rounding_is_not():
    golden = pd.DataFrame(
        {"account_id": ["A", "B"], "revenue": ["1000000", "0.5"], "status": ["active", ""]}
    )
    near = golden.assign(revenue=["1000000.0005", "0.5"])
    assert differences(near, golden, ["account_id"]) == []
    far = golden.assign(revenue=["1000000.01", "0.5"], status=["active", "lost"])
    assert differences(far, golden, ["account_id"]) == [
        "A: revenue '1000000.01', golden '1000000'",
        "B: status 'lost', golden ''",
    ]
    assert differences(golden.head(1), golden, ["account_id"]) == ["row ('B',) is gone"]
    assert differences(golden.drop(columns="status"), golden, ["account_id"])[0].startswith(
        "columns"
    )
