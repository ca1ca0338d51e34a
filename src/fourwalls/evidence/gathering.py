"""Gathers what every kind of record beyond the two flows says, once for all assets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from fourwalls.evidence import cancelled, case_work, conversion, failure_costs, feeds, labour, offers, waste
from fourwalls.evidence.failure_costs import FailureCosts
from fourwalls.evidence.ground import Finding, Ground
from fourwalls.figures import Estimate, Reading, Refusal
from fourwalls.losses import AssetKey, Loss


@dataclass(frozen=True)
class Gathered:
    """All evidence beyond the two flows.

    Attributes:
        losses: What it costs, asset by asset.
        readings: Asset → what was measured there; () is the whole portfolio.
        refusals, notes: What could not be told, and how things were read.
        costs: What failures cost; None where there are no order lines.
        onboarding: Asset → what partners ask once to serve what we turn away.
        judged: Asset → stages that could be held to something there.
        detectable: Asset → stage → the smallest loss that would have been told apart from chance, as in `Finding`.
    """

    losses: tuple[Loss, ...] = ()
    readings: Mapping[AssetKey, tuple[Reading, ...]] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    costs: FailureCosts | None = None
    onboarding: Mapping[AssetKey, float] = field(default_factory=dict)
    judged: Mapping[AssetKey, frozenset[str]] = field(default_factory=dict)
    detectable: Mapping[AssetKey, Mapping[str, float]] = field(default_factory=dict)

    def judged_in(self, asset: AssetKey) -> frozenset[str]:
        """Stages that could be held to something in an asset; () is the whole portfolio."""
        mine = self.judged.get(asset, frozenset())
        return mine if asset else mine.union(*self.judged.values())


def gather(ground: Ground, progress: Callable[[str], None]) -> Gathered:
    """Looks at every record that is there.

    Args:
        ground: Tables, assets and weeks.
        progress: Called with a line of text whenever a longer step begins.
    """
    progress("measuring what failures cost")
    costs = failure_costs.measure(ground)
    found: dict[str, Finding] = {}
    for told, table, find in (
        ("case work", "work_log", case_work.find),
        ("feeds", "feeds", feeds.find),
        ("hours", "labour", labour.find),
        ("listings", "listings", conversion.find),
        ("offers", "offers", offers.find),
    ):
        progress(f"looking at {told}")
        found[table] = find(ground)
    progress("looking at bookings")
    found["cancelled"] = cancelled.find(ground, costs)
    found["leakage"] = waste.find(ground, costs)
    readings: dict[AssetKey, list[Reading]] = {}
    for finding in found.values():
        for asset, mine in finding.readings.items():
            readings.setdefault(asset, []).extend(mine)
    judged: dict[AssetKey, frozenset[str]] = {}
    for finding in found.values():
        for asset, stages in finding.judged.items():
            judged[asset] = judged.get(asset, frozenset()) | stages
    told_once = dict.fromkeys(r for f in found.values() for r in f.refusals)
    return Gathered(
        tuple(loss for f in found.values() for loss in f.losses),
        {asset: tuple(mine) for asset, mine in readings.items()},
        (*told_once, *costs.refusals),
        tuple(dict.fromkeys([*(n for f in found.values() for n in f.notes), *costs.notes])),
        costs,
        {asset: amount for asset, mine in readings.items() if (amount := _onboarding(mine)) > 0},
        judged,
        _detectable(found.values()),
    )


def _detectable(findings: Iterable[Finding]) -> Mapping[AssetKey, Mapping[str, float]]:
    """By asset and stage; of the whole portfolio, under (), what is so in all of its assets together."""
    found: dict[AssetKey, dict[str, float]] = {}
    for finding in findings:
        for asset, stages in finding.detectable.items():
            for stage, amount in stages.items():
                for key in (asset, ()):
                    mine = found.setdefault(key, {})
                    mine[stage] = mine.get(stage, 0.0) + amount
    return found


def _onboarding(readings: list[Reading]) -> float:
    return sum(
        r.figure.value for r in readings if r.name == "offer_onboarding_amount" and isinstance(r.figure, Estimate)
    )
