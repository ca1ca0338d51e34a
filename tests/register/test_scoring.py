from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.register import Outcome
from fourwalls.register.scoring import LEAST_COMPARED, LEAST_SCORED, Reliability, reliability, score

NONE = Refusal("x", "value", "none", "more")


def outcome(predicted: Figure, measured: Figure, chance: float | None = None, is_best: bool | None = None) -> Outcome:
    return Outcome("Lamps", 1, 1, "", "Bo", 1, 1, "operate", "value", predicted, chance, measured, "books", is_best)


def figure(value: float, half: float = 10.0) -> Estimate:
    return Estimate(value, value - half, value + half, "EUR")


def test_predicted_beside_measured() -> None:
    found = score([outcome(figure(100), figure(80 + n, 3)) for n in range(LEAST_COMPARED)])
    first = found.compared[0]
    assert isinstance(first.error, Estimate)
    assert first.error.value == 20
    assert first.error.low == pytest.approx(20 - np.hypot(10, 3))
    assert [c.is_inside for c in found.compared] == [False] * 5
    assert isinstance(found.bias, Estimate)
    assert found.bias.value == pytest.approx((20 + 19 + 18 + 17 + 16) / (80 + 81 + 82 + 83 + 84))
    assert isinstance(found.inside, Estimate)
    assert found.inside.value == 0.0
    assert found.inside.high > 0.3
    assert isinstance(found.chances, Refusal)
    assert found.chances.because == "0 outcomes are recorded that tell, and it needs 20"


def test_too_few_are_not_summed_up() -> None:
    found = score([outcome(figure(1), figure(1)), outcome(NONE, figure(1)), outcome(figure(1), NONE)])
    assert isinstance(found.bias, Refusal)
    assert isinstance(found.inside, Refusal)
    assert [c.is_inside for c in found.compared] == [True, None, None]
    assert found.compared[1].error == NONE


def test_a_prediction_without_a_range_is_not_held_to_one() -> None:
    assert score([outcome(figure(1, 0.0), figure(1))]).compared[0].is_inside is None


def test_brier_by_hand() -> None:
    chances, happened = [0.8] * 10 + [0.3] * 10, [True] * 8 + [False] * 2 + [True] * 5 + [False] * 5
    found = reliability(chances, happened)
    assert isinstance(found, Reliability)
    # (8 · 0.04 + 2 · 0.64 + 5 · 0.49 + 5 · 0.09) / 20
    assert found.brier.value == pytest.approx(0.225)
    assert found.reliability == pytest.approx(0.5 * 0.0 + 0.5 * 0.04)
    assert found.resolution == pytest.approx(0.15**2)
    assert found.uncertainty == pytest.approx(0.65 * 0.35)
    assert found.within == pytest.approx(0.0)
    assert found.skill == pytest.approx(1 - 0.225 / 0.2275)
    assert [(b.n, b.stated, b.happened.value) for b in found.bins] == [
        (10, pytest.approx(0.3), 0.5), (10, pytest.approx(0.8), 0.8),
    ]  # fmt: skip


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=LEAST_SCORED, max_size=60),
)
def test_the_parts_add_up(cases: list[tuple[float, bool]]) -> None:
    found = reliability([c for c, _ in cases], [h for _, h in cases])
    assert isinstance(found, Reliability)
    parts = found.reliability - found.resolution + found.uncertainty + found.within
    assert found.brier.value == pytest.approx(parts, abs=1e-9)
    assert sum(b.n for b in found.bins) == len(cases)
    assert found.reliability >= 0
    assert found.resolution >= 0


def drawn(rng: np.random.Generator, n: int, bend: float) -> Reliability:
    p = rng.uniform(0.05, 0.95, n)
    truth = p**bend
    found = reliability(list(p), list(rng.uniform(size=n) < truth))
    assert isinstance(found, Reliability)
    return found


def test_true_chances_are_not_doubted_more_often_than_by_luck_and_false_ones_are() -> None:
    rng = np.random.default_rng(4)
    true = [drawn(rng, 80, 1.0).calibration_p for _ in range(300)]
    false = [drawn(rng, 80, 3.0).calibration_p for _ in range(60)]
    assert 0.02 <= np.mean([p < 0.05 for p in true]) <= 0.09
    assert np.mean([p < 0.05 for p in false]) > 0.8


def test_ranges_of_the_brier_score_cover() -> None:
    rng = np.random.default_rng(8)
    # With p uniform on (0.05, 0.95) and true: E p(1−p) = ∫ p − p² over it.
    exact = 0.5 - (0.95**3 - 0.05**3) / 3 / 0.9
    held = [b.low <= exact <= b.high for b in (drawn(rng, 100, 1.0).brier for _ in range(300))]
    assert 0.84 <= np.mean(held) <= 0.95


def test_what_cannot_be_said() -> None:
    assert isinstance(reliability([0.5] * 19, [True] * 19), Refusal)
    found = reliability([0.5] * 20, [True] * 20)
    assert isinstance(found, Reliability)
    assert isinstance(found.skill, Refusal)
    assert found.calibration_p < 0.01
