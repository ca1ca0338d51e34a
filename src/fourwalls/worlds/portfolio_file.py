"""Write portfolio.toml: what the company knows about itself, never what is wrong with it."""

from __future__ import annotations

import json

from fourwalls.worlds import economics
from fourwalls.worlds.retailer import OWN
from fourwalls.worlds.world import World


def portfolio_toml(world: World, asset_revenue: float) -> str:
    """The text of portfolio.toml.

    Args:
        world: The world.
        asset_revenue: Mean revenue of an asset a year, which costs of a path are scaled to.
    """
    r = world.recipe
    lines = [
        "[portfolio]",
        f"name = {_text(r.title)}",
        'currency = "EUR"',
        f"own_party_id = {_text(world.retailer.parties[OWN].party_id)}",
        f"asset = [{', '.join(_text(a) for a in r.asset)}]",
        f"start = {r.start.isoformat()}",
        f"end = {r.end.isoformat()}",
        "",
    ]
    if "targets" in r.knows:
        lines += ["[targets]", "on_time_share = 0.95"]
        lines += [
            f"{stage}_hours = {round(world.usual_hours[stage, OWN, None])}"
            for stage in ("release", "fulfilment")
            if (stage, OWN, None) in world.usual_hours
        ]
        lines += [""]
    if "service_levels" in r.knows:
        lines += _service_levels(world)
    lines += [
        "[assumptions]",
        f"wage_amount_per_hour = {economics.WAGE_AMOUNT_PER_HOUR}",
        f"carrying_rate_per_year = {economics.CARRYING_RATE_PER_YEAR}",
        f"discount_rate = {economics.DISCOUNT_RATE}",
        f"horizon_years = {economics.HORIZON_YEARS}",
        f"attainable_share = {economics.ATTAINABLE_SHARE}",
        f"ramp_weeks = {economics.RAMP_WEEKS}",
    ]
    if "late_line_cost_share" in r.knows:
        lines += [f"late_line_cost_share = {economics.LATE_COST_SHARE}"]
    for path, costs in economics.path_costs(asset_revenue).items():
        lines += ["", f"[paths.{path}]"]
        for name, (low, mode, high) in costs.items():
            lines += [f"{name} = {{low = {low:.0f}, mode = {mode:.0f}, high = {high:.0f}}}"]
    return "\n".join(lines) + "\n"


def _service_levels(world: World) -> list[str]:
    """What partners have promised: what they kept nine times out of ten last year."""
    retailer = world.retailer
    out = []
    for (stage, party, dest), hours in sorted(world.usual_hours.items(), key=str):
        by_place = stage == "carriage"
        if party != OWN and stage != "release" and (dest is not None) == by_place:
            place = retailer.destinations[dest] if dest is not None else None
            out += _service_level(retailer.parties[party].party_id, stage, round(hours), place)
    return out


def _service_level(party_id: str, stage: str, hours: int, destination: str | None = None) -> list[str]:
    place = [f"destination = {_text(destination)}"] if destination else []
    return [
        "[[service_levels]]",
        f"party_id = {_text(party_id)}",
        f'stage = "{stage}"',
        f"value = {hours}",
        'unit = "hours"',
        *place,
        "",
    ]


def _text(words: str) -> str:
    return json.dumps(words, ensure_ascii=False)
