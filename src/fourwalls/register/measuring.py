"""What a scoreboard shows, and where a recorded diagnosis has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.register.intervals import share_of
from fourwalls.register.records import figure

Kind = Literal["speed", "outcome", "activity"]
Document = Mapping[str, Any]
Asset = Mapping[str, Any]
_CHANNELS = ("channel_id", "channel_kind")
_WEEKS = 4.0


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of a scoreboard.

    Attributes:
        name, label, kind: Which; speed and outcome are what is wanted, activity is what was done for it.
        better: Whether it should go "up" or "down"; "neither" where that depends.
        definition: In words.
        read: Diagnosis and asset as JSON → figure.
        target: Name of its target in portfolio.toml; "" where there is none.
        read_target: That target in the unit of the measure.
    """

    name: str
    label: str
    kind: Kind
    better: Literal["up", "down", "neither"]
    definition: str
    read: Callable[[Document, Asset], Figure]
    target: str = ""
    read_target: Callable[[float], float] = float


def _named(name: str) -> Callable[[Document, Asset], Figure]:
    """A reading by its standard name, wherever in the asset it stands."""

    def read(_: Document, asset: Asset) -> Figure:
        for reading in _readings(asset):
            if reading["name"] == name:
                return figure(reading["figure"])
        return _absent(name)

    return read


def _readings(asset: Asset) -> Iterator[Mapping[str, Any]]:
    yield from asset["readings"]
    yield from asset["evidence"]
    for signal in asset["signals"]:
        yield from signal["readings"]


def _absent(about: str) -> Refusal:
    return Refusal(
        "not_in_run", about, "the recorded run has no such reading", "records that carry it, and a run that reads them"
    )


def _combined(
    about: str, of: Sequence[Figure], combine: Callable[[Sequence[float]], float], unit: str, falls: Sequence[bool]
) -> Figure:
    """A figure from others; its range from theirs at the ends, which covers at least what they claim."""
    known = [f for f in of if isinstance(f, Estimate)]
    if len(known) < len(of):
        return next(f for f in of if isinstance(f, Refusal))
    low = [f.high if fall else f.low for f, fall in zip(known, falls, strict=True)]
    high = [f.low if fall else f.high for f, fall in zip(known, falls, strict=True)]
    try:
        ends = sorted(combine(x) for x in (low, [f.value for f in known], high))
        return Estimate(combine([f.value for f in known]), ends[0], ends[-1], unit, min(f.level for f in known))
    except ZeroDivisionError:
        return Refusal("no_records", about, "it would be divided by nothing", "records that have it")


def _less(name: str, about: str) -> Callable[[Document, Asset], Figure]:
    """1 less a reading."""

    def read(document: Document, asset: Asset) -> Figure:
        return _combined(about, [_named(name)(document, asset)], lambda x: 1 - x[0], "share", [True])

    return read


def _stock(asset: Asset, *names: str) -> list[Figure]:
    """Figures of the stock behind an asset."""
    held = asset["availability"]
    if "refusal" in held:
        return [figure(held)] * len(names)
    return [figure(held["stock"][name] if name in held["stock"] else held[name]) for name in names]


def _in_stock(_: Document, asset: Asset) -> Figure:
    return _combined("in stock", _stock(asset, "lost"), lambda x: 1 - x[0], "share", [True])


def _sell_through(_: Document, asset: Asset) -> Figure:
    lost, cover = _stock(asset, "lost", "weeks_of_cover")

    def share(x: Sequence[float]) -> float:
        sold = _WEEKS * (1 - x[0])
        return sold / (sold + x[1])

    return _combined("sell-through", [lost, cover], share, "share", [True, True])


def _gross_margin(document: Document, asset: Asset) -> Figure:
    both = _stock(asset, "gmroi", "amount")
    return _combined("gross margin", both, lambda x: x[0] * x[1], f"{document['currency']} a year", [False, False])


def _working_capital(_: Document, asset: Asset) -> Figure:
    return _stock(asset, "amount")[0]


def _response(document: Document, asset: Asset) -> Figure:
    both = [_named(n)(document, asset) for n in ("hours_to_decide", "hours_to_act")]
    return _combined("response time", both, sum, "hours", [False, False])


def _replenishment(document: Document, asset: Asset) -> Figure:
    of = [_response(document, asset), _named("latency_share")(document, asset)]
    return _combined("replenishment latency", of, lambda x: x[0] / x[1], "hours", [False, True])


def _channel_mix(document: Document, asset: Asset) -> Figure:
    """Order lines outside the largest channel, of those with the same other values of the grain."""
    about = "channel mix"
    grain = [name for name in document.get("grain", ()) if name in _CHANNELS]
    if not grain:
        return _named("other_channels_share")(document, asset)
    is_whole = not asset["asset"]
    fixed = {k: v for k, v in asset["asset"].items() if k not in _CHANNELS}
    lines: dict[tuple[Any, ...], int] = {}
    for other in document["assets"]:
        if is_whole or all(other["asset"].get(k) == v for k, v in fixed.items()):
            channel = tuple(other["asset"].get(name) for name in grain)
            lines[channel] = lines.get(channel, 0) + other["n_lines"]
    n = sum(lines.values())
    if not n:
        return Refusal("no_records", about, "there are no order lines", "order_lines")
    return share_of(n - max(lines.values()), n, document["level"])


MEASURES: tuple[Measure, ...] = (
    Measure("response_hours", "Response time", "speed", "down", "mean hours from need to order, over supply orders", _response),
    Measure(
        "replenishment_hours", "Replenishment latency", "speed", "down",
        "mean hours from need to available stock, over supply orders", _replenishment,
    ),
    Measure("exception_closure_hours", "Exceptions: time to close", "speed", "down",
            "median hours of closed exceptions", _named("exception_closure_hours"), "exception_closure_hours"),
    Measure("time_to_report_hours", "Time to report", "speed", "down", "median hours from first touch to sent",
            _named("time_to_report_hours"), "time_to_report_hours"),
    Measure("decision_hours", "Decision latency", "speed", "down", "mean hours from need to decision, over supply orders",
            _named("hours_to_decide"), "decision_hours"),
    Measure("in_stock_share", "In stock", "outcome", "up", "units that met a filled shelf, of units wanted", _in_stock,
            "in_stock_share"),
    Measure("sell_through_share", "Sell-through in four weeks", "outcome", "up",
            "units sold in four weeks, of those and the stock on a mean day", _sell_through),
    Measure("gross_margin_amount", "Gross margin a year", "outcome", "up",
            "GMROI times stock on a mean day at cost, which is what GMROI divides by", _gross_margin),
    Measure("on_time_share", "On time", "outcome", "up", "lines delivered by the promise, of lines due",
            _named("on_time_share"), "on_time_share"),
    Measure("forecast_accuracy_share", "Forecast accuracy", "outcome", "up", "1 less WAPE",
            _less("forecast_wape_share", "forecast accuracy"), "wape", lambda wape: 1 - wape),
    Measure("channel_mix_share", "Channel mix", "outcome", "neither", "order lines outside the largest channel, of all",
            _channel_mix),
    Measure("conversion_share", "Conversion", "outcome", "up", "visits that bought, of all", _named("conversion_share"),
            "conversion_share"),
    Measure("working_capital_amount", "Working capital in stock", "outcome", "down", "stock on a mean day at cost",
            _working_capital),
    Measure("case_hours_per_100_lines", "Case work per 100 order lines", "activity", "neither",
            "hours of people in cases, per 100 order lines", _named("case_hours_per_100_lines")),
    Measure("touches_per_case", "Touches per case", "activity", "neither", "events, per case", _named("touches_per_case")),
    Measure("automatic_share", "Touches without people", "activity", "neither", "events by automatic actors, of all",
            _named("automatic_share")),
)  # fmt: skip
"""The lines of a scoreboard, in its order."""


def read(document: Document) -> dict[str | None, dict[str, Figure]]:
    """Every measure of every asset out of a diagnosis as JSON; the whole portfolio under None."""
    assets: list[tuple[str | None, Asset]] = [(None, {**document["total"], "asset": {}})]
    assets += [(a["name"], a) for a in document["assets"]]
    return {name: {m.name: m.read(document, a) for m in MEASURES} for name, a in assets}
