"""Ids of numbers: unique, stable, and addresses in the JSON file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.surfaces import sample

from fourwalls.diagnosis import Diagnosis
from fourwalls.figures import Estimate, Refusal
from fourwalls.numbers import Numbered, Sum, numbered, numbers, slug
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
        assert isinstance(n.value, Estimate)
        parts = [known[p].value for p in n.owner.parts]
        assert n.value.value == pytest.approx(sum(p.value for p in parts if isinstance(p, Estimate)))


def test_names_of_any_script_make_ids_without_spaces() -> None:
    assert slug("Footwear · South") == "footwear-south"
    assert slug("靴 حذاء") == "靴-حذاء"
    assert slug("", None) == "none-none"
    for name in numbers(sample.hostile()):
        assert not any(c.isspace() or c in "<>\"'&" for c in name)
