"""Any panel (one row for each unit and period) as a checked grid: pandas, polars, Arrow, or the path of a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fourwalls.errors import PanelError, did_you_mean, listed
from fourwalls.pilot.columns import (
    Flags,
    flags,
    is_never,
    names_starts,
    need_columns,
    numbers,
    read_table,
    unit_name,
    unit_names,
)
from fourwalls.pilot.holes import MOST_MISSING_SHARE, bridged, without_large_holes
from fourwalls.pilot.methods import Cohort
from fourwalls.pilot.periods import Time, comparable, first_from, gaps, normal_times
from fourwalls.pilot.weights import Floats, Ints

_LEAST_FOR_FLAT = 4


@dataclass(frozen=True, slots=True)
class Panel:
    """Outcomes of units over periods, without holes.

    Attributes:
        units: Names, shape (n,).
        times: Periods in order, shape (t,).
        outcomes: Shape (n, t); holes are filled, see `filled`.
        filled: Which cells were empty and filled from their own group, shape (n, t).
        cohorts: The treated, by the period in which they begin; empty in a history.
        controls: Numbers of the units never treated.
        outcome, time: The names of these columns.
        notes: What was done to the table on the way, in sentences.
    """

    units: tuple[str, ...]
    times: tuple[Time, ...]
    outcomes: Floats
    filled: Flags
    cohorts: tuple[Cohort, ...]
    controls: Ints
    outcome: str
    time: str
    notes: tuple[str, ...] = field(default=())

    @property
    def treated(self) -> Ints:
        """Numbers of the treated units."""
        return np.concatenate([c.units for c in self.cohorts]) if self.cohorts else np.zeros(0, dtype=np.int64)

    @property
    def is_staggered(self) -> bool:
        """Whether treatment begins in more than one period."""
        return len(self.cohorts) > 1

    @property
    def start(self) -> int:
        """Number of the first treated period."""
        return min(c.start for c in self.cohorts)


def read_panel(
    source: object,
    *,
    unit: str,
    time: str,
    outcome: str,
    treated: object = None,
    start: object = None,
) -> Panel:
    """Reads and checks a panel.

    Args:
        source: pandas, polars, Arrow, or the path of a .csv or .parquet file.
        unit, time, outcome: Names of the columns.
        treated: Name of a column that is 1 (or true) where and when a unit is treated, or that names each unit's first treated
            period (0 or empty: never); or the names of the treated units.
        start: First treated period, where `treated` names units or says of a unit only that it is one of the treated.

    Raises:
        PanelError: The panel cannot be used; the sentence says what was found where, and what to do.
    """
    table = read_table(source)
    if treated is not None and not isinstance(treated, Iterable):
        treated = [treated]
    if isinstance(treated, str) and treated not in table.column_names and _is_unit(table, unit, treated):
        treated = [treated]
    column = treated if isinstance(treated, str) else None
    need_columns(table, [c for c in (unit, time, outcome, column) if c is not None])
    if table.num_rows == 0:
        raise PanelError("The panel has no rows.", "Give one row for each unit and period.")
    names = unit_names(table[unit], unit)
    whens = normal_times(table[time], time)
    values = numbers(table[outcome], outcome)
    units, row = np.unique(names, return_inverse=True)
    times = sorted(set(whens))
    position = {t: i for i, t in enumerate(times)}
    at = np.array([position[t] for t in whens])
    _refuse_duplicates(units, times, row, at, unit, time)
    grid = np.full((len(units), len(times)), np.nan)
    grid[row, at] = values
    _refuse_flat(grid, outcome)
    begins = np.full(len(units), len(times))
    if column is not None and start is None and names_starts(table[column]):
        begins = _begins_by_starts(table[column], row, units, times, column)
    elif column is not None:
        begins = _begins_by_column(flags(table[column], column), row, at, grid, units, times, column, start)
    elif treated is not None:
        begins = _begins_by_names(treated, units, times, start)
    notes = [*_between(start, times), *_flat_units(units, grid)]
    names_of, whens_of = tuple(units.tolist()), tuple(times)
    return _checked(names_of, whens_of, grid, begins, outcome, time, notes, has_treated=treated is not None)


def _between(start: object, times: Sequence[Time]) -> tuple[str, ...]:
    """A sentence where the start falls between two periods: the earlier one may hold treated days."""
    wanted = None if start is None else comparable(start, times[0])
    if wanted is None or wanted in times or not 0 < (at := first_from(wanted, times)) < len(times):
        return ()
    said = (
        f"Start {start} lies between {times[at - 1]} and {times[at]}: {times[at]} is taken as the first treated period. "
        f"If {times[at - 1]} reaches beyond the start, leave it out."
    )
    return (said,)


def _flat_units(units: npt.NDArray[Any], grid: Floats) -> tuple[str, ...]:
    """A sentence on units that never move: they may not have been measured."""
    flat = np.nanmax(grid, axis=1, initial=-np.inf) <= np.nanmin(grid, axis=1, initial=np.inf)
    if not flat.any() or grid.shape[1] < _LEAST_FOR_FLAT:
        return ()
    who = units[flat & np.isfinite(grid).any(axis=1)].tolist()
    return (f"The outcome is the same in every period of {listed(who)}. Was it measured there?",) if who else ()


def _refuse_duplicates(
    units: npt.NDArray[Any], times: Sequence[Time], row: Ints, at: Ints, unit: str, time: str
) -> None:
    key = row * len(times) + at
    first, count = np.unique(key, return_counts=True)
    if (count > 1).any():
        twice = int(first[count > 1][0])
        raise PanelError(
            f"{int((count > 1).sum())} unit-periods stand there more than once; first: {unit} '{units[twice // len(times)]}', "
            f"{time} {times[twice % len(times)]}, {int(count[count > 1][0])} rows.",
            "Sum or average them to one row for each unit and period.",
        )


def _refuse_flat(grid: Floats, outcome: str) -> None:
    known = grid[np.isfinite(grid)]
    if not len(known):
        raise PanelError(f"Outcome '{outcome}' is empty in every row.", "Name a column with numbers.")
    if not known.any():
        raise PanelError(
            f"Outcome '{outcome}' is 0 in every row: there is nothing to compare.",
            "Name another outcome, or check how it was exported.",
        )
    if np.ptp(known) == 0:
        raise PanelError(
            f"Outcome '{outcome}' is {known[0]:g} in every row: there is nothing to compare.",
            "Name another outcome, or check how it was exported.",
        )


def _is_unit(table: pa.Table, unit: str, name: str) -> bool:
    return unit in table.column_names and unit_name(name) in {unit_name(v) for v in table[unit].unique().to_pylist()}


def _begins_by_starts(
    column: pa.ChunkedArray, row: Ints, units: npt.NDArray[Any], times: Sequence[Time], name: str
) -> Ints:
    begins = np.full(len(units), -1)
    for u, value in zip(row.tolist(), column.to_pylist(), strict=True):
        begin = len(times) if is_never(value) else first_from(comparable(value, times[0]), times)
        if begins[u] not in (-1, begin):
            raise PanelError(
                f"Column '{name}' names more than one first treated period for '{units[u]}'.",
                "Name one for each unit, the same in all of its rows, 0 or empty where it is never treated; or mark treated rows by 1 and the others by 0.",
            )
        begins[u] = begin
    return begins


def _begins_by_column(
    is_on: Flags,
    row: Ints,
    at: Ints,
    grid: Floats,
    units: npt.NDArray[Any],
    times: Sequence[Time],
    column: str,
    start: object,
) -> Ints:
    status = np.zeros(grid.shape, dtype=np.int64) - 1
    status[row, at] = is_on
    ever, always = (status == 1).any(axis=1), ~(status == 0).any(axis=1)
    begins = np.where(ever, (status == 1).argmax(axis=1), len(times))
    if start is not None:
        first = _position(start, times)
        inside = begins[ever & ~always]
        if len(inside) and (inside != first).any():
            raise PanelError(
                f"Column '{column}' has a unit begin in {times[int(inside[inside != first][0])]}, but start says {times[first]}.",
                "Leave start out where the column says when each unit begins.",
            )
        return np.where(ever, first, len(times))
    begins = _settled(begins, status)
    for u in np.flatnonzero(ever):
        off = np.flatnonzero(status[u, begins[u] :] == 0)
        if len(off):
            raise PanelError(
                f"Treatment of '{units[u]}' switches off in {times[int(begins[u] + off[0])]} after it began in {times[begins[u]]}.",
                "Cut the panel before that period, or leave the unit out: what lingers after a treatment ends would be read as control.",
            )
    if (ever & always).any():
        who = units[ever & always]
        raise PanelError(
            f"Column '{column}' is 1 in every period of {listed(who.tolist())}: there is no period before to compare with.",
            f"Give start, if the column only says who belongs to the treated; else leave {'it' if len(who) == 1 else 'them'} out.",
        )
    return begins


def _settled(begins: Ints, status: Ints) -> Ints:
    """Where the row of the start itself is missing, a unit begins with those that begin inside its hole."""
    usual = np.unique(begins[begins < status.shape[1]], return_counts=True)
    settled = begins.copy()
    for u in np.flatnonzero((begins > 0) & (begins < status.shape[1])):
        last_off = int(np.flatnonzero(status[u, : begins[u]] == 0)[-1]) if (status[u, : begins[u]] == 0).any() else -1
        inside = (usual[0] > last_off) & (usual[0] <= begins[u])
        if last_off >= 0 and inside.any():
            settled[u] = usual[0][inside][usual[1][inside].argmax()]
    return settled


def _begins_by_names(treated: Iterable[object], units: npt.NDArray[Any], times: Sequence[Time], start: object) -> Ints:
    names = [unit_name(t) for t in treated]
    known = {u: i for i, u in enumerate(units.tolist())}
    for name in names:
        if name not in known:
            raise PanelError(f"There is no unit '{name}'.{did_you_mean(name, known)}", f"Choose from {listed(known)}.")
    if start is None:
        raise PanelError(
            "The treated units are named, but not when they begin.", "Give start, the first treated period."
        )
    begins = np.full(len(units), len(times))
    begins[[known[n] for n in names]] = _position(start, times)
    return begins


def _position(start: object, times: Sequence[Time]) -> int:
    after = first_from(comparable(start, times[0]), times)
    if after == len(times):
        raise PanelError(
            f"Start {start} is after the last period, {times[-1]}: nothing is treated yet.",
            "Give data from the start on.",
        )
    return after


def _checked(
    units: tuple[str, ...],
    times: tuple[Time, ...],
    grid: Floats,
    begins: Ints,
    outcome: str,
    time: str,
    notes: list[str],
    *,
    has_treated: bool,
) -> Panel:
    if has_treated:
        if not (begins < len(times)).any():
            raise PanelError(
                "No unit is treated in any period.", "Set the treated column to 1 where and when a unit is treated."
            )
        if (begins == 0).any():
            who = [u for u, b in zip(units, begins, strict=True) if b == 0]
            raise PanelError(
                f"{listed(who)} {'is' if len(who) == 1 else 'are'} treated from the first period on: there is no period before.",
                "Add earlier periods, or leave such units out.",
            )
        times, grid, begins = _with_untreated(times, grid, begins, notes)
    notes += gaps(times, time)
    grid, units, times, begins = without_large_holes(grid, units, times, begins, notes)
    filled = ~np.isfinite(grid)
    groups = [np.flatnonzero(begins == b) for b in np.unique(begins)]
    if filled.any():
        share = filled.mean()
        if share > MOST_MISSING_SHARE:
            raise PanelError(
                f"{int(filled.sum()):,} of {filled.size:,} unit-periods are missing ({share:.0%}); at most {MOST_MISSING_SHARE:.0%} can be bridged.",
                "Use longer periods (weeks for days), or leave out the units and periods with most holes.",
            )
        for group in groups:
            grid[group] = bridged(grid[group])
        first = np.argwhere(filled)[0]
        notes.append(
            f"{int(filled.sum()):,} of {filled.size:,} unit-periods are missing ({share:.1%}), first {units[first[0]]} in {times[first[1]]}: "
            "bridged by the unit's own level and what units like it did in that period."
        )
    cohorts = tuple(Cohort(int(b), np.flatnonzero(begins == b)) for b in np.unique(begins) if b < len(times))
    return Panel(units, times, grid, filled, cohorts, np.flatnonzero(begins >= len(times)), outcome, time, tuple(notes))


def _with_untreated(
    times: tuple[Time, ...], grid: Floats, begins: Ints, notes: list[str]
) -> tuple[tuple[Time, ...], Floats, Ints]:
    """Where every unit is treated in the end, the last to begin are the untreated until then."""
    if (begins >= len(times)).any():
        return times, grid, begins
    last = int(begins.max())
    if (begins == last).all():
        raise PanelError(
            f"No untreated unit: all {len(begins)} begin in {times[last]}, so there is nothing to compare with.",
            "Add units that are not treated.",
        )
    notes.append(
        f"Every unit is treated in the end: the last to begin serve as controls, and periods from {times[last]} on are left out."
    )
    return times[:last], grid[:, :last], np.minimum(begins, last)
