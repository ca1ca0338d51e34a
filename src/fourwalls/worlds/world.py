"""A world ready to be lived in: the sound retailer, its demand and promises, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fourwalls.worlds import capacity, carriage, demand, picking, promise
from fourwalls.worlds.assortment import Assortment, assortment
from fourwalls.worlds.clocks import Calendar, calendar
from fourwalls.worlds.defects import AS_RECORDED, DEFECTS, Defect, PlacedDefect, Repairs, Trouble
from fourwalls.worlds.draws import Columns, Floats, Ints, generator, take
from fourwalls.worlds.order_flow import OrderFlow, sourced
from fourwalls.worlds.recipe import Recipe, RecipeError
from fourwalls.worlds.retailer import Retailer, build

WARM_UP_DAYS = 56

_PILOT_LINES = 2_000_000


@dataclass(frozen=True, slots=True)
class World:
    """A world ready to be lived in.

    Attributes:
        recipe, seed: What it was made from.
        days: Its calendar.
        retailer: The sound retailer.
        demand: Expected order lines.
        places: Products in nodes, and the plan for them.
        crowd: How far each lane is above plan, shape (destinations, carriers, days).
        promise: Half working days promised, shape (channels, categories, destinations).
        usual_hours: What nine lines in ten took last year, by (stage, party, destination; None for all) [hours].
        defects: What a path would cure.
        happenings: Confounders: what no path cures.
    """

    recipe: Recipe
    seed: int
    days: Calendar
    retailer: Retailer
    demand: demand.Demand
    places: Assortment
    crowd: Floats
    promise: Ints
    usual_hours: dict[tuple[str, int, int | None], float]
    defects: tuple[PlacedDefect, ...]
    happenings: tuple[PlacedDefect, ...]

    def trouble(self, repairs: Repairs) -> Trouble:
        """What is wrong once some of it has been repaired."""
        return Trouble((*self.defects, *self.happenings), repairs)

    def wishes(self, first: int, last: int, orders_before: int) -> Columns:
        """What customers wish for on days `first` to `last` (exclusive), and where it would be sent from."""
        wished = demand.wishes(self.retailer, self.demand, list(self.happenings), self.seed, first, last, orders_before)
        return sourced(self.retailer, wished)


def found(recipe: Recipe, seed: int, lines: int) -> World:
    """Set up the world of a recipe."""
    days = calendar(recipe.start, recipe.end, WARM_UP_DAYS)
    retailer = build(recipe, seed, lines, days)
    defects = (*recipe.defects, *_surprises(recipe, retailer, seed))
    placed = tuple(_placed(recipe, retailer, days, d) for d in defects)
    happenings = tuple(_placed(recipe, retailer, days, d) for d in recipe.confounders)
    wanted = demand.expected(retailer, days, list(happenings), seed)
    promised, usual = _last_year(retailer, days, seed)
    return World(
        recipe=recipe,
        seed=seed,
        days=days,
        retailer=retailer,
        demand=wanted,
        places=assortment(retailer, days, wanted),
        crowd=carriage.crowding(retailer, wanted),
        promise=promised,
        usual_hours=usual,
        defects=placed,
        happenings=happenings,
    )


def _last_year(retailer: Retailer, days: Calendar, seed: int) -> tuple[Ints, dict[tuple[str, int, int | None], float]]:
    """Promises, and what stages usually take, from four months of a sound year with luck of its own."""
    other_seed = int(generator(seed, "last year").integers(2**62))
    trouble = Trouble((), AS_RECORDED)
    seen: list[Columns] = []
    # A large retailer learns enough from a sample.
    retailer = replace(retailer, rate=retailer.rate * min(1.0, _PILOT_LINES / (365.0 * retailer.rate.sum())))
    wanted = demand.expected(retailer, days, [], other_seed)
    months = max(1, days.days // 28)
    clocks = picking.section_clocks(retailer, days, wanted, trouble)
    crowd = carriage.crowding(retailer, wanted)
    for month in sorted({0, months // 4, months // 2, 3 * months // 4}):
        first = month * 28
        wishes = demand.wishes(retailer, wanted, [], other_seed, first, min(first + 28, days.days), 0)
        flow = OrderFlow(retailer, days, trouble, clocks, crowd)
        lines = flow.deliver(sourced(retailer, wishes) | {"stocked": wishes["units"]}, None)
        seen.append({name: values for name, values in lines.items() if not name.startswith("luck_")})
    together = {name: np.concatenate([s[name] for s in seen]) for name in seen[0]}
    return promise.promise_days(retailer, days, together, together["delivered"]), _usual_hours(retailer, together)


def _usual_hours(retailer: Retailer, lines: Columns) -> dict[tuple[str, int, int | None], float]:
    usual: dict[tuple[str, int, int | None], float] = {}
    lines = take(lines, ~retailer.is_in_store(lines["channel_id"]))
    for stage, begins, ends, column in (
        ("release", "at", "released", "channel_id"),
        ("fulfilment", "released", "handed_over", "node_id"),
        ("carriage", "handed_over", "delivered", "carrier_id"),
    ):
        took = lines[ends] - lines[begins]
        party = retailer.party_of(column)[lines[column]]
        for who in np.unique(party):
            usual[stage, int(who), None] = float(np.quantile(took[party == who], 0.9))
            for dest in range(len(retailer.destinations)):
                here = (party == who) & (lines["destination"] == dest)
                if here.any():
                    usual[stage, int(who), dest] = float(np.quantile(took[here], 0.9))
    return usual


def _placed(recipe: Recipe, retailer: Retailer, days: Calendar, defect: Defect) -> PlacedDefect:
    codes = {}
    for column, value in defect.place.items():
        known = retailer.codes(column)
        if value not in known:
            raise RecipeError(
                f"Recipe '{recipe.name}', '{defect.kind}': this retailer has no {column} '{value}'.",
                f"It has {', '.join(known)}.",
            )
        codes[column] = known[value]
    own_dcs = [n.node_id for n in retailer.nodes if n.kind == "own DC"]
    if defect.kind == capacity.KIND and defect.place.get("node_id", own_dcs[0]) not in own_dcs:
        raise RecipeError(
            f"Recipe '{recipe.name}', '{defect.kind}': '{defect.place['node_id']}' is no DC of our own.",
            f"Name one of {', '.join(own_dcs)}, or none.",
        )
    first = days.index(defect.since) if defect.since else -(10**6)
    last = days.index(defect.until) if defect.until else 10**6
    return PlacedDefect(defect, codes, first, last)


def _surprises(recipe: Recipe, retailer: Retailer, seed: int) -> tuple[Defect, ...]:
    """Defects drawn at random: any kind, any severity, places as narrow as chance has it."""
    least, most = recipe.surprise
    if most <= 0:
        return ()
    luck = generator(seed, "surprise")
    has_stores = any(c.kind == "store" for c in retailer.channels)
    # A kind that joins later would change every surprise drawn before it did.
    kinds = [kind for kind in DEFECTS if kind != capacity.KIND and (has_stores or kind != "unfilled_shelves")]
    drawn = []
    for _ in range(int(luck.integers(least, most + 1))):
        kind = kinds[int(luck.integers(len(kinds)))]
        place = {}
        for column in DEFECTS[kind].places:
            if luck.random() < (0.75 if column == DEFECTS[kind].done_by else 0.4):
                values = list(retailer.codes(column))
                place[column] = values[int(luck.integers(len(values)))]
        drawn.append(Defect(kind, round(float(luck.uniform(0.25, 1.0)), 2), place))
    return tuple(drawn)
