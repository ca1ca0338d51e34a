"""The truth of a world: what each path would really have brought, known because the world was lived again with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fourwalls.errors import FourwallsError
from fourwalls.worlds import economics
from fourwalls.worlds.defects import DEFECTS
from fourwalls.worlds.draws import Floats
from fourwalls.worlds.living import doers
from fourwalls.worlds.offering import overflow_offers
from fourwalls.worlds.retailer import OWN
from fourwalls.worlds.sums import Sums, assets
from fourwalls.worlds.world import World

FORMAT = 1


@dataclass(frozen=True, slots=True)
class PlantedDefect:
    """One defect as it was planted.

    Attributes:
        kind, stage, severity, place, since, until, about: As in the recipe; days in ISO 8601.
        doers: (party_id, wall) of those who do that stage in that place.
    """

    kind: str
    stage: str
    severity: float
    place: dict[str, str]
    since: str | None
    until: str | None
    about: str
    doers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """The stage and party whose repair alone brings the most margin a year."""

    stage: str
    wall: str
    party_id: str
    recovered_lines: int
    margin_amount: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one version of the world comes to for one asset; amounts and hours a year.

    Attributes:
        lines, late, overdue, cancelled: Order lines of the period.
        revenue_amount: Net value of what was shipped.
        gross_margin_amount: The same less the cost of the goods.
        working_capital_amount: Stock at cost, on an average day.
        labour_hours: Case work.
        leakage_amount: Damage, expedites, chargebacks, returns, write-offs, media spent on empty shelves.
        on_time_share: Lines that came in time, of those that were not cancelled by the customer.
        available_share: Units wished for that met stock, a listing and somebody to pack them.
        margin_amount: What is left of the gross margin after fulfilment, lateness, leakage, labour and carrying cost.
    """

    lines: int
    late: int
    overdue: int
    cancelled: int
    revenue_amount: float
    gross_margin_amount: float
    working_capital_amount: float
    labour_hours: float
    leakage_amount: float
    on_time_share: float
    available_share: float
    margin_amount: float


@dataclass(frozen=True, slots=True)
class AssetTruth:
    """What is true of one asset.

    Attributes:
        asset: Grain column → value.
        as_recorded: What the records show.
        repaired: The same in each repaired version: inside, between, both, each stage, each stage by each party.
        recovered_lines: Missed lines (late, overdue, cancelled) each version saves, at the as-recorded number of lines.
        path_value_amount: Value over the horizon after costs: operate, orchestrate, operate then orchestrate.
        best_path: The path of the highest value; "leave it" where none is above 0; "govern first" where it is to orchestrate
            with a partner whose rules have holes.
        first_bottleneck: None where no repair brings anything.
        onboarding_amount: The asset's part of what partners ask once to serve what we cannot, in `path_value_amount` of
            the paths with them; in the file only where there is any.
    """

    asset: dict[str, str]
    as_recorded: Outcome
    repaired: dict[str, Outcome]
    recovered_lines: dict[str, int]
    path_value_amount: dict[str, float]
    best_path: str
    first_bottleneck: Bottleneck | None
    onboarding_amount: float = 0.0

    @property
    def lines(self) -> int:
        """Order lines of the period."""
        return self.as_recorded.lines

    def margin_change(self, version: str) -> float:
        """Margin a year that a version brings above what is recorded."""
        return self.repaired[version].margin_amount - self.as_recorded.margin_amount


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of a world.

    Attributes:
        format: Version of this layout.
        recipe, seed, about: What the world was made from.
        start, end: The recorded period, ISO 8601.
        grain: Columns that make an asset.
        defects: What a path would cure.
        confounders: What no path cures.
        holes: Partners whose contract lacks something a path with them needs.
        assets: One entry per asset that has order lines.
    """

    format: int
    recipe: str
    seed: int
    about: str
    start: str
    end: str
    grain: tuple[str, ...]
    defects: tuple[PlantedDefect, ...]
    confounders: tuple[str, ...]
    holes: tuple[str, ...]
    assets: tuple[AssetTruth, ...]

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        said = asdict(self)
        for asset in said["assets"]:
            if asset["onboarding_amount"] == 0.0:
                del asset["onboarding_amount"]
        path.write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_truth(path: Path) -> Truth:
    """A truth written by `make`.

    Raises:
        FourwallsError: If the file is not one.
    """
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["format"] != FORMAT:
            raise FourwallsError(
                f"'{path.name}' is a truth of format {said['format']}; this version reads {FORMAT}.",
                "Make the world again.",
            )
        return _from_json(said)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FourwallsError(f"'{path.name}' is no truth of a world: {error}.", "Make the world again.") from error


def _from_json(said: Mapping[str, Any]) -> Truth:
    def asset(entry: Mapping[str, Any]) -> AssetTruth:
        first = entry["first_bottleneck"]
        return AssetTruth(
            **{
                **entry,
                "as_recorded": Outcome(**entry["as_recorded"]),
                "repaired": {name: Outcome(**o) for name, o in entry["repaired"].items()},
                "first_bottleneck": Bottleneck(**first) if first else None,
            }
        )

    def defect(entry: Mapping[str, Any]) -> PlantedDefect:
        return PlantedDefect(**{**entry, "doers": tuple((p, w) for p, w in entry["doers"])})

    return Truth(
        **{
            **said,
            "grain": tuple(said["grain"]),
            "defects": tuple(defect(d) for d in said["defects"]),
            "confounders": tuple(said["confounders"]),
            "holes": tuple(said["holes"]),
            "assets": tuple(asset(a) for a in said["assets"]),
        }
    )


def wall(party: int) -> str:
    """The side of the wall a party stands on."""
    return "inside" if party == OWN else "between"


def tell(world: World, totals: Mapping[str, Sums]) -> Truth:
    """The truth of a world that has been lived in all its versions."""
    return Truth(
        format=FORMAT,
        recipe=world.recipe.name,
        seed=world.seed,
        about=world.recipe.about,
        start=world.recipe.start.isoformat(),
        end=world.recipe.end.isoformat(),
        grain=world.recipe.asset,
        defects=_planted(world),
        confounders=tuple(h.defect.kind for h in world.happenings),
        holes=tuple(h.party_id for h in world.recipe.holes),
        assets=_asset_truths(world, totals),
    )


def _planted(world: World) -> tuple[PlantedDefect, ...]:
    out = []
    for placed in world.defects:
        d = placed.defect
        who = tuple((world.retailer.parties[p].party_id, wall(p)) for p in doers(world, placed))
        since, until = (day.isoformat() if day else None for day in (d.since, d.until))
        out.append(PlantedDefect(d.kind, d.stage, d.severity, d.place, since, until, DEFECTS[d.kind].about, who))
    return tuple(out)


def _asset_truths(world: World, totals: Mapping[str, Sums]) -> tuple[AssetTruth, ...]:
    years = (world.recipe.end - world.recipe.start).days / 365.25
    rows = assets(world)
    seen = [row for row in range(len(rows)) if totals["as_recorded"]["lines"][row] > 0]
    outcomes = {name: {row: _outcome(s, row, years) for row in seen} for name, s in totals.items()}
    recorded = outcomes.pop("as_recorded")
    begun = {name: _onboarding(world, totals[name]) for name in ("between", "both")}
    costs = economics.path_costs(sum(o.revenue_amount for o in recorded.values()) / max(1, len(seen)))
    out = []
    for row in seen:
        repaired = {name: by_row[row] for name, by_row in outcomes.items()}
        recovered = {name: _recovered(recorded[row], o) for name, o in repaired.items()}
        change = {name: o.margin_amount - recorded[row].margin_amount for name, o in repaired.items()}
        onboarding = {name: float(by_row[row]) for name, by_row in begun.items()}
        value = economics.path_values(change, costs, onboarding)
        best = max(value, key=lambda path: value[path])
        first = _first(world, change, recovered)
        out.append(
            AssetTruth(
                asset=rows[row],
                as_recorded=recorded[row],
                repaired=repaired,
                recovered_lines=recovered,
                path_value_amount=value,
                best_path=_governed(world, best, change) if value[best] > 0.0 else "leave it",
                first_bottleneck=first,
                onboarding_amount=round(onboarding["between"], 2),
            )
        )
    return tuple(out)


def _onboarding(world: World, s: Sums) -> Floats:
    """What partners ask once to serve what we cannot, dealt out by the units they serve, shape (assets,)."""
    total = np.zeros(len(s["lines"]))
    for offer in overflow_offers(world.retailer, world.seed):
        units = s[f"partner_units {offer.destination}"]
        total += offer.onboarding_amount * units / max(float(units.sum()), 1.0)
    return total


def _outcome(s: Sums, row: int, years: float) -> Outcome:
    def a_year(name: str) -> float:
        return float(s[name][row]) / years

    lines, missed = float(s["lines"][row]), float(s["late"][row] + s["overdue"][row])
    stock = float(s["stock_value"][row]) / (365.25 * years)
    leaked = sum(a_year(name) for name in ("leakage", "written_off", "media_on_empty", "marked_down"))
    margin = (
        a_year("gross_margin")
        - a_year("fulfilment")
        - economics.GOODWILL_SHARE * a_year("failed_value")
        - leaked
        - economics.WAGE_AMOUNT_PER_HOUR * a_year("case_hours")
        - economics.CARRYING_RATE_PER_YEAR * stock
    )
    unmet = float(s["lost_empty"][row] + s["lost_unseen"][row] + s["lost_unserved"][row])
    return Outcome(
        lines=round(lines),
        late=round(float(s["late"][row])),
        overdue=round(float(s["overdue"][row])),
        cancelled=round(float(s["cancelled"][row])),
        revenue_amount=round(a_year("revenue"), 2),
        gross_margin_amount=round(a_year("gross_margin"), 2),
        working_capital_amount=round(stock, 2),
        labour_hours=round(a_year("case_hours"), 1),
        leakage_amount=round(leaked, 2),
        on_time_share=round(1.0 - missed / max(lines - float(s["cancelled"][row]), 1.0), 5),
        available_share=round(1.0 - unmet / max(float(s["wished"][row]), 1.0), 5),
        margin_amount=round(margin, 2),
    )


def _recovered(recorded: Outcome, repaired: Outcome) -> int:
    """Missed lines saved, had the repaired world had as many lines."""
    before = recorded.late + recorded.overdue + recorded.cancelled
    after = repaired.late + repaired.overdue + repaired.cancelled
    return round(before - after * recorded.lines / max(repaired.lines, 1))


def _pairs(change: Mapping[str, float]) -> list[tuple[float, str, str]]:
    """What each stage in the hands of each party brings, the most first."""
    found = []
    for name, amount in change.items():
        stage, by, party_id = name.partition(" by ")
        if by:
            found.append((amount, stage, party_id))
    return sorted(found, reverse=True)


def _first(world: World, change: Mapping[str, float], recovered: Mapping[str, int]) -> Bottleneck | None:
    for amount, stage, party_id in _pairs(change)[:1]:
        if amount > 0.005:
            side = wall(world.retailer.codes("party_id")[party_id])
            return Bottleneck(stage, side, party_id, recovered[f"{stage} by {party_id}"], round(amount, 2))
    return None


def _governed(world: World, best: str, change: Mapping[str, float]) -> str:
    """Orchestrating waits where the rules with the partner that matters most have holes."""
    if best != "orchestrate":
        return best
    own = world.retailer.parties[OWN].party_id
    partners = [party_id for _, _, party_id in _pairs(change) if party_id != own]
    holes = {h.party_id for h in world.recipe.holes}
    return "govern first" if partners and partners[0] in holes else best
