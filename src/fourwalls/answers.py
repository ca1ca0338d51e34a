"""What people answer: ten questions, answers.csv, and the diagnosis that rests on opinion alone."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from fourwalls.diagnosis import Judged, JudgedDiagnosis, Lean, SignalReading, Threshold
from fourwalls.errors import AnswersError, did_you_mean, listed
from fourwalls.portfolio import Portfolio, SignalThresholds

FILE = "answers.csv"
COLUMNS = ("question", "asset", "respondent", "answer", "comment", "answered_on")
_NEEDED = ("question", "respondent", "answer")
LOWEST, HIGHEST = 1, 5
SCALE = "1 = not at all, 2 = hardly, 3 = partly, 4 = mostly, 5 = very much"
DO_NOT_KNOW = "don't know"
LONGEST_NAME, LONGEST_COMMENT = 80, 500
_MOST_BYTES, _MOST_ROWS = 5_000_000, 20_000
# Opinions alone are never surer than this.
_SUREST = 0.5
# With fewer of the ten lines answered, opinions together lean nowhere.
_LEAST_ANSWERED = 4


@dataclass(frozen=True, slots=True)
class Question:
    """One of the ten.

    Attributes:
        name, kind, label: The signal or test it asks about.
        text: As people are asked; 5 is full agreement.
        yes, no: Which path agreement and disagreement lean to.
    """

    name: str
    kind: Literal["signal", "test"]
    label: str
    text: str
    yes: Lean
    no: Lean


QUESTIONS = (
    Question(
        "steady_demand", "signal", "Stable demand, inconsistent service",
        "Customers order about as much as ever, yet how well we serve them goes up and down.", "operate", "neither",
    ),
    Question(
        "channel_complexity", "signal", "Growth capped by channel complexity",
        "We could sell more, but each further channel makes stock, prices and orders harder to keep straight.",
        "orchestrate", "neither",
    ),
    Question(
        "status_work", "signal", "Manual status work",
        "Our people spend much of their time asking, copying and passing on where things stand.",
        "orchestrate", "neither",
    ),
    Question(
        "disconnected_data", "signal", "Disconnected data",
        "The data we need exist, but in systems that do not talk to each other or do not agree.",
        "orchestrate", "neither",
    ),
    Question(
        "waste", "signal", "Avoidable operational waste",
        "We lose margin to things of our own making: errors, rework, write-offs, rush shipments, overtime.",
        "operate", "neither",
    ),
    Question(
        "partners", "signal", "Partners unlock growth",
        "There is demand we turn away that a partner could serve sooner than we could.", "orchestrate", "neither",
    ),
    Question(
        "scale", "test", "Scale",
        "If orders grew by a third tomorrow, the way we work today would carry it and earn at least as much on each.",
        "operate", "orchestrate",
    ),
    Question(
        "speed", "test", "Speed of decisions",
        "By the time the figures are in and somebody has decided, the moment to act has often passed.",
        "orchestrate", "neither",
    ),
    Question(
        "facing", "test", "Customer-facing or system-facing",
        "The trouble is in what customers see (content, prices, choice, promises) rather than behind the scenes.",
        "orchestrate", "operate",
    ),
    Question(
        "governance", "test", "Governance",
        "It is written down, and lived, who owns which data, who is called when something breaks, and who answers for what.",
        "neither", "operate",
    ),
)  # fmt: skip
"""The six signals and four tests as questions; which way each leans follows docs/evidence.md."""

NAMES = tuple(q.name for q in QUESTIONS)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one person said to one question.

    Attributes:
        question: Name of the question.
        respondent: Who.
        answer: From 1 to 5; None is "don't know".
        comment: In their own words; may be empty.
        answered_on: When; None if the file does not say.
        asset: About which asset, as the diagnosis names it; empty for the whole portfolio.
    """

    question: str
    respondent: str
    answer: int | None
    comment: str = ""
    answered_on: date | None = None
    asset: str = ""


def question(name: str) -> Question:
    """The question of that name; KeyError if there is none."""
    return {q.name: q for q in QUESTIONS}[name]


def read_answers(folder: Path) -> tuple[Answer, ...]:
    """What people answered, in the order of `folder`/answers.csv; nothing where there is no such file.

    Raises:
        AnswersError: The file is no CSV, or a row is none of what was asked; names the row.
    """
    path = folder / FILE
    if not path.is_file():
        return ()
    if path.stat().st_size > _MOST_BYTES:
        raise AnswersError(
            f"{FILE} has more than {_MOST_BYTES // 1_000_000} MB; ten answers a person need less.", "Correct it."
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise AnswersError(f"{FILE} is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from None
    return parse_answers(text)


def parse_answers(text: str) -> tuple[Answer, ...]:
    """The answers in the text of an answers.csv.

    Raises:
        AnswersError: As `read_answers`.
    """
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise AnswersError(f"{FILE} is no CSV: {error}.", "Save it as CSV with commas.") from None
    if len(rows) > _MOST_ROWS:
        raise AnswersError(f"{FILE} has {len(rows):,} rows; at most {_MOST_ROWS:,} are read.", "Correct it.")
    if not rows:
        raise AnswersError(f"{FILE} is empty.", f"Begin it with the header {','.join(COLUMNS)}, or delete it.")
    header = _header(rows[0])
    found: list[Answer] = []
    seen: dict[tuple[str, str, str], int] = {}
    for number, row in enumerate(rows[1:], 2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise AnswersError.at(
                number, f"has {len(row)} cells; the header has {len(header)}.", "Put texts with commas in quotes."
            )
        cells = dict(zip(header, row, strict=True))
        given = _answer(number, cells)
        key = (given.question, given.asset.casefold(), given.respondent.casefold())
        if key in seen:
            told = f"{given.respondent!r} answers '{given.question}' again (first in row {seen[key]})."
            raise AnswersError.at(number, told, "Keep one answer a person and question.")
        seen[key] = number
        found.append(given)
    return tuple(found)


def _header(cells: Sequence[str]) -> list[str]:
    names = [cell.strip() for cell in cells]
    for name in names:
        if name not in COLUMNS:
            told = f"there is no column '{name[:60]}'.{did_you_mean(name, COLUMNS)}"
            raise AnswersError.at(1, told, f"Columns: {listed(COLUMNS)}.")
    for name in COLUMNS:
        if names.count(name) > 1:
            raise AnswersError.at(1, f"column '{name}' stands there twice.", "Keep one.")
    for name in _NEEDED:
        if name not in names:
            raise AnswersError.at(
                1, f"column '{name}' is missing; found {listed(names)}.", f"Needed: {listed(_NEEDED)}."
            )
    return names


def _answer(number: int, cells: Mapping[str, str]) -> Answer:
    name = cells["question"].strip()
    if name not in NAMES:
        told = f"there is no question '{name[:60]}'.{did_you_mean(name, NAMES)}"
        raise AnswersError.at(number, told, f"Questions: {listed(NAMES)}.")
    respondent = safe_text(number, "respondent", cells["respondent"], LONGEST_NAME)
    if not respondent:
        raise AnswersError.at(number, "nobody is named as respondent.", "Name who answered; initials will do.")
    return Answer(
        name,
        respondent,
        _value(number, cells["answer"]),
        safe_text(number, "comment", cells.get("comment", ""), LONGEST_COMMENT),
        _day(number, cells.get("answered_on", "")),
        safe_text(number, "asset", cells.get("asset", ""), LONGEST_NAME * 2),
    )


def _value(number: int, text: str) -> int | None:
    plain = text.strip().casefold().replace("\u2019", "'")
    if plain == DO_NOT_KNOW:
        return None
    if plain.isascii() and plain.isdigit() and LOWEST <= int(plain[:6]) <= HIGHEST:
        return int(plain)
    told = f'answer is {text.strip()[:40]!r}; allowed: {LOWEST} to {HIGHEST} as whole numbers, or "{DO_NOT_KNOW}".'
    raise AnswersError.at(number, told, f"{SCALE}.")


def _day(number: int, text: str) -> date | None:
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        told = f"answered_on is {text.strip()[:40]!r}; allowed: a date such as 2026-03-01."
        raise AnswersError.at(number, told, "Correct it, or leave it empty.") from None


# What a spreadsheet would run (OWASP, CSV injection), and what a browser would take for markup. A dash before a space is prose.
_FORMULA = re.compile(r"^(?:[=@\t\r\n＝＠]|[+\-＋－](?!\s))")
# A browser takes "<" for markup only where a letter or sign follows at once.
_MARKUP = re.compile(r"<[A-Za-z/!?]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def safe_text(number: int, column: str, text: str, longest: int) -> str:
    """A name or comment as it was written; an apostrophe that guards a formula sign is taken off.

    Raises:
        AnswersError: It is a formula or markup, holds control characters, or is too long.
    """
    is_guarded = bool(text[:1] == "'" and re.match(r"[=+\-@＝＋－＠]", text[1:]))
    plain = (text[1:] if is_guarded else text).strip(" ")
    if not is_guarded and _FORMULA.match(plain):
        told = f"{column} begins like a formula: {plain[:40]!r}."
        raise AnswersError.at(number, told, "Put an apostrophe in front, or begin with a word.")
    if _MARKUP.search(plain):
        raise AnswersError.at(number, f"{column} holds markup: {plain[:60]!r}.", "Write plain words, no tags.")
    if _CONTROL.search(plain):
        raise AnswersError.at(
            number, f"{column} holds control characters: {plain[:60]!r}.", "Write plain words on one line."
        )
    if len(plain) > longest:
        raise AnswersError.at(
            number, f"{column} has {len(plain):,} characters; at most {longest} are kept.", "Shorten it."
        )
    return plain


def as_text(answers: Iterable[Answer]) -> str:
    """The text of an answers.csv; what a spreadsheet would run gets an apostrophe in front."""
    sink = io.StringIO()
    writer = csv.writer(sink, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(COLUMNS)
    for a in answers:
        said = DO_NOT_KNOW if a.answer is None else str(a.answer)
        on = a.answered_on.isoformat() if a.answered_on else ""
        writer.writerow((a.question, _guarded(a.asset), _guarded(a.respondent), said, _guarded(a.comment), on))
    return sink.getvalue()


def _guarded(text: str) -> str:
    return f"'{text}" if re.match(r"[=+\-@＝＋－＠]", text) else text


def disagreement(values: Sequence[int]) -> float | None:
    """How divided people are: 0 where all say the same, 1 where half stand at either end of the scale.

    Dissention of Tastle and Wierman (2007), "Consensus and dissention: a measure of ordinal dispersion", International
    Journal of Approximate Reasoning 45: −Σ p·log2(1 − |x − mean| / (highest − lowest)).

    >>> disagreement([1, 5])
    1.0
    """
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    total = -sum(math.log2(1 - abs(v - mean) / (HIGHEST - LOWEST)) for v in values) / len(values)
    return max(total, 0.0)


def judged_answers(
    answers: Iterable[Answer], thresholds: SignalThresholds, asset: str | None = None
) -> dict[str, Judged]:
    """What people said of one asset, question by question; only questions that somebody answered.

    What a person said of the asset itself goes before what the same person said of the whole portfolio.

    Args:
        answers: From `read_answers`.
        thresholds: Where an answer begins to lean.
        asset: Name of the asset; None for the whole portfolio, which counts only what was said of it.
    """
    wanted = _plain(asset or "")
    chosen: dict[tuple[str, str], Answer] = {}
    for given in answers:
        about = _plain(given.asset)
        key = (given.question, given.respondent.casefold())
        if about == wanted or (about == "" and key not in chosen):
            chosen[key] = given
    found = {}
    for q in QUESTIONS:
        mine = [a for (name, _), a in chosen.items() if name == q.name]
        if mine:
            found[q.name] = _judged(q, mine, thresholds.judged_lean)
    return found


def _plain(name: str) -> str:
    return " ".join(name.replace("·", " ").replace("/", " ").casefold().split())


def unknown_assets(answers: Iterable[Answer], names: Iterable[str]) -> None:
    """Checks that answers are about assets there are.

    Raises:
        AnswersError: One is about an asset that is none of `names`.
    """
    known = tuple(names)
    plain = {_plain(name) for name in known} | {""}
    for number, given in enumerate(answers, 1):
        if _plain(given.asset) not in plain:
            told = f"{FILE}, answer {number}: there is no asset '{given.asset}'.{did_you_mean(given.asset, known)}"
            raise AnswersError(told, f"Choose from {listed(known)}, or leave it empty for the whole portfolio.")


def _judged(q: Question, given: Sequence[Answer], bar: float) -> Judged:
    values = [a.answer for a in given if a.answer is not None]
    comments = tuple((a.respondent, a.comment) for a in given if a.comment)
    unsure = len(given) - len(values)
    if not values:
        return Judged(q.name, "cannot tell", 0.0, 0, unsure, None, None, None, None, comments)
    mean = sum(values) / len(values)
    lean, strength = leaning(q, mean, bar)
    return Judged(
        q.name, lean, strength, len(values), unsure, mean, min(values), max(values), disagreement(values), comments
    )


def leaning(q: Question, mean: float, bar: float) -> tuple[Lean, float]:
    """Which way a mean answer leans, and how far it is from the middle of the scale, 0-1.

    >>> leaning(question("waste"), 4.5, 0.25)
    ('operate', 0.75)
    """
    middle = (LOWEST + HIGHEST) / 2
    off = (mean - middle) / (HIGHEST - middle)
    lean: Lean = q.yes if off >= bar else q.no if off <= -bar else "neither"
    return lean, abs(off) if lean != "neither" else 0.0


def judged(portfolio: Portfolio, answers: Sequence[Answer], asset: str | None = None) -> JudgedDiagnosis:
    """What follows from answers alone: a lean with little certainty, and never a verdict about money.

    Each of the ten lines leans as its mean answer does. The lines lean together where one path has more of them than the
    other; certainty is half of (difference of the summed strengths / lines that could lean), lowered by disagreement.

    Args:
        portfolio: With its thresholds.
        answers: From `read_answers`.
        asset: Name of the asset; None for the whole portfolio.
    """
    by_name = judged_answers(answers, portfolio.signals, asset)
    lines = tuple(judged_line(q, by_name.get(q.name), portfolio) for q in QUESTIONS)
    leans: dict[Lean, int] = {
        name: sum(line.lean == name for line in lines) for name in ("operate", "orchestrate", "neither", "cannot tell")
    }
    answered = [line for line in lines if line.how == "judged"]
    lean, certainty = _together(answered)
    people = len({a.respondent.casefold() for a in answers})
    bar = by_name.get("governance")
    governed = None if bar is None or bar.mean is None else bar.lean == "neither" and bar.mean > (LOWEST + HIGHEST) / 2
    return JudgedDiagnosis(
        asset or "whole portfolio",
        "cannot tell yet",
        lean,
        certainty,
        _because(leans, lean, len(answered), people),
        tuple(leans.items()),
        lines,
        people,
        governed,
    )


def _together(answered: Sequence[SignalReading]) -> tuple[Lean, float]:
    if len(answered) < _LEAST_ANSWERED:
        return "cannot tell", 0.0
    votes = {path: [a for a in answered if a.lean == path] for path in ("operate", "orchestrate")}
    ahead: Lean = "operate" if len(votes["operate"]) > len(votes["orchestrate"]) else "orchestrate"
    if len(votes["operate"]) == len(votes["orchestrate"]):
        return "neither", 0.0
    firm = {path: sum(a.strength for a in of) for path, of in votes.items()}
    divided = [a.judged.disagreement or 0.0 for a in answered if a.judged is not None]
    certain = abs(firm["operate"] - firm["orchestrate"]) / len(QUESTIONS) * (1 - sum(divided) / len(divided))
    return ahead, min(_SUREST, _SUREST * certain)


def _because(leans: Mapping[Lean, int], lean: Lean, answered: int, people: int) -> str:
    if answered == 0:
        return "Nobody has answered, and there are no records."
    who = "1 person" if people == 1 else f"{people} people"
    told = (
        f"{who} answered {answered} of {len(QUESTIONS)} questions: {leans['operate']} lean to operate, "
        f"{leans['orchestrate']} to orchestrate, {leans['neither']} to neither."
    )
    if answered < _LEAST_ANSWERED:
        return f"{told} Fewer than {_LEAST_ANSWERED} answers lean nowhere together."
    divided = " The answers are divided." if lean == "neither" else ""
    return f"{told}{divided} This is opinion: it says where to look, and measures nothing."


def judged_line(q: Question, answer: Judged | None, portfolio: Portfolio) -> SignalReading:
    """A signal or test that rests on answers alone."""
    is_judged = answer is not None and answer.respondents > 0
    because = "not measured, and nobody was asked"
    if answer is not None:
        because = told(answer)
    return SignalReading(
        q.name, q.label, q.kind, "judged" if is_judged else "unknown",
        answer.lean if is_judged and answer is not None else "cannot tell",
        answer.strength if answer is not None else 0.0,
        because, directions(q), f"mean answer from {LOWEST} to {HIGHEST}", "answers.csv", (),
        (threshold("judged_lean", portfolio),), answer,
    )  # fmt: skip


def told(answer: Judged) -> str:
    """An answer in a sentence."""
    if answer.mean is None:
        return f"{answer.unsure} asked, and nobody knows"
    who = "1 person says" if answer.respondents == 1 else f"{answer.respondents} people say"
    spread = "" if answer.lowest == answer.highest else f" (from {answer.lowest} to {answer.highest})"
    unsure = f"; {answer.unsure} do not know" if answer.unsure else ""
    return f"{who} {answer.mean:.1f} of {HIGHEST}{spread}{unsure}"


def directions(q: Question) -> str:
    """Which way agreement and disagreement lean, in words."""
    return f"yes leans to {q.yes}, no leans to {q.no}"


def threshold(name: str, portfolio: Portfolio) -> Threshold:
    """A setting under [signals] with its origin, as the docstring of `SignalThresholds` tells it."""
    value = float(getattr(portfolio.signals, name))
    return Threshold(name, value, name not in portfolio.says_signals, _ORIGINS[name])


def _origins() -> dict[str, str]:
    text = re.sub(r"\s+", " ", (SignalThresholds.__doc__ or "").split("Attributes:")[-1])
    names = "|".join(SignalThresholds.__dataclass_fields__)
    return {m[1]: m[2].strip() for m in re.finditer(rf"\b({names}): (.+?)(?= (?:{names}): |$)", text)}


_ORIGINS = _origins()
