"""The gap of records whose truth is known line by line (benchmarks/coverage.py runs many more of them)."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.coverage import judged


@pytest.mark.parametrize("slower", [0.6, 1.0])
def test_the_gap_of_a_slow_carrier_is_told(slower: float) -> None:
    found = [judged(seed, slower) for seed in range(3)]
    assert sum(e.low <= truth <= e.high for truth, e in found) >= 2
    assert np.mean([e.value for _, e in found]) == pytest.approx(np.mean([t for t, _ in found]), rel=0.1)


def test_nothing_is_claimed_of_equal_carriers() -> None:
    assert max(judged(seed, 0.0)[1].value for seed in range(3)) < 0.003
