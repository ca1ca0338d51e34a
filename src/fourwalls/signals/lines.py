"""The ten lines of the diagnostic for one asset: what was measured, what people judge, and where they differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fourwalls.answers import QUESTIONS, Question, judged_line, threshold, told
from fourwalls.diagnosis import Judged, SignalReading
from fourwalls.portfolio import Portfolio
from fourwalls.signals import (
    channel_complexity,
    disconnected_data,
    facing,
    governing,
    partners,
    scale,
    speed,
    status_work,
    steady_demand,
    waste,
)  # fmt: skip
from fourwalls.signals.leaning import About, Found
from fourwalls.signals.material import Material

_Line = tuple[About, Callable[[Material, Portfolio], Found]]
LINES: dict[str, _Line] = {
    "steady_demand": (steady_demand.ABOUT, steady_demand.measure),
    "channel_complexity": (channel_complexity.ABOUT, channel_complexity.measure),
    "status_work": (status_work.ABOUT, status_work.measure),
    "disconnected_data": (disconnected_data.ABOUT, disconnected_data.measure),
    "waste": (waste.ABOUT, waste.measure),
    "partners": (partners.ABOUT, partners.measure),
    "scale": (scale.ABOUT, scale.measure),
    "speed": (speed.ABOUT, speed.measure),
    "facing": (facing.ABOUT, facing.measure),
    "governance": (governing.ABOUT, governing.measure),
}
"""Question → what is said of it, and how it is measured."""


def ten_lines(
    material: Material, portfolio: Portfolio, judged: Mapping[str, Judged] | None = None
) -> tuple[SignalReading, ...]:
    """The six signals and four tests of one asset, in the order they are asked.

    An answer never takes the place of a measurement: it is shown beside it, and stands alone only where nothing is measured.

    Args:
        material: What was measured of the asset.
        portfolio: With its thresholds.
        judged: What people answered about it, from `answers.judged_answers`.
    """
    answers = judged or {}
    return tuple(_line(q, material, portfolio, answers.get(q.name)) for q in QUESTIONS)


def _line(q: Question, material: Material, portfolio: Portfolio, answer: Judged | None) -> SignalReading:
    about, measure = LINES[q.name]
    found = measure(material, portfolio)
    thresholds = tuple(threshold(name, portfolio) for name in found.thresholds)
    is_answered = answer is not None and answer.respondents > 0
    if found.lean == "cannot tell" and is_answered:
        alone = judged_line(q, answer, portfolio)
        because = f"Not measured: {found.because}. Judged: {alone.because}"
        return SignalReading(
            q.name, q.label, q.kind, "judged", alone.lean, alone.strength, _sentence(because), about.direction, about.formula,
            about.needs, found.readings, (*thresholds, *alone.thresholds), answer,
        )  # fmt: skip
    is_measured = found.lean != "cannot tell"
    differs = is_measured and is_answered and answer is not None and answer.lean != found.lean
    because = found.because
    if differs and answer is not None:
        because += f". People see it otherwise: {told(answer)}, which leans to {answer.lean}"
    return SignalReading(
        q.name, q.label, q.kind, "measured" if is_measured else "unknown", found.lean, found.strength, _sentence(because),
        about.direction, about.formula, about.needs, found.readings, thresholds, answer, differs,
    )  # fmt: skip


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text and not text.endswith(".") else f"{text[:1].upper()}{text[1:]}"
