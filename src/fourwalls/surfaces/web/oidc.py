"""Logging in elsewhere: OpenID Connect with a code and PKCE, by configuration."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from fourwalls.errors import FourwallsError, RegisterError
from fourwalls.surfaces.web.desk import SESSION, Office, bare_problem, office_of
from fourwalls.surfaces.web.settings import ROLES, Oidc

STATE, STATE_SECONDS, MOST_STATES = "fw_oidc", 600, 1000
SCOPE = "openid profile email"
# Signatures only; never one that a client secret could have made.
ALGORITHMS = ["RS256", "ES256", "PS256", "EdDSA"]
TRANSPORT: httpx.AsyncBaseTransport | None = None
"""How the identity provider is reached; another one in tests."""


class DeniedError(FourwallsError):
    """The identity provider let nobody in, or somebody who may not."""


@dataclass(frozen=True, slots=True)
class _Begun:
    verifier: str
    nonce: str
    next: str
    at: float


_begun: dict[str, _Begun] = {}


async def start(request: Request) -> Response:
    """Sends the browser to the identity provider."""
    from fourwalls.surfaces.web.login import safe_next

    office, settings = _configured(request)
    try:
        known = await _discovered(settings)
    except DeniedError as error:
        return bare_problem(502, "Login elsewhere does not work", error.what)
    state, begun = secrets.token_urlsafe(32), _Begun(
        secrets.token_urlsafe(48), secrets.token_urlsafe(32), safe_next(request.query_params.get("next", "")), time.monotonic()
    )  # fmt: skip
    _forget_old()
    _begun[state] = begun
    asked = {
        "response_type": "code", "client_id": settings.client_id, "redirect_uri": _return_address(request), "scope": SCOPE,
        "state": state, "nonce": begun.nonce, "code_challenge": create_s256_code_challenge(begun.verifier),
        "code_challenge_method": "S256",
    }  # fmt: skip
    address = str(httpx.URL(known["authorization_endpoint"], params=asked))
    response = RedirectResponse(address, status_code=303)
    # Only the browser that began may end it.
    response.set_cookie(
        STATE, state, max_age=STATE_SECONDS, httponly=True, samesite="lax", secure=office.settings.is_https
    )
    return response


async def back(request: Request) -> Response:
    """Where the identity provider sends the browser back to."""
    from fourwalls.surfaces.web.login import keep

    office, settings = _configured(request)
    state = request.query_params.get("state", "")
    begun = _begun.pop(state, None)
    is_own = secrets.compare_digest(request.cookies.get(STATE, "").encode(), state.encode())
    if begun is None or not is_own or time.monotonic() - begun.at > STATE_SECONDS:
        return bare_problem(400, "Log in again", "This login was not begun here, or took too long.")
    address = request.client.host if request.client else ""
    try:
        name, role = await _who(request, settings, begun)
        token = await asyncio.to_thread(_let_in, office, name, role, request.cookies.get(SESSION, ""))
    except FourwallsError as error:
        office.access.note(None, "log in elsewhere", error.what[:200], address, is_granted=False)
        return bare_problem(403, "You may not in", error.what)
    office.folders.first.register.desk.note_access(name, "log in elsewhere", role, address)
    response = RedirectResponse(begun.next, status_code=303)
    keep(response, token, is_https=office.settings.is_https)
    response.delete_cookie(STATE)
    return response


def _let_in(office: Office, name: str, role: str, before: str) -> str:
    desk = office.folders.first.register.desk
    user = desk.user(name)
    if user is None:
        desk.add_user(name, role, None)
    elif user.secret is not None or not user.is_active:
        # Else whoever may choose a name elsewhere would take over an account with a password.
        raise RegisterError(f"'{name}' logs in with a password here, or may no longer.", "Ask whoever keeps the users.")
    return office.access.log_in(name, before, {"role": role})


async def _who(request: Request, settings: Oidc, begun: _Begun) -> tuple[str, str]:
    """Name and role of whoever logged in, once the token was found to be real."""
    known = await _discovered(settings)
    try:
        async with httpx.AsyncClient(transport=TRANSPORT, timeout=10) as client:
            sent = {
                "grant_type": "authorization_code", "code": request.query_params.get("code", ""),
                "redirect_uri": _return_address(request), "code_verifier": begun.verifier,
            }  # fmt: skip
            auth = httpx.BasicAuth(quote(settings.client_id, safe=""), quote(settings.secret, safe=""))
            tokens = (await client.post(known["token_endpoint"], data=sent, auth=auth)).raise_for_status().json()
            keys = KeySet.import_key_set((await client.get(known["jwks_uri"])).raise_for_status().json())
        token = jwt.decode(str(tokens["id_token"]), keys, algorithms=ALGORITHMS)
        registry = jwt.JWTClaimsRegistry(
            leeway=60,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.client_id},
            nonce={"essential": True, "value": begun.nonce},
            exp={"essential": True},
            sub={"essential": True},
        )
        registry.validate(token.claims)
    except (JoseError, httpx.HTTPError, KeyError, ValueError, TypeError) as error:
        raise DeniedError(
            f"The identity provider's answer was not accepted ({type(error).__name__}).", "Try again."
        ) from None
    return _name(token.claims, settings), _role(token.claims, settings)


def _name(claims: dict[str, Any], settings: Oidc) -> str:
    # A name people can change stands behind the subject they cannot.
    shown = str(claims.get("preferred_username") or claims.get("email") or "")[:80]
    return f"{shown} ({claims['sub']} at {urlsplit(settings.issuer).hostname})"[:200].strip()


def _role(claims: dict[str, Any], settings: Oidc) -> str:
    said = claims.get(settings.claim, [])
    values = [said] if isinstance(said, str) else [str(v) for v in said] if isinstance(said, list) else []
    roles = sorted((settings.roles[v] for v in values if v in settings.roles), key=ROLES.index)
    if not roles:
        raise DeniedError("You are logged in, but have no role here.", "Ask whoever keeps the users.")
    return roles[-1]


async def _discovered(settings: Oidc) -> dict[str, Any]:
    address = f"{settings.issuer}/.well-known/openid-configuration"
    try:
        async with httpx.AsyncClient(transport=TRANSPORT, timeout=10) as client:
            found: dict[str, Any] = (await client.get(address)).raise_for_status().json()
    except (httpx.HTTPError, ValueError):
        raise DeniedError("The identity provider cannot be reached.", "Check FOURWALLS_OIDC_ISSUER.") from None
    if found.get("issuer", "").rstrip("/") != settings.issuer:
        raise DeniedError("The identity provider calls itself otherwise.", "Check FOURWALLS_OIDC_ISSUER.")
    return found


def _return_address(request: Request) -> str:
    scheme = "https" if office_of(request).settings.is_https else "http"
    return f"{scheme}://{request.headers['host']}/oidc/return"


def _configured(request: Request) -> tuple[Office, Oidc]:
    office = office_of(request)
    if office.settings.oidc is None:
        raise HTTPException(404)
    return office, office.settings.oidc


def _forget_old() -> None:
    now = time.monotonic()
    for state in [s for s, b in _begun.items() if now - b.at > STATE_SECONDS] or list(_begun)[
        : len(_begun) - MOST_STATES + 1
    ]:
        _begun.pop(state, None)
