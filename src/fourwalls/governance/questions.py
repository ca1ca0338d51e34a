"""What a contract has to answer before more is asked of a partner: seven questions, and where each is answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from fourwalls.governance import units, words
from fourwalls.governance.contracts import Contract, plain

QUESTIONS: Mapping[str, str] = {
    "owner": "Who owns the interface, by name?",
    "escalation": "Where does a person call when it fails?",
    "service_level": "What has been promised, in figures?",
    "quality": "Which rules must the data keep?",
    "credit": "Who credits whom, and for what?",
    "fallback": "What is done while it is down?",
    "exit": "How do both sides part?",
}
"""Question → as a person asks it."""

LIFECYCLE = ("generalavailability", "endofsupport", "endoflife", "retention")
"""SLA properties that say how long something is there, not how well it serves."""

SYNONYMS: Mapping[str, str] = {
    "av": "availability", "th": "throughput", "er": "errorRate", "ga": "generalAvailability", "es": "endOfSupport", "el": "endOfLife",
    "re": "retention", "fy": "frequency", "ly": "latency", "freshness": "latency", "td": "timeToDetect", "tn": "timeToNotify",
    "tr": "timeToRepair",
}  # fmt: skip
PROPERTIES = (
    "availability", "throughput", "errorRate", "generalAvailability", "endOfSupport", "endOfLife", "retention", "frequency", "latency",
    "timeToDetect", "timeToNotify", "timeToRepair", "timeOfAvailability",
)  # fmt: skip
"""The twelve SLA properties the standard lists, and the time of availability of its example."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A place in a contract that answers a question.

    Attributes:
        question: Key of QUESTIONS.
        text: What it says, in short.
        where: File and line.
    """

    question: str
    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Promise:
    """One entry of slaProperties.

    Attributes:
        name: As PROPERTIES spell it, else as written.
        value, unit, element: As written.
        where: File and line.
        contradicted: Where the same contract promises another value for the same thing; None if nowhere.
    """

    name: str
    value: Any
    unit: str | None
    element: str | None
    where: str
    contradicted: str | None = None

    @property
    def text(self) -> str:
        """As a person reads it, e.g. "latency 2 h"."""
        return " ".join(str(part) for part in (self.name, self.value, self.unit) if part is not None)


def property_name(written: object) -> str:
    """The standard's spelling of an SLA property; its names know no case, and have two-letter synonyms."""
    known = {plain(name): name for name in PROPERTIES} | {plain(short): name for short, name in SYNONYMS.items()}
    return known.get(plain(written), str(written))


def promises(contract: Contract) -> tuple[Promise, ...]:
    """What a contract promises; promises of one property, element and driver that differ contradict each other."""
    found, first = [], dict[tuple[str, ...], tuple[object, str]]()
    for i, item in enumerate(contract.list_of("slaProperties")):
        name, where = property_name(item["property"]), contract.at("slaProperties", i)
        key = (name, *(str(item.get(k) or "").casefold() for k in ("element", "driver", "schedule")))
        figure = _figure(item)
        other, at = first.setdefault(key, (figure, where))
        found.append(
            Promise(name, item["value"], item.get("unit"), item.get("element"), where, at if other != figure else None)
        )
    clashing = {(p.name, p.contradicted) for p in found if p.contradicted}
    return tuple(
        Promise(p.name, p.value, p.unit, p.element, p.where, "another line") if (p.name, p.where) in clashing else p
        for p in found
    )


def _figure(item: Mapping[str, Any]) -> object:
    """A value that equals another if both promise the same: 120 min is 2 h."""
    try:
        return units.seconds(item["value"], item.get("unit"))
    except units.UnclearError:
        return (str(item["value"]).strip().casefold(), str(item.get("unit") or "").strip().casefold())


def not_in_force(contract: Contract, on: date) -> str | None:
    """Why a contract does not bind on a day; None if it does."""
    if contract.status and plain(contract.status) not in {plain(s) for s in words.IN_FORCE}:
        return f"{contract.file} is '{contract.status}', not in force"
    for promise in promises(contract):
        ended = _past(promise, "endOfLife", on)
        if ended:
            return f"{contract.file} ended {ended}"
    return None


def _past(promise: Promise, name: str, on: date) -> str | None:
    if promise.name != name:
        return None
    try:
        end = units.day(promise.value)
    except units.UnclearError:
        return None
    return f"on {end}" if end < on else None


def clauses(contract: Contract, on: date) -> tuple[tuple[Clause, ...], dict[str, str]]:
    """Clauses of a contract, and for questions it tries to answer and does not, why not."""
    found: list[Clause] = []
    why: dict[str, str] = {}
    _owner(contract, on, found, why)
    _escalation(contract, on, found, why)
    for promise in promises(contract):
        if promise.contradicted:
            why["service_level"] = f"{contract.file} promises {promise.name} twice, and not the same ({promise.where})"
        elif plain(promise.name) not in LIFECYCLE and promise.value is not None:
            found.append(Clause("service_level", promise.text, promise.where))
    for place, rule in quality_rules(contract):
        found.append(
            Clause(
                "quality",
                str(rule.get("metric") or rule.get("rule") or rule.get("name") or rule.get("type") or "rule"),
                contract.at(*place),
            )
        )
    for question, names in (("credit", words.CREDIT), ("fallback", words.FALLBACK), ("exit", words.EXIT)):
        found += [Clause(question, text, where) for text, where in _custom(contract, names)]
    if contract.list_of("price") or isinstance(contract.said.get("price"), dict):
        found.append(Clause("credit", "price", contract.at("price")))
    return tuple(found), {q: text for q, text in why.items() if all(c.question != q for c in found)}


def _custom(contract: Contract, names: Iterable[str]) -> list[tuple[str, str]]:
    """Custom properties and links of one of these names that say something."""
    wanted = {plain(n) for n in names}
    found = []
    for i, item in enumerate(contract.list_of("customProperties")):
        if plain(item["property"]) in wanted and item["value"] not in (None, "", [], {}, False):
            found.append((_short(item["value"]), contract.at("customProperties", i)))
    for i, item in enumerate(contract.list_of("authoritativeDefinitions")):
        if plain(item["type"]) in wanted and str(item["url"]).strip():
            found.append((_short(item.get("description") or item["url"]), contract.at("authoritativeDefinitions", i)))
    return found


def _short(value: object) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= 200 else text[:199] + "…"


def owners(contract: Contract, on: date) -> list[tuple[str, str]]:
    """Names of the members of the team who own the interface on a day, each with their role."""
    team = contract.said.get("team")
    members = team.get("members") or [] if isinstance(team, dict) else team or []
    found = []
    for member in members:
        name, role = str(member.get("username") or member.get("name") or "").strip(), str(member.get("role") or "")
        gone = _ended(member.get("dateOut"), on)
        if name and not gone and any(word in role.casefold() for word in words.OWNER_ROLES):
            found.append((name, role))
    return found


def _ended(value: object, on: date) -> bool:
    try:
        return value is not None and units.day(value) <= on
    except units.UnclearError:
        return False


def _owner(contract: Contract, on: date, found: list[Clause], why: dict[str, str]) -> None:
    found += [Clause("owner", f"{name} ({role})", contract.at("team")) for name, role in owners(contract, on)]
    found += [Clause("owner", text, where) for text, where in _custom(contract, words.OWNER)]
    for i, role in enumerate(contract.list_of("roles")):
        # Roles of the standard are rights of access; one owns only if it says so and names a person.
        approver = role.get("firstLevelApprovers")
        if approver and any(word in str(role["role"]).casefold() for word in words.OWNER_ROLES):
            found.append(Clause("owner", f"{approver} ({role['role']})", contract.at("roles", i)))
    if contract.said.get("team"):
        why["owner"] = f"{contract.file} names a team, and nobody in it who owns the interface today"


def _escalation(contract: Contract, on: date, found: list[Clause], why: dict[str, str]) -> None:
    over = [e for e in (_past(p, "endOfSupport", on) for p in promises(contract)) if e]
    if over:
        why["escalation"] = f"support by {contract.file} ended {over[0]}"
        return
    for i, item in enumerate(contract.list_of("support")):
        if not str(item["channel"]).strip():
            continue
        if plain(item.get("scope") or "") in {plain(w) for w in words.ANNOUNCEMENTS}:
            why["escalation"] = f"{contract.file} names channels for announcements only"
            continue
        found.append(Clause("escalation", _short(item["channel"]), contract.at("support", i)))
    found += [Clause("escalation", text, where) for text, where in _custom(contract, words.ESCALATION)]


def quality_rules(contract: Contract) -> list[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Quality rules of a contract with where they stand: below an object of its schema, or one of its properties."""
    found: list[tuple[tuple[str | int, ...], dict[str, Any]]] = []
    for i, table in enumerate(contract.list_of("schema")):
        found += [(("schema", i, "quality", j), rule) for j, rule in enumerate(table.get("quality") or [])]
        for k, column in enumerate(table.get("properties") or []):
            path = ("schema", i, "properties", k, "quality")
            found += [((*path, j), rule) for j, rule in enumerate(column.get("quality") or [])]
    return found
