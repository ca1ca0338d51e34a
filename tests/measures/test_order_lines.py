"""What becomes of an order line: every case by hand, and counts against a twin that walks the rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from fourwalls.engines.duckdb import DuckDBEngine
from fourwalls.measures import service
from fourwalls.measures.order_lines import judged_lines
from fourwalls.tables.schema import ORDER_LINES

DAY = datetime(2025, 3, 3, 8, 0)  # noqa: DTZ001 - times are naive UTC
UNTIL = int(datetime(2025, 3, 20, tzinfo=UTC).timestamp())


def at(days: float | None) -> datetime | None:
    return None if days is None else DAY + timedelta(days=days)


def line(order: str = "o", number: str = "1", **given: Any) -> dict[str, Any]:
    row = {c.name: None for c in ORDER_LINES.columns}
    row |= {"order_id": order, "line_id": number, "ordered_at": at(0), "destination": "north"}
    for name in ("released", "handed_over", "delivered", "promised", "cancelled"):
        row[f"{name}_at"] = at(given.pop(name, None))
    return row | given


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    opened = DuckDBEngine()
    yield opened
    opened.close()


KINDS = {"text": pa.string(), "time": pa.timestamp("us"), "flag": pa.bool_(), "day": pa.date32()}
SCHEMA = pa.schema([(c.name, KINDS.get(c.kind, pa.float64())) for c in ORDER_LINES.columns])


def judged(engine: DuckDBEngine, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    lines = engine.load("lines", pa.Table.from_pylist(rows, SCHEMA))
    expression = judged_lines(lines, None, None, None, ("destination",), UNTIL, engine.fingerprint)
    return sorted(engine.run(expression).to_pylist(), key=lambda r: (r["order_id"], r["line_id"]))


@pytest.mark.parametrize(
    ("row", "outcome"),
    [
        ({"delivered": 3, "promised": 3}, "on time"),
        ({"delivered": 3.01, "promised": 3}, "late"),
        ({"delivered": 3}, "no promise"),
        ({"delivered": 0.03}, "taken along"),
        ({"promised": 5}, "overdue"),
        ({"promised": 40}, "open"),
        ({}, "open"),
        ({"cancelled": 1, "promised": 3}, "cancelled"),
        ({"cancel_reason": "out of stock", "promised": 3}, "cancelled"),
        ({"delivered": 2, "cancelled": 1, "promised": 3}, "on time"),
    ],
)
def test_every_line_has_one_outcome(engine: DuckDBEngine, row: dict[str, Any], outcome: str) -> None:
    assert judged(engine, [line(**row)])[0]["outcome"] == outcome


@pytest.mark.parametrize(
    ("row", "traceable"),
    [
        ({"released": 0.1, "handed_over": 1, "delivered": 3}, True),
        ({"released": 0.1, "handed_over": 1}, True),
        ({"released": 0.1}, True),
        ({}, True),
        ({"released": 1, "handed_over": 0.5, "delivered": 3}, False),
        ({"released": 0.1, "delivered": 3}, False),
        ({"handed_over": 1, "delivered": 3}, False),
        ({"released": 0.1, "handed_over": 2, "delivered": 1}, False),
        ({"delivered": 1}, False),
    ],
)
def test_only_complete_forward_clocks_are_traced(engine: DuckDBEngine, row: dict[str, Any], traceable: bool) -> None:
    assert judged(engine, [line(**row)])[0]["is_traceable"] is traceable


def test_who_did_it_falls_back_from_fulfiller_to_the_nodes_party(engine: DuckDBEngine) -> None:
    nodes = engine.load("nodes", pa.table({"node_id": ["n1"], "party_id": ["3pl"], "region": ["east"]}))
    rows = [line("a", node_id="n1"), line("b", node_id="n1", fulfiller_id="own"), line("c", node_id="n9")]
    lines = engine.load("lines", pa.Table.from_pylist(rows, SCHEMA))
    table = engine.run(judged_lines(lines, None, nodes, None, ("destination",), UNTIL, engine.fingerprint))
    found = {r["order_id"]: (r["fulfilment_party"], r["origin"]) for r in table.to_pylist()}
    assert found == {"a": ("3pl", "east"), "b": ("own", "east"), "c": (None, "n9")}


def orders() -> list[dict[str, Any]]:
    return [
        line("a", "1", delivered=2, promised=3, ordered_units=2.0, shipped_units=2.0, price_amount=5.0),
        line("a", "2", delivered=4, promised=3, ordered_units=1.0, shipped_units=1.0, price_amount=7.0),
        line("b", "1", delivered=2, promised=3, ordered_units=2.0, shipped_units=1.0, price_amount=5.0),
        line("c", "1", delivered=2, promised=3, ordered_units=2.0, shipped_units=2.0, returned_units=1.0),
        line("d", "1", delivered=2, promised=3, destination="south"),
        line("d", "2", promised=40),
        line("e", "1", cancelled=5, promised=3, ordered_units=3.0, price_amount=2.0),
        line("f", "1", promised=5),
    ]


def test_perfect_orders_by_hand(engine: DuckDBEngine) -> None:
    """Due in the north: a (a late line), b (short), c (returned), e (cancelled), f (overdue). In the south: d, perfect."""
    lines = engine.load("lines", pa.Table.from_pylist(orders(), SCHEMA))
    expression = judged_lines(lines, None, None, None, ("destination",), UNTIL, engine.fingerprint)
    names = {r["asset_key"]: r["destination"] for r in engine.run(expression).to_pylist()}
    rows = engine.run(service.perfect_orders(expression)).to_pylist()
    found = {names[r["asset_key"]]: (r["orders"], r["perfect_orders"]) for r in rows}
    assert found == {"north": (5, 0), "south": (1, 1)}


def test_counts_against_a_walk_over_the_rows(engine: DuckDBEngine) -> None:
    rows = orders()
    lines = engine.load("lines", pa.Table.from_pylist(rows, SCHEMA))
    expression = judged_lines(lines, None, None, None, ("destination",), UNTIL, engine.fingerprint)
    table = engine.run(service.outcome_counts(expression, ("destination",))).to_pylist()
    counted: Counter[tuple[str, str]] = Counter()
    for r in table:
        counted[r["destination"], r["outcome"]] += r["lines"]
    walked = Counter((r["destination"], r["outcome"]) for r in judged(engine, rows))
    assert counted == walked
    assert sum(r["value_amount"] or 0 for r in table) == sum(
        (r["ordered_units"] or 0) * (r["price_amount"] or 0) for r in rows
    )
    assert {r["outcome"] for r in table if r["after_promise"]} == {"cancelled"}
