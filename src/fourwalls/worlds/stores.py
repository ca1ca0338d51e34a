"""Stores: a shelf that customers see, a back room that they do not, and orders to the DC that feeds it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fourwalls.worlds import buying
from fourwalls.worlds.assortment import Assortment
from fourwalls.worlds.defects import SeverityByVersion, Trouble
from fourwalls.worlds.draws import Bools, Floats, Ints
from fourwalls.worlds.retailer import Retailer

ORDER_WEEKDAYS = (0, 3)
TRANSFER_DAYS = 2
COVER_DAYS = 7.0
"""Days an order of a store has to last: until the next one is on the shelf, and a day more."""

_FACING_DAYS = 6.0
_SKIPPED_SHARE = 0.02


@dataclass(slots=True)
class Stores:
    """Shelves of the stores in every version of a world; what is in a store and not on its shelf is in its back room.

    Attributes:
        retailer, places, versions: The world.
        rows: Places in stores.
        shelf: Units on their shelves, shape (versions, places in stores).
        facing: Units a shelf has room for, shape (places in stores,).
    """

    retailer: Retailer
    places: Assortment
    versions: list[Trouble]
    rows: Ints = field(init=False)
    shelf: Ints = field(init=False)
    facing: Ints = field(init=False)
    _bad: SeverityByVersion = field(init=False)

    def __post_init__(self) -> None:
        p = self.places
        self.rows = np.flatnonzero(p.source >= 0)
        rate = p.planned(0, float(p.plan.shape[2])).sum(axis=0)[self.rows]
        self.facing = np.ceil(buying.wanted_level(rate, _FACING_DAYS, np.ones(len(rate)))).astype(np.int64) + 1
        self.shelf = np.zeros((len(self.versions), len(self.rows)), dtype=np.int64)
        places = {name: codes[self.rows] for name, codes in p.rows().items()}
        party = self.retailer.party_of("node_id")[places["node_id"]]
        self._bad = SeverityByVersion("unfilled_shelves", self.versions, places, party)

    def fill(self, day: int, physical: Ints, luck: Floats) -> None:
        """Fill shelves from the back room before opening, where somebody gets round to it.

        Args:
            day: The day.
            physical: What is really in each place, shape (versions, places).
            luck: Uniform, shape (places,).
        """
        comes: Bools = luck[self.rows] >= np.minimum(_SKIPPED_SHARE + 0.9 * self._bad.on(day), 0.97)
        there = physical[:, self.rows]
        still = np.minimum(self.shelf, there)
        self.shelf = np.where(comes, np.maximum(still, np.minimum(there, self.facing)), still)

    def on_show(self, stock: Ints) -> Ints:
        """Stock of all places as customers meet it: in a store, what is on its shelf."""
        if not len(self.rows):
            return stock
        shown = stock.copy()
        shown[:, self.rows] = self.shelf
        return shown

    def take(self, sold: Ints) -> None:
        """Take what was sold from the shelves; shape (versions, places)."""
        self.shelf = self.shelf - sold[:, self.rows]

    def shipments(self, day: int, position: Ints, free: Ints, per_day: Floats) -> Ints:
        """Units that the DC sends to each place in a store, shape (versions, places in stores).

        Stores take turns to be served first; what the DC does not have, they order again next time.

        Args:
            day: The day.
            position: Stock on record and on its way, shape (versions, places).
            free: What the DC can send, same shape.
            per_day: What the store believes it will sell a day, same shape.
        """
        rate = per_day[:, self.rows]
        level = buying.wanted_level(rate, COVER_DAYS, np.ones_like(rate))
        asked = buying.ordered(level, position[:, self.rows], np.ones(len(self.rows), dtype=np.int64))
        left = np.maximum(free, 0)
        sent = np.zeros_like(asked)
        nodes = np.unique(self.places.node[self.rows])
        for node in np.roll(nodes, day):
            mine = np.flatnonzero(self.places.node[self.rows] == node)
            source = self.places.source[self.rows[mine]]
            sent[:, mine] = np.minimum(asked[:, mine], left[:, source])
            left[:, source] -= sent[:, mine]
        return sent
