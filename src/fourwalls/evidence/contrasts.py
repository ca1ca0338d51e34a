"""Contrasts: what a factor does to a rate, told from groups that differ in it, with the groups' own luck in the error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fourwalls.resampling import LEVEL, student_quantile

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_MOST_SWEEPS, _CLOSE = 500, 1e-9
# With fewer degrees of freedom the error of a slope is itself unknown.
LEAST_FREEDOM = 2
# A factor whose spread, once the effects are taken out, is below this has not moved by itself.
_LEAST_SPREAD = 0.01
_SURE = 0.95
# Draws of a slope stay within so many standard errors: Student's tails at two degrees have no variance.
_FAR = 4.0


def multiplied_rates(count: Floats, exposure: Floats, effects: Sequence[Ints]) -> tuple[Floats, list[Floats]]:
    """Counts explained as exposure times one rate for each group of each kind of effect.

    The Poisson likelihood's maximum by iterative proportional fitting (Deming and Stephan 1940, The Annals of Mathematical
    Statistics 11; Bishop, Fienberg and Holland 1975, section 3.5).

    Args:
        count, exposure: Shape (rows,), at least 0.
        effects: Number of each row's group, for each kind of effect; shape (rows,) each.

    Returns:
        What is expected of each row; the rate of each group, by kind of effect. Groups without a count have rate 0.
    """
    rates = [np.ones(int(code.max()) + 1 if len(code) else 0) for code in effects]
    expected = exposure.astype(np.float64)
    totals = [np.bincount(code, count) for code in effects]
    for _ in range(_MOST_SWEEPS):
        most = 0.0
        for rate, code, total in zip(rates, effects, totals, strict=True):
            below = np.bincount(code, expected)
            step = np.divide(total, below, out=np.zeros(len(total)), where=below > 0)
            rate *= step
            expected = expected * step[code]
            most = max(most, float(np.abs(step[total > 0] - 1).max(initial=0.0)))
        if most < _CLOSE:
            break
    return expected, rates


@dataclass(frozen=True, slots=True)
class Slope:
    """What one unit of a factor does to the logarithm of a rate.

    Attributes:
        value, error: Estimate and standard error.
        freedom: Degrees of freedom of the error.
    """

    value: float
    error: float
    freedom: int

    @property
    def reach(self) -> float:
        """Standard errors to either end of the range at the product's level."""
        return student_quantile((1 + LEVEL) / 2, self.freedom)

    def is_sure(self, sign: int) -> bool:
        """Whether the slope has this sign and is no accident, one-sided at 5 %."""
        return sign * self.value > student_quantile(_SURE, self.freedom) * self.error

    def drawn(self, replicates: int, seed: int) -> Floats:
        """Draws of the slope, Student's t cut off far out, shape (replicates,)."""
        t = np.random.default_rng(seed).standard_t(self.freedom, replicates)
        drawn: Floats = self.value + self.error * np.clip(t, -_FAR, _FAR)
        return drawn


def group_slopes(rate: Floats, counts: Floats, factors: Floats, effects: Sequence[Ints]) -> list[Slope | None]:
    """Slopes of factors that belong to whole groups, from the groups' rates.

    Each group is one observation and its own luck, which lasts, is in the error (Donald and Lang 2007, The Review of
    Economics and Statistics 89(2)): a thousand visits to one group are no thousand witnesses. Weighted least squares, the
    weights from the Poisson error of each rate and the spread beyond it.

    Args:
        rate: Logarithm of each group's rate, shape (groups,).
        counts: Events behind it, shape (groups,).
        factors: Shape (groups, factors).
        effects: Number of the group's group, for each kind of effect to be taken out; one constant is taken out in any case.

    Returns:
        For each factor its slope, or None where it never moves by itself or too few groups are left over.
    """
    known = np.isfinite(rate) & (counts > 0) & np.isfinite(factors).all(axis=1)
    found: list[Slope | None] = [None] * factors.shape[1]
    y, n, x = rate[known], counts[known], factors[known]
    if not len(y):
        return found
    nuisance = _dummies([e[known] for e in effects], len(y))
    rank = int(np.linalg.matrix_rank(nuisance))
    spread = np.sqrt(((x - nuisance @ np.linalg.lstsq(nuisance, x, rcond=None)[0]) ** 2).mean(axis=0))
    moves = np.flatnonzero(spread > _LEAST_SPREAD)
    design = np.column_stack([nuisance, x[:, moves]])
    freedom = len(y) - rank - len(moves)
    if freedom < LEAST_FREEDOM or int(np.linalg.matrix_rank(design)) < rank + len(moves):
        return found
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    beyond = max(0.0, float((residual**2).sum()) / freedom - float((1 / n).mean()))
    weight = 1 / (1 / n + beyond)
    root = np.sqrt(weight)[:, None]
    slope = np.linalg.lstsq(design * root, y * root[:, 0], rcond=None)[0]
    inverse = np.linalg.pinv((design * weight[:, None]).T @ design)
    # The weights hold the Poisson error already: less than it, the spread is luck.
    scale = max(1.0, float((weight * (y - design @ slope) ** 2).sum()) / freedom)
    for place, factor in enumerate(moves.tolist()):
        at = nuisance.shape[1] + place
        found[factor] = Slope(float(slope[at]), float(np.sqrt(scale * inverse[at, at])), freedom)
    return found


def _dummies(effects: Sequence[Ints], rows: int) -> Floats:
    columns = [np.ones((rows, 1))]
    for code in effects:
        names, at = np.unique(code, return_inverse=True)
        columns.append(np.eye(len(names))[at][:, 1:])
    return np.column_stack(columns)
