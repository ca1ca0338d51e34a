"""Order lines and the things they refer to, as canonical tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.worlds import aftersales, sums
from fourwalls.worlds.defects import AS_RECORDED
from fourwalls.worlds.draws import Columns, generator
from fourwalls.worlds.parquet import TIME, dates, numbered, times, words, write_table
from fourwalls.worlds.world import World


def order_lines(world: World, lines: Columns) -> dict[str, pa.Array]:
    """Concluded lines as rows of `order_lines`."""
    r, days = world.retailer, world.days
    parties = tuple(p.party_id for p in r.parties)
    rated = lines["rating_share"]
    # Customers of a store carry home what they bought.
    carrier = np.where(r.is_in_store(lines["channel_id"]), -1, r.party_of("carrier_id")[lines["carrier_id"]])
    return {
        "order_id": numbered("o", lines["order"]),
        "line_id": numbered("", lines["line"] + 1, 1),
        "ordered_at": times(days, lines["at"]),
        "customer_id": numbered("c", lines["customer"]),
        "sku_id": numbered("s", lines["sku"], 5),
        "channel_id": words(tuple(c.channel_id for c in r.channels), lines["channel_id"]),
        "node_id": words(tuple(n.node_id for n in r.nodes), lines["node_id"]),
        "fulfiller_id": words(parties, r.party_of("node_id")[lines["node_id"]]),
        "carrier_id": words((*parties, ""), carrier % (len(parties) + 1)),
        "destination": words(r.destinations, lines["destination"]),
        "promised_at": times(days, lines["promised"]),
        "released_at": times(days, lines["released"]),
        "handed_over_at": times(days, lines["handed_over"]),
        "delivered_at": times(days, lines["delivered"]),
        "cancelled_at": times(days, lines["cancelled"]),
        "cancel_reason": words(aftersales.CANCEL_REASONS, lines["cancel_reason"]),
        "ordered_units": pa.array(lines["units"]),
        "shipped_units": pa.array(lines["shipped_units"]),
        "returned_units": pa.array(lines["returned_units"]),
        "return_reason": words(aftersales.RETURN_REASONS, lines["return_reason"]),
        "price_amount": pa.array(sums.price(world, world.trouble(AS_RECORDED), lines)),
        "cost_amount": pa.array(r.skus.cost[lines["sku"]]),
        "fulfilment_amount": pa.array(sums.fulfilment(r, lines)),
        "rating_share": pa.array(rated, mask=np.isnan(rated)),
    }


def damaged(world: World, block: int, rows: dict[str, pa.Array]) -> dict[str, pa.Array]:
    """Rows as they arrive in the table: some of a careless company's are damaged on the way.

    A damaged row has lost the time it was ordered, was delivered in 1970, is there twice, or names a carrier that
    nobody knows.
    """
    share = world.recipe.dirty_share
    n = len(rows["order_id"])
    if share <= 0.0 or n == 0:
        return rows
    luck = generator(world.seed, "damage", block)
    hit = np.where(luck.random(n) < share, luck.integers(0, 4, n), -1)
    out = dict(rows)
    missing, ancient, stranger = (pa.array(hit == k) for k in (0, 1, 2))
    out["ordered_at"] = pc.if_else(missing, pa.scalar(None, TIME), rows["ordered_at"])
    out["delivered_at"] = pc.if_else(ancient, pa.scalar(0, pa.int64()).cast(TIME), rows["delivered_at"])
    out["carrier_id"] = pc.if_else(stranger, pa.scalar("unknown-carrier"), rows["carrier_id"])
    twice = pa.array(np.concatenate([np.arange(n), np.flatnonzero(hit == 3)]))
    return {name: values.take(twice) for name, values in out.items()}


def write_things(world: World, folder: Path) -> None:
    """Write products, nodes, channels and parties."""
    r, days = world.retailer, world.days
    n = len(r.skus.price)
    write_table(
        folder,
        "products",
        {
            "sku_id": numbered("s", np.arange(n), 5),
            "brand": words(r.brands, r.skus.brand),
            "category": words(r.categories, r.skus.category),
            "launched_on": dates(days, r.skus.launched),
        },
    )
    parties = [p.party_id for p in r.parties]
    text = pa.string()
    write_table(
        folder,
        "nodes",
        {
            "node_id": pa.array([x.node_id for x in r.nodes], text),
            "kind": pa.array([x.kind for x in r.nodes], text),
            "party_id": pa.array([parties[x.party] for x in r.nodes], text),
            "region": pa.array([x.region for x in r.nodes], text),
        },
    )
    write_table(
        folder,
        "channels",
        {
            "channel_id": pa.array([x.channel_id for x in r.channels], text),
            "kind": pa.array([x.kind for x in r.channels], text),
            "party_id": pa.array([parties[x.party] for x in r.channels], text),
        },
    )
    write_table(
        folder,
        "parties",
        {
            "party_id": pa.array(parties, text),
            "kind": pa.array([x.kind for x in r.parties], text),
            "name": pa.array([x.name for x in r.parties], text),
        },
    )
