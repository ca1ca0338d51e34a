"""Signal: demand is stable, yet service is not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.losses import Loss
from fourwalls.portfolio import Portfolio
from fourwalls.readings import nothing_to_divide, too_few_spans
from fourwalls.resampling import LEAST_CLUSTERS, LEVEL, Draws, ratio_ranges
from fourwalls.signals.leaning import (
    About,
    Found,
    firmness,
    in_words,
    inside_part,
    inside_reading,
    no_table,
    percent,
    unknown,
)
from fourwalls.signals.material import Material
from fourwalls.signals.steps import neighbour_draws, steps

Floats = npt.NDArray[np.float64]

ABOUT = About(
    "variation = √(Σ[((xₜ₊₁ − xₜ) / m)² − 2/m] / (2·pairs)), m the mean of both weeks, over neighbouring whole weeks; swing = √τ², with "
    "τ² = (Σn(p − P)² − (weeks − 1)·P(1 − P)) / (N − Σn²/N); missed = target − P",
    "order_lines with promised_at, delivered_at, ordered_units, shipped_units",
    "stable demand with inconsistent service that is mostly our own work, and not the promise, leans to operate; else it leans nowhere",
)
_USED = ("steady_variation", "service_swing", "missed_share", "clear_share")


def measure(material: Material, portfolio: Portfolio) -> Found:
    """Whether demand is stable while service is not, and whose hands the failures are in."""
    if (missing := no_table(material, "order_lines", "Stable demand, inconsistent service")) is not None:
        return unknown(missing, _USED)
    variation, swing, missed = demand_variation(material), service_swing(material), missed_beyond(material)
    due = round(float(material.due.sum()))
    readings = (
        Reading("service_swing", "Swing of on time in full from week to week", swing, due,
                "standard deviation between weeks of the share on time in full, luck of single lines taken out"),
        Reading("missed_beyond_target", "Missed beyond the target", missed, due, "target less share on time in full"),
        Reading("demand_variation", "Variation of demand from week to week", variation, round(float(material.lines.sum())),
                "spread of order lines between neighbouring weeks, as a share of their mean; season cancels out, luck of single lines is taken out"),
    )  # fmt: skip
    if isinstance(variation, Refusal):
        return unknown(variation, _USED, readings)
    if isinstance(swing, Refusal):
        return unknown(swing, _USED, readings)
    if isinstance(missed, Refusal):
        return unknown(missed, _USED, readings)
    return _leaning(material, portfolio, (variation, swing, missed), readings)


def _leaning(
    material: Material,
    portfolio: Portfolio,
    figures: tuple[Estimate, Estimate, Estimate],
    readings: tuple[Reading, ...],
) -> Found:
    variation, swing, missed = figures
    t = portfolio.signals
    told = f"demand varies by {percent(variation.value)} from week to week"
    served = (
        f"service swings by {percent(swing.value)} and misses {percent(material.target)} ({material.target_origin}) by "
        f"{percent(max(missed.value, 0.0))}"
    )
    if variation.value > t.steady_variation:
        return Found("neither", 0.0, f"{told}: it is not stable", readings, _USED)
    if swing.value < t.service_swing and missed.value < t.missed_share:
        return Found("neither", 0.0, f"{told}, and {served}: it is consistent enough", readings, _USED)
    told += f", yet {served}"
    late = [x for x in material.losses if x.flow == "service"]
    part = inside_part([x for x in late if x.stage != "promise"])
    readings = (*readings, inside_reading(part, len(late)))
    if "service" not in material.weighs:
        return Found("neither", 0.0, f"{told}; yet late lines are too few to act on", readings, _USED)
    promised = _part(late, "promise")
    if promised >= 0.5:
        told += f"; {percent(promised)} of it is the promise, not the work"
        return Found("neither", 0.0, told, readings, _USED)
    if part is None:
        return Found("cannot tell", 0.0, f"{told}, in hands the records do not name", readings, _USED)
    told += f"; {in_words(part)}"
    if part < 0.5:
        return Found("neither", 0.0, f"{told}: what fails is with partners", readings, _USED)
    strength = max(firmness(swing, t.service_swing), firmness(missed, t.missed_share))
    return Found("operate", part * (strength if part >= t.clear_share else strength / 2), told, readings, _USED)


def _part(lost: Sequence[Loss], stage: str) -> float:
    """Part of what is lost at one stage."""
    total = sum(max(x.amount, 0.0) for x in lost)
    return sum(max(x.amount, 0.0) for x in lost if x.stage == stage) / total if total > 0 else 0.0


def demand_variation(material: Material) -> Figure:
    """Spread of weekly demand from neighbouring weeks, as a share of its mean; season and trend cancel out.

    What independent order lines would spread by themselves (their Poisson variance, 1 / mean) is taken out.

    The mean square successive difference of von Neumann (1941), "Distribution of the ratio of the mean square successive
    difference to the variance", Annals of Mathematical Statistics 12.
    """
    about = "Variation of demand"
    if material.draws is None or material.whole.sum() < LEAST_CLUSTERS:
        return too_few_spans(about, int(material.whole.sum()))
    used = material.whole & (material.lines > 0)
    x = material.lines
    mean = np.ones(len(x))
    mean[1:] = np.maximum((x[1:] + x[:-1]) / 2, 1.0)
    pairs = np.zeros(len(x))
    pairs[1:] = used[1:] & used[:-1]
    squares = (steps(x, used) / mean) ** 2 - 2 * pairs / mean
    value, low, high = (float(v[0]) for v in ratio_ranges(squares[None], 2 * pairs[None], neighbour_draws(len(x))))
    if not np.isfinite(value):
        return nothing_to_divide(about)
    value, low, high = (max(v, 0.0) ** 0.5 for v in (value, low, high))
    return Estimate(value, low, high, "share", LEVEL)


def service_swing(material: Material) -> Figure:
    """Standard deviation between weeks of the share on time in full, beyond what the luck of single lines makes.

    Method of moments for a random effect (DerSimonian and Laird 1986, Controlled Clinical Trials 7), weeks weighted by
    lines; the range by drawing weeks again.
    """
    about = "Swing of service"
    at = material.whole & (material.due > 0)
    if material.draws is None or at.sum() < LEAST_CLUSTERS:
        return too_few_spans(about, int(at.sum()))
    n, served = np.where(at, material.due, 0.0), np.where(at, material.served, 0.0)
    value = float(_between(np.ones((1, len(n))), n, served)[0]) ** 0.5
    low, high = _between_range(material.draws, n, served)
    return Estimate(value, min(low, value), max(high, value), "share", LEVEL)


def _between(counts: Floats, n: Floats, served: Floats) -> Floats:
    """Variance between weeks in each row of counts, shape (rows,)."""
    square = np.divide(served**2, n, out=np.zeros(len(n)), where=n > 0)
    weeks = counts @ (n > 0).astype(np.float64)
    total, good = counts @ n, counts @ served
    p = good / np.maximum(total, 1e-12)
    spread = counts @ square - total * p**2
    found: Floats = (spread - (weeks - 1) * p * (1 - p)) / np.maximum(
        total - counts @ n**2 / np.maximum(total, 1e-12), 1e-12
    )
    return np.maximum(found, 0.0)


def _between_range(draws: Draws, n: Floats, served: Floats) -> tuple[float, float]:
    low, high = np.quantile(_between(draws.counts, n, served) ** 0.5, [draws.tail, 1 - draws.tail])
    return float(low), float(high)


def missed_beyond(material: Material) -> Figure:
    """How far the share on time in full lies below its target; below 0 where it is above."""
    about = "Missed beyond the target"
    if material.draws is None:
        return too_few_spans(about, int(material.whole.sum()))
    value, low, high = (float(v[0]) for v in ratio_ranges(material.served[None], material.due[None], material.draws))
    if not np.isfinite(value):
        return nothing_to_divide(about)
    return Estimate(material.target - value, material.target - high, material.target - low, "share", LEVEL)
