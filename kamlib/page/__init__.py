"""What readers see: headlines, key figures, tables and charts, in JupyterLab and on published pages
alike.
"""

from kamlib.page.export import csv_text, neutralised, publish, publish_table, restored
from kamlib.page.fragments import Fragment, dossier_links, rendered, template_folder
from kamlib.page.names import page_name
from kamlib.page.rows import table, table_fragment
from kamlib.page.show import (
    actions,
    actions_fragment,
    cards,
    cards_fragment,
    chart,
    chart_fragment,
    gap,
    gap_fragment,
    headline,
    headline_fragment,
    note,
    note_fragment,
    points,
    points_fragment,
)
from kamlib.page.site import (
    Foot,
    Link,
    PeriodEntry,
    content_security_policy,
    page_resources,
    site_index,
)
from kamlib.story.statements import Action, Card, Point, Sentence
from kamlib.words.amounts import change, date, money, number, share

__all__ = [
    "Action",
    "Card",
    "Foot",
    "Fragment",
    "Link",
    "PeriodEntry",
    "Point",
    "Sentence",
    "actions",
    "actions_fragment",
    "cards",
    "cards_fragment",
    "change",
    "chart",
    "chart_fragment",
    "content_security_policy",
    "csv_text",
    "date",
    "dossier_links",
    "gap",
    "gap_fragment",
    "headline",
    "headline_fragment",
    "money",
    "neutralised",
    "note",
    "note_fragment",
    "number",
    "page_name",
    "page_resources",
    "points",
    "points_fragment",
    "publish",
    "publish_table",
    "rendered",
    "restored",
    "share",
    "site_index",
    "table",
    "table_fragment",
    "template_folder",
]
