"""When in the day a series usually sells: hours of its sku, bent by those of its node."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HOURS = 24
ROUNDS = 4
# Units that a factor is taken to have sold beforehand as others do: who sells little keeps the hours of all.
BORROWED_UNITS = 5.0


def usual_hours(sold: Floats, stocked: Floats, sku: Ints, node: Ints) -> tuple[Floats, Floats]:
    """Shares of the day of each sku and factors of each node: usual demand in hour h is share[sku, h] x factor[node, h].

    Each is by turns what was sold over what was due: level of the series x hours with stock x the other. The level matters:
    late hours are stocked more often in series that sell little. The equations are those of a Poisson model with these
    factors, solved by turns as iterative proportional fitting does (Deming and Stephan 1940).

    Args:
        sold: Units sold in each hour of the day while there was stock, shape (series, 24).
        stocked: Hours with stock, summed over days, same shape.
        sku: Sku of each series, numbered from 0.
        node: Node of each series, numbered from 0.

    Returns:
        Shapes (skus, 24), rows adding up to 1, and (nodes, 24).
    """
    n_skus, n_nodes = int(sku.max(initial=-1)) + 1, int(node.max(initial=-1)) + 1
    of_skus, of_nodes = np.full((n_skus, HOURS), 1.0 / HOURS), np.ones((n_nodes, HOURS))
    total = sold.sum(axis=1)
    for _ in range(ROUNDS):
        usual = of_skus[sku] * of_nodes[node]
        level = total / np.maximum((stocked * usual).sum(axis=1), 1e-12)
        due = level[:, None] * stocked * of_nodes[node]
        everywhere = sold.sum(axis=0) / np.maximum(due.sum(axis=0), 1e-12)
        everywhere /= max(everywhere.sum(), 1e-12)
        borrowed = BORROWED_UNITS * everywhere
        of_skus = everywhere * _ratio(sold, due * everywhere, sku, n_skus, borrowed)
        of_skus /= np.maximum(of_skus.sum(axis=1, keepdims=True), 1e-12)
        due = level[:, None] * stocked * of_skus[sku]
        of_nodes = _ratio(sold, due, node, n_nodes, borrowed)
    return of_skus, of_nodes


def _ratio(sold: Floats, due: Floats, key: Ints, n: int, borrowed: Floats) -> Floats:
    """Sold over due by key and hour, as if `borrowed` units had sold and been due before."""
    got, expected = (
        np.stack([np.bincount(key, values[:, hour], n) for hour in range(HOURS)], axis=1) for values in (sold, due)
    )
    return np.asarray((got + borrowed) / np.maximum(expected + borrowed, 1e-12), np.float64)
