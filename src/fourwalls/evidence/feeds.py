"""Feeds: late, missing and unreconciled deliveries by feed and sender, and keys that do not join.

Readings only: what people spend on mending feeds is told from case work.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fourwalls.evidence.ground import Finding, Ground
from fourwalls.figures import Estimate, Figure, Reading, Refusal
from fourwalls.losses import AssetKey
from fourwalls.measures import feeds
from fourwalls.resampling import LEVEL, Draws, ratio_ranges, share_estimate

Floats = npt.NDArray[np.float64]

# name, label, above, below, unit, definition
_MEASURES = (
    ("feed_late_share", "late deliveries", "late", "arrived", "share", "deliveries more than an hour after they were due / deliveries that arrived"),
    ("feed_late_hours", "lateness", "late_hours", "arrived", "hours", "hours after they were due, early ones as 0 / deliveries that arrived"),
    ("feed_missing_share", "missing deliveries", "missing", "due", "share", "deliveries that never arrived / deliveries due"),
    ("feed_missing_rows_share", "missing rows", "missing_rows", "expected_rows", "share", "rows short of what was expected / rows expected, of deliveries that arrived"),
    ("feed_mismatch_share", "rows that do not reconcile", "mismatched_rows", "checked_rows", "share", "rows that did not reconcile / rows that arrived"),
)  # fmt: skip


def find(ground: Ground) -> Finding:
    """How late, how complete and how reconcilable each feed is, and which keys nobody knows.

    Readings of the whole portfolio are those of all feeds together and of each feed; an asset of one channel gets the feeds of the
    party that runs it. Ranges draw the weeks again.
    """
    keys, notes = _keys(ground)
    if "feeds" not in ground.rows:
        refusal = Refusal(
            "no_feeds", "feeds", "there is no table feeds", "feeds: when each was due and when it arrived"
        )
        return Finding(readings={(): keys} if keys else {}, refusals=(refusal,), notes=notes)
    if ground.draws is None:
        refusal = Refusal("short_record", "feeds", "the record is too short for ranges", "at least eight weeks")
        return Finding(readings={(): keys} if keys else {}, refusals=(refusal,), notes=notes)
    until = int(
        datetime(ground.period.end.year, ground.period.end.month, ground.period.end.day, tzinfo=UTC).timestamp()
    )
    table = ground.engine.run(feeds.deliveries(ground.rows["feeds"], until, ground.span_seconds))
    book = _Book(ground, table)
    readings: dict[AssetKey, tuple[Reading, ...]] = {
        (): (
            *_told(book, ground.draws, None),
            *(r for feed in book.feeds for r in _told(book, ground.draws, feed)),
            *keys,
        )
    }
    if "channel_id" in ground.portfolio.grain:
        at = ground.portfolio.grain.index("channel_id")
        for asset in ground.assets:
            party = ground.channel_party.get(str(asset[at]))
            mine = [f for f in book.feeds if party is not None and f[3] == party]
            if mine:
                readings[asset] = tuple(r for f in mine for r in _told(book, ground.draws, f))
    return Finding(readings=readings, notes=notes)


_Feed = tuple[str, str, str, str | None]


class _Book:
    """Sums by feed and span."""

    def __init__(self, ground: Ground, table: pa.Table) -> None:
        named = [table[c].to_pylist() for c in ("feed_id", "from_system", "to_system", "party_id")]
        rows: list[_Feed] = list(zip(*named, strict=True))
        self.feeds: tuple[_Feed, ...] = tuple(sorted(dict.fromkeys(rows), key=str))
        number = {feed: i for i, feed in enumerate(self.feeds)}
        span = ground.span_index(table["span"].to_numpy().astype(np.int64))
        inside = span >= 0
        at = np.array([number[row] for row in rows], dtype=np.int64)[inside], span[inside]
        self.sums: dict[str, Floats] = {}
        for name in table.column_names[5:]:
            values = pc.fill_null(pc.cast(table[name], pa.float64()), 0.0).to_numpy(zero_copy_only=False)
            self.sums[name] = np.zeros((len(self.feeds), len(ground.spans)))
            np.add.at(self.sums[name], at, values[inside])
        self.names = ground.party_names

    def of(self, name: str, feed: _Feed | None) -> Floats:
        """Sums by span of one feed, or of all."""
        sums = self.sums[name]
        found: Floats = sums.sum(axis=0) if feed is None else sums[self.feeds.index(feed)]
        return found


def _told(book: _Book, draws: Draws, feed: _Feed | None) -> list[Reading]:
    found = []
    for name, label, above, below, unit, definition in _MEASURES:
        over, under = book.of(above, feed), book.of(below, feed)
        if feed is not None:
            name = f"{name}: {feed[0]}"
            sender = book.names.get(feed[3], feed[3]) if feed[3] is not None else feed[1]
            label = f"{feed[0]} ({sender}, {feed[1]} to {feed[2]}): {label}"
        else:
            label = f"Feeds: {label}"
        n = float(under.sum())
        figure: Figure
        if n <= 0:
            figure = Refusal("not_recorded", label, "no delivery says it", f"the columns behind {above} in feeds")
        else:
            value, low, high = (float(x[0]) for x in ratio_ranges(over[None, :], under, draws))
            figure = share_estimate(value, low, high, n) if unit == "share" else Estimate(value, low, high, unit, LEVEL)
        found.append(Reading(name, label, figure, int(n), definition))
    return found


def _keys(ground: Ground) -> tuple[tuple[Reading, ...], tuple[str, ...]]:
    """Shares of rows whose key the reference table does not know, with an exact binomial range."""
    rows = dict(ground.rows)
    if ground.lines is not None:
        rows["order_lines"] = ground.lines
    readings, notes = [], []
    for table, column, reference in feeds.KEYS:
        if table not in rows or reference not in rows or column not in rows[table].columns:
            continue
        found = ground.engine.run(feeds.unknown_keys(rows, table, column, reference)).to_pylist()[0]
        n, unknown = int(found["rows"] or 0), int(found["unknown"] or 0)
        if n == 0:
            continue
        low, high = _exact(unknown, n)
        label = f"{table}.{column} not in {reference}"
        figure = Estimate(unknown / n, low, high, "share", LEVEL)
        definition = f"rows of {table} whose {column} {reference} does not know / rows that name one"
        readings.append(Reading(f"unknown_key_share: {table}.{column}", label, figure, n, definition))
        if unknown:
            notes.append(
                f"{unknown:,} of {n:,} rows of {table} name a {column} that {reference} does not know "
                f"({found['keys']:,} values, first '{found['example']}')"
            )
    return tuple(readings), tuple(notes)


def _exact(hits: int, n: int) -> tuple[float, float]:
    """Range of a share (Clopper and Pearson 1934, Biometrika 26)."""
    # Not scipy.stats: it takes a second to import.
    from scipy.special import betaincinv

    tail = (1 - LEVEL) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, n - hits + 1, tail))
    high = 1.0 if hits == n else float(betaincinv(hits + 1, n - hits, 1 - tail))
    return min(low, hits / n), max(high, hits / n)
