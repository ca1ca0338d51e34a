"""Puts counts, clocks and accounts together to the diagnosis of each asset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.chain.accounts import OUTCOMES, PLAYER, WALLS, Accounts, Entries, PartyBook
from fourwalls.chain.comparison import NOBODY
from fourwalls.diagnosis import AssetDiagnosis, Contribution, Gap, StageClock
from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.measures.stage_times import QUANTILES, STAGES
from fourwalls.portfolio import Portfolio
from fourwalls.readings import Panel, too_few_spans
from fourwalls.resampling import LEVEL, Draws, ratio_ranges
from fourwalls.verdict import Facts, decide

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WHOLE = "whole portfolio"
_SEPARATOR = "\x1f"
_NULL = "\x00"
# Contributions that recover fewer lines than this, all told, are not listed one by one.
_WORST_PART = 0.1


@dataclass(frozen=True, slots=True)
class Axes:
    """What the rows and columns of all sums stand for.

    Attributes:
        grain: Columns that make an asset.
        assets: Values of the grain, None for null, one tuple for each asset.
        spans: Numbers of the spans of time.
    """

    grain: tuple[str, ...]
    assets: tuple[tuple[str | None, ...], ...]
    spans: Ints

    def asset_numbers(self, table: pa.Table) -> Ints:
        """Number of each row's asset."""
        if not self.grain:
            return np.zeros(table.num_rows, dtype=np.int64)
        codes = {_SEPARATOR.join(_NULL if v is None else v for v in a): i for i, a in enumerate(self.assets)}
        text = [pc.fill_null(pc.cast(table[name], pa.string()), _NULL) for name in self.grain]
        coded = pc.dictionary_encode(pc.binary_join_element_wise(*text, _SEPARATOR)).combine_chunks()
        known = np.array([codes[key] for key in coded.dictionary.to_pylist()] or [0], dtype=np.int64)
        return known[coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)]

    def span_numbers(self, table: pa.Table) -> Ints:
        """Number of each row's span of time, from 0."""
        return np.searchsorted(self.spans, table["span"].to_numpy().astype(np.int64)).astype(np.int64)

    def sums(self, table: pa.Table, names: Sequence[str], asset: Ints | None = None) -> dict[str, Floats]:
        """Columns of a table summed by asset and span, shape (assets, spans) each."""
        rows = self.asset_numbers(table) if asset is None else asset
        flat = rows * len(self.spans) + self.span_numbers(table)
        shape = (len(self.assets), len(self.spans))
        return {
            name: np.bincount(
                flat, pc.cast(table[name], pa.float64()).fill_null(0.0).to_numpy(), minlength=shape[0] * shape[1]
            ).reshape(shape)
            for name in names
        }


def axes_of(counts: pa.Table, grain: tuple[str, ...]) -> Axes:
    """Assets and spans that occur in the service counts."""
    columns = [[None if v is None else str(v) for v in counts[name].to_pylist()] for name in grain]
    found = set(zip(*columns, strict=True)) if grain else {()}
    assets = tuple(sorted(found, key=lambda a: tuple((v is None, v or "") for v in a)))
    return Axes(grain, assets, np.unique(counts["span"].to_numpy().astype(np.int64)))


def asset_name(values: Sequence[str | None]) -> str:
    """An asset as people call it."""
    return " · ".join("(not recorded)" if v is None else v for v in values) or WHOLE


def pooled(counts: Mapping[str, Floats]) -> dict[str, Floats]:
    """The same counts for the portfolio as one asset."""
    return {name: values.sum(axis=0, keepdims=True) for name, values in counts.items()}


def totals_by_span(accounts: Accounts, asset: Ints, span: Ints, shape: tuple[int, int]) -> dict[str, Floats]:
    """Missed and recoverable lines by asset and span, shape (assets, spans) each."""
    flat = asset * shape[1] + span
    unheld = accounts.traceable & ~accounts.total & ~accounts.held.all(axis=0)
    values = {
        "missed": np.ones(len(asset)),
        "untraced": ~accounts.traceable,
        "total": accounts.total,
        "operate": accounts.operate,
        "orchestrate": accounts.orchestrate,
        "known": accounts.known,
        "unheld": unheld,
        "residual": accounts.traceable & ~accounts.total,
    }
    for number, wall in enumerate(WALLS):
        values[f"by_{wall}"] = np.where(accounts.wall == number, accounts.contribution, 0.0).sum(axis=0)
    return {
        name: np.bincount(flat, np.asarray(v, dtype=np.float64), minlength=shape[0] * shape[1]).reshape(shape)
        for name, v in values.items()
    }


def gaps(totals: Mapping[str, Floats], lines: Floats, draws: Draws | None) -> list[Gap | Refusal]:
    """The split of every asset's gap.

    Args:
        totals: From `totals_by_span`.
        lines: Order lines, shape (assets, spans).
        draws: Bootstrap draws of the spans; None refuses.
    """
    if draws is None:
        return [too_few_spans("gap", lines.shape[1])] * len(lines)
    interaction = totals["known"] - totals["operate"] - totals["orchestrate"]
    shares = {
        name: _estimates(values, lines, draws)
        for name, values in (
            ("total", totals["total"]),
            ("operate", totals["operate"]),
            ("orchestrate", totals["orchestrate"]),
            ("interaction", interaction),
            ("missed", totals["missed"]),
            ("residual", totals["residual"]),
            ("untraced", totals["untraced"]),
        )
    }
    attributed = totals["by_inside"] + totals["by_between"]
    inside = _estimates(totals["by_inside"], attributed, draws)
    chances = _chance_inside(totals["by_inside"], totals["by_between"], draws)
    nothing = Refusal("no_gap", "part inside the wall", "nothing could be recovered with a known party", "")
    return [
        Gap(
            **{name: figures[i] or _none(name) for name, figures in shares.items()},
            inside_share=inside[i] or nothing,
            inside_chance=chances[i],
        )
        for i in range(len(lines))
    ]


def _none(name: str) -> Refusal:
    return Refusal("no_records", name, "no order line of this asset says anything about it", "order lines")


def _estimates(above: Floats, below: Floats, draws: Draws, unit: str = "share") -> list[Estimate | None]:
    value, low, high = ratio_ranges(above, below, draws)
    return [
        Estimate(v, lo, hi, unit, LEVEL) if np.isfinite(v) else None
        for v, lo, hi in zip(value.tolist(), low.tolist(), high.tolist(), strict=True)
    ]


def _chance_inside(inside: Floats, between: Floats, draws: Draws) -> list[float | None]:
    """Share of replicates in which more of the gap is inside than between; ties count half."""
    a, b = draws.counts @ inside.T, draws.counts @ between.T
    chance = (a > b).mean(axis=0) + (a == b).mean(axis=0) / 2
    some = (inside.sum(axis=1) + between.sum(axis=1)) > 0
    return [float(c) if s else None for c, s in zip(chance, some, strict=True)]


def contributions(
    entries: Entries,
    lines: Floats,
    draws: Draws | None,
    book: PartyBook,
    accounts: Accounts,
    currency: str,
    priced: bool,
) -> list[list[Contribution]]:
    """What each stage in the hands of each party took, asset by asset, largest first."""
    found: list[list[Contribution]] = [[] for _ in range(len(lines))]
    if draws is None:
        return found
    value, low, high = ratio_ranges(entries.lines, lines[entries.asset], draws)
    whole = np.full(entries.lines.shape[1], 1 / entries.lines.shape[1])
    money = ratio_ranges(entries.amount, whole, draws)
    total = entries.lines.sum(axis=1)
    for i in np.argsort(-total, kind="stable").tolist():
        party = accounts.parties[entries.party[i]]
        amount: Figure = Refusal(
            "no_price", "order value", "order_lines.price_amount or ordered_units is not in the record", "both columns"
        )
        if priced and np.isfinite(money[0][i]):
            amount = Estimate(float(money[0][i]), float(money[1][i]), float(money[2][i]), currency, LEVEL)
        found[entries.asset[i]].append(
            Contribution(
                outcome=OUTCOMES[entries.outcome[i]],
                stage=PLAYER[entries.stage[i]],
                wall=WALLS[entries.wall[i]],
                party_id=None if party == NOBODY else party,
                party_name="party not recorded" if party == NOBODY else book.names.get(party, party),
                lines=float(total[i]),
                share=Estimate(float(value[i]), float(low[i]), float(high[i]), "share", LEVEL),
                amount=amount,
                standard=accounts.words[entries.standard[i]],
            )
        )
    return found


def pooled_entries(entries: Entries) -> Entries:
    """The same contributions for the portfolio as one asset."""
    keys = np.stack([entries.outcome, entries.stage, entries.wall, entries.party])
    unique, inverse = np.unique(keys, axis=1, return_inverse=True)
    cells = inverse.ravel()
    shape = (unique.shape[1], entries.lines.shape[1])
    lines, amount = np.zeros(shape), np.zeros(shape)
    np.add.at(lines, cells, entries.lines)
    np.add.at(amount, cells, entries.amount)
    largest = np.zeros(shape[0], dtype=np.int64)
    order = np.argsort(entries.lines.sum(axis=1), kind="stable")
    largest[cells[order]] = entries.standard[order]
    outcome, stage, wall, party = unique.astype(np.int64)
    return Entries(np.zeros(shape[0], dtype=np.int64), outcome, stage, wall, party, largest, lines, amount)


def clocks(
    quantiles: Mapping[str, pa.Table], below: Mapping[str, Floats], axes: Axes, draws: Draws | None
) -> list[list[StageClock]]:
    """How long each stage takes in each asset.

    The range of a quantile is Woodruff's (1952): the range of the share of lines below it, read back as durations.

    Args:
        quantiles: Stage → result of `stage_quantiles`.
        below: Sums of `lines_below`, shape (assets, spans) each.
        axes: Assets and spans.
        draws: Bootstrap draws of the spans.
    """
    found: list[list[StageClock]] = [[] for _ in axes.assets]
    for stage in STAGES:
        table = quantiles.get(stage.name)
        if table is None or table.num_rows == 0:
            continue
        n = below[f"{stage.name}_lines"]
        ends = {p: _shares_below(below[f"{stage.name}_within_{p}"], n, draws) for p in (50, 90)}
        for row, asset in enumerate(axes.asset_numbers(table).tolist()):
            grid = table["quantiles"][row].as_py()
            if grid is None or grid[0] is None:
                continue
            hours = np.array(grid) / 3600
            median, p90 = (_quantile_estimate(p / 100, hours, ends[p], asset) for p in (50, 90))
            found[asset].append(StageClock(stage.name, median, p90, "", int(table["lines"][row].as_py())))
    return found


def quantile_marks(quantiles: Mapping[str, pa.Table], axes: Axes) -> pa.Table:
    """Median and nine-tenths quantile of every stage in every asset, for `lines_below` to count against [s]."""
    marks = {f"{stage.name}_{percent}": np.full(len(axes.assets), np.nan) for stage in STAGES for percent in (50, 90)}
    for name, table in quantiles.items():
        for row, asset in enumerate(axes.asset_numbers(table).tolist()):
            grid = table["quantiles"][row].as_py()
            if grid is not None and grid[0] is not None:
                for percent in (50, 90):
                    marks[f"{name}_{percent}"][asset] = np.interp(percent / 100, QUANTILES, grid)
    columns = {
        f"mark_{name}": pa.array([a[i] or "" for a in axes.assets], pa.string()) for i, name in enumerate(axes.grain)
    }
    values = {name: pa.array(v, pa.float64(), from_pandas=True) for name, v in marks.items()}
    return pa.table({"asset_number": np.arange(len(axes.assets)), **columns, **values})


def _shares_below(within: Floats, n: Floats, draws: Draws | None) -> tuple[Floats, Floats, Floats] | None:
    return None if draws is None else ratio_ranges(within, n, draws)


def _quantile_estimate(p: float, hours: Floats, shares: tuple[Floats, Floats, Floats] | None, asset: int) -> Figure:
    value = float(np.interp(p, QUANTILES, hours))
    if shares is None or not np.isfinite(shares[0][asset]):
        return Refusal("too_few_spans", "cycle time", "the record is too short for a range", "a longer period")
    share, low, high = (float(s[asset]) for s in shares)
    # Ties put more than p of the lines at or below the quantile; only the width of the range is carried over.
    ends = np.interp([p - (share - low), p + (high - share)], QUANTILES, hours)
    return Estimate(value, min(float(ends[0]), value), max(float(ends[1]), value), "hours", LEVEL)


def concentration(total: Floats, lines: Floats) -> tuple[Floats, Floats]:
    """How much of each gap fell into its worst tenth of the spans, and what is left outside them.

    Returns:
        Part of the gap in the worst spans, 0-1; and the rest as a share of the lines of the other spans; shape (assets,).
    """
    worst = max(1, round(_WORST_PART * total.shape[1]))
    order = np.argsort(-total, axis=1, kind="stable")
    at = np.take_along_axis(total, order, axis=1)
    n = np.take_along_axis(lines, order, axis=1)
    everything = total.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(everything > 0, at[:, :worst].sum(axis=1) / everything, 0.0)
        rest = np.where(n[:, worst:].sum(axis=1) > 0, at[:, worst:].sum(axis=1) / n[:, worst:].sum(axis=1), 0.0)
    return part, rest


@dataclass(frozen=True, slots=True)
class Parts:
    """All that is known of a list of assets, entry by entry in the order of the axes."""

    axes: Axes
    panel: Panel
    totals: Mapping[str, Floats]
    gaps: list[Gap | Refusal]
    contributions: list[list[Contribution]]
    clocks: list[list[StageClock]]
    readings: list[list[Reading]]


def assets_from(parts: Parts, portfolio: Portfolio) -> list[AssetDiagnosis]:
    """The diagnosis of each asset."""
    lines = parts.panel.counts["lines"]
    t = {name: values.sum(axis=1) for name, values in parts.totals.items()}
    event, outside = concentration(parts.totals["total"], lines)
    made = []
    for i, values in enumerate(parts.axes.assets):
        missed, total = float(t["missed"][i]), float(t["total"][i])
        facts = Facts(
            lines=round(float(lines[i].sum() - parts.panel.counts["open"][i].sum())),
            gap=parts.gaps[i],
            contributions=tuple(parts.contributions[i]),
            unknown_share=float(t["by_unknown"][i]) / total if total else 0.0,
            untraced_share=float(t["untraced"][i]) / missed if missed else 0.0,
            unheld_share=float(t["unheld"][i]) / missed if missed else 0.0,
            event_share=float(event[i]),
            outside_event=float(outside[i]),
        )
        verdict = decide(facts, portfolio.thresholds)
        refused = [r.figure for r in parts.readings[i] if isinstance(r.figure, Refusal)]
        made.append(
            AssetDiagnosis(
                asset=dict(zip(parts.axes.grain, values, strict=True)),
                name=asset_name(values),
                verdict=verdict.name,
                because=verdict.because,
                rule=verdict.rule,
                bottleneck=verdict.bottleneck,
                n_lines=round(float(lines[i].sum())),
                readings=tuple(parts.readings[i]),
                gap=parts.gaps[i],
                contributions=tuple(parts.contributions[i]),
                clocks=tuple(parts.clocks[i]),
                refusals=tuple(dict.fromkeys([*verdict.refusals, *refused])),
            )
        )
    return made
