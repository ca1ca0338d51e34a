"""What the product may say: an estimate with its range, or a refusal with its reason."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with the unit and the range we would defend.

    Attributes:
        value, low, high: Point and bounds [unit]; low <= value <= high, all finite.
        unit: As read aloud: "share", "hours", "EUR", "lines".
        level: Coverage the bounds claim, e.g. 0.9.
    """

    value: float
    low: float
    high: float
    unit: str
    level: float = 0.9

    def __post_init__(self) -> None:
        if not all(math.isfinite(x) for x in (self.value, self.low, self.high)):
            raise ValueError(f"not a figure: {self.value}, {self.low}, {self.high}")
        if not self.low <= self.value <= self.high:
            raise ValueError(f"value outside its own range: {self.low} <= {self.value} <= {self.high}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a figure is not given; never a 0 in its place.

    Attributes:
        code: A stable word for programs, e.g. "no_promise".
        about: The figure that is refused, e.g. "cost of lateness".
        because: The reason, in a sentence.
        next_step: The data that would tell, in a sentence.
    """

    code: str
    about: str
    because: str
    next_step: str


Figure = Estimate | Refusal


@dataclass(frozen=True, slots=True)
class Reading:
    """A measured figure with its name, what it counts, and on how much it rests.

    Attributes:
        name: The field's standard name, e.g. "otif_share".
        label: As a leader reads it, e.g. "On time in full (OTIF)".
        figure: The estimate, or the refusal in its place.
        n: Records behind it (order lines unless the definition says otherwise).
        definition: The formula in words.
    """

    name: str
    label: str
    figure: Figure
    n: int
    definition: str


@dataclass(frozen=True, slots=True)
class Period:
    """Days of the record that are looked at.

    Attributes:
        start: First day, inclusive.
        end: First day after, exclusive.
    """

    start: date
    end: date
