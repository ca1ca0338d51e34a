"""Weights on a simplex: which mix of controls, or of earlier periods, comes nearest to what is to be explained."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_TOLERANCE = 1e-9
_MOST_STEPS = 20_000


@numba.njit(cache=True)  # type: ignore[untyped-decorator, unused-ignore]
def _simplex_kernel(gram: Floats, goal: Floats, donors: Ints, ridge: float, tolerance: float, steps: int) -> Floats:
    """Minimises w'Gw − 2 goal'w + ridge·w'w over weights of the donors that are >= 0 and sum to 1.

    Moves weight between the pair of donors that gains most (sequential minimal optimisation, second-order choice of
    the pair: Fan, Chen and Lin 2005, JMLR 6), exactly along the pair, until no pair gains.

    Args:
        gram: Shape (n, n), positive semidefinite.
        goal: Shape (n,).
        donors: Numbers of the rows that may have weight, shape (d,).
        ridge: Added to the diagonal.
        tolerance: Largest difference of gradients left.
        steps: Most steps.

    Returns:
        Weights, shape (d,).
    """
    d = donors.size
    least = 1e-3 * tolerance
    w = np.full(d, 1.0 / d)
    gradient = np.empty(d)
    for a in range(d):
        s = 0.0
        for b in range(d):
            s += gram[donors[a], donors[b]]
        gradient[a] = s / d + ridge / d - goal[donors[a]]
    for _ in range(steps):
        up = 0
        for a in range(1, d):
            if gradient[a] < gradient[up]:
                up = a
        best, down, worst = 0.0, -1, 0.0
        row = gram[donors[up]]
        own = row[donors[up]] + 2 * ridge
        for b in range(d):
            gain = gradient[b] - gradient[up]
            if w[b] > 0.0 and gain > 0.0:
                if gain > worst:
                    worst = gain
                curve = own + gram[donors[b], donors[b]] - 2 * row[donors[b]]
                value = gain * gain / (max(least, curve))
                if value > best:
                    best, down = value, b
        if down < 0 or worst < tolerance:
            break
        curve = own + gram[donors[down], donors[down]] - 2 * row[donors[down]]
        move = (gradient[down] - gradient[up]) / (max(least, curve))
        move = min(move, w[down])
        w[up] += move
        w[down] -= move
        other = gram[donors[down]]
        for a in range(d):
            gradient[a] += move * (row[donors[a]] - other[donors[a]])
        gradient[up] += move * ridge
        gradient[down] -= move * ridge
    return w


def simplex_weights(gram: Floats, goal: Floats, donors: Ints, ridge: float = 0.0) -> Floats:
    """Weights >= 0 that sum to 1 and minimise the squared distance, from inner products.

    Args:
        gram: Inner products of all series with each other, shape (n, n).
        goal: Inner products of all series with the one to be matched, shape (n,).
        donors: Which series may have weight, shape (d,).
        ridge: Penalty on the sum of squared weights.

    Returns:
        Weights of the donors, shape (d,).
    """
    scale = float(np.mean(np.diag(gram)[donors])) or 1.0
    return np.asarray(_simplex_kernel(gram, goal, donors, ridge, _TOLERANCE * scale, _MOST_STEPS))
