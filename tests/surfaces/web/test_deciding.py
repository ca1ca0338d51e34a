"""From a verdict to a decision, a plan and what came of it, by forms alone."""

from __future__ import annotations

import re
from datetime import date, timedelta

from .conftest import ASSET, Web


def verdict(web: Web) -> str:
    found = web.client.app.state.office.folders.first.diagnosis()
    return str(next(a.verdict for a in found.assets if a.name == "chairs"))


def other(web: Web) -> str:
    return "leave it" if verdict(web) != "leave it" else "operate"


def register(web: Web):
    return web.client.app.state.office.folders.first.register


def test_a_decision_is_kept_with_who_and_why(web: Web) -> None:
    answer = web.send(f"{ASSET}/decide", verdict=verdict(web))
    assert answer.status_code == 303
    assert answer.headers["location"] == f"{ASSET}/plan"
    kept = register(web).decision("chairs")
    assert (kept.verdict, kept.who, kept.is_overruled, kept.run) == (verdict(web), "local", False, 1)
    assert "Decided:" in web.get(ASSET).text
    assert "1 of 3" in web.get("/p/shop").text


def test_overruling_needs_a_reason(web: Web) -> None:
    answer = web.send(f"{ASSET}/decide", verdict=other(web))
    assert answer.status_code == 400
    assert "without a reason" in answer.text
    assert register(web).decision("chairs") is None
    assert web.send(f"{ASSET}/decide", verdict=other(web), why="<b>we know</b>").status_code == 303
    assert "&lt;b&gt;we know" in web.get(f"{ASSET}/decide").text
    assert "overruling" in web.get("/p/shop/register").text


def test_the_second_of_two_is_told(web: Web) -> None:
    fields = web.fields(f"{ASSET}/decide")
    assert web.send(f"{ASSET}/decide", verdict=verdict(web)).status_code == 303
    late = web.send(f"{ASSET}/decide", verdict=other(web), why="me too", expected_version=fields["expected_version"])
    assert late.status_code == 409
    assert "Somebody was faster" in late.text
    assert register(web).decision("chairs").version == 1


def test_wrong_fields_are_told(web: Web) -> None:
    for wrong in (
        {"verdict": "sell it"},
        {"verdict": verdict(web), "run": "99"},
        {"verdict": verdict(web), "run": "-1"},
        {"verdict": verdict(web), "expected_version": "x"},
    ):
        assert web.send(f"{ASSET}/decide", **wrong).status_code == 400
    assert web.send(f"{ASSET}/plan", starts_on="tomorrow").status_code == 400
    assert web.send(f"{ASSET}/plan", starts_on="").status_code == 400


def plan(web: Web, starts: date | None = None) -> list[str]:
    answer = web.send(f"{ASSET}/plan", starts_on=(starts or date(2026, 3, 2)).isoformat())
    assert answer.status_code == 303, answer.text
    return [m.task.id for m in register(web).plan_of("chairs").milestones]


def test_the_proposed_plan_becomes_ours(web: Web) -> None:
    proposed = web.client.app.state.office.folders.first.diagnosis().assets
    tasks = next(a.plan.tasks for a in proposed if a.name == "chairs")
    assert plan(web) == [t.id for t in tasks]
    kept = register(web).plan_of("chairs")
    assert kept.starts_on == date(2026, 3, 2)
    first = kept.milestones[0].task
    sent = {f"owner.{first.id}": "Ana", "expected_version": "1"}
    renamed = web.send(f"{ASSET}/plan", starts_on="2026-03-09", **sent)
    assert renamed.status_code == 303
    kept = register(web).plan_of("chairs")
    assert kept.milestones[0].task.owner == "Ana"
    assert kept.starts_on == date(2026, 3, 9)


def test_tasks_are_followed_up(web: Web) -> None:
    first = plan(web)[0]
    page = f"{ASSET}/plan"
    done = {"to": f"{page}/{first}", "expected_version": "0", "owner": "Bo"}
    assert web.send(page, state="started", on="2026-03-02", **done).status_code == 303
    assert web.send(page, state="done", on="2026-03-04", **done).status_code == 409
    answer = web.send(page, state="done", on="2026-03-04", note="it was so", **{**done, "expected_version": "1"})
    assert answer.status_code == 303
    kept = register(web).plan_of("chairs").milestones[0]
    assert (kept.state, kept.done_on, kept.owner, kept.note) == ("done", date(2026, 3, 4), "Bo", "it was so")
    wrong = web.send(page, state="gone", **{**done, "expected_version": "2"})
    assert wrong.status_code == 400
    assert web.send(page, state="done", **{**done, "to": f"{page}/none"}).status_code == 400


def test_what_is_late_is_told(web: Web) -> None:
    plan(web, date.today() - timedelta(days=60))  # noqa: DTZ011 - a day as people write it
    assert "late" in web.get("/p/shop/plans").text
    assert "in four of five cases" in web.get(f"{ASSET}/plan").text


def test_nothing_of_a_plan_just_made_is_late(web: Web) -> None:
    for starts in (date.today(), date.today() + timedelta(days=5)):  # noqa: DTZ011 - a day as people write it
        web.send(f"{ASSET}/plan", starts_on=starts.isoformat())
        text = web.get(f"{ASSET}/plan").text
        assert "Planned to end" in text
        assert "how plans go elsewhere" in text
        assert "late" not in re.sub(r"<[^>]*>", "", text.partition("<main")[2]).replace("lately", "").split()
        assert "days late" not in text


def test_what_it_brought_is_scored(web: Web) -> None:
    web.send(f"{ASSET}/decide", verdict="operate", why="to learn")
    page = f"{ASSET}/plan"
    given = {"to": f"{ASSET}/outcome", "source": "books of May", "is_best": "yes"}
    assert web.send(page, value="100", low="200", high="300", **given).status_code == 400
    assert web.send(page, value="x", low="1", high="3", **given).status_code == 400
    assert web.send(page, value="100", low="80", high="130", **given).status_code == 303
    assert register(web).outcomes()[0].measured.value == 100
    text = web.get("/p/shop/scoreboard").text
    assert "Were we right?" in text
    assert "chairs" in text


def test_what_a_second_decision_brought_is_written_beside_the_first(web: Web) -> None:
    page = f"{ASSET}/plan"
    given = {"to": f"{ASSET}/outcome", "source": "books", "low": "80", "high": "400"}
    for verdict_, value in (("operate", "100"), ("orchestrate", "300")):
        web.send(f"{ASSET}/decide", verdict=verdict_, why="to learn")
        assert "Nothing is measured yet" in web.get(page).text
        assert web.send(page, value=value, **given).status_code == 303
    assert [o.measured.value for o in register(web).outcomes()] == [100, 300]
    assert register(web).outcome("chairs").measured.value == 300
    # The one that stands can be corrected.
    assert web.send(page, value="310", **given).status_code == 303


def test_the_register_can_be_read_by_kind_and_asset(web: Web) -> None:
    web.send(f"{ASSET}/decide", verdict=verdict(web))
    assert web.get("/p/shop/register?kind=decision&asset=chairs").text.count("<li><b>Decision") == 1
    assert "Nothing was written" in web.get("/p/shop/register?kind=pilot").text
    assert web.get("/p/shop/register?kind=%27%3B--&asset=%27").status_code == 200
