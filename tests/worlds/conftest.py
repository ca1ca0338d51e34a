"""Worlds made once for all tests of this folder."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from fourwalls.worlds import Truth, make
from fourwalls.worlds.living import live
from fourwalls.worlds.recipe import Recipe, read_recipe
from fourwalls.worlds.truth import tell
from fourwalls.worlds.world import found


class Made:
    """A world on disk: its folder, its truth, and a way to ask its tables."""

    def __init__(self, folder: Path, truth: Truth) -> None:
        self.folder, self.truth = folder, truth
        self.tables = folder / "tables"
        self._connection: duckdb.DuckDBPyConnection | None = None

    def ask(self, sql: str) -> list[tuple]:
        """Rows of a query over the tables by name."""
        if self._connection is None:
            self._connection = duckdb.connect()
            self._connection.execute("SET TimeZone = 'UTC'; SET threads = 2")
            for file in sorted(self.tables.glob("*.parquet")):
                self._connection.execute(f"CREATE VIEW {file.stem} AS SELECT * FROM read_parquet('{file}')")
        return self._connection.execute(sql).fetchall()

    def close(self) -> None:
        """Give the tables back."""
        if self._connection is not None:
            self._connection.close()


LINES = 8_000
SUMMER = date(2025, 7, 1)


def _half_year(name: str) -> Recipe:
    """The half of a recipe's year in which something happens: enough for what holds in every world."""
    recipe = read_recipe(name)
    is_second = any(h.since and h.since >= SUMMER for h in recipe.confounders)
    return replace(recipe, lines=LINES, **({"start": SUMMER} if is_second else {"end": SUMMER}))


@pytest.fixture(scope="session")
def _made():
    """Worlds made so far, by (recipe, seed, lines)."""
    made: dict[tuple, Made] = {}
    yield made
    for world in made.values():
        world.close()


@pytest.fixture(scope="session")
def world_of(tmp_path_factory, _made):
    """Makes a world once per (recipe, seed, lines): half a year, or the whole one if a number of lines is given."""

    def get(recipe: str, seed: int = 1, lines: int | None = None) -> Made:
        key = (recipe, seed, lines)
        if key not in _made:
            folder = tmp_path_factory.mktemp("worlds") / recipe
            with pytest.MonkeyPatch.context() as patch:
                if lines is None:
                    patch.setattr("fourwalls.worlds.making.read_recipe", _half_year)
                _made[key] = Made(folder, make(recipe, folder, seed=seed, lines=lines))
        return _made[key]

    return get


@pytest.fixture(scope="session")
def truth_of(_made):
    """The truth of a recipe, without writing its tables; that of a world made before, if there is one."""
    known: dict[str, Truth] = {}

    def get(recipe: str) -> Truth:
        if (recipe, 1, None) in _made:
            return _made[recipe, 1, None].truth
        if recipe not in known:
            world = found(_half_year(recipe), 1, LINES)
            known[recipe] = tell(world, live(world))
        return known[recipe]

    return get


@pytest.fixture
def brief_recipe(tmp_path_factory):
    """A recipe of a month that draws its defects, for tests that do not care what happens in a world."""
    file = tmp_path_factory.mktemp("recipe") / "brief.toml"
    file.write_text(
        "surprise = [2, 4]\n[retailer]\nstart = 2025-01-01\nend = 2025-02-01\ndirty_share = 0.02\n"
        'channels = ["site", "market", "wholesale", "stores"]\nown_fleet = ["north"]\n'
        '[[confounders]]\nkind = "promotion"\n[[holes]]\nparty_id = "swift"\n'
    )
    return file
