"""How much of a day's usual demand fell into hours without stock, from what is sold hour by hour."""

from __future__ import annotations

from functools import reduce
from operator import add

import ibis
import ibis.expr.types as ir
from ibis import _

HOURS = range(24)
# Adding up 24 numbers leaves a trace that is no time without stock.
TRACE = 1e-6
# Spark takes a bare 1.0 for a decimal, and products of 24 decimals for an overflow.
ZERO, ONE = ibis.literal("0").cast("float64"), ibis.literal("1").cast("float64")


def hours_by_series(stock_days: ir.Table) -> ir.Table:
    """What each series sold while it had stock and how long it had some, hour by hour.

    Grain: sku_id, node_id. Reads: stock_days.sold_by_hour, empty_by_hour.
    Gives: s0 … s23 [units]; o0 … o23 [hours with stock over all days].
    """
    known = stock_days.filter(_.sold_by_hour.notnull() & _.empty_by_hour.notnull())
    opened = {h: ONE - _clipped(known.empty_by_hour[h].cast("float64")) for h in HOURS}
    # What sold in an hour without any stock is the clock's or the record's error: no exposure, no sale.
    sold = {h: (opened[h] > 0).ifelse(known.sold_by_hour[h].cast("float64"), ZERO) for h in HOURS}
    return known.group_by("sku_id", "node_id").agg(
        **{f"s{h}": sold[h].sum() for h in HOURS}, **{f"o{h}": opened[h].sum() for h in HOURS}
    )


def with_empty_share(stock_days: ir.Table, of_skus: ir.Table, of_nodes: ir.Table) -> ir.Table:
    """Stock days whose `empty_share` weighs each hour without stock by what usually sells in it.

    Grain and columns: of stock_days, but for the hours. Rows without hours keep the `empty_share` they have.
    Reads: stock_days.empty_by_hour; sku_id, h0 … h23 and node_id, f0 … f23 from `chain.demand_hours.usual_hours`.
    """
    joined = stock_days.left_join(of_skus, "sku_id").drop("sku_id_right")
    joined = joined.left_join(of_nodes, "node_id").drop("node_id_right")
    weight = {h: ibis.coalesce(joined[f"h{h}"], ONE) * ibis.coalesce(joined[f"f{h}"], ONE) for h in HOURS}
    empty = reduce(add, (weight[h] * _clipped(joined.empty_by_hour[h].cast("float64")) for h in HOURS))
    share = empty / reduce(add, weight.values()).nullif(ZERO)
    exact = ibis.cases((share > 1.0 - TRACE, ONE), (share < TRACE, ZERO), else_=share)
    kept = [name for name in stock_days.columns if name not in ("empty_share", "sold_by_hour", "empty_by_hour")]
    return joined.select(*kept, empty_share=ibis.coalesce(exact, joined.empty_share))


def _clipped(share: ir.NumericValue) -> ir.NumericValue:
    # Not least and greatest: on DuckDB they pass over a null, and an unknown hour would count as empty.
    return ibis.cases((share > ONE, ONE), (share < ZERO, ZERO), else_=share)
