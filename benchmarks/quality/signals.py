"""Signals and tests against what was planted: how well each tells affected assets from others, and whether it leans the right way."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.quality.scoring import Case
from fourwalls.worlds.truth import AssetTruth

MATERIAL = 0.003
"""Share of revenue a planted loss must cost an asset to count as there."""

NOTHING = 0.0005
"""Share of revenue below which it counts as not there."""

OWN = "own"


STAGES: Mapping[str, tuple[str, ...]] = {
    "steady_demand": ("release", "fulfilment", "carriage"),
    "status_work": ("status",),
    "disconnected_data": ("feed",),
    "waste": ("waste",),
    "partners": ("overflow",),
    "speed": ("decision",),
    "facing": ("content", "price", "media", "promise", "listing"),
}
"""Signal or test → stages whose planted losses it is about."""

SPEAKS_FOR: Mapping[str, str] = {
    "steady_demand": "operate", "waste": "operate", "disconnected_data": "orchestrate", "partners": "orchestrate", "facing": "orchestrate",
}  # fmt: skip
"""Signals that can speak for one path only when what they are about is there; the others speak for whoever does it."""

OWN_ONLY = ("steady_demand", "waste")
"""Those that are about our own work alone."""


def _planted(asset: AssetTruth, signal: str) -> float:
    """What the stages a signal is about cost an asset, as a share of revenue."""
    total = 0.0
    for name in asset.repaired:
        stage, by, party = name.partition(" by ")
        if by and stage in STAGES[signal] and (signal not in OWN_ONLY or party == OWN):
            total += max(asset.margin_change(name), 0.0)
    return total / max(asset.as_recorded.revenue_amount, 1.0)


def _side(asset: AssetTruth, signal: str) -> str:
    """Which path those losses speak for."""
    sums = {"operate": 0.0, "orchestrate": 0.0}
    for name in asset.repaired:
        stage, by, party = name.partition(" by ")
        if by and stage in STAGES[signal]:
            sums["operate" if party == OWN else "orchestrate"] += max(asset.margin_change(name), 0.0)
    return SPEAKS_FOR.get(signal) or max(sums, key=lambda k: sums[k])


def auc(there: Sequence[float], not_there: Sequence[float]) -> float:
    """Chance that an affected asset reads higher than another; ties count half (Hanley and McNeil 1982, Radiology 143)."""
    if not there or not not_there:
        return math.nan
    a, b = np.array(there)[:, None], np.array(not_there)[None, :]
    return float((a > b).mean() + (a == b).mean() / 2)


def table(mine: Sequence[Case]) -> list[str]:
    """Each signal: affected assets, AUC, right leans among them, and leans where nothing of the kind was planted.

    In worlds with one defect of at least medium severity, and in those without any.
    """
    mine = [c for c in mine if c.trial.severity in ("medium", "high", "none")]
    lines = [
        "| signal or test | assets affected | AUC of its strength | leans right where affected | leans where nothing is | unknown |",
        "|---|---|---|---|---|---|",
    ]
    for signal in STAGES:
        there, absent, right, false, unknown = [], [], 0, 0, 0
        for c in mine:
            said = c.answer.lines.get(signal) if c.answer else None
            if said is None:
                continue
            planted = _planted(c.truth, signal)
            speaks = SPEAKS_FOR.get(signal)
            leans = said.lean == speaks if speaks else said.lean in ("operate", "orchestrate")
            firm = said.strength if leans else 0.0
            unknown += said.how == "unknown"
            if planted >= MATERIAL:
                there.append(firm)
                right += said.lean == _side(c.truth, signal)
            elif planted < NOTHING:
                absent.append(firm)
                false += firm > 0
        share = f"{100 * right / len(there):.0f} %" if there else "none"
        wrong = f"{100 * false / len(absent):.1f} %" if absent else "none"
        area = auc(there, absent)
        told = "nothing given" if math.isnan(area) else f"{area:.2f}"
        lines.append(f"| {signal} | {len(there)} of {len(mine)} | {told} | {share} | {wrong} | {unknown} |")
    return lines


def by_defect(mine: Sequence[Case]) -> list[str]:
    """Defect × signal: share of the assets of worlds with that defect alone in which each signal leans somewhere."""
    names = (*STAGES, "channel_complexity", "scale", "governance")
    lines = ["| planted alone | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    kinds: dict[str, list[Case]] = {}
    for c in mine:
        defects = c.trial.recipe["defects"]
        if len(defects) <= 1 and c.trial.stratum in ("alone", "healthy"):
            kinds.setdefault(defects[0]["kind"] if defects else "nothing", []).append(c)
    for kind, some in sorted(kinds.items()):
        # Only assets that the defect touches say whether its own signal moves.
        touched = [c for c in some if kind == "nothing" or c.truth.first_bottleneck] or some
        cells = []
        for name in names:
            said = [c.answer.lines[name] for c in touched if c.answer and name in c.answer.lines]
            leaning = sum(x.lean in ("operate", "orchestrate") for x in said)
            cells.append(f"{leaning}/{len(said)}" if leaning else "·")
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    return lines
