"""Pilots: which one, how long, worth it or not; then what really happened.

>>> import fourwalls as fw
>>> fw.pilot.evaluate("panel.csv", unit="State", time="Year", outcome="PacksPerCapita", treated="treated")  # doctest: +SKIP
"""

from __future__ import annotations

from fourwalls.pilot.evaluation import evaluate

__all__ = ["evaluate"]
