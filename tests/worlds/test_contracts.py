"""Contracts: what a partner's contract says, and what one with holes leaves out."""

import json

import pytest

from fourwalls.worlds import make
from fourwalls.worlds.recipe import RecipeError


def _keys(text):
    return {line.split(":")[0] for line in text.splitlines() if line and line[0] not in " -"}


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
