"""Lines that a channel took although the shelf was empty, and that were cancelled."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from fourwalls.measures.ledger import PLACE

_SECONDS_PER_DAY = 86_400


def oversold_lines(lines: ir.Table, stock_days: ir.Table) -> ir.Table:
    """Lines sold from an empty shelf and cancelled before their promise, by place and span.

    Sold from an empty shelf is a line ordered on a day on which the record of its node stood at nothing, for a part of the
    day at least. Of lines that name no node, or one without a record, the shelf is not known: they do not count.

    Args:
        lines: From `judged_lines`.
        stock_days: Rows that intake kept.

    Grain: brand, category, channel_id, region, span.
    Gives: lines; value [portfolio currency].
    """
    empty = ibis.coalesce(stock_days.empty_share, ibis.cases((stock_days.on_hand_units <= 0, 1.0), else_=0.0)) > 0
    shelves = stock_days.filter(empty)
    shelves = shelves.select(
        "sku_id", "node_id", day=(shelves.day.cast("timestamp").epoch_seconds() // _SECONDS_PER_DAY).cast("int64")
    )
    gone = lines.filter(
        (lines.outcome == "cancelled")
        & lines.node_id.notnull()
        & (lines.cancelled_s.isnull() | lines.promised_s.isnull() | (lines.cancelled_s <= lines.promised_s))
    )
    gone = gone.mutate(region=gone.destination, day=(gone.ordered_s // _SECONDS_PER_DAY).cast("int64"))
    t = gone.inner_join(shelves, ["sku_id", "node_id", "day"])
    return t.group_by(*PLACE, "span").agg(lines=t.count(), value=t.value_amount.fill_null(0.0).sum())
