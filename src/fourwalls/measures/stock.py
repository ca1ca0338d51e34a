"""Shelves (one sku at one node), what was on them day by day, what was ordered for them, and what was forecast."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from fourwalls.figures import Period
from fourwalls.measures.order_lines import seconds

ORDER_TIMES = ("signalled", "decided", "placed", "promised", "shipped", "received", "available")


def days(day: ir.DateValue) -> ir.IntegerValue:
    """Whole days since 1970."""
    return (day.cast("timestamp").epoch_seconds() // 86_400).cast("int32")


def within(stock_days: ir.Table, period: Period) -> ir.Table:
    """The rows of the days that are looked at."""
    return stock_days.filter((stock_days.day >= ibis.date(period.start)) & (stock_days.day < ibis.date(period.end)))


def shelves(stock_days: ir.Table, products: ir.Table | None, nodes: ir.Table | None) -> ir.Table:
    """Every sku at every node that has a stock record.

    Grain: sku_id, node_id; in their order.
    Gives: brand, category, party_id, node_kind, node_region [null where unknown]; first_day, last_day [days since 1970];
        days [rows]; received [units, null where never recorded].
    """
    t = stock_days.group_by("sku_id", "node_id").agg(
        first_day=days(stock_days.day.min()), last_day=days(stock_days.day.max()),
        days=stock_days.count(), received=stock_days.received_units.sum().cast("float64"),
    )  # fmt: skip
    named = {
        "sku_id": (products, {"brand": "brand", "category": "category"}),
        "node_id": (nodes, {"party_id": "party_id", "node_kind": "kind", "node_region": "region"}),
    }
    for key, (table, columns) in named.items():
        if table is None:
            t = t.mutate(**{name: ibis.null("string") for name in columns})
        else:
            t = t.left_join(table.select(key, **columns), key).drop(f"{key}_right")
    return t.order_by("sku_id", "node_id")


def shelf_days(stock_days: ir.Table, numbered: ir.Table, first: int, last: int) -> ir.Table:
    """The stock record of some shelves.

    Args:
        stock_days: Rows that intake kept.
        numbered: sku_id, node_id, shelf [number].
        first: Number of the first shelf.
        last: Number of the first shelf after.

    Grain: shelf, day [days since 1970].
    Gives: on_hand, sold, received, adjusted [units; null where not recorded], empty, discount [share], promoted,
        holiday [0 or 1].
    """
    wanted = numbered.filter((numbered.shelf >= first) & (numbered.shelf < last))
    t = stock_days.inner_join(wanted, ["sku_id", "node_id"])
    return t.select(
        shelf=t.shelf,
        day=days(t.day),
        on_hand=t.on_hand_units.cast("float32"),
        sold=t.sold_units.cast("float32"),
        received=t.received_units.cast("float32"),
        adjusted=t.adjusted_units.cast("float32"),
        empty=t.empty_share.cast("float32"),
        discount=t.discount_share.cast("float32"),
        promoted=t.is_promoted.cast("float32"),
        holiday=t.is_holiday.cast("float32"),
    )


def supplies(supply_orders: ir.Table, numbered: ir.Table) -> ir.Table:
    """Purchases and transfers to shelves.

    Args:
        supply_orders: Rows that intake kept.
        numbered: sku_id, node_id, shelf.

    Grain: line of a supply order, in one order whatever the engine's threads did: luck is dealt out by number.
    Gives: shelf; donor [shelf it comes from; null for a purchase or an unknown shelf]; supplier_id, from_node_id;
        `<time>_s` for each of ORDER_TIMES [s since 1970]; ordered, come [units].
    """
    to = numbered.rename(to_node_id="node_id")
    givers = numbered.select(sku_id=numbered.sku_id, from_node_id=numbered.node_id, donor=numbered.shelf)
    t = supply_orders.inner_join(to, ["sku_id", "to_node_id"])
    t = t.left_join(givers, ["sku_id", "from_node_id"], rname="giver_{name}")
    clock = {f"{name}_s": seconds(t[f"{name}_at"]) for name in ORDER_TIMES}
    told = t.select(
        "shelf",
        "donor",
        "supplier_id",
        "from_node_id",
        **clock,
        ordered=t.ordered_units.cast("float64"),
        come=t.received_units.cast("float64"),
    )
    return told.order_by(*told.columns)


def worked_minutes(work_log: ir.Table) -> ir.Table:
    """When somebody worked on something.

    Grain: activity [kind of case and what was done], party_id, minute [since 1970].
    """
    t = work_log.select(
        activity=work_log.case_kind.concat("\x1f", work_log.activity),
        party_id=work_log.party_id,
        minute=(seconds(work_log["at"]) // 60).cast("int64"),
    )
    return t.distinct()


def shelfless(supply_orders: ir.Table, numbered: ir.Table) -> ir.Table:
    """Supply orders to places without a stock record of the sku.

    Grain: one row.
    Gives: orders.
    """
    to = numbered.select("sku_id", to_node_id="node_id")
    none = supply_orders.anti_join(to, ["sku_id", "to_node_id"])
    return none.aggregate(orders=none.count())


def forecast_rows(forecasts: ir.Table, numbered: ir.Table) -> ir.Table:
    """Forecasts for shelves, each as units a day over its period.

    A forecast of a sku without a node is of all its nodes together: it is given to each of them, marked, unless the sku is
    forecast by node as well.

    Grain: shelf, channel_id, forecast_day, period_day.
    Gives: period_days, units [a day], forecaster_id, whole [whether units are of all nodes].
    """
    t = forecasts.filter(forecasts.period_days > 0)
    of_all = t.filter(t.node_id.isnull()).anti_join(t.filter(t.node_id.notnull()), "sku_id")
    both = (
        (t.inner_join(numbered, ["sku_id", "node_id"]), False),
        (of_all.drop("node_id").inner_join(numbered, "sku_id"), True),
    )
    by_node, by_sku = (
        t.select(
            "shelf",
            "channel_id",
            "forecaster_id",
            forecast_day=days(t.forecast_on),
            period_day=days(t.period_on),
            period_days=t.period_days.cast("int32"),
            units=(t.forecast_units / t.period_days).cast("float32"),
            whole=ibis.literal(is_whole),
        )
        for t, is_whole in both
    )
    return by_node.union(by_sku)


def shelf_demand_shares(lines: ir.Table, grain: tuple[str, ...], numbered: ir.Table) -> ir.Table:
    """Whose orders each shelf serves.

    Args:
        lines: Order lines with their references (`with_references`).
        grain: Columns that make an asset.
        numbered: sku_id, node_id, shelf.

    Grain: shelf, the grain columns, channel_id.
    Gives: units [ordered]; value [net amount] of the valued_units that have a price, cost and fulfilment [amount] of the
        costed_units and fulfilled_units that have them; returned of the shipped units of which is known what came back; lines.
    """
    t = lines.inner_join(numbered, ["sku_id", "node_id"])
    units = t.ordered_units.fill_null(1)
    keys = list(dict.fromkeys(("shelf", *grain, "channel_id")))
    return t.group_by(*keys).agg(
        units=units.sum().cast("float64"),
        value=(units * t.price_amount).sum().cast("float64"),
        cost=(units * t.cost_amount).sum().cast("float64"),
        fulfilment=t.fulfilment_amount.sum().cast("float64"),
        valued_units=units.sum(where=t.price_amount.notnull()).cast("float64"),
        costed_units=units.sum(where=t.cost_amount.notnull()).cast("float64"),
        fulfilled_units=units.sum(where=t.fulfilment_amount.notnull()).cast("float64"),
        returned=t.returned_units.sum(where=t.shipped_units.notnull()).cast("float64"),
        shipped=t.shipped_units.sum(where=t.returned_units.notnull()).cast("float64"),
        lines=t.count(),
    )


def asked_for(lines: ir.Table, stock_days: ir.Table, numbered: ir.Table) -> ir.Table:
    """What was ordered from shelves on days on which they sold nothing: customers who order all the same, and wait or are let down.

    Args:
        lines: Order lines with sku_id and node_id.
        stock_days: Rows that intake kept.
        numbered: sku_id, node_id, shelf.

    Grain: shelf, day [days since 1970].
    Gives: units [ordered]; unfilled [ordered and never shipped, of lines that are concluded]; late [shipped after the promise].
    """
    t = lines.filter(lines.sku_id.notnull() & lines.node_id.notnull()).mutate(day=lines.ordered_at.cast("date"))
    idle = stock_days.filter(stock_days.sold_units <= 0).select("sku_id", "node_id", "day")
    t = t.inner_join(idle, ["sku_id", "node_id", "day"]).inner_join(numbered, ["sku_id", "node_id"])
    units = t.ordered_units.fill_null(1).cast("float64")
    gone = t.cancelled_at.notnull() | (t.delivered_at.isnull() & t.cancel_reason.notnull())
    shipped = ibis.cases((gone, t.shipped_units.fill_null(0)), else_=t.shipped_units.fill_null(t.ordered_units))
    ended = gone | t.delivered_at.notnull()
    is_late = (t.delivered_at > t.promised_at).fill_null(False)
    return t.group_by("shelf", day=days(t.day)).agg(
        units=units.sum(),
        unfilled=ibis.greatest(units - shipped.fill_null(1), 0.0).sum(where=ended).fill_null(0.0),
        late=units.sum(where=is_late).fill_null(0.0),
    )


def sold_value(lines: ir.Table) -> ir.Table:
    """What was ordered, by kind of product and day: what bookings are held against.

    Args:
        lines: Order lines with their references (`with_references`).

    Grain: brand, category, day.
    Gives: value [net amount].
    """
    t = lines.filter(lines.cancelled_at.isnull() & lines.price_amount.notnull())
    t = t.mutate(day=t.ordered_at.cast("date"))
    return t.group_by("brand", "category", "day").agg(
        value=(t.ordered_units.fill_null(1) * t.price_amount).sum().cast("float64")
    )


def listed_days(listings: ir.Table) -> ir.Table:
    """How much of each day each sku could be bought in each channel.

    Grain: sku_id, channel_id, day [days since 1970].
    Gives: listed [share].
    """
    t = listings.filter(listings.listed_share.notnull())
    return t.select("sku_id", "channel_id", day=days(t.day), listed=t.listed_share.cast("float32"))


def bookings(leakage: ir.Table) -> ir.Table:
    """What was booked, by kind of product.

    Grain: cause, brand, category.
    Gives: amount [portfolio currency].
    """
    return leakage.group_by("cause", "brand", "category").agg(amount=leakage.amount.sum().cast("float64"))
