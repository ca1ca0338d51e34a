"""What the pages of a portfolio show, worked out once for each run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup

from fourwalls.diagnosis import AssetDiagnosis, Diagnosis
from fourwalls.figures import Estimate, Refusal
from fourwalls.numbers import acted_on
from fourwalls.reconsidering import swings_kept
from fourwalls.sensitivity import Swing
from fourwalls.surfaces import evidence_words, wording
from fourwalls.surfaces.page import html
from fourwalls.surfaces.page.portfolio_map import Spot, portfolio_map
from fourwalls.surfaces.web import whatif
from fourwalls.surfaces.web.folders import Served

MOST_ON_MAP = 80


@dataclass(frozen=True, slots=True)
class AssetRow:
    """One asset in the list.

    Attributes:
        address, name, verdict, icon: Which, and what was said.
        where: The stage that holds most of it, and whose.
        worth, chance: What the path of the verdict brings, with range, and the chance that it is the best.
        sort_worth, sort_lost: The values to sort by.
        lost: Margin lost a year over all records.
    """

    address: str
    name: str
    verdict: str
    icon: str
    where: str
    worth: wording.Said
    chance: str
    sort_worth: float
    sort_lost: float
    lost: wording.Said


@dataclass(frozen=True, slots=True)
class PortfolioView:
    """The portfolio at a glance.

    Attributes:
        total: The whole, as the page tells it.
        rows: Assets in the order of the diagnosis.
        picture: All assets by what their paths bring; each mark leads to its asset.
        counts: Verdict → assets.
        period, grain: The headline.
        is_default: Whether costs of paths are defaults.
    """

    total: html.AssetView
    rows: tuple[AssetRow, ...]
    picture: Markup
    counts: tuple[tuple[str, int], ...]
    period: str
    grain: str
    is_default: bool


def portfolio_view(served: Served) -> PortfolioView:
    """The portfolio's last run."""
    found = served.diagnosis()
    return _portfolio(served, served.version, found_id(found))


def words_of(served: Served) -> html.AssetWords:
    """Puts assets of the last run into words."""
    return _words(served, served.version, found_id(served.diagnosis()))


@lru_cache(maxsize=16)
def _words(served: Served, version: int, _: int) -> html.AssetWords:
    del version
    return html.AssetWords(served.diagnosis())


@lru_cache(maxsize=64)
def turns_of(
    served: Served, version: int, _: int, asset: str, query: tuple[tuple[str, str], ...]
) -> tuple[Swing, ...] | Refusal:
    """What each assumption does to the choice for an asset, under the changes that an address carries; none where nothing is kept."""
    del version
    kept = served.result.kept if served.result else None
    return () if kept is None else swings_kept(kept, asset, whatif.changes_in(dict(query), kept))


def found_id(found: Diagnosis) -> int:
    """Stands for one diagnosis in a cache."""
    return id(found)


@lru_cache(maxsize=16)
def _portfolio(served: Served, version: int, _: int) -> PortfolioView:
    del version
    found = served.diagnosis()
    rows = tuple(_row(served, a, found.currency) for a in found.assets)
    counts = [(v, sum(a.verdict == v for a in found.assets)) for v in wording.VERDICTS]
    return PortfolioView(
        words_of(served).view(found.total),
        rows,
        _map(served, found),
        tuple((v, n) for v, n in counts if n),
        wording.period(found.period),
        " × ".join(wording.plain(g).removesuffix("_id").replace("_", " ") for g in found.grain),
        any(p.is_default for a in found.assets for p in a.paths),
    )


def _row(served: Served, asset: AssetDiagnosis, currency: str) -> AssetRow:
    chosen, told = acted_on(asset), evidence_words.worth_told(asset)
    none = wording.Said("–", "")
    lost = sum(t.amount.value for t in asset.losses if isinstance(t.amount, Estimate))
    return AssetRow(
        served.address(asset.name),
        wording.asset(asset),
        asset.verdict,
        asset.verdict.replace(" ", "-"),
        wording.where(asset),
        none if told is None else told,
        "" if chosen is None else wording.chance(chosen.chance),
        chosen.value.value if chosen is not None and isinstance(chosen.value, Estimate) else float("-inf"),
        lost if asset.losses else float("-inf"),
        wording.Said(evidence_words.money(lost, currency), "") if asset.losses else none,
    )


def _map(served: Served, found: Diagnosis) -> Markup:
    spots = []
    for a in found.assets[:MOST_ON_MAP]:
        known = {p.path: p.value.value for p in a.paths if isinstance(p.value, Estimate)}
        if {"operate", "orchestrate"} <= known.keys():
            size = a.revenue_per_year.value if isinstance(a.revenue_per_year, Estimate) else 0.0
            href = f"/p/{served.slug}/assets/{served.address(a.name)}"
            spots.append(Spot(wording.asset(a), known["operate"], known["orchestrate"], size, a.verdict, href))
    drawn = portfolio_map(spots, found.currency).replace('role="img"', 'role="group" aria-label="Portfolio map"', 1)
    return Markup(drawn) if spots else Markup()  # noqa: S704 - canvas escapes every word
