from __future__ import annotations

import hashlib
import json
import sqlite3
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text

from fourwalls.errors import OvertakenError, RegisterError
from fourwalls.figures import Estimate
from fourwalls.register import Fingerprint, Register, Task, connecting
from fourwalls.register.tables import FILE

from .made import INPUTS, asset, document, recorded

TASKS = (
    Task("map", 1, "Map the chain", "to see it", "Bo", 1, 5),
    Task("fix", 2, "Fix release", "most lost there", "", 6, 12, ("map",)),
)


def test_a_run_comes_back_as_it_was_kept(register: Register) -> None:
    run = recorded(register, asset("Lamps"), asset("Vasen ‘ü’", "orchestrate"))
    assert register.runs() == [run]
    assert register.run() == run == register.run(1)
    assert run.verdicts == {"Lamps": "operate", "Vasen ‘ü’": "orchestrate"}
    assert run.inputs == INPUTS
    assert register.document() == document(asset("Lamps"), asset("Vasen ‘ü’", "orchestrate"))
    again = recorded(register)
    assert (again.id, again.seq, again.fingerprint) == (2, 2, run.fingerprint)


def test_the_same_found_in_the_same_files_is_one_run(register: Register) -> None:
    inputs = [Fingerprint("a.csv", 1, "0" * 64)]
    first = register.record_run(document(), inputs, "Bo", once=True)
    assert register.record_run(document(), inputs, "Cy", once=True) == first
    assert register.record_run(document(), inputs, "Cy").id == 2
    assert register.record_run(document(asset("Vases")), inputs, "Cy", once=True).id == 3
    assert register.record_run(document(asset("Vases")), [Fingerprint("a.csv", 1, "1" * 64)], "Cy", once=True).id == 4


def test_decisions_are_kept_version_by_version(register: Register) -> None:
    recorded(register)
    first = register.decide("Lamps", 1, "operate", "Bo")
    assert (first.version, first.is_overruled, first.proposed) == (1, False, "operate")
    second = register.decide("Lamps", 1, "orchestrate", "Cy", "the partner offers it", expected_version=1)
    assert second.is_overruled
    assert register.decision("Lamps") == second
    assert register.decisions() == [second]
    assert [(e.seq, e.kind, e.version, e.who) for e in register.history("Lamps")] == [
        (2, "decision", 1, "Bo"), (3, "decision", 2, "Cy"),
    ]  # fmt: skip


def test_the_second_writer_is_told_who_was_first(register: Register) -> None:
    recorded(register)
    register.decide("Lamps", 1, "operate", "Bo")
    with pytest.raises(
        OvertakenError, match=r"Bo wrote version 1 of decision 'Lamps' at 20.*verdict: operate.*nobody had written any"
    ) as caught:
        register.decide("Lamps", 1, "operate", "Cy")
    assert (caught.value.version, caught.value.who) == (1, "Bo")
    assert len(register.history("Lamps")) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"asset": "Lamp"}, "There is no asset 'Lamp'. Did you mean 'Lamps'"),
        ({"verdict": "operat"}, "There is no verdict 'operat'. Did you mean 'operate'"),
        ({"run": 7}, "There is no run 7"),
        ({"verdict": "orchestrate"}, "overrules it without a reason"),
        ({"who": " "}, "Who writes is ' '"),
        ({"who": "A\nB"}, "Who writes is 'A\\\\nB'"),
        ({"expected_version": 3}, "There is no decision 'Lamps' yet"),
    ],
)
def test_what_cannot_be_decided(register: Register, change: dict[str, object], said: str) -> None:
    recorded(register)
    given = {"asset": "Lamps", "run": 1, "verdict": "operate", "who": "Bo"} | change
    with pytest.raises(RegisterError, match=said):
        register.decide(**given)  # type: ignore[arg-type]
    assert register.decisions() == []


def test_no_run_yet(register: Register) -> None:
    with pytest.raises(RegisterError, match="No run was recorded"):
        register.run()


def test_a_plan_is_followed_up(register: Register) -> None:
    recorded(register)
    register.decide("Lamps", 1, "operate", "Bo")
    plan = register.plan("Lamps", TASKS, date(2026, 1, 5), "Bo")
    assert [m.state for m in plan.milestones] == ["open", "open"]
    assert (plan.decision, plan.milestones[0].task) == (1, TASKS[0])
    started = register.follow("Lamps", "map", "Cy", expected_version=0, started_on=date(2026, 1, 6))
    assert (started.state, started.owner, started.version) == ("started", "Bo", 1)
    register.follow("Lamps", "map", "Cy", expected_version=1, done_on=date(2026, 1, 12), note="went well")
    with pytest.raises(OvertakenError, match="you saw version 1"):
        register.follow("Lamps", "map", "Di", expected_version=1, owner="Di")
    again = register.plan(
        "Lamps", (*TASKS, Task("tell", 3, "Tell", "", "", 12, 13)), date(2026, 1, 5), "Bo", expected_version=1
    )
    assert [(m.state, m.done_on) for m in again.milestones] == [
        ("done", date(2026, 1, 12)),
        ("open", None),
        ("open", None),
    ]
    assert register.plan_of("Lamps") == again
    assert register.plans() == [again]


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (Task("a", 1, "A", "", "", 3, 2), "runs from day 3 to day 2"),
        (Task("a", 1, "A", "", "", 1, 2, ("b",)), "needs 'b', which is not there"),
        (Task("a", 1, "A", "", "", 1, 2, ("a",)), "in a circle: a → a"),
        (Task("a", 1, "", "", "", 1, 2), "The title of task 'a' is ''"),
        (Task("a", 1, "A", "", "", 0, 2), "runs from day 0"),
        (Task("a/b", 1, "A", "", "", 1, 2), "Ids have no slash"),
    ],
)
def test_what_cannot_be_planned(register: Register, task: Task, said: str) -> None:
    with pytest.raises(RegisterError, match=said):
        register.plan("Lamps", [task], date(2026, 1, 5), "Bo")
    assert register.history() == []


def test_done_before_started_is_refused(register: Register) -> None:
    register.plan("Lamps", TASKS, date(2026, 1, 5), "Bo")
    with pytest.raises(RegisterError, match="before it was started"):
        register.follow("Lamps", "map", "Cy", expected_version=0, started_on=date(2026, 2, 1), done_on=date(2026, 1, 1))
    with pytest.raises(RegisterError, match="no day says when"):
        register.follow("Lamps", "map", "Cy", expected_version=0, state="done")


def test_an_outcome_stands_beside_what_was_predicted(register: Register) -> None:
    recorded(register)
    with pytest.raises(RegisterError, match="Nothing was decided"):
        register.record_outcome("Lamps", Estimate(50, 40, 60, "EUR a year"), "books", "Bo")
    register.decide("Lamps", 1, "operate", "Bo")
    found = register.record_outcome("Lamps", Estimate(50, 40, 60, "EUR"), "books", "Bo", measure="value", is_best=True)
    assert (found.predicted, found.stated_chance, found.path) == (Estimate(100, 50, 150, "EUR"), 0.7, "operate")
    assert register.outcomes() == [found]
    assert register.outcome("Lamps") == found
    # Decided anew: what came of the first decision stays, and the new one has none yet.
    register.decide("Lamps", 1, "orchestrate", "Bo", "again", expected_version=1)
    assert register.outcome("Lamps") is None
    second = register.record_outcome(
        "Lamps", Estimate(70, 60, 80, "EUR"), "books", "Bo", measure="value", is_best=False
    )
    assert (second.version, second.decision, second.stated_chance) == (1, 2, 0.3)
    assert register.outcomes() == [found, second]
    assert [e.kind for e in register.history("Lamps")] == ["decision", "outcome", "decision", "outcome"]


def test_history_cannot_be_changed_even_in_sql(register: Register) -> None:
    recorded(register)
    register.decide("Lamps", 1, "operate", "Bo")
    register.desk.note_access("Bo", "login")
    before = register.history()
    statements = [
        "UPDATE journal SET who = 'Eve'", "DELETE FROM journal", "UPDATE runs SET sha256 = ''", "DELETE FROM runs",
        "UPDATE accesses SET who = 'Eve'", "DELETE FROM accesses",
    ]  # fmt: skip
    if register.database.file:
        statements.append(
            "INSERT OR REPLACE INTO journal SELECT seq, kind, key, version, at, 'Eve', content FROM journal"
        )
        statements.append("INSERT OR REPLACE INTO runs SELECT id, document, '' FROM runs")
    else:
        statements += ["TRUNCATE journal", "TRUNCATE runs", "TRUNCATE accesses"]
        statements.append(
            "INSERT INTO journal SELECT seq, kind, key, version, at, 'Eve', content FROM journal "
            "ON CONFLICT (seq) DO UPDATE SET who = 'Eve'"
        )
    for statement in statements:
        with pytest.raises(RegisterError, match="keeps its history"), register.database.writing() as connection:
            connection.execute(text(statement))
    assert register.history() == before


def test_a_file_that_is_none_of_ours(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as other:
        other.execute("CREATE TABLE x (y)")
    other.close()
    with pytest.raises(RegisterError, match="no register of fourwalls"):
        Register.open(tmp_path)
    (tmp_path / FILE).write_bytes(b"no database" * 1000)
    with pytest.raises(RegisterError, match="is damaged"):
        Register.open(tmp_path)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("nowhere", "There is no folder 'nowhere'"),
        ("mysql://u:secret@h/d", "cannot be kept in 'mysql'"),
        ("postgresql://u:secret@127.0.0.1:1/d", "cannot be reached"),
        ("postgresql://u:secret@h/d?schema=a;b", "no plain name"),
        ("://", "is none"),
    ],
)
def test_places_that_are_none(place: str, said: str) -> None:
    with pytest.raises(RegisterError, match=said) as caught:
        Register.open(place)
    assert "secret" not in str(caught.value)


def test_assets_whose_names_begin_alike_are_told_apart(register: Register) -> None:
    recorded(register, asset("A"), asset("A/b"), asset("A%"))
    for name in ("A", "A/b", "A%"):
        register.plan(name, [Task("c", 1, name, "", "", 1, 2)], date(2026, 1, 5), "Bo")
        register.follow(name, "c", "Bo", expected_version=0, note=name)
        register.freeze_pilot(f"pilot of {name}", name, frozen(), "Bo")
    for name in ("A", "A/b", "A%"):
        assert [e.kind for e in register.history(name)] == ["plan", "milestone", "pilot"]
        plan = register.plan_of(name)
        assert plan is not None
        assert [m.note for m in plan.milestones] == [name]
    assert [p.milestones[0].note for p in register.plans()] == ["A", "A%", "A/b"]


def frozen() -> dict[str, object]:
    plan = {"outcome": "margin", "treated": ["north"]}
    text = json.dumps(plan, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return {"format": 1, "sha256": hashlib.sha256(text.encode()).hexdigest(), "plan": plan}


def test_a_pilot_is_judged_by_its_frozen_plan(register: Register) -> None:
    kept = register.freeze_pilot("north", "Lamps", frozen(), "Bo")
    assert (kept.version, kept.result, kept.asset) == (1, None, "Lamps")
    with pytest.raises(OvertakenError, match="Bo wrote version 1 of pilot 'north'"):
        register.freeze_pilot("north", "Lamps", frozen(), "Cy")
    with pytest.raises(RegisterError, match="advises against it: Leave it"):
        register.freeze_pilot("west", "Lamps", frozen(), "Bo", " ", advice="Leave it.")
    west = register.freeze_pilot("west", "Lamps", frozen(), "Bo", "the board wants it", advice="Leave it.")
    assert [(p.advice, p.why) for p in register.pilots()] == [("", ""), ("Leave it.", "the board wants it")]
    assert west == register.pilots()[1]
    with pytest.raises(RegisterError, match="changed after it was frozen"):
        register.freeze_pilot("south", "Lamps", {**frozen(), "plan": {"outcome": "sales"}}, "Bo")
    with pytest.raises(RegisterError, match="no frozen plan"):
        register.freeze_pilot("south", "Lamps", {}, "Bo")
    with pytest.raises(RegisterError, match="a new plan is a new pilot"):
        register.pilot_result("north", {"answer": "stop"}, "f" * 64, "Bo", expected_version=1)
    with pytest.raises(RegisterError, match="There is no pilot 'south'"):
        register.pilot_result("south", {"answer": "stop"}, kept.sha256, "Bo", expected_version=1)
    found = register.pilot_result("north", {"answer": "stop"}, kept.sha256, "Cy", expected_version=1)
    assert (found.version, found.sha256, found.plan, found.result) == (2, kept.sha256, kept.plan, {"answer": "stop"})
    assert register.pilots() == [found, west]


def test_whoever_holds_the_register_for_too_long_is_named_as_the_cause(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "WAIT_SECONDS", 0.3)
    with Register.open(place) as one, Register.open(place) as two:
        recorded(one)
        with one.database.writing(), pytest.raises(RegisterError, match="held by somebody else for too long"):
            two.decide("Lamps", 1, "operate", "Bo")
        two.decide("Lamps", 1, "operate", "Bo")
