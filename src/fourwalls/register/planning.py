"""Tasks of a plan: which can be, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from graphlib import CycleError, TopologicalSorter
from typing import Any

from fourwalls.errors import RegisterError, did_you_mean, listed
from fourwalls.register.journal import Entry, checked_name
from fourwalls.register.records import STATES, Milestone, Task, day

# Tasks of one plan: more is no plan that somebody follows up.
MOST_TASKS = 500
MOST_DAYS = 10_000


def tasks_of(rows: object, where: str) -> list[Task]:
    """Tasks out of JSON: a list of objects with id, title, start_day, end_day and, where said, week, why, owner, needs.

    Raises:
        RegisterError: It is none.
    """
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise RegisterError(
            f"{where} is no list of tasks.", 'Write [{"id": "map", "title": "…", "start_day": 1, "end_day": 5}].'
        )
    return [_task({"week": 1, "why": "", "owner": "", "needs": [], **row}, where) for row in rows]


def _task(row: Mapping[str, Any], where: str) -> Task:
    texts, numbers = ("id", "title", "why", "owner"), ("week", "start_day", "end_day")
    wrong = [n for n in texts if not isinstance(row.get(n), str)] + [n for n in numbers if type(row.get(n)) is not int]
    needs = row["needs"]
    if not isinstance(needs, list) or not all(isinstance(n, str) for n in needs):
        wrong.append("needs")
    if wrong:
        raise RegisterError(
            f"{where}: task {str(row.get('id'))[:40]!r} has no usable {listed(wrong)}.",
            f"{listed(texts)} are text, {listed(numbers)} whole numbers, needs a list of ids.",
        )
    return Task(**{name: row[name] for name in (*texts, *numbers)}, needs=tuple(needs))


def checked_tasks(asset: str, tasks: Sequence[Task]) -> list[dict[str, Any]]:
    """The tasks as they are kept.

    Raises:
        RegisterError: One cannot be, or they need each other in a circle.
    """
    if not 0 < len(tasks) <= MOST_TASKS:
        raise RegisterError(f"The plan for '{asset}' has {len(tasks)} tasks.", f"Name 1 to {MOST_TASKS}.")
    ids = [checked_name("The id of a task", t.id, 80) for t in tasks]
    cut = [i for i in ids if "/" in i]
    if cut:
        raise RegisterError(f"The id of a task is {listed(cut)}.", "Ids have no slash.")
    twice = {i for i in ids if ids.count(i) > 1}
    if twice:
        raise RegisterError(f"Task {listed(sorted(twice))} is there twice.", "Give each task its own id.")
    for task in tasks:
        checked_name(f"The title of task '{task.id}'", task.title)
        _check_days(task)
        for need in task.needs:
            if need not in ids:
                raise RegisterError(
                    f"Task '{task.id}' needs '{need}', which is not there.{did_you_mean(need, ids)}",
                    f"Choose from {listed(ids)}.",
                )
    try:
        TopologicalSorter({t.id: t.needs for t in tasks}).prepare()
    except CycleError as error:
        raise RegisterError(
            f"Tasks need each other in a circle: {' → '.join(error.args[1])}.", "Take one of these needs out."
        ) from None
    return [{**asdict(t), "needs": list(t.needs)} for t in tasks]


def _check_days(task: Task) -> None:
    if not 1 <= task.start_day <= task.end_day <= MOST_DAYS:
        raise RegisterError(
            f"Task '{task.id}' runs from day {task.start_day} to day {task.end_day}.",
            f"Days count from 1, the plan's first: 1 <= start_day <= end_day <= {MOST_DAYS}.",
        )


def milestones_of(
    asset: str, rows: Sequence[Mapping[str, Any]], followed: Mapping[str, Entry]
) -> tuple[Milestone, ...]:
    """Each task of a plan with what was followed up of it."""
    found = []
    for row in rows:
        task = Task(**{**row, "needs": tuple(row["needs"])})
        entry = followed.get(f"{asset}/{task.id}")
        if entry is None:
            found.append(Milestone(task, 0, "open", task.owner, None, None, "", "", ""))
            continue
        c = entry.content
        days = (day(c["started_on"]), day(c["done_on"]))
        said = (c["note"], entry.at, entry.who)
        found.append(Milestone(task, entry.version, c["state"], c["owner"], *days, *said))
    return tuple(found)


def milestone_content(
    asset: str,
    before: Milestone,
    state: str | None,
    owner: str | None,
    started_on: date | None,
    done_on: date | None,
    note: str | None,
) -> dict[str, Any]:
    """What is to be written about a task; what is not said stays as it was.

    Raises:
        RegisterError: The state is not known, or the days do not fit it.
    """
    after = state or ("done" if done_on else "started" if started_on else before.state)
    if after not in STATES:
        raise RegisterError(
            f"There is no state '{after}'.{did_you_mean(after, STATES)}", f"Choose from {listed(STATES)}."
        )
    started = started_on or (before.started_on if after != "open" else None)
    done = done_on or (before.done_on if after == "done" else None)
    if after == "done" and done is None:
        raise RegisterError(f"Task '{before.task.id}' is done, but no day says when.", "Name the day it was done.")
    if after != "done" and done_on is not None:
        raise RegisterError(f"Task '{before.task.id}' has a day it was done, but is {after}.", "Call it done.")
    if after == "started" and started is None:
        raise RegisterError(
            f"Task '{before.task.id}' is started, but no day says when.", "Name the day it was started."
        )
    if started and done and done < started:
        raise RegisterError(
            f"Task '{before.task.id}' is done on {done}, before it was started on {started}.", "Mend one of the days."
        )
    return {
        "asset": asset, "task": before.task.id, "state": after,
        "owner": before.owner if owner is None else owner.strip(),
        "started_on": started.isoformat() if started else None, "done_on": done.isoformat() if done else None,
        "note": before.note if note is None else note.strip(),
    }  # fmt: skip
