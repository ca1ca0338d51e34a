"""Is a pilot worth it? What knowing more is worth, minus what it costs, against acting now and against doing nothing.

Expected value of sample information (EVSI) with a normal prior and a normal estimate: Raiffa and Schlaifer (1961),
"Applied Statistical Decision Theory", chapter 5; the unit normal loss integral gives it in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist
from typing import Literal

Recommendation = Literal["act without a pilot", "pilot", "do nothing"]
_NINETY = 1.6448536269514722
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Stakes:
    """What is believed, and what there is to win and to lose, in money.

    Attributes:
        low, mode, high: Effect of the change as a share of the outcome: a range believed with 90 %, and its most likely value.
        base: Outcome of all units that would change, for one period [outcome].
        unit_value: Money for one unit of outcome.
        horizon: Periods the change would pay.
        rollout_cost: Money to change all units.
        pilot_cost: Money for the pilot, whatever its length.
        pilot_cost_per_period: Money for each period of it.
        currency: Its name.
        kept: Part of the rollout that the pilot's own cost has paid, and that stays if it is rolled out.
    """

    low: float
    mode: float
    high: float
    base: float
    unit_value: float
    horizon: float
    rollout_cost: float
    pilot_cost: float
    pilot_cost_per_period: float
    currency: str
    kept: float = 0.0

    @property
    def mean(self) -> float:
        """Expected effect as a share (three-point estimate)."""
        return (self.low + 4 * self.mode + self.high) / 6

    @property
    def spread(self) -> float:
        """Standard deviation of the belief, the range read as a 90 % interval."""
        return (self.high - self.low) / (2 * _NINETY)


@dataclass(frozen=True, slots=True)
class Worth:
    """The three ways on, in expected money over the horizon.

    Attributes:
        act: Change all units now.
        nothing: Leave all as it is: 0.
        pilot: Test first, then do what the estimate says; less its cost and the periods lost meanwhile.
        information: What knowing more is worth before its cost (EVSI).
        cost: Money the pilot costs.
        recommendation: The best of the three.
        chance: Probability that changing all units pays, as believed now.
        sentence: The same for a leader.
        currency: Name of the money.
    """

    act: float
    nothing: float
    pilot: float
    information: float
    cost: float
    recommendation: Recommendation
    chance: float
    sentence: str
    currency: str


def weigh(stakes: Stakes, noise: float, length: int) -> Worth:
    """The three ways on.

    Args:
        stakes: What is believed, and what there is to win and to lose.
        noise: Standard error the pilot's estimate will have, as a share of the outcome.
        length: Periods of the pilot.
    """
    per_share = stakes.base * stakes.unit_value
    act = per_share * stakes.horizon * stakes.mean - stakes.rollout_cost
    left = per_share * max(stakes.horizon - length, 0.0)
    later = left * stakes.mean - (stakes.rollout_cost - stakes.kept)
    informed = expected_best(later, abs(left) * learned(stakes.spread, noise))
    cost = stakes.pilot_cost + stakes.pilot_cost_per_period * length
    pilot = informed - cost
    # Waiting costs the periods lost; what knowing is worth is counted on top of the better choice made as late.
    information = informed - max(later, 0.0)
    ways: list[tuple[float, Recommendation]] = [(act, "act without a pilot"), (0.0, "do nothing"), (pilot, "pilot")]
    best, recommendation = max(ways, key=lambda w: w[0])
    spread = abs(per_share) * stakes.horizon * stakes.spread
    chance = _NORMAL.cdf(act / spread) if spread > 0 else float(act > 0)
    second = max(v for v, r in ways if r != recommendation)
    sentence = (
        f"{recommendation[0].upper()}{recommendation[1:]}: expected {best:,.0f} {stakes.currency} over {stakes.horizon:g} periods, "
        f"{best - second:,.0f} more than the next best way."
    )
    return Worth(act, 0.0, pilot, information, cost, recommendation, chance, sentence, stakes.currency)


def weigh_at_best(stakes: Stakes) -> Worth:
    """The three ways on, if the pilot told the effect exactly after one period: no real one is worth more.

    Where even this one says to act without it, there is nothing to design.
    """
    return weigh(stakes, 0.0, 1)


def learned(prior: float, noise: float) -> float:
    """Standard deviation of the belief's mean after the pilot, as seen before it: σ²/√(σ² + noise²)."""
    return prior**2 / sqrt(prior**2 + noise**2) if prior > 0 else 0.0


def expected_best(mean: float, spread: float) -> float:
    """Expected value of the better of a normal and 0."""
    if spread <= 0:
        return max(mean, 0.0)
    z = mean / spread
    return mean * _NORMAL.cdf(z) + spread * _NORMAL.pdf(z)
