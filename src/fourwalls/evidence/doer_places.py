"""Where no two doers can be compared: the places one doer works at, held to its own better ones of the same goods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fourwalls.chain.standards import NATURAL_SPREAD
from fourwalls.evidence.doers import LEAST_BOOKINGS
from fourwalls.evidence.rates import (
    POWER_Z,
    Excess,
    bar_of,
    excess,
    normal_of_t,
    stand_out,
    t_of_normal,
)
from fourwalls.resampling import Draws

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

Cell = tuple[str, str | None, tuple[str | None, ...]]
"""Doer, kind of goods, place."""


@dataclass(frozen=True)
class Places:
    """Places of single doers compared.

    Attributes:
        cells: What was compared.
        cell: Number of each row's cell, -1 for rows not looked at, shape (rows,).
        excess: What exceeds the standard, by cell.
        share: Share of its cell's amount in each row, shape (rows,).
    """

    cells: tuple[Cell, ...]
    cell: Ints
    excess: Excess
    share: Floats

    @property
    def held(self) -> Bools:
        """Rows whose cell could be held to others, shape (rows,)."""
        found: Bools = np.append(self.excess.held, False)[self.cell]
        return found

    def wasted(self, rows: Bools) -> tuple[float, Floats]:
        """What exceeds the standard among some rows, over the record; the same in each replicate."""
        cell, share = self.cell[rows & self.held], self.share[rows & self.held]
        return float(self.excess.amount[cell] @ share), self.excess.draws[:, cell] @ share

    def detectable(self, rows: Bools) -> float:
        """What would have to exceed the standard among some rows to be told apart four times in five."""
        cell, share = self.cell[rows & self.held], self.share[rows & self.held]
        return float(self.excess.detectable[cell] @ share)

    def in_words(self, cell: int) -> str:
        """What a cell is held to."""
        doer, kind, place = self.cells[cell]
        ratio = self.excess.rate[cell] / max(float(self.excess.standard[cell]), 1e-12)
        return (
            f"{_named(kind, place)} at {doer} is {ratio:.1f} times what the better quarter of the {self.excess.peers[cell]} channels "
            f"and regions in which {doer} handles the same goods demonstrably needs"
        )


def _named(kind: str | None, place: Sequence[str | None]) -> str:
    return " in ".join([str(kind or "goods"), " · ".join(str(p) for p in place if p is not None)])


def compare_places(
    amount: Floats,
    base: Floats,
    bookings: Floats,
    of: tuple[Sequence[str], Sequence[str | None], Sequence[tuple[str | None, ...]]],
    alone: Bools,
    draws: Draws,
    chance: float,
) -> Places:
    """Compares the channels and regions at which one doer handles the same goods.

    The doer, its ways of booking and the goods are the same, so what is left is what it does at that place. A place with
    hardly any booking is left out, as a doer would be: there it may not be booked. The standard is that of `rates.excess`; whoever
    exceeds it must do so by more than chance, shared out over all sets of places, and by more than places that are worked equally
    well differ anyway (`comparison.NATURAL_SPREAD`).

    Args:
        amount, base: Bookings as dealt to each row, and what could have caused them, shape (rows, spans).
        bookings: How many bookings each row has, shape (rows,).
        of: Doer, kind of goods and place of each row; a place of Nones is no place.
        alone: Rows of doers whom nobody else can be compared with, shape (rows,).
        draws: Bootstrap draws of the spans.
        chance: That any place is found worse although all are equal.
    """
    keys: list[Cell] = list(zip(*of, strict=True))
    cells = tuple(dict.fromkeys(k for k, is_alone in zip(keys, alone, strict=True) if is_alone and any(k[2])))
    number = {key: i for i, key in enumerate(cells)}
    cell = np.array([number.get(k, -1) if is_alone else -1 for k, is_alone in zip(keys, alone, strict=True)], np.int64)
    rows = cell >= 0
    above, below, n = np.zeros((len(cells), base.shape[1])), np.zeros((len(cells), base.shape[1])), np.zeros(len(cells))
    for into, values in ((above, amount), (below, base), (n, bookings)):
        np.add.at(into, cell[rows], values[rows])
    below[n < LEAST_BOOKINGS] = 0.0
    peer = [c[:2] for c in cells]
    usable = [p for p, few in zip(peer, n < LEAST_BOOKINGS, strict=True) if not few]
    sets = max(1, sum(usable.count(p) > 1 for p in dict.fromkeys(peer)))
    found = _beyond_nature(excess(above, below, peer, draws, error=chance / sets), below, peer, draws, chance / sets)
    total = above.sum(axis=1)
    share = np.zeros(len(cell))
    share[rows] = amount[rows].sum(axis=1) / np.maximum(total[cell[rows]], 1e-12)
    return Places(cells, cell, found, share)


def gentler(by_line: Places, by_value: Places) -> Places:
    """Of two comparisons of the same cells, for each cell the one that claims less.

    A wholesaler's line is worth ten of a shop's: what is booked by the value of the goods is then ten times as much a line, and
    what is booked by the line a tenth as much of the value, though both are worked equally well. What exceeds the standard
    either way is no matter of what one counts by.
    """
    a, b = by_line.excess, by_value.excess
    first = np.where(a.held & b.held, a.amount <= b.amount, a.held)
    held = a.held & b.held
    chosen = Excess(
        np.where(first, a.rate, b.rate),
        np.where(first, a.standard, b.standard),
        np.where(held, np.where(first, a.amount, b.amount), 0.0),
        np.where(first & held, a.draws, np.where(held, b.draws, 0.0)),
        held,
        np.where(first, a.peers, b.peers),
        np.fmax(a.detectable, b.detectable),
    )
    return replace(by_line, excess=chosen)


def _beyond_nature(found: Excess, base: Floats, peer: Sequence[object], draws: Draws, chance: float) -> Excess:
    """Only what is told apart from the standard with the natural spread in its error, and with an error known from few blocks."""
    freedom = len(np.unique(draws.block)) - 1
    bar = np.array([bar_of(chance, int(n)) if n else np.nan for n in found.peers])
    by_chance = found.detectable / ((bar + POWER_Z) * base.sum(axis=1).clip(1e-12))
    error = np.sqrt(by_chance**2 + 2 * (NATURAL_SPREAD * found.standard) ** 2)
    z = np.where(found.amount > 0, (found.rate - found.standard) / np.maximum(error, 1e-30), -np.inf)
    kept = np.zeros(len(z), dtype=np.bool_)
    for label in dict.fromkeys(peer):
        members = np.flatnonzero([p == label for p in peer] & found.held)
        kept[members] = stand_out(normal_of_t(z[members], freedom), chance)
    reach = np.array([t_of_normal(b, freedom) if np.isfinite(b) else np.nan for b in bar]) + t_of_normal(
        POWER_Z, freedom
    )
    least = reach * error * base.sum(axis=1)
    return replace(found, amount=found.amount * kept, draws=found.draws * kept, detectable=least)
