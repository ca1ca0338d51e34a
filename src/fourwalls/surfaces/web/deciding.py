"""What people decide, plan and follow up; the register's history."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from starlette.responses import Response
from starlette.routing import BaseRoute

from fourwalls.diagnosis import AssetDiagnosis
from fourwalls.errors import RegisterError
from fourwalls.figures import Estimate, Refusal
from fourwalls.register import Milestone, Task, TaskPlan
from fourwalls.register.schedule import forecast
from fourwalls.surfaces import wording
from fourwalls.surfaces.web.desk import Asked, page
from fourwalls.surfaces.web.views import portfolio_view

STATES = {"open": "not begun", "started": "under way", "done": "done", "dropped": "dropped"}
KINDS = {
    "run": "Run",
    "decision": "Decision",
    "plan": "Plan",
    "milestone": "Task",
    "pilot": "Pilot",
    "outcome": "Outcome",
}
WEEKS = {1: "Map", 2: "Separate", 3: "Quantify", 4: "Pilot"}
MOST_SHOWN = 200


def routes() -> list[BaseRoute]:
    """Addresses of decisions, plans and history."""
    one = "/p/{portfolio}/assets/{asset}"
    return [
        page(one + "/decide", decision_form),
        page(one + "/decide", decide, "decider", writes=True),
        page(one + "/plan", plan, is_kept=True),
        page(one + "/plan", adopt, "analyst", writes=True),
        page(one + "/plan/{task}", follow, "analyst", writes=True),
        page(one + "/outcome", outcome, "analyst", writes=True),
        page("/p/{portfolio}/plans", plans, is_kept=True),
        page("/p/{portfolio}/register", history),
    ]


def _asset(asked: Asked) -> AssetDiagnosis:
    return asked.served.asset(asked.request.path_params["asset"])


def _address(asked: Asked) -> str:
    return str(asked.request.path_params["asset"])


def decision_form(asked: Asked) -> Response:
    """What was decided, and the form to decide."""
    asset = _asset(asked)
    register = asked.served.register
    standing = register.decision(asset.name)
    return asked.page(
        "decide.html.j2", asset=asset, name=wording.asset(asset), address=_address(asked), standing=standing,
        run=asked.served.result.run if asked.served.result else 0, verdicts=list(wording.VERDICTS.items()),
        past=register.history(asset.name, kinds=["decision"])[::-1], worth={p.path: (wording.said(p.value), wording.chance(p.chance)) for p in asset.paths if isinstance(p.value, Estimate)},
    )  # fmt: skip


def decide(asked: Asked) -> Response:
    """Writes a decision down.

    Raises:
        FourwallsError: Somebody was faster, or the reason is missing.
    """
    asset = _asset(asked)
    made = asked.served.register.decide(
        asset.name, whole(asked, "run"), asked.said("verdict"), asked.viewer.name, asked.said("why"),
        expected_version=whole(asked, "expected_version"),
    )  # fmt: skip
    asked.note("decide", f"{asked.served.slug} {asset.name}: {made.verdict}")
    return asked.go("assets", _address(asked), "plan")


def plan(asked: Asked) -> Response:
    """The plan that stands; else the one the run proposes."""
    asset = _asset(asked)
    register = asked.served.register
    standing = register.plan_of(asset.name)
    tasks = [m.task for m in standing.milestones] if standing else proposed(asset)
    last = max((t.end_day for t in tasks), default=30)
    return asked.page(
        "plan.html.j2", asset=asset, name=wording.asset(asset), address=_address(asked), standing=standing, tasks=tasks,
        last=last, decision=register.decision(asset.name), states=STATES, weeks=WEEKS, today=today(),
        days=_days(standing, tasks), late=_late(standing), monday=_monday(),
        pilot=None if isinstance(asset.pilot, Refusal) else asset.pilot, measured=_outcome(asked, asset.name),
        no_pilot=asset.pilot if isinstance(asset.pilot, Refusal) else None,
        schedule=schedule_told(standing, register.plans()) if standing else [],
    )  # fmt: skip


def schedule_told(standing: TaskPlan, every: list[TaskPlan]) -> list[str]:
    """When the plan ends by simulation, and which task made it slip."""
    from fourwalls.surfaces.tracking import plan_told

    return plan_told(standing, forecast(standing, today(), [p for p in every if p.asset != standing.asset]))


def proposed(asset: AssetDiagnosis) -> list[Task]:
    """The tasks the run proposes."""
    return [Task(t.id, t.week, t.title, t.why, t.owner, t.start_day, t.end_day, t.needs) for t in asset.plan.tasks]


def adopt(asked: Asked) -> Response:
    """Makes the proposed plan the plan, with owners and the day it starts; one that stands gets them anew.

    Raises:
        FourwallsError: Somebody was faster, or a day is none.
    """
    asset = _asset(asked)
    register = asked.served.register
    standing = register.plan_of(asset.name)
    tasks = [m.task for m in standing.milestones] if standing else proposed(asset)
    named = [replace(t, owner=(asked.said(f"owner.{t.id}") or t.owner)[:200]) for t in tasks]
    starts = day(asked, "starts_on")
    if starts is None:
        raise RegisterError("The plan has no first day.", "Choose the day it starts.")
    register.plan(asset.name, named, starts, asked.viewer.name, expected_version=whole(asked, "expected_version"))
    asked.note("plan", f"{asked.served.slug} {asset.name}")
    return asked.go("assets", _address(asked), "plan")


def follow(asked: Asked) -> Response:
    """Writes down what became of a task.

    Raises:
        FourwallsError: Somebody was faster, or the days cannot be.
    """
    asset, task, state = _asset(asked), asked.request.path_params["task"], asked.said("state")
    if state not in STATES:
        raise RegisterError(f"There is no state '{state[:40]}'.", "Choose one of those shown.")
    on = day(asked, "on") or today()
    asked.served.register.follow(
        asset.name, task, asked.viewer.name, expected_version=whole(asked, "expected_version"),
        state=state,
        owner=asked.said("owner") or None, started_on=on if state == "started" else None,
        done_on=on if state == "done" else None, note=asked.said("note") or None,
    )  # fmt: skip
    asked.note("task", f"{asked.served.slug} {asset.name}/{task}: {state}")
    return asked.go("assets", _address(asked), "plan")


def outcome(asked: Asked) -> Response:
    """Writes down what a decision brought.

    Raises:
        FourwallsError: Somebody was faster, or the figures cannot be.
    """
    asset = _asset(asked)
    value, low, high = (amount(asked, name) for name in ("value", "low", "high"))
    if not low <= value <= high:
        raise RegisterError("The range does not hold the figure.", "Write low <= measured <= high.")
    is_best = {"yes": True, "no": False}.get(asked.said("is_best"))
    asked.served.register.record_outcome(
        asset.name, Estimate(value, low, high, f"{asked.served.diagnosis().currency} a year"), asked.said("source"),
        asked.viewer.name, is_best=is_best, expected_version=whole(asked, "expected_version"),
    )  # fmt: skip
    asked.note("outcome", f"{asked.served.slug} {asset.name}")
    return asked.go("assets", _address(asked), "plan")


def plans(asked: Asked) -> Response:
    """All plans, and what is decided but not planned."""
    served = asked.served
    register = served.register
    found = register.plans()
    planned = {p.asset for p in found}
    rows = {r.address: r for r in portfolio_view(served).rows}
    names = {n: rows[a] for a, n in served.slugs().items() if a in rows}
    return asked.page(
        "plans.html.j2", plans=[(p, names.get(p.asset), _days(p, [m.task for m in p.milestones]), _late(p)) for p in found],
        unplanned=[(d, names.get(d.asset)) for d in register.decisions() if d.asset not in planned],
        undecided=[r for n, r in names.items() if n not in {d.asset for d in register.decisions()}][:12],
        states=STATES, weeks=WEEKS,
    )  # fmt: skip


def history(asked: Asked) -> Response:
    """Everything that was written down, latest first."""
    query = asked.request.query_params
    kind = query.get("kind", "") if query.get("kind", "") in KINDS else ""
    about = query.get("asset", "")
    found = asked.served.register.history(about or None, kinds=[kind] if kind else [])
    return asked.page(
        "register.html.j2", entries=[(e, told(e.kind, e.content)) for e in found[::-1][:MOST_SHOWN]], kind=kind, kinds=KINDS,
        about=about, in_all=len(found), most=MOST_SHOWN, accesses=asked.served.register.desk.accesses(30)
        if asked.viewer.may("decider") else [], assets=sorted({str(e.content.get("asset")) for e in found if e.content.get("asset")}),
    )  # fmt: skip


def told(kind: str, content: object) -> str:
    """What an entry says, in a sentence."""
    c = content if isinstance(content, dict) else {}
    if kind == "run":
        return f"{len(c.get('verdicts', {}))} assets from {len(c.get('inputs', []))} files"
    if kind == "decision":
        told = f"“{c.get('verdict')}”"
        told += f", overruling “{c.get('proposed')}”" if c.get("is_overruled") else ", as the run said"
        return told + (f": {c.get('why')}" if c.get("why") else "")
    if kind == "plan":
        return f"{len(c.get('tasks', []))} tasks from {c.get('starts_on')}"
    if kind == "milestone":
        note = f": {c.get('note')}" if c.get("note") else ""
        return f"{c.get('task')} {STATES.get(str(c.get('state')), c.get('state'))}{note}"
    if kind == "pilot":
        result = c.get("result") or {}
        told = f"plan frozen, seal {str(c.get('sha256'))[:12]}"
        told += f", against the advice of its sheet: {c['why']}" if c.get("advice") else ""
        return str(result.get("sentence") or result.get("answer") or told)
    return f"{c.get('measure', '').replace('_', ' ')} measured from {c.get('source')}" if kind == "outcome" else ""


def _outcome(asked: Asked, name: str) -> tuple[int, str]:
    """Version of the outcome that stands, and what it says."""
    found = asked.served.register.outcome(name)
    if found is None:
        return 0, ""
    measured, predicted = wording.said(found.measured), wording.said(found.predicted)
    return (
        found.version,
        f"measured {measured.value} ({measured.interval}), predicted {predicted.value}, from {found.source}",
    )


def _days(standing: TaskPlan | None, tasks: list[Task]) -> list[tuple[date | None, date | None]]:
    if standing is None:
        return [(None, None)] * len(tasks)
    start = standing.starts_on
    return [(start + timedelta(days=t.start_day - 1), start + timedelta(days=t.end_day - 1)) for t in tasks]


def _late(standing: TaskPlan | None) -> list[Milestone]:
    """Tasks that should be done by now and are not."""
    if standing is None:
        return []
    ends = _days(standing, [m.task for m in standing.milestones])
    pairs = zip(standing.milestones, ends, strict=True)
    return [m for m, (_, end) in pairs if end is not None and end < today() and m.state in ("open", "started")]


def whole(asked: Asked, name: str) -> int:
    """A whole number of the form.

    Raises:
        RegisterError: It is none.
    """
    text = asked.said(name)
    if not text.isdecimal() or len(text) > 9:
        raise RegisterError(
            f"The field {name.replace('_', ' ')} is no whole number.", "Load the page again and repeat it."
        )
    return int(text)


def amount(asked: Asked, name: str) -> float:
    """A number of the form.

    Raises:
        RegisterError: It is none.
    """
    try:
        found = float(asked.said(name))
    except ValueError:
        found = float("nan")
    if not abs(found) < float("inf"):
        raise RegisterError(f"'{asked.said(name)[:40]}' is no amount.", "Write e.g. 120000.")
    return found


def day(asked: Asked, name: str) -> date | None:
    """A day of the form; None where it is empty.

    Raises:
        RegisterError: It is none.
    """
    text = asked.said(name)
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise RegisterError(f"'{text[:40]}' is no day.", "Write e.g. 2026-03-02.") from None


def today() -> date:
    """This day, as people here call it."""
    return date.today()  # noqa: DTZ011 - a day as people write it


def _monday() -> date:
    return today() + timedelta(days=(7 - today().weekday()) % 7)
