"""Receives the tables of a portfolio: what was read, what is used, what was set aside and why, what looks suspicious."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from fourwalls import suspicions
from fourwalls.diagnosis import Health, SetAside, Suspicion, TableHealth
from fourwalls.engines.duckdb import DuckDBEngine, Opened
from fourwalls.errors import PortfolioError, TableError, did_you_mean, listed
from fourwalls.figures import Period
from fourwalls.measures import order_lines, stage_times
from fourwalls.portfolio import Portfolio
from fourwalls.resampling import LEAST_CLUSTERS
from fourwalls.tables import intake
from fourwalls.tables.schema import TABLES, TableSpec

SECONDS_PER_DAY = 86_400
# Longer than a parcel takes: an event later than this after the last order is a typo, not the end of the record.
LONGEST_TAIL_DAYS = 60
# Reference tables are joined to order lines: a key that stands there twice would multiply them.
REFERENCES = ("products", "nodes", "channels", "parties")
_EVENTS = ("released_at", "handed_over_at", "delivered_at", "cancelled_at")
_MOST_LOOKED_AT = 200_000
MOST_SAMPLED = 1_000_000


class Reception:
    """The tables of a study, checked.

    Args:
        engine: Where they are.
        opened: Table → how it was found.
        portfolio: What portfolio.toml says.
        progress: Called with a line of text when a longer step begins.

    Raises:
        TableError: A reference table names a key twice with different content, or no order line can be used.
        PortfolioError: Our own party, or one with a service level, is not among the parties.
    """

    def __init__(
        self, engine: DuckDBEngine, opened: dict[str, Opened], portfolio: Portfolio, progress: Callable[[str], None]
    ) -> None:
        self._engine, self._opened, self._portfolio, self._progress = engine, opened, portfolio, progress
        self._health: dict[str, TableHealth] = {}
        self.rows: dict[str, ir.Table] = {}
        self._refused: dict[str, list[ir.Table]] = {}
        self._one_currency()
        for name, table in opened.items():
            if name != "order_lines":
                progress(f"checking {name}")
                self.rows[name] = self._received(table)
        self._parties_are_known()

    def _received(self, opened: Opened) -> ir.Table:
        spec = opened.spec
        every = intake.rules(opened.table, spec, opened.present, opened.parsed)
        seen = self._sums(opened.table, spec, opened.present)
        rules = [rule for rule in every if rule.may_be_broken(seen)]
        marked = intake.marked(opened.table, rules)
        rows_in = int(seen["rows"])
        aside = self._aside(marked, spec, rules)
        kept = marked.filter(marked[intake.ASIDE].isnull()).drop(intake.ASIDE, *intake.READING)
        kept, repeated = self._without_repeats(kept, opened)
        aside += repeated
        used = rows_in - sum(a.rows for a in aside)
        self._note(opened, rows_in, used, aside)
        return self._engine.keep(spec.name, kept)

    def _sums(self, table: ir.Table, spec: TableSpec, present: frozenset[str]) -> dict[str, Any]:
        asked = intake.profile(table, spec, present), intake.reversals(table, spec, present)
        return {name: value for sums in asked for name, value in self._engine.run(sums).to_pylist()[0].items()}

    def _count(self, table: ir.Table) -> int:
        return int(self._engine.run(table.aggregate(n=table.count()))["n"][0].as_py())

    def _aside(self, marked: ir.Table, spec: TableSpec, rules: list[intake.Rule]) -> list[SetAside]:
        if not rules:
            return []
        self._refused.setdefault(spec.name, []).append(intake.refused(marked, spec, rules))
        found = self._engine.run(intake.counts_by_reason(marked, spec)).sort_by(intake.ASIDE).to_pylist()
        return [
            SetAside(spec.name, rules[row[intake.ASIDE]].reason, row["rows"], row["example"] or "") for row in found
        ]

    def _without_repeats(self, kept: ir.Table, opened: Opened) -> tuple[ir.Table, list[SetAside]]:
        """One of several equal rows stays; keys with different rows are an error in reference tables, else set aside."""
        spec = opened.spec
        if not spec.key:
            return kept, []
        key = ", ".join(spec.key)
        counted = kept.group_by(*spec.key).agg(copies=kept.count())
        repeated = self._engine.run(counted.filter(counted.copies > 1).order_by(*spec.key).limit(1))
        if repeated.num_rows == 0:
            return kept, []
        distinct = kept.distinct()
        again = distinct.group_by(*spec.key).agg(copies=distinct.count())
        differing = again.filter(again.copies > 1)
        example = self._engine.run(differing.order_by(*spec.key).limit(1))
        copies = SetAside(
            spec.name,
            f"exact copy of a row with the same {key}",
            self._count(kept) - self._count(distinct),
            " / ".join(str(repeated[name][0].as_py()) for name in spec.key),
        )
        if example.num_rows == 0:
            return distinct, [copies]
        shown = " / ".join(str(example[name][0].as_py()) for name in spec.key)
        n = self._count(differing)
        if spec.name in REFERENCES:
            raise TableError(
                f"Table '{spec.name}' ({opened.source}): {n} values of {key} stand more than once with different content, "
                f"first '{shown}'; allowed: one row each, or every order line would count several times.",
                f"Keep one version of each {key} in tables/{spec.name}.sql.",
            )
        # Counted over the rows, not joined: a part of the key may be null, and null joins nothing.
        by_copies = distinct.mutate(copies=distinct.count().over(group_by=list(spec.key)))
        single = by_copies.filter(by_copies.copies == 1).drop("copies")
        clashing = by_copies.filter(by_copies.copies > 1).drop("copies")
        reason = f"same {key} with different content"
        self._refused.setdefault(spec.name, []).append(intake.told(clashing, spec, ibis.literal(reason)))
        conflict = SetAside(spec.name, reason, self._count(clashing), shown)
        return single, [a for a in (copies, conflict) if a.rows]

    def _note(self, opened: Opened, rows_in: int, used: int, aside: list[SetAside]) -> None:
        absent = tuple(name for name in opened.spec.names if name not in opened.present)
        self._health[opened.spec.name] = TableHealth(
            opened.spec.name, opened.source, rows_in, used, tuple(aside), absent
        )

    def _one_currency(self) -> None:
        for name, table in self._opened.items():
            if table.currency not in (None, self._portfolio.currency):
                raise TableError(
                    f"Table '{name}' ({table.source}) is in {table.currency}; allowed: {self._portfolio.currency}, the portfolio's currency.",
                    f"Convert the amounts in tables/{name}.sql, or correct currency in portfolio.toml.",
                )

    def _parties_are_known(self) -> None:
        if "parties" not in self.rows:
            return
        ids = self._engine.run(self.rows["parties"].select("party_id"))["party_id"].to_pylist()
        own = self._portfolio.own_party_id
        named: list[tuple[str, str, int | None]] = [("own_party_id", own, None)]
        named += [("[[service_levels]] party_id", s.party_id, s.line) for s in self._portfolio.service_levels]
        for key, party, line in named:
            if party not in ids:
                raise PortfolioError.at(
                    "portfolio.toml", line,
                    f"{key} '{party}' is not among the parties; found {listed(ids)}.{did_you_mean(party, ids)}",
                    f"Correct {key}, or add the party to tables/parties.",
                )  # fmt: skip

    @cached_property
    def _rows(self) -> tuple[ir.Table, int]:
        """Order lines as the user wrote them that can be used, and how many they are."""
        opened, usable = self._order_lines, self._usable
        aside = list(self._set_aside)
        self._progress("looking for order lines that stand twice")
        key = self._engine.fingerprint(usable.order_id + ibis.literal("\x1f") + usable.line_id)
        keys = self._engine.run(usable.aggregate(rows=key.count(), distinct=key.nunique())).to_pylist()[0]
        if keys["distinct"] < keys["rows"]:
            usable, repeated = self._without_repeats(usable, opened)
            usable = self._engine.keep("unrepeated_order_lines", usable)
            aside += repeated
        else:
            usable = self._engine.view("usable_order_lines", usable)
        used = int(self._profile["rows"]) - sum(a.rows for a in aside)
        if used == 0:
            raise self._none_left(aside)
        self._note(opened, int(self._profile["rows"]), used, aside)
        return usable, used

    def _none_left(self, aside: list[SetAside]) -> TableError:
        reasons = "; ".join(f"{a.rows} because {a.reason}" for a in aside)
        return TableError(
            f"Table 'order_lines' ({self._order_lines.source}): no line can be used: {reasons}.",
            "Mend the mapping or the period.",
        )

    @cached_property
    def lines(self) -> ir.Table:
        """Judged order lines, one row each, see `judged_lines`.

        Raises:
            TableError: There is no table of order lines, or every line was set aside.
        """
        rows, total = self._rows
        if total <= MOST_SAMPLED:
            return self._fetched.drop("is_sampled")
        return self._engine.view("judged_lines", self._judged(rows))

    def present(self, table: str) -> frozenset[str]:
        """Canonical columns that a table has; none if there is no such table."""
        return self._opened[table].present if table in self._opened else frozenset()

    @cached_property
    def referenced_lines(self) -> ir.Table | None:
        """Order lines that can be used, with brand, category, node and channel beside them; None without order lines."""
        if "order_lines" not in self._opened:
            return None
        rows = self.rows
        found = order_lines.with_references(
            self._rows[0], rows.get("products"), rows.get("nodes"), rows.get("channels")
        )
        return self._engine.view("referenced_lines", found)

    @cached_property
    def _fetched(self) -> ir.Table:
        """Judged lines of the sample, and every missed line: read once, for both are wanted in full."""
        rows, total = self._rows
        every = -(-total // MOST_SAMPLED)
        if every <= 1:
            return self._engine.keep("fetched_lines", self._judged(rows).mutate(is_sampled=True))
        is_sampled = self._engine.fingerprint(rows.order_id).abs() % every == 0
        missed = rows.delivered_at.isnull() | (rows.delivered_at > rows.promised_at)
        judged = self._judged(rows.filter(is_sampled | missed))
        return self._engine.keep("fetched_lines", judged.mutate(is_sampled=judged.order_key.abs() % every == 0))

    @property
    def sample(self) -> ir.Table:
        """Judged order lines of whole orders: all of them up to a million, else as many, chosen by their id.

        Standards, quantiles and shares of orders rest on tens of millions of lines no more firmly than on one.
        """
        return self._fetched.filter(self._fetched.is_sampled)

    @property
    def untimely(self) -> ir.Table:
        """Late, overdue and cancelled lines, see `untimely_lines`, in one order whatever the engine's threads did.

        What is drawn from them by number is the same in every run.
        """
        return stage_times.untimely_lines(self._fetched).order_by("order_key", "line_key")

    @property
    def _order_lines(self) -> Opened:
        if "order_lines" not in self._opened:
            raise TableError(
                f"There is no table 'order_lines'; found {listed(self._opened)}.",
                "Add tables/order_lines.csv, .parquet or .sql: the diagnosis begins with it.",
            )
        return self._opened["order_lines"]

    @cached_property
    def _profile(self) -> dict[str, Any]:
        self._progress("checking order_lines")
        opened = self._order_lines
        return self._sums(opened.table, opened.spec, opened.present)

    @cached_property
    def _rules(self) -> list[intake.Rule]:
        """The rules that some row may break."""
        opened = self._order_lines
        every = intake.rules(opened.table, opened.spec, opened.present, opened.parsed, self._portfolio.period)
        return [rule for rule in every if rule.may_be_broken(self._profile)]

    @cached_property
    def _marked(self) -> ir.Table:
        return intake.marked(self._order_lines.table, self._rules)

    @cached_property
    def _set_aside(self) -> list[SetAside]:
        return self._aside(self._marked, self._order_lines.spec, self._rules)

    @property
    def _usable(self) -> ir.Table:
        """Order lines that keep every rule."""
        if not self._set_aside:
            return self._order_lines.table.drop(*intake.READING)
        marked = self._marked
        return marked.filter(marked[intake.ASIDE].isnull()).drop(intake.ASIDE, *intake.READING)

    @cached_property
    def _extent(self) -> tuple[datetime, datetime, datetime]:
        """First order, last order, and the end of the record."""
        seen = self._profile
        if self._set_aside:
            usable = self._usable
            seen = self._sums(usable, self._order_lines.spec, self._order_lines.present)
        first, last = seen["ordered_at_low"], seen["ordered_at_high"]
        events = [seen.get(f"{name}_high") for name in _EVENTS]
        latest = max([last, *(e for e in events if e is not None)])
        return first, last, min(latest, last + timedelta(days=LONGEST_TAIL_DAYS))

    @cached_property
    def observed_until(self) -> int:
        """When the record ends [s since 1970]."""
        return int(self._extent[2].replace(tzinfo=UTC).timestamp()) + 1

    @cached_property
    def span_seconds(self) -> int:
        """Length of the spans of time: a week, in short records a day."""
        days = (self._extent[1] - self._extent[0]).days + 1
        return order_lines.SECONDS_PER_WEEK if days >= 7 * LEAST_CLUSTERS else SECONDS_PER_DAY

    @cached_property
    def period(self) -> Period:
        """Days looked at: those of the portfolio, or all in the record."""
        if self._portfolio.period is not None:
            return self._portfolio.period
        return Period(self._extent[0].date(), self._extent[1].date() + timedelta(days=1))

    def _judged(self, rows: ir.Table) -> ir.Table:
        if "released_at" not in self._order_lines.present:
            # Nobody recorded a release: its time counts as fulfilment, and a note on the page says so.
            rows = rows.mutate(released_at=rows.ordered_at)
        judged = order_lines.judged_lines(
            rows,
            self.rows.get("products"),
            self.rows.get("nodes"),
            self.rows.get("channels"),
            self._portfolio.grain,
            self.observed_until,
            self._engine.fingerprint,
            self.span_seconds,
        )
        if self._profile.get("delivered_at_high") is None:
            # Nobody recorded a delivery: what is not on record is not overdue, and nothing is known of any promise.
            is_cancelled = judged.outcome == "cancelled"
            judged = judged.mutate(outcome=ibis.cases((is_cancelled, "cancelled"), else_="no promise"))
        if "stock_days" in self.rows and {"sku_id", "node_id"} <= self._order_lines.present:
            judged = order_lines.without_waits_for_goods(judged, self.rows["stock_days"])
        return judged

    def set_aside(self) -> dict[str, pa.Table]:
        """Rows set aside, table by table, with `set_aside_reason`; exact copies, which add nothing, are only counted."""
        if "order_lines" in self._opened:
            _ = self._rows
        return {
            name: _lists_as_text(pa.concat_tables([self._engine.run(part) for part in parts]))
            for name, parts in self._refused.items()
        }

    @cached_property
    def health(self) -> Health:
        """All that a careful reader would want to know about the tables."""
        found: tuple[Suspicion, ...] = ()
        coverage: tuple[tuple[str, int], ...] = ()
        if "order_lines" in self._opened:
            rows = self._rows[0]
            self._progress("looking for what is suspicious")
            sample = self._engine.run(suspicions.looked_at(self.sample.limit(_MOST_LOOKED_AT)))
            named = self._engine.run(self.rows["parties"].select("party_id")) if "parties" in self.rows else None
            party_ids = frozenset(named["party_id"].to_pylist()) if named is not None else None
            found = suspicions.suspicions(
                sample,
                self._order_lines.present,
                self._portfolio,
                party_ids,
                tuple(self._health["order_lines"].set_aside),
                self._backwards,
                self._rows[1],
            )
            coverage = self._coverage(rows)
        found += tuple(suspicions.strange_ids(self._strangers())) + self._other_days()
        order = {name: i for i, name in enumerate(TABLES)}
        return Health(
            tuple(sorted(self._health.values(), key=lambda t: order[t.table])),
            tuple(name for name in TABLES if name not in self._opened),
            tuple(sorted(found, key=lambda s: -s.rows)),
            coverage,
            self._notes(),
        )

    def _strangers(self) -> Iterator[suspicions.Strangers]:
        """Ids on order lines and shelves that the tables they refer to do not hold."""
        held_by = {"sku_id": "products", "node_id": "nodes", "channel_id": "channels"}
        for where in ("order_lines", "stock_days"):
            for column, table in held_by.items():
                if table not in self.rows or column not in self.present(where):
                    continue
                every = self.sample.limit(_MOST_LOOKED_AT) if where == "order_lines" else self.rows[where]
                ids, held = every.filter(every[column].notnull()), self.rows[table].select(column)
                unheld = ids.anti_join(held, column)
                [strange] = self._engine.run(unheld.aggregate(n=unheld.count(), first=unheld[column].min())).to_pylist()
                if strange["n"]:
                    known = self._engine.run(held.aggregate(first=held[column].min()))["first"][0].as_py()
                    yield suspicions.Strangers(
                        where, column, table, strange["n"], self._count(ids), strange["first"], known
                    )

    def _other_days(self) -> tuple[Suspicion, ...]:
        if not {"order_lines", "stock_days"} <= self._opened.keys():
            return ()
        day = self.rows["stock_days"].day
        [ends] = self._engine.run(self.rows["stock_days"].aggregate(first=day.min(), last=day.max())).to_pylist()
        if ends["first"] is None:
            return ()
        ordered = self._extent[0].date(), self._extent[1].date()
        return tuple(suspicions.other_days((ends["first"], ends["last"]), ordered))

    @property
    def _backwards(self) -> pa.Table | None:
        """Both times of order lines that were set aside because the later came first."""
        table, opened = self._order_lines.table, self._order_lines
        pairs = [
            table.filter(table[later] < table[earlier]).select(
                earlier_s=order_lines.seconds(table[earlier]), later_s=order_lines.seconds(table[later])
            )
            for earlier, later in opened.spec.never_before
            if {earlier, later} <= opened.present and self._profile[f"{later}_first"]
        ]
        return self._engine.run(ibis.union(*pairs).limit(_MOST_LOOKED_AT)) if pairs else None

    def _coverage(self, rows: ir.Table) -> tuple[tuple[str, int], ...]:
        """Order lines by month, months without any included."""
        table = self._engine.run(rows.group_by(day=rows.ordered_at.date()).agg(lines=rows.count()))
        months: dict[str, int] = {}
        month, last = self.period.start.replace(day=1), self.period.end - timedelta(days=1)
        while month <= last:
            months[month.isoformat()] = 0
            month = (month.replace(day=28) + timedelta(days=4)).replace(day=1)
        for day, n in zip(table["day"].to_pylist(), table["lines"].to_pylist(), strict=True):
            key = day.replace(day=1).isoformat()
            months[key] = months.get(key, 0) + n
        return tuple(sorted(months.items()))

    def _notes(self) -> tuple[str, ...]:
        notes = [note for table in self._opened.values() for note in table.notes]
        zone = self._portfolio.time_zone
        clock = f"{zone} (portfolio.toml)" if zone else "UTC; set [portfolio] time_zone if they are local"
        notes.append(f"Timestamps without a zone were read as {clock}.")
        if "order_lines" in self._opened and "released_at" not in self._order_lines.present:
            notes.append("order_lines.released_at is not in the record: time for release counts as fulfilment.")
        for name, table in self._opened.items():
            if table.ignored:
                notes.append(f"{name}: columns that are not canonical were ignored: {listed(table.ignored)}.")
        unused = [t for t in self._portfolio.targets if t not in USED_TARGETS]
        if unused:
            notes.append(f"Targets that no measure of this version uses: {listed(unused)}.")
        return tuple(notes)

    def with_ids(self, picked: pa.Table) -> pa.Table:
        """Rows picked from `untimely_lines`, in their order, with the user's own ids and times in place of hashes."""
        ranked = picked.append_column("rank", pa.array(np.arange(picked.num_rows)))
        shares = [name for name in picked.column_names if name.endswith(("_share", "_wall", "standard"))]
        chosen = self._engine.load("picked", ranked.select(["order_key", "line_key", "rank", "outcome", *shares]))
        usable = self._usable
        rows = usable.mutate(
            order_key=self._engine.fingerprint(usable.order_id), line_key=self._engine.fingerprint(usable.line_id)
        )
        joined = chosen.inner_join(rows.drop("rating_share"), ["order_key", "line_key"])
        names = (
            "order_id", "line_id", "outcome", "ordered_at", "released_at", "handed_over_at", "delivered_at", "promised_at",
            "cancelled_at", "channel_id", "node_id", "fulfiller_id", "carrier_id", "destination",
        )  # fmt: skip
        unique = joined.distinct(on=["rank"], keep="first")
        return self._engine.run(unique.order_by("rank").select(*names, *shares))


def _lists_as_text(rows: pa.Table) -> pa.Table:
    """Rows as a CSV file can hold them."""
    for number, field in enumerate(rows.schema):
        if pa.types.is_list(field.type):
            text = [None if v is None else str(v) for v in rows[number].to_pylist()]
            rows = rows.set_column(number, field.name, pa.array(text, pa.string()))
    return rows


USED_TARGETS = (
    "on_time_share", "release_hours", "fulfilment_hours", "carriage_hours",
    "approval_hours", "decision_hours", "supply_days", "receiving_hours",
)  # fmt: skip
