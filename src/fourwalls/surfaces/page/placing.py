"""Where labels of a drawing can stand so that none touches a mark or another label."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fourwalls.surfaces.page.canvas import Point, width_of

Box = tuple[float, float, float, float]
_UP, _DOWN, _GAP = 9.0, 3.0, 4.0
# How far a label may be led away from its mark, in steps; directions go round twice an hour of a clock face.
_STEP, _STEPS, _DIRECTIONS = 9.0, 14, 24


@dataclass(frozen=True, slots=True)
class Label:
    """A label with its place.

    Attributes:
        words: As given.
        at: Left end of its base line.
        leader: From the mark to the label, where it stands away from it; None beside it.
    """

    words: str
    at: Point
    leader: tuple[Point, Point] | None = None


def placed(marks: Sequence[tuple[str, Point, float]], room: Box, size: float) -> list[Label]:
    """Labels beside their marks where there is room, else led away to the nearest free place; those without any are left out.

    Args:
        marks: Words, centre and radius of each, the most important first.
        room: Left, top, right and bottom of what may be written on.
        size: Of the type.
    """
    taken: list[Box] = [(x - r, y - r, x + r, y + r) for _, (x, y), r in marks]
    found = []
    for words, centre, radius in marks:
        wide = width_of(words, size)
        for left, base, far in _places(centre, radius, wide):
            box = (left, base - _UP, left + wide, base + _DOWN)
            inside = room[0] <= box[0] and box[2] <= room[2] and room[1] <= box[1] and box[3] <= room[3]
            if inside and not any(_touch(box, other) for other in taken):
                taken.append(box)
                found.append(Label(words, (left, base), _leader(centre, radius, box) if far else None))
                break
    return found


def _places(centre: Point, radius: float, wide: float) -> Iterator[tuple[float, float, bool]]:
    """Left end, base line, and whether it stands away: right, left, above, below, then round and round outwards."""
    x, y = centre
    off = radius + _GAP
    yield x + off, y + 4, False
    yield x - off - wide, y + 4, False
    yield x - wide / 2, y - off - 1, False
    yield x - wide / 2, y + off + 8, False
    for step in range(1, _STEPS + 1):
        reach = off + _STEP * step
        for turn in range(_DIRECTIONS):
            angle = 2 * math.pi * turn / _DIRECTIONS
            dx, dy = math.cos(angle) * reach, math.sin(angle) * reach
            left = x + dx if dx > 1 else x + dx - wide if dx < -1 else x - wide / 2
            yield left, y + dy + 4, True


def _leader(centre: Point, radius: float, box: Box) -> tuple[Point, Point]:
    """A line from the edge of the mark to the nearest point of the label."""
    x, y = centre
    end = min(max(x, box[0]), box[2]), min(max(y, box[1]), box[3])
    far = math.hypot(end[0] - x, end[1] - y) or 1.0
    return (x + (end[0] - x) * radius / far, y + (end[1] - y) * radius / far), end


def _touch(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
