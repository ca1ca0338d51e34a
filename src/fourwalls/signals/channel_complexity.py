"""Signal: growth is capped by channel complexity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fourwalls.evidence.rates import excess
from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.portfolio import Portfolio
from fourwalls.readings import too_few_spans
from fourwalls.resampling import LEVEL, REPLICATES, expanded_tail, ratio_ranges, share_estimate
from fourwalls.signals.leaning import (
    About,
    Found,
    costs,
    firmness,
    least_seen,
    loss_reading,
    no_table,
    not_measured,
    unknown,
)
from fourwalls.signals.material import Material, Skus
from fourwalls.value import DEFAULT_GROSS_MARGIN_SHARE

Floats = npt.NDArray[np.float64]

ABOUT = About(
    "stranded = margin lost to allocation and listing in others' hands / revenue; rise = slope of the cancelled share of a sku's lines on its "
    "number of channels (skus weighted by lines, log of lines held equal) × (mean channels − 1); imbalance = lines cancelled in a "
    "channel beyond what the better channels demonstrably need / lines",
    "order_lines with sku_id and channel_id; supply_orders and listings for what is stranded",
    "losses that come with several channels for a sku lean to orchestrate; else it leans nowhere",
)
_USED = ("channels_per_sku", "complexity_share")
# A slope over fewer skus says nothing.
LEAST_SKUS = 30


def measure(material: Material, portfolio: Portfolio) -> Found:
    """Whether selling one sku in many channels costs what growth would bring."""
    if (missing := no_table(material, "order_lines", "Channels for each sku")) is not None:
        return unknown(missing, _USED)
    if material.skus is None or material.skus.lines.sum() <= 0:
        return unknown(
            Refusal("missing_column", "Channels for each sku", "order lines do not say which sku in which channel",
                    "order_lines.sku_id and channel_id"), _USED,
        )  # fmt: skip
    t, skus = portfolio.signals, material.skus
    channels = float((skus.channels * skus.lines).sum() / skus.lines.sum())
    # What our own people misplace within our own places and channels is no matter of channels between parties.
    lost = tuple(x for x in material.of("allocation", "listing") if x.wall == "between")
    refused = [not_measured(material, stage, "Stranded stock") for stage in ("allocation", "listing")]
    stranded = loss_reading(
        material, "stranded_share", "Stranded or not listed at partners", lost,
        "margin lost to allocation and listing in others' hands, of revenue",
    )  # fmt: skip
    if all(refused) and refused[0] is not None:
        stranded = Reading(stranded.name, stranded.label, refused[0], 0, stranded.definition)
    rise, imbalance = channel_cancellations(skus), channel_imbalance(material)
    readings: tuple[Reading, ...] = (
        stranded,
        Reading("channel_cancelled_share", "Cancelled because of further channels", rise, round(float(skus.lines.sum())),
                "share of order lines that would not be cancelled with one channel for each sku; an association"),
        Reading("channel_imbalance_share", "Cancelled in some channels beyond the others", imbalance,
                round(float(material.lines.sum())), "lines cancelled beyond the standard of the better channels, of all lines"),
        Reading("channels_per_sku", "Channels for each sku", Estimate(channels, channels, channels, "channels", LEVEL),
                len(skus.lines), "channels a sku is sold in, weighted by order lines"),
        Reading("other_channels_share", "Channel mix: outside the largest channel", other_channels(material),
                round(float(material.lines.sum())), "order lines outside the channel with most of them, of all with a channel"),
    )  # fmt: skip
    told = f"a sku is sold in {channels:.1f} channels"
    if channels < t.channels_per_sku:
        return Found("neither", 0.0, f"{told}: there is hardly any complexity to cost anything", readings, _USED)
    share = _margin_share(material)
    by_way = (stranded.figure, _in_margin(imbalance, share), _in_margin(rise, share))
    known = [f for f in by_way if isinstance(f, Estimate)]
    if not known:
        return Found("cannot tell", 0.0, f"{told}; what that costs is not known", readings, _USED)
    worst = max(known, key=lambda f: f.value)
    told += "; " + costs("it", max(worst.value, 0.0))
    if worst.value <= 0:
        least, seen = _least_seen(material, share, isinstance(imbalance, Estimate))
        readings, told = (*readings, *least), told + seen
    # A slope is an association: it speaks only where chance is ruled out.
    is_sure = worst is not by_way[2] or worst.low > 0
    if worst.value < t.complexity_share or not is_sure:
        return Found("neither", 0.0, told, readings, _USED)
    return Found("orchestrate", firmness(worst, t.complexity_share), told, readings, _USED)


def _least_seen(material: Material, margin: float, is_compared: bool) -> tuple[tuple[Reading, ...], str]:
    """The smallest cost that would have been seen: of lines cancelled in some channels where these are compared, else of listing."""
    by, draws = material.channels, material.draws
    if not is_compared or by is None or draws is None:
        return least_seen(material, "listing", ())
    found = excess(by.cancelled, by.lines, ["channel"] * len(by.names), draws)
    lines = float(np.nansum(found.detectable)) / float(by.lines.sum())
    seen = {"complexity": lines * margin * float(material.revenue.sum())}
    return least_seen(replace(material, detectable=seen), "complexity", ())


def _margin_share(material: Material) -> float:
    if material.margin is None or material.margin_value is None or material.margin_value.sum() <= 0:
        return DEFAULT_GROSS_MARGIN_SHARE
    return float(max(material.margin.sum() / material.margin_value.sum(), 0.0))


def _in_margin(rise: Figure, margin: float) -> Figure:
    if isinstance(rise, Refusal):
        return rise
    return Estimate(rise.value * margin, rise.low * margin, rise.high * margin, "share", rise.level)


def other_channels(material: Material) -> Figure:
    """Share of order lines outside the largest channel of the period: what a change of the channel mix moves."""
    about, by = "Channel mix", material.channels
    if by is None or by.lines.sum() <= 0:
        return Refusal("missing_column", about, "order lines name no channel", "order_lines.channel_id")
    if material.draws is None:
        return too_few_spans(about, len(material.lines))
    every = by.lines.sum(axis=0)
    others = every - by.lines[int(by.lines.sum(axis=1).argmax())]
    value, low, high = (float(v[0]) for v in ratio_ranges(others[None], every[None], material.draws))
    return share_estimate(value, low, high, float(every.sum()))


def channel_imbalance(material: Material) -> Figure:
    """Share of order lines cancelled in some channels beyond what the better ones demonstrably need (`evidence.rates`)."""
    about, by = "Cancelled in some channels beyond the others", material.channels
    if by is None or len(by.names) < 2:
        return Refusal("one_channel", about, "order lines name fewer than two channels", "order_lines.channel_id")
    if material.draws is None:
        return too_few_spans(about, len(material.lines))
    found = excess(by.cancelled, by.lines, ["channel"] * len(by.names), material.draws)
    if not found.held.any():
        because = "fewer than two channels have enough order lines to be compared"
        return Refusal("too_few_lines", about, because, "more order lines in a second channel")
    total = float(by.lines.sum())
    drawn = found.draws.sum(axis=1) / np.maximum(material.draws.counts @ by.lines.sum(axis=0), 1e-12)
    value, tail = float(found.amount.sum()) / total, material.draws.tail
    low, high = (float(v) for v in np.quantile(drawn, [tail, 1 - tail]))
    return Estimate(value, min(low, value), max(high, value), "share", LEVEL)


def channel_cancellations(skus: Skus, seed: int = 1) -> Figure:
    """Share of lines cancelled because skus are sold in more than one channel, with a range from drawing skus again.

    Weighted least squares of the cancelled share on channels and log lines; Efron and Tibshirani (1993), "An Introduction to
    the Bootstrap", chapter 9 (pairs).

    Args:
        skus: Order lines by sku.
        seed: Of the draws.
    """
    about = "Cancelled because of further channels"
    at = skus.lines > 0
    if at.sum() < LEAST_SKUS or np.ptp(skus.channels[at]) == 0:
        because = f"a slope needs {LEAST_SKUS} skus in differing numbers of channels"
        return Refusal("too_few_skus", about, because, "more skus, or order_lines.channel_id on all of them")
    lines, share = skus.lines[at], skus.cancelled[at] / skus.lines[at]
    x = np.stack([np.ones(len(lines)), skus.channels[at], np.log(lines)])
    terms = np.einsum("in,jn->ijn", x, np.vstack([x, share])) * lines
    counts = np.random.default_rng(seed).multinomial(len(lines), np.full(len(lines), 1 / len(lines)), size=REPLICATES)
    point, drawn = _slopes(terms, np.ones((1, len(lines)))), _slopes(terms, counts.astype(np.float64))
    further = float((skus.channels[at] * lines).sum() / lines.sum()) - 1
    tail = expanded_tail(len(lines), LEVEL)
    low, high = (float(v) * further for v in np.quantile(drawn, [tail, 1 - tail]))
    value = float(point[0]) * further
    return Estimate(value, min(low, value), max(high, value), "share", LEVEL)


def _slopes(terms: Floats, counts: Floats) -> Floats:
    """Slope on channels in each row of counts; terms has shape (3, 4, skus), its last column the outcome."""
    sums = np.moveaxis(terms @ counts.T, -1, 0)
    # Skus drawn may all be alike in channels or size: the least squares answer of smallest norm claims nothing then.
    found: Floats = np.einsum("rij,rj->ri", np.linalg.pinv(sums[:, :, :3], hermitian=True), sums[:, :, 3])[:, 1]
    return found
