"""The ten lines of an asset as the diagnosis's JSON has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Line:
    """What one signal or test said of an asset.

    Attributes:
        how: "measured", "judged" or "unknown".
        lean: Which way.
        strength: 0-1.
        value: Its first reading; None if refused.
    """

    how: str
    lean: str
    strength: float
    value: float | None


def read_lines(asset: Mapping[str, Any]) -> dict[str, Line]:
    """The ten lines of an asset as the JSON has them."""
    found = {}
    for line in asset.get("signals") or []:
        first = (line["readings"] or [{}])[0].get("figure") or {}
        found[line["name"]] = Line(line["how"], line["lean"], float(line["strength"]), first.get("value"))
    return found
