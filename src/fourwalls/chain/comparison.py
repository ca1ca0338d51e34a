"""Who is compared with whom, stage by stage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.chain.small_doers import LEAST_DOERS, SLOWER, Rows, compare_slower, slow_elsewhere
from fourwalls.chain.standards import (
    LEAST_LINES,
    LEAST_WEEKS,
    NATURAL_SPREAD,
    NONE,
    OTHERS,
    OWN_WEEKS,
    PEERS,
    Cell,
    Weekly,
    change_point,
    compare,
    together,
)
from fourwalls.resampling import blocks_per_fold, spans_per_block

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NOBODY = "(unknown)"
# A doer's own record shows what it can do only if it is this long, with this many times the lines of a group.
LEAST_OWN_SPANS, LEAST_OWN_TIMES = 16, 4
EARLIER, LATER = "earlier", "later"

# Columns within which lines are comparable, finest first. Groups of one doer are no peers: where nobody else handles a
# category, doers are compared across categories, which takes for granted that categories take alike.
# Channels of different kinds wait for different things. A doer's own weeks need no other doer, but more lines.
PEER_LEVELS: dict[str, tuple[tuple[str, ...], ...]] = {
    "release": (("customer_kind",),),
    "fulfilment": (("category", "size_class"), ("category",), ("size_class",), ()),
    "carriage": (("origin", "destination", "size_class"), ("origin", "destination")),
}
OWN_LEVELS: dict[str, tuple[tuple[str, ...], ...]] = {
    "release": ((),),
    "fulfilment": (("category",), ()),
    "carriage": (("origin", "destination"), ("destination",)),
}
# Small doers for whom no such place alone says enough are told by all of them, and held to others in each.
SMALL_WITHIN: dict[str, tuple[str, ...]] = {"fulfilment": ("category",), "carriage": ("origin", "destination")}
KEYS: dict[str, tuple[str, ...]] = {
    "release": ("doer", "customer_kind"),
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
        blocks: Block of weeks → number of its group, for a lone doer and for small ones.
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
        without: Key → blocks of weeks in which its lines are not among them.
    """

    keys: tuple[Key, ...] = ()
    blocks: frozenset[int] | None = None
    without: Mapping[Key, frozenset[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tail:
    """A group whose longest times are too many, though its mean is not.

    Attributes:
        best: The lines that make the standard of the tail.
        reliability: How much of the distance counts, 0 to 1.
        from_bin: First duration bin of the tail.
        words: Whose tail the standard is.
    """

    best: Best
    reliability: float
    from_bin: int
    words: str


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is compared with whom in one stage, before any distribution is read.

    Attributes:
        stage: Name of the stage.
        comparisons: Key of a line → its comparison.
        cells: Group → its cell and its name within it.
        best: Group → the lines that make its standard.
        by_block: Whether the group of some lines depends on the week.
        spans_per_block: Length of a block in which lines are counted.
        blocks_per_fold: So many blocks are left out together, see `standards_without`.
        tails: Group → its tail, where that is what it is held to, see `with_tails`.
    """

    stage: str
    comparisons: dict[Key, Comparison]
    cells: tuple[tuple[Cell, str], ...]
    best: tuple[Best, ...]
    by_block: bool
    spans_per_block: int
    blocks_per_fold: int = 1
    tails: Mapping[int, Tail] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Weeks:
    """Weekly sums, sorted by key; `starts` tells where each key begins, `codes` its number, `fold` the twelfth of the record."""

    names: Key
    codes: dict[Key, int]
    starts: Ints
    week: Ints
    lines: Floats
    hours: Floats
    elapsed: Floats
    late: Floats
    fold: Ints

    def rows_of(self, key_code: int) -> slice:
        """Rows of a key; they lie together."""
        return slice(int(self.starts[key_code]), int(self.starts[key_code + 1]))


@dataclass(frozen=True, slots=True)
class _Slower:
    """The slower of small doers: their cell and its groups, in which blocks of weeks each key is theirs, all blocks, and which rows are."""

    cell: Cell
    place: str
    group: dict[str, int]
    blocks: dict[Key, frozenset[int]]
    every: tuple[int, ...]
    rows: Bools

    def of(self, key: Key, else_: Comparison | None) -> Comparison:
        """The comparison of a small doer's key, which is another one in weeks in which it is not theirs."""
        rest = else_ or Comparison(self.cell, self.place, self.group[OTHERS])
        if not self.blocks[key]:
            return rest
        numbers = {b: self.group[SLOWER] if b in self.blocks[key] else rest.group for b in self.every}
        return Comparison(self.cell, self.place, -1, numbers)


def plan_comparisons(stage: str, weekly: pa.Table, spans: int | None = None) -> Plan:
    """Decides for every kind of line whether it is compared with peers, with its doer's own weeks, or not at all.

    Args:
        stage: Name of the stage.
        weekly: From `span_durations`.
        spans: Length of the whole record; None takes it from `weekly`.
    """
    names = KEYS[stage]
    found, code = coded_keys([weekly[name] for name in names])
    ranked = sorted(range(len(found)), key=found.__getitem__)
    code = np.argsort(np.array(ranked, dtype=np.int64))[code] if found else code
    codes = {found[old]: new for new, old in enumerate(ranked)}
    order = np.argsort(code, kind="stable")
    week = weekly["span"].to_numpy().astype(np.int64)[order]
    length = spans or (int(np.ptp(week)) + 1 if len(week) else 1)
    per_block, per_fold = spans_per_block(length), blocks_per_fold(length)
    sums = [weekly[name].to_numpy().astype(np.float64)[order] for name in ("lines", "hours", "elapsed", "late")]
    starts = np.searchsorted(code[order], np.arange(len(codes) + 1))
    lines, hours, elapsed, late = sums
    weeks = _Weeks(names, codes, starts, week, lines, hours, elapsed, late, week // (per_block * per_fold))
    planner = _Planner(weeks, per_block, per_fold)
    for level in PEER_LEVELS[stage]:
        planner.compare_peers(level, stage)
    if stage in SMALL_WITHIN:
        planner.compare_small_across(SMALL_WITHIN[stage])
    for level in OWN_LEVELS[stage]:
        planner.compare_own_weeks(level)
    planner.leave_the_rest(OWN_LEVELS[stage][-1])
    return planner.plan(stage)


class _Planner:
    """Assembles the comparisons of one stage, level by level; what one level has settled the next leaves alone."""

    def __init__(self, weeks: _Weeks, per_block: int, per_fold: int) -> None:
        self._weeks, self._per_block, self._per_fold = weeks, per_block, per_fold
        # Of each row its key, of each key its doer and its kind of line, as numbers.
        self._key = np.repeat(np.arange(len(weeks.codes)), np.diff(weeks.starts))
        self._doers, self._doer = _numbered(key[:1] for key in weeks.codes)
        self._kind = _numbered(key[1:] for key in weeks.codes)[1]
        self._groups: list[tuple[Cell, str]] = []
        self._best: list[Best] = []
        self._assigned: dict[Key, Comparison] = {}

    def plan(self, stage: str) -> Plan:
        by_block = any(c.blocks for c in self._assigned.values())
        best = tuple(self._best)
        return Plan(stage, self._assigned, tuple(self._groups), best, by_block, self._per_block, self._per_fold)

    def compare_peers(self, level: Key, stage: str) -> None:
        if "category" in self._weeks.names and "category" not in level:
            self._compare_across_categories(level)
            return
        everyone = self._cells(level, list(self._weeks.codes))
        for place, members in self._open(level).items():
            if stage == "release" and place == (NOBODY,):
                continue  # channels of unknown kind may be of different ones
            # Those that a finer level has settled still show what can be reached.
            groups = self._by_doer(everyone[place])
            able = {doer: self._folded(w) for doer, w in groups.items() if _enough(w) and doer != NOBODY}
            small = [key for key in everyone[place] if key[0] not in able]
            named = [key for key in small if key[0] != NOBODY]
            asked = {place: everyone[place]} if set(named) & set(members) else {}
            slower = self._compare_small(asked, named).get(place)
            if len(able) >= 2:
                but = None if slower is None else slower.rows
                rest = [w for w in self._by_doer(small, but).values() if w.n]
                others = together(rest) if rest else None
                rest_of = others if others is not None and _enough(others) else None
                cell = compare(able, PEERS, rest_of, natural=_natural(able))
                shown = cell.groups if cell.as_one else cell.best
                best = Best(tuple(k for k in everyone[place] if k[0] in shown))
                group = self._add_groups(cell, [*cell.groups, OTHERS], best)
                for key in members:
                    number = group[key[0] if key[0] in able else OTHERS]
                    self._assigned[key] = Comparison(cell, " to ".join(place), number)
            if slower is not None:
                self._assigned |= {k: slower.of(k, self._assigned.get(k)) for k in members if k in slower.blocks}

    def compare_small_across(self, level: Key) -> None:
        """Small doers for whom no place alone says enough, over all such places, each line beside its own kind."""
        everyone = self._cells(level, list(self._weeks.codes))
        small: dict[Key, list[Key]] = {}
        for place, keys in everyone.items():
            able = {doer for doer, w in self._by_doer(keys).items() if _enough(w)} | {NOBODY}
            small[place] = [key for key in keys if key[0] not in able and self._is_untold(key)]
        parts = {place: everyone[place] for place, keys in small.items() if keys}
        if len(parts) < 2:
            return
        for place, slower in self._compare_small(parts, [key for keys in small.values() for key in keys]).items():
            self._assigned |= {key: slower.of(key, self._assigned.get(key)) for key in small[place]}

    def _is_untold(self, key: Key) -> bool:
        """Whether nothing has been told of a key: it has no comparison, or stands among others who are not slow."""
        known = self._assigned.get(key)
        if known is None:
            return True
        stands = known.group >= 0 and self._groups[known.group][1] == OTHERS
        return stands and SLOWER not in known.cell.groups and not known.cell.reliability.get(OTHERS, 0.0)

    def _compare_small(self, parts: Mapping[Key, list[Key]], small: list[Key]) -> dict[Key, _Slower]:
        """The slower of those who are too small to be compared one by one, held to all others in each place; none where none are told.

        Args:
            parts: Place → the keys whose lines are comparable there.
            small: Those of them that are small and may be told.
        """
        asked = np.array([self._weeks.codes[key] for key in small], dtype=np.int64)
        doers = np.unique(self._doer[asked])
        if not parts or len(doers) < LEAST_DOERS:
            return {}
        # Who is slow is asked of all of a doer's lines, each beside lines of its own kind.
        number = np.full(len(self._doers), len(doers))
        number[doers] = np.arange(len(doers))
        first, last = int(self._weeks.fold.min()), int(self._weeks.fold.max())
        theirs = np.flatnonzero(number[self._doer[self._key]] < len(doers))
        slow = slow_elsewhere(self._rows(theirs, number[self._doer]), last - first + 1)
        slow = np.vstack([slow, np.zeros((1, slow.shape[1]), dtype=np.bool_)])
        of_key = np.full(len(self._doer), len(doers))
        of_key[asked] = number[self._doer[asked]]
        slices = [self._weeks.rows_of(self._weeks.codes[key]) for keys in parts.values() for key in keys]
        at = np.concatenate([np.arange(part.start, part.stop) for part in slices])
        rows = self._rows(at, of_key)
        is_slow = slow[rows.doer, rows.fold]
        cell = compare_slower(rows, is_slow)
        if cell is None:
            return {}
        fold_of = {b: b // self._per_fold - first for b in range(first * self._per_fold, (last + 1) * self._per_fold)}
        blocks = {
            key: frozenset(b for b, fold in fold_of.items() if slow[of_key[c], fold])
            for key, c in zip(small, asked, strict=True)
        }
        slow_rows = np.zeros(len(self._key), dtype=np.bool_)
        slow_rows[at[is_slow]] = True
        found = {}
        for place, mine in parts.items():
            of_place = {key: blocks[key] for key in mine if key in blocks}
            group = self._add_groups(cell, [SLOWER, OTHERS], Best(tuple(mine), None, of_place))
            found[place] = _Slower(cell, " to ".join(place), group, of_place, tuple(fold_of), slow_rows)
        return found

    def _rows(self, at: Ints, doer: Ints) -> Rows:
        """Some rows, with the numbers that doers have by key."""
        w, key = self._weeks, self._key[at]
        fold = w.fold[at] - int(w.fold.min())
        return Rows(doer[key], self._kind[key], fold, w.lines[at], w.hours[at], w.elapsed[at], w.late[at])

    def _compare_across_categories(self, level: Key) -> None:
        """Each doer's categories held to those of other doers, each for itself, so that one does not colour the others."""
        everyone = self._cells(level, list(self._weeks.codes))
        for place, members in self._open(level).items():
            called = {key: f"{key[0]} · {key[1]}" for key in everyone[place]}
            named: dict[str, list[Key]] = {}
            for key, name in called.items():
                named.setdefault(name, []).append(key)
            groups = {name: self._all(keys) for name, keys in named.items() if keys[0][0] != NOBODY}
            able = {name: self._folded(w) for name, w in groups.items() if _enough(w)}
            doers = {name: named[name][0][0] for name in able}
            for doer in sorted({key[0] for key in members}):
                barred = frozenset(name for name in able if doers[name] == doer)
                if not barred or len(barred) == len(able):
                    continue
                rest = [w for name, w in groups.items() if name not in able and named[name][0][0] == doer]
                others = together(rest) if rest else None
                rest_of = others if others is not None and _enough(others) else None
                cell = compare(able, PEERS, rest_of, barred=barred, natural=_natural(able))
                shown = cell.groups if cell.as_one else cell.best
                best = Best(tuple(key for key, name in called.items() if name in shown))
                group = self._add_groups(cell, [*sorted(barred), OTHERS], best)
                for key in (key for key in members if key[0] == doer):
                    name = called[key] if called[key] in barred else OTHERS
                    self._assigned[key] = Comparison(cell, " to ".join(place), group[name])

    def compare_own_weeks(self, level: Key) -> None:
        for place, members in self._open(("doer", *level)).items():
            whole = self._all(members)
            if len(whole.lines) < LEAST_OWN_SPANS or whole.n < LEAST_OWN_TIMES * LEAST_LINES:
                continue
            at = change_point(whole.hours / whole.lines)
            weeks = np.unique(
                np.concatenate([self._weeks.week[self._weeks.rows_of(self._weeks.codes[k])] for k in members])
            )
            blocks = np.unique(weeks // self._per_block)
            begins = weeks.max() + 1 if at is None else weeks[at]
            is_later = (blocks + 0.5) * self._per_block >= begins
            cell = self._halves(whole, at)
            chosen = blocks[is_later == (LATER in cell.best)] if cell.best else blocks[:0]
            best = Best(tuple(members), frozenset(chosen.tolist())) if cell.best else Best()
            group = self._add_groups(cell, [EARLIER, LATER], best)
            numbers = {int(b): group[LATER if later else EARLIER] for b, later in zip(blocks, is_later, strict=True)}
            for key in members:
                self._assigned[key] = Comparison(cell, " to ".join(place[1:]), -1, numbers)

    def _halves(self, whole: Weekly, at: int | None) -> Cell:
        if at is None:
            because = "its own record does not change by more than its shocks do, and nobody else does the same"
            return Cell(NONE, (EARLIER, LATER), frozenset(), {}, because, compared=False)
        parts = {EARLIER: Weekly(whole.lines[:at], whole.hours[:at]), LATER: Weekly(whole.lines[at:], whole.hours[at:])}
        return compare(parts, OWN_WEEKS)

    def leave_the_rest(self, level: Key) -> None:
        because = f"no two doers with {LEAST_LINES} comparable lines, and too short a record of its own"
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

    def _by_doer(self, members: list[Key], without: Bools | None = None) -> dict[str, Weekly]:
        """Means by week of each doer among the members, without some rows."""
        doers: dict[str, list[Key]] = {}
        for key in members:
            doers.setdefault(key[0], []).append(key)
        return {doer: self._all(keys, without) for doer, keys in doers.items()}

    def _all(self, members: list[Key], without: Bools | None = None) -> Weekly:
        """Means by week of all members together, in order of time, without some rows."""
        slices = [self._weeks.rows_of(self._weeks.codes[key]) for key in members]
        rows = np.concatenate([np.arange(s.start, s.stop) for s in slices])
        if without is not None:
            rows = rows[~without[rows]]
        weeks, inverse = np.unique(self._weeks.week[rows], return_inverse=True)
        lines = np.bincount(inverse, self._weeks.lines[rows]).astype(np.float64)
        sums = (np.bincount(inverse, values[rows]) for values in (self._weeks.hours, self._weeks.elapsed))
        hours, elapsed = (values.astype(np.float64) for values in sums)
        return Weekly(lines, hours, weeks, elapsed)

    def _folded(self, group: Weekly) -> Weekly:
        """The same by fold, in which shocks that last a few weeks have mostly gone by."""
        folds, inverse = np.unique(group.weeks // (self._per_block * self._per_fold), return_inverse=True)
        if len(folds) < LEAST_WEEKS:
            return group
        lines = np.bincount(inverse, group.lines).astype(np.float64)
        hours, elapsed = (np.bincount(inverse, v).astype(np.float64) for v in (group.hours, group.elapsed))
        return Weekly(lines, hours, folds, elapsed)

    def _add_groups(self, cell: Cell, names: list[str], best: Best) -> dict[str, int]:
        numbers = {name: len(self._groups) + i for i, name in enumerate(names)}
        self._groups += [(cell, name) for name in names]
        self._best += [best] * len(names)
        return numbers


def _natural(groups: Mapping[str, Weekly]) -> dict[str, float]:
    """How far sound groups lie from a standard anyway, as a variance of the whole time [hours squared], OTHERS included.

    Args:
        groups: What is compared.
    """
    fastest = min(group.whole.mean for group in groups.values())
    return dict.fromkeys((*groups, OTHERS), 2 * (NATURAL_SPREAD * fastest) ** 2)


def _numbered(names: Iterable[Key]) -> tuple[dict[Key, int], Ints]:
    """The different names with their numbers, and the number of each."""
    numbers: dict[Key, int] = {}
    found = [numbers.setdefault(name, len(numbers)) for name in names]
    return numbers, np.array(found, dtype=np.int64)


def _enough(group: Weekly) -> bool:
    return group.n >= LEAST_LINES and len(group.lines) >= LEAST_WEEKS


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
        order = np.argsort(code, kind="stable")
        starts = np.searchsorted(code[order], np.arange(len(keys) + 1))
        for i, comparison in enumerate(found):
            if comparison is not None and comparison.blocks:
                mine = order[starts[i] : starts[i + 1]]
                known = np.array(sorted(comparison.blocks), dtype=np.int64)
                values = np.array([comparison.blocks[b] for b in known.tolist()], dtype=np.int64)
                at = np.searchsorted(known, block[mine]).clip(max=len(known) - 1)
                group[mine] = np.where(known[at] == block[mine], values[at], -1)
    return group
