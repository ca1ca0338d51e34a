"""Media money that ran while the product could not be bought."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fourwalls.evidence.ground import Ground
from fourwalls.evidence.rates import stand_out
from fourwalls.evidence.visits import Record, codes_of, sums_by
from fourwalls.figures import Refusal
from fourwalls.measures import conversion as measures
from fourwalls.resampling import REPLICATES, Draws

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Waste:
    """Media money that ran while the product could not be bought.

    Attributes:
        amount: By group, 0 where it may be chance, shape (groups,).
        draws: In each replicate, shape (REPLICATES, groups).
        shut_days: Days of listings that could not be bought, shape (groups,).
        refusal: Why it cannot be told; None where it can.
    """

    amount: Floats
    draws: Floats
    shut_days: Floats
    refusal: Refusal | None


def media_waste(ground: Ground, record: Record, draws: Draws) -> Waste:
    """Media money beyond what the buyable part of a day costs.

    A visit while it could not be bought should cost nothing, and any other what visits to the same listing cost on days
    it could be bought throughout, in the same span of time; who switches media off in time wastes nothing. By visits and
    not by days, since days on which goods run out are busier than others.
    """
    table = ground.engine.run(measures.media_spans(ground.engine.table("listing_days")))
    groups, spans = len(record.groups), len(ground.spans)
    none = np.zeros(groups), np.zeros((REPLICATES, groups)), np.zeros(groups)
    columns = ("whole_media", "whole_visits", "part_media", "part_visits", "shut_days")
    t = {name: np.nan_to_num(table[name].to_numpy().astype(np.float64)) for name in columns}
    if not table.num_rows or t["whole_media"].sum() <= 0:
        because = "listings do not tell media money together with the share of the day they could be bought"
        return Waste(*none, Refusal("no_media", "media money on empty shelves", because, "listings.media_amount and listed_share"))  # fmt: skip
    number = {name: i for i, name in enumerate(record.groups)}
    of = [number.get(k, -1) for k in zip(*(table[n].to_pylist() for n in measures.BOUGHT_BY), strict=True)]
    group, span = np.array(of, dtype=np.int64), ground.span_index(table["span"].to_numpy().astype(np.int64))
    listing, _ = codes_of(table, ("sku_id", "channel_id"))
    usual = _usual_cost(t, listing, group, span, spans)
    good = (group >= 0) & (span >= 0) & np.isfinite(usual)
    flat = group[good] * spans + span[good]

    def summed(values: Floats) -> Floats:
        return sums_by(flat, values[good], groups * spans).reshape(groups, spans)

    beyond = summed(t["part_media"] - np.nan_to_num(usual) * t["part_visits"])
    amount = beyond.sum(axis=1)
    starts = np.flatnonzero(np.diff(draws.block, prepend=-1))
    blocks = np.add.reduceat(beyond, starts, axis=1)
    error = np.sqrt(blocks.var(axis=1, ddof=1) * blocks.shape[1])
    z = np.divide(amount, error, out=np.zeros(groups), where=error > 0)
    sure = stand_out(z) & (amount > 0)
    drawn = np.maximum(draws.counts @ beyond.T, 0.0)
    return Waste(np.where(sure, amount, 0.0), np.where(sure, drawn, 0.0), summed(t["shut_days"]).sum(axis=1), None)


def _usual_cost(t: Mapping[str, Floats], listing: Ints, group: Ints, span: Ints, spans: int) -> Floats:
    """What a visit on wholly buyable days costs each listing in each span: its mean, moved as its group moves then."""
    visits, money = np.bincount(listing, t["whole_visits"]), np.bincount(listing, t["whole_media"])
    mean = np.divide(money, visits, out=np.full(len(visits), np.nan), where=visits > 0)[listing]
    cell = np.maximum(group, 0) * spans + np.maximum(span, 0)
    expected = np.bincount(cell, np.nan_to_num(mean) * t["whole_visits"])
    seen = np.bincount(cell, t["whole_media"])
    moved = np.divide(seen, expected, out=np.ones(len(seen)), where=expected > 0)
    usual: Floats = mean * moved[cell]
    return usual
