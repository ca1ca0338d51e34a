"""What files are taken for is said by people: confirmed, corrected, tried out, and only then taken over."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest
from tests.small import as_csv, good

from fourwalls.diagnosis import SetAside, TableHealth
from fourwalls.study import open as open_study
from fourwalls.surfaces.web import mapping

from .conftest import Web, serving
from .test_uploading import upload

# Column names nobody of ours has heard, some of them meant to do harm.
HOSTILE = {
    "order_id": "<script>alert(1)</script>",
    "ordered_at": "'; DROP TABLE order_lines; --",
    "sku_id": '=HYPERLINK("http://x")',
    "ordered_units": "../../etc/passwd",
    "delivered_at": "{data}",
    "promised_at": 'm.0.0" onfocus="x',
    "shipped_units": "\u202egnissim",
}


def hostile() -> bytes:
    lines = good().lines
    rows = [{new: line[old] for old, new in HOSTILE.items()} for line in lines]
    return as_csv(rows).encode()


@pytest.fixture
def empty(tmp_path: Path):
    (tmp_path / "new").mkdir()
    yield from serving(tmp_path / "new")


def form(text: str) -> dict[str, Any]:
    """What a browser would send of the form of columns, as it stands."""
    piece = text.partition('/mapping">')[2].partition("</form>")[0]
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input [^>]*>", piece):
        found = {k: html.unescape(v) for k, v in re.findall(r'(\w+)="([^"]*)"', tag)}
        if found.get("type") == "checkbox" and ("checked" not in tag or "disabled" in tag):
            continue
        if "name" in found:
            fields.setdefault(found["name"], []).append(found.get("value", ""))
    for name, options in re.findall(r'<select name="([^"]+)">(.*?)</select>', piece, re.DOTALL):
        chosen = re.findall(r'value="([^"]*)" selected', options)
        fields[name] = chosen or [""]
    return fields


def send(web: Web, fields: dict[str, Any], action: str, **more: str) -> Any:
    data = {**fields, "action": action, **more}
    path = f"/p/{web.folder.name}/mapping"
    return web.client.post(path, data=data, headers=web.headers, follow_redirects=False)


def written(folder: Path) -> list[str]:
    return sorted(p.name for p in (folder / "tables").iterdir()) if (folder / "tables").is_dir() else []


def test_guesses_are_confirmed_and_tried_out(empty: Web) -> None:
    made = good()
    first = upload(empty, *((f"{name}.csv", as_csv(rows).encode()) for name, rows in made.tables.items()))
    fields = form(first.text)
    assert "order_lines" in fields["table"]
    assert written(empty.folder) == []
    taken = send(empty, fields, "write")
    assert taken.status_code == 200
    assert "Taken over" in taken.text
    assert "order_lines.sql" in written(empty.folder)
    assert (empty.folder / "portfolio.toml").is_file()
    assert f"{len(made.lines)}</td>" in taken.text
    assert "Run the diagnosis" in empty.get("/p/new").text
    assert not list((empty.folder / ".fourwalls").glob("try-*"))


def test_what_we_cannot_know_people_say(empty: Web) -> None:
    """Columns are named by their place in the form: no name does anything, and each is found again."""
    first = upload(empty, ("export.csv", hostile()))
    assert first.status_code == 200  # a question, and nobody's mistake
    assert "Nothing in these files looks like orders" in html.unescape(first.text)
    assert "<script>alert" not in first.text
    assert 'onfocus="x' not in first.text
    fields = form(first.text)
    assert [fields[f"m.0.{j}"] for j in range(len(HOSTILE))] == [[""]] * len(HOSTILE)
    said = {f"m.0.{j}": name for j, name in enumerate(HOSTILE)}
    again = send(empty, fields, "look", **said, **{"table.0": "order_lines"})
    assert again.status_code == 200, again.text
    assert again.text.count("as you said") == len(HOSTILE)
    assert "<script>alert" not in again.text
    taken = send(empty, form(again.text), "write")
    assert taken.status_code == 200, taken.text
    sql = (empty.folder / "tables" / "order_lines.sql").read_text()
    assert '"\'; DROP TABLE order_lines; --"' in sql
    with open_study(empty.folder, empty.folder / "uploads") as study:
        table = next(t for t in study.check().tables if t.table == "order_lines")
        assert table.rows_in == len(good().lines)
        assert table.rows_used > 0


def test_what_was_said_stays_said(empty: Web) -> None:
    rows = [
        {"order_id": f"o{n}", "ordered_at": "2025-01-01", "sku": "a", "a": "2025-01-05", "b": "2025-01-04"}
        for n in range(40)
    ]
    first = upload(empty, ("orders.csv", as_csv(rows).encode()))
    fields = form(first.text)
    assert fields["m.0.2"] == ["sku_id"]
    again = form(send(empty, fields, "look", **{"m.0.2": "", "m.0.3": "delivered_at"}).text)
    assert (again["m.0.2"], again["m.0.3"]) == ([""], ["delivered_at"])
    assert {"said.0.2", "said.0.3"} <= again.keys()
    third = form(send(empty, again, "look", **{"m.0.4": "promised_at"}).text)
    assert [third[f"m.0.{j}"] for j in range(5)] == [
        ["order_id"],
        ["ordered_at"],
        [""],
        ["delivered_at"],
        ["promised_at"],
    ]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"m.0.0": "<b>nothing</b>"}, "No column can mean"),
        ({"m.0.0": "orderd_at"}, "Did you mean 'ordered_at'"),
        ({"m.0.0": "ordered_at"}, "cannot be ordered_at: it holds text"),
        ({"table.0": "users; --"}, "A file cannot fill"),
        ({"table.0": "feeds"}, "Nothing in these files looks like"),
        ({"file": "../../portfolio.toml"}, "There is no upload"),
        ({"seal": "0"}, "The files changed"),
        ({"table": "nothing"}, "No table was chosen"),
    ],
)
def test_what_cannot_be_said(empty: Web, said: dict[str, str], told: str) -> None:
    rows = [{"order_id": f"o{n}", "ordered_at": "2025-01-01", "sku": "a"} for n in range(40)]
    fields = form(upload(empty, ("orders.csv", as_csv(rows).encode())).text)
    answer = send(empty, fields, "write", **said)
    assert answer.status_code in (400, 409)
    assert told in html.unescape(answer.text)
    assert "<b>nothing" not in answer.text
    assert written(empty.folder) == []
    assert not (empty.folder / "portfolio.toml").exists()


def test_a_portfolio_gets_a_table_more(web: Web) -> None:
    before = {p.name: p.read_bytes() for p in (web.folder / "tables").iterdir()}
    toml = (web.folder / "portfolio.toml").read_text()
    rows = [
        {
            "case_id": f"c{n // 3}",
            "activity": ("open", "work", "close")[n % 3],
            "at": f"2025-01-{n % 27 + 1:02d} 10:00",
            "who": "x",
        }
        for n in range(90)
    ]
    fields = form(upload(web, ("work log.csv", as_csv(rows).encode())).text)
    assert fields["table"] == ["work_log"]
    taken = send(web, fields, "write")
    assert "Taken over" in taken.text, taken.text
    assert "work_log.sql" in written(web.folder)
    assert {n: (web.folder / "tables" / n).read_bytes() for n in before} == before
    assert (web.folder / "portfolio.toml").read_text() == toml
    with open_study(web.folder, web.folder / "uploads") as study:
        assert next(t.rows_used for t in study.check().tables if t.table == "work_log") == 90


def test_what_is_replaced_is_chosen_by_people_and_kept_aside(web: Web) -> None:
    old = next((web.folder / "tables").glob("order_lines.*"))
    content = old.read_bytes()
    fields = form(upload(web, ("orders.csv", as_csv(good().lines).encode())).text)
    assert "order_lines" not in fields.get("table", [])
    page = send(web, fields, "look").text
    assert "replaces the one that is there" in page
    assert send(web, {**form(page), "table": ["order_lines"]}, "write").status_code == 200
    assert written(web.folder).count("order_lines.sql") == 1
    assert not old.exists() or old.suffix == ".sql"
    aside = list((web.folder / ".fourwalls" / "replaced").iterdir())
    assert [p.read_bytes() for p in aside] == [content]


def test_a_table_of_which_nothing_can_be_used_is_not_taken_over(empty: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    useless = TableHealth("order_lines", "orders.csv", 40, 0, (SetAside("order_lines", "without <key>", 40, ""),), ())
    monkeypatch.setattr(mapping, "_tried", lambda *_: (useless,))
    rows = [{"order_id": f"o{n}", "ordered_at": "2025-01-01", "sku": "a"} for n in range(40)]
    answer = send(empty, form(upload(empty, ("orders.csv", as_csv(rows).encode())).text), "write")
    assert answer.status_code == 400
    assert "No row of order_lines can be used: 40 without &lt;key&gt;" in answer.text
    assert written(empty.folder) == []
    assert not (empty.folder / "portfolio.toml").exists()


def test_files_from_before_can_be_looked_at_again(empty: Web) -> None:
    upload(
        empty,
        (
            "orders.csv",
            as_csv([{"order_id": f"o{n}", "ordered_at": "2025-01-01", "sku": "a"} for n in range(40)]).encode(),
        ),
    )
    page = empty.get("/p/new/upload").text
    assert 'value="orders.csv"' in page
    token = re.findall(r'form_token" value="([^"]+)', page)[-1]
    again = send(empty, {"file": ["orders.csv"], "form_token": token}, "begin")
    assert "What we take your files for" in again.text
    assert send(empty, {"file": [], "form_token": token}, "begin").status_code == 400


def test_a_reader_says_nothing(guarded: Web) -> None:
    guarded.log_in("reader")
    token = guarded.token("/p/shop")
    assert send(guarded, {"file": ["x.csv"], "form_token": token}, "begin").status_code == 403


def test_elsewhere_is_not_read(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for web in serving(folder):
        web.client.app.state.office.runner.data = tmp_path / "data"
        fields = form(upload(web, ("orders.csv", as_csv(good().lines).encode())).text)
        answer = send(web, {**fields, "table": ["order_lines"]}, "write")
        assert "not from the uploads" in answer.text
    assert mapping.MOST_FILES >= 20
