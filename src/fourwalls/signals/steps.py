"""Steps from one week to the next: what changes slowly (season, trend, mix) cancels out in them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fourwalls.resampling import LEAST_CLUSTERS, Draws, draw_clusters
from fourwalls.signals.material import Bools, Floats

# Neighbouring steps share a week; blocks of four weeks keep most of what they share together.
_BLOCK = 4


def steps(values: Floats, used: Bools) -> Floats:
    """Difference of each week to the one before it; 0 where one of both is not used, shape (weeks,)."""
    found = np.zeros(len(values))
    both = used[1:] & used[:-1]
    found[1:][both] = (values[1:] - values[:-1])[both]
    return found


@lru_cache(maxsize=8)
def neighbour_draws(weeks: int) -> Draws:
    """Bootstrap draws for sums over steps: blocks of weeks (Künsch 1989, Annals of Statistics 17), as long as eight are left.

    The seed is fixed, so that a figure and its range are a function of the record alone; drawn once for all assets and what-ifs.
    """
    length = min(_BLOCK, max(1, weeks // LEAST_CLUSTERS))
    return draw_clusters(weeks, 1, block=np.arange(weeks) // length)
