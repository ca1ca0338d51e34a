"""A chain as a waterfall that stands by itself: for paper, where no style sheet reaches."""

from __future__ import annotations

from collections.abc import Sequence

from fourwalls.surfaces.page.canvas import BLUE, ORANGE, WIDTH, Canvas, clipped
from fourwalls.surfaces.page.plots import INK, SOFT
from fourwalls.surfaces.page.waterfall import Paint, Step

_ROW, _LEFT, _RIGHT = 21.0, 150.0, 96.0
_COLOURS: dict[Paint, str] = {
    "inside": BLUE, "between": ORANGE, "unknown": "#8a929c", "missed": "#737d89", "residual": "#c3c9d1", "untraced": "#e4e7eb",
}  # fmt: skip


def fall(rows: Sequence[Step], title: str) -> str:
    """Each row a bar from where the one above ended; what it is, on which side, and its share in words.

    Args:
        rows: From `waterfall.steps` or `shelf_steps`; those not printed are left out.
        title: What it shows.
    """
    shown = [r for r in rows if r.is_printed]
    canvas = Canvas(_ROW * len(shown) + 4, title)
    room = WIDTH - _LEFT - _RIGHT
    for number, row in enumerate(shown):
        top = _ROW * number
        canvas.text((0, top + 14), clipped(f"{row.label}{f', {row.side}' if row.side else ''}", 24), "start", INK, 11.5)
        if row.bar is not None:
            for piece in row.bar.pieces:
                start, wide = _LEFT + room * piece.start / 100, max(room * piece.width / 100, 0.8)
                canvas.box(start, top + 4, wide, _ROW - 8, _COLOURS.get(piece.paint, SOFT))
            if row.bar.whisker:
                a, b = (_LEFT + room * x / 100 for x in row.bar.whisker)
                canvas.line((a, top + _ROW / 2), (b, top + _ROW / 2), INK, 1.2)
            if number < len(shown) - 1:
                at = _LEFT + room * row.leaves / 100
                canvas.line((at, top + _ROW - 4), (at, top + _ROW + 4), SOFT, 0.8)
        canvas.text((WIDTH, top + 14), str(row.share), "end", INK, 11)
    return canvas.svg()
