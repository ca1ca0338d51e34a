"""The worlds of each new kind."""

from __future__ import annotations

from benchmarks.elsewhere.kinds import seasons, shops, wholesaler
from benchmarks.elsewhere.kinds.frame import Fault, World

_F = Fault
PLANS: dict[str, tuple[tuple[Fault, ...], ...]] = {
    "wholesaler": (
        (),
        (),
        (),
        (),
        (_F("points too low", "high", category=1),),
        (_F("points too low", "medium"),),
        (_F("points too high", "high", category=0),),
        (_F("late supplier", "high", 0),),
        (_F("late supplier", "medium", 2),),
        (_F("short supplier", "high", 1),),
        (_F("slow buyer", "high", category=2),),
        (_F("slow dock", "high", 0, 0),),
        (_F("slow dock", "medium", 1),),
        (_F("phantom stock", "high", 0, 1),),
        (_F("phantom stock", "medium", 1, 2),),
        (_F("stranded stock", "high", category=0),),
        (_F("slow picking", "high", 0),),
        (_F("slow picking", "medium", 1),),
        (_F("late carrier", "high", 1),),
        (_F("late carrier", "medium", 0),),
        (_F("slow credit", "high", 0),),
        (_F("late order feed", "high", 2),),
        (_F("tight promise", "high", 0),),
        (_F("own waste", "high", 0, 2),),
        (_F("chargebacks", "high", 2),),
        (_F("status work", "high", 2),),
        (_F("status work", "medium", 0),),
        (_F("late supplier", "low", 1),),
        (_F("late supplier", "high", 3), _F("slow picking", "high", 0)),
        (_F("points too low", "high", category=0), _F("late carrier", "high", 1)),
        (_F("late supplier", "high", 1), _F("chargebacks", "medium", 2), _F("slow dock", "medium", 0)),
    ),
    "shops": (
        (),
        (),
        (),
        (),
        (_F("forecast too low", "high", category=1),),
        (_F("forecast too low", "medium", category=0),),
        (_F("forecast too high", "high", category=2),),
        (_F("late supplier", "high", 0),),
        (_F("late supplier", "medium", 1),),
        (_F("short supplier", "high", 2),),
        (_F("slow buyer", "high", category=1),),
        (_F("slow back room", "high", 2),),
        (_F("slow back room", "medium", 0, 1),),
        (_F("phantom stock", "high", 1, 0),),
        (_F("phantom stock", "high", 2),),
        (_F("stranded stock", "high", 0, 2),),
        (_F("slow picking", "high", 0),),
        (_F("slow picking", "high", 2),),
        (_F("late carrier", "high"),),
        (_F("late order feed", "high"),),
        (_F("tight promise", "high", 1),),
        (_F("own waste", "high", 0, 1),),
        (_F("chargebacks", "high", 2),),
        (_F("status work", "high", 2),),
        (_F("status work", "high", 1),),
        (_F("phantom stock", "low", 0),),
        (_F("late supplier", "high", 3), _F("phantom stock", "high", 1)),
        (_F("forecast too low", "high", category=0), _F("late carrier", "high")),
        (_F("slow back room", "high", 2), _F("chargebacks", "medium", 2), _F("slow buyer", "high", category=2)),
    ),
    "seasons": (
        (),
        (),
        (),
        (),
        (_F("bought too little", "high", category=0),),
        (_F("bought too much", "high", category=1),),
        (_F("wrong sizes", "high"),),
        (_F("stranded stock", "high", category=2),),
        (_F("late supplier", "high", 0),),
        (_F("late supplier", "medium", 1),),
        (_F("slow dock", "high", 0, 1),),
        (_F("slow dock", "high", 1),),
        (_F("phantom stock", "high", 1),),
        (_F("slow picking", "high", 0),),
        (_F("slow picking", "high", 1),),
        (_F("late carrier", "high", 0),),
        (_F("slow release", "high", 0),),
        (_F("late order feed", "high", 1),),
        (_F("tight promise", "high", 0),),
        (_F("slow returns", "high", 0),),
        (_F("slow returns", "high", 1),),
        (_F("own waste", "high", 0, 1),),
        (_F("chargebacks", "high", 2),),
        (_F("status work", "high", 1),),
        (_F("bought too little", "medium", category=1), _F("late carrier", "high", 1)),
        (_F("late supplier", "high", 2), _F("slow picking", "high", 1)),
    ),
}
HOUSES = {"wholesaler": wholesaler.house, "shops": shops.house, "seasons": seasons.house}


def worlds(kind: str, first_seed: int, n: int | None = None) -> list[World]:
    """All worlds of a kind, or some spread over all.

    Args:
        kind: One of HOUSES, or "new" for all.
        first_seed: Of the first world; the others follow.
        n: So many; all by default.
    """
    out = []
    for each in HOUSES if kind == "new" else (kind,):
        for number, faults in enumerate(PLANS[each]):
            told = "+".join(f.kind.replace(" ", "_") for f in faults) or "sound"
            levels = {f.level for f in faults}
            level = "none" if not levels else levels.pop() if len(levels) == 1 else "mixed"
            out.append(World(f"{each}-{number:02d}-{told}", each, first_seed + number, faults, level, HOUSES[each]))
    if n is None or n >= len(out):
        return out
    return [out[round(i * (len(out) - 1) / max(n - 1, 1))] for i in range(n)]
