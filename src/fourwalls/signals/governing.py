"""Test: is there the governance to manage complexity?"""

from __future__ import annotations

from fourwalls.figures import Estimate, Reading, Refusal
from fourwalls.governance.readiness import Readiness
from fourwalls.portfolio import Portfolio
from fourwalls.resampling import LEVEL
from fourwalls.signals.leaning import About, Found, percent, unknown
from fourwalls.signals.material import Material, Rules

ABOUT = About(
    "readiness = questions settled / questions asked of partners that matter (owner, escalation, service level, quality, credit, "
    "fallback, exit), weighed by what is at stake; partners without a contract: from none of theirs to all",
    "contracts/ with one contract for each feed and partner, and the records they are checked against",
    "missing rules lean to operate first, whatever else speaks for orchestrating; rules in place lean nowhere: they permit",
)
_USED = ("ready_share",)


_MOST_NAMED = 3
_DUST = 1e-9


def rules_of(ready: Readiness) -> Rules:
    """How far rules are settled, as the test needs it."""
    holes = tuple(f"{h.party_name}: {h.asked}" for h in ready.holes)
    return Rules(ready.share, ready.is_blocked, holes, ready.unknown, ready.unknown_with)


def measure(material: Material, portfolio: Portfolio) -> Found:
    """Whether the rules with partners are clear enough to orchestrate at all.

    What no contract says anything of may be settled or not: the test holds for both, or cannot tell (bounds as of Manski 1989,
    Journal of Human Resources 24).
    """
    rules = material.rules
    if rules is None or isinstance(rules.share, Refusal):
        because = "there are no contracts to read the rules from"
        refusal = Refusal("no_contracts", "Governance", because, "contracts/, one for each feed or partner")
        return unknown(rules.share if rules is not None and isinstance(rules.share, Refusal) else refusal, _USED)
    settled = rules.share * (1 - rules.unknown)
    most = settled + rules.unknown
    readings = (
        Reading("readiness_share", "Rules settled with partners", Estimate(settled, settled, most, "share", LEVEL), len(rules.holes),
                "questions settled, of those asked of partners, weighed by what is at stake with them; counted: the range is what "
                "partners without a contract leave open"),
        _part("rules_open_share", "Rules not settled with partners", 1 - most),
        _part("rules_unknown_share", "Rules unknown: no contract", rules.unknown),
    )  # fmt: skip
    told = f"{percent(settled)} of the rules with partners are settled"
    if rules.unknown > 0:
        told += f", {percent(1 - most)} are not" if 1 - most > _DUST else ""
        told += f", and {percent(rules.unknown)} are unknown ({_without_contract(rules)})"
    if rules.holes:
        told += f"; first missing: {rules.holes[0]}"
    bar = portfolio.signals.ready_share
    if rules.is_blocked or most < bar:
        # A rule without which nothing can be asked of a partner weighs as much as half of all the others.
        strength = max(1 - most / bar if bar > 0 else 0.0, 0.5 if rules.is_blocked else 0.0)
        return Found("operate", strength, f"{told}: govern before orchestrating", readings, _USED)
    if settled >= bar:
        return Found("neither", 0.0, f"{told}: enough to orchestrate", readings, _USED)
    return Found("cannot tell", 0.0, f"{told}: whether enough is settled hinges on them", readings, _USED)


def _part(name: str, label: str, share: float) -> Reading:
    definition = "part of what is at stake with partners; counted, so the range is a point"
    return Reading(name, label, Estimate(share, share, share, "share", LEVEL), 0, definition)


def _without_contract(rules: Rules) -> str:
    named = ", ".join(rules.unknown_with[:_MOST_NAMED]) + (" …" if len(rules.unknown_with) > _MOST_NAMED else "")
    return f"no contract is with {named}" if named else "no contract tells"
