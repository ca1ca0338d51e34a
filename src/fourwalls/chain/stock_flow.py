"""The stock flow of a portfolio: from its record to what each stage, in whose hands, lost on each shelf."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fourwalls.chain import levels as level_book
from fourwalls.chain.attribution import shapley
from fourwalls.chain.base_stock import Points, points, wanted_of
from fourwalls.chain.levels import Lanes, Levels, drawn_on
from fourwalls.chain.shifts import ForecastRows, Skew, even_share, on_each_day, skew
from fourwalls.chain.single_buys import Buys, Goods, bought_otherwise, single_buys
from fourwalls.chain.stock_record import Record
from fourwalls.chain.stock_replay import COALITIONS, FIXED, PLAYERS, PLENTY, Ints32, Occasions, Outcome, Shelves, replay
from fourwalls.chain.supply import Repaired, Supplies
from fourwalls.chain.unseen_stock import Unseen

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

STAGES = (*PLAYERS, "record", "shelf")
"""Every stage that can be repaired. The last two take or give nothing on most shelves: those are replayed without them."""

BIT = {name: 1 << i for i, name in enumerate(STAGES)}
EVERYTHING = (1 << len(STAGES)) - 1
# Coalitions of the last two stages; each is one run of the replay with other inputs.
_PASSES = 4
# Shelves replayed at a time: their coalitions, week by week, fit into the memory near the processor's.
CHUNK = 512
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class Walls:
    """Who does each stage for each shelf, and whether there is something to hold it to.

    Attributes:
        party: Number of the party, shape (stages, shelves).
        wall: Number of the side in accounts.WALLS, same shape.
        standard: Number of the standard in words, same shape.
        held: Whether the stage could be held to something, or has no part in this shelf, same shape.
        parties, words: What the numbers stand for.
    """

    party: Ints
    wall: Ints
    standard: Ints
    held: Bools
    parties: tuple[str, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StockAccounts:
    """What was lost on each shelf, and where it would have been saved.

    Attributes:
        demand: Units customers wanted, shape (shelves, spans).
        lost: Those of them they did not get because the shelf was empty or could not be bought from, same shape.
        stage: Units each stage would have saved, by Shapley, shape (stages, shelves, spans).
        total, inside, between: Units saved by repairing all stages, those inside, those between, shape (shelves, spans).
        held: Stock beyond the record with all stages, those inside and those between repaired, on a mean day [units],
            shape (3, shelves).
        stage_held: The first of these by stage, by Shapley, shape (stages, shelves).
        on_hand: Stock on a mean day [units], shape (shelves,).
        excess: The part of it beyond what had to last until the next order and its arrival, NaN if not known.
        replayed: Shelf-days replayed; all reproduce the record when nothing is repaired, or an error is raised.
        astray: Units that would not have gone missing with the record at its standard, shape (shelves,).
        stage_over: Excess beyond the record by stage, by Shapley, on a mean day [units], shape (stages, shelves).
        given_up: Units that were given up at the end of the season of goods bought for once, shape (shelves,); None without any.
        fewer: Units each stage at its standard would not have left to give up, shape (stages, shelves); below 0: more of them.
        price: Price of a unit in each span beside the mean of what was sold, of goods bought for once, else 1, shape (shelves,
            spans); None likewise.
    """

    demand: Floats
    lost: Floats
    stage: Floats32
    total: Floats32
    inside: Floats32
    between: Floats32
    held: Floats
    stage_held: Floats
    on_hand: Floats
    excess: Floats
    replayed: int
    astray: Floats
    stage_over: Floats
    given_up: Floats | None = None
    fewer: Floats | None = None
    price: Floats32 | None = None

    def freed(self) -> Floats:
        """Part of each shelf's excess stock that each stage at its standard would not have piled up, 0-1, (stages, shelves)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(self.excess > 0, -self.stage_over / self.excess, 0.0)
        # Where several stages free more than there is, each has its part of it.
        share = np.maximum(share, 0.0)
        if self.given_up is not None:
            # What was given up was counted: no need to guess it by excess.
            share[:, self.given_up > 0] = 0.0
        found: Floats = share / np.maximum(share.sum(axis=0), 1.0)
        return found


@dataclass(frozen=True, slots=True)
class Plan:
    """All that the replay needs of some shelves.

    Attributes:
        shelves, occasions: For the kernel.
        lanes: Who supplies them.
        levels: What orders imply; None without orders.
        skew: How unevenly skus are shared out.
        unseen: Stock that was on record and not on the shelf; None if none ever was.
        points: Reorder points of shelves without forecasts beside what textbooks set; None without orders.
        buys: Shelves that are bought for once, before they sell; None without any.
    """

    shelves: Shelves
    occasions: Occasions
    lanes: Lanes | None
    levels: Levels | None
    skew: Skew
    unseen: Unseen | None = None
    points: Points | None = None
    buys: Buys | None = None


def empty_occasions() -> Occasions:
    """No supply orders in the record."""
    i, f = np.zeros(0, np.int32), np.zeros(0, np.float32)
    pair, row = np.zeros((0, 2), np.float32), np.zeros((0, 8), np.float32)
    return Occasions(i, i, i, f, f, pair, pair, row, row.astype(np.int32))


def networks(sku: Ints, donor: Ints) -> npt.NDArray[np.int32]:
    """First shelf of each network: a sku whose shelves refill each other is one, any other shelf stands alone."""
    linked = np.zeros(int(sku.max(initial=-1)) + 1, np.bool_)
    linked[sku[donor >= 0]] = True
    begins = np.ones(len(sku), np.bool_)
    begins[1:] = (sku[1:] != sku[:-1]) | ~linked[sku[1:]]
    return np.append(np.flatnonzero(begins), len(sku)).astype(np.int32)


def stock_known(record: Record) -> Bools:
    """Whether the record ever says what stands on each shelf; without, supplying it cannot be replayed."""
    return np.asarray(np.isfinite(record.closing).any(axis=1), np.bool_)


def plan(
    record: Record,
    lost: Floats32,
    hidden: Floats32,
    sku: Ints,
    cell: Ints,
    span: Ints,
    supplies: Supplies | None,
    repaired: Repaired | None,
    forecasts: tuple[ForecastRows, Floats32] | None,
    first_day: int,
    unseen: Unseen | None = None,
    unforetold: tuple[Bools, float, Floats32] | None = None,
    goods: Goods | None = None,
) -> Plan:
    """Prepares the replay.

    Args:
        record: The stock record.
        lost: Units wanted from empty shelves, shape (shelves, days).
        hidden: Units wanted while they could not be bought, beyond the best listed, same shape.
        sku: Number of each shelf's sku, rising, shape (shelves,).
        cell: Number of the node and kind of product, within which sharing out is judged, shape (shelves,).
        span: Span of time of each day, from 0, shape (days,).
        supplies, repaired: Supply orders and what repairs change; None if there are none.
        forecasts: Forecasts, and what each would have been at its standard [units/day]; None if there are none.
        first_day: First day [days since 1970].
        unseen: Stock that was on record and not on the shelf; None if none ever was.
        unforetold: Shelves without usable forecasts, whose reorder points are held to what textbooks set for the share of
            order cycles that is asked to pass without a stock-out, and units wanted from empty shelves that were not sold
            later, shape (shelves, days); None if there are none.
        goods: What the shelves hold, for those that are bought for once; None to look for none.
    """
    shelves, days = lost.shape
    wanted = lost
    if unseen is not None:
        # Goods behind an empty shelf are not sold by more goods behind it.
        lost = lost - unseen.waiting
        unseen = unseen if unseen.any else None
    closing = np.nan_to_num(record.closing)
    counted = stock_known(record)
    if supplies is None or repaired is None or not counted.any():
        net = np.arange(shelves + 1, dtype=np.int32)
        kernel = Shelves(
            lost, hidden, closing, net, np.zeros(shelves + 1, np.int32), span.astype(np.int32), record.waits
        )
        return Plan(kernel, empty_occasions(), None, None, Skew(np.zeros(shelves), np.zeros(shelves, np.bool_)), unseen)
    if not counted.all():
        supplies, repaired = level_book.of_counted(supplies, repaired, counted)
    lane = level_book.lanes(supplies, shelves)
    foreseen = None if forecasts is None else on_each_day(forecasts[0], forecasts[0].units, days, shelves)
    short = level_book.short_days(supplies, lane, closing, record.active, first_day, foreseen)
    known = level_book.levels(supplies, lane, closing, first_day, short)
    if foreseen is not None:
        known = known.following(foreseen, lane.of_shelf)
    occasions, _ = level_book.occasions(supplies, repaired, lane, known, record.active, first_day)
    protects = lane.protects[np.maximum(lane.of_shelf, 0)]
    protects = np.where((lane.of_shelf >= 0) & np.isfinite(protects), protects, 0.0)
    demand = np.nansum(record.sold, axis=1, dtype=np.float64) + wanted.sum(axis=1, dtype=np.float64)
    rate = drawn_on(demand / np.maximum(record.active.sum(axis=1), 1), lane.donor)
    level = _mean_level(known, shelves)
    mean_level = np.where(lane.donor < 0, level, np.nan)
    among = sharing(sku, lane.donor)
    bought, given = (
        skew(np.where(of, level, np.nan), rate, protects, among, cell) for of in (lane.donor < 0, lane.donor >= 0)
    )
    uneven = Skew(bought.lean + given.lean, bought.judged | given.judged)
    shift = np.zeros((len(occasions.day), 8), np.float32)
    bits = np.arange(8)
    even = (even_share(level, uneven.lean, among) - 1).astype(np.float32)
    at = known.at(occasions.shelf.astype(np.int64), occasions.day.astype(np.int64))
    moved = in_packs(np.nan_to_num(even[occasions.shelf] * at), packs(supplies, shelves)[occasions.shelf])
    shift += moved[:, None].astype(np.float32) * ((bits >> 1) & 1)
    if forecasts is not None and foreseen is not None:
        rows, better = forecasts
        change = on_each_day(rows, better - rows.units, days, shelves)
        moved = _moved(
            mean_level, foreseen, change, protects, occasions.shelf.astype(np.int64), occasions.day.astype(np.int64)
        )
        shift += moved[:, None].astype(np.float32) * (bits & 1)
    due = None
    if unforetold is not None and unforetold[0].any():
        asked_of = unforetold[0] & counted
        wish = wanted_of(np.nan_to_num(record.sold) + unforetold[2], record.active, lane.donor)
        due = points(supplies, lane, known, wish, closing, packs(supplies, shelves), cell, asked_of, unforetold[1])
        moved = due.shift(occasions.shelf.astype(np.int64), occasions.day.astype(np.int64))
        shift += moved[:, None].astype(np.float32) * (bits & 1)
        occasions, shift = _begun(occasions, shift, due, record.active)
    shift[occasions.need >= FIXED] = 0.0
    buys = None
    if goods is not None:
        rows_told = None if forecasts is None else forecasts[0]
        buys = single_buys(supplies, lane, record, goods, rows_told, among, cell, first_day)
    if buys is not None:
        occasions, shift = bought_otherwise(buys, supplies, record, occasions, shift, first_day)
        uneven = Skew(
            np.where(buys.once, buys.uneven.lean, uneven.lean), np.where(buys.once, buys.uneven.judged, uneven.judged)
        )
    net = networks(sku, lane.donor)
    number = np.repeat(np.arange(len(net) - 1), np.diff(net))
    order = np.lexsort((occasions.day, number[occasions.shelf]))
    ready = occasions._replace(shift=shift).rows(order)
    starts = np.searchsorted(number[ready.shelf], np.arange(len(net))).astype(np.int32)
    return Plan(
        Shelves(lost, hidden, closing, net, starts, span.astype(np.int32), record.waits),
        ready,
        lane,
        known,
        uneven,
        unseen,
        due,
        buys,
    )


def _begun(occasions: Occasions, shift: Floats32, due: Points, active: Bools) -> tuple[Occasions, Floats32]:
    """The same, and before it the stock that a record begins with: points that were right all along would have left another.

    In the long run a point higher by a unit keeps a unit more on hand, since as much is on its way as before.
    """
    shelf = np.flatnonzero(due.high + due.low > 0)
    first = active[shelf].argmax(axis=1).astype(np.int64)
    units = due.shift(shelf, first).astype(np.float32)
    stood = np.maximum(-units, 0.0).astype(np.float32)
    n = len(shelf)
    start, ones = first.astype(np.int32), np.ones((n, 2), np.float32)
    begins = Occasions(
        shelf.astype(np.int32), np.full(n, -1, np.int32), start, stood, stood, ones * stood[:, None], ones,
        np.zeros((n, 8), np.float32), np.repeat(start[:, None], 8, axis=1),
    )  # fmt: skip
    moved = units[:, None] * (np.arange(8) & 1).astype(np.float32)
    both = Occasions(*(np.concatenate([a, b]) for a, b in zip(begins, occasions, strict=True)))
    return both, np.concatenate([moved, shift])


def packs(s: Supplies, shelves: int) -> Ints:
    """Units that every order for a shelf is a multiple of; 1 where goods are ordered by the piece or weighed."""
    found = np.zeros(shelves, np.int64)
    whole = np.round(s.ordered).astype(np.int64)
    np.gcd.at(found, s.shelf, np.where(whole == s.ordered, whole, 1))
    return np.maximum(found, 1)


def in_packs(units: Floats, pack: Ints) -> Floats:
    """Units moved in whole packs; single pieces are expectations and stay as they are."""
    return np.where(pack > 1, np.round(units / pack) * pack, units)


def sharing(sku: Ints, donor: Ints) -> Ints:
    """Number of those among whom each shelf's stock is shared out: all that buy a sku, or that one giver refills with it."""
    found: Ints = np.unique(sku * (len(sku) + 1) + donor + 1, return_inverse=True)[1].ravel()
    return found


def _mean_level(known: Levels, shelves: int) -> Floats:
    """Mean order-up-to level of each shelf [units]; NaN where fewer than three orders show it."""
    n = np.bincount(known.shelf, minlength=shelves)
    total = np.bincount(known.shelf, known.level, minlength=shelves)
    return np.where(n >= 3, total / np.maximum(n, 1), np.nan)


def _moved(level: Floats, foreseen: Floats32, change: Floats32, protects: Floats, shelf: Ints, day: Ints) -> Floats:
    """By how much a level moves with the forecast it was made from [units], shape (occasions,).

    A level is the forecast over the days it protects and a reserve that grows with the root of it (the normal approximation
    of a base stock, Silver, Pyke and Thomas 2017, section 7.4): level = m + k · √m. How large k is, the recorded level
    tells beside the forecast of its time, not beside what was sold: a level made from twice the demand holds no reserve
    of a whole demand.

    Args:
        level: Mean level of each shelf [units]; NaN where nothing shows it.
        foreseen, change: What was forecast, and what the better forecast says beyond it [units/day], shape (shelves, days).
        protects: Days each level protects, shape (shelves,).
        shelf, day: Of each occasion.
    """
    told = (foreseen > 0).sum(axis=1)
    mean = foreseen.sum(axis=1, dtype=np.float64) / np.maximum(told, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        reserve = np.nan_to_num(np.clip(level / (mean * protects) - 1, 0.0, 2.0)) * np.sqrt(mean)
    was = foreseen[shelf, day].astype(np.float64)
    becomes = np.maximum(was + change[shelf, day], 0.0)
    found: Floats = protects[shelf] * (
        becomes - was + reserve[shelf] * (np.sqrt(becomes) - np.sqrt(np.maximum(was, 0.0)))
    )
    return found


def attribute(
    ready: Plan, record: Record, lost: Floats32, walls: Walls, progress: Callable[[float], None] = lambda _: None
) -> StockAccounts:
    """Replays every network under every coalition and shares what is saved among the stages."""
    shelves, days = lost.shape
    spans = int(ready.shelves.span[-1]) + 1
    made = _Made(shelves, spans)
    starts = np.searchsorted(ready.shelves.span, np.arange(spans))
    # Spans of the record that a shelf's own rows do not cover carry no demand.
    missed = np.add.reduceat(lost + ready.shelves.hidden, starts, axis=1).astype(np.float64)
    sold = np.add.reduceat(np.nan_to_num(record.sold), starts, axis=1).astype(np.float64)
    wanted = sold.sum(axis=1) + missed.sum(axis=1)
    enough = _enough(ready.lanes, record, wanted if ready.lanes is None else drawn_on(wanted, ready.lanes.donor))
    known = np.where(np.isfinite(enough), enough, PLENTY).astype(np.float32)
    buys = ready.buys
    last = np.full(shelves, days - 1, np.int32) if buys is None else buys.last
    net = ready.shelves.network
    cuts = [0]
    while cuts[-1] < len(net) - 1:
        ahead = int(np.searchsorted(net, net[cuts[-1]] + CHUNK, side="right")) - 1
        cuts.append(max(ahead, cuts[-1] + 1))

    def work(first: int, after: int) -> int:
        part, rows = _part(ready, first, after)
        each_day = _each_day(known, buys, record.active, rows)
        made.put(rows, _passes(part, rows, ready.unseen, each_day, last[rows]), walls)
        return int(rows.stop - rows.start)

    done = 0
    with ThreadPoolExecutor() as pool:
        for count in pool.map(work, cuts[:-1], cuts[1:]):
            done += count
            progress(done / max(shelves, 1))
    on_hand = np.where(record.active, ready.shelves.closing, 0).sum(axis=1, dtype=np.float64) / days
    excess = _excess(enough, ready.shelves.closing, record)
    if buys is not None:
        over = np.maximum(ready.shelves.closing[buys.rows] - buys.ahead, 0.0) * record.active[buys.rows]
        excess[buys.rows] = over.sum(axis=1) / days
    return StockAccounts(
        sold + missed,
        missed,
        made.stage,
        made.total,
        made.inside,
        made.between,
        made.held / days,
        made.stage_held / days,
        on_hand,
        excess,
        shelves * days,
        np.zeros(shelves) if ready.unseen is None else ready.unseen.astray.sum(axis=1, dtype=np.float64),
        made.stage_over / days,
        None if buys is None else buys.given_up,
        None if buys is None else _fewer(buys, made),
        None if buys is None else _prices(buys, starts, record),
    )


def _fewer(buys: Buys, made: _Made) -> Floats:
    """Units that stages would not have left to give up; what was not given up on record is nobody's to save."""
    left = np.where(buys.ended, made.left, 0.0)
    fewer = np.maximum(-left, 0.0)
    part = np.minimum(buys.given_up / np.maximum(fewer.sum(axis=0), 1e-9), 1.0)
    return np.where(left < 0, fewer * part, -left)


def _prices(buys: Buys, starts: Ints, record: Record) -> Floats32:
    """Mean price of each span beside that of what was sold."""
    found = np.ones((len(record.sold), len(starts)), np.float32)
    active = record.active[buys.rows].astype(np.float32)
    days = np.add.reduceat(active, starts, axis=1)
    total = np.add.reduceat(buys.price * active, starts, axis=1)
    found[buys.rows] = np.where(days > 0, total / np.maximum(days, 1), 1.0)
    return found


class _Made:
    """Results of the chunks, put where they belong."""

    def __init__(self, shelves: int, spans: int) -> None:
        self.stage = np.zeros((len(STAGES), shelves, spans), np.float32)
        self.total, self.inside, self.between = (np.zeros((shelves, spans), np.float32) for _ in range(3))
        self.held = np.zeros((3, shelves))
        self.stage_held, self.stage_over, self.left = (np.zeros((len(STAGES), shelves)) for _ in range(3))
        # Shapley values are sums over coalitions, so one matrix gives them for any number of games. A stage that changes
        # nothing is no player: the others' shares are what they are without it.
        self._replayed = np.zeros((len(STAGES), COALITIONS))
        self._replayed[: len(PLAYERS)] = shapley(np.eye(COALITIONS), len(PLAYERS))
        self._all = np.zeros((len(STAGES), _PASSES * COALITIONS))

    def put(self, rows: slice, passes: list[Outcome], walls: Walls) -> None:
        """Shares what a chunk of shelves gained.

        Args:
            rows: Where the chunk lies.
            passes: One outcome, or one for each coalition of the last two stages.
            walls: On which side each stage is.

        Raises:
            AssertionError: The replay with nothing repaired is not the record.
        """
        if np.any(passes[0].gained[:, :, 0]) or np.any(passes[0].held[:, 0]):
            raise AssertionError("the replay with nothing repaired differs from the record")
        weights = self._weights(len(passes))
        # In double precision a stage that changes nothing gets nothing, but for the rounding of the weights.
        stage = sum(out.gained.astype(np.float64) @ w.T for out, w in zip(passes, weights, strict=True))
        stage = np.moveaxis(np.asarray(stage), 2, 0)
        stage[np.abs(stage) < _NOTHING] = 0.0
        self.stage[:, rows] = stage
        self.stage_held[:, rows] = sum(w @ out.held.T for out, w in zip(passes, weights, strict=True))
        self.stage_over[:, rows] = sum(w @ out.over.T for out, w in zip(passes, weights, strict=True))
        self.left[:, rows] = sum(w @ out.left.T for out, w in zip(passes, weights, strict=True))
        side = walls.wall[:, rows]
        n = np.arange(rows.stop - rows.start)
        masks = [
            np.full(len(n), EVERYTHING),
            *(((side == w) * np.array([[BIT[p]] for p in STAGES])).sum(axis=0) for w in (0, 1)),
        ]
        for number, (to, mask) in enumerate(zip((self.total, self.inside, self.between), masks, strict=True)):
            for which, out in enumerate(passes):
                mine = n[(mask // COALITIONS == which) | (len(passes) == 1)]
                low = mask[mine] % COALITIONS
                to[rows.start + mine] = out.gained[mine, :, low]
                self.held[number, rows.start + mine] = out.held[mine, low]

    def _weights(self, passes: int) -> list[Floats]:
        if passes == 1:
            return [self._replayed]
        if not self._all.any():
            self._all = shapley(np.eye(_PASSES * COALITIONS), len(STAGES))
        return np.split(self._all, passes, axis=1)


def _passes(
    part: tuple[Shelves, Occasions], rows: slice, unseen: Unseen | None, enough: Floats32, last: Ints32
) -> list[Outcome]:
    """The replay with record and shelf as they were; and, where that changes anything, with either or both repaired."""
    shelves, occasions = part
    as_recorded = replay(shelves, occasions, enough=enough, last=last)
    if unseen is None:
        return [as_recorded]
    bare, ghost, astray = unseen.bare[rows], unseen.ghost[rows], unseen.astray[rows]
    has_shelf, has_record = bool(bare.any()), bool(ghost.any() or astray.any())
    if not has_shelf and not has_record:
        return [as_recorded]
    right = shelves._replace(lost=np.maximum(shelves.lost - ghost, 0))
    by_record = replay(right, occasions, ghost, astray, enough, last) if has_record else as_recorded
    if not has_shelf:
        return [as_recorded, by_record, as_recorded, by_record]
    filled = replay(shelves, occasions, bare, np.zeros_like(bare), enough, last)
    both = replay(right, occasions, ghost + bare, astray, enough, last) if has_record else filled
    return [as_recorded, by_record, filled, both]


def _part(ready: Plan, first: int, after: int) -> tuple[tuple[Shelves, Occasions], slice]:
    """Networks from `first` to `after` with their occasions, numbered from 0."""
    s, o = ready.shelves, ready.occasions
    rows = slice(int(s.network[first]), int(s.network[after]))
    has = len(o.day) > 0
    cut = slice(int(s.occasion[first]), int(s.occasion[after])) if has else slice(0, 0)
    occasions = o.rows(cut)
    occasions = occasions._replace(
        shelf=(occasions.shelf - rows.start).astype(np.int32),
        donor=np.where(occasions.donor >= 0, occasions.donor - rows.start, -1).astype(np.int32),
    )
    shelves = Shelves(
        s.lost[rows],
        s.hidden[rows],
        s.closing[rows],
        (s.network[first : after + 1] - s.network[first]).astype(np.int32),
        (s.occasion[first : after + 1] - s.occasion[first]).astype(np.int32),
        s.span,
        s.waits[rows],
    )
    return (shelves, occasions), rows


def _enough(lanes: Lanes | None, record: Record, demand: Floats) -> Floats:
    """What has to last until the next order is on the shelf, twice over for the reserve [units]; NaN where unknown.

    Twice the days from one order to the arrival of the next: half of it is worked off on the mean day, and as much again
    in reserve is more than any usual service level asks for.
    """
    if lanes is None:
        return np.full(len(demand), np.nan)
    days = np.where(lanes.of_shelf >= 0, lanes.protects[np.maximum(lanes.of_shelf, 0)], np.nan)
    found: Floats = 2 * days * demand / np.maximum(record.active.sum(axis=1), 1)
    return found


def _each_day(known: Floats32, buys: Buys | None, active: Bools, rows: slice) -> Floats32:
    """What is enough on each day, shape (chunk, days): where nothing more will be bought, what will still be wanted."""
    found = np.repeat(known[rows, None], active.shape[1], axis=1)
    if buys is not None:
        at = np.flatnonzero((buys.rows >= rows.start) & (buys.rows < rows.stop))
        mine = buys.rows[at]
        found[mine - rows.start] = np.where(active[mine], buys.ahead[at], PLENTY)
    return found


def _excess(enough: Floats, closing: Floats32, record: Record) -> Floats:
    """Stock of a mean day beyond what is enough [units]; NaN where nobody knows."""
    over = np.maximum(closing - enough[:, None], 0.0) * record.active
    found: Floats = np.where(np.isfinite(enough), over.sum(axis=1) / closing.shape[1], np.nan)
    return found
