"""When a plan will be finished, by drawing how long its tasks take; and which task made it slip.

Task times: lognormal around the planned days, with one common factor for all tasks of a plan (linear association), after
Trietsch, Mazmanyan, Gevorgyan and Baker (2012), "Modeling activity times by the Parkinson distribution with a lognormal core",
European Journal of Operational Research 216. The factor and its spread start from a prior and learn from tasks that are done:
conjugate normal-inverse-gamma on the logarithm (Gelman et al., Bayesian Data Analysis, 3rd ed., 3.3).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from graphlib import TopologicalSorter

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri, stdtrit

from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.register.records import Milestone, TaskPlan

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Median of days taken over days planned, and spread of its logarithm, before anything is done: a choice that agrees with people
# finishing by the time they named in four cases of ten (Buehler, Griffin and Ross 1994); one task in ten then takes twice as long.
PRIOR_FACTOR, PRIOR_SPREAD = 1.1, 0.467
# Done tasks that weigh as much as the prior: a choice.
PRIOR_TASKS = 4.0
DRAWS = 4_000
_SURE = 0.5


@dataclass(frozen=True, slots=True)
class Slip:
    """How a task ends later (or, if negative, earlier) than planned, and why; the parts add up to the whole.

    Attributes:
        task: Which.
        planned_on, expected_on: Day it was to end; median day it will, or did.
        days: Between them.
        own_days: Because it takes longer itself.
        start_days: Because it started late, with nothing to wait for.
        waiting_days: Because it waited for another.
        because_of: That other; "" if it waited for none.
        root: Where the delay it waited for began; "" if it waited for none.
        critical_share: Part of the draws in which the end of the plan hangs on this task, 0-1.
        is_late: Whether its day has passed, or it was done after it; else its lateness is expected, and no fact.
    """

    task: str
    planned_on: date
    expected_on: date
    days: float
    own_days: float
    start_days: float
    waiting_days: float
    because_of: str
    root: str
    critical_share: float
    is_late: bool


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a plan ends.

    Attributes:
        planned_on: Day it was to end.
        p50_on, p80_on: Days by which it ends in half, and in four of five, of the draws.
        on_time_chance: Part of the draws in which it ends by the planned day, 0-1.
        factor: Days taken over days planned: median with its range, as learnt so far; refused where no task is done.
        learnt_from: Done tasks it rests on.
        slips: One for each task, in the order of the plan.
    """

    planned_on: date
    p50_on: date
    p80_on: date
    on_time_chance: float
    factor: Figure
    learnt_from: int
    slips: tuple[Slip, ...]


def forecast(plan: TaskPlan, today: date, others: Sequence[TaskPlan] = (), seed: int = 1) -> Schedule:
    """When a plan will be finished.

    Args:
        plan: Which.
        today: What is not done by then ends later.
        others: Plans whose done tasks are learnt from beside its own.
        seed: Of the draws.
    """
    tasks = {m.task.id: m for m in plan.milestones if m.state != "dropped"}
    order = _order(tasks)
    ratios = _taken([plan, *others])
    planned = {name: (m.task.start_day - 1.0, float(m.task.end_day)) for name, m in tasks.items()}
    ends, drivers = _simulate(plan, tasks, order, ratios, (today - plan.starts_on).days, seed)
    last = max((e for _, e in planned.values()), default=0.0)
    finish = np.max(np.stack([ends[name] for name in order]), axis=0) if order else np.zeros(DRAWS)
    critical = _critical(order, ends, drivers)
    expected = {name: float(np.quantile(ends[name], _SURE)) for name in order}
    slips = _slips(plan, tasks, planned, expected, critical, float((today - plan.starts_on).days))
    p50, p80 = (float(x) for x in np.quantile(finish, [0.5, 0.8], method="inverted_cdf"))
    return Schedule(
        _day(plan, last), _day(plan, p50), _day(plan, p80), float((np.ceil(finish - 1e-9) <= last).mean()),
        _factor(ratios), len(ratios), slips,
    )  # fmt: skip


def _order(tasks: Mapping[str, Milestone]) -> list[str]:
    graph = {name: [n for n in m.task.needs if n in tasks] for name, m in tasks.items()}
    return list(TopologicalSorter(graph).static_order())


def _day(plan: TaskPlan, end: float) -> date:
    """The last day of something that ends so many days after the plan's start; 1.0 is the end of its first day."""
    return plan.starts_on + timedelta(days=max(math.ceil(end - 1e-9), 1) - 1)


def _days(plan: TaskPlan, day: date, *, is_end: bool) -> float:
    return float((day - plan.starts_on).days + is_end)


def _taken(plans: Sequence[TaskPlan]) -> list[float]:
    """Days taken over days planned, of every done task that says when it was started."""
    return [
        ((m.done_on - m.started_on).days + 1) / (m.task.end_day - m.task.start_day + 1)
        for plan in plans
        for m in plan.milestones
        if m.state == "done" and m.started_on and m.done_on
    ]


def posterior(ratios: Sequence[float]) -> tuple[float, float, float, float]:
    """Normal-inverse-gamma of the logarithm of days taken over days planned: mean, weight, shape, scale."""
    logs = np.log(np.asarray(ratios, dtype=np.float64))
    n, mean = len(logs), float(logs.mean()) if len(logs) else 0.0
    prior, weight = math.log(PRIOR_FACTOR), PRIOR_TASKS
    shape, scale = PRIOR_TASKS / 2 + n / 2, PRIOR_TASKS / 2 * PRIOR_SPREAD**2
    scale += 0.5 * float(((logs - mean) ** 2).sum()) + 0.5 * weight * n / (weight + n) * (mean - prior) ** 2
    return (weight * prior + n * mean) / (weight + n), weight + n, shape, scale


def _factor(ratios: Sequence[float]) -> Figure:
    about = "days taken over days planned"
    if not ratios:
        return Refusal(
            "nothing_done", about, "no task is done with the day it was started and the day it was done",
            "tasks followed up with both days",
        )  # fmt: skip
    mean, weight, shape, scale = posterior(ratios)
    half = float(stdtrit(2 * shape, 0.95)) * math.sqrt(scale / (shape * weight))
    return Estimate(math.exp(mean), math.exp(mean - half), math.exp(mean + half), "ratio", 0.9)


def _simulate(
    plan: TaskPlan,
    tasks: Mapping[str, Milestone],
    order: Sequence[str],
    ratios: Sequence[float],
    today: float,
    seed: int,
) -> tuple[dict[str, Floats], dict[str, tuple[list[str], Ints]]]:
    """Ends of each task [days after the start], shape (draws,), and which need it waited for (-1: none)."""
    rng = np.random.default_rng(seed)
    mean, weight, shape, scale = posterior(ratios)
    spread = np.sqrt(scale / rng.gamma(shape, 1.0, DRAWS))
    middle = rng.normal(mean, spread / math.sqrt(weight))
    ends: dict[str, Floats] = {}
    drivers: dict[str, tuple[list[str], Ints]] = {}
    for name in order:
        m = tasks[name]
        needs = [n for n in m.task.needs if n in tasks]
        luck = rng.uniform(size=DRAWS)
        ready, driver = _ready(m, needs, ends, today)
        drivers[name] = (needs, driver)
        if m.state == "done" and m.done_on:
            ends[name] = np.full(DRAWS, _days(plan, m.done_on, is_end=True))
            continue
        start = np.full(DRAWS, _days(plan, m.started_on, is_end=False)) if m.started_on else ready
        length = float(m.task.end_day - m.task.start_day + 1)
        # What has run for so long and is not done takes longer than that: the rest of the distribution.
        passed = np.maximum(today - start, 0.0) / length
        floor = ndtr((np.log(np.maximum(passed, 1e-9)) - middle) / spread)
        at = np.clip(floor + luck * (1 - floor), 1e-12, 1 - 1e-12)
        ends[name] = start + length * np.maximum(np.exp(middle + spread * ndtri(at)), passed)
    return ends, drivers


def _ready(m: Milestone, needs: Sequence[str], ends: Mapping[str, Floats], today: float) -> tuple[Floats, Ints]:
    """When a task can start: not before its day, not before today unless it has, not before what it needs."""
    earliest = np.full(DRAWS, max(m.task.start_day - 1.0, today))
    if not needs:
        return earliest, np.full(DRAWS, -1, dtype=np.int64)
    stacked = np.stack([ends[n] for n in needs])
    latest = stacked.max(axis=0)
    driver = np.where(latest > earliest, stacked.argmax(axis=0), -1)
    return np.maximum(latest, earliest), driver


def _critical(
    order: Sequence[str], ends: Mapping[str, Floats], drivers: Mapping[str, tuple[list[str], Ints]]
) -> dict[str, float]:
    """Part of the draws in which each task lies on the chain that ends last."""
    if not order:
        return {}
    on = {name: np.zeros(DRAWS, dtype=np.bool_) for name in order}
    last = np.stack([ends[name] for name in order]).argmax(axis=0)
    for number, name in enumerate(order):
        on[name] |= last == number
    for name in reversed(order):
        needs, driver = drivers[name]
        for number, need in enumerate(needs):
            on[need] |= on[name] & (driver == number)
    return {name: float(chain.mean()) for name, chain in on.items()}


def _slips(
    plan: TaskPlan,
    tasks: Mapping[str, Milestone],
    planned: Mapping[str, tuple[float, float]],
    expected: Mapping[str, float],
    critical: Mapping[str, float],
    today: float,
) -> tuple[Slip, ...]:
    found: dict[str, Slip] = {}
    for name in _order(tasks):
        m, (start, end) = tasks[name], planned[name]
        needs = [n for n in m.task.needs if n in tasks]
        cause = max(needs, key=lambda n: expected[n], default="")
        waited = max(expected[cause] - start, 0.0) if cause else 0.0
        if m.started_on:
            begun = _days(plan, m.started_on, is_end=False)
            # Started before what it needed was done: nothing was waited for beyond the day it began.
            waited = min(waited, max(begun - start, 0.0))
        else:
            begun = start + waited if m.state == "done" else max(start + waited, today)
        late = begun - start - waited
        days = expected[name] - end
        cause = cause if waited > 0 else ""
        root = (found[cause].root or cause) if cause else ""
        found[name] = Slip(
            name, _day(plan, end), _day(plan, expected[name]), days, days - waited - late, late, waited, cause, root,
            critical[name], expected[name] > end if m.state == "done" else today >= end,
        )  # fmt: skip
    return tuple(found[m.task.id] for m in plan.milestones if m.task.id in found)


def told(slip: Slip, titles: Mapping[str, str]) -> str:
    """A slip in a sentence."""
    name = titles.get(slip.task, slip.task)
    if slip.days < _SURE:
        return f"{name}: on time"
    parts = []
    if slip.waiting_days >= _SURE:
        root = f", which waited for {titles.get(slip.root, slip.root)}" if slip.root != slip.because_of else ""
        parts.append(f"{slip.waiting_days:.0f} by waiting for {titles.get(slip.because_of, slip.because_of)}{root}")
    if slip.start_days >= _SURE:
        parts.append(f"{slip.start_days:.0f} by a late start")
    if slip.own_days >= _SURE:
        parts.append(f"{slip.own_days:.0f} by taking longer itself")
    days = f"{slip.days:.0f} {'day' if round(slip.days) == 1 else 'days'} late"
    return f"{name}: {days if slip.is_late else f'expected {days}'}" + (f" ({', '.join(parts)})" if parts else "")


def slipped(slips: Sequence[Slip]) -> list[Slip]:
    """Those that slip by a day or more for something that has happened, most first.

    A day has passed, or it waits for a task whose day has; that plans as a whole run over stands in the dates alone.
    """
    happened = {s.task for s in slips if s.days >= 1 and (s.is_late or s.start_days >= 1)}
    found = [s for s in slips if s.days >= 1 and (s.task in happened or s.root in happened)]
    return sorted(found, key=lambda s: -s.days)
