"""Ids of numbers: unique, stable, and addresses in the JSON file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest
from tests.surfaces import sample

from fourwalls.diagnosis import AssetDiagnosis, Diagnosis, VerdictName
from fourwalls.explaining import explained
from fourwalls.figures import Estimate, Refusal
from fourwalls.numbers import PAID_ONCE, Numbered, Sum, each_at_best, numbered, numbers, slug, sum_at_best
from fourwalls.surfaces.page import json as page_json


@pytest.mark.parametrize("make", [sample.usual, sample.priced, sample.shelves_only, sample.refused, sample.hostile])
def test_an_id_leads_to_its_number_in_the_json_file(make: Callable[[], Diagnosis]) -> None:
    document = json.loads(page_json.dumps(make()))
    for number in numbers(make()).values():
        if isinstance(number.owner, Sum):
            continue
        part = document
        for step in number.pointer.strip("/").split("/"):
            part = part[int(step)] if isinstance(part, list) else part[step]
        if isinstance(number.value, Estimate):
            assert part["value"] == number.value.value
        elif isinstance(number.value, Refusal):
            assert part["refusal"]["code"] == number.value.code
        else:
            assert part == number.value


def test_figures_know_their_ids_and_stay_the_same_figures() -> None:
    plain = sample.priced()
    told = numbered(plain)
    for name, number in numbers(told).items():
        if isinstance(number.value, Estimate) and not isinstance(number.owner, Sum):
            assert isinstance(number.value, Numbered)
            assert number.value.id == name
    assert list(numbers(told)) == list(numbers(plain))


def test_an_id_stays_when_the_order_changes() -> None:
    made = sample.priced()
    turned = replace(made, assets=tuple(reversed(made.assets)))
    here, there = numbers(made), numbers(turned)
    assert here.keys() == there.keys()
    assert all(here[name].value == there[name].value for name in here if not isinstance(here[name].owner, Sum))


def test_sums_are_those_of_their_parts() -> None:
    known = numbers(sample.priced())
    sums = {name: n for name, n in known.items() if isinstance(n.owner, Sum)}
    assert {"portfolio.lost", "portfolio.lost.inside", "portfolio.best"} <= sums.keys()
    for n in sums.values():
        assert isinstance(n.owner, Sum)
        value = n.value.value if isinstance(n.value, Estimate) else n.value
        parts = [amount(known[p].value) for p in n.owner.parts]
        less = [amount(known[p].value) for p in n.owner.less]
        if n.owner.weights:
            weights = [amount(known[p].value) for p in n.owner.weights]
            assert value == pytest.approx(sum(p * w for p, w in zip(parts, weights, strict=True)) / sum(weights))
        else:
            assert value == pytest.approx(sum(parts) - sum(less))


def amount(value: Estimate | Refusal | float) -> float:
    return value.value if isinstance(value, Estimate) else 0.0 if isinstance(value, Refusal) else value


def worth(name: str, values: dict[str, float], shared: float = 0.0) -> AssetDiagnosis:
    """An asset, or the whole, whose paths have these values, and whose verdict is the best; each costs 10 to begin."""
    best = max(values, key=lambda path: values[path], default="")
    verdict = cast("VerdictName", best) if values.get(best, 0.0) > 0 else "leave it"
    asset = replace(sample.priced().assets[0], name=name, verdict=verdict)
    paths = []
    for p in asset.paths:
        value = values.get(p.path, -1.0)
        links = (*p.links, (PAID_ONCE, -shared)) if shared else p.links
        paths.append(
            replace(
                p,
                value=Estimate(value, value - 5, value + 5, "EUR", 0.8),
                one_off=10.0,
                chance=0.5,
                links=links,
                is_default=False,
            )
        )
    return replace(asset, paths=tuple(paths))


def test_each_asset_at_its_best_by_hand() -> None:
    assets = (worth("a", {"operate": 100.0}), worth("b", {"orchestrate": 60.0, "operate": 20.0}), worth("c", {}))
    whole = replace(sample.priced(), assets=assets, total=worth("whole", {"operate": 90.0}, shared=12.0))
    assert [(a.name, p.path) for a, p in each_at_best(whole)] == [("a", "operate"), ("b", "orchestrate")]
    found = sum_at_best(whole)
    assert found is not None
    # 100 and 60 with 5 to either side each, less the 12 that both paths together pay once.
    assert (found.value, found.low, found.high) == (148.0, 138.0, 158.0)
    known = numbers(whole)
    assert known["portfolio.best"].value == found
    assert known["portfolio.best.one_off"].value == pytest.approx(10 + 10 + 12)
    assert known["portfolio.best.chance"].value == pytest.approx(0.5)
    steps = explained(known["portfolio.best.one_off"], known).steps
    assert steps[-1].value == pytest.approx(32.0)
    # What a path would bring on average is not counted where the verdict does not act on it.
    for verdict in ("leave it", "cannot tell yet", "govern first"):
        unlikely = replace(worth("d", {"operate": 500.0}), verdict=cast("VerdictName", verdict))
        assert sum_at_best(replace(whole, assets=(*assets, unlikely))) == found
    # By what the verdict names, and not by what would bring more: in a near tie the simpler path goes first.
    tie = replace(worth("e", {"operate": 30.0, "operate then orchestrate": 31.0}), verdict="operate")
    assert amount(sum_at_best(replace(whole, assets=(*assets, tie))) or 1.0) == 178.0
    nobody = replace(whole, assets=(assets[2],))
    assert amount(sum_at_best(nobody) or 1.0) == 0.0


def test_names_of_any_script_make_ids_without_spaces() -> None:
    assert slug("Footwear · South") == "footwear-south"
    assert slug("靴 حذاء") == "靴-حذاء"
    assert slug("", None) == "none-none"
    for name in numbers(sample.hostile()):
        assert not any(c.isspace() or c in "<>\"'&" for c in name)
