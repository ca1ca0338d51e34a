from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from fourwalls.diagnosis import Diagnosis
from fourwalls.errors import RegisterError
from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.register import Run
from fourwalls.register.intervals import difference, share_of
from fourwalls.register.measuring import MEASURES, read
from fourwalls.register.records import Recorded
from fourwalls.register.scoreboard import LEAST_POINTS, Scoreboard, scoreboard, trend
from fourwalls.surfaces.page import json as page_json

from ..surfaces import sample  # noqa: TID252 - tests are no package that could be named
from .made import asset, document, estimate, reading

STOCK = {
    "wanted_units": 1000.0, "lost": estimate(0.1, 0.02),
    "stock": {"weeks_of_cover": estimate(4.0, 0, "weeks"), "amount": estimate(5000.0, 0, "EUR"), "gmroi": estimate(3.0, 0, "ratio")},
}  # fmt: skip
LOOP = [
    {"readings": [
        reading("latency_share", estimate(0.25, 0.05)), reading("hours_to_decide", estimate(6.0, 1.0, "hours")),
        reading("hours_to_act", estimate(18.0, 2.0, "hours")),
    ]}
]  # fmt: skip


def run(number: int, end: date = date(2025, 7, 1), days: int = 30, **targets: float) -> Run:
    return Run(number, number, "", "Bo", "Shop", "0", end - timedelta(days=days), end, {}, (), "", targets, "")


def kept(
    number: int, *assets: dict[str, Any], end: date = date(2025, 7, 1), total: Any = None, **targets: float
) -> Recorded:
    return Recorded(
        run(number, end, **targets), read({**document(*assets, total=total), "grain": ["brand", "channel_kind"]})
    )


def of(board: Scoreboard, name: str) -> Any:
    return next(s for s in board.scores if s.measure.name == name)


def test_measures_are_read_where_a_diagnosis_has_them() -> None:
    lamps = asset(
        "Lamps", readings=[reading("on_time_share", estimate(0.9, 0.01))], availability=STOCK, signals=LOOP, n_lines=1
    )
    shown = scoreboard([kept(1, lamps)], "Lamps")
    assert of(shown, "on_time_share").now == Estimate(0.9, 0.89, 0.91, "share")
    assert of(shown, "response_hours").now == Estimate(24, 21, 27, "hours")
    found = of(shown, "replenishment_hours").now
    assert (found.value, found.low, found.high) == pytest.approx((96.0, 21 / 0.3, 27 / 0.2))
    found = of(shown, "in_stock_share").now
    assert (found.value, found.low, found.high) == pytest.approx((0.9, 0.88, 0.92))
    found = of(shown, "sell_through_share").now
    assert found.value == pytest.approx(3.6 / 7.6)  # 4 weeks at 0.9 of demand, of that and 4 weeks of stock
    assert of(shown, "gross_margin_amount").now.value == 15_000
    assert of(shown, "working_capital_amount").now.value == 5000
    assert isinstance(of(shown, "conversion_share").now, Refusal)
    assert {s.measure.kind for s in shown.of("activity")} == {"activity"}
    assert not {s.measure.name for s in shown.of("activity")} & {s.measure.name for s in shown.of("outcome")}


def test_channel_mix_counts_lines_outside_the_largest_channel() -> None:
    rows = [
        asset(f"{brand} {channel}", asset={"brand": brand, "channel_kind": channel}, n_lines=n)
        for brand, channel, n in (("A", "shop", 60), ("A", "market", 40), ("B", "shop", 100))
    ]
    by_channel = document(*rows) | {"grain": ["brand", "channel_kind"]}
    assert of(board(by_channel, "A shop"), "channel_mix_share").now == share_of(40, 100)
    assert of(board(by_channel), "channel_mix_share").now == share_of(40, 200)
    whole = by_channel | {"grain": ["brand"]}
    assert of(board(whole), "channel_mix_share").now.code == "not_in_run"
    told = [{"readings": [reading("other_channels_share", estimate(0.2, 0.05))]}]
    found = of(board(whole | {"total": asset("Shop", signals=told)}), "channel_mix_share").now
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.15, 0.25))


def board(of_run: dict[str, Any], name: str | None = None) -> Scoreboard:
    return scoreboard([Recorded(run(1), read(of_run))], name)


def lamps(value: float, half: float = 0.01) -> dict[str, Any]:
    return asset("Lamps", readings=[reading("on_time_share", estimate(value, half))])


def test_asset_and_portfolio_stand_side_by_side() -> None:
    before = kept(1, lamps(0.80), total=lamps(0.90), end=date(2025, 6, 1))
    after = kept(2, lamps(0.92), total=lamps(0.905), end=date(2025, 7, 1), on_time_share=0.95)
    score = of(scoreboard([before, after], "Lamps"), "on_time_share")
    assert score.change.value == pytest.approx(0.12)
    assert (score.moved, score.target, score.is_reached) == ("better", 0.95, False)
    assert score.portfolio_change.value == pytest.approx(0.005)
    assert score.portfolio_change.low < 0 < score.portfolio_change.high
    assert of(scoreboard([before, after]), "on_time_share").moved == "no clear change"
    assert scoreboard([before, after]).shared == 0.0


def test_figures_without_a_range_are_not_called_better() -> None:
    poorer = {**STOCK, "stock": {**STOCK["stock"], "amount": estimate(4990.0, 0, "EUR")}}  # type: ignore[dict-item]
    board = scoreboard(
        [kept(1, asset("Lamps", availability=STOCK)), kept(2, asset("Lamps", availability=poorer))], "Lamps"
    )
    score = of(board, "working_capital_amount")
    assert (score.change.value, score.moved) == (-10, "changed")


def test_a_target_that_the_range_holds_is_neither_reached_nor_missed() -> None:
    one = kept(1, lamps(0.95), on_time_share=0.95)
    score = of(scoreboard([one], "Lamps"), "on_time_share")
    assert score.is_reached is None
    assert score.change.code == "one_run"
    assert score.moved == "cannot tell"


def test_forecast_accuracy_has_its_target_turned_around() -> None:
    forecast = {**lamps(0.9), "evidence": [reading("forecast_wape_share", estimate(0.3, 0.01))]}
    score = of(scoreboard([kept(1, forecast, wape=0.4)], "Lamps"), "forecast_accuracy_share")
    assert score.now.value == pytest.approx(0.7)
    assert (score.target, score.is_reached) == (pytest.approx(0.6), True)


def test_what_is_not_there_is_an_error() -> None:
    with pytest.raises(RegisterError, match="No run was recorded"):
        scoreboard([])
    with pytest.raises(RegisterError, match=r"no asset 'Lamp'. Did you mean 'Lamps'"):
        scoreboard([kept(1, lamps(0.9))], "Lamp")
    with pytest.raises(RegisterError, match="no run 9"):
        scoreboard([kept(1, lamps(0.9))], "Lamps", baseline=9)


def test_an_asset_that_was_not_there_before() -> None:
    board = scoreboard([kept(1, asset("Vases")), kept(2, lamps(0.9))], "Lamps")
    assert of(board, "on_time_share").change.code == "no_asset"


def test_the_difference_is_newcombes() -> None:
    """Newcombe (1998), Statistics in Medicine 17, method 10: 56/70 less 48/80 is 0.2000 with 0.0524 to 0.3339."""
    found = difference(share_of(56, 70, 0.95), share_of(48, 80, 0.95))
    assert isinstance(found, Estimate)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def months(values: list[float], half: float = 0.01, days: int = 30) -> list[tuple[Run, Figure]]:
    ends = [date(2025, 1, 31) + timedelta(days=30 * n) for n in range(len(values))]
    return [
        (run(n, end, days), Estimate(v, v - half, v + half, "share"))
        for n, (v, end) in enumerate(zip(values, ends, strict=True))
    ]


def test_a_trend_is_the_line_of_least_squares() -> None:
    values = [0.80, 0.83, 0.84, 0.88, 0.89]
    found = trend("x", months(values, half=0.0))
    assert isinstance(found, Estimate)
    (slope, _), cov = np.polyfit(range(5), values, 1, cov=True)
    assert found.value == pytest.approx(slope)
    assert found.high - found.value == pytest.approx(2.3534 * np.sqrt(cov[0, 0]), rel=1e-4)  # t, 3 degrees of freedom
    assert found.unit == "share"


def test_trends_that_cannot_be_told() -> None:
    assert trend("x", months([0.8] * (LEAST_POINTS - 1))).code == "too_few_runs"  # type: ignore[union-attr]
    assert trend("x", months([0.8] * 6, days=90)).code == "runs_overlap"  # type: ignore[union-attr]
    again = [(r, f) for r, f in months([0.8] * 6) if r.id < 1] * 6
    assert trend("x", again).code == "too_few_runs"  # type: ignore[union-attr]


@pytest.mark.parametrize("noise", [0.01, 0.03])
def test_ranges_of_a_trend_cover(noise: float) -> None:
    """True errors as stated (0.01), and three times as large as stated."""
    rng, held = np.random.default_rng(5), []
    for _ in range(1500):
        found = trend("x", months(list(0.5 + 0.02 * np.arange(6) + rng.normal(0, noise, 6)), half=0.01 * 1.6449))
        assert isinstance(found, Estimate)
        held.append(found.low <= 0.02 <= found.high)
    assert 0.88 <= np.mean(held) <= 0.985


def test_ranges_of_a_change_cover() -> None:
    rng, held = np.random.default_rng(6), []
    for _ in range(3000):
        a, b = rng.binomial(300, 0.9), rng.binomial(200, 0.8)
        found = difference(share_of(int(a), 300), share_of(int(b), 200))
        assert isinstance(found, Estimate)
        held.append(found.low <= 0.1 <= found.high)
    assert 0.88 <= np.mean(held) <= 0.93


@pytest.mark.parametrize(
    "made", [sample.usual, sample.stocked, sample.shelves_only, sample.priced, sample.empty, sample.refused]
)
def test_every_diagnosis_can_be_read(made: Callable[[], Diagnosis]) -> None:
    """Every measure is a figure or a refusal, through the published JSON, of each asset and of the whole."""
    found = json.loads(page_json.dumps(made()))
    for name in (None, *(a["name"] for a in found["assets"])):
        assert len(board(found, name).scores) == len(MEASURES)
    if made is sample.stocked:
        assert isinstance(of(board(found), "in_stock_share").now, Estimate)
        assert isinstance(of(board(found), "working_capital_amount").now, Estimate)
