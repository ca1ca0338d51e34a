"""How stages, sides and what they lost read, asset by asset; with the words for figures, every surface uses these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from fourwalls.diagnosis import (
    AssetDiagnosis,
    Availability,
    Contribution,
    Diagnosis,
    Gap,
    LostUnits,
    Outcome,
    StageShare,
    StageUnits,
    TableHealth,
    VerdictName,
    Wall,
)
from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.surfaces.figures_told import MINUS as MINUS
from fourwalls.surfaces.figures_told import NOT_KNOWN as NOT_KNOWN
from fourwalls.surfaces.figures_told import Said as Said
from fourwalls.surfaces.figures_told import chance as chance
from fourwalls.surfaces.figures_told import change as change
from fourwalls.surfaces.figures_told import count as count
from fourwalls.surfaces.figures_told import day as day
from fourwalls.surfaces.figures_told import grouped as grouped
from fourwalls.surfaces.figures_told import id_of as id_of
from fourwalls.surfaces.figures_told import listed as listed
from fourwalls.surfaces.figures_told import month as month
from fourwalls.surfaces.figures_told import name as name
from fourwalls.surfaces.figures_told import opening as opening
from fourwalls.surfaces.figures_told import other_side as other_side
from fourwalls.surfaces.figures_told import percent as percent
from fourwalls.surfaces.figures_told import period as period
from fourwalls.surfaces.figures_told import plain as plain
from fourwalls.surfaces.figures_told import plain_line as plain_line
from fourwalls.surfaces.figures_told import plural as plural
from fourwalls.surfaces.figures_told import prose as prose
from fourwalls.surfaces.figures_told import said as said
from fourwalls.surfaces.figures_told import sentence as sentence

Flow = Literal["service", "stock"]
"""What is late or cancelled, counted in order lines; what empty shelves did not sell, counted in units."""
Taken = Contribution | LostUnits
StageTaken = StageShare | StageUnits

FLOWS: dict[Flow, str] = {"service": "Late lines", "stock": "Empty shelves"}
NOUNS: dict[Flow, str] = {"service": "line", "stock": "unit"}
AMOUNTS: dict[Flow, str] = {"service": "Their order value", "stock": "Their gross margin"}
COSTS_SALES = "repair costs sales"
LINE_STAGES = ("release", "fulfilment", "carriage", "promise")
SHELF_STAGES = ("forecast", "decision", "supply", "receiving", "allocation", "listing", "record", "shelf")
STAGES_TOLD: dict[str, str] = {
    "record": "the record says there is stock where none is",
    "shelf": "in the back room, not on the shelf",
    "content": "pictures and descriptions that sell less than others do",
    "price": "dearer than the rest of the range",
    "media": "money spent on what could not be bought",
    "waste": "bookings beyond what others need",
    "status": "people copy and report states",
    "feed": "data that come late or do not reconcile",
    "overflow": "turned away, though a partner could serve it",
}
"""Stages that do not tell themselves, in a few words."""
STOCK: dict[str, tuple[str, str]] = {
    "on_hand": ("Stock, mean day", ""),
    "weeks_of_cover": ("Cover", "that stock in weeks of demand"),
    "excess": ("Excess", "part of it beyond twice what must last until the next order arrives"),
    "amount": ("Stock at cost", ""),
    "gmroi": ("GMROI", "gross margin a year over stock at cost"),
    "operate": ("Inside repaired", "change of that stock"),
    "orchestrate": ("Between repaired", "change of that stock"),
    "both": ("Both repaired", "change of that stock"),
}
"""Figures of the stock held: label and what it means."""
WALLS: dict[Wall, str] = {"inside": "inside", "between": "between", "unknown": "side unknown"}
SIDES: dict[Wall, str] = {"inside": "Inside our walls", "between": "Between walls", "unknown": "Side unknown"}
OUTCOMES: dict[Outcome, str] = {"late": "late", "overdue": "overdue", "cancelled": "cancelled"}
VERDICTS: dict[VerdictName, str] = {
    "operate": "Operate",
    "orchestrate": "Orchestrate",
    "operate then orchestrate": "Operate, then orchestrate",
    "govern first": "Govern first",
    "leave it": "Leave it",
    "cannot tell yet": "Cannot tell yet",
}
LISTS: dict[Wall, str] = {"inside": "Inside fixes", "between": "Outside dependencies", "unknown": "Side unknown"}

# Less than this of a unit is an estimate's dust, not a part of a chain.
_LEAST_UNITS = 0.5


class StagePart(NamedTuple):
    """What one stage took on one side of the wall, with the parties that took most of it.

    Attributes:
        of: The stage's share of the gap.
        biggest: Contributions of the biggest parties, party by party.
        others: Contributions of all further parties.
    """

    of: StageTaken
    biggest: tuple[Taken, ...]
    others: tuple[Taken, ...]


def lines(n: float) -> str:
    """A number of order lines that was estimated, whole so that parts are seen to add up; "<1" rather than 0.

    >>> lines(12345.6), lines(7.4), lines(0.2), lines(0.0)
    ('12,346', '7', '<1', '0')
    """
    if 0 < abs(n) < 1:
        return "<1" if n > 0 else f">{MINUS}1"
    return grouped(n, 0)


def counted(n: float, flow: Flow) -> str:
    """Estimated order lines or units with their noun: "12,346 units", "<1 line"."""
    text, noun = lines(n), NOUNS[flow]
    return f"{text} {noun}" if text in ("1", "<1") else f"{text} {noun}s"


def size(part: Taken | StageTaken) -> float:
    """Order lines or units of a part, by its flow."""
    return part.lines if isinstance(part, Contribution | StageShare) else part.units


def flow_of(part: Taken | StageTaken) -> Flow:
    """Which flow a part belongs to."""
    return "service" if isinstance(part, Contribution | StageShare) else "stock"


def as_lines(share: Figure, n_lines: float) -> Figure:
    """A share of an asset's order lines (or of its units), in order lines (or units)."""
    if isinstance(share, Refusal):
        return share
    return Estimate(share.value * n_lines, share.low * n_lines, share.high * n_lines, "lines", share.level)


def lines_of(share: Figure, n_lines: float, level: float | None = None, flow: Flow = "service") -> Said:
    """A share of an asset's lines or units, counted, as every list tells it: "1,919 lines (1,600–2,300)"."""
    if isinstance(share, Refusal):
        return Said(NOT_KNOWN, "")
    return Said(counted(share.value * n_lines, flow), said(as_lines(share, n_lines), level).interval, id_of(share))


def stage(word: str) -> str:
    """A stage as a title: "Fulfilment"."""
    return opening(word.replace("_", " "))


def asset(diagnosed: AssetDiagnosis) -> str:
    """An asset's name on one line."""
    return name(diagnosed.name)


def standard(words: str) -> str:
    """What a stage is held against; "" where no standard was found."""
    return "" if words == "no standard" else prose(words)


def flows(diagnosis: Diagnosis) -> tuple[Flow, ...]:
    """Flows that a page shows: both only where at least one asset is known in each."""
    each = (diagnosis.total, *diagnosis.assets)
    if not any(isinstance(a.availability, Availability) for a in each):
        return ("service",)
    return ("service", "stock") if any(a.n_lines for a in each) else ("stock",)


def leading(diagnosed: AssetDiagnosis) -> Flow:
    """The flow that an asset's verdict rests on first: the stock flow under rules S1 to S6, or where it is alone."""
    if isinstance(diagnosed.availability, Refusal):
        return "service"
    return "stock" if diagnosed.rule.startswith("S") or isinstance(diagnosed.gap, Refusal) else "service"


def known_flows(diagnosed: AssetDiagnosis) -> tuple[Flow, ...]:
    """Flows of which an asset's split is known, the leading one first."""
    known: dict[Flow, bool] = {
        "service": isinstance(diagnosed.gap, Gap),
        "stock": isinstance(diagnosed.availability, Availability),
    }
    first = leading(diagnosed)
    return tuple(f for f in (first, *(f for f in known if f != first)) if known[f])


def split(diagnosed: AssetDiagnosis, flow: Flow) -> Gap | Availability | Refusal:
    """What could be recovered in one flow."""
    return diagnosed.gap if flow == "service" else diagnosed.availability


def measure(diagnosed: AssetDiagnosis, flow: Flow) -> float:
    """What shares of a flow are shares of: order lines, or units wanted."""
    if flow == "service":
        return diagnosed.n_lines
    return 0.0 if isinstance(diagnosed.availability, Refusal) else diagnosed.availability.wanted_units


def stages(diagnosed: AssetDiagnosis, flow: Flow) -> tuple[StageTaken, ...]:
    """Stages of one flow in the order of the chain; those of the stock flow without what rounds to no unit."""
    found = split(diagnosed, flow)
    if isinstance(found, Refusal):
        return ()
    return tuple(s for s in found.stages if isinstance(s, StageShare) or abs(s.units) >= _LEAST_UNITS)


def taken(diagnosed: AssetDiagnosis, flow: Flow) -> tuple[Taken, ...]:
    """Contributions of one flow."""
    if flow == "service":
        return diagnosed.contributions
    return () if isinstance(diagnosed.availability, Refusal) else diagnosed.availability.contributions


def stage_parts(diagnosed: AssetDiagnosis, wall: Wall, most: int, flow: Flow = "service") -> tuple[StagePart, ...]:
    """The stages of one side in one flow, those of most worth (or most lines or units) first, each with its contributions.

    Args:
        diagnosed: The asset.
        wall: Which side.
        most: Parties of a stage that are told by name.
        flow: Which flow.
    """
    mine = [s for s in stages(diagnosed, flow) if s.wall == wall]
    parts = [_stage_part(s, contributions_to(s, taken(diagnosed, flow)), most) for s in mine]
    worths = {id(p): worth((*p.biggest, *p.others)) for p in parts}
    if flow == "stock" and all(w is not None for w in worths.values()):
        return tuple(sorted(parts, key=lambda p: -(worths[id(p)] or 0.0)))
    return tuple(sorted(parts, key=lambda p: -size(p.of)))


def worth(contributions: Iterable[Taken]) -> float | None:
    """Sum of amounts; None where one is not known."""
    amounts = [c.amount for c in contributions]
    known = [a.value for a in amounts if isinstance(a, Estimate)]
    return sum(known) if len(known) == len(amounts) else None


def summed(contributions: Sequence[Taken]) -> str:
    """What some contributions are worth together, without a range; `NOT_KNOWN` where one is not."""
    units = {c.amount.unit for c in contributions if isinstance(c.amount, Estimate)}
    total = worth(contributions)
    if total is None or len(units) != 1:
        return NOT_KNOWN
    return said(Estimate(total, total, total, units.pop())).value


def contributions_to(part: StageTaken, contributions: Iterable[Taken]) -> list[Taken]:
    """The contributions that a stage's share consists of."""
    return [c for c in contributions if (c.stage, c.wall) == (part.stage, part.wall)]


def whose(contributions: Iterable[Taken]) -> str:
    """The party of some contributions, or how many there are and which comes first."""
    parties = _parties(contributions)
    if not parties:
        return ""
    first = name(next(iter(parties))[1])
    return first if len(parties) == 1 else f"{count(len(parties))} parties, first {first}"


def further(told: Iterable[Taken], others: Iterable[Taken]) -> str:
    """What a list leaves out: "and 104 further parties: 115 lines"; "" if nothing.

    Args:
        told: Contributions that are in the list.
        others: Those that are not.
    """
    left = tuple(others)
    parties = _parties(left)
    if not parties:
        return ""
    noun = "further party" if len(parties) == 1 else "further parties"
    rest = "the rest" if parties.keys() & _parties(told).keys() else f"{count(len(parties))} {noun}"
    return f"and {rest}: {counted(sum(parties.values()), flow_of(left[0]))}"


def largest_part(diagnosed: AssetDiagnosis) -> str:
    """Where most of an asset's loss lies, for a list that is skimmed; why not, where there is nothing to act on."""
    if diagnosed.verdict in ("leave it", "cannot tell yet"):
        return sentence(diagnosed.because)
    return most_of(diagnosed, leading(diagnosed)) or sentence(diagnosed.because)


def most_of(diagnosed: AssetDiagnosis, flow: Flow) -> str:
    """The stage that holds most of what one flow could recover: "Supply, between: 85 % of it · ACME"; "" if none.

    Where repairs together would cost sales, the stage that does.
    """
    each = stages(diagnosed, flow)
    if each and sum(size(s) for s in each) < 0:
        least = min(each, key=size)
        who = whose(contributions_to(least, taken(diagnosed, flow)))
        return prose(f"{COSTS_SALES}: {stage(least.stage)}, {WALLS[least.wall]}") + (f" · {who}" if who else "")
    found = [s for s in each if size(s) > 0]
    if not found:
        return ""
    first = max(found, key=size)
    part = f"{100 * size(first) / sum(size(s) for s in found):.0f} %"
    who = whose(contributions_to(first, taken(diagnosed, flow)))
    return prose(f"{stage(first.stage)}, {WALLS[first.wall]}: {part} of it") + (f" · {who}" if who else "")


_NONE_STANDS_OUT = "No stage stands out"


def where(diagnosed: AssetDiagnosis) -> str:
    """Stage and party that the verdict's own sentence names, for a narrow row; both sides' where both are acted on. "" if there is none."""
    if diagnosed.bottleneck.startswith(_NONE_STANDS_OUT):
        return ""
    found = [told for told in (_where_in_money(diagnosed), _where_in_flow(diagnosed)) if told]
    # The verdict goes by money or by what was counted; the row has to name what the sentence above it names.
    named = (told for told in found if all(of in diagnosed.bottleneck for of, _ in told))
    first = next(named, found[0] if found else [])
    return ", then ".join(f"{stage(of)} · {who}" if who else stage(of) for of, who in first)


def _where_in_money(diagnosed: AssetDiagnosis) -> list[tuple[str, str]]:
    sums: dict[tuple[str, Wall], float] = {}
    for x in diagnosed.losses:
        if isinstance(x.amount, Estimate):
            sums[x.stage, x.wall] = sums.get((x.stage, x.wall), 0.0) + x.amount.value
    return [(s, _whose_loss(diagnosed, s, wall)) for s, wall in _firsts(diagnosed, sums)]


def _where_in_flow(diagnosed: AssetDiagnosis) -> list[tuple[str, str]]:
    flow = leading(diagnosed)
    parts = {(s.stage, s.wall): s for s in stages(diagnosed, flow)}
    firsts = _firsts(diagnosed, {key: size(s) for key, s in parts.items()})
    return [(key[0], whose(contributions_to(parts[key], taken(diagnosed, flow)))) for key in firsts]


def _firsts(diagnosed: AssetDiagnosis, sizes: dict[tuple[str, Wall], float]) -> list[tuple[str, Wall]]:
    """The largest stage, or the largest of either side where both are acted on; none where nothing is lost."""
    order = sorted((key for key in sizes if sizes[key] > 0), key=lambda key: -sizes[key])
    if diagnosed.verdict != "operate then orchestrate":
        return order[:1]
    return [key for wall in ("inside", "between") for key in [k for k in order if k[1] == wall][:1]]


def _whose_loss(diagnosed: AssetDiagnosis, of: str, wall: Wall) -> str:
    """The party that loses most at a stage, and how many there are."""
    sums: dict[str, float] = {}
    for x in diagnosed.losses:
        if (x.stage, x.wall) == (of, wall) and isinstance(x.amount, Estimate):
            sums[x.party_name] = sums.get(x.party_name, 0.0) + x.amount.value
    first = max(sums, key=lambda party: sums[party])
    return name(first) if len(sums) == 1 else f"{count(len(sums))} parties, first {name(first)}"


def side(gap: Gap | Availability) -> tuple[Wall, Figure]:
    """The side that holds more of what can be recovered, with its part of it."""
    if isinstance(gap.inside_share, Refusal):
        return "unknown", gap.inside_share
    if gap.inside_share.value >= 0.5:
        return "inside", gap.inside_share
    return "between", other_side(gap.inside_share)


def sureness(gap: Gap | Availability) -> tuple[str, Wall] | None:
    """How sure the larger side is: the chance in words and the side it speaks for; None where not computed."""
    if gap.inside_chance is None:
        return None
    if gap.inside_chance >= 0.5:
        return chance(gap.inside_chance), "inside"
    return chance(1 - gap.inside_chance), "between"


def certainty(diagnosed: AssetDiagnosis, gap: Gap | Availability, level: float | None = None) -> tuple[str, str] | None:
    """How sure the verdict's side is, in two phrases: that both sides count, or which is the larger, by what chance.

    Where a stage was not judged the second phrase says so. None where not computed.
    """
    decided = isinstance(gap, Gap if leading(diagnosed) == "service" else Availability)
    if decided and diagnosed.verdict == "operate then orchestrate" and isinstance(gap.inside_share, Estimate):
        judged = ", of what was judged" if gap.unjudged else ""
        return "Both sides", prose(f"inside {said(gap.inside_share, level)}, the rest between{judged}")
    sure = sureness(gap)
    if sure is None:
        return None
    judged = " of what was judged" if gap.unjudged else ""
    return sure[0], f"chance that the larger part{judged} is {WALLS[sure[1]]}"


def not_judged(gap: Gap | Availability) -> str:
    """Stages for which nothing is claimed: "release and promise not judged"; "" if there is none.

    A stage can be judged on a few lines or shelves and not on most.
    """
    partly = {s.stage for s in gap.stages if abs(size(s)) >= _LEAST_UNITS}
    most = "not judged on most missed lines" if isinstance(gap, Gap) else "not judged on most shelves"
    told = []
    for ending, in_part in (("not judged", False), (most, True)):
        names = [plain(s).replace("_", " ") for s in gap.unjudged if (s in partly) is in_part]
        told += [f"{listed(names)} {ending}"] if names else []
    return "; ".join(told)


def nothing_found(*found: Gap | Availability | Refusal) -> str:
    """What an empty side of the wall says: that nothing was found, and for which stages nobody could look."""
    unjudged = ", ".join(x for gap in found if not isinstance(gap, Refusal) for x in [not_judged(gap)] if x)
    return f"nothing found; {unjudged}" if unjudged else "nothing found on this side"


def nothing_in(found: Gap | Availability | Refusal) -> str:
    """Why a flow has no largest part: not known, or nothing to recover."""
    if isinstance(found, Refusal):
        return prose(found.because)
    unjudged = not_judged(found)
    return f"nothing found; {unjudged}" if unjudged else "nothing to recover"


def alone(found: Gap | Availability, level: float) -> tuple[tuple[str, Said], ...]:
    """What repairing one side alone would recover, and what only both together do."""
    return (
        ("Repairing inside only", said(found.operate, level)),
        ("Repairing between only", said(found.orchestrate, level)),
        ("Only both together", said(found.interaction, level)),
    )


def costs_sales(stage_name: str) -> str:
    """What it means that a stage's part is below 0: its repair would cost sales."""
    if stage_name == "forecast":
        return (
            "The forecast is too high: it fills shelves with stock nobody planned for, and some of it sells. Repairing it "
            "frees stock and costs these sales."
        )
    return f"{stage(stage_name)} is better here than its standard: held to it, these units would not have been sold."


def rising(diagnosed: AssetDiagnosis) -> str:
    """Why parts of an asset's lost units are below 0, stage by stage; "" if none is."""
    below = (costs_sales(s.stage) for s in stages(diagnosed, "stock") if size(s) < 0)
    return " ".join(dict.fromkeys(below))


def rests_on(diagnosed: AssetDiagnosis) -> tuple[str, ...]:
    """What an asset's figures rest on: "149,116 order lines", "264 shelves"."""
    known = diagnosed.availability
    if isinstance(known, Refusal):
        # Of a work log alone, no order line was looked at.
        return (plural(diagnosed.n_lines, "order line"),) if diagnosed.n_lines or diagnosed.readings else ()
    shelf = f"{count(known.shelves)} {'shelf' if known.shelves == 1 else 'shelves'}"
    return (*((plural(diagnosed.n_lines, "order line"),) if diagnosed.n_lines else ()), shelf)


def records(reading: Reading) -> str:
    """Records that a reading rests on; a dash where it was refused."""
    return "–" if isinstance(reading.figure, Refusal) else count(reading.n)


def by_wall(gap: Gap | Availability) -> dict[Wall, float]:
    """Order lines or units that could be recovered, by side; below 0 where repairs would cost sales."""
    return {wall: sum(size(s) for s in gap.stages if s.wall == wall) for wall in WALLS}


def headline(split_of: Gap | Availability | Refusal) -> tuple[Figure, str]:
    """The share a list tells of a flow, and the word behind it: what could be recovered, else what was lost."""
    if isinstance(split_of, Refusal):
        return split_of, ""
    if isinstance(split_of, Availability) and isinstance(split_of.total, Refusal):
        return split_of.lost, " lost"
    return split_of.total, ""


def is_blind(known: Availability) -> bool:
    """Whether no stage could be held to anything: then nothing is known of repairs, and 0 would be a lie."""
    return bool(known.unjudged) and not known.contributions


def stock_figures(known: Availability) -> tuple[tuple[str, str, Said], ...]:
    """The stock behind an asset: label, meaning and figure, one after the other."""
    told = []
    for field, (label, meaning) in STOCK.items():
        figure: Figure = getattr(known.stock, field)
        if field in ("operate", "orchestrate", "both"):
            value = Said(NOT_KNOWN if is_blind(known) else change(figure), "", id_of(figure))
        else:
            value = said(figure)
        told.append((label, meaning, value))
    return tuple(told)


def unknowns(diagnosed: AssetDiagnosis) -> tuple[Refusal, ...]:
    """Every refusal of an asset, each question once: its own, then those in place of a figure."""
    found: dict[tuple[str, str], Refusal] = {}
    places: list[object] = [*diagnosed.refusals, diagnosed.gap, diagnosed.availability]
    places += [r.figure for r in diagnosed.readings]
    if isinstance(diagnosed.gap, Gap):
        gap = diagnosed.gap
        places += [gap.total, gap.operate, gap.orchestrate, gap.interaction, gap.missed]
        places += [gap.residual, gap.untraced, gap.inside_share, *(s.share for s in gap.stages)]
    places += [figure for c in diagnosed.contributions for figure in (c.share, c.amount)]
    places += [figure for clock in diagnosed.clocks for figure in (clock.median, clock.p90)]
    if isinstance(diagnosed.availability, Availability):
        a = diagnosed.availability
        places += [a.lost, a.total, a.operate, a.orchestrate, a.interaction, a.residual, a.inside_share]
        places += [s.share for s in a.stages] + [figure for c in a.contributions for figure in (c.share, c.amount)]
        places += [getattr(a.stock, field) for field in STOCK]
    for place in places:
        if isinstance(place, Refusal):
            found.setdefault((place.code, place.about), place)
    return tuple(found.values())


def aside(table: TableHealth) -> str:
    """Why rows of a table were set aside: "1,204 without a promise; 12 delivered before ordered"; "" if none were."""
    return "; ".join(f"{count(s.rows)} {plain(s.reason)}" for s in table.set_aside)


def _stage_part(part: StageTaken, contributions: list[Taken], most: int) -> StagePart:
    told = list(_parties(contributions))[:most]
    biggest = sorted((c for c in contributions if _party(c) in told), key=lambda c: (told.index(_party(c)), -size(c)))
    return StagePart(part, tuple(biggest), tuple(c for c in contributions if _party(c) not in told))


def _party(c: Taken) -> tuple[str | None, str]:
    return c.party_id, c.party_name


def _parties(contributions: Iterable[Taken]) -> dict[tuple[str | None, str], float]:
    """Order lines or units by party, over all outcomes, largest first (whatever its sign)."""
    sums: dict[tuple[str | None, str], float] = {}
    for c in contributions:
        sums[_party(c)] = sums.get(_party(c), 0.0) + size(c)
    return dict(sorted(sums.items(), key=lambda item: -abs(item[1])))
