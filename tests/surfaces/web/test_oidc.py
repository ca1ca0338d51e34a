"""Login elsewhere, against an identity provider in this process: only its own answer, for this very browser, lets in."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import RSAKey

from fourwalls.register import Register
from fourwalls.surfaces.web import oidc
from fourwalls.surfaces.web.settings import Oidc

from .conftest import Web, serving

ISSUER = "https://id.example"
KEY = RSAKey.generate_key(2048, parameters={"kid": "k1"})
OTHER = RSAKey.generate_key(2048, parameters={"kid": "k1"})


class Provider:
    """Answers as an identity provider does; `change` turns its token into a wrong one."""

    def __init__(self) -> None:
        self.asked: dict[str, str] = {}
        self.change: Callable[[dict[str, Any]], None] = lambda _: None
        self.key, self.header = KEY, {"alg": "RS256", "kid": "k1"}
        self.groups: object = ["staff", "ops"]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("openid-configuration"):
            places = {
                "authorization_endpoint": f"{ISSUER}/auth",
                "token_endpoint": f"{ISSUER}/token",
                "jwks_uri": f"{ISSUER}/keys",
            }
            return httpx.Response(200, json={"issuer": ISSUER, **places})
        if path == "/keys":
            return httpx.Response(200, json={"keys": [KEY.as_dict(private=False)]})
        sent = {k: v[0] for k, v in parse_qs(request.content.decode()).items()}
        is_real = create_s256_code_challenge(sent["code_verifier"]) == self.asked["code_challenge"]
        if sent["code"] != "good" or not is_real or not request.headers["authorization"].startswith("Basic "):
            return httpx.Response(400, json={"error": "invalid_grant"})
        claims = {
            "iss": ISSUER, "aud": "fw", "sub": "u1", "nonce": self.asked["nonce"], "exp": int(time.time()) + 300,
            "preferred_username": "ana", "groups": self.groups,
        }  # fmt: skip
        self.change(claims)
        return httpx.Response(200, json={"id_token": jwt.encode(self.header, claims, self.key), "token_type": "Bearer"})


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Provider:
    made = Provider()
    monkeypatch.setattr(oidc, "TRANSPORT", httpx.MockTransport(made))
    return made


@pytest.fixture
def web(folder: Path) -> Iterator[Web]:
    yield from serving(folder, oidc=Oidc(ISSUER, "fw", "hush", {"ops": "decider", "staff": "reader"}))


def begun(web: Web, provider: Provider) -> str:
    answer = web.get("/oidc/start?next=/p/shop/data")
    place = urlsplit(answer.headers["location"])
    assert f"{place.scheme}://{place.netloc}{place.path}" == f"{ISSUER}/auth"
    provider.asked = {k: v[0] for k, v in parse_qs(place.query).items()}
    assert provider.asked["code_challenge_method"] == "S256"
    assert "hush" not in answer.headers["location"]
    return provider.asked["state"]


def test_logging_in_elsewhere(web: Web, provider: Provider) -> None:
    state = begun(web, provider)
    answer = web.get(f"/oidc/return?code=good&state={state}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/p/shop/data")
    text = web.get("/p/shop/data").text
    assert "ana (u1 at id.example)" in text
    assert "decider" in text
    # The same answer a second time is none.
    assert web.get(f"/oidc/return?code=good&state={state}").status_code == 400
    assert [u.secret for u in web.client.app.state.office.folders.first.register.desk.users()] == [None]


@pytest.mark.parametrize(
    "change",
    [{"iss": "https://evil.example"}, {"aud": "other"}, {"nonce": "other"}, {"exp": 1}, {"sub": None}, {"nonce": None}],
)
def test_a_wrong_token_lets_nobody_in(web: Web, provider: Provider, change: dict[str, object]) -> None:
    state = begun(web, provider)

    def changed(claims: dict[str, Any]) -> None:
        claims.update(change)
        for name in [k for k, v in claims.items() if v is None]:
            del claims[name]

    provider.change = changed
    assert web.get(f"/oidc/return?code=good&state={state}").status_code == 403
    assert web.get("/p/shop").status_code == 303


def test_a_token_somebody_else_signed(web: Web, provider: Provider) -> None:
    state = begun(web, provider)
    provider.key = OTHER
    assert web.get(f"/oidc/return?code=good&state={state}").status_code == 403


def test_a_wrong_code(web: Web, provider: Provider) -> None:
    state = begun(web, provider)
    assert web.get(f"/oidc/return?code=bad&state={state}").status_code == 403


def test_a_login_another_browser_began(web: Web, provider: Provider) -> None:
    state = begun(web, provider)
    web.client.cookies.clear()
    assert web.get(f"/oidc/return?code=good&state={state}").status_code == 400
    assert web.get("/oidc/return?code=good&state=").status_code == 400


def test_without_a_role_nobody_is_in(web: Web, provider: Provider) -> None:
    state = begun(web, provider)
    provider.groups = ["guests"]
    answer = web.get(f"/oidc/return?code=good&state={state}")
    assert answer.status_code == 403
    assert "have no role here" in answer.text


def test_a_role_that_was_taken_away_counts_at_the_next_login(web: Web, provider: Provider) -> None:
    for groups, role in ((["ops"], "decider"), ("staff", "reader")):
        provider.groups = groups
        web.get(f"/oidc/return?code=good&state={begun(web, provider)}")
        assert web.get("/api/session").json()["role"] == role


def test_a_name_with_a_password_is_not_taken_over(folder: Path, provider: Provider, secret: str) -> None:
    with Register.open(folder) as register:
        register.desk.add_user("ana (u1 at id.example)", "decider", secret)
    for web in serving(folder, oidc=Oidc(ISSUER, "fw", "hush", {"ops": "decider"})):
        answer = web.get(f"/oidc/return?code=good&state={begun(web, provider)}")
        assert answer.status_code == 403


def test_a_provider_that_cannot_be_reached(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oidc, "TRANSPORT", httpx.MockTransport(lambda _: httpx.Response(500)))
    assert web.get("/oidc/start").status_code == 502


def test_without_configuration_there_is_none(folder: Path) -> None:
    for web in serving(folder):
        assert web.get("/oidc/start").status_code == 404
