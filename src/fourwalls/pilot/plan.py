"""The plan of a pilot, written down and frozen before it starts: nobody can move the goal afterwards unseen."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fourwalls.errors import PlanError
from fourwalls.pilot.methods import METHODS, Method

Path_ = Literal["orchestrate", "operate"]
FORMAT = 1
PLAN_FILE, HISTORY_FILE, RECORD_FILE = "plan.json", "history.csv", "record.json"


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """What is believed, where it comes from.

    Attributes:
        path: orchestrate (coordinate partners) or operate (fix it inside): what is tried.
        stage, party: Where value is believed to be trapped, and with whom; "" if the chain was not asked.
        lift: Expected effect as a share of the outcome; None if nobody would say.
        words: The hypothesis in a sentence.
    """

    path: Path_
    stage: str
    party: str
    lift: float | None
    words: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A pilot as it is to be run and judged.

    Attributes:
        hypothesis: What is believed.
        unit, time, outcome: Names of the columns.
        treated, controls, exposed: Names of units; exposed ones are neither.
        length: Periods the pilot runs.
        most_length: Periods it may be extended to.
        looks: Periods after which one may look in between, in order; the end is not among them.
        method: Method that judges.
        level: Coverage over all looks together.
        smallest_worth: Smallest effect worth scaling [outcome]; negative where a fall is wanted.
        detectable: Minimum detectable effect with power 0.8 [outcome].
        expected: Expected effect [outcome]; None if nobody would say.
        power: Chance of calling the expected effect; None without one.
        false_positive_share: Share of placebo windows that would have called an effect.
        windows: How many windows that rests on.
        guardrails: Columns that must not suffer, and how far they may move.
        unit_value, currency: Money for one unit of outcome; None if not given.
        rules: The decision rule in sentences, in order.
        stop_rules: When to stop before the end.
        seed: Of the placebo draws.
        history_sha256: Of the history the plan was made from.
        start_name: The first treated period as given; "" where it is the next after the history.
    """

    hypothesis: Hypothesis
    unit: str
    time: str
    outcome: str
    treated: tuple[str, ...]
    controls: tuple[str, ...]
    exposed: tuple[str, ...]
    start_name: str
    length: int
    most_length: int
    looks: tuple[int, ...]
    method: Method
    level: float
    smallest_worth: float
    detectable: float
    expected: float | None
    power: float | None
    false_positive_share: float
    windows: int
    guardrails: tuple[tuple[str, float], ...]
    unit_value: float | None
    currency: str
    rules: tuple[str, ...]
    stop_rules: tuple[str, ...]
    seed: int
    history_sha256: str

    @property
    def sha256(self) -> str:
        """Hash of everything in the plan: the seal under which it is frozen."""
        return hashlib.sha256(_canonical(dataclasses.asdict(self)).encode()).hexdigest()


def _canonical(content: dict[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def dumps(plan: Plan) -> str:
    """The plan as a file, sealed."""
    content = {"format": FORMAT, "sha256": plan.sha256, "plan": dataclasses.asdict(plan)}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def refuse_to_replace(folder: Path, plan: Plan, *, may_replace: bool) -> None:
    """A frozen plan gives way only to one that says so, and to none once it has been judged.

    Args:
        folder: Where the plan is to be written.
        plan: The plan.
        may_replace: Whether another plan that is there may be replaced.

    Raises:
        PlanError: There is another plan.
    """
    file = folder / PLAN_FILE
    if not file.is_file() or f'"{plan.sha256}"' in file.read_text("utf-8", errors="replace"):
        return
    if (folder / RECORD_FILE).is_file():
        raise PlanError(
            f"'{file}' is frozen, and what it led to is on record: it is not replaced.",
            "Name another folder with --out.",
        )
    if not may_replace:
        raise PlanError(
            f"'{file}' holds another frozen plan.",
            "Name another folder with --out; or add --replace, if that pilot has not started.",
        )


def read_plan(path: str | Path) -> Plan:
    """A frozen plan, from its file or the folder it is in.

    Raises:
        PlanError: There is none, or it was changed after it was frozen.
    """
    file = Path(path)
    file = file / PLAN_FILE if file.is_dir() else file
    if not file.is_file():
        raise PlanError(f"There is no plan '{file.name}'.", "Make one with `fourwalls pilot design`.")
    try:
        content = json.loads(file.read_text("utf-8"))
        inner = dict(content["plan"])
        seal = content["sha256"]
        plan = _plan(inner)
    except (ValueError, KeyError, TypeError) as error:
        raise PlanError(
            f"'{file.name}' is no plan of a pilot: {error}.", "Use the file that `fourwalls pilot design` wrote."
        ) from None
    if plan.sha256 != seal:
        raise PlanError(
            f"'{file.name}' was changed after it was frozen: its content has hash {plan.sha256[:12]}…, its seal says {str(seal)[:12]}….",
            "Put back the frozen file, or make a new plan and say that it is new.",
        )
    return plan


def _plan(inner: dict[str, Any]) -> Plan:
    names = {f.name for f in dataclasses.fields(Plan)}
    if set(inner) != names:
        raise ValueError(f"its entries are not those of a plan, see {', '.join(sorted(names ^ set(inner)))}")
    if inner["method"] not in METHODS:
        raise ValueError(f"method '{inner['method']}' is not known")
    tuples = {
        k: tuple(tuple(v) if isinstance(v, list) else v for v in value)
        for k, value in inner.items()
        if isinstance(value, list)
    }
    return Plan(**{**inner, **tuples, "hypothesis": Hypothesis(**inner["hypothesis"])})
