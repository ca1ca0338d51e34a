"""What other rooms measured of one asset, as signals and tests need it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fourwalls.chain.standards import Detectable
from fourwalls.figures import Reading, Refusal
from fourwalls.losses import AssetKey, Loss
from fourwalls.resampling import Draws
from fourwalls.verdict import YOUR_TARGET

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

TABLE_OF = {
    "release": "order_lines", "fulfilment": "order_lines", "carriage": "order_lines", "promise": "order_lines",
    "forecast": "forecasts", "decision": "supply_orders", "supply": "supply_orders", "receiving": "supply_orders",
    "allocation": "supply_orders", "listing": "listings", "record": "stock_days", "shelf": "stock_days",
    "content": "listings", "price": "listings", "media": "listings",
    "waste": "leakage", "status": "work_log", "feed": "feeds", "overflow": "offers",
}  # fmt: skip
"""Stage → the table without which nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How far the rules with the asset's partners are settled.

    Attributes:
        share: Part of the questions that are settled, 0-1; refused where nothing is known of any.
        is_blocked: Whether a partner that matters lacks a rule without which nothing more can be asked of it.
        holes: What is missing, the worst first, in words.
        unknown: Part of what is at stake with partners of whose rules no contract says anything, 0-1.
        unknown_with: Those partners, most at stake first.
    """

    share: float | Refusal
    is_blocked: bool = False
    holes: tuple[str, ...] = ()
    unknown: float = 0.0
    unknown_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skus:
    """What became of each sku's order lines in one asset.

    Attributes:
        channels: Channels it is sold in, over the whole portfolio, shape (skus,).
        lines, cancelled: Order lines, and those cancelled, same shape.
    """

    channels: Floats
    lines: Floats
    cancelled: Floats


@dataclass(frozen=True, slots=True)
class Channels:
    """What became of the asset's order lines in each channel.

    Attributes:
        names: Channels that had any.
        lines, cancelled: Order lines, and those cancelled, shape (channels, spans).
    """

    names: tuple[str, ...]
    lines: Floats
    cancelled: Floats


@dataclass(frozen=True, slots=True)
class Loop:
    """How long supply took from the need to the shelf, summed over orders, by span of the need.

    Attributes:
        to_decide, to_act, whole: From need to decision, from decision to order, from need to available [s], shape (spans,).
        orders: Supply order lines with all these times, same shape.
    """

    to_decide: Floats
    to_act: Floats
    whole: Floats
    orders: Floats


@dataclass(frozen=True, slots=True)
class Material:
    """One asset, as other rooms measured it. Arrays have shape (spans,); what is not known is None.

    Attributes:
        asset, name: Which, and as people call it.
        draws: Bootstrap draws of the spans; None where the record is too short for ranges.
        whole: Spans that lie in the period with all their days.
        is_weekly: Whether spans are weeks.
        lines: Order lines.
        due, served: Lines due whose units are known, and those on time in full.
        revenue: Net order value; zeros where nothing is priced.
        target, target_origin: Share of lines asked to be on time in full, and who says so, in words.
        costed_lines, fulfilment: Lines whose cost of fulfilment is known, and that cost.
        margin_value, margin: Net value of lines whose cost is known, and what is left of it after all known costs.
        losses: Of this asset, over all flows.
        tables: Canonical tables there are.
        measured: Stages that were looked at and could be held to something, whether or not they lost anything.
        hands: Stage → volume in our own, in a partner's and in unknown hands.
        readings: What evidence measured, by name.
        skus: Order lines by sku.
        channels: Order lines by channel.
        loop: Supply from need to shelf.
        rules: With partners; None where nobody looked at contracts.
        weighs: Whether late lines ("service") and empty shelves ("stock") carry weight in the verdict; what is left alone there
            (as often on time as asked, one event) says nothing in a signal either.
        detectable: Stage → the smallest loss that would have been told apart from chance four times in five [portfolio currency].
        distances: Stage → by how much whoever does it would have had to be worse than peers to be told apart, over all who were
            compared, in any asset: in the unit of what is compared.
    """

    asset: AssetKey
    name: str
    draws: Draws | None
    whole: Bools
    is_weekly: bool
    lines: Floats
    due: Floats
    served: Floats
    revenue: Floats
    target: float
    target_origin: str = YOUR_TARGET
    costed_lines: Floats | None = None
    fulfilment: Floats | None = None
    margin_value: Floats | None = None
    margin: Floats | None = None
    losses: tuple[Loss, ...] = ()
    tables: frozenset[str] = frozenset()
    measured: frozenset[str] = frozenset()
    hands: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)
    readings: Mapping[str, Reading] = field(default_factory=dict)
    skus: Skus | None = None
    channels: Channels | None = None
    loop: Loop | None = None
    rules: Rules | None = None
    weighs: frozenset[str] = frozenset({"service", "stock"})
    detectable: Mapping[str, float] = field(default_factory=dict)
    distances: Mapping[str, Detectable] = field(default_factory=dict)

    @property
    def acted_on(self) -> tuple[Loss, ...]:
        """Losses that carry weight in the verdict."""
        return tuple(x for x in self.losses if x.flow not in ("service", "stock") or x.flow in self.weighs)

    def of(self, *stages: str) -> tuple[Loss, ...]:
        """Losses of some stages."""
        return tuple(loss for loss in self.losses if loss.stage in stages)

    def is_measured(self, stage: str) -> bool:
        """Whether it is known what a stage loses: it lost something, or was looked at and could have."""
        return stage in self.measured or any(loss.stage == stage for loss in self.losses)
