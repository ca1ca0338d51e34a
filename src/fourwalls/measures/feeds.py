"""Deliveries of feeds against what was expected, and keys of one table that another does not know."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from fourwalls.measures.order_lines import SECONDS_PER_HOUR, SECONDS_PER_WEEK, seconds

# A delivery counts as late from an hour after it was due: what waits less misses no daily run.
GRACE_SECONDS = SECONDS_PER_HOUR

# Table, its column, and the table that should know it.
KEYS = (
    ("order_lines", "sku_id", "products"),
    ("order_lines", "node_id", "nodes"),
    ("order_lines", "channel_id", "channels"),
    ("order_lines", "carrier_id", "parties"),
    ("stock_days", "sku_id", "products"),
    ("stock_days", "node_id", "nodes"),
    ("listings", "sku_id", "products"),
    ("listings", "channel_id", "channels"),
    ("forecasts", "sku_id", "products"),
    ("supply_orders", "sku_id", "products"),
    ("supply_orders", "supplier_id", "parties"),
    ("work_log", "party_id", "parties"),
    ("leakage", "party_id", "parties"),
    ("labour", "node_id", "nodes"),
    ("feeds", "party_id", "parties"),
)
_KEY_OF = {"products": "sku_id", "nodes": "node_id", "channels": "channel_id", "parties": "party_id"}


def deliveries(feeds: ir.Table, observed_until: int, span_seconds: int = SECONDS_PER_WEEK) -> ir.Table:
    """Deliveries of each feed by span of time.

    What never arrived is missing, and not late; what is due within the grace before the record ends is left out. Rows are counted in
    deliveries that arrived and say both numbers.

    Grain: feed_id, from_system, to_system, party_id, span.
    Gives: due, missing, arrived, late [deliveries]; late_hours [of all that arrived, early ones as 0]; expected_rows, missing_rows,
        checked_rows, mismatched_rows [rows].
    """
    t = feeds.mutate(due_s=seconds(feeds.expected_at), came_s=seconds(feeds.arrived_at))
    t = t.filter(t.due_s + GRACE_SECONDS < observed_until)
    here = t.came_s.notnull()
    wait = ibis.cases((here & (t.came_s > t.due_s), t.came_s - t.due_s), else_=0)
    told = here & t.expected_rows.notnull() & t.arrived_rows.notnull()
    short = ibis.cases((told & (t.arrived_rows < t.expected_rows), t.expected_rows - t.arrived_rows), else_=0)
    checked = here & t.arrived_rows.notnull() & t.mismatched_rows.notnull()
    t = t.mutate(span=t.due_s // span_seconds)
    return t.group_by("feed_id", "from_system", "to_system", "party_id", "span").agg(
        due=t.count(),
        missing=ibis.cases((here, 0), else_=1).sum().cast("int64"),
        arrived=ibis.cases((here, 1), else_=0).sum().cast("int64"),
        late=ibis.cases((wait > GRACE_SECONDS, 1), else_=0).sum().cast("int64"),
        late_hours=(wait / SECONDS_PER_HOUR).sum(),
        expected_rows=ibis.cases((told, t.expected_rows), else_=0).sum().cast("float64"),
        missing_rows=short.sum().cast("float64"),
        checked_rows=ibis.cases((checked, t.arrived_rows), else_=0).sum().cast("float64"),
        mismatched_rows=ibis.cases((checked, t.mismatched_rows), else_=0).sum().cast("float64"),
    )


def unknown_keys(rows: Mapping[str, ir.Table], table: str, column: str, reference: str) -> ir.Table:
    """How many rows of a table name a key that its reference table does not know.

    Args:
        rows: Tables by name, the reference among them.
        table, column: Whose keys; rows without one are not counted.
        reference: products, nodes, channels or parties.

    Grain: one row.
    Gives: rows, unknown [rows]; keys [unknown values]; example.
    """
    key = _KEY_OF[reference]
    used = rows[table].group_by(key=rows[table][column].cast("string")).agg(rows=lambda t: t.count())
    used = used.filter(used.key.notnull())
    known = rows[reference].select(known=rows[reference][key].cast("string")).distinct()
    joined = used.left_join(known, used.key == known.known)
    lost = joined.known.isnull()
    return joined.aggregate(
        rows=joined.rows.sum().cast("int64"),
        unknown=ibis.cases((lost, joined.rows), else_=0).sum().cast("int64"),
        keys=ibis.cases((lost, 1), else_=0).sum().cast("int64"),
        example=ibis.cases((lost, joined.key)).min(),
    )
