"""What a stage in the hands of one party costs an asset, in money: the coin in which all evidence is paid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fourwalls.diagnosis import Flow, Wall

Floats = npt.NDArray[np.float64]
FLOWS: tuple[Flow, ...] = ("service", "stock", "conversion", "ledger", "work", "overflow", "cancelled")

AssetKey = tuple[str | None, ...]
"""Values of the grain, in its order; () is the whole portfolio."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Margin an asset loses because a stage, in one party's hands, does not perform at its standard.

    Attributes:
        asset: Which.
        flow: Where it was seen: late lines (service), empty shelves (stock), visits that bought nothing (conversion), bookings
            (ledger), hours of people (work), demand turned away that a partner could serve (overflow), lines that had to be
            cancelled (cancelled).
        stage: The stage that loses it.
        wall: Which side it is on in these records.
        party_id: Who does it; None where the records do not say.
        amount: Over the record [portfolio currency].
        draws: The same in each bootstrap replicate, shape (REPLICATES,).
        quantity, unit: What was counted, e.g. 412 "hours".
        standard: What it was held to, in words, with its origin.
    """

    asset: AssetKey
    flow: Flow
    stage: str
    wall: Wall
    party_id: str | None
    amount: float
    draws: Floats
    quantity: float
    unit: str
    standard: str
