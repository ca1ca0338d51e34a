"""Visits that bought nothing: what weak content, dear prices and media money on empty shelves cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fourwalls.diagnosis import Wall
from fourwalls.evidence.effects import effects_of
from fourwalls.evidence.ground import Finding, Ground
from fourwalls.evidence.lost_orders import Gaps, Parts, gaps_of, parted, selling_prices
from fourwalls.evidence.media import Waste, media_waste
from fourwalls.evidence.visits import NO_VISITS, Record, record_of
from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.losses import AssetKey, Loss
from fourwalls.resampling import LEAST_CLUSTERS, LEVEL, REPLICATES, Draws

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Words in parties.kind by which whoever spends media money is known; add yours.
MEDIA_KINDS = ("media", "advert", "marketing", "agency for ads", "affiliate", "search engine")
_DUST = 1e-9


def find(ground: Ground) -> Finding:
    """What visits that bought nothing cost, by content, price and media.

    Orders are compared with what the same visits would have brought with the content and the relative price that the better
    quarter of our own listings show (or the targets content_share and price_index); how much orders move with either is
    told from groups of products that differ in it, and nothing is claimed where that may be chance. A rival's price
    is taken at its median over the record: what a rival does for a while is the market and no defect of ours. A
    lower price takes margin off every unit; only what is left after that counts. Media money counts as lost where it ran
    while the product could not be bought, beyond what the same listings cost on days they could.

    What visits lost for want of stock or listing is shown in the split, and no loss here: it belongs to the stock flow. The
    promise is left to the order flow; listings do not say what visitors were promised.
    """
    refusal = _cannot(ground)
    if refusal is not None or ground.draws is None:
        return Finding(refusals=(refusal,) if refusal else ())
    record = record_of(ground)
    if isinstance(record, Refusal):
        return Finding(refusals=(record,))
    effects = effects_of(record)
    gaps = gaps_of(record, ground.portfolio.targets)
    parts = parted(record, selling_prices(record, gaps, effects, ground.draws), effects, ground.draws)
    waste = media_waste(ground, record, ground.draws)
    losses = [*_listing_losses(ground, record, parts), *_media_losses(ground, record, waste)]
    refusals = [r for r in (effects.content_refusal, effects.price_refusal, waste.refusal, PROMISE) if r is not None]
    readings = _readings(ground, record, parts, waste, ground.draws)
    return Finding(tuple(losses), readings, tuple(refusals), judged=_judged(ground, record, gaps, parts, waste))


def could_be_held(gap: Floats, words: tuple[str, ...], refusal: Refusal | None) -> npt.NDArray[np.bool_]:
    """Groups of which it is known what a stage loses, shape (groups,).

    At its standard nothing is lost, whatever the stage does to orders; below it, that has to be known.

    Args:
        gap: How far each group is below its standard, shape (groups,).
        words: What each was held to; "" for nothing.
        refusal: Why what the stage does to orders is not known; None where it is.
    """
    has_standard = np.array([bool(w) for w in words], dtype=np.bool_)
    return has_standard & ((gap <= 0) | (refusal is None))


def _judged(ground: Ground, record: Record, gaps: Gaps, parts: Parts, waste: Waste) -> dict[AssetKey, frozenset[str]]:
    """Stages that could be held to something in each asset: in all groups of listings that it sells."""
    known = {
        "content": could_be_held(gaps.content, gaps.content_words, parts.effects.content_refusal),
        "price": could_be_held(gaps.price, gaps.price_words, parts.effects.price_refusal),
        "media": np.full(len(record.groups), waste.refusal is None),
    }
    found = {}
    for number, asset in enumerate(ground.assets):
        mine = np.unique(record.pair_group[record.pair_asset == number])
        found[asset] = frozenset(s for s, held in known.items() if len(mine) and held[mine].all())
    return found


PROMISE = Refusal(
    "no_promise_shown", "conversion lost to the promise", "listings do not say what delivery visitors were promised",
    "the promised delivery days that a listing showed each day",
)  # fmt: skip


def _cannot(ground: Ground) -> Refusal | None:
    about = "conversion"
    if "listings" not in ground.rows:
        return Refusal("no_listings", about, "there is no table 'listings'", "listings with sessions and orders by day")
    if ground.lines is None:
        return Refusal("no_order_lines", about, "there are no order lines to take margins from", "order_lines")
    if ground.draws is None:
        because = f"the record spans {len(ground.spans)} periods; ranges need {LEAST_CLUSTERS}"
        return Refusal("too_few_spans", about, because, "a longer record")
    return None


@dataclass(slots=True)
class _Sum:
    amount: float
    draws: Floats
    quantity: float
    standard: str
    most: float


def _listing_losses(ground: Ground, record: Record, parts: Parts) -> list[Loss]:
    sums: dict[tuple[int, str, Wall, str | None], _Sum] = {}
    for pair, (group, asset) in enumerate(zip(record.pair_group.tolist(), record.pair_asset.tolist(), strict=True)):
        channel = record.groups[group][2]
        runs = ground.channel_party.get(channel) if channel is not None else None
        told: list[tuple[str, Wall, str | None, Floats, Floats, float, str]] = [
            ("content", _wall(runs, ground.own), runs, parts.content[pair : pair + 1], parts.content_draws[:, pair],
             parts.content_orders[pair], parts.content_words[group]),
            ("price", "inside", ground.own, parts.price[pair : pair + 1], parts.price_draws[:, pair],
             parts.price_orders[pair], parts.price_words[group]),
        ]  # fmt: skip
        for stage, wall, party, amount, draws, orders, words in told:
            if abs(float(amount[0])) < _DUST:
                continue
            had = sums.setdefault((asset, stage, wall, party), _Sum(0.0, np.zeros(REPLICATES), 0.0, words, 0.0))
            had.amount += float(amount[0])
            had.draws = had.draws + draws
            had.quantity += float(orders)
            if float(amount[0]) > had.most:
                had.standard, had.most = words, float(amount[0])
    return [
        Loss(ground.assets[a], "conversion", stage, wall, party, s.amount, s.draws, s.quantity, "orders", s.standard)
        for (a, stage, wall, party), s in sums.items()
        if s.amount > 0
    ]


def _wall(party: str | None, own: str) -> Wall:
    return "unknown" if party is None else "inside" if party == own else "between"


def _media_party(ground: Ground) -> tuple[str | None, Wall]:
    """Who spends media money: the media partner; we, if none is named; unknown if several are."""
    named = []
    if "parties" in ground.rows:
        told = ground.engine.run(ground.rows["parties"].select("party_id", "kind")).to_pylist()
        named = [r["party_id"] for r in told if any(word in str(r["kind"] or "").casefold() for word in MEDIA_KINDS)]
    if len(named) > 1:
        return None, "unknown"
    party = named[0] if named else ground.own
    return party, _wall(party, ground.own)


def _media_losses(ground: Ground, record: Record, waste: Waste) -> list[Loss]:
    if not (waste.amount > 0).any():
        return []
    party, wall = _media_party(ground)
    words = "what the same listings cost on days they could be bought throughout"
    amount, draws, days = (x @ record.to_asset for x in (waste.amount, waste.draws, waste.shut_days))
    return [
        Loss(asset, "conversion", "media", wall, party, float(amount[a]), draws[:, a], float(days[a]),
             "listing days not buyable", words)
        for a, asset in enumerate(ground.assets)
        if amount[a] > _DUST
    ]  # fmt: skip


def _readings(
    ground: Ground, record: Record, parts: Parts, waste: Waste, draws: Draws
) -> dict[AssetKey, tuple[Reading, ...]]:
    """The split of what visits lost, for each asset and the whole portfolio."""
    currency = ground.portfolio.currency
    n_assets = len(ground.assets)
    to_asset = np.zeros((len(record.pair_asset), n_assets))
    to_asset[np.arange(len(record.pair_asset)), record.pair_asset] = 1.0
    told: dict[str, tuple[Floats, Floats]] = {
        "availability": (parts.availability @ to_asset, parts.availability_draws @ to_asset),
        "content": (parts.content @ to_asset, parts.content_draws @ to_asset),
        "price": (parts.price @ to_asset, parts.price_draws @ to_asset),
        "media": (waste.amount @ record.to_asset, waste.draws @ record.to_asset),
    }
    refused = {"content": parts.effects.content_refusal, "price": parts.effects.price_refusal, "media": waste.refusal}
    visits = (record.to_asset.T @ record.visits.sum(axis=1)).astype(np.int64)

    def figure(value: float, drawn: Floats) -> Estimate:
        low, high = (float(x) for x in np.quantile(drawn, [draws.tail, 1 - draws.tail]))
        return Estimate(value, min(low, value), max(high, value), currency, LEVEL)

    def row(values: dict[str, tuple[float, Floats]], n: int) -> tuple[Reading, ...]:
        total = sum(v for v, _ in values.values()), np.sum([d for _, d in values.values()], axis=0)
        made = [Reading("conversion_lost_amount", "Lost before the order", figure(*total), n, _TOTAL)]
        for name, (value, drawn) in values.items():
            reason = refused.get(name)
            shown: Figure = reason if reason is not None and value == 0 else figure(value, drawn)
            made.append(Reading(f"conversion_{name}_amount", LABELS[name], shown, n, DEFINITIONS[name]))
        made.append(Reading("conversion_promise_amount", LABELS["promise"], PROMISE, n, DEFINITIONS["promise"]))
        return tuple(made)

    found: dict[AssetKey, tuple[Reading, ...]] = {
        asset: row({k: (float(v[a]), d[:, a]) for k, (v, d) in told.items()}, int(visits[a]))
        for a, asset in enumerate(ground.assets)
    }
    every = int(record.visits.sum())
    whole = row({k: (float(v.sum()), d.sum(axis=1)) for k, (v, d) in told.items()}, every)
    share = Reading(
        "conversion_share", "Visits that bought", _conversion(record, draws), every,
        "orders of listings / their visits while they could be bought",
    )  # fmt: skip
    found[()] = (share, *effect_readings(parts), *whole)
    return found


_TOTAL = "availability + content + price + media [margin]"
LABELS = {
    "availability": "… visits while it could not be bought", "content": "… weak content", "price": "… dear prices",
    "media": "… media money while it could not be bought", "promise": "… the promise shown",
}  # fmt: skip
DEFINITIONS = {
    "availability": "visits while not buyable × the listing's own orders by visit × margin of an order; part of the stock flow",
    "content": "orders that content at standard would bring × their margin, as far as records show that content moves orders",
    "price": "change of the whole margin if the relative price were at standard: more orders, less for each",
    "media": "media money on days not buyable throughout, less what the buyable part costs on other days",
    "promise": "not told",
}


def _conversion(record: Record, draws: Draws) -> Figure:
    above, below = record.orders.sum(axis=0), record.served.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = (draws.counts @ above) / (draws.counts @ below)
    if below.sum() <= 0 or not np.isfinite(drawn).all():
        return NO_VISITS
    low, high = (float(x) for x in np.quantile(drawn, [draws.tail, 1 - draws.tail]))
    value = float(above.sum() / below.sum())
    return Estimate(value, min(low, value), max(high, value), "orders a visit", LEVEL)


def effect_readings(parts: Parts) -> tuple[Reading, ...]:
    """How much orders move with content and with the relative price."""
    told = (
        ("content_effect", "Orders, for ten points more of content", parts.effects.content, 0.1, parts.effects.content_refusal),
        ("price_effect", "Orders, for a price one per cent lower", parts.effects.price, -0.01, parts.effects.price_refusal),
    )  # fmt: skip
    made = []
    for name, label, slope, step, refusal in told:
        shown: Figure | None = refusal
        if slope is not None:
            ends = sorted(np.expm1(step * (slope.value + s * slope.reach * slope.error)) for s in (-1, 1))
            shown = Estimate(float(np.expm1(step * slope.value)), float(ends[0]), float(ends[1]), "share", LEVEL)
        if shown is not None:
            words = "log-linear rate of orders by visit, groups of products against each other; the groups' own luck in the range"
            made.append(Reading(name, label, shown, parts.effects.cells, words))
    return tuple(made)
