"""What the records say, each question asked of the engine once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fourwalls import assembly, readings, resampling
from fourwalls.chain.accounts import PartyBook
from fourwalls.engines.duckdb import DuckDBEngine, Opened
from fourwalls.errors import PortfolioError
from fourwalls.evidence.gathering import Gathered, gather
from fourwalls.evidence.ground import Ground
from fourwalls.governance.contracts import Contract, read_contracts
from fourwalls.governance.rules import Governance, govern
from fourwalls.measures import lateness_cost, service
from fourwalls.portfolio import Portfolio, read_portfolio
from fourwalls.reception import Reception
from fourwalls.signals.material import Material
from fourwalls.stocktaking import Stocktaking
from fourwalls.tables.sources import sources

Progress = Callable[[str], None]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Records:
    """The records of a portfolio folder: read, counted and replayed when first asked for, and kept.

    Args:
        folder: The folder with portfolio.toml and tables/.
        data: What `{data}` in the SQL files stands for.
        seed: Of the bootstrap draws.
        progress: Called with a line of text whenever a longer step begins.
    """

    def __init__(self, folder: Path, data: Path | None, seed: int, progress: Progress) -> None:
        self.portfolio: Portfolio = read_portfolio(folder)
        self._text = (folder / "portfolio.toml").read_text(encoding="utf-8-sig")
        self._material: tuple[Material, ...] = ()
        if data is not None and not data.is_dir():
            raise PortfolioError(f"There is no data folder '{data.name}'.", "Correct --data.")
        # With people's answers alone there is still something to say.
        is_asked = (folder / "answers.csv").is_file() and not (folder / "tables").exists()
        self._sources = () if is_asked else sources(folder)
        self._seed, self._progress = seed, progress
        self._engine = DuckDBEngine(() if is_asked else (folder / "tables",), data, self.portfolio.source_url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Gives back memory and temporary files."""
        self._engine.close()

    @cached_property
    def _opened(self) -> dict[str, Opened]:
        opened = {}
        for source in self._sources:
            self._progress(f"reading {source.spec.name}")
            opened[source.spec.name] = self._engine.open(source, self.portfolio.time_zone)
        return opened

    @cached_property
    def _intake(self) -> Reception:
        return Reception(self._engine, self._opened, self.portfolio, self._progress)

    @cached_property
    def _book(self) -> PartyBook:
        parties = self._intake.rows.get("parties")
        names = {}
        if parties is not None:
            table = self._engine.run(parties.select("party_id", "name"))
            ids, called = table["party_id"].to_pylist(), table["name"].to_pylist()
            names = {i: (n or i) for i, n in zip(ids, called, strict=True)}
        return PartyBook(self.portfolio.own_party_id, names)

    @property
    def _lines(self) -> ir.Table:
        return self._intake.lines

    @cached_property
    def _stock(self) -> Stocktaking:
        return Stocktaking(self._engine, self._intake, self.portfolio, self._book, self._seed, self._progress)

    @cached_property
    def _ground(self) -> Ground:
        axes, panel = self._counts
        intake = self._intake
        channels = intake.rows.get("channels")
        runs: dict[str, str] = {}
        if channels is not None:
            table = self._engine.run(channels.select("channel_id", "party_id"))
            pairs = zip(table["channel_id"].to_pylist(), table["party_id"].to_pylist(), strict=True)
            runs = {str(c): str(p) for c, p in pairs if p is not None}
        return Ground(
            self._engine, intake.rows, intake.lines, self.portfolio, self._book.names, runs, axes.assets, axes.spans,
            intake.span_seconds, panel.draws, intake.period,
        )  # fmt: skip

    @cached_property
    def _gathered(self) -> Gathered:
        return gather(self._ground, self._progress)

    @cached_property
    def _governed(self) -> tuple[tuple[Contract, ...] | None, Governance]:
        self._progress("reading contracts and holding them to the records")
        contracts = read_contracts(self.portfolio.folder)
        ground = replace(self._ground, rows={**self._ground.rows, "order_lines": self._intake.referenced_lines})
        return contracts, govern(ground, contracts)

    @cached_property
    def _counts(self) -> tuple[assembly.Axes, readings.Panel]:
        grain = self.portfolio.grain
        self._progress("counting what became of every order line")
        counts = self._engine.run(service.outcome_counts(self._lines, grain))
        orders = self._engine.run(service.perfect_orders(self._intake.sample))
        axes = assembly.axes_of(counts, grain)
        sums = assembly.service_sums(counts, orders, axes)
        spans = len(axes.spans)
        if spans < resampling.LEAST_CLUSTERS:
            return axes, readings.Panel(sums, None)
        length = int(axes.spans[-1] - axes.spans[0]) + 1
        fold = resampling.spans_per_block(length) * resampling.blocks_per_fold(length)
        return axes, readings.Panel(sums, resampling.draw_clusters(spans, self._seed, block=axes.spans // fold))

    @cached_property
    def _by_lateness(self) -> dict[str, pa.Table]:
        """Ratings and coming back, late against punctual, as far as the record tells them."""
        present, found = self._opened["order_lines"].present, {}
        if {"rating_share", "promised_at"} <= present:
            found["rating"] = self._engine.run(lateness_cost.ratings_by_lateness(self._intake.sample))
        if {"customer_id", "promised_at"} <= present:
            until = self._intake.observed_until
            found["returned"] = self._engine.run(lateness_cost.returning_by_lateness(self._lines, until))
        return found
