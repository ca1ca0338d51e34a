"""What has been demonstrably reached: the distributions behind a plan, and tails behind equal means."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fourwalls.chain.comparison import KEYS, Best, Key, Plan, Tail, coded_keys, group_numbers
from fourwalls.chain.small_doers import SLOWER
from fourwalls.chain.standards import (
    BIN_HOURS,
    BINS,
    LEAST_LINES,
    LEAST_WEEKS,
    NATURAL_SPREAD,
    OTHERS,
    PEERS,
    Cell,
    Weekly,
    compare,
    kept_share,
    quantiles,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# A distribution read from fewer lines says nothing about its tail.
LEAST_FOR_QUANTILES = 20
# Tails are compared beyond this quantile, where each group has twenty such lines, and ties have not eaten the tail.
TAIL_FROM, LEAST_FOR_TAILS, LEAST_TAIL_SHARE = 0.9, 200, 0.03
TAIL_CHANCE = 0.01


@dataclass(frozen=True, slots=True)
class Standards:
    """What a stage is held to, group by group.

    Attributes:
        plan: Who is compared with whom.
        kept: What is left of a working time in each duration bin, shape (groups, bins), 0-1.
        actual: Quantiles .5, .9 of working times as they are [hours], shape (groups, 2); NaN where too few lines.
        reached: Quantiles .5, .8, .9 and the target share of repaired times [hours], shape (groups, 4); NaN likewise.
        words: Group → the standard in words, empty if there is none.
        lines: Lines behind each group, shape (groups,).
    """

    plan: Plan
    kept: Floats
    actual: Floats
    reached: Floats
    words: tuple[str, ...]
    lines: Floats


def with_tails(plan: Plan, counts: pa.Table) -> Plan:
    """The plan with the groups whose tail is too long added, though their mean is like the others'.

    Peers are compared once more, by the hours that a line takes beyond what nine in ten of all of them take (its mean
    excess), at 1 %: the second look must not add much to what the first finds by chance.

    Args:
        plan: From `plan_comparisons`.
        counts: From `duration_counts`, by block.
    """
    counted = _Counted(plan, counts)
    order = np.argsort(counted.group, kind="stable")
    starts = np.searchsorted(counted.group[order], np.arange(len(plan.cells) + 1))
    keys: dict[int, list[Key]] = {}
    for key, comparison in plan.comparisons.items():
        keys.setdefault(comparison.group, []).append(key)
    cells: dict[int, list[int]] = {}
    for number, (cell, name) in enumerate(plan.cells):
        # Without a name for its doer, or across categories, a tail may be of another kind of line.
        if cell.compared and name not in (OTHERS, SLOWER) and " · " not in name:
            cells.setdefault(id(cell), []).append(number)
    tails: dict[int, Tail] = {}
    for numbers in cells.values():
        rows = {n: order[starts[n] : starts[n + 1]] for n in numbers}
        able = {n: at for n, at in rows.items() if counted.lines[at].sum() >= LEAST_FOR_TAILS}
        if len(able) >= 2:
            tails |= _tails_of(plan, counted, able, keys)
    return replace(plan, tails=tails)


def _tails_of(plan: Plan, counted: _Counted, rows: dict[int, Ints], keys: dict[int, list[Key]]) -> dict[int, Tail]:
    every = np.concatenate(list(rows.values()))
    lines = np.bincount(counted.bins[every], counted.lines[every], minlength=BINS)
    begin = int(np.searchsorted(np.cumsum(lines), TAIL_FROM * lines.sum())) + 1
    if lines[begin:].sum() < LEAST_TAIL_SHARE * lines.sum():
        return {}
    names = {plan.cells[n][1]: n for n in rows}
    groups = {name: counted.beyond(rows[n], begin) for name, n in names.items()}
    if min(len(g.lines) for g in groups.values()) < LEAST_WEEKS:
        return {}
    found = compare(groups, PEERS, chance=TAIL_CHANCE)
    best = Best(tuple(key for name in sorted(found.best) for key in keys.get(names[name], ())))
    words = f"longest times of the best {len(found.best)} of {len(found.groups)} groups of comparable lines"
    return {
        names[name]: Tail(best, reliability, begin, words)
        for name, reliability in found.reliability.items()
        if reliability > 0 and plan.cells[names[name]][0].reliability.get(name, 0.0) == 0
    }


def read_standards(plan: Plan, counts: pa.Table, on_time_share: float) -> Standards:
    """The distributions behind a plan.

    Args:
        plan: From `plan_comparisons`.
        counts: From `duration_counts`.
        on_time_share: Share of lines a sound promise lets arrive in time.
    """
    return _read(plan, _Counted(plan, counts), on_time_share)


def standards_without(plan: Plan, counts: pa.Table, on_time_share: float, folds: Iterable[int]) -> list[Standards]:
    """The standards had each fold of the record not been seen, one by one: they are estimates, too.

    Args:
        plan, on_time_share: As for `read_standards`.
        counts: From `duration_counts`, by block.
        folds: Numbers of blocks // `plan.blocks_per_fold`.
    """
    counted = _Counted(plan, counts)
    return [_read(plan, counted.without(fold), on_time_share) for fold in folds]


def _read(plan: Plan, counted: _Counted, on_time_share: float) -> Standards:
    groups = len(plan.cells)
    flat = counted.group * BINS + counted.bins
    own_lines = np.bincount(flat, counted.lines, minlength=groups * BINS).reshape(groups, BINS)
    kept = np.ones((groups, BINS))
    actual, reached = np.full((groups, 2), np.nan), np.full((groups, 4), np.nan)
    words = []
    marks = (0.5, 0.8, 0.9, on_time_share)
    known: dict[int, Floats] = {}
    told: dict[tuple[int, int], str] = {}
    for number, (cell, name) in enumerate(plan.cells):
        best = plan.best[number]
        if id(best) not in known:
            known[id(best)] = counted.of(best)
        standard, own = known[id(best)], own_lines[number]
        has_standard = standard.sum() >= LEAST_LINES
        reliability = cell.reliability.get(name, 0.0)
        if reliability > 0 and own.sum() > 0 and has_standard:
            kept[number] = kept_share(own, standard, reliability)
        is_held = has_standard and not cell.as_one
        if is_held and (id(cell), id(best)) not in told:
            told[id(cell), id(best)] = _in_words(cell, standard)
        words.append(told[id(cell), id(best)] if is_held else "")
        if (tail := plan.tails.get(number)) is not None and own.sum() > 0:
            longest = counted.of(tail.best)
            if longest.sum() >= LEAST_LINES:
                shorter = kept_share(own, longest, tail.reliability)
                begin = _departs(own, longest, tail.from_bin)
                kept[number] = np.where(np.arange(BINS) >= begin, np.minimum(kept[number], shorter), kept[number])
                words[-1] = f"{tail.words}: {_spread(longest)}"
        if own.sum() >= LEAST_FOR_QUANTILES:
            share = kept[number]
            as_is = quantiles(own, BIN_HOURS, marks)
            actual[number] = as_is[[0, 2]]
            reached[number] = as_is if (share == 1).all() else quantiles(own, BIN_HOURS * share, marks)
        if cell.as_one and has_standard:
            reached[number] = quantiles(standard, BIN_HOURS, marks)
    return Standards(plan, kept, actual, reached, tuple(words), own_lines.sum(axis=1))


def _departs(own: Floats, longest: Floats, tail: int) -> int:
    """First duration bin from which on, up to the tail, lines take longer than those of the standard by more than sound parties differ.

    That the tail is too long has been shown, and the lines that made it so rarely begin just there. Where the usual line is longer,
    too, it is not the tail alone that differs, and the means have said of that what can be said.
    """
    longer = kept_share(own, longest, 1.0) < 1 / (1 + 2 * 2**0.5 * NATURAL_SPREAD)
    alike = np.flatnonzero(~longer[:tail] & (own[:tail] > 0))
    begin = int(alike[-1]) + 1 if len(alike) else 0
    return begin if own[:begin].sum() >= own.sum() / 2 else tail


def slower(standards: Standards) -> Standards:
    """The same with peers held to a standard that is slower by what sound parties differ by (one standard deviation)."""
    plan = standards.plan
    of_peers = np.array([cell.kind == PEERS or n in plan.tails for n, (cell, _) in enumerate(plan.cells)] or [False])
    kept = np.minimum(1.0, standards.kept * (1 + 2**0.5 * NATURAL_SPREAD))
    return replace(standards, kept=np.where(of_peers[:, None], kept, standards.kept))


class _Counted:
    """Counts by bin, sorted by key, so that the lines of any set of keys can be added up."""

    def __init__(self, plan: Plan, counts: pa.Table) -> None:
        keys, code = coded_keys([counts[name] for name in KEYS[plan.stage]])
        self._codes = {key: i for i, key in enumerate(keys)}
        self.group = group_numbers(plan, counts, None)
        self.bins = counts["bin"].to_numpy().astype(np.int64).clip(0, BINS - 1)
        self.lines = counts["lines"].to_numpy().astype(np.float64)
        self._blocks = counts["block"].to_numpy().astype(np.int64)
        self._fold = self._blocks // plan.blocks_per_fold
        self._order = np.argsort(code, kind="stable")
        self._starts = np.searchsorted(code[self._order], np.arange(len(keys) + 1))

    def without(self, fold: int) -> _Counted:
        """The same with the lines of one fold left out."""
        less = copy(self)
        less.lines = np.where(self._fold == fold, 0.0, self.lines)
        return less

    def beyond(self, rows: Ints, begin: int) -> Weekly:
        """Lines, and the hours that they took beyond those of a bin, by fold."""
        folds, inverse = np.unique(self._fold[rows], return_inverse=True)
        lines = np.bincount(inverse, self.lines[rows]).astype(np.float64)
        excess = np.maximum(BIN_HOURS[self.bins[rows]] - BIN_HOURS[begin], 0.0)
        longer = np.bincount(inverse, self.lines[rows] * excess).astype(np.float64)
        return Weekly(lines, longer, folds)

    def of(self, best: Best) -> Floats:
        """Lines by duration bin, shape (bins,)."""
        found = [
            self._rows_of(c, best.without.get(key)) for key in best.keys if (c := self._codes.get(key)) is not None
        ]
        if not found:
            return np.zeros(BINS)
        rows = np.concatenate(found)
        if best.blocks is not None:
            rows = rows[np.isin(self._blocks[rows], list(best.blocks))]
        return np.bincount(self.bins[rows], self.lines[rows], minlength=BINS).astype(np.float64)

    def _rows_of(self, code: int, without: frozenset[int] | None) -> Ints:
        rows = self._order[slice(*self._starts[[code, code + 1]])]
        return rows[~np.isin(self._blocks[rows], list(without))] if without else rows


def _in_words(cell: Cell, standard: Floats) -> str:
    if SLOWER in cell.groups:
        origin = "all but the slower of many small doers of comparable lines"
    elif cell.kind == PEERS:
        origin = f"best {len(cell.best)} of {len(cell.groups)} groups of comparable lines"
    else:
        origin = f"own {next(iter(cell.best))} weeks"
    return f"{origin}: {_spread(standard)}"


def _spread(standard: Floats) -> str:
    median, p90 = quantiles(standard, BIN_HOURS, (0.5, 0.9))
    return f"median {_hours(median)}, 9 in 10 within {_hours(p90)}"


def _hours(hours: float) -> str:
    if hours >= 48:
        return f"{hours / 24:.1f} days"
    return f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.0f} min"
