"""Runs: asking for one, seeing how far it is, stopping it."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from fourwalls.errors import RegisterError
from fourwalls.register.desk import Job
from fourwalls.surfaces.web.desk import Asked, page
from fourwalls.surfaces.web.folders import NoSuchPageError

MOST_SHOWN = 10


def routes() -> list[BaseRoute]:
    """Addresses of runs."""
    base = "/p/{portfolio}/runs"
    return [
        page(base, shown),
        page(base, begin, "analyst", writes=True),
        page(base + "/{job:int}", progress),
        page(base + "/{job:int}/cancel", cancel, "analyst", writes=True),
    ]


def shown(asked: Asked) -> Response:
    """The queue and what was recorded."""
    register = asked.served.register
    found = register.desk.jobs(most=MOST_SHOWN)
    return asked.page("runs.html.j2", found=found, recorded=register.runs()[::-1][:50])


def begin(asked: Asked) -> Response:
    """Puts a run in the queue.

    Raises:
        RegisterError: There is nothing to diagnose.
    """
    if not asked.served.has_tables:
        raise RegisterError(
            "There is nothing to diagnose: no table, and no answers.", "Upload files, or answer questions."
        )
    job = asked.office.runner.add(asked.served, asked.viewer.name)
    asked.note("run", f"{asked.served.slug} job {job.id}")
    return asked.go("runs")


def progress(asked: Asked) -> Response:
    """How far a run is, as the piece of the page that asked."""
    return asked.page("job_piece.html.j2", job=_job(asked))


def cancel(asked: Asked) -> Response:
    """Stops a run."""
    job = _job(asked)
    asked.served.register.desk.cancel_job(job.id)
    asked.note("cancel", f"{asked.served.slug} job {job.id}")
    return asked.go("runs")


def _job(asked: Asked) -> Job:
    job = asked.served.register.desk.job(asked.request.path_params["job"])
    if job is None:
        raise NoSuchPageError("There is no such run in the queue.", "See all runs.")
    return job
