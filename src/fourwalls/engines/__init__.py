"""Engines: where expressions are run. DuckDB is embedded; Spark runs what is already there."""
