"""The shelf: a day's wishes served from a day's stock, first come, first served, in every version at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fourwalls.worlds.draws import Bools, Floats, Ints

LOST_EMPTY, LOST_UNSEEN, LOST_UNCONVINCED, ACCEPTED, LOST_CUSTOM, LOST_UNSERVED = range(6)
"""What became of a wish: no stock, not listed, not convinced, an order, a customer who stays away, or turned away."""


@dataclass(frozen=True, slots=True)
class Served:
    """A day's sales in every version.

    Attributes:
        fate: What became of each wish, shape (versions, wishes).
        shipped: Units it gets, 0 where the order will be cancelled for want of stock, same shape.
        sold: Units that leave each place, shape (versions, places).
        empty_at: Hour of the day at which the record ran out; 24 if it did not, shape (versions, places).
        hidden: Orders cancelled although the record showed stock, shape (versions, places).
    """

    fate: Ints
    shipped: Ints
    sold: Ints
    empty_at: Floats
    hidden: Ints


def serve(
    place: Ints,
    hour: Floats,
    units: Ints,
    wants: Bools,
    record: Ints,
    physical: Ints,
    up_from: Floats,
    down_from: Floats,
) -> Served:
    """Serve one day's wishes.

    Args:
        place: Place each wish is served from, in rising order, shape (wishes,).
        hour: Hour of the day, rising within a place, shape (wishes,).
        units: Units wished for, shape (wishes,).
        wants: Whether content and price convince, shape (versions, wishes).
        record: Stock on record at the start of the day [units], shape (versions, places).
        physical: Stock that is really there, at most the record's, shape (versions, places).
        up_from: Hour of the day from which the wish's channel shows what is in stock, shape (versions, wishes).
        down_from: Hours after running out until the channel stops showing it (the hours of the day until it does,
            for what had run out before), shape (versions, wishes).
    """
    n_versions, n_places = record.shape
    sees = hour[None, :] >= up_from
    asks = np.where(wants & sees, units[None, :], 0)
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    group = np.cumsum(np.diff(place, prepend=-1) != 0) - 1
    upto = np.cumsum(asks, axis=1)
    before = upto - asks
    before = before - before[:, starts][:, group]
    open_record, open_physical = record[:, place], physical[:, place]
    shipped = np.clip(open_physical - before, 0, asks)
    on_record = (asks > 0) & (before < open_record)
    # The hour at which the record reaches zero: the first wish that takes its last unit.
    last_unit = np.where((asks > 0) & (before + asks >= open_record), hour[None, :], 24.0)
    empty_at = np.where(record > 0, 24.0, 0.0)
    empty_at[:, place[starts]] = np.where(
        record[:, place[starts]] > 0, np.minimum.reduceat(last_unit, starts, axis=1), 0.0
    )
    ran_out = empty_at[:, place]
    oversold = (asks > 0) & ~on_record & (hour[None, :] < ran_out + down_from)
    fate = np.where(on_record | oversold, ACCEPTED, LOST_EMPTY)
    fate = np.where(sees | (open_record <= 0), fate, LOST_UNSEEN)
    fate = np.where(wants, fate, LOST_UNCONVINCED)
    sold = np.zeros((n_versions, n_places), dtype=np.int64)
    sold[:, place[starts]] = np.add.reduceat(shipped, starts, axis=1)
    missing = on_record & (shipped == 0)
    hidden = np.zeros((n_versions, n_places), dtype=np.int64)
    hidden[:, place[starts]] = np.add.reduceat(missing.astype(np.int64), starts, axis=1)
    # A record that is never reached by sales, because the shelf was bare before, has not run out.
    empty_at = np.where((record > sold) & (record > 0), 24.0, empty_at)
    return Served(fate=fate, shipped=shipped, sold=sold, empty_at=empty_at, hidden=hidden)
