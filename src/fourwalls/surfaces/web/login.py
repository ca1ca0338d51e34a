"""Logging in and out, by password or elsewhere."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from fourwalls.surfaces.web import oidc
from fourwalls.surfaces.web.access import SESSION_SECONDS, Viewer
from fourwalls.surfaces.web.desk import (
    MOST_FORM_BYTES,
    SESSION,
    VISIT,
    Asked,
    TooLargeError,
    office_of,
    problem,
    read_form,
    viewer_of,
)


def routes() -> list[BaseRoute]:
    """Addresses that need no login."""
    return [
        Route("/login", show, methods=["GET"]),
        Route("/login", log_in, methods=["POST"]),
        Route("/logout", log_out, methods=["POST"]),
        Route("/oidc/start", oidc.start, methods=["GET"]),
        Route("/oidc/return", oidc.back, methods=["GET"]),
    ]


async def show(request: Request) -> Response:
    """The form."""
    office = office_of(request)
    if not office.access.needs_login or viewer_of(request) is not None:
        return RedirectResponse("/", status_code=303)
    return form(request, "", 200)


def form(request: Request, told: str, status: int, name: str = "") -> Response:
    """The form, with what was wrong."""
    visitor = Viewer("nobody", "reader", request.cookies.get(VISIT, ""), is_logged_in=False)
    wanted = safe_next(request.query_params.get("next", ""))
    has_oidc = office_of(request).settings.oidc is not None
    return Asked(request, visitor).page("login.html.j2", status, told=told, name=name, next=wanted, has_oidc=has_oidc)


async def log_in(request: Request) -> Response:
    """Checks a password and begins a session of its own: no token from before is worth anything after."""
    office = office_of(request)
    address = request.client.host if request.client else ""
    try:
        sent = await read_form(request, MOST_FORM_BYTES)
    except TooLargeError as error:
        return form(request, error.what, 413)
    name, password = str(sent.get("name") or "").strip()[:200], str(sent.get("password") or "")
    if not office.access.is_own_form(str(sent.get("form_token") or ""), request.cookies.get(VISIT, "")):
        return form(request, "This form was no longer valid. Please try again.", 403, name)
    wait = office.access.guesses.wait(name, address)
    if wait > 0:
        office.access.note(None, "log in", "too many wrong passwords", address, is_granted=False)
        response = form(request, f"Too many wrong passwords. Try again in {wait / 60:.0f} minutes.", 429, name)
        response.headers["retry-after"] = f"{wait:.0f}"
        return response
    if not await office.access.check(name, password, address):
        return form(request, "Name or password is wrong.", 401, name)
    token = office.access.log_in(name, request.cookies.get(SESSION, ""))
    response = RedirectResponse(safe_next(str(sent.get("next") or "")), status_code=303)
    keep(response, token, is_https=office.settings.is_https)
    return response


async def log_out(request: Request) -> Response:
    """Ends the session."""
    office = office_of(request)
    viewer = viewer_of(request)
    if viewer is not None and viewer.is_logged_in:
        sent = await read_form(request, MOST_FORM_BYTES)
        if not office.access.is_own_form(str(sent.get("form_token") or ""), viewer.token):
            return problem(
                Asked(request, viewer), 403, "Send it again", "This form is no longer valid.", "Load the page again."
            )
        office.access.log_out(viewer.token)
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(SESSION)
    return response


def keep(response: Response, token: str, *, is_https: bool) -> None:
    """Gives the browser its token: no script can read it, no other page can have it sent along with a form."""
    response.set_cookie(SESSION, token, max_age=SESSION_SECONDS, httponly=True, samesite="lax", secure=is_https)
    response.delete_cookie(VISIT)


def safe_next(wanted: str) -> str:
    """Where to go after login: only a path of this app, never somewhere else."""
    is_path = wanted.startswith("/") and not wanted.startswith("//") and "\\" not in wanted
    return wanted if is_path and wanted.isprintable() else "/"
