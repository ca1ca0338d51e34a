"""The promise: a day for each channel, category and destination, set from how last year went."""

from __future__ import annotations

import numpy as np

from fourwalls.worlds.clocks import Calendar, next_open, open_days
from fourwalls.worlds.defects import Trouble
from fourwalls.worlds.draws import Columns, Floats, Ints
from fourwalls.worlds.retailer import Retailer

KEPT_SHARE = 0.95
"""Share of last year's deliveries a sensible channel wants its promise to have met."""

_NOON, _EVENING = 13.0, 20.0
"""A promise is a half-day: by early afternoon, or by the evening."""


def counted_from(retailer: Retailer, days: Calendar, lines: Columns) -> Ints:
    """The working day from which a promise counts: orders after the channel's cut-off are the next day's."""
    cut_off = np.array([c.cut_off for c in retailer.channels])[lines["channel_id"]]
    late_in_day = lines["at"] - lines["day"] * 24.0 > cut_off
    working = next_open(open_days(days, 4))
    counted: Ints = working[lines["day"] + late_in_day]
    return counted


def working_day_number(days: Calendar) -> Ints:
    """How many working days lie before each day."""
    is_open = open_days(days, 4)
    number: Ints = (np.cumsum(is_open) - is_open).astype(np.int64)
    return number


def promise_days(retailer: Retailer, days: Calendar, lines: Columns, delivered: Floats) -> Ints:
    """Half working days to promise, by channel, category and destination: what last year met often enough."""
    number = working_day_number(days)
    day = np.floor(delivered / 24).astype(np.int64)
    hour = delivered - day * 24.0
    is_open = open_days(days, 4)[np.clip(day, 0, len(number) - 1)]
    # What comes on a closed day is in time for the next working day's first half.
    half = np.where(is_open, (hour > _NOON) * 1 + (hour > _EVENING) * 1, 0)
    took = 2 * (number[np.clip(day, 0, len(number) - 1)] - number[counted_from(retailer, days, lines)]) + half
    shape = (len(retailer.channels), len(retailer.categories), len(retailer.destinations))
    cell = np.ravel_multi_index((lines["channel_id"], lines["category"], lines["destination"]), shape)
    promise = np.full(int(np.prod(shape)), 9, dtype=np.int64)
    for code in range(len(promise)):
        mine = took[cell == code]
        if len(mine) >= 20:
            promise[code] = max(2, int(np.ceil(np.quantile(mine, KEPT_SHARE, method="higher"))))
    return promise.reshape(shape)


def promised(retailer: Retailer, days: Calendar, trouble: Trouble, lines: Columns, promise: Ints) -> Floats:
    """Hour by which each line was promised."""
    party = retailer.party_of("channel_id")[lines["channel_id"]]
    bad = trouble.severity("tight_promise", lines, lines["day"], party)
    span = promise[lines["channel_id"], lines["category"], lines["destination"]]
    # Marketing takes off whole days; a severity between two whole numbers takes the further one from some customers.
    off = np.floor(2.0 * bad + lines["luck_promise"])
    span = np.maximum(span - 2 * off.astype(np.int64), 2)
    working = np.flatnonzero(open_days(days, 4))
    number = working_day_number(days)[counted_from(retailer, days, lines)]
    day = working[np.minimum(number + span // 2, len(working) - 1)]
    return np.asarray(day * 24.0 + np.where(span % 2 == 0, _NOON, _EVENING), dtype=np.float64)
