"""The PDF: one page for the portfolio and one for each asset, whatever names and lengths."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fourwalls.diagnosis import Diagnosis
from fourwalls.surfaces.page.sheets import pdf, sheets

from . import sample


def pages(content: bytes) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", content))


def worst() -> Diagnosis:
    return sample.priced(sample.worst(is_stocked=True), words="a rather long sentence that goes on about parcels " * 4)


@pytest.mark.parametrize("make", [sample.priced, sample.shelves_only, sample.refused, sample.hostile, worst])
def test_each_asset_has_exactly_one_page(make: Callable[[], Diagnosis]) -> None:
    made = sample.advised(make())
    assert pages(pdf(made)) == 1 + len(made.assets)


def test_the_same_diagnosis_gives_the_same_bytes() -> None:
    made = sample.advised(sample.priced())
    assert pdf(made) == pdf(made)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="no pdftotext, so nobody read the PDF's text")
def test_the_paper_says_what_a_leader_needs(tmp_path: Path) -> None:
    made = sample.advised(sample.priced(is_default=False))
    (tmp_path / "a.pdf").write_bytes(pdf(made))
    told = subprocess.run(["pdftotext", "-layout", str(tmp_path / "a.pdf"), "-"], capture_output=True, check=True)
    text = told.stdout.decode()
    each = text.split("\f")[: len(made.assets) + 1]
    for page, asset in zip(each[1:], made.assets, strict=True):
        flat = " ".join(page.split())
        assert asset.name.split(" ")[0] in flat
        assert "The next 30 days" in flat
        assert "Pilot to run next" in flat
        assert "What each path is worth" in flat
        assert "Inside fixes" in flat
        assert "Outside dependencies" in flat
        assert "measured" in flat
        assert "Rules with partners" in flat
        # The foot stands on the page: nothing was cut off.
        assert "Decided by rule" in flat


def test_text_from_the_data_stays_text() -> None:
    for sheet in sheets(sample.advised(sample.hostile())):
        for _, drawing in sheet.pictures:
            assert "<script" not in drawing
            assert "onerror=" not in re.sub(r">[^<]*<", "><", drawing)
    # Text goes to the typesetter as data: marks of its language are printed and not run.
    name = "#panic(1) $x$ *b* @a <l> \\ // `c` [d]"
    made = sample.advised(sample.priced())
    made = replace(made, assets=(replace(made.assets[0], name=name, asset={"brand": name}),))
    assert pages(pdf(made)) == 2
