"""From contracts and records to what is settled with each partner, and what is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Literal

import ibis.expr.types as ir
import numpy as np

from fourwalls.engines.base import Engine
from fourwalls.evidence.ground import Ground
from fourwalls.figures import Refusal
from fourwalls.governance import words
from fourwalls.governance.checks import Evidence, SlaCheck, check
from fourwalls.governance.contracts import Contract, plain
from fourwalls.governance.outages import Outage, outages
from fourwalls.governance.quality import QualityCheck, check_quality, table_of
from fourwalls.governance.questions import (
    LIFECYCLE,
    PROPERTIES,
    QUESTIONS,
    Clause,
    clauses,
    not_in_force,
    owners,
    promises,
)
from fourwalls.governance.records import Cases, Feed, Records, read_records
from fourwalls.measures.order_lines import seconds

RuleStatus = Literal["settled", "open", "unknown"]

# With so many exceptions and none closed, an owner who closes even half of them is out of the question (0.5 to the 5th: 3 %).
LEAST_EXCEPTIONS = 5


@dataclass(frozen=True, slots=True)
class ContractTold:
    """A contract as it was understood.

    Attributes:
        id, name, file: As written.
        party_id: The partner it is about; None where nothing says.
        party_from: What says so.
        feeds: Feeds it covers.
        void: Why it does not bind; None if it does.
    """

    id: str
    name: str
    file: str
    party_id: str | None
    party_from: str
    feeds: tuple[str, ...]
    void: str | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One question about one partner.

    Attributes:
        party_id, question: Which; the question is a key of QUESTIONS.
        status: settled; open: it should be and is not; unknown: nothing says, and nothing shows an interface.
        clauses: Where it is settled.
        because: Why not, or what the records say of it.
        remedy: What to write, and where.
        warnings: What lacks in part: feeds without it, promises missed.
    """

    party_id: str
    question: str
    status: RuleStatus
    clauses: tuple[Clause, ...]
    because: str
    remedy: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Governance:
    """What contracts and records say about every partner.

    Attributes:
        contracts: As they were understood; empty where there are none.
        rules: Every question about every partner that sends a feed, does a stage of order lines, or has a contract.
        sla: Each promise held to the records.
        quality: Each quality rule run.
        outages: What an outage of each partner could cost.
        refusals: What could not be told.
        notes: Lines worth reading.
        feeds: Deliveries by feed, as far as they are recorded; what drafts are made from.
    """

    contracts: tuple[ContractTold, ...]
    rules: tuple[Rule, ...]
    sla: tuple[SlaCheck, ...]
    quality: tuple[QualityCheck, ...]
    outages: tuple[Outage, ...]
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]
    feeds: Mapping[str, Feed] = field(default_factory=dict, repr=False, compare=False)

    def rules_of(self, party_id: str) -> tuple[Rule, ...]:
        """The rules of one partner, in the order of the questions."""
        return tuple(rule for rule in self.rules if rule.party_id == party_id)


def govern(ground: Ground, contracts: Sequence[Contract] | None) -> Governance:
    """What is settled with each partner, held to the records.

    Args:
        ground: The tables, as for all evidence.
        contracts: From `read_contracts`; None where the folder has none. Then, and where all of them are drafts, every rule is unknown.
    """
    given = tuple(contracts or ())
    end = ground.period.end
    until = datetime(end.year, end.month, end.day, tzinfo=UTC).timestamp()
    names = frozenset(name.casefold() for c in given for name, _ in owners(c, end))
    records = read_records(ground.engine, ground.rows, until, names)
    parties = _parties_known(ground)
    told = tuple(_understood(c, records, parties, end) for c in given)
    reading = _Reading(ground, given, told, records, until)
    sla, quality = reading.sla(), reading.quality()
    partners = _partners(ground, told, records)
    # Drafts say what is to be agreed: whoever writes them must not be worse off than who has none.
    signed = [c for c in given if plain(c.status or "") not in {plain(w) for w in words.DRAFTS}]
    in_force = {
        p: [c for c, t in zip(given, told, strict=True) if t.party_id == p and t.void is None] for p in partners
    }
    rules = tuple(
        _rule(
            question,
            party,
            reading,
            in_force[party],
            sla,
            quality,
            given=bool(signed),
            evident=partners[party],
        )
        for party in partners
        for question in QUESTIONS
    )
    days = (end - ground.period.start).days
    found, refused = outages(ground.engine, ground.lines, in_force, _offers(ground), ground.period.start, days)
    return Governance(
        told, rules, sla, quality, found, (*refused, *_refusals(signed, records)), _notes(told), records.feeds or {}
    )


def _parties_known(ground: Ground) -> frozenset[str]:
    table = ground.rows.get("parties")
    return (
        frozenset() if table is None else frozenset(ground.engine.run(table.select("party_id"))["party_id"].to_pylist())
    )


def _understood(contract: Contract, records: Records, parties: frozenset[str], on: date) -> ContractTold:
    """Which partner and which feeds a contract is about."""
    feeds = records.feeds or {}
    by_name = {plain(feed_id): feed_id for feed_id in feeds}
    asked = [*contract.custom(*words.FEED), contract.id, contract.said.get("dataProduct"), contract.said.get("name")]
    covered = tuple(dict.fromkeys(by_name[plain(a)] for a in asked if a is not None and plain(a) in by_name))
    party, party_from = None, "nothing says which partner it is about"
    for value in contract.custom(*words.PARTY):
        match = {plain(p): p for p in parties}.get(plain(value), str(value))
        party, party_from = match, "its custom property party_id"
    if party is None:
        senders = [feeds[name].party_id for name in covered if feeds[name].party_id is not None]
        if senders:
            party, party_from = senders[0], f"the sender of feed {covered[0]}"
    if not covered and party is not None:
        covered = tuple(name for name, feed in feeds.items() if feed.party_id == party)
    return ContractTold(
        contract.id, contract.name, contract.file, party, party_from, covered, not_in_force(contract, on)
    )


def _partners(ground: Ground, told: Sequence[ContractTold], records: Records) -> dict[str, bool]:
    """Partners → whether the records show an interface with them: a feed, or a stage of order lines in their hands."""
    evident = {f.party_id for f in (records.feeds or {}).values()} | set(ground.channel_party.values())
    if ground.lines is not None:
        for doer in ("fulfilment_party", "carrier_id", "release_party"):
            if doer in ground.lines.columns:
                evident |= set(ground.engine.run(ground.lines.select(doer).distinct())[doer].to_pylist())
    every = evident | {t.party_id for t in told} | set(ground.party_names)
    return {party: party in evident for party in sorted(p for p in every if p is not None and p != ground.own)}


def _offers(ground: Ground) -> list[dict[str, object]]:
    table = ground.rows.get("offers")
    return (
        []
        if table is None
        else list(ground.engine.run(table.select("party_id", "capability", "ramp_days")).to_pylist())
    )


@dataclass(frozen=True)
class _Reading:
    """Contracts beside the records."""

    ground: Ground
    contracts: tuple[Contract, ...]
    told: tuple[ContractTold, ...]
    records: Records
    until: float

    @property
    def _pairs(self) -> list[tuple[Contract, ContractTold]]:
        return [(c, t) for c, t in zip(self.contracts, self.told, strict=True) if t.void is None]

    def _feeds(self, told: ContractTold) -> list[Feed]:
        return [(self.records.feeds or {})[name] for name in told.feeds]

    def sla(self) -> tuple[SlaCheck, ...]:
        found = []
        for contract, told in self._pairs:
            cases = (self.records.cases or {}).get(told.party_id or "")
            evidence = Evidence(
                self._feeds(told), cases, self._spans(contract), self.until, self.ground.portfolio.time_zone,
                self.ground.portfolio.thresholds.kept_share,
            )  # fmt: skip
            for promise in promises(contract):
                measured, n, status, because = check(promise, evidence)
                found.append(
                    SlaCheck(contract.id, told.party_id, told.feeds, promise.name, promise.text, promise.where, measured, n, status, because)
                )  # fmt: skip
        return tuple(found)

    def _spans(self, contract: Contract) -> dict[str, tuple[float, float]]:
        """First and last time of canonical tables that a contract promises to keep."""
        if not any(p.name == "retention" for p in promises(contract)):
            return {}
        found = {}
        for table in contract.list_of("schema"):
            name = table_of(table, self.ground.rows)
            span = _span(self.ground.engine, self.ground.rows[name]) if name else None
            if name and span:
                found[name] = span
        return found

    def quality(self) -> tuple[QualityCheck, ...]:
        g = self.ground
        return tuple(
            found
            for contract, told in self._pairs
            for found in check_quality(contract, g.engine, g.rows, self._feeds(told), g.portfolio.thresholds.kept_share)
        )


def _span(engine: Engine, table: ir.Table) -> tuple[float, float] | None:
    """First and last time in the first column of times or days."""
    for name, kind in table.schema().items():
        if kind.is_timestamp() or kind.is_date():
            at = seconds(table[name].cast("timestamp"))
            row = engine.run(table.aggregate(first=at.min(), last=at.max())).to_pylist()[0]
            return None if row["first"] is None else (float(row["first"]), float(row["last"]))
    return None


def _rule(
    question: str, party: str, reading: _Reading, in_force: Sequence[Contract], sla: Sequence[SlaCheck],
    quality: Sequence[QualityCheck], *, given: bool, evident: bool,
) -> Rule:  # fmt: skip
    remedy = _REMEDIES[question]
    if not given:
        return Rule(
            party,
            question,
            "unknown",
            (),
            "there are no contracts, or drafts only",
            "Put contracts in force into contracts/.",
            (),
        )
    found: list[Clause] = []
    why: list[str] = []
    for contract in in_force:
        mine, lacking = clauses(contract, reading.ground.period.end)
        found += [c for c in mine if c.question == question]
        why += [lacking[question]] if question in lacking else []
    ids = {c.id for c in in_force}
    if question == "service_level":
        found, missed = _promised(found, [s for s in sla if s.contract_id in ids], reading.ground, party)
        why += missed
    warnings = _warnings(question, reading, in_force, [q for q in quality if q.contract_id in ids])
    if question == "owner" and found:
        idle = _never_closes(reading, party, in_force)
        if idle:
            return Rule(party, question, "open", tuple(found), idle, "Name somebody who closes exceptions.", warnings)
    if found:
        because = "; ".join(dict.fromkeys(why)) or _evidence(question, party, reading)
        return Rule(party, question, "settled", tuple(found), because, remedy, warnings)
    void = [t.void for t in reading.told if t.party_id == party and t.void]
    if not in_force and not void and not evident:
        because = "no contract names it, and no feed or order line shows an interface with it"
        return Rule(party, question, "unknown", (), because, remedy, warnings)
    because = "; ".join(dict.fromkeys([*why, *void])) or (
        f"{_listed(in_force)} {'say' if len(in_force) > 1 else 'says'} nothing of it"
        if in_force
        else "it has no contract"
    )
    return Rule(party, question, "open", (), because, remedy, warnings)


def _listed(contracts: Sequence[Contract]) -> str:
    return " and ".join(c.file for c in contracts[:3]) + (" …" if len(contracts) > 3 else "")


_REMEDIES = {
    "owner": "Name a member with role Owner under team in its contract.",
    "escalation": "Name a channel for incidents under support.",
    "service_level": "Write at least one slaProperty with value and unit, e.g. latency 2 h.",
    "quality": "Write quality rules under the schema, e.g. metric rowCount.",
    "credit": "Write a custom property 'credit': who credits whom, for what.",
    "fallback": "Write a custom property 'fallback': what is done while it is down, and after how long.",
    "exit": "Write a custom property 'exit': notice, and what is handed back.",
}


def _promised(
    found: Sequence[Clause], sla: Sequence[SlaCheck], ground: Ground, party: str
) -> tuple[list[Clause], list[str]]:
    """Promises that count: what the records show to be missed does not."""
    known = {plain(name) for name in PROPERTIES} - set(LIFECYCLE)
    missed = [s for s in sla if s.status == "missed" and plain(s.property) in known]
    unread = [s for s in sla if isinstance(s.measured, Refusal) and s.measured.code in _NO_FIGURE]
    gone = {s.where for s in (*missed, *unread)}
    kept = [c for c in found if c.where not in gone]
    for level in ground.portfolio.service_levels:
        if level.party_id == party:
            text = f"{level.stage} within {level.hours:g} h"
            kept.append(
                Clause("service_level", text, "portfolio.toml" + (f", line {level.line}" if level.line else ""))
            )
    told = [f"missed: {s.promised} {s.because} ({s.where})" for s in missed]
    return kept, told + [f"not to be read: {s.promised}: {s.because} ({s.where})" for s in unread]


_NO_FIGURE = ("contradicted", "no_value", "unclear")


def _warnings(
    question: str, reading: _Reading, in_force: Sequence[Contract], quality: Sequence[QualityCheck]
) -> tuple[str, ...]:
    found = []
    if len(in_force) > 1:
        for contract in in_force:
            mine, _ = clauses(contract, reading.ground.period.end)
            if all(c.question != question for c in mine):
                found.append(f"{contract.file} says nothing of it")
    if question == "quality":
        found += [f"{q.about}: {q.rule}, {q.because} ({q.where})" for q in quality if q.status == "missed"]
    return tuple(found)


def _never_closes(reading: _Reading, party: str, in_force: Sequence[Contract]) -> str | None:
    """Why who is named as owner is none: exceptions come and are never closed."""
    if not reading.records.closes:
        return None
    end = reading.ground.period.end
    named = [name for contract in in_force for name, _ in owners(contract, end)]
    acting = [(n, reading.records.actors[n.casefold()]) for n in named if n.casefold() in reading.records.actors]
    whose = acting or [(party, c) for c in [(reading.records.cases or {}).get(party)] if c is not None]
    ripe = {name: _ripe(cases, reading) for name, cases in whose}
    if not ripe or any(n < LEAST_EXCEPTIONS or closed for n, closed in ripe.values()):
        return None
    name, (n, _) = next(iter(ripe.items()))
    return f"{name} took part in {n} exceptions, and none was closed: an owner that never closes one is none"


def _ripe(cases: Cases, reading: _Reading) -> tuple[int, int]:
    """Exceptions old enough to be closed, by what nine in ten closed ones take, and how many were closed."""
    every = [c.closed - c.opened for c in (reading.records.cases or {}).values()]
    spent = np.concatenate(every) if every else np.zeros(0)
    usual = float(np.quantile(spent[np.isfinite(spent)], 0.9)) if np.isfinite(spent).any() else 0.0
    old = reading.until - cases.opened > usual
    return int(old.sum()), int(np.isfinite(cases.closed[old]).sum())


def _evidence(question: str, party: str, reading: _Reading) -> str:
    cases = (reading.records.cases or {}).get(party)
    if question in ("owner", "escalation") and cases is not None and len(cases.opened):
        closed = np.isfinite(cases.closed)
        if question == "owner":
            return f"{int(closed.sum())} of {len(closed)} exceptions with it were closed"
        wait = float(np.median(cases.joined - cases.opened)) / 3600
        return f"it joined {len(cases.opened)} exceptions, the median one {wait:.1f} h after it was opened"
    return ""


def _refusals(contracts: Sequence[Contract], records: Records) -> tuple[Refusal, ...]:
    found = []
    if not contracts:
        found.append(
            Refusal(
                "no_contracts",
                "governance",
                "the folder has no contracts, or drafts only",
                "contracts/ with one ODCS file for each feed",
            )
        )
    if records.feeds is None:
        found.append(Refusal("no_feeds", "service levels of feeds", "there is no record of deliveries", "table feeds"))
    if records.cases is None:
        found.append(
            Refusal(
                "no_work_log", "who closes exceptions", "no work log says who acted", "table work_log with party_id"
            )
        )
    return tuple(found)


def _notes(told: Sequence[ContractTold]) -> tuple[str, ...]:
    found = [f"{t.file}: {t.party_from}; write a custom property party_id" for t in told if t.party_id is None]
    return (*found, *(t.void for t in told if t.void))
