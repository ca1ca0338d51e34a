"""Own capacity: what our DCs can pack in a day. What comes beyond it is turned away, or served by a partner who is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fourwalls.worlds.assortment import Assortment
from fourwalls.worlds.defects import AS_RECORDED, DEFECTS, Trouble
from fourwalls.worlds.draws import Bools, Columns, Floats, Ints
from fourwalls.worlds.offering import Offer
from fourwalls.worlds.retailer import LOGISTICS, OWN, Retailer

KIND = "unused_partner"

LACKING_SHARE = 0.5
"""Part of what is planned that our own DC cannot pack, at worst."""

_PLAN_DAYS = 28


def lacking_share(trouble: Trouble, retailer: Retailer, node: Ints, category: Ints, day: Ints) -> Floats:
    """Part of the planned work of a section that our own DC has no capacity for; asking a partner does not change it."""
    is_ours = retailer.party_of("node_id")[node] == OWN
    # Whether a partner is asked says nothing about our own capacity, so repairs are left out: no party is given.
    lacking: Floats = is_ours * LACKING_SHARE * trouble.severity(KIND, {"node_id": node, "category": category}, day)
    return lacking


@dataclass(frozen=True, slots=True)
class Shared:
    """What becomes of a block of wishes that want to be served.

    Attributes:
        turned_away: Nobody serves them, shape (versions, lines).
        partner_amount: What a partner asks per unit to pick and pack them; 0 where we do, same shape.
        closes: Hour of the day at which a section is full, 24 if it is not, shape (days, nodes, categories), first version.
    """

    turned_away: Bools
    partner_amount: Floats
    closes: Floats


class OwnCapacity:
    """How many units a day each section of our DCs can pack, and who serves what comes beyond, in every version.

    Args:
        retailer, places: The world.
        offers: The logistics partner's, one per region.
        versions: What is wrong in each version.
    """

    def __init__(
        self, retailer: Retailer, places: Assortment, offers: Sequence[Offer], versions: Sequence[Trouble]
    ) -> None:
        self._retailer = retailer
        self.is_enough = not any(p.defect.kind == KIND for p in versions[0].placed)
        partner = np.array([LOGISTICS])
        self._is_asked = [bool(v.repairs.covers(DEFECTS[KIND].stage, partner)[0]) for v in versions]
        self._offered = np.array([o.units_per_day for o in offers])
        self._amount = np.array([o.unit_amount for o in offers])
        if not self.is_enough:
            self._limit = _limits(retailer, places, Trouble(versions[0].placed, AS_RECORDED))

    def share_out(self, wishes: Columns, wants: Bools, first: int, last: int) -> Shared:
        """Who serves the wishes of days `first` to `last` (exclusive); first come, first served.

        Args:
            wishes: In any order.
            wants: Whether each customer still wants it, shape (versions, lines).
            first: First day.
            last: First day after.
        """
        r = self._retailer
        closes = np.full((last - first, len(r.nodes), len(r.categories)), 24.0)
        if self.is_enough:
            return Shared(np.broadcast_to(np.False_, wants.shape), np.broadcast_to(0.0, wants.shape), closes)
        turned_away = np.zeros(wants.shape, dtype=np.bool_)
        partner_amount = np.zeros(wants.shape)
        day, node, category = (wishes[name] for name in ("day", "node_id", "category"))
        limit = np.where(r.is_in_store(wishes["channel_id"]), np.inf, self._limit[node, category, day])
        rows = _in_line(wishes, np.flatnonzero(np.isfinite(limit)), (node, category, day))
        queue = (node[rows] * len(r.categories) + category[rows]) * self._limit.shape[2] + day[rows]
        for version, is_asked in enumerate(self._is_asked):
            asks = wants[version, rows] * wishes["units"][rows]
            ahead = _ahead(queue, asks)
            beyond = rows[(asks > 0) & (ahead >= limit[rows])]
            if version == 0:
                filled = rows[(ahead < limit[rows]) & (ahead + asks >= limit[rows])]
                hour = wishes["at"][filled] - 24.0 * day[filled]
                closes[day[filled] - first, node[filled], category[filled]] = hour
            turned_away[version, beyond] = True
            if is_asked:
                taken = self._taken(wishes, beyond)
                turned_away[version, taken] = False
                partner_amount[version, taken] = self._amount[wishes["destination"][taken]]
        return Shared(turned_away, partner_amount, closes)

    def _taken(self, wishes: Columns, beyond: Ints) -> Ints:
        """Rows the partner takes of those we cannot serve: until its offer for the region is used up for the day."""
        dest, day = wishes["destination"], wishes["day"]
        rows = _in_line(wishes, beyond, (dest, day))
        ahead = _ahead(dest[rows] * self._limit.shape[2] + day[rows], wishes["units"][rows])
        return rows[ahead + wishes["units"][rows] <= self._offered[dest[rows]]]


def _limits(retailer: Retailer, places: Assortment, recorded: Trouble) -> Floats:
    """Units a day that can be packed, infinite where nothing is lacking, shape (nodes, categories, days)."""
    online = ~retailer.is_in_store(np.arange(len(retailer.channels)))
    plan = places.plan[online].sum(axis=0)
    daily = (plan[:, _PLAN_DAYS:] - plan[:, :-_PLAN_DAYS]) / _PLAN_DAYS
    planned = np.zeros((len(retailer.nodes), len(retailer.categories), daily.shape[1]))
    np.add.at(planned, (places.node, places.category), daily)
    node, category, day = (x.ravel() for x in np.indices(planned.shape))
    lacking = lacking_share(recorded, retailer, node, category, day).reshape(planned.shape)
    return np.where(lacking > 0.0, (1.0 - lacking) * planned, np.inf)


def _in_line(wishes: Columns, rows: Ints, queue: tuple[Ints, ...]) -> Ints:
    """Rows queue by queue, in the order in which they come."""
    return rows[np.lexsort((wishes["at"][rows], *(codes[rows] for codes in reversed(queue))))]


def _ahead(queue: Ints, units: Ints) -> Ints:
    """Units asked for before each row of its queue; rows of a queue lie together."""
    before = np.cumsum(units) - units
    starts = np.flatnonzero(np.diff(queue, prepend=-1))
    length = np.diff(starts, append=len(queue))
    ahead: Ints = before - np.repeat(before[starts], length)
    return ahead
