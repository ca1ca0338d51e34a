"""Signal: partners can unlock faster growth."""

from __future__ import annotations

from fourwalls.figures import Estimate, Refusal
from fourwalls.portfolio import Portfolio
from fourwalls.signals.leaning import About, Found, firmness, loss_reading, not_measured, percent, unknown
from fourwalls.signals.material import Material

ABOUT = About(
    "partner share = margin of demand we turn away that an offer could serve, after what the partner asks / revenue",
    "offers with capacity, region or channel, and unit_amount; records of demand that was not served",
    "demand a partner could serve at a margin leans to orchestrate; else it leans nowhere",
)
_USED = ("partner_share",)


NOT_SEEN = Refusal(
    "no_closing", "Partners", "no order is seen to be turned away for want of capacity, so nothing shows what partners could add",
    "a case in work_log whenever orders are stopped because the day is full",
)  # fmt: skip


def measure(material: Material, portfolio: Portfolio) -> Found:
    """What offers could earn on demand that is turned away."""
    lost = [x for x in material.losses if x.flow == "overflow"]
    refusal = not_measured(material, "overflow", "Partners")
    if refusal is not None:
        return unknown(NOT_SEEN if refusal.code == "no_standard" else refusal, _USED)
    share = loss_reading(
        material,
        "partner_share",
        "Margin partners could add",
        lost,
        "margin of unserved demand that offers could serve, of revenue",
    )
    readings = (share, *(material.readings[n] for n in ("turned_away_units",) if n in material.readings))
    if not isinstance(share.figure, Estimate):
        return unknown(share.figure, _USED, readings)
    who = len({x.party_id for x in lost if x.party_id is not None})
    told = f"{who} partner{'' if who == 1 else 's'} could add margin of {percent(share.figure.value)} of revenue"
    if share.figure.value == 0:
        told = _nothing_to_add(material)
    bar = portfolio.signals.partner_share
    if share.figure.value < bar:
        return Found("neither", 0.0, told, readings, _USED)
    return Found("orchestrate", firmness(share.figure, bar), told, readings, _USED)


def _nothing_to_add(material: Material) -> str:
    """Nothing to add is no matter of chance: what is turned away is counted, and prices are known; its range bounds it."""
    told = "no partner's offer leaves a margin on what is turned away"
    away = material.readings.get("turned_away_units")
    if away is None or not isinstance(away.figure, Estimate):
        return told
    return f"{told} ({away.figure.value:,.0f} units, at most {away.figure.high:,.0f} by its range): priced, not tested"
