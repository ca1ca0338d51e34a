"""Data contracts with partners, one per feed, in the Open Data Contract Standard 3.1; holes are left open."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fourwalls.worlds.partner_tables import Feed, feeds_of
from fourwalls.worlds.recipe import RecipeError
from fourwalls.worlds.world import World

_ROWS = {
    "orders": (("order_id", "string"), ("line_id", "string"), ("ordered_at", "timestamp"), ("sku_id", "string")),
    "stock": (("sku_id", "string"), ("node_id", "string"), ("on_hand_units", "number")),
    "dispatch": (("order_id", "string"), ("line_id", "string"), ("handed_over_at", "timestamp")),
    "tracking": (("order_id", "string"), ("delivered_at", "timestamp")),
}


def holes(world: World) -> dict[str, frozenset[str]]:
    """What the contracts of each party lack, where they lack something.

    Raises:
        RecipeError: If a hole names a party that sends no feed.
    """
    senders = {world.retailer.parties[f.party].party_id for f in feeds_of(world)}
    lacking = {hole.party_id: frozenset(hole.lacks) for hole in world.recipe.holes}
    for party_id in lacking:
        if party_id not in senders:
            raise RecipeError(
                f"Recipe '{world.recipe.name}', holes: '{party_id}' has no contract.", f"Partners: {sorted(senders)}."
            )
    return lacking


def write(world: World, folder: Path) -> None:
    """Write one contract per feed."""
    known, lacking = feeds_of(world), holes(world)
    parties = world.retailer.parties
    folder.mkdir()
    for feed in known:
        sender = parties[feed.party]
        contract = _contract(feed, sender.party_id, sender.name, lacking.get(sender.party_id, frozenset()))
        text = "\n".join(_yaml(contract)) + "\n"
        (folder / f"{feed.feed_id}.odcs.yaml").write_text(text, encoding="utf-8")


def _contract(feed: Feed, party_id: str, name: str, lacks: frozenset[str]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": feed.feed_id,
        "name": f"{feed.kind.capitalize()} of {name}",
        "version": "1.0.0",
        "status": "active",
        "dataProduct": feed.feed_id,
        "description": {"purpose": f"Daily {feed.kind} from {feed.from_system} to {feed.to_system}."},
        "schema": [_schema(feed, with_quality="quality" not in lacks)],
    }
    if "owner" not in lacks:
        member = {"username": f"{feed.kind}.owner@{party_id}.example", "role": "Owner"}
        said["team"] = {"name": f"{name} data", "members": [member]}
        said["roles"] = [{"role": f"{feed.feed_id}-reader", "access": "read"}]
    if "escalation" not in lacks:
        said["support"] = [
            {"channel": f"{feed.feed_id}-incidents", "tool": "ticket", "scope": "issues"},
            {"channel": f"{party_id} duty manager", "tool": "other", "scope": "interactive"},
        ]
    if "service_level" not in lacks:
        said["slaProperties"] = [
            {"property": "frequency", "value": 1, "unit": "d"},
            {"property": "latency", "value": 2, "unit": "h"},
            {"property": "timeOfAvailability", "value": "06:00+00:00"},
        ]
    agreed = {"party_id": party_id}
    clauses = {
        "fallback": "Last good delivery is used; orders are sent by hand after 24 hours.",
        "exit": "Ninety days' notice; data handed back within ten days.",
        "credit": "Ratings and repeat custom are credited to the party that delivered.",
    }
    agreed |= {word: clause for word, clause in clauses.items() if word not in lacks}
    said["customProperties"] = [{"property": word, "value": value} for word, value in agreed.items()]
    return said


def _schema(feed: Feed, *, with_quality: bool) -> dict[str, Any]:
    rows: dict[str, Any] = {
        "name": feed.kind,
        "logicalType": "object",
        "properties": [{"name": column, "logicalType": kind, "required": True} for column, kind in _ROWS[feed.kind]],
    }
    if with_quality:
        rows["quality"] = [
            {"id": f"{feed.kind}-not-empty", "type": "library", "metric": "rowCount", "mustBeGreaterThan": 0}
        ]
    return rows


def _yaml(value: dict[str, Any] | list[dict[str, Any]], indent: int = 0) -> list[str]:
    """Maps, lists and scalars as YAML lines; scalars in JSON form, which YAML reads alike."""
    pad = "  " * indent
    lines = []
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, dict | list):
                lines += [f"{pad}{key}:", *_yaml(inner, indent + 1)]
            else:
                lines.append(f"{pad}{key}: {json.dumps(inner, ensure_ascii=False)}")
        return lines
    for inner in value:
        first, *rest = _yaml(inner, indent + 1)
        lines += [f"{pad}- {first.strip()}", *rest]
    return lines
