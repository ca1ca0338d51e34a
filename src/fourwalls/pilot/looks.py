"""Looking in between without calling chance an effect: α is spent little by little.

Lan and DeMets (1983), Biometrika 70; spending function of O'Brien–Fleming type for each side,
2 − 2Φ(z(α/4)/√t).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import optimize, stats

from fourwalls.pilot.weights import Floats

_REACH, _POINTS = 8.0, 1201


def spent(alpha: float, share: float) -> float:
    """α spent on both sides by the time a share of the information is in.

    >>> round(spent(0.05, 1.0), 10)
    0.05
    """
    return float(4 * stats.norm.sf(stats.norm.isf(alpha / 4) / share**0.5))


def boundaries(shares: Sequence[float], alpha: float) -> list[float]:
    """Two-sided z-boundaries for looks at these shares of the information, in order.

    Each is found by carrying the density of the score, of those paths that have not crossed before, from look to look
    (Armitage, McPherson and Rowe 1969).

    Args:
        shares: Increasing, in (0, 1].
        alpha: Chance of ever calling an effect where there is none.
    """
    found: list[float] = []
    grid = np.linspace(-_REACH, _REACH, _POINTS)
    step = float(grid[1] - grid[0])
    density: Floats | None = None
    before, used = 0.0, 0.0
    for share in shares:
        increment = max(spent(alpha, share) - used, 1e-12)
        used = spent(alpha, share)
        if density is None:
            density = stats.norm.pdf(grid, scale=share**0.5)
            bound = float(stats.norm.isf(increment / 2))
        else:
            density = _carried(density, grid, step, share - before)
            bound = _bound(density, grid, step, share, increment)
        found.append(bound)
        density = np.where(np.abs(grid) < bound * share**0.5, density, 0.0)
        before = share
    return found


def _carried(density: Floats, grid: Floats, step: float, more: float) -> Floats:
    kernel = stats.norm.pdf(grid[:, None] - grid[None, :], scale=max(more, 1e-9) ** 0.5)
    carried: Floats = kernel @ density * step
    return carried


def _bound(density: Floats, grid: Floats, step: float, share: float, increment: float) -> float:
    tail = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2 * step)])

    def beyond(z: float) -> float:
        edge = z * share**0.5
        return float(tail[-1] - np.interp(edge, grid, tail) + np.interp(-edge, grid, tail)) - increment

    return float(optimize.brentq(beyond, 0.0, _REACH / share**0.5 - 1e-6))


def level_at(shares: Sequence[float], alpha: float) -> float:
    """Coverage the interval needs at the last of these looks, so that α holds over all of them."""
    return float(2 * stats.norm.cdf(boundaries(shares, alpha)[-1]) - 1)
