"""Pages: templates in the app's frame, and the files they use."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from fourwalls.surfaces import wording
from fourwalls.surfaces.page import html

if TYPE_CHECKING:
    from fourwalls.surfaces.web.desk import Asked

PAGE = "fourwalls.surfaces.page"
WEB = "fourwalls.surfaces.web"
# Stands in a page where the token of its reader belongs, until it is given; nobody can write it into a text.
TOKEN = f"token-{secrets.token_hex(16)}"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@cache
def static(name: str) -> bytes | None:
    """A file the pages use; None if there is none of this name."""
    if name == "page.css":
        return b"".join(files(PAGE).joinpath(n).read_bytes() for n in ("page.css", "evidence.css"))
    if name == "pilot.css":
        return files(PAGE).joinpath(name).read_bytes()
    if name in ("web.css", "htmx.min.js", "icon.svg", "NOTICE"):
        return files(WEB).joinpath("static").joinpath(name).read_bytes()
    return None


@cache
def asset_url(name: str) -> str:
    """Its address; another one whenever it changes, so that browsers may keep it for good."""
    return f"/static/{name}?v={hashlib.sha256(static(name) or b'').hexdigest()[:12]}"


class Pages:
    """Writes pages."""

    def __init__(self) -> None:
        self._environment = environment()

    def answer(self, asked: Asked, template: str, status: int, context: Mapping[str, object]) -> Response:
        """A page for whoever asked, with a token for its forms."""
        office, viewer = asked.office, asked.viewer
        portfolio = asked.request.path_params.get("portfolio", "")
        known = {f.slug for f in office.folders}
        frame = {
            "viewer": viewer,
            "needs_login": office.access.needs_login,
            "form_token": Form(TOKEN),
            "folders": list(office.folders),
            "here": office.folders[portfolio] if portfolio in known else None,
            "path": asked.request.url.path,
            "query": asked.request.url.query,
            "is_form": asked.request.method == "POST",
            "url": asked.url,
            "number_url": partial(asked.url, "numbers") if portfolio in known else None,
            "is_piece": asked.request.headers.get("hx-request") == "true",
        }
        asked.written = self.text(template, {**frame, **context})
        return given(asked, asked.written, status)

    def text(self, template: str, context: Mapping[str, object]) -> str:
        """A template filled in."""
        return self._environment.get_template(template).render(**context)


def given(asked: Asked, written: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A page that was written, with a token for the forms of whoever asked."""
    office, token = asked.office, asked.viewer.token
    is_new = not token
    if is_new:
        token = secrets.token_urlsafe(24)
    text = written.replace(TOKEN, office.access.form_token(token))
    response = HTMLResponse(text, status_code=status, headers=dict(headers or {}))
    if is_new:
        response.set_cookie("fw_visit", token, httponly=True, samesite="lax", secure=office.settings.is_https)
    return response


class Form(str):
    """A token; as a field of a form it writes itself."""

    __slots__ = ()

    @property
    def field(self) -> Markup:
        """The hidden field."""
        return Markup('<input type="hidden" name="form_token" value="{}">').format(str(self))


@cache
def environment() -> Environment:
    """Templates of the app and of the one page, with the words and figures of the latter."""
    found = Environment(
        loader=ChoiceLoader([PackageLoader(WEB, "templates"), PackageLoader(PAGE, "")]),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    html.lend_words(found)
    found.filters.update(percent=wording.percent, dashed=lambda v: str(v).replace(" ", "-"))
    found.globals.update(static=asset_url, verdict_words=wording.VERDICTS)
    return found
