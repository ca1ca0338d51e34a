"""Signal: margin leaks through avoidable operational waste."""

from __future__ import annotations

from fourwalls.figures import Estimate, Reading, Refusal
from fourwalls.portfolio import Portfolio
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
    not_measured,
    percent,
    unknown,
)  # fmt: skip
from fourwalls.signals.material import Material

ABOUT = About(
    "waste share = bookings beyond what comparable groups demonstrably need, in our own hands / revenue",
    "leakage with cause and amount; party_id for whose hands",
    "avoidable waste of our own leans to operate; else it leans nowhere",
)
_USED = ("waste_share",)


def measure(material: Material, portfolio: Portfolio) -> Found:
    """What avoidable waste inside costs."""
    refusal = not_measured(material, "waste", "Avoidable waste")
    if refusal is not None:
        return unknown(refusal, _USED)
    lost = [x for x in material.losses if x.flow == "ledger"]
    part = inside_part(lost)
    ours = loss_reading(
        material, "waste_share", "Avoidable waste in our own hands", [x for x in lost if x.wall == "inside"],
        "bookings beyond the demonstrated standard in our own hands, of revenue",
    )  # fmt: skip
    every = loss_reading(material, "waste_share_all", "Avoidable waste, all hands", lost, "the same in anybody's hands")
    least, seen = least_seen(material, "waste", [x for x in lost if x.wall == "inside"])
    readings = (ours, every, *least, inside_reading(part, len(lost)))
    if isinstance(ours.figure, Refusal):
        return unknown(ours.figure, _USED, readings)
    if isinstance(every.figure, Refusal):
        return unknown(every.figure, _USED, readings)
    return _leaning(ours.figure, every.figure, part, readings, seen, portfolio)


def _leaning(
    ours: Estimate, every: Estimate, part: float | None, readings: tuple[Reading, ...], seen: str,
    portfolio: Portfolio,
) -> Found:  # fmt: skip
    bar = portfolio.signals.waste_share
    told = costs("avoidable waste in our own hands", ours.value) + seen
    if ours.value >= bar:
        return Found("operate", firmness(ours, bar) * (part or 1.0), f"{told}, {in_words(part)}", readings, _USED)
    if every.value >= bar:
        told += f"; {percent(every.value)} is lost in all hands, mostly not ours or unknown"
    return Found("neither", 0.0, told, readings, _USED)
