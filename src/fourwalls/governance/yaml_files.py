"""YAML read without surprises: bounded, no duplicate keys, no guessed types; every value knows its line."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fourwalls.errors import ContractError

MOST_BYTES = 1_048_576
MOST_NODES = 50_000
MOST_DEPTH = 60

Path_ = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document.

    Attributes:
        place: The file as the user knows it, e.g. "contracts/orders.odcs.yaml".
        value: Mappings, lists, texts, numbers, true, false and None.
        lines: Path of keys and list positions → line it stands on, from 1.
    """

    place: str
    value: Any
    lines: Mapping[Path_, int]

    def line(self, path: Path_) -> int | None:
        """Line of a value, or of the nearest thing around it that has one."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None

    def error(self, path: Path_, what: str, remedy: str) -> ContractError:
        """An error at the line of a value."""
        return ContractError.at(self.place, self.line(path), what, remedy)


def read_yaml(path: Path, place: str) -> Document:
    """The only document in a file.

    Scalars are read as YAML 1.2 does: 10:00, 2025-01-01 and "no" are text. PyYAML's rules of 1.1 would make 600, a date and
    false of them, and a service level of 36,000 seconds of an opening hour.

    Raises:
        ContractError: The file cannot be read, is too large, is no YAML, has two documents, a key twice, a tag, an anchor inside itself,
            or grows beyond MOST_NODES values once its aliases are written out.
    """
    text = _text(path, place)
    try:
        nodes = list(yaml.compose_all(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ContractError.at(
            place,
            mark.line + 1 if mark else None,
            f"no YAML: {error.problem or error.context}.",
            "Mend that line; mind the indentation.",
        ) from None
    except yaml.YAMLError as error:
        raise ContractError(
            f"{place}: no YAML: {str(error).splitlines()[0]}.", "Save it as plain UTF-8 text."
        ) from None
    except RecursionError:
        raise _too_deep(place) from None
    nodes = [node for node in nodes if node is not None]
    if len(nodes) != 1:
        found = "nothing" if not nodes else f"{len(nodes)} documents"
        raise ContractError(
            f"{place}: must hold one contract; found {found}.", "Write each contract into a file of its own."
        )
    _bounded(nodes[0], place)
    reader = _Reader(place)
    return Document(place, reader.value(nodes[0], ()), reader.lines)


def _text(path: Path, place: str) -> str:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise ContractError(
                f"{place}: {size:,} bytes; allowed: {MOST_BYTES:,}.",
                "A contract is text that people read: split it by feed.",
            )
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContractError(f"{place}: no UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from None
    except OSError as error:
        raise ContractError(
            f"{place}: cannot be read: {error.strerror or 'the system refused'}.", "Check the file and its permissions."
        ) from None


def _too_deep(place: str) -> ContractError:
    return ContractError(
        f"{place}: nested deeper than {MOST_DEPTH} levels.", "A contract needs a dozen at most: flatten it."
    )


def _bounded(root: yaml.Node, place: str) -> None:
    """Refuses what would grow or never end when aliases are written out; counts without writing them out."""
    sizes: dict[int, int] = {}
    open_: set[int] = set()

    def size(node: yaml.Node, depth: int) -> int:
        if depth > MOST_DEPTH:
            raise _too_deep(place)
        if id(node) in open_:
            raise ContractError.at(
                place, node.start_mark.line + 1, "an anchor refers to itself.", "Write its value out."
            )
        if id(node) not in sizes:
            open_.add(id(node))
            sizes[id(node)] = 1 + sum(size(inner, depth + 1) for inner in _inner(node))
            open_.discard(id(node))
        return sizes[id(node)]

    if size(root, 0) > MOST_NODES:
        raise ContractError(
            f"{place}: {size(root, 0):,} values once its aliases are written out; allowed: {MOST_NODES:,}.",
            "Write out what is repeated, or split the contract.",
        )


def _inner(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


_TAGS = {
    f"tag:yaml.org,2002:{kind}"
    for kind in ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "value", "merge")
}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: Mapping[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


class _Reader:
    """Turns nodes into values and remembers their lines."""

    def __init__(self, place: str) -> None:
        self._place = place
        self.lines: dict[Path_, int] = {}

    def value(self, node: yaml.Node, path: Path_) -> Any:  # noqa: ANN401 - a document may hold anything
        self.lines.setdefault(path, node.start_mark.line + 1)
        if node.tag not in _TAGS:
            raise self._error(node, f"has the tag '{node.tag}'.", "Contracts need no tags: remove it.")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(inner, (*path, i)) for i, inner in enumerate(node.value)]
        return self._scalar(node) if isinstance(node, yaml.ScalarNode) else None

    def _error(self, node: yaml.Node, what: str, remedy: str) -> ContractError:
        return ContractError.at(self._place, node.start_mark.line + 1, what, remedy)

    def _mapping(self, node: yaml.MappingNode, path: Path_) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                sources = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
                for source in reversed(sources):
                    if not isinstance(source, yaml.MappingNode):
                        raise self._error(key_node, "<< must name a mapping.", "Write the keys out.")
                    merged.update(self._mapping(source, path))
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                raise self._error(key_node, "a key must be text; found a list or mapping.", "Write key: value.")
            key = str(key_node.value)
            if key in found:
                raise self._error(key_node, f"'{key}' stands twice in one place.", "Keep one of the two.")
            self.lines[*path, key] = key_node.start_mark.line + 1
            found[key] = self.value(value_node, (*path, key))
        return merged | found

    def _scalar(self, node: yaml.ScalarNode) -> Any:  # noqa: ANN401 - a document may hold anything
        text = str(node.value)
        if node.style is not None or node.tag == "tag:yaml.org,2002:str":
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.fullmatch(text) and len(text) < 300:
            return int(text)
        if _FLOAT.fullmatch(text) and math.isfinite(float(text)):
            return float(text)
        return text
