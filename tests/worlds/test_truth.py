"""Laws of the truth: what repairs may and may not change."""

import json
from datetime import date

import pytest

from fourwalls.errors import FourwallsError
from fourwalls.worlds import read_truth, recipe_names
from fourwalls.worlds.living import live
from fourwalls.worlds.recipe import read_recipe, recipe_from
from fourwalls.worlds.truth import tell
from fourwalls.worlds.world import found

EXPECTED = {
    "own_picking_slow": ("fulfilment", "inside", "own"),
    "late_carrier": ("carriage", "between", "terra"),
    "slow_3pl": ("fulfilment", "between", "polar-logistics"),
    "slow_release": ("release", "inside", "own"),
    "promise_too_tight": ("promise", "inside", "own"),
    "low_forecast": ("forecast", "inside", "own"),
    "slow_approval": ("decision", "inside", "own"),
    "slow_agent": ("decision", "between", "brightside"),
    "late_supplier": ("supply", "between", "nordica"),
    "short_shipments": ("supply", "between", "atlas-mills"),
    "slow_dock": ("receiving", "inside", "own"),
    "poor_records": ("record", "inside", "own"),
    "skewed_allocation": ("allocation", "inside", "own"),
    "stale_listings": ("listing", "between", "bazaar"),
    "weak_content": ("content", "inside", "own"),
    "dear_price": ("price", "inside", "own"),
    "manual_status_work": ("status", "between", "bazaar"),
    "late_feeds": ("feed", "between", "bazaar"),
    "avoidable_waste": ("waste", "inside", "own"),
    "chargebacks": ("waste", "between", "bazaar"),
    "unused_partner": ("overflow", "between", "polar-logistics"),
}


@pytest.mark.parametrize("recipe", recipe_names())
def test_repaired_worlds_do_no_worse_beyond_noise(truth_of, recipe):
    truth = truth_of(recipe)
    revenue = sum(a.as_recorded.revenue_amount for a in truth.assets)
    for version in truth.assets[0].repaired:
        assert sum(a.margin_change(version) for a in truth.assets) >= -0.002 * revenue


@pytest.mark.parametrize(("recipe", "first"), EXPECTED.items())
def test_one_defect_is_the_first_bottleneck_where_it_bites(truth_of, recipe, first):
    truth = truth_of(recipe)
    hit = [a for a in truth.assets if a.margin_change("both") > 0.004 * a.as_recorded.revenue_amount]
    assert hit
    for a in hit:
        assert (a.first_bottleneck.stage, a.first_bottleneck.wall, a.first_bottleneck.party_id) == first
        other = "between" if first[1] == "inside" else "inside"
        assert a.margin_change(other) == 0
        assert a.margin_change(first[1]) == a.margin_change("both")


def test_repairing_what_is_not_broken_changes_nothing(truth_of):
    for recipe in ("healthy", "strike", "demand_collapse", "price_war", "big_promotion"):
        for a in truth_of(recipe).assets:
            assert all(counts == a.as_recorded for counts in a.repaired.values())


def test_a_world_with_all_defects_repaired_is_the_sound_world(truth_of):
    sound, cured = truth_of("healthy"), truth_of("inside_and_between")
    for a, b in zip(sound.assets, cured.assets, strict=True):
        assert a.as_recorded == b.repaired["both"]


@pytest.mark.parametrize("recipe", ["whole_retailer", "demo"])
def test_paths_are_worth_their_margin_after_costs(truth_of, recipe):
    for a in truth_of(recipe).assets:
        value = a.path_value_amount
        best = max(value.values())
        if a.best_path == "leave it":
            assert best <= 0
        elif a.best_path != "govern first":
            assert value[a.best_path] == best > 0
        assert value["operate"] <= 3 * max(a.margin_change("inside"), 0.0)


SPRING = {"start": date(2025, 3, 1), "end": date(2025, 6, 1)}


def test_a_severity_of_zero_is_no_defect():
    said = {
        "retailer": SPRING,
        "defects": [{"kind": "slow_picking", "severity": 0.0}, {"kind": "tight_promise", "severity": 0}],
    }
    sums = live(found(recipe_from("none", said), 1, 2_000))
    assert all((s["late"] == sums["as_recorded"]["late"]).all() for s in sums.values())


def test_more_severity_loses_more_lines():
    missed = []
    for severity in (0.2, 0.5, 0.9):
        said = {"retailer": SPRING, "defects": [{"kind": "late_carrier", "severity": severity}]}
        missed.append(int(live(found(recipe_from("worse", said), 1, 3_000))["as_recorded"]["late"].sum()))
    assert missed == sorted(missed)
    assert missed[2] > 2 * missed[0]


def test_a_defect_outside_its_window_does_nothing():
    late = {"kind": "late_carrier", "severity": 1.0, "since": date(2027, 1, 1)}
    said = {"retailer": SPRING, "defects": [late]}
    sums = live(found(recipe_from("later", said), 1, 2_000))
    assert (sums["as_recorded"]["late"] == sums["both"]["late"]).all()


def test_a_stage_is_inside_or_between_by_who_does_it():
    said = {
        "retailer": {**SPRING, "own_fleet": ["north"]},
        "defects": [{"kind": "late_carrier", "severity": 0.8, "destination": "north"}],
    }
    sums = live(found(recipe_from("vans", said), 1, 4_000))
    saved = {name: int(sums["as_recorded"]["late"].sum() - s["late"].sum()) for name, s in sums.items()}
    assert saved["inside"] > saved["between"] > 0
    assert saved["carriage by own"] == saved["inside"]


def test_demo_has_mixed_answers():
    recipe = read_recipe("demo")
    world = found(recipe, 1, recipe.lines)
    truth = tell(world, live(world))
    answers = [a.best_path for a in truth.assets]
    assert {"operate", "orchestrate", "leave it"} <= set(answers)
    assert len(answers) == 8


def test_a_file_that_is_no_truth(tmp_path):
    file = tmp_path / "x.json"
    for text in ("{}", "not json", json.dumps({"format": 99})):
        file.write_text(text)
        with pytest.raises(FourwallsError):
            read_truth(file)
