"""Stock, supply orders, forecasts and listings as canonical tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fourwalls.worlds import conversion, shelf
from fourwalls.worlds.assortment import sku_share
from fourwalls.worlds.defects import AS_RECORDED
from fourwalls.worlds.draws import Columns, Floats, Ints, generator
from fourwalls.worlds.living import Block
from fourwalls.worlds.parquet import dates, numbered, times, words
from fourwalls.worlds.retailer import MEDIA, OWN
from fourwalls.worlds.stock_flow import MEDIA_SHARE
from fourwalls.worlds.world import World

Table = dict[str, pa.Array]

_CONVERSION = 0.04
_USUAL_MEDIA_SHARE = 0.03


def _joined(parts: Sequence[Columns]) -> Columns:
    return {name: np.concatenate([p[name] for p in parts]) for name in parts[0]} if parts else {}


def _sku_and_node(world: World, place: Ints) -> Table:
    nodes = tuple(n.node_id for n in world.retailer.nodes)
    return {
        "sku_id": numbered("s", world.places.sku[place], 5),
        "node_id": words(nodes, world.places.node[place]),
    }


def stock_days(world: World, block: Block) -> Table:
    """Rows of `stock_days`; empty if the block lies before the record."""
    rows = block.sales.stock_days
    if not rows:
        return {}
    return {
        **_sku_and_node(world, rows["place"]),
        "day": dates(world.days, rows["day"]),
        "on_hand_units": pa.array(rows["on_hand"]),
        "sold_units": pa.array(rows["sold"]),
        "received_units": pa.array(rows["received"]),
        "adjusted_units": pa.array(rows["adjusted"]),
        "empty_share": pa.array(np.round(rows["empty_share"], 4)),
    }


def supply_orders(world: World, block: Block) -> Table:
    """Rows of `supply_orders`: those placed by the end of the record and not yet on the shelf when it begins."""
    rows = _joined(block.sales.supply_orders)
    if not rows:
        return {}
    end, start = world.days.end_hour, world.days.warm_up * 24.0
    keep = (rows["placed"] < end) & (rows["available"] >= start)
    rows = {name: values[keep] for name, values in rows.items()}

    def happened(name: str) -> Floats:
        return np.where(rows[name] < end, rows[name], np.nan)

    place = rows["place"]
    nodes = tuple(n.node_id for n in world.retailer.nodes)
    suppliers = tuple(s.supplier_id for s in world.retailer.suppliers)
    is_here = rows["received"] < end
    return {
        "supply_order_id": numbered("b", rows["order"]),
        "sku_id": numbered("s", world.places.sku[place], 5),
        "to_node_id": words(nodes, world.places.node[place]),
        "from_node_id": words((*nodes, ""), rows["from_node"] % (len(nodes) + 1)),
        "supplier_id": words((*suppliers, ""), rows["supplier"] % (len(suppliers) + 1)),
        **{f"{name}_at": times(world.days, rows[name]) for name in ("signalled", "decided", "placed", "promised")},
        **{f"{name}_at": times(world.days, happened(name)) for name in ("shipped", "received", "available")},
        "ordered_units": pa.array(rows["units"]),
        "received_units": pa.array(rows["come"], mask=~is_here),
        "cost_amount": pa.array(world.retailer.skus.cost[world.places.sku[place]]),
    }


def forecasts(world: World, block: Block) -> Table:
    """Rows of `forecasts`, from four weeks before the record."""
    rows = _joined(block.sales.forecasts)
    if not rows:
        return {}
    keep = rows["day"] >= world.days.warm_up - 28
    rows = {name: values[keep] for name, values in rows.items()}
    channels, parties = world.retailer.channels, tuple(p.party_id for p in world.retailer.parties)
    here = _sku_and_node(world, rows["place"])
    return {
        "sku_id": here["sku_id"],
        "channel_id": words(tuple(c.channel_id for c in channels), rows["channel"]),
        "node_id": here["node_id"],
        "forecast_on": dates(world.days, rows["day"]),
        "period_on": dates(world.days, rows["period"]),
        "period_days": pa.array(np.full(len(rows["day"]), 7)),
        "forecast_units": pa.array(np.round(rows["units"], 2)),
        "forecaster_id": words(parties, world.retailer.party_of("channel_id")[rows["channel"]]),
    }


def listings(world: World, block: Block) -> Table:
    """Rows of `listings`: each sku in each channel on each day since its launch."""
    first, last = max(block.first, world.days.warm_up), block.last
    if first >= last:
        return {}
    r, days = world.retailer, np.arange(first, last)
    skus = r.skus
    n_sku, n_ch = len(skus.price), len(r.channels)
    sku, channel, day = (x.ravel() for x in np.indices((n_sku, n_ch, len(days))))
    on_sale = skus.launched[sku] <= days[day]
    sku, channel, day = sku[on_sale], channel[on_sale], day[on_sale]
    rows = {"category": skus.category[sku], "brand": skus.brand[sku], "channel_id": channel}
    at = days[day]
    recorded = world.trouble(AS_RECORDED)
    listed = _listed_share(world, block, first)[sku, channel, day]
    luck = generator(world.seed, "listings", first)
    party = r.party_of("channel_id")[channel]
    weak = recorded.severity("weak_content", rows, at, party)
    dear = recorded.severity("dear_price", rows, at, np.full(len(at), OWN))
    wasted = recorded.severity("media_on_empty", rows, at, np.full(len(at), MEDIA))
    undercut = 0.25 * recorded.severity("price_war", rows, at)
    off = world.demand.discount[rows["category"], at]
    lines = world.demand.actual.sum(axis=1)[rows["category"], channel, at]
    wanted = lines * sku_share(r, first, last)[sku, day]
    own_content = luck.normal(0.93, 0.03, (n_sku, n_ch))[sku, channel]
    rival = luck.normal(0.0, 0.03, (n_sku, len(days) // 7 + 1))[sku, day // 7]
    planned = skus.price[sku] * wanted
    spent = _USUAL_MEDIA_SHARE * planned * listed + MEDIA_SHARE * planned * (1.0 - listed) * wasted
    price = skus.price[sku]
    return {
        "sku_id": numbered("s", sku, 5),
        "channel_id": words(tuple(c.channel_id for c in r.channels), channel),
        "day": dates(world.days, at),
        "listed_share": pa.array(np.round(listed, 4)),
        "price_amount": pa.array(np.round(price * (1.0 - off) * (1.0 + conversion.DEAR_SHARE * dear), 2)),
        "rival_price_amount": pa.array(np.round(price * (1.0 - 0.6 * off) * np.exp(rival) * (1.0 - undercut), 2)),
        "content_share": pa.array(np.round(np.clip(own_content - 0.5 * weak, 0.05, 1.0), 3)),
        "sessions": pa.array(luck.poisson(wanted / _CONVERSION)),
        "orders": pa.array(_orders(world, block, first)[sku, channel, day]),
        "media_amount": pa.array(np.round(spent, 2)),
    }


def _listed_share(world: World, block: Block, first: int) -> Floats:
    """Share of each day each sku could be bought, by what the plan sells where, shape (skus, channels, days)."""
    p = world.places
    sells = world.retailer.is_in_store(np.arange(len(world.retailer.channels)))[:, None] == (p.source >= 0)
    planned = p.planned(block.first, block.last - block.first) * sells + 1e-12
    shown = block.sales.shown_share[first - block.first :].transpose(2, 1, 0)
    n_sku, n_ch = len(world.retailer.skus.price), shown.shape[1]
    share = np.zeros((n_sku, n_ch, shown.shape[2]))
    weight = np.zeros((n_sku, n_ch, 1))
    np.add.at(share, p.sku, shown * planned.T[:, :, None])
    np.add.at(weight, p.sku, planned.T[:, :, None])
    return np.clip(share / np.where(weight > 0.0, weight, 1.0), 0.0, 1.0)


def _orders(world: World, block: Block, first: int) -> NDArray[np.int64]:
    """Order lines by sku, channel and day."""
    n_sku, n_ch, n_days = len(world.retailer.skus.price), len(world.retailer.channels), block.last - first
    taken = (block.sales.fate[0] == shelf.ACCEPTED) & (block.wishes["day"] >= first)
    sku, channel, day = (block.wishes[name][taken] for name in ("sku", "channel_id", "day"))
    cell = (sku * n_ch + channel) * n_days + day - first
    return np.bincount(cell, minlength=n_sku * n_ch * n_days).reshape(n_sku, n_ch, n_days)
