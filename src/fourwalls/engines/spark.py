"""A Spark session as an engine: the same verbs, for tables that are already there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pyarrow as pa

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@ibis.udf.scalar.builtin(name="xxhash64", signature=((dt.string,), dt.int64))
def _xxhash64(text): ...  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202


class SparkEngine:
    """Runs expressions on a Spark session that the caller made and closes.

    Args:
        session: Any Spark session, classic or Connect. Its time zone is set to UTC.
    """

    def __init__(self, session: SparkSession) -> None:
        session.conf.set("spark.sql.session.timeZone", "UTC")
        self._session: Any = session
        self._ibis = ibis.pyspark.connect(session)

    def table(self, name: str) -> ir.Table:
        """A table that was loaded or kept under that name."""
        return self._ibis.table(name)

    def load(self, name: str, rows: pa.Table) -> ir.Table:
        """Rows handed over as Arrow, as a table of this engine."""
        self._session.createDataFrame(rows).createOrReplaceTempView(name)
        return self.table(name)

    def keep(self, name: str, expression: ir.Table) -> ir.Table:
        """The expression under a name; Spark decides itself what to hold."""
        self._ibis.create_view(name, expression, overwrite=True)
        return self.table(name)

    def fingerprint(self, text: ir.StringValue) -> ir.IntegerValue:
        """A 64-bit number for a text."""
        return _xxhash64(text)

    def run(self, expression: ir.Table) -> pa.Table:
        """The result of an expression as Arrow."""
        # Not to_pyarrow: it goes through pandas, which turns numbers with gaps into floats.
        return self._session.sql(self._ibis.compile(expression)).toArrow()

    def sql(self, expression: ir.Table) -> str:
        """The SQL that an expression runs as, laid out for people."""
        return str(self._ibis.compile(expression, pretty=True))

    def stop(self) -> None:
        """What runs in the session belongs to the caller."""

    def close(self) -> None:
        """Nothing to give back: the session belongs to the caller."""
