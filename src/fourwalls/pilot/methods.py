"""Effects of a treatment on the treated units (ATT), method by method, from one grid of outcomes.

did     difference in differences: treated mean minus control mean, after minus before
sc      synthetic control: a mix of controls that matches the level before (Abadie, Diamond and Hainmueller 2010, JASA 105)
ascm    the same on deviations from each unit's own mean before: synthetic control augmented by fixed effects
        (Ferman and Pinto 2021, Quantitative Economics 12; Ben-Michael, Feller and Rothstein 2021, JASA 116, section 5)
ridge   ascm, with what imbalance is left corrected by ridge regression (Ben-Michael, Feller and Rothstein 2021)
trend   did, with the difference's own straight line before carried on after
sdid    synthetic difference in differences (Arkhangelsky, Athey, Hirshberg, Imbens and Wager 2021, AER 111)
cs      Callaway and Sant'Anna (2021, J. Econometrics 225): each cohort against the untreated, from the period before it

A cohort is the units that begin in the same period; with several, every method runs cohort by cohort against units never
treated, and the cohorts are averaged by their treated cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from fourwalls.pilot.weights import Floats, Ints, simplex_weights

Method = Literal["did", "trend", "sc", "ascm", "ridge", "sdid", "cs"]
METHODS: tuple[Method, ...] = get_args(Method)
LABELS: dict[Method, str] = {
    "did": "Difference in differences (DiD)",
    "trend": "DiD with own trends",
    "sc": "Synthetic control (SC)",
    "ascm": "Synthetic control with fixed effects",
    "ridge": "Ridge-augmented synthetic control",
    "sdid": "Synthetic DiD (SDID)",
    "cs": "Callaway–Sant'Anna",
}
_LEAST_RIDGE_SHARE = 1e-8
_RIDGES = 20


@dataclass(frozen=True, slots=True)
class Cohort:
    """Units that begin together.

    Attributes:
        start: Number of the first treated period.
        units: Numbers of the treated units, shape (k,).
        end: Number of the first period no longer looked at; None for all.
    """

    start: int
    units: Ints
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """What one method says about one cohort, or about all of them together.

    Attributes:
        att: Mean effect over treated cells [outcome].
        gap: Treated mean minus its counterfactual, shape (moments,); before the start it shows the fit.
        moments: Periods since the start of each gap, shape (moments,): 0 is the first treated period.
        unit_weights: Signed weight of every unit in the contrast, shape (units,): treated positive, controls negative.
        time_weights: Weight of each period before, shape (start,); empty with several cohorts.
        cells: Treated cells behind it.
    """

    att: float
    gap: Floats
    moments: Ints
    unit_weights: Floats
    time_weights: Floats
    cells: int

    @property
    def spread(self) -> float:
        """Sum of squared unit weights: the contrast's variance, as a multiple of one unit's."""
        return float(self.unit_weights @ self.unit_weights)

    @property
    def pre_error(self) -> float:
        """Root mean squared gap before the start [outcome]."""
        return float(np.sqrt(np.mean(self.gap[self.moments < 0] ** 2)))


@dataclass(slots=True)
class Grid:
    """Outcomes of all units and periods, with the inner products every fit needs (computed once for each start).

    Attributes:
        outcomes: Shape (units, periods), no holes.
        ridge_share: Ridge penalty as a share of the largest squared singular value, once it has been chosen.
    """

    outcomes: Floats
    ridge_share: float | None = None
    _grams: dict[tuple[int, bool], Floats] = field(default_factory=dict)
    _centred: Floats | None = None
    _time_gram: Floats | None = None
    _step: tuple[Ints, int, float] | None = None

    def before(self, start: int, *, centred: bool) -> Floats:
        """Outcomes before `start`, as they are or as deviations from each unit's own mean there."""
        part = self.outcomes[:, :start]
        return part - part.mean(axis=1, keepdims=True) if centred else part

    def gram(self, start: int, *, centred: bool) -> Floats:
        """Inner products of all units over the periods before `start`, shape (units, units)."""
        key = (start, centred)
        if key not in self._grams:
            part = self.before(start, centred=centred)
            self._grams[key] = part @ part.T
        return self._grams[key]

    def step(self, controls: Ints, start: int) -> float:
        """Standard deviation of the controls' one-period changes before `start`; asked for twice by each fit."""
        if self._step is None or self._step[0] is not controls or self._step[1] != start:
            changes = np.diff(self.outcomes[controls, :start], axis=1)
            self._step = controls, start, float(changes.std(ddof=1)) if changes.size > 1 else 0.0
        return self._step[2]

    def time_gram(self, controls: Ints) -> Floats:
        """Inner products of all periods over the controls, each period less the controls' mean, shape (periods, periods).

        Taken from those over all units less the others, which are few: a search asks for it ten thousand times.
        """
        if self._centred is None or self._time_gram is None:
            self._centred = self.outcomes - self.outcomes.mean(axis=0)
            self._time_gram = self._centred.T @ self._centred
        part = self._centred[controls]
        mean = part.mean(axis=0)
        others = np.delete(self._centred, controls, axis=0)
        if len(others) > len(controls):
            return np.asarray((part - mean).T @ (part - mean))
        left: Floats = self._time_gram - others.T @ others - len(controls) * np.outer(mean, mean)
        return left


def fit(method: Method, grid: Grid, cohorts: Sequence[Cohort], controls: Ints) -> Fit:
    """The effect by one method.

    Args:
        method: Which.
        grid: Outcomes.
        cohorts: The treated, by start.
        controls: Numbers of the units never treated.
    """
    fits = [_fit_cohort(method, grid, cohort, controls) for cohort in cohorts]
    if len(fits) == 1:
        return fits[0]
    return _averaged(fits, cohorts)


def _averaged(fits: Sequence[Fit], cohorts: Sequence[Cohort]) -> Fit:
    """Cohorts together: the effect by treated cells, the path by moments since the start and treated units."""
    cells = np.array([f.cells for f in fits], dtype=np.float64)
    share = cells / cells.sum()
    moments = np.arange(min(int(f.moments[0]) for f in fits), max(int(f.moments[-1]) for f in fits) + 1)
    sums, counts = np.zeros(len(moments)), np.zeros(len(moments))
    for found, cohort in zip(fits, cohorts, strict=True):
        at = found.moments - moments[0]
        sums[at] += len(cohort.units) * found.gap
        counts[at] += len(cohort.units)
    return Fit(
        att=float(share @ np.array([f.att for f in fits])),
        gap=np.asarray(sums / counts),
        moments=moments,
        unit_weights=np.asarray(share @ np.stack([f.unit_weights for f in fits])),
        time_weights=np.zeros(0),
        cells=int(cells.sum()),
    )


def _fit_cohort(method: Method, grid: Grid, cohort: Cohort, controls: Ints) -> Fit:
    start, treated = cohort.start, cohort.units
    outcomes = grid.outcomes[:, : cohort.end]
    donor_weights = _donor_weights(method, grid, cohort, controls)
    gap = outcomes[treated].mean(axis=0) - donor_weights @ outcomes[controls]
    time_weights = _time_weights(method, grid, cohort, controls)
    gap = gap - _own_line(gap, start) if method == "trend" else gap - time_weights @ gap[:start]
    unit_weights = np.zeros(len(outcomes))
    unit_weights[treated] = 1 / len(treated)
    unit_weights[controls] = -donor_weights
    moments = np.arange(len(gap)) - start
    return Fit(
        float(gap[start:].mean()), gap, moments, unit_weights, time_weights, len(treated) * int((moments >= 0).sum())
    )


def _own_line(gap: Floats, start: int) -> Floats:
    """The straight line through the gap before the start, carried on, shape (periods,)."""
    when = np.arange(len(gap), dtype=np.float64) - (start - 1) / 2
    before = when[:start]
    slope = float(before @ gap[:start]) / max(float(before @ before), 1e-12)
    line: Floats = gap[:start].mean() + slope * when
    return line


def _donor_weights(method: Method, grid: Grid, cohort: Cohort, controls: Ints) -> Floats:
    start, treated = cohort.start, cohort.units
    if method in ("did", "trend", "cs"):
        return np.full(len(controls), 1 / len(controls))
    centred = method != "sc"
    gram = grid.gram(start, centred=centred)
    goal = gram[:, treated].mean(axis=1)
    if method == "sdid":
        return simplex_weights(gram, goal, controls, _sdid_ridge(grid, cohort, controls))
    weights = simplex_weights(gram, goal, controls)
    return weights + _ridge_correction(grid, cohort, controls, weights) if method == "ridge" else weights


def _sdid_ridge(grid: Grid, cohort: Cohort, controls: Ints) -> float:
    """ζ²·T0 of Arkhangelsky et al. (2021), equation 5: ζ = (treated cells)^¼ × spread of one-period changes."""
    start = cohort.start
    after = (cohort.end or grid.outcomes.shape[1]) - start
    return float((len(cohort.units) * after) ** 0.5 * grid.step(controls, start) ** 2 * start)


def _time_weights(method: Method, grid: Grid, cohort: Cohort, controls: Ints) -> Floats:
    """Which periods before stand for the counterfactual level: all alike, the last, none, or those that predict after."""
    start = cohort.start
    if method == "sc":
        return np.zeros(start)
    if method == "cs":
        return np.asarray(np.eye(start)[-1])
    if method != "sdid" or start == 1:
        return np.full(start, 1 / start)
    products = grid.time_gram(controls)[: cohort.end, : cohort.end]
    ridge = float((1e-6 * grid.step(controls, start)) ** 2 * len(controls))
    return simplex_weights(products[:start, :start], products[:start, start:].mean(axis=1), np.arange(start), ridge)


def _ridge_correction(grid: Grid, cohort: Cohort, controls: Ints, weights: Floats) -> Floats:
    before = grid.before(cohort.start, centred=True)
    centre = before[controls].mean(axis=0)
    donors = before[controls] - centre
    left = before[cohort.units].mean(axis=0) - centre - weights @ donors
    if grid.ridge_share is None:
        grid.ridge_share = choose_ridge(grid, cohort, controls)
    return np.asarray(_ridge_weights(donors, left, np.array([grid.ridge_share]))[0])


def _ridge_weights(donors: Floats, left: Floats, shares: Floats) -> Floats:
    """Ridge regression of what is left on the donors, one row for each penalty, shape (penalties, donors).

    By the eigenvectors of the smaller of the two inner products; penalties as shares of the largest eigenvalue.
    """
    few_periods = donors.shape[1] <= donors.shape[0]
    size, vectors = np.linalg.eigh(donors.T @ donors if few_periods else donors @ donors.T)
    if size[-1] <= 0:
        return np.zeros((len(shares), len(donors)))
    goal = vectors.T @ (left if few_periods else donors @ left)
    solved = (goal / (np.maximum(size, 0.0) + shares[:, None] * size[-1])) @ vectors.T
    return np.asarray(solved @ donors.T if few_periods else solved)


def choose_ridge(grid: Grid, cohort: Cohort, controls: Ints) -> float:
    """Ridge penalty by leaving out one period before at a time, largest within one standard error of the best.

    Ben-Michael, Feller and Rothstein (2021), section 5.3; penalties as shares of the largest squared singular value.
    """
    start = cohort.start
    before = grid.before(start, centred=True)
    centre = before[controls].mean(axis=0)
    donors, goal = before[controls] - centre, before[cohort.units].mean(axis=0) - centre
    shares = np.geomspace(1.0, _LEAST_RIDGE_SHARE, _RIDGES + 1)
    if start < 3 or not donors.any():
        return 1.0
    errors = np.empty((start - 1, len(shares)))
    for out in range(start - 1):
        keep = np.arange(start) != out
        gram = before[:, keep] @ before[:, keep].T
        weights = simplex_weights(gram, gram[:, cohort.units].mean(axis=1), controls)
        left = goal[keep] - weights @ donors[:, keep]
        augmented = weights + _ridge_weights(donors[:, keep], left, shares)
        errors[out] = (goal[out] - augmented @ donors[:, out]) ** 2
    mean, error = errors.mean(axis=0), errors.std(axis=0, ddof=1) / np.sqrt(len(errors))
    best = int(mean.argmin())
    return float(shares[mean <= mean[best] + error[best]].max())
