"""Stock that the record has and the customer does not find: gone from the node (record), or behind the shelf (shelf).

Where the shelf is empty while the record never falls to nothing, either the goods are not there, or nobody has put them
out. The end of such a run of days tells which: goods that sell again without a receipt were in the house; where the record
is lowered, or a receipt ends a run too long for a forgotten trolley, they were not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fourwalls.chain.demand_phantom import LEAST_RUN_DAYS
from fourwalls.chain.standards import LEAST_WEEKS, PEERS, Weekly, compare
from fourwalls.chain.stock_record import Record

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# A choice, told as such where it is used: half of what the shops of the world reach on average, where a quarter of the 8.3 %
# that shelves are empty waits in back rooms (Gruen, Corsten and Bharadwaj 2002, Retail Out-of-Stocks).
DEFAULT_BARE_SHARE = 0.01
# Groups of fewer units than this say nothing of what usually goes astray.
_LEAST_UNITS = 100.0
# A loss found in fewer weeks is a rare event, whose mean no normal law describes (the rule of thumb for counts).
_LEAST_FOUND = 10


@dataclass(frozen=True, slots=True)
class Unseen:
    """Stock that could not be found, beyond what comparable nodes show.

    Attributes:
        bare: Units wanted while goods were in the house and not on the shelf, shape (shelves, days).
        ghost: Units wanted while the goods were only on record, same shape.
        waiting: All units wanted while goods were in the house and not on the shelf: more stock would not sell them.
        astray: Units that were found missing, same shape.
        judged: Whether there was something to hold record and shelf to, or they have no part, shape (2, shelves).
        words: What each was held to, for each shelf; empty if nothing.
    """

    bare: Floats32
    ghost: Floats32
    waiting: Floats32
    astray: Floats32
    judged: Bools
    words: tuple[list[str], list[str]]

    @property
    def any(self) -> bool:
        """Whether repairing record or shelf would change anything."""
        return bool(self.bare.any() or self.ghost.any() or self.astray.any())


def unseen(
    record: Record,
    lost: Floats32,
    sent: Floats32 | None,
    group: Ints,
    node: Ints,
    refilled: Bools,
    span: Ints,
    shop: Bools | None = None,
    goods: Ints | None = None,
) -> Unseen:
    """Stock that could not be found, beyond what comparable nodes show.

    Shops, which other nodes refill, are compared with shops, and the other nodes with each other: what is found missing by
    unit that leaves the node, by unit that lies there and by shelf, whichever excuses most (a centre and a depot with each
    other, where neither has a peer), and what is wanted from shelves that stand empty by unit wanted. Shops are held besides to
    DEFAULT_BARE_SHARE.

    Args:
        record: The stock record.
        lost: Units wanted from empty shelves, shape (shelves, days).
        sent: Units sent on to other nodes, same shape; None if none are.
        group: Number of the node and kind of product of each shelf, shape (shelves,).
        node: Number of each shelf's node, same shape.
        refilled: Whether another node refills the shelf, same shape.
        span: Span of time of each day, shape (days,).
        shop: Whether customers stand before the shelf, shape (shelves,); None where nobody says.
        goods: Number of the kind of product of each shelf, same shape; None where nobody says.
    """
    at_back, at_record = _runs(record)
    waiting = np.where(at_back, lost, 0).astype(np.float32)
    gone = np.where(at_record, lost, 0).astype(np.float32)
    sold = np.nan_to_num(record.sold)
    wanted = sold + lost
    missing = found_missing(record, sent)
    leaves = sold if sent is None else sold + sent
    behind = _beyond(waiting, wanted, group, refilled.astype(np.int64), span, DEFAULT_BARE_SHARE)
    ghosts = _beyond(gone, wanted, node, refilled.astype(np.int64), span, None)
    bases = leaves, np.nan_to_num(record.closing), record.active.astype(np.float32)
    whole, kind = node, refilled.astype(np.int64)
    if shop is not None and goods is not None and (alone := _alone(node, refilled, shop)).any():
        whole = np.where(alone, group, node + int(group.max()) + 1)
        kind = np.where(alone, goods + 2, kind)
    stray = _least([_beyond(missing, base, whole, kind, span, None) for base in bases])
    # Where nothing was ever found missing, although somebody looks, the record is right.
    right = record.missing is not None and not missing.any()
    judged = np.stack([stray.judged | ghosts.judged | right, behind.judged | ~waiting.any(axis=1)])
    words = [
        a or b
        for a, b in zip(
            stray.told("of what leaves is missing"), ghosts.told("of demand meets a record without goods"), strict=True
        )
    ]
    return Unseen(
        waiting * behind.part[:, None], gone * ghosts.part[:, None], waiting, missing * stray.part[:, None], judged,
        (words, behind.told("of demand waits for goods in the house")),
    )  # fmt: skip


def found_missing(record: Record, sent: Floats32 | None) -> Floats32:
    """Units by which the record was lowered and that were not sent on, shape (shelves, days)."""
    missing = np.zeros_like(record.sold) if record.missing is None else record.missing
    # A record that is lowered for what was sent on another day is given the benefit of the doubt.
    return missing if sent is None else np.maximum(missing - sent, np.float32(0.0))


def _alone(node: Ints, refilled: Bools, shop: Bools) -> Bools:
    """Shelves of depots none of which has a peer: a centre and the one depot it refills are compared, goods by goods.

    Nobody but staff walks through a depot, whoever refills it; shops are compared with shops only.
    """
    depot = ~np.isin(node, node[shop])
    if any(len(np.unique(node[depot & (refilled == kind)])) > 1 for kind in (True, False)):
        return np.zeros(len(node), np.bool_)
    return depot


def _runs(record: Record) -> tuple[Bools, Bools]:
    """Days on which a shelf was empty while stock stood on record all day: with goods behind it, and without any."""
    closing = record.closing
    before = np.full_like(closing, np.nan)
    before[:, 1:] = closing[:, :-1]
    come = np.zeros_like(closing) if record.received is None else record.received
    with np.errstate(invalid="ignore"):
        bare = (record.empty > 0) & (closing - come > 0) & (before > 0)
    bare[:, 0] = False
    shape = bare.shape
    behind, gone = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    edge = np.zeros((shape[0], 1), np.int8)
    change = np.diff(bare.astype(np.int8), axis=1, prepend=edge, append=edge)
    series, first = np.nonzero(change == 1)
    after = np.nonzero(change == -1)[1]
    inside = after < shape[1]
    series, first, after = series[inside], first[inside], after[inside]
    if not len(series):
        return behind, gone
    lowered = np.zeros(len(series), np.bool_)
    if record.missing is not None:
        lowered = (record.missing[series, after] > 0) | (record.missing[series, after - 1] > 0)
    long_ = (after - first >= LEAST_RUN_DAYS) & (come[series, after] > 0)
    is_gone = lowered | long_
    for found, rows in ((gone, is_gone), (behind, ~is_gone)):
        marked = np.zeros((shape[0], shape[1] + 1), np.int8)
        marked[series[rows], first[rows]] += 1
        marked[series[rows], after[rows]] -= 1
        found |= np.cumsum(marked, axis=1, dtype=np.int8)[:, :-1] > 0
    return behind, gone


@dataclass(frozen=True, slots=True)
class _Part:
    """Which part of each shelf's amount is beyond the standard, whether it was held to one, and to what share, by whom."""

    part: Floats32
    judged: Bools
    held_to: Floats
    origin: list[str]

    def told(self, what: str) -> list[str]:
        return [
            f"{o}: {100 * s:.1f} % {what}" if o else "" for o, s in zip(self.origin, self.held_to.tolist(), strict=True)
        ]


def _least(parts: list[_Part]) -> _Part:
    """Held to all standards at once, so that a slow, a full or a varied node is not taken for a careless one.

    Where all of them find it careless, the middle one says by how much: the least would tell every careless node too low.
    """
    first = parts[0]
    shares = np.array([p.part for p in parts])
    part = np.where(shares.min(axis=0) > 0, np.median(shares, axis=0), np.float32(0.0))
    return _Part(part, np.logical_or.reduce([p.judged for p in parts]), first.held_to, first.origin)


def _beyond(amount: Floats32, base: Floats32, group: Ints, kind: Ints, span: Ints, usual: float | None) -> _Part:
    """The part of each group's amount beyond what the better quarter of its kind shows; of shops (1), beyond the usual share."""
    n = len(amount)
    found = _Part(np.zeros(n, np.float32), np.zeros(n, np.bool_), np.zeros(n), [""] * n)
    if not amount.any():
        return found
    starts = np.flatnonzero(np.diff(span, prepend=span[0] - 1))
    for number_of_kind in np.unique(kind).tolist():
        alike = kind == number_of_kind
        groups: dict[str, Weekly] = {}
        for number in np.unique(group[alike]).tolist():
            mine = (group == number) & alike
            below = np.add.reduceat(base[mine].sum(axis=0, dtype=np.float64), starts)
            above = np.add.reduceat(amount[mine].sum(axis=0, dtype=np.float64), starts)
            used = below > 0
            if used.sum() >= LEAST_WEEKS and below.sum() >= _LEAST_UNITS:
                groups[str(number)] = Weekly(below[used], above[used])
        _hold(found, groups, group, alike, usual if number_of_kind == 1 else None)
    return found


def _hold(found: _Part, groups: dict[str, Weekly], group: Ints, among: Bools, usual: float | None) -> None:
    cell = compare(groups, PEERS) if len(groups) > 1 else None
    best = [groups[name] for name in cell.best] if cell is not None else []
    reach = sum(float(b.hours.sum()) for b in best) / max(sum(b.n for b in best), 1e-12)
    for name, weekly in groups.items():
        mine = among & (group == int(name))
        own, origin, held_to = weekly.mean, "", 0.0
        part = 0.0
        if cell is not None:
            found.judged[mine] |= cell.compared or bool(best)
            if best and own > reach:
                part = cell.reliability.get(name, 0.0) * (1 - reach / own)
            if best:
                origin, held_to = f"best {len(best)} of {len(groups)} that are compared", reach
        if usual is not None:
            found.judged[mine] = True
            beyond = _surely(weekly, usual)
            if beyond > part:
                part, origin, held_to = beyond, "the default of this product", usual
        if usual is None and np.count_nonzero(weekly.hours) < _LEAST_FOUND:
            part = 0.0
        if part > 0 or origin:
            found.part[mine], found.held_to[mine] = part, held_to
            for i in np.flatnonzero(mine).tolist():
                found.origin[i] = origin


def _surely(weekly: Weekly, usual: float) -> float:
    """Part of a group's amount beyond a share, shrunk as a peer's distance is; 0 where chance over weeks explains it."""
    own = weekly.mean
    if own <= usual:
        return 0.0
    n = len(weekly.lines)
    off = weekly.hours - own * weekly.lines
    error = float(np.sqrt((off**2).sum() * n / max(n - 1, 1))) / weekly.n
    z = (own - usual) / error if error > 0 else float("inf")
    return (1 - usual / own) * (1 - 1 / z**2) if z > _Z else 0.0


_Z = 1.645
