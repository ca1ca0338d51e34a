"""A plan for 30 days from one diagnosis: week 1 maps, week 2 separates, week 3 quantifies, week 4 prepares and starts a pilot."""

from __future__ import annotations

import itertools
import re
from collections.abc import Container, Iterator, Sequence
from textwrap import shorten
from typing import Literal

from fourwalls.diagnosis import AssetDiagnosis, PathWorth, Plan, RuleHole, Task
from fourwalls.figures import Estimate, Refusal
from fourwalls.governance.questions import QUESTIONS
from fourwalls.numbers import acted_on
from fourwalls.planning.doers import ANALYST, FINANCE, LEAD, NOT_NAMED, Doer, Owners, doers
from fourwalls.planning.pilots import ACTED_ON, first_doer

# A title is read in a list, and kept in a register that takes 200 characters.
_MOST_TITLE = 160
_MOST_HOLES, _MOST_DATA, _MOST_LISTED = 3, 2, 3
_WITH_PARTNERS = ("orchestrate", "operate then orchestrate", "govern first")
_DATA = "data engineer"


def plan_of(asset: AssetDiagnosis, owners: Owners, assets: Sequence[AssetDiagnosis] = ()) -> Plan:
    """What to do in the first 30 days, from this asset's own bottleneck, open rules, unknowns and pilot.

    Args:
        asset: Its diagnosis, with the pilot.
        owners: People who were named.
        assets: Of the whole portfolio its assets; else none.
    """
    if asset.verdict in ACTED_ON:
        tasks = [
            *_map(asset, owners),
            *_separate(asset, owners),
            *_quantify(asset, owners, assets),
            *_pilot(asset, owners),
        ]
    elif asset.verdict == "leave it":
        tasks = list(_leave(asset, owners))
    else:
        tasks = list(_find_out(asset, owners))
    return Plan(tuple(sorted(tasks, key=lambda t: (t.start_day, t.end_day, len(t.needs)))))


def _map(asset: AssetDiagnosis, owners: Owners) -> Iterator[Task]:
    first = first_doer(asset)
    what = f"{first.stage} of {first.party_name}" if first is not None else "the chain"
    owner = owners.of(first) if first is not None else owners.of_asset(asset)
    yield Task("map-chain", 1, f"Walk one failure through {what}, from cause to outcome", asset.bottleneck, owner, 1, 3)
    why = "Whoever has to act must have seen the records behind the number."
    analyst = NOT_NAMED + ANALYST
    yield Task("open-records", 1, "Open the records behind the bottleneck", why, analyst, 4, 7, ("map-chain",))
    yield from _get_data(asset, 1, 7)


def _get_data(asset: AssetDiagnosis, start: int, end: int, most: int = _MOST_DATA) -> Iterator[Task]:
    """One task for each refusal that data would lift."""
    steps = {r.next_step: r for r in reversed(asset.refusals) if r.next_step}
    ids: dict[str, None] = {}
    for r in [r for r in asset.refusals if steps.get(r.next_step) is r][:most]:
        ids[name := _unused(_slug("data", r.code), ids)] = None
        title, why = _titled(f"Get {_small(r.next_step)}".rstrip("."))
        why = f"Not known: {_small(r.about)}, because {_small(r.because)}{why}"
        yield Task(name, 1, title, why, NOT_NAMED + _DATA, start, end)


def _titled(step: str) -> tuple[str, str]:
    """A title of a line, and what of the step goes into the reason."""
    if len(step) <= _MOST_TITLE:
        return step, ""
    head, _, rest = step.partition(": ")
    return (
        (head, f"; {rest}") if rest and len(head) <= _MOST_TITLE else (shorten(step, _MOST_TITLE, placeholder=" …"), "")
    )


def _separate(asset: AssetDiagnosis, owners: Owners) -> Iterator[Task]:
    ours, theirs = doers(asset, "inside"), doers(asset, "between")
    if ours:
        owner = owners.of(ours[0])
        yield Task(
            "list-inside", 2, "Agree the list of what we can mend alone", _list(ours), owner, 8, 11, ("map-chain",)
        )
    if theirs:
        owner = owners.of(theirs[0])
        title = "Agree the list of what needs partners or their systems"
        yield Task("list-outside", 2, title, _list(theirs), owner, 8, 11, ("map-chain",))
    yield from (_settle(name, h, owners, bool(theirs)) for name, h in _holes(asset).items())
    for line in asset.signals:
        if line.differs and line.judged is not None:
            named = ", ".join(dict.fromkeys(who for who, _ in line.judged.comments)) or NOT_NAMED + LEAD
            title = f"Settle why people see it otherwise: {_small(line.label)}"
            yield Task(_slug("settle", line.name), 2, title, line.because, named, 10, 14, ("map-chain",))


def _holes(asset: AssetDiagnosis) -> dict[str, RuleHole]:
    """Open rules to close by the id of their task: those that block first, and only where the path leads to partners."""
    found: dict[str, RuleHole] = {}
    if asset.governance is not None and asset.verdict in _WITH_PARTNERS:
        for hole in sorted(asset.governance.holes, key=lambda h: not h.blocks)[:_MOST_HOLES]:
            found[_unused(_slug("settle", hole.party_id, _question(hole)), found)] = hole
    return found


def _question(hole: RuleHole) -> str:
    return next((key for key, asked in QUESTIONS.items() if asked == hole.question), "rule")


def _settle(name: str, hole: RuleHole, owners: Owners, is_listed: bool) -> Task:
    owner = owners.of_partner(hole.party_id, hole.party_name)
    effect = "Nothing more can be asked of them before" if hole.blocks else "Makes working with them dearer"
    title = f"Settle with {hole.party_name}: {_small(hole.remedy).rstrip('.')}"
    why = f"{hole.question} {_capital(hole.because)}. {effect}."
    return Task(name, 2, title, why, owner, 12, 18, ("list-outside",) if is_listed else ())


def _quantify(asset: AssetDiagnosis, owners: Owners, assets: Sequence[AssetDiagnosis]) -> Iterator[Task]:
    needs = tuple(
        n for n, wall in (("list-inside", "inside"), ("list-outside", "between")) if doers(asset, _wall(wall))
    )
    best = _best(asset)
    if best is not None and isinstance(best.value, Estimate):
        worth = f"To {best.path} is put at {best.value.unit} {best.value.value:,.0f} after its costs (8 in 10 cases: {best.value.low:,.0f} to {best.value.high:,.0f})"
        costs = "; its costs are defaults nobody here has set" if best.is_default else ""
        title = "Put your own costs in the place of defaults, and agree the value of each path"
        title = title if best.is_default else "Agree the value of each path, and its costs"
        worth = _worth_of_all(assets) or worth
        yield Task("agree-value", 3, title, f"{worth}{costs}.", NOT_NAMED + FINANCE, 15, 19, needs)
    else:
        why = "No path has a value in money yet, so nothing can be compared with its cost."
        title = "Give prices, margins and the costs of each path"
        yield Task("agree-value", 3, title, why, NOT_NAMED + FINANCE, 15, 19, needs)
    title = "Write down today's figures and the target for each outcome"
    yield Task("baseline", 3, title, _outcomes(asset), owners.of_asset(asset), 20, 21, ("agree-value",))


def _worth_of_all(assets: Sequence[AssetDiagnosis]) -> str:
    """What assets bring together, each by its verdict; "" where none brings anything."""
    values = [p.value for a in assets if (p := acted_on(a)) is not None and isinstance(p.value, Estimate)]
    if not values:
        return ""
    total = sum(v.value for v in values)
    return f"Each by its verdict, {len(values)} of {len(assets)} assets are put at {values[0].unit} {total:,.0f} after costs, before what is paid once for all"


def _pilot(asset: AssetDiagnosis, owners: Owners) -> Iterator[Task]:
    rules = tuple(name for name, hole in _holes(asset).items() if hole.blocks)
    if isinstance(asset.pilot, Refusal):
        why = f"None can be designed yet: {asset.pilot.because}. Needed: {asset.pilot.next_step}"
        yield Task("design-pilot", 4, "Choose one category, region or channel to try it on", why, NOT_NAMED + ANALYST, 22, 26, ("baseline",))  # fmt: skip
    else:
        # A pilot with partners waits for their rules; one of our own does not.
        waits = rules if asset.pilot.path == "orchestrate" else ()
        title = f"Design the pilot on {asset.pilot.candidate}: to {asset.pilot.path} {asset.pilot.stage}"
        yield Task("design-pilot", 4, title, asset.pilot.because, NOT_NAMED + ANALYST, 22, 26, ("baseline", *waits))
    why = "The rule is written down before it starts, so that the result decides and not the room."
    title = "Agree the decision rule, and start"
    yield Task("start-pilot", 4, title, why, owners.of_asset(asset), 27, 30, ("design-pilot",))


def _leave(asset: AssetDiagnosis, owners: Owners) -> Iterator[Task]:
    owner = owners.of_asset(asset)
    yield Task("agree-watch", 1, "Agree which figures would bring it back on the list", asset.because, owner, 1, 7)
    yield from _get_data(asset, 1, 14, 1)
    why = "A gap that is not worth acting on today may grow."
    yield Task("look-again", 4, "Diagnose it again with the new month", why, NOT_NAMED + ANALYST, 28, 30, ("agree-watch",))  # fmt: skip


def _find_out(asset: AssetDiagnosis, owners: Owners) -> Iterator[Task]:
    got = tuple(_get_data(asset, 1, 14, 4))
    yield from got
    if not any(s.judged is not None for s in asset.signals):
        why = "Until records tell, those who do the work know where to look."
        yield Task("ask-people", 2, "Ask the ten questions: fourwalls ask", why, owners.of_asset(asset), 8, 14)
    ready = tuple(t.id for t in got)
    analyst = NOT_NAMED + ANALYST
    yield Task("diagnose-again", 3, "Diagnose it again with the data", asset.because, analyst, 15, 21, ready)
    why = "With a bottleneck named there is something to try."
    yield Task("choose", 4, "Choose the path, or say what is still missing", why, owners.of_asset(asset), 22, 30, ("diagnose-again",))  # fmt: skip


def _best(asset: AssetDiagnosis) -> PathWorth | None:
    """The path of the verdict; where it names none, the one worth most on average, which is then to be agreed."""
    known = [p for p in asset.paths if isinstance(p.value, Estimate)]
    if (named := next((p for p in known if p.path == asset.verdict), None)) is not None:
        return named
    return max(known, key=lambda p: p.value.value if isinstance(p.value, Estimate) else 0.0) if known else None


def _outcomes(asset: AssetDiagnosis) -> str:
    """The outcomes that are measured, for a baseline; what is missing where none is."""
    wanted = ("otif_share", "on_time_share", "fill_rate")
    told = [
        f"{r.label} {100 * r.figure.value:.1f} %"
        for name in wanted
        for r in asset.readings
        if r.name == name and isinstance(r.figure, Estimate)
    ]
    if not told:
        return "No outcome is measured yet: on time in full, sales lost and margin are what counts, not activity."
    return f"Now: {'; '.join(told)}. Outcomes count, not activity."


def _list(found: Sequence[Doer]) -> str:
    told = "; ".join(f"{d.stage} of {d.party_name}, {d.told}" for d in found[:_MOST_LISTED])
    more = len(found) - _MOST_LISTED
    return f"{_capital(told)}{f'; and {more} more' if more > 0 else ''}."


def _wall(word: str) -> Literal["inside", "between"]:
    return "inside" if word == "inside" else "between"


def _slug(*parts: str) -> str:
    words = "-".join(re.sub(r"[^a-z0-9]+", "-", part.casefold()).strip("-") for part in parts)
    return words.strip("-").replace("--", "-")[:80].strip("-")


def _unused(name: str, taken: Container[str]) -> str:
    """The name, or with a number behind it where it is taken: names in other scripts leave no letters."""
    return next(n for n in itertools.chain([name], (f"{name}-{i}" for i in itertools.count(2))) if n not in taken)


def _small(text: str) -> str:
    """With a small first letter, unless the word is all capitals or code."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
