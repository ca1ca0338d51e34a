"""Shares and ratios over occasions, with ranges that keep a bad week in one piece."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fourwalls.figures import Estimate
from fourwalls.resampling import LEAST_CLUSTERS, LEVEL, draw_clusters, ratio_ranges, share_estimate, wilson

Floats = npt.NDArray[np.float64]
_WEEK_S = 7 * 86_400


def share_of(held: Floats, at: Floats, seed: int = 1) -> Estimate:
    """Share of occasions on which something held: weeks drawn again, or Wilson's interval (1927, JASA 22) where there are few.

    Args:
        held: 1 where it held, else 0, shape (occasions,); at least one.
        at: When [s since 1970], same shape.
        seed: Of the draws.
    """
    n, found = len(held), _by_week(held, np.ones(len(held)), at, seed)
    if found is None:
        share = float(held.mean())
        return Estimate(share, *wilson(share, n), "share", LEVEL)
    exact = share_estimate(*found, n)
    low, high = wilson(exact.value, n)
    # Weeks that all look alike make the bootstrap too sure of itself: never narrower than independent occasions.
    return Estimate(exact.value, min(exact.low, low), max(exact.high, high), "share", LEVEL)


def ratio_of(above: Floats, below: Floats, at: Floats, unit: str, seed: int = 1) -> Estimate | None:
    """A ratio of sums over occasions; None where the record is too short for a range, or there is nothing below."""
    found = _by_week(above, below, at, seed)
    return Estimate(*found, unit, LEVEL) if found is not None else None


def _by_week(above: Floats, below: Floats, at: Floats, seed: int) -> tuple[float, float, float] | None:
    weeks, number = np.unique(at // _WEEK_S, return_inverse=True)
    sums = [np.bincount(number, weights=w, minlength=len(weeks)).astype(np.float64) for w in (above, below)]
    if len(weeks) < LEAST_CLUSTERS or sums[1].sum() <= 0:
        return None
    value, low, high = ratio_ranges(sums[0][None, :], sums[1], draw_clusters(len(weeks), seed))
    return float(value[0]), float(low[0]), float(high[0])
