"""Losses in money, the ten lines, rules, capabilities and further readings, as the page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fourwalls.diagnosis import (
    AssetDiagnosis,
    Assumed,
    Capability,
    Diagnosis,
    GovernanceTold,
    RuleHole,
    SignalReading,
    Wall,
)
from fourwalls.figures import Reading, Refusal
from fourwalls.numbers import slug
from fourwalls.surfaces import evidence_words, wording

_MOST_HOLES = 8


@dataclass(frozen=True, slots=True)
class LossRow:
    """A party, or a stage with its parties, as rows of a list in money."""

    name: str
    about: str
    counted: str
    amount: wording.Said
    whose: str = ""
    parties: tuple[LossRow, ...] = ()
    further: str = ""


@dataclass(frozen=True, slots=True)
class MoneyList:
    """One of the two lists in money; without rows where nothing is lost on that side."""

    wall: Wall
    title: str
    total: wording.Said | None
    rows: tuple[LossRow, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One of the ten lines: what it says, how it is known, which way it leans, and what people said."""

    label: str
    kind: str
    how: str
    lean: str
    icon: str
    strength: int
    because: str
    reading: wording.Said
    reading_label: str
    threshold: str
    threshold_id: str
    strength_id: str
    default: bool
    explained: str
    judged: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Hole:
    """A rule that is not settled."""

    party: str
    question: str
    because: str
    remedy: str
    blocks: bool
    amount: wording.Said


@dataclass(frozen=True, slots=True)
class Rules:
    """How far rules with partners are settled: in one sentence, and what is open."""

    told: wording.Said
    is_blocked: bool
    holes: tuple[Hole, ...]
    more: int

    @property
    def first(self) -> str:
        """The rule to settle first, in one phrase; "" if none is open."""
        return f"{self.holes[0].party}: {self.holes[0].question}" if self.holes else ""


@dataclass(frozen=True, slots=True)
class Cell:
    """How well one capability serves one asset."""

    paint: str
    sign: str
    hands: str
    words: str
    loss: wording.Said


@dataclass(frozen=True, slots=True)
class Matrix:
    """Capabilities by assets: names of the columns, and a row of cells for each capability."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """A further reading as a row; why not, where it is refused."""

    label: str
    about: str
    said: wording.Said
    because: str
    n: str


@dataclass(frozen=True, slots=True)
class Group:
    """Further readings of one kind: those of the whole, then those of one feed, place or cause each."""

    title: str
    rows: tuple[Measured, ...]
    details: tuple[Measured, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """A number that values rest on and that is not measured."""

    name: str
    about: str
    value: wording.Said
    origin: str


_LEVELS: dict[str, tuple[str, str]] = {
    "at standard": ("good", "✓"),
    "below standard": ("low", "▼"),
    "far below standard": ("poor", "▼▼"),
    "unmeasured": ("blank", ""),
}


def money_lists(asset: AssetDiagnosis, most: int, level: float) -> tuple[MoneyList, ...]:
    """Inside fixes, outside dependencies, and what has no side if anything, in margin a year; empty where nothing is priced.

    Args:
        asset: The asset.
        most: Parties of a stage that are told by name.
        level: Coverage of ranges, as announced.
    """
    if not asset.losses:
        return ()
    found = []
    for wall, title in wording.LISTS.items():
        rows = tuple(_loss_row(s, most, level) for s in evidence_words.losses_of(asset, wall))
        total = evidence_words.lost(asset, wall)
        if rows or wall != "unknown":
            found.append(MoneyList(wall, title, None if total is None else wording.said(total, level), rows))
    return tuple(found)


def _loss_row(s: evidence_words.StageLoss, most: int, level: float) -> LossRow:
    parties = tuple(LossRow(p.name, p.standard, p.counted, wording.said(p.amount, level)) for p in s.parties[:most])
    left = s.parties[most:]
    further = ""
    if left:
        noun = "further party" if len(left) == 1 else "further parties"
        rest = wording.said(evidence_words.added(p.amount for p in left)).value
        further = f"and {wording.count(len(left))} {noun}: {rest}"
    about = wording.STAGES_TOLD.get(s.stage, "")
    return LossRow(wording.stage(s.stage), about, s.counted, wording.said(s.amount, level), s.whose, parties, further)


def ten_lines(asset: AssetDiagnosis, level: float) -> tuple[Line, ...]:
    """The six signals and four tests as rows."""
    at = _asset_id(asset)
    return tuple(_line(s, level, f"{at}.signals.{slug(s.name)}" if at else "") for s in asset.signals)


def _line(s: SignalReading, level: float, at: str) -> Line:
    first, figure = evidence_words.deciding(s), evidence_words.reading_told(s, level)
    judged = ""
    if s.judged is not None:
        people = wording.plural(s.judged.respondents, "person").replace("persons", "people")
        judged = f"{evidence_words.LEANS[s.judged.lean]}, {people}"
    return Line(
        label=wording.plain(s.label),
        kind=s.kind,
        how=s.how,
        lean=evidence_words.LEANS[s.lean],
        icon={"neither": "leave-it", "cannot tell": "cannot-tell-yet"}.get(s.lean, s.lean),
        strength=round(100 * s.strength),
        because=wording.sentence(s.because),
        reading=figure,
        reading_label=wording.plain(first.label) if first else "",
        threshold=evidence_words.threshold(s),
        threshold_id=f"{at}.thresholds.{slug(s.thresholds[0].name)}.value" if at and s.thresholds else "",
        strength_id=f"{at}.strength" if at else "",
        default=any(t.is_default for t in s.thresholds),
        explained=wording.sentence(s.direction) + " " + " ".join(wording.sentence(t.origin) for t in s.thresholds),
        judged=judged,
        differs=s.differs,
    )


def rules(asset: AssetDiagnosis, currency: str) -> Rules:
    """Rules with the partners of an asset."""
    g: GovernanceTold | None = asset.governance
    holes = g.holes if g is not None else ()
    shown = tuple(
        Hole(
            wording.name(h.party_name), wording.prose(h.question), f"{wording.prose(h.because)}.",
            wording.sentence(h.remedy), h.blocks, _hole_amount(asset, h, currency),
        )
        for h in holes[:_MOST_HOLES]
    )  # fmt: skip
    at = _asset_id(asset)
    told = wording.Said(evidence_words.readiness(asset), "", f"{at}.governance.settled" if at and g is not None else "")
    return Rules(told, g is not None and g.is_blocked, shown, len(holes) - len(shown))


def _hole_amount(asset: AssetDiagnosis, hole: RuleHole, currency: str) -> wording.Said:
    at = _asset_id(asset)
    number = f"{at}.governance.holes.{slug(hole.party_id, hole.question)}.amount" if at else ""
    return wording.Said(evidence_words.money(hole.amount, currency), "", number)


def _asset_id(asset: AssetDiagnosis) -> str:
    """What ids of an asset begin with; "" where its figures have none."""
    figures = (r.figure for r in (*asset.readings, *asset.evidence))
    known = (wording.id_of(f) for f in (asset.revenue_per_year, *figures, *(x.amount for x in asset.losses)))
    return next((x.partition(".")[0] for x in known if x), "")


def matrix(diagnosis: Diagnosis, most: int) -> Matrix | None:
    """Capabilities of the whole portfolio and its first assets; None where nothing says anything of any.

    Args:
        diagnosis: The result.
        most: Assets with a column.
    """
    shown = [(a, {c.name: c for c in a.capabilities}) for a in (diagnosis.total, *diagnosis.assets[:most])]
    labels = {c.name: c.label for _, known in shown for c in known.values()}
    if not labels:
        return None
    columns = ("Whole portfolio", *(wording.asset(a) for a, _ in shown[1:]))
    rows = [
        (wording.plain(label), tuple(cell(known[n]) if n in known else None for _, known in shown))
        for n, label in labels.items()
    ]
    return Matrix(columns, tuple(rows))


def cell(c: Capability) -> Cell:
    """One capability in colour, sign and words."""
    paint, sign = _LEVELS[c.level]
    hands = {"inside": "own", "partner": "partner", "both": "both", "unknown": ""}[c.hands]
    loss = wording.Said("", "") if isinstance(c.loss, Refusal) else wording.said(c.loss)._replace(interval="")
    told = f"{c.level}{', ' + hands if hands else ''}: {wording.prose(c.reading)}"
    return Cell(paint, sign, hands, wording.opening(told), loss)


def weak(asset: AssetDiagnosis) -> tuple[tuple[str, Cell], ...]:
    """Capabilities that lose more than their standard allows, the worst first."""
    found = [c for c in asset.capabilities if evidence_words.is_weak(c)]
    found.sort(key=lambda c: 0.0 if isinstance(c.loss, Refusal) else -c.loss.value)
    return tuple((wording.plain(c.label), cell(c)) for c in found)


def groups(asset: AssetDiagnosis, level: float) -> tuple[Group, ...]:
    """Further readings by where they come from."""
    return tuple(
        Group(
            title,
            _measured([r for r in mine if not evidence_words.is_detail(r)], level),
            _measured([r for r in mine if evidence_words.is_detail(r)], level),
        )
        for title, mine in evidence_words.groups(asset.evidence)
    )


def _measured(readings: Sequence[Reading], level: float) -> tuple[Measured, ...]:
    return tuple(
        Measured(
            wording.plain(r.label),
            wording.prose(r.definition),
            wording.said(r.figure, level),
            wording.sentence(r.figure.because) if isinstance(r.figure, Refusal) else "",
            wording.records(r),
        )
        for r in readings
    )


def _given(a: Assumed) -> wording.Said:
    told = wording.percent(a.value) if a.unit == "share" else wording.prose(f"{a.value:,.4g} {a.unit}")
    return wording.Said(told, "", f"assumptions.{slug(a.name)}.value")


def assumed(diagnosis: Diagnosis) -> tuple[Given, ...]:
    """Numbers that values rest on, those that nobody has set first."""
    order = sorted(diagnosis.assumptions, key=lambda a: a.origin != "default")
    return tuple(
        Given(
            wording.plain(a.name), wording.opening(a.about),
            _given(a), a.origin,
        )
        for a in order
    )  # fmt: skip
