"""Small doers: equals are left alone, the slow are told as a group, and who is slow by nature and promised so is at no fault."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from scipy import stats

from fourwalls.chain import small_doers
from fourwalls.chain.comparison import group_numbers, plan_comparisons
from fourwalls.chain.demonstrated import read_standards, with_tails
from fourwalls.chain.small_doers import SLOWER, Rows, compare_slower, expected_excess, slow_elsewhere
from fourwalls.measures.stage_times import bin_number
from fourwalls.resampling import spans_per_block

WEEKS, DOERS = 52, 120
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def lines_of(
    rng: np.random.Generator, longer: Floats, promised: Floats, lasting: float = 0.0
) -> tuple[Ints, Ints, Ints, Floats, npt.NDArray[np.bool_]]:
    """Doer, category, week, hours and whether late, of some 1,300 lines: most doers have a few, times have long tails.

    Args:
        longer, promised: What each doer takes, and is allowed for, as a multiple of the usual.
        lasting: Standard deviation of each doer's own shocks, which fade by half in a month [log of hours].
    """
    n = rng.geometric(1 / 11, DOERS)
    doer = np.repeat(np.arange(DOERS), n)
    category, week = rng.integers(0, 2, len(doer)), rng.integers(0, WEEKS, len(doer))
    shock = np.zeros((WEEKS, DOERS))
    for w in range(1, WEEKS):
        shock[w] = 0.85 * shock[w - 1] + rng.normal(0, lasting * (1 - 0.85**2) ** 0.5, DOERS)
    everybody = rng.normal(0, 0.2, WEEKS)
    usual = np.exp(rng.normal(3.7, 0.8, len(doer)) + 0.3 * category + everybody[week] + shock[week, doer])
    hours = usual * longer[doer]
    late = hours + 48 * rng.exponential(1, len(doer)) > 200 * promised[doer]
    return doer, category, week, hours, late


def keys_of(doer: Ints, category: Ints) -> pa.Table:
    return pa.table(
        {
            "doer": [f"d{x}" for x in doer],
            "category": [f"c{x}" for x in category],
            "size_class": ["any size"] * len(doer),
        }
    )


def tables(
    doer: Ints, category: Ints, week: Ints, hours: Floats, late: npt.NDArray[np.bool_]
) -> tuple[pa.Table, pa.Table]:
    """Sums by span, and counts by block of spans as the plan asks for."""
    keys = keys_of(doer, category)
    by = keys.column_names
    per_block = spans_per_block(WEEKS)
    lines = {
        "span": week,
        "block": week // per_block,
        "bin": bin_number(hours * 3600),
        "hours": hours,
        "late": late.astype(np.int64),
    }
    for name, values in lines.items():
        keys = keys.append_column(name, pa.array(values))
    sums = keys.group_by([*by, "span"]).aggregate([("hours", "sum"), ("late", "sum"), ("hours", "count")])
    spans = sums.rename_columns([*by, "span", "hours", "late", "lines"])
    counts = keys.group_by([*by, "block", "bin"]).aggregate([("hours", "count")])
    return spans.append_column("elapsed", spans["hours"]), counts.rename_columns([*by, "block", "bin", "lines"])


def is_told(lines: tuple[Ints, Ints, Ints, Floats, npt.NDArray[np.bool_]]) -> bool:
    doer, category, week, hours, late = lines
    rows = Rows(doer, category, week * 12 // WEEKS, np.ones(len(doer)), hours, hours, late.astype(np.float64))
    return compare_slower(rows, slow_elsewhere(rows, 12)[rows.doer, rows.fold]) is not None


def share_told(draws: int, seed: int, longer: Floats, promised: Floats, lasting: float = 0.0) -> float:
    rng = np.random.default_rng(seed)
    return float(np.mean([is_told(lines_of(rng, longer, promised, lasting)) for _ in range(draws)]))


ALIKE = np.ones(DOERS)
A_TENTH = np.where(np.arange(DOERS) % 10 == 0, 4.0, 1.0)
BY_NATURE = np.exp(np.random.default_rng(9).normal(0, 0.5, DOERS))


@pytest.mark.parametrize("lasting", [0.0, 0.4])
def test_equal_small_doers_are_rarely_told_apart(lasting: float) -> None:
    """At 5 % for the test of hours alone, 300 draws would show up to 26."""
    assert share_told(300, 1, ALIKE, ALIKE, lasting) <= 0.02


def test_who_is_slow_by_nature_and_is_promised_so_is_at_no_fault() -> None:
    assert share_told(60, 2, BY_NATURE, BY_NATURE) <= 0.05
    assert share_told(60, 3, A_TENTH, A_TENTH) <= 0.05


def test_a_slow_tenth_is_told() -> None:
    assert share_told(60, 4, A_TENTH, ALIKE) >= 0.75


def test_the_luckiest_are_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Among equals, whoever is above the mean by as little as it may be, so that somebody is chosen; only hours are asked.

    Chosen by the same lines, the slowest tenth of equals take half as long again; chosen by other lines, no longer.
    """
    monkeypatch.setattr(small_doers, "_RATIO", 1.0)
    monkeypatch.setattr(small_doers, "_miss_more", lambda *_: True)
    rng = np.random.default_rng(5)
    by_same, by_others, found = [], [], []
    for _ in range(150):
        lines = lines_of(rng, ALIKE, ALIKE)
        doer, _, week, hours, _ = lines
        log = np.log(hours)
        mean = np.bincount(doer, log) / np.bincount(doer)
        mine = mean[doer] > np.quantile(mean, 0.9)
        by_same.append(log[mine].mean() - log[~mine].mean())
        ones = np.ones(len(doer))
        slow = slow_elsewhere(Rows(doer, lines[1], week * 12 // WEEKS, ones, hours, hours, ones), 12)
        slow = slow[doer, week * 12 // WEEKS]
        if slow.sum() >= 60:
            by_others.append(log[slow].mean() - log[~slow].mean())
            found.append(is_told(lines))
    assert np.mean(by_same) > 0.4
    assert len(by_others) > 60
    assert abs(np.mean(by_others)) < 3 * np.std(by_others) / len(by_others) ** 0.5
    assert np.mean(found) <= 0.05


def test_what_is_expected_of_a_doer_is_shrunk_as_the_textbook_says() -> None:
    """Equal numbers of lines: the shrinkage of a one-way random effect is 1 − 1/F."""
    rng = np.random.default_rng(6)
    doer = np.repeat(np.arange(40), 5)
    score = rng.normal(3, 0.5, 40)[doer] + rng.normal(0, 1, 200)
    found = expected_excess(
        *(np.bincount(doer, x).astype(float) for x in (np.ones(200), score, score**2, np.ones(200)))
    )
    f = stats.f_oneway(*score.reshape(40, 5)).statistic
    mean = score.reshape(40, 5).mean(axis=1)
    np.testing.assert_allclose(found, (1 - 1 / f) * (mean - score.mean()), rtol=1e-9)


def test_where_no_category_says_enough_all_together_do_and_the_mix_of_categories_is_nobody_s_fault() -> None:
    """Twelve categories, a hundred lines in each, one of them slow for everybody in it."""
    rng = np.random.default_rng(8)
    told = dict.fromkeys(("slow", "mix"), 0)
    for _ in range(5):
        doer, _, week, hours, late = lines_of(rng, A_TENTH, ALIKE)
        told["slow"] += slower_told(tables(doer, rng.integers(0, 12, len(doer)), week, hours, late)[0])
        doer, _, week, hours, late = lines_of(rng, ALIKE, ALIKE)
        category = np.where(rng.uniform(size=len(doer)) < 0.8, doer % 12, rng.integers(0, 12, len(doer)))
        hours = np.where(category == 3, 4.0, 1.0) * hours
        told["mix"] += slower_told(tables(doer, category, week, hours, late | (hours > 200))[0])
    assert told["slow"] >= 3
    assert told["mix"] == 0


def slower_told(spans: pa.Table) -> bool:
    plan = plan_comparisons("fulfilment", spans, WEEKS)
    return any(cell.reliability.get(SLOWER, 0.0) > 0 for cell, _ in plan.cells)


def test_lines_are_held_by_who_was_slow_in_the_rest_of_the_record() -> None:
    """Through the plan: slow lines shorten, those of the others do not, and large doers are compared as before."""
    lines = lines_of(np.random.default_rng(7), A_TENTH, ALIKE)
    spans, counts = tables(*lines)
    plan = plan_comparisons("fulfilment", spans, WEEKS)
    slow = [(cell, n) for n, (cell, name) in enumerate(plan.cells) if name == SLOWER]
    assert slow
    found = read_standards(plan, counts, 0.95)
    of_line = group_numbers(plan, keys_of(*lines[:2]), lines[2])
    is_slow_group = np.isin(of_line, [n for _, n in slow])
    truly = A_TENTH[lines[0]] > 1
    assert truly[is_slow_group].mean() > 0.6
    assert is_slow_group[truly].mean() > 0.5
    bins = bin_number(lines[3] * 3600)
    kept = found.kept[of_line, bins]
    assert kept[is_slow_group & truly].mean() < 0.6
    assert (kept[~is_slow_group] == 1).all()
    assert all(cell.compared and found.words[n].startswith("all but the slower") for cell, n in slow)


def test_blocks_without_a_group_have_none() -> None:
    lines = lines_of(np.random.default_rng(7), A_TENTH, ALIKE)
    plan = plan_comparisons("fulfilment", tables(*lines)[0], WEEKS)
    after = group_numbers(plan, keys_of(*lines[:2]), lines[2] + 10 * WEEKS)
    by_week = np.array(
        [
            c.group < 0
            for c in (plan.comparisons[k] for k in zip(*keys_of(*lines[:2]).to_pydict().values(), strict=True))
        ]
    )
    assert by_week.any()
    assert (after[by_week] == -1).all()
    assert (after[~by_week] >= 0).all()


def test_small_doers_that_stopped_before_the_record_ends_are_compared() -> None:
    doer, category, week, hours, late = lines_of(np.random.default_rng(7), A_TENTH, ALIKE)
    stays = (week < 40) | (doer == 0)
    more = np.zeros(400, dtype=np.int64)
    doer, category = np.append(doer[stays], more), np.append(category[stays], more)
    week, hours = np.append(week[stays], np.arange(400) % WEEKS), np.append(hours[stays], 40.0 + np.arange(400) % 7)
    assert slower_told(tables(doer, category, week, hours, np.append(late[stays], more > 0))[0])


def test_groups_of_small_doers_in_several_categories_have_no_tails_of_their_own() -> None:
    rng = np.random.default_rng(8)
    doer, _, week, hours, late = (
        np.concatenate(x) for x in zip(*(lines_of(rng, A_TENTH, ALIKE) for _ in range(9)), strict=True)
    )
    spans, counts = tables(doer, rng.integers(0, 200, len(doer)), week, hours, late)
    plan = plan_comparisons("fulfilment", spans, WEEKS)
    assert sum(name == SLOWER for _, name in plan.cells) > 2
    assert not with_tails(plan, counts).tails
