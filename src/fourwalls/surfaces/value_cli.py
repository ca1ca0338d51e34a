"""What paths are worth, what would change the answer, and what is worth knowing first: in a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from fourwalls.diagnosis import AssetDiagnosis, Diagnosis
from fourwalls.figures import Estimate, Refusal
from fourwalls.hinges import Unknown
from fourwalls.numbers import chance_at_best, each_at_best, paid_once, sum_at_best
from fourwalls.sensitivity import Swing, deciding
from fourwalls.surfaces import turning, wording
from fourwalls.surfaces.evidence_words import figure_name
from fourwalls.surfaces.fitting import Column, fitted
from fourwalls.surfaces.page.canvas import money
from fourwalls.surfaces.page.json import at_best as at_best_json
from fourwalls.surfaces.wording import plain

_MOST_UNKNOWN = 5
_MOST_SILENT = 3
_MOST_TOGETHER = 20
_COSTS = ("to begin, once", "to run")
# Less than this is an estimate's dust, in any currency.
_DUST = 0.5


@dataclass(frozen=True, slots=True)
class Valued:
    """One asset with what its choice hinges on."""

    asset: AssetDiagnosis
    swings: tuple[Swing, ...] | Refusal
    unknowns: tuple[Unknown, ...] | Refusal


def as_json(found: Sequence[Valued], currency: str, whole: Diagnosis | None = None) -> dict[str, Any]:
    """Plain values with the names of the attributes; refusals under "refused"; what all bring together where the whole is given."""
    together = {} if whole is None else {"portfolio": at_best_json(whole)}
    return {"currency": currency, **together, "assets": [_one(v) for v in found]}


def _one(v: Valued) -> dict[str, Any]:
    swings = v.swings if isinstance(v.swings, tuple) else ()
    return {
        "name": v.asset.name,
        "verdict": v.asset.verdict,
        "paths": [asdict(p) for p in v.asset.paths],
        "deciding": [s.assumption.name for s in deciding(swings)],
        "swings": _plain(v.swings),
        "information": _plain(v.unknowns),
    }


def _plain(rows: Sequence[Swing] | Sequence[Unknown] | Refusal) -> Any:  # noqa: ANN401 - JSON
    return {"refused": asdict(rows)} if isinstance(rows, Refusal) else [asdict(r) for r in rows]


def show_values(found: Sequence[Valued], currency: str, console: Console, whole: Diagnosis | None = None) -> None:
    """All assets by their verdicts, then each: paths with the links that add up, the assumptions that decide, and what is worth knowing.

    Args:
        found: The assets.
        currency: ISO code.
        console: Where to.
        whole: The diagnosis they are all assets of; None where one was asked for.
    """
    if whole is not None and (best := sum_at_best(whole)) is not None and len(whole.assets) > 1:
        console.print(_together(whole, best, console))
    # One line for all of which nothing can be said: a page of the same sentence helps nobody.
    silent = [v for v in found if not v.asset.paths]
    if len(silent) > _MOST_SILENT:
        found = [v for v in found if v.asset.paths]
        names = ", ".join(wording.asset(v.asset) for v in silent[:_MOST_SILENT])
        why = next((plain(v.swings.next_step) for v in silent if isinstance(v.swings, Refusal)), "")
        told = f"{wording.count(len(silent))} assets have no path with a value in money: {names} …"
        console.print(Text(told + (f" → {why}" if why else "")))
    for v in found:
        console.print(Text(f"\n{wording.asset(v.asset)}: {v.asset.verdict}", "bold"))
        if not v.asset.paths:
            refused = v.swings if isinstance(v.swings, Refusal) else None
            console.print(Text("No path has a value in money." + (f" → {plain(refused.next_step)}" if refused else "")))
            continue
        console.print(_paths(v.asset, currency, console))
        for sentence in (*_switches(v.swings, currency), *_knowing(v.unknowns, currency)):
            console.print(Text(sentence))


def _together(whole: Diagnosis, best: Estimate, console: Console) -> Table:
    """What each verdict brings, and all of them together: a row for each asset that acts, the sum last."""
    columns = [
        Column(f"each by its verdict, {whole.currency}", is_words=True), Column("path", is_words=True), Column("value"),
        Column("P10 to P90"), Column("best in"), Column("pays back in"),
    ]  # fmt: skip
    chosen = sorted(
        each_at_best(whole), key=lambda pair: -pair[1].value.value if isinstance(pair[1].value, Estimate) else 0.0
    )
    rows = [
        [wording.asset(a), p.path, _figure(p.value), _range(p.value), wording.chance(p.chance), _payback(p.payback)]
        for a, p in chosen[:_MOST_TOGETHER]
    ]
    if left := chosen[_MOST_TOGETHER:]:
        values = [p.value.value for _, p in left if isinstance(p.value, Estimate)]
        rows.append([wording.plural(len(left), "more asset"), "", _whole(sum(values)), "", "", ""])
    if (once := paid_once(whole)) is not None:
        rows.append(["paid once for all", "", _whole(once[1]), "", "", ""])
    sure = chance_at_best(whole)
    acted = f"{wording.count(len(chosen))} of {wording.plural(len(whole.assets), 'asset')}"
    total = ["portfolio", acted, _figure(best), _range(best), "–" if sure is None else wording.chance(sure), ""]
    cells = [[Text(c) for c in row] for row in rows] + [[Text(c, "bold") for c in total]]
    return fitted("", columns, cells, console)


def _paths(asset: AssetDiagnosis, currency: str, console: Console) -> Table:
    """A column for each path, its steps to the whole unit of money, so that they are seen to add up."""
    names = dict.fromkeys(name for path in asset.paths for name, amount in path.links if abs(amount) >= _DUST)
    rows: list[tuple[str, list[str], str]] = []
    for name in sorted(names, key=lambda n: n in _COSTS):
        amounts = [dict(path.links).get(name) for path in asset.paths]
        rows.append((plain(name), ["–" if a is None or abs(a) < _DUST else _whole(a) for a in amounts], ""))
    rows.append(("value", [_figure(path.value) for path in asset.paths], "bold"))
    rows.append(("P10 to P90", [_range(path.value) for path in asset.paths], ""))
    rows.append(("chance to be best", [wording.chance(path.chance) for path in asset.paths], ""))
    rows.append(("pays back in", [_payback(path.payback) for path in asset.paths], ""))
    columns = [Column(f"over the horizon, {currency}", is_words=True), *(Column(_SHORT.get(p.path, p.path)) for p in asset.paths)]  # fmt: skip
    cells = [[Text(c, style) for c in (name, *told)] for name, told, style in rows]
    table = fitted("", columns, cells, console)
    if any(path.is_default for path in asset.paths):
        table.caption = "Costs are defaults that nobody has set: see \\[paths] in portfolio.toml."
    return table


_SHORT = {"operate then orchestrate": "both, in turn"}


def _whole(amount: float) -> str:
    whole = round(abs(amount))
    return f"{wording.MINUS}{wording.count(whole)}" if amount < 0 < whole else wording.count(whole)


def _figure(figure: Estimate | Refusal) -> str:
    return _whole(figure.value) if isinstance(figure, Estimate) else "–"


def _range(figure: Estimate | Refusal) -> str:
    return f"{money(figure.low)} to {money(figure.high)}" if isinstance(figure, Estimate) else "–"


def _payback(figure: Estimate | Refusal) -> str:
    return wording.plural(round(figure.value), "month") if isinstance(figure, Estimate) else "not within it"


def _switches(swings: tuple[Swing, ...] | Refusal, currency: str) -> Iterator[str]:
    lead, *lines = turning.sentences(swings, currency)
    yield lead
    yield from (f"  - {line}" for line in lines)


def _knowing(unknowns: tuple[Unknown, ...] | Refusal, currency: str) -> Iterator[str]:
    if isinstance(unknowns, Refusal):
        yield plain(unknowns.because)
        return
    # What is less than its own error may be nothing.
    worth = [u for u in unknowns if u.value > 2 * u.error]
    if not worth:
        yield "No figure would be worth looking up first: knowing it would not change the choice."
        return
    yield "Data that would tell, by what knowing before choosing is worth:"
    for u in worth[:_MOST_UNKNOWN]:
        yield f"  - {figure_name(u.about)}: {money(u.value)} {currency} (from {plain(u.source)})"
