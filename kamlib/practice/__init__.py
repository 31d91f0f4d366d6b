"""Practice companies: fictional companies of any size in which the truth is known (M37).

A company is simulated first (`world`: accounts, order days, deliveries, mistakes, leaving, values,
lines) and written down afterwards as the canonical tables of a book. What was planted is in its
`truth`.
"""

from kamlib.practice.activity import Activity, activity
from kamlib.practice.books import BOOKS
from kamlib.practice.cast import STORIES, read_story, told_stories
from kamlib.practice.company import ACCOUNTS, SAMPLE_SEED, Company, company, write_company
from kamlib.practice.leavers import found_leavers, leaver_score

__all__ = [
    "ACCOUNTS",
    "BOOKS",
    "SAMPLE_SEED",
    "STORIES",
    "Activity",
    "Company",
    "activity",
    "company",
    "found_leavers",
    "leaver_score",
    "read_story",
    "told_stories",
    "write_company",
]
