"""Ranges of a share and of a difference, from textbooks."""

from __future__ import annotations

import math

from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.resampling import wilson


def share_of(count: int, n: int, level: float = 0.9) -> Estimate:
    """A share of `n` cases with Wilson's range."""
    return Estimate(count / n, *wilson(count / n, n, level), "share", level)


def difference(after: Figure, before: Figure) -> Figure:
    """After less before, with a range from both ranges (MOVER: Zou and Donner 2008, Statistics in Medicine 27).

    Both are taken as independent: where they rest on the same records, the range is wider than it need be.
    """
    if isinstance(before, Refusal):
        return before
    if isinstance(after, Refusal):
        return after
    if before.unit != after.unit:
        return Refusal(
            "other_unit", "difference", f"one is in {before.unit}, one in {after.unit}", "figures in one unit"
        )
    # Sums of the same rows differ in their last digits by the order in which they were added up.
    is_same = math.isclose(after.value, before.value, rel_tol=1e-9)
    value = 0.0 if is_same else after.value - before.value
    down = math.hypot(after.value - after.low, before.high - before.value)
    up = math.hypot(after.high - after.value, before.value - before.low)
    return Estimate(value, value - down, value + up, after.unit, min(before.level, after.level))
