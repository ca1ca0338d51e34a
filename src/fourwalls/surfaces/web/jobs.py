"""Runs: a queue in the register that outlives a restart, one at a time, each in a process of its own."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from fourwalls.errors import FourwallsError
from fourwalls.register.desk import Job
from fourwalls.surfaces.register_cli import PLACE_VARIABLE
from fourwalls.surfaces.web.folders import COMMAND_LINE, Folders, Served

KINDS = ("diagnose", "pilot", "judge")
# A worker that was not seen for so long is taken to be gone, and its job is done anew.
STALE_SECONDS = 30.0
_BEAT_SECONDS = 1.0
_IDLE_SECONDS = 2.0
_LAST_SECONDS = 5.0
# What a run tells while it works, in the order it comes; where it stands in this list is how far it is.
STEPS = (
    "reading", "counting", "checking", "looking for order lines that stand twice", "reading whose orders",
    "estimating what empty shelves", "reading stock:", "comparing forecasts", "looking for stock", "fetching late",
    "reading what release", "reading what fulfilment", "reading what carriage", "replaying without", "measuring cycle times",
    "measuring what failures cost", "looking at case work", "looking at feeds", "looking at hours", "looking at listings",
    "looking at offers", "looking at bookings", "reading contracts", "designing the pilot", "judging the pilot",
    "reading signals", "looking for what is suspicious", "recording the run", "asking which data", "looking up",
)  # fmt: skip


class Runner:
    """Takes jobs from the registers of all folders and does them, until it is stopped.

    Attributes:
        data: What `{data}` in SQL files stands for; None for each folder's uploads.
    """

    def __init__(self, folders: Folders, data: Path | None = None) -> None:
        self._folders, self.data = folders, data
        self._name = f"{socket.gethostname()}-{os.getpid()}"
        self._wake, self._stop = threading.Event(), threading.Event()
        self._completed: set[tuple[str, int]] = set()
        self._thread = threading.Thread(target=self._work, name="runs", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Stops; a run under way is put back into the queue by its age when somebody starts again."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def add(self, served: Served, who: str, kind: str = "diagnose", content: Mapping[str, Any] | None = None) -> Job:
        """Puts a job in the queue; where the same waits already, that one."""
        desk = served.register.desk
        for job in desk.jobs(("queued", "running")):
            if job.kind == kind and job.content == (content or {}) and not job.is_cancel_wanted:
                return job
        job = desk.add_job(kind, content or {}, who, time.time())
        self._wake.set()
        return job

    def _work(self) -> None:
        while not self._stop.is_set():
            is_idle = True
            for served in self._folders:
                with suppress(FourwallsError):
                    self._complete(served)
                    is_idle = not self._one(served) and is_idle
            if is_idle:
                self._wake.wait(_IDLE_SECONDS)
                self._wake.clear()

    def _complete(self, served: Served) -> None:
        """Has looked up, once, what the command line did not look up of a run that it left."""
        result, key = served.result, (served.slug, served.version)
        if result is not None and not result.is_whole and key not in self._completed:
            self._completed.add(key)
            self.add(served, COMMAND_LINE)

    def _one(self, served: Served) -> bool:
        if self._stop.is_set() or not served.folder.is_dir():
            return False
        now = time.time()
        desk = served.register.desk
        job = desk.take_job(self._name, now, now - STALE_SECONDS, KINDS)
        if job is None:
            return False
        state, result = self._run(served, job)
        if state is not None:
            desk.end_job(job.id, self._name, state, result, time.time())
        return True

    def _run(self, served: Served, job: Job) -> tuple[Any, dict[str, Any]]:
        """The state the job ended in and what it told; no state where it goes back into the queue."""
        data = self.data or (served.folder / "uploads" if (served.folder / "uploads").is_dir() else "")
        command = [sys.executable, "-m", "fourwalls.surfaces.web.worker", str(served.folder), job.who, str(data)]
        command += [job.kind, json.dumps(job.content)]
        process = subprocess.Popen(  # noqa: S603 - our own program, no shell
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
            text=True, encoding="utf-8", env=_surroundings(served),
        )  # fmt: skip
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(target=_read, args=(process, lines), daemon=True).start()
        told: dict[str, Any] = {}
        progress, step = 0.0, "starting"
        try:
            while True:
                line = _next(lines)
                if line is None:
                    # It ends by itself; killed on its last steps, it would be reported as killed.
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(_LAST_SECONDS)
                    break
                if line:
                    told = {**told, **_parsed(line)}
                    step = str(told.get("step", step))
                    progress = max(progress, how_far(step))
                still = served.register.desk.beat(job.id, self._name, time.time(), progress, step)
                if self._stop.is_set() or still is None:
                    return None, {}
                if still.is_cancel_wanted:
                    return "cancelled", {}
        finally:
            end(process)
        if "done" in told:
            return "done", {"done": told["done"]}
        error = told.get("error") or f"The run ended unexpectedly (code {process.returncode})."
        remedy = told.get("remedy") or "Try again; if it happens again, run `fourwalls diagnose` on the command line."
        return "failed", {"error": error, "remedy": remedy}


def _surroundings(served: Served) -> dict[str, str]:
    """What the worker is told by its environment: it must open the register that this app has open."""
    return {k: v for k, v in os.environ.items() if served.is_alone or k != PLACE_VARIABLE}


def how_far(step: str) -> float:
    """How far a run is by what it says it does, 0 to 1."""
    found = [i for i, beginning in enumerate(STEPS) if step.startswith(beginning)]
    return (found[-1] + 1) / (len(STEPS) + 1) if found else 0.0


def end(process: subprocess.Popen[str]) -> None:
    """Ends a process and what it started, if it still runs."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _read(process: subprocess.Popen[str], lines: queue.SimpleQueue[str | None]) -> None:
    if process.stdout is not None:
        with process.stdout as stream:
            for line in stream:
                lines.put(line)
    lines.put(None)


def _next(lines: queue.SimpleQueue[str | None]) -> str | None:
    """The next line; "" where none came for a beat, None at the end."""
    try:
        return lines.get(timeout=_BEAT_SECONDS)
    except queue.Empty:
        return ""


def _parsed(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
