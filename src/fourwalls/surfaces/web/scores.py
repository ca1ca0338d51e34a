"""The scoreboard, and past verdicts scored in the open."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from fourwalls.errors import RegisterError
from fourwalls.figures import Estimate, Figure, Refusal
from fourwalls.register.scoreboard import scoreboard
from fourwalls.register.scoring import score
from fourwalls.surfaces import wording
from fourwalls.surfaces.web.desk import Asked, page
from fourwalls.surfaces.web.views import portfolio_view

KINDS = (
    ("outcome", "What came of it", ""),
    ("speed", "How fast we are", ""),
    (
        "activity",
        "What was done",
        "Activity is no result: it stands apart, so that nobody takes the one for the other.",
    ),
)


def routes() -> list[BaseRoute]:
    """The address."""
    return [page("/p/{portfolio}/scoreboard", shown, is_kept=True)]


def shown(asked: Asked) -> Response:
    """Measures before, now and as wanted, of the whole or one asset; then how our own verdicts came out."""
    register, query = asked.served.register, asked.request.query_params
    rows = portfolio_view(asked.served).rows
    address = query.get("asset", "")
    name = asked.served.asset(address).name if address else None
    decision = register.decision(name) if name else None
    board, wrong = None, None
    try:
        board = scoreboard(register.recorded(), name, decision.run if decision else None)
    except RegisterError as error:
        wrong = error
    past = score(register.outcomes())
    chances = past.chances
    return asked.page(
        "scoreboard.html.j2", board=board, wrong=wrong, kinds=KINDS, rows=rows, address=address, past=past, told=told, bare=bare,
        missing=[s for s in board.scores if isinstance(s.now, Refusal)] if board else [], is_known=is_known,
        trends=sorted({s.trend.because for s in board.scores if isinstance(s.trend, Refusal) and is_known(s.now)}) if board else [],
        chances=None if isinstance(chances, Refusal) else chances, no_chances=chances if isinstance(chances, Refusal) else None,
        day=wording.day, chance=wording.chance,
    )  # fmt: skip


def told(figure: Figure) -> wording.Said:
    """A figure in words; a dash in the place of a refusal, which is told below."""
    return wording.said(figure) if isinstance(figure, Estimate) else wording.Said("–", "")


def bare(value: float, like: Figure) -> str:
    """A number in the unit of another."""
    return wording.said(Estimate(value, value, value, like.unit if isinstance(like, Estimate) else "")).value


def is_known(figure: Figure) -> bool:
    """Whether a figure is given."""
    return isinstance(figure, Estimate)
