"""Allocation: sharing a product out among its nodes, and moving it when the shares turn out wrong."""

from __future__ import annotations

import numpy as np

from fourwalls.worlds.draws import Bools, Floats, Ints

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
