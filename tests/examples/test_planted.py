"""Faults planted in real records: the stage, the party and the size come back; a shock and pure chance blame nobody."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.planted import __main__ as planted
from benchmarks.planted import judging, market, shelves

SEED = 2


@pytest.fixture(scope="module")
def orders(real_data: Path) -> market.Market:
    return market.Market(real_data)


@pytest.mark.parametrize(
    "fault",
    [market.carried_later(10), market.packed_later(5), market.released_later(5), market.promised_sooner(10)],
    ids=lambda f: f.stage,
)
def test_what_was_planted_is_told(orders: market.Market, fault: market.Fault) -> None:
    found, truth = orders.diagnose(fault, SEED)
    before = {a.name: a for a in orders.as_it_was(fault.grain, SEED).assets}
    assert sum(truth.values()) > 50
    for asset in found.assets:
        lines = truth.get(asset.asset[fault.grain[0]], 0)
        was = market.told_of_stage(before[asset.name], fault.stage)[0]
        value, low, high = market.told_of_stage(asset, fault.stage)
        if lines >= judging.LEAST_PLANTED:
            assert low <= lines + was <= high, asset.name
            assert value - was == pytest.approx(lines, rel=0.3), asset.name
            assert fault.party in ("", asset.contributions[0].party_id)
            assert asset.contributions[0].stage == fault.stage
        elif lines == 0:
            assert value == pytest.approx(was, abs=1)
            assert asset.verdict == before[asset.name].verdict


def test_nobody_is_told_to_be_slow_where_all_are_equal(orders: market.Market) -> None:
    for grain in market.NOTHING:
        late = judging.late_lines(orders.as_it_was((grain,), SEED))
        assert set(late) <= {"promise"}, late


def test_slow_ones_among_small_sellers_are_told_and_equal_ones_are_not(real_data: Path) -> None:
    sellers = market.Market(real_data, by="sellers")
    fault = market.slow_sellers(15)
    before = sellers.as_it_was(fault.grain, SEED)
    assert judging.late_lines(before)["fulfilment"] == 0
    found, truth = sellers.diagnose(fault, SEED)
    told = judging.late_lines(found)["fulfilment"]
    planted = sum(truth.values())
    assert planted > 200
    assert 0.6 * planted < told < 1.1 * planted


def test_a_strike_is_no_party_s_lasting_fault(orders: market.Market) -> None:
    shock = market.strike(10)
    found, truth = orders.diagnose(shock, SEED)
    assert sum(truth.values()) > 100
    before = {a.name: a for a in orders.as_it_was(shock.grain, SEED).assets}
    for asset in found.assets:
        for stage in ("release", "fulfilment", "carriage"):
            was = market.told_of_stage(before[asset.name], stage)[0]
            assert market.told_of_stage(asset, stage)[0] == pytest.approx(was, abs=2)


def test_units_taken_from_shelves_are_told(real_data: Path) -> None:
    city = shelves.Shelves(real_data)
    base, nothing = city.diagnose(shelves.NOTHING, SEED)
    found, taken = city.diagnose(shelves.EVENINGS, SEED)
    assert nothing == 0 < taken
    was, now = ({a.name: judging.lost(a)[0] for a in d.assets} for d in (base, found))
    assert now[shelves.HALVES[1]] - was[shelves.HALVES[1]] == pytest.approx(taken, rel=0.03)
    assert now[shelves.HALVES[0]] == pytest.approx(was[shelves.HALVES[0]], rel=0.01)


def test_without_the_data_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["planted", "--data", str(tmp_path)])
    with pytest.raises(SystemExit, match="Real data are not there: olist, freshretailnet"):
        planted.main()
