"""Remembers pages that nothing has changed since: leaders look at the same ones, and a page is written once for all of them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import date
from typing import TYPE_CHECKING

from starlette.responses import Response

from fourwalls.surfaces.web.keeping import stamp

if TYPE_CHECKING:
    from fourwalls.surfaces.web.desk import Asked

MOST_PAGES, MOST_BYTES = 2000, 300_000
_PASSED_ON = ("hx-replace-url",)

Key = tuple[object, ...]


class Remembered:
    """Pages by what they depend on."""

    def __init__(self) -> None:
        self._pages: OrderedDict[Key, tuple[str, dict[str, str]]] = OrderedDict()
        self._lock = threading.Lock()

    def key(self, asked: Asked) -> Key:
        """What a page depends on: its address, who reads it, the run, what was written down, the settings, and the day."""
        served, request = asked.served, asked.request
        toml = served.folder / "portfolio.toml"
        changed = toml.stat().st_mtime_ns if toml.is_file() else 0
        last = served.last_seq()
        piece = request.headers.get("hx-request", "")
        viewer = (asked.viewer.name, asked.viewer.role, asked.viewer.is_logged_in)
        return (request.url.path, request.url.query, piece, viewer, stamp(served.folder), last, changed, date.today())  # noqa: DTZ011 - a day as people write it

    def get(self, key: Key) -> tuple[str, dict[str, str]] | None:
        """The page and what goes with it; None if it is not remembered."""
        with self._lock:
            found = self._pages.get(key)
            if found is not None:
                self._pages.move_to_end(key)
            return found

    def keep(self, key: Key, text: str, response: Response) -> None:
        """Remembers a page."""
        if len(text) > MOST_BYTES:
            return
        headers = {name: response.headers[name] for name in _PASSED_ON if name in response.headers}
        with self._lock:
            self._pages[key] = (text, headers)
            while len(self._pages) > MOST_PAGES:
                self._pages.popitem(last=False)
