"""How figures, refusals, units, durations and names read; every surface uses these words."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
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
from fourwalls.figures import Estimate, Figure, Period, Reading, Refusal
from fourwalls.numbers import Numbered

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
NOT_KNOWN = "not known"
MINUS = "\u2212"

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONEY = re.compile(r"^([A-Z]{3})(?![A-Za-z])(.*)$", re.DOTALL)
_MOST_DECIMALS = 4
_FEWER_DECIMALS = {"lines": 0, "units": 0, "weeks": 1, "ratio": 1, "share": 2}
_UNITS = {"rating share": "points of rating, 0 to 1", "ratio": ""}
# Less than this of a unit is an estimate's dust, not a part of a chain.
_LEAST_UNITS = 0.5


class Said(NamedTuple):
    """A figure in words: the value with its unit, its range without brackets ("" if there is none), and its id."""

    value: str
    interval: str
    id: str = ""

    def __str__(self) -> str:
        """Value and range as one string: "7.9 % (6.8–9.1)"."""
        return f"{self.value} ({self.interval})" if self.interval else self.value


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


class _Scale(NamedTuple):
    factor: float
    before: str
    after: str


def plain(text: str) -> str:
    r"""Text that cannot steer its surroundings: one line, no control, surrogate or direction-changing characters.

    >>> plain("Kids\n\x1b[31m\u202eshoes ")
    'Kids [31mshoes'
    """
    if text.isascii() and text.isprintable():
        # Most text is: nothing in it needs to be looked up.
        return " ".join(text.split())
    kept = (c for c in text if c.isspace() or (unicodedata.category(c) not in ("Cc", "Cs") and not _turns_direction(c)))
    return " ".join("".join(kept).split())


def plain_line(text: str) -> str:
    r"""A line of code: as `plain`, with the spaces it begins with.

    >>> plain_line("    a\x1b[31m  b")
    '    a[31m b'
    """
    return " " * (len(text) - len(text.lstrip(" "))) + plain(text)


def prose(text: str) -> str:
    r"""Plain text with "%" on the line of its number, a space between them.

    >>> prose("chance 80%: 12.5 % of lines")
    'chance 80\xa0%: 12.5\xa0% of lines'
    """
    return re.sub(r"(?<=\d) ?%", "\u00a0%", plain(text))


def name(text: str | None) -> str:
    """The name of an asset or party; a word for none at all."""
    return plain(text or "") or "(no name)"


def said(figure: Figure, level: float | None = None) -> Said:
    """A figure as it is read aloud; a refusal is `NOT_KNOWN`.

    Args:
        figure: The estimate or refusal.
        level: Coverage the surface has announced; a figure of another coverage says its own.

    >>> str(said(Estimate(0.079, 0.068, 0.091, "share")))
    '7.9 % (6.8–9.1)'
    >>> str(said(Estimate(1_234_567.0, 1_034_000.0, 1_431_000.0, "EUR")))
    'EUR 1.23 million (1.03–1.43)'
    """
    if isinstance(figure, Refusal):
        return Said(NOT_KNOWN, "")
    number = id_of(figure)
    figure = _dusted(figure)
    scale = _scale(figure)
    value, low, high = (x * scale.factor for x in (figure.value, figure.low, figure.high))
    decimals = _decimals(value, low, high, _FEWER_DECIMALS.get(figure.unit, _MOST_DECIMALS))
    if _MONEY.match(figure.unit):
        # Two digits of the value, within three of the largest: with one, parts would no longer be seen to add up to their sum.
        most = max(abs(value), abs(low), abs(high))
        decimals = max(decimals, min(max(min(_place(value, 2), _place(most, 3)), _place(most, 2)), _MOST_DECIMALS))
    unit = scale.after[:-1] if scale.after in (" lines", " units") and figure.value == 1 else scale.after
    text = f"{scale.before}{_grouped(value, decimals)}{unit}"
    if low == high:
        return Said(text, "", number)
    join = " to " if low < 0 else "–"
    interval = f"{_grouped(low, decimals)}{join}{_grouped(high, decimals)}"
    if level is not None and not math.isclose(level, figure.level):
        interval += f", {percent(figure.level)} interval"
    return Said(text, interval, number)


def id_of(figure: Figure) -> str:
    """The id of a figure that knows it; else ""."""
    return figure.id if isinstance(figure, Numbered) else ""


def count(n: int) -> str:
    """A number of records, exact: "12,345"."""
    return _grouped(n, 0)


def lines(n: float) -> str:
    """A number of order lines that was estimated, whole so that parts are seen to add up; "<1" rather than 0.

    >>> lines(12345.6), lines(7.4), lines(0.2), lines(0.0)
    ('12,346', '7', '<1', '0')
    """
    if 0 < abs(n) < 1:
        return "<1" if n > 0 else f">{MINUS}1"
    return _grouped(n, 0)


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


def percent(share: float) -> str:
    """A share without a range: "90 %"; only the whole is 100 %."""
    if 0.9995 <= share < 1:
        return "over 99.9 %"
    return f"{_grouped(share * 100, min(1, _decimals(share * 100, share * 100, share * 100)))} %"


def chance(probability: float) -> str:
    """A chance from a finite number of draws: never 0 % or 100 %."""
    if probability > 0.99:
        return "more than 99 %"
    if probability < 0.01:
        return "less than 1 %"
    return f"{round(probability * 100)} %"


def change(figure: Figure) -> str:
    """A change as a share of what it changes, with its sign: "+8.5 %", "−0.1 %", "none"."""
    if isinstance(figure, Refusal):
        return NOT_KNOWN
    if abs(figure.value) < 5e-4:
        return "none"
    text = percent(abs(figure.value))
    return prose(f"{MINUS if figure.value < 0 else '+'}{text}")


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


def other_side(share: Figure) -> Figure:
    """What is left of a whole once a share of it is taken."""
    if isinstance(share, Refusal):
        return share
    return Numbered(1 - share.value, 1 - share.high, 1 - share.low, share.unit, share.level, id_of(share))


def day(value: date) -> str:
    """A day: "5 Mar 2025"."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def period(value: Period) -> str:
    """A period by its first and last day."""
    return f"{day(value.start)} to {day(value.end - timedelta(days=1))}"


def month(first_day: str) -> str:
    """A month from its first day: "2025-03-01" reads "Mar 2025"."""
    try:
        value = date.fromisoformat(first_day)
    except ValueError:
        return plain(first_day)
    return f"{_MONTHS[value.month - 1]} {value.year}"


def stage(word: str) -> str:
    """A stage as a title: "Fulfilment"."""
    return opening(word.replace("_", " "))


def opening(text: str) -> str:
    """Prose with a capital first letter, unless it opens with a name from the tables."""
    kept = prose(text)
    is_name = bool(re.match(r"\w*[_./]\w", kept))
    return kept if is_name else kept[:1].upper() + kept[1:]


def sentence(text: str) -> str:
    """Prose as a sentence: a capital first letter and a full stop.

    >>> sentence("no contract was given"), sentence("order_lines.cancelled_at is absent")
    ('No contract was given.', 'order_lines.cancelled_at is absent.')
    """
    kept = opening(text)
    return kept if not kept or kept[-1] in ".!?…" else f"{kept}."


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

    Of shelves, a stage can be judged on a few and not on most.
    """
    partly = {s.stage for s in gap.stages if isinstance(s, StageUnits) and abs(s.units) >= _LEAST_UNITS}
    told = []
    for ending, in_part in (("not judged", False), ("not judged on most shelves", True)):
        names = [plain(s).replace("_", " ") for s in gap.unjudged if (s in partly) is in_part]
        told += [f"{listed(names)} {ending}"] if names else []
    return "; ".join(told)


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: "release, carriage and promise"."""
    return " and ".join([*([", ".join(names[:-1])] if names[1:] else []), *names[-1:]])


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


def plural(n: int, word: str) -> str:
    """A count with its noun: "1 asset", "2 assets"."""
    return f"{count(n)} {word}" if n == 1 else f"{count(n)} {word}{'es' if word.endswith('ch') else 's'}"


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


def _turns_direction(character: str) -> bool:
    return "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069" or character in "\u200e\u200f\u061c"


def _dusted(figure: Estimate) -> Estimate:
    """A share of a millionth and less than a cent are nought: a floating-point rest is not a finding."""
    dust = 5e-7 if figure.unit == "share" else 5e-3 if _MONEY.match(figure.unit) else 0.0
    low, value, high = (0.0 if abs(x) < dust else x for x in (figure.low, figure.value, figure.high))
    return Estimate(value, low, high, figure.unit, figure.level)


def _scale(figure: Estimate) -> _Scale:
    """What to multiply by, and what to write before and after."""
    if figure.unit == "share":
        return _Scale(100, "", " %")
    size = max(abs(figure.value), abs(figure.low), abs(figure.high))
    if figure.unit == "hours":
        return _hours(abs(figure.value) or size)
    if money := _MONEY.match(figure.unit):
        factor, word = _large(size)
        return _Scale(factor, f"{money[1]} ", word + money[2])
    unit = _UNITS.get(figure.unit, plain(figure.unit))
    return _Scale(1, "", f" {unit}" if unit else "")


def _hours(size: float) -> _Scale:
    if size < 1:
        return _Scale(60, "", " min")
    return _Scale(1, "", " h") if size < 48 else _Scale(1 / 24, "", " days")


def _large(size: float) -> tuple[float, str]:
    if size >= 1e9:
        return 1e-9, " billion"
    return (1e-6, " million") if size >= 1e6 else (1, "")


def _place(x: float, digits: int) -> int:
    """Decimals that leave so many significant digits; negative to round to tens, hundreds."""
    return digits - 1 - math.floor(math.log10(abs(x))) if x else 0


def _decimals(value: float, low: float, high: float, most: int = _MOST_DECIMALS) -> int:
    """Decimals that the range makes meaningful, and no more than three significant digits of the value."""
    decimals = min(_place(value or high or low, 3), most)
    half = (high - low) / 2
    if half > 0:
        # One digit of the range says enough, unless it is a 1: rounding 0.14 to 0.1 would lose a third of it.
        leading = half / 10 ** math.floor(math.log10(half))
        decimals = min(decimals, _place(half, 2 if leading < 2 else 1))
    elif value == math.floor(value):
        decimals = min(decimals, 0)
    while low < high and decimals < _MOST_DECIMALS and _grouped(low, decimals) == _grouped(high, decimals):
        decimals += 1
    return decimals


def _grouped(x: float, decimals: int) -> str:
    """A number with thousands separators, rounded; a true minus sign; no negative zero."""
    rounded = round(x, decimals)
    text = f"{abs(rounded):,.{max(decimals, 0)}f}"
    return f"{MINUS}{text}" if rounded < 0 else text
