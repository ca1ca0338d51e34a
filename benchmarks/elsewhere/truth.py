"""The truth: the same life with the inside mended, the rest mended, all mended, and each defect mended alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.elsewhere.company import Company, sound
from benchmarks.elsewhere.defects import Defect, spoil
from benchmarks.elsewhere.living import Account, Assets, Life, accounts, live
from benchmarks.elsewhere.wishes import wishes
from fourwalls.worlds.truth import AssetTruth, Bottleneck, Outcome

PATHS = ("operate", "orchestrate", "operate then orchestrate")


@dataclass(frozen=True, slots=True)
class Known:
    """A life with the truth about it.

    Attributes:
        life: As it was recorded.
        truth: Of each asset.
        accounts: Margins by version ("recorded", "operate", …, and one for each defect) and asset.
    """

    life: Life
    truth: list[AssetTruth]
    accounts: dict[str, list[Account]]


def known(c: Company, defects: list[Defect]) -> Known:
    """Live once as it is and once for each repair."""
    good, wanted = sound(c), wishes(c)
    assets = Assets(c, wanted)
    life = live(c, spoil(c, good, defects), wanted)
    inside = [d for d in defects if d.is_inside(c)]
    between = [d for d in defects if not d.is_inside(c)]
    left = {"operate": between, "orchestrate": inside, "operate then orchestrate": []}
    for n in range(len(defects)):
        left[f"defect {n}"] = [d for m, d in enumerate(defects) if m != n]
    found = {"recorded": accounts(life, assets)}
    memory: dict[tuple[Defect, ...], list[Account]] = {tuple(defects): found["recorded"]}
    for version, remaining in left.items():
        key = tuple(remaining)
        if key not in memory:
            memory[key] = accounts(live(c, spoil(c, good, remaining), wanted), assets)
        found[version] = memory[key]
    truth = [
        asset_truth(c, defects, assets.keys[a], {v: rows[a] for v, rows in found.items()})
        for a in range(len(assets.keys))
    ]
    return Known(life, truth, found)


def worth(c: Company, gain: float, path: str) -> float:
    """Value of a path that brings so much margin a year: ramp, part reached, discounting by month, costs as in portfolio.toml."""
    money = c.money
    months = (np.arange(round(12 * money["horizon_years"])) + 0.5) / 12
    discount = (1 + money["discount_rate"]) ** -months
    reached = np.minimum(1.0, months * 52 / money["ramp_weeks"]) * money["attainable_share"]
    costs = [c.paths[side] for side in ("operate", "orchestrate") if side in path]
    spent = sum(k["one_off"] for k in costs) + sum(k["run"] for k in costs) * float(discount.sum()) / 12
    return gain * float((reached * discount).sum()) / 12 - spent


def asset_truth(c: Company, defects: list[Defect], key: tuple[str, ...], rows: dict[str, Account]) -> AssetTruth:
    """The truth about one asset, from its accounts in each life."""
    now = rows["recorded"].margin
    values = {p: worth(c, rows[p].margin - now, p) for p in PATHS}
    best = max(values, key=lambda p: values[p])
    best = best if values[best] > 0 else "leave it"
    gains = [rows[f"defect {n}"].margin - now for n in range(len(defects))]
    first = None
    if gains and max(gains) > 0:
        d = defects[int(np.argmax(gains))]
        first = Bottleneck(d.stage, "inside" if d.is_inside(c) else "between", d.party(c), 0, max(gains))
        if best == "orchestrate" and not c.contracts.get(_worst_partner(c, defects, gains), True):
            best = "govern first"
    told = {"recorded": "recorded", "inside": "operate", "between": "orchestrate", "both": "operate then orchestrate"}
    outcomes = {k: _outcome(rows[v]) for k, v in told.items()}
    outcomes |= {f"{d.stage} by {d.party(c)}": _outcome(rows[f"defect {n}"]) for n, d in enumerate(defects)}
    as_recorded = outcomes.pop("recorded")
    saved = {k: _missed(rows["recorded"]) - _missed(rows[v]) for k, v in told.items() if k != "recorded"}
    return AssetTruth(dict(zip(c.grain, key, strict=True)), as_recorded, outcomes, saved, values, best, first)


def _worst_partner(c: Company, defects: list[Defect], gains: list[float]) -> str:
    partners = [(g, d.party(c)) for g, d in zip(gains, defects, strict=True) if not d.is_inside(c)]
    return max(partners)[1] if partners else ""


def _missed(a: Account) -> int:
    return a.late + a.overdue + a.cancelled


def _outcome(a: Account) -> Outcome:
    return Outcome(
        a.lines,
        a.late,
        a.overdue,
        a.cancelled,
        a.revenue,
        a.gross,
        a.stock,
        a.hours,
        a.booked,
        a.on_time,
        a.available,
        a.margin,
    )
