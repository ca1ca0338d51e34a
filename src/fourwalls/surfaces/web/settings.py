"""How the web app was started."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fourwalls.errors import PortfolioError

ROLES = ("reader", "analyst", "decider")
"""What people may do, each with all before it: look; run, plan and upload; decide."""

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Oidc:
    """Where people log in elsewhere (OpenID Connect); the secret shows itself nowhere.

    Attributes:
        issuer, client_id, secret: Of the identity provider.
        roles: Value of the claim → role; whoever has none of them may not in.
        claim: Which claim tells the role.
    """

    issuer: str
    client_id: str
    secret: str
    roles: Mapping[str, str]
    claim: str = "groups"

    def __repr__(self) -> str:
        return f"Oidc({self.issuer!r}, {self.client_id!r})"


@dataclass(frozen=True, slots=True)
class Settings:
    """How the web app was started.

    Attributes:
        folders: Slug, as it stands in addresses, → portfolio folder.
        host, port: Where it listens.
        public_hosts: Names under which browsers may reach it beside loopback.
        is_login_wanted: Whether login was asked for on loopback too.
        is_https: Whether browsers reach it by https (a proxy in front ends it).
        oidc: Login elsewhere; None for passwords alone.
        upload_bytes: Largest upload.
    """

    folders: Mapping[str, Path]
    host: str = "127.0.0.1"
    port: int = 8480
    public_hosts: tuple[str, ...] = ()
    is_login_wanted: bool = False
    is_https: bool = False
    oidc: Oidc | None = None
    upload_bytes: int = 2_000_000_000

    @property
    def needs_login(self) -> bool:
        """Whether everybody has to log in: always where other machines can reach it."""
        return self.is_login_wanted or bool(self.public_hosts) or not is_loopback(self.host) or self.oidc is not None

    @property
    def hosts(self) -> frozenset[str]:
        """Names a browser may call us by; any other is a page that has its own name point here."""
        own = () if self.host in ("0.0.0.0", "::") else (self.host,)  # noqa: S104 - it is only compared with
        return frozenset(h.casefold() for h in (*LOOPBACK_NAMES, *self.public_hosts, *own))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.casefold() == "localhost"


def named(folders: Sequence[Path]) -> dict[str, Path]:
    """A short name for the address of each folder, all different.

    Raises:
        PortfolioError: A folder is none, or is named twice.
    """
    found: dict[str, Path] = {}
    for folder in folders:
        path = folder.resolve()
        if not path.is_dir():
            raise PortfolioError(f"There is no folder '{folder.name}'.", "Name existing portfolio folders.")
        if path in found.values():
            raise PortfolioError(f"Folder '{folder.name}' is named twice.", "Name each once.")
        base = slug(path.name)
        name = next(n for i in range(1, 10_000) if (n := base if i == 1 else f"{base}-{i}") not in found)
        found[name] = path
    return found


def slug(text: str) -> str:
    """Text as it can stand in an address."""
    return re.sub(r"[^\w]+", "-", text.casefold()).strip("-_")[:80] or "x"


def oidc_from(environment: Mapping[str, str] = os.environ) -> Oidc | None:
    """Login elsewhere as FOURWALLS_OIDC_ISSUER, _CLIENT_ID, _CLIENT_SECRET, _CLAIM and _ROLES say; None without an issuer.

    Raises:
        PortfolioError: Something is missing, or a role is none.
    """
    issuer = environment.get("FOURWALLS_OIDC_ISSUER", "")
    if not issuer:
        return None
    said = {k: environment.get(f"FOURWALLS_OIDC_{k}", "") for k in ("CLIENT_ID", "CLIENT_SECRET", "ROLES")}
    for name, value in said.items():
        if not value:
            raise PortfolioError(f"FOURWALLS_OIDC_{name} is not set.", "Set it beside FOURWALLS_OIDC_ISSUER.")
    pairs = [p.partition("=") for p in said["ROLES"].split(",")]
    roles = {value.strip(): role.strip() for value, _, role in pairs}
    wrong = [role for role in roles.values() if role not in ROLES]
    if wrong or not issuer.startswith("https://"):
        told = (
            f"FOURWALLS_OIDC_ROLES names role {wrong[0]!r}." if wrong else "FOURWALLS_OIDC_ISSUER is no https address."
        )
        raise PortfolioError(told, f"Write VALUE=ROLE,VALUE=ROLE with roles {', '.join(ROLES)}.")
    return Oidc(
        issuer.rstrip("/"),
        said["CLIENT_ID"],
        said["CLIENT_SECRET"],
        roles,
        environment.get("FOURWALLS_OIDC_CLAIM", "groups"),
    )
