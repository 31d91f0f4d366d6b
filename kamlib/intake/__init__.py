"""From text to canonical tables: every row is used, or listed with the reason it was not.

All reading happens inside the engine. Order lines stay there (:mod:`kamlib.period.activity` condenses
them); the other tables are small and come back as frames.
"""

from kamlib.intake.account import control_totals, row_account, set_aside_rows
from kamlib.intake.book import Intake, read_book
from kamlib.intake.notices import Notice
from kamlib.intake.plans import plans_of

__all__ = [
    "Intake",
    "Notice",
    "control_totals",
    "plans_of",
    "read_book",
    "row_account",
    "set_aside_rows",
]
