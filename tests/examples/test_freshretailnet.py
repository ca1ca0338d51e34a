"""FreshRetailNet: the mapping reads every row, hours weigh what they sell, and hidden demand is told better than by rivals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from benchmarks import censored_demand as benchmark

import fourwalls as fw
from fourwalls.chain.demand_hours import usual_hours
from fourwalls.measures import shelf
from fourwalls.study import Study

EXAMPLE = Path(__file__).parents[2] / "examples" / "freshretailnet"
FILE = "freshretailnet_cities_3_4_6_11_13.parquet"


@pytest.fixture(scope="module")
def folder(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """City 4 alone, in the published shape."""
    data = tmp_path_factory.mktemp("fresh")
    source = real_data / "freshretailnet" / FILE
    duckdb.sql(f"COPY (SELECT * FROM '{source}' WHERE city_id = 4) TO '{data}/{FILE}'")
    return data


@pytest.fixture(scope="module")
def study(folder: Path) -> Iterator[Study]:
    with fw.open(EXAMPLE, folder) as opened:
        yield opened


def test_every_row_is_used(study: Study, folder: Path) -> None:
    health = {t.table: t for t in study.check().tables}
    [(rows,)] = duckdb.sql(f"SELECT count(*) FROM '{folder}/{FILE}'").fetchall()
    assert (health["stock_days"].rows_in, health["stock_days"].rows_used) == (rows, rows)
    assert rows == 1141 * 90
    assert {"on_hand_units", "received_units", "empty_share"} <= set(health["stock_days"].absent_columns)
    assert health["nodes"].rows_used == 34


def test_empty_shares_follow_from_hours(study: Study, folder: Path) -> None:
    """By way of the engine, against numpy over the file."""
    engine, stock = study._engine, study._intake.rows["stock_days"]
    found = engine.run(shelf.hours_by_series(stock).order_by("sku_id", "node_id"))
    sold, stocked = (np.stack([found[f"{c}{h}"].to_numpy() for h in range(24)], axis=1) for c in "so")
    skus, sku = np.unique(found["sku_id"].to_pylist(), return_inverse=True)
    nodes, node = np.unique(found["node_id"].to_pylist(), return_inverse=True)
    share, bend = usual_hours(sold, stocked, sku, node)
    of_skus = pa.table({"sku_id": skus.tolist(), **{f"h{h}": share[:, h] for h in range(24)}})
    of_nodes = pa.table({"node_id": nodes.tolist(), **{f"f{h}": bend[:, h] for h in range(24)}})
    days = shelf.with_empty_share(stock, engine.load("of_skus", of_skus), engine.load("of_nodes", of_nodes))
    told = engine.run(days.order_by("sku_id", "node_id", "day"))["empty_share"].to_numpy().reshape(len(found), -1)
    flags = duckdb.sql(
        f"SELECT hours_stock_status AS e FROM '{folder}/{FILE}' ORDER BY product_id::VARCHAR, store_id::VARCHAR, dt"
    ).to_arrow_table()
    empty = flags["e"].combine_chunks().flatten().to_numpy().reshape(len(found), -1, 24)
    weight = share[sku] * bend[node]
    expected = np.einsum("sdh,sh->sd", empty, weight / weight.sum(axis=1, keepdims=True))
    assert told == pytest.approx(expected, abs=2e-6)


def test_hidden_units_are_told_better_than_by_rivals(folder: Path) -> None:
    city = benchmark.read(folder, 4)
    task = benchmark.hide(city, seed=7, flat=False)

    def errors(told: np.ndarray) -> tuple[float, float]:
        truth = task.truth * task.scored
        found = told * task.scored
        by_series = np.abs(found.sum(axis=1) - truth.sum(axis=1)).sum()
        return float(np.abs(found - truth).sum() / truth.sum()), float(by_series / truth.sum())

    told, demand = benchmark.ours(city, task, seed=1)
    ours = errors(told)
    for name, rival in benchmark.RIVALS.items():
        theirs = errors(rival(city, task))
        assert ours[0] < 0.95 * theirs[0], name
        assert ours[1] < 0.95 * theirs[1], name
    assert abs(told.sum() / task.truth.sum() - 1) < 0.04
    assert demand.known.mean() > 0.99
