"""The short answers under the verdict: how much, which side, how sure, and the first thing to look at on either side."""

from __future__ import annotations

from dataclasses import dataclass

from fourwalls.diagnosis import AssetDiagnosis, Availability, Diagnosis, Gap, Wall
from fourwalls.figures import Estimate, Refusal
from fourwalls.numbers import WHOLE, acted_on, chance_at_best, each_at_best, sum_at_best
from fourwalls.surfaces import at_best, evidence_words, wording

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
    id: str = ""


def tiles(asset: AssetDiagnosis, level: float, diagnosis: Diagnosis | None = None) -> tuple[Tile, ...]:
    """The short answers of an asset: in money where losses are priced, else from the flows whose split is known; none where neither is.

    Of the whole of a diagnosis, worth is that of each asset by the path of its verdict.
    """
    if any(evidence_words.losses_of(asset, wall) for wall in wording.WALLS):
        return _MoneyWords(asset, level, diagnosis if diagnosis and asset is diagnosis.total else None).tiles()
    flows = wording.known_flows(asset)
    if not flows:
        return ()
    words = _Words(asset, flows, level)
    much = [words.much(flow) for flow in flows]
    return (*much, words.side(), words.sure(), words.first("inside"), words.first("between"))


class _MoneyWords:
    """Answers in money for one asset, from all records together."""

    def __init__(self, asset: AssetDiagnosis, level: float, whole: Diagnosis | None) -> None:
        self.asset, self.level, self.whole = asset, level, whole
        self.lost: dict[Wall, Estimate | None] = {wall: evidence_words.lost(asset, wall) for wall in wording.WALLS}
        self.sums: dict[Wall, float] = {
            wall: max(x.value, 0.0) if x is not None else 0.0 for wall, x in self.lost.items()
        }
        self.path = acted_on(asset)

    def tiles(self) -> tuple[Tile, ...]:
        """What it is worth, what is lost, where, how sure, and the first thing on either side."""
        return (*self.worth(), self.much(), self.side(), *self.sure(), self.first("inside"), self.first("between"))

    def worth(self) -> tuple[Tile, ...]:
        """What the path of the verdict brings after its costs; none where nobody has said what paths cost."""
        if not self.asset.paths or self._is_default():
            return ()
        if self.whole is not None and (tile := _worth_of_all(self.whole)) is not None:
            return (tile,)
        if self.path is None:
            return (self._nothing(),)
        told = wording.said(self.path.value)
        within = f"({told.interval}) " if told.interval else ""
        pays = evidence_words.payback(self.path.payback)
        when = f"pays after {pays}" if isinstance(self.path.payback, Estimate) else pays
        note = f"{within}over the horizon, to {self.path.path}; {when}"
        return (Tile("Worth", told.value, wording.prose(note), id=told.id),)

    def _nothing(self) -> Tile:
        """Why nothing is counted: no path pays, none is likely to, or the verdict waits."""
        best, told = evidence_words.best_path(self.asset), evidence_words.worth_told(self.asset)
        if best is None or told is None:
            return Tile("Worth", "Nothing pays", "no path is expected to bring more than it costs")
        value = wording.said(best.value)
        note = f"to {best.path} would bring {value} on average over the horizon, and is not counted"
        return Tile("Worth", wording.opening(told.value), wording.prose(note), id=value.id)

    def much(self) -> Tile:
        """Margin lost a year, of what revenue."""
        known = [x for x in self.lost.values() if x is not None]
        told = wording.said(evidence_words.added(known), self.level)
        revenue = self.asset.revenue_per_year
        note = f"({told.interval}) " if told.interval else ""
        if isinstance(revenue, Estimate) and revenue.value > 0:
            part = wording.percent(sum(self.sums.values()) / revenue.value)
            note += f"margin, {part} of {wording.said(revenue).value} revenue"
        else:
            note += "margin, all records together"
        return Tile("Lost a year", told.value, wording.prose(note), id=self._id("lost"))

    def side(self) -> Tile:
        """Which side the verdict speaks for, with its part of the margin lost."""
        total = sum(self.sums.values())
        walls: list[Wall] = ["inside", "between", "unknown"]
        said = _SIDE_OF.get(self.asset.verdict)
        wall = max(walls, key=lambda w: self.sums[w]) if said is None else said
        if total <= 0:
            return Tile("Which side", wording.NOT_KNOWN, "no loss on either side")
        part = wording.percent(self.sums[wall] / total)
        if self.asset.verdict == _BOTH:
            note = f"{wording.percent(self.sums['inside'] / total)} of the margin lost is inside, {wording.percent(self.sums['between'] / total)} between"
            return Tile("Which side", "Both", wording.prose(note), id=self._id("lost.inside"))
        return Tile(
            "Which side", wording.SIDES[wall], wording.prose(f"{part} of the margin lost"), id=self._id(f"lost.{wall}")
        )

    def sure(self) -> tuple[Tile, ...]:
        """The chance that the path is best, doing nothing included; of the larger side where nobody has said what paths cost."""
        if self._is_default():
            flows = wording.known_flows(self.asset) if self.asset.verdict in (*_SIDE_OF, _BOTH) else ()
            return (_Words(self.asset, flows, self.level).sure(),) if flows else ()
        if self.whole is not None and (sure := chance_at_best(self.whole)) is not None:
            n = wording.plural(len(each_at_best(self.whole)), "asset")
            note = f"mean chance that what the verdict says is best for an asset; {n} to act on, weighed by worth"
            return (Tile("How sure", wording.opening(wording.chance(sure)), note, id=f"{WHOLE}.best.chance"),)
        if self.path is None:
            rest = max(0.0, 1 - sum(p.chance for p in self.asset.paths))
            return (Tile("How sure", wording.opening(wording.chance(rest)), "chance that doing nothing is best"),)
        told = wording.opening(wording.chance(self.path.chance))
        at = wording.id_of(self.path.value).rpartition(".")[0]
        note = f"chance that nothing brings more than to {self.path.path}"
        return (Tile("How sure", told, note, id=f"{at}.chance" if at else ""),)

    def first(self, wall: Wall) -> Tile:
        """The largest loss of one side, in money, and whose."""
        question = f"Largest {wording.WALLS[wall]}"
        found = evidence_words.losses_of(self.asset, wall)
        if not found:
            splits = [wording.split(self.asset, flow) for flow in wording.known_flows(self.asset)]
            unjudged = ", ".join(w for s in splits if not isinstance(s, Refusal) and (w := wording.not_judged(s)))
            if unjudged:
                return Tile(question, wording.NOT_KNOWN, wording.prose(unjudged), wall)
            return Tile(question, "Nothing found", "no margin is lost on this side", wall)
        s = found[0]
        amount = wording.said(s.amount)
        return Tile(
            question, wording.stage(s.stage), wording.prose(f"{amount.value} a year: {s.whose}"), wall, amount.id
        )

    def _is_default(self) -> bool:
        return any(p.is_default for p in self.asset.paths)

    def _id(self, words: str) -> str:
        first = next((wording.id_of(x.amount) for x in self.asset.losses if wording.id_of(x.amount)), "")
        return f"{first.partition('.')[0]}.{words}" if first else ""


def _worth_of_all(whole: Diagnosis) -> Tile | None:
    """What all assets bring, each by the path of its verdict; None where no asset brings anything."""
    value, chosen = sum_at_best(whole), each_at_best(whole)
    if value is None or not chosen:
        return None
    told, one = wording.said(value), at_best.of_one_path(whole)
    n = f"{wording.count(len(chosen))} of {wording.plural(len(whole.assets), 'asset')}"
    alike = f"; one path for all: {one}" if one else "; no path pays if all take it"
    note = f"({told.interval}) over {evidence_words.horizon(whole)}, {n} by its own verdict{alike}"
    return Tile("Worth", told.value, wording.prose(note), id=told.id)


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
                question,
                much.value,
                wording.prose(f"{within}of order lines could be recovered; {lost} missed"),
                id=much.id,
            )
        lost = wording.said(split.lost, self.level).value
        met = f"{lost} met an empty shelf"
        if wording.is_blind(split):
            note = "met an empty shelf; no stage could be held to anything, so nobody can say what would have kept it"
            return Tile(question, f"{lost} lost", wording.prose(note))
        if isinstance(split.total, Estimate) and split.total.value < 0:
            note = f"{met}; repairs would cost sales: {much.value} {within}".strip()
            return Tile(question, "Nothing to gain", wording.prose(note))
        return Tile(question, much.value, wording.prose(f"{within}of units wanted could be sold; {met}"), id=much.id)

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
        return Tile(question, wording.SIDES[wall], wording.prose(f"{told} of {what}{judged}"), id=told.id)

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
            return Tile(
                question, wording.opening(wording.chance(first[1])), wording.prose(note), id=self._chance_id(first[0])
            )
        sure = wording.certainty(self.asset, self.leading, self.level)
        if sure is None:
            return Tile(question, wording.NOT_KNOWN, "the chance was not computed")
        note = sure[1]
        if self.is_weighed:
            note = f"{_OF[self.flows[0]]}: {note}"
        return Tile(question, wording.opening(sure[0]), note, id=self._chance_id(self.flows[0]))

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

    def _chance_id(self, flow: wording.Flow) -> str:
        at = wording.id_of(self.splits[flow].total).rpartition(".")[0]
        return f"{at}.inside_chance" if at else ""

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
