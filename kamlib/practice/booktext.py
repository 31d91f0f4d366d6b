"""The book.toml of a practice company: it uses or explains every setting that there is."""

from __future__ import annotations

MARGIN_LIMITS = (5000, 10000, 18000, 28000, 40000, 55000, 75000, 100000, 150000)
DEFINITION = (
    "A customer that will be worth more to us than its orders of today: it scores above the line in two quarters "
    "running, and the steering group agrees. Revenue alone makes no key account."
)
BOOK = """\
# The book of a fictional company. Its data come from `kam practice`, with known truth in truth/truth.csv.
# Everything but the title may be left out. A line that begins with # and no space is a setting left at its
# default: take the # away to change it. Shares and rates are written 0 to 1.
title = "Meridian Supply"
currency = "EUR"
#locale = "en"                    # how numbers and dates are written: en, de, fr …
#complete_to = 2025-12-31         # the data are complete up to this day; without it the last order day counts

[fiscal_year]
#first_month = 1                  # 4: the fiscal year begins in April and is named for the year in which it ends

# How the CSV files are written. What could be read in two ways is refused, never guessed.
[input]
#encoding = "utf-8"
#delimiter = ","                  # without it: found from the file
#decimal = "."                    # "," for 1.234,56; without it: found from the file
#date_format = "%Y-%m-%d"         # such as "%d.%m.%Y"
#time_zone = "UTC"                # of times of day that carry a zone: they become days of this place
#duplicates = "accept"            # "set aside": a line that repeats another one is a mistake
#fold_case = false                # true: "acme" and "ACME" are the same account
#largest_file_mb = 2000           # a larger file is refused

# Columns that have other names in your files, table by table: [columns.orders], then account_id = "Customer No".
[columns]

# What a key account is in this company: printed in every report, the same for every account.
[key_accounts]
definition = "{definition}"
version = "2023-1"
min_score = 6.5                   # admission line; or a number of places: top_n = 15
#at_most = 20                     # without the table tiers: the largest A accounts, at most so many, provisionally

# Classes of accounts by revenue (ABC), by how often and how evenly they order (XYZ).
[segmentation]
#window_months = 12
#abc = [0.80, 0.95]               # A while the share before the account is below the first, B below the second
#xyz_frequency = [0.75, 0.3333333333333333]  # share of months with an order: X from the first on, Y from the second
#xyz_variability = "customer"     # CV of monthly revenue: "customer" 0.5/1.0, "classic" 0.10/0.25, or two limits
#young_months = 6                 # an account younger than this is N (new)
#breadwinner_share = 0.10         # of the company's profit: from here on an account is a breadwinner
#rfm = "ranks"                    # "rfm": cut-offs and segments of R's package rfm
[segmentation.treatments]         # your own words for a cell of the matrix
AX = "Plan together: named manager, yearly plan, delivery promise in writing"
CZ = "Web shop and phone; no visits"

# Three to five criteria, 1 to 10 points each, weights that sum to 1. The anchors are fixed: nine limits from
# which the scores 2 to 10 are given. So a new account never changes another account's score.
[scoring]
#draws = 5000                     # weightings tried for the stability of the ranking
#concentration = 50.0             # how close they stay to the weights below: larger is closer
#seed = 2025                      # the same seed gives the same draws

[[scoring.criteria]]
name = "growth"                   # revenue of the window against the window before
measure = "growth"
weight = 0.15
side = "attractiveness"           # or "strength": which axis of the matrix it counts for
anchors = [-0.30, -0.20, -0.10, -0.03, 0.03, 0.08, 0.15, 0.25, 0.40]

[[scoring.criteria]]
name = "margin"                   # revenue less cost of the window, in euros: limits fit for this company's size
measure = "margin"
weight = 0.30
side = "attractiveness"
anchors = [{anchors}]

[[scoring.criteria]]
name = "regularity"               # how evenly it orders; without anchors the built-in ones are used
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
[scoring.criteria.texts]          # what a judge should mean by a score
"1" = "one-off business, nothing to learn"
"5" = "useful customer in a market we know"
"8" = "leads its industry, or opens a new one to us"
"10" = "shapes our own product range with us"

# When is a customer lost? In multiples of its own usual gap between order days.
[loss]
overdue = 2.0                     # silent for more than so many usual gaps: overdue
lost = 3.0                        # … and from here on lost, if the silence is also at least
min_silence_days = 90             # so many days
#new_days = 180                   # an account with few orders is new for so long
#min_gaps = 3                     # with fewer gaps of its own an account borrows the usual gap of its class

# Money for offers to those we want back.
[win_back]
budget = 6000
#second_life_share = 0.8          # margin after a return / before; without it: from the book's own returns

[value]
#discount_rate = 0.10             # a year, for what customers bring later

[delivery]
#on_day_is_late = false           # true: what arrives on the promised day is late already

# What the programme review measures against.
[programme]
hours_per_contact = 6.0           # a planned contact with its preparation, travel and follow-up
hours_per_account = 12.0          # a month, for every key account: plan, figures, meetings inside the house
#contact_every_days = 30.0        # where neither the plan nor the account says how often
#hours_per_month = 140.0          # where the table managers does not say
#accounts_per_manager = [1, 3]    # usual span of key accounts; a count outside is shown
#revenue_per_manager = 2000000    # more is a warning; without it: 1.5 times the mean of the managers
#fixed = []                       # ids of accounts that stay with their manager whatever the proposal finds
#move_penalty = 0.05              # what taking an account from its manager costs, as a share of a manager's load
#team_roles = ["sales", "marketing", "technical support", "delivery"]
#plan_fresh_days = 180            # an account plan older than this is out of date
#required_rating = 3.0            # of every skill, 1 to 5
[programme.required_ratings]      # … but for these
"planning and execution" = 3.5
negotiation = 3.5
[programme.readiness]             # your own answers to the five questions; those left out are answered from data
expand = "Yes, but slowly: a first order becomes a frame agreement after two or three years"
capability = "Runway of 24 months, agreed with the board in January; a sixth manager is being looked for"
#sales_cycle = "…"
#potential = "…"
#competition = "…"
"""


def book_text(size: float = 1.0) -> str:
    """The book.toml, with every setting used or explained.

    `size`: how large an account is on average, as a multiple of Meridian's; the limits of the
    margin go with it.
    """
    anchors = ", ".join(f"{float(f'{limit * size:.2g}'):.10g}" for limit in MARGIN_LIMITS)
    return BOOK.replace("{definition}", DEFINITION).replace("{anchors}", anchors)
