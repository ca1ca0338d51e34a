"""Order lines with what became of them, who did each stage, and what they can be compared with."""

from __future__ import annotations

import re
from collections.abc import Callable

import ibis
import ibis.expr.types as ir

SECONDS_PER_HOUR = 3600
SECONDS_PER_DAY = 24 * SECONDS_PER_HOUR
SECONDS_PER_WEEK = 7 * SECONDS_PER_DAY
# A shelf without stock for so much of the day was empty.
_EMPTY = 0.999
_NONE = "\x00"
OUTCOMES = ("on time", "late", "overdue", "cancelled", "open", "no promise", "taken along")
# Who has the goods within the hour took them along: nobody promises a day to somebody at the counter.
_AT_ONCE_S = 3600


def seconds(at: ir.TimestampValue) -> ir.IntegerValue:
    """Whole seconds since 1970 (UTC)."""
    # Without the truncation DuckDB rounds the fraction of a second in the wrong direction.
    return at.truncate("s").epoch_seconds().cast("int64")


def judged_lines(
    lines: ir.Table,
    products: ir.Table | None,
    nodes: ir.Table | None,
    channels: ir.Table | None,
    grain: tuple[str, ...],
    observed_until: int,
    fingerprint: Callable[[ir.StringValue], ir.IntegerValue],
    span_seconds: int = SECONDS_PER_WEEK,
) -> ir.Table:
    """Each order line with its outcome, its clock in seconds, the doer of each stage and its comparables.

    Args:
        lines: Rows of `order_lines` that intake kept.
        products: One row per sku; None if there is no such table.
        nodes: One row per node; None likewise.
        channels: One row per channel; None likewise.
        grain: Columns that make an asset.
        observed_until: When the record ends [s since 1970]; a promise that falls later is not yet due.
        fingerprint: The engine's own.
        span_seconds: Length of the spans of time that are drawn together for ranges: a week, a day in short records.

    Grain: order_id, line_id.
    Gives: the grain columns and their hash asset_key; order_id, line_id and their hashes order_key, line_key; span [number since 1970];
        outcome, one of OUTCOMES;
        ordered_s, released_s, handed_over_s, delivered_s, promised_s, cancelled_s [s]; is_traceable: whether stage
        times are complete as far as the line came and run forwards; the doers channel_id (and customer_kind: "business" or "consumer"), fulfilled_at
        (node, else party), carrier_id; fulfilment_party, carriage_party, release_party; origin, destination, category, size_class;
        in_full, is_returned [null where unknown]; value_amount; margin_amount [gross, of what was ordered]; rating_share; brand, sku_id,
        node_id, fulfilment_amount, cancel_reason as the line has them.
    """
    joined = with_references(lines, products, nodes, channels)
    timed = joined.mutate(
        ordered_s=seconds(joined.ordered_at),
        released_s=seconds(joined.released_at),
        handed_over_s=seconds(joined.handed_over_at),
        delivered_s=seconds(joined.delivered_at),
        promised_s=seconds(joined.promised_at),
        cancelled_s=seconds(joined.cancelled_at),
    )
    judged = timed.mutate(
        outcome=_outcome(timed, observed_until), is_traceable=_is_traceable(timed), waits=ibis.literal(False)
    )
    names = dict.fromkeys(
        (
            *grain,
            "brand",
            "sku_id",
            "node_id",
            "channel_id",
            "customer_kind",
            "fulfilled_at",
            "carrier_id",
            "release_party",
            "fulfilment_party",
            "origin",
            "destination",
            "category",
        )
    )
    return judged.select(
        *names,
        "order_id",
        "line_id",
        "outcome",
        "is_traceable",
        "waits",
        "ordered_s",
        "released_s",
        "handed_over_s",
        "delivered_s",
        "promised_s",
        "cancelled_s",
        "rating_share",
        "customer_id",
        asset_key=_asset_key(judged, grain, fingerprint),
        order_key=fingerprint(judged.order_id),
        line_key=fingerprint(judged.line_id),
        span=judged.ordered_s // span_seconds,
        size_class=_size_class(judged.ordered_units),
        in_full=judged.shipped_units >= judged.ordered_units,
        is_returned=judged.returned_units > 0,
        ordered_units=judged.ordered_units,
        shipped_units=judged.shipped_units,
        value_amount=judged.ordered_units * judged.price_amount,
        margin_amount=judged.ordered_units * (judged.price_amount - judged.cost_amount),
        fulfilment_amount=judged.fulfilment_amount,
        cancel_reason=judged.cancel_reason,
    )


def without_waits_for_goods(judged: ir.Table, stock_days: ir.Table) -> ir.Table:
    """The same lines; those ordered on a day on which their shelf was empty and sold nothing are not traced stage by stage.

    They wait for goods, or are cancelled for want of them, which is no work of whoever packs them; what that costs is told from the
    stock record. Shelves that never held or sold anything are no shelves: what is made to order or sent by others is traced.

    Args:
        judged: From `judged_lines`.
        stock_days: Rows that intake kept.

    Grain: order_id, line_id.
    """
    s = stock_days
    empty = ibis.coalesce(s.empty_share >= _EMPTY, s.on_hand_units <= 0, ibis.literal(False))
    idle = s.filter((s.sold_units <= 0) & empty).select(
        idle_sku=s.sku_id, idle_node=s.node_id, idle_day=s.day.cast("timestamp").epoch_seconds() // SECONDS_PER_DAY
    )
    held = s.group_by(held_sku=s.sku_id, held_node=s.node_id).agg(
        most=ibis.greatest(s.on_hand_units.max().fill_null(0), s.sold_units.max().fill_null(0))
    )
    idle = idle.semi_join(
        held.filter(held.most > 0), [idle.idle_sku == held.held_sku, idle.idle_node == held.held_node]
    )
    t = judged.mutate(ordered_day=judged.ordered_s // SECONDS_PER_DAY)
    t = t.left_join(idle, [t.sku_id == idle.idle_sku, t.node_id == idle.idle_node, t.ordered_day == idle.idle_day])
    waits = t.idle_sku.notnull()
    return t.mutate(is_traceable=t.is_traceable & ~waits, waits=waits).drop(
        "ordered_day", "idle_sku", "idle_node", "idle_day"
    )


def _asset_key(
    t: ir.Table, grain: tuple[str, ...], fingerprint: Callable[[ir.StringValue], ir.IntegerValue]
) -> ir.IntegerValue:
    """One number for each asset, so that nothing has to be grouped by text again."""
    text = t[grain[0]].cast("string").fill_null(_NONE)
    for name in grain[1:]:
        text = text + ibis.literal("\x1f") + t[name].cast("string").fill_null(_NONE)
    return fingerprint(text)


def with_references(
    lines: ir.Table, products: ir.Table | None, nodes: ir.Table | None, channels: ir.Table | None
) -> ir.Table:
    """Order lines with what products, nodes and channels say of them; null where there is no such table."""
    named = {
        "sku_id": (products, {"brand": "brand", "category": "category"}),
        "node_id": (nodes, {"node_party": "party_id", "node_region": "region"}),
        "channel_id": (channels, {"channel_kind": "kind", "release_party": "party_id"}),
    }
    joined = lines
    for key, (table, columns) in named.items():
        if table is None:
            joined = joined.mutate(**{name: ibis.null("string") for name in columns})
        else:
            joined = joined.left_join(table.select(key, **columns), key).drop(f"{key}_right")
    return joined.mutate(
        customer_kind=_customer_kind(joined.channel_kind),
        fulfilment_party=ibis.coalesce(joined.fulfiller_id, joined.node_party),
        fulfilled_at=ibis.coalesce(joined.node_id, joined.fulfiller_id),
        origin=ibis.coalesce(joined.node_region, joined.node_id, joined.fulfiller_id),
    )


# Orders of businesses pass a check of credit, those of consumers one of payment: neither shows what the other could reach.
_BUSINESS = ("wholesale", "b2b", "business", "trade", "distribut", "dealer", "edi", "key account")


# What companies call channels with shelves, and what they call those without.
_SHOP = re.compile(r"\b(store|shop|branch|outlet)(s|es)?\b|\bretail\b|brick")
_ONLINE = re.compile(r"online|web|\bsite\b|e-?comm|\bapp\b|market.?place|digital")


def is_shop(channel_kind: str) -> bool:
    """Whether customers of a channel of this kind stand before a shelf."""
    kind = channel_kind.lower()
    return bool(_SHOP.search(kind)) and not _ONLINE.search(kind)


def _customer_kind(channel_kind: ir.StringValue) -> ir.StringValue:
    kind = channel_kind.lower().fill_null("")
    is_business = ibis.or_(*(kind.contains(word) for word in _BUSINESS))
    return ibis.cases((is_business, "business"), else_="consumer")


def _outcome(t: ir.Table, observed_until: int) -> ir.StringValue:
    return ibis.cases(
        ((t.delivered_s - t.ordered_s <= _AT_ONCE_S) & t.promised_s.isnull(), "taken along"),
        (t.delivered_s.notnull() & t.promised_s.isnull(), "no promise"),
        (t.delivered_s.notnull() & (t.delivered_s <= t.promised_s), "on time"),
        (t.delivered_s.notnull(), "late"),
        (t.cancelled_s.notnull() | t.cancel_reason.notnull(), "cancelled"),
        (t.promised_s < observed_until, "overdue"),
        else_="open",
    )


def _is_traceable(t: ir.Table) -> ir.BooleanValue:
    """Stage times complete up to where the line came, and none before the one it follows."""
    forward = (
        (t.released_s >= t.ordered_s)
        & (t.handed_over_s.isnull() | (t.handed_over_s >= t.released_s))
        & (t.delivered_s.isnull() | (t.delivered_s >= t.handed_over_s))
    )
    stuck_in_release = t.released_s.isnull() & t.handed_over_s.isnull() & t.delivered_s.isnull()
    return forward.fill_null(False) | stuck_in_release


def _size_class(units: ir.NumericValue) -> ir.StringValue:
    return ibis.cases(
        (units.isnull(), "any size"), (units <= 1, "1 unit"), (units <= 5, "2-5 units"), (units <= 20, "6-20 units"),
        else_="over 20 units",
    )  # fmt: skip
