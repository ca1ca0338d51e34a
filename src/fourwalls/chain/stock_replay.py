"""The recorded stock flow replayed under every coalition of repairs, as the difference to what happened.

The state of a shelf is not its stock but by how much its stock would differ from the record. With nothing repaired that
difference is 0 on every day, so the record is reproduced exactly, whatever unexplained adjustments it contains.

A recorded order is read as `level = position + ordered` (the implied order-up-to level; position: on hand and on order).
Where position would be higher by y, `max(0, level − position − y)` would have been ordered, so a repair that leaves more
stock today buys less tomorrow. What a donor shelf has bounds what it sends; what it kept though more was wanted it keeps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats32 = npt.NDArray[np.float32]
Ints32 = npt.NDArray[np.int32]

PLAYERS = ("forecast", "allocation", "listing", "decision", "supply", "receiving")
"""Stages that can be repaired; bit i of a coalition's number stands for the i-th."""

COALITIONS = 64
# The lower three bits change how much is ordered or shown, the upper three when it arrives.
LOW = 8
NEVER = np.int32(2**30)
# The need of an order whose amount does not depend on stock.
FIXED = np.float32(1e30)
# What is enough where nobody knows.
PLENTY = np.float32(1e30)


class Shelves(NamedTuple):
    """Shelves in the order of their networks; a network is a set of shelves that send stock to each other.

    Attributes:
        lost: Units customers wanted while the shelf was empty, shape (shelves, days).
        hidden: Units they wanted while there was stock and it could not be bought, beyond what the best show, same shape.
        closing: Recorded stock at the end of the day, at least 0, same shape.
        network: First shelf of each network, and the number of shelves, shape (networks + 1,).
        occasion: First occasion of each network, and the number of occasions, shape (networks + 1,).
        span: Span of time each day belongs to, from 0, rising, shape (days,).
        waits: Whether customers of the shelf wait until there is stock instead of going elsewhere, shape (shelves,).
    """

    lost: Floats32
    hidden: Floats32
    closing: Floats32
    network: Ints32
    occasion: Ints32
    span: Ints32
    waits: npt.NDArray[np.bool_]


class Occasions(NamedTuple):
    """Occasions on which something was ordered for a shelf, or could have been, by network and day.

    Attributes:
        shelf, donor: Who gets, and who gives (−1 for a purchase), shape (occasions,).
        day: When it was decided how much, same shape; 0 if before the first day.
        need: Level less position [units], same shape; FIXED where the amount does not depend on stock. More than was ordered
            where the giver had too little.
        ordered: Units that were ordered, same shape.
        come: Units of them that came, as recorded and with supply at its standard, shape (occasions, 2).
        fill: Share that would come of each further unit ordered, likewise, shape (occasions, 2).
        shift: By how much the level would be higher, by the lower bits of the coalition [units], shape (occasions, 8); where the
            amount does not depend on stock, by how much the amount would be.
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
        over: Stock beyond what is enough, more than in the record, summed over days [unit days], shape (shelves, 64).
        left: Stock at the end of each shelf's last day beyond what stood there [units], same shape.
    """

    gained: Floats32
    held: Floats32
    bought: Floats32
    over: Floats32
    left: Floats32


def replay(
    shelves: Shelves,
    occasions: Occasions,
    shown: Floats32 | None = None,
    found: Floats32 | None = None,
    enough: Floats32 | None = None,
    last: Ints32 | None = None,
) -> Outcome:
    """Replays all networks under all 64 coalitions of repairs.

    Args:
        shelves, occasions: As recorded, and what repairs change.
        shown: Units that customers would have bought from what was there under every coalition, shape (shelves, days).
        found: Units that would still have been there at the end of each day and are not in the record, same shape.
        enough: Stock beyond which a shelf has too much at the end of each day [units], shape (shelves, days).
        last: Last day on which each shelf sells and holds anything, shape (shelves,); None: the last of the record.
    """
    spans = int(shelves.span[-1]) + 1 if len(shelves.span) else 0
    n = len(shelves.lost)
    out = Outcome(
        np.zeros((n, spans, COALITIONS), np.float32),
        *(np.zeros((n, COALITIONS), np.float32) for _ in range(4)),
    )
    if n:
        # Compiling takes seconds, importing the compiler half a one: nobody without stock should wait for it.
        from fourwalls.chain.stock_kernel import run

        none = np.zeros_like(shelves.lost) if shown is None or found is None else shelves.lost
        run(
            shelves, occasions, none if shown is None else shown, none if found is None else found,
            np.full_like(shelves.lost, PLENTY) if enough is None else enough, np.full(n, shelves.lost.shape[1] - 1, np.int32) if last is None else last,
            _slots(occasions, shelves.lost.shape[1]), out,
        )  # fmt: skip
    return out


def _slots(occasions: Occasions, days: int) -> int:
    """Length of the ring of future days: a power of two above the longest time from order to arrival."""
    if not len(occasions.day):
        return 2
    arrives = np.minimum(occasions.arrives, days)
    longest = int((arrives - occasions.day[:, None]).max())
    return 1 << max(1, int(longest + 1).bit_length())
