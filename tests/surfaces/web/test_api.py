"""The API: what it says of itself is what it does."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from fourwalls.surfaces.page.json import schema, to_dict
from fourwalls.surfaces.web import api, openapi

from .conftest import BASE, Web

P = "/api/portfolios/shop"


def call(web: Web, method: str, path: str, body: Any = None, token: str | None = None) -> Any:
    given = web.get("/api/session").json()["form_token"] if token is None else token
    if not given:
        web.get("/p/shop")
        given = web.get("/api/session").json()["form_token"]
    headers = {"x-form-token": given or "", "origin": BASE}
    return web.client.request(method, path, json=body, headers=headers)


def template(path: str) -> str:
    for known in sorted({p for _, p in openapi.PATHS}, key=len, reverse=True):
        ours, theirs = known.split("/"), path.partition("?")[0].split("/")
        if len(ours) == len(theirs) and all(a == b or a.startswith("{") for a, b in zip(ours, theirs, strict=True)):
            return known
    raise AssertionError(path)


def checked(answer: Any, method: str, path: str) -> Any:
    """The answer, once it is as described."""
    told = openapi.document()["paths"][template(path)][method.lower()]["responses"]
    of = told.get(str(answer.status_code)) or told["default"]
    kind, content = next(iter(of["content"].items()))
    assert answer.headers["content-type"].startswith(kind)
    described = content["schema"]
    if described.get("$ref"):
        described = schema()
    jsonschema.validate(answer.json(), described)
    return answer.json()


def test_every_route_is_described_and_every_description_is_a_route() -> None:
    routes = {
        (m.lower(), r.path.replace(":int", ""))
        for r in api.routes()
        for m in r.methods - {"HEAD"}  # type: ignore[attr-defined]
    }
    assert routes == set(openapi.PATHS)
    for described in openapi.document()["paths"].values():
        for one in described.values():
            for response in one["responses"].values():
                for content in response["content"].values():
                    if "$ref" not in content["schema"]:
                        jsonschema.Draft202012Validator.check_schema(content["schema"])


@pytest.mark.parametrize(
    "path",
    ["/api/openapi.json", "/api/session", "/api/portfolios", f"{P}/diagnosis", f"{P}/assets", f"{P}/assets/chairs", f"{P}/assets/chairs/decision",
     f"{P}/assets/chairs/plan", f"{P}/runs", f"{P}/runs/1", f"{P}/jobs", f"{P}/history", f"{P}/history?after=1",
     f"{P}/assets/none", f"{P}/jobs/99", f"{P}/history?after=x", "/api/portfolios/none/assets", f"{P}/runs/77"],
)  # fmt: skip
def test_answers_are_as_described(web: Web, path: str) -> None:
    answer = web.get(path)
    checked(answer, "GET", path)
    assert (answer.status_code >= 400) == any(w in path for w in ("none", "99", "=x", "77"))


def test_the_diagnosis_is_that_of_the_run(web: Web) -> None:
    found = web.client.app.state.office.folders.first.plain()
    assert web.get(f"{P}/diagnosis").json() == to_dict(found)
    assert web.get(f"{P}/assets/chairs").json() == next(a for a in to_dict(found)["assets"] if a["name"] == "chairs")
    # The register keeps it in the same form.
    assert web.get(f"{P}/runs/1").json()["assets"] == to_dict(found)["assets"]


def test_what_if(web: Web) -> None:
    path = f"{P}/assets/chairs/what-if"
    before = checked(call(web, "POST", path, {"changes": {}}), "POST", path)
    after = checked(call(web, "POST", path, {"changes": {"assumptions.horizon_years": 1}}), "POST", path)
    assert after["paths"] != before["paths"]
    for wrong in (
        {"changes": {"targets.fill_rate": 1}},
        {"changes": 1},
        [],
        "x",
        {"changes": {"assumptions.horizon_years": "x"}},
        {"changes": {"verdict.least_lines": None}},
    ):
        answer = call(web, "POST", path, wrong)
        assert answer.status_code == 400, wrong
        checked(answer, "POST", path)


def test_decide_and_follow(web: Web) -> None:
    path = f"{P}/assets/chairs/decision"
    sent = {"verdict": "operate", "why": "to try", "expected_version": 0}
    assert checked(call(web, "PUT", path, sent), "PUT", path)["decision"]["version"] == 1
    late = call(web, "PUT", path, sent)
    assert late.status_code == 409
    assert checked(late, "PUT", path)["version"] == 1
    for wrong in (
        {**sent, "expected_version": "0"},
        {**sent, "verdict": 5},
        {**sent, "expected_version": True},
        {},
        {**sent, "verdict": "sell"},
    ):
        assert call(web, "PUT", path, wrong).status_code == 400
    web.send("/p/shop/assets/chairs/plan", starts_on="2026-03-02")
    task = checked(web.get(f"{P}/assets/chairs/plan"), "GET", f"{P}/assets/chairs/plan")["plan"]["milestones"][0][
        "task"
    ]["id"]
    step = f"{P}/assets/chairs/plan/{task}"
    done = call(web, "PATCH", step, {"state": "done", "done_on": "2026-03-03", "expected_version": 0})
    assert checked(done, "PATCH", step)["milestone"]["state"] == "done"
    for wrong in (
        {"state": "done", "done_on": "soon", "expected_version": 1},
        {"state": 1, "expected_version": 1},
        {"state": "done"},
    ):
        assert call(web, "PATCH", step, wrong).status_code == 400


def test_jobs(web: Web) -> None:
    answer = call(web, "POST", f"{P}/jobs")
    assert answer.status_code == 202
    job = checked(answer, "POST", f"{P}/jobs")
    assert call(web, "POST", f"{P}/jobs").json()["id"] == job["id"]
    path = f"{P}/jobs/{job['id']}"
    assert checked(call(web, "DELETE", path), "DELETE", path)["state"] == "cancelled"


def test_writing_needs_the_token_and_json(web: Web) -> None:
    web.get("/p/shop")
    assert call(web, "POST", f"{P}/jobs", token="x").status_code == 403
    token = web.get("/api/session").json()["form_token"]
    headers = {"x-form-token": token, "content-type": "text/plain", "origin": BASE}
    answer = web.client.post(f"{P}/assets/chairs/what-if", content=b'{"changes": {}}', headers=headers)
    assert answer.status_code == 400
    big = web.client.post(
        f"{P}/jobs", content=b"{" + b" " * 2_000_000, headers={**headers, "content-type": "application/json"}
    )
    assert big.status_code == 413


def test_roles_hold_here_too(guarded: Web) -> None:
    assert guarded.get(f"{P}/assets").status_code == 401
    guarded.log_in("reader")
    assert call(guarded, "PUT", f"{P}/assets/chairs/decision", {"verdict": "operate"}).status_code == 403
    assert call(guarded, "POST", f"{P}/jobs").status_code == 403
    assert checked(guarded.get("/api/session"), "GET", "/api/session")["role"] == "reader"
