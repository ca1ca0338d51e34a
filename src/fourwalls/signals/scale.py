"""Test: can the current model still scale profitably?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.portfolio import Portfolio
from fourwalls.resampling import LEVEL, ratio_ranges
from fourwalls.signals.leaning import About, Found, no_table, percent, unknown
from fourwalls.signals.material import Material
from fourwalls.signals.steps import neighbour_draws, steps

Floats = npt.NDArray[np.float64]

ABOUT = About(
    "slope = Σ Δx·Δy / Σ Δx² over neighbouring weeks, x = log of the week's order lines, y = log unit cost, share on time in "
    "full or margin share; at growth g: (1 + g)^slope − 1 for cost, slope·log(1 + g) else",
    "order_lines of 32 weeks or more; fulfilment_amount for unit cost, price_amount and cost_amount for margin",
    "cost or service that get worse with volume lean to orchestrate; those that get better to operate; margin is only shown, "
    "since a lower price brings volume by itself",
)
_USED = ("growth", "scale_change")
LEAST_WEEKS = 32
# With smaller steps of volume from week to week nothing can be learnt about growth.
LEAST_STEP = 0.03


@dataclass(frozen=True, slots=True)
class _Response:
    name: str
    label: str
    definition: str
    better: float
    is_log: bool


COST = _Response(
    "scale_cost_change", "Cost of a line at more volume", "change of fulfilment cost of a line", -1.0, is_log=True
)
SERVICE = _Response(
    "scale_service_change", "On time in full at more volume", "change of the share on time in full", 1.0, is_log=False
)
MARGIN = _Response(
    "scale_margin_change", "Margin at more volume", "change of margin as a share of price", 1.0, is_log=False
)


def measure(material: Material, portfolio: Portfolio) -> Found:
    """What more volume does to unit cost, service and margin, within the asset's own weeks."""
    if (missing := no_table(material, "order_lines", "Scale")) is not None:
        return unknown(missing, _USED)
    t = portfolio.signals
    readings, effects = [], []
    for response, figure in (
        (COST, _of(material, COST, material.fulfilment, material.costed_lines, t.growth)),
        (SERVICE, _of(material, SERVICE, material.served, material.due, t.growth)),
        (MARGIN, _of(material, MARGIN, material.margin, material.margin_value, t.growth)),
    ):
        about = f"{response.definition} projected at {percent(t.growth)} more lines, from neighbouring weeks"
        readings.append(Reading(response.name, response.label, figure, int(material.whole.sum()), about))
        # A lower price brings volume and takes margin: what margin does with volume is shown, and says nothing of scale.
        if isinstance(figure, Estimate) and response is not MARGIN:
            effects.append((response, figure))
    service = readings[1].figure
    if not effects and isinstance(service, Refusal):
        return unknown(service, _USED, tuple(readings))
    worse = [_standing(r, f, t.scale_change, -1.0) for r, f in effects]
    better = [_standing(r, f, t.scale_change, 1.0) for r, f in effects]
    told = f"at {percent(t.growth)} more volume: " + "; ".join(_told(r, f) for r, f in effects)
    if t.growth > _most_seen(material):
        told += "; no week of the record was so far above the one beside it"
    if max(worse) > 0:
        return Found("orchestrate", max(worse), told, tuple(readings), _USED)
    if max(better) > 0:
        return Found("operate", max(better), told, tuple(readings), _USED)
    return Found("neither", 0.0, told + _hidden(effects), tuple(readings), _USED)


def _hidden(effects: Sequence[tuple[_Response, Estimate]]) -> str:
    """How far an effect may go that chance hides: the ends of the ranges."""
    ends = (f"{_change(r, f.low)} to {_change(r, f.high)}" for r, f in effects)
    return f" (ranges {'; '.join(ends)}: more would have been seen)" if effects else ""


def _standing(response: _Response, figure: Estimate, bar: float, sign: float) -> float:
    """Strength with which a response got worse (sign −1) or better (+1); 0 where chance is not ruled out."""
    way = response.better * sign
    value = figure.value * way
    nearest = min(figure.low * way, figure.high * way)
    return 1 - bar / (2 * value) if nearest > 0 and value >= bar > 0 else float(nearest > 0 and value > 0 and bar == 0)


def _told(response: _Response, figure: Estimate) -> str:
    return f"{response.label.split(' at ')[0].lower()} {_change(response, figure.value)}"


def _change(response: _Response, value: float) -> str:
    """A change with its sign; what rounds to nothing has none.

    >>> _change(COST, -0.0001), _change(SERVICE, -0.06)
    ('0.0 %', '-6.0 points')
    """
    told = f"{100 * value:+.1f}"
    return f"{'0.0' if float(told) == 0 else told}{' %' if response.is_log else ' points'}"


def _most_seen(material: Material) -> float:
    step = steps(np.log(np.maximum(material.lines, 1.0)), material.whole & (material.lines > 0))
    return float(np.expm1(np.abs(step).max(initial=0.0)))


def _of(material: Material, response: _Response, above: Floats | None, below: Floats | None, growth: float) -> Figure:
    slope = response_to_volume(material, response.label, above, below, is_log=response.is_log)
    if isinstance(slope, Refusal):
        return slope
    step = math.log1p(growth)
    value, low, high = (
        math.expm1(s * step) if response.is_log else s * step for s in (slope.value, slope.low, slope.high)
    )
    return Estimate(value, low, high, "share", LEVEL)


def response_to_volume(
    material: Material, about: str, above: Floats | None, below: Floats | None, *, is_log: bool
) -> Figure:
    """Slope of (the log of) a weekly ratio on the log of the week's order lines, from one week to the next.

    First differences (Wooldridge 2010, "Econometric Analysis of Cross Section and Panel Data", section 10.6): season, trend
    and mix, which change slowly, cancel out. The range draws blocks of weeks, as neighbouring steps share a week.

    Args:
        material: The asset.
        about: What is asked.
        above, below: The ratio by week; None where the columns are absent.
        is_log: Whether the ratio is taken as a log, so that the slope is an elasticity.
    """
    if above is None or below is None or below.sum() <= 0:
        return Refusal("missing_column", about, "no order line says what it cost or earned",
                       "order_lines.fulfilment_amount, price_amount and cost_amount")  # fmt: skip
    used = material.whole & (material.lines > 0) & (below > 0) & ((above > 0) | (not is_log))
    if material.draws is None or not material.is_weekly or used.sum() < LEAST_WEEKS:
        return Refusal("too_few_spans", about, f"a response to volume needs {LEAST_WEEKS} weeks", "a longer period")
    ratio = np.divide(above, below, out=np.ones(len(above)), where=used)
    x, y = steps(np.log(np.maximum(material.lines, 1.0)), used), steps(np.log(ratio) if is_log else ratio, used)
    if float(np.sqrt((x**2).sum() / used.sum())) < LEAST_STEP:
        because = f"neighbouring weeks differ by less than {percent(LEAST_STEP)} in volume"
        return Refusal("no_variation", about, because, "weeks of more and of less volume")
    value, low, high = (float(v[0]) for v in ratio_ranges((x * y)[None], (x * x)[None], neighbour_draws(len(x))))
    return Estimate(value, low, high, "slope", LEVEL)
