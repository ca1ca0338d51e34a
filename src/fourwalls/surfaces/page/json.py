"""A diagnosis as JSON: every figure unrounded, every refusal in its place, by a published schema."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from fourwalls.diagnosis import AssetDiagnosis, Diagnosis, Health
from fourwalls.figures import Refusal
from fourwalls.numbers import chance_at_best, each_at_best, sum_at_best

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

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
        "health": {**_named(diagnosis.health), "coverage": _coverage(diagnosis.health)},
        "total": _asset(diagnosis.total),
        "assets": [_asset(a) for a in diagnosis.assets],
        "assumptions": [_named(a) for a in diagnosis.assumptions],
        "controls": [_named(c) for c in diagnosis.controls],
        "outages": [_named(o) for o in diagnosis.outages],
        "at_best": at_best(diagnosis),
    }


def at_best(diagnosis: Diagnosis) -> dict[str, Any] | None:
    """What all assets bring together, each by the path of its verdict, and which those are; None where nothing is priced."""
    value = sum_at_best(diagnosis)
    if value is None:
        return None
    paths = [{"asset": a.name, "path": p.path} for a, p in each_at_best(diagnosis)]
    plain = {name: getattr(value, name) for name in ("value", "low", "high", "unit", "level")}
    return {"value": plain, "chance": chance_at_best(diagnosis), "assets": paths}


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


def _coverage(health: Health) -> list[dict[str, Any]]:
    return [{"month": month, "order_lines": n} for month, n in health.coverage]


def _asset(asset: AssetDiagnosis) -> dict[str, Any]:
    return {**_named(asset), "asset": dict(asset.asset), "refusals": [_named(r) for r in asset.refusals]}


def _named(part: DataclassInstance) -> dict[str, Any]:
    return {field.name: _plain(getattr(part, field.name)) for field in fields(part)}


def _plain(value: object) -> object:
    """A part of the result field by field; a refusal in the place of a figure says that it is one."""
    if isinstance(value, tuple):
        return [_plain(x) for x in value]
    if isinstance(value, Refusal):
        return {"refusal": _named(value)}
    return _named(value) if is_dataclass(value) and not isinstance(value, type) else value
