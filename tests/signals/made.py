"""Material of an invented asset, good as it is, that a test changes in one place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fourwalls.diagnosis import Wall
from fourwalls.losses import Flow, Loss
from fourwalls.portfolio import Portfolio, SignalThresholds
from fourwalls.resampling import REPLICATES, draw_clusters
from fourwalls.signals.material import TABLE_OF, Material

WEEKS = 52
REVENUE = 10_000.0
FLOW_OF: dict[str, Flow] = {
    "waste": "ledger", "status": "work", "feed": "work", "overflow": "overflow", "content": "conversion",
    "price": "conversion", "media": "conversion", "promise": "service", "carriage": "service", "fulfilment": "service",
    "release": "service",
}  # fmt: skip


def portfolio(**signals: float) -> Portfolio:
    """A shop with these thresholds."""
    return Portfolio(
        Path(), "Shop", "EUR", "us", ("brand",), signals=SignalThresholds(**signals), says_signals=frozenset(signals)
    )


def loss(stage: str, share: float, wall: Wall = "inside", **changes: Any) -> Loss:
    """What costs this share of the asset's revenue, equally in every replicate."""
    amount = share * REVENUE * WEEKS
    made = Loss(
        ("a",), FLOW_OF.get(stage, "stock"), stage, wall, "us" if wall == "inside" else "other", amount,
        np.full(REPLICATES, amount), 100.0, "hours", "a standard",
    )  # fmt: skip
    return replace(made, **changes)


def material(**changes: Any) -> Material:
    """An asset of 52 equal weeks with every table, in which nothing is lost."""
    ones = np.ones(WEEKS)
    made = Material(
        ("a",), "a", draw_clusters(WEEKS, 1), np.ones(WEEKS, dtype=np.bool_), is_weekly=True,
        lines=1000 * ones, due=1000 * ones, served=960 * ones, revenue=REVENUE * ones, target=0.95,
        tables=frozenset(TABLE_OF.values()), measured=frozenset(TABLE_OF),
    )  # fmt: skip
    return replace(made, **changes)


def noise(seed: int) -> npt.NDArray[np.float64]:
    """Weeks of standard normal luck."""
    found: npt.NDArray[np.float64] = np.random.default_rng(seed).standard_normal(WEEKS)
    return found
