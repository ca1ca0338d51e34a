from __future__ import annotations

import pytest

from fourwalls.errors import OvertakenError, RegisterError
from fourwalls.register import Register
from fourwalls.register.desk import Session


def test_users_change_version_by_version(register: Register) -> None:
    desk = register.desk
    ada = desk.add_user("Ada", "decider", "$argon2$x")
    assert "argon2" not in repr(ada)
    with pytest.raises(RegisterError, match="There is a user 'Ada' already"):
        desk.add_user("Ada", "reader", None)
    desk.keep_session(Session("t" * 64, "Ada", {"csrf": "c"}, 10.0, 20.0))
    changed = desk.change_user("Ada", expected_version=1, is_active=False)
    assert (changed.is_active, changed.version, changed.role) == (False, 2, "decider")
    assert desk.session("t" * 64) is None
    with pytest.raises(OvertakenError, match="you saw version 1"):
        desk.change_user("Ada", expected_version=1, role="reader")
    assert desk.users() == [desk.user("Ada")]
    assert desk.user("Bo") is None


def test_a_session_is_kept_until_it_is_dropped(register: Register) -> None:
    desk = register.desk
    desk.keep_session(Session("a", "Ada", {}, 1.0, 9.0))
    assert desk.drop_sessions(token_sha256="a") == 1
    assert desk.session("a") is None
    desk.keep_session(Session("b", "Ada", {"n": 1}, 2.0, 9.0))
    assert desk.session("b") == Session("b", "Ada", {"n": 1}, 2.0, 9.0)
    assert desk.drop_sessions() == 0
    assert desk.drop_sessions(expired_at=8.0) == 0
    assert desk.drop_sessions(user="Ada") == 1


def test_accesses_have_no_gaps(register: Register) -> None:
    for n in range(3):
        register.desk.note_access("Ada", "open", f"page {n}", "127.0.0.1", is_granted=n != 1)
    found = register.desk.accesses(2)
    assert [(a.seq, a.about, a.is_granted) for a in found] == [(3, "page 2", True), (2, "page 1", False)]
    assert register.desk.accesses(who="Bo") == []


def test_a_job_has_one_worker_and_survives_it(register: Register) -> None:
    desk = register.desk
    first, second = (desk.add_job("diagnose", {"folder": n}, "Ada", at=100.0) for n in "ab")
    taken = desk.take_job("one", at=101.0, stale_before=50.0)
    assert taken is not None
    assert (taken.id, taken.state, taken.content) == (first.id, "running", {"folder": "a"})
    other = desk.take_job("two", at=101.0, stale_before=50.0)
    assert other is not None
    assert other.id == second.id
    assert desk.take_job("three", at=102.0, stale_before=50.0) is None
    beaten = desk.beat(first.id, "one", 110.0, 0.5, "replaying")
    assert beaten is not None
    assert (beaten.progress, beaten.step) == (0.5, "replaying")
    # The worker of the second was not seen since 101: another takes it over, and the first one's word counts no more.
    again = desk.take_job("three", at=200.0, stale_before=105.0)
    assert again is not None
    assert (again.id, again.worker) == (second.id, "three")
    assert desk.end_job(second.id, "two", "done", {}, 201.0) is None
    ended = desk.end_job(second.id, "three", "done", {"run": 1}, 201.0)
    assert ended is not None
    assert (ended.state, ended.result) == ("done", {"run": 1})
    assert [j.id for j in desk.jobs(["running"])] == [first.id]


def test_a_job_of_a_worker_from_the_future_is_taken_up(register: Register) -> None:
    """Its worker was seen before the clock was set back, and died: nobody waits until that hour comes again."""
    desk = register.desk
    desk.add_job("diagnose", {}, "Bo", 100_000.0)
    assert desk.take_job("dead", 100_000.0, 99_970.0)
    assert desk.take_job("alive", 99_000.0, 98_970.0) is None  # a clock that is a little behind
    taken = desk.take_job("alive", 50_000.0, 49_970.0)
    assert taken is not None
    assert taken.worker == "alive"
    assert desk.beat(taken.id, "dead", 100_001.0, 0.5, "") is None


def test_cancelling(register: Register) -> None:
    desk = register.desk
    job = desk.add_job("diagnose", {}, "Ada", at=1.0)
    cancelled = desk.cancel_job(job.id)
    assert cancelled is not None
    assert cancelled.state == "cancelled"
    running = desk.add_job("diagnose", {}, "Ada", at=2.0)
    desk.take_job("one", 3.0, 0.0)
    asked = desk.cancel_job(running.id)
    assert asked is not None
    assert (asked.state, asked.is_cancel_wanted) == ("running", True)
    assert desk.cancel_job(99) is None
    assert desk.job(99) is None
