from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from fourwalls.figures import Estimate, Refusal
from fourwalls.resampling import draw_clusters
from fourwalls.signals.material import Material
from fourwalls.signals.scale import measure, response_to_volume

from .made import WEEKS, material, noise, portfolio

SEASON = 0.3 * np.sin(2 * np.pi * np.arange(WEEKS) / WEEKS)


def made(
    elasticity: float = 0.0, service: float = 0.0, seed: int = 1, weeks: int = WEEKS, luck: float = 0.02
) -> Material:
    rng = np.random.default_rng(seed)
    x = SEASON[:weeks] + 0.15 * rng.standard_normal(weeks)
    lines = 1000 * np.exp(x)
    # Season moves cost by itself as well: what a regression over the whole year would take for scale.
    cost = 3 * np.exp(elasticity * x + 0.2 * SEASON[:weeks] + luck * rng.standard_normal(weeks))
    share = 0.9 + service * x + luck * rng.standard_normal(weeks)
    return material(
        lines=lines, due=lines, served=share * lines, costed_lines=lines, fulfilment=cost * lines,
        revenue=10 * lines, margin_value=10 * lines, margin=(4 - cost) * lines, draws=draw_clusters(weeks, seed),
        whole=np.ones(weeks, dtype=np.bool_),
    )  # fmt: skip


def slope(of: Material) -> Estimate:
    found = response_to_volume(of, "cost", of.fulfilment, of.costed_lines, is_log=True)
    assert isinstance(found, Estimate), found
    return found


def test_slope_equals_least_squares_of_steps() -> None:
    of = made(0.2)
    assert of.fulfilment is not None
    x, y = np.diff(np.log(of.lines)), np.diff(np.log(of.fulfilment / of.lines))
    assert slope(of).value == pytest.approx(np.linalg.lstsq(x[:, None], y, rcond=None)[0][0], rel=1e-9)


def test_weeks_that_are_not_whole_are_left_out() -> None:
    of = made(0.2)
    assert of.fulfilment is not None
    whole = of.whole.copy()
    whole[[0, 20]] = False
    broken = of.fulfilment.copy()
    broken[[0, 20]] *= 100
    x, y = np.diff(np.log(of.lines)), np.diff(np.log(of.fulfilment / of.lines))
    keep = whole[1:] & whole[:-1]
    assert slope(replace(of, whole=whole, fulfilment=broken)).value == pytest.approx((x @ (y * keep)) / (x**2 @ keep))


@pytest.mark.parametrize("elasticity", [-0.2, 0.0, 0.2])
def test_range_covers_the_truth(elasticity: float) -> None:
    covered, n = 0, 200
    for seed in range(n):
        found = slope(made(elasticity, seed=seed))
        covered += found.low <= elasticity <= found.high
    assert 0.82 <= covered / n <= 0.97


@pytest.mark.parametrize(
    ("elasticity", "service", "lean"),
    [
        (0.3, 0.0, "orchestrate"),
        (-0.3, 0.0, "operate"),
        (0.0, -0.3, "orchestrate"),
        (0.0, 0.3, "operate"),
        (-0.3, -0.3, "orchestrate"),
    ],
)
def test_what_gets_worse_with_volume_leans_to_orchestrate(elasticity: float, service: float, lean: str) -> None:
    found = measure(made(elasticity, service), portfolio())
    assert found.lean == lean
    assert 0.5 <= found.strength < 1


def test_a_model_that_does_not_respond_rarely_leans() -> None:
    leans = [measure(made(seed=seed), portfolio()).lean for seed in range(60)]
    assert leans.count("neither") >= 54


def test_promotions_that_sell_more_at_less_are_no_lack_of_scale() -> None:
    of = made()
    assert of.margin_value is not None
    discount = 1 - 0.3 * np.log(of.lines / 1000)
    cheap = replace(of, margin=of.margin_value * 0.4 * discount)
    found = measure(cheap, portfolio())
    margin = found.readings[2].figure
    assert isinstance(margin, Estimate)
    assert margin.high < 0
    assert found.lean == "neither"


def test_projection_is_the_slope_at_the_growth() -> None:
    of = made(0.2)
    found = measure(of, portfolio(growth=0.5)).readings[0].figure
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(math.exp(slope(of).value * math.log(1.5)) - 1)


@pytest.mark.parametrize(
    ("of", "because"),
    [
        (made(weeks=20), "32 weeks"),
        (
            material(costed_lines=np.full(WEEKS, 1000.0), fulfilment=3000 * np.exp(0.01 * noise(1))),
            "differ by less than",
        ),
        (material(), "no order line says"),
    ],
)
def test_what_cannot_be_told_is_refused(of: Material, because: str) -> None:
    found = response_to_volume(of, "cost", of.fulfilment, of.costed_lines, is_log=True)
    assert isinstance(found, Refusal)
    assert because in found.because


def test_days_are_no_weeks() -> None:
    found = measure(material(is_weekly=False), portfolio())
    assert found.lean == "cannot tell"
