"""What was ordered for a shelf, when it could have been, and how much the amount hung on what stood there.

The order-up-to level is read off every order: position (on hand and on order) plus what was ordered. Between orders it is
interpolated, since on a day without an order it lay at or below the position. Where the giver of a transfer had less left
than those it refills still wanted, what came was not what was wanted: there the level is interpolated from the occasions
on which it had enough.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fourwalls.chain.stock_replay import FIXED, LOW, NEVER, Occasions
from fourwalls.chain.supply import DAY_S, Repaired, Supplies, coded

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# A weekday with less than this share of a shelf's orders is not one on which it is looked at; fewer orders tell no rhythm.
_RARELY = 0.05
_FEW_ORDERS = 8
# Longer chains of shelves that refill each other are followed no further.
ECHELONS = 5


@dataclass(frozen=True, slots=True)
class Lanes:
    """Where shelves are mainly supplied from: a supplier and a node, or a giving node and a node.

    Attributes:
        of_shelf: Lane of each shelf, shape (shelves,); −1 if nothing was ever ordered for it.
        of_order: Lane of each order, shape (orders,).
        refills: Whether the order comes by its shelf's main lane; others (moves between nodes) are carried as they are.
        donor: Shelf that the main lane of each shelf takes from, −1 for purchases, shape (shelves,).
        protects: Days an order has to last: from one occasion to the next and until it is on the shelf, shape (lanes,).
        between: Days from one occasion to the next, shape (lanes,).
    """

    of_shelf: Ints
    of_order: Ints
    refills: Bools
    donor: Ints
    protects: Floats
    between: Floats


def decided_day(s: Supplies) -> Floats:
    """Day on which the amount was settled: when the need was seen, else when the order was placed [days since 1970]."""
    at = np.where(np.isnan(s.signalled), s.placed, s.signalled)
    return np.floor(at / DAY_S)


def lanes(s: Supplies, shelves: int) -> Lanes:
    """Who mainly supplies each shelf, how often, and how long it takes."""
    # A supplier and a node may bear one name.
    (_, supplier), (nodes, node) = coded(s.supplier), coded(s.node)
    known, lane = np.unique((supplier * 2 + (s.donor >= 0)) * max(len(nodes), 1) + node, return_inverse=True)
    count = len(known)
    cell = s.shelf * max(count, 1) + lane
    cells, inverse = np.unique(cell, return_inverse=True)
    units = np.bincount(inverse, s.ordered + 1e-9)
    of_shelf = np.full(shelves, -1, np.int64)
    order = np.argsort(units, kind="stable")
    of_shelf[cells[order] // max(count, 1)] = cells[order] % max(count, 1)  # the largest is written last
    refills = of_shelf[s.shelf] == lane
    donor = np.full(shelves, -1, np.int64)
    donor[s.shelf[refills]] = s.donor[refills]
    between, takes = np.full(count, np.nan), np.full(count, np.nan)
    day = decided_day(s)
    for number in range(count):
        mine = lane == number
        days = np.unique(day[mine])
        if len(days) > 1:
            between[number] = float(np.median(np.diff(days)))
        came = mine & ~np.isnan(s.available)
        if came.any():
            takes[number] = float(np.median(s.available[came] / DAY_S - day[came]))
    return Lanes(of_shelf, lane, refills, donor, between + takes, between)


def of_counted(s: Supplies, r: Repaired, counted: Bools) -> tuple[Supplies, Repaired]:
    """The orders for shelves whose stock is recorded; what a shelf without record gives counts as bought."""
    rows = np.flatnonzero(counted[s.shelf])
    picked = {name: getattr(s, name)[rows] for name in Supplies.__dataclass_fields__}
    giver = picked["donor"]
    picked["donor"] = np.where((giver >= 0) & counted[np.maximum(giver, 0)], giver, -1)
    return Supplies(**picked), Repaired(r.arrives[rows], r.come[rows], r.held[:, rows], r.words[:, rows], r.standards)


@dataclass(frozen=True, slots=True)
class Levels:
    """Order-up-to levels as the record implies them.

    Attributes:
        position: On hand and on order at the beginning of each day [units], shape (shelves, days).
        shelf, day, level: Where orders show the level [units], by shelf and day, shape (knots,).
        short: Days on which what each shelf had to give was not enough for those it refills, shape (shelves, days).
        pace: Forecast of each shelf that its levels follow [units/day], shape (shelves, days); 0 where they follow none,
            and None where none does.
    """

    position: Floats32
    shelf: Ints
    day: Ints
    level: Floats
    short: Bools
    pace: Floats32 | None = None

    def cut(self, donor: Ints, day: Ints) -> Bools:
        """Whether what comes from some givers (−1: none) on some days is less than what was wanted."""
        found: Bools = (donor >= 0) & self.short[np.maximum(donor, 0), day]
        return found

    def at(self, shelf: Ints, day: Ints) -> Floats:
        """The level on some days, interpolated between orders; NaN for a shelf without any."""
        if not len(self.shelf):
            return np.full(len(shelf), np.nan)
        width = self.position.shape[1] + 1
        keys, key = self.shelf * width + self.day, shelf * width + day
        after = np.searchsorted(keys, key).clip(0, len(keys) - 1)
        before = (np.searchsorted(keys, key, side="right") - 1).clip(0, len(keys) - 1)
        mine_after, mine_before = self.shelf[after] == shelf, self.shelf[before] == shelf
        before = np.where(mine_before, before, after)
        after = np.where(mine_after, after, before)
        found = self.between(before, after, shelf, day)
        return np.where(mine_after | mine_before, found, np.nan)

    def between(self, before: Ints, after: Ints, shelf: Ints, day: Ints) -> Floats:
        """The level on some days, between the knots before and after each."""
        span = np.maximum(self.day[after] - self.day[before], 1)
        weight = np.clip((day - self.day[before]) / span, 0.0, 1.0)
        first, last = self.level[before], self.level[after]
        in_units: Floats = first * (1 - weight) + last * weight
        if self.pace is None:
            return in_units
        then, later, now = (self.pace[self.shelf[before], self.day[before]], self.pace[self.shelf[after], self.day[after]],
                            self.pace[shelf, day])  # fmt: skip
        with np.errstate(divide="ignore", invalid="ignore"):
            in_days = (first / then * (1 - weight) + last / later * weight) * now
        return np.where((then > 0) & (later > 0) & (now > 0), in_days, in_units)

    def following(self, forecast: Floats32, lane_of_shelf: Ints) -> Levels:
        """Levels counted in days of the forecast, for lanes whose orders that tells better than counting them in units.

        Which is better is seen by leaving out each order between two others and reading its level off those.

        Args:
            forecast: Of each shelf on each day [units/day], 0 where there is none, shape (shelves, days).
            lane_of_shelf: Lane of each shelf, shape (shelves,); −1 for none.
        """
        counted = replace(self, pace=forecast)
        inner = np.flatnonzero(self.shelf[2:] == self.shelf[:-2]) + 1
        lane = lane_of_shelf[self.shelf[inner]]
        off = []
        for book in (self, counted):
            told = book.between(inner - 1, inner + 1, self.shelf[inner], self.day[inner])
            off.append(np.bincount(lane, np.abs(told - self.level[inner]), minlength=int(lane_of_shelf.max()) + 1))
        follows = (lane_of_shelf >= 0) & (off[1] < off[0])[np.maximum(lane_of_shelf, 0)]
        return replace(self, pace=np.where(follows[:, None], forecast, np.float32(0.0))) if follows.any() else self


def drawn_on(units: Floats, donor: Ints) -> Floats:
    """Units wanted of each shelf and, through it, of those it refills.

    Args:
        units: Wanted of each shelf by its own customers, shape (shelves, ...).
        donor: Shelf that refills each, −1 for none, shape (shelves,).
    """
    refilled = np.flatnonzero(donor >= 0)
    total = units
    for _ in range(ECHELONS if len(refilled) else 0):
        before, total = total, units.copy()
        np.add.at(total, donor[refilled], before[refilled])
        if np.array_equal(before, total):
            break
    return total


def levels(s: Supplies, lane: Lanes, closing: Floats32, first_day: int, short: Bools | None = None) -> Levels:
    """Levels that the orders of some shelves imply.

    Args:
        s: Orders for these shelves, shelves numbered from 0.
        lane: Who supplies them, for the same orders and shelves.
        closing: Stock at the end of each day [units], shape (shelves, days).
        first_day: First day [days since 1970].
        short: Days on which each shelf could not give all that was wanted of it, from `short_days`, shape (shelves,
            days); None: those on which it had nothing left.
    """
    shelves, days = closing.shape
    day = (decided_day(s) - first_day).astype(np.int64)
    arrives = np.where(np.isnan(s.available), days, s.available // DAY_S - first_day).astype(np.int64)
    # On order from the day after it was ordered, since it is no part of the position it was ordered against, until it comes.
    live = (arrives >= 0) & (arrives > day) & (day < days)
    flow = np.zeros((shelves, days + 1), np.float32)
    np.add.at(flow, (s.shelf[live], np.maximum(day[live] + 1, 0)), s.ordered[live].astype(np.float32))
    np.add.at(flow, (s.shelf[live], np.minimum(arrives[live], days)), -s.ordered[live].astype(np.float32))
    position = np.cumsum(flow, axis=1)[:, :days]
    # What stands there when orders are made: yesterday's stock and what comes today, which may be less than was ordered.
    position += np.concatenate([closing[:, :1], closing[:, :-1]], axis=1)
    here = live & (arrives > 0) & (arrives < days)
    np.add.at(position, (s.shelf[here], arrives[here]), np.nan_to_num(s.come[here]).astype(np.float32))
    nothing = np.zeros(0, np.int64)
    known = Levels(position, nothing, nothing, np.zeros(0), closing <= 0 if short is None else short)
    # The orders that show it: by the main lane, inside the record, and not cut by what the giver had; or with what was asked
    # for beside what was sent.
    inside = lane.refills & (day >= 0) & (day < days) & (s.ordered > 0)
    rows = np.flatnonzero(inside & (~known.cut(s.donor, day.clip(0, days - 1)) | (s.come < s.ordered)))
    width = days + 1
    key, inverse = np.unique(s.shelf[rows] * width + day[rows], return_inverse=True)
    ordered = np.bincount(inverse.ravel(), s.ordered[rows], minlength=len(key))
    shelf, at = key // width, key % width
    return replace(known, shelf=shelf, day=at, level=position[shelf, at] + ordered)


def short_days(
    s: Supplies, lane: Lanes, closing: Floats32, active: Bools, first_day: int, forecast: Floats32 | None = None
) -> Bools:
    """Days on which what a shelf had to give was not enough for those it refills, shape (shelves, days).

    Transfers are as censored as sales are. Whoever shares out too little stock keeps a broken case or what rounding leaves,
    so an empty giver is not the only sign: it is short where its takers still wanted more, all together, than it kept. What
    they wanted is read between the occasions on which it could have sent as much again.

    Args:
        s, lane, closing, first_day: As for `levels`.
        active: Days inside each shelf's own record, shape (shelves, days).
        forecast: Of each shelf on each day [units/day], 0 where there is none, same shape; None if there are none.
    """
    bare = closing <= 0
    if not (lane.donor >= 0).any():
        return bare
    days = closing.shape[1]
    day = (decided_day(s) - first_day).astype(np.int64)
    moved = lane.refills & (s.donor >= 0) & (day >= 0) & (day < days)
    sent = np.zeros(closing.shape, np.float32)
    np.add.at(sent, (s.donor[moved], day[moved]), np.fmin(s.ordered, s.come)[moved].astype(np.float32))
    draft = levels(s, lane, closing, first_day, bare | (closing < sent))
    if forecast is not None:
        draft = draft.following(forecast, lane.of_shelf)
    shelf, at = _open(s, lane, active, day)
    taker = lane.donor[shelf] >= 0
    shelf, at = shelf[taker], at[taker]
    wish = np.nan_to_num(np.maximum(draft.at(shelf, at) - draft.position[shelf, at], 0.0))
    # What came beyond one wish makes up for what the estimate of another is too high.
    missing = -sent.astype(np.float64)
    np.add.at(missing, (lane.donor[shelf], at), wish)
    found: Bools = bare | (missing > closing)
    return found


def occasions(
    s: Supplies, r: Repaired, lane: Lanes, known: Levels, active: Bools, first_day: int
) -> tuple[Occasions, Ints]:
    """Every occasion on which something was, or could have been, ordered for these shelves; shifts are still 0.

    Args:
        s, lane, first_day: As for `levels`.
        r: What repairs change about the orders.
        known: What the orders imply.
        active: Days inside each shelf's own record, shape (shelves, days).

    Returns:
        The occasions by shelf and day, and the lane of each.
    """
    days = active.shape[1]
    day = (decided_day(s) - first_day).astype(np.int64)
    arrives = np.where(np.isnan(r.arrives), NEVER, np.nan_to_num(r.arrives) // DAY_S - first_day).astype(np.int64)
    rows = np.flatnonzero((arrives[:, 0] >= 0) & (day < days) & (s.ordered > 0))
    inside = lane.refills[rows] & (day[rows] >= 0)
    at = day[rows].clip(0, days - 1)
    donor = np.where(lane.refills[rows], s.donor[rows], -1)
    need = np.where(inside, s.ordered[rows], FIXED)
    # Where the giver had too little, the wish was larger than what was sent: as recorded, else as the level has it.
    cut = inside & known.cut(donor, at)
    asked = cut & (s.come[rows] < s.ordered[rows])
    ordered = np.where(asked, s.come[rows], s.ordered[rows])
    wish = known.at(s.shelf[rows], at) - known.position[s.shelf[rows], at]
    need = np.where(cut & ~asked & np.isfinite(wish), np.maximum(wish, ordered), need)
    fill = np.where(ordered[:, None] > 0, r.come[rows] / np.maximum(ordered[:, None], 1e-9), 1.0)
    never = arrives[rows, 0] >= NEVER
    fill[never] = 1.0
    quiet = _quiet(s, r, lane, known, active, day, arrives)
    made = {
        "shelf": np.concatenate([s.shelf[rows], quiet["shelf"]]),
        "donor": np.concatenate([donor, quiet["donor"]]),
        "day": np.concatenate([np.maximum(day[rows], 0), quiet["day"]]),
        "need": np.concatenate([need, quiet["need"]]),
        "ordered": np.concatenate([ordered, np.zeros(len(quiet["shelf"]))]),
        "come": np.concatenate([r.come[rows].astype(np.float32), np.zeros((len(quiet["shelf"]), 2), np.float32)]),
        "fill": np.concatenate([fill.astype(np.float32), quiet["fill"]]),
        "arrives": np.concatenate([arrives[rows].clip(0).astype(np.int32), quiet["arrives"]]),
    }
    order = np.lexsort((made["shelf"], made["day"]))
    whole = {name: made[name][order].astype(np.int32) for name in ("shelf", "donor", "day", "arrives")}
    units = {name: made[name][order].astype(np.float32) for name in ("need", "ordered", "come", "fill")}
    lane_of = np.concatenate([lane.of_order[rows], lane.of_shelf[quiet["shelf"]]])[order]
    shift = np.zeros((len(order), LOW), np.float32)
    ready = Occasions(
        whole["shelf"], whole["donor"], whole["day"], units["need"], units["ordered"], units["come"], units["fill"],
        shift, whole["arrives"],
    )  # fmt: skip
    return ready, lane_of


def _quiet(
    s: Supplies,
    r: Repaired,
    lane: Lanes,
    known: Levels,
    active: Bools,
    day: Ints,
    arrives: Ints,
) -> dict[str, npt.NDArray[np.generic]]:
    """Occasions of a lane on which nothing was ordered for a shelf it supplies."""
    count = len(lane.protects)
    inside = lane.refills & (day >= 0) & (day < active.shape[1])
    ordered = np.zeros(active.shape, np.bool_)
    ordered[s.shelf[inside], day[inside]] = True
    shelf, at = _open(s, lane, active & ~ordered, day)
    takes, fill = np.full((max(count, 1), 8), float(NEVER)), np.ones((max(count, 1), 2), np.float32)
    came = inside & (arrives[:, 0] < NEVER) & (s.ordered > 0)
    for number in np.unique(lane.of_order[came]).tolist():
        mine = came & (lane.of_order == number)
        takes[number] = np.median(arrives[mine] - day[mine, None], axis=0)
        fill[number] = r.come[mine].sum(axis=0) / s.ordered[mine].sum()
    donor = lane.donor[shelf]
    wish = known.at(shelf, at) - known.position[shelf, at]
    need = np.where(known.cut(donor, at), np.maximum(wish, 0.0), np.minimum(wish, 0.0))
    keep = np.isfinite(need)
    shelf, at, need = shelf[keep], at[keep], need[keep]
    of = lane.of_shelf[shelf]
    return {
        "shelf": shelf,
        "donor": donor[keep],
        "day": at,
        "need": need,
        "fill": fill[of],
        "arrives": np.minimum(at[:, None].astype(np.int32) + np.round(takes).astype(np.int32)[of], NEVER),
    }


def _open(s: Supplies, lane: Lanes, active: Bools, day: Ints) -> tuple[Ints, Ints]:
    """Shelves and days on which something could be ordered for them: when their lane was used, in their own rhythm."""
    inside = lane.refills & (day >= 0) & (day < active.shape[1])
    open_days = np.zeros((max(len(lane.protects), 1), active.shape[1]), np.bool_)
    open_days[lane.of_order[inside], day[inside]] = True
    could = active & (lane.of_shelf >= 0)[:, None] & open_days[np.maximum(lane.of_shelf, 0)]
    could &= _own_rhythm(s.shelf[inside], day[inside], active.shape)
    shelf, at = np.nonzero(could)
    return shelf, at


def _own_rhythm(shelf: Ints, day: Ints, shape: tuple[int, ...]) -> Bools:
    """Days of the week on which each shelf is ordered for, shape (shelves, days); all of them if it hardly ever is."""
    counts = np.bincount(shelf * 7 + day % 7, minlength=shape[0] * 7).reshape(shape[0], 7)
    usual = (counts > _RARELY * counts.sum(axis=1, keepdims=True)) | (counts.sum(axis=1, keepdims=True) < _FEW_ORDERS)
    found: Bools = usual[:, np.arange(shape[1]) % 7]
    return found
