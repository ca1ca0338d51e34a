"""What a clause says in figures: durations, shares, times of day and dates."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from fourwalls.governance.words import NUMBERS

DAY_S = 86_400.0
SECONDS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), DAY_S),
    **dict.fromkeys(("w", "wk", "week", "weeks"), 7 * DAY_S),
    **dict.fromkeys(("mo", "mon", "month", "months"), 365.25 / 12 * DAY_S),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), 365.25 * DAY_S),
}
"""Unit → seconds. "m" is not among them: it is a minute to some, a month to others."""

_ISO = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_ISO_UNITS = ("y", "mo", "w", "d", "h", "min", "s")


class UnclearError(ValueError):
    """A clause whose figure cannot be read; says why."""


def number(value: object) -> float:
    """A number, also one written as text, above or equal to 0.

    Raises:
        UnclearError: It is none.
    """
    if isinstance(value, bool) or value is None:
        raise UnclearError(f"its value is {value!r}, no number")
    try:
        found = float(str(value).strip())
    except ValueError:
        raise UnclearError(f"its value is {str(value)[:40]!r}, no number") from None
    if not 0 <= found < 1e15:
        raise UnclearError(f"its value is {found:g}; allowed: 0 or more")
    return found


def seconds(value: object, unit: str | None) -> float:
    """A duration [s].

    >>> seconds(2, "h"), seconds("PT90M", None)
    (7200.0, 5400.0)

    Raises:
        UnclearError: The value is no number, or the unit none of time.
    """
    if isinstance(value, str):
        text = value.strip().upper()
        iso = _ISO.fullmatch(text)
        if iso and any(iso.groups()):
            return sum(float(n) * SECONDS[u] for n, u in zip(iso.groups(), _ISO_UNITS, strict=True) if n)
        parts = re.fullmatch(r"([\d.]+)\s*([a-z]+)", value.strip().lower())
        if parts and unit is None:
            return seconds(parts[1], parts[2])
    if unit is None:
        raise UnclearError("it says no unit of time")
    if unit.strip().lower() not in SECONDS:
        raise UnclearError(f"its unit is '{unit[:20]}'; known are s, min, h, d, w, mo, y")
    return number(value) * SECONDS[unit.strip().lower()]


def share(value: object, unit: str | None) -> float:
    """A share from 0 to 1, written as 0.99, "99 %", or 99 with the unit percent.

    >>> share("99.5%", None), share(2, "percent")
    (0.995, 0.02)

    Raises:
        UnclearError: It is none, or might be either.
    """
    text = str(value).strip()
    percent = text.endswith("%") or (unit or "").strip().lower() in ("%", "percent", "pct", "percentage")
    found = number(text.rstrip("% "))
    if not percent and found > 1:
        raise UnclearError(f"its value is {found:g} without a unit: percent, or something else?")
    found = found / 100 if percent else found
    if found > 1:
        raise UnclearError(f"its value is {found:.0%}, more than all")
    return found


def clock(value: object, zone: str | None) -> time:
    """A time of day with its zone; `zone` (or UTC) where it says none.

    Raises:
        UnclearError: It is none.
    """
    found = re.fullmatch(
        r"T?(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(Z|UTC|[+-]\d{2}:?\d{2})?", str(value).strip(), re.IGNORECASE
    )
    if not found or int(found[1]) > 23 or int(found[2]) > 59 or int(found[3] or 0) > 59:
        raise UnclearError(f"its value is {str(value)[:40]!r}, no time of day such as 06:00+00:00")
    offset = found[4]
    if offset is None:
        where: timezone | ZoneInfo = ZoneInfo(zone) if zone else UTC
    elif offset[0] in "+-":
        sign = -1 if offset[0] == "-" else 1
        where = timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:])))
    else:
        where = UTC
    return time(int(found[1]), int(found[2]), int(found[3] or 0), tzinfo=where)


def day(value: object) -> date:
    """A date, from a date or a time of ISO 8601.

    Raises:
        UnclearError: It is none.
    """
    try:
        return datetime.fromisoformat(str(value).strip()).date()
    except ValueError:
        raise UnclearError(f"its value is {str(value)[:40]!r}, no date such as 2026-12-31") from None


def longest_duration(text: str) -> float | None:
    """The longest time a sentence names [days]; None where it names none.

    >>> longest_duration("Sent by hand after 24 hours, at the latest after three days.")
    3.0
    """
    words = "|".join(NUMBERS)
    found = re.findall(rf"(?<![\w.])(\d+(?:\.\d+)?|{words})[\s-]+(?:working |business )?([a-z]+)", text.lower())
    days = [float(NUMBERS.get(n, 0) or n) * SECONDS[unit] / DAY_S for n, unit in found if unit in SECONDS]
    return max(days, default=None)
