"""What content and the relative price do to orders by visit, as far as our own groups of products show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fourwalls.evidence.contrasts import Slope, group_slopes, multiplied_rates
from fourwalls.evidence.visits import Record, sums_by
from fourwalls.figures import Refusal

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Fewer orders than this say nothing of a rate.
_LEAST_ORDERS = 50
_LEAST_KINDS = 4


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
    orders, served = (sums_by(cell, record.rows[n], cells) for n in ("orders", "served"))
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
        n = sums_by(of_kind, orders, kinds)
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
    above, below = (sums_by(code, record.rows[n], groups) for n in (name, f"{name}_on"))
    mean: Floats = np.divide(above, below, out=np.full(groups, np.nan), where=below > 0)
    return mean


def _padded(values: Floats, length: int) -> Floats:
    return np.concatenate([values, np.zeros(length - len(values))])


def _log(rate: Floats, counts: Floats) -> Floats:
    known = (rate > 0) & (counts >= _LEAST_ORDERS)
    found: Floats = np.where(known, np.log(np.where(known, rate, 1.0)), np.nan)
    return found
