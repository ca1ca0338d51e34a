"""The choice as a mixed-integer programme, kept in the solver so that questions about it cost a re-solve."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from fourwalls.allocation.problem import OPERATED, Enabler, Limits, Option

Floats = npt.NDArray[np.float64]
Row = Mapping[int, float]

_GAP = 1e-5
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Solution:
    """A choice the solver found.

    Attributes:
        chosen: Numbers of the chosen options.
        enablers: Numbers of the enablers that are paid.
        value: What they bring in all, after enablers [money].
        relief: The relief that was asked for [money]; 0 where none was.
        gap: How much better another choice could be at most, as a share of `value`: at most 1e-5 unless time ran out.
    """

    chosen: frozenset[int]
    enablers: frozenset[int]
    value: float
    relief: float
    gap: float


class Model:
    """Choose at most one option for each asset, most value first, within the limits.

    Columns: an option taken (0 or 1), an enabler paid (0 or 1), and *relief*, money by which one option could become
    cheaper, 0 unless asked for. Money is scaled to the largest amount. The limit on risk is kept by cuts: the mean of the
    worst k draws is the least mean over any k draws, so it suffices to add the k draws that break the limit and solve
    again until none does (Künzi-Bay and Mayer 2006; the value at risk programme of Rockafellar and Uryasev 2000 gives
    the same choice with a column for every draw).

    Args:
        options, enablers, limits: Checked by `problem.check`; options that are barred or stand outside are not to be
            among them.
        seconds: How long one solve may take; a solve that found no choice by then answers None and sets `ran_out`.
    """

    def __init__(
        self, options: Sequence[Option], enablers: Sequence[Enabler], limits: Limits, seconds: float = 20.0
    ) -> None:
        import highspy

        self.options, self.enablers, self.limits = tuple(options), tuple(enablers), limits
        amounts = [abs(o.value) for o in options] + [o.cost for o in options] + [e.cost for e in enablers]
        self._seconds = seconds
        self.ran_out = False
        self.unit = max([a for a in amounts if a > 0], default=1.0)
        self.values = np.array([o.value for o in options]) / self.unit
        self.costs = np.array([o.cost for o in options]) / self.unit
        self.shared = np.array([e.cost for e in enablers]) / self.unit
        self.by_asset: dict[str, list[int]] = {}
        for number, option in enumerate(options):
            self.by_asset.setdefault(option.asset, []).append(number)
        self._infinity = highspy.kHighsInf
        self._solver: Any = highspy.Highs()
        for name, value in (("output_flag", False), ("threads", 1), ("random_seed", 1), ("mip_rel_gap", _GAP),
                            ("mip_abs_gap", 1e-9),
                            ("primal_feasibility_tolerance", 1e-9), ("mip_feasibility_tolerance", 1e-9), ("time_limit", seconds)):  # fmt: skip
            self._solver.setOptionValue(name, value)
        self._draws = np.stack([np.asarray(o.draws) for o in options]) / self.unit if limits.risk else None
        self._columns(highspy)
        self._rows()

    def _columns(self, highspy: ModuleType) -> None:
        n, m = len(self.options), len(self.enablers)
        self.relief = n + m
        objective = np.concatenate([self.values, -self.shared, [0.0]])
        for at, worth in enumerate(objective):
            self._solver.addCol(worth, 0.0, 0.0 if at == self.relief else 1.0, 0, [], [])
        # Enablers are whole by themselves once options are; told so, the solver branches on the few of them first.
        whole = np.full(n + m, highspy.HighsVarType.kInteger)
        self._solver.changeColsIntegrality(n + m, np.arange(n + m, dtype=np.int32), whole)
        self._solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
        self._objective = objective

    def _rows(self) -> None:
        n, free = len(self.options), self._infinity
        everything = {i: float(w) for i, w in enumerate(self._objective)} | {self.relief: 1.0}
        spent = {i: float(c) for i, c in enumerate(np.concatenate([self.costs, self.shared]))} | {self.relief: -1.0}
        weeks = dict(enumerate([*(o.people_weeks for o in self.options), *(e.people_weeks for e in self.enablers)]))
        people = self.limits.people_weeks
        self._value_row = self.add(everything, -free, free)
        self._budget_row = self.add(spent, -free, self.limits.budget / self.unit)
        self.add(weeks, -free, free if people is None else people)
        numbers = {e.id: n + i for i, e in enumerate(self.enablers)}
        for mine in self.by_asset.values():
            self.add(dict.fromkeys(mine, 1.0), -free, 1.0)
            for needed in sorted({e for i in mine for e in self.options[i].enablers}):
                users = [i for i in mine if needed in self.options[i].enablers]
                self.add(dict.fromkeys(users, 1.0) | {numbers[needed]: -1.0}, -free, 0.0)
        for i, option in enumerate(self.options):
            for other in sorted(option.after):
                operated = [j for j in self.by_asset.get(other, []) if self.options[j].path in OPERATED]
                if i not in operated:
                    self.add({i: 1.0} | dict.fromkeys(operated, -1.0), -free, 0.0)

    def add(self, row: Row, low: float, high: float) -> int:
        """A further row; its number."""
        kept = {at: w for at, w in row.items() if w}
        places = np.fromiter(kept, np.int32, len(kept))
        self._solver.addRow(low, high, len(kept), places, np.fromiter(kept.values(), np.float64, len(kept)))
        return int(self._solver.getNumRow()) - 1

    def best(self, budget: float | None = None, gap: float = _GAP) -> Solution | None:
        """The most valuable choice, with the given or another budget [money]; None where none keeps the limits.

        It may fall short of the very best by `gap`, a share of the value.
        """
        if budget is None:
            return self._solved()
        self._solver.setOptionValue("mip_rel_gap", gap)
        self._bounds(self._budget_row, -self._infinity, budget / self.unit)
        found = self._solved()
        self._solver.setOptionValue("mip_rel_gap", _GAP)
        self._bounds(self._budget_row, -self._infinity, self.limits.budget / self.unit)
        return found

    def best_with(self, numbers: Sequence[int]) -> Solution | None:
        """The most valuable choice with one of these options of an asset in it; None where there is none."""
        with_it = self.add(dict.fromkeys(numbers, 1.0), 1.0, 1.0)
        found = self._solved()
        self._bounds(with_it, -self._infinity, self._infinity)
        return found

    def least_relief(self, number: int, value: float) -> Solution | None:
        """The least by which an option's cost must fall, for a choice with it to bring `value` in all within the limits.

        A lower cost spares the budget and adds to what the option brings. None where even for nothing it would not.
        """
        changed = {number: 1.0}
        with_it = self.add(changed, 1.0, 1.0)
        self._solver.changeColBounds(self.relief, 0.0, float(self.costs[number]))
        found = self._cheapest({self.relief: -1.0}, value)
        self._solver.changeColBounds(self.relief, 0.0, 0.0)
        self._bounds(with_it, -self._infinity, self._infinity)
        return found

    def spent(self, solution: Solution) -> float:
        """What a choice takes out of the budget [money]."""
        own = sum(self.options[i].cost for i in solution.chosen)
        return float(own + sum(self.enablers[i].cost for i in solution.enablers))

    def weeks(self, solution: Solution) -> float:
        """Weeks of our people that a choice takes."""
        own = sum(self.options[i].people_weeks for i in solution.chosen)
        return float(own + sum(self.enablers[i].people_weeks for i in solution.enablers))

    def relaxed_worth(self) -> tuple[float, Floats]:
        """Of the programme without whole numbers: the price of a unit of budget, and the reduced value of each option."""
        # The solver's clock runs on over solves, and a relaxed one would be cut off by what the others took.
        for name, value in (("solve_relaxation", True), ("time_limit", self._infinity)):
            self._solver.setOptionValue(name, value)
        self._solver.run()
        duals = self._solver.getSolution()
        for name, value in (("solve_relaxation", False), ("time_limit", self._seconds)):
            self._solver.setOptionValue(name, value)
        reduced = np.array(duals.col_dual[: len(self.options)])
        return abs(float(duals.row_dual[self._budget_row])), reduced * self.unit

    def _cheapest(self, objective: Row, value: float) -> Solution | None:
        ours = np.arange(self.relief + 1, dtype=np.int32)
        other = np.zeros(len(ours))
        other[list(objective)] = list(objective.values())
        self._solver.changeColsCost(len(ours), ours, other)
        self._bounds(self._value_row, value / self.unit, self._infinity)
        found = self._solved()
        self._bounds(self._value_row, -self._infinity, self._infinity)
        self._solver.changeColsCost(len(ours), ours, self._objective)
        return found

    def _bounds(self, row: int, low: float, high: float) -> None:
        self._solver.changeRowBounds(row, low, high)

    def _solved(self) -> Solution | None:
        while True:
            self._solver.run()
            status = self._solver.modelStatusToString(self._solver.getModelStatus())
            info = self._solver.getInfo()
            if "nfeasible" in status:
                return None
            if status not in ("Optimal", "Empty") and not math.isfinite(info.objective_function_value):
                self.ran_out = True
                return None
            taken = np.array(self._solver.getSolution().col_value)
            if not self._is_too_risky(taken):
                return self._read(taken, float(info.mip_gap))

    def _is_too_risky(self, taken: Floats) -> bool:
        """Whether the worst draws break the limit; if so they become a row."""
        risk = self.limits.risk
        if risk is None or self._draws is None:
            return False
        n = len(self.options)
        whole = np.round(taken[:n])
        drawn = whole @ self._draws
        k = worst(self._draws.shape[1], risk.share)
        bad = np.argpartition(drawn, k - 1)[:k]
        limit = -risk.most_lost / self.unit
        steady = float(self.shared @ np.round(taken[n : self.relief])) - float(taken[self.relief])
        if drawn[bad].mean() - steady >= limit - _TOLERANCE:
            return False
        row = {i: float(w) for i, w in enumerate(self._draws[:, bad].mean(axis=1))}
        row |= {n + i: -float(c) for i, c in enumerate(self.shared)} | {self.relief: 1.0}
        self.add(row, limit, self._infinity)
        return True

    def _read(self, taken: Floats, gap: float) -> Solution:
        n = len(self.options)
        chosen = frozenset(int(i) for i in np.flatnonzero(taken[:n] > 0.5))
        paid = {e for i in chosen for e in self.options[i].enablers}
        enablers = frozenset(i for i, e in enumerate(self.enablers) if e.id in paid)
        value = sum(self.options[i].value for i in sorted(chosen)) - sum(
            self.enablers[i].cost for i in sorted(enablers)
        )
        return Solution(chosen, enablers, float(value), float(taken[self.relief]) * self.unit, gap)


def worst(draws: int, share: float) -> int:
    """How many draws the worst share is; at least one."""
    return max(1, round(draws * share))
