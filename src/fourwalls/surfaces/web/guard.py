"""What every request has to pass and every answer carries, whatever page it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fourwalls.surfaces.web.settings import Settings

# Nothing but our own files: no script or style in a page, no frame around it, no form to elsewhere.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    # With no referrer at all, browsers would call the origin of our own forms "null".
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-frame-options": "DENY",
}
SAFE = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Turns away requests meant for another name or sent by another page, and adds the headers.

    A page elsewhere can have its own name point at this machine (DNS rebinding): then the Host header is that name. And it
    can send forms here: then the Origin is not ours.
    """

    def __init__(self, app: ASGIApp, settings: Settings, unforeseen: Callable[[Request, Exception], Response]) -> None:
        self._app, self._settings, self._unforeseen = app, settings, unforeseen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        has_begun = False

        async def with_headers(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._added(scope["path"]).items():
                    headers.setdefault(name, value)
            await send(message)

        told = self._wrong(Headers(scope=scope), scope["method"])
        if told:
            await PlainTextResponse(told[1] + "\n", status_code=told[0])(scope, receive, with_headers)
            return
        try:
            await self._app(scope, receive, with_headers)
        except Exception as error:
            if has_begun:
                raise
            # Nobody reads a traceback in a browser, and one page's fault must not end the connection.
            await self._unforeseen(Request(scope), error)(scope, receive, with_headers)

    def _added(self, path: str) -> Mapping[str, str]:
        kept = "max-age=31536000, immutable" if path.startswith("/static/") else "private, no-cache"
        if self._settings.needs_login and not path.startswith("/static/"):
            kept = "no-store"
        found = {**HEADERS, "cache-control": kept}
        if self._settings.is_https:
            found["strict-transport-security"] = "max-age=31536000"
        return found

    def _wrong(self, headers: Headers, method: str) -> tuple[int, str] | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or _name(hosts[0]) not in self._settings.hosts:
            return 421, "fourwalls does not answer to this name. Start it with --public-host NAME if it should."
        if method in SAFE:
            return None
        origin = headers.get("origin")
        if origin is not None:
            scheme = "https" if self._settings.is_https else "http"
            if origin.casefold() != f"{scheme}://{hosts[0]}".casefold():
                return 403, "This was sent by another page."
        elif headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return 403, "This was sent by another page."
        return None


def _name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").casefold()
    except ValueError:
        return ""
