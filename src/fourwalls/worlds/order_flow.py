"""The order flow: where each line is sent from, release, picking, pick-up, carriage and what becomes of each line."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fourwalls.worlds import aftersales, carriage, picking, promise, release
from fourwalls.worlds.clocks import Calendar, Clock
from fourwalls.worlds.defects import Trouble
from fourwalls.worlds.draws import Columns, Floats, Ints, pick, stack, take
from fourwalls.worlds.retailer import Retailer


@dataclass(slots=True)
class OrderFlow:
    """The order flow of one version of the world, with what it carries from block to block.

    Attributes:
        retailer, days, trouble: The world, and what is wrong in this version.
        clocks: One per section of a node.
        crowd: How far each lane is above plan.
        last_done: What each section's clock showed when its last line was done.
        waiting: Lines released after the block in which they were ordered.
    """

    retailer: Retailer
    days: Calendar
    trouble: Trouble
    clocks: list[Clock | None]
    crowd: Floats
    last_done: Floats = field(init=False)
    waiting: Columns | None = None

    def __post_init__(self) -> None:
        self.last_done = np.zeros(len(self.clocks))

    def deliver(self, orders: Columns, until_day: int | None) -> Columns:
        """Live through a block of orders; gives the lines whose fate is then known.

        Args:
            orders: Lines of the block, with node_id, carrier_id, partner_amount and stocked [units there are for them].
            until_day: First day after the block; None if it is the last one and nothing may stay waiting.

        Returns:
            Lines with released, packed, handed_over, delivered [hours].
        """
        in_store = self.retailer.is_in_store(orders["channel_id"])
        bought = take(orders, in_store)
        bought |= dict.fromkeys(("released", "packed", "handed_over", "delivered"), bought["at"])
        lines = take(orders, ~in_store)
        lines["released"] = release.released(self.retailer, self.days, self.trouble, lines)
        if self.waiting is not None:
            lines = stack(self.waiting, lines)
        if until_day is not None:
            # A section serves by time of release: what is released later must not queue before it.
            later = lines["released"] >= until_day * 24.0
            self.waiting = take(lines, later)
            lines = take(lines, ~later)
        lines["packed"], self.last_done = picking.packed(
            self.retailer, self.days, self.trouble, self.clocks, lines, self.last_done
        )
        lines["handed_over"] = picking.handed_over(self.retailer, self.days, self.trouble, lines)
        lines["delivered"] = carriage.delivered(self.retailer, self.days, self.trouble, self.crowd, lines)
        return stack(lines, bought) if in_store.any() else lines


def sourced(retailer: Retailer, orders: Columns) -> Columns:
    """Orders with the node they are sent from and the carrier that takes them; one of each per order.

    Our own hands pick them, unless a partner asks a `partner_amount` per unit for it.
    """
    lines = dict(orders)
    lines["node_id"] = _share_pick(
        retailer.node_share.reshape(-1, len(retailer.nodes)),
        lines["category"] * len(retailer.destinations) + lines["destination"],
        lines["luck_node"],
    )
    in_store = retailer.is_in_store(lines["channel_id"])
    if in_store.any():
        lines["node_id"][in_store] = retailer.store_at(lines["destination"][in_store])
    lines["carrier_id"] = _share_pick(retailer.carrier_share, lines["destination"], lines["luck_carrier"])
    lines["partner_amount"] = np.zeros(len(lines["at"]))
    return lines


def _share_pick(shares: Floats, row: Ints, luck: Floats) -> Ints:
    out = np.zeros(len(row), dtype=np.int64)
    for code in range(len(shares)):
        here = row == code
        out[here] = pick(shares[code], luck[here])
    return out


def concluded(retailer: Retailer, days: Calendar, trouble: Trouble, lines: Columns, promise_days: Ints) -> Columns:
    """Lines with their promise and their end: what has not happened when the record ends is NaN.

    Adds promised, cancelled [hours], cancel_reason, shipped_units, returned_units, return_reason, rating_share,
    is_late, is_overdue, is_cancelled.
    """
    out = dict(lines)
    out["promised"] = promise.promised(retailer, days, trouble, lines, promise_days)
    gone, reason = aftersales.cancelled(out)
    back, why = aftersales.returned(retailer, out)
    out["rating_share"] = aftersales.rating(out)
    end = days.end_hour
    was_cancelled = gone < end
    out["cancelled"] = np.where(was_cancelled, gone, np.nan)
    out["cancel_reason"] = np.where(was_cancelled, reason, 0)
    for name in ("handed_over", "delivered"):
        out[name] = np.where(np.isfinite(gone) | (lines[name] >= end), np.nan, lines[name])
    out["released"] = np.where((lines["released"] >= end) | (lines["released"] > gone), np.nan, lines["released"])
    arrived = ~np.isnan(out["delivered"])
    back_by_now = back & arrived & (lines["delivered"] + 24.0 * (4.0 + 10.0 * lines["luck_mind"]) < end)
    out["return_reason"] = np.where(back_by_now, why, 0)
    out["returned_units"] = np.where(back_by_now, lines["stocked"], 0)
    out["shipped_units"] = np.where(np.isnan(out["handed_over"]), 0, lines["stocked"])
    out["rating_share"] = np.where(arrived, out["rating_share"], np.nan)
    out["is_late"] = arrived & (lines["delivered"] > out["promised"])
    out["is_cancelled"] = was_cancelled
    out["is_overdue"] = ~arrived & ~was_cancelled & (out["promised"] < end)
    return out
