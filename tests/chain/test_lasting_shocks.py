"""Shocks that last, shocks that all share, the luckiest of equals, one doer's categories, and tails behind equal means."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from fourwalls.chain.comparison import plan_comparisons
from fourwalls.chain.demonstrated import _departs, read_standards, slower, standards_without, with_tails
from fourwalls.chain.leaving_out import with_shifts
from fourwalls.chain.standards import (
    BIN_HOURS,
    BINS,
    NATURAL_SPREAD,
    NONE,
    OWN_WEEKS,
    PEERS,
    Weekly,
    change_point,
    compare,
    memory_of,
)
from fourwalls.measures.stage_times import bin_number
from fourwalls.resampling import draw_clusters, ratio_ranges

WEEKS = 52


def shocks(rng: np.random.Generator, spans: int, memory: float, sd: float = 2.0) -> np.ndarray:
    found, at = [], rng.normal(0, sd)
    for _ in range(spans):
        at = memory * at + rng.normal(0, sd * (1 - memory**2) ** 0.5)
        found.append(at)
    return np.array(found)


def folded(level: np.ndarray, per: int = 4) -> Weekly:
    means = level.reshape(-1, per).mean(axis=1)
    lines = np.full(len(means), 100.0 * per)
    return Weekly(lines, lines * means, np.arange(len(means)))


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.8])
def test_equal_doers_whose_shocks_last_are_rarely_found_different(memory: float) -> None:
    rng = np.random.default_rng(1)
    found = [
        compare({f"d{i}": folded(24 + shocks(rng, WEEKS, memory)) for i in range(3)}, PEERS).kind != NONE
        for _ in range(300)
    ]
    assert np.mean(found) <= 0.1  # without regard to memory: 5, 40 and 75 %


def test_a_shock_that_all_share_hides_no_difference() -> None:
    rng = np.random.default_rng(2)
    found = []
    for _ in range(50):
        common = 24 + shocks(rng, WEEKS, 0.9, sd=8.0)
        groups = {
            n: folded(common + slow + rng.normal(0, 1, WEEKS)) for n, slow in (("a", 0.0), ("b", 0.0), ("c", 3.0))
        }
        found.append("c" in compare(groups, PEERS).reliability)
    assert np.mean(found) > 0.95


def test_doers_whom_only_shocks_tell_apart_show_together_what_a_promise_can_count_on() -> None:
    rng = np.random.default_rng(12)
    for _ in range(60):
        week = np.tile(np.arange(WEEKS), 60)
        level = {name: np.exp(shocks(rng, WEEKS, 0.9, sd=0.3)) for name in ("a", "b", "c")}
        hours = {name: 24 * level[name][week] * rng.gamma(9, 1 / 9, len(week)) for name in level}
        keys = np.repeat(list(level), len(week))
        spans, counts = tables(np.concatenate(list(hours.values())), doer=keys, category="lamps", size_class="any size")
        plan = plan_comparisons("fulfilment", spans, WEEKS)
        if any(cell.as_one for cell, _ in plan.cells):
            break
    found = read_standards(plan, counts, 0.95)
    every = np.quantile(np.concatenate(list(hours.values())), (0.5, 0.8, 0.9, 0.95))
    assert {cell.compared for cell, _ in plan.cells} == {False}
    for name in level:
        group = plan.comparisons[name, "lamps", "any size"].group
        np.testing.assert_allclose(found.reached[group], every, rtol=0.02)
        assert (found.kept[group] == 1).all()
        assert found.words[group] == ""


def test_weeks_of_one_doer_never_stand_for_peers() -> None:
    rng = np.random.default_rng(4)
    for _ in range(200):
        cell = compare({f"d{i}": folded(24 + shocks(rng, WEEKS, 0.8)) for i in range(2)}, OWN_WEEKS)
        assert not cell.as_one


def test_the_luckiest_of_equals_is_not_the_standard_of_the_others() -> None:
    rng = np.random.default_rng(3)
    false, worlds = 0.0, 100
    for _ in range(worlds):
        groups = {f"d{i}": folded(24 + rng.normal(0, 2, WEEKS)) for i in range(4)} | {
            "slow": folded(30 + rng.normal(0, 2, WEEKS))
        }
        cell = compare(groups, PEERS)
        assert cell.reliability["slow"] > 0.9
        false += sum(r > 0 for name, r in cell.reliability.items() if name != "slow")
    assert false / worlds < 0.15


def test_a_shock_of_known_memory() -> None:
    rng = np.random.default_rng(4)
    found = [memory_of([s - s.mean() for s in (shocks(rng, 26, 0.4) for _ in range(3))]) for _ in range(200)]
    assert np.mean(found) == pytest.approx(0.4, abs=0.07)


def test_a_change_is_found_and_lasting_shocks_are_mostly_none() -> None:
    rng = np.random.default_rng(5)
    steps = [change_point(shocks(rng, WEEKS, 0.0) + np.where(np.arange(WEEKS) < 40, 0, 8)) for _ in range(100)]
    assert np.mean([at is not None and abs(at - 40) <= 1 for at in steps]) > 0.9
    assert np.mean([change_point(shocks(rng, WEEKS, 0.0)) is not None for _ in range(300)]) < 0.09
    assert np.mean([change_point(shocks(rng, WEEKS, 0.5)) is not None for _ in range(300)]) < 0.16


def tables(hours: np.ndarray, **keys: np.ndarray) -> tuple[pa.Table, pa.Table]:
    """What the engine would give: sums by span, and counts by block of two spans, of one line each."""
    n = len(hours)
    week = np.arange(n) % WEEKS
    names = {k: np.broadcast_to(np.asarray(v), n) for k, v in keys.items()}
    lines = pa.table(
        {
            **{k: pa.array(v) for k, v in names.items()},
            "span": week,
            "block": week // 2,
            "hours": hours,
            "bin": bin_number(hours * 3600),
        }
    )
    by = list(names)
    spans = lines.group_by([*by, "span"]).aggregate([("hours", "sum"), ("hours", "count")])
    counts = lines.group_by([*by, "block", "bin"]).aggregate([("hours", "count")])
    spans = spans.rename_columns([*by, "span", "hours", "lines"])
    spans = spans.append_column("elapsed", spans["hours"]).append_column("late", pa.array(np.zeros(len(spans))))
    return spans, counts.rename_columns([*by, "block", "bin", "lines"])


def packing(rng: np.random.Generator, doers: list[str]) -> tuple[pa.Table, pa.Table]:
    n = 8000
    kind, doer = rng.integers(0, 3, n), rng.integers(0, len(doers), n)
    hours = rng.gamma(4, 5, n) * np.array([0.7, 1.0, 1.6])[kind]
    return tables(
        hours, doer=np.array(doers)[doer], category=np.array(["books", "lamps", "sofas"])[kind], size_class="any size"
    )


def test_categories_of_one_doer_are_no_peers() -> None:
    plan = plan_comparisons("fulfilment", packing(np.random.default_rng(6), ["dc"])[0])
    assert {c.cell.kind for c in plan.comparisons.values()} == {NONE}
    assert not any(c.cell.compared for c in plan.comparisons.values())


def test_work_behind_a_gate_that_was_read_wrongly_is_not_slow() -> None:
    rng = np.random.default_rng(61)
    n = 8000
    doer = np.array(["a", "b"])[rng.integers(0, 2, n)]
    whole = rng.gamma(4, 5, n)
    # The wait of a was found, the wait of b was not.
    spans, _ = tables(np.where(doer == "a", 0.1, 1.0) * whole, doer=doer, category="lamps", size_class="any size")
    slow = plan_comparisons("fulfilment", spans)
    elapsed = [20.0 * float(k) for k in spans["lines"].to_pylist()]
    equal = plan_comparisons("fulfilment", spans.set_column(spans.column_names.index("elapsed"), "elapsed", [elapsed]))
    assert max(max(c.cell.reliability.values()) for c in slow.comparisons.values()) > 0.9
    assert {r for c in equal.comparisons.values() for r in c.cell.reliability.values()} == {0.0}


def test_channels_of_other_kinds_are_no_peers() -> None:
    rng = np.random.default_rng(7)
    is_shop = rng.uniform(size=6000) < 0.5
    hours = rng.gamma(4, 1, 6000) * np.where(is_shop, 20, 1)
    doer = np.where(is_shop, "shops", "site")
    apart = plan_comparisons(
        "release", tables(hours, doer=doer, customer_kind=np.where(is_shop, "business", "consumer"))[0]
    )
    alike = plan_comparisons("release", tables(hours, doer=doer, customer_kind="consumer")[0])
    assert {c.cell.kind for c in apart.comparisons.values()} == {NONE}
    assert {c.cell.kind for c in alike.comparisons.values()} == {PEERS}


def test_a_doer_alone_that_became_slow_is_held_to_what_it_was() -> None:
    rng = np.random.default_rng(8)
    n = 8000
    hours = rng.gamma(4, 5, n) * np.where(np.arange(n) % WEEKS >= 44, 2.0, 1.0)
    spans, counts = tables(
        hours, doer="dc", category=np.array(["a", "b"])[rng.integers(0, 2, n)], size_class="any size"
    )
    plan = plan_comparisons("fulfilment", spans)
    assert {c.cell.kind for c in plan.comparisons.values()} == {OWN_WEEKS}
    words = read_standards(plan, counts, 0.95).words
    assert all(w.startswith("own earlier weeks") for w in words)


def tail_plan(rng: np.random.Generator, lost: float) -> tuple[float, float]:
    """What is left of the longest time of the doer that loses some lines, and of a sound one."""
    n = 12_000
    doer = np.array(["a", "b", "c"])[rng.integers(0, 3, n)]
    hours = rng.gamma(9, 4, n)
    mine = doer == "a"
    hours = np.where(mine, hours * (1 - 96 * lost / 36), hours) + 96 * (mine & (rng.uniform(size=n) < lost))
    spans, counts = tables(hours, doer=doer, origin="x", destination="y", size_class="any size")
    plan = with_tails(plan_comparisons("carriage", spans), counts)
    kept = read_standards(plan, counts, 0.95).kept
    last = int(bin_number(np.array([120 * 3600.0]))[0])
    group = {key[0]: c.group for key, c in plan.comparisons.items()}
    return float(kept[group["a"], last]), float(kept[group["b"], last])


def test_a_tail_behind_an_equal_mean_is_found() -> None:
    rng = np.random.default_rng(9)
    inconsistent = [tail_plan(rng, 0.1) for _ in range(5)]
    assert all(a < 0.8 and b == 1.0 for a, b in inconsistent)
    assert np.mean([tail_plan(rng, 0.0) != (1.0, 1.0) for _ in range(20)]) <= 0.15


def test_a_slower_standard_leaves_more_to_peers_and_nothing_else() -> None:
    rng = np.random.default_rng(14)
    doer = rng.integers(0, 2, 8000)
    hours = rng.gamma(4, 5, len(doer)) * np.array([1.0, 1.6])[doer]
    spans, counts = tables(hours, doer=np.array(["dc", "hall"])[doer], category="books", size_class="any size")
    found = read_standards(plan_comparisons("fulfilment", spans), counts, 0.95)
    again = slower(found)
    of_peers = np.array([cell.kind == PEERS for cell, _ in found.plan.cells])
    assert (found.kept[of_peers] < 0.8).any()
    np.testing.assert_array_equal(again.kept[~of_peers], found.kept[~of_peers])
    np.testing.assert_allclose(
        again.kept[of_peers], np.minimum(1.0, found.kept[of_peers] * (1 + 2**0.5 * NATURAL_SPREAD))
    )


def test_a_tail_is_repaired_from_where_it_departs() -> None:
    """A quarter of the lines takes a day longer; a test that looks at the longest tenth must not leave the rest of them."""
    usual = np.zeros(BINS)
    np.add.at(usual, bin_number(np.linspace(30, 40, 100) * 3600.0), 10.0)
    late = 0.75 * usual
    np.add.at(late, bin_number((np.linspace(30, 40, 100) + 24) * 3600.0), 2.5)
    tail = int(bin_number(np.array([60 * 3600.0]))[0])
    begin = _departs(late, usual, tail)
    assert 38 < BIN_HOURS[begin] < 55
    assert late[begin:].sum() == pytest.approx(late.sum() / 4, rel=0.1)
    # Where the usual line is longer as well, only the tail itself is repaired.
    slow = np.zeros(BINS)
    np.add.at(slow, bin_number(np.linspace(45, 60, 100) * 3600.0), 10.0)
    assert _departs(slow, usual, tail) == tail
    assert usual[_departs(usual, usual, tail) :].sum() == 0


def test_leaving_a_fold_out_leaves_it_out() -> None:
    rng = np.random.default_rng(10)
    spans, counts = packing(rng, ["dc", "hall"])
    plan = plan_comparisons("fulfilment", spans)
    whole = read_standards(plan, counts, 0.95)
    for fold, without in enumerate(standards_without(plan, counts, 0.95, range(3))):
        kept = counts.filter(pa.compute.not_equal(pa.compute.divide(counts["block"], plan.blocks_per_fold), fold))
        np.testing.assert_allclose(without.kept, read_standards(plan, kept, 0.95).kept)
        assert without.lines.sum() < whole.lines.sum()


def test_ranges_of_an_estimate_that_hangs_on_a_mean_cover_ninety_per_cent() -> None:
    """The sum of max(0, y − mean of x) over weeks, both seen: as a gap hangs on its standard. 400 worlds: ± 4.5 points is chance."""
    rng = np.random.default_rng(11)
    weeks, lines, covered, narrow, worlds = 48, 50, 0, 0, 400
    fold = np.arange(weeks) // 4
    truth = float(np.maximum(rng.normal(10, 1, 10**6) - 10, 0).mean())
    for world in range(worlds):
        x = 10 + rng.normal(0, 0.5, weeks)
        y = 10 + rng.normal(0, 1, (weeks, lines))
        gap = np.maximum(y - x.mean(), 0).sum(axis=1)[None]
        without = np.array([[np.maximum(y - x[fold != f].mean(), 0).sum() for f in range(12)]])
        draws = draw_clusters(weeks, seed=world, replicates=199, block=fold)
        _, low, high = ratio_ranges(with_shifts(gap, without, fold), np.full(weeks, float(lines)), draws)
        covered += low[0] <= truth <= high[0]
        _, low, high = ratio_ranges(gap, np.full(weeks, float(lines)), draws)
        narrow += low[0] <= truth <= high[0]
    assert 0.85 <= covered / worlds <= 0.95
    assert narrow / worlds < 0.75
