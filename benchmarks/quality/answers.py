"""What is said about each asset: by the diagnosis, read from its result alone, or by a simple rival."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.quality.lines import Line, read_lines
from fourwalls.worlds import Truth
from fourwalls.worlds.truth import AssetTruth

Key = tuple[str, ...]
"""Values of an asset's grain."""

PATHS = ("operate", "orchestrate", "operate then orchestrate")

MATERIAL = 0.003
"""Share of revenue above which a rival that is told the truth says yes to a signal."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said about one asset.

    Attributes:
        verdict: A path, "leave it", "govern first" or "cannot tell yet".
        first: (stage, party_id) named as the first bottleneck; None if none is.
        value: (low, value, high) of each path over the horizon, for those that are valued.
        chance: Chance of each path to be the best one, if given.
        lines: What signals and tests say.
    """

    verdict: str
    first: tuple[str, str] | None = None
    value: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    chance: Mapping[str, float] = field(default_factory=dict)
    lines: Mapping[str, Line] = field(default_factory=dict)


def read_diagnosis(said: Mapping[str, Any]) -> dict[Key, Answer]:
    """Answers from a diagnosis as its JSON has it.

    `paths` of an asset, a list of {path, value: {low, value, high}, chance}, and `first_bottleneck`, {stage, party_id},
    are read where they are; without the latter, the largest sum of contributions by stage and party is taken.
    """
    out = {}
    for asset in said["assets"]:
        key = tuple(str(v) for v in asset["asset"].values())
        paths = asset.get("paths") or []
        out[key] = Answer(
            verdict=asset["verdict"],
            first=_first(asset),
            value={p["path"]: _range(p["value"]) for p in paths if _is_estimate(p.get("value"))},
            chance={p["path"]: float(p["chance"]) for p in paths if p.get("chance") is not None},
            lines=read_lines(asset),
        )
    return out


def _is_estimate(figure: object) -> bool:
    return isinstance(figure, Mapping) and "low" in figure


def _range(figure: Mapping[str, Any]) -> tuple[float, float, float]:
    return float(figure["low"]), float(figure["value"]), float(figure["high"])


def _first(asset: Mapping[str, Any]) -> tuple[str, str] | None:
    named = asset.get("first_bottleneck")
    if named:
        return str(named["stage"]), str(named["party_id"])
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for c in asset["contributions"]:
        sums[c["stage"], str(c["party_id"])] += float(c["lines"])
    return max(sums, key=lambda k: sums[k]) if sums else None


def key_of(asset: AssetTruth) -> Key:
    """Key of an asset of the truth."""
    return tuple(asset.asset.values())


def always(verdict: str, truth: Truth) -> dict[Key, Answer]:
    """The same for every asset."""
    return {key_of(a): Answer(verdict) for a in truth.assets}


def counting_signals(truth: Truth) -> dict[Key, Answer]:
    """Count the article's six signals, each answered by somebody who knows the truth; a draw goes to operate."""
    return {key_of(a): Answer(_by_signals(a)) for a in truth.assets}


def _by_signals(asset: AssetTruth) -> str:
    def hurts(stages: tuple[str, ...], own: bool) -> bool:
        least = MATERIAL * asset.as_recorded.revenue_amount
        for name in asset.repaired:
            stage, by, party = name.partition(" by ")
            if by and stage in stages and (party == "own") == own and asset.margin_change(name) > least:
                return True
        return False

    service = (
        "release",
        "fulfilment",
        "carriage",
        "forecast",
        "decision",
        "supply",
        "receiving",
        "record",
        "promise",
        "shelf",
    )
    operate = [hurts(service, own=True), hurts(("waste", "record"), own=True)]
    orchestrate = [
        hurts(("allocation", "listing", "forecast", "content"), own=False),
        hurts(("status",), own=False),
        hurts(("feed", "listing"), own=False),
        hurts(("supply", "fulfilment", "carriage", "overflow"), own=False),
    ]
    if not any((*operate, *orchestrate)):
        return "leave it"
    return "orchestrate" if sum(orchestrate) > sum(operate) else "operate"


_LATE_MINUTES = """
WITH late AS (
    SELECT *, delivered_at > promised_at AS is_late
    FROM read_parquet($orders) WHERE delivered_at > '1980-01-01'
), clocks AS (
    SELECT l.*, c.party_id AS releaser, epoch(released_at) - epoch(ordered_at) AS release_s,
        epoch(handed_over_at) - epoch(released_at) AS fulfilment_s,
        epoch(delivered_at) - epoch(handed_over_at) AS carriage_s
    FROM late l JOIN read_parquet($channels) c USING (channel_id)
)
SELECT category, destination, avg(is_late::INT),
    sum(release_s) FILTER (is_late AND releaser = 'own'),
    sum(release_s) FILTER (is_late AND releaser <> 'own'),
    sum(fulfilment_s) FILTER (is_late AND fulfiller_id = 'own'),
    sum(fulfilment_s) FILTER (is_late AND fulfiller_id <> 'own'),
    sum(carriage_s) FILTER (is_late AND carrier_id = 'own'),
    sum(carriage_s) FILTER (is_late AND carrier_id <> 'own')
FROM clocks JOIN read_parquet($products) USING (sku_id) GROUP BY ALL
"""


def late_minutes(folder: Path, truth: Truth) -> dict[Key, Answer]:
    """The side of the wall on which late lines spent more of their time; nothing below 3 % late."""
    files = {name: str(folder / "tables" / f"{file}.parquet") for name, file in _FILES.items()}
    with duckdb.connect() as connection:
        rows = connection.execute(_LATE_MINUTES, files).fetchall()
    out = always("leave it", truth)
    for category, destination, late, *spent in rows:
        inside = sum(s or 0.0 for s in spent[::2])
        between = sum(s or 0.0 for s in spent[1::2])
        if late >= 0.03:
            out[category, destination] = Answer("operate" if inside >= between else "orchestrate")
    return out


_FILES = {"orders": "order_lines", "channels": "channels", "products": "products"}
