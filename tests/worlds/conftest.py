"""Worlds made once for all tests of this folder."""

from pathlib import Path

import duckdb
import pytest

from fourwalls.worlds import Truth, make
from fourwalls.worlds.living import live
from fourwalls.worlds.recipe import read_recipe
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


@pytest.fixture(scope="session")
def world_of(tmp_path_factory):
    """Makes a world once per (recipe, seed, lines)."""
    made: dict[tuple, Made] = {}

    def get(recipe: str, seed: int = 1, lines: int | None = 15_000) -> Made:
        key = (recipe, seed, lines)
        if key not in made:
            folder = tmp_path_factory.mktemp("worlds") / recipe
            made[key] = Made(folder, make(recipe, folder, seed=seed, lines=lines))
        return made[key]

    yield get
    for world in made.values():
        world.close()


@pytest.fixture(scope="session")
def truth_of():
    """The truth of a recipe, without writing its tables."""
    known: dict[str, Truth] = {}

    def get(recipe: str) -> Truth:
        if recipe not in known:
            world = found(read_recipe(recipe), 1, 15_000)
            known[recipe] = tell(world, live(world))
        return known[recipe]

    return get
