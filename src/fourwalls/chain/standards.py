"""What a stage could demonstrably reach, for comparable lines, and how sure we are that it is no accident.

Who is compared with whom: doers among lines of the same place and size (peers), if at least two have enough lines;
else a lone doer with its own other weeks. The standard is the distribution of working times of the better quarter.
A line is moved to the time that a line of the same rank takes there, so that it keeps its own good or bad luck.

Guards against taking chance for a standard. The doers of a cell must differ by more than their own record does
(Welch's analysis of variance on means by span, 5 %), where a shock that lasts makes a mean as uncertain as its memory
says. Whoever cannot be told from the better quarter belongs to it. And a doer's distance to the standard is shrunk by
its reliability, 1 − 1/z², as in the positive-part James–Stein estimator (Efron and Morris 1973); 0 where it is no
distance at 5 %, corrected for the number of doers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from fourwalls.measures.stage_times import bin_hours
from fourwalls.resampling import POWER, student_quantile

Floats = npt.NDArray[np.float64]

# A doer (or a block of its weeks) needs this many comparable lines to stand for itself, in this many weeks.
LEAST_LINES = 60
LEAST_WEEKS = 4
# The standard is what the better quarter of the groups has shown, on at least this share of the comparable lines.
BETTER_SHARE = 0.25
LEAST_SHARE = 0.05
CHANCE = 0.05
# Parties that do the same work equally well still differ by about this much in their mean times (standard deviation).
NATURAL_SPREAD = 0.1
# A memory read from fewer spans of a group is noise. What lasts longer than the most is no shock, but how things were.
_LEAST_SPANS_OF_MEMORY = 5
_MOST_MEMORY = 0.6
_LEAST_FREEDOM = 4.0
# 95 % point of the largest self-normalised step, table 1 of Shao and Zhang (2010).
_CHANGE_AT = 40.1

BINS = 900
"""Bins of 2 % from a minute on reach past a century."""
BIN_HOURS = np.array(bin_hours(BINS))

OTHERS = "(others)"
PEERS, OWN_WEEKS, NONE = "peers", "own weeks", "none"


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest distance to its standard that a group of some comparable lines would have been told by four times in five.

    Attributes:
        amount: Mean over the groups, weighed by lines, in the unit of what is compared.
        mean: Mean of what is compared.
        n: Lines of the groups.
    """

    amount: float
    mean: float
    n: float


@dataclass(frozen=True, slots=True)
class Cell:
    """Comparable lines of one stage.

    Attributes:
        kind: PEERS, OWN_WEEKS or NONE.
        groups: Names of what is compared (doers, or blocks of weeks of a lone doer), fastest first.
        best: Those of them that make the standard.
        reliability: Doer (or block) → how much of its distance to the standard counts, 0 to 1.
        because: Why there is no standard; empty if there is one.
        compared: Whether peers were compared, so that what the stage reaches elsewhere is known.
        detectable: How slow a group would have had to be; None where nothing was compared.
        as_one: Whether peers differ by no more than shocks that last: none can be held to another, but all of them together
            show what the stage does.
    """

    kind: str
    groups: tuple[str, ...]
    best: frozenset[str]
    reliability: dict[str, float]
    because: str
    compared: bool
    detectable: Detectable | None = None
    as_one: bool = False


@dataclass(frozen=True, slots=True)
class Weekly:
    """Means of one group, span by span in order of time.

    Attributes:
        lines: Lines by span (weeks, or a few of them).
        hours: Sum over those lines by span: of working time [hours], or of whatever is compared.
        weeks: Numbers of the spans, where they matter.
        elapsed: Sum over those lines by span of the whole time, waiting for gates included [hours]; empty where it is not
            told apart.
    """

    lines: Floats
    hours: Floats
    weeks: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    elapsed: Floats = field(default_factory=lambda: np.zeros(0))

    @property
    def n(self) -> float:
        """Lines."""
        return float(self.lines.sum())

    @property
    def mean(self) -> float:
        """Mean of what is compared, working time [hours]."""
        return float(self.hours.sum() / self.lines.sum())

    @property
    def whole(self) -> Weekly:
        """The same with the whole time in place of the working time."""
        return Weekly(self.lines, self.elapsed, self.weeks)


def _residuals(groups: dict[str, Weekly]) -> tuple[dict[str, Floats], int]:
    """What is left of each span's mean without the group's own and without what befell all groups in that span.

    Returns:
        Residuals, stretched for what was taken out; and how many common shocks were.
    """
    own = {name: g.hours / g.lines - g.mean for name, g in groups.items()}
    if any(len(g.weeks) != len(g.lines) for g in groups.values()):
        return own, 0
    _, inverse = np.unique(np.concatenate([g.weeks for g in groups.values()]), return_inverse=True)
    n = np.bincount(inverse).astype(np.float64)
    common = np.where(n > 1, np.bincount(inverse, np.concatenate(list(own.values()))) / n, 0.0)
    wider = np.where(n > 1, np.sqrt(n / np.maximum(n - 1, 1)), 1.0)
    begins = np.cumsum([0, *(len(r) for r in own.values())])
    found = {}
    for (name, residual), begin in zip(own.items(), begins, strict=False):
        mine = inverse[begin : begin + len(residual)]
        found[name] = (residual - common[mine]) * wider[mine]
    return found, max(int((n > 1).sum()) - 1, 0)


def _variance_of_mean(group: Weekly, residual: Floats) -> float:
    weeks = len(group.lines)
    if weeks < 2:
        return math.inf
    share = group.lines / group.n
    return float((share**2 * residual**2).sum() * weeks / (weeks - 1))


def memory_of(residuals: Iterable[Floats]) -> float:
    """How much of one span's shock is left in the next: lag-1 autocorrelation within groups, pooled, 0 to 0.6.

    Corrected for what estimated means take away, E r = ρ − (1 + 3ρ)/n (Kendall 1954, Biometrika 41).

    Args:
        residuals: One array for each group, in order of time, of equal variance.
    """
    product = square = spans = lags = 0.0
    groups = 0
    for residual in residuals:
        product += float((residual[1:] * residual[:-1]).sum())
        square += float((residual**2).sum())
        spans, lags, groups = spans + len(residual), lags + max(len(residual) - 1, 0), groups + 1
    each = spans / max(groups, 1)
    if square <= 0 or lags <= 0 or each <= _LEAST_SPANS_OF_MEMORY:
        return 0.0
    found = product / square * spans / lags
    return float(np.clip((found * each + 1) / (each - 3), 0.0, _MOST_MEMORY))


def f_tail(statistic: float, between: float, within: float) -> float:
    """Upper tail of the F distribution, by Paulson's normal approximation (1942).

    >>> round(f_tail(4.96, 1, 10), 2)
    0.05
    """
    a, b = 2 / (9 * between), 2 / (9 * within)
    root = float(statistic ** (1 / 3))
    z = ((1 - b) * root - (1 - a)) / float((b * root**2 + a) ** 0.5)
    return 1 - NormalDist().cdf(z)


def compare(
    groups: dict[str, Weekly],
    kind: str,
    others: Weekly | None = None,
    *,
    chance: float = CHANCE,
    barred: frozenset[str] = frozenset(),
    natural: Mapping[str, float] | None = None,
) -> Cell:
    """Which of the groups make the standard, and how much of each other's distance to them counts.

    Args:
        groups: Name → means by span; at least two, each with enough lines and spans.
        kind: PEERS or OWN_WEEKS.
        others: Those too small to stand for themselves, taken together; held to the standard, never part of it.
        chance: How often equal groups may be found different.
        barred: Groups of the doer that is judged, where it has several: they are held to others, never to one another.
        natural: Group → variance of how far sound groups lie apart in their whole time anyway [hours squared]. Who is
            slower than the standard must be so in its whole time, too, beyond that: else a gate that was read wrongly,
            or the usual difference between parties, would pass for slowness. None asks nothing of the whole time.
    """
    names = tuple(sorted(groups, key=lambda name: (groups[name].mean, name)))
    residuals, common = _residuals(groups)
    alone = {name: _variance_of_mean(group, residuals[name]) for name, group in groups.items()}
    spans = {name: float(len(group.lines)) for name, group in groups.items()}
    memory = memory_of(residuals[name] * np.sqrt(group.lines) for name, group in groups.items())
    # The variance of a mean of AR(1) shocks, as a multiple of what independent ones would give.
    stretch = (1 + memory) / (1 - memory)
    errors = {name: error * stretch for name, error in alone.items()}
    freedom = max((sum(spans.values()) - len(groups) - common) / stretch, _LEAST_FREEDOM)
    mark = student_quantile(1 - chance / max(len(groups) - 1, 1), freedom)
    wide = errors
    if natural is not None:
        # What is slower must be so in its whole time, too, beyond what sound groups differ by.
        wide = _whole_errors(groups, stretch)
        wide = {name: max(error, wide[name] + natural[name]) for name, error in errors.items()}
    bar = max(mark + student_quantile(POWER, freedom), _told_by_all(len(groups), round(freedom), chance))
    told = _detectable(groups, barred or frozenset(names), wide, errors, bar)
    if _alike(groups, alone, spans, chance):
        # Doers who are alike show what the stage can do; weeks of one doer that are alike show only what it does.
        because = "comparable lines differ no more than chance would make them"
        return Cell(NONE, names, frozenset(), {}, because, kind == PEERS, told)
    if _alike(groups, errors, {name: max(n / stretch, 2.0) for name, n in spans.items()}, chance):
        because = "comparable lines differ, but no more than shocks that last would make them"
        return Cell(NONE, names, frozenset(), {}, because, compared=False, as_one=kind == PEERS)
    # The slowest shows nothing that others could reach; among others only, each may.
    able = tuple(name for name in names if name not in barred) if barred else names[:-1]
    best = _with_the_best(groups, able, errors, mark)
    held = {name: groups[name] for name in barred or names if name not in best}
    if others is not None:
        held[OTHERS] = others
        errors[OTHERS] = _variance_of_mean(others, others.hours / others.lines - others.mean) * stretch
    standard = together([groups[name] for name in best])
    error = _variance_of_best(groups, best, errors)
    reliability = {}
    for name, group in held.items():
        reliability[name] = _kept(_distance(group.mean - standard.mean, error + errors[name]), mark)
    if natural is not None:
        whole = _slower_in_all(groups, held, best, natural, mark, stretch)
        reliability = {name: min(kept, whole[name]) for name, kept in reliability.items()}
    return Cell(kind, names, frozenset(best), reliability, "", kind == PEERS, told)


def _detectable(
    groups: Mapping[str, Weekly],
    held: frozenset[str],
    errors: Mapping[str, float],
    of_others: dict[str, float],
    bar: float,
) -> Detectable | None:
    """How far above its standard a group would have had to lie (Bloom 1995, Evaluation Review 19: minimum detectable effects).

    The standard is taken to be the others together, as it is where nothing is told apart.

    Args:
        groups: What is compared.
        held: Those that are held to others.
        errors: Variance of each group's distance by its own weeks, and by what sound groups differ anyway.
        of_others: Variance of each group's mean, where it is part of the standard.
        bar: From which a distance is told with the power of the test [standard errors].
    """
    amounts, lines = [], []
    for name in sorted(held):
        others = [n for n in groups if n != name and not (n in held and held != frozenset(groups))]
        error = errors[name] + (_variance_of_best(groups, others, of_others) if others else 0.0)
        if others and math.isfinite(error):
            amounts.append(bar * error**0.5)
            lines.append(groups[name].n)
    if not lines:
        return None
    n = sum(lines)
    return Detectable(
        sum(a * w for a, w in zip(amounts, lines, strict=True)) / n, together(list(groups.values())).mean, n
    )


@lru_cache(maxsize=4096)
def _told_by_all(groups: int, freedom: int, chance: float) -> float:
    """Standard errors by which one group must differ from the others for the analysis of variance over all to tell it.

    The root of the noncentrality at which its F test has its power (Cohen 1988, chapter 8): for one group that differs, the
    square of its distance from the mean of the others in standard errors.
    """
    from scipy.special import fdtri, ncfdtrinc

    critical = float(fdtri(groups - 1, freedom, 1 - chance))
    return math.sqrt(float(ncfdtrinc(groups - 1, freedom, 1 - POWER, critical)))


def pooled(cells: Iterable[tuple[Cell, float]]) -> Detectable | None:
    """The mean over several comparisons, weighed by the lines that are held to each; None where nothing was compared."""
    known = [(cell.detectable, lines) for cell, lines in cells if cell.detectable is not None]
    n = sum(lines for _, lines in known)
    if n <= 0:
        return None
    return Detectable(sum(d.amount * w for d, w in known) / n, sum(d.mean * w for d, w in known) / n, n)


def _kept(z: float, mark: float) -> float:
    """How much of a distance of z standard errors counts."""
    return 1 - 1 / z**2 if z > mark else 0.0


def _slower_in_all(
    groups: Mapping[str, Weekly],
    held: Mapping[str, Weekly],
    best: list[str],
    natural: Mapping[str, float],
    mark: float,
    stretch: float,
) -> dict[str, float]:
    """How much of each distance to the standard counts in the whole time, waiting for gates included."""
    whole = {name: group.whole for name, group in {**groups, **held}.items()}
    errors = _whole_errors({**groups, **held}, stretch)
    standard = together([whole[name] for name in best])
    error = _variance_of_best(whole, best, errors)
    return {
        name: _kept(_distance(whole[name].mean - standard.mean, error + errors[name] + natural[name]), mark)
        for name in held
    }


def _whole_errors(groups: Mapping[str, Weekly], stretch: float) -> dict[str, float]:
    """Variance of each group's mean in its whole time."""
    whole = {name: group.whole for name, group in groups.items()}
    return {n: _variance_of_mean(w, w.hours / w.lines - w.mean) * stretch for n, w in whole.items()}


def _alike(groups: dict[str, Weekly], errors: dict[str, float], spans: dict[str, float], chance: float) -> bool:
    """Whether groups differ no more than their own spans do: analysis of variance for unequal variances (Welch 1951).

    Args:
        groups: What is compared.
        errors: Variance of each group's mean.
        spans: How many independent spans each group has.
    """
    k = len(groups)
    if not all(errors.values()):
        return len({group.mean for group in groups.values()}) == 1
    weight = {name: 1 / error for name, error in errors.items()}
    total = sum(weight.values())
    if total <= 0:
        return True
    middle = sum(weight[name] * group.mean for name, group in groups.items()) / total
    between = sum(weight[name] * (group.mean - middle) ** 2 for name, group in groups.items()) / (k - 1)
    uneven = sum((1 - weight[name] / total) ** 2 / max(spans[name] - 1, 1.0) for name in groups)
    statistic = between / (1 + 2 * (k - 2) * uneven / (k**2 - 1))
    return statistic <= 0 or f_tail(statistic, k - 1, (k**2 - 1) / (3 * uneven)) > chance


def _with_the_best(
    groups: dict[str, Weekly], names: tuple[str, ...], errors: dict[str, float], mark: float
) -> list[str]:
    """The better quarter, and all that cannot be told from it, so that the luckiest of equals is not the standard.

    Comparisons with the best (Hsu 1984, Annals of Statistics 12), with Bonferroni's bound for Dunnett's quantile.
    """
    lines = sum(g.n for g in groups.values())
    best: list[str] = []
    for name in names:
        best.append(name)
        if len(best) >= BETTER_SHARE * len(groups) and sum(groups[b].n for b in best) >= LEAST_SHARE * lines:
            break
    mean = together([groups[name] for name in best]).mean
    error = _variance_of_best(groups, best, errors)
    near = [n for n in names[len(best) :] if _distance(groups[n].mean - mean, error + errors[n]) <= mark]
    return best + near


def _variance_of_best(groups: Mapping[str, Weekly], best: list[str], errors: dict[str, float]) -> float:
    lines = sum(groups[name].n for name in best)
    return sum((groups[name].n / lines) ** 2 * errors[name] for name in best)


def _distance(difference: float, variance: float) -> float:
    """In standard errors; below zero for one that is better."""
    return difference / variance**0.5 if variance > 0 else math.copysign(math.inf, difference)


def together(groups: list[Weekly]) -> Weekly:
    """Several groups as one."""
    return Weekly(
        np.concatenate([g.lines for g in groups]),
        np.concatenate([g.hours for g in groups]),
        elapsed=np.concatenate([g.elapsed for g in groups]),
    )


def change_point(means: Floats) -> int | None:
    """Where a doer's own record breaks in two, if it does: index of the first span of the later part.

    The self-normalised test of Shao and Zhang (2010, JASA 105, "Testing for Change Points in Time Series"), at 5 %. Its
    scale is taken from the record itself, so that shocks that last do not pass for a change, whatever their memory.

    Args:
        means: Means by span, shape (spans,).
    """
    n = len(means)
    total = np.cumsum(means)
    largest, at = 0.0, None
    for k in range(LEAST_WEEKS, n - LEAST_WEEKS + 1):
        step = total[k - 1] - k / n * total[-1]
        before = total[:k] - np.arange(1, k + 1) / k * total[k - 1]
        later = np.cumsum(means[k:][::-1])
        after = later - np.arange(1, n - k + 1) / (n - k) * later[-1]
        scale = float((before**2).sum() + (after**2).sum())
        if scale > 0 and n * step**2 / scale > largest:
            largest, at = n * step**2 / scale, k
    return at if largest > _CHANGE_AT else None


def kept_share(own: Floats, standard: Floats, reliability: float) -> Floats:
    """What is left of a working time in each bin once the line takes the standard's time at its own rank.

    Args:
        own: Lines of the doer by duration bin, shape (bins,).
        standard: Lines of the standard by duration bin, shape (bins,).
        reliability: How much of the distance counts, 0 to 1.

    Returns:
        Shares from 0 to 1, shape (bins,); 1 where the doer is no slower than the standard at that rank.
    """
    log_hours = np.log(BIN_HOURS[: len(own)])
    rank = (np.cumsum(own) - own / 2) / own.sum()
    used = standard > 0
    rank_there = (np.cumsum(standard) - standard / 2)[used] / standard.sum()
    there = np.interp(rank, rank_there, log_hours[used])
    kept: Floats = 1 - reliability * (1 - np.exp(np.minimum(there - log_hours, 0.0)))
    return kept


def quantiles(lines: Floats, hours: Floats, probabilities: Iterable[float]) -> Floats:
    """Quantiles of working times [hours] given as lines by bin and the hours each bin stands for."""
    used = np.flatnonzero(lines > 0)
    used = used[np.argsort(hours[used], kind="stable")]
    counts = lines[used]
    rank = (np.cumsum(counts) - counts / 2) / counts.sum()
    return np.interp(list(probabilities), rank, hours[used])
