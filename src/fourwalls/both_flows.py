"""The verdict from both flows together: what is late, and what was never sold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from fourwalls.diagnosis import Availability, Bottleneck, Gap, VerdictName, Wall
from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.portfolio import Thresholds
from fourwalls.value import Costs, PathValue, Worth
from fourwalls.verdict import GOVERNANCE, Facts, Verdict, percent

_Doer = tuple[str, Wall, str | None, str, Literal["service", "stock"]]
Standing = Literal["material", "immaterial", "untold", "unknown"]
ACTED_ON: tuple[VerdictName, ...] = ("operate", "orchestrate", "operate then orchestrate")
# Shelves of fewer units than this say little, whatever share of them was lost.
LEAST_UNITS = 200.0


@dataclass(frozen=True, slots=True)
class Both:
    """What the rules look at.

    Attributes:
        service: The verdict of the order flow alone, from these facts.
        facts: Its facts; None where there are no order lines.
        availability: What empty shelves cost.
        service_worth, stock_worth: What repairing each side is worth, by flow.
        costs: What failures cost.
        event_share: Part of what availability could recover that fell into its worst tenth of the weeks, beyond chance.
        outside_event: What availability could recover in the other weeks, as a share of units wanted.
        values: What each path brings over the horizon after its costs; None where these are not known.
        currency: Of the values.
    """

    service: Verdict
    facts: Facts | None
    availability: Availability | Refusal
    service_worth: Worth
    stock_worth: Worth
    costs: Costs
    event_share: float
    outside_event: float
    values: Mapping[VerdictName, PathValue] | None = None
    currency: str = ""


def decide_both(b: Both, t: Thresholds) -> Verdict:
    """The verdict of the order flow where empty shelves change nothing; else from both, by rules S1 to S7."""
    return _worth_its_cost(_decided(b, t), b)


def _decided(b: Both, t: Thresholds) -> Verdict:
    standing = standing_of(b, t)
    acts = b.service.name in ACTED_ON
    if standing == "material" and isinstance(b.availability, Availability):
        return _split(b, b.availability, t, acts)
    if b.facts is None and isinstance(b.availability, Availability) and standing == "unknown":
        because = f"Only {b.availability.wanted_units:,.0f} units were wanted; {LEAST_UNITS:,.0f} are needed before a share of them means much."
        return replace(b.service, because=because, rule=f"S0. Fewer than {LEAST_UNITS:,.0f} units wanted: cannot tell.")
    if acts or standing == "unknown":
        return b.service
    if standing == "untold" and isinstance(b.availability, Availability):
        return _untold(b, b.availability, t)
    if b.facts is None and isinstance(b.availability, Availability):
        return _leave(b.availability, t, b)
    return b.service


def _worth_its_cost(verdict: Verdict, b: Both) -> Verdict:
    """Leaves alone what costs more than it brings, and the second half of a path that does not pay for itself."""
    if b.values is None or verdict.name not in ACTED_ON:
        return verdict
    values = {path: known.value for path, known in b.values.items()}
    if values[verdict.name] <= 0 and max(values.values()) <= 0:
        because = (
            f"{verdict.because} But over the horizon it is expected to bring {b.currency} {-values[verdict.name]:,.0f} less than it "
            "costs, by the costs and assumptions in portfolio.toml."
        )
        rule = "S7. No path brings more over the horizon than it costs: leave it."
        return replace(
            verdict, name="leave it", because=because, rule=rule, next_step="Nothing to start: it would not pay."
        )
    if values[verdict.name] <= 0 or verdict.name == "operate then orchestrate":
        best = max(values, key=lambda path: values[path])
        if best != verdict.name:
            less = values[best] - values[verdict.name]
            because = f"{verdict.because} After costs, to {best} is worth {b.currency} {less:,.0f} more."
            return replace(
                verdict, name=best, because=because, rule=f"{verdict.rule[:-1]}, unless another path is worth more."
            )
    return verdict


def first_bottleneck(b: Both) -> Bottleneck | None:
    """The stage in the hands of one party whose repair is worth most, over both flows."""
    found: dict[_Doer, float] = {}
    if isinstance(b.availability, Availability):
        for u in b.availability.contributions:
            worth = u.amount.value if isinstance(u.amount, Estimate) else u.units * b.costs.lost
            found[u.stage, u.wall, u.party_id, u.party_name, "stock"] = worth
    for c in b.facts.contributions if b.facts is not None else ():
        key: _Doer = (c.stage, c.wall, c.party_id, c.party_name, "service")
        worth = (c.amount.value if isinstance(c.amount, Estimate) else c.lines) * b.costs.of(c.outcome)
        found[key] = found.get(key, 0.0) + worth
    total = sum(max(worth, 0.0) for worth in found.values())
    if total <= 0:
        return None
    first = max(found, key=lambda key: found[key])
    return Bottleneck(*first, found[first] / total)


def standing_of(b: Both, t: Thresholds) -> Standing:
    """Whether empty shelves are worth acting on."""
    a = b.availability
    if isinstance(a, Refusal) or a.wanted_units < LEAST_UNITS:
        return "unknown"
    if _value(a.total) >= t.material_share and _low(a.total) > 0:
        is_event = b.event_share > 0.5 and b.outside_event < t.material_share
        return "immaterial" if is_event else "material"
    supply = {"decision", "supply", "receiving"}
    if _value(a.lost) >= t.material_share and supply <= set(a.unjudged):
        return "untold"
    return "immaterial"


def _value(figure: Figure) -> float:
    return figure.value if isinstance(figure, Estimate) else 0.0


def _low(figure: Figure) -> float:
    return figure.low if isinstance(figure, Estimate) else 0.0


def _untold(b: Both, a: Availability, t: Thresholds) -> Verdict:
    missing = ", ".join(a.unjudged)
    because = (
        f"{percent(_value(a.lost))} of what customers wanted met an empty shelf, and the record does not show why: "
        f"nothing to hold {missing} to."
    )
    return Verdict(
        "cannot tell yet",
        because,
        f"S1. At least {percent(t.material_share)} of demand lost and no supply stage that can be held to anything: cannot tell.",
        f"Availability is lost, {percent(_value(a.lost))} of demand, at a stage that this record does not contain.",
        "Get supply_orders (when the need was seen, ordered, promised, received, put away) for these shelves.",
        b.service.refusals,
    )


def _leave(a: Availability, t: Thresholds, b: Both) -> Verdict:
    because = (
        f"{percent(_value(a.lost))} of demand met an empty shelf, and stages at their standard would have sold "
        f"{percent(max(_value(a.total), 0.0))} of it, less than the {percent(t.material_share)} worth acting on."
    )
    return Verdict(
        "leave it",
        because,
        f"S2. Less than {percent(t.material_share)} of demand to recover: leave it.",
        "No stage stands out.",
        "Nothing to start: look elsewhere first.",
        b.service.refusals,
    )


@dataclass(frozen=True, slots=True)
class _Part:
    stage: str
    wall: Wall
    who: str
    parties: int
    worth: float
    told: str

    @property
    def whose(self) -> str:
        return self.who if self.parties == 1 else f"{self.parties} parties, first {self.who}"


def _split(b: Both, a: Availability, t: Thresholds, acts: bool) -> Verdict:
    worth = b.stock_worth.plus(b.service_worth) if acts else b.stock_worth
    parts = _parts(b, a, acts)
    share, chance = worth.inside_share, worth.inside_chance
    unknown = sum(p.worth for p in parts if p.wall == "unknown")
    if unknown > t.unknown_share * sum(p.worth for p in parts):
        because = f"{percent(unknown / sum(p.worth for p in parts))} of what could be recovered lies with parties the record does not name."
        rule = f"S3. More than {t.unknown_share:.0%} with unknown parties: cannot tell."
        return _verdict("cannot tell yet", because, rule, parts)
    recovered = f"{percent(_value(a.total))} of demand could be kept from empty shelves"
    if acts and b.facts is not None and isinstance(b.facts.gap, Gap):
        recovered += f" and {percent(_value(b.facts.gap.total))} of order lines from failing"
    material = {wall: _is_material(wall, a, b, t, acts) for wall in ("inside", "between")}
    if t.both_share <= share <= 1 - t.both_share and all(material.values()):
        because = (
            f"{recovered}; {percent(share)} of that margin is ours and {percent(1 - share)} lies with partners: both are worth "
            "acting on, and what we control comes first."
        )
        rule = f"S4. Each side holds at least {t.both_share:.0%} of the margin at stake and is material: operate, then orchestrate."
        return _verdict("operate then orchestrate", because, rule, parts)
    if chance <= 1 - t.sure_chance:
        because = f"{recovered}; {percent(1 - share)} of that margin lies with partners, the chance that theirs is the larger part is {_chance(1 - chance)}."
        rule = f"S5. Partners hold the larger part with a chance of at least {t.sure_chance:.0%}: orchestrate."
        return _verdict("orchestrate", because, rule, parts)
    because = f"{recovered}; {percent(share)} of that margin is our own work, the chance that it is the larger part is {_chance(chance)}."
    return _verdict("operate", because, "S6. Otherwise, and in a near tie: operate.", parts)


def _is_material(wall: str, a: Availability, b: Both, t: Thresholds, acts: bool) -> bool:
    stock = sum(_value(s.share) for s in a.stages if s.wall == wall)
    service = 0.0
    if acts and b.facts is not None and isinstance(b.facts.gap, Gap):
        service = sum(_value(s.share) for s in b.facts.gap.stages if s.wall == wall)
    return max(stock, service) >= t.material_share


def _chance(probability: float) -> str:
    if probability > 0.99:
        return "more than 99 %"
    return "less than 1 %" if probability < 0.01 else f"{100 * probability:.0f} %"


def _parts(b: Both, a: Availability, acts: bool) -> list[_Part]:
    """Stages of both flows by side, the one of most worth first."""
    found = []
    amounts = all(isinstance(c.amount, Estimate) for c in a.contributions)
    for s in a.stages:
        mine = [c for c in a.contributions if (c.stage, c.wall) == (s.stage, s.wall)]
        worth = (
            sum(c.amount.value for c in mine if isinstance(c.amount, Estimate)) if amounts else s.units * b.costs.lost
        )
        told = f"{s.units:,.0f} units, {percent(_value(s.share))} of demand, left unsold"
        if worth > 0 and mine:
            found.append(_Part(s.stage, s.wall, mine[0].party_name, len({c.party_id for c in mine}), worth, told))
    if acts and b.facts is not None:
        groups: dict[tuple[str, Wall], list[int]] = {}
        for i, c in enumerate(b.facts.contributions):
            groups.setdefault((c.stage, c.wall), []).append(i)
        for (stage, wall), rows in groups.items():
            mine_lines = [b.facts.contributions[i] for i in rows]
            worth = sum(
                (c.amount.value if isinstance(c.amount, Estimate) else c.lines) * b.costs.of(c.outcome)
                for c in mine_lines
            )
            lines = sum(c.lines for c in mine_lines)
            told = f"{lines:,.0f} order lines failed"
            who = len({c.party_id for c in mine_lines})
            found.append(_Part(stage, wall, mine_lines[0].party_name, who, worth, told))
    return sorted(found, key=lambda p: -p.worth)


def _verdict(name: VerdictName, because: str, rule: str, parts: list[_Part]) -> Verdict:
    refusals = (GOVERNANCE,) if "orchestrate" in name else ()
    return Verdict(name, because, rule, _bottleneck(name, parts), _next_step(name, parts), refusals)


def _bottleneck(name: VerdictName, parts: list[_Part]) -> str:
    if not parts:
        return "No stage stands out."
    if name == "operate then orchestrate":
        inside, between = (next((p for p in parts if p.wall == w), None) for w in ("inside", "between"))
        if inside is not None and between is not None:
            return f"Two bottlenecks: our own {inside.stage} ({inside.told}) and {between.stage} by {between.whose} ({between.told})."
    first, total = parts[0], sum(p.worth for p in parts)
    side = {
        "inside": f"inside our four walls ({first.whose})",
        "between": f"between us and our partners ({first.whose})",
        "unknown": "with a party the record does not name",
    }
    return f"The bottleneck is {first.stage} {side[first.wall]}: {percent(first.worth / total)} of the margin that could be kept ({first.told})."


_FIRST_MOVES = {
    "forecast": "set its level by what customers wanted, lost sales included, and watch the bias weekly",
    "decision": "put a limit on the days from need to order, and let small orders pass without a signature",
    "supply": "agree on the confirmed date and quantity as a service level, with a consequence",
    "receiving": "clear the dock within the time the better docks need",
    "allocation": "share stock out by demand and lead time, node by node",
    "listing": "make what is in stock buyable within hours",
}


def _next_step(name: VerdictName, parts: list[_Part]) -> str:
    wall = {"operate": "inside", "operate then orchestrate": "inside", "orchestrate": "between"}.get(name)
    first = next((p for p in parts if p.wall == wall), None)
    if first is None:
        return "Get what is named under what we do not know."
    whose = "our own" if first.wall == "inside" else f"{first.who}'s"
    move = _FIRST_MOVES.get(first.stage, "open the lines behind it and ask what the better ones did otherwise")
    return f"Start with {whose} {first.stage} ({first.told}): {move}."
