"""Bookings of leakage by cause and place, the lines their causers handled, and labour by node and function."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal

import ibis.expr.types as ir

from fourwalls.measures.order_lines import SECONDS_PER_WEEK, seconds

PLACE = ("brand", "category", "channel_id", "region")
Role = Literal["channel", "fulfilment", "carriage"]


@dataclass(frozen=True, slots=True)
class Cause:
    """What a booking is about.

    Attributes:
        name: One word for it.
        side: "input" where effort was spent to save an outcome, "outcome" where something was lost.
        role: Whose work it comes from where bookings name no party; None where that cannot be said.
        words: Beginnings of words that name it, without accents, in English, German, French, Spanish and Italian.
    """

    name: str
    side: Literal["input", "outcome"]
    role: Role | None
    words: tuple[str, ...]


# The first that matches counts: "damaged return" is damage, "return freight" a return.
CAUSES = (
    Cause("shrink", "outcome", None, ("shrink", "schwund", "inventurdiff", "demarque inconnue", "merma", "theft", "diebstahl", "ammanc")),
    Cause("write-off", "outcome", None, ("write off", "write-off", "writeoff", "abschreib", "obsolesc", "scrap", "spoil", "verderb", "perte de stock")),
    Cause("markdown", "outcome", None, ("markdown", "mark down", "mark-down", "clearance", "abschrift", "preisnachlass", "demarque", "rebaja", "ribass")),
    Cause("goodwill", "outcome", None, ("goodwill", "kulanz", "geste commercial", "voucher", "gutschein", "compensation", "apolog", "bon d'achat", "late refund")),
    Cause("expedite", "input", "fulfilment", ("expedit", "express", "rush", "eilfracht", "eilsend", "sonderfahrt", "air freight", "luftfracht", "urgen", "premium freight")),
    Cause("mis-pick", "outcome", "fulfilment", ("mis-pick", "mispick", "mis pick", "wrong item", "fehlpick", "falschlief", "kommissionierfehler", "erreur de prepar", "error de picking")),
    Cause("damage", "outcome", "fulfilment", ("damag", "breakage", "broken", "schaden", "bruch", "beschadig", "casse", "avarie", "dano", "rotur", "danno", "danneggi")),
    Cause("chargeback", "outcome", "channel", ("chargeback", "charge back", "charge-back", "penalt", "deduction", "ruckbelast", "vertragsstrafe", "penalit", "contracargo", "penalizac")),
    Cause("return", "outcome", None, ("return", "retour", "rucksend", "devoluc", "reso", "resi")),
)  # fmt: skip
OTHER = Cause("other", "outcome", None, ())
# What becomes of stock is estimated from the stock record itself.
STOCK_CAUSES = ("shrink", "write-off", "markdown")


def cause_of(text: str) -> Cause:
    """What a booking's text means, by the beginnings of its words.

    >>> cause_of("Transportschäden (Bruch)").name, cause_of("Express freight").side
    ('damage', 'input')
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c if c.isalnum() or c in " -'" else " " for c in plain if not unicodedata.combining(c))
    spaced = " " + plain.replace("_", " ")
    compound = "".join(spaced.split(" "))
    for cause in CAUSES:
        if any(" " + word in spaced or (len(word) >= 5 and word in compound) for word in cause.words):
            return cause
    return OTHER


def bookings(leakage: ir.Table, span_seconds: int = SECONDS_PER_WEEK) -> ir.Table:
    """Leakage by cause, causer, place and span of time.

    Grain: cause, party_id, brand, category, channel_id, region, span.
    Gives: amount [portfolio currency]; bookings.
    """
    t = leakage.mutate(span=seconds(leakage.day.cast("timestamp")) // span_seconds)
    return t.group_by("cause", "party_id", *PLACE, "span").agg(amount=t.amount.sum(), bookings=t.count())


def handled_lines(lines: ir.Table, role: Role, grain: tuple[str, ...]) -> ir.Table:
    """Order lines by place and by who handled them in a role: who could have caused what is booked there.

    Reads: lines from `judged_lines`; cancelled lines are no part of it.
    Grain: brand, category, channel_id, region, doer, party_id, asset columns (as asset_0, asset_1 …), span.
    Gives: lines, value [portfolio currency].
    """
    doer, party = {
        "channel": (lines.channel_id, lines.release_party),
        "fulfilment": (lines.fulfilled_at, lines.fulfilment_party),
        "carriage": (lines.carrier_id, lines.carrier_id),
    }[role]
    t = lines.mutate(
        region=lines.destination, doer=doer, party_id=party, **{f"asset_{i}": lines[c] for i, c in enumerate(grain)}
    )
    t = t.filter(t.outcome != "cancelled")
    return t.group_by(*PLACE, "doer", "party_id", *(f"asset_{i}" for i in range(len(grain))), "span").agg(
        lines=t.count(), value=t.value_amount.fill_null(0.0).sum()
    )


def labour_days(
    labour: ir.Table, span_seconds: int = SECONDS_PER_WEEK, premium: float = 0.5, wage: float | None = None
) -> ir.Table:
    """Hours, units, pay and overtime by node, function and span of time.

    Args:
        labour: Rows that intake kept.
        span_seconds: Length of the spans of time.
        premium: What an hour of overtime is paid beyond an ordinary one, as a share of it.
        wage: What an ordinary hour is paid where a row does not say what was paid; None where that is not known.

    Grain: node_id, function, span.
    Gives: hours; units; cost_amount [portfolio currency, null where not recorded]; overtime_hours; told_hours [hours of the rows
        that tell their overtime]; premium_amount [portfolio currency: the premium in what was paid]; paid_overtime_hours
        [those whose pay is known, so that premium_amount is of them]; days.
    """
    told = labour.overtime_hours.notnull()
    beyond = premium * labour.overtime_hours
    paid = labour.cost_amount * beyond / (labour.hours + beyond).nullif(0)
    if wage is not None:
        paid = paid.fill_null(wage * beyond)
    t = labour.mutate(
        span=seconds(labour.day.cast("timestamp")) // span_seconds, told=told.ifelse(labour.hours, 0.0), premium=paid,
        of_paid=paid.notnull().ifelse(labour.overtime_hours, 0.0),
    )  # fmt: skip
    return t.group_by("node_id", "function", "span").agg(
        hours=t.hours.sum(), units=t.units.sum(), cost_amount=t.cost_amount.sum(), overtime_hours=t.overtime_hours.sum(),
        told_hours=t.told.sum(), premium_amount=t.premium.sum(),
        paid_overtime_hours=t.of_paid.sum(), days=t.count(),
    )  # fmt: skip


def hours_against_units(labour: ir.Table, span_seconds: int = SECONDS_PER_WEEK) -> ir.Table:
    """Sums for a straight line of daily hours on daily units; days without hours are days off.

    Grain: node_id, function, span.
    Gives: days, hours, units, hours_units, units_units.
    """
    t = labour.filter(labour.hours > 0).mutate(span=seconds(labour.day.cast("timestamp")) // span_seconds)
    return t.group_by("node_id", "function", "span").agg(
        days=t.count(),
        hours=t.hours.sum(),
        units=t.units.sum(),
        hours_units=(t.hours * t.units).sum(),
        units_units=(t.units * t.units).sum(),
    )
