"""What would change the answer for an asset, in sentences and as a picture a leader can read."""

from __future__ import annotations

from collections.abc import Sequence

from fourwalls.figures import Refusal
from fourwalls.hinges import LEAVE
from fourwalls.sensitivity import Swing, deciding
from fourwalls.surfaces.evidence_words import figure_name
from fourwalls.surfaces.page.canvas import money
from fourwalls.surfaces.page.tornado import Bar, tornado
from fourwalls.surfaces.wording import opening, percent, plain

_MOST_BARS = 5
NOTHING = "No assumption within its range, one at a time, would change which path is worth most."


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
    """The assumptions that move the value of the best path most, widest first; "" where leaving things is best."""
    if not swings or swings[0].best == LEAVE:
        return ""
    best = swings[0].best
    bars = [_bar(s, currency) for s in swings[:_MOST_BARS]]
    return tornado(bars, swings[0].at_base[best], opening(f"to {best}"), currency)


def _bar(swing: Swing, currency: str) -> Bar:
    a, best = swing.assumption, swing.best
    turns = "; ".join(f"turns at {amount(s.at, a.unit, currency)}: {s.to}" for s in swing.switches)
    low, high = (amount(x, a.unit, currency) for x in (a.low, a.high))
    return Bar(opening(figure_name(a.name)), low, high, swing.at_low[best], swing.at_high[best], turns)


def amount(value: float, unit: str, currency: str) -> str:
    """A figure of an assumption: "80 %", "9 % a year", "12 weeks", "1230 EUR"."""
    if unit in ("share", "a year"):
        return percent(value) + (" a year" if unit == "a year" else "")
    return f"{money(value)} {currency}" if unit == "money" else f"{value:.3g} {unit}"
