"""What there is to choose from, and within which limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fourwalls.errors import AllocationError, listed

Floats = npt.NDArray[np.float64]

OPERATED = ("operate", "operate then orchestrate")
"""Paths that put an asset in order inside."""


@dataclass(frozen=True, slots=True)
class Option:
    """One path for one asset. Leaving the asset alone is always possible and needs no option.

    Attributes:
        asset: Name of the asset.
        path: operate, orchestrate or operate then orchestrate.
        value: What it is expected to bring over the horizon, after its own costs, before those of its enablers [money].
        cost: What it takes out of the budget, without its enablers [money].
        people_weeks: Weeks of our people it takes, without its enablers.
        enablers: Ids of what must be in place first and serves other assets too.
        after: Assets that must be operated for it; the asset itself bars orchestrating alone.
        barred: Why it may not be chosen, in words, e.g. an open hole in governance; "" if it may.
        draws: `value` in other weeks and with other costs, shape (draws,), the same draws for all options; or None.
    """

    asset: str
    path: str
    value: float
    cost: float
    people_weeks: float = 0.0
    enablers: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    barred: str = ""
    draws: Floats | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Enabler:
    """Something paid once that several options need: a partner connected, a contract, a feed.

    Attributes:
        id: Its name.
        cost: What it takes out of the budget, once [money].
        people_weeks: Weeks of our people it takes, once.
    """

    id: str
    cost: float
    people_weeks: float = 0.0


@dataclass(frozen=True, slots=True)
class Risk:
    """How bad the bad cases may be.

    Attributes:
        share: Which part of the draws counts as bad, e.g. 0.1 for the worst tenth.
        most_lost: The mean value of the whole choice in that part may not be less than minus this [money]; negative
            where even then something must be gained.
    """

    share: float
    most_lost: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be spent.

    Attributes:
        budget: Money for all options and enablers [money].
        people_weeks: Weeks of our people; None for no limit.
        risk: Limit on bad cases; None for none.
    """

    budget: float
    people_weeks: float | None = None
    risk: Risk | None = None


def check(options: Sequence[Option], enablers: Sequence[Enabler], limits: Limits) -> None:
    """Raises AllocationError for whatever nobody can choose from: what, where, found, remedy."""
    _check_limits(limits)
    known = _check_enablers(enablers)
    seen: set[tuple[str, str]] = set()
    lengths = set()
    for option in options:
        where = f"Option '{option.path}' of asset '{option.asset}'"
        if (option.asset, option.path) in seen:
            raise AllocationError(f"{where} is there twice.", "Give each path of an asset once.")
        seen.add((option.asset, option.path))
        if not math.isfinite(option.value):
            raise AllocationError(
                f"{where}: value must be a number; found {option.value!r}.", "Leave out options nobody can value."
            )
        _spending(where, option.cost, option.people_weeks)
        if strange := sorted(option.enablers - known):
            raise AllocationError(
                f"{where} needs enabler '{strange[0]}', which is not described; found {listed(sorted(known))}.",
                "Describe it with its cost, or leave it out.",
            )
        if option.draws is not None:
            _check_draws(where, option.draws)
            lengths.add(len(option.draws))
        elif limits.risk:
            raise AllocationError(
                f"{where} has no draws, which a limit on risk needs.", "Give draws, or no such limit."
            )
    if len(lengths) > 1:
        raise AllocationError(
            f"Options have draws of different length: {listed(sorted(lengths))}.", "Draw all options together."
        )


def _check_limits(limits: Limits) -> None:
    if math.isnan(limits.budget) or limits.budget < 0:
        raise AllocationError(
            f"The budget must be an amount from 0; found {limits.budget!r}.", "Give budget_amount, or --budget."
        )
    if limits.people_weeks is not None and not limits.people_weeks >= 0:
        raise AllocationError(
            f"people_weeks must be weeks from 0; found {limits.people_weeks!r}.", "Correct it, or leave it out."
        )
    risk = limits.risk
    if risk and not 0 < risk.share <= 1:
        raise AllocationError(
            f"risk_share must lie above 0 and up to 1; found {risk.share!r}.", "Write the worst tenth as 0.1."
        )
    if risk and not math.isfinite(risk.most_lost):
        raise AllocationError(
            f"risk_limit_amount must be an amount; found {risk.most_lost!r}.", "Give the mean loss that can be borne."
        )


def _check_enablers(enablers: Sequence[Enabler]) -> set[str]:
    known: set[str] = set()
    for enabler in enablers:
        where = f"Enabler '{enabler.id}'"
        if enabler.id in known:
            raise AllocationError(f"{where} is there twice.", "Describe each once.")
        known.add(enabler.id)
        _spending(where, enabler.cost, enabler.people_weeks)
    return known


def _spending(where: str, cost: float, people_weeks: float) -> None:
    for name, value in (("cost", cost), ("people_weeks", people_weeks)):
        if not (math.isfinite(value) and value >= 0):
            raise AllocationError(f"{where}: {name} must be a number from 0; found {value!r}.", "Correct it.")


def _check_draws(where: str, draws: Floats) -> None:
    if draws.ndim != 1 or not len(draws) or not np.isfinite(draws).all():
        raise AllocationError(f"{where} has draws that are not all numbers.", "Leave out options nobody can value.")
