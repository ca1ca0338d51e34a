"""The recorded stock flow replayed under every coalition of repairs, as the difference to what happened.

The state of a shelf is not its stock but by how much its stock would differ from the record. With nothing repaired that
difference is 0 on every day, so the record is reproduced exactly, whatever unexplained adjustments it contains.

A recorded order is read as `level = position + ordered` (the implied order-up-to level; position: on hand and on order).
Where position would be higher by y, `max(0, level − position − y)` would have been ordered, so a repair that leaves more
stock today buys less tomorrow. What a donor shelf has bounds what it sends.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

Floats32 = npt.NDArray[np.float32]
Ints32 = npt.NDArray[np.int32]

PLAYERS = ("forecast", "allocation", "listing", "decision", "supply", "receiving")
"""Stages that can be repaired; bit i of a coalition's number stands for the i-th."""

COALITIONS = 64
# The lower three bits change how much is ordered or shown, the upper three when it arrives.
LOW = 8
NEVER = np.int32(2**30)


class Shelves(NamedTuple):
    """Shelves in the order of their networks; a network is a set of shelves that send stock to each other.

    Attributes:
        lost: Units customers wanted while the shelf was empty, shape (shelves, days).
        hidden: Units they wanted while there was stock and it could not be bought, beyond what the best show, same shape.
        closing: Recorded stock at the end of the day, at least 0, same shape.
        network: First shelf of each network, and the number of shelves, shape (networks + 1,).
        occasion: First occasion of each network, and the number of occasions, shape (networks + 1,).
        span: Span of time each day belongs to, from 0, rising, shape (days,).
    """

    lost: Floats32
    hidden: Floats32
    closing: Floats32
    network: Ints32
    occasion: Ints32
    span: Ints32


class Occasions(NamedTuple):
    """Occasions on which something was ordered for a shelf, or could have been, by network and day.

    Attributes:
        shelf, donor: Who gets, and who gives (−1 for a purchase), shape (occasions,).
        day: When it was decided how much, same shape; 0 if before the first day.
        need: Level less position [units], same shape; inf where the amount does not depend on stock.
        ordered: Units that were ordered, same shape.
        come: Units of them that came, as recorded and with supply at its standard, shape (occasions, 2).
        fill: Share that would come of each further unit ordered, likewise, shape (occasions, 2).
        shift: By how much the level would be higher, by the lower bits of the coalition [units], shape (occasions, 8).
        arrives: Day on which it is on the shelf, by the upper bits, shape (occasions, 8); NEVER if not in the record.
    """

    shelf: Ints32
    donor: Ints32
    day: Ints32
    need: Floats32
    ordered: Floats32
    come: Floats32
    fill: Floats32
    shift: Floats32
    arrives: Ints32

    def rows(self, chosen: slice | npt.NDArray[np.int64]) -> Occasions:
        """Some of them, in the order given."""
        return Occasions(
            np.ascontiguousarray(self.shelf[chosen]),
            np.ascontiguousarray(self.donor[chosen]),
            np.ascontiguousarray(self.day[chosen]),
            np.ascontiguousarray(self.need[chosen]),
            np.ascontiguousarray(self.ordered[chosen]),
            np.ascontiguousarray(self.come[chosen]),
            np.ascontiguousarray(self.fill[chosen]),
            np.ascontiguousarray(self.shift[chosen]),
            np.ascontiguousarray(self.arrives[chosen]),
        )


class Outcome(NamedTuple):
    """What each coalition changes.

    Attributes:
        gained: Units sold beyond the record, shape (shelves, spans, 64).
        held: Stock held beyond the record, summed over days [unit days], shape (shelves, 64).
        bought: Units ordered beyond the record, shape (shelves, 64).
    """

    gained: Floats32
    held: Floats32
    bought: Floats32


def replay(shelves: Shelves, occasions: Occasions) -> Outcome:
    """Replays all networks under all 64 coalitions of repairs."""
    spans = int(shelves.span[-1]) + 1 if len(shelves.span) else 0
    n = len(shelves.lost)
    out = Outcome(
        np.zeros((n, spans, COALITIONS), np.float32),
        np.zeros((n, COALITIONS), np.float32),
        np.zeros((n, COALITIONS), np.float32),
    )
    if n:
        _replay(shelves, occasions, _slots(occasions, shelves.lost.shape[1]), out)
    return out


def _slots(occasions: Occasions, days: int) -> int:
    """Length of the ring of future days: a power of two above the longest time from order to arrival."""
    if not len(occasions.day):
        return 2
    arrives = np.minimum(occasions.arrives, days)
    longest = int((arrives - occasions.day[:, None]).max())
    return 1 << max(1, int(longest + 1).bit_length())


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _replay(shelves: Shelves, occasions: Occasions, slots: int, out: Outcome) -> None:
    days = shelves.lost.shape[1]
    largest = 1
    for net in range(len(shelves.network) - 1):
        largest = max(largest, shelves.network[net + 1] - shelves.network[net])
    extra = np.zeros((largest, 64), np.float32)  # stock beyond the record
    on_order = np.zeros((largest, 64), np.float32)  # units on order beyond the record
    coming = np.zeros((largest, slots, 64), np.float32)
    closing = np.zeros((largest, slots, 64), np.float32)  # orders that end, received in full or not
    touched = np.zeros((largest, slots), np.bool_)
    gained = np.zeros((largest, 64), np.float32)
    for net in range(len(shelves.network) - 1):
        first, after = shelves.network[net], shelves.network[net + 1]
        at, stop = shelves.occasion[net], shelves.occasion[net + 1]
        extra[:] = 0.0
        on_order[:] = 0.0
        gained[:] = 0.0
        if touched.any():
            coming[:] = 0.0
            closing[:] = 0.0
            touched[:] = False
        for day in range(days):
            slot = day & (slots - 1)
            for n in range(after - first):
                if touched[n, slot]:
                    _arrive(extra[n], on_order[n], coming[n, slot], closing[n, slot])
                    touched[n, slot] = False
            while at < stop and occasions.day[at] <= day:
                n = occasions.shelf[at] - first
                _order(
                    occasions, at, day, days, n, first, shelves.closing, extra, on_order, coming, closing, touched, out
                )
                at += 1
            last_of_span = day + 1 == days or shelves.span[day + 1] != shelves.span[day]
            for n in range(after - first):
                i = first + n
                _sell(
                    shelves.lost[i, day],
                    shelves.hidden[i, day],
                    shelves.closing[i, day],
                    extra[n],
                    gained[n],
                    out.held[i],
                )
                if last_of_span:
                    out.gained[i, shelves.span[day], :] = gained[n]
                    gained[n, :] = 0.0


@njit(cache=True, nogil=True, fastmath=True, inline="always")  # type: ignore[untyped-decorator]
def _arrive(extra: Floats32, on_order: Floats32, coming: Floats32, closing: Floats32) -> None:
    for c in range(64):
        extra[c] += coming[c]
        on_order[c] -= closing[c]
        coming[c] = 0.0
        closing[c] = 0.0


@njit(cache=True, nogil=True, fastmath=True, inline="always")  # type: ignore[untyped-decorator]
def _sell(
    lost: np.float32, hidden: np.float32, closing: np.float32, extra: Floats32, gained: Floats32, held: Floats32
) -> None:
    zero = np.float32(0.0)
    for c in range(64):
        x = extra[c]
        sold = min(lost, max(x, zero)) + min(zero, closing + min(x, zero))
        shown = hidden if c & 4 else zero
        sold += min(shown, max(closing + x - sold, zero))
        extra[c] = x - sold
        gained[c] += sold
        held[c] += x - sold


@njit(cache=True, nogil=True, fastmath=True, inline="always")  # type: ignore[untyped-decorator]
def _order(  # noqa: C901 - one loop over coalitions, flat for the compiler's sake
    occasions: Occasions,
    k: int,
    day: int,
    days: int,
    n: int,
    first: int,
    record: Floats32,
    extra: Floats32,
    on_order: Floats32,
    coming: Floats32,
    closing: Floats32,
    touched: npt.NDArray[np.bool_],
    out: Outcome,
) -> None:
    slots = coming.shape[1]
    need, ordered = occasions.need[k], occasions.ordered[k]
    donor = occasions.donor[k]
    d = donor - first
    recorded_day = occasions.arrives[k, 0]
    recorded_come = occasions.come[k, 0]
    zero = np.float32(0.0)
    before = occasions.day[k] < day  # never: days are clipped to the first
    for high in range(8):
        arrives = occasions.arrives[k, high]
        supply = (high >> 1) & 1
        come_as_recorded, fill = occasions.come[k, supply], occasions.fill[k, supply]
        now = arrives <= day
        moved = arrives != recorded_day
        slot, slot_recorded = arrives & (slots - 1), recorded_day & (slots - 1)
        in_time, recorded_in_time = arrives < days, recorded_day < days
        recorded_now = recorded_day <= day
        for low in range(8):
            c = high * 8 + low
            more = zero
            if not before and need < np.float32(1e30):
                y = extra[n, c] + on_order[n, c]
                wanted = max(zero, need + occasions.shift[k, low] - y)
                more = wanted - ordered
                if donor >= 0:
                    left = record[donor, day] + extra[d, c]
                    more = min(more, max(left, -ordered))
                    extra[d, c] -= more
            out.bought[first + n, c] += more
            come = come_as_recorded + fill * more
            total = ordered + more
            on_order[n, c] += more
            if moved:
                if now:
                    extra[n, c] += come
                    on_order[n, c] -= total
                elif in_time:
                    coming[n, slot, c] += come
                    closing[n, slot, c] += total
                if recorded_now:
                    extra[n, c] -= recorded_come
                    on_order[n, c] += ordered
                elif recorded_in_time:
                    coming[n, slot_recorded, c] -= recorded_come
                    closing[n, slot_recorded, c] -= ordered
            else:
                change = come - recorded_come
                if now:
                    extra[n, c] += change
                    on_order[n, c] -= more
                elif in_time:
                    coming[n, slot, c] += change
                    closing[n, slot, c] += more
        if in_time and not now:
            touched[n, slot] = True
        if recorded_in_time and not recorded_now:
            touched[n, slot_recorded] = True
