"""The verdict from all records together: what is late, what was never sold, and what bookings, hours, visits and offers cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from fourwalls.diagnosis import Availability, Bottleneck, Flow, Gap, VerdictName, Wall
from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.governance.readiness import Hole, Readiness
from fourwalls.losses import Loss
from fourwalls.portfolio import Thresholds
from fourwalls.readings import TOO_FEW_SPANS
from fourwalls.value import Costs, PathValue, Worth
from fourwalls.verdict import GOVERNANCE, LEAST_JUDGED, Facts, Verdict, percent

_Doer = tuple[str, Wall, str | None, str]
Standing = Literal["material", "immaterial", "untold", "unknown"]
ACTED_ON: tuple[VerdictName, ...] = ("operate", "orchestrate", "operate then orchestrate")
# Shelves of fewer units than this say little, whatever share of them was lost.
LEAST_UNITS = 200.0
# A path with partners goes before operating alone only where it is better with at least this chance; below, the two are as
# good as tied, and the simpler path with less risk goes first.
TIE_CHANCE = 0.6
# Codes of refusals by which nobody looked at an asset's shelves.
UNSEEN = frozenset({"no_stock", "no_shelf", "no_serving", "too_few_spans"})
# To orchestrate waits where this part of what partners could bring lies with partners whose rules are open.
BLOCKED_PART = 0.5
# Stages of the stock flow that cost sales and nothing besides.
_UNITS_ONLY = ("decision", "supply", "receiving", "listing", "shelf")


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
        others: What other records show: bookings, hours, visits, offers; amounts over the record.
        other_worth: What repairing each side of them is worth.
        service_losses: What late and cancelled lines cost by stage and party; empty where nothing is priced.
        revenue: Order value of the record [portfolio currency].
        readiness: How far the rules with partners are settled; None where nobody looked.
        names: party_id → as people call it.
        all_missed: What saving every line that came late or was cancelled would bring over the horizon, at most; None if unknown.
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
    others: Sequence[Loss] = ()
    other_worth: Worth | None = None
    service_losses: Sequence[Loss] = ()
    revenue: float = 0.0
    readiness: Readiness | None = None
    names: Mapping[str, str] | None = None
    all_missed: float | None = None

    def named(self, party_id: str | None) -> str:
        """A party as people call it."""
        return "party not recorded" if party_id is None else (self.names or {}).get(party_id, party_id)


def decide_all(b: Both, t: Thresholds) -> Verdict:
    """The verdict by what can be acted on (S0 to S6), by money (M0 to M3), by rules with partners (G1), by what nobody saw (U1)."""
    return _unexplained(_unseen(_by_what_is_seen(b, t), b, t), b, t)


def _by_what_is_seen(b: Both, t: Thresholds) -> Verdict:
    return _governed(_by_money(_decided(b, t), b, t), b)


def _unexplained(verdict: Verdict, b: Both, t: Thresholds) -> Verdict:
    """To leave an asset alone takes knowing why its shelves are empty where they are much more often than shelves usually are."""
    a = b.availability
    if verdict.name != "leave it" or not isinstance(a, Availability) or not isinstance(a.residual, Estimate):
        return verdict
    open_stages = [s for s in a.unjudged if s in _SUPPLYING]
    if t.unseen_stock_share <= 0 or a.residual.low <= _MUCH * t.unseen_stock_share or not open_stages:
        return verdict
    told = ", ".join(open_stages)
    because = (
        f"{verdict.because} But {percent(a.residual.value)} of what customers wanted met an empty shelf and no stage that could be "
        f"judged explains it; nothing shows what {told} could reach."
    )
    rule = (
        f"U2. Nothing to act on, but more than {percent(_MUCH * t.unseen_stock_share)} of demand lost for no reason seen, and a supply "
        "stage that could not be judged: cannot tell."
    )
    step = f"Get what would hold {told} to something: targets, service levels, confirmed dates, or records of comparable doers."
    return replace(verdict, name="cannot tell yet", because=because, rule=rule, next_step=step)


_SUPPLYING = ("forecast", "decision", "supply", "receiving", "allocation")
# So many times what shelves usually lose is not usual any more.
_MUCH = 2.0


def unseen_worth(b: Both, t: Thresholds) -> Refusal | None:
    """Why no path of an asset has a value: nothing to act on was seen, and what shelves hide nobody saw; None where that is not so.

    Nor has it one where the record is too short for ranges: a year made of a few days would be told with their accidents.
    """
    gap = b.facts.gap if b.facts is not None else None
    if isinstance(gap, Refusal) and gap.code == TOO_FEW_SPANS and not isinstance(b.availability, Availability):
        return replace(gap, about="What each path is worth")
    seen_alone = _by_what_is_seen(b, t)
    if _unseen(seen_alone, b, t) is seen_alone:
        return None
    known = b.values or {}
    best = max((v.value for v in known.values()), default=0.0)
    seen = (
        "none would pay"
        if best <= 0
        else f"the best comes to {b.currency} {best:,.0f} after costs and is not likely to pay"
    )
    because = f"by the records given {seen}, but what empty shelves cost is in none of them"
    return Refusal("unseen_worth", "What each path is worth", because, _UNSEEN_DATA)


def known_values(b: Both, t: Thresholds) -> Mapping[VerdictName, PathValue]:
    """What each path brings over the horizon; nothing where that is not known in money, or rests on what nobody saw."""
    return {} if b.values is None or unseen_worth(b, t) else b.values


_UNSEEN_DATA = "stock_days and supply_orders; if there are no shelves that could be empty, unseen_stock_share = 0 under [verdict] in portfolio.toml"


def _unseen(verdict: Verdict, b: Both, t: Thresholds) -> Verdict:
    """To leave an asset alone takes having looked at its shelves: they usually cost more than late lines do."""
    unknown = isinstance(b.availability, Refusal) and b.availability.code in UNSEEN
    if (
        verdict.name != "leave it"
        or not unknown
        or t.unseen_stock_share <= 0
        or t.unseen_stock_share < t.material_share
    ):
        return verdict
    because = (
        f"{verdict.because} But nothing is known of empty shelves, which usually cost about {percent(t.unseen_stock_share)} of "
        "sales: whether the asset can be left alone cannot be told."
    )
    rule = f"U1. Nothing to act on in the records given, and none of stock, where {percent(t.unseen_stock_share)} is usually lost: cannot tell."
    step = (
        "Get stock_days and supply_orders; if there are no shelves that could be empty, say so in portfolio.toml with "
        "unseen_stock_share = 0 under [verdict]."
    )
    refusals = tuple(dict.fromkeys([*verdict.refusals, b.availability])) if isinstance(b.availability, Refusal) else ()
    return replace(verdict, name="cannot tell yet", because=because, rule=rule, next_step=step, refusals=refusals)


def _decided(b: Both, t: Thresholds) -> Verdict:
    standing = standing_of(b, t)
    acts = b.service.name in ACTED_ON
    if standing == "material" or _others_material(b, t):
        return _split(b, t, _acting(b, t))
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


def _acting(b: Both, t: Thresholds) -> frozenset[str]:
    """Which records show something worth acting on."""
    found = {"service"} if b.service.name in ACTED_ON else set()
    if standing_of(b, t) == "material":
        found.add("stock")
    if _others_material(b, t):
        found.add("others")
    return frozenset(found)


def _others_material(b: Both, t: Thresholds, wall: str | None = None) -> bool:
    """Whether bookings, hours, visits and offers cost as much margin as losing the least share of lines worth acting on."""
    amount = sum(x.amount for x in b.others if wall in (None, x.wall))
    return b.revenue > 0 and amount >= t.material_share * b.revenue * b.costs.lost


def counted(b: Both, t: Thresholds) -> frozenset[str]:
    """Which records carry weight in money: late lines and empty shelves, unless one event explains them or it was asked for, and the rest."""
    found = {"others"}
    standing = standing_of(b, t)
    if standing != "unknown" and not _is_event(b, t):
        found.add("stock")
    if b.service.name in ACTED_ON or _counts_late(b, t):
        found.add("service")
    return frozenset(found)


def _counts_late(b: Both, t: Thresholds) -> bool:
    """Whether late lines that are too few to act on by themselves cost something all the same.

    They do where they are no chance and no event, and where nobody here said that as many may be late: the default of this
    product for lines on time says when lateness is worth a rule of its own, not that it is free.
    """
    f = b.facts
    if f is None or isinstance(f.gap, Refusal) or b.service.name != "leave it" or _low(f.gap.total) <= 0:
        return False
    asked = f.target_is_asked and f.missed_of_due <= 1 - f.on_time_target
    is_event = f.event_share > 0.5 and f.outside_event < t.material_share
    return not asked and not is_event


def _by_money(verdict: Verdict, b: Both, t: Thresholds) -> Verdict:
    """What each path brings after its costs decides, where portfolio.toml says what paths cost."""
    if b.values is None:
        return verdict
    values = {path: known.value for path, known in b.values.items()}
    if any(known.is_default for known in b.values.values()):
        if verdict.name in ACTED_ON and max(values.values()) <= 0:
            doubt = "At this product's default costs no path would pay: say under [paths] in portfolio.toml what they really cost before acting."
            return replace(verdict, because=f"{verdict.because} {doubt}")
        return verdict
    paying = [path for path, known in b.values.items() if pays(known, t)]
    if not paying:
        return _unpaid(_bounded(verdict, b, values, t), b, values, t)
    best = max(paying, key=lambda path: values[path])
    rule = "M2. The path that is worth most over the horizon, after its costs."
    for simpler in ("operate", "orchestrate") if best == "operate then orchestrate" else ("operate",):
        if simpler in paying and simpler != best:
            chance = float((b.values[best].draws > b.values[simpler].draws).mean())
            if chance < TIE_CHANCE:
                more = "partners bring" if best == "orchestrate" else "both bring"
                rule = f"M3. In a near tie (a chance below {TIE_CHANCE:.0%} that {more} more): {simpler}."
                best = simpler
                break
    parts = _parts(b, counted(b, t))
    chosen = b.values[best]
    because = (
        f"To {best} would keep {b.currency} {chosen.kept_per_year:,.0f} of margin a year once in place, the attainable part of the "
        f"{b.currency} {chosen.gain_per_year:,.0f} that it could act on; after its costs that is worth {b.currency} {chosen.value:,.0f} over "
        f"the horizon, and the chance that it pays is {_chance(chance_to_pay(chosen))}. {_sides(parts)}"
    )
    found = _verdict(best, because, rule, parts)
    # What could not be told before cannot be told now.
    return replace(found, refusals=tuple(dict.fromkeys([*found.refusals, *verdict.refusals])))


def chance_to_pay(known: PathValue) -> float:
    """Chance that a path brings more over the horizon than it costs, 0-1."""
    return float((known.draws > 0).mean())


def pays(known: PathValue, t: Thresholds) -> bool:
    """Whether a path is expected to bring more than it costs, and likely to."""
    return known.value > 0 and chance_to_pay(known) >= t.pays_chance


def _unpaid(verdict: Verdict, b: Both, values: Mapping[VerdictName, float], t: Thresholds) -> Verdict:
    """No path is likely to bring more than it costs."""
    best = max(values, key=lambda path: values[path])
    if verdict.name not in ACTED_ON:
        return verdict
    short = (
        f"falls {b.currency} {-values[best]:,.0f} short"
        if values[best] <= 0
        else f"pays with a chance of {_chance(chance_to_pay((b.values or {})[best]))} only"
    )
    because = (
        f"{verdict.because} But over the horizon no path is likely to bring more than it costs; the best, to {best}, {short}, "
        "by the costs and assumptions in portfolio.toml."
    )
    rule = f"M1. No path brings more over the horizon than it costs, with a chance of at least {t.pays_chance:.0%}: leave it."
    step = "Nothing to start: it would not pay."
    return replace(verdict, name="leave it", because=because, rule=rule, next_step=step)


def _bounded(verdict: Verdict, b: Both, values: Mapping[VerdictName, float], t: Thresholds) -> Verdict:
    """What nobody could be held to need not be known where saving every missed line would not pay."""
    f = b.facts
    # Lines without a promise, or too few of them, bound nothing.
    if verdict.name != "cannot tell yet" or verdict is not b.service or f is None or b.all_missed is None:
        return verdict
    unheld = max(f.unheld_share, f.untraced_share) > t.untraced_share
    if not unheld or f.lines < t.least_lines or f.judged_share < LEAST_JUDGED or standing_of(b, t) == "untold":
        return verdict
    best = max(values.values()) + b.all_missed
    if best > 0:
        return verdict
    because = (
        f"{verdict.because} But were every missed line saved, {b.currency} {b.all_missed:,.0f} over the horizon at most, the best path "
        f"would still fall {b.currency} {-best:,.0f} short of its costs."
    )
    rule = "M0. No path would pay even if it saved every missed line: leave it."
    return replace(
        verdict, name="leave it", because=because, rule=rule, next_step="Nothing to start: it would not pay."
    )


def _sides(parts: Sequence[_Part]) -> str:
    total = sum(p.worth for p in parts)
    if total <= 0:
        return ""
    inside, between = (sum(p.worth for p in parts if p.wall == wall) / total for wall in ("inside", "between"))
    told = (
        f"Of the margin that could be kept, {percent(inside)} is our own work and {percent(between)} lies with partners"
    )
    unknown = 1 - inside - between
    return f"{told}; {percent(unknown)} with parties the record does not name." if unknown > 0.0005 else f"{told}."


def _governed(verdict: Verdict, b: Both) -> Verdict:
    """To orchestrate waits until the rules with the partners it rests on are settled."""
    ready = b.readiness
    if ready is None:
        return verdict
    orchestrates = verdict.name in ("orchestrate", "operate then orchestrate")
    if not isinstance(ready.share, Refusal):
        others = tuple(r for r in verdict.refusals if r != GOVERNANCE)
        verdict = replace(verdict, refusals=(*others, *(_unknown_rules(b, ready) if orchestrates else ())))
    if not orchestrates:
        return verdict
    holes = blocking(b)
    if not holes:
        return verdict
    told = "; ".join(f"{h.party_name}: {h.asked}" for h in holes[:3])
    # Partners are needed only afterwards; where operating does not pay by itself, operating first would be a way round the rules.
    if verdict.name == "operate then orchestrate" and (b.values is None or b.values["operate"].value > 0):
        step = f"{verdict.next_step} Before the second half, settle with partners: {told}"
        return replace(verdict, next_step=step)
    waiting = ""
    if b.values is not None and b.values["orchestrate"].kept_per_year > 0:
        waiting = f" Every month of waiting costs about {b.currency} {b.values['orchestrate'].kept_per_year / 12:,.0f}."
    because = f"{verdict.because} But rules with the partners it rests on are open ({told}).{waiting}"
    rule = f"G1. To orchestrate is best, but partners with at least {BLOCKED_PART:.0%} of what is at stake lack a required rule: govern first."
    first = holes[0]
    step = f"Settle with {first.party_name} first: {first.remedy}"
    return replace(verdict, name="govern first", because=because, rule=rule, next_step=step)


def _unknown_rules(b: Both, ready: Readiness) -> tuple[Refusal, ...]:
    """What nobody knows of the rules, where these partners could make it wait as much as those that lack a rule."""
    stakes = _between(b)
    if ready.unknown_amount <= 0 or ready.blocked_amount + ready.unknown_amount < BLOCKED_PART * stakes:
        return ()
    who = ", ".join(ready.unknown_with[:3]) + (" …" if len(ready.unknown_with) > 3 else "")
    because = f"no contract says whether the rules with {who} are ready; {percent(ready.unknown)} of what is at stake with partners is with them"
    return (replace(GOVERNANCE, because=because),)


def _between(b: Both) -> float:
    """What is at stake with partners [portfolio currency over the record]."""
    stakes = sum(x.amount for x in (*b.others, *b.service_losses) if x.wall == "between" and x.amount > 0)
    if isinstance(b.availability, Availability):
        stakes += sum(max(_value(c.amount), 0.0) for c in b.availability.contributions if c.wall == "between")
    return stakes


def blocking(b: Both) -> tuple[Hole, ...]:
    """Open rules with partners who hold enough of what is at stake that to orchestrate has to wait; empty where it need not."""
    ready = b.readiness
    if ready is None or not ready.is_blocked or ready.blocked_amount < BLOCKED_PART * _between(b):
        return ()
    return tuple(h for h in ready.holes if h.blocks)


def first_bottleneck(b: Both) -> Bottleneck | None:
    """The stage in the hands of one party whose repair is worth most, over all records."""
    found: dict[_Doer, dict[Flow, float]] = {}

    def seen(stage: str, wall: Wall, party_id: str | None, party_name: str, flow: Flow, worth: float) -> None:
        mine = found.setdefault((stage, wall, party_id, party_name), {})
        mine[flow] = mine.get(flow, 0.0) + worth

    if isinstance(b.availability, Availability):
        for u in b.availability.contributions:
            worth = u.amount.value if isinstance(u.amount, Estimate) else u.units * b.costs.lost
            seen(u.stage, u.wall, u.party_id, u.party_name, "stock", worth)
    for c in b.facts.contributions if b.facts is not None else ():
        worth = (c.amount.value if isinstance(c.amount, Estimate) else c.lines) * b.costs.of(c.outcome)
        seen(c.stage, c.wall, c.party_id, c.party_name, "service", worth)
    for x in b.others:
        seen(x.stage, x.wall, x.party_id, b.named(x.party_id), x.flow, x.amount)
    worths = {doer: sum(flows.values()) for doer, flows in found.items()}
    total = sum(max(worth, 0.0) for worth in worths.values())
    if total <= 0:
        return None
    first = max(worths, key=lambda doer: worths[doer])
    flow = max(found[first], key=lambda flow: found[first][flow])
    return Bottleneck(*first, flow, worths[first] / total)


def standing_of(b: Both, t: Thresholds) -> Standing:
    """Whether empty shelves are worth acting on."""
    a = b.availability
    if isinstance(a, Refusal) or a.wanted_units < LEAST_UNITS:
        return "unknown"
    # Who waits and is served costs nothing, however many units met an empty shelf.
    costs_nothing = b.stock_worth.is_money and b.stock_worth.together <= 0
    if _value(a.total) >= t.material_share and _low(a.total) > 0 and not costs_nothing:
        return "immaterial" if _is_event(b, t) else "material"
    supply = {"decision", "supply", "receiving"}
    if _value(a.lost) >= t.material_share and supply <= set(a.unjudged):
        return "untold"
    return "immaterial"


def _is_event(b: Both, t: Thresholds) -> bool:
    """Whether one event is most of what empty shelves cost, and little is left without it.

    Events are looked for among units; what stock costs besides sales (given away, gone astray) was no event of theirs.
    """
    share = b.event_share
    worth = b.stock_worth.together if b.stock_worth is not None and b.stock_worth.is_money else 0.0
    if worth > 0 and b.revenue > 0 and isinstance(b.availability, Availability):
        a = b.availability
        plain = [c for c in a.contributions if c.stage in _UNITS_ONLY and c.units > 0 and _value(c.amount) > 0]
        units = sum(c.units for c in plain)
        # A unit is worth what stages lose that lose nothing else; without any, the mean margin of what was ordered.
        per_unit = sum(_value(c.amount) for c in plain) / units if units > 0 else 0.0
        in_units = max(_value(a.total), 0.0) * (a.wanted_units * per_unit if units > 0 else b.revenue * b.costs.lost)
        share *= min(1.0, in_units / worth)
    return share > 0.5 and b.outside_event < t.material_share


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


def _split(b: Both, t: Thresholds, acting: frozenset[str]) -> Verdict:
    worth = weighed(b, acting)
    parts = _parts(b, acting)
    share, chance = worth.inside_share, worth.inside_chance
    total = sum(p.worth for p in parts)
    unknown = sum(p.worth for p in parts if p.wall == "unknown")
    if unknown > t.unknown_share * total:
        because = f"{percent(unknown / total)} of what could be recovered lies with parties the record does not name."
        rule = f"S3. More than {t.unknown_share:.0%} with unknown parties: cannot tell."
        return _verdict("cannot tell yet", because, rule, parts)
    recovered = _recovered(b, acting)
    material = {wall: _is_material(wall, b, t, acting) for wall in ("inside", "between")}
    is_sure = max(chance, 1 - chance) >= t.sure_chance
    in_both = t.both_share <= share <= 1 - t.both_share and worth.together > 0
    if in_both and all(material.values()) and (not is_sure or _chance_of_both(worth, t.both_share) >= t.sure_chance):
        because = (
            f"{recovered}; {percent(share)} of that margin is ours and {percent(1 - share)} lies with partners: both are worth "
            "acting on, and what we control comes first."
        )
        rule = f"S4. Each side holds at least {t.both_share:.0%} of the margin at stake and is material, and both surely do or neither is surely the larger: operate, then orchestrate."
        return _verdict("operate then orchestrate", because, rule, parts)
    if chance <= 1 - t.sure_chance:
        because = f"{recovered}; {percent(1 - share)} of that margin lies with partners, the chance that theirs is the larger part is {_chance(1 - chance)}."
        rule = f"S5. Partners hold the larger part with a chance of at least {t.sure_chance:.0%}: orchestrate."
        return _verdict("orchestrate", because, rule, parts)
    because = f"{recovered}; {percent(share)} of that margin is our own work, the chance that it is the larger part is {_chance(chance)}."
    return _verdict("operate", because, "S6. Otherwise, and in a near tie: operate.", parts)


def _chance_of_both(worth: Worth, least: float) -> float:
    """Chance that either side holds so much of the worth; 0 where the shares themselves do not."""
    if not least <= worth.inside_share <= 1 - least:
        return 0.0
    a, b = np.maximum(worth.inside_draws, 0.0), np.maximum(worth.between_draws, 0.0)
    share = np.divide(a, a + b, out=np.full(len(a), worth.inside_share), where=a + b > 0)
    return float(((share >= least) & (share <= 1 - least)).mean()) if len(share) else 1.0


def weighed(b: Both, chosen: frozenset[str]) -> Worth:
    """What repairing each side is worth over the chosen records."""
    none = np.zeros(len(b.stock_worth.inside_draws))
    total = Worth(0.0, 0.0, none, none, 0.0)
    for name, worth in (("stock", b.stock_worth), ("service", b.service_worth), ("others", b.other_worth)):
        if name in chosen and worth is not None:
            total = total.plus(worth)
    return total


def _recovered(b: Both, acting: frozenset[str]) -> str:
    told = []
    if "stock" in acting and isinstance(b.availability, Availability):
        told.append(f"{percent(_value(b.availability.total))} of demand could be kept from empty shelves")
    if "service" in acting and b.facts is not None and isinstance(b.facts.gap, Gap):
        lines = f"{percent(_value(b.facts.gap.total))} of order lines"
        told.append(f"{lines} from failing" if told else f"{lines} could be kept from failing")
    if "others" in acting:
        amount = f"{b.currency} {sum(x.amount for x in b.others):,.0f} of avoidable cost and lost margin"
        told.append(amount if told else f"{amount} could be kept")
    return " and ".join(told)


def _is_material(wall: str, b: Both, t: Thresholds, acting: frozenset[str]) -> bool:
    found = 0.0
    if "stock" in acting and isinstance(b.availability, Availability):
        found = sum(_value(s.share) for s in b.availability.stages if s.wall == wall)
    if "service" in acting and b.facts is not None and isinstance(b.facts.gap, Gap):
        found = max(found, sum(_value(s.share) for s in b.facts.gap.stages if s.wall == wall))
    return found >= t.material_share or ("others" in acting and _others_material(b, t, wall))


def _chance(probability: float) -> str:
    if probability > 0.99:
        return "more than 99 %"
    return "less than 1 %" if probability < 0.01 else f"{100 * probability:.0f} %"


def _parts(b: Both, chosen: frozenset[str]) -> list[_Part]:
    """Stages of the chosen records by side, the one of most worth first."""
    found = []
    if "stock" in chosen and isinstance(b.availability, Availability):
        found += _stock_parts(b, b.availability)
    if "service" in chosen and b.facts is not None:
        found += _service_parts(b, b.facts)
    if "others" in chosen:
        found += _other_parts(b)
    return sorted(found, key=lambda p: -p.worth)


def _stock_parts(b: Both, a: Availability) -> list[_Part]:
    found = []
    amounts = all(isinstance(c.amount, Estimate) for c in a.contributions)
    for s in a.stages:
        mine = [c for c in a.contributions if (c.stage, c.wall) == (s.stage, s.wall)]
        worth = sum(_value(c.amount) for c in mine) if amounts else s.units * b.costs.lost
        told = f"{s.units:,.0f} units, {percent(_value(s.share))} of demand, left unsold"
        if worth > 0 and mine:
            found.append(_Part(s.stage, s.wall, mine[0].party_name, len({c.party_id for c in mine}), worth, told))
    return found


def _service_parts(b: Both, facts: Facts) -> list[_Part]:
    groups: dict[tuple[str, Wall], list[int]] = {}
    for i, c in enumerate(facts.contributions):
        groups.setdefault((c.stage, c.wall), []).append(i)
    found = []
    for (stage, wall), rows in groups.items():
        mine = [facts.contributions[i] for i in rows]
        worth = sum(
            (c.amount.value if isinstance(c.amount, Estimate) else c.lines) * b.costs.of(c.outcome) for c in mine
        )
        told = f"{sum(c.lines for c in mine):,.0f} order lines failed"
        if worth <= 0:
            continue
        found.append(_Part(stage, wall, mine[0].party_name, len({c.party_id for c in mine}), worth, told))
    return found


def _other_parts(b: Both) -> list[_Part]:
    groups: dict[tuple[str, Wall], list[Loss]] = {}
    for x in b.others:
        groups.setdefault((x.stage, x.wall), []).append(x)
    found = []
    for (stage, wall), mine in groups.items():
        mine = sorted(mine, key=lambda x: -x.amount)
        worth = sum(x.amount for x in mine)
        told = f"{b.currency} {worth:,.0f} of margin"
        parties = list(dict.fromkeys(x.party_id for x in mine))
        if worth > 0:
            found.append(_Part(stage, wall, b.named(parties[0]), len(parties), worth, told))
    return found


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
    "record": "count the shelves that fell silent while the record said there was stock, and find where it goes",
    "shelf": "refill shelves from the back room within the day, by what the tills say",
    "content": "bring pictures and descriptions to what the better listings have",
    "price": "bring the price back to where it stands elsewhere in the range",
    "media": "stop spending on what cannot be bought",
    "waste": "open the bookings and ask what the better ones do otherwise",
    "status": "let systems pass the states that people copy",
    "feed": "agree on when data come and what they must reconcile with",
    "overflow": "let the partner serve what we turn away, on a few days first",
}


def _next_step(name: VerdictName, parts: list[_Part]) -> str:
    wall = {"operate": "inside", "operate then orchestrate": "inside", "orchestrate": "between"}.get(name)
    first = next((p for p in parts if p.wall == wall), None)
    if first is None:
        return "Get what is named under what we do not know."
    whose = "our own" if first.wall == "inside" else f"{first.who}'s"
    move = _FIRST_MOVES.get(first.stage, "open the lines behind it and ask what the better ones did otherwise")
    return f"Start with {whose} {first.stage} ({first.told}): {move}."
