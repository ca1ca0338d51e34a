"""What an asset's verdict rests on: losses in money add up, shared lines count in neither side alone, nothing counts twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.test_weighing import loss

from fourwalls.chain.accounts import Entries
from fourwalls.concluding import service_losses, service_worth, stakes_of
from fourwalls.resampling import REPLICATES, draw_clusters
from fourwalls.value import Costs

SPANS = 12
DRAWS = draw_clusters(SPANS, 1)
LATE, CANCELLED = 0, 2


def booked(*rows: tuple[int, int, int, int, int, float]) -> Entries:
    """Entries from (asset, outcome, stage, wall, party, value a week), lines of a tenth of that."""
    columns = [np.array([r[i] for r in rows], dtype=np.int64) for i in range(5)]
    amount = np.array([[r[5]] * SPANS for r in rows])
    return Entries(*columns, np.zeros(len(rows), np.int64), amount / 10, amount, *np.zeros((2, len(rows))))


def totals(inside: float, between: float, operate: float, orchestrate: float) -> dict[str, Any]:
    values = {"by_inside": inside, "by_between": between, "operate": operate, "orchestrate": orchestrate, "total": inside + between}  # fmt: skip
    return {name: np.full((1, SPANS), v) for name, v in values.items()}


TWO = booked((0, LATE, 1, 0, 0, 100.0), (0, CANCELLED, 1, 0, 0, 10.0), (0, LATE, 2, 1, 1, 50.0))
COST = Costs(0.1, 0.4)


def test_late_and_lost_lines_cost_what_they_cost() -> None:
    (found,) = service_losses(TWO, [("a",)], ["own", "swift"], ["words"], DRAWS, COST)
    told = {(x.stage, x.wall, x.party_id): x.amount for x in found}
    assert told == pytest.approx(
        {("fulfilment", "inside", "own"): SPANS * (10 + 4), ("carriage", "between", "swift"): SPANS * 5}
    )
    assert all(x.draws.shape == (REPLICATES,) and x.standard == "words" for x in found)
    assert found[0].draws.mean() == pytest.approx(found[0].amount)


def test_lines_that_only_both_sides_would_save_count_in_neither_alone() -> None:
    # Shapley gave each side 10 and 5 lines a week; alone they would have saved 8 and 1.
    (worth,) = service_worth(TWO, totals(10, 5, 8, 1), DRAWS, COST, priced=True)
    assert worth.inside == pytest.approx(SPANS * 14 * 0.8)
    assert worth.between == pytest.approx(SPANS * 5 * 0.2)
    assert worth.together == pytest.approx(SPANS * 19)
    assert worth.inside_draws.mean() == pytest.approx(worth.inside)


def test_an_unsure_cost_of_lateness_widens_the_late_part_alone() -> None:
    unsure = replace(COST, late_draws=np.linspace(0.05, 0.15, REPLICATES))
    (worth,) = service_worth(TWO, totals(10, 5, 10, 5), DRAWS, unsure, priced=True)
    assert worth.between_draws.min() == pytest.approx(SPANS * 50 * 0.05)
    assert worth.inside_draws.min() == pytest.approx(SPANS * (100 * 0.05 + 4))


def test_partners_that_matter_are_those_with_something_at_stake() -> None:
    losses = (loss("status", "between", "bazaar", 10), loss("feed", "between", "bazaar", 5), loss("waste", "inside", "own", 90),
              loss("waste", "between", "polar", 20), loss("waste", "between", None, 7))  # fmt: skip

    class Told:
        key, losses = ("a",), ()

    case: Any = Told()
    case.losses = losses
    assert stakes_of([case], "own") == {("a",): [("polar", 20), ("bazaar", 15)]}


def test_how_apt_a_party_is_widens_what_it_could_save_the_same_in_all_assets() -> None:
    """Held to a standard one deviation slower, it would save a tenth less; nothing saved falls below nothing."""
    two = booked((0, LATE, 2, 1, 1, 100.0), (1, LATE, 2, 1, 1, 100.0))
    slack = replace(two, slack_amount=np.full(2, -120.0), slack_lines=np.full(2, -12.0))
    words = ["words"]
    plain, wide = (service_losses(x, [("a",), ("b",)], ["own", "swift"], words, DRAWS, COST) for x in (two, slack))
    (a,), (b,) = wide
    assert a.amount == plain[0][0].amount == pytest.approx(120.0)
    change_a, change_b = a.draws - plain[0][0].draws, b.draws - plain[1][0].draws
    assert change_a.std() == pytest.approx(12.0, rel=0.1)
    np.testing.assert_allclose(change_a, change_b)
    lost = replace(two, slack_amount=np.full(2, -1200.0), slack_lines=np.full(2, -120.0))
    ((most,), _) = service_losses(lost, [("a",), ("b",)], ["own", "swift"], words, DRAWS, COST)
    assert most.draws.min() == 0.0
    assert (most.draws == 0.0).mean() == pytest.approx(0.16, abs=0.05)
