"""A portfolio that was diagnosed once, and the app around a copy of it."""

from __future__ import annotations

import re
import shutil
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from tests.small import good

from fourwalls.register import Register
from fourwalls.surfaces.web import worker
from fourwalls.surfaces.web.access import hashed
from fourwalls.surfaces.web.app import build
from fourwalls.surfaces.web.settings import Settings, named

with warnings.catch_warnings():
    # Starlette 1.10 wants a successor of httpx that nothing else of ours needs.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

BASE = "http://127.0.0.1:8480"
PASSWORD = "a sentence nobody guesses"
ASSET = "/p/shop/assets/chairs"
TOML = """
[verdict]
least_lines = 20
[targets]
fulfilment_hours = 10
carriage_hours = 30
"""


@pytest.fixture(scope="session")
def diagnosed(tmp_path_factory: pytest.TempPathFactory, _own_state: None) -> Path:
    """A folder with a run; do not write to it."""
    made = good()
    for number, line in enumerate(made.lines):
        line["price_amount"] = str(10 + number % 7)
    made.toml += TOML
    folder = made.write(tmp_path_factory.mktemp("web") / "shop")
    worker.diagnose(folder, None, "tests", lambda _: None)
    return folder


@pytest.fixture
def folder(diagnosed: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(diagnosed, tmp_path / "shop"))


@dataclass
class Web:
    """A browser without scripts.

    Attributes:
        client: What asks.
        folder: What is served.
    """

    client: TestClient
    folder: Path
    headers: dict[str, str] = field(default_factory=lambda: {"origin": BASE})

    def get(self, path: str, **more: Any) -> Any:
        return self.client.get(path, follow_redirects=False, **more)

    def token(self, page: str) -> str:
        return re.findall(r'name="form_token" value="([^"]+)"', self.get(page).text)[-1]

    def fields(self, page: str) -> dict[str, str]:
        """Hidden fields of a page."""
        return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', self.get(page).text))

    def send(self, page: str, to: str = "", files: Any = None, **fields: str) -> Any:
        """What a form on a page would send."""
        data = {**self.fields(page), **fields}
        return self.client.post(to or page, data=data, files=files, headers=self.headers, follow_redirects=False)

    def log_in(self, name: str, password: str = PASSWORD) -> Any:
        return self.send("/login", name=name, password=password)


def serving(folder: Path, works: bool = False, **changes: Any) -> Iterator[Web]:
    settings = replace(Settings(named([folder])), **changes)
    with TestClient(build(settings, works=works), base_url=BASE) as client:
        yield Web(client, folder)


@pytest.fixture
def web(folder: Path) -> Iterator[Web]:
    """The app on this machine alone."""
    yield from serving(folder)


@pytest.fixture(scope="session")
def secret() -> str:
    return hashed(PASSWORD)


@pytest.fixture
def guarded(folder: Path, secret: str) -> Iterator[Web]:
    """The app beyond this machine, with one user of each role."""
    with Register.open(folder) as register:
        for role in ("reader", "analyst", "decider"):
            register.desk.add_user(role, role, secret)
    yield from serving(folder, is_login_wanted=True)
