"""Every number of a diagnosis has an id: the words by which one walks to it, so that anybody can ask where it comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from typing import Any, cast, get_args, get_origin, get_type_hints

from fourwalls.diagnosis import (
    AssetDiagnosis,
    Assumed,
    Capability,
    Contribution,
    Diagnosis,
    Judged,
    LostUnits,
    OutageTold,
    PathWorth,
    RuleHole,
    SetAside,
    SignalReading,
    StageClock,
    StageShare,
    StageUnits,
    Suspicion,
    TableHealth,
    Threshold,
    Told,
    WorthKnowing,
)
from fourwalls.errors import PortfolioError, did_you_mean, listed
from fourwalls.figures import Estimate, Reading, Refusal

WHOLE = "portfolio"
"""The whole portfolio, in the place of an asset."""
PAID_ONCE = "paid once for all assets"
"""The link of a path's value for what several assets need and is paid once."""
# Parts without numbers that anybody could ask about.
_SILENT = ("plan", "guardrails", "role", "pilot")


@dataclass(frozen=True, slots=True)
class Numbered(Estimate):
    """An estimate that knows its id.

    Attributes:
        id: See `numbered`.
    """

    id: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """One number of a diagnosis.

    Attributes:
        id: Its own.
        value: The figure, refusal, or count.
        owner: The part of the result it is a field of.
        field: Which.
        parents: Parts it lies in, outermost first, the owner last.
        pointer: Where it stands in diagnosis.json (RFC 6901).
    """

    id: str
    value: Estimate | Refusal | float
    owner: object
    field: str
    parents: tuple[object, ...]
    pointer: str

    @property
    def asset(self) -> AssetDiagnosis | None:
        """The asset it is about; None where it is about tables or assumptions."""
        return next((p for p in self.parents if isinstance(p, AssetDiagnosis)), None)


@dataclass(frozen=True, slots=True)
class Sum:
    """A number that stands nowhere in the result but is the sum of some that do.

    Attributes:
        parts: Their ids.
        less: Ids of numbers that are taken off.
        weights: Ids of the numbers that `parts` are weighed by, one each, where the number is their mean; else empty.
    """

    parts: tuple[str, ...]
    less: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()


_KEYS: Mapping[type, Callable[[Any], tuple[str | None, ...]]] = {
    Reading: lambda r: (r.name,),
    Contribution: lambda c: (c.outcome, c.stage, c.wall, c.party_id),
    LostUnits: lambda u: (u.stage, u.wall, u.party_id),
    StageShare: lambda s: (s.stage, s.wall),
    StageUnits: lambda s: (s.stage, s.wall),
    StageClock: lambda c: (c.stage,),
    PathWorth: lambda p: (p.path,),
    Told: lambda x: (x.flow, x.stage, x.wall, x.party_id),
    SignalReading: lambda s: (s.name,),
    Threshold: lambda t: (t.name,),
    Capability: lambda c: (c.name,),
    RuleHole: lambda h: (h.party_id, h.question),
    OutageTold: lambda o: (o.party_id,),
    Assumed: lambda a: (a.name,),
    TableHealth: lambda t: (t.table,),
    SetAside: lambda s: (s.reason,),
    Suspicion: lambda s: (s.code, s.table, s.column),
    WorthKnowing: lambda w: (w.about,),
    Judged: lambda j: (j.question,),
}
"""What an entry of a list is called."""


def slug(*words: str | None) -> str:
    """Words as one of an id: letters of any script and digits, with dashes between; "none" where there is nothing.

    >>> slug("Footwear · South"), slug("operate then orchestrate"), slug("靴"), slug(None)
    ('footwear-south', 'operate-then-orchestrate', '靴', 'none')
    """
    told = (re.sub(r"[^\w]+", "-", word or "", flags=re.UNICODE).strip("-_").casefold() for word in words)
    return "-".join(t[:60] or "none" for t in told)


def numbered(diagnosis: Diagnosis) -> Diagnosis:
    """The same diagnosis with figures that know their ids, e.g. `footwear-south.paths.operate.value`.

    An id begins with the asset (`portfolio` for the whole), or with `health` or `assumptions`; then come the names of fields,
    and of entries of lists by what they are about, so that it stays the same when their order changes.
    """
    return cast("Diagnosis", _renamed(diagnosis, ""))


def numbers(diagnosis: Diagnosis) -> dict[str, Number]:
    """Every number of a diagnosis by its id, and the sums of losses that surfaces show."""
    found = {n.id: n for n in _walk(diagnosis, "", "", ())}
    for asset in (diagnosis.total, *diagnosis.assets):
        found |= {n.id: n for n in _sums(asset, [n for n in found.values() if n.asset is asset], diagnosis)}
    return found | {n.id: n for n in _path_sums(diagnosis, list(found.values()))}


def acted_on(asset: AssetDiagnosis) -> PathWorth | None:
    """The path that the verdict names, where it is expected to bring more than it costs.

    None where the verdict acts on nothing (leave it, cannot tell yet, govern first), whatever a path would bring on average,
    and where the path is not priced or loses at the costs taken.
    """
    named = next((p for p in asset.paths if p.path == asset.verdict), None)
    return named if named is not None and _amount(named.value) > 0 else None


def each_at_best(diagnosis: Diagnosis) -> tuple[tuple[AssetDiagnosis, PathWorth], ...]:
    """Assets whose verdict acts on a path that brings more than it costs, each with that path: what the whole is worth."""
    return tuple((asset, path) for asset in diagnosis.assets if (path := acted_on(asset)) is not None)


def paid_once(diagnosis: Diagnosis) -> tuple[PathWorth, float] | None:
    """What the paths of all verdicts together pay only once, below 0, and the path of the whole that says so; None if nothing."""
    chosen = {path.path for _, path in each_at_best(diagnosis)}
    sides = "operate then orchestrate" if len(chosen) > 1 else next(iter(chosen), "")
    whole = next((p for p in diagnosis.total.paths if p.path == sides), None)
    amount = 0.0 if whole is None else dict(whole.links).get(PAID_ONCE, 0.0)
    return None if whole is None or not amount else (whole, amount)


def sum_at_best(diagnosis: Diagnosis) -> Estimate | None:
    """What all assets bring together, each by the path of its verdict, less what is paid once; bounds are added up, rather too wide than too narrow.

    None where no asset has paths.
    """
    if not any(a.paths for a in diagnosis.assets):
        return None
    known = [p.value for _, p in each_at_best(diagnosis) if isinstance(p.value, Estimate)]
    shared = (paid_once(diagnosis) or (None, 0.0))[1]
    value, low, high = (sum(getattr(v, field) for v in known) + shared for field in ("value", "low", "high"))
    level = known[0].level if known else diagnosis.level
    return Numbered(value, min(low, value), max(high, value), diagnosis.currency, level, f"{WHOLE}.best")


def check_form(asked: str) -> None:
    """Looks at an id without any records: its words must lead to a number, whatever assets and parties there are.

    Raises:
        PortfolioError: A field of that name does not lead to a number; those that do are named.
    """
    first, _, rest = asked.strip().partition(".")
    tops = {f.name: _hint(Diagnosis, f.name) for f in fields(Diagnosis) if f.name not in ("assets", "total", WHOLE)}
    steps = rest.split(".") if rest else []
    if first in tops:
        _check_steps(asked, tops[first], steps)
    elif steps[:1] not in (["lost"], ["sum"], ["best"]):
        _check_steps(asked, AssetDiagnosis, steps)


def _check_steps(asked: str, kind: Any, steps: list[str]) -> None:  # noqa: ANN401 - a type
    """Follows fields of dataclasses and names of entries; what entries are called depends on the data, and passes."""
    for step in steps:
        inner = next((k for k in (get_args(kind) or (kind,)) if is_dataclass(k) and k not in (Estimate, Refusal)), None)
        if get_origin(kind) is tuple:
            kind = inner or float
            continue
        if inner is None:
            raise PortfolioError(f"There is no number '{_short(asked)}': nothing lies below '{step}'.", _REMEDY)
        known = [f.name for f in fields(cast("Any", inner)) if f.name not in _SILENT and _holds(_hint(inner, f.name))]
        if step not in known:
            hint = did_you_mean(step, known) or f" It has {listed(known, 12)}."
            raise PortfolioError(f"There is no number '{_short(asked)}': no field is called '{step}'.{hint}", _REMEDY)
        kind = _hint(inner, step)
    if is_dataclass(kind) and kind not in (Estimate, Refusal, Reading):
        known = [f.name for f in fields(cast("Any", kind)) if f.name not in _SILENT and _holds(_hint(kind, f.name))]
        raise PortfolioError(f"'{_short(asked)}' is no number but has some: {listed(known, 12)}.", _REMEDY)


_REMEDY = "Copy an id from the page (data-id), or from the spreadsheet."


def _short(text: str) -> str:
    return text if len(text) <= 120 else text[:119] + "…"


@cache
def _hints(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - a type
    return get_type_hints(kind)


def _hint(kind: Any, field: str) -> Any:  # noqa: ANN401 - a type
    return _hints(kind)[field]


def _holds(kind: Any) -> bool:  # noqa: ANN401 - a type
    """Whether a field of that type is a number or holds some."""
    if kind in (int, float, Estimate):
        return True
    if is_dataclass(kind) and kind is not Refusal:
        return any(_holds(_hint(kind, f.name)) for f in fields(cast("Any", kind)))
    return any(_holds(k) for k in get_args(kind) if k is not type(None))


def _path_sums(diagnosis: Diagnosis, known: list[Number]) -> Iterator[Number]:
    """What each path is worth over all assets, and each asset by the path of its verdict."""
    by_path: dict[str, list[Number]] = {}
    for n in known:
        if isinstance(n.owner, PathWorth) and n.field == "value" and n.asset is not diagnosis.total:
            by_path.setdefault(n.owner.path, []).append(n)
    for path, each in by_path.items():
        total = sum(_amount(n.value) for n in each)
        told = Estimate(total, total, total, diagnosis.currency)
        parts = tuple(n.id for n in each if isinstance(n.value, Estimate))
        yield Number(f"{WHOLE}.sum.{slug(path)}", told, Sum(parts), "value", (diagnosis, diagnosis.total), "")
    best = sum_at_best(diagnosis)
    if best is not None:
        owners = [path for _, path in each_at_best(diagnosis)]
        mine = [n for each in by_path.values() for n in each if any(n.owner is p for p in owners)]
        yield from _best_sums(diagnosis, best, mine)


def _best_sums(diagnosis: Diagnosis, best: Estimate, mine: list[Number]) -> Iterator[Number]:
    """What the paths of all verdicts bring, take and cost together, and the mean chance that they are the best."""
    once = paid_once(diagnosis)
    shared = (f"{WHOLE}.paths.{slug(once[0].path)}.links.{slug(PAID_ONCE)}",) if once else ()
    values, places = tuple(n.id for n in mine), (diagnosis, diagnosis.total)
    yield Number(f"{WHOLE}.best", best, Sum(values + shared), "value", places, "")
    for field in ("gain_per_year", "one_off", "run_per_year"):
        less = shared if field == "one_off" else ()
        total = sum(getattr(n.owner, field) for n in mine) - (once[1] if once and less else 0.0)
        parts = tuple(f"{v.rpartition('.')[0]}.{field}" for v in values)
        yield Number(f"{WHOLE}.best.{field}", float(total), Sum(parts, less), "value", places, "")
    if (sure := chance_at_best(diagnosis)) is not None:
        parts = tuple(f"{v.rpartition('.')[0]}.chance" for v in values)
        yield Number(f"{WHOLE}.best.chance", sure, Sum(parts, weights=values), "value", places, "")


def chance_at_best(diagnosis: Diagnosis) -> float | None:
    """Mean chance that the path of an asset's verdict is its best, weighed by what it brings, 0-1; None where none brings anything."""
    chosen = [(_amount(p.value), p.chance) for _, p in each_at_best(diagnosis)]
    total = sum(value for value, _ in chosen)
    return sum(value * c for value, c in chosen) / total if total > 0 else None


def _amount(value: Estimate | Refusal | float) -> float:
    return value.value if isinstance(value, Estimate) else 0.0


def _sums(asset: AssetDiagnosis, mine: list[Number], diagnosis: Diagnosis) -> Iterator[Number]:
    parts: dict[tuple[str, ...], list[Number]] = {}
    for n in mine:
        if isinstance(n.owner, Told) and isinstance(n.value, Estimate):
            name = n.id.partition(".")[0]
            parts.setdefault((name, "lost"), []).append(n)
            parts.setdefault((name, "lost", n.owner.wall), []).append(n)
            parts.setdefault((name, "lost", n.owner.wall, slug(n.owner.stage)), []).append(n)
    for words, each in parts.items():
        figures = [n.value for n in each if isinstance(n.value, Estimate)]
        value, low, high = (sum(getattr(f, field) for f in figures) for field in ("value", "low", "high"))
        told = Estimate(value, min(low, value), max(high, value), figures[0].unit, figures[0].level)
        yield Number(".".join(words), told, Sum(tuple(n.id for n in each)), "value", (diagnosis, asset), "")


def _walk(part: object, name: str, pointer: str, parents: tuple[object, ...]) -> Iterator[Number]:
    inside = (*parents, part)
    for field, at, step, value in _members(part, name):
        here = f"{pointer}/{step}"
        if isinstance(value, Estimate | Refusal) or (isinstance(value, int | float) and not isinstance(value, bool)):
            yield Number(at, value, part, field, inside, here)
        else:
            yield from _walk(value, at, here, inside)


def _members(part: object, name: str) -> Iterator[tuple[str, str, str, object]]:
    """Field, id, step in the JSON, and value of what lies in a part and may hold a number."""
    if not is_dataclass(part) or isinstance(part, type | Refusal | Estimate):
        return
    for f in fields(part):
        value = getattr(part, f.name)
        at = _joined(name, _field_name(part, f.name))
        if f.name in _SILENT:
            continue
        if isinstance(value, tuple):
            yield from _entries(f.name, at, value)
        elif not isinstance(value, str | dict) and value is not None:
            yield f.name, at, f.name, value


def _entries(field: str, at: str, values: tuple[object, ...]) -> Iterator[tuple[str, str, str, object]]:
    taken: dict[str, int] = {}
    for number, value in enumerate(values):
        if field == "assets" and isinstance(value, AssetDiagnosis):
            base = slug(value.name)
            base = f"{base}-asset" if base in (WHOLE, "health", "assumptions") else base
        elif type(value) in _KEYS:
            base = _joined(at, slug(*_KEYS[type(value)](value)))
        elif isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], int | float):
            # Links and months: a name and its amount.
            base = _joined(at, slug(str(value[0])))
            value = value[1]
        else:
            continue
        taken[base] = taken.get(base, 0) + 1
        name = base if taken[base] == 1 else f"{base}~{taken[base]}"
        step = f"{field}/{number}" + ("/1" if isinstance(value, int | float) and field == "links" else "")
        step += "/order_lines" if field == "coverage" else ""
        yield field, name, step, value


def _field_name(part: object, field: str) -> str:
    if isinstance(part, Diagnosis) and field == "total":
        return WHOLE
    # A reading is its figure: nobody says "otif_share figure".
    return "" if isinstance(part, Reading) and field == "figure" else field


def _joined(*parts: str) -> str:
    return ".".join(p for p in parts if p)


def _renamed(part: object, name: str) -> object:
    """A part with numbered figures."""
    if isinstance(part, Estimate):
        return Numbered(part.value, part.low, part.high, part.unit, part.level, name)
    if not is_dataclass(part) or isinstance(part, type | Refusal):
        return part
    changed: dict[str, Any] = {}
    for field, at, step, value in _members(part, name):
        made = _renamed(value, at)
        if "/" in step:
            if is_dataclass(value):
                changed.setdefault(field, []).append(made)
        elif made is not value:
            changed[field] = made
    return replace(part, **{k: tuple(v) if isinstance(v, list) else v for k, v in changed.items()})
