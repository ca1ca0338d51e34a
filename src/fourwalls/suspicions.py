"""What a careful analyst asks before believing a table of order lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.diagnosis import SetAside, Suspicion
from fourwalls.portfolio import Portfolio

Floats = npt.NDArray[np.float64]

_DAY_S, _HOUR_S = 86_400.0, 3600.0
# Fewer values than this show no pattern.
LEAST_SEEN = 100
# Shares above which a pattern is told. None of them stops anything: they are questions, not findings.
ONE_HOUR_SHARE = 0.8
SAME_LENGTH_SHARE = 0.2
# Promises at least so many days ahead are looked at for that.
_AHEAD_DAYS = 2
TO_THE_DAY_SHARE = 0.5
NEVER_DELIVERED_SHARE = 0.25
NO_PROMISE_SHARE = 0.1
UNTRACEABLE_SHARE = 0.05
# Lines whose id another table does not know, prices of nothing, and costs above the price.
STRANGE_ID_SHARE, NO_PRICE_SHARE, BELOW_COST_SHARE = 0.05, 0.5, 0.1
SET_ASIDE_SHARE = 0.1
# One side of the wall measured at less than half the rate of the other.
LOPSIDED_RATIO = 0.5
# Rows that run backwards by days, and the share of them that swapping day and month puts in order.
LEAST_BACKWARDS, SWAPPED_SHARE = 20, 0.9
# Sizes of cases as they are usual; a shelf needs this many receipts to show one, and to come this near to it.
PACK_SIZES, LEAST_RECEIPTS, NEAR_SHARE = (6, 8, 10, 12, 20, 24, 36, 48, 100), 5, 0.08
RECEIPTS_OFF_SHARE = 0.25
_BACKWARDS_S, _LONGEST_S = 2 * 86_400.0, 45 * 86_400.0

_CLOCKS = {
    "ordered_s": "ordered_at",
    "released_s": "released_at",
    "handed_over_s": "handed_over_at",
    "delivered_s": "delivered_at",
}
# What a stage is measured by, and who does it.
_STAGES = {
    "release": ("ordered_s", "released_s", "release_party"),
    "fulfilment": ("released_s", "handed_over_s", "fulfilment_party"),
    "carriage": ("handed_over_s", "delivered_s", "carrier_id"),
}


def looked_at(lines: ir.Table) -> ir.Table:
    """The columns of order lines in which something suspicious would show."""
    return lines.select(
        *_CLOCKS, "promised_s", "outcome", "is_traceable", "waits", "release_party", "fulfilment_party", "carrier_id",
        "value_amount", "margin_amount",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Strangers:
    """Ids that the table they refer to does not hold.

    Attributes:
        where, column, table: In which table, which id, and where it should stand.
        rows, of: Rows with such an id, and rows with any.
        example, known: The first such id, and the first that the table holds; None where it holds none.
    """

    where: str
    column: str
    table: str
    rows: int
    of: int
    example: str
    known: str | None


@dataclass(frozen=True, slots=True)
class _Seen:
    table: pa.Table
    present: frozenset[str]

    def seconds(self, name: str) -> Floats:
        values: Floats = pc.cast(self.table[name], pa.float64()).to_numpy(zero_copy_only=False)
        return values

    def doers(self, name: str) -> pa.Array:
        return pc.cast(self.table[name], pa.string()).combine_chunks()

    def known(self, name: str) -> Floats:
        values = self.seconds(name)
        return values[np.isfinite(values)]


def suspicions(
    sample: pa.Table,
    present: frozenset[str],
    portfolio: Portfolio,
    party_ids: frozenset[str] | None,
    set_aside: tuple[SetAside, ...],
    backwards: pa.Table | None = None,
    used: int | None = None,
) -> tuple[Suspicion, ...]:
    """Findings, those that touch most rows first.

    Args:
        sample: From `looked_at`, all lines or a sample of them.
        present: Columns that order_lines has.
        portfolio: What portfolio.toml says.
        party_ids: All parties the portfolio knows; None if it has no table of them.
        set_aside: Order lines that were not used.
        backwards: Columns earlier_s and later_s [s since 1970] of lines set aside because the later came first.
        used: How many order lines are used; those of the sample where it holds all.
    """
    seen = _Seen(sample, present)
    found = [
        *_batch_stamps(seen),
        *_automatic_close(seen),
        *_promises(seen),
        *_selection(seen),
        *_broken_chain(seen),
        *_who(seen, portfolio, party_ids),
        *_one_side(seen, portfolio.own_party_id),
        *_idle_service_levels(seen, portfolio),
        *_repeats(set_aside),
        *_many_set_aside(sample.num_rows if used is None else used, set_aside),
        *_money(seen),
        *_day_and_month(seen, backwards),
    ]
    return tuple(sorted(found, key=lambda s: -s.rows))


@dataclass(frozen=True, slots=True)
class Receipts:
    """What came to each shelf by two tables, shape (shelves,) each.

    Attributes:
        stocked: By stock_days [units]; NaN where not recorded.
        ordered: By the supply orders that came on its days [units].
        orders: How many of them.
        supplier: Who sent most of it.
    """

    stocked: Floats
    ordered: Floats
    orders: npt.NDArray[np.int64]
    supplier: npt.NDArray[np.str_]


def receipt_suspicions(seen: Receipts) -> tuple[Suspicion, ...]:
    """Findings where what supply orders say came is not what stock_days say came."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = seen.stocked / seen.ordered
    known = (seen.orders >= LEAST_RECEIPTS) & np.isfinite(ratio) & (ratio > 0)
    found = []
    packed = np.zeros(len(ratio), np.bool_)
    for size in PACK_SIZES:
        for factor, more, less in ((size, "stock_days", "supply_orders"), (1 / size, "supply_orders", "stock_days")):
            here = known & (np.abs(np.log(np.where(known, ratio, 1.0) / factor)) < np.log(1 + NEAR_SHARE))
            here &= ~packed
            packed |= here
            if here.any():
                names, n = np.unique(seen.supplier[here], return_counts=True)
                found.append(Suspicion(
                    "cases_and_eaches", "supply_orders", "received_units",
                    f"On {int(here.sum())} of {int(known.sum())} shelves {more} received about {size} times the units of {less} "
                    f"(most of them from {names[n.argmax()]}).",
                    f"One table may count cases of {size} and the other pieces: what a repair of supply would sell is then off by "
                    "that factor. Convert one of them in its .sql file.",
                    int(here.sum()),
                ))  # fmt: skip
    off = known & ~packed & (np.abs(np.log(np.where(known, ratio, 1.0))) > np.log(1 + RECEIPTS_OFF_SHARE))
    if off.sum() > RECEIPTS_OFF_SHARE * known.sum():
        found.append(Suspicion(
            "receipts_differ", "supply_orders", "received_units",
            f"On {int(off.sum())} of {int(known.sum())} shelves supply_orders and stock_days differ by more than "
            f"{_percent(RECEIPTS_OFF_SHARE)} in what was received.",
            "Orders may be missing, or stand twice: what hangs on supply is then told of another stock than the recorded one.",
            int(off.sum()),
        ))  # fmt: skip
    return tuple(found)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _batch_stamps(seen: _Seen) -> Iterator[Suspicion]:
    for name, column in _CLOCKS.items():
        at = seen.known(name)
        if column not in seen.present or len(at) < LEAST_SEEN:
            continue
        by_hour = np.bincount(((at % _DAY_S) // _HOUR_S).astype(np.int64), minlength=24)
        hour, share = int(by_hour.argmax()), float(by_hour.max() / len(at))
        if share >= ONE_HOUR_SHARE:
            at_midnight = float((at % _DAY_S == 0).mean())
            what = (
                "are dates without a time of day"
                if at_midnight >= ONE_HOUR_SHARE
                else f"fall in the hour from {hour}:00 UTC"
            )
            yield Suspicion(
                "batch_stamp", "order_lines", column, f"{_percent(share)} of the times {what}.",
                "It may be when a system wrote, not when it happened: the stages before and after it blur by up to a day.",
                int(by_hour.max()),
            )  # fmt: skip


def _automatic_close(seen: _Seen) -> Iterator[Suspicion]:
    for begin, end in (("handed_over_s", "delivered_s"), ("ordered_s", "released_s"), ("released_s", "handed_over_s")):
        if _CLOCKS[end] not in seen.present or _CLOCKS[begin] not in seen.present:
            continue
        length = seen.seconds(end) - seen.seconds(begin)
        length = length[np.isfinite(length) & (length > _HOUR_S)]
        if len(length) < LEAST_SEEN:
            continue
        values, counts = np.unique(length, return_counts=True)
        share = float(counts.max() / len(length))
        if share >= SAME_LENGTH_SHARE:
            hours = float(values[counts.argmax()]) / _HOUR_S
            yield Suspicion(
                "automatic_close", "order_lines", _CLOCKS[end],
                f"{_percent(share)} of the lines have exactly the same {hours:g} hours between {_CLOCKS[begin]} and {_CLOCKS[end]}.",
                "A system may have closed them after a fixed time: ask how the stamp is made before believing this stage.",
                int(counts.max()),
            )  # fmt: skip


def _promises(seen: _Seen) -> Iterator[Suspicion]:
    outcome = seen.table["outcome"].to_numpy(zero_copy_only=False)
    missing = int((outcome == "no promise").sum())
    judged = int(np.isin(outcome, ["on time", "late", "no promise"]).sum())
    if judged >= LEAST_SEEN and missing >= NO_PROMISE_SHARE * judged:
        yield Suspicion(
            "no_promise", "order_lines", "promised_at", f"{_percent(missing / judged)} of the delivered lines carry no promise.",
            "They can be neither late nor on time. If they differ from the others, the on-time share speaks for the others only.",
            missing,
        )  # fmt: skip
    promised, delivered = seen.seconds("promised_s"), seen.seconds("delivered_s")
    both = np.isfinite(promised) & np.isfinite(delivered)
    if both.sum() < LEAST_SEEN:
        return
    same_day = (promised[both] // _DAY_S) == (delivered[both] // _DAY_S)
    at_midnight = promised[both] % _DAY_S == 0
    if at_midnight.mean() >= ONE_HOUR_SHARE:
        late_on_the_day = same_day & (delivered[both] > promised[both])
        yield Suspicion(
            "promise_at_midnight", "order_lines", "promised_at",
            f"Promises are midnights; {int(late_on_the_day.sum())} of {int(both.sum())} delivered lines came on the promised day "
            "and count as late.",
            "If the day itself was promised, cast promised_at to DATE in tables/order_lines.sql: the end of the day then counts.",
            int(late_on_the_day.sum()),
        )  # fmt: skip
    # What is promised for tomorrow comes on its day without anybody's doing.
    ahead = promised[both] - seen.seconds("ordered_s")[both] >= _AHEAD_DAYS * _DAY_S
    if ahead.sum() >= LEAST_SEEN and same_day[ahead].mean() >= TO_THE_DAY_SHARE:
        yield Suspicion(
            "promise_rewritten", "order_lines", "promised_at",
            f"{_percent(float(same_day[ahead].mean()))} of the deliveries came exactly on the promised day.",
            "The promise may have been rewritten after the fact: use the first one made, or every late line looks punctual.",
            int(same_day.sum()),
        )  # fmt: skip


def _selection(seen: _Seen) -> Iterator[Suspicion]:
    outcome = seen.table["outcome"].to_numpy(zero_copy_only=False)
    n = len(outcome)
    if n < LEAST_SEEN:
        return
    undelivered = int(np.isin(outcome, ["overdue", "cancelled"]).sum())
    still_open = int((outcome == "open").sum())
    if undelivered == 0 and still_open == 0 and n >= 10 * LEAST_SEEN:
        yield Suspicion(
            "only_delivered", "order_lines", "delivered_at", f"All {n} lines looked at were delivered.",
            "Lines may have been selected by how they ended: then nothing can be said of cancellations and open orders.", n,
        )  # fmt: skip
    if undelivered >= NEVER_DELIVERED_SHARE * n:
        yield Suspicion(
            "many_undelivered", "order_lines", "delivered_at",
            f"{_percent(undelivered / n)} of the lines were cancelled or never delivered.",
            "Few retailers lose so many: the file may be a sample chosen by outcome, or deliveries stand elsewhere. "
            "Re-weight, or map the missing stamps.",
            undelivered,
        )  # fmt: skip


def _broken_chain(seen: _Seen) -> Iterator[Suspicion]:
    traceable = seen.table["is_traceable"].to_numpy(zero_copy_only=False).astype(bool)
    waits = seen.table["waits"].to_numpy(zero_copy_only=False).astype(bool)
    n, broken = len(traceable), int((~traceable & ~waits).sum())
    if n >= LEAST_SEEN and broken >= UNTRACEABLE_SHARE * n:
        yield Suspicion(
            "stages_out_of_order", "order_lines", "released_at, handed_over_at, delivered_at",
            f"In {_percent(broken / n)} of the lines a stage time is absent or earlier than the one before it.",
            "They count in every reading, but cannot be traced to a stage.", broken,
        )  # fmt: skip


def _who(seen: _Seen, portfolio: Portfolio, party_ids: frozenset[str] | None) -> Iterator[Suspicion]:
    columns = {"release_party": "channels.party_id", "fulfilment_party": "fulfiller_id", "carrier_id": "carrier_id"}
    # Whoever takes the goods along is served by nobody's carrier.
    sent = pc.not_equal(seen.table["outcome"], "taken along")
    nobody, total = [], int(pc.sum(sent).as_py() or 0)
    for name, column in columns.items():
        values = pc.value_counts(seen.doers(name).filter(sent)).to_pylist()
        counts = {row["values"]: row["counts"] for row in values}
        unknown = counts.pop(None, 0)
        if total and unknown >= NEVER_DELIVERED_SHARE * total:
            nobody.append(column)
        strangers = {p: n for p, n in counts.items() if party_ids is not None and p not in party_ids}
        if strangers:
            first = max(strangers, key=lambda p: (strangers[p], p))
            yield Suspicion(
                "unknown_party", "order_lines", column,
                f"{len(strangers)} parties are not in the table of parties, first '{first}' on {strangers[first]} lines.",
                "Their side of the wall counts as unknown: add them to tables/parties.", sum(strangers.values()),
            )  # fmt: skip
    if nobody:
        yield Suspicion(
            "nobody_named", "order_lines", ", ".join(nobody), "For a quarter of the lines or more nothing says who did it.",
            "Those stages can be put on neither side of the wall.", total,
        )  # fmt: skip
    doers = {v for name in columns for v in pc.unique(seen.doers(name)).to_pylist() if v is not None}
    if doers == {portfolio.own_party_id}:
        yield Suspicion(
            "only_own_work", "order_lines", "fulfiller_id, carrier_id, channels.party_id",
            f"Every stage of every line is done by our own party '{portfolio.own_party_id}'.",
            "Everything then lies inside: check that partners, the carrier above all, are not booked under our name.", total,
        )  # fmt: skip
    if doers and portfolio.own_party_id not in doers:
        yield Suspicion(
            "no_own_work", "order_lines", "fulfiller_id, carrier_id, channels.party_id",
            f"No stage of any line is done by our own party '{portfolio.own_party_id}'.",
            "Everything then lies between: check own_party_id, or whether own work is left blank.", total,
        )  # fmt: skip
    packers = {v["values"]: v["counts"] for v in pc.value_counts(seen.doers("fulfilment_party")).to_pylist()}
    packers.pop(None, None)
    if packers and portfolio.own_party_id in doers and portfolio.own_party_id not in packers:
        first = max(packers, key=lambda p: (packers[p], p))
        yield Suspicion(
            "others_fulfil", "order_lines", "fulfiller_id",
            f"Our own party '{portfolio.own_party_id}' fulfils no line; '{first}' fulfils {packers[first]:,}.",
            f"If '{first}' is us under another name, our own work counts as a partner's: correct own_party_id.",
            sum(packers.values()),
        )  # fmt: skip


def _one_side(seen: _Seen, own: str) -> Iterator[Suspicion]:
    """What a measure asks for, there on one side of the wall and absent on the other."""
    taken = pc.equal(seen.table["outcome"], "taken along").to_numpy(zero_copy_only=False).astype(np.bool_)
    delivered = np.isfinite(seen.seconds("delivered_s")) & ~taken
    asked: dict[str, tuple[tuple[str, ...], str]]
    asked = {f"{stage} is timed": ((begin, end), doer) for stage, (begin, end, doer) in _STAGES.items()}
    asked["a promise is given"] = (("promised_s",), "release_party")
    for what, (names, doer) in asked.items():
        if not all(_column_of(name) in seen.present for name in names):
            continue
        known = np.logical_and.reduce([np.isfinite(seen.seconds(name)) for name in names])
        doers = np.array(seen.doers(doer).to_pylist(), dtype=object)
        inside, between = delivered & (doers == own), delivered & (doers != own) & (doers != None)  # noqa: E711
        if min(inside.sum(), between.sum()) < LEAST_SEEN:
            continue
        shares = float(known[inside].mean()), float(known[between].mean())
        if min(shares) < LOPSIDED_RATIO * max(shares):
            lost = int((inside if shares[0] < shares[1] else between).sum() * (1 - min(shares)))
            yield Suspicion(
                "one_side_dropped", "order_lines", ", ".join(_column_of(name) for name in names),
                f"For {_percent(shares[0])} of the delivered lines in our own hands {what}, for {_percent(shares[1])} of those in others'.",
                "A comparison of the two sides would rest on what one of them happens to record: complete it before comparing.",
                lost,
            )  # fmt: skip


def _column_of(seconds: str) -> str:
    return seconds.removesuffix("_s") + "_at"


def _idle_service_levels(seen: _Seen, portfolio: Portfolio) -> Iterator[Suspicion]:
    for level in portfolio.service_levels:
        if level.stage in _STAGES and level.party_id not in pc.unique(seen.doers(_STAGES[level.stage][2])).to_pylist():
            yield Suspicion(
                "idle_service_level", "order_lines", "fulfiller_id, carrier_id, channels.party_id",
                f"A service level binds '{level.party_id}' in {level.stage}, but no line names it there.",
                "The level is held against nobody: check its party and stage in portfolio.toml.", 0,
            )  # fmt: skip


def _day_and_month(seen: _Seen, backwards: pa.Table | None) -> Iterator[Suspicion]:
    """Times that run backwards and come right when day and month change places: two date formats in one column."""
    clocks = [seen.seconds(name) for name in _CLOCKS]
    pairs = [np.column_stack(ends) for ends in pairwise(clocks)]
    if backwards is not None:
        pairs.append(
            np.column_stack([pc.cast(backwards[n], pa.float64()).to_numpy() for n in ("earlier_s", "later_s")])
        )
    earlier, later = np.concatenate(pairs).T
    wrong = later <= earlier - _BACKWARDS_S
    earlier, later = earlier[wrong], later[wrong]
    if len(earlier) < LEAST_BACKWARDS:
        return
    by_later, by_earlier = _swapped(later) - earlier, later - _swapped(earlier)
    right = ((by_later >= 0) & (by_later <= _LONGEST_S)) | ((by_earlier >= 0) & (by_earlier <= _LONGEST_S))
    if right.mean() >= SWAPPED_SHARE:
        yield Suspicion(
            "day_and_month", "order_lines", "ordered_at, released_at, handed_over_at, delivered_at, promised_at",
            f"{int(right.sum())} of {len(right)} pairs of times that run backwards come right when day and month change places.",
            "One column may mix day-first and month-first dates, each of which parses: then times up to the 12th are wrong "
            "unseen. Parse each source with its own format in tables/order_lines.sql.",
            int(right.sum()),
        )  # fmt: skip


def _swapped(seconds: Floats) -> Floats:
    """Times with day and month exchanged; NaN where the day is no month."""
    at = seconds.astype(np.int64).astype("datetime64[s]")
    year, month, date = at.astype("datetime64[Y]"), at.astype("datetime64[M]"), at.astype("datetime64[D]")
    month_number, day_number = (month - year).astype(np.int64), (date - month).astype(np.int64)
    other = (year.astype("datetime64[M]") + day_number).astype("datetime64[D]") + month_number
    swapped = (other.astype("datetime64[s]") + (at - date)).astype(np.int64).astype(np.float64)
    return np.where(day_number < 12, swapped, np.nan)


def _repeats(set_aside: tuple[SetAside, ...]) -> Iterator[Suspicion]:
    for aside in set_aside:
        if "different content" in aside.reason:
            yield Suspicion(
                "repeated_key", "order_lines", "order_id, line_id", f"{aside.rows} lines share their key with a different line.",
                "A join in the mapping may multiply rows, for instance with a product in two versions.", aside.rows,
            )  # fmt: skip


def _many_set_aside(used: int, set_aside: tuple[SetAside, ...]) -> Iterator[Suspicion]:
    # Days that nobody asked for and copies of a row are no loss.
    lost = [a for a in set_aside if not a.reason.startswith(("ordered outside the period", "exact copy"))]
    rows = sum(a.rows for a in lost)
    share = rows / max(rows + used, 1)
    if rows >= LEAST_SEEN and share >= SET_ASIDE_SHARE:
        most = max(lost, key=lambda a: a.rows)
        yield Suspicion(
            "many_set_aside", "order_lines", "", f"{rows:,} order lines were set aside, most of them because {most.reason}.",
            "The page speaks of the others only, and an asset may be missing from it: see which in `fourwalls check`, and mend the mapping.",
            rows,
        )  # fmt: skip


def _money(seen: _Seen) -> Iterator[Suspicion]:
    value, margin = seen.known("value_amount"), seen.known("margin_amount")
    free = int((value == 0).sum())
    if len(value) >= LEAST_SEEN and free >= NO_PRICE_SHARE * len(value):
        yield Suspicion(
            "no_price", "order_lines", "price_amount", f"{_percent(free / len(value))} of the lines are worth nothing: their price or their units are 0.",
            "What is lost on them counts as nothing: leave the price blank where it is not known, or map the column that holds it.", free,
        )  # fmt: skip
    below = int((margin < 0).sum())
    if len(margin) >= LEAST_SEEN and below >= BELOW_COST_SHARE * len(margin):
        yield Suspicion(
            "below_cost", "order_lines", "cost_amount", f"{_percent(below / len(margin))} of the lines are sold below their cost.",
            "Cost may be that of the line or the case while price is that of a unit, or in another currency. If true, to keep such a "
            "line from being lost gains nothing.",
            below,
        )  # fmt: skip


def strange_ids(strangers: Iterable[Strangers]) -> Iterator[Suspicion]:
    """Ids that join nothing in many rows."""
    for s in strangers:
        if s.of >= LEAST_SEEN and s.rows >= STRANGE_ID_SHARE * s.of:
            known = f", which holds e.g. '{s.known}'" if s.known is not None else ", which is empty"
            yield Suspicion(
                "unknown_id", s.where, s.column,
                f"{_percent(s.rows / s.of)} of the rows of {s.where} have a {s.column} that is not in {s.table}{known}; first '{s.example}'.",
                f"What {s.table} says is not known of them. Ids may be written in two ways (leading zeros, '.0', spaces): "
                f"write them alike in tables/{s.where}.sql or tables/{s.table}.sql.",
                s.rows,
            )  # fmt: skip


def other_days(stocked: tuple[date, date], ordered: tuple[date, date]) -> Iterator[Suspicion]:
    """Stock of one time and orders of another: first and last day of each."""
    if stocked[0] > ordered[1] or ordered[0] > stocked[1]:
        yield Suspicion(
            "other_days", "stock_days", "day",
            f"stock_days run from {stocked[0]} to {stocked[1]}, orders from {ordered[0]} to {ordered[1]}: no day is in both.",
            "Empty shelves and late orders are then of different times: check the dates of one of them.", 0,
        )  # fmt: skip
