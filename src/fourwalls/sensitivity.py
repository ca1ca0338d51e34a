"""Which assumptions would change the answer, and at what value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Values = Callable[[Mapping[str, Floats]], Mapping[str, Floats]]
"""Assumption -> its values, shape (n,), to path -> what it brings with them, shape (n,) [portfolio currency]."""

_POINTS = 65
_PRECISION = 1e-9


@dataclass(frozen=True, slots=True)
class Assumption:
    """A figure that somebody assumed.

    Attributes:
        name: As in portfolio.toml.
        low, base, high: Its range and what is taken; low <= base <= high.
        unit: As read aloud, e.g. "share", "weeks".
    """

    name: str
    low: float
    base: float
    high: float
    unit: str = ""

    def __post_init__(self) -> None:
        if not (np.isfinite([self.low, self.base, self.high]).all() and self.low <= self.base <= self.high):
            raise ValueError(f"{self.name}: {self.low}, {self.base}, {self.high} is no range")


@dataclass(frozen=True, slots=True)
class Switch:
    """Where the best path changes.

    Attributes:
        at: The value of the assumption.
        to: The path that is best from there on, away from what is taken.
    """

    at: float
    to: str


@dataclass(frozen=True, slots=True)
class Swing:
    """What one assumption does to the answer, all others being as taken.

    Attributes:
        assumption: It, with its range.
        best: The best path where the assumption is as taken.
        at_low, at_base, at_high: Path -> what it brings at the ends of the range and between [portfolio currency].
        switches: The nearest change of the best path below and above what is taken, nearest first, in parts of the
            range; empty where it never changes within the range.
    """

    assumption: Assumption
    best: str
    at_low: Mapping[str, float]
    at_base: Mapping[str, float]
    at_high: Mapping[str, float]
    switches: tuple[Switch, ...]

    @property
    def width(self) -> float:
        """How far the best path's value moves over the range [portfolio currency]."""
        return abs(self.at_high[self.best] - self.at_low[self.best])

    @property
    def nearness(self) -> float:
        """Way to the nearest switch in parts of the range on that side, 0-1; infinite where there is none."""
        if not self.switches:
            return np.inf
        a, at = self.assumption, self.switches[0].at
        room = a.high - a.base if at > a.base else a.base - a.low
        return abs(at - a.base) / room if room > 0 else 0.0


def tornado(values: Values, assumptions: Sequence[Assumption]) -> tuple[Swing, ...]:
    """What each assumption does to the answer, widest first: one at a time, all others as taken.

    The switching value is looked for on a grid over the range, then between the two grid points where the best path
    changes; a path that is best only between two neighbouring points (a 64th of the range) can be missed.

    Args:
        values: The value of every path, leaving things as they are among them, from arrays of assumptions.
        assumptions: With their ranges.
    """
    taken = {a.name: a.base for a in assumptions}

    def along(name: str) -> Callable[[Floats], Mapping[str, Floats]]:
        return lambda at: values({**{k: np.full(len(at), v) for k, v in taken.items()}, name: at})

    return _widest_first(_swing(a, along(a.name)) for a in assumptions)


def deciding(swings: Sequence[Swing], most: int = 3) -> tuple[Swing, ...]:
    """The assumptions that would change the answer within their range, nearest switch first.

    Fewer than `most` where fewer would; none where the answer holds over every range.
    """
    return tuple(sorted((s for s in swings if s.switches), key=lambda s: (s.nearness, -s.width))[:most])


def _widest_first(swings: Iterable[Swing]) -> tuple[Swing, ...]:
    return tuple(sorted(swings, key=lambda s: (-s.width, s.assumption.name)))


def _swing(a: Assumption, along: Callable[[Floats], Mapping[str, Floats]]) -> Swing:
    ends = along(np.array([a.low, a.base, a.high]))
    low, base, high = ({path: float(v[i]) for path, v in ends.items()} for i in range(3))
    best = max(base, key=lambda path: base[path])
    found = [s for end in (a.low, a.high) if (s := _switch(along, best, a.base, end)) is not None]
    swing = Swing(a, best, low, base, high, tuple(found))
    if len(found) == 2 and Swing(a, best, low, base, high, (found[1],)).nearness < swing.nearness:
        found.reverse()
    return Swing(a, best, low, base, high, tuple(found))


def _switch(along: Callable[[Floats], Mapping[str, Floats]], best: str, start: float, end: float) -> Switch | None:
    """The value nearest to `start`, on the way to `end`, at which another path becomes the best."""
    near, far, to = start, end, ""
    while abs(far - near) > _PRECISION * max(abs(end - start), abs(near) * 1e-3):
        at = np.linspace(near, far, _POINTS)
        values = along(at)
        paths = list(values)
        drawn = np.stack([values[p] for p in paths])
        is_beaten = drawn.max(axis=0) > values[best]
        is_beaten[0] = False
        if not is_beaten.any():
            return None if not to else Switch(float(far), to)
        first = int(is_beaten.argmax())
        near, far, to = float(at[first - 1]), float(at[first]), paths[int(drawn[:, first].argmax())]
    return Switch(far, to) if to else None
