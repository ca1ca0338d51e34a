"""The shelf served all at once, against a shelf served customer by customer."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fourwalls.worlds import shelf


def _by_hand(place, hour, units, wants, record, physical, up, down):
    """One version; the record falls by what is asked for, as a shop's stock count does."""
    fate, shipped, sold = [], [], np.zeros(len(record), dtype=int)
    asked = np.zeros(len(record), dtype=int)
    ran_out = np.where(record > 0, 24.0, 0.0)
    for i, p in enumerate(place):
        sees = hour[i] >= up[i]
        if not wants[i]:
            fate.append(shelf.LOST_UNCONVINCED)
            shipped.append(0)
            continue
        if not sees:
            fate.append(shelf.LOST_UNSEEN if record[p] > 0 else shelf.LOST_EMPTY)
            shipped.append(0)
            continue
        got = int(np.clip(physical[p] - asked[p], 0, units[i]))
        on_record = asked[p] < record[p]
        if on_record and asked[p] + units[i] >= record[p]:
            ran_out[p] = hour[i]
        oversold = not on_record and hour[i] < ran_out[p] + down[i]
        asked[p] += units[i]
        sold[p] += got
        fate.append(shelf.ACCEPTED if on_record or oversold else shelf.LOST_EMPTY)
        shipped.append(got)
    return fate, shipped, sold


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 4))
def test_as_by_hand(seed, n, places):
    luck = np.random.default_rng(seed)
    place = np.sort(luck.integers(0, places, n))
    hour = np.zeros(n)
    for p in range(places):
        here = place == p
        hour[here] = np.sort(luck.uniform(0, 24, here.sum()))
    units = luck.integers(1, 4, n)
    versions = 3
    record = luck.integers(0, 12, (versions, places))
    physical = np.minimum(record, luck.integers(0, 14, (versions, places)))
    wants = luck.random((versions, n)) < 0.9
    up = np.where(luck.random((versions, n)) < 0.2, 12.0, -1.0)
    down = np.where(luck.random((versions, n)) < 0.3, 5.0, 0.1)
    served = shelf.serve(place, hour, units, wants, record, physical, up, down)
    for v in range(versions):
        fate, shipped, sold = _by_hand(place, hour, units, wants[v], record[v], physical[v], up[v], down[v])
        assert served.fate[v].tolist() == fate
        assert served.shipped[v].tolist() == shipped
        assert served.sold[v].tolist() == sold.tolist()
    assert (served.sold <= physical).all()
    assert ((served.empty_at >= 0) & (served.empty_at <= 24)).all()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32))
def test_more_stock_never_sells_less(seed):
    luck = np.random.default_rng(seed)
    n = 30
    place = np.zeros(n, dtype=np.int64)
    hour = np.sort(luck.uniform(0, 24, n))
    units = luck.integers(1, 4, n)
    stock = np.arange(0, 60, 3)[:, None]
    flat = np.zeros((len(stock), n))
    served = shelf.serve(place, hour, units, np.ones((len(stock), n), dtype=bool), stock, stock, flat, flat)
    assert (np.diff(served.sold[:, 0]) >= 0).all()
    assert (np.diff((served.fate == shelf.ACCEPTED).sum(axis=1)) >= 0).all()
