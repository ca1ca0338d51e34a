"""The description of the API (OpenAPI 3.1): schemas of what it takes and gives."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version
from typing import Any, get_args

from fourwalls.diagnosis import VerdictName
from fourwalls.reconsidering import CHANGEABLE
from fourwalls.surfaces.page.json import schema

Schema = dict[str, Any]


def _object(required: dict[str, Schema], **optional: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": {**required, **optional}}


TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
YES: Schema = {"type": "boolean"}
DAY: Schema = {"type": ["string", "null"], "format": "date"}
VERDICT: Schema = {"type": "string", "enum": list(get_args(VerdictName))}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _or_null(of: Schema) -> Schema:
    return {"anyOf": [of, {"type": "null"}]}


TASK = _object(
    {
        "id": TEXT,
        "week": WHOLE,
        "title": TEXT,
        "why": TEXT,
        "owner": TEXT,
        "start_day": WHOLE,
        "end_day": WHOLE,
        "needs": _list(TEXT),
    }
)
MILESTONE = _object({
    "task": TASK, "version": WHOLE, "state": {"enum": ["open", "started", "done", "dropped"]}, "owner": TEXT, "started_on": DAY,
    "done_on": DAY, "note": TEXT, "at": TEXT, "who": TEXT,
})  # fmt: skip
DECISION = _object({
    "asset": TEXT, "version": WHOLE, "seq": WHOLE, "at": TEXT, "who": TEXT, "verdict": VERDICT, "proposed": VERDICT, "run": WHOLE,
    "is_overruled": YES, "why": TEXT,
})  # fmt: skip
PLAN = _object(
    {
        "asset": TEXT,
        "version": WHOLE,
        "starts_on": {"type": "string", "format": "date"},
        "decision": WHOLE,
        "milestones": _list(MILESTONE),
    }
)
JOB = _object({
    "id": WHOLE, "kind": TEXT, "state": {"enum": ["queued", "running", "done", "failed", "cancelled"]}, "who": TEXT,
    "progress": {"type": "number", "minimum": 0, "maximum": 1}, "step": TEXT, "result": {"type": "object"}, "is_cancel_wanted": YES,
})  # fmt: skip
RUN = _object(
    {
        "id": WHOLE,
        "at": TEXT,
        "who": TEXT,
        "portfolio": TEXT,
        "version": TEXT,
        "start": TEXT,
        "end": TEXT,
        "verdicts": {"type": "object"},
        "fingerprint": TEXT,
    }
)
ENTRY = _object(
    {"seq": WHOLE, "kind": TEXT, "key": TEXT, "version": WHOLE, "at": TEXT, "who": TEXT, "content": {"type": "object"}}
)
PROBLEM = _object({"status": WHOLE, "title": TEXT, "detail": TEXT}, remedy=TEXT, version=WHOLE, who=TEXT, at=TEXT)
RANGE = _object({"low": NUMBER, "mode": NUMBER, "high": NUMBER})
CHANGES: Schema = {
    "type": "object", "propertyNames": {"enum": list(CHANGEABLE)}, "additionalProperties": {"anyOf": [NUMBER, RANGE, _list(TEXT)]},
}  # fmt: skip
SHORT = _object({"asset": TEXT, "name": TEXT, "verdict": VERDICT, "bottleneck": TEXT})

_ASSET = "/api/portfolios/{portfolio}/assets/{asset}"
_BASE = "/api/portfolios/{portfolio}"
PATHS: dict[tuple[str, str], tuple[str, Schema | None, Schema]] = {
    ("get", "/api/openapi.json"): ("This description.", None, {"type": "object"}),
    ("get", "/api/session"): ("Who you are, and a token for writing.", None, _object({"name": TEXT, "role": TEXT, "form_token": _or_null(TEXT)})),
    ("get", "/api/portfolios"): ("What is served here.", None, _list(_object({"portfolio": TEXT, "name": TEXT, "run": _or_null(WHOLE)}))),
    ("get", _BASE + "/diagnosis"): ("The last diagnosis, every figure.", None, {"$ref": "#/components/schemas/Diagnosis"}),
    ("get", _BASE + "/assets"): ("All assets in short, worst first.", None, _list(SHORT)),
    ("get", _ASSET): ("One asset, every figure.", None, {"type": "object", "required": ["name", "verdict", "paths", "gap", "plan"]}),
    ("post", _ASSET + "/what-if"): (
        "One asset under other assumptions; nothing is kept.", _object({"changes": CHANGES}),
        _object({"asset": TEXT, "verdict": VERDICT, "because": TEXT, "paths": _list({"type": "object"}), "changes": CHANGES}),
    ),
    ("get", _ASSET + "/decision"): ("What stands decided.", None, _object({"decision": _or_null(DECISION)})),
    ("put", _ASSET + "/decision"): (
        "Decides; 409 if somebody was faster.", _object({"verdict": VERDICT, "expected_version": WHOLE}, why=TEXT, run=WHOLE), _object({"decision": DECISION}),
    ),
    ("get", _ASSET + "/plan"): ("The plan that stands, and the proposed one.", None, _object({"plan": _or_null(PLAN), "proposed": _list(TASK)})),
    ("patch", _ASSET + "/plan/{task}"): (
        "Follows a task up; 409 if somebody was faster.",
        _object({"expected_version": WHOLE}, state=TEXT, owner=TEXT, note=TEXT, started_on=DAY, done_on=DAY), _object({"milestone": MILESTONE}),
    ),
    ("get", _BASE + "/runs"): ("All recorded runs.", None, _list(RUN)),
    ("get", _BASE + "/runs/{run}"): ("The diagnosis of a recorded run.", None, {"$ref": "#/components/schemas/Diagnosis"}),
    ("get", _BASE + "/jobs"): ("The queue, latest first.", None, _list(JOB)),
    ("post", _BASE + "/jobs"): ("Asks for a run.", None, JOB),
    ("get", _BASE + "/jobs/{job}"): ("How far a job is.", None, JOB),
    ("delete", _BASE + "/jobs/{job}"): ("Stops a job.", None, JOB),
    ("get", _BASE + "/history"): ("What was ever written down, in its order; after=SEQ for what is newer.", None, _list(ENTRY)),
}  # fmt: skip
"""Method and path → what it does, what it takes, what it gives."""


@cache
def document() -> dict[str, Any]:
    """The whole description."""
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), (about, takes, gives) in PATHS.items():
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        numbers = {"run", "job"}
        told: dict[str, Any] = {
            "summary": about,
            "operationId": f"{method}_{path.removeprefix('/api/').replace('/', '_').replace('{', '').replace('}', '')}",
            "parameters": [
                {"name": n, "in": "path", "required": True, "schema": WHOLE if n in numbers else TEXT} for n in names
            ],
            "responses": {
                "202" if (method, path) == ("post", _BASE + "/jobs") else "200": {
                    "description": "As asked.", "content": {"application/json": {"schema": gives}}
                },
                "default": {"description": "What is wrong.", "content": {"application/problem+json": {"schema": PROBLEM}}},
            },
        }  # fmt: skip
        if method != "get":
            header = {"name": "X-Form-Token", "in": "header", "required": True, "schema": TEXT}
            told["parameters"].append(header)
        if takes is not None:
            told["requestBody"] = {"required": True, "content": {"application/json": {"schema": takes}}}
        paths.setdefault(path, {})[method] = told
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "fourwalls",
            "version": version("fourwalls"),
            "description": "What the web app shows, as JSON.",
        },
        "paths": paths,
        "components": {"schemas": {"Diagnosis": schema()}},
    }
