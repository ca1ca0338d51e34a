"""Case work on logs built by hand: the answers can be counted on fingers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fourwalls.engines.duckdb import DuckDBEngine
from fourwalls.measures import case_work
from fourwalls.measures.work_words import class_of
from fourwalls.tables.schema import WORK_LOG

START = datetime(2025, 1, 6)  # noqa: DTZ001 - times are naive UTC; a Monday
WEEK = 7 * 86_400
KINDS = {"time": pa.timestamp("us"), "count": pa.float64(), "flag": pa.bool_()}
Event = dict[str, Any]


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDBEngine]:
    opened = DuckDBEngine()
    yield opened
    opened.close()


def event(hour: float, activity: str = "look", case: str = "c", **more: Any) -> Event:
    at = START + timedelta(hours=hour)
    return {
        "case_id": case,
        "case_kind": "request",
        "activity": activity,
        "at": at,
        "actor_id": "ann",
        "party_id": "us",
        **more,
    }


def table(log: list[Event]) -> pa.Table:
    schema = pa.schema([(c.name, KINDS.get(c.kind, pa.string())) for c in WORK_LOG.columns])
    return pa.Table.from_pylist([{name: e.get(name) for name in schema.names} for e in log], schema=schema)


def cases(engine: DuckDBEngine, log: list[Event], **words: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    found = engine.run(case_work.cases(case_work.events(engine.load("log", table(log)), "us", words)))
    return {row["case_id"]: row for row in found.to_pylist()}


def test_one_case_counted_by_hand(engine: DuckDBEngine) -> None:
    log = [
        event(0, "open", system_id="erp", effort_hours=0.5, region="north"),
        event(1, "copy status", system_id="erp", actor_id="bob", effort_hours=0.25),
        event(3, "look up", system_id="portal", actor_id="bob", effort_hours=0.25),
        event(4, "answer", system_id="portal", actor_id="eve", party_id="partner", effort_hours=1.0),
        event(5, "tick", system_id="portal", actor_id="eve", party_id="partner", actor_kind="RPA bot"),
        event(10, "close", system_id="erp", effort_hours=0.0, closed=True),
    ]
    case = cases(engine, log)["c"]
    assert (case["touches"], case["people_touches"], case["automatic_touches"], case["told_touches"]) == (6, 5, 1, 5)
    assert case["hours"] == pytest.approx(2.0)
    assert (case["status_hours"], case["other_hours"]) == (pytest.approx(0.25), pytest.approx(1.0))
    handoffs = [case[f"handoffs_{kind}"] for kind in ("within", "systems", "parties")]
    assert handoffs == [1, 1, 2]
    assert (case["elsewhere"], case["region"], case["case_class"]) == ("partner", "north", "other")
    assert (case["elapsed_hours"], case["waiting_hours"], case["closure_hours"]) == (10.0, pytest.approx(8.0), 10.0)
    assert (case["reopened"], case["closed_cases"]) == (0, 1)


def test_order_is_by_time_and_then_as_given(engine: DuckDBEngine) -> None:
    late_first = [
        event(5, "c", actor_id="x"),
        event(1, "a", actor_id="x"),
        event(3, "b2", actor_id="y"),
        event(3, "b3", actor_id="x"),
    ]
    found = engine.run(case_work.events(engine.load("log", table(late_first)), "us", {}).order_by("rank"))
    assert found["activity"].to_pylist() == ["a", "b2", "b3", "c"]
    assert found["gap_s"].to_pylist() == [None, 7200, 0, 7200]
    assert found["handoff"].to_pylist() == [None, "within", "within", None]


@pytest.mark.parametrize(
    ("activities", "reopened", "closed", "hours"),
    [
        (["open", "close"], 0, 1, 1.0),
        (["open", "close", "close"], 0, 1, 1.0),
        (["open", "close", "look", "close"], 1, 1, 3.0),
        (["open", "close", "look"], 1, 0, None),
        (["open", "look"], 0, 0, None),
        (["Fall geschlossen"], 0, 1, 0.0),
    ],
)
def test_closing_and_opening_again(
    engine: DuckDBEngine, activities: list[str], reopened: int, closed: int, hours: float | None
) -> None:
    case = cases(engine, [event(i, a) for i, a in enumerate(activities)])["c"]
    assert (case["reopened"], case["closed_cases"], case["closure_hours"]) == (reopened, closed, hours)


def test_what_the_log_says_of_closing_wins_over_words(engine: DuckDBEngine) -> None:
    log = [event(0, "open", closed=False), event(1, "close the window", closed=False), event(2, "file", closed=True)]
    assert cases(engine, log)["c"]["closure_hours"] == 2.0


def test_a_log_that_tells_little(engine: DuckDBEngine) -> None:
    bare = [{**event(i), "actor_id": None, "party_id": None} for i in range(3)]
    case = cases(engine, bare)["c"]
    assert [case[f"handoffs_{kind}"] for kind in ("within", "systems", "parties")] == [0, 0, 0]
    assert (case["told_touches"], case["hours"], case["knows_party"], case["elsewhere"]) == (0, 0.0, False, None)


def test_a_case_of_ten_thousand_events(engine: DuckDBEngine) -> None:
    order = np.random.default_rng(1).permutation(10_000).tolist()
    log = [event(i / 60, "close" if i == 9_999 else "look", actor_id=f"a{i % 2}", effort_hours=0.01) for i in order]
    case = cases(engine, log)["c"]
    assert (case["touches"], case["handoffs_within"], case["reopened"]) == (10_000, 9_999, 0)
    assert case["hours"] == pytest.approx(100.0)
    assert case["closure_hours"] == pytest.approx(9_999 / 60)


@pytest.mark.parametrize(
    ("text", "known_as"),
    [
        ("exception: status unknown", "exception"), ("Störung im Lager", "exception"), ("incidencia", "exception"),
        ("Datenabgleich", "reconciliation"), ("Abgleich Bestand", "reconciliation"), ("invoice-mismatch", "reconciliation"),
        ("rapprochement des flux", "reconciliation"), ("Freigabe", "approval"), ("aprobación", "approval"),
        ("weekly_report", "report"), ("Monatsbericht", "report"), ("a (b", "other"), ("status update", "status"), ("ressaisie", "status"),
        ("aggiornamento stato", "status"), ("picking", "other"), (None, "other"), ("Rundruf", "status"),
    ],
)  # fmt: skip
def test_classes_in_several_languages_and_our_own_words(engine: DuckDBEngine, text: str | None, known_as: str) -> None:
    t = engine.load("texts", pa.table({"text": pa.array([text], pa.string())}))
    found = engine.run(t.select(name=class_of(t.text, {"status": ("rundruf",)})))
    assert found["name"].to_pylist() == [known_as]


def slow_twin(log: list[Event]) -> dict[str, tuple[int, int, int, int, int, float]]:
    """The same counts by a plain walk through each case."""
    by_case: dict[str, list[Event]] = defaultdict(list)
    for e in log:
        by_case[e["case_id"]].append(e)
    found = {}
    for name, listed in by_case.items():
        walked = sorted(listed, key=lambda e: e["at"])
        kinds, reopened = {"within": 0, "systems": 0, "parties": 0}, 0
        for a, b in pairwise(walked):
            changed = [k for k in ("party_id", "system_id", "actor_id") if a[k] and b[k] and a[k] != b[k]]
            if changed:
                kinds[{"party_id": "parties", "system_id": "systems", "actor_id": "within"}[changed[0]]] += 1
            reopened |= a["closed"] and not b["closed"]
        hours = sum(e["effort_hours"] or 0.0 for e in walked)
        found[name] = (len(walked), *kinds.values(), int(reopened), hours)
    return found


EVENTS = st.lists(
    st.builds(
        lambda hour, case, actor, system, party, closed, effort, region: event(
            hour, case=case, actor_id=actor, system_id=system, party_id=party, closed=closed, effort_hours=effort, region=region
        ),
        st.integers(0, 2000), st.sampled_from("abc"), st.sampled_from(["x", "y", None]), st.sampled_from(["s", "t", None]),
        st.sampled_from(["us", "them", None]), st.booleans(), st.sampled_from([None, 0.25, 1.0]), st.sampled_from(["n", "s", None]),
    ),
    min_size=1, max_size=30,
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(EVENTS)
def test_as_a_slow_twin_counts_and_parts_add_up(engine: DuckDBEngine, log: list[Event]) -> None:
    events = case_work.events(engine.load("log", table(log)), "us", {})
    all_cases = engine.keep("all_cases", case_work.cases(events))
    rows = engine.run(all_cases).to_pylist()
    told = ("touches", "handoffs_within", "handoffs_systems", "handoffs_parties", "reopened", "hours")
    assert {row["case_id"]: tuple(row[k] for k in told) for row in rows} == {
        k: (*v[:-1], pytest.approx(v[-1])) for k, v in slow_twin(log).items()
    }
    places = engine.run(case_work.by_place(all_cases, WEEK))
    for name in case_work.SUMS:
        assert sum(places[name].to_pylist()) == pytest.approx(sum(row[name] for row in rows))
    closed = engine.run(case_work.closures(all_cases, WEEK))
    assert sum(closed["cases"].to_pylist()) == sum(row["closure_hours"] is not None for row in rows)
    waits = engine.run(case_work.waits(events))
    assert sum(waits["times"].to_pylist()) == len(log) - len(rows)
    assert sum(waits["wait_hours"].to_pylist()) == pytest.approx(sum(row["elapsed_hours"] for row in rows))
