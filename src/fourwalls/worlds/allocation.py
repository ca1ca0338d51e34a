"""Allocation: sharing a product out among its nodes, and moving it when the shares turn out wrong."""

from __future__ import annotations

import numpy as np

from fourwalls.worlds.draws import Bools, Columns, Floats, Ints

WEEKDAY = 2
"""Day of the week on which stock is evened out."""

TRANSFER_DAYS = 3
_SHORT_DAYS = 5.0
_LONG_DAYS = 11.0


def tilt(pairs: Ints, n_places: int, bad: Floats) -> Floats:
    """How the allocator bends the level of each place, shape (versions, places): the first of a pair gets too much."""
    bend = np.ones((len(bad), n_places))
    first, second = pairs[:, 0], pairs[:, 1]
    bend[:, first] += 0.7 * bad[:, first]
    bend[:, second] -= 0.75 * np.minimum(bad[:, second], 1.0)
    return bend


def transfers(pairs: Ints, on_hand: Ints, coming: Ints, per_day: Floats, bad: Floats, to_second: bool) -> Ints:
    """Units moved within each pair, in one direction, shape (versions, pairs).

    What a node has beyond a week and a half helps the other if that would run out within days, half of it at most.

    Args:
        pairs: Places of the same sku in two nodes.
        on_hand: Stock that is really there [units], shape (versions, places).
        coming: Stock on order [units], same shape.
        per_day: Forecast units a day, same shape.
        bad: Severity of a skewed allocation, same shape: a careless allocator does not look.
        to_second: From the first to the second of each pair, or back.
    """
    giver, taker = (pairs[:, 0], pairs[:, 1]) if to_second else (pairs[:, 1], pairs[:, 0])
    rate_giver, rate_taker = per_day[:, giver], per_day[:, taker]
    spare = 0.5 * (on_hand[:, giver] - _LONG_DAYS * rate_giver)
    need = (_SHORT_DAYS + TRANSFER_DAYS + 4.0) * rate_taker - on_hand[:, taker] - 0.5 * coming[:, taker]
    runs_out: Bools = on_hand[:, taker] < _SHORT_DAYS * rate_taker
    looks: Bools = bad[:, taker] < 0.2
    units = np.floor(np.minimum(spare, need))
    return np.where(runs_out & looks & (units >= 2), units, 0).astype(np.int64)


def transfer_orders(day: int, first: int, from_node: Ints, place: Ints, units: Ints, takes: int) -> Columns:
    """Transfers as supply orders: decided at night, on the truck at four, on the shelf after `takes` days.

    Args:
        day: Day on which they leave.
        first: Number of the first of them.
        from_node: Node that gives, shape (transfers,).
        place: Place that takes, same shape.
        units: Units, same shape.
        takes: Days on the way.
    """
    n = len(units)

    def at(hour: float) -> Floats:
        return np.full(n, day * 24.0 + hour)

    return {
        "order": first + np.arange(n),
        "place": place,
        "from_node": from_node,
        "supplier": np.full(n, -1),
        "signalled": at(0.5),
        "decided": at(1.0),
        "placed": at(1.0),
        "promised": at(24.0 * takes + 5.0),
        "shipped": at(4.0),
        "received": at(24.0 * takes - 8.0),
        "available": at(24.0 * takes + 5.0),
        "units": units,
        "come": units,
    }
