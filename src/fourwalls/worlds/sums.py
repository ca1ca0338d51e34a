"""Add up what one version of a world comes to, asset by asset."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fourwalls.worlds import casework, conversion, shelf, waste
from fourwalls.worlds.assortment import Assortment, mean_units
from fourwalls.worlds.defects import Trouble
from fourwalls.worlds.draws import Columns, Floats, Ints
from fourwalls.worlds.retailer import Retailer
from fourwalls.worlds.stock_flow import Sales
from fourwalls.worlds.world import World

TILL_AMOUNT = 0.9
"""What selling a line in a store costs."""

Sums = dict[str, Floats]
"""By name, shape (assets,).

lines, late, overdue, cancelled: Order lines.
revenue, gross_margin, fulfilment, leakage: Amounts; revenue of what was shipped.
failed_value: Value of lines that came late, not yet, or were sold though there was nothing.
case_hours: Hours of case work.
partner_units <destination code>: Units a partner picks and packs for us beyond our own capacity.
lost_empty, lost_unseen, lost_unconvinced, lost_custom, lost_unserved, wished: Units wished for, and those that became no order.
stock_value: Stock at cost, summed over days. written_off, media_on_empty, marked_down: Amounts.
"""


def plus(a: Sums, b: Sums) -> Sums:
    """Two blocks of the same version."""
    return {name: values + b[name] if name in b else values for name, values in a.items()} | {
        name: values for name, values in b.items() if name not in a
    }


def asset_column(retailer: Retailer, column: str, lines: Columns) -> tuple[tuple[str, ...], Ints]:
    """Values of a grain column, and the code of each line's."""
    if column in ("category", "destination", "brand", "channel_id", "node_id"):
        return tuple(retailer.codes(column)), lines[column]
    if column == "channel_kind":
        names, of_thing = [c.kind for c in retailer.channels], lines["channel_id"]
    else:
        names, of_thing = [n.region for n in retailer.nodes], lines["node_id"]
    values = tuple(dict.fromkeys(names))
    return values, np.array([values.index(n) for n in names], dtype=np.int64)[of_thing]


def asset_codes(retailer: Retailer, grain: Iterable[str], lines: Columns) -> Ints:
    """Number of the asset of each line, counted through all combinations of the grain."""
    code = np.zeros(len(lines["category"]), dtype=np.int64)
    for column in grain:
        values, of_line = asset_column(retailer, column, lines)
        code = code * len(values) + of_line
    return code


def assets(world: World) -> list[dict[str, str]]:
    """Every combination of the grain, in the order of `asset_codes`."""
    names = ("category", "destination", "brand", "channel_id", "node_id")
    none: Columns = {name: np.zeros(0, dtype=np.int64) for name in names}
    rows: list[dict[str, str]] = [{}]
    for column in world.recipe.asset:
        values, _ = asset_column(world.retailer, column, none)
        rows = [{**row, column: value} for row in rows for value in values]
    return rows


def place_weights(world: World) -> Floats:
    """What part of each place's planned sales belongs to each asset, shape (places, assets)."""
    r, p = world.retailer, world.places
    units = np.array([mean_units(c.units) for c in r.channels])
    n_assets = len(assets(world))
    planned = world.demand.planned.sum(axis=3)
    weights = np.zeros((len(p.sku), n_assets))
    rows = np.arange(len(p.sku))
    for dest in range(len(r.destinations)):
        for channel in range(len(r.channels)):
            volume = (
                planned[p.category, dest, channel] * r.stock_share(channel)[p.category, dest, p.node] * units[channel]
            )
            cell = {
                "category": p.category,
                "brand": p.brand,
                "node_id": p.node,
                "destination": np.full(len(rows), dest),
                "channel_id": np.full(len(rows), channel),
            }
            np.add.at(weights, (rows, asset_codes(r, world.recipe.asset, cell)), volume)
    dealt: Floats = weights / weights.sum(axis=1, keepdims=True)
    return dealt


def price(world: World, trouble: Trouble, lines: Columns) -> Floats:
    """Net price per unit of each line, to the cent."""
    off = world.demand.discount[lines["category"], lines["day"]]
    dear = conversion.dearness(trouble, lines, len(off))
    paid: Floats = np.asarray(
        np.round(world.retailer.skus.price[lines["sku"]] * (1.0 - off) * (1.0 + dear), 2), dtype=np.float64
    )
    return paid


def fulfilment(retailer: Retailer, lines: Columns) -> Floats:
    """What picking, packing and carrying each line costs; nothing if it never left."""
    own = retailer.party_of("node_id")[lines["node_id"]] == 0
    handling = np.where(own, 1.1, 1.6) + 0.35 * retailer.pick_minutes[lines["category"]] * lines["luck_work"]
    parcel = 2.2 + 0.045 * retailer.linehaul_hours[lines["node_id"], lines["destination"], lines["carrier_id"]]
    handling = np.where(lines["partner_amount"] > 0.0, lines["partner_amount"] * lines["stocked"], handling)
    sent = np.where(retailer.is_in_store(lines["channel_id"]), TILL_AMOUNT, handling + parcel)
    spent = np.where(np.isnan(lines["handed_over"]), 0.0, sent)
    return np.asarray(np.round(spent, 2), dtype=np.float64)


def of_lines(world: World, trouble: Trouble, lines: Columns, n_assets: int) -> Sums:
    """Sums over concluded lines."""
    r = world.retailer
    asset = asset_codes(r, world.recipe.asset, lines)
    paid = price(world, trouble, lines)
    kept = np.where(lines["is_cancelled"], 0, lines["stocked"])
    revenue = paid * kept
    failed = lines["is_late"] | lines["is_overdue"] | (lines["is_cancelled"] & (lines["stocked"] <= 0))
    leaked = sum(amount for cause, amount, _ in waste.bookings(r, trouble, lines, revenue) if cause != waste.GOODWILL)
    found = casework.cases(r, trouble, lines)
    helped = lines["partner_amount"] > 0.0

    def total(weights: NDArray[Any]) -> Floats:
        return np.bincount(asset, weights.astype(np.float64), minlength=n_assets).astype(np.float64)

    return {
        "lines": total(np.ones(len(asset))),
        "late": total(lines["is_late"]),
        "overdue": total(lines["is_overdue"]),
        "cancelled": total(lines["is_cancelled"]),
        "revenue": total(revenue),
        "gross_margin": total(revenue - r.skus.cost[lines["sku"]] * kept),
        "failed_value": total(paid * lines["units"] * failed),
        "fulfilment": total(fulfilment(r, lines)),
        "leakage": total(np.asarray(leaked)),
        "case_hours": total(casework.hours_by_line(found, len(asset))),
        **{
            f"partner_units {dest}": total(lines["shipped_units"] * (helped & (lines["destination"] == dest)))
            for dest in range(len(r.destinations))
        },
    }


def of_wishes(world: World, wishes: Columns, fate: NDArray[np.int8], n_assets: int) -> Sums:
    """Sums over wishes of the recorded days."""
    counts = wishes["day"] >= world.days.warm_up
    asset = asset_codes(world.retailer, world.recipe.asset, wishes)
    units = wishes["units"] * counts

    def total(code: int) -> Floats:
        lost = (units * (fate == code)).astype(np.float64)
        return np.bincount(asset, lost, minlength=n_assets).astype(np.float64)

    return {
        "wished": np.bincount(asset, units.astype(np.float64), minlength=n_assets).astype(np.float64),
        "lost_empty": total(shelf.LOST_EMPTY),
        "lost_unseen": total(shelf.LOST_UNSEEN),
        "lost_unconvinced": total(shelf.LOST_UNCONVINCED),
        "lost_custom": total(shelf.LOST_CUSTOM),
        "lost_unserved": total(shelf.LOST_UNSERVED),
    }


def of_places(places: Assortment, retailer: Retailer, weights: Floats, sales: Sales, row: int) -> Sums:
    """Sums over products in nodes in one version, dealt out to the assets they sell to."""
    cost = retailer.skus.cost[places.sku]
    return {
        "stock_value": sales.stock_value[row] @ weights,
        "written_off": (sales.written_off[row] * cost) @ weights,
        "media_on_empty": sales.media_on_empty_amount[row] @ weights,
        "marked_down": sales.marked_down_amount[row] @ weights,
    }
