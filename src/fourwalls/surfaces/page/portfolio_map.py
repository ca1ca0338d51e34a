"""All assets on one map: what operating brings against what orchestrating brings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fourwalls.diagnosis import VerdictName
from fourwalls.surfaces.page.canvas import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    WIDTH,
    Canvas,
    Point,
    Scale,
    clipped,
    money,
    width_of,
)
from fourwalls.surfaces.page.plots import INK, RULE, SOFT, short, ticks
from fourwalls.surfaces.wording import VERDICTS

_LEFT, _TOP, _SIDE = 52.0, 26.0, 330.0
_LEAST, _MOST = 5.0, 17.0
_LABEL = 11.0

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Spot:
    """An asset on the map.

    Attributes:
        name: As a leader calls it.
        operate, orchestrate: What each path brings [money].
        revenue: Its size [money]; 0 where nobody knows.
        verdict: Its verdict.
        href: Where its mark leads; "" for nowhere.
    """

    name: str
    operate: float
    orchestrate: float
    revenue: float
    verdict: VerdictName
    href: str = ""


def portfolio_map(spots: Sequence[Spot], currency: str) -> str:
    """Each asset by what its two paths bring; the area of a mark is revenue, shape and colour are the verdict.

    Below the slanted line operating brings more, above it orchestrating. Names are written largest asset first, as far as
    they touch neither a mark nor another name; every mark tells itself when pointed at. With no asset the map is empty.

    Args:
        spots: The assets whose two paths have a value.
        currency: ISO code.
    """
    canvas = Canvas(_TOP + _SIDE + 40 + 20 * _key_rows(spots), f"Portfolio map: {len(spots)} assets")
    amounts = [a for s in spots for a in (s.operate, s.orchestrate)] or [0.0]
    x, y = Scale.over(amounts, _LEFT, _LEFT + _SIDE, 0.1), Scale.over(amounts, _TOP + _SIDE, _TOP, 0.1)
    _axes(canvas, x, y, currency)
    most = max((s.revenue for s in spots), default=0.0)
    order = sorted(spots, key=lambda s: (-s.revenue, s.name))
    marks = [(s, (x(s.operate), y(s.orchestrate)), _radius(s.revenue, most)) for s in order]
    for spot, at, radius in marks:
        told = f"{spot.name}: {VERDICTS[spot.verdict]}; operate {money(spot.operate)}, orchestrate {money(spot.orchestrate)}"
        size = f", revenue {money(spot.revenue)}" if spot.revenue else ""
        canvas.open(f"{told}{size} {currency}", spot.href)
        mark(canvas, spot.verdict, at, radius)
        canvas.close(spot.href)
    for at, words in labels([(s.name, at, r) for s, at, r in marks]):
        canvas.text(at, words, "start", INK, _LABEL)
    _key(canvas, spots)
    return canvas.svg()


def mark(canvas: Canvas, verdict: VerdictName, at: Point, radius: float) -> None:
    """The verdict's mark: a shape of its own each, so that no colour need be told from another."""
    x, y = at
    if verdict == "operate":
        r = radius * 0.89
        canvas.polygon([(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)], BLUE)
    elif verdict == "orchestrate":
        canvas.circle(at, radius, ORANGE)
    elif verdict == "operate then orchestrate":
        r = radius * 1.25
        canvas.polygon([(x, y - r), (x, y + r), (x - r, y)], BLUE)
        canvas.polygon([(x, y - r), (x + r, y), (x, y + r)], ORANGE)
    elif verdict == "govern first":
        r = radius * 1.3
        canvas.polygon([(x, y - r), (x + 0.87 * r, y + r / 2), (x - 0.87 * r, y + r / 2)], PURPLE)
    elif verdict == "leave it":
        canvas.circle(at, radius, "#fff", GREEN)
        canvas.line((x - radius / 2, y), (x + radius / 2, y), GREEN, 2)
    else:
        canvas.circle(at, radius, "#fff", SOFT, "3 2.5")


def labels(marks: Sequence[tuple[str, Point, float]]) -> list[tuple[Point, str]]:
    """Where names can stand without touching anything: name, centre and radius of each mark, the most important first."""
    taken: list[Box] = [(x - r, y - r, x + r, y + r) for _, (x, y), r in marks]
    placed = []
    for name, (x, y), r in marks:
        words = clipped(name, 22)
        wide = width_of(words, _LABEL)
        for left, base in (
            (x + r + 4, y + 4), (x - r - 4 - wide, y + 4), (x - wide / 2, y - r - 5), (x - wide / 2, y + r + 12),
        ):  # fmt: skip
            box = (left, base - 9, left + wide, base + 3)
            inside = box[0] >= _LEFT and box[2] <= WIDTH and box[1] >= _TOP and box[3] <= _TOP + _SIDE
            if inside and not any(_touch(box, other) for other in taken):
                taken.append(box)
                placed.append(((left, base), words))
                break
    return placed


def _touch(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _radius(revenue: float, most: float) -> float:
    return max(_LEAST, _MOST * math.sqrt(max(revenue, 0.0) / most)) if most > 0 else _LEAST


def _axes(canvas: Canvas, x: Scale, y: Scale, currency: str) -> None:
    for tick in ticks(x.low, x.high, 4):
        colour, width = (SOFT, 1.2) if tick == 0 else (RULE, 1.0)
        canvas.line((x(tick), y.start), (x(tick), y.end), colour, width)
        canvas.line((x.start, y(tick)), (x.end, y(tick)), colour, width)
        canvas.text((x(tick), y.start + 15), short(tick), "middle")
        canvas.text((x.start - 6, y(tick) + 4), short(tick), "end")
    canvas.line((x(x.low), y(x.low)), (x(x.high), y(x.high)), SOFT, 1.2, "4 3")
    canvas.text((0, 12), f"orchestrating brings, {currency}")
    canvas.text((x.end, y.start + 32), f"operating brings, {currency}", "end")


def _shown(spots: Sequence[Spot]) -> list[VerdictName]:
    return [v for v in VERDICTS if any(s.verdict == v for s in spots)]


def _key_rows(spots: Sequence[Spot]) -> int:
    return math.ceil(len(_shown(spots)) / 2)


def _key(canvas: Canvas, spots: Sequence[Spot]) -> None:
    for number, verdict in enumerate(_shown(spots)):
        at = (12 + 200.0 * (number % 2), _TOP + _SIDE + 52 + 20 * (number // 2))
        mark(canvas, verdict, at, 6)
        canvas.text((at[0] + 13, at[1] + 4), VERDICTS[verdict], "start", INK)
