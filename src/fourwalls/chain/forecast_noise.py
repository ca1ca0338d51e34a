"""Forecasts that swing without a reason: more error than repeating what lately sold would have had, and levels without it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from fourwalls.chain.shifts import CHANCE, LEAST_BLOCKS, WEEKS_PER_BLOCK, Bias, Compared, ForecastRows, wanted_over

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

_Z = NormalDist().inv_cdf(1 - CHANCE)
# What the naive forecast repeats: the mean of as many days before the day it is made.
NAIVE_DAYS = 42
# Forecasts of the same reach before and after that say where a forecast would lie without its swing.
_AROUND = 4
_BEST = 0.25


@dataclass(frozen=True, slots=True)
class Noise:
    """How noisy the forecasts of each cell are, shape (cells,) each, and where each would lie without.

    Attributes:
        skill: Mean squared error beside that of the naive forecast, bias taken off both; NaN where it cannot be told.
        kept: Part of a forecast's swing that stays when its error is at the standard; 1 where it adds to the naive forecast.
        calm: Each forecast without its swing [units/day], shape (rows,).
    """

    skill: Floats
    kept: Floats
    calm: Floats32


def quiet(rows: ForecastRows, cells: int) -> Noise:
    """No forecast that could be compared."""
    return Noise(np.full(cells, np.nan), np.ones(cells), rows.units.astype(np.float32))


def noise(rows: ForecastRows, told: Compared, demand: Floats32, share: Floats, donor: Ints, cells: int) -> Noise:
    """How much more the forecasts of each cell err than need be, bias aside.

    A forecast has to beat the naive one, the mean of the last NAIVE_DAYS days (forecast value added: Gilliland 2010, "The
    Business Forecasting Deal"; the ratio of squared errors is the square of Theil's U, 1966). One that does not, beyond
    chance at 5 % over blocks of four weeks, is held to the ratio that the better quarter of the cells reaches, at most 1.
    Its swing is its distance from the mean of the forecasts of the same reach around it; the part of the swing that brings
    the error to the standard stays, shrunk as a bias is. Errors are squared per unit usually sold, so that fast sellers do
    not outvote the rest.

    Args:
        rows, demand, share, donor, cells: As for `bias`.
        told: Forecasts beside what was wanted, from `compared`.
    """
    calm = _calm(rows)
    made = rows.made[told.at]
    usable = np.flatnonzero(made >= NAIVE_DAYS)
    at, wanted = told.at[usable], told.wanted[usable]
    if not len(at):
        return quiet(rows, cells)
    past = wanted_over(rows, at, made[usable] - NAIVE_DAYS, np.full(len(at), NAIVE_DAYS), demand, share, donor)
    length = rows.length[at].astype(np.float64)
    naive = np.where(told.both[usable], past[0] + past[1], past[0]) / NAIVE_DAYS * length
    cell = rows.cell[at]
    forecast, smooth = rows.units[at] * length, calm[at] * length
    own, theirs = (_unbiased(x, wanted, cell, cells) for x in (forecast, naive))
    mean = _mean_of(rows, at, wanted)
    scale = np.divide(1.0, mean, out=np.zeros(len(mean)), where=mean > 0)
    blocks = int(rows.start.max()) // (7 * WEEKS_PER_BLOCK) + 1
    where = cell * blocks + rows.start[at] // (7 * WEEKS_PER_BLOCK)

    def sums(values: Floats) -> Floats:
        return np.bincount(where, values * scale, minlength=cells * blocks).reshape(cells, blocks).astype(np.float64)

    error, of_naive = sums((forecast * own[cell] - wanted) ** 2), sums((naive * theirs[cell] - wanted) ** 2)
    skill, reliability, standard = _judged(error, of_naive)
    # Along the line from the calm to the recorded forecast the squared error is a parabola.
    rest, swing = smooth * own[cell] - wanted, (forecast - smooth) * own[cell]
    a, b, c = (sums(x).sum(axis=1) for x in (rest**2, rest * swing, swing**2))
    stays = _stays(a, b, c, standard * of_naive.sum(axis=1))
    kept = np.where(reliability > 0, 1 - reliability * (1 - stays), 1.0)
    return Noise(skill, kept, calm)


def better(rows: ForecastRows, found: Bias, swings: Noise) -> Floats32:
    """Each forecast without the bias of its cell and without the swing beyond the standard [units/day]."""
    kept = swings.kept[rows.cell]
    calmer = kept * rows.units + (1 - kept) * swings.calm
    made: Floats32 = (calmer / np.maximum(1 + found.counts[rows.cell], 0.05)).astype(np.float32)
    return made


def _judged(error: Floats, of_naive: Floats) -> tuple[Floats, Floats, float]:
    """Skill of each cell, how sure it is that it is above 1 (0-1), and the skill that the better quarter reaches."""
    used = of_naive > 0
    n = used.sum(axis=1)
    total, beside = error.sum(axis=1), of_naive.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        skill = np.where(n >= LEAST_BLOCKS, total / beside, np.nan)
        more = error - of_naive
        off = np.where(used, more - (more.sum(axis=1) / n)[:, None], 0.0)
        z = more.sum(axis=1) / np.sqrt((off**2).sum(axis=1) * n / np.maximum(n - 1, 1))
        sure = np.where((n >= LEAST_BLOCKS) & (z > _Z), 1 - 1 / np.maximum(z, 1.0) ** 2, 0.0)
    known = np.flatnonzero(np.isfinite(skill))
    best = known[np.argsort(skill[known], kind="stable")][: max(1, round(_BEST * len(known)))]
    standard = min(1.0, float(total[best].sum() / max(beside[best].sum(), 1e-12))) if len(best) else 1.0
    return skill, np.nan_to_num(sure), standard


def _stays(a: Floats, b: Floats, c: Floats, target: Floats) -> Floats:
    """The largest part of the swing, 0-1, whose error a + 2bx + cx² is within the target; of least error if none is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        least = np.clip(-b / c, 0.0, 1.0)
        root = (-b + np.sqrt(np.maximum(b**2 - c * (a - target), 0.0))) / c
    found: Floats = np.where(c > 0, np.clip(np.maximum(np.nan_to_num(root), np.nan_to_num(least)), 0.0, 1.0), 1.0)
    return found


def _unbiased(forecast: Floats, wanted: Floats, cell: Ints, cells: int) -> Floats:
    """Factor on each cell's forecasts that takes their bias off."""
    total, came = (np.bincount(cell, x, minlength=cells) for x in (forecast, wanted))
    return np.divide(came, total, out=np.ones(cells), where=total > 0)


def _mean_of(rows: ForecastRows, at: Ints, wanted: Floats) -> Floats:
    """Mean of what was wanted of each row's shelf and channel."""
    _, inverse = np.unique(rows.shelf[at] * (int(rows.channel.max()) + 1) + rows.channel[at], return_inverse=True)
    mean: Floats = (np.bincount(inverse, wanted) / np.bincount(inverse))[inverse]
    return mean


def _calm(rows: ForecastRows) -> Floats32:
    """The mean of the forecasts of the same reach, shelf and channel around each [units/day], its own included."""
    n = len(rows.shelf)
    order = np.lexsort((rows.start, rows.start - rows.made, rows.channel, rows.shelf))
    same = np.ones(n, np.bool_)
    for key in (rows.shelf, rows.channel, rows.start - rows.made):
        same[1:] &= key[order][1:] == key[order][:-1]
    same[:1] = False
    group = np.cumsum(~same) - 1
    first = np.flatnonzero(~same)
    last = np.append(first[1:], n) - 1
    place = np.arange(n)
    # As many on either side, so that a rise does not count as a swing.
    reach = np.minimum(np.minimum(place - first[group], last[group] - place), _AROUND) if n else place
    upto = np.concatenate([[0.0], np.cumsum(rows.units[order], dtype=np.float64)])
    found = np.empty(n, np.float32)
    found[order] = (upto[place + reach + 1] - upto[place - reach]) / (2 * reach + 1)
    return found
