"""From a frozen plan and later data to the verdict."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fourwalls.errors import PanelError, PlanError, listed
from fourwalls.pilot.columns import numbers, read_table, unit_names
from fourwalls.pilot.evaluation import evaluate
from fourwalls.pilot.looks import level_at
from fourwalls.pilot.periods import Time, comparable, normal_times
from fourwalls.pilot.plan import HISTORY_FILE, Plan, read_plan
from fourwalls.pilot.result import Check, Evaluation
from fourwalls.pilot.verdict import judge as decide
from fourwalls.pilot.weights import Floats

_REWRITTEN = 1e-9


def judge(plan: str | Path, later: object) -> Evaluation:
    """What the pilot has shown so far, and the verdict by its frozen rule.

    Args:
        plan: The frozen plan: plan.json, or the folder it is in, with the history beside it.
        later: Data from the start on (earlier periods may be in it): pandas, polars, Arrow, or a path.

    Raises:
        PlanError: The plan or its history was changed, or is not there.
        PanelError: The later data cannot be used.
    """
    frozen = read_plan(plan)
    folder = Path(plan) if Path(plan).is_dir() else Path(plan).parent
    history = _history(folder, frozen)
    table, rewritten, start = _joined(history, read_table(later), frozen)
    elapsed = len({t for t in normal_times(table[frozen.time], frozen.time) if t >= start})  # type: ignore[operator]
    look = _look(frozen, elapsed)
    found = evaluate(
        table, unit=frozen.unit, time=frozen.time, outcome=frozen.outcome, treated=frozen.treated, start=start,
        method=frozen.method, exposed=_there(frozen.exposed, table, frozen.unit), guardrails=dict(frozen.guardrails),
        unit_value=frozen.unit_value, currency=frozen.currency, level=look.level, seed=frozen.seed,
    )  # fmt: skip
    checks = (*found.checks, *_look_check(look, frozen, elapsed), _history_check(rewritten))
    return replace(
        found,
        checks=checks,
        why="It was fixed in the frozen plan.",
        verdict=decide(found, frozen, elapsed, may_decide=look.may_decide),
    )


@dataclass(frozen=True, slots=True)
class _Look:
    number: int
    level: float
    may_decide: bool


def _look(plan: Plan, elapsed: int) -> _Look:
    """Which look this is, and how wide its interval must be so that α holds over all looks."""
    planned = [*plan.looks, plan.length]
    done = [n for n in planned if n <= elapsed]
    alpha = 1 - plan.level
    if elapsed >= plan.length:
        shares = [n / plan.length for n in planned]
        return _Look(len(planned), level_at(shares, alpha), may_decide=True)
    if elapsed in plan.looks:
        return _Look(len(done), level_at([n / plan.length for n in done], alpha), may_decide=True)
    return _Look(len(done), plan.level, may_decide=False)


def _look_check(look: _Look, plan: Plan, elapsed: int) -> tuple[Check, ...]:
    if not plan.looks and elapsed >= plan.length:
        return ()
    name = "Looking in between does not inflate chance"
    if not look.may_decide:
        allowed = ", ".join(map(str, (*plan.looks, plan.length)))
        return (
            Check(
                name,
                None,
                f"{elapsed} periods are in; looks were planned after {allowed}.",
                "Nothing is decided on this one.",
            ),
        )
    return (
        Check(
            name,
            True,
            f"look {look.number} of {len(plan.looks) + 1}: its interval is made at {look.level:.2%} so that α stays {1 - plan.level:.0%} over all.",
            "",
        ),
    )


def _history(folder: Path, plan: Plan) -> pa.Table:
    file = folder / HISTORY_FILE
    if not file.is_file():
        raise PlanError(
            f"There is no '{HISTORY_FILE}' beside the plan.",
            "Keep the folder that `fourwalls pilot design` wrote together.",
        )
    if hashlib.sha256(file.read_bytes()).hexdigest() != plan.history_sha256:
        raise PlanError(
            f"'{HISTORY_FILE}' was changed after the plan was frozen.",
            "Put back the file that was written with the plan.",
        )
    return read_table(file)


def _joined(history: pa.Table, later: pa.Table, plan: Plan) -> tuple[pa.Table, int, Time]:
    """History and later data as one table, how many cells of the history the later data tell otherwise, and the start."""
    names = history.column_names
    missing = [n for n in names if n not in later.column_names]
    if missing:
        raise PanelError(
            f"The later data have no column '{missing[0]}'; found {listed(later.column_names)}.",
            f"The plan needs {listed(names)}.",
        )
    before, after = _part(history, names, plan), _part(later, names, plan)
    last = max(before.times)
    try:
        new = np.array([t > last for t in after.times])
    except TypeError:
        raise PanelError(
            f"Column '{plan.time}' holds {after.times[0]}, but the history {before.times[0]}.",
            "Write periods as in the history.",
        ) from None
    if not new.any():
        raise PanelError(
            f"The later data end with {max(after.times)}, and the history with {last}: nothing is new.",
            "Give data from the start of the pilot on.",
        )
    fresh = [t for t, n in zip(after.times, new, strict=True) if n]
    start: Any = comparable(plan.start_name, fresh[0]) if plan.start_name else min(fresh)
    times = pa.array(
        [*before.times, *fresh] if isinstance(last, int | float) else [str(t) for t in (*before.times, *fresh)]
    )
    joined = pa.table(
        {
            plan.unit: np.concatenate([before.units, after.units[new]]),
            plan.time: times,
            **{n: np.concatenate([v, after.values[n][new]]) for n, v in before.values.items()},
        }
    )
    return joined, _rewritten(before, after, plan.outcome), start


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of a table, read as a panel reads them: names of units, periods in comparable form, numbers by column."""

    units: npt.NDArray[Any]
    times: list[Any]
    values: dict[str, Floats]


def _part(table: pa.Table, names: list[str], plan: Plan) -> _Part:
    columns = {n: numbers(table[n], n) for n in names if n not in (plan.unit, plan.time)}
    return _Part(unit_names(table[plan.unit], plan.unit), normal_times(table[plan.time], plan.time), columns)


def _rewritten(before: _Part, after: _Part, outcome: str) -> int:
    """How many values of the history, to be found in the later data as well, read otherwise there."""
    then = dict(zip(zip(before.units, before.times, strict=True), before.values[outcome], strict=True))
    now = zip(zip(after.units, after.times, strict=True), after.values[outcome], strict=True)
    return sum(k in then and abs(v - then[k]) > _REWRITTEN * max(abs(v), abs(then[k])) for k, v in now)


def _history_check(rewritten: int) -> Check:
    name = "The history is as it was"
    if rewritten:
        return Check(
            name,
            False,
            f"{rewritten:,} values of the frozen history read otherwise in the later data.",
            "The frozen ones are used; find out why.",
        )
    return Check(name, True, "the later data do not contradict the frozen history.", "")


def _there(names: tuple[str, ...], table: pa.Table, unit: str) -> tuple[str, ...]:
    units = set(table[unit].to_pylist())
    return tuple(n for n in names if n in units)
