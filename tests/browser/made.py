"""Pages made by hand, through the kit's own pieces and template, without a book or a run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import nbformat
import numpy as np
import pandas as pd
from nbconvert import HTMLExporter

from kamlib.page import pieces, rows
from kamlib.page.columns import label_of
from kamlib.page.fragments import template_folder
from kamlib.page.site import Foot, Link, PeriodEntry, page_resources, site_index
from kamlib.plots import style
from kamlib.story import codes
from kamlib.story.statements import Action, Card, Sentence
from kamlib.tables.catalogue import Catalogue, OutputColumn, OutputTable

BOOK = SimpleNamespace(currency="EUR", locale="en", title="Meridian Supply")


def data_of(dossiers=None):
    """Return what pieces of a page ask of a period."""
    return SimpleNamespace(
        book=BOOK,
        previous_span=SimpleNamespace(title="Q2 2025"),
        year_ago_span=SimpleNamespace(title="Q3 2024"),
        dossiers=dossiers or {},
    )


def accounts(count, seed=7):
    """Invented accounts with twelve columns."""
    draw = np.random.default_rng(seed)
    first = [
        "Nordwind",
        "Kettle",
        "Halden",
        "Brücke",
        "Søndre",
        "東京電機",
        "Al Noor النور",
        "Tallinn",
        "Okafor",
        "Vega",
    ]
    last = [
        "Gruppe",
        "& Sons",
        "Werke",
        "Industrial Supplies",
        "株式会社",
        "Hydraulics",
        "Traders",
        "Oy",
        "Ltd",
        "S.A.",
    ]
    revenue = np.sort(draw.lognormal(10.5, 1.3, count))[::-1].round(2)
    share = revenue / revenue.sum()
    before = np.concatenate([[0.0], share.cumsum()[:-1]]) if count else share
    return pd.DataFrame(
        {
            "account_id": [f"A{number:05d}" for number in range(count)],
            "name": [f"{first[number % 10]} {last[number // 10 % 10]}" for number in range(count)],
            "revenue": revenue,
            "margin": (revenue * draw.uniform(0.1, 0.4, count)).round(2),
            "revenue_share": share,
            "abc_revenue": np.where(before < 0.8, "A", np.where(before < 0.95, "B", "C")),
            "xyz_frequency": draw.choice(["X", "Y", "Z"], count),
            "cv": draw.uniform(0.1, 2.5, count).round(3),
            "last_order_date": pd.Timestamp("2025-09-30")
            - pd.to_timedelta(draw.integers(0, 300, count), unit="D"),
            "silence_days": draw.integers(0, 300, count).astype(float),
            "status": draw.choice(["active", "overdue", "lost"], count),
            "is_returned": draw.random(count) < 0.1,
        }
    )


def table(
    frame,
    name="t",
    *,
    title="x",
    headings=None,
    links=(),
    words=None,
    figures=None,
    dossiers=None,
    **options,
):
    """Return a table as a piece of a page, described by a catalogue of its own.

    `headings` are of the columns to show, `links` name those that lead to dossiers, `words` are
    column -> text -> how it is written, `figures` what each figure in the column value is,
    `dossiers` where each account's is.
    """
    shown = tuple(headings or frame.columns)
    columns = {
        key: OutputColumn(
            key,
            "text",
            (headings or {}).get(key, label_of(key)),
            "",
            link="dossier" if key in links else "",
            words=(words or {}).get(key, {}),
        )
        for key in shown
    }
    mixed = {"value": "figure"} if figures else {}
    entry = OutputTable(name, "made", "", "", shown, shown=shown, kinds_by=mixed)
    known = Catalogue({name: entry}, columns, {}, figures or {})
    with (
        patch.object(rows, "catalogue", lambda: known),
        patch.object(codes, "catalogue", lambda: known),
    ):
        return rows.table(frame, name=name, title=title, book=BOOK, links=dossiers, **options)


def texts_of(payload):
    """Return the texts of a table's payload, column by column, as its script reads them."""
    found = []
    for texts, cells in zip(payload["texts"], payload["cells"], strict=True):
        own = [texts["said"][place] for place in texts["at"]] if isinstance(texts, dict) else texts
        own = own or [None] * len(cells)
        plain = ["" if cell is None else str(cell) for cell in cells]
        found.append(
            [cell if text is None else text for text, cell in zip(own, plain, strict=True)]
        )
    return found


def code(fragment):
    output = nbformat.v4.new_output(
        "display_data", {"text/html": fragment.html, "text/plain": fragment.text}
    )
    return nbformat.v4.new_code_cell("secret_code()", outputs=[output])


def foot(**changes):
    return Foot(
        **{
            "as_of": "30 Sep 2025",
            "version": "0.1.0",
            "rows_read": 2031114,
            "rows_used": 2029870,
            "rows_unusable": 1244,
            "revenue_unusable": 3912.4,
            "fresh_to": "30 Sep 2025",
            "reasons": (
                ("orders", "used", 2029870, 10531200.5),
                ("orders", "no account", 1244, 3912.4),
            ),
            "definitions": (("ABC", "A while the share before the account is below 80 %."),),
            **changes,
        }
    )


def html_of(cells, title="Segmentation", **changes):
    """Return the page of a notebook of these cells."""
    navigation = [
        Link(name, f"{name.lower()}.html", name == title)
        for name in ("Overview", "Segmentation", "Scoring", "Retention", "Programme")
    ]
    resources = page_resources(
        **{
            "title": title,
            "book_title": "Meridian Supply",
            "period": "Q3 2025",
            "navigation": navigation,
            "foot": foot(),
            "compared": "Q2 2025 and Q3 2024",
            "book": BOOK,
            **changes,
        }
    )
    exporter = HTMLExporter(
        template_name="report", extra_template_basedirs=[str(template_folder())]
    )
    notebook = nbformat.v4.new_notebook(cells=cells)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    return exporter.from_notebook_node(notebook, resources=resources)[0]


def front_page(count=120):
    """A front page: key figures, actions, two charts side by side, a table."""
    dossiers = {f"A{number:05d}": f"dossiers/A{number:05d}.html" for number in range(14)}
    data = data_of(dossiers)
    known = accounts(count)
    sentences = [
        Sentence(
            "Five accounts moved down a class; three only because others grew.",
            link="#account_classes",
        ),
        Sentence(
            "€ 412 k a year is at risk in two accounts, both Ines Costa's; neither was visited "
            "since June."
        ),
        Sentence(
            "Nordwind Gruppe, counted as one group, is now our 2nd largest account.",
            account="A00000",
        ),
    ]
    cards = [
        Card(
            "Revenue of key accounts",
            4.82e6,
            "money",
            4.675e6,
            4.1e6,
            (3.1e6, 3.4e6, 3.3e6, 3.9e6, 4.1e6, 4.4e6, 4.675e6, 4.82e6),
        ),
        Card("Share of total", 0.46, "share", 0.44, 0.41, (0.41, 0.42, 0.4, 0.44, 0.46), "neither"),
        Card("NRR", 1.04, "share", 1.06, 1.01, (1.01, 1.03, 1.06, 1.04)),
        Card("GRR", 0.91, "share", 0.93, 0.92, (0.92, 0.93, 0.91)),
        Card(
            "At risk",
            412e3,
            "money",
            210e3,
            120e3,
            (120e3, 210e3, 412e3),
            "down",
            "all accounts € 690 k",
        ),
        Card("Key / watch / lost", "14 / 5 / 1", "text"),
    ]
    actions = [
        Action(
            "Nordwind Gruppe, counted as one group, is now our 2nd largest account (€ 610 k).",
            "Ask for a group agreement",
            "I. Costa",
            "15 Oct",
            account="A00000",
        ),
        Action(
            "Kettle & Sons is overdue: 61 days without an order, usually 19. Alarm right in 7 of "
            "10 past cases.",
            "Call; last three deliveries were late",
            "P. Weiss",
            "now",
            link="#account_classes",
        ),
        Action(
            "Halden Werke fell from A to B because others grew, not by itself.", "Nothing", "", "–"
        ),
    ]
    cells = [
        code(pieces.headline(data, "Key accounts", sentences)),
        code(pieces.cards(data, cards)),
        code(pieces.actions(data, actions)),
        code(
            pieces.chart(
                bridge(), alt="Revenue fell by losses of 0.3 m and rose by growth of 0.5 m."
            )
        ),
        code(pieces.chart(matrix(), alt="Most revenue is in cell AX.")),
        nbformat.v4.new_markdown_cell(
            "# Key accounts\n\n## Where it stands\n\nEvery account by revenue of the last twelve "
            "months. *A* accounts make 80 %."
        ),
        code(pieces.chart(pareto(known), alt="Twenty accounts make 80 % of revenue.")),
        code(
            table(
                known,
                "account_classes",
                title="Twenty accounts make 80 % of revenue",
                caption="All accounts, revenue of the 12 months to 30 Sep 2025",
                links=("name",),
                dossiers=dossiers,
            )
        ),
        code(
            pieces.note(
                "Classes are by the share before the account. A single large account is always A."
            )
        ),
    ]
    return html_of(cells, "Overview")


def bridge():
    ax = style.axes(6, 3.4)
    steps = ["base", "new", "returned", "grown", "shrunk", "lost", "now"]
    values = [4.6, 0.3, 0.1, 0.5, -0.4, -0.3, 4.8]
    bottoms = [0, 4.6, 4.9, 5.0, 5.1, 4.8, 0]
    colours = [
        style.COLOURS[key] for key in ("previous", "good", "good", "good", "bad", "bad", "actual")
    ]
    ax.bar(steps, values, bottom=bottoms, color=colours, width=0.7)
    style.label_bars(ax, [f"{value:+.1f}" for value in values])
    style.no_axis(ax.yaxis)
    style.titles(
        ax,
        "Growth of € 0.5 m outweighs losses of € 0.3 m",
        "Revenue in € m, 12 months to Q3 2025 against the 12 before",
    )
    return ax


def matrix():
    ax = style.axes(6, 3.4)
    values = np.array([[0.52, 0.2, 0.08], [0.05, 0.05, 0.05], [0.01, 0.02, 0.02]])
    ax.pcolormesh(values[::-1], cmap=style.tints(), edgecolors=style.PAPER, linewidth=2)
    for row in range(3):
        for column in range(3):
            ax.text(
                column + 0.5,
                2.5 - row,
                f"{values[row, column]:.0%}",
                ha="center",
                va="center",
                color=style.INK,
            )
    ax.set_xticks([0.5, 1.5, 2.5], ["X often", "Y regularly", "Z rarely"])
    ax.set_yticks([2.5, 1.5, 0.5], ["A", "B", "C"])
    style.titles(
        ax,
        "Half of all revenue comes from large accounts that order every month",
        "Share of revenue by class, Q3 2025",
    )
    return ax


def pareto(table):
    ax = style.axes(9.6, 3.6)
    colours = [style.COLOURS[key] for key in table["abc_revenue"].head(40)]
    ax.bar(range(min(40, len(table))), table["revenue"].head(40), color=colours, width=0.8)
    style.money_axis(ax.yaxis, BOOK)
    ax.set_xticks([])
    for place in (0, 5):
        if place < len(table):
            style.label(ax, place, table["revenue"].iloc[place], table["name"].iloc[place], dx=8)
    style.titles(
        ax,
        "Twenty accounts make 80 % of revenue",
        "Revenue of the 40 largest of 120 accounts, 12 months to 30 Sep 2025",
    )
    return ax


def index_page(periods=8):
    entries = [
        PeriodEntry(
            label=f"{2025 - (number // 4)}-Q{4 - number % 4}",
            href=f"{2025 - (number // 4)}-Q{4 - number % 4}/index.html",
            as_of="30 Sep 2025",
            figures=(
                Card(
                    "Revenue of key accounts", 4.8e6 - number * 2e5, "money", 4.6e6 - number * 2e5
                ),
                Card("NRR", 1.04 - number * 0.01, "share", 1.03),
                Card("At risk", 412e3 - number * 3e4, "money", 380e3, good="down"),
            ),
            published=(
                Link("Segmentation", "x/segmentation.html"),
                Link("Workbook", "x/workbook.xlsx"),
            ),
            is_new=number == 0,
        )
        for number in range(periods)
    ]
    return site_index(entries, book_title="Meridian Supply", book=BOOK, version="0.1.0")


def write(folder: Path, name: str, html: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(html, encoding="utf-8", errors="replace")
    return file
