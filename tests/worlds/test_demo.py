"""The demo, as a newcomer sees it: what was planted is what the page says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fourwalls import study
from fourwalls.diagnosis import Diagnosis
from fourwalls.worlds import make


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Diagnosis, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("demo")
    make("demo", folder / "retailer", seed=1, lines=60_000, truth_path=folder / "truth.json")
    with study.open(folder / "retailer") as opened:
        return opened.diagnose(), json.loads((folder / "truth.json").read_text("utf-8"))


def test_most_assets_are_told_the_path_that_is_truly_best(demo: tuple[Diagnosis, dict[str, Any]]) -> None:
    found, truth = demo
    best = {tuple(a["asset"].values()): a["best_path"] for a in truth["assets"]}
    right = [best[tuple(a.asset.values())] == a.verdict for a in found.assets]
    assert sum(right) >= len(right) - 2


def test_the_planted_stages_are_the_ones_that_are_named(demo: tuple[Diagnosis, dict[str, Any]]) -> None:
    found, _ = demo
    assert found.total.first_bottleneck is not None
    assert (found.total.first_bottleneck.stage, found.total.first_bottleneck.party_id) == ("fulfilment", "own")
    by_doer: dict[tuple[str, str | None], float] = {}
    for loss in (x for a in found.assets for x in a.losses):
        by_doer[loss.stage, loss.party_id] = by_doer.get((loss.stage, loss.party_id), 0.0) + loss.amount.value
    first = sorted(by_doer, key=lambda doer: -by_doer[doer])[:3]
    assert set(first) == {("fulfilment", "own"), ("carriage", "terra"), ("fulfilment", "polar-logistics")}
