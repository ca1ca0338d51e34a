"""Records: what the system believes lies on the shelf, and how it finds out that it does not."""

from __future__ import annotations

import numpy as np

from fourwalls.worlds.draws import Bools, Floats, Ints

COUNT_EVERY_DAYS = 28

_ASTRAY_CHANCE = 0.004


def gone_astray(physical: Ints, luck: Floats, size: Floats, bad: Floats) -> Ints:
    """Units lost, broken or misplaced overnight, unnoticed, shape (versions, places)."""
    happens = luck < _ASTRAY_CHANCE + 0.016 * bad
    return np.where(happens, np.minimum(physical, 1 + np.floor(2.5 * size * (1.0 + 0.5 * bad))), 0).astype(np.int64)


def counted(day: int, turn: Ints, luck: Floats, missed: Ints, bad: Floats) -> Bools:
    """Places counted before a day begins: in turn, and where a picker found nothing the day before.

    Args:
        day: The day.
        turn: Day within the cycle at which each place has its turn, shape (places,).
        luck: Uniform, shape (places,).
        missed: Orders the picker could not fill the day before, shape (versions, places).
        bad: Severity of poor records: counts are skipped, and nobody follows an empty shelf up.
    """
    due = (day + turn) % COUNT_EVERY_DAYS == 0
    is_counted: Bools = (due & (luck < 1.0 - 0.8 * bad)) | ((missed > 0) & (luck < 0.95 - 0.85 * bad))
    return is_counted


def written_down(record: Ints, per_day: Floats) -> Floats:
    """Units' worth of cost lost in a week on stock beyond three weeks' need: seasons end, and shelves must be cleared."""
    need = 21.0 * per_day + 4.0 * np.sqrt(per_day) + 4.0
    return 0.10 * np.maximum(record - need, 0.0)
