"""Who may do what: passwords, sessions, tokens against forged forms, roles, and a limit on guessing."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from fourwalls.errors import RegisterError
from fourwalls.register.desk import Desk, Session
from fourwalls.surfaces.web.settings import ROLES

SESSION_SECONDS = 12 * 3600
# NIST SP 800-63B asks for at least 8 signs where a second factor is used, and 15 where not; no rules about kinds of signs.
SHORTEST_PASSWORD, LONGEST_PASSWORD = 15, 1000
# Wrong passwords for one name, or from one address, within the window; then nobody may try until it has passed.
MOST_FAILURES_OF_NAME, MOST_FAILURES_OF_ADDRESS, WINDOW_SECONDS = 5, 20, 15 * 60
# A password check takes 64 MB: more at once would be a way to use up memory.
_CHECKS_AT_ONCE = 2
_SEEN_FOR_SECONDS = 1.0


@dataclass(frozen=True, slots=True, repr=False)
class Viewer:
    """Who looks at a page.

    Attributes:
        name, role: Who; what they may do.
        token: What the browser holds: of the session, or of the visit where nobody logs in.
        is_logged_in: Whether there is a session.
    """

    name: str
    role: str
    token: str
    is_logged_in: bool

    def may(self, role: str) -> bool:
        """Whether they may do what a role may."""
        return ROLES.index(self.role) >= ROLES.index(role)

    def __repr__(self) -> str:
        return f"Viewer({self.name!r}, {self.role!r})"


@dataclass(slots=True)
class Guesses:
    """Wrong passwords, by name and by address; kept in memory, by a clock that nobody can set back.

    Attributes:
        clock: Seconds.
    """

    clock: Callable[[], float] = time.monotonic
    _seen: dict[tuple[str, str], deque[float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, name: str, address: str) -> float:
        """Seconds until this name may be tried from this address; 0 for now."""
        with self._lock:
            return max(
                self._wait(("name", name.casefold()), MOST_FAILURES_OF_NAME),
                self._wait(("address", address), MOST_FAILURES_OF_ADDRESS),
            )

    def failed(self, name: str, address: str) -> None:
        """One more wrong password."""
        with self._lock:
            if len(self._seen) > 10_000:
                now = self.clock()
                self._seen = {k: v for k, v in self._seen.items() if v and now - v[-1] < WINDOW_SECONDS}
            for key in (("name", name.casefold()), ("address", address)):
                self._seen.setdefault(key, deque(maxlen=MOST_FAILURES_OF_ADDRESS)).append(self.clock())

    def passed(self, name: str) -> None:
        """The password was right: what went before is forgotten for this name."""
        with self._lock:
            self._seen.pop(("name", name.casefold()), None)

    def _wait(self, key: tuple[str, str], most: int) -> float:
        times = self._seen.get(key)
        recent = [t for t in times or () if self.clock() - t < WINDOW_SECONDS]
        return WINDOW_SECONDS - (self.clock() - recent[-most]) if len(recent) >= most else 0.0


class Access:
    """Lets people in, by the users and sessions of the register's desk.

    Attributes:
        needs_login: Whether everybody has to log in.
        guesses: Wrong passwords.
    """

    def __init__(self, desk: Desk, *, needs_login: bool) -> None:
        self.needs_login, self.guesses = needs_login, Guesses()
        self._desk, self._key = desk, secrets.token_bytes(32)
        self._checks = asyncio.Semaphore(_CHECKS_AT_ONCE)
        self._seen: dict[str, tuple[float, Viewer | None]] = {}

    def viewer(self, token: str) -> Viewer | None:
        """Who holds a token; None if nobody who may in. Where nobody logs in, anybody on this machine decides."""
        if not self.needs_login:
            return Viewer("local", ROLES[-1], token, is_logged_in=False)
        now = time.monotonic()
        known = self._seen.get(token)
        if known is not None and now - known[0] < _SEEN_FOR_SECONDS:
            return known[1]
        found = self._logged_in(token) if token else None
        if len(self._seen) > 1000:
            self._seen.clear()
        self._seen[token] = (now, found)
        return found

    def _logged_in(self, token: str) -> Viewer | None:
        session = self._desk.session(digest(token))
        if session is None or session.expires <= time.time():
            return None
        user = self._desk.user(session.user)
        if user is not None:
            role = str(session.content.get("role") or user.role) if user.secret is None else user.role
            return Viewer(user.name, role, token, is_logged_in=True) if user.is_active and role in ROLES else None
        return None

    async def check(self, name: str, password: str, address: str) -> bool:
        """Whether a password is right; takes as long for a name that is none, and counts wrong ones."""
        async with self._checks:
            is_right = await asyncio.to_thread(self._is_right, name, password)
        if is_right:
            self.guesses.passed(name)
        else:
            self.guesses.failed(name, address)
        self._desk.note_access(name, "log in", "", address, is_granted=is_right)
        return is_right

    def _is_right(self, name: str, password: str) -> bool:
        user = self._desk.user(name) if name else None
        is_known = user is not None and user.is_active and user.secret is not None
        secret = user.secret if user is not None and is_known and user.secret is not None else _dummy()
        try:
            _hasher().verify(secret, password[:LONGEST_PASSWORD])
        except (VerificationError, InvalidHashError):
            return False
        if user is not None and is_known and _hasher().check_needs_rehash(secret):
            self._desk.change_user(name, expected_version=user.version, secret=hashed(password))
        return is_known

    def log_in(self, name: str, before: str, content: Mapping[str, Any] | None = None) -> str:
        """The token of a new session; whatever the browser held before is worth nothing from now on."""
        token, now = secrets.token_urlsafe(32), time.time()
        self._desk.drop_sessions(expired_at=now)
        self.log_out(before)
        self._desk.keep_session(Session(digest(token), name, dict(content or {}), now, now + SESSION_SECONDS))
        return token

    def log_out(self, token: str) -> None:
        """Ends a session."""
        if token:
            self._desk.drop_sessions(token_sha256=digest(token))
        self._seen.pop(token, None)

    def note(self, viewer: Viewer | None, action: str, about: str, address: str, *, is_granted: bool = True) -> None:
        """Keeps who did what."""
        self._desk.note_access(viewer.name if viewer else "nobody", action, about, address, is_granted=is_granted)

    def form_token(self, token: str) -> str:
        """A token for one form; never the same twice, so that the size of a compressed page tells nothing of it."""
        salt = secrets.token_hex(8)
        return f"{salt}.{self._mac(salt, token)}"

    def is_own_form(self, given: str, token: str) -> bool:
        """Whether a form was written for this very browser."""
        salt, _, mac = given.partition(".")
        return bool(token) and hmac.compare_digest(mac.encode(), self._mac(salt, token).encode())

    def _mac(self, salt: str, token: str) -> str:
        return hmac.new(self._key, f"{salt}.{token}".encode(), hashlib.sha256).hexdigest()


def digest(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def hashed(password: str) -> str:
    """What is kept of a password (argon2id, RFC 9106).

    Raises:
        RegisterError: It is too short or too long.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise RegisterError(
            f"The password has {len(password)} characters.",
            f"Take {SHORTEST_PASSWORD} to {LONGEST_PASSWORD}; a sentence is good.",
        )
    return _hasher().hash(password)


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _dummy() -> str:
    return _hasher().hash(secrets.token_urlsafe(32))
