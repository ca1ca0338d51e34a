"""The replay of missed order lines: what doers have demonstrably reached, and what repairs would have saved."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls import assembly, readings, resampling
from fourwalls.chain import departures
from fourwalls.chain.accounts import OUTCOMES, Accounts, Entries, Promises, account, entries
from fourwalls.chain.calendars import Calendars, Gate, find_gates
from fourwalls.chain.comparison import NOBODY, Plan, plan_comparisons
from fourwalls.chain.demonstrated import Standards, read_standards, slower, standards_without, with_tails
from fourwalls.chain.departures import Departures, Handling, find_departures, handling, rest_days, table_columns
from fourwalls.chain.leaving_out import entries_with_shifts, totals_with_shifts
from fourwalls.measures import order_lines, stage_times
from fourwalls.study.records import Floats, Ints, Records

# Departures are looked for among so many doers, carriers, destinations and hours at most.
_MOST_PLACES = 400_000
# The replay without each twelfth of the record looks at so many missed lines at most.
_MOST_REPLAYED_AGAIN = 20_000


@dataclass(frozen=True, slots=True)
class Replayed:
    """What repairs of the order flow would have saved of the missed lines.

    Attributes:
        accounts: Line by line.
        asset: Number of each line's asset, shape (lines,).
        booked: By asset, outcome, stage, wall, party and span.
        totals, drawn: By asset and span, as replayed and as ranges are drawn from them.
        priced: Whether any line has a price.
    """

    accounts: Accounts
    asset: Ints
    booked: Entries
    totals: dict[str, Floats]
    drawn: dict[str, Floats]
    priced: bool

    @property
    def parties(self) -> list[str | None]:
        """Parties by their number; None for nobody known."""
        return [None if p == NOBODY else p for p in self.accounts.parties]

    def pooled(self) -> Replayed:
        """The same as if all assets were one."""
        return replace(
            self,
            asset=np.zeros_like(self.asset),
            booked=assembly.pooled_entries(self.booked),
            totals=assembly.pooled(self.totals),
            drawn=assembly.pooled(self.drawn),
        )


class Replaying(Records):
    """Records with the replay of the order flow."""

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
        if max(ended.num_rows, began.num_rows) > _MOST_PLACES:
            # By postcode nobody has tours, and their table would fill the memory.
            return {}
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
        opens = departures.on_tours(
            find_departures(list(keys), ends, starts, weeks.max(axis=1, initial=0).astype(np.int64))
        )
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

    def _replayed(self, axes: assembly.Axes, panel: readings.Panel) -> Replayed:
        untimely, accounts = self._untimely, self._accounts
        asset, span = axes.asset_numbers(untimely), axes.span_numbers(untimely)
        outcome = pc.index_in(untimely["outcome"], pa.array(OUTCOMES)).to_numpy().astype(np.int64)
        amount = pc.cast(untimely["value_amount"], pa.float64()).to_numpy(zero_copy_only=False)
        priced = bool(np.isfinite(amount).any())
        amount = np.nan_to_num(amount)
        booked = entries(accounts, asset, span, len(axes.spans), outcome, amount)
        totals = assembly.totals_by_span(accounts, asset, span, panel.counts["lines"].shape)
        drawn, booked = self._with_uncertain_standards(axes, totals, booked, asset, outcome, amount)
        return Replayed(accounts, asset, booked, totals, drawn, priced)

    def _with_uncertain_standards(
        self,
        axes: assembly.Axes,
        totals: dict[str, Floats],
        booked: Entries,
        asset: Ints,
        outcome: Ints,
        amount: Floats,
    ) -> tuple[dict[str, Floats], Entries]:
        """The sums that ranges are drawn from: standards are estimates from the same weeks, and drawn with them.

        What another party reaches this one may not quite: how far sound ones differ belongs in the range, too.
        """
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
        standards.append({name: slower(known) for name, known in self._standards.items()})
        sums, parts = [], []
        until, at_fault = self._intake.observed_until, self._accounts.at_fault[chosen]
        for each in standards:
            again = account(table, each, self._calendars, self.portfolio, self._book, until, at_fault)
            sums.append(assembly.totals_by_span(again, asset[chosen], zero, shape))
            parts.append(entries(again, asset[chosen], zero, 1, outcome[chosen], amount[chosen]))
        scale = len(asset) / len(chosen)
        return (
            totals_with_shifts(totals, sums[1:-1], scale, sums[0], fold),
            entries_with_shifts(booked, parts[1:-1], parts[-1], scale, parts[0], fold),
        )


def _names(column: pa.ChunkedArray) -> list[str]:
    return [NOBODY if value is None else str(value) for value in column.to_pylist()]


def _recorded(name: str) -> str:
    return "" if name == NOBODY else name
