"""Pilots: the one to run next, designed here; those that are frozen, with their sheets and results."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute

from fourwalls.errors import RegisterError
from fourwalls.figures import Refusal
from fourwalls.surfaces import wording
from fourwalls.surfaces.web.desk import Asked, page
from fourwalls.surfaces.web.folders import NoSuchPageError, Served
from fourwalls.surfaces.web.settings import slug
from fourwalls.surfaces.web.views import portfolio_view

if TYPE_CHECKING:
    from fourwalls.pilot import Design, Plan

PLACE = "pilots"
# Beside a plan that the app made: of which asset it is, and what its sheet says against it.
ADVICE = "advice.json"
SHEETS = {"design": "design.html", "result": "result.html"}
# A sheet is a page of our own making, but it lies in a folder: nothing in it may run, and nothing is fetched for it.
SHEET_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; frame-ancestors 'none'"


def routes() -> list[BaseRoute]:
    """Addresses of pilots."""
    base = "/p/{portfolio}/pilots"
    return [
        page(base, shown),
        page(base + "/design", design, "analyst", writes=True),
        page(base + "/{pilot}/freeze", freeze, "analyst", writes=True),
        page(base + "/{pilot}/judge", judge, "analyst", writes=True),
        page(base + "/{pilot}/{sheet}", sheet),
    ]


def shown(asked: Asked) -> Response:
    """Pilots that are frozen, and those that could be run next."""
    served = asked.served
    found = served.diagnosis()
    frozen = served.register.pilots()
    rows = {r.address: r for r in portfolio_view(served).rows}
    jobs = [
        j
        for j in served.register.desk.jobs(most=20)
        if j.kind in ("pilot", "judge") and j.state in ("queued", "running", "failed")
    ]
    frozen_names = {p.name for p in frozen}
    next_ones = [
        (rows[served.address(a.name)], a.pilot, pilot_name(a.name) in frozen_names, advised(served, pilot_name(a.name)))
        for a in found.assets
        if not isinstance(a.pilot, Refusal)
    ]
    refused: dict[tuple[str, str], list[str]] = {}
    for a in found.assets:
        if isinstance(a.pilot, Refusal):
            refused.setdefault((a.pilot.because, a.pilot.next_step), []).append(wording.asset(a))
    return asked.page(
        "pilots.html.j2",
        frozen=[(p, sheets_of(served, p.name), rows.get(served.address(p.asset)), has_plan(served, p.name)) for p in frozen], next_ones=next_ones,
        refused=sorted(refused.items()), jobs=jobs, name=pilot_name,
    )  # fmt: skip


def design(asked: Asked) -> Response:
    """Puts the design of a pilot in the queue: it looks at the panel's own history, which takes a while.

    Raises:
        RegisterError: The records carry no pilot here, or it is frozen already.
    """
    served = asked.served
    asset = served.asset(asked.said("asset"))
    if isinstance(asset.pilot, Refusal):
        raise RegisterError(
            f"No pilot can be run on {asset.name}: {asset.pilot.because}.", wording.sentence(asset.pilot.next_step)
        )
    name = pilot_name(asset.name)
    if any(p.name == name for p in served.register.pilots()):
        raise RegisterError(f"The pilot '{name}' is frozen already.", "Look at its plan; a new plan is a new pilot.")
    p = asset.pilot
    content = {
        "name": name, "asset": asset.name, "candidate": p.candidate, "outcome": p.outcome, "path": p.path, "stage": p.stage,
        "party": p.party_name,
    }  # fmt: skip
    job = asked.office.runner.add(served, asked.viewer.name, "pilot", content)
    asked.note("pilot", f"{served.slug} {name} job {job.id}")
    return asked.go("pilots")


def freeze(asked: Asked) -> Response:
    """Freezes a plan that its sheet advises against, with the reason.

    Raises:
        FourwallsError: It is not designed, was changed, is frozen already, or no reason is given.
    """
    from fourwalls.pilot import read_plan

    served, name = asked.served, slug(asked.request.path_params["pilot"])
    advice = advised(served, name)
    if advice is None:
        raise NoSuchPageError("There is no design of this pilot.", "Design it first.")
    plan = frozen(read_plan(_place(served, name)))
    register = served.register
    register.freeze_pilot(name, advice[0], plan, asked.viewer.name, asked.said("why")[:1000], advice=advice[1])
    asked.note("freeze pilot", f"{served.slug} {name}")
    return asked.go("pilots")


def judge(asked: Asked) -> Response:
    """Puts the judging of a pilot in the queue: its frozen plan, on what the records say now.

    Raises:
        NoSuchPageError: Its plan does not lie here.
    """
    served, name = asked.served, slug(asked.request.path_params["pilot"])
    if not has_plan(served, name):
        raise NoSuchPageError("There is no plan of this pilot here.", "See all pilots.")
    job = asked.office.runner.add(served, asked.viewer.name, "judge", {"name": name})
    asked.note("judge pilot", f"{served.slug} {name} job {job.id}")
    return asked.go("pilots")


def frozen(plan: Plan) -> dict[str, Any]:
    """A plan as the register keeps it."""
    return {"format": 1, "sha256": plan.sha256, "plan": asdict(plan)}


def against(found: Design) -> str:
    """What a design says against running it; "" where it is for it, or cannot weigh it."""
    worth = found.worth
    if isinstance(worth, Refusal) or worth.recommendation == "pilot":
        return ""
    return f"{worth.sentence} The change pays with a chance of {wording.percent(worth.chance)} as believed now."


def advised(served: Served, name: str) -> tuple[str, str] | None:
    """Asset of a pilot that was designed here, and what its sheet says against it; None where there is no design."""
    try:
        found = json.loads((_place(served, name) / ADVICE).read_text(encoding="utf-8"))
        return str(found["asset"]), str(found["against"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def pilot_name(asset: str) -> str:
    """What the pilot on an asset is called."""
    return slug(asset)


def sheets_of(served: Served, name: str) -> list[str]:
    """Which sheets of a pilot lie in the folder."""
    return [kind for kind, file in SHEETS.items() if (_place(served, name) / file).is_file()]


def has_plan(served: Served, name: str) -> bool:
    """Whether the frozen plan lies in the folder, to judge by."""
    return slug(name) == name and (_place(served, name) / "plan.json").is_file()


def _place(served: Served, name: str) -> Path:
    return served.folder / PLACE / slug(name)


def sheet(asked: Asked) -> Response:
    """A design or result sheet, locked in: nothing in it runs."""
    kind, name = asked.request.path_params["sheet"], asked.request.path_params["pilot"]
    path = _place(asked.served, name) / SHEETS.get(kind, "none")
    if kind not in SHEETS or not path.is_file() or path.resolve().parent != _place(asked.served, name).resolve():
        raise NoSuchPageError("There is no such sheet.", "See all pilots.")
    return HTMLResponse(path.read_text(encoding="utf-8"), headers={"content-security-policy": SHEET_POLICY})
