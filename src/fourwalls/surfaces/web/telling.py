"""Which data would be worth having first, over all assets."""

from __future__ import annotations

from dataclasses import dataclass

from fourwalls.figures import Refusal
from fourwalls.hinges import unknowns_of
from fourwalls.reconsidering import Kept, cases_kept
from fourwalls.surfaces import evidence_words, wording

# Each asset takes a third of a second; those with most to recover come first.
MOST_ASKED = 20


@dataclass(frozen=True, slots=True)
class Telling:
    """A figure nobody knows for sure, over all assets.

    Attributes:
        about, source: Which, and the data that would tell.
        worth: Expected gain from knowing it before choosing, over all assets [portfolio currency].
        told: The same in words.
        assets: Assets whose choice could change, the most first.
    """

    about: str
    source: str
    worth: float
    told: str
    assets: tuple[str, ...]


def telling(kept: Kept) -> tuple[Telling, ...]:
    """Figures by what knowing them would be worth (EVPPI), added up over the assets with most to recover."""
    sums: dict[tuple[str, str], list[tuple[float, str]]] = {}
    places = {a.name: number for number, a in enumerate(kept.told.assets)}
    for name, case in sorted(cases_kept(kept), key=lambda pair: places[pair[0]])[:MOST_ASKED]:
        found = unknowns_of(case, kept.portfolio)
        for u in () if isinstance(found, Refusal) else found:
            if u.value > 0:
                sums.setdefault((u.about, u.source), []).append((u.value, name))
    rows = []
    for (about, source), each in sums.items():
        worth = sum(value for value, _ in each)
        names = tuple(name for _, name in sorted(each, reverse=True))
        rows.append(
            Telling(
                wording.opening(evidence_words.figure_name(about)),
                wording.sentence(source),
                worth,
                evidence_words.money(worth, kept.told.currency),
                names,
            )
        )
    return tuple(sorted(rows, key=lambda r: -r.worth))
