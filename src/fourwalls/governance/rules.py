"""From contracts and records to what is settled with each partner, and what is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import ibis.expr.types as ir

from fourwalls.engines.base import Engine
from fourwalls.errors import did_you_mean
from fourwalls.evidence.ground import Ground
from fourwalls.figures import Refusal
from fourwalls.governance import words
from fourwalls.governance.checks import Evidence, SlaCheck, check
from fourwalls.governance.contracts import Contract, plain
from fourwalls.governance.outages import Outage, outages
from fourwalls.governance.quality import QualityCheck, check_quality, table_of
from fourwalls.governance.questions import (
    QUESTIONS,
    not_in_force,
    owners,
    promises,
)
from fourwalls.governance.records import Feed, Records, midnight, read_records
from fourwalls.governance.settling import Partner, Rule, settle
from fourwalls.measures.order_lines import seconds


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
    """

    contracts: tuple[ContractTold, ...]
    rules: tuple[Rule, ...]
    sla: tuple[SlaCheck, ...]
    quality: tuple[QualityCheck, ...]
    outages: tuple[Outage, ...]
    refusals: tuple[Refusal, ...]
    notes: tuple[str, ...]

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
    until = midnight(end)
    names = frozenset(name.casefold() for c in given for name, _ in owners(c, end))
    records = read_records(ground.engine, ground.rows, until, names)
    parties = _parties_known(ground)
    told = tuple(_understood(c, records, parties, end) for c in given)
    reading = _Reading(ground, given, told, records, until)
    sla, quality = reading.sla(), reading.quality()
    # Drafts say what is to be agreed: whoever writes them must not be worse off than who has none.
    signed = [c for c in given if plain(c.status or "") not in {plain(w) for w in words.DRAFTS}]
    partners = _partners(reading, sla, quality, is_asked=bool(signed))
    rules = tuple(settle(question, partner, records, end) for partner in partners for question in QUESTIONS)
    in_force = {p.party_id: p.contracts for p in partners}
    days = (end - ground.period.start).days
    found, refused = outages(ground.engine, ground.lines, in_force, _offers(ground), ground.period.start, days)
    return Governance(
        told,
        rules,
        sla,
        quality,
        found,
        (*refused, *_refusals(signed, records)),
        _notes(told, parties | {ground.own, *_evident(ground, records)}),
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


def _evident(ground: Ground, records: Records) -> set[str]:
    """Parties that the records show an interface with: a feed, a channel, or a stage of order lines in their hands."""
    found = {f.party_id for f in (records.feeds or {}).values()} | set(ground.channel_party.values())
    if ground.lines is not None:
        for doer in ("fulfilment_party", "carrier_id", "release_party"):
            found |= set(ground.engine.run(ground.lines.select(doer).distinct())[doer].to_pylist())
    return {party for party in found if party is not None}


def _partners(
    reading: _Reading, sla: Sequence[SlaCheck], quality: Sequence[QualityCheck], *, is_asked: bool
) -> tuple[Partner, ...]:
    """Everybody but ourselves whom records or contracts name, with what is known of them."""
    ground, pairs = reading.ground, list(zip(reading.contracts, reading.told, strict=True))
    evident, booked, offers = _evident(ground, reading.records), _booked(ground), _offers(ground)
    every = evident | {t.party_id for t in reading.told if t.party_id is not None} | set(ground.party_names)
    found = []
    for party in sorted(every - {ground.own}):
        ids = {t.id for t in reading.told if t.party_id == party and t.void is None}
        offered = {o["capability"] for o in offers if o["party_id"] == party}
        others = {str(o["party_id"]) for o in offers if o["party_id"] != party and o["capability"] in offered}
        found.append(
            Partner(
                party_id=party,
                contracts=tuple(c for c, t in pairs if t.id in ids),
                void=tuple(t.void for t in reading.told if t.party_id == party and t.void),
                is_evident=party in evident,
                is_asked=is_asked,
                sla=tuple(s for s in sla if s.contract_id in ids),
                quality=tuple(q for q in quality if q.contract_id in ids),
                levels=tuple(v for v in ground.portfolio.service_levels if v.party_id == party),
                others=tuple(sorted(others)),
                booked_amount=None if booked is None else booked.get(party, 0.0),
            )
        )
    return tuple(found)


def _booked(ground: Ground) -> dict[str, float] | None:
    """Party → leakage booked on it; None where no ledger names parties."""
    table = ground.rows.get("leakage")
    if table is None:
        return None
    known = table.filter(table.party_id.notnull())
    found = ground.engine.run(known.group_by("party_id").agg(amount=known.amount.sum()))
    return dict(zip(found["party_id"].to_pylist(), map(float, found["amount"].to_pylist()), strict=True)) or None


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


def _notes(told: Sequence[ContractTold], parties: Iterable[str]) -> tuple[str, ...]:
    found = [f"{t.file}: {t.party_from}; write a custom property party_id" for t in told if t.party_id is None]
    strange = [t for t in told if t.party_id is not None and t.party_id not in parties]
    found += [
        f"{t.file} is about '{t.party_id}', whom no table names.{did_you_mean(str(t.party_id), parties)}"
        for t in strange
    ]
    return (*found, *(t.void for t in told if t.void))
