"""Ranges by cluster bootstrap: weeks are drawn again, so that what happens to a whole week stays together."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from fourwalls.figures import Estimate

Floats = npt.NDArray[np.float64]

LEVEL = 0.9
REPLICATES = 999
# With fewer weeks the spread between them is itself unknown; the product then refuses the range.
LEAST_CLUSTERS = 8
_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Draws:
    """How often each cluster was drawn in each replicate.

    Attributes:
        counts: Shape (replicates, clusters); every row sums to the number of clusters.
        tail: Probability cut off at each end of the replicates, see `expanded_tail`.
    """

    counts: Floats
    tail: float


def draw_clusters(clusters: int, seed: int, replicates: int = REPLICATES, level: float = LEVEL) -> Draws:
    """Bootstrap draws of `clusters` clusters with replacement."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(clusters, np.full(clusters, 1 / clusters), size=replicates).astype(np.float64)
    return Draws(counts, expanded_tail(clusters, level))


def student_quantile(p: float, freedom: float) -> float:
    """Quantile of Student's t by the expansion of Abramowitz and Stegun 26.7.5; good to 1 % from 4 degrees on.

    >>> round(student_quantile(0.95, 10), 3)
    1.812
    """
    z = NormalDist().inv_cdf(p)
    z2 = z * z
    terms = (
        z * (z2 + 1) / 4,
        z * ((5 * z2 + 16) * z2 + 3) / 96,
        z * (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384,
        z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92160,
    )
    return z + sum(term / freedom ** (i + 1) for i, term in enumerate(terms))


def expanded_tail(clusters: int, level: float) -> float:
    """Tail of the expanded percentile interval, which covers where the plain one is too narrow for few clusters.

    Hesterberg (2015), "What Teachers Should Know About the Bootstrap", The American Statistician 69(4), section 3.4.
    """
    wider = (clusters / (clusters - 1)) ** 0.5 * student_quantile((1 + level) / 2, clusters - 1)
    return NormalDist().cdf(-wider)


def ratio_ranges(numerators: Floats, denominator: Floats, draws: Draws) -> tuple[Floats, Floats, Floats]:
    """Ratios of sums over clusters with their ranges.

    Args:
        numerators: Sums by cluster, shape (ratios, clusters).
        denominator: The same for what they are divided by, shape (clusters,) or (ratios, clusters).
        draws: From `draw_clusters`.

    Returns:
        value, low, high, each of shape (ratios,); low <= value <= high. NaN where the denominator sums to 0.
    """
    rows = numerators.shape[0]
    value, low, high = (np.full(rows, np.nan) for _ in range(3))
    shared = denominator.ndim == 1
    drawn_shared = draws.counts @ denominator if shared else None
    for begin in range(0, rows, _CHUNK):
        part = slice(begin, min(begin + _CHUNK, rows))
        below = denominator if shared else denominator[part]
        drawn_below = drawn_shared[:, None] if drawn_shared is not None else draws.counts @ below.T
        drawn = draws.counts @ numerators[part].T
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.where(drawn_below > 0, drawn / drawn_below, np.nan)
            point = numerators[part].sum(axis=1) / below.sum(axis=-1)
        known = np.isfinite(point)
        if known.any():
            usable = ratios[:, known]
            quantile = np.nanquantile if np.isnan(usable).any() else np.quantile
            ends = quantile(usable, [draws.tail, 1 - draws.tail], axis=0)
            index = np.flatnonzero(known) + begin
            value[index] = point[known]
            low[index] = np.minimum(ends[0], point[known])
            high[index] = np.maximum(ends[1], point[known])
    return value, low, high


def share_estimate(
    value: float, low: float, high: float, n: float, unit: str = "share", level: float = LEVEL
) -> Estimate:
    """A share with its range; where none or all of `n` were seen, the exact binomial bound takes over.

    The bootstrap cannot see beyond what occurred: 0 of n has the upper bound 1 − α^(1/n) (Clopper and Pearson 1934).
    """
    if n > 0 and value <= 0.0:
        high = max(high, 1 - ((1 - level) / 2) ** (1 / n))
    if n > 0 and value >= 1.0:
        low = min(low, ((1 - level) / 2) ** (1 / n))
    return Estimate(value, low, high, unit, level)
