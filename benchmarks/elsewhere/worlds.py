"""The worlds that are judged: which company, which defects, which bad luck that no path cures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.elsewhere.companies import company
from benchmarks.elsewhere.company import Company
from benchmarks.elsewhere.defects import Defect
from benchmarks.elsewhere.living import Life
from benchmarks.elsewhere.truth import Known, known
from benchmarks.elsewhere.writing import write

LINES = {"depots": 28_000, "webshop": 30_000, "stall": 11_000}


@dataclass(frozen=True, slots=True)
class World:
    """One world.

    Attributes:
        name: Unique; template, number and what is wrong.
        template, grain, seed: Of the company.
        defects: What is wrong.
        level: low, medium, high, mixed or none.
        bad_luck: What befalls the company and can be blamed on nobody.
        no_contract: Take the contract of the first partner at fault away.
    """

    name: str
    template: str
    grain: int
    seed: int
    defects: tuple[Defect, ...]
    level: str
    bad_luck: str = ""
    no_contract: bool = False

    def company(self) -> Company:
        """Its company."""
        c = company(self.template, self.seed, self.grain, LINES[self.template])
        if self.bad_luck:
            BAD_LUCK[self.bad_luck](c)
        if self.no_contract:
            for d in self.defects:
                c.contracts[d.party(c)] = False
        return c

    def known(self) -> Known:
        """Live once as it is and once for each repair."""
        return known(self.company(), list(self.defects))

    def write(self, life: Life, folder: Path) -> None:
        """Write its folder."""
        write(life, folder)


def _strike(c: Company) -> None:
    middle = (c.warm + c.days) // 2
    c.strikes.append((c.carrier[0], middle, middle + 6))


def _promotion(c: Company) -> None:
    middle = (c.warm + c.days) // 2
    c.seasons[0, middle : middle + 9] *= 2.8


def _collapse(c: Company) -> None:
    c.seasons[0, (c.warm + c.days) * 2 // 3 :] *= 0.45


def _price_war(c: Company) -> None:
    c.price_war = ((c.warm + c.days) * 2 // 3, 0.05, [0])


BAD_LUCK: dict[str, Callable[[Company], None]] = {
    "strike": _strike,
    "promotion": _promotion,
    "collapse": _collapse,
    "price war": _price_war,
}

_D = Defect
_Plan = tuple[str, int, tuple[Defect, ...], str]
"""Template, grain, defects, bad luck."""

PLAN: tuple[_Plan, ...] = (
    ("depots", 0, (), ""),
    ("depots", 1, (), "promotion"),
    ("depots", 0, (_D("late supplier", "high", brand=1),), ""),
    ("depots", 1, (_D("late supplier", "medium", category=2),), ""),
    ("depots", 0, (_D("slow picking", "high", node=1),), ""),
    ("depots", 2, (_D("late carrier", "high", carrier=1),), ""),
    ("depots", 1, (_D("slow buyer", "medium", category=0),), ""),
    ("depots", 0, (_D("forecast too low", "medium", category=1),), ""),
    ("depots", 0, (_D("slow dock", "medium", node=2, category=0),), ""),
    ("depots", 2, (_D("own waste", "high", category=2, channel=1),), ""),
    ("depots", 0, (_D("stranded stock", "medium", node=1, category=2),), ""),
    ("depots", 0, (_D("slow buyer", "high", category=0), _D("short supplier", "high", category=1)), ""),
    ("depots", 0, (_D("slow picking", "high", node=2), _D("late supplier", "medium", category=0)), "strike"),
    ("webshop", 0, (), ""),
    ("webshop", 2, (), "strike"),
    ("webshop", 0, (_D("slow partner", "high", node=1),), ""),
    ("webshop", 3, (_D("late carrier", "high", carrier=0, destination=2),), ""),
    ("webshop", 2, (_D("slow release", "high", channel=0),), ""),
    ("webshop", 0, (_D("late order feed", "high", channel=1),), ""),
    ("webshop", 1, (_D("late supplier", "high", brand=2),), ""),
    ("webshop", 1, (_D("forecast too low", "high", brand=4),), "collapse"),
    ("webshop", 0, (_D("forecast too high", "high", category=1),), ""),
    ("webshop", 0, (_D("listing off", "high", channel=2, category=0),), ""),
    ("webshop", 0, (_D("weak content", "medium", channel=0, category=2),), ""),
    ("webshop", 0, (_D("dear", "high", channel=0, category=1),), "price war"),
    ("webshop", 2, (_D("chargebacks", "high", channel=1),), ""),
    ("webshop", 0, (_D("status work", "medium", channel=2),), ""),
    ("webshop", 0, (_D("status work", "medium", channel=0),), ""),
    ("webshop", 2, (_D("garbled feed", "medium", channel=1),), ""),
    ("webshop", 0, (_D("phantom stock", "high", node=0, category=0),), ""),
    ("webshop", 0, (_D("slow buyer", "high", category=1), _D("slow partner", "high", node=1)), ""),
    ("webshop", 1, (_D("forecast too low", "high", brand=0), _D("late supplier", "high", brand=3), _D("chargebacks", "high", channel=2)), ""),
    ("stall", 0, (), ""),
    ("stall", 2, (), "collapse"),
    ("stall", 0, (_D("slow buyer", "high", category=0),), ""),
    ("stall", 1, (_D("late supplier", "high", brand=1),), ""),
    ("stall", 2, (_D("late carrier", "high", carrier=0),), ""),
    ("stall", 0, (_D("slow picking", "high", node=0, category=1),), ""),
    ("stall", 3, (_D("tight promise", "high", channel=0),), ""),
    ("stall", 0, (_D("late supplier", "medium", brand=2), _D("slow picking", "medium", node=0, category=0)), ""),
)  # fmt: skip
_UNSIGNED = (
    ("webshop", 0, (_D("slow partner", "high", node=1),), ""),
    ("webshop", 2, (_D("chargebacks", "high", channel=2),), ""),
)

MORE: tuple[_Plan, ...] = (
    ("depots", 0, (_D("slow release", "high", channel=0),), ""),
    ("depots", 0, (_D("forecast too high", "high", category=0),), ""),
    ("depots", 1, (_D("noisy forecast", "high", category=1),), ""),
    ("depots", 0, (_D("phantom stock", "high", node=1, category=0),), ""),
    ("depots", 0, (_D("late supplier", "low", brand=0),), ""),
    ("webshop", 0, (_D("slow dock", "high", node=1, category=0),), ""),
    ("webshop", 0, (_D("stranded stock", "high", node=1, category=1),), ""),
    ("webshop", 2, (_D("overselling", "high", channel=2), _D("forecast too low", "high", category=0)), "promotion"),
    ("webshop", 1, (_D("short supplier", "high", brand=1),), ""),
    ("webshop", 0, (_D("noisy forecast", "high", category=2),), ""),
    ("webshop", 0, (_D("own waste", "high", channel=0),), ""),
    ("webshop", 3, (_D("late carrier", "medium", carrier=2),), ""),
    ("webshop", 0, (_D("status work", "low", channel=1),), ""),
    ("webshop", 1, (_D("late supplier", "low", brand=5),), ""),
    ("webshop", 0, (_D("slow picking", "medium", node=0, category=1),), ""),
    ("stall", 3, (_D("late order feed", "high", channel=1),), ""),
    ("stall", 1, (_D("forecast too low", "high", brand=2),), ""),
    ("stall", 1, (), "strike"),
)  # fmt: skip


def worlds(first_seed: int, n: int | None = None) -> list[World]:
    """All worlds, or some of them spread over all."""
    out = []
    for number, (template, grain, defects, luck) in enumerate((*PLAN, *_UNSIGNED, *MORE)):
        told = "+".join(d.kind.replace(" ", "_") for d in defects) or "sound"
        levels = {d.level for d in defects}
        level = "none" if not levels else levels.pop() if len(levels) == 1 else "mixed"
        name = f"{template}-{number:02d}-{told}" + (f"-{luck.replace(' ', '_')}" if luck else "")
        unsigned = len(PLAN) <= number < len(PLAN) + len(_UNSIGNED)
        out.append(
            World(
                name + ("-unsigned" if unsigned else ""),
                template,
                grain,
                first_seed + number,
                defects,
                level,
                luck,
                unsigned,
            )
        )
    if n is None or n >= len(out):
        return out
    return [out[round(i * (len(out) - 1) / max(n - 1, 1))] for i in range(n)]
