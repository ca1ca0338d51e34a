"""Orders taken on empty shelves: found where they are taken, and nowhere else."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from fourwalls.chain.backorders import backorders
from fourwalls.chain.stock_record import Books, Record

DAYS, FIRST = 20, 100


def record(shelves: int = 4) -> Record:
    """Every shelf sells 10 a day and is empty from day 5 to 9."""
    sold = np.full((shelves, DAYS), 10.0, np.float32)
    empty = np.zeros_like(sold)
    sold[:, 5:10], empty[:, 5:10] = 0.0, 1.0
    active = np.ones(sold.shape, np.bool_)
    return Record(sold, sold * 0, empty, active, np.zeros(shelves, np.bool_), None, Books(0, 0, 0, 0, 0, 0))


def asked(shelf: list[int], day: list[int], units: list[float], unfilled: list[float], late: list[float]) -> pa.Table:
    return pa.table(
        {
            "shelf": np.array(shelf, np.int32), "day": np.array(day, np.int32) + FIRST,
            "units": units, "unfilled": unfilled, "late": late,
        }
    )  # fmt: skip


def estimated(shelves: int = 4) -> np.ndarray:
    return np.where(record(shelves).empty > 0, 10.0, 0.0)


def test_what_is_ordered_on_empty_days_is_wanted_and_part_of_it_waits() -> None:
    # Shelves 0 and 1 are one place: 8 a day are ordered, a quarter never comes, half comes late. The first empty day tells nothing.
    days = [5, 6, 7, 8, 9] * 2
    table = asked([0] * 5 + [1] * 5, days, [8.0] * 10, [2.0] * 10, [4.0] * 10)
    found = backorders(table, record(), estimated(), np.array([0, 0, 1, 1]), FIRST)
    assert found is not None
    assert found.shelves.tolist() == [0, 1]
    assert found.asked.sum(axis=1).tolist() == [32.0, 32.0]
    assert found.asked[:, 5].tolist() == [0.0, 0.0]
    assert found.unfilled == pytest.approx([0.25, 0.25])
    assert found.late == pytest.approx([0.5, 0.5])


def test_a_few_orders_on_empty_days_are_no_backorders() -> None:
    table = asked([0, 1], [7, 8], [8.0, 8.0], [0.0, 0.0], [0.0, 0.0])
    assert backorders(table, record(), estimated(), np.zeros(4, np.int64), FIRST) is None
    assert backorders(table.slice(0, 0), record(), estimated(), np.zeros(4, np.int64), FIRST) is None


def test_an_estimate_made_from_what_was_handed_to_those_who_waited_hides_nobody() -> None:
    """Thrice what was ever asked for is estimated; orders are as many on empty days as a mean day sells."""
    days = [5, 6, 7, 8, 9] * 2
    table = asked([0] * 5 + [1] * 5, days, [8.0] * 10, [2.0] * 10, [4.0] * 10)
    found = backorders(table, record(), 3 * estimated(), np.array([0, 0, 1, 1]), FIRST)
    assert found is not None
    assert found.shelves.tolist() == [0, 1]
    some = asked([0] * 5 + [1] * 5, days, [3.0] * 10, [2.0] * 10, [4.0] * 10)
    assert backorders(some, record(), 3 * estimated(), np.array([0, 0, 1, 1]), FIRST) is None
