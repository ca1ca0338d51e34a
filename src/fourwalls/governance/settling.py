"""Whether a question about a partner is settled: by what its contracts say, as far as the records bear it out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from fourwalls.figures import Refusal
from fourwalls.governance.checks import SlaCheck
from fourwalls.governance.contracts import Contract, plain
from fourwalls.governance.quality import QualityCheck
from fourwalls.governance.questions import LIFECYCLE, PROPERTIES, Clause, clauses, owners
from fourwalls.governance.records import Cases, Records
from fourwalls.portfolio import ServiceLevel

RuleStatus = Literal["settled", "broken", "open", "unknown"]

# With so many exceptions and none closed, an owner who closes even half of them is out of the question (0.5 to the 5th: 3 %).
LEAST_EXCEPTIONS = 5
_RIPE = 0.9
_MOST_NAMED = 3
_NO_FIGURE = ("contradicted", "no_value", "unclear")
_SERVICE = {plain(name) for name in PROPERTIES} - set(LIFECYCLE)

REMEDIES: Mapping[str, str] = {
    "owner": "Name a member with role Owner under team in its contract.",
    "escalation": "Name a channel for incidents under support.",
    "service_level": "Write at least one slaProperty with value and unit, e.g. latency 2 h.",
    "quality": "Write quality rules under the schema, e.g. metric rowCount.",
    "credit": "Write a custom property 'credit': who credits whom, for what.",
    "fallback": "Write a custom property 'fallback': what is done while it is down, and after how long.",
    "exit": "Write a custom property 'exit': notice, and what is handed back.",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One question about one partner.

    Attributes:
        party_id, question: Which; the question is a key of QUESTIONS.
        status: settled; broken: promised in figures, and every figure is missed; open: it should be settled and is not; unknown: nothing
            says, and nothing shows an interface.
        clauses: Where contracts answer it.
        because: Why not, or what the records say of it.
        remedy: What to write, and where.
        warnings: What lacks in part: contracts without it, promises and rules missed.
    """

    party_id: str
    question: str
    status: RuleStatus
    clauses: tuple[Clause, ...]
    because: str
    remedy: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Partner:
    """What is known of one partner.

    Attributes:
        party_id: Who.
        contracts: In force.
        void: Why its other contracts do not bind.
        is_evident: Whether the records show an interface: it sends a feed, runs a channel, or does a stage of order lines.
        is_asked: Whether the company keeps contracts at all; else nothing is known of any partner.
        sla, quality: Of its contracts in force.
        levels: Promises in portfolio.toml.
        others: Partners that offer a capability it offers, too.
        booked_amount: Leakage booked on it [portfolio currency]; None where there is no such table.
    """

    party_id: str
    contracts: tuple[Contract, ...]
    void: tuple[str, ...]
    is_evident: bool
    is_asked: bool
    sla: tuple[SlaCheck, ...]
    quality: tuple[QualityCheck, ...]
    levels: tuple[ServiceLevel, ...]
    others: tuple[str, ...]
    booked_amount: float | None


def settle(question: str, partner: Partner, records: Records, on: date) -> Rule:
    """Whether a question about a partner is settled on a day."""
    who, remedy = partner.party_id, REMEDIES[question]
    if not partner.is_asked:
        return Rule(who, question, "unknown", (), "there are no contracts, or drafts only", remedy, ())
    found, why = _said(question, partner, on)
    warnings = _warnings(question, partner, on)
    if question == "service_level":
        return _service_level(partner, found, why, warnings)
    if question == "owner" and found and (idle := _never_closes(partner, records, on)):
        return Rule(who, question, "open", tuple(found), idle, "Name somebody who closes exceptions.", warnings)
    if found:
        return Rule(who, question, "settled", tuple(found), _evidence(question, partner, records), remedy, warnings)
    return _unanswered(question, partner, why, warnings)


def _said(question: str, partner: Partner, on: date) -> tuple[list[Clause], list[str]]:
    found: list[Clause] = []
    why: list[str] = []
    for contract in partner.contracts:
        mine, lacking = clauses(contract, on)
        found += [c for c in mine if c.question == question]
        why += [lacking[question]] if question in lacking else []
    return found, why


def _unanswered(question: str, partner: Partner, why: Sequence[str], warnings: tuple[str, ...]) -> Rule:
    remedy = REMEDIES[question]
    if not partner.contracts and not partner.void and not partner.is_evident:
        because = "no contract names it, and no feed or order line shows an interface with it"
        return Rule(partner.party_id, question, "unknown", (), because, remedy, warnings)
    files = [c.file for c in partner.contracts]
    silent = f"{' and '.join(files[:_MOST_NAMED])}{' …' if len(files) > _MOST_NAMED else ''} {'say' if len(files) > 1 else 'says'} nothing of it"
    because = "; ".join(dict.fromkeys([*why, *partner.void])) or (silent if files else "it has no contract")
    return Rule(partner.party_id, question, "open", (), because, remedy, warnings)


def _service_level(partner: Partner, found: Sequence[Clause], why: Sequence[str], warnings: tuple[str, ...]) -> Rule:
    """Promises that count: what the records show to be missed does not, and what cannot be read neither.

    A promise that is missed still says what a failure is: it does not count, and blocks nothing. That is what asking the partner is for.
    """
    missed = {s.where: s for s in partner.sla if s.status == "missed" and plain(s.property) in _SERVICE}
    unread = {s.where: s for s in partner.sla if isinstance(s.measured, Refusal) and s.measured.code in _NO_FIGURE}
    kept = [c for c in found if c.where not in missed and c.where not in unread]
    for level in partner.levels:
        text = f"{level.stage} within {level.hours:g} h"
        kept.append(Clause("service_level", text, "portfolio.toml" + (f", line {level.line}" if level.line else "")))
    told = [f"missed: {s.promised} {s.because} ({s.where})" for s in missed.values()]
    told += [f"not to be read: {s.promised}: {s.because} ({s.where})" for s in unread.values()]
    if kept:
        return Rule(
            partner.party_id, "service_level", "settled", tuple(kept), "", REMEDIES["service_level"], (*warnings, *told)
        )
    broken = tuple(c for c in found if c.where in missed)
    if broken:
        remedy = "Agree with the partner how it will keep them."
        return Rule(partner.party_id, "service_level", "broken", broken, "; ".join(told), remedy, warnings)
    return _unanswered("service_level", partner, [*why, *told], warnings)


def _warnings(question: str, partner: Partner, on: date) -> tuple[str, ...]:
    found = []
    if len(partner.contracts) > 1:
        found += [
            f"{contract.file} says nothing of it"
            for contract in partner.contracts
            if all(c.question != question for c in clauses(contract, on)[0])
        ]
    if question == "quality":
        found += [f"{q.about}: {q.rule}, {q.because} ({q.where})" for q in partner.quality if q.status == "missed"]
    return tuple(found)


def _never_closes(partner: Partner, records: Records, on: date) -> str | None:
    """Why who is named as owner is none: exceptions come and are never closed.

    An owner whose name acts in the work log is judged by the exceptions it took part in, else by those the partner took part in.
    """
    if not records.closes:
        return None
    named = [name for contract in partner.contracts for name, _ in owners(contract, on)]
    whose = {name: records.actors[name.casefold()] for name in named if name.casefold() in records.actors}
    mine = (records.cases or {}).get(partner.party_id)
    if not whose and mine is not None:
        whose = {partner.party_id: mine}
    ripe = {name: _ripe(cases, records) for name, cases in whose.items()}
    if not ripe or any(n < LEAST_EXCEPTIONS or closed for n, closed in ripe.values()):
        return None
    name, (n, _) = next(iter(ripe.items()))
    return f"{name} took part in {n} exceptions, and none was closed: an owner that never closes one is none"


def _ripe(cases: Cases, records: Records) -> tuple[int, int]:
    """Exceptions old enough to be closed, by what nine in ten closed ones take, and how many were closed."""
    spent = np.concatenate([c.closed - c.opened for c in (records.cases or {}).values()])
    usual = float(np.quantile(spent[np.isfinite(spent)], _RIPE)) if np.isfinite(spent).any() else 0.0
    old = records.until - cases.opened > usual
    return int(old.sum()), int(np.isfinite(cases.closed[old]).sum())


def _evidence(question: str, partner: Partner, records: Records) -> str:
    """What the records say beside the clause; empty where nothing tests it."""
    cases = (records.cases or {}).get(partner.party_id)
    if question == "owner" and cases is not None:
        return f"{int(np.isfinite(cases.closed).sum())} of {len(cases.closed)} exceptions with it were closed"
    if question == "escalation" and cases is not None:
        wait = float(np.median(cases.joined - cases.opened)) / 3600
        return f"it joined {len(cases.opened)} exceptions, the median one {wait:.1f} h after it was opened"
    if question == "credit" and partner.booked_amount is not None:
        return f"{partner.booked_amount:,.0f} is booked on it in the ledger"
    if question == "exit" and partner.others:
        return f"{', '.join(partner.others)} offer{'s' if len(partner.others) == 1 else ''} what it offers"
    return ""
