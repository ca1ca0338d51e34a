"""What failures cost against known truth: simulated panels, a slow twin for custom, and refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.evidence.grounds import ground_of

from fourwalls.evidence.failure_costs import measure, per_failure
from fourwalls.resampling import draw_clusters
from fourwalls.worlds import make, read_truth

PLACES, SPANS = 12, 52


def panel(rng: np.random.Generator, late_cost: float, lag: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Places that are late more often also book more for other reasons: only a rate of their own tells that apart."""
    lines = rng.poisson(40.0, (PLACES, SPANS)).astype(float)
    late_share = rng.uniform(0.02, 0.3, (PLACES, 1)) * rng.uniform(0.5, 1.5, (1, SPANS))
    late, cancelled = rng.binomial(lines.astype(int), late_share), rng.binomial(lines.astype(int), 0.01)
    other = rng.poisson(lines * 0.5 * late_share.mean(axis=1, keepdims=True)) * 8.0
    follows = np.concatenate([np.zeros((PLACES, lag)), late[:, : SPANS - lag]], axis=1)
    return other + rng.poisson(follows * 0.5) * late_cost * 2, np.stack([lines, late, cancelled, lines], axis=2)


@pytest.mark.parametrize("lag", [0, 2])
def test_cost_of_a_late_line_is_unbiased_and_its_range_covers(lag: int) -> None:
    rng = np.random.default_rng(1)
    draws = draw_clusters(SPANS, 1, block=np.arange(SPANS) // 2)
    told, covered = [], 0
    for _ in range(60):
        y, x = panel(rng, 3.0, lag)
        effect, drawn = per_failure(y, x, draws)
        low, high = np.quantile(drawn[:, 0], [draws.tail, 1 - draws.tail])
        told.append(effect[0])
        covered += low <= 3.0 <= high
    assert abs(np.mean(told) - 3.0) < 0.15
    assert covered >= 49  # 90 % of 60 is 54; fewer than 49 has a chance of 1 %


def test_what_differs_between_places_for_other_reasons_is_no_cost() -> None:
    rng = np.random.default_rng(2)
    draws = draw_clusters(SPANS, 1, block=np.arange(SPANS) // 2)
    effects = [per_failure(*panel(rng, 0.0), draws)[0][0] for _ in range(40)]
    assert abs(np.mean(effects)) < 0.15


def test_late_lines_do_not_stand_for_all_lines_of_their_days() -> None:
    """What is booked for the lines that fall due, late or not, is no cost of lateness, however well late ones tell how many these are."""
    rng = np.random.default_rng(6)
    draws = draw_clusters(SPANS, 1, block=np.arange(SPANS) // 2)
    effects = []
    for _ in range(40):
        days = rng.poisson(10.0, (PLACES, 2 * SPANS + 1))
        lines, due = (days[:, at : at + 2 * SPANS].reshape(PLACES, SPANS, 2).sum(axis=2).astype(float) for at in (0, 1))
        late = rng.binomial(due.astype(int), 0.6)
        x = np.stack([lines, late, np.zeros_like(lines), due], axis=2)
        effects.append(per_failure(rng.poisson(due * 0.4) * 1.0, x, draws)[0][0])
    assert abs(np.mean(effects)) < 3 * np.std(effects) / len(effects) ** 0.5


def test_the_solver_agrees_with_dummies_for_every_place() -> None:
    y, x = panel(np.random.default_rng(3), 2.0)
    x[:, :, 3] = np.random.default_rng(4).poisson(40.0, (PLACES, SPANS))
    point, _ = per_failure(y, x, draw_clusters(SPANS, 1))
    own, due, rate = x[:, :, 0], x[:, :, 3], y.sum(axis=1) / x[:, :, 0].sum(axis=1)
    rows, aims = [], []
    for p in range(PLACES):
        weight = x[p, :, 0].mean() ** -0.5
        for t in range(SPANS):
            mine = np.zeros(PLACES)
            mine[p] = own[p, t]
            timing = [rate[p] * (own[p, max(t - lag, 0)] - own[p, t]) for lag in (1, 2, 3)]
            timing += [rate[p] * (due[p, max(t - lag, 0)] - own[p, t]) for lag in (0, 1, 2)]
            lagged = [x[p, t - lag, i] if t >= lag else 0.0 for i in (1, 2) for lag in range(3)]
            rows.append(weight * np.array([*mine, *lagged, *timing]))
            aims.append(weight * y[p, t])
    beta = np.linalg.lstsq(np.array(rows), np.array(aims), rcond=None)[0][PLACES:]
    assert point == pytest.approx([beta[:3].sum(), beta[3:6].sum()], rel=1e-6)


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("worlds") / "late"
    make("late_carrier", folder, seed=5, lines=20_000)
    return folder


def test_a_late_line_costs_what_repairing_it_brings(late: Path) -> None:
    truth = read_truth(late.parent / "late.truth.json")
    lines = sum(a.recovered_lines["both"] for a in truth.assets)
    margin = sum(a.margin_change("both") for a in truth.assets)
    with ground_of(late) as ground:
        found = measure(ground)
    assert found.late is not None
    assert found.late.amount.low <= margin / lines <= found.late.amount.high
    assert found.late.draws.shape == (999,)
    assert found.late.amount.value == pytest.approx(sum(p.amount for p in found.pieces if p.kept and p.event == "late"))
    assert found.follows["goodwill"] > 0.75
    assert max(share for cause, share in found.follows.items() if cause != "goodwill") < 0.5


def test_without_customers_and_wages_the_rest_is_told_and_the_lack_named(late: Path, tmp_path: Path) -> None:
    import shutil

    import pyarrow.parquet as pq

    shutil.copytree(late, tmp_path / "w")
    toml = tmp_path / "w" / "portfolio.toml"
    toml.write_text(toml.read_text("utf-8").replace("wage_amount_per_hour = 24.0", ""), "utf-8")
    orders = next((tmp_path / "w" / "tables").glob("order_lines.*"))
    table = pq.read_table(orders)
    pq.write_table(table.drop_columns(["customer_id"]), orders)
    with ground_of(tmp_path / "w") as ground:
        found = measure(ground)
    assert {r.code for r in found.refusals} == {"no_customer", "no_case_work"}
    kept = {p.name for p in found.pieces if p.kept and p.event == "late"}
    assert "goodwill" in kept
    assert all(p.source == "leakage" for p in found.pieces)


def test_a_dozen_big_customers_cannot_tell_what_lateness_costs_in_custom(late: Path, tmp_path: Path) -> None:
    import shutil

    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    shutil.copytree(late, tmp_path / "w")
    orders = next((tmp_path / "w" / "tables").glob("order_lines.*"))
    table = pq.read_table(orders)
    coded = pc.dictionary_encode(table["customer_id"].cast(pa.string())).combine_chunks().indices
    dozen = pa.array([f"c{i % 12}" for i in coded.to_pylist()])
    at = table.column_names.index("customer_id")
    pq.write_table(table.set_column(at, "customer_id", dozen), orders)
    with ground_of(tmp_path / "w") as ground:
        found = measure(ground)
    assert "vague_custom" in {r.code for r in found.refusals}
    assert found.measured_late is not None
    assert not found.measured_late.is_whole
