"""Settings: written back as people left the file, checked as on the command line, and never over somebody else's change."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fourwalls.errors import FourwallsError
from fourwalls.surfaces.web.editing import written

from .conftest import Web

TEXT = """\
# Ours.
[portfolio]
name = "Shop"  # the name
currency = "EUR"
own_party_id = "us"
asset = ["category"]

[targets]
fill_rate = 0.9  # agreed in May
[assumptions]
discount_rate = 0.1
[paths.operate]
one_off_amount = {low = 1, mode = 2, high = 3} # a guess
shared_one_off = ["carrier"]
[[assets]]
category = "chairs"
"""


def test_only_what_changed_changes() -> None:
    sent = {
        "targets.fill_rate": "0.95",
        "targets.on_time_share": "0.9",
        "assumptions.discount_rate": "",
        "assumptions.horizon_years": "4",
    }
    sent |= {f"paths.operate.one_off_amount.{p}": v for p, v in (("low", "1"), ("mode", "2"), ("high", "3"))}
    sent |= {f"paths.orchestrate.run_amount_per_year.{p}": "7" for p in ("low", "mode", "high")}
    new = written(TEXT, sent)
    found = tomllib.loads(new)
    assert found["targets"] == {"fill_rate": 0.95, "on_time_share": 0.9}
    assert found["assumptions"] == {"horizon_years": 4}
    assert found["paths"]["orchestrate"]["run_amount_per_year"] == {"low": 7, "mode": 7, "high": 7}
    for line in (
        "# Ours.",
        'name = "Shop"  # the name',
        "fill_rate = 0.95  # agreed in May",
        "one_off_amount = {low = 1, mode = 2, high = 3} # a guess",
        'category = "chairs"',
    ):
        assert line in new.splitlines()


def test_nothing_sent_that_differs_changes_nothing() -> None:
    sent = {"targets.fill_rate": "0.9", "assumptions.discount_rate": "0.1"}
    sent |= {f"paths.operate.one_off_amount.{p}": v for p, v in (("low", "1"), ("mode", "2"), ("high", "3"))}
    assert written(TEXT, sent) == TEXT


@settings(max_examples=60, deadline=None)
@given(st.floats(min_value=-1e12, max_value=1e12, allow_nan=False))
def test_any_number_comes_back(value: float) -> None:
    found = tomllib.loads(
        written(
            TEXT, {"assumptions.tax_rate": repr(value), "targets.fill_rate": "0.9", "assumptions.discount_rate": "0.1"}
        )
    )
    assert float(found["assumptions"]["tax_rate"]) == pytest.approx(value, rel=1e-11, abs=1e-300)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"targets.fill_rate": "x"}, "is no number"),
        ({"targets.fill_rate": "1]\n[source]\nurl = 'x'"}, "is no number"),
        ({"targets.fill_rate": "inf"}, "is no number"),
        ({"paths.operate.one_off_amount.low": "1"}, "one of low, mode and high is missing"),
    ],
)
def test_what_cannot_be(sent: dict[str, str], told: str) -> None:
    with pytest.raises(FourwallsError, match=told):
        written(TEXT, sent)


def fields(web: Web) -> dict[str, str]:
    return web.fields("/p/shop/settings")


def test_saved_and_used(web: Web) -> None:
    assert web.send("/p/shop/settings", **{"targets.fill_rate": "0.97"}).status_code == 303
    found = tomllib.loads((web.folder / "portfolio.toml").read_text())
    assert found["targets"] == {"fill_rate": 0.97}
    assert 'value="0.97"' in web.get("/p/shop/settings").text


def test_the_same_errors_as_on_the_command_line(web: Web) -> None:
    before = (web.folder / "portfolio.toml").read_bytes()
    answer = web.send("/p/shop/settings", **{"targets.fill_rate": "0.97", "targets.on_time_share": "95"})
    assert answer.status_code == 400
    assert "on_time_share must lie from 0 to 1; found 95" in answer.text
    assert 'value="95"' in answer.text
    assert (web.folder / "portfolio.toml").read_bytes() == before


def test_somebody_elses_change_is_not_lost(web: Web) -> None:
    seal = fields(web)["seal"]
    path = web.folder / "portfolio.toml"
    path.write_text(path.read_text() + "\n# mine\n")
    answer = web.send("/p/shop/settings", **{"targets.fill_rate": "0.97", "seal": seal})
    assert answer.status_code == 409
    assert path.read_text().endswith("# mine\n")


def test_a_reader_changes_nothing(guarded: Web) -> None:
    guarded.log_in("reader")
    assert "disabled" in guarded.get("/p/shop/settings").text
    assert guarded.send("/p/shop/settings").status_code == 403
