"""Contracts of a portfolio folder: Open Data Contract Standard (ODCS) files, held to the standard's own JSON schema."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from fourwalls.errors import ContractError, did_you_mean, listed
from fourwalls.governance.yaml_files import Document, Path_, read_yaml

FOLDER = "contracts"
ENDINGS = (".yaml", ".yml")
VERSIONS = ("v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0", "v3.2.0")
"""Versions of the standard that are read; the schema of the newest validates all of them."""
MOST_FILES = 2_000


@dataclass(frozen=True)
class Contract:
    """One contract as written.

    Attributes:
        file: Name of its file.
        id: As the standard asks for.
        name: As people call it; the id where there is none.
        status: proposed, draft, active, deprecated, retired …; None where it says none.
        said: Everything in it.
        document: The same with lines.
    """

    file: str
    id: str
    name: str
    status: str | None
    said: Mapping[str, Any]
    document: Document

    def list_of(self, key: str) -> list[dict[str, Any]]:
        """The mappings in a list of the contract; none where it has no such list."""
        return [item for item in self.said.get(key) or [] if isinstance(item, dict)]

    def at(self, *path: str | int) -> str:
        """Where something stands, e.g. "orders.odcs.yaml, line 12"."""
        line = self.document.line(path)
        return f"{self.file}, line {line}" if line else self.file

    def custom(self, *words: str) -> list[Any]:
        """Values of the custom properties of that name; letters, dashes and case make no difference."""
        wanted = {plain(word) for word in words}
        return [p["value"] for p in self.list_of("customProperties") if plain(p["property"]) in wanted]


def plain(word: object) -> str:
    """A name without what people write differently: partyId, party_id and Party-ID are one.

    >>> plain("partyId") == plain("Party-ID")
    True
    """
    return re.sub(r"[^a-z0-9]", "", str(word).casefold())


def read_contracts(folder: Path) -> tuple[Contract, ...] | None:
    """The contracts under `folder`/contracts, by file name; None where there is no such folder, or nothing in it.

    Raises:
        ContractError: A file is no contract of the standard, lies elsewhere (a link), or two have one id.
    """
    place = folder / FOLDER
    if not place.is_dir():
        return None
    paths = sorted(p for p in place.iterdir() if not p.name.startswith((".", "_")))
    if len(paths) > MOST_FILES:
        raise ContractError(
            f"{FOLDER}/: {len(paths):,} files; allowed: {MOST_FILES:,}.", "Keep contracts in force only."
        )
    found = tuple(read_contract(path) for path in paths if _is_contract(path, place))
    seen: dict[str, Contract] = {}
    for contract in found:
        first = seen.setdefault(contract.id, contract)
        if first is not contract:
            raise contract.document.error(
                ("id",),
                f"id '{contract.id}' is that of {first.at('id')} too; allowed: one contract for each id.",
                "Keep the version in force, and give another feed another id.",
            )
    return found or None


def _is_contract(path: Path, place: Path) -> bool:
    if not path.resolve().is_relative_to(place.resolve()):
        raise ContractError(
            f"{FOLDER}/{path.name} is a link that leads out of the folder.", "Put the file itself there."
        )
    if path.is_file() and path.suffix.lower() in (".md", ".txt"):
        return False
    if path.suffix.lower() not in ENDINGS or not path.is_file():
        kind = "a folder" if path.is_dir() else "no YAML"
        raise ContractError(
            f"{FOLDER}/{path.name} is {kind}; read are files ending in {listed(ENDINGS)}.", f"Move it out of {FOLDER}/."
        )
    return True


def read_contract(path: Path) -> Contract:
    """The contract in one file.

    Raises:
        ContractError: It cannot be read, or is no contract of the standard; names file, line, what is allowed.
    """
    document = read_yaml(path, f"{FOLDER}/{path.name}")
    said = document.value
    if not isinstance(said, dict):
        raise document.error((), "must be a mapping of keys.", "Begin with apiVersion, kind, id, version and status.")
    _known_version(document, said)
    _of_the_standard(document, said)
    _ids_once(document, said, ())
    status = said.get("status")
    return Contract(path.name, said["id"], said.get("name") or said["id"], status, said, document)


def _known_version(document: Document, said: Mapping[str, Any]) -> None:
    version = said.get("apiVersion")
    if version is None and "dataContractSpecification" in said:
        raise document.error(
            ("dataContractSpecification",),
            "follows the Data Contract Specification, not ODCS.",
            "Convert it to ODCS v3.1.0.",
        )
    if version not in VERSIONS:
        found = "says no apiVersion" if version is None else f"apiVersion is '{version}'"
        raise document.error(
            ("apiVersion",),
            f"{found}; allowed: {listed(VERSIONS)}.{did_you_mean(str(version), VERSIONS)}",
            "Write the version of the standard it follows, e.g. apiVersion: v3.1.0.",
        )


@cache
def _validator() -> Any:  # noqa: ANN401 - jsonschema is untyped
    import jsonschema

    text = (files("open_data_contract_standard") / "schema.json").read_text(encoding="utf-8")
    schema = _meant(json.loads(text))
    kind = jsonschema.validators.validator_for(schema)
    return kind(schema, format_checker=kind.FORMAT_CHECKER)


def _meant(schema: Any) -> Any:  # noqa: ANN401 - a document may hold anything
    """The schema with one slip of 3.2.0 mended: it asks for a `map` of every property that names no logicalType at all.

    Its condition lacks `required`, so it also holds where there is no logicalType, which all versions allow.
    """
    if isinstance(schema, list):
        return [_meant(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _meant(value) for key, value in schema.items()}
    if found.get("if") == {"properties": {"logicalType": {"const": "map"}}}:
        found["if"] = {**found["if"], "required": ["logicalType"]}
    return found


def _of_the_standard(document: Document, said: Mapping[str, Any]) -> None:
    from jsonschema.exceptions import best_match

    error = best_match(_validator().iter_errors(said))
    if error is None:
        return
    path: Path_ = tuple(error.absolute_path)
    where = _told(path)
    what = " ".join(str(error.message).split())
    if len(what) > 220:
        what = what[:220] + " …"
    raise document.error(
        path,
        f"{where}{what}; the JSON schema of ODCS ({said['apiVersion']}) allows no such thing.",
        'Correct it; text that looks like a number needs quotes, e.g. version: "1.0".',
    )


def _told(path: Path_) -> str:
    text = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).lstrip(".")
    return f"'{text}': " if text else ""


def _ids_once(document: Document, value: object, path: Path_) -> None:
    """The standard: an id is unique within its list."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _ids_once(document, inner, (*path, key))
    elif isinstance(value, list):
        seen: set[str] = set()
        for i, item in enumerate(value):
            name = item.get("id") if isinstance(item, dict) else None
            if isinstance(name, str) and name in seen:
                raise document.error(
                    (*path, i, "id"), f"{_told(path)}id '{name}' stands twice in one list.", "Rename one."
                )
            seen |= {name} if isinstance(name, str) else set()
            _ids_once(document, item, (*path, i))
