"""Keyed randomness: every draw belongs to a thing of the world, never to the order in which code runs.

A repaired world is the same world with the same luck. So whatever is drawn at random is drawn for things that exist in
every version of it (a customer's wish, a supplier on a day), before anything is decided, under a name of its own.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Columns = dict[str, NDArray[Any]]
"""A small table: equally long arrays by name."""


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """The random numbers of one purpose: independent of all others, the same on every run."""
    name = "/".join(str(word) for word in (seed, *purpose))
    key = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=16).digest(), "little")
    return np.random.Generator(np.random.PCG64DXSM(key))


def pick(shares: Floats, luck: Floats) -> Ints:
    """The choice each piece of luck falls on.

    Args:
        shares: Weight of each choice, shape (choices,) or (rows, choices).
        luck: Uniform on [0, 1), shape (rows,).

    Returns:
        Index of the choice, shape (rows,).
    """
    ladder = np.cumsum(shares, axis=-1)
    if ladder.ndim == 1:
        return np.minimum(np.searchsorted(ladder / ladder[-1], luck, side="right"), len(ladder) - 1).astype(np.int64)
    steps = ladder / ladder[:, -1:]
    chosen: Ints = np.minimum((luck[:, None] >= steps).sum(axis=1), shares.shape[1] - 1).astype(np.int64)
    return chosen


def take(columns: Columns, rows: NDArray[Any]) -> Columns:
    """The chosen rows of a small table."""
    return {name: values[rows] for name, values in columns.items()}


def stack(above: Columns, below: Columns) -> Columns:
    """Two small tables with the same columns, one under the other."""
    return {name: np.concatenate([above[name], below[name]]) for name in below}
