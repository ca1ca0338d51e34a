"""How figures, refusals, units, durations and names read; every surface uses these words."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from datetime import date, timedelta
from typing import NamedTuple

from fourwalls.diagnosis import AssetDiagnosis, Contribution, Gap, Outcome, TableHealth, VerdictName, Wall
from fourwalls.figures import Estimate, Figure, Period, Refusal

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
STAGES = ("release", "fulfilment", "carriage", "promise")
NOT_KNOWN = "not known"
MINUS = "\u2212"

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONEY = re.compile(r"^([A-Z]{3})(?![A-Za-z])(.*)$", re.DOTALL)
_MOST_DECIMALS = 4
_FEWER_DECIMALS = {"lines": 0, "share": 2}


class Said(NamedTuple):
    """A figure in words: the value with its unit, and its range without brackets ("" if there is none)."""

    value: str
    interval: str

    def __str__(self) -> str:
        """Value and range as one string: "7.9 % (6.8–9.1)"."""
        return f"{self.value} ({self.interval})" if self.interval else self.value


class Culprit(NamedTuple):
    """What one stage in one party's hands took, over all outcomes, in order lines."""

    stage: str
    party: str
    lines: float


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
    """A number of order lines that was estimated: three significant digits, "<1" rather than 0.

    >>> lines(12345.6), lines(7.4), lines(0.2), lines(0.0)
    ('12,300', '7', '<1', '0')
    """
    if 0 < abs(n) < 1:
        return "<1" if n > 0 else f">{MINUS}1"
    return _grouped(n, min(0, _place(n, 3)))


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
    """Plain text with a capital first letter, unless it opens with a name from the tables."""
    kept = plain(text)
    is_name = bool(re.match(r"\w*[_./]\w", kept))
    return kept if is_name else kept[:1].upper() + kept[1:]


def sentence(text: str) -> str:
    """Plain text as a sentence: a capital first letter, a full stop, and "%" on the line of its number.

    >>> sentence("no contract was given"), sentence("order_lines.cancelled_at is absent")
    ('No contract was given.', 'order_lines.cancelled_at is absent.')
    """
    kept = re.sub(r"(?<=\d) %", "\u00a0%", opening(text))
    return kept if not kept or kept[-1] in ".!?…" else f"{kept}."


def asset(diagnosed: AssetDiagnosis) -> str:
    """An asset's name on one line."""
    return name(diagnosed.name)


def leading(diagnosed: AssetDiagnosis, wall: Wall) -> Culprit | None:
    """The stage and party that took most lines on one side, over all outcomes; None where none took any."""
    sums: dict[tuple[str, str | None, str], float] = {}
    for c in diagnosed.contributions:
        if c.wall == wall:
            key = (c.stage, c.party_id, c.party_name)
            sums[key] = sums.get(key, 0.0) + c.lines
    if not sums:
        return None
    (stage_word, _, party_name), most = max(sums.items(), key=lambda item: item[1])
    return Culprit(stage(stage_word), name(party_name), most) if most > 0 else None


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


def by_wall(contributions: Iterable[Contribution]) -> dict[Wall, float]:
    """Order lines of contributions, by side."""
    sums: dict[Wall, float] = {"inside": 0.0, "between": 0.0, "unknown": 0.0}
    for c in contributions:
        sums[c.wall] += c.lines
    return sums


def unknowns(diagnosed: AssetDiagnosis) -> tuple[Refusal, ...]:
    """Every refusal of an asset, each question once: its own, then those in place of a figure."""
    found: dict[tuple[str, str], Refusal] = {}
    places: list[object] = [*diagnosed.refusals, diagnosed.gap, *(r.figure for r in diagnosed.readings)]
    if isinstance(diagnosed.gap, Gap):
        gap = diagnosed.gap
        places += [gap.total, gap.operate, gap.orchestrate, gap.interaction, gap.missed]
        places += [gap.residual, gap.untraced, gap.inside_share]
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
    return _Scale(1, "", f" {plain(figure.unit)}" if figure.unit else "")


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
