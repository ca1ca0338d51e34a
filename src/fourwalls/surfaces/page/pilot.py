"""Design sheet and result sheet of a pilot: one view, written as HTML and as PDF."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.pilot.design import Design
from fourwalls.pilot.methods import LABELS
from fourwalls.pilot.result import Evaluation, MethodResult
from fourwalls.pilot.told import number, p_value
from fourwalls.surfaces import wording
from fourwalls.surfaces.page import plots

_PACKAGE = "fourwalls.surfaces.page"
_MOST_NAMES, _MOST_ROWS = 4, 8
_MARKS = {True: "ok", False: "no", None: "open"}
_STATES = {"held": True, "breached": False, "unsure": None}


@dataclass(frozen=True, slots=True)
class Tile:
    """A short answer under the headline."""

    question: str
    answer: str
    note: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A drawing with what it shows."""

    title: str
    legend: str
    svg: str


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a list: mark is ok, no, open, or "" for none."""

    mark: str
    strong: str
    text: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A titled list."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A titled table; `strong` is the row that counts, −1 for none."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: int
    note: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything a sheet may write.

    Attributes:
        kind, title, about: The headline.
        tone: good, bad, or open: the colour of the answer.
        answer, because: The answer in a few words, and in a sentence.
        tiles, plots, tables, lists: What it rests on.
        footer: The small print.
    """

    kind: str
    title: str
    about: str
    tone: str
    answer: str
    because: str
    tiles: tuple[Tile, ...]
    plots: tuple[Plot, ...]
    tables: tuple[Grid, ...]
    lists: tuple[Listing, ...]
    footer: tuple[str, ...]


def render(found: Evaluation | Design) -> str:
    """The sheet as one self-contained HTML document: no script, no request."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return _write(found, style_hash=digest, whole=True)


def fragment(found: Evaluation | Design) -> str:
    """The sheet as a piece of HTML, for a notebook."""
    return _write(found, style_hash="", whole=False)


def _write(found: Evaluation | Design, *, style_hash: str, whole: bool) -> str:
    template = _templates().get_template("pilot.html.j2")
    style = Markup(_style())  # noqa: S704 - our own file
    return template.render(sheet=_sheet(found), style=style, style_hash=style_hash, whole=whole)


def pdf(found: Evaluation | Design) -> bytes:
    """The sheet as PDF. All text goes to the typesetter as data, none as markup."""
    import typst

    source = files(_PACKAGE).joinpath("pilot.typ").read_bytes()
    made: bytes = typst.compile(
        source, format="pdf", ignore_system_fonts=True, sys_inputs={"sheet": json.dumps(asdict(_sheet(found)))}
    )
    return made


def _style() -> str:
    folder = files(_PACKAGE)
    return folder.joinpath("page.css").read_text("utf-8") + folder.joinpath("pilot.css").read_text("utf-8")


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader(_PACKAGE, ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["drawn"] = Markup
    return made


def _sheet(found: Evaluation | Design) -> Sheet:
    return _result(found) if isinstance(found, Evaluation) else _design(found)


def _num(value: float) -> str:
    return number(value).replace("-", wording.MINUS)


def _share(value: float) -> str:
    return f"{100 * value:+.1f} %".replace("-", wording.MINUS)


def _said(figure: Figure, *, share: bool = False) -> tuple[str, str]:
    """A figure and its range; of a refusal, "not known" and the reason."""
    if isinstance(figure, Refusal):
        return "not known", figure.because
    write = _share if share else _num
    return write(figure.value), f"{write(figure.low)} to {write(figure.high)}"


def _plain(text: object) -> str:
    return wording.plain(str(text))


def _prose(text: str) -> str:
    """A sentence with typographic minus signs and a space before the per cent sign, beginning with a capital."""
    signed = re.sub(r"(?<![\w.])-(?=\d)", wording.MINUS, wording.plain(text))
    spaced = wording.prose(re.sub(r"(?<=\d)%", " %", signed))
    return spaced[:1].upper() + spaced[1:]


def _names(names: Sequence[str], most: int = _MOST_NAMES) -> str:
    shown = ", ".join(_plain(n) for n in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def _result(found: Evaluation) -> Sheet:
    answer = found[found.chosen]
    outcome = _plain(found.outcome)
    since = (
        _plain(found.starts[0])
        if len(found.starts) == 1
        else f"{_plain(found.starts[0])} to {_plain(found.starts[-1])}"
    )
    headline, because, tone = _headline(found, answer)
    return Sheet(
        kind="Pilot result",
        title=f"{outcome}: {_names(found.treated)}",
        about=f"treated from {since} · {found.controls} controls · {found.periods_before} {'period' if found.periods_before == 1 else 'periods'} before, {found.periods_after} after · ranges are {100 * found.level:.0f} % intervals",
        tone=tone,
        answer=headline,
        because=because,
        tiles=_result_tiles(found, answer),
        plots=_result_plots(found, outcome),
        tables=(_methods(found), *_weights(answer)),
        lists=(_checks(found), *_notes(found.notes)),
        footer=(
            f"fourwalls {version('fourwalls')}.",
            "Intervals are widened where a method sees an effect before the start.",
        ),
    )


def _headline(found: Evaluation, answer: MethodResult) -> tuple[str, str, str]:
    if found.verdict is not None:
        tone = {"scale orchestration": "good", "expand the inside fix": "good", "stop": "bad"}.get(
            found.verdict.answer, "open"
        )
        return (
            found.verdict.answer[0].upper() + found.verdict.answer[1:],
            _prose(found.verdict.sentence.partition(": ")[2]),
            tone,
        )
    if isinstance(answer.effect, Refusal):
        return "Cannot tell yet", f"{_plain(answer.effect.because)} {_plain(answer.effect.next_step)}", "open"
    value, interval = _said(answer.effect)
    lift = f", {_share(answer.lift.value)} of what would have been" if isinstance(answer.lift, Estimate) else ""
    clear = answer.effect.low > 0 or answer.effect.high < 0
    words = f"{value} {_plain(found.outcome)} per unit and {_plain(found.time)} ({interval}){lift}."
    return ("A clear effect" if clear else "No clear effect"), words, "good" if clear else "open"


def _result_tiles(found: Evaluation, answer: MethodResult) -> tuple[Tile, ...]:
    effect, lift, total = _said(answer.effect), _said(answer.lift, share=True), _said(answer.total)
    without = _said(found.counterfactual)
    tiles = [
        Tile(f"Effect per unit and {_plain(found.time)}", *effect),
        Tile(
            "Observed",
            _num(found.observed),
            f"without it {without[0]} ({without[1]})" if isinstance(found.counterfactual, Estimate) else "",
        ),
        Tile("Lift", *lift),
        Tile("In all", *total),
    ]
    if found.worth is not None:
        value, interval = _said(found.worth)
        unit = found.worth.unit if isinstance(found.worth, Estimate) else ""
        tiles.append(Tile("Worth", f"{value} {unit}".strip(), interval))
    if answer.p_value is not None:
        p = p_value(answer.p_value).removeprefix("= ")
        tiles.append(Tile("Chance of as much without effect", p, f"by {answer.inference}"))
    if found.verdict is not None and found.verdict.predicted is not None:
        tiles.append(Tile("Predicted", _num(found.verdict.predicted), f"measured {effect[0]}"))
    if found.treatment_on_treated is not None:
        tiles.append(Tile("On those that took part", *_said(found.treatment_on_treated)))
    if found.portfolio is not None:
        tiles.append(
            Tile(
                "Portfolio lift",
                _said(found.portfolio.portfolio)[0],
                f"units {_said(found.portfolio.units)[0]} + spill-over {_said(found.portfolio.spill_over)[0]}",
            )
        )
    return tuple(tiles)


def _result_plots(found: Evaluation, outcome: str) -> tuple[Plot, ...]:
    drawn = []
    single = [m for m in found.events if m.when is not None and m.observed is not None and m.counterfactual is not None]
    label = LABELS[found.chosen]
    if single:
        start = next((i for i, m in enumerate(single) if m.since == 0), None)
        svg = plots.paths(
            [_plain(m.when) for m in single],
            [m.observed or 0.0 for m in single],
            [m.counterfactual or 0.0 for m in single],
            start,
            _plain(found.time),
            f"{outcome}: treated and counterfactual",
        )
        drawn.append(
            Plot(
                "What happened, and what would have", f"Solid: the treated. Dashed: without the pilot, by {label}.", svg
            )
        )
    band = (
        f"The band is its {100 * found.level:.0f} % range, by {found.band}." if found.band else "No range can be given."
    )
    svg = plots.events(
        [(m.since, m.gap, m.low, m.high) for m in found.events], "periods since the start", "Event study"
    )
    drawn.append(
        Plot("Effect by period", f"Treated minus counterfactual; before the start it should hug zero. {band}", svg)
    )
    added = [(m.since, m.total, m.total_low, m.total_high) for m in found.events if m.total is not None]
    if len(added) > 1:
        svg = plots.events(
            [(t, s or 0.0, low, high) for t, s, low, high in added], "periods since the start", "Effect added up"
        )
        drawn.append(Plot("Effect added up", f"Per treated unit, since the start. {band}", svg))
    return tuple(drawn)


def _methods(found: Evaluation) -> Grid:
    header = ("Method", "Effect", f"{100 * found.level:.0f} % range", "SE", "p", "Lift", "By")
    rows = []
    for m in found.methods:
        effect = _said(m.effect)
        if m.point is None:
            rows.append((m.label, "refused", effect[1], "", "", "", ""))
            continue
        p = "" if m.p_value is None else p_value(m.p_value).removeprefix("= ")
        lift = _share(m.lift.value) if isinstance(m.lift, Estimate) else ""
        rows.append(
            (
                m.label,
                _num(m.point),
                effect[1] if isinstance(m.effect, Estimate) else "",
                "" if m.se is None else _num(m.se),
                p,
                lift,
                m.inference,
            )
        )
    strong = next((i for i, m in enumerate(found.methods) if m.method == found.chosen), -1)
    conformal = (
        f" Conformal test of no effect, by the treated's own record: p {p_value(found.conformal_p)}."
        if isinstance(found.conformal_p, float)
        else ""
    )
    rank = found[found.chosen].rank_p
    permuted = (
        ""
        if rank is None
        else f" Permutation (error after over before the start, rank among placebos): p {p_value(rank)}."
    )
    return Grid(
        "All methods, side by side",
        header,
        tuple(rows),
        strong,
        f"{_prose(found.why)} {_prose(found.sure_by)}{conformal}{permuted}",
    )


def _weights(answer: MethodResult) -> tuple[Grid, ...]:
    if not answer.weights or len({round(w, 4) for _, w in answer.weights}) == 1:
        return ()
    rows = tuple((_plain(name), f"{100 * w:.0f} %") for name, w in answer.weights[:_MOST_ROWS])
    return (Grid("Compared with", ("Control", "Weight"), rows, -1, ""),)


def _checks(found: Evaluation) -> Listing:
    items = [Item(_MARKS[c.passed], c.name, _prose(f"{c.finding} {c.consequence}".strip())) for c in found.checks]
    for g in found.guardrails:
        value, interval = _said(g.effect)
        way = "fall" if g.tolerance <= 0 else "rise"
        items.append(
            Item(
                _MARKS[_STATES[g.state]],
                f"Guardrail {_plain(g.outcome)}: {g.state}",
                f"{value} ({interval}); it may {way} by {_num(abs(g.tolerance))}.",
            )
        )
    return Listing("Before you believe it", tuple(items))


def _notes(notes: Sequence[str]) -> tuple[Listing, ...]:
    return (Listing("What was done to the table", tuple(Item("", "", _prose(n)) for n in notes)),) if notes else ()


def _design(found: Design) -> Sheet:
    plan = found.plan
    headline, because, tone = _recommended(found)
    share = 100 * plan.detectable / found.level
    return Sheet(
        kind="Pilot design",
        title=_prose(plan.hypothesis.words),
        about=f"judged by {LABELS[plan.method]} · frozen as {plan.sha256[:12]} · ranges are {100 * plan.level:.0f} % intervals",
        tone=tone,
        answer=headline,
        because=because,
        tiles=(
            Tile("Treat", _names(plan.treated, 3), f"against {len(plan.controls)} controls"),
            Tile("For", f"{plan.length} periods", f"from {_plain(plan.start_name) or 'the next period'}, at most {plan.most_length}"),
            Tile("Would see", f"{share:.1f} %", f"{_num(plan.detectable)} {_plain(plan.outcome)}, four times in five"),
            *(() if plan.power is None else (Tile("Chance of seeing what is expected", f"{100 * plan.power:.0f} %", f"{_share(plan.hypothesis.lift or 0)} expected"),)),
            Tile("False alarms", f"{100 * plan.false_positive_share:.1f} %", f"of {plan.windows:,} placebo windows; allowed {100 * (1 - plan.level):.0f} %"),
        ),
        plots=_design_plots(found),
        tables=(_ways(found), _lengths(found), _candidates(found), *_controls(found)),
        lists=(
            Listing("Decided by, in this order", tuple(Item("", "", _prose(r)) for r in plan.rules)),
            Listing("Stopped before the end if", tuple(Item("", "", _prose(r)) for r in plan.stop_rules)),
            *_notes(found.notes),
        ),
        footer=(f"fourwalls {version('fourwalls')}. {_prose(found.why_method)}", f"Seal of the plan: {plan.sha256}"),
    )  # fmt: skip


def _recommended(found: Design) -> tuple[str, str, str]:
    plan, worth = found.plan, found.worth
    if not isinstance(worth, Refusal):
        word = {"act without a pilot": "Act without a pilot", "pilot": "Run the pilot", "do nothing": "Leave it"}[
            worth.recommendation
        ]
        return (
            word,
            f"{_prose(worth.sentence)} The change pays with a chance of {100 * worth.chance:.0f} % as believed now.",
            "good" if worth.recommendation != "do nothing" else "bad",
        )
    if plan.power is not None and plan.power < found.power_target:
        return (
            "Too weak for what is expected",
            f"It would miss the expected effect {100 * (1 - plan.power):.0f} times in a hundred. Treat more units, run longer, or choose a less noisy outcome.",
            "bad",
        )
    return (
        "Can be run",
        f"It would see {100 * plan.detectable / found.level:.1f} % or more. {_plain(worth.because)} {_plain(worth.next_step)}",
        "open",
    )


def _design_plots(found: Design) -> tuple[Plot, ...]:
    plan = found.plan
    side = -1 if found.curve[-1][0] < 0 else 1
    curve = plots.power(
        found.curve,
        found.power_target,
        side * plan.detectable / found.level,
        plan.hypothesis.lift,
        "Power by true effect",
    )
    names, observed, would = (
        [_plain(t) for t, _, _ in found.fit],
        [o for _, o, _ in found.fit],
        [w for _, _, w in found.fit],
    )
    fitted = plots.paths(names, observed, would, None, _plain(plan.time), "Treated and counterfactual over the history")
    return (
        Plot(
            "What it would see",
            f"Chance of calling an effect, by its size, for {plan.length} periods; measured on {plan.windows:,} placebo windows.",
            curve,
        ),
        Plot(
            "How well the controls follow",
            "Solid: the units to be treated. Dashed: their counterfactual, when nothing was done.",
            fitted,
        ),
    )


def _ways(found: Design) -> Grid:
    worth = found.worth
    if isinstance(worth, Refusal):
        return Grid(
            "Worth it?", ("", ""), (("Not known", ""),), -1, f"{_plain(worth.because)} {_plain(worth.next_step)}"
        )
    rows = (
        ("Act without a pilot", f"{worth.act:,.0f}".replace("-", wording.MINUS)),
        ("Pilot first", f"{worth.pilot:,.0f}".replace("-", wording.MINUS)),
        ("Do nothing", "0"),
    )
    strong = {"act without a pilot": 0, "pilot": 1, "do nothing": 2}[worth.recommendation]
    return Grid(
        "Worth it?",
        ("Way on", f"Expected {_plain(worth.currency)}"),
        rows,
        strong,
        f"Knowing more is worth {worth.information:,.0f}; the pilot costs {worth.cost:,.0f} and puts acting off by {found.plan.length} periods.",
    )


def _lengths(found: Design) -> Grid:
    has_power = any(r.power is not None for r in found.lengths)
    rows = tuple(
        (str(r.length), f"{100 * r.detectable_share:.1f} %", "" if r.power is None else f"{100 * r.power:.0f} %")
        if has_power
        else (str(r.length), f"{100 * r.detectable_share:.1f} %")
        for r in found.lengths
    )
    strong = next((i for i, r in enumerate(found.lengths) if r.length == found.plan.length), -1)
    header = ("Periods", "Would see", "Power") if has_power else ("Periods", "Would see")
    return Grid("How long", header, rows, strong, "")


def _candidates(found: Design) -> Grid:
    rows = tuple(
        (
            _names(c.units, 3),
            f"{100 * c.detectable_share:.1f} %",
            f"{100 * c.false_positive_share:.0f} %",
            _names(c.risks, 2) or "none",
        )
        for c in found.candidates[:_MOST_ROWS]
    )
    more = len(found.candidates) - _MOST_ROWS
    return Grid(
        "Where",
        ("Candidate", "Would see", "False alarms", "Not compared with"),
        rows,
        0,
        f"In {found.compared_at} periods." + (f" {more} more were looked at." if more > 0 else ""),
    )


def _controls(found: Design) -> tuple[Grid, ...]:
    if len({round(w, 4) for _, w in found.weights}) <= 1:
        return ()
    rows = tuple((_plain(name), f"{100 * w:.0f} %") for name, w in found.weights[:_MOST_ROWS] if w >= 0.005)
    return (Grid("Compared with", ("Control", "Weight"), rows, -1, ""),)
