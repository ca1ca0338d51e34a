"""A result in plain text: the figures first, then what they rest on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.pilot.methods import LABELS
from fourwalls.pilot.result import Evaluation, MethodResult

if TYPE_CHECKING:
    from fourwalls.pilot.design import Design

_MARKS = {True: "ok", False: "NO", None: "?"}
_MOST_NAMES = 4


def number(value: float) -> str:
    """A number with as many digits as one can use: 4 significant, thousands with commas."""
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    decimals = 1 if size >= 100 else 2 if size >= 10 else 3 if size >= 1 else 4
    return f"{value:.{decimals}f}" if size >= 1e-4 or size == 0 else f"{value:.2e}"


def signed(value: float) -> str:
    """The same with its sign."""
    return number(value) if value < 0 else f"+{number(value)}"


def p_value(value: float) -> str:
    """A p-value with three decimals: "= 0.302", or "< 0.001"."""
    return "< 0.001" if value < 0.001 else f"= {value:.3f}"


def figure(found: Figure, *, share: bool = False, unit: bool = False) -> str:
    """A figure with its range, or why it is refused."""
    if isinstance(found, Refusal):
        return f"refused: {found.because}"
    write = (lambda v: f"{v:+.1%}") if share else number
    after = f" {found.unit}" if unit else ""
    return f"{write(found.value)}{after} ({write(found.low)} to {write(found.high)})"


def told(result: Evaluation) -> str:
    """The whole result as text."""
    lines = [_head(result), ""]
    if result.verdict is not None:
        lines += [f"Verdict    {result.verdict.answer.upper()}: {result.verdict.sentence}", ""]
    chosen = result[result.chosen]
    p = "" if chosen.p_value is None else f", p {p_value(chosen.p_value)}"
    lines += [
        f"Effect     {_effect(result)}, {chosen.label}{p}",
        f"Observed   {number(result.observed)}, without it {figure(result.counterfactual)}",
        f"Lift       {figure(chosen.lift, share=True)}",
        f"In all     {figure(chosen.total)}",
    ]
    if result.worth is not None:
        lines.append(f"Worth      {figure(result.worth, unit=True)}")
    if result.treatment_on_treated is not None:
        lines.append(f"On takers  {figure(result.treatment_on_treated)}")
    if result.portfolio is not None:
        lift = result.portfolio
        lines.append(
            f"Portfolio  {figure(lift.portfolio)} = units {figure(lift.units)} + spill-over {figure(lift.spill_over)}"
        )
    lines.append(f"Why it     {result.why}")
    if result.sure_by:
        lines.append(f"How sure   {result.sure_by}")
    lines += ["", *_table(result)]
    if isinstance(result.conformal_p, float):
        lines.append(f"  Conformal test of no effect, by the treated's own record: p {p_value(result.conformal_p)}")
    if chosen.rank_p is not None:
        lines.append(
            f"  Permutation: error after over error before the start, rank among placebos: p {p_value(chosen.rank_p)}"
        )
    lines += ["", *(f"[{_MARKS[c.passed]:>2}] {c.name}: {c.finding} {c.consequence}".rstrip() for c in result.checks)]
    lines += [
        f"[{'ok' if g.state == 'held' else 'NO' if g.state == 'breached' else '?':>2}] Guardrail {g.outcome}: {g.state}, {figure(g.effect)}"
        for g in result.guardrails
    ]
    lines += [f"Note: {n}" for n in result.notes]
    return "\n".join(lines)


def _effect(result: Evaluation) -> str:
    said = figure(result.effect)
    if isinstance(result.effect, Refusal):
        return f"{said} {result.effect.next_step}"
    return f"{said} {result.outcome} per unit and {result.time}"


def _head(result: Evaluation) -> str:
    shown = ", ".join(result.treated[:_MOST_NAMES])
    more = len(result.treated) - _MOST_NAMES
    names = f"{shown} and {more} more" if more > 0 else shown
    since = f"{result.starts[0]}" if len(result.starts) == 1 else f"{result.starts[0]} to {result.starts[-1]}"
    return (
        f"Pilot on {result.outcome}: {names} from {since}; {result.controls} controls, "
        f"{result.periods_before} periods before, {result.periods_after} after; {result.level:.0%} intervals"
    )


def _table(result: Evaluation) -> list[str]:
    rows = [f"{'method':<38}{'effect':>12}{'from':>12}{'to':>12}{'SE':>10}{'p':>8}{'lift':>9}  by"]
    rows += [_row(m, is_chosen=m.method == result.chosen) for m in result.methods]
    return rows


def _row(m: MethodResult, *, is_chosen: bool) -> str:
    name = f"{'>' if is_chosen else ' '} {m.label}"
    if m.point is None and isinstance(m.effect, Refusal):
        return f"{name:<38}refused: {m.effect.because}"
    low, high = (number(m.effect.low), number(m.effect.high)) if isinstance(m.effect, Estimate) else ("", "")
    se = "" if m.se is None else number(m.se)
    p = "" if m.p_value is None else p_value(m.p_value).removeprefix("= ")
    lift = f"{m.lift.value:+.1%}" if isinstance(m.lift, Estimate) else ""
    return f"{name:<38}{number(m.point or 0.0):>12}{low:>12}{high:>12}{se:>10}{p:>8}{lift:>9}  {m.inference}"


def told_design(found: Design) -> str:
    """A design as text."""
    plan = found.plan
    lines = [
        f"Pilot on {plan.outcome}: {plan.hypothesis.words}",
        "",
        f"Treat      {', '.join(plan.treated)}",
        f"Against    {len(plan.controls)} controls, by {LABELS[plan.method]}. {found.why_method}",
        f"Length     {plan.length} periods from {plan.start_name or 'the next period'}; at most {plan.most_length}; looks after {', '.join(map(str, plan.looks)) or 'the end only'}",
        f"Sees       {number(plan.detectable)} {plan.outcome} ({plan.detectable / found.level:.1%} of the level) with power {found.power_target:.0%}",
        f"False      {plan.false_positive_share:.1%} of {plan.windows} placebo windows would have called an effect (allowed {1 - plan.level:.0%})",
    ]
    if plan.power is not None:
        lines.append(f"Power      {plan.power:.0%} for the expected {plan.hypothesis.lift or 0:+.1%}")
    worth = found.worth
    if isinstance(worth, Refusal):
        lines.append(f"Worth      refused: {worth.because}")
    else:
        ways = f"act now {worth.act:,.0f}, nothing 0, pilot {worth.pilot:,.0f} {worth.currency} (information {worth.information:,.0f}, cost {worth.cost:,.0f})"
        lines += [f"Worth      {worth.sentence}", f"           {ways}"]
    lines += ["", f"{'length':>8}{'detectable':>14}{'share':>9}{'power':>8}"]
    lines += [
        f"{r.length:>8}{number(r.detectable):>14}{r.detectable_share:>9.1%}{'' if r.power is None else f'{r.power:.0%}':>8}"
        for r in found.lengths
    ]
    lines += ["", f"Candidates by what they would see in {found.compared_at} periods, the most telling first:"]
    lines += [
        f"  {c.detectable_share:>7.1%}  {', '.join(c.units)}"
        + (f"  (not against {', '.join(c.risks[:3])})" if c.risks else "")
        for c in found.candidates[:8]
    ]
    lines += ["", "Decided by:", *(f"  {r}" for r in plan.rules), f"Sealed: {plan.sha256}"]
    lines += [f"Note: {n}" for n in found.notes]
    return "\n".join(lines)
