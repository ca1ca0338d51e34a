"""A document that knows on which line everything stands."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any

from fourwalls.errors import PortfolioError, did_you_mean, listed


class Document:
    """A parsed portfolio.toml that knows on which line everything stands, for errors.

    Args:
        text: What the file says.
        document: The same parsed.
    """

    def __init__(self, text: str, document: dict[str, Any]) -> None:
        self._lines = text.splitlines()
        self._document = document

    def _error(self, section: str, key: str, what: str, remedy: str, index: int = 0) -> PortfolioError:
        return PortfolioError.at("portfolio.toml", self._line_of(section, key, index), what, remedy)

    def _line_of(self, section: str, key: str, index: int = 0) -> int | None:
        here, seen, header = "", -1, None
        for number, line in enumerate(self._lines, 1):
            stripped = line.strip()
            opened = re.match(r"^\[\[?\s*([^\]]+?)\s*\]\]?", stripped)
            if opened:
                here = opened[1].replace('"', "")
                if here == section:
                    seen += 1
                    if seen == index:
                        header = number
            elif here == section and max(seen, 0) == index and re.match(rf'^"?{re.escape(key)}"?\s*=', stripped):
                return number
        # A section may also stand as a key above all sections: targets = {…}.
        return header if header or not section else self._line_of("", section)

    def _only(self, table: Mapping[str, Any], known: tuple[str, ...], section: str, index: int = 0) -> None:
        for key in table:
            if key not in known:
                where = f"[{section}] " if section else ""
                line = self._line_of(section, key, index) if section else self._line_of(key, key)
                raise PortfolioError.at(
                    "portfolio.toml",
                    line,
                    f"{where}does not know '{key}'.{did_you_mean(key, known)}",
                    f"Known here: {listed(known, 40)}.",
                )

    def _section(self, name: str) -> dict[str, Any]:
        table = self._document.get(name, {})
        if not isinstance(table, dict):
            raise self._error(name, name, f"'{name}' must be a section.", f"Write [{name}] on a line of its own.")
        return table

    def _array(self, name: str) -> list[dict[str, Any]]:
        rows = self._document.get(name, [])
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            raise self._error(name, name, f"'{name}' must be a list of sections.", f"Write [[{name}]] before each.")
        return rows

    def _text(self, section: str, key: str) -> str:
        value = self._section(section).get(key)
        if not isinstance(value, str) or not value.strip():
            found = "nothing" if value is None else repr(value)
            raise self._error(section, key, f"[{section}] {key} must be text; found {found}.", f'Write {key} = "…".')
        return value

    def _number(self, section: str, key: str, value: object, index: int = 0) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
            raise self._error(
                section, key, f"{key} must be a number; found {value!r}.", "Write e.g. 0.95 or 24.", index
            )
        return float(value)
