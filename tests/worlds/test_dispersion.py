"""The dispersion report, from spreads made up here."""

import math
import xml.etree.ElementTree as ET

import pytest
from benchmarks.quality import dispersion

FOUND = {
    dispersion.WORLD: [(0.5, 0.6, 0.7), (2.0, 3.0, 0.2), (4.0, 8.0, 0.05)],
    dispersion.UCI: [(0.1, 0.1, 0.9), (2.0, 4.0, 0.3)],
}


def test_tables_say_what_was_found():
    assert dispersion.rows(FOUND) == [
        ("0.02 to 0.3", dispersion.UCI, "1", "1.00", "90 %"),
        ("0.3 to 1", dispersion.WORLD, "1", "1.20", "70 %"),
        ("1 to 3", dispersion.WORLD, "1", "1.50", "20 %"),
        ("1 to 3", dispersion.UCI, "1", "2.00", "30 %"),
        ("3 to 10", dispersion.WORLD, "1", "2.00", "5 %"),
    ]
    by_source = dispersion.variations(FOUND, [0.4, 0.5])
    assert by_source[dispersion.WORLD] == pytest.approx([math.sqrt(8) / 4, math.sqrt(3) / 2])
    assert by_source[dispersion.FRESH] == [0.4, 0.5]


@pytest.mark.parametrize("fresh", [[], [0.3, 0.5, 4.0]])
def test_the_page_is_whole_and_loads_nothing(fresh):
    page = dispersion.report(FOUND, fresh)
    root = ET.fromstring(page.removeprefix("<!DOCTYPE html>\n"))
    assert len(list(root.iter("{http://www.w3.org/2000/svg}svg"))) == 2
    assert len(list(root.iter("{http://www.w3.org/2000/svg}circle"))) == 5
    assert "src=" not in page
    assert "href=" not in page
    assert (dispersion.FRESH in page.split("<h2>Variation")[1].split("</p>")[1]) == bool(fresh)
