"""What all evidence stands on: the tables, the assets, the weeks, and how a booking is dealt out to assets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.engines.base import Engine
from fourwalls.figures import Period, Reading, Refusal
from fourwalls.losses import AssetKey, Loss
from fourwalls.portfolio import Portfolio
from fourwalls.resampling import Draws

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PLACE = ("brand", "category", "channel_id", "region")
"""Columns by which bookings and events say which assets they belong to; null where they do not say."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one kind of record says.

    Attributes:
        losses: What it costs, asset by asset.
        readings: Asset → what was measured there; () is the whole portfolio.
        refusals: What could not be told, for every asset.
        notes: Lines worth reading about the data or the defaults used.
        judged: Asset → stages that could be held to something, whether or not they lost anything.
        detectable: Asset → stage → the smallest loss, spread evenly over what was compared, that would have been told apart from
            chance four times in five [portfolio currency over the record]; what nothing is told of is left out.
    """

    losses: tuple[Loss, ...] = ()
    readings: Mapping[AssetKey, tuple[Reading, ...]] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    judged: Mapping[AssetKey, frozenset[str]] = field(default_factory=dict)
    detectable: Mapping[AssetKey, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Ground:
    """What evidence is found on.

    Attributes:
        engine: Runs the expressions.
        rows: Table → its rows as intake kept them; tables that are not there are absent.
        lines: Judged order lines (`measures.order_lines.judged_lines`); None where there are none.
        portfolio: What portfolio.toml says.
        party_names: party_id → as people call it.
        channel_party: channel_id → party that runs it.
        assets: Keys of the assets, in the order of the diagnosis.
        spans: Numbers of the spans of time (weeks since 1970, or days in short records), ascending.
        span_seconds: Their length.
        draws: Bootstrap draws of the spans; None where the record is too short for ranges.
        period: Days looked at.
    """

    engine: Engine
    rows: Mapping[str, ir.Table]
    lines: ir.Table | None
    portfolio: Portfolio
    party_names: Mapping[str, str]
    channel_party: Mapping[str, str]
    assets: tuple[AssetKey, ...]
    spans: Ints
    span_seconds: int
    draws: Draws | None
    period: Period

    @property
    def own(self) -> str:
        """Our own party."""
        return self.portfolio.own_party_id

    @property
    def years(self) -> float:
        """Length of the record."""
        return (self.period.end - self.period.start).days / 365.25

    def span_index(self, numbers: Ints) -> Ints:
        """Place of each span number in `spans`; -1 where it is outside the record."""
        at = np.clip(np.searchsorted(self.spans, numbers), 0, len(self.spans) - 1)
        found: Ints = np.where(self.spans[at] == numbers, at, -1)
        return found

    @cached_property
    def places(self) -> Places:
        """Order lines by place and asset."""
        return _places(self)


@dataclass(frozen=True)
class Places:
    """Order lines by brand, category, channel and region: what bookings are compared per, and dealt out by.

    Attributes:
        names: Values of PLACE of each place, None where a line has none.
        lines, units, value: By place and span, shape (places, spans).
        of_asset: Share of each place's lines in each asset, rows sum to 1, shape (places, assets).
    """

    names: tuple[tuple[str | None, ...], ...]
    lines: Floats
    units: Floats
    value: Floats
    of_asset: Floats

    @cached_property
    def _number(self) -> dict[tuple[str | None, ...], int]:
        return {name: i for i, name in enumerate(self.names)}

    def matching(self, place: tuple[str | None, ...]) -> Ints:
        """Places that a booking with these values of PLACE can belong to: equal where it says, any where it says nothing."""
        exact = self._number.get(place)
        if exact is not None and None not in place:
            return np.array([exact], dtype=np.int64)
        said = [(i, v) for i, v in enumerate(place) if v is not None]
        return np.array([n for n, name in enumerate(self.names) if all(name[i] == v for i, v in said)], dtype=np.int64)

    def asset_weights(self, place: tuple[str | None, ...]) -> Floats:
        """How a booking with these values of PLACE is dealt out: by the lines of the places it can belong to, shape (assets,).

        All zeros where no order line matches.
        """
        at = self.matching(place)
        lines = self.lines[at].sum(axis=1)
        total = float(lines.sum())
        if total <= 0:
            return np.zeros(self.of_asset.shape[1])
        weights: Floats = (lines / total) @ self.of_asset[at]
        return weights


def _places(ground: Ground) -> Places:
    if ground.lines is None:
        none = np.zeros((0, len(ground.spans)))
        return Places((), none, none, none, np.zeros((0, len(ground.assets))))
    grain = ground.portfolio.grain
    t = ground.lines
    counted = ground.engine.run(
        t.group_by(*dict.fromkeys(("brand", "category", "channel_id", "destination", *grain)), "span").agg(
            lines=t.count(), units=t.shipped_units.sum(), value=t.value_amount.sum()
        )
    )
    names = list(zip(*(_texts(counted[c]) for c in ("brand", "category", "channel_id", "destination")), strict=True))
    number = {name: i for i, name in enumerate(dict.fromkeys(names))}
    row = np.array([number[name] for name in names], dtype=np.int64)
    key = {asset: i for i, asset in enumerate(ground.assets)}
    asset = np.array([key[a] for a in zip(*(_texts(counted[c]) for c in grain), strict=True)], dtype=np.int64)
    span = ground.span_index(counted["span"].to_numpy().astype(np.int64))
    shape = (len(number), len(ground.spans))

    def by_span(name: str) -> Floats:
        values = pc.fill_null(pc.cast(counted[name], pa.float64()), 0.0).to_numpy(zero_copy_only=False)
        sums = np.zeros(shape)
        np.add.at(sums, (row, span), np.nan_to_num(values))
        return sums

    lines = by_span("lines")
    of_asset = np.zeros((len(number), len(ground.assets)))
    np.add.at(of_asset, (row, asset), counted["lines"].to_numpy().astype(np.float64))
    of_asset /= np.maximum(of_asset.sum(axis=1, keepdims=True), 1.0)
    return Places(tuple(number), lines, by_span("units"), by_span("value"), of_asset)


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    return [None if v is None else str(v) for v in column.to_pylist()]
