"""The stock record as arrays: what is empty, what is carried, what does not add up; every case by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from fourwalls.chain.stock_record import Record, joined, record

NAMES = ("on_hand", "sold", "received", "adjusted", "empty", "discount", "promoted", "holiday")
FIRST = 20_000


def row(day: int, on_hand: float | None, sold: float | None = 0.0, shelf: int = 0, **given: Any) -> dict[str, Any]:
    return {"shelf": shelf, "day": FIRST + day, "on_hand": on_hand, "sold": sold} | given


def made(rows: list[dict[str, Any]], *, shelves: int = 1, days: int = 6, first_shelf: int = 0) -> Record:
    schema = pa.schema([("shelf", pa.int32()), ("day", pa.int32()), *((n, pa.float32()) for n in NAMES)])
    return record(pa.Table.from_pylist(rows, schema), first_shelf, shelves, FIRST, days)


def told(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(v) else float(v) for v in values]


def test_what_is_known_of_an_empty_shelf() -> None:
    found = made([row(0, 4, 1), row(1, 2, 2), row(2, 0, 2), row(3, 0, 0), row(4, 5, 1), row(5, 5, 0)])
    # First day: the opening is unknown. Third: sold out at an unknown hour. Fifth: refilled at one.
    assert told(found.empty[0]) == [None, 0.0, None, 1.0, None, 0.0]


def test_the_last_day_says_nothing_about_the_first() -> None:
    ends_full, ends_empty = made([row(0, 4, 1), row(5, 4, 1)]), made([row(0, 4, 1), row(5, 0, 1)])
    assert told(ends_full.empty[0, :1]) == told(ends_empty.empty[0, :1]) == [None]


def test_a_recorded_share_is_never_guessed_over() -> None:
    found = made([row(0, 3, 1, empty=0.25), row(1, 3, 0, empty=0.5), row(2, 0, 0, empty=0.75)])
    assert told(found.empty[0, :3]) == [0.25, 0.5, 0.75]


def test_gaps_are_carried_and_counted() -> None:
    found = made([row(1, 7, 1), row(4, 2, 3)])
    assert told(found.closing[0]) == [None, 7, 7, 7, 2, 2]
    assert told(found.sold[0]) == [None, 1, None, None, 3, None]
    assert found.active[0].tolist() == [False, True, True, True, True, False]
    assert (found.books.days, found.books.missing, found.books.checked) == (2, 2, 0)


def test_stock_that_is_not_recorded_on_some_days_keeps_its_last_count() -> None:
    found = made([row(0, None, 1), row(1, 5, 1), row(2, None, 1), row(3, 3, 1)])
    assert told(found.closing[0, :4]) == [None, 5, 5, 3]


def test_books_that_do_not_add_up_are_counted() -> None:
    rows = [
        row(0, 10, 0, received=0),
        row(1, 8, 2, received=0),  # adds up
        row(2, 20, 1, received=0),  # 13 came from nowhere
        row(3, 23, 1, received=5, adjusted=-1),  # adds up
        row(4, -2, 25, received=0),  # adds up, below 0
        row(5, 1, -3, received=0),  # adds up, more came back than was sold
    ]
    found = made(rows)
    books = found.books
    assert (books.checked, books.unbalanced, books.negative, books.returned) == (5, 1, 1, 1)
    assert told(found.closing[0]) == [10, 8, 20, 23, 0, 1]
    assert told(found.sold[0]) == [0, 2, 1, 1, 25, 0]


@pytest.mark.parametrize(("kept", "off"), [(20_000.1, 0), (20_001.1, 1), (3_000_000.7, 0)])
def test_books_of_large_stock_in_decimals(kept: float, off: int) -> None:
    start = float(np.floor(kept / 1000) * 1000 + 0.3)
    rows = [row(0, start, 0.0, received=0.0), row(1, 20_000.1 if off else kept, 0.0, received=kept - start)]
    assert made(rows).books.unbalanced == off


def test_a_backlog_is_told_from_a_slip() -> None:
    owed = made([row(d, -3.0, 2.0) for d in range(6)])
    slipped = made([row(0, 5, 1), row(1, -1, 0), *(row(d, 5, 1) for d in range(2, 6))])
    assert owed.waits.tolist() == [True]
    assert told(owed.empty[0]) == [0.0] * 6
    assert slipped.waits.tolist() == [False]


def test_parts_are_joined_in_their_order() -> None:
    with_lift = made([row(0, 1, 1, shelf=2, promoted=1.0)], first_shelf=2)
    without = made([row(0, 2, 0, shelf=3), row(2, 2, 0, shelf=4)], first_shelf=3, shelves=2)
    assert without.lift is None
    both = joined([with_lift, without])
    assert both.sold.shape == (3, 6)
    assert both.books.days == 3
    # A part in which nothing was promoted does not take the promotions from the others.
    assert both.lift is not None
    assert both.lift[0, 0, 1] == 1.0
    assert np.isnan(both.lift[1:]).all()
