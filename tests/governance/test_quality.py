"""Quality rules run on rows in which every fault was counted by hand."""

from __future__ import annotations

import pyarrow as pa
import pytest

from fourwalls.engines.duckdb import DuckDBEngine
from fourwalls.errors import MappingError
from fourwalls.governance.quality import check_quality

from .written import contract, feed

ROWS = pa.table(
    {
        "sku_id": ["a", "b", "b", None, "c", "c", "c", "d", "", "n/a"],
        "brand": ["x", "x", "y", "y", "y", "z", "z", "z", "x1", None],
        "units": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    }
)


@pytest.fixture(scope="module")
def ground():
    engine = DuckDBEngine()
    yield engine, {"products": engine.load("products", ROWS)}
    engine.close()


def checked(ground, tmp_path, rule, *, column="sku_id", feeds=(), table="products"):
    below = (
        f"    properties:\n      - name: {column}\n        quality:\n          - {rule}\n"
        if column
        else f"    quality:\n      - {rule}\n"
    )
    found = contract(tmp_path, f"schema:\n  - name: {table}\n{below}")
    (only,) = check_quality(found, *ground, feeds)
    return only


@pytest.mark.parametrize(
    ("rule", "column", "found", "status"),
    [
        ("{metric: nullValues, mustBe: 0}", "sku_id", 1, "missed"),
        ("{metric: nullValues, mustBeLessThan: 20, unit: percent}", "sku_id", 10, "met"),
        ("{type: library, rule: nullValues, metric: nullValues, mustBe: 1}", "sku_id", 1, "met"),
        ("{metric: missingValues, mustBe: 0}", "sku_id", 2, "missed"),
        ("{metric: missingValues, arguments: {missingValues: ['n/a', '']}, mustBe: 2}", "sku_id", 2, "met"),
        ("{metric: missingValues, arguments: {missingValues: [null, 'n/a', '']}, mustBe: 3}", "sku_id", 3, "met"),
        ("{metric: duplicateValues, mustBe: 0}", "sku_id", 3, "missed"),
        ("{metric: duplicateValues, mustBeLessOrEqualTo: 30, unit: percent}", "sku_id", 30, "met"),
        ("{metric: duplicateValues, arguments: {properties: [sku_id, brand]}, mustBe: 1}", None, 1, "met"),
        ("{metric: invalidValues, arguments: {validValues: [x, y, z]}, mustBe: 0}", "brand", 1, "missed"),
        ("{metric: invalidValues, arguments: {pattern: '^[xyz]$'}, mustBe: 1}", "brand", 1, "met"),
        ("{metric: invalidValues, arguments: {pattern: '^[xy]$'}, mustBeGreaterThan: 3}", "brand", 4, "met"),
        ("{metric: rowCount, mustBeBetween: [5, 10]}", None, 10, "met"),
        ("{metric: rowCount, mustNotBeBetween: [5, 10]}", None, 10, "missed"),
        ("{metric: rowCount, mustNotBe: 10}", None, 10, "missed"),
        ("{metric: rowCount, mustBeGreaterOrEqualTo: 10}", None, 10, "met"),
        ("{type: sql, query: 'SELECT sum(units) FROM products', mustBe: 55}", None, 55, "met"),
        ("{type: sql, query: 'SELECT count(*) FROM {object} WHERE {property} IS NOT NULL', mustBe: 9}", "sku_id", 9, "met"),
        ("{type: sql, query: 'SELECT count(*) FROM ${table} WHERE ${column} IS NULL', mustBe: 0}", "sku_id", 1, "missed"),
    ],
)  # fmt: skip
def test_rules_count_what_is_there(ground, tmp_path, rule, column, found, status):
    only = checked(ground, tmp_path, rule, column=column)
    assert (only.found, only.status, only.n) == (found, status, 10), only.because


@pytest.mark.parametrize(
    ("rule", "column", "why"),
    [
        ("{type: text, description: be nice}", None, "for people or for another tool"),
        ("{type: custom, engine: soda, implementation: x}", None, "for people or for another tool"),
        ("{metric: nullValues, mustBe: 0}", "colour", "no column 'colour'"),
        ("{metric: nullValues, mustBe: 0}", None, "needs a property"),
        ("{metric: nullValues, mustBe: none}", "sku_id", "no number"),
        ("{metric: invalidValues, mustBe: 0}", "sku_id", "neither validValues nor pattern"),
        ("{metric: duplicateValues, mustBe: 0}", None, "names no property"),
        ("{metric: invalidValues, arguments: {pattern: '('}, mustBe: 0}", "brand", ""),
        ("{type: sql, query: 'DROP TABLE products', mustBe: 0}", None, "exactly one SELECT; found DROP"),
        ("{type: sql, query: 'SELECT 1; SELECT 2', mustBe: 0}", None, "exactly one SELECT"),
        ("{type: sql, query: 'SELECT units FROM products', mustBe: 0}", None, "one number"),
        ("{type: sql, query: 'SELECT brand FROM products LIMIT 1', mustBe: 0}", None, "no number"),
        ("{type: sql, query: 'SELECT nonsense FROM products', mustBe: 0}", None, "nonsense"),
        ("{type: sql, query: \"SELECT count(*) FROM read_text('/etc/passwd')\", mustBe: 0}", None, "outside the folders"),
        ("{type: sql, query: \"COPY products TO 'x.csv'\", mustBe: 0}", None, "exactly one SELECT"),
        ("{type: sql, query: \"ATTACH 'x.db'\", mustBe: 0}", None, "exactly one SELECT"),
        ("{type: sql, query: 'SET threads = 1', mustBe: 0}", None, "exactly one SELECT"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_says_why(ground, tmp_path, rule, column, why):
    only = checked(ground, tmp_path, rule, column=column)
    assert (only.found, only.status) == (None, "not checkable")
    assert why in only.because
    assert ground[0].run(ground[1]["products"]).num_rows == 10


def test_a_query_without_end_is_stopped(ground):
    with pytest.raises(MappingError, match="took more than"):
        ground[0].ask(
            "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range + b.range = 7",
            "here",
            {},
            seconds=0.2,
        )
    assert ground[0].ask("SELECT 1 AS one", "here", {})["one"][0].as_py() == 1


def test_a_name_can_stand_for_an_expression(ground):
    engine, rows = ground
    few = rows["products"].limit(3)
    assert engine.ask("SELECT count(*) AS n FROM order_lines", "here", {"order_lines": few})["n"][0].as_py() == 3


def test_rows_of_a_table_that_is_not_ours_are_those_of_each_delivery(ground, tmp_path):
    rule = "{metric: rowCount, mustBeGreaterThan: 0}"
    assert "none of our tables" in checked(ground, tmp_path, rule, column=None, table="dispatch").because
    good = checked(ground, tmp_path, rule, column=None, table="dispatch", feeds=[feed(200, missing=(1, 2))])
    assert (good.status, good.n) == ("met", 200)
    assert good.found == pytest.approx(0.99)
    bad = checked(
        ground, tmp_path, rule, column=None, table="dispatch", feeds=[feed(200, missing=tuple(range(0, 200, 5)))]
    )
    assert bad.status == "missed"


def test_physical_names_count_too(ground, tmp_path):
    found = contract(
        tmp_path,
        "schema:\n  - name: goods\n    physicalName: erp.products\n    quality:\n      - {metric: rowCount, mustBe: 10}\n",
    )
    assert check_quality(found, *ground, ())[0].status == "met"
