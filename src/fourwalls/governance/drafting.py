"""Contracts drafted from the records, one for each feed that has none: what is known is written, what is not is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import numpy as np
import yaml

from fourwalls.engines.base import Engine
from fourwalls.errors import ContractError, OutputError
from fourwalls.governance import units
from fourwalls.governance.checks import KEPT_SHARE, LEAST_OCCASIONS
from fourwalls.governance.contracts import FOLDER, plain
from fourwalls.governance.questions import QUESTIONS
from fourwalls.governance.records import Feed
from fourwalls.tables.schema import TABLES, Column, TableSpec

_LOGICAL = {"text": "string", "time": "timestamp", "day": "date", "flag": "boolean"}
_HALF_HOUR = 1800


@dataclass(frozen=True, slots=True)
class DraftContract:
    """A drafted contract.

    Attributes:
        file: Name it should have.
        feed_id, party_id: Of which feed, and who sends it.
        text: YAML of the standard, with status draft: it settles nothing before people sign it.
        questions: What the records cannot say.
    """

    file: str
    feed_id: str
    party_id: str | None
    text: str
    questions: tuple[str, ...]


def draft_contracts(
    feeds: Mapping[str, Feed], engine: Engine, rows: Mapping[str, ir.Table], covered: Sequence[str] = ()
) -> tuple[DraftContract, ...]:
    """A skeleton for each feed that no contract covers.

    Args:
        feeds: Deliveries by feed; none to draft from is an error.
        engine, rows: Where the canonical tables are; one whose name begins like the feed's gives the schema.
        covered: Feeds that have a contract.

    Raises:
        ContractError: There is no record of feeds.
    """
    if not feeds:
        raise ContractError(
            "There is no record of feeds to draft contracts from.", "Add tables/feeds: one row for each delivery."
        )
    chosen = [feed for name, feed in feeds.items() if name not in covered]
    names: dict[str, int] = {}
    found = []
    for feed in chosen:
        slug = re.sub(r"[^a-z0-9]+", "-", feed.feed_id.casefold()).strip("-") or "feed"
        names[slug] = names.get(slug, 0) + 1
        file = f"{slug}{f'-{names[slug]}' if names[slug] > 1 else ''}.odcs.yaml"
        found.append(_draft(feed, file, engine, rows))
    return tuple(found)


def write_drafts(folder: Path, drafts: Sequence[DraftContract]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Writes drafts to `folder`/contracts; a file that is there stays as it is.

    Returns:
        Files written, and files that were there.

    Raises:
        OutputError: The place leads out of the folder, or cannot be written.
    """
    place = folder / FOLDER
    written, there = [], []
    try:
        place.mkdir(exist_ok=True)
        if not place.resolve().is_relative_to(folder.resolve()):
            raise OutputError(f"{FOLDER}/ is a link that leads out of the folder.", "Make it a folder.")
        for draft in drafts:
            try:
                with (place / draft.file).open("x", encoding="utf-8") as out:
                    out.write(draft.text)
                written.append(draft.file)
            except FileExistsError:
                there.append(draft.file)
    except OSError as error:
        why = error.strerror or "the system refused"
        raise OutputError(f"{FOLDER}/ cannot be written: {why}.", "Check the place and its permissions.") from None
    return tuple(written), tuple(there)


def _draft(feed: Feed, file: str, engine: Engine, rows: Mapping[str, ir.Table]) -> DraftContract:
    spec = _filled(feed.feed_id, rows)
    sla = _observed(feed)
    said: dict[str, Any] = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": feed.feed_id,
        "name": f"{feed.feed_id} from {feed.systems[0]} to {feed.systems[1]}",
        "version": "0.1.0",
        "status": "draft",
    }
    if spec is not None:
        said["schema"] = [_schema(spec, engine, rows[spec.name])]
    if sla:
        said["slaProperties"] = sla
    if feed.party_id is not None:
        said["customProperties"] = [{"property": "party_id", "value": feed.party_id}]
    asked = [QUESTIONS[q] for q in QUESTIONS if not (q == "quality" and spec) and not (q == "service_level" and sla)]
    if spec is None:
        asked.append("What does it carry? No table's name begins like the feed's, so the schema is left out.")
    if feed.party_id is None:
        asked.append("Which partner sends it? The record does not say: customProperties, party_id.")
    if not sla:
        asked.append(f"Fewer than {LEAST_OCCASIONS} deliveries are on record: too few to suggest figures.")
    head = [
        "Drafted from the records; it binds nobody before status is active.",
        *(["Service levels are what was observed, not what was promised: agree on them."] if sla else []),
        "The records cannot say:",
        *(f"- {question}" for question in asked),
    ]
    comments = "".join(f"# {line}\n" for line in head)
    return DraftContract(file, feed.feed_id, feed.party_id, comments + _dumped(said), tuple(asked))


def _dumped(said: Mapping[str, Any]) -> str:
    return str(yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=120))


def _filled(feed_id: str, rows: Mapping[str, ir.Table]) -> TableSpec | None:
    """The canonical table a feed fills, if just one begins with a word of its name: stock-market → stock_days."""
    said = {_stem(word) for word in re.split(r"[^a-z0-9]+", feed_id.casefold()) if word}
    found = [TABLES[name] for name in rows if _stem(name.split("_")[0]) in said or plain(name) == plain(feed_id)]
    return found[0] if len(found) == 1 else None


def _stem(word: str) -> str:
    return word.removesuffix("s")


def _schema(spec: TableSpec, engine: Engine, table: ir.Table) -> dict[str, Any]:
    """Columns that hold anything, and the rules that the rows keep today."""
    columns = [c for c in spec.columns if c.name in table.columns]
    counts = engine.run(
        table.aggregate(**{c.name: table[c.name].count() for c in columns}, rows_=table.count())
    ).to_pylist()[0]
    present = [c for c in columns if counts[c.name]]
    properties = [_property(c, always=counts[c.name] == counts["rows_"]) for c in present]
    rules: list[dict[str, Any]] = [{"type": "library", "metric": "rowCount", "mustBeGreaterThan": 0}]
    if spec.key and all(counts.get(k) for k in spec.key):
        rules.append(
            {"type": "library", "metric": "duplicateValues", "arguments": {"properties": list(spec.key)}, "mustBe": 0}
        )  # fmt: skip
    return {
        "name": spec.name,
        "logicalType": "object",
        "description": spec.grain,
        "properties": properties,
        "quality": rules,
    }


def _property(column: Column, *, always: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": column.name,
        "logicalType": _LOGICAL.get(column.kind, "number"),
        "description": column.about,
    }
    if column.needed and always:
        found |= {"required": True, "quality": [{"type": "library", "metric": "nullValues", "mustBe": 0}]}
    return found


def _observed(feed: Feed) -> list[dict[str, Any]]:
    """Service levels that the feed kept on 95 % of occasions."""
    came = np.isfinite(feed.arrived)
    if len(feed.expected) < LEAST_OCCASIONS or came.sum() < LEAST_OCCASIONS:
        return []
    told = "observed, not promised"
    step = float(np.median(np.diff(feed.expected)))
    value, unit = _rounded(step)
    found: list[dict[str, Any]] = [{"property": "frequency", "value": value, "unit": unit, "description": told}]
    late = np.sort(np.where(came, feed.arrived - feed.expected, np.inf))
    usual = float(late[int(np.ceil(KEPT_SHARE * len(late))) - 1])
    if np.isfinite(usual):
        hours = max(0.5, float(np.ceil(usual / _HALF_HOUR)) / 2)
        found.append({"property": "latency", "value": hours, "unit": "h", "description": f"{told}: 95 % came within"})
        clock = _clock(feed, hours)
        if clock:
            found.append(
                {
                    "property": "timeOfAvailability",
                    "value": clock,
                    "description": f"{told}: when due, and that latency later",
                }
            )
    found.append(
        {
            "property": "availability",
            "value": min(_share(float(came.mean())), 99.9),
            "unit": "percent",
            "description": f"{told}: arrived at all",
        }
    )
    known = np.isfinite(feed.mismatched_rows) & np.isfinite(feed.arrived_rows)
    if known.any() and feed.arrived_rows[known].sum() > 0:
        rate = float(feed.mismatched_rows[known].sum() / feed.arrived_rows[known].sum())
        percent = float(np.ceil(1000 * rate) / 10)
        found.append(
            {
                "property": "errorRate",
                "value": percent,
                "unit": "percent",
                "description": f"{told}: rows that did not reconcile",
            }
        )
    return found


def _share(value: float) -> float:
    return float(np.floor(1000 * value) / 10)


def _rounded(seconds: float) -> tuple[float | int, str]:
    for unit, length in (("w", 7 * units.DAY_S), ("d", units.DAY_S), ("h", 3600.0)):
        if seconds >= length and abs(seconds / length - round(seconds / length)) < 0.02:
            return round(seconds / length), unit
    return round(seconds / 60), "min"


def _clock(feed: Feed, hours: float) -> str | None:
    """When it is there, where it is due at one time of the day."""
    of_day = np.unique(feed.expected % units.DAY_S)
    if len(of_day) != 1:
        return None
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(of_day[0]) + 3600 * hours)
    return f"{at:%H:%M}+00:00"
