"""Goods bought before anybody saw how they sell: which they are, and how more or less of them would have sold.

Where every order for a shelf was settled before its first sale, no order answers a sale, and nothing can be read between
orders: what can be held to something is the amount itself (`newsvendor`). A repair scales every buy in proportion,
arriving when it arrived, and nothing else that changes makes anybody buy otherwise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fourwalls.chain.levels import ECHELONS, Lanes, decided_day, drawn_on
from fourwalls.chain.newsvendor import Bought, factors, lean_of, seasons_of
from fourwalls.chain.shifts import LEAST_SKUS, ForecastRows, Skew, even_share
from fourwalls.chain.stock_record import Record
from fourwalls.chain.stock_replay import FIXED, LOW, Occasions
from fourwalls.chain.supply import DAY_S, Supplies, coded

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


# What stands before and after the last mark between letters and digits.
_ENDING = re.compile(r"^(.*[0-9A-Za-z])[^0-9A-Za-z]+([0-9A-Za-z]+)$")


@dataclass(frozen=True, slots=True)
class Goods:
    """What the shelves hold.

    Attributes:
        kind: Number of the kind of product whose buys are judged together, shape (shelves,).
        margin: Gross margin of a unit as a share of its price, same shape; NaN if unknown.
        unserved: Units customers wanted from an empty shelf and were not served later, shape (shelves, days).
        sizes: Numbers of the style and of the size of each shelf's sku, from `sizes_of`; None where skus tell none.
    """

    kind: Ints
    margin: Floats
    unserved: Floats32
    sizes: tuple[Ints, Ints] | None = None


def sizes_of(skus: list[str]) -> tuple[Ints, Ints] | None:
    """Style and size of each sku, shape (skus,) each, where they are written as a stem and an ending that recurs; else None.

    An ending counts as a size where it stands beside others on each of several stems, as S, M and L do.
    """
    parts = [_ENDING.match(sku) for sku in skus]
    at = [i for i, part in enumerate(parts) if part is not None]
    if not at:
        return None
    stems, endings = (
        np.array([part[n] if part else sku for part, sku in zip(parts, skus, strict=True)]) for n in (1, 2)
    )
    style, size = (np.unique(x, return_inverse=True)[1].ravel().astype(np.int64) for x in (stems, endings))
    own = np.zeros(len(skus), np.bool_)
    own[at] = True
    pairs = np.unique(np.stack([style[own], size[own]]), axis=1)
    kinds = np.bincount(pairs[0], minlength=int(style.max()) + 1)
    of_stems = np.bincount(pairs[1][kinds[pairs[0]] > 1], minlength=int(size.max()) + 1)
    return (style, size) if (own & (of_stems[size] >= LEAST_SKUS) & (kinds[style] > 1)).sum() > len(skus) / 2 else None


@dataclass(frozen=True, slots=True)
class Buys:
    """Shelves that are bought for once.

    Attributes:
        once: Whether the amounts of the shelf were all settled before it sold anything, and can be held to something,
            shape (shelves,).
        judged: Whether the amount is held to what was wanted: of these shelves and of those they refill, same shape.
        factor: What would have been bought for a unit that was, same shape; 1 where nothing is wrong.
        even: The same by sharing out a sku among its nodes as it is wanted there, same shape.
        uneven: How unevenly skus are shared out.
        there: Units there ever were to sell from the shelf and those it refills, same shape.
        rows: Numbers of the shelves bought for once, shape (rows,).
        ahead: What was still to be wanted of them at the end of each day [units], shape (rows, days).
        ended: Whether the record holds the whole season of each shelf, shape (shelves,).
        given_up: Units taken off each shelf's record by hand for good, same shape.
        last: Last day of each shelf's season; of the record where it is not over or nothing is known of it, same shape.
        price: Price of a unit on each day beside the mean of what was sold, shape (rows, days).
    """

    once: Bools
    judged: Bools
    factor: Floats
    even: Floats
    uneven: Skew
    there: Floats
    rows: Ints
    ahead: Floats32
    ended: Bools
    given_up: Floats
    last: npt.NDArray[np.int32]
    price: Floats32


def single_buys(
    s: Supplies,
    lane: Lanes,
    record: Record,
    goods: Goods,
    rows: ForecastRows | None,
    among: Ints,
    cell: Ints,
    first_day: int,
) -> Buys | None:
    """Shelves that are bought for once, and what of it was too much or too little; None without any.

    Args:
        s, lane: Orders, and who supplies.
        record: The stock record.
        goods: What the shelves hold.
        rows: Forecasts; None without any.
        among: Number of those among whom a sku is shared out, shape (shelves,).
        cell: Number of the node and kind of product, same shape.
        first_day: First day [days since 1970].
    """
    first, last = _life(record, lane.donor)
    begins = _begins(record, lane.donor)
    shelves, days = record.sold.shape
    decided = np.full(shelves, -np.inf)
    np.maximum.at(decided, s.shelf, decided_day(s) - first_day)
    once = (lane.donor < 0) & np.isfinite(decided) & (decided < first) & record.active.any(axis=1)
    if not once.any():
        return None
    wanted = (np.nan_to_num(record.sold) + goods.unserved).astype(np.float64)
    there, upto = _there(s, record, lane.donor), np.cumsum(drawn_on(wanted, lane.donor), axis=1)
    once &= there > 0
    full = drawn_on((wanted * _worth(record, goods.margin)).sum(axis=1), lane.donor)
    ended = once & ((last < days - 1) | _planned(rows, first, days, shelves))
    season = seasons_of(begins, ended)
    order = season * len(s.shelf) + _main_supplier(s, shelves)
    said, came = _foreseen(rows, first, upto)
    sums = Bought(*(
        x[ended]
        for x in (there, _bought(s, record, there, first_day), full, upto[:, -1], said, came, goods.kind, season, order, goods.margin)
    ))  # fmt: skip
    factor, known = factors(sums, int(goods.kind.max(initial=-1)) + 1)
    uneven = _uneven(there, upto[:, -1], among, cell, season, order, once, ended)
    judged = once & known[goods.kind]
    once &= judged | uneven.judged
    for _ in range(ECHELONS):
        judged |= (lane.donor >= 0) & judged[np.maximum(lane.donor, 0)]
    at = np.flatnonzero(once)
    even = even_share(np.where(once, there, np.nan), uneven.lean, among)
    ahead = (upto[at, -1:] - upto[at]).astype(np.float32)
    ended &= once
    up, final = _given_up(record, ended & ~np.isin(np.arange(shelves), lane.donor))
    until = np.where(ended, np.minimum(last, final), days - 1).astype(np.int32)
    sure = np.where(once & judged, factor[goods.kind], 1.0)
    if goods.sizes is not None:
        style, size = goods.sizes
        of_size = goods.kind * (int(size.max()) + 1) + size
        off = _uneven(there, upto[:, -1], style, of_size, season, order, once, ended).lean
        if (said[ended] > 0).sum() > ended.sum() / 2:
            foreseen = _uneven(said, came, style, of_size, season, order, once, ended).lean
            off = np.where(off * foreseen > 0, np.sign(off) * np.minimum(np.abs(off), np.abs(foreseen)), 0.0)
        sure = np.where(once & judged, sure * even_share(np.where(once, there, np.nan), off, style), 1.0)
    return Buys(once, judged, sure, even, uneven, there, at, ahead, ended, up, until, _prices(record, at))


def bought_otherwise(
    found: Buys, s: Supplies, record: Record, occasions: Occasions, shift: Floats32, first_day: int
) -> tuple[Occasions, Floats32]:
    """The occasions of shelves bought for once as what they are: amounts that no stock answers, changed in proportion.

    What a record begins with was bought before it, and changes as well.

    Args:
        found: Shelves that are bought for once.
        s, record, first_day: As for `single_buys`.
        occasions, shift: Of all shelves.
    """
    fixed = found.once[occasions.shelf]
    need = np.where(fixed, FIXED, occasions.need).astype(np.float32)
    at = found.rows
    begin, stood = _opening(s, record, at, first_day)
    n, ones = len(at), np.ones((len(at), 2), np.float32)
    opening = Occasions(
        at.astype(np.int32), np.full(n, -1, np.int32), begin.astype(np.int32), np.full(n, FIXED, np.float32), stood,
        ones * stood[:, None], ones, np.zeros((n, LOW), np.float32), np.repeat(begin.astype(np.int32)[:, None], 8, axis=1),
    )  # fmt: skip
    whole = Occasions(*(np.concatenate([a, b]) for a, b in zip(opening, occasions._replace(need=need), strict=True)))
    bought = np.bincount(whole.shelf, whole.ordered, minlength=len(found.once))
    with np.errstate(divide="ignore", invalid="ignore"):
        # Goods sent back and sold again come from goods bought: a unit more of these is more than a unit to sell.
        part = np.nan_to_num(found.there[whole.shelf] / bought[whole.shelf]) * whole.ordered
    bits = np.arange(LOW)
    factor, even = (np.where(bits & bit, x[whole.shelf, None], 1.0) for bit, x in ((1, found.factor), (2, found.even)))
    moved = (part[:, None] * (factor * even - 1)).astype(np.float32)
    before = np.concatenate([np.zeros((n, LOW), np.float32), shift])
    return whole, np.where(found.once[whole.shelf, None], moved, before)


def _uneven(
    there: Floats, due: Floats, among: Ints, cell: Ints, season: Ints, order: Ints, once: Bools, ended: Bools
) -> Skew:
    """How unevenly what is bought of a sku goes to its nodes, or of a style to its sizes: beside what was wanted, cell by cell."""
    shelves = len(there)
    lean, judged = np.zeros(shelves), np.zeros(shelves, np.bool_)
    groups = int(among.max(initial=-1)) + 1
    all_there, all_due, nodes = (
        np.bincount(among[once], x[once], minlength=groups)[among] for x in (there, due, np.ones(shelves))
    )
    whole = np.bincount(among[once], ended[once], minlength=groups)[among] == nodes
    at = np.flatnonzero(once & ended & whole & (nodes >= 2) & (all_due > 0))
    if not len(at):
        return Skew(lean, judged)
    fair = due[at] * all_there[at] / all_due[at]
    cells = int(cell.max()) + 1
    # What one node of a sku has too much the others have too little of: so many of them are free.
    rank = 1 - 1 / float(nodes[at].mean())
    found, error, crit = lean_of(there[at], fair, cell[at], season[at], order[at], cells, rank)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.abs(found) / np.maximum(error, 1e-9)
        sure = np.where(z > crit, found * (1 - 1 / z**2), 0.0)
    mine = once & (nodes >= 2) & np.isfinite(found[cell])
    lean[mine], judged[mine] = sure[cell[mine]], True
    return Skew(lean, judged)


def _given_up(record: Record, among: Bools) -> tuple[Floats, Ints]:
    """Units taken off the record by hand with which the stock of a shelf ended for good, and the last day before."""
    shelves, days = record.sold.shape
    units, last = np.zeros(shelves), np.full(shelves, days - 1)
    if record.missing is None:
        return units, last
    stands = np.nan_to_num(record.closing) > 0
    last = np.where(stands.any(axis=1), days - 1 - stands[:, ::-1].argmax(axis=1), days - 1)
    at = np.flatnonzero(among & (last < days - 1))
    units[at] = record.missing[at, last[at] + 1]
    return units, np.where(units > 0, last, days - 1)


def _prices(record: Record, at: Ints) -> Floats32:
    """Price of a unit on each day beside the mean of what was sold, by the discounts on record."""
    if record.lift is None:
        return np.ones((len(at), record.sold.shape[1]), np.float32)
    off, sold = np.nan_to_num(record.lift[at, :, 0]), np.nan_to_num(record.sold[at])
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.nan_to_num((off * sold).sum(axis=1) / sold.sum(axis=1))
    found: Floats32 = ((1 - off) / np.maximum(1 - mean, 1e-3)[:, None]).astype(np.float32)
    return found


def _life(record: Record, donor: Ints) -> tuple[Ints, Ints]:
    """First day on which each shelf or one that it refills sold something (days if never), and the last of their records."""
    sold = np.nan_to_num(record.sold) > 0
    days = sold.shape[1]
    first = np.where(sold.any(axis=1), sold.argmax(axis=1), days)
    last = days - 1 - record.active[:, ::-1].argmax(axis=1)
    down = np.flatnonzero(donor >= 0)
    for _ in range(ECHELONS if len(down) else 0):
        np.minimum.at(first, donor[down], first[down])
        np.maximum.at(last, donor[down], last[down])
    return first, last


def _main_supplier(s: Supplies, shelves: int) -> Ints:
    """Number of the supplier that most of each shelf's orders went to."""
    names, code = coded(s.supplier)
    counts = np.bincount(s.shelf * max(len(names), 1) + code, s.ordered, minlength=shelves * max(len(names), 1))
    found: Ints = counts.reshape(shelves, -1).argmax(axis=1)
    return found


def _opening(s: Supplies, record: Record, at: Ints, first_day: int) -> tuple[Ints, Floats32]:
    """First day of the record of some shelves, and the stock it begins with before anything comes [units]."""
    begin = record.active[at].argmax(axis=1)
    start, come = np.full(len(record.sold), -1), np.zeros(len(record.sold))
    start[at] = begin
    today = s.available // DAY_S - first_day == start[s.shelf]
    np.add.at(come, s.shelf[today], np.nan_to_num(s.come[today]))
    stood = np.nan_to_num(record.closing[at, begin] + record.sold[at, begin]) - come[at]
    return begin, np.maximum(stood, 0.0).astype(np.float32)


def _bought(s: Supplies, record: Record, there: Floats, first_day: int) -> Floats:
    """Units of those there ever were that were bought, and not sent back by customers."""
    everything = np.arange(len(there))
    come = np.bincount(s.shelf, np.nan_to_num(s.come), minlength=len(there))
    found: Floats = np.minimum(_opening(s, record, everything, first_day)[1] + come, there)
    return found


def _begins(record: Record, donor: Ints) -> Ints:
    """First day on which something was there to sell; how well it sells has no part in it, as it has in the first sale."""
    seen = (np.nan_to_num(record.closing) > 0) | (np.nan_to_num(record.sold) > 0)
    first: Ints = np.where(seen.any(axis=1), seen.argmax(axis=1), seen.shape[1])
    down = np.flatnonzero(donor >= 0)
    for _ in range(ECHELONS if len(down) else 0):
        np.minimum.at(first, donor[down], first[down])
    return first


def _there(s: Supplies, record: Record, donor: Ints) -> Floats:
    """Units there ever were to sell: what was sold, and what was left, given up or lost."""
    left = np.nan_to_num(record.closing[:, -1]).astype(np.float64)
    if record.missing is not None:
        sent = s.donor >= 0
        moved = np.bincount(s.donor[sent], np.nan_to_num(s.come[sent]), minlength=len(left))
        left += np.maximum(record.missing.sum(axis=1, dtype=np.float64) - moved, 0.0)
    return drawn_on(np.nansum(record.sold, axis=1, dtype=np.float64) + left, donor)


def _worth(record: Record, margin: Floats) -> Floats32:
    """For how much a unit wanted counts on each day, 0-1: at a discount, for the part of the margin that this leaves."""
    if record.lift is None:
        return np.ones(record.sold.shape, np.float32)
    off = np.nan_to_num(record.lift[:, :, 0])
    whole = np.where(np.isfinite(margin) & (margin > 0), margin, 1e-9)[:, None]
    return np.maximum(1 - off / whole, 0.0).astype(np.float32)


def _planned(rows: ForecastRows | None, first: Ints, days: int, shelves: int) -> Bools:
    """Shelves forecast for once, before they sold, for no longer than the record lasts: their season is over with it."""
    if rows is None or not len(rows.shelf):
        return np.zeros(shelves, np.bool_)
    made, end = np.full(shelves, days), np.full(shelves, days + 1)
    at = np.unique(rows.shelf)
    made[at], end[at] = -days, -days
    np.maximum.at(made, rows.shelf, rows.made)
    np.maximum.at(end, rows.shelf, rows.start + rows.length)
    found: Bools = (made < first) & (end <= days)
    return found


def _foreseen(rows: ForecastRows | None, first: Ints, upto: Floats) -> tuple[Floats, Floats]:
    """What was forecast of each shelf before it sold, the last word on each period, and what was wanted over it; 0 if nothing."""
    shelves, days = upto.shape
    said, came = np.zeros(shelves), np.zeros(shelves)
    if rows is None:
        return said, came
    end = rows.start + rows.length
    at = np.flatnonzero((rows.made < first[rows.shelf]) & (rows.start >= 0) & (end <= days))
    at = at[np.lexsort((rows.made[at], rows.start[at], rows.channel[at], rows.shelf[at]))]
    keys = (rows.shelf[at], rows.channel[at], rows.start[at])
    is_last = np.ones(len(at), np.bool_)
    is_last[:-1] = np.any([key[1:] != key[:-1] for key in keys], axis=0) if len(at) else is_last[:-1]
    at = at[is_last]
    np.add.at(said, rows.shelf[at], rows.units[at].astype(np.float64) * rows.length[at])
    begin, until = np.full(shelves, days), np.zeros(shelves, np.int64)
    np.minimum.at(begin, rows.shelf[at], rows.start[at])
    np.maximum.at(until, rows.shelf[at], end[at])
    has = np.flatnonzero(until > begin)
    before = np.where(begin[has] > 0, upto[has, np.maximum(begin[has] - 1, 0)], 0.0)
    came[has] = upto[has, until[has] - 1] - before
    return said, came
