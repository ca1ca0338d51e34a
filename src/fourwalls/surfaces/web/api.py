"""The same as JSON under /api, described by OpenAPI."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from fourwalls.errors import FourwallsError, OvertakenError, RegisterError
from fourwalls.figures import Estimate, Refusal
from fourwalls.reconsidering import Change
from fourwalls.surfaces.page.json import to_dict
from fourwalls.surfaces.web import openapi
from fourwalls.surfaces.web.desk import MOST_FORM_BYTES, Asked, Handler, answered, office_of, status_of, viewer_of
from fourwalls.surfaces.web.folders import NoResultError, NoSuchPageError, Served
from fourwalls.surfaces.web.whatif import considered

BASE = "/api/portfolios/{portfolio}"
MOST_HISTORY = 1000


def routes() -> list[BaseRoute]:
    """Addresses of the API; each stands in `openapi.PATHS` too, and a test says so."""
    return [
        api("/api/openapi.json", description),
        api("/api/session", session),
        api("/api/portfolios", portfolios),
        api(BASE + "/diagnosis", diagnosis),
        api(BASE + "/assets", assets),
        api(BASE + "/assets/{asset}", asset),
        api(BASE + "/assets/{asset}/what-if", what_if, method="POST"),
        api(BASE + "/assets/{asset}/decision", decision),
        api(BASE + "/assets/{asset}/decision", decide, "decider", method="PUT"),
        api(BASE + "/assets/{asset}/plan", plan),
        api(BASE + "/assets/{asset}/plan/{task}", follow, "analyst", method="PATCH"),
        api(BASE + "/runs", runs),
        api(BASE + "/runs/{run:int}", run),
        api(BASE + "/jobs", jobs),
        api(BASE + "/jobs", begin, "analyst", method="POST"),
        api(BASE + "/jobs/{job:int}", job),
        api(BASE + "/jobs/{job:int}", cancel, "analyst", method="DELETE"),
        api(BASE + "/history", history),
    ]


def api(path: str, handler: Handler, role: str = "reader", *, method: str = "GET") -> Route:
    """An address of the API: JSON in, JSON out, errors as application/problem+json (RFC 9457)."""

    async def endpoint(request: Request) -> Response:
        office = office_of(request)
        viewer = viewer_of(request)
        if viewer is None:
            return told(401, "Log in first", "This needs a session.")
        asked = Asked(request, viewer)
        if not viewer.may(role):
            await run_in_threadpool(
                asked.office.access.note, viewer, "denied", request.url.path, asked.address, is_granted=False
            )
            return told(403, "Not yours to do", f"This needs the role '{role}'; you have '{viewer.role}'.")
        try:
            if method != "GET":
                if not office.access.is_own_form(request.headers.get("x-form-token", ""), viewer.token):
                    return told(403, "No token", "Send the token of /api/session as X-Form-Token.")
                request.state.sent = await _sent(request)
            return await answered(handler, asked)
        except FourwallsError as error:
            return told_error(error)

    return Route(path, endpoint, methods=[method], name=f"api_{handler.__name__}")


async def _sent(request: Request) -> dict[str, Any]:
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MOST_FORM_BYTES:
        raise HTTPException(413)
    body = await request.body()
    if not body:
        return {}
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or "application/json" not in request.headers.get("content-type", ""):
        raise RegisterError("What was sent is no JSON object.", "Send one, as application/json.")
    return found


def told(status: int, title: str, detail: str, **more: object) -> Response:
    """Something that went wrong."""
    content = {"status": status, "title": title, "detail": detail, **more}
    return JSONResponse(content, status_code=status, media_type="application/problem+json")


def told_error(error: FourwallsError) -> Response:
    """A user's mistake, with its remedy; of one that was overtaken also what stands now."""
    status = 409 if isinstance(error, NoResultError) else status_of(error)
    more: dict[str, object] = {"remedy": error.remedy}
    if isinstance(error, OvertakenError):
        more |= {"version": error.version, "who": error.who, "at": error.at}
    return told(status, type(error).__name__, error.what, **more)


def plain(value: object) -> Any:  # noqa: ANN401 - what JSON can carry
    """A record as JSON carries it; a refusal in the place of a figure says that it is one."""
    if isinstance(value, Refusal):
        return {"refusal": asdict(value)}
    if isinstance(value, Estimate):
        return asdict(value)
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value.isoformat() if isinstance(value, date) else value


def given(content: object, status: int = 200) -> Response:
    """An answer."""
    return JSONResponse(plain(content), status_code=status)


@lru_cache(maxsize=8)
def _document(served: Served, version: int) -> dict[str, Any]:
    del version
    return to_dict(served.plain())


def _diagnosed(asked: Asked) -> dict[str, Any]:
    asked.served.diagnosis()
    return _document(asked.served, asked.served.version)


def description(asked: Asked) -> Response:
    """How to use this."""
    del asked
    return JSONResponse(openapi.document())


def session(asked: Asked) -> Response:
    """Who you are, and a token for writing."""
    token = asked.viewer.token
    return given(
        {
            "name": asked.viewer.name,
            "role": asked.viewer.role,
            "form_token": asked.office.access.form_token(token) if token else None,
        }
    )


def portfolios(asked: Asked) -> Response:
    """What is served here."""
    found = []
    for f in asked.office.folders:
        result = f.result
        found.append({"portfolio": f.slug, "name": f.name, "run": result.run if result else None})
    return given(found)


def diagnosis(asked: Asked) -> Response:
    """The last diagnosis, by the published schema."""
    return JSONResponse(_diagnosed(asked))


def assets(asked: Asked) -> Response:
    """All assets in short, worst first."""
    names = {n: s for s, n in asked.served.slugs().items()}
    return given(
        [
            {"asset": names[a["name"]], "name": a["name"], "verdict": a["verdict"], "bottleneck": a["bottleneck"]}
            for a in _diagnosed(asked)["assets"]
        ]
    )


def asset(asked: Asked) -> Response:
    """One asset, every figure."""
    return JSONResponse(_one(_diagnosed(asked), _name(asked)))


def what_if(asked: Asked) -> Response:
    """One asset under other assumptions."""
    changes = asked.request.state.sent.get("changes", {})
    if not isinstance(changes, dict):
        raise RegisterError("'changes' is no object.", 'Send {"changes": {"assumptions.discount_rate": 0.08}}.')
    result = asked.served.result
    found = asked.served.diagnosis()
    before = asked.served.asset(asked.request.path_params["asset"], found)
    if result is None or result.kept is None:
        raise RegisterError(
            "Nothing is kept to reconsider: nothing was replayed and priced.", "Add order lines with prices."
        )
    known: dict[str, Change] = changes
    after = considered(result.kept, found, before, known)
    return given(
        {
            "asset": after.name,
            "verdict": after.verdict,
            "because": after.because,
            "paths": after.paths,
            "changes": changes,
        }
    )


def _one(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    return next(a for a in document["assets"] if a["name"] == name)


def _name(asked: Asked) -> str:
    return asked.served.asset(asked.request.path_params["asset"]).name


def decision(asked: Asked) -> Response:
    """What stands decided."""
    return given({"decision": asked.served.register.decision(_name(asked))})


def decide(asked: Asked) -> Response:
    """Decides."""
    sent, result = asked.request.state.sent, asked.served.result
    run_id = sent.get("run", result.run if result else 0)
    values = {k: sent.get(k, "") for k in ("verdict", "why")}
    if (
        not all(isinstance(v, str) for v in values.values())
        or not _is_whole(run_id)
        or not _is_whole(sent.get("expected_version", 0))
    ):
        raise RegisterError("A field is of the wrong kind.", "See /api/openapi.json.")
    made = asked.served.register.decide(
        _name(asked),
        run_id,
        values["verdict"],
        asked.viewer.name,
        values["why"],
        expected_version=sent.get("expected_version", 0),
    )
    asked.note("decide", f"{asked.served.slug} {made.asset}: {made.verdict}")
    return given({"decision": made})


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def plan(asked: Asked) -> Response:
    """The plan that stands, and the one the run proposes."""
    return given(
        {
            "plan": asked.served.register.plan_of(_name(asked)),
            "proposed": _one(_diagnosed(asked), _name(asked))["plan"]["tasks"],
        }
    )


def follow(asked: Asked) -> Response:
    """Follows a task up."""
    sent = asked.request.state.sent
    days = {}
    for name in ("started_on", "done_on"):
        try:
            days[name] = date.fromisoformat(sent[name]) if sent.get(name) else None
        except (ValueError, TypeError):
            raise RegisterError(f"{name} is no day.", "Write e.g. 2026-03-02.") from None
    texts = {k: sent.get(k) for k in ("state", "owner", "note")}
    if not all(v is None or isinstance(v, str) for v in texts.values()) or not _is_whole(sent.get("expected_version")):
        raise RegisterError("A field is of the wrong kind.", "See /api/openapi.json.")
    made = asked.served.register.follow(
        _name(asked), asked.request.path_params["task"], asked.viewer.name, expected_version=sent["expected_version"],
        state=texts["state"],
        owner=texts["owner"], note=texts["note"], started_on=days["started_on"], done_on=days["done_on"],
    )  # fmt: skip
    asked.note("task", f"{asked.served.slug} {_name(asked)}/{made.task.id}: {made.state}")
    return given({"milestone": made})


def runs(asked: Asked) -> Response:
    """All recorded runs."""
    return given(asked.served.register.runs())


def run(asked: Asked) -> Response:
    """The diagnosis of a recorded run, as it was."""
    return JSONResponse(asked.served.register.document(asked.request.path_params["run"]))


def jobs(asked: Asked) -> Response:
    """The queue."""
    return given(asked.served.register.desk.jobs(most=100))


def begin(asked: Asked) -> Response:
    """Asks for a run."""
    if not asked.served.has_tables:
        raise RegisterError("There is nothing to diagnose.", "Upload files, or answer questions.")
    made = asked.office.runner.add(asked.served, asked.viewer.name)
    asked.note("run", f"{asked.served.slug} job {made.id}")
    return given(made, 202)


def job(asked: Asked) -> Response:
    """How far a job is."""
    found = asked.served.register.desk.job(asked.request.path_params["job"])
    if found is None:
        raise NoSuchPageError("There is no such job.", "See /jobs.")
    return given(found)


def cancel(asked: Asked) -> Response:
    """Stops a job."""
    found = asked.served.register.desk.cancel_job(asked.request.path_params["job"])
    if found is None:
        raise NoSuchPageError("There is no such job.", "See /jobs.")
    asked.note("cancel", f"{asked.served.slug} job {found.id}")
    return given(found)


def history(asked: Asked) -> Response:
    """What was ever written down, in its order."""
    query = asked.request.query_params
    after = query.get("after", "0")
    if not after.isdecimal():
        raise RegisterError(
            f"after={after[:20]!r} is no place in the history.", "Give the seq of the last entry you have."
        )
    return given(asked.served.register.history(query.get("asset"), after=int(after), most=MOST_HISTORY))
