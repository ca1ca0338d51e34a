"""Signal: data exist but live in disconnected systems."""

from __future__ import annotations

from fourwalls.figures import Estimate
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
    unknown,
)  # fmt: skip
from fourwalls.signals.material import Material

ABOUT = About(
    "feed share = margin lost to data that come late or do not reconcile, beyond the standard / revenue",
    "feeds with expected_at and arrived_at; mismatched_rows for what does not reconcile",
    "costly feeds lean to orchestrate; at half the strength where they are clearly our own, which better discipline may mend",
)
_USED = ("feed_share", "clear_share")
_ALSO = ("feed_late_share", "feed_mismatch_share", "feed_missing_share")


def measure(material: Material, portfolio: Portfolio) -> Found:
    """What late and mismatched data cost, and whose feeds they are."""
    refusal = not_measured(material, "feed", "Disconnected data")
    if refusal is not None:
        return unknown(refusal, _USED)
    t, lost = portfolio.signals, material.of("feed")
    share = loss_reading(
        material, "feed_share", "Late or mismatched data", lost, "margin lost to feeds beyond the standard, of revenue"
    )
    part = inside_part(lost)
    others = tuple(material.readings[name] for name in _ALSO if name in material.readings)
    least, seen = least_seen(material, "feed", lost)
    readings = (share, *others, *least, inside_reading(part, len(lost)))
    if not isinstance(share.figure, Estimate):
        return unknown(share.figure, _USED, readings)
    told = costs("late or mismatched data", share.figure.value, "cost") + seen
    if share.figure.value < t.feed_share:
        return Found("neither", 0.0, told, readings, _USED)
    strength = firmness(share.figure, t.feed_share)
    is_ours = part is not None and part >= t.clear_share
    return Found("orchestrate", strength / 2 if is_ours else strength, f"{told}, {in_words(part)}", readings, _USED)
