"""Luck that stays equal: every draw is keyed by what it is about, so mending something leaves all else as it fell."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_BEGIN = ("b", "br", "d", "f", "g", "gr", "h", "k", "kl", "l", "m", "n", "p", "r", "s", "st", "t", "tr", "v", "z")
_MIDDLE = ("a", "e", "i", "o", "u", "ai", "or", "en")


@dataclass(frozen=True, slots=True)
class Luck:
    """All chance of one world.

    Attributes:
        seed: Of the world.
    """

    seed: int

    def of(self, *about: object) -> np.random.Generator:
        """Generator for one matter; the same matter has the same draws in every rerun."""
        return np.random.default_rng([self.seed, *(crc32(str(a).encode()) for a in about)])


class Words:
    """Random words, none of them twice."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._used: set[str] = set()

    def one(self) -> str:
        """A word of two or three syllables."""
        while True:
            n = int(self._rng.integers(2, 4))
            word = "".join(str(self._rng.choice(_BEGIN)) + str(self._rng.choice(_MIDDLE)) for _ in range(n))
            if word not in self._used:
                self._used.add(word)
                return word

    def some(self, n: int) -> list[str]:
        """Several words."""
        return [self.one() for _ in range(n)]
