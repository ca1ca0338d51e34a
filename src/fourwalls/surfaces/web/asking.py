"""The questionnaire in a meeting: ten questions, several people at once, on phones too; writes answers.csv as `fourwalls ask`."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime

from starlette.responses import Response
from starlette.routing import BaseRoute

from fourwalls.answers import (
    FILE,
    HIGHEST,
    LONGEST_COMMENT,
    LONGEST_NAME,
    LOWEST,
    QUESTIONS,
    SCALE,
    Answer,
    as_text,
    disagreement,
    read_answers,
    safe_text,
)
from fourwalls.errors import AnswersError
from fourwalls.surfaces.files import write_files
from fourwalls.surfaces.web.desk import Asked, page

UNSURE = "unsure"
_LOCK = threading.Lock()


def routes() -> list[BaseRoute]:
    """The address; a reader may answer, too: whoever sits in the meeting."""
    return [page("/p/{portfolio}/questions", shown), page("/p/{portfolio}/questions", keep, writes=True)]


def shown(asked: Asked) -> Response:
    """The questions, with what this person said, and how all answers lie."""
    given = read_answers(asked.served.folder)
    name, about = _who(asked, asked.request.query_params.get("as", "")), asked.request.query_params.get("about", "")
    mine = {a.question: a for a in given if _same(a, name, about)}
    told = []
    for q in QUESTIONS:
        said = [a for a in given if a.question == q.name and a.asset.casefold() == about.casefold()]
        values = [a.answer for a in said if a.answer is not None]
        counts = Counter(values)
        apart = disagreement(values)
        told.append((q, mine.get(q.name), [counts.get(n, 0) for n in range(LOWEST, HIGHEST + 1)], len(said), apart))
    result = asked.served.result
    return asked.page(
        "questions.html.j2", told=told, name=name, about=about, scale=SCALE, steps=list(range(LOWEST, HIGHEST + 1)), people=len({a.respondent.casefold() for a in given}),
        assets=[a.name for a in result.diagnosis.assets] if result else [], saved=asked.request.query_params.get("saved", ""),
    )  # fmt: skip


def keep(asked: Asked) -> Response:
    """Keeps this person's answers; those of others stay, whoever sends at the same time.

    Raises:
        AnswersError: Nobody is named, or a text cannot be kept.
    """
    name = safe_text(0, "respondent", _who(asked, asked.said("as")), LONGEST_NAME)
    about = safe_text(0, "asset", asked.said("about"), 2 * LONGEST_NAME)
    if not name:
        raise AnswersError("Nobody is named.", "Write your name or initials.")
    today = datetime.now(tz=UTC).date()
    made = []
    for q in QUESTIONS:
        said = asked.said(f"answer.{q.name}")
        if said in ("", "skip"):
            continue
        if said != UNSURE and said not in {str(n) for n in range(LOWEST, HIGHEST + 1)}:
            raise AnswersError(f"'{said[:20]}' is no answer to '{q.name}'.", f"{SCALE}.")
        words = asked.said(f"comment.{q.name}")
        words = f"'{words}" if words[:1] in tuple("=+-@") else words
        comment = safe_text(0, "comment", words, LONGEST_COMMENT)
        made.append(Answer(q.name, name, None if said == UNSURE else int(said), comment, today, about))
    anew = {a.question for a in made}
    with _LOCK:
        others = [a for a in read_answers(asked.served.folder) if not (a.question in anew and _same(a, name, about))]
        write_files(asked.served.folder, {FILE: as_text([*others, *made])})
    asked.note("answer", f"{asked.served.slug} {len(made)} questions")
    query = {"as": name, "saved": str(len(made)), **({"about": about} if about else {})}
    return asked.go("questions", **query)


def _who(asked: Asked, said: str) -> str:
    return asked.viewer.name if asked.viewer.is_logged_in else said


def _same(given: Answer, name: str, about: str) -> bool:
    return given.respondent.casefold() == name.casefold() and given.asset.casefold() == about.casefold()
