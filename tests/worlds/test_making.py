import hashlib
import tomllib

import pytest

from fourwalls.errors import OutputError
from fourwalls.worlds import make, read_truth
from fourwalls.worlds.recipe import RecipeError


def _digests(folder):
    return {p.relative_to(folder): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


def test_same_seed_same_bytes_and_another_seed_others(tmp_path, brief_recipe):
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        make(brief_recipe, tmp_path / name, seed=seed, lines=2_000)
    assert _digests(tmp_path / "a") == _digests(tmp_path / "b")
    assert (tmp_path / "a.truth.json").read_bytes() == (tmp_path / "b.truth.json").read_bytes()
    assert _digests(tmp_path / "a") != _digests(tmp_path / "c")


def test_truth_is_written_beside_the_folder_never_in_it(tmp_path, brief_recipe):
    truth = make(brief_recipe, tmp_path / "w", lines=2_000)
    assert not [p for p in (tmp_path / "w").rglob("*") if "truth" in p.name]
    assert read_truth(tmp_path / "w.truth.json") == truth
    with pytest.raises(OutputError, match="portfolio folder"):
        make(brief_recipe, tmp_path / "v", lines=2_000, truth_path=tmp_path / "v" / "tables" / "truth.json")


def test_nothing_the_diagnosis_reads_names_a_defect(world_of):
    for recipe in ("whole_retailer", "surprise", "govern_first", "slow_release"):
        made = world_of(recipe)
        said = (made.folder / "portfolio.toml").read_text().lower()
        head = tomllib.loads(said)
        del head["portfolio"]["name"]
        for defect in made.truth.defects:
            assert defect.kind not in str(head)
        assert set(head) <= {"portfolio", "targets", "service_levels", "assumptions", "paths"}


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="not empty"):
        make("healthy", tmp_path / "mine", lines=2_000)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="is a file"):
        make("healthy", tmp_path / "file", lines=2_000)


def test_nothing_half_written_is_left_when_making_fails(tmp_path, monkeypatch, brief_recipe):
    def fail(*_):
        raise RuntimeError("power cut")

    monkeypatch.setattr("fourwalls.worlds.making.tell", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        make(brief_recipe, tmp_path / "w", lines=2_000)
    assert list(tmp_path.iterdir()) == []


def test_a_world_made_again_replaces_the_old_one(tmp_path, brief_recipe):
    for seed in (1, 2):
        make(brief_recipe, tmp_path / "w", seed=seed, lines=1_000)
    assert read_truth(tmp_path / "w.truth.json").seed == 2


def test_too_small_a_world_is_refused(tmp_path):
    with pytest.raises(RecipeError, match="too small"):
        make("healthy", tmp_path / "w", lines=5)
