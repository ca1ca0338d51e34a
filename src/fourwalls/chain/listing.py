"""Stock that was there and could not be bought: units customers wanted meanwhile, beyond what the best listed reach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fourwalls.chain.standards import LEAST_WEEKS, PEERS, Detectable, Weekly, compare
from fourwalls.chain.stock_record import Record

Floats = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Hidden:
    """Units wanted while there was stock and it could not be bought.

    Attributes:
        units: Beyond what the best listed groups reach, shape (shelves, days).
        judged: Whether listings say anything about the shelf, shape (shelves,).
        channels: Channels by name.
        main: Number of the channel that hid most of each shelf's units, shape (shelves,).
        words: What each shelf was held to; empty if nothing, one entry for each shelf.
        detectable: How much more of usual demand a group would have had to hide to be told apart; None where none was compared.
    """

    units: Floats32
    judged: Bools
    channels: list[str]
    main: Ints
    words: list[str]
    detectable: Detectable | None = None


def nothing(shelves: int, days: int) -> Hidden:
    """No listings in the record."""
    return Hidden(
        np.zeros((shelves, days), np.float32),
        np.zeros(shelves, np.bool_),
        [],
        np.zeros(shelves, np.int64),
        [""] * shelves,
    )


def hidden_units(
    rows: pa.Table,
    sku_ids: list[str],
    kind: Ints,
    channels: list[str],
    shares: Floats,
    record: Record,
    rate: Floats32,
    first_day: int,
    span: Ints,
) -> Hidden:
    """Units wanted while there was stock that could not be bought.

    A sku should be listed wherever and whenever it has stock: what is missing of that, weighed by usual demand, is its
    hidden share. Groups (channel and kind of product) are compared with the better quarter of them.

    Args:
        rows: From `measures.stock.listed_days`.
        sku_ids: Sku of each shelf.
        kind: Number of each shelf's kind of product, shape (shelves,).
        channels: Channels by name.
        shares: Part of each shelf's demand that comes from each channel, shape (shelves, channels); NaN if unknown.
        record: The stock record.
        rate: Expected demand of each whole day, shape (shelves, days).
        first_day: First day [days since 1970].
        span: Span of time of each day, shape (days,).
    """
    shelves, days = record.sold.shape
    skus, of = np.unique(np.array(sku_ids, dtype=np.str_), return_inverse=True)
    with_stock = np.where(record.active, 1.0 - np.nan_to_num(record.empty), 0.0).astype(np.float32)
    wanted = {}
    for number, channel in enumerate(channels):
        part = np.nan_to_num(shares[:, number]).astype(np.float32)[:, None] * rate
        listed = _listed(rows, channel, skus, days, first_day)
        if listed is None:
            continue
        total, stocked = np.zeros((len(skus), days), np.float32), np.zeros((len(skus), days), np.float32)
        np.add.at(total, of, part)
        np.add.at(stocked, of, part * with_stock)
        with np.errstate(divide="ignore", invalid="ignore"):
            lag = np.clip(stocked / total - listed, 0.0, 1.0) * total / stocked
        lag = np.nan_to_num(np.where(stocked > 0, lag, 0.0))
        wanted[number] = (part * with_stock, np.clip(lag, 0.0, 1.0)[of])
    return _beyond_the_best(wanted, channels, kind, span, shelves, days)


def _listed(rows: pa.Table, channel: str, skus: npt.NDArray[np.str_], days: int, first_day: int) -> Floats32 | None:
    """Listed share of each sku on each day in a channel; NaN where it is not told. None if the channel has no listings."""
    mine = np.flatnonzero(np.array(rows["channel_id"].to_pylist()) == channel)
    if not len(mine):
        return None
    ids = np.array(rows["sku_id"].take(pa.array(mine)).to_pylist(), dtype=np.str_)
    at = np.searchsorted(skus, ids).clip(0, len(skus) - 1)
    day = rows["day"].to_numpy()[mine].astype(np.int64) - first_day
    good = (skus[at] == ids) & (day >= 0) & (day < days)
    panel = np.full((len(skus), days), np.nan, np.float32)
    panel[at[good], day[good]] = rows["listed"].to_numpy(zero_copy_only=False)[mine][good]
    return panel


def _beyond_the_best(
    wanted: dict[int, tuple[Floats32, Floats32]], channels: list[str], kind: Ints, span: Ints, shelves: int, days: int
) -> Hidden:
    found = nothing(shelves, days)
    starts = np.flatnonzero(np.diff(span, prepend=-1))
    groups: dict[str, Weekly] = {}
    for number, (units, lag) in wanted.items():
        for k in np.unique(kind).tolist():
            mine = kind == k
            below = np.add.reduceat(units[mine].sum(axis=0, dtype=np.float64), starts)
            above = np.add.reduceat((units[mine] * lag[mine]).sum(axis=0, dtype=np.float64), starts)
            used = below > 0
            if used.sum() >= LEAST_WEEKS:
                groups[f"{number}:{k}"] = Weekly(below[used], above[used])
    if len(groups) < 2:
        return found
    cell = compare(groups, PEERS)
    by_channel = np.zeros((max(len(channels), 1), shelves))
    total = np.zeros((shelves, days), np.float32)
    judged = np.zeros(shelves, np.bool_)
    best = [groups[b] for b in cell.best]
    reach = sum(float(b.hours.sum()) for b in best) / max(sum(b.n for b in best), 1e-12)
    for name in groups:
        number, k = (int(x) for x in name.split(":"))
        units, lag = wanted[number]
        mine = kind == k
        judged |= mine & (units.sum(axis=1) > 0)
        own = groups[name].mean
        part = cell.reliability.get(name, 0.0) * max(0.0, 1 - reach / own) if own > 0 and best else 0.0
        if part > 0:
            lost = units[mine] * lag[mine] * np.float32(part)
            total[mine] += lost
            by_channel[number, mine] += lost.sum(axis=1)
    words = f"best {len(cell.best)} of {len(cell.groups)} listed: {100 * (1 - reach):.1f} % of demand meets what is in stock"
    return Hidden(
        total,
        judged,
        channels,
        by_channel.argmax(axis=0).astype(np.int64),
        [words if j and best else "" for j in judged],
        cell.detectable,
    )
