"""What all signals and tests share: losses as a share of revenue, sides, strength, and what is said where nothing is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fourwalls.diagnosis import Lean
from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.losses import Loss
from fourwalls.resampling import LEVEL
from fourwalls.signals.material import TABLE_OF, Material

# A smaller share would read as 0.0 %.
_LEAST_SHOWN = 0.0005


@dataclass(frozen=True, slots=True)
class Found:
    """What one signal or test measured.

    Attributes:
        lean, strength, because, readings: As in `SignalReading`.
        thresholds: Names of the settings it used.
    """

    lean: Lean
    strength: float
    because: str
    readings: tuple[Reading, ...]
    thresholds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class About:
    """What a page says of a signal or test beside its reading.

    Attributes:
        formula, needs, direction: As in `SignalReading`.
    """

    formula: str
    needs: str
    direction: str


def unknown(refusal: Refusal, thresholds: tuple[str, ...], readings: tuple[Reading, ...] = ()) -> Found:
    """Nothing can be said, and why."""
    first = Reading(refusal.code, refusal.about, refusal, 0, "refused")
    return Found("cannot tell", 0.0, refusal.because, readings or (first,), thresholds)


def no_table(material: Material, table: str, about: str) -> Refusal | None:
    """That a table is not there; None where it is."""
    return None if table in material.tables else Refusal("missing_table", about, f"there is no table {table}", table)


def not_measured(material: Material, stage: str, about: str) -> Refusal | None:
    """Why a stage's losses are unknown; None where they are known."""
    if material.is_measured(stage):
        return None
    table = TABLE_OF[stage]
    if (missing := no_table(material, table, about)) is not None:
        return missing
    because = f"nothing shows what {stage} could reach, so nothing is claimed for it"
    return Refusal("no_standard", about, because, "a target, a service level, or comparable records")


def revenue_share(material: Material, about: str, losses: Sequence[Loss]) -> Figure:
    """Some losses as a share of revenue, with its range: Σ margin lost / Σ net order value."""
    revenue = float(material.revenue.sum())
    if revenue <= 0:
        return Refusal("no_price", about, "no order line has a price", "order_lines.price_amount and ordered_units")
    if material.draws is None:
        return Refusal("too_few_spans", about, "the record is too short for a range", "a longer period")
    value = sum(loss.amount for loss in losses) / revenue
    if not losses:
        return Estimate(0.0, 0.0, 0.0, "share", LEVEL)
    n = min(len(loss.draws) for loss in losses)
    below = (material.draws.counts @ material.revenue)[:n]
    n = len(below)
    drawn = np.sum([loss.draws[:n] for loss in losses], axis=0)[below > 0] / below[below > 0]
    tail = material.draws.tail
    low, high = (float(x) for x in np.quantile(drawn, [tail, 1 - tail]))
    return Estimate(value, min(low, value), max(high, value), "share", LEVEL)


def inside_part(losses: Sequence[Loss]) -> float | None:
    """Part of losses in our own hands, of those whose hands are known; None where most are in unknown hands."""
    sums = {
        wall: sum(max(x.amount, 0.0) for x in losses if x.wall == wall) for wall in ("inside", "between", "unknown")
    }
    known = sums["inside"] + sums["between"]
    return sums["inside"] / known if known > sums["unknown"] else None


def firmness(figure: Estimate, bar: float) -> float:
    """How far beyond its bar a reading is: one half at the bar, near 1 far beyond; half of that where the range reaches below.

    >>> firmness(Estimate(0.02, 0.015, 0.03, "share"), 0.01)
    0.75
    """
    strength = 1 - bar / (2 * figure.value) if figure.value > 0 else 0.0
    return strength if figure.low >= bar else strength / 2


def percent(share: float) -> str:
    """A share as people read it.

    >>> percent(0.0123), percent(0.0001), percent(0.0)
    ('1.2 %', 'less than 0.1 %', '0 %')
    """
    if share == 0:
        return "0 %"
    if abs(share) < _LEAST_SHOWN:
        return "less than 0.1 %"
    return f"{100 * share:.1f} %" if abs(share) < 0.1 else f"{100 * share:.0f} %"


def costs(what: str, share: float, verb: str = "costs") -> str:
    """What something costs, in words; nothing is no number.

    >>> costs("waste", 0.012), costs("waste", 0.0), costs("late data", 1e-5, "cost")
    ('waste costs 1.2 % of revenue', 'nothing shows that waste costs anything', 'late data cost less than 0.1 % of revenue')
    """
    return f"nothing shows that {what} {verb} anything" if share == 0 else f"{what} {verb} {percent(share)} of revenue"


def in_words(part: float | None) -> str:
    """Whose hands, in words."""
    return "in hands the records do not name" if part is None else f"{percent(part)} of it in our own hands"


def loss_reading(material: Material, name: str, label: str, losses: Sequence[Loss], definition: str) -> Reading:
    """Losses as a share of revenue, as a reading; n is how many losses (by stage, side and party) it sums."""
    return Reading(name, label, revenue_share(material, label, losses), len(losses), definition)


SEEN = "would have been seen four times in five"


def least_seen(material: Material, stage: str, lost: Sequence[Loss]) -> tuple[tuple[Reading, ...], str]:
    """The smallest loss that would have been seen, as a reading and in words; nothing of it where some was, or it is not known.

    In money where money is compared, and in the unit of what is compared otherwise: how much longer, or how much more.
    """
    if any(x.amount > 0 for x in lost):
        return (), ""
    found = [told for told in (_least_amount(material, stage), _least_distance(material, stage)) if told is not None]
    return tuple(r for r, _ in found), "".join(f"; {words} {SEEN}" for _, words in found)


def _least_amount(material: Material, stage: str) -> tuple[Reading, str] | None:
    amount, revenue = material.detectable.get(stage, 0.0), float(material.revenue.sum())
    if amount <= 0 or revenue <= 0:
        return None
    what = "lines cancelled for it" if stage in _BY_CANCELLED else "it"
    reading = _least(f"{stage}_least_seen", "Smallest loss that would have been seen", amount / revenue, 0, _LOSS)
    return reading, f"from {finely(amount / revenue)} of revenue on {what}"


def _least_distance(material: Material, stage: str) -> tuple[Reading, str] | None:
    far = material.distances.get(stage)
    if far is None or far.mean <= 0:
        return None
    if stage == "listing":
        label = "Smallest part of usual demand that would have been seen to be hidden"
        reading = _least("listing_least_hidden", label, far.amount, round(far.n), _DISTANCE)
        return reading, f"from {finely(far.amount)} of usual demand on what it hides"
    longer, label = far.amount / far.mean, "Smallest delay that would have been seen"
    reading = _least(f"{stage}_least_delay", label, longer, round(far.n), _DISTANCE)
    return reading, f"whoever took {finely(longer)} longer than others"


def finely(share: float) -> str:
    """A share with two digits that tell.

    >>> finely(0.00123), finely(0.62), finely(1.4)
    ('0.12 %', '62 %', '140 %')
    """
    return f"{float(f'{100 * share:.2g}'):g} %"


# Stages at which lines that had to be cancelled are compared in money, beside what the stock record shows.
_BY_CANCELLED = ("listing", "record")
_LOSS = "(bar of the test + 0.84) standard errors of what was compared, of revenue: found four times in five"
_DISTANCE = (
    "(quantile of the test + that of 80 %) standard errors of a mean against those of others, of the mean: found four times in "
    "five; over all who were compared, weighed by lines"
)


def _least(name: str, label: str, share: float, n: int, definition: str) -> Reading:
    return Reading(name, label, Estimate(share, share, share, "share", LEVEL), n, definition)


def inside_reading(part: float | None, n: int) -> Reading:
    """The part of losses in our own hands, as a reading."""
    about = "Part in our own hands"
    figure: Figure = Refusal(
        "no_hands", about, "most of it is in hands the records do not name", "party_id on these records"
    )
    if part is not None:
        figure = Estimate(part, part, part, "share", LEVEL)
    return Reading("inside_share", about, figure, n, "margin lost inside, of margin lost inside and between")
