"""Periods as people write them, in a form in which they can be put in order."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from datetime import date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.errors import PanelError

if TYPE_CHECKING:
    from collections.abc import Sequence

Time = int | float | date | str

_ALLOWED = (
    "numbers, dates as 2024-01-31 or 31.01.2024, months as 2024-01 or Jan 2024, quarters as 2024-Q1, weeks as 2024-W05"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR_FIRST = re.compile(r"(\d{4})[-/. ]?([QWM]?)(\d{1,2})", re.IGNORECASE)
_YEAR_LAST = re.compile(r"([QWM]?)(\d{1,2})[-/. ]?(\d{4})", re.IGNORECASE)
_NAMED = re.compile(rf"({'|'.join(_MONTHS)})[a-z]*[-/. ]?(\d{{4}})", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})")
_DATE_YEAR_LAST = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})")
_COUNTED = re.compile(r"([A-Za-z]+)[ _-]?(\d+)")


def normal_times(column: pa.ChunkedArray, name: str) -> list[Time]:
    """Periods as numbers, dates or sortable text."""
    values = _plain(column)
    if any(v is None or (isinstance(v, float) and math.isnan(v)) for v in values):
        at = next(i for i, v in enumerate(values) if v is None or (isinstance(v, float) and math.isnan(v)))
        raise PanelError(
            f"Column '{name}', row {at + 1}: the period is empty.",
            "Give the period in every row, or leave such rows out.",
        )
    if isinstance(values[0], str):
        return _times_from_text(values, name)
    if isinstance(values[0], datetime):
        plain = [v.replace(tzinfo=None) for v in values]
        if all(v.hour == v.minute == v.second == v.microsecond == 0 for v in plain):
            return [v.date() for v in plain]
        return [v.isoformat(" ") for v in plain]
    if isinstance(values[0], bool) or not isinstance(values[0], int | float | date):
        raise PanelError(
            f"Column '{name}': found {column.type}, allowed: numbers or dates.",
            "Give periods as 2024, or as 2024-01-31.",
        )
    return [int(v) if isinstance(v, float) and v.is_integer() else v for v in values]


def _plain(column: pa.ChunkedArray) -> list[Any]:
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    if isinstance(column.type, pa.BaseExtensionType) and column.type.extension_name == "pandas.period":
        # Arrow keeps their ordinal numbers; pandas tells a period, or its first and last day.
        return [str(v).split("/")[0] for v in column.to_pandas()]
    values: list[Any] = column.to_pylist()
    return values


def _times_from_text(values: list[str], name: str) -> list[Time]:
    day_first = _day_first(set(values))
    counted = _counted(set(values))
    known: dict[str, Time] = {}
    for value in dict.fromkeys(values):
        found = period_from_text(value, day_first=day_first)
        found = counted.get(value) if found is None else found
        if found is None:
            which = (
                "may be day first or month first, and nothing in the column tells"
                if _DATE_YEAR_LAST.fullmatch(value.strip())
                else f"is no period whose order is certain; allowed: {_ALLOWED}"
            )
            raise PanelError(
                f"Column '{name}': '{value[:40]}' {which}.", "Rewrite the column so, dates best as 2024-01-31."
            )
        known[value] = found
    if len({type(t) for t in known.values()}) > 1:
        # A midnight among times of the day is a time, too.
        known = {
            v: f"{t.isoformat()} 00:00:00" if len(v.strip()) > 10 and isinstance(t, date) else t
            for v, t in known.items()
        }
    if len({type(t) for t in known.values()}) > 1:
        kinds = list({type(t): text for text, t in known.items()}.values())
        raise PanelError(
            f"Column '{name}' mixes kinds of periods, e.g. {' and '.join(repr(v) for v in kinds)}.",
            "Write all periods alike.",
        )
    return [known[v] for v in values]


def _day_first(values: set[str]) -> bool | None:
    """Whether dates such as 01/02/2024 have the day first, as the other dates of the column tell; None if they do not."""
    parts = [m for v in values if (m := _DATE_YEAR_LAST.fullmatch(v.strip()))]
    if any(int(m[1]) > 12 for m in parts):
        return True
    return False if any(int(m[3]) > 12 for m in parts) else None


def _counted(values: set[str]) -> dict[str, Time]:
    """Periods that are counted, as week 1, week 2: their numbers; none if the words differ."""
    parts = {v: m for v in values if (m := _COUNTED.fullmatch(v.strip()))}
    alike = len(parts) == len(values) and len({m[1].lower() for m in parts.values()}) == 1
    return {v: int(m[2]) for v, m in parts.items()} if alike else {}


def period_from_text(text: str, *, day_first: bool | None = None) -> Time | None:
    """A period as one writes it, in the form in which periods are compared; None if its order would not be certain.

    Args:
        text: The period.
        day_first: Whether 01/02/2024 is the first of February; None if nobody knows. With points it always is.
    """
    kept = text.strip()
    if kept.isdigit():
        return int(kept)
    if found := _YEAR_FIRST.fullmatch(kept):
        return _part_of_year(found[1], found[2], found[3])
    if found := _NAMED.fullmatch(kept):
        return _part_of_year(found[2], "", str(_MONTHS.index(found[1].lower()) + 1))
    if found := _YEAR_LAST.fullmatch(kept):
        return _part_of_year(found[3], found[1], found[2])
    with suppress(ValueError):
        if found := _DATE.fullmatch(kept):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := _DATE_YEAR_LAST.fullmatch(kept):
            return _year_last(found, day_first=day_first)
        moment = datetime.fromisoformat(kept).replace(tzinfo=None)
        return moment.date() if moment.time() == datetime.min.time() else moment.isoformat(" ")
    return None


def _part_of_year(year: str, letter: str, number: str) -> str:
    return f"{year}-{letter.upper()}{int(number):02d}"


def _year_last(found: re.Match[str], *, day_first: bool | None) -> date | None:
    first, second = int(found[1]), int(found[3])
    if found[2] == "." or first > 12:
        day_first = True
    elif second > 12:
        day_first = False
    if day_first is None:
        return None
    day, month = (first, second) if day_first else (second, first)
    return date(int(found[4]), month, day)


def comparable(start: object, example: Time) -> object:
    """A start as the periods are: a date for dates, a number for numbers, text in the form of the periods."""
    if isinstance(start, float) and math.isfinite(start) and start.is_integer():
        start = int(start)
    if isinstance(example, int | float) and isinstance(start, int | float):
        return start
    text = str(start.isoformat(" ") if isinstance(start, datetime) else start)
    found = period_from_text(text)
    if isinstance(example, str) and isinstance(found, date):
        return datetime.combine(found, datetime.min.time()).isoformat(" ")
    if isinstance(example, date) and isinstance(found, str) and re.match(r"\d{4}-\d{2}-\d{2}", found):
        return date.fromisoformat(found[:10])
    if isinstance(example, float | int) and found is None:
        counted = _COUNTED.fullmatch(text.strip())
        with suppress(ValueError):
            return int(counted[2]) if counted else float(text)
    return text if found is None else found


def first_from(wanted: Any, times: Sequence[Time]) -> int:  # noqa: ANN401 - of the kind of the periods
    """Number of the first period not before the one wanted; how many there are if all are before it."""
    try:
        return next((i for i, t in enumerate(times) if t >= wanted), len(times))
    except TypeError:
        raise PanelError(
            f"Start '{wanted}' is not of the kind of the periods, e.g. {times[0]}.",
            "Write it as the periods are written; dates best as 2024-01-31.",
        ) from None


def gaps(times: Sequence[Time], name: str) -> tuple[str, ...]:
    """A sentence where periods seem to be left out."""
    if len(times) < 4 or isinstance(times[0], str):
        return ()
    steps = np.array([_distance(a, b) for a, b in pairwise(times)])
    # Months differ by three days; only steps of more than half again are gaps.
    wide = np.flatnonzero(steps > 1.5 * float(np.median(steps)))
    if not len(wide):
        return ()
    return (
        f"{len(wide)} gaps in {name}, first after {times[int(wide[0])]}: periods are taken in order, not by the calendar.",
    )


def _distance(earlier: Time, later: Time) -> float:
    if isinstance(earlier, date) and isinstance(later, date):
        return float((later - earlier).days)
    return float(later) - float(earlier) if isinstance(earlier, int | float) and isinstance(later, int | float) else 1.0
