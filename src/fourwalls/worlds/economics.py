"""What things cost in a world, and what the company knows of it: one place, for the truth and for portfolio.toml."""

from __future__ import annotations

from collections.abc import Mapping

GOODWILL_SHARE = 0.04
"""Part of the value of a line that failed its promise which is given back at once."""

LATE_COST_SHARE = 0.12
"""What the company reckons a late line costs it in the end, goodwill and lost custom, as a share of its net value."""

WAGE_AMOUNT_PER_HOUR = 24.0
CARRYING_RATE_PER_YEAR = 0.22
DISCOUNT_RATE = 0.09
HORIZON_YEARS = 3.0
ATTAINABLE_SHARE = 0.8
RAMP_WEEKS = 12

Range = tuple[float, float, float]
"""Low, mode and high."""


def path_costs(asset_revenue: float) -> dict[str, dict[str, Range]]:
    """Costs of a path for one asset, scaled to the mean revenue of an asset a year."""

    def scaled(low: float, mode: float, high: float) -> Range:
        return (
            float(round(low * asset_revenue)),
            float(round(mode * asset_revenue)),
            float(round(high * asset_revenue)),
        )

    return {
        "operate": {
            "one_off_amount": scaled(0.0020, 0.0035, 0.0060),
            "run_amount_per_year": scaled(0.0005, 0.0010, 0.0020),
        },
        "orchestrate": {
            "one_off_amount": scaled(0.0030, 0.0050, 0.0090),
            "run_amount_per_year": scaled(0.0010, 0.0015, 0.0030),
        },
    }


def _years_of_benefit() -> float:
    """Present value of one unit a year over the horizon, with the ramp and the discount rate."""
    months = int(12 * HORIZON_YEARS)
    ramp = RAMP_WEEKS / 52.0
    total = 0.0
    for month in range(months):
        t = (month + 0.5) / 12.0
        total += min(1.0, t / ramp) / 12.0 / (1.0 + DISCOUNT_RATE) ** t
    return total


def path_values(
    change: Mapping[str, float], costs: Mapping[str, Mapping[str, Range]], onboarding: Mapping[str, float]
) -> dict[str, float]:
    """Value of each path over the horizon, after its costs at their most likely.

    Args:
        change: Margin a year that each version brings.
        costs: Costs of the paths.
        onboarding: What partners ask once to begin, in each version.
    """
    annuity = sum((1.0 + DISCOUNT_RATE) ** -(m / 12.0) / 12.0 for m in range(int(12 * HORIZON_YEARS)))
    cost = {p: c["one_off_amount"][1] + annuity * c["run_amount_per_year"][1] for p, c in costs.items()}
    gain = {name: ATTAINABLE_SHARE * _years_of_benefit() * change[name] for name in ("inside", "between", "both")}
    return {
        "operate": round(gain["inside"] - cost["operate"], 2),
        "orchestrate": round(gain["between"] - cost["orchestrate"] - onboarding["between"], 2),
        "operate then orchestrate": round(gain["both"] - cost["operate"] - cost["orchestrate"] - onboarding["both"], 2),
    }
