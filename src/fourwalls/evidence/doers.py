"""What a doer causes, told apart from what the goods bring with them: rates by category and doer that multiply."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fourwalls.evidence.rates import POWER_Z, bar_of, normal_of_t, shrunk, stand_out, t_of_normal
from fourwalls.resampling import REPLICATES, Draws

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

# A doer with fewer bookings is left out: where a cause is hardly ever booked, its absence may be one of booking.
LEAST_BOOKINGS = 5.0
_ROUNDS = 300
_ROUNDS_WITHOUT = 60
_NEAR = 1e-7


class Booked(Protocol):
    """Bookings by cell and span, and the rows of the base each cell can belong to; see `waste.Matrix`."""

    @property
    def amount(self) -> Floats:
        """By cell and span."""

    @property
    def count(self) -> Floats:
        """Bookings in each cell."""

    @property
    def cell(self) -> Ints:
        """Cell of each pair."""

    @property
    def row(self) -> Ints:
        """Row of each pair."""


@dataclass(frozen=True)
class Comparison:
    """Doers of one kind of work compared.

    Attributes:
        doers: Their names.
        log_rate: Effect of each doer on the rate, in logs, against the mean of those it is connected with; NaN if not compared.
        error: Standard error of its difference from the standard; NaN if not held to anything.
        held: Whether the doer could be held to anything.
        excess: Part of what is booked on the doer that exceeds the standard, 0-1, shape (doers,).
        best: The doers each is held to.
        peers: How many doers were comparable, itself included.
    """

    doers: tuple[str, ...]
    log_rate: Floats
    error: Floats
    held: Bools
    excess: Floats
    best: tuple[tuple[int, ...], ...]
    peers: Ints
    _excess_draws: Floats
    _amount: Floats
    _draws: Draws

    @property
    def amount(self) -> Floats:
        """What is booked on each row of the base, as dealt out, shape (rows, spans)."""
        return self._amount

    def detectable(self, doer: int, rows: Bools, chance: float) -> float:
        """What would have to exceed the standard among these rows to be told apart four times in five; 0 for who is held to nobody."""
        if not self.held[doer]:
            return 0.0
        freedom = len(np.unique(self._draws.block)) - 1
        bar = sum(t_of_normal(z, freedom) for z in (bar_of(chance, int(self.peers[doer])), POWER_Z))
        return float(self._amount[rows].sum() * np.expm1(bar * self.error[doer]))

    def wasted(self, doer: int, rows: Bools) -> tuple[float, Floats]:
        """What exceeds the standard among these rows of the base, over the record; the same in each replicate."""
        by_span = self._amount[rows].sum(axis=0)
        drawn = (self._draws.counts @ by_span) * self._excess_draws[:, doer]
        return float(by_span.sum() * self.excess[doer]), drawn


@dataclass(frozen=True)
class _Fit:
    of_kind: Floats
    of_doer: Floats


def compare(
    booked: Booked, base: Floats, kind: Sequence[Hashable], doer: Sequence[str], draws: Draws, chance: float = 0.05
) -> Comparison:
    """Compares doers over what they share.

    Amounts are base x rate of the category x effect of the doer, fitted by the expectation-maximisation that deals each
    booking out to the rows it can belong to (Dempster, Laird and Rubin 1977, JRSS B 39; for rates that multiply it is the iterative
    scaling of Darroch and Ratcliff 1972, Annals of Mathematical Statistics 43). Doers are comparable where categories they share connect them, as
    workers who move connect firms (Abowd, Kramarz and Margolis 1999, Econometrica 67); errors come from leaving out each block of
    weeks. The guards against chance are those of `rates.excess`.

    Args:
        booked: Bookings.
        base: What could have caused them, by row and span, shape (rows, spans).
        kind, doer: Of each row; None is a kind like any other.
        draws: Bootstrap draws of the spans.
        chance: That any doer is found worse although all are equal.
    """
    doers, kinds = tuple(dict.fromkeys(doer)), tuple(dict.fromkeys(kind))
    at_doer = np.array([doers.index(d) for d in doer], dtype=np.int64)
    at_kind = np.array([kinds.index(k) for k in kind], dtype=np.int64)
    model = _Model(booked, at_kind, at_doer, len(kinds), len(doers))
    total = base.sum(axis=1)
    fit = model.fit(booked.amount.sum(axis=1), total, None, _ROUNDS)
    dealt = model.dealt(booked.amount, total, fit)
    bookings = _sums(at_doer, model.dealt(booked.count[:, None], total, fit)[:, 0], len(doers))
    usable = (bookings >= LEAST_BOOKINGS) & (fit.of_doer > 0)
    group = _connected(at_kind, at_doer, dealt.sum(axis=1), usable, len(kinds), len(doers))
    logs = _centred(fit.of_doer, group, bookings)
    blocks = np.unique(draws.block)
    without = np.stack([
        _centred(model.fit(booked.amount[:, draws.block != b].sum(axis=1), base[:, draws.block != b].sum(axis=1), fit, _ROUNDS_WITHOUT).of_doer, group, bookings)
        for b in blocks
    ])  # fmt: skip
    drawn = _drawn(logs, without, draws)
    error = np.sqrt((len(blocks) - 1) / len(blocks) * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    return _judged(doers, group, bookings, (logs, error, drawn), dealt, draws, chance)


class _Model:
    def __init__(self, booked: Booked, kind: Ints, doer: Ints, kinds: int, doers: int) -> None:
        self._cell, self._row = booked.cell, booked.row
        self._kind, self._doer, self._kinds, self._doers = kind, doer, kinds, doers

    def fit(self, amount: Floats, base: Floats, start: _Fit | None, rounds: int) -> _Fit:
        of_kind, of_doer = (
            (np.ones(self._kinds), np.ones(self._doers)) if start is None else (start.of_kind, start.of_doer)
        )
        for _ in range(rounds):
            before = of_doer
            dealt = self.dealt(amount[:, None], base, _Fit(of_kind, of_doer))[:, 0]
            of_kind = _over(
                _sums(self._kind, dealt, self._kinds),
                _sums(self._kind, base * of_doer[self._doer], self._kinds),
            )
            of_doer = _over(
                _sums(self._doer, dealt, self._doers),
                _sums(self._doer, base * of_kind[self._kind], self._doers),
            )
            scale = float(np.mean(of_doer[of_doer > 0])) if (of_doer > 0).any() else 1.0
            of_doer, of_kind = of_doer / scale, of_kind * scale
            if np.abs(of_doer - before).max(initial=0.0) < _NEAR:
                break
        return _Fit(of_kind, of_doer)  # fmt: skip

    def dealt(self, amount: Floats, base: Floats, fit: _Fit) -> Floats:
        """Bookings by row, dealt out by what the fit expects there, shape (rows, spans)."""
        expected = base * fit.of_kind[self._kind] * fit.of_doer[self._doer]
        weight = expected[self._row]
        weight = _over(weight, _sums(self._cell, weight, len(amount))[self._cell])
        into = np.zeros((len(base), amount.shape[1]))
        np.add.at(into, self._row, weight[:, None] * amount[self._cell])
        return into


def _sums(index: Ints, values: Floats, n: int) -> Floats:
    return np.bincount(index, values, n).astype(np.float64)


def _over(a: Floats, b: Floats) -> Floats:
    found: Floats = np.divide(a, b, out=np.zeros_like(a), where=b > 0)
    return found


def _connected(kind: Ints, doer: Ints, amount: Floats, usable: Bools, kinds: int, doers: int) -> Ints:
    """Number of the set each doer is connected with through kinds in which both have bookings; -1 for none."""
    group = np.where(usable, np.arange(doers), -1)
    for _ in range(doers):
        before = group.copy()
        for k in range(kinds):
            there = np.unique(doer[(kind == k) & (amount > 0)])
            there = there[group[there] >= 0]
            if len(there) > 1:
                group[np.isin(group, group[there])] = group[there].min()
        if (group == before).all():
            break
    return group


def _centred(of_doer: Floats, group: Ints, weight: Floats) -> Floats:
    logs = np.full(len(of_doer), np.nan)
    for g in np.unique(group[group >= 0]):
        members = np.flatnonzero(group == g)
        log = np.log(np.maximum(of_doer[members], 1e-12))
        logs[members] = log - np.average(log, weights=weight[members])
    return logs


def _drawn(logs: Floats, without: Floats, draws: Draws) -> Floats:
    """Logs in each replicate, from the influence of each block (Efron and Tibshirani 1993, chapter 11)."""
    blocks = np.unique(draws.block)
    first = np.array([int(np.flatnonzero(draws.block == b)[0]) for b in blocks])
    influence = (len(blocks) - 1) * (without.mean(axis=0) - without)
    found: Floats = logs + (draws.counts[:, first] - 1) @ np.nan_to_num(influence) / len(blocks)
    return found


def _judged(
    doers: tuple[str, ...], group: Ints, bookings: Floats, rates: tuple[Floats, Floats, Floats], dealt: Floats, draws: Draws,
    chance: float,
) -> Comparison:  # fmt: skip
    logs, error, drawn = rates
    n = len(doers)
    held, excess, peers = np.zeros(n, dtype=np.bool_), np.zeros(n), np.zeros(n, dtype=np.int64)
    excess_draws, apart = np.zeros((REPLICATES, n)), np.full(n, np.nan)
    best_of: list[tuple[int, ...]] = [()] * n
    for g in np.unique(group[group >= 0]):
        members = np.flatnonzero(group == g)
        if len(members) < 2:
            continue
        held[members], peers[members] = True, len(members)
        near, best = shrunk(logs[members], error[members] ** 2)
        weight = bookings[members[best]] / bookings[members[best]].sum()
        standard, standard_drawn = float(near[best] @ weight), drawn[:, members[best]] @ weight
        moved = standard - float(logs[members[best]] @ weight)
        of_standard = float((error[members[best]] ** 2) @ weight**2)
        apart[members] = np.sqrt(np.maximum(error[members] ** 2 + of_standard, 1e-30))
        z = (logs[members] - standard) / apart[members]
        z[best] = -np.inf
        for m in np.flatnonzero(stand_out(normal_of_t(z, len(np.unique(draws.block)) - 1), chance)).tolist():
            doer = int(members[m])
            kept = (near[m] - standard) / (logs[doer] - standard)
            excess[doer] = max(0.0, 1 - np.exp(-kept * (logs[doer] - standard)))
            gap = kept * (drawn[:, doer] - standard_drawn - moved)
            excess_draws[:, doer] = np.maximum(0.0, 1 - np.exp(-gap))
            best_of[doer] = tuple(int(b) for b in members[best])
    return Comparison(doers, logs, apart, held, excess, tuple(best_of), peers, excess_draws, dealt, draws)
