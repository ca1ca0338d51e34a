"""Whether an asset's partners can be asked for more: readiness, and holes by what they block."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fourwalls.figures import Refusal
from fourwalls.governance.questions import QUESTIONS
from fourwalls.governance.rules import Governance
from fourwalls.governance.settling import Rule
from fourwalls.losses import AssetKey
from fourwalls.portfolio import Thresholds


@dataclass(frozen=True, slots=True)
class Hole:
    """A question about a partner that is not settled.

    Attributes:
        party_id, party_name, question: Which.
        asked: The question as a person asks it.
        because, remedy: Why it is open, and what would close it.
        blocks: Whether nothing more can be asked of the partner before it is closed; else it warns.
        amount: At stake with this partner in this asset [portfolio currency over the record]: what it blocks, or makes dearer.
    """

    party_id: str
    party_name: str
    question: str
    asked: str
    because: str
    remedy: str
    blocks: bool
    amount: float


@dataclass(frozen=True, slots=True)
class Readiness:
    """How far the rules with an asset's partners are settled.

    Attributes:
        asset: Which.
        share: Part of the seven questions that are settled (a promise that is missed does not count), partners weighed by what is at stake with them, 0-1; refused where nothing
            is known of any of them.
        required_share: The same of the required questions alone.
        is_blocked: Whether a partner that matters lacks a required rule.
        blocked_amount: At stake with such partners [portfolio currency over the record].
        unknown_amount: At stake with partners of whose rules nothing is known, in either direction.
        unknown: Part of all that is at stake that this is, 0-1; 0 where nothing is at stake.
        unknown_with: Those partners, by what is at stake with them.
        holes: Those that block first, then by amount.
    """

    asset: AssetKey
    share: float | Refusal
    required_share: float | Refusal
    is_blocked: bool
    blocked_amount: float
    unknown_amount: float
    holes: tuple[Hole, ...]
    unknown: float = 0.0
    unknown_with: tuple[str, ...] = ()

    @property
    def settled(self) -> float:
        """Part of what is at stake with partners that is under settled rules, as far as anybody knows."""
        return 0.0 if isinstance(self.share, Refusal) else self.share * (1 - self.unknown)


def readiness(
    governance: Governance,
    stakes: Mapping[AssetKey, Sequence[tuple[str, float]]],
    thresholds: Thresholds,
    party_names: Mapping[str, str] | None = None,
) -> dict[AssetKey, Readiness]:
    """Readiness of each asset.

    Args:
        governance: From `rules.govern`.
        stakes: Asset → partners that matter for it, each with what is at stake there [portfolio currency over the record].
        thresholds: `required_rules` says what blocks.
        party_names: party_id → as people call it.
    """
    names = party_names or {}
    return {asset: _ready(asset, governance, _summed(each), thresholds, names) for asset, each in stakes.items()}


def _summed(stakes: Iterable[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for party, amount in stakes:
        found[party] = found.get(party, 0.0) + max(amount, 0.0)
    return {party: amount for party, amount in found.items() if amount > 0}


def _ready(
    asset: AssetKey,
    governance: Governance,
    stakes: Mapping[str, float],
    thresholds: Thresholds,
    names: Mapping[str, str],
) -> Readiness:
    rules = {party: governance.rules_of(party) for party in stakes}
    known = {p: [r for r in found if r.status != "unknown"] for p, found in rules.items()}
    weights = {p: stakes[p] for p in stakes if known[p]}
    holes = [
        _hole(r, stakes[p], thresholds, names)
        for p, found in rules.items()
        for r in found
        if r.status in ("open", "broken")
    ]
    blocked = {h.party_id for h in holes if h.blocks}
    share = _share(known, weights, tuple(QUESTIONS))
    required = _share(known, weights, thresholds.required_rules)
    blocked_amount = sum(stakes[p] for p in blocked)
    unknown = {p: amount for p, amount in stakes.items() if p not in weights}
    unknown_amount, total = sum(unknown.values()), sum(stakes.values())
    return Readiness(
        asset=asset,
        share=share,
        required_share=required,
        is_blocked=bool(blocked),
        blocked_amount=blocked_amount,
        unknown_amount=unknown_amount,
        holes=tuple(
            sorted(holes, key=lambda h: (not h.blocks, -h.amount, h.party_id, list(QUESTIONS).index(h.question)))
        ),
        unknown=unknown_amount / total if total > 0 else 0.0,
        unknown_with=tuple(names.get(p, p) for p in sorted(unknown, key=lambda p: (-unknown[p], p))),
    )


def _hole(rule: Rule, amount: float, thresholds: Thresholds, names: Mapping[str, str]) -> Hole:
    return Hole(
        rule.party_id, names.get(rule.party_id, rule.party_id), rule.question, QUESTIONS[rule.question], rule.because, rule.remedy,
        rule.status == "open" and rule.question in thresholds.required_rules, amount,
    )  # fmt: skip


def _share(
    known: Mapping[str, Sequence[Rule]], weights: Mapping[str, float], questions: tuple[str, ...]
) -> float | Refusal:
    total = sum(weights.values())
    if total <= 0:
        return Refusal(
            "nothing_known", "governance", "nothing says what is settled with the partners of this asset",
            "contracts/ with one ODCS file for each feed",
        )  # fmt: skip
    settled = 0.0
    for party, weight in weights.items():
        asked = [r for r in known[party] if r.question in questions]
        settled += weight * (sum(r.status == "settled" for r in asked) / len(asked) if asked else 1.0)
    return settled / total
