"""What each path is worth, as the page shows it: a table, a picture, and all assets on one map."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from fourwalls.diagnosis import AssetDiagnosis, Diagnosis, PathWorth
from fourwalls.figures import Estimate
from fourwalls.numbers import acted_on, slug, sum_at_best
from fourwalls.surfaces import at_best, evidence_words, wording
from fourwalls.surfaces.evidence_words import PathTold
from fourwalls.surfaces.page.portfolio_map import Spot, portfolio_map
from fourwalls.surfaces.page.value_fan import Fan, value_fan

_NAMESPACE = ' xmlns="http://www.w3.org/2000/svg"'
_MOST_ON_MAP = 60
# Less than this is an estimate's dust, in any currency.
_DUST = 0.5


@dataclass(frozen=True, slots=True)
class Worth:
    """The paths of one asset.

    Attributes:
        rows: One for each path.
        links: How each comes about: (what, amount of each path), the value last; adds up.
        picture: Their ranges side by side; "" where a value is refused.
        nothing: The chance that doing nothing is best, or "".
        is_default: Whether costs are defaults that nobody has set.
        counted: What stands between a margin a year and a value; "" where nothing says.
        paths: Names of the paths, the columns of the links.
    """

    rows: tuple[PathTold, ...]
    links: tuple[tuple[str, tuple[wording.Said, ...]], ...]
    picture: Markup
    nothing: str
    is_default: bool
    counted: str = ""
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AssetWorth:
    """One asset as a row: each path's value, what the verdict says, what that brings, and when it pays."""

    name: str
    values: tuple[wording.Said, ...]
    best: str
    icon: str
    best_value: wording.Said
    payback: str


@dataclass(frozen=True, slots=True)
class PortfolioWorth:
    """All assets' paths.

    Attributes:
        paths: Names of the paths, the columns.
        rows: One for each asset, most worth first.
        sums: Of each path, taken by all assets; ranges are of the sum and not sums of ranges.
        best_sum: Of each asset by the path of its verdict.
        more: Assets without a row.
        picture: The map of all assets.
        is_default: Whether any costs are defaults.
    """

    paths: tuple[str, ...]
    rows: tuple[AssetWorth, ...]
    sums: tuple[wording.Said, ...]
    best_sum: str
    more: int
    picture: Markup
    is_default: bool


def worth(asset: AssetDiagnosis, currency: str, diagnosis: Diagnosis | None = None) -> Worth | None:
    """The paths of an asset; None where nothing is priced. Of the whole of a diagnosis first what each asset brings at its best."""
    if not asset.paths:
        return None
    fans = [
        Fan(p.path, p.value.low, p.value.value, p.value.high, p.chance)
        for p in asset.paths
        if isinstance(p.value, Estimate)
    ]
    return Worth(
        evidence_words.path_rows(asset, currency) if diagnosis is None else at_best.rows(asset, diagnosis),
        _links(asset, currency),
        _inline(value_fan(fans, currency)) if fans else Markup(),
        evidence_words.doing_nothing(asset.paths),
        any(p.is_default for p in asset.paths),
        "" if diagnosis is None else at_best.counted(diagnosis),
        tuple(wording.VERDICTS[p.path] for p in asset.paths),
    )


def _links(asset: AssetDiagnosis, currency: str) -> tuple[tuple[str, tuple[wording.Said, ...]], ...]:
    """From gains to value, a row for each link, a column for each path."""
    names = dict.fromkeys(name for p in asset.paths for name, amount in p.links if abs(amount) >= _DUST)
    none = wording.Said("–", "")
    rows = []
    for name in names:
        amounts = [next((amount for n, amount in p.links if n == name), None) for p in asset.paths]
        told = (
            none if x is None else wording.Said(_signed(x, currency), "", _link_id(p, name))
            for p, x in zip(asset.paths, amounts, strict=True)
        )
        rows.append((wording.opening(name), tuple(told)))
    values = (wording.Said(_signed(_mean(p), currency), "", wording.id_of(p.value)) for p in asset.paths)
    return (*rows, ("Value after costs", tuple(values)))


def _signed(amount: float, currency: str) -> str:
    """An amount to the whole unit of money, so that steps are seen to add up."""
    told = f"{wording.plain(currency)} {wording.count(round(abs(amount)))}"
    return f"{wording.MINUS}{told}" if amount < 0 else told


def _link_id(path: PathWorth, name: str) -> str:
    at = wording.id_of(path.value).rpartition(".")[0]
    return f"{at}.links.{slug(name)}" if at else ""


def portfolio_worth(diagnosis: Diagnosis, most: int) -> PortfolioWorth | None:
    """What the paths of all assets are worth; None where none is priced.

    Args:
        diagnosis: The result.
        most: Rows of the table.
    """
    priced = [a for a in diagnosis.assets if a.paths]
    if not priced:
        return None
    names = tuple(dict.fromkeys(p.path for a in priced for p in a.paths))
    order = sorted(priced, key=lambda a: -_best_value(a))
    best = sum_at_best(diagnosis)
    whole = {p.path: wording.said(p.value) for p in diagnosis.total.paths}
    sums = [
        whole.get(n)
        or wording.Said(
            evidence_words.money(sum(_of(a, n) for a in priced), diagnosis.currency), "", f"portfolio.sum.{slug(n)}"
        )
        for n in names
    ]
    return PortfolioWorth(
        paths=tuple(wording.VERDICTS[n] for n in names),
        rows=tuple(_row(a, names) for a in order[:most]),
        sums=tuple(sums),
        best_sum="nothing pays" if best is None or best.value <= 0 else str(wording.said(best)),
        more=max(len(order) - most, 0),
        picture=_map(diagnosis),
        is_default=any(p.is_default for a in priced for p in a.paths),
    )


def _row(asset: AssetDiagnosis, names: tuple[str, ...]) -> AssetWorth:
    by_name = {p.path: p for p in asset.paths}
    none = wording.Said("–", "")
    chosen = acted_on(asset)
    return AssetWorth(
        wording.asset(asset),
        tuple(wording.said(by_name[n].value) if n in by_name else none for n in names),
        wording.VERDICTS[asset.verdict],
        asset.verdict.replace(" ", "-"),
        none if chosen is None else wording.said(chosen.value),
        "–" if chosen is None else evidence_words.payback(chosen.payback),
    )


def _map(diagnosis: Diagnosis) -> Markup:
    """The map of the first assets, with their numbers in the list of assets."""
    spots = []
    for number, a in enumerate(evidence_words.ranked(diagnosis)[:_MOST_ON_MAP], 1):
        known = {p.path: p.value.value for p in a.paths if isinstance(p.value, Estimate)}
        if {"operate", "orchestrate"} <= known.keys():
            size = a.revenue_per_year.value if isinstance(a.revenue_per_year, Estimate) else 0.0
            spots.append(
                Spot(wording.asset(a), known["operate"], known["orchestrate"], size, a.verdict, number=str(number))
            )
    return _inline(portfolio_map(spots, diagnosis.currency)) if len(spots) > 1 else Markup()


def _best_value(asset: AssetDiagnosis) -> float:
    chosen = acted_on(asset)
    return _mean(chosen) if chosen is not None else 0.0


def _of(asset: AssetDiagnosis, name: str) -> float:
    return next((_mean(p) for p in asset.paths if p.path == name), 0.0)


def _mean(path: PathWorth) -> float:
    return path.value.value if isinstance(path.value, Estimate) else 0.0


def _inline(svg: str) -> Markup:
    """A drawing within a page: its words are escaped where it is drawn, and a page needs no namespace."""
    return Markup(svg.replace(_NAMESPACE, "", 1))  # noqa: S704 - canvas escapes every word
