"""The benchmark of decision quality, on a few small worlds and on answers made up for the purpose."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.quality import answers, plan, report, scoring  # noqa: E402
from benchmarks.quality.running import diagnose, judge  # noqa: E402


def _oracle(truth):
    out = {}
    for a in truth.assets:
        first = a.first_bottleneck
        out[answers.key_of(a)] = answers.Answer(
            a.best_path,
            first=(first.stage, first.party_id) if first else None,
            value={p: (v - 1.0, v, v + 1.0) for p, v in a.path_value_amount.items()},
            chance={p: float(p == a.best_path) for p in answers.PATHS},
        )
    return out


@pytest.fixture(scope="module")
def judged():
    """Five small worlds, the oracle asked in place of the diagnosis."""
    together = []
    for trial in plan.few():
        truths = {}

        def tell_nothing(folder):
            assert not list(folder.rglob("*truth*")), "the diagnosis could read the truth"
            assert not list(folder.parent.glob("*truth*"))
            return {"assets": []}

        made = judge(trial, tell_nothing)
        truths = {answers.key_of(c.truth): c for c in made.by_rival["fourwalls"]}
        assert not made.failure
        together.append((trial, made, truths))
    return together


def test_there_are_enough_worlds_and_every_kind_of_defect():
    from fourwalls.worlds.defects import DEFECTS

    worlds = plan.trials(1)
    assert len(worlds) >= 60
    assert len({t.name for t in worlds}) == len(worlds)
    assert {d["kind"] for t in worlds for d in t.recipe["defects"]} == set(DEFECTS)
    assert {t.seed for t in worlds}.isdisjoint(t.seed for t in plan.trials(31_000))
    assert [t.recipe for t in plan.trials(5)] == [t.recipe for t in plan.trials(5)]


def test_saying_nothing_is_wrong_everywhere(judged):
    silent = [c for _, made, _ in judged for c in made.by_rival["fourwalls"]]
    assert scoring.score(silent, scoring.right_path).value == 0
    assert scoring.score(silent, scoring.wrongly_refused).value == 1
    assert scoring.score(silent, scoring.regret).value == pytest.approx(1)


def test_the_oracle_is_right_everywhere_and_regrets_nothing(judged):
    wise = []
    for _, made, _ in judged:
        for c in made.by_rival["fourwalls"]:
            said = _oracle(type("T", (), {"assets": (c.truth,)}))
            wise.append(replace(c, answer=said[answers.key_of(c.truth)]))
    assert scoring.score(wise, scoring.right_path).value == 1
    assert scoring.score(wise, scoring.regret).value == 0
    assert scoring.score(wise, scoring.first_bottleneck).value == 1
    assert scoring.score(wise, scoring.covered).value == 1
    assert scoring.score(wise, scoring.false_alarms).value == 0
    assert max(scoring.value_errors(wise)) == 0
    with_path = [c for c in wise if c.truth.best_path in answers.PATHS]
    assert scoring.score(with_path, scoring.brier).value == 0


def test_rivals_regret_more_than_the_oracle_and_always_acting_alarms_falsely(judged):
    by_name = {}
    for _, made, _ in judged:
        for name, some in made.by_rival.items():
            by_name.setdefault(name, []).extend(some)
    for name, some in by_name.items():
        assert scoring.score(some, scoring.regret).value > 0, name
    assert scoring.score(by_name["always operate"], scoring.false_alarms).value == 1
    assert scoring.score(by_name["leave it"], scoring.false_alarms).value == 0


def test_a_failing_diagnosis_counts_as_wrong_and_is_named():
    def fail(_):
        raise ValueError("out of words")

    made = judge(plan.few()[0], fail)
    assert "out of words" in made.failure
    assert all(c.answer is None and not c.is_right for c in made.by_rival["fourwalls"])


def test_the_report_is_told_for_the_diagnosis_as_it_stands():
    """One world through the real diagnosis; whatever it says, the tables come out."""
    made = judge(plan.few()[0], diagnose)
    text = report.told(made.by_rival, [made.failure] if made.failure else [], 1.0)
    assert "| fourwalls |" in text
    assert "counting six true answers" in text


def test_paths_are_read_where_the_result_has_them():
    said = {
        "assets": [
            {
                "asset": {"category": "a", "destination": None},
                "verdict": "operate",
                "contributions": [
                    {"stage": "release", "party_id": "own", "lines": 2.0},
                    {"stage": "carriage", "party_id": "x", "lines": 1.5},
                    {"stage": "carriage", "party_id": "x", "lines": 1.5},
                ],
                "paths": [
                    {"path": "operate", "value": {"low": 1, "value": 2, "high": 3}, "chance": 0.8},
                    {"path": "orchestrate", "value": {"code": "no_data"}, "chance": None},
                ],
            }
        ]
    }
    [(key, answer)] = answers.read_diagnosis(said).items()
    assert key == ("a", "None")
    assert answer.first == ("carriage", "x")
    assert answer.value == {"operate": (1.0, 2.0, 3.0)}
    assert answer.chance == {"operate": 0.8}
