"""Sales and orders of the times that are compared, by what tells them apart.

Revenue adds up from cell to cell; orders do not, as one has lines of several categories. So orders
are counted three times: with a line in a cell of ``sales_cells``, as such, and, of the few whose
lines name several regions, channels or managers, one by one.
"""

from __future__ import annotations

import pandas as pd

from kamlib.intake.sources import Engine
from kamlib.period.calendar import Span
from kamlib.period.statements import between, frame_of, in_order, quoted_day

ON_ORDER = ("region", "channel", "manager_id")
"""What an order says of itself: as a rule the same in all its lines."""

_NAMES = ", ".join(
    f"min({name}) AS {name}, max({name}) AS last_{name}, count({name}) AS {name}_count"
    for name in ON_ORDER
)
_IS_SPLIT = " OR ".join(
    f"coalesce({name} <> last_{name}, FALSE) OR {name}_count NOT IN (0, line_count)"
    for name in ON_ORDER
)


def sales_cells(*, spans: dict[str, Span]) -> str:
    """One row per account × category × region × channel × manager on the order: its sales."""
    by = ["account_id", "category", *ON_ORDER]
    return in_order(_sales(by, spans), by)


def product_sales(*, spans: dict[str, Span]) -> str:
    """One row per account × product: its sales, of the same times as `sales_cells`."""
    return _sales(["account_id", "product_id"], spans)


def product_names(engine: Engine, *, as_of: pd.Timestamp) -> pd.DataFrame:
    """One row per product with what it is called: the name that most of its lines have, with its
    id where another product has the same name; its id where no line names it.
    """
    lines = frame_of(
        engine,
        f"""
        SELECT product_id, product, product IS NULL AS is_bare, count(*) AS line_count
        FROM kam_used WHERE order_date <= {quoted_day(as_of)} AND product_id IS NOT NULL
        GROUP BY 1, 2
        """,
        ["product_id", "is_bare", "line_count DESC", "product"],
    )
    names = lines.drop_duplicates("product_id").set_index("product_id")["product"]
    ids = names.index.to_series()
    names = names.fillna(ids)
    names = names.mask(names.duplicated(keep=False) & names.ne(ids), names + " (" + ids + ")")
    return names.astype("str").rename("product").reset_index()


def order_cells(engine: Engine, *, as_of: pd.Timestamp, spans: dict[str, Span]) -> pd.DataFrame:
    """One row per account × region × channel × manager on the order: its orders.

    Those whose lines name several of one are a row that names none, ``is_split``.
    """
    told = ", ".join(f"CASE WHEN NOT ({_IS_SPLIT}) THEN {name} END AS {name}" for name in ON_ORDER)
    return frame_of(
        engine,
        f"""
        SELECT account_id, {told}, {_IS_SPLIT} AS is_split, {_order_counts(spans)}
        FROM (
            SELECT account_id, order_date, order_id, count(*) AS line_count, {_NAMES}
            FROM kam_used WHERE {_within(_counted(spans))} GROUP BY 1, 2, 3
        ) GROUP BY 1, 2, 3, 4, 5
        """,
        ["account_id", *ON_ORDER, "is_split"],
    )


def split_orders(*, spans: dict[str, Span], is_wanted: bool) -> str:
    """One row per order × category × region × channel × manager, of orders whose lines name several
    regions, channels or managers.
    """
    order = ["account_id", "order_date", "order_id"]
    by = [*order, "category", *ON_ORDER]
    return in_order(
        f"""
        WITH lines AS (
            SELECT DISTINCT {", ".join(by)} FROM kam_used
            WHERE {is_wanted} AND {_within(_counted(spans))}
        ), split AS (
            SELECT {", ".join(order)} FROM (
                SELECT {", ".join(order)}, count(*) AS line_count, {_NAMES}
                FROM lines GROUP BY 1, 2, 3
            ) WHERE {_IS_SPLIT}
        )
        SELECT {", ".join(by)}, {_order_counts(spans)}
        FROM lines JOIN split USING ({", ".join(order)}) GROUP BY {", ".join(by)}
        """,
        by,
    )


def _sales(by: list[str], spans: dict[str, Span]) -> str:
    """Return revenue, cost and orders of each span; a cost is known only where every line has one.

    Orders are lines less those that repeat their order in a cell, which are few: so lines need not
    be summed by order first.
    """
    sums, names = [], []
    for name, span in spans.items():
        names += [f"{name}_revenue", f"{name}_cost"]
        inside = between(span.start, span.end)
        of_span = f"FILTER (WHERE {inside})"
        is_whole = f"count(*) FILTER (WHERE {inside} AND cost IS NULL) = 0"
        cost = f"CASE WHEN {is_whole} THEN coalesce(sum(cost) {of_span}, 0) END"
        sums += [
            f"CAST(coalesce(sum(revenue) {of_span}, 0) AS DOUBLE) AS {name}_revenue",
            f"CAST({cost} AS DOUBLE) AS {name}_cost",
        ]
    groups = ", ".join(by)
    orders = ", ".join(
        f"CAST(cells.{name} - coalesce(again.{name}, 0) AS BIGINT) AS {name}"
        for name in (f"{span}_order_count" for span in _counted(spans))
    )
    shown = ", ".join([*(f"cells.{name}" for name in by), *names, orders])
    same = " AND ".join(f"cells.{name} IS NOT DISTINCT FROM again.{name}" for name in by)
    return f"""
        WITH cells AS (
            SELECT {groups}, {", ".join(sums)}, {_order_counts(spans)}
            FROM kam_used WHERE {_within(spans)} GROUP BY {groups}
        ), again AS (
            SELECT {groups}, {_order_counts(spans, "CAST(sum(line_count - 1) {} AS BIGINT)")}
            FROM (
                SELECT {groups}, order_date, order_id, count(*) AS line_count
                FROM kam_used WHERE {_within(_counted(spans))}
                GROUP BY {groups}, order_date, order_id HAVING count(*) > 1
            ) GROUP BY {groups}
        )
        SELECT {shown} FROM cells LEFT JOIN again ON {same}
        """


def _counted(spans: dict[str, Span]) -> dict[str, Span]:
    """Return the times of which orders are counted: all but the year before."""
    return {name: span for name, span in spans.items() if name != "year_before"}


def _within(spans: dict[str, Span]) -> str:
    return between(min(one.start for one in spans.values()), max(one.end for one in spans.values()))


def _order_counts(spans: dict[str, Span], counted: str = "count(*) {}") -> str:
    """Return what counts rows that are orders, by time."""
    inside = "FILTER (WHERE {})".format
    return ", ".join(
        f"{counted.format(inside(between(span.start, span.end)))} AS {name}_order_count"
        for name, span in _counted(spans).items()
    )
