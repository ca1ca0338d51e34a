"""The verdict on the whole portfolio: where the money lies that the verdicts of its assets act on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fourwalls.diagnosis import AssetDiagnosis, VerdictName
from fourwalls.figures import Estimate, Figure
from fourwalls.numbers import acted_on
from fourwalls.portfolio import Thresholds
from fourwalls.verdict import percent

_ACTING: tuple[VerdictName, ...] = ("operate", "orchestrate", "operate then orchestrate")


def of_whole(whole: AssetDiagnosis, assets: Sequence[AssetDiagnosis], t: Thresholds) -> AssetDiagnosis:
    """The whole portfolio with a verdict that follows those of its assets, weighed by the margin that their paths keep.

    Nobody chooses one path for all assets, so the whole is not judged as if it were one: a few assets that are well worth
    acting on would drown among many that are not. Where no asset has a value in money, where there is but one, or where none
    acts and some cannot be told, the verdict from all records pooled stands.

    Args:
        whole: The portfolio, judged from all records as if it were one asset.
        assets: Its assets, with their verdicts.
        t: Thresholds; `both_share` says when a side is worth naming.
    """
    priced = [a for a in assets if a.paths]
    if len(assets) < 2 or not priced:
        return whole
    acting = sorted(((a, p) for a in priced if (p := acted_on(a)) is not None), key=lambda pair: -_value(pair[1].value))
    if not acting:
        return _none_acts(whole, assets)
    total = sum(p.gain_per_year for _, p in acting)
    inside = sum(_inside(a, p.path) * p.gain_per_year for a, p in acting) / total if total > 0 else 0.0
    verdict, rule = _of_sides(inside, t)
    because = (
        f"Each asset has a verdict of its own: {_counted(assets)}. Of the margin that their paths would keep, {percent(inside)} is "
        f"our own work and {percent(1 - inside)} lies with partners."
    )
    first = acting[0][0]
    changed = replace(whole, verdict=verdict, because=because, rule=rule, next_step=f"{first.name}: {first.next_step}")
    return changed if whole.verdict in _ACTING else replace(changed, bottleneck=f"{first.name}: {first.bottleneck}")


def _of_sides(inside: float, t: Thresholds) -> tuple[VerdictName, str]:
    if t.both_share <= inside <= 1 - t.both_share:
        rule = f"W1. Each side holds at least {t.both_share:.0%} of the margin that the assets' own paths would keep: both."
        return "operate then orchestrate", rule
    side: VerdictName = "operate" if inside > 0.5 else "orchestrate"
    whose = "Our own work" if side == "operate" else "Partners"
    return (
        side,
        f"W2. {whose} {'holds' if side == 'operate' else 'hold'} the larger part of the margin that the assets' own paths would keep: {side}.",
    )


def _none_acts(whole: AssetDiagnosis, assets: Sequence[AssetDiagnosis]) -> AssetDiagnosis:
    """Nothing of the whole is acted on where no asset is; unless some cannot be told, of which all records pooled tell more."""
    because = f"No asset's verdict acts on anything: {_counted(assets)}."
    waiting = [a for a in assets if a.verdict == "govern first"]
    if waiting:
        first = max(waiting, key=lambda a: max(_value(p.value) for p in a.paths) if a.paths else 0.0)
        return replace(
            whole, verdict="govern first", because=because, rule="W3. No asset acts, and some wait for rules with partners: govern first.",
            bottleneck=f"{first.name}: {first.bottleneck}", next_step=f"{first.name}: {first.next_step}",
        )  # fmt: skip
    if any(a.verdict != "leave it" for a in assets) or whole.verdict == "leave it":
        return whole
    return replace(
        whole, verdict="leave it", because=because, rule="W4. Every asset is left alone: leave it.",
        next_step="Nothing to start: it would not pay.",
    )  # fmt: skip


def _inside(asset: AssetDiagnosis, path: str) -> float:
    """Part of a path's margin that is our own work, 0-1; of both in turn what operating alone would keep of it."""
    if path != "operate then orchestrate":
        return float(path == "operate")
    gains = {p.path: max(p.gain_per_year, 0.0) for p in asset.paths}
    sides = gains.get("operate", 0.0) + gains.get("orchestrate", 0.0)
    return gains.get("operate", 0.0) / sides if sides > 0 else 0.5


def _counted(assets: Sequence[AssetDiagnosis]) -> str:
    """How many assets have which verdict, those that act first: "orchestrate 3, operate 1, leave it 3"."""
    names: dict[str, int] = {}
    for a in assets:
        names[a.verdict] = names.get(a.verdict, 0) + 1
    return ", ".join(
        f"{name} {n}" for name, n in sorted(names.items(), key=lambda pair: (pair[0] not in _ACTING, -pair[1], pair[0]))
    )


def _value(figure: Figure) -> float:
    return figure.value if isinstance(figure, Estimate) else 0.0
