"""How figures, dates and names read: digits that the range makes meaningful, units, and text that steers nothing."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

from fourwalls.figures import Estimate, Figure, Period, Refusal
from fourwalls.numbers import Numbered

NOT_KNOWN = "not known"
MINUS = "\u2212"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONEY = re.compile(r"^([A-Z]{3})(?![A-Za-z])(.*)$", re.DOTALL)
_MOST_DECIMALS = 4
_FEWER_DECIMALS = {"lines": 0, "units": 0, "weeks": 1, "ratio": 1, "share": 2}
_UNITS = {"rating share": "points of rating, 0 to 1", "ratio": ""}


class Said(NamedTuple):
    """A figure in words: the value with its unit, its range without brackets ("" if there is none), and its id."""

    value: str
    interval: str
    id: str = ""

    def __str__(self) -> str:
        """Value and range as one string: "7.9 % (6.8–9.1)"."""
        return f"{self.value} ({self.interval})" if self.interval else self.value


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
    text = f"{scale.before}{grouped(value, decimals)}{unit}"
    if low == high:
        return Said(text, "", number)
    join = " to " if low < 0 else "–"
    interval = f"{grouped(low, decimals)}{join}{grouped(high, decimals)}"
    if level is not None and not math.isclose(level, figure.level):
        interval += f", {percent(figure.level)} interval"
    return Said(text, interval, number)


def id_of(figure: Figure) -> str:
    """The id of a figure that knows it; else ""."""
    return figure.id if isinstance(figure, Numbered) else ""


def count(n: int) -> str:
    """A number of records, exact: "12,345"."""
    return grouped(n, 0)


def percent(share: float) -> str:
    """A share without a range: "90 %"; only the whole is 100 %."""
    if 0.9995 <= share < 1:
        return "over 99.9 %"
    return f"{grouped(share * 100, min(1, _decimals(share * 100, share * 100, share * 100)))} %"


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


def listed(names: Sequence[str]) -> str:
    """Names in a sentence: "release, carriage and promise"."""
    return " and ".join([*([", ".join(names[:-1])] if names[1:] else []), *names[-1:]])


def plural(n: int, word: str) -> str:
    """A count with its noun: "1 asset", "2 assets"."""
    return f"{count(n)} {word}" if n == 1 else f"{count(n)} {word}{'es' if word.endswith('ch') else 's'}"


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
    while low < high and decimals < _MOST_DECIMALS and grouped(low, decimals) == grouped(high, decimals):
        decimals += 1
    return decimals


def grouped(x: float, decimals: int) -> str:
    """A number with thousands separators, rounded; a true minus sign; no negative zero."""
    rounded = round(x, decimals)
    text = f"{abs(rounded):,.{max(decimals, 0)}f}"
    return f"{MINUS}{text}" if rounded < 0 else text
