"""What if: other assumptions and thresholds in an address, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fourwalls.diagnosis import AssetDiagnosis, Diagnosis
from fourwalls.errors import PortfolioError
from fourwalls.figures import Estimate
from fourwalls.portfolio import Portfolio
from fourwalls.reconsidering import CHANGEABLE, Change, Kept, reconsidered
from fourwalls.surfaces import evidence_words, wording

PARTS = ("low", "mode", "high")
LABELS = {
    "assumptions.attainable_share": ("Part of a gap that a path closes", "share"),
    "assumptions.discount_rate": ("What money costs a year", "share"),
    "assumptions.horizon_years": ("How long value is counted", "years"),
    "assumptions.ramp_weeks": ("Weeks until a path brings all it can", "weeks"),
    "assumptions.late_line_cost_share": ("What a late line costs, of its value", "share"),
    "verdict.material_share": ("A gap is worth acting on from", "share"),
    "verdict.least_lines": ("A verdict needs at least", "order lines"),
    "verdict.both_share": ("A side is material from this part of the gap", "share"),
    "verdict.sure_chance": ("A side counts as larger from this chance", "share"),
    "verdict.pays_chance": ("A path is acted on if it pays with this chance", "share"),
    "verdict.unknown_share": ("Too much unknown from this part of the gap", "share"),
    "verdict.untraced_share": ("Too much untraced from this part", "share"),
    "paths.operate.one_off_amount": ("To begin operating", ""),
    "paths.operate.run_amount_per_year": ("To run it, a year", ""),
    "paths.orchestrate.one_off_amount": ("To begin orchestrating", ""),
    "paths.orchestrate.run_amount_per_year": ("To run it, a year", ""),
}


@dataclass(frozen=True, slots=True)
class Knob:
    """Something that can be changed.

    Attributes:
        name, label, unit: Which, as in portfolio.toml; in words.
        taken: What the run took.
        now: What the address says; the same where it says nothing.
        note: Where what was taken comes from, or why it cannot be changed.
        is_fixed: Whether changing it would do nothing.
    """

    name: str
    label: str
    unit: str
    taken: str
    now: str
    note: str = ""
    is_fixed: bool = False

    @property
    def is_changed(self) -> bool:
        """Whether the address says otherwise than the run took."""
        return self.now != self.taken


@dataclass(frozen=True, slots=True)
class Moved:
    """One path before and after.

    Attributes:
        path, before, after: Which, and its value.
        chance_before, chance: That it is the best.
        difference: Of the values, with its sign; "" where none.
    """

    path: str
    before: wording.Said
    after: wording.Said
    chance_before: str
    chance: str
    difference: str


def changes_in(query: Mapping[str, str], kept: Kept | None) -> dict[str, Change]:
    """What an address changes; what it says of things that are as they were is no change.

    Raises:
        PortfolioError: Something is no number.
    """
    if kept is None:
        return {}
    found: dict[str, Change] = {}
    taken = {k.name: k.taken for group in knobs(kept, {}).values() for k in group}
    for name in CHANGEABLE:
        if name in query and query[name].strip() and query[name].strip() != taken.get(name):
            found[name] = _number(name, query[name])
        parts = [query.get(f"{name}.{p}", "").strip() for p in PARTS]
        if all(parts) and parts != [taken.get(f"{name}.{p}") for p in PARTS]:
            found[name] = {p: _number(f"{name}.{p}", v) for p, v in zip(PARTS, parts, strict=True)}
    return found


def considered(
    kept: Kept | None, found: Diagnosis, asset: AssetDiagnosis, changes: Mapping[str, Change]
) -> AssetDiagnosis:
    """The asset under the changes."""
    if kept is None or not changes:
        return asset
    again = reconsidered(kept, changes, asset.name)
    return next(a for a in again.assets if a.name == asset.name) if found is not None else asset


def knobs(kept: Kept, query: Mapping[str, str]) -> dict[str, list[Knob]]:
    """Everything that can be changed, by what it is about."""
    by_name = {a.name: a for a in kept.told.assumptions}
    taken: dict[str, tuple[str, str, bool]] = {}
    for name in CHANGEABLE:
        section, _, key = name.rpartition(".")
        if section == "assumptions":
            a = by_name[key]
            is_fixed = a.origin == "measured"
            note = {"default": "a default: not yours", "measured": "measured in your records"}.get(a.origin, "yours")
            taken[name] = (_shown(a.value), note, is_fixed)
        elif section == "verdict" and name in LABELS:
            taken[name] = (_shown(getattr(kept.portfolio.thresholds, key)), _whose(key in kept.portfolio.says), False)
        elif section == "signals":
            taken[name] = (
                _shown(getattr(kept.portfolio.signals, key)),
                _whose(key in kept.portfolio.says_signals),
                False,
            )
    found: dict[str, list[Knob]] = {
        "Assumptions": [],
        "When the verdict turns": [],
        "What paths cost": [],
        "Signals": [],
    }
    for name, (value, note, is_fixed) in taken.items():
        label, unit = LABELS.get(name, (name.removeprefix("signals.").replace("_", " ").capitalize(), ""))
        title = {"assumptions": "Assumptions", "verdict": "When the verdict turns"}.get(name.split(".")[0], "Signals")
        found[title].append(Knob(name, label, unit, value, query.get(name, value).strip() or value, note, is_fixed))
    found["What paths cost"] = _costs(kept.portfolio, query)
    return found


def _costs(portfolio: Portfolio, query: Mapping[str, str]) -> list[Knob]:
    made = []
    for name in (n for n in CHANGEABLE if n.startswith("paths.")):
        _, path, key = name.split(".")
        said = portfolio.paths.get(path, {}).get(key)
        for part in PARTS:
            value = _shown(float(said[part])) if said else ""
            full = f"{name}.{part}"
            note = "yours" if said else "a default: a share of revenue"
            made.append(
                Knob(
                    full, f"{LABELS[name][0]}, {part}", portfolio.currency, value, query.get(full, value).strip(), note
                )
            )
    return made


def moved(before: AssetDiagnosis, after: AssetDiagnosis, currency: str) -> list[Moved]:
    """Each path's value before and after."""
    was = {p.path: p for p in before.paths}
    rows = []
    for p in after.paths:
        old = was.get(p.path)
        told = ""
        if old is not None and isinstance(old.value, Estimate) and isinstance(p.value, Estimate):
            more = p.value.value - old.value.value
            told = ("+" if more > 0 else "−") + evidence_words.money(abs(more), currency) if abs(more) >= 1 else ""
        none = wording.Said("–", "")
        rows.append(
            Moved(
                wording.VERDICTS[p.path], wording.said(old.value) if old else none, wording.said(p.value),
                wording.chance(old.chance) if old else "", wording.chance(p.chance), told,
            )
        )  # fmt: skip
    return rows


def _whose(is_said: bool) -> str:
    return "yours" if is_said else "a default: not yours"


def _shown(value: float) -> str:
    return f"{value:.12g}"


def _number(name: str, text: str) -> float:
    try:
        found = float(text.replace(",", ".")) if text.count(",") == 1 and "." not in text else float(text)
    except ValueError:
        found = float("nan")
    if not abs(found) < float("inf"):
        label = LABELS.get(name.removesuffix(".low").removesuffix(".mode").removesuffix(".high"), (name, ""))[0]
        raise PortfolioError(f"{label}: '{text[:40]}' is no number.", "Write e.g. 0.1, or take it back.")
    return found
