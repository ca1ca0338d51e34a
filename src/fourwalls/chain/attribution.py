"""Shapley: what each player adds, averaged over all orders in which the players could come."""

from __future__ import annotations

from math import factorial

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def shapley(worth: npt.NDArray[np.float64] | npt.NDArray[np.bool_], players: int) -> Floats:
    """Shapley values of many games at once.

    Shapley (1953), "A Value for n-person Games": v_i = Σ_S |S|!(n−|S|−1)!/n! · (w(S ∪ i) − w(S)).

    Args:
        worth: Worth of every coalition, shape (2^players, games); bit i of the row number stands for player i.
        players: Number of players.

    Returns:
        Shape (players, games); over players they add up to worth[all] − worth[none].
    """
    values = np.zeros((players, worth.shape[1]))
    for player in range(players):
        bit = 1 << player
        for coalition in range(1 << players):
            if not coalition & bit:
                size = coalition.bit_count()
                weight = factorial(size) * factorial(players - size - 1) / factorial(players)
                values[player] += weight * (
                    worth[coalition | bit].astype(np.float64) - worth[coalition].astype(np.float64)
                )
    return values


def worth_of(worth: npt.NDArray[np.bool_], coalition: Ints) -> npt.NDArray[np.bool_]:
    """Worth of another coalition for each game; shapes (coalitions, games) and (games,)."""
    chosen: npt.NDArray[np.bool_] = np.take_along_axis(worth, coalition[None, :], axis=0)[0]
    return chosen
