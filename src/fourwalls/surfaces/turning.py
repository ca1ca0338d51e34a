"""What would change the answer for an asset, in sentences and as a picture a leader can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fourwalls.figures import Refusal
from fourwalls.hinges import LEAVE
from fourwalls.sensitivity import Swing, deciding
from fourwalls.surfaces.evidence_words import figure_name
from fourwalls.surfaces.evidence_words import money as told_money
from fourwalls.surfaces.page.tornado import Bar, tornado
from fourwalls.surfaces.wording import opening, percent, plain

_MOST_BARS = 5
NOTHING = "No assumption within its range, one at a time, would change which path is worth most."


@dataclass(frozen=True, slots=True)
class Turn:
    """One assumption as a row: what is taken, the range looked at, what the best path brings at its ends, and where the answer turns."""

    name: str
    taken: str
    range: str
    at_low: str
    at_high: str
    turns: str


def sentences(swings: Sequence[Swing] | Refusal, currency: str) -> tuple[str, ...]:
    """A lead, and a line for each switch of the assumptions that decide, the nearest first."""
    if isinstance(swings, Refusal):
        return (plain(swings.because),)
    chosen = deciding(swings)
    if not chosen:
        return (NOTHING,)
    return (
        f"What is worth most by value ({chosen[0].best}) would change:",
        *(line for s in chosen for line in _lines(s, currency)),
    )


def _lines(swing: Swing, currency: str) -> list[str]:
    a = swing.assumption
    base, low, high = (amount(x, a.unit, currency) for x in (a.base, a.low, a.high))
    return [
        f"to {s.to}, with {figure_name(a.name)} {'above' if s.at > a.base else 'below'} {amount(s.at, a.unit, currency)}"
        f" (taken: {base}; looked at: {low} to {high})"
        for s in swing.switches
    ]


def picture(swings: Sequence[Swing], currency: str) -> str:
    """The assumptions that would change the answer, then those that move the value of the best path most; "" where leaving things is best."""
    if not swings or swings[0].best == LEAVE:
        return ""
    best = swings[0].best
    bars = [_bar(s, currency) for s in _first(swings)]
    return tornado(bars, swings[0].at_base[best], opening(f"to {best}"), currency)


def rows(swings: Sequence[Swing] | Refusal, currency: str) -> tuple[Turn, ...]:
    """What the picture shows, as a table for a narrow screen and for whoever has it read aloud."""
    return () if isinstance(swings, Refusal) else tuple(_turn(s, currency) for s in _first(swings))


def _first(swings: Sequence[Swing]) -> tuple[Swing, ...]:
    """Those that would change the answer, nearest first, then the widest of the others."""
    chosen = deciding(swings)
    named = {s.assumption.name for s in chosen}
    return (*chosen, *(s for s in swings if s.assumption.name not in named))[:_MOST_BARS]


def _turn(swing: Swing, currency: str) -> Turn:
    a, bar = swing.assumption, _bar(swing, currency)
    ends = ("–", "–") if swing.best == LEAVE else tuple(told_money(x, currency) for x in (bar.at_low, bar.at_high))
    return Turn(
        bar.name,
        amount(a.base, a.unit, currency),
        f"{bar.low} to {bar.high}",
        ends[0],
        ends[1],
        bar.turns or "stays",
    )


def _bar(swing: Swing, currency: str) -> Bar:
    a, best = swing.assumption, swing.best
    turns = "; ".join(f"turns at {amount(s.at, a.unit, currency)}: {s.to}" for s in swing.switches)
    low, high = (amount(x, a.unit, currency) for x in (a.low, a.high))
    return Bar(opening(figure_name(a.name)), low, high, swing.at_low[best], swing.at_high[best], turns)


def amount(value: float, unit: str, currency: str) -> str:
    """A figure of an assumption: "80 %", "9 % a year", "12 weeks", "1 year", "EUR 1,230"."""
    if unit in ("share", "a year"):
        return percent(value) + (" a year" if unit == "a year" else "")
    if unit == "money":
        return told_money(value, currency)
    number = f"{value:.3g}"
    return f"{number} {unit.removesuffix('s') if number == '1' else unit}"
