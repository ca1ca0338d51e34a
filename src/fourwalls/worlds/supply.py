"""Supply: the supplier makes, ships and sometimes shorts an order; the dock receives it and puts it away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fourwalls.worlds.clocks import Calendar, Clock, next_open, open_days, working_clock
from fourwalls.worlds.draws import Floats, Ints
from fourwalls.worlds.retailer import Node, Supplier

_DOCK_HOURS = 5.0
ON_SHELF = 5.0
"""Hour of the day at which what was put away goes on sale."""


@dataclass(frozen=True, slots=True)
class SupplyLuck:
    """What chance has in store for an order placed by each place on a day, each of shape (places,)."""

    lead: Floats
    late: Floats
    short: Floats
    part: Floats
    dock: Floats
    hour: Floats


def draw_supply_luck(luck: np.random.Generator, n: int) -> SupplyLuck:
    """Luck for every place, whether it orders or not."""
    return SupplyLuck(
        lead=luck.standard_normal(n),
        late=luck.standard_exponential(n),
        short=luck.random(n),
        part=luck.random(n),
        dock=luck.standard_gamma(2.0, n) / 2.0,
        hour=luck.random(n),
    )


def promised(supplier: Supplier, placed: Floats) -> Floats:
    """Hour by which the supplier confirms arrival: its usual lead time with a little air, by the evening."""
    return np.floor((placed + supplier.lead_days * 1.15 * 24.0) / 24.0) * 24.0 + 18.0


def arrived(supplier: Supplier, placed: Floats, luck: SupplyLuck, bad: Floats) -> tuple[Floats, Floats]:
    """Hours at which an order is shipped and reaches the gate."""
    lead = supplier.lead_days * np.exp(0.10 * luck.lead) + bad * (0.35 * supplier.lead_days + 4.0 * luck.late)
    return placed + 0.35 * lead * 24.0, placed + lead * 24.0


def received_units(ordered: Ints, luck: SupplyLuck, bad: Floats) -> Ints:
    """Units that come; the rest of a short order is cancelled, not delivered later."""
    is_short = luck.short < 0.02 + 0.5 * bad
    part = 0.9 - 0.6 * luck.part * np.minimum(0.3 + bad, 1.0)
    return np.where(is_short, np.floor(ordered * part), ordered).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Dock:
    """A node's dock: open days to receive on, working hours to put away in."""

    next_open: Ints
    shift: Clock

    def received(self, gate: Floats, hour: Floats) -> Floats:
        """Hour at which a truck at the gate is unloaded: on a working day, in the morning or early afternoon."""
        day = np.ceil((gate - 12.0) / 24.0).astype(np.int64)
        day = self.next_open[np.clip(day, 0, len(self.next_open) - 1)]
        unloaded: Floats = np.maximum(day * 24.0 + 7.0 + 7.0 * hour, gate)
        return unloaded

    def on_shelf_day(self, received: Floats, luck: Floats, bad: Floats) -> Ints:
        """Day from whose early morning on it can be sold."""
        done = self.shift.when(self.shift.read(received) + _DOCK_HOURS * luck * (1.0 + 16.0 * bad))
        return np.ceil((done - ON_SHELF) / 24.0).astype(np.int64)


def dock(node: Node, days: Calendar) -> Dock:
    """The dock of a node."""
    works = open_days(days, node.last_weekday)
    return Dock(next_open=next_open(works), shift=working_clock(works, node.opens, node.closes))


def on_shelf_hour(day: Ints) -> Floats:
    """Hour at which what is put away on a day goes on sale."""
    hour: Floats = np.asarray(day * 24.0 + ON_SHELF, dtype=np.float64)
    return hour
