"""Which standard each order line is held to, stage by stage."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.chain.standards import (
    BIN_HOURS,
    BINS,
    LEAST_LINES,
    LEAST_WEEKS,
    NONE,
    OTHERS,
    OWN_WEEKS,
    PEERS,
    Cell,
    Weekly,
    compare,
    kept_share,
    quantiles,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NOBODY = "(unknown)"
WEEKS_PER_BLOCK = 4
LEAST_BLOCKS = 4
# A distribution read from fewer lines says nothing about its tail.
LEAST_FOR_QUANTILES = 20

# Columns within which lines are comparable, finest first. Where a category is handled by one doer alone, it is compared
# with other categories of the same size class, each for itself, so that one slow category does not colour the others.
# A doer's own weeks need no other doer, but more lines.
PEER_LEVELS: dict[str, tuple[tuple[str, ...], ...]] = {
    "release": ((),),
    "fulfilment": (("category", "size_class"), ("category",), ("size_class",), ()),
    "carriage": (("origin", "destination", "size_class"), ("origin", "destination")),
}
OWN_LEVELS: dict[str, tuple[tuple[str, ...], ...]] = {
    "release": ((),),
    "fulfilment": (("category",), ()),
    "carriage": (("origin", "destination"), ("destination",)),
}
KEYS: dict[str, tuple[str, ...]] = {
    "release": ("doer",),
    "fulfilment": ("doer", "category", "size_class"),
    "carriage": ("doer", "origin", "destination", "size_class"),
}

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Where a line with a given key finds its group.

    Attributes:
        cell: The comparable lines and their standard.
        place: In words, e.g. "SP to RJ".
        group: Number of its group; -1 if its group depends on the week.
        blocks: Block of weeks → number of its group, for a lone doer.
    """

    cell: Cell
    place: str
    group: int
    blocks: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Best:
    """The lines that make a standard.

    Attributes:
        keys: Keys of these lines; empty if there is no standard.
        blocks: Only these blocks of weeks; None for all.
    """

    keys: tuple[Key, ...] = ()
    blocks: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is compared with whom in one stage, before any distribution is read.

    Attributes:
        stage: Name of the stage.
        comparisons: Key of a line → its comparison.
        cells: Group → its cell and its name within it.
        best: Group → the lines that make its standard.
        by_block: Whether some doer is compared with its own weeks.
        spans_per_block: Length of such a block.
    """

    stage: str
    comparisons: dict[Key, Comparison]
    cells: tuple[tuple[Cell, str], ...]
    best: tuple[Best, ...]
    by_block: bool
    spans_per_block: int


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


def _texts(column: pa.ChunkedArray) -> list[str]:
    return [NOBODY if value is None else str(value) for value in column.to_pylist()]


@dataclass(frozen=True, slots=True)
class _Weeks:
    """Weekly sums, sorted by key; `starts` tells where each key begins, `codes` its number."""

    names: Key
    codes: dict[Key, int]
    starts: Ints
    week: Ints
    lines: Floats
    hours: Floats

    def rows_of(self, key_code: int) -> slice:
        """Rows of a key; they lie together."""
        return slice(int(self.starts[key_code]), int(self.starts[key_code + 1]))


def plan_comparisons(stage: str, weekly: pa.Table) -> Plan:
    """Decides for every kind of line whether it is compared with peers, with its doer's own weeks, or not at all.

    Args:
        stage: Name of the stage.
        weekly: From `span_durations`.
    """
    names = KEYS[stage]
    keys = list(zip(*(_texts(weekly[name]) for name in names), strict=True))
    codes = {key: i for i, key in enumerate(sorted(set(keys)))}
    code = np.array([codes[key] for key in keys], dtype=np.int64)
    order = np.argsort(code, kind="stable")
    weeks = _Weeks(
        names,
        codes,
        np.searchsorted(code[order], np.arange(len(codes) + 1)),
        weekly["span"].to_numpy().astype(np.int64)[order],
        weekly["lines"].to_numpy().astype(np.float64)[order],
        weekly["hours"].to_numpy().astype(np.float64)[order],
    )
    span = int(weeks.week.max() - weeks.week.min() + 1) if len(keys) else 1
    planner = _Planner(weeks, max(WEEKS_PER_BLOCK, math.ceil(span / 26)))
    for level in PEER_LEVELS[stage]:
        planner.compare_peers(level)
    for level in OWN_LEVELS[stage]:
        planner.compare_own_weeks(level)
    planner.leave_the_rest(OWN_LEVELS[stage][-1])
    return planner.plan(stage)


class _Planner:
    """Assembles the comparisons of one stage, level by level; what one level has settled the next leaves alone."""

    def __init__(self, weeks: _Weeks, per_block: int) -> None:
        self._weeks, self._per_block = weeks, per_block
        self._groups: list[tuple[Cell, str]] = []
        self._best: list[Best] = []
        self._assigned: dict[Key, Comparison] = {}

    def plan(self, stage: str) -> Plan:
        by_block = any(c.blocks for c in self._assigned.values())
        return Plan(stage, self._assigned, tuple(self._groups), tuple(self._best), by_block, self._per_block)

    def compare_peers(self, level: Key) -> None:
        names = self._weeks.names
        apart = [i for i, name in enumerate(names) if name not in level and name not in ("size_class", "origin")]
        everyone = self._cells(level, list(self._weeks.codes))
        for place, members in self._open(level).items():
            # Those that a finer level has settled still show what can be reached.
            groups = self._weekly(everyone[place], lambda key: " · ".join(key[i] for i in apart))
            able = {name: w for name, w in groups.items() if _enough(w) and not name.startswith(NOBODY)}
            if len(able) < 2:
                continue
            rest = [w for name, w in groups.items() if name not in able]
            others = _together(rest) if rest else None
            cell = compare(able, PEERS, others if others is not None and _enough(others) else None)
            best = Best(tuple(k for k in everyone[place] if " · ".join(k[i] for i in apart) in cell.best))
            group = self._add_groups(cell, [*cell.groups, OTHERS], best)
            for key in members:
                name = " · ".join(key[i] for i in apart)
                self._assigned[key] = Comparison(cell, " to ".join(place), group[name if name in able else OTHERS])

    def compare_own_weeks(self, level: Key) -> None:
        for place, members in self._open(("doer", *level)).items():
            blocks = self._weekly(members, None)
            able = {name: w for name, w in blocks.items() if _enough(w)}
            if len(able) < LEAST_BLOCKS:
                continue
            cell = compare(able, OWN_WEEKS)
            best = Best(tuple(members), frozenset(int(b) for b in cell.best)) if cell.best else Best()
            group = self._add_groups(cell, list(blocks), best)
            numbers = {int(name): number for name, number in group.items()}
            for key in members:
                self._assigned[key] = Comparison(cell, " to ".join(place[1:]), -1, numbers)

    def leave_the_rest(self, level: Key) -> None:
        because = f"fewer than two doers, or {LEAST_BLOCKS} spans of own weeks, with {LEAST_LINES} comparable lines"
        for place, members in self._open(level).items():
            cell = Cell(NONE, (OTHERS,), frozenset(), {}, because, compared=False)
            group = self._add_groups(cell, [OTHERS], Best())
            for key in members:
                self._assigned[key] = Comparison(cell, " to ".join(place), group[OTHERS])

    def _open(self, level: Key) -> dict[Key, list[Key]]:
        """Keys that have no comparison yet, by cell of the level."""
        return self._cells(level, [key for key in self._weeks.codes if key not in self._assigned])

    def _cells(self, level: Key, keys: list[Key]) -> dict[Key, list[Key]]:
        at = [self._weeks.names.index(name) for name in level]
        cells: dict[Key, list[Key]] = {}
        for key in keys:
            cells.setdefault(tuple(key[i] for i in at), []).append(key)
        return cells

    def _weekly(self, members: list[Key], called: Callable[[Key], str] | None) -> dict[str, Weekly]:
        """Weekly means of the members by what each is called, or by block of weeks."""
        slices = [self._weeks.rows_of(self._weeks.codes[key]) for key in members]
        rows = np.concatenate([np.arange(s.start, s.stop) for s in slices])
        week = self._weeks.week[rows]
        if called is None:
            name = week // self._per_block
        else:
            texts = [called(key) for key in members]
            known = sorted(set(texts))
            code = {text: i for i, text in enumerate(known)}
            name = np.repeat([code[text] for text in texts], [s.stop - s.start for s in slices])
        pairs, inverse = np.unique(np.stack([name, week]), axis=1, return_inverse=True)
        lines = np.bincount(inverse.ravel(), self._weeks.lines[rows]).astype(np.float64)
        hours = np.bincount(inverse.ravel(), self._weeks.hours[rows]).astype(np.float64)
        names, begins = np.unique(pairs[0], return_index=True)
        ends = [*begins[1:], len(lines)]
        return {
            str(n) if called is None else known[n]: Weekly(lines[b:e], hours[b:e])
            for n, b, e in zip(names.tolist(), begins, ends, strict=True)
        }

    def _add_groups(self, cell: Cell, names: list[str], best: Best) -> dict[str, int]:
        numbers = {name: len(self._groups) + i for i, name in enumerate(names)}
        self._groups += [(cell, name) for name in names]
        self._best += [best] * len(names)
        return numbers


def _enough(group: Weekly) -> bool:
    return group.n >= LEAST_LINES and len(group.lines) >= LEAST_WEEKS


def _together(groups: list[Weekly]) -> Weekly:
    return Weekly(np.concatenate([g.lines for g in groups]), np.concatenate([g.hours for g in groups]))


def coded_keys(columns: Sequence[pa.ChunkedArray]) -> tuple[list[Key], Ints]:
    """The different keys that rows have in some columns, and the number of each row's key."""
    text = [pc.fill_null(pc.cast(column, pa.string()), NOBODY).combine_chunks() for column in columns]
    coded = pc.dictionary_encode(pc.binary_join_element_wise(*text, "\x1f"))
    code: Ints = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    # Read at the first row of each: whatever stands in a name, it is never taken apart again.
    first = pa.array(np.unique(code, return_index=True)[1])
    return list(zip(*(column.take(first).to_pylist() for column in text), strict=True)), code


def group_numbers(plan: Plan, table: pa.Table, week: Ints | None) -> Ints:
    """The group of each row; -1 where the plan has never seen such a row.

    Args:
        plan: From `plan_comparisons`.
        table: Rows with the stage's key columns (`doer` and places).
        week: Week of each row, or None if the table has a column `block`.
    """
    keys, code = coded_keys([table[name] for name in KEYS[plan.stage]])
    found = [plan.comparisons.get(key) for key in keys]
    group: Ints = np.array([-1 if c is None else c.group for c in found] or [-1], dtype=np.int64)[code]
    if plan.by_block:
        block = table["block"].to_numpy().astype(np.int64) if week is None else week // plan.spans_per_block
        for i, comparison in enumerate(found):
            if comparison is not None and comparison.blocks:
                mine = np.flatnonzero(code == i)
                numbers = comparison.blocks
                known = np.array(sorted(numbers), dtype=np.int64)
                at = np.searchsorted(known, block[mine]).clip(max=len(known) - 1)
                values = np.array([numbers[b] for b in known.tolist()], dtype=np.int64)[at]
                group[mine] = np.where(known[at] == block[mine], values, -1)
    return group


def read_standards(plan: Plan, counts: pa.Table, on_time_share: float) -> Standards:
    """The distributions behind a plan.

    Args:
        plan: From `plan_comparisons`.
        counts: From `duration_counts`.
        on_time_share: Share of lines a sound promise lets arrive in time.
    """
    groups = len(plan.cells)
    counted = _Counted(plan, counts)
    group = group_numbers(plan, counts, None)
    own_lines = np.bincount(group * BINS + counted.bins, counted.lines, minlength=groups * BINS).reshape(groups, BINS)
    kept = np.ones((groups, BINS))
    actual, reached = np.full((groups, 2), np.nan), np.full((groups, 4), np.nan)
    words = []
    known: dict[int, Floats] = {}
    for number, (cell, name) in enumerate(plan.cells):
        best = plan.best[number]
        if id(best) not in known:
            known[id(best)] = counted.of(best)
        standard, own = known[id(best)], own_lines[number]
        has_standard = standard.sum() >= LEAST_LINES
        reliability = cell.reliability.get(name, 0.0)
        if reliability > 0 and own.sum() > 0 and has_standard:
            kept[number] = kept_share(own, standard, reliability)
        if own.sum() >= LEAST_FOR_QUANTILES:
            actual[number] = quantiles(own, BIN_HOURS, (0.5, 0.9))
            reached[number] = quantiles(own, BIN_HOURS * kept[number], (0.5, 0.8, 0.9, on_time_share))
        words.append(_in_words(cell, standard) if has_standard else "")
    return Standards(plan, kept, actual, reached, tuple(words), own_lines.sum(axis=1))


class _Counted:
    """Counts by bin, sorted by key, so that the lines of any set of keys can be added up."""

    def __init__(self, plan: Plan, counts: pa.Table) -> None:
        keys = list(zip(*(_texts(counts[name]) for name in KEYS[plan.stage]), strict=True))
        self._codes = {key: i for i, key in enumerate(sorted(set(keys)))}
        code = np.array([self._codes[key] for key in keys], dtype=np.int64)
        self.bins = counts["bin"].to_numpy().astype(np.int64).clip(0, BINS - 1)
        self.lines = counts["lines"].to_numpy().astype(np.float64)
        self._blocks = counts["block"].to_numpy().astype(np.int64)
        self._order = np.argsort(code, kind="stable")
        self._starts = np.searchsorted(code[self._order], np.arange(len(self._codes) + 1))

    def of(self, best: Best) -> Floats:
        """Lines by duration bin, shape (bins,)."""
        slices = [slice(*self._starts[[c, c + 1]]) for key in best.keys if (c := self._codes.get(key)) is not None]
        if not slices:
            return np.zeros(BINS)
        rows = np.concatenate([self._order[part] for part in slices])
        if best.blocks is not None:
            rows = rows[np.isin(self._blocks[rows], list(best.blocks))]
        return np.bincount(self.bins[rows], self.lines[rows], minlength=BINS).astype(np.float64)


def _in_words(cell: Cell, standard: Floats) -> str:
    median, p90 = quantiles(standard, BIN_HOURS, (0.5, 0.9))
    whose = f"best {len(cell.best)} of {len(cell.groups)}"
    origin = f"{whose} groups of comparable lines" if cell.kind == PEERS else f"own {whose} spans of weeks"
    return f"{origin}: median {_hours(median)}, 9 in 10 within {_hours(p90)}"


def _hours(hours: float) -> str:
    if hours >= 48:
        return f"{hours / 24:.1f} days"
    return f"{hours:.1f} h" if hours >= 1 else f"{hours * 60:.0f} min"
