"""Partner-failure controls: what each clause asks for, how one would notice that it fails, and what the records say today."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fourwalls.governance.outages import Outage
from fourwalls.governance.rules import Governance
from fourwalls.governance.settling import Rule

ControlStatus = Literal["works", "fails", "untested", "absent"]


@dataclass(frozen=True, slots=True)
class Control:
    """One clause with its control.

    Attributes:
        party_id, question: Whose, and which question the clause answers.
        clause: What it says and where; None where there is none.
        control: How a failure would be noticed or bounded.
        evidence: What the records say; why they say nothing.
        status: works or fails by the records; untested where they cannot tell; absent where there is no clause.
    """

    party_id: str
    question: str
    clause: str | None
    control: str
    evidence: str
    status: ControlStatus


_CONTROLS = {
    "owner": "Exceptions with the partner get closed.",
    "escalation": "The partner joins exceptions after they are opened.",
    "service_level": "Deliveries and repairs are held to the promise, each week.",
    "quality": "The rule is run on the rows.",
    "credit": "What is booked against the partner is set against the clause.",
    "fallback": "An outage ends within the days the clause names; the bound of its cost is known.",
    "exit": "Another partner could take over.",
}


def controls(governance: Governance) -> tuple[Control, ...]:
    """Each clause → control → evidence, partner by partner; a line without a clause is a failure nobody would notice."""
    found: list[Control] = []
    outage = {o.party_id: o for o in governance.outages}
    for rule in governance.rules:
        if rule.status == "unknown":
            continue
        if not rule.clauses:
            found.append(Control(rule.party_id, rule.question, None, _CONTROLS[rule.question], rule.because, "absent"))
        elif rule.question == "service_level":
            found += _promises(governance, rule)
        elif rule.question == "quality":
            found += _quality(governance, rule)
        else:
            found.append(_single(rule, outage.get(rule.party_id)))
    return tuple(found)


_STATUS: dict[str, ControlStatus] = {
    "met": "works",
    "missed": "fails",
    "undecided": "untested",
    "not checkable": "untested",
}


def _promises(governance: Governance, rule: Rule) -> list[Control]:
    mine = [s for s in governance.sla if s.party_id == rule.party_id]
    control = _CONTROLS["service_level"]
    found = [
        Control(
            rule.party_id, "service_level", f"{s.promised} ({s.where})", control, s.because,
            _STATUS[s.status],
        )
        for s in mine
    ]  # fmt: skip
    promised = {s.where for s in mine}
    return found + [
        Control(
            rule.party_id,
            "service_level",
            f"{c.text} ({c.where})",
            control,
            "held by the standards of the stage",
            "untested",
        )
        for c in rule.clauses
        if c.where not in promised
    ]


def _quality(governance: Governance, rule: Rule) -> list[Control]:
    ids = {c.id for c in governance.contracts if c.party_id == rule.party_id and c.void is None}
    return [
        Control(
            rule.party_id,
            "quality",
            f"{q.about}: {q.rule} ({q.where})",
            _CONTROLS["quality"],
            q.because,
            _STATUS[q.status],
        )
        for q in governance.quality
        if q.contract_id in ids
    ]


def _single(rule: Rule, outage: Outage | None) -> Control:
    clause = "; ".join(f"{c.text} ({c.where})" for c in rule.clauses[:3])
    control = _CONTROLS[rule.question]
    if rule.question == "fallback" and outage is not None:
        bound = "" if outage.bound_amount is None else f", at most {outage.bound_amount:,.0f} of {outage.amount_is}"
        told = f"{outage.line_share:.0%} of lines pass through it; {outage.days:g} days by {outage.days_from}{bound}"
        return Control(rule.party_id, rule.question, clause, control, told, "untested")
    failed = rule.status == "open"
    status: ControlStatus = (
        "fails" if failed else "works" if rule.because and rule.question in ("owner", "escalation") else "untested"
    )
    return Control(rule.party_id, rule.question, clause, control, rule.because or "no record tests it", status)
