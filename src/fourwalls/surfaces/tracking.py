"""Decisions, plans, the scoreboard and past verdicts in a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.register import Decision, Entry, Outcome, TaskPlan
from fourwalls.register.records import as_plain
from fourwalls.register.schedule import Schedule, slipped, told
from fourwalls.register.scoreboard import Score, Scoreboard
from fourwalls.register.scoring import PastVerdicts, Reliability, score
from fourwalls.surfaces.wording import chance, day, name, percent, plain, said

_KINDS = (("speed", "How fast we are"), ("outcome", "What came of it"), ("activity", "What was done (no result)"))
_MOST_TOLD = 90


def show_history(entries: Sequence[Entry], *, as_json: bool) -> None:
    """Entry by entry, in the order they were kept; with `as_json`, one a line."""
    if as_json:
        for entry in entries:
            Console(soft_wrap=True, highlight=False, markup=False).print(
                json.dumps(as_plain(entry), ensure_ascii=False)
            )
        return
    table = _table("", "when (UTC)", "who", "what", "about", "version", "")
    for e in entries:
        row = (str(e.seq), e.at[:19].replace("T", " "), name(e.who), e.kind, name(e.key), str(e.version), _words(e))
        table.add_row(*row)
    Console().print(table if entries else Text("Nothing is written yet."))


def _words(entry: Entry) -> str:
    """What an entry says, in short."""
    c = entry.content
    if entry.kind == "run":
        return plain(f"{c['portfolio']}, {c['period']['start']} to {c['period']['end']}, {len(c['verdicts'])} assets")
    words = (f"{k}: {v}" for k, v in c.items() if isinstance(v, str) and v and k not in ("asset", "sha256", "task"))
    return plain("; ".join(words))[:_MOST_TOLD]


def show_status(decided: Sequence[Decision], plans: Sequence[tuple[TaskPlan, Schedule]]) -> None:
    """What is decided, and how far each plan is."""
    out = Console()
    if decided:
        table = _table("Decided", "verdict", "diagnosis said", "who", "when (UTC)", "why")
        for d in decided:
            proposed = d.proposed if d.is_overruled else "the same"
            table.add_row(name(d.asset), d.verdict, proposed, name(d.who), d.at[:10], plain(d.why)[:_MOST_TOLD])
        out.print(table)
    for plan, schedule in plans:
        out.print(_tasks(plan, schedule))
        for sentence in plan_told(plan, schedule):
            out.print(Text(sentence))
    if not decided and not plans:
        out.print(Text("Nothing is decided or planned yet."))


def _tasks(plan: TaskPlan, schedule: Schedule) -> Table:
    table = _table(name(plan.asset), "owner", "state", "planned until", "expected", "decides the end in")
    slips = {s.task: s for s in schedule.slips}
    for m in plan.milestones:
        slip = slips.get(m.task.id)
        days = (
            (day(slip.planned_on), day(slip.expected_on), percent(round(slip.critical_share, 2)))
            if slip
            else ("–", "–", "–")
        )
        table.add_row(plain(m.task.title), plain(m.owner) or "nobody", m.state, *days)
    return table


def plan_told(plan: TaskPlan, schedule: Schedule) -> list[str]:
    """When a plan ends, and which task made it slip, in sentences."""
    titles = {m.task.id: plain(m.task.title) for m in plan.milestones}
    if all(m.state in ("done", "dropped") for m in plan.milestones):
        end = f"Ended {day(schedule.p50_on)}; planned: {day(schedule.planned_on)}."
    else:
        end = (
            f"Planned to end {day(schedule.planned_on)}, which it does with a chance of {chance(schedule.on_time_chance)}; "
            f"by {day(schedule.p50_on)} in half, by {day(schedule.p80_on)} in four of five cases."
        )
    if isinstance(schedule.factor, Estimate):
        rest = f"Tasks took {said(schedule.factor)} times the days planned so far ({schedule.learnt_from} done)."
    else:
        rest = f"That is how plans go elsewhere (four tasks in ten end on their day): no task of yours is done yet. To be safe, promise {day(schedule.p80_on)}."
    return [end, rest, *(f"{told(s, titles)}." for s in slipped(schedule.slips))]


def show_scoreboard(board: Scoreboard) -> None:
    """Speed and outcomes with baseline, now, target, change and trend; activity apart; refusals under them."""
    out = Console()
    title = name(board.asset) if board.asset else "The whole portfolio"
    out.print(
        Text(
            f"{title}: run {board.baseline.id} (until {day(board.baseline.end)}) against run {board.now.id} (until {day(board.now.end)})",
            "bold",
        )
    )
    if board.shared > 0 and board.baseline.id != board.now.id:
        out.print(
            Text(f"{percent(board.shared)} of the days are in both: changes are damped by so much.", "bright_black")
        )
    for kind, words in _KINDS:
        shown = [s for s in board.of(kind) if isinstance(s.now, Estimate)]
        if shown:
            out.print(_scores(words, shown, is_whole=board.asset is None))
    if any(s.moved in ("better", "worse") for s in board.scores):
        words = "Of measures that did not move, one in ten is called better or worse by luck."
        out.print(Text(words, "bright_black"))
    missing = [s for s in board.scores if isinstance(s.now, Refusal)]
    for s in missing:
        assert isinstance(s.now, Refusal)  # noqa: S101 - the line above
        out.print(
            Text(f"{s.measure.label}: not known, {plain(s.now.because)} → {plain(s.now.next_step)}", "bright_black")
        )
    trends = {s.trend.because for s in board.scores if isinstance(s.trend, Refusal) and isinstance(s.now, Estimate)}
    for because in sorted(trends):
        out.print(Text(f"No trend: {plain(because)}.", "bright_black"))


def _scores(title: str, scores: Sequence[Score], *, is_whole: bool) -> Table:
    columns = ["baseline", "now", "target", "change", "trend, 30 days"]
    table = _table(title, *columns, *([] if is_whole else ["portfolio's change"]))
    for s in scores:
        target = "–" if s.target is None else str(said(_bare(s.target, s.now))) + _reached(s)
        row = [_figure(s.baseline), _figure(s.now), target, _change(s), _moved(s.trend)]
        table.add_row(s.measure.label, *row, *([] if is_whole else [_moved(s.portfolio_change)]))
    return table


def _bare(value: float, like: Figure) -> Estimate:
    return Estimate(value, value, value, like.unit if isinstance(like, Estimate) else "")


def _reached(score_: Score) -> str:
    return {True: " (reached)", False: " (missed)", None: ""}[score_.is_reached]


def _change(score_: Score) -> str:
    return f"{_moved(score_.change)} {score_.moved}" if isinstance(score_.change, Estimate) else "–"


def _moved(change: Figure) -> str:
    """A change as it is read aloud; of a share, in points."""
    text = _figure(change)
    return text.replace(" %", " points") if isinstance(change, Estimate) and change.unit == "share" else text


def _figure(figure: Figure) -> str:
    return str(said(figure)) if isinstance(figure, Estimate) else "–"


def show_past(outcomes: Sequence[Outcome]) -> None:
    """What was measured beside what was predicted."""
    table = _table(
        "Past verdicts", "path", "predicted", "measured", "too high by", "inside its range", "chance we gave", "best"
    )
    for c in score(outcomes).compared:
        o = c.outcome
        inside = {True: "yes", False: "no", None: "–"}
        stated = "–" if o.stated_chance is None else chance(o.stated_chance)
        row = (
            _figure(o.predicted),
            _figure(o.measured),
            _figure(c.error),
            inside[c.is_inside],
            stated,
            inside[o.is_best],
        )
        table.add_row(name(o.asset), o.path, *row)
    Console().print(table)


def show_past_verdicts(past: PastVerdicts) -> None:
    """All past verdicts, and whether our chances were true; what cannot be said yet, and why."""
    out = Console()
    if not past.compared:
        out.print(Text("No outcome of a decision is recorded yet: fourwalls track outcome."))
        return
    show_past([c.outcome for c in past.compared])
    for words, figure in (
        ("Predictions were too high by", past.bias),
        ("Measured inside the predicted range:", past.inside),
    ):
        refused = f"not known: {plain(figure.because)}" if isinstance(figure, Refusal) else str(said(figure))
        out.print(Text(f"{words} {refused}"))
    if isinstance(past.chances, Refusal):
        out.print(Text(f"Whether our chances were true: not known: {plain(past.chances.because)}"))
    else:
        _show_chances(past.chances, out)


def _show_chances(found: Reliability, out: Console) -> None:
    b = found.brier
    parts = (
        f"untrue {found.reliability:.3f} − telling apart {found.resolution:.3f} + as uncertain as it is {found.uncertainty:.3f}"
        f" + within bins {found.within:.3f}"
    )
    out.print(Text(f"Brier score of our chances: {b.value:.3f} ({b.low:.3f}–{b.high:.3f}; 0 is perfect) = {parts}."))
    table = _table("We said", "cases", "it came true")
    for one in found.bins:
        table.add_row(f"{percent(one.low)} to {percent(one.high)}", str(one.n), str(said(one.happened)))
    out.print(table)
    doubt = (
        "are not what happened"
        if found.calibration_p < 0.05
        else "agree with what happened, as far as so few cases tell"
    )
    out.print(Text(f"Our chances {doubt} (p = {found.calibration_p:.3f})."))


def _table(*titles: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in titles:
        table.add_column(title)
    return table
