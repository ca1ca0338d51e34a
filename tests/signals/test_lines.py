from __future__ import annotations

import pytest

from fourwalls.answers import QUESTIONS, Answer, judged_answers
from fourwalls.diagnosis import SignalReading
from fourwalls.figures import Reading, Refusal
from fourwalls.portfolio import SignalThresholds
from fourwalls.signals.lines import LINES, ten_lines
from fourwalls.signals.material import Material

from .made import loss, material, portfolio


def lines(made: Material, *said: Answer) -> dict[str, SignalReading]:
    return {x.name: x for x in ten_lines(made, portfolio(), judged_answers(said, SignalThresholds()))}


def test_ten_lines_in_the_order_they_are_asked() -> None:
    assert [x.name for x in ten_lines(material(), portfolio())] == [q.name for q in QUESTIONS]
    assert set(LINES) == {q.name for q in QUESTIONS}


def test_an_answer_never_overrides_a_measurement() -> None:
    made = material(losses=(loss("waste", 0.02),))
    measured, asked = lines(made)["waste"], lines(made, Answer("waste", "A", 1))["waste"]
    assert (asked.how, asked.lean, asked.strength) == ("measured", "operate", measured.strength)
    assert asked.differs
    assert asked.judged is not None
    assert asked.judged.lean == "neither"
    assert "People see it otherwise" in asked.because
    assert not lines(made, Answer("waste", "A", 5))["waste"].differs


def test_an_answer_stands_alone_where_nothing_is_measured() -> None:
    made = material(tables=frozenset(), measured=frozenset())
    found = lines(made, Answer("partners", "A", 5), Answer("waste", "A", None))
    assert (found["partners"].how, found["partners"].lean) == ("judged", "orchestrate")
    assert "Not measured: there is no table offers" in found["partners"].because
    assert (found["waste"].how, found["waste"].lean) == ("unknown", "cannot tell")
    assert found["waste"].judged is not None


@pytest.mark.parametrize("name", sorted(LINES))
def test_each_line_tells_how_it_is_made(name: str) -> None:
    line = lines(material())[name]
    for text in (line.label, line.because, line.direction, line.formula, line.needs):
        assert text
    assert line.thresholds
    assert all(t.origin for t in line.thresholds)
    assert 0 <= line.strength <= 1


def test_a_table_that_is_not_there_is_named() -> None:
    found = lines(material(tables=frozenset({"work_log"}), measured=frozenset()))
    for name, table in (
        ("steady_demand", "order_lines"), ("channel_complexity", "order_lines"), ("scale", "order_lines"),
        ("speed", "supply_orders"), ("disconnected_data", "feeds"), ("waste", "leakage"), ("partners", "offers"),
    ):  # fmt: skip
        assert (found[name].how, found[name].because) == ("unknown", f"There is no table {table}.")
    untold = Reading(
        "status_share_of_hours", "…", Refusal("no_words", "…", "no case is called by a word we know", "…"), 0, "…"
    )
    said = lines(material(tables=frozenset({"work_log"}), measured=frozenset(), readings={untold.name: untold}))
    assert said["status_work"].because == "No case is called by a word we know."
