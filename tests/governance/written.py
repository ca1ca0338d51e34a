"""Contracts written by hand, and small records to hold them to."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fourwalls.governance.contracts import Contract, read_contract
from fourwalls.governance.records import Cases, Feed

HEAD = """apiVersion: v3.1.0
kind: DataContract
id: {id}
version: "1.0"
status: active
"""
START = 1_735_689_600.0  # 1 January 2025, a Wednesday
DAY, HOUR = 86_400.0, 3_600.0


def contract(folder: Path, body: str = "", name: str = "orders", head: str | None = None) -> Contract:
    """A contract written to a file and read again."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.odcs.yaml"
    path.write_text((head or HEAD.format(id=name)) + body, encoding="utf-8")
    return read_contract(path)


def feed(
    days: int = 200,
    *,
    late_hours: float | np.ndarray = 0.5,
    missing: tuple[int, ...] = (),
    rows: float = 100.0,
    wrong: float = 0.0,
) -> Feed:
    """A daily feed due at four in the morning."""
    expected = START + 4 * HOUR + DAY * np.arange(days)
    arrived = expected + np.broadcast_to(late_hours, days) * HOUR
    arrived = np.where(np.isin(np.arange(days), missing), np.nan, arrived)
    came = np.where(np.isfinite(arrived), rows, 0.0)
    return Feed("orders", "bazaar", ("a", "b"), expected, arrived, np.full(days, rows), came, came * wrong)


def cases(hours: np.ndarray, *, joined: float = 0.0, others: float = 1.0, about_data: bool = False) -> Cases:
    """One exception a day, closed after so many hours; NaN stays open."""
    n = len(hours)
    opened = START + DAY * np.arange(n)
    return Cases(opened, opened + hours * HOUR, opened + joined * HOUR, opened + others * HOUR, np.full(n, about_data))
