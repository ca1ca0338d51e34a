"""Orders that visits did not become: how far content and prices are from their standards, and what repairs would bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fourwalls.evidence.contrasts import Slope
from fourwalls.evidence.effects import Effects
from fourwalls.evidence.rates import excess
from fourwalls.evidence.visits import Record, sums_by
from fourwalls.figures import Refusal
from fourwalls.resampling import LEAST_CLUSTERS, REPLICATES, Draws, draw_clusters, student_quantile

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Skus are drawn again in so many bundles at most.
_MOST_BUNDLES = 240
_SEED = 1


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
    sums = [sums_by(flat, x, groups * bundles).reshape(groups, bundles) for x in (amount, base)]
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
