"""Hours without stock weigh what they usually sell: by hand, against a twin in numpy, and equal on both engines."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from fourwalls.engines.base import Engine
from fourwalls.engines.duckdb import DuckDBEngine
from fourwalls.engines.spark import SparkEngine
from fourwalls.measures import shelf

ROWS = 60


@pytest.fixture(scope="module")
def duck() -> Iterator[DuckDBEngine]:
    opened = DuckDBEngine()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkEngine]:
    from pysail.spark import SparkConnectServer
    from pyspark.sql import SparkSession

    logging.getLogger("pyspark").setLevel(logging.ERROR)
    server = SparkConnectServer(port=0)
    server.start(background=True)
    host, port = server.listening_address
    session = SparkSession.builder.remote(f"sc://{host}:{port}").getOrCreate()
    yield SparkEngine(session)
    session.stop()
    server.stop()


def days() -> tuple[pa.Table, np.ndarray, np.ndarray]:
    """Stock days, some without hours, and their hours as arrays."""
    rng = np.random.default_rng(3)
    sold = rng.poisson(1.0, (ROWS, 24)).astype(np.float32)
    empty = (rng.random((ROWS, 24)) < 0.3).astype(np.float32)
    empty[0], empty[1] = 0.0, 1.0
    empty[2, 5] = 1.5  # a share above one counts as one
    known = np.arange(ROWS) % 10 != 9

    def hours(values: np.ndarray) -> pa.Array:
        return pa.array([v.tolist() if k else None for v, k in zip(values, known, strict=True)], pa.list_(pa.float32()))

    table = pa.table(
        {
            "sku_id": [f"s{i % 4}" for i in range(ROWS)],
            "node_id": [f"n{i % 3}" for i in range(ROWS)],
            "row": list(range(ROWS)),
            "sold_units": sold.sum(axis=1).astype(float),
            "empty_share": np.where(known, np.nan, 0.25),
            "sold_by_hour": hours(sold),
            "empty_by_hour": hours(empty),
        }
    )
    return table, np.where(known[:, None], sold, np.nan), np.where(known[:, None], np.minimum(empty, 1), np.nan)


def weights() -> tuple[pa.Table, pa.Table, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    # The last sku and node are unknown: their hours count alike.
    of_skus, of_nodes = rng.random((3, 24)) + 0.1, rng.random((2, 24)) + 0.5
    skus = pa.table({"sku_id": ["s0", "s1", "s2"], **{f"h{h}": of_skus[:, h] for h in range(24)}})
    nodes = pa.table({"node_id": ["n0", "n1"], **{f"f{h}": of_nodes[:, h] for h in range(24)}})
    ones = np.ones((1, 24))
    return skus, nodes, np.concatenate([of_skus, ones]), np.concatenate([of_nodes, ones])


def shares(engine: Engine) -> np.ndarray:
    stock, of_skus, of_nodes = (
        engine.load(name, rows)
        for name, rows in zip(("stock", "skus", "nodes"), (days()[0], *weights()[:2]), strict=True)
    )
    found = engine.run(shelf.with_empty_share(stock, of_skus, of_nodes).order_by("row"))
    assert set(found.column_names) == {"sku_id", "node_id", "row", "sold_units", "empty_share"}
    return found["empty_share"].to_numpy()


def test_hours_weigh_what_they_sell(duck: DuckDBEngine) -> None:
    _, _, empty = days()
    _, _, of_skus, of_nodes = weights()
    row = np.arange(ROWS)
    weight = of_skus[row % 4] * of_nodes[row % 3]
    expected = np.where(np.isnan(empty[:, 0]), 0.25, (weight * np.nan_to_num(empty)).sum(axis=1) / weight.sum(axis=1))
    found = shares(duck)
    assert found == pytest.approx(expected, abs=1e-12)
    assert (found[0], found[1]) == (0.0, 1.0)


def test_sums_by_series(duck: DuckDBEngine) -> None:
    table, sold, empty = days()
    found = duck.run(shelf.hours_by_series(duck.load("stock", table)).order_by("sku_id", "node_id")).to_pylist()
    assert len(found) == 12
    for row in found:
        mine = (np.arange(ROWS) % 4 == int(row["sku_id"][1])) & (np.arange(ROWS) % 3 == int(row["node_id"][1]))
        mine &= ~np.isnan(sold[:, 0])
        for h in (0, 5, 23):
            assert row[f"s{h}"] == pytest.approx((sold[mine, h] * (empty[mine, h] < 1)).sum())
            assert row[f"o{h}"] == pytest.approx((1 - empty[mine, h]).sum())


def test_both_engines_give_the_same(duck: DuckDBEngine, spark: SparkEngine) -> None:
    assert shares(spark) == pytest.approx(shares(duck), abs=1e-12)
    one, two = (
        e.run(shelf.hours_by_series(e.load("stock", days()[0])).order_by("sku_id", "node_id")).to_pylist()
        for e in (duck, spark)
    )
    assert one == [pytest.approx(row) for row in two]
