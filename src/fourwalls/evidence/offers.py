"""Demand we turn away for want of capacity, and the partners whose offers could serve it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fourwalls.evidence.closing import Scope, by_span, scopes_of
from fourwalls.evidence.ground import Finding, Ground
from fourwalls.evidence.visits import leakage_shares
from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.losses import AssetKey, Loss
from fourwalls.measures import turned_away as measures
from fourwalls.resampling import LEAST_CLUSTERS, LEVEL, REPLICATES, Draws

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Parts of words in offers.capability by which an offer to take orders over from a full place is known. Add yours.
# The same for offers to bring orders to the customer: where they stand beside the others, those do not include it.
CARRIES = ("carriage", "carrier", "deliver", "transport", "last mile", "courier", "parcel", "freight", "ship")
SERVES = ("fulfil", "pick", "pack", "warehous", "logistic", "3pl", "overflow", "drop ship", "drop-ship", "dropship")


def find(ground: Ground) -> Finding:
    """Demand turned away because our own place could take no more, and what a partner's offer would make of it.

    Turned away are customers of the hours in which `work_log` says that we closed for want of capacity, and lines cancelled
    for it. An offer serves what it can reach (region, channel, capability) within its capacity a day, cheapest offers first;
    a unit served brings its gross margin less the price offered, which stands in place of our own fulfilment. What the partner
    asks to begin is read out by asset (`offer_onboarding_amount`) and not taken off the loss, which is over the record. Where
    partners offer carriage apart, an offer that does not name it is taken to leave it out, and the cheapest of them is added.

    The conversion split shows the same hours as availability, which is no loss of its own; the stock flow leaves them out of what
    listings hide, since the closing is the cause.
    """
    if ground.lines is None:
        return Finding(refusals=(_refusal("no_order_lines", "there are no order lines", "order_lines"),))
    if ground.draws is None:
        because = f"the record spans {len(ground.spans)} periods; ranges need {LEAST_CLUSTERS}"
        return Finding(refusals=(_refusal("too_few_spans", because, "a longer record"),))
    readings = _concentration(ground, ground.draws)
    scopes = [scope for scope in scopes_of(ground) if scope.parts.any()]
    if not scopes:
        return Finding(readings=readings, refusals=(NOT_SEEN,), judged={})
    asked = _asked(ground, scopes)
    offers = _offers(ground)
    served = _served(ground, asked, offers)
    losses = _losses(ground, asked, served)
    refusals: tuple[Refusal, ...] = ()
    if not losses:
        refusals = (NO_MARGIN if any(o.serves for o in offers) else NO_OFFER,)
    for asset, told in _told(ground, asked, served, ground.draws).items():
        readings[asset] = (*readings.get(asset, ()), *told)
    # Where demand was seen to be turned away and a partner's price is known, nothing to earn is a finding.
    seen = np.flatnonzero((ground.places.of_asset[asked.place] > 0).any(axis=0)) if offers else ()
    judged = {ground.assets[a]: frozenset({"overflow"}) for a in seen}
    return Finding(tuple(losses), readings, refusals, judged=judged)


def _refusal(code: str, because: str, data: str) -> Refusal:
    return Refusal(code, "demand turned away", because, data)


NOT_SEEN = _refusal(
    "no_closing", "no case in work_log says that a place closed for want of capacity, and no line was cancelled for it",
    "work_log with a case, its category and the hour, whenever orders are stopped because the day is full",
)  # fmt: skip
NO_OFFER = _refusal(
    "no_offer", "no partner's offer reaches the region and channel of the customers turned away",
    "offers with capability, region, capacity_units_per_day and unit_amount",
)  # fmt: skip
NO_MARGIN = _refusal(
    "no_margin", "no offer that reaches the customers turned away leaves a margin at its unit price",
    "offers at a price below the gross margin of a unit, or order_lines with price_amount and cost_amount",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offer:
    """What a partner can do for us.

    Attributes:
        party_id: Who.
        region, channel_id: Where; None for anywhere.
        capacity: Units a day; infinite where not said.
        unit_amount, onboarding: Price of a unit, and to begin [amount].
        ramp_days: Until full capacity; None where not said.
        serves, carries: Whether it takes orders over, whether it brings them to the customer.
    """

    party_id: str
    region: str | None
    channel_id: str | None
    capacity: float
    unit_amount: float
    onboarding: float
    ramp_days: float | None
    serves: bool
    carries: bool

    def reaches(self, place: tuple[str | None, ...], destinations: set[str | None]) -> bool:
        """Whether customers of a place can be served; a region that is no destination of ours keeps nobody out."""
        here = self.region not in destinations or self.region is None or place[3] == self.region
        return here and (self.channel_id is None or place[2] == self.channel_id)


def _names(capability: object, words: tuple[str, ...]) -> bool:
    said = str(capability).casefold().replace("_", " ")
    return any(word in said for word in words)


def _offers(ground: Ground) -> list[Offer]:
    """Offers of partners, cheapest first; those without a price say nothing of a margin."""
    if "offers" not in ground.rows:
        return []
    names = (
        "party_id", "capability", "region", "channel_id", "capacity_units_per_day", "unit_amount", "onboarding_amount",
        "ramp_days",
    )  # fmt: skip
    found = [
        Offer(
            row["party_id"], row["region"], row["channel_id"],
            math.inf if row["capacity_units_per_day"] is None else float(row["capacity_units_per_day"]),
            float(row["unit_amount"]), float(row["onboarding_amount"] or 0.0),
            None if row["ramp_days"] is None else float(row["ramp_days"]),
            _names(row["capability"], SERVES), _names(row["capability"], CARRIES),
        )
        for row in ground.engine.run(ground.rows["offers"].select(*names)).to_pylist()
        if row["unit_amount"] is not None and row["party_id"] != ground.own
    ]  # fmt: skip
    return sorted(found, key=lambda o: (o.unit_amount, o.party_id, str(o.region), str(o.channel_id)))


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of us and turned away, place by place.

    Attributes:
        place, scope: Of each row, shape (rows,).
        units: By day, shape (rows, days).
        per_line: Units of a line, shape (rows,).
        margin: Gross margin of a unit ordered, before fulfilment and less leakage; NaN where not recorded, shape (rows,).
        draws: As a multiple of the days drawn, shape (rows, REPLICATES).
        closings, cancelled: Days that closed, and lines cancelled.
    """

    place: Ints
    scope: Ints
    units: Floats
    per_line: Floats
    margin: Floats
    draws: Floats
    closings: int
    cancelled: int


def _unit_margins(ground: Ground) -> dict[tuple[str | None, ...], float]:
    """Gross margin of a unit by place, less what is booked as lost beside sales."""
    assert ground.lines is not None  # noqa: S101 - the caller has refused
    grain = ground.portfolio.grain
    lost = dict(zip(ground.assets, leakage_shares(ground).tolist(), strict=True))
    sums: dict[tuple[str | None, ...], list[float]] = {}
    for row in ground.engine.run(measures.unit_margins(ground.lines, grain)).to_pylist():
        asset = tuple(None if row[name] is None else str(row[name]) for name in grain)
        had = sums.setdefault(tuple(row[name] for name in measures.AT), [0.0, 0.0])
        had[0] += row["margin"] - lost.get(asset, 0.0) * row["value"]
        had[1] += row["units"]
    return {place: margin / units for place, (margin, units) in sums.items() if units > 0}


def _asked(ground: Ground, scopes: Sequence[Scope]) -> Asked:
    margin = _unit_margins(ground)
    rows: list[tuple[int, int, Floats]] = []
    for s, scope in enumerate(scopes):
        each = zip(scope.places.tolist(), scope.parts.tolist(), strict=True)
        rows += [(p, s, scope.lines * scope.units_per_line * part) for p, part in each if part > 0]
    place = np.array([r[0] for r in rows], dtype=np.int64)
    scope_of = np.array([r[1] for r in rows], dtype=np.int64)
    return Asked(
        place, scope_of, np.stack([r[2] for r in rows]),
        np.array([scopes[s].units_per_line for s in scope_of.tolist()]),
        np.array([margin.get(ground.places.names[p], np.nan) for p in place.tolist()]),
        np.stack([scopes[s].draws for s in scope_of.tolist()]),
        sum(s.closings for s in scopes), sum(s.cancelled for s in scopes),
    )  # fmt: skip


def within_capacity(units: Floats, per_line: float, capacity: float) -> Floats:
    """Units that fit into a day's capacity, on average, where lines come by chance (Poisson) with this mean.

    The mean of min(N, c) is m·P(N < ⌊c⌋) + c·P(N > ⌊c⌋) with the capacity c in lines: less than min(m, c), since days differ.

    Args:
        units: Mean units by day, shape (days,).
        per_line: Units of a line.
        capacity: Units a day.
    """
    if not math.isfinite(capacity):
        return units
    from scipy.special import pdtr

    mean, c = units / per_line, capacity / per_line
    whole = math.floor(c)
    below = pdtr(whole - 1, mean) if whole >= 1 else np.zeros(len(mean))
    served: Floats = (mean * below + c * (1 - pdtr(whole, mean))) * per_line
    return np.minimum(served, units)


@dataclass(frozen=True, slots=True)
class Served:
    """What an offer would make of what was turned away.

    Attributes:
        offer: Which.
        units: It would serve, shape (rows, days).
        cost: Of a unit, carriage included, shape (rows,).
    """

    offer: Offer
    units: Floats
    cost: Floats


def _served(ground: Ground, asked: Asked, offers: Sequence[Offer]) -> list[Served]:
    """What each offer would serve, cheapest first; what one leaves over the next may take."""
    destinations = {name[3] for name in ground.places.names}
    places = [ground.places.names[p] for p in asked.place.tolist()]
    carriers = [o for o in offers if o.carries and not o.serves]
    carriage = np.array(
        [min((o.unit_amount for o in carriers if o.reaches(p, destinations)), default=0.0) for p in places]
    )
    left = asked.units.copy()
    found = []
    for offer in offers:
        if not offer.serves:
            continue
        cost = offer.unit_amount + (0.0 if offer.carries else carriage)
        reach = np.array([offer.reaches(p, destinations) for p in places], dtype=np.bool_)
        reach &= np.nan_to_num(asked.margin, nan=-np.inf) > cost
        wanted = left[reach].sum(axis=0)
        if wanted.sum() <= 0:
            continue
        per_line = float((asked.per_line[reach] * left[reach].sum(axis=1)).sum() / wanted.sum())
        part = np.divide(
            within_capacity(wanted, per_line, offer.capacity), wanted, out=np.zeros(len(wanted)), where=wanted > 0
        )
        taken = np.where(reach[:, None], left * part, 0.0)
        left -= taken
        found.append(Served(offer, taken, np.broadcast_to(cost, asked.margin.shape)))
    return found


def _losses(ground: Ground, asked: Asked, served: Sequence[Served]) -> list[Loss]:
    sums: dict[tuple[int, str], tuple[float, Floats, float, set[float]]] = {}
    for one in served:
        offer, units, drawn = one.offer, one.units.sum(axis=1), _drawn(ground, asked, one.units)
        worth = np.nan_to_num(asked.margin) - one.cost
        weights = ground.places.of_asset[asked.place]
        amount, amounts, quantity = (units * worth) @ weights, (drawn * worth) @ weights, units @ weights
        for a in np.flatnonzero(amount > 0).tolist():
            had = sums.get((a, offer.party_id), (0.0, np.zeros(REPLICATES), 0.0, set()))
            sums[a, offer.party_id] = (
                had[0] + float(amount[a]), had[1] + amounts[:, a], had[2] + float(quantity[a]), had[3] | {offer.unit_amount},
            )  # fmt: skip
    return [
        Loss(
            ground.assets[a], "overflow", "overflow", "between", party, amount, draws, units, "units",
            f"the partner's offer at {' or '.join(f'{p:g}' for p in sorted(prices))} a unit, within its capacity a day",
        )
        for (a, party), (amount, draws, units, prices) in sums.items()
    ]  # fmt: skip


def _drawn(ground: Ground, asked: Asked, by_day: Floats) -> Floats:
    """Sums over the record in each replicate, shape (REPLICATES, rows)."""
    assert ground.draws is not None  # noqa: S101 - the caller has refused
    first = int(np.datetime64(ground.period.start, "D").astype(np.int64))
    spans = np.stack([by_span(ground, row, first) for row in by_day])
    drawn: Floats = np.maximum((ground.draws.counts @ spans.T) * asked.draws.T, 0.0)
    return drawn


def _told(ground: Ground, asked: Asked, served: Sequence[Served], draws: Draws) -> dict[AssetKey, tuple[Reading, ...]]:
    """Units turned away and served, and what partners ask to begin, by asset and in all."""
    weights = ground.places.of_asset[asked.place]
    total = asked.units.sum(axis=1) @ weights
    drawn = _drawn(ground, asked, asked.units) @ weights
    fits = sum((one.units.sum(axis=1) @ weights for one in served), np.zeros(len(ground.assets)))
    fit_draws = sum((_drawn(ground, asked, one.units) @ weights for one in served), np.zeros_like(drawn))
    begin = np.zeros(len(ground.assets))
    for one in served:
        units = one.units.sum(axis=1) @ weights
        begin += one.offer.onboarding * units / max(float(units.sum()), 1e-12)
    n = asked.closings + asked.cancelled

    def row(value: float, d: Floats, fit: float, fd: Floats, once: float) -> tuple[Reading, ...]:
        return (
            Reading("turned_away_units", "Units turned away", _figure(value, d, draws, "units"), n, _AWAY),
            Reading("offered_units", "… that offers could serve", _figure(fit, fd, draws, "units"), n, _FITS),
            Reading(
                "offer_onboarding_amount", "What partners ask to begin",
                Estimate(once, once, once, ground.portfolio.currency, LEVEL), len(served), _BEGIN,
            ),
        )  # fmt: skip

    found: dict[AssetKey, tuple[Reading, ...]] = {
        asset: row(float(total[a]), drawn[:, a], float(fits[a]), fit_draws[:, a], float(begin[a]))
        for a, asset in enumerate(ground.assets)
        if total[a] > 0
    }
    found[()] = row(float(total.sum()), drawn.sum(axis=1), float(fits.sum()), fit_draws.sum(axis=1), float(begin.sum()))
    ramps = [one.offer.ramp_days for one in served if one.offer.ramp_days is not None]
    if ramps:
        longest = max(ramps)
        ramp = Estimate(longest, min(ramps), longest, "days", LEVEL)
        found[()] += (Reading("offer_ramp_days", "Until offers reach full capacity", ramp, len(ramps), _RAMP),)
    return found


_AWAY = "orders expected in closed hours (hour, weekday, season, visits), less those that came; and lines cancelled for capacity"
_FITS = "of these, what offers reach and hold within their capacity a day, at a margin"
_BEGIN = (
    "onboarding_amount of the offers used, dealt out by the units they would serve; once, not yet taken off anything"
)
_RAMP = "longest ramp_days of the offers used; the range runs from the shortest"


def _figure(value: float, drawn: Floats, draws: Draws, unit: str) -> Estimate:
    low, high = (float(x) for x in np.quantile(drawn, [draws.tail, 1 - draws.tail]))
    return Estimate(value, min(low, value), max(high, value), unit, LEVEL)


def _concentration(ground: Ground, draws: Draws) -> dict[AssetKey, tuple[Reading, ...]]:
    """How much of each asset's volume hangs on few parties (Herfindahl and Hirschman's index)."""
    assert ground.lines is not None  # noqa: S101 - the caller has refused
    table = ground.engine.run(measures.party_lines(ground.lines, ground.portfolio.grain))
    if not table.num_rows:
        none = Refusal(
            "no_fulfiller", "concentration", "no order line says who fulfilled it", "order_lines.fulfiller_id"
        )
        return {(): (Reading("fulfiller_hhi", _HHI_LABEL, none, 0, _HHI),)}
    parties = list(dict.fromkeys(table["fulfilment_party"].to_pylist()))
    number: Mapping[AssetKey, int] = {asset: i for i, asset in enumerate(ground.assets)}
    of = list(zip(*(table[name].to_pylist() for name in ground.portfolio.grain), strict=True))
    asset = np.array([number[tuple(None if v is None else str(v) for v in a)] for a in of], dtype=np.int64)
    party = np.array([parties.index(p) for p in table["fulfilment_party"].to_pylist()], dtype=np.int64)
    at = ground.span_index(table["span"].to_numpy().astype(np.int64))
    sums = np.zeros((len(ground.assets), len(parties), len(ground.spans)))
    np.add.at(sums, (asset[at >= 0], party[at >= 0], at[at >= 0]), table["lines"].to_numpy()[at >= 0])
    every: list[tuple[AssetKey, Floats]] = [((), sums.sum(axis=0))]
    every += [(a, sums[i]) for i, a in enumerate(ground.assets) if sums[i].sum() > 0]
    return {
        key: (Reading("fulfiller_hhi", _HHI_LABEL, _index(lines, draws), int(lines.sum()), _HHI),)
        for key, lines in every
    }


_HHI_LABEL = "Concentration of fulfilment"
_HHI = "sum of the squared shares of order lines by fulfilling party: 1 if one does all (Herfindahl–Hirschman)"


def _index(lines: Floats, draws: Draws) -> Figure:
    def index(by_party: Floats) -> Floats:
        shares = by_party / np.maximum(by_party.sum(axis=-1, keepdims=True), 1e-12)
        found: Floats = (shares**2).sum(axis=-1)
        return found

    drawn = draws.counts @ lines.T
    value, again = float(index(lines.sum(axis=1))), index(drawn[drawn.sum(axis=1) > 0])
    low, high = (float(x) for x in np.quantile(again, [draws.tail, 1 - draws.tail]))
    return Estimate(value, min(low, value), max(high, value), "index", LEVEL)
