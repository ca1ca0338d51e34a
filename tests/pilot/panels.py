"""Panels for the tests: real ones from the shared folder, and drawn ones whose truth is known."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

DATA = Path(__file__).parents[3] / "shared" / "data"


def real(name: str) -> Path:
    """A real data file; the test is skipped where it is not there, and fails in CI if it should be.

    Under panels/ may stand published panels that are no part of the shared folder.
    """
    path = DATA / name
    if not path.is_file():
        if os.environ.get("CI") and not name.startswith("panels/"):
            pytest.fail(f"{name} is absent, and CI must not go without")
        pytest.skip(f"{name} is not at hand")
    return path


def drawn(
    seed: int = 1,
    units: int = 20,
    periods: int = 40,
    treated: int = 1,
    start: int = 30,
    effect: float = 0.0,
    noise: float = 1.0,
) -> dict[str, list[object]]:
    """A panel of two-way effects and noise; units 'u00'… are treated from `start` on."""
    rng = np.random.default_rng(seed)
    y = (
        50
        + rng.normal(0, 5, (units, 1))
        + rng.normal(0, 1, (1, periods)).cumsum(1)
        + noise * rng.normal(size=(units, periods))
    )
    d = np.zeros((units, periods), dtype=int)
    d[:treated, start:] = 1
    y += effect * d
    return {
        "unit": [f"u{i:02d}" for i in range(units) for _ in range(periods)],
        "time": list(range(periods)) * units,
        "y": y.ravel().tolist(),
        "d": d.ravel().tolist(),
    }


def table(panel: dict[str, list[object]]) -> pa.Table:
    return pa.table(panel)


COLUMNS = {"unit": "unit", "time": "time", "outcome": "y"}
