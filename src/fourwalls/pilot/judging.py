"""From a frozen plan and later data to the verdict."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.errors import PanelError, PlanError, listed
from fourwalls.pilot.columns import read_table
from fourwalls.pilot.evaluation import evaluate
from fourwalls.pilot.looks import level_at
from fourwalls.pilot.periods import Time, normal_times
from fourwalls.pilot.plan import HISTORY_FILE, Plan, read_plan
from fourwalls.pilot.result import Check, Evaluation
from fourwalls.pilot.verdict import judge as decide

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
    before, after = normal_times(history[plan.time], plan.time), normal_times(later[plan.time], plan.time)
    try:
        last = max(before)
        new = [t > last for t in after]  # type: ignore[operator]
    except TypeError:
        raise PanelError(
            f"Column '{plan.time}' holds {after[0]}, but the history {before[0]}.", "Write periods as in the history."
        ) from None
    if not any(new):
        raise PanelError(
            f"The later data end with {max(after)}, and the history with {last}: nothing is new.",
            "Give data from the start of the pilot on.",
        )
    fresh = [t for t, n in zip(after, new, strict=True) if n]
    start: Any = min(fresh)
    if plan.start_name:
        named = (
            normal_times(pa.chunked_array([pa.array([plan.start_name])]), plan.time)
            if not isinstance(start, int | float)
            else [float(plan.start_name)]
        )
        start = named[0]
    kept = later.filter(pa.array(new)).select(names)
    frames = []
    for part, times in ((history, before), (kept, fresh)):
        columns = {n: pc.cast(part[n], pa.float64()) for n in names if n not in (plan.unit, plan.time)}
        frames.append(
            pa.table(
                {
                    plan.unit: [str(u) for u in part[plan.unit].to_pylist()],
                    plan.time: pa.array([str(t) for t in times]),
                    **columns,
                }
            )
        )
    joined = pa.concat_tables(frames)
    if isinstance(start, int | float):
        joined = joined.set_column(
            joined.column_names.index(plan.time), plan.time, pc.cast(joined[plan.time], pa.float64())
        )
    return joined, _rewritten(history, before, later.select(names), after, plan), start


def _rewritten(history: pa.Table, before: list[Time], later: pa.Table, after: list[Time], plan: Plan) -> int:
    then = dict(
        zip(
            zip(map(str, history[plan.unit].to_pylist()), before, strict=True),
            history[plan.outcome].to_pylist(),
            strict=True,
        )
    )
    now = zip(
        zip(map(str, later[plan.unit].to_pylist()), after, strict=True), later[plan.outcome].to_pylist(), strict=True
    )
    return sum(
        1
        for key, value in now
        if key in then and None not in (value, then[key]) and not np.isclose(value, then[key], rtol=_REWRITTEN)
    )


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
