"""How cases run, as readings: touches, hours, hand-offs, reopenings, waiting, closing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fourwalls.evidence.ground import Ground
from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.losses import AssetKey
from fourwalls.portfolio import WORK_CLASSES
from fourwalls.resampling import LEAST_CLUSTERS, LEVEL, Draws, ratio_ranges, share_estimate

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]

# Fewer closed cases than this have no 90 % point worth telling.
LEAST_CLOSED = 20
# Where fewer of the touches by people tell their effort, hours are those of whoever writes them down, and say nothing.
LEAST_TOLD = 0.9
# Where fewer events name whose hands they are, hand-offs are mostly not seen.
LEAST_NAMED = 0.5


@dataclass(frozen=True)
class Columns:
    """Rows of sums over cases.

    Attributes:
        places: Values of PLACE.
        place, span: Number of each row's place and span, shape (rows,).
        weights: Share of each place in each asset, rows sum to 1 or 0, shape (places, assets).
        words, numbers: Column → values, shape (rows,).
    """

    places: tuple[tuple[str | None, ...], ...]
    place: Ints
    span: Ints
    weights: Floats
    words: Mapping[str, Objects]
    numbers: Mapping[str, Floats]

    def by_asset(self, name: str, spans: int, classes: tuple[str, ...]) -> Floats:
        """Sums of a number over cases of some classes (all, if none is named), portfolio first, shape (1 + assets, spans)."""
        values = self.numbers[name]
        if classes:
            values = values * np.isin(self.words["case_class"], classes)
        by_place = np.zeros((len(self.places), spans))
        np.add.at(by_place, (self.place, self.span), values)
        found: Floats = np.vstack([by_place.sum(axis=0), self.weights.T @ by_place])
        return found


@dataclass(frozen=True, slots=True)
class _Ratio:
    name: str
    label: str
    above: str
    below: str
    unit: str
    definition: str
    classes: tuple[str, ...] = ()
    needs: str = ""


_MOVED = "consecutive events of a case in other hands"
RATIOS = (
    _Ratio("case_hours_per_100_lines", "Case work per 100 order lines", "hours", "lines", "hours", "hours of people in cases, per 100 order lines", (), "effort_hours"),
    _Ratio("status_hours_per_100_lines", "Copying states, per 100 order lines", "hours", "lines", "hours", "hours of people in cases of status work, per 100 order lines", ("status",), "effort_hours"),
    _Ratio("reconciliation_hours_per_100_lines", "Reconciling, per 100 order lines", "hours", "lines", "hours", "hours of people in cases of reconciling, per 100 order lines", ("reconciliation",), "effort_hours"),
    _Ratio("hours_per_case", "Hours per case", "hours", "cases", "hours", "hours of people, per case", (), "effort_hours"),
    _Ratio("touches_per_case", "Touches per case", "touches", "cases", "touches", "events, per case"),
    _Ratio("status_share_of_hours", "Share of hours that only move information", "status_hours", "hours", "share", "hours in status cases, or on activities that only tell or copy, of all hours of people in cases", (), "effort_hours"),
    _Ratio("handoffs_within_per_case", "Hand-offs within one system, per case", "handoffs_within", "cases", "hand-offs", f"{_MOVED}, as far as told of the same party and system, per case", (), "actor_id"),
    _Ratio("handoffs_systems_per_case", "Hand-offs across systems, per case", "handoffs_systems", "cases", "hand-offs", f"{_MOVED} and another system, as far as told of the same party, per case", (), "system_id"),
    _Ratio("handoffs_parties_per_case", "Hand-offs across parties, per case", "handoffs_parties", "cases", "hand-offs", f"{_MOVED}, of another party, per case", (), "party_id"),
    _Ratio("reopened_share", "Cases reopened", "reopened", "cases", "share", "cases with an event after a closing one, of all cases", (), "closed"),
    _Ratio("closed_share", "Cases closed", "closed_cases", "cases", "share", "cases whose last event closes them, of all cases", (), "closed"),
    _Ratio("waiting_share", "Waiting, of time in cases", "waiting_hours", "elapsed_hours", "share", "time from first to last event less hours worked, of that time", (), "effort_hours"),
    _Ratio("automatic_share", "Touches without people", "automatic_touches", "touches", "share", "events by automatic actors, of all events", (), "actor_kind"),
)  # fmt: skip

_ABOUT_CLASSES = {
    "status_hours_per_100_lines": ("status",), "reconciliation_hours_per_100_lines": ("reconciliation",),
    "status_share_of_hours": ("status", "report"),
}  # fmt: skip

CLOSURES = (
    ("exception_closure_hours", "Exceptions: time to close", "exception", "exceptions"),
    ("time_to_report_hours", "Reports: time from first touch to sent", "report", "reports"),
    ("approval_case_hours", "Approvals: time from ask to answer", "approval", "approvals"),
)
QUANTILES = ((0.5, "median", ""), (0.9, "slowest tenth from", "_p90"))


def readings_of(sums: Columns, closures: Columns, ground: Ground) -> dict[AssetKey, tuple[Reading, ...]]:
    """Readings of the portfolio, under (), and of each asset."""
    spans = len(ground.spans)
    lines = np.zeros((1 + len(ground.assets), spans))
    if ground.lines is not None:
        of_asset = ground.places.of_asset.T @ ground.places.lines
        lines = np.vstack([ground.places.lines.sum(axis=0), of_asset])
    rows: list[list[Reading]] = [[] for _ in lines]
    for ratio in RATIOS:
        cases = sums.by_asset("cases", spans, ratio.classes)
        above = sums.by_asset(ratio.above, spans, ratio.classes) * (100 if ratio.below == "lines" else 1)
        below = lines if ratio.below == "lines" else sums.by_asset(ratio.below, spans, ratio.classes)
        figures = _ratios(ratio, above, below, cases, ground.draws)
        about = _ABOUT_CLASSES.get(ratio.name, ())
        unnamed = bool(about) and not above[0].any() and not are_named(sums, *about)
        for row, figure, n, told in zip(rows, figures, cases.sum(axis=1), _told(sums, spans, ratio), strict=True):
            shown = figure if told else _untold(ratio)
            shown = _no_words(ratio.label) if unnamed else shown
            row.append(Reading(ratio.name, ratio.label, shown, round(n), ratio.definition))
    for name, label, of_class, plural in CLOSURES:
        for i, found in enumerate(_closing(closures, ground, name, label, of_class, plural)):
            rows[i] += found
    return dict(zip(((), *ground.assets), map(tuple, rows), strict=True))


def _told(sums: Columns, spans: int, ratio: _Ratio) -> Bools:
    """Whether enough events say what a ratio needs to know, portfolio first, shape (1 + assets,)."""
    if not ratio.needs:
        return np.ones(sums.weights.shape[1] + 1, dtype=np.bool_)
    if ratio.needs == "closed":
        known, closings, total = (
            sums.by_asset(name, spans, ()).sum(axis=1) for name in ("told_closed", "closings", "touches")
        )
        # Where no flag says so and no activity sounds like it, nothing is known to be closed, and none to be open.
        ends: Bools = (known >= LEAST_NAMED * total) | (closings > 0)
        return ends
    of_people = ratio.needs == "effort_hours"
    told, every = ("told_touches", "people_touches") if of_people else (f"told_{ratio.needs}", "touches")
    known, total = (sums.by_asset(name, spans, ratio.classes).sum(axis=1) for name in (told, every))
    enough: Bools = known >= (LEAST_TOLD if of_people else LEAST_NAMED) * total
    return enough


def are_named(sums: Columns, *classes: str) -> bool:
    """Whether it is known how much work of some classes there is.

    Some was found; or the log holds other work that moves information, and nearly all its cases are of a kind we have a word for.
    Companies call their work as they like, and log what they like: else none found is not none done.
    """
    touches, of = sums.numbers["touches"], sums.words["case_class"]
    if np.isin(of, classes).any():
        return True
    nearly_all = touches[np.isin(of, WORK_CLASSES)].sum() >= LEAST_TOLD * touches.sum()
    return bool(nearly_all and np.isin(of, MOVES_INFORMATION).any())


MOVES_INFORMATION = ("status", "report", "reconciliation")


def _no_words(about: str) -> Refusal:
    because = "no case is called by a word for it that we know"
    return Refusal("no_words", about, because, "words under [work] in portfolio.toml")


def _untold(ratio: _Ratio) -> Refusal:
    if ratio.needs == "closed":
        because = "no event is flagged as closing its case, and no activity is called by a word for it that we know"
        return Refusal("no_closed", ratio.label, because, "work_log.closed")
    code = "no_effort" if ratio.needs == "effort_hours" else f"no_{ratio.needs}"
    return Refusal(code, ratio.label, f"too few events of work_log have {ratio.needs}", f"work_log.{ratio.needs}")


def _too_short(about: str, active: int) -> Refusal:
    because = f"cases began in {active} weeks (or days, in a short record), and a range needs at least {LEAST_CLUSTERS}"
    return Refusal("too_few_spans", about, because, "a longer work_log")


def _ratios(ratio: _Ratio, above: Floats, below: Floats, cases: Floats, draws: Draws | None) -> Iterator[Figure]:
    # Per order line, a week without cases is a week of none.
    active = ((below if ratio.below == "lines" else cases) > 0).sum(axis=1).tolist()
    if draws is None:
        yield from (_too_short(ratio.label, a) for a in active)
        return
    found = zip(
        *(x.tolist() for x in ratio_ranges(above, below, draws)), cases.sum(axis=1).tolist(), active, strict=True
    )
    for value, low, high, n, weeks in found:
        if not np.isfinite(value) or not n:
            what = "such cases" if not n else ratio.below.replace("_", " ")
            yield Refusal("no_records", ratio.label, f"there are no {what} in the record", "records that have them")
        elif weeks < LEAST_CLUSTERS:
            yield _too_short(ratio.label, weeks)
        elif ratio.unit == "share":
            yield share_estimate(value, low, high, n)
        else:
            yield Estimate(value, low, high, ratio.unit, LEVEL)


def _closing(
    closures: Columns, ground: Ground, name: str, label: str, of_class: str, plural: str
) -> Iterator[list[Reading]]:
    """Quantiles of the time to close, in other weeks too: bins are drawn, which is exact to 1 %."""
    chosen = closures.words["case_class"] == of_class
    bins, number = np.unique(closures.numbers["bin"][chosen], return_inverse=True)
    cases, span, place = closures.numbers["cases"][chosen], closures.span[chosen], closures.place[chosen]
    middle = np.bincount(number, closures.numbers["closure_hours"][chosen]) / np.maximum(np.bincount(number, cases), 1)
    for asset in range(-1, len(ground.assets)):
        weight = cases if asset < 0 else cases * closures.weights[place, asset]
        counts = np.zeros((len(bins), len(ground.spans)))
        np.add.at(counts, (number, span), weight)
        n = round(float(counts.sum()))
        yield [
            Reading(
                f"{name}{ending}", f"{label} ({word})", _quantile(f"{label} ({word})", middle, counts, at, ground.draws), n,
                f"{word} of the hours from the first event to the closing that lasted, of closed {plural}",
            )
            for at, word, ending in QUANTILES
        ]  # fmt: skip


def _quantile(about: str, middle: Floats, counts: Floats, at: float, draws: Draws | None) -> Figure:
    active = int((counts.sum(axis=0) > 0).sum())
    if counts.sum() < LEAST_CLOSED:
        because = f"{counts.sum():.0f} such cases were closed, and a quantile needs at least {LEAST_CLOSED}"
        return Refusal("too_few_cases", about, because, "more closed cases in work_log")
    if draws is None or active < LEAST_CLUSTERS:
        return _too_short(about, active)
    value = float(middle[_reached(counts.sum(axis=1)[None], at)[0]])
    drawn = draws.counts @ counts.T
    ends = np.quantile(middle[_reached(drawn[drawn.sum(axis=1) > 0], at)], [draws.tail, 1 - draws.tail])
    return Estimate(value, min(float(ends[0]), value), max(float(ends[1]), value), "hours", LEVEL)


def _reached(counts: Floats, at: float) -> Ints:
    """First bin by which a share of the cases is closed, by row."""
    below = np.cumsum(counts, axis=1)
    found: Ints = (below < at * below[:, -1:] - 1e-9).sum(axis=1)
    return found
