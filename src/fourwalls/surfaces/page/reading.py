"""A diagnosis read back from its JSON file: what `json.to_dict` wrote, part by part."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from fourwalls.diagnosis import Diagnosis
from fourwalls.errors import PortfolioError
from fourwalls.figures import Refusal

_UNIONS = (Union, types.UnionType)


def read(path: Path) -> Diagnosis:
    """The diagnosis in a JSON file that `fourwalls diagnose` wrote.

    Raises:
        PortfolioError: There is no such file, or it is no diagnosis.
    """
    if not path.is_file():
        raise PortfolioError(
            f"There is no file '{path.name}'.", "Name the diagnosis.json that `fourwalls diagnose` wrote."
        )
    try:
        found = _made(Diagnosis, json.loads(path.read_text("utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PortfolioError(
            f"'{path.name}' is no diagnosis of this version: {error}.", "Write it anew with `fourwalls diagnose`."
        ) from None
    return typing.cast("Diagnosis", found)


def _made(kind: Any, value: Any) -> Any:  # noqa: ANN401 - any part of a diagnosis
    """A value of that type from plain JSON; a refusal stands where the JSON says so."""
    origin = get_origin(kind)
    if origin in _UNIONS:
        return _one_of(get_args(kind), value)
    if origin is tuple:
        parts = get_args(kind)
        value = list(value.values()) if isinstance(value, dict) else value  # pairs are written with names
        inner = [parts[0]] * len(value) if parts[-1] is Ellipsis else parts
        return tuple(_made(k, v) for k, v in zip(inner, value, strict=True))
    if kind is date:
        return date.fromisoformat(value)
    if is_dataclass(kind) and isinstance(kind, type):
        return _named(kind, value)
    return float(value) if kind is float else value


def _one_of(kinds: tuple[Any, ...], value: Any) -> Any:  # noqa: ANN401 - any part of a diagnosis
    if value is None:
        return None
    if isinstance(value, dict) and Refusal in kinds and "refusal" in value:
        return _named(Refusal, value["refusal"])
    return _made(next(k for k in kinds if k not in (Refusal, type(None))), value)


def _named(kind: type, value: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any part of a diagnosis
    hints = get_type_hints(kind)
    given = {}
    for field in fields(kind):
        if field.name in value:
            given[field.name] = _made(hints[field.name], value[field.name])
        elif field.default is MISSING:
            raise KeyError(field.name)
    return kind(**given)
