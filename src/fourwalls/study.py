"""The Python API: a study is a portfolio folder being looked at. The only module that runs queries."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls import assembly, choosing, concluding, hinges, readings, resampling
from fourwalls.allocation import Allocation
from fourwalls.answers import judged, judged_answers, read_answers, unknown_assets
from fourwalls.chain import departures
from fourwalls.chain.accounts import OUTCOMES, PLAYER, WALLS, Accounts, Entries, PartyBook, Promises, account, entries
from fourwalls.chain.calendars import Calendars, Gate, find_gates
from fourwalls.chain.comparison import (
    NOBODY,
    Plan,
    Standards,
    plan_comparisons,
    read_standards,
    standards_without,
    with_tails,
)
from fourwalls.chain.departures import Departures, Handling, find_departures, handling, rest_days, table_columns
from fourwalls.chain.leaving_out import entries_with_shifts, totals_with_shifts
from fourwalls.chain.standards import Detectable, pooled
from fourwalls.diagnosis import AssetDiagnosis, Availability, Diagnosis, Health, StageClock
from fourwalls.engines.duckdb import DuckDBEngine, Opened
from fourwalls.errors import PortfolioError, TableError, did_you_mean, listed
from fourwalls.evidence import case_work
from fourwalls.evidence.case_work import log_ground
from fourwalls.evidence.gathering import Gathered, gather
from fourwalls.evidence.ground import Finding, Ground
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
from fourwalls.figures import Estimate, Figure, Period, Reading, Refusal
from fourwalls.governance.contracts import Contract, read_contracts
from fourwalls.governance.questions import owners
from fourwalls.governance.readiness import readiness
from fourwalls.governance.rules import Governance, govern
from fourwalls.governance.telling import controls_told, outages_told
from fourwalls.hinges import Unknown
from fourwalls.losses import AssetKey, Loss
from fourwalls.measures import lateness_cost, order_lines, service, stage_times
from fourwalls.numbers import Number, numbers
from fourwalls.planning import Known, Sales, advised
from fourwalls.portfolio import Portfolio, read_portfolio
from fourwalls.reception import Reception
from fourwalls.reconsidering import Change, Kept, Side, reconsidered
from fourwalls.sensitivity import Swing
from fourwalls.signals.capabilities import capabilities, least_readings
from fourwalls.signals.gathering import materials
from fourwalls.signals.governing import rules_of
from fourwalls.signals.lines import ten_lines
from fourwalls.signals.material import Material
from fourwalls.stocktaking import NOT_SERVED, STOCK_STAGES, Stocktaking, shelves_behind, sides, stock_notes
from fourwalls.tables.sources import sources
from fourwalls.value import assumed, costs, paths_told, portfolio_values
from fourwalls.weighing import counted
from fourwalls.whole import of_whole

Progress = Callable[[str], None]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# The replay without each twelfth of the record looks at so many missed lines at most.
_MOST_REPLAYED_AGAIN = 20_000
# What would be worth knowing is asked of so many assets, those with most to recover.
_MOST_HINGES = 20


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


class Study:
    """A portfolio folder being looked at; use it as a context manager, or close it.

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

    @cached_property
    def _calendars(self) -> Calendars:
        self._progress("looking for tours, calendars and cut-offs")
        leave = self._departures
        # Gates were looked for in all of a doer's lines: beside departures they are of the rest at best.
        leaving = {key[0] for key in leave}
        found: dict[str, Mapping[Hashable, Gate]] = {}
        for stage in stage_times.STAGES:
            table = self._engine.run(stage_times.durations_by_start(self._intake.sample, stage))
            keys: list[Hashable] = list(zip(*(_names(table[name]) for name in stage.gate), strict=True))
            columns = [pc.cast(table[name], pa.float64()).to_numpy() for name in ("lines", "hours", "square")]
            gates = find_gates(keys, table["hour_of_week"].to_numpy().astype(np.int64), *columns)
            is_left = stage is stage_times.FULFILMENT
            found[stage.name] = {k: g for k, g in gates.items() if not (is_left and k[0] in leaving)}  # type: ignore[index]
        return Calendars(found, leave)

    @cached_property
    def _departures(self) -> dict[tuple[Hashable, ...], Departures]:
        ended, began = (
            self._engine.run(stage_times.hours_left(self._intake.sample, at_end=at_end)) for at_end in (True, False)
        )
        keys: dict[tuple[Hashable, ...], int] = {}
        rows = [
            [
                keys.setdefault(key, len(keys))
                for key in zip(*(t[n].to_pylist() for n in stage_times.DEPARTS_BY), strict=True)
            ]
            for t in (ended, began)
        ]
        ends, starts, weeks = np.zeros((3, len(keys), departures.HOURS))
        for cells, table, at, name in (
            (ends, ended, 0, "lines"),
            (starts, began, 1, "lines"),
            (weeks, ended, 0, "weeks"),
        ):
            cells[rows[at], table["hour_of_week"].to_numpy().astype(np.int64)] = table[name].to_numpy()
        opens = find_departures(list(keys), ends, starts, weeks.max(axis=1, initial=0).astype(np.int64))
        full = {key: is_open for key, is_open in opens.items() if len(key) > 1}
        if not full:
            return {}
        doers = {str(key[0]) for key in full}
        rest = {d: rest_days([is_open for key, is_open in full.items() if str(key[0]) == d]) for d in doers}
        works = {d: departures.EVERY_DAY if days is None else days for d, days in rest.items()}
        leads = {key: Departures(x, Handling(1.0, 1.0, works[str(key[0])])) for key, x in full.items()}
        counts = self._engine.run(stage_times.caught(self._intake.sample, self._departure_table(leads)))
        doer = np.array(counts["doer"].to_pylist())
        lead, working, lines, caught = (
            counts[name].to_numpy().astype(np.float64) for name in ("lead_h", "working_lead_h", "lines", "caught")
        )
        took = {}
        for who in doers:
            at = doer == who
            clocks = [(departures.EVERY_DAY, lead[at]), *([(works[who], working[at])] if rest[who] is not None else [])]
            took[who] = handling(clocks, lines[at], caught[at])
        return {
            tuple(name or NOBODY for name in map(str, key)): Departures(is_open, took[str(key[0])])
            for key, is_open in opens.items()
        }

    def _departure_table(self, found: Mapping[tuple[Hashable, ...], Departures]) -> ir.Table:
        names, hours = stage_times.DEPARTS_BY, departures.HOURS
        keys = [key for key in found if len(key) == len(names)]
        columns: dict[str, object] = {
            name: [text for key in keys for text in [_recorded(str(key[i]))] * hours] for i, name in enumerate(names)
        }
        columns["hour_of_week"] = np.tile(np.arange(hours), len(keys))
        columns |= table_columns([found[key] for key in keys])
        return self._engine.load("departures", pa.table(columns))

    @property
    def _lines(self) -> ir.Table:
        return self._intake.lines

    @cached_property
    def _demonstrated(self) -> dict[str, tuple[Plan, pa.Table]]:
        """Stage → who is compared with whom, and the counts behind it."""
        found = {}
        for stage in stage_times.STAGES:
            self._progress(f"reading what {stage.name} has demonstrably reached")
            worked = self._worked(stage)
            by_span = self._engine.run(stage_times.span_durations(worked, stage))
            if by_span.num_rows == 0:
                continue
            plan = plan_comparisons(stage.name, by_span, self._length)
            counts = self._engine.run(stage_times.duration_counts(worked, stage, True, plan.spans_per_block))
            found[stage.name] = with_tails(plan, counts), counts
        return found

    def _worked(self, stage: stage_times.Stage) -> ir.Table:
        leave = self._calendars.departures if stage is stage_times.FULFILMENT else {}
        if leave:
            return stage_times.handled(self._intake.sample, self._departure_table(leave), self._gate_table(stage))
        return stage_times.worked(self._intake.sample, stage, self._gate_table(stage))

    @cached_property
    def _standards(self) -> dict[str, Standards]:
        share = self.portfolio.on_time_share
        return {name: read_standards(plan, counts, share) for name, (plan, counts) in self._demonstrated.items()}

    @property
    def _length(self) -> int:
        """Spans from the first to the last order."""
        spans = self._counts[0].spans
        return int(spans[-1] - spans[0]) + 1 if len(spans) else 1

    @property
    def _folds(self) -> Ints:
        """Number of the twelfth of the record that each span belongs to."""
        length = self._length
        fold = resampling.spans_per_block(length) * resampling.blocks_per_fold(length)
        return self._counts[0].spans // fold

    def _gate_table(self, stage: stage_times.Stage) -> ir.Table | None:
        gates = self._calendars.gates[stage.name]
        if not gates:
            return None
        hours = np.arange(len(next(iter(gates.values())).wait_hours))
        columns = {
            name: np.repeat([str(key[i]) for key in gates], len(hours)).tolist()  # type: ignore[index]
            for i, name in enumerate(stage.gate)
        }
        wait = np.concatenate([gate.wait_hours for gate in gates.values()]) * order_lines.SECONDS_PER_HOUR
        table = {**columns, "hour_of_week": np.tile(hours, len(gates)), "wait_s": wait.astype(np.int64)}
        return self._engine.load(f"gates_{stage.name}", pa.table(table))

    @cached_property
    def _untimely(self) -> pa.Table:
        self._progress("fetching late, overdue and cancelled lines")
        return self._engine.run(self._intake.untimely)

    @cached_property
    def _accounts(self) -> Accounts:
        table, standards, found = self._untimely, self._standards, self._calendars
        self._progress(f"replaying {table.num_rows:,} lines under every coalition of repairs")
        promises = Promises.read(self._engine.run(stage_times.timely_lines(self._intake.lines)))
        return account(table, standards, found, self.portfolio, self._book, self._intake.observed_until, promises)

    @cached_property
    def _stock(self) -> Stocktaking:
        return Stocktaking(self._engine, self._intake, self.portfolio, self._book, self._seed, self._progress)

    @cached_property
    def _stock_diagnosis(self) -> Diagnosis:
        """The diagnosis where there are no order lines."""
        taking = self._stock
        share = taking.share if taking.refusal is None else None
        if share is None:
            absent = f"There is no table 'order_lines'; found {listed(self._opened)}."
            if taking.refusal is None:
                remedy = (
                    "Add it, or make assets of what shelves have by themselves: brand, category, node_id, node_region."
                )
                raise TableError(absent, remedy)
            remedy = (
                "Add tables/order_lines.csv, .parquet or .sql, or at least stock_days: the diagnosis begins with them."
            )
            raise TableError(absent, remedy)
        names = sorted(set(share.asset), key=str)
        found = sides(taking, names, self.portfolio.currency)
        grain = self.portfolio.grain
        assets = concluding.assets_without_orders(
            [*names, ()], grain, found, self.portfolio, costs(self.portfolio, None)
        )
        ranked = sorted(assets[:-1], key=_by_units)
        first, last = (date(1970, 1, 1) + timedelta(days=taking.first_day + d) for d in (0, taking.days))
        made, total = advised(ranked, assets[-1], Known(self.portfolio))
        return self._told(made, total, self.portfolio.period or Period(first, last))

    def _told(self, assets: tuple[AssetDiagnosis, ...], total: AssetDiagnosis, period: Period) -> Diagnosis:
        return Diagnosis(
            portfolio=self.portfolio.name,
            currency=self.portfolio.currency,
            grain=self.portfolio.grain,
            own_party=self._book.names.get(self._book.own, self._book.own),
            period=period,
            assets=assets,
            total=total,
            health=self._health(replayed=True),
            level=resampling.LEVEL,
            version=version("fourwalls"),
        )

    def _health(self, *, replayed: bool) -> Health:
        health = self._intake.health
        if self._stock.refusal is not None:
            return health
        found = sorted((*health.suspicions, *self._stock.suspicions), key=lambda s: -s.rows)
        notes = (*health.notes, *stock_notes(self._stock, replayed=replayed))
        return replace(health, suspicions=tuple(found), notes=notes)

    @property
    def _diagnosis(self) -> Diagnosis:
        return self._concluded[0]

    @cached_property
    def _concluded(self) -> tuple[Diagnosis, tuple[concluding.Case, ...], Kept | None]:
        """The diagnosis, what the verdict of each asset rests on, and what is kept; empty where there are no order lines."""
        if not {"order_lines", "stock_days"} & self._opened.keys() and (
            "work_log" in self._opened or read_answers(self.portfolio.folder)
        ):
            return self._diagnosis_without_flows, (), None
        if "order_lines" not in self._opened:
            return self._stock_diagnosis, (), None
        axes, panel = self._counts
        ground = self._ground
        # The shelves are arithmetic and the other records are questions to the engine: side by side they take half the time.
        aside = ThreadPoolExecutor(1)
        try:
            asked_aside = aside.submit(lambda: self._gathered)
            stock = sides(self._stock, list(axes.assets), self.portfolio.currency)
            gathered = asked_aside.result()
        except BaseException:
            # Whoever stops one part, by Ctrl-C above all, does not wait for the other.
            self._engine.stop()
            raise
        finally:
            aside.shutdown(wait=False, cancel_futures=True)
        untimely, accounts = self._untimely, self._accounts
        asset, span = axes.asset_numbers(untimely), axes.span_numbers(untimely)
        outcome = pc.index_in(untimely["outcome"], pa.array(OUTCOMES)).to_numpy().astype(np.int64)
        amount = pc.cast(untimely["value_amount"], pa.float64()).to_numpy(zero_copy_only=False)
        priced = bool(np.isfinite(amount).any())
        amount = np.nan_to_num(amount)
        booked = entries(accounts, asset, span, len(axes.spans), outcome, amount)
        totals = assembly.totals_by_span(accounts, asset, span, panel.counts["lines"].shape)
        drawn, booked = self._with_uncertain_standards(axes, totals, booked, asset, outcome, amount)
        self._progress("measuring cycle times and the cost of lateness")
        currency = self.portfolio.currency

        late = gathered.costs.measured_late if gathered.costs is not None else None
        cost = costs(self.portfolio, None, late)
        names = [None if p == NOBODY else p for p in accounts.parties]

        def parts(axes: assembly.Axes, panel: readings.Panel, pool: bool) -> concluding.Parts:
            booked_here = assembly.pooled_entries(booked) if pool else booked
            totals_here = assembly.pooled(totals) if pool else totals
            drawn_here = assembly.pooled(drawn) if pool else drawn
            asset_here = np.zeros_like(asset) if pool else asset
            lines, draws = panel.counts["lines"], panel.draws
            return concluding.Parts(
                axes,
                panel,
                totals_here,
                assembly.gaps(drawn_here, lines, draws),
                assembly.contributions(booked_here, lines, draws, self._book, accounts, currency, priced),
                self._clocks(axes, draws, assembly.usual_standards(accounts, asset_here, len(axes.assets))),
                self._readings(axes, panel),
                concluding.service_worth(booked_here, totals_here, draws, cost, priced=priced),
                concluding.service_losses(booked_here, axes.assets, names, accounts.words, draws, cost)
                if priced
                else [[] for _ in axes.assets],
                stock[-1:] if pool else stock[:-1],
                concluding.service_worth(booked_here, totals_here, draws, replace(cost, lost=0.0), priced=priced),
            )

        each = parts(axes, panel, pool=False)
        whole = assembly.whole_of(axes)
        total = parts(whole, readings.Panel(assembly.pooled(panel.counts), panel.draws), pool=True)
        period, years = self._intake.period, ground.years
        both = (each, _beside(gathered, axes.assets)), (total, _beside(gathered, whole.assets))
        cases = [concluding.cases_of(p, x, self.portfolio, cost, self._book.names, years) for p, x in both]
        asked = self._asked([*cases[0], *cases[1]], panel.counts)
        n = len(cases[0])
        made = [
            concluding.conclude(p, c, x, a, self.portfolio, years)
            for (p, x), c, a in zip(both, cases, (asked[:n], asked[n:]), strict=True)
        ]
        made[0].sort(key=_by_loss)
        paths = paths_told(portfolio_values(concluding.values_told(cases[0], self.portfolio), self.portfolio), currency)
        self._progress("asking which data would be worth having first")
        by_key = {tuple(c.key): c for c in cases[0]}
        made[0][:_MOST_HINGES] = [
            replace(a, worth_knowing=hinges.worth_knowing(by_key[tuple(a.asset.values())], self.portfolio))
            for a in made[0][:_MOST_HINGES]
        ]
        assets, pool = advised(
            made[0], of_whole(replace(made[1][0], paths=paths), made[0], self.portfolio.thresholds), self._advice
        )
        told = self._told(assets, pool, period)
        notes = tuple(dict.fromkeys([*told.health.notes, *gathered.notes]))
        told = replace(
            told, health=replace(told.health, notes=notes), assumptions=assumed(self.portfolio, cost),
            controls=controls_told(self._governed[1], self._ground.party_names),
            outages=outages_told(self._governed[1], self._ground.party_names),
        )  # fmt: skip
        both_asked = zip(cases[0], asked[:n], strict=True)
        pooled = assembly.pooled_entries(booked)
        kept = Kept(
            self.portfolio, self._text, Side(each, both[0][1], booked, priced), Side(total, both[1][1], pooled, priced),
            self._governed[1], self._material, read_answers(self.portfolio.folder),
            late, years, self._book.names, tuple(names), tuple(accounts.words), self._advice, told,
        )  # fmt: skip
        return told, tuple(replace(c, both=replace(c.both, readiness=a.readiness)) for c, a in both_asked), kept

    @cached_property
    def _diagnosis_without_flows(self) -> Diagnosis:
        """The diagnosis from a work log, or from people's answers, alone."""
        portfolio = self.portfolio
        answers = read_answers(portfolio.folder)
        keys: tuple[AssetKey, ...] = ()
        finding, period = Finding(), portfolio.period
        lines: dict[AssetKey, Material] = {}
        if "work_log" in self._opened:
            self._progress("looking at case work")
            ground = log_ground(self._engine, self._intake.rows, portfolio, self._seed)
            finding, keys, period = case_work.find(ground), ground.assets, ground.period
            known = materials(ground, {}, [], assembly.asset_name, readings=finding.readings)
            lines = dict(zip((*keys, ()), known, strict=True))
            unknown_assets(answers, [m.name for m in known])
        if period is None:
            days = [a.answered_on for a in answers if a.answered_on is not None] or [date.today()]  # noqa: DTZ011 - a day as people write it
            period = Period(min(days), max(days) + timedelta(days=1))
        told = {key: judged(portfolio, answers, assembly.asset_name(key) if key else None) for key in (*keys, ())}
        signals = {key: told[key].lines for key in told}
        for key, m in lines.items():
            said = judged_answers(answers, portfolio.signals, m.name if key else None)
            signals[key] = ten_lines(m, portfolio, said)
        made = concluding.assets_without_flows(
            (*keys, ()), portfolio.grain, finding.readings, finding.refusals, told, signals
        )
        assets, total = advised(made[:-1], made[-1], Known(portfolio))
        found = self._told(assets, total, period)
        notes = tuple(dict.fromkeys([*found.health.notes, *finding.notes]))
        return replace(found, health=replace(found.health, notes=notes))

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

    @property
    def _advice(self) -> Known:
        """What plans and roles rest on beside the diagnoses."""
        contracts, governance = self._governed
        end = self._ground.period.end
        people = {c.id: names[0][0] for c in contracts or () if (names := owners(c, end))}
        partners = {
            c.party_id: people[c.id] for c in governance.contracts if c.party_id and c.id in people and not c.void
        }
        return Known(self.portfolio, partners, self._sales())

    def _sales(self) -> dict[str, Sales]:
        """Sales of each asset by week; none where nothing is priced, or the record is so short that its spans are days."""
        if self._intake.span_seconds != order_lines.SECONDS_PER_WEEK:
            return {}
        axes, panel = self._counts
        # Every week between the first and the last, also those in which nothing was ordered.
        weeks = np.zeros((len(axes.assets), self._length))
        weeks[:, axes.spans - axes.spans[:1]] = panel.counts["value_amount"]
        # The last week may be cut short: it is no week of sales to compare with.
        whole = weeks[:, :-1]
        if not whole.any():
            return {}
        named = map(assembly.asset_name, axes.assets)
        return {name: Sales(row, whole.sum(axis=0), len(whole)) for name, row in zip(named, whole, strict=True)}

    def _asked(self, cases: list[concluding.Case], counts: Mapping[str, Floats]) -> list[concluding.Asked]:
        """Rules with partners, signals and tests of each asset, the whole portfolio last."""
        ground, gathered = self._ground, self._gathered
        governance = self._governed[1]
        stakes = concluding.stakes_of(cases, self.portfolio.own_party_id)
        ready = readiness(governance, stakes, self.portfolio.thresholds, ground.party_names)
        self._progress("reading signals and tests")
        rules = {key: rules_of(r) for key, r in ready.items()}
        measured = {case.key: concluding.judged_stages(case, gathered.judged_in(case.key)) for case in cases}
        weighs = {case.key: counted(case.both, self.portfolio.thresholds) for case in cases}
        material = materials(
            ground, counts, [x for case in cases[:-1] for x in case.losses], assembly.asset_name,
            orders=self._intake.referenced_lines, measured=measured, readings=gathered.readings, rules=rules,
            weighs=weighs, detectable=gathered.detectable, distances=self._distances(cases),
        )  # fmt: skip
        self._material = material
        answers = read_answers(self.portfolio.folder)
        unknown_assets(answers, [m.name for m in material])
        return [
            concluding.Asked(
                ready.get(case.key),
                ten_lines(
                    m, self.portfolio, judged_answers(answers, self.portfolio.signals, m.name if case.key else None)
                ),
                capabilities(m, self.portfolio),
                least_readings(m),
            )
            for case, m in zip(cases, material, strict=True)
        ]

    def _distances(self, cases: list[concluding.Case]) -> dict[str, Detectable]:
        """Stage → how far from its peers whoever does it would have had to be to be told apart."""
        found = {}
        for name, each in self._standards.items():
            cells = (cell for cell, _ in each.plan.cells)
            if (far := pooled(zip(cells, each.lines.tolist(), strict=True))) is not None:
                found[name] = far
        if any(isinstance(c.both.availability, Availability) for c in cases):
            found |= self._stock.distances
        return found

    def _with_uncertain_standards(
        self,
        axes: assembly.Axes,
        totals: dict[str, Floats],
        booked: Entries,
        asset: Ints,
        outcome: Ints,
        amount: Floats,
    ) -> tuple[dict[str, Floats], Entries]:
        """The sums that ranges are drawn from: standards are estimates from the same weeks, and drawn with them."""
        _, fold = np.unique(self._folds, return_inverse=True)
        if len(axes.spans) < resampling.LEAST_CLUSTERS or not len(asset):
            return totals, booked
        self._progress("replaying without each twelfth of the record")
        chosen = np.arange(len(asset))
        if len(asset) > _MOST_REPLAYED_AGAIN:
            rng = np.random.default_rng(self._seed)
            chosen = np.sort(rng.choice(len(asset), _MOST_REPLAYED_AGAIN, replace=False))
        table = self._untimely.take(pa.array(chosen))
        zero, shape = np.zeros(len(chosen), dtype=np.int64), (len(axes.assets), 1)
        standards: list[dict[str, Standards]] = [self._standards, *({} for _ in np.unique(self._folds))]
        for name, (plan, counts) in self._demonstrated.items():
            read = standards_without(plan, counts, self.portfolio.on_time_share, np.unique(self._folds).tolist())
            for each, found in zip(standards[1:], read, strict=True):
                each[name] = found
        sums, parts = [], []
        until, at_fault = self._intake.observed_until, self._accounts.at_fault[chosen]
        for each in standards:
            again = account(table, each, self._calendars, self.portfolio, self._book, until, at_fault)
            sums.append(assembly.totals_by_span(again, asset[chosen], zero, shape))
            parts.append(entries(again, asset[chosen], zero, 1, outcome[chosen], amount[chosen]))
        scale = len(asset) / len(chosen)
        return (
            totals_with_shifts(totals, sums[1:], scale, sums[0], fold),
            entries_with_shifts(booked, parts[1:], scale, parts[0], fold),
        )

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

    def _clocks(
        self, axes: assembly.Axes, draws: resampling.Draws | None, standards: list[tuple[str, ...]]
    ) -> list[list[StageClock]]:
        quantiles = self._engine.run(stage_times.stage_quantiles(self._intake.sample, pooled=not axes.grain))
        marks = self._engine.load("quantile_marks", assembly.quantile_marks(quantiles, axes))
        below = self._engine.run(stage_times.lines_below(self._intake.sample, marks))
        names = [name for name in below.column_names if name not in ("asset_key", "span")]
        return assembly.clocks(quantiles, axes.sums(below, names), axes, draws, standards)

    def _readings(self, axes: assembly.Axes, panel: readings.Panel) -> list[list[Reading]]:
        present = self._opened["order_lines"].present
        found = readings.service_readings(panel, present)
        for row, extra in zip(found, self._lateness(axes, panel, present), strict=True):
            row += extra
        return found

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

    def _lateness(self, axes: assembly.Axes, panel: readings.Panel, present: frozenset[str]) -> list[list[Reading]]:
        return readings.lateness_readings(
            self._by_lateness, axes.asset_numbers, axes.span_numbers, panel, present, self.portfolio.currency
        )

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


def _beside(gathered: Gathered, assets: tuple[AssetKey, ...]) -> concluding.Beside:
    """What was found beside the two flows, by asset; the losses of the whole are those of all assets."""
    losses: dict[AssetKey, list[Loss]] = {key: [] for key in assets}
    for loss in gathered.losses:
        if assets == ((),):
            losses[()].append(replace(loss, asset=()))
        elif loss.asset in losses:
            losses[loss.asset].append(loss)
    return concluding.Beside(
        list(losses.values()),
        [gathered.onboarding.get(key, 0.0) for key in assets],
        [tuple(gathered.readings.get(key, ())) for key in assets],
    )


def _by_units(asset: AssetDiagnosis) -> tuple[float, str]:
    """Most units to recover first, or most units lost where no stage could be held to anything."""
    known = asset.availability
    if not isinstance(known, Availability):
        return 0.0, asset.name
    figure = known.total if isinstance(known.total, Estimate) else known.lost
    return -known.wanted_units * figure_value(figure), asset.name


def _by_loss(asset: AssetDiagnosis) -> tuple[float, float, str]:
    """Most lines and units to recover first."""
    known = asset.availability
    units = max(sum(s.units for s in known.stages), 0.0) if isinstance(known, Availability) else 0.0
    return (-sum(c.lines for c in asset.contributions) - units, -asset.n_lines, asset.name)


def figure_value(figure: Figure) -> float:
    """The value of a figure; 0 where it was refused, for sorting only."""
    return figure.value if isinstance(figure, Estimate) else 0.0


def _names(column: pa.ChunkedArray) -> list[str]:
    return [NOBODY if value is None else str(value) for value in column.to_pylist()]


def _recorded(name: str) -> str:
    return "" if name == NOBODY else name


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
