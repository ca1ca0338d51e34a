"""Contracts: what a partner's contract says, what one with holes leaves out, and whether the standard knows them."""

import json
from importlib.resources import files

import jsonschema
import pytest
import yaml

from fourwalls.worlds import contracts, make
from fourwalls.worlds.recipe import LACKS, RecipeError, recipe_from
from fourwalls.worlds.world import found


def _keys(text):
    return {line.split(":")[0] for line in text.splitlines() if line and line[0] not in " -"}


@pytest.fixture(scope="module")
def validator():
    """The standard's own JSON schema, as its publishers ship it."""
    schema = json.loads((files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    return kind(schema, format_checker=kind.FORMAT_CHECKER)


@pytest.mark.parametrize("lacks", [(), *((word,) for word in LACKS), LACKS])
def test_every_contract_is_one_of_the_standard(tmp_path, validator, lacks):
    """With each hole, all of them and none; every kind of feed and sender."""
    said = {"retailer": {"channels": ["site", "market", "wholesale", "stores"], "own_fleet": ["north"]}}
    senders = ("own", "polar-logistics", "bazaar", "swift", "terra")
    said["holes"] = [{"party_id": sender, "lacks": list(lacks)} for sender in senders if lacks]
    contracts.write(found(recipe_from("all", said), 1, 1_000), tmp_path / "contracts")
    written = [yaml.safe_load(file.read_text()) for file in (tmp_path / "contracts").iterdir()]
    assert len(written) == 11
    for contract in written:
        validator.validate(contract)
        assert contract["apiVersion"] == "v3.1.0"


def test_the_schema_would_tell_a_wrong_contract(tmp_path, validator):
    contracts.write(found(recipe_from("plain", {}), 1, 1_000), tmp_path / "contracts")
    sound = yaml.safe_load((tmp_path / "contracts" / "tracking-swift.odcs.yaml").read_text())
    for wrong in (
        {k: v for k, v in sound.items() if k != "version"},
        sound | {"slaProperties": [{"value": 2}]},
        sound | {"apiVersion": "v9"},
        sound | {"owner": "nobody"},
    ):
        assert not validator.is_valid(wrong)


def test_every_feed_of_a_partner_has_a_contract(world_of):
    made = world_of("healthy")
    known = {row[0] for row in made.ask("SELECT DISTINCT feed_id FROM feeds")}
    assert {p.name.removesuffix(".odcs.yaml") for p in (made.folder / "contracts").iterdir()} == known
    for file in (made.folder / "contracts").iterdir():
        text = file.read_text()
        assert {"apiVersion", "kind", "id", "version", "status", "team", "support", "slaProperties"} <= _keys(text)
        for line in text.splitlines():
            value = line.partition(": ")[2]
            if value:
                json.loads(value)


def test_holes_are_left_open_for_that_partner_only(world_of):
    made = world_of("govern_first")
    holed = (made.folder / "contracts" / "dispatch-hub-east.odcs.yaml").read_text()
    assert not {"team", "support", "slaProperties"} & _keys(holed)
    assert "team" in _keys((made.folder / "contracts" / "tracking-swift.odcs.yaml").read_text())


def test_orchestrating_waits_for_the_rules(world_of):
    truth = world_of("govern_first").truth
    answers = {a.best_path for a in truth.assets}
    assert answers == {"govern first", "leave it"}
    assert truth.holes == ("polar-logistics",)


def test_a_hole_in_a_contract_that_does_not_exist(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('[[holes]]\nparty_id = "nobody"\nlacks = ["owner"]\n')
    with pytest.raises(RecipeError, match="has no contract"):
        make(file, tmp_path / "w", lines=1_000)
    assert not (tmp_path / "w").exists()
