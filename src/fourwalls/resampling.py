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


# Shocks that last a few weeks have mostly gone by within a twelfth of the record.
FOLDS = 12


def blocks_per_fold(spans: int) -> int:
    """How many blocks make a fold, see `spans_per_block`."""
    return 2 if spans >= 1.5 * FOLDS else 1


def spans_per_block(spans: int) -> int:
    """Length of the blocks in which a record of so many spans is counted; one or two of them make a fold, a twelfth of it."""
    return max(1, round(spans / FOLDS / blocks_per_fold(spans)))


@dataclass(frozen=True, slots=True)
class Draws:
    """How often each cluster was drawn in each replicate.

    Attributes:
        counts: Shape (replicates, clusters); clusters of one block are drawn together.
        tail: Probability cut off at each end of the replicates, see `expanded_tail`.
        block: Number of the block of each cluster, from 0, shape (clusters,).
        single: The clusters drawn one by one, for what occurs in too few blocks; None if that is what these draws are.
    """

    counts: Floats
    tail: float
    block: npt.NDArray[np.int64]
    single: Draws | None = None


def draw_clusters(
    clusters: int,
    seed: int,
    replicates: int = REPLICATES,
    level: float = LEVEL,
    block: npt.NDArray[np.int64] | None = None,
) -> Draws:
    """Bootstrap draws of `clusters` clusters with replacement.

    Neighbours that share a number in `block` are drawn together, so that a shock that lasts stays in one piece (Carlstein
    1986, Annals of Statistics 14); the few blocks this leaves are what `expanded_tail` is for.
    """
    rng = np.random.default_rng(seed)
    if block is not None and len(set(block.tolist())) < clusters:
        names, number = np.unique(block, return_inverse=True)
        drawn = draw_clusters(len(names), seed, replicates, level)
        return Draws(drawn.counts[:, number], drawn.tail, number, draw_clusters(clusters, seed, replicates, level))
    counts = rng.multinomial(clusters, np.full(clusters, 1 / clusters), size=replicates).astype(np.float64)
    return Draws(counts, expanded_tail(clusters, level), np.arange(clusters))


POWER = 0.8
"""Chance with which an effect that is told as the smallest that would have been seen is found (Cohen 1988, chapter 1)."""


def student_quantile(p: float, freedom: float) -> float:
    """Quantile of Student's t by the expansion of Abramowitz and Stegun 26.7.5; good to 1 % from 4 degrees on.

    Below that, that of two degrees: too wide for three, and too narrow for one, which nobody should ask for.

    >>> round(student_quantile(0.95, 10), 3)
    1.812
    """
    if freedom < 4:
        # The quantile of two degrees has a closed form, and is the wider one for three.
        return float((2 * p - 1) / (2 * p * (1 - p)) ** 0.5)
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
        draws: From `draw_clusters`. A ratio whose denominator fills fewer than LEAST_CLUSTERS blocks takes single clusters.

    Returns:
        value, low, high, each of shape (ratios,); low <= value <= high. NaN where the denominator sums to 0.
    """
    rows = numerators.shape[0]
    value, low, high = (np.full(rows, np.nan) for _ in range(3))
    below = np.broadcast_to(denominator, numerators.shape)
    few = np.zeros(rows, dtype=np.bool_)
    if draws.single is not None and rows:
        starts = np.flatnonzero(np.diff(draws.block, prepend=-1))
        few = (np.add.reduceat(below, starts, axis=1) > 0).sum(axis=1) < LEAST_CLUSTERS
    for chosen, used in ((np.flatnonzero(~few), draws), (np.flatnonzero(few), draws.single)):
        for begin in range(0, len(chosen), _CHUNK):
            part = chosen[begin : begin + _CHUNK]
            if used is not None:
                value[part], low[part], high[part] = _ratio_ranges(numerators[part], below[part], used)
    return value, low, high


def _ratio_ranges(above: Floats, below: Floats, draws: Draws) -> tuple[Floats, Floats, Floats]:
    value, low, high = (np.full(len(above), np.nan) for _ in range(3))
    drawn_below, drawn = draws.counts @ below.T, draws.counts @ above.T
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(drawn_below > 0, drawn / drawn_below, np.nan)
        point = above.sum(axis=1) / below.sum(axis=1)
    known = np.isfinite(point)
    if known.any():
        usable = ratios[:, known]
        quantile = np.nanquantile if np.isnan(usable).any() else np.quantile
        ends = quantile(usable, [draws.tail, 1 - draws.tail], axis=0)
        value[known] = point[known]
        low[known] = np.minimum(ends[0], point[known])
        high[known] = np.maximum(ends[1], point[known])
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


def wilson(share: float, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Range of a share of `n` independent cases (Wilson 1927, Journal of the American Statistical Association 22)."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    centre, spread = share + z * z / (2 * n), z * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    below = 1 + z * z / n
    return max(0.0, min(share, (centre - spread) / below)), min(1.0, max(share, (centre + spread) / below))
