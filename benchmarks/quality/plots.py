"""Plots of the dispersion report: SVG written by hand, in a page that loads nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

_COLOURS = ("#0072b2", "#d55e00", "#009e73")
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 640, 400, 56, 44, 14
_MEANS, _VARIANCES = (0.01, 100.0), (0.01, 1000.0)
_WIDEST = 3.0


def _x(share: float) -> float:
    return _LEFT + share * (_WIDTH - _LEFT - 14)


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)


def _on_log(value: float, ends: tuple[float, float]) -> float:
    low, high = (math.log10(end) for end in ends)
    return (math.log10(min(max(value, ends[0]), ends[1])) - low) / (high - low)


def scatter(points: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Variance against mean, both logarithmic, with the line of Poisson."""
    parts = [_path([(_x(_on_log(v, _MEANS)), _y(_on_log(v, _VARIANCES))) for v in _MEANS], "#777")]
    for (_, some), colour in zip(points.items(), _COLOURS, strict=False):
        parts += [
            f'<circle cx="{_x(_on_log(m, _MEANS)):.1f}" cy="{_y(_on_log(v, _VARIANCES)):.1f}" r="2" fill="{colour}" '
            'fill-opacity="0.45"/>'
            for m, v in some
        ]
    across = [(_on_log(10.0**k, _MEANS), f"{10.0**k:g}") for k in range(-2, 3)]
    up = [(_on_log(10.0**k, _VARIANCES), f"{10.0**k:g}") for k in range(-2, 4)]
    return _figure(parts, across, up, list(points), "mean a day", "variance")


def shares(values: Mapping[str, Sequence[float]]) -> str:
    """Share of the series at or below each value, from 0 to 3."""
    parts = []
    for (_, some), colour in zip(values.items(), _COLOURS, strict=False):
        ordered = sorted(some)
        step = max(1, len(ordered) // 300)
        ends = [(min(v, _WIDEST) / _WIDEST, (k + 1) / len(ordered)) for k, v in enumerate(ordered)]
        parts.append(_path([(_x(a), _y(b)) for a, b in (*ends[::step], ends[-1])], colour))
    across = [(k / 6, f"{k / 2:g}") for k in range(7)]
    up = [(k / 4, f"{25 * k} %") for k in range(5)]
    return _figure(parts, across, up, list(values), "standard deviation over mean of a day", "series")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table."""
    lines = ["<table><thead><tr>" + "".join(f"<th>{escape(h)}</th>" for h in head) + "</tr></thead><tbody>"]
    lines += ["<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return "\n".join([*lines, "</tbody></table>"])


def page(title: str, parts: Sequence[str]) -> str:
    """A page of HTML."""
    style = "body{font:15px sans-serif;max-width:44rem;margin:2rem auto}td,th{padding:.2rem .8rem;text-align:left}"
    head = f'<head><meta charset="utf-8"/><title>{escape(title)}</title><style>{style}</style></head>'
    body = "\n".join([f"<h1>{escape(title)}</h1>", *parts])
    return f'<!DOCTYPE html>\n<html lang="en">{head}<body>\n{body}\n</body></html>\n'


def _path(points: Sequence[tuple[float, float]], colour: str) -> str:
    steps = " L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path d="M{steps}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def _figure(
    parts: Sequence[str],
    across: Sequence[tuple[float, str]],
    up: Sequence[tuple[float, str]],
    names: Sequence[str],
    x_name: str,
    y_name: str,
) -> str:
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(y_name)} against {escape(x_name)}" '
            f'viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">'
        ),
        _path([(_x(0), _y(1)), (_x(0), _y(0)), (_x(1), _y(0))], "#333"),
        *parts,
    ]
    lines += [f'<text x="{_x(s):.1f}" y="{_y(0) + 16:.1f}" text-anchor="middle">{escape(t)}</text>' for s, t in across]
    lines += [f'<text x="{_x(0) - 6:.1f}" y="{_y(s) + 4:.1f}" text-anchor="end">{escape(t)}</text>' for s, t in up]
    lines += [
        f'<text x="{_x(0) + 12:.1f}" y="{_TOP + 14 + 16 * k}" fill="{_COLOURS[k]}">{escape(name)}</text>'
        for k, name in enumerate(names)
    ]
    lines.append(f'<text x="{_x(0.5):.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(x_name)}</text>')
    lines.append(f'<text x="{_x(1):.1f}" y="{_TOP + 14}" text-anchor="end">up: {escape(y_name)}</text></svg>')
    return "\n".join(lines)
