"""Diagnoses made by hand, for every surface: a usual one, an empty one, one that refuses all, a hostile one, a large one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from fourwalls.diagnosis import (
    AssetDiagnosis,
    Assumed,
    Availability,
    Capability,
    Contribution,
    ControlTold,
    Diagnosis,
    Gap,
    GovernanceTold,
    Health,
    Judged,
    LostUnits,
    OutageTold,
    Outcome,
    PathWorth,
    RuleHole,
    SetAside,
    SignalReading,
    StageClock,
    StageShare,
    StageUnits,
    StockHeld,
    Suspicion,
    TableHealth,
    Threshold,
    Told,
    VerdictName,
    Wall,
    WorthKnowing,
)
from fourwalls.figures import Estimate, Figure, Period, Reading, Refusal
from fourwalls.planning import Known
from fourwalls.planning import advised as with_advice
from fourwalls.portfolio import Portfolio

HOSTILE_NAMES = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert('2')>",
    "=cmd|' /C calc'!A0",
    "Kids \u202eseohs\u202c · web",
    "two\nlines\tand\x1b[31m red [bold]markup[/bold]",
    "{{ 7 * 7 }} {% raw %} &amp; </style></title>",
    "Ünïcödé 靴 حذاء",
    "A very long brand name that somebody pasted from a contract " * 5,
    "",
)
NO_PROMISE = Refusal(
    "no_promise",
    "on-time share",
    "No order line of this asset carries a promised date.",
    "Add promised_at to order_lines.",
)
NO_COST = Refusal(
    "no_cost",
    "cost of lateness",
    "Fewer than 200 late lines come with a refund or a return to compare.",
    "Add returned_units, or set late_line_cost_share in portfolio.toml.",
)
NO_STOCK = Refusal(
    "no_stock",
    "Availability",
    "there is no table stock_days, so nobody can tell what empty shelves cost",
    "stock_days: closing stock and units sold by sku, node and day",
)


RATING = Estimate(-0.44, -0.48, -0.40, "rating share")


@dataclass(frozen=True, slots=True)
class Loss:
    """What one stage in one party's hands took, as the sample is told."""

    outcome: Outcome
    stage: str
    wall: Wall
    party: str | None
    lines: float
    standard: str = "better quartile of comparable lines in this portfolio"


WALLS: tuple[Wall, ...] = ("inside", "between", "unknown")
STAGES = ("release", "fulfilment", "carriage", "promise")
OWN = "Kestrel & Finch"
OWN_DC = Loss("late", "fulfilment", "inside", OWN, 0)
CARRIER = Loss("late", "carriage", "between", "Rapid Parcel", 0, "48 h, from the service level in portfolio.toml")


def share(value: float, spread: float = 0.12) -> Estimate:
    """A share with a range of so much to either side, in parts of itself."""
    return Estimate(value, value * (1 - spread), min(1.0, value * (1 + spread)), "share")


def euro(value: float, spread: float = 0.15) -> Estimate:
    """An amount with its range."""
    return Estimate(value, value * (1 - spread), value * (1 + spread), "EUR")


def hours(value: float) -> Estimate:
    """A duration with its range."""
    return Estimate(value, value * 0.94, value * 1.07, "hours")


def contribution(loss: Loss, n_lines: int, spread: float = 0.12) -> Contribution:
    """A loss as the result object carries it."""
    known = loss.party is not None
    return Contribution(
        outcome=loss.outcome,
        stage=loss.stage,
        wall=loss.wall,
        party_id=loss.party.lower().replace(" ", "-") if loss.party is not None else None,
        party_name=loss.party if loss.party is not None else "party not recorded",
        lines=loss.lines,
        share=share(loss.lines / n_lines, spread),
        amount=euro(loss.lines * 64.3, spread) if known else replace(NO_COST, code="no_price", about="order value"),
        standard=loss.standard,
    )


def gap(losses: Sequence[Loss], n_lines: int, residual: float, untraced: float, unjudged: tuple[str, ...] = ()) -> Gap:
    """The split of the losses; residual and untraced in lines."""
    of = {wall: sum(x.lines for x in losses if x.wall == wall) for wall in ("inside", "between", "unknown")}
    total = sum(of.values())
    together = 0.06 * total
    inside = of["inside"] / total if total else 0.0
    split: Figure = (
        Estimate(inside, max(0.0, inside - 0.09), min(1.0, inside + 0.08), "share")
        if total
        else Refusal("no_gap", "side of the gap", "Nothing can be recovered here.", "No data needed.")
    )
    return Gap(
        total=share(total / n_lines),
        operate=share(max(0.0, of["inside"] - together / 2) / n_lines),
        orchestrate=share(max(0.0, of["between"] - together / 2) / n_lines),
        interaction=share(together / n_lines, 0.4),
        missed=share((total + residual + untraced) / n_lines, 0.05),
        residual=share(residual / n_lines, 0.1),
        untraced=share(untraced / n_lines, 0.1),
        inside_share=split,
        inside_chance=None if not total else min(1.0, max(0.0, 0.5 + 3 * (inside - 0.5))),
        stages=tuple(stage_shares(losses, n_lines)),
        unjudged=unjudged,
    )


def stage_shares(losses: Sequence[Loss], n_lines: int) -> Iterator[StageShare]:
    """The losses by stage and wall, in the order of the chain."""
    sums: dict[tuple[str, Wall], float] = {}
    for x in losses:
        sums[x.stage, x.wall] = sums.get((x.stage, x.wall), 0.0) + x.lines
    for stage, wall in sorted(
        sums, key=lambda key: (STAGES.index(key[0]) if key[0] in STAGES else 4, WALLS.index(key[1]), key)
    ):
        lines = sums[stage, wall]
        yield StageShare(stage, wall, lines, share(lines / n_lines, 0.25))


def readings(n_lines: int, otif: float) -> tuple[Reading, ...]:
    """The usual readings of an asset."""
    return (
        Reading(
            "otif_share", "On time in full (OTIF)", share(otif, 0.01), n_lines, "delivered by the promise, in full"
        ),
        Reading(
            "perfect_order_share", "Perfect order", share(otif - 0.06, 0.012), n_lines, "OTIF, not returned, intact"
        ),
        Reading("cancelled_share", "Cancelled lines", share(0.021, 0.09), n_lines, "cancelled / ordered lines"),
        Reading("cycle_hours_median", "Order to delivery, median", hours(66.0), n_lines - 812, "delivered − ordered"),
        Reading("cycle_hours_p90", "Order to delivery, 9 in 10 within", hours(141.0), n_lines - 812, "90th percentile"),
        Reading("release_hours_median", "Order to release, median", hours(0.7), n_lines, "released − ordered"),
        Reading(
            "rating_effect", "Rating of late lines", RATING, 452, "mean rating of late lines less that of punctual ones"
        ),
        Reading("late_cost_amount", "Cost of lateness", NO_COST, 143, "refunds and lost repeat orders per late line"),
    )


def clocks(n_lines: int) -> tuple[StageClock, ...]:
    """How long each stage takes."""
    return (
        StageClock("release", hours(0.7), hours(5.2), "no standard", n_lines),
        StageClock("fulfilment", hours(19.0), hours(47.0), "better quartile of comparable lines", n_lines - 400),
        StageClock("carriage", hours(44.0), hours(96.0), "48 h, from the service level", n_lines - 812),
    )


def asset(
    key: dict[str, str | None],
    losses: Sequence[Loss],
    n_lines: int,
    verdict: VerdictName,
    bottleneck: str,
    residual: float = 120.0,
    untraced: float = 60.0,
) -> AssetDiagnosis:
    """One asset from the losses it is told to have."""
    ranked = sorted(losses, key=lambda x: -x.lines)
    return AssetDiagnosis(
        asset=key,
        name=" · ".join(v if v is not None else "not recorded" for v in key.values()),
        verdict=verdict,
        because="The larger part of what can be recovered sits on this side, and its range stays clear of a tie.",
        rule="9. Partners hold the larger part with chance 80%: orchestrate.",
        bottleneck=bottleneck,
        next_step=f"Start with the {ranked[0].stage} of {ranked[0].party}." if ranked else "Nothing to start.",
        n_lines=n_lines,
        readings=readings(n_lines, 0.87),
        gap=gap(ranked, n_lines, residual, untraced),
        contributions=tuple(contribution(x, n_lines) for x in ranked),
        clocks=clocks(n_lines),
        refusals=(NO_COST,),
        availability=NO_STOCK,
    )


def refused_asset(key: dict[str, str | None], n_lines: int = 84) -> AssetDiagnosis:
    """An asset of which nothing can be told."""
    return AssetDiagnosis(
        asset=key,
        name=" · ".join(v or "not recorded" for v in key.values()),
        verdict="cannot tell yet",
        because="Without a promised date there is no late line.",
        rule="0. There must be a gap to look at.",
        bottleneck="The records do not say what was promised.",
        next_step="Get what is named under what we do not know.",
        n_lines=n_lines,
        readings=(Reading("otif_share", "On time in full (OTIF)", NO_PROMISE, 0, "delivered by the promise, in full"),),
        gap=NO_PROMISE,
        contributions=(),
        clocks=(),
        refusals=(NO_PROMISE,),
        availability=NO_STOCK,
    )


def health() -> Health:
    """Data health with something to say."""
    orders = TableHealth(
        table="order_lines",
        source="order_lines.parquet",
        rows_in=152_340,
        rows_used=149_116,
        set_aside=(
            SetAside("order_lines", "delivered before ordered", 1_984, "order_id=K-10293, line_id=2"),
            SetAside("order_lines", "ordered after the period", 1_240, "order_id=K-99120, line_id=1"),
        ),
        absent_columns=("fulfilment_amount", "rating_share"),
    )
    return Health(
        tables=(
            orders,
            TableHealth(
                "products", "products.csv", 4_120, 4_118, (SetAside("products", "key twice", 2, "SKU-88"),), ()
            ),
            TableHealth("parties", "parties.csv", 14, 14, (), ()),
            TableHealth("channels", "channels.csv", 6, 6, (), ()),
        ),
        absent_tables=("stock_days", "forecasts", "supply_orders", "leakage"),
        suspicions=(
            Suspicion(
                "promise_met_to_the_day",
                "order_lines",
                "promised_at",
                "31 % of marketplace lines arrive on exactly the promised day.",
                "If promises were rewritten after the fact, lateness there is understated: ask for the first promise.",
                9_310,
            ),
            Suspicion(
                "batch_stamp",
                "order_lines",
                "handed_over_at",
                "64 % of hand-overs at Nordlager are stamped between 18:00 and 18:05.",
                "Fulfilment there may be shorter, and carriage longer, than shown.",
                5_220,
            ),
        ),
        coverage=tuple(
            (f"{2024 + (6 + i) // 12}-{(6 + i) % 12 + 1:02d}-01", n)
            for i, n in enumerate(
                (11_020, 11_480, 12_300, 12_960, 17_410, 18_020, 9_870, 0, 11_240, 12_480, 13_060, 13_276)
            )
        ),
        notes=("Times without a zone were read as Europe/Berlin.", "No target for carriage: better quartile used."),
    )


def diagnosis(assets: Sequence[AssetDiagnosis], total: AssetDiagnosis, seen: Health | None = None) -> Diagnosis:
    """A result object around some assets."""
    return Diagnosis(
        portfolio="Kestrel & Finch footwear",
        currency="EUR",
        grain=("brand", "channel_id"),
        own_party=OWN,
        period=Period(date(2024, 7, 1), date(2025, 7, 1)),
        assets=tuple(assets),
        total=total,
        health=seen or health(),
        level=0.9,
        version="0.1.0",
    )


def loss(like: Loss, lines: float, **changes: object) -> Loss:
    """A loss like another, of another size."""
    return replace(like, lines=lines, **changes)  # type: ignore[arg-type]


def brand(name: str, channel: str) -> dict[str, str | None]:
    """The key of an asset."""
    return {"brand": name, "channel_id": channel}


def usual() -> Diagnosis:
    """A portfolio of twelve assets in which carriage by one partner is the bottleneck."""
    slow_dc = loss(OWN_DC, 0)
    nordlager = Loss("late", "fulfilment", "between", "Nordlager 3PL", 0, "24 h, from the contract")
    stock = Loss("cancelled", "fulfilment", "inside", OWN, 0, "1.0 % cancelled, better quartile of nodes")
    assets = [
        asset(
            brand("Harrier", "marketplace"),
            [loss(CARRIER, 1_486.2), loss(nordlager, 402.8), loss(slow_dc, 96.0), loss(stock, 41.5, outcome="overdue")],
            18_240,
            "orchestrate",
            "Carriage by Rapid Parcel takes 8.1 % of order lines, most of them from Nordlager.",
        ),
        asset(
            brand("Harrier", "web"),
            [loss(slow_dc, 812.4), loss(CARRIER, 640.1), loss(stock, 118.0), loss(CARRIER, 33.0, stage="promise")],
            31_420,
            "operate then orchestrate",
            "Own fulfilment is slow before carriage is: both take more than 2 % of order lines.",
        ),
        asset(
            brand("Wren", "wholesale"),
            [loss(nordlager, 880.0), loss(CARRIER, 120.3, party=None, wall="unknown"), loss(slow_dc, 60.2)],
            22_812,
            "govern first",
            "Fulfilment at Nordlager is late, and no contract says what late means.",
        ),
        asset(
            brand("Osprey", "web"),
            [loss(slow_dc, 744.9), loss(stock, 160.0), loss(CARRIER, 88.0), loss(OWN_DC, 31.0, stage="release")],
            27_604,
            "operate",
            "Own fulfilment holds lines 14 h longer than its better weeks.",
        ),
        asset(brand("Wren", "web"), [loss(slow_dc, 310.0), loss(CARRIER, 205.0)], 16_030, "operate", "A near tie."),
        asset(
            brand("Osprey", "marketplace"),
            [loss(CARRIER, 288.0), loss(slow_dc, 120.0), loss(stock, 44.0)],
            9_120,
            "orchestrate",
            "Carriage by Rapid Parcel takes 3.2 % of order lines.",
        ),
        asset(brand("Siskin", "web"), [loss(slow_dc, 190.0), loss(stock, 20.0)], 8_740, "operate", "Own fulfilment."),
        asset(brand("Siskin", "store pick-up"), [loss(slow_dc, 61.0)], 6_210, "leave it", "Nothing worth acting on."),
        asset(brand("Plover", "web"), [loss(CARRIER, 44.0), loss(slow_dc, 12.5)], 5_530, "leave it", "Small gap."),
        asset(brand("Plover", "marketplace"), [loss(CARRIER, 21.0)], 2_410, "leave it", "Small gap."),
        asset({"brand": None, "channel_id": "web"}, [loss(slow_dc, 9.0)], 916, "cannot tell yet", "Too few lines."),
        refused_asset(brand("Harrier", "outlet")),
    ]
    return diagnosis(assets, _total(assets))


def _total(
    assets: Sequence[AssetDiagnosis], n_lines: int = 149_116, residual: float = 1_290.0, untraced: float = 655.0
) -> AssetDiagnosis:
    """The portfolio as one asset: contributions of equal address put together."""
    sums: dict[tuple[Outcome, str, Wall, str | None, str], float] = {}
    for c in (c for a in assets for c in a.contributions):
        known = c.party_name if c.party_id is not None else None
        address = (c.outcome, c.stage, c.wall, known, c.standard)
        sums[address] = sums.get(address, 0.0) + c.lines
    losses = [Loss(o, s, w, p, lines, standard) for (o, s, w, p, standard), lines in sums.items()]
    return asset(
        {},
        losses,
        n_lines,
        "operate then orchestrate",
        "Own fulfilment and carriage by Rapid Parcel each take about 2 % of all order lines; repair the first, then "
        "the second.",
        residual=residual,
        untraced=untraced,
    )


@dataclass(frozen=True, slots=True)
class Unsold:
    """What one stage in one party's hands left unsold, as the sample is told; below 0 if its repair would cost sales."""

    stage: str
    wall: Wall
    party: str | None
    units: float
    standard: str = "best 1 of 4 that are compared: median 87 % of the confirmed lead time"
    margin: float | None = 15.2


SHELF_STAGES = ("forecast", "decision", "supply", "receiving", "allocation", "listing")
NO_MARGIN = Refusal("no_price", "gross margin of lost units", "order_lines has no price for these skus", "both columns")
NO_EXCESS = Refusal("no_stock_figure", "excess stock", "no supply orders say how long stock must last", "supply_orders")


def signed(value: float, unit: str, spread: float = 0.2) -> Estimate:
    """A figure of either sign with its range."""
    low, high = sorted((value * (1 - spread), value * (1 + spread)))
    return Estimate(value, low, high, unit)


def exactly(value: float, unit: str) -> Estimate:
    """A figure that was counted."""
    return Estimate(value, value, value, unit)


def stock(units: float = 1_640.0, change: float = 0.085) -> StockHeld:
    """The stock behind an asset."""
    return StockHeld(
        on_hand=exactly(units, "units"),
        weeks_of_cover=exactly(2.02, "weeks"),
        excess=NO_EXCESS,
        amount=exactly(units * 20.6, "EUR"),
        gmroi=exactly(2.2, "ratio"),
        operate=exactly(0.0001, "share"),
        orchestrate=exactly(change, "share"),
        both=exactly(change + 0.006, "share"),
    )


def unsold(x: Unsold, wanted: float) -> LostUnits:
    """Unsold units as the result object carries them."""
    return LostUnits(
        x.stage,
        x.wall,
        x.party.lower().replace(" ", "-") if x.party is not None else None,
        x.party if x.party is not None else "party not recorded",
        x.units,
        signed(x.units / wanted, "share"),
        NO_MARGIN if x.margin is None else signed(x.units * x.margin, "EUR"),
        x.standard,
    )


def shelves(
    parts: Sequence[Unsold],
    wanted: float,
    residual: float,
    unjudged: tuple[str, ...] = (),
    held: StockHeld | None = None,
) -> Availability:
    """What empty shelves cost, from the parts they are told to have."""
    sums: dict[tuple[str, Wall], float] = {}
    for x in parts:
        sums[x.stage, x.wall] = sums.get((x.stage, x.wall), 0.0) + x.units
    of = {wall: sum(n for (_, w), n in sums.items() if w == wall) for wall in WALLS}
    total = sum(of.values())
    a, b = max(of["inside"], 0.0), max(of["between"], 0.0)
    inside = a / (a + b) if a + b else 0.0
    split: Figure = (
        Estimate(inside, max(0.0, inside - 0.09), min(1.0, inside + 0.08), "share")
        if a + b
        else Refusal(
            "no_gap", "part inside the wall", "nothing could be recovered with a known party", "nothing to get"
        )
    )
    order = sorted(sums, key=lambda key: (SHELF_STAGES.index(key[0]) if key[0] in SHELF_STAGES else 6, key))
    return Availability(
        wanted_units=wanted,
        shelves=264,
        lost=share((total + residual) / wanted),
        total=signed(total / wanted, "share"),
        operate=signed(of["inside"] / wanted, "share"),
        orchestrate=signed(of["between"] / wanted, "share"),
        interaction=signed(-0.0006, "share"),
        residual=share(residual / wanted),
        inside_share=split,
        inside_chance=None if not a + b else min(1.0, max(0.0, 0.5 + 3 * (inside - 0.5))),
        stages=tuple(StageUnits(s, w, sums[s, w], signed(sums[s, w] / wanted, "share")) for s, w in order),
        contributions=tuple(unsold(x, wanted) for x in sorted(parts, key=lambda x: -x.units)),
        unjudged=unjudged,
        stock=held or stock(),
    )


SUPPLIER = Unsold("supply", "between", "Nordica Goods", 987.0)
OWN_ALLOCATION = Unsold("allocation", "inside", OWN, 96.0, "days of cover as this portfolio usually gives to demand")
HIGH_FORECAST = Unsold("forecast", "between", "Bazaar", -320.0, "a forecast without lasting bias")
SHELF_RULE = "S5. Partners hold the larger part with a chance of at least 80%: orchestrate."


def stocked() -> Diagnosis:
    """Late lines and empty shelves: decided by a supplier; by both sides; by late lines alone; a forecast too high."""
    slow_dc = loss(OWN_DC, 0)
    few, some = [loss(CARRIER, 95.0), loss(slow_dc, 35.0)], [loss(slow_dc, 120.0), loss(CARRIER, 40.0)]
    late = asset(brand("Harrier", "web"), few, 7_800, "orchestrate", "The bottleneck is supply by Nordica Goods.")
    by_supplier = [SUPPLIER, replace(SUPPLIER, party="Castle Trade", units=6.0, margin=9.0), OWN_ALLOCATION]
    by_supplier += [Unsold("decision", "inside", OWN, 26.0, ""), Unsold("listing", "between", "Bazaar", 31.0)]
    late = replace(late, rule=SHELF_RULE, availability=shelves(by_supplier, 42_200.0, 1_041.0))
    two = [replace(SUPPLIER, units=240.0), replace(OWN_ALLOCATION, units=260.0)]
    both = asset(brand("Wren", "web"), some, 9_100, "operate then orchestrate", "Two bottlenecks.")
    both = replace(
        both, rule="S4. Each side holds 25%.", availability=shelves(two, 11_000.0, 90.0, ("forecast", "listing"))
    )
    lines = asset(brand("Osprey", "web"), [loss(slow_dc, 300.0)], 6_000, "operate", "Own fulfilment takes it.")
    lines = replace(lines, availability=NO_STOCK)
    fine = asset(brand("Plover", "web"), [loss(CARRIER, 12.0)], 5_000, "leave it", "Nothing worth acting on.")
    too_high = [HIGH_FORECAST, replace(OWN_ALLOCATION, units=11.0), replace(SUPPLIER, units=0.2)]
    fine = replace(fine, availability=shelves(too_high, 8_200.0, 360.0, held=stock(2_690.0, -0.356)))
    bare = replace(refused_asset(brand("Teal", "web")), availability=shelves(by_supplier[:1], 2_000.0, 20.0))
    assets = [late, both, lines, fine, replace(bare, verdict="orchestrate", rule=SHELF_RULE)]
    everything = [*by_supplier, *two, *too_high, *by_supplier[:1]]
    total = replace(_total(assets, 28_000, 480.0, 240.0), verdict="orchestrate", rule=SHELF_RULE)
    return diagnosis(assets, replace(total, availability=shelves(everything, 63_400.0, 1_511.0)))


def shelves_only() -> Diagnosis:
    """A portfolio without order lines, and so without prices."""
    parts = [replace(SUPPLIER, margin=None), replace(OWN_ALLOCATION, margin=None)]
    known = shelves(parts, 42_200.0, 1_041.0, ("forecast",), replace(stock(), amount=NO_MARGIN, gmroi=NO_MARGIN))
    no_lines = Refusal(
        "no_order_lines", "Service: what is late or cancelled", "there is no table order_lines", "order_lines"
    )
    one = replace(
        refused_asset(brand("Harrier", "web"), 0), verdict="orchestrate", rule=SHELF_RULE, readings=(), gap=no_lines,
        refusals=(no_lines,), availability=known,
    )  # fmt: skip
    seen = replace(health(), tables=health().tables[1:], coverage=())
    return diagnosis([one], replace(one, asset={}), seen)


def too_high() -> Diagnosis:
    """A portfolio whose forecast is too high: repairs free stock and cost sales."""
    fine = next(a for a in stocked().assets if a.verdict == "leave it")
    return diagnosis([fine], replace(fine, asset={}))


NO_PAYBACK = Refusal("no_payback", "payback", "it does not pay within the horizon", "other costs in [paths]")
NOT_MEASURED = Refusal("no_visits", "content effect", "listings has no visits", "listings.visits")
ASSUMED = (
    Assumed("horizon_years", 3.0, "years", "portfolio.toml", "how long the value of a path is counted"),
    Assumed("attainable_share", 0.8, "share", "default", "part of a gap that a path closes"),
)


def path(kind: VerdictName, value: float, chance: float, is_default: bool = False, pays: bool = True) -> PathWorth:
    """What one path is worth."""
    return PathWorth(
        kind, replace(signed(value, "EUR"), level=0.8), value * 0.99, chance, abs(value) / 2, 1_200.0, 300.0, -850.0,
        Estimate(5.0, 4.0, 7.0, "months", 0.8) if pays else NO_PAYBACK,
        (("lateness and cancellation", value + 2_100.0), ("to begin, once", -1_200.0), ("to run", -900.0)), is_default,
    )  # fmt: skip


def paths_of(scale: float = 1.0, is_default: bool = False) -> tuple[PathWorth, ...]:
    """Three paths, the last of which never pays."""
    return (
        path("operate", 38_000.0 * scale, 0.12, is_default),
        path("orchestrate", 61_000.0 * scale, 0.85, is_default),
        path("operate then orchestrate", -4_000.0 * scale, 0.01, is_default, pays=False),
    )


def told(party: str = "Rapid Parcel", standard: str = "48 h, from the service level") -> tuple[Told, ...]:
    """Losses in money on all sides, from four kinds of records; Rapid Parcel's at one stage twice."""
    one = Told("service", "carriage", "between", "rapid", party, signed(9_000.0, "EUR"), 412.0, "lines", standard)
    return (
        one,
        replace(one, amount=signed(1_000.0, "EUR"), quantity=40.0),
        replace(one, flow="work", stage="status", amount=signed(4_000.0, "EUR"), quantity=121.4, unit="hours"),
        replace(one, flow="stock", stage="shelf", wall="inside", party_id="own", party_name=OWN, quantity=300.0,
                unit="units", amount=signed(7_000.0, "EUR")),
        replace(one, flow="ledger", stage="waste", wall="unknown", party_id=None, party_name="party not recorded"),
        replace(one, stage="release", wall="inside", amount=exactly(1e-14, "EUR"), quantity=0.0),
    )  # fmt: skip


def _most_told(words: str) -> tuple[Told, ...]:
    """More stages on each side, with more parties, than paper has room for."""
    one = told(words, words)[0]
    stages = (*SHELF_STAGES, "status", "feed", "waste")
    return tuple(
        replace(one, stage=s, wall=w, party_id=f"p{p}", party_name=f"{words} {p}", unit=words or "hours")
        for s in stages for w in WALLS for p in range(3)
    )  # fmt: skip


def signals(words: str = "Service swings by 9 % while demand is steady.") -> tuple[SignalReading, ...]:
    """Six signals and four tests: seven measured, two judged, one unknown."""
    share_of = Reading("share", "Share of revenue", share(0.012), 900, "part of revenue")
    limit = Threshold("waste_share", 0.005, True, "Counts from this share of revenue on.")
    first = SignalReading("s0", "Signal 0", "signal", "measured", "operate", 0.6, words, "more leans to operate", "a / b",
                          "order_lines", (share_of,), (limit, replace(limit, name="growth", value=1.5, is_default=False)))  # fmt: skip
    asked = Judged("s1", "orchestrate", 0.4, 5, 1, 3.8, 2, 5, 0.3, (("Ada", words),))
    kinds = [replace(first, name=f"s{i}", label=f"Signal {i}") for i in range(6)]
    kinds += [
        replace(first, name=f"t{i}", label=f"Test {i}", kind="test", lean="neither", strength=0.0) for i in range(4)
    ]
    kinds[1] = replace(kinds[1], judged=asked, differs=True)
    for i in (4, 7):
        kinds[i] = replace(kinds[i], how="judged", lean="orchestrate", judged=asked, readings=())
    kinds[5] = replace(
        kinds[5], how="unknown", lean="cannot tell", strength=0.0, readings=(replace(share_of, figure=NO_COST),)
    )
    return tuple(kinds)


def capabilities(words: str = "1.1 % of revenue lost at forecast") -> tuple[Capability, ...]:
    """One of each level."""
    first = Capability("forecasting", "Forecasting", "far below standard", "inside", share(0.011), 1.0, words)
    return (
        first,
        replace(first, name="carriage", label="Carriage", level="below standard", hands="partner", loss=share(0.004)),
        replace(first, name="listing", label="Listing", level="at standard", hands="both", loss=share(0.0)),
        replace(first, name="exceptions", label="Exceptions", level="unmeasured", hands="unknown", loss=NO_COST),
    )


def governance(words: str = "Who owns the interface, by name?") -> GovernanceTold:
    """Two open questions, one of which blocks."""
    hole = RuleHole("rapid", "Rapid Parcel", words, "no contract says it", "Name an owner", True, 17_090.0)
    holes = (hole, replace(hole, blocks=False, question="Who may change prices?"))
    return GovernanceTold(0.81, True, 17_090.0, holes, 0.73, 0.17, 0.1, ("Nordkai Goods",))


def controls(words: str = "By name, in team[0]") -> tuple[ControlTold, ...]:
    """One that fails and one without a clause."""
    first = ControlTold("rapid", "Rapid Parcel", "owner", words, "Exceptions get closed.", "none of 9 closed", "fails")
    return (first, replace(first, question="exit", clause=None, evidence="no contract says it", status="absent"))


def outages(words: str = "no clause says") -> tuple[OutageTold, ...]:
    """One priced, of another partner one that is not."""
    first = OutageTold("rapid", "Rapid Parcel", 0.4, 30.0, words, True, 4_200.0, 31_000.0, 42_500.0, "gross margin")
    no_price = Refusal("no_price", "Cost of an outage", "nothing is priced", "prices")
    return (
        first,
        replace(first, party_id="slow", party_name="Slow Parcel", is_default=False, typical=no_price, bound=no_price),
    )


FURTHER = (
    Reading("forecast_bias_share", "Forecast bias", signed(-0.06, "share"), 38_224, "Σ (forecast − wanted) / Σ wanted"),
    Reading("case_hours_per_100_lines", "Case work per 100 order lines", hours(2.9), 8_862, "hours / 100 lines"),
    Reading("feed_late_share", "Feeds: late deliveries", share(0.024), 728, "late / expected"),
    Reading("feed_late_share: orders", "orders (Bazaar): late deliveries", share(0.1), 91, "late / expected"),
    Reading("content_effect", "Orders, for ten points more of content", NOT_MEASURED, 0, "from a regression"),
    Reading("surprising", "Something new", share(0.3), 12, "a new kind of reading"),
)


def priced(base: Diagnosis | None = None, is_default: bool = True, words: str = "") -> Diagnosis:
    """A portfolio with losses in money, paths, signals, capabilities, rules and further readings.

    Args:
        base: What it adds them to; the usual one with both flows if None.
        is_default: Whether costs of paths are defaults.
        words: In place of every text of theirs; "" for usual ones.
    """
    base = stocked() if base is None else base
    kinds = {"words": words} if words else {}

    def more(a: AssetDiagnosis, scale: float) -> AssetDiagnosis:
        return replace(
            a,
            paths=paths_of(scale, is_default),
            losses=_most_told(words) if words else told(),
            signals=signals(**kinds),
            capabilities=capabilities(**kinds),
            governance=governance(**kinds),
            evidence=tuple(replace(r, label=words or r.label) for r in FURTHER),
            worth_knowing=(
                WorthKnowing(words or "late_line_cost_share", signed(1_450.0, "EUR"), words or "refunds by lateness"),
            ),
            revenue_per_year=exactly(900_000.0 * scale, "EUR"),
        )

    assets = tuple(more(a, 1 / (1 + i)) for i, a in enumerate(base.assets))
    return replace(
        base, assets=assets, total=replace(more(base.total, 2.0), paths=()), assumptions=ASSUMED,
        controls=controls(**kinds), outages=outages(**kinds),
    )  # fmt: skip


def advised(base: Diagnosis | None = None) -> Diagnosis:
    """A diagnosis with plans, pilots, roles and guardrails; the priced one if None."""
    base = priced() if base is None else base
    assets, total = with_advice(base.assets, base.total, Known(Portfolio(Path(), "", "EUR", "us", ("brand",))))
    return replace(base, assets=assets, total=total)


def empty() -> Diagnosis:
    """A portfolio in whose period nothing was ordered."""
    nothing = refused_asset({}, n_lines=0)
    bare = Health(tables=(), absent_tables=("products",), suspicions=(), coverage=(), notes=())
    return diagnosis((), replace(nothing, name="", readings=(), refusals=(NO_PROMISE,)), bare)


def refused() -> Diagnosis:
    """A portfolio of which nothing can be told."""
    return diagnosis([refused_asset(brand("Harrier", "web"))], refused_asset({}, n_lines=84))


def no_gap() -> Diagnosis:
    """A portfolio in which all is well."""
    fine = asset(brand("Wren", "web"), [], 5_000, "leave it", "Nothing worth acting on.", residual=0.0, untraced=0.0)
    return diagnosis([fine], replace(fine, asset={}))


def partly_judged() -> Diagnosis:
    """A portfolio in which two stages could be held to nothing, and our own side holds nothing else."""
    one = asset(brand("Plover", "web"), [loss(CARRIER, 440.0)], 5_530, "orchestrate", "Carriage takes it all.")
    one = replace(one, gap=gap([loss(CARRIER, 440.0)], 5_530, 120.0, 60.0, ("release", "promise")))
    return diagnosis([one], replace(one, asset={}))


def hostile() -> Diagnosis:
    """Names that try to break out of every surface."""
    assets = [
        asset(
            {"brand": bad, "channel_id": "web"},
            [loss(CARRIER, 300.0 - i, party=bad, standard=bad), loss(OWN_DC, 100.0, stage=bad)],
            4_000,
            "orchestrate",
            bad,
        )
        for i, bad in enumerate(HOSTILE_NAMES)
    ]
    parts = [Unsold("supply", "between", bad, 90.0 - i, bad) for i, bad in enumerate(HOSTILE_NAMES)]
    known = shelves([*parts, Unsold("forecast", "unknown", None, -40.0)], 9_000.0, 50.0, (HOSTILE_NAMES[0],))
    assets = [replace(a, availability=known) for a in assets]
    total = replace(
        _total(assets),
        availability=known,
        because=" ".join(HOSTILE_NAMES),
        rule=HOSTILE_NAMES[0],
        bottleneck=HOSTILE_NAMES[0],
    )
    total = replace(total, next_step=HOSTILE_NAMES[1])
    seen = health()
    table = replace(seen.tables[0], source=HOSTILE_NAMES[0], set_aside=(SetAside("x", HOSTILE_NAMES[1], 3_224, "k"),))
    notes = (*HOSTILE_NAMES, "note " * 60)
    base = diagnosis(assets, total, replace(seen, tables=(table, *seen.tables[1:]), notes=notes))
    return replace(base, portfolio=HOSTILE_NAMES[0], own_party=HOSTILE_NAMES[7])


PLACES = tuple((stage, wall) for stage in STAGES for wall in WALLS)


def worst(places: Sequence[tuple[str, Wall]] = PLACES, is_stocked: bool = False) -> Diagnosis:
    """A portfolio that has the most of everything, in the longest words: the sheet must still hold it.

    Args:
        places: Where lines are lost; all stages on all sides is the most there can be.
        is_stocked: Whether shelves are empty at every stage on every side, too.
    """
    long = "a rather long sentence that goes on about parcels, docks and dates " * 4
    outcomes: tuple[Outcome, ...] = ("late", "overdue", "cancelled")
    addresses = [(o, s, w, p) for o in outcomes for s, w in places for p in range(4)]
    losses = [Loss(o, s, w, f"{long} {s} {p}", 123_456.0 - i, long) for i, (o, s, w, p) in enumerate(addresses)]
    heavy = asset({}, losses, 90_000_000, "operate then orchestrate", long, 1e6, 1e6)
    heavy = replace(heavy, clocks=tuple(replace(c, standard=long) for c in heavy.clocks))
    light = replace(heavy, contributions=heavy.contributions[:3])
    assets = [replace(light, asset=brand(long, f"channel {i}"), name=long) for i in range(11)]
    texts = tuple(Refusal(f"code_{i}", long, long, long) for i in range(9))
    many = tuple(Reading(f"reading_{i}", long, euro(123_456_789.0), 12_345_678, long) for i in range(15))
    many = (*many[:6], replace(many[0], name="rating", figure=RATING), *many[6:])
    total = replace(heavy, because=long, rule=long, next_step=long, readings=many, refusals=texts)
    if is_stocked:
        parts = [
            Unsold(s, w, f"{long} {p}", 123_456.0 - p, long) for s in SHELF_STAGES for w in WALLS for p in range(4)
        ]
        parts.append(Unsold("forecast", "inside", long, -2_400_000.0, long))
        known = shelves(parts, 90_000_000.0, 1e6, SHELF_STAGES)
        assets = [replace(a, availability=known) for a in assets]
        total = replace(total, availability=known, rule=f"S{long}")
    seen = health()
    aside = tuple(SetAside("order_lines", f"{long} {i}", 1_000_000, "k") for i in range(9))
    table = replace(seen.tables[0], table=long, source=long, rows_in=99_000_000, rows_used=90_000_000, set_aside=aside)
    suspicions = tuple(replace(seen.suspicions[0], finding=long, consequence=long) for _ in range(6))
    months = tuple((f"{2020 + i // 12}-{i % 12 + 1:02d}-01", i % 5 * 1_000) for i in range(60))
    full = Health((table,) * 12, (long,) * 12, suspicions, months, (long,) * 9)
    return replace(diagnosis(assets, total, full), portfolio=long, own_party=long, grain=(long, long))


def marketplace(sellers: int) -> Diagnosis:
    """A portfolio in which so many sellers fulfil, each losing a few lines, and one loses some in two ways."""
    losses = [Loss("late", "fulfilment", "between", f"Seller {i:03d}", 8.0 - i / sellers) for i in range(sellers)]
    losses += [Loss("overdue", "fulfilment", "between", "Seller 000", 1.0), loss(CARRIER, 200.0)]
    one = asset(brand("Plover", "marketplace"), losses, 20_000, "orchestrate", "Fulfilment by sellers takes most.")
    return diagnosis([one], replace(one, asset={}))


def large(n: int) -> Diagnosis:
    """A portfolio of so many assets, each with twelve contributions."""
    walls: tuple[Wall, ...] = ("inside", "between")
    outcomes: tuple[Outcome, ...] = ("late", "cancelled")
    addresses = [(o, s, w) for o in outcomes for s in ("release", "fulfilment", "carriage") for w in walls]
    losses = [Loss(o, s, w, f"Partner number {k}", 240.0 - 20 * k) for k, (o, s, w) in enumerate(addresses)]
    one = asset(brand("", ""), losses, 20_000, "orchestrate", "Carriage by partner number 1 takes most of it.")
    some = [
        replace(one, asset=brand(f"{i:04d}", "north"), name=f"Brand of the house number {i:04d} · marketplace north")
        for i in range(n)
    ]
    return diagnosis(some, _total(some[:3]))
