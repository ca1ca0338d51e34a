"""Lost sales told by the stock flow against the truth of known worlds.

    python -m benchmarks.stock_truth [WORLDS OF EACH KIND]

One stock defect in each world, of different severities and seeds, and healthy worlds. An asset is affected if repairing
the planted stage alone would truly have kept at least 1 % of the units wanted. The truth is the change of the share of
units wanted that met stock; `listing` is left out, for customers of a stale listing buy what is not there.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import fourwalls as fw
from fourwalls.availability import CHAIN, Serving, drawn, luck
from fourwalls.chain.stock_flow import STAGES
from fourwalls.diagnosis import Availability
from fourwalls.stocktaking import Stocktaking
from fourwalls.worlds import make

PLANTED = {
    "late_supplier": ("supply", {"supplier_id": "nordica"}),
    "short_shipments": ("supply", {"supplier_id": "atlas-mills"}),
    "slow_approval": ("decision", {"supplier_id": "castle-trade"}),
    "slow_dock": ("receiving", {"node_id": "dc-north"}),
    "low_forecast": ("forecast", {"channel_id": "site"}),
    "skewed_allocation": ("allocation", {"category": "home"}),
}
SEVERITIES = (0.5, 0.7, 0.9)
LEAST = 0.01


@dataclass(frozen=True)
class Told:
    """One asset: shares of units wanted, told and true."""

    kind: str
    stage: str
    first: str
    told: float
    true: float
    low: float
    high: float
    by_stage: dict[str, float]


def world(kind: str, severity: float, seed: int, kitchen: Path) -> tuple[Path, object]:
    """A world with one defect, or none."""
    defects = () if kind == "healthy" else ((kind, severity, PLANTED[kind][1]),)
    recipe = _recipe(kind, defects, kitchen)
    folder = kitchen / f"{kind}-{severity}-{seed}"
    return folder, make(recipe, folder, seed=seed, lines=60_000, truth_path=kitchen / f"{folder.name}.json")


def _recipe(kind: str, defects: tuple[tuple[str, float, dict[str, str]], ...], kitchen: Path) -> Path:
    lines = ['about = "One stock defect."']
    for name, severity, place in defects:
        lines += [
            "",
            "[[defects]]",
            f'kind = "{name}"',
            f"severity = {severity}",
            *(f'{k} = "{v}"' for k, v in place.items()),
        ]
    path = kitchen / f"{kind}.toml"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def told(folder: Path, truth: object, kind: str) -> list[Told]:
    """What the stock flow says of each asset of a world."""
    found = []
    with fw.open(folder) as study:
        diagnosis = study.diagnose()
        ranges = _ranges(study)
    for asset in truth.assets:  # type: ignore[attr-defined]
        name = tuple(asset.asset.values())
        known = next(a.availability for a in diagnosis.assets if tuple(a.asset.values()) == name)
        if not isinstance(known, Availability):
            continue
        by_stage = {s: sum(u.units for u in known.stages if u.stage == s) / known.wanted_units for s in CHAIN}
        stage = "" if kind == "healthy" else PLANTED[kind][0]
        here = asset.as_recorded.available_share
        true = asset.repaired[stage].available_share - here if stage in asset.repaired else 0.0
        first = max(by_stage, key=lambda s: by_stage[s])
        low, high = ranges[name]
        found.append(Told(kind, stage, first, sum(by_stage.values()), true, low, high, by_stage))
    return found


def _ranges(study: fw.Study) -> dict[tuple[str | None, ...], tuple[float, float]]:
    """80 % ranges of what could be kept, from the same draws as the page's."""
    taking: Stocktaking = study._stock  # noqa: SLF001 - the page shows 90 % only
    share = taking.share
    assert share is not None  # noqa: S101
    names = sorted(set(share.asset), key=str)
    asset = np.array([names.index(a) for a in share.asset])
    serving = Serving(share.shelf, asset, share.weight, share.price, share.cost, share.fulfilment, len(names))
    chance = luck(taking.demand.spread, len(np.unique(taking.spans)), 1)
    sums = drawn(taking.accounts, taking.walls, serving, chance, taking.days, 0.35)
    return {
        name: tuple(float(x) for x in np.quantile(d.draws["total"] / d.draws["demand"], [0.1, 0.9]))  # type: ignore[misc]
        for name, d in zip(names, sums, strict=False)
    }


def main(each: int) -> None:
    """Prints the table."""
    every: list[Told] = []
    with tempfile.TemporaryDirectory() as kitchen:
        for kind in (*PLANTED, "healthy"):
            for i in range(each):
                folder, truth = world(kind, SEVERITIES[i % len(SEVERITIES)], 500 + i, Path(kitchen))
                every += told(folder, truth, kind)
    print(
        f"{'planted':<20}{'affected':>9}{'right stage first':>19}{'median error':>14}{'within 20 %':>13}{'80 % covers':>13}"
    )
    affected = [t for t in every if t.kind != "healthy" and t.true >= LEAST]
    for kind in (*PLANTED, "all"):
        mine = [t for t in affected if kind in (t.kind, "all")]
        if mine:
            off = np.array([t.told / t.true - 1 for t in mine])
            print(
                f"{kind:<20}{len(mine):>9}{np.mean([t.first == t.stage for t in mine]):>19.0%}{np.median(np.abs(off)):>14.0%}"
                f"{np.mean(np.abs(off) <= 0.2):>13.0%}{np.mean([t.low <= t.true <= t.high for t in mine]):>13.0%}   bias {np.mean(off):+.0%}"
            )
    healthy = [t for t in every if t.kind == "healthy"]
    worst = {s: max(t.by_stage[s] for t in healthy) for s in STAGES}
    print(
        f"healthy, {len(healthy)} assets: most claimed for a stage "
        + ", ".join(f"{s} {100 * v:.1f} %" for s, v in worst.items())
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
