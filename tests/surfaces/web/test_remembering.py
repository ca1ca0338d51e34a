"""Pages are written once, and anew as soon as anything they tell has changed."""

from __future__ import annotations

import re

import pytest

from fourwalls.register import Register
from fourwalls.surfaces.web import pages
from fourwalls.surfaces.web.templating import TOKEN

from .conftest import ASSET, Web


def test_written_once_with_a_token_of_ones_own(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    first = web.get(ASSET).text
    monkeypatch.setattr(pages, "words_of", None)  # writing it anew would fail
    second = web.get(ASSET).text
    assert first == second
    web.client.cookies.clear()
    web.get(f"{ASSET}/plan")
    tokens = re.findall(r'form_token" value="([^"]+)', web.get(f"{ASSET}/plan").text)
    again = re.findall(r'form_token" value="([^"]+)', web.get(f"{ASSET}/plan").text)
    assert set(tokens).isdisjoint(again)
    assert web.send(f"{ASSET}/plan", starts_on="2026-03-02").status_code == 303
    assert TOKEN not in first + second


def test_a_decision_shows_at_once(web: Web) -> None:
    assert "Not decided yet" in web.get(ASSET).text
    with Register.open(web.folder) as register:
        register.decide("chairs", 1, "operate", "somebody else", "elsewhere")
    assert "somebody else" in web.get(ASSET).text


def test_settings_show_at_once(web: Web) -> None:
    assert "Small" in web.get("/p/shop").text
    path = web.folder / "portfolio.toml"
    path.write_text(path.read_text().replace('"Small"', '"Large"'))
    assert "Large" in web.get("/p/shop").text


def test_nobody_gets_the_page_of_another(guarded: Web) -> None:
    guarded.log_in("decider")
    assert "decider" in guarded.get(f"{ASSET}/plan").text
    guarded.send(f"{ASSET}/plan", to="/logout")
    guarded.log_in("reader")
    text = guarded.get(f"{ASSET}/plan").text
    assert "Make it our plan" not in text
    assert "<b>reader</b>" in text
