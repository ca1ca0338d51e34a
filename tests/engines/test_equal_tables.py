"""The same measures on Sail (Spark's dialect) and on DuckDB give equal tables."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pytest

from fourwalls.chain.departures import Departures, Handling, table_columns
from fourwalls.engines.base import Engine
from fourwalls.engines.duckdb import DuckDBEngine
from fourwalls.engines.spark import SparkEngine
from fourwalls.measures import lateness_cost, service, stage_times
from fourwalls.measures.order_lines import judged_lines
from fourwalls.tables import intake
from fourwalls.tables.schema import ORDER_LINES

GRAIN = ("category", "destination")
UNTIL = 1_745_000_000
LINES = 3000


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


@pytest.fixture(scope="module")
def duck() -> Iterator[DuckDBEngine]:
    engine = DuckDBEngine()
    yield engine
    engine.close()


def order_lines() -> pa.Table:
    """Lines with gaps, ties, reversed stamps and repeated orders, as records have them."""
    rng = np.random.default_rng(1)
    start = np.datetime64("2025-01-01T00:00:00", "us").astype(np.int64)
    ordered = start + rng.integers(0, 90 * 86_400, LINES) * 1_000_000
    released = ordered + rng.integers(-3600, 20_000, LINES) * 1_000_000
    handed_over = released + rng.integers(0, 200_000, LINES) * 1_000_000
    delivered = handed_over + rng.integers(0, 400_000, LINES) * 1_000_000
    promised = ordered + rng.integers(3, 6, LINES) * 86_400_000_000

    def some(values: np.ndarray, missing: float, type_: pa.DataType) -> pa.Array:
        return pa.array(values, type_, mask=rng.random(LINES) < missing)

    at = pa.timestamp("us")
    columns = {
        "order_id": pa.array([f"o{i // 2}" for i in range(LINES)]),
        "line_id": pa.array([f"{i % 2}" for i in range(LINES)]),
        "ordered_at": pa.array(ordered, at),
        "customer_id": pa.array([f"c{i}" for i in rng.integers(0, 300, LINES)]),
        "sku_id": some(np.array([f"s{i}" for i in rng.integers(0, 40, LINES)]), 0.02, pa.string()),
        "channel_id": some(np.array([f"ch{i}" for i in rng.integers(0, 2, LINES)]), 0.02, pa.string()),
        "node_id": some(np.array([f"n{i}" for i in rng.integers(0, 4, LINES)]), 0.1, pa.string()),
        "fulfiller_id": some(np.array([f"p{i}" for i in rng.integers(0, 3, LINES)]), 0.3, pa.string()),
        "carrier_id": some(np.array([f"k{i}" for i in rng.integers(0, 3, LINES)]), 0.05, pa.string()),
        "destination": pa.array([f"r{i}" for i in rng.integers(0, 3, LINES)]),
        "promised_at": some(promised, 0.05, at),
        "released_at": some(released, 0.03, at),
        "handed_over_at": some(handed_over, 0.06, at),
        "delivered_at": some(delivered, 0.1, at),
        "cancelled_at": some(delivered, 0.95, at),
        "cancel_reason": some(np.array(["changed mind"] * LINES), 0.98, pa.string()),
        "ordered_units": pa.array(rng.integers(1, 9, LINES).astype(float)),
        "shipped_units": some(rng.integers(1, 9, LINES).astype(float), 0.1, pa.float64()),
        "returned_units": some(rng.integers(0, 2, LINES).astype(float), 0.1, pa.float64()),
        "price_amount": pa.array(rng.integers(1, 400, LINES) / 4),
        "rating_share": some(rng.integers(0, 5, LINES) / 4, 0.4, pa.float64()),
    }
    for column in ORDER_LINES.columns:
        if column.name not in columns:
            columns[column.name] = pa.nulls(LINES, pa.string() if column.kind == "text" else pa.float64())
    return pa.table(columns)


TABLES = {
    "order_lines": order_lines(),
    "products": pa.table(
        {"sku_id": [f"s{i}" for i in range(38)], "brand": ["b"] * 38, "category": [f"k{i % 3}" for i in range(38)]}
    ),
    "nodes": pa.table({"node_id": ["n0", "n1", "n2"], "party_id": ["p0", "p1", None], "region": ["r0", "r1", "r2"]}),
    "channels": pa.table({"channel_id": ["ch0"], "kind": ["site"], "party_id": ["own"]}),
}


def judged(engine: Engine) -> ir.Table:
    t = {name: engine.load(f"eq_{name}", rows) for name, rows in TABLES.items()}
    lines = judged_lines(
        t["order_lines"], t["products"], t["nodes"], t["channels"], GRAIN, UNTIL, engine.fingerprint
    )  # fmt: skip
    return engine.keep("eq_judged", lines)


Measure = Callable[[Engine, ir.Table], ir.Table]
BY_NAME = ("category", "destination")


def named(lines: ir.Table, table: ir.Table) -> ir.Table:
    """Asset keys are hashes of the engine: the asset's name takes their place."""
    names = lines.group_by("asset_key").agg(category=lines.category.max(), destination=lines.destination.max())
    return table.join(names, "asset_key").drop("asset_key")


def marks(engine: Engine, lines: ir.Table) -> ir.Table:
    quantiles = engine.run(stage_times.stage_quantiles(lines, pooled=True))
    columns = {
        f"{s.name}_{p}": [quantiles[f"{s.name}_quantiles"][0].as_py()[5 if p == 50 else 15]]
        for s in stage_times.STAGES
        for p in (50, 90)
    }
    return engine.load("eq_marks", pa.table(columns))


def gates(engine: Engine, stage: stage_times.Stage) -> ir.Table:
    hours = list(range(168)) * 2
    keys = {name: ["k0"] * 168 + ["k1"] * 168 if name == "carrier_id" else ["n0"] * 336 for name in stage.gate}
    return engine.load(
        "eq_gates", pa.table({**keys, "hour_of_week": hours, "wait_s": [(i * 977) % 86_400 for i in range(336)]})
    )


def leaving(engine: Engine, lines: ir.Table) -> ir.Table:
    """Departures on some days for every doer, carrier and destination."""
    keys = sorted(
        {tuple(x or "" for x in row.values()) for row in engine.run(lines.select(*stage_times.DEPARTS_BY)).to_pylist()}
    )
    took = Handling(5.5, 1.7, np.arange(7) < 5)
    each = [
        Departures(np.isin(np.arange(168), [24 * (i % 5) + 16, 24 * (i % 5) + 17, 140]), took) for i in range(len(keys))
    ]
    columns = {name: np.repeat([key[i] for key in keys], 168) for i, name in enumerate(stage_times.DEPARTS_BY)}
    hours = np.tile(np.arange(168), len(keys))
    return engine.load("eq_departures", pa.table({**columns, "hour_of_week": hours, **table_columns(each)}))


CARRIAGE = stage_times.STAGES[2]
MEASURES: dict[str, Measure] = {
    "judged_lines": lambda _, t: t.drop("asset_key", "order_key", "line_key"),
    "outcome_counts": lambda _, t: named(t, service.outcome_counts(t, GRAIN).drop(*GRAIN)),
    "perfect_orders": lambda _, t: named(t, service.perfect_orders(t)),
    "ratings_by_lateness": lambda _, t: named(t, lateness_cost.ratings_by_lateness(t)),
    "returning_by_lateness": lambda _, t: named(t, lateness_cost.returning_by_lateness(t, UNTIL)),
    "untimely_lines": lambda _, t: stage_times.untimely_lines(t).drop("asset_key", "order_key", "line_key"),
    "stage_quantiles": lambda _, t: named(t, stage_times.stage_quantiles(t, pooled=False)),
    "lines_below": lambda e, t: stage_times.lines_below(t, marks(e, t)),
    "worked behind a gate": lambda e, t: stage_times.worked(t, CARRIAGE, gates(e, CARRIAGE)).select("ordered_s", "work_s", "line_id", "order_id"),
    "hours_left": lambda _, t: stage_times.hours_left(t, at_end=True),
    "caught": lambda e, t: stage_times.caught(t, leaving(e, t)),
    "handled": lambda e, t: stage_times.handled(t, leaving(e, t), None).select("work_s", "since_s", "line_id", "order_id"),
    "reversals": lambda e, _: intake.reversals(e.table("eq_order_lines"), ORDER_LINES, frozenset(TABLES["order_lines"].column_names)),
    "profile": lambda e, _: intake.profile(e.table("eq_order_lines"), ORDER_LINES, frozenset(TABLES["order_lines"].column_names)),
    **{
        f"{stage.name}: {what}": (lambda m: lambda _, t: m(t))(measure)
        for stage in stage_times.STAGES
        for what, measure in {
            "durations_by_start": lambda t, s=stage: stage_times.durations_by_start(t, s),
            "span_durations": lambda t, s=stage: stage_times.span_durations(stage_times.worked(t, s, None), s),
            "duration_counts": lambda t, s=stage: stage_times.duration_counts(stage_times.worked(t, s, None), s, True, 4),
        }.items()
    },
}  # fmt: skip


def rows(table: pa.Table) -> list[tuple[Any, ...]]:
    def value(x: Any) -> Any:
        if isinstance(x, list):
            return tuple(value(y) for y in x)
        if isinstance(x, datetime):
            return x.replace(tzinfo=None)
        return round(float(x), 9) if isinstance(x, int | float) and not isinstance(x, bool) else x

    names = sorted(table.column_names)
    found = [tuple(value(row[name]) for name in names) for row in table.to_pylist()]
    return sorted(found, key=repr)


@pytest.mark.parametrize("name", MEASURES)
def test_equal_tables(name: str, duck: DuckDBEngine, spark: SparkEngine) -> None:
    one = rows(duck.run(MEASURES[name](duck, judged(duck))))
    other = rows(spark.run(MEASURES[name](spark, judged(spark))))
    assert one
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert a == pytest.approx(b, rel=1e-9) if all(isinstance(x, float) for x in a) else repr(a) == repr(b)


def test_intake_rules_agree(duck: DuckDBEngine, spark: SparkEngine) -> None:
    present = frozenset(TABLES["order_lines"].column_names)
    broken = TABLES["order_lines"].append_column("unreadable", pa.nulls(LINES, pa.string()))
    prices = broken["price_amount"].to_pylist()
    prices[:4] = [float("nan"), float("inf"), 1e13, -1.0]
    broken = broken.set_column(broken.column_names.index("price_amount"), "price_amount", pa.array(prices))
    found = []
    for engine in (duck, spark):
        table = engine.load("eq_broken", broken)
        marked = intake.marked(table, intake.rules(table, ORDER_LINES, present, frozenset()))
        found.append(rows(engine.run(intake.counts_by_reason(marked, ORDER_LINES))))
    assert found[0] == found[1]
    assert len(found[0]) >= 2
