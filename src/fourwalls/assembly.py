"""Puts counts, clocks and accounts together, asset by asset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.chain.accounts import OUTCOMES, PLAYER, WALLS, Accounts, Entries, PartyBook
from fourwalls.chain.comparison import NOBODY
from fourwalls.diagnosis import Contribution, Gap, StageClock, StageShare
from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.measures.stage_times import QUANTILES, STAGES
from fourwalls.readings import active_spans, too_few_spans
from fourwalls.resampling import LEAST_CLUSTERS, LEVEL, Draws, ratio_ranges, share_estimate

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

WHOLE = "whole portfolio"
_WORST_PART = 0.1
_SPREADS = 399


@dataclass(frozen=True, slots=True)
class Axes:
    """What the rows and columns of all sums stand for.

    Attributes:
        grain: Columns that make an asset.
        keys: asset_key of each asset, ascending.
        assets: Values of the grain, None for null, one tuple for each asset.
        spans: Numbers of the spans of time, ascending.
    """

    grain: tuple[str, ...]
    keys: npt.NDArray[np.int64] | npt.NDArray[np.uint64]
    assets: tuple[tuple[str | None, ...], ...]
    spans: Ints

    def asset_numbers(self, table: pa.Table) -> Ints:
        """Number of each row's asset; 0 where all are one asset."""
        if not self.grain:
            return np.zeros(table.num_rows, dtype=np.int64)
        numbers: Ints = np.searchsorted(self.keys, table["asset_key"].to_numpy()).astype(np.int64)
        return numbers

    def span_numbers(self, table: pa.Table) -> Ints:
        """Number of each row's span of time, from 0."""
        numbers: Ints = np.searchsorted(self.spans, table["span"].to_numpy().astype(np.int64)).astype(np.int64)
        return numbers

    def sums(self, table: pa.Table, names: Sequence[str]) -> dict[str, Floats]:
        """Columns of a table summed by asset and span, shape (assets, spans) each."""
        flat = self.asset_numbers(table) * len(self.spans) + self.span_numbers(table)
        shape = (len(self.assets), len(self.spans))
        return {name: _bincount(flat, _floats(table[name]), shape) for name in names}


def _floats(column: pa.ChunkedArray) -> Floats:
    values: Floats = pc.fill_null(pc.cast(column, pa.float64()), 0.0).to_numpy(zero_copy_only=False)
    return values


def _bincount(flat: Ints, weights: Floats, shape: tuple[int, int]) -> Floats:
    sums: Floats = np.bincount(flat, weights, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    return sums


def axes_of(counts: pa.Table, grain: tuple[str, ...]) -> Axes:
    """Assets and spans that occur in the outcome counts."""
    keys, first = np.unique(counts["asset_key"].to_numpy(), return_index=True)
    picked = counts.take(pa.array(first))
    columns = [[None if v is None else str(v) for v in picked[name].to_pylist()] for name in grain]
    return Axes(
        grain,
        keys,
        tuple(zip(*columns, strict=True)),
        np.unique(counts["span"].to_numpy().astype(np.int64)),
    )


def whole_of(axes: Axes) -> Axes:
    """The portfolio as one asset, over the same spans."""
    return Axes((), np.zeros(1, dtype=np.int64), ((),), axes.spans)


def service_sums(counts: pa.Table, orders: pa.Table, axes: Axes) -> dict[str, Floats]:
    """What the readings divide, by asset and span, shape (assets, spans) each.

    Args:
        counts: From `outcome_counts`.
        orders: From `perfect_orders`.
        axes: Assets and spans.
    """
    flat = axes.asset_numbers(counts) * len(axes.spans) + axes.span_numbers(counts)
    shape = (len(axes.assets), len(axes.spans))
    outcome = counts["outcome"].to_numpy(zero_copy_only=False)
    is_ = {
        name: outcome == name
        for name in ("on time", "late", "overdue", "cancelled", "open", "no promise", "taken along")
    }
    truth = {
        name: (
            pc.fill_null(counts[name], False).to_numpy(zero_copy_only=False).astype(bool),
            pc.is_valid(counts[name]).to_numpy(),
        )
        for name in ("in_full", "is_returned", "after_promise")
    }
    in_full, in_full_known = truth["in_full"]
    returned, returned_known = truth["is_returned"]
    after = truth["after_promise"][0]
    delivered = is_["on time"] | is_["late"]
    due = delivered | is_["overdue"]
    lines, amount = _floats(counts["lines"]), _floats(counts["value_amount"])
    arrived = delivered | is_["no promise"] | is_["taken along"]
    chosen = {
        "lines": np.ones(len(lines), dtype=np.bool_),
        "on_time": is_["on time"],
        "late": is_["late"],
        "overdue": is_["overdue"],
        "cancelled": is_["cancelled"],
        "open": is_["open"],
        "taken_along": is_["taken along"],
        "due": due,
        "delivered": delivered,
        "on_time_in_full": is_["on time"] & in_full,
        "on_time_in_full_known": due & (in_full_known | is_["overdue"]),
        "returned": arrived & returned,
        "returned_known": arrived & returned_known,
        "cancelled_after_promise": after,
        "passed_promise": is_["late"] | is_["overdue"] | after,
    }
    sums = {name: _bincount(flat, lines * which, shape) for name, which in chosen.items()}
    for name in ("ordered_units", "shipped_units"):
        # What was never sent counts as ordered and not shipped.
        filled = (arrived & in_full_known) | is_["overdue"] | is_["cancelled"]
        sums[name] = _bincount(flat, _floats(counts[name]) * filled, shape)
    sums["value_amount"] = _bincount(flat, amount, shape)
    sums["cancelled_after_promise_amount"] = _bincount(flat, amount * after, shape)
    return sums | axes.sums(orders, ["orders", "perfect_orders"])


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
        "untraced": ~accounts.traceable & ~accounts.waits,
        "total": accounts.total,
        "operate": accounts.operate,
        "orchestrate": accounts.orchestrate,
        "known": accounts.known,
        "unheld": unheld,
        "residual": accounts.traceable & ~accounts.total,
        **{f"held_{stage.name}": accounts.traceable & accounts.held[i] for i, stage in enumerate(STAGES)},
        "held_promise": accounts.traceable & accounts.promise_held,
        "open_inside": accounts.traceable & accounts.open_sides[0],
        "open_between": accounts.traceable & accounts.open_sides[1],
    }
    for wall_number, wall in enumerate(WALLS):
        for player, stage in enumerate(PLAYER):
            values[f"{stage}/{wall}"] = np.where(
                accounts.wall[player] == wall_number, accounts.contribution[player], 0.0
            )
    for number, wall in enumerate(WALLS):
        values[f"by_{wall}"] = np.where(accounts.wall == number, accounts.contribution, 0.0).sum(axis=0)
    return {name: _bincount(flat, np.asarray(v, dtype=np.float64), shape) for name, v in values.items()}


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
        name: _estimates(values, lines, draws, -1.0 if name == "interaction" else 0.0)
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
    for name in ("missed", "total"):
        shares[name] = [
            e and share_estimate(e.value, e.low, e.high, n)
            for e, n in zip(shares[name], lines.sum(axis=1).tolist(), strict=True)
        ]
    stages = _stage_shares(totals, lines, draws)
    attributed = totals["by_inside"] + totals["by_between"]
    inside = _estimates(totals["by_inside"], attributed, draws)
    chances = _chance_inside(totals["by_inside"], totals["by_between"], draws)
    nothing = Refusal(
        "no_gap",
        "part inside the wall",
        "nothing could be recovered with a known party",
        "nothing to get: there is no gap to split",
    )
    active = active_spans(lines)
    return [
        too_few_spans("gap", int(active[i]))
        if active[i] < LEAST_CLUSTERS
        else Gap(
            **{name: figures[i] or _none(name) for name, figures in shares.items()},
            inside_share=_split_unknown(totals, i) or inside[i] or nothing,
            inside_chance=None if _split_unknown(totals, i) else chances[i],
            stages=stages[i],
            unjudged=_unjudged(totals, i),
        )
        for i in range(len(lines))
    ]


def _stage_shares(totals: Mapping[str, Floats], lines: Floats, draws: Draws) -> list[tuple[StageShare, ...]]:
    found: list[list[StageShare]] = [[] for _ in range(len(lines))]
    for stage in PLAYER:
        for wall in WALLS:
            recovered = totals[f"{stage}/{wall}"]
            total = recovered.sum(axis=1)
            for i, share in enumerate(_estimates(recovered, lines, draws)):
                if total[i] > 0 and share is not None:
                    found[i].append(StageShare(stage, wall, float(total[i]), share))
    return [tuple(shares) for shares in found]


def _unjudged(totals: Mapping[str, Floats], asset: int) -> tuple[str, ...]:
    """Stages that most traceable missed lines could not be held to anything at."""
    traceable = totals["missed"][asset].sum() - totals["untraced"][asset].sum()
    return tuple(stage for stage in PLAYER if totals[f"held_{stage}"][asset].sum() < traceable / 2)


def _split_unknown(totals: Mapping[str, Floats], asset: int) -> Refusal | None:
    """Why the gap cannot be split: the smaller side was mostly held to nothing, and might be the larger one.

    It is not refused where the larger side holds half of the traceable missed lines: whatever the other side could have
    saved of the rest, it is no more (worst-case bounds, Manski 2003, "Partial Identification of Probability Distributions").
    """
    inside, between = (float(totals[f"by_{side}"][asset].sum()) for side in ("inside", "between"))
    other, whose = ("between", "partners'") if inside >= between else ("inside", "our own")
    traceable = float(totals["missed"][asset].sum() - totals["untraced"][asset].sum())
    if inside + between <= 0 or totals[f"open_{other}"][asset].sum() <= traceable / 2:
        return None
    if max(inside, between) >= traceable / 2:
        return None
    because = (
        f"for most missed lines nothing shows what {whose} stages could reach, so their part is unknown and not nothing"
    )
    return Refusal("side_not_held", "part inside the wall", because, f"a target or a service level for {whose} stages")


def _none(name: str) -> Refusal:
    return Refusal("no_records", name, "no order line of this asset says anything about it", "order lines")


def _estimates(above: Floats, below: Floats, draws: Draws, least: float = 0.0) -> list[Estimate | None]:
    value, low, high = ratio_ranges(above, below, draws)
    # What a changed standard would do is added in a straight line, which may lead beyond what a share can be.
    low, high = np.clip(low, np.minimum(least, value), value), np.clip(high, value, np.maximum(1.0, value))
    return [
        Estimate(v, lo, hi, "share", LEVEL) if np.isfinite(v) else None
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
    low = np.maximum(low, np.minimum(value, 0.0))
    whole = np.full(entries.lines.shape[1], 1 / entries.lines.shape[1])
    money = ratio_ranges(entries.amount, whole, draws)
    total = entries.lines.sum(axis=1)
    for i in np.argsort(-total, kind="stable").tolist():
        party = accounts.parties[entries.party[i]]
        amount: Figure = Refusal(
            "no_price", "order value", "order_lines.price_amount or ordered_units is not in the record", "both columns"
        )
        if priced and np.isfinite(money[0][i]):
            amount = Estimate(
                float(money[0][i]),
                max(float(money[1][i]), min(float(money[0][i]), 0.0)),
                float(money[2][i]),
                currency,
                LEVEL,
            )
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
    slacks = entries.slack_lines, entries.slack_amount
    slack = [np.bincount(cells, x, minlength=shape[0]).astype(np.float64) for x in slacks]
    largest = np.zeros(shape[0], dtype=np.int64)
    order = np.argsort(entries.lines.sum(axis=1), kind="stable")
    largest[cells[order]] = entries.standard[order]
    outcome, stage, wall, party = unique.astype(np.int64)
    return Entries(np.zeros(shape[0], dtype=np.int64), outcome, stage, wall, party, largest, lines, amount, *slack)


def usual_standards(accounts: Accounts, asset: Ints, assets: int) -> list[tuple[str, ...]]:
    """What most missed lines of each asset were held to, stage by stage; empty where there was no standard."""
    words = len(accounts.words)
    found = []
    for stage in range(len(STAGES)):
        votes = np.bincount(asset * words + accounts.standard[stage], minlength=assets * words).reshape(assets, words)
        # The figures of a standard belong to its own comparable lines; beside a clock over all lines only its origin is right.
        origins = [words.split(": median")[0] for words in accounts.words]
        found.append([origins[w] if n else "" for w, n in zip(votes.argmax(1), votes.max(1), strict=True)])
    return list(zip(*found, strict=True))


def clocks(
    quantiles: pa.Table,
    below: Mapping[str, Floats],
    axes: Axes,
    draws: Draws | None,
    standards: Sequence[tuple[str, ...]],
) -> list[list[StageClock]]:
    """How long each stage takes in each asset.

    The range of a quantile is Woodruff's (1952): the range of the share of lines below it, read back as durations.

    Args:
        quantiles: From `stage_quantiles`.
        below: Sums of `lines_below`, shape (assets, spans) each.
        axes: Assets and spans.
        draws: Bootstrap draws of the spans.
        standards: From `usual_standards`.
    """
    found: list[list[StageClock]] = [[] for _ in axes.assets]
    rows = axes.asset_numbers(quantiles).tolist()
    for number, stage in enumerate(STAGES):
        n = below[f"{stage.name}_lines"]
        ends = {p: _shares_below(below[f"{stage.name}_within_{p}"], n, draws) for p in (50, 90)}
        for asset, grid, lines in zip(
            rows,
            quantiles[f"{stage.name}_quantiles"].to_pylist(),
            quantiles[f"{stage.name}_lines"].to_pylist(),
            strict=True,
        ):
            if lines:
                hours = np.array(grid) / 3600
                median, p90 = (_quantile_estimate(p / 100, hours, ends[p], asset) for p in (50, 90))
                found[asset].append(StageClock(stage.name, median, p90, standards[asset][number], lines))
    return found


def quantile_marks(quantiles: pa.Table, axes: Axes) -> pa.Table:
    """Median and nine-tenths quantile of every stage in every asset, for `lines_below` to count against [s]."""
    columns = {}
    for stage in STAGES:
        grids = [
            grid if lines else None
            for grid, lines in zip(
                quantiles[f"{stage.name}_quantiles"].to_pylist(),
                quantiles[f"{stage.name}_lines"].to_pylist(),
                strict=True,
            )
        ]
        for percent in (50, 90):
            marks = [None if grid is None else float(np.interp(percent / 100, QUANTILES, grid)) for grid in grids]
            columns[f"{stage.name}_{percent}"] = pa.array(marks, pa.float64())
    table = pa.table(columns)
    return table.append_column("asset_key", quantiles["asset_key"]) if axes.grain else table


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


def concentration(total: Floats, lines: Floats) -> tuple[Floats, Floats, Bools]:
    """How much of each gap fell into its worst tenth of the spans, and what is left outside them.

    Args:
        total: Recoverable lines, shape (assets, spans).
        lines: Order lines, shape (assets, spans).

    Returns:
        Part of the gap in the worst spans, 0-1; the rest as a share of the lines of the other spans; and whether the
        part exceeds what 19 in 20 random spreads of as many lines over the same weeks would show; shape (assets,).
    """
    worst = max(1, round(_WORST_PART * total.shape[1]))
    order = np.argsort(-total, axis=1, kind="stable")
    at = np.take_along_axis(total, order, axis=1)
    n = np.take_along_axis(lines, order, axis=1)
    everything = total.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.where(everything > 0, at[:, :worst].sum(axis=1) / everything, 0.0)
        rest = np.where(n[:, worst:].sum(axis=1) > 0, at[:, worst:].sum(axis=1) / n[:, worst:].sum(axis=1), 0.0)
    beyond = np.array(
        [p > _by_chance(round(k), weights, worst) for p, k, weights in zip(part, everything, lines, strict=True)]
    )
    return part, rest, beyond


def lasts_to_the_end(total: Floats, lines: Floats) -> Bools:
    """Whether most of what fell into the worst tenth of the spans fell into the last of them: it goes on, for all we know.

    Args:
        total: Recoverable lines, shape (assets, spans).
        lines: Order lines of which the end is known, shape (assets, spans); spans after the last of them are not looked at.
    """
    worst = max(1, round(_WORST_PART * total.shape[1]))
    found = np.zeros(len(total), dtype=np.bool_)
    for i, (gap, known) in enumerate(zip(total, lines, strict=True)):
        ended = np.flatnonzero(known >= known.mean() / 2)
        end = int(ended[-1]) + 1 if len(ended) else len(gap)
        at = np.argsort(-gap[:end], kind="stable")[:worst]
        found[i] = gap[at[at >= end - worst]].sum() > gap[at].sum() / 2
    return found


def _by_chance(recoverable: int, lines: Floats, worst: int) -> float:
    """The part in the worst spans that 19 in 20 random spreads stay below; 1 where nothing could be spread."""
    if recoverable < 1 or lines.sum() <= 0:
        return 1.0
    rng = np.random.default_rng(0)
    drawn = np.sort(rng.multinomial(recoverable, lines / lines.sum(), size=_SPREADS), axis=1)
    return float(np.quantile(drawn[:, -worst:].sum(axis=1) / recoverable, 0.95))
