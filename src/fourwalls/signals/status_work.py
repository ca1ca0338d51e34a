"""Signal: teams spend too much time on manual status work."""

from __future__ import annotations

from fourwalls.figures import Estimate, Reading, Refusal
from fourwalls.portfolio import Portfolio
from fourwalls.resampling import LEVEL
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
    unknown,
)  # fmt: skip
from fourwalls.signals.material import Material

ABOUT = About(
    "status share = cost of people copying or reporting states beyond the standard / revenue; inside share = part of it "
    "within our own hands",
    "work_log with effort_hours",
    "status work between systems and parties leans to orchestrate; where it is clearly our own tooling, to operate",
)
_USED = ("status_share", "clear_share")
_ALSO = ("status_share_of_hours", "touches_per_case", "time_to_report_hours")


def measure(material: Material, portfolio: Portfolio) -> Found:
    """What status work costs, and whether it is a matter of our own tools."""
    refusal = not_measured(material, "status", "Manual status work")
    if refusal is not None:
        shown = material.readings.get("status_share_of_hours")
        why = shown.figure if shown is not None and refusal.code == "no_standard" else None
        # What the log itself does not tell comes before what it could be held to.
        return unknown(why if isinstance(why, Refusal) else refusal, _USED)
    t, lost = portfolio.signals, material.of("status")
    share = loss_reading(
        material, "status_share", "Manual status work", lost, "cost of status work beyond the standard, of revenue"
    )
    part = inside_part(lost)
    others = tuple(material.readings[name] for name in _ALSO if name in material.readings)
    hours = sum(x.quantity for x in lost if x.unit == "hours")
    worked = Reading(
        "status_hours", "Hours of status work", Estimate(hours, hours, hours, "hours", LEVEL), len(lost),
        "hours beyond the standard over the record",
    )  # fmt: skip
    least, seen = least_seen(material, "status", lost)
    readings = (share, worked, *others, *least, inside_reading(part, len(lost)))
    if not isinstance(share.figure, Estimate):
        return unknown(share.figure, _USED, readings)
    told = costs("status work beyond the standard", share.figure.value)
    told += f" ({hours:,.0f} hours){seen}" if hours >= 1 else seen
    if share.figure.value < t.status_share:
        return Found("neither", 0.0, told, readings, _USED)
    strength = firmness(share.figure, t.status_share)
    told += f", {in_words(part)}"
    if part is None:
        return Found("cannot tell", 0.0, told, readings, _USED)
    if part >= t.clear_share:
        return Found("operate", strength * part, f"{told}: better tools of our own would do", readings, _USED)
    is_clear = part <= 1 - t.clear_share
    return Found("orchestrate", strength * (1 - part) if is_clear else strength / 2, told, readings, _USED)
