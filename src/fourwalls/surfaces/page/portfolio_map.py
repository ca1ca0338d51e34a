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
)
from fourwalls.surfaces.page.placing import placed
from fourwalls.surfaces.page.plots import INK, RULE, SOFT, short, ticks
from fourwalls.surfaces.wording import VERDICTS, plain

_LEFT, _TOP, _SIDE = 52.0, 26.0, 330.0
_LEAST, _MOST = 5.0, 17.0
_LABEL, _LINE = 11.0, 14.0
# More names, or longer ones, find no room beside their marks: numbers do, and a list says which is which.
_MOST_NAMES, _LONG = 16, 22


@dataclass(frozen=True, slots=True)
class Spot:
    """An asset on the map.

    Attributes:
        name: As a leader calls it.
        operate, orchestrate: What each path brings [money].
        revenue: Its size [money]; 0 where nobody knows.
        verdict: Its verdict.
        href: Where its mark leads; "" for nowhere.
        number: Under which a list beside the map has it; "" where there is none.
    """

    name: str
    operate: float
    orchestrate: float
    revenue: float
    verdict: VerdictName
    href: str = ""
    number: str = ""


def portfolio_map(spots: Sequence[Spot], currency: str) -> str:
    """Each asset by what its two paths bring; the area of a mark is revenue, shape and colour are the verdict.

    Below the slanted line operating brings more, above it orchestrating. Names stand beside their marks, or are led away from
    them to where there is room. Where names are long or many, marks bear their numbers in the list beside the map, else those
    of a list below. Every mark tells itself when pointed at. With no asset the map is empty.

    Args:
        spots: The assets whose two paths have a value.
        currency: ISO code.
    """
    order = sorted(spots, key=lambda s: (-s.revenue, s.name))
    is_listed = len(spots) > _MOST_NAMES or any(len(plain(s.name)) > _LONG for s in spots)
    words = [(s.number or str(n)) if is_listed else plain(s.name) for n, s in enumerate(order, 1)]
    below = _TOP + _SIDE + 40 + 20 * _key_rows(spots)
    listed = order if is_listed and not all(s.number for s in order) else []
    canvas = Canvas(
        below + (_LINE * math.ceil(len(listed) / 2) + 6 if listed else 0), f"Portfolio map: {len(spots)} assets"
    )
    amounts = [a for s in spots for a in (s.operate, s.orchestrate)] or [0.0]
    x, y = Scale.over(amounts, _LEFT, _LEFT + _SIDE, 0.1), Scale.over(amounts, _TOP + _SIDE, _TOP, 0.1)
    _axes(canvas, x, y, currency)
    most = max((s.revenue for s in spots), default=0.0)
    marks = [(s, (x(s.operate), y(s.orchestrate)), _radius(s.revenue, most)) for s in order]
    for spot, at, radius in marks:
        told = f"{spot.name}: {VERDICTS[spot.verdict]}; operate {money(spot.operate)}, orchestrate {money(spot.orchestrate)}"
        size = f", revenue {money(spot.revenue)}" if spot.revenue else ""
        canvas.open(f"{told}{size} {currency}", spot.href)
        mark(canvas, spot.verdict, at, radius)
        canvas.close(spot.href)
    room = (_LEFT, _TOP, WIDTH, _TOP + _SIDE)
    for label in placed([(w, at, r) for w, (_, at, r) in zip(words, marks, strict=True)], room, _LABEL):
        if label.leader is not None:
            canvas.line(*label.leader, SOFT, 0.7)
        canvas.text(label.at, label.words, "start", INK, _LABEL)
    _key(canvas, spots)
    _list(canvas, listed, below)
    return canvas.svg()


def _list(canvas: Canvas, spots: Sequence[Spot], top: float) -> None:
    """Number and name of each asset, in two columns, down the first and then the second."""
    rows = math.ceil(len(spots) / 2)
    for number, spot in enumerate(spots):
        at = (4 + 200.0 * (number // rows), top + 12 + _LINE * (number % rows))
        canvas.text((at[0] + 14, at[1]), str(number + 1), "end", INK, 10, 600)
        canvas.text((at[0] + 19, at[1]), clipped(spot.name, 31), "start", SOFT, 10)


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
