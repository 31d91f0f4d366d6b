"""What readers see: headlines, key figures, tables and charts, in JupyterLab and on published pages
alike.
"""

from kamlib.page.export import publish
from kamlib.page.show import actions, cards, chart, gap, headline, look, note, points, table

__all__ = [
    "actions",
    "cards",
    "chart",
    "gap",
    "headline",
    "look",
    "note",
    "points",
    "publish",
    "table",
]
