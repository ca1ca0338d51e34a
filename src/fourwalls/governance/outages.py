"""What an outage of a partner could cost: what passes through its hands in the days until we could do without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.engines.base import Engine
from fourwalls.figures import Refusal
from fourwalls.governance import units, words
from fourwalls.governance.contracts import Contract, plain

Floats = npt.NDArray[np.float64]

DEFAULT_DAYS = 30.0
"""Days to fall back where neither a clause nor an offer says: a month, by which a substitute has commonly been signed; a choice of ours."""
_DOERS = ("fulfilment_party", "carrier_id", "release_party")


@dataclass(frozen=True, slots=True)
class Outage:
    """Cost of an outage of one partner.

    Attributes:
        party_id: Who.
        line_share, value_share: Part of order lines, and of their value, that pass through its hands, 0-1; the second None without prices.
        lines_per_day: On a mean day.
        days: Until we could do without it.
        days_from: Who says so: a clause, an offer, or our default.
        is_default: Whether nobody said so.
        typical_amount: Margin of what passes in so many mean days [portfolio currency]; None without prices.
        bound_amount: The same in the costliest such stretch on record: more cannot be lost to it by lines that nobody else takes over.
        amount_is: "gross margin", or "order value" where costs are unknown (then the bound is a loose one).
        lines: Lines in the costliest stretch.
    """

    party_id: str
    line_share: float
    value_share: float | None
    lines_per_day: float
    days: float
    days_from: str
    is_default: bool
    typical_amount: float | None
    bound_amount: float | None
    amount_is: str
    lines: float


def days_to_fall_back(
    party: str, contracts: Sequence[Contract], offers: Sequence[Mapping[str, object]]
) -> tuple[float, str, bool]:
    """Days until we could do without a partner, who says so, and whether that is a mere default.

    A fallback clause that names a time comes first; else the shortest ramp of another partner that offers the same capability.
    """
    found = []
    for contract in contracts:
        for value in contract.custom("fallback_days", "fallbackDays", "daysToFallBack"):
            try:
                found.append((units.number(value), f"fallback_days in {contract.file}"))
            except units.UnclearError:
                continue
        told = [units.longest_duration(str(value)) for value in contract.custom(*words.FALLBACK)]
        found += [(days, f"the fallback clause of {contract.file}") for days in told if days is not None]
    if found:
        return (*max(found), False)
    mine = {plain(o["capability"]) for o in offers if o["party_id"] == party}
    ramps = [
        (float(str(o["ramp_days"])), f"the ramp that {o['party_id']} offers for {o['capability']}")
        for o in offers
        if o["party_id"] != party and o["ramp_days"] is not None and plain(o["capability"]) in mine
    ]
    return (*min(ramps), False) if ramps else (DEFAULT_DAYS, "no clause and no offer says; a month is taken", True)


def outages(
    engine: Engine, lines: ir.Table | None, parties: Mapping[str, Sequence[Contract]], offers: Sequence[Mapping[str, object]],
    start: date, days: int,
) -> tuple[tuple[Outage, ...], tuple[Refusal, ...]]:  # fmt: skip
    """The cost of an outage of each partner, for those whose hands order lines pass through.

    Args:
        engine, lines: Judged order lines; None where there are none.
        parties: Partner → its contracts in force.
        offers: Rows of `offers`.
        start, days: First day and length of the record.
    """
    if lines is None:
        return (), (
            Refusal(
                "no_lines", "cost of an outage", "no order lines say what passes through a partner", "table order_lines"
            ),
        )
    passed = _passed(engine, lines, tuple(parties), start, days)
    total = passed.by_day(np.ones(len(passed.day), dtype=np.bool_))
    told = []
    for party, contracts in parties.items():
        # One line may pass through a party in more than one stage: counted once.
        through = np.any([doers == party for doers in passed.doers], axis=0)
        if through.any():
            told.append(_outage(party, passed.by_day(through), total, days_to_fall_back(party, contracts, offers)))
    return tuple(told), ()


@dataclass(frozen=True, slots=True)
class _Passed:
    """What passed on each day through which hands.

    Attributes:
        days: Length of the record.
        day: Of each row, counted from the first, shape (rows,).
        doers: Party of each row, for each stage; None where it is none of those asked about, shape (rows,) each.
        sums: Lines, order value and gross margin; NaN where unknown, shape (3, rows).
    """

    days: int
    day: npt.NDArray[np.int64]
    doers: list[npt.NDArray[np.object_]]
    sums: Floats

    def by_day(self, chosen: npt.NDArray[np.bool_]) -> Floats:
        """The sums of some rows by day, shape (3, days); NaN where amounts are unknown throughout."""
        found = np.zeros((3, self.days))
        for row, column in zip(found, self.sums[:, chosen], strict=True):
            np.add.at(row, self.day[chosen], np.nan_to_num(column))
            if not np.isfinite(column).any():
                row[:] = np.nan
        return found


def _passed(engine: Engine, lines: ir.Table, parties: tuple[str, ...], start: date, days: int) -> _Passed:
    first = (start - date(1970, 1, 1)).days
    stages = [doer for doer in _DOERS if doer in lines.columns]
    asked = {s: ibis.cases((lines[s].isin(parties), lines[s]), else_=None) for s in stages if parties}
    told = lines.mutate(day=lines.ordered_s // int(units.DAY_S) - first, **asked)
    told = told.filter((told.day >= 0) & (told.day < days))
    table = engine.run(
        told.group_by("day", *asked).agg(
            lines=told.count(), value=told.value_amount.sum(), margin=told.margin_amount.sum()
        )
    )
    return _Passed(
        days,
        table["day"].to_numpy().astype(np.int64),
        [np.array(table[s].to_pylist(), dtype=object) for s in asked],
        np.stack([_numbers(table[name]) for name in ("lines", "value", "margin")]),
    )


def _numbers(column: pa.ChunkedArray) -> Floats:
    values: Floats = pc.fill_null(pc.cast(column, pa.float64()), float("nan")).to_numpy(zero_copy_only=False)
    return values


def _outage(party: str, mine: Floats, total: Floats, fall_back: tuple[float, str, bool]) -> Outage:
    days, days_from, is_default = fall_back
    length = mine.shape[1]
    row, amount_is = (2, "gross margin") if np.isfinite(mine[2]).all() else (1, "order value")
    priced = bool(np.isfinite(mine[row]).all())
    # A stretch of so many whole days, at most the record; longer ones are drawn out from its mean.
    window = max(1, min(round(days), length))
    beyond = max(days / window, 1.0)
    worst = [float(np.convolve(mine[r], np.ones(window), "valid").max()) * beyond for r in (0, row)]
    return Outage(
        party_id=party,
        line_share=float(mine[0].sum() / max(total[0].sum(), 1.0)),
        value_share=float(mine[1].sum() / total[1].sum()) if priced and total[1].sum() > 0 else None,
        lines_per_day=float(mine[0].mean()),
        days=days,
        days_from=days_from,
        is_default=is_default,
        typical_amount=float(mine[row].mean() * days) if priced else None,
        bound_amount=worst[1] if priced else None,
        amount_is=amount_is,
        lines=worst[0],
    )
