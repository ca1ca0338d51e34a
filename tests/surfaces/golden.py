"""Compares text with a file under tests/golden; FOURWALLS_REWRITE_GOLDEN=1 writes the file instead."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "golden"


def assert_golden(name: str, text: str) -> None:
    """The text is what the golden file holds."""
    path = FOLDER / name
    if os.environ.get("FOURWALLS_REWRITE_GOLDEN") == "1":
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"no {path.name}: run once with FOURWALLS_REWRITE_GOLDEN=1"
    assert text == path.read_text(encoding="utf-8"), f"{path.name} differs: look, then FOURWALLS_REWRITE_GOLDEN=1"
