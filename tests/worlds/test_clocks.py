from datetime import date

import numpy as np

from fourwalls.worlds.clocks import calendar, next_open, open_days, working_clock


def test_a_working_clock_stands_still_when_closed():
    days = calendar(date(2025, 1, 6), date(2025, 3, 3), 0)  # a Monday that is a holiday
    clock = working_clock(open_days(days, 4), 8.0, 18.0)
    tuesday = 24.0
    read = clock.read(np.array([tuesday + 8, tuesday + 12, tuesday + 20, 2 * 24.0 + 7]))
    assert np.allclose(np.diff(read), [4, 6, 0], atol=1e-5)


def test_work_begun_on_friday_ends_on_monday():
    days = calendar(date(2025, 2, 3), date(2025, 3, 3), 0)
    clock = working_clock(open_days(days, 4), 8.0, 18.0)
    friday = 4 * 24.0
    done = clock.when(clock.read(np.array([friday + 17.0])) + 3.0)
    assert np.allclose(done, 7 * 24.0 + 10.0, atol=1e-4)


def test_next_open_day():
    is_open = np.array([True, False, False, True, False, True])
    assert next_open(is_open).tolist() == [0, 3, 3, 3, 5, 5]
