"""Test: is there the governance to manage complexity?"""

from __future__ import annotations

from fourwalls.figures import Estimate, Reading, Refusal
from fourwalls.portfolio import Portfolio
from fourwalls.resampling import LEVEL
from fourwalls.signals.leaning import About, Found, percent, unknown
from fourwalls.signals.material import Material

ABOUT = About(
    "readiness = questions settled / questions asked of partners that matter (owner, escalation, service level, quality, credit, "
    "fallback, exit)",
    "contracts/ with one contract for each feed and partner, and the records they are checked against",
    "missing rules lean to operate first, whatever else speaks for orchestrating; rules in place lean nowhere: they permit",
)
_USED = ("ready_share",)


def measure(material: Material, portfolio: Portfolio) -> Found:
    """Whether the rules with partners are clear enough to orchestrate at all."""
    rules = material.rules
    if rules is None or isinstance(rules.share, Refusal):
        because = "there are no contracts to read the rules from"
        refusal = Refusal("no_contracts", "Governance", because, "contracts/, one for each feed or partner")
        return unknown(rules.share if rules is not None and isinstance(rules.share, Refusal) else refusal, _USED)
    readings = (
        Reading("readiness_share", "Rules settled with partners", Estimate(rules.share, rules.share, rules.share, "share", LEVEL),
                len(rules.holes), "questions settled, of those asked of partners that matter; counted, so the range is a point"),
    )  # fmt: skip
    told = f"{percent(rules.share)} of the rules with partners are settled"
    if rules.holes:
        told += f"; first missing: {rules.holes[0]}"
    bar = portfolio.signals.ready_share
    if rules.share >= bar and not rules.is_blocked:
        return Found("neither", 0.0, f"{told}: enough to orchestrate", readings, _USED)
    # A rule without which nothing can be asked of a partner weighs as much as half of all the others.
    strength = max(1 - rules.share / bar if bar > 0 else 0.0, 0.5 if rules.is_blocked else 0.0)
    return Found("operate", strength, f"{told}: govern before orchestrating", readings, _USED)
