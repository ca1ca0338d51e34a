"""The plan of 30 days, the pilot to run next, the role and the four mistakes, in words."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from fourwalls.diagnosis import AssetDiagnosis, Task
from fourwalls.figures import Refusal
from fourwalls.surfaces import wording

WEEKS = {1: "Map", 2: "Separate", 3: "Quantify", 4: "Pilot"}
_OPEN_OWNER = "to be named: "
_SIGNS = {"fires": "✗", "quiet": "✓", "cannot tell": "?"}


@dataclass(frozen=True, slots=True)
class TaskTold:
    """One task; `is_open` where its owner is still to be named."""

    title: str
    why: str
    owner: str
    is_open: bool
    days: str


@dataclass(frozen=True, slots=True)
class Week:
    """One week of the plan."""

    number: int
    name: str
    tasks: tuple[TaskTold, ...]


@dataclass(frozen=True, slots=True)
class Guard:
    """One of the four mistakes."""

    label: str
    state: str
    sign: str
    rule: str
    because: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Advice:
    """What follows for people.

    Attributes:
        weeks: The plan, week by week; weeks without a task are left out.
        next_task: The first task, in a line.
        role, role_because, asks: What the asset is for, or why nobody can say; what that asks.
        pilot, command: The pilot to run next and what designs it; the command is "" where records cannot carry one.
        guards: The four mistakes.
        fired: Those that fire, in words; "" if none does.
    """

    weeks: tuple[Week, ...]
    next_task: str
    role: str
    role_because: str
    asks: str
    pilot: str
    command: str
    guards: tuple[Guard, ...]
    fired: str


def advice(asset: AssetDiagnosis) -> Advice:
    """What follows from one diagnosis."""
    tasks = asset.plan.tasks
    role, pilot = asset.role, asset.pilot
    guards = tuple(
        Guard(
            wording.plain(g.label), g.state, _SIGNS[g.state], wording.sentence(g.rule), wording.sentence(g.because),
            wording.sentence(g.remedy) if g.remedy else "",
        )
        for g in asset.guardrails
    )  # fmt: skip
    weeks = (Week(n, name, tuple(_task(t) for t in tasks if t.week == n)) for n, name in WEEKS.items())
    return Advice(
        weeks=tuple(w for w in weeks if w.tasks),
        next_task=wording.sentence(tasks[0].title) if tasks else "",
        role="not known" if isinstance(role, Refusal) else role.name,
        role_because=wording.sentence(role.because),
        asks="" if isinstance(role, Refusal) else wording.sentence(role.asks),
        pilot=wording.sentence(
            f"Not yet: {pilot.because}. Needed: {pilot.next_step}" if isinstance(pilot, Refusal) else pilot.because
        ),
        command="" if isinstance(pilot, Refusal) else wording.plain(shlex.join(map(wording.plain, pilot.command))),
        guards=guards,
        fired="; ".join(g.label.lower() for g in guards if g.state == "fires"),
    )


def _task(t: Task) -> TaskTold:
    is_open = t.owner.startswith(_OPEN_OWNER)
    days = f"day {t.start_day}" if t.start_day == t.end_day else f"days {t.start_day}–{t.end_day}"
    return TaskTold(
        wording.prose(t.title), wording.sentence(t.why), wording.plain(t.owner.removeprefix(_OPEN_OWNER)), is_open, days
    )
