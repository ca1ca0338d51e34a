"""`fourwalls ask`: the ten questions, in a terminal or from a pipe."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fourwalls.errors import AnswersError, PortfolioError

if TYPE_CHECKING:
    from fourwalls.answers import Answer, Question

_STOP, _SKIP, _UNSURE = "q", "s", "d"


def ask(
    folder: Annotated[Path, typer.Argument(help="Portfolio folder; answers.csv is written there.")],
    respondent: Annotated[
        str | None, typer.Option("--as", help="Who answers; initials will do. Asked if left out.")
    ] = None,
    asset: Annotated[
        str, typer.Option(help="Answer for one asset, as the diagnosis names it; default: all of it.")
    ] = "",
) -> None:
    """Ask ten questions, six signals and four tests; resumes where the same person stopped."""
    from fourwalls.answers import LONGEST_NAME, QUESTIONS, read_answers, safe_text

    if not folder.is_dir():
        raise PortfolioError(f"There is no folder '{folder.name}'.", "Name the portfolio folder, or make it first.")
    before = read_answers(folder)
    who = respondent if respondent is not None else _line("Who answers? ")
    name = safe_text(0, "respondent", who or "", LONGEST_NAME)
    if not name:
        raise AnswersError("Nobody is named as respondent.", "Add --as NAME; initials will do.")
    about = safe_text(0, "asset", asset, 2 * LONGEST_NAME)
    done = {a.question for a in before if _same(a, name, about)}
    left = [q for q in QUESTIONS if q.name not in done]
    _greet(name, about, len(done), len(left))
    answered = 0
    for number, asked in enumerate(left, len(done) + 1):
        said = _asked(asked, number, len(QUESTIONS), name, about)
        if said == _STOP:
            break
        if not isinstance(said, str):
            _keep(folder, said)
            answered += 1
    _bye(folder, len(done) + answered, len(QUESTIONS))


def _same(given: Answer, name: str, about: str) -> bool:
    return given.respondent.casefold() == name.casefold() and given.asset.casefold() == about.casefold()


def _greet(name: str, about: str, done: int, left: int) -> None:
    from fourwalls.answers import DO_NOT_KNOW, SCALE

    where = f" about {about}" if about else ""
    typer.echo(f"{name}{where}: {done} answered, {left} to go." if done else f"{name}{where}: {left} questions.")
    if left:
        typer.echo(f"{SCALE}.")
        typer.echo(
            f"{_UNSURE} = {DO_NOT_KNOW}, {_SKIP} or Enter = skip, {_STOP} = stop; words after it are kept as a comment."
        )


def _bye(folder: Path, done: int, of: int) -> None:
    from fourwalls.answers import FILE

    typer.echo(f"\n{done} of {of} answered, in {folder / FILE}.")
    typer.echo("Later or next person: the same command again." if done < of else f"Next: fourwalls diagnose {folder}")


def _asked(asked: Question, number: int, of: int, name: str, about: str) -> Answer | str:
    """The answer, or that it was skipped or all of it stopped."""
    typer.echo(f"\n{number} of {of}. {asked.text}")
    while True:
        line = _line("> ")
        if line is None:
            return _STOP
        try:
            return _understood(line, asked, name, about)
        except AnswersError as error:
            # A person is asked again; a file of answers that is wrong must not go by in silence.
            if not sys.stdin.isatty():
                raise
            typer.echo(f"{error.what} {error.remedy}")


def _understood(line: str, asked: Question, name: str, about: str) -> Answer | str:
    from datetime import UTC, datetime

    from fourwalls.answers import DO_NOT_KNOW, HIGHEST, LONGEST_COMMENT, LOWEST, SCALE, Answer, safe_text

    text = line.strip()
    word, _, rest = text.partition(" ")
    if text.casefold().replace("\u2019", "'").startswith(DO_NOT_KNOW):
        word, rest = _UNSURE, text[len(DO_NOT_KNOW) :]
    word = word.casefold()
    if word in ("", _SKIP, _STOP):
        return word or _SKIP
    if word != _UNSURE and word not in {str(n) for n in range(LOWEST, HIGHEST + 1)}:
        told = f"Question '{asked.name}': the answer is {text[:40]!r}; allowed: {LOWEST} to {HIGHEST}, {_UNSURE}, {_SKIP} or {_STOP}."
        raise AnswersError(told, f"{SCALE}.")
    # The comment is prose in a terminal: a sign in front is guarded when it is written.
    comment = rest.strip(" ,;:.")
    comment = safe_text(0, "comment", f"'{comment}" if comment[:1] in tuple("=+-@") else comment, LONGEST_COMMENT)
    today = datetime.now(tz=UTC).date()
    return Answer(asked.name, name, None if word == _UNSURE else int(word), comment, today, about)


def _keep(folder: Path, given: Answer) -> None:
    """Adds one answer; the file is read anew, so that two people can answer at the same time."""
    from fourwalls.answers import FILE, as_text, read_answers
    from fourwalls.surfaces.files import write_files

    others = [
        a
        for a in read_answers(folder)
        if not (a.question == given.question and _same(a, given.respondent, given.asset))
    ]
    write_files(folder, {FILE: as_text([*others, given])})


def _line(prompt: str) -> str | None:
    """A line of what is typed or piped in; None where there is no more."""
    typer.echo(prompt, nl=False)
    line = sys.stdin.readline()
    if not line or not sys.stdin.isatty():
        # What is piped in does not show itself.
        typer.echo(line.rstrip("\n"))
    return line.rstrip("\r\n") if line else None
