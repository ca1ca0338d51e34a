"""Keeps the result of a run beside the portfolio, so that pages and what-if answer at once after a restart."""

from __future__ import annotations

import hashlib
import hmac
import os
import pickle
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import fourwalls
from fourwalls.diagnosis import Diagnosis
from fourwalls.errors import OutputError
from fourwalls.reconsidering import Kept
from fourwalls.register import Fingerprint, Register
from fourwalls.surfaces.page.json import to_dict
from fourwalls.surfaces.web.records import Key, Records
from fourwalls.surfaces.web.telling import Telling

HIDDEN = ".fourwalls"
FILE = "result.bin"
_MAGIC = b"fourwalls result 4\n"
_SEAL = 32


@dataclass(frozen=True)
class Result:
    """What a run left.

    Attributes:
        run: Its number in the register; 0 for one of the command line that the register does not have yet.
        diagnosis: What it said.
        kept: What other assumptions can be tried on; None where nothing was replayed and priced.
        telling: Which data would be worth having first.
        records: The first records behind numbers.
        inputs: Fingerprints of what it was made from.
        targets: Measure → target in portfolio.toml.
        is_whole: Whether `telling` and `records` were looked up.
    """

    run: int
    diagnosis: Diagnosis
    kept: Kept | None
    telling: tuple[Telling, ...] = ()
    records: Mapping[Key, Records] = field(default_factory=dict)
    inputs: Sequence[Fingerprint] = ()
    targets: Mapping[str, float] = field(default_factory=dict)
    is_whole: bool = True


def write_result(folder: Path, result: Result) -> None:
    """Keeps a result in the place of the last one, whole or not at all.

    Raises:
        OutputError: It cannot be written.
    """
    place = folder / HIDDEN
    content = _made_by() + pickle.dumps(result, protocol=5)
    seal = hmac.new(_key(), content, hashlib.sha256).digest()
    try:
        place.mkdir(exist_ok=True)
        handle, draft = tempfile.mkstemp(prefix="result-", dir=place)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_MAGIC + seal + content)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).replace(place / FILE)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as error:
        told = f"The result cannot be kept in '{folder.name}': {error.strerror or 'the system refused'}."
        raise OutputError(told, "Free some space, or check its permissions.") from None


def keep_found(
    folder: Path, found: Diagnosis, kept: object, inputs: Sequence[Fingerprint], targets: Mapping[str, float]
) -> None:
    """Leaves what the command line found for the app, which then need not find it again; where it cannot be kept, nothing."""
    is_kept = kept if isinstance(kept, Kept) else None
    with suppress(OutputError):
        write_result(folder, Result(0, found, is_kept, inputs=inputs, targets=targets, is_whole=False))


def recorded(folder: Path, register: Register, result: Result, who: str) -> Result:
    """The result with the number of its run, which is recorded if the register does not have it."""
    if any(r.id == result.run for r in register.runs()):
        return result
    run = register.record_run(to_dict(result.diagnosis), result.inputs, who, result.targets, once=True)
    known = replace(result, run=run.id)
    write_result(folder, known)
    return known


def read_result(folder: Path) -> Result | None:
    """The result that was kept; None if there is none, or another machine, user or version wrote it: then a run is due.

    Reading one can run code that it brings along, so only what this very user sealed is opened.
    """
    try:
        content = (folder / HIDDEN / FILE).read_bytes()
    except OSError:
        return None
    head = len(_MAGIC)
    seal, content = (
        (content[head : head + _SEAL], content[head + _SEAL :]) if content.startswith(_MAGIC) else (b"", b"")
    )
    if not hmac.compare_digest(seal, hmac.new(_key(), content, hashlib.sha256).digest()):
        return None
    if not content.startswith(_made_by()):
        return None
    with suppress(Exception):
        found = pickle.loads(content[len(_made_by()) :])  # noqa: S301 - sealed by ourselves, some lines above
        if isinstance(found, Result):
            return found
    return None


def stamp(folder: Path) -> int:
    """Changes whenever a result is written; 0 where there is none."""
    try:
        return (folder / HIDDEN / FILE).stat().st_mtime_ns
    except OSError:
        return 0


@cache
def _made_by() -> bytes:
    """Stands for the code that makes results: what another version kept may lack what this one expects, and is made anew."""
    root, seen = Path(fourwalls.__file__).parent, hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        if "surfaces" not in path.relative_to(root).parts:
            seen.update(path.read_bytes())
    return seen.digest()


def _key() -> bytes:
    """This user's own key; made at the first use."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "fourwalls"
    path = state / "key"
    with suppress(OSError):
        return path.read_bytes()
    try:
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (
            suppress(FileExistsError),
            os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file,
        ):
            file.write(secrets.token_bytes(32))
        return path.read_bytes()
    except OSError:
        raise OutputError(
            "There is no place for this user's key.", "Set XDG_STATE_HOME to a folder of your own."
        ) from None
