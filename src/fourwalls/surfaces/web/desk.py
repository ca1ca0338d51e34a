"""What every page needs: who looks, what was sent, and an answer when something is wrong."""

from __future__ import annotations

import errno
import html
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from fourwalls.errors import FourwallsError, OutputError, OvertakenError
from fourwalls.surfaces.web.access import Access, Viewer
from fourwalls.surfaces.web.folders import Folders, NoResultError, NoSuchPageError, Served
from fourwalls.surfaces.web.jobs import Runner
from fourwalls.surfaces.web.remembering import Remembered
from fourwalls.surfaces.web.settings import Settings
from fourwalls.surfaces.web.templating import Pages, given

# An upload of many files is confirmed in one form, with a few fields for each column.
MOST_FIELDS, MOST_FORM_BYTES = 20_000, 1_000_000
SESSION, VISIT = "fw_session", "fw_visit"
# Pages are written by one core: fifty begun at once would all be late, one after the other few are.
PAGES_AT_ONCE = 2
# What the system says where a disk or somebody's share of it is full.
FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Office:
    """What handlers share.

    Attributes:
        settings, folders, access, runner, pages: As started.
        memory: Pages that nothing has changed since.
        writers: Lets few pages be written at once.
    """

    settings: Settings
    folders: Folders
    access: Access
    runner: Runner
    pages: Pages
    memory: Remembered = field(default_factory=Remembered)
    writers: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(PAGES_AT_ONCE))


class Asked:
    """One request by somebody who may ask it.

    Attributes:
        request, office, viewer: Which, where, who.
        written: The page that answers it, without its reader's token.
        form: What was sent; empty unless something was.
    """

    def __init__(self, request: Request, viewer: Viewer, form: FormData | None = None) -> None:
        self.request, self.viewer = request, viewer
        self.office = office_of(request)
        self.form = form or FormData()
        self.written = ""

    @property
    def served(self) -> Served:
        """The folder the address names."""
        return self.office.folders[self.request.path_params["portfolio"]]

    @property
    def address(self) -> str:
        """Where the request came from."""
        return self.request.client.host if self.request.client else ""

    def said(self, name: str, otherwise: str = "") -> str:
        """A field of the form."""
        value = self.form.get(name)
        return value.strip() if isinstance(value, str) else otherwise

    def file(self, name: str) -> UploadFile | None:
        """A file of the form."""
        value = self.form.get(name)
        return value if isinstance(value, UploadFile) else None

    def note(self, action: str, about: str = "") -> None:
        """Keeps that the viewer did something."""
        self.office.access.note(self.viewer, action, about, self.address)

    def url(self, *parts: str, **query: str) -> str:
        """An address in this portfolio."""
        path = "/".join(("/p", self.request.path_params["portfolio"], *(quote(p, safe="") for p in parts)))
        return path + ("?" + "&".join(f"{k}={quote(v, safe='')}" for k, v in query.items()) if query else "")

    def page(self, template: str, status: int = 200, /, **context: object) -> Response:
        """A page in the app's frame; a piece of it alone where htmx asked for that piece."""
        return self.office.pages.answer(self, template, status, context)

    def go(self, *parts: str, **query: str) -> Response:
        """Sends the browser on, after something was written."""
        return RedirectResponse(self.url(*parts, **query), status_code=303)


Handler = Callable[[Asked], Awaitable[Response] | Response]


def office_of(request: Request) -> Office:
    """What handlers share."""
    return cast("Office", request.app.state.office)


def page(
    path: str,
    handler: Handler,
    role: str = "reader",
    *,
    writes: bool = False,
    is_upload: bool = False,
    is_kept: bool = False,
) -> Route:
    """An address, who may use it, and whether it writes: then only a form of this very page is taken.

    Args:
        path, handler: Which, and what answers; a plain function is called beside the loop, one that awaits in it.
        role: The least role.
        writes: Whether it changes something.
        is_upload: Whether files are sent, which may be larger.
        is_kept: Whether the page follows from run, register and settings alone, so that it need be written once.
    """

    async def endpoint(request: Request) -> Response:
        office = office_of(request)
        viewer = viewer_of(request)
        if viewer is None:
            return login_first(request)
        if not viewer.may(role):
            office.access.note(viewer, "denied", request.url.path, _address(request), is_granted=False)
            told = f"This needs the role “{role}”; you have “{viewer.role}”."
            return problem(Asked(request, viewer), 403, "Not yours to do", told, "Ask whoever keeps the users.")
        asked = Asked(request, viewer)
        try:
            if writes:
                most = office.settings.upload_bytes if is_upload else MOST_FORM_BYTES
                asked.form = await read_form(request, most)
                if not office.access.is_own_form(asked.said("form_token"), viewer.token):
                    told = (
                        "This form is no longer valid: it is from before the server started, or from another browser."
                    )
                    return problem(asked, 403, "Send it again", told, "Go back, load the page again and repeat it.")
            if is_kept:
                return await to_thread.run_sync(remembered, handler, asked, limiter=office.writers)
            return await answered(handler, asked)
        except FourwallsError as error:
            return await run_in_threadpool(told_error, asked, error)
        except OSError as error:
            if error.errno not in FULL:
                raise
            return await run_in_threadpool(told_error, asked, NoRoomError(error))
        finally:
            # What was uploaded lies in a temporary file until it is closed.
            await asked.form.close()

    return Route(path, endpoint, methods=["POST"] if writes else ["GET"], name=handler.__name__)


def remembered(handler: Handler, asked: Asked) -> Response:
    """The page as it was written before, if nothing has changed since; else anew."""
    memory = asked.office.memory
    key = memory.key(asked)
    found = memory.get(key)
    if found is not None:
        return given(asked, found[0], headers=found[1])
    response = cast("Response", handler(asked))
    if response.status_code == HTTPStatus.OK and asked.written:
        memory.keep(key, asked.written, response)
    return response


async def answered(handler: Handler, asked: Asked) -> Response:
    """What a handler answers, whether it awaits or not."""
    from inspect import iscoroutinefunction

    if iscoroutinefunction(handler):
        return cast("Response", await handler(asked))
    return cast("Response", await run_in_threadpool(handler, asked))


def viewer_of(request: Request) -> Viewer | None:
    """Who asks."""
    office = office_of(request)
    name = SESSION if office.access.needs_login else VISIT
    return office.access.viewer(request.cookies.get(name, ""))


def login_first(request: Request) -> Response:
    """Sends whoever is not logged in to do that, and back to where they wanted to go."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    target = f"/login?next={quote(wanted, safe='')}" if request.method == "GET" and wanted != "/" else "/login"
    return RedirectResponse(target, status_code=303)


async def read_form(request: Request, most: int) -> FormData:
    """What was sent, no larger than allowed.

    Raises:
        TooLargeError: It is larger.
    """
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) > most:
        raise TooLargeError(most)
    return await request.form(max_files=20, max_fields=MOST_FIELDS, max_part_size=MOST_FORM_BYTES)


class TooLargeError(FourwallsError):
    """More was sent than is taken."""

    def __init__(self, most: int) -> None:
        super().__init__("More was sent than is taken at once.", f"Send at most {most / 1e6:,.0f} MB.")


class NoRoomError(OutputError):
    """A full disk."""

    def __init__(self, error: OSError) -> None:
        told = (
            f"There is no room left on the disk ({error.strerror or 'it is full'}). Nothing of what you sent was kept."
        )
        super().__init__(told, "Free some space, then send it again.")


def status_of(error: FourwallsError) -> int:
    """The status that says what kind of error it is."""
    if isinstance(error, NoSuchPageError):
        return 404
    if isinstance(error, OvertakenError):
        return 409
    if isinstance(error, NoRoomError):
        return 507
    return 413 if isinstance(error, TooLargeError) else 400


def told_error(asked: Asked, error: FourwallsError) -> Response:
    """A page that says what is wrong and what to do; before the first run, one that offers it."""
    if isinstance(error, NoResultError):
        recorded = 0
        with suppress(FourwallsError):
            recorded = len(error.served.register.runs())
        return asked.page("no_result.html.j2", 200, served=error.served, job=None, recorded=recorded)
    titles = {404: "Not found", 409: "Somebody was faster", 413: "Too large", 507: "Nothing could be kept"}
    status = status_of(error)
    return problem(asked, status, titles.get(status, "That did not work"), error.what, error.remedy)


def problem(asked: Asked, status: int, title: str, what: str, remedy: str) -> Response:
    """A page about something that went wrong."""
    return asked.page("problem.html.j2", status, title=title, what=what, remedy=remedy)


def bare_problem(status: int, title: str, what: str) -> Response:
    """The same where nothing else can be relied on."""
    text = f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title><link rel=stylesheet href=/static/web.css><main class=w-problem><h1>{html.escape(title)}</h1><p>{html.escape(what)}<p><a href=/>Back to the start</a></main>"
    return HTMLResponse(text, status_code=status)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
