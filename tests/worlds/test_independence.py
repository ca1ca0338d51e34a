"""Worlds share no code with what is judged by them, and nothing that judges reads a truth."""

import ast
from pathlib import Path

import fourwalls

PACKAGE = Path(fourwalls.__file__).parent


def _imports(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{'.' * node.level}{node.module or ''}"
            if node.module == "fourwalls":
                yield from (f"fourwalls.{alias.name}" for alias in node.names)


def test_worlds_import_only_errors_of_the_package():
    for file in (PACKAGE / "worlds").rglob("*.py"):
        for name in _imports(file):
            assert not name.startswith("."), (file, name)
            if name.startswith("fourwalls"):
                assert name.startswith(("fourwalls.worlds", "fourwalls.errors")), (file, name)


def test_nothing_but_surfaces_imports_worlds_or_knows_of_a_truth():
    for file in PACKAGE.rglob("*.py"):
        where = file.relative_to(PACKAGE).parts[0]
        if where in ("worlds", "surfaces"):
            continue
        assert not any(name.startswith("fourwalls.worlds") for name in _imports(file)), file
        assert "truth.json" not in file.read_text(encoding="utf-8"), file
