"""What the web app keeps beside the register: users, sessions, accesses and jobs. Their meaning is the web app's."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, RowMapping, delete, func, select, update

from fourwalls.errors import OvertakenError, RegisterError
from fourwalls.register.connecting import Database
from fourwalls.register.journal import canonical, checked_name, now
from fourwalls.register.tables import ACCESSES, JOBS, SESSIONS, USERS

# Clocks of servers that share a register differ by less than this [s].
_MOST_AHEAD = 3600.0

JobState = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True, repr=False)
class User:
    """Somebody who may log in.

    Attributes:
        name, role, is_active: Who, what they may do, and whether they still may.
        secret: Hash of the password; None where they log in elsewhere.
        version, changed_at: Of this row.
    """

    name: str
    role: str
    secret: str | None
    is_active: bool
    version: int
    changed_at: str

    def __repr__(self) -> str:
        return f"User({self.name!r}, {self.role!r})"


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    """Somebody who is logged in.

    Attributes:
        token_sha256: Hash of the token the browser holds; the token itself is kept nowhere.
        user: Name of the user.
        content: What the web app wants to remember.
        created, expires: Seconds since 1970.
    """

    token_sha256: str
    user: str
    content: Mapping[str, Any]
    created: float
    expires: float

    def __repr__(self) -> str:
        return f"Session({self.user!r})"


@dataclass(frozen=True, slots=True)
class Access:
    """Who asked for what.

    Attributes:
        seq, at: Place in the log, without gaps; when.
        who, action, about, address: Who did what to what, from where.
        is_granted: Whether it was allowed.
    """

    seq: int
    at: str
    who: str
    action: str
    about: str
    address: str
    is_granted: bool


@dataclass(frozen=True, slots=True)
class Job:
    """Work that is done in the background, and survives a restart.

    Attributes:
        id, kind, who: Which, of what kind, asked for by whom.
        state: "queued", "running", "done", "failed" or "cancelled".
        content, result: What to do; what came of it, or why it failed.
        progress: 0 to 1.
        step: What is being done.
        worker: Who does it.
        is_cancel_wanted: Whether somebody asked to stop it.
        created, heartbeat: Seconds since 1970: when it was asked for; when its worker was last seen.
    """

    id: int
    kind: str
    state: JobState
    who: str
    content: Mapping[str, Any]
    progress: float
    step: str
    result: Mapping[str, Any]
    worker: str
    is_cancel_wanted: bool
    created: float
    heartbeat: float


class Desk:
    """The web app's own tables; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_user(self, name: str, role: str, secret: str | None) -> User:
        """Adds a user.

        Raises:
            RegisterError: There is one of this name, or the name is none.
        """
        name = checked_name("The name of a user", name)
        user = User(name, role, secret, is_active=True, version=1, changed_at=now())
        with self._database.writing() as connection:
            if _user(connection, name) is not None:
                raise RegisterError(f"There is a user '{name}' already.", "Choose another name, or change that user.")
            connection.execute(USERS.insert().values(**_row(user)))
        return user

    def user(self, name: str) -> User | None:
        """A user by name; None if there is none."""
        with self._database.reading() as connection:
            return _user(connection, name)

    def users(self) -> list[User]:
        """All users, by name."""
        with self._database.reading() as connection:
            return [User(**row) for row in connection.execute(select(USERS).order_by(USERS.c.name)).mappings()]

    def change_user(
        self,
        name: str,
        *,
        expected_version: int,
        role: str | None = None,
        secret: str | None = None,
        is_active: bool | None = None,
    ) -> User:
        """Changes a user; what is not said stays. Whoever is no longer active is logged out.

        Raises:
            OvertakenError: Somebody else changed it meanwhile.
            RegisterError: There is no such user.
        """
        with self._database.writing() as connection:
            before = _user(connection, name)
            if before is None:
                raise RegisterError(f"There is no user '{name}'.", "Add one first.")
            if before.version != expected_version:
                raise OvertakenError(
                    f"User '{name}' was changed at {before.changed_at}; you saw version {expected_version}.",
                    "Look at what stands now, and try again.", before.version, name, before.changed_at,
                )  # fmt: skip
            said = {"role": role, "secret": secret, "is_active": is_active}
            said = {k: v for k, v in said.items() if v is not None}
            values = {**said, "version": before.version + 1, "changed_at": now()}
            connection.execute(update(USERS).where(USERS.c.name == name).values(**values))
            if is_active is False:
                connection.execute(delete(SESSIONS).where(SESSIONS.c.user_name == name))
            changed = _user(connection, name)
        assert changed is not None  # noqa: S101 - it was there a line above, in the same transaction
        return changed

    def keep_session(self, session: Session) -> None:
        """Keeps a session."""
        row = {
            "token_sha256": session.token_sha256, "user_name": session.user, "content": canonical(session.content),
            "created": session.created, "expires": session.expires,
        }  # fmt: skip
        with self._database.writing() as connection:
            connection.execute(SESSIONS.insert().values(**row))

    def session(self, token_sha256: str) -> Session | None:
        """A session by the hash of its token; None if there is none. Whether it has expired is the web app's to say."""
        with self._database.reading() as connection:
            row = connection.execute(select(SESSIONS).where(SESSIONS.c.token_sha256 == token_sha256)).mappings().first()
        if row is None:
            return None
        return Session(
            row["token_sha256"], row["user_name"], json.loads(row["content"]), row["created"], row["expires"]
        )

    def drop_sessions(
        self, *, token_sha256: str | None = None, user: str | None = None, expired_at: float | None = None
    ) -> int:
        """Drops one session, all of a user, or all that have expired by then; how many."""
        chosen = delete(SESSIONS)
        if token_sha256 is not None:
            chosen = chosen.where(SESSIONS.c.token_sha256 == token_sha256)
        if user is not None:
            chosen = chosen.where(SESSIONS.c.user_name == user)
        if expired_at is not None:
            chosen = chosen.where(SESSIONS.c.expires <= expired_at)
        if token_sha256 is None and user is None and expired_at is None:
            return 0
        with self._database.writing() as connection:
            return connection.execute(chosen).rowcount

    def note_access(
        self, who: str, action: str, about: str = "", address: str = "", *, is_granted: bool = True
    ) -> Access:
        """Notes who asked for what; never a secret."""
        with self._database.writing() as connection:
            seq = int(connection.execute(select(func.coalesce(func.max(ACCESSES.c.seq), 0))).scalar_one()) + 1
            noted = Access(seq, now(), who[:200], action[:80], about[:2000], address[:80], is_granted)
            connection.execute(ACCESSES.insert().values(**_row(noted)))
        return noted

    def accesses(self, most: int = 100, who: str | None = None) -> list[Access]:
        """The last accesses, latest first."""
        query = select(ACCESSES).order_by(ACCESSES.c.seq.desc()).limit(most)
        if who is not None:
            query = query.where(ACCESSES.c.who == who)
        with self._database.reading() as connection:
            return [Access(**row) for row in connection.execute(query).mappings()]

    def add_job(self, kind: str, content: Mapping[str, Any], who: str, at: float) -> Job:
        """Puts a job in the queue."""
        with self._database.writing() as connection:
            number = int(connection.execute(select(func.coalesce(func.max(JOBS.c.id), 0))).scalar_one()) + 1
            job = Job(
                number, kind, "queued", who, content, 0.0, "", {}, "", is_cancel_wanted=False, created=at, heartbeat=at
            )
            row = {**_row(job), "content": canonical(content), "result": canonical({})}
            connection.execute(JOBS.insert().values(**row))
        return job

    def take_job(self, worker: str, at: float, stale_before: float, kinds: Sequence[str] = ()) -> Job | None:
        """Gives a worker the oldest job that is queued, or whose worker was not seen since; None if there is none.

        No two workers get the same job.
        """
        # A worker seen in what is the future now was seen before the clock was set back.
        gone = (JOBS.c.heartbeat < stale_before) | (JOBS.c.heartbeat > at + _MOST_AHEAD)
        waiting = (JOBS.c.state == "queued") | ((JOBS.c.state == "running") & gone)
        query = select(JOBS.c.id).where(waiting).order_by(JOBS.c.id).limit(1)
        if kinds:
            query = query.where(JOBS.c.kind.in_(kinds))
        with self._database.reading() as connection:
            # Looking is cheap, and most looks find nothing: only who finds something waits to write.
            if connection.execute(query).scalar() is None:
                return None
        with self._database.writing() as connection:
            number = connection.execute(query).scalar()
            if number is None:
                return None
            return _change_job(connection, number, state="running", worker=worker, heartbeat=at, progress=0.0, step="")

    def beat(self, number: int, worker: str, at: float, progress: float, step: str) -> Job | None:
        """Says that a worker is still at its job, and how far; None if the job is no longer this worker's."""
        return self._of_worker(number, worker, heartbeat=at, progress=progress, step=step)

    def end_job(self, number: int, worker: str, state: JobState, result: Mapping[str, Any], at: float) -> Job | None:
        """Ends a job as done, failed or cancelled; None if it is no longer this worker's."""
        return self._of_worker(number, worker, state=state, result=canonical(result), heartbeat=at)

    def cancel_job(self, number: int) -> Job | None:
        """Cancels a queued job at once, and asks the worker of a running one to stop; None if there is no such job."""
        with self._database.writing() as connection:
            job = _job(connection, number)
            if job is None:
                return None
            if job.state == "queued":
                return _change_job(connection, number, state="cancelled", is_cancel_wanted=True)
            return _change_job(connection, number, is_cancel_wanted=True) if job.state == "running" else job

    def job(self, number: int) -> Job | None:
        """One job; None if there is none."""
        with self._database.reading() as connection:
            return _job(connection, number)

    def jobs(self, states: Sequence[JobState] = (), most: int = 100) -> list[Job]:
        """Jobs in some states (in all, if none is named), latest first."""
        query = select(JOBS).order_by(JOBS.c.id.desc()).limit(most)
        if states:
            query = query.where(JOBS.c.state.in_(states))
        with self._database.reading() as connection:
            return [_job_of(row) for row in connection.execute(query).mappings()]

    def _of_worker(self, number: int, worker: str, **values: object) -> Job | None:
        with self._database.writing() as connection:
            job = _job(connection, number)
            if job is None or job.worker != worker or job.state != "running":
                return None
            return _change_job(connection, number, **values)


def _row(thing: User | Access | Job) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in thing.__slots__}


def _user(connection: Connection, name: str) -> User | None:
    row = connection.execute(select(USERS).where(USERS.c.name == name)).mappings().first()
    return User(**row) if row else None


def _job(connection: Connection, number: int) -> Job | None:
    row = connection.execute(select(JOBS).where(JOBS.c.id == number)).mappings().first()
    return _job_of(row) if row else None


def _job_of(row: RowMapping) -> Job:
    return Job(**{**row, "content": json.loads(row["content"]), "result": json.loads(row["result"])})


def _change_job(connection: Connection, number: int, **values: object) -> Job:
    connection.execute(update(JOBS).where(JOBS.c.id == number).values(**values))
    return _job_of(connection.execute(select(JOBS).where(JOBS.c.id == number)).mappings().one())
