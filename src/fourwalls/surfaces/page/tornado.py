"""Which assumptions move the answer, and where they turn it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fourwalls.surfaces.page.canvas import BLUE, ORANGE, PALE, WIDTH, Canvas, Scale, clipped, money, money_axis
from fourwalls.surfaces.page.plots import INK, SOFT

_ROW = 52.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One assumption.

    Attributes:
        name: In words.
        low, high: Ends of its range, in words with their unit.
        at_low, at_high: What the best path brings there [money].
        turns: Where the answer changes and to what, in words; "" where it never does within the range.
    """

    name: str
    low: str
    high: str
    at_low: float
    at_high: float
    turns: str = ""


def tornado(bars: Sequence[Bar], base: float, path: str, currency: str) -> str:
    """One bar for each assumption, from what the best path brings at the low end to what it brings at the high end.

    Args:
        bars: Widest first; at least one.
        base: What it brings with all as taken [money].
        path: Its name in words.
        currency: ISO code.
    """
    canvas = Canvas(_ROW * len(bars) + 48, f"What moves the value of {path}")
    x = Scale.over([base, *(a for b in bars for a in (b.at_low, b.at_high))], 14, WIDTH - 14)
    bottom = _ROW * len(bars) + 10
    money_axis(canvas, x, 6, bottom, f"{path} brings, {currency}: pale at the low end, dark at the high end", 5)
    for number, bar in enumerate(bars):
        top = 6 + _ROW * number
        canvas.text((2, top + 13), clipped(bar.name, 38), "start", INK, 12, 600)
        canvas.text((WIDTH - 2, top + 13), f"{bar.low} to {bar.high}", "end")
        for end, fill in ((bar.at_low, PALE), (bar.at_high, BLUE)):
            canvas.box(min(x(base), x(end)), top + 18, abs(x(end) - x(base)), 10, fill)
        canvas.text(
            (2, top + 39), bar.turns or "does not change the answer", "start", ORANGE if bar.turns else SOFT, 11,
            600 if bar.turns else 400,
        )  # fmt: skip
        canvas.text((WIDTH - 2, top + 39), f"{money(bar.at_low)} to {money(bar.at_high)}", "end", SOFT, 11)
    canvas.line((x(base), 6), (x(base), bottom), INK, 1.2, "4 3")
    return canvas.svg()
