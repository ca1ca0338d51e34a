"""A small diagnosis as JSON, and what goes with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fourwalls.register import Fingerprint, Register, Run

INPUTS = (Fingerprint("portfolio.toml", 120, "a" * 64), Fingerprint("tables/order_lines.csv", 4_000, "b" * 64))


def estimate(value: float, half: float = 0.0, unit: str = "share") -> dict[str, Any]:
    return {"value": value, "low": value - half, "high": value + half, "unit": unit, "level": 0.9}


def reading(name: str, figure: Mapping[str, Any], n: int = 100) -> dict[str, Any]:
    return {"name": name, "label": name, "figure": dict(figure), "n": n, "definition": name}


def path(name: str, value: float, chance: float, gain: float) -> dict[str, Any]:
    return {"path": name, "value": estimate(value, value / 2, "EUR"), "chance": chance, "gain_per_year": gain}


def asset(
    name: str, verdict: str = "operate", readings: Sequence[Mapping[str, Any]] = (), **more: Any
) -> dict[str, Any]:
    paths = [path("operate", 100.0, 0.7, 60.0), path("orchestrate", 80.0, 0.3, 50.0)]
    return {
        "name": name, "verdict": verdict, "readings": list(readings), "evidence": [], "signals": [], "clocks": [],
        "paths": paths, "availability": {"refusal": {"code": "x", "about": "stock", "because": "y", "next_step": "z"}},
        "asset": {"brand": name}, "n_lines": 100, **more,
    }  # fmt: skip


def document(
    *assets: Mapping[str, Any], start: str = "2025-01-01", end: str = "2025-07-01", total: Any = None
) -> dict[str, Any]:
    return {
        "portfolio": "Shop", "currency": "EUR", "version": "0.1.0", "level": 0.9,
        "period": {"start": start, "end": end}, "assets": [dict(a) for a in assets or [asset("Lamps")]],
        "total": total or asset("Shop"),
    }  # fmt: skip


def recorded(register: Register, *assets: Mapping[str, Any], **more: Any) -> Run:
    return register.record_run(document(*assets, **more), INPUTS, "Ada", {"on_time_share": 0.95})
