"""The short answers under the verdict: how much, which side, how sure, and the first thing to look at on either side."""

from __future__ import annotations

from dataclasses import dataclass

from fourwalls.diagnosis import AssetDiagnosis, Availability, Gap, Wall
from fourwalls.figures import Estimate, Refusal
from fourwalls.surfaces import wording

# Verdicts that name a side, with it.
_SIDE_OF: dict[str, Wall] = {"operate": "inside", "orchestrate": "between"}
_OF: dict[wording.Flow, str] = {"service": "late lines", "stock": "lost units"}


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the short answers; with a wall where it speaks for one side only."""

    question: str
    answer: str
    note: str
    wall: Wall | None = None


def tiles(asset: AssetDiagnosis, level: float) -> tuple[Tile, ...]:
    """The short answers of an asset, from the flows of which its split is known; none where neither is."""
    flows = wording.known_flows(asset)
    if not flows:
        return ()
    words = _Words(asset, flows, level)
    much = [words.much(flow) for flow in flows]
    return (*much, words.side(), words.sure(), words.first("inside"), words.first("between"))


class _Words:
    """Answers for one asset; the leading flow first."""

    def __init__(self, asset: AssetDiagnosis, flows: tuple[wording.Flow, ...], level: float) -> None:
        self.asset, self.flows, self.level = asset, flows, level
        self.splits = {f: s for f in flows for s in [wording.split(asset, f)] if not isinstance(s, Refusal)}
        self.leading = self.splits[flows[0]]
        self.is_weighed = flows[0] == "stock" and len(flows) > 1 and asset.verdict in (*_SIDE_OF, _BOTH)

    def much(self, flow: wording.Flow) -> Tile:
        """What one flow could recover, and what it lost."""
        split = self.splits[flow]
        question = "How much" if len(self.flows) == 1 else wording.FLOWS[flow]
        much = wording.said(split.total, self.level)
        within = f"({much.interval}) " if much.interval else ""
        if isinstance(split, Gap):
            lost = wording.said(split.missed, self.level).value
            return Tile(
                question, much.value, wording.prose(f"{within}of order lines could be recovered; {lost} missed")
            )
        lost = wording.said(split.lost, self.level).value
        met = f"{lost} met an empty shelf"
        if wording.is_blind(split):
            note = "met an empty shelf; no stage could be held to anything, so nobody can say what would have kept it"
            return Tile(question, f"{lost} lost", wording.prose(note))
        if isinstance(split.total, Estimate) and split.total.value < 0:
            note = f"{met}; repairs would cost sales: {much.value} {within}".strip()
            return Tile(question, "Nothing to gain", wording.prose(note))
        return Tile(question, much.value, wording.prose(f"{within}of units wanted could be sold; {met}"))

    def side(self) -> Tile:
        """Which side the verdict speaks for, with each flow's part of it."""
        question = "Which side"
        if self.is_weighed:
            wall = _SIDE_OF.get(self.asset.verdict)
            note = "; ".join(x for x in (self._part(flow, wall or "inside") for flow in self.flows) if x)
            return Tile(question, wording.SIDES[wall] if wall else "Both", wording.opening(note))
        wall, part = wording.side(self.leading)
        if isinstance(part, Refusal):
            return Tile(question, wording.NOT_KNOWN, wording.sentence(part.because))
        told = wording.said(part, self.level)
        if self.asset.verdict == _BOTH:
            note = f"the larger part, {told.value}, is {wording.SIDES[wall].lower()}"
            return Tile(question, "Both", wording.prose(note))
        judged = ", as far as judged" if self.leading.unjudged else ""
        what = "what could be recovered" if len(self.flows) == 1 else f"the {_OF[self.flows[0]]} that could be kept"
        return Tile(question, wording.SIDES[wall], wording.prose(f"{told} of {what}{judged}"))

    def sure(self) -> Tile:
        """How sure that side is; of a verdict from both flows, each flow's chance."""
        question = "How sure"
        if self.is_weighed and (wall := _SIDE_OF.get(self.asset.verdict)):
            chances = [(f, c) for f in self.flows if (c := _chance_of(self.splits[f], wall)) is not None]
            if not chances:
                return Tile(question, wording.NOT_KNOWN, "the chance was not computed")
            first, *others = chances
            note = f"chance that most {_OF[first[0]]} are {wording.WALLS[wall]}"
            note += "".join(f"; of {_OF[f]}: {wording.chance(c)}" for f, c in others)
            return Tile(question, wording.opening(wording.chance(first[1])), wording.prose(note))
        sure = wording.certainty(self.asset, self.leading, self.level)
        if sure is None:
            return Tile(question, wording.NOT_KNOWN, "the chance was not computed")
        note = sure[1]
        if self.is_weighed:
            note = f"{_OF[self.flows[0]]}: {note}"
        return Tile(question, wording.opening(sure[0]), note)

    def first(self, wall: Wall) -> Tile:
        """The largest stage of one side: the leading flow's, and the other's beside it."""
        question = f"Largest {wording.WALLS[wall]}"
        told = [found for flow in self.flows if (found := self._largest(flow, wall)) is not None]
        if not told:
            unjudged = ", ".join(words for s in self.splits.values() if (words := wording.not_judged(s)))
            nouns = " or ".join(f"{wording.NOUNS[flow]}s" for flow in self.flows)
            return Tile(question, "Nothing found", unjudged or f"no {nouns} to recover on this side", wall)
        (stage, note), *others = told
        also = "".join(f"; also {name.lower()}, {counted}" for name, counted in others)
        return Tile(question, stage, note + also, wall)

    def _largest(self, flow: wording.Flow, wall: Wall) -> tuple[str, str] | None:
        parts = [p for p in wording.stage_parts(self.asset, wall, 1, flow) if wording.size(p.of) > 0]
        if not parts:
            return None
        part = parts[0]
        who = wording.whose((*part.biggest, *part.others))
        return wording.stage(part.of.stage), wording.counted(wording.size(part.of), flow) + (f": {who}" if who else "")

    def _part(self, flow: wording.Flow, wall: Wall) -> str:
        share = self.splits[flow].inside_share
        if isinstance(share, Refusal):
            return ""
        part = share if wall == "inside" else wording.other_side(share)
        return wording.prose(f"{_OF[flow]}: {wording.said(part, self.level)} {wording.WALLS[wall]}")


_BOTH = "operate then orchestrate"


def _chance_of(split: Gap | Availability, wall: Wall) -> float | None:
    if split.inside_chance is None:
        return None
    return split.inside_chance if wall == "inside" else 1 - split.inside_chance
