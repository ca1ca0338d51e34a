"""An allocation in a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fourwalls.allocation import Allocation, Chosen, LeftOut
from fourwalls.figures import Refusal
from fourwalls.surfaces.evidence_words import money
from fourwalls.surfaces.fitting import Column, fitted
from fourwalls.surfaces.wording import count, listed, name, percent, plain, plural

_MOST_ROWS = 20
_MOST_BARRED = 5
_MOST_NAMED = 4
_LEAST = 0.5
_SOFT = "bright_black"


def as_json(found: Allocation | Refusal) -> dict[str, Any]:
    """The plan as plain values, with the names of its attributes; a refusal under "refused"."""
    return {"refused": asdict(found)} if isinstance(found, Refusal) else asdict(found)


def show_allocation(
    found: Allocation | Refusal,
    currency: str,
    console: Console,
    barred: Mapping[str, str] | None = None,
    unpriced: Sequence[str] = (),
) -> None:
    """What is bought, what the next money buys, and what would have to change for each asset left alone.

    Args:
        found: The plan, or why there is none.
        currency: ISO code.
        console: Where to.
        barred: Assets of which a path may not be chosen, with what bars it.
        unpriced: Assets of which no path has a value in money.
    """
    if isinstance(found, Refusal):
        console.print(Text(plain(found.because), "bold"))
        console.print(Text(f"→ {plain(found.next_step)}"))
        _barred(barred or {}, console)
        return
    console.print(Text(_headline(found, currency), "bold"))
    for sentence in (*_more(found, currency), *_checks(found, currency)):
        console.print(Text(sentence))
    if found.chosen:
        console.print(_chosen(found, currency, console))
    if found.left_out:
        console.print(_left_out(found, currency, console))
    if unpriced:
        console.print(Text(f"Not weighed, for no path has a value in money: {_named([name(a) for a in unpriced])}."))
    _barred(barred or {}, console)


def _barred(barred: Mapping[str, str], console: Console) -> None:
    """Paths that nobody may choose yet, whatever they would bring: each reason once, with the assets it holds up."""
    if not barred:
        return
    by_reason: dict[str, list[str]] = {}
    for asset, why in barred.items():
        by_reason.setdefault(plain(why), []).append(name(asset))
    title = f"To orchestrate may not be chosen yet for {plural(len(barred), 'asset')}, whatever it would bring:"
    console.print(Text(title, "bold"))
    for why, assets in list(by_reason.items())[:_MOST_BARRED]:
        console.print(Text(f"  {_named(assets)}: {why}"))
    if (left := len(by_reason) - _MOST_BARRED) > 0:
        console.print(Text(f"  and {plural(left, 'more reason')}; see Rules with partners on the page", _SOFT))
    console.print(
        Text("→ Settle these in contracts/, and it may be chosen: fourwalls contracts check says what lacks.")
    )


def _named(assets: list[str]) -> str:
    shown = assets[:_MOST_NAMED]
    left = len(assets) - len(shown)
    return listed([*shown, *([f"{count(left)} more"] if left else [])])


def _headline(found: Allocation, currency: str) -> str:
    if not found.chosen:
        return f"Nothing is bought: no path that may be chosen is worth its cost within {money(found.limits.budget, currency)}."
    weeks = f" and {found.people_weeks:,.0f} weeks of people" if found.people_weeks else ""
    return (
        f"{money(found.cost, currency)} of {money(found.limits.budget, currency)} to begin{weeks}, on "
        f"{plural(len(found.chosen), 'asset')}, brings {money(found.value, currency)} after all costs."
    )


def _more(found: Allocation, currency: str) -> list[str]:
    """What the next money buys."""
    step, gain = money(found.marginal_step, currency), found.marginal_value * found.marginal_step
    each = f" ({found.marginal_value:,.3g} for each unit of money)" if gain >= _LEAST else ""
    brings = f"brings {money(gain, currency)} more{each}" if gain >= _LEAST else "changes nothing"
    told = [f"A budget 1 % larger ({step}) {brings}."]
    following = found.next_step
    if following is None:
        why = "what is left alone brings nothing, or may not be chosen" if found.left_out else "nothing is left alone"
        return [*told, f"No asset comes in with up to 128 % more money: {why}."]
    names = listed([name(a) for a in following.assets[:_MOST_NAMED]])
    out = f", in place of {listed([name(a) for a in following.dropped[:_MOST_NAMED]])}" if following.dropped else ""
    rate = following.gain / following.extra if following.extra > 0 else 0.0
    buys = f"with {money(following.extra, currency)} more, which brings {money(following.gain, currency)} more"
    return [*told, f"Next in is {names}{out}: {buys} ({rate:,.3g} for each unit of money)."]


def _checks(found: Allocation, currency: str) -> list[str]:
    told = []
    if found.enablers:
        told.append(f"Paid once for all: {', '.join(map(name, found.enablers))}.")
    if found.worst_mean is not None and found.limits.risk is not None:
        share = percent(found.limits.risk.share)
        told.append(f"In the worst {share} of cases it brings {money(found.worst_mean, currency)} on average.")
    if found.ranking and (chance := found.ranking[0].first_chance) is not None:
        told.append(f"Looked at one by one, {name(found.ranking[0].asset)} comes first in {percent(chance)} of cases.")
    if found.gap > 1e-4:
        told.append(f"Time ran out: another plan could bring up to {percent(found.gap)} more.")
    return told


def _chosen(found: Allocation, currency: str, console: Console) -> Table:
    columns = [Column("Bought", is_words=True), Column("Path", is_words=True), Column("Brings"), Column("To begin")]
    has_weeks, has_needs = any(r.people_weeks for r in found.chosen), any(r.enablers for r in found.chosen)
    columns += [Column("Weeks", goes=1)] if has_weeks else []
    columns += [Column("Needs, paid once", is_words=True, goes=2)] if has_needs else []

    def cells(row: Chosen) -> list[Text]:
        told = [name(row.asset), row.path, money(row.value, currency), money(row.cost, currency)]
        told += [f"{row.people_weeks:,.0f}"] if has_weeks else []
        told += [", ".join(map(plain, row.enablers))] if has_needs else []
        return [Text(x) for x in told]

    return fitted("", columns, [cells(row) for row in found.chosen], console, _SOFT)


def _left_out(found: Allocation, currency: str, console: Console) -> Table:
    columns = (
        Column("Left alone", is_words=True), Column("Best path", is_words=True, goes=1), Column("Why", is_words=True),
        Column("What would have to change", is_words=True),
    )  # fmt: skip
    rows = [
        [Text(x) for x in (name(row.asset), row.path, _why(row), _change(row, currency))]
        for row in found.left_out[:_MOST_ROWS]
    ]
    table = fitted("", columns, rows, console, _SOFT)
    if len(found.left_out) > _MOST_ROWS:
        table.caption = f"and {len(found.left_out) - _MOST_ROWS} more"
    return table


def _why(row: LeftOut) -> str:
    words = {
        "barred": "may not be chosen",
        "brings nothing": "costs more than it brings",
        "others bring more": "others bring more",
    }
    return words[row.reason]


def _change(row: LeftOut, currency: str) -> str:
    """By how much it would have to be worth more, or cost less to begin, to come in."""
    if row.reason == "barred":
        return plain(row.barred)
    about = "" if row.is_exact else "about "
    told = [] if row.value_short is None else [f"worth {about}{money(row.value_short, currency)} more"]
    told += [] if row.cost_over is None else [f"{about}{money(row.cost_over, currency)} cheaper to begin"]
    return ", or ".join(told) or "more budget or people: it does not fit whatever it brings"
