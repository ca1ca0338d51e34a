"""What a stage could demonstrably reach, for comparable lines, and how sure we are that it is no accident.

Who is compared with whom: doers among lines of the same place and size (peers), if at least two have enough lines;
else a lone doer with its own other weeks. The standard is the distribution of working times of the better quarter.
A line is moved to the time that a line of the same rank takes there, so that it keeps its own good or bad luck.

Two guards against taking chance for a standard. The doers of a cell must differ by more than their own weeks do
(one-way analysis of variance on weekly means, 5 %). And a doer's distance to the standard is shrunk by its
reliability, 1 − 1/z², as in the positive-part James–Stein estimator (Efron and Morris 1973); below z = 1.645 it is 0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from fourwalls.measures.stage_times import bin_hours

Floats = npt.NDArray[np.float64]

# A doer (or a block of its weeks) needs this many comparable lines to stand for itself, in this many weeks.
LEAST_LINES = 60
LEAST_WEEKS = 4
# The standard is what the better quarter of the groups has shown, on at least this share of the comparable lines.
BETTER_SHARE = 0.25
LEAST_SHARE = 0.05
CHANCE = 0.05
_Z = NormalDist().inv_cdf(1 - CHANCE)

BINS = 900
"""Bins of 2 % from a minute on reach past a century."""
BIN_HOURS = np.array(bin_hours(BINS))

OTHERS = "(others)"
PEERS, OWN_WEEKS, NONE = "peers", "own weeks", "none"


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
    """

    kind: str
    groups: tuple[str, ...]
    best: frozenset[str]
    reliability: dict[str, float]
    because: str
    compared: bool


@dataclass(frozen=True, slots=True)
class Weekly:
    """Weekly means of one group.

    Attributes:
        lines: Lines by week.
        hours: Sum of working time by week [hours].
    """

    lines: Floats
    hours: Floats

    @property
    def n(self) -> float:
        """Lines."""
        return float(self.lines.sum())

    @property
    def mean(self) -> float:
        """Mean working time [hours]."""
        return float(self.hours.sum() / self.lines.sum())

    @property
    def spread(self) -> float:
        """Weighted sum of squares of weekly means around the group's own [hours²·lines]."""
        return float((self.lines * (self.hours / self.lines - self.mean) ** 2).sum())


def _variance_of_mean(group: Weekly) -> float:
    weeks = len(group.lines)
    share = group.lines / group.n
    residual = group.hours / group.lines - group.mean
    return float((share**2 * residual**2).sum() * weeks / (weeks - 1))


def f_tail(statistic: float, between: int, within: int) -> float:
    """Upper tail of the F distribution, by Paulson's normal approximation (1942).

    >>> round(f_tail(4.96, 1, 10), 2)
    0.05
    """
    a, b = 2 / (9 * between), 2 / (9 * within)
    root = float(statistic ** (1 / 3))
    z = ((1 - b) * root - (1 - a)) / float((b * root**2 + a) ** 0.5)
    return 1 - NormalDist().cdf(z)


def compare(groups: dict[str, Weekly], kind: str, others: Weekly | None = None) -> Cell:
    """Which of the groups make the standard, and how much of each other's distance to them counts.

    Args:
        groups: Name → weekly means; at least two, each with enough lines and weeks.
        kind: PEERS or OWN_WEEKS.
        others: Those too small to stand for themselves, taken together; held to the standard, never part of it.
    """
    names = tuple(sorted(groups, key=lambda name: (groups[name].mean, name)))
    weeks = sum(len(g.lines) for g in groups.values())
    lines = sum(g.n for g in groups.values())
    grand = sum(g.mean * g.n for g in groups.values()) / lines
    between = sum(g.n * (g.mean - grand) ** 2 for g in groups.values()) / (len(groups) - 1)
    within = sum(g.spread for g in groups.values()) / (weeks - len(groups))
    if between <= 0 or (within > 0 and f_tail(between / within, len(groups) - 1, weeks - len(groups)) > CHANCE):
        # Doers who are alike show what the stage can do; weeks of one doer that are alike show only what it does.
        because = "comparable lines differ no more than chance would make them"
        return Cell(NONE, names, frozenset(), {}, because, compared=kind == PEERS)
    best: list[str] = []
    for name in names[:-1]:
        best.append(name)
        if len(best) >= BETTER_SHARE * len(groups) and sum(groups[b].n for b in best) >= LEAST_SHARE * lines:
            break
    standard = Weekly(np.concatenate([groups[b].lines for b in best]), np.concatenate([groups[b].hours for b in best]))
    error = _variance_of_mean(standard)
    reliability = {}
    held = {name: groups[name] for name in names[len(best) :]}
    if others is not None:
        held[OTHERS] = others
    for name, group in held.items():
        distance = group.mean - standard.mean
        variance = error + _variance_of_mean(group)
        z = distance / variance**0.5 if variance > 0 else float("inf")
        reliability[name] = 1 - 1 / z**2 if z > _Z else 0.0
    return Cell(kind, names, frozenset(best), reliability, "", compared=kind == PEERS)


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
    order = np.argsort(hours, kind="stable")
    used = order[lines[order] > 0]
    counts = lines[used]
    rank = (np.cumsum(counts) - counts / 2) / counts.sum()
    return np.interp(list(probabilities), rank, hours[used])
