"""What it would be worth to know more before choosing: of everything, and of one uncertain figure at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fourwalls.figures import Refusal

Floats = npt.NDArray[np.float64]

LEAST_DRAWS = 200
"""Fewer draws are refused: the standard error of a conditional mean is then a fourteenth of its spread at best."""
_SEGMENTS = 12
_DEGREE = 3
# Up to so many different values a figure is taken as a set of cases, with a mean each, instead of a curve.
_MOST_CASES = 8
_SMOOTHNESS = 10.0 ** np.arange(-4.0, 7.01, 0.5)
_POSTERIOR_DRAWS = 200


@dataclass(frozen=True, slots=True)
class Knowing:
    """What knowing something before choosing is worth on average, in the money of the net benefits.

    Attributes:
        about: The figure that would be known; "everything" for perfect information.
        value: Expected gain; never negative, and of one figure never more than of everything.
        error: Standard error of `value`: of the draws and, for one figure, of the fitted curve.
    """

    about: str
    value: float
    error: float


def perfect_information(net_benefits: npt.ArrayLike) -> Knowing | Refusal:
    """What knowing everything before choosing would be worth: EVPI.

    EVPI = E[max over options] - max over options of E (Raiffa and Schlaifer 1961).

    Args:
        net_benefits: Money that each option brings in each draw, shape (draws, options); leaving things as they are
            is an option of its own, a column of zeros.

    Returns:
        The worth, or why it cannot be told.
    """
    benefits, refused = _read(net_benefits)
    if refused:
        return refused
    regret = benefits.max(axis=1) - benefits[:, benefits.mean(axis=0).argmax()]
    return Knowing("everything", float(regret.mean()), float(regret.std(ddof=1) / np.sqrt(len(regret))))


def partial_information(
    net_benefits: npt.ArrayLike, parameters: Mapping[str, npt.ArrayLike], seed: int = 1
) -> tuple[Knowing, ...] | Refusal:
    """What knowing one uncertain figure before choosing would be worth: EVPPI, largest first.

    The expected net benefit of each option given the figure is a regression of the draws on it (Strong, Oakley and
    Brennan 2014, Medical Decision Making 34): here a cubic P-spline (Eilers and Marx 1996) on the normal scores of
    the figure, its smoothness by generalised cross-validation. A figure of few different values has a mean for each.
    The error joins that of the curve, drawn from its posterior, and that of a finite number of draws.

    Args:
        net_benefits: As for `perfect_information`, shape (draws, options).
        parameters: Name -> the figure in the same draws, shape (draws,).
        seed: Of the draws for the error.

    Returns:
        One worth for each figure, or why none can be told.
    """
    benefits, refused = _read(net_benefits)
    if refused:
        return refused
    everything = perfect_information(benefits)
    ceiling = everything.value if isinstance(everything, Knowing) else np.inf
    rng = np.random.default_rng(seed)
    found = []
    for name, drawn in parameters.items():
        figure = np.asarray(drawn, np.float64)
        if figure.shape != benefits.shape[:1]:
            raise ValueError(f"{name} has shape {figure.shape}; expected {benefits.shape[:1]}")
        if not np.isfinite(figure).all():
            return _not_finite(name)
        found.append(_of_one(name, figure, benefits, ceiling, rng))
    return tuple(sorted(found, key=lambda k: (-k.value, k.about)))


def _of_one(name: str, figure: Floats, benefits: Floats, ceiling: float, rng: np.random.Generator) -> Knowing:
    if np.ptp(figure) == 0:
        return Knowing(name, 0.0, 0.0)
    best = int(benefits.mean(axis=0).argmax())
    # Differences to the best option: what all options share is known to cancel, and would only blur the curves.
    apart = np.delete(benefits - benefits[:, [best]], best, axis=1)
    curve = Curve.fit(figure, apart)
    gains = np.maximum(curve.fitted, 0.0).max(axis=1)
    value = float(gains.mean())
    drawn = np.maximum(curve.posterior(_POSTERIOR_DRAWS, rng), 0.0).max(axis=2).mean(axis=1)
    error = float(np.hypot(drawn.std(ddof=1), gains.std(ddof=1) / np.sqrt(len(gains))))
    return Knowing(name, min(value, ceiling), error)


@dataclass(frozen=True, slots=True)
class Curve:
    """Expected outcomes given one uncertain figure, fitted to draws.

    Attributes:
        figure: The figure in the draws, sorted, shape (draws,).
        scores: Its normal scores, in the same order.
        fitted: Expected outcomes in the draws as they came, shape (draws, outcomes).
        basis: Basis functions in the draws as they came, shape (draws, functions).
        weights: Of the basis functions, shape (functions, outcomes).
        roots: Square roots of the weights' posterior covariance, shape (outcomes, functions, functions).
    """

    figure: Floats
    scores: Floats
    fitted: Floats
    basis: Floats
    weights: Floats
    roots: Floats

    @classmethod
    def fit(cls, figure: Floats, outcomes: Floats) -> Curve:
        """The curve through draws of a figure, shape (draws,), and of outcomes, shape (draws, outcomes)."""
        scores = _normal_scores(figure)
        order = np.argsort(figure, kind="stable")
        basis, penalty = _functions(scores, scores)
        weights, roots = _penalised(basis, penalty, outcomes)
        return cls(figure[order], scores[order], basis @ weights, basis, weights, roots)

    def at(self, figure: Floats) -> Floats:
        """Expected outcomes where the figure is as given, shape (points, outcomes)."""
        scores = np.interp(figure, self.figure, self.scores)
        levels = np.unique(self.scores)
        if len(levels) <= _MOST_CASES:  # the nearest case stands for what lies between cases
            scores = levels[np.abs(scores[:, None] - levels).argmin(axis=1)]
        return np.asarray(_functions(scores, self.scores)[0] @ self.weights, np.float64)

    def posterior(self, draws: int, rng: np.random.Generator) -> Floats:
        """Curves as uncertain as they are, in the draws, shape (`draws`, draws of the figure, outcomes)."""
        n_functions, n_outcomes = self.weights.shape
        luck = rng.standard_normal((draws, n_outcomes, n_functions))
        weights = self.weights + np.einsum("ofg,dog->dfo", self.roots, luck)
        return np.asarray(np.einsum("nf,dfo->dno", self.basis, weights, optimize=True), np.float64)


def _read(net_benefits: npt.ArrayLike) -> tuple[Floats, Refusal | None]:
    benefits = np.asarray(net_benefits, np.float64)
    if benefits.ndim != 2 or benefits.shape[1] < 2:
        raise ValueError(f"net benefits have shape {benefits.shape}; expected (draws, 2 or more options)")
    if len(benefits) < LEAST_DRAWS:
        return benefits, Refusal(
            "too_few_draws",
            "value of information",
            f"There are {len(benefits)} draws; fewer than {LEAST_DRAWS} cannot tell what knowing more is worth.",
            f"Draw at least {LEAST_DRAWS} times.",
        )
    return benefits, None if np.isfinite(benefits).all() else _not_finite("the value of an option")


def _not_finite(what: str) -> Refusal:
    return Refusal(
        "not_finite",
        "value of information",
        f"In some draws {what} is not a number.",
        "Give every assumption a range in which each value can be computed.",
    )


def _normal_scores(figure: Floats) -> Floats:
    """Quantiles of the normal distribution at the figure's ranks, ties at their middle (van der Waerden)."""
    # Not rankdata of scipy.stats, which takes a second to import.
    from scipy.special import ndtri

    _, of, counts = np.unique(figure, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    return np.asarray(ndtri(ranks[of] / (len(figure) + 1)), np.float64)


def _functions(scores: Floats, known: Floats) -> tuple[Floats, Floats]:
    """Basis functions at some scores and the penalty on their weights, both laid out over the known scores."""
    levels = np.unique(known)
    if len(levels) <= _MOST_CASES:
        return (scores[:, None] == levels).astype(np.float64), np.zeros((len(levels), len(levels)))
    from scipy.interpolate import BSpline

    low, high = levels[0], levels[-1]
    step = (high - low) / _SEGMENTS
    knots = low + step * np.arange(-_DEGREE, _SEGMENTS + _DEGREE + 1)
    inside = np.clip(scores, low, high)
    basis = BSpline.design_matrix(inside, knots, _DEGREE, extrapolate=True).toarray()
    bends = np.diff(np.eye(basis.shape[1]), 2, axis=0)
    return np.asarray(basis, np.float64), bends.T @ bends


def _penalised(basis: Floats, penalty: Floats, outcomes: Floats) -> tuple[Floats, Floats]:
    """Weights of least squares with a penalty, and square roots of their posterior covariance, outcome by outcome.

    Both forms are diagonal in one basis (Demmler and Reinsch), so every smoothness costs one division.
    """
    from scipy.linalg import eigh

    gram = basis.T @ basis
    gram += np.eye(len(gram)) * 1e-9 * gram.trace() / len(gram)
    strengths, axes = eigh(penalty, gram)
    strengths = np.maximum(strengths, 0.0)
    along = axes.T @ (basis.T @ outcomes)
    n = len(basis)
    kept = 1 / (1 + _SMOOTHNESS[:, None] * strengths)
    freedom = kept.sum(axis=1)
    squares = (outcomes**2).sum(axis=0)
    # Residual sum of squares in that basis, where the functions are orthonormal.
    left = np.maximum(squares - ((2 * kept - kept**2) @ along**2), 0.0)
    choice = (n * left / (n - freedom[:, None]) ** 2).argmin(axis=0)
    each = np.arange(outcomes.shape[1])
    shrunk = kept[choice]
    noise = left[choice, each] / (n - freedom[choice])
    roots = axes[None] * np.sqrt(shrunk * noise[:, None])[:, None, :]
    return np.asarray(axes @ (shrunk.T * along), np.float64), roots
