"""What a failure costs: the one place that knows prices, margins and assumptions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fourwalls.diagnosis import Outcome, PathWorth, VerdictName
from fourwalls.figures import Estimate
from fourwalls.portfolio import Portfolio

Floats = npt.NDArray[np.float64]

# Choices, both marked on the page where they were used: a late line is mostly kept, and costs goodwill and returns; the
# margin is the middle of what general merchandise retailers report.
DEFAULT_LATE_LINE_COST_SHARE = 0.1
# What a late line costs is known within a factor of three at best where nobody has said: low, mode, high of that factor.
LATE_COST_FACTOR = (1 / 3, 1.0, 3.0)
DEFAULT_GROSS_MARGIN_SHARE = 0.35
# Used only where portfolio.toml gives costs of paths and not these.
DEFAULT_HORIZON_YEARS = 3.0
DEFAULT_DISCOUNT_RATE = 0.1
DEFAULT_RAMP_WEEKS = 13.0
DEFAULT_ATTAINABLE_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Costs:
    """What failures cost, as shares of the net value of a line.

    Attributes:
        late: A line that comes late, or not yet.
        lost: A line that is never sold or is cancelled: its gross margin.
        is_late_assumed: Whether `late` is a default that nobody in the company has set.
    """

    late: float
    lost: float
    is_late_assumed: bool = False

    def of(self, outcome: Outcome) -> float:
        """Cost of an outcome as a share of the line's net value."""
        return self.lost if outcome == "cancelled" else self.late


@dataclass(frozen=True, slots=True)
class Worth:
    """What repairing each side would be worth, as it is and as it would be in other weeks.

    Attributes:
        inside, between: Over the record, in money, or in comparable units where nothing is priced.
        inside_draws, between_draws: The same in each replicate, shape (replicates,).
        both: Repairing both sides; None where that is their sum.
        carrying: Value of the stock that repairing inside, between and both adds on a mean day.
        is_money: Whether it is in money.
    """

    inside: float
    between: float
    inside_draws: Floats
    between_draws: Floats
    both: float | None = None
    carrying: tuple[float, float, float] = (0.0, 0.0, 0.0)
    is_money: bool = True

    def plus(self, other: Worth) -> Worth:
        """Both together; replicates of different flows are independent."""
        n = min(len(self.inside_draws), len(other.inside_draws))
        return Worth(
            self.inside + other.inside,
            self.between + other.between,
            self.inside_draws[:n] + other.inside_draws[:n],
            self.between_draws[:n] + other.between_draws[:n],
            self.together + other.together,
            (
                self.carrying[0] + other.carrying[0],
                self.carrying[1] + other.carrying[1],
                self.carrying[2] + other.carrying[2],
            ),
            self.is_money and other.is_money,
        )

    @property
    def together(self) -> float:
        """What repairing both sides is worth."""
        return self.inside + self.between if self.both is None else self.both

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
    return Costs(late, lost, "late_line_cost_share" not in said)


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


PATHS: tuple[VerdictName, VerdictName, VerdictName] = ("operate", "orchestrate", "operate then orchestrate")
_NOTHING = {"low": 0.0, "mode": 0.0, "high": 0.0}


@dataclass(frozen=True, slots=True)
class PathValue:
    """What one path brings over the horizon, after what it costs [portfolio currency].

    Attributes:
        value: Expected, over the draws.
        draws: In other weeks and with other costs, shape (replicates,).
    """

    value: float
    draws: Floats


def path_values(
    worth: Worth, years: float, portfolio: Portfolio, seed: int = 1
) -> Mapping[VerdictName, PathValue] | None:
    """What each path brings over the horizon, after what it costs.

    Benefits a year rise over the ramp, of which the attainable share is reached, are discounted month by month, and bear
    the carrying cost of the stock that they need. Costs are drawn from triangles over low, mode and high. None where
    nothing is priced or portfolio.toml says no cost of a path.

    Args:
        worth: What repairing is worth over the record.
        years: Length of the record.
        portfolio: With its assumptions and costs.
        seed: Of the draws of costs.
    """
    if not worth.is_money or not portfolio.paths or years <= 0:
        return None
    said = portfolio.assumptions
    months = (np.arange(round(12 * said.get("horizon_years", DEFAULT_HORIZON_YEARS))) + 0.5) / 12
    discount = (1 + said.get("discount_rate", DEFAULT_DISCOUNT_RATE)) ** -months
    ramp = np.minimum(1.0, months / max(said.get("ramp_weeks", DEFAULT_RAMP_WEEKS) / 52, 1e-9))
    benefit = float((ramp * discount).sum()) / 12 * said.get("attainable_share", DEFAULT_ATTAINABLE_SHARE)
    carrying = said.get("carrying_rate_per_year", 0.0)
    n = len(worth.inside_draws)
    rng = np.random.default_rng(seed)
    costs_drawn = {}
    for name in ("operate", "orchestrate"):
        table = portfolio.paths.get(name, {})
        parts = [
            (table.get("one_off_amount", _NOTHING), 1.0),
            (table.get("run_amount_per_year", _NOTHING), discount.sum() / 12),
        ]
        costs_drawn[name] = np.sum([times * _triangle(rng, part, n) for part, times in parts], axis=0)
    beyond = worth.together - worth.inside - worth.between
    gains = (worth.inside_draws, worth.between_draws, worth.inside_draws + worth.between_draws + beyond)
    spent = ("operate",), ("orchestrate",), ("operate", "orchestrate")
    found = {}
    for path, drawn, stock, names in zip(PATHS, gains, worth.carrying, spent, strict=True):
        draws = benefit * (drawn / years - carrying * stock) - np.sum([costs_drawn[x] for x in names], axis=0)
        found[path] = PathValue(float(draws.mean()), np.asarray(draws, np.float64))
    return found


def _triangle(rng: np.random.Generator, part: Mapping[str, float], n: int) -> Floats:
    low, mode, high = (float(part[x]) for x in ("low", "mode", "high"))
    return rng.triangular(low, mode, high, n) if high > low else np.full(n, mode)


def paths_told(values: Mapping[VerdictName, PathValue] | None, currency: str, level: float) -> tuple[PathWorth, ...]:
    """The value of each path with its range, and the chance that it is the best, doing nothing included."""
    if values is None:
        return ()
    drawn = np.stack([*(v.draws for v in values.values()), np.zeros(len(next(iter(values.values())).draws))])
    best = drawn.argmax(axis=0)
    told = []
    for number, (path, v) in enumerate(values.items()):
        low, high = (float(x) for x in np.quantile(v.draws, [(1 - level) / 2, (1 + level) / 2]))
        figure = Estimate(v.value, min(low, v.value), max(high, v.value), currency, level)
        told.append(PathWorth(path, figure, float((best == number).mean())))
    return tuple(told)
