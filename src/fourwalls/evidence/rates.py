"""Rates compared: how much of what is booked or worked exceeds what comparable groups demonstrably need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from fourwalls.resampling import POWER, REPLICATES, Draws

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

BEST_PART = 0.25
# Chance at which a group would be told apart from its standard although both are equal, over all groups of a peer set.
_ERROR = 0.05
_LEAST_SPREAD = 0.25
# A group of fewer units of the base than this says nothing of a rate.
LEAST_BASE = 50.0


@dataclass(frozen=True, slots=True)
class Excess:
    """What exceeds the demonstrated standard.

    Attributes:
        rate: Amount by unit of the base, shape (groups,); NaN where the base is too small.
        standard: The rate that comparable groups demonstrably need, same shape; NaN where nothing is comparable.
        amount: What exceeds it over the record, at least 0, same shape; 0 where nothing could be held to anything.
        draws: The same in each replicate, shape (REPLICATES, groups).
        held: Whether the group could be held to anything, same shape.
        peers: How many comparable groups there were, itself included, same shape.
        detectable: Amount beyond the standard that would have been told apart with a chance of 80 %, same shape; NaN where nothing
            is comparable.
    """

    rate: Floats
    standard: Floats
    amount: Floats
    draws: Floats
    held: Bools
    peers: Ints
    detectable: Floats


def excess(
    amount: Floats,
    base: Floats,
    peer: Sequence[object],
    draws: Draws,
    target: Floats | None = None,
    error: float = _ERROR,
) -> Excess:
    """How much of each group's amount exceeds what its peers demonstrably need.

    The standard is the mean rate of the better quarter of the groups of a peer set (at least one), after each rate was drawn
    towards the mean of its set by as much as chance explains the spread (Efron and Morris 1975, JASA 70): the best of many equal groups is lucky, and no standard. A group exceeds
    it only where the difference is no accident at 5 % over the whole set (Holm 1979, Scandinavian Journal of Statistics 6).

    Args:
        amount: Booked or worked by group and span, shape (groups, spans).
        base: What it is divided by (lines, units, value), same shape.
        peer: Label of each group: those of one label can be compared with each other.
        draws: Bootstrap draws of the spans.
        target: A rate the user asks for, by group, NaN where none is set; it takes the place of peers.
        error: Chance at which one of several equal groups would be told apart; whoever asks of many peer sets divides it
            by their number.
    """
    groups = len(amount)
    found = Excess(
        np.full(groups, np.nan), np.full(groups, np.nan), np.zeros(groups), np.zeros((REPLICATES, groups)),
        np.zeros(groups, dtype=np.bool_), np.zeros(groups, dtype=np.int64), np.full(groups, np.nan),
    )  # fmt: skip
    below = base.sum(axis=1)
    enough = below >= LEAST_BASE
    found.rate[enough] = amount[enough].sum(axis=1) / below[enough]
    labels = {
        label: np.array([g for g in range(groups) if peer[g] == label and enough[g]]) for label in dict.fromkeys(peer)
    }
    for members in labels.values():
        if len(members) > 1:
            _compare(found, amount[members], base[members], members, draws, error)
    if target is not None:
        _hold_to(found, amount, base, target, draws)
    return found


@dataclass(frozen=True, slots=True)
class Alike:
    """A group that stands out as a whole: all of its doers are alike, so none of them shows what it could do without.

    Attributes:
        name: The group.
        rate, standard: Its amount by unit of the base, and what the better quarter of the other groups needs.
    """

    name: str
    rate: float
    standard: float


def stand_out_as_a_whole(
    names: Sequence[str | None],
    amount: Floats,
    base: Floats,
    draws: Draws,
    chance: float,
    unlike: Sequence[str | None] = (),
) -> list[Alike]:
    """Groups whose rate is far from the others', the farthest first; groups may differ by nature, so nothing is claimed of them.

    Args:
        names: Group of each row; rows without one are left out.
        amount, base: Of each row by span, shape (rows, spans).
        draws: Bootstrap draws of the spans.
        chance: That any group is named although all are equal.
        unlike: Groups within which something was found: there the difference has been looked into.
    """
    groups = [n for n in dict.fromkeys(names) if n is not None]
    if len(groups) < 2:
        return []
    above, below = np.zeros((len(groups), base.shape[1])), np.zeros((len(groups), base.shape[1]))
    at = [groups.index(n) if n is not None else -1 for n in names]
    for row, group in enumerate(at):
        if group >= 0:
            above[group] += amount[row]
            below[group] += base[row]
    found = excess(above, below, ["groups"] * len(groups), draws, error=chance)
    worse = [i for i in np.flatnonzero(found.amount > 0).tolist() if groups[i] not in unlike]
    worse.sort(key=lambda i: -float(found.amount[i]))
    return [Alike(str(groups[i]), float(found.rate[i]), float(found.standard[i])) for i in worse]


def _variance(amount: Floats, base: Floats, block: Ints) -> Floats:
    """Variance of each ratio from the differences between blocks of spans (Taylor linearisation; Cochran 1977, section 6.3)."""
    rate = amount.sum(axis=1, keepdims=True) / base.sum(axis=1, keepdims=True)
    starts = np.flatnonzero(np.diff(block, prepend=block[0] - 1))
    off = np.add.reduceat(amount - rate * base, starts, axis=1)
    n = off.shape[1]
    below = base.sum(axis=1)
    spread: Floats = (off**2).sum(axis=1) * n / max(n - 1, 1) / below**2
    # A group in which hardly anything happened seems to vary by nothing; it varies at least by a part of what all do.
    pooled = float((spread * below).mean())
    floor: Floats = np.maximum(spread, _LEAST_SPREAD * pooled / below)
    return floor


def shrunk(rate: Floats, variance: Floats) -> tuple[Floats, Ints]:
    """Each rate drawn towards the mean of its set, by as much as chance explains the spread; and the better quarter of the set.

    The better are those who demonstrably need little: by the rate drawn in and one standard error of it, so that few events
    make nobody a standard.
    """
    variance = np.maximum(variance, 1e-30)
    between = _between(rate, variance)
    mean = _mean(rate, variance + between)
    part = between / (between + variance)
    near = mean + (rate - mean) * part
    # Ties go by what was seen and not by the order of rows, which an engine may change.
    best = np.lexsort((variance, rate, near + np.sqrt(variance * part)))[: max(1, round(BEST_PART * len(rate)))]
    return near, best


def _mean(rate: Floats, variance: Floats) -> float:
    weight = 1 / variance
    return float((weight * rate).sum() / weight.sum())


def _between(rate: Floats, variance: Floats) -> float:
    """Variance between groups beyond chance (Paule and Mandel 1982, Journal of Research of the NBS 87).

    The variance at which the weighted squares are as many as the groups less one: unlike a moment of weights fixed in
    advance, it is not blind to one wide group among precise ones (Veroniki et al. 2016, Research Synthesis Methods 7). None
    where chance at 1 % spreads equal groups as far (Cochran 1954, Biometrics 10): errors are estimates here, and at 5 % more equal
    doers were told apart than should be.
    """

    def beyond(between: float) -> float:
        whole = variance + between
        return float(((rate - _mean(rate, whole)) ** 2 / whole).sum()) - (len(rate) - 1)

    low, high = 0.0, float(((rate - rate.mean()) ** 2).sum())
    if high <= 0 or beyond(low) <= _chance_of_squares(len(rate) - 1):
        return 0.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if beyond(middle) > 0 else (low, middle)
    return (low + high) / 2


def _compare(found: Excess, amount: Floats, base: Floats, members: Ints, draws: Draws, error_rate: float) -> None:
    found.held[members], found.peers[members] = True, len(members)
    rate = amount.sum(axis=1) / base.sum(axis=1)
    variance = _variance(amount, base, draws.block)
    near, best = shrunk(rate, variance)
    weight = base[best].sum(axis=1)
    standard = float((near[best] * weight).sum() / weight.sum())
    found.standard[members] = standard
    of_standard = float((variance[best] * weight**2).sum() / weight.sum() ** 2)
    error = np.sqrt(variance + of_standard)
    z = np.where(
        error > 0, (rate - standard) / np.where(error > 0, error, 1.0), np.where(rate > standard, np.inf, -np.inf)
    )
    z[best] = -np.inf
    found.detectable[members] = (bar_of(error_rate, len(members)) + POWER_Z) * error * base.sum(axis=1)
    worse = stand_out(z, error_rate)
    if not worse.any():
        return
    drawn = (draws.counts @ amount.T) / np.maximum(draws.counts @ base.T, 1e-12)
    held_to = (
        (drawn[:, best] * weight).sum(axis=1) / weight.sum()
        + standard
        - float((rate[best] * weight).sum() / weight.sum())
    )
    kept = np.divide(near - standard, rate - standard, out=np.zeros(len(rate)), where=rate > standard).clip(0.0, 1.0)
    total = base.sum(axis=1)
    found.amount[members[worse]] = (kept * (rate - standard) * total)[worse]
    found.draws[:, members[worse]] = (kept * np.maximum(drawn - held_to[:, None], 0.0) * total)[:, worse]


def _chance_of_squares(freedom: int) -> float:
    """By how much chance at 1 % takes a sum of squares beyond its freedom (Wilson and Hilferty 1931, PNAS 17)."""
    a = 2 / (9 * freedom)
    bar: float = freedom * (1 - a + NormalDist().inv_cdf(0.99) * a**0.5) ** 3
    return bar - freedom


POWER_Z = NormalDist().inv_cdf(POWER)
"""Beyond the bar of a test by so many standard errors, a difference is found four times in five (Cohen 1988, chapter 1)."""


def bar_of(chance: float, groups: int) -> float:
    """Standard errors from which the first of several groups is told apart; see `stand_out`."""
    return NormalDist().inv_cdf(1 - chance / groups)


def stand_out(z: Floats, chance: float = _ERROR) -> Bools:
    """Which one-sided differences are no accident, by Holm's step-down over the set.

    Args:
        z: Differences over their standard errors.
        chance: That any of the set is told apart although all are equal.
    """
    order = np.argsort(-z, kind="stable")
    worse = np.zeros(len(z), dtype=np.bool_)
    for step, group in enumerate(order.tolist()):
        if not z[group] >= NormalDist().inv_cdf(1 - chance / (len(z) - step)):
            break
        worse[group] = True
    return worse


def normal_of_t(t: Floats, freedom: int) -> Floats:
    """The normal deviate as improbable as Student's t: errors from few blocks are errors themselves (Wallace 1959, Annals of Mathematical Statistics 30)."""
    u = np.sqrt(freedom * np.log1p(np.minimum(np.abs(t), 1e6) ** 2 / freedom))
    found: Floats = np.sign(t) * u * (8 * freedom + 1) / (8 * freedom + 3)
    return found


def t_of_normal(z: float, freedom: int) -> float:
    """Student's t as improbable as a normal deviate: `normal_of_t` the other way round."""
    u = z * (8 * freedom + 3) / (8 * freedom + 1)
    return float(np.sign(z) * np.sqrt(freedom * np.expm1(u**2 / freedom)))


def _hold_to(found: Excess, amount: Floats, base: Floats, target: Floats, draws: Draws) -> None:
    asked = np.flatnonzero(np.isfinite(target) & np.isfinite(found.rate))
    found.held[asked], found.standard[asked] = True, target[asked]
    above = amount[asked] - target[asked, None] * base[asked]
    found.amount[asked] = np.maximum(above.sum(axis=1), 0.0)
    found.draws[:, asked] = np.maximum(draws.counts @ above.T, 0.0)
