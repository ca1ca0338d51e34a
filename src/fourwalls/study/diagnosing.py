"""What the records come to: the diagnosis, from both flows, from stock alone, from a work log or answers alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property
from importlib.metadata import version

import numpy as np

from fourwalls import assembly, concluding, hinges, readings, resampling
from fourwalls.answers import judged, judged_answers, read_answers, unknown_assets
from fourwalls.availability import StockSide
from fourwalls.chain.standards import Detectable, pooled
from fourwalls.diagnosis import AssetDiagnosis, Availability, Diagnosis, Health, StageClock
from fourwalls.errors import TableError, listed
from fourwalls.evidence import case_work
from fourwalls.evidence.case_work import log_ground
from fourwalls.evidence.gathering import Gathered
from fourwalls.evidence.ground import Finding
from fourwalls.figures import Estimate, Figure, Period, Reading
from fourwalls.governance.questions import owners
from fourwalls.governance.readiness import readiness
from fourwalls.governance.telling import controls_told, outages_told
from fourwalls.losses import AssetKey, Loss
from fourwalls.measures import order_lines, stage_times
from fourwalls.planning import Known, Sales, advised
from fourwalls.reconsidering import Kept, Side
from fourwalls.signals.capabilities import capabilities, least_readings
from fourwalls.signals.gathering import materials
from fourwalls.signals.governing import rules_of
from fourwalls.signals.lines import ten_lines
from fourwalls.signals.material import Material
from fourwalls.stocktaking import sides, stock_notes
from fourwalls.study.records import Floats
from fourwalls.study.replaying import Replayed, Replaying
from fourwalls.value import Costs, assumed, costs, paths_told, portfolio_values
from fourwalls.weighing import counted
from fourwalls.whole import of_whole

# What would be worth knowing is asked of so many assets, those with most to recover.
_MOST_HINGES = 20


class Diagnosing(Replaying):
    """Records and their replay with what is concluded from them."""

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
        return self._flows_concluded()

    def _flows_concluded(self) -> tuple[Diagnosis, tuple[concluding.Case, ...], Kept]:
        axes, panel = self._counts
        years = self._ground.years
        stock, gathered = self._side_by_side(axes)
        replayed = self._replayed(axes, panel)
        self._progress("measuring cycle times and the cost of lateness")
        late = gathered.costs.measured_late if gathered.costs is not None else None
        cost = costs(self.portfolio, None, late)
        each = self._parts(axes, panel, replayed, stock[:-1], cost)
        whole, pooled = assembly.whole_of(axes), replayed.pooled()
        whole_panel = readings.Panel(assembly.pooled(panel.counts), panel.draws)
        total = self._parts(whole, whole_panel, pooled, stock[-1:], cost)
        both = (each, _beside(gathered, axes.assets)), (total, _beside(gathered, whole.assets))
        cases = [concluding.cases_of(p, x, self.portfolio, cost, self._book.names, years) for p, x in both]
        asked = self._asked([*cases[0], *cases[1]], panel.counts)
        n = len(cases[0])
        made = [
            concluding.conclude(p, c, x, a, self.portfolio, years)
            for (p, x), c, a in zip(both, cases, (asked[:n], asked[n:]), strict=True)
        ]
        told = self._advised(made[0], made[1][0], cases[0], cost, gathered.notes)
        kept = Kept(
            self.portfolio, self._text, Side(each, both[0][1], replayed.booked, replayed.priced),
            Side(total, both[1][1], pooled.booked, replayed.priced),
            self._governed[1], self._material, read_answers(self.portfolio.folder),
            late, years, self._book.names, tuple(replayed.parties), tuple(replayed.accounts.words), self._advice, told,
        )  # fmt: skip
        ready = zip(cases[0], asked[:n], strict=True)
        return told, tuple(replace(c, both=replace(c.both, readiness=a.readiness)) for c, a in ready), kept

    def _side_by_side(self, axes: assembly.Axes) -> tuple[list[StockSide], Gathered]:
        """What shelves lost, by asset and of the whole last, and what the other records say.

        The shelves are arithmetic and the other records are questions to the engine: side by side they take half the time.
        """
        aside = ThreadPoolExecutor(1)
        try:
            asked_aside = aside.submit(lambda: self._gathered)
            stock = sides(self._stock, list(axes.assets), self.portfolio.currency)
            return stock, asked_aside.result()
        except BaseException:
            # Whoever stops one part, by Ctrl-C above all, does not wait for the other.
            self._engine.stop()
            raise
        finally:
            aside.shutdown(wait=False, cancel_futures=True)

    def _parts(
        self, axes: assembly.Axes, panel: readings.Panel, replayed: Replayed, stock: list[StockSide], cost: Costs
    ) -> concluding.Parts:  # fmt: skip
        lines, draws = panel.counts["lines"], panel.draws
        accounts, booked, totals, priced = replayed.accounts, replayed.booked, replayed.totals, replayed.priced
        return concluding.Parts(
            axes,
            panel,
            totals,
            assembly.gaps(replayed.drawn, lines, draws),
            assembly.contributions(booked, lines, draws, self._book, accounts, self.portfolio.currency, priced),
            self._clocks(axes, draws, assembly.usual_standards(accounts, replayed.asset, len(axes.assets))),
            self._readings(axes, panel),
            concluding.service_worth(booked, totals, draws, cost, priced=priced),
            concluding.service_losses(booked, axes.assets, replayed.parties, accounts.words, draws, cost)
            if priced
            else [[] for _ in axes.assets],
            stock,
            concluding.service_worth(booked, totals, draws, replace(cost, lost=0.0), priced=priced),
        )

    def _advised(
        self, made: list[AssetDiagnosis], total: AssetDiagnosis, cases: list[concluding.Case], cost: Costs, notes: Sequence[str]
    ) -> Diagnosis:  # fmt: skip
        """The diagnosis with what follows for people: worst assets first, what is worth knowing, roles and plans."""
        made.sort(key=_by_loss)
        values = portfolio_values(concluding.values_told(cases, self.portfolio), self.portfolio)
        paths = paths_told(values, self.portfolio.currency)
        self._progress("asking which data would be worth having first")
        by_key = {tuple(c.key): c for c in cases}
        made[:_MOST_HINGES] = [
            replace(a, worth_knowing=hinges.worth_knowing(by_key[tuple(a.asset.values())], self.portfolio))
            for a in made[:_MOST_HINGES]
        ]
        assets, pool = advised(
            made, of_whole(replace(total, paths=paths), made, self.portfolio.thresholds), self._advice
        )
        told = self._told(assets, pool, self._intake.period)
        noted = tuple(dict.fromkeys([*told.health.notes, *notes]))
        return replace(
            told, health=replace(told.health, notes=noted), assumptions=assumed(self.portfolio, cost),
            controls=controls_told(self._governed[1], self._ground.party_names),
            outages=outages_told(self._governed[1], self._ground.party_names),
        )  # fmt: skip

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

    def _lateness(self, axes: assembly.Axes, panel: readings.Panel, present: frozenset[str]) -> list[list[Reading]]:
        return readings.lateness_readings(
            self._by_lateness, axes.asset_numbers, axes.span_numbers, panel, present, self.portfolio.currency
        )


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
