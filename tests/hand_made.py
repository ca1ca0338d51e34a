"""One asset made by hand, of which only other records know: what it is worth is known to the cent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from fourwalls.concluding import NO_ORDER_FLOW, Case, values_of
from fourwalls.figures import Refusal
from fourwalls.governance.readiness import Hole, Readiness
from fourwalls.losses import Loss
from fourwalls.portfolio import Portfolio, Thresholds
from fourwalls.resampling import REPLICATES
from fourwalls.value import Costs, Worth, worth_of
from fourwalls.weighing import Both

NONE = np.zeros(REPLICATES)
PLAIN = {"horizon_years": 1.0, "discount_rate": 0.0, "ramp_weeks": 0.0, "attainable_share": 1.0}


def triple(low: float, mode: float | None = None, high: float | None = None) -> dict[str, float]:
    return {"low": low, "mode": low if mode is None else mode, "high": low if high is None else high}


def portfolio(
    operate: dict[str, float], orchestrate: dict[str, float] | None = None, **assumptions: float
) -> Portfolio:
    """A year of horizon, nothing discounted, all reached at once, unless said otherwise."""
    paths = {"operate": {"one_off_amount": operate}, "orchestrate": {"one_off_amount": orchestrate or triple(1e6)}}
    # These have no shelves that could be empty: else nothing would be known of what paths are worth.
    shelfless = Thresholds(unseen_stock_share=0.0)
    return Portfolio(
        Path(), "By hand", "EUR", "us", ("category",),
        assumptions=PLAIN | assumptions, paths=paths, thresholds=shelfless,
    )  # fmt: skip


def case(said: Portfolio, inside: float, between: float = 0.0, name: str = "chairs", blocked: float = 0.0) -> Case:
    """A record of one year in which our own work lost `inside` and a partner `between`; its open rules bar `blocked`."""
    losses = [
        Loss((name,), "ledger", "waste", wall, party, amount, np.full(REPLICATES, amount), 1, "bookings", "peers")
        for wall, party, amount in (("inside", "us", inside), ("between", "p", between))
    ]
    both = Both(
        NO_ORDER_FLOW, None, Refusal("no_stock", "Availability", "no stock", "stock_days"), Worth(0, 0, NONE, NONE),
        Worth(0, 0, NONE, NONE), Costs(0.1, 0.35), 0.0, 0.0, currency="EUR", others=losses,
        other_worth=worth_of(losses), revenue=1_000.0,
    )  # fmt: skip
    if blocked:
        hole = Hole("p", "Packers", "owner", "Who answers?", "nobody is named", "name one", True, blocked)
        both = replace(both, readiness=Readiness((name,), 0.5, 0.5, True, blocked, 0.0, (hole,)))
    return Case((name,), replace(both, values=values_of(both, said, 1.0, 0.0)), tuple(losses), 1.0)
