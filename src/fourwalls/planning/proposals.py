"""The pilot that would tell most about one asset: what to try, on whom, seen in which measure, of which size, worth what."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fourwalls.diagnosis import AssetDiagnosis, PathWorth, Told
from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.stakes import Stakes, Worth, weigh_at_best

WEEKS_A_YEAR = 52.0
Path_ = Literal["orchestrate", "operate"]
_WALLS: dict[str, tuple[Path_, str]] = {
    "operate": ("operate", "inside"),
    "operate then orchestrate": ("operate", "inside"),
    "orchestrate": ("orchestrate", "between"),
}
_SERVICE_MEASURES = ("otif_share", "on_time_share")
_SALES_MEASURE = "value_amount"
_LABELS = {_SALES_MEASURE: "Order value a week"}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pilot that the diagnosis of an asset suggests, ready to be designed.

    Attributes:
        asset: Name of the asset to treat; the other assets are what it is compared with.
        path: What is tried: orchestrate (coordinate partners) or operate (fix it inside).
        stage, party: Where, and in whose hands, most of what this path can act on is lost.
        measure, label: Outcome it is judged by: its name as `fourwalls pilot design --outcome` takes it, and as people call it.
        expected: Low, likely and high effect, as a share of the measure as it is now.
        level: The measure as it is now; None where the diagnosis does not print it.
        rolled_out: Assets that lose by the same stage and party on the same path, this one first: where it would be done if it works.
        own_gain_per_week: What the likely effect brings a week in this asset [currency].
        gain_per_week: The same in all of them [currency].
        rollout_cost: What the path costs in all of them over the horizon [currency].
        pilot_cost: Part of it that the pilot pays: to begin in this asset [currency].
        pilot_cost_per_week: What running it in this asset costs a week [currency].
        horizon: Weeks it would pay.
        currency: Of all money.
        words: The hypothesis in a sentence.
        command: The command that designs it; FOLDER stands for the portfolio folder.
    """

    asset: str
    path: Path_
    stage: str
    party: str
    measure: str
    label: str
    expected: tuple[float, float, float]
    level: float | None
    rolled_out: tuple[str, ...]
    own_gain_per_week: float
    gain_per_week: float
    rollout_cost: float
    pilot_cost: float
    pilot_cost_per_week: float
    horizon: float
    currency: str
    words: str
    command: str

    @property
    def stakes(self) -> Stakes:
        """What is believed and at stake, as the design weighs it; the effect is one on all that would change."""
        return Stakes(
            *self.expected, base=1.0, unit_value=self.gain_per_week / self.expected[1], horizon=self.horizon,
            rollout_cost=self.rollout_cost, pilot_cost=self.pilot_cost, pilot_cost_per_period=self.pilot_cost_per_week,
            currency=self.currency, kept=self.pilot_cost,
        )  # fmt: skip

    @property
    def worth_at_best(self) -> Worth:
        """The three ways on before anything is designed, if the pilot told the effect exactly after one week.

        Its `recommendation` is the design sheet's own rule: where it says "act without a pilot", so will every design.
        """
        return weigh_at_best(self.stakes)


def proposed(
    asset: AssetDiagnosis, assets: Sequence[AssetDiagnosis], known: Mapping[str, float], currency: str
) -> Proposal | Refusal:
    """The pilot that the diagnosis of an asset suggests: the one rule of the page, the plan and the design.

    The path is the verdict's (of "operate then orchestrate" the first leg), stage and party are where that path can win back
    most money, the size is what the replay says it recovers times the part that is attainable, and its worth is the
    diagnosis's own value of it.

    Args:
        asset: The asset.
        assets: All assets: those that lose by the same stage and party would change, too, if it works.
        known: Assumptions by name; attainable_share and horizon_years are read.
        currency: Of all money.

    Returns:
        The proposal, or why there is none: the verdict acts on nothing, nothing is priced, or no measure by asset and week
        would show it.
    """
    if asset.verdict not in _WALLS:
        return _no_path(asset)
    path, wall = _WALLS[asset.verdict]
    loss = next((x for x in sorted(_lost(asset, wall), key=lambda x: -_value(x.amount)) if _value(x.amount) > 0), None)
    if loss is None:
        return _refused(
            "nothing_priced",
            "what this path could win back here has no value in money",
            "price_amount in order_lines",
        )
    seen = _seen_in(asset, loss)
    if seen is None:
        return _refused(
            "no_measure",
            f"what {loss.stage} costs here ({loss.unit}) shows in no measure by asset and week, so nothing could judge a pilot",
            "a history of it by unit and week: fourwalls pilot design HISTORY.csv",
        )
    attainable = known.get("attainable_share", 1.0)
    measure, level, shares = seen
    expected = _three(shares, attainable, level)
    everywhere = _also(assets, asset, loss)
    horizon = WEEKS_A_YEAR * known.get("horizon_years", 1.0)
    costs = [_path(a, path) for a in everywhere]
    own = costs[0]
    gains = [attainable / WEEKS_A_YEAR * sum(_value(x.amount) for x in _same(a, loss)) for a in everywhere]
    label = next((r.label for r in asset.readings if r.name == measure), _LABELS.get(measure, measure))
    return Proposal(
        asset=asset.name,
        path=path,
        stage=loss.stage,
        party=loss.party_name,
        measure=measure,
        label=label,
        expected=expected,
        level=level,
        rolled_out=tuple(a.name for a in everywhere),
        own_gain_per_week=gains[0],
        gain_per_week=sum(gains),
        rollout_cost=sum(c.one_off + c.run_per_year * horizon / WEEKS_A_YEAR for c in costs if c),
        pilot_cost=own.one_off if own else 0.0,
        pilot_cost_per_week=own.run_per_year / WEEKS_A_YEAR if own else 0.0,
        horizon=horizon,
        currency=currency,
        words=_words(path, loss, label, level, expected, asset.name),
        command=f"fourwalls pilot design --portfolio FOLDER --asset {shlex.quote(asset.name)}",
    )


def _value(figure: Figure) -> float:
    return figure.value if isinstance(figure, Estimate) else 0.0


def _refused(code: str, because: str, next_step: str) -> Refusal:
    return Refusal(code, "the pilot to run next", because, next_step)


def _no_path(asset: AssetDiagnosis) -> Refusal:
    if asset.verdict == "govern first":
        return _refused(
            "govern_first",
            "the rules with a partner that matters are open, and a pilot would not hold",
            asset.next_step,
        )
    if asset.verdict == "leave it":
        return _refused(
            "leave_it",
            "the verdict is to leave it, so nothing is worth trying",
            "another asset",
        )
    return _refused("cannot_tell", "the records do not tell which path to try", asset.next_step)


def _lost(asset: AssetDiagnosis, wall: str) -> Sequence[Told]:
    return [x for x in asset.losses if x.wall == wall]


def _same(asset: AssetDiagnosis, loss: Told) -> list[Told]:
    """The same stage in the same hands, as another asset loses by it."""
    key = (loss.flow, loss.stage, loss.wall, loss.party_id)
    return [x for x in asset.losses if (x.flow, x.stage, x.wall, x.party_id) == key and _value(x.amount) > 0]


def _also(assets: Sequence[AssetDiagnosis], first: AssetDiagnosis, loss: Told) -> list[AssetDiagnosis]:
    """The asset, and all others whose verdict acts on that side and which lose by the same stage and party."""
    sides = {
        "operate": {"inside"},
        "orchestrate": {"between"},
        "operate then orchestrate": {"inside", "between"},
    }
    others = [a for a in assets if a.name != first.name and loss.wall in sides.get(a.verdict, set()) and _same(a, loss)]
    return [first, *others]


def _path(asset: AssetDiagnosis, path: str) -> PathWorth | None:
    return next((p for p in asset.paths if p.path == path), None)


def _seen_in(asset: AssetDiagnosis, loss: Told) -> tuple[str, float | None, tuple[float, float, float]] | None:
    """Measure in which the repair would show, its level now, and the effect of a full repair as a share of that level."""
    if loss.flow == "service":
        return _service(asset, loss)
    if loss.flow == "stock" and not isinstance(asset.availability, Refusal):
        rows = [
            c.share
            for c in asset.availability.contributions
            if (c.stage, c.wall, c.party_id) == (loss.stage, loss.wall, loss.party_id)
        ]
        sold = 1 - _value(asset.availability.lost)
        shares = _summed(rows)
        # What was not sold, against what was.
        return (
            None
            if shares is None or sold <= 0
            else (_SALES_MEASURE, None, (shares[0] / sold, shares[1] / sold, shares[2] / sold))
        )
    return None


def _service(asset: AssetDiagnosis, loss: Told) -> tuple[str, float, tuple[float, float, float]] | None:
    key = (loss.stage, loss.wall, loss.party_id)
    shares = _summed(
        [c.share for c in asset.contributions if (c.stage, c.wall, c.party_id) == key and c.outcome != "cancelled"]
    )
    level = next(
        (
            (r.name, r.figure.value)
            for n in _SERVICE_MEASURES
            for r in asset.readings
            if r.name == n and isinstance(r.figure, Estimate)
        ),
        None,
    )
    if shares is None or level is None or level[1] <= 0:
        return None
    name, now = level
    return name, now, (shares[0] / now, shares[1] / now, shares[2] / now)


def _summed(rows: Sequence[Figure]) -> tuple[float, float, float] | None:
    known = [r for r in rows if isinstance(r, Estimate)]
    total = sum(r.value for r in known)
    return (sum(r.low for r in known), total, sum(r.high for r in known)) if total > 0 else None


def _three(full: tuple[float, float, float], attainable: float, level: float | None) -> tuple[float, float, float]:
    """Nothing may come of it; most likely the attainable part of what the replay recovers; at best all of its upper end."""
    most = float("inf") if level is None else 1 / level - 1
    return 0.0, min(attainable * full[1], most), min(max(full[2], attainable * full[1]), most)


def _words(
    path: Path_, loss: Told, label: str, level: float | None, expected: tuple[float, float, float], asset: str
) -> str:
    what = "working better inside" if path == "operate" else f"coordinating {loss.party_name}"
    likely = expected[1]
    size = f"by {likely:+.1%}" if level is None else f"from {level:.1%} to {min(level * (1 + likely), 1.0):.1%}"
    rises = "rises" if likely >= 0 else "falls"
    return f"By {what} in {loss.stage}, {label} {rises} {size} in {asset}."
