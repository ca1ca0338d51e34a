"""What more money would bring: the efficient frontier as a picture."""

from __future__ import annotations

from collections.abc import Sequence

from fourwalls.surfaces.page.canvas import BLUE, ORANGE, PALE, WIDTH, Canvas, Scale, money, width_of
from fourwalls.surfaces.page.plots import INK, RULE, SOFT, short, ticks

_LEFT, _TOP, _BOTTOM, _HEIGHT = 52.0, 30.0, 218.0, 256.0


def frontier(points: Sequence[tuple[float, float]], budget: float, value: float, currency: str) -> str:
    """The most that each budget can bring, and where we stand.

    Args:
        points: Budget and value, by rising budget [money]; at least two.
        budget, value: The budget given, and what the plan brings with it [money].
        currency: ISO code.
    """
    canvas = Canvas(_HEIGHT, f"What a budget could bring: {money(value)} {currency} with {money(budget)} {currency}")
    x = Scale.over([b for b, _ in points] + [budget], _LEFT, WIDTH - 12, 0.03)
    y = Scale.over([v for _, v in points] + [value], _BOTTOM, _TOP)
    for tick in ticks(y.low, y.high, 4):
        canvas.line((_LEFT, y(tick)), (WIDTH - 12, y(tick)), RULE)
        canvas.text((_LEFT - 6, y(tick) + 4), short(tick), "end")
    for tick in ticks(x.low, x.high, 4):
        canvas.text((x(tick), _BOTTOM + 15), short(tick), "middle")
    canvas.text((0, 12), f"value of the best plan, {currency}")
    canvas.text((WIDTH - 12, _BOTTOM + 31), f"budget, {currency}", "end")
    spots = [(x(b), y(v)) for b, v in points]
    canvas.polygon([*spots, (spots[-1][0], y(0.0)), (spots[0][0], y(0.0))], PALE, "none")
    canvas.polyline(spots, BLUE)
    for spot in spots:
        canvas.circle(spot, 2.6, BLUE)
    here = (x(budget), y(value))
    canvas.line((here[0], _BOTTOM), here, ORANGE, 1.4, "4 3")
    canvas.polygon(
        [(here[0], here[1] - 7), (here[0] + 7, here[1]), (here[0], here[1] + 7), (here[0] - 7, here[1])], ORANGE
    )
    words = f"{money(budget)} brings {money(value)}"
    is_left = here[0] + 12 + width_of(words, 13) > WIDTH
    # Below the line on the right of the mark, where the frontier has risen above it.
    canvas.text((here[0] + (-11 if is_left else 11), here[1] + 20), words, "end" if is_left else "start", INK, 13, 600)
    canvas.line((_LEFT, y(0.0)), (WIDTH - 12, y(0.0)), SOFT, 1.2)
    return canvas.svg()
