"""Doers too small to be compared one by one: the slower of them, told by one part of the record and measured in another.

Means of small doers spread by chance alone, and the slowest of equals look slow. So each fold of the record is set aside in
turn: who was slow in the rest, shrunk by how little that rest says (empirical Bayes; Efron and Morris 1973, JASA 68), makes
the slower group of that fold. What the group then takes in the fold has chosen nobody (data splitting; Cox 1975,
Biometrika 62). Neighbouring folds are left out as well, for shocks last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fourwalls.chain.standards import (
    CHANCE,
    LEAST_LINES,
    LEAST_WEEKS,
    NATURAL_SPREAD,
    OTHERS,
    PEERS,
    Cell,
    Weekly,
    compare,
)
from fourwalls.resampling import student_quantile

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SLOWER = "(slower small doers)"
# How far small doers differ by more than chance is read from so many of them; a group of fewer slow ones is somebody's, not a group's.
LEAST_DOERS, LEAST_SLOW = 20, 5
# A shock of one fold is still felt in the next.
_NEIGHBOURS = 1
# Sound doers differ by less than this ratio (two standard deviations of the difference of two).
_RATIO = 1 + 2 * 2**0.5 * NATURAL_SPREAD
_LEAST_FOLDS = 2 * _NEIGHBOURS + 2


@dataclass(frozen=True, slots=True)
class Rows:
    """Sums over the lines of one doer, kind of line and span of time, one entry each.

    Attributes:
        doer: Number of the doer, from 0.
        kind: Number of the kind of line: what is alike but for the doer.
        fold: Number of the fold of the record, from 0.
        lines: Lines.
        hours: Sum of their working time [hours].
        elapsed: Sum of their whole time, waiting for gates included [hours].
        late: How many came after their promise.
    """

    doer: Ints
    kind: Ints
    fold: Ints
    lines: Floats
    hours: Floats
    elapsed: Floats
    late: Floats

    def among(self, chosen: Bools) -> Rows:
        """Some of them."""
        lines, hours, elapsed, late = (x[chosen] for x in (self.lines, self.hours, self.elapsed, self.late))
        return Rows(self.doer[chosen], self.kind[chosen], self.fold[chosen], lines, hours, elapsed, late)

    def as_one_kind(self) -> Rows:
        """The same with times in proportion to what their kind takes, and late lines beyond what their kind has."""
        n = np.bincount(self.kind, self.lines)
        usual = np.divide(np.bincount(self.kind, self.elapsed), n, out=np.zeros(len(n)), where=n > 0)
        late = np.divide(np.bincount(self.kind, self.late), n, out=np.zeros(len(n)), where=n > 0)
        all_lines = max(float(n.sum()), 1.0)
        scale = np.divide(self.elapsed.sum() / all_lines, usual, out=np.ones(len(n)), where=usual > 0)[self.kind]
        more = self.late - self.lines * (late - self.late.sum() / all_lines)[self.kind]
        return replace(self, hours=self.hours * scale, elapsed=self.elapsed * scale, late=more)

    def by_fold(self) -> Weekly:
        """Means by fold."""
        folds, at = np.unique(self.fold, return_inverse=True)
        lines, hours, elapsed = (np.bincount(at, x).astype(np.float64) for x in (self.lines, self.hours, self.elapsed))
        return Weekly(lines, hours, folds, elapsed)


def slow_elsewhere(rows: Rows, folds: int) -> Bools:
    """Who is expected to take longer than others by more than sound doers differ, by all of the record but a fold and its neighbours.

    Args:
        rows: All rows of these doers.
        folds: How many folds the record has.

    Returns:
        Shape (doers, folds); False where the rest of the record has no line of a doer.
    """
    doers = int(rows.doer.max(initial=-1)) + 1
    found = np.zeros((doers, folds), dtype=np.bool_)
    if folds < _LEAST_FOLDS or doers < LEAST_DOERS:
        return found
    excess = _excess(rows)
    at = rows.doer * folds + rows.fold
    sums = [
        np.bincount(at, values, minlength=doers * folds).reshape(doers, folds)
        for values in (rows.lines, rows.lines * excess, rows.lines * excess**2, np.ones(len(at)))
    ]
    for fold in range(folds):
        seen = np.abs(np.arange(folds) - fold) > _NEIGHBOURS
        found[:, fold] = expected_excess(*(x[:, seen].sum(axis=1) for x in sums)) > math.log(_RATIO)
    return found


def _excess(rows: Rows) -> Floats:
    """By how much each row's time exceeds what is usual for its kind of line [log of hours]."""
    # An hour more or less is nothing anybody means by slow, whatever its ratio.
    score = np.log1p(rows.elapsed / rows.lines)
    n = np.bincount(rows.kind, rows.lines)
    usual = np.divide(np.bincount(rows.kind, rows.lines * score), n, out=np.zeros(len(n)), where=n > 0)
    excess: Floats = score - usual[rows.kind]
    return excess


def expected_excess(n: Floats, sums: Floats, squares: Floats, rows: Floats) -> Floats:
    """By how much each doer is expected to exceed the mean of all, shape (doers,).

    A random effect of doers, by analysis of variance (Searle, Casella and McCulloch 1992, Variance Components, chapter 3),
    and its posterior mean: 0 where doers do not differ beyond their own lines, or a doer has none.

    Args:
        n, sums, squares: Lines of each doer, and the sums over them of what is compared and of its square, shape (doers,).
        rows: In how many rows these lines came; within a row they are not told apart.
    """
    known, total = int((n > 0).sum()), float(n.sum())
    freedom = float(rows.sum()) - known
    if known < LEAST_DOERS or freedom < LEAST_DOERS:
        return np.zeros(len(n))
    own = np.divide(sums, n, out=np.zeros(len(n)), where=n > 0)
    within = float((squares - n * own**2).sum()) / freedom
    mean = np.where(n > 0, own - sums.sum() / total, 0.0)
    between = float((n * mean**2).sum()) / (known - 1)
    usual_lines = (total - float((n**2).sum()) / total) / (known - 1)
    spread = max((between - within) / usual_lines, 0.0)
    if spread <= 0:
        return np.zeros(len(n))
    shrunk: Floats = mean * n * spread / (n * spread + within)
    return shrunk


def compare_slower(rows: Rows, is_slow: Bools) -> Cell | None:
    """The slower held to all others; None unless they are slower, and late more often, by more than chance.

    A doer who takes longer by nature (made to order, far away) and is promised accordingly is at no fault.

    Args:
        rows: All rows of comparable lines.
        is_slow: Which of them are of the slower group, shape (rows,).
    """
    rows = rows.as_one_kind()
    parts = {SLOWER: rows.among(is_slow), OTHERS: rows.among(~is_slow)}
    if len(np.unique(parts[SLOWER].doer)) < LEAST_SLOW:
        return None
    if any(part.lines.sum() < LEAST_LINES or len(np.unique(part.fold)) < LEAST_WEEKS for part in parts.values()):
        return None
    others = parts[OTHERS]
    natural = 2 * (NATURAL_SPREAD * float(others.elapsed.sum() / others.lines.sum())) ** 2
    groups = {name: part.by_fold() for name, part in parts.items()}
    variance = natural + sum(_variance_by_doer(part, part.elapsed) for part in parts.values())
    cell = compare(groups, PEERS, barred=frozenset({SLOWER}), natural={SLOWER: variance, OTHERS: 0.0})
    return cell if cell.reliability.get(SLOWER, 0.0) > 0 and _miss_more(rows, is_slow) else None


def _miss_more(rows: Rows, is_slow: Bools) -> bool:
    """Whether the slower miss more of their promises than others in the same folds, by more than doers differ anyway (one-sided)."""
    n = np.bincount(rows.fold, rows.lines)
    usual = np.divide(np.bincount(rows.fold, rows.late), n, out=np.zeros(len(n)), where=n > 0)
    more = rows.late - rows.lines * usual[rows.fold]
    difference, variance = 0.0, 0.0
    for mask, sign in ((is_slow, 1), (~is_slow, -1)):
        difference += sign * float(more[mask].sum() / rows.lines[mask].sum())
        variance += _variance_by_doer(rows.among(mask), more[mask])
    doers = len(np.unique(rows.doer[is_slow]))
    return bool(difference > student_quantile(1 - CHANCE, doers - 1) * variance**0.5)


def _variance_by_doer(rows: Rows, amounts: Floats) -> float:
    """Variance of a mean over lines whose doers are drawn, whatever a doer's lines share (Liang and Zeger 1986, Biometrika 73)."""
    n = np.bincount(rows.doer, rows.lines)
    sums = np.bincount(rows.doer, amounts)
    doers = int((n > 0).sum())
    if doers < 2:
        return math.inf
    return float(((sums - amounts.sum() / n.sum() * n) ** 2).sum() / n.sum() ** 2 * doers / (doers - 1))
