"""The inner loop of the stock replay, compiled: arithmetic over arrays and nothing else; see `stock_replay` for its meaning.

For each network and day: what was ordered arrives, what is needed is ordered (and taken from the giver), customers buy.
The 64 coalitions lie side by side, so that the processor works on eight of them at once. Coalitions that differ in their
lower three bits share the days of arrival.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from fourwalls.chain.stock_replay import FIXED, Floats32, Ints32, Occasions, Outcome, Shelves


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")  # type: ignore[untyped-decorator]
def run(
    shelves: Shelves,
    occasions: Occasions,
    shown: Floats32,
    found: Floats32,
    enough: Floats32,
    last: Ints32,
    slots: int,
    out: Outcome,
) -> None:
    """Fills `out` with what each coalition changes; `slots` days ahead are kept, a power of two."""
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
                if day <= last[i]:
                    _sell(
                        shelves.lost[i, day],
                        shelves.hidden[i, day],
                        shown[i, day],
                        found[i, day],
                        shelves.closing[i, day],
                        shelves.waits[i],
                        extra[n],
                        enough[i, day],
                        gained[n],
                        out.held[i],
                        out.over[i],
                    )
                if last_of_span:
                    out.gained[i, shelves.span[day], :] = gained[n]
                    gained[n, :] = 0.0
                if day == last[i]:
                    out.left[i, :] = extra[n]


@njit(cache=True, nogil=True, fastmath=True, inline="always")  # type: ignore[untyped-decorator]
def _arrive(extra: Floats32, on_order: Floats32, coming: Floats32, closing: Floats32) -> None:
    for c in range(64):
        extra[c] += coming[c]
        on_order[c] -= closing[c]
        coming[c] = 0.0
        closing[c] = 0.0


@njit(cache=True, nogil=True, fastmath=True, inline="always")  # type: ignore[untyped-decorator]
def _sell(
    lost: np.float32,
    hidden: np.float32,
    always: np.float32,
    found: np.float32,
    closing: np.float32,
    waits: np.bool_,
    extra: Floats32,
    enough: np.float32,
    gained: Floats32,
    held: Floats32,
    over: Floats32,
) -> None:
    zero = np.float32(0.0)
    too_much = max(closing - enough, zero)
    if waits:
        for c in range(64):
            extra[c] += found - lost
            gained[c] += lost
            held[c] += extra[c]
            over[c] += max(closing + extra[c] - enough, zero) - too_much
        return
    for c in range(64):
        x = extra[c] + found
        sold = min(lost, max(x, zero)) + min(zero, closing + min(x, zero))
        shown = always + (hidden if c & 4 else zero)
        sold += min(shown, max(closing + x - sold, zero))
        extra[c] = x - sold
        gained[c] += sold
        held[c] += x - sold
        over[c] += max(closing + x - sold - enough, zero) - too_much


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
    # What a giver kept though more was wanted it keeps again: a broken case, what rounding left.
    spare = zero if donor < 0 or need > ordered else record[donor, day]
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
            if need < FIXED:
                y = extra[n, c] + on_order[n, c]
                wanted = max(zero, need + occasions.shift[k, low] - y)
                more = wanted - ordered
                if donor >= 0:
                    left = spare + extra[d, c]
                    more = min(more, max(left, -ordered))
                    extra[d, c] -= more
            elif donor < 0:
                more = max(occasions.shift[k, low], -ordered)
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
