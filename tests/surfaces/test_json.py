from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fourwalls.diagnosis import (
    AssetDiagnosis,
    Assumed,
    Availability,
    Bottleneck,
    Capability,
    Contribution,
    ControlTold,
    Diagnosis,
    Gap,
    GovernanceTold,
    Guardrail,
    Health,
    Judged,
    LostUnits,
    OutageTold,
    PathWorth,
    PilotNext,
    Plan,
    Role,
    RuleHole,
    SetAside,
    SignalReading,
    StageClock,
    StageShare,
    StageUnits,
    StockHeld,
    Suspicion,
    TableHealth,
    Task,
    Threshold,
    Told,
    WorthKnowing,
)
from fourwalls.figures import Estimate, Reading, Refusal
from fourwalls.surfaces.page import json as page_json

from . import sample

Change = Callable[[dict[str, Any]], object]


VALIDATOR = Draft202012Validator(page_json.schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(page_json.schema())


@pytest.mark.parametrize(
    "make",
    [
        sample.usual,
        sample.stocked,
        sample.priced,
        sample.shelves_only,
        sample.too_high,
        sample.empty,
        sample.refused,
        sample.no_gap,
        sample.partly_judged,
        sample.hostile,
        sample.worst,
    ],
)
def test_every_diagnosis_keeps_to_the_schema(make: Callable[[], Diagnosis]) -> None:
    VALIDATOR.validate(json.loads(page_json.dumps(make())))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(extra=1),
        lambda d: d["period"].update(extra=1),
        lambda d: d["rows"].update(extra=1),
        lambda d: d["health"].update(extra=1),
        lambda d: d["health"]["tables"][0].update(extra=1),
        lambda d: d["health"]["tables"][0]["set_aside"][0].update(extra=1),
        lambda d: d["health"]["coverage"][0].update(extra=1),
        lambda d: d["health"]["suspicions"][0].update(extra=1),
        lambda d: d["assets"][0].update(extra=1),
        lambda d: d["assets"][0]["gap"].update(extra=1),
        lambda d: d["assets"][0]["gap"]["total"].update(extra=1),
        lambda d: d["assets"][0]["gap"]["stages"][0].update(extra=1),
        lambda d: d["assets"][0]["gap"].pop("stages"),
        lambda d: d["assets"][0]["gap"].update(unjudged=[1]),
        lambda d: d["assets"][0].pop("next_step"),
        lambda d: d["assets"][0]["readings"][0].update(extra=1),
        lambda d: d["assets"][0]["contributions"][0].update(extra=1),
        lambda d: d["assets"][0]["clocks"][0].update(extra=1),
        lambda d: d["assets"][0]["refusals"][0].update(extra=1),
        lambda d: d["assets"][-1]["gap"].update(value=0),
        lambda d: d["assets"][0]["gap"].update(total=0),
        lambda d: d["assets"][0]["gap"].update(total=None),
        lambda d: d["assets"][0]["gap"].update(inside_chance=1.2),
        lambda d: d["assets"][0]["gap"]["total"].update(value="7.9 %"),
        lambda d: d["assets"][0]["gap"]["total"].pop("low"),
        lambda d: d["assets"][0]["contributions"][0].update(wall="outside"),
        lambda d: d["assets"][0]["contributions"][0].update(outcome="lost"),
        lambda d: d["assets"][0].update(verdict="Operate"),
        lambda d: d["assets"][0].update(n_lines=1.5),
        lambda d: d["assets"][0].update(n_lines=-1),
        lambda d: d["assets"][0]["asset"].update(brand=3),
        lambda d: d["assets"][0].pop("availability"),
        lambda d: d["assets"][0].update(availability=None),
        lambda d: d["assets"][0]["availability"].update(extra=1),
        lambda d: d["assets"][0]["availability"].update(lost=0),
        lambda d: d["assets"][0]["availability"].update(wanted_units=-1),
        lambda d: d["assets"][0]["availability"].update(inside_chance=1.2),
        lambda d: d["assets"][0]["availability"].update(unjudged="listing"),
        lambda d: d["assets"][0]["availability"]["stages"][0].update(wall="outside"),
        lambda d: d["assets"][0]["availability"]["contributions"][0].update(outcome="late"),
        lambda d: d["assets"][0]["availability"]["contributions"][0].pop("standard"),
        lambda d: d["assets"][0]["availability"]["stock"].pop("gmroi"),
        lambda d: d["assets"][0]["availability"]["stock"].update(excess=None),
        lambda d: d["assets"][-1]["availability"].update(extra=1),
        lambda d: d.update(currency="euro"),
        lambda d: d.update(level=90),
        lambda d: d.pop("own_party"),
        lambda d: d.update(rows=0),
        lambda d: d["period"].update(start=20240701),
    ],
)
def test_the_schema_rejects(change: Change) -> None:
    assets = (sample.stocked().assets[0], sample.usual().assets[-1])
    document = json.loads(page_json.dumps(replace(sample.usual(), assets=assets)))
    assert VALIDATOR.is_valid(document)
    change(document)
    assert not VALIDATOR.is_valid(document)


def objects(node: object) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if node.get("type") == "object":
            yield node
        for child in node.values():
            yield from objects(child)
    elif isinstance(node, list):
        for child in node:
            yield from objects(child)


def test_every_object_of_the_schema_is_closed_and_whole() -> None:
    for node in objects(page_json.schema()):
        if "properties" in node:
            assert node["additionalProperties"] is False
            assert node["required"] == list(node["properties"])


@pytest.mark.parametrize(
    ("kind", "definition"),
    [
        (AssetDiagnosis, "asset"),
        (Availability, "availability"),
        (LostUnits, "lost_units"),
        (StageUnits, "stage_units"),
        (StockHeld, "stock"),
        (Contribution, "contribution"),
        (Gap, "gap"),
        (Health, "health"),
        (StageClock, "clock"),
        (StageShare, "stage_share"),
        (Suspicion, "suspicion"),
        (TableHealth, "table"),
        (Estimate, "estimate"),
        (Reading, "reading"),
        (Refusal, "refusal"),
        (Bottleneck, "bottleneck"),
        (PathWorth, "path"),
        (Told, "told"),
        (SignalReading, "signal"),
        (Threshold, "threshold"),
        (Judged, "judged"),
        (Capability, "capability"),
        (GovernanceTold, "governance"),
        (RuleHole, "rule_hole"),
        (ControlTold, "control"),
        (OutageTold, "outage"),
        (Assumed, "assumed"),
        (Task, "task"),
        (Plan, "plan"),
        (PilotNext, "pilot"),
        (Role, "role"),
        (Guardrail, "guardrail"),
        (WorthKnowing, "worth_knowing"),
    ],
)
def test_the_schema_knows_every_field_of_the_result(kind: type, definition: str) -> None:
    known = page_json.schema()["$defs"][definition]["properties"]
    assert set(known) == {f.name for f in fields(kind)}


def test_the_schema_knows_every_field_at_the_top() -> None:
    schema = page_json.schema()
    assert set(schema["properties"]) == {f.name for f in fields(Diagnosis)} | {"rows", "at_best"}
    aside = schema["$defs"]["table"]["properties"]["set_aside"]["items"]["properties"]
    assert set(aside) == {f.name for f in fields(SetAside)}


def test_numbers_are_not_rounded() -> None:
    diagnosis = sample.usual()
    share = diagnosis.assets[0].contributions[0].share
    assert isinstance(share, Estimate)
    read = json.loads(page_json.dumps(diagnosis))["assets"][0]["contributions"][0]
    assert read["share"] == {
        "value": share.value,
        "low": share.low,
        "high": share.high,
        "unit": "share",
        "level": 0.9,
    }
    assert read["lines"] == diagnosis.assets[0].contributions[0].lines


def test_the_gap_is_told_by_stage_and_wall_in_the_order_of_the_chain() -> None:
    gap = json.loads(page_json.dumps(sample.usual()))["assets"][1]["gap"]
    assert [(s["stage"], s["wall"], s["lines"]) for s in gap["stages"]] == [
        ("fulfilment", "inside", 930.4),
        ("carriage", "between", 640.1),
        ("promise", "between", 33.0),
    ]
    assert sum(s["share"]["value"] for s in gap["stages"]) == pytest.approx(gap["total"]["value"])


def test_what_to_do_first_and_what_was_not_judged_are_told() -> None:
    told = page_json.to_dict(sample.partly_judged())
    for asset in (told["total"], *told["assets"]):
        assert asset["next_step"] == "Start with the carriage of Rapid Parcel."
        assert asset["gap"]["unjudged"] == ["release", "promise"]


def test_a_refusal_stands_in_place_of_a_figure() -> None:
    told = {
        "refusal": {
            "code": "no_promise",
            "about": "on-time share",
            "because": "No order line of this asset carries a promised date.",
            "next_step": "Add promised_at to order_lines.",
        }
    }
    asset = page_json.to_dict(sample.refused())["assets"][0]
    assert asset["gap"] == told
    assert asset["readings"][0]["figure"] == told
    assert asset["refusals"] == [told["refusal"]]


def test_what_empty_shelves_cost_is_told_whole() -> None:
    told = page_json.to_dict(sample.stocked())
    known = told["assets"][0]["availability"]
    for parts in ("stages", "contributions"):
        assert sum(x["units"] for x in known[parts]) == pytest.approx(known["total"]["value"] * known["wanted_units"])
    assert known["contributions"][0]["amount"]["unit"] == "EUR"
    assert known["stock"]["excess"]["refusal"]["code"] == "no_stock_figure"
    forecast = next(a for a in told["assets"] if a["verdict"] == "leave it")["availability"]["stages"][0]
    assert (forecast["stage"], forecast["units"]) == ("forecast", -320)
    assert told["assets"][2]["availability"]["refusal"]["code"] == "no_stock"


def test_rows_are_those_of_the_order_lines() -> None:
    assert page_json.to_dict(sample.usual())["rows"] == {"in": 152_340, "used": 149_116, "aside": 3_224}
    assert page_json.to_dict(sample.empty())["rows"] is None


def test_names_come_back_as_they_were() -> None:
    text = page_json.dumps(sample.hostile())
    brands = [a["asset"]["brand"] for a in json.loads(text.encode())["assets"]]
    assert brands == list(sample.HOSTILE_NAMES)
    assert "Ünïcödé 靴" in text


def test_the_same_result_is_the_same_text() -> None:
    assert page_json.dumps(sample.usual()) == page_json.dumps(sample.usual())


def test_a_number_that_is_none_is_no_json() -> None:
    diagnosis = sample.usual()
    broken = replace(diagnosis.total.contributions[0], lines=float("nan"))
    with pytest.raises(ValueError, match="JSON compliant"):
        page_json.dumps(replace(diagnosis, total=replace(diagnosis.total, contributions=(broken,))))
