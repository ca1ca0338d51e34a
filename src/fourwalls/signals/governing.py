"""Test: is there the governance to manage complexity?"""

from __future__ import annotations

from fourwalls.figures import Estimate, Reading, Refusal
from fourwalls.portfolio import Portfolio
from fourwalls.resampling import LEVEL
from fourwalls.signals.leaning import About, Found, percent, unknown
from fourwalls.signals.material import Material

ABOUT = About(
    "readiness = rules in place / rules asked for (owner, escalation, service level, quality, credit, fallback, exit)",
    "contracts/ with one contract for each feed and partner, and the records they are checked against",
    "missing rules lean to operate first, whatever else speaks for orchestrating; rules in place lean nowhere: they permit",
)
_USED = ("ready_share",)


def measure(material: Material, portfolio: Portfolio) -> Found:
    """Whether the rules with partners are clear enough to orchestrate at all."""
    ready = material.readiness
    if ready is None or ready.asked <= 0:
        because = "there are no contracts to read the rules from"
        return unknown(
            Refusal("no_contracts", "Governance", because, "contracts/, one for each feed or partner"), _USED
        )
    share = ready.in_place / ready.asked
    readings = (
        Reading("readiness_share", "Rules in place", Estimate(share, share, share, "share", LEVEL), round(ready.asked),
                "rules in place and kept, of those asked for; counted, so the range is a point"),
    )  # fmt: skip
    told = f"{ready.in_place:g} of {ready.asked:g} rules with partners are in place"
    if ready.holes:
        told += f"; first missing: {ready.holes[0]}"
    bar = portfolio.signals.ready_share
    if share >= bar:
        return Found("neither", 0.0, f"{told}: {percent(share)} is enough to orchestrate", readings, _USED)
    return Found(
        "operate", 1 - share / bar if bar > 0 else 0.0, f"{told}: govern before orchestrating", readings, _USED
    )
