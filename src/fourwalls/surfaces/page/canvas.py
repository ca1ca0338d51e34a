"""A drawing that stays readable on a phone: 400 wide, text at 12, attributes only, every word escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from fourwalls.surfaces.page.plots import RULE, SOFT, short, ticks
from fourwalls.surfaces.wording import plain

WIDTH = 400.0
BLUE, ORANGE, PURPLE, GREEN, PALE = "#0072b2", "#d55e00", "#8b3f73", "#007d5c", "#cfe3f1"
_FONT = 'font-family="-apple-system, Segoe UI, Roboto, Helvetica Neue, Arial, Libertinus Serif, sans-serif"'
# A sans-serif letter is about so wide, in parts of its size; wide on purpose, so that labels do not touch.
_LETTER = 0.56

Point = tuple[float, float]


def width_of(words: str, size: float = 12) -> float:
    """About how wide words stand."""
    return _LETTER * size * len(words)


def clipped(words: str, most: int = 24) -> str:
    """Words that cannot steer their surroundings, cut to a length.

    >>> clipped("Outdoor furniture and garden", 12)
    'Outdoor fur…'
    """
    words = plain(words)
    return words if len(words) <= most else f"{words[: most - 1].rstrip()}…"


def money(amount: float) -> str:
    """An amount in three digits.

    >>> money(695_333.3), money(-1_234.0), money(0.0)
    ('695k', '−1230', '0')
    """
    return short(float(f"{amount:.3g}")) if amount else "0"


@dataclass(slots=True)
class Canvas:
    """Collects shapes; pixels run right and down."""

    height: float
    title: str
    shapes: list[str] = field(default_factory=list)

    def line(self, a: Point, b: Point, colour: str = RULE, width: float = 1.0, dash: str = "") -> None:
        """A straight line."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.shapes.append(
            f'<line x1="{a[0]:.1f}" y1="{a[1]:.1f}" x2="{b[0]:.1f}" y2="{b[1]:.1f}" stroke="{colour}" stroke-width="{width:g}"{dashed}/>'
        )

    def polyline(self, points: Sequence[Point], colour: str, width: float = 2.2) -> None:
        """A line through points."""
        self.shapes.append(
            f'<polyline points="{_path(points)}" fill="none" stroke="{colour}" stroke-width="{width:g}" stroke-linejoin="round"/>'
        )

    def polygon(self, points: Sequence[Point], fill: str, stroke: str = "#fff", dash: str = "") -> None:
        """A filled shape with an edge."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.shapes.append(
            f'<polygon points="{_path(points)}" fill="{fill}" stroke="{stroke}" stroke-width="1.2"{dashed}/>'
        )

    def circle(self, at: Point, radius: float, fill: str, stroke: str = "#fff", dash: str = "") -> None:
        """A disc with an edge."""
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.shapes.append(
            f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius:.1f}" fill="{fill}" stroke="{stroke}" stroke-width="1.2"{dashed}/>'
        )

    def box(self, left: float, top: float, width: float, height: float, fill: str) -> None:
        """A filled rectangle."""
        self.shapes.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{max(width, 0.0):.1f}" height="{height:.1f}" fill="{fill}"/>'
        )

    def text(
        self, at: Point, words: str, anchor: str = "start", colour: str = SOFT, size: float = 12, weight: int = 400
    ) -> None:
        """Words at a point."""
        self.shapes.append(
            f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" text-anchor="{anchor}" font-size="{size:g}" font-weight="{weight}" fill="{colour}" stroke="#fff" stroke-width="3" stroke-linejoin="round" paint-order="stroke">{escape(plain(words))}</text>'
        )

    def open(self, told: str, href: str = "") -> None:
        """Begins a group that tells itself when pointed at, and leads somewhere if there is an address."""
        begins = f'<a href="{escape(href)}" aria-label="{escape(plain(told))}">' if href else ""
        self.shapes.append(f"{begins}<g><title>{escape(plain(told))}</title>")

    def close(self, href: str = "") -> None:
        """Ends the group."""
        self.shapes.append("</g></a>" if href else "</g>")

    def svg(self) -> str:
        """The drawing."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {self.height:g}" role="img" {_FONT}>'
            f"<title>{escape(plain(self.title))}</title>{''.join(self.shapes)}</svg>"
        )


@dataclass(frozen=True, slots=True)
class Scale:
    """Amounts to pixels."""

    low: float
    high: float
    start: float
    end: float

    @classmethod
    def over(cls, amounts: Sequence[float], start: float, end: float, pad: float = 0.06) -> Scale:
        """A scale that holds all amounts, and 0."""
        low, high = min(*amounts, 0.0), max(*amounts, 0.0)
        room = (high - low) * pad or 1.0
        return cls(low - room if low < 0 else low, high + room, start, end)

    def __call__(self, amount: float) -> float:
        """Where an amount stands."""
        return self.start + (amount - self.low) / (self.high - self.low) * (self.end - self.start)


def money_axis(canvas: Canvas, x: Scale, top: float, bottom: float, words: str, most: int = 4) -> None:
    """Rules, ticks and the name of a horizontal axis in money."""
    for tick in ticks(x.low, x.high, most):
        canvas.line((x(tick), top), (x(tick), bottom), SOFT if tick == 0 else RULE, 1.2 if tick == 0 else 1.0)
        canvas.text((x(tick), bottom + 14), short(tick), "middle")
    canvas.text((x.end, bottom + 29), words, "end")


def _path(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
