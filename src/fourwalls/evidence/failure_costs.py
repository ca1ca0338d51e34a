"""What a late and a cancelled line cost, from the records: bookings and hours that follow them, and custom that is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import NormalDist
from typing import Literal

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.evidence.ground import PLACE, Ground
from fourwalls.evidence.rates import normal_of_t
from fourwalls.figures import Estimate, Refusal
from fourwalls.measures import failures, ledger
from fourwalls.resampling import LEAST_CLUSTERS, LEVEL, REPLICATES, Draws
from fourwalls.value import DEFAULT_LATE_LINE_COST_SHARE, LATE_COST_FACTOR, MeasuredLate

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Event = Literal["late", "cancelled"]
EVENTS: tuple[Event, Event] = ("late", "cancelled")

# Bookings and cases may follow a failure by as many weeks.
LAGS = 3
# Chance at which a piece would be kept although it has nothing to do with failures, over all pieces of an event.
_ERROR = 0.05
# Fewer failures than this in the record cannot carry a cost.
LEAST_FAILURES = 50
LOST_CUSTOM = "lost custom"
_NAMED_PART = 0.95
_MOST_LINES_FOLLOWED = 500_000
_LEAST_LINES_PER_CELL = 1.0
# Customers are put together into so many to see how far they differ.
_BUCKETS = 200


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that a failure costs, per failed line.

    Attributes:
        event: The failure.
        name: What it costs: a cause of bookings, a kind of case, "lost custom".
        source: Table it was found in.
        amount: [portfolio currency per line].
        draws: The same in each replicate, shape (REPLICATES,).
        kept: Whether it is part of the sum: bookings and hours only where they are more than chance.
        n: Failed lines behind it.
    """

    event: Event
    name: str
    source: Literal["leakage", "work_log", "order_lines"]
    amount: float
    draws: Floats
    kept: bool
    n: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What one failed line costs.

    Attributes:
        share: Of the value of a failed line, with its range.
        amount: [portfolio currency per line], with its range.
        draws: Of the share, shape (REPLICATES,).
    """

    share: Estimate
    amount: Estimate
    draws: Floats


@dataclass(frozen=True)
class FailureCosts:
    """What failures cost, measured.

    Attributes:
        late: A line that came late or is overdue; None where the records do not tell.
        lost: What a cancelled line costs beyond its own margin; None likewise.
        pieces: What they are made of, those left out as chance included.
        follows: Cause of bookings as booked → share of its amount that follows failures: no waste of its own.
        notes: How it was measured, in words.
        refusals: What could not be told.
    """

    late: Cost | None
    lost: Cost | None
    pieces: tuple[Piece, ...]
    follows: Mapping[str, float]
    notes: tuple[str, ...]
    refusals: tuple[Refusal, ...]

    @property
    def measured_late(self) -> MeasuredLate | None:
        """The cost of a late line as values use it."""
        if self.late is None:
            return None
        mine = [p for p in self.pieces if p.event == "late"]
        whole = any(p.name == LOST_CUSTOM for p in mine)
        # Bookings follow what goods are worth, and who buys dear ones would have bought dear ones again; a call takes as long for cheap ones.
        by_line = sum(p.amount for p in mine if p.kept and p.source == "work_log")
        share, amount = self.late.share.value, self.late.amount.value
        if share <= 0:
            return MeasuredLate(share, self.late.draws, whole)
        return MeasuredLate(share, self.late.draws, whole, min(max(by_line / amount, 0.0), 1.0), amount / share)


def measure(ground: Ground) -> FailureCosts:
    """What a late line costs, and what a cancelled line costs beyond its margin.

    Pieces add up: each cause of bookings and each kind of case is regressed on the late and cancelled lines of the same
    place and the weeks before, with a rate per line of its own for every place, so that places that differ for other
    reasons do not count; such a piece is kept where it is no accident at 5 % over all of them (Holm 1979, Scandinavian Journal of Statistics 6).
    Lost custom was asked for beforehand and always counts, with its range; it is what customers bought from the order until the record ends, of failed against sound orders of the same week, place,
    size and number of orders before, at margin after fulfilment; where customers buy elsewhere in the shop what was cancelled, it is below zero. It is told within the record only, and so a lower bound of what is lost for good.

    Needs leakage, work_log with a wage, or customer_id; refuses by name what is missing. Ranges draw the weeks again.
    """
    if ground.lines is None or ground.draws is None:
        because = "there are no order lines" if ground.lines is None else "the record is too short for ranges"
        refusal = Refusal("no_failure_costs", "cost of a failure", because, "at least eight weeks of order lines")
        return FailureCosts(None, None, (), {}, (), (refusal,))
    panel = _Panel(ground)
    pieces, follows, refusals = _booked(ground, panel)
    custom, notes, refused = _custom(ground, {event: panel.mean_value(event) for event in EVENTS})
    pieces, refusals = [*pieces, *custom], [*refusals, *refused]
    late, lost = (_cost(event, pieces, panel, ground) for event in EVENTS)
    return FailureCosts(late, lost, tuple(pieces), follows, tuple(notes), tuple(refusals))


def _cost(event: Event, pieces: list[Piece], panel: _Panel, ground: Ground) -> Cost | None:
    mine = [p for p in pieces if p.event == event]
    worth = panel.mean_value(event)
    if not mine or not worth > 0 or ground.draws is None:
        return None
    kept = [p for p in mine if p.kept]
    amount = sum(p.amount for p in kept)
    draws = np.sum([p.draws for p in kept], axis=0) if kept else np.zeros(REPLICATES)
    currency, tail = ground.portfolio.currency, ground.draws.tail
    return Cost(
        _estimate(amount / worth, draws / worth, "share", tail), _estimate(amount, draws, currency, tail), draws / worth
    )


def _estimate(value: float, draws: Floats, unit: str, tail: float) -> Estimate:
    low, high = (float(x) for x in np.quantile(draws, [tail, 1 - tail]))
    return Estimate(value, min(low, value), max(high, value), unit, LEVEL)


def lines_of(ground: Ground) -> ir.Table:
    """Judged order lines, where it was asked before that there are some."""
    if ground.lines is None:
        raise ValueError("there are no order lines")
    return ground.lines


def draws_of(ground: Ground) -> Draws:
    """Bootstrap draws, where it was asked before that there are some."""
    if ground.draws is None:
        raise ValueError("the record is too short for ranges")
    return ground.draws


class _Panel:
    """Failed lines by place and week, from which the lines of any coarser place follow."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        table = ground.engine.run(failures.failed_lines(lines_of(ground), ground.span_seconds))
        self.names = list(zip(*(table[c].to_pylist() for c in PLACE), strict=True))
        self.span = ground.span_index(table["span"].to_numpy().astype(np.int64))
        self._columns = {c: _floats(table[c]) for c in table.column_names if c not in (*PLACE, "span")}

    @property
    def counts(self) -> dict[str, float]:
        """Failed lines by event."""
        return {event: float(self._columns[event].sum()) for event in EVENTS}

    def mean_value(self, event: Event) -> float:
        """Mean value of a failed line [portfolio currency]."""
        n = self._columns[event].sum()
        return float(self._columns[f"{event}_value"].sum() / n) if n else float("nan")

    def by(self, columns: tuple[int, ...]) -> tuple[dict[tuple[str | None, ...], int], Floats]:
        """Number of each place made of these columns of PLACE; lines, late, cancelled, due by place and span, shape (places, spans, 4)."""
        keys = [tuple(name[i] for i in columns) for name in self.names]
        number = {key: i for i, key in enumerate(dict.fromkeys(keys))}
        sums = np.zeros((len(number), len(self._ground.spans), 4))
        inside = self.span >= 0
        at = np.array([number[key] for key in keys], dtype=np.int64)[inside], self.span[inside]
        for i, name in enumerate(("lines", *EVENTS, "due")):
            np.add.at(sums[..., i], at, self._columns[name][inside])
        return number, sums


def _floats(column: pa.ChunkedArray) -> Floats:
    values = pc.fill_null(pc.cast(column, pa.float64()), 0.0).to_numpy(zero_copy_only=False)
    return np.nan_to_num(np.asarray(values, np.float64))


@dataclass(frozen=True)
class _Series:
    """Money booked, or hours at the wage, under one name, row by row of the measure."""

    name: str
    source: Literal["leakage", "work_log"]
    places: list[tuple[str | None, ...]]
    span: Ints
    amount: Floats

    @cached_property
    def columns(self) -> tuple[int, ...]:
        """Columns of PLACE that nearly all of it names."""
        total = self.amount.sum()
        return tuple(
            i
            for i in range(len(PLACE))
            if sum(a for p, a in zip(self.places, self.amount, strict=True) if p[i] is not None) >= _NAMED_PART * total
        )


def _series(ground: Ground) -> tuple[list[_Series], list[Refusal]]:
    found, refusals = [], []
    if "leakage" in ground.rows:
        table = ground.engine.run(ledger.bookings(ground.rows["leakage"], ground.span_seconds))
        found += _split(ground, table, "cause", "amount", "leakage", 1.0)
    else:
        refusals.append(
            _refused(
                "no_leakage",
                "bookings that follow late lines",
                "there is no table leakage",
                "leakage by cause and place",
            )
        )
    wage = ground.portfolio.assumptions.get("wage_amount_per_hour")
    if "work_log" in ground.rows and wage is not None:
        table = ground.engine.run(failures.case_hours(ground.rows["work_log"], ground.span_seconds))
        found += _split(ground, table, "case_kind", "hours", "work_log", wage)
    else:
        missing = "portfolio.toml names no wage_amount_per_hour" if wage is None else "there is no table work_log"
        refusals.append(
            _refused("no_case_work", "hours that follow late lines", missing, "work_log, and wage_amount_per_hour")
        )
    return found, refusals  # fmt: skip


def _refused(code: str, about: str, because: str, step: str) -> Refusal:
    return Refusal(code, about, because, step)


def _split(
    ground: Ground, table: pa.Table, by: str, amount: str, source: Literal["leakage", "work_log"], times: float
) -> list[_Series]:
    names = table[by].to_pylist()
    places = list(zip(*(table[c].to_pylist() for c in PLACE), strict=True))
    span, amounts = ground.span_index(table["span"].to_numpy().astype(np.int64)), times * _floats(table[amount])
    found = []
    for name in sorted(set(names)):
        rows = [i for i, n in enumerate(names) if n == name and span[i] >= 0]
        if rows and amounts[rows].sum() > 0:
            found.append(_Series(str(name), source, [places[i] for i in rows], span[rows], amounts[rows]))
    return found


def _booked(ground: Ground, panel: _Panel) -> tuple[list[Piece], dict[str, float], list[Refusal]]:
    series, refusals = _series(ground)
    by_columns: dict[tuple[int, ...], tuple[dict[tuple[str | None, ...], int], Floats]] = {}
    pieces: list[Piece] = []
    counts = panel.counts
    for one in series:
        if one.columns not in by_columns:
            by_columns[one.columns] = panel.by(one.columns)
        number, x = by_columns[one.columns]
        y = np.zeros(x.shape[:2])
        for place, span, amount in zip(one.places, one.span, one.amount, strict=True):
            at = number.get(tuple(place[i] for i in one.columns))
            if at is not None:
                y[at, span] += amount
        effect, drawn = per_failure(y, x, draws_of(ground))
        for i, event in enumerate(EVENTS):
            if counts[event] >= LEAST_FAILURES:
                pieces.append(
                    Piece(event, one.name, one.source, float(effect[i]), drawn[:, i], False, int(counts[event]))
                )
    kept = _more_than_chance(pieces, len(np.unique(draws_of(ground).block)))
    totals = {(s.source, s.name): float(s.amount.sum()) for s in series}
    follows = {s.name: 0.0 for s in series if s.source == "leakage"}
    for p in kept:
        if p.kept and p.source == "leakage":
            follows[p.name] += p.amount * p.n / totals[p.source, p.name]
    return kept, {name: min(1.0, share) for name, share in follows.items()}, refusals


def per_failure(y: Floats, x: Floats, draws: Draws) -> tuple[Floats, Floats]:
    """Amount per late and per cancelled line, from places and weeks.

    y[place, week] = rate[place] x (lines + sum over LAGS of earlier lines and of lines due x timing[lag])
    + sum over LAGS of (late, cancelled) x effect[lag], weighted by 1 / lines of the place. Each place's own rate is partialled out
    (Frisch and Waugh 1933, Econometrica 1). A late line is held against lines due in the same week: else late ones would stand for
    all lines of those days, whose bookings come weeks after the order as well.

    Args:
        y: Amounts, shape (places, spans).
        x: Lines ordered, late, cancelled and due, shape (places, spans, 4).
        draws: Bootstrap draws of the spans.

    Returns:
        Effects of late and cancelled, summed over lags, shape (2,); the same in each replicate, shape (REPLICATES, 2).
    """
    enough = x[:, :, 0].mean(axis=1) >= _LEAST_LINES_PER_CELL
    if not enough.any():
        # Too thin by place: the weeks of all places together.
        y, x, enough = y.sum(axis=0, keepdims=True), x.sum(axis=0, keepdims=True), np.ones(1, np.bool_)
    y, x = y[enough], x[enough]
    lagged = [
        np.concatenate([np.zeros((len(x), lag)), x[:, : x.shape[1] - lag, i]], axis=1)
        for i in (1, 2)
        for lag in range(LAGS)
    ]
    own, due = x[:, :, 0], x[:, :, 3]
    # In the money that usual lines bring, so that all places share one timing.
    rate = y.sum(axis=1, keepdims=True) / own.sum(axis=1, keepdims=True)
    timing = [rate * (_before(own, lag) - own) for lag in range(1, LAGS + 1)]
    timing += [rate * (_before(due, lag) - own) for lag in range(LAGS)]
    weight = 1 / own.mean(axis=1)
    columns = np.stack([*lagged, *timing, y], axis=2)
    solve = _Solver(own, columns, weight)
    point = solve.effects(np.ones((1, y.shape[1])))[0]
    return point, solve.effects(draws.counts)  # fmt: skip


def _before(values: Floats, lag: int) -> Floats:
    """Values of so many spans ago; before the record as in its first span."""
    return np.concatenate([np.repeat(values[:, :1], lag, axis=1), values[:, : values.shape[1] - lag]], axis=1)


class _Solver:
    """Weighted least squares with one rate per place partialled out, for any count of each span."""

    def __init__(self, own: Floats, columns: Floats, weight: Floats) -> None:
        k = columns.shape[2]
        self._k, self._places = k, len(own)
        self._spans = own.shape[1]
        root = np.sqrt(weight)[:, None]
        own, columns = own * root, columns * root[:, :, None]
        self._cross = np.einsum("pti,ptj->tij", columns, columns).reshape(self._spans, k * k)
        self._own = (own**2).T
        self._with = np.einsum("pt,pti->tpi", own, columns).reshape(self._spans, -1)

    def effects(self, counts: Floats) -> Floats:
        """Effects of late and cancelled lines in each replicate, shape (replicates, 2)."""
        k = self._k
        found = np.zeros((len(counts), 2))
        step = max(1, int(2e7 / (self._places * k)))
        for begin in range(0, len(counts), step):
            c = counts[begin : begin + step]
            own = c @ self._own
            with_own = (c @ self._with).reshape(len(c), self._places, k)
            scaled = with_own / np.maximum(own, 1e-12)[:, :, None]
            cross = (c @ self._cross).reshape(len(c), k, k) - np.einsum("rpi,rpj->rij", scaled, with_own)
            left, right = cross[:, :-1, :-1], cross[:, :-1, -1]
            beta = np.einsum("rij,rj->ri", np.linalg.pinv(left, hermitian=True), right)
            found[begin : begin + step] = np.stack(
                [beta[:, :LAGS].sum(axis=1), beta[:, LAGS : 2 * LAGS].sum(axis=1)], axis=1
            )
        return found


def _more_than_chance(pieces: list[Piece], blocks: int) -> list[Piece]:
    """The same pieces, marked as kept where they are above zero by more than chance (Holm's step-down within each event)."""
    kept = set()
    for event in EVENTS:
        mine = [i for i, p in enumerate(pieces) if p.event == event]
        t = np.array([_t(pieces[i]) for i in mine])
        z = dict(zip(mine, normal_of_t(t, blocks - 1).tolist(), strict=True))
        for step, i in enumerate(sorted(mine, key=lambda i: -z[i])):
            if z[i] < NormalDist().inv_cdf(1 - _ERROR / (len(mine) - step)):
                break
            kept.add(i)
    return [Piece(p.event, p.name, p.source, p.amount, p.draws, i in kept, p.n) for i, p in enumerate(pieces)]


def _t(piece: Piece) -> float:
    # Draws of few blocks have heavy tails; the quartiles tell their width.
    low, high = np.quantile(piece.draws, [0.25, 0.75])
    spread = float(high - low) / 1.349
    return piece.amount / spread if spread > 0 else (np.inf if piece.amount > 0 else -np.inf)


def _custom(ground: Ground, value_of: Mapping[Event, float]) -> tuple[list[Piece], list[str], list[Refusal]]:
    """What customers of failed orders bought less until the record ends."""
    lines = lines_of(ground)
    total = ground.places.lines.sum()
    one_in = max(1, int(np.ceil(total / _MOST_LINES_FOLLOWED)))
    hashed = ground.engine.fingerprint(lines.customer_id)
    orders = failures.followed_orders(lines, one_in, hashed)
    table = ground.engine.run(failures.bought_afterwards(orders))
    sums = {c: _floats(table[c]) for c in table.column_names if c not in ("channel_id", "destination", "category")}
    if not sums["orders_well"].sum():
        step = "customer_id in order_lines"
        return (
            [],
            [],
            [_refused("no_customer", "custom lost after a failure", "order lines do not say who ordered", step)],
        )
    span = ground.span_index(sums["span"].astype(np.int64))
    pieces, refusals = [], []
    for event in EVENTS:
        about = f"custom lost after a {event} line"
        piece = _lost_custom(event, sums, span, draws_of(ground))
        if piece is None:
            because = (
                f"fewer than {LEAST_FAILURES} {event} orders have sound orders of the same week and place beside them"
            )
            refusals.append(_refused("few_failures", about, because, "a longer record"))
            continue
        by_customer = ground.engine.run(failures.apart_by_customer(orders, event, _BUCKETS))
        piece = _with_customers(piece, sums, by_customer)
        vague = _vaguer_than_known(piece, value_of[event], ground)
        if vague is not None:
            refusals.append(_refused("vague_custom", about, vague, "more customers, or a longer record"))
        else:
            pieces.append(piece)
    notes = ["lost custom is counted from the order to the end of the record, so at least what is lost for good"]
    if one_in > 1:
        notes.append(f"lost custom is measured on one customer in {one_in}")
    return pieces, notes, refusals


def _with_customers(piece: Piece, sums: Mapping[str, Floats], by_customer: pa.Table) -> Piece:
    """The piece with a range that also says what other customers would have shown.

    Weeks hold all customers of a company that has few of them: drawing weeks alone would take one purse for hundreds.
    """
    apart = _floats(by_customer["apart"])
    failed, well = sums[f"orders_{piece.event}"], sums["orders_well"]
    used = (failed > 0) & (well > 0)
    weight = float((failed[used] * well[used] / (failed[used] + well[used])).sum())
    per_line = float(failed[used].sum() / sums[f"lines_{piece.event}"][used].sum())
    n = max(2, len(apart))
    sd = float(np.sqrt((apart**2).sum() * n / (n - 1))) / weight * per_line
    of_weeks = float(np.std(piece.draws))
    if of_weeks <= 0 or sd <= of_weeks:
        return piece
    middle = float(np.mean(piece.draws))
    return replace(piece, draws=middle + (piece.draws - middle) * sd / of_weeks)


def _vaguer_than_known(piece: Piece, value: float, ground: Ground) -> str | None:
    """Why a measurement says less than what is known without it; None where it says more."""
    if not value > 0:
        return None
    said = ground.portfolio.assumptions.get("late_line_cost_share", DEFAULT_LATE_LINE_COST_SHARE)
    # A low figure that is said is no better known than the usual one.
    usual = max(said, DEFAULT_LATE_LINE_COST_SHARE)
    known = usual * value * float(np.std(np.random.default_rng(0).triangular(*LATE_COST_FACTOR, REPLICATES)))
    off = float(np.std(piece.draws))
    if off <= known:
        return None
    return (
        f"what customers bought afterwards tells it only to within {off / value:.0%} of the line's value, and what is said or usual "
        f"is known to within {known / value:.0%}"
    )


def _lost_custom(event: Event, sums: Mapping[str, Floats], span: Ints, draws: Draws) -> Piece | None:
    failed, well = sums[f"orders_{event}"], sums["orders_well"]
    used = (failed > 0) & (well > 0) & (span >= 0)
    if failed[used].sum() < LEAST_FAILURES:
        return None
    failed, well, span = failed[used], well[used], span[used]
    # Weights of least variance where likes are few (overlap weights: Li, Morgan and Zaslavsky 2018, JASA 113).
    weight = failed * well / (failed + well)
    less = weight * (sums["later_well"][used] / well - sums[f"later_{event}"][used] / failed)
    # A customer is lost by the order; repairs are counted in lines.
    per_line = failed.sum() / sums[f"lines_{event}"][used].sum()
    spans = draws.counts.shape[1]
    lost = np.bincount(span, less * per_line, spans)
    lines = np.bincount(span, weight, spans)
    if (lines > 0).sum() < LEAST_CLUSTERS:
        return None
    drawn = (draws.counts @ lost) / np.maximum(draws.counts @ lines, 1e-12)
    amount = float(lost.sum() / lines.sum())
    return Piece(event, LOST_CUSTOM, "order_lines", amount, drawn, True, int(sums[f"lines_{event}"][used].sum()))
