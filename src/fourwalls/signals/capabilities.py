"""The capability matrix: which capability serves an asset how well, in whose hands, and by which reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from fourwalls.diagnosis import Capability
from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.losses import Loss
from fourwalls.portfolio import Portfolio
from fourwalls.signals.leaning import inside_part, least_seen, not_measured, percent, revenue_share
from fourwalls.signals.material import Material

# Up to a fifth in other hands is still one hand's work.
_MOSTLY = 0.8


@dataclass(frozen=True, slots=True)
class Able:
    """A capability and the stages that show it.

    Attributes:
        name, label: Which.
        stages: Stages whose losses are its losses; none where a reading alone shows it.
        reading: Name of the reading that shows it, where no stage does.
    """

    name: str
    label: str
    stages: tuple[str, ...]
    reading: str = ""


CAPABILITIES = (
    Able("forecasting", "Forecasting", ("forecast",)),
    Able("buying", "Deciding what to buy", ("decision",)),
    Able("replenishment", "Replenishment by suppliers", ("supply",)),
    Able("receiving", "Receiving and putting away", ("receiving",)),
    Able("allocation", "Allocation between places", ("allocation",)),
    Able("stock_accuracy", "Keeping stock records right", ("record", "shelf")),
    Able("order_routing", "Releasing and routing orders", ("release",)),
    Able("picking", "Picking and packing", ("fulfilment",)),
    Able("carriage", "Carriage", ("carriage",)),
    Able("promising", "Promising dates", ("promise",)),
    Able("listing", "Listing", ("listing",)),
    Able("content", "Content", ("content",)),
    Able("pricing", "Pricing", ("price",)),
    Able("media", "Media", ("media",)),
    Able("cost_control", "Cost control", ("waste",)),
    Able("reporting", "Reporting and status", ("status",)),
    Able("data_exchange", "Exchanging data", ("feed",)),
    Able("exception_handling", "Handling exceptions", (), "exception_closure_hours"),
    Able("partner_management", "Managing partners", ()),
)
"""What a retailer or distributor has to be able to do, along the chain."""


def capabilities(material: Material, portfolio: Portfolio) -> tuple[Capability, ...]:
    """One row of the matrix: each capability of one asset, in the order of CAPABILITIES."""
    return tuple(_cell(able, material, portfolio) for able in CAPABILITIES)


def _cell(able: Able, material: Material, portfolio: Portfolio) -> Capability:
    if able.name == "partner_management":
        return _partners(able, material, portfolio)
    if not able.stages:
        return _by_reading(able, material)
    refusals = {s: not_measured(material, s, able.label) for s in able.stages}
    known = [s for s, refusal in refusals.items() if refusal is None]
    part = _hands(able, material)
    refusal = refusals[able.stages[0]]
    if not known and refusal is not None:
        return Capability(able.name, able.label, "unmeasured", _named(part), refusal, part, "unmeasured")
    lost = material.of(*known)
    loss = revenue_share(material, able.label, lost)
    return Capability(
        able.name,
        able.label,
        _level(loss, portfolio),
        _named(part),
        loss,
        part,
        _told(loss, lost, " and ".join(known), _least(material, known)),
    )


def _partners(able: Able, material: Material, portfolio: Portfolio) -> Capability:
    """All that is lost in partners' hands, whatever the stage."""
    lost = [x for x in material.losses if x.wall == "between" and x.flow != "overflow"]
    if not any(material.is_measured(s) for a in CAPABILITIES for s in a.stages):
        refusal = Refusal("nothing_measured", able.label, "no stage could be held to anything", "any canonical table")
        return Capability(able.name, able.label, "unmeasured", "unknown", refusal, None, "unmeasured")
    loss = revenue_share(material, able.label, lost)
    reading = _told(loss, tuple(lost), "all stages in partners' hands")
    return Capability(able.name, able.label, _level(loss, portfolio), "inside", loss, 1.0, reading)


def _by_reading(able: Able, material: Material) -> Capability:
    """A capability that a reading shows, for which there is no standard in money."""
    shown = material.readings.get(able.reading)
    refusal = Refusal("no_standard", able.label, "no loss is booked on it", f"work_log for {able.reading}")
    told = "unmeasured"
    if shown is not None and isinstance(shown.figure, Estimate):
        told = f"{shown.label}: {shown.figure.value:,.1f} {shown.figure.unit}; held to nothing"
    return Capability(able.name, able.label, "unmeasured", "unknown", refusal, None, told)


def _level(
    loss: Figure, portfolio: Portfolio
) -> Literal["at standard", "below standard", "far below standard", "unmeasured"]:
    if isinstance(loss, Refusal):
        return "unmeasured"
    if loss.value < portfolio.signals.level_below:
        return "at standard"
    return "below standard" if loss.value < portfolio.signals.level_far else "far below standard"


def _hands(able: Able, material: Material) -> float | None:
    """Part in our own hands, by volume where the records say who did it, else by what is lost."""
    volume = [material.hands[s] for s in able.stages if s in material.hands]
    inside, between, unknown = (sum(v[i] for v in volume) for i in range(3))
    if inside + between > unknown:
        return inside / (inside + between)
    return inside_part(material.of(*able.stages))


def _named(part: float | None) -> Literal["inside", "partner", "both", "unknown"]:
    if part is None:
        return "unknown"
    return "inside" if part >= _MOSTLY else "partner" if part <= 1 - _MOSTLY else "both"


def least_readings(material: Material) -> tuple[Reading, ...]:
    """The smallest that would have been seen at every stage at which nothing was, where that is known."""
    found = []
    for stage in dict.fromkeys(s for able in CAPABILITIES for s in able.stages):
        if material.is_measured(stage):
            # A loss of nothing is one that was not told apart.
            readings = least_seen(material, stage, material.of(stage))[0]
            found += [replace(r, name=f"least_{r.name}", label=f"{r.label}: {stage}") for r in readings]
    return tuple(found)


def _least(material: Material, stages: Sequence[str]) -> str:
    """The smallest loss that would have been seen at each of some stages; where none can be told, that."""
    told = {s: least_seen(material, s, ())[1] for s in stages}
    named = [f"; {s}: {words[2:]}" if len(stages) > 1 else words for s, words in told.items() if words]
    return "".join(named) or f"; {UNTOLD}"


UNTOLD = "how small a loss would have been seen, this comparison does not tell"


def _told(loss: Figure, lost: tuple[Loss, ...], where: str, least: str = "") -> str:
    if isinstance(loss, Refusal):
        return loss.because
    if not lost:
        return f"nothing lost at {where} beyond the standard{least}"
    worst = max(lost, key=lambda x: x.amount)
    return (
        f"{percent(loss.value)} of revenue lost at {where}; held to {worst.standard}"
        if worst.standard
        else f"{percent(loss.value)} of revenue lost at {where}"
    )
