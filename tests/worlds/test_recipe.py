from datetime import date

import pytest

from fourwalls.worlds import make
from fourwalls.worlds.recipe import RecipeError, read_recipe, recipe_from, recipe_names


def test_every_recipe_of_the_package_reads_and_says_what_it_shows():
    assert {"healthy", "demo", "surprise", "strike"} <= set(recipe_names())
    for name in recipe_names():
        assert len(read_recipe(name).about) > 20


@pytest.mark.parametrize(
    ("said", "because"),
    [
        ({"retailr": {}}, "unknown entry 'retailr'. Did you mean 'retailer'"),
        ({"retailer": {"line": 5}}, "unknown entry 'line'"),
        ({"retailer": {"lines": "many"}}, "lines: found 'many'"),
        ({"retailer": {"lines": True}}, "lines: found True"),
        ({"retailer": {"start": "2025-01-01"}}, "start: found '2025-01-01'"),
        ({"retailer": {"start": date(2025, 1, 1), "end": date(2025, 1, 9)}}, "shorter than 28 days"),
        ({"retailer": {"asset": ["catgory"]}}, "found 'catgory'. Did you mean 'category'"),
        ({"retailer": {"asset": "category"}}, "Write a list of words"),
        ({"retailer": {"categories": []}}, "empty, or a word twice"),
        ({"retailer": {"own_fleet": ["moon"]}}, "found 'moon'"),
        ({"surprise": 3}, "surprise: found 3"),
        ({"defects": [{"kind": "slow_pickin"}]}, "Did you mean 'slow_picking'"),
        ({"defects": [{"kind": "slow_picking", "severity": 2}]}, "severity: found 2"),
        ({"defects": [{"kind": "slow_picking", "carrier_id": "swift"}]}, "unknown entry 'carrier_id'"),
        ({"defects": [{"kind": "strike"}]}, "found kind 'strike'"),
    ],
)
def test_a_wrong_entry_is_named(said, because):
    with pytest.raises(RecipeError) as caught:
        recipe_from("mine", said)
    assert because in f"{caught.value.what} {caught.value.remedy}"


def test_a_recipe_file_of_ones_own(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        'about = "mine"\n[retailer]\nend = 2025-02-01\n[[defects]]\nkind = "late_carrier"\ncarrier_id = "swift"\n'
    )
    truth = make(file, tmp_path / "w", lines=1_000)
    assert truth.recipe == "mine"
    assert truth.defects[0].doers == (("swift", "between"),)


@pytest.mark.parametrize(
    ("text", "because"),
    [("about = ", "not TOML"), ("\udcff", "cannot be read"), (None, "no recipe")],
)
def test_a_file_that_is_no_recipe(tmp_path, text, because):
    file = tmp_path / "mine.toml"
    if text is not None:
        file.write_text(text, errors="surrogateescape")
    with pytest.raises(RecipeError, match=because):
        read_recipe(file)


def test_a_place_the_retailer_does_not_have(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('[[defects]]\nkind = "late_carrier"\ncarrier_id = "zeppelin"\n')
    with pytest.raises(RecipeError, match="no carrier_id 'zeppelin'"):
        make(file, tmp_path / "w", lines=1_000)
    assert not (tmp_path / "w").exists()
