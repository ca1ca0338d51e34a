"""Two assets side by side."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response
from starlette.routing import BaseRoute

from fourwalls.diagnosis import AssetDiagnosis, Diagnosis
from fourwalls.figures import Refusal
from fourwalls.surfaces import evidence_words, wording
from fourwalls.surfaces.web.desk import Asked, page
from fourwalls.surfaces.web.views import portfolio_view


def routes() -> list[BaseRoute]:
    """The address."""
    return [page("/p/{portfolio}/compare", compare, is_kept=True)]


@dataclass(frozen=True, slots=True)
class Both:
    """One line: what is compared, and of each asset."""

    label: str
    first: wording.Said
    second: wording.Said

    @property
    def differs(self) -> bool:
        """Whether it is not the same."""
        return self.first != self.second


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above an asset's column."""

    name: str
    icon: str
    verdict: str
    bottleneck: str
    next_step: str

    @classmethod
    def of(cls, a: AssetDiagnosis) -> Head:
        """That of an asset."""
        said = (wording.VERDICTS[a.verdict], wording.sentence(a.bottleneck), wording.sentence(a.next_step))
        return cls(wording.asset(a), a.verdict.replace(" ", "-"), *said)


def compare(asked: Asked) -> Response:
    """Two assets side by side; without a choice, the two with most to recover."""
    served, query = asked.served, asked.request.query_params
    found = served.diagnosis()
    rows = portfolio_view(served).rows
    if len(rows) < 2:
        return asked.page("compare.html.j2", rows=rows, pair=(), groups=())
    chosen = [query.get("a", "") or rows[0].address, query.get("b", "") or rows[1].address]
    first, second = (served.asset(c, found) for c in chosen)
    groups = [(title, lines) for title, lines in _groups(found, first, second) if lines]
    pair = [Head.of(a) for a in (first, second)]
    return asked.page("compare.html.j2", rows=rows, chosen=chosen, pair=pair, groups=groups)


def _groups(found: Diagnosis, a: AssetDiagnosis, b: AssetDiagnosis) -> list[tuple[str, list[Both]]]:
    return [
        ("What each path is worth", _paths(a, b)),
        ("Margin lost a year", _losses(found, a, b)),
        ("Readings", _readings(a, b)),
        ("Six signals and four tests", _signals(a, b)),
    ]


_NONE = wording.Said("–", "")


def _paths(a: AssetDiagnosis, b: AssetDiagnosis) -> list[Both]:
    sides = [{p.path: p for p in x.paths} for x in (a, b)]
    rows = []
    for path in dict.fromkeys([*sides[0], *sides[1]]):
        told = [wording.said(s[path].value) if path in s else _NONE for s in sides]
        rows.append(Both(wording.VERDICTS[path], told[0], told[1]))
        sure = [wording.Said(wording.chance(s[path].chance), "") if path in s else _NONE for s in sides]
        rows.append(Both(f"Chance that {wording.VERDICTS[path].lower()} is best", sure[0], sure[1]))
    return rows


def _losses(found: Diagnosis, a: AssetDiagnosis, b: AssetDiagnosis) -> list[Both]:
    rows = []
    for wall, title in (("inside", "Inside our walls"), ("between", "Between walls")):
        sums = [evidence_words.lost(x, wall) for x in (a, b)]  # type: ignore[arg-type]
        told = [_NONE if s is None else wording.said(s) for s in sums]
        rows.append(Both(title, told[0], told[1]))
        sides = [{s.stage: s for s in evidence_words.losses_of(x, wall)} for x in (a, b)]  # type: ignore[arg-type]
        for stage in dict.fromkeys([*sides[0], *sides[1]]):
            each = [wording.said(s[stage].amount) if stage in s else _NONE for s in sides]
            rows.append(Both(f"· {wording.stage(stage)}", each[0], each[1]))
    return rows if found.currency and (a.losses or b.losses) else []


def _readings(a: AssetDiagnosis, b: AssetDiagnosis) -> list[Both]:
    sides = [{r.name: r for r in x.readings} for x in (a, b)]
    names = [n for n in dict.fromkeys([*sides[0], *sides[1]]) if not all(_refused(s.get(n)) for s in sides)]
    return [
        Both(
            wording.plain((sides[0].get(n) or sides[1][n]).label),
            *(wording.said(s[n].figure) if n in s else _NONE for s in sides),
        )
        for n in names
    ]  # fmt: skip


def _refused(reading: object) -> bool:
    return reading is None or isinstance(getattr(reading, "figure", None), Refusal)


def _signals(a: AssetDiagnosis, b: AssetDiagnosis) -> list[Both]:
    other = {s.name: s for s in b.signals}
    return [
        Both(s.label, _lean(s.lean, s.how), _lean(other[s.name].lean, other[s.name].how))
        for s in a.signals
        if s.name in other
    ]


def _lean(lean: str, how: str) -> wording.Said:
    return wording.Said(lean, "" if how == "unknown" else how)
