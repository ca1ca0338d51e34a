"""What is read from sums by asset and span: events, sides that could be held to nothing."""

from __future__ import annotations

import numpy as np

from fourwalls.assembly import concentration, gaps, lasts_to_the_end
from fourwalls.diagnosis import Gap
from fourwalls.figures import Estimate, Refusal
from fourwalls.resampling import draw_clusters

WEEKS = 40
NAMES = (
    "missed",
    "untraced",
    "total",
    "operate",
    "orchestrate",
    "known",
    "unheld",
    "residual",
    "open_inside",
    "open_between",
)


def test_an_event_is_over_and_a_decline_is_not() -> None:
    quiet = np.full(WEEKS, 1.0)
    event, decline = quiet.copy(), quiet.copy()
    event[20:24], decline[-4:] = 40, 40
    total, lines = np.array([event, decline, quiet]), np.full((3, WEEKS), 100.0)
    part, _, beyond = concentration(total, lines)
    assert (part[:2] > 0.5).all()
    assert beyond.tolist() == [True, True, False]
    assert lasts_to_the_end(total, lines).tolist()[:2] == [False, True]


def test_weeks_whose_lines_are_still_open_are_not_the_end() -> None:
    """Five weeks of lead: what was ordered last is neither late nor on time, and hides that the decline goes on."""
    total, known = np.full((1, WEEKS), 1.0), np.full((1, WEEKS), 100.0)
    total[0, -9:-5], total[0, -5:], known[0, -5:] = 40, 0, 5
    assert lasts_to_the_end(total, known).tolist() == [True]


def split(inside: float, between: float, is_open: float) -> Gap:
    """The gap of one asset with 10 missed lines a week, `is_open` of them with a side between that nothing shows."""
    values = dict.fromkeys(NAMES, 0.0) | {
        "missed": 10.0, "total": inside + between, "operate": inside, "orchestrate": between, "known": inside + between,
        "by_inside": inside, "by_between": between, "by_unknown": 0.0, "open_between": is_open,
    }  # fmt: skip
    for stage in ("release", "fulfilment", "carriage", "promise"):
        values |= {f"held_{stage}": 10.0} | {f"{stage}/{wall}": 0.0 for wall in ("inside", "between", "unknown")}
    values |= {"fulfilment/inside": inside, "carriage/between": between, "held_carriage": 10 - is_open}
    totals = {name: np.full((1, WEEKS), value) for name, value in values.items()}
    found = gaps(totals, np.full((1, WEEKS), 100.0), draw_clusters(WEEKS, seed=1, replicates=99))[0]
    assert isinstance(found, Gap)
    return found


def test_a_side_that_could_be_held_to_nothing_is_refused() -> None:
    found = split(3.0, 0.5, 9.0)
    assert isinstance(found.inside_share, Refusal)
    assert found.inside_chance is None
    assert found.unjudged == ("carriage",)  # though something is booked there


def test_the_part_is_told_where_the_other_side_was_held_or_could_not_be_larger() -> None:
    assert isinstance(split(3.0, 0.5, 1.0).inside_share, Estimate)
    assert isinstance(split(6.0, 0.5, 9.0).inside_share, Estimate)


def test_none_missed_is_not_never() -> None:
    found = split(0.0, 0.0, 0.0).total
    assert isinstance(found, Estimate)
    assert found.value == 0
    assert found.high > 0
