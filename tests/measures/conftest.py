"""Both engines, for tables by hand."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from fourwalls.engines.base import Engine
from fourwalls.engines.duckdb import DuckDBEngine
from fourwalls.engines.spark import SparkEngine


@pytest.fixture(scope="module", params=["duckdb", "sail"])
def either(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """DuckDB, then Sail."""
    if request.param == "duckdb":
        duck = DuckDBEngine()
        yield duck
        duck.close()
        return
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
