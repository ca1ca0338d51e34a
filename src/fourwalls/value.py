"""What a failure costs: the one place that knows prices, margins and assumptions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fourwalls.diagnosis import Outcome
from fourwalls.portfolio import Portfolio

Floats = npt.NDArray[np.float64]

# Choices, both marked on the page where they were used: a late line is mostly kept, and costs goodwill and returns; the
# margin is the middle of what general merchandise retailers report.
DEFAULT_LATE_LINE_COST_SHARE = 0.1
DEFAULT_GROSS_MARGIN_SHARE = 0.35


@dataclass(frozen=True, slots=True)
class Costs:
    """What failures cost, as shares of the net value of a line.

    Attributes:
        late: A line that comes late, or not yet.
        lost: A line that is never sold or is cancelled: its gross margin.
    """

    late: float
    lost: float

    def of(self, outcome: Outcome) -> float:
        """Cost of an outcome as a share of the line's net value."""
        return self.lost if outcome == "cancelled" else self.late


@dataclass(frozen=True, slots=True)
class Worth:
    """What repairing each side would be worth, as it is and as it would be in other weeks.

    Attributes:
        inside, between: In money, or in comparable units where nothing is priced.
        inside_draws, between_draws: The same in each replicate, shape (replicates,).
    """

    inside: float
    between: float
    inside_draws: Floats
    between_draws: Floats

    def plus(self, other: Worth) -> Worth:
        """Both together; replicates of different flows are independent."""
        n = min(len(self.inside_draws), len(other.inside_draws))
        return Worth(
            self.inside + other.inside,
            self.between + other.between,
            self.inside_draws[:n] + other.inside_draws[:n],
            self.between_draws[:n] + other.between_draws[:n],
        )

    @property
    def inside_share(self) -> float:
        """Part of the worth that is inside, 0-1; what a repair costs counts on neither side."""
        a, b = max(self.inside, 0.0), max(self.between, 0.0)
        return a / (a + b) if a + b > 0 else 0.5

    @property
    def inside_chance(self) -> float:
        """Chance that the inside is worth more, 0-1."""
        a, b = self.inside_draws, self.between_draws
        return float((a > b).mean() + (a == b).mean() / 2) if len(a) else 0.5


def costs(portfolio: Portfolio, margin_share: float | None) -> Costs:
    """What failures cost.

    Args:
        portfolio: With its assumptions.
        margin_share: Gross margin as the order lines show it; None where they do not.
    """
    said = portfolio.assumptions
    late = said.get("late_line_cost_share", DEFAULT_LATE_LINE_COST_SHARE)
    lost = margin_share if margin_share is not None else said.get("gross_margin_share", DEFAULT_GROSS_MARGIN_SHARE)
    return Costs(late, lost)


def defaults_used(portfolio: Portfolio, is_costed: bool) -> tuple[str, ...]:
    """Assumptions that were not set and whose default was used, in words."""
    notes = []
    if "late_line_cost_share" not in portfolio.assumptions:
        notes.append(
            f"a late line costs {100 * DEFAULT_LATE_LINE_COST_SHARE:.0f} % of its value (late_line_cost_share)"
        )
    if not is_costed and "gross_margin_share" not in portfolio.assumptions:
        notes.append(f"gross margin is {100 * DEFAULT_GROSS_MARGIN_SHARE:.0f} % (gross_margin_share)")
    return tuple(notes)
