"""From the split of the gap to a verdict, by ordered rules that the page prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

from fourwalls.diagnosis import Contribution, Gap, VerdictName
from fourwalls.figures import Estimate, Refusal
from fourwalls.portfolio import Thresholds

YOUR_TARGET = "your target"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at.

    Attributes:
        lines: Judged order lines.
        gap: The split; a refusal if there is none.
        contributions: Largest first.
        unknown_share, untraced_share, unheld_share: Part of the gap with unknown parties; part of the missed lines that
            could not be traced; part of them for whose stages no standard was found. 0-1.
        event_share: Part of the gap that fell into its worst tenth of the weeks, 0-1; 0 if chance could do that, or if those
            weeks are the last.
        outside_event: The gap without those weeks, as a share of order lines.
        judged_share: Lines on time, late or overdue, of all that are not still open, cancelled or taken along, 0-1; 1 where all are taken along.
        missed_of_due: Lines late, overdue or cancelled after their promise, of these and those on time, 0-1.
        on_time_target: Share of lines that is asked to be on time, 0-1; `target_origin` says by whom.
    """

    lines: int
    gap: Gap | Refusal
    contributions: tuple[Contribution, ...]
    unknown_share: float
    untraced_share: float
    unheld_share: float
    event_share: float
    outside_event: float
    judged_share: float
    missed_of_due: float
    on_time_target: float
    target_origin: str

    @property
    def target_is_asked(self) -> bool:
        """Whether somebody here asked for it."""
        return self.target_origin == YOUR_TARGET


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict with the rule that fired.

    Attributes:
        name: One of the six.
        because: The reason in a sentence or two.
        rule: The rule, as the page prints it.
        bottleneck: The one sentence a leader reads first.
        next_step: What to do first.
        refusals: What would have to be known for a firmer one.
    """

    name: VerdictName
    because: str
    rule: str
    bottleneck: str
    next_step: str
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class _Rule:
    text: str
    verdict: VerdictName
    fires: Callable[[Facts, Gap, Thresholds], str | None]


GOVERNANCE = Refusal(
    "no_contracts",
    "governance",
    "no contract in force says whether the rules with these partners are ready",
    "contracts with these partners, in contracts/: who owns the data, who is called when it fails, which service level holds, what is the way out; fourwalls contracts draft writes a skeleton for each feed",
)


def decide(facts: Facts, thresholds: Thresholds) -> Verdict:
    """The first rule that fires decides."""
    if isinstance(facts.gap, Refusal):
        return Verdict(
            "cannot tell yet",
            f"{facts.gap.because[0].upper()}{facts.gap.because[1:]}.",
            "0. There must be a gap to look at.",
            f"Cannot tell: {facts.gap.because}.",
            f"Get {facts.gap.next_step}.",
            (facts.gap,),
        )
    for number, rule in enumerate(RULES, 1):
        because = rule.fires(facts, facts.gap, thresholds)
        if because is not None:
            text = rule.text.format(t=thresholds)
            refusals = (GOVERNANCE,) if "orchestrate" in rule.verdict else ()
            return Verdict(
                rule.verdict,
                because,
                f"{number}. {text}",
                _bottleneck(facts, rule.verdict),
                _next_step(facts, rule.verdict),
                refusals,
            )
    raise AssertionError("the last rule always fires")


def _value(figure: Estimate | Refusal) -> float:
    return figure.value if isinstance(figure, Estimate) else 0.0


def _low(figure: Estimate | Refusal) -> float:
    return figure.low if isinstance(figure, Estimate) else 0.0


def _high(figure: Estimate | Refusal) -> float:
    return figure.high if isinstance(figure, Estimate) else 1.0


def percent(share: float) -> str:
    """A share as people read it.

    >>> percent(0.0834), percent(0.61)
    ('8.3 %', '61 %')
    """
    return f"{100 * share:.1f} %" if abs(share) < 0.1 else f"{100 * share:.0f} %"


LEAST_JUDGED = 0.5
# A share that would be written as 100 %.
_ALL = 0.995


def _chance(probability: float) -> str:
    """A chance drawn from replicates is never certainty.

    >>> _chance(1.0), _chance(0.83), _chance(0.0)
    ('more than 99 %', '83 %', 'less than 1 %')
    """
    if probability > 0.99:
        return "more than 99 %"
    return "less than 1 %" if probability < 0.01 else f"{100 * probability:.0f} %"


def _too_few(f: Facts, gap: Gap, t: Thresholds) -> str | None:
    if f.lines >= t.least_lines:
        return None
    return f"Only {f.lines} order lines; {t.least_lines} are needed before a share of them means much."


def _unpromised(f: Facts, gap: Gap, t: Thresholds) -> str | None:
    if f.judged_share >= LEAST_JUDGED:
        return None
    return f"Only {percent(f.judged_share)} of the lines could be on time at all: the others carry no promise, or none came due."


def _nothing_missed(f: Facts, gap: Gap, t: Thresholds) -> str | None:
    if _high(gap.missed) >= t.material_share:
        return None
    return f"Only {percent(_value(gap.missed))} of lines are late, overdue or cancelled, and surely below {percent(t.material_share)}."


def _at_target(f: Facts, gap: Gap, t: Thresholds) -> str | None:
    if f.missed_of_due > 1 - f.on_time_target:
        return None
    return (
        f"{percent(1 - f.missed_of_due)} of the lines due came on time (given up after the promise counts as due), and {percent(f.on_time_target)} is what is asked "
        f"({f.target_origin})."
    )


def _untraced(f: Facts, gap: Gap, t: Thresholds) -> str | None:
    if f.untraced_share <= t.untraced_share:
        return None
    return f"{percent(f.untraced_share)} of the missed lines cannot be traced: their stage times are absent or out of order."


def _no_standard(f: Facts, gap: Gap, t: Thresholds) -> str | None:
    if _value(gap.total) >= t.material_share or f.unheld_share <= t.untraced_share:
        return None
    return (
        f"{percent(_value(gap.missed))} of lines are missed, and for {percent(f.unheld_share)} of these nothing shows what "
        "the stages could reach: no target, no service level, too few comparable lines."
    )


def _immaterial(f: Facts, gap: Gap, t: Thresholds) -> str | None:
    if _value(gap.total) >= t.material_share:
        return None
    return (
        f"Stages at the level they demonstrably reach would recover {percent(_value(gap.total))} of lines, "
        f"less than the {percent(t.material_share)} worth acting on."
    )


def _one_event(f: Facts, gap: Gap, t: Thresholds) -> str | None:
    if f.event_share <= 0.5 or f.outside_event >= t.material_share:
        return None
    return (
        f"{percent(f.event_share)} of what could be recovered fell into one tenth of the weeks; in the other weeks it is "
        f"{percent(f.outside_event)} of lines: an event, not the way the asset is run."
    )


def _unknown(f: Facts, gap: Gap, t: Thresholds) -> str | None:
    if f.unknown_share <= t.unknown_share:
        return None
    return f"{percent(f.unknown_share)} of the gap lies in stages whose party the record does not name."


def _both(f: Facts, gap: Gap, t: Thresholds) -> str | None:
    inside = gap.inside_share
    if isinstance(inside, Refusal) or not t.both_share <= inside.value <= 1 - t.both_share:
        return None
    chance = gap.inside_chance
    is_sure = chance is not None and max(chance, 1 - chance) >= t.sure_chance
    if is_sure and _chance_of_both(inside, t.both_share) < t.sure_chance:
        return None
    weaker = min(inside.value, 1 - inside.value) * _value(gap.total)
    if weaker < t.material_share:
        return None
    return (
        f"{percent(inside.value)} of what could be recovered is ours and {percent(1 - inside.value)} lies with partners: both are "
        "worth acting on, and what we control comes first."
    )


def _chance_of_both(inside: Estimate, least: float) -> float:
    """Chance that either side holds so much, read off the range; 0 where the share itself does not."""
    if not least <= inside.value <= 1 - least:
        return 0.0
    z = NormalDist().inv_cdf((1 + inside.level) / 2)
    reach = ((inside.value - least, inside.value - inside.low), (1 - least - inside.value, inside.high - inside.value))
    return min(NormalDist().cdf(z * room / width) if width > 0 else 1.0 for room, width in reach)


def _side_not_held(gap: Gap) -> bool:
    return isinstance(gap.inside_share, Refusal) and gap.inside_share.code == "side_not_held"


def _between(f: Facts, gap: Gap, t: Thresholds) -> str | None:
    if _side_not_held(gap) and _value(gap.orchestrate) > _value(gap.operate):
        return (
            "What could be recovered as far as stages could be held to anything lies with partners; what our own could "
            "reach, nothing shows."
        )
    if gap.inside_chance is None or gap.inside_chance > 1 - t.sure_chance:
        return None
    share = 1 - _value(gap.inside_share)
    if share >= _ALL:
        return "All of what could be recovered lies with partners."
    return (
        f"{percent(share)} of what could be recovered lies with partners; the chance that theirs is the larger part is "
        f"{_chance(1 - gap.inside_chance)}."
    )


def _inside(f: Facts, gap: Gap, t: Thresholds) -> str | None:
    if _side_not_held(gap):
        return (
            "What could be recovered as far as stages could be held to anything is our own work; what partners could "
            "reach, nothing shows."
        )
    share, chance = _value(gap.inside_share), gap.inside_chance or 0.0
    if share >= _ALL:
        return "All of what could be recovered is our own work."
    if chance >= t.sure_chance:
        return f"{percent(share)} of what could be recovered is our own work; the chance that it is the larger part is {_chance(chance)}."
    return (
        f"The two sides are too close to call (our own work {percent(share)}, chance that it is the larger part "
        f"{_chance(chance)}): the simpler path with less risk goes first."
    )


RULES = (
    _Rule("Fewer than {t.least_lines} lines: cannot tell.", "cannot tell yet", _too_few),
    _Rule("Fewer than half of the lines due with a promise: cannot tell.", "cannot tell yet", _unpromised),
    _Rule("Fewer than {t.material_share:.1%} of lines missed: leave it.", "leave it", _nothing_missed),
    _Rule("On time as often as asked: leave it.", "leave it", _at_target),
    _Rule("More than {t.untraced_share:.0%} of missed lines untraceable: cannot tell.", "cannot tell yet", _untraced),
    _Rule(
        "A gap below {t.material_share:.1%}, and no standard for more than {t.untraced_share:.0%} of missed lines: cannot tell.",
        "cannot tell yet",
        _no_standard,
    ),
    _Rule("A recoverable gap below {t.material_share:.1%} of lines: leave it.", "leave it", _immaterial),
    _Rule("More than half of the gap in a tenth of the weeks, and little outside: leave it.", "leave it", _one_event),
    _Rule("More than {t.unknown_share:.0%} of the gap with unknown parties: cannot tell.", "cannot tell yet", _unknown),
    _Rule(
        "Each side holds at least {t.both_share:.0%} of a gap and is material, and both surely do or neither is surely the larger: operate, "
        "then orchestrate.",
        "operate then orchestrate",
        _both,
    ),
    _Rule(
        "Partners hold the larger part with a chance of at least {t.sure_chance:.0%}: orchestrate.",
        "orchestrate",
        _between,
    ),
    _Rule("Otherwise, and in a near tie: operate.", "operate", _inside),
)
"""The rules in their order; the first that fires decides."""


@dataclass(frozen=True, slots=True)
class _Culprit:
    stage: str
    wall: str
    party: str
    parties: int
    lines: float

    @property
    def who(self) -> str:
        return self.party if self.parties == 1 else f"{self.parties} parties, first {self.party}"


def _culprits(facts: Facts) -> list[_Culprit]:
    """Stage and side with the lines lost there, largest first."""
    found: dict[tuple[str, str], list[Contribution]] = {}
    for c in facts.contributions:
        found.setdefault((c.stage, c.wall), []).append(c)
    culprits = [
        _Culprit(stage, wall, cs[0].party_name, len({c.party_id for c in cs}), sum(c.lines for c in cs))
        for (stage, wall), cs in found.items()
    ]
    return sorted(culprits, key=lambda c: -c.lines)


def _count(lines: float) -> str:
    return f"{lines:,.0f} lines" if lines >= 1.5 else "one line"


def _bottleneck(facts: Facts, verdict: VerdictName) -> str:
    culprits = _culprits(facts)
    if not culprits:
        return "No stage stands out: nothing the record shows would have saved the missed lines."
    total, first = sum(c.lines for c in culprits), culprits[0]
    if verdict == "operate then orchestrate":
        inside, between = (next(c for c in culprits if c.wall == wall) for wall in ("inside", "between"))
        return (
            f"Two bottlenecks: our own {inside.stage} ({_count(inside.lines)}) and {between.stage} by {between.who} "
            f"({_count(between.lines)}), of {_count(total)} that could have been kept."
        )
    side = {
        "inside": f"inside our four walls ({first.who})",
        "between": f"between us and our partners ({first.who})",
        "unknown": "with a party the record does not name",
    }
    leads = {"leave it": "The largest part, though small, is", "cannot tell yet": "The largest part seen so far is"}
    lead = leads.get(verdict, "The bottleneck is")
    return f"{lead} {first.stage} {side[first.wall]}: {percent(first.lines / total)} of the {_count(total)} that could have been kept."


def _next_step(facts: Facts, verdict: VerdictName) -> str:
    culprits = _culprits(facts)
    wall = {"operate": "inside", "operate then orchestrate": "inside", "orchestrate": "between"}.get(verdict)
    first = next((c for c in culprits if c.wall == wall), None)
    if first is None:
        return (
            "Nothing to start: look elsewhere first."
            if verdict == "leave it"
            else "Get what is named under what we do not know."
        )
    if first.stage == "promise":
        return f"Start with the promise made by {first.party}: promise what the stages demonstrably deliver ({_count(first.lines)})."
    if wall == "inside":
        return f"Start with our own {first.stage}: open its {_count(first.lines)} and ask what the better ones did otherwise."
    return f"Start with {first.party}: open its {first.stage} lines ({_count(first.lines)} in that stage), and agree on a service level that others keep."
