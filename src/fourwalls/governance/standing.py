"""The little of the ground that governance stands on, for runs that need no diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import ibis.expr.types as ir
import numpy as np

from fourwalls.engines.base import Engine
from fourwalls.errors import ContractError
from fourwalls.evidence.ground import Ground
from fourwalls.figures import Period
from fourwalls.portfolio import Portfolio


def ground_from(engine: Engine, rows: Mapping[str, ir.Table], lines: ir.Table | None, portfolio: Portfolio) -> Ground:
    """Tables as governance asks for them: without assets and weeks, which it does not use.

    Raises:
        ContractError: Neither portfolio.toml nor order lines nor feeds say which days are looked at.
    """
    return Ground(
        engine=engine,
        rows=rows,
        lines=lines,
        portfolio=portfolio,
        party_names={k: v or k for k, v in _pairs(engine, rows, "parties", "party_id", "name").items()},
        channel_party={
            k: v for k, v in _pairs(engine, rows, "channels", "channel_id", "party_id").items() if v is not None
        },
        assets=(),
        spans=np.zeros(0, dtype=np.int64),
        span_seconds=7 * 86_400,
        draws=None,
        period=portfolio.period or _recorded(engine, rows),
    )


def _pairs(engine: Engine, rows: Mapping[str, ir.Table], table: str, key: str, value: str) -> dict[str, str | None]:
    if table not in rows:
        return {}
    found = engine.run(rows[table].select(key, value))
    return dict(zip(found[key].to_pylist(), found[value].to_pylist(), strict=True))


def _recorded(engine: Engine, rows: Mapping[str, ir.Table]) -> Period:
    days: list[date] = []
    for table, column in (
        (rows.get("order_lines"), "ordered_at"),
        (rows.get("feeds"), "expected_at"),
        (rows.get("work_log"), "at"),
    ):
        if table is not None:
            row = engine.run(table.aggregate(first=table[column].min(), last=table[column].max())).to_pylist()[0]
            days += [value.date() for value in row.values() if value is not None]
    if not days:
        raise ContractError(
            "Nothing says which days are looked at: no order lines, feeds or work log are there.",
            "Add tables/feeds, or [portfolio] start and end.",
        )
    return Period(min(days), max(days) + timedelta(days=1))
