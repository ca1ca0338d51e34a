"""Gates: daily cut-offs and days off behind which a line has to wait, whoever brought it late."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fourwalls.chain.departures import Departures, Key

Floats = npt.NDArray[np.float64]

HOURS = 168
# A calendar is looked for only where this many lines, spread over a good part of the week, were seen.
LEAST_LINES = 300
LEAST_HOURS = 24
# A gate has to explain at least half of how durations vary with the hour in which they begin …
LEAST_EXPLAINED = 0.5
# … and that variation must be at least this many times what chance alone would give.
LEAST_OVER_CHANCE = 2.0

_DAYS = {
    "every day": range(7),
    "Monday to Saturday": range(6),
    "Monday to Friday": range(5),
    "Sunday to Thursday": (0, 1, 2, 3, 6),
}


@dataclass(frozen=True, slots=True)
class Gate:
    """Once a day, on some days, work begins for all that has come by then.

    Attributes:
        hour: Beginning of the hour at which it opens (UTC), 0-23.
        days: The days on which it opens, in words.
        wait_hours: Hours from the beginning of each hour of the week to the next opening, shape (168,).
    """

    hour: int
    days: str
    wait_hours: Floats


class Calendars(NamedTuple):
    """Stage → its gate columns' values → gate, and departures by doer, carrier and destination."""

    gates: Mapping[str, Mapping[Hashable, Gate]]
    departures: Mapping[Key, Departures]


def hours_of_open_days(wait_hours: Floats) -> Floats:
    """Whether an hour of the week is of a day on which a gate opens, 1 or 0, shape (168,), from its `Gate.wait_hours`."""
    # One hour after the beginning of the hour before it, the gate opens.
    opens = np.roll(wait_hours == 1, 1)
    return np.repeat(opens.reshape(7, 24).any(axis=1), 24).astype(np.float64)


def _candidates() -> tuple[Gate, ...]:
    gates = []
    for words, days in _DAYS.items():
        for hour in range(24):
            opens = np.sort(np.array([day * 24 + hour for day in days], dtype=np.float64))
            begin = np.arange(HOURS, dtype=np.float64)
            # A line that begins within the opening hour has missed it.
            following = np.concatenate([opens, opens + HOURS])
            position = np.searchsorted(following, begin, side="right")
            gates.append(Gate(hour, words, following[position] - begin))
    return tuple(gates)


CANDIDATES = _candidates()
_WAITS = np.array([gate.wait_hours for gate in CANDIDATES])


def find_gate(lines: Floats, hours: Floats, square: Floats) -> Gate | None:
    """The gate that explains how durations vary with the hour of the week in which they begin; None if none does.

    Behind a gate, a duration counted from the beginning of its first hour is (wait until it opens) + (work): its mean
    falls by one hour for each hour of the week until the gate, then jumps. That slope of exactly one is the signature.

    Args:
        lines, hours, square: Count, sum and sum of squares of those durations by hour of the week, shape (168,).
    """
    seen = lines > 0
    if lines.sum() < LEAST_LINES or seen.sum() < LEAST_HOURS:
        return None
    n, mean = lines[seen], hours[seen] / lines[seen]
    within = max(float((square[seen] - n * mean**2).sum()) / max(float(n.sum()) - seen.sum(), 1.0), 1e-9)
    unexplained = _weighted_square(mean[None, :], n)[0]
    if unexplained / max(int(seen.sum()) - 1, 1) < LEAST_OVER_CHANCE * within:
        return None
    left = _weighted_square(mean[None, :] - _WAITS[:, seen], n)
    best = int(np.argmin(left))
    return CANDIDATES[best] if left[best] <= (1 - LEAST_EXPLAINED) * unexplained else None


def _weighted_square(values: Floats, weights: Floats) -> Floats:
    """Weighted sum of squares around the weighted mean, for each row."""
    mean = values @ weights / weights.sum()
    squares: Floats = ((values - mean[:, None]) ** 2) @ weights
    return squares


def find_gates(
    keys: list[Hashable], hour: npt.NDArray[np.int64], lines: Floats, hours: Floats, square: Floats
) -> dict[Hashable, Gate]:
    """The gate of each key, where there is one.

    Args:
        keys: Who the row is about, one for each row.
        hour, lines, hours, square: Columns of `durations_by_start`, one entry for each row.
    """
    codes: dict[Hashable, int] = {}
    index = np.array([codes.setdefault(key, len(codes)) for key in keys], dtype=np.int64)
    cells = np.zeros((3, len(codes), HOURS))
    for row, values in enumerate((lines, hours, square)):
        np.add.at(cells[row], (index, hour), values)
    found = {key: find_gate(*cells[:, code]) for key, code in codes.items()}
    return {key: gate for key, gate in found.items() if gate is not None}
