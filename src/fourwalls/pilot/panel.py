"""Any panel (one row for each unit and period) as a checked grid: pandas, polars, Arrow, or the path of a file."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from fourwalls.errors import PanelError, did_you_mean, listed
from fourwalls.pilot.methods import Cohort
from fourwalls.pilot.weights import Floats, Ints

Time = int | float | date | str
Flags = npt.NDArray[np.bool_]

MOST_MISSING_SHARE = 0.2
"""More holes than this are not filled: the answer would be made of guesses."""
_YES, _NO = (
    {"1", "1.0", "true", "yes", "y", "t", "treated"},
    {"0", "0.0", "false", "no", "n", "f", "control", "untreated"},
)
_PERIOD = re.compile(r"(\d{4})-?([QqWwMm]?)(\d{1,2})")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_FILL_ROUNDS, _FILL_CLOSE, _MOST_PATTERNS = 200, 1e-9, 3
_MOST_LEFT_OUT_SHARE = 0.25


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


def read_table(source: object) -> pa.Table:
    """A table from pandas, polars, Arrow, or the path of a .csv or .parquet file."""
    if isinstance(source, str | Path):
        return _read_file(Path(source))
    if isinstance(source, pa.Table):
        return source
    if hasattr(source, "collect") and hasattr(source, "collect_schema"):
        source = source.collect()
    if hasattr(source, "__arrow_c_stream__"):
        return pa.table(source)
    if isinstance(source, dict):
        return pa.table(source)
    raise PanelError(
        f"A panel of type {type(source).__name__} cannot be read.",
        "Give a pandas or polars data frame, an Arrow table, or the path of a .csv or .parquet file.",
    )


def _read_file(path: Path) -> pa.Table:
    if not path.is_file():
        raise PanelError(
            f"There is no file '{path.name}'.", "Name a .csv or .parquet file with one row for each unit and period."
        )
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return pq.read_table(path)
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            head = file.read(64_000)
        if not head.strip():
            raise PanelError(
                f"'{path.name}' is empty.", "Give a file with a header line and one row for each unit and period."
            )
        first = head.splitlines()[0]
        delimiter = max(";,\t|", key=first.count)
        options = pa_csv.ConvertOptions(
            strings_can_be_null=True, null_values=["", "NA", "NaN", "nan", "null", "NULL", "None"]
        )
        return pa_csv.read_csv(path, parse_options=pa_csv.ParseOptions(delimiter=delimiter), convert_options=options)
    except (pa.ArrowInvalid, csv.Error, UnicodeDecodeError) as error:
        raise PanelError(
            f"'{path.name}' cannot be read as a table: {str(error).splitlines()[0][:200]}",
            "Give a CSV with a header line, UTF-8, separated by commas, semicolons or tabs; or a Parquet file.",
        ) from None


def read_panel(
    source: object,
    *,
    unit: str,
    time: str,
    outcome: str,
    treated: str | Iterable[object] | None = None,
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
    if isinstance(treated, str) and treated not in table.column_names and _is_unit(table, unit, treated):
        treated = [treated]
    column = treated if isinstance(treated, str) else None
    _need_columns(table, [c for c in (unit, time, outcome, column) if c is not None])
    if table.num_rows == 0:
        raise PanelError("The panel has no rows.", "Give one row for each unit and period.")
    names = _unit_names(table[unit], unit)
    whens = normal_times(table[time], time)
    values = _outcomes(table[outcome], outcome)
    units, row = np.unique(names, return_inverse=True)
    times = sorted(set(whens))
    position = {t: i for i, t in enumerate(times)}
    at = np.array([position[t] for t in whens])
    _refuse_duplicates(units, times, row, at, unit, time)
    grid = np.full((len(units), len(times)), np.nan)
    grid[row, at] = values
    _refuse_flat(grid, outcome)
    begins = np.full(len(units), len(times))
    if column is not None and start is None and _names_starts(table[column]):
        begins = _begins_by_starts(table[column], row, units, times, column)
    elif column is not None:
        flags = _flags(table[column], column)
        begins = _begins_by_column(flags, row, at, grid, units, times, column, start)
    elif treated is not None:
        begins = _begins_by_names(treated, units, times, start)
    return _checked(tuple(units.tolist()), tuple(times), grid, begins, outcome, time, has_treated=treated is not None)


def _need_columns(table: pa.Table, names: Sequence[str]) -> None:
    for name in names:
        if name not in table.column_names:
            raise PanelError(
                f"The panel has no column '{name}'; found {listed(table.column_names)}.{did_you_mean(name, table.column_names)}",
                "Name its columns: unit, time, outcome and treated.",
            )


def _unit_names(column: pa.ChunkedArray, name: str) -> npt.NDArray[Any]:
    values = column.to_pylist()
    if any(v is None or v == "" for v in values):
        at = next(i for i, v in enumerate(values) if v is None or v == "")
        raise PanelError(
            f"Column '{name}', row {at + 1}: the unit is empty.", "Name the unit in every row, or leave such rows out."
        )
    return np.array([str(v) for v in values])


def normal_times(column: pa.ChunkedArray, name: str) -> list[Time]:
    """Periods as numbers, dates or sortable text."""
    if pa.types.is_dictionary(column.type):
        column = pc.cast(column, column.type.value_type)
    values = column.to_pylist()
    if any(v is None or (isinstance(v, float) and math.isnan(v)) for v in values):
        at = next(i for i, v in enumerate(values) if v is None or (isinstance(v, float) and math.isnan(v)))
        raise PanelError(
            f"Column '{name}', row {at + 1}: the period is empty.",
            "Give the period in every row, or leave such rows out.",
        )
    if isinstance(values[0], str):
        return _times_from_text(values, name)
    if isinstance(values[0], datetime):
        plain = [v.replace(tzinfo=None) for v in values]
        if all(v.hour == v.minute == v.second == v.microsecond == 0 for v in plain):
            return [v.date() for v in plain]
        return [v.isoformat(" ") for v in plain]
    if isinstance(values[0], bool) or not isinstance(values[0], int | float | date):
        raise PanelError(
            f"Column '{name}': found {column.type}, allowed: numbers or dates.",
            "Give periods as 2024, or as 2024-01-31.",
        )
    return [int(v) if isinstance(v, float) and v.is_integer() else v for v in values]


def _times_from_text(values: list[str], name: str) -> list[Time]:
    known: dict[str, Time] = {}
    for value in values:
        if value not in known:
            found = period_from_text(value)
            if found is None:
                raise PanelError(
                    f"Column '{name}': '{value[:40]}' is no period whose order is certain; allowed: numbers, dates as 2024-01-31, "
                    "months as 2024-01, quarters as 2024-Q1, weeks as 2024-W05.",
                    "Rewrite the column so.",
                )
            known[value] = found
    if len({type(t) for t in known.values()}) > 1:
        # A midnight among times of the day is a time, too.
        known = {
            v: f"{t.isoformat()} 00:00:00" if len(v.strip()) > 10 and isinstance(t, date) else t
            for v, t in known.items()
        }
    if len({type(t) for t in known.values()}) > 1:
        raise PanelError(
            f"Column '{name}' mixes kinds of periods, e.g. {' and '.join(repr(v) for v in _of_each_kind(known))}.",
            "Write all periods alike.",
        )
    return [known[v] for v in values]


def _of_each_kind(known: dict[str, Time]) -> list[str]:
    return list({type(t): text for text, t in known.items()}.values())


def period_from_text(text: str) -> Time | None:
    """A period as one writes it, in the form in which periods are compared; None if its order would not be certain."""
    kept = text.strip()
    if kept.isdigit():
        return int(kept)
    if _PERIOD.fullmatch(kept):
        year, letter, number = _PERIOD.fullmatch(kept).groups()  # type: ignore[union-attr]
        return f"{year}-{(letter or '').upper()}{int(number):02d}"
    try:
        moment = datetime.fromisoformat(kept).replace(tzinfo=None)
    except ValueError:
        return None
    if not _DATE.match(kept):
        return None
    return moment.date() if moment.time() == datetime.min.time() else moment.isoformat(" ")


def _outcomes(column: pa.ChunkedArray, name: str) -> Floats:
    kind = column.type
    if not (
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
    ):
        example = next((v for v in column.to_pylist() if v is not None), None)
        raise PanelError(
            f"Column '{name}' (outcome): found {kind}, first value '{str(example)[:40]}'; allowed: numbers.",
            "Give plain numbers with a point for decimals and no unit or thousands sign.",
        )
    values = np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    if np.isinf(values).any():
        raise PanelError(
            f"Column '{name}' (outcome), row {int(np.isinf(values).argmax()) + 1}: infinite.",
            "Correct it, or leave it empty.",
        )
    return values


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


def _flags(column: pa.ChunkedArray, name: str) -> Flags:
    found = []
    for number, value in enumerate(column.to_pylist()):
        text = str(value).strip().lower()
        if text not in _YES and text not in _NO:
            raise PanelError(
                f"Column '{name}' (treated), row {number + 1}: found '{str(value)[:40]}'; allowed: 1 or 0, true or false.",
                "Set it to 1 where and when a unit is treated, else 0; or name the treated units, and the start.",
            )
        found.append(text in _YES)
    return np.array(found)


def _is_unit(table: pa.Table, unit: str, name: str) -> bool:
    return unit in table.column_names and name in {str(v) for v in table[unit].unique().to_pylist()}


def _names_starts(column: pa.ChunkedArray) -> bool:
    """Whether a column holds first treated periods, as in `first_treat`: numbers or dates other than 0 and 1."""
    values = [v for v in column.unique().to_pylist() if not _is_never(v)]
    if not values or {str(v).strip().lower() for v in values} <= _YES | _NO:
        return False
    if all(isinstance(v, int | float | date) and not isinstance(v, bool) for v in values):
        return True
    return all(isinstance(v, str) and period_from_text(v) is not None for v in values)


def _is_never(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, int | float) and (value == 0 or not math.isfinite(value)))


def _begins_by_starts(
    column: pa.ChunkedArray, row: Ints, units: npt.NDArray[Any], times: Sequence[Time], name: str
) -> Ints:
    begins = np.full(len(units), -1)
    for u, value in zip(row.tolist(), column.to_pylist(), strict=True):
        begin = len(times) if _is_never(value) else _first_from(_comparable(value, times[0]), times)
        if begins[u] not in (-1, begin):
            raise PanelError(
                f"Column '{name}' names more than one first treated period for '{units[u]}'.",
                "Name one for each unit, the same in all of its rows; 0 or empty where it is never treated.",
            )
        begins[u] = begin
    return begins


def _begins_by_column(
    flags: Flags,
    row: Ints,
    at: Ints,
    grid: Floats,
    units: npt.NDArray[Any],
    times: Sequence[Time],
    column: str,
    start: object,
) -> Ints:
    status = np.zeros(grid.shape, dtype=np.int64) - 1
    status[row, at] = flags
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
    names = [str(t) for t in treated]
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
    after = _first_from(_comparable(start, times[0]), times)
    if after == len(times):
        raise PanelError(
            f"Start {start} is after the last period, {times[-1]}: nothing is treated yet.",
            "Give data from the start on.",
        )
    return after


def _first_from(wanted: Any, times: Sequence[Time]) -> int:  # noqa: ANN401 - of the kind of the periods
    try:
        return next((i for i, t in enumerate(times) if t >= wanted), len(times))
    except TypeError:
        raise PanelError(
            f"Start '{wanted}' is not of the kind of the periods, e.g. {times[0]}.",
            "Write it as the periods are written.",
        ) from None


def _comparable(start: object, example: Time) -> object:
    """A start as the periods are: a date for dates, a number for numbers, text in the form of the periods."""
    if isinstance(start, float) and math.isfinite(start) and start.is_integer():
        start = int(start)
    if isinstance(example, int | float) and isinstance(start, int | float):
        return start
    text = str(start.isoformat(" ") if isinstance(start, datetime) else start)
    found = period_from_text(text)
    if isinstance(example, str) and isinstance(found, date):
        return datetime.combine(found, datetime.min.time()).isoformat(" ")
    if isinstance(example, date) and isinstance(found, str) and _DATE.match(found):
        return date.fromisoformat(found[:10])
    if isinstance(example, float | int) and found is None:
        with suppress(ValueError):
            return float(text)
    return text if found is None else found


def _checked(
    units: tuple[str, ...],
    times: tuple[Time, ...],
    grid: Floats,
    begins: Ints,
    outcome: str,
    time: str,
    *,
    has_treated: bool,
) -> Panel:
    notes: list[str] = []
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
    _tell_gaps(times, time, notes)
    grid, units, times, begins = _without_holes_too_large(grid, units, times, begins, notes)
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
            grid[group] = _bridged(grid[group])
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


def _without_holes_too_large(
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


def _tell_gaps(times: Sequence[Time], name: str, notes: list[str]) -> None:
    if len(times) < 4 or isinstance(times[0], str):
        return
    steps = np.array([_distance(a, b) for a, b in pairwise(times)])
    usual = float(np.median(steps))
    # Months differ by three days; only steps of more than half again are gaps.
    wide = np.flatnonzero(steps > 1.5 * usual)
    if len(wide):
        notes.append(
            f"{len(wide)} gaps in {name}, first after {times[int(wide[0])]}: periods are taken in order, not by the calendar."
        )


def _distance(earlier: Time, later: Time) -> float:
    if isinstance(earlier, date) and isinstance(later, date):
        return float((later - earlier).days)
    return float(later) - float(earlier) if isinstance(earlier, int | float) and isinstance(later, int | float) else 1.0


def _bridged(group: Floats) -> Floats:
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
