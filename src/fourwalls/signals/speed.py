"""Test: is speed constrained by the latency of decisions?"""

from __future__ import annotations

import numpy as np

from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.portfolio import Portfolio
from fourwalls.readings import nothing_to_divide, too_few_spans
from fourwalls.resampling import LEVEL, ratio_ranges
from fourwalls.signals.leaning import (
    About,
    Found,
    costs,
    firmness,
    in_words,
    inside_part,
    inside_reading,
    least_seen,
    loss_reading,
    no_table,
    not_measured,
    percent,
    unknown,
)  # fmt: skip
from fourwalls.signals.material import Floats, Material

ABOUT = About(
    "latency share = Σ(placed − signalled) / Σ(available − signalled) over supply orders; waiting = margin lost to decisions "
    "beyond the standard / revenue",
    "supply_orders with signalled_at, placed_at and available_at (or received_at); decided_at splits the wait",
    "costly waiting between parties leans to orchestrate; where our own people decide, to operate",
)
_USED = ("latency_value", "latency_share", "clear_share")
HANDOFFS = (
    ("handoffs_systems_per_case", "Hand-offs across systems, per case"),
    ("handoffs_parties_per_case", "Hand-offs across parties, per case"),
)
_HOUR = 3600.0


def measure(material: Material, portfolio: Portfolio) -> Found:
    """How much of the loop from need to shelf is deciding, what that costs, and who decides."""
    t, lost = portfolio.signals, material.of("decision")
    latency = latency_share(material)
    waiting = loss_reading(
        material,
        "decision_loss_share",
        "Lost while waiting for a decision",
        lost,
        "margin lost to late decisions, of revenue",
    )
    refusal = not_measured(material, "decision", "Lost while waiting for a decision")
    if refusal is not None:
        waiting = Reading(waiting.name, waiting.label, refusal, 0, waiting.definition)
    n = 0 if material.loop is None else round(float(material.loop.orders.sum()))
    part = inside_part(lost)
    least, seen = least_seen(material, "decision", lost) if refusal is None else ((), "")
    readings = (
        waiting,
        Reading("latency_share", "Deciding, of the loop from need to shelf", latency, n,
                "time from need to order, of time from need to available stock"),
        *(Reading(name, label, _hours(material, which), n, "mean over supply orders") for name, label, which in (
            ("hours_to_decide", "From need to decision", "to_decide"), ("hours_to_act", "From decision to order", "to_act"))),
        *(material.readings.get(name, Reading(name, label, _NO_HANDOFFS, 0, "see case work")) for name, label in HANDOFFS),
        *least,
        inside_reading(part, len(lost)),
    )  # fmt: skip
    if isinstance(waiting.figure, Estimate):
        return _by_value(waiting.figure, latency, part, readings, seen, portfolio)
    if isinstance(latency, Refusal):
        missing = no_table(material, "supply_orders", "Speed of decisions")
        return unknown(missing or latency, _USED, readings)
    told = f"deciding takes {percent(latency.value)} of the loop from need to shelf; what that costs is not known"
    if latency.value < t.latency_share:
        return Found("neither", 0.0, told, readings, _USED)
    return Found("orchestrate", firmness(latency, t.latency_share) / 2, told, readings, _USED)


_NO_HANDOFFS = Refusal(
    "missing_table", "Hand-offs", "no case work shows who passes what on", "work_log with actor_id and system_id"
)


def _by_value(
    waiting: Estimate, latency: Figure, part: float | None, readings: tuple[Reading, ...], seen: str,
    portfolio: Portfolio,
) -> Found:  # fmt: skip
    t = portfolio.signals
    told = costs("waiting for decisions", waiting.value) + seen
    if isinstance(latency, Estimate):
        told += f"; deciding takes {percent(latency.value)} of the loop from need to shelf"
    if waiting.value < t.latency_value:
        return Found("neither", 0.0, told, readings, _USED)
    strength = firmness(waiting, t.latency_value)
    told += f", {in_words(part)}"
    if part is None:
        return Found("cannot tell", 0.0, told, readings, _USED)
    if part >= t.clear_share:
        return Found("operate", strength * part, told, readings, _USED)
    is_clear = part <= 1 - t.clear_share
    return Found("orchestrate", strength * (1 - part) if is_clear else strength / 2, told, readings, _USED)


def latency_share(material: Material) -> Figure:
    """Part of the time from need to available stock that passes before the order is placed."""
    about = "Latency of decisions"
    loop = material.loop
    if loop is None or loop.orders.sum() <= 0:
        return Refusal("missing_column", about, "no supply order says when its need became visible",
                       "supply_orders.signalled_at")  # fmt: skip
    if material.draws is None:
        return too_few_spans(about, len(loop.orders))
    value, low, high = (
        float(v[0]) for v in ratio_ranges((loop.to_decide + loop.to_act)[None], loop.whole[None], material.draws)
    )
    return Estimate(value, low, high, "share", LEVEL) if np.isfinite(value) else nothing_to_divide(about)


def _hours(material: Material, which: str) -> Figure:
    loop = material.loop
    if loop is None or loop.orders.sum() <= 0:
        return Refusal("missing_column", "Latency", "no supply order says when its need became visible",
                       "supply_orders.signalled_at")  # fmt: skip
    if material.draws is None:
        return too_few_spans("Latency", len(loop.orders))
    seconds: Floats = getattr(loop, which)
    value, low, high = (float(v[0]) for v in ratio_ranges(seconds[None] / _HOUR, loop.orders[None], material.draws))
    return Estimate(value, low, high, "hours", LEVEL)
