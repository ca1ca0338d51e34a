"""Labour: units per labour hour by node and function, overtime and its premium, and how far hours follow the work.

Readings only. Hours above another node's are no loss by themselves: crews are planned ahead and stay through quiet days,
so that units per hour fall with volume at equal skill. What too few or too slow hands cost shows as late lines, and what avoidable
work costs as waste; both are told there.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.evidence.ground import Finding, Ground
from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.measures import ledger
from fourwalls.resampling import LEVEL, Draws, ratio_ranges

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_Key = tuple[str, str]

# Fewer days than this do not tell how hours follow units.
_LEAST_DAYS = 30
# Where the pay of less of the overtime than this is known, it is not taken for all.
_LEAST_PAID = 0.5


def find(ground: Ground) -> Finding:
    """Units per labour hour (UPLH) of each node and function, pay per unit, and the part of hours that follows the work."""
    draws = ground.draws
    if "labour" not in ground.rows or draws is None:
        because = "there is no table labour" if "labour" not in ground.rows else "the record is too short for ranges"
        step = "labour: hours and units by node, function and day, for eight weeks"
        return Finding(refusals=(Refusal("no_labour", "units per labour hour", because, step),))
    labour = ground.rows["labour"]
    said = ground.portfolio.assumptions
    premium = said.get("overtime_premium_share", DEFAULT_PREMIUM)
    wage = said.get("wage_amount_per_hour")
    keys, sums = _sums(ground, ground.engine.run(ledger.labour_days(labour, ground.span_seconds, premium, wage)))
    readings = _ratios(keys, sums, ground.portfolio.currency, draws)
    overtime = _overtime(keys, sums, ground.portfolio.currency, draws, premium)
    daily, products = _sums(ground, ground.engine.run(ledger.hours_against_units(labour, ground.span_seconds)))
    for i, key in enumerate(daily):
        readings.append(_following(key, {name: values[i] for name, values in products.items()}, draws))
    notes = ["units per labour hour are not compared between nodes in money: they fall with volume at equal skill"]
    refusals: tuple[Refusal, ...] = ()
    if not sums["told_hours"].any():
        refusals = (NO_OVERTIME,)
    elif "overtime_premium_share" not in said:
        notes.append(
            f"an hour of overtime is taken to be paid {premium:.0%} more than another (overtime_premium_share)"
        )
    return Finding(readings={(): (*readings, *overtime)}, refusals=refusals, notes=tuple(notes))


DEFAULT_PREMIUM = 0.5
"""Time and a half, the least the Fair Labor Standards Act asks for in the United States (29 U.S.C. 207); elsewhere often a quarter."""
NO_OVERTIME = Refusal(
    "no_overtime", "overtime", "no row of labour says how much of its hours was overtime", "labour.overtime_hours"
)


def _sums(ground: Ground, table: pa.Table) -> tuple[list[_Key], dict[str, npt.NDArray[np.float64]]]:
    """Nodes with their functions, and sums by these and span."""
    rows: list[_Key] = list(zip(table["node_id"].to_pylist(), table["function"].to_pylist(), strict=True))
    keys = sorted(set(rows))
    number = {key: i for i, key in enumerate(keys)}
    span = ground.span_index(table["span"].to_numpy().astype(np.int64))
    inside = span >= 0
    at = np.array([number[key] for key in rows], dtype=np.int64)[inside], span[inside]
    sums = {}
    for name in table.column_names[3:]:
        sums[name] = np.zeros((len(keys), len(ground.spans)))
        values = pc.fill_null(pc.cast(table[name], pa.float64()), 0.0).to_numpy(zero_copy_only=False)
        np.add.at(sums[name], at, values[inside])
    return keys, sums


def _ratios(keys: list[_Key], sums: dict[str, Floats], currency: str, draws: Draws) -> list[Reading]:
    told = (
        ("units_per_labour_hour", "Units per labour hour (UPLH)", "units", "hours", "units per hour", "units handled / hours worked", 0.75),
        ("labour_cost_per_unit", "Labour cost per unit", "cost_amount", "units", currency, "amount paid / units handled", 0.25),
    )  # fmt: skip
    found = []
    for name, label, above, below, unit, definition, quarter in told:
        if not sums[above].any():
            continue
        value, low, high = ratio_ranges(sums[above], sums[below], draws)
        for i, (node, function) in enumerate(keys):
            figure: Figure = Refusal("nothing_worked", label, f"no {below} recorded", f"{below} in labour")
            if np.isfinite(value[i]):
                figure = Estimate(float(value[i]), float(low[i]), float(high[i]), unit, LEVEL)
            peers = [v for v, key in zip(value, keys, strict=True) if key[1] == function and np.isfinite(v)]
            words = definition
            if len(peers) > 1:
                words += f"; better quarter of {len(peers)} nodes: {np.quantile(peers, quarter):.2f}"
            days = int(sums["days"][i].sum())
            found.append(Reading(f"{name}: {node} {function}", f"{label}: {function} at {node}", figure, days, words))
    return found


def _overtime(keys: list[_Key], sums: dict[str, Floats], currency: str, draws: Draws, premium: float) -> list[Reading]:
    """Overtime as a share of hours, against the better quarter of nodes, and what its premium costs; none where no row tells it."""
    found: list[Reading] = []
    told = sums["told_hours"].sum(axis=1) > 0
    if not told.any():
        return found
    value, low, high = ratio_ranges(sums["overtime_hours"], sums["told_hours"], draws)
    drawn = draws.counts @ sums["premium_amount"].T
    for i in np.flatnonzero(told).tolist():
        node, function = keys[i]
        days = int(sums["days"][i].sum())
        peers = [v for v, key, t in zip(value, keys, told, strict=True) if key[1] == function and t]
        words = "overtime hours / hours worked, where rows tell both"
        if len(peers) > 1:
            words += f"; better quarter of {len(peers)} nodes: {np.quantile(peers, 0.25):.1%}"
        share = Estimate(float(value[i]), float(low[i]), float(high[i]), "share", LEVEL)
        found.append(
            Reading(f"overtime_share: {node} {function}", f"Overtime: {function} at {node}", share, days, words)
        )
        label = f"Overtime premium: {function} at {node}"
        worked, paid = (float(sums[x][i].sum()) for x in ("overtime_hours", "paid_overtime_hours"))
        # What the other hours of overtime are paid is taken to be the same.
        scale = worked / paid if paid > 0 else 1.0
        amount = scale * float(sums["premium_amount"][i].sum())
        ends = scale * np.quantile(drawn[:, i], [draws.tail, 1 - draws.tail])
        figure: Figure = Estimate(amount, min(float(ends[0]), amount), max(float(ends[1]), amount), currency, LEVEL)
        if worked > 0 and paid < _LEAST_PAID * worked:
            because = (
                f"what {paid:,.0f} of {worked:,.0f} hours of overtime were paid is known"
                if paid
                else "nothing says what an hour is paid"
            )
            figure = Refusal("no_pay", label, because, "labour.cost_amount, or wage_amount_per_hour")
        words = f"over the record, what overtime is paid beyond ordinary hours, at a premium of {premium:.0%}"
        if paid < worked and isinstance(figure, Estimate):
            words += f"; the pay of {paid / worked:.0%} of it is known, and taken for all"
        found.append(Reading(f"overtime_premium_amount: {node} {function}", label, figure, days, words))
    return found


def _following(key: _Key, sums: dict[str, Floats], draws: Draws) -> Reading:
    """The part of hours that follows units from day to day: slope x mean units / mean hours of a straight line."""
    node, function = key
    label = f"Hours that follow the work: {function} at {node}"
    definition = "slope of a straight line of daily hours on daily units x mean units / mean hours"
    because = f"fewer than {_LEAST_DAYS} days, or the same units on each"
    figure: Figure = Refusal("few_days", label, because, "a longer record")
    days = int(sums["days"].sum())
    counts = np.concatenate([np.ones((1, draws.counts.shape[1])), draws.counts])
    with np.errstate(divide="ignore", invalid="ignore"):
        n, hours, units, product, square = (
            counts @ sums[name] for name in ("days", "hours", "units", "hours_units", "units_units")
        )
        share = (product / n - units * hours / n**2) / (square / n - (units / n) ** 2) * units / hours
    if days >= _LEAST_DAYS and np.isfinite(share).all():
        value = float(share[0])
        low, high = (float(x) for x in np.quantile(share[1:], [draws.tail, 1 - draws.tail]))
        figure = Estimate(value, min(low, value), max(high, value), "share", LEVEL)
    return Reading(f"hours_following_share: {node} {function}", label, figure, days, definition)
