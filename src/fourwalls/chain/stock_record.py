"""The stock record as dense arrays: shelves × days, with what was missing or did not add up counted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats32 = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

# Units are recorded with a few decimals where goods are weighed; what is large is kept to seven digits.
_EXACT, _DIGITS = 1e-3, 1e-6
LIFTS = ("discount", "promoted", "holiday")
# Stock below 0 on more days than this with units sold is a backlog, not a slip.
_OWED_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Books:
    """How well the stock record keeps its own books.

    Attributes:
        days: Shelf-days recorded.
        missing: Days without a row between the first and the last of their shelf.
        checked: Shelf-days whose closing stock can be checked against the day before.
        unbalanced: Those of them where closing is not opening + received + adjusted − sold.
        negative: Shelf-days with stock below 0.
        returned: Shelf-days with sales below 0.
    """

    days: int = 0
    missing: int = 0
    checked: int = 0
    unbalanced: int = 0
    negative: int = 0
    returned: int = 0

    def plus(self, other: Books) -> Books:
        """Both together."""
        return Books(*(getattr(self, n) + getattr(other, n) for n in Books.__dataclass_fields__))


@dataclass(frozen=True, slots=True)
class Record:
    """What the record says of some shelves, shape (shelves, days) each.

    Attributes:
        sold: Units sold, at least 0; NaN where there is no row.
        closing: Stock at the end of the day, at least 0; that of the day before where there is no row; NaN where the
            record never says.
        empty: Share of the day without stock; 1 − share of what is unknown is never guessed: NaN.
        active: Days from each shelf's first row to its last.
        waits: Whether customers of a shelf wait, shape (shelves,): its stock is recorded below 0 while units are sold.
        lift: What is known to move demand (discount, promotion, holiday), shape (shelves, days, 3); None without any.
        books: What did not add up.
        received: Units that became available on each day, 0 where unknown; None if never recorded.
        missing: Units by which the record was lowered by hand or by transfers out, likewise.
    """

    sold: Floats32
    closing: Floats32
    empty: Floats32
    active: Bools
    waits: Bools
    lift: Floats32 | None
    books: Books
    received: Floats32 | None = None
    missing: Floats32 | None = None


def record(table: pa.Table, first_shelf: int, shelves: int, first_day: int, days: int) -> Record:
    """The record of some shelves from `measures.stock.shelf_days`."""
    at = (table["shelf"].to_numpy().astype(np.int64) - first_shelf) * days
    at += table["day"].to_numpy().astype(np.int64) - first_day

    def panel(name: str) -> Floats32:
        values = np.full(shelves * days, np.nan, np.float32)
        values[at] = table[name].to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
        return values.reshape(shelves, days)

    flat = np.zeros(shelves * days, np.bool_)
    flat[at] = True
    present = flat.reshape(shelves, days)
    sold, on_hand, empty = panel("sold"), panel("on_hand"), panel("empty")
    active = np.logical_or.accumulate(present, axis=1) & np.logical_or.accumulate(present[:, ::-1], axis=1)[:, ::-1]
    received, adjusted = (
        panel(name) if table[name].null_count < table.num_rows else None for name in ("received", "adjusted")
    )
    books = _books(sold, on_hand, received, adjusted, present, active)
    empty = np.where(np.isnan(empty) & (on_hand <= 0) & (sold <= 0), np.float32(1.0), empty)
    before = np.full_like(on_hand, np.nan)
    before[:, 1:] = on_hand[:, :-1]
    empty = np.where(np.isnan(empty) & (on_hand > 0) & (before > 0), np.float32(0.0), empty)
    with np.errstate(invalid="ignore"):
        owed = ((on_hand < 0) & (sold > 0)).sum(axis=1)
    waits: Bools = owed > _OWED_SHARE * np.maximum(active.sum(axis=1), 1)
    # Who waits is not lost.
    empty[waits] = np.where(np.isnan(sold[waits]), np.nan, 0.0)
    lift = None
    if any(table[name].null_count < table.num_rows for name in LIFTS):
        lift = np.stack([panel(name) for name in LIFTS], axis=2)
    closing = _carried(np.maximum(on_hand, 0.0).astype(np.float32))
    come = None if received is None else np.nan_to_num(received)
    missing = None if adjusted is None else np.maximum(-np.nan_to_num(adjusted), 0.0).astype(np.float32)
    return Record(np.maximum(sold, 0.0).astype(np.float32), closing, empty, active, waits, lift, books, come, missing)


def _books(
    sold: Floats32,
    on_hand: Floats32,
    received: Floats32 | None,
    adjusted: Floats32 | None,
    present: Bools,
    active: Bools,
) -> Books:
    change = on_hand[:, 1:] - on_hand[:, :-1]
    if received is None:
        received = np.full_like(on_hand, np.nan)
    known = np.isfinite(change) & np.isfinite(received[:, 1:]) & np.isfinite(sold[:, 1:])
    by_hand = np.float32(0.0) if adjusted is None else np.nan_to_num(adjusted[:, 1:])
    told = received[:, 1:] + by_hand - sold[:, 1:]
    size = np.maximum(np.abs(on_hand[:, 1:]), np.abs(on_hand[:, :-1])) + np.abs(received[:, 1:]) + np.abs(sold[:, 1:])
    off = known & (np.abs(change - told) > _EXACT + _DIGITS * size)
    with np.errstate(invalid="ignore"):
        negative, returned = int((on_hand < 0).sum()), int((sold < 0).sum())
    return Books(
        int(present.sum()), int((active & ~present).sum()), int(known.sum()), int(off.sum()), negative, returned
    )


def _carried(values: Floats32) -> Floats32:
    """The last known value of each row, day by day."""
    known = np.isfinite(values)
    index = np.where(known, np.arange(values.shape[1])[None, :], 0)
    np.maximum.accumulate(index, axis=1, out=index)
    return np.take_along_axis(values, index, axis=1)


def joined(parts: list[Record]) -> Record:
    """The records of several sets of shelves, one after the other."""
    books = Books()
    for part in parts:
        books = books.plus(part.books)
    if len(parts) == 1:
        return parts[0]
    sold, closing, empty = (np.concatenate([getattr(p, n) for p in parts]) for n in ("sold", "closing", "empty"))
    active, waits = (np.concatenate([getattr(p, n) for p in parts]) for n in ("active", "waits"))
    lift = None
    if any(p.lift is not None for p in parts):
        unknown = [np.full((*p.sold.shape, len(LIFTS)), np.nan, np.float32) for p in parts]
        lift = np.concatenate([u if p.lift is None else p.lift for p, u in zip(parts, unknown, strict=True)])
    moved = {}
    for name in ("received", "missing"):
        values = [getattr(p, name) for p in parts]
        if any(v is not None for v in values):
            moved[name] = np.concatenate(
                [np.zeros(p.sold.shape, np.float32) if v is None else v for p, v in zip(parts, values, strict=True)]
            )
    return Record(sold, closing, empty, active, waits, lift, books, **moved)
