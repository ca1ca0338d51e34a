"""Hold answers against the truth: right paths, regret, bottlenecks, values, chances; with intervals over worlds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.quality.answers import PATHS, Answer, Key, key_of
from benchmarks.quality.plan import TABLES_OF_STAGE, Trial
from fourwalls.worlds import Truth
from fourwalls.worlds.truth import AssetTruth

LEAST_AT_STAKE = 0.001
"""Share of revenue the oracle's paths must be worth for regret to mean anything."""

TIE = 0.001
"""Share of a year's revenue within which two paths are as good as each other."""


@dataclass(frozen=True, slots=True)
class Case:
    """One asset of one world, as it is and as somebody says it is.

    Attributes:
        trial: The world.
        truth: What is true of the asset.
        answer: What is said; None if nothing is (the diagnosis failed, or left the asset out).
    """

    trial: Trial
    truth: AssetTruth
    answer: Answer | None

    @property
    def is_blind(self) -> bool:
        """Whether a table that would show the first bottleneck is missing, so that refusing is right."""
        first = self.truth.first_bottleneck
        return bool(first and self.trial.missing.intersection(TABLES_OF_STAGE.get(first.stage, ())))

    @property
    def most_worth(self) -> str:
        """The path that is worth most, rules or no rules: what a chance to be the best one speaks of."""
        values = self.truth.path_value_amount
        best = max(values, key=lambda path: values[path])
        return best if values[best] > 0 else "leave it"

    @property
    def verdict(self) -> str:
        """What is said, in a word."""
        return self.answer.verdict if self.answer else "no answer"

    @property
    def is_right(self) -> bool:
        """Whether the path is the best one, or rightly refused."""
        return self.verdict == self.truth.best_path or (self.verdict == "cannot tell yet" and self.is_blind)

    @property
    def oracle(self) -> float:
        """Value of the best path."""
        return max(0.0, *self.truth.path_value_amount.values())

    @property
    def gained(self) -> float:
        """Value of what is said.

        Not acting brings nothing. Orchestrating with a partner whose rules have holes brings nothing either, until they
        are closed; governing first where there are none costs as much as waiting for ever.
        """
        values = self.truth.path_value_amount
        if self.truth.best_path == "govern first":
            return values["orchestrate"] if self.verdict == "govern first" else min(0.0, values.get(self.verdict, 0.0))
        return values.get(self.verdict, 0.0)


def cases(trial: Trial, truth: Truth, answers: Mapping[Key, Answer]) -> list[Case]:
    """Every asset of a world with what is said about it."""
    return [Case(trial, a, answers.get(key_of(a))) for a in truth.assets]


@dataclass(frozen=True, slots=True)
class Score:
    """A figure with its 90 % range over worlds; NaN where there is nothing to judge."""

    value: float
    low: float
    high: float
    n: int

    def told(self, *, percent: bool = True) -> str:
        """As printed."""
        if math.isnan(self.value):
            return "nothing given"
        scale, unit = (100.0, " %") if percent else (1.0, "")
        digits = 1 if percent else 3
        span = f"{scale * self.low:.{digits}f} to {scale * self.high:.{digits}f}"
        return f"{scale * self.value:.{digits}f}{unit} ({span}; n {self.n})"


Measure = Callable[[Sequence[Case]], tuple[float, float]]
"""Numerator and denominator over some cases; both add up over worlds."""


def score(all_cases: Sequence[Case], measure: Measure, draws: int = 400) -> Score:
    """A ratio of sums, with a bootstrap over worlds."""
    worlds: dict[str, list[Case]] = {}
    for case in all_cases:
        worlds.setdefault(case.trial.name, []).append(case)
    parts = np.array([measure(w) for w in worlds.values()]).reshape(-1, 2)
    total = parts.sum(axis=0)
    is_regret = measure in (regret, regret_seen)
    too_little = LEAST_AT_STAKE * len(parts) if is_regret else 0.0
    if len(parts) == 0 or total[1] <= too_little:
        return Score(math.nan, math.nan, math.nan, 0)
    luck = np.random.default_rng(20260101)
    drawn = parts[luck.integers(0, len(parts), (draws, len(parts)))].sum(axis=1)
    ratios = drawn[drawn[:, 1] > 0.0]
    low, high = np.quantile(ratios[:, 0] / ratios[:, 1], [0.05, 0.95])
    n = sum(measure is regret or not c.is_blind for c in all_cases) if is_regret else round(float(total[1]))
    return Score(float(total[0] / total[1]), float(low), float(high), n)


def right_path(some: Sequence[Case]) -> tuple[float, float]:
    """Assets with the best path, of all."""
    return sum(c.is_right for c in some), len(some)


def as_good_as_best(some: Sequence[Case]) -> tuple[float, float]:
    """Assets whose path is the best one or within a tie of it."""
    good = [c.is_right or c.oracle - c.gained <= TIE * c.truth.as_recorded.revenue_amount for c in some]
    return sum(good), len(some)


def regret(some: Sequence[Case]) -> tuple[float, float]:
    """Value forgone, of the oracle's; in units of revenue, so that big worlds do not drown small ones."""
    scale = sum(c.truth.as_recorded.revenue_amount for c in some) or 1.0
    return sum(c.oracle - c.gained for c in some) / scale, sum(c.oracle for c in some) / scale


def regret_seen(some: Sequence[Case]) -> tuple[float, float]:
    """The same without assets whose first bottleneck lies in a table the company does not have.

    What nobody can know is no mistake of whoever refuses; its price is what that table would be worth.
    """
    return regret([c for c in some if not c.is_blind])


def first_bottleneck(some: Sequence[Case]) -> tuple[float, float]:
    """Assets whose first bottleneck is named with stage and party, of those worth acting on and to be seen."""
    judged = [c for c in some if c.truth.best_path != "leave it" and c.truth.first_bottleneck and not c.is_blind]
    hits = 0
    for c in judged:
        first = c.truth.first_bottleneck
        hits += bool(first and c.answer and c.answer.first == (first.stage, first.party_id))
    return hits, len(judged)


def false_alarms(some: Sequence[Case]) -> tuple[float, float]:
    """Assets of worlds without a defect on which somebody would act."""
    sound = [c for c in some if c.trial.severity == "none"]
    return sum(c.verdict not in ("leave it", "cannot tell yet") for c in sound), len(sound)


def rightly_refused(some: Sequence[Case]) -> tuple[float, float]:
    """Refusals where the table that would tell is missing, of those assets."""
    blind = [c for c in some if c.is_blind and c.truth.best_path != "leave it"]
    return sum(c.verdict == "cannot tell yet" for c in blind), len(blind)


def wrongly_refused(some: Sequence[Case]) -> tuple[float, float]:
    """Refusals although the data would tell, of those assets."""
    seen = [c for c in some if not c.is_blind]
    return sum(c.verdict in ("cannot tell yet", "no answer") for c in seen), len(seen)


def covered(some: Sequence[Case]) -> tuple[float, float]:
    """True path values within the stated range, of all values stated."""
    hits = total = 0
    for c in some:
        for path, (low, _, high) in (c.answer.value if c.answer else {}).items():
            total += 1
            hits += low <= c.truth.path_value_amount[path] <= high
    return hits, total


def value_errors(some: Sequence[Case]) -> list[float]:
    """Error of each stated value of a path that is worth something, as a share of the true one."""
    errors = []
    for c in some:
        for path, (_, value, _) in (c.answer.value if c.answer else {}).items():
            true = c.truth.path_value_amount[path]
            if true > 0.0:
                errors.append(abs(value - true) / true)
    return errors


def brier(some: Sequence[Case]) -> tuple[float, float]:
    """Mean squared error of the chance of each path to be the best one."""
    total, n = 0.0, 0
    for c in some:
        for path, chance in (c.answer.chance if c.answer else {}).items():
            total += (chance - (c.most_worth == path)) ** 2
            n += 1
    return total, n


def reliability(some: Sequence[Case]) -> list[tuple[str, int, float, float]]:
    """By tenth of stated chance: bin, number, mean chance, share that came true."""
    pairs = [
        (chance, c.most_worth == path) for c in some for path, chance in (c.answer.chance if c.answer else {}).items()
    ]
    out = []
    for tenth in range(10):
        mine = [(p, t) for p, t in pairs if min(int(10 * p), 9) == tenth]
        if mine:
            mean = sum(p for p, _ in mine) / len(mine)
            out.append((f"{tenth * 10}-{tenth * 10 + 10} %", len(mine), mean, sum(t for _, t in mine) / len(mine)))
    return out


def confusion(some: Sequence[Case]) -> list[tuple[str, dict[str, int]]]:
    """How often each true path (rows) was said to be which."""
    rows: dict[str, dict[str, int]] = {}
    for c in some:
        row = rows.setdefault(c.truth.best_path, {})
        row[c.verdict] = row.get(c.verdict, 0) + 1
    order = (*PATHS, "govern first", "leave it")
    return [(path, rows[path]) for path in order if path in rows]
