"""Visits counted: the record of listings, how far content and prices are from the best, and what repairs would bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fourwalls.evidence.contrasts import Slope, group_slopes, multiplied_rates
from fourwalls.evidence.ground import Ground
from fourwalls.evidence.rates import excess, no_accident
from fourwalls.figures import Refusal
from fourwalls.measures import conversion as measures
from fourwalls.resampling import LEAST_CLUSTERS, REPLICATES, Draws, draw_clusters, student_quantile

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Group = tuple[str | None, ...]

# Fewer orders than this say nothing of a rate.
_LEAST_ORDERS = 50
_LEAST_KINDS = 4
# Skus are drawn again in so many bundles at most.
_MOST_BUNDLES = 240
_SEED = 1


@dataclass(frozen=True, slots=True)
class Record:
    """Listings and the margin of what they sold.

    Attributes:
        groups: Brand, category and channel of each group of listings.
        group, sku, span: Number of each listing-span's group, sku and span, shape (rows,).
        rows: Columns of `listing_spans` by name, shape (rows,) each.
        visits, served, orders, unserved: By group and span, shape (groups, spans); unserved are orders that visits while not
            buyable would have brought at the listing's own conversion.
        pair_group, pair_asset: Groups dealt out to assets, shape (pairs,).
        margin, value, lines: Of what was sold, by pair and span, shape (pairs, spans); margin less what is booked as lost
            beside sales.
        to_asset: Share of each group in each asset, by lines, shape (groups, assets).
    """

    groups: tuple[Group, ...]
    group: Ints
    sku: Ints
    span: Ints
    rows: Mapping[str, Floats]
    visits: Floats
    served: Floats
    orders: Floats
    unserved: Floats
    pair_group: Ints
    pair_asset: Ints
    margin: Floats
    value: Floats
    lines: Floats
    to_asset: Floats


def _sums(code: Ints, weights: Floats, groups: int) -> Floats:
    sums: Floats = np.bincount(code, weights, minlength=groups).astype(np.float64)
    return sums


def _codes(table: pa.Table, names: Sequence[str]) -> tuple[Ints, tuple[Group, ...]]:
    keys = list(zip(*(table[name].to_pylist() for name in names), strict=True))
    number = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    return np.array([number[key] for key in keys], dtype=np.int64), tuple(number)


def _days_table(ground: Ground) -> str:
    rows = ground.rows
    days = measures.listing_days(
        rows["listings"], rows.get("products"), rows.get("stock_days"), ground.period, ground.span_seconds
    )
    ground.engine.keep("listing_days", days)
    return "listing_days"


NO_VISITS = Refusal(
    "no_visits", "conversion", "no listing has both sessions and orders on record in the period",
    "listings.sessions and listings.orders",
)  # fmt: skip
NO_MARGIN = Refusal(
    "no_margin", "conversion", "no order line of the brands, categories and channels listed has a price and a cost",
    "order_lines.price_amount and cost_amount",
)  # fmt: skip


def record_of(ground: Ground) -> Record | Refusal:
    """The record of listings, or why there is none."""
    table = ground.engine.run(measures.listing_spans(ground.engine.table(_days_table(ground))))
    at = ground.span_index(table["span"].to_numpy().astype(np.int64)) if table.num_rows else np.zeros(0, np.int64)
    table, at = table.filter(pa.array(at >= 0)), at[at >= 0]
    names = ("visits", "orders", "served", "content", "content_on", "dear", "dear_on")
    rows = {name: np.nan_to_num(table[name].to_numpy().astype(np.float64)) for name in names}
    if not table.num_rows or rows["orders"].sum() <= 0 or rows["served"].sum() <= 0:
        return NO_VISITS
    group, groups = _codes(table, measures.BOUGHT_BY)
    sku, _ = _codes(table, ("sku_id",))
    listing, _ = _codes(table, ("sku_id", "channel_id"))
    shape = (len(groups), len(ground.spans))

    def by_group(values: Floats) -> Floats:
        return _sums(group * shape[1] + at, values, shape[0] * shape[1]).reshape(shape)

    served = np.bincount(listing, rows["served"])
    own = np.divide(np.bincount(listing, rows["orders"]), served, out=np.zeros(len(served)), where=served > 0)
    sold = _sold(ground, groups)
    if sold is None:
        return NO_MARGIN
    pair_group, pair_asset, margin, value, lines = sold
    margin = margin - leakage_shares(ground)[pair_asset][:, None] * value
    to_asset = np.zeros((len(groups), len(ground.assets)))
    np.add.at(to_asset, (pair_group, pair_asset), lines.sum(axis=1))
    to_asset /= np.maximum(to_asset.sum(axis=1, keepdims=True), 1.0)
    unserved = (rows["visits"] - rows["served"]) * own[listing]
    return Record(
        groups, group, sku, at, rows, by_group(rows["visits"]), by_group(rows["served"]), by_group(rows["orders"]),
        by_group(unserved), pair_group, pair_asset, margin, value, lines, to_asset,
    )  # fmt: skip


def leakage_shares(ground: Ground) -> Floats:
    """What is booked as lost beside each asset's sales, as a share of their value, shape (assets,).

    Returns, damage and goodwill come with sales: a further order brings them along.
    """
    found = np.zeros(len(ground.assets))
    if "leakage" not in ground.rows:
        return found
    for row in ground.engine.run(measures.leakage_by_place(ground.rows["leakage"], ground.period)).to_pylist():
        place = tuple(row[name] for name in ("brand", "category", "channel_id", "region"))
        found += ground.places.asset_weights(place) * float(row["amount"] or 0.0)
    value = ground.places.value.sum(axis=1) @ ground.places.of_asset
    shares: Floats = np.clip(np.divide(found, value, out=np.zeros(len(found)), where=value > 0), 0.0, 1.0)
    return shares


def _sold(ground: Ground, groups: tuple[Group, ...]) -> tuple[Ints, Ints, Floats, Floats, Floats] | None:
    assert ground.lines is not None  # noqa: S101 - the caller has refused
    grain = ground.portfolio.grain
    table = ground.engine.run(measures.margins(ground.lines, grain))
    number = {group: i for i, group in enumerate(groups)}
    asset_number = {asset: i for i, asset in enumerate(ground.assets)}
    of = list(zip(*(table[name].to_pylist() for name in measures.BOUGHT_BY), strict=True))
    assets = list(zip(*(table[name].to_pylist() for name in grain), strict=True))
    known = np.array([g in number for g in of], dtype=np.bool_)
    at = ground.span_index(table["span"].to_numpy().astype(np.int64)) if table.num_rows else np.zeros(0, np.int64)
    chosen = np.flatnonzero(known & (at >= 0)).tolist()
    if not chosen:
        return None
    keys = [(number[of[i]], asset_number[tuple(None if v is None else str(v) for v in assets[i])]) for i in chosen]
    pairs = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    row = np.array([pairs[key] for key in keys], dtype=np.int64)
    shape = (len(pairs), len(ground.spans))

    def by_pair(name: str) -> Floats:
        values = np.nan_to_num(table[name].to_numpy()[chosen].astype(np.float64))
        return _sums(row * shape[1] + at[chosen], values, shape[0] * shape[1]).reshape(shape)

    pair = np.array(list(pairs), dtype=np.int64)
    return pair[:, 0], pair[:, 1], by_pair("margin"), by_pair("value"), by_pair("lines")


@dataclass(frozen=True, slots=True)
class Effects:
    """What content and the relative price do to orders by visit.

    Attributes:
        content: Slope of the logarithm by unit of content_share; None where nothing tells.
        price: The same by unit of the logarithm of our price over the rival's usual one.
        content_refusal, price_refusal: Why nothing is claimed; None where the effect is no accident.
        cells: Groups of products, by channel, that were compared.
    """

    content: Slope | None
    price: Slope | None
    content_refusal: Refusal | None
    price_refusal: Refusal | None
    cells: int


def effects_of(record: Record) -> Effects:
    """What content and the relative price do, told from groups of products.

    First within skus: what sells better in one channel than in another, week by week, against how its content (or price)
    differs there; season, promotions and the appeal of a product fall out. What no channel differs in is told from the groups
    themselves, content taken out. A group is one witness, however many visits it has.
    """
    kind, kinds = _kinds(record)
    channel = _number([g[2] for g in record.groups])[record.group]
    channels = int(channel.max()) + 1
    cell = kind * channels + channel
    cells = kinds * channels
    orders, served = (_sums(cell, record.rows[n], cells) for n in ("orders", "served"))
    factor = np.column_stack([_mean(record, name, cell, cells) for name in ("content", "dear")])
    of_kind, of_channel = np.divmod(np.arange(cells), channels)
    told: list[Slope | None] = [None, None]
    if channels > 1:
        strata, _ = np.unique(record.sku * (int(record.span.max()) + 1) + record.span, return_inverse=True)
        strata = np.searchsorted(strata, record.sku * (int(record.span.max()) + 1) + record.span)
        _, rates = multiplied_rates(record.rows["orders"], record.rows["served"], [strata, cell])
        told = _each_alone_if_must(_log(_padded(rates[1], cells), orders), orders, factor, [of_kind, of_channel])
    left = [i for i, slope in enumerate(told) if slope is None]
    if left:
        taken = np.zeros(cells)
        for i, slope in enumerate(told):
            if slope is not None and slope.is_sure(_SIGNS[i]):
                taken += slope.value * np.nan_to_num(factor[:, i])
        _, rates = multiplied_rates(orders, served * np.exp(taken), [of_kind, of_channel])
        by_kind = np.column_stack([_mean(record, name, kind, kinds) for name in ("content", "dear")])[:, left]
        n = _sums(of_kind, orders, kinds)
        for i, slope in zip(left, group_slopes(_log(rates[0], n), n, by_kind, []), strict=True):
            told[i] = slope
    reasons = [_reason(name, slope, sign) for name, slope, sign in zip(_ABOUT, told, _SIGNS, strict=True)]
    return Effects(told[0], told[1], reasons[0], reasons[1], int((orders >= _LEAST_ORDERS).sum()))


_SIGNS = (1, -1)
_ABOUT = (
    ("content", "listings.content_share"),
    ("relative price", "listings.price_amount and rival_price_amount"),
)


def _each_alone_if_must(rate: Floats, n: Floats, factor: Floats, effects: Sequence[Ints]) -> list[Slope | None]:
    """Slopes of the factors that are known in the cells."""
    found: list[Slope | None] = [None] * factor.shape[1]
    known = [i for i in range(factor.shape[1]) if np.isfinite(factor[:, i]).any()]
    for i, slope in zip(known, group_slopes(rate, n, factor[:, known], effects), strict=True):
        found[i] = slope
    return found


def _reason(about: tuple[str, str], slope: Slope | None, sign: int) -> Refusal | None:
    name, columns = about
    if slope is None:
        because = f"no {_LEAST_KINDS} groups of products differ in it, or nobody recorded it"
        return Refusal(f"no_{name.split()[-1]}_contrast", f"what {name} does to orders", because, f"{columns} by day, for products or channels that differ in it")  # fmt: skip
    if not slope.is_sure(sign):
        because = "the differences between groups of products may be chance"
        return Refusal(f"no_{name.split()[-1]}_effect", f"what {name} does to orders", because, "a pilot that changes it for some products and not for others")  # fmt: skip
    return None


def _number(values: Sequence[object]) -> Ints:
    number = {v: i for i, v in enumerate(dict.fromkeys(values))}
    return np.array([number[v] for v in values], dtype=np.int64)


def _kinds(record: Record) -> tuple[Ints, int]:
    """Group of products of each row: categories, or brands in them, or skus, whichever are enough to compare.

    The coarsest are taken, since what makes one category sell well is shared by all its brands.
    """
    for columns in ((1,), (0, 1)):
        code = _number([tuple(g[c] for c in columns) for g in record.groups])
        if int(code.max()) + 1 >= _LEAST_KINDS:
            return code[record.group], int(code.max()) + 1
    return record.sku, int(record.sku.max()) + 1


def _mean(record: Record, name: str, code: Ints, groups: int) -> Floats:
    above, below = (_sums(code, record.rows[n], groups) for n in (name, f"{name}_on"))
    mean: Floats = np.divide(above, below, out=np.full(groups, np.nan), where=below > 0)
    return mean


def _padded(values: Floats, length: int) -> Floats:
    return np.concatenate([values, np.zeros(length - len(values))])


def _log(rate: Floats, counts: Floats) -> Floats:
    known = (rate > 0) & (counts >= _LEAST_ORDERS)
    found: Floats = np.where(known, np.log(np.where(known, rate, 1.0)), np.nan)
    return found


@dataclass(frozen=True, slots=True)
class Gaps:
    """How far each group is from its standard.

    Attributes:
        content: Content missing [share], shape (groups,).
        price: Logarithm by which the price is too high, same shape.
        content_draws, price_draws: The same in each replicate, shape (REPLICATES, groups).
        content_words, price_words: What each group was held to.
    """

    content: Floats
    price: Floats
    content_draws: Floats
    price_draws: Floats
    content_words: tuple[str, ...]
    price_words: tuple[str, ...]


def gaps_of(record: Record, targets: Mapping[str, float]) -> Gaps:
    """How far content is from the better quarter of our listings, and the relative price from their usual one, or from targets.

    More content is better; a lower price is only cheaper, so the middle of our own groups is the standard there. Skus are the
    witnesses: a brand whose products happen to be a little dearer is no dear brand.
    """
    content = 1 - targets["content_share"] if "content_share" in targets else None
    price = float(np.log(targets["price_index"])) if targets.get("price_index", 0) > 0 else None
    rows = record.rows
    told = [
        _gap(record, rows["content_on"] - rows["content"], rows["content_on"], content),
        _gap(record, rows["dear"], rows["dear_on"], price, is_middle=True),
    ]
    words = [
        tuple(f"content of {1 - s:.0%}, {o}" if np.isfinite(s) else "" for s, o in told[0][2]),
        tuple(f"{np.exp(s):.3f} of the rival's usual price, {o}" if np.isfinite(s) else "" for s, o in told[1][2]),
    ]
    return Gaps(told[0][0], told[1][0], told[0][1], told[1][1], *words)


def _gap(
    record: Record, amount: Floats, base: Floats, target: float | None, *, is_middle: bool = False
) -> tuple[Floats, Floats, list[tuple[float, str]]]:
    groups = len(record.groups)
    bundle = record.sku % _MOST_BUNDLES
    bundles = int(bundle.max()) + 1
    if bundles < 2 or (bundles < LEAST_CLUSTERS and target is None):
        return np.zeros(groups), np.zeros((REPLICATES, groups)), [(np.nan, "")] * groups
    flat = record.group * bundles + bundle
    sums = [_sums(flat, x, groups * bundles).reshape(groups, bundles) for x in (amount, base)]
    total = np.maximum(sums[1].sum(axis=1), 1e-12)
    standard = _middle(sums[0].sum(axis=1) / total, sums[1].sum(axis=1)) if is_middle and target is None else target
    asked = None if standard is None else np.full(groups, standard)
    found = excess(sums[0], sums[1], ["listings"] * groups, draw_clusters(bundles, _SEED), asked)
    if target is None:
        sure = _many_enough(sums[0], sums[1], found.rate - found.standard)
        found.amount[~sure], found.draws[:, ~sure] = 0.0, 0.0
    part = "middle" if is_middle else "best quarter"
    origin = "target" if target is not None else f"{part} of {int(found.held.sum())} groups of our listings"
    return found.amount / total, found.draws / total, [(float(s), origin) for s in found.standard]


def _middle(rate: Floats, weight: Floats) -> float:
    """Weighted median."""
    order = np.argsort(rate, kind="stable")
    below = np.cumsum(weight[order])
    return float(rate[order][np.searchsorted(below, below[-1] / 2)])


def _many_enough(amount: Floats, base: Floats, beyond: Floats) -> npt.NDArray[np.bool_]:
    """Whether a group of few skus exceeds its standard by more than their spread, by Student's t and Bonferroni."""
    total, n = base.sum(axis=1, keepdims=True), (base > 0).sum(axis=1)
    rate = np.divide(amount.sum(axis=1, keepdims=True), total, out=np.zeros(total.shape), where=total > 0)
    freedom = np.maximum(n - 1, 1)
    spread = np.sqrt(((amount - rate * base) ** 2).sum(axis=1) * n / freedom) / np.maximum(total[:, 0], 1e-12)
    bar = np.array([student_quantile(1 - 0.05 / len(n), float(f)) for f in freedom])
    found: npt.NDArray[np.bool_] = (n > 1) & (np.nan_to_num(beyond) > bar * spread)
    return found


def selling_prices(record: Record, gaps: Gaps, effects: Effects, draws: Draws) -> Gaps:
    """The same gaps without those of prices whose repair would not surely bring more margin than it gives away."""
    slope = effects.price
    groups = len(record.groups)
    margin, value = np.zeros((groups, draws.counts.shape[1])), np.zeros((groups, draws.counts.shape[1]))
    np.add.at(margin, record.pair_group, record.margin)
    np.add.at(value, record.pair_group, record.value)
    keep = np.zeros(groups, dtype=np.bool_)
    if slope is not None and effects.price_refusal is None:
        gain = np.exp(-slope.drawn(REPLICATES, _SEED + 1)[:, None] * gaps.price_draws)
        cut = -np.expm1(-gaps.price_draws)
        m, v = draws.counts @ margin.T, draws.counts @ value.T
        worth = gain * (m - cut * v) - m
        point = np.exp(-slope.value * gaps.price) * (margin.sum(axis=1) + np.expm1(-gaps.price) * value.sum(axis=1))
        keep = (np.quantile(worth, draws.tail, axis=0) > 0) & (point > margin.sum(axis=1))
    return Gaps(
        gaps.content, np.where(keep, gaps.price, 0.0), gaps.content_draws, np.where(keep, gaps.price_draws, 0.0),
        gaps.content_words, gaps.price_words,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parts:
    """What visits lost, by pair of group and asset; the parts add up to the whole.

    Attributes:
        content, price, availability: Over the record [amount], shape (pairs,).
        content_draws, price_draws, availability_draws: In each replicate, shape (REPLICATES, pairs).
        content_orders, price_orders: Orders that each repair alone would bring, shape (pairs,).
        content_words, price_words: What each group was held to.
        effects: What moved orders.
    """

    content: Floats
    price: Floats
    availability: Floats
    content_draws: Floats
    price_draws: Floats
    availability_draws: Floats
    content_orders: Floats
    price_orders: Floats
    content_words: tuple[str, ...]
    price_words: tuple[str, ...]
    effects: Effects


def split(
    margin: Floats, value: Floats, content: Floats, price: Floats, cut: Floats, unserved: Floats
) -> tuple[Floats, Floats, Floats]:
    """The margin that content, price and availability would bring, adding up to what all three bring together.

    Content and price by Shapley with shelves as they are, so that nothing of theirs hangs on stock; availability at what
    is then sold.

    Args:
        margin, value: Of what was sold.
        content, price: Logarithm by which orders would rise.
        cut: Part of the price given away.
        unserved: Orders lost while not buyable, as a part of orders.
    """
    cheaper = margin - cut * value
    alone = np.expm1(content) * margin, np.exp(price) * cheaper - margin
    both = np.exp(content + price) * cheaper - margin
    of_content = (alone[0] + both - alone[1]) / 2
    return of_content, both - of_content, unserved * (margin + both)


def parted(record: Record, gaps: Gaps, effects: Effects, draws: Draws) -> Parts:
    """What visits lost, point and replicates."""
    g = record.pair_group

    def logs(
        slope: Slope | None, refusal: Refusal | None, sign: int, gap: Floats, drawn: Floats, seed: int
    ) -> tuple[Floats, Floats]:
        if slope is None or refusal is not None:
            return np.zeros(gap.shape), np.zeros(drawn.shape)
        again = np.maximum(sign * slope.drawn(REPLICATES, seed), 0.0)
        return sign * slope.value * gap, again[:, None] * drawn

    content = logs(effects.content, effects.content_refusal, 1, gaps.content, gaps.content_draws, _SEED)
    price = logs(effects.price, effects.price_refusal, -1, gaps.price, gaps.price_draws, _SEED + 1)
    orders, unserved = record.orders.sum(axis=1), record.unserved.sum(axis=1)
    part = np.divide(unserved, orders, out=np.zeros(len(orders)), where=orders > 0)
    drawn_orders, drawn_unserved = draws.counts @ record.orders.T, draws.counts @ record.unserved.T
    drawn_part = np.divide(drawn_unserved, drawn_orders, out=np.zeros(drawn_orders.shape), where=drawn_orders > 0)
    point = split(
        record.margin.sum(axis=1), record.value.sum(axis=1), content[0][g], price[0][g],
        -np.expm1(-gaps.price[g]) * (price[0][g] > 0), part[g],
    )  # fmt: skip
    again = split(
        draws.counts @ record.margin.T, draws.counts @ record.value.T, content[1][:, g], price[1][:, g],
        -np.expm1(-gaps.price_draws[:, g]) * (price[0][g] > 0), drawn_part[:, g],
    )  # fmt: skip
    lines = record.lines.sum(axis=1)
    return Parts(
        *point, *again, np.expm1(content[0][g]) * lines, np.expm1(price[0][g]) * lines, gaps.content_words,
        gaps.price_words, effects,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Waste:
    """Media money that ran while the product could not be bought.

    Attributes:
        amount: By group, 0 where it may be chance, shape (groups,).
        draws: In each replicate, shape (REPLICATES, groups).
        shut_days: Days of listings that could not be bought, shape (groups,).
        refusal: Why it cannot be told; None where it can.
    """

    amount: Floats
    draws: Floats
    shut_days: Floats
    refusal: Refusal | None


def media_waste(ground: Ground, record: Record, draws: Draws) -> Waste:
    """Media money beyond what the buyable part of a day costs.

    A visit while it could not be bought should cost nothing, and any other what visits to the same listing cost on days
    it could be bought throughout, in the same span of time; who switches media off in time wastes nothing. By visits and
    not by days, since days on which goods run out are busier than others.
    """
    table = ground.engine.run(measures.media_spans(ground.engine.table("listing_days")))
    groups, spans = len(record.groups), len(ground.spans)
    none = np.zeros(groups), np.zeros((REPLICATES, groups)), np.zeros(groups)
    columns = ("whole_media", "whole_visits", "part_media", "part_visits", "shut_days")
    t = {name: np.nan_to_num(table[name].to_numpy().astype(np.float64)) for name in columns}
    if not table.num_rows or t["whole_media"].sum() <= 0:
        because = "listings do not tell media money together with the share of the day they could be bought"
        return Waste(*none, Refusal("no_media", "media money on empty shelves", because, "listings.media_amount and listed_share"))  # fmt: skip
    number = {name: i for i, name in enumerate(record.groups)}
    of = [number.get(k, -1) for k in zip(*(table[n].to_pylist() for n in measures.BOUGHT_BY), strict=True)]
    group, span = np.array(of, dtype=np.int64), ground.span_index(table["span"].to_numpy().astype(np.int64))
    listing, _ = _codes(table, ("sku_id", "channel_id"))
    usual = _usual_cost(t, listing, group, span, spans)
    good = (group >= 0) & (span >= 0) & np.isfinite(usual)
    flat = group[good] * spans + span[good]

    def summed(values: Floats) -> Floats:
        return _sums(flat, values[good], groups * spans).reshape(groups, spans)

    beyond = summed(t["part_media"] - np.nan_to_num(usual) * t["part_visits"])
    amount = beyond.sum(axis=1)
    starts = np.flatnonzero(np.diff(draws.block, prepend=-1))
    blocks = np.add.reduceat(beyond, starts, axis=1)
    error = np.sqrt(blocks.var(axis=1, ddof=1) * blocks.shape[1])
    z = np.divide(amount, error, out=np.zeros(groups), where=error > 0)
    sure = no_accident(z) & (amount > 0)
    drawn = np.maximum(draws.counts @ beyond.T, 0.0)
    return Waste(np.where(sure, amount, 0.0), np.where(sure, drawn, 0.0), summed(t["shut_days"]).sum(axis=1), None)


def _usual_cost(t: Mapping[str, Floats], listing: Ints, group: Ints, span: Ints, spans: int) -> Floats:
    """What a visit on wholly buyable days costs each listing in each span: its mean, moved as its group moves then."""
    visits, money = np.bincount(listing, t["whole_visits"]), np.bincount(listing, t["whole_media"])
    mean = np.divide(money, visits, out=np.full(len(visits), np.nan), where=visits > 0)[listing]
    cell = np.maximum(group, 0) * spans + np.maximum(span, 0)
    expected = np.bincount(cell, np.nan_to_num(mean) * t["whole_visits"])
    seen = np.bincount(cell, t["whole_media"])
    moved = np.divide(seen, expected, out=np.ones(len(seen)), where=expected > 0)
    usual: Floats = mean * moved[cell]
    return usual
