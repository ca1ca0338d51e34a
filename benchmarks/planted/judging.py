"""What was told beside what was planted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from benchmarks.planted import market as orders
from benchmarks.planted import shelves
from benchmarks.planted.market import Fault, Market
from fourwalls.diagnosis import AssetDiagnosis, Availability, Diagnosis
from fourwalls.figures import Estimate

# A range is asked only where there was something to find: below this, one line more or less decides.
LEAST_PLANTED = 5
FAULTS = (
    orders.carried_later(3),
    orders.carried_later(10),
    orders.carried_later(10, "North, Northeast, Centre-West"),
    orders.packed_later(2),
    orders.packed_later(5),
    orders.released_later(5),
    orders.promised_sooner(5),
    orders.promised_sooner(10),
)
IN_LIFE = (
    orders.carried_later_since(10),
    orders.released_later_since(5),
    orders.slow_sellers(5),
    orders.slow_sellers(15),
)
AMONG_SELLERS = (orders.slow_sellers(5), orders.slow_sellers(10), orders.slow_sellers(15))
SHOCKS = (orders.strike(10), orders.strike(10, "pelican"))
HEAD = """\
# Faults planted in real records

Made by `python -m benchmarks.planted --out docs/planted.md`; the data are not part of this project. What is planted is known to the line: a
line kept in life and missed in the altered record was lost to the fault. Everything else (noise, seasons, sellers, lost parcels) is as it was.

**Olist.** The file names one carrier. So each order is given by lot to one of three carriers, three hubs and three channels: equal in truth, with
real noise. Then a delay is added to real times, and the diagnosis is held against the one of the same lots without the fault. Ranges count where at least five
lines were planted in an asset.
"""


@dataclass(slots=True)
class Score:
    """One fault over several lots.

    Attributes:
        planted, told: Lines, in all.
        ranges, held: Assets with enough planted lines, and those whose range holds what was planted.
        named, first: Of those: where the stage costs most beyond what it cost before, and the party most in it.
        judged: Of those: where the stage could be held to anything.
        others, moved, turned: Assets where nothing was planted; where the stage's lines moved; whose verdict changed.
    """

    planted: int = 0
    told: float = 0.0
    ranges: int = 0
    held: int = 0
    named: int = 0
    first: int = 0
    judged: int = 0
    others: int = 0
    moved: int = 0
    turned: int = 0


_COLUMNS = (
    "planted | lots | lines planted | told beyond the record as it was | 90 % ranges that hold it | stage named | party named | "
    "elsewhere: lines moved, verdicts turned"
)


def of_faults(market: Market, faults: tuple[Fault, ...], lots: int) -> list[str]:
    """A table of lasting faults."""
    rows = [f"| {_COLUMNS} |", "|---|---|---|---|---|---|---|---|"]
    for fault in faults:
        s = score(market, fault, lots)
        print(fault.name, s, flush=True)
        party = f"{s.first} of {s.ranges}" if fault.party else "-"
        elsewhere = f"{s.moved} and {s.turned} of {s.others}" if s.others else "-"
        rows.append(
            f"| {fault.name} | {lots} | {s.planted:,} | {s.told:,.0f} ({s.told / s.planted:.0%}) | {s.held} of {s.ranges} | "
            f"{s.named} of {s.ranges} ({s.ranges - s.judged} not judged) | {party} | {elsewhere} |"
        )
    return [*rows, ""]


def score(market: Market, fault: Fault, lots: int) -> Score:
    """Plants a fault once for each lot and counts what is told of it."""
    score = Score()
    for seed in range(1, lots + 1):
        base = market.as_it_was(fault.grain, seed)
        found, truth = market.diagnose(fault, seed)
        before = {a.name: a for a in base.assets}
        for asset in found.assets:
            planted = truth.get(asset.asset[fault.grain[0]], 0)
            if planted:
                _count_planted(score, fault, before[asset.name], asset, planted)
            else:
                _count_other(score, fault, before[asset.name], asset)
    return score


def _count_planted(s: Score, fault: Fault, before: AssetDiagnosis, asset: AssetDiagnosis, planted: int) -> None:
    base = {stage: orders.told_of_stage(before, stage)[0] for stage in orders.STAGES}
    more = {stage: orders.told_of_stage(asset, stage)[0] - base[stage] for stage in orders.STAGES}
    s.planted += planted
    s.told += more[fault.stage]
    if planted < LEAST_PLANTED:
        return
    _, low, high = orders.told_of_stage(asset, fault.stage)
    s.ranges += 1
    s.judged += isinstance(asset.gap, orders.Gap) and fault.stage not in asset.gap.unjudged
    s.held += low <= planted + base[fault.stage] <= high
    s.named += max(more, key=lambda stage: more[stage]) == fault.stage and more[fault.stage] > 0
    if fault.party:
        by_party = Counter({c.party_id: 0.0 for c in asset.contributions if c.stage == fault.stage})
        for c in asset.contributions:
            by_party[c.party_id] += c.lines if c.stage == fault.stage else 0.0
        s.first += bool(by_party) and by_party.most_common(1)[0][0] == fault.party


def _count_other(s: Score, fault: Fault, before: AssetDiagnosis, asset: AssetDiagnosis) -> None:
    was, now = (orders.told_of_stage(a, fault.stage)[0] for a in (before, asset))
    s.others += 1
    s.moved += abs(was - now) > 1
    s.turned += before.verdict != asset.verdict


def of_life(market: Market) -> list[str]:
    """Faults among the parties that the file names, most of them small."""
    head = (
        "**Parties as they are**: one carrier, 1,610 sellers, one channel. What nobody else does can be held to its own earlier weeks only; "
        "most sellers have too few lines to be compared one by one."
    )
    return [head, "", *of_faults(market, IN_LIFE, 1)]


def of_sellers(market: Market, lots: int) -> list[str]:
    """Slow ones among small sellers that are equal in truth, and how often one of them is told where none is slow."""
    told = late = 0.0
    runs = 0
    for seed in range(1, lots + 1):
        found = market.as_it_was(("category",), seed)
        lines = late_lines(found)["fulfilment"]
        runs, told, late = runs + (lines > 0), told + lines, late + _late(found.total)
    print("equal sellers", runs, told, late, flush=True)
    head = (
        "**Small sellers by lot.** The orders of a category change sellers by lot: 1,610 sellers, a line or two for most, equal in truth. "
        f"With nothing planted, {runs} of {lots} lots have a late line told to fulfilment ({told:,.0f} of {late:,.0f} late lines)."
    )
    return [head, "", *of_faults(market, AMONG_SELLERS, lots)]


def of_shocks(market: Market, lots: int) -> list[str]:
    """A table of shocks: nobody's lasting fault, so nothing should be told beyond what was there, and no verdict turn."""
    rows = [
        "**Shocks.** One month of 24 is delivered late and then all is as before. Nobody's lasting fault: no stage should be told to cost more, and no verdict should turn.",
        "",
        f"| shock | lots | lines missed by it | {' | '.join(f'told to {s}' for s in orders.STAGES)} | verdicts turned |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for shock in SHOCKS:
        planted, more, turned, assets = 0, Counter[str](), 0, 0
        for seed in range(1, lots + 1):
            base = market.as_it_was(shock.grain, seed)
            found, truth = market.diagnose(shock, seed)
            before = {a.name: a for a in base.assets}
            planted += sum(truth.values())
            for asset in found.assets:
                assets += 1
                turned += before[asset.name].verdict != asset.verdict
                for stage in orders.STAGES:
                    more[stage] += (
                        orders.told_of_stage(asset, stage)[0] - orders.told_of_stage(before[asset.name], stage)[0]
                    )
        print(shock.name, planted, more, turned, assets, flush=True)
        told = " | ".join(f"{more[s]:+.0f}" for s in orders.STAGES)
        rows.append(f"| {shock.name} | {lots} | {planted:,} | {told} | {turned} of {assets} |")
    return [*rows, ""]


def of_nothing(by_order: Market, by_seller: Market, lots: int) -> list[str]:
    """How often equals are told apart."""
    rows = [
        "**Nothing planted.** How often an equal party is told to be slower than its peers, at 5 % for each comparison. With sellers kept whole, hubs differ as "
        "groups of real sellers do. Halves: all orders under two names by lot; the two should be told alike.",
        "",
        "| parties by lot of | lots | lots with a late line told to release / fulfilment / carriage | lines so told, of all late ones |",
        "|---|---|---|---|",
    ]
    for name, market in (("orders", by_order), ("sellers (hubs only)", by_seller)):
        runs, lines, late = Counter[str](), 0.0, 0.0
        for seed in range(1, lots + 1):
            found = market.as_it_was(("category",), seed)
            told = late_lines(found)
            runs.update(stage for stage, n in told.items() if n > 0 and stage != "promise")
            lines += sum(n for stage, n in told.items() if stage != "promise")
            late += _late(found.total)
        print(name, runs, lines, late, flush=True)
        counts = " / ".join(str(runs[s]) for s in orders.STAGES[:3])
        rows.append(f"| {name} | {lots} | {counts} | {lines:,.0f} of {late:,.0f} |")
    return [*rows, "", *_halves(by_order, lots), ""]


def late_lines(found: Diagnosis) -> Counter[str]:
    """Late lines told to each stage: what a party is held to by its peers, unlike lines that never came."""
    told = Counter[str]()
    for c in found.total.contributions:
        if c.outcome == "late":
            told[c.stage] += c.lines
    return told


def _late(asset: AssetDiagnosis) -> float:
    reading = next(r for r in asset.readings if r.name == "late_share_of_delivered")
    return reading.figure.value * reading.n if isinstance(reading.figure, Estimate) else 0.0


def _halves(market: Market, lots: int) -> list[str]:
    apart = compared = turned = 0
    for seed in range(1, lots + 1):
        found, _ = market.diagnose(orders.halves(seed), seed)
        one, two = found.assets
        turned += one.verdict != two.verdict
        for stage in orders.STAGES:
            (_, low, high), (_, other_low, other_high) = (orders.told_of_stage(a, stage) for a in (one, two))
            compared += high > 0 or other_high > 0
            apart += high / one.n_lines < other_low / two.n_lines or other_high / two.n_lines < low / one.n_lines
    print("halves", apart, compared, turned, flush=True)
    return [
        f"Halves of one population, {lots} lots: ranges of a stage's share lay apart {apart} of {compared} times; the verdicts differed {turned} times."
    ]


def of_shelves(city: shelves.Shelves, lots: int) -> list[str]:
    """A table of shelves emptied."""
    rows = [
        "**FreshRetailNet**, city 4: stores in two halves by lot; hours that really sold are emptied in one. The record has no stock on hand, no receipts and no orders, so no "
        "cause can be told, only what was lost. Beyond the same lot untouched:",
        "",
        "| planted | lots | units taken | told beyond the record as it was | told of the other half | ranges that hold it |",
        "|---|---|---|---|---|---|",
    ]
    bases = {seed: city.diagnose(shelves.NOTHING, seed)[0] for seed in range(1, lots + 1)}
    for what in (shelves.EVENINGS, shelves.WHOLE_DAYS, shelves.REFILLED_LATER, shelves.UNSEEN):
        taken = told = other = 0.0
        held = 0
        for seed in range(1, lots + 1):
            base = bases[seed]
            found, units = city.diagnose(what, seed)
            was, now = ({a.name: lost(a) for a in d.assets} for d in (base, found))
            mine, others = shelves.HALVES[1], shelves.HALVES[0]
            taken, told = taken + units, told + now[mine][0] - was[mine][0]
            other += now[others][0] - was[others][0]
            held += now[mine][1] <= units + was[mine][0] <= now[mine][2]
        print(what.name, taken, told, other, held, flush=True)
        rows.append(
            f"| {what.name} | {lots} | {taken:,.0f} | {told:,.0f} ({told / taken:.1%}) | {other:+,.0f} | {held} of {lots} |"
        )
    return [*rows, ""]


def lost(asset: AssetDiagnosis) -> tuple[float, float, float]:
    """Units lost, and the ends of their range."""
    found = asset.availability
    if not isinstance(found, Availability) or not isinstance(found.lost, Estimate):
        return 0.0, 0.0, 0.0
    share = found.lost
    return found.wanted_units * share.value, found.wanted_units * share.low, found.wanted_units * share.high
