"""The guide names every recipe, kind and confounder, and its own recipe can be cooked."""

import doctest
import re
from pathlib import Path

from fourwalls.worlds import make, recipe_names
from fourwalls.worlds.defects import CONFOUNDERS, DEFECTS

GUIDE = (Path(__file__).parents[2] / "docs" / "worlds.md").read_text(encoding="utf-8")


def test_everything_is_named():
    for word in (*recipe_names(), *DEFECTS, *CONFOUNDERS):
        assert f"| `{word}` |" in GUIDE, word


def test_the_recipe_in_the_guide_works(tmp_path):
    [recipe] = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    (tmp_path / "mine.toml").write_text(recipe)
    truth = make(tmp_path / "mine.toml", tmp_path / "w", lines=2_000)
    assert truth.grain == ("category", "channel_id")
    assert not (tmp_path / "w" / "tables" / "forecasts.parquet").exists()


def test_the_walk_through_shows_what_happens(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    [told] = re.findall(r"## A world, step by step\n(.*?)\n## ", GUIDE, re.DOTALL)
    steps = doctest.DocTestParser().get_doctest(told.replace("```", ""), {}, "walk-through", None, 0)
    assert len(steps.examples) >= 10
    result = doctest.DocTestRunner(verbose=False).run(steps)
    assert result.failed == 0, "see what was printed"
