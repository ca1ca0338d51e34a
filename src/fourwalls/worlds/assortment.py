"""The assortment: which product lies in which node, and what the plan expects of it day by day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fourwalls.worlds.clocks import Calendar
from fourwalls.worlds.demand import Demand
from fourwalls.worlds.draws import Columns, Floats, Ints
from fourwalls.worlds.retailer import Retailer

AHEAD_DAYS = 120
"""Days the plan reaches beyond the end of the world."""


@dataclass(frozen=True, slots=True)
class Assortment:
    """Products in nodes, one row each ("place"), in the order of sku and node.

    Attributes:
        sku, node, category, brand, supplier: Codes, shape (places,).
        of: Place of a sku in a node, -1 where it is not kept, shape (skus, nodes).
        pairs: Places of the same sku in two nodes that are no stores, shape (pairs, 2).
        source: Place that feeds each place in a store, -1 elsewhere, shape (places,).
        plan: Units a day the plan expects by channel, summed from day 0 up to each day,
            shape (channels, places, days + AHEAD_DAYS + 1).
    """

    sku: Ints
    node: Ints
    category: Ints
    brand: Ints
    supplier: Ints
    of: Ints
    pairs: Ints
    source: Ints
    plan: Floats

    def rows(self) -> Columns:
        """Codes of each place, for placing defects."""
        return {
            "node_id": self.node,
            "category": self.category,
            "brand": self.brand,
            "supplier_id": self.supplier,
        }

    def planned(self, first: int, days: Floats | float) -> Floats:
        """Units a day the plan expects over the next `days`, by channel, shape (channels, places).

        Args:
            first: Day it begins.
            days: How many, one figure or one per place.
        """
        last = np.minimum(
            first + np.broadcast_to(np.ceil(days), self.sku.shape).astype(np.int64), self.plan.shape[2] - 1
        )
        rows = np.arange(len(self.sku))
        until = self.plan[:, rows, last]
        mean: Floats = (until - self.plan[:, :, first]) / np.maximum(last - first, 1)
        return mean


def assortment(retailer: Retailer, days: Calendar, demand: Demand) -> Assortment:
    """Every sku in every node that serves its category."""
    skus = retailer.skus
    n_ch = len(retailer.channels)
    kept = retailer.node_share.max(axis=1) > 0.0
    held = np.logical_or.reduce([kept, *(retailer.stock_share(c).max(axis=1) > 0.0 for c in range(n_ch))])
    here = held[skus.category]
    sku, node = (x.astype(np.int64) for x in np.nonzero(here))
    of = np.full(here.shape, -1, dtype=np.int64)
    of[sku, node] = np.arange(len(sku))
    twice = np.flatnonzero(kept[skus.category].sum(axis=1) == 2)
    pairs = np.array([of[s][kept[skus.category[s]]] for s in twice], dtype=np.int64).reshape(-1, 2)
    source = np.full(len(sku), -1, dtype=np.int64)
    if retailer.is_in_store(np.arange(n_ch)).any():
        for dest in range(len(retailer.destinations)):
            mine = np.flatnonzero(node == retailer.store_at(np.array([dest]))[0])
            source[mine] = of[sku[mine], retailer.node_share[skus.category[sku[mine]], dest].argmax(axis=1)]
    return Assortment(
        sku=sku,
        node=node,
        category=skus.category[sku],
        brand=skus.brand[sku],
        supplier=skus.supplier[sku],
        of=of,
        pairs=pairs,
        source=source,
        plan=_plan(retailer, days, demand, sku, node),
    )


def sku_share(retailer: Retailer, first: int, last: int) -> Floats:
    """Share of its category's lines that each sku takes, by day, launches heeded, shape (skus, days)."""
    skus = retailer.skus
    day = np.arange(first, last)
    weight = skus.weight / np.bincount(skus.category, skus.weight)[skus.category]
    on_sale = skus.launched[:, None] <= day[None, :]
    share = weight[:, None] * on_sale
    np.add.at(share, skus.stand_in, weight[:, None] * ~on_sale)
    return share


def _plan(retailer: Retailer, days: Calendar, demand: Demand, sku: Ints, node: Ints) -> Floats:
    units = np.array([mean_units(c.units) for c in retailer.channels])
    by_node = np.stack(
        [
            np.einsum("cdy,cdn->cny", demand.planned[:, :, h], retailer.stock_share(h)) * units[h]
            for h in range(len(retailer.channels))
        ]
    )
    last_week = by_node[..., -7:]
    ahead = np.concatenate([by_node, np.tile(last_week, AHEAD_DAYS // 7 + 1)], axis=-1)[..., : days.days + AHEAD_DAYS]
    share = sku_share(retailer, 0, days.days + AHEAD_DAYS)
    daily = ahead[:, retailer.skus.category[sku], node, :] * share[None, sku, :]
    return np.concatenate([np.zeros((*daily.shape[:2], 1)), np.cumsum(daily, axis=2)], axis=2)


def mean_units(mean: float) -> float:
    """Mean of 1 + floor of an exponential of mean (mean − 1) / 0.9, which is how wishes draw their units."""
    scale = (mean - 1.0) / 0.9
    return 1.0 + 1.0 / np.expm1(1.0 / scale) if scale > 0.0 else 1.0
