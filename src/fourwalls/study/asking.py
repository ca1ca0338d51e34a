"""What can be asked of a portfolio folder: the diagnosis, and the records behind every number of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from fourwalls import assembly, choosing, concluding, hinges, readings
from fourwalls.allocation import Allocation
from fourwalls.chain.accounts import PLAYER, WALLS
from fourwalls.diagnosis import Diagnosis, Health
from fourwalls.errors import PortfolioError, TableError, did_you_mean, listed
from fourwalls.explaining import (
    Explanation,
    asset_key,
    explained,
    is_of_lines,
    is_of_shelves,
    no_such_number,
    stage_of,
    table_of,
    with_parts,
)
from fourwalls.figures import Refusal
from fourwalls.hinges import Unknown
from fourwalls.numbers import Number, numbers
from fourwalls.reconsidering import Change, Kept, reconsidered
from fourwalls.sensitivity import Swing
from fourwalls.stocktaking import NOT_SERVED, STOCK_STAGES, shelves_behind
from fourwalls.study.diagnosing import Diagnosing
from fourwalls.study.records import Progress


def open(  # noqa: A001 - fw.open reads as what it does
    folder: str | Path, data: str | Path | None = None, *, seed: int = 1, progress: Progress | None = None
) -> Study:
    """Opens a portfolio folder.

    Args:
        folder: The folder with portfolio.toml and tables/.
        data: What `{data}` in the SQL files stands for.
        seed: Of the bootstrap draws; the same seed gives the same ranges.
        progress: Called with a line of text whenever a longer step begins.

    Raises:
        FourwallsError: The folder or one of its tables cannot be used.
    """
    return Study(Path(folder), Path(data) if data is not None else None, seed, progress or (lambda _: None))


class Study(Diagnosing):
    """A portfolio folder being looked at; use it as a context manager, or close it.

    Args:
        folder: The folder with portfolio.toml and tables/.
        data: What `{data}` in the SQL files stands for.
        seed: Of the bootstrap draws.
        progress: Called with a line of text whenever a longer step begins.
    """

    def __repr__(self) -> str:
        return f"Study({self.portfolio.name!r}: {listed(s.spec.name for s in self._sources)})"

    def check(self) -> Health:
        """What is in the tables, what was set aside and why, and what looks suspicious."""
        return self._health(replayed=False)

    def set_aside(self) -> dict[str, pa.Table]:
        """The rows that were not used, table by table, with `set_aside_reason`."""
        found = self._intake.set_aside()
        return {name: rows for name, rows in found.items() if rows.num_rows}

    def diagnose(self) -> Diagnosis:
        """Where each asset loses its service, on which side of the wall, with whom, and what follows."""
        return self._diagnosis

    @property
    def kept(self) -> Kept | Refusal:
        """What the diagnosis rests on, to consider it anew by `reconsidered`; a refusal where nothing was replayed and priced."""
        found = self._concluded[2]
        if found is None:
            because = "Without order lines no value follows from assumptions."
            return Refusal("nothing_kept", "the diagnosis under other assumptions", because, "Add order_lines.")
        return found

    def reconsider(self, changes: Mapping[str, Change]) -> Diagnosis | Refusal:
        """The diagnosis under other assumptions and thresholds; nothing is read or replayed again.

        Args:
            changes: Name as in portfolio.toml → value, e.g. {"assumptions.discount_rate": 0.08}.

        Raises:
            PortfolioError: A name needs a new run, or a value cannot be.
        """
        kept = self.kept
        return kept if isinstance(kept, Refusal) else reconsidered(kept, changes)

    def lines(self, asset: Mapping[str, str | None] | str | None = None, stage: str | None = None) -> pa.Table:
        """The order lines behind a contribution, those it weighs most on first.

        Args:
            asset: Name of an asset as the diagnosis prints it, or grain column → value; None for the whole portfolio.
            stage: Only lines this stage could have saved; None for all missed lines.

        Returns:
            One row for each line: order_id, line_id, outcome, times, the share of each stage (the four add up to 1 for
            a line that could be saved), and what it was held to.

        Raises:
            PortfolioError: There is no such asset or stage.
        """
        return self._drill(asset, stage)

    def shelves(self, asset: Mapping[str, str | None] | str | None = None, stage: str | None = None) -> pa.Table:
        """The shelves (sku at node) behind an asset's lost sales, those that lost most first.

        Args:
            asset: As for `lines`.
            stage: Order by what this stage would have sold, and leave out shelves where that is nothing; below 0 where its
                repair would cost sales.

        Returns:
            One row for each shelf: sku_id, node_id, the asset's share of its demand, wanted_units and lost_units of that
            share, what each stage would have sold (`<stage>_units`), who did it and what it was held to.

        Raises:
            PortfolioError: There is no such asset or stage.
            TableError: There is no stock record, or nothing says whose demand its shelves serve.
        """
        if stage is not None and stage not in STOCK_STAGES:
            raise PortfolioError(
                f"There is no stage '{stage}'.{did_you_mean(stage, STOCK_STAGES)}",
                f"Choose from {listed(STOCK_STAGES)}.",
            )
        taking = self._stock
        refusal = taking.refusal or (NOT_SERVED if taking.share is None else None)
        if refusal is not None:
            raise TableError(f"{refusal.about}: {refusal.because}.", f"Add {refusal.next_step}.")
        names = sorted(set(taking.share.asset), key=str) if taking.share is not None else []
        axes = assembly.Axes(self.portfolio.grain, np.arange(len(names)), tuple(names), np.zeros(0, np.int64))
        chosen = None if asset is None else {n for n, keep in zip(names, _chosen(asset, axes), strict=True) if keep}
        return shelves_behind(taking, chosen, stage)

    def panel(self, measure: str = "otif_share") -> pa.Table:
        """One measure by asset and week: what a pilot is designed on and judged by.

        Args:
            measure: Name of a service reading (otif_share, on_time_share, fill_rate, …), or value_amount or lines.

        Returns:
            Columns asset, week (its first day), and the measure; null where nothing was due.

        Raises:
            PortfolioError: There is no such measure.
        """
        axes, panel = self._counts
        shares = {share.name: (share.above, share.below) for share in readings.SHARES}
        if measure not in shares and measure not in panel.counts:
            known = [*shares, *panel.counts]
            raise PortfolioError(
                f"There is no measure '{measure}'.{did_you_mean(measure, known)}", f"Choose from {listed(shares)}."
            )
        if measure in shares:
            above, below = (panel.counts[name] for name in shares[measure])
            with np.errstate(divide="ignore", invalid="ignore"):
                values = np.where(below > 0, above / below, np.nan)
        else:
            values = panel.counts[measure].astype(np.float64)
        names = [assembly.asset_name(a) for a in axes.assets]
        seconds = axes.spans * self._intake.span_seconds
        first_days = seconds.astype("datetime64[s]").astype("datetime64[D]")
        return pa.table(
            {
                "asset": pa.array(np.repeat(names, len(first_days)).tolist()),
                "week": pa.array(np.tile(first_days, len(names))),
                measure: pa.array(values.ravel(), from_pandas=True),
            }
        )

    def allocate(self, budget: float | None = None, people_weeks: float | None = None) -> Allocation | Refusal:
        """The choice of one path, or none, for each asset that brings most within a budget and people's time.

        Args:
            budget: For what paths cost once [portfolio currency]; default: [allocation] budget_amount.
            people_weeks: Weeks of our people; default: [allocation] people_weeks, and no limit where it has none.

        Returns:
            The plan, or why there is none: nothing is priced, or there is no budget.

        Raises:
            AllocationError: The budget or the weeks are no amounts, or a path needs what is not described.
        """
        return choosing.allocation_of(self._concluded[1], self.portfolio, budget, people_weeks)

    def barred(self) -> dict[str, str]:
        """Assets of which a path may not be chosen because rules with partners are open, with what is open."""
        return choosing.barred_of(self._concluded[1], self.portfolio)

    def sensitivity(self, asset: Mapping[str, str | None] | str) -> tuple[Swing, ...] | Refusal:
        """Which assumptions would change what is best for an asset, and at what value; widest first.

        Args:
            asset: As for `lines`.

        Returns:
            One swing for each assumption (`sensitivity.deciding` picks those that decide), or why there is none.

        Raises:
            PortfolioError: There is no such asset.
        """
        case = self._case(asset)
        return case if isinstance(case, Refusal) else hinges.swings_of(case, self.portfolio)

    def information(self, asset: Mapping[str, str | None] | str) -> tuple[Unknown, ...] | Refusal:
        """Which uncertain figures would be worth knowing before choosing for an asset, most worth first.

        Args:
            asset: As for `lines`.

        Raises:
            PortfolioError: There is no such asset.
        """
        case = self._case(asset)
        return case if isinstance(case, Refusal) else hinges.unknowns_of(case, self.portfolio)

    def explain(self, number: str, most: int = 5, *, parts: bool = True) -> Explanation:
        """Where a number of the diagnosis comes from.

        Args:
            number: Its id, as the page, the spreadsheet and `numbers.numbers` tell it.
            most: How many of its records to show.
            parts: Whether each missed line or shelf comes with its part in the number, those with the largest first; else in the
                order of `lines` and `shelves`, as all numbers of a stage share them.

        Returns:
            Formula, inputs with their ids, the SQL that reads its records, and the first of these.

        Raises:
            PortfolioError: There is no such number; ids that come near are named.
        """
        known = self._numbers
        found = known.get(number.strip())
        if found is None:
            raise no_such_number(number.strip(), known)
        told, table = explained(found, known), table_of(found)
        rows = self._intake.referenced_lines if table == "order_lines" else self._intake.rows.get(table)
        if rows is None or isinstance(found.value, Refusal):
            return told
        of_asset = _of_asset(rows, asset_key(found.asset))
        query = self._engine.sql(of_asset)
        stage, key = stage_of(found), asset_key(found.asset)
        if is_of_lines(found) or is_of_shelves(found):
            source, records = "missed order lines", None
            if is_of_lines(found):
                records = self.lines(key, stage if stage in PLAYER else None)
            else:
                source, records = "shelves", self.shelves(key, stage if stage in STOCK_STAGES else None)
            told = replace(told, source=source, query=query, records=records, in_all=records.num_rows)
            return with_parts(told, found, most) if parts else replace(told, records=records.slice(0, most))
        in_all = int(self._engine.run(of_asset.aggregate(n=of_asset.count()))["n"][0].as_py())
        return replace(told, source=table, query=query, records=self._engine.run(of_asset.limit(most)), in_all=in_all)

    @cached_property
    def _numbers(self) -> dict[str, Number]:
        return numbers(self._diagnosis)

    def _case(self, asset: Mapping[str, str | None] | str) -> concluding.Case | Refusal:
        cases = self._concluded[1]
        if not cases:
            because = "Without order lines nothing is priced by path."
            return Refusal(
                "nothing_priced", "What the decision hinges on", because, "Add order_lines with price_amount."
            )
        return next(c for c, is_meant in zip(cases, _chosen(asset, self._counts[0]), strict=True) if is_meant)

    def _drill(self, asset: Mapping[str, str | None] | str | None, stage: str | None) -> pa.Table:
        if stage is not None and stage not in PLAYER:
            raise PortfolioError(
                f"There is no stage '{stage}'.{did_you_mean(stage, PLAYER)}", f"Choose from {listed(PLAYER)}."
            )
        table, accounts = self._untimely, self._accounts
        keep = np.ones(table.num_rows, dtype=np.bool_)
        if asset is not None:
            axes = self._counts[0]
            keep &= np.array(_chosen(asset, axes))[axes.asset_numbers(table)]
        weight = accounts.contribution.sum(axis=0)
        if stage is not None:
            weight = accounts.contribution[PLAYER.index(stage)]
            keep &= weight > 0
        chosen = np.flatnonzero(keep)
        chosen = chosen[np.argsort(-weight[chosen], kind="stable")]
        picked = table.take(pa.array(chosen))
        for number, name in enumerate(PLAYER):
            picked = picked.append_column(f"{name}_share", pa.array(accounts.contribution[number, chosen]))
        for number, name in enumerate(PLAYER):
            walls = [WALLS[w] for w in accounts.wall[number, chosen].tolist()]
            picked = picked.append_column(f"{name}_wall", pa.array(walls, pa.string()))
        if stage is not None:
            words = [accounts.words[w] for w in accounts.standard[PLAYER.index(stage), chosen].tolist()]
            picked = picked.append_column("standard", pa.array(words, pa.string()))
        return self._intake.with_ids(picked)


def _of_asset(rows: ir.Table, asset: Mapping[str, str | None] | None) -> ir.Table:
    """Rows of a table that are about an asset, as far as its columns say."""
    for name, value in (asset or {}).items():
        if name in rows.columns:
            rows = rows.filter(rows[name].isnull() if value is None else rows[name] == value)
    return rows


def _chosen(asset: Mapping[str, str | None] | str, axes: assembly.Axes) -> list[bool]:
    """Which assets are meant, by name or by values of the grain; letters, dots and slashes make no difference."""

    def plain(text: str | None) -> str:
        return " ".join((text or "(not recorded)").replace("·", " ").replace("/", " ").casefold().split())

    names = [assembly.asset_name(values) for values in axes.assets]
    if isinstance(asset, str):
        found = [plain(name) == plain(asset) for name in names]
        asked, known = asset, names
    else:
        unknown = [name for name in asset if name not in axes.grain]
        if unknown:
            raise PortfolioError(
                f"Assets are not made of '{unknown[0]}'.{did_you_mean(unknown[0], axes.grain)}",
                f"Choose from {listed(axes.grain)}.",
            )
        at = {axes.grain.index(name): plain(value) for name, value in asset.items()}
        found = [all(plain(values[i]) == value for i, value in at.items()) for values in axes.assets]
        asked = ", ".join(f"{name} = {value}" for name, value in asset.items())
        known = sorted({str(values[i]) for values in axes.assets for i in at})
    if not any(found):
        value = asset if isinstance(asset, str) else str(next(iter(asset.values()), ""))
        raise PortfolioError(
            f"There is no asset '{asked}'.{did_you_mean(value, known)}", f"Choose from {listed(known)}."
        )
    return found
