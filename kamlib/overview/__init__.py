"""The front page of a period: key figures, what changed, what to do.

The one calculation module that composes others: it stands above them and gives the front page one
way of computing its figures for every as-of day.
"""

from kamlib.overview.cards import figure_cards, front_actions
from kamlib.overview.changes import main_changes, overview_findings, period_changes
from kamlib.overview.figures import figure_history, figures_as_of, key_figures
from kamlib.overview.tables import front_tables, period_ends, same_key_revenue
from kamlib.overview.wording import cell_words, figure_kinds, figure_words

__all__ = [
    "cell_words",
    "figure_cards",
    "figure_history",
    "figure_kinds",
    "figure_words",
    "figures_as_of",
    "front_actions",
    "front_tables",
    "key_figures",
    "main_changes",
    "overview_findings",
    "period_changes",
    "period_ends",
    "same_key_revenue",
]
