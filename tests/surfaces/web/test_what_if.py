"""What if: the address carries it, the figures are those of the API for Python, and nothing is kept."""

from __future__ import annotations

import pytest

from fourwalls.reconsidering import reconsidered
from fourwalls.surfaces import wording

from .conftest import ASSET, Web

QUERY = "assumptions.horizon_years=1&verdict.material_share=0.5"


def test_values_and_verdict_follow(web: Web) -> None:
    kept = web.client.app.state.office.folders.first.result.kept
    changes = {"assumptions.horizon_years": 1.0, "verdict.material_share": 0.5}
    after = next(a for a in reconsidered(kept, changes).assets if a.name == "chairs")
    before = next(a for a in kept.told.assets if a.name == "chairs")
    assert after.verdict != before.verdict
    text = web.get(f"{ASSET}/what-if?{QUERY}", headers={"hx-request": "true"}).text
    assert "<html" not in text
    assert f"<b>{wording.VERDICTS[before.verdict]}</b>" in text
    assert f'<b class="w-new">{wording.VERDICTS[after.verdict]}</b>' in text
    for path in after.paths:
        assert wording.said(path.value).value in text
    page = web.get(f"{ASSET}?{QUERY}").text
    assert "supposes 2 changes" in page
    assert 'name="assumptions.horizon_years" value="1"' in page


def test_the_address_is_the_state(web: Web) -> None:
    answer = web.get(f"{ASSET}/what-if?{QUERY}", headers={"hx-request": "true"})
    assert answer.headers["hx-replace-url"] == f"{ASSET}?{QUERY}"
    assert "<html" in web.get(f"{ASSET}/what-if?{QUERY}").text


def test_what_is_as_it_was_is_no_change(web: Web) -> None:
    text = web.get(f"{ASSET}?assumptions.horizon_years=3&verdict.least_lines=20&unknown=1").text
    assert "supposes" not in text
    # The form sends everything, empty where no cost of a path is said.
    assert (
        "supposes" not in web.get(f"{ASSET}?paths.operate.one_off_amount.low=&paths.operate.one_off_amount.mode=5").text
    )


def test_costs_of_a_path(web: Web) -> None:
    name = "paths.operate.one_off_amount"
    query = "&".join(f"{name}.{p}={v}" for p, v in (("low", 1e5), ("mode", 2e5), ("high", 3e5)))
    text = web.get(f"{ASSET}/what-if?{query}", headers={"hx-request": "true"}).text
    assert "1 thing changed" in text
    assert "Nothing is kept" in text


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("assumptions.discount_rate=x", "is no number"),
        ("assumptions.discount_rate=nan", "is no number"),
        ("assumptions.horizon_years=-1", "horizon_years must be above 0; found -1"),
        ("verdict.material_share=7", "must lie from 0 to 1; found 7"),
        ("assumptions.horizon_years=1e999", "is no number"),
        ("assumptions.discount_rate=%3Cscript%3E", "&lt;script"),
    ],
)
def test_what_cannot_be(web: Web, query: str, told: str) -> None:
    answer = web.get(f"{ASSET}/what-if?{query}", headers={"hx-request": "true"})
    assert answer.status_code == 200
    assert told in answer.text


def test_nothing_is_kept(web: Web) -> None:
    before = (web.folder / "portfolio.toml").read_bytes()
    web.get(f"{ASSET}?{QUERY}")
    assert (web.folder / "portfolio.toml").read_bytes() == before
    assert "supposes" not in web.get(ASSET).text
