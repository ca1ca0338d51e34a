"""Worlds made once for all tests of this folder."""

from pathlib import Path

import duckdb
import pytest

from fourwalls.worlds import Truth, make


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

    def margin(self, version: str) -> float:
        """Margin a year of the whole portfolio in a version of the world."""
        outcomes = [a.as_recorded if version == "as_recorded" else a.repaired[version] for a in self.truth.assets]
        return sum(o.margin_amount for o in outcomes)

    def missed(self, version: str) -> int:
        """Lines late, overdue or cancelled in a version of the world."""
        outcomes = [a.as_recorded if version == "as_recorded" else a.repaired[version] for a in self.truth.assets]
        return sum(o.late + o.overdue + o.cancelled for o in outcomes)


@pytest.fixture(scope="session")
def world_of(tmp_path_factory):
    """Makes a world once per (recipe, seed, lines)."""
    made: dict[tuple, Made] = {}

    def get(recipe: str, seed: int = 1, lines: int | None = 20_000) -> Made:
        key = (recipe, seed, lines)
        if key not in made:
            folder = tmp_path_factory.mktemp("worlds") / recipe
            made[key] = Made(folder, make(recipe, folder, seed=seed, lines=lines))
        return made[key]

    yield get
    for world in made.values():
        world.close()
