"""By how much order-up-to levels would lie higher or lower, had the forecast been unbiased and the sharing out even."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

CHANCE = 0.05
_Z = NormalDist().inv_cdf(1 - CHANCE / 2)
# What happens in one month hangs together; fewer months cannot show that a bias lasts.
WEEKS_PER_BLOCK = 4
LEAST_BLOCKS = 6
# Fewer shelves than this cannot show what cover a rate and a lead time usually get, fewer skus not what holds for a cell.
LEAST_SHARED = 12
LEAST_SKUS = 4
_HUBER = 1.345
# How log cover may hang on the log of the rate and of the days it has to last.
_SLOPES = ((-np.inf, -1.0, 0.0), (np.inf, 0.0, 1.0))


@dataclass(frozen=True, slots=True)
class ForecastRows:
    """Forecasts for shelves, one entry each.

    Attributes:
        shelf: Number of the shelf, shape (rows,).
        channel: Number of the channel.
        cell: Number of the cell whose bias is measured together: one forecaster, channel and kind of product.
        made, start: Day it was made and first day of its period [days from the first day of the record].
        length: Days in the period.
        units: Forecast [units/day].
    """

    shelf: Ints
    channel: Ints
    cell: Ints
    made: Ints
    start: Ints
    length: Ints
    units: Floats32


@dataclass(frozen=True, slots=True)
class Bias:
    """How far the forecasts of each cell lie off, shape (cells,) each.

    Attributes:
        share: mean(forecast − demand) / mean(demand); NaN where it cannot be told.
        counts: The part of it that is no chance, after shrinking; 0 where chance could do it.
        blocks: Months of demand it rests on.
    """

    share: Floats
    counts: Floats
    blocks: Ints


@dataclass(frozen=True, slots=True)
class Compared:
    """Forecasts beside what was wanted over their periods, shape (compared rows,) each.

    Attributes:
        at: Which rows: those whose period lies in the record without a gap.
        forecast, wanted: Over the period [units].
        both: Whether the row is held to what the shelves it refills needed as well.
    """

    at: Ints
    forecast: Floats
    wanted: Floats
    both: npt.NDArray[np.bool_]


def compared(rows: ForecastRows, demand: Floats32, share: Floats, donor: Ints) -> Compared:
    """Forecasts beside what customers wanted, lost sales included.

    The forecast of a shelf that refills others is held to what they needed as well, where that is nearer to what was
    forecast.

    Args:
        rows: The forecasts.
        demand: Units wanted, shape (shelves, days); NaN where there is no record, and periods with such a day do not count.
        share: Part of each shelf's demand that comes from each channel, shape (shelves, channels); NaN if unknown.
        donor: Shelf that refills each shelf, −1 for none, shape (shelves,).
    """
    days = demand.shape[1]
    at = np.flatnonzero(
        (rows.start >= 0) & (rows.start + rows.length <= days) & np.isfinite(share[rows.shelf, rows.channel])
    )
    unknown = np.concatenate([np.zeros((len(demand), 1)), np.cumsum(np.isnan(demand), axis=1, dtype=np.int32)], axis=1)
    shelf, start = rows.shelf[at], rows.start[at]
    at = at[unknown[shelf, start + rows.length[at]] == unknown[shelf, start]]
    own, below = wanted_over(rows, at, rows.start[at], rows.length[at], demand, share, donor)
    forecast = rows.units[at].astype(np.float64) * rows.length[at]
    refills = np.zeros(len(demand), np.bool_)
    refills[donor[donor >= 0]] = True
    both = refills[rows.shelf[at]] & _nearer(rows.shelf[at], forecast, own, own + below, len(demand))
    return Compared(at, forecast, np.where(both, own + below, own), both)


def bias(rows: ForecastRows, told: Compared, days: int, cells: int) -> Bias:
    """The bias of each cell's forecasts against what customers wanted, lost sales included.

    Its chance error is that of a ratio over blocks of four weeks. What exceeds two-sided 5 % is shrunk by 1 − 1/z² as
    in the positive-part James–Stein estimator (Efron and Morris 1973).

    Args:
        rows: The forecasts.
        told: Beside what was wanted, from `compared`.
        days: Days of the record.
        cells: Number of cells.
    """
    blocks = days // (7 * WEEKS_PER_BLOCK) + 1
    where = rows.cell[told.at] * blocks + rows.start[told.at] // (7 * WEEKS_PER_BLOCK)
    shape = (cells, blocks)
    forecast = np.bincount(where, told.forecast, minlength=cells * blocks).reshape(shape).astype(np.float64)
    came = np.bincount(where, told.wanted, minlength=cells * blocks).reshape(shape).astype(np.float64)
    return _judged(forecast, came)


def wanted_over(
    rows: ForecastRows, at: Ints, start: Ints, length: Ints, demand: Floats32, share: Floats, donor: Ints
) -> tuple[Floats, Floats]:
    """Units wanted from the shelf of some rows in their channel, and from the shelves it refills, over some days.

    Args:
        rows, demand, share, donor: As for `compared`.
        at: Which rows, shape (chosen,).
        start, length: First day and days to look at, same shape.
    """
    own, below = np.zeros(len(at)), np.zeros(len(at))
    children = np.flatnonzero(donor >= 0)
    upto = np.concatenate(
        [np.zeros((len(demand), 1)), np.cumsum(np.nan_to_num(demand), axis=1, dtype=np.float64)], axis=1
    )
    shelf, end = rows.shelf[at], start + length
    for channel in np.unique(rows.channel[at]).tolist():
        mine = rows.channel[at] == channel
        part = np.nan_to_num(share[:, channel])
        total = upto[shelf[mine], end[mine]] - upto[shelf[mine], start[mine]]
        own[mine] = total * part[shelf[mine]]
        if len(children):
            lower = np.zeros_like(upto)
            np.add.at(lower, donor[children], upto[children] * part[children, None])
            below[mine] = lower[shelf[mine], end[mine]] - lower[shelf[mine], start[mine]]
    return own, below


def _nearer(shelf: Ints, forecast: Floats, own: Floats, both: Floats, shelves: int) -> npt.NDArray[np.bool_]:
    """Whether the forecasts of each row's shelf lie nearer to `both` than to `own`."""
    off = [np.bincount(shelf, np.abs(forecast - wanted), minlength=shelves) for wanted in (own, both)]
    found: npt.NDArray[np.bool_] = (off[1] < off[0])[shelf]
    return found


def _judged(forecast: Floats, came: Floats) -> Bias:
    used = (came > 0) | (forecast > 0)
    n = used.sum(axis=1)
    total = came.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = forecast.sum(axis=1) / total
        off = np.where(used, forecast - ratio[:, None] * came, 0.0)
        error = np.sqrt((off**2).sum(axis=1) * n / np.maximum(n - 1, 1)) / total
        z = np.abs(ratio - 1) / error
    known = (n >= LEAST_BLOCKS) & (total > 0)
    sure = known & (z > _Z)
    counts = np.where(sure, (ratio - 1) * (1 - 1 / np.maximum(z, 1.0) ** 2), 0.0)
    return Bias(np.where(known, ratio - 1, np.nan), np.nan_to_num(counts), n.astype(np.int64))


def sure_part(stock: Floats, due: Floats) -> float:
    """How much counts of what some sums lie above others, 0-1, by the guards of `bias`; negative where they lie below.

    0 where chance could do it, NaN where too few blocks tell.

    Args:
        stock, due: Of each block, shape (blocks,).
    """
    found = _judged(stock[None], due[None])
    share, counts = float(found.share[0]), float(found.counts[0])
    return share if np.isnan(share) else abs(counts / share) * np.sign(share) if share else 0.0


def on_each_day(rows: ForecastRows, units: Floats32, days: int, shelves: int) -> Floats32:
    """What forecasts say of each shelf on each day, all channels together [units/day], shape (shelves, days); 0 before the first.

    On each day the forecast made last counts, for the period that begins first after it was made.

    Args:
        rows: The forecasts.
        units: What each says, or by how much it would be better [units/day], shape (rows,).
        days, shelves: Of the record.
    """
    total = np.zeros((shelves, days), np.float32)
    if not len(rows.shelf):
        return total
    for channel in np.unique(rows.channel).tolist():
        mine = np.flatnonzero((rows.channel == channel) & (rows.made < days))
        if not np.any(units[mine]):
            continue
        # Later periods first, so that the nearest of each day is written last.
        mine = mine[np.lexsort((-rows.start[mine], rows.made[mine]))]
        panel = np.full((shelves, days), np.nan, np.float32)
        panel[rows.shelf[mine], np.maximum(rows.made[mine], 0)] = units[mine]
        total += np.nan_to_num(_held(panel))
    return total


def _held(values: Floats32) -> Floats32:
    """The last known value of each row, day by day; NaN before the first."""
    known = np.isfinite(values)
    index = np.where(known, np.arange(values.shape[1])[None, :], 0)
    np.maximum.accumulate(index, axis=1, out=index)
    return np.take_along_axis(values, index, axis=1)


@dataclass(frozen=True, slots=True)
class Skew:
    """How unevenly stock is shared out among the nodes of a sku.

    Attributes:
        lean: How much more (log) each shelf is given than its demand asks for, beside the other nodes of its sku, as
            far as it is no chance; 0 where it is shared out evenly or goes to one node alone; shape (shelves,).
        judged: Whether the shelf's sku is shared out among nodes that can be compared, same shape.
    """

    lean: Floats
    judged: npt.NDArray[np.bool_]


def skew(level: Floats, rate: Floats, protects: Floats, sku: Ints, cell: Ints) -> Skew:
    """How unevenly stock is shared out: levels beside demand, sku by sku, what holds for all skus of a cell.

    Slow sellers need more days of cover than fast ones, and long lead times more than short ones: what cover a rate and
    a lead time usually get is fitted over all shelves (Huber's weights, 1964), and only the rest is compared. Cover rises
    with the days it has to last, at most in proportion, and falls with the rate, at most to the same units for all: a node
    that is given more of everything is not explained by lanes that differ in minutes.

    Args:
        level: Mean order-up-to level [units], NaN where unknown, shape (shelves,).
        rate: Mean demand [units/day], same shape.
        protects: Days an order has to last, same shape.
        sku: Number of the sku, same shape.
        cell: Number of what is judged together: a node and a kind of product, same shape.
    """
    lean, judged = np.zeros(len(level)), np.zeros(len(level), np.bool_)
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.stack([np.ones(len(level)), np.log(rate), np.log(protects)], axis=1)
        y = np.log(level / rate)
    usable = np.isfinite(y) & np.isfinite(x).all(axis=1)
    shared = usable & (np.bincount(sku[usable], minlength=int(sku.max(initial=0)) + 1)[sku] >= 2)
    at = np.flatnonzero(shared)
    if len(at) < LEAST_SHARED:
        return Skew(lean, judged)
    rest = y[at] - x[at] @ _fitted(x[at], y[at])
    weight = rate[at] * protects[at]
    of = sku[at]
    centre = np.bincount(of, rest * weight, minlength=of.max() + 1) / np.maximum(
        np.bincount(of, weight, minlength=of.max() + 1), 1e-12
    )
    rest = rest - centre[of]
    judged[at] = True
    for number in np.unique(cell[at]).tolist():
        mine = cell[at] == number
        n = int(mine.sum())
        if n < LEAST_SKUS:
            continue
        mean, error = float(rest[mine].mean()), float(rest[mine].std(ddof=1)) / n**0.5
        z = abs(mean) / error if error > 0 else float("inf")
        if z > _Z:
            lean[at[mine]] = mean * (1 - 1 / z**2)
    return Skew(lean, judged)


def _fitted(x: Floats, y: Floats) -> Floats:
    """Coefficients of a regression of log cover that a minority of odd rows does not bend; slopes lie within _SLOPES."""
    from scipy.optimize import lsq_linear  # takes as long to import as the command line may take to answer

    weight: Floats = np.ones(len(y))
    found: Floats = np.zeros(x.shape[1])
    for _ in range(20):
        root = weight**0.5
        found = np.asarray(lsq_linear(x * root[:, None], y * root, _SLOPES).x, np.float64)
        off = np.abs(y - x @ found)
        scale = max(float(np.median(off)) / 0.6745, 1e-9)
        weight = np.minimum(1.0, _HUBER * scale / np.maximum(off, 1e-12))
    return found


def even_share(level: Floats, lean: Floats, sku: Ints) -> Floats:
    """Factor on each shelf's level that shares a sku out evenly; over its nodes, levels add up to what they did.

    Shelves of unknown level take no part: their factor is 1.

    Args:
        level: Mean order-up-to level [units], shape (shelves,).
        lean: From `skew`, same shape.
        sku: Number of the sku, same shape.
    """
    n = int(sku.max(initial=0)) + 1
    known = np.where(np.isfinite(level), level, 0.0)
    even = known * np.exp(-lean)
    total, total_even = np.bincount(sku, known, minlength=n), np.bincount(sku, even, minlength=n)
    scale = np.divide(total, total_even, out=np.ones(n), where=total_even > 0)
    factor: Floats = np.where(np.isfinite(level), np.exp(-lean) * scale[sku], 1.0)
    return factor
