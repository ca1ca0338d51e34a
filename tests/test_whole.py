"""The verdict on the whole portfolio follows those of its assets, weighed by money."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest
from tests.test_numbers import worth

from fourwalls.diagnosis import AssetDiagnosis, VerdictName
from fourwalls.portfolio import Thresholds
from fourwalls.whole import of_whole

T = Thresholds()
POOLED = replace(worth("whole", {"orchestrate": 1.0}), because="Pooled.", bottleneck="Carriage.", next_step="Start.")


def asset(
    name: str, verdict: str, gain: float, value: float = 10.0, operate: float = 0.0, orchestrate: float = 0.0
) -> AssetDiagnosis:
    made = worth(name, {verdict: value})
    gains = {"operate": operate, "orchestrate": orchestrate, verdict: gain}
    paths = tuple(replace(p, gain_per_year=gains.get(p.path, 0.0)) for p in made.paths)
    return replace(
        made, verdict=cast("VerdictName", verdict), paths=paths, bottleneck=f"{name} stops.", next_step=f"Mend {name}."
    )


@pytest.mark.parametrize(
    ("assets", "verdict", "rule"),
    [
        ((asset("a", "operate", 80), asset("b", "orchestrate", 20)), "operate", "W2"),
        ((asset("a", "operate", 20), asset("b", "orchestrate", 80)), "orchestrate", "W2"),
        # 30 % of the margin is what the default threshold asks of the smaller side.
        ((asset("a", "operate", 30), asset("b", "orchestrate", 70)), "operate then orchestrate", "W1"),
        # Both in turn: by what either side alone would keep, 90 and 10.
        ((asset("a", "operate then orchestrate", 90, operate=81, orchestrate=9), asset("b", "leave it", 5)), "operate", "W2"),
        # One asset that is well worth it does not drown among many that are left alone.
        ((asset("a", "orchestrate", 5), *(asset(str(n), "leave it", 1e6) for n in range(99))), "orchestrate", "W2"),
        ((asset("a", "leave it", 5), asset("b", "leave it", 5)), "leave it", "W4"),
        ((asset("a", "govern first", 5), asset("b", "leave it", 5)), "govern first", "W3"),
    ],
)  # fmt: skip
def test_the_whole_follows_the_money_of_its_assets(assets: tuple[AssetDiagnosis, ...], verdict: str, rule: str) -> None:
    found = of_whole(POOLED, assets, T)
    assert (found.verdict, found.rule[:2]) == (verdict, rule)


def test_it_names_the_asset_worth_most_and_counts_the_others() -> None:
    assets = (asset("a", "operate", 30, value=10), asset("b", "orchestrate", 70, value=60), asset("c", "leave it", 1))
    found = of_whole(POOLED, assets, T)
    assert found.because.startswith(
        "Each asset has a verdict of its own: operate 1, orchestrate 1, leave it 1. Of the margin"
    )
    assert "30 % is our own work and 70 % lies with partners" in found.because
    assert found.next_step == "b: Mend b."
    assert found.bottleneck == "Carriage.", "what all records pooled say of stages stands"
    quiet = of_whole(replace(POOLED, verdict="leave it"), assets, T)
    assert quiet.bottleneck == "b: b stops.", "unless they say that nothing does"


def test_where_assets_say_nothing_all_records_pooled_do() -> None:
    unpriced = replace(asset("a", "operate", 5), paths=())
    for assets in (
        (unpriced, unpriced),
        (asset("a", "operate", 5),),
        (asset("a", "cannot tell yet", 1), asset("b", "leave it", 1)),
    ):
        assert of_whole(POOLED, assets, T) is POOLED
