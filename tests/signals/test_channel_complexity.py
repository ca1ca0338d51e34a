from __future__ import annotations

import numpy as np
import pytest

from fourwalls.figures import Estimate, Refusal
from fourwalls.signals.channel_complexity import channel_cancellations, channel_imbalance, measure, other_channels
from fourwalls.signals.material import Channels, Skus

from .made import WEEKS, loss, material, portfolio


def skus(rise: float, n: int = 300, seed: int = 1, base: float = 0.02) -> Skus:
    rng = np.random.default_rng(seed)
    channels = rng.integers(1, 5, n).astype(float)
    lines = np.ceil(rng.lognormal(4, 0.6, n) * channels)
    p = np.clip(base + rise * (channels - 1) + rng.normal(0, 0.005, n), 0, 1)
    return Skus(channels, lines, rng.binomial(lines.astype(int), p).astype(float))


def test_slope_equals_least_squares_of_numpy() -> None:
    made = skus(0.03)
    found = channel_cancellations(made)
    assert isinstance(found, Estimate)
    w = np.sqrt(made.lines)
    x = np.stack([np.ones(300), made.channels, np.log(made.lines)], axis=1)
    slope = np.linalg.lstsq(x * w[:, None], made.cancelled / made.lines * w, rcond=None)[0][1]
    further = np.average(made.channels, weights=made.lines) - 1
    assert found.value == pytest.approx(slope * further, rel=1e-9)


@pytest.mark.parametrize("rise", [0.0, 0.01])
def test_range_covers_the_truth(rise: float) -> None:
    covered, n = 0, 100
    for seed in range(n):
        made = skus(rise, n=120, seed=seed)
        found = channel_cancellations(made, seed)
        assert isinstance(found, Estimate)
        truth = rise * (np.average(made.channels, weights=made.lines) - 1)
        covered += found.low <= truth <= found.high
    assert 0.81 <= covered / n <= 0.98


def test_cancellations_that_rise_with_channels_lean_to_orchestrate() -> None:
    assert measure(material(skus=skus(0.03)), portfolio()).lean == "orchestrate"
    assert measure(material(skus=skus(0.0, base=0.2)), portfolio()).lean == "neither"


def test_stranded_stock_leans_to_orchestrate_where_there_are_channels() -> None:
    lost = (loss("allocation", 0.02, "between"),)
    assert measure(material(skus=skus(0.0), losses=lost), portfolio()).lean == "orchestrate"
    ours = (loss("allocation", 0.02, "inside"),)
    assert measure(material(skus=skus(0.0), losses=ours), portfolio()).lean == "neither"
    one = Skus(np.ones(100), np.full(100, 50.0), np.zeros(100))
    assert measure(material(skus=one, losses=lost), portfolio()).lean == "neither"


def by_channel(rates: tuple[float, ...], seed: int = 1) -> Channels:
    lines = np.full((len(rates), WEEKS), 300.0)
    cancelled = np.random.default_rng(seed).binomial(300, np.array(rates)[:, None], lines.shape).astype(float)
    return Channels(tuple(f"c{i}" for i in range(len(rates))), lines, cancelled)


def test_a_channel_that_sells_what_is_gone_leans_to_orchestrate() -> None:
    flat = Skus(np.full(100, 2.0), np.full(100, 50.0), np.zeros(100))
    found = measure(material(skus=flat, channels=by_channel((0.02, 0.10))), portfolio())
    assert found.lean == "orchestrate"
    imbalance = found.readings[2].figure
    assert isinstance(imbalance, Estimate)
    # Eight points more in half of the lines.
    assert imbalance.low <= 0.04 <= imbalance.high
    assert imbalance.value == pytest.approx(0.04, rel=0.1)


def test_equal_channels_are_rarely_found_unequal() -> None:
    values = [channel_imbalance(material(channels=by_channel((0.05, 0.05, 0.05), seed))) for seed in range(60)]
    assert sum(isinstance(v, Estimate) and v.value > 0 for v in values) <= 6


def test_one_channel_cannot_be_compared() -> None:
    assert isinstance(channel_imbalance(material(channels=by_channel((0.05,)))), Refusal)


def test_few_skus_and_no_skus_are_refused() -> None:
    assert isinstance(channel_cancellations(skus(0.03, n=20)), Refusal)
    assert measure(material(), portfolio()).lean == "cannot tell"
    few = skus(0.03, n=20)
    assert measure(material(skus=few, measured=frozenset()), portfolio()).lean == "cannot tell"


def test_channel_mix_is_what_lies_outside_the_largest_channel() -> None:
    rng = np.random.default_rng(3)
    lines = rng.poisson([[300.0], [80.0], [20.0]], (3, WEEKS)).astype(float)
    found = other_channels(material(channels=Channels(("shop", "market", "app"), lines, np.zeros_like(lines))))
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(lines[1:].sum() / lines.sum())
    assert found.low < 0.25 < found.high
    one = other_channels(material(channels=Channels(("shop",), lines[:1], np.zeros((1, WEEKS)))))
    assert isinstance(one, Estimate)
    assert one.value == 0.0 < one.high
    assert isinstance(other_channels(material(channels=None)), Refusal)
