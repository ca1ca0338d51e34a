"""From what every shelf lost to what every asset did: shares, sides of the wall, parties, stock, each with its range."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from fourwalls.chain.accounts import WALLS, PartyBook
from fourwalls.chain.comparison import NOBODY
from fourwalls.chain.demand import Spread, error_factors
from fourwalls.chain.stock_flow import STAGES, StockAccounts, Walls
from fourwalls.diagnosis import Availability, LostUnits, StageUnits, StockHeld
from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.resampling import LEAST_CLUSTERS, LEVEL, expanded_tail
from fourwalls.value import Costs, Worth

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

NOTHING_HELD = Refusal(
    "no_standard",
    "what repairs would sell",
    "no stage could be held to anything",
    "supply_orders, forecasts and listings for these shelves",
)
Share = Callable[[float, Floats], Estimate]

REPLICATES = 399
# Rows of (shelf, asset) worked on at a time, so that their replicates fit into memory.
_ROWS = 4_000
# The order in which a unit passes the stages, for whoever reads them.
CHAIN = ("forecast", "decision", "supply", "receiving", "record", "allocation", "shelf", "listing")
# Part of what was wanted whose price must be known for sums of money; the rest is taken to cost what the others do on average.
_PRICED_PART = 0.95
# A repair costs for sure where so many of its replicates do.
_SURE = 0.95
# Stock at cost that counts as no change [amount]; sums of shares leave less than that.
_NOTHING = 1e-3
_INSIDE, _BETWEEN = WALLS.index("inside"), WALLS.index("between")
_SUMS = ("demand", "lost", "total", "inside", "between")
_DAYS_PER_YEAR = 365.25
# The replay itself is off by some 8 % (standard deviation) where the truth is known, stage by stage: levels are read between
# orders, days stand for hours. Ranges that left this out covered 11 of 17 truths of a world of other make.
REPLAY_SD = 0.08


@dataclass(frozen=True, slots=True)
class Serving:
    """Which shelf serves which asset.

    Attributes:
        shelf, asset: Numbers, shape (pairs,).
        weight: Part of the shelf's demand that is the asset's, 0-1, same shape.
        price, cost: Mean net price and cost of a unit [amount]; NaN if unknown, same shape.
        follows: What a unit sold brings along: getting it to the customer, bookings, returns [amount], same shape.
        unfilled, late: Part of what met an empty shelf that was lost with it, and that was served after the promise; where nobody
            waits all of it is lost, same shape.
        assets: How many assets there are.
        kept: Part of what is sold that is not sent back, shape (pairs,); None: all of it.
    """

    shelf: Ints
    asset: Ints
    weight: Floats
    price: Floats
    cost: Floats
    follows: Floats
    unfilled: Floats
    late: Floats
    assets: int
    kept: Floats | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """What stock costs besides the sales it misses.

    Attributes:
        markdowns: What giving it away cost on each shelf [portfolio currency], shape (shelves,).
        carrying: What holding it costs a year, as a share of its value at cost.
        lost_at_cost: Part of its cost that goods given up at the end of their season lose.
    """

    markdowns: Floats
    carrying: float
    lost_at_cost: float = 1.0


class Part(NamedTuple):
    """What a stage in somebody's hands would sell and keep, as it is and in each replicate, shape (replicates,).

    Attributes:
        units, units_drawn: Sold.
        amount, amounts: Kept, less what holding more stock costs [amount].
        stock: By how much stock at cost changes on a mean day.
    """

    units: float
    units_drawn: Floats
    amount: float
    amounts: Floats
    stock: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """Sums of an asset as they are and as they would be in other weeks and with other errors of the estimate.

    Attributes:
        point: Sum by name.
        draws: The same by name, shape (replicates,).
        parts: (stage, wall, party) numbers → sum and draws [units, amount], and what stock it changes at cost on a mean day.
        words: (stage, wall, party) numbers → number of the standard that weighs most.
        unheld: Part of the lost units for which each stage could be held to nothing, shape (stages,).
        pairs: Shelves.
        stock: on_hand, excess, value, yearly margin and changes by repairs, as they are.
        priced: Whether prices are known.
        total_by_span: What repairing every stage would have sold [units], shape (spans,); wanted units likewise.
    """

    point: dict[str, float]
    draws: dict[str, Floats]
    parts: dict[tuple[int, int, int], Part]
    words: dict[tuple[int, int, int], dict[int, float]]
    unheld: Floats
    pairs: int
    stock: dict[str, float]
    priced: bool
    total_by_span: Floats
    wanted_by_span: Floats


@dataclass(frozen=True, slots=True)
class Luck:
    """Other weeks, and other errors of the demand estimate, to draw sums of lost units from.

    Attributes:
        weeks: How often each span is drawn, shape (replicates, spans).
        of_shelf: Factor on what a shelf lost, shape (replicates, shelves).
        of_week: Factor on what the shelves of a pool lost in a span, shape (replicates, pools, spans).
        pool: Pool of each shelf, shape (shelves,).
        week_sd: Relative standard deviation of the error that the shelves of an asset share within a week.
        of_stage: Factor on what a stage would have sold, shape (replicates, stages).
        seed: Of further draws.
    """

    weeks: Floats32
    of_shelf: Floats32
    of_week: Floats32
    pool: Ints
    week_sd: float
    of_stage: Floats
    seed: int


def luck(spread: Spread, spans: int, seed: int, replicates: int = REPLICATES) -> Luck:
    """Draws weeks with replacement, and errors as `chain.demand.sum_draws` does.

    Args:
        spread: Of the demand estimate, for all shelves.
        spans: Spans of time in the record.
        seed: Of the draws.
        replicates: How many.
    """
    rng = np.random.default_rng(seed)
    weeks = rng.multinomial(spans, np.full(spans, 1 / spans), size=replicates).astype(np.float32)
    pools = len(spread.bias)
    of_pool = error_factors(rng, spread.all_sd, (replicates, 1)) * error_factors(
        rng, spread.pool_sd, (replicates, pools)
    )
    of_week = error_factors(rng, spread.week_sd, (replicates, pools, spans)).astype(np.float32)
    shape = 1.0 / np.maximum(spread.series_sd, 1e-3) ** 2
    of_shelf = np.empty((replicates, len(spread.pool)), np.float32)
    for i in range(replicates):
        of_shelf[i] = rng.standard_gamma(shape) / shape * of_pool[i, spread.pool]
    of_stage = error_factors(rng, REPLAY_SD, (replicates, len(STAGES)))
    return Luck(weeks, of_shelf, of_week, spread.pool, spread.week_sd, of_stage, seed)


def drawn(
    accounts: StockAccounts,
    walls: Walls,
    serving: Serving,
    chance: Luck,
    days: int,
    cost: Costs,
    beside: Beside | None = None,
) -> list[Drawn]:
    """Sums and their draws for every asset, and for the whole portfolio last.

    Weeks are drawn again as everywhere (what happens to a week stays together); lost units of a shelf are multiplied by
    what the demand estimate may be off.

    Args:
        accounts, walls: What was lost on each shelf and who did what.
        serving: Which shelf serves which asset.
        chance: Other weeks and other errors of the demand estimate.
        days: Days of the record.
        cost: What failures cost: gross margin as a share of price, where no cost of a unit tells, and what a late unit costs.
        beside: What stock costs besides the sales it misses; None where nobody says.
    """
    known = beside or Beside(np.zeros(len(accounts.on_hand)), 0.0)
    saved, held = _beside(accounts, serving, known)
    rate = known.carrying * days / _DAYS_PER_YEAR
    order = np.argsort(serving.asset, kind="stable")
    bounds = np.searchsorted(serving.asset[order], np.arange(serving.assets + 1))
    found = []
    margin = _margins(serving, cost)
    rng = np.random.default_rng([chance.seed, 1])
    for asset in range(serving.assets):
        of_asset = error_factors(rng, chance.week_sd, chance.weeks.shape).astype(np.float32)
        rows = order[bounds[asset] : bounds[asset + 1]]
        parts = [rows[i : i + _ROWS] for i in range(0, len(rows), _ROWS)] or [rows]
        made = [
            _drawn(accounts, walls, serving, margin, chance, of_asset, part, days, saved[:, part], held[:, part], rate)
            for part in parts
        ]
        found.append(_together(made))
    found = [_without_losers(one, rate) for one in found]
    return [*found, replace(_together(found), pairs=len(np.unique(serving.shelf)))]


def _without_losers(found: Drawn, rate: float) -> Drawn:
    """The same, its paths without repairs that are sure to cost more than they bring: nobody would do those.

    What may as well be chance stays: to drop every repair that happens to come out below zero would tell paths better than they are.
    What such a stage would lose stays among the parts; units of the paths stay what the replay of all repairs says.
    """
    sums: dict[tuple[int, int], list[Part]] = {}
    for (stage, wall, _), part in found.parts.items():
        sums.setdefault((stage, wall), []).append(part)
    losers = {k: mine for k, mine in sums.items() if np.quantile(np.sum([p.amounts for p in mine], axis=0), _SURE) < 0}
    if not losers:
        return found
    point, draws, stock = dict(found.point), dict(found.draws), dict(found.stock)
    for (_, wall), mine in losers.items():
        sides = {_INSIDE: ("inside", "operate"), _BETWEEN: ("between", "orchestrate")}
        for _, _, amount, amounts, more in mine:
            # Paths bear the change of stock by themselves.
            gross, grosses = amount + rate * more, amounts + rate * more
            for side in ("total", *([sides[wall][0]] if wall in sides else [])):
                point[f"{side}_worth"] -= gross
                draws[f"{side}_worth"] = draws[f"{side}_worth"] - grosses
            for path in ("both", *([sides[wall][1]] if wall in sides else [])):
                stock[f"{path}_value"] -= more
    return replace(found, point=point, draws=draws, stock=stock)


def _beside(accounts: StockAccounts, serving: Serving, beside: Beside) -> tuple[Floats, Floats]:
    """What each stage at its standard saves besides sales [amount], and what stock it changes at cost, (stages, pairs).

    Stock that would not have gone missing is worth its cost; of what is given away, a stage saves the part of the excess
    that it would not have piled up.
    """
    shelf, weight = serving.shelf, serving.weight
    cost = np.nan_to_num(serving.cost)
    saved = accounts.freed()[:, shelf] * (beside.markdowns[shelf] * weight)
    saved[STAGES.index("record")] += accounts.astray[shelf] * weight * cost
    if accounts.fewer is not None:
        saved += accounts.fewer[:, shelf] * (weight * cost * beside.lost_at_cost)
    held = accounts.stage_held[:, shelf] * (weight * cost)
    return saved, held


@dataclass(frozen=True, slots=True)
class _Rows:
    """Some rows of (shelf, asset), ready to be summed as they are and as they would be by chance.

    Attributes:
        shelf: Their shelves, shape (rows,).
        weight, margin: Part of the shelf's demand, and gross margin of a unit, same shape.
        pools: Rows of each pool, with how spans count in each replicate, shape (replicates, spans).
        of_shelf: Factor on what the row's shelf lost, shape (replicates, rows).
    """

    shelf: Ints
    weight: Floats
    margin: Floats
    pools: tuple[tuple[npt.NDArray[np.bool_], Floats32], ...]
    of_shelf: Floats32

    def of(self, values: Floats | Floats32) -> Floats32:
        """Values of shelves by span, for these rows."""
        return values[self.shelf].astype(np.float32) * self.weight.astype(np.float32)[:, None]

    def draws(self, owns: Sequence[Floats32]) -> list[Floats]:
        """The sums over rows and spans in each replicate, shape (replicates,), of each of some values of the rows.

        All at once: one large product is spared the threads that hundreds of small ones would start.
        """
        beside, spans = np.concatenate(owns, axis=1), owns[0].shape[1]
        totals = np.zeros((len(owns), len(self.of_shelf)))
        for members, weeks in self.pools:
            sums = (self.of_shelf[:, members] @ beside[members]).reshape(-1, len(owns), spans)
            totals += (sums * weeks[:, None]).sum(axis=2, dtype=np.float64).T
        return list(totals)


def _margins(serving: Serving, costs: Costs) -> Floats:
    """What a unit that met stock would bring, for each pair; what has no price is taken to cost what the others do on average.

    Its gross margin less what a sale brings along; of units that waited, what lateness costs.
    """
    price, cost = serving.price, serving.cost
    known = np.isfinite(price)
    # Where nothing is priced, units are compared with each other as if they cost the same.
    usual = float(price[known].mean()) if known.any() else 1.0
    fetched = np.where(known, price, usual)
    margin = np.where(np.isfinite(price - cost), price - cost - serving.follows, fetched * costs.lost)
    found: Floats = serving.unfilled * margin + serving.late * fetched * costs.late
    return found


def _rows(serving: Serving, margins: Floats, chance: Luck, of_asset: Floats32, rows: Ints) -> _Rows:
    shelf = serving.shelf[rows]
    pool = chance.pool[shelf]
    weeks = chance.weeks * of_asset
    pools = tuple((pool == p, np.asarray(weeks * chance.of_week[:, p], np.float32)) for p in np.unique(pool).tolist())
    return _Rows(shelf, serving.weight[rows], margins[rows], pools, np.ascontiguousarray(chance.of_shelf[:, shelf]))


def _by_doer(walls: Walls, shelf: Ints) -> dict[tuple[int, int, int], npt.NDArray[np.bool_]]:
    """Stage, wall and party → which of the rows they are."""
    found = {}
    for stage in range(len(STAGES)):
        keys = np.stack([walls.wall[stage, shelf], walls.party[stage, shelf]])
        for wall, party in np.unique(keys, axis=1).T.tolist():
            found[stage, wall, party] = (keys[0] == wall) & (keys[1] == party)
    return found


def _drawn(
    accounts: StockAccounts,
    walls: Walls,
    serving: Serving,
    margins: Floats,
    chance: Luck,
    of_asset: Floats32,
    rows: Ints,
    days: int,
    saved: Floats,
    held: Floats,
    rate: float,
) -> Drawn:
    at = _rows(serving, margins, chance, of_asset, rows)
    price = serving.price[rows]
    worth = at.margin.astype(np.float32)[:, None]
    if accounts.price is not None:
        # Goods of a season bring less when it is over.
        paid = np.nan_to_num(serving.unfilled * serving.price * (1.0 if serving.kept is None else serving.kept))
        worth = (worth + paid[rows, None] * (accounts.price[at.shelf] - 1)).astype(np.float32)
    sums = {name: at.of(getattr(accounts, name)) for name in _SUMS}
    sums |= {f"{name}_worth": sums[name] * worth for name in ("total", "inside", "between")}
    rows_of, of_stages = _by_doer(walls, at.shelf), [at.of(units) for units in accounts.stage]
    rows_of = {
        key: mine
        for key, mine in rows_of.items()
        if np.any(of_stages[key[0]][mine]) or saved[key[0], mine].sum() or np.abs(held[key[0], mine]).sum() > _NOTHING
    }
    of_doers = [np.where(mine[:, None], of_stages[key[0]], np.float32(0)) for key, mine in rows_of.items()]
    again = at.draws([*sums.values(), *of_doers, *(own * worth for own in of_doers)])
    point = {name: float(own.sum(dtype=np.float64)) for name, own in sums.items()}
    draws = dict(zip(sums, again, strict=False))
    # What was sold is known; only the lost part of demand may be off.
    sold = at.of(accounts.demand - accounts.lost).sum(axis=0, dtype=np.float64)
    draws["demand"] = chance.weeks @ sold + draws["lost"]
    parts: dict[tuple[int, int, int], Part] = {}
    words: dict[tuple[int, int, int], dict[int, float]] = {}
    units_again, amounts_again = np.split(np.array(again[len(sums) :]), 2) if of_doers else ((), ())
    for (key, mine), own, units, amounts in zip(rows_of.items(), of_doers, units_again, amounts_again, strict=True):
        stage, wall, _ = key
        of_row = own.sum(axis=1, dtype=np.float64)
        besides, off = float(saved[stage, mine].sum()), chance.of_stage[:, stage] - 1
        amount, amounts = float((own * worth).sum(dtype=np.float64)) + besides, amounts + besides
        for side in ("total", *(["inside"] if wall == _INSIDE else ["between"] if wall == _BETWEEN else [])):
            point[f"{side}_worth"] += besides
            draws[side] += off * units
            draws[f"{side}_worth"] += besides + off * amounts
        # Holding more costs, holding less frees; paths bear it by their own change of stock, so it counts here only.
        more = float(held[stage, mine].sum())
        parts[key] = Part(
            float(of_row.sum()), units * (1 + off), amount - rate * more, amounts * (1 + off) - rate * more, more
        )
        numbers, inverse = np.unique(walls.standard[stage, at.shelf[mine]], return_inverse=True)
        weights = np.bincount(inverse, np.abs(of_row[mine]))
        words[key] = dict(zip(numbers.tolist(), weights.tolist(), strict=True))
    lost = accounts.lost[at.shelf].sum(axis=1) * at.weight
    unheld = np.where(walls.held[:, at.shelf], 0.0, lost).sum(axis=1)
    stock = _stock(accounts, serving, rows, days)
    # What nobody bought has no price, and needs none.
    wished = accounts.demand[at.shelf].sum(axis=1) * at.weight
    priced = len(rows) > 0 and wished[np.isfinite(price)].sum() >= _PRICED_PART * wished.sum()
    total, wanted = (at.of(x).sum(axis=0, dtype=np.float64) for x in (accounts.total, accounts.demand))
    return Drawn(point, draws, parts, words, unheld, len(rows), stock, priced, total, wanted)


def _stock(accounts: StockAccounts, serving: Serving, rows: Ints, days: int) -> dict[str, float]:
    shelf, weight, cost = serving.shelf[rows], serving.weight[rows], serving.cost[rows]
    sold = (accounts.demand - accounts.lost)[shelf].sum(axis=1) * weight
    on_hand = accounts.on_hand[shelf] * weight
    known = np.isfinite(accounts.excess[shelf])
    return {
        "on_hand": float(on_hand.sum()),
        "per_week": float((accounts.demand[shelf].sum(axis=1) * weight).sum()) * 7 / days,
        "excess": float((accounts.excess[shelf][known] * weight[known]).sum()),
        "judged": float(on_hand[known].sum()),
        "value": float((on_hand * cost).sum()),
        "margin": float((sold * (serving.price[rows] - cost)).sum()) * _DAYS_PER_YEAR / days,
        **{
            name: float((accounts.held[i, shelf] * weight).sum())
            for i, name in enumerate(("both", "operate", "orchestrate"))
        },
        **{
            f"{name}_value": float(np.nansum(accounts.held[i, shelf] * weight * cost))
            for i, name in enumerate(("both", "operate", "orchestrate"))
        },
    }


def _added(a: Part, b: Part) -> Part:
    return Part(a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4])


def _together(made: Sequence[Drawn]) -> Drawn:
    if len(made) == 1:
        return made[0]
    parts: dict[tuple[int, int, int], Part] = {}
    words: dict[tuple[int, int, int], dict[int, float]] = {}
    for one in made:
        for key, values in one.parts.items():
            had = parts.get(key)
            parts[key] = values if had is None else _added(had, values)
            votes = words.setdefault(key, {})
            for word, n in one.words[key].items():
                votes[word] = votes.get(word, 0.0) + n
    return Drawn(
        {name: sum(d.point[name] for d in made) for name in made[0].point},
        {name: np.sum([d.draws[name] for d in made], axis=0) for name in made[0].draws},
        parts,
        words,
        np.sum([d.unheld for d in made], axis=0),
        sum(d.pairs for d in made),
        {name: sum(d.stock[name] for d in made) for name in made[0].stock},
        all(d.priced for d in made if d.pairs),
        np.sum([d.total_by_span for d in made], axis=0),
        np.sum([d.wanted_by_span for d in made], axis=0),
    )


def availability(
    found: Drawn, walls: Walls, book: PartyBook, spans: int, currency: str, absent: Sequence[str]
) -> Availability | Refusal:
    """The figures of one asset.

    Args:
        found: From `drawn`.
        walls: Names of parties and standards.
        book: What parties are called.
        spans: Spans of time in the record.
        currency: Of the amounts.
        absent: Stages whose tables are not there at all.
    """
    if found.pairs == 0 or found.point["demand"] <= 0:
        because = "no shelf of the stock record serves this asset"
        return Refusal("no_shelf", "availability", because, "stock_days for the skus and nodes that serve it")
    if spans < LEAST_CLUSTERS:
        because = f"the stock record spans {spans} periods; ranges need {LEAST_CLUSTERS}"
        return Refusal("too_few_spans", "availability", because, "a longer stock record")
    tail = expanded_tail(spans, LEVEL)
    below = found.draws["demand"]

    # Draws of weeks in which nobody wanted anything say nothing about shares of what was wanted.
    some = below > 0

    def share(value: float, draws: Floats) -> Estimate:
        return _estimate(value / found.point["demand"], draws[some] / below[some], "share", tail)

    point, draws = found.point, found.draws
    by_wall = {w: sum(v[0] for k, v in found.parts.items() if k[1] == w) for w in range(len(WALLS))}
    drawn_by_wall = {
        w: np.sum([v[1] for k, v in found.parts.items() if k[1] == w] or [np.zeros(len(below))], axis=0)
        for w in range(len(WALLS))
    }
    inside, chance = _inside(by_wall[0], by_wall[1], drawn_by_wall[0], drawn_by_wall[1], tail)
    unheld = found.unheld / max(point["lost"], 1e-12)
    unjudged = tuple(s for s in CHAIN if s in absent or unheld[STAGES.index(s)] > 1 / 2)
    told: dict[str, Figure] = {
        "total": share(point["total"], draws["total"]),
        "operate": share(point["inside"], draws["inside"]),
        "orchestrate": share(point["between"], draws["between"]),
        "interaction": share(
            point["total"] - point["inside"] - point["between"], draws["total"] - draws["inside"] - draws["between"]
        ),
        "residual": share(point["lost"] - point["total"], draws["lost"] - draws["total"]),
    }
    if set(unjudged) == set(CHAIN) and not found.parts:
        # Where no stage could be held to anything, what repairs would sell is unknown and not 0.
        told = dict.fromkeys(told, NOTHING_HELD)
    return Availability(
        wanted_units=point["demand"],
        shelves=found.pairs,
        lost=share(point["lost"], draws["lost"]),
        **told,
        inside_share=inside,
        inside_chance=chance,
        stages=_stages(found, share),
        contributions=_contributions(found, walls, book, share, tail, currency),
        unjudged=unjudged,
        stock=_held(found, currency),
    )


@dataclass(frozen=True, slots=True)
class StockSide:
    """What the stock flow says of one asset.

    Attributes:
        availability: Its figures.
        worth: What repairing each side is worth.
        total, wanted: What repairing every stage would have sold, and what customers wanted [units], shape (spans,).
        readings: What was measured beside it: how good the forecasts are.
    """

    availability: Availability | Refusal
    worth: Worth
    total: Floats
    wanted: Floats
    readings: tuple[Reading, ...] = ()


def nothing_known(because: Refusal) -> StockSide:
    """There is no stock flow to look at."""
    none = np.zeros(1)
    return StockSide(because, Worth(0.0, 0.0, np.zeros(REPLICATES), np.zeros(REPLICATES)), none, none)


def stock_side(found: Drawn, known: Availability | Refusal, readings: tuple[Reading, ...] = ()) -> StockSide:
    """Puts the figures of an asset and what they are worth together."""
    worth = Worth(
        found.point["inside_worth"],
        found.point["between_worth"],
        found.draws["inside_worth"],
        found.draws["between_worth"],
        found.point["total_worth"],
        (found.stock["operate_value"], found.stock["orchestrate_value"], found.stock["both_value"]),
        found.priced,
    )
    return StockSide(known, worth, found.total_by_span, found.wanted_by_span, readings)


def _estimate(value: float, draws: Floats, unit: str, tail: float) -> Estimate:
    low, high = (float(x) for x in np.quantile(draws, [tail, 1 - tail]))
    return Estimate(value, min(low, value), max(high, value), unit, LEVEL)


def _inside(
    inside: float, between: float, drawn_inside: Floats, drawn_between: Floats, tail: float
) -> tuple[Figure, float | None]:
    """Part of what is attributed that is ours; what a repair costs (a negative part) is not counted on either side."""
    a, b = max(inside, 0.0), max(between, 0.0)
    if a + b <= 0:
        because = "nothing could be recovered with a known party"
        return Refusal("no_gap", "part inside the wall", because, "nothing to get: there is no gap to split"), None
    da, db = np.maximum(drawn_inside, 0.0), np.maximum(drawn_between, 0.0)
    total = da + db
    shares = np.where(total > 0, da / np.where(total > 0, total, 1.0), a / (a + b))
    chance = float((da > db).mean() + (da == db).mean() / 2)
    return _estimate(a / (a + b), shares, "share", tail), chance


def _stages(found: Drawn, share: Share) -> tuple[StageUnits, ...]:
    made = []
    for stage in CHAIN:
        number = STAGES.index(stage)
        for wall_number, wall in enumerate(WALLS):
            mine = [v for k, v in found.parts.items() if k[:2] == (number, wall_number)]
            if mine:
                units = sum(v[0] for v in mine)
                made.append(StageUnits(stage, wall, units, share(units, np.sum([v[1] for v in mine], axis=0))))
    return tuple(made)


def _contributions(
    found: Drawn, walls: Walls, book: PartyBook, share: Share, tail: float, currency: str
) -> tuple[LostUnits, ...]:
    made = []
    for key, (units, draws, amount, amounts, _) in found.parts.items():
        stage, wall, party_number = key
        party = walls.parties[party_number]
        votes = found.words[key]
        worth: Figure = Refusal(
            "no_price",
            "gross margin of lost units",
            "order_lines has no price or no cost for these skus",
            "both columns",
        )
        if found.priced:
            worth = _estimate(amount, amounts, currency, tail)
        made.append(
            LostUnits(
                STAGES[stage],
                WALLS[wall],
                None if party == NOBODY else party,
                "party not recorded" if party == NOBODY else book.names.get(party, party),
                units,
                share(units, draws),
                worth,
                walls.words[max(votes, key=lambda w: votes[w])] if votes else "",
            )
        )
    return tuple(sorted(made, key=lambda c: -c.units))


def _held(found: Drawn, currency: str) -> StockHeld:
    """Stock figures are counted, not estimated: their ranges are points."""
    s = found.stock

    def exact(value: float, unit: str) -> Estimate:
        return Estimate(value, value, value, unit, LEVEL)

    def refused(what: str, because: str, data: str) -> Refusal:
        return Refusal("no_stock_figure", what, because, data)

    on_hand = s["on_hand"]
    if on_hand <= 0:
        nothing = refused("stock", "the stock record has no quantity on hand", "stock_days.on_hand_units")
        return StockHeld(*(nothing,) * 8)
    unpriced = refused("stock at cost", "order_lines has no cost for these skus", "order_lines.cost_amount")
    because, data = "order_lines has no price or no cost for these skus", "order_lines.price_amount and cost_amount"
    unearned = refused("return on stock", because, data)
    paths, no_orders = ("operate", "orchestrate", "both"), "no supply orders say how long stock must last"
    excess: Figure = refused("excess stock", no_orders, "supply_orders")
    # Without orders nothing is bought otherwise: how stock would change is unknown and not 0.
    change: dict[str, Figure] = dict.fromkeys(paths, refused("change of stock", no_orders, "supply_orders"))
    if s["judged"] > 0:
        excess = exact(s["excess"] / s["judged"], "share")
        change = {n: exact(s[n] / on_hand, "share") for n in paths}
    is_priced = np.isfinite(s["value"]) and s["value"] > 0
    return StockHeld(
        exact(on_hand, "units"),
        exact(on_hand / s["per_week"], "weeks"),
        excess,
        exact(s["value"], currency) if is_priced else unpriced,
        exact(s["margin"] / s["value"], "ratio") if is_priced and np.isfinite(s["margin"]) else unearned,
        **change,
    )
