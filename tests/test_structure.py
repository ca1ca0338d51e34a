"""The architecture as a test: imports run one way, the public names are these, every room is told."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import fourwalls

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "fourwalls"

# Data run down this list; a module imports only from lines above its own, or from its own room.
ORDER = (
    "errors", "figures", "diagnosis", "numbers", "resampling", "losses", "information", "stakes", "sensitivity", "allocation", "portfolio", "answers", "value", "tables", "engines", "measures", "readings",
    "chain", "verdict", "availability", "evidence", "governance", "weighing", "whole", "signals", "assembly", "concluding", "choosing", "hinges", "planning", "reconsidering", "reckoning", "explaining", "pilot", "suspicions", "reception", "stocktaking", "study",
    "register", "worlds", "surfaces",
)  # fmt: skip
# A surface renders: it sees results, the API and errors, never a formula or a query.
SURFACES_SEE = {
    "answers", "diagnosis", "numbers", "explaining", "allocation", "hinges", "sensitivity", "figures", "errors", "study", "worlds", "pilot", "evidence.ground", "governance", "tables.draft", "register", "reconsidering", "portfolio", "surfaces",
}  # fmt: skip
WORLDS_SEE = {"errors", "worlds"}


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def imports() -> list[tuple[str, str]]:
    found = []
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(("fourwalls", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            modules = []
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("fourwalls"):
                modules = [node.module if node.module != "fourwalls" else f"fourwalls.{a.name}" for a in node.names]
            elif isinstance(node, ast.Import):
                modules = [a.name for a in node.names if a.name.startswith("fourwalls.")]
            found += [(name, module) for module in modules]
    return [(name, module) for name, module in found if name != "fourwalls"]


def test_every_room_has_its_place() -> None:
    rooms = {p.stem for p in PACKAGE.iterdir() if p.name not in ("__init__.py", "__pycache__", "py.typed")}
    assert rooms == set(ORDER)


def test_imports_run_one_way() -> None:
    wrong = [
        f"{name} imports {module}"
        for name, module in imports()
        if room(name) != room(module) and ORDER.index(room(module)) > ORDER.index(room(name))
    ]
    assert not wrong


def test_surfaces_only_render() -> None:
    wrong = [
        f"{name} imports {module}"
        for name, module in imports()
        if room(name) == "surfaces" and not any(module.startswith(f"fourwalls.{seen}") for seen in SURFACES_SEE)
    ]
    assert not wrong


def test_worlds_share_no_code_with_the_diagnosis() -> None:
    wrong = [f"{name} imports {m}" for name, m in imports() if room(name) == "worlds" and room(m) not in WORLDS_SEE]
    wrong += [
        f"{name} imports {m}"
        for name, m in imports()
        if room(m) == "worlds" and room(name) not in ("worlds", "surfaces")
    ]
    assert not wrong


def test_only_engines_know_an_engine() -> None:
    allowed = {"engines", "tables", "worlds"}  # tables.draft looks at a user's files; worlds write their own
    for path in PACKAGE.rglob("*.py"):
        inside = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(n.split(".")[0] in ("duckdb", "pyspark") for n in names):
                assert inside in allowed, f"{path.relative_to(PACKAGE)} imports an engine"


def test_public_names_are_what_is_exported() -> None:
    assert all(hasattr(fourwalls, name) for name in fourwalls.__all__)
    assert fourwalls.__all__ == sorted(fourwalls.__all__)


def test_ibis_last_without_nulls_is_not_used() -> None:
    """On DuckDB `.last(include_null=False).over(…)` silently answers wrongly."""
    text = "".join(p.read_text("utf-8") for p in PACKAGE.rglob("*.py"))
    assert "include_null" not in text


@pytest.mark.parametrize("room_name", ORDER)
def test_every_room_is_told_in_the_architecture(room_name: str) -> None:
    assert f"`{room_name}" in (ROOT / "ARCHITECTURE.md").read_text("utf-8")


def test_the_architecture_fits_on_a_page() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text("utf-8").splitlines()) <= 100
