"""A diagnosis as JSON: every figure unrounded, every refusal in its place, by a published schema."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from fourwalls.diagnosis import (
    AssetDiagnosis,
    Contribution,
    Diagnosis,
    Gap,
    Health,
    SetAside,
    StageClock,
    Suspicion,
    TableHealth,
)
from fourwalls.figures import Figure, Reading, Refusal

_MAIN_TABLE = "order_lines"


def to_dict(diagnosis: Diagnosis) -> dict[str, Any]:
    """The result as plain values, in the shape that `schema` describes."""
    return {
        "portfolio": diagnosis.portfolio,
        "currency": diagnosis.currency,
        "grain": list(diagnosis.grain),
        "own_party": diagnosis.own_party,
        "period": {"start": diagnosis.period.start.isoformat(), "end": diagnosis.period.end.isoformat()},
        "level": diagnosis.level,
        "version": diagnosis.version,
        "rows": _rows(diagnosis.health),
        "health": _health(diagnosis.health),
        "total": _asset(diagnosis.total),
        "assets": [_asset(a) for a in diagnosis.assets],
    }


def dumps(diagnosis: Diagnosis) -> str:
    """The result as strict JSON, always the same text for the same result."""
    return json.dumps(to_dict(diagnosis), ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of `to_dict`."""
    text = files("fourwalls.surfaces.page").joinpath("diagnosis.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _rows(health: Health) -> dict[str, int] | None:
    """Order lines read, used and set aside; None where that table was not given."""
    for table in health.tables:
        if table.table == _MAIN_TABLE:
            return {"in": table.rows_in, "used": table.rows_used, "aside": table.rows_in - table.rows_used}
    return None


def _asset(asset: AssetDiagnosis) -> dict[str, Any]:
    return {
        "asset": dict(asset.asset),
        "name": asset.name,
        "verdict": asset.verdict,
        "because": asset.because,
        "rule": asset.rule,
        "bottleneck": asset.bottleneck,
        "n_lines": asset.n_lines,
        "readings": [_reading(r) for r in asset.readings],
        "gap": _gap(asset.gap),
        "contributions": [_contribution(c) for c in asset.contributions],
        "clocks": [_clock(c) for c in asset.clocks],
        "refusals": [_refusal(r) for r in asset.refusals],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    if isinstance(figure, Refusal):
        return {"refusal": _refusal(figure)}
    return {
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "unit": figure.unit,
        "level": figure.level,
    }


def _refusal(refusal: Refusal) -> dict[str, str]:
    return {
        "code": refusal.code,
        "about": refusal.about,
        "because": refusal.because,
        "next_step": refusal.next_step,
    }


def _reading(reading: Reading) -> dict[str, Any]:
    return {
        "name": reading.name,
        "label": reading.label,
        "figure": _figure(reading.figure),
        "n": reading.n,
        "definition": reading.definition,
    }


def _gap(gap: Gap | Refusal) -> dict[str, Any]:
    if isinstance(gap, Refusal):
        return _figure(gap)
    return {
        "total": _figure(gap.total),
        "operate": _figure(gap.operate),
        "orchestrate": _figure(gap.orchestrate),
        "interaction": _figure(gap.interaction),
        "missed": _figure(gap.missed),
        "residual": _figure(gap.residual),
        "untraced": _figure(gap.untraced),
        "inside_share": _figure(gap.inside_share),
        "inside_chance": gap.inside_chance,
    }


def _contribution(c: Contribution) -> dict[str, Any]:
    return {
        "outcome": c.outcome,
        "stage": c.stage,
        "wall": c.wall,
        "party_id": c.party_id,
        "party_name": c.party_name,
        "lines": c.lines,
        "share": _figure(c.share),
        "amount": _figure(c.amount),
        "standard": c.standard,
    }


def _clock(clock: StageClock) -> dict[str, Any]:
    return {
        "stage": clock.stage,
        "median": _figure(clock.median),
        "p90": _figure(clock.p90),
        "standard": clock.standard,
        "n": clock.n,
    }


def _health(health: Health) -> dict[str, Any]:
    return {
        "tables": [_table(t) for t in health.tables],
        "absent_tables": list(health.absent_tables),
        "suspicions": [_suspicion(s) for s in health.suspicions],
        "coverage": [{"month": month, "order_lines": n} for month, n in health.coverage],
        "notes": list(health.notes),
    }


def _table(table: TableHealth) -> dict[str, Any]:
    return {
        "table": table.table,
        "source": table.source,
        "rows_in": table.rows_in,
        "rows_used": table.rows_used,
        "set_aside": [_set_aside(s) for s in table.set_aside],
        "absent_columns": list(table.absent_columns),
    }


def _set_aside(rows: SetAside) -> dict[str, Any]:
    return {"table": rows.table, "reason": rows.reason, "rows": rows.rows, "example": rows.example}


def _suspicion(s: Suspicion) -> dict[str, Any]:
    return {
        "code": s.code,
        "table": s.table,
        "column": s.column,
        "finding": s.finding,
        "consequence": s.consequence,
        "rows": s.rows,
    }
