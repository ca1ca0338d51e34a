"""What was predicted beside what was measured, kept in a file beside the plan: a prediction counts once it has been held to account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fourwalls.errors import PlanError
from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.pilot.plan import RECORD_FILE, Plan
from fourwalls.pilot.result import Evaluation

FORMAT = 1


def recorded(folder: Path, plan: Plan, found: Evaluation) -> str:
    """The record with this evaluation in it, as the text of its file.

    One entry for each number of periods since the start; an evaluation of as many periods takes the place of the earlier one.

    Args:
        folder: Where the record is kept.
        plan: The frozen plan.
        found: What has been measured.

    Raises:
        PlanError: The record there is of another plan, or cannot be read.
    """
    entries = [e for e in _earlier(folder / RECORD_FILE, plan) if e["periods"] != found.periods_after]
    entries.append(_entry(plan, found))
    content = {
        "format": FORMAT,
        "plan": plan.sha256,
        "hypothesis": plan.hypothesis.words,
        "path": plan.hypothesis.path,
        "stage": plan.hypothesis.stage,
        "party": plan.hypothesis.party,
        "outcome": plan.outcome,
        "treated": list(plan.treated),
        "looks": sorted(entries, key=lambda e: int(e["periods"])),
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _earlier(file: Path, plan: Plan) -> list[dict[str, Any]]:
    if not file.is_file():
        return []
    try:
        content = json.loads(file.read_text("utf-8"))
        looks: list[dict[str, Any]] = [{**e, "periods": int(e["periods"])} for e in content["looks"]]
        kept = content["plan"]
    except (ValueError, KeyError, TypeError) as error:
        raise PlanError(
            f"'{file.name}' is no record of a pilot: {error}.", "Move it away; a new one is written."
        ) from None
    if kept != plan.sha256:
        raise PlanError(f"'{file.name}' belongs to another plan.", "Name another folder with --out.")
    return looks


def _entry(plan: Plan, found: Evaluation) -> dict[str, Any]:
    effect = found.effect
    covered = None
    if isinstance(effect, Estimate) and plan.expected is not None:
        covered = effect.low <= plan.expected <= effect.high
    return {
        "periods": found.periods_after,
        "predicted": plan.expected,
        "measured": _plain(effect),
        "predicted_is_in_range": covered,
        "predicted_money": _predicted_money(plan, found),
        "measured_money": None if found.worth is None else _plain(found.worth),
        "method": found.chosen,
        "p_value": found.p_value,
        "verdict": None if found.verdict is None else found.verdict.answer,
        "sentence": None if found.verdict is None else found.verdict.sentence,
    }


def _predicted_money(plan: Plan, found: Evaluation) -> float | None:
    if plan.expected is None or plan.unit_value is None:
        return None
    return plan.expected * plan.unit_value * len(found.treated) * found.periods_after


def _plain(figure: Figure) -> dict[str, Any]:
    if isinstance(figure, Refusal):
        return {"refusal": figure.because}
    return {"value": figure.value, "low": figure.low, "high": figure.high, "unit": figure.unit, "level": figure.level}
