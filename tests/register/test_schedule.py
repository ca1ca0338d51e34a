from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from scipy import stats

from fourwalls.figures import Estimate, Refusal
from fourwalls.register import Milestone, Task, TaskPlan
from fourwalls.register.schedule import (
    PRIOR_FACTOR,
    PRIOR_SPREAD,
    PRIOR_TASKS,
    Schedule,
    forecast,
    posterior,
    slipped,
    told,
)

START = date(2026, 1, 5)


def task(name: str, first: int, last: int, *needs: str) -> Milestone:
    return Milestone(Task(name, 1, name.title(), "", "Bo", first, last, needs), 0, "open", "Bo", None, None, "", "", "")


def on(day: int) -> date:
    return START + timedelta(days=day - 1)


def done(m: Milestone, first: int, last: int) -> Milestone:
    return replace(m, state="done", started_on=on(first), done_on=on(last))


def plan(*milestones: Milestone) -> TaskPlan:
    return TaskPlan("Lamps", 1, 1, "", "Bo", START, 0, milestones)


def slips(found: Schedule) -> dict[str, tuple[float, float, float, float, str, str]]:
    return {
        s.task: (round(s.days), round(s.own_days), round(s.start_days), round(s.waiting_days), s.because_of, s.root)
        for s in found.slips
    }


def test_one_task_ends_by_its_predictive_distribution() -> None:
    """Against the textbook: the predictive distribution of the logarithm is Student's t."""
    found = forecast(plan(task("map", 1, 100)), START)
    t = stats.t(PRIOR_TASKS, math.log(PRIOR_FACTOR), PRIOR_SPREAD * math.sqrt(1 + 1 / PRIOR_TASKS))
    for day, at in ((found.p50_on, 0.5), (found.p80_on, 0.8)):
        exact = 100 * math.exp(t.ppf(at))
        assert abs((day - START).days + 1 - exact) < 0.04 * exact
    assert found.on_time_chance == pytest.approx(t.cdf(0.0), abs=0.02)
    assert 0.38 < found.on_time_chance < 0.46  # what Buehler, Griffin and Ross (1994) found: about 0.4
    assert isinstance(found.factor, Refusal)
    assert found.planned_on == on(100)


def test_the_posterior_is_the_one_of_the_textbook() -> None:
    """Gelman et al., 3.3, by brute force on a grid."""
    ratios = [1.5, 2.0, 1.2, 1.8]
    mean, weight, shape, scale = posterior(ratios)
    middle, spread = np.meshgrid(np.linspace(-2, 3, 900), np.linspace(0.05, 4, 900))
    log = stats.norm.logpdf(middle, math.log(PRIOR_FACTOR), spread / math.sqrt(PRIOR_TASKS))
    log += stats.invgamma.logpdf(spread**2, PRIOR_TASKS / 2, scale=PRIOR_TASKS / 2 * PRIOR_SPREAD**2) + np.log(
        2 * spread
    )
    log += sum(stats.norm.logpdf(math.log(r), middle, spread) for r in ratios)
    p = np.exp(log - log.max())
    p /= p.sum()
    assert (p * middle).sum() == pytest.approx(mean, abs=2e-3)
    assert (p * spread**2).sum() == pytest.approx(scale / (shape - 1), rel=1e-2)
    assert weight == PRIOR_TASKS + 4


def test_what_tasks_took_so_far_moves_the_end() -> None:
    tasks = [task(f"t{n}", 1 + 10 * n, 10 + 10 * n, *([f"t{n - 1}"] if n else [])) for n in range(6)]
    slow = [done(t, 1 + 20 * n, 20 + 20 * n) for n, t in enumerate(tasks[:3])]
    found = forecast(plan(*slow, *tasks[3:]), on(61))
    fresh = forecast(plan(*[done(t, 1 + 10 * n, 10 + 10 * n) for n, t in enumerate(tasks[:3])], *tasks[3:]), on(31))
    assert isinstance(found.factor, Estimate)
    assert isinstance(fresh.factor, Estimate)
    assert fresh.factor.value < 1.1 < found.factor.value < 2
    assert found.learnt_from == 3
    # Done ones are 30 days late; those to come are taken to be slow too.
    assert (found.p50_on - fresh.p50_on).days > 35
    assert found.p80_on > found.p50_on > found.planned_on


def test_a_slip_names_what_caused_it() -> None:
    chain = [
        done(task("map", 1, 5), 1, 15),
        task("split", 6, 10, "map"),
        task("test", 11, 20, "split"),
        task("apart", 1, 20),
    ]
    found = forecast(plan(*chain), on(16))
    told_ = slips(found)
    assert told_["map"] == (10, 10, 0, 0, "", "")
    assert told_["split"][3:] == (10, "map", "map")
    assert told_["test"][4:] == ("split", "map")
    assert told_["apart"][4:] == ("", "")
    for s in found.slips:
        assert s.days == pytest.approx(s.own_days + s.start_days + s.waiting_days, abs=1e-9)
    titles = {m.task.id: m.task.title for m in chain}
    assert told(found.slips[0], titles) == "Map: 10 days late (10 by taking longer itself)"
    assert "by waiting for Split, which waited for Map" in told(found.slips[2], titles)


def test_a_late_start_is_no_fault_of_what_it_needs() -> None:
    found = forecast(plan(done(task("map", 1, 5), 1, 5), done(task("split", 6, 10, "map"), 9, 13)), on(14))
    assert slips(found)["split"] == (3, 0, 3, 0, "", "")
    assert told(found.slips[0], {}) == "map: on time"


def test_what_has_not_begun_though_it_could_is_a_late_start() -> None:
    found = slips(forecast(plan(done(task("map", 1, 5), 1, 7), task("split", 6, 10, "map")), on(21)))
    assert found["split"][2:] == (13, 2, "map", "map")
    assert slips(forecast(plan(task("map", 1, 5)), on(11)))["map"][2:] == (10, 0, "", "")


def test_what_everything_hangs_on_is_critical() -> None:
    found = forecast(plan(task("long", 1, 30), task("short", 1, 2), task("last", 31, 35, "long", "short")), START)
    share = {s.task: s.critical_share for s in found.slips}
    assert share["last"] == 1.0
    assert share["short"] < 0.02
    assert 0.4 < share["long"] < 0.7  # else it began on its own day, and nothing was waited for


def test_a_plan_that_is_done_has_one_end() -> None:
    found = forecast(plan(done(task("map", 1, 5), 1, 4)), on(90))
    assert found.p50_on == found.p80_on == on(4)
    assert found.on_time_chance == 1.0


def test_what_is_dropped_holds_nobody_up() -> None:
    gone = replace(task("gone", 1, 90), state="dropped")
    found = forecast(plan(gone, task("next", 1, 2, "gone")), START)
    assert [s.task for s in found.slips] == ["next"]
    assert found.p50_on <= on(4)


def test_what_runs_for_longer_than_planned_ends_after_today() -> None:
    running = replace(task("map", 1, 5), state="started", started_on=on(1))
    found = forecast(plan(running), on(60))
    assert found.p50_on >= on(60)
    assert found.on_time_chance == 0.0


def test_ranges_hold_what_they_claim() -> None:
    """Where the prior is true, P80 holds four times in five: the days a plan took, drawn by other code."""
    rng = np.random.default_rng(3)
    shape = plan(task("a", 1, 40), task("b", 41, 80, "a"))
    found = forecast(shape, START)
    held = []
    for _ in range(4000):
        spread = math.sqrt(1 / rng.gamma(PRIOR_TASKS / 2, 1 / (PRIOR_TASKS / 2 * PRIOR_SPREAD**2)))
        middle = rng.normal(math.log(PRIOR_FACTOR), spread / math.sqrt(PRIOR_TASKS))
        a, b = 40 * np.exp(rng.normal(middle, spread, 2))
        held.append(
            (max(a, 40) + b <= (found.p50_on - START).days + 1, max(a, 40) + b <= (found.p80_on - START).days + 1)
        )
    assert np.mean(held, axis=0) == pytest.approx([0.5, 0.8], abs=0.03)


def test_nothing_is_late_before_its_day_has_passed() -> None:
    """A plan just made will probably run over, as plans do; but nobody has let anything slip."""
    chain = [task("map", 1, 5), task("split", 6, 10, "map"), task("test", 11, 20, "split")]
    fresh = forecast(plan(*chain), START)
    assert fresh.on_time_chance < 0.5
    assert fresh.planned_on < fresh.p50_on < fresh.p80_on
    assert slipped(fresh.slips) == []
    assert not any(s.is_late for s in fresh.slips)
    assert "expected" in told(fresh.slips[2], {})
    assert slipped(forecast(plan(*chain), on(-6)).slips) == []  # planned ahead
    idle = forecast(plan(*chain), on(3)).slips[0]
    assert (round(idle.start_days), idle.is_late) == (2, False)  # its first day passed, its last did not
    last_day = forecast(plan(replace(chain[0], state="started", started_on=on(1)), *chain[1:]), on(5))
    assert slipped(last_day.slips) == []
    after = forecast(plan(replace(chain[0], state="started", started_on=on(1)), *chain[1:]), on(8))
    assert {s.task for s in slipped(after.slips)} == {"map", "split", "test"}
    assert [s.is_late for s in after.slips] == [True, False, False]
    assert "expected" not in told(after.slips[0], {})
    assert "expected" in told(after.slips[1], {})
