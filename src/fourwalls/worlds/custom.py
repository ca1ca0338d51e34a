"""Custom: people whom we let down order elsewhere for a while."""

from __future__ import annotations

import numpy as np

from fourwalls.worlds.draws import Bools, Columns
from fourwalls.worlds.retailer import Retailer

LINES_PER_CUSTOMER = 3.2
"""Lines a customer wishes for in a year."""

SOURED_SHARE = 0.28
"""Customers who take a broken promise to heart."""

STAYS_AWAY_SHARE = 0.7
"""Orders that those place elsewhere while they remember."""

REMEMBERS_DAYS = 180.0


def shoppers(retailer: Retailer) -> int:
    """Customers of each category in each destination; who buys shoes here does not buy toys elsewhere."""
    lines = retailer.rate.sum() * 365.0 / retailer.rate.size
    return max(10, int(lines / LINES_PER_CUSTOMER))


class Custom:
    """Who stays away until when, in every version of a world.

    Args:
        retailer: The retailer.
        n_versions: Versions lived at once.
    """

    def __init__(self, retailer: Retailer, n_versions: int) -> None:
        n = shoppers(retailer) * retailer.rate.size
        self._until = np.zeros((n_versions, n), dtype=np.float32)

    def stays(self, wishes: Columns) -> Bools:
        """Whether each wish comes to us, shape (versions, lines)."""
        remembers = self._until[:, wishes["customer"]] > wishes["day"]
        stays: Bools = ~(remembers & (wishes["luck_away"] < STAYS_AWAY_SHARE))
        return stays

    def let_down(self, version: int, lines: Columns) -> None:
        """Take note of broken promises: lines that came late, not at all, or were sold though there was nothing."""
        failed = lines["is_late"] | lines["is_overdue"] | (lines["cancel_reason"] > 1)
        rows = np.flatnonzero(failed & (lines["luck_heart"] < SOURED_SHARE))
        heard = np.where(np.isnan(lines["delivered"][rows]), lines["promised"][rows], lines["delivered"][rows])
        until = (heard / 24.0 + REMEMBERS_DAYS).astype(np.float32)
        np.maximum.at(self._until[version], lines["customer"][rows], until)
