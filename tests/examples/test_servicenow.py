"""ServiceNow incidents: every event is used, published facts come out, and what the log cannot say is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest

import fourwalls as fw
from fourwalls.evidence import case_work
from fourwalls.evidence.ground import Finding
from fourwalls.figures import Estimate
from fourwalls.measures import case_work as measures
from fourwalls.study import Study

EXAMPLE = Path(__file__).parents[2] / "examples" / "servicenow"
FILE = "servicenow_incidents/incident_event_log.parquet"


@pytest.fixture(scope="module")
def study(real_data: Path) -> Iterator[Study]:
    with fw.open(EXAMPLE, real_data) as opened:
        yield opened


@pytest.fixture(scope="module")
def cases(study: Study) -> dict[str, dict[str, float]]:
    log = study._intake.rows["work_log"]
    found = study._engine.run(measures.cases(measures.events(log, study.portfolio.own_party_id, {})))
    return {row["case_id"]: row for row in found.to_pylist()}


@pytest.fixture(scope="module")
def finding(study: Study) -> Finding:
    ground = case_work.log_ground(study._engine, study._intake.rows, study.portfolio)
    return case_work.find(ground)


@pytest.fixture(scope="module")
def facts(real_data: Path) -> list[tuple[str, bool, int, int]]:
    """Number, whether the SLA was met, reassignments and reopenings, as the source itself counts them."""
    return duckdb.sql(
        f"""SELECT number, arg_max(made_sla, sys_mod_count) = 'true', max(reassignment_count), max(reopen_count)
        FROM '{real_data / FILE}' GROUP BY number"""
    ).fetchall()


def test_every_event_is_used(study: Study) -> None:
    [log] = study.check().tables
    assert (log.table, log.rows_in, log.rows_used) == ("work_log", 141_712, 141_712)


def test_published_facts(facts: list[tuple[str, bool, int, int]]) -> None:
    assert len(facts) == 24_918
    assert sum(met for _, met, _, _ in facts) == 15_803
    shares = [np.mean([met for _, met, n, _ in facts if min(n, 3) == k]) for k in range(4)]
    assert [round(100 * s, 1) for s in shares] == [78.4, 57.1, 39.9, 25.0]
    assert round(100 * np.mean([n > 0 for *_, n, _ in facts]), 1) == 45.6
    assert round(100 * np.mean([n > 0 for *_, n in facts]), 1) == 1.1


def test_handoffs_seen_in_the_log_tell_the_same_story(
    cases: dict[str, dict[str, float]], facts: list[tuple[str, bool, int, int]]
) -> None:
    """The log names no group on a tenth of its events and skips states, so that fewer hand-offs are seen than counted."""
    seen = np.array([cases[number]["handoffs_within"] for number, *_ in facts])
    counted = np.array([n for _, _, n, _ in facts])
    met = np.array([met for _, met, _, _ in facts])
    assert np.corrcoef(seen, counted)[0, 1] > 0.8
    assert seen.sum() < counted.sum()
    by_seen = [met[np.minimum(seen, 3) == k].mean() for k in range(4)]
    assert by_seen == sorted(by_seen, reverse=True)
    assert by_seen[0] - by_seen[3] > 0.4


def test_reopened_cases_are_those_the_source_counts(
    cases: dict[str, dict[str, float]], facts: list[tuple[str, bool, int, int]]
) -> None:
    seen = {number for number, *_ in facts if cases[number]["reopened"]}
    counted = {number for number, _, _, n in facts if n > 0}
    assert round(100 * len(seen) / len(facts), 1) == 1.1
    assert len(seen & counted) > 0.9 * len(counted)


def test_times_to_close_as_a_query_says_them(real_data: Path, finding: Finding) -> None:
    """By a query of its own: until the last time it became resolved or closed and stayed so."""
    median, p90 = duckdb.sql(
        f"""WITH e AS (SELECT number, sys_mod_count AS n, strptime(sys_updated_at, '%-d/%-m/%Y %H:%M') AS t,
              incident_state IN ('Resolved', 'Closed') AS done FROM '{real_data / FILE}'),
            ends AS (SELECT number, min(t) AS first, coalesce(max(t) FILTER (NOT done), min(t)) AS moved FROM e GROUP BY number),
            hours AS (SELECT e.number, epoch(min(e.t) - any_value(first)) / 3600 AS h FROM e JOIN ends USING (number)
              WHERE done AND t >= moved GROUP BY e.number)
        SELECT quantile_cont(h, 0.5), quantile_cont(h, 0.9) FROM hours"""
    ).fetchall()[0]
    told = {r.name: r for r in finding.readings[()]}
    assert told["exception_closure_hours"].figure.value == pytest.approx(median, rel=0.02)
    assert told["exception_closure_hours_p90"].figure.value == pytest.approx(p90, rel=0.02)
    assert told["exception_closure_hours"].n == 24_918


def test_what_the_log_cannot_say_is_refused(finding: Finding) -> None:
    told = {r.name: r.figure for r in finding.readings[()]}
    codes = {name: getattr(figure, "code", None) for name, figure in told.items()}
    assert codes["hours_per_case"] == codes["waiting_share"] == "no_effort"
    assert codes["handoffs_parties_per_case"] == "no_party_id"
    assert codes["automatic_share"] == "no_actor_kind"
    assert not finding.losses
    assert round(told["touches_per_case"].value, 2) == 5.69


def test_the_page_tells_case_work_and_refuses_the_verdict(study: Study) -> None:
    found = study.diagnose()
    assert found.total.verdict == "cannot tell yet"
    told = {r.name for r in found.total.evidence if isinstance(r.figure, Estimate)}
    assert {"reopened_share", "touches_per_case"} <= told
    assert len(found.assets) > 20
    assert {s.how for s in found.total.signals} <= {"measured", "unknown"}
