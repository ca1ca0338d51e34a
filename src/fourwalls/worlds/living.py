"""Live a world through, block by block, in all its versions at once: as recorded, and with stages repaired."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fourwalls.worlds import demand, picking, shelf, sums
from fourwalls.worlds.clocks import Clock
from fourwalls.worlds.custom import Custom
from fourwalls.worlds.defects import AS_RECORDED, DEFECTS, PlacedDefect, Repairs
from fourwalls.worlds.draws import Columns, take
from fourwalls.worlds.order_flow import OrderFlow, concluded
from fourwalls.worlds.retailer import OWN
from fourwalls.worlds.stock_flow import Sales, StockFlow
from fourwalls.worlds.sums import Sums
from fourwalls.worlds.world import World


@dataclass(frozen=True, slots=True)
class Block:
    """What a block of days leaves behind in the version that is recorded.

    Attributes:
        first, last: Its days, `last` exclusive.
        wishes: What customers wished for.
        lines: Concluded order lines of the recorded period.
        sales: Stock, supply orders and forecasts.
        clocks: Picking clocks of the sections.
    """

    first: int
    last: int
    wishes: Columns
    lines: Columns
    sales: Sales
    clocks: list[Clock | None]


def doers(world: World, placed: PlacedDefect) -> tuple[int, ...]:
    """Parties that do the stage of a defect in its place."""
    column = DEFECTS[placed.defect.kind].done_by
    parties = world.retailer.party_of(column)
    code = placed.codes.get({"buyer": "supplier_id", "allocator": "category"}.get(column, column))
    if code is not None:
        return (int(parties[code]),)
    return tuple(sorted({int(p) for p in parties}))


def versions(world: World) -> list[Repairs]:
    """As recorded, inside, between, both, each stage alone, and each stage in the hands of each party."""
    everyone = frozenset(range(len(world.retailer.parties)))
    pairs = sorted({(d.defect.stage, p) for d in world.defects for p in doers(world, d)})
    names = world.retailer.parties
    return [
        AS_RECORDED,
        Repairs("inside", None, frozenset({OWN})),
        Repairs("between", None, everyone - {OWN}),
        Repairs("both", None, None),
        *(Repairs(stage, frozenset({stage}), None) for stage in sorted({s for s, _ in pairs})),
        *(Repairs(f"{s} by {names[p].party_id}", frozenset({s}), frozenset({p})) for s, p in pairs),
    ]


def _signature(world: World, repairs: Repairs) -> tuple[bool, ...]:
    """Versions that repair the same doings are the same version."""
    return tuple(bool(repairs.covers(d.defect.stage, np.array([p]))[0]) for d in world.defects for p in doers(world, d))


def live(world: World, record: Callable[[Block], None] | None = None) -> dict[str, Sums]:
    """Live the world through in all its versions.

    Args:
        world: The world.
        record: Takes what each block leaves behind in the version as recorded.

    Returns:
        Sums by the name of the version.
    """
    wanted = versions(world)
    alike: dict[tuple[bool, ...], Repairs] = {}
    for repairs in wanted:
        alike.setdefault(_signature(world, repairs), repairs)
    lived = list(alike.values())
    troubles = [world.trouble(repairs) for repairs in lived]
    stock = StockFlow(world.retailer, world.days, world.places, world.seed, troubles)
    flows = []
    for trouble in troubles:
        clocks = picking.section_clocks(world.retailer, world.days, world.demand, trouble)
        flows.append(OrderFlow(world.retailer, world.days, trouble, clocks, world.crowd))
    customers = Custom(world.retailer, len(lived))
    weights = sums.place_weights(world)
    n_assets = weights.shape[1]
    totals: list[Sums] = [{} for _ in lived]
    orders = 0
    step = demand.block_days(world.retailer)
    for first in range(0, world.days.days, step):
        last = min(first + step, world.days.days)
        wishes = world.wishes(first, last, orders)
        orders = int(wishes["order"].max(initial=orders - 1)) + 1
        sales = stock.sell(wishes, customers.stays(wishes), first, last)
        for row, flow in enumerate(flows):
            accepted = sales.fate[row] == shelf.ACCEPTED
            ordered = take(wishes, accepted) | {
                "stocked": sales.shipped[row][accepted].astype(np.int64),
                "partner_amount": sales.partner_amount[row][accepted],
            }
            lines = flow.deliver(ordered, last if last < world.days.days else None)
            done = concluded(world.retailer, world.days, flow.trouble, lines, world.promise)
            customers.let_down(row, done)
            done = take(done, done["day"] >= world.days.warm_up)
            for part in (
                sums.of_lines(world, flow.trouble, done, n_assets),
                sums.of_wishes(world, wishes, sales.fate[row], n_assets),
                sums.of_places(world.places, world.retailer, weights, sales, row),
            ):
                totals[row] = sums.plus(totals[row], part)
            if record is not None and row == 0:
                record(Block(first, last, wishes, done, sales, flow.clocks))
    by_signature = dict(zip(alike, totals, strict=True))
    return {r.name: by_signature[_signature(world, r)] for r in wanted}
