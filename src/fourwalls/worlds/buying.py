"""Buying: once a week the buyer of a supplier looks at what is needed, gets it approved, and places the order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fourwalls.worlds.clocks import Calendar, Clock, next_open, open_days, working_clock
from fourwalls.worlds.draws import Floats, Ints
from fourwalls.worlds.retailer import Supplier

REVIEW_DAYS = 7.0
SAFETY = 1.5
"""Standard deviations of demand kept in reserve."""

SPREAD = 2.4
"""Variance of demand over its mean, as the buyers reckon it."""

_SIGN_HOURS = 4.0
_PLACED_AT = 16.0


def protected_days(supplier: Supplier) -> float:
    """Days an order has to last: until the next one has been decided, made and put away."""
    slot_wait = (7.0 / len(supplier.slots) - 1.0) / 2.0
    return REVIEW_DAYS + supplier.lead_days + slot_wait + 2.0


def wanted_level(per_day: Floats, days: float, tilt: Floats) -> Floats:
    """Order-up-to level of each place [units].

    Args:
        per_day: Forecast units a day.
        days: Days it has to last.
        tilt: What the allocator makes of it, 1 if all is well.
    """
    mean = per_day * days * tilt
    return mean + SAFETY * np.sqrt(SPREAD * mean)


def ordered(level: Floats, position: Ints, pack: Ints) -> Ints:
    """Units to order: up to the level, in whole packs, nearest to what is needed."""
    return (np.maximum(np.round((level - position) / pack), 0.0) * pack).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Desk:
    """The buyer's desk for one supplier: office hours to sign in, slots to order in."""

    office: Clock
    next_slot: Ints

    def decided(self, signalled: float, luck: float, bad: Floats) -> Floats:
        """Hour at which the buy is decided; a slow desk takes up to a week and a half of office hours."""
        work = _SIGN_HOURS * luck + 65.0 * bad * (0.5 + 0.5 * luck)
        return self.office.when(self.office.read(np.full(bad.shape, signalled)) + work)

    def placed(self, decided: Floats) -> Floats:
        """Hour at which the order is placed: the supplier's next slot."""
        day = np.ceil((decided - _PLACED_AT) / 24.0).astype(np.int64)
        slot = self.next_slot[np.clip(day, 0, len(self.next_slot) - 1)]
        return np.asarray(slot * 24.0 + _PLACED_AT, dtype=np.float64)


def desk(supplier: Supplier, days: Calendar) -> Desk:
    """The desk of a supplier's buyer."""
    works = open_days(days, 4)
    takes = works & np.isin(days.weekday, supplier.slots)
    return Desk(office=working_clock(works, 8.0, 18.0), next_slot=next_open(takes))
