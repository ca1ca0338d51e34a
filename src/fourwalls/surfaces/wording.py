"""How figures, refusals, units, durations and names read; every surface uses these words."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from fourwalls.diagnosis import AssetDiagnosis, Contribution, Gap, Outcome, StageShare, TableHealth, VerdictName, Wall
from fourwalls.figures import Estimate, Figure, Period, Reading, Refusal

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
_FEWER_DECIMALS = {"lines": 0, "share": 2}
_UNITS = {"rating share": "points of rating, 0 to 1"}


class Said(NamedTuple):
    """A figure in words: the value with its unit, and its range without brackets ("" if there is none)."""

    value: str
    interval: str

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

    of: StageShare
    biggest: tuple[Contribution, ...]
    others: tuple[Contribution, ...]


class _Scale(NamedTuple):
    factor: float
    before: str
    after: str


def plain(text: str) -> str:
    r"""Text that cannot steer its surroundings: one line, no control, surrogate or direction-changing characters.

    >>> plain("Kids\n\x1b[31m\u202eshoes ")
    'Kids [31mshoes'
    """
    kept = (c for c in text if c.isspace() or (unicodedata.category(c) not in ("Cc", "Cs") and not _turns_direction(c)))
    return " ".join("".join(kept).split())


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
    scale = _scale(figure)
    value, low, high = (x * scale.factor for x in (figure.value, figure.low, figure.high))
    decimals = _decimals(value, low, high, _FEWER_DECIMALS.get(figure.unit, _MOST_DECIMALS))
    unit = scale.after[:-1] if scale.after == " lines" and figure.value == 1 else scale.after
    text = f"{scale.before}{_grouped(value, decimals)}{unit}"
    if low == high:
        return Said(text, "")
    join = " to " if low < 0 else "–"
    interval = f"{_grouped(low, decimals)}{join}{_grouped(high, decimals)}"
    if level is not None and not math.isclose(level, figure.level):
        interval += f", {percent(figure.level)} interval"
    return Said(text, interval)


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


def in_lines(n: float) -> str:
    """Estimated order lines with their noun: "12,346 lines", "<1 line"."""
    text = lines(n)
    return f"{text} line" if text in ("1", "<1") else f"{text} lines"


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


def as_lines(share: Figure, n_lines: int) -> Figure:
    """A share of an asset's order lines, in order lines."""
    if isinstance(share, Refusal):
        return share
    return Estimate(share.value * n_lines, share.low * n_lines, share.high * n_lines, "lines", share.level)


def lines_of(share: Figure, n_lines: int, level: float | None = None) -> Said:
    """A share of an asset's order lines, in order lines, as every list tells it: "1,919 lines (1,600–2,300)"."""
    if isinstance(share, Refusal):
        return Said(NOT_KNOWN, "")
    return Said(in_lines(share.value * n_lines), said(as_lines(share, n_lines), level).interval)


def other_side(share: Figure) -> Figure:
    """What is left of a whole once a share of it is taken."""
    if isinstance(share, Refusal):
        return share
    return Estimate(1 - share.value, 1 - share.high, 1 - share.low, share.unit, share.level)


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


def stage_parts(diagnosed: AssetDiagnosis, wall: Wall, most: int) -> tuple[StagePart, ...]:
    """The stages of one side, largest first, each with its contributions.

    Args:
        diagnosed: The asset.
        wall: Which side.
        most: Parties of a stage that are told by name.
    """
    if isinstance(diagnosed.gap, Refusal):
        return ()
    stages = sorted((s for s in diagnosed.gap.stages if s.wall == wall), key=lambda s: -s.lines)
    return tuple(_stage_part(s, contributions_to(s, diagnosed.contributions), most) for s in stages)


def contributions_to(part: StageShare, contributions: Iterable[Contribution]) -> list[Contribution]:
    """The contributions that a stage's share consists of."""
    return [c for c in contributions if (c.stage, c.wall) == (part.stage, part.wall)]


def whose(contributions: Iterable[Contribution]) -> str:
    """The party of some contributions, or how many there are and which comes first."""
    parties = _parties(contributions)
    if not parties:
        return ""
    first = name(next(iter(parties))[1])
    return first if len(parties) == 1 else f"{count(len(parties))} parties, first {first}"


def further(told: Iterable[Contribution], others: Iterable[Contribution]) -> str:
    """What a list leaves out: "and 104 further parties: 115 lines"; "" if nothing.

    Args:
        told: Contributions that are in the list.
        others: Those that are not.
    """
    parties = _parties(others)
    if not parties:
        return ""
    noun = "further party" if len(parties) == 1 else "further parties"
    rest = "the rest" if parties.keys() & _parties(told).keys() else f"{count(len(parties))} {noun}"
    return f"and {rest}: {in_lines(sum(parties.values()))}"


def largest_part(diagnosed: AssetDiagnosis) -> str:
    """Where most of an asset's gap lies, for a list that is skimmed; why not, where there is nothing to act on."""
    gap = diagnosed.gap
    if isinstance(gap, Refusal) or not gap.stages or diagnosed.verdict in ("leave it", "cannot tell yet"):
        return sentence(diagnosed.because)
    first = max(gap.stages, key=lambda s: s.lines)
    part = f"{100 * first.lines / sum(s.lines for s in gap.stages):.0f} %"
    who = whose(contributions_to(first, diagnosed.contributions))
    return prose(f"{stage(first.stage)}, {WALLS[first.wall]}: {part} of it") + (f" · {who}" if who else "")


def where(diagnosed: AssetDiagnosis) -> str:
    """Stage and party of the largest part, for a narrow row; both sides' where both are acted on. "" if there is none."""
    gap = diagnosed.gap
    if isinstance(gap, Refusal) or not gap.stages:
        return ""
    first = [max(gap.stages, key=lambda s: s.lines)]
    if diagnosed.verdict == "operate then orchestrate":
        sides = [[s for s in gap.stages if s.wall == wall] for wall in ("inside", "between")]
        first = [max(stages, key=lambda s: s.lines) for stages in sides if stages]
    told = []
    for s in first:
        who = whose(contributions_to(s, diagnosed.contributions))
        told.append(f"{stage(s.stage)} · {who}" if who else stage(s.stage))
    return ", then ".join(told)


def side(gap: Gap) -> tuple[Wall, Figure]:
    """The side that holds more of what can be recovered, with its part of it."""
    if isinstance(gap.inside_share, Refusal):
        return "unknown", gap.inside_share
    if gap.inside_share.value >= 0.5:
        return "inside", gap.inside_share
    return "between", other_side(gap.inside_share)


def sureness(gap: Gap) -> tuple[str, Wall] | None:
    """How sure the larger side is: the chance in words and the side it speaks for; None where not computed."""
    if gap.inside_chance is None:
        return None
    if gap.inside_chance >= 0.5:
        return chance(gap.inside_chance), "inside"
    return chance(1 - gap.inside_chance), "between"


def certainty(diagnosed: AssetDiagnosis, gap: Gap, level: float | None = None) -> tuple[str, str] | None:
    """How sure the verdict's side is, in two phrases: that both sides count, or which is the larger, by what chance.

    Where a stage was not judged the second phrase says so. None where not computed.
    """
    if diagnosed.verdict == "operate then orchestrate" and isinstance(gap.inside_share, Estimate):
        judged = ", of what was judged" if gap.unjudged else ""
        return "Both sides", prose(f"inside {said(gap.inside_share, level)}, the rest between{judged}")
    sure = sureness(gap)
    if sure is None:
        return None
    judged = " of what was judged" if gap.unjudged else ""
    return sure[0], f"chance that the larger part{judged} is {WALLS[sure[1]]}"


def not_judged(gap: Gap) -> str:
    """Stages for which nothing is claimed: "release and promise not judged"; "" if there is none."""
    stages = [plain(s).replace("_", " ") for s in gap.unjudged]
    return (
        f"{' and '.join([*([', '.join(stages[:-1])] if stages[1:] else []), stages[-1]])} not judged" if stages else ""
    )


def nothing_found(gap: Gap | Refusal) -> str:
    """What an empty side of the wall says: that nothing was found, and for which stages nobody could look."""
    unjudged = "" if isinstance(gap, Refusal) else not_judged(gap)
    return f"nothing found; {unjudged}" if unjudged else "nothing found on this side"


def records(reading: Reading) -> str:
    """Records that a reading rests on; a dash where it was refused."""
    return "–" if isinstance(reading.figure, Refusal) else count(reading.n)


def by_wall(gap: Gap) -> dict[Wall, float]:
    """Order lines that could be recovered, by side."""
    return {wall: sum(s.lines for s in gap.stages if s.wall == wall) for wall in WALLS}


def unknowns(diagnosed: AssetDiagnosis) -> tuple[Refusal, ...]:
    """Every refusal of an asset, each question once: its own, then those in place of a figure."""
    found: dict[tuple[str, str], Refusal] = {}
    places: list[object] = [*diagnosed.refusals, diagnosed.gap, *(r.figure for r in diagnosed.readings)]
    if isinstance(diagnosed.gap, Gap):
        gap = diagnosed.gap
        places += [gap.total, gap.operate, gap.orchestrate, gap.interaction, gap.missed]
        places += [gap.residual, gap.untraced, gap.inside_share, *(s.share for s in gap.stages)]
    places += [figure for c in diagnosed.contributions for figure in (c.share, c.amount)]
    places += [figure for clock in diagnosed.clocks for figure in (clock.median, clock.p90)]
    for place in places:
        if isinstance(place, Refusal):
            found.setdefault((place.code, place.about), place)
    return tuple(found.values())


def aside(table: TableHealth) -> str:
    """Why rows of a table were set aside: "1,204 without a promise; 12 delivered before ordered"; "" if none were."""
    return "; ".join(f"{count(s.rows)} {plain(s.reason)}" for s in table.set_aside)


def plural(n: int, word: str) -> str:
    """A count with its noun: "1 asset", "2 assets"."""
    return f"{count(n)} {word}" if n == 1 else f"{count(n)} {word}s"


def _stage_part(part: StageShare, contributions: list[Contribution], most: int) -> StagePart:
    told = list(_parties(contributions))[:most]
    biggest = sorted((c for c in contributions if _party(c) in told), key=lambda c: (told.index(_party(c)), -c.lines))
    return StagePart(part, tuple(biggest), tuple(c for c in contributions if _party(c) not in told))


def _party(c: Contribution) -> tuple[str | None, str]:
    return c.party_id, c.party_name


def _parties(contributions: Iterable[Contribution]) -> dict[tuple[str | None, str], float]:
    """Order lines by party, over all outcomes, largest first."""
    sums: dict[tuple[str | None, str], float] = {}
    for c in contributions:
        sums[_party(c)] = sums.get(_party(c), 0.0) + c.lines
    return dict(sorted(sums.items(), key=lambda item: -item[1]))


def _turns_direction(character: str) -> bool:
    return "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069" or character in "\u200e\u200f\u061c"


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
    return _Scale(1, "", f" {_UNITS.get(figure.unit) or plain(figure.unit)}" if figure.unit else "")


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
