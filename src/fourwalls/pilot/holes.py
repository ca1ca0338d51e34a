"""Holes in a panel: what is left out for them, and what is bridged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fourwalls.errors import PanelError

if TYPE_CHECKING:
    from fourwalls.pilot.columns import Flags
    from fourwalls.pilot.periods import Time
    from fourwalls.pilot.weights import Floats, Ints

MOST_MISSING_SHARE = 0.2
"""More holes than this are not filled: the answer would be made of guesses."""
_FILL_ROUNDS, _FILL_CLOSE, _MOST_PATTERNS = 200, 1e-9, 3
_MOST_LEFT_OUT_SHARE = 0.25


def without_large_holes(
    grid: Floats, units: tuple[str, ...], times: tuple[Time, ...], begins: Ints, notes: list[str]
) -> tuple[Floats, tuple[str, ...], tuple[Time, ...], Ints]:
    """Leaves out periods in which a whole group is missing, and controls of which half is missing."""
    known = np.isfinite(grid)
    control = begins >= len(times)
    sparse = control & (known.mean(axis=1) < 0.5)
    if sparse.any() and not sparse[control].all():
        notes.append(
            f"{int(sparse.sum())} controls with more than half of their periods missing are left out, first {units[int(sparse.argmax())]}."
        )
        keep = ~sparse
        grid, begins, known = grid[keep], begins[keep], known[keep]
        units = tuple(u for u, k in zip(units, keep, strict=True) if k)
    there = np.ones(len(times), dtype=np.bool_)
    for b in np.unique(begins):
        there &= known[begins == b].any(axis=0)
    there &= _all_treated_known(known, begins)
    if there.all():
        return grid, units, times, begins
    gone = np.flatnonzero(~there)
    kept = np.flatnonzero(there)
    new_begins = np.searchsorted(kept, begins)
    treated_once = begins < len(times)
    if not len(kept) or (new_begins[treated_once] == 0).any() or (new_begins[treated_once] >= len(kept)).any():
        raise PanelError(
            f"The treated units, or all others, have no outcome in {len(gone)} of {len(times)} periods, first {times[gone[0]]}; what is left has no period before or after the start.",
            "Fill in the outcome, or use longer periods.",
        )
    notes.append(
        f"{len(gone)} of {len(times)} periods are left out because the treated, or all others, have a hole there, first {times[gone[0]]}."
    )
    return grid[:, there], units, tuple(times[i] for i in kept), new_begins


def _all_treated_known(known: Flags, begins: Ints) -> Flags:
    """Periods in which every treated unit has a value, if leaving out the others costs little; else all periods.

    A treated cell that was guessed would count fully in the answer. With several starts periods cannot be left out for one.
    """
    periods = known.shape[1]
    starts = np.unique(begins[begins < periods])
    whole = np.ones(periods, dtype=np.bool_)
    if len(starts) != 1:
        return whole
    there = known[begins == starts[0]].all(axis=0)
    before, after = there[: starts[0]], there[starts[0] :]
    costs_little = min(before.mean(), after.mean()) >= 1 - _MOST_LEFT_OUT_SHARE
    return there if costs_little else whole


def bridged(group: Floats) -> Floats:
    """Holes filled from the cells of the group that are there, shape (units, periods).

    Unit level plus period level plus what a few common patterns (a week's rhythm that some units have stronger) say,
    fitted again until holes stay as they are (iterated SVD: Troyanskaya et al. 2001, Bioinformatics 17).
    """
    known = np.isfinite(group)
    if known.all():
        return group
    rank = min(_MOST_PATTERNS, min(group.shape) // 10)
    guess = np.where(known, group, np.nanmean(group, axis=1, keepdims=True))
    for _ in range(_FILL_ROUNDS):
        fitted = guess.mean(axis=1, keepdims=True) + guess.mean(axis=0, keepdims=True) - guess.mean()
        if rank:
            u, size, vt = np.linalg.svd(guess - fitted, full_matrices=False)
            fitted = fitted + (u[:, :rank] * size[:rank]) @ vt[:rank]
        new = np.where(known, group, fitted)
        done = np.abs(new - guess).max() < _FILL_CLOSE * (1 + np.abs(new).max())
        guess = new
        if done:
            break
    return guess
