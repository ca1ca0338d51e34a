"""Case work, labour and leakage as canonical tables."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from fourwalls.worlds import casework, economics, sums, waste
from fourwalls.worlds.clocks import Clock
from fourwalls.worlds.defects import AS_RECORDED
from fourwalls.worlds.draws import Columns, Floats, Ints
from fourwalls.worlds.living import Block
from fourwalls.worlds.parquet import dates, numbered, times, words
from fourwalls.worlds.retailer import OWN
from fourwalls.worlds.world import World

Table = dict[str, pa.Array]

_SYSTEMS = ("erp", "partner portal", "service desk")
_CASE_KINDS = (*casework.CASE_KINDS, "approval", "report", "exception: day full")
_ACTIVITIES = (
    *casework.STEP_NAMES,
    "ask for approval",
    "approve",
    "collect figures",
    "send report",
    "close for the day",
)


def _asset_columns(world: World, category: Ints, brand: Ints, channel: Ints, destination: Ints) -> Table:
    """Asset columns of bookings and events; -1 is null."""
    r = world.retailer

    def named(names: tuple[str, ...], codes: Ints) -> pa.Array:
        return words((*names, ""), codes % (len(names) + 1))

    return {
        "brand": named(r.brands, brand),
        "category": named(r.categories, category),
        "channel_id": named(tuple(c.channel_id for c in r.channels), channel),
        "region": named(r.destinations, destination),
    }


def work_log(world: World, block: Block, cases_before: int) -> tuple[Table, int]:
    """Rows of `work_log` and the number of cases so far: exceptions, status updates, approvals, weekly reports."""
    lines = block.lines
    found = casework.cases(world.retailer, world.trouble(AS_RECORDED), lines)
    events = casework.events(found, lines, world.days.end_hour, cases_before)
    row = events.pop("row")
    events.pop("ordinal")
    for name in ("category", "brand", "channel_id", "destination"):
        events[name] = lines[name][row]
    n_cases = cases_before + len(found["row"])
    office, n_cases = _office_work(world, block, n_cases)
    closings = _closings(block, n_cases)
    n_cases += len(closings["case"])
    together = {name: np.concatenate([events[name], office[name], closings[name]]) for name in office}
    happens = (together["at"] >= world.days.warm_up * 24.0) & (together["at"] < world.days.end_hour)
    e = {name: values[happens] for name, values in together.items()}
    is_copying = e["kind"] == casework.STATUS
    system = np.where(e["party"] == OWN, np.where(is_copying, 2, 0), 1)
    parties = tuple(p.party_id for p in world.retailer.parties)
    team = pa.array([f"{p}-{k}" for p in parties for k in range(4)]).take(pa.array(e["party"] * 4 + e["case"] % 4))
    table = {
        "case_id": numbered("k", e["case"]),
        "case_kind": words(_CASE_KINDS, e["kind"]),
        "activity": words(_ACTIVITIES, e["step"]),
        "at": times(world.days, e["at"]),
        "actor_id": team,
        "actor_kind": pa.array(np.full(len(e["at"]), "person")),
        "system_id": words(_SYSTEMS, system),
        "party_id": words(parties, e["party"]),
        "effort_hours": pa.array(np.round(e["hours"], 4)),
        "closed": pa.array(e["closed"]),
        **_asset_columns(world, e["category"], e["brand"], e["channel_id"], e["destination"]),
    }
    return table, n_cases


def _office_work(world: World, block: Block, cases_before: int) -> tuple[Columns, int]:
    """Approvals of buys, one case per supplier and review, and a report each Monday."""
    rows: list[tuple[int, int, int, float, int, float, bool]] = []
    case = cases_before
    buyers = world.retailer.party_of("buyer")
    for orders in block.sales.supply_orders:
        if orders["supplier"][0] < 0:
            continue
        buyer, kind = int(buyers[orders["supplier"][0]]), len(casework.CASE_KINDS)
        asked, signed = float(orders["signalled"][0]), float(orders["decided"].max())
        rows += [
            (case, kind, _ACTIVITIES.index("ask for approval"), asked, OWN, 0.2, False),
            (case, kind, _ACTIVITIES.index("approve"), signed, buyer, 0.4, True),
        ]
        case += 1
    for day in range(block.first, block.last):
        if world.days.weekday[day] == 0:
            kind = len(casework.CASE_KINDS) + 1
            rows += [
                (case, kind, _ACTIVITIES.index("collect figures"), day * 24.0 + 8.0, OWN, 3.0, False),
                (case, kind, _ACTIVITIES.index("send report"), day * 24.0 + 15.0, OWN, 0.5, True),
            ]
            case += 1
    whole = np.array(rows, dtype=np.float64).reshape(-1, 7)
    names = ("case", "kind", "step", "at", "party", "hours", "closed")
    made: Columns = {name: whole[:, k] for k, name in enumerate(names)}
    for name in ("case", "kind", "step", "party"):
        made[name] = made[name].astype(np.int64)
    made["closed"] = made["closed"].astype(np.bool_)
    for name in ("category", "brand", "channel_id", "destination"):
        made[name] = np.full(len(whole), -1)
    return made, case


def _closings(block: Block, cases_before: int) -> Columns:
    """One case for each day on which a section of our own could pack no more, and somebody closed it."""
    day, _, category = np.nonzero(block.sales.closes < 24.0)
    n = len(day)
    return {
        "case": cases_before + np.arange(n),
        "kind": np.full(n, _CASE_KINDS.index("exception: day full")),
        "step": np.full(n, _ACTIVITIES.index("close for the day")),
        "at": (block.first + day) * 24.0 + block.sales.closes[block.sales.closes < 24.0],
        "party": np.full(n, OWN),
        "hours": np.full(n, 0.1),
        "closed": np.ones(n, dtype=np.bool_),
        "category": category,
        **{name: np.full(n, -1) for name in ("brand", "channel_id", "destination")},
    }


def leakage(world: World, block: Block) -> Table:
    """Rows of `leakage`: what lines lost on their way, and what stock lost on the shelf."""
    lines = block.lines
    trouble = world.trouble(AS_RECORDED)
    kept = np.where(lines["is_cancelled"], 0, lines["stocked"])
    value = sums.price(world, trouble, lines) * kept
    parts: list[Columns] = []
    booked = np.where(np.isnan(lines["delivered"]), lines["packed"], lines["delivered"])
    for cause, amount, party in waste.bookings(world.retailer, trouble, lines, value):
        row = np.flatnonzero((amount > 0.0) & (booked < world.days.end_hour))
        some = {name: lines[name][row] for name in ("category", "brand", "channel_id", "destination")}
        some |= {"day": (booked[row] / 24).astype(np.int64), "cause": np.full(len(row), cause)}
        parts.append(some | {"amount": amount[row], "party": party[row]})
    for b in block.sales.bookings:
        place, none = b["place"], np.full(len(b["place"]), -1)
        node_party = world.retailer.party_of("node_id")[world.places.node[place]]
        some = {"category": world.places.category[place], "brand": world.places.brand[place]}
        some |= {"channel_id": none, "destination": none, "day": b["day"], "amount": b["amount"]}
        some["cause"] = np.where(b["is_shrink"], len(waste.CAUSES), len(waste.CAUSES) + 1)
        parts.append(some | {"party": np.where(b["is_shrink"], node_party, OWN)})
    all_rows = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
    return {
        "day": dates(world.days, all_rows["day"]),
        "cause": words((*waste.CAUSES, "shrink", "markdown"), all_rows["cause"]),
        "amount": pa.array(np.round(all_rows["amount"], 2)),
        "party_id": words(tuple(p.party_id for p in world.retailer.parties), all_rows["party"]),
        **_asset_columns(
            world, all_rows["category"], all_rows["brand"], all_rows["channel_id"], all_rows["destination"]
        ),
    }


class LabourBook:
    """Hours paid and units handled, by node and day, gathered over the blocks of a world.

    Args:
        world: The world.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        shape = (len(world.retailer.nodes), world.days.days)
        self._picked = np.zeros(shape)
        self._received = np.zeros(shape)
        self._hours: Floats = np.zeros(shape)

    def add(self, block: Block) -> None:
        """Take in a block."""
        lines, days = block.lines, self._world.days.days
        day = np.floor(lines["packed"] / 24).astype(np.int64)
        seen = day < days
        np.add.at(self._picked, (lines["node_id"][seen], day[seen]), lines["stocked"][seen])
        rows = block.sales.stock_days
        if rows:
            np.add.at(self._received, (self._world.places.node[rows["place"]], rows["day"]), rows["received"])
        if not self._hours.any():
            self._hours = self._paid(block.clocks)

    def _paid(self, clocks: list[Clock | None]) -> Floats:
        midnight = np.arange(self._world.days.days + 1, dtype=np.float64) * 24.0
        paid = np.zeros_like(self._picked)
        n_cat = len(self._world.retailer.categories)
        for code, clock in enumerate(clocks):
            if clock is not None:
                paid[code // n_cat] += np.diff(clock.read(midnight)) / 60.0
        return paid

    def table(self) -> Table:
        """Rows of `labour` of the recorded period, closed days left out."""
        world = self._world
        parts: list[tuple[str, NDArray[np.float64], NDArray[np.float64]]] = [
            ("picking", self._hours, self._picked),
            ("receiving", 0.02 * self._received, self._received),
        ]
        node, function, day, hours, units = [], [], [], [], []
        for name, worked, handled in parts:
            where = np.nonzero(worked[:, world.days.warm_up :] > 0.01)
            at = where[1] + world.days.warm_up
            node.append(where[0])
            day.append(at)
            function += [name] * len(at)
            hours.append(worked[where[0], at])
            units.append(handled[where[0], at])
        paid = np.round(np.concatenate(hours), 2)
        return {
            "node_id": words(tuple(n.node_id for n in world.retailer.nodes), np.concatenate(node)),
            "function": pa.array(function),
            "day": dates(world.days, np.concatenate(day)),
            "hours": pa.array(paid),
            "units": pa.array(np.concatenate(units)),
            "cost_amount": pa.array(np.round(paid * economics.WAGE_AMOUNT_PER_HOUR, 2)),
        }
