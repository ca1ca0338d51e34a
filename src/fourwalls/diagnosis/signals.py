"""Signals, tests and capabilities, measured or judged by people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fourwalls.diagnosis.follows import VerdictName
from fourwalls.figures import Figure, Reading

Lean = Literal["operate", "orchestrate", "neither", "cannot tell"]
How = Literal["measured", "judged", "unknown"]


@dataclass(frozen=True, slots=True)
class Judged:
    """What people answered to one question; an opinion, and shown as one.

    Attributes:
        question: Name of the signal or test.
        lean, strength: Which way the mean answer leans, and how far from the middle of the scale, 0-1.
        respondents: People who answered on the scale.
        unsure: People who said they do not know.
        mean, lowest, highest: Of the answers on the scale from 1 to 5; None where nobody answered on it.
        disagreement: Dissention of the answers, 0 (all alike) to 1 (half at either end); None with fewer than two.
        comments: (who, what), as they wrote it.
    """

    question: str
    lean: Lean
    strength: float
    respondents: int
    unsure: int
    mean: float | None
    lowest: int | None
    highest: int | None
    disagreement: float | None
    comments: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Threshold:
    """Where the lean of a signal or test changes.

    Attributes:
        name: The setting under [signals] in portfolio.toml.
        value: What it is.
        is_default: Whether nobody has set it.
        origin: What it means, and where the default comes from.
    """

    name: str
    value: float
    is_default: bool
    origin: str


@dataclass(frozen=True, slots=True)
class SignalReading:
    """One of the six signals or four tests in one asset.

    Attributes:
        name, label, kind: Which, as a leader reads it, and whether it is a "signal" or a "test".
        how: Whether the lean is measured, judged by people, or unknown.
        lean: Which path it speaks for.
        strength: How firmly, 0-1; 0 where it leans nowhere.
        because: Why, in a sentence with figures.
        direction: How the reading moves the lean, in words.
        formula: How it is calculated.
        needs: Records it is calculated from.
        readings: What was measured; the first decides.
        thresholds: Where the lean changes.
        judged: What people answered; None where nobody was asked.
        differs: Whether people see it otherwise than the records do.
    """

    name: str
    label: str
    kind: Literal["signal", "test"]
    how: How
    lean: Lean
    strength: float
    because: str
    direction: str
    formula: str
    needs: str
    readings: tuple[Reading, ...]
    thresholds: tuple[Threshold, ...]
    judged: Judged | None = None
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Capability:
    """How well one capability serves one asset, and in whose hands it is.

    Attributes:
        name, label: Which, e.g. "allocation".
        level: What it loses against its standard, in words; "unmeasured" where nothing was held to anything.
        hands: Who does it, by what it loses, else by volume; "unknown" where the records do not say.
        loss: Margin it loses as a share of the asset's revenue, or why that is not known.
        inside_share: Part of that (or of the volume) in our own hands, 0-1; None where unknown.
        reading: What the cell rests on, in words.
    """

    name: str
    label: str
    level: Literal["at standard", "below standard", "far below standard", "unmeasured"]
    hands: Literal["inside", "partner", "both", "unknown"]
    loss: Figure
    inside_share: float | None
    reading: str


@dataclass(frozen=True, slots=True)
class JudgedDiagnosis:
    """What follows from people's answers alone, where there are no records to measure.

    Attributes:
        asset: Name of the asset, or of the whole portfolio.
        verdict: Always "cannot tell yet": opinions name where to look, and carry no verdict about money.
        lean: Which way the answers lean together; "neither" where they are divided.
        certainty: 0-1, at most 0.5: opinions alone are never more than half of what a measurement would be (a choice).
        because: Why, in a sentence.
        counts: Lean → how many of the ten lines.
        lines: The ten lines.
        respondents: How many people answered.
        governed: Whether the answers say that rules with partners are clear; None where nobody said.
    """

    asset: str
    verdict: VerdictName
    lean: Lean
    certainty: float
    because: str
    counts: tuple[tuple[Lean, int], ...]
    lines: tuple[SignalReading, ...]
    respondents: int
    governed: bool | None
