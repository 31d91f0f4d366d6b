"""The book.toml of a practice company."""

from __future__ import annotations

MARGIN_LIMITS = (5000, 10000, 18000, 28000, 40000, 55000, 75000, 100000, 150000)
DEFINITION = (
    "A customer that will be worth more to us than its orders of today: it scores above the line in two quarters "
    "running, and the steering group agrees. Revenue alone makes no key account."
)
BOOK = """\
# The book of a fictional company. Its data come from `kam practice`, with known truth in truth/truth.csv.
# Everything but the title may be left out; each default is the one of the definitions.
title = "Meridian Supply"
currency = "EUR"

# What a key account is in this company: printed in every report, the same for every account.
[key_accounts]
definition = "{definition}"
version = "2023-1"
min_score = 6.5                   # admission line; or top_n = 15

# Three to five criteria, 1 to 10 points each, weights that sum to 1. The anchors are fixed: nine limits from
# which the scores 2 to 10 are given. So a new account never changes another account's score.
[[scoring.criteria]]
name = "growth"                   # revenue of the window against the window before
measure = "growth"
weight = 0.15
side = "attractiveness"
anchors = [-0.30, -0.20, -0.10, -0.03, 0.03, 0.08, 0.15, 0.25, 0.40]

[[scoring.criteria]]
name = "margin"                   # revenue less cost of the window, in euros: limits fit for this company's size
measure = "margin"
weight = 0.30
side = "attractiveness"
anchors = [{anchors}]

[[scoring.criteria]]
name = "regularity"               # how evenly it orders
measure = "regularity"
weight = 0.10
side = "strength"

[[scoring.criteria]]
name = "share of wallet"          # our revenue / what they spend in all (table needs)
measure = "share_of_wallet"
weight = 0.15
side = "strength"

[[scoring.criteria]]
name = "strategic fit"            # judged by people: table judgements
judged = true
weight = 0.30
side = "attractiveness"
[scoring.criteria.texts]
"1" = "one-off business, nothing to learn"
"5" = "useful customer in a market we know"
"8" = "leads its industry, or opens a new one to us"
"10" = "shapes our own product range with us"

# When is a customer lost? In multiples of its own usual gap between order days.
[loss]
overdue = 2.0
lost = 3.0
min_silence_days = 90

# Money for offers to those we want back.
[win_back]
budget = 6000
"""


def book_text(size: float = 1.0) -> str:
    """The book.toml: title, definition of a key account, scoring, loss rule and win-back budget.

    `size`: how large an account is on average, as a multiple of Meridian's; the limits of the margin go with it.
    """
    anchors = ", ".join(f"{float(f'{limit * size:.2g}'):.10g}" for limit in MARGIN_LIMITS)
    return BOOK.replace("{definition}", DEFINITION).replace("{anchors}", anchors)
