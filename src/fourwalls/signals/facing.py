"""Test: is the issue mostly customer-facing or system-facing?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.losses import Loss
from fourwalls.portfolio import Portfolio
from fourwalls.readings import too_few_spans
from fourwalls.resampling import LEVEL
from fourwalls.signals.leaning import (
    About,
    Found,
    in_words,
    inside_part,
    inside_reading,
    loss_reading,
    not_measured,
    percent,
    unknown,
)
from fourwalls.signals.material import Material

CUSTOMER_FACING = ("content", "price", "media", "promise", "listing")
"""Stages a customer meets; every other stage lies behind them."""

ABOUT = About(
    "facing share = margin lost to content, price, media, promise and listing / all margin lost (without demand turned away)",
    "losses of any flow that carry weight in the verdict; listings with content_share, prices and sessions for most of the customer-facing ones",
    "mostly customer-facing leans to orchestrate; mostly system-facing and ours to operate; else it leans nowhere",
)
_USED = ("clear_share", "level_below")


def measure(material: Material, portfolio: Portfolio) -> Found:
    """What part of the margin lost is lost where customers look."""
    lost = _lost(material)
    faced = [x for x in lost if x.stage in CUSTOMER_FACING]
    behind = [x for x in lost if x.stage not in CUSTOMER_FACING]
    missing = [s for s in CUSTOMER_FACING if not material.is_measured(s)]
    share = facing_share(material)
    part = inside_part(behind)
    readings = (
        Reading("facing_share", "Customer-facing part of the margin lost", share, len(lost),
                "margin lost to content, price, media, promise and listing, of all margin lost"),
        loss_reading(material, "loss_share", "Margin lost, all stages", lost, "margin lost, of revenue"),
        inside_reading(part, len(behind)),
        *_parts(material, lost, share),
    )  # fmt: skip
    if not material.measured and not material.losses:
        because = "no record says what any stage loses, in front of the customer or behind"
        refusal = Refusal(
            "nothing_measured", "Customer-facing or system-facing", because, "order_lines, stock_days or listings"
        )
        return unknown(refusal, _USED)
    if isinstance(share, Refusal):
        if share.code != "no_loss":
            return unknown(share, _USED, readings)
        told = "nothing is lost that is worth acting on"
        if missing:
            return Found("cannot tell", 0.0, f"{told}, but {', '.join(missing)} could not be measured", readings, _USED)
        return Found("neither", 0.0, f"{told}, so there is nothing to split", readings, _USED)
    total = readings[1].figure
    told = f"{percent(share.value)} of the margin lost is customer-facing ({len(faced)} of {len(lost)} losses)"
    if missing:
        told += f"; {', '.join(missing)} could not be measured"
    if isinstance(total, Estimate) and total.value < portfolio.signals.level_below:
        return Found("neither", 0.0, f"{told}; too little is lost to matter", readings, _USED)
    bar = portfolio.signals.clear_share
    if share.value >= bar:
        return Found("orchestrate", _clear(share.value, share.low, bar), told, readings, _USED)
    if share.value > 1 - bar:
        return Found("neither", 0.0, f"{told}: both", readings, _USED)
    if missing and len(missing) == len(CUSTOMER_FACING):
        return Found("cannot tell", 0.0, told, readings, _USED)
    told += f"; of the rest, {in_words(part)}" if part is None else f"; of the rest {percent(part)} is in our own hands"
    if part is None or part < bar:
        return Found("neither", 0.0, told, readings, _USED)
    strength = _clear(1 - share.value, 1 - share.high, bar)
    # What customers see may be worse than is known where some of it could not be measured.
    return Found("operate", strength * part * (1 - len(missing) / len(CUSTOMER_FACING)), told, readings, _USED)


def _lost(material: Material) -> list[Loss]:
    """What counts: demand turned away is no failure, and what the verdict leaves alone says nothing here either."""
    return [x for x in material.acted_on if x.flow != "overflow"]


def _parts(material: Material, lost: Sequence[Loss], share: Figure) -> tuple[Reading, ...]:
    """Each customer-facing stage and all others together, as parts of the margin lost; they add up to the whole."""
    amounts = {stage: sum(max(x.amount, 0.0) for x in lost if x.stage == stage) for stage in CUSTOMER_FACING}
    total = sum(max(x.amount, 0.0) for x in lost)
    behind = total - sum(amounts.values())
    made = []
    for stage, amount in (*amounts.items(), ("behind", behind)):
        label = _PARTS[stage]
        unmeasured = None if stage == "behind" else not_measured(material, stage, label)
        part = amount / total if total > 0 else 0.0
        figure: Figure = share if isinstance(share, Refusal) else Estimate(part, part, part, "share", LEVEL)
        if unmeasured is not None:
            figure = unmeasured
        n = sum(x.stage == stage if stage != "behind" else x.stage not in CUSTOMER_FACING for x in lost)
        made.append(Reading(f"{stage}_part", label, figure, n, "part of the margin lost; all parts add up to 1"))
    return tuple(made)


_PARTS = {
    "content": "… to content", "price": "… to price", "media": "… to media", "promise": "… to the promise",
    "listing": "… to availability where it is listed", "behind": "… behind the customer's eyes",
}  # fmt: skip


def _clear(part: float, low: float, bar: float) -> float:
    return part if low >= bar else part / 2


def facing_share(material: Material) -> Figure:
    """Customer-facing part of the margin lost, with its range; a negative part (a repair that costs) counts as none."""
    about = "Customer-facing or system-facing"
    lost = _lost(material)
    amounts = np.array([max(x.amount, 0.0) for x in lost])
    if amounts.sum() <= 0:
        return Refusal("no_loss", about, "no margin lost could be found", "nothing to get: there is no loss to split")
    if material.draws is None:
        return too_few_spans(about, len(material.lines))
    is_faced = np.array([x.stage in CUSTOMER_FACING for x in lost])
    n = min(len(x.draws) for x in lost)
    drawn = np.maximum(np.stack([x.draws[:n] for x in lost]), 0.0)
    total = drawn.sum(axis=0)
    some = total > 0
    value = float(amounts[is_faced].sum() / amounts.sum())
    if not some.any():
        return Estimate(value, value, value, "share", LEVEL)
    tail = material.draws.tail
    low, high = np.quantile(drawn[is_faced].sum(axis=0)[some] / total[some], [tail, 1 - tail])
    return Estimate(value, min(float(low), value), max(float(high), value), "share", LEVEL)
