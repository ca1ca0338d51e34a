"""Who may do what, and what no other page may have a browser do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fourwalls.errors import FourwallsError
from fourwalls.register import Register
from fourwalls.surfaces.cli import app
from fourwalls.surfaces.web.access import MOST_FAILURES_OF_NAME, WINDOW_SECONDS, Guesses, hashed
from fourwalls.surfaces.web.app import serve
from fourwalls.surfaces.web.login import safe_next
from fourwalls.surfaces.web.settings import Settings, is_loopback, named, oidc_from

from .conftest import ASSET, BASE, PASSWORD, Web, serving


def test_headers_stand_on_every_answer(web: Web) -> None:
    for path in ("/p/shop", "/static/web.css", "/nothing", "/api/portfolios", "/api/nothing"):
        headers = web.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "server" not in headers


def test_pages_need_no_script_and_no_style_of_their_own(web: Web) -> None:
    for path in ("/p/shop", ASSET, "/p/shop/data", f"{ASSET}/plan", "/p/shop/questions"):
        text = web.get(path).text
        assert "<style" not in text
        assert " style=" not in text
        assert "onclick" not in text
        assert text.count("<script") == text.count('<script src="/static/')


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "localhost@evil.example"])
def test_another_name_is_turned_away(web: Web, host: str) -> None:
    assert web.get("/p/shop", headers={"host": host}).status_code == 421


def test_names_of_this_machine_are_let_in(web: Web) -> None:
    for host in ("localhost:8480", "127.0.0.1", "[::1]:8480"):
        assert web.get("/p/shop", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "https://127.0.0.1:8480"},
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_a_form_of_another_page_writes_nothing(web: Web, headers: dict[str, str]) -> None:
    web.headers = headers
    assert web.send("/p/shop/runs").status_code == 403
    assert web.client.app.state.office.folders.first.register.desk.jobs() == []


def test_a_form_without_its_token_writes_nothing(web: Web) -> None:
    token = web.token("/p/shop/runs")
    for wrong in ("", "x", token[:-1] + ("0" if token[-1] != "0" else "1"), token.partition(".")[2]):
        assert web.send("/p/shop/runs", form_token=wrong).status_code == 403
    web.client.cookies.clear()
    answer = web.client.post("/p/shop/runs", data={"form_token": token}, headers=web.headers, follow_redirects=False)
    assert answer.status_code == 403
    assert web.send("/p/shop/runs").status_code == 303


def test_everything_but_the_door_needs_login(guarded: Web) -> None:
    for route in guarded.client.app.routes:
        path = getattr(route, "path", "").replace("{portfolio}", "shop").replace("{asset}", "chairs")
        path = (
            path.replace("{run:int}", "1").replace("{job:int}", "1").replace("{name}", "web.css").replace("{task}", "x")
        )
        for method in getattr(route, "methods", None) or ():
            answer = guarded.client.request(method, path, headers=guarded.headers, follow_redirects=False)
            if path.startswith(("/login", "/logout", "/static", "/oidc")):
                continue
            expected = (401,) if path.startswith("/api") else (303,)
            assert answer.status_code in expected, (method, path)
            if answer.status_code == 303:
                assert answer.headers["location"].startswith("/login")


def test_login_begins_a_session_of_its_own(guarded: Web) -> None:
    planted = "planted"
    guarded.client.cookies.set("fw_session", planted, domain="127.0.0.1", path="/")
    answer = guarded.log_in("reader")
    assert answer.status_code == 303
    first = guarded.client.cookies["fw_session"]
    assert first != planted
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert guarded.get("/p/shop").status_code == 200
    guarded.send("/p/shop", to="/logout")
    guarded.client.cookies.set("fw_session", first, domain="127.0.0.1", path="/")
    assert guarded.get("/p/shop").status_code == 303


def test_login_again_ends_the_session_before(guarded: Web) -> None:
    guarded.log_in("reader")
    before = guarded.client.cookies["fw_session"]
    office = guarded.client.app.state.office
    after = office.access.log_in("reader", before)
    assert office.access.viewer(before) is None
    assert office.access.viewer(after).role == "reader"


@pytest.mark.parametrize(
    ("name", "password"),
    [("reader", "wrong"), ("nobody", PASSWORD), ("", ""), ("reader", ""), ("x" * 5000, "y" * 5000)],
)
def test_a_wrong_password_tells_nothing(guarded: Web, name: str, password: str) -> None:
    answer = guarded.log_in(name, password)
    assert answer.status_code == 401
    assert "Name or password is wrong." in answer.text
    assert "fw_session" not in guarded.client.cookies


def test_guessing_is_stopped(guarded: Web) -> None:
    for _ in range(MOST_FAILURES_OF_NAME):
        assert guarded.log_in("decider", "guess").status_code == 401
    answer = guarded.log_in("decider")
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert guarded.log_in("reader").status_code == 303


def test_guesses_are_forgotten_after_a_while() -> None:
    now = [0.0]
    guesses = Guesses(clock=lambda: now[0])
    for _ in range(MOST_FAILURES_OF_NAME):
        guesses.failed("a", "here")
    assert guesses.wait("A", "there") == WINDOW_SECONDS
    assert guesses.wait("b", "here") == 0
    now[0] = WINDOW_SECONDS + 1
    assert guesses.wait("a", "there") == 0


@pytest.mark.parametrize(
    ("role", "run", "decide"), [("reader", 403, 403), ("analyst", 303, 403), ("decider", 303, 303)]
)
def test_roles(guarded: Web, role: str, run: int, decide: int) -> None:
    guarded.log_in(role)
    token = {"form_token": guarded.token("/p/shop")}
    assert guarded.send("/p/shop/runs", **token).status_code == run
    sent = {**token, "run": "1", "expected_version": "0", "verdict": "leave it", "why": "we looked"}
    assert guarded.send(f"{ASSET}/decide", **sent).status_code == decide
    accesses = guarded.client.app.state.office.folders.first.register.desk.accesses()
    denied = [x for x in accesses if not x.is_granted]
    assert len(denied) == (run == 403) + (decide == 403)
    assert all(x.who == role for x in denied)


def test_a_user_who_is_taken_out_is_out(guarded: Web) -> None:
    guarded.log_in("analyst")
    desk = guarded.client.app.state.office.folders.first.register.desk
    desk.change_user("analyst", expected_version=1, is_active=False)
    guarded.client.app.state.office.access._seen.clear()
    assert guarded.get("/p/shop").status_code == 303
    assert guarded.log_in("analyst").status_code == 401


def test_an_expired_session_is_none(guarded: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded.log_in("reader")
    guarded.client.app.state.office.access._seen.clear()
    monkeypatch.setattr("fourwalls.surfaces.web.access.time.time", lambda: 4e9)
    assert guarded.get("/p/shop").status_code == 303


def test_secrets_are_kept_nowhere(guarded: Web, capfd: pytest.CaptureFixture[str], folder: Path) -> None:
    guarded.log_in("decider")
    token = guarded.client.cookies["fw_session"]
    guarded.get("/p/shop?password=" + PASSWORD)
    told = capfd.readouterr()
    files = b"".join(p.read_bytes() for p in folder.glob("register.db*"))
    for place in (told.out.encode(), told.err.encode(), files):
        assert PASSWORD.encode() not in place
        assert token.encode() not in place
    assert repr(guarded.client.app.state.office.access.viewer(token)) == "Viewer('decider', 'decider')"


def test_a_fault_of_ours_tells_no_values(
    web: Web, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("a customer's name")

    monkeypatch.setattr("fourwalls.surfaces.web.pages.portfolio_view", broken)
    answer = web.get("/p/shop")
    assert answer.status_code == 500
    told = capfd.readouterr()
    assert "ValueError at /p/shop" in told.err
    for text in (told.err, told.out, answer.text):
        assert "customer" not in text
        assert "Traceback" not in text


@pytest.mark.parametrize(
    ("wanted", "goes"),
    [
        ("/p/shop", "/p/shop"),
        ("//evil.example", "/"),
        ("https://evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\r\nb: c", "/"),
        ("", "/"),
    ],
)
def test_login_leads_nowhere_else(wanted: str, goes: str) -> None:
    assert safe_next(wanted) == goes


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("10.0.0.4", False),
        ("shop.example", False),
    ],
)
def test_what_needs_login(folder: Path, host: str, is_ours: bool) -> None:
    assert is_loopback(host) == is_ours
    assert Settings(named([folder]), host=host).needs_login != is_ours
    assert Settings(named([folder]), public_hosts=("shop.example",)).needs_login


def test_nobody_to_log_in_is_no_way_to_start(folder: Path) -> None:
    with pytest.raises(FourwallsError, match="there is nobody who may log in"):
        serve(Settings(named([folder]), host="0.0.0.0"))


def test_https_marks_the_cookie(folder: Path, secret: str) -> None:
    with Register.open(folder) as register:
        register.desk.add_user("reader", "reader", secret)
    for web in serving(folder, is_login_wanted=True, is_https=True):
        web.client.base_url = "https://127.0.0.1:8480"
        web.headers = {"origin": "https://127.0.0.1:8480"}
        answer = web.log_in("reader")
        assert "Secure" in answer.headers["set-cookie"]
        assert "max-age" in answer.headers["strict-transport-security"]


def test_users_by_command(folder: Path) -> None:
    run = CliRunner()
    made = run.invoke(app, ["users", "add", str(folder), "ana", "--role", "analyst"], input=PASSWORD + "\n")
    assert made.exit_code == 0, made.output
    assert PASSWORD not in made.output
    assert "ana  analyst  password" in run.invoke(app, ["users", "list", str(folder)]).output
    changed = run.invoke(app, ["users", "change", str(folder), "ana", "--role", "decider", "--inactive"])
    assert changed.exit_code == 0
    assert "ana  decider  password  (no longer)" in run.invoke(app, ["users", "list", str(folder)]).output
    for arguments, told in (
        (["users", "add", str(folder), "bo", "--role", "boss"], "There is no role 'boss'"),
        (["users", "add", str(folder), "bo"], "The password has 5 characters"),
        (["users", "change", str(folder), "cy"], "There is no user 'cy'"),
    ):
        answer = run.invoke(app, arguments, input="short\n")
        assert told in str(answer.exception)


def test_short_and_long_passwords() -> None:
    for password in ("short", "x" * 1001):
        with pytest.raises(FourwallsError):
            hashed(password)


def test_login_elsewhere_by_configuration() -> None:
    said = {
        "FOURWALLS_OIDC_ISSUER": "https://id.example/", "FOURWALLS_OIDC_CLIENT_ID": "fw",
        "FOURWALLS_OIDC_CLIENT_SECRET": "hush", "FOURWALLS_OIDC_ROLES": "ops=decider, all=reader",
    }  # fmt: skip
    found = oidc_from(said)
    assert found is not None
    assert found.roles == {"ops": "decider", "all": "reader"}
    assert "hush" not in repr(found)
    assert oidc_from({}) is None
    for name, value in (
        ("FOURWALLS_OIDC_ROLES", "ops=boss"),
        ("FOURWALLS_OIDC_ISSUER", "http://id.example"),
        ("FOURWALLS_OIDC_CLIENT_ID", ""),
    ):
        with pytest.raises(FourwallsError):
            oidc_from({**said, name: value})


@pytest.fixture
def two(folder: Path, tmp_path: Path) -> Iterator[Web]:
    other = tmp_path / "other" / "shop"
    other.mkdir(parents=True)
    from starlette.testclient import TestClient

    from fourwalls.surfaces.web.app import build

    with TestClient(build(Settings(named([folder, other])), works=False), base_url=BASE) as client:
        yield Web(client, folder)


def test_several_portfolios(two: Web) -> None:
    text = two.get("/").text
    assert "/p/shop-2" in text
    assert two.get("/p/shop-2").status_code == 200
    assert "There are no tables here yet" in two.get("/p/shop-2").text
