"""An allocation in a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fourwalls.allocation import Allocation, LeftOut
from fourwalls.figures import Refusal
from fourwalls.surfaces.page.canvas import money
from fourwalls.surfaces.wording import name, plain, plural

_MOST_ROWS = 20
_MOST_BARRED = 5


def as_json(found: Allocation | Refusal) -> dict[str, Any]:
    """The plan as plain values, with the names of its attributes; a refusal under "refused"."""
    return {"refused": asdict(found)} if isinstance(found, Refusal) else asdict(found)


def show_allocation(
    found: Allocation | Refusal, currency: str, console: Console, barred: Mapping[str, str] | None = None
) -> None:
    """What is chosen, what the next money buys, and what would have to change for each asset left out.

    Args:
        found: The plan, or why there is none.
        currency: ISO code.
        console: Where to.
        barred: Assets of which a path may not be chosen, with what bars it.
    """
    if isinstance(found, Refusal):
        console.print(Text(plain(found.because), "bold"))
        console.print(Text(f"→ {plain(found.next_step)}"))
        _barred(barred or {}, console)
        return
    console.print(Text(_headline(found, currency), "bold"))
    for sentence in (_more(found, currency), *_checks(found, currency)):
        console.print(Text(sentence, "bright_black"))
    if found.chosen:
        console.print(_chosen(found, currency))
    if found.left_out:
        console.print(_left_out(found, currency))
    _barred(barred or {}, console)


def _barred(barred: Mapping[str, str], console: Console) -> None:
    """Paths that nobody may choose yet, whatever they would bring."""
    if not barred:
        return
    console.print(Text(f"Open rules with partners bar a path of {plural(len(barred), 'asset')}:", "bold"))
    for asset, why in list(barred.items())[:_MOST_BARRED]:
        console.print(Text(f"  {name(asset)}: {plain(why)}"))
    if (left := len(barred) - _MOST_BARRED) > 0:
        console.print(Text(f"  and {left} more; see Rules with partners on the page", "bright_black"))


def _headline(found: Allocation, currency: str) -> str:
    weeks = f" and {found.people_weeks:,.0f} weeks of people" if found.people_weeks else ""
    return (
        f"{money(found.cost)} of {money(found.limits.budget)} {currency}{weeks} on {plural(len(found.chosen), 'asset')}"
        f" brings {money(found.value)} {currency}."
    )


def _more(found: Allocation, currency: str) -> str:
    step = (
        f"{money(found.marginal_step)} {currency} more would bring {money(found.marginal_value * found.marginal_step)}"
    )
    following = found.next_step
    if following is None:
        return f"{step}; no further asset comes in."
    names = ", ".join(name(a) for a in following.assets[:3])
    out = f", for which {', '.join(name(a) for a in following.dropped[:3])} would go" if following.dropped else ""
    return f"{step}. Next asset in: {names}, with {money(following.extra)} more, which brings {money(following.gain)}{out}."


def _checks(found: Allocation, currency: str) -> list[str]:
    told = []
    if found.enablers:
        told.append(f"Paid once for all: {', '.join(map(name, found.enablers))}.")
    if found.worst_mean is not None and found.limits.risk is not None:
        share = 100 * found.limits.risk.share
        told.append(f"In the worst {share:.0f} % of cases it brings {money(found.worst_mean)} {currency} on average.")
    if found.ranking and (chance := found.ranking[0].first_chance) is not None:
        told.append(
            f"Looked at one by one, {name(found.ranking[0].asset)} comes first in {100 * chance:.0f} % of cases."
        )
    if found.gap > 1e-4:
        told.append(f"Time ran out: another plan could bring up to {100 * found.gap:.1f} % more.")
    return told


def _chosen(found: Allocation, currency: str) -> Table:
    table = _table("Taken up", "path", f"brings, {currency}", "costs", "weeks", "needs")
    for row in found.chosen:
        table.add_row(
            name(row.asset),
            row.path,
            money(row.value),
            money(row.cost),
            f"{row.people_weeks:,.0f}",
            ", ".join(row.enablers),
        )
    return table


def _left_out(found: Allocation, currency: str) -> Table:
    table = _table("Left alone", "path", "why", f"short of value, {currency}", "or cheaper by")
    for row in found.left_out[:_MOST_ROWS]:
        about = "" if row.is_exact else "about "
        short = "–" if row.value_short is None else about + money(row.value_short)
        cheaper = "–" if row.cost_over is None else about + money(row.cost_over)
        table.add_row(name(row.asset), row.path, _why(row), short, cheaper)
    if len(found.left_out) > _MOST_ROWS:
        table.caption = f"and {len(found.left_out) - _MOST_ROWS} more"
    return table


def _why(row: LeftOut) -> str:
    return plain(row.barred) if row.reason == "barred" else row.reason


def _table(*titles: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, title in enumerate(titles):
        table.add_column(title, justify="right" if number in (2, 3, 4) and titles[0] == "Taken up" else "left")
    return table
