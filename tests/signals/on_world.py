"""Material of a generated retailer, with the losses that the two flows told today."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fourwalls import assembly
from fourwalls.diagnosis import AssetDiagnosis, Availability
from fourwalls.evidence.ground import Ground
from fourwalls.figures import Estimate, Refusal
from fourwalls.losses import AssetKey, Loss
from fourwalls.resampling import REPLICATES
from fourwalls.signals.gathering import materials
from fourwalls.signals.material import Material
from fourwalls.study import Study
from fourwalls.study import open as open_study

LATE_COST = 0.1


def ground_of(study: Study) -> Ground:
    """What evidence is found on, from an open study."""
    intake, (axes, panel) = study._intake, study._counts
    channels = intake.rows.get("channels")
    runs: dict[str, str] = {}
    if channels is not None:
        table = study._engine.run(channels.select("channel_id", "party_id"))
        runs = {c: p for c, p in zip(table["channel_id"].to_pylist(), table["party_id"].to_pylist(), strict=True) if p}
    return Ground(
        study._engine, intake.rows, study._lines, study.portfolio, study._book.names, runs, axes.assets, axes.spans,
        intake.span_seconds, panel.draws, intake.period,
    )  # fmt: skip


def losses_of(asset: AssetDiagnosis) -> list[Loss]:
    """What the two flows say, as losses without spread; late lines at a tenth of their value."""
    key: AssetKey = tuple(asset.asset.values())
    found = [
        Loss(key, "service", c.stage, c.wall, c.party_id, c.amount.value * LATE_COST, np.full(REPLICATES, c.amount.value * LATE_COST),
             c.lines, "lines", c.standard)
        for c in asset.contributions if isinstance(c.amount, Estimate)
    ]  # fmt: skip
    if isinstance(asset.availability, Availability):
        found += [
            Loss(key, "stock", c.stage, c.wall, c.party_id, c.amount.value, np.full(REPLICATES, c.amount.value),
                 c.units, "units", c.standard)
            for c in asset.availability.contributions if isinstance(c.amount, Estimate)
        ]  # fmt: skip
    return found


def materials_of(folder: Path) -> tuple[Material, ...]:
    """Every asset's material, and the whole portfolio's last."""
    with open_study(folder) as study:
        told = study.diagnose()
        held = {tuple(a.asset.values()): held_stages(a) for a in told.assets}
        ground = ground_of(study)
        losses = [loss for a in told.assets for loss in losses_of(a)]
        return materials(
            ground,
            study._counts[1].counts,
            losses,
            assembly.asset_name,
            orders=study._intake.referenced_lines,
            measured=held,
        )


def held_stages(asset: AssetDiagnosis) -> frozenset[str]:
    """Stages of the two flows that could be held to something."""
    found: set[str] = set()
    if not isinstance(asset.gap, Refusal):
        found |= {"release", "fulfilment", "carriage", "promise"} - set(asset.gap.unjudged)
    if not isinstance(asset.availability, Refusal):
        found |= {"forecast", "decision", "supply", "receiving", "allocation", "listing"} - set(
            asset.availability.unjudged
        )
    return frozenset(found)
