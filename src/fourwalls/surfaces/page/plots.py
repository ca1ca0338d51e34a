"""Plots of a pilot as SVG: attributes, no style, so that the page, the PDF and a notebook draw them alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

INK, SOFT, RULE = "#1c2127", "#545d68", "#dde1e6"
DONE, WOULD, BAND, TINT = "#0072b2", "#d55e00", "#cfe3f1", "#f5f6f8"
_WIDTH, _HEIGHT = 560.0, 250.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 12.0, 14.0, 34.0
_FONT = 'font-family="-apple-system, Segoe UI, Roboto, Helvetica Neue, Arial, Libertinus Serif, sans-serif"'

Point = tuple[float, float]


@dataclass(slots=True)
class _Frame:
    """A drawing area with its scales; collects shapes."""

    x: tuple[float, float]
    y: tuple[float, float]
    title: str
    shapes: list[str] = field(default_factory=list)
    height: float = _HEIGHT
    left: float = _LEFT

    def px(self, x: float) -> float:
        return self.left + (x - self.x[0]) / ((self.x[1] - self.x[0]) or 1) * (_WIDTH - self.left - _RIGHT)

    def py(self, y: float) -> float:
        return self.height - _BOTTOM - (y - self.y[0]) / ((self.y[1] - self.y[0]) or 1) * (self.height - _TOP - _BOTTOM)

    def line(self, points: Sequence[Point], colour: str, width: float = 2.0, dash: str = "") -> None:
        path = " ".join(f"{self.px(x):.1f},{self.py(y):.1f}" for x, y in points)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.shapes.append(
            f'<polyline class="fw-p" points="{path}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round"{dashed}/>'
        )

    def area(self, points: Sequence[Point], colour: str) -> None:
        path = " ".join(f"{self.px(x):.1f},{self.py(y):.1f}" for x, y in points)
        self.shapes.append(f'<polygon points="{path}" fill="{colour}"/>')

    def dot(self, at: Point, colour: str, radius: float = 3.2) -> None:
        self.shapes.append(
            f'<circle cx="{self.px(at[0]):.1f}" cy="{self.py(at[1]):.1f}" r="{radius}" fill="{colour}"/>'
        )

    def text(
        self,
        x: float,
        y: float,
        words: str,
        anchor: str = "middle",
        colour: str = SOFT,
        size: int = 12,
        weight: int = 400,
    ) -> None:
        self.shapes.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" font-weight="{weight}" fill="{colour}">{escape(words)}</text>'
        )

    def axes(self, x_ticks: Sequence[tuple[float, str]], y_ticks: Sequence[tuple[float, str]], x_title: str) -> None:
        for at, words in y_ticks:
            self.line([(self.x[0], at), (self.x[1], at)], RULE, 1)
            self.text(self.left - 6, self.py(at) + 4, words, "end")
        for at, words in x_ticks:
            self.text(min(max(self.px(at), self.left + 10), _WIDTH - 26), self.height - _BOTTOM + 15, words)
        self.text((self.left + _WIDTH) / 2, self.height - 3, x_title)

    def start(self, at: float, words: str) -> None:
        self.line([(at, self.y[0]), (at, self.y[1])], SOFT, 1.2, "4 3")
        self.text(self.px(at) - 5, _TOP + 8, words, "end")

    def svg(self) -> str:
        body = "".join(self.shapes)
        return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {self.height:g}" role="img" {_FONT}><title>{escape(self.title)}</title>{body}</svg>'


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers between two bounds, at most about `most`.

    >>> ticks(0, 103)
    [0.0, 25.0, 50.0, 75.0, 100.0]
    """
    if not high > low:
        return [low]
    raw = (high - low) / most
    scale = 10.0 ** math.floor(math.log10(raw))
    step = next(m * scale for m in (1, 2, 2.5, 5, 10) if m * scale >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def short(value: float) -> str:
    """A tick in few signs.

    >>> short(-12500.0)
    '−12.5k'
    """
    size, after = abs(value), ""
    for limit, sign in ((1e9, "bn"), (1e6, "m"), (1e4, "k")):
        if size >= limit:
            size, after = size / (1e3 if sign == "k" else limit), sign
            break
    return f"{'−' if value < 0 else ''}{size:.6g}"[:8] + after


def _spread(values: Sequence[float], pad: float = 0.06) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = (high - low) * pad or abs(high) * 0.1 or 1.0
    return low - room, high + room


def _named(names: Sequence[str], most: int = 6) -> list[tuple[float, str]]:
    step = max(1, math.ceil(len(names) / most))
    return [(float(i), names[i]) for i in range(0, len(names), step)]


def paths(
    names: Sequence[str], observed: Sequence[float], would: Sequence[float], start: int | None, x_title: str, title: str
) -> str:
    """What the treated did, and what they would have done; the gap after the start is filled."""
    frame = _Frame((0, len(names) - 1), _spread([*observed, *would]), title)
    frame.axes(_named(names), [(t, short(t)) for t in ticks(*frame.y)], x_title)
    if start is not None and start < len(names):
        after = range(start, len(names))
        frame.area([*((float(i), observed[i]) for i in after), *((float(i), would[i]) for i in reversed(after))], BAND)
        frame.start(start - 0.5, "start")
    frame.line(list(enumerate(map(float, would))), WOULD, 2.0, "6 3")
    frame.line(list(enumerate(map(float, observed))), DONE, 2.2)
    return frame.svg()


def events(moments: Sequence[tuple[int, float, float | None, float | None]], x_title: str, title: str) -> str:
    """Treated minus counterfactual around the start, or added up from it on, with intervals: the event study."""
    values = [v for _, gap, low, high in moments for v in (gap, low, high) if v is not None]
    frame = _Frame((moments[0][0], moments[-1][0]), _spread([*values, 0.0]), title)
    frame.axes(
        [(t, short(t)) for t in ticks(*frame.x, 8) if t.is_integer()], [(t, short(t)) for t in ticks(*frame.y)], x_title
    )
    banded = [(m[0], m[2], m[3]) for m in moments if m[2] is not None and m[3] is not None]
    if banded:
        frame.area([*((float(x), h) for x, _, h in banded), *((float(x), low) for x, low, _ in reversed(banded))], BAND)
    frame.line([(frame.x[0], 0.0), (frame.x[1], 0.0)], INK, 1.2)
    if moments[0][0] < 0:
        frame.start(-0.5, "start")
    frame.line([(float(m[0]), m[1]) for m in moments], DONE, 1.6)
    for m in moments:
        frame.dot((float(m[0]), m[1]), DONE, 2.6 if len(moments) < 80 else 1.6)
    return frame.svg()


def power(curve: Sequence[Point], target: float, detectable: float, expected: float | None, title: str) -> str:
    """Chance of calling an effect, by its size; shares on the horizontal axis."""
    frame = _Frame(tuple(sorted((curve[0][0], curve[-1][0]))), (0.0, 1.02), title)  # type: ignore[arg-type]
    frame.axes(
        [(t, f"{100 * t:.3g} %") for t in ticks(*frame.x, 6)],
        [(t, f"{100 * t:.0f} %") for t in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)],
        "true effect",
    )
    frame.line([(frame.x[0], target), (frame.x[1], target)], SOFT, 1.2, "4 3")
    frame.line(list(curve), DONE, 2.4)
    frame.dot((detectable, target), DONE, 5)
    near = "start" if frame.px(detectable) < 0.8 * _WIDTH else "end"
    frame.text(
        frame.px(detectable) + (9 if near == "start" else -9),
        frame.py(target) + 18,
        f"seen: {100 * detectable:.2g} %",
        near,
        INK,
        13,
        600,
    )
    if expected is not None and frame.x[0] <= expected <= frame.x[1]:
        frame.line([(expected, 0.0), (expected, 1.0)], WOULD, 1.5, "6 3")
        frame.text(frame.px(expected) + 5, frame.py(0.04), f"expected: {100 * expected:.2g} %", "start", WOULD, 13, 600)
    return frame.svg()
