"""Make a world: live it through, write its records where a diagnosis looks, and its truth where none does."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pyarrow as pa

from fourwalls.errors import OutputError
from fourwalls.worlds import contracts, order_tables, partner_tables, stock_tables, work_tables
from fourwalls.worlds.living import Block, live
from fourwalls.worlds.parquet import TableFile, write_table
from fourwalls.worlds.portfolio_file import portfolio_toml
from fourwalls.worlds.recipe import RecipeError, read_recipe
from fourwalls.worlds.sums import Sums
from fourwalls.worlds.truth import Truth, tell
from fourwalls.worlds.world import World, found


def make(
    recipe: str | Path, out: Path, *, seed: int = 1, lines: int | None = None, truth_path: Path | None = None
) -> Truth:
    """Make a world and write it as a portfolio folder, with its truth outside of it.

    Args:
        recipe: Name of a recipe of the package, or a TOML file.
        out: Folder to write; must not exist, or be an empty folder, or a world made before.
        seed: The world's luck; the same seed gives the same bytes.
        lines: Order lines to expect in the period; the recipe's own figure if None.
        truth_path: Where the truth goes; `<out>.truth.json` beside the folder if None.

    Returns:
        The truth.

    Raises:
        RecipeError: If the recipe cannot be used.
        OutputError: If `out` holds something else, or the truth would land where a diagnosis reads.
    """
    said = read_recipe(recipe)
    wanted = said.lines if lines is None else lines
    if wanted < 100:
        raise RecipeError(f"A world of {wanted} order lines is too small to say anything.", "Ask for 100 or more.")
    folder = out.absolute()
    beside = (truth_path or folder.with_name(f"{folder.name}.truth.json")).absolute()
    if folder == beside or folder in beside.parents:
        raise OutputError(
            f"The truth would be written to '{beside.name}' in the portfolio folder.", "Put it elsewhere."
        )
    _check_free(folder)
    world = found(said, seed, wanted)
    contracts.holes(world)  # a hole that cannot be is refused before the world is lived through
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as kitchen:
        made = Path(kitchen) / folder.name
        (made / "tables").mkdir(parents=True)
        told = tell(world, _write_records(world, made / "tables"))
        for name in said.leaves_out:
            (made / "tables" / f"{name}.parquet").unlink(missing_ok=True)
        contracts.write(world, made / "contracts")
        revenue = sum(a.as_recorded.revenue_amount for a in told.assets) / max(1, len(told.assets))
        (made / "portfolio.toml").write_text(portfolio_toml(world, revenue), encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        made.rename(folder)
    beside.parent.mkdir(parents=True, exist_ok=True)
    told.write(beside)
    return told


def _write_records(world: World, folder: Path) -> dict[str, Sums]:
    """Live the world and write its tables as it goes."""
    streamed = ("order_lines", "stock_days", "supply_orders", "forecasts", "listings", "work_log", "leakage")
    labour = work_tables.LabourBook(world)
    cases = 0
    with ExitStack() as stack:
        files = {name: stack.enter_context(TableFile(folder, name)) for name in streamed}

        def record(block: Block) -> None:
            nonlocal cases
            labour.add(block)
            log, cases = work_tables.work_log(world, block, cases)
            tables: dict[str, dict[str, pa.Array]] = {
                "order_lines": order_tables.damaged(world, block.first, order_tables.order_lines(world, block.lines)),
                "stock_days": stock_tables.stock_days(world, block),
                "supply_orders": stock_tables.supply_orders(world, block),
                "forecasts": stock_tables.forecasts(world, block),
                "listings": stock_tables.listings(world, block),
                "work_log": log,
                "leakage": work_tables.leakage(world, block),
            }
            for name, table in tables.items():
                if table:
                    files[name].add(table)

        totals = live(world, record)
    order_tables.write_things(world, folder)
    write_table(folder, "labour", labour.table())
    write_table(folder, "feeds", partner_tables.feeds(world))
    write_table(folder, "offers", partner_tables.offers(world))
    return totals


def _check_free(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"'{folder.name}' is a file.", "Name a folder.")
    if any(folder.iterdir()) and not (folder / "portfolio.toml").is_file():
        raise OutputError(f"'{folder.name}' is not empty and no portfolio.", "Name a new folder.")
