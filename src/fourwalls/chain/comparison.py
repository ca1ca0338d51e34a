"""Which standard each order line is held to, stage by stage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace

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
    change_point,
    compare,
    kept_share,
    quantiles,
    together,
)
from fourwalls.resampling import blocks_per_fold, spans_per_block

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NOBODY = "(unknown)"
# A doer's own record shows what it can do only if it is this long, with this many times the lines of a group.
LEAST_OWN_SPANS, LEAST_OWN_TIMES = 16, 4
EARLIER, LATER = "earlier", "later"
# Shocks may last: peers are compared by means over a twelfth of the record.
# A distribution read from fewer lines says nothing about its tail.
LEAST_FOR_QUANTILES = 20
# Tails are compared beyond this quantile, where each group has twenty such lines, and ties have not eaten the tail.
TAIL_FROM, LEAST_FOR_TAILS, LEAST_TAIL_SHARE = 0.9, 200, 0.03
TAIL_CHANCE = 0.01
# Parties that do the same work equally well still differ by about this much in their mean times (standard deviation).
NATURAL_SPREAD = 0.1

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
        by_block: Whether some doer is compared with its own weeks.
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


@dataclass(frozen=True, slots=True)
class _Weeks:
    """Weekly sums, sorted by key; `starts` tells where each key begins, `codes` its number."""

    names: Key
    codes: dict[Key, int]
    starts: Ints
    week: Ints
    lines: Floats
    hours: Floats
    elapsed: Floats

    def rows_of(self, key_code: int) -> slice:
        """Rows of a key; they lie together."""
        return slice(int(self.starts[key_code]), int(self.starts[key_code + 1]))


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
    weeks = _Weeks(
        names,
        codes,
        np.searchsorted(code[order], np.arange(len(codes) + 1)),
        weekly["span"].to_numpy().astype(np.int64)[order],
        weekly["lines"].to_numpy().astype(np.float64)[order],
        weekly["hours"].to_numpy().astype(np.float64)[order],
        weekly["elapsed"].to_numpy().astype(np.float64)[order],
    )
    length = spans or (int(weeks.week.max() - weeks.week.min() + 1) if len(codes) else 1)
    planner = _Planner(weeks, spans_per_block(length), blocks_per_fold(length))
    for level in PEER_LEVELS[stage]:
        planner.compare_peers(level, stage)
    for level in OWN_LEVELS[stage]:
        planner.compare_own_weeks(level)
    planner.leave_the_rest(OWN_LEVELS[stage][-1])
    return planner.plan(stage)


class _Planner:
    """Assembles the comparisons of one stage, level by level; what one level has settled the next leaves alone."""

    def __init__(self, weeks: _Weeks, per_block: int, per_fold: int) -> None:
        self._weeks, self._per_block, self._per_fold = weeks, per_block, per_fold
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
            if len(able) < 2:
                continue
            rest = [w for doer, w in groups.items() if doer not in able]
            others = together(rest) if rest else None
            rest_of = others if others is not None and _enough(others) else None
            cell = compare(able, PEERS, rest_of, natural=_natural(able))
            best = Best(tuple(k for k in everyone[place] if k[0] in cell.best))
            group = self._add_groups(cell, [*cell.groups, OTHERS], best)
            for key in members:
                number = group[key[0] if key[0] in able else OTHERS]
                self._assigned[key] = Comparison(cell, " to ".join(place), number)

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
                best = Best(tuple(key for key, name in called.items() if name in cell.best))
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

    def _by_doer(self, members: list[Key]) -> dict[str, Weekly]:
        """Means by week of each doer among the members."""
        doers: dict[str, list[Key]] = {}
        for key in members:
            doers.setdefault(key[0], []).append(key)
        return {doer: self._all(keys) for doer, keys in doers.items()}

    def _all(self, members: list[Key]) -> Weekly:
        """Means by week of all members together, in order of time."""
        slices = [self._weeks.rows_of(self._weeks.codes[key]) for key in members]
        rows = np.concatenate([np.arange(s.start, s.stop) for s in slices])
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
        for i, comparison in enumerate(found):
            if comparison is not None and comparison.blocks:
                mine = np.flatnonzero(code == i)
                numbers = comparison.blocks
                known = np.array(sorted(numbers), dtype=np.int64)
                at = np.searchsorted(known, block[mine]).clip(max=len(known) - 1)
                values = np.array([numbers[b] for b in known.tolist()], dtype=np.int64)[at]
                group[mine] = np.where(known[at] == block[mine], values, -1)
    return group


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
        if cell.compared and name != OTHERS and " · " not in name:
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
        if has_standard and (id(cell), id(best)) not in told:
            told[id(cell), id(best)] = _in_words(cell, standard)
        words.append(told[id(cell), id(best)] if has_standard else "")
        if (tail := plan.tails.get(number)) is not None and own.sum() > 0:
            longest = counted.of(tail.best)
            if longest.sum() >= LEAST_LINES:
                shorter = kept_share(own, longest, tail.reliability)
                begin = _departs(own, longest, tail.from_bin)
                kept[number] = np.where(np.arange(BINS) >= begin, np.minimum(kept[number], shorter), kept[number])
                words[-1] = f"{tail.words}: {_spread(longest)}"
        if own.sum() >= LEAST_FOR_QUANTILES:
            marks, share = (0.5, 0.8, 0.9, on_time_share), kept[number]
            as_is = quantiles(own, BIN_HOURS, marks)
            actual[number] = as_is[[0, 2]]
            reached[number] = as_is if (share == 1).all() else quantiles(own, BIN_HOURS * share, marks)
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
    of_peers = np.array([cell.kind == PEERS for cell, _ in standards.plan.cells] or [False])
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
        slices = [slice(*self._starts[[c, c + 1]]) for key in best.keys if (c := self._codes.get(key)) is not None]
        if not slices:
            return np.zeros(BINS)
        rows = np.concatenate([self._order[part] for part in slices])
        if best.blocks is not None:
            rows = rows[np.isin(self._blocks[rows], list(best.blocks))]
        return np.bincount(self.bins[rows], self.lines[rows], minlength=BINS).astype(np.float64)


def _in_words(cell: Cell, standard: Floats) -> str:
    if cell.kind == PEERS:
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
