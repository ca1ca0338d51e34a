"""What is written as JSON is read back as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fourwalls.diagnosis import Diagnosis
from fourwalls.errors import PortfolioError
from fourwalls.surfaces.page import json as page_json
from fourwalls.surfaces.page import reading

from . import sample


@pytest.mark.parametrize(
    "make", [sample.usual, sample.stocked, sample.priced, sample.shelves_only, sample.empty], ids=lambda m: m.__name__
)
def test_round_trip(make: Callable[[], Diagnosis], tmp_path: Path) -> None:
    file = tmp_path / "diagnosis.json"
    file.write_text(page_json.dumps(make()), "utf-8")
    again = reading.read(file)
    assert page_json.dumps(again) == page_json.dumps(make())
    assert again.assets == make().assets


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PortfolioError, match="There is no file"):
        reading.read(tmp_path / "none.json")
    for text in ("{}", "[]", "no json", '{"portfolio": 1}'):
        (tmp_path / "odd.json").write_text(text)
        with pytest.raises(PortfolioError, match="is no diagnosis of this version"):
            reading.read(tmp_path / "odd.json")
