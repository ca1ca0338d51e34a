"""Tours and pick-ups are found where they are, and only there; a replay leaves with them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fourwalls.chain.departures import (
    EVERY_DAY,
    HOURS,
    Departures,
    Handling,
    after_open_hours,
    departures_of,
    find_departures,
    handling,
    leaving,
    on_tours,
    open_seconds,
    rest_days,
    table_columns,
)

HOUR = 3600.0
MONDAY = 1_735_516_800.0  # 2024-12-30 00:00 UTC
WEEKDAYS = np.arange(7) < 5
TOOK = Handling(5.0, 2.0, EVERY_DAY)


def tours(*hours: int) -> np.ndarray:
    return np.isin(np.arange(HOURS), hours)


def counts(at: np.ndarray) -> np.ndarray:
    return np.bincount(np.floor(at).astype(int) % HOURS, minlength=HOURS).astype(float)


def next_open(ready: np.ndarray, is_open: np.ndarray) -> np.ndarray:
    """Hours since Monday at which each leaves, by looking at one hour after the other."""
    out = []
    for at in ready:
        hour = int(np.floor(at))
        while not is_open[hour % HOURS]:
            hour += 1
        out.append(max(at, float(hour)))
    return np.array(out)


TUESDAY_AND_FRIDAY, MONDAY_AND_THURSDAY, PICK_UPS = (
    tours(30, 102),
    tours(6, 78),
    tours(*(17 + 24 * d for d in range(5))),
)


@pytest.mark.parametrize("is_open", [TUESDAY_AND_FRIDAY, MONDAY_AND_THURSDAY, PICK_UPS, tours(54)])
def test_departures_are_found_whatever_the_days(is_open: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    start = rng.uniform(0, 20 * HOURS, 2000)
    left = next_open(start + rng.gamma(4, 2, 2000), is_open) + rng.uniform(0, 0.5, 2000)
    astray = rng.random(2000) < 0.02
    left[astray] = rng.uniform(0, 20 * HOURS, astray.sum())
    found = departures_of(counts(left), counts(start))
    assert found is not None
    assert found.tolist() == is_open.tolist()


def test_work_in_office_hours_is_no_departure() -> None:
    rng = np.random.default_rng(2)
    office = tours(*(24 * d + h for d in range(5) for h in range(8, 18)))
    for _ in range(20):
        start = rng.uniform(0, 20 * HOURS, 1000)
        assert departures_of(counts(next_open(start + rng.gamma(4, 2, 1000), office)), counts(start)) is None
        assert departures_of(counts(rng.uniform(0, HOURS, 1000)), counts(start)) is None


def test_batches_that_take_the_same_time_wait_for_nothing() -> None:
    rng = np.random.default_rng(3)
    start = rng.integers(0, 140, 2000) * 24.0 + 6
    assert departures_of(counts(start + 3 + rng.uniform(0, 0.9, 2000)), counts(start)) is None


def test_few_lines_have_no_departures() -> None:
    start = np.random.default_rng(4).uniform(0, HOURS, 200)
    assert departures_of(counts(next_open(start, PICK_UPS)), counts(start)) is None


def cells(rng: np.random.Generator, calendars: list[np.ndarray], lines: list[int]) -> tuple[np.ndarray, np.ndarray]:
    starts = [rng.uniform(0, 20 * HOURS, n) for n in lines]
    ends = [next_open(s + rng.gamma(4, 1, len(s)), c) for s, c in zip(starts, calendars, strict=True)]
    return np.array([counts(e) for e in ends]), np.array([counts(s) for s in starts])


def test_destinations_have_tours_of_their_own_and_small_ones_none() -> None:
    keys = [("a", "own", "north"), ("a", "own", "south"), ("a", "own", "islands"), ("b", "own", "north")]
    calendars = [TUESDAY_AND_FRIDAY, MONDAY_AND_THURSDAY, tours(54), np.ones(HOURS, bool)]
    ends, starts = cells(np.random.default_rng(5), calendars, [1500, 1500, 50, 1500])
    found = find_departures(keys, ends, starts, np.full(4, 20))
    assert {key: np.flatnonzero(x).tolist() for key, x in found.items()} == {keys[0]: [30, 102], keys[1]: [6, 78]}


def test_one_calendar_is_not_cut_into_pieces() -> None:
    keys = [("a", "own", str(i)) for i in range(6)]
    ends, starts = cells(np.random.default_rng(6), [PICK_UPS] * 6, [400] * 6)
    found = find_departures(keys, ends, starts, np.full(6, 20))
    assert found[("a",)].tolist() == PICK_UPS.tolist()
    assert not find_departures(keys, ends, starts, np.full(6, 3))


def test_handling_is_read_from_who_caught_the_departure() -> None:
    """Log-logistic work of median 6 h and shape 3, of which only caught or not is seen."""
    rng = np.random.default_rng(7)
    lead = rng.integers(1, 80, 20_000).astype(float)
    odds = rng.random(20_000)
    work = 6 * (odds / (1 - odds)) ** (1 / 3)
    caught = (work <= lead - 0.5).astype(float)
    level = np.unique(lead)
    lines, seen = (np.bincount(lead.astype(int), x)[1:] for x in (np.ones(20_000), caught))
    took = handling([(WEEKDAYS, rng.permutation(level)), (EVERY_DAY, level)], lines, seen)
    assert took.middle_hours == pytest.approx(6, rel=0.05)
    assert took.shape == pytest.approx(3, rel=0.1)
    assert took.works.all()


def test_days_on_which_nothing_leaves_are_rest_only_where_something_leaves_on_most() -> None:
    assert rest_days([TUESDAY_AND_FRIDAY]) is None
    found = rest_days([TUESDAY_AND_FRIDAY, PICK_UPS])
    assert found is not None
    assert found.tolist() == WEEKDAYS.tolist()


CLOCK = np.repeat(WEEKDAYS, 24).astype(float)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 3 * 604_800), st.integers(0, 20 * 86_400))
def test_the_clock_goes_there_and_back(start: int, work: int) -> None:
    begin = np.array([MONDAY + start])
    end = after_open_hours(begin, np.array([float(work)]), CLOCK)
    assert open_seconds(begin, end, CLOCK)[0] == pytest.approx(work, abs=1)
    hours = sum(CLOCK[(start // 3600 + h) % HOURS] for h in range(100))
    assert open_seconds(begin // HOUR * HOUR, begin // HOUR * HOUR + 100 * HOUR, CLOCK)[0] == hours * HOUR


line = st.tuples(
    st.integers(0, 604_799), st.integers(60, 15 * 86_400), st.sampled_from([("a", "own", "n"), ("a", "own", "s"), ("b", "", "")])
)  # fmt: skip
KNOWN = {
    ("a",): Departures(TUESDAY_AND_FRIDAY, TOOK),
    ("a", "own", "s"): Departures(tours(16, 17, 40, 41, 64, 88, 112), Handling(7.0, 1.5, WEEKDAYS)),
}


@settings(max_examples=150, deadline=None)
@given(st.lists(line, min_size=1, max_size=8), st.booleans())
def test_as_it_was_reproduces_the_record_and_less_work_or_an_earlier_start_leaves_no_later(
    rows: list, on_time: bool
) -> None:
    keys = [("a", "own", "n"), ("a", "own", "s"), ("b", "", "")]
    code = np.array([keys.index(key) for *_, key in rows])
    start = np.array([MONDAY + s for s, *_ in rows])
    end = start + np.array([float(d) for _, d, _ in rows])
    if on_time:
        opens = [tours(30, 102), tours(16, 17, 40, 41, 64, 88, 112), np.ones(HOURS, bool)]
        end = np.array(
            [
                MONDAY + HOUR * next_open(np.array([(e - MONDAY) / HOUR]), opens[c])[0]
                for e, c in zip(end, code, strict=True)
            ]
        )
    found = leaving(keys, code, start, end, KNOWN)
    assert found is not None
    work = np.where(np.isnan(found.handled), end - start, found.handled)
    assert found.left(start, work) == pytest.approx(end, abs=1e-3)
    assert (np.isnan(found.handled) == (code == 2)).all()
    assert (work >= 0).all()
    assert (found.left(start, work / 2) <= found.left(start, work)).all()
    assert (found.left(start - 5 * HOUR, work) <= found.left(start, work)).all()
    asked, later = (found.asked_by(start + shift, np.full(len(rows), 24 * HOUR)) for shift in (0, 7 * HOUR))
    assert (later >= asked).all()


def one(start_hours: float, known: Departures, cap_hours: float) -> float:
    start = np.array([MONDAY + start_hours * HOUR])
    found = leaving([("a",)], np.array([0]), start, np.array([np.nan]), {("a",): known})
    assert found is not None
    return float((found.asked_by(start, np.array([cap_hours * HOUR]))[0] - MONDAY) / HOUR)


def test_a_target_asks_for_work_and_then_the_next_tour_but_for_a_daily_slot_within_its_hours() -> None:
    tour = Departures(TUESDAY_AND_FRIDAY, Handling(5.0, 2.0, WEEKDAYS))
    # Begun Monday 10:00, worked by Tuesday 10:00, left on Friday at 6:00; begun Friday 15:00, left on Tuesday.
    assert one(10, tour, 24) == 102
    assert one(96 + 15, tour, 24) == HOURS + 30
    daily = Departures(PICK_UPS, Handling(5.0, 2.0, WEEKDAYS))
    # Thursday 18:00 and a day is Friday's slot; Friday 18:00 and a day is Monday's; an hour on Saturday still has until Monday.
    assert [one(x, daily, 24) for x in (72 + 18, 96 + 18)] == [96 + 17, HOURS + 17]
    assert one(120 + 10, daily, 1) == HOURS + 17


def test_columns_for_the_engine_say_what_the_replay_says() -> None:
    known = Departures(tours(16, 17, 88), Handling(7.0, 1.5, WEEKDAYS))
    table = pa.table(table_columns([known]))
    found = {name: table[name].to_numpy() for name in table.column_names}
    assert found["until_s"][[10, 17, 18]].tolist() == [8 * HOUR, HOUR, 71 * HOUR]
    # Friday noon to Monday 16:00 is 76 hours, of which 28 of working days.
    assert (found["lead_h"][108], found["working_lead_h"][108]) == (76, 28)
    # Monday 16:00 comes 3 days 23 hours after Thursday 17:00, of which two of rest; Tuesday noon 18 hours after Monday 18:00.
    assert found["since_s"][[16, 36]].tolist() == [(24 * 4 - 1 - 48) * HOUR, 18 * HOUR]


def test_daily_pick_ups_are_left_to_the_gates() -> None:
    daily, tour = np.zeros(HOURS, np.bool_), np.zeros(HOURS, np.bool_)
    daily[[24 * day + 16 for day in range(5)]] = True
    tour[[24 * day + 6 for day in (1, 4)]] = True
    found = {("a", "x", "n"): daily, ("b", "x", "n"): tour, ("b", "y", "n"): daily}
    assert on_tours(found) == {key: is_open for key, is_open in found.items() if key[0] == "b"}
