"""Service readings under their standard names, each with its range, from counts by asset and span of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.resampling import LEAST_CLUSTERS, LEVEL, Draws, ratio_ranges, share_estimate

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Late and punctual lines needed within one class of promised lead time before they are compared.
LEAST_COMPARED = 30


@dataclass(frozen=True, slots=True)
class Panel:
    """Counts of assets over spans of time.

    Attributes:
        counts: Name → shape (assets, spans).
        draws: Bootstrap draws of the spans; None where there are too few.
    """

    counts: Mapping[str, Floats]
    draws: Draws | None

    def ratio(self, about: str, above: str | Floats, below: str | Floats, unit: str = "share") -> list[Figure]:
        """A ratio of sums for each asset, or why there is none."""
        over = self.counts[above] if isinstance(above, str) else above
        under = self.counts[below] if isinstance(below, str) else below
        sums = np.broadcast_to(under, over.shape).sum(axis=1)
        if self.draws is None:
            return [too_few_spans(about, over.shape[1]) for _ in range(len(over))]
        value, low, high = ratio_ranges(over, under, self.draws)
        active = active_spans(self.counts["lines"])
        return [
            too_few_spans(about, spans)
            if spans < LEAST_CLUSTERS
            else nothing_to_divide(about)
            if not np.isfinite(v)
            else share_estimate(v, lo, hi, n, unit)
            if unit == "share"
            else Estimate(v, lo, hi, unit, LEVEL)
            for v, lo, hi, n, spans in zip(
                value.tolist(), low.tolist(), high.tolist(), sums.tolist(), active.tolist(), strict=True
            )
        ]


TOO_FEW_SPANS = "too_few_spans"
"""Code of the refusal of a range where the record is too short."""


def active_spans(lines: Floats) -> Ints:
    """In how many spans an asset has order lines at all, shape (assets,)."""
    spans: Ints = (lines > 0).sum(axis=1).astype(np.int64)
    return spans


def too_few_spans(about: str, spans: int) -> Refusal:
    """The record is too short for a range."""
    return Refusal(
        TOO_FEW_SPANS,
        about,
        f"there are order lines in {spans} weeks (or days, in a short record), and a range needs at least {LEAST_CLUSTERS}",
        "a longer period",
    )


def nothing_to_divide(about: str) -> Refusal:
    """No record speaks to this figure."""
    return Refusal("no_records", about, "no order line of this asset says anything about it", "records that do")


@dataclass(frozen=True, slots=True)
class _Share:
    name: str
    label: str
    above: str
    below: str
    definition: str
    needs: tuple[str, ...]


SHARES = (
    _Share(
        "otif_share", "On time in full (OTIF)", "on_time_in_full", "on_time_in_full_known",
        "lines delivered by the promise with all units, of lines due (delivered or overdue) whose units are known",
        ("promised_at", "delivered_at", "ordered_units", "shipped_units"),
    ),
    _Share(
        "perfect_order_share", "Perfect order, as far as recorded", "perfect_orders", "orders",
        "SCOR RL.1.1: orders whose every line came on time, in full and was not returned, of orders due or cancelled; "
        "documents and damage are not in the record",
        ("promised_at", "delivered_at"),
    ),
    _Share(
        "on_time_share", "On time", "on_time", "due",
        "lines delivered by the promise, of lines due: on time, late or overdue", ("promised_at", "delivered_at"),
    ),
    _Share(
        "late_share_of_delivered", "Late, of delivered", "late", "delivered",
        "lines delivered after the promise, of lines delivered with a promise", ("promised_at", "delivered_at"),
    ),
    _Share(
        "overdue_share", "Overdue, not delivered", "overdue", "lines",
        "lines neither delivered nor cancelled whose promise passed before the record ends, of all lines",
        ("promised_at", "delivered_at"),
    ),
    _Share("cancelled_share", "Cancelled", "cancelled", "lines", "lines cancelled, of all lines", ("cancelled_at or cancel_reason",)),
    _Share(
        "fill_rate", "Fill rate (units, type 2)", "shipped_units", "ordered_units",
        "units shipped, of units ordered, on lines delivered, overdue or cancelled", ("ordered_units", "shipped_units"),
    ),
    _Share(
        "returned_share", "Returned", "returned", "returned_known", "lines with returned units, of delivered lines",
        ("returned_units",),
    ),
    _Share(
        "cancelled_after_promise_share", "Given up after the promise passed", "cancelled_after_promise",
        "passed_promise",
        "lines cancelled after their promise had passed, of all lines whose promise passed undelivered",
        ("promised_at", "cancelled_at"),
    ),
)  # fmt: skip


def service_readings(panel: Panel, present: frozenset[str]) -> list[list[Reading]]:
    """The service readings of every asset, in the order of SHARES.

    Args:
        panel: Counts from `service_counts` and `perfect_orders`.
        present: Columns that order_lines has; a reading that needs another is refused by name.
    """
    columns = []
    for share in SHARES:
        missing = [name for name in share.needs if not present & set(name.split(" or "))]
        n = panel.counts[share.below].sum(axis=1)
        refused: list[Figure] = [_needs(share, missing)] * len(n)
        figures = refused if missing else panel.ratio(share.label, share.above, share.below)
        columns.append(
            [
                Reading(share.name, share.label, figure, 0 if missing else round(count), share.definition)
                for figure, count in zip(figures, n.tolist(), strict=True)
            ]
        )
    return [list(row) for row in zip(*columns, strict=True)]


def _needs(share: _Share, missing: list[str]) -> Refusal:
    names = " and ".join(f"order_lines.{name}" for name in missing)
    verb = "is" if len(missing) == 1 else "are"
    return Refusal("missing_column", share.label, f"{names} {verb} not in the record", f"map {names}")


@dataclass(frozen=True, slots=True)
class _Effect:
    name: str
    label: str
    table: str
    unit: str
    definition: str
    refusal: Refusal


EFFECTS = (
    _Effect(
        "rating_effect_of_lateness", "Rating of late lines against punctual ones", "rating", "rating share",
        "mean rating of late lines less that of punctual ones with the same promised lead time; rating 0 worst, 1 best",
        Refusal("missing_column", "Rating of late lines against punctual ones", "order_lines.rating_share is not in the record", "order_lines.rating_share"),
    ),
    _Effect(
        "return_effect_of_lateness", "Coming back after a late order, against a punctual one", "returned", "share",
        "share of customers who order again within 90 days of the promise after a late order less that after a punctual one with the same promised lead time",
        Refusal("missing_column", "Coming back after a late order, against a punctual one", "order_lines.customer_id is not in the record", "order_lines.customer_id"),
    ),
)  # fmt: skip


def lateness_readings(
    tables: Mapping[str, pa.Table],
    asset_numbers: Callable[[pa.Table], Ints],
    span_numbers: Callable[[pa.Table], Ints],
    panel: Panel,
    present: frozenset[str],
    currency: str,
) -> list[list[Reading]]:
    """What lateness costs, as far as the record shows it: ratings, coming back, orders given up, and money.

    Args:
        tables: "rating" and "returned" → results of the measures in `lateness_cost`; what is not there is refused.
        asset_numbers: Table → number of each row's asset.
        span_numbers: Table → number of each row's span.
        panel: Counts by asset and span.
        present: Columns that order_lines has.
        currency: Of the portfolio.
    """
    assets, spans = panel.counts["lines"].shape
    found: list[list[Reading]] = [[] for _ in range(assets)]
    for effect in EFFECTS:
        table = tables.get(effect.table)
        cubes = None if table is None else _by_class(table, effect.table, asset_numbers, span_numbers, (assets, spans))
        for i in range(assets):
            if cubes is None:
                found[i].append(Reading(effect.name, effect.label, effect.refusal, 0, effect.definition))
                continue
            late, punctual, late_sum, punctual_sum = (c[i] for c in cubes)
            figure = effect_of_lateness(effect.label, effect.unit, late, punctual, late_sum, punctual_sum, panel.draws)
            found[i].append(
                Reading(effect.name, effect.label, figure, round(float(cubes[0][i].sum())), effect.definition)
            )
    for i, figure in enumerate(_money(panel, present, currency)):
        n = round(float(panel.counts["cancelled_after_promise"][i].sum()))
        found[i].append(
            Reading(
                "cost_of_lateness",
                "Order value given up after the promise passed",
                figure,
                n,
                "net value of the lines that were cancelled once their promise had passed, in the period",
            )
        )
    return found


def _money(panel: Panel, present: frozenset[str], currency: str) -> list[Figure]:
    about = "cost of lateness"
    amount = panel.counts["cancelled_after_promise_amount"]
    value = panel.counts["value_amount"].sum(axis=1)
    whole = np.full(amount.shape[1], 1 / amount.shape[1])
    figures = panel.ratio(about, amount, whole, currency)
    after = panel.counts["cancelled_after_promise"].sum(axis=1)
    no_price = Refusal(
        "no_price", about, "order_lines.price_amount or ordered_units is not in the record", "both columns"
    )
    none = Refusal(
        "nobody_gave_up",
        about,
        "no line of this asset was cancelled after its promise had passed, so the record shows no order lost to lateness",
        "customer_id on order lines (do customers come back?), or late_line_cost_share under [assumptions]",
    )
    if "cancelled_at" not in present:
        unknown = Refusal(
            "missing_column", about, "order_lines.cancelled_at is not in the record, so nobody can be seen giving up",
            "order_lines.cancelled_at, or customer_id (do customers come back?)",
        )  # fmt: skip
        return [unknown] * len(figures)
    return [
        no_price if not v > 0 else none if not n > 0 else figure
        for figure, v, n in zip(figures, value.tolist(), after.tolist(), strict=True)
    ]


def _by_class(
    table: pa.Table,
    kind: str,
    asset_numbers: Callable[[pa.Table], Ints],
    span_numbers: Callable[[pa.Table], Ints],
    shape: tuple[int, int],
) -> list[Floats]:
    """Counts and sums of late and punctual lines, shape (assets, classes of lead time, spans) each."""
    lead = table["lead"].to_numpy().astype(np.int64)
    classes = int(lead.max()) + 1 if len(lead) else 1
    flat = (asset_numbers(table) * classes + lead) * shape[1] + span_numbers(table)
    names = ("late", "punctual", f"late_{kind}", f"punctual_{kind}")
    size = shape[0] * classes * shape[1]
    return [
        np.bincount(flat, pc.cast(table[name], pa.float64()).to_numpy(), minlength=size)
        .astype(np.float64)
        .reshape(shape[0], classes, shape[1])
        for name in names
    ]


def effect_of_lateness(
    about: str, unit: str, late: Floats, punctual: Floats, late_sum: Floats, punctual_sum: Floats, draws: Draws | None
) -> Figure:
    """Mean outcome of late lines less that of punctual ones promised alike, weighted as the late ones are spread.

    Direct standardisation on promised lead time; an association, not proof of cause.

    Args:
        about: What is compared.
        unit: Of the difference.
        late, punctual: Counts, shape (classes, spans).
        late_sum, punctual_sum: Sums of the outcome, same shape.
        draws: Bootstrap draws of the spans.
    """
    usable = (late.sum(axis=1) >= LEAST_COMPARED) & (punctual.sum(axis=1) >= LEAST_COMPARED)
    if draws is None:
        return too_few_spans(about, late.shape[1])
    if not usable.any():
        return Refusal(
            "too_few_compared",
            about,
            f"fewer than {LEAST_COMPARED} late or {LEAST_COMPARED} punctual lines with the same promised lead time",
            "more lines, or ratings on more of them",
        )
    counts = np.vstack([np.ones((1, draws.counts.shape[1])), draws.counts])
    n_late, n_punctual, s_late, s_punctual = (counts @ x[usable].T for x in (late, punctual, late_sum, punctual_sum))
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = s_late / n_late - s_punctual / n_punctual
        effect = np.nansum(difference * n_late, axis=1) / np.where(np.isfinite(difference), n_late, 0.0).sum(axis=1)
    drawn = effect[1:][np.isfinite(effect[1:])]
    low, high = np.quantile(drawn, [draws.tail, 1 - draws.tail])
    point = float(effect[0])
    return Estimate(point, min(float(low), point), max(float(high), point), unit, LEVEL)
