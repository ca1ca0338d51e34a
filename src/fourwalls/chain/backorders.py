"""Orders that are taken though the shelf is empty: what was wanted is then seen, and who waits is not lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fourwalls.chain.stock_record import Record

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Orders are taken on empty days where they come to at least this part of what those days are estimated to have lost, or of
# what a mean day sells, if that is less.
_TAKEN_PART = 0.5
# Fewer units say nothing of how a place works.
_LEAST_UNITS = 30.0
_EMPTY = 0.999


@dataclass(frozen=True, slots=True)
class Backorders:
    """Shelves whose orders are taken though they are empty.

    Attributes:
        shelves: Their numbers, shape (some,).
        asked: Ordered from them on days without stock [units], shape (some, days).
        without: Days without stock from morning to night, on which that is all that was wanted, same shape.
        unfilled: Part of it that was never shipped, of their kind and place, 0-1, shape (some,); the rest waited.
        late: Part of it that was shipped after the promise, likewise.
    """

    shelves: Ints
    asked: Floats32
    without: Bools
    unfilled: Floats
    late: Floats


def backorders(asked: pa.Table, record: Record, lost: Floats, place: Ints, first_day: int) -> Backorders | None:
    """Finds the places (a category at a node) that go on taking orders, by what was ordered on days without stock.

    A day is without stock if the shelf was empty all day, sold nothing, and was empty the day before, too: what came in or went out
    in between would leave open when the order was placed.

    Args:
        asked: From `measures.stock.asked_for`.
        record: The stock record.
        lost: Estimate of what empty shelves would have sold [units], shape (shelves, days).
        place: Number of each shelf's category and node, shape (shelves,).
        first_day: Of the record [days since 1970].
    """
    sold, empty = np.nan_to_num(record.sold), np.nan_to_num(record.empty) >= _EMPTY
    without = empty & (sold <= 0)
    without[:, 1:] &= empty[:, :-1]
    shelf = asked["shelf"].to_numpy().astype(np.int64)
    day = asked["day"].to_numpy().astype(np.int64) - first_day
    inside = (day >= 0) & (day < sold.shape[1])
    shelf, day = shelf[inside], day[inside]
    counted = without[shelf, day]
    shelf, day = shelf[counted], day[counted]
    units, unfilled, late = (
        asked[n].to_numpy().astype(np.float64)[inside][counted] for n in ("units", "unfilled", "late")
    )
    places = int(place.max(initial=-1)) + 1
    of = place[shelf]
    seen, never, after = (np.bincount(of, x, minlength=places) for x in (units, unfilled, late))
    estimated = np.bincount(place, np.where(without, np.nan_to_num(lost), 0.0).sum(axis=1), minlength=places)
    # What is handed to those who waited makes stocked days look better, and the estimate with them, than customers ever asked.
    usual = sold.sum(axis=1) / np.maximum(record.active.sum(axis=1), 1) * without.sum(axis=1)
    estimated = np.minimum(estimated, np.bincount(place, usual, minlength=places))
    taken = (seen >= _LEAST_UNITS) & (seen >= _TAKEN_PART * estimated)
    shelves = np.flatnonzero(taken[place])
    if not len(shelves):
        return None
    number = np.full(len(place), -1)
    number[shelves] = np.arange(len(shelves))
    matrix = np.zeros((len(shelves), sold.shape[1]), np.float32)
    mine = number[shelf] >= 0
    np.add.at(matrix, (number[shelf[mine]], day[mine]), units[mine].astype(np.float32))
    at = place[shelves]
    return Backorders(shelves, matrix, without[shelves], never[at] / seen[at], after[at] / seen[at])
