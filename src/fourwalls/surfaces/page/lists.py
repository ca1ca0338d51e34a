"""The two lists: what one side of the wall can repair, stage by stage and party by party, in both flows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fourwalls.diagnosis import AssetDiagnosis, Contribution, Wall
from fourwalls.surfaces import wording


@dataclass(frozen=True, slots=True)
class Entry:
    """A contribution as one row of a list."""

    party: str
    outcome: str
    counted: str
    interval: str
    amount: wording.Said
    id: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A stage in one of the two lists.

    Attributes:
        stage, counted, interval: Which, and what it took, in order lines or units.
        standard: What it is held against; "" where a clock of the stage tells.
        rises: Whether its repair would cost sales.
        is_printed: Whether it goes on paper.
        whose, amount: All its parties in a few words and what it is worth, where paper has no room for each.
        entries: Its biggest parties.
        in_print: How many of these go on paper.
        further, further_in_print: The parties left out, on screen and on paper; "" if none is.
        id: Of the stage's share.
    """

    stage: str
    counted: str
    interval: str
    standard: str
    rises: bool
    is_printed: bool
    whose: str
    amount: str
    entries: tuple[Entry, ...]
    in_print: int
    further: str
    further_in_print: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The stages of one flow in a list, with what their figures are called."""

    flow: wording.Flow
    title: str
    counts: str
    amounts: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """One of the two lists; without groups where nothing was found on that side."""

    wall: Wall
    title: str
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """How many stages of a list, and parties of all of them, go on paper; without parties a stage is one row."""

    parts: int
    entries: int


def two_lists(asset: AssetDiagnosis, most: int, level: float, paper: Paper) -> tuple[Listed, ...]:
    """Inside fixes, outside dependencies, and what has no side if anything; the leading flow first in each.

    Lines and units are not put into one ranking: order value and gross margin are no measure of each other.

    Args:
        asset: The asset.
        most: Parties of a stage that are told by name.
        level: Coverage of ranges, as announced.
        paper: What goes on paper.
    """
    lists = (Listed(w, title, _groups(asset, w, most, level, paper)) for w, title in wording.LISTS.items())
    return tuple(x for x in lists if x.groups or x.wall != "unknown")


def _groups(asset: AssetDiagnosis, wall: Wall, most: int, level: float, paper: Paper) -> tuple[Group, ...]:
    found = {f: wording.stage_parts(asset, wall, most, f) for f in wording.known_flows(asset)}
    flows = [f for f, parts in found.items() if parts]
    left = paper.parts
    groups = []
    for n, flow in enumerate(flows):
        parts = found[flow]
        # Each flow gets its half of the paper, and what the other leaves.
        others = sum(len(found[f]) for f in flows[n + 1 :])
        here = min(len(parts), max(left - others, -(-left // (len(flows) - n))))
        left -= here
        on_paper = max(1, paper.entries // min(paper.parts, len(parts))) if paper.entries else 0
        words = _Words(asset, flow, level, on_paper)
        told = tuple(words.part(p, i < here) for i, p in enumerate(parts))
        counts = f"{wording.NOUNS[flow].capitalize()}s"
        groups.append(Group(flow, wording.FLOWS[flow], counts, wording.AMOUNTS[flow], told))
    return tuple(groups)


class _Words:
    """Puts the parts of one flow into words."""

    def __init__(self, asset: AssetDiagnosis, flow: wording.Flow, level: float, on_paper: int) -> None:
        self.n, self.level, self.on_paper = wording.measure(asset, flow), level, on_paper
        self.timed = {c.stage for c in asset.clocks} if flow == "service" else set()

    def part(self, part: wording.StagePart, is_printed: bool) -> Part:
        """One stage."""
        of = part.of
        cut = _whole_parties(part.biggest, self.on_paper) if self.on_paper else 0
        everyone = (*part.biggest, *part.others)
        printed, others = part.biggest[:cut], (*part.biggest[cut:], *part.others)
        told = of.stage not in self.timed and part.biggest
        return Part(
            stage=wording.stage(of.stage),
            counted=wording.lines(wording.size(of)),
            interval=wording.said(wording.as_lines(of.share, self.n), self.level).interval,
            standard=wording.standard(part.biggest[0].standard) if told else "",
            rises=wording.size(of) < 0,
            is_printed=is_printed,
            whose="" if cut else wording.whose(everyone),
            amount="" if cut else wording.summed(everyone),
            entries=tuple(self._entry(c) for c in part.biggest),
            in_print=cut,
            further=wording.further(part.biggest, part.others),
            further_in_print=wording.further(printed, others) if cut else "",
            id=wording.id_of(of.share),
        )

    def _entry(self, c: wording.Taken) -> Entry:
        return Entry(
            party=wording.name(c.party_name),
            outcome=wording.OUTCOMES[c.outcome] if isinstance(c, Contribution) else "",
            counted=wording.lines(wording.size(c)),
            interval=wording.said(wording.as_lines(c.share, self.n), self.level).interval,
            amount=wording.said(c.amount, self.level),
            id=wording.id_of(c.share),
        )


def _whole_parties(entries: Sequence[wording.Taken], most: int) -> int:
    """How many of the first entries are at most so many and leave no party half told; one party may fill them all."""
    cut = min(most, len(entries))
    while 0 < cut < len(entries) and entries[cut].party_id == entries[cut - 1].party_id:
        cut -= 1
    return cut or min(most, len(entries))
