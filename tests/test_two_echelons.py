"""Depots refilled from a centre, lived twice: what empties the centre is found, in its size, and named after who did it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import fourwalls
from fourwalls.diagnosis import Availability

from . import two_echelons
from .two_echelons import Defect, Diary

HEALTHY = Defect()
DEFECTS = {
    "supply": (Defect(late_days=12.0), "kiln", "between", "bowls"),
    "decision": (Defect(undecided_days=7.0), "us", "inside", "bowls"),
    "receiving": (Defect(unstowed_days=7.0), "stack", "between", "bowls"),
    "allocation": (Defect(tilt=0.6), "us", "inside", "logs"),
}


@cache
def lived(defect: Defect, case: int = 1) -> Diary:
    return two_echelons.live(5, defect, case=case)


@pytest.fixture
def told(tmp_path: Path) -> Callable[[Diary], dict[str, Availability]]:
    def run(diary: Diary) -> dict[str, Availability]:
        with fourwalls.open(two_echelons.write(tmp_path / "two", diary)) as study:
            found = {a.name: a.availability for a in study.diagnose().assets}
        return {name: known for name, known in found.items() if isinstance(known, Availability)}

    return run


@pytest.mark.parametrize(("stage", "case"), [*((s, 1) for s in DEFECTS), ("supply", 3)])
def test_what_empties_the_depots_is_named_with_the_units_it_cost(
    stage: str, case: int, told: Callable[[Diary], dict[str, Availability]]
) -> None:
    defect, party, wall, where = DEFECTS[stage]
    found = told(lived(defect, case))
    truth = lived(defect, case).lost() - lived(HEALTHY, case).lost()
    assert truth > 0.03 * found[where].wanted_units
    worst = max(found[where].contributions, key=lambda c: c.units)
    assert (worst.stage, worst.party_id, worst.wall) == (stage, party, wall)
    assert worst.units == pytest.approx(truth, rel=0.25)
    assert stage not in found[where].unjudged
    # Nothing else is claimed, there or of the other category.
    others = [c.units for known in found.values() for c in known.contributions if c is not worst]
    assert max(map(abs, others), default=0.0) < 0.015 * found[where].wanted_units


def test_sound_depots_are_told_of_no_broken_stage(told: Callable[[Diary], dict[str, Availability]]) -> None:
    for known in told(lived(HEALTHY)).values():
        assert {"decision", "supply", "receiving", "allocation"}.isdisjoint(known.unjudged)
        assert max((abs(c.units) for c in known.contributions), default=0.0) < 0.005 * known.wanted_units


def test_the_world_keeps_its_own_books() -> None:
    diary = lived(DEFECTS["supply"][0], 3)
    told = (diary.arrived + diary.moved - diary.sold)[:, :, 1:]
    assert np.abs(np.diff(diary.closing, axis=2) - told).max() < 1e-9
    assert diary.closing.min() >= 0
    # A giver that shares out too little keeps a broken case.
    moved = diary.moved[:, two_echelons.CENTRE] < 0
    assert ((diary.closing[:, two_echelons.CENTRE] % 3 > 0) & moved).any()
