"""Intervals cover, chance is called rarely, and what cannot be inferred is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from benchmarks.pilots import KINDS, PROMISES, Kind, one, promise, tally

from fourwalls.figures import Estimate, Refusal
from fourwalls.pilot import evaluate
from fourwalls.pilot.choice import HeldOut, choose
from fourwalls.pilot.inference import own_noise
from fourwalls.pilot.methods import Cohort

from .panels import COLUMNS, drawn

# The full study, 1,000 panels of each kind, is `python -m benchmarks.pilots`; its table stands in docs/pilots.md.
_PANELS = 20
# As the kind of the study, with half the units: the same three starts, in less time.
_STAGGERED = replace(KINDS[5], units=20, starts=((8, 3), (12, 3), (15, 3)))
# Below this, 20 panels come out of 90 % coverage once in four hundred times.
_LEAST_COVERED = 0.7


@pytest.mark.parametrize("kind", [KINDS[0], _STAGGERED], ids=lambda k: k.name)
def test_intervals_cover_and_chance_is_rare(kind: Kind) -> None:
    found = tally(kind, [one((kind, seed)) for seed in range(_PANELS)])
    assert found.refused == 0
    assert found.coverage >= _LEAST_COVERED
    assert found.size <= 1 - _LEAST_COVERED


def test_promised_power_is_about_what_is_achieved() -> None:
    # Sixty windows in the place of 500 behind each figure: a coarser promise, made in a seventh of the time.
    found = [promise((PROMISES[0], seed), least_windows=60) for seed in range(8)]
    assert sum(called for called, _ in found) >= 4  # of 8 at 80 %: fewer once in 100 times, and the seeds are fixed
    assert all(false <= 0.1 for _, false in found)


def test_one_treated_unit_has_no_jackknife() -> None:
    assert evaluate(drawn(), **COLUMNS, treated="d").jackknife is not None
    several = evaluate(drawn(treated=10), **COLUMNS, treated="d")
    assert several.jackknife is None
    assert several["did"].inference == "jackknife"


def test_jackknife_of_did_is_the_two_sample_error() -> None:
    """Welch: the variance of the difference of two means of changes."""
    panel = drawn(treated=10, units=25)
    y = np.array(panel["y"], dtype=float).reshape(25, 40)
    change = y[:, 30:].mean(1) - y[:, :30].mean(1)
    error = (change[:10].var(ddof=1) / 10 + change[10:].var(ddof=1) / 15) ** 0.5
    assert evaluate(panel, **COLUMNS, treated="d")["did"].se == pytest.approx(error)


def test_few_controls_and_a_long_record_speak_by_the_record_itself() -> None:
    found = evaluate(drawn(units=4, periods=120, start=110, effect=4.0), **COLUMNS, treated="d")
    assert isinstance(found.effect, Estimate)
    assert found[found.chosen].inference == "conformal"
    assert found.effect.low <= 4.0 <= found.effect.high
    assert found.effect.low > 0


def test_few_controls_and_a_short_record_are_refused() -> None:
    found = evaluate(drawn(units=4, periods=14, start=10), **COLUMNS, treated="d")
    assert isinstance(found.effect, Refusal)
    assert found.effect.next_step


def test_noise_is_told_apart_only_where_it_plainly_differs() -> None:
    rng = np.random.default_rng(1)
    alike = rng.normal(size=(40, 12))
    assert np.allclose(own_noise(rng.normal(size=12), alike), 1, atol=0.35)
    unlike = alike * np.exp(rng.normal(0, 1.5, (40, 1)))
    ratios = own_noise(0.1 * rng.normal(size=12), unlike)
    assert np.median(ratios) < 0.4


def test_an_effect_seen_before_the_start_widens_the_interval() -> None:
    panel = drawn(units=20)
    quiet = evaluate(panel, **COLUMNS, treated="d", method="did")
    panel["y"] = [
        v + 6 * (u == "u00" and t >= 22) for u, t, v in zip(panel["unit"], panel["time"], panel["y"], strict=True)
    ]  # type: ignore[operator]
    loud = evaluate(panel, **COLUMNS, treated="d", method="did")
    assert loud["did"].widened > 3 * quiet["did"].widened
    assert loud.checks[0].passed is False


def test_a_planted_effect_is_found_with_its_money_takers_guardrails_and_spill_over() -> None:
    panel = drawn(units=30, treated=3, effect=5.0)
    rows = list(zip(panel["unit"], panel["time"], panel["d"], strict=True))
    panel["took"] = [0.5 * float(d) for _, _, d in rows]  # type: ignore[arg-type]
    rng = np.random.default_rng(9)
    panel["calm"] = rng.normal(10, 0.1, len(rows)).tolist()
    panel["hurt"] = [v - 3 * float(d) for v, (_, _, d) in zip(rng.normal(10, 0.1, len(rows)), rows, strict=True)]  # type: ignore[arg-type]
    panel["y"] = [y - 2 * (u == "u29" and t >= 30) for y, (u, t, _) in zip(panel["y"], rows, strict=True)]  # type: ignore[operator]
    found = evaluate(
        panel, **COLUMNS, treated="d", received="took", guardrails={"calm": -1.0, "hurt": -1.0}, exposed=["u29"],
        unit_value=10.0, currency="EUR",
    )  # fmt: skip
    assert isinstance(found.effect, Estimate)
    assert found.effect.low < 5 < found.effect.high
    assert isinstance(found.treatment_on_treated, Estimate)
    assert found.treatment_on_treated.value == pytest.approx(2 * found.effect.value, rel=1e-6)
    assert [g.state for g in found.guardrails] == ["held", "breached"]
    assert isinstance(found.worth, Estimate)
    assert isinstance(found.total, Estimate)
    assert found.worth.value == pytest.approx(10 * found.total.value)
    assert found.portfolio is not None
    parts = (found.portfolio.units, found.portfolio.spill_over, found.portfolio.portfolio)
    assert all(isinstance(p, Estimate) for p in parts)
    units, spill, whole = (p.value for p in parts if isinstance(p, Estimate))
    assert whole == pytest.approx(units + spill)
    assert spill == pytest.approx(-20, abs=12)


def test_the_same_seed_gives_the_same_figures() -> None:
    panel = drawn(units=30, treated=3)
    assert repr(evaluate(panel, **COLUMNS, treated="d", seed=3)) == repr(
        evaluate(panel, **COLUMNS, treated="d", seed=3)
    )


def test_leaving_out_blocks_says_what_leaving_out_units_does() -> None:
    """Many units are left out block by block: the standard error is that of the two-sample formula, give or take chance."""
    panel = drawn(treated=80, units=200, periods=12, start=9)
    y = np.array(panel["y"], dtype=float).reshape(200, 12)
    change = y[:, 9:].mean(1) - y[:, :9].mean(1)
    error = (change[:80].var(ddof=1) / 80 + change[80:].var(ddof=1) / 120) ** 0.5
    assert evaluate(panel, **COLUMNS, treated="d")["did"].se == pytest.approx(error, rel=0.25)


def test_the_method_is_not_chosen_by_the_treated_s_luck() -> None:
    quiet = HeldOut(effect=0.1, se=1.0, ratios=None)
    lucky = HeldOut(effect=0.0, se=1.0, ratios=None)
    wrong = HeldOut(effect=3.5, se=1.0, ratios=None)
    sharp = HeldOut(effect=0.1, se=0.8, ratios=None)
    one, offer = [Cohort(20, np.array([0]))], ("did", "sdid", "ascm")
    assert choose({"sdid": quiet, "did": lucky}, one, offer)[0] == "sdid"
    assert choose({"sdid": quiet, "did": sharp}, one, offer)[0] == "did"
    assert choose({"sdid": wrong, "did": quiet}, one, offer)[0] == "did"
    assert choose({"sdid": wrong, "did": wrong}, one, offer)[0] == "sdid"
