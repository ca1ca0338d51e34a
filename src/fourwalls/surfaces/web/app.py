"""The web app put together: addresses, who may use them, and what stands around them."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from fourwalls.errors import PortfolioError
from fourwalls.surfaces.web import (
    api,
    asking,
    comparing,
    deciding,
    editing,
    login,
    mapping,
    pages,
    pilots,
    runs,
    scores,
    tracing,
    uploading,
)
from fourwalls.surfaces.web.access import Access
from fourwalls.surfaces.web.desk import Asked, Office, bare_problem, page, problem, viewer_of
from fourwalls.surfaces.web.folders import Folders
from fourwalls.surfaces.web.guard import Guard
from fourwalls.surfaces.web.jobs import Runner
from fourwalls.surfaces.web.settings import Settings
from fourwalls.surfaces.web.templating import TYPES, Pages, static


def build(settings: Settings, data: Path | None = None, *, works: bool = True) -> Starlette:
    """The app.

    Args:
        settings: How it was started.
        data: What `{data}` in SQL files stands for.
        works: Whether it does runs itself.
    """
    folders = Folders(settings.folders)
    access = Access(folders.first.register.desk, needs_login=settings.needs_login)
    runner = Runner(folders, data)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if works:
            runner.start()
        yield
        runner.stop()
        folders.close()

    app = Starlette(
        routes=routes(),
        middleware=[
            Middleware(Guard, settings=settings, unforeseen=_unforeseen),
            Middleware(GZipMiddleware, minimum_size=1000, compresslevel=5),
        ],
        exception_handlers={HTTPException: _http_error},
        lifespan=lifespan,
    )
    app.state.office = Office(settings, folders, access, runner, Pages())
    return app


def routes() -> list[BaseRoute]:
    """Every address, one file of handlers for each concern."""
    return [
        page("/", start),
        Route("/static/{name}", _static),
        *login.routes(),
        *api.routes(),
        *pages.routes(),
        *comparing.routes(),
        *deciding.routes(),
        *runs.routes(),
        *pilots.routes(),
        *scores.routes(),
        *tracing.routes(),
        *editing.routes(),
        *asking.routes(),
        *uploading.routes(),
        *mapping.routes(),
    ]


def start(asked: Asked) -> Response:
    """The only portfolio, or all of them."""
    if len(asked.office.folders) == 1:
        return RedirectResponse(f"/p/{asked.office.folders.first.slug}", status_code=303)
    return asked.page("start.html.j2")


def serve(settings: Settings, data: Path | None = None) -> None:
    """Serves until it is stopped.

    Raises:
        PortfolioError: Nobody could log in, or the port is taken.
    """
    import uvicorn

    app = build(settings, data)
    office: Office = app.state.office
    if settings.needs_login and settings.oidc is None and not office.folders.first.register.desk.users():
        raise PortfolioError(
            f"Other people can reach {settings.host}, and there is nobody who may log in.",
            f"Add somebody first: fourwalls users add {office.folders.first.folder.name} NAME --role decider",
        )
    config = uvicorn.Config(
        app, host=settings.host, port=settings.port, log_level="warning", access_log=False, server_header=False,
        proxy_headers=False, h11_max_incomplete_event_size=64 * 1024, timeout_keep_alive=30,
    )  # fmt: skip
    server = uvicorn.Server(config)
    try:
        server.run()
    except SystemExit:
        raise PortfolioError(
            f"Port {settings.port} of {settings.host} cannot be used.", "Choose another with --port."
        ) from None


def _static(request: Request) -> Response:
    name = request.path_params["name"]
    content = static(name)
    if content is None:
        raise HTTPException(404)
    return Response(content, media_type=TYPES.get(Path(name).suffix, "text/plain; charset=utf-8"))


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    titles = {404: "Not found", 405: "Not possible here", 413: "Too large", 400: "Not understood"}
    title = titles.get(status, "That did not work")
    if request.url.path.startswith("/api"):
        return api.told(status, title, "There is nothing at this address." if status == 404 else title)
    viewer = viewer_of(request)
    if viewer is None:
        return bare_problem(status, title, "There is nothing at this address.")
    return problem(Asked(request, viewer), status, title, "There is nothing at this address.", "Check the address.")


def _unforeseen(request: Request, error: Exception) -> Response:
    # The place of an error, without the values in it: these may be somebody's.
    trace, lines = error.__traceback__, []
    while trace is not None:
        code = trace.tb_frame.f_code
        lines.append(f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    sys.stderr.write(f"fourwalls: {type(error).__name__} at {request.url.path}: {' > '.join(lines[-6:])}\n")
    if request.url.path.startswith("/api"):
        return api.told(500, "Internal error", "Something went wrong on our side; it is told in the log.")
    return bare_problem(
        500, "Something went wrong", "It is a fault of this program, and told in its log. Nothing was changed."
    )
