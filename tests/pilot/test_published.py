"""Published answers on real panels, each with its source and how near one must come."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import fourwalls as fw
from fourwalls.figures import Estimate, Refusal
from fourwalls.pilot.result import Evaluation

from .panels import real


@cache
def prop99() -> Evaluation:
    path = real("prop99/california_prop99.csv")
    return fw.pilot.evaluate(path, unit="State", time="Year", outcome="PacksPerCapita", treated="treated")


@cache
def geolift() -> Evaluation:
    path = real("geolift/GeoLift_Test.csv")
    return fw.pilot.evaluate(
        path, unit="location", time="date", outcome="Y", treated=["chicago", "portland"], start="2021-04-01"
    )


# Arkhangelsky et al. (2021), AER 111, table 1, and Abadie, Diamond and Hainmueller (2010).
@pytest.mark.parametrize(
    ("method", "published", "within"), [("did", -27.349, 1e-3), ("sdid", -15.604, 0.005), ("sc", -19.5, 0.15)]
)
def test_prop99_effects(method: str, published: float, within: float) -> None:
    assert prop99()[method].point == pytest.approx(published, abs=within)


def test_prop99_placebo_standard_errors() -> None:
    assert prop99()["did"].se == pytest.approx(17.52, abs=0.005)  # all 38 placebos, ddof 1
    assert 8.4 <= (prop99()["sdid"].se or 0) <= 9.9  # the paper's 8.4 and the package's 9.9 are random draws


def test_prop99_permutation() -> None:
    """Abadie, Diamond and Hainmueller (2010) fit on covariates too, and find California first of 39 states (1/39); by outcomes
    alone two states with a near-perfect fit before come ahead of it."""
    assert 1 / 39 <= (prop99()["sc"].rank_p or 1) <= 3 / 39 + 1e-9
    assert (prop99()["ascm"].rank_p or 1) <= 0.1


def test_observed_less_effect_is_the_counterfactual() -> None:
    found = geolift()
    assert isinstance(found.counterfactual, Estimate)
    assert found.counterfactual.value + 155.556 == pytest.approx(found.observed, abs=1e-3)
    assert isinstance(found.total, Estimate)
    path = found.path()
    assert path.num_rows == 105
    assert 2 * path["total"].to_pylist()[-1] == pytest.approx(found.total.value)  # two cities


def test_prop99_weights() -> None:
    """Top weights of the `synthdid` vignette: Nevada, New Hampshire, Connecticut; years 1986 to 1988."""
    sdid = prop99()["sdid"]
    assert [name for name, _ in sdid.weights[:3]] == ["Nevada", "New Hampshire", "Connecticut"]
    assert {year for year, _ in sdid.period_weights} == {1986, 1987, 1988}
    assert [name for name, _ in prop99()["sc"].weights[:3]] == ["Utah", "Montana", "Nevada"]


def test_prop99_answer_is_synthetic_did() -> None:
    assert prop99().chosen == "sdid"
    assert isinstance(prop99().effect, Estimate)
    assert prop99().jackknife is not None  # one treated unit has no jackknife


def test_geolift_walkthrough() -> None:
    """Meta's walkthrough prints ATT 155.556, lift 5.4 %, incremental 4,667: exact to the digits it prints, for the
    weights are the unique solution of a convex problem. Its `best` model (ridge) printed 5.5 %."""
    ascm = geolift()["ascm"]
    assert isinstance(ascm.lift, Estimate)
    assert isinstance(ascm.total, Estimate)
    assert ascm.point == pytest.approx(155.556, abs=1e-3)
    assert ascm.lift.value == pytest.approx(0.054, abs=5e-4)
    assert ascm.total.value == pytest.approx(4667, abs=0.5)
    assert geolift()["ridge"].point == pytest.approx(156.8, abs=0.1)
    assert geolift()["did"].point == pytest.approx(255.1, abs=0.05)


def test_geolift_answer_is_not_the_misleading_one() -> None:
    assert geolift().chosen == "ascm"
    assert geolift().conformal_p == pytest.approx(0.048, abs=0.01)  # the walkthrough: significant at 95 %
    assert next(c for c in geolift().checks if c.name.startswith("Other units")).passed is None
    assert geolift()[geolift().chosen].inference == "placebo"
    assert "fewer than 8 treated units" in geolift().sure_by
    assert "it stands beside, and decides only where controls are too few" in geolift().sure_by


def test_geolift_top_weights() -> None:
    """Walkthrough: cincinnati 0.2272, miami 0.2081 (rounded solver), baton rouge 0.1333."""
    weights = dict(geolift()["ascm"].weights)
    assert weights["cincinnati"] == pytest.approx(0.2272, abs=1e-3)
    assert weights["baton rouge"] == pytest.approx(0.1333, abs=1e-3)


def test_diff_diff_agrees_on_prop99() -> None:
    import pandas as pd
    from diff_diff import SyntheticDiD

    data = pd.read_csv(real("prop99/california_prop99.csv"), sep=";")
    data["ever"] = data.groupby("State")["treated"].transform("max")
    found = SyntheticDiD(variance_method="placebo", n_bootstrap=2, seed=1).fit(
        data,
        outcome="PacksPerCapita",
        treatment="ever",
        unit="State",
        time="Year",
        post_periods=list(range(1989, 2001)),
    )
    assert prop99()["sdid"].point == pytest.approx(found.att, abs=0.01)


@cache
def minimum_wage() -> Evaluation:
    """500 counties, 2003 to 2007, minimum wages raised in 2004, 2006 and 2007: `mpdta` of the `did` package."""
    return fw.pilot.evaluate(
        real("panels/mpdta.csv"), unit="countyreal", time="year", outcome="lemp", treated="first.treat"
    )


def test_minimum_wage_with_staggered_starts() -> None:
    """Callaway and Sant'Anna's vignette of `did`, never-treated controls, no covariates: simple ATT −0.0400 (SE 0.0117 to
    0.0122 by bootstrap), dynamic effects −0.0199, −0.0510, −0.1373, −0.1008; printed to four digits."""
    found = minimum_wage()
    assert found.chosen == "cs"
    assert found["cs"].point == pytest.approx(-0.0400, abs=5e-5)
    assert found["cs"].se == pytest.approx(0.0120, abs=5e-4)
    path = {m.since: m for m in found.events}
    assert [path[e].gap for e in range(4)] == pytest.approx([-0.0199, -0.0510, -0.1373, -0.1008], abs=6e-5)
    assert [path[e].gap for e in (-3, -2)] == pytest.approx([0.0250, 0.0245], abs=6e-5)
    # The vignette's pointwise errors at 0 and 2 are 0.0118 and 0.0364; a jackknife may differ by a few per cent.
    half = [(path[e].high or 0) - path[e].gap for e in (0, 2)]
    assert half == pytest.approx([1.65 * 0.0118, 1.65 * 0.0364], rel=0.1)


def test_castle_doctrine_with_staggered_starts() -> None:
    """Cheng and Hoekstra (2013), 21 states that begin in five years; `diff_diff` is the witness for Callaway–Sant'Anna,
    `synthdid` 0.10.1 for synthetic DiD cohort by cohort (0.05357; its solver stops early)."""
    import pandas as pd
    from diff_diff import CallawaySantAnna

    data = pd.read_csv(real("panels/castle.csv"))
    data["log_homicide"] = np.log(data.homicide)
    found = fw.pilot.evaluate(data, unit="sid", time="year", outcome="log_homicide", treated="post")
    data["first"] = data.sid.map(data[data.post == 1].groupby("sid").year.min()).fillna(0)
    witness = CallawaySantAnna(control_group="never_treated").fit(
        data, outcome="log_homicide", unit="sid", time="year", first_treat="first"
    )
    assert found["cs"].point == pytest.approx(witness.overall_att, abs=1e-6)
    assert found["sdid"].point == pytest.approx(0.05357, abs=2e-4)
    assert found["did"].inference == "placebo"  # one state begins alone, so none can be left out


def test_organ_donations_in_quarters() -> None:
    """Kessler and Roth (2014); Huntington-Klein, "The Effect", chapter 18, prints −0.022. Its error of 0.006, by clusters
    with a single treated one, is far too small (Donald and Lang 2007): 26 placebo states say five times as much."""
    found = fw.pilot.evaluate(
        real("panels/organ_donations.csv"), unit="State", time="Quarter", outcome="Rate", treated="California",
        start="Q32011",
    )  # fmt: skip
    assert found["did"].point == pytest.approx(-0.0225, abs=5e-5)
    assert (found["did"].se or 0) > 0.02


def test_a_result_shows_its_figures() -> None:
    text = repr(prop99())
    for figure in ("-27.35", "-15.61", "-19.51", "17.52", "9.494", "California", "38 controls"):
        assert figure in text


def test_no_mix_of_controls_reaches_the_highest_level() -> None:
    import pyarrow.csv as pa_csv

    rows = pa_csv.read_csv(real("prop99/california_prop99.csv"), parse_options=pa_csv.ParseOptions(delimiter=";"))
    frame = rows.to_pandas()
    frame.loc[frame.State == "California", "PacksPerCapita"] += 300
    found = fw.pilot.evaluate(frame, unit="State", time="Year", outcome="PacksPerCapita", treated="treated")
    assert isinstance(found["sc"].effect, Refusal)
    assert found["sc"].effect.code == "no_donor_hull"
    assert np.isclose(found["did"].point or 0, -27.349, atol=1e-3)


def test_card_and_krueger_from_their_four_means() -> None:
    """Table 3 of Card and Krueger (1994), AER 84: full-time equivalents a store; two states show no more than the point."""
    panel = {
        "state": ["NJ", "NJ", "PA", "PA"],
        "wave": [1, 2, 1, 2],
        "employment": [20.44, 21.03, 23.33, 21.17],
        "raised": [0, 1, 0, 0],
    }
    found = fw.pilot.evaluate(panel, unit="state", time="wave", outcome="employment", treated="raised")
    assert found["did"].point == pytest.approx(2.75, abs=0.01)  # printed 2.76 from unrounded means
    assert isinstance(found.effect, Refusal)
    assert found.p_value is None
