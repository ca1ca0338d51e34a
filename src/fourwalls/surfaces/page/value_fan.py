"""What each path brings, with its range, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fourwalls.diagnosis import VerdictName
from fourwalls.surfaces import wording
from fourwalls.surfaces.page.canvas import BLUE, ORANGE, WIDTH, Canvas, Scale, money, money_axis
from fourwalls.surfaces.page.plots import INK, SOFT
from fourwalls.surfaces.page.portfolio_map import mark

_ROW = 52.0
_COLOURS: dict[str, str] = {"operate": BLUE, "orchestrate": ORANGE}

# Width of a letter of a path's name, and of what stands beside it.
_NAME, _LETTER = 7.2, 5.7


@dataclass(frozen=True, slots=True)
class Fan:
    """A path's value.

    Attributes:
        path: Which.
        low, middle, high: P10, P50, P90 [money].
        best_chance: Chance that it is the best, 0-1; None where nobody knows.
    """

    path: VerdictName
    low: float
    middle: float
    high: float
    best_chance: float | None = None


def _told(fan: Fan) -> str:
    """The middle, the range where there is room for it beside the name, and the chance."""
    chance = "" if fan.best_chance is None else f", best in {wording.chance(fan.best_chance)}"
    whole = f"{money(fan.middle)} ({money(fan.low)} to {money(fan.high)}){chance}"
    room = WIDTH - 4 - _NAME * len(wording.VERDICTS[fan.path])
    return whole if _LETTER * len(whole) <= room else f"{money(fan.middle)}{chance}"


def value_fan(fans: Sequence[Fan], currency: str) -> str:
    """Each path as a bar from P10 to P90, a mark at P50, and the chance that it is the best one.

    Args:
        fans: The paths; at least one.
        currency: ISO code.
    """
    canvas = Canvas(_ROW * len(fans) + 44, f"What each path brings, {currency}, eight cases in ten")
    x = Scale.over([a for f in fans for a in (f.low, f.high)], 14, WIDTH - 14)
    bottom = _ROW * len(fans) + 8
    money_axis(canvas, x, 6, bottom, f"{currency}, P10 to P90")
    for number, fan in enumerate(fans):
        top = 6 + _ROW * number
        colour = _COLOURS.get(fan.path, SOFT)
        canvas.text((2, top + 14), wording.VERDICTS[fan.path], "start", INK, 13, 600)
        canvas.text((WIDTH - 2, top + 14), _told(fan), "end", INK)
        middle = top + 34
        # The bar thins towards the ends of the range: there is less of it there.
        canvas.polygon(
            [(x(fan.low), middle), (x(fan.middle), middle - 8), (x(fan.high), middle), (x(fan.middle), middle + 8)],
            colour,
        )
        canvas.line((x(fan.low), middle), (x(fan.high), middle), colour, 2)
        for end in (fan.low, fan.high):
            canvas.line((x(end), middle - 6), (x(end), middle + 6), colour, 2)
        mark(canvas, fan.path, (x(fan.middle), middle), 6.5)
    return canvas.svg()
