"""Standards: chance is not taken for a standard, a real difference is found, and lines keep their luck."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from fourwalls.chain.standards import (
    BIN_HOURS,
    BINS,
    NONE,
    PEERS,
    Cell,
    Detectable,
    Weekly,
    compare,
    f_tail,
    kept_share,
    pooled,
    quantiles,
)
from fourwalls.measures.stage_times import bin_number


def weekly(rng: np.random.Generator, mean: float, weeks: int = 40, lines: int = 30, week_sd: float = 2.0) -> Weekly:
    n = rng.poisson(lines, weeks).clip(1).astype(float)
    level = mean + rng.normal(0, week_sd, weeks) + rng.normal(0, 8, weeks) / np.sqrt(n)
    return Weekly(n, n * level)


def counts(hours: np.ndarray) -> np.ndarray:
    return np.bincount(bin_number(hours * 3600), minlength=BINS).astype(float)


def test_equal_doers_are_found_different_about_as_often_as_chance_says() -> None:
    rng = np.random.default_rng(1)
    found = [compare({f"d{i}": weekly(rng, 24) for i in range(5)}, PEERS).kind != NONE for _ in range(400)]
    assert 0.02 <= np.mean(found) <= 0.09  # 5 % ± 3 binomial standard errors and the approximation of F


def test_a_slow_doer_among_sound_ones_is_found_and_the_sound_ones_left_alone() -> None:
    rng = np.random.default_rng(2)
    cell = compare({"slow": weekly(rng, 40), **{f"d{i}": weekly(rng, 24) for i in range(4)}}, PEERS)
    assert cell.kind == PEERS
    assert "slow" not in cell.best
    assert cell.reliability["slow"] > 0.9
    assert all(r < 0.9 for name, r in cell.reliability.items() if name != "slow")


def test_with_two_doers_the_better_one_is_the_standard_however_small_its_part() -> None:
    rng = np.random.default_rng(3)
    cell = compare({"large": weekly(rng, 40, lines=400), "small": weekly(rng, 24, lines=40)}, PEERS)
    assert cell.best == {"small"}


def test_a_standard_equal_to_the_own_record_changes_nothing() -> None:
    own = counts(np.random.default_rng(4).gamma(2, 10, 5000))
    assert kept_share(own, own * 3, 1.0)[own > 0] == pytest.approx(1.0)


def test_half_the_time_at_every_rank_is_half_kept() -> None:
    hours = np.random.default_rng(5).gamma(2, 10, 50_000)
    own = counts(hours)
    kept = kept_share(own, counts(hours / 2), 1.0)
    middle = (np.cumsum(own) > 0.05 * own.sum()) & (np.cumsum(own) < 0.95 * own.sum())
    assert kept[middle & (own > 0)] == pytest.approx(0.5, abs=0.03)


def test_a_slower_standard_never_lengthens() -> None:
    hours = np.random.default_rng(6).gamma(2, 10, 5000)
    own = counts(hours)
    assert kept_share(own, counts(hours * 2), 1.0)[own > 0] == pytest.approx(1.0)


def test_quantiles_from_bins_are_within_their_width() -> None:
    hours = np.random.default_rng(7).lognormal(3, 1, 100_001)
    found = quantiles(counts(hours), BIN_HOURS, (0.1, 0.5, 0.9, 0.95))
    np.testing.assert_allclose(found, np.quantile(hours, (0.1, 0.5, 0.9, 0.95)), rtol=0.015)


@pytest.mark.parametrize(("statistic", "between", "within"), [(2.71, 4, 20), (1.84, 10, 60), (3.94, 1, 100)])
def test_five_per_cent_points_of_f(statistic: float, between: int, within: int) -> None:
    """From the tables in any textbook: F(.95; 4, 20) = 2.87, (10, 60) = 1.99, (1, 100) = 3.94; and inside them p > .05."""
    table = {(4, 20): 2.87, (10, 60): 1.99, (1, 100): 3.94}[between, within]
    assert f_tail(table, between, within) == pytest.approx(0.05, abs=0.004)
    assert f_tail(statistic, between, within) >= 0.046


@pytest.mark.parametrize(("doers", "weeks"), [(2, 26), (4, 26), (5, 52)])
def test_what_is_detectable_is_detected_about_four_times_in_five(doers: int, weeks: int) -> None:
    """One doer as much slower as is said: weeks of equal spread, known by construction."""
    rng = np.random.default_rng(11)

    def one(slower: float) -> Cell:
        lines = np.full(weeks, 40.0)
        means = 10 + 2 * rng.standard_normal((doers, weeks))
        means[0] += slower
        return compare({f"d{i}": Weekly(lines, lines * means[i]) for i in range(doers)}, PEERS)

    asked, seen = [], []
    for _ in range(200):
        least = one(0.0).detectable
        if least is None:  # shocks that seem to last: nothing is judged
            continue
        assert least.n == doers * weeks * 40
        asked.append(least.amount)
        seen.append(one(least.amount).reliability.get("d0", 0.0) > 0)
    assert len(asked) > 180
    # Shocks that seem to last hide a few; luck of 200 is 3 % beside.
    assert 0.68 <= np.mean(seen) <= 0.92
    # By the textbook (Cohen 1988, table 8.3): the distance at which an F test at 5 % has a power of 80 %.
    freedom = doers * (weeks - 1)
    critical = stats.f.isf(0.05, doers - 1, freedom)
    far = optimize.brentq(lambda x: stats.ncf.sf(critical, doers - 1, freedom, x) - 0.8, 1, 40) ** 0.5
    assert np.median(asked) == pytest.approx(far * 2 / weeks**0.5 * (1 + 1 / (doers - 1)) ** 0.5, rel=0.12)


def test_nothing_is_detectable_where_nobody_is_compared() -> None:
    assert pooled([]) is None
    first = Cell(PEERS, (), frozenset(), {}, "", True, Detectable(2.0, 10.0, 500.0))
    other = Cell(PEERS, (), frozenset(), {}, "", True, Detectable(4.0, 20.0, 500.0))
    alone = Cell(NONE, (), frozenset(), {}, "nobody else", False)
    assert pooled([(alone, 900.0)]) is None
    assert pooled([(first, 100.0), (other, 300.0), (alone, 900.0)]) == Detectable(3.5, 17.5, 400.0)
