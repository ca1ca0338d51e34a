from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fourwalls.surfaces.page.canvas import Scale, width_of
from fourwalls.surfaces.page.frontier import frontier
from fourwalls.surfaces.page.placing import placed
from fourwalls.surfaces.page.portfolio_map import Spot, portfolio_map
from fourwalls.surfaces.page.tornado import Bar, tornado
from fourwalls.surfaces.page.value_fan import Fan, value_fan
from fourwalls.surfaces.wording import VERDICTS

SVG = "{http://www.w3.org/2000/svg}"
EVIL = '<script>alert("x")</script>\u202e&'


def parsed(svg: str) -> ET.Element:
    root = ET.fromstring(svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for text in root.iter(f"{SVG}text"):
        x, wide = float(text.attrib["x"]), width_of("".join(text.itertext()), float(text.attrib["font-size"])) * 0.85
        start = {"start": x, "middle": x - wide / 2, "end": x - wide}[text.attrib["text-anchor"]]
        assert start >= -2, "".join(text.itertext())
        assert start + wide <= width + 2, "".join(text.itertext())
        assert 0 <= float(text.attrib["y"]) <= height
    assert "nan" not in svg
    assert "inf" not in re.sub(r">[^<]*<", "><", svg)
    return root


def words(root: ET.Element) -> list[str]:
    return ["".join(t.itertext()) for t in root.iter(f"{SVG}text")]


def test_the_map_shows_each_asset_and_every_verdict_by_a_shape_of_its_own() -> None:
    spots = [Spot(f"asset {i}", 1e5 * i, 5e4 * (6 - i), 1e6 * (i + 1), v) for i, v in enumerate(VERDICTS)]
    root = parsed(portfolio_map(spots, "EUR"))
    groups = root.findall(f"{SVG}g")
    assert len(groups) == 6
    shapes = {
        tuple((c.tag, len(c.attrib.get("points", "").split()), "stroke-dasharray" in c.attrib) for c in g[1:])
        for g in groups
    }
    assert len(shapes) == 6
    assert set(VERDICTS.values()) <= set(words(root)), "the key"
    assert "operating brings, EUR" in words(root)
    titles = [g[0].text or "" for g in groups]
    assert titles[0] == "asset 5: Cannot tell yet; operate 500k, orchestrate 50k, revenue 6m EUR", "largest first"


def test_area_is_revenue() -> None:
    spots = [Spot("a", 0, 1e5, 4e6, "orchestrate"), Spot("b", 1e5, 0, 1e6, "orchestrate")]
    radii = [
        float(c.attrib["r"])
        for g in parsed(portfolio_map(spots, "EUR")).findall(f"{SVG}g")
        for c in g.iter(f"{SVG}circle")
    ]
    assert radii == pytest.approx([17.0, 8.5])


ROOM = (52.0, 26.0, 400.0, 356.0)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.text("abcd ", min_size=1, max_size=20), st.floats(60, 380), st.floats(30, 350)), max_size=40)
)
def test_names_never_touch(marks: list[tuple[str, float, float]]) -> None:
    found = placed([(name, (x, y), 6.0) for name, x, y in marks], ROOM, 11)
    boxes = [(p.at[0], p.at[1] - 8, p.at[0] + width_of(p.words, 11), p.at[1] + 2) for p in found]
    for a, b in itertools.combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    for a, (_, x, y) in itertools.product(boxes, marks):
        assert a[2] <= x - 6 or x + 6 <= a[0] or a[3] <= y - 6 or y + 6 <= a[1]


def test_names_of_marks_that_lie_on_each_other_are_all_led_to_a_place() -> None:
    marks = [(f"asset number {i}", (120.0 + i, 200.0 - i), 9.0) for i in range(9)]
    found = placed(marks, ROOM, 11)
    assert [p.words for p in found] == [name for name, _, _ in marks]
    led = [p for p in found if p.leader is not None]
    assert led
    for p in led:
        (x, y), end = p.leader or ((0.0, 0.0), (0.0, 0.0))
        centre = next(at for name, at, _ in marks if name == p.words)
        assert (x - centre[0]) ** 2 + (y - centre[1]) ** 2 == pytest.approx(81), "from the edge of its own mark"
        assert p.at[0] - 0.1 <= end[0] <= p.at[0] + width_of(p.words, 11) + 0.1


def test_long_names_become_numbers_with_a_list() -> None:
    names = ["Home, garden and furniture · Rest of Southeast", "Electronics · São Paulo", "Fashion"]
    spots = [Spot(name, 1e5 * i, 5e4, 1e6 * (3 - i), "orchestrate") for i, name in enumerate(names)]
    told = words(parsed(portfolio_map(spots, "EUR")))
    for number, name in enumerate(names, 1):
        assert told.count(str(number)) == 2, "at the mark and in the list"
        assert any(t == name or (t.endswith("…") and name.startswith(t[:-1])) for t in told)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.floats(0, 1e9)), max_size=60))
def test_any_amounts_can_be_drawn(rows: list[tuple[float, float, float]]) -> None:
    kinds = list(VERDICTS)
    parsed(portfolio_map([Spot(f"a{i}", *row, kinds[i % 6]) for i, row in enumerate(rows)], "EUR"))


def test_frontier_runs_through_its_points_and_marks_the_budget() -> None:
    points = [(0.0, 0.0), (5e4, 3e5), (1e5, 4.1e5), (2e5, 4.2e5)]
    root = parsed(frontier(points, 5e4, 3e5, "EUR"))
    drawn = [tuple(map(float, p.split(","))) for p in root.find(f"{SVG}polyline").attrib["points"].split()]  # type: ignore[union-attr]
    assert [x for x, _ in drawn] == sorted(x for x, _ in drawn)
    assert [y for _, y in drawn] == sorted((y for _, y in drawn), reverse=True)
    assert "50k brings 300k" in words(root)
    parsed(frontier([(0.0, 0.0), (0.0, 0.0)], 1.0, 0.0, "EUR"))


def test_fan_stands_where_its_figures_say() -> None:
    root = parsed(value_fan([Fan("operate", -1e5, 1e5, 3e5, 0.25), Fan("leave it", 0, 0, 0)], "EUR"))
    low, middle, high = (Scale.over([-1e5, 3e5, 0, 0], 14, 386)(a) for a in (-1e5, 1e5, 3e5))
    points = root.findall(f"{SVG}polygon")[0].attrib["points"].split()
    assert [float(p.split(",")[0]) for p in points] == pytest.approx([low, middle, high, middle], abs=0.06)
    assert "100k (−100k to 300k), best in 25 %" in words(root)
    assert "Operate" in words(root)


def test_tornado_tells_where_the_answer_turns() -> None:
    bars = [
        Bar("Ramp", "0 weeks", "40 weeks", 3e5, 1e5, "turns at 30 weeks: orchestrate"),
        Bar("Wage", "20", "40", 2e5, 2.1e5),
    ]
    root = parsed(tornado(bars, 2e5, "operate", "EUR"))
    x = Scale.over([2e5, 3e5, 1e5, 2e5, 2.1e5], 14, 386)
    first = [(float(r.attrib["x"]), float(r.attrib["width"])) for r in root.iter(f"{SVG}rect")][:2]
    assert first[0] == pytest.approx((x(2e5), x(3e5) - x(2e5)), abs=0.06)
    assert first[1] == pytest.approx((x(1e5), x(2e5) - x(1e5)), abs=0.06)
    assert "turns at 30 weeks: orchestrate" in words(root)
    assert "does not change the answer" in words(root)


def test_words_of_users_are_only_words() -> None:
    drawn = (
        portfolio_map([Spot(EVIL, 1, 2, 3, "operate")], EVIL),
        frontier([(0, 0), (1, 1)], 1, 1, EVIL),
        value_fan([Fan("operate", 0, 1, 2)], EVIL),
        tornado([Bar(EVIL, EVIL, EVIL, 0, 1, EVIL)], 0.5, EVIL, EVIL),
    )
    for svg in drawn:
        assert "<script" not in svg
        assert "\u202e" not in svg
        ET.fromstring(svg)
