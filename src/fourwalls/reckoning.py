"""The steps from its inputs to a number, so that anybody can work it out again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fourwalls.diagnosis import (
    Assumed,
    Availability,
    Contribution,
    Diagnosis,
    Gap,
    LostUnits,
    PathWorth,
    StageShare,
    StageUnits,
    Told,
)
from fourwalls.figures import Estimate, Refusal
from fourwalls.numbers import PAID_ONCE, Number, Sum, slug
from fourwalls.value import Horizon, horizon, value_over

_SPENT = ("to begin, once", "to run", PAID_ONCE)
_DAYS_PER_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a calculation.

    Attributes:
        words: What is done.
        value: What it gives.
        unit: Its unit; "" for a count.
    """

    words: str
    value: float
    unit: str = ""


def steps(number: Number, known: Mapping[str, Number]) -> tuple[Step, ...]:
    """The steps from what a number is made of to the number itself, which is the last of them.

    Empty where it is counted in records or read from draws, and not worked out from other numbers.

    Args:
        number: Which.
        known: All numbers by id.
    """
    owner, field = number.owner, number.field
    if isinstance(number.value, Refusal):
        return ()
    if isinstance(owner, Sum):
        return _of_sum(owner, known, _unit(number))
    if isinstance(owner, PathWorth):
        return _of_path(owner, number, known)
    if isinstance(owner, Told):
        return _of_loss(owner, number, known) if field == "amount" else ()
    if isinstance(owner, StageShare | StageUnits | Contribution | LostUnits):
        return _of_part(owner, number)
    return _of_split(owner, field) if isinstance(owner, Gap | Availability) else ()


def _amount(value: Estimate | Refusal | float) -> float:
    return value.value if isinstance(value, Estimate) else 0.0 if isinstance(value, Refusal) else float(value)


def _said(known: Mapping[str, Number]) -> dict[str, float]:
    """Assumptions by name."""
    return {n.owner.name: _amount(n.value) for n in known.values() if isinstance(n.owner, Assumed)}


def _unit(number: Number) -> str:
    return number.value.unit if isinstance(number.value, Estimate) else ""


def _added(parts: Sequence[tuple[str, float]], unit: str, words: str = "together") -> tuple[Step, ...]:
    return (*(Step(name, amount, unit) for name, amount in parts), Step(words, sum(a for _, a in parts), unit))


def _of_sum(owner: Sum, known: Mapping[str, Number], unit: str) -> tuple[Step, ...]:
    amounts = [(name, _amount(known[name].value)) for name in owner.parts]
    if not owner.weights:
        return _added([*amounts, *((f"less {name}", -_amount(known[name].value)) for name in owner.less)], unit)
    weights = [_amount(known[name].value) for name in owner.weights]
    weighed = [(f"{n}, weight {w:,.2f}", a * w) for (n, a), w in zip(amounts, weights, strict=True)]
    total = sum(weights)
    told = _added(weighed, "")
    return (*told, Step("sum of the weights", total), Step("the one over the other", told[-1].value / total))


def _of_path(path: PathWorth, number: Number, known: Mapping[str, Number]) -> tuple[Step, ...]:
    said = _said(known)
    if not said.keys() >= {"horizon_years", "discount_rate", "ramp_weeks", "attainable_share"}:
        return ()
    over, unit = horizon(said), path.value.unit if isinstance(path.value, Estimate) else ""
    if over.gain <= 0:
        return ()
    if number.field == "value":
        return _value(path, over, said, unit)
    if number.field == "payback":
        return _payback(path, over, said, unit)
    gains = [(name, amount) for name, amount in path.links if name not in _SPENT]
    if number.field == "gain_per_year":
        brought = _added(gains, unit, "brought over the horizon, before costs")
        years = _years(over, said)
        return (*brought, *years, Step("margin a year = the one over the other", brought[-1].value / over.gain, unit))
    return _link(path, number, over, said, unit) if number.field == "links" else ()


def _years(over: Horizon, said: Mapping[str, float]) -> tuple[Step, ...]:
    """What the horizon counts as, in years of a margin that comes in full and today."""
    ramped = over.gain / said["attainable_share"] if said.get("attainable_share") else over.gain
    return (
        Step(f"{len(over.months)} months, each discounted at {said.get('discount_rate', 0.0):.4g} a year", over.spending, "years"),
        Step(f"of these, with a ramp over {said.get('ramp_weeks', 0.0):.4g} weeks", ramped, "years"),
        Step(f"of these, with {said.get('attainable_share', 0.0):.4g} of the gap attainable", over.gain, "years"),
    )  # fmt: skip


def _value(path: PathWorth, over: Horizon, said: Mapping[str, float], unit: str) -> tuple[Step, ...]:
    return (
        Step("margin a year, if the whole gap closed at once", path.gain_per_year, unit),
        *_years(over, said),
        Step("margin kept = margin a year times these years", over.gain * path.gain_per_year, unit),
        Step("less what it costs to begin", -path.one_off, unit),
        Step("less what it costs a year times the discounted years", -over.spending * path.run_per_year, unit),
        Step("value after costs", value_over(over, path.gain_per_year, path.one_off, path.run_per_year), unit),
    )


def _payback(path: PathWorth, over: Horizon, said: Mapping[str, float], unit: str) -> tuple[Step, ...]:
    kept = np.cumsum(over.ramp) * path.gain_per_year / 12
    spent = path.one_off + path.run_per_year / 12 * np.arange(1, len(over.months) + 1)
    back = np.flatnonzero(kept >= spent)
    if not len(back):
        return ()
    n = int(back[0])
    reached = f"{said.get('attainable_share', 0.0):.4g} of the gap, ramp over {said.get('ramp_weeks', 0.0):.4g} weeks, not discounted"
    before = (Step(f"kept less spent after {n} months", float(kept[n - 1] - spent[n - 1]), unit),) if n else ()
    return (
        Step(f"margin kept after {n + 1} months: {reached}", float(kept[n]), unit),
        Step(f"spent by then: to begin, and {n + 1} twelfths of a year's cost", float(spent[n]), unit),
        *before,
        Step(f"kept less spent after {n + 1} months", float(kept[n] - spent[n]), unit),
        Step("so it is back after", float(n + 1), "months"),
    )


def _link(path: PathWorth, number: Number, over: Horizon, said: Mapping[str, float], unit: str) -> tuple[Step, ...]:
    name = next((n for n, _ in path.links if number.id.endswith(f".{slug(n)}")), "")
    amount = _amount(number.value)
    if name == "to run":
        return (
            Step("what it costs a year", path.run_per_year, unit),
            Step("years of the horizon, discounted", over.spending, "years"),
            Step("times these years", -over.spending * path.run_per_year, unit),
        )
    if name in _SPENT:
        return ()
    return (
        Step("margin a year from these records, mean of the draws", amount / over.gain, unit),
        *_years(over, said),
        Step("times these years", amount, unit),
    )


def _of_loss(told: Told, number: Number, known: Mapping[str, Number]) -> tuple[Step, ...]:
    """Order lines at what their failure costs, units at their margin, over the years of the record."""
    diagnosis, asset = number.parents[0], number.asset
    if asset is None or not isinstance(diagnosis, Diagnosis) or told.flow not in ("service", "stock"):
        return ()
    period = diagnosis.period
    years, unit = (period.end - period.start).days / _DAYS_PER_YEAR, _unit(number)
    mine = (told.stage, told.wall, told.party_id)
    parts: list[tuple[str, float]] = []
    if told.flow == "stock" and isinstance(asset.availability, Availability):
        units = (u for u in asset.availability.contributions if (u.stage, u.wall, u.party_id) == mine)
        parts = [(f"margin of {u.units:,.1f} units over the record", _amount(u.amount)) for u in units]
    else:
        rates = _said(known)
        if not rates.keys() >= {"gross_margin_share", "late_line_cost_share"}:
            return ()
        for c in (c for c in asset.contributions if (c.stage, c.wall, c.party_id) == mine):
            parts += _cost_of(c, rates)
    if not parts:
        return ()
    over_record = _added(parts, unit, "over the record")
    return (
        *over_record,
        Step("years of the record", years, "years"),
        Step("a year", over_record[-1].value / years, unit),
    )


def _cost_of(c: Contribution, rates: Mapping[str, float]) -> list[tuple[str, float]]:
    """What some missed lines cost: by their value, and where it was measured so, by line."""
    amount, is_lost = _amount(c.amount), c.outcome == "cancelled"
    rate = rates["gross_margin_share" if is_lost else "late_line_cost_share"]
    by_line = 0.0 if is_lost else rates.get("late_line_cost_by_line_share", 0.0)
    by_value = rate * (1 - by_line)
    found = [(f"{c.outcome}: order value {amount:,.2f} times {by_value:.4g}", amount * by_value)]
    if by_line:
        each = rate * by_line * rates["late_line_value_amount"]
        found.append(
            (
                f"{c.outcome}: {c.lines:,.1f} lines times {each:,.2f} that each costs whatever it is worth",
                c.lines * each,
            )
        )
    return found


def _of_part(part: StageShare | StageUnits | Contribution | LostUnits, number: Number) -> tuple[Step, ...]:  # fmt: skip
    """A share is a count over all; a stage's count is that of its parties."""
    asset = number.asset
    if asset is None:
        return ()
    of_lines = isinstance(part, StageShare | Contribution)
    availability = asset.availability
    if number.field == "share":
        count = part.lines if isinstance(part, StageShare | Contribution) else part.units
        whole = float(asset.n_lines) if of_lines else _wanted(availability)
        words = ("lines", "all lines of the asset") if of_lines else ("units", "units wanted")
        return (Step(words[0], count), Step(words[1], whole), Step("the one over the other", count / whole, "share"))
    if number.field == "lines" and isinstance(part, StageShare):
        each = [(f"{c.outcome}, {c.party_name}", c.lines) for c in asset.contributions if (c.stage, c.wall) == (part.stage, part.wall)]  # fmt: skip
        return _added(each, "")
    if number.field == "units" and isinstance(part, StageUnits) and isinstance(availability, Availability):
        units = [(u.party_name, u.units) for u in availability.contributions if (u.stage, u.wall) == (part.stage, part.wall)]  # fmt: skip
        return _added(units, "")
    return ()


def _wanted(availability: Availability | Refusal) -> float:
    return availability.wanted_units if isinstance(availability, Availability) else 0.0


def _of_split(split: Gap | Availability, field: str) -> tuple[Step, ...]:
    by_stage = [(f"{s.stage}, {s.wall}", _amount(s.share)) for s in split.stages]
    if field == "total":
        return _added(by_stage, "share")
    if field == "interaction":
        parts = [("both sides repaired", split.total), ("less inside alone", split.operate), ("less between alone", split.orchestrate)]  # fmt: skip
        signed = [(w, _amount(f) * (1 if n == 0 else -1)) for n, (w, f) in enumerate(parts)]
        return _added(signed, "share")
    if field == "residual":
        lost = split.missed if isinstance(split, Gap) else split.lost
        less = [("less what every stage at its standard saves", -_amount(split.total))]
        less += [("less what cannot be traced", -_amount(split.untraced))] if isinstance(split, Gap) else []
        return _added([("missed" if isinstance(split, Gap) else "lost", _amount(lost)), *less], "share")
    if field == "inside_share":
        inside = max(sum(a for w, a in by_stage if w.endswith("inside")), 0.0)
        others = max(sum(a for w, a in by_stage if not w.endswith("inside")), 0.0)
        told = (Step("stages inside", inside, "share"), Step("all others", others, "share"))
        return (*told, Step("inside over both", inside / (inside + others), "share")) if inside + others > 0 else ()
    return ()


# Columns that name the doer of a stage; whose work the others are stands in other tables.
_DOERS = {"fulfilment": "fulfiller_id", "carriage": "carrier_id"}


def parts(number: Number, rows: pa.Table) -> tuple[list[float], bool] | None:
    """Each record's part in a number of lines or units; None where a record has none of its own.

    Where records do not say which party each part is of, the parts are the stage's, whoever did it.

    Args:
        number: Which.
        rows: Missed lines or shelves, as `Study.lines` and `Study.shelves` give them.

    Returns:
        The parts, and whether they are those of the number and not of its stage.
    """
    owner, names = number.owner, rows.column_names
    if isinstance(owner, Gap | Availability):
        whole = _parts_of_whole(owner, number.field, rows)
        return None if whole is None else (whole, True)
    if not isinstance(owner, StageShare | StageUnits | Contribution | LostUnits | Told):
        return None
    of_lines = isinstance(owner, StageShare | Contribution) or (isinstance(owner, Told) and owner.flow == "service")
    column = f"{owner.stage}_{'share' if of_lines else 'units'}"
    if column not in names:
        return None
    every: list[float] = rows[column].to_pylist()
    mine = [x if k else 0.0 for x, k in zip(every, _kept(owner, rows, of_lines), strict=True)]
    counted = owner.quantity if isinstance(owner, Told) else owner.lines if isinstance(owner, StageShare | Contribution) else owner.units  # fmt: skip
    is_exact = math.isclose(math.fsum(mine), counted, rel_tol=1e-6, abs_tol=1e-6)
    return (mine, True) if is_exact else (every, math.isclose(math.fsum(every), counted, rel_tol=1e-6, abs_tol=1e-6))


_WHOLE_COLUMNS = {"lost": "lost_units", "wanted_units": "wanted_units"}
_NO_STAGE = ("demand_share", *_WHOLE_COLUMNS.values())


def _parts_of_whole(split: Gap | Availability, field: str, rows: pa.Table) -> list[float] | None:
    """Of what was missed, each line is one; of what could be kept, what all stages have in a record."""
    if field == "missed":
        return [1.0] * rows.num_rows
    ending = "_share" if isinstance(split, Gap) else "_units"
    columns = [n for n in rows.column_names if n.endswith(ending) and n not in _NO_STAGE] if field == "total" else []
    if name := _WHOLE_COLUMNS.get(field):
        columns = [name] if name in rows.column_names else []
    return [math.fsum(each) for each in zip(*(rows[n].to_pylist() for n in columns), strict=True)] if columns else None


def _kept(
    owner: StageShare | StageUnits | Contribution | LostUnits | Told, rows: pa.Table, of_lines: bool
) -> list[bool]:
    """Which records are of the outcome, side and party that a number is about, as far as they tell."""
    asked: dict[str, str] = {f"{owner.stage}_wall" if of_lines else "wall": owner.wall}
    if isinstance(owner, Contribution):
        asked["outcome"] = owner.outcome
    party = getattr(owner, "party_id", None)
    doer = _DOERS.get(owner.stage, "") if of_lines else "party_id"
    # Where a node or a carrier is run under another name, the side of the wall tells.
    if party is not None and doer in rows.column_names and party in rows[doer].to_pylist():
        asked[doer] = party
    columns = [(rows[name].to_pylist(), value) for name, value in asked.items() if name in rows.column_names]
    return [all(column[i] == value for column, value in columns) for i in range(rows.num_rows)]
